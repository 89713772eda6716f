# SPDX-License-Identifier: BSD-3-Clause
"""A real gnome-keyring on a bus of its own: what a desktop does to the command.

Breaks when "locked" is reported as "not found", when a prompt that nobody can see
holds the command up, when something is started although there is no bus, when a
service that is gone or stuck is waited for, when an attribute of an item tells more
than names, or when writers overtake each other.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import (CREDENCE, PATIENCE, SIXCONNECT_KEY, SIXCONNECT_SECRET, WRAPPER, Desktop,  # noqa: E402
                     Sandbox, Skip, case, main)
from processes import adopt_orphans, descendants, leftovers  # noqa: E402

SECRETS = "org.freedesktop.secrets"
ROOT = "/org/freedesktop/secrets"
LOGIN = ROOT + "/collection/login"
SIGN = ("sign", "lab", "?action=get", "--format=url")
SLACK = 30 if WRAPPER else 1.5  # seconds for everything but waiting
LOCKED, LOST, LATE = 4, 5, 8


def module_dbus():
    try:
        import dbus
    except ImportError:
        raise Skip("python3-dbus is not installed")
    return dbus


class Service:
    """The Secret Service as another program sees it."""

    def __init__(self, desktop):
        self.dbus = module_dbus()
        self.bus = self.dbus.bus.BusConnection(desktop.sandbox.env["DBUS_SESSION_BUS_ADDRESS"])
        desktop.sandbox.cleanups.append(self.bus.close)

    def of(self, path, interface):
        return self.dbus.Interface(self.bus.get_object(SECRETS, path, introspect=False), interface)

    def find(self, **attributes):
        unlocked, locked = self.of(ROOT, "org.freedesktop.Secret.Service").SearchItems(
            self.dbus.Dictionary(attributes, signature="ss"))
        return [str(path) for path in list(unlocked) + list(locked)]

    def property(self, item, name):
        return self.of(item, "org.freedesktop.DBus.Properties").Get("org.freedesktop.Secret.Item", name)

    def session(self):
        return self.of(ROOT, "org.freedesktop.Secret.Service").OpenSession(
            "plain", self.dbus.String("", variant_level=1))[1]

    def secret(self, value):
        empty = self.dbus.ByteArray(b"")
        return self.dbus.Struct((self.session(), empty, self.dbus.ByteArray(value), "text/plain"), signature="oayays")

    def unlock(self):
        """As gnome-keyring's own tools do it, without a prompt."""
        self.of(ROOT, "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface").UnlockWithMasterPassword(
            self.dbus.ObjectPath(LOGIN), self.secret(b"pw"))

    def add(self, value, attributes):
        properties = {"org.freedesktop.Secret.Item.Label": "Another",
                      "org.freedesktop.Secret.Item.Attributes": self.dbus.Dictionary(attributes, signature="ss")}
        item, _ = self.of(LOGIN, "org.freedesktop.Secret.Collection").CreateItem(
            self.dbus.Dictionary(properties, signature="sv"), self.secret(value), False)
        return str(item)


def desktop_of(sandbox, **how):
    """A desktop of another kind, which goes when the case does."""
    desktop = Desktop(**how)
    sandbox.cleanups.append(desktop.close)
    return desktop


def write_profile(sandbox, keyring):
    sandbox.write("home/.config/credence/profiles/lab.conf", "[profile]\nstack = 6connect\nkeyring = %s\n"
                  "endpoint = https://cloud.6connect.com/\n\n[6connect]\napi_key = %s\n" % (keyring, SIXCONNECT_KEY))


@case("the secret is in gnome-keyring, and signing finds it there")
def _(desktop):
    sandbox = desktop.sandbox
    sandbox.sixconnect()
    assert "hash=" in sandbox.ok(*SIGN).text
    assert "hash=" in sandbox.ok(*SIGN, "--no-prompt").text


