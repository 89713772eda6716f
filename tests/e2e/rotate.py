# SPDX-License-Identifier: BSD-3-Clause
"""credence rotate, against a server that knows which pairs of key and secret it accepts.

Breaks when a new secret signs before it was verified, when the old one goes before the
new one has worked, when a key is used with the secret of another, and when a rotation
that waits cannot be gone on with or undone.
"""

import fcntl
import os
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
from harness import PATIENCE, case, main  # noqa: E402
from rotation import KEY, NEW, NEW_KEY, OLD, SEND, THIRD, VERIFY, api_key, held, lab, rotate  # noqa: E402
from terminal import Terminal  # noqa: E402
from vendors import OAuth2, hide  # noqa: E402

USAGE, NOT_FOUND, REFUSED, REJECTED, NETWORK, CORRUPT = 2, 3, 6, 7, 8, 9


# --- one after the other ------------------------------------------------------------------------------


@case("verified, then promoted; the first request that works drops the old one")
def _(sandbox):
    server = lab(sandbox, both=True)
    result = rotate(sandbox, NEW, VERIFY)
    assert "verified" in result.err and "--undo" in result.err, result
    assert server.taken() == ["%s/%s 200" % (KEY, NEW)]
    assert held(sandbox) == {"current": NEW, "previous": OLD}
    sandbox.ok(*SEND)
    assert server.taken() == ["%s/%s 200" % (KEY, NEW)]
    assert held(sandbox) == {"current": NEW}
    sandbox.fails(NOT_FOUND, "rotate", "lab", "--undo", saying="nothing to undo")


@case("an answer that is no success keeps the old one; a rejection does, too")
def _(sandbox):
    server = lab(sandbox, both=True)
    rotate(sandbox, NEW, VERIFY)
    for status in (500, 404, 403, 401):
        server.status = status
        assert sandbox.run(*SEND).code != 0
        assert held(sandbox) == {"current": NEW, "previous": OLD}, status
    server.status = 302
    sandbox.ok(*SEND)
    assert held(sandbox) == {"current": NEW}


@case("signing alone, and a profile that cannot be written, keep the old one")
def _(sandbox):
    lab(sandbox, both=True)
    rotate(sandbox, NEW, VERIFY)
    sandbox.ok("sign", "lab", "?action=get")
    assert held(sandbox) == {"current": NEW, "previous": OLD}
    folder = sandbox.path("home/.local/share/credence")
    if os.geteuid() != 0:
        os.chmod(folder, 0o500)
        sandbox.ok(*SEND)
        os.chmod(folder, 0o700)
        assert held(sandbox) == {"current": NEW, "previous": OLD}
    sandbox.ok(*SEND)
    assert held(sandbox) == {"current": NEW}


@case("rejected: exit 7, the new one is dropped, and the old one signs as before")
def _(sandbox):
    server = lab(sandbox)
    before = held(sandbox)
    result = rotate(sandbox, NEW, VERIFY, code=REJECTED, saying="rejected and dropped")
    assert "old one signs" in result.err and "was changed since" not in result.err, result
    assert held(sandbox) == before and server.taken() == ["%s/%s 401" % (KEY, NEW)]
    sandbox.ok(*SEND)


@case("not verified: the new one waits, the old one signs, and the next try goes on")
def _(sandbox):
    server = lab(sandbox, both=True)
    for status, code in ((503, 1), (404, 1), (403, 1)):
        server.status = status
        result = rotate(sandbox, NEW, VERIFY, code=code, saying="could not be verified")
        assert "credence rotate lab --verify TARGET" in result.err and "waits" in result.err, result
        assert held(sandbox) == {"current": OLD, "next": NEW}
    server.status = None
    server.taken()
    sandbox.ok(*SEND)
    assert server.taken() == ["%s/%s 200" % (KEY, OLD)]
    assert held(sandbox) == {"current": OLD, "next": NEW}  # a request with the old one proves nothing
    sandbox.ok("rotate", "lab", VERIFY)
    assert held(sandbox) == {"current": NEW, "previous": OLD}
    assert "dropped" in sandbox.ok("rotate", "lab", VERIFY).err
    assert held(sandbox) == {"current": NEW}
    assert server.taken() == ["%s/%s 200" % (KEY, NEW)] * 2


