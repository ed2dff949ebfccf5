#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# actors.sh ATOLL [FIRST LAST] -- runs the storms of actors.st of those numbers (1 to 40) on two threads and, twice as many, under a seed each; goes on behind each
# one that ends the process, and tells how to see it again.  RUN="--schedulers 2" or RUN="--seed 1": only in that way.  KEEP=PREFIX: what they wrote, and core files, go to PREFIX.NUMBER.
set -uo pipefail
atoll=$(realpath "$1") first=${2:-1} last=${3:-40}
program=$(realpath "$(dirname "$0")/actors.st")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2
failed=0

storms() { # OPTIONS FIRST LAST
  local options=$1 first=$2 last=$3 end status found
  while [ "$first" -le "$last" ]; do
    end=$((first + 49 < last ? first + 49 : last))
    # shellcheck disable=SC2086
    timeout "${TIMEOUT:-300}" "$atoll" run $options "$program" -- "$first" "$end" >out 2>err </dev/null
    status=$?
    if [ $status -eq 0 ] && grep -qa "^ran $((end - first + 1)) cases" err; then first=$((end + 1)); continue; fi
    found=$(grep -a '^case ' err | tail -n 1 | cut -d' ' -f2)
    printf 'FAILED storm %s, status %s: %s run %s %s -- %s %s show\n' "$found" $status "$atoll" "$options" "$program" "${found:-$first}" "${found:-$first}"
    grep -aE '^FAULT|ERROR:|WARNING: Thread|runtime error|atoll: |Assertion|#[0-9]+ 0x' err | head -n "${LINES_SHOWN:-12}" | cut -c1-250
    [ -z "${KEEP:-}" ] || { { tail -c 200000 err; echo ----; tail -c 100000 out; } >"$KEEP.$found"; mv core* "$KEEP.$found.core" 2>/dev/null; }
    failed=$((failed + 1))
    first=$((${found:-$first} + 1))
  done
}

if [ -n "${RUN:-}" ]; then
  storms "$RUN" "$first" "$last"
else
  storms "--schedulers 2" "$first" "$last"
  storms "--seed 1" "$first" $((last * 2 - first + 1))
fi
[ $failed -eq 0 ]
