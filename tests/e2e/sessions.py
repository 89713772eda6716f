# SPDX-License-Identifier: BSD-3-Clause
"""Sessions that many programs share, and logins that go wrong in the middle.

The token server can hold an answer back, so that what must happen meanwhile happens
meanwhile.  Every case counts what arrived at the servers: an account is locked after
a few wrong passwords, and a token server has limits of its own.

Breaks when two programs log in where one would do, when a login that was refused is
sent again by itself, when a program that dies keeps the others from logging in, and
when a session is used that another credential, origin or profile made.
"""

import base64
import glob
import os
import re
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PATIENCE, WRAPPER, Desktop, Result, Skip, case, end, free_port, main  # noqa: E402
from vendors import Call, OAuth2, basic_pair, hide  # noqa: E402

ID, SECRET, OTHER_SECRET = "my-client", "first-secret-7", "second-secret-8"
GRANT = "POST /token "
SEND = ("send", "api", "x")
# A keyring that fifty programs ask at once needs its time.
PATIENTLY = "--timeout=60"
AT_ONCE = 60 if WRAPPER else 5  # seconds, on a machine that is busy
LOCKED, NO_KEYRING, REFUSED, REJECTED, NETWORK = 4, 5, 6, 7, 8


# --- a token server that holds answers back ------------------------------------------------


class Gate:
    """One answer that waits: arrived is set when the request is there; open() lets it go."""

    def __init__(self):
        self.arrived, self.opened = threading.Event(), threading.Event()
        self.open = self.opened.set

    def wait(self):
        assert self.arrived.wait(PATIENCE), "no login arrived"


class Held:
    """A connection whose answers pass the server's gates."""

    def __init__(self, connection, server):
        self.recv, self.connection, self.server = connection.recv, connection, server

    def sendall(self, data):
        gate = self.server.gates.pop(0) if self.server.gates else None
        if gate is not None:
            gate.arrived.set()
            gate.opened.wait(PATIENCE)
        self.connection.sendall(data)


class Tokens(OAuth2):
    """A token server.  fails is a status that it answers instead, or 0 to hang up."""

    def __init__(self, sandbox, **kw):
        self.gates, self.fails, self.words = [], None, None
        super().__init__(sandbox, **kw)

    def hold(self):
        self.gates.append(Gate())
        self.sandbox.cleanups.append(self.gates[-1].open)
        return self.gates[-1]

    def exchange(self, connection):
        return super().exchange(Held(connection, self))

    def error(self, status, word, description=None, *headers):
        return super().error(status, word, self.words or description, *headers)

    def grant(self, call):
        if self.fails == 0:
            raise OSError("hang up")
        return super().grant(call) if self.fails is None else self.error(self.fails, "server_error")

    def logins(self):
        """The states of the logins since the last time."""
        return [int(line[len(GRANT):]) for line in self.take_log() if line.startswith(GRANT)]


def lab(sandbox, secret=SECRET):
    """A profile "api": the API, and the token server, which knows SECRET."""
    tokens = Tokens(sandbox)
    api = OAuth2(sandbox, tokens=tokens.tokens)
    tokens.client(ID, SECRET)
    add(sandbox, api, tokens, secret)
    return api, tokens


def add(sandbox, api, tokens, secret=SECRET):
    sandbox.add("api", "oauth2-client-credentials", "token_url=" + tokens.url + "/token", "client_id=" + ID,
                secret=secret, field="client_secret", endpoint=api.url + "/v1")


def store(sandbox, secret, *words):
    hide(sandbox, secret)
    sandbox.ok("set", "api", "--secret=client_secret=-", "--quiet", *words, input=secret)


def start(sandbox, *words, env=None):
    process = sandbox.popen(*(words or SEND), PATIENTLY, env=env or {})
    sandbox.cleanups.append(lambda: end(process))
    process.stdin.close()
    process.stdin = None
    return process


def logging_in(sandbox, secret=SECRET, env=None):
    """A lab, and a program whose login waits at the gate."""
    api, tokens = lab(sandbox, secret)
    gate = tokens.hold()
    process = start(sandbox, env=env)
    gate.wait()
    return api, tokens, gate, process