@case("unreachable: exit 8, and nothing is lost")
def _(sandbox):
    server = lab(sandbox, both=True)
    server.close()
    sandbox.cleanups.remove(server.close)
    rotate(sandbox, NEW, VERIFY, "--timeout=5", code=NETWORK, saying="--undo drops it")
    assert held(sandbox) == {"current": OLD, "next": NEW}
    assert "as before" in sandbox.ok("rotate", "lab", "--undo").err
    assert held(sandbox) == {"current": OLD}


@case("another while one waits takes its place; one while the old one is kept keeps the last that worked")
def _(sandbox):
    server = lab(sandbox, both=True)
    server.status = 503
    rotate(sandbox, NEW, VERIFY, code=1)
    rotate(sandbox, THIRD, VERIFY, code=1)
    assert held(sandbox) == {"current": OLD, "next": THIRD}
    server.status = None
    rotate(sandbox, NEW, VERIFY)
    rotate(sandbox, THIRD, VERIFY, code=REJECTED)
    assert held(sandbox) == {"current": NEW, "previous": OLD}
    server.accepts.add((KEY, THIRD))
    rotate(sandbox, THIRD, VERIFY)
    assert held(sandbox) == {"current": THIRD, "previous": NEW}


@case("without --verify it says that nothing was tried; --undo puts the old one back")
def _(sandbox):
    server = lab(sandbox)
    result = rotate(sandbox, NEW)
    assert "not tried" in result.err and "--undo" in result.err, result
    assert server.taken() == [] and held(sandbox) == {"current": NEW, "previous": OLD}
    sandbox.fails(REJECTED, *SEND)
    result = sandbox.fails(REJECTED, "rotate", "lab", VERIFY, saying="--undo")
    assert held(sandbox) == {"current": NEW, "previous": OLD}
    sandbox.fails(USAGE, "rotate", "lab", saying="is kept until")
    assert "old secret signs again" in sandbox.ok("rotate", "lab", "--undo").err
    assert held(sandbox) == {"current": OLD}
    sandbox.ok(*SEND)


@case("two in a row that nobody has tried: the one that worked is kept, with its key")
def _(sandbox):
    lab(sandbox)
    rotate(sandbox, NEW)
    rotate(sandbox, THIRD, "api_key=" + NEW_KEY)
    assert held(sandbox) == {"current": THIRD, "previous": OLD} and api_key(sandbox) == NEW_KEY
    sandbox.ok("rotate", "lab", "--undo")
    assert held(sandbox) == {"current": OLD} and api_key(sandbox) == KEY
    sandbox.ok(*SEND)


@case("one that was verified and then one that nobody has tried: the verified one is kept")
def _(sandbox):
    lab(sandbox, both=True)
    rotate(sandbox, NEW, VERIFY)
    rotate(sandbox, THIRD)
    assert held(sandbox) == {"current": THIRD, "previous": NEW}


@case("key and secret change together, and only together")
def _(sandbox):
    server = lab(sandbox)
    server.accepts.add((NEW_KEY, NEW))
    server.status = 503
    rotate(sandbox, NEW, "api_key=" + NEW_KEY, VERIFY, code=1)
    assert api_key(sandbox) == KEY and server.taken() == ["%s/%s 503" % (NEW_KEY, NEW)]
    server.status = None
    sandbox.ok(*SEND)
    assert server.taken() == ["%s/%s 200" % (KEY, OLD)]
    sandbox.ok("rotate", "lab", VERIFY)
    assert api_key(sandbox) == NEW_KEY and server.taken() == ["%s/%s 200" % (NEW_KEY, NEW)]
    sandbox.ok("rotate", "lab", "--undo")
    assert api_key(sandbox) == KEY
    sandbox.ok(*SEND)
    rotate(sandbox, NEW, "api_key=" + NEW_KEY, VERIFY)
    sandbox.ok(*SEND)
    assert held(sandbox) == {"current": NEW}
    assert server.taken() == ["%s/%s 200" % (KEY, OLD)] + ["%s/%s 200" % (NEW_KEY, NEW)] * 2
    # Somebody who changes the key by itself afterwards knows why.
    server.accepts.add((KEY, NEW))
    sandbox.ok("set", "lab", "api_key=" + KEY)
    sandbox.ok(*SEND)
    assert server.taken() == ["%s/%s 200" % (KEY, NEW)]


