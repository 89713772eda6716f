# SPDX-License-Identifier: BSD-3-Clause
"""harness.py - what the end-to-end tests share.

A test program is a list of functions marked @case("what holds"), and ends with
main().  It prints TAP.  Each case gets a Sandbox: a HOME of its own, in which
it runs the real command.  Everything that a command prints is searched for the
secrets that the sandbox knows, so that a leak fails whatever test caused it.

Environment (set by make check):
  CREDENCE           the command to test
  CREDENCE_FIXTURE   folder with the providers, plugins and keyrings it uses
  CREDENCE_WRAPPER   words to put in front of it, for instance valgrind and its options
  TESTS_SRC          the folder this file is in
  CREDENCE_VECTORS   folder with the public vectors that the project does not carry itself
"""

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

SRC = os.environ.get("TESTS_SRC", os.path.dirname(os.path.abspath(__file__)))
CREDENCE = os.environ.get("CREDENCE", "credence")
FIXTURE = os.environ.get("CREDENCE_FIXTURE", "")
WRAPPER = shlex.split(os.environ.get("CREDENCE_WRAPPER", ""))
# Machines that run tests are slow now and then; what must be quick says so itself.
PATIENCE = 300 if WRAPPER else 60

SIXCONNECT_KEY = "41-HSLH4QZQX6IAOOJS"
SIXCONNECT_SECRET = "889f33027c902061d023d8b0ee39b100"
EQUOTIX_SECRET = "Xv2l2mDFf1KG6WaLVZPpYbXNLpHRjF1MZMxiSSf4"


# An empty file keyring for the passphrase below, with the smallest scrypt that the
# format allows: tests open it thousands of times.
PASSPHRASE = "correct horse"
CHEAP_KEYRING = bytes.fromhex(
    "43524544454e43450101010100000000f0f657d871f184fe7d2c09ccb9328468deee7170dfc79c88"
    "22e4d7683609a133a9f2e24ea5cb98bc50e3b1789dc375f19df98dbff2688b5d57970be2cb953df5"
    "3ece2a30986b207dc6b9cda34fb6534c5f1a3337cffddadb8534b8c32eed0acc2a1dca955d975cff"
    "41de545340e4d13969c28016b2bcd4f839ff4926")


class Skip(Exception):
    """Raised by a case that cannot run here; the text is the reason."""


class Result:
    """What a command did."""

    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return "exit %d after %.2f s\n--- out\n%s\n--- err\n%s" % (self.code, self.seconds, self.text[:4000], self.err)


