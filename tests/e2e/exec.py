# SPDX-License-Identifier: BSD-3-Clause
"""credence exec: a command that can only be given a key gets it, and nobody else does.

Breaks when a secret goes out without the rule; when it shows in the arguments or the
environment of any process, or in a file; when what the command reads is not the
secret, byte for byte and however often; when it inherits something else of ours; and
when it does not run as if it had been started without us: its arguments, exit code,
signals and process are its own.
"""

import base64
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import PATIENCE, case, main  # noqa: E402
from processes import adopt_orphans, descendants  # noqa: E402

PYTHON = (sys.executable, "-I", "-S", "-c")
# Without folders that this user may not look into, where a command might be.
PLAIN_PATH = {"PATH": "/usr/bin:/bin"}
# What a command prints of its own file: how it looks, and what is in it.
SHOW_FILE = """
import json, os, sys
path = sys.argv[1]
fd = int(path.rsplit("/", 1)[1])
seen = {"mode": os.stat(path).st_mode & 0o7777, "size": os.stat(path).st_size, "at": os.lseek(fd, 0, os.SEEK_CUR)}
seen["first"], seen["second"] = (open(path, "rb").read().hex() for _ in "12")
seen["inherited"] = os.read(fd, 1 << 20).hex()
os.lseek(fd, 0, os.SEEK_SET)
seen["again"] = os.read(fd, 1 << 20).hex()
seen["errors"] = []
for change in (lambda: os.write(fd, b"x"), lambda: os.ftruncate(fd, 0), lambda: os.ftruncate(fd, 1 << 20)):
    try:
        change()
    except OSError as e:
        seen["errors"].append(e.errno)
print(json.dumps(seen))
"""
# Lines "NUMBER WHAT"; the shell stays, so that it is not itself that ls shows.
SHOW_DESCRIPTORS = "ls -l /proc/$$/fd; true"


def descriptors(text):
    return [line.split(" -> ")[0].split()[-1] + " " + line.split(" -> ")[1] for line in text.splitlines() if " -> " in line]


def allow(sandbox, name="lab"):
    sandbox.rewrite(name, "[profile]", "[profile]\nallow = exec")


def canary(sandbox, data=None, **kw):
    """A profile "lab" that allows exec, with a secret that occurs nowhere else."""
    data = ("canary/" + secrets.token_hex(20)).encode() if data is None else data
    path = sandbox.write("home/secret", data)
    sandbox.ok("add", "lab", "6connect", "api_key=1-A", "--endpoint=http://127.0.0.1:9", "--keyring", sandbox.keyring,
               "--quiet", "--allow", "exec", "--secret", "secret_key=" + path, **kw)
    os.unlink(path)
    return data


def output(sandbox, *words, **kw):
    return sandbox.ok("exec", *words, may_print_secret=True, **kw).out


# --- who may ---------------------------------------------------------------------------


@case("off by default: refused with the line, the file and what it means; nothing runs")
def _(sandbox):
    sandbox.sixconnect()
    for words in (("--", "touch", "started", "{}"), ("--env=KEY=secret_key", "--", "touch", "started")):
        result = sandbox.fails(6, "exec", "lab", *words, cwd=sandbox.root,
                               saying="add the line allow = exec to [profile] in " + sandbox.config("lab"))
        assert "may send it anywhere" in result.err, result
    assert not os.path.exists(sandbox.path("started"))
    allow(sandbox)
    sandbox.ok("exec", "lab", "--", "touch", "started", "{}", cwd=sandbox.root)
    assert os.path.exists(sandbox.path("started"))


