#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A person at the terminal (on a pseudo-terminal), and input that is piped in.  Usage: tests/actors/repl.sh build/release/atoll
set -euo pipefail
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
timeout 120 python3 tests/actors/repl.py "$1" "$state"
