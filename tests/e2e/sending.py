# SPDX-License-Identifier: BSD-3-Clause
"""What credence send puts on the wire, and what it makes of answers.

Breaks when send and sign differ in a byte, when a credential leaves its origin
(redirects, proxies, .netrc, cookies), or when a server can make the command
hang, grow without end, or end with the wrong code.
"""

import base64
import os
import resource
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from batch import batch  # noqa: E402
from harness import WRAPPER, Skip, case, is_sanitized, main  # noqa: E402
from loopback import Server, Trap, reply, tls_context  # noqa: E402

TOKEN = "token-token-token-1"
AT = "--at=1670561053.25"
# What send adds, to be told apart by the server; nothing else.
SENT_ONLY = ("accept", "user-agent")


def lab(sandbox, url):
    sandbox.sixconnect(endpoint=url + "/api/x.php")
    return sandbox


def bearer(sandbox, url, name="api"):
    sandbox.add(name, "bearer", secret=TOKEN, field="token", endpoint=url + "/base")
    return sandbox


def without(raw, names):
    """The request without some headers."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if line.split(b":")[0].decode("latin-1").lower() not in names]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def same(sandbox, server, *words, input=b"", added=SENT_ONLY):
    """Send, and compare with what sign prints."""
    count = len(server.requests)
    sandbox.ok("send", words[0], AT, *words[1:], input=input)
    signed = sandbox.ok("sign", words[0], AT, *words[1:], input=input, may_print_secret=True).out
    assert len(server.requests) == count + 1, "not one request"
    raw = server.last.raw
    present = [name.lower() for name, _ in server.last.headers if name.lower() in SENT_ONLY]
    assert sorted(present) == sorted(SENT_ONLY), "sent besides: %r" % present
    assert without(raw, added) == signed, "sent %r\nsigned %r" % (raw, signed)
    return server.last


# --- the same bytes ---------------------------------------------------------------


@case("what arrives is what sign prints, and Accept and User-Agent")
def _(sandbox):
    server = Server(sandbox)
    lab(sandbox, server.url)
    for words in (["?target=ipam&a=+%20&&b=%2f"], ["/a", "q==v w", "X-One:1", "x-two: 2 ", "X-One:3", "Empty:"],
                  ["POST", "/a", "n=é", "m:=[1.0, 2]"], ["PUT", "/a"], ["DELETE", "/a?b"], ["PATCH", "", "a=b"],
                  ["OPTIONS", "/"], ["--form", "/f", "a=b c", "d=&=é"], ["HEAD", "/h"], [],
                  ["/a", "Content-Type:application/vnd.x+json", "a=b"], ["GET", "/get", "a=b"]):
        request = same(sandbox, server, "lab", *words)
        assert request.header("User-Agent") == ["credence/" + sandbox.ok("--version").text.split()[1]]
        assert request.header("Accept") == ["*/*"]
        assert request.header("Host") == ["127.0.0.1:%d" % server.port]
    sandbox.equotix(endpoint=server.url + "/api/")
    for words in (["item/get", "sku=test"], ["POST", "item/get"], ["/x", 'd:={"a":[1,{"b":null}]}', "u=https://a/b"]):
        same(sandbox, server, "shop", *words)


@case("Accept and User-Agent of the caller take the place of those that send adds")
def _(sandbox):
    server = Server(sandbox)
    lab(sandbox, server.url)
    request = same(sandbox, server, "lab", "/", "Accept:text/plain", "User-Agent:mine/1", added=())
    assert request.header("Accept") == ["text/plain"] and request.header("User-Agent") == ["mine/1"]


@case("paths and queries go out as they are")
def _(sandbox):
    server = Server(sandbox)
    bearer(sandbox, server.url)
    sent = [("/a/../b//c/./d", "/a/../b//c/./d"), ("?x=/../", "/base?x=/../"), ("//evil/x", "//evil/x"),
            ("/%7euser/%41%2f", "/%7euser/%41%2f"), ("??a", "/base??a"), ("/?", "/?"), ("/", "/"), ("..", "/base/.."),
            ("x/", "/base/x/"), ("/[a]?b[]=[1-3]", "/[a]?b[]=[1-3]"), ("", "/base"), (server.url, "/"),
            (server.url + "/..", "/.."), ("/;a=b,c:@!$&'()*+~", "/;a=b,c:@!$&'()*+~")]
    answers = batch(sandbox, "send", "api", [("GET", target, None) for target, _ in sent])
    for (target, path), answer, request in zip(sent, answers, server.requests):
        assert request.line == "GET %s HTTP/1.1" % path, (target, request.line)
        assert answer.url == server.url + path, (target, answer)
    assert len(server.requests) == len(sent)
    for target, path in sent[:2]:
        assert same(sandbox, server, "api", target).line == "GET %s HTTP/1.1" % path


@case("bodies: from a file, from standard input, with every byte, empty; POST without one has a length")
def _(sandbox):
    server = Server(sandbox)
    bearer(sandbox, server.url)
    body = bytes(range(256)) * 9 + b"\0\r\n\r\n\0"
    path = sandbox.write("body", body)
    assert same(sandbox, server, "api", "/", "@" + path).body == body
    assert same(sandbox, server, "api", "PUT", "/", "@-", "Content-Type:x/y", input=body).body == body
    assert server.last.header("Content-Type") == ["x/y"]
    assert same(sandbox, server, "api", "/", "@-", input=b"").header("Content-Length") == ["0"]
    assert server.last.line.startswith("POST ")
    for method in ("POST", "PUT", "PATCH"):
        request = same(sandbox, server, "api", method, "/")
        assert request.header("Content-Length") == ["0"] and not request.header("Content-Type"), request.raw
    large = bytes(3_000_000)
    sandbox.ok("send", "api", "/", "@-", input=large)
    assert server.last.body == large and not server.last.header("Expect")
    same(sandbox, server, "api", "--form", "/", "a=1", "b=é &", "a=2")
    assert server.last.body == b"a=1&b=%C3%A9%20%26&a=2"
    assert server.last.header("Content-Type") == ["application/x-www-form-urlencoded"]
    same(sandbox, server, "api", "/", "a=1", 'b:={"c":[]}')
    assert server.last.body == b'{"a":"1","b":{"c":[]}}' and server.last.header("Content-Type") == ["application/json"]


@case("basic, bearer and api-key: where the credential stands")
def _(sandbox):
    server = Server(sandbox)
    sandbox.add("b", "basic", "username=mé", secret="pass:wörd", field="password", endpoint=server.url)
    sandbox.ok("send", "b", "/")
    scheme, text = server.last.header("Authorization")[0].split(" ")
    assert scheme == "Basic" and base64.b64decode(text).decode() == "mé:pass:wörd"
    bearer(sandbox, server.url)
    sandbox.ok("send", "api", "/")
    assert server.last.header("Authorization") == ["Bearer " + TOKEN]
    sandbox.add("k", "api-key", secret="k+e/y=&1", field="key", endpoint=server.url)
    sandbox.ok("send", "k", "/?a=b")
    assert server.last.header("X-API-Key") == ["k+e/y=&1"] and server.last.line == "GET /?a=b HTTP/1.1"
    sandbox.ok("set", "k", "header=Authorization", "prefix=Token")
    sandbox.ok("send", "k", "/")
    assert server.last.header("Authorization") == ["Token k+e/y=&1"] and not server.last.header("X-API-Key")
    sandbox.ok("set", "k", "query=key", "prefix=")
    sandbox.ok("send", "k", "/?a=b")
    assert server.last.line == "GET /?a=b&key=k%2Be%2Fy%3D%261 HTTP/1.1" and not server.last.header("Authorization")


@case("--format=curl: curl -K - sends the same bytes")
def _(sandbox):
    if shutil.which("curl") is None:
        raise Skip("curl is not installed")
    server = Server(sandbox)
    bearer(sandbox, server.url)
    lab(sandbox, server.url)
    body = sandbox.write("body", 'line "one"\\\r\n\ttwo\v {x} [1-3] @file é'.encode())
    for words in (["lab", "/a/../b?x[1-3]=y"], ["lab", "?a=+%20&&b", "X-A:\"q\" \\ 'x'", "E:"],
                  ["api", "/", "@" + body], ["api", "POST", "/"], ["api", "PUT", "/", "a=b"], ["api", "DELETE", "/x"],
                  ["api", "HEAD", "/x"], ["api", "--form", "/x", "a=b c"], ["api", "/", "@" + body, "Content-Type:a/b"],
                  ["api", "/x", "Accept:a/b"]):
        config = sandbox.ok("sign", *words, "--format=curl", may_print_secret=True).out
        done = subprocess.run(["curl", "-qsS", "-K", "-"], input=config, env=sandbox.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60)
        assert done.returncode == 0, (config, done)
        by_curl = server.last
        sandbox.ok("send", *words)
        assert without(by_curl.raw, ["user-agent"]) == without(server.last.raw, ["user-agent"]), (by_curl.raw, config)


@case("--format=json: method, url, headers and body, as text or base64")
def _(sandbox):
    bearer(sandbox, "https://api.example")
    for body, text in ((b'a "b" \xc3\xa9\n\0', 'a "b" é\n\0'), (b"\xff\0", None), (b"", "")):
        signed = sandbox.ok("sign", "api", "PUT", "/x?a=b", "Aa:1", "aa:2", "@-", "--format=json", input=body,
                            may_print_secret=True).json
        assert list(signed) == ["method", "url", "headers", "body", "body_base64"], signed
        assert signed["method"] == "PUT" and signed["url"] == "https://api.example/x?a=b"
        assert signed["headers"] == [["Aa", "1"], ["aa", "2"], ["Authorization", "Bearer " + TOKEN]], signed
        assert signed["body"] == text
        assert (signed["body_base64"] is None) == (text is not None)
        assert text is not None or base64.b64decode(signed["body_base64"]) == body
    signed = sandbox.ok("sign", "api", "--format=json", may_print_secret=True).json
    assert signed["body"] is None and signed["body_base64"] is None and signed["method"] == "GET"


# --- nowhere else --------------------------------------------------------------------


@case("redirects are not followed, to another origin nor to the same")
def _(sandbox):
    elsewhere = Trap(sandbox)
    server = Server(sandbox)
    bearer(sandbox, server.url)
    places = [elsewhere.url + "/", server.url + "/again", "/again", "//127.0.0.1:%d/" % elsewhere.port]
    answers = [reply("%d Moved" % status, b"moved", "Location: " + place)
               for status in (301, 302, 303, 307, 308) for place in places]
    server.answer = lambda request, _: answers[len(server.requests) - 1]
    for answer in batch(sandbox, "send", "api", [("POST", "/", b"a")] * len(answers)):
        assert answer.status in (301, 302, 303, 307, 308) and answer.body == b"moved", answer
    assert len(server.requests) == len(answers) and elsewhere.silent()
    server.answer = answers[0]
    assert sandbox.ok("send", "api", "/").out == b"moved"
    assert len(server.requests) == len(answers) + 1 and elsewhere.silent()


@case("cookies are neither kept nor sent, by the command and in one process")
def _(sandbox):
    server = Server(sandbox, reply("200 OK", b"", "Set-Cookie: session=1; Path=/", "Set-Cookie: b=2"))
    bearer(sandbox, server.url)
    batch(sandbox, "send", "api", [("GET", "/", None)] * 3)
    sandbox.ok("send", "api", "/")
    sandbox.ok("send", "api", "/")
    assert len(server.requests) == 5
    assert not any(request.header("Cookie") for request in server.requests)


@case("proxies of the environment and .netrc are not used")
def _(sandbox):
    proxy = Trap(sandbox)
    server = Server(sandbox, lambda request, _: reply("401 No", b"no", 'WWW-Authenticate: Basic realm="x"'))
    bearer(sandbox, server.url)
    sandbox.add("key", "api-key", secret="key-key-key", field="key", endpoint=server.url)
    sandbox.write("home/.netrc", "machine 127.0.0.1 login netrc-user password netrc-word\ndefault login a password b\n")
    sandbox.write("home/.curlrc", 'proxy = "%s"\nheader = "X-Curlrc: yes"\n' % proxy.url)
    env = {name: proxy.url for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY")}
    env.update(NETRC=sandbox.path("home/.netrc"), no_proxy=None, NO_PROXY=None, CURL_HOME=sandbox.home)
    sandbox.fails(7, "send", "api", "/", env=env)
    assert server.last.header("Authorization") == ["Bearer " + TOKEN]
    sandbox.fails(7, "send", "key", "/", env=env)
    assert server.last.header("Authorization") == [] and server.last.line == "GET / HTTP/1.1"
    assert not server.last.header("X-Curlrc") and len(server.requests) == 2
    assert proxy.silent()


@case("TLS: a certificate that nobody vouches for is refused, and no session keys are written")
def _(sandbox):
    if shutil.which("openssl") is None:
        raise Skip("the openssl command is not installed")
    key, certificate = sandbox.path("key.pem"), sandbox.path("cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", certificate, "-subj", "/CN=127.0.0.1", "-days", "2",
                    "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    server = Server(sandbox, tls=tls_context(certificate, key))
    bearer(sandbox, server.url)
    log = sandbox.path("keylog")
    result = sandbox.fails(8, "send", "api", "/", env={"SSLKEYLOGFILE": log, "CURL_SSL_BACKEND": "openssl"})
    assert "certificate" in result.err, result
    assert not os.path.exists(log) or os.path.getsize(log) == 0, "session keys were written"
    assert server.connections == 1 and server.requests == []
    # With TLS on one side alone, there is an error and no hang either.
    plain = Server(sandbox, reply("200 OK", b"plain"), at_once=True)
    bearer(sandbox, plain.url.replace("http:", "https:"), "plain")
    sandbox.fails(8, "send", "plain", "/")


# --- answers -------------------------------------------------------------------------


@case("statuses and exit codes; the body is printed all the same")
def _(sandbox):
    server = Server(sandbox)
    bearer(sandbox, server.url)
    for status, code in ((200, 0), (204, 0), (304, 0), (401, 7), (403, 7), (404, 1), (500, 1)):
        body = b"" if status in (204, 304) else b"body \0 of %d\n" % status
        server.answer = reply("%d Reason" % status, body) if body else b"HTTP/1.1 %d Reason\r\n\r\n" % status
        if code == 0:
            assert sandbox.ok("send", "api", "/").out == body
        else:
            assert sandbox.fails(code, "send", "api", "/", saying=str(status)).out == body


@case("-i and --include print status and headers; control characters in them are escaped")
def _(sandbox):
    server = Server(sandbox, reply("404 Not Found", b"body", "X-One: 1", "X-Two:  a\x1b[31m ", "X-One: 3"))
    bearer(sandbox, server.url)
    for option in ("-i", "--include"):
        out = sandbox.fails(1, "send", option, "api", "/").out
        assert out == (b"HTTP/1.1 404 \r\nContent-Length: 4\r\nX-One: 1\r\nX-Two: a\\x1b[31m\r\nX-One: 3\r\n"
                       b"\r\nbody"), out


@case("interim answers are left out; chunks are joined; a HEAD has no body")
def _(sandbox):
    server = Server(sandbox, b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                             b"\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n")
    bearer(sandbox, server.url)
    out = sandbox.ok("send", "-i", "api", "/").out
    assert out == b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\nabcd", out
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX: y\r\n\r\n"
    out = sandbox.ok("send", "-i", "api", "HEAD", "/").out
    assert server.last.line == "HEAD / HTTP/1.1"
    assert out == b"HTTP/1.1 200 \r\nContent-Length: 1000\r\nX: y\r\n\r\n", out
    server.answer = b"HTTP/1.0 200 OK\r\n\r\nuntil the end"
    assert sandbox.ok("send", "api", "/").out == b"until the end"


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))


def prepare(sandbox):
    sandbox.server = Server(sandbox)
    bearer(sandbox, sandbox.server.url)


def hostile(sandbox, answer, codes, saying=None, timeout=None):
    """An answer that must end the command soon, with bounded memory."""
    server = sandbox.server
    before, server.answer = len(server.requests), answer
    limits = {} if WRAPPER or is_sanitized() else {"preexec_fn": limit_memory}
    words = ["--timeout=%d" % timeout] if timeout else []
    result = sandbox.fails(codes, "send", "api", "/", *words, saying=saying, **limits)
    assert result.out == b"", result
    assert len(server.requests) == before + 1, "asked again"
    return result


def endless(start, piece):
    def answer(_, connection):
        connection.sendall(start)
        while True:
            connection.sendall(piece)
    return answer


START = b"HTTP/1.1 200 OK\r\n"
ENDLESS = {
    "body": endless(START + b"\r\n", bytes(1 << 20)),
    "chunks": endless(START + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n%s\r\n" % bytes(65536)),
    "line": endless(START + b"X: ", b"a" * 65536),
    "headers": endless(START, b"X: y\r\n" * 999),
    "interim answers": endless(b"", b"HTTP/1.1 103 Early\r\nX: y\r\n\r\n" * 999),
    "status": endless(b"HTTP/1.1 200 ", b"O" * 65536),
    "line of 1 MiB": START + b"X: " + b"a" * (1 << 20) + b"\r\n\r\n",
    "600 headers": START + b"X: y\r\n" * 600 + b"\r\n",
}
BROKEN = {
    "no HTTP": b"\x16\x03\x01\0\x02garbage\r\n\r\n",
    "another protocol": b"220 mail.example ESMTP\r\n",
    "nothing": b"",
    "half a status line": b"HTTP/1.1 20",
    "half a body": START + b"Content-Length: 9\r\n\r\nabc",
    "half a chunk": START + b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc",
    "no chunk": START + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a length that is none": START + b"Content-Length: ten\r\n\r\n",
    "a length beyond all bounds": START + b"Content-Length: 99999999999999\r\n\r\n",
    "a status that is none": b"HTTP/1.1 abc OK\r\n\r\n",
    "another version": b"HTTP/9.9 200 OK\r\n\r\n",
}


def in_turn(sandbox, answers):
    """Each answer to a request of one process, which must survive them all."""
    server = sandbox.server
    server.answer = lambda request, connection: give(answers[len(server.requests) - 1 - before], request, connection)
    before = len(server.requests)
    results = batch(sandbox, "send", "api", [("GET", "/", None)] * len(answers))
    assert len(server.requests) == before + len(answers), "asked again"
    return results


def give(answer, request, connection):
    return answer if isinstance(answer, bytes) else answer(request, connection)


@case("endless bodies and headers: over a limit, in bounded memory")
def _(sandbox):
    prepare(sandbox)
    for name, answer in zip(ENDLESS, in_turn(sandbox, list(ENDLESS.values()))):
        assert answer.refused and answer.code == -14 and "than fit" in answer.message, (name, answer)
    hostile(sandbox, ENDLESS["body"], 9, "more body than fit")
    hostile(sandbox, ENDLESS["line of 1 MiB"], 9, "more headers than fit")
    hostile(sandbox, ENDLESS["600 headers"], 9, "more headers than fit")


@case("a body that unpacks to a thousand times its size is not unpacked")
def _(sandbox):
    server = Server(sandbox, reply("200 OK", b"\x1f\x8b\x08\0", "Content-Encoding: gzip"))
    bearer(sandbox, server.url)
    assert sandbox.ok("send", "api", "/").out == b"\x1f\x8b\x08\0"
    assert not server.last.header("Accept-Encoding")


@case("no HTTP, and connections that end early: network errors")
def _(sandbox):
    prepare(sandbox)
    for name, answer in zip(BROKEN, in_turn(sandbox, list(BROKEN.values()))):
        assert answer.refused and answer.code == -19, (name, answer)
    for name in ("no HTTP", "nothing", "half a body"):
        hostile(sandbox, BROKEN[name], 8)


@case("a server that never answers, or drop by drop: the deadline holds")
def _(sandbox):
    def never(_, connection):
        connection.recv(1)

    def slowly(_, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        connection.settimeout(0.1)
        while True:
            connection.sendall(b"x")
            try:
                if connection.recv(1) == b"":
                    return
            except TimeoutError:
                pass
    prepare(sandbox)
    seconds = 20 if WRAPPER else 2
    for answer in (never, slowly):
        hostile(sandbox, answer, 8, timeout=seconds)
        # From when the request was there: the keyring has a deadline of its own.
        assert time.monotonic() - sandbox.server.last.time < (120 if WRAPPER else seconds + 2)
    silent = Trap(sandbox)
    bearer(sandbox, silent.url, "silent")
    assert sandbox.fails(8, "send", "silent", "/", "--timeout=%d" % seconds).seconds < 120


@case("nobody listens, and no such host")
def _(sandbox):
    port = Trap(sandbox)
    port.socket.close()
    bearer(sandbox, port.url)
    sandbox.fails(8, "send", "api", "/")
    bearer(sandbox, "http://no-such-host.invalid", "nowhere")
    sandbox.fails(8, "send", "nowhere", "/")


@case("an answer that repeats the secret is the server's doing; our own lines never have it")
def _(sandbox):
    server = Server(sandbox, lambda request, _: reply("401 No", request.raw))
    bearer(sandbox, server.url)
    result = sandbox.fails(7, "send", "-i", "--trace", "api", "/", may_print_secret=True)
    assert TOKEN.encode() in result.out and TOKEN not in result.err
    server.answer = lambda request, _: reply("200 OK", b'{"success":0,"message":"a\\u001b[31m\\nb"}')
    lab(sandbox, server.url)
    assert "a\\x1b[31m" in sandbox.fails(1, "send", "lab", "/").err


if __name__ == "__main__":
    main()