@case("locked, and nobody can be asked: exit 4 at once, and not \"not found\"")
def _(desktop):
    sandbox = desktop.sandbox
    sandbox.sixconnect()
    desktop.lock()
    for options in ((), ("--no-prompt",)):
        result = sandbox.fails(LOCKED, *SIGN, *options)
        assert result.seconds < 3 + (SLACK if WRAPPER else 0), result
        assert "lock" in result.err and "not found" not in result.err and "holds no secret" not in result.err, result
        assert re.search(r"\(.+\)$", result.err.strip()), "no remedy: %r" % result
    # The profile itself can be read without its secret.
    assert "6connect" in sandbox.ok("show", "lab").text


@case("locked: nothing is changed and nothing is removed")
def _(desktop):
    sandbox = desktop.sandbox
    sandbox.sixconnect()
    desktop.lock()
    sandbox.fails(LOCKED, "remove", "lab", "--no-prompt")
    assert os.path.exists(sandbox.config("lab"))
    sandbox.fails(LOCKED, "set", "lab", "--secret", "secret_key=-", "--no-prompt", input="another")
    sandbox.fails(LOCKED, "add", "lab2", "6connect", "api_key=1-A", "--endpoint", "https://a.example/",
                  "--secret", "secret_key=-", "--no-prompt", input="another")
    assert not os.path.exists(sandbox.config("lab2"))


@case("unlocked again: signing works again")
def _(desktop):
    service, sandbox = Service(desktop), desktop.sandbox
    sandbox.sixconnect()
    before = sandbox.ok(*SIGN).out
    desktop.lock()
    sandbox.fails(LOCKED, *SIGN, "--no-prompt")
    service.unlock()
    assert sandbox.ok(*SIGN, "--no-prompt").out == before


# --- no service ------------------------------------------------------------------


def starts_nothing(sandbox, code, saying):
    """The command starts no process, not even one that ends at once."""
    if shutil.which("strace") is None:
        raise Skip("strace is not installed")
    log = sandbox.path("trace")
    env = {k: v for k, v in sandbox.env.items() if v is not None}
    env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"  # it cannot look while traced
    done = subprocess.run(["strace", "-f", "-qq", "-o", log, "-e", "trace=execve,execveat,clone,clone3,fork,vfork",
                           CREDENCE] + list(SIGN), env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=PATIENCE)
    with open(log) as f:
        calls = f.read().splitlines()
    if not calls:
        raise Skip("strace cannot trace here")
    assert done.returncode == code and saying in done.stderr.decode(), done
    assert len(calls) == 1 and "execve(" in calls[0], calls


@case("no bus: exit 5, and nothing is started")
def _():
    sandbox = Sandbox("no-bus")
    try:
        write_profile(sandbox, "secret-service")
        os.mkdir(sandbox.path("run"), 0o700)
        for env in ({}, {"XDG_RUNTIME_DIR": sandbox.path("run")}, {"XDG_RUNTIME_DIR": "run"},
                    {"DBUS_SESSION_BUS_ADDRESS": ""}):
            result = sandbox.fails(LOST, *SIGN, saying="there is no session bus", env=env)
            assert result.seconds < SLACK and "--keyring file" in result.err, result
        starts_nothing(sandbox, LOST, "there is no session bus")
    finally:
        sandbox.close()


@case("a bus address where nobody listens: exit 5, and nothing is started")
def _():
    sandbox = Sandbox("dead-bus")
    try:
        write_profile(sandbox, "secret-service")
        path = sandbox.path("bus")
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
        sandbox.fails(LOST, *SIGN, env={"XDG_RUNTIME_DIR": sandbox.root})
        for address in ("unix:path=" + path, "unix:path=%s,guid=0123456789abcdef0123456789abcdef" % path,
                        "unix:abstract=/tmp/credence-nobody-%d" % os.getpid(),
                        "unix:path=/nonexistent;unix:path=" + path):
            sandbox.env["DBUS_SESSION_BUS_ADDRESS"] = address
            result = sandbox.fails(LOST, *SIGN, saying="nothing answers")
            assert result.seconds < SLACK, result
        starts_nothing(sandbox, LOST, "nothing answers")
    finally:
        sandbox.close()


