# SPDX-License-Identifier: BSD-3-Clause
"""Where a secret must not be: in what is printed, in arguments and environments, in
files, in core dumps, in memory that was given back.

Every case makes up a secret of its own, has the command or a host program use it,
and then searches, also for what it looks like in base64, in hexadecimal digits and
as the padded key of an HMAC.  A search that should find nothing is shown, in the
same place, to find what is there.

Breaks when any of these places gets a copy; also when a host notices the helpers:
by a signal, by waiting for children, or by a process that stays.
"""

import base64
import http.server
import os
import re
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import PATIENCE, SRC, WRAPPER, Skip, case, free_port, main  # noqa: E402
from processes import adopt_orphans, descendants, leftovers, name_of  # noqa: E402

HOLDER = os.path.join(os.environ.get("TESTS_BUILD", SRC), "e2e", "holder")
SIGN = ("sign", "lab", "?action=get")


def forms(secret):
    """The looks of a secret.  In base64 the neighbours show in the first and last digits."""
    raw = secret.encode()
    found = {"plain": raw, "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode(),
             "inner key": bytes(b ^ 0x36 for b in raw), "outer key": bytes(b ^ 0x5c for b in raw),
             "reversed": raw[::-1], "UTF-16": secret.encode("utf-16-le")}
    for shift in range(3):
        code = base64.b64encode(b"\0" * shift + raw)[2 * shift:][:len(raw)]
        found["base64 %d" % shift] = code
        found["base64url %d" % shift] = code.translate(bytes.maketrans(b"+/", b"-_"))
    return found


def search(data, secret, place):
    for name, form in forms(secret).items():
        at = data.find(form)
        assert at < 0, "the secret (%s) is in %s, at %d" % (name, place, at)


def files_below(root):
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as f:
                    yield path, f.read()


def canary(sandbox, provider="6connect", field="secret_key", endpoint="http://127.0.0.1:9", *args):
    """A profile "lab" with a secret that occurs nowhere else."""
    secret = "canary/" + secrets.token_hex(20)
    args = args or (("api_key=1-A",) if provider == "6connect" else ())
    sandbox.add("lab", provider, *args, secret=secret, field=field, endpoint=endpoint)
    return secret


# --- what is printed ------------------------------------------------------------------


@case("nothing that the command prints shows the secret, whatever goes wrong")
def _(sandbox):
    secret = canary(sandbox)
    for words in (("show", "lab"), ("show", "lab", "--json"), ("list",), ("list", "--json"), ("providers", "--json"),
                  SIGN, SIGN + ("--trace",), SIGN + ("--format=json", "--trace"), SIGN + ("--format=curl",),
                  ("sign", "lab", "POST", "/a", "b=c", "X:y", "d==e", "--trace"),
                  ("set", "lab", "--secret", "secret_key=-")):
        search(sandbox.ok(*words, input=secret).out, secret, words)
    for words in (("sign", "lab", "https://other.example/"), ("send", "lab", "/x", "--timeout=2"),
                  ("send", "lab", "/x", "--trace", "--timeout=2"), ("sign", "lab", "POST", "x", "a:={"),
                  ("sign", "lab", "x", "apiKey==1"), ("sign", "nobody", "x"), ("sign", "lab", "x", "A:\nB"),
                  ("sign", "lab", "x", "--nonsense"), ("set", "lab", "no_such_field=1"),
                  ("set", "lab", "secret_key=" + secret), ("add", "two", "6connect", "secret_key=" + secret),
                  ("set", "lab", "--secret", "secret_key=/nonexistent/" + secret),
                  ("set", "lab", "--secret", "no_such_field=-")):
        result = sandbox.run(*words, input=secret)
        assert result.code not in (0, 99), (words, result)
        search(result.out + result.err.encode(), secret, words)


