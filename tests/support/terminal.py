# SPDX-License-Identifier: MIT
"""terminal.py -- a program on a pseudo-terminal, driven by what it shows."""
import os, pty, re, select, signal, sys, time


class Terminal:
    def __init__(self, *argv, **environment):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(environment)
            os.execvp(argv[0], argv)
        self.seen = ''

    def type(self, text):
        os.write(self.fd, text.encode())

    def paste(self, text):
        """Types what is longer than the terminal keeps: reads what is shown meanwhile."""
        rest = text.encode()
        while rest:
            readable, writable, _ = select.select([self.fd], [self.fd], [], 20)
            if not readable and not writable:
                self.fail(f'{len(rest)} bytes of a paste were not taken')
            if readable:
                self.seen += os.read(self.fd, 65536).decode(errors='replace')
            if writable:
                rest = rest[os.write(self.fd, rest[:1024]):]

    def until(self, pattern, seconds=20):
        """Waits until PATTERN is shown; answers what was shown up to its end, and forgets it."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            if not ready:
                self.fail(f'{pattern!r} was not shown within {seconds} s')
            try:
                more = os.read(self.fd, 65536)
            except OSError:
                more = b''
            if not more:
                self.fail(f'the program ended; {pattern!r} was not shown')
            self.seen += more.decode(errors='replace')
        shown, self.seen = self.seen[:found.end()], self.seen[found.end():]
        return shown

    def wait(self):
        """Waits until the program ends; answers its exit status."""
        while True:
            try:
                more = os.read(self.fd, 65536)
            except OSError:
                break
            if not more:
                break
            self.seen += more.decode(errors='replace')
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def fail(self, message):
        os.kill(self.pid, signal.SIGKILL)
        sys.exit(f'FAILED: {message}\n  shown: {self.seen!r}')
