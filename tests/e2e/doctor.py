# SPDX-License-Identifier: BSD-3-Clause
"""credence doctor in environments that are really broken, each in one way.

Breaks when a fault is not found or called something else, when one fault is told as
several or hides another, when the command that is to mend it does not, when looking
changes something or asks somebody, when a program that was stopped holds it up, or
when the network is touched without --online.
"""

import email.utils
import http.server
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import (CREDENCE, PASSPHRASE, PATIENCE, SIXCONNECT_SECRET, SRC, WRAPPER, Desktop, Result, is_sanitized,  # noqa: E402
                     Sandbox, Skip, case, free_port, main)

SLACK = 60 if WRAPPER else 6  # seconds for an examination in which something does not answer
NOBODY = 65534
GROUPS = "bus|session|service|memory|folder|file|keyring|profile|prompt|clock|endpoint|transport"
PLAIN_KEYRING = "[keyring]\ndisplay-name=plain\nctime=0\nmtime=0\nlock-on-idle=false\nlock-after=false\n"


def tree(root):
    """All that there is, with modes and times."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in [""] + folders + files:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            found[path] = (status.st_mode, status.st_uid, status.st_size, status.st_mtime_ns)
    return found


def check_form(result):
    """What every answer keeps to."""
    report = result.json
    problems = [f for f in report["findings"] if f["severity"] == "problem"]
    assert report["problems"] == len(problems) and result.code == (1 if problems else 0), result
    for finding in report["findings"]:
        assert set(finding) == {"id", "severity", "subject", "cause", "mend", "command"}, finding
        assert finding["severity"] in ("problem", "note") and re.fullmatch(r"[a-z-]+\.[a-z-]+", finding["id"]), finding
        for text in (finding["cause"], finding["mend"]):
            assert text and not re.search(r"[\x00-\x1f\x7f-\x9f]", text), finding
    assert report["facts"]["credence.version"], report
    return report


def examine(sandbox, *options, env=None):
    """Have a look; nothing may change by it, and it ends in time."""
    before = tree(sandbox.root)
    result = sandbox.run("doctor", "--json", *options, env=env)
    assert tree(sandbox.root) == before, "something was changed by looking"
    assert result.err == "" and result.seconds < SLACK, result
    return check_form(result)


def findings(report, severity="problem"):
    return [f["id"] for f in report["findings"] if f["severity"] == severity]


def healthy(sandbox, *options, env=None):
    report = examine(sandbox, *options, env=env)
    assert findings(report) == [], report
    return report


def broken(sandbox, name, *options, env=None, command=True):
    """Exactly this problem; answers the finding."""
    report = examine(sandbox, *options, env=env)
    assert findings(report) == [name], report
    finding = next(f for f in report["findings"] if f["id"] == name)
    assert finding["command"] == command, finding
    return finding


def mend(sandbox, finding, input="", env=None, prefix=(), follow="exec credence doctor --json >%s 2>&1"):
    """Paste what is said into a shell, and examine again from that shell."""
    assert finding["command"], finding
    tools = sandbox.path("bin")
    os.makedirs(tools, exist_ok=True)
    if not os.path.lexists(os.path.join(tools, "credence")):
        os.symlink(os.path.abspath(CREDENCE), os.path.join(tools, "credence"))
    script = finding["mend"] + "\n" + follow.replace("%s", sandbox.path("after"))
    environment = {k: v for k, v in dict(sandbox.env, **(env or {})).items() if v is not None}
    environment["PATH"] = tools + ":" + environment["PATH"]
    # A daemon that is started must not hold on to a pipe of ours.
    with open(sandbox.path("noise"), "wb") as noise:
        shell = subprocess.Popen([*prefix, "sh", "-c", script], env=environment, stdin=subprocess.PIPE, stdout=noise,
                                 stderr=noise)
        shell.communicate(input.encode(), timeout=PATIENCE)
    with open(sandbox.path("after"), "rb") as out, open(sandbox.path("noise")) as noise:
        report = check_form(Result(shell.returncode, out.read(), noise.read(), 0))
    os.remove(sandbox.path("after"))
    return report


def is_mended(sandbox, finding, **how):
    report = mend(sandbox, finding, **how)
    assert findings(report) == [], (finding, report)
    return report


def wait_for_service(desktop):
    for _ in range(400):
        if "true" in desktop.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
                                  "string:org.freedesktop.secrets"):
            return
        time.sleep(0.05)
    raise AssertionError("no Secret Service comes up")


def mend_service(desktop, finding, password):
    """The same for a command that starts a gnome-keyring, which is ours to end."""
    sandbox = desktop.sandbox
    with open(sandbox.path("noise"), "wb") as noise:
        subprocess.run(["sh", "-c", finding["mend"]], env=sandbox.env, input=password.encode() + b"\n", stdout=noise,
                       stderr=noise, timeout=PATIENCE)
    # It is on its way when the command ends.
    wait_for_service(desktop)
    report = examine(sandbox)
    pid = int(report["facts"]["secret-service.pid"])

    def end():
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass  # another took its place

    sandbox.cleanups.append(end)
    return report


def others_may_write(path):
    """Give it to a group, or, where that is not allowed to us, to everybody."""
    mode = os.stat(path).st_mode & 0o777
    if os.geteuid() == 0:
        os.chown(path, -1, NOBODY)
        os.chmod(path, mode | 0o020)
    else:
        os.chmod(path, mode | 0o002)


def as_nobody(sandbox, env):
    """An examination by another user than root."""
    before = sandbox.command
    sandbox.command = "setpriv"
    result = sandbox.run("--reuid=%d" % NOBODY, "--clear-groups", CREDENCE, "doctor", "--json", env=env)
    sandbox.command = before
    return result


def has(report, **facts):
    for name, value in facts.items():
        name = name.replace("__", ".").replace("_", "-")
        assert report["facts"].get(name) == value, (name, value, report["facts"])


# --- nothing is wrong ---------------------------------------------------------------------


@case("a desktop in order: exit 0, no problem, and the facts that a report of a fault needs")
def test_desktop(desktop):
    desktop.sandbox.sixconnect()
    report = healthy(desktop.sandbox)
    assert findings(report, "note") == [], report
    has(report, secret_service__service="gnome-keyring", secret_service__default="unlocked", profile__count="1",
        profile__looked_into="1", secret_service__pid=str(desktop.daemon.pid))
    result = desktop.sandbox.ok("doctor")
    assert "nothing is wrong here" in result.text and "ok       secret-service.service: gnome-keyring" in result.text


@case("a server without a bus, whose profiles are in the file keyring: in order, and the bus is a note")
def test_file(sandbox):
    sandbox.sixconnect()
    report = healthy(sandbox)
    assert findings(report, "note") == ["bus.none"], report
    has(report, profile__looked_into="1", file__private="yes")
    # Nobody is asked for the passphrase; that is no fault.
    sealed = healthy(sandbox, env={"CREDENCE_PASSPHRASE_FILE": None})
    assert sorted(findings(sealed, "note")) == ["bus.none", "keyring.sealed"], sealed
    has(sealed, profile__count="1", profile__looked_into="0")


# --- the session ----------------------------------------------------------------------------


@case("no bus: a fault where a profile is in the Secret Service, with advice for the place")
def test_no_bus():
    desktop = Desktop()
    try:
        sandbox = desktop.sandbox
        sandbox.sixconnect()
        desktop.daemon.terminate()  # by itself it would tidy up while we look
        desktop.daemon.wait()
        desktop.bus.terminate()
        desktop.bus.wait()
        env = {"DBUS_SESSION_BUS_ADDRESS": None, "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}
        finding = broken(sandbox, "bus.none", env=env)
        assert "SSH" in finding["cause"], finding
        # It opens a shell that has a bus.  The secrets are in a keyring that is locked there.
        report = mend(sandbox, finding, env=dict(env, SHELL="/bin/sh"),
                      input="exec credence doctor --json >" + sandbox.path("after"), follow="")
        assert findings(report) in (["service.locked"], ["service.none"]), report
        container = broken(sandbox, "bus.none", env=dict(env, SSH_CONNECTION=None, KUBERNETES_SERVICE_HOST="192.0.2.1"),
                           command=False)
        assert "--keyring directory" in container["mend"], container
        snap = broken(sandbox, "bus.none", env=dict(env, SNAP_INSTANCE_NAME="editor"), command=False)
        assert "password-manager-service" in snap["mend"], snap
        wsl = broken(sandbox, "bus.none", env=dict(env, WSL_DISTRO_NAME="Debian"), command=False)
        assert "wsl --shutdown" in wsl["mend"], wsl
        # The same without a profile: the first one would go there.
        os.remove(sandbox.config("lab"))
        broken(sandbox, "bus.none", env=env)
    finally:
        desktop.close()


@case("an address of a bus that is gone, while there is another")
def test_stale(desktop):
    sandbox = desktop.sandbox
    sandbox.sixconnect()
    live = "unix:path=" + sandbox.path("run", "bus")
    env = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=" + sandbox.path("gone")}
    finding = broken(sandbox, "bus.stale", env=env)
    assert finding["mend"] == "export DBUS_SESSION_BUS_ADDRESS=" + live and sandbox.path("gone") in finding["cause"]
    is_mended(sandbox, finding, env=env)


@case("XDG_RUNTIME_DIR that is not there, or that others can write to")
def test_runtime(desktop):
    sandbox = desktop.sandbox
    sandbox.sixconnect()
    env = {"XDG_RUNTIME_DIR": sandbox.path("nowhere")}
    is_mended(sandbox, broken(sandbox, "session.runtime-dir", env=env), env=env)
    os.chmod(sandbox.path("run"), 0o770)
    is_mended(sandbox, broken(sandbox, "session.runtime-dir"))
    assert os.stat(sandbox.path("run")).st_mode & 0o777 == 0o700


@case("an address that only starts a bus")
def test_autolaunch(sandbox):
    broken(sandbox, "bus.unusable", env={"DBUS_SESSION_BUS_ADDRESS": "autolaunch:"}, command=False)


@case("a bus that was stopped: it says so by the deadline")
def test_mute_bus(desktop):
    desktop.sandbox.sixconnect()
    os.kill(desktop.bus.pid, signal.SIGSTOP)
    try:
        broken(desktop.sandbox, "bus.mute", command=False)
    finally:
        os.kill(desktop.bus.pid, signal.SIGCONT)


# --- the Secret Service ------------------------------------------------------------------------


@case("a bus without a Secret Service: the command starts one")
def test_no_service():
    desktop = Desktop(activation=False, service=False)
    try:
        finding = broken(desktop.sandbox, "service.none")
        report = mend_service(desktop, finding, "pw")
        assert findings(report) == [], report
        has(report, secret_service__service="gnome-keyring", secret_service__default="unlocked")
    finally:
        desktop.close()


@case("a gnome-keyring that is locked: the command unlocks it")
def test_locked(desktop):
    desktop.sandbox.sixconnect()
    desktop.lock()
    finding = broken(desktop.sandbox, "service.locked")
    for password, state in (("wrong", "locked"), ("pw", "unlocked")):
        report = mend_service(desktop, finding, password)
        has(report, secret_service__default=state)
    assert findings(report) == [], report
    desktop.sandbox.ok("sign", "lab")
    # Where a window can ask for the password, a lock is in order.
    desktop.lock()
    report = examine(desktop.sandbox, env={"DISPLAY": ":99"})
    can_ask = report["facts"]["secret-service.prompter"] == "yes"
    assert "service.locked" in findings(report, "note" if can_ask else "problem"), report
    assert ("service.no-prompter" in findings(report, "note")) != can_ask, report


@case("a gnome-keyring that never had a keyring: the command makes the default one")
def test_no_default():
    desktop = Desktop(activation=False, service=False)
    try:
        daemon = subprocess.Popen(["gnome-keyring-daemon", "--foreground", "--components=secrets"],
                                  env=desktop.sandbox.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        desktop.sandbox.cleanups.append(lambda: (daemon.terminate(), daemon.wait()))
        wait_for_service(desktop)
        # A profile with nothing in the keyring is no second fault: it could not be stored.
        desktop.sandbox.write(desktop.sandbox.config("lab"),
                              "[profile]\nstack = 6connect\nendpoint = https://c.example/\nkeyring = secret-service\n"
                              "\n[6connect]\napi_key = 41-X\n")
        finding = broken(desktop.sandbox, "service.no-default")
        report = mend_service(desktop, finding, "pw")
        assert findings(report) == ["profile.no-secret"], report
    finally:
        desktop.close()


@case("a gnome-keyring that was stopped: it is named by the deadline, and the command goes on with it")
def test_stopped(desktop):
    desktop.sandbox.sixconnect()
    os.kill(desktop.daemon.pid, signal.SIGSTOP)
    try:
        finding = broken(desktop.sandbox, "service.stopped")
        assert finding["mend"] == "kill -CONT %d" % desktop.daemon.pid, finding
        is_mended(desktop.sandbox, finding)
    finally:
        os.kill(desktop.daemon.pid, signal.SIGCONT)


@case("a service that does not answer: ended by a command only where nothing unsaved is lost")
def test_silent():
    try:
        from secret_service import FakeService
        import dbus  # noqa: F401
    except ImportError as error:
        raise Skip(str(error))
    for program, command in (("keepassxc", False), ("gnome-keyring-daemon", True)):
        desktop = Desktop(activation=False, service=False)
        try:
            FakeService(desktop, program).behave("mute:ReadAlias")
            report = check_form(desktop.sandbox.run("doctor", "--json", "--timeout=1"))
            assert findings(report) == ["service.silent"], report
            [finding] = [f for f in report["findings"] if f["id"] == "service.silent"]
            assert re.search(r"\bkill \d+$", finding["mend"]) and finding["command"] == command, finding
        finally:
            desktop.close()


@case("a gnome-keyring without a password: the file that holds all secrets as text is named")
def test_plaintext():
    desktop = Desktop(service=False)
    try:
        sandbox = desktop.sandbox
        path = sandbox.write("home/.local/share/keyrings/plain.keyring", PLAIN_KEYRING)
        sandbox.write("home/.local/share/keyrings/default", "plain")
        desktop.start_daemon()
        desktop.secrets_call("", "Service.SetAlias", "string:default", "objpath:/org/freedesktop/secrets/collection/plain")
        finding = broken(sandbox, "service.plaintext", command=False)
        assert finding["subject"] == path and path in finding["cause"], finding
    finally:
        desktop.close()


# --- profiles ------------------------------------------------------------------------------------


def forget_items(desktop, profile):
    """Delete what the Secret Service holds for a profile, as another program could."""
    out = desktop.secrets_call("", "Service.SearchItems", "dict:string:string:profile," + profile)
    for path in re.findall(r'object path "(/[^"]+)"', out):
        desktop.secrets_call(path[len("/org/freedesktop/secrets"):], "Item.Delete")


@case("a profile whose secret is gone: the command stores it")
def test_no_secret(desktop):
    sandbox = desktop.sandbox
    sandbox.sixconnect()
    sandbox.sixconnect("other")
    forget_items(desktop, "lab")
    finding = broken(sandbox, "profile.no-secret")
    assert finding["subject"] == "lab" and finding["mend"] == "credence set lab --secret secret_key=-", finding
    is_mended(sandbox, finding, input=SIXCONNECT_SECRET)


@case("a profile whose secret is in another program than the one that runs")
def test_elsewhere(desktop):
    sandbox = desktop.sandbox
    sandbox.sixconnect()
    forget_items(desktop, "lab")
    sandbox.rewrite("lab", "keyring_store = gnome-keyring", "keyring_store = KeePassXC")
    finding = broken(sandbox, "profile.elsewhere", command=False)
    assert "KeePassXC" in finding["cause"] and "gnome-keyring" in finding["cause"], finding


@case("a value in the Secret Service that is no record")
def test_damaged(desktop):
    try:
        import dbus
    except ImportError:
        raise Skip("python3-dbus is not installed")
    sandbox = desktop.sandbox
    sandbox.sixconnect()
    bus = dbus.bus.BusConnection(sandbox.env["DBUS_SESSION_BUS_ADDRESS"])
    sandbox.cleanups.append(bus.close)

    def of(path, interface):
        return dbus.Interface(bus.get_object("org.freedesktop.secrets", path, introspect=False), interface)

    service = of("/org/freedesktop/secrets", "org.freedesktop.Secret.Service")
    session = service.OpenSession("plain", dbus.String("", variant_level=1))[1]
    [item] = service.SearchItems(dbus.Dictionary({"profile": "lab"}, signature="ss"))[0]
    value = dbus.Struct((session, dbus.ByteArray(b""), dbus.ByteArray(b"c1:no"), "text/plain"), signature="oayays")
    of(item, "org.freedesktop.Secret.Item").SetSecret(value)
    is_mended(sandbox, broken(sandbox, "profile.damaged"), input=SIXCONNECT_SECRET)


@case("a profile with two secrets, of which one is missing: the command stores that one, and no other")
def test_one_secret(sandbox):
    sandbox.add("lab", "bearer", secret="ssecret-token", field="token", endpoint="https://a.example/")
    sandbox.rewrite("lab", "stack = bearer", "stack = bearer basic")
    with open(sandbox.config("lab"), "a") as file:
        file.write("\n[basic]\nusername = me\n")
    finding = broken(sandbox, "profile.no-secret")
    assert finding["mend"] == "credence set lab --secret password=-", finding
    is_mended(sandbox, finding, input="ssecret-password")


@case("a profile whose endpoint was changed: nothing to paste that sends the secret there")
def test_moved(sandbox):
    sandbox.sixconnect()
    sandbox.rewrite("lab", "cloud.6connect.com", "elsewhere.example")
    finding = broken(sandbox, "profile.moved", command=False)
    assert "credence set lab --secret secret_key=-" in finding["mend"], finding
    assert finding["mend"].endswith("put the old endpoint back into " + sandbox.config("lab")), finding
    sandbox.rewrite("lab", "elsewhere.example", "cloud.6connect.com")
    healthy(sandbox)


@case("a profile in a keyring whose helper is not installed")
def test_no_helper(sandbox):
    sandbox.sixconnect()
    sandbox.rewrite("lab", "keyring = file", "keyring = vault")
    finding = broken(sandbox, "keyring.missing", command=False)
    assert finding["subject"] == "vault" and "lab" in finding["cause"], finding


@case("a file keyring that is gone, one that others can read, and a wrong passphrase")
def test_file_faults(sandbox):
    sandbox.sixconnect()
    path = sandbox.path("home/.local/share/credence/credentials.keyring")
    os.chmod(path, 0o644)
    finding = broken(sandbox, "keyring.exposed")
    assert finding["subject"] == path, finding
    is_mended(sandbox, finding)
    assert os.stat(path).st_mode & 0o777 == 0o600
    sandbox.write("passphrase", "not it")
    broken(sandbox, "keyring.passphrase", command=False)
    os.chmod(sandbox.path("passphrase"), 0o644)
    broken(sandbox, "keyring.passphrase", command=False)
    sandbox.write("passphrase", PASSPHRASE)
    with open(path, "rb") as file:
        whole = file.read()
    sandbox.write(path, whole[:-5])
    broken(sandbox, "keyring.damaged", command=False)
    sandbox.write(path, whole)
    os.rename(path, path + ".away")
    for passphrase in (sandbox.env["CREDENCE_PASSPHRASE_FILE"], None):
        broken(sandbox, "profile.no-secret", env={"CREDENCE_PASSPHRASE_FILE": passphrase})
    assert not os.path.exists(path), "looking made a keyring"
    os.rename(path + ".away", path)
    healthy(sandbox)


@case("a password store that was never made")
def test_pass(sandbox):
    if shutil.which("pass") is None:
        raise Skip("pass is not installed")
    sandbox.sixconnect()
    sandbox.rewrite("lab", "keyring = file", "keyring = pass")
    finding = broken(sandbox, "keyring.no-store", command=False)
    assert sandbox.path("home/.password-store") in finding["cause"] and "pass init" in finding["mend"], finding
    result = sandbox.run("doctor")
    assert "fact     pass.exists: no" in result.text and "ok       memory.locked: yes" in result.text, result


@case("faults do not hide each other: a file that makes no sense, a missing provider, certificate and field")
def test_several(sandbox):
    sandbox.sixconnect()
    sandbox.sixconnect("cert")
    sandbox.ok("set", "cert", "--client-cert=" + sandbox.write("cert.pem", "no certificate"), "--quiet")
    sandbox.write(sandbox.config("nonsense"), "[profile]\nstack\n")
    sandbox.write(sandbox.config("typo"), "[profile]\nstack = 6conect\nendpoint = https://c.example/\nkeyring = file\n")
    sandbox.write(sandbox.config("field"), "[profile]\nstack = 6connect\nendpoint = https://c.example/\nkeyring = file\n")
    sandbox.rewrite("lab", "cloud.6connect.com", "elsewhere.example")
    report = examine(sandbox)
    found = sorted((f["subject"], f["id"]) for f in report["findings"] if f["severity"] == "problem")
    assert found == [("cert", "profile.certificate"), ("field", "profile.no-field"), ("field", "profile.no-secret"),
                     ("lab", "profile.moved"), ("nonsense", "profile.malformed"), ("typo", "profile.no-provider")], found
    has(report, profile__count="5")


@case("the key of a client certificate that others can read")
def test_key(sandbox):
    sandbox.sixconnect()
    pem = "-----BEGIN %s-----\nAA==\n-----END %s-----\n"
    sandbox.ok("set", "lab", "--quiet", "--client-cert=" + sandbox.write("c.pem", pem % (("CERTIFICATE",) * 2)),
               "--client-key=" + sandbox.write("k.pem", pem % (("PRIVATE KEY",) * 2)))
    healthy(sandbox)
    os.chmod(sandbox.path("k.pem"), 0o644)
    is_mended(sandbox, broken(sandbox, "profile.certificate"))


@case("a login that the server refused is a note, with the command that tries again")
def test_refused(sandbox):
    sandbox.add("ix", "megaport", "client_id=id", secret="sssh-do-not-tell", field="client_secret")
    sandbox.write("home/.local/state/credence/logins/ix",
                  "[login]\nrefused = 1700000000000000\ncredential = 00\nmessage = \"wrong password\"\n")
    report = healthy(sandbox)
    assert "profile.login-refused" in findings(report, "note"), report


# --- folders and memory ------------------------------------------------------------------------------


@case("folders and files that others can write to: each is named, and mended by its command")
def test_writable(sandbox):
    sandbox.sixconnect()
    plugins = os.path.dirname(sandbox.write("home/.local/share/credence/plugins/mine.so", "x"))
    manifests = os.path.dirname(sandbox.write("home/.local/share/credence/providers/mine.provider", "x"))
    profiles = os.path.dirname(sandbox.config("lab"))
    healthy(sandbox)
    for path, name in ((profiles, "folder.untrusted"), (plugins, "folder.untrusted"), (manifests, "folder.untrusted"),
                       (sandbox.config("lab"), "file.untrusted"), (os.path.join(plugins, "mine.so"), "file.untrusted")):
        others_may_write(path)
        finding = broken(sandbox, name)
        assert finding["subject"] == path and finding["mend"] == "chmod go-w " + path, finding
        is_mended(sandbox, finding)


@case("what somebody else put there is not to be trusted by a command; a folder is to be the user's")
def test_foreign(sandbox):
    if os.geteuid() != 0:
        raise Skip("only root can give a file away")
    sandbox.sixconnect()
    path = sandbox.write("home/.local/share/credence/plugins/mine.so", "x")
    os.chown(path, NOBODY, -1)
    finding = broken(sandbox, "file.untrusted", command=False)
    assert finding["subject"] == path and "chown" not in finding["mend"] and "delete it" in finding["mend"], finding
    os.chown(path, 0, -1)
    folder = os.path.dirname(path)
    os.chown(folder, NOBODY, -1)
    finding = broken(sandbox, "folder.untrusted")
    assert finding["mend"] == "chown 0 " + folder, finding
    is_mended(sandbox, finding)
    # Nobody is to take the HOME that sudo left.
    os.chown(sandbox.home, NOBODY, -1)
    report = examine(sandbox)
    assert set(findings(report)) == {"folder.untrusted"}, report
    assert not any(f["command"] for f in report["findings"] if f["id"] == "folder.untrusted"), report


@case("whose a folder is to be: the user's below HOME and not beside it")
def test_below_home(sandbox):
    if os.geteuid() != 0:
        raise Skip("only root can be another user")
    os.chmod(sandbox.root, 0o755)
    os.chown(sandbox.home, NOBODY, -1)
    for name, owner in (("home", NOBODY), ("homely", 0)):
        folder = sandbox.path(name, "config", "credence", "profiles")
        os.makedirs(folder)
        os.chown(folder, 1234, -1)
        env = {"XDG_CONFIG_HOME": sandbox.path(name, "config"), "HOME": sandbox.home + "//"}
        report = check_form(as_nobody(sandbox, env))
        finding = next(f for f in report["findings"] if f["subject"] == folder)
        assert finding["mend"] == "sudo chown %d %s" % (owner, folder) and finding["command"], finding


@case("what is no file is not to be given another owner, but moved away")
def test_fifo(sandbox):
    sandbox.sixconnect()
    sandbox.write("home/.local/share/credence/plugins/mine.so", "x")
    os.mkfifo(sandbox.path("home/.local/share/credence/plugins/pipe.so"))
    assert broken(sandbox, "file.untrusted", command=False)["mend"] == "move it away"


@case("a folder or file that is at fault hides no fault of another")
def test_not_hidden(sandbox):
    sandbox.write(sandbox.config("nonsense"), "[profile]\nstack\n")
    # A profile file whose name begins with the path of one that is not trusted.
    sandbox.write(sandbox.config("nonsense.conf"), "[profile]\nstack\n")
    others_may_write(sandbox.config("nonsense"))
    report = examine(sandbox)
    assert sorted(findings(report)) == ["file.untrusted", "profile.malformed"], report
    os.chmod(sandbox.config("nonsense"), 0o600)
    os.remove(sandbox.config("nonsense.conf"))
    # Root writes where it may not, as long as it has that privilege.
    prefix = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else ["env"]
    if subprocess.run(prefix + ["true"], stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("no privilege to give up here")
    shutil.rmtree(sandbox.path("home/.local/state"), ignore_errors=True)
    shutil.rmtree(sandbox.path("home/.local/share"), ignore_errors=True)
    os.rmdir(sandbox.path("home/.local"))
    os.chmod(sandbox.home, 0o500)
    sandbox.command = prefix[0]
    report = check_form(sandbox.run(*prefix[1:], CREDENCE, "doctor", "--json"))
    os.chmod(sandbox.home, 0o700)
    assert sorted(findings(report)) == ["folder.not-writable", "profile.malformed"], report


@case("paths with spaces and quotes are quoted for the shell, and control characters never printed")
def test_quoting(sandbox):
    for name in ("a b", "it's", "$(touch gone)"):
        folder = sandbox.path(name, "credence", "profiles")
        os.makedirs(folder, mode=0o700)
        env = {"XDG_CONFIG_HOME": sandbox.path(name), "SNAP_INSTANCE_NAME": "x"}
        sandbox.write(os.path.join(folder, "p.conf"), "[profile]\nstack = 6connect\nendpoint = https://c.example/\n"
                      "keyring = vault\n\n[6connect]\napi_key = 41-X\n")
        os.chmod(folder, 0o777)
        finding = broken(sandbox, "folder.untrusted", env=env)
        assert findings(mend(sandbox, finding, env=env)) == ["keyring.missing"], finding
    folder = sandbox.path("bad\x1b[31m\n", "credence", "profiles")
    os.makedirs(folder, mode=0o700)
    os.chmod(folder, 0o777)
    env = {"XDG_CONFIG_HOME": sandbox.path("bad\x1b[31m\n")}
    result = sandbox.run("doctor", env=env)
    assert b"\x1b" not in result.out and "folder.untrusted" in result.text and "$'" in result.text, result


@case("memory that cannot be locked: the shell's limit is raised by the command")
def test_memory(sandbox):
    if is_sanitized():
        raise Skip("under a sanitizer mlock() does nothing, and says that it did")
    sandbox.sixconnect()
    os.mkdir(sandbox.path("bin"))
    # Root may lock what it likes, except in a namespace.
    prefix = ["unshare", "--user", "--map-root-user"] if os.geteuid() == 0 else []
    prefix += ["prlimit", "--memlock=0:8388608"]
    if WRAPPER or subprocess.run(prefix + ["true"], stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("no namespace or limit of our own here")
    sandbox.command = prefix[0]
    before = tree(sandbox.root)
    # None, and enough for the first secret but not for the helper of a keyring.
    for limit in ("0", "65536"):
        prefix[-1] = "--memlock=%s:8388608" % limit
        report = check_form(sandbox.run(*prefix[1:], CREDENCE, "doctor", "--json"))
        assert tree(sandbox.root) == before, report
        assert findings(report) == ["memory.pageable"] and report["facts"]["memory.locked"] == "no", report
        finding = next(f for f in report["findings"] if f["id"] == "memory.pageable")
        assert finding["mend"] == "ulimit -S -l 8192", finding
    is_mended(sandbox, finding, prefix=prefix)


@case("a disk that is full, and one that cannot be written to")
def test_state(sandbox):
    sandbox.sixconnect()
    state = sandbox.path("home/.local/state/credence")
    words = ["sh", "-c", 'mount -t tmpfs -o size=64k none "$1" && shift && exec "$@"', "sh", state]
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    if WRAPPER or subprocess.run(unshare + words + ["true"], stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("no namespace of our own here")
    sandbox.command = unshare[0]
    report = check_form(sandbox.run(*unshare[1:], *words, CREDENCE, "doctor", "--json"))
    assert findings(report) == ["folder.full"], report
    report = check_form(sandbox.run(*unshare[1:], words[0], words[1], words[2].replace("size=64k", "ro"), *words[3:],
                                    CREDENCE, "doctor", "--json"))
    assert findings(report) == [] and "folder.read-only" in findings(report, "note"), report


@case("without HOME it has little to look at, and looks")
def test_no_home(sandbox):
    report = examine(sandbox, env={"HOME": None, "CREDENCE_PASSPHRASE_FILE": None})
    assert "session.no-home" in findings(report, "note"), report


# --- the network ----------------------------------------------------------------------------------------


class Clock:
    """A server whose clock is off by some seconds; keeps what it is asked."""

    def __init__(self, sandbox, offset):
        self.requests = []
        clock = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self):
                clock.requests.append((self.command, self.path, dict(self.headers)))
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()

            def date_time_string(self, timestamp=None):
                return email.utils.formatdate(time.time() + offset, usegmt=True)

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/base/path?token=x" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        sandbox.cleanups.append(self.server.server_close)
        sandbox.cleanups.append(self.server.shutdown)


@case("--online compares clocks with each server once, without anything of the profile's")
def test_clock(sandbox):
    good, late = Clock(sandbox, 0), Clock(sandbox, -3600)
    sandbox.sixconnect("good", endpoint=good.url.partition("?")[0])
    sandbox.sixconnect("again", endpoint=good.url.partition("?")[0])
    healthy(sandbox)
    assert good.requests == [], good.requests
    healthy(sandbox, "--online", env={"http_proxy": "http://127.0.0.1:1/"})
    [(method, path, headers)] = good.requests
    assert method == "HEAD" and path == "/" and set(headers) == {"Host", "User-Agent", "Accept"}, good.requests
    sandbox.sixconnect("late", endpoint=late.url.partition("?")[0])
    report = examine(sandbox, "--online")
    assert findings(report) == ["clock.off"], report
    finding = next(f for f in report["findings"] if f["id"] == "clock.off")
    assert re.search(r"36\d\d s ahead of", finding["cause"]) or "3599 s ahead of" in finding["cause"], finding
    assert not finding["command"] or finding["mend"].endswith("timedatectl set-ntp true"), finding


@case("--online names a server that is not there, and one that takes the connection and is silent")
def test_unreachable(sandbox):
    sandbox.sixconnect("gone", endpoint="http://127.0.0.1:%d/" % free_port())
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        sandbox.sixconnect("mute", endpoint="http://127.0.0.1:%d/" % silent.getsockname()[1])
        report = examine(sandbox, "--online", "--timeout=1.5")
    assert findings(report) == ["endpoint.unreachable"] * 2, report


# --- what it says of itself -----------------------------------------------------------------------------


@case("the manual has the name of every finding, and no other")
def test_manual(sandbox):
    core = os.path.join(SRC, "..", "core")
    known = set()
    for name in os.listdir(core):
        if name.startswith("doctor") and name.endswith(".c"):
            with open(os.path.join(core, name)) as file:
                text = "".join(line for line in file if not line.startswith("#"))
            known |= set(re.findall(r'"((?:%s)\.[a-z-]+)[" ]' % GROUPS, text))
    with open(os.path.join(SRC, "..", "man", "credence.1")) as file:
        told = set(re.findall(r"^\.It Cm ((?:%s)\.[a-z-]+)$" % GROUPS, file.read(), re.MULTILINE))
    facts = {"bus.address", "folder.profiles", "session.place", "memory.locked", "profile.count", "profile.looked-into",
             "prompt.pinentry", "clock.ahead"}
    assert known - facts == told, (known - facts) ^ told


main()
