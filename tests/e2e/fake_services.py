# SPDX-License-Identifier: BSD-3-Clause
"""Secret Services that fail, each in one way, against the command.

Each row says how the service behaves, what the command then answers, and with which
exit code.  Breaks when a service can keep the command waiting beyond its deadline,
make it ask somebody when it must not, pass what is locked off as "not found", or spoil
what comes after it; and when the error does not say what to do.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "keyring"))
from harness import CREDENCE, PATIENCE, SIXCONNECT_SECRET, WRAPPER, Desktop, Skip, case, main  # noqa: E402
from processes import adopt_orphans, descendants, leftovers  # noqa: E402
from protocol import OK, Helper, status  # noqa: E402
from secret_service import FakeService  # noqa: E402

SIGN = ("sign", "lab", "?action=get", "--format=url")
SET = ("set", "lab", "--secret", "secret_key=-", "--quiet")
REMOVE = ("remove", "lab", "--quiet")
ADD = ("add", "new", "6connect", "api_key=1-A", "--endpoint", "https://a.example/", "--keyring", "secret-service",
       "--secret", "secret_key=-", "--quiet")
SLACK = 30 if WRAPPER else 1.5  # seconds for everything but waiting
DONE, FAILED, MISSING, LOCKED, LOST, LATE, BAD = 0, 1, 3, 4, 5, 8, 9
# From the helper or, where the machine is too busy for that, from the library.
LATELY = re.compile("did not answer in time|no answer within")
DISPLAY = {"DISPLAY": ":99"}  # that there is one, is all that matters
ASKING = {"Unlock", "Prompt"}


class Stage:
    """A bus, a fake service on it and the profile lab in that."""

    def __init__(self):
        try:
            import dbus  # noqa: F401
            from gi.repository import GLib  # noqa: F401
        except ImportError as error:
            raise Skip(str(error))
        self.desktop = Desktop(activation=False, service=False)
        self.sandbox = self.desktop.sandbox
        self.service = FakeService(self.desktop)
        self.sandbox.sixconnect()

    def run(self, code, *words, saying=None, **kw):
        """A command, which is to leave no process behind."""
        known = descendants()
        if code == DONE:
            result = self.sandbox.ok(*words, **kw)
        else:
            result = self.sandbox.fails(code, *words, **kw)
            assert re.search(saying or "", result.err), "does not say %r: %r" % (saying, result)
            assert re.search(r"keyring.+\(.+\)$", result.err.strip()), "neither keyring nor remedy: %r" % result
        left = leftovers(known, patience=0.5)
        assert not left, "still running: %r" % left
        return result

    def recovers(self):
        """What went wrong is over once the service is all right."""
        self.service.behave()
        if self.service.process.poll() is not None:
            self.service.start()
        self.run(DONE, *SIGN, "--no-prompt")

    def close(self):
        self.desktop.close()


def staged(says):
    """A case that gets a stage."""
    def keep(function):
        def run():
            stage = Stage()
            try:
                function(stage)
            finally:
                stage.close()
        case(says)(run)
    return keep


def silent(stage, words=SIGN):
    return stage.run(LATE, *words, "--timeout=0.5", saying=LATELY, input="another")


# --- services that do not ask --------------------------------------------------------------

# How it behaves; exit code; what the error says; what the remedy says.
ROWS = [
    ("mute:GetAll", LATE, LATELY, "--timeout"),
    ("mute:SearchItems", LATE, LATELY, "--timeout"),
    ("mute:OpenSession", LATE, LATELY, "--timeout"),
    ("mute:GetSecret", LATE, LATELY, "--timeout"),
    ("late:SearchItems:3", LATE, LATELY, "--timeout"),
    ("late:GetSecret:3", LATE, LATELY, "--timeout"),
    ("die:GetAll", LOST, "went away", "try again"),
    ("die:SearchItems", LOST, "went away", "try again"),
    ("die:OpenSession", LOST, "went away", "try again"),
    ("die:GetSecret", LOST, "went away", "try again"),
    ("locked", LOCKED, "is locked", "unlock it"),
    ("locked hidden", LOCKED, "is locked", "unlock it"),
    ("twice", FAILED, "several items", "delete all but one"),
    ("algorithm:none", FAILED, "cannot do this", "--keyring file"),
    ("algorithm:nonsense", BAD, "makes no sense", "--keyring file"),
    ("huge:16", BAD, "over 65536 bytes", "delete it"),
    ("contradict", LOCKED, "was locked meanwhile", "unlock it"),
    ("garble:SearchItems", BAD, "makes no sense", "--keyring file"),
    ("garble:GetSecret", BAD, "makes no sense", "--keyring file"),
    ("error:SearchItems:org.example.Nonsense", FAILED, "refused", "try again"),
    ("error:GetSecret:org.freedesktop.DBus.Error.AccessDenied", 6, "may not be used", "restricts"),
    ("error:GetSecret:org.freedesktop.Secret.Error.NoSession", LOST, "went away", "try again"),
    ("error:GetSecret:org.freedesktop.DBus.Error.UnknownObject", FAILED, "deleted the item meanwhile", "try again"),
]


@staged("a service that is all right: add, sign, set and remove")
def _(stage):
    stage.service.behave()
    before = stage.run(DONE, *SIGN).out
    # Signing is to be quick; the first session is one with encryption, which the fake has not.
    assert stage.service.calls() == ["GetAll", "SearchItems", "OpenSession", "OpenSession", "GetSecret"], \
        stage.service.calls()
    stage.run(DONE, *SET, input="another")
    assert stage.run(DONE, *SIGN).out != before
    stage.run(DONE, *REMOVE)
    assert not ASKING & set(stage.service.calls()), stage.service.calls()


def rows(numbers, says):
    @staged(says)
    def _(stage):
        for manners, code, saying, remedy in ROWS[numbers]:
            try:
                stage.service.behave(*manners.split())
                options = ("--timeout=0.5",) if code == LATE else ()
                result = stage.run(code, *SIGN, "--no-prompt", *options, saying=saying)
                assert remedy in re.search(r"\((.+)\)$", result.err.strip()).group(1), result
                assert result.seconds < (0.5 if code == LATE else 0) + SLACK, result
                assert result.out == b"", result
                assert not ASKING & set(stage.service.calls()), stage.service.calls()
                stage.recovers()
            except AssertionError as error:
                raise AssertionError("%s: %s" % (manners, error))


rows(slice(0, 6), "never replies, or too late: the deadline holds, and the next call works")
rows(slice(6, 10), "vanishes in mid-call: lost, and the next call works")
rows(slice(10, len(ROWS)), "wrong in other ways: each has its own error and remedy, and the next call works")


@staged("without --timeout and without a prompt two seconds are the limit")
def _(stage):
    stage.service.behave("mute:SearchItems")
    result = stage.run(LATE, *SIGN, "--no-prompt", saying=LATELY)
    assert 1.7 < result.seconds < 2 + SLACK, result


@staged("never replies to a change: the deadline holds, and nothing is forgotten")
def _(stage):
    for words, method in ((SET, "SetSecret"), (REMOVE, "Delete"), (ADD, "CreateItem")):
        stage.service.behave("mute:" + method)
        silent(stage, words)
        assert method in stage.service.calls(), stage.service.calls()
        assert os.path.exists(stage.sandbox.config("lab")) and not os.path.exists(stage.sandbox.config("new"))
        stage.recovers()


@staged("no default collection: nowhere to store, and what is not found is not called absent")
def _(stage):
    stage.service.behave("homeless")
    stage.run(DONE, *SIGN)  # What is found, is used.
    stage.run(LOST, *ADD, input="another", saying="no default keyring")
    os.remove(os.path.join(stage.service.folder, "items"))
    for words in (SIGN, REMOVE):
        result = stage.run(LOST, *words, saying="no default keyring")
        assert "create" in result.err and "open" in result.err, result
    assert os.path.exists(stage.sandbox.config("lab"))
    stage.service.behave()
    stage.run(MISSING, *SIGN, saying="holds no secret")


@staged("an item that vanishes between search and reading: a conflict, and list leaves it out")
def _(stage):
    stage.service.behave("elope")
    stage.run(FAILED, *SIGN, saying="deleted the item meanwhile")
    stage.service.behave()
    stage.run(MISSING, *SIGN, saying="holds no secret")
    stage.run(DONE, *REMOVE)
    stage.sandbox.sixconnect()
    with helper(stage) as h:
        assert status(h.call("list"), OK).names() == ["lab"]
        stage.service.behave("elope")
        assert status(h.call("list"), OK).names() == []


def helper(stage):
    os.environ.setdefault("KEYRING_DIR", os.path.join(os.environ["CREDENCE_FIXTURE"], "keyrings"))
    return Helper("keyring-secret-service", dict(stage.sandbox.env, ASAN_OPTIONS="detect_leaks=0"))


@staged("a secret of 16 MiB costs memory for a while, and not without bound")
def _(stage):
    if WRAPPER:
        raise Skip("what a wrapper needs is no measure")
    stage.service.behave("huge:16")
    with helper(stage) as h:
        for _ in range(3):
            assert "over 65536 bytes" in h.call("get", profile="lab", kind="credential").message
        with open("/proc/%d/status" % h.process.pid) as f:
            peak = int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1))
        assert peak < 200 << 10, "%d kB" % peak


@staged("the bus itself dies in mid-call: lost, at once")
def _(stage):
    stage.service.behave("kill:SearchItems:%d" % stage.desktop.bus.pid, "mute:SearchItems")
    result = stage.run(LOST, *SIGN, "--no-prompt", saying="went away")
    assert result.seconds < SLACK, result
    stage.run(LOST, *SIGN, "--no-prompt", saying="nothing answers")


@staged("replies that come after the deadline disturb nobody")
def _(stage):
    stage.service.behave("late:SearchItems:0.6")
    silent(stage) if WRAPPER else stage.run(LATE, *SIGN, "--timeout=0.3", saying=LATELY)
    time.sleep(0.5)
    stage.recovers()


@staged("waits for a person before it answers a search: locked, and not late")
def _(stage):
    stage.service.behave("mute:SearchItems", "locked")
    result = stage.run(LOCKED, *SIGN, "--no-prompt", "--timeout=4", saying="nobody unlocked it in time")
    assert 3 < result.seconds < 4 + SLACK, result
    stage.recovers()


# --- services that ask --------------------------------------------------------------------------


@staged("--no-prompt: neither Unlock nor Prompt is called, whatever is wanted")
def _(stage):
    for manners in (("locked",), ("locked", "hidden")):
        stage.service.behave(*manners)
        for words in (SIGN, SET, REMOVE, ADD):
            result = stage.run(LOCKED, *words, "--no-prompt", saying="is locked", input="another", env=DISPLAY)
            assert "--no-prompt" in result.err, result
        assert not ASKING & set(stage.service.calls()), stage.service.calls()
    for word, words in (("ask:Delete", REMOVE), ("ask:CreateItem", ADD)):
        stage.service.behave(word)
        stage.run(LOCKED, *words, "--no-prompt", saying="wants to ask", input="another", env=DISPLAY)
        assert not ASKING & set(stage.service.calls()), stage.service.calls()
        assert "Dismiss" in stage.service.calls(), stage.service.calls()
        stage.recovers()


@staged("without a display nobody is asked either")
def _(stage):
    stage.service.behave("locked")
    stage.run(LOCKED, *SIGN, saying="no display")
    stage.service.behave("ask:Delete")
    stage.run(LOCKED, *REMOVE, saying="no display")
    assert not ASKING & set(stage.service.calls()), stage.service.calls()


@staged("unlocks after a prompt: it works, for each command, with one prompt")
def _(stage):
    for manners in (("locked",), ("locked", "hidden"), ("ask:Delete", "ask:CreateItem")):
        for words in (SIGN, SET, ADD, ("remove", "new", "--quiet")):
            stage.service.behave(*manners)
            if "locked" in manners:
                stage.service.stop()
                stage.service.start()
            stage.run(DONE, *words, input="another", env=DISPLAY)
            prompts = stage.service.calls().count("Prompt")
            assert prompts == (1 if "locked" in manners or words[1] == "new" else 0), (words, stage.service.calls())


@staged("a prompt that is dismissed has its own error, and changes nothing")
def _(stage):
    for manners, words in (("locked", SIGN), ("locked", REMOVE), ("ask:Delete", REMOVE), ("ask:CreateItem", ADD)):
        stage.service.behave(manners, "prompt:dismiss")
        stage.run(LOCKED, *words, saying="dismissed", input="another", env=DISPLAY)
        assert os.path.exists(stage.sandbox.config("lab")) and not os.path.exists(stage.sandbox.config("new"))
        stage.recovers()


@staged("a prompt that nobody answers ends at the deadline, and is taken away")
def _(stage):
    for manners, words in (("locked", SIGN), ("locked mute:Dismiss", SIGN), ("ask:Delete", REMOVE),
                           ("ask:CreateItem", ADD)):
        stage.service.behave(manners, "prompt:silent")
        result = stage.run(LATE, *words, "--timeout=1.5", saying="nobody answered", input="another", env=DISPLAY)
        assert 1.2 < result.seconds < 1.5 + SLACK, result
        assert "Dismiss" in stage.service.calls(), stage.service.calls()
        stage.recovers()


@staged("locked, and Unlock neither unlocks nor asks: locked, and not dismissed")
def _(stage):
    stage.service.behave("locked", "unlock:nothing")
    result = stage.run(LOCKED, *SIGN, saying="does not ask", env=DISPLAY)
    assert "unlock it" in result.err and result.seconds < SLACK, result
    stage.recovers()


@staged("says that it unlocked and is locked all the same: an end after a few times")
def _(stage):
    stage.service.behave("locked", "stubborn")
    result = stage.run(LOCKED, *SIGN, saying="says that it unlocked", env=DISPLAY)
    assert stage.service.calls().count("Unlock") < 10 and result.seconds < SLACK, result
    stage.recovers()


@staged("vanishes while it asks: lost, and not dismissed")
def _(stage):
    for words, manner in ((SIGN, "locked"), (REMOVE, "ask:Delete")):
        stage.service.behave(manner, "prompt:vanish")
        result = stage.run(LOST, *words, "--timeout=10", saying="went away", env=DISPLAY)
        assert result.seconds < SLACK, result
        stage.recovers()


# --- gnome-keyring ---------------------------------------------------------------------------------


@case("gnome-keyring locked, stopped, killed and started again: the right error each time, and it works again")
def _():
    desktop = Desktop(activation=False)
    try:
        sandbox = desktop.sandbox
        sandbox.sixconnect()
        desktop.lock()
        sandbox.fails(LOCKED, *SIGN, "--no-prompt", saying="is locked")
        desktop.daemon.send_signal(signal.SIGSTOP)
        for words in (SIGN, REMOVE):
            result = sandbox.fails(LATE, *words, "--timeout=0.5")
            assert LATELY.search(result.err), result
            assert 0.4 < result.seconds < 0.5 + SLACK, result
        desktop.daemon.kill()
        desktop.daemon.wait()
        sandbox.fails(LOST, *SIGN, "--no-prompt", saying="when this was stored: gnome-keyring")
        desktop.daemon = desktop.start_daemon()
        sandbox.ok(*SIGN, "--no-prompt")
    finally:
        desktop.close()


@case("gnome-keyring is killed while it is asked: lost, and it works again once it is back")
def _():
    desktop = Desktop(activation=False)
    try:
        sandbox = desktop.sandbox
        sandbox.sixconnect()
        desktop.daemon.send_signal(signal.SIGSTOP)
        signing = sandbox.popen(*SIGN, "--timeout=20")
        time.sleep(2 if WRAPPER else 0.5)
        desktop.daemon.kill()
        desktop.daemon.wait()
        out, err = signing.communicate(timeout=20)
        assert signing.returncode == LOST and b"went away" in err and out == b"", (out, err)
        desktop.daemon = desktop.start_daemon()
        sandbox.ok(*SIGN, "--no-prompt")
    finally:
        desktop.close()


@case("another program becomes the Secret Service: said so, nothing removed, and the secret can be stored anew")
def _():
    desktop = Desktop(activation=False)
    try:
        sandbox = desktop.sandbox
        sandbox.sixconnect()
        assert "gnome-keyring" in sandbox.ok("show", "lab").text
        signed = sandbox.ok(*SIGN).out
        desktop.daemon.kill()
        desktop.daemon.wait()
        service = FakeService(desktop, "keepassxc")
        for words in (SIGN, REMOVE):
            result = sandbox.fails(LOST, *words, "--no-prompt", saying="profile 'lab' was stored in gnome-keyring, and "
                                   "the Secret Service here is KeePassXC")
            assert "credence set" in result.err, result
        service.behave("locked")
        sandbox.fails(LOCKED, *SIGN, "--no-prompt", saying="was stored in gnome-keyring")
        service.behave("homeless")
        sandbox.fails(LOST, *SIGN, "--no-prompt", saying="was stored in gnome-keyring")
        service.behave()
        sandbox.ok(*SET, input=SIXCONNECT_SECRET)
        assert sandbox.ok(*SIGN).out == signed
        assert "KeePassXC" in sandbox.ok("show", "lab").text
    finally:
        desktop.close()


@case("the service is in another container than the command: known by what else it owns on the bus")
def _():
    apart = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if shutil.which("unshare") is None or subprocess.run(apart + ["true"], stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("unshare makes no process namespace here")
    for owned, stored in (("org.keepassxc.KeePassXC.MainWindow", "KeePassXC"), ("org.example.Wallet", None)):
        desktop = Desktop(activation=False, service=False)
        try:
            FakeService(desktop, "wallet", owned)
            words = [CREDENCE, "add", "lab", "6connect", "api_key=1-A", "--endpoint", "https://a.example/", "--keyring",
                     "secret-service", "--secret", "secret_key=-", "--quiet"]
            subprocess.run(apart + words, env=desktop.sandbox.env, input=b"secret", check=True, timeout=PATIENCE)
            assert desktop.sandbox.ok("show", "lab", "--json").json["keyring_store"] == stored
        finally:
            desktop.close()


if __name__ == "__main__":
    adopt_orphans()
    main()
