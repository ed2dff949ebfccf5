#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# sharing.sh ATOLL -- two processes on one image file: the pages of S are shared and clean in both; how many private KB the second one adds.
set -uo pipefail
atoll=$(realpath "$1")
scratch=$(mktemp -d)
trap 'kill $first $second 2>/dev/null; rm -rf "$scratch"' EXIT
first='' second=''
cd "$scratch" || exit 1
cat >program.st <<'EOF'
Object subclass: Payload [
    Payload class >> table [ ^##((1 to: 200000) collect: [:i | i printString]) ]
]
(Payload table inject: 0 into: [:sum :each | sum + each size]) printNl.
Transcript flush.
Actor sleep: 600000.
EOF
"$atoll" build program.st -o shared.image || exit 1
failures=0
fail() { printf 'FAILED %s\n' "$*"; failures=$((failures + 1)); }

start() { # FILE: waits until the program has read all of its S
  "$atoll" run --schedulers 2 --image shared.image program_again.st >"$1" 2>&1 &
  pid=$!
  for _ in $(seq 200); do
    grep -q 1088895 "$1" && return
    sleep 0.05
  done
  fail "the program did not get going: $(cat "$1")"
}
sed -n '/^(Payload/,$p' program.st >program_again.st

figures() { # PID: of the mapping of S: size, rss, shared clean, private clean, dirty; then private KB of the whole process
  python3 - "$1" <<'EOF'
import re, sys
image, total, inside = [0] * 5, 0, False
names = {"Size": [0], "Rss": [1], "Shared_Clean": [2], "Private_Clean": [3], "Shared_Dirty": [4], "Private_Dirty": [4]}
for line in open("/proc/%s/smaps" % sys.argv[1]):
    if re.match(r"[0-9a-f]+-", line):
        inside = line.rstrip().endswith("shared.image")
        if inside and line.split()[1] != "r--s":
            sys.exit("S is mapped " + line.split()[1] + ", not r--s")
        continue
    name, value = line.split(":")
    if name in ("Private_Clean", "Private_Dirty"):
        total += int(value.split()[0])
    if inside and name in names:
        image[names[name][0]] += int(value.split()[0])
print(*image, total)
EOF
}

start first.txt; first=$pid
read -r size rss _ _ dirty alone < <(figures "$first") || fail "no figures"
printf 'one process:   S %d KB mapped, %d KB resident, %d KB dirty; private in all %d KB\n' "$size" "$rss" "$dirty" "$alone"
[ "$rss" -gt 4000 ] || fail "expected the program to have read megabytes of S"
[ "$dirty" -eq 0 ] || fail "pages of S are dirty"
start second.txt; second=$pid
for pid in $first $second; do
  read -r size rss shared private dirty all < <(figures "$pid") || fail "no figures"
  printf 'of two, one:   S %d KB mapped, %d KB resident, %d KB shared and clean, %d KB private, %d KB dirty; private in all %d KB\n' \
    "$size" "$rss" "$shared" "$private" "$dirty" "$all"
  [ "$dirty" -eq 0 ] || fail "pages of S are dirty"
  [ "$private" -le 64 ] || fail "$private KB of S are private"
  [ "$shared" -ge $((rss - 64)) ] || fail "only $shared of $rss KB of S are shared"
  [ "$rss" -gt 4000 ] || fail "expected the program to have read megabytes of S"
done
printf 'the second process adds %d private KB\n' "$all"
[ "$all" -lt 4096 ] || fail "expected less than 4 MB"
[ $failures -eq 0 ]
