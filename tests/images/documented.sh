#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# documented.sh ATOLL -- every class of the image has a comment, and so has every method, at its start; images/kernel/README.md names every class.
set -uo pipefail
atoll=$(realpath "$1")
readme=$(dirname "$(realpath "$0")")/../../images/kernel/README.md
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/documented.st" <<'EOF'
Object subclass: Documentation [
    classes [
	"Answer the classes of all namespaces of the image."
	| all |
	all := IdentitySet new.
	Object withAllSubclasses do: [:each | all add: each].
	^all reject: [:each | each isMetaclass or: [each == Documentation]]
    ]

    commentOf: aMethod [
	"Answer the comment that stands first in the body, nil when there is none."
	| source |
	source := aMethod methodSourceString.
	source isNil ifTrue: [^nil].
	source := source =~ '\A[^"''\[]*\[\s*"([^"]+)"'.
	^source matched ifTrue: [source at: 1] ifFalse: [nil]
    ]

    checkMethodsOf: aBehavior [
	"Print the methods without a comment."
	aBehavior selectors asSortedCollection do: [:selector |
	    (self commentOf: aBehavior >> selector) isNil ifTrue: [Transcript showCr: 'FAILED ', aBehavior printString, '>>', selector, ' has no comment']]
    ]

    check [
	"Print what is missing, and the names of all classes."
	(self classes asSortedCollection: [:a :b | a name <= b name]) do: [:class |
	    Transcript showCr: 'class ', class name.
	    class comment isEmptyOrNil ifTrue: [Transcript showCr: 'FAILED ', class printString, ' has no comment'].
	    self checkMethodsOf: class.
	    self checkMethodsOf: class class]
    ]
]
Documentation new check.
EOF
"$atoll" run "$scratch/documented.st" >"$scratch/out" 2>&1
grep -v '^class ' "$scratch/out" | head -n 40
count=$(grep -c '^class ' "$scratch/out")
[ "$count" -gt 200 ] || printf 'FAILED only %d classes were looked at\n' "$count" | tee -a "$scratch/out"
for class in $(sed -n 's/^class //p' "$scratch/out"); do
  grep -qw "$class" "$readme" || printf 'FAILED images/kernel/README.md does not name %s\n' "$class" | tee -a "$scratch/out"
done
printf '%d classes\n' "$count"
! grep -q '^FAILED' "$scratch/out"
