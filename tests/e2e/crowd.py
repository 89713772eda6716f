# SPDX-License-Identifier: BSD-3-Clause
"""Two hundred commands that change one keyring, all started in the same moment.

Breaks when one of them fails or gives up although everybody keeps to the usual
deadlines; when a secret is lost, mixed with another or left without its profile; when
half of something stays behind; when those who wait keep the processors busy; and when
one that may not wait long does not end by its deadline, or not say whom it waited for.
"""

import contextlib
import fcntl
import os
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "keyring")]
from harness import FIXTURE, PATIENCE, WRAPPER, Sandbox, Skip, case, is_sanitized, main  # noqa: E402
os.environ.setdefault("KEYRING_DIR", os.path.join(FIXTURE, "keyrings"))
from protocol import Helper  # noqa: E402

SLOW = bool(WRAPPER) or is_sanitized()
MANY = 20 if SLOW else 200
# Each waits for a descriptor that is closed for all of them at once.
START = 'read _ <&9; exec 9<&-; exec "$@"'


class Crowd:
    """Commands that wait for start()."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.gate, self.opener = os.pipe()
        self.members = []

    def add(self, *words):
        """Prepare one; words are those of the command."""
        number = len(self.members)
        out, err = (open(self.sandbox.path("%s-%d" % (name, number)), "w+b") for name in ("out", "err"))

        def inherit():
            os.dup2(self.gate, 9)

        process = subprocess.Popen(["sh", "-c", START, "sh", *WRAPPER, self.sandbox.command, *words], preexec_fn=inherit,
                                   env=self.sandbox.env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, pass_fds=[9])
        self.members.append((words, process, out, err))

    def start(self):
        """Let them go, and wait for all; answers the seconds that it took, and each one's."""
        begin = time.monotonic()
        ends = {}
        os.close(self.opener)
        os.close(self.gate)
        try:
            while len(ends) < len(self.members):
                assert time.monotonic() - begin < PATIENCE + 60, "%d are not done" % (len(self.members) - len(ends))
                for number, (_, process, _, _) in enumerate(self.members):
                    if number not in ends and process.poll() is not None:
                        ends[number] = time.monotonic() - begin
                time.sleep(0.01)
        finally:
            for _, process, _, _ in self.members:
                if process.poll() is None:
                    process.kill()
                process.wait()
        return time.monotonic() - begin, [ends[number] for number in range(len(self.members))]

    def results(self):
        """What each did: its words, exit code, standard output and error."""
        for words, process, *files in self.members:
            for file in files:
                file.seek(0)
            yield (words, process.returncode, *(file.read().decode("utf-8", "replace") for file in files))
            for file in files:
                file.close()

    def nobody_failed(self):
        """What each printed."""
        results = list(self.results())
        failed = [(words, code, err) for words, code, _, err in results if code != 0 or err]
        assert not failed, "%d of %d failed, such as %r" % (len(failed), len(self.members), failed[0])
        return [out for _, _, out, _ in results]


def value(name, number=0):
    """A secret that is none of the others, and long enough to be seen when two are mixed."""
    return "%s.%d." % (name, number) * 60


def give(sandbox, name, number=0):
    """The option that sets a profile's secret to this value."""
    path = "values/%s-%d" % (name, number)
    return "--secret", "token=" + sandbox.write(path, value(name, number))


def adding(sandbox, name):
    return ("add", name, "bearer", "--endpoint=http://127.0.0.1:9", "--keyring", sandbox.keyring, "--quiet",
            *give(sandbox, name))


def setting(sandbox, name, number):
    return ("set", name, "--quiet", *give(sandbox, name, number))


def tokens(sandbox, names):
    """What each signs with; they sign all at once."""
    signing = Crowd(sandbox)
    for name in names:
        signing.add("sign", name, "/")
    signing.start()
    return dict(zip(names, (out.split("Authorization: Bearer ")[1].split("\r\n")[0] for out in signing.nobody_failed())))


