# SPDX-License-Identifier: MIT
"""repl.py ATOLL STATE -- `atoll` with no arguments: each feature of the terminal, and what a newcomer would mistype."""
import os, pty, re, signal, subprocess, sys, termios, time

sys.path.insert(0, 'tests/support')
from terminal import Terminal

atoll, state = sys.argv[1], sys.argv[2]
environment = {'TERM': 'xterm', 'XDG_STATE_HOME': state, 'LC_ALL': 'C.UTF-8'}
edits = b'el_insertstr' in open(atoll, 'rb').read()  # built with libedit
checks = 0


class Session:
    def __init__(self, *arguments, **more):
        self.terminal = Terminal(atoll, *arguments, **{**environment, **more})
        self.banner = self.terminal.until(r'1> $')
        self.number = 1

    def says(self, line, *expected, same=False, unfinished=False):
        """Types LINE; what is shown up to the next prompt must have all of EXPECTED (regular expressions), in that order."""
        global checks
        self.terminal.type(line + '\n')
        self.number += not same and not unfinished
        shown = self.terminal.until(r'(?<=[\n\r]) *[^\n]> $' if unfinished else rf'(?<=\n){self.number}> $')
        rest = '\n' + shown.replace('\r\n', '\n').split('\n', 1)[-1] if not edits else shown.replace('\r\n', '\n')
        for pattern in expected:
            checks += 1
            found = re.search(pattern, rest)
            if not found:
                self.terminal.fail(f'after {line!r} expected {pattern!r}, found {shown!r}')
            rest = rest[found.end():]
        return shown

    def ends(self, keys, status=0):
        time.sleep(0.1)
        self.terminal.type(keys)
        got = self.terminal.wait()
        if got != status:
            sys.exit(f'FAILED: expected exit status {status}, found {got}; shown: {self.terminal.seen!r}')


s = Session()
assert ':help' in s.banner and ':quit' in s.banner

# answers
s.says('3 + 4', r'\n7\n')
s.says('_ * 2', r'\n14\n')
s.says('x := _ + 1', r'\n15\n')
s.says('x printString', r"\n'15'\n")
s.says('nil', r'\nnil\n')
s.says('1 to: 3 do: [:i | Transcript show: i printString]. Transcript show: \'!\'', '123!\n')
s.says('(1 to: 3000) asArray', r'\(1 2 3 .* \.\.\. \(\d+ characters\)\n')
s.says('"nothing to do" 5', r'\n5\n')

# statements and definitions over several lines
s.says('x := 3 +', unfinished=True)
s.says('4', r'\n7\n')
s.says('Object subclass: Account [', r']> $', unfinished=True)
s.says('  | balance |', unfinished=True)
s.says('  balance [ ^balance ifNil: [0] ]', unfinished=True)
s.says("  withdraw: n [ n > self balance ifTrue: [^self error: 'too little']. balance := self balance - n ]", unfinished=True)
s.says(']', r'\nAccount\n')
s.says('Account new balance', r'\n0\n')
s.says('Account extend [ deposit: n [ balance := self balance + n ] ]')
s.says('a := Account new. a deposit: 5. a balance', r'\n5\n')
s.says('Object subclass: #Named instanceVariableNames: \'name\' classVariableNames: \'\' poolDictionaries: \'\' category: \'x\'', r'\nNamed\n')
s.says('Named compile: \'name ^name\'. Named new name', r'\nnil\n')
s.says('!Account methodsFor: \'chunks\'!', unfinished=True)
s.says('double ^self balance * 2! !')
s.says('a double', r'\n10\n')
s.says('(3 + 4', r'\)> $', unfinished=True)
s.says('', r'error: ', r'\^')  # an empty line ends it
s.says('Account extend [', unfinished=True)
s.says('  | owner |', unfinished=True)
s.says('', r'\]> $', unfinished=True)  # methods stand apart
s.says('  owner [ ^owner ifNil: [self error: 2] ]', unfinished=True)
s.says('', r'\]> $', unfinished=True)
s.says('', r'\]> $', unfinished=True)
s.says('', r'a \] is missing', unfinished=True)
s.says(']', r'\nAccount\n')
s.says("'it", r"'> $", unfinished=True)
s.says("s'", r"'it\ns'")

# errors
s.says('3 zork', r'did not understand #zork \(receiver: 3\)', r'input \d+, line 1 +3 zork')
s.says('a withdraw: 9', r'Error: too little', r'Account>>withdraw: \(input \d+:4\) +withdraw: n \[', r'input \d+, line 1 +a withdraw: 9')
s.says('1/0', r'ZeroDivide: The program attempted to divide a number by zero', r'line 1 +1/0')
s.says('#(1 2) at: 9', r'IndexOutOfRange|out of range|Index value', r'line 1')
s.says('x := 3 + + 4', r'input \d+:1:\d+: error: expected', r'\^')
s.says('1 foo. 2 bar', r'#foo', r'line 1')
s.says('x', r'\n7\n')  # what was there before the errors
s.says('[nil foo] on: MessageNotUnderstood do: [:e | e return: 42]', r'\n42\n')
s.says('[Error signal: \'inside\'] ensure: [Transcript showCr: \'ensured\']', r'inside', r'ensured')

