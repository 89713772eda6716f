# SPDX-License-Identifier: BSD-3-Clause
"""CPBM: requests to a server that computes the signature anew, and has a clock of its own.

Breaks when one of the orders and encodings that clients use is not what the server
computes, when a clock that is off makes requests fail that could be signed again,
and when a server that lies about the time can make them go out without end.
"""

import json
import os
import random
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from batch import batch  # noqa: E402
from harness import case, main  # noqa: E402
from vendors import CPBM, LIES, Call, cpbm_signature, servlet_params  # noqa: E402

SECRET = "VXxhHXAhsFY_XBwThUs9CnS7vv5fiFtVfgVMmZq3"


def portal(sandbox, order="document", space="%20", suffix=True, secret=SECRET):
    server = CPBM(sandbox, order, space, suffix)
    server.keys["Key-1_a"] = SECRET
    sandbox.add("portal", "cpbm", "api_key=Key-1_a", "order=" + order, "space=" + space,
                "sign_suffix=" + ("yes" if suffix else "no"), secret=secret, field="secret_key",
                endpoint=server.url + "/portal/api")
    return server


@case("every order and encoding of a space, with and without the suffix, is what the server computes")
def _(desktop):
    sandbox = desktop.sandbox
    for order in ("document", "underscore-first", "original-case"):
        for space in ("%20", "+"):
            server = portal(sandbox, order, space)
            sandbox.ok("send", "portal", "accounts?zeta=1&Name=A%20b&alpha=%C3%A9*~&Beta=x+y&_b=&C")
            sandbox.ok("send", "portal", "accounts/1f/users", "state==New One", "Zone==a/b", "expand==true")
            assert server.take_statuses() == [200, 200], (order, space)
            sandbox.ok("remove", "portal")
    for suffix in (True, False):
        server = portal(sandbox, suffix=suffix)
        for path in ("accounts.json?a=b", "accounts.xml", "accounts", "a.json/b"):
            sandbox.ok("send", "portal", path)
        assert server.take_statuses() == [200] * 4
        sandbox.ok("remove", "portal")


@case("the server's rule gives what clients in the wild compute")
def _():
    params = {"_": "1368420672402", "apiKey": "Key", "Name": "A b"}
    for order, space, signature in (("document", "%20", "9uzYF7y99DZ1Hh2DrfXar4GGkQc="),
                                    ("underscore-first", "%20", "u9HzPJHW0Y3WrmUt20ycQ5ig5b8="),
                                    ("original-case", "+", "lTW37Ctml8Kh5nCPmraq52f0zu0=")):
        assert cpbm_signature("/accounts", params, "secret", order, space) == signature, order


@case("the orders are told apart: a server with another order refuses, once and in its words")
def _(desktop):
    sandbox = desktop.sandbox
    server = portal(sandbox)
    server.order = "original-case"
    sandbox.ok("send", "portal", "accounts?name=1")
    sandbox.fails(7, "send", "portal", "accounts?Name=1&alpha=2", saying="Signature does not match")
    assert server.take_statuses() == [200, 401]


@case("500 random parameter sets in each order, verified by the text's rule in Python")
def _(desktop):
    sandbox = desktop.sandbox
    seed = int(os.environ.get("CPBM_SEED", random.SystemRandom().getrandbits(32)))
    print("# seed %d" % seed)
    dice = random.Random(seed)
    for order in ("document", "underscore-first", "original-case"):
        space = dice.choice(("%20", "+"))
        portal(sandbox, order, space)
        queries = [random_query(dice) for _ in range(500)]
        answers = batch(sandbox, "sign", "portal", [("GET", "accounts.json?" + query, None) for query in queries],
                        at=1700000000)
        for query, answer in zip(queries, answers):
            assert not answer.refused, (query, answer)
            url = urllib.parse.urlsplit(answer.url)
            params = servlet_params(url.query)
            given = params.pop("signature")
            assert params["_"] == "1700000000000" and params["apiKey"] == "Key-1_a"
            assert given == cpbm_signature("/accounts.json", params, SECRET, order, space), (order, space, url)
        sandbox.ok("remove", "portal")


