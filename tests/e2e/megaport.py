# SPDX-License-Identifier: BSD-3-Clause
"""Megaport: a provider that logs in, against a server that behaves as the vendor's text says.

Breaks when a login is made too often or not at all, when a login that the server
refused is repeated (five lock the account), when a request is not the same after
the login that came between, or when a token or password gets anywhere but to the
server that it is meant for.
"""

import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, main  # noqa: E402
from loopback import Trap  # noqa: E402
from terminal import Terminal  # noqa: E402
from vendors import Megaport, seconds_of, totp  # noqa: E402

SECRET = "q9/+=%s&7 s3cret"
PASSWORD = "pä ss+w/o=r&d%"
OTP_KEY = b"12345678901234567890"  # RFC 6238, appendix B
OTP_TIME = 59
TOKEN = "POST /oauth2/token"


def m2m(sandbox, *words, name="mega", secret=SECRET):
    """A profile, the API that it uses, and the token server on another port."""
    api = Megaport(sandbox)
    tokens = Megaport(sandbox, tokens=api.tokens)
    tokens.client("5dpba9qr9", SECRET)
    sandbox.add(name, "megaport", "client_id=5dpba9qr9", "login_url=" + tokens.url + "/oauth2/token", *words,
                secret=secret, field="client_secret", endpoint=api.url)
    return api, tokens


def classic(sandbox, *words, password=PASSWORD, name="mega", **otp):
    api = Megaport(sandbox)
    api.account("example", PASSWORD, **otp)
    sandbox.add(name, "megaport", "mode=classic", "username=example", *words, secret=password, field="password",
                endpoint=api.url)
    return api


def session(sandbox, name="mega", **kw):
    return sandbox.ok("show", name, "--json", **kw).json["session"]


@case("the server's one-time passwords are those of RFC 6238, appendix B")
def _():
    assert [totp(OTP_KEY, at, 8) for at in (59, 1111111109, 20000000000)] == ["94287082", "07081804", "65353130"]


# --- OAuth2 client credentials --------------------------------------------------------


@case("oauth2: the first request logs in by itself, the second uses the session that is kept")
def _(sandbox):
    api, tokens = m2m(sandbox)
    sandbox.ok("send", "mega", "/v2/products?a=b")
    assert tokens.take_log() == [TOKEN + " 200"] and api.take_log() == ["GET /v2/products 200"]
    sandbox.ok("send", "mega", "/v2/products")
    assert tokens.take_log() == [] and api.take_log() == ["GET /v2/products 200"]
    login = tokens.last
    assert login.line == "POST /oauth2/token?grant_type=client_credentials HTTP/1.1", login.line
    assert login.body == b"" and login.header("Content-Length") == ["0"], login.raw
    assert login.header("Host") == ["127.0.0.1:%d" % tokens.port] and not login.header("X-Auth-Token")
    assert [value[:7] for value in api.last.header("Authorization")] == ["Bearer "], api.last.raw


@case("oauth2: a token is renewed shortly before it expires, and no earlier")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = m2m(sandbox)
    api.lifetime = tokens.lifetime = 3
    sandbox.ok("send", "mega", "/v2/x")
    at = time.monotonic()
    sandbox.ok("send", "mega", "/v2/x")
    if time.monotonic() - at < 2.5:
        assert tokens.take_log() == [TOKEN + " 200"], "renewed too early"
    # From here on it is within a tenth of its lifetime, or past it on a slow machine.
    time.sleep(max(0.0, at + 2.8 - time.monotonic()))
    tokens.take_log()
    sandbox.ok("send", "mega", "/v2/x")
    assert tokens.take_log() == [TOKEN + " 200"] and set(api.take_log()) == {"GET /v2/x 200"}


def check_renewed(sandbox, api, login, spoil):
    """An old token: one login, and the same request with another token."""
    sandbox.ok("send", "mega", "/v2/x")
    api.take_log()
    login.take_log()
    spoil()
    sandbox.ok("send", "mega", "PUT", "/v2/x?q=1&&r=%2f", "s==t u", "name=é", "n:=[1.0, 2]", "X-One:1", "X-One:2")
    return api.requests[-2 if login is not api else -3], api.requests[-1]


def without_token(request):
    kept = [line for line in request.lines if not re.match(b"(?i)(authorization|x-auth-token):", line)]
    return kept, request.body


