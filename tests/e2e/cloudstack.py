# SPDX-License-Identifier: BSD-3-Clause
"""CloudStack and CPBM: published values, and a server's rule written down anew.

Breaks when the order of the parameters, the encoding of a value, or the text in
front of them differs from what the server computes from the request it gets; when
a clock that is off makes requests fail that could be signed again, or makes them
go out without end; and when a session is not kept, renewed or sent as the server
wants it.
"""

import os
import random
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from batch import batch  # noqa: E402
from harness import case, main  # noqa: E402
from vendors import LIES, CloudStack, server_verifies  # noqa: E402

# Apache CloudStack, "Developer's Guide".
API_KEY = "plgWJfZK4gyS3mOMTVmjUVg-X-jlWlnfaUJ9GAbBbf9EdM-kAYMmAiLqzzq1ElZLYq_u38zCm0bewzGUdP66mg"
SECRET = "VDaACYb0LV9eNjTetIOElcVQkvJck_J_QljX_FcHRj87ZKiy0z0ty0ZsYBkoXkY9b7eq1EhwJaw7FF3akA3KBQ"


def cloudstack(sandbox, *options):
    sandbox.add("cloud", "cloudstack", "api_key=" + API_KEY, *options, secret=SECRET, field="secret_key",
                endpoint="http://127.0.0.1:1/client/api")


def cpbm(sandbox, name, *options):
    sandbox.add(name, "cpbm", "api_key=Key", *options, secret="secret", field="secret_key",
                endpoint="http://127.0.0.1:1/portal/api")


def signature_of(url):
    return urllib.parse.unquote(url.rsplit("&signature=", 1)[1].strip())


@case("CloudStack: the published request has the published signature")
def _(sandbox):
    cloudstack(sandbox, "signature_version=2")
    url = sandbox.ok("sign", "cloud", "?command=listUsers&response=json", "--format=url").text
    assert signature_of(url) == "TTpdDq/7j/J58XCRHomKoQXEQds=", url


@case("CPBM: the three orders of clients in the wild")
def _(desktop):
    sandbox = desktop.sandbox
    wanted = {"document": ("", "9uzYF7y99DZ1Hh2DrfXar4GGkQc="),
              "underscore-first": ("", "u9HzPJHW0Y3WrmUt20ycQ5ig5b8="),
              "original-case": ("space=+", "lTW37Ctml8Kh5nCPmraq52f0zu0=")}
    for order, (space, signature) in wanted.items():
        cpbm(sandbox, order, "order=" + order, *filter(None, [space]))
        url = sandbox.ok("sign", order, "accounts?Name=A%20b", "--at=1368420672.402", "--format=url").text
        assert signature_of(url) == signature, (order, url)
        assert "?Name=A%20b&_=1368420672402&apiKey=Key&signature=" in url, url


@case("CPBM: .json is signed as sent, or not with sign_suffix=no; a path elsewhere is refused")
def _(desktop):
    sandbox = desktop.sandbox
    cpbm(sandbox, "with")
    cpbm(sandbox, "without", "sign_suffix=no")
    at = "--at=1368420672.402"
    signed = [sandbox.ok("sign", name, path, at, "--trace", "--format=url").err
              for name, path in (("with", "accounts.json"), ("without", "accounts.json"), ("without", "accounts"))]
    assert "/accounts.json_=" in signed[0] and "/accounts_=" in signed[1] and signed[1] == signed[2], signed
    sandbox.fails(2, "sign", "with", "/elsewhere", saying="/portal/api")


# --- the server's rule, from its description --------------------------------------


def random_query(dice):
    names = dice.sample(["command", "response", "zoneid", "Name", "a", "b1", "B2", "_x", "id[0].key", "account",
                         "domainid", "page", "pagesize", "x-y", "z*", "keyword"], dice.randint(1, 10))
    alphabet = "abcXYZ019 -._~*+/=?&%:;,!'()[]@#$\"<>\\^`{|}éß漢😀\t\n"
    pairs = []
    for name in names:
        value = "".join(dice.choice(alphabet) for _ in range(dice.randint(0, 12)))
        style = dice.randint(0, 3)
        kept = "*" if style == 1 else ""
        encoded = urllib.parse.quote_plus(value) if style == 0 else urllib.parse.quote(value, safe=kept)
        pairs.append(urllib.parse.quote(name, safe="[]*") + ("" if style == 3 and not value else "=" + encoded))
    return "&".join(pairs)


@case("CloudStack: a thousand random parameter sets, verified by the server's rule in Python")
def _(sandbox):
    seed = int(os.environ.get("CLOUDSTACK_SEED", random.SystemRandom().getrandbits(32)))
    print("# seed %d" % seed)
    dice = random.Random(seed)
    cloudstack(sandbox)
    queries = [random_query(dice) for _ in range(1000)]
    answers = batch(sandbox, "sign", "cloud", [("GET", "?" + query, None) for query in queries], at=1700000000)
    for query, answer in zip(queries, answers):
        assert not answer.refused, (query, answer)
        good, params = server_verifies(answer.url.split("?", 1)[1], SECRET)
        assert good, (query, answer.url)
        assert params["signatureVersion"] == "3" and params["expires"] == "2023-11-14T22:23:20+0000", params


