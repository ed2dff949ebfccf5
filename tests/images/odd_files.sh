#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# odd_files.sh ATOLL -- files, folders and outputs as they are in the world: links in a circle, pipes, devices, full disks, long paths, limits.
set -uo pipefail
atoll=$(realpath "$1")
scratch=$(mktemp -d)
trap 'chmod -R u+rwx "$scratch"; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2
checks=0 failures=0

check() { # WHAT STATUS PATTERN COMMAND...
  local what=$1 status=$2 pattern=$3 output found
  shift 3
  output=$(timeout 30 "$@" 2>&1 </dev/null)
  found=$?
  checks=$((checks + 1))
  if [ $found -ne "$status" ] || ! [[ $output =~ $pattern ]]; then
    printf 'FAILED %s: expected status %s and /%s/, found %d:\n%s\n' "$what" "$status" "$pattern" $found "$output"
    failures=$((failures + 1))
  fi
}

printf "Transcript showCr: 'hello'.\n" >hello.st
printf "1 to: 100000 do: [:i | i displayNl].\n" >many.st
"$atoll" build hello.st -o hello.image || failures=$((failures + 1))

# standard input, output and errors that are closed or full
check "closed standard input" 0 '^hello$' bash -c "\"$atoll\" run hello.st <&-"
check "closed standard output" 0 '^$' bash -c "\"$atoll\" run hello.st >&-"
check "all closed" 0 '^$' bash -c "\"$atoll\" run hello.st <&- >&- 2>&-"
for command in "run hello.st" "run many.st" help version "image info hello.image"; do
  check "$command, disk full" 1 '^atoll: cannot write standard output: No space left on device' bash -c "\"$atoll\" $command >/dev/full"
done
check "nobody reads any more" 0 '^1$' bash -c "\"$atoll\" run many.st | head -n 1; [ \${PIPESTATUS[0]} -eq 141 ]"

# limits
check "a file that gets too large" 1 "^atoll: cannot write 'big.image': File too large$" bash -c "ulimit -f 100; \"$atoll\" build hello.st -o big.image"
check "and nothing is left of it" 0 '^$' bash -c 'ls | grep tmp; true'
check "a trace that gets too large" 1 "atoll: cannot write 'trace.json'" bash -c "ulimit -f 1; \"$atoll\" run --trace trace.json many.st | tail -n 1; exit \${PIPESTATUS[0]}"
check "few open files" 1 "expected a limit of at least [0-9]+ open files, found 8" bash -c "ulimit -n 8; \"$atoll\" run hello.st"
check "as many as needed" 0 '^hello$' bash -c "ulimit -n 12; \"$atoll\" run --schedulers 1 hello.st"
if ! grep -aq __asan_init "$atoll"; then # a sanitizer reserves more
  check "little address space" 1 "expected [0-9]+ GiB of address space" bash -c "ulimit -v 1000000; \"$atoll\" run hello.st"
fi

# folders
mkdir -p loop pipes
printf "3 printNl.\n" | tee loop/a.st pipes/b.st >/dev/null
ln -s . loop/x && ln -s . loop/y && ln -s ../loop loop/z
mkfifo pipes/a.st fifo
check "links in a circle: each folder once" 0 '^3$' "$atoll" run loop
check "a pipe in a folder is no source" 0 '^3$' "$atoll" run pipes
ln -s nowhere.st loop/broken.st
check "a link to nowhere" 1 "cannot read 'loop/broken.st'" "$atoll" run loop
mkdir -p Foo.class/instance
printf '{ "name" : "Foo", "super" : "Object", "instvars" : [ ] }' >Foo.class/properties.json
printf 'accessing\na\n ^33\n' >Foo.class/instance/a.st
printf 'Foo new a printNl.\n' >use.st
check "a FileTree class with a slash behind its name" 0 '^33$' "$atoll" run Foo.class/ use.st
printf '{ "name" : "Foo", "super" : "Object", "instvars" : [ %s "z" ] }' "$(printf '"v%d",' $(seq 256))" >Foo.class/properties.json
check "more variables than there can be" 1 'lists of at most 256 strings' "$atoll" run Foo.class use.st
chmod 0 loop
[ "$(id -u)" -eq 0 ] || check "an unreadable folder" 1 "cannot read the folder 'loop'" "$atoll" run loop

