#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# unreadable.sh ATOLL -- a message with something that its receiver does not know hurts its sender: the promise is rejected, or standard error says what was dropped.
set -uo pipefail
atoll=$(realpath "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/program.st" <<'ST'
| a b me |
me := Actor current.
a := Actor spawn: [[me send: Actor receive class name] repeat].
Object subclass: #Zork. Smalltalk at: #Zork put: (Smalltalk at: #Zork).
a send: (Smalltalk at: #Zork).
a send: (Smalltalk at: #Zork) new.
a send: 3.
(Actor receiveFor: 500 ifTimedOut: [#nothing]) printNl.
(Actor receiveFor: 500 ifTimedOut: [#nothing]) printNl.
(Actor receiveFor: 500 ifTimedOut: [#nothing]) printNl.
ActorBehavior subclass: BB [ foo: x [ ^x class name ] messageReceived: x [ x printNl ] die: x [ Actor exit: x ] ]
b := BB spawn. (b foo: 1) wait printNl.
Object subclass: #Zork2.
([(b foo: (Smalltalk at: #Zork2)) wait] on: Error do: [:e | e messageText]) printNl.
b async foo: (Smalltalk at: #Zork2).
b actor send: (Smalltalk at: #Zork2).
b actor send: 5.
(b foo: 2) wait printNl.
"a reason that the monitoring one cannot read"
a := Actor spawn: [| m | b actor monitor. me send: #ok. m := Actor receive. me send: m exitReason printString].
Actor receive printNl.
b async die: 3.
Actor receive printNl.
ST
timeout 60 "$atoll" run "$scratch/program.st" >"$scratch/out" 2>"$scratch/errors"
[ "$(cat "$scratch/out")" = "#SmallInteger
#nothing
#nothing
#SmallInteger
'an instance of a class that is not here'
5
#SmallInteger
#ok
'3'" ] && [ "$(grep -cE '^atoll: actor [0-9]+ could not read a message of actor [0-9]+, which is dropped: an instance of a class that is not here' "$scratch/errors")" = 4 ] ||
  { echo "FAILED unreadable.sh"; cat "$scratch/out" "$scratch/errors"; exit 1; }
