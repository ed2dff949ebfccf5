#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# descriptors.sh ATOLL -- a server with more clients than the process may have files: connections wait, which costs nothing, and are served when others have gone.
set -uo pipefail
atoll=$(realpath "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/server.st" <<'ST'
| server port main clients cpu answer |
main := Actor current.
Actor spawn: [
    server := TcpServer listenOn: 0.
    main send: server port.
    server do: [:socket | | line | [(line := socket nextLine) notNil] whileTrue: [socket writeLine: line]. socket close]].
port := Actor receive.
clients := OrderedCollection new.
[[clients size < 1000] whileTrue: [clients add: (TcpSocket connectTo: '127.0.0.1' port: port)]] on: SocketError do: [:e | e messageText displayNl. e return: nil].
(clients size between: 10 and: 200) printNl.
Actor sleep: 100.
cpu := Actor processUsage first.
Actor sleep: 500.
(Actor processUsage first - cpu < 150000000) printNl.
clients do: [:each | each close].
Actor sleep: 100.
answer := [| socket | socket := TcpSocket connectTo: '127.0.0.1' port: port. socket writeLine: 'hello'. socket nextLineFor: 10000 ifTimedOut: ['no answer']] value.
answer printNl.
Actor halt: 0.
ST
(ulimit -n 64; timeout 60 "$atoll" run "$scratch/server.st" >"$scratch/out" 2>&1)
[ "$(sed 's/connect to 127.0.0.1:[0-9]*/connect/' "$scratch/out")" = "cannot connect: too many open files
true
true
'hello'" ] || { echo "FAILED descriptors.sh"; cat "$scratch/out"; exit 1; }