def finish(sandbox, process, code=0):
    """Wait for the end; no secret may have been printed."""
    out, err = process.communicate(timeout=PATIENCE)
    result = Result(process.returncode, out, err.decode(), 0)
    sandbox.search(result, False)
    assert result.code == code, result
    return result


def at_once(sandbox, count, code=0):
    """So many programs at the same time."""
    running = [start(sandbox) for _ in range(count)]
    return [finish(sandbox, process, code) for process in running]


def token_of(request):
    return Call(request).credentials("Bearer")


# --- a look into gnome-keyring ---------------------------------------------------------------


class Items:
    """Credence's items in gnome-keyring, as another program sees them."""

    def __init__(self, desktop):
        try:
            import dbus
        except ImportError:
            raise Skip("python3-dbus is not installed")
        self.dbus = dbus
        self.bus = dbus.bus.BusConnection(desktop.sandbox.env["DBUS_SESSION_BUS_ADDRESS"])
        desktop.sandbox.cleanups.append(self.bus.close)

    def of(self, path, interface):
        return self.dbus.Interface(self.bus.get_object("org.freedesktop.secrets", path, introspect=False),
                                   "org.freedesktop.Secret." + interface)

    def service(self):
        return self.of("/org/freedesktop/secrets", "Service")

    def plain(self):
        return self.service().OpenSession("plain", self.dbus.String("", variant_level=1))[1]

    def find(self, kind):
        wanted = self.dbus.Dictionary({"profile": "api", "kind": kind}, signature="ss")
        return [str(path) for paths in self.service().SearchItems(wanted) for path in paths]

    def read(self, kind="session"):
        paths = self.find(kind)
        assert len(paths) == 1, paths
        return bytes(self.of(paths[0], "Item").GetSecret(self.plain())[2])

    def write(self, value):
        """Make the session's item hold this, also when there is none."""
        secret = self.dbus.Struct((self.plain(), self.dbus.ByteArray(b""), self.dbus.ByteArray(value), "text/plain"),
                                  signature="oayays")
        paths = self.find("session")
        if paths:
            self.of(paths[0], "Item").SetSecret(secret)
            return
        attributes = {"xdg:schema": "org.credence.Credential", "profile": "api", "kind": "session", "version": "1"}
        properties = {"org.freedesktop.Secret.Item.Label": "Credence: session of api",
                      "org.freedesktop.Secret.Item.Attributes": self.dbus.Dictionary(attributes, signature="ss")}
        # gnome-keyring has it in memory alone, and never locks it.
        home = self.of("/org/freedesktop/secrets/collection/session", "Collection")
        home.CreateItem(self.dbus.Dictionary(properties, signature="sv"), secret, False)

    def times(self):
        """expires and renew of the stored session, in seconds since 1970; before them is when it was made."""
        return [int(number) / 1e6 for number in re.findall(rb"\d{16}", unpack(self.read()))][1:]

    def age(self, seconds):
        """Make the stored session older, as if time had passed."""
        older = re.sub(rb"\d{16}", lambda m: b"%d" % (int(m[0]) - int(seconds * 1e6)), unpack(self.read()))
        self.write(b"c1:" + base64.urlsafe_b64encode(older).rstrip(b"="))


def unpack(value):
    assert value.startswith(b"c1:"), value
    return base64.urlsafe_b64decode(value[3:] + b"=" * (-len(value[3:]) % 4))


# --- one login for all -------------------------------------------------------------------------


def one_login(sandbox, count, api, tokens):
    for result in at_once(sandbox, count):
        assert result.json["path"] == "/v1/x", result
    assert tokens.logins() == [200], "not one login for %d programs" % count
    assert api.take_log() == ["GET /v1/x 200"] * count


@case("fifty programs at once without a session: one login, and all succeed")
def _(desktop):
    api, tokens = lab(desktop.sandbox)
    one_login(desktop.sandbox, 5 if WRAPPER else 50, api, tokens)