@case("the file says which pair counts, before and after the keyring is in order")
def _(sandbox):
    server = lab(sandbox)
    server.accepts.add((NEW_KEY, NEW))
    server.status = 503
    rotate(sandbox, NEW, "api_key=" + NEW_KEY, VERIFY, code=1)
    server.status = None
    server.taken()
    # As a crash between the two leaves it.
    sandbox.rewrite("lab", KEY, NEW_KEY)
    sandbox.ok("sign", "lab", "x")
    assert held(sandbox) == {"current": OLD, "next": NEW}
    sandbox.ok(*SEND)
    assert server.taken() == ["%s/%s 200" % (NEW_KEY, NEW)] and held(sandbox) == {"current": NEW}


@case("set replaces all three; remove leaves none")
def _(sandbox):
    server = lab(sandbox, both=True)
    server.status = 503
    rotate(sandbox, NEW, VERIFY, code=1)
    sandbox.ok("set", "lab", "--secret=secret_key=-", input=THIRD)
    assert held(sandbox) == {"current": THIRD}
    rotate(sandbox, NEW)
    sandbox.ok("set", "lab", "--secret=secret_key=-", input=OLD)
    assert held(sandbox) == {"current": OLD}
    sandbox.ok("remove", "lab")


# --- refused ------------------------------------------------------------------------------------------


@case("what cannot be: nothing is stored, and the error says what to do")
def _(sandbox):
    server = lab(sandbox)
    before = held(sandbox)
    rotate(sandbox, NEW, "--verify=https://elsewhere.example/x", code=REFUSED)
    rotate(sandbox, NEW, "endpoint=https://elsewhere.example/", code=NOT_FOUND)
    rotate(sandbox, "", VERIFY, code=USAGE)
    sandbox.fails(USAGE, "rotate", "lab", "secret_key=x", saying="is secret")
    sandbox.fails((USAGE, 4), "rotate", "lab", VERIFY, saying="secret_key")
    sandbox.fails((USAGE, 4), "rotate", "lab", "api_key=" + NEW_KEY, VERIFY, saying="secret_key")
    sandbox.fails(USAGE, "rotate", "lab", "--undo", VERIFY)
    sandbox.fails(NOT_FOUND, "rotate", "nobody", VERIFY)
    sandbox.fails(NOT_FOUND, "rotate", "nobody", "--undo")
    sandbox.fails(USAGE, "rotate", "../nobody", "--undo")
    assert not os.path.exists(sandbox.path("home/.local/state/credence/locks/nobody.lock"))
    assert not os.path.exists(sandbox.path("home/.local/state/credence/nobody.lock"))
    assert held(sandbox) == before and server.taken() == [] and api_key(sandbox) == KEY
    # Secrets that stay must not follow an endpoint that somebody changed in the file.
    sandbox.rewrite("lab", server.url, "http://127.0.0.1:9")
    rotate(sandbox, NEW, VERIFY, code=REFUSED, saying="put the endpoint back")


@case("a keyring that is only read: refused before anything is asked")
def _(sandbox):
    hide(sandbox, OLD)
    folder = sandbox.path("secrets")
    os.makedirs(folder, 0o700)
    sandbox.write("secrets/lab.secret_key", OLD)
    sandbox.write("home/.config/credence/profiles/lab.conf",
                  "[profile]\nstack = 6connect\nkeyring = directory\nkeyring_store = %s\n"
                  "endpoint = https://cloud.6connect.com/\n\n[6connect]\napi_key = x\n" % folder)
    for words in ((), ("api_key=y",), (VERIFY,)):
        sandbox.fails(REFUSED, "rotate", "lab", *words, input=NEW, saying="is only read")
    sandbox.fails(REFUSED, "rotate", "lab", "--undo", saying="is only read")