@case("a bus without a Secret Service: exit 5, for add, too, and nothing is stored")
def _(sandbox):
    other = desktop_of(sandbox, activation=False, service=False).sandbox
    write_profile(other, "secret-service")
    known = descendants()
    result = other.fails(LOST, *SIGN, "--no-prompt")
    assert result.seconds < SLACK and "--keyring file" in result.err, result
    other.fails(LOST, "add", "new", "6connect", "api_key=1-A", "--endpoint", "https://a.example/", "--secret",
                "secret_key=-", "--no-prompt", input=SIXCONNECT_SECRET)
    assert not os.path.exists(other.config("new"))
    left = leftovers(known, patience=1)
    assert not left, left


@case("a bus that accepts and never speaks: the deadline holds")
def _():
    sandbox = Sandbox("mute-bus")
    try:
        write_profile(sandbox, "secret-service")
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(sandbox.path("bus"))
            s.listen(8)
            known = descendants()
            result = sandbox.fails(LATE, *SIGN, "--timeout=1", env={"XDG_RUNTIME_DIR": sandbox.root})
            assert 0.9 < result.seconds < 1 + SLACK, result
            left = leftovers(known, patience=1)
            assert not left, left
    finally:
        sandbox.close()


@case("gnome-keyring is killed between add and sign: exit 5, not \"not found\"")
def _(sandbox):
    desktop = desktop_of(sandbox, activation=False)
    desktop.sandbox.sixconnect()
    desktop.daemon.kill()
    desktop.daemon.wait()
    result = desktop.sandbox.fails(LOST, *SIGN, "--no-prompt")
    assert result.seconds < SLACK, result
    desktop.sandbox.fails(LOST, "remove", "lab", "--no-prompt")
    assert os.path.exists(desktop.sandbox.config("lab"))


@case("gnome-keyring is stuck: the deadline holds, and it works again afterwards")
def _(desktop):
    sandbox = desktop.sandbox
    sandbox.sixconnect()
    known = descendants()
    desktop.daemon.send_signal(signal.SIGSTOP)
    try:
        for seconds, options in ((1, ("--timeout=1",)), (2, ("--no-prompt",))):
            result = sandbox.fails(LATE, *SIGN, *options)
            assert seconds - 0.3 < result.seconds < seconds + SLACK, result
            left = leftovers(known, patience=1)
            assert not left, left
    finally:
        desktop.daemon.send_signal(signal.SIGCONT)
    sandbox.ok(*SIGN)


# --- items ---------------------------------------------------------------------------


@case("attributes and label are names, never a secret; the value is one printable line")
def _(desktop):
    service, sandbox = Service(desktop), desktop.sandbox
    sandbox.sixconnect()
    items = service.find(profile="lab")
    assert len(items) == 1, items
    attributes = {str(k): str(v) for k, v in service.property(items[0], "Attributes").items()}
    assert attributes == {"xdg:schema": "org.credence.Credential", "profile": "lab", "kind": "credential",
                          "version": "1"}, attributes
    label = str(service.property(items[0], "Label"))
    assert "lab" in label and SIXCONNECT_SECRET not in label and SIXCONNECT_KEY not in label, label
    value = bytes(service.of(items[0], "org.freedesktop.Secret.Item").GetSecret(service.session())[2])
    assert re.fullmatch(rb"c1:[A-Za-z0-9_-]+", value), value


@case("set replaces the item, remove deletes it")
def _(desktop):
    service, sandbox = Service(desktop), desktop.sandbox
    sandbox.sixconnect()
    before = sandbox.ok(*SIGN).out
    sandbox.secrets.add("another secret")
    sandbox.ok("set", "lab", "--secret", "secret_key=-", "--quiet", input="another secret")
    assert len(service.find(profile="lab")) == 1
    assert sandbox.ok(*SIGN).out != before
    sandbox.ok("remove", "lab", "--quiet")
    assert service.find(profile="lab") == []
    assert not os.path.exists(sandbox.config("lab"))