@case("fifty programs at once with a session that has ended: one login, and all succeed")
def _(desktop):
    sandbox, items = desktop.sandbox, Items(desktop)
    api, tokens = lab(sandbox)
    sandbox.ok("login", "api", "--quiet")
    items.age(3700)
    tokens.take_log()
    one_login(sandbox, 5 if WRAPPER else 50, api, tokens)


@case("ten programs at once with a session that the server has forgotten: one login")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox)
    sandbox.ok("login", "api", "--quiet")
    api.forget()
    gate = tokens.hold()
    tokens.take_log()
    count = 3 if WRAPPER else 10
    running = [start(sandbox) for _ in range(count)]
    gate.wait()
    gate.open()
    for process in running:
        finish(sandbox, process)
    assert tokens.logins() == [200]
    assert api.take_log().count("GET /v1/x 200") == count


@case("five programs at once with the file keyring: one login, and all succeed")
def _(sandbox):
    api, tokens = lab(sandbox)
    one_login(sandbox, 3 if WRAPPER else 5, api, tokens)


# --- killed ------------------------------------------------------------------------------------


@case("a program that is killed in the middle of a login is in nobody's way")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens, gate, killed = logging_in(sandbox)
    killed.kill()
    killed.communicate()
    result = sandbox.ok(*SEND)
    assert result.seconds < AT_ONCE, result
    assert tokens.logins() == [200, 200] and api.take_log() == ["GET /v1/x 200"]


@case("nor in the way of those that already wait for it")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens, gate, killed = logging_in(sandbox)
    waiting = [start(sandbox) for _ in range(3)]
    time.sleep(0.3)
    assert all(process.poll() is None for process in waiting) and tokens.logins() == [200]
    killed.kill()
    killed.communicate()
    for process in waiting:
        finish(sandbox, process)
    assert tokens.logins() == [200]


@case("--timeout ends the wait for another program's login")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox)
    gate = tokens.hold()
    first = start(sandbox)
    gate.wait()
    result = sandbox.fails(8, *SEND, "--timeout=1", saying="somebody else has been logging in")
    assert result.seconds < 1 + AT_ONCE, result
    gate.open()
    finish(sandbox, first)


@case("a login that the user interrupts is in nobody's way, and is not remembered as refused")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens, gate, stopped = logging_in(sandbox)
    stopped.terminate()
    stopped.communicate()
    assert sandbox.ok("show", "api", "--json").json["session"]["state"] == "none"
    assert sandbox.ok(*SEND).seconds < AT_ONCE


# --- no end of logins ----------------------------------------------------------------------------


@case("401 for ever: without a session one login and one request, with one a login and two requests")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox)
    api.knows = lambda token, kind: False
    for requests in (1, 2, 2):
        result = sandbox.fails(REJECTED, *SEND)
        assert re.search(r"\(.+\)$", result.err.strip()), "no remedy: %r" % result
        assert tokens.logins() == [200] and api.take_log() == ["GET /v1/x 401"] * requests


@case("ten programs at once, 401 for ever: none logs in more than once")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox)
    api.knows = lambda token, kind: False
    sandbox.fails(REJECTED, *SEND)
    tokens.take_log()
    api.take_log()
    at_once(sandbox, 10, REJECTED)
    # With its session, with the one that another got meanwhile, and with its own.
    logins, requests = tokens.logins(), api.take_log()
    assert 1 <= len(logins) <= 10 and len(requests) <= 30, (len(logins), len(requests))


@case("403 is no reason to log in")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox)
    api.forbidden.add("/v1/x")
    sandbox.ok("login", "api", "--quiet")
    for _ in range(2):
        sandbox.fails(REJECTED, *SEND)
    assert tokens.logins() == [200] and api.take_log() == ["GET /v1/x 403"] * 2


# --- wrong passwords -------------------------------------------------------------------------------


def refused(sandbox, tokens, logins, *words):
    """The command fails, and that many logins arrived."""
    result = sandbox.fails(REJECTED, *(words or SEND))
    assert tokens.logins() == [401] * logins, "not %d logins: %r" % (logins, result)
    if logins == 0:
        assert "refused" in result.err and "credence login api" in result.err, result
    return result


