# SPDX-License-Identifier: BSD-3-Clause
"""Speak the keyring protocol to a helper, and print TAP.

The protocol is written down here a second time, from credence-keyring(7) and
not from the C code, so that the two check each other.
"""
import os
import signal
import socket
import struct
import subprocess
import sys
import traceback

# CREDENCE_E_* without their sign.
OK, FAILED, NOMEM, INVALID, NOT_FOUND, LOCKED, PROMPT_REQUIRED, DISMISSED = range(8)
TIMEOUT, NO_KEYRING, SERVICE_LOST, AMBIGUOUS, CONFLICT, CORRUPT, TOO_LARGE = range(8, 15)
DENIED, REFUSED, UNSUPPORTED = range(15, 18)

TAGS = {"op": "o", "profile": "p", "kind": "k", "value": "v", "expect": "e", "label": "l",
        "deadline": "d", "prompt": "P", "passphrase": "s", "store": "i"}


class Died(Exception):
    """The helper closed the connection instead of answering."""


class Answer:
    def __init__(self, fields):
        self.fields = fields
        self.status = int(self.first("S"))
        self.message = self.first("m") or ""
        self.remedy = self.first("r") or ""
        self.revision = self.first("R")
        self.value = self.first("v")
        self.wants = self.first("w")
        self.store = self.first("i")

    def first(self, tag):
        return next((text for name, text in self.fields if name == tag), None)

    def names(self):
        return [text for name, text in self.fields if name == "n"]

    def facts(self):
        return dict(text.split("=", 1) for name, text in self.fields if name == "x")

    def __repr__(self):
        return "Answer(%r)" % (self.fields,)


def encode(fields):
    data = b""
    for tag, value in fields:
        raw = value if isinstance(value, bytes) else str(value).encode()
        data += tag.encode() + struct.pack(">I", len(raw)) + raw
    return struct.pack(">I", len(data)) + data


def decode(data):
    fields, at = [], 0
    while at < len(data):
        size, = struct.unpack_from(">I", data, at + 1)
        if at + 5 + size > len(data):
            raise ValueError("answer is not whole")
        fields.append((chr(data[at]), data[at + 5:at + 5 + size].decode()))
        at += 5 + size
    return fields


class Helper:
    """A running helper.  Use it in a with statement, so that none is left."""

    def __init__(self, program, env=None, close_fds=True):
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(30)
        with theirs:
            self.process = subprocess.Popen([os.path.join(os.environ["KEYRING_DIR"], program)],
                                            stdin=theirs, stdout=theirs, env=env, close_fds=close_fds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def send(self, op, **fields):
        self.send_raw(encode([("o", op)] + [(TAGS[name], value) for name, value in fields.items()]))

    def send_raw(self, data):
        self.socket.sendall(data)

    def receive_exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                more = self.socket.recv(size - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                raise Died()
            data += more
        return data

    def receive(self):
        size, = struct.unpack(">I", self.receive_exactly(4))
        return Answer(decode(self.receive_exactly(size)))

    def call(self, op, **fields):
        self.send(op, **fields)
        return self.receive()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def expect_death(helper):
    """The helper ends without an answer.  Returns its exit code."""
    try:
        answer = helper.receive()
    except Died:
        return helper.process.wait(5)
    raise AssertionError("the helper answered %r" % answer)


def same(actual, wanted, what=""):
    if actual != wanted:
        raise AssertionError("%s: got %r instead of %r" % (what or "result", actual, wanted))


def status(answer, wanted):
    if answer.status != wanted:
        raise AssertionError("status %d instead of %d: %r" % (answer.status, wanted, answer))
    if wanted not in (OK, NOT_FOUND) and not answer.message:
        raise AssertionError("an error without a message: %r" % answer)
    return answer


def run_cases(cases):
    """Run functions as TAP tests; the first line of the docstring is the name."""
    failed = 0
    print("1..%d" % len(cases))
    for number, case in enumerate(cases, 1):
        name = (case.__doc__ or case.__name__).strip().splitlines()[0]
        try:
            case()
            print("ok %d - %s" % (number, name), flush=True)
        except Exception:
            failed += 1
            print("not ok %d - %s" % (number, name))
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            sys.stdout.flush()
    return 1 if failed else 0