def random_query(dice):
    names = dice.sample(["state", "Name", "zone", "B2", "b1", "expand", "page", "PerPage", "x-y", "_x", "A"],
                        dice.randint(0, 8))
    alphabet = "abcXYZ019 -._~*+/=?&%:;,!'()[]@#$\"<>\\^`{|}éß漢😀\t\n"
    pairs = []
    for name in names:
        value = "".join(dice.choice(alphabet) for _ in range(dice.randint(0, 12)))
        quote = dice.choice((urllib.parse.quote, urllib.parse.quote_plus))
        pairs.append(name + "=" + quote(value, safe=""))
    return "&".join(pairs)


@case("JSON, XML and bodies pass through")
def _(desktop):
    sandbox = desktop.sandbox
    server = portal(sandbox)
    assert sandbox.ok("send", "portal", "accounts.json").json["accounts"] == []
    assert sandbox.ok("send", "portal", "accounts.xml").out == b"<accounts/>"
    sandbox.ok("send", "portal", "accounts", "name=é", "limit:=1.0")
    assert server.last.line.startswith("POST ") and json.loads(server.last.body) == {"name": "é", "limit": 1.0}


# --- the clock ---------------------------------------------------------------------------


@case("the clock is right, or off by less than five minutes: one request")
def _(sandbox):
    server = portal(sandbox)
    for offset in (0, 240, -240):
        server.offset = offset
        sandbox.ok("send", "portal", "accounts")
        assert server.take_statuses() == [200], offset


@case("the clock is ten minutes or 23 hours off: the second request has the server's time")
def _(desktop):
    sandbox = desktop.sandbox
    server = portal(sandbox)
    for offset in (600, -600, 82800, -82800):
        server.offset = offset
        sandbox.ok("send", "portal", "PUT", "accounts/1?a=b", "name=é", "X-One:1", "q==r s")
        assert server.take_statuses() == [400, 200], offset
        first, second = server.requests[-2:]
        assert (first.body, first.header("X-One")) == (second.body, second.header("X-One"))
        told, before = (int(dict(Call(request).query)["_"]) / 1000 for request in (second, first))
        assert abs(told - server.now()) < 60 and abs(before - time.time()) < 60
        assert first.line.split("&_=")[0] == second.line.split("&_=")[0], "the query changed"


@case("a clock that is off by more than a day is for a person to set: one request, and it is told")
def _(desktop):
    sandbox = desktop.sandbox
    server = portal(sandbox)
    for offset in (3 * 86400, -3 * 86400, 20 * 365 * 86400, -20 * 365 * 86400):
        server.offset = offset
        sandbox.fails(7, "send", "portal", "accounts", saying="clock")
        assert server.take_statuses() == [400], offset


@case("a time that was given with --at is not replaced by the server's")
def _(desktop):
    sandbox = desktop.sandbox
    server = portal(sandbox)
    sandbox.fails(7, "send", "portal", "accounts", "--at=1368420672.402")
    assert server.take_statuses() == [400]


@case("a Date that lies or does not help: no second request, or one; exit 7 and a word about the time")
def _(desktop):
    sandbox = desktop.sandbox
    server = portal(sandbox)
    for offset in (600, -600):
        server.offset = offset
        for name, (date, extra, worth) in LIES.items():
            server.date, server.extra = date, extra
            sandbox.fails(7, "send", "portal", "accounts", saying="the time of the request")
            assert server.take_statuses() == [400] * worth, name


@case("a server that finds every time wrong is asked twice at most, whatever its Date")
def _(desktop):
    sandbox = desktop.sandbox
    server = portal(sandbox)
    server.WINDOW = -1
    for offset in (0, 600, -600):
        server.offset = offset
        sandbox.fails(7, "send", "portal", "accounts", saying="the time of the request")
        assert server.take_statuses() in ([400], [400, 400]), offset


@case("another 400, and 401, are no matter of the clock")
def _(sandbox):
    server = portal(sandbox, secret="wrong-secret-1")
    server.offset = 200
    sandbox.fails(7, "send", "portal", "accounts", saying="Signature does not match")
    assert server.take_statuses() == [401]
    server.LATE = {"message": "Bad parameter", "code": 400}
    server.offset = 600
    result = sandbox.run("send", "portal", "accounts")
    assert result.code == 1 and b"Bad parameter" in result.out and server.take_statuses() == [400], result


@case("a wrong key and a wrong clock: two requests, and the server's word about the key")
def _(desktop):
    sandbox = desktop.sandbox
    server = portal(sandbox, secret="wrong-secret-1")
    server.offset = 600
    sandbox.fails(7, "send", "portal", "accounts", saying="Signature does not match")
    assert server.take_statuses() == [400, 401]


if __name__ == "__main__":
    main()