@case("a wrong password is sent once, also by ten further programs, which say so")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox, "wrong-secret-1")
    refused(sandbox, tokens, 1)
    for _ in range(10):
        refused(sandbox, tokens, 0)
    assert api.take_log() == []
    assert sandbox.ok("show", "api", "--json").json["session"]["state"] == "refused"


@case("ten programs at once with a wrong password: it is sent once")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox, "wrong-secret-1")
    gate = tokens.hold()
    running = [start(sandbox) for _ in range(10)]
    gate.wait()
    time.sleep(0.3)
    gate.open()
    for process in running:
        finish(sandbox, process, REJECTED)
    assert tokens.logins() == [401] and api.take_log() == []


@case("a wrong password is tried again once: by login, set, a changed user, without the state file")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox, "wrong-secret-1")
    refused(sandbox, tokens, 1)
    for _ in range(2):
        refused(sandbox, tokens, 1, "login", "api")
    refused(sandbox, tokens, 0)
    store(sandbox, "wrong-secret-2")
    refused(sandbox, tokens, 1)
    refused(sandbox, tokens, 0)
    sandbox.ok("set", "api", "client_id=somebody-else", "--quiet")
    refused(sandbox, tokens, 1)
    refused(sandbox, tokens, 0)
    for path in glob.glob(os.path.join(sandbox.home, ".local/state/credence/logins/*")):
        os.unlink(path)
    refused(sandbox, tokens, 1)
    refused(sandbox, tokens, 0)
    store(sandbox, SECRET, "client_id=" + ID)
    sandbox.ok(*SEND)
    assert tokens.logins() == [200]


WORDS = {"long": "no " * 500, "none": "", "lines": "no\n[login]\nrefused = 0\nmessage = x",
         "semicolons": "no ; no ;;; # no = no", "controls": "no \x1b[31m\x07\x00\x7f \u202e no",
         "quotes": "\"'\\ %s%n {}"}


@case("whatever words the server has for it, a wrong password is sent once")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox, "wrong-secret-1")
    for name, words in WORDS.items():
        tokens.words = words
        refused(sandbox, tokens, 1, "login", "api")
        result = refused(sandbox, tokens, 0)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", result.err), (name, result)


@case("also when its words are long, and of characters of several bytes")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox, "wrong-secret-1")
    for character in "é漢😀":
        for shift in range(len(character.encode())):
            tokens.words = "x" * shift + character * 300
            refused(sandbox, tokens, 1, "login", "api")
            refused(sandbox, tokens, 0)


def spoil(path, how):
    """Put something else in the place of the state file."""
    if os.path.lexists(path):
        os.unlink(path)
    if how == "FIFO":
        os.mkfifo(path)
    elif how == "link":
        os.symlink("/dev/zero", path)
    elif how == "loop":
        os.symlink(path, path)
    else:
        with open(path, "wb") as f:
            f.write(how)


@case("a state file that tells nothing after a refusal: the password is not sent by itself; login begins anew")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox, "wrong-secret-1")
    refused(sandbox, tokens, 1)
    path = os.path.join(sandbox.home, ".local/state/credence/logins/api")
    for how in (b"\xff\xfe", b"\0" * 100, b"[login\n", b"x" * 100000, b"no = yes\n[", "FIFO", "link", "loop"):
        spoil(path, how)
        result = sandbox.fails((1, REJECTED, 9), *SEND)
        assert tokens.logins() == [], "the wrong password was sent again: %r, %r" % (how, result)
        sandbox.ok("show", "api")
        refused(sandbox, tokens, 1, "login", "api")
        refused(sandbox, tokens, 0)


@case("a failure of the server or the network at the login is not remembered")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox)
    for status in (500, 502, 503, 429, 404, 0):
        tokens.fails = status
        for _ in range(2):
            result = sandbox.fails((1, NETWORK, 9), *SEND)
        assert (result.code == NETWORK) == (status == 0), (status, result)
        assert tokens.logins() == ([status] * 2 if status else []), status
    tokens.fails = None
    sandbox.ok(*SEND)
    assert tokens.logins() == [200] and api.take_log() == ["GET /v1/x 200"]


