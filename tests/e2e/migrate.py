# SPDX-License-Identifier: BSD-3-Clause
"""credence migrate: profiles that move between a real gnome-keyring and keyring files.

Breaks when a profile does not sign as before once it has moved, when a session or what
else the record holds does not come along, when a failure changes anything, when the
original is deleted although it is the only one, was changed or was not to be deleted,
and when something of somebody else's is overwritten.
"""

import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, ".."), os.path.join(HERE, "..", "keyring")]
from harness import (CHEAP_KEYRING, FIXTURE, PASSPHRASE, SIXCONNECT_SECRET, Sandbox, case, end, main)  # noqa: E402
from protocol import Helper  # noqa: E402
from terminal import Terminal  # noqa: E402
from vendors import OAuth2  # noqa: E402

SIGN = ("sign", "lab", "?action=get", "--format=url")
LAB = {"profile": "lab", "kind": "credential"}
CONFLICT, NOT_FOUND, LOCKED, NO_KEYRING, REFUSED, LATE = 1, 3, 4, 5, 6, 8
KEYRING_FILE = "home/.local/share/credence/credentials.keyring"


def signature(sandbox):
    return sandbox.ok(*SIGN).text


class Store:
    """What a keyring holds, seen with its own helper."""

    def __init__(self, sandbox, keyring="file", path=None):
        self.sandbox, self.keyring, self.path = sandbox, keyring, path

    def call(self, op, **fields):
        env = dict(self.sandbox.env)
        if self.path is not None:
            env["CREDENCE_KEYRING_FILE"] = self.path
        with Helper("keyring-" + self.keyring, env) as helper:
            if self.keyring == "file":
                assert helper.call("unlock", passphrase=PASSPHRASE).status == 0
            return helper.call(op, **fields)

    def get(self, kind="credential", profile="lab"):
        answer = self.call("get", profile=profile, kind=kind)
        assert answer.status in (0, 4), answer.message
        return answer.value if answer.status == 0 else None

    def put(self, value, kind="credential", profile="lab"):
        assert self.call("put", profile=profile, kind=kind, value=value).status == 0


def cheap(sandbox, name="other.keyring"):
    """Another keyring file, which opens quickly."""
    return Store(sandbox, path=sandbox.write(name, CHEAP_KEYRING))


def with_file(desktop):
    """A desktop that has a keyring file, too."""
    desktop.sandbox.passphrase(PASSPHRASE)
    desktop.sandbox.write(KEYRING_FILE, CHEAP_KEYRING)
    return desktop.sandbox


def config(sandbox, name="lab"):
    with open(sandbox.config(name)) as f:
        return f.read()


def unchanged(sandbox, code, *words, saying=None, **kw):
    """The command fails, and everything is as before."""
    before = config(sandbox), signature(sandbox)
    result = sandbox.fails(code, *words, saying=saying, **kw)
    assert (config(sandbox), signature(sandbox)) == before, "it changed something: %r" % result
    return result


# --- there and back --------------------------------------------------------------------------


@case("from gnome-keyring to a file and back, byte for byte; the original goes when it is told to")
def _(desktop):
    sandbox = with_file(desktop)
    sandbox.sixconnect()
    service, file = Store(sandbox, "secret-service"), Store(sandbox)
    record, first = service.get(), signature(sandbox)
    result = sandbox.ok("migrate", "lab", "--to", "file")
    assert "moved lab from secret-service" in result.err and "--delete-source deletes it" in result.err, result
    assert file.get() == record and service.get() == record
    assert "keyring = file\n" in config(sandbox) and "keyring_store" not in config(sandbox)
    assert signature(sandbox) == first
    # What the notice says.
    words = re.search(r"credence (migrate .*--delete-source)", result.err).group(1).split()
    assert "is deleted" in sandbox.ok(*words).err
    assert service.get() is None and signature(sandbox) == first
    sandbox.ok("migrate", "lab", "--to=secret-service", "--delete-source", "--verify")
    assert service.get() == record and file.get() is None
    assert "keyring = secret-service\n" in config(sandbox) and signature(sandbox) == first


