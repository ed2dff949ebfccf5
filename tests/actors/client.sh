#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# client.sh ATOLL -- clients from outside: nc and 10,000 connections at the echo server, two visitors in the chat room; the server's memory stays flat.
set -uo pipefail
cd "$(dirname "$0")/../.."
atoll=$(realpath "${1:-build/release/atoll}")
scratch=$(mktemp -d)
servers=()
trap 'for s in "${servers[@]}"; do kill "$s" 2>/dev/null; done; rm -rf "$scratch"' EXIT
failures=0
ulimit -n "$(ulimit -Hn)" 2>/dev/null

expect() { # WHAT EXPECTED FOUND
  [[ $3 == "$2" ]] && return
  printf 'FAILED %s: expected\n%s\nfound\n%s\n' "$1" "$2" "$3"
  failures=$((failures + 1))
}

serve() { # EXAMPLE: starts it on a free port, in $port and $server
  timeout 120 stdbuf -oL "$atoll" run "examples/$1.st" -- 0 >"$scratch/$1.log" 2>&1 &
  servers+=($!)
  for _ in $(seq 100); do
    port=$(grep -om1 "[0-9]*$" "$scratch/$1.log" 2>/dev/null) && [ -n "$port" ] && break
    sleep 0.05
  done
  server=$(pgrep -P "${servers[-1]}" | head -n 1)
}

serve echo_server
expect "nc and the echo server" $'one\ntwo' "$(printf 'one\ntwo\n' | timeout 10 nc -N 127.0.0.1 "$port")"
timeout 90 /usr/bin/python3 - "$port" "$server" <<'PYTHON' || failures=$((failures + 1))
import os, socket, sys, time
port, server = int(sys.argv[1]), sys.argv[2]
def resident():
    return int(open('/proc/%s/statm' % server).read().split()[1]) * os.sysconf('SC_PAGESIZE') // 1024
def sockets():
    count = 0
    for fd in os.listdir('/proc/%s/fd' % server):
        try: count += os.readlink('/proc/%s/fd/%s' % (server, fd)).startswith('socket:')
        except OSError: pass
    return count
def batch(count, start):
    clients = [socket.create_connection(('127.0.0.1', port), 10) for _ in range(count)]
    for i, c in enumerate(clients): c.sendall(b'client %d\n' % (start + i))
    for i, c in enumerate(clients):
        wanted, got = b'client %d\n' % (start + i), b''
        while len(got) < len(wanted):
            more = c.recv(100)
            assert more, 'the server closed connection %d' % (start + i)
            got += more
        assert got == wanted, (wanted, got)
    for c in clients: c.close()
def settled(before):
    for _ in range(100):
        if sockets() <= before: return
        time.sleep(0.05)
    assert False, 'sockets left open: %d, %d before' % (sockets(), before)
before = 1 # that which listens
for i in range(4): batch(500, i * 500)
settled(before)
warm = resident()
for i in range(4, 20): batch(500, i * 500)
settled(before)
grown = resident() - warm
print('10000 connections, 500 at a time: resident %d KB after 2000, %+d KB after 10000, no socket left' % (warm, grown))
assert grown < 1024, 'memory grows'
PYTHON

serve chat
visit() { # NAME: a visitor whose lines come from the fifo
  mkfifo "$scratch/$1.in"
  timeout 30 nc -N 127.0.0.1 "$port" <"$scratch/$1.in" >"$scratch/$1.out" 3>&- 4>&- &
}
heard() { # NAME LINE: waits until it is there
  for _ in $(seq 100); do
    grep -qxF "$2" "$scratch/$1.out" && return
    sleep 0.05
  done
  expect "$1 hears" "$2" "$(cat "$scratch/$1.out")"
}
visit ann
exec 3>"$scratch/ann.in"
echo Ann >&3
heard ann 'There are 1 in the room.'
visit bob
exec 4>"$scratch/bob.in"
echo Bob >&4
heard ann '* Bob has come'
echo 'Hello, Bob!' >&3
heard bob 'Ann: Hello, Bob!'
echo 'Hello, Ann!' >&4
heard ann 'Bob: Hello, Ann!'
exec 3>&-
heard bob '* Ann has left'
exec 4>&-
printf 'clients from outside: %d failed\n' $failures
[ $failures -eq 0 ]