@case("a token server that is not there: exit 8, and tried again")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox)
    store(sandbox, SECRET, "token_url=http://127.0.0.1:%d/token" % free_port())
    for _ in range(2):
        sandbox.fails(NETWORK, *SEND)
    store(sandbox, SECRET, "token_url=" + tokens.url + "/token")
    sandbox.ok(*SEND)
    assert tokens.logins() == [200]


@case("a refusal at the renewal is remembered as well")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox)
    sandbox.ok(*SEND)
    tokens.take_log()
    tokens.clients[ID] = "changed-at-the-server"
    api.forget()
    refused(sandbox, tokens, 1)
    refused(sandbox, tokens, 0)


# --- which session stays ------------------------------------------------------------------------------


def elsewhere(sandbox):
    """The environment of a program that does not see the others' lock."""
    return {"XDG_STATE_HOME": sandbox.path("other-state")}


@case("a token that ends sooner does not take the place of one that another program stored meanwhile")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox)
    gate, tokens.lifetime = tokens.hold(), 600
    late = start(sandbox, env=elsewhere(sandbox))
    gate.wait()
    tokens.lifetime = 3600
    sandbox.ok(*SEND)
    newer = token_of(api.last)
    gate.open()
    finish(sandbox, late)
    sandbox.ok(*SEND)
    assert token_of(api.last) == newer, "the older token is in the keyring"
    assert tokens.logins() == [200, 200]


@case("the token of a credential that was replaced does not take the place of the new one's")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens, gate, late = logging_in(sandbox, env=elsewhere(sandbox))
    tokens.client(ID, OTHER_SECRET)
    store(sandbox, OTHER_SECRET)
    sandbox.ok(*SEND)
    newer = token_of(api.last)
    gate.open()
    finish(sandbox, late)
    sandbox.ok(*SEND)
    assert token_of(api.last) == newer, "it was logged in again: the keyring had lost the session"
    assert tokens.logins() == [200, 200]


def set_during_login(desktop, change):
    """Log in, change the credential meanwhile, and answer what logs in next."""
    sandbox = desktop.sandbox
    api, tokens, gate, late = logging_in(sandbox)
    change(sandbox, tokens)
    gate.open()
    finish(sandbox, late)
    old = token_of(api.last)
    sandbox.ok(*SEND)
    assert tokens.logins() == [200, 200] and token_of(api.last) != old, "the old credential's session was used"
    sandbox.ok(*SEND)
    assert tokens.logins() == []
    return basic_pair(Call(tokens.last), str)


@case("a secret that is stored while a login is under way: the next program logs in with it")
def _(desktop):
    def change(sandbox, tokens):
        tokens.client(ID, OTHER_SECRET)
        store(sandbox, OTHER_SECRET)
    assert set_during_login(desktop, change) == (ID, OTHER_SECRET)


@case("a user name that is changed while a login is under way: the next program logs in with it")
def _(desktop):
    def change(sandbox, tokens):
        tokens.client("second-client", SECRET)
        sandbox.ok("set", "api", "client_id=second-client", "--quiet")
    assert set_during_login(desktop, change) == ("second-client", SECRET)


@case("a wrong secret that is mended while its login is under way: the new one is tried at once")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens, gate, late = logging_in(sandbox, "wrong-secret-1")
    store(sandbox, SECRET)
    waiting = start(sandbox)
    gate.open()
    finish(sandbox, late, REJECTED)
    finish(sandbox, waiting)
    assert tokens.logins() == [401, 200]


@case("programs that wait with a wrong secret do not send it when another has logged in with the right one")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox, "wrong-secret-1")
    gate = tokens.hold()
    old = [start(sandbox) for _ in range(4)]
    gate.wait()
    time.sleep(0.3)  # they have read the wrong secret, and wait
    store(sandbox, SECRET)
    new = [start(sandbox) for _ in range(3)]
    time.sleep(0.3)
    gate.open()
    for process in new:
        finish(sandbox, process)
    # The one that sent it was refused; the others see that another is stored by now.
    codes = sorted(process.wait(PATIENCE) for process in old)
    assert set(codes) <= {1, REJECTED} and REJECTED in codes, codes
    for process in old:
        finish(sandbox, process, process.returncode)
    assert sorted(tokens.logins()) == [200, 401], "the wrong secret was sent again"


