# SPDX-License-Identifier: BSD-3-Clause
"""The file keyring as users of the command meet it: passphrases, damage, crowds and
sudden death.

Breaks when a damaged file is taken for a wrong passphrase or for an empty one, when
a passphrase is taken from where others can read it, when one writer undoes what
another wrote, or when a command that is killed leaves half a profile behind.
"""

import base64
import fcntl
import hashlib
import os
import pty
import random
import select
import signal
import stat
import sys
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "keyring")]
from harness import PATIENCE, SIXCONNECT_KEY, SIXCONNECT_SECRET, WRAPPER, case, main  # noqa: E402
from processes import adopt_orphans, descendants, leftovers, name_of  # noqa: E402
from protocol import Helper  # noqa: E402

SIGN = ("sign", "lab", "?action=get", "--format=url")
NO_PASSPHRASE = {"CREDENCE_PASSPHRASE_FILE": None}
FILE = "home/.local/share/credence/credentials.keyring"
# Where the parts of the file are: see keyring/file-format.h.
AT_VERSION, AT_LOG_N, AT_SALT, AT_NONCE, AT_CHECK, AT_CHECKSUM, HEADER = 8, 9, 16, 48, 60, 92, 124


def read(sandbox):
    with open(sandbox.path(FILE), "rb") as f:
        return f.read()


def add_words(name, secret_from="-"):
    return ("add", name, "6connect", "api_key=" + SIXCONNECT_KEY, "--endpoint", "https://cloud.6connect.com/",
            "--keyring", "file", "--secret", "secret_key=" + secret_from, "--quiet")


# --- which file -----------------------------------------------------------------------


@case("a profile remembers its file: CREDENCE_KEYRING_FILE counts when it is added, and no more")
def _(sandbox):
    first, second = sandbox.path("first"), sandbox.path("second")
    sandbox.ok(*add_words("lab"), input=SIXCONNECT_SECRET, env={"CREDENCE_KEYRING_FILE": first})
    assert os.path.exists(first)
    url = sandbox.ok(*SIGN).out
    assert sandbox.ok(*SIGN, env={"CREDENCE_KEYRING_FILE": second}).out == url
    assert sandbox.ok("show", "lab", "--json").json["keyring_store"] == first
    sandbox.ok("set", "lab", "--secret", "secret_key=-", "--quiet", input="another",
               env={"CREDENCE_KEYRING_FILE": second})
    assert not os.path.exists(second) and sandbox.ok(*SIGN).out != url
    sandbox.ok("remove", "lab", "--quiet")


@case("--store names the file; the Secret Service has none, and a relative path is none")
def _(sandbox):
    words = add_words("lab")
    sandbox.fails(2, *words, "--store", "here", input=SIXCONNECT_SECRET, saying="not the path of a keyring")
    service = [word if word != "file" else "secret-service" for word in words]
    sandbox.fails(2, *service, "--store", sandbox.path("here"), input=SIXCONNECT_SECRET, saying="Secret Service")
    sandbox.ok(*words, "--store", sandbox.path("here"), input=SIXCONNECT_SECRET)
    assert os.path.exists(sandbox.path("here"))
    sandbox.ok(*SIGN)


# --- passphrases -------------------------------------------------------------------


@case("the wrong passphrase: exit 4, and it says so")
def _(sandbox):
    sandbox.sixconnect()
    before = read(sandbox)
    sandbox.passphrase("wrong horse")
    result = sandbox.fails(4, *SIGN, saying="wrong passphrase")
    assert "not found" not in result.err and "holds no secret" not in result.err
    sandbox.fails(4, "set", "lab", "--secret", "secret_key=-", input="another", saying="wrong passphrase")
    sandbox.fails(4, "remove", "lab", saying="wrong passphrase")
    assert read(sandbox) == before and os.path.exists(sandbox.config("lab"))
    sandbox.passphrase("correct horse")
    sandbox.ok(*SIGN)


@case("no passphrase and nobody to ask: exit 4, and it says how to give one")
def _(sandbox):
    sandbox.sixconnect()
    for options in ((), ("--no-prompt",)):
        sandbox.fails(4, *SIGN, *options, env=NO_PASSPHRASE, saying="CREDENCE_PASSPHRASE_F")


def sign_with_descriptor(sandbox, data):
    ours, theirs = os.pipe()
    os.write(theirs, data)
    os.close(theirs)
    try:
        return sandbox.run(*SIGN, pass_fds=(ours,), env=dict(NO_PASSPHRASE, CREDENCE_PASSPHRASE_FD=str(ours)))
    finally:
        os.close(ours)