def names_in_keyring(sandbox):
    with Helper("keyring-" + sandbox.keyring, sandbox.env) as helper:
        fields = {"deadline": 30000}
        if sandbox.keyring == "file":
            with open(sandbox.env["CREDENCE_PASSPHRASE_FILE"]) as f:
                opened = helper.call("unlock", passphrase=f.read(), **fields)
            assert opened.status == 0, opened
        listed = helper.call("list", **fields)
        assert listed.status == 0, listed
        return sorted(listed.names())


def nothing_half_written(sandbox):
    """No temporary files, and nothing in a lock, which is free."""
    for folder, _, names in os.walk(sandbox.home):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith((".lock", ".next", ".login")):
                assert os.path.getsize(path) == 0, "something is in %s" % path
                with open(path) as f:
                    fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            else:
                assert name.endswith((".conf", ".keyring")) or folder.endswith("/keyrings"), "left behind: " + path


def crowd(sandbox, seconds=120):
    """All kinds at once: additions, changes (two for each profile) and removals."""
    third = MANY // 10 * 3
    news = ["new%d" % i for i in range(MANY - 2 * third)]
    olds = ["old%d" % i for i in range(third // 2)]
    gone = ["gone%d" % i for i in range(third)]
    first = Crowd(sandbox)
    for name in olds + gone:
        first.add(*adding(sandbox, name))
    begun, _ = first.start()
    first.nobody_failed()
    second = Crowd(sandbox)
    for i in range(max(len(news), third)):
        if i < len(news):
            second.add(*adding(sandbox, news[i]))
        if i < third:
            second.add(*setting(sandbox, olds[i // 2], 1 + i % 2))
            second.add("remove", gone[i], "--quiet")
    assert len(second.members) == MANY
    took, _ = second.start()
    second.nobody_failed()
    print("# %d added in %.1f s, then %d at once in %.1f s" % (len(first.members), begun, MANY, took))
    assert SLOW or took < seconds, "%d took %.1f s" % (MANY, took)
    left = sorted(news + olds)
    assert names_in_keyring(sandbox) == left, "orphans or losses: %r" % (set(names_in_keyring(sandbox)) ^ set(left))
    assert sorted(os.listdir(os.path.dirname(sandbox.config("x")))) == sorted(name + ".conf" for name in left)
    signed = tokens(sandbox, left)
    for name in news:
        assert signed[name] == value(name), name
    for name in olds:
        assert signed[name] in (value(name, 1), value(name, 2)), name
    nothing_half_written(sandbox)


def crowd_of_one_profile(sandbox, seconds=120):
    """Everybody sets both secrets of the same profile, but for three that change something else, once each."""
    def secret(number):
        return [word for field in ("secret_access_key", "session_token")
                for word in ("--secret", "%s=%s" % (field, sandbox.write("values/%s-%d" % (field, number),
                                                                         value(field, number))))]

    sandbox.ok("add", "lab", "aws-sigv4", "access_key_id=AKID", "--endpoint=http://127.0.0.1:9", "--allow=exec",
               "--keyring", sandbox.keyring, "--quiet", *secret(0))
    everybody = Crowd(sandbox)
    others = {MANY // 4: ("region", "eu-test-1"), MANY // 2: ("service", "execute-api"), MANY * 3 // 4: ("presign", "77")}
    for number in range(1, MANY + 1):
        if number in others:
            everybody.add("set", "lab", "--quiet", "%s=%s" % others[number])
        else:
            everybody.add("set", "lab", "--quiet", "access_key_id=AKID%d" % number, *secret(number))
    took, ends = everybody.start()
    everybody.nobody_failed()
    print("# %d of one profile in %.1f s, the first after %.2f s" % (MANY, took, min(ends)))
    assert SLOW or took < seconds, "%d took %.1f s" % (MANY, took)
    both = sandbox.ok("exec", "lab", "--", "sh", "-c", 'cat "$1"; echo; cat "$2"', "sh", "{secret_access_key}",
                      "{session_token}").text.splitlines()
    number = int(both[0].split(".")[1])
    assert 1 <= number <= MANY and both == [value("secret_access_key", number), value("session_token", number)], both
    fields = {field["name"]: field["value"] for field in sandbox.ok("show", "lab", "--json").json["fields"]}
    assert fields["access_key_id"] == "AKID%d" % number, (fields, number)
    assert all(fields[name] == given for name, given in others.values()), "a change was lost: %r" % fields
    assert names_in_keyring(sandbox) == ["lab"]
    nothing_half_written(sandbox)


@case("file keyring: many add, set and remove at once")
def _(sandbox):
    crowd(sandbox)


@case("file keyring: many set the same profile at once")
def _(sandbox):
    crowd_of_one_profile(sandbox)


@case("gnome-keyring: many add, set and remove at once")
def _(desktop):
    crowd(desktop.sandbox)


@case("gnome-keyring: many set the same profile at once")
def _(desktop):
    crowd_of_one_profile(desktop.sandbox)


@contextlib.contextmanager
def password_store():
    """A sandbox with a store of pass."""
    if not os.path.exists(os.path.join(FIXTURE, "keyrings", "keyring-pass")):
        raise Skip("the keyring pass is not built")
    import passwordstore
    if passwordstore.missing():
        raise Skip(passwordstore.missing() + " is not installed")
    sandbox = Sandbox("pass")
    try:
        with passwordstore.PasswordStore(passwordstore.OPEN) as store:
            sandbox.env.update(GNUPGHOME=store.gnupg, PASSWORD_STORE_DIR=store.path)
            yield sandbox
    finally:
        sandbox.close()
        passwordstore.forget_keys()


@case("pass: many add, set and remove at once")
def _():
    with password_store() as sandbox:
        crowd(sandbox)


# --- waiting ----------------------------------------------------------------------------


@contextlib.contextmanager
def held(sandbox, name):
    """Somebody has this lock."""
    path = sandbox.write("home/.local/state/credence/locks/%s.lock" % name, "")
    with open(path) as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


@case("one that may not wait long ends by its deadline, changes nothing, and says whom it waited for")
def _(sandbox):
    sandbox.ok(*adding(sandbox, "lab"))
    for lock, saying in (("@file", "another credence is writing to keyring file"),
                         ("lab", "another credence is changing profile lab")):
        with held(sandbox, lock):
            for words in (setting(sandbox, "lab", 1), ("remove", "lab")):
                result = sandbox.fails(8, *words, "--timeout=0.5", saying=saying)
                assert "--timeout=SECONDS" in result.err and result.seconds >= 0.5, result
                assert SLOW or result.seconds < 5, result
    assert tokens(sandbox, ["lab"])["lab"] == value("lab")
    with held(sandbox, "@file"), held(sandbox, "lab"):
        sandbox.ok("show", "lab")
        assert tokens(sandbox, ["lab"])["lab"] == value("lab")  # who reads does not queue
        sandbox.fails(8, *adding(sandbox, "other"), "--timeout=0.2", saying="keyring file")
    assert not os.path.exists(sandbox.config("other"))


def switches(pid):
    """How often the process went to sleep by itself."""
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("voluntary_ctxt"))


@case("those who wait look rarely, so that whoever works has the processors; and go on when it is free")
def _(sandbox):
    names = ["old%d" % i for i in range(MANY // 4)]
    first = Crowd(sandbox)
    for name in names:
        first.add(*adding(sandbox, name))
    first.start()
    first.nobody_failed()
    for lock in ("@" + sandbox.keyring, "lab"):
        waiting = Crowd(sandbox)
        if lock == "lab":
            sandbox.ok(*adding(sandbox, "lab"))
        for number, name in enumerate(names):
            waiting.add(*setting(sandbox, "lab" if lock == "lab" else name, number))
        with held(sandbox, lock):
            runner = threading.Thread(target=waiting.start)
            runner.start()
            time.sleep(20 if SLOW else 2)
            pids = [process.pid for _, process, _, _ in waiting.members]
            before = [switches(pid) for pid in pids]
            time.sleep(1)
            looked = sum(switches(pid) for pid in pids) - sum(before)
        runner.join()
        waiting.nobody_failed()
        # One of them looks more often, so as not to leave the lock idle.
        assert len(pids) <= looked <= 300 + 30 * len(pids), "%d looked %d times in a second" % (len(pids), looked)


main()
