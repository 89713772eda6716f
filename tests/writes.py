# SPDX-License-Identifier: BSD-3-Clause
"""writes.py - run a command again and again, and kill it at each of its writes.

    def check(n, result): ...   # what must hold, whatever was killed
    writes.at_each(sandbox, "set", "lab", "--secret", "secret_key=-", input=NEW, check=check)

runs the command once to count its writes, its helpers' included; then for every write
and in every mode anew, each time in a fresh copy of the home as it was in the
beginning, and calls check after each.  What counts as a write: tests/writes/writes.c.

  BEFORE  the process that is about to write is killed, and the others go on
  AFTER   the same, once it has written: a helper that did its work and cannot say so
  POWER   everybody is killed, as when the power fails
"""

import mmap
import os
import select
import shutil
import signal
import struct
import time

from harness import PATIENCE, SRC, WRAPPER, Result, Skip, is_sanitized

BEFORE, AFTER, POWER = 1, 2, 3
MODES = {BEFORE: "the process killed before", AFTER: "the process killed after", POWER: "no power from"}
COUNT = 0
HEAD, NOTES, NOTE_SIZE = 16, 1000, 120  # tests/writes/board.h


def preload():
    """The shared object that counts and kills."""
    path = os.path.join(os.environ.get("TESTS_BUILD", SRC), "writes", ".libs", "writes.so")
    if WRAPPER or is_sanitized():
        raise Skip("nothing else may be preloaded here")
    if not os.path.exists(path):
        raise Skip("tests/writes was not built")
    return path


class Run:
    """One run: its result, how many writes it came to, and what they were."""

    def __init__(self, sandbox, words, at=0, mode=COUNT, input=b"", env=None):
        board = sandbox.path("board")
        with open(board, "wb") as f:
            f.write(struct.pack("=IIII", 0, at, mode, 0))
            f.truncate(HEAD + NOTES * NOTE_SIZE)
        variables = dict(env or {}, LD_PRELOAD=preload(), CREDENCE_TEST_WRITES=board)
        start = time.monotonic()
        # Whoever takes part has this pipe, so that its end tells that all are gone.
        ours, theirs = os.pipe()
        process = sandbox.popen(*words, env=variables, pass_fds=(theirs,))
        os.close(theirs)
        try:
            out, err = process.communicate(input if isinstance(input, bytes) else input.encode(), timeout=PATIENCE)
            assert select.select([ours], [], [], PATIENCE)[0], "a helper does not end: %r" % (words,)
        finally:
            os.close(ours)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        self.result = Result(process.returncode, out, err.decode("utf-8", "replace"), time.monotonic() - start)
        sandbox.search(self.result, False)
        with open(board, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as data:
            self.count = struct.unpack_from("=I", data)[0]
            self.notes = [data[HEAD + i * NOTE_SIZE:HEAD + (i + 1) * NOTE_SIZE].split(b"\0")[0].decode("utf-8", "replace")
                          for i in range(min(self.count, NOTES))]
        os.remove(board)


def home_again(sandbox):
    """A function that makes the home what it is now."""
    copy = sandbox.path("home-copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(sandbox.home, copy, symlinks=True)

    def restore():
        shutil.rmtree(sandbox.home)
        shutil.copytree(copy, sandbox.home, symlinks=True)
    return restore


def at_each(sandbox, *words, check, input=b"", env=None, modes=(BEFORE, AFTER, POWER), restore=None, step=1):
    """Kill at each write; answers how many there are.  check(n, result) gets the number of
    the write and what the killed command did.  restore makes everything as it was before
    the run; without it the home is copied.  step: at every step-th write only."""
    restore = restore or home_again(sandbox)
    whole = Run(sandbox, words, input=input, env=env)
    assert whole.result.code == 0, whole.result
    assert whole.count > 0, "it writes nothing"
    for mode in modes:
        for n in range(1, whole.count + 1, step):
            restore()
            run = Run(sandbox, words, n, mode, input, env)
            if run.count < n:
                continue  # this time it needed fewer
            try:
                check(n, run.result)
            except AssertionError as fault:
                raise AssertionError("%s write %d of %d (%s): %s\nthe run: %r" %
                                     (MODES[mode], n, whole.count, run.notes[n - 1], fault, run.result))
    restore()
    return whole.count
