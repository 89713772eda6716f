# SPDX-License-Identifier: BSD-3-Clause
"""A secret stays with the origin that it was stored for.

Breaks when something lets a stored secret be used for an endpoint that somebody
wrote into the profile's file: signing, or storing another secret beside it.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import Sandbox, case, main  # noqa: E402

# Two secrets, of which the plugin bearer uses the first.
MANIFEST = """[provider]
title = Two secrets
module = bearer.so
provider = bearer
abi = 1

[field token]
required = yes
secret = yes

[field other]
secret = yes
"""


def two_secrets(sandbox):
    data = os.path.join("home", ".local", "share", "credence")
    sandbox.write(os.path.join(data, "providers", "two.provider"), MANIFEST, 0o644)
    sandbox.add("two", "two", secret="first-canary", field="token", endpoint="http://127.0.0.1:1/a")
    sandbox.ok("set", "two", "--secret", "other=-", "--quiet", input="second-canary")


def move(sandbox, port):
    with open(sandbox.config("two")) as f:
        text = f.read()
    sandbox.write(sandbox.config("two"), text.replace("127.0.0.1:1/", "127.0.0.1:%d/" % port))


@case("a changed endpoint makes signing fail, and the old one makes it work again")
def _(sandbox):
    two_secrets(sandbox)
    move(sandbox, 2)
    sandbox.fails(6, "sign", "two", saying="stored for http://127.0.0.1:1")
    text = open(sandbox.config("two")).read()
    sandbox.write(sandbox.config("two"), text.replace(":2/", ":1/"))
    sandbox.ok("sign", "two", may_print_secret=True)


@case("storing one secret does not take the others to a changed endpoint")
def _(sandbox):
    two_secrets(sandbox)
    move(sandbox, 2)
    sandbox.fails(6, "set", "two", "--secret", "other=-", input="third", saying="stored for http://127.0.0.1:1")
    sandbox.fails(6, "sign", "two", saying="stored for http://127.0.0.1:1")


@case("giving all secrets anew takes the profile to its new endpoint")
def _(sandbox):
    two_secrets(sandbox)
    move(sandbox, 2)
    other = sandbox.write("other", "third")
    sandbox.ok("set", "two", "--secret", "other=" + other, "--secret", "token=-", "--quiet", input="newtoken")
    assert "Bearer newtoken" in sandbox.ok("sign", "two").text


@case("a changed path on the same origin is fine")
def _(sandbox):
    two_secrets(sandbox)
    text = open(sandbox.config("two")).read()
    sandbox.write(sandbox.config("two"), text.replace(":1/a", ":1/b"))
    assert "GET /b " in sandbox.ok("sign", "two", may_print_secret=True).text


if __name__ == "__main__":
    main()