@case("oauth2: 401 for an old token is one login, and the same request again")
def _(sandbox):
    api, tokens = m2m(sandbox)
    first, second = check_renewed(sandbox, api, tokens, api.forget)
    assert tokens.take_log() == [TOKEN + " 200"] and api.take_log() == ["PUT /v2/x 401", "PUT /v2/x 200"]
    assert without_token(first) == without_token(second), (first.raw, second.raw)
    assert second.line == "PUT /v2/x?q=1&&r=%2f&s=t%20u HTTP/1.1" and second.header("X-One") == ["1", "2"]
    assert json.loads(second.body) == {"name": "é", "n": [1.0, 2]}
    assert first.header("Authorization") != second.header("Authorization")


@case("oauth2: a server that takes no token at all is asked no more than twice, and its words are told")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = m2m(sandbox)
    api.knows = lambda token, kind: False
    for _ in range(2):
        result = sandbox.fails(7, "send", "mega", "/v2/x", saying="Bad session token")
        assert api.traces[-1] in result.err and b"Bad session token" in result.out, result
        assert 1 <= len(tokens.take_log()) <= 2 and len(api.take_log()) <= 2


@case("oauth2: 403 is a missing permission: no login, exit 7, the vendor's words and the trace id")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = m2m(sandbox)
    api.forbidden.add("/v2/secret")
    sandbox.ok("login", "mega")
    tokens.take_log()
    result = sandbox.fails(7, "send", "mega", "/v2/secret", saying="You do not have permission")
    assert api.traces[-1] in result.err and tokens.take_log() == [] and api.take_log() == ["GET /v2/secret 403"]
    sandbox.ok("send", "mega", "/v2/x")
    assert tokens.take_log() == [], "the session is gone"


@case("oauth2: other answers are passed on without a login")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = m2m(sandbox)
    result = sandbox.run("send", "mega", "/v2/company/999")
    assert result.code == 1 and b"No such company" in result.out, result
    assert len(tokens.take_log()) == 1


@case("oauth2: a wrong secret is exit 7, is not tried again by itself, and shows; a new one is tried")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = m2m(sandbox, secret="wrong-secret-1")
    result = sandbox.fails(7, "send", "mega", "/v2/x", saying="invalid_client")
    for _ in range(3):
        again = sandbox.fails(7, "send", "mega", "/v2/x")
    assert "credence " in again.err, "no word of what to do: %r %r" % (result, again)
    assert tokens.take_log() == [TOKEN + " 400"] and api.take_log() == []
    assert session(sandbox)["state"] == "refused" and "refused" in sandbox.ok("show", "mega").text
    sandbox.fails(7, "login", "mega", saying="invalid_client")
    assert tokens.take_log() == [TOKEN + " 400"], "login is what a person does, and tries again"
    sandbox.ok("set", "mega", "--secret=client_secret=-", input=SECRET)
    assert session(sandbox)["state"] == "none"
    sandbox.ok("send", "mega", "/v2/x")
    assert tokens.take_log() == [TOKEN + " 200"] and session(sandbox)["state"] == "held"


@case("oauth2: a changed field that is not secret is tried as well")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = m2m(sandbox)
    sandbox.ok("set", "mega", "client_id=other")
    sandbox.fails(7, "send", "mega", "/v2/x", saying="invalid_client")
    sandbox.ok("set", "mega", "client_id=5dpba9qr9")
    sandbox.ok("send", "mega", "/v2/x")
    assert tokens.take_log() == [TOKEN + " 400", TOKEN + " 200"]


@case("oauth2: a token server that fails or talks nonsense is not remembered as a refusal")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = m2m(sandbox)
    right, headers = tokens.grant, ["Location: " + api.url + "/v2/redirected"]
    for status, body in ((500, b"oops"), (503, b'{"error":"temporarily_unavailable"}'), (200, b"<html>"),
                         (200, b"{}"), (200, b'{"access_token":""}'), (200, b'{"access_token":"a\\r\\nX: 1"}'),
                         (200, b'{"access_token":["a"]}'), (429, b""),
                         (200, b'{"access_token":"' + b"a" * 20000 + b'"}'), (302, b"")):
        tokens.grant = lambda call, status=status, body=body: (status, body, headers)
        result = sandbox.fails((1, 2, 8, 9), "send", "mega", "/v2/x")
        assert tokens.take_log() == ["%s %d" % (TOKEN, status)] and api.take_log() == [], result
    tokens.grant = right
    sandbox.ok("send", "mega", "/v2/x")


