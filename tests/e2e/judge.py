# SPDX-License-Identifier: BSD-3-Clause
"""What a server says of a request becomes the exit code and the error.

Breaks when a failure that comes with status 200 passes for success, when the
vendor's words get lost, or when they reach the terminal with control characters.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from loopback import Server, reply  # noqa: E402
from harness import case, main  # noqa: E402


def answers(sandbox, status, body):
    server = Server(sandbox, reply(status, body, "Content-Type: application/json"))
    return server.url


@case("Equotix: {\"error\":[...]} with status 200 is a failure in the vendor's words")
def _(sandbox):
    sandbox.equotix(endpoint=answers(sandbox, "200 OK", b'{"error":["Unknown \\u001b[31msku"]}') + "/api/")
    result = sandbox.fails(1, "send", "shop", "item", "sku=1", saying="Unknown \\x1b[31msku")
    assert result.out == b'{"error":["Unknown \\u001b[31msku"]}', result


@case("Equotix: 401 rejects the credential, with and without words")
def _(sandbox):
    sandbox.equotix("a", endpoint=answers(sandbox, "401 Unauthorized", b'{"error":["Invalid signature"]}') + "/")
    sandbox.fails(7, "send", "a", "item", "sku=1", saying="Invalid signature")
    sandbox.equotix("b", endpoint=answers(sandbox, "401 Unauthorized", b"no JSON") + "/")
    sandbox.fails(7, "send", "b", "item", "sku=1", saying="api_secret and the clock")


@case("Equotix: an empty error, or one that is no text, is no failure")
def _(sandbox):
    for i, body in enumerate([b'{"error":[]}', b'{"error":""}', b'{"error":null,"item":{}}', b'[]', b'']):
        name = "ok%d" % i
        sandbox.equotix(name, endpoint=answers(sandbox, "200 OK", body) + "/")
        sandbox.ok("send", name, "item", "sku=1")


@case("6connect: success that is 0, \"0\" or false is a failure; 1, true and absent are none")
def _(sandbox):
    for i, (value, code) in enumerate([(b"0", 1), (b'"0"', 1), (b"false", 1), (b"1", 0), (b"true", 0), (b"null", 0)]):
        name = "lab%d" % i
        body = b'{"success":' + value + b',"message":"no block"}'
        sandbox.sixconnect(name, endpoint=answers(sandbox, "200 OK", body) + "/")
        result = sandbox.run("send", name)
        assert result.code == code and ("no block" in result.err) == (code == 1), (value, result)


if __name__ == "__main__":
    main()