@case("the item was deleted behind our back: exit 3, and the profile can be removed")
def _(desktop):
    service, sandbox = Service(desktop), desktop.sandbox
    sandbox.sixconnect()
    service.of(service.find(profile="lab")[0], "org.freedesktop.Secret.Item").Delete()
    sandbox.fails(3, *SIGN, saying="holds no secret for profile lab")
    sandbox.ok("remove", "lab", "--quiet")


@case("two items match: exit 1, and neither is taken, changed or deleted")
def _(desktop):
    service, sandbox = Service(desktop), desktop.sandbox
    sandbox.sixconnect()
    attributes = service.property(service.find(profile="lab")[0], "Attributes")
    service.add(b"c1:AAAA", attributes)
    sandbox.fails(1, *SIGN)
    sandbox.fails(1, "set", "lab", "--secret", "secret_key=-", input="another")
    sandbox.fails(1, "remove", "lab")
    assert len(service.find(profile="lab")) == 2


@case("an item that holds something else: exit 9")
def _(desktop):
    service, sandbox = Service(desktop), desktop.sandbox
    write_profile(sandbox, "secret-service")
    attributes = {"xdg:schema": "org.credence.Credential", "profile": "lab", "kind": "credential", "version": "1"}
    for value in (b"hello", b"c1:", b"c1:!", b"two\nlines", b"\xff\xfe"):
        item = service.add(value, attributes)
        result = sandbox.fails(9, *SIGN)
        assert "hello" not in result.err and "lines" not in result.err, result
        service.of(item, "org.freedesktop.Secret.Item").Delete()


@case("twenty profiles added at once: none is lost, all sign")
def _(desktop):
    sandbox = desktop.sandbox
    names = ["lab%d" % i for i in range(6 if WRAPPER else 20)]
    adding = [sandbox.popen("add", name, "6connect", "api_key=" + SIXCONNECT_KEY, "--endpoint",
                            "https://cloud.6connect.com/", "--keyring", "secret-service", "--secret", "secret_key=-",
                            "--quiet", "--timeout=60") for name in names]
    for process, name in zip(adding, names):
        out, err = process.communicate(("secret of " + name).encode(), timeout=PATIENCE)
        assert process.returncode == 0, (name, out, err)
    signed = set()
    for name in names:
        signed.add(sandbox.ok("sign", name, "?action=get", "--format=url", "--timeout=60").out)
    assert len(signed) == len(names), "two profiles hold the same secret"
    assert sorted(sandbox.ok("list", "--json").json, key=lambda p: p["name"])[0]["keyring"] == "secret-service"


# --- which keyring ---------------------------------------------------------------------


@case("add without --keyring chooses the Secret Service, and the profile records it")
def _(desktop):
    sandbox = desktop.sandbox
    sandbox.ok("add", "lab", "6connect", "api_key=" + SIXCONNECT_KEY, "--endpoint", "https://cloud.6connect.com/",
               "--secret", "secret_key=-", input=SIXCONNECT_SECRET)
    with open(sandbox.config("lab")) as f:
        assert re.search(r"^keyring = secret-service$", f.read(), re.M)
    assert not os.path.exists(sandbox.path("home", ".local", "share", "credence", "credentials.keyring"))
    sandbox.ok(*SIGN)


@case("a profile that records another keyring is not looked for in the Secret Service, nor the other way")
def _(desktop):
    sandbox = desktop.sandbox
    sandbox.sixconnect()
    sandbox.passphrase("correct horse")
    path = sandbox.config("lab")
    with open(path) as f:
        text = f.read()
    sandbox.write(os.path.relpath(path, sandbox.root), re.sub("keyring_store.*\n", "", text).replace("secret-service", "file"))
    sandbox.fails(3, *SIGN, saying="keyring file holds no secret")
    sandbox.keyring = "file"
    sandbox.sixconnect("disk")
    path = sandbox.config("disk")
    with open(path) as f:
        text = f.read()
    assert "keyring = file" in text
    sandbox.write(os.path.relpath(path, sandbox.root), text.replace("= file", "= secret-service"))
    sandbox.fails(3, "sign", "disk", "?a=b", saying="keyring secret-service holds no secret")


if __name__ == "__main__":
    adopt_orphans()
    main()
