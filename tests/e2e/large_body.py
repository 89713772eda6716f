# SPDX-License-Identifier: BSD-3-Clause
"""Bodies that are too large for memory: @FILE of more than 64 MiB.

Breaks when such a file does not arrive as it is, is held in memory on the way, or is
sent although it changes meanwhile; and when a request that has to be sent again, after
a login or on another connection, is sent with less than all of it.
"""

import hashlib
import http.server
import json
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PATIENCE, WRAPPER, case, is_sanitized, main, measured  # noqa: E402
from loopback import HttpServer  # noqa: E402

HANDLE = os.path.join(os.environ["TESTS_BUILD"], "e2e", "handle")
MIB = 1 << 20
SIZE = 80 * MIB + 12345
MEMORY = 40 * 1024  # KiB; a request without a body takes some 25 MiB
TOKEN = "token-token-token-1"


class Arrived:
    """A request, with the digest of its body in place of the body."""

    def __init__(self, handler, most):
        self.line, self.headers = "%s %s" % (handler.command, handler.path), handler.headers
        self.size, digest = 0, hashlib.sha256()
        left = int(handler.headers.get("Content-Length", 0))
        while left > 0 and self.size < most:
            piece = handler.rfile.read1(min(left, MIB))
            if piece == b"":
                break
            digest.update(piece)
            self.size += len(piece)
            left -= len(piece)
            handler.server.progress(self.size)
        self.whole, self.digest = left == 0, digest.hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        is_hasty, self.server.is_hasty = self.server.is_hasty, False
        arrived = Arrived(self, MIB if is_hasty else 1 << 60)
        if arrived.line == "POST /login":
            self.server.logins += 1
            answer = 200, {"token": "token-%d-0123456789" % self.server.logins}
        else:
            self.server.arrived.append(arrived)
            answer = self.server.answers.pop(0) if self.server.answers else (200, {})
        if answer is None or not (arrived.whole or is_hasty):
            self.close_connection = True
            return
        body = json.dumps(answer[1]).encode()
        self.send_response(answer[0])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if is_hasty:
            self.let_go()

    def let_go(self):
        """No more is wanted; a connection that is closed with something unread would take the answer away."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_WR)
        while self.connection.recv(MIB):
            pass

    do_PUT = do_GET = do_POST

    def log_message(self, *args):
        pass


class Hashing(HttpServer):
    """answers: status and members for the next requests, in their order, instead of 200; None
    hangs up.  progress is called while a body arrives, with what there is of it.  With
    is_hasty the next request is answered before all of it is there."""

    def __init__(self, sandbox):
        super().__init__(Handler)
        self.arrived, self.answers, self.logins, self.is_hasty = [], [], 0, False
        self.progress = lambda size: None
        self.start(sandbox)

    def take(self):
        arrived, self.arrived = self.arrived, []
        return arrived


def digest_of(file):
    """From where it stands to its end; not in memory, which a child would count as its own."""
    digest = hashlib.sha256()
    for piece in iter(lambda: file.read(MIB), b""):
        digest.update(piece)
    return digest.hexdigest()


def large_file(sandbox, size=SIZE):
    """Mostly a hole, so that it costs no disk, with something in it here and there, so that a
    piece in the wrong place is noticed.  Answers path and digest."""
    path = sandbox.path("large")
    with open(path, "w+b") as f:
        for at in range(0, size, 5 * MIB):
            f.seek(at)
            f.write(b"%d\n" % at)
        f.truncate(size)
        f.seek(0)
        return path, digest_of(f)


def bearer(sandbox, server):
    sandbox.add("api", "bearer", secret=TOKEN, field="token", endpoint=server.url)


def login_citizen(sandbox, server):
    sandbox.add("depot", "login-citizen", "user=ann", secret="hunter2", field="password", endpoint=server.url)


def digest_citizen(sandbox, server):
    sandbox.add("digest", "digest-citizen", endpoint=server.url)


def small(result):
    assert WRAPPER or is_sanitized() or result.memory < MEMORY, "%d KiB of memory" % result.memory
    return result


def expect_whole(arrived, digest, size=SIZE):
    assert arrived.whole and (arrived.size, arrived.digest) == (size, digest), (arrived.size, arrived.line)
    assert arrived.headers["Content-Length"] == str(size) and arrived.headers["Transfer-Encoding"] is None
    assert arrived.headers["Expect"] is None


@case("sent with bearer and basic: all of it arrives, in little memory, with the type that was given")
def _(sandbox):
    server = Hashing(sandbox)
    path, digest = large_file(sandbox)
    bearer(sandbox, server)
    sandbox.add("b", "basic", "username=me", secret="pass-word", field="password", endpoint=server.url)
    assert small(measured(sandbox, "send", "api", "/x", "@" + path)).code == 0
    assert small(measured(sandbox, "send", "b", "PUT", "/y?a=b", "@" + path, "Content-Type:x/y")).code == 0
    first, second = server.take()
    expect_whole(first, digest)
    expect_whole(second, digest)
    assert first.line == "POST /x" and first.headers["Content-Type"] is None
    assert first.headers["Authorization"] == "Bearer " + TOKEN
    assert second.line == "PUT /y?a=b" and second.headers["Content-Type"] == "x/y"


@case("a provider that signs the body's digest: it is that of what arrives")
def _(sandbox):
    server = Hashing(sandbox)
    path, digest = large_file(sandbox)
    digest_citizen(sandbox, server)
    assert small(measured(sandbox, "send", "digest", "/x", "@" + path)).code == 0
    arrived, = server.take()
    expect_whole(arrived, digest)
    assert arrived.headers["X-Digest"] == digest and arrived.headers["X-Length"] == str(SIZE)


@case("a provider that signs the body's bytes refuses, and nothing is sent")
def _(sandbox):
    server = Hashing(sandbox)
    path, _ = large_file(sandbox)
    sandbox.equotix(endpoint=server.url)
    for command in ("send", "sign"):
        result = sandbox.fails(1, command, "shop", "/x", "@" + path, "Content-Type:application/json",
                               saying="signs the body's bytes, which have to be in memory")
        assert "64 MiB" in result.err and result.out == b"", result
    assert server.take() == []


@case("a login before, a login in between, and another signature: each time all of it")
def _(sandbox):
    server = Hashing(sandbox)
    path, digest = large_file(sandbox)
    login_citizen(sandbox, server)
    assert small(measured(sandbox, "send", "depot", "/x", "@" + path)).code == 0
    assert server.logins == 1
    server.answers = [(401, {"verdict": "log in again"}), (400, {"verdict": "sign again"})]
    assert small(measured(sandbox, "send", "depot", "/x", "@" + path)).code == 0
    assert server.logins == 2
    arrived = server.take()
    assert len(arrived) == 4, arrived
    for one in arrived:
        expect_whole(one, digest)
    tokens = [one.headers["Authorization"] for one in arrived]
    assert tokens[0] == tokens[1] != tokens[2] == tokens[3], tokens


@case("a server that says early that the session is over gets all of it after the login")
def _(sandbox):
    server = Hashing(sandbox)
    path, digest = large_file(sandbox)
    login_citizen(sandbox, server)
    sandbox.ok("send", "depot", "/x")
    server.take()
    server.is_hasty, server.answers = True, [(401, {"verdict": "log in again"})]
    sandbox.ok("send", "depot", "/x", "@" + path)
    first, second = server.take()
    assert not first.whole and server.logins == 2
    expect_whole(second, digest)


@case("sign prints all of it as HTTP; curl and json refuse, url does not need it")
def _(sandbox):
    server = Hashing(sandbox)
    path, digest = large_file(sandbox)
    digest_citizen(sandbox, server)
    result = small(measured(sandbox, "sign", "digest", "/x", "@" + path))
    assert result.code == 0, result
    with open(sandbox.path("out"), "rb") as out:
        head = out.read(4096).partition(b"\r\n\r\n")[0]
        assert head.startswith(b"POST /x HTTP/1.1\r\n") and b"\r\nContent-Length: %d" % SIZE in head, head
        out.seek(len(head) + 4)
        assert digest_of(out) == digest and out.tell() == len(head) + 4 + SIZE
    for name in ("curl", "json"):
        refused = sandbox.fails(1, "sign", "digest", "/x", "@" + path, "--format=" + name, saying="too large")
        assert "--format=http" in refused.err and refused.out == b"", refused
    printed = sandbox.ok("sign", "digest", "/x", "@" + path, "--format=url")
    assert printed.text == server.url + "/x\n" and "not the whole request" in printed.err, printed
    assert server.take() == []


@case("64 MiB is in memory as before, one byte more is read; standard input has that limit")
def _(sandbox):
    server = Hashing(sandbox)
    sandbox.add("read", "digest-citizen", "does=read", endpoint=server.url)
    path, digest = large_file(sandbox, 64 * MIB)
    sandbox.ok("send", "read", "/x", "@" + path)
    expect_whole(server.take()[0], digest, 64 * MIB)
    path, digest = large_file(sandbox, 64 * MIB + 1)
    sandbox.fails(1, "send", "read", "/x", "@" + path, saying="have to be in memory")
    with open(path, "rb") as stdin:
        refused = sandbox.run("send", "read", "/x", "@-", stdin=stdin)
    assert refused.code == 9 and "larger than 64 MiB" in refused.err and "@FILE" in refused.err, refused
    assert server.take() == []


def change_while_sending(sandbox, size):
    """The file gets another size while it is sent.  The server must not see a whole request."""
    server = Hashing(sandbox)
    path, _ = large_file(sandbox)
    bearer(sandbox, server)

    def progress(there):
        os.truncate(path, size)
    server.progress = progress
    sandbox.fails(1, "send", "api", "/x", "@" + path, saying="large has changed its size meanwhile")
    for _ in range(1000):  # until the server has seen the end
        if server.arrived:
            break
        time.sleep(0.01)
    arrived, = server.take()
    assert not arrived.whole, arrived.size


@case("a file that shrinks meanwhile is an error, and the request is not ended as if it were whole")
def _(sandbox):
    change_while_sending(sandbox, SIZE - 1)


@case("a file that grows meanwhile is one as well")
def _(sandbox):
    change_while_sending(sandbox, SIZE + 1)


@case("a program's own libcurl: the server closes a connection that is kept, and gets all on another")
def _(sandbox):
    server = Hashing(sandbox)
    path, digest = large_file(sandbox)
    bearer(sandbox, server)
    server.answers = [(200, {}), None]
    done = subprocess.run(WRAPPER + [HANDLE, "api", "POST", "/x", "@" + path, "again", "1"], env=sandbox.env,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, universal_newlines=True)
    assert (done.stdout, done.stderr) == ("0\n0\n", ""), done
    arrived = server.take()
    assert len(arrived) == 3, arrived
    for one in arrived:
        expect_whole(one, digest)


if __name__ == "__main__":
    main()
