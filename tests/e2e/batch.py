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


def encoded(data):
    return b"-" if data is None else base64.b64encode(data)


def decoded(word):
    return b"" if word == b"-" else base64.b64decode(word)


def line_of(method, target, body, headers=()):
    """What batch reads; headers are pairs of bytes."""
    lines = b"".join(b"%s:%s\n" % header for header in headers)
    return b"%s %s %s %s\n" % (method.encode(), target.encode() or b"-", encoded(body), encoded(lines or None))


class Answer:
    """What became of a request: a status, or a code and why."""

    def __init__(self, line):
        head, second, rest = line.split(b" ", 2)
        self.refused = head == b"refused"
        self.status = self.url = self.message = self.body = self.headers = None
        self.code = 0
        if self.refused:
            self.code, self.message = int(second), rest.decode()
        else:
            body, headers = rest.split(b" ")
            self.status, self.url, self.body = int(head), second.decode(), base64.b64decode(body)
            self.headers = [tuple(header.split(b":", 1)) for header in decoded(headers).split(b"\n")[:-1]]

    def __repr__(self):
        return "<%s>" % ("refused %d: %s" % (self.code, self.message) if self.refused
                         else "%d %s %r" % (self.status, self.url, self.body))


def batch(sandbox, verb, profile, requests, at=None, may_print_secret=False):
    """Sign or send (method, target, body or None) each, perhaps with headers behind it; answers as
    many Answers."""
    lines = b"".join(line_of(*request) for request in requests)
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
        assert secret.encode() not in err, "batch prints a secret"
        assert may_print_secret or secret.encode() not in out, "batch prints a secret"
    answers = [Answer(line) for line in out.split(b"\n")[:-1]]
    assert len(answers) == len(requests), (len(answers), len(requests))
    return answers
