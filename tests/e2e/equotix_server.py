# SPDX-License-Identifier: BSD-3-Clause
"""A thousand random bodies, signed by Credence and verified by a PHP server that
runs Equotix's formula over what it received.

Breaks when one text that is signed differs from the one PHP makes of the same
body: a number, an escape, a name's place, a duplicate.  Breaks as well when
Credence refuses a body that PHP could have verified, or changes what the caller
wrote.  The seed is printed; EQUOTIX_SEED repeats a run.
"""

import base64
import collections
import json
import os
import random
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from batch import batch  # noqa: E402
from equotix_differential import Bodies, Filter, expected  # noqa: E402
from harness import EQUOTIX_SECRET, SRC, WRAPPER, case, main, php_server  # noqa: E402

SEED = int(os.environ.get("EQUOTIX_SEED", random.SystemRandom().randrange(2**32)))
COUNT = 60 if WRAPPER else 1000
BY_COMMAND = 20
ADDED = ("domain", "api_key", "auth_timestamp", "auth_signature")


class Requests(Bodies):
    """As in the differential test, but mostly such as can be sent: most of what
    is refused there would only repeat what that test proves."""

    def name(self):
        name = super().name()
        while (name in ADDED or re.fullmatch(r"[\s\d.+eE-]*\d[\s\d.+eE-]*", name)) and self.random.random() < 0.9:
            name = super().name()
        return name

    def damage(self, body):
        return super().damage(body) if self.random.random() < 0.3 else body


def members(body):
    """The names at the top level; none when Python cannot read the body."""
    try:
        return set(json.loads(body, parse_int=str))
    except (ValueError, TypeError, RecursionError):
        return set()


def judge(answer, body, php):
    """Why a request came to its end, and a mismatch or None."""
    text, cause = expected(php)
    if text is not None and members(body) & set(ADDED):
        text, cause = None, "has a member that Credence adds"
    if answer.refused:
        return cause, None if text is None else "refused for no reason that PHP knows"
    if text is None:
        return cause, "was sent"
    if answer.status != 200:
        return cause, "the server did not verify it"
    return cause, None if kept(answer, body) else "what the caller wrote was changed"


def kept(answer, body):
    """Everything before and behind the closing brace arrived as it was given."""
    received = base64.b64decode(json.loads(answer.body)["verified"])
    brace = body.rindex(b"}")
    return received.startswith(body[:brace]) and received.endswith(b'"' + body[brace:])


def plain(message):
    return re.sub(r"at byte \d+", "at byte N", re.sub(r'body member ".*":', "body member NAME:", message, flags=re.S))


def report(title, counter):
    for reason, count in counter.most_common():
        print("# %s: %d %s" % (title, count, reason.encode("ascii", "backslashreplace").decode()))


def ask_php(bodies):
    php = Filter([shutil.which("php"), "-n", "-d", "memory_limit=512M",
                  os.path.join(SRC, "php", "equotix_canonical.php")])
    answers = php.ask(bodies)
    assert php.close() == 0
    return answers


@case("a thousand bodies: verified by PHP, or refused with a reason that PHP confirms")
def _(sandbox):
    url = php_server(sandbox, "equotix_server.php", {"SECRET": EQUOTIX_SECRET})
    sandbox.equotix(endpoint=url)
    print("# seed %d" % SEED)
    maker = Requests(SEED)
    bodies = [maker.body() for _ in range(COUNT)]
    answers = batch(sandbox, "send", "shop", [("POST", "/item", body) for body in bodies])
    why, refused, faults = collections.Counter(), collections.Counter(), []
    for body, answer, php in zip(bodies, answers, ask_php(bodies)):
        cause, fault = judge(answer, body, php)
        why[cause] += 1
        if answer.refused:
            refused[plain(answer.message)] += 1
        if fault is not None:
            faults.append((fault, body, answer))
    report("by PHP", why)
    report("refused by Credence", refused)
    assert not faults, "%d of %d, first: %r" % (len(faults), COUNT, faults[:3])
    assert why["signed"] > COUNT * 0.7, "too few were signed for that to mean something"


@case("the command, with the body from a file, says the same as the library")
def _(sandbox):
    url = php_server(sandbox, "equotix_server.php", {"SECRET": EQUOTIX_SECRET})
    sandbox.equotix(endpoint=url)
    maker = Requests(SEED + 1)
    bodies = [maker.body() for _ in range(3 if WRAPPER else BY_COMMAND)]
    answers = batch(sandbox, "send", "shop", [("POST", "/item", body) for body in bodies])
    for body, answer in zip(bodies, answers):
        path = sandbox.write("body", body)
        if answer.refused:
            message = sandbox.fails((6, 9), "send", "shop", "/item", "@" + path).err
            assert plain(message)[:60] == plain("credence: " + answer.message)[:60], (message, answer)
        else:
            assert "verified" in sandbox.ok("send", "shop", "/item", "@" + path).json, body


@case("a wrong secret is told from other failures: exit 7, with the server's words")
def _(sandbox):
    url = php_server(sandbox, "equotix_server.php", {"SECRET": "another"})
    sandbox.equotix(endpoint=url)
    result = sandbox.fails(7, "send", "shop", "/item", "sku=test", saying="the signature is wrong")
    assert result.json == {"error": ["the signature is wrong"]}


if __name__ == "__main__":
    main()
