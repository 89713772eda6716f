# SPDX-License-Identifier: BSD-3-Clause
"""The keyring of pass as users of the command meet it: a real password store, real keys.

Breaks when a profile's secret is not where its owner would look for it, when a locked key
costs a credential, when somebody without GPG_TTY cannot be asked on the terminal that the
command runs on, or when a crash leaves half of a profile.
"""

import ctypes
import os
import random
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
import passwordstore  # noqa: E402
from harness import SIXCONNECT_KEY, SIXCONNECT_SECRET, Sandbox, Skip, case, main  # noqa: E402
from passwordstore import LOCKED, OPEN, PASSPHRASE, PasswordStore  # noqa: E402
from terminal import Terminal  # noqa: E402

SIGN = ("sign", "lab", "?action=get", "--format=url")
DISPLAY = {"DISPLAY": ":none"}


def home(*recipients, git=False):
    """A sandbox whose keyring is the password store in its home."""
    if passwordstore.missing():
        raise Skip(passwordstore.missing() + " is not installed")
    store = PasswordStore(*recipients, git=git)
    box = Sandbox("pass")
    box.cleanups.append(store.close)
    box.env.update((name, store.env[name]) for name in store.env if name.startswith(("GNUPGHOME", "GIT_")))
    box.env["PASSWORD_STORE_DIR"] = store.path
    box.store = store
    for name in ("GPG_TTY", "GPG_AGENT_INFO"):
        box.env.pop(name, None)
    return box


def with_home(*recipients, git=False):
    """Run the case in such a sandbox."""
    def wrap(function):
        def run():
            box = home(*recipients, git=git)
            try:
                function(box)
            finally:
                box.close()
        return run
    return wrap


def name_of_terminal(fd):
    libc = ctypes.CDLL(None)
    libc.ptsname.restype = ctypes.c_char_p
    return libc.ptsname(fd).decode()


@case("add, sign, set and remove; pass lists the entry, the profile remembers the store")
@with_home(OPEN, git=True)
def _(box):
    box.sixconnect()
    url = box.ok(*SIGN).out
    assert b"hash=" in url
    assert box.store.entries() == ["credence", "lab"], box.store.entries()
    assert box.store.show("credence/lab").startswith("c1:")
    # The store counts that the profile was added to.
    assert box.ok("show", "lab", "--json").json["keyring_store"] == box.store.path
    assert box.ok(*SIGN, env={"PASSWORD_STORE_DIR": box.path("elsewhere")}).out == url
    box.secrets.add("another")
    box.ok("set", "lab", "--secret", "secret_key=-", "--quiet", input="another")
    assert box.ok(*SIGN).out != url
    box.ok("remove", "lab", "--quiet")
    assert box.store.entries() == [], box.store.entries()
    subjects = box.store.git("log", "-3", "--format=%s").splitlines()
    assert [line.split()[0] for line in subjects] == ["Remove", "Change", "Add"], subjects
    assert box.store.git("status", "--porcelain") == ""


@case("--store names another password store")
@with_home(OPEN)
def _(box):
    team = box.store.root + "/team"
    box.store.run("pass", "init", OPEN, env={"PASSWORD_STORE_DIR": team})
    box.ok("add", "lab", "6connect", "api_key=" + SIXCONNECT_KEY, "--endpoint", "https://cloud.6connect.com/",
           "--keyring", "pass", "--store", team, "--secret", "secret_key=-", "--quiet", input=SIXCONNECT_SECRET)
    assert os.path.exists(team + "/credence/lab.gpg") and not os.path.exists(box.store.path + "/credence")
    box.ok(*SIGN)


@case("no store, or a folder that is none: exit 5 and pass init; an entry that is gone: exit 3")
@with_home()
def _(box):
    words = ("add", "lab", "6connect", "api_key=" + SIXCONNECT_KEY, "--endpoint", "https://cloud.6connect.com/",
             "--keyring", "pass", "--secret", "secret_key=-", "--quiet")
    box.fails(5, *words, input=SIXCONNECT_SECRET, saying="pass init KEYID")
    box.store.run("pass", "init", OPEN)
    box.ok(*words, input=SIXCONNECT_SECRET)
    os.rename(box.store.path, box.store.path + ".away")
    box.fails(5, *SIGN, saying="no password store")
    os.mkdir(box.store.path)  # as where nothing is mounted
    box.fails(5, *SIGN, saying="pass init KEYID")
    box.fails(5, "remove", "lab")
    assert os.path.exists(box.config("lab"))
    os.rmdir(box.store.path)
    os.rename(box.store.path + ".away", box.store.path)
    box.ok(*SIGN)
    box.store.run("pass", "rm", "-f", "credence/lab")
    box.fails(3, *SIGN, saying="credence set lab")