# packages: what is needed comes first, whoever else needs it
for each in A:B,C B: C:B; do
  name=${each%%:*}
  mkdir -p packages/$name
  { printf '<package><name>%s</name>' "$name"; for need in $(tr , ' ' <<<"${each#*:}"); do printf '<prereq>%s</prereq>' "$need"; done
    printf '<filein>%s.st</filein></package>\n' "$name"; } >packages/$name/package.xml
done
printf "Object subclass: Base [ name [ ^'base' ] ]\n" >packages/B/B.st
printf "Base subclass: Middle [ ]\n" >packages/C/C.st
printf "Middle new name displayNl.\n" >packages/A/A.st
check "packages in the order of need" 0 '^base$' "$atoll" run packages/A

# devices and pipes where files are expected
check "an image that is a pipe" 1 'expected a file, found a device or pipe' "$atoll" run --image fifo hello.st
check "a snapshot that is a directory" 1 'Is a directory' "$atoll" resume packages
for target in /dev/null /dev/full packages; do
  check "an image over $target" 1 "cannot write '$target': expected a file" "$atoll" build hello.st -o "$target"
done
[ -c /dev/null ] || { printf 'FAILED: /dev/null was replaced\n'; failures=$((failures + 1)); }
check "an image over its source" 2 "'hello.st' would be overwritten" "$atoll" build hello.st -o hello.st
ln -s real.image link.image
: >real.image
chmod 600 real.image
check "an image through a link" 0 '^$' "$atoll" build hello.st -o link.image
check "is where the link leads, with the rights it had" 0 '^link -rw-------$' bash -c '[ -L link.image ] && echo link $(stat -c %A real.image)'
check "and runs" 0 '^hello$' "$atoll" run link.image

# long names, and bytes that no text has
long=$(printf 'd%.0s' $(seq 200))
deep=$long/$long/$long/$long/$long/$long
mkdir -p $deep
cp hello.st $deep/
printf 'x foo bar: .\n' >$deep/wrong.st
check "a long path" 0 '^hello$' bash -c "\"$atoll\" build $deep/hello.st -o long.image && \"$atoll\" run long.image"
check "the error behind a long path" 1 'wrong.st:1:11: error: expected .*\^' "$atoll" run $deep/wrong.st
printf "'a\\0b' size printNl.\n'second' printNl.\n" >nul.st
check "a NUL in a string" 0 $'^3\n\'second\'$' "$atoll" run nul.st
check "and in an image" 0 $'^3\n\'second\'$' bash -c "\"$atoll\" build nul.st -o nul.image && \"$atoll\" run nul.image"
printf "'\xc3\xa4\xc3\xb6\xc3\xbc' foo: ].\n" >umlauts.st
check "the caret counts characters" 1 $'\n {15}\\^' "$atoll" run umlauts.st
printf "'\e[2J' foo: ].\n" >escape.st
check "an error does not send what the source has to the terminal" 1 "' \[2J' foo" "$atoll" run escape.st

# options of repl hold for piped input, and resume has those it lists
check "a limit for piped input" 0 '300' bash -c "echo '(Actor spawn: [300]) yourself. 300 printNl' | \"$atoll\" repl --heap 64 --depth 256 --schedulers 1 --trace piped.json && test -s piped.json"
check "a wrong value says what is expected" 2 $'expected\n  --heap MIB' "$atoll" run --heap 0 hello.st
check "options of resume" 1 "expected the snapshot" "$atoll" resume --pin --heap 64 --trace resumed.json hello.st
# much of one thing: work that grows with its square would take minutes
seq 50000 | sed 's/.*/x& foo: 1./' >undefined.st
check "50,000 variables that nothing assigns" 1 "undefined variable x1 referenced" bash -c "\"$atoll\" run undefined.st 2>&1 | head -n 3; exit \${PIPESTATUS[0]}"
seq 131100 | sed 's/.*/Object subclass: C& [ ]/' >classes.st
check "more classes than there are numbers for" 1 "classes.st:1[0-9]+:1: error: expected at most 262143 classes" bash -c "\"$atoll\" run classes.st 2>&1 | head -n 3; exit \${PIPESTATUS[0]}"
printf 'odd files: %d checks, %d failed\n' $checks $failures
[ $failures -eq 0 ]
