# SPDX-License-Identifier: BSD-3-Clause
"""rotation.py - a server that knows pairs of key and secret, and what the keyring holds.

The keyring's value is read here by the format that credence-keyring(7) describes, and
not by the library's code.
"""

import base64
import hmac
import os
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "keyring")]
from harness import PASSPHRASE  # noqa: E402
from loopback import Server, reply  # noqa: E402
from protocol import Helper  # noqa: E402
from vendors import hide  # noqa: E402

OLD, NEW, THIRD = "old-secret-11111", "new-secret-22222", "third-secret-33333"
KEY, NEW_KEY = "41-OLD", "42-NEW"
SEND = ("send", "lab", "?action=get")
VERIFY = "--verify=?action=verify"


# --- the server -------------------------------------------------------------------------------


class Keys(Server):
    """Accepts a query as 6connect does, when its key and secret are a pair of accepts.

    knows: every pair there ever was, so that one that does not belong together is told from
    one that is not accepted.  status: what it answers instead.  seen: "KEY/SECRET STATUS"."""

    def __init__(self, sandbox):
        self.accepts, self.secrets, self.status, self.seen = set(), {OLD, NEW, THIRD}, None, []
        super().__init__(sandbox, self.judge)

    def pair(self, query):
        signed, _, mac = query.partition("&hash=")
        key = urllib.parse.parse_qs(signed).get("apiKey", [""])[0]
        mac = urllib.parse.unquote(mac).encode()
        for secret in self.secrets:
            if base64.b64encode(hmac.digest(secret.encode(), signed.encode(), "sha256")) == mac:
                return key, secret
        return key, None

    def judge(self, request, _):
        pair = self.pair(request.line.split(" ")[1].partition("?")[2])
        status = self.status or (200 if pair in self.accepts else 401)
        self.seen.append("%s/%s %d" % (*pair, status))
        return reply("%d Some" % status, b"{}", "Content-Type: application/json")

    def taken(self):
        seen, self.seen = self.seen, []
        return seen


def lab(sandbox, both=False):
    """The profile lab with OLD, and a server that accepts that, and NEW if both."""
    for secret in (OLD, NEW, THIRD):
        hide(sandbox, secret)
    server = Keys(sandbox)
    server.accepts = {(KEY, OLD)} | ({(KEY, NEW)} if both else set())
    sandbox.sixconnect("lab", server.url + "/api.php", KEY, OLD)
    return server


def rotate(sandbox, secret, *words, code=0, saying=None):
    words = ("rotate", "lab", "--secret=secret_key=-") + words
    if code == 0:
        result = sandbox.ok(*words, input=secret)
    else:
        result = sandbox.fails(code, *words, input=secret, saying=saying)
    return result


# --- what the keyring holds ----------------------------------------------------------------------


def fields(data):
    return [(chr(tag), value) for tag, value in split(data)]


def split(data):
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at + 1:at + 5], "big")
        yield data[at], data[at + 5:at + 5 + size]
        at += 5 + size


def secret_of(data):
    values = [value for tag, value in fields(data) if tag == "v"]
    return values[0].decode() if values else None


def held(sandbox):
    """{"current": SECRET, "next": ..., "previous": ...}, of the profile lab."""
    program = "keyring-" + sandbox.keyring
    with Helper(program, env=sandbox.env) as helper:
        if sandbox.keyring == "file":
            assert helper.call("unlock", passphrase=PASSPHRASE).status == 0
        answer = helper.call("get", profile="lab", kind="credential", deadline=20000)
    assert answer.status == 0, answer
    line = answer.value[3:]
    data = base64.urlsafe_b64decode(line + "=" * (-len(line) % 4))
    found = {"current": secret_of(data)}
    for tag, value in fields(data):
        if tag in "NP":
            found["next" if tag == "N" else "previous"] = secret_of(value)
    return found


def api_key(sandbox):
    with open(sandbox.config("lab")) as f:
        return [line.split(" = ")[1].strip() for line in f if line.startswith("api_key")][0]
