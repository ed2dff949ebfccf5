#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shared_pages.sh ATOLL -- two processes on one image file share its pages: they are mapped from the file and clean.
set -uo pipefail
atoll=$(realpath "$1")
scratch=$(mktemp -d)
trap 'kill "${first:-}" "${second:-}" 2>/dev/null; rm -rf "$scratch"' EXIT
cd "$scratch"
printf "Object subclass: Here [ Here class >> go [ 'ready' displayNl. Actor sleep: 60000 ] ]\nHere go.\n" >program.st
"$atoll" build program.st -o program.image || exit 1

start() { # LOG: starts one and waits until it runs
  "$atoll" run program.image >"$1" 2>&1 &
  for _ in $(seq 100); do grep -q ready "$1" && return; sleep 0.1; done
  echo "FAILED: the program did not start: $(cat "$1")"
  exit 1
}

field() { # PID FIELD: KiB of that field over the mappings of the image
  awk -v field="$2:" '/^[0-9a-f]+-[0-9a-f]+ / { on = /program\.image/ } on && $1 == field { sum += $2 } END { print sum + 0 }' "/proc/$1/smaps"
}

start first.log
first=$!
start second.log
second=$!
failures=0
for pid in $first $second; do
  shared=$(field $pid Shared_Clean) dirty=$(($(field $pid Shared_Dirty) + $(field $pid Private_Dirty))) private=$(field $pid Private_Clean)
  printf 'process: %d KiB of S resident and shared, %d KiB private, %d KiB dirty\n' "$shared" "$private" "$dirty"
  [ "$shared" -gt 100 ] && [ "$dirty" -eq 0 ] && [ "$private" -eq 0 ] || { echo "FAILED: pages of S are not all shared and clean"; failures=1; }
done
private=$(awk '/^Private/ { sum += $2 } END { print sum }' "/proc/$second/smaps_rollup")
printf 'the second process adds %d KiB of private memory in all\n' "$private"
exit $failures