@case("rules for requests do not give it, and it is no rule for requests")
def _(sandbox):
    sandbox.sixconnect(endpoint="http://127.0.0.1:9")
    sandbox.rewrite("lab", "[profile]", "[profile]\nallow = * *\nallow = GET /exec")
    sandbox.fails(6, "exec", "lab", "--", "cat", "{}", saying="allow = exec")
    sandbox.rewrite("lab", "allow = * *\nallow = GET /exec", "allow = exec")
    # The rule alone leaves every request allowed, as if there were none.
    sandbox.ok("sign", "lab", "DELETE", "/a/../b", "X-HTTP-Method-Override:PUT")
    shown = sandbox.ok("show", "lab").text
    assert "allow           exec\n" in shown and "(every request to this origin)" in shown, shown
    sandbox.rewrite("lab", "allow = exec", "allow = exec\nallow = GET /a")
    sandbox.ok("sign", "lab", "/a")
    sandbox.fails(6, "sign", "lab", "/b")
    sandbox.fails(6, "sign", "lab", "GET", "/a", "X-HTTP-Method-Override:PUT")
    assert "every request" not in sandbox.ok("show", "lab").text
    for rule in ("exec /x", "EXEC", "exec ", "exec exec"):
        sandbox.fails(2, "add", "two", "bearer", "--endpoint=http://127.0.0.1:9", "--allow", rule)


@case("add --allow exec; set keeps the rule; show and list have the rule and never the secret")
def _(sandbox):
    secret = canary(sandbox).decode()
    sandbox.secrets.add(secret)
    sandbox.ok("set", "lab", "api_key=2-B")
    for words in (("show", "lab"), ("list",), ("list", "--json")):
        sandbox.ok(*words)
    assert sandbox.ok("show", "lab", "--json").json["allow"] == ["exec"]
    assert output(sandbox, "lab", "--", "cat", "{}").decode() == secret


@case("another origin: what was stored for one place is not handed out at another")
def _(sandbox):
    canary(sandbox)
    sandbox.rewrite("lab", "127.0.0.1:9", "127.0.0.1:10")
    sandbox.fails(6, "exec", "lab", "--", "touch", "started", "{}", cwd=sandbox.root, saying="was stored for")
    assert not os.path.exists(sandbox.path("started"))


@case("a keyring that stays locked, or is gone: its own exit code, and nothing is started")
def _(sandbox):
    canary(sandbox)
    words = ("exec", "lab", "--env=A=api_key", "--", "touch", "started", "{}")
    sandbox.fails(4, *words, cwd=sandbox.root, env={"CREDENCE_PASSPHRASE_FILE": None})
    sandbox.fails(4, *words, cwd=sandbox.root, env={"CREDENCE_PASSPHRASE_FILE": sandbox.write("wrong", "no")})
    os.unlink(sandbox.path("home/.local/share/credence/credentials.keyring"))
    sandbox.fails(3, *words, cwd=sandbox.root, saying="credence set lab --secret secret_key=-")
    assert not os.path.exists(sandbox.path("started"))


# --- what the command gets ----------------------------------------------------------------


