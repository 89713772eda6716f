# SPDX-License-Identifier: BSD-3-Clause
"""Keyring helpers that misbehave, each in one way, against the command.

Breaks when a helper can keep the command waiting beyond its deadline, make it take
memory without bound, crash it, put words in its mouth, pass a lack of sense off as
"no such secret", or outlive it.
"""

import os
import resource
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import PATIENCE, SIXCONNECT_KEY, SIXCONNECT_SECRET, WRAPPER, case, main  # noqa: E402
from processes import adopt_orphans, descendants, leftovers  # noqa: E402

PROFILE = """[profile]
stack = 6connect
endpoint = https://cloud.6connect.com/6c_375/api/v1/api.php
keyring = %s

[6connect]
api_key = %s
"""
SIGN = ("sign", "lab", "?action=get", "--format=url")
SLACK = 30 if WRAPPER else 1.5  # seconds for everything but waiting
LOCKED, LOST, LATE, BAD = 4, 5, 8, 9


def prepare(sandbox, keyring):
    sandbox.secrets.add(SIXCONNECT_SECRET)
    sandbox.write("home/.config/credence/profiles/lab.conf", PROFILE % (keyring, SIXCONNECT_KEY))
    os.mkdir(sandbox.path("starts"))
    sandbox.env["FAKE_KEYRING_MARKER"] = sandbox.path("starts")


def starts(sandbox):
    return len(os.listdir(sandbox.path("starts")))


def each(*names, says):
    """The same case for several helpers."""
    def bind(function, name):
        return lambda sandbox: function(sandbox, name)

    def keep(function):
        for name in names:
            case(says % name)(bind(function, name))
    return keep


def none_left(known):
    """A helper that was killed is gone a moment later, since nobody waits for it."""
    left = leftovers(known, patience=0.5)
    assert not left, "still running: %r" % left


def attempt(sandbox, keyring, code, *options, saying=None, words=SIGN):
    """Sign, and see that no process is left; code 0 when that must work."""
    prepare(sandbox, keyring)
    known = descendants()
    if code == 0:
        result = sandbox.ok(*words, *options)
        assert result.err == "", result
    else:
        result = sandbox.fails(code, *words, *options, saying=saying)
        assert result.out == b"", result
        assert ("keyring " + keyring) in result.err and result.err.rstrip().endswith(")"), \
            "neither keyring nor remedy: %r" % result
    none_left(known)
    return result


def attempt_late(sandbox, keyring, limit, *options):
    result = attempt(sandbox, keyring, LATE, *options, saying="no answer within")
    assert limit - 0.1 < result.seconds < limit + SLACK, "the deadline is %g s: %r" % (limit, result)


@case("a helper that behaves: the request is signed")
def _(sandbox):
    result = attempt(sandbox, "well", 0)
    assert "hash=" in result.text
    assert starts(sandbox) == 1, starts(sandbox)


@case("hangs for ever: ends after 2 s without being asked to prompt")
def _(sandbox):
    attempt_late(sandbox, "hang", 2, "--no-prompt")


@case("hangs for ever: --timeout=1 is kept")
def _(sandbox):
    attempt_late(sandbox, "hang", 1, "--timeout=1")


@case("hangs in the middle of an answer: --timeout=1 is kept")
def _(sandbox):
    attempt_late(sandbox, "half", 1, "--timeout=1")


@case("announces 1 GiB and waits: refused at once")
def _(sandbox):
    result = attempt(sandbox, "giant", LOST, "--no-prompt", saying="not the protocol")
    assert result.seconds < SLACK, result


@case("leaves the socket to a child and dies: the deadline holds, and the child goes, too")
def _(sandbox):
    attempt_late(sandbox, "orphans", 1, "--timeout=1")


@each("stillborn", "faints", says="%s: started once more, then reported")
def _(sandbox, name):
    attempt(sandbox, name, LOST, "--no-prompt", saying="its helper died")
    assert starts(sandbox) == 2, starts(sandbox)


