# SPDX-License-Identifier: BSD-3-Clause
"""terminal.py - the command on a terminal of its own."""

import os
import pty
import select
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import PATIENCE, WRAPPER  # noqa: E402


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, sandbox, *words, env=None):
        self.text = b""
        argv = WRAPPER + [sandbox.command] + list(words)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, dict(sandbox.env, **(env or {})))
        self.status = None
        sandbox.cleanups.append(self.close)

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            data = b""  # how Linux tells that the other side has closed
        self.text += data
        return data != b""

    def expect(self, text):
        """Wait until it asks; answers whether what is typed will be shown."""
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in self.text:
            assert time.monotonic() < deadline and self.read(1) is not None, self.text
            assert os.waitpid(self.pid, os.WNOHANG) == (0, 0), "it ended: %r" % self.text
        self.text = self.text.split(text.encode(), 1)[1]
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def type(self, line):
        os.write(self.fd, line.encode() + b"\n")

    def end(self):
        deadline = time.monotonic() + PATIENCE
        alive = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while self.read(1) or os.waitid(os.P_PID, self.pid, alive) is None:
            assert time.monotonic() < deadline, "it does not end: %r" % self.text
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    def close(self):
        if self.status is None:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
