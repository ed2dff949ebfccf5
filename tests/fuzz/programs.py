# SPDX-License-Identifier: MIT
"""programs.py ATOLL FIRST LAST -- programs of the tests with words taken out, put in and exchanged, run, tested, or built and run.

Case N is always the same, and so is what it does: it runs under seed N.  Whatever is in a program, the process ends by itself, with an exit status of its own, and leaves nothing behind."""
import glob, os, random, re, shutil, subprocess, sys, tempfile

atoll, first, last = os.path.realpath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
token = re.compile(r'"[^"]*"|\'[^\']*\'|[A-Za-z_][A-Za-z0-9_]*:?|:=|\d+|\s+|.', re.S)
odd = ['nil', 'thisContext', 'super', 'Object', 'Smalltalk', 'subclass:', 'extend', 'class', '[', ']', '(', ')', '{', '}', '#(', '##(', '#[', '!', '.', '^', ':=', '|', '-', '$', '_',
       '<primitive: 1>', '<shape: #byte>', '<import: Smalltalk>', 'Namespace current: Foo [', 'Eval [', 'Trait', 'uses:', 'instanceVariableNames:', 'become:', 'changeClassTo:',
       'compile:', 'superclass:', 'addInstVarName:', 'removeInstVarName:', 'Smalltalk at: #Foo put:', 'Object class', 'yourself', '1e100', '16r', '3s2', '\0', '\xe9']
folders = ['tests/language', 'tests/isolation', 'tests/conformance', 'tests/actors', 'examples']
harm = re.compile(rb'Sanitizer|runtime error:|bytes were left behind|Assertion `')


def read(path):
    with open(path, errors='replace') as file:
        return token.findall(file.read())


sources = sorted(path for folder in folders for path in glob.glob(f'{folder}/**/*.st', recursive=True) if os.path.getsize(path) < 20000)
words = [word for path in sources for word in read(path) if word.strip()]


def mutated(chance):
    text = read(chance.choice(sources))
    for _ in range(chance.choice((1, 1, 2, 3, 5, 10, 30))):
        if not text:
            break
        at, other = chance.randrange(len(text)), chance.randrange(len(text))
        kind = chance.randrange(6)
        if kind == 0:
            del text[at:at + chance.choice((1, 1, 2, 5, 20))]
        elif kind == 1:
            text.insert(at, f' {chance.choice(odd)} ')
        elif kind == 2:
            text.insert(at, f' {chance.choice(words)} ')
        elif kind == 3:
            text[at] = chance.choice(words)
        elif kind == 4:
            text[at], text[other] = text[other], text[at]
        else:
            text[at:at] = text[other:other + chance.choice((3, 10, 40))]
    return ''.join(text)


def commands(number):
    options = ['--seed', str(number), '--heap', '64', '--depth', '2048']
    kind = number % 4
    if kind < 2:
        return [['run', *options, 'm.st']]
    return [['build', 'm.st', '-o', 'm.image'], ['run', *options, 'm.image']] if kind == 2 else [['test', '--timeout', '2', *options, 'm.st']]


def try_case(number):
    """Answers what went wrong, or None."""
    with open('m.st', 'w', errors='replace') as file:
        file.write(case_texts[number])
    for command in commands(number):
        try:
            done = subprocess.run([atoll, *command], stdin=subprocess.DEVNULL, capture_output=True, timeout=5)
        except subprocess.TimeoutExpired:
            return None  # an endless loop is a program's right
        if done.returncode < 0 or harm.search(done.stderr):
            return f'atoll {" ".join(command)}: exit status {done.returncode}: {done.stderr[-1500:].decode(errors="replace")}'
        if done.returncode:
            return None
    return None


case_texts = {number: mutated(random.Random(number)) for number in range(first, last + 1)}
scratch = tempfile.mkdtemp()
kept = os.path.join(os.getcwd(), 'build')
os.chdir(scratch)
failed = 0
for number in case_texts:
    problem = try_case(number)
    if problem:
        failed += 1
        shutil.copy('m.st', f'{kept}/case_{number}.st')
        print(f'FAILED case {number} (build/case_{number}.st): {problem}')
shutil.rmtree(scratch)
print(f'programs: {len(case_texts)} cases, {failed} failed')
sys.exit(failed != 0)