@case("the passphrase by an inherited descriptor, with and without a line end")
def _(sandbox):
    sandbox.sixconnect()
    for data in (b"correct horse", b"correct horse\n", b"correct horse\r\n"):
        result = sign_with_descriptor(sandbox, data)
        assert result.code == 0 and "hash=" in result.text, result
    assert sign_with_descriptor(sandbox, b"correct horse battery").code == 4
    assert sign_with_descriptor(sandbox, b"").code == 2
    for number in ("987654", "-1", "+7", " 7", "7x", "99999999999999999999"):
        sandbox.fails(2, *SIGN, env=dict(NO_PASSPHRASE, CREDENCE_PASSPHRASE_FD=number))
    # An empty variable is as good as none.
    sandbox.fails(4, *SIGN, env=dict(NO_PASSPHRASE, CREDENCE_PASSPHRASE_FD=""))


@case("the passphrase by a file: refused when others can read it")
def _(sandbox):
    sandbox.sixconnect()
    path = sandbox.env["CREDENCE_PASSPHRASE_FILE"]
    for mode in (0o644, 0o640, 0o604, 0o620):
        os.chmod(path, mode)
        sandbox.fails(6, *SIGN, saying="passphrase file")
    os.chmod(path, 0o400)
    sandbox.ok(*SIGN)
    os.mkfifo(sandbox.path("fifo"), 0o600)
    sandbox.fails(6, *SIGN, env={"CREDENCE_PASSPHRASE_FILE": sandbox.path("fifo")}, timeout=PATIENCE)
    sandbox.fails(6, *SIGN, env={"CREDENCE_PASSPHRASE_FILE": sandbox.root})
    sandbox.fails(2, *SIGN, env={"CREDENCE_PASSPHRASE_FILE": sandbox.path("none")}, saying="No such file")
    sandbox.fails(2, *SIGN, env={"CREDENCE_PASSPHRASE_FILE": sandbox.write("empty", "\n")}, saying="empty")


