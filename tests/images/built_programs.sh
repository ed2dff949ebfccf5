#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# built_programs.sh ATOLL -- the isolation programs once more, each built into an image: their classes then lie in the base and not in a layer.  Where
# the image is mapped makes no difference, and running leaves the file as it was.
set -uo pipefail
atoll=$(realpath "$1")
cd "$(dirname "$0")/../isolation" || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
checks=0 failures=0

without_lines() { sed -E 's#\(([a-z]+/[A-Za-z]+\.st):[0-9]+\)#(\1)#' "$1"; } # of the kernel: as run_programs does

fail() { printf 'FAILED %s\n' "$*"; failures=$((failures + 1)); }

same() { # NAME WHAT ENVIRONMENT...: runs the image
  local name=$1 what=$2
  shift 2
  checks=$((checks + 1))
  # shellcheck disable=SC2086
  env "$@" timeout 120 "$atoll" run $options "$scratch/$name.image" >"$scratch/out" 2>&1
  diff <(without_lines "$name.out") <(without_lines "$scratch/out") >"$scratch/diff" || { fail "$name, $what"; head -n 10 "$scratch/diff"; }
}

for source in *.st; do
  name=${source%.st}
  [ -f "$name.out" ] || continue
  grep -q '^Eval' "$source" && continue # statements that have to run before the definitions: of an image they are the program
  files='' options=''
  for word in $(sed -n '1,5s/^"options: \(.*\)"$/\1/p' "$source"); do
    if [[ $word == *.st ]]; then files+=" $word"; else options+=" $word"; fi
  done
  # shellcheck disable=SC2086
  "$atoll" build $files "$source" -o "$scratch/$name.image" || { fail "$name cannot be built"; continue; }
  before=$(sha256sum <"$scratch/$name.image")
  same "$name" "built"
  same "$name" "built, relocated" ATOLL_WINDOW=elsewhere
  [ "$before" = "$(sha256sum <"$scratch/$name.image")" ] || fail "$name: the image file has changed"
done
printf 'built programs: %d checks, %d failed\n' $checks $failures
[ $failures -eq 0 ] && [ $checks -ge 20 ]