@case("from a file to another: the profile's file says which, and no other keyring has to be there")
def _(sandbox):
    sandbox.sixconnect()
    record, first, other = Store(sandbox).get(), signature(sandbox), cheap(sandbox)
    result = sandbox.ok("migrate", "lab", "--to=file", "--store", other.path, "--delete-source", "--verify")
    assert "moved lab from file to file (%s)\n" % other.path in result.err and "copy" not in result.err, result
    assert other.get() == record and Store(sandbox).get() is None
    assert "keyring_store = %s\n" % other.path in config(sandbox)
    os.remove(sandbox.path(KEYRING_FILE))
    assert signature(sandbox) == first


@case("a keyring file that is not there yet is made")
def _(sandbox):
    sandbox.sixconnect()
    first = signature(sandbox)
    sandbox.ok("migrate", "lab", "--to=file", "--store", sandbox.path("new/one.keyring"))
    assert signature(sandbox) == first and os.stat(sandbox.path("new/one.keyring")).st_mode & 0o777 == 0o600


@case("what the record holds beside the secrets comes along")
def _(sandbox):
    sandbox.sixconnect()
    store, other = Store(sandbox), cheap(sandbox)
    # A field that this version does not know, behind the others.
    import base64
    record = store.get()
    data = base64.urlsafe_b64decode(record[3:] + "===") + b"Z\0\0\0\x07pending"
    strange = "c1:" + base64.urlsafe_b64encode(data).decode().rstrip("=")
    store.put(strange)
    first = signature(sandbox)
    sandbox.ok("migrate", "lab", "--to=file", "--store", other.path)
    assert other.get() == strange and signature(sandbox) == first


@case("a session comes along and is used: no new login")
def _(sandbox):
    tokens = OAuth2(sandbox)
    tokens.client("my-client", "a-client-secret")
    sandbox.add("api", "oauth2-client-credentials", "token_url=" + tokens.url + "/token", "client_id=my-client",
                secret="a-client-secret", field="client_secret", endpoint=tokens.url + "/v1")
    other = cheap(sandbox)
    sandbox.ok("send", "api", "x")
    sandbox.ok("migrate", "api", "--to=file", "--store", other.path, "--delete-source")
    assert other.get("session", "api") and not Store(sandbox).get("session", "api")
    sandbox.ok("send", "api", "x")
    logins = [line for line in tokens.take_log() if line.startswith("POST /token")]
    assert len(logins) == 1, logins
    # Somebody who logged out stays so, whatever lies about where the profile goes.
    sandbox.ok("migrate", "api", "--to=file")
    sandbox.ok("logout", "api")
    sandbox.ok("migrate", "api", "--to=file", "--store", other.path)
    assert other.get("session", "api") is None


@case("a keyring that cannot hold sessions: the session is dropped, and that is no error")
def _(desktop):
    sandbox = with_file(desktop)
    tokens = OAuth2(sandbox)
    tokens.client("my-client", "a-client-secret")
    sandbox.keyring = "file"
    sandbox.add("api", "oauth2-client-credentials", "token_url=" + tokens.url + "/token", "client_id=my-client",
                secret="a-client-secret", field="client_secret", endpoint=tokens.url + "/v1")
    sandbox.ok("send", "api", "x")
    sandbox.env["FAKE_KEYRING_STORE"] = sandbox.path("values")
    sandbox.ok("migrate", "api", "--to=sessionless", "--delete-source")
    sandbox.ok("send", "api", "x")
    logins = [line for line in tokens.take_log() if line.startswith("POST /token")]
    assert len(logins) == 2, logins


@case("several profiles: each by itself, those that are done stay done, the first failure is the exit code")
def _(sandbox):
    for name in ("lab", "two", "three"):
        sandbox.sixconnect(name)
    other = cheap(sandbox)
    other.put("c1:somebodys", profile="two")
    result = sandbox.run("migrate", "lab", "two", "none", "three", "--to=file", "--store", other.path, "--delete-source")
    assert result.code == CONFLICT, result
    assert [name for name in ("lab", "two", "three") if other.path in config(sandbox, name)] == ["lab", "three"]
    assert "moved lab" in result.err and "moved three" in result.err and "no profile none" in result.err
    for name in ("lab", "two", "three"):
        sandbox.ok("sign", name, "?action=get")