def show_file(sandbox, data):
    canary(sandbox, data)
    seen = json.loads(output(sandbox, "lab", "--", *PYTHON, SHOW_FILE, "{}"))
    assert seen["mode"] == 0o400 and seen["size"] == len(data) and seen["at"] == 0, seen
    for way in ("first", "second", "inherited", "again"):
        assert bytes.fromhex(seen[way]) == data, (way, len(seen[way]) // 2, len(data))
    assert len(seen["errors"]) == 3, "it can be changed: %r" % seen


@case("the file: exactly the secret's bytes, from its start at every open, by the descriptor and by seek; sealed")
def _(sandbox):
    show_file(sandbox, b"plain text")


@case("the file: every byte there is, and ends that look like lines")
def _(sandbox):
    show_file(sandbox, b"\n\r\0" + bytes(range(256)) + b"\0\r")


@case("the file: 32 KiB")
def _(sandbox):
    show_file(sandbox, secrets.token_bytes(32 * 1024 - 1) + b"x")


def in_order(text):
    """Paths of descriptors as <1>, <2> ...: which numbers are free is the system's business."""
    seen = []

    def number(match):
        if match.group() not in seen:
            seen.append(match.group())
        return "<%d>" % (seen.index(match.group()) + 1)
    return re.sub(r"/dev/fd/[0-9]+", number, text)


@case("the words of the command: {} anywhere, doubled braces, and all else as it stands")
def _(sandbox):
    canary(sandbox)

    def expand(*words):
        return in_order(output(sandbox, "lab", "--", "printf", "%s\\n", *words).decode()).splitlines()

    assert expand("{}", "--key={}", "a{}b{}c", "{secret_key}") == ["<1>", "--key=<1>", "a<1>b<1>c", "<1>"]
    assert expand("{6connect.secret_key}", "{{}}", "{{secret_key}}", "x{{}}{}") == \
        ["<1>", "{}", "{secret_key}", "x{}<2>"]
    kept = ["{", "}", "{{", "}}", "{ }", "{api_key}", "{nothing}", "${HOME}", '{"a":1}', "{{.Name}}", "{{x}}", "{/}",
            "--no-prompt", "--help", "--timeout=x", "--", "-h", "--field=x", "--env", "", "caf\u00e9", "a\nb"]
    assert expand("{}", *[word for word in kept if "\n" not in word])[1:] == kept[:-1]
    assert "\n".join(expand("{}", "a\nb")[1:]) == "a\nb"
    assert in_order(output(sandbox, "lab", "--", "echo", "-e", "--", "{}").decode()) == "-- <1>\n"
    # The command itself is not an argument.
    sandbox.fails(127, "exec", "lab", "--", "{}", "{}", env=PLAIN_PATH, saying="cannot run {}")


@case("bytes in the words of the command that are not UTF-8 arrive as they are")
def _(sandbox):
    canary(sandbox)
    assert re.fullmatch(rb"\xff/dev/fd/[0-9]+\xfe", output(sandbox, "lab", "--", "printf", "%s", b"\xff{}\xfe"))


def temporary_keys(sandbox):
    """A profile with two secrets."""
    for name in ("one", "two"):
        sandbox.write("home/" + name, "secret " + name)
    sandbox.ok("add", "aws", "aws-sigv4", "access_key_id=AKID", "--endpoint=http://127.0.0.1:9", "--keyring=file",
               "--allow=exec", "--secret", "secret_access_key=" + sandbox.path("home/one"),
               "--secret", "session_token=" + sandbox.path("home/two"), "--quiet")


@case("several secrets: {} alone is an error that lists them; each has its name and its own file")
def _(sandbox):
    temporary_keys(sandbox)
    sandbox.fails(2, "exec", "aws", "--", "cat", "{}", saying="say {secret_access_key} or {session_token}, or --field")
    got = output(sandbox, "aws", "--", "sh", "-c", 'cat "$1"; echo; cat "$2"; echo; echo $1 $2 $3', "sh",
                 "{session_token}", "{secret_access_key}", "{session_token}").decode()
    assert in_order(got).splitlines() == ["secret two", "secret one", "<1> <2> <1>"], got
    assert output(sandbox, "aws", "--field=session_token", "--", "cat", "{}") == b"secret two"
    assert output(sandbox, "aws", "--field", "aws-sigv4.secret_access_key", "--", "cat", "{}") == b"secret one"
    sandbox.fails(3, "exec", "aws", "--field=access_key_id", "--", "cat", "{}", saying="has no secret field access_key_id")


@case("a secret that was not stored: told with the command that stores it")
def _(sandbox):
    sandbox.write("home/one", "secret one")
    sandbox.ok("add", "aws", "aws-sigv4", "access_key_id=AKID", "--endpoint=http://127.0.0.1:9", "--keyring=file",
               "--allow=exec", "--secret", "secret_access_key=" + sandbox.path("home/one"), "--quiet")
    sandbox.fails(3, "exec", "aws", "--", "cat", "{session_token}",
                  saying="credence set aws --secret session_token=-")
    sandbox.fails(3, "exec", "aws", "--", "cat", "{client_key}", saying="credence set aws --secret client_key=-")


@case("the key of the client certificate is a secret like the others, when it is named")
def _(sandbox):
    canary(sandbox)
    pem = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], stdout=subprocess.PIPE, check=True).stdout
    sandbox.ok("set", "lab", "--secret", "client_key=-", "--quiet", input=pem)
    assert output(sandbox, "lab", "--", "cat", "{client_key}").strip() == pem.strip()
    assert output(sandbox, "lab", "--env=KEY=client_key", "--", "printenv", "KEY").strip() == pem.strip()