# commands
s.says(':help', r':browse', r':source', r':time', r':quit', same=True)
s.says(':browse Account', r'Object subclass: Account', r'\| balance owner \|', r'#balance', same=True)
s.says(':browse SystemExceptions.NotFound', r'subclass: SystemExceptions.NotFound', same=True)
s.says(':source Account>>withdraw:', r'Account>>withdraw:', r'too little', same=True)
s.says(':source Object class>>new', r'Behavior>>new', same=True)
s.says(':source Account>>withdrew:', r'did you mean #withdraw:', same=True)
s.says(':find withdraw', r'#withdraw:  \(Account\)', same=True)
s.says(':time 1000 factorial printString size', r'\d+\.\d+ ms\n2568')
s.says('_', r'\n2568\n')
s.says(':actors', r'1 actor', same=True)
with open(os.path.join(state, 'typed.st'), 'w') as file:
    file.write("Object subclass: Loaded [ zork [ ^nil zork: 9 ] ]\nTranscript showCr: 'loaded ', 6 printString.\ny := 3 + .\n")
s.says(f':load {state}/typed.st', r'loaded 6', r'typed.st:3:\d+: error: expected', same=True)
s.says('Loaded new zork', r'Loaded>>zork \(.*typed.st:1\)')
s.says(':load nothing.st', r"cannot read 'nothing.st'", same=True)

# actors: what was just defined is there for them, and their output does not break up what is typed
s.says('a := Actor spawn: [[:m | Transcript showCr: \'got \', m printString] value: Actor receive]. a send: 42. (Delayed := 3)', r'\n3\n')
s.terminal.until('') if 'got 42' in s.terminal.seen else None
s.says('ActorBehavior subclass: Doubler [ double: n [ ^n * 2 ] ]', r'\nDoubler\n')
s.says('d := Doubler spawn. (d double: 21) wait', r'\n42\n')
s.says(':actors', r'[23] actors', same=True)
s.terminal.type("Actor spawn: [Actor sleep: 300. Transcript showCr: 'from afar']\n")
s.number += 1
s.terminal.until(rf'{s.number}> $')
s.terminal.type('3 + ')
s.terminal.until(rf'from afar\r\n{s.number}> 3 \+ ' if edits else 'from afar')
s.says('4', r'\n7\n')

# Ctrl-C
for loop in ('[true] whileTrue', '[[nil foo] on: Error do: [:e | e return]] repeat', 'Actor sleep: 1000000', 'Actor receive'):
    s.terminal.type(loop + '\n')
    s.number += 1
    time.sleep(0.2)
    started = time.monotonic()
    s.terminal.type('\x03')
    s.terminal.until(r'interrupted')
    s.terminal.until(rf'{s.number}> $')
    assert time.monotonic() - started < 5
    checks += 1
s.terminal.type('[[Object new foo] on: Exception do: [:e | e return]] repeat\n')  # what catches everything ends at the second
s.number += 1
for _ in range(2):
    time.sleep(0.2)
    s.terminal.type('\x03')
s.terminal.until(rf'{s.number}> $')
s.terminal.type("[[true] whileTrue] ensure: [Transcript showCr: 'tidied up']\n")
s.number += 1
time.sleep(0.2)
s.terminal.type('\x03')
s.terminal.until(r'interrupted(.|\n)*tidied up(.|\n)*' + rf'{s.number}> $')
s.says('(d double: 4) wait', r'\n8\n')  # the actors have gone on
s.terminal.type('\x03')
s.terminal.until(rf':quit or Ctrl-D(.|\n)*{s.number}> $')
s.terminal.type('half a line')
time.sleep(0.1)
s.terminal.type('\x03')
shown = s.terminal.until(rf'\n{s.number}> $')
assert not edits or 'Ctrl-D' not in shown, shown  # without line editing nobody knows of the half line
s.says('6 * 7', r'\n42\n')

# what newcomers type
s.says('?', r':help', same=True)
s.says('help', r':help', same=True)
s.says(':brwse Object', r'did you mean :browse\?', same=True)
s.says(':browse Objct', r'did you mean Object\?', same=True)
s.says('print "hi"', r'undefined variable print referenced', r"hint: .*displayNl")
s.says('print("hi")', r'hint: .*displayNl')
s.says('"hello"', r'that was a comment', r"'hello'")
s.says('def f(x): return x', r'hint: .*Object subclass:')
s.says('function f() { return 3; }', r'hint: .*Object subclass:')
s.says('let z = 3;', unfinished=True)  # the cascade could go on
s.says('', r'hint: .*x := 3')
s.says('unknown = 3', r'undefined variable', r'hint: assignment is :=')
s.says('Transcipt showCr: 3', r'hint: nothing is called Transcipt; did you mean Transcript\?')
s.says('#(1 2) colect: [:e | e]', r'hint: an Array understands #collect:')
s.says('import os', r'hint: .*:load')
s.says('if (x > 3) { x }', r'hint: .*ifTrue:')
s.says('for i in range(3): print(i)', r'hint: 1 to: 3 do:')
s.says('Math.max(3, 4)', r'hint: ')
s.says("x := 'don't'", r"'> $", unfinished=True)
s.says('', r'error: .*closing quote', r'hint: .*doubled')
s.says('x := null', r'hint: .*nil')

