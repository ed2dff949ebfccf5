#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test_command.sh ATOLL -- `atoll test`: what it prints and its exit status when tests pass, fail, crash, loop; --filter, --jobs, --junit.
set -euo pipefail
atoll=$(realpath "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir good bad
cat >good/good.st <<'END'
TestCase subclass: GoodTest [ testOne [ self assert: 1 + 1 equals: 2 ] testTwo [ self assert: true ] ]
END
echo "'not to be read' displayNl. Nonsense foo." >good/program.st
touch good/program.out
cat >bad/bad.st <<'END'
TestCase subclass: BadTest [
    testDeep [ self testDeep ]
    testExit [ Actor exit: 'gone' ]
    testFails [
	self assert: 'é <&>' size equals: 99
    ]
    testHeap [ | all | all := OrderedCollection new. [all add: (Array new: 10000)] repeat ]
    testLoops [ <timeout: 1> [] repeat ]
    testPasses [ self assert: true ]
    testSkips [ self skip: 'not here' ]
]
TestCase subclass: BadTestTwo [ testPasses [ self assert: true ] ]
END

expect() { # STATUS, words that the output has; the command is in $command
  local status=0 wanted=$1 word
  shift
  timeout 60 "$atoll" "${command[@]}" >out 2>&1 || status=$?
  [ "$status" -eq "$wanted" ] || { echo "FAILED: ${command[*]}: expected status $wanted, found $status"; cat out; exit 1; }
  for word in "$@"; do
    grep -qF -- "$word" out || { echo "FAILED: ${command[*]}: '$word' is missing"; cat out; exit 1; }
  done
}

command=(test good)
expect 0 'ok      GoodTest: 2 tests' '2 run, 2 passed, 0 failed, 0 errors'
command=(test good --filter 'Good*One' --verbose)
expect 0 'ok      GoodTest>>testOne' '1 run, 1 passed'
command=(test good --filter nothing)
expect 2 'no tests'
mkdir order
echo "OrderTest subclass: AnotherOrderTest [ testMore [ self assert: self one equals: 1 ] ]" >order/a.st
echo "TestCase subclass: OrderTest [ one [ ^1 ] testOne [ self assert: self one equals: 1 ] ]" >order/b.st
command=(test order/a.st order/b.st)
expect 0 '2 classes: 2 run, 2 passed'
command=(test bad --junit out.xml --jobs 2 --heap 64 --depth 1000)
expect 1 'ok      BadTestTwo: 1 test' 'FAILED  BadTest: 7 tests, 5 bad, 1 skipped' '7 run, 2 passed, 1 failed, 4 errors, 1 skipped' \
  'bad/bad.st:5: self assert:' 'instead of 99.' 'BadTest>>testFails (bad/bad.st:5)' 'took longer than 1 s' 'the actor has ended: gone' \
  'DepthExceeded' 'OutOfMemory'
python3 - out.xml <<'END'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
suites = {suite.get("name"): suite for suite in root}
assert root.tag == "testsuites" and sorted(suites) == ["BadTest", "BadTestTwo"], list(suites)
bad = suites["BadTest"]
assert [bad.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["7", "1", "4", "1"], bad.attrib
kinds = {case.get("name"): [child.tag for child in case] for case in bad}
assert kinds["testFails"] == ["failure"] and kinds["testLoops"] == ["error"] and kinds["testSkips"] == ["skipped"] and kinds["testPasses"] == [], kinds
failure = [case for case in bad if case.get("name") == "testFails"][0][0]
assert "é <&>" in failure.text and "instead of 99" in failure.get("message"), failure.text
END
echo "TestCase subclass: T [ testA [ self assert: true ] ] T new foo." >error.st
command=(test error.st)
expect 2 'did not understand #foo' '1 run, 1 passed' '1 error in the files'
echo "TestCase subclass: T [ testA [ self assert: ) ] testB [ self assert: true ] ]" >syntax.st
command=(test syntax.st)
expect 2 'syntax.st:1:' '1 run, 1 passed'
echo "Object subclass: NoTest [ ]" >none.st
command=(test none.st)
expect 2 'no tests'
command=(test missing.st)
expect 2 "cannot read 'missing.st'"
command=(test)
expect 2 'expected files or folders'
command=(test good --jobs none)
expect 2 "'--jobs' lacks its value, or cannot have that one"

# packages as GNU Smalltalk has them: the namespace, what is needed first (found by its name, not its folder's), which tests
mkdir -p packages/shapes packages/base-lib
cat >packages/base-lib/package.xml <<'XML'
<package> <name>BaseLib</name> <filein>thing.st</filein> </package>
XML
echo "Object subclass: Thing [ size [ ^42 ] ]" >packages/base-lib/thing.st
cat >packages/shapes/package.xml <<'XML'
<package>
  <name>Shapes</name> <!-- <filein>not.st</filein> -->
  <namespace>Geometry</namespace>
  <prereq>BaseLib</prereq>
  <prereq>SUnit</prereq>
  <test> <sunit>Geometry.SquareTest</sunit> <filein>tests.st</filein> </test>
  <filein>square.st</filein> <filein>a_cube.st</filein>
</package>
XML
echo "Thing subclass: Square [ area [ ^self size * self size ] ]" >packages/shapes/square.st
echo "Square subclass: Cube [ ] Cube extend [ volume [ ^self area * self size ] ]" >packages/shapes/a_cube.st
cat >packages/shapes/tests.st <<'ST'
TestCase subclass: AbstractSquareTest [ testAbstract [ self subclassResponsibility ] ]
TestCase subclass: SquareTest [
    testArea [ self assert: Square new area equals: 1764 ]
    testNamespace [ self assert: Square environment printString equals: 'Geometry'. self assert: (Smalltalk includesKey: #Square) not ]
    testVolume [ self assert: Cube new volume equals: 74088 ]
]
ST
command=(test packages/shapes)
expect 0 'ok      Geometry.SquareTest: 3 tests' '1 class: 3 run, 3 passed'
command=(test packages)
expect 0 '3 run, 3 passed'
rm packages/base-lib/package.xml
command=(test packages/shapes)
expect 2 'package BaseLib not found'
echo "Geometry.Square new area printNl." >use.st
command=(run packages/shapes use.st)
expect 1 'package BaseLib not found'

# a comparison that does not hold: the values of both sides
cat >values.st <<'ST'
TestCase subclass: ValuesTest [
    | three |
    setUp [ three := 3 ]
    testArguments [ | all | all := OrderedCollection with: 4. self assert: three = all first ]
    testBlock [ #(1 2 30) do: [:x | self assert: x <= 2 description: 'too large'] ]
    testChanging [ | s | s := ReadStream on: #(1 2). self assert: s next = 2 ]
    testDeny [ self deny: three + 4 = 7 ]
    testLines [
	self
	    assert: ((three max: 4) = -4)
    ]
    testNone [ self assert: (#(1 2) includes: three) ]
    testStrings [ self assert: 'a;b.' size = 3.5; assert: true ]
    testSymbol [ self assert: #at:put: ~= #at:put: ]
]
ST
command=(test values.st)
expect 1 'Assertion failed: 3 = 4 does not hold' 'too large: 30 <= 2 does not hold' 'Assertion failed: 7 = 7 holds' 'Assertion failed: 4 = -4 does not hold' \
  'Assertion failed: 4 = 3.5 does not hold' 'Assertion failed: #at:put: ~= #at:put: does not hold' '8 run, 0 passed, 8 failed'
[ "$(grep -c 'Assertion failed$' out)" -eq 2 ] || { echo "FAILED: values that nobody can know"; cat out; exit 1; }