@case("where it is already: nothing to do, exit 0, whatever the place is called")
def _(sandbox):
    sandbox.sixconnect()
    record, path = Store(sandbox).get(), sandbox.path(KEYRING_FILE)
    os.symlink(os.path.dirname(path), sandbox.path("alias"))
    names = [path, path.replace("/home/", "/home/./"), path.replace("/home/", "//home//"),
             sandbox.path("alias", "credentials.keyring")]
    for words in [()] + [("--store", name) for name in names]:
        for options in ((), ("--delete-source",), ("--delete-source", "--replace", "--verify")):
            result = sandbox.ok("migrate", "lab", "--to=file", *words, *options)
            assert "nothing to do" in result.err, result
            assert Store(sandbox).get() == record, "%r deleted the only secret" % (words + options,)


# --- what is in the way ------------------------------------------------------------------------


@case("something else under the name: told, and overwritten only when that is asked for")
def _(sandbox):
    sandbox.sixconnect()
    other = cheap(sandbox)
    other.put("c1:somebodys")
    words = ("migrate", "lab", "--to=file", "--store", other.path)
    unchanged(sandbox, CONFLICT, *words, "--delete-source", saying="--replace")
    assert other.get() == "c1:somebodys"
    first, record = signature(sandbox), Store(sandbox).get()
    sandbox.ok(*words, "--replace")
    assert other.get() == record and signature(sandbox) == first


@case("a copy that a crash left there is no conflict")
def _(sandbox):
    sandbox.sixconnect()
    other = cheap(sandbox)
    other.put(Store(sandbox).get())
    sandbox.ok("migrate", "lab", "--to=file", "--store", other.path, "--delete-source")
    assert Store(sandbox).get() is None


@case("a copy that is no longer what the profile has is not deleted, unless that is asked for")
def _(sandbox):
    sandbox.sixconnect()
    other, here = cheap(sandbox), Store(sandbox)
    words = ("migrate", "lab", "--to=file", "--store", other.path)
    sandbox.ok(*words)
    sandbox.secrets.add("another-secret")
    sandbox.ok("set", "lab", "--secret=secret_key=-", input="another-secret")
    first = signature(sandbox)
    result = sandbox.fails(CONFLICT, *words, "--delete-source", saying="stays there")
    assert "--replace" in result.err and here.get() is not None
    sandbox.ok(*words, "--delete-source", "--replace")
    assert here.get() is None and other.get() is not None and signature(sandbox) == first


@case("an original that somebody changes while it is copied is not deleted; the profile has moved all the same")
def _(sandbox):
    sandbox.sixconnect()
    first = signature(sandbox)
    sandbox.env["FAKE_KEYRING_STORE"] = sandbox.path("values")
    sandbox.ok("migrate", "lab", "--to=sessionless", "--delete-source")
    result = sandbox.fails(CONFLICT, "migrate", "lab", "--to=file", "--delete-source", env={"FAKE_KEYRING_CHANGES": "1"})
    assert "is in keyring file now" in result.err and "--replace" in result.err, result
    assert signature(sandbox) == first and os.path.exists(sandbox.path("values", "lab"))
    sandbox.ok("migrate", "lab", "--to=file", "--delete-source", "--replace")
    assert signature(sandbox) == first and not os.path.exists(sandbox.path("values", "lab"))


@case("the secret of a profile that was removed is not what a new one's copy is")
def _(sandbox):
    sandbox.sixconnect()
    other, here = cheap(sandbox), Store(sandbox)
    sandbox.ok("migrate", "lab", "--to=file", "--store", other.path)
    sandbox.fails(CONFLICT, "remove", "lab", saying="left a copy")
    os.remove(sandbox.path("home/.local/state/credence/copies/lab"))  # as it is told
    sandbox.ok("remove", "lab")
    kept = here.get()
    sandbox.secrets.add("another-secret")
    sandbox.ok("add", "lab", "6connect", "api_key=x", "--endpoint=https://cloud.6connect.com/", "--keyring=file",
               "--store", other.path, "--secret=secret_key=-", input="another-secret")
    sandbox.ok("migrate", "lab", "--to=file", "--store", other.path, "--delete-source")
    assert here.get() == kept