@case("a locked key: exit 4 and the command that unlocks, nothing is lost; the command works")
@with_home(LOCKED)
def _(box):
    box.secrets.add(PASSPHRASE)
    log = box.store.pinentry("answer:" + PASSPHRASE)
    box.sixconnect()
    box.fails(4, *SIGN, "--no-prompt", saying="pass show credence/lab >/dev/null", env=DISPLAY)
    # Without a display and a terminal nobody can be asked, allowed or not.
    box.fails(4, *SIGN, saying="export GPG_TTY=$(tty)")
    assert not os.path.exists(log)
    box.store.run("sh", "-c", "pass show credence/lab >/dev/null")
    box.ok(*SIGN, "--no-prompt")


@case("with a display gpg-agent's pinentry asks; saying no is exit 4 and takes no time")
@with_home(LOCKED)
def _(box):
    box.secrets.add(PASSPHRASE)
    box.sixconnect()
    box.store.pinentry("cancel")
    result = box.fails(4, *SIGN, env=DISPLAY, saying="dismissed")
    assert result.seconds < 5, result
    box.store.pinentry("answer:wrong")
    box.fails(4, *SIGN, env=DISPLAY, saying="wrong passphrase")
    box.store.pinentry("answer:" + PASSPHRASE)
    box.ok(*SIGN, env=DISPLAY)


@case("a question that nobody answers ends with --timeout, and with the program")
@with_home(LOCKED)
def _(box):
    box.sixconnect()
    box.store.pinentry("hang")
    result = box.fails(8, *SIGN, "--timeout=2", env=DISPLAY, saying="passphrase")
    assert result.seconds < 4, result
    box.store.wait_gone()
    for number in (signal.SIGKILL, signal.SIGINT):
        process = box.popen(*SIGN, env=DISPLAY)
        box.store.wait_for("pinentry")
        process.send_signal(number)
        process.communicate()
        box.store.wait_gone()


@case("on a terminal without GPG_TTY the question comes to that terminal, in the foreground alone")
@with_home(LOCKED)
def _(box):
    box.secrets.add(PASSPHRASE)
    log = box.store.pinentry("answer:" + PASSPHRASE)
    box.sixconnect()
    # A job in the background must not take the terminal over.
    shell = "set -m; '%s' %s 2>&1 & wait; echo ended" % (box.command, " ".join("'%s'" % word for word in SIGN))
    script = box.write("background", "#!/bin/bash\n" + shell, mode=0o755)
    box.command, command = script, box.command
    terminal = Terminal(box)
    terminal.end()
    assert b"GPG_TTY=$(tty)" in terminal.text and b"ended" in terminal.text, terminal.text
    assert not os.path.exists(log)
    box.command = command
    terminal = Terminal(box, *SIGN)
    tty = name_of_terminal(terminal.fd)
    assert terminal.end() == 0 and b"hash=" in terminal.text, terminal.text
    with open(log) as f:
        assert "OPTION ttyname=%s\n" % tty in f.read()


@case("gpg-agent stands still: exit 8 in time, and it works again when it goes on")
@with_home(OPEN)
def _(box):
    box.sixconnect()
    box.ok(*SIGN)
    agent, = box.store.wait_for("gpg-agent")
    os.kill(agent, signal.SIGSTOP)
    result = box.fails(8, *SIGN, "--no-prompt", saying="gpg")
    assert result.seconds < 4, result
    os.kill(agent, signal.SIGCONT)
    box.ok(*SIGN)


@case("killed while adding and setting: a whole profile or none, and nothing else in the store")
@with_home(OPEN)
def _(box):
    luck = random.Random(3)
    box.sixconnect()
    url = box.ok(*SIGN).out
    for number in range(12):
        box.secrets.add("secret%d" % number)
        process = box.popen("set", "lab", "--secret", "secret_key=-", "--quiet")
        process.stdin.write(b"secret%d" % number)
        process.stdin.close()
        time.sleep(luck.uniform(0, 0.12))
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
        box.ok(*SIGN)
    assert box.store.entries() == ["credence", "lab"], box.store.entries()
    box.ok("set", "lab", "--secret", "secret_key=-", "--quiet", input=SIXCONNECT_SECRET)
    assert box.ok(*SIGN).out == url
    box.store.wait_gone()


@case("a store that others can write: the doctor says so, and its command mends it")
@with_home(OPEN)
def _(box):
    box.add("lab", "bearer", secret="open sesame", field="token", endpoint="https://api.example/")
    box.ok("doctor")
    os.chmod(box.store.path, 0o777)
    report = box.run("doctor", "--json")
    found = [finding for finding in report.json["findings"] if finding["severity"] == "problem"]
    assert report.code == 1 and [finding["id"] for finding in found] == ["keyring.exposed"], report
    assert found[0]["command"] and subprocess.run(["sh", "-c", found[0]["mend"]]).returncode == 0, found
    box.ok("doctor")


try:
    main()
finally:
    passwordstore.forget_keys()
