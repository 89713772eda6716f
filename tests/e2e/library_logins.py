# SPDX-License-Identifier: BSD-3-Clause
"""Providers that log in, through the library in one process that lives long.

The command starts anew for each request; a program keeps its profile open.  Breaks
when the library does not notice that its session ended, logs in more often than it
must, forgets the clock that it was told, or repeats what was refused.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from batch import batch  # noqa: E402
from harness import case, main  # noqa: E402
from vendors import CPBM, CloudStack, Megaport, OAuth2  # noqa: E402

REJECTED = -18
NO_SESSION = -21


def forgetful(vendor):
    """A server of this kind that ends all sessions once it has answered .../forget."""
    class Forgetful(vendor):
        def handle(self, call):
            result = super().handle(call)
            if "forget" in call.target:
                for name in ("tokens", "sessions"):
                    getattr(self, name, {}).clear()
            return result
    return Forgetful


def megaport(sandbox, *words):
    server = forgetful(Megaport)(sandbox)
    server.client("id", "s3cret/+=")
    sandbox.add("api", "megaport", "client_id=id", "login_url=" + server.url + "/oauth2/token", *words,
                secret="s3cret/+=", field="client_secret", endpoint=server.url)
    return server, "POST /oauth2/token 200"


def megaport_classic(sandbox, *words):
    server = forgetful(Megaport)(sandbox)
    server.account("example", "p&ss w=rd")
    sandbox.add("api", "megaport", "mode=classic", "username=example", *words, secret="p&ss w=rd", field="password",
                endpoint=server.url)
    return server, "POST /v2/login 200"


def oauth2(sandbox):
    server = forgetful(OAuth2)(sandbox)
    server.client("id", "s3cret/+=")
    sandbox.add("api", "oauth2-client-credentials", "token_url=" + server.url + "/token", "client_id=id",
                secret="s3cret/+=", field="client_secret", endpoint=server.url)
    return server, "POST /token 200"


def cloudstack(sandbox):
    server = forgetful(CloudStack)(sandbox)
    server.user("admin", "p&ss w=rd")
    sandbox.add("api", "cloudstack", "mode=session", "username=admin", secret="p&ss w=rd", field="password",
                endpoint=server.url + "/client/api")
    return server, "POST /client/api 200"


MAKERS = {"megaport": megaport, "megaport classic": megaport_classic, "oauth2": oauth2, "cloudstack": cloudstack}


def target(kind, word):
    return "?command=%s&response=json" % word if kind == "cloudstack" else "/x/" + word


def path(kind, word):
    return "/client/api" if kind == "cloudstack" else "/x/" + word


@case("one login for many requests; one more when the session ended in between, and the request again")
def _(desktop):
    for kind, make in MAKERS.items():
        server, login = make(desktop.sandbox)
        asked = [("GET", target(kind, word), None) for word in ("one", "two", "forget", "three", "four")]
        answers = batch(desktop.sandbox, "send", "api", asked)
        assert [a.status for a in answers] == [200] * 5, (kind, answers)
        get = ["GET %s %%d" % path(kind, word) for word in ("one", "two", "forget", "three", "four")]
        assert server.take_log() == [login, get[0] % 200, get[1] % 200, get[2] % 200,
                                     get[3] % 401, login, get[3] % 200, get[4] % 200], kind
        desktop.sandbox.ok("remove", "api")


@case("the body and the query are the same in the second attempt")
def _(desktop):
    server, login = megaport(desktop.sandbox)
    body = bytes(range(256)) * 300
    answers = batch(desktop.sandbox, "send", "api", [("GET", "/forget", None), ("PUT", "/x?a=%20&b&a=1", body)])
    assert [a.status for a in answers] == [200, 200], answers
    first, again = server.requests[-3], server.requests[-1]
    assert first.line == again.line == "PUT /x?a=%20&b&a=1 HTTP/1.1" and first.body == again.body == body
    differ = {name for name, value in again.headers if [value] != first.header(name)}
    assert differ == {"Authorization"}, differ


@case("what needs a session cannot be signed without one, and can be after a request")
def _(desktop):
    for kind, make in MAKERS.items():
        make(desktop.sandbox)
        assert [a.code for a in batch(desktop.sandbox, "sign", "api", [("GET", target(kind, "x"), None)])] == [NO_SESSION]
        batch(desktop.sandbox, "send", "api", [("GET", target(kind, "x"), None)])
        desktop.sandbox.ok("sign", "api", target(kind, "x"), may_print_secret=True)
        desktop.sandbox.ok("remove", "api")


@case("a wrong password is sent once by a process, however many requests it makes")
def _(desktop):
    server, _ = megaport_classic(desktop.sandbox)
    server.accounts["example"].password = "changed meanwhile"
    answers = batch(desktop.sandbox, "send", "api", [("GET", "/x", None)] * 10)
    assert [a.code for a in answers] == [REJECTED] * 10, answers
    assert server.take_log() == ["POST /v2/login 401"]


@case("403 is told at once")
def _(desktop):
    server, login = oauth2(desktop.sandbox)
    server.forbidden.add("/x")
    answers = batch(desktop.sandbox, "send", "api", [("GET", "/x", None), ("GET", "/y", None)])
    assert answers[0].code == REJECTED and answers[1].status == 200, answers
    assert server.take_log() == [login, "GET /x 403", "GET /y 200"]


@case("a clock that is off: the first request is sent twice, those after it once")
def _(sandbox):
    for offset in (600, -600):
        server = CPBM(sandbox)
        server.keys["Key"], server.offset = "secret-of-cpbm", offset
        sandbox.add("portal", "cpbm", "api_key=Key", secret="secret-of-cpbm", field="secret_key",
                    endpoint=server.url + "/portal/api")
        answers = batch(sandbox, "send", "portal", [("GET", "accounts?Name=A%20b", None)] * 3)
        assert [a.status for a in answers] == [200] * 3, answers
        assert [line[-3:] for line in server.take_log()] == ["400", "200", "200", "200"]
        sandbox.ok("remove", "portal")


@case("CloudStack, version 3: the same, and a wrong key is not sent twice")
def _(sandbox):
    server = CloudStack(sandbox)
    server.keys["Key"], server.offset = "secret-of-cloud", -1200
    for name, secret in (("good", "secret-of-cloud"), ("bad", "another-secret")):
        sandbox.add(name, "cloudstack", "api_key=Key", secret=secret, field="secret_key",
                    endpoint=server.url + "/client/api")
    answers = batch(sandbox, "send", "good", [("GET", "?command=listUsers&response=json", None)] * 2)
    assert [a.status for a in answers] == [200, 200], answers
    assert [line[-3:] for line in server.take_log()] == ["401", "200", "200"]
    server.offset = 0
    answers = batch(sandbox, "send", "bad", [("GET", "?command=listUsers&response=json", None)])
    assert answers[0].code == REJECTED and "signature" in answers[0].message, answers
    assert [line[-3:] for line in server.take_log()] == ["401"]


if __name__ == "__main__":
    main()
