# SPDX-License-Identifier: BSD-3-Clause
"""Questions to the user: on a terminal, in a window of pinentry, and to nobody.

Breaks when a secret is shown while it is typed, when the terminal stays hidden
behind the program's back, when an answer of pinentry does not arrive as it was
typed, when pinentry can hold the command up or outlives it, or when a question
that nobody can answer is not named.
"""

import base64
import hashlib
import hmac
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PATIENCE, SIXCONNECT_KEY, SIXCONNECT_SECRET, WRAPPER, case, main  # noqa: E402
from processes import adopt_orphans, descendants, leftovers  # noqa: E402
from terminal import Terminal  # noqa: E402
from vendors import Megaport, totp  # noqa: E402

SIGN = ("sign", "lab", "?action=get", "--format=url")
ADD = ("add", "lab", "6connect", "--keyring=file", "--endpoint=https://6.example/", "--quiet")
API_KEY = "api_key=" + SIXCONNECT_KEY
QUESTION = "Passphrase of the file keyring: "
SLACK = 30 if WRAPPER else 4  # seconds for everything but waiting
OTP_KEY, OTP_TIME = b"12345678901234567890", 59
ODD = "50% Größe\r\nin «Zoll» \\x"


def asking(**more):
    """The environment of a user who has to be asked."""
    return dict({"CREDENCE_PASSPHRASE_FILE": None, "DISPLAY": None, "WAYLAND_DISPLAY": None}, **more)


def with_passphrase(sandbox):
    """All but the passphrase is to be asked for."""
    return {"CREDENCE_PASSPHRASE_FILE": sandbox.env["CREDENCE_PASSPHRASE_FILE"]}


def second_factor(sandbox):
    """A server that wants a one-time password, and the profile mega for it."""
    server = Megaport(sandbox)
    server.account("example", "pass-word", otp_key=OTP_KEY, otp_time=OTP_TIME)
    sandbox.secrets.add(totp(OTP_KEY, OTP_TIME))
    sandbox.add("mega", "megaport", "mode=classic", "username=example", "otp=ask", secret="pass-word", field="password",
                endpoint=server.url)
    return server


def hash_of(secret):
    """What 6connect signs for SIGN."""
    query = "action=get&apiKey=" + SIXCONNECT_KEY
    digest = base64.b64encode(hmac.new(secret.encode(), query.encode(), hashlib.sha256).digest()).decode()
    return digest.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


# --- on a terminal -----------------------------------------------------------------

# The settings of a terminal go back by themselves when the program that it belongs
# to ends, so that is a shell, which tells them before and after.  It does not mind
# the signals that the command gets.
SHELL = """#!/bin/sh
trap : INT TERM HUP
stty -g >"$SETTINGS"
"$CREDENCE_COMMAND" "$@"
code=$?
stty -g >>"$SETTINGS"
exit $code
"""


class Question(Terminal):
    """The command on a terminal, in a shell."""

    def __init__(self, sandbox, *words, **env):
        self.settings = sandbox.path("settings")
        env = asking(**dict({"SETTINGS": self.settings, "CREDENCE_COMMAND": sandbox.command}, **env))
        command, sandbox.command = sandbox.command, sandbox.write("shell", SHELL, 0o700)
        # An empty variable is as good as none.
        super().__init__(sandbox, *words, env={name: value or "" for name, value in env.items()})
        sandbox.command = command

    def end(self):
        """The exit code; the terminal must be as it was."""
        code = super().end()
        with open(self.settings) as f:
            before, after = f.read().split()
        assert before == after, (before, after)
        return code


@case("on a terminal a passphrase is hidden, and the terminal is as before")
def _(sandbox):
    sandbox.sixconnect()
    terminal = Question(sandbox, *SIGN)
    assert not terminal.expect(QUESTION), "what is typed would be shown"
    terminal.type("correct horse")
    assert terminal.end() == 0, terminal.text
    assert hash_of(SIXCONNECT_SECRET).encode() in terminal.text and b"horse" not in terminal.text, terminal.text


@case("on a terminal a field that is not secret is shown, and a secret is not")
def _(sandbox):
    terminal = Question(sandbox, *ADD, **with_passphrase(sandbox))
    assert terminal.expect("API key: "), "a harmless answer should be shown"
    terminal.type(SIXCONNECT_KEY)
    assert not terminal.expect("Secret key: "), "what is typed would be shown"
    terminal.type("typed-secret")
    assert terminal.end() == 0 and b"typed-secret" not in terminal.text, terminal.text
    assert hash_of("typed-secret") in sandbox.ok(*SIGN).text


