#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# seeds.sh ATOLL -- a seed decides the whole run; other seeds, other runs; a search finds what goes wrong and says how to see it again.
# Examples with sockets, then every program of seeds/ that has an .out, are run under SEEDS (300) seeds, starting at FIRST (1).
set -uo pipefail
atoll=$(realpath "$1")
cd "$(dirname "$0")/seeds" || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
fail() { printf 'FAILED seeds.sh: %s\n' "$1"; failed=1; }

# the same seed twice, eight other seeds
for seed in 1 2 3 4 5 6 7 8; do timeout 60 "$atoll" run --seed $seed chance.st >"$scratch/$seed" 2>&1 || fail "chance.st under seed $seed"; done
timeout 60 "$atoll" run --seed 3 chance.st >"$scratch/again" 2>&1
cmp "$scratch/3" "$scratch/again" || fail "seed 3 runs differently the second time"
different=$(md5sum "$scratch"/[1-8] | cut -c1-32 | sort -u | wc -l)
[ "$different" -ge 7 ] || fail "8 seeds gave only $different different runs"
for line in '(10 20 30 )' 'OrderedCollection (1 2 3 4 5 )' '1000'; do grep -Fq -- "$line" "$scratch/1" || fail "chance.st printed no '$line'"; done

# sockets too: the same bytes in the same pieces
for run in 1 2; do timeout 60 "$atoll" run --seed 5 --trace "$scratch/trace$run" sockets.st >/dev/null 2>&1 || fail "sockets.st under seed 5"; done
cmp "$scratch/trace1" "$scratch/trace2" || fail "a program with sockets runs differently the second time"

# a search: finds the mistake, says how to repeat it, and that shows the same again
timeout 60 "$atoll" run --seeds 1..200 lost_update.st >"$scratch/search" 2>&1
[ $? -eq 1 ] || fail "the search of lost_update.st has another exit status than 1"
command=$(sed -n 's/^repeat it with: atoll \(.*\)$/\1/p' "$scratch/search" | head -n 1)
[[ $command == "run --seed "*" lost_update.st" ]] || fail "no command to repeat it: $command"
# shellcheck disable=SC2086
timeout 60 "$atoll" $command >"$scratch/repeated" 2>&1
[ $? -eq 7 ] || fail "'atoll $command' does not end with status 7"
grep -q 'lost update' "$scratch/repeated" || fail "'atoll $command' lost no update"
timeout 60 "$atoll" run --seeds 1..200 --keep-going lost_update.st >"$scratch/all" 2>&1
grep -Eq '^200 seeds, [0-9]+ different schedules, [1-9][0-9]* failed' "$scratch/all" || fail "--keep-going: $(tail -n 1 "$scratch/all")"
grep -q ' 0 failed' "$scratch/all" && fail "no seed of 200 lost an update"

# who waits for whom
timeout 60 "$atoll" run --seed 1 deadlock.st >"$scratch/deadlock" 2>&1
[ $? -eq 3 ] || fail "deadlock.st does not end with status 3"
[ "$(grep -c 'waits for an answer of actor' "$scratch/deadlock")" -eq 3 ] || fail "deadlock.st: $(cat "$scratch/deadlock")"

# tests under seeds
cat >"$scratch/race.st" <<'ST'
TestCase subclass: RaceTest [
    testOrder [
	| me first |
	me := Actor current.
	Actor spawn: [me send: 1].
	Actor spawn: [me send: 2].
	first := Actor receive.
	Actor receive.
	self assert: first equals: 1
    ]
    testTime [ | t | t := Time millisecondClock. Actor sleep: 5000. self assert: (Time millisecondClock - t between: 5000 and: 5010) ]
]
ST
timeout 60 "$atoll" test --seeds 1..100 "$scratch/race.st" >"$scratch/tests" 2>&1
[ $? -eq 1 ] && grep -q '^repeat it with: atoll test --seed' "$scratch/tests" || fail "test --seeds: $(tail -n 1 "$scratch/tests")"
timeout 60 "$atoll" test --seeds 1..100 --filter testTime "$scratch/race.st" >"$scratch/tests" 2>&1 || fail "virtual time in tests: $(tail -n 3 "$scratch/tests")"

# what is refused
printf '[TcpSocket connectTo: '"'192.0.2.1'"' port: 80] on: SocketError do: [:e | e messageText displayNl].\n' >"$scratch/socket.st"
timeout 60 "$atoll" run --seed 1 "$scratch/socket.st" 2>&1 | grep -q 'under a seed sockets lead no further' || fail "a socket to elsewhere under a seed"
printf '(File name: %s) withWriteStreamDo: [:s | 1 to: 500 do: [:i | s print: i; nl]].\n((File name: %s) readStream lines inject: 0 into: [:a :b | a + b asNumber]) printNl.\n' "'$scratch/file'" "'$scratch/file'" >"$scratch/files.st"
[ "$(timeout 60 "$atoll" run --seed 1 "$scratch/files.st" 2>&1)" = 125250 ] || fail "files under a seed"
timeout 60 "$atoll" run --seeds 5..3 chance.st >/dev/null 2>&1
[ $? -eq 2 ] || fail "--seeds 5..3 is accepted"

# servers and their clients
for program in chat echo_server tutorial_echo_server; do
  timeout 300 "$atoll" run --seeds 1..50 "../../../examples/$program.st" >"$scratch/out" 2>&1 || { fail "examples/$program.st"; head -n 40 "$scratch/out"; }
done

# the runtime's protocols
first=${FIRST:-1}
for expected in *.out; do
  program=${expected%.out}.st count=${SEEDS:-300}
  [ -f "$program" ] || continue
  # a program may say that it is large: "seeds: 5"
  most=$(sed -n '1,5s/^"seeds: \([0-9]*\)"$/\1/p' "$program")
  if [ -n "$most" ] && [ -z "${SEEDS:-}" ]; then count=$most; fi
  printf '  %s: ' "$program"
  timeout "${TIMEOUT:-600}" "$atoll" run --seeds "$first..$((first + count - 1))" "$program" >"$scratch/out" 2>&1 || { fail "$program"; head -n 40 "$scratch/out"; }
  tail -n 1 "$scratch/out"
done
exit $failed
