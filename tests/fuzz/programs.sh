#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# programs.sh ATOLL [FIRST LAST] -- mutated programs (programs.py): those cases, 1 to 60 if not said.
exec python3 "$(dirname "$0")/programs.py" "$1" "${2:-1}" "${3:-60}"