@case("dies the first time and works the second: the request is signed")
def _(sandbox):
    result = attempt(sandbox, "revives", 0)
    assert "hash=" in result.text
    assert starts(sandbox) == 2, starts(sandbox)


@case("a write is not repeated, since it may have taken place")
def _(sandbox):
    attempt(sandbox, "faints", LOST, "--no-prompt", words=("remove", "lab"))
    assert starts(sandbox) == 1, starts(sandbox)
    assert os.path.exists(sandbox.config("lab")), "the profile is gone although its secret may not be"


@each("garbage", "prose", "empty", "wordy-status", "far-status", "negative-status", "no-status", "no-value",
      "no-revision", says="%s: is not the protocol")
def _(sandbox, name):
    attempt(sandbox, name, LOST, "--no-prompt", saying="not the protocol")


@each("no-record", "torn-record", says="%s: what is stored is damaged")
def _(sandbox, name):
    prepare(sandbox, name)
    known = descendants()
    sandbox.fails(BAD, *SIGN, "--no-prompt", saying="not a Credence record")
    none_left(known)


@case("what a helper says cannot forge a line or steer the terminal")
def _(sandbox):
    result = attempt(sandbox, "rude", 6, "--no-prompt")
    assert not any(ord(c) < 32 or ord(c) == 127 for c in result.err.rstrip("\n")), result


@case("writes to standard error: nobody sees it")
def _(sandbox):
    attempt(sandbox, "noisy", 0)


@case("does not want to end: it is made to, and soon")
def _(sandbox):
    result = attempt(sandbox, "stubborn", 0)
    assert result.seconds < SLACK, result


@case("has a child that keeps the socket: the request is signed without waiting for it")
def _(sandbox):
    prepare(sandbox, "parent")
    known = descendants()
    result = sandbox.ok(*SIGN)
    assert result.seconds < SLACK, result
    none_left(known)


def peak_memory(sandbox, *words):
    """The most memory that the command had, in MiB, and its exit code."""
    process = sandbox.popen(*words)
    process.stdin.close()
    out, err = process.stdout.read(), process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert SIXCONNECT_SECRET.encode() not in out + err
    return usage.ru_maxrss / 1024, process.returncode


@each("giant", "flood", "chatter", says="%s: 1 GiB takes no memory and no time")
def _(sandbox, name):
    prepare(sandbox, "well")
    usual, code = peak_memory(sandbox, *SIGN)
    assert code == 0, code
    sandbox.write("home/.config/credence/profiles/lab.conf", PROFILE % (name, SIXCONNECT_KEY))
    known = descendants()
    start = time.monotonic()
    peak, code = peak_memory(sandbox, *SIGN, "--timeout=2")
    # Whoever answered well before is believed; what comes after is not read.
    assert code == (0 if name == "chatter" else LOST), code
    assert peak < usual + 16, "%d MiB instead of %d" % (peak, usual)
    assert time.monotonic() - start < 2 + SLACK
    none_left(known)


@case("twenty commands at once with helpers that hang: all end by their deadline")
def _(sandbox):
    prepare(sandbox, "hang")
    known = descendants()
    start = time.monotonic()
    processes = [sandbox.popen(*SIGN, "--timeout=1") for _ in range(4 if WRAPPER else 20)]
    for process in processes:
        process.communicate(timeout=PATIENCE)
        assert process.returncode == LATE, process.returncode
    assert time.monotonic() - start < 1 + 4 * SLACK
    none_left(known)


@case("there is no such helper: says so, and does not say that a secret is missing")
def _(sandbox):
    prepare(sandbox, "imaginary")
    sandbox.fails(LOST, *SIGN, saying="there is no keyring imaginary")


@case("a keyring's name cannot lead to another folder")
def _(sandbox):
    prepare(sandbox, "../../../bin/sh")
    sandbox.fails((2, 9), *SIGN)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    adopt_orphans()
    main()