@case("CloudStack: what the server could read in two ways is refused")
def _(desktop):
    sandbox = desktop.sandbox
    cloudstack(sandbox)
    bad = {"a=1&a=2": "stands twice", "a=%ff": "UTF-8", "%c3%a9=1": "plain ASCII", "=1": "plain ASCII",
           "a%26b=1": "plain ASCII", "signature=x": "already", "apikey=x": "already", "expires=x": "already"}
    for query, saying in bad.items():
        result = sandbox.fails((2, 6), "sign", "cloud", "?" + query, saying=saying)
        assert "cloudstack" in result.err


@case("CloudStack: the parameters of a form body are signed, those of JSON are not")
def _(desktop):
    sandbox = desktop.sandbox
    cloudstack(sandbox, "signature_version=2")
    form = sandbox.ok("sign", "cloud", "POST", "?command=x", "userdata=a b", "--form", "--format=json").json
    good, params = server_verifies(form["url"].split("?", 1)[1] + "&" + form["body"], SECRET)
    assert good and params["userdata"] == "a b", form
    other = sandbox.ok("sign", "cloud", "POST", "?command=x", "userdata=a b", "--format=json").json
    assert server_verifies(other["url"].split("?", 1)[1], SECRET)[0], other


# --- the clock ---------------------------------------------------------------------


LIST = ("?command=listUsers&response=json",)


def vendor(sandbox, *options, secret=SECRET):
    """A server, and the profile "live" for it."""
    server = CloudStack(sandbox)
    server.keys[API_KEY] = SECRET
    sandbox.add("live", "cloudstack", "api_key=" + API_KEY, *options, secret=secret, field="secret_key",
                endpoint=server.url + "/client/api")
    return server


@case("version 3: with the right clock one request, with one that is twenty minutes off two")
def _(desktop):
    sandbox = desktop.sandbox
    server = vendor(sandbox)
    sandbox.ok("send", "live", *LIST)
    assert server.take_statuses() == [200]
    for offset in (-1200, 1200):
        server.offset = offset
        sandbox.ok("send", "live", "POST", "?command=deploy&response=json", "userdata=a b", "--form", "X-One:1")
        assert server.take_statuses() == [401, 200], offset
        first, second = server.requests[-2:]
        assert first.body == second.body == b"userdata=a%20b" or first.body == second.body == b"userdata=a+b"
        assert first.header("X-One") == second.header("X-One") == ["1"] and first.line != second.line


@case("version 3: a wrong key is one request or two, never more, and the server's words are told")
def _(desktop):
    sandbox = desktop.sandbox
    server = vendor(sandbox, secret="wrong-secret-1")
    for offset in (0, -1200, 1200):
        server.offset = offset
        result = sandbox.fails(7, "send", "live", *LIST, saying=CloudStack.DENIED)
        assert server.take_statuses() in ([401], [401, 401]) and "clock" in result.err, result
    server.offset = 0
    server.take_log()
    sandbox.fails(7, "send", "live", *LIST)
    assert server.take_statuses() == [401], "with both clocks alike there is no reason to try again"


@case("version 3: a Date that lies or does not help: no second request, or one; exit 7 and a word about the clock")
def _(desktop):
    sandbox = desktop.sandbox
    server = vendor(sandbox)
    server.offset = 1200
    for name, (date, extra, worth) in LIES.items():
        server.date, server.extra = date, extra
        sandbox.fails(7, "send", "live", *LIST, saying="clock")
        assert server.take_statuses() == [401] * worth, name


@case("version 2 has no time: a clock that is off does not matter, and a wrong key is one request")
def _(desktop):
    sandbox = desktop.sandbox
    server = vendor(sandbox, "signature_version=2")
    server.offset = 10 ** 6
    sandbox.ok("send", "live", *LIST)
    assert server.take_statuses() == [200]
    server.keys[API_KEY] = "another-key-1"
    result = sandbox.fails(7, "send", "live", *LIST, saying=CloudStack.DENIED)
    assert server.take_statuses() == [401] and "clock" not in result.err, result


@case("an answer in XML is passed on, with the same exit code")
def _(desktop):
    sandbox = desktop.sandbox
    server = vendor(sandbox)
    assert sandbox.ok("send", "live", "?command=listUsers").out.startswith(b"<listusersresponse>")
    server.keys.clear()
    assert b"<errorcode>401" in sandbox.fails(7, "send", "live", "?command=listUsers").out


# --- sessions ------------------------------------------------------------------------


PASSWORD = "pä ss+w/o=r&d%"


