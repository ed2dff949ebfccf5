#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# command_line.sh ATOLL -- what the commands print and answer.
set -uo pipefail
atoll=$(realpath "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
checks=0 failures=0

check() { # WHAT STATUS PATTERN COMMAND...
  local what=$1 status=$2 pattern=$3 output found
  shift 3
  output=$("$@" 2>&1)
  found=$?
  checks=$((checks + 1))
  if [ $found -ne "$status" ] || ! [[ $output =~ $pattern ]]; then
    printf 'FAILED %s: expected status %s and /%s/, found %d:\n%s\n' "$what" "$status" "$pattern" $found "$output"
    failures=$((failures + 1))
  fi
}

printf "Transcript showCr: 'hello'.\n" >hello.st
printf "1 to: 3 do: [:i | i printNl.\n" >unclosed.st
printf "(3 + 4) printNl.\nnil foo.\n(5 + 6) printNl.\n" >error.st
printf "Smalltalk arguments printNl.\n" >arguments.st
printf "Object subclass: Foo [ bar [ ^zork ] ]\n'after' displayNl.\n" >undeclared.st
printf "'first' displayNl.\nObject subclass: Later [ Later class >> hi [ ^'second' ] ]\nLater hi displayNl.\nLater class extend [ hi [ ^'third' ] ]\nLater hi displayNl.\n" >order.st

mkdir folder other
printf "Late subclass: Early [ early [ ^2 ] ]\nEarly new early printNl.\n" >folder/a.st
printf "Object subclass: Late [ ]\n" >folder/b.st
printf "Right subclass: Left [ ]\n" >other/a.st
printf "Left subclass: Right [ ]\nZork subclass: Lost [ go [ ^1 ] ]\n5 printNl.\n" >other/b.st

check "no command: standard input" 0 "^7$" bash -c "echo '(3 + 4) printNl' | \"$atoll\""
check "help" 0 "atoll run" "$atoll" help
check "--help" 0 "atoll run" "$atoll" --help
check "version" 0 "atoll [0-9]" "$atoll" version
"$atoll" build hello.st -o hello.app
check "an image by another name" 0 "^hello$" "$atoll" run hello.app
check "unknown command" 2 "'frob' is not a command" "$atoll" frob
check "mistyped command" 2 "did you mean .build" "$atoll" biuld
check "mistyped option" 2 "did you mean .--schedulers" "$atoll" run --shedulers 2 hello.st
check "help of a command" 0 "usage:.*--image" "$atoll" help run
check "--help behind a command" 0 "usage:.*--image" "$atoll" run --help
check "-h behind words of a command" 0 "usage:.*--jobs" "$atoll" test . -h
check "--help of the program itself" 0 "(.--help. )" "$atoll" run arguments.st -- --help
check "a file as command" 2 "did you mean 'atoll run hello.st'" "$atoll" hello.st
check "run" 0 "^hello$" "$atoll" run hello.st
check "missing file" 1 "cannot read 'nowhere.st': No such file" "$atoll" run nowhere.st
check "unknown option" 2 "'--frob' is not an option" "$atoll" run --frob hello.st
for wrong in "--schedulers 0" "--schedulers -1" "--heap -1" "--heap 99999999999999" "--depth 99999999999" "--seed 99999999999999999999" "--seeds 5..3" "--seed"; do
  # shellcheck disable=SC2086
  check "run $wrong" 2 "'${wrong%% *}' lacks its value, or cannot have that one" "$atoll" run hello.st $wrong
done
check "syntax error" 1 "unclosed.st:[0-9]+:[0-9]+: error: .*\^" "$atoll" run unclosed.st
check "a folder: superclasses first" 0 "^2$" "$atoll" run folder
check "a folder: a circle of superclasses" 1 "a.st:1:[0-9]+: error: .*circle: Left, Right, Left" "$atoll" run other
check "a folder: a missing superclass" 1 "b.st:2:[0-9]+: error: the superclass 'Zork' is not defined.*5" "$atoll" run other
check "undeclared variable" 1 "undeclared.st:1:[0-9]+: error: .*zork" "$atoll" run undeclared.st
check "goes on behind an error" 1 "after" "$atoll" run undeclared.st
check "unhandled error" 1 $'7\n.*did not understand #foo.*error.st:2.*11' "$atoll" run error.st
check "arguments" 0 "\('one' 'two words' \)" "$atoll" run arguments.st -- one "two words"
check "order of definitions and statements" 0 $'^first\nsecond\nthird$' "$atoll" run order.st
check "build" 0 "^$" "$atoll" build order.st -o order.image
check "built program" 0 $'^first\nthird\nthird$' "$atoll" run order.image
check "image info" 0 "hash +[0-9a-f]{16}" "$atoll" image info order.image
check "build without -o" 2 "expected FILE.st... -o X.image" "$atoll" build order.st
check "build to nowhere" 1 "cannot write" "$atoll" build order.st -o nowhere/x.image
check "image without command" 2 "expected info" "$atoll" image
printf 'command line: %d checks, %d failed\n' $checks $failures
[ $failures -eq 0 ]
