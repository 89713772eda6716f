# SPDX-License-Identifier: BSD-3-Clause
"""migrate, import and export, killed at each of their writes in turn, their helpers' included.

Breaks when a profile that was moving does not sign as before, when a secret is in no
keyring any more, when half an import can be seen or half an export looks whole, and when
the same command again does not complete what was begun.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, ".."), os.path.join(HERE, "..", "keyring")]
import writes  # noqa: E402
from harness import CHEAP_KEYRING, PASSPHRASE, case, main  # noqa: E402
from protocol import Helper  # noqa: E402

# That one process dies before a write is much the same as after its last one.
MODES = (writes.AFTER, writes.POWER)
SIGN = ("sign", "lab", "?action=get", "--format=url")
HERE_FILE, OTHER = "home/.local/share/credence/credentials.keyring", "home/other.keyring"


def signs_as(sandbox, expected):
    result = sandbox.run(*SIGN)
    assert result.code == 0 and result.text == expected, "does not sign as before: %r" % result


def is_empty(sandbox, name):
    """Without its records, a keyring file is as long as it was in the beginning."""
    return os.path.getsize(sandbox.path(name)) == len(CHEAP_KEYRING)


@case("migrate --delete-source, killed: signs as before, and the same again completes it")
def _(sandbox):
    sandbox.sixconnect()
    expected = sandbox.ok(*SIGN).text
    other = sandbox.write(OTHER, CHEAP_KEYRING)
    move = ("migrate", "lab", "--to=file", "--store", other, "--delete-source", "--quiet")
    completed = []

    def check(_, result):
        signs_as(sandbox, expected)
        if result.code != 0:
            sandbox.ok(*move)
            completed.append(is_empty(sandbox, HERE_FILE))
        with open(sandbox.config("lab")) as f:
            assert "keyring_store = " + other in f.read()
        assert is_empty(sandbox, HERE_FILE) and not is_empty(sandbox, OTHER), "the original is still there"

    count = writes.at_each(sandbox, *move, check=check, modes=MODES)
    assert count > 10 and len(completed) > 10, (count, completed)
    sandbox.ok(*move)
    signs_as(sandbox, expected)


def exported(sandbox):
    """A file that holds lab and opens quickly, for a home without it."""
    sandbox.sixconnect()
    expected, slow = sandbox.ok(*SIGN).text, sandbox.path("slow")
    sandbox.ok("export", slow, "lab")
    sandbox.ok("remove", "lab")
    path = sandbox.write("lab.credence", CHEAP_KEYRING)
    for kind in ("profile", "credential"):
        with Helper("keyring-file", dict(sandbox.env, CREDENCE_KEYRING_FILE=slow)) as helper:
            assert helper.call("unlock", passphrase=PASSPHRASE, deadline=30000).status == 0
            value = helper.call("get", profile="lab", kind=kind).value
        with Helper("keyring-file", dict(sandbox.env, CREDENCE_KEYRING_FILE=path)) as helper:
            assert helper.call("unlock", passphrase=PASSPHRASE).status == 0
            assert helper.call("put", profile="lab", kind=kind, value=value).status == 0
    return expected, path


@case("import, killed: no profile or a whole one, and the same again completes it")
def _(sandbox):
    expected, path = exported(sandbox)

    def check(_, result):
        if os.path.exists(sandbox.config("lab")):
            signs_as(sandbox, expected)
        if result.code != 0:
            sandbox.ok("import", path, "--quiet")
            signs_as(sandbox, expected)
            assert os.listdir(sandbox.path("home/.local/state/credence/exchange")) == [], "a copy is left"

    count = writes.at_each(sandbox, "import", path, "--quiet", check=check, modes=MODES)
    assert count > 10, count


@case("import --replace, killed: the secret that was or the new one, and the same again completes it")
def _(sandbox):
    expected, path = exported(sandbox)
    sandbox.sixconnect(key="43-ANOTHER-KEY", secret="another-secret")  # which belong together
    before = sandbox.ok(*SIGN).text
    replace = ("import", path, "--replace", "--quiet")

    def check(_, result):
        assert sandbox.ok(*SIGN).text in (before, expected)
        sandbox.ok(*replace)
        signs_as(sandbox, expected)

    writes.at_each(sandbox, *replace, check=check, modes=(writes.POWER,))


@case("export, killed: no file or a whole one, and nothing stays in the way of the next")
def _(sandbox):
    sandbox.sixconnect()
    path = sandbox.path("home/lab.credence")
    seen = set()

    def check(_, result):
        seen.add(os.path.exists(path))
        if os.path.exists(path):
            assert os.stat(path).st_mode & 0o777 == 0o600
            assert "unchanged" in sandbox.ok("import", path).err
        else:
            assert result.code != 0, result

    words = ("export", path, "--quiet")
    writes.at_each(sandbox, *words, check=check, modes=(writes.BEFORE,), step=5)
    writes.at_each(sandbox, *words, check=check, modes=(writes.POWER,))
    assert seen == {True, False}
    sandbox.ok("export", path + "2")


if __name__ == "__main__":
    main()
