# SPDX-License-Identifier: BSD-3-Clause
"""Token servers and APIs that are hostile, and where secrets go while somebody logs in.

Every hostile answer is given to a login and to a request.  It is one line of error
and the right exit code, in bounded time and memory; the next login is tried again,
and no session is there.

Breaks when a redirect is followed, when an answer can make the command hang, grow or
crash, when what is no refusal is remembered as one, when a token of nonsense is
kept, and when a password, token or one-time password is printed, written to a file,
or seen by other processes.
"""

import base64
import json
import os
import re
import secrets
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import WRAPPER, case, end, is_sanitized, main, measured  # noqa: E402
from loopback import OK, Server, Trap, reply  # noqa: E402
from processes import adopt_orphans, descendants  # noqa: E402
from terminal import Terminal  # noqa: E402
from vendors import Megaport, hide  # noqa: E402

ID = "my-client"
SEND = ("send", "api", "x")
TERMINAL = "[\x00-\x09\x0b-\x1f\x7f-\x9f]"  # what a terminal might obey
JSON = "Content-Type: application/json"
MEMORY = 150 * 1024  # kilobytes


def good(token, **more):
    document = dict({"access_token": token, "token_type": "Bearer", "expires_in": 3600}, **more)
    return reply("200 OK", json.dumps(document).encode(), JSON)


class Lab:
    """A profile "api" of OAuth2: two servers that answer what they are told to."""

    def __init__(self, sandbox):
        self.sandbox, self.token, self.secret = sandbox, "token-" + secrets.token_hex(16), "pw/" + secrets.token_hex(16)
        sandbox.secrets.add(self.token)
        hide(sandbox, self.secret)
        hide(sandbox, ID + ":" + self.secret)
        self.tokens, self.api = Server(sandbox, good(self.token)), Server(sandbox)
        sandbox.add("api", "oauth2-client-credentials", "token_url=" + self.tokens.url + "/token", "client_id=" + ID,
                    secret=self.secret, field="client_secret", endpoint=self.api.url + "/v1")

    def counts(self):
        """How many logins and requests arrived since the last time."""
        counts = len(self.tokens.requests), len(self.api.requests)
        self.tokens.requests, self.api.requests = [], []
        return counts

    def works(self):
        """Nothing of what was before is in the way of a login, and none was kept."""
        self.counts()
        self.tokens.answer, self.api.answer = good(self.token), OK
        self.sandbox.ok(*SEND)
        assert self.counts() == (1, 1)

    def state(self):
        return self.sandbox.ok("show", "api", "--json").json["session"]["state"]


class Elsewhere(Trap):
    """A Trap at another address of this machine."""

    def __init__(self, sandbox, host):
        super().__init__(sandbox)
        self.socket.close()
        self.socket = socket.create_server((host, self.port))
        self.socket.setblocking(False)
        self.url = "http://%s:%d" % (host, self.port)
        sandbox.cleanups.append(self.socket.close)


# --- redirects ------------------------------------------------------------------------


