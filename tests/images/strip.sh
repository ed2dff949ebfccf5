#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# strip.sh ATOLL -- `atoll build --strip`: the image is smaller, has no debug information, and its program does the same.
set -euo pipefail
atoll=$(realpath "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
cat >program.st <<'END'
Object subclass: Thing [
    ratio: x [ "Answer it." <category: 'arithmetic'> ^[1 / x] on: ZeroDivide do: [:e | e return: #none] ]
    deep: n [ ^n = 0 ifTrue: [thisContext parentContext selector] ifFalse: [self deep: n - 1] ]
]
(Thing new ratio: 0) printNl.
(Thing new ratio: 4) printNl.
(Thing new deep: 3) printNl.
(#(3 1 2) asSortedCollection collect: [:x | x * x]) printNl.
Thing compile: 'late ^#late'.
Thing new late printNl.
(Actor spawn: [Thing new ratio: 2]) ended wait isNil printNl.
END
"$atoll" build program.st -o full.image
"$atoll" build --strip program.st -o stripped.image
"$atoll" run full.image >full.out
"$atoll" run stripped.image >stripped.out
diff full.out stripped.out
grep -qx none full.out || grep -qx '#none' full.out
full=$(stat -c %s full.image) stripped=$(stat -c %s stripped.image)
[ $((full - stripped)) -gt 300000 ] || { echo "FAILED: stripped is $stripped bytes, full is $full"; exit 1; }
"$atoll" image info stripped.image >info
grep -qE '^debug +[0-9]+ +0 ' info || { echo "FAILED: the stripped image has a debug section"; cat info; exit 1; }
grep -qE '^texts +[0-9]+ +0 ' info || { echo "FAILED: the stripped image has texts"; cat info; exit 1; }
cat >ask.st <<'END'
Thing new missing.
(Thing >> #ratio:) methodSourceString printNl.
(Thing >> #ratio:) methodCategory printNl.
(Thing >> #ratio:) printNl.
END
"$atoll" run --image full.image ask.st >full.out 2>&1 || true
"$atoll" run --image stripped.image ask.st >stripped.out 2>&1 || true
grep -q "'arithmetic'" full.out
grep -q 'Answer it' full.out
grep -q 'did not understand #missing' stripped.out
grep -qx 'Thing>>ratio:' stripped.out
[ "$(grep -cx nil stripped.out)" -eq 2 ] || { echo "FAILED: what a stripped image says of a method"; cat stripped.out; exit 1; }
"$atoll" build --strip program.st -o again.image
cmp stripped.image again.image
echo "strip: $full bytes, $stripped stripped"