def session(sandbox, *options, password=PASSWORD):
    """A server, and the profile "live" that logs in to it."""
    server = CloudStack(sandbox)
    server.user("admin", PASSWORD)
    server.user("admin", PASSWORD + "2", domain="/sub/unit")
    sandbox.add("live", "cloudstack", "mode=session", "username=admin", *options, secret=password, field="password",
                endpoint=server.url + "/client/api")
    return server


@case("session: logs in by itself, then uses the session; cookie, key and form as the server wants them")
def _(desktop):
    sandbox = desktop.sandbox
    server = session(sandbox)
    for _ in range(2):
        sandbox.ok("send", "live", *LIST)
    assert server.take_statuses() == [200, 200, 200]
    login, request = server.requests[0], server.last
    assert login.line == "POST /client/api HTTP/1.1" and not login.header("Cookie"), login.line
    assert len(request.header("Cookie")) == 1 and "signature=" not in request.line and "apikey" not in request.line
    sandbox.ok("login", "live")
    assert "admin" in sandbox.ok("login", "live").text + sandbox.ok("login", "live").err


@case("session: the domain of the user")
def _(desktop):
    sandbox = desktop.sandbox
    server = session(sandbox, "domain=/sub/unit", password=PASSWORD + "2")
    sandbox.ok("send", "live", *LIST)
    assert server.take_statuses() == [200, 200]


@case("session: 401 for an old session is one login and the same request again; a truthful clock is no matter")
def _(desktop):
    sandbox = desktop.sandbox
    server = session(sandbox)
    sandbox.ok("send", "live", *LIST)
    server.forget()
    server.offset = 5000
    server.take_log()
    sandbox.ok("send", "live", "POST", "?command=deploy&response=json", "userdata=a b", "--form")
    assert server.take_statuses() == [401, 200, 200]
    first, second = server.requests[-3], server.requests[-1]
    assert first.body == second.body and first.header("Cookie") != second.header("Cookie")


@case("session: it is renewed after the timeout that the login told")
def _(desktop):
    sandbox = desktop.sandbox
    server = session(sandbox)
    server.timeout = "0"  # as if it had not said
    sandbox.ok("send", "live", *LIST)
    sandbox.ok("send", "live", *LIST)
    assert server.take_statuses() == [200, 200, 200]
    for timeout in (1, "1"):
        server.timeout = timeout
        sandbox.ok("login", "live")
        time.sleep(1.05)
        server.take_log()
        sandbox.ok("send", "live", *LIST)
        assert server.take_statuses() == [200, 200], "not renewed"


@case("session: a wrong password is sent once, and the server's words are told")
def _(desktop):
    sandbox = desktop.sandbox
    server = session(sandbox, password="wrong-password-1")
    for _ in range(3):
        sandbox.fails(7, "send", "live", *LIST, saying="Failed to authenticate user admin")
    assert server.take_statuses() == [531]
    sandbox.ok("set", "live", "--secret=password=-", input=PASSWORD)
    sandbox.ok("send", "live", *LIST)


@case("session: a command that is not allowed is no reason to log in")
def _(desktop):
    sandbox = desktop.sandbox
    server = session(sandbox)
    sandbox.ok("login", "live")
    server.take_log()
    assert sandbox.run("send", "live", "?command=forbidden&response=json").code == 1
    assert server.take_statuses() == [432]


@case("session: a login without the cookie or the key is malformed, and is not remembered as a refusal")
def _(desktop):
    sandbox = desktop.sandbox
    server = session(sandbox)
    right = server.log_in
    for body, headers in ((b"{}", []), (b'{"loginresponse":{"sessionkey":"abc"}}', []), (b"<html>", []),
                          (b'{"loginresponse":{}}', ["Set-Cookie: JSESSIONID=abc"]),
                          (b'{"loginresponse":{"sessionkey":"a\r\nb"}}', ["Set-Cookie: JSESSIONID=abc"])):
        server.log_in = lambda call, params, body=body, headers=headers: (200, body, headers)
        sandbox.fails((1, 2, 9), "send", "live", *LIST)
        assert server.take_statuses() == [200], body
    server.log_in = right
    sandbox.ok("send", "live", *LIST)


@case("session: cookies of the server besides those of the session are not sent")
def _(desktop):
    sandbox = desktop.sandbox
    server = session(sandbox)
    server.extra = ["Set-Cookie: tracking=canary; Path=/"]
    for _ in range(3):
        sandbox.ok("send", "live", *LIST)
    assert not any(b"canary" in request.raw for request in server.requests)
    sandbox.fails(6, "send", "live", *LIST, "Cookie:a=b")


@case("the fields of the other mode are neither needed nor asked for")
def _(desktop):
    sandbox = desktop.sandbox
    words = ["add", "x", "cloudstack", "--keyring=file", "--endpoint=https://h/client/api"]
    for options, missing, other in (([], "api_key", "username"), (["mode=session"], "username", "api_key"),
                                    (["mode=session", "username=a"], "password", "secret_key")):
        result = sandbox.fails(4, *words, *options, saying=missing)
        assert other not in result.err, result


if __name__ == "__main__":
    main()