@case("oauth2: a login_url that was changed in the file gets nothing: exit 6, until the secret is stored again")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = m2m(sandbox)
    trap = Trap(sandbox)
    sandbox.rewrite("mega", tokens.url, trap.url)
    sandbox.fails(6, "send", "mega", "/v2/x", saying=trap.url)
    sandbox.fails(6, "login", "mega", saying=trap.url)
    assert trap.silent() and tokens.take_log() == [] and api.take_log() == []
    sandbox.rewrite("mega", trap.url, tokens.url)
    sandbox.ok("send", "mega", "/v2/x")


@case("oauth2: without login_url the vendor's own host is meant, and another endpoint gets no secret")
def _(desktop):
    sandbox = desktop.sandbox
    api = Megaport(sandbox)
    sandbox.add("mega", "megaport", "client_id=x", secret=SECRET, field="client_secret", endpoint=api.url)
    shown = {field["name"]: field["value"] for field in sandbox.ok("show", "mega", "--json").json["fields"]}
    assert shown["login_url"] == "https://auth-m2m.megaport.com/oauth2/token", shown


@case("the token server does not see the request, and the API does not see the secret")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = m2m(sandbox)
    sandbox.ok("send", "mega", "POST", "/v2/x", "body=canary", "X-Mine:canary", "q==canary")
    assert b"canary" not in b"".join(request.raw for request in tokens.requests)
    for request in api.requests:
        assert b"Basic " not in request.raw and SECRET.encode() not in request.raw


# --- classic ------------------------------------------------------------------------------


@case("classic: v1 and v2, the token in a header or in the query")
def _(desktop):
    sandbox = desktop.sandbox
    for number, (words, path) in enumerate(((("login_version=v2",), "/v2/login"), (("login_version=v1",), "/login"))):
        api = classic(sandbox, *words)
        sandbox.ok("send", "mega", "/v2/x?a=b")
        assert api.take_log() == ["POST %s 200" % path, "GET /v2/x 200"]
        assert len(api.last.header("X-Auth-Token")) == 1 and api.last.line == "GET /v2/x?a=b HTTP/1.1"
        assert api.requests[0].header("Content-Type") == ["application/x-www-form-urlencoded"]
        sandbox.ok("set", "mega", "token_in=query")
        sandbox.ok("send", "mega", "/v2/x?a=b")
        assert re.match(r"GET /v2/x\?a=b&token=[0-9a-f-]{36} HTTP", api.last.line), api.last.line
        assert not api.last.header("X-Auth-Token") and not api.last.header("Authorization")
        sandbox.ok("remove", "mega")


@case("classic: the seed's example: company and token in the query of a v1 path")
def _(desktop):
    sandbox = desktop.sandbox
    api = classic(sandbox, "login_version=v1", "token_in=query")
    sandbox.ok("send", "mega", "/secure/party/company/{company_id}")
    assert api.last.line.startswith("GET /secure/party/company/203?token="), api.last.line


@case("classic: {company_id} stands for the company of the session, also after a new login")
def _(desktop):
    sandbox = desktop.sandbox
    api = classic(sandbox)
    sandbox.ok("send", "mega", "/v2/company/{company_id}?c={company_id}")
    assert api.take_log() == ["POST /v2/login 200", "GET /v2/company/203 200"]
    assert api.last.line == "GET /v2/company/203?c=203 HTTP/1.1", api.last.line
    api.forget()
    api.COMPANY = 77
    sandbox.ok("send", "mega", "/v2/company/{company_id}")
    assert api.take_log() == ["GET /v2/company/203 401", "POST /v2/login 200", "GET /v2/company/77 200"]


@case("{NAME} that is no value of the session is sent as it is or refused, and never a secret one")
def _(desktop):
    sandbox = desktop.sandbox
    api = classic(sandbox)
    sandbox.ok("login", "mega")
    for name in ("token", "session", "password", "username", "nonsense", ""):
        sandbox.run("send", "mega", "/v2/echo/{%s}" % name)
    for request in api.requests[1:]:
        path = request.line.split(" ")[1]
        assert not any(secret in path for secret in sandbox.secrets), path


