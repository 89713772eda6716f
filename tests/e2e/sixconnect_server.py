# SPDX-License-Identifier: BSD-3-Clause
"""A thousand random queries, signed by Credence and verified by a PHP server as
6connect's does it: over the raw query string up to "&hash=".

Breaks when one byte of a query is changed, moved, sorted or encoded anew on its
way from the command line to the server, or when the hash does not survive PHP's
decoding.  The seed is printed; SIXCONNECT_SEED repeats a run.
"""

import base64
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from batch import batch  # noqa: E402
from harness import SIXCONNECT_KEY, SIXCONNECT_SECRET, WRAPPER, case, main, php_server  # noqa: E402

SEED = int(os.environ.get("SIXCONNECT_SEED", random.SystemRandom().randrange(2**32)))
COUNT = 60 if WRAPPER else 1000
# Every byte that may stand in a query as it is, and one that may not, as %XX.
RAW = "ABCXYZabcxyz0189-._~!$'()*+,;:@/?[]"
WHOLE = ["", "&", "&&", "=", "a?", "a", "a=", "=a", "a=&b", "a&a&a", "x=1&x=2&x=1", "a[]=1&a[]=2", "a[b][c]=d",
         "a=b;c=d", "a=+&b=%2B&c=%20&d=%2b", "a=%00", "a=%0a%0D", "a=b&", "&a=b", "a=b&&c=d", "hash", "xhash=1",
         "a=hash=1", "a=%26hash%3D1", "HASH=1", "Hash=1", "hash[]=1", "APIKEY=1", "apikey=2", "api.Key=1",
         "a=%FF%fe", "a=%C3%A9", "target=ipam&action=get&type=IP&mask=24", "a==b==c", "%61=%62", "a=%25", "/=/"]
# What Credence refuses: the server takes the first &hash= for its own.
REFUSED = ["hash", "hash=", "a=b&hash", "hash=1", "a=b&hash=1", "a=b&hash=1&c=d", "%68ash=1", "a=b&apiKey=1",
           "apiKey", "%61piKey=1", "apiKe%79=1"]


def piece(maker):
    """A few bytes, raw or as %XX."""
    if maker.random() < 0.2:
        return "%" + maker.choice(["%02x", "%02X"]) % maker.randrange(256)
    return maker.choice(RAW)


def pair(maker):
    name = "".join(piece(maker) for _ in range(maker.choice([0, 1, 2, 8])))
    if maker.random() < 0.15:
        return name
    return name + "=" + "".join(maker.choice([piece(maker), "="]) if maker.random() < 0.1 else piece(maker)
                                for _ in range(maker.choice([0, 1, 5, 40])))


def query(maker):
    """PHP's own web server, not PHP, drops question marks at the beginning."""
    return "&".join(pair(maker) for _ in range(maker.choice([0, 1, 2, 3, 10]))).lstrip("?")


def expected(text):
    """What the server must have seen, in front of the hash."""
    return (text + "&" if text else "") + "apiKey=" + SIXCONNECT_KEY


def check(text, answer):
    assert not answer.refused, (text, answer)
    said = json.loads(answer.body)
    assert said["success"] == 1, (text, answer)
    assert base64.b64decode(said["data"]["signed"]).decode() == expected(text), (text, answer)
    assert answer.url.split("?", 1)[1].startswith(expected(text) + "&hash="), (text, answer)


def server(sandbox, secret=SIXCONNECT_SECRET):
    return php_server(sandbox, "sixconnect_server.php", {"SECRET": secret, "KEY": SIXCONNECT_KEY})


@case("a thousand queries arrive byte by byte, and PHP verifies each")
def _(sandbox):
    sandbox.sixconnect(endpoint=server(sandbox) + "/api/v1/api.php")
    print("# seed %d" % SEED)
    maker = random.Random(SEED)
    queries = [text for text in WHOLE if text not in REFUSED]
    queries += ["b=" + byte for byte in RAW] + ["b=%%%02X" % byte for byte in range(256)]
    if WRAPPER:
        queries = maker.sample(queries, COUNT // 2)
    queries += [query(maker) for _ in range(COUNT - len(queries))]
    answers = batch(sandbox, "send", "lab", [("GET", "?" + text, None) for text in queries])
    for text, answer in zip(queries, answers):
        check(text, answer)


@case("a parameter that stands for the provider's own is refused")
def _(sandbox):
    sandbox.sixconnect(endpoint=server(sandbox) + "/api/v1/api.php")
    answers = batch(sandbox, "send", "lab", [("GET", "?" + text, None) for text in REFUSED])
    for text, answer in zip(REFUSED, answers):
        assert answer.refused and answer.code == -16, (text, answer)


@case("by the command: the query of TARGET as it is, that of items encoded")
def _(sandbox):
    sandbox.sixconnect(endpoint=server(sandbox) + "/api/v1/api.php")
    for words, text in [(["?target=ipam&a=+%20&&b"], "target=ipam&a=+%20&&b"),
                        (["?a[]=1;2", "b==c d", "é==+&="], "a[]=1;2&b=c%20d&%C3%A9=%2B%26%3D"),
                        (["", "empty=="], "empty="), ([], ""), (["?"], "")]:
        said = sandbox.ok("send", "lab", *words).json
        assert said["success"] == 1 and base64.b64decode(said["data"]["signed"]).decode() == expected(text), said


@case("success 0 with status 200 is a failure: exit 1, the server's message, the body all the same")
def _(sandbox):
    sandbox.sixconnect(endpoint=server(sandbox, "another") + "/api/v1/api.php")
    result = sandbox.fails(1, "send", "lab", "?target=ipam", saying="Invalid hash")
    assert result.json["success"] == 0, result


if __name__ == "__main__":
    main()
