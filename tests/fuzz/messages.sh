#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# messages.sh ATOLL [FIRST LAST] -- runs messages.st for those cases (1 to 1500), goes on behind each one that ends the process, and tells how to see it again.
set -uo pipefail
atoll=$(realpath "$1") first=${2:-1} last=${3:-1500}
program=$(realpath "$(dirname "$0")/messages.st")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2
failed=0
while [ "$first" -le "$last" ]; do
  end=$((first + 499 < last ? first + 499 : last))
  timeout "${TIMEOUT:-300}" "$atoll" run --seed 1 "$program" -- "$first" "$end" >out 2>err </dev/null
  status=$?
  if grep -qa "^ran $((end - first + 1)) cases" err && [ $status -le 1 ]; then first=$((end + 1)); continue; fi
  found=$(grep -a '^case ' err | tail -n 1 | cut -d' ' -f2)
  printf 'FAILED case %s, status %s: %s run --seed 1 %s -- %s %s show\n' "$found" $status "$atoll" "$program" "${found:-$first}" "${found:-$first}"
  grep -aE 'ERROR:|runtime error|atoll: |Assertion|#[0-4] 0x' err | head -n 8 | cut -c1-200
  failed=$((failed + 1))
  first=$((${found:-$first} + 1))
done
[ $failed -eq 0 ]