# --- the environment -------------------------------------------------------------------


@case("--env: secrets and other fields, for the command alone; what else is there stays")
def _(sandbox):
    secret = canary(sandbox)
    sandbox.env.update(OLD="old", KEEP="kept")
    got = output(sandbox, "lab", "--env=OLD=secret_key", "--env", "ID=api_key", "--env=HASH=6connect.hash_parameter", "--",
                 "env", "-0").split(b"\0")
    for line in (b"OLD=" + secret, b"ID=1-A", b"HASH=hash", b"KEEP=kept", b"HOME=" + sandbox.home.encode()):
        assert got.count(line) == 1, (line, got)
    assert b"OLD=old" not in got


@case("--env: 32 KiB, line ends kept")
def _(sandbox):
    data = (secrets.token_hex(16 * 1024)[:-3] + "\n\r\t").encode()
    canary(sandbox, data)
    assert output(sandbox, "lab", "--env=KEY=secret_key", "--", "printenv", "-0", "KEY") == data + b"\0"


@case("--env: a NUL byte cannot be in a variable; the file is the way")
def _(sandbox):
    canary(sandbox, b"a\0b")
    sandbox.fails(2, "exec", "lab", "--env=KEY=secret_key", "--", "touch", "started", cwd=sandbox.root, saying="{FIELD}")
    assert not os.path.exists(sandbox.path("started"))
    assert output(sandbox, "lab", "--", "cat", "{}") == b"a\0b"


@case("command lines that make no sense: told before the keyring is opened, and nothing runs")
def _(sandbox):
    canary(sandbox)
    sandbox.env["CREDENCE_PASSPHRASE_FILE"] = sandbox.write("wrong", "no")
    for words, saying in (
            (("lab", "cat", "{}"), "then --"), (("lab", "--"), "too few"), (("--", "lab", "cat", "{}"), "then --"),
            (("lab", "lab", "--", "cat"), "then --"), (("lab", "--", "cat"), "no secret is used"),
            (("lab", "--env=ID=api_key", "--", "cat"), "no secret is used"),
            (("lab", "--field=secret_key", "--", "cat"), "there is no {}"),
            (("lab", "--env=KEY", "--", "cat"), "NAME=FIELD"), (("lab", "--env=KEY=", "--", "cat"), "NAME=FIELD"),
            (("lab", "--env==secret_key", "--", "cat"), "cannot set"),
            (("lab", "--env=1A=secret_key", "--", "cat"), "cannot set"),
            (("lab", "--env=A-B=secret_key", "--", "cat"), "cannot set"),
            (("lab", "--env=PATH=secret_key", "--", "cat"), "cannot set a variable PATH"),
            (("lab", "--env=LD_PRELOAD=secret_key", "--", "cat"), "cannot set"),
            (("lab", "--env=CREDENCE_KEYRING_FILE=secret_key", "--", "cat"), "cannot set"),
            (("lab", "--no-such", "--", "cat"), "unknown option")):
        sandbox.fails(2, "exec", *words, saying=saying)
    sandbox.fails(3, "exec", "lab", "--env=KEY=nothing", "--", "cat", saying="no field nothing")
    sandbox.fails(3, "exec", "nobody", "--", "cat", "{}", saying="nobody")


# --- where it does not show ---------------------------------------------------------------


def watch(process, known, secret):
    """Read arguments and environments below, until this process ends; answers who was seen."""
    seen = set()
    needles = (secret, base64.b64encode(secret)[:-4], secret.hex().encode())
    while process.poll() is None:
        for pid in descendants() - known:
            for name in ("cmdline", "environ", "comm"):
                try:
                    with open("/proc/%d/%s" % (pid, name), "rb") as f:
                        data = f.read()
                except OSError:
                    continue  # gone, or not ours to read
                assert not any(n in data for n in needles), "the secret is in %s of %r" % (name, data[:80])
                if name == "cmdline":
                    seen.add(data)
        time.sleep(0.002)
    return seen


