# SPDX-License-Identifier: BSD-3-Clause
"""directory.py - secrets from files: systemd's credentials, Kubernetes' Secrets, a folder

Breaks when the files are not found under the names that the manual gives, when a secret
can be stored or is asked for where nothing can be stored, when a login is made more than
once in a program, when somebody who reads during a change gets half of it, or when a
program that keeps an old secret is not told.
"""

import os
import re
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import PATIENCE, SRC, Sandbox, Skip, case, main  # noqa: E402
from loopback import Server, reply  # noqa: E402
from vendors import Megaport, OAuth2  # noqa: E402

KEEPER = os.path.join(os.environ.get("TESTS_BUILD", os.path.dirname(harness.CREDENCE)), "e2e", "keeper")
EXAMPLES = os.path.join(SRC, "..", "examples")
CONFLICT, REJECTED = -12, -18
ENDPOINT = "https://api.example/v1/"


def put(sandbox, name, content, mode=0o400, folder="secrets"):
    """A file of the folder, new in the place of the old one."""
    path = sandbox.path(folder, name)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(path + ".new", "w") as f:
        os.chmod(path + ".new", mode)
        f.write(content)
    os.rename(path + ".new", path)
    return path


def systemd(sandbox):
    """The environment that a unit with credentials has."""
    os.makedirs(sandbox.path("secrets"), mode=0o700, exist_ok=True)
    sandbox.env["CREDENTIALS_DIRECTORY"] = sandbox.path("secrets")


def profile(sandbox, name, *lines, stack="bearer", endpoint=ENDPOINT, store=None):
    """A profile as an administrator writes it."""
    text = ["[profile]", "stack = " + stack, "endpoint = " + endpoint, "keyring = directory"]
    text += ["keyring_store = " + store] if store else []
    return sandbox.write(sandbox.config(name), "\n".join(text + list(lines)) + "\n")


def headers(sandbox, name, *words):
    result = sandbox.ok("sign", name, "items", *words, may_print_secret=True)
    return dict(line.split(": ", 1) for line in result.text.splitlines()[1:] if line)


# --- a profile -----------------------------------------------------------------------


@case("add asks for no secret, tells which files are expected, and the request is signed with them")
def _():
    with_folder = Sandbox("directory")
    try:
        folder = with_folder.path("secrets")
        added = with_folder.ok("add", "lab", "bearer", "--keyring=directory", "--store=" + folder, "--endpoint", ENDPOINT)
        assert "lab.token, or lab.bearer.token, in " + folder in added.err, added
        missing = with_folder.fails(5, "sign", "lab", "/", saying="there is no folder " + folder)
        assert "keyring_store" in missing.err, missing
        os.mkdir(folder, 0o700)
        with_folder.fails(3, "sign", "lab", "/", saying="lab.bearer.token, lab.token, bearer.token, token")
        for name in ("token", "bearer.token", "lab.token", "lab.bearer.token"):
            put(with_folder, name, "of-" + name + "\n")
            assert headers(with_folder, "lab")["Authorization"] == "Bearer of-" + name
        shown = with_folder.ok("show", "lab").text
        assert "directory" in shown and "of-" not in shown, shown
    finally:
        with_folder.close()


@case("without a folder in the profile, the one of systemd counts, and its absence is an error that says what to do")
def _(sandbox):
    added = sandbox.ok("add", "lab", "bearer", "--keyring=directory", "--endpoint", ENDPOINT)
    assert "$CREDENTIALS_DIRECTORY" in added.err, added
    result = sandbox.fails(5, "sign", "lab", "/", saying="CREDENTIALS_DIRECTORY is not set")
    assert "LoadCredential=" in result.err and "--store" in result.err, result
    systemd(sandbox)
    sandbox.fails(3, "sign", "lab", "/", saying="LoadCredential=lab.token:")
    put(sandbox, "token", "short-name")
    sandbox.fails(3, "sign", "lab", "/", saying="lab.bearer.token, lab.token")
    put(sandbox, "lab.token", "sesame")
    assert headers(sandbox, "lab")["Authorization"] == "Bearer sesame"