# --- removed ------------------------------------------------------------------------------------------


@case("remove takes the session with it; a profile made anew under the name logs in")
def _(desktop):
    sandbox, items = desktop.sandbox, Items(desktop)
    api, tokens = lab(sandbox)
    sandbox.ok(*SEND)
    old = token_of(api.last)
    assert len(items.find("session")) == 1
    sandbox.ok("remove", "api", "--quiet")
    assert items.find("session") == [] and items.find("credential") == []
    add(sandbox, api, tokens)
    assert sandbox.ok("show", "api", "--json").json["session"] == {"state": "none", "expires": None}
    sandbox.ok(*SEND)
    assert tokens.logins() == [200, 200] and token_of(api.last) != old


@case("a session that is left over, for the file was deleted, is not used by a profile made anew")
def _(desktop):
    sandbox, items = desktop.sandbox, Items(desktop)
    api, tokens = lab(sandbox)
    sandbox.ok("login", "api", "--quiet")
    left = items.read()
    sandbox.ok("remove", "api", "--quiet")
    add(sandbox, api, tokens)
    items.write(left)
    sandbox.fails(3, "sign", "api", "x")
    sandbox.ok(*SEND)
    assert tokens.logins() == [200, 200]


@case("a profile that is removed while a login is under way leaves no session; or remove says that it has to wait")
def _(desktop):
    sandbox, items = desktop.sandbox, Items(desktop)
    api, tokens, gate, late = logging_in(sandbox)
    result = sandbox.run("remove", "api", "--quiet")
    gate.open()
    late.communicate(timeout=PATIENCE)
    if result.code != 0:
        assert result.code == NETWORK and "(" in result.err, result
        sandbox.ok(*SEND)
        sandbox.ok("remove", "api", "--quiet")
    assert items.find("session") == []
    left = glob.glob(os.path.join(sandbox.home, ".local/state/credence/logins/*"))
    assert left == [], "what is known of its logins is still there: %r" % left


@case("logout while a login is under way, or it says that it has to wait: the login succeeds, nothing is damaged")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox)
    sandbox.ok("login", "api", "--quiet")
    gate = tokens.hold()
    late = start(sandbox, "login", "api")
    gate.wait()
    result = sandbox.run("logout", "api", "--quiet")
    assert result.code == 0 or (result.code == NETWORK and "(" in result.err), result
    gate.open()
    finish(sandbox, late)
    sandbox.ok(*SEND)
    assert tokens.logins() == [200, 200]


# --- whose session it is ---------------------------------------------------------------------------------


@case("a session that was stored for another origin is not used")
def _(desktop):
    sandbox, items = desktop.sandbox, Items(desktop)
    api, tokens = lab(sandbox)
    sandbox.ok("login", "api", "--quiet")
    old = items.read()
    other = OAuth2(sandbox, tokens=tokens.tokens)
    sandbox.rewrite("api", api.url, other.url)
    for words in (SEND, ("sign", "api", "x"), ("login", "api")):
        sandbox.fails(REFUSED, *words)
    assert other.requests == [] and tokens.logins() == [200]
    store(sandbox, SECRET)
    items.write(old)
    sandbox.fails(3, "sign", "api", "x")
    sandbox.ok(*SEND)
    assert tokens.logins() == [200] and other.take_log() == ["GET /v1/x 200"]


