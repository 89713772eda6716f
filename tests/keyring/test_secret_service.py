#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The Secret Service keyring against a real gnome-keyring on a bus of its own.

KEYRING_DIR names the directory of the helpers.  Every case runs as a process
of its own: this program again, with the name of the case, under
dbus-run-session and in a home of its own.
"""
import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from protocol import (AMBIGUOUS, CONFLICT, DISMISSED, Helper, INVALID, LOCKED, NO_KEYRING,
                      NOT_FOUND, OK, PROMPT_REQUIRED, SERVICE_LOST, TIMEOUT, expect_death, run_cases,
                      same, status)

VALUE = "c1:eyJzZWNyZXQiOiJ4In0"
CREDENTIAL = {"profile": "lab", "kind": "credential"}
SECRETS = "org.freedesktop.secrets"
DEFAULT = "/org/freedesktop/secrets/aliases/default"


def helper(**changes):
    """A helper with changes to its environment; None takes a variable away."""
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    for name, value in changes.items():
        env.pop(name, None)
        if value is not None:
            env[name] = value
    return Helper("keyring-secret-service", env)


@contextlib.contextmanager
def keyring_daemon(*options):
    """gnome-keyring; with --unlock it makes and unlocks a default collection"""
    daemon = subprocess.Popen(["gnome-keyring-daemon", "--foreground", "--components=secrets", *options],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    daemon.stdin.write(b"pw")
    daemon.stdin.close()
    import dbus
    bus = dbus.SessionBus()
    try:
        for _ in range(200):
            if bus.name_has_owner(SECRETS):
                break
            time.sleep(0.02)
        yield daemon
    finally:
        daemon.send_signal(signal.SIGCONT)
        daemon.kill()
        daemon.wait()


def secrets(path, interface):
    """An object of the Secret Service, past our helper."""
    import dbus
    return dbus.Interface(dbus.SessionBus().get_object(SECRETS, path), "org.freedesktop.Secret." + interface)


def lock_default():
    service = secrets("/org/freedesktop/secrets", "Service")
    service.Lock([service.ReadAlias("default")])


def find_items(**attributes):
    unlocked, locked = secrets("/org/freedesktop/secrets", "Service").SearchItems(attributes)
    return [str(path) for path in list(unlocked) + list(locked)]


def property_of(path, interface, name):
    import dbus
    item = dbus.Interface(dbus.SessionBus().get_object(SECRETS, path), "org.freedesktop.DBus.Properties")
    return item.Get("org.freedesktop.Secret." + interface, name)


def add_item(value, collection=DEFAULT, **attributes):
    """Make an item as another program would."""
    import dbus
    service = secrets("/org/freedesktop/secrets", "Service")
    _, session = service.OpenSession("plain", "")
    attributes["xdg:schema"] = "org.credence.Credential"
    properties = {"org.freedesktop.Secret.Item.Label": "made by hand",
                  "org.freedesktop.Secret.Item.Attributes": dbus.Dictionary(attributes, signature="ss")}
    secret = (session, dbus.ByteArray(b""), dbus.ByteArray(value.encode()), "text/plain")
    secrets(collection, "Collection").CreateItem(properties, secret, False)


@contextlib.contextmanager
def prompter(mode):
    """Take the place of the window that asks for a password."""
    process = subprocess.Popen([sys.executable, __file__, "--prompter", mode], stdout=subprocess.PIPE)
    try:
        same(process.stdout.readline(), b"ready\n")
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def run_prompter(mode):
    """The prompter of GNOME, which says no or nothing at all"""
    import dbus
    import dbus.mainloop.glib
    import dbus.service
    from gi.repository import GLib
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SessionBus()
    interface = "org.gnome.keyring.internal.Prompter"

    class Prompter(dbus.service.Object):
        def reply(self, sender, path, answer):
            client = dbus.Interface(bus.get_object(sender, path), interface + ".Callback")
            client.PromptReady(answer, dbus.Dictionary({}, signature="sv"), "",
                               reply_handler=lambda: None, error_handler=lambda _: None)

        @dbus.service.method(interface, in_signature="o", sender_keyword="sender")
        def BeginPrompting(self, callback, sender=None):
            if mode == "dismiss":
                GLib.idle_add(self.reply, sender, callback, "")

        @dbus.service.method(interface, in_signature="osa{sv}s", sender_keyword="sender")
        def PerformPrompt(self, callback, _kind, _properties, _exchange, sender=None):
            GLib.idle_add(self.reply, sender, callback, "no")

        @dbus.service.method(interface, in_signature="o", sender_keyword="sender")
        def StopPrompting(self, callback, sender=None):
            if mode != "dead":
                client = dbus.Interface(bus.get_object(sender, callback), interface + ".Callback")
                GLib.idle_add(client.PromptDone)

    name = dbus.service.BusName("org.gnome.keyring.SystemPrompter", bus)
    keep = Prompter(name, "/org/gnome/keyring/Prompter")
    print("ready", flush=True)
    GLib.MainLoop().run()
    del keep


# --- what it is for ----------------------------------------------------------------


def stores():
    """put, get, list and delete, across two lives of the helper"""
    # Breaks when the value or its revision is not what was stored.
    with keyring_daemon("--unlock"):
        with helper() as h:
            status(h.call("get", **CREDENTIAL), NOT_FOUND)
            same(status(h.call("list"), OK).names(), [])
            put = status(h.call("put", value=VALUE, **CREDENTIAL), OK)
            same(put.revision, hashlib.sha256(VALUE.encode()).hexdigest())
            status(h.call("put", profile="other", kind="credential", value="c1:other"), OK)
        with helper() as h:
            got = status(h.call("get", **CREDENTIAL), OK)
            same((got.value, got.revision), (VALUE, put.revision))
            same(sorted(h.call("list").names()), ["lab", "other"])
            status(h.call("get", profile="la", kind="credential"), NOT_FOUND)
            status(h.call("delete", **CREDENTIAL), OK)
            status(h.call("get", **CREDENTIAL), NOT_FOUND)
            status(h.call("delete", **CREDENTIAL), NOT_FOUND)
            same(h.call("list").names(), ["other"])
            assert "unlocked" in status(h.call("probe"), OK).message


def one_item():
    """an item has four attributes and stays single, the value is in none of them"""
    # Breaks when something secret becomes an attribute, which all can read.
    with keyring_daemon("--unlock"), helper() as h:
        for value in (VALUE, "c1:again", "c1:more"):
            status(h.call("put", value=value, **CREDENTIAL), OK)
        path, = find_items(profile="lab")
        same({str(n): str(v) for n, v in property_of(path, "Item", "Attributes").items()},
             {"xdg:schema": "org.credence.Credential", "profile": "lab", "kind": "credential",
              "version": "1"})
        same(str(property_of(path, "Item", "Label")), "Credence: lab")


def sessions():
    """a session goes to the collection that is never written to the disk"""
    # Breaks when a token of an hour ends up in a file.
    with keyring_daemon("--unlock"), helper() as h:
        status(h.call("put", profile="lab", kind="session", value="c1:token"), OK)
        path, = find_items(profile="lab", kind="session")
        assert path.startswith("/org/freedesktop/secrets/collection/session/"), path
        same(h.call("get", profile="lab", kind="session").value, "c1:token")
        status(h.call("get", **CREDENTIAL), NOT_FOUND)
        same(h.call("list", kind="session").names(), ["lab"])
        lock_default()
        same(h.call("get", profile="lab", kind="session").value, "c1:token")
        status(h.call("delete", profile="lab", kind="session"), OK)
        status(h.call("get", profile="lab", kind="session"), NOT_FOUND)


def large_value():
    """the largest value fits, and lines do not"""
    # Breaks when an item of two lines destroys a keyring without a password.
    with keyring_daemon("--unlock"), helper() as h:
        status(h.call("put", value="x" * 65536, **CREDENTIAL), OK)
        same(len(h.call("get", **CREDENTIAL).value), 65536)
        status(h.call("put", value="two\nlines", **CREDENTIAL), INVALID)


def revisions():
    """EXPECT keeps a stale caller from writing and deleting"""
    # Breaks when the expectation is not compared.
    with keyring_daemon("--unlock"), helper() as h:
        status(h.call("put", value=VALUE, expect="0123", **CREDENTIAL), CONFLICT)
        first = status(h.call("put", value=VALUE, expect="", **CREDENTIAL), OK).revision
        status(h.call("put", value=VALUE, expect="", **CREDENTIAL), CONFLICT)
        status(h.call("put", value="c1:new", expect=first, **CREDENTIAL), OK)
        status(h.call("put", value="c1:stale", expect=first, **CREDENTIAL), CONFLICT)
        status(h.call("delete", expect=first, **CREDENTIAL), CONFLICT)
        same(h.call("get", **CREDENTIAL).value, "c1:new")


def one_winner():
    """of several who expect the same revision one wins"""
    # Breaks when the revision is compared before the lock is taken.
    with keyring_daemon("--unlock"), contextlib.ExitStack() as stack:
        helpers = [stack.enter_context(helper()) for _ in range(4)]
        revision = status(helpers[0].call("put", value=VALUE, **CREDENTIAL), OK).revision
        for number, h in enumerate(helpers):
            h.send("put", value="c1:%d" % number, expect=revision, deadline=10000, **CREDENTIAL)
        same(sorted(h.receive().status for h in helpers), [OK, CONFLICT, CONFLICT, CONFLICT])


def several():
    """two matching items are ambiguous for get, put and delete"""
    # Breaks when the first that is found is taken.
    with keyring_daemon("--unlock"), helper() as h:
        for value in ("c1:one", "c1:two"):
            add_item(value, profile="lab", kind="credential", version="1")
        same(len(find_items(profile="lab")), 2)
        assert status(h.call("get", **CREDENTIAL), AMBIGUOUS).remedy
        status(h.call("put", value=VALUE, **CREDENTIAL), AMBIGUOUS)
        status(h.call("delete", **CREDENTIAL), AMBIGUOUS)
        same(len(find_items(profile="lab")), 2)


def other_collection():
    """an item in another collection is changed where it is"""
    # Breaks when put makes a second item.
    with keyring_daemon("--unlock"), helper() as h:
        add_item("c1:one", collection="/org/freedesktop/secrets/collection/session", profile="lab",
                 kind="credential", version="1")
        same(h.call("get", **CREDENTIAL).value, "c1:one")
        status(h.call("put", value=VALUE, **CREDENTIAL), OK)
        same(len(find_items(profile="lab")), 1)
        same(h.call("get", **CREDENTIAL).value, VALUE)


# --- locked ---------------------------------------------------------------------------


def locked():
    """a locked collection is locked for everything, not empty"""
    # Breaks when locked reads as not found, which would lead to a new login.
    with keyring_daemon("--unlock"), helper() as h:
        status(h.call("put", value=VALUE, **CREDENTIAL), OK)
        lock_default()
        for request in (CREDENTIAL, {"profile": "absent", "kind": "credential"}):
            assert "unlock" in status(h.call("get", **request), LOCKED).remedy
            status(h.call("put", value="c1:new", **request), LOCKED)
            status(h.call("delete", **request), LOCKED)
        status(h.call("list"), LOCKED)
        status(h.call("unlock"), LOCKED)
        assert "is locked" in status(h.call("probe"), OK).message


def no_display():
    """where a prompt cannot be shown none is waited for"""
    # Breaks when a service on a server hangs for a minute.
    with keyring_daemon("--unlock"), helper(DISPLAY=None, WAYLAND_DISPLAY=None) as h:
        status(h.call("put", value=VALUE, **CREDENTIAL), OK)
        lock_default()
        started = time.monotonic()
        for op in ("get", "delete"):
            answer = status(h.call(op, prompt="1", deadline=60000, **CREDENTIAL), PROMPT_REQUIRED)
            assert "--keyring file" in answer.remedy
        status(h.call("put", value=VALUE, prompt="1", **CREDENTIAL), PROMPT_REQUIRED)
        status(h.call("unlock", prompt="1"), PROMPT_REQUIRED)
        assert time.monotonic() - started < 2


def dismissed():
    """a prompt that is dismissed says so"""
    # Breaks when no answer and the answer no are the same.
    with keyring_daemon("--unlock"), prompter("dismiss"), helper(DISPLAY=":99") as h:
        status(h.call("put", value=VALUE, **CREDENTIAL), OK)
        lock_default()
        assert status(h.call("get", prompt="1", deadline=10000, **CREDENTIAL), DISMISSED).remedy
        status(h.call("put", value="c1:new", prompt="1", deadline=10000, **CREDENTIAL), DISMISSED)
        status(h.call("unlock", prompt="1", deadline=10000), DISMISSED)


def unanswered():
    """a prompt that nobody answers ends at the deadline"""
    # Breaks when the deadline does not reach the wait for a prompt.
    # So it is also when the prompt cannot even be taken away.
    for mode in ("silent", "dead"):
        with keyring_daemon("--unlock"), prompter(mode), helper(DISPLAY=":99") as h:
            status(h.call("put", value=VALUE, profile=mode, kind="credential"), OK)
            lock_default()
            started = time.monotonic()
            status(h.call("get", prompt="1", deadline=700, profile=mode, kind="credential"), TIMEOUT)
            assert 0.6 < time.monotonic() - started < 1.5


# --- no service ----------------------------------------------------------------------------


def no_bus():
    """without a bus there is no keyring, and none is started"""
    # Breaks when GLib runs dbus-launch.
    bin_ = os.environ["HOME"] + "/bin"
    os.mkdir(bin_)
    with open(bin_ + "/dbus-launch", "w") as script:
        script.write("#!/bin/sh\ntouch %s/launched\n" % os.environ["HOME"])
    os.chmod(bin_ + "/dbus-launch", 0o755)
    for address in (None, "autolaunch:", "autolaunch:scope=*x", "unix:path=/nowhere"):
        with helper(DBUS_SESSION_BUS_ADDRESS=address, DISPLAY=":99",
                    PATH=bin_ + ":" + os.environ["PATH"]) as h:
            for op in ("get", "delete"):
                answer = status(h.call(op, **CREDENTIAL), NO_KEYRING)
                assert "--keyring file" in answer.remedy
            status(h.call("probe"), NO_KEYRING)
            status(h.call("put", value=VALUE, **CREDENTIAL), NO_KEYRING)
            status(h.call("lock"), OK)
    assert not os.path.exists(os.environ["HOME"] + "/launched")


def no_service():
    """a bus on which nothing is a Secret Service"""
    # Breaks when the error of D-Bus is taken for "not found".
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as config:
        config.write('<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>'
                     '<policy context="default"><allow send_destination="*" eavesdrop="true"/>'
                     '<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>')
        config.flush()
        bus = subprocess.Popen(["dbus-daemon", "--nofork", "--print-address", "--config-file", config.name],
                               stdout=subprocess.PIPE)
        try:
            with helper(DBUS_SESSION_BUS_ADDRESS=bus.stdout.readline().decode().strip()) as h:
                for op in ("get", "delete"):
                    assert status(h.call(op, **CREDENTIAL), NO_KEYRING).remedy
                status(h.call("put", value=VALUE, **CREDENTIAL), NO_KEYRING)
                same(status(h.call("probe"), OK).facts(),
                     {"display": "no", "activatable": "no", "service": "none", "default": "none"})
        finally:
            bus.kill()
            bus.wait()
            bus.stdout.close()


def no_default():
    """a service without a default collection: nowhere to put, and nothing can be said of what is not found"""
    # Breaks when the missing collection is made, with a prompt, and when a service that
    # has lost its collections makes Credence believe that a secret was deleted.
    with keyring_daemon(), helper() as h:
        for op in ("get", "delete"):
            status(h.call(op, **CREDENTIAL), NO_KEYRING)
        status(h.call("list"), NO_KEYRING)
        status(h.call("get", profile="lab", kind="session"), NOT_FOUND)
        answer = status(h.call("put", value=VALUE, prompt="1", **CREDENTIAL), NO_KEYRING)
        assert "--keyring file" in answer.remedy
        facts = status(h.call("probe"), OK).facts()
        same((facts["service"], facts["default"], facts["answers"]), ("gnome-keyring", "none", "yes"))
        status(h.call("unlock"), NO_KEYRING)


def facts():
    """probe tells who is there and how it is, and asks nobody to unlock anything"""
    # Breaks when doctor gets no facts, above all about a service that hangs.
    with keyring_daemon("--unlock") as daemon, helper(DISPLAY=":99") as h:
        answer = status(h.call("probe", prompt="1"), OK)
        same(answer.store, "gnome-keyring")
        same({name: value for name, value in answer.facts().items() if name not in ("activatable", "prompter")},
             {"service": "gnome-keyring", "store": "gnome-keyring", "pid": str(daemon.pid), "display": "yes",
              "default": "unlocked", "default_path": "/org/freedesktop/secrets/collection/login",
              "session": "yes", "answers": "yes"})
        lock_default()
        same(status(h.call("probe", prompt="1"), OK).facts()["default"], "locked")
        daemon.send_signal(signal.SIGSTOP)
        answer = status(h.call("probe", deadline=700), OK)
        same((answer.facts()["service"], answer.facts()["answers"]), ("gnome-keyring", "no"))
        assert "default" not in answer.facts() and "does not answer" in answer.message, answer


def plain_text():
    """probe notices a default collection that lies readable on the disk"""
    # Breaks when a keyring without a password looks like any other.
    folder = os.environ["HOME"] + "/.local/share/keyrings"
    os.makedirs(folder)
    with open(folder + "/My_keys.keyring", "w") as file:
        file.write("[keyring]\ndisplay-name=My keys\nctime=0\nmtime=0\nlock-on-idle=false\nlock-after=false\n")
    with open(folder + "/default", "w") as file:
        file.write("My_keys")
    with keyring_daemon(), helper() as h:
        facts = status(h.call("probe"), OK).facts()
        same(facts["plaintext"], folder + "/My_keys.keyring", facts)
    with keyring_daemon("--unlock"), helper() as h:
        secrets("/org/freedesktop/secrets", "Service").SetAlias(
            "default", "/org/freedesktop/secrets/collection/login")
        facts = status(h.call("probe"), OK).facts()
        assert "plaintext" not in facts, facts


def another_service():
    """put tells the service; what is not found in another one is not called absent"""
    # Breaks when a change of the desktop's keyring makes everything look deleted.
    other = dict(CREDENTIAL, store="KeePassXC")
    with keyring_daemon("--unlock"), helper() as h:
        for request in (CREDENTIAL, dict(CREDENTIAL, store="gnome-keyring"), dict(CREDENTIAL, store="Gnome-Keyring")):
            status(h.call("get", **request), NOT_FOUND)
        for op in ("get", "delete"):
            answer = status(h.call(op, **other), NO_KEYRING)
            same(answer.message, "profile 'lab' was stored in KeePassXC, and the Secret Service here is gnome-keyring")
            assert "credence set" in answer.remedy
        status(h.call("list", store="KeePassXC"), NO_KEYRING)
        status(h.call("list", store="gnome-keyring"), OK)
        status(h.call("get", profile="lab", kind="session", store="KeePassXC"), NOT_FOUND)
        same(status(h.call("put", value=VALUE, **other), OK).store, "gnome-keyring")
        # What is found, is used.
        same(status(h.call("get", **other), OK).value, VALUE)
        status(h.call("list", store="KeePassXC"), OK)
        lock_default()
        answer = status(h.call("get", **other), LOCKED)
        assert "is locked" in answer.message and "was stored in KeePassXC" in answer.message, answer


def stuck():
    """a service that does not answer costs the deadline, no more"""
    # Breaks when GDBus waits its usual 25 seconds.
    with keyring_daemon("--unlock") as daemon, helper() as warm, helper() as cold:
        status(warm.call("put", value=VALUE, **CREDENTIAL), OK)
        daemon.send_signal(signal.SIGSTOP)
        for h in (warm, cold):
            started = time.monotonic()
            status(h.call("get", deadline=500, **CREDENTIAL), TIMEOUT)
            assert 0.4 < time.monotonic() - started < 1.5
        daemon.send_signal(signal.SIGCONT)
        same(status(warm.call("get", **CREDENTIAL), OK).value, VALUE)


def lost():
    """a service that dies in the middle is lost, and the helper ends"""
    # Breaks when the helper goes on with a connection that is dead.
    with keyring_daemon("--unlock") as daemon, helper() as h:
        status(h.call("put", value=VALUE, **CREDENTIAL), OK)
        daemon.send_signal(signal.SIGSTOP)
        h.send("get", deadline=5000, **CREDENTIAL)
        time.sleep(0.3)
        daemon.kill()
        status(h.receive(), SERVICE_LOST)
        same(expect_death(h), 0)


def restarted():
    """a service that was restarted between two requests is found again"""
    # Breaks when the helper insists on a session that nobody knows.
    with keyring_daemon("--unlock") as first, helper() as h:
        status(h.call("put", value=VALUE, **CREDENTIAL), OK)
        status(h.call("get", **CREDENTIAL), OK)
        first.kill()
        first.wait()
        with keyring_daemon("--unlock"):
            same(status(h.call("get", **CREDENTIAL), OK).value, VALUE)


def lock_directories():
    """writers lock in XDG_RUNTIME_DIR, or in the state directory without it"""
    # Breaks when a machine without logind cannot store anything.
    with keyring_daemon("--unlock"), helper(XDG_RUNTIME_DIR=None) as h:
        status(h.call("put", value=VALUE, **CREDENTIAL), OK)
        path = os.environ["HOME"] + "/.local/state/credence/credence-secret-service.lock"
        with open(path, "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            status(h.call("put", value="c1:new", deadline=300, **CREDENTIAL), TIMEOUT)
            same(status(h.call("get", **CREDENTIAL), OK).value, VALUE)


CASES = [stores, one_item, sessions, large_value, revisions, one_winner, several, other_collection, locked,
         no_display, dismissed, unanswered, no_bus, no_service, no_default, facts, plain_text,
         another_service, stuck, lost, restarted,
         lock_directories]


# --- running them ------------------------------------------------------------------------------


def run_isolated(case):
    """Run a case under a bus of its own.  Its error output becomes ours."""
    home = tempfile.mkdtemp(prefix="credence-secrets-")
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("XDG_", "DBUS_")) and name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    env.update(HOME=home, XDG_RUNTIME_DIR=home + "/run", NO_AT_BRIDGE="1")
    os.mkdir(home + "/run", 0o700)
    try:
        result = subprocess.run(["dbus-run-session", "--", sys.executable, __file__, case.__name__], env=env,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        if result.returncode != 0:
            raise AssertionError(result.stdout.decode(errors="replace"))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def isolated(case):
    def run():
        run_isolated(case)
    run.__doc__ = case.__doc__
    return run


def missing():
    """Why these tests cannot run here, or None"""
    for program in ("gnome-keyring-daemon", "dbus-run-session", "dbus-daemon"):
        if not shutil.which(program):
            return program + " is not installed"
    try:
        import dbus  # noqa: F401
        from gi.repository import GLib  # noqa: F401
    except ImportError as error:
        return str(error)
    return None


def main():
    if sys.argv[1:2] == ["--prompter"]:
        run_prompter(sys.argv[2])
        return 0
    if len(sys.argv) == 2:
        next(case for case in CASES if case.__name__ == sys.argv[1])()
        return 0
    if missing():
        print("1..0 # SKIP " + missing())
        return 0
    return run_cases([isolated(case) for case in CASES])


if __name__ == "__main__":
    sys.exit(main())
