#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# signals.sh ATOLL -- a program that is told to stop runs its ensure blocks and stops its supervisors; told twice, it just ends. Standard files that are closed,
# or that nobody reads, do no harm.
set -uo pipefail
atoll=$(realpath "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failed=0
fail() { printf 'FAILED signals.sh: %s\n' "$1"; failed=1; }

# told SIGNAL STATUS OUTPUT, with a program as standard input: what it prints (lines joined by |) when it gets SIGNAL after its first line, and once more if
# it has not ended two seconds later
cat >told.py <<'PY'
import signal, subprocess, sys
atoll, name, status, expected = sys.argv[1:]
program = subprocess.Popen([atoll, 'run', 'program.st'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
first = program.stdout.readline()
program.send_signal(getattr(signal, name))
try:
    program.wait(2)
except subprocess.TimeoutExpired:
    program.send_signal(getattr(signal, name))
rest, _ = program.communicate(timeout=20)
found = (first + rest).decode().strip().replace('\n', '|')
if (program.returncode, found) != (int(status), expected):
    print(f'{name}: expected {status} {expected!r}, found {program.returncode} {found!r}')
    sys.exit(1)
PY
told() { cat >program.st; python3 told.py "$atoll" "$@" || fail "$(tail -n 1 program.st)"; }

for signal in SIGTERM:143 SIGINT:130 SIGHUP:129; do
  told "${signal%:*}" "${signal#*:}" 'up|ensured' <<<"['up' displayNl. Actor sleep: 60000] ensure: ['ensured' displayNl]."
done
told SIGTERM 143 'up|ensured' <<<"['up' displayNl. [true] whileTrue] ensure: ['ensured' displayNl]."
told SIGTERM 143 'up|ensured' <<<"['up' displayNl. Actor receive] ensure: ['ensured' displayNl]."
told SIGTERM 143 'up|ensured' <<<"[[true] whileTrue: [(Delay forMilliseconds: 10) wait]] fork. ['up' displayNl. Semaphore new wait] ensure: ['ensured' displayNl]."
told SIGTERM 3 'up|bye' <<<"['up' displayNl. [true] whileTrue: [Actor sleep: 10]] on: ProgramTerminated do: [:e | 'bye' displayNl. Actor halt: 3]."
told SIGTERM 143 'up|half a line' <<<"['up' displayNl. Transcript nextPutAll: 'half a line'. Actor sleep: 60000] value."
told SIGTERM -15 'up' <<<"['up' displayNl. [true] whileTrue] ensure: [[true] whileTrue]."
told SIGTERM 143 'up|two: shutdown|one: shutdown' <<'ST'
ActorBehavior subclass: Worker [
    | name |
    Worker class >> named: aString [ ^self new setName: aString ]
    setName: aString [ name := aString ]
    linkedPeer: aProxy terminatedWith: reason [ Transcript showCr: name, ': ', reason displayString. Actor exit: reason ]
]
| top |
top := Supervisor spawnLink: (SupervisorSpec oneForOne: {
    ChildSpec id: 1 start: [Worker spawn: #named: with: 'one'].
    ChildSpec id: 2 start: [Worker spawn: #named: with: 'two']}).
top actor started wait.
'up' displayNl.
Actor sleep: 60000.
ST

# nobody reads
echo "[Transcript showCr: 'line'] repeat" >endless.st
timeout 20 "$atoll" run endless.st | head -n 1 >/dev/null
[ "${PIPESTATUS[0]}" -eq 141 ] || fail "the main program writes where nobody reads"
echo "(Actor spawn: [[Transcript showCr: 'line'] repeat]) ended wait" >endless.st
timeout 20 "$atoll" run endless.st | head -n 1 >/dev/null
[ "${PIPESTATUS[0]}" -eq 141 ] || fail "an actor writes where nobody reads"

# no standard files
echo "stdin upToEnd printNl. (File name: 'program.st') contents size > 0 ifTrue: ['read' displayNl]." >closed.st
[ "$(timeout 20 "$atoll" run closed.st 2>&1 <&-)" = "''
read" ] || fail "standard input is closed"
timeout 20 "$atoll" run closed.st >&- 2>&- </dev/null || fail "standard output and errors are closed"
exit $failed