@case("a copy that is left is not forgotten, neither by the next move nor by remove")
def _(sandbox):
    sandbox.sixconnect()
    other, third = cheap(sandbox), cheap(sandbox, "third.keyring")
    sandbox.ok("migrate", "lab", "--to=file", "--store", other.path)
    for words in (("migrate", "lab", "--to=file", "--store", third.path),
                  ("migrate", "lab", "--to=file", "--store", third.path, "--delete-source"), ("remove", "lab")):
        result = unchanged(sandbox, CONFLICT, *words, saying="left a copy")
        assert third.get() is None and Store(sandbox).get() is not None
    # What the remedy says.
    words = re.search(r"credence (migrate .*?--delete-source)", result.err.replace("\n", " ")).group(1).split()
    sandbox.ok(*words)
    assert Store(sandbox).get() is None
    # There and back is no third place.
    sandbox.ok("migrate", "lab", "--to=file", "--store", third.path)
    sandbox.ok("migrate", "lab", "--to=file", "--store", other.path)
    sandbox.ok("migrate", "lab", "--to=file", "--store", other.path, "--delete-source")
    assert third.get() is None
    sandbox.ok("remove", "lab")
    assert other.get() is None


# --- what fails changes nothing ---------------------------------------------------------------


@case("--verify: what a request could not use does not count as moved")
def _(sandbox):
    sandbox.sixconnect()
    other = cheap(sandbox)
    text = config(sandbox)
    sandbox.rewrite("lab", "https://cloud.6connect.com/", "https://elsewhere.example/")
    changed = config(sandbox)
    sandbox.fails(REFUSED, "migrate", "lab", "--to=file", "--store", other.path, "--verify", "--delete-source",
                  saying="was stored for")
    assert config(sandbox) == changed and other.get() is None and Store(sandbox).get() is not None
    sandbox.write(sandbox.config("lab"), text)
    sandbox.ok(*SIGN)
    # With --replace, what was there is there again.
    sandbox.write(sandbox.config("lab"), changed)
    other.put("c1:somebodys")
    sandbox.fails(REFUSED, "migrate", "lab", "--to=file", "--store", other.path, "--verify", "--replace")
    assert other.get() == "c1:somebodys"


@case("a keyring that is locked, on either side: exit 4, and nothing is changed")
def _(desktop):
    sandbox = with_file(desktop)
    sandbox.sixconnect()
    desktop.lock()
    before = config(sandbox)
    sandbox.fails(LOCKED, "migrate", "lab", "--to=file", "--no-prompt")
    assert config(sandbox) == before and Store(sandbox).get() is None
    sandbox.keyring = "file"
    sandbox.sixconnect("shop")
    before = config(sandbox, "shop")
    sandbox.fails(LOCKED, "migrate", "shop", "--to=secret-service", "--no-prompt", "--delete-source")
    sandbox.fails(LOCKED, "migrate", "shop", "--to=file", "--store", cheap(sandbox).path,
                  env={"CREDENCE_PASSPHRASE_FILE": None})
    assert config(sandbox, "shop") == before
    sandbox.ok("sign", "shop", "x")


