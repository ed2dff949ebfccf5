#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# snapshot.sh ATOLL -- an actor in the middle of its work becomes bytes, goes on in a fresh process on the same S, and only there.
set -uo pipefail
atoll=$(realpath "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
checks=0 failures=0

expect() { # WHAT EXPECTED FOUND
  checks=$((checks + 1))
  [[ $3 == "$2" ]] && return
  printf 'FAILED %s: expected\n%s\nfound\n%s\n' "$1" "$2" "$3"
  failures=$((failures + 1))
}

cat >work.st <<'EOF'
Object subclass: Worker [
    | log |
    Table := #(1 2 3).
    log [ ^log ]
    start [ log := OrderedCollection new. Table at: 1 put: 'changed'. ^self step: 6 ]
    step: n [
	log add: n.
	n = 3 ifTrue: [self pause].
	n > 0 ifTrue: [self step: n - 1].
	^log size
    ]
    pause [
	Actor current send: 'a letter'.
	Actor current send: #(second letter).
	Actor current send: {1. (String new: 40001) atAllPut: $x; at: 40001 put: $y; yourself. 2}. "its bytes are not in the message itself"
	(Actor snapshot: 'work.snapshot') displayNl.
	Actor receive displayNl.
	Actor receive printNl.
	(Actor receive collect: [:each | each isString ifTrue: [{each size. each asSet size. each last}] ifFalse: [each]]) printNl
    ]
    finish [ self start printNl. log printNl. Table printNl ]
]
Worker new finish.
EOF
rest=$'a letter\n(#second #letter )\n(1 (40001 2 $y ) 2 )\n7\nOrderedCollection (6 5 4 3 2 1 0 )\n(\'changed\' 2 3 )'
"$atoll" build work.st -o work.image || failures=$((failures + 1))
expect "the original goes on" $'false\n'"$rest" "$(timeout 20 "$atoll" run work.image 2>&1)"
expect "the snapshot goes on in a fresh process" $'true\n'"$rest" "$(timeout 20 "$atoll" resume work.snapshot --image work.image 2>&1)"
expect "and again, elsewhere in memory" $'true\n'"$rest" "$(ATOLL_WINDOW=elsewhere timeout 20 "$atoll" resume work.snapshot --image work.image 2>&1)"
printf 'size of the snapshot: %d bytes\n' "$(stat -c %s work.snapshot)"

refused() { # WHAT PATTERN COMMAND...
  local what=$1 pattern=$2 output status
  shift 2
  output=$(timeout 20 "$@" 2>&1)
  status=$?
  checks=$((checks + 1))
  [ $status -eq 1 ] && [[ $output =~ $pattern ]] && return
  printf 'FAILED %s: expected status 1 and /%s/, found %d: %s\n' "$what" "$pattern" $status "$output"
  failures=$((failures + 1))
}
refused "a wrong S" "needs another image" "$atoll" resume work.snapshot
sed 's/Worker new finish/Worker new finish. 3 foo/; s/#(1 2 3)/#(1 2 4)/' work.st >other.st
"$atoll" build other.st -o other.image
refused "an S that differs in one literal" "needs another image" "$atoll" resume work.snapshot --image other.image
cp work.image image.snapshot
refused "an image as snapshot" "expected the snapshot" "$atoll" resume image.snapshot --image work.image
refused "a missing file" "cannot read" "$atoll" resume nowhere --image work.image
size=$(stat -c %s work.snapshot)
for length in 0 7 15 16 100 $((size / 2)) $((size - 1)); do
  head -c "$length" work.snapshot >cut.snapshot
  refused "cut to $length bytes" "expected|damaged" "$atoll" resume cut.snapshot --image work.image
done
for at in $(seq 20 193 $((size - 120))); do
  cp work.snapshot bad.snapshot
  byte=$(od -An -tu1 -j "$at" -N 1 bad.snapshot | tr -d ' ')
  printf "\\x$(printf %02x $((255 - byte)))" | dd of=bad.snapshot bs=1 seek="$at" conv=notrunc status=none
  refused "byte $at flipped" "checksum|expected|version|other primitives|another image|damaged" "$atoll" resume bad.snapshot --image work.image
done
printf 'snapshots: %d checks, %d failed\n' $checks $failures
[ $failures -eq 0 ]
