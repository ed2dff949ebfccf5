#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# connections.sh ATOLL [COUNT] -- that many connections opened, all open at once, used and closed; an actor for each; nothing stays behind.
set -euo pipefail
atoll=$(realpath "${1:-build/release/atoll}")
count=${2:-10000}
cd "$(dirname "$0")"
coproc SERVER { exec "$atoll" run connections_server.st 2>&1; }
server=$SERVER_PID
read -r port <&"${SERVER[0]}"
/usr/bin/python3 - "$port" "$count" "$server" <<'PYTHON'
import resource, selectors, socket, sys, time
port, count, server = map(int, sys.argv[1:])
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
count = min(count, hard - 100)

def rss():
    return int(next(l for l in open('/proc/%d/status' % server) if l.startswith('VmRSS')).split()[1])

def ask(line):
    with socket.create_connection(('127.0.0.1', port)) as s:
        s.sendall(line.encode() + b'\n')
        return s.recv(100).decode().strip()

before, started, memory = ask('actors'), time.time(), rss()
sockets = []
for i in range(count):
    sockets.append(socket.create_connection(('127.0.0.1', port)))
    sockets[-1].sendall(b'hello %d\n' % i)
selector, answered = selectors.DefaultSelector(), 0
for i, s in enumerate(sockets): selector.register(s, selectors.EVENT_READ, i)
while answered < count:
    for key, _ in selector.select():
        assert key.fileobj.recv(100) == b'hello %d\n' % key.data
        selector.unregister(key.fileobj)
        answered += 1
open_actors, peak = int(ask('actors')), rss()
assert open_actors >= count, open_actors
for s in sockets: s.close()
for _ in range(200):
    after = ask('actors')
    if after == before: break
    time.sleep(0.05)
assert after == before, (before, after)
print('%d connections in %.1f s, %.2f KB each; %s actors before and after' % (count, time.time() - started, (peak - memory) / count, before))
with socket.create_connection(('127.0.0.1', port)) as s: s.sendall(b'quit\n'); s.recv(10)
PYTHON
wait "$server"