@case("a company that the server makes up cannot change the path, the query or what the rules allow")
def _(desktop):
    sandbox = desktop.sandbox
    api = classic(sandbox, "--allow=GET /v2/company/203")
    for company in ("../x", "203/../204", "203?a=b", "203#x", "a b", "%2e%2e", "{company_id}", "..", "é", "-1",
                    10 ** 20):
        api.COMPANY = company
        sandbox.ok("login", "mega")
        api.take_log()
        sandbox.fails(9 if company == ".." else 6, "send", "mega", "/v2/company/{company_id}")
        assert api.take_log() == [], company
    api.COMPANY = 203
    sandbox.ok("login", "mega")
    sandbox.ok("send", "mega", "/v2/company/{company_id}")
    unlimited = classic(sandbox, name="free")
    for company, path in (("a/b?c#d e%é", "a%2Fb%3Fc%23d%20e%25%C3%A9"), ("{company_id}", "%7Bcompany_id%7D")):
        unlimited.COMPANY = company
        sandbox.ok("login", "free")
        sandbox.run("send", "free", "/v2/company/{company_id}?q={company_id}")
        assert unlimited.last.line == "GET /v2/company/%s?q=%s HTTP/1.1" % (path, path), unlimited.last.line


@case("rules are about requests: a login needs none, and is no way around them")
def _(desktop):
    sandbox = desktop.sandbox
    api = classic(sandbox, "--allow=GET /v2/x")
    sandbox.ok("send", "mega", "/v2/x")
    sandbox.fails(6, "send", "mega", "POST", "/v2/login", "a=b", "--form")
    assert api.take_log() == ["POST /v2/login 200", "GET /v2/x 200"]


@case("{company_id} where no login tells it: one login at most, also where there is a session, and an error")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = m2m(sandbox)
    for _ in range(2):
        result = sandbox.run("send", "mega", "/v2/company/{company_id}", timeout=20)
        assert result.code in (2, 3, 9) and result.err.count("\n") == 1, result
        assert len(tokens.take_log()) <= 1 and api.take_log() == []
        sandbox.ok("login", "mega")
        tokens.take_log()


@case("classic: 401 for a token whose time is over is one login, and the same request again")
def _(desktop):
    sandbox = desktop.sandbox
    api = classic(sandbox)

    def hours_pass():
        api.offset = 2 * api.lifetime

    first, second = check_renewed(sandbox, api, api, hours_pass)
    assert api.take_log() == ["PUT /v2/x 401", "POST /v2/login 200", "PUT /v2/x 200"]
    assert without_token(first) == without_token(second), (first.raw, second.raw)
    assert first.header("X-Auth-Token") != second.header("X-Auth-Token")


@case("classic: a wrong password is sent once, however often the profile is used")
def _(desktop):
    sandbox = desktop.sandbox
    api = classic(sandbox, password="wrong-password-1")
    result = sandbox.fails(7, "send", "mega", "/v2/x", saying="Could not verify the password")
    assert api.traces[0] in result.err, result
    for _ in range(6):
        sandbox.fails(7, "send", "mega", "/v2/x")
        sandbox.fails((3, 7), "sign", "mega", "/v2/x")
    assert api.take_log() == ["POST /v2/login 401"]
    assert api.accounts["example"].locked_until == 0
    sandbox.ok("set", "mega", "--secret=password=-", input=PASSWORD)
    sandbox.ok("send", "mega", "/v2/x")
    assert api.take_log() == ["POST /v2/login 200", "GET /v2/x 200"]


@case("classic: a person may try until the account is locked, and reads that it is")
def _(desktop):
    sandbox = desktop.sandbox
    api = classic(sandbox, password="wrong-password-1")
    for _ in range(5):
        sandbox.fails(7, "login", "mega", saying="Could not verify the password")
    sandbox.fails(7, "login", "mega", saying="Account is locked")
    sandbox.ok("set", "mega", "--secret=password=-", input=PASSWORD)
    sandbox.fails(7, "send", "mega", "/v2/x", saying="Account is locked")
    api.offset = 61
    sandbox.ok("login", "mega")


# --- the second factor -----------------------------------------------------------------


def second_factor(sandbox, *words):
    return classic(sandbox, "otp=ask", *words, otp_key=OTP_KEY, otp_time=OTP_TIME)