@case("broken off by SIGINT, SIGTERM, SIGHUP or Ctrl-C: ended by that, and the terminal as before")
def _(sandbox):
    sandbox.sixconnect()
    for number, how in ((signal.SIGINT, None), (signal.SIGTERM, None), (signal.SIGHUP, None),
                        (signal.SIGINT, b"\x03")):
        terminal = Question(sandbox, *SIGN)
        assert not terminal.expect(QUESTION)
        os.write(terminal.fd, b"half a passphr")
        if how is None:
            os.killpg(terminal.pid, number)
        else:
            os.write(terminal.fd, how)
        assert terminal.end() == 128 + number, (number, terminal.status, terminal.text)
        assert b"half" not in terminal.text and b"credence:" not in terminal.text, terminal.text


@case("stopped and going on: the question comes again, still hidden")
def _(sandbox):
    sandbox.sixconnect()
    terminal = Question(sandbox, *SIGN)
    assert not terminal.expect(QUESTION)
    # Nobody could let a process group without a shell of its own go on, so that the
    # system does not stop it.
    os.killpg(terminal.pid, signal.SIGTSTP)
    assert not terminal.expect(QUESTION)
    terminal.type("correct horse")
    assert terminal.end() == 0, terminal.text


@case("the terminal goes before a window, and with --no-prompt nothing is asked on either")
def _(sandbox):
    sandbox.sixconnect()
    pinentry = Pinentry(sandbox, ["correct horse"])
    terminal = Question(sandbox, *SIGN, **pinentry.env)
    assert not terminal.expect(QUESTION)
    terminal.type("correct horse")
    assert terminal.end() == 0, terminal.text
    terminal = Question(sandbox, *SIGN, "--no-prompt", **pinentry.env)
    assert terminal.end() == 4 and QUESTION.encode() not in terminal.text, terminal.text
    assert pinentry.heard() == []


@case("on a terminal a one-time password is hidden, and logs in")
def _(sandbox):
    server = second_factor(sandbox)
    terminal = Question(sandbox, "login", "mega", **with_passphrase(sandbox))
    assert not terminal.expect("One-time password for Megaport: "), "what is typed would be shown"
    terminal.type(totp(OTP_KEY, OTP_TIME))
    assert terminal.end() == 0 and b"logged in" in terminal.text and b"MEGAPORT" in terminal.text, terminal.text
    assert totp(OTP_KEY, OTP_TIME).encode() not in terminal.text
    assert server.take_log() == ["POST /v2/login 200"]


@case("a one-time password that was mistyped is asked for again, by whatever needs a login next")
def _(sandbox):
    server = second_factor(sandbox)
    terminal = Question(sandbox, "send", "mega", "/v2/x", **with_passphrase(sandbox))
    terminal.expect("One-time password for Megaport: ")
    terminal.type("000000")
    assert terminal.end() == 7 and b"typed" in terminal.text, terminal.text
    assert sandbox.ok("show", "mega", "--json").json["session"]["state"] == "none"
    terminal = Question(sandbox, "send", "mega", "/v2/x", **with_passphrase(sandbox))
    terminal.expect("One-time password for Megaport: ")
    terminal.type(totp(OTP_KEY, OTP_TIME))
    assert terminal.end() == 0, terminal.text
    assert server.take_log() == ["POST /v2/login 401", "POST /v2/login 200", "GET /v2/x 200"]


@case("a login reads and writes the keyring, and its passphrase is typed once")
def _(sandbox):
    server = second_factor(sandbox)
    terminal = Question(sandbox, "login", "mega")
    assert not terminal.expect(QUESTION)
    terminal.type("correct horse")
    terminal.expect("One-time password for Megaport: ")
    terminal.type(totp(OTP_KEY, OTP_TIME))
    assert terminal.end() == 0 and b"Passphrase" not in terminal.text, terminal.text
    assert server.take_log() == ["POST /v2/login 200"]
    sandbox.ok("send", "mega", "/v2/x")
    assert server.take_log() == ["GET /v2/x 200"], "the session was not stored"


# --- in a window --------------------------------------------------------------------

FAKE = """#!%(python)s
# A pinentry: one command on a line, answers that end with OK or ERR.
import os, signal, sys, time

answers, log = %(answers)r, %(log)r
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
fds = [fd for fd in os.listdir("/proc/self/fd") if int(fd) > 2 and os.path.exists("/proc/self/fd/" + fd)]
number = int(os.path.exists(log) and open(log).read().count("BEGIN"))


def note(text):
    with open(log, "a") as f:
        f.write(text + "\\n")


def say(line):
    sys.stdout.buffer.write(line + b"\\n")
    sys.stdout.buffer.flush()


note("BEGIN " + " ".join(fds))
print("Gtk-WARNING: a toolkit has something to say", file=sys.stderr)
exec(%(before)r)
say(b"# a comment goes before")
say(b"OK Pleased to meet you")
for line in iter(sys.stdin.readline, ""):
    note(line.rstrip("\\n"))
    end = b"OK"
    if line.startswith("GETPIN"):
        exec(%(instead)r)
        say(b"S SOMETHING is going on")
        sys.stdout.buffer.write(answers[number %% len(answers)])
    say(end)
"""