@case("no process has it in its arguments or environment: neither command nor helper, before or after")
def _(sandbox):
    os.unlink(sandbox.path("home/.local/share/credence/credentials.keyring"))  # a new one takes its time to open
    secret = canary(sandbox)
    known = descendants()
    process = sandbox.popen("exec", "lab", "--", "sh", "-c", "cat $0 > /dev/null; sleep 0.3", "{}")
    seen = watch(process, known, secret)
    process.communicate()
    assert process.returncode == 0
    assert any(b"keyring-file" in words for words in seen), "no helper was seen: %r" % seen
    assert any(b"sleep" in words for words in seen), "the command was not seen: %r" % seen


@case("with --env, the command alone has it in its environment, and nobody in the arguments")
def _(sandbox):
    os.unlink(sandbox.path("home/.local/share/credence/credentials.keyring"))
    secret = canary(sandbox)
    known = descendants()
    process = sandbox.popen("exec", "lab", "--env=KEY=secret_key", "--", "sleep", "0.3")
    holders = set()
    while process.poll() is None:
        for pid in descendants() - known:
            try:
                with open("/proc/%d/cmdline" % pid, "rb") as f:
                    words = f.read()
                with open("/proc/%d/environ" % pid, "rb") as f:
                    environment = f.read()
            except OSError:
                continue
            assert secret not in words, words
            if secret in environment:
                holders.add((pid, words))
        time.sleep(0.002)
    process.communicate()
    assert holders == {(process.pid, b"sleep\x000.3\0")}, holders


@case("no file holds it, on the disk or in /dev/shm: file keyring")
def _(sandbox):
    secret = canary(sandbox)
    look = ("sh", "-c", "cat $0 >/dev/null; grep -rlF -e \"$(cat $0)\" " + sandbox.root + " /dev/shm; echo looked", "{}")
    assert output(sandbox, "lab", "--", *look) == b"looked\n"
    assert output(sandbox, "lab", "--env=KEY=secret_key", "--", *look) == b"looked\n"
    sandbox.write("home/decoy", secret)
    assert b"home/decoy" in output(sandbox, "lab", "--", *look)


@case("gnome-keyring: handed over the same way, and no file holds it")
def _(desktop):
    sandbox = desktop.sandbox
    secret = canary(sandbox)
    assert output(sandbox, "lab", "--", "cat", "{}") == secret
    found = subprocess.run(["grep", "-rlF", "-e", secret.decode(), sandbox.root], stdout=subprocess.PIPE).stdout
    assert found == b"", found


@case("keyring directory: the file's secret, and it asks for the rule as well")
def _(sandbox):
    os.makedirs(sandbox.path("secrets"), mode=0o700)
    sandbox.write("secrets/lab.token", "mounted\n", 0o400)
    sandbox.ok("add", "lab", "bearer", "--keyring=directory", "--store=" + sandbox.path("secrets"),
               "--endpoint=http://127.0.0.1:9", "--quiet")
    sandbox.fails(6, "exec", "lab", "--", "cat", "{}", saying="allow = exec")
    allow(sandbox)
    assert output(sandbox, "lab", "--", "cat", "{}") == b"mounted"


# --- as if we were not there ------------------------------------------------------------------


@case("the command inherits the descriptor of its secret and none of ours besides")
def _(sandbox):
    canary(sandbox)
    for words, count in ((("{}",), 1), (("{}", "{6connect.secret_key}"), 2)):
        lines = output(sandbox, "lab", "--env=KEY=secret_key", "--", "sh", "-c", SHOW_DESCRIPTORS, "sh",
                       *words).decode()
        lines = descriptors(lines)
        others = [line for line in lines if int(line.split()[0]) > 2]
        assert len(others) == count and all("memfd:credence" in line for line in others), lines
    lines = output(sandbox, "lab", "--env=KEY=secret_key", "--", "sh", "-c", SHOW_DESCRIPTORS).decode()
    lines = descriptors(lines)
    assert [line.split()[0] for line in lines] == ["0", "1", "2"], lines


