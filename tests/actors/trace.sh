#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# trace.sh ATOLL -- `--trace FILE` writes valid JSON in which every arrow has both ends, with several schedulers too; a seed writes the same bytes again.
set -uo pipefail
atoll=$(realpath "$1")
cd "$(dirname "$0")/seeds" || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
fail() { printf 'FAILED trace.sh: %s\n' "$1"; failed=1; }

check() {
  python3 - "$1" "$2" <<'PY'
import json, sys
events = json.load(open(sys.argv[1]))["traceEvents"]
phases, named, sent, received = {}, set(), {}, 0
last = {}
for e in events:
    phases[e["ph"]] = phases.get(e["ph"], 0) + 1
    key = e["pid"], e["tid"]
    if e["ph"] == "M":
        named.add(key)
        continue
    assert e["ts"] >= 0 and e["name"], e
    assert e["pid"] == 1 or key in named, ("a thread without a name", e)
    if e["ph"] == "X":
        assert e["dur"] >= 0, e
        assert e["ts"] >= last.get(key, 0), ("slices of one thread overlap", e, last[key])
        last[key] = round(e["ts"] + e["dur"], 3)
    elif e["ph"] == "s":
        assert e["id"] not in sent, e
        sent[e["id"]] = e
    elif e["ph"] == "f":
        start = sent.pop(e["id"])
        assert start["name"] == e["name"] and e["bp"] == "e", (start, e)
        assert float(sys.argv[2]) == 0 or e["ts"] >= start["ts"], (start, e)
        received += 1
    elif e["ph"] == "i":
        assert e["name"] in ("spawn", "exit") and e["args"], e
    else:
        assert False, e
assert phases["X"] > 20 and received > 20 and phases["i"] > 10, phases
assert len(sent) < received, "most arrows lead nowhere"
PY
}

timeout 60 "$atoll" run --schedulers 4 --trace "$scratch/real" promises.st >/dev/null 2>&1 || fail "a run with --trace"
check "$scratch/real" 1 || fail "the trace of a run"
timeout 60 "$atoll" run --seed 5 --trace "$scratch/5" exits.st >/dev/null 2>&1 || fail "a run with --trace and --seed"
check "$scratch/5" 1 || fail "the trace of a run under a seed"
timeout 60 "$atoll" run --seed 5 --trace "$scratch/again" exits.st >/dev/null 2>&1
cmp "$scratch/5" "$scratch/again" || fail "seed 5 traces differently the second time"
timeout 60 "$atoll" run --seed 6 --trace "$scratch/6" exits.st >/dev/null 2>&1
cmp -s "$scratch/5" "$scratch/6" && fail "seeds 5 and 6 give the same trace"
timeout 60 "$atoll" run --trace /does/not/exist exits.st >"$scratch/out" 2>&1
[ $? -eq 1 ] && grep -q "cannot write '/does/not/exist'" "$scratch/out" || fail "a file that cannot be written"
exit $failed
