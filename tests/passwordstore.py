# SPDX-License-Identifier: BSD-3-Clause
"""passwordstore.py - a password store with keys of its own, for the tests of keyring pass.

Making keys takes a moment, so that a test program makes them once and each store gets a
copy.  Every gpg-agent that comes up is ended with its store.
"""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

OPEN, LOCKED, OTHER = "open@example.com", "locked@example.com", "other@example.com"
PASSPHRASE = "battery staple"

# A pinentry: says what it was told into a file, and does as its name says.
PINENTRY = """#!/usr/bin/python3
import os, signal, sys, time
behaviour, log = %r, open(%r, "a")
print("OK at your service", flush=True)
for line in sys.stdin:
    print(line.rstrip(), file=log, flush=True)
    words = line.split()
    if words[:2] == ["GETINFO", "pid"]:
        print("D %%d\\nOK" %% os.getpid(), flush=True)
    elif words[0] == "GETPIN" and behaviour == "cancel":
        print("ERR 83886179 Operation cancelled <Pinentry>", flush=True)
    elif words[0] == "GETPIN" and behaviour == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(100)
    elif words[0] == "GETPIN":
        print("D " + behaviour.partition(":")[2] + "\\nOK", flush=True)
    else:
        print("OK", flush=True)
    if words[0] == "BYE":
        break
"""


def missing():
    """The program that is not there, or None"""
    return next((name for name in ("gpg", "pass", "git", "tree") if shutil.which(name) is None), None)


def end_agent(home):
    """An agent that a test has stopped cannot end by itself"""
    for pid in processes(home, "gpg-agent"):
        os.kill(pid, signal.SIGCONT)
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=20)


def processes(home, name=None):
    """Those that work with this GNUPGHOME, not counting zombies; of one name, or all but the agent"""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/environ" % pid, "rb") as f:
                ours = ("GNUPGHOME=" + home).encode() in f.read().split(b"\0")
            with open("/proc/%s/stat" % pid) as f:
                text = f.read()
        except OSError:
            continue
        program, state = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2]
        if ours and state != "Z" and (program == name if name else program != "gpg-agent"):
            found.append(int(pid))
    return found


class Keys:
    """A folder with the keys, which each store copies"""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="cp-", dir="/tmp")
        try:
            with open(self.home + "/gpg-agent.conf", "w") as f:
                f.write("s2k-count 65536\n")  # otherwise it measures for seconds what a passphrase may cost
            for who, passphrase in ((OPEN, ""), (LOCKED, PASSPHRASE), (OTHER, "")):
                self.gpg("--pinentry-mode", "loopback", "--passphrase", passphrase, "--quick-gen-key", who,
                         "future-default", "default", "never")
            self.gpg("--check-trustdb")
        finally:
            end_agent(self.home)

    def gpg(self, *words):
        return subprocess.run(["gpg", "--homedir", self.home, "--batch", "--quiet", *words], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout

    def close(self):
        shutil.rmtree(self.home, ignore_errors=True)


KEYS = None


def keys():
    global KEYS
    if KEYS is None:
        KEYS = Keys()
    return KEYS


def forget_keys():
    if KEYS is not None:
        KEYS.close()


class PasswordStore:
    """A home with gpg keys and a password store; a folder of a short name, since gpg-agent's socket is in it"""

    def __init__(self, *recipients, git=False):
        self.root = tempfile.mkdtemp(prefix="cp-", dir="/tmp")
        self.gnupg = self.root + "/g"
        self.path = self.root + "/.password-store"
        shutil.copytree(keys().home, self.gnupg, ignore=lambda _, names: [n for n in names if n.startswith("S.")])
        self.env = {name: value for name, value in os.environ.items()
                    if not name.startswith(("XDG_", "CREDENCE_", "DBUS_", "PASSWORD_STORE_", "GPG_", "GIT_"))
                    and name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        self.env.update(HOME=self.root, GNUPGHOME=self.gnupg)
        # A helper may not be traced, which the leak checker would need.
        self.env["ASAN_OPTIONS"] = self.env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        if git:
            self.env.update({who + what: "%s@example.com" % what.lower() for who in ("GIT_AUTHOR_", "GIT_COMMITTER_")
                             for what in ("NAME", "EMAIL")})
        if recipients:
            self.run("pass", "init", *recipients)
        if git:
            self.run("pass", "git", "init", "-q", "-b", "main")

    def close(self):
        end_agent(self.gnupg)
        left = processes(self.gnupg)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.root, ignore_errors=True)
        assert not left, "processes are left: %r" % left

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def run(self, *words, input=None, check=True, env=None):
        """Run a program; answers what it prints"""
        done = subprocess.run(words, env=dict(self.env, **(env or {})), input=input and input.encode(), timeout=60,
                              stdin=None if input else subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        assert not check or done.returncode == 0, "%r: %r" % (words, done)
        return done.stdout.decode()

    def show(self, entry):
        return self.run("pass", "show", entry)

    def entries(self):
        """What "pass ls" shows, but for the colours"""
        text = re.sub("\x1b\\[[0-9;]*m", "", self.run("pass", "ls"))
        return sorted(line.split()[-1] for line in text.splitlines()[1:] if line.strip())

    def git(self, *words):
        return self.run("git", "-C", self.path, *words)

    def recipients(self, entry):
        """Key ids that an entry is encrypted to"""
        done = subprocess.run(["gpg", "--batch", "--list-packets", "--list-only", self.path + "/" + entry + ".gpg"],
                              env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return sorted(line.split()[-1] for line in done.stdout.decode().splitlines() if "keyid" in line)

    def key_ids(self, *who):
        """Ids of their encryption keys, as recipients() has them"""
        lines = [line.split(":") for one in who
                 for line in self.run("gpg", "--batch", "--with-colons", "--list-keys", one).splitlines()]
        return sorted(line[4] for line in lines if line[0] == "sub" and "e" in line[11])

    def pinentry(self, behaviour):
        """Give gpg-agent a pinentry: cancel, hang, none, answer:PASSPHRASE.  Answers the path of its log."""
        program, log = self.root + "/pinentry", self.root + "/pinentry.log"
        if behaviour != "none":
            with open(program, "w") as f:
                f.write(PINENTRY % (behaviour, log))
            os.chmod(program, 0o755)
        with open(self.gnupg + "/gpg-agent.conf", "w") as f:
            f.write("s2k-count 65536\n")
            f.write("pinentry-program %s\n" % (program if behaviour != "none" else self.root + "/none"))
        end_agent(self.gnupg)
        return log

    def wait_for(self, name, seconds=20):
        """Pids of processes of this name, once there are some"""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = processes(self.gnupg, name)
            if found:
                return found
            time.sleep(0.01)
        raise AssertionError("no %s comes up" % name)

    def wait_gone(self, seconds=5):
        """Until nothing but gpg-agent works with the keys"""
        end = time.monotonic() + seconds
        while processes(self.gnupg) and time.monotonic() < end:
            time.sleep(0.01)
        assert not processes(self.gnupg), "still there: %r" % processes(self.gnupg)