class Terminal:
    """A command that has a terminal of its own."""

    def __init__(self, sandbox, *args):
        self.master, slave = pty.openpty()
        self.text = ""
        self.process = sandbox.popen(*args, env=NO_PASSPHRASE, pass_fds=(slave,),
                                     preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0))
        os.close(slave)

    def read(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            try:
                self.text += os.read(self.master, 4096).decode("utf-8", "replace")
                return True
            except OSError:  # nobody has the other end any more
                return False
        return False

    def answer(self, question, line):
        """Wait for the question, and answer."""
        deadline = time.monotonic() + PATIENCE
        while question not in self.text:
            assert time.monotonic() < deadline and self.process.poll() is None, (question, self.text)
            self.read(0.1)
        self.text = self.text.replace(question, "", 1)
        os.write(self.master, line.encode() + b"\n")

    def finish(self):
        out, err = self.process.communicate(timeout=PATIENCE)
        while self.read(0):
            pass
        os.close(self.master)
        return self.process.returncode, out.decode(), err.decode()


@case("on a terminal: a new keyring asks twice, and shows nothing that is typed")
def _(sandbox):
    secret = sandbox.write("key", SIXCONNECT_SECRET)
    terminal = Terminal(sandbox, *add_words("lab", secret))
    terminal.answer("new", "typed horse")
    terminal.answer("again", "typed horse")
    code, out, err = terminal.finish()
    assert code == 0 and (out, err) == ("", ""), (code, out, err, terminal.text)
    assert "typed" not in terminal.text, terminal.text
    terminal = Terminal(sandbox, *SIGN)
    terminal.answer("Passphrase", "typed horse")
    code, out, err = terminal.finish()
    assert code == 0 and "hash=" in out, (code, out, err, terminal.text)
    assert "typed" not in terminal.text, terminal.text


@case("on a terminal: two new passphrases that differ make no keyring")
def _(sandbox):
    secret = sandbox.write("key", SIXCONNECT_SECRET)
    terminal = Terminal(sandbox, *add_words("lab", secret))
    terminal.answer("new", "typed horse")
    terminal.answer("again", "typed house")
    code, out, err = terminal.finish()
    assert code == 2 and "differ" in err and out == "", (code, out, err)
    assert not os.path.exists(sandbox.path(FILE)) and not os.path.exists(sandbox.config("lab"))


@case("on a terminal: three tries, and no fourth")
def _(sandbox):
    sandbox.sixconnect()
    terminal = Terminal(sandbox, *SIGN)
    for line in ("one", "two", "correct horse"):
        terminal.answer("Passphrase", line)
    code, out, err = terminal.finish()
    assert code == 0 and "hash=" in out and err == "", (code, out, err)
    terminal = Terminal(sandbox, *SIGN)
    for line in ("one", "two", "three"):
        terminal.answer("Passphrase", line)
    code, out, err = terminal.finish()
    assert code == 4 and "wrong passphrase" in err and "Passphrase" not in terminal.text, (code, err, terminal.text)


@case("on a terminal: an empty answer is a no")
def _(sandbox):
    sandbox.sixconnect()
    terminal = Terminal(sandbox, *SIGN)
    terminal.answer("Passphrase", "")
    code, out, err = terminal.finish()
    assert code == 4 and out == "" and "Passphrase" not in terminal.text, (code, out, err, terminal.text)


# --- damage ----------------------------------------------------------------------------


def damaged(sandbox, data, code, saying=None):
    sandbox.write(FILE, data)
    result = sandbox.fails(code, *SIGN, saying=saying)
    assert "holds no secret" not in result.err and "is no" not in result.err, result
    assert read(sandbox) == data, "reading changed the file"
    return result


@case("every part of the file, damaged: exit 9, never a wrong passphrase or an empty keyring")
def _(sandbox):
    sandbox.sixconnect()
    good = read(sandbox)
    assert len(good) > HEADER + 16
    for offset in (0, AT_VERSION, AT_LOG_N, 10, 11, 12, 15, AT_SALT, AT_NONCE, AT_CHECK, AT_CHECKSUM, HEADER - 1,
                   HEADER, len(good) - 17, len(good) - 16, len(good) - 1):
        data = bytearray(good)
        data[offset] ^= 1 << (offset % 8)
        damaged(sandbox, bytes(data), 9)
    sandbox.write(FILE, good)
    sandbox.ok(*SIGN)


@case("truncated, empty, too long or something else: exit 9")
def _(sandbox):
    sandbox.sixconnect()
    good = read(sandbox)
    for data in (b"", good[:1], good[:AT_SALT], good[:HEADER], good[:HEADER + 16], good[:-1], good + b"\0",
                 good + good, b"CREDENCE", b"[section]\nkey=value\n" * 20, bytes(len(good))):
        damaged(sandbox, data, 9)
    assert len(good) < 4096


def forged(good, offset, byte):
    """One byte changed, and the checksum made good again."""
    data = bytearray(good)
    data[offset] = byte
    data[AT_CHECKSUM:HEADER] = hashlib.sha256(data[:AT_CHECKSUM]).digest()
    return bytes(data)


@case("changed with care: a later version, another salt, numbers that would take all memory")
def _(sandbox):
    sandbox.sixconnect()
    good = read(sandbox)
    damaged(sandbox, forged(good, AT_VERSION, 2), 1, saying="newer")
    # To whom another salt was given, the right passphrase is a wrong one.
    damaged(sandbox, forged(good, AT_SALT, good[AT_SALT] ^ 1), 4, saying="wrong passphrase")
    damaged(sandbox, forged(good, AT_NONCE, good[AT_NONCE] ^ 1), (4, 9))
    for log_n in (0, 40, 63, 255):
        result = damaged(sandbox, forged(good, AT_LOG_N, log_n), 9)
        assert WRAPPER or result.seconds < 2, result


@case("nothing is written to a damaged file, and no profile is made")
def _(sandbox):
    sandbox.sixconnect()
    good = read(sandbox)
    bad = good[:-1] + bytes([good[-1] ^ 1])
    sandbox.write(FILE, bad)
    sandbox.fails(9, *add_words("new"), input=SIXCONNECT_SECRET)
    sandbox.fails(9, "remove", "lab")
    assert read(sandbox) == bad and os.path.exists(sandbox.config("lab"))
    assert not os.path.exists(sandbox.config("new"))


@case("the file is its owner's alone, and is refused when it is not")
def _(sandbox):
    sandbox.sixconnect()
    path = sandbox.path(FILE)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    os.chmod(path, 0o640)
    sandbox.fails(6, *SIGN, saying="chmod 600")
    os.chmod(path, 0o600)
    os.rename(path, path + ".moved")
    os.symlink(path + ".moved", path)
    sandbox.fails(6, *SIGN, saying="symbolic link")


# --- crowds -----------------------------------------------------------------------------


def run_all(sandbox, jobs, at_once):
    """Run many commands, some at a time.  jobs: (words, input)."""
    waiting, running = list(jobs), []
    while waiting or running:
        while waiting and len(running) < at_once:
            words, data = waiting.pop()
            process = sandbox.popen(*words, "--timeout=120")
            process.stdin.write(data.encode())
            process.stdin.close()
            running.append((words, process))
        words, process = running.pop(0)
        err = process.stderr.read()
        process.stdout.close()
        process.stderr.close()
        assert process.wait(PATIENCE) == 0, (words, err)


CROWD = 12 if WRAPPER else 150


@case("%d writes at once: nothing is lost, and every profile has its own secret" % (CROWD + CROWD // 3))
def _(sandbox):
    names = ["lab%d" % i for i in range(CROWD)]
    early, late = names[:CROWD // 3], names[CROWD // 3:]
    start = time.monotonic()
    run_all(sandbox, [(add_words(name), "first of " + name) for name in early], 20)
    jobs = [(add_words(name), "secret of " + name) for name in late]
    jobs += [(("set", name, "--secret", "secret_key=-", "--quiet"), "secret of " + name) for name in early]
    random.Random(7).shuffle(jobs)
    run_all(sandbox, jobs, 20)
    print("# took %.1f s" % (time.monotonic() - start))
    assert sorted(p["name"] for p in sandbox.ok("list", "--json").json) == sorted(names)
    check_values(sandbox, names)
    signed = {sandbox.ok("sign", name, "?action=get", "--format=url").text for name in names[::10]}
    assert len(signed) == len(names[::10])


def check_values(sandbox, names):
    """Ask the keyring itself, which takes one passphrase for all."""
    with Helper("keyring-file", env=sandbox.env) as helper:
        assert helper.call("unlock", passphrase="correct horse", deadline=20000).status == 0
        assert sorted(helper.call("list", deadline=2000).names()) == sorted(names)
        for name in names:
            value = helper.call("get", profile=name, kind="credential", deadline=2000).value[len("c1:"):]
            data = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
            assert data.endswith(field("v", "secret of " + name)), (name, data)


def field(tag, value):
    return tag.encode() + len(value).to_bytes(4, "big") + value.encode()


@case("many writers of one profile: one after the other, and the last one stands whole")
def _(sandbox):
    sandbox.sixconnect()
    run_all(sandbox, [(("set", "lab", "api_key=key-%d" % i, "--secret", "secret_key=-", "--quiet"), "secret-%d" % i)
                      for i in range(8)], 8)
    signed = sandbox.ok(*SIGN).text
    number = signed.partition("apiKey=key-")[2].partition("&")[0]
    sandbox.ok("set", "lab", "--secret", "secret_key=-", "--quiet", input="secret-" + number)
    assert sandbox.ok(*SIGN).text == signed, "the key of one and the secret of another"


# --- sudden death --------------------------------------------------------------------------


def kill_helpers(process):
    for pid in descendants():
        if "keyrings/keyring-file" in name_of(pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def kill_command(process):
    process.kill()


@case("killed at any moment: the keyring can be read, and a profile is whole or not there")
def _(sandbox):
    sandbox.sixconnect()
    start = time.monotonic()
    sandbox.ok(*add_words("usual"), input="x")
    usual = time.monotonic() - start
    seed = random.randrange(1 << 32)
    print("# seed %d" % seed)
    chance = random.Random(seed)
    known = descendants()
    whole = 0
    for i in range(6 if WRAPPER else 24):
        name = "new%d" % i
        process = sandbox.popen(*add_words(name))
        process.stdin.write(b"secret")
        process.stdin.close()
        # Most of the time goes into the passphrase; the writing is at the end.
        time.sleep(usual * (chance.uniform(0, 1) if i % 3 == 0 else chance.uniform(0.7, 1.1)))
        (kill_command if i % 2 else kill_helpers)(process)
        err = process.stderr.read().decode()
        process.stdout.close()
        process.stderr.close()
        code = process.wait(PATIENCE)
        assert code in ((0, -signal.SIGKILL) if i % 2 else (0, 5)), (code, err)
        assert not leftovers(known, patience=5)
        assert "hash=" in sandbox.ok(*SIGN).text
        if os.path.exists(sandbox.config(name)):
            whole += 1
        else:
            assert code != 0
            sandbox.ok(*add_words(name), input="secret")
        assert "hash=" in sandbox.ok("sign", name, "?a=b", "--format=url").text
    print("# %d were whole" % whole)
    folder = os.path.dirname(sandbox.config("lab"))
    assert len([p for p in sandbox.ok("list", "--json").json]) == len([f for f in os.listdir(folder)
                                                                       if f.endswith(".conf")])


if __name__ == "__main__":
    adopt_orphans()
    main(fresh=True)