@case("a one-time password cannot be asked for without a terminal: exit 4, the question named, nothing sent")
def _(desktop):
    sandbox = desktop.sandbox
    api = second_factor(sandbox)
    for words in (["send", "mega", "/v2/x"], ["login", "mega"], ["login", "mega", "--no-prompt"]):
        result = sandbox.fails(4, *words)
        assert "one-time password" in result.err.lower(), result
    assert api.take_log() == [] and session(sandbox)["state"] == "none"


@case("a one-time password is asked for on the terminal, is not shown, and logs in; the session then lasts")
def _(desktop):
    sandbox = desktop.sandbox
    api = second_factor(sandbox)
    otp = totp(OTP_KEY, OTP_TIME)
    terminal = Terminal(sandbox, "login", "mega")
    assert not terminal.expect("assword"), "what is typed would be shown"
    terminal.type(otp)
    assert terminal.end() == 0, terminal.text
    assert otp.encode() not in terminal.text
    assert api.take_log() == ["POST /v2/login 200"]
    sandbox.ok("send", "mega", "/v2/x")
    assert api.take_log() == ["GET /v2/x 200"]


@case("a wrong one-time password is a refusal; the next login asks again")
def _(desktop):
    sandbox = desktop.sandbox
    api = second_factor(sandbox)
    for otp, code in (("000000", 7), (totp(OTP_KEY, OTP_TIME), 0)):
        terminal = Terminal(sandbox, "login", "mega")
        terminal.expect("assword")
        terminal.type(otp)
        assert terminal.end() == code, terminal.text
    assert api.take_log() == ["POST /v2/login 401", "POST /v2/login 200"]


@case("a one-time password that is not given is exit 4, and no failed login")
def _(desktop):
    sandbox = desktop.sandbox
    api = second_factor(sandbox)
    terminal = Terminal(sandbox, "send", "mega", "/v2/x")
    terminal.expect("assword")
    os.write(terminal.fd, b"\x04")
    assert terminal.end() in (2, 4), terminal.text
    assert api.take_log() == [] and session(sandbox)["state"] == "none"


# --- login, logout, show, sign --------------------------------------------------------------


@case("login says who one is; logout drops the session; a second logout has nothing to drop")
def _(desktop):
    sandbox = desktop.sandbox
    api = classic(sandbox)
    result = sandbox.ok("login", "mega")
    assert "MEGAPORT" in result.text + result.err and "203" in result.text + result.err, result
    sandbox.ok("login", "mega")
    assert api.take_log() == ["POST /v2/login 200"] * 2, "login logs in although there is a session"
    sandbox.ok("logout", "mega")
    assert session(sandbox)["state"] == "none"
    second = sandbox.run("logout", "mega")
    assert second.code in (0, 3), second
    assert api.take_log() == [], "logout tells the server nothing"
    sandbox.ok("send", "mega", "/v2/x")
    assert api.take_log() == ["POST /v2/login 200", "GET /v2/x 200"]


@case("login and logout of a provider that needs none are failures that say so")
def _(desktop):
    sandbox = desktop.sandbox
    sandbox.sixconnect()
    sandbox.fails((1, 2), "login", "lab", saying="log")
    sandbox.fails(3, "login", "nobody")
    sandbox.fails(3, "logout", "nobody")


@case("show tells of the session: none, held until, expired, refused")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = m2m(sandbox)
    assert session(sandbox)["state"] == "none"
    start = time.time()
    sandbox.ok("login", "mega")
    held = session(sandbox)
    assert held["state"] == "held" and abs(seconds_of(held["expires"]) - start - 3600) < 60, held
    assert "until" in sandbox.ok("show", "mega").text
    tokens.lifetime = 1
    sandbox.ok("login", "mega")
    time.sleep(1.1)
    assert session(sandbox)["state"] == "expired", session(sandbox)
    del tokens.clients["5dpba9qr9"]
    sandbox.fails(7, "login", "mega")
    assert session(sandbox)["state"] == "refused"
    sandbox.sixconnect()
    assert sandbox.ok("show", "lab", "--json").json.get("session") is None, "6connect has no session"


@case("sign: without a session exit 3 and a word about login; with one, what send would send; nothing is sent")
def _(desktop):
    sandbox = desktop.sandbox
    api = classic(sandbox)
    sandbox.fails(3, "sign", "mega", "/v2/x", saying="credence login mega")
    assert api.take_log() == []
    sandbox.ok("login", "mega")
    out = sandbox.ok("sign", "mega", "/v2/company/{company_id}", may_print_secret=True).text
    assert out.startswith("GET /v2/company/203 HTTP/1.1\r\n"), out.split("\r\n")[0]
    assert len(re.findall("X-Auth-Token: [0-9a-f-]{36}\r\n", out)) == 1
    assert api.take_log() == ["POST /v2/login 200"]