class Sandbox:
    """A HOME of its own, and the command in it."""

    def __init__(self, keyring="file", fresh=False):
        self.root = tempfile.mkdtemp(prefix="credence-test-")
        os.chmod(self.root, 0o700)
        self.home = os.path.join(self.root, "home")
        os.mkdir(self.home, 0o700)
        self.keyring = keyring
        self.command = CREDENCE
        self.secrets = set()
        self.cleanups = []
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("XDG_") and k not in ("DISPLAY", "WAYLAND_DISPLAY")}
        self.env["HOME"] = self.home
        if keyring == "file":
            self.passphrase(PASSPHRASE)
            if not fresh:
                self.write("home/.local/share/credence/credentials.keyring", CHEAP_KEYRING)
                os.chmod(self.path("home/.local/share/credence"), 0o700)
        if keyring != "secret-service":
            self.env.pop("DBUS_SESSION_BUS_ADDRESS", None)

    def close(self):
        for cleanup in reversed(self.cleanups):
            cleanup()
        shutil.rmtree(self.root, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.root, *names)

    def write(self, name, content, mode=0o600):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode()
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, mode)
        return path

    def passphrase(self, text):
        self.secrets.add(text)
        self.env["CREDENCE_PASSPHRASE_FILE"] = self.write("passphrase", text)

    def config(self, name):
        return os.path.join(self.home, ".config", "credence", "profiles", name + ".conf")

    def rewrite(self, name, old, new):
        """Write something else into the file of a profile, where old stands."""
        with open(self.config(name)) as f:
            text = f.read()
        assert old in text, text
        self.write(self.config(name), text.replace(old, new))

    def popen(self, *args, **kw):
        env = dict(self.env, **kw.pop("env", {}))
        argv = WRAPPER + [self.command] + [a if isinstance(a, bytes) else str(a) for a in args]
        return subprocess.Popen(argv, stdin=kw.pop("stdin", subprocess.PIPE), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env={k: v for k, v in env.items() if v is not None},
                                start_new_session=True, **kw)

    def run(self, *args, input=b"", env=None, may_print_secret=False, timeout=PATIENCE, **kw):
        """Run the command without a terminal."""
        start = time.monotonic()
        process = self.popen(*args, env=env or {}, **kw)
        try:
            out, err = process.communicate(input if isinstance(input, bytes) else input.encode(), timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise AssertionError("no end after %d s: %r" % (timeout, args))
        result = Result(process.returncode, out, err.decode("utf-8", "replace"), time.monotonic() - start)
        assert result.code >= 0, "killed by signal %d: %r\n%r" % (-result.code, args, result)
        assert result.code != 99, "the wrapper found a fault: %r\n%r" % (args, result)
        self.search(result, may_print_secret)
        return result

    def search(self, result, may_print_secret):
        for secret in self.secrets:
            assert secret not in result.err, "a secret on standard error: %r" % result
            assert may_print_secret or secret.encode() not in result.out, "a secret on standard output: %r" % result

    def ok(self, *args, **kw):
        result = self.run(*args, **kw)
        assert result.code == 0, "failed: %r\n%r" % (args, result)
        return result

    def fails(self, code, *args, saying=None, **kw):
        """Run; expect this exit code (or one of them) and a one-line error."""
        result = self.run(*args, **kw)
        codes = code if isinstance(code, tuple) else (code,)
        assert result.code in codes, "exit code is not %r: %r\n%r" % (codes, args, result)
        lines = [l for l in result.err.split("\n") if l]
        assert len(lines) == 1 and lines[0].startswith("credence: "), "not one line of error: %r" % result
        if saying is not None:
            assert saying in result.err, "does not say %r: %r" % (saying, result)
        return result

    def add(self, name, provider, *args, secret=None, field=None, endpoint=None):
        """Add a profile in this sandbox's keyring, the secret by standard input."""
        words = ["add", name, provider] + list(args) + ["--keyring", self.keyring, "--quiet"]
        if endpoint is not None:
            words += ["--endpoint", endpoint]
        if field is not None:
            self.secrets.add(secret)
            words += ["--secret", field + "=-"]
        return self.ok(*words, input=secret or "")

    def sixconnect(self, name="lab", endpoint="https://cloud.6connect.com/6c_375/api/v1/api.php",
                   key=SIXCONNECT_KEY, secret=SIXCONNECT_SECRET):
        return self.add(name, "6connect", "api_key=" + key, secret=secret, field="secret_key", endpoint=endpoint)

    def equotix(self, name="shop", endpoint=None, secret=EQUOTIX_SECRET):
        return self.add(name, "equotix", "domain=test", "api_key=test@example.com", secret=secret,
                        field="api_secret", endpoint=endpoint)


def is_sanitized():
    """A sanitizer maps terabytes and keeps what was freed: memory has no bounds then."""
    with open(CREDENCE, "rb") as f:
        return b"__asan_" in f.read()


def measured(sandbox, *words):
    """Run; the result has the first of what it prints, and memory, the most that it used in kilobytes."""
    paths = sandbox.path("out"), sandbox.path("err")
    # What glibc fills for the tests would count as used.
    env = {name: value for name, value in sandbox.env.items() if not name.startswith("MALLOC_")}
    with open(paths[0], "wb") as out, open(paths[1], "wb") as err:
        begin = time.monotonic()
        process = subprocess.Popen(WRAPPER + [sandbox.command] + list(words), env=env, stdin=subprocess.DEVNULL,
                                   stdout=out, stderr=err)
        watch = threading.Timer(PATIENCE, process.kill)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        watch.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    with open(paths[0], "rb") as out, open(paths[1], "rb") as err:
        result = Result(process.returncode, out.read(1 << 20), err.read(1 << 20).decode("utf-8", "replace"),
                        time.monotonic() - begin)
    result.memory = usage.ru_maxrss
    sandbox.search(result, True)
    return result


def traced(sandbox, options, *words):
    """Run under strace; answers what it writes."""
    if shutil.which("strace") is None:
        raise Skip("strace is not installed")
    if subprocess.run(["strace", "-o", sandbox.path("probe"), "true"], stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("strace may not trace here")
    log = sandbox.path("strace")
    # Leaks cannot be looked for under a tracer.
    env = dict(sandbox.env, ASAN_OPTIONS="detect_leaks=0")
    done = subprocess.run(["strace", "-f", *options, "-o", log, sandbox.command, *words], env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
    assert done.returncode == 0, done
    with open(log, errors="replace") as f:
        text = f.read()
    os.remove(log)
    return text


# --- servers ---------------------------------------------------------------------


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process):
    for _ in range(500):
        if process.poll() is not None:
            raise AssertionError("the server ended with %d" % process.returncode)
        with socket.socket() as s:
            s.settimeout(0.2)
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("the server does not listen")


def php_server(sandbox, script, env=None):
    """PHP's own web server with one script; answers its URL."""
    if shutil.which("php") is None:
        raise Skip("php is not installed")
    port = free_port()
    process = subprocess.Popen(["php", "-n", "-d", "variables_order=EGPCS", "-S", "127.0.0.1:%d" % port,
                                os.path.join(SRC, "php", script)],
                               env=dict(sandbox.env, **(env or {})), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sandbox.cleanups.append(lambda: end(process))
    wait_for_port(port, process)
    return "http://127.0.0.1:%d" % port


def end(process):
    """End a process that this test started."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# --- a real Secret Service ----------------------------------------------------------


LONELY_BUS = """<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>"""


class Desktop:
    """A session bus and an unlocked gnome-keyring in a sandbox of its own.

    activation=False: the bus starts no services.  service=False: none is started."""

    def __init__(self, activation=True, service=True):
        for program in ("dbus-daemon", "gnome-keyring-daemon"):
            if shutil.which(program) is None:
                raise Skip(program + " is not installed")
        self.sandbox = Sandbox("secret-service")
        env = self.sandbox.env
        runtime = self.sandbox.path("run")
        os.mkdir(runtime, 0o700)
        env["XDG_RUNTIME_DIR"] = runtime
        kind = "--session" if activation else "--config-file=" + self.sandbox.write("bus.conf", LONELY_BUS)
        self.bus = subprocess.Popen(["dbus-daemon", kind, "--nofork", "--print-address=1",
                                     "--address=unix:path=" + os.path.join(runtime, "bus")],
                                    env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.sandbox.cleanups.append(lambda: end(self.bus))
        env["DBUS_SESSION_BUS_ADDRESS"] = self.bus.stdout.readline().decode().strip()
        self.daemon = self.start_daemon() if service else None

    def start_daemon(self):
        daemon = subprocess.Popen(["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
                                  env=self.sandbox.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        self.sandbox.cleanups.append(lambda: end(daemon))
        daemon.stdin.write(b"pw")
        daemon.stdin.close()
        for _ in range(200):
            if self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
                         "string:org.freedesktop.secrets").find("true") >= 0:
                return daemon
            time.sleep(0.05)
        raise AssertionError("gnome-keyring does not answer")

    def call(self, dest, path, method, *args):
        """A method call with dbus-send; answers what it prints."""
        done = subprocess.run(["dbus-send", "--session", "--print-reply", "--dest=" + dest, path, method] + list(args),
                              env=self.sandbox.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20)
        return done.stdout.decode("utf-8", "replace")

    def secrets_call(self, path, method, *args):
        return self.call("org.freedesktop.secrets", "/org/freedesktop/secrets" + path,
                         "org.freedesktop.Secret." + method, *args)

    def lock(self):
        out = self.secrets_call("", "Service.Lock",
                                "array:objpath:/org/freedesktop/secrets/collection/login")
        assert "login" in out, out

    def close(self):
        self.sandbox.close()


# --- TAP ---------------------------------------------------------------------------

CASES = []


def case(description):
    def keep(function):
        CASES.append((description, function))
        return function
    return keep


def run_case(number, description, function, fresh):
    """A case takes nothing, a sandbox, or (parameter named desktop) a desktop."""
    names = function.__code__.co_varnames[:function.__code__.co_argcount]
    things = []
    try:
        for name in names:
            things.append(Desktop() if name == "desktop" else Sandbox(fresh=fresh))
        function(*things)
    except Skip as reason:
        print("ok %d - %s # SKIP %s" % (number, description, reason))
        return True
    except Exception:
        for line in traceback.format_exc().split("\n"):
            print("# " + line.encode("ascii", "backslashreplace").decode())
        print("not ok %d - %s" % (number, description))
        return False
    finally:
        for thing in things:
            thing.close()
    print("ok %d - %s" % (number, description))
    return True


def main(fresh=False):
    """fresh: sandboxes without a file keyring, so that the first command makes one."""
    # Run in the background, a shell gives its children some signals as ignored, and
    # then Ctrl-C on a test's own terminal would do nothing.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    print("1..%d" % len(CASES))
    good = True
    for number, (description, function) in enumerate(CASES, 1):
        good = run_case(number, description, function, fresh) and good
        sys.stdout.flush()
    sys.exit(0 if good else 1)
