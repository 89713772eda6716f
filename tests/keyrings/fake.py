# SPDX-License-Identifier: BSD-3-Clause
"""fake.py - what the keyring helpers here share: they answer as a real one does,
but for the one way in which each misbehaves.

They hold one 6connect secret for every profile.  Each start leaves a file in the
folder that FAKE_KEYRING_MARKER names, so that a test can count them.
"""

import base64
import os

ORIGIN = b"https://cloud.6connect.com"
SECRET = b"889f33027c902061d023d8b0ee39b100"



def note_start():
    """How many helpers were started before this one."""
    folder = os.environ.get("FAKE_KEYRING_MARKER")
    if folder is None:
        return 0
    before = len(os.listdir(folder))
    with open(os.path.join(folder, str(os.getpid())), "w"):
        return before


STARTS_BEFORE = note_start()


def field(tag, value):
    return tag + len(value).to_bytes(4, "big") + value


def message(fields):
    return len(fields).to_bytes(4, "big") + fields


def record():
    """What a real keyring keeps: see credence-keyring(7)."""
    data = field(b"o", ORIGIN) + field(b"f", b"6connect.secret_key") + field(b"v", SECRET)
    return b"c1:" + base64.urlsafe_b64encode(data).rstrip(b"=")


def good_answer():
    return message(field(b"S", b"0") + field(b"v", record()) + field(b"R", b"1"))


def read_exactly(size):
    data = b""
    while len(data) < size:
        more = os.read(0, size - len(data))
        if not more:
            return None
        data += more
    return data


def read_request():
    """The fields of the next request, or None when there is none any more."""
    prefix = read_exactly(4)
    return read_exactly(int.from_bytes(prefix, "big")) if prefix else None


def write(data):
    while data:
        data = data[os.write(1, data):]


def serve(answer):
    """Give this answer to every request, until the input ends."""
    while read_request() is not None:
        write(answer)
