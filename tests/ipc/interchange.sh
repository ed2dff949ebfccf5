#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# interchange.sh ATOLL -- python3-msgpack reads what Atoll writes, and Atoll reads what it writes.
set -euo pipefail
atoll=$(realpath "${1:-build/release/atoll}")
python=/usr/bin/python3 # the one that Debian's python3-msgpack belongs to
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

"$python" - <<'PYTHON' >foreign.st
import msgpack, random
random.seed(7)
def value(depth):
    k = random.randrange(9 if depth else 6)
    if k == 0: return random.choice([None, True, False])
    if k == 1: return random.choice([0, 1, -1, 127, 128, -128, 2**31, -2**31, 2**63, -2**63, 2**64 - 1, random.randrange(10**6)])
    if k == 2: return random.choice([0.5, -1.25, 1e300, 3.0])
    if k == 3: return ''.join(random.choice('abc xyz') for _ in range(random.choice([0, 5, 40, 300])))
    if k == 4: return bytes(random.randrange(256) for _ in range(random.choice([0, 3, 300])))
    if k == 5: return random.randrange(-40, 200)
    if k == 6: return [value(depth - 1) for _ in range(random.choice([0, 3, 20]))]
    return {(random.choice(['k', 'key']) + str(i) if i % 2 else i): value(depth - 1) for i in range(random.choice([0, 3, 20]))}
for _ in range(60):
    data = msgpack.packb(value(3), use_bin_type=True)
    print("(MessagePack encode: (MessagePack decode: #[%s])) displayString displayNl.\nTranscript flush." % ' '.join(map(str, data)))
PYTHON
"$atoll" run foreign.st >back.txt
"$python" - <<'PYTHON'
import msgpack, re
sent = [bytes(map(int, m.group(1).split())) for m in re.finditer(r'#\[([\d ]*)\]', open('foreign.st').read())]
back = [bytes(int(n) for n in re.findall(r'\d+', line)) for line in open('back.txt')]
assert len(sent) == len(back), (len(sent), len(back))
for a, b in zip(sent, back):
    x, y = msgpack.unpackb(a, strict_map_key=False), msgpack.unpackb(b, strict_map_key=False)
    assert x == y, (x, y)
print('interchange: %d values there and back' % len(sent))
PYTHON
