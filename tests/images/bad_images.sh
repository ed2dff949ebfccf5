#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# bad_images.sh ATOLL -- every kind of broken image gets a clear error and exit status 1, never a crash; a good one builds the same twice.
set -uo pipefail
atoll=$(realpath "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
checks=0 failures=0

fail() { printf 'FAILED: %s\n' "$*"; failures=$((failures + 1)); }

refused() { # FILE WHAT [PATTERN]: running and inspecting must both be refused
  local output status
  for command in "run" "image info"; do
    # shellcheck disable=SC2086
    output=$("$atoll" $command "$1" 2>&1)
    status=$?
    checks=$((checks + 1))
    [ $status -eq 1 ] || fail "$2: atoll $command: expected exit status 1, found $status: $output"
    [[ $output == atoll:*"not a usable image"* ]] || fail "$2: atoll $command: the message does not say what is wrong: $output"
    [[ -z ${3:-} || $output =~ $3 ]] || fail "$2: expected /$3/ in the message, found: $output"
  done
}

poke() { # FILE OFFSET BYTES(printf)
  printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

flip() { # FILE OFFSET: inverts a byte
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
  poke "$1" "$2" "\\x$(printf %02x $((255 - byte)))"
}

cat >program.st <<'EOF'
Object subclass: Probe [ | a | Table := #(1 $a 'text' #symbol 3.5). a [ ^a ] ]
Probe new a printNl.
EOF
"$atoll" build program.st -o good.image || fail "build failed"
"$atoll" build program.st -o again.image || fail "second build failed"
cmp good.image again.image || fail "two builds of the same sources differ"
[ "$("$atoll" run good.image)" = nil ] || fail "the good image does not run"

size=$(stat -c %s good.image)
: >empty.image
refused empty.image "empty file" "expected at least"
mkdir directory.image
refused directory.image "directory" "directory"
refused missing.image "missing file" "No such file"
cp good.image unreadable.image
chmod 0 unreadable.image
[ "$(id -u)" -eq 0 ] || refused unreadable.image "unreadable file" "Permission denied"

# truncated within the header, and at and inside every section (they begin at multiples of 64 KiB)
for length in 1 7 8 64 200 $(seq 65536 65536 $((size - 65536))) $((size - 1)) $((size / 2 + 13)); do
  head -c "$length" good.image >cut.image
  refused cut.image "truncated to $length bytes"
done
cat good.image - <<<"more" >longer.image
refused longer.image "bytes behind the end" "expected $size bytes"

# one header field after the other
damage() { # OFFSET BYTES WHAT PATTERN
  cp good.image bad.image
  poke bad.image "$1" "$2"
  refused bad.image "$3" "${4:-}"
}
damage 0 'X' "wrong magic" "expected it to begin with"
damage 0 '\0\0\0\0\0\0\0\0' "never finished" "never finished"
damage 8 '\x63' "wrong version" "version"
damage 12 '\x04' "wrong word size" "8-byte words"
damage 16 '\x01\x02\x03\x04\x05\x06\x07\x08' "wrong byte order" "byte order"
damage 24 '\xff\xfe' "wrong primitive table" "checksum|primitives"
damage 32 '\x77' "wrong object format" "checksum|object format"
damage 40 '\xff\x01' "wrong hash" "checksum"
damage 48 '\xff' "wrong base" "checksum"
damage 56 '\x01' "wrong size" "checksum"

# a byte flipped in every section, and in each header word
for offset in $(seq 0 8 320); do
  cp good.image bad.image
  flip bad.image "$offset"
  refused bad.image "byte $offset of the header flipped"
done
"$atoll" image info good.image | awk '/^section/ {on=1; next} on && NF < 3 {exit} on {for (i = 2; i <= NF; i++) if ($i ~ /^[0-9]+$/) {print $i, $(i+1); break}}' >sections
[ "$(wc -l <sections)" -ge 8 ] || fail "image info lists too few sections"
while read -r offset length; do
  [ "$length" -gt 0 ] || continue
  for at in "$offset" $((offset + length / 2)) $((offset + length - 1)); do
    cp good.image bad.image
    flip bad.image "$at"
    refused bad.image "byte $at flipped" "checksum"
  done
done <sections
printf 'bad images: %d checks, %d failed\n' $checks $failures
[ $failures -eq 0 ] && [ $checks -gt 100 ]