@case("nothing stores a secret there: add, set and remove name the file, or leave it alone")
def _(sandbox):
    systemd(sandbox)
    sandbox.secrets.add("s3cret-value")
    path = put(sandbox, "lab.key", "in-the-file")
    refused = sandbox.fails(1, "add", "lab", "api-key", "--keyring=directory", "--secret", "key=-", "--endpoint", ENDPOINT,
                            input="s3cret-value", saying="read-only")
    assert "write it to the file $CREDENTIALS_DIRECTORY/lab.key" in refused.err, refused
    assert not os.path.exists(sandbox.config("lab"))
    sandbox.ok("add", "lab", "api-key", "--keyring=directory", "--endpoint", ENDPOINT)
    sandbox.fails(1, "set", "lab", "--secret", "key=-", input="s3cret-value", saying="lab.key")
    sandbox.fails(1, "set", "lab", "header=X-Other", "--secret", "api-key.key=-", input="s3cret-value", saying="lab.key")
    assert headers(sandbox, "lab")["X-API-Key"] == "in-the-file"
    sandbox.ok("set", "lab", "header=X-Other")
    assert headers(sandbox, "lab")["X-Other"] == "in-the-file"
    sandbox.ok("remove", "lab")
    assert not os.path.exists(sandbox.config("lab")) and os.path.exists(path)
    sandbox.ok("add", "shop", "api-key", "--keyring=directory", "--store=" + sandbox.path("secrets"), "--endpoint", ENDPOINT)
    sandbox.fails(1, "set", "shop", "--secret", "key=-", input="s3cret-value", saying=sandbox.path("secrets") + "/shop.key")


@case("two profiles and a provider with two secrets, in one folder of systemd's")
def _(sandbox):
    systemd(sandbox)
    profile(sandbox, "aws", "[aws-sigv4]", "access_key_id = ASIAEXAMPLE", "region = eu-west-1", "service = s3",
            stack="aws-sigv4")
    profile(sandbox, "two", stack="bearer api-key")
    put(sandbox, "aws.secret_access_key", "wJalrXUtnFEMI/K7MDENG")
    put(sandbox, "aws.session_token", "temporary")
    put(sandbox, "two.token", "token-of-two")
    put(sandbox, "two.api-key.key", "key-of-two")
    signed = headers(sandbox, "aws")
    assert {name.lower(): value for name, value in signed.items()}["x-amz-security-token"] == "temporary", signed
    signed = headers(sandbox, "two")
    assert (signed["Authorization"], signed["X-API-Key"]) == ("Bearer token-of-two", "key-of-two"), signed
    os.unlink(sandbox.path("secrets", "two.api-key.key"))
    sandbox.fails(3, "sign", "two", "/", saying="write it to the file $CREDENTIALS_DIRECTORY/two.key")
    os.unlink(sandbox.path("secrets", "aws.session_token"))
    assert "x-amz-security-token" not in str(headers(sandbox, "aws")).lower(), "an optional one that is gone"


@case("a file that others can read is refused, with the chmod that mends it")
def _(sandbox):
    systemd(sandbox)
    profile(sandbox, "lab")
    path = put(sandbox, "lab.token", "sesame", mode=0o644)
    result = sandbox.fails(6, "sign", "lab", "/", saying="can be reached by other users")
    command = re.search(r"\((chmod 400 \S+)\)", result.err).group(1)
    assert subprocess.run(command.split()).returncode == 0
    assert headers(sandbox, "lab")["Authorization"] == "Bearer sesame"
    os.rename(path, path + "-elsewhere")
    os.symlink(path + "-elsewhere", path)
    sandbox.fails(6, "sign", "lab", "/", saying="is a symbolic link")