@case("a service that is gone or never was, and a keyring that does not exist: exit 5")
def _(desktop):
    sandbox = with_file(desktop)
    sandbox.keyring = "file"
    sandbox.sixconnect()
    unchanged(sandbox, NO_KEYRING, "migrate", "lab", "--to=nonesuch", "--delete-source")
    unchanged(sandbox, NO_KEYRING, "migrate", "lab", "--to=secret-service", "--delete-source",
              env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent", "XDG_RUNTIME_DIR": None})
    end(desktop.bus)
    unchanged(sandbox, NO_KEYRING, "migrate", "lab", "--to=secret-service", "--delete-source")


@case("a helper that dies, lies or hangs as destination: an error, and nothing is changed")
def _(sandbox):
    sandbox.sixconnect()
    os.mkdir(sandbox.path("starts"))
    sandbox.env["FAKE_KEYRING_MARKER"] = sandbox.path("starts")
    for keyring in ("stillborn", "faints", "garbage", "empty", "well", "torn-record"):
        unchanged(sandbox, (1, 3, 5, 9), "migrate", "lab", "--to", keyring, "--delete-source", "--replace")
    unchanged(sandbox, LATE, "migrate", "lab", "--to=hang", "--delete-source", "--timeout=0.3")


@case("no secret where the profile says it is: exit 3")
def _(sandbox):
    sandbox.sixconnect()
    before = config(sandbox)
    os.remove(sandbox.path(KEYRING_FILE))
    sandbox.fails(NOT_FOUND, "migrate", "lab", "--to=file", "--store", cheap(sandbox).path, saying="holds no secret")
    assert config(sandbox) == before


@case("what makes no sense is refused before anything is started")
def _(sandbox):
    sandbox.sixconnect()
    words = ("migrate", "lab", "--to")
    unchanged(sandbox, REFUSED, *words, "directory", saying="nothing can be put there")
    unchanged(sandbox, 2, *words, "secret-service", "--store=/tmp/x")
    unchanged(sandbox, 2, *words, "file", "--store=relative")
    unchanged(sandbox, 2, *words, "../file")
    unchanged(sandbox, 2, "migrate", "lab", saying="--to")
    unchanged(sandbox, 2, "migrate", "--to=file")
    sandbox.fails(NOT_FOUND, "migrate", "none", "--to=file")
    assert not os.path.exists(sandbox.path("home/.local/state/credence/locks/none.lock"))


@case("a keyring that knows no stores: never taken for two")
def _(sandbox):
    sandbox.sixconnect()
    sandbox.env["FAKE_KEYRING_STORE"] = sandbox.path("values")
    first = signature(sandbox)
    sandbox.ok("migrate", "lab", "--to=sessionless")
    unchanged(sandbox, 1, "migrate", "lab", "--to=sessionless", "--store=/somewhere", "--delete-source", "--replace",
              saying="does not tell its stores apart")
    assert signature(sandbox) == first


@case("while somebody logs in to the profile, it does not move")
def _(sandbox):
    import fcntl
    sandbox.sixconnect()
    path = sandbox.write("home/.local/state/credence/locks/lab.login", "")
    with open(path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        unchanged(sandbox, LATE, "migrate", "lab", "--to=file", "--store", cheap(sandbox).path, saying="logging in")


@case("--timeout ends the wait for a profile, and for the exchange folder, that somebody else holds")
def _(sandbox):
    import fcntl
    sandbox.sixconnect()
    archive = sandbox.path("lab.credence")
    export = ("export", archive, "lab", "--timeout=1")
    env = {"CREDENCE_EXPORT_PASSPHRASE_FILE": sandbox.env["CREDENCE_PASSPHRASE_FILE"]}
    for name, saying in (("lab", "is changing profile lab"), ("@exchange", "exporting or importing")):
        with open(sandbox.write("home/.local/state/credence/locks/%s.lock" % name, "")) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if name == "lab":
                unchanged(sandbox, LATE, "migrate", "lab", "--to=file", "--store", cheap(sandbox).path, "--timeout=1",
                          saying=saying)
            sandbox.fails(LATE, *export, env=env, saying=saying)


@case("a new secret that is set while the profile moves to and fro is neither lost nor undone")
def _(sandbox):
    sandbox.sixconnect()
    other = cheap(sandbox)
    for i in range(8):
        secret = "secret-number-%d" % i
        sandbox.secrets.add(secret)
        words = ("--store", other.path) if i % 2 == 0 else ()
        moving = sandbox.popen("migrate", "lab", "--to=file", *words, "--delete-source", "--replace", "--quiet")
        sandbox.ok("set", "lab", "--secret=secret_key=-", "--quiet", input=secret)
        err = moving.communicate()[1]
        assert moving.returncode == 0, err
        expected = Sandbox()
        try:
            expected.sixconnect(secret=secret)
            assert signature(sandbox) == signature(expected), "round %d" % i
        finally:
            expected.close()


# --- passphrases ------------------------------------------------------------------------------


@case("two keyring files with a passphrase each: asked for by name, once")
def _(sandbox):
    sandbox.sixconnect()
    first, path = signature(sandbox), sandbox.path("other.keyring")
    terminal = Terminal(sandbox, "migrate", "lab", "--to=file", "--store", path, "--verify", "--delete-source",
                        env={"CREDENCE_PASSPHRASE_FILE": ""})
    terminal.expect("Passphrase of the file keyring: ")
    terminal.type(PASSPHRASE)
    terminal.expect("Passphrase of the file keyring %s (new; keep it safe)" % path)
    terminal.type("another horse")
    terminal.expect("The same again")
    terminal.type("another horse")
    assert terminal.end() == 0 and b"Passphrase" not in terminal.text, terminal.text
    sandbox.fails(LOCKED, *SIGN)
    sandbox.passphrase("another horse")
    assert signature(sandbox) == first


@case("a keyring file that a variable names is asked for its passphrase once, too")
def _(sandbox):
    sandbox.sixconnect()
    other = cheap(sandbox)
    sandbox.ok("migrate", "lab", "--to=file", "--store", other.path, "--delete-source")
    made = sandbox.path("made.keyring")
    terminal = Terminal(sandbox, "migrate", "lab", "--to=file", "--verify",
                        env={"CREDENCE_PASSPHRASE_FILE": "", "CREDENCE_KEYRING_FILE": made})
    terminal.expect("Passphrase of the file keyring")
    terminal.type(PASSPHRASE)
    for question in ("new; keep it safe", "The same again"):
        terminal.expect(question)
        terminal.type("another horse")
    assert terminal.end() == 0 and b"Passphrase" not in terminal.text, terminal.text
    assert "keyring_store = %s\n" % made in config(sandbox)


@case("from a directory: bound to the endpoint on the way; the original cannot be deleted")
def _(sandbox):
    helper = os.path.join(FIXTURE, "keyrings", "keyring-directory")
    if not os.path.exists(helper) and not shutil.which(helper):
        from harness import Skip
        raise Skip("there is no keyring directory")
    sandbox.secrets.add(SIXCONNECT_SECRET)
    folder = sandbox.path("secrets")
    os.makedirs(folder, 0o700)
    sandbox.write("secrets/lab.secret_key", SIXCONNECT_SECRET)
    sandbox.write("secrets/6connect.secret_key", SIXCONNECT_SECRET)
    sandbox.write("secrets/secret_key", SIXCONNECT_SECRET)
    sandbox.write("home/.config/credence/profiles/lab.conf",
                  "[profile]\nstack = 6connect\nkeyring = directory\nkeyring_store = %s\n"
                  "endpoint = https://cloud.6connect.com/\n\n[6connect]\napi_key = x\n" % folder)
    first = signature(sandbox)
    unchanged(sandbox, REFUSED, "migrate", "lab", "--to=file", "--delete-source", saying="nothing can be deleted")
    assert Store(sandbox).get() is None
    result = sandbox.ok("migrate", "lab", "--to=file", "--verify")
    assert "whoever fills it removes them" in result.err and "--delete-source" not in result.err, result
    assert signature(sandbox) == first
    assert "nothing to do" in sandbox.ok("migrate", "lab", "--to=file", "--delete-source").err
    # What an earlier release may have noted.
    sandbox.write("home/.local/state/credence/copies/lab", "[copy]\nkeyring = directory\nstore = %s\n" % folder)
    unchanged(sandbox, REFUSED, "migrate", "lab", "--to=file", "--delete-source", saying="nothing can be deleted")
    assert os.path.exists(os.path.join(folder, "lab.secret_key"))
    sandbox.rewrite("lab", "https://cloud.6connect.com/", "https://elsewhere.example/")
    sandbox.fails(REFUSED, *SIGN, saying="was stored for https://cloud.6connect.com")


if __name__ == "__main__":
    main()