def data(text, everything=False):
    """D lines of an answer: a few bytes on each, %-encoded as much as must be, or all."""
    lines = b""
    raw = text.encode()
    for i in range(0, len(raw), 7):
        part = "".join("%%%02x" % byte for byte in raw[i:i + 7]).encode() if everything else \
            raw[i:i + 7].replace(b"%", b"%25").replace(b"\r", b"%0D").replace(b"\n", b"%0A")
        lines += b"D " + part + b"\n"
    return lines


class Pinentry:
    """A program pinentry in a folder of its own, which gives these answers in turn.
    before runs before its greeting, instead before an answer."""

    def __init__(self, sandbox, answers=("",), before="", instead="", everything=False):
        self.log = sandbox.path("pinentry.log")
        if os.path.exists(self.log):
            os.unlink(self.log)
        text = FAKE % {"python": sys.executable, "answers": [data(answer, everything) for answer in answers],
                       "log": self.log, "before": before, "instead": instead}
        program = sandbox.write("bin/pinentry", text, 0o700)
        self.env = {"PATH": os.path.dirname(program) + ":" + os.environ.get("PATH", "/usr/bin:/bin"), "DISPLAY": ":99"}

    def heard(self):
        """The commands it was given, without what it says of itself."""
        if not os.path.exists(self.log):
            return []
        with open(self.log) as f:
            return [line.rstrip("\n") for line in f if not line.startswith("BEGIN")]

    def descriptors(self):
        with open(self.log) as f:
            return f.readline().split()[1:]


@case("without a terminal a window asks, and what was typed signs")
def _(sandbox):
    sandbox.sixconnect()
    for display in ({}, {"DISPLAY": None, "WAYLAND_DISPLAY": "wayland-9"}):
        pinentry = Pinentry(sandbox, ["correct horse"])
        result = sandbox.ok(*SIGN, env=asking(**dict(pinentry.env, **display)))
        assert hash_of(SIXCONNECT_SECRET) in result.text and result.err == "", result
        heard = pinentry.heard()
        assert "SETTITLE Credence" in heard and "SETDESC Passphrase of the file keyring" in heard, heard
        assert heard.count("GETPIN") == 1, heard
        assert WRAPPER or pinentry.descriptors() == [], pinentry.descriptors()


@case("a wrong passphrase is asked for again in a new window")
def _(sandbox):
    sandbox.sixconnect()
    pinentry = Pinentry(sandbox, ["wrong", "correct horse"])
    sandbox.ok(*SIGN, env=asking(**pinentry.env))
    assert pinentry.heard().count("GETPIN") == 2


@case("an answer arrives byte by byte as it was typed, however it is encoded")
def _(sandbox):
    sandbox.secrets.add(ODD)
    for name, everything in (("some", False), ("all", True)):
        pinentry = Pinentry(sandbox, [ODD], everything=everything)
        sandbox.ok("add", name, *ADD[2:], API_KEY, env=asking(**dict(pinentry.env, **with_passphrase(sandbox))))
        assert "SETDESC Secret key" in pinentry.heard()
        assert hash_of(ODD) in sandbox.ok("sign", name, *SIGN[2:]).text


@case("a one-time password from a window logs in; cancelled, nothing is sent")
def _(sandbox):
    server = second_factor(sandbox)
    pinentry = Pinentry(sandbox, instead="end = b'ERR 83886179 Operation cancelled'")
    env = asking(**dict(pinentry.env, **with_passphrase(sandbox)))
    sandbox.fails(4, "send", "mega", "/v2/x", env=env, saying="One-time password for Megaport")
    assert server.take_log() == []
    pinentry = Pinentry(sandbox, [totp(OTP_KEY, OTP_TIME)])
    sandbox.ok("send", "mega", "/v2/x", env=env)
    assert "SETDESC One-time password for Megaport" in pinentry.heard() and "SETPROMPT Code:" in pinentry.heard()
    assert server.take_log() == ["POST /v2/login 200", "GET /v2/x 200"]


@case("a field that is not secret is not asked for in a window, which would hide it")
def _(sandbox):
    pinentry = Pinentry(sandbox, [SIXCONNECT_KEY])
    sandbox.fails(4, *ADD, env=asking(**pinentry.env), saying="give api_key=VALUE")
    assert pinentry.heard() == []