@case("with a file origin the secret goes there alone, without one where the profile says")
def _(sandbox):
    systemd(sandbox)
    profile(sandbox, "lab")
    put(sandbox, "lab.token", "sesame")
    sandbox.ok("sign", "lab", "/", may_print_secret=True)
    put(sandbox, "lab.origin", "https://other.example\n")
    result = sandbox.fails(6, "sign", "lab", "/", saying="was stored for https://other.example")
    assert "file origin" in result.err, result
    put(sandbox, "lab.origin", "https://api.example\n")
    sandbox.ok("sign", "lab", "/", may_print_secret=True)
    sandbox.rewrite("lab", "api.example", "evil.example")
    sandbox.fails(6, "sign", "lab", "/", saying="its endpoint is now at https://evil.example")


# --- logins ---------------------------------------------------------------------------------


class Keeper:
    """keeper.c, with a profile that it keeps."""

    def __init__(self, sandbox, name):
        self.process = subprocess.Popen(harness.WRAPPER + [KEEPER, name], env=sandbox.env, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, start_new_session=True)
        sandbox.cleanups.append(lambda: (self.process.stdin.close(), self.process.stdout.close(), harness.end(self.process)))
        self.opened = self.answer()

    def answer(self):
        code, message, remedy = self.process.stdout.readline().decode().rstrip("\n").split("\t")
        self.message, self.remedy = message, remedy
        return int(code)

    def ask(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return self.answer()


@case("a login: one per program, and many requests with it; nothing is kept for the next")
def _(sandbox):
    systemd(sandbox)
    api = Megaport(sandbox)
    tokens = Megaport(sandbox, tokens=api.tokens)
    tokens.client("id", "s3cret/+=")
    put(sandbox, "mega.client_secret", "s3cret/+=\n")
    profile(sandbox, "mega", "[megaport]", "client_id = id", "login_url = " + tokens.url + "/oauth2/token",
            stack="megaport", endpoint=api.url + "/")
    keeper = Keeper(sandbox, "mega")
    assert [keeper.ask("send /v2/x") for _ in range(5)] == [200] * 5, keeper.message
    assert tokens.take_statuses() == [200] and api.take_statuses() == [200] * 5
    assert keeper.ask("check") == 0, keeper.message
    for _ in range(2):
        sandbox.ok("send", "mega", "/v2/x")
    assert tokens.take_statuses() == [200, 200], "the command keeps none"
    sandbox.ok("login", "mega")
    assert sandbox.ok("show", "mega", "--json").json["session"]["state"] == "none", "as if it were kept"
    assert "there was no session" in sandbox.ok("logout", "mega").err


@case("oauth2: the origin file names where the login may go, besides the endpoint")
def _(sandbox):
    systemd(sandbox)
    api = OAuth2(sandbox)
    tokens = OAuth2(sandbox, tokens=api.tokens)
    tokens.client("id", "s3cret")
    put(sandbox, "api.client_secret", "s3cret")
    profile(sandbox, "api", "[oauth2-client-credentials]", "client_id = id", "token_url = " + tokens.url + "/token",
            stack="oauth2-client-credentials", endpoint=api.url + "/")
    sandbox.ok("send", "api", "/x")
    put(sandbox, "api.origin", api.url)
    sandbox.fails(6, "send", "api", "/x", saying="stored for a login elsewhere")
    put(sandbox, "api.origin", api.url + "\n" + tokens.url + "\n")
    sandbox.ok("send", "api", "/x")


@case("a login that was refused is not tried again, until the file has another secret")
def _(sandbox):
    systemd(sandbox)
    api = Megaport(sandbox)
    tokens = Megaport(sandbox, tokens=api.tokens)
    tokens.client("id", "r1ght")
    put(sandbox, "mega.client_secret", "wrong")
    profile(sandbox, "mega", "[megaport]", "client_id = id", "login_url = " + tokens.url + "/oauth2/token",
            stack="megaport", endpoint=api.url + "/")
    for _ in range(3):
        result = sandbox.fails(7, "send", "mega", "/v2/x")
    assert "--secret" not in result.err and "another secret" in result.err, result
    assert len(tokens.take_statuses()) == 1
    shutil.copytree(sandbox.path("secrets"), sandbox.path("other"))
    os.chmod(sandbox.path("other"), 0o700)
    sandbox.fails(7, "send", "mega", "/v2/x", env={"CREDENTIALS_DIRECTORY": sandbox.path("other")})
    assert tokens.take_statuses() == [], "the same secret in another folder, as after a restart, is the same"
    put(sandbox, "mega.client_secret", "r1ght")
    sandbox.ok("send", "mega", "/v2/x")


# --- noticing that it was changed ------------------------------------------------------------------


class Door(Server):
    """Lets in whoever shows the token."""

    def __init__(self, sandbox):
        self.token = "one"
        super().__init__(sandbox, self.judge)

    def judge(self, request, connection):
        good = request.header("Authorization") == ["Bearer " + self.token]
        return reply("200 OK" if good else "401 Unauthorized", b"{}")


@case("a program that keeps its profile is told when the secret was changed: by check, and when it is rejected")
def _(sandbox):
    systemd(sandbox)
    door = Door(sandbox)
    profile(sandbox, "lab", endpoint=door.url + "/")
    put(sandbox, "lab.token", "one")
    keeper = Keeper(sandbox, "lab")
    assert keeper.opened == 0 and keeper.ask("send /x") == 200 and keeper.ask("check") == 0, keeper.message
    put(sandbox, "lab.token", "one\n")
    assert keeper.ask("check") == 0, "the same, written again"
    door.token = "two"
    time.sleep(2.1)
    assert keeper.ask("send /x") == REJECTED and "changed" not in keeper.message + keeper.remedy, keeper.message
    put(sandbox, "lab.token", "two")
    assert keeper.ask("check") == CONFLICT, keeper.message
    assert "profile lab was changed since" in keeper.message and "open the profile again" in keeper.remedy
    time.sleep(2.1)
    assert keeper.ask("send /x") == REJECTED, keeper.message
    assert "answered 401" in keeper.message and "was changed since" in keeper.message, keeper.message
    assert "open the profile again" in keeper.remedy, keeper.remedy
    assert keeper.ask("open") == 0 and keeper.ask("check") == 0 and keeper.ask("send /x") == 200, keeper.message
    os.unlink(sandbox.path("secrets", "lab.token"))
    assert keeper.ask("check") == CONFLICT, keeper.message
    shutil.rmtree(sandbox.path("secrets"))
    assert keeper.ask("check") == -9 and "no folder" in keeper.message, keeper.message


@case("the same with the file keyring, and without asking anybody")
def _(sandbox):
    door = Door(sandbox)
    sandbox.add("lab", "bearer", secret="one", field="token", endpoint=door.url + "/")
    keeper = Keeper(sandbox, "lab")
    assert keeper.ask("check") == 0 and keeper.ask("send /x") == 200, keeper.message
    sandbox.ok("set", "lab", "--secret", "token=-", input="two")
    assert keeper.ask("check") == CONFLICT, keeper.message
    door.token = "two"
    time.sleep(2.1)
    assert keeper.ask("send /x") == REJECTED and "was changed since" in keeper.message, keeper.message
    assert keeper.ask("open") == 0 and keeper.ask("send /x") == 200, keeper.message


# --- Kubernetes ------------------------------------------------------------------------------------


def publish(sandbox, files, number, folder="volume"):
    """What the kubelet does: a new folder, a new link over the old one, the old folder removed."""
    top = sandbox.path(folder)
    if not os.path.isdir(top):
        os.mkdir(top)
        os.chmod(top, 0o1777)
    name = "..2026_11_22_03_45_07.%09d" % number
    os.mkdir(os.path.join(top, name), 0o755)
    for key, value in files.items():
        put(sandbox, os.path.join(name, key), value, folder=folder)
        if not os.path.lexists(os.path.join(top, key)):
            os.symlink("..data/" + key, os.path.join(top, key))
    data = os.path.join(top, "..data")
    old = os.readlink(data) if os.path.islink(data) else None
    os.symlink(name, data + "_tmp")
    os.rename(data + "_tmp", data)
    if old:
        shutil.rmtree(os.path.join(top, old))


@case("Kubernetes: a Secret's volume, and its update; a mode of 0644 is refused with the setting that mends it")
def _(sandbox):
    publish(sandbox, {"token": "one"}, 1)
    profile(sandbox, "lab", store=sandbox.path("volume"))
    assert headers(sandbox, "lab")["Authorization"] == "Bearer one"
    publish(sandbox, {"token": "two", "origin": "https://api.example"}, 2)
    assert headers(sandbox, "lab")["Authorization"] == "Bearer two"
    publish(sandbox, {"other": "x"}, 3)
    sandbox.fails(3, "sign", "lab", "/", saying="add the key token to the Secret")
    publish(sandbox, {"token": "three"}, 4)
    os.chmod(sandbox.path("volume", "..data", "token"), 0o644)
    sandbox.fails(6, "sign", "lab", "/", saying="defaultMode: 0400")


@case("Kubernetes: reading while the volume is swapped gives the old or the new, never both, never an error")
def _(sandbox):
    # Values that belong together, of two providers; the command starts anew for each read.
    profile(sandbox, "lab", stack="bearer api-key", store=sandbox.path("volume"))
    done, swaps, fault, seen, lock = threading.Event(), [0], [], [], threading.Lock()

    def swap():
        while not done.is_set():
            swaps[0] += 1
            publish(sandbox, {"token": "%06d" % swaps[0], "key": "%06d" % swaps[0]}, swaps[0])

    def read():
        while not done.is_set():
            signed = headers(sandbox, "lab")
            with lock:
                seen.append((signed["Authorization"][7:], signed["X-API-Key"]))

    def guarded(function):
        def run():
            try:
                function()
            except Exception as e:
                fault.append(e)
                done.set()
        return run
    publish(sandbox, {"token": "000000", "key": "000000"}, 0)
    threads = [threading.Thread(target=guarded(function)) for function in (swap, read, read, read)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + harness.PATIENCE
    while not done.is_set() and time.monotonic() < end and (len(seen) < 100 or swaps[0] < 300):
        time.sleep(0.05)
    done.set()
    for thread in threads:
        thread.join()
    assert not fault, fault
    print("# %d swaps, %d reads, %d different values" % (swaps[0], len(seen), len(set(seen))))
    assert all(one == two for one, two in seen), [pair for pair in seen if pair[0] != pair[1]]
    assert swaps[0] >= 300 and len(seen) >= 100 and len(set(seen)) >= 50, (swaps[0], len(seen), len(set(seen)))


# --- the examples --------------------------------------------------------------------------------------


def lines_of(*path):
    with open(os.path.join(EXAMPLES, *path)) as f:
        return f.read()


@case("examples/systemd: systemd takes the unit, and its profile works with the credential that it names")
def _(sandbox):
    unit, conf = lines_of("systemd", "inventory.service"), lines_of("systemd", "inventory.conf")
    name = re.search(r"^LoadCredentialEncrypted=([^:]+):", unit, re.M).group(1)
    systemd(sandbox)
    sandbox.write(sandbox.config("inventory"), conf)
    put(sandbox, name, "sesame")
    words = re.search(r"^ExecStart=/usr/bin/credence send (.*)$", unit, re.M).group(1).split()
    signed = sandbox.ok("sign", *words, may_print_secret=True).text
    assert signed.startswith("GET /v1/items ") and "Authorization: Bearer sesame" in signed, signed
    if shutil.which("systemd-analyze") is None:
        return
    # What is not installed here is nothing that the unit can be blamed for.
    there = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", re.sub(r"^Documentation=.*\n", "", unit, flags=re.M), flags=re.M)
    path = sandbox.write("units/inventory.service", there, mode=0o644)
    done = subprocess.run(["systemd-analyze", "verify", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert b"inventory" not in done.stdout, done
    broken = sandbox.write("units/broken.service", there.replace("DynamicUser", "DynamicLoser"), mode=0o644)
    done = subprocess.run(["systemd-analyze", "verify", broken], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert b"DynamicLoser" in done.stdout, done


@case("examples/kubernetes: the profile in it works with a volume as the manifest asks for")
def _(sandbox):
    try:
        import yaml
    except ImportError:
        raise Skip("python3-yaml is not installed")
    config, job = yaml.safe_load_all(lines_of("kubernetes", "inventory.yaml"))
    pod = job["spec"]["template"]["spec"]
    container = pod["containers"][0]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes["secret"]["secret"]["defaultMode"] == 0o400 and pod["securityContext"]["fsGroup"], pod
    mounted = mounts["secret"]["mountPath"]
    text = config["data"][mounts["profile"]["subPath"]]
    assert "keyring_store = " + mounted in text, text
    publish(sandbox, {"token": "sesame"}, 1)
    sandbox.write(sandbox.config("inventory"), text.replace(mounted, sandbox.path("volume")))
    words = container["command"]
    assert words[:2] == ["credence", "send"], words
    assert "Bearer sesame" in sandbox.ok("sign", *words[2:], may_print_secret=True).text


UNIT = """[Service]
Type=oneshot
Environment=HOME=%(home)s
LoadCredential=lab.token:%(folder)s/token
LoadCredentialEncrypted=shop.token:%(folder)s/shop.encrypted
StandardOutput=append:%(folder)s/out
StandardError=append:%(folder)s/err
ExecStart=%(credence)s sign lab items
ExecStart=%(credence)s sign shop items
"""

# A manager of services in a namespace of its own, where neither what runs on this machine
# nor its key for credentials can be touched.
MANAGER = """
mount --make-rshared / && mount -t tmpfs none /run && mount -t tmpfs none /var/lib/systemd || exit 77
mkdir -p /run/systemd/system /run/user/0/systemd/user && chmod 700 /run/user/0
cp "$1/probe.service" /run/user/0/systemd/user/
systemd-creds encrypt --quiet --with-key=host --name=shop.token "$1/shop" "$1/shop.encrypted" || exit 1
export XDG_RUNTIME_DIR=/run/user/0
/lib/systemd/systemd --user --log-target=console >"$1/log" 2>&1 &
manager=$!
for _ in $(seq 100); do systemctl --user is-system-running >/dev/null 2>&1 && break; sleep 0.05; done
systemctl --user start probe.service
code=$?
kill $manager; wait $manager
exit $code
"""


@case("a real service of systemd's, with a credential as it is and one that is encrypted")
def _(sandbox):
    tools = "systemctl", "systemd-creds", "unshare"
    if os.geteuid() != 0 or not os.path.exists("/lib/systemd/systemd") or not all(map(shutil.which, tools)):
        raise Skip("needs systemd, and root to run one that nobody else sees")
    folder = sandbox.path("unit")
    os.mkdir(folder)
    for name, secret in (("lab", "open sesame"), ("shop", "close sesame")):
        profile(sandbox, name)
        sandbox.secrets.add(secret)
    sandbox.write("unit/token", "open sesame\n")
    sandbox.write("unit/shop", "close sesame\n")
    sandbox.write("unit/probe.service", UNIT % {"home": sandbox.home, "folder": folder,
                                                "credence": os.path.abspath(harness.CREDENCE)})
    done = subprocess.run(["unshare", "--mount", "--propagation=private", "sh", "-c", MANAGER, "sh", folder],
                          env={k: v for k, v in sandbox.env.items() if k != "DBUS_SESSION_BUS_ADDRESS"},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
    if done.returncode == 77 or b"unshare failed" in done.stdout:
        raise Skip("may not make a namespace of mounts: %s" % done.stdout.decode())
    with open(sandbox.path("unit", "out")) as out, open(sandbox.path("unit", "err")) as err:
        said = out.read(), err.read()
    assert done.returncode == 0, (done, said)
    assert "Bearer open sesame" in said[0] and "Bearer close sesame" in said[0] and not said[1], said


main()
