# SPDX-License-Identifier: BSD-3-Clause
"""A real KeePassXC as the Secret Service, without a screen and without a person.

It does much otherwise than gnome-keyring: it answers each storing with a prompt, opens
its window when a closed database is searched, and hands items to each new program only
once the user has agreed.  Breaks when one of these makes Credence wait, ask where it
must not, or call a secret absent.
"""

import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import SIXCONNECT_SECRET, WRAPPER, Desktop, Skip, case, end, main  # noqa: E402
from processes import adopt_orphans, descendants, leftovers  # noqa: E402

SIGN = ("sign", "lab", "?action=get", "--format=url")
SET = ("set", "lab", "--secret", "secret_key=-", "--quiet")
REMOVE = ("remove", "lab", "--quiet")
SLACK = 30 if WRAPPER else 1.5  # seconds for everything but waiting
LOCKED, LOST, LATE = 4, 5, 8
ROOT = "/org/freedesktop/secrets"
DATABASE = ROOT + "/collection/passwords"
DISPLAY = {"DISPLAY": ":99"}  # that there is one, is all that matters

# The group below is the one that programs may use.
EMPTY = """<?xml version="1.0" encoding="UTF-8"?>
<KeePassFile>
 <Meta>
  <Generator>Credence's tests</Generator>
  <CustomData>
   <Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{6b1f4c5e-2f0a-4d3b-9a54-2f5e6f0a1b2c}</Value></Item>
  </CustomData>
 </Meta>
 <Root><Group><UUID>ax9MXi8KTTuaVC9ebwobLA==</UUID><Name>Root</Name></Group></Root>
</KeePassFile>
"""

SETTINGS = """[General]
ConfigVersion=2
UpdateCheckMessageShown=true

[GUI]
CheckForUpdates=false

[Security]
LockDatabaseIdle=false

[FdoSecrets]
Enabled=true
ShowNotification=false
ConfirmDeleteItem=false
ConfirmAccessItem=%s
"""


def stop(process):
    """While a window of its own is open it does not hear a signal."""
    process.kill()
    process.wait()


class KeePassXC:
    """A desktop whose Secret Service is KeePassXC, with a database that is open."""

    def __init__(self, confirm=False):
        for program in ("keepassxc", "keepassxc-cli"):
            if shutil.which(program) is None:
                raise Skip(program + " is not installed")
        self.desktop = Desktop(activation=False, service=False)
        self.sandbox = self.desktop.sandbox
        self.env = dict(self.sandbox.env, QT_QPA_PLATFORM="offscreen")
        self.database = self.sandbox.path("passwords.kdbx")
        self.make_database()
        self.settings = self.sandbox.write("keepassxc.ini", SETTINGS % ("true" if confirm else "false"))
        self.process = self.start()

    def make_database(self):
        made = subprocess.run(["keepassxc-cli", "import", "--set-password", "--decryption-time", "100",
                               self.sandbox.write("empty.xml", EMPTY), self.database], env=self.env, input=b"pw\npw\n",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        if made.returncode != 0:
            raise Skip("keepassxc-cli makes no database: " + made.stdout.decode("utf-8", "replace"))

    def start(self):
        process = subprocess.Popen(["keepassxc", "--config", self.settings, "--pw-stdin", self.database], env=self.env,
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.sandbox.cleanups.append(lambda: stop(process))
        process.stdin.write(b"pw\n")
        process.stdin.close()
        for _ in range(400):
            # The database opens a while after the service is there.
            if "passwords" in self.default() and not self.is_locked():
                return process
            time.sleep(0.05)
        raise AssertionError("KeePassXC does not serve")

    def default(self):
        return self.desktop.secrets_call("", "Service.ReadAlias", "string:default")

    def is_locked(self):
        return "boolean true" in self.desktop.call(
            "org.freedesktop.secrets", DATABASE, "org.freedesktop.DBus.Properties.Get",
            "string:org.freedesktop.Secret.Collection", "string:Locked")

    def lock(self):
        """As its menu does it."""
        self.desktop.call("org.keepassxc.KeePassXC.MainWindow", "/keepassxc",
                          "org.keepassxc.KeePassXC.MainWindow.lockAllDatabases")
        for _ in range(100):
            if self.is_locked():
                return
            time.sleep(0.05)
        raise AssertionError("KeePassXC does not lock its database")

    def close(self):
        self.desktop.close()


def kept(says, **how):
    """A case that gets a KeePassXC, with the profile lab in it, and leaves no process."""
    def keep(function):
        def run():
            keepassxc = KeePassXC(**how)
            try:
                keepassxc.sandbox.sixconnect()
                known = descendants()
                function(keepassxc, keepassxc.sandbox)
                left = leftovers(known | {keepassxc.process.pid}, patience=0.5)
                assert not left, left
            finally:
                keepassxc.close()
        case(says)(run)
    return keep


@kept("add, sign, set and remove; who has the secret is recorded")
def _(keepassxc, sandbox):
    assert "secret-service (KeePassXC)" in sandbox.ok("show", "lab").text
    before = sandbox.ok(*SIGN, "--no-prompt").out
    sandbox.ok(*SET, input="another")
    assert sandbox.ok(*SIGN, "--no-prompt").out != before
    sandbox.ok(*SET, input=SIXCONNECT_SECRET)
    assert sandbox.ok(*SIGN, "--no-prompt").out == before
    # Deleting is something that it may ask about.
    sandbox.fails(LOCKED, *REMOVE, "--no-prompt", saying="wants to ask")
    sandbox.ok(*REMOVE, env=DISPLAY)
    assert not os.path.exists(sandbox.config("lab"))
    sandbox.sixconnect()
    assert sandbox.ok(*SIGN).out == before


@kept("locked: said at once, without a window and without being called absent")
def _(keepassxc, sandbox):
    keepassxc.lock()
    for words in (SIGN, SET, REMOVE):
        result = sandbox.fails(LOCKED, *words, "--no-prompt", saying="is locked", input="another", env=DISPLAY)
        assert result.seconds < SLACK, result
        sandbox.fails(LOCKED, *words, saying="no display", input="another")
    assert os.path.exists(sandbox.config("lab"))


@kept("locked, and nobody answers its window: the deadline holds")
def _(keepassxc, sandbox):
    keepassxc.lock()
    result = sandbox.fails(LATE, *SIGN, "--timeout=1", saying="nobody answered", env=DISPLAY)
    assert 0.8 < result.seconds < 1 + SLACK, result
    sandbox.fails(LOCKED, *SIGN, "--no-prompt", saying="is locked")


@kept("locked, and the profile does not say that it is in KeePassXC: locked all the same")
def _(keepassxc, sandbox):
    sandbox.rewrite("lab", "keyring_store = KeePassXC\n", "")
    sandbox.ok(*SIGN)
    keepassxc.lock()
    sandbox.fails(LOCKED, *SIGN, "--no-prompt", "--timeout=4", saying="is locked")


@kept("a program must be let in first: locked, and not absent", confirm=True)
def _(keepassxc, sandbox):
    sandbox.fails(LOCKED, *SIGN, "--no-prompt", saying="is locked")
    sandbox.fails(LATE, *SIGN, "--timeout=1", saying="nobody answered", env=DISPLAY)


@kept("it ends: lost; it is back: found again")
def _(keepassxc, sandbox):
    before = sandbox.ok(*SIGN).out
    end(keepassxc.process)  # saves the database
    sandbox.fails(LOST, *SIGN, saying="is a Secret Service")
    keepassxc.process = keepassxc.start()
    assert sandbox.ok(*SIGN).out == before


if __name__ == "__main__":
    adopt_orphans()
    main()
