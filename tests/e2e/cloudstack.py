# SPDX-License-Identifier: BSD-3-Clause
"""CloudStack and CPBM: published values, and a server's rule written down anew.

Breaks when the order of the parameters, the encoding of a value, or the text in
front of them differs from what the server computes from the request it gets.
"""

import base64
import hashlib
import hmac
import os
import random
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from batch import batch  # noqa: E402
from harness import case, main  # noqa: E402

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
def _(sandbox):
    wanted = {"document": ("", "9uzYF7y99DZ1Hh2DrfXar4GGkQc="),
              "underscore-first": ("", "u9HzPJHW0Y3WrmUt20ycQ5ig5b8="),
              "original-case": ("space=+", "lTW37Ctml8Kh5nCPmraq52f0zu0=")}
    for order, (space, signature) in wanted.items():
        cpbm(sandbox, order, "order=" + order, *filter(None, [space]))
        url = sandbox.ok("sign", order, "accounts?Name=A%20b", "--at=1368420672.402", "--format=url").text
        assert signature_of(url) == signature, (order, url)
        assert "?Name=A%20b&_=1368420672402&apiKey=Key&signature=" in url, url


@case("CPBM: .json is signed as sent, or not with sign_suffix=no; a path elsewhere is refused")
def _(sandbox):
    cpbm(sandbox, "with")
    cpbm(sandbox, "without", "sign_suffix=no")
    at = "--at=1368420672.402"
    signed = [sandbox.ok("sign", name, path, at, "--trace", "--format=url").err
              for name, path in (("with", "accounts.json"), ("without", "accounts.json"), ("without", "accounts"))]
    assert "/accounts.json_=" in signed[0] and "/accounts_=" in signed[1] and signed[1] == signed[2], signed
    sandbox.fails(2, "sign", "with", "/elsewhere", saying="/portal/api")


# --- the server's rule, from its description --------------------------------------


def java_encode(text):
    """java.net.URLEncoder for UTF-8, with + turned into %20, as the server does."""
    kept = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*_"
    return "".join(c if c in kept else "".join("%%%02X" % b for b in c.encode()) for c in text)


def server_verifies(query, secret):
    """Read the request as a servlet does, and compute the signature."""
    params = {}
    for pair in query.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            params.setdefault(urllib.parse.unquote_plus(name), urllib.parse.unquote_plus(value))
    given = params.pop("signature")
    text = "&".join("%s=%s" % (name, java_encode(params[name])) for name in sorted(params)).lower()
    mac = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    return given == base64.b64encode(mac).decode(), params


def random_query(dice):
    names = dice.sample(["command", "response", "zoneid", "Name", "a", "b1", "B2", "_x", "id[0].key", "account",
                         "domainid", "page", "pagesize", "x-y", "z*", "keyword"], dice.randint(1, 10))
    alphabet = "abcXYZ019 -._~*+/=?&%:;,!'()[]@#$\"<>\\^`{|}éß漢😀\t\n"
    pairs = []
    for name in names:
        value = "".join(dice.choice(alphabet) for _ in range(dice.randint(0, 12)))
        style = dice.randint(0, 3)
        encoded = urllib.parse.quote_plus(value) if style == 0 else urllib.parse.quote(value, safe="*" if style == 1 else "")
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
def _(sandbox):
    cloudstack(sandbox)
    bad = {"a=1&a=2": "stands twice", "a=%ff": "UTF-8", "%c3%a9=1": "plain ASCII", "=1": "plain ASCII",
           "a%26b=1": "plain ASCII", "signature=x": "already", "apikey=x": "already", "expires=x": "already"}
    for query, saying in bad.items():
        result = sandbox.fails((2, 6), "sign", "cloud", "?" + query, saying=saying)
        assert "cloudstack" in result.err


@case("CloudStack: the parameters of a form body are signed, those of JSON are not")
def _(sandbox):
    cloudstack(sandbox, "signature_version=2")
    form = sandbox.ok("sign", "cloud", "POST", "?command=x", "userdata=a b", "--form", "--format=json").json
    good, params = server_verifies(form["url"].split("?", 1)[1] + "&" + form["body"], SECRET)
    assert good and params["userdata"] == "a b", form
    other = sandbox.ok("sign", "cloud", "POST", "?command=x", "userdata=a b", "--format=json").json
    assert server_verifies(other["url"].split("?", 1)[1], SECRET)[0], other


if __name__ == "__main__":
    main()
