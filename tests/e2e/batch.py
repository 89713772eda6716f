# SPDX-License-Identifier: BSD-3-Clause
"""batch.py - many requests through the library; see batch.c."""

import base64
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import harness  # noqa: E402

BATCH = os.path.join(os.environ.get("TESTS_BUILD", os.path.dirname(harness.CREDENCE)), "e2e", "batch")


class Answer:
    """What became of a request: a status, or a code and why."""

    def __init__(self, line):
        head, second, rest = line.split(b" ", 2)
        self.refused = head == b"refused"
        self.status = None if self.refused else int(head)
        self.code = int(second) if self.refused else 0
        self.url = None if self.refused else second.decode()
        self.message = rest.decode() if self.refused else None
        self.body = None if self.refused else base64.b64decode(rest)

    def __repr__(self):
        return "<%s>" % ("refused %d: %s" % (self.code, self.message) if self.refused
                         else "%d %s %r" % (self.status, self.url, self.body))


def batch(sandbox, verb, profile, requests, at=None):
    """Sign or send (method, target, body or None) each; answers as many Answers."""
    lines = b"".join(b"%s %s %s\n" % (method.encode(), target.encode() or b"-",
                                      b"-" if body is None else base64.b64encode(body))
                     for method, target, body in requests)
    process = subprocess.Popen(harness.WRAPPER + [BATCH, verb, profile] + ([] if at is None else [str(at)]), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=sandbox.env,
                               start_new_session=True)
    try:
        out, err = process.communicate(lines, timeout=2 * harness.PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise AssertionError("batch does not end")
    assert process.returncode == 0, (process.returncode, err.decode("utf-8", "replace"))
    for secret in sandbox.secrets:
        assert secret.encode() not in out + err, "batch prints a secret"
    answers = [Answer(line) for line in out.split(b"\n")[:-1]]
    assert len(answers) == len(requests), (len(answers), len(requests))
    return answers