class Places:
    """Where a server might send somebody who follows."""

    def __init__(self, sandbox):
        self.here, self.there = Trap(sandbox), Elsewhere(sandbox, "127.0.0.2")
        port = self.here.port
        self.urls = [self.here.url + "/", self.there.url + "/", "http://localhost:%d/" % port,
                     "https://127.0.0.1:%d/" % port, "//127.0.0.1:%d/" % port]

    def silent(self):
        return self.here.silent() and self.there.silent()

    def headers(self, url):
        """All the ways to send somebody away."""
        return ["Location: " + url, "Refresh: 0; url=" + url, "Content-Location: " + url,
                'Alt-Svc: http/1.1="127.0.0.1:%d"; ma=86400' % self.here.port, "Link: <%s>; rel=preconnect" % url]

    def environment(self):
        return {name: self.here.url for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")}


def moves(places):
    """(status, place), each place with some of the states."""
    states = (301, 302, 303, 307, 308)
    return [(state, url) for i, state in enumerate(states) for j, url in enumerate(places.urls) if (i + j) % 2 == 0]


@case("redirects at the login: nobody connects there, it is an error that is not remembered, no request is sent")
def _(desktop):
    lab, places = Lab(desktop.sandbox), Places(desktop.sandbox)
    for status, url in moves(places) + [(300, places.urls[0]), (305, places.urls[0])]:
        lab.tokens.answer = reply("%d Moved" % status, b"moved", *places.headers(url))
        desktop.sandbox.fails(1, *SEND, saying="redirect", env=places.environment())
        assert lab.counts() == (1, 0) and places.silent(), (status, url)
    assert lab.state() == "none"
    lab.works()


@case("redirects of the request: nobody connects there, and neither token nor secret goes anywhere else")
def _(desktop):
    lab, places = Lab(desktop.sandbox), Places(desktop.sandbox)
    desktop.sandbox.ok("login", "api")
    for status, url in moves(places):
        lab.api.answer = reply("%d Moved" % status, b"moved", *places.headers(url))
        result = desktop.sandbox.run("send", "api", "POST", "x", "a=b", env=places.environment())
        assert places.silent(), (status, url)
        assert lab.api.last.header("Authorization") == ["Bearer " + lab.token]
        assert str(status) in result.err or result.code == 0, result


@case("answers with 200 that hint at other places: nobody connects there, for the next request neither")
def _(desktop):
    lab, places = Lab(desktop.sandbox), Places(desktop.sandbox)
    for url in places.urls:
        body = json.dumps({"access_token": lab.token, "token_type": "Bearer", "refresh_token": url,
                           "token_endpoint": url, "instance_url": url, "_links": {"next": {"href": url}}}).encode()
        lab.tokens.answer = reply("200 OK", body, JSON, *places.headers(url))
        lab.api.answer = reply("200 OK", body, JSON, *places.headers(url))
        desktop.sandbox.ok("login", "api", env=places.environment())
        lab.counts()
        desktop.sandbox.ok(*SEND, may_print_secret=True, env=places.environment())
        desktop.sandbox.ok(*SEND, may_print_secret=True, env=places.environment())
        assert places.silent() and lab.counts() == (0, 2), url


# --- cookies ---------------------------------------------------------------------------------


@case("cookies that the login or an answer sets are not sent back")
def _(desktop):
    lab, sandbox = Lab(desktop.sandbox), desktop.sandbox
    cookies = ["Set-Cookie: id=cookie-1; Path=/", "Set-Cookie: more=cookie-2; Domain=127.0.0.1; Max-Age=9999",
               "Set-Cookie2: old=cookie-3"]
    issued = iter([b"token-%d" % i for i in range(3)])
    lab.tokens.answer = lambda request, _: reply("200 OK", b'{"access_token":"%s"}' % next(issued), *cookies)
    states = iter(["401 No", "200 OK", "200 OK", "401 No", "200 OK"])
    lab.api.answer = lambda request, _: reply(next(states), b"{}", *cookies)
    sandbox.ok("login", "api")
    for _ in range(3):
        sandbox.ok(*SEND)
    requests = lab.tokens.requests + lab.api.requests
    assert len(requests) == 3 + 5, len(requests)
    for request in requests:
        assert not request.header("Cookie") and not request.header("Cookie2") and b"cookie-" not in request.raw


# --- hostile answers ---------------------------------------------------------------------------


def endless(head, piece=b"x" * 65536):
    """Send a piece again and again, until the other side has enough."""
    def answer(request, connection):
        connection.sendall(head)
        while True:
            connection.sendall(piece)
    return answer


def stops(data):
    """Send this and hang up."""
    return lambda request, connection: connection.sendall(data)


def stays(data):
    """Send this, and then nothing."""
    def answer(request, connection):
        connection.sendall(data)
        connection.recv(1)
    return answer


OK_LINE = b"HTTP/1.1 200 OK\r\n"
TEN_GIB = OK_LINE + b"Content-Length: 10737418240\r\n\r\n"
CHUNKED = OK_LINE + b"Transfer-Encoding: chunked\r\n\r\n"
# Not the form of an answer: name, answer, exit codes.
BROKEN = [
    ("a body without end", endless(OK_LINE + b"\r\n"), 9),
    ("10 GiB by Content-Length", endless(TEN_GIB), 9),
    ("10 GiB by Content-Length, and the connection ends", stops(TEN_GIB + b"{}"), 8),
    ("chunks without end", endless(CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"), 9),
    ("a chunk of 2^64 bytes", stops(CHUNKED + b"ffffffffffffffffff\r\n{}"), 8),
    ("a trailer without end", endless(CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-Trailer: y\r\n" * 1000), (8, 9)),
    ("a header of 10 MiB", stops(OK_LINE + b"X: " + b"y" * (10 << 20) + b"\r\n\r\n{}"), (8, 9)),
    ("headers of 10 MiB", stops(OK_LINE + b"X: y\r\n" * (10 << 18) + b"\r\n{}"), (8, 9)),
    ("600 headers", stops(OK_LINE + b"X: y\r\n" * 600 + b"Content-Length: 2\r\n\r\n{}"), 9),
    ("interim answers without end", endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), (8, 9)),
    ("two lengths", stops(OK_LINE + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), (8, 9)),
    ("a length that is negative", stops(OK_LINE + b"Content-Length: -1\r\n\r\n{}"), (8, 9)),
    ("no HTTP", stops(b"SSH-2.0-OpenSSH_9.2\r\n"), 8),
    ("nothing at all", stops(b""), 8),
    ("the first line alone", stops(b"HTTP/1.1 200 OK"), (8, 9)),
    ("the connection ends in the middle", stops(OK_LINE + b"Content-Length: 200\r\n\r\n{\"access"), 8),
]
# Take as long as the deadline.
SLOW = [
    ("an answer that never begins", stays(b"")),
    ("an answer that never ends", stays(OK_LINE + b"Content-Length: 200\r\n\r\n{\"access")),
    ("a header that never ends", stays(OK_LINE + b"X: y")),
]


def doc(text, *headers):
    return reply("200 OK", text if isinstance(text, bytes) else text.encode(), JSON, *headers)


def token_doc(text, rest='"token_type":"Bearer","expires_in":3600'):
    return doc('{"access_token":%s,%s}' % (text, rest))


def expiry_doc(text):
    return doc('{"access_token":"a-token","token_type":"Bearer","expires_in":%s}' % text)


# Answers to a login that are HTTP, and no session.
NO_TOKEN = [
    ("empty", doc(b"")),
    ("not JSON", doc("<html>")),
    ("JSON that is cut off", doc('{"access_token":"abc')),
    ("JSON with more behind it", doc('{"access_token":"abc"} {}')),
    ("a list", doc('["access_token","abc"]')),
    ("null", doc("null")),
    ("a string", doc('"access_token"')),
    ("100,000 deep in lists", doc('{"a":' + "[" * 100000 + "]" * 100000 + ',"access_token":"a-token"}')),
    ("100,000 deep in objects", doc('{"a":' * 100000 + "1" + "}" * 100000)),
    ("100,000 brackets that nothing closes", doc("[" * 100000)),
    ("UTF-16", doc('{"access_token":"a-token"}'.encode("utf-16"))),
    ("UTF-16 without a mark", doc('{"access_token":"a-token"}'.encode("utf-16-le"))),
    ("not UTF-8", doc(b'{"access_token":"a-token","x":"\xff\xfe"}')),
    ("a NUL byte", doc(b'{"access_token":"a-token\0","token_type":"Bearer"}')),
    ("compressed", doc(bytes([31, 139, 8, 0] + [0] * 20), "Content-Encoding: gzip")),
    ("no content", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ("token a number", token_doc("12345678")),
    ("token an object", token_doc('{"value":"abc"}')),
    ("token a list", token_doc('["abc"]')),
    ("token null", token_doc("null")),
    ("token true", token_doc("true")),
    ("token empty", token_doc('""')),
    ("token of 1 MiB", token_doc('"%s"' % ("t" * (1 << 20)))),
    ("token with NUL", token_doc(r'"abc\u0000def"')),
    ("token with a line feed", token_doc(r'"abc\nX-Injected: yes"')),
    ("token with carriage return", token_doc(r'"abc\r\nX-Injected: yes"')),
    ("token with ESC", token_doc(r'"abc\u001b[31m"')),
    ("token with DEL", token_doc(r'"abc\u007f"')),
    ("token with half a surrogate", token_doc(r'"abc\ud800"')),
    ("expiry negative", expiry_doc("-3600")),
    ("expiry zero", expiry_doc("0")),
    ("expiry 1e300", expiry_doc("1e300")),
    ("expiry -1e300", expiry_doc("-1e300")),
    ("expiry 10^12", expiry_doc("1000000000000")),
    ("expiry 10^18", expiry_doc("1000000000000000000")),
    ("expiry 10^400", expiry_doc("1" + "0" * 400)),
    ("expiry text", expiry_doc('"soon"')),
    ("expiry a list", expiry_doc("[3600]")),
    ("expiry true", expiry_doc("true")),
    ("type MAC", token_doc('"a-token"', '"token_type":"MAC","mac_key":"adijq39jdlaska9asud"')),
    ("type a number", token_doc('"a-token"', '"token_type":7')),
    ("type empty", token_doc('"a-token"', '"token_type":""')),
    ("type with NUL", token_doc('"a-token"', r'"token_type":"Bearer\u0000MAC"')),
]
# Odd, and a session all the same.
ODD = [
    ("expiry as text", expiry_doc('"3600"')),
    ("expiry a fraction", expiry_doc("3600.75")),
    ("expiry in ten years", expiry_doc("315000000")),
    ("type in capitals", token_doc('"a-token"', '"token_type":"BEARER"')),
    ("members in plenty", doc('{%s"access_token":"a-token"}' % "".join('"m%d":%d,' % (i, i) for i in range(20000)))),
    ("a token of 16 KiB", token_doc('"%s"' % ("t" * 16384))),
    ("60 deep", doc('{"a":%s1%s,"access_token":"a-token"}' % ("[" * 60, "]" * 60))),
]


def failed(sandbox, name, codes, *words):
    """It ends as it should, with one line on standard error, and within bounds."""
    result = measured(sandbox, *words)
    codes = codes if isinstance(codes, tuple) else (codes,)
    assert result.code in codes, (name, codes, result)
    assert result.seconds < (60 if WRAPPER else 8), (name, result)
    assert re.fullmatch(r"credence: [^\x00-\x1f\x7f]+\n", result.err) or result.code == 0, (name, result)
    # A sanitizer keeps what was freed.
    assert WRAPPER or is_sanitized() or result.memory < MEMORY, "%s: %d KiB of memory" % (name, result.memory)


@case("answers to the login that are not the form of one: an error, nothing kept, nothing remembered")
def _(desktop):
    lab = Lab(desktop.sandbox)
    for name, answer, codes in BROKEN:
        lab.tokens.answer = answer
        failed(desktop.sandbox, name, codes, *SEND)
        assert lab.counts() == (1, 0), name
    assert lab.state() == "none"
    lab.works()


@case("answers to the request that are not the form of one: an error, and no login")
def _(desktop):
    lab = Lab(desktop.sandbox)
    desktop.sandbox.ok("login", "api")
    lab.counts()
    for name, answer, codes in BROKEN:
        lab.api.answer = answer
        failed(desktop.sandbox, name, codes, *SEND)
        assert lab.counts() == (0, 1), name
    lab.api.answer = OK
    desktop.sandbox.ok(*SEND)
    assert lab.counts() == (0, 1)


@case("answers that do not end: exit 8 at the deadline, at the login and at the request")
def _(desktop):
    lab, sandbox = Lab(desktop.sandbox), desktop.sandbox
    for name, answer in SLOW[:2]:
        lab.tokens.answer = answer
        result = sandbox.fails(8, *SEND, "--timeout=1")
        assert 0.9 < result.seconds < (60 if WRAPPER else 5) and lab.counts() == (1, 0), (name, result)
    assert lab.state() == "none"
    lab.works()
    for name, answer in SLOW[1:]:
        lab.api.answer = answer
        result = sandbox.fails(8, *SEND, "--timeout=1")
        assert 0.9 < result.seconds < (60 if WRAPPER else 5) and lab.counts() == (0, 1), (name, result)


@case("answers to the login that are no session: an error, nothing kept, nothing remembered")
def _(desktop):
    lab = Lab(desktop.sandbox)
    for name, answer in NO_TOKEN:
        lab.tokens.answer = answer
        failed(desktop.sandbox, name, (1, 9) if name.startswith("type") else 9, *SEND)
        assert lab.counts() == (1, 0), name
    assert lab.state() == "none"
    lab.works()


@case("answers to the login that are odd, and a session: one login, and the token is used as it was given")
def _(desktop):
    lab, sandbox = Lab(desktop.sandbox), desktop.sandbox
    for name, answer in ODD:
        lab.tokens.answer = answer
        for _ in range(2):
            assert measured(sandbox, *SEND).code == 0, name
            assert lab.api.last.header("Authorization")[0] in ("Bearer a-token", "Bearer " + "t" * 16384), name
        assert lab.counts() == (1, 2), name
        sandbox.ok("logout", "api", "--quiet")


@case("members that stand twice: refused, or one of the two for all requests")
def _(desktop):
    lab, sandbox = Lab(desktop.sandbox), desktop.sandbox
    lab.tokens.answer = doc('{"access_token":"first","access_token":"second","expires_in":-1,"expires_in":3600}')
    used = set()
    for _ in range(3):
        assert measured(sandbox, *SEND).code in (0, 9)
        used |= {value for request in lab.api.requests for value in request.header("Authorization")}
    assert len(used) <= 1, used


@case("answers to the request that are nonsense are passed through, and are no reason to log in")
def _(desktop):
    lab, sandbox = Lab(desktop.sandbox), desktop.sandbox
    sandbox.ok("login", "api")
    lab.counts()
    for name, answer in (NO_TOKEN + ODD)[::3]:
        lab.api.answer = answer
        failed(sandbox, name, 0, *SEND)
        assert lab.counts() == (0, 1), name


@case("401 and 403 with hostile words: one line, no control characters, and only 401 logs in, once")
def _(desktop):
    lab, sandbox = Lab(desktop.sandbox), desktop.sandbox
    description = 'WWW-Authenticate: Bearer error="invalid_token", error_description="%s"'
    for words in ("no \x1b[2J\x1b]0;title\x07 \x9b31m", "no" * 20000, "%n%s%n", "\\\"\\", "no \u202e\u2066 on",
                  "\u009b31m", "漢" * 999):
        for status, logins in ((401, 1), (403, 0)):
            sandbox.ok("login", "api")
            lab.counts()
            head = "HTTP/1.1 %d No\r\n%s\r\nContent-Length: 2\r\n\r\n{}" % (status, description % words)
            lab.api.answer = head.encode()
            result = measured(sandbox, *SEND)
            assert result.code == 7 and lab.counts() == (logins, 1 + logins), (status, words[:20], result)
            lines = result.err.splitlines()
            assert len(lines) == 1 and len(lines[0]) < 2500, result
            assert not re.search(TERMINAL, result.err), result


# --- what is printed and written -------------------------------------------------------------------------


def repeats(lab, words):
    """The token server's refusal quotes what it was sent."""
    document = {"error": "invalid_client", "error_description": words}
    lab.tokens.answer = reply("401 No", json.dumps(document).encode(), JSON)
    for command in (("login", "api"), SEND):
        result = lab.sandbox.fails(7, *command)
        assert lab.secret[:12] not in result.err, "a piece of the secret is printed: %r" % result
    lab.sandbox.ok("show", "api")
    search_files(lab.sandbox, [lab.secret, lab.secret[:12]])


@case("a server that repeats the secret in its refusal: it is neither printed nor written to a file")
def _(desktop):
    lab = Lab(desktop.sandbox)
    repeats(lab, "client_secret=%s is wrong" % lab.secret)


@case("a server that repeats the secret where its words are cut: no piece of it is printed or written")
def _(desktop):
    lab = Lab(desktop.sandbox)
    for size in (20, 40, 220, 225):
        repeats(lab, "x" * size + lab.secret)


@case("a server that repeats the secret as it was sent, in base64: it is neither printed nor written to a file")
def _(desktop):
    lab = Lab(desktop.sandbox)
    repeats(lab, "Basic %s is wrong" % base64.b64encode((ID + ":" + lab.secret).encode()).decode())


@case("a server that repeats the token in its refusal, as some do: neither it nor a piece of it is printed")
def _(desktop):
    lab, sandbox = Lab(desktop.sandbox), desktop.sandbox
    token = "eyJ" + secrets.token_hex(400)
    lab.tokens.answer = good(token)
    for words in ("Invalid access token: %s" % token, "x" * 150 + token, "x" * 180 + token):
        lab.api.answer = reply("401 No", b"{}", 'WWW-Authenticate: Bearer error="invalid_token", '
                                                'error_description="%s"' % words)
        result = sandbox.fails(7, *SEND)
        assert token[:12] not in result.err, result
        search_files(sandbox, [token])


@case("what a user may see of the account has no control characters on the terminal")
def _(desktop):
    sandbox = desktop.sandbox
    api = Server(sandbox)
    sandbox.add("mega", "megaport", "mode=classic", "username=me", secret="a-password-1", field="password",
                endpoint=api.url)
    for name in ("x\u009b31m", "x\u202etxt", "\x1b[31m", "a\nb", "x\0y", "漢" * 6000, "y" * 16385):
        document = {"data": {"session": "t-0-k-e-n", "companyId": 1, "companyName": name}}
        api.answer = reply("200 OK", json.dumps(document).encode(), JSON)
        result = sandbox.run("login", "mega")
        assert result.code in (0, 9), (name[:9], result)
        assert not re.search(TERMINAL, result.text + result.err), (name[:9], result)


@case("classic login: a token of nonsense is no session")
def _(desktop):
    sandbox = desktop.sandbox
    api = Server(sandbox)
    sandbox.add("mega", "megaport", "mode=classic", "username=me", secret="a-password-1", field="password",
                endpoint=api.url)
    for text in (r'"abc\u0000def"', r'"abc\ndef"', '""', "7", "null", "[]", "{}", '"%s"' % ("t" * 16385)):
        for form in ('{"session":%s}', '{"data":{"session":%s}}', '{"token":%s}'):
            api.requests = []
            api.answer = reply("200 OK", (form % text).encode(), JSON)
            result = sandbox.fails(9, "send", "mega", "/x")
            assert len(api.requests) == 1, (form % text, result)


# --- who sees it ------------------------------------------------------------------------------------------


def forms(text):
    """The looks of a secret; in base64 the neighbours show in the first and last digits."""
    raw = text.encode()
    found = {raw, raw.hex().encode()}
    for shift in range(3):
        code = base64.b64encode(b"\0" * shift + raw)[2 * shift:][:len(raw)]
        found |= {code, code.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def search(data, needles, place):
    for needle in needles:
        for form in forms(needle):
            assert form not in data, "a secret is in %s" % place


def search_files(sandbox, needles):
    """All files of the sandbox but what the test itself keeps."""
    count = 0
    for folder, _, names in os.walk(sandbox.root):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and path != sandbox.env.get("CREDENCE_PASSPHRASE_FILE"):
                with open(path, "rb") as f:
                    search(f.read(), needles, path)
                count += 1
    assert count > 0, "there is nothing to look at"


def search_processes(known, needles):
    """Arguments, environment and names of all that was started since; answers the command lines."""
    seen = set()
    for pid in descendants() - known:
        for name in ("cmdline", "environ", "comm", "stat"):
            try:
                with open("/proc/%d/%s" % (pid, name), "rb") as f:
                    data = f.read()
            except OSError:
                continue  # gone meanwhile
            search(data, needles, "%s of %r" % (name, data[:80]))
            if name == "cmdline":
                seen.add(data)
    return seen


def watched(sandbox, known, needles, *words):
    """Run, and look at the processes until it ends."""
    process = sandbox.popen(*words)
    sandbox.cleanups.append(lambda: end(process))
    process.stdin.close()
    process.stdin = None
    seen = set()
    while process.poll() is None:
        seen |= search_processes(known, needles)
        time.sleep(0.002)
    out, err = process.communicate()
    assert process.returncode == 0, err
    search(out + err, needles, "what is printed")
    return seen


@case("while a login is under way: secret and token are in no argument, environment, file or trace")
def _(sandbox):
    # A keyring that takes its time to open, so that its helper is seen.
    os.unlink(sandbox.path("home/.local/share/credence/credentials.keyring"))
    lab, known = Lab(sandbox), descendants()
    needles = [lab.secret, lab.token]

    def slow(request, _):
        search_files(sandbox, needles)
        time.sleep(0.3)
        return good(lab.token)

    lab.tokens.answer = slow
    seen = watched(sandbox, known, needles, "send", "api", "POST", "x", "a=b", "--trace")
    assert any(b"send" in words for words in seen) and any(b"keyring-file" in words for words in seen), seen
    watched(sandbox, known, needles, "login", "api")
    assert len(lab.tokens.requests) == 2
    for words in (("show", "api"), ("show", "api", "--json"), ("list", "--json"), ("logout", "api")):
        sandbox.ok(*words)
        search_files(sandbox, needles)
    assert len(lab.tokens.requests) == 2
    decoy = "decoy/" + secrets.token_hex(16)
    sandbox.write("home/.local/state/credence/decoy", base64.b64encode(b"x" + decoy.encode()))
    try:
        search_files(sandbox, [decoy])
    except AssertionError:
        return
    raise AssertionError("the search does not find what is there")


@case("password and one-time password of a classic login: in no argument, environment, file, and not on the terminal")
def _(desktop):
    sandbox, known = desktop.sandbox, descendants()
    api, password, otp = Megaport(sandbox), "pw/" + secrets.token_hex(16), "735912"
    account = api.account("me", password)
    account.accepts_otp = lambda given: given == otp
    sandbox.add("mega", "megaport", "mode=classic", "username=me", "otp=ask", secret=password, field="password",
                endpoint=api.url)
    terminal = Terminal(sandbox, "send", "mega", "/v2/x", "--trace")
    assert not terminal.expect("One-time password"), "it shows what is typed"
    search_processes(known, [password])
    search_files(sandbox, [password])
    terminal.type(otp)
    assert terminal.end() == 0, terminal.text
    needles = [password] + list(api.tokens)
    search(terminal.text, needles + [otp], "what is printed")
    search_files(sandbox, needles + ["oneTimePassword", otp + "\n"])
    assert api.take_log() == ["POST /v2/login 200", "GET /v2/x 200"]


# --- where the secret may go ------------------------------------------------------------------------------------


@case("a token_url or login_url that was written into the file: exit 6, nothing is sent; a session or none")
def _(desktop):
    lab, sandbox, trap = Lab(desktop.sandbox), desktop.sandbox, Trap(desktop.sandbox)
    sandbox.add("mega", "megaport", "client_id=me", secret="mega-secret-1", field="client_secret", endpoint=lab.api.url)
    sandbox.rewrite("mega", "client_id", "login_url = %s/token\nclient_id" % trap.url)
    for words in (("send", "mega", "x"), ("login", "mega")):
        sandbox.fails(6, *words, saying=trap.url)
    for new in (trap.url, trap.url.replace("127.0.0.1", "localhost"), trap.url.replace("http:", "https:"),
                lab.tokens.url.replace("http:", "https:"), lab.tokens.url.replace("127.0.0.1", "localhost")):
        sandbox.rewrite("api", lab.tokens.url + "/", new + "/")
        for words in (SEND, ("login", "api")):
            sandbox.fails(6, *words)
        sandbox.rewrite("api", new + "/", lab.tokens.url + "/")
    assert trap.silent() and lab.counts() == (0, 0)
    lab.works()


@case("other changes of the file that could move the login: nothing goes to another origin")
def _(desktop):
    lab, sandbox, trap = Lab(desktop.sandbox), desktop.sandbox, Trap(desktop.sandbox)
    port = trap.port
    for new in ("http://127.0.0.1:%d@127.0.0.1:%d/token" % (lab.tokens.port, port), trap.url + "\\@127.0.0.1/token",
                trap.url + "#" + lab.tokens.url, "//127.0.0.1:%d/token" % port, "127.0.0.1:%d/token" % port,
                lab.tokens.url + "@127.0.0.1:%d/token" % port, "HTTP://127.0.0.1:%d/token" % port,
                "http://127.1:%d/token" % port, "http://2130706433:%d/token" % port, "http://[::1]:%d/token" % port,
                "file:///etc/passwd", "gopher://127.0.0.1:%d/token" % port, "", "\u202e" + trap.url):
        sandbox.rewrite("api", "token_url = " + lab.tokens.url + "/token", "token_url = " + new)
        result = sandbox.run(*SEND)
        assert result.code != 0 and trap.silent(), (new, result)
        sandbox.rewrite("api", "token_url = " + new, "token_url = " + lab.tokens.url + "/token")
    assert lab.api.requests == []
    lab.works()


MANIFEST = """[provider]
title = Mine
module = megaport.so
provider = megaport
abi = 1
endpoint = %s/

[field client_id]
required = yes

[field client_secret]
required = yes
secret = yes

[option mode]
default = oauth2

[option login_url]
default = %s/token
kind = login-url

[session access_token]
secret = yes
"""


def own_manifest(sandbox, name, api, tokens):
    return sandbox.write("home/.local/share/credence/providers/%s.provider" % name, MANIFEST % (api.url, tokens.url))


@case("a manifest in the user's folder does not take the place of an installed one")
def _(desktop):
    lab, sandbox, trap = Lab(desktop.sandbox), desktop.sandbox, Trap(desktop.sandbox)
    for name in ("oauth2-client-credentials", "megaport"):
        own_manifest(sandbox, name, lab.api, trap)
    sandbox.ok(*SEND)
    assert lab.counts() == (1, 1) and trap.silent()


@case("a manifest in the user's folder that is changed after the secret was stored: exit 6, nothing is sent")
def _(desktop):
    lab, sandbox, trap = Lab(desktop.sandbox), desktop.sandbox, Trap(desktop.sandbox)
    own_manifest(sandbox, "mine", lab.api, lab.tokens)
    sandbox.add("mine", "mine", "client_id=me", secret="mine-secret-1", field="client_secret", endpoint=lab.api.url)
    sandbox.ok("send", "mine", "x")
    sandbox.ok("logout", "mine")
    own_manifest(sandbox, "mine", lab.api, trap)
    for words in (("send", "mine", "x"), ("login", "mine")):
        result = sandbox.run(*words, "--timeout=1")
        assert trap.silent(), "the secret went to a server that a file of the user's named: %r" % result
        assert result.code == 6, result


@case("a profile that is told to use another provider has no secrets for it")
def _(desktop):
    lab, sandbox, trap = Lab(desktop.sandbox), desktop.sandbox, Trap(desktop.sandbox)
    own_manifest(sandbox, "mine", lab.api, trap)
    sandbox.rewrite("api", "oauth2-client-credentials", "mine")
    result = sandbox.run(*SEND, "--timeout=1")
    assert result.code not in (0, 8) and trap.silent() and lab.counts() == (0, 0), result


if __name__ == "__main__":
    adopt_orphans()  # a keyring's helper is nobody's child
    main()
