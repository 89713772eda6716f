# SPDX-License-Identifier: BSD-3-Clause
"""processes.py - what runs below a test, from /proc.

A process whose parent ended goes to the nearest subreaper: adopt_orphans() makes
the test one, so that nothing a command leaves behind gets out of sight, whatever
session or name it gave itself.
"""

import ctypes
import os
import signal
import time

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def parents():
    """{pid: its parent} of all that runs; who only waits to be reaped counts, too."""
    table = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, "rb") as f:
                    table[int(name)] = int(f.read().rpartition(b")")[2].split()[1])
            except OSError:
                pass  # it ended meanwhile
    return table


def descendants(root=None):
    """All processes below one, this one unless told."""
    table = parents()
    found, todo = set(), [os.getpid() if root is None else root]
    while todo:
        pid = todo.pop()
        children = {child for child, parent in table.items() if parent == pid} - found
        found |= children
        todo += children
    return found


def name_of(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            return f.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""


def leftovers(known, patience=2.0):
    """Processes below this one that are not among the known and do not go away.
    They are ended and reaped, so that they cannot disturb another case."""
    deadline = time.monotonic() + patience
    while True:
        reap_adopted(known)
        left = descendants() - known
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    names = ["%d %s" % (pid, name_of(pid)) for pid in sorted(left)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    while left and descendants() - known:
        reap_adopted(known)
        time.sleep(0.01)
    return names


def reap_adopted(known):
    """Children that this test did not start, but was given."""
    for pid, parent in parents().items():
        if parent == os.getpid() and pid not in known:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