# editing, history, completion
if edits:
    s.says('6 * 7', r'42')
    s.says('\x1b[A', r'6 \* 7', r'\n42\n')
    s.says("Transc\t show: 'ab'", r'ipt', r'ab\n')
    s.says('#(3 4) asOrderedColl\t', r'OrderedCollection \(3 4 \)')
    s.says(':bro\tAccount', r'Object subclass: Account', same=True)
    s.terminal.type('OrderedC\t')
    s.terminal.until('ollection')
    s.terminal.type(' new\n')
    s.number += 1
    s.terminal.until(rf'OrderedCollection \(\s*\)(.|\n)*{s.number}> $')
    s.says("'ab\x7fc'", r"'ac'")
    s.says("'gr\u00fc\u00df' size", r'\n\d\n')
    assert os.path.getsize(os.path.join(state, 'atoll/history')) > 100
s.ends('quit\n')

if edits:
    s = Session()
    s.says('\x1b[A\x1b[A', r'gr', r'\n\d\n')  # of the session before
    s.ends('\x04')
s = Session()
s.terminal.type("[true] whileTrue: ['endless' displayNl]\n")  # what prints without end does not keep the terminal from Ctrl-C
s.terminal.until('(endless\\r\\n){1000}')
s.terminal.type('\x03')
s.terminal.until(r'interrupted(.|\n)*2> $')
s.number = 2
s.says('(' * 300 + '3', unfinished=True)
s.says(')' * 300, r'\n3\n')
s.ends(':quit\n')

# told to end at the prompt: the keyboard is as it was
s = Session()
os.kill(s.terminal.pid, signal.SIGTERM)
ended = s.terminal.wait()
if ended != -signal.SIGTERM:
    sys.exit(f'FAILED: expected the end by SIGTERM, found {ended}')
master, slave = pty.openpty()
before = termios.tcgetattr(slave)[3]
person = subprocess.Popen([atoll], stdin=slave, stdout=slave, stderr=slave, env={**os.environ, **environment}, start_new_session=True)
shown = b''
while b'1> ' not in shown:
    shown += os.read(master, 1000)
time.sleep(0.2)
person.send_signal(signal.SIGTERM)
person.wait(20)
checks += 1
if termios.tcgetattr(slave)[3] != before:
    sys.exit('FAILED: SIGTERM left the keyboard as the editor had it')
os.close(master)
os.close(slave)

# a large paste: every line is looked at once
s = Session(TERM='dumb')
began = time.monotonic()
pasted = 'Object subclass: Big [\n' + ''.join(f'  m{i} [ ^{i} + (3 max: [:x | x] value) ]\n' for i in range(10000)) + ']\nBig new m9999\n'
s.terminal.paste(pasted)
s.terminal.until(r'\n3> $', 60)
s.number = 3
s.says('Big selectors size', r'\n10000\n')
if time.monotonic() - began > 30:
    sys.exit(f'FAILED: pasting {len(pasted)} bytes took {time.monotonic() - began:.0f} s')
s.ends(':quit\n')
s = Session()
s.ends(':quit\n')
s = Session()
s.ends('Smalltalk quit: 5\n', 5)
s = Session(TERM='dumb')
s.says('3 + 4', r'7\n')
s.ends('\x04')


def piped(text, *arguments):
    done = subprocess.run([atoll, *arguments], input=text, capture_output=True, text=True, timeout=60, env={**os.environ, **environment})
    return done.returncode, done.stdout, done.stderr


# a pipe is a program: no banner, no prompt, no answers; the exit status tells of errors
assert piped("| t |\nt := 3 + 4.\nt printNl.\nObject subclass: Q [ q [ ^9 ] ]\nQ new q printNl\n") == (0, '7\n9\n', '')
assert piped('') == (0, '', '')
code, out, err = piped('3 zork.\n5 printNl.')
assert code == 1 and 'zork' in out and out.endswith('5\n'), (code, out, err)
code, out, err = piped('3 + .\n')
assert code == 1 and 'standard input:1:' in err, (code, out, err)
code, out, err = piped('3 + 4\n1/0\n:quit\n', '-i')  # unless it is said to be a person
assert code == 0 and '1> 7\n2> ZeroDivide' in out, (code, out, err)
print(f'{checks} checks')
