# SPDX-License-Identifier: BSD-3-Clause
"""credence rotate, killed at each of its writes: see tests/writes.py.

Breaks when the order of what a rotation writes leaves a moment in which the profile does
not sign, or signs with a key and the secret of another, or has lost the new secret; and
when what is left then cannot be completed.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
import writes  # noqa: E402
from harness import case, main  # noqa: E402
from rotation import KEY, NEW, NEW_KEY, OLD, SEND, VERIFY, api_key, held, lab, rotate  # noqa: E402

PAIR = ("rotate", "lab", "api_key=" + NEW_KEY, "--secret=secret_key=-", VERIFY, "--quiet")


def never_mixed(server):
    for line in server.taken():
        assert line.split(" ")[0] in ("%s/%s" % (KEY, OLD), "%s/%s" % (NEW_KEY, NEW)), "a mixed pair: " + line


def signs_and_completes(sandbox, server):
    """After whatever was killed: it signs with a pair, and the same rotation completes."""
    sandbox.ok(*SEND)
    sandbox.ok(*PAIR, input=NEW)
    assert api_key(sandbox) == NEW_KEY
    sandbox.ok(*SEND)
    assert server.seen[-1] == "%s/%s 200" % (NEW_KEY, NEW)
    never_mixed(server)
    assert held(sandbox) == {"current": NEW}


@case("killed at each write of a rotation, alone or all at once: it signs, never mixed, and can be completed")
def _(sandbox):
    server = lab(sandbox)
    server.accepts.add((NEW_KEY, NEW))
    count = writes.at_each(sandbox, *PAIR, input=NEW, modes=(writes.AFTER, writes.POWER),
                           check=lambda n, result: signs_and_completes(sandbox, server))
    assert count > 20, count


@case("killed at each write of the going on, of the undoing, and of the request that drops the old one")
def _(sandbox):
    server = lab(sandbox)
    server.accepts.add((NEW_KEY, NEW))
    server.status = 503
    sandbox.fails(1, *PAIR, input=NEW)
    server.status = None
    power = {"modes": (writes.POWER,), "check": lambda n, result: signs_and_completes(sandbox, server)}
    writes.at_each(sandbox, "rotate", "lab", VERIFY, **power)
    sandbox.ok("rotate", "lab", VERIFY)
    writes.at_each(sandbox, "rotate", "lab", "--undo", **power)
    writes.at_each(sandbox, *SEND, **power)


@case("killed at each write of a rotation of the secret alone: what waits is not lost")
def _(sandbox):
    server = lab(sandbox, both=True)

    def check(n, result):
        found = held(sandbox)
        assert found["current"] in (OLD, NEW), found
        sandbox.ok(*SEND)
        if "next" in found:
            sandbox.ok("rotate", "lab", VERIFY)
        rotate(sandbox, NEW, VERIFY)
        sandbox.ok(*SEND)
        assert held(sandbox) == {"current": NEW}
    writes.at_each(sandbox, "rotate", "lab", "--secret=secret_key=-", VERIFY, input=NEW, check=check,
                   modes=(writes.POWER,))


@case("gnome-keyring: killed at writes of a rotation")
def _(desktop):
    sandbox = desktop.sandbox
    server = lab(sandbox)
    server.accepts.add((NEW_KEY, NEW))

    def restore():
        sandbox.ok("set", "lab", "api_key=" + KEY, "--secret=secret_key=-", input=OLD)
    writes.at_each(sandbox, *PAIR, input=NEW, restore=restore, modes=(writes.POWER,), step=9,
                   check=lambda n, result: signs_and_completes(sandbox, server))


main()