@case("descriptors of the caller go on to the command, but not that of the passphrase")
def _(sandbox):
    canary(sandbox)
    with open(sandbox.write("mine", "x")) as mine, open(sandbox.env["CREDENCE_PASSPHRASE_FILE"]) as phrase:
        text = output(sandbox, "lab", "--", "sh", "-c", SHOW_DESCRIPTORS + "; env", "{}",
                      pass_fds=[mine.fileno(), phrase.fileno()],
                      env={"CREDENCE_PASSPHRASE_FILE": None, "CREDENCE_PASSPHRASE_FD": str(phrase.fileno())}).decode()
        assert "%d %s" % (mine.fileno(), mine.name) in descriptors(text), text
    assert "passphrase" not in text and "CREDENCE_PASSPHRASE_FD" not in text, text
    with open(sandbox.env["CREDENCE_PASSPHRASE_FILE"]) as phrase:
        text = output(sandbox, "lab", "--", "sh", "-c", SHOW_DESCRIPTORS + "; env", "{}", pass_fds=[phrase.fileno()],
                      env={"CREDENCE_EXPORT_PASSPHRASE_FD": str(phrase.fileno())}).decode()
    assert phrase.name not in [line.split()[-1] for line in descriptors(text)] and "EXPORT_PASSPHRASE" not in text, text


@case("it becomes the command: the same process and parent; signals ignored and blocked as they were; no core dumps")
def _(sandbox):
    canary(sandbox)

    def prepare():
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])

    ask = ("grep", "-E", "^(Sig|PPid|Pid|Threads|Umask|NoNew)", "/proc/self/status")
    plain = subprocess.run(ask, stdout=subprocess.PIPE, preexec_fn=prepare, start_new_session=True).stdout.decode()
    process = sandbox.popen("exec", "lab", "--env=KEY=secret_key", "--", *ask, preexec_fn=prepare)
    got = process.communicate()[0].decode()
    assert "Pid:\t%d\n" % process.pid in got and "PPid:\t%d\n" % os.getpid() in got, got

    def rest(text):
        return [line for line in text.splitlines() if not line.startswith(("Pid", "SigQ"))]

    assert rest(got) == rest(plain), (got, plain)
    limits = output(sandbox, "lab", "--env=KEY=secret_key", "--", "grep", "core file", "/proc/self/limits").split()
    assert limits[4:6] == [b"0", b"0"], limits


@case("standard input is the command's, to the last byte")
def _(sandbox):
    canary(sandbox)
    assert output(sandbox, "lab", "--env=KEY=secret_key", "--", "cat", input=b"a\0b" * 100000) == b"a\0b" * 100000


@case("exit codes and death by a signal are the command's own")
def _(sandbox):
    canary(sandbox)
    for code in (0, 1, 4, 6, 77, 255):
        result = sandbox.run("exec", "lab", "--", "sh", "-c", "exit %d" % code, "{}")
        assert result.code == code and result.err == "", result
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV):
        process = sandbox.popen("exec", "lab", "--", "sh", "-c", "kill -%d $$" % number, "{}")
        process.communicate(timeout=PATIENCE)
        assert process.returncode == -number, process.returncode
    process = sandbox.popen("exec", "lab", "--", "sh", "-c", "echo up; exec sleep 60", "{}")
    assert process.stdout.readline() == b"up\n"
    process.terminate()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGTERM, process.returncode


@case("a command that is not there is 127, one that cannot be run 126")
def _(sandbox):
    canary(sandbox)
    sandbox.fails(127, "exec", "lab", "--", "no-such-command", "{}", env=PLAIN_PATH, saying="cannot run no-such-command")
    sandbox.fails(127, "exec", "lab", "--", "/no/such/command", "{}", saying="cannot run /no/such/command")
    sandbox.fails(126, "exec", "lab", "--", sandbox.write("text", "x"), "{}", saying="Permission denied")
    sandbox.fails(126, "exec", "lab", "--", sandbox.root, "{}", saying="cannot run")
    script = sandbox.write("home/script", "#!/bin/sh\ncat $1\n", 0o700)
    assert output(sandbox, "lab", "--", script, "{}", cwd=sandbox.root).startswith(b"canary/")
    assert output(sandbox, "lab", "--", "script", "{}", env={"PATH": sandbox.home + ":/bin:/usr/bin"}).startswith(b"canary/")


adopt_orphans()
main()
