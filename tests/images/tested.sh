#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tested.sh ATOLL -- every class of the image has a test class of its own, NAMETest, in tests/language; those that only work together with others are tested
# by the file that is named here.
set -uo pipefail
atoll=$(realpath "$1")
tests=$(realpath "$(dirname "$0")/..")
elsewhere='ActorTraceEvent actors/tracing.st
ActorTraceLog actors/tracing.st
ActorDeadlock actors/circles.st
ProgramTerminated actors/signals.sh
CrashReport actors/crash_reports.st
CreditedActor actors/socket_actors.st
ServerSocketActor actors/socket_actors.st
SocketActor actors/socket_actors.st
Handle actors/tcp.st
PromiseReaction actors/promises.st
SupervisedChild actors/supervisor.st
SupervisionTree actors/supervisor.st
Image ../examples/two_images.st
Documentation images/doc_command.sh
HtmlStream images/doc_command.sh
Repl actors/repl.sh
FileHandle language/FileTest.st
SUnitDelay images/test_command.sh
TestJob images/test_command.sh
TestRecord images/test_command.sh
TestRunner images/test_command.sh
TestWorker images/test_command.sh'
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo "Object withAllSubclasses do: [:each | each isMetaclass ifFalse: [Transcript showCr: each name]]" >"$scratch/classes.st"
"$atoll" run "$scratch/classes.st" | sort -u >"$scratch/classes"
grep -rhoE '^[A-Za-z]+ subclass: [A-Za-z]+Test \[' "$tests/language" "$tests/conformance" | sed -E 's/.*: ([A-Za-z]+)Test \[/\1/' | sort -u >"$scratch/tested"
status=0
while read -r class file; do
  [ -f "$tests/$file" ] || { echo "FAILED: $class should be tested by tests/$file, which is not there"; status=1; }
  echo "$class"
done <<<"$elsewhere" >"$scratch/elsewhere"
grep -h FAILED "$scratch/elsewhere" && status=1
count=$(wc -l <"$scratch/classes")
[ "$count" -gt 200 ] || { echo "FAILED: only $count classes found"; status=1; }
for class in $(comm -23 "$scratch/classes" "$scratch/tested"); do
  grep -qx "$class" "$scratch/elsewhere" || { echo "FAILED: $class has no test class ${class}Test in tests/language"; status=1; }
done
echo "$count classes, $(comm -12 "$scratch/classes" "$scratch/tested" | wc -l) with a test class of their own"
exit $status