@case("keyring that is locked, damaged, gone or of another endpoint: the error does not show the secret")
def _(sandbox):
    secret = canary(sandbox)
    keyring = sandbox.path("home/.local/share/credence/credentials.keyring")
    with open(keyring, "rb") as f:
        good = f.read()
    right = sandbox.env["CREDENCE_PASSPHRASE_FILE"]
    wrong = sandbox.write("wrong", "battery staple")

    def refuse(code, env=None, words=SIGN):
        result = sandbox.fails(code, *words, "--trace", env=env)
        search(result.out + result.err.encode(), secret, words)
        assert "correct horse" not in result.err and "battery" not in result.err, result

    refuse(4, {"CREDENCE_PASSPHRASE_FILE": wrong})
    refuse(4, {"CREDENCE_PASSPHRASE_FILE": None})
    for offset in (0, 50, 130):
        sandbox.write(os.path.relpath(keyring, sandbox.root), good[:offset] + b"?" + good[offset + 1:])
        refuse(9)
    os.unlink(keyring)
    refuse((3, 4))
    sandbox.write(os.path.relpath(keyring, sandbox.root), good)
    config = sandbox.config("lab")
    with open(config) as f:
        text = f.read()
    sandbox.write(os.path.relpath(config, sandbox.root), text.replace("127.0.0.1:9", "127.0.0.1:10"))
    refuse(6)
    sandbox.write(os.path.relpath(config, sandbox.root), text + "secret_key = %s\n" % secret)
    refuse(6)
    assert sandbox.env["CREDENCE_PASSPHRASE_FILE"] == right


@case("a token that goes into a header: neither trace nor errors show it")
def _(sandbox):
    secret = canary(sandbox, "bearer", "token", "http://127.0.0.1:9")
    assert secret in sandbox.ok("sign", "lab", "x", may_print_secret=True).text  # that is what signing is here
    result = sandbox.ok("sign", "lab", "x", "--trace", may_print_secret=True)
    search(result.err.encode(), secret, "trace")
    for words in (("send", "lab", "x", "--trace"), ("sign", "lab", "https://other.example/")):
        result = sandbox.run(*words)
        assert result.code not in (0, 99), result
        search(result.out + result.err.encode(), secret, words)


# --- what other processes see -----------------------------------------------------------


class SlowServer:
    """Lets the client wait, then sends what it was given."""

    def __init__(self, sandbox, seconds, body=b"{}"):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                time.sleep(seconds)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        sandbox.cleanups.append(self.close)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def watch(process, known, needles):
    """Read arguments and environment of all processes below, until this one ends.
    Answers the command lines that were seen."""
    seen = set()
    while process.poll() is None:
        for pid in descendants() - known:
            for name in ("cmdline", "environ", "comm"):
                try:
                    with open("/proc/%d/%s" % (pid, name), "rb") as f:
                        data = f.read()
                except OSError:
                    continue  # gone, or not ours to read
                for needle in needles:
                    search(data, needle, "%s of %r" % (name, data[:80]))
                if name == "cmdline":
                    seen.add(data)
        time.sleep(0.002)
    return seen


@case("arguments and environment of the command and its helpers, while it signs and sends")
def _(sandbox):
    server = SlowServer(sandbox, 0.5)
    secret = canary(sandbox, "6connect", "secret_key", server.url)
    sandbox.passphrase("passphrase-" + secrets.token_hex(16))
    os.unlink(sandbox.path("home/.local/share/credence/credentials.keyring"))
    known = descendants()
    adding = sandbox.popen("set", "lab", "--secret", "secret_key=-")
    adding.stdin.write(secret.encode())
    adding.stdin.close()
    needles = [secret] + [s for s in sandbox.secrets if s.startswith("passphrase-")]
    seen = watch(adding, known, needles)
    assert adding.returncode == 0, adding.stderr.read()
    sending = sandbox.popen("send", "lab", "?action=get", "--trace")
    sending.stdin.close()
    seen |= watch(sending, known, needles)
    out, err = sending.stdout.read(), sending.stderr.read()
    for process in (adding, sending):
        process.stdout.close()
        process.stderr.close()
    assert sending.returncode == 0, err
    search(out + err, secret, "output")
    assert any(b"keyring-file" in words for words in seen), "no helper was seen: %r" % seen
    assert any(b"send" in words for words in seen), "the command was not seen: %r" % seen


@case("no process is left: after signing, sending, failing, adding and removing")
def _(sandbox):
    known = descendants()
    canary(sandbox)
    for words in (SIGN, ("send", "lab", "--timeout=2"), ("sign", "lab", "https://other.example/"),
                  ("set", "lab", "--secret", "secret_key=-"), ("remove", "lab")):
        sandbox.run(*words, input="x")
        left = leftovers(known, patience=0.5)
        assert not left, (words, left)


# --- files --------------------------------------------------------------------------------