@case("two secrets that are too large for one value: told, and the old one stays")
def _(sandbox):
    lab(sandbox, both=True)
    large = "x" * 30000
    sandbox.ok("set", "lab", "--secret=secret_key=-", input=large)
    rotate(sandbox, large + "y", code=CORRUPT, saying="65536 bytes together")
    assert held(sandbox) == {"current": large}


@case("without secrets on a terminal it asks for them")
def _(sandbox):
    server = lab(sandbox, both=True)
    terminal = Terminal(sandbox, "rotate", "lab", VERIFY)
    assert not terminal.expect("new secret_key"), "what is typed is shown"
    terminal.type(NEW)
    assert terminal.end() == 0, terminal.text
    assert held(sandbox) == {"current": NEW, "previous": OLD}
    assert server.taken() == ["%s/%s 200" % (KEY, NEW)]


# --- providers that log in --------------------------------------------------------------------------------


def oauth(sandbox):
    server = OAuth2(sandbox)
    server.client("me", OLD)
    hide(sandbox, NEW)
    hide(sandbox, "me:" + NEW)
    sandbox.add("lab", "oauth2-client-credentials", "token_url=" + server.url + "/token", "client_id=me",
                secret=OLD, field="client_secret", endpoint=server.url + "/v1")
    sandbox.ok("send", "lab", "x")
    server.take_log()
    return server


@case("a provider that logs in is tried by a login, whose session is used")
def _(sandbox):
    server = oauth(sandbox)
    server.client("me", NEW)
    result = sandbox.ok("rotate", "lab", "--secret=client_secret=-", input=NEW)
    assert "was verified" in result.err, result
    assert held(sandbox) == {"current": NEW, "previous": OLD}
    sandbox.ok("send", "lab", "x")
    assert server.take_log() == ["POST /token 200", "GET /v1/x 200"]
    assert held(sandbox) == {"current": NEW}


@case("a login that is refused: the old one stays, with its session, and is not taken for refused")
def _(sandbox):
    server = oauth(sandbox)
    result = sandbox.fails(REJECTED, "rotate", "lab", "--secret=client_secret=-", input=NEW)
    assert held(sandbox) == {"current": OLD}
    assert "refused" not in sandbox.ok("show", "lab").text
    sandbox.ok("send", "lab", "x")
    assert server.take_log() == ["POST /token 401", "GET /v1/x 200"], result
    sandbox.ok("logout", "lab")
    sandbox.ok("send", "lab", "x")
    assert server.take_log() == ["POST /token 200", "GET /v1/x 200"]


@case("undoing logs in again with the old one; --verify sends a request with the new session")
def _(sandbox):
    server = oauth(sandbox)
    server.client("me", NEW)
    sandbox.ok("rotate", "lab", "--secret=client_secret=-", "--verify=y", input=NEW)
    assert server.take_log() == ["POST /token 200", "GET /v1/y 200"]
    sandbox.ok("rotate", "lab", "--undo")
    server.client("me", OLD)
    sandbox.ok("send", "lab", "x")
    assert server.take_log() == ["POST /token 200", "GET /v1/x 200"]
    server.client("me", NEW)
    server.forbidden.add("/v1/z")
    sandbox.fails(1, "rotate", "lab", "--secret=client_secret=-", "--verify=z", input=NEW, saying="waits")
    assert held(sandbox) == {"current": OLD, "next": NEW}


# --- others at the same time ------------------------------------------------------------------------------


@case("set while a new one is verified: set wins, and the rotation says so")
def _(sandbox):
    server = lab(sandbox, both=True)
    arrived, go = threading.Event(), threading.Event()

    def held_back(request, connection):
        arrived.set()
        go.wait(PATIENCE)
        return server.judge(request, connection)
    server.answer = held_back
    sandbox.cleanups.append(go.set)
    process = sandbox.popen("rotate", "lab", "--secret=secret_key=-", VERIFY)
    process.stdin.write(NEW.encode())
    process.stdin.close()
    process.stdin = None
    assert arrived.wait(PATIENCE)
    sandbox.ok("set", "lab", "--secret=secret_key=-", input=THIRD)
    go.set()
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1 and b"somebody else changed" in err, err
    assert held(sandbox) == {"current": THIRD}