@case("something else where the session should be: it is logged in, once")
def _(desktop):
    sandbox, items = desktop.sandbox, Items(desktop)
    api, tokens = lab(sandbox)
    sandbox.ok("login", "api", "--quiet")
    good = items.read()
    tokens.take_log()
    for bad in (b"hello", b"c1:AAAA", b"\xff\xfe", good[:len(good) // 2],
                b"c1:" + base64.urlsafe_b64encode(re.sub(rb"\d", b"x", unpack(good))).rstrip(b"="),
                items.read("credential")):
        items.write(bad)
        sandbox.ok(*SEND)
        sandbox.ok(*SEND)
        assert tokens.logins() == [200], bad


# --- renewal -------------------------------------------------------------------------------------------------


@case("a token is renewed when a tenth of its time is left, and 90 s at the most")
def _(desktop):
    sandbox, items = desktop.sandbox, Items(desktop)
    api, tokens = lab(sandbox)
    for lifetime, leeway in ((20, 2), (600, 60), (1000, 90), (100000, 90)):
        tokens.lifetime = lifetime
        sandbox.ok("login", "api", "--quiet")
        expires, renew = items.times()
        assert abs(expires - renew - leeway) < 0.01 and -AT_ONCE < expires - time.time() - lifetime < 1, lifetime
        tokens.take_log()
    for lifetime, early, late in ((1000, 900, 15), (3600, 3500, 15)):
        tokens.lifetime = lifetime
        sandbox.ok("login", "api", "--quiet")
        tokens.take_log()
        items.age(early)
        sandbox.ok(*SEND)
        assert tokens.logins() == [], "renewed with %d s left" % (lifetime - early)
        items.age(late)
        sandbox.ok("sign", "api", "x", may_print_secret=True)
        sandbox.ok(*SEND)
        assert tokens.logins() == [200], "not renewed with %d s left" % (lifetime - early - late)


@case("a token that has ended is not used, not for sign either")
def _(desktop):
    sandbox, items = desktop.sandbox, Items(desktop)
    api, tokens = lab(sandbox)
    sandbox.ok("login", "api", "--quiet")
    items.age(3601)
    sandbox.fails(3, "sign", "api", "x", saying="credence login api")
    tokens.take_log()
    sandbox.ok(*SEND)
    assert tokens.logins() == [200] and api.take_log() == ["GET /v1/x 200"]


@case("a token that ends while it is being stored serves the request that it was got for")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox)
    gate, tokens.lifetime = tokens.hold(), 1
    api.knows = lambda token, kind: token in tokens.tokens
    running = start(sandbox)
    gate.wait()
    desktop.daemon.send_signal(signal.SIGSTOP)
    gate.open()
    time.sleep(1.2)
    desktop.daemon.send_signal(signal.SIGCONT)
    finish(sandbox, running)
    assert tokens.logins() == [200] and api.take_log() == ["GET /v1/x 200"]


# --- locked ----------------------------------------------------------------------------------------------------


@case("a locked keyring: exit 4, and nothing is sent, with a session or without")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = lab(sandbox)
    desktop.lock()
    for words in (SEND, ("login", "api"), ("sign", "api", "x")):
        sandbox.fails(LOCKED, *words, "--no-prompt")
    assert tokens.requests == [] and api.requests == []


@case("a keyring that is locked while a login is under way: the next program sends nothing")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens, gate, running = logging_in(sandbox)
    desktop.lock()
    gate.open()
    finish(sandbox, running)
    for words in (SEND, ("login", "api")):
        sandbox.fails(LOCKED, *words, "--no-prompt")
    assert len(tokens.requests) == len(api.requests) == 1


@case("the keyring goes away while a login is under way: send goes on, login is exit 5, none tells of a session")
def _(sandbox):
    for words, code in ((SEND, 0), (("login", "api"), NO_KEYRING)):
        desktop = Desktop(activation=False)
        sandbox.cleanups.append(desktop.close)
        api, tokens = lab(desktop.sandbox)
        gate = tokens.hold()
        running = start(desktop.sandbox, *words)
        gate.wait()
        desktop.daemon.kill()
        desktop.daemon.wait()
        gate.open()
        finish(desktop.sandbox, running, code)
        assert len(tokens.requests) == 1 and len(api.requests) == (code == 0)
        assert desktop.sandbox.ok("show", "api", "--json").json["session"]["state"] == "none"


if __name__ == "__main__":
    main()