@case("no file holds the secret or the passphrase: file keyring")
def _(sandbox):
    secret = canary(sandbox)
    phrase = "passphrase-" + secrets.token_hex(16)
    os.unlink(sandbox.path("home/.local/share/credence/credentials.keyring"))
    sandbox.passphrase(phrase)
    sandbox.ok("set", "lab", "--secret", "secret_key=-", input=secret)
    sandbox.ok(*SIGN, "--trace")
    sandbox.run("send", "lab", "--timeout=2")
    decoy = "decoy/" + secrets.token_hex(20)
    sandbox.write("home/decoy", base64.urlsafe_b64encode(b"x" + decoy.encode()))
    found, count = 0, 0
    for path, data in files_below(sandbox.root):
        count += 1
        search(data, secret, path)
        if path != sandbox.env["CREDENCE_PASSPHRASE_FILE"]:
            search(data, phrase, path)
        found += any(form in data for form in forms(decoy).values())
    assert found == 1, "the search does not find what is there"
    assert count >= 4, "keyring, profile, lock ... were not looked at"


@case("no file and no item attribute holds the secret: gnome-keyring")
def _(desktop):
    sandbox = desktop.sandbox
    secret = canary(sandbox)
    sandbox.ok(*SIGN)
    for path, data in files_below(sandbox.root):
        search(data, secret, path)
    found = desktop.secrets_call("", "Service.SearchItems", "dict:string:string:profile,lab")
    items = re.findall(r'object path "(.+?)"', found)
    assert len(items) == 1, found
    shown = desktop.call("org.freedesktop.secrets", items[0], "org.freedesktop.DBus.Properties.GetAll",
                         "string:org.freedesktop.Secret.Item")
    assert "org.credence.Credential" in shown, shown
    search(shown.encode(), secret, "the item's properties")


# --- memory -------------------------------------------------------------------------------


class Holder:
    """The program holder.c, which has signed and waits."""

    def __init__(self, sandbox, **kw):
        if not os.path.exists(HOLDER):
            raise Skip("tests/e2e/holder is not built")
        self.decoy = "decoy/" + secrets.token_hex(20)
        self.process = subprocess.Popen([HOLDER, "lab", self.decoy], env=sandbox.env, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, cwd=sandbox.root, **kw)
        sandbox.cleanups.append(self.close)
        self.report = {}
        while "signed" not in self.report:
            line = self.process.stdout.readline().decode()
            assert line, "the holder ended: %r" % self.report
            key, _, value = line.strip().partition(": ")
            assert key != "failed", line
            self.report[key] = value

    def tell(self, word):
        self.process.stdin.write(word.encode() + b"\n")
        self.process.stdin.flush()

    def do(self, word):
        self.tell(word)
        assert self.process.stdout.readline().decode() == "done: %s\n" % word

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def memory(self):
        """All that can be read, mapping by mapping."""
        with open("/proc/%d/maps" % self.process.pid) as f:
            lines = f.read().splitlines()
        with open("/proc/%d/mem" % self.process.pid, "rb", buffering=0) as mem:
            for line in lines:
                words = line.split(None, 5)
                start, end = (int(word, 16) for word in words[0].split("-"))
                # What takes more is a sanitizer's table of the address space.
                if words[1][0] != "r" or end - start > 1 << 30 or words[-1] in ("[vvar]", "[vsyscall]"):
                    continue
                try:
                    mem.seek(start)
                    data = mem.read(end - start)
                except (OSError, ValueError, OverflowError):
                    continue
                yield line, data

    def sanitized(self):
        """Is there a sanitizer's table of the address space?  It turns mlock() off."""
        with open("/proc/%d/statm" % self.process.pid) as f:
            return int(f.read().split()[0]) * resource.getpagesize() > 1 << 40

    def find(self, text):
        """Where in memory any form of it is."""
        looks = forms(text)
        return ["%s: %s" % (name, line) for line, data in self.memory() for name, form in looks.items() if form in data]


def readable(holder):
    try:
        return holder.find(holder.decoy)
    except PermissionError:
        raise Skip("the memory of another process cannot be read here")


@case("memory: the secret is gone when the profile is freed, and so is the passphrase")
def _(sandbox):
    secret = canary(sandbox)
    phrase = "passphrase-" + secrets.token_hex(16)
    os.unlink(sandbox.path("home/.local/share/credence/credentials.keyring"))
    sandbox.passphrase(phrase)
    sandbox.ok("set", "lab", "--secret", "secret_key=-", input=secret)
    holder = Holder(sandbox)
    assert readable(holder), "the search does not find the decoy"
    assert holder.find(secret), "the search does not find the secret while the profile is open"
    holder.do("free")
    assert holder.find(holder.decoy)
    for text in (secret, phrase):
        found = holder.find(text)
        assert not found, "still in memory: %s" % "\n".join(found)