@case("a window that cannot be opened is no answer: exit 4, as if there was nobody to ask")
def _(sandbox):
    sandbox.sixconnect()
    pinentry = Pinentry(sandbox, instead="end = b'ERR 83886340 Inappropriate ioctl for device'")
    sandbox.fails(4, *SIGN, env=asking(**pinentry.env), saying="CREDENCE_PASSPHRASE_F")


@case("cancelled or empty: exit 4, nothing is made, and nobody is asked again")
def _(sandbox):
    sandbox.sixconnect()
    for end in (b"ERR 83886179 Operation cancelled <Pinentry>", b"OK"):
        pinentry = Pinentry(sandbox, instead="end = %r" % end)
        sandbox.fails(4, *SIGN, env=asking(**pinentry.env), saying="no passphrase was given")
        assert pinentry.heard().count("GETPIN") == 1
        sandbox.fails(4, "add", "new", *ADD[2:], API_KEY, env=asking(**pinentry.env), saying="nothing was entered")
        sandbox.fails(3, "show", "new")


@case("a pinentry that dies, is none or talks nonsense: exit 4 as if there was none, and nothing is left")
def _(sandbox):
    sandbox.sixconnect()
    known = descendants()
    for before, instead in (("sys.exit(1)", ""), ("say(b'OK'); sys.exit(0)", ""), ("os.close(0); time.sleep(0.2)", ""),
                            ("print('<html>'); sys.stdout.flush()", ""),
                            ("sys.stdout.write('OK ' + 'x' * 100000)", ""),
                            ("", "sys.exit(0)"), ("", "say(b'D half'); os._exit(0)"), ("", "say(b'D')"),
                            ("", "say(b'D %zz')"), ("", "say(b'D %4')"), ("", "say(b'D a%00b')"),
                            ("", "say(b'INQUIRE X')")):
        pinentry = Pinentry(sandbox, before=before, instead=instead)
        sandbox.fails(4, *SIGN, env=asking(**pinentry.env), saying="passphrase")
        assert not leftovers(known), (before, instead)
    sandbox.fails(4, *SIGN, env=asking(**Pinentry(sandbox, ["x" * 5000]).env))
    if not WRAPPER:  # which is found in the PATH, too
        sandbox.fails(4, *SIGN, env=asking(DISPLAY=":99", PATH=sandbox.home))


@case("a pinentry that does not answer is ended with --timeout, even one that is deaf")
def _(sandbox):
    sandbox.sixconnect()
    known = descendants()
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    for before, instead in (("time.sleep(600)", ""), (deaf, "time.sleep(600)"),
                            ("", "while True: say(b'S WORKING'); time.sleep(0.01)")):
        pinentry = Pinentry(sandbox, before=before, instead=instead)
        result = sandbox.fails((4, 8), *SIGN, "--timeout=0.6", env=asking(**pinentry.env))
        assert 0.6 <= result.seconds < 0.6 + SLACK, result
        assert not leftovers(known), "%r outlives the command" % before


@case("ended while a window is open: the window goes, too")
def _(sandbox):
    sandbox.sixconnect()
    known = descendants()
    pinentry = Pinentry(sandbox, instead="note('OPEN'); time.sleep(600)")
    for number in (signal.SIGTERM, signal.SIGINT):
        process = sandbox.popen(*SIGN, env=asking(**pinentry.env))
        deadline = time.monotonic() + PATIENCE
        while "OPEN" not in pinentry.heard():
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        os.unlink(pinentry.log)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out, err) == (-number, b"", b""), (process.returncode, out, err)
        assert not leftovers(known), "the window is still open"


# --- nobody ---------------------------------------------------------------------------


@case("neither terminal nor display, or --no-prompt: exit 4, and the question is named")
def _(sandbox):
    sandbox.sixconnect()
    pinentry = Pinentry(sandbox, ["correct horse"])
    nobody = asking(**dict(pinentry.env, DISPLAY=None))
    server = second_factor(sandbox)
    for env, options in ((nobody, ()), (dict(nobody, DISPLAY="", WAYLAND_DISPLAY=""), ()),
                         (asking(**pinentry.env), ("--no-prompt",))):
        sandbox.fails(4, *SIGN, *options, env=env, saying="passphrase")
        sandbox.fails(4, "add", "new", *ADD[2:], API_KEY, *options, env=env, saying="secret_key is missing")
        sandbox.fails(4, "login", "mega", *options, env=dict(env, **with_passphrase(sandbox)),
                      saying="One-time password for Megaport")
    assert pinentry.heard() == [] and server.take_log() == []


if __name__ == "__main__":
    adopt_orphans()
    main()