@case("--trace and -i show no token and no password")
def _(desktop):
    sandbox = desktop.sandbox
    api = classic(sandbox)
    sandbox.ok("send", "mega", "/v2/x", "--trace", "-i")
    api.forget()
    sandbox.ok("send", "mega", "/v2/x", "--trace", "-i")
    sandbox.ok("login", "mega")
    assert len(sandbox.secrets) > 4


@case("four at once: one of them logs in, and all use its session")
def _(sandbox):
    api, tokens = m2m(sandbox)
    grant = tokens.grant

    def slow(call):
        time.sleep(0.5)
        return grant(call)

    tokens.grant = slow
    running = [sandbox.popen("send", "mega", "/v2/x") for _ in range(4)]
    for process in running:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert tokens.take_log() == [TOKEN + " 200"] and api.take_log() == ["GET /v2/x 200"] * 4


@case("four at once with a wrong secret: it is sent once")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = m2m(sandbox, secret="wrong-secret-1")
    running = [sandbox.popen("send", "mega", "/v2/x") for _ in range(4)]
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode == 7
    assert tokens.take_log() == [TOKEN + " 400"]


@case("the session belongs to the endpoint: another origin in the file gets no token")
def _(desktop):
    sandbox = desktop.sandbox
    api = classic(sandbox)
    sandbox.ok("login", "mega")
    trap = Trap(sandbox)
    sandbox.rewrite("mega", api.url, trap.url)
    sandbox.fails(6, "send", "mega", "/v2/x")
    sandbox.fails(6, "sign", "mega", "/v2/x")
    assert trap.silent()


@case("a changed account does not use the session of the one before")
def _(desktop):
    sandbox = desktop.sandbox
    api = classic(sandbox)
    api.account("second", PASSWORD)
    sandbox.ok("send", "mega", "/v2/x")
    sandbox.ok("set", "mega", "username=second")
    sandbox.ok("send", "mega", "/v2/x")
    assert api.take_log() == ["POST /v2/login 200", "GET /v2/x 200"] * 2
    assert b"username=second" in api.requests[-2].body


@case("no file of the user's holds a token or a password")
def _(sandbox):
    api = classic(sandbox)
    sandbox.ok("send", "mega", "/v2/company/{company_id}")
    for folder, _, names in os.walk(sandbox.home):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                data = f.read()
            assert not any(secret.encode() in data for secret in sandbox.secrets), name
    locked = {"CREDENCE_PASSPHRASE_FILE": None}
    assert session(sandbox, env=locked)["state"] == "held"
    sandbox.fails(4, "send", "mega", "/v2/x", env=locked)
    assert len(api.take_log()) == 2, "locked is not absent"


# --- a real Secret Service ---------------------------------------------------------------------


@case("gnome-keyring: the session is kept and used, and show tells of it while the keyring is locked")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = m2m(sandbox)
    sandbox.ok("send", "mega", "/v2/x")
    sandbox.ok("send", "mega", "/v2/x")
    assert tokens.take_log() == [TOKEN + " 200"]
    desktop.lock()
    assert session(sandbox)["state"] == "held"
    sandbox.fails(4, "sign", "mega", "/v2/x", "--no-prompt")
    sandbox.fails(4, "send", "mega", "/v2/x", "--no-prompt")
    sandbox.fails(4, "login", "mega", "--no-prompt")
    assert tokens.take_log() == [] and len(api.take_log()) == 2, "locked is not absent"


@case("gnome-keyring: an old token is renewed, logout drops it, and remove leaves nothing")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = m2m(sandbox)
    sandbox.ok("send", "mega", "/v2/x")
    api.forget()
    sandbox.ok("send", "mega", "/v2/x")
    assert tokens.take_log() == [TOKEN + " 200"] * 2
    sandbox.ok("logout", "mega")
    sandbox.fails(3, "sign", "mega", "/v2/x")
    sandbox.ok("login", "mega")
    sandbox.ok("remove", "mega")
    left = desktop.secrets_call("", "Service.SearchItems", "dict:string:string:profile,mega")
    assert "/collection/" not in left, left


if __name__ == "__main__":
    main()