@case("memory: while the profile is open, the secret is in one place, which is not dumped or swapped")
def _(sandbox):
    secret = canary(sandbox)
    holder = Holder(sandbox)
    readable(holder)
    places = {place.partition(": ")[2] for place in holder.find(secret)}
    assert len(places) == 1, "\n".join(places)
    start = places.pop().partition("-")[0]
    with open("/proc/%d/smaps" % holder.process.pid) as f:
        about = f.read().partition("\n%s-" % start)[2].partition("VmFlags:")[2].partition("\n")[0].split()
    assert "dd" in about, "would be dumped: %r" % about
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    may_lock = (limit < 0 or limit >= 1 << 16) and not holder.sanitized()
    assert "lo" in about or not may_lock, "would be swapped: %r" % about


def search_dump(path, holder, texts):
    with open(path, "rb") as f:
        data = f.read()
    assert holder.decoy.encode() in data, "the dump does not hold the decoy"
    for text in texts:
        search(data, text, "the core dump")


@case("a core dump by a debugger does not hold the secret or the passphrase")
def _(sandbox):
    if shutil.which("gcore") is None:
        raise Skip("gcore is not installed")
    secret = canary(sandbox)
    holder = Holder(sandbox)
    if holder.sanitized():
        raise Skip("a debugger would dump the sanitizer's tables, which are terabytes")
    debugger = subprocess.Popen(["gcore", "-o", sandbox.path("dump"), str(holder.process.pid)],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env=sandbox.env, start_new_session=True)
    try:
        # It hung once, on a plugin whose name led it to one of its own descriptors.
        said = debugger.communicate(timeout=PATIENCE)[0].decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        os.killpg(debugger.pid, signal.SIGKILL)
        debugger.communicate()
        raise
    path = sandbox.path("dump.%d" % holder.process.pid)
    if not os.path.exists(path):
        raise Skip("gcore cannot dump here: %s" % said.strip().split("\n")[-1])
    search_dump(path, holder, [secret, "correct horse"])


@case("a core dump by the system does not hold the secret or the passphrase")
def _(sandbox):
    with open("/proc/sys/kernel/core_pattern") as f:
        pattern = f.read().strip()
    if "/" in pattern or pattern.startswith("|"):
        raise Skip("core dumps go elsewhere: " + pattern)
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
        raise Skip("core dumps are limited here")
    secret = canary(sandbox)
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    holder = Holder(sandbox, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, unlimited))
    holder.tell("abort")
    holder.process.wait(PATIENCE)
    dumps = [name for name in os.listdir(sandbox.root) if "core" in name]
    if not dumps:
        raise Skip("the system made no core dump")
    search_dump(sandbox.path(dumps[0]), holder, [secret, "correct horse"])


# --- the host --------------------------------------------------------------------------------


@case("a host is left as it was, and does not notice the helpers")
def _(sandbox):
    canary(sandbox)
    holder = Holder(sandbox, umask=0o027)
    assert holder.report["changed"] == "nothing", holder.report
    assert holder.report["signals"] == "0", "SIGCHLD of a helper reached the host: %r" % holder.report
    assert holder.report["strange child"] == "0", "the host could wait for a helper: %r" % holder.report
    left = descendants(holder.process.pid)
    assert not left, [name_of(pid) for pid in left]
    holder.do("free")
    holder.tell("quit")
    assert holder.process.wait(PATIENCE) == 0


@case("the command itself cannot be dumped or traced by its user's other programs")
def _(sandbox):
    server = SlowServer(sandbox, 1)
    canary(sandbox, "6connect", "secret_key", server.url)
    if WRAPPER:
        raise Skip("the wrapper's process is looked at instead")
    process = sandbox.popen("send", "lab", "?a=b")
    process.stdin.close()
    deadline = time.monotonic() + PATIENCE
    limits = owner = None
    while process.poll() is None and time.monotonic() < deadline and limits is None:
        with open("/proc/%d/limits" % process.pid) as f:
            text = f.read()
        if re.search(r"Max core file size\s+0\s+0", text):
            limits = text
            owner = os.stat("/proc/%d/environ" % process.pid).st_uid
        time.sleep(0.005)
    process.stdout.read()
    process.stdout.close()
    process.stderr.close()
    process.wait(PATIENCE)
    assert limits is not None, "core dumps are not off"
    assert owner == 0, "who owns the process may read its memory"


if __name__ == "__main__":
    adopt_orphans()
    main()
