# SPDX-License-Identifier: BSD-3-Clause
"""OAuth 2.0 client credentials, against a token server that keeps to RFC 6749.

Breaks when the client shows itself in another way than the server decodes it, when
a token is fetched too often or used too long, or when the secret goes to a token
server that somebody wrote into the profile's file.
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, main  # noqa: E402
from loopback import Trap  # noqa: E402
from vendors import FORM, Call, OAuth2, one, seconds_of  # noqa: E402

ID = "my client"
SECRETS = ("q9+/=%s&7 s3crét:x", "plain-secret-1", "100%25+%2B", "trailing=&", "日本語-secret")
GRANT = "POST /token"


def client(sandbox, *words, accepts="basic", secret="plain-secret-1", name=ID):
    """A profile "api", the API that it uses, and the token server on another port."""
    tokens = OAuth2(sandbox, accepts)
    api = OAuth2(sandbox, tokens=tokens.tokens)
    tokens.client(name, secret)
    sandbox.add("api", "oauth2-client-credentials", "token_url=" + tokens.url + "/token", "client_id=" + name, *words,
                secret=secret, field="client_secret", endpoint=api.url + "/v1")
    return api, tokens


@case("the token server is on another port: one token for many requests")
def _(sandbox):
    api, tokens = client(sandbox)
    for _ in range(3):
        sandbox.ok("send", "api", "thing")
    assert tokens.take_log() == [GRANT + " 200"] and api.take_log() == ["GET /v1/thing 200"] * 3
    request = tokens.last
    assert request.header("Content-Type") == [FORM] and request.header("Accept") == ["application/json"]
    assert Call(request).form == [("grant_type", "client_credentials")], "parameters that nobody asked for"


@case("basic, basic-raw and body: secrets of any characters arrive as they are")
def _(desktop):
    sandbox = desktop.sandbox
    for accepts in ("basic", "basic-raw", "body"):
        for secret in SECRETS if accepts == "basic" else SECRETS[:2]:
            api, tokens = client(sandbox, "client_auth=" + accepts, accepts=accepts, secret=secret)
            sandbox.ok("send", "api", "x")
            assert tokens.take_log() == [GRANT + " 200"], (accepts, secret)
            assert bool(tokens.last.header("Authorization")) == (accepts != "body")
            assert (one(Call(tokens.last).form, "client_secret") is None) == (accepts != "body")
            sandbox.ok("remove", "api")


@case("basic: a client_id with a colon is encoded; basic-raw refuses it before anything is sent")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox, name="urn:my:client é")
    sandbox.ok("send", "api", "x")
    sandbox.ok("set", "api", "client_auth=basic-raw")
    tokens.take_log()
    sandbox.fails((2, 7), "send", "api", "x", saying="colon")
    assert tokens.take_log() == []


@case("the wrong way to show the client is the server's refusal, in its words")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox, "client_auth=basic", accepts="body")
    sandbox.fails(7, "send", "api", "x", saying="invalid_client: No such client, or a wrong secret")
    sandbox.ok("set", "api", "client_auth=body")
    sandbox.ok("send", "api", "x")
    assert tokens.take_log() == [GRANT + " 401", GRANT + " 200"] and api.take_log() == ["GET /v1/x 200"]


@case("scope and audience are asked for, and no longer when they are taken away")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox, "scope=read:a write:b", "audience=https://api.example/?a=b&c")
    tokens.scopes = {"read:a", "write:b"}
    sandbox.ok("send", "api", "x")
    sandbox.ok("set", "api", "scope=", "audience=")
    sandbox.ok("login", "api")
    assert tokens.grants == [{"scope": "read:a write:b", "audience": "https://api.example/?a=b&c"},
                             {"scope": None, "audience": None}], tokens.grants


@case("a changed scope is a new token at the next request")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox, "scope=read")
    sandbox.ok("send", "api", "x")
    sandbox.ok("set", "api", "scope=write")
    sandbox.ok("send", "api", "x")
    assert [grant["scope"] for grant in tokens.grants] == ["read", "write"], "a token of the old scope was used"


@case("a scope that the server does not know is no refusal of the credential, but said")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox, "scope=nonsense")
    tokens.scopes = {"read"}
    for _ in range(2):
        sandbox.fails((1, 7), "send", "api", "x", saying="invalid_scope: The scope is unknown")
    sandbox.ok("set", "api", "scope=read")
    sandbox.ok("send", "api", "x")


@case("a token that the API no longer takes is one login, and the same request again")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    sandbox.ok("send", "api", "x")
    api.forget()
    tokens.take_log()
    api.take_log()
    sandbox.ok("send", "api", "POST", "x?a=b", "name=é", "X-One:1", "q==r")
    assert tokens.take_log() == [GRANT + " 200"] and api.take_log() == ["POST /v1/x 401", "POST /v1/x 200"]
    first, second = api.requests[-2:]
    assert (first.line, first.body, first.header("X-One")) == (second.line, second.body, second.header("X-One"))
    assert second.line == "POST /v1/x?a=b&q=r HTTP/1.1" and second.body == '{"name":"é"}'.encode(), second.raw


@case("an API that takes no token at all: no login without end, and its words")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    api.knows = lambda token, kind: False
    sandbox.fails(7, "send", "api", "x", saying="The token expired")
    assert 1 <= len(tokens.take_log()) <= 2 and len(api.take_log()) <= 2


@case("403 is a missing scope: no login, exit 7")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    api.forbidden.add("/v1/admin")
    sandbox.ok("login", "api")
    tokens.take_log()
    sandbox.fails(7, "send", "api", "admin")
    assert tokens.take_log() == [] and api.take_log() == ["GET /v1/admin 403"]


@case("expires_in: a number, a string, a fraction, none, null; what is not a time is malformed")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    for value in (3600, "3600", 3600.5, None):
        tokens.token = {"token_type": "bearer", "expires_in": value}
        sandbox.ok("login", "api")
        shown = sandbox.ok("show", "api", "--json").json["session"]
        assert shown["state"] == "held" and (shown["expires"] is None) == (value is None), (value, shown)
        assert value is None or abs(seconds_of(shown["expires"]) - time.time() - 3600) < 60, (value, shown)
        sandbox.ok("send", "api", "x")
    for value in (0, -1, "soon", [], True, {}, 10 ** 12, 10 ** 30):
        tokens.token = {"token_type": "Bearer", "expires_in": value}
        sandbox.fails(9, "login", "api", saying="expires_in")
    sandbox.ok("send", "api", "x")
    assert api.take_log() == ["GET /v1/x 200"] * 5, "the session from before is lost"


@case("a token of another type is not used")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    for kind in ("mac", "DPoP", 7):
        tokens.token = {"token_type": kind}
        result = sandbox.run("send", "api", "x")
        assert result.code != 0 and api.take_log() == [], result
    tokens.token = {"token_type": None}
    sandbox.ok("send", "api", "x")


@case("the token lives as long as the server says, less a tenth")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    tokens.lifetime = 2
    sandbox.ok("send", "api", "x")
    time.sleep(1.85)
    sandbox.ok("send", "api", "x")
    assert tokens.take_log() == [GRANT + " 200"] * 2 and api.take_log() == ["GET /v1/x 200"] * 2


@case("a token server that fails is tried again at the next request; a redirect is not followed")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    trap, right = Trap(sandbox), tokens.grant
    for status, body in ((500, b""), (502, b"<html>"), (200, b"<html>"), (200, b"null"), (307, b""), (404, b"")):
        tokens.grant = lambda call, status=status, body=body: (status, body, ["Location: " + trap.url + "/token"])
        sandbox.fails((1, 8, 9), "send", "api", "x")
        assert tokens.take_log() == ["%s %d" % (GRANT, status)]
    assert trap.silent() and api.take_log() == []
    tokens.grant = right
    sandbox.ok("send", "api", "x")


@case("a token server that cannot be reached is exit 8, and nothing is remembered")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    grant = tokens.grant

    def hang(call):
        time.sleep(1.5)
        return grant(call)

    tokens.grant = hang
    sandbox.fails(8, "send", "api", "x", "--timeout=0.5")
    tokens.grant = grant
    sandbox.ok("send", "api", "x")


# --- where the secret may go ------------------------------------------------------------


@case("a token_url that was changed in the file is exit 6, and nothing is sent; changed back it works")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    trap = Trap(sandbox)
    sandbox.rewrite("api", tokens.url, trap.url)
    for words in (["send", "api", "x"], ["login", "api"]):
        sandbox.fails(6, *words, saying=trap.url)
    assert trap.silent() and tokens.take_log() == [] and api.take_log() == []
    sandbox.rewrite("api", trap.url, tokens.url)
    sandbox.ok("send", "api", "x")


@case("a token_url that was changed in the file is refused also while there is an old session to renew")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    sandbox.ok("send", "api", "x")
    trap = Trap(sandbox)
    sandbox.rewrite("api", tokens.url, trap.url)
    api.forget()
    sandbox.fails((6, 7), "send", "api", "x")
    assert trap.silent()


@case("a token_url changed with set asks for the secret again; with it, the new server gets it")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    other = OAuth2(sandbox, tokens=tokens.tokens)
    other.client(ID, "plain-secret-1")
    sandbox.run("set", "api", "token_url=" + other.url + "/token")
    sandbox.fails(6, "send", "api", "x")
    assert other.take_log() == []
    sandbox.ok("set", "api", "token_url=" + other.url + "/token", "--secret=client_secret=-", input="plain-secret-1")
    sandbox.ok("send", "api", "x")
    assert other.take_log() == [GRANT + " 200"] and tokens.take_log() == []


@case("another path of the same token server is fine")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    sandbox.rewrite("api", tokens.url + "/token", tokens.url + "/other")
    result = sandbox.run("send", "api", "x")
    assert result.code != 6 and tokens.take_log() == ["POST /other 401"], result


@case("a changed endpoint gets neither secret nor token")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    sandbox.ok("login", "api")
    trap = Trap(sandbox)
    sandbox.rewrite("api", api.url, trap.url)
    for words in (["send", "api", "x"], ["sign", "api", "x"], ["login", "api"]):
        sandbox.fails(6, *words)
    assert trap.silent() and tokens.take_log() == [GRANT + " 200"]


@case("a token_url that is no URL of a server is refused when it is given")
def _(sandbox):
    for url in ("tokens.example/token", "ftp://h/token", "https://", "https://u:p@h/token", "https://h/t#f", "/token",
                "https://h/t\\x", "javascript:alert(1)", ""):
        result = sandbox.run("add", "api", "oauth2-client-credentials", "token_url=" + url, "client_id=a",
                             "--secret=client_secret=-", "--endpoint=https://api.example/", "--keyring=file", input="s")
        assert result.code in (2, 4, 6), (url, result)
    assert sandbox.ok("list").out == b""


# --- a real Secret Service ------------------------------------------------------------------


@case("gnome-keyring: one token for many requests; a new one when the API no longer takes it")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    for _ in range(2):
        sandbox.ok("send", "api", "x")
    api.forget()
    sandbox.ok("send", "api", "x")
    assert tokens.take_log() == [GRANT + " 200"] * 2
    assert api.take_log() == ["GET /v1/x 200"] * 2 + ["GET /v1/x 401", "GET /v1/x 200"]


@case("gnome-keyring: a session that cannot be read because it is locked is no reason to log in")
def _(desktop):
    sandbox = desktop.sandbox
    api, tokens = client(sandbox)
    sandbox.ok("send", "api", "x")
    desktop.lock()
    sandbox.fails(4, "send", "api", "x", "--no-prompt")
    assert tokens.take_log() == [GRANT + " 200"] and len(api.take_log()) == 1
    assert sandbox.ok("show", "api", "--json").json["session"]["state"] == "held"


if __name__ == "__main__":
    main()
