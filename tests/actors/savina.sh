#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# savina.sh ATOLL -- the programs of tests/bench/savina in small sizes: each checks what it has computed, and ends.
set -uo pipefail
atoll=$(realpath "$1")
cd "$(dirname "$0")/../bench" || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
declare -A sizes=([philosopher]=200 [sieve]="5000 100" [concdict]=100 [concsll]=100 [bndbuffer]="20 1" [cigsmok]=50 [barber]=200 [logmap]=200 [bitonicsort]=64
  [radixsort]="1000 16" [quicksort]=10000 [nqueensk]=7 [recmatmul]="64 256" [filterbank]=16 [sor]=8 [astar]=10 [uct]=2000 [facloc]=2000 [trapezoid]=10000
  [piprecision]=200 [apsp]="60 10")
count=0
for program in savina/*.st; do
  name=$(basename "$program" .st)
  [ "$name" = savina ] && continue
  [ -n "${sizes[$name]:-}" ] || { printf 'FAILED savina.sh: no size for %s\n' "$name"; touch "$scratch/failed"; continue; }
  # shellcheck disable=SC2086
  timeout "${TIMEOUT:-60}" "$atoll" run bench.st savina/savina.st "$program" -- ${sizes[$name]} >"$scratch/out" 2>&1 &&
    [ "$(grep -c "^bench=$name lang=atoll" "$scratch/out")" = 1 ] && [ "$(wc -l <"$scratch/out")" = 1 ] ||
    { printf 'FAILED savina.sh: %s (exit status %d)\n' "$name" $?; head -n 20 "$scratch/out"; touch "$scratch/failed"; }
  count=$((count + 1))
done
printf '  %d programs of the Savina suite\n' "$count"
[ "$count" -gt 0 ] && [ ! -e "$scratch/failed" ]