def locked_meanwhile(sandbox, server):
    """The profile's lock is held by somebody from the next request on."""
    path = sandbox.path("home/.local/state/credence/locks/lab.lock")
    lock = open(path)
    sandbox.cleanups.append(lock.close)

    def answer(request, connection):
        fcntl.flock(lock, fcntl.LOCK_EX)
        return server.judge(request, connection)
    server.answer = answer
    return lock


@case("--timeout ends the wait for a profile that somebody else changes")
def _(sandbox):
    lab(sandbox)
    sandbox.ok("set", "lab", "api_key=" + KEY)
    with open(sandbox.path("home/.local/state/credence/locks/lab.lock")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        rotate(sandbox, NEW, VERIFY, "--timeout=1", code=NETWORK, saying="is changing profile lab")
        sandbox.fails(NETWORK, "rotate", "lab", "--undo", "--timeout=1", saying="is changing profile lab")


@case("rejected while somebody holds the profile: it says that the new one still lies there")
def _(sandbox):
    server = lab(sandbox)
    lock = locked_meanwhile(sandbox, server)
    result = rotate(sandbox, NEW, VERIFY, "--timeout=1", code=REJECTED, saying="still lies in the keyring")
    assert "dropped" not in result.err and "credence rotate lab --undo" in result.err, result
    fcntl.flock(lock, fcntl.LOCK_UN)
    assert held(sandbox) == {"current": OLD, "next": NEW}
    sandbox.ok("rotate", "lab", "--undo")
    assert held(sandbox) == {"current": OLD}


@case("works while somebody holds the profile: it does not say that the old one is dropped")
def _(sandbox):
    server = lab(sandbox, both=True)
    rotate(sandbox, NEW)
    lock = locked_meanwhile(sandbox, server)
    result = sandbox.fails(NETWORK, "rotate", "lab", VERIFY, "--timeout=1", saying="still kept")
    assert "dropped" not in result.err, result
    assert held(sandbox) == {"current": NEW, "previous": OLD}
    server.answer = server.judge
    fcntl.flock(lock, fcntl.LOCK_UN)
    sandbox.ok("rotate", "lab", VERIFY)
    assert held(sandbox) == {"current": NEW}


@case("a crowd that sends while a pair is replaced never mixes keys and secrets")
def _(sandbox):
    server = lab(sandbox)
    server.accepts.add((NEW_KEY, NEW))
    stop = threading.Event()
    failed = []

    def crowd():
        while not stop.is_set():
            result = sandbox.run(*SEND)
            # A program that opened the profile before and its keyring after is told so.
            if result.code != 0 and "was changed since" not in result.err:
                failed.append(result)
    threads = [threading.Thread(target=crowd) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for key, secret in ((NEW_KEY, NEW), (KEY, OLD)) * 3:
            rotate(sandbox, secret, "api_key=" + key, VERIFY, "--timeout=60")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failed, failed[0]
    assert {line.split(" ")[1] for line in server.taken()} == {"200"}


# --- a real Secret Service ----------------------------------------------------------------------------------


@case("gnome-keyring: verified, promoted, dropped; rejected; undone")
def _(desktop):
    sandbox = desktop.sandbox
    server = lab(sandbox)
    server.accepts.add((NEW_KEY, NEW))
    rotate(sandbox, THIRD, VERIFY, code=REJECTED)
    assert held(sandbox) == {"current": OLD}
    rotate(sandbox, NEW, "api_key=" + NEW_KEY, VERIFY)
    assert held(sandbox) == {"current": NEW, "previous": OLD}
    sandbox.ok("rotate", "lab", "--undo")
    sandbox.ok(*SEND)
    rotate(sandbox, NEW, "api_key=" + NEW_KEY, VERIFY)
    sandbox.ok(*SEND)
    assert held(sandbox) == {"current": NEW}
    desktop.lock()
    sandbox.fails(4, "rotate", "lab", "--secret=secret_key=-", input=THIRD, saying="locked")


main()
