# SPDX-License-Identifier: BSD-3-Clause
"""secret_service.py - a Secret Service that misbehaves on demand.

It is a program of its own on the bus of a test: two files in its folder tell it how
to behave and what it holds, and it writes each method that is called to a third.  So
what it holds survives its end, as with a real one, and a test can change its manners
while it runs.

Words of the file "manners":
  mute:METHOD           never replies
  late:METHOD:SECONDS   replies, but then
  die:METHOD            ends instead of replying
  kill:METHOD:PID       ends another process, and does not reply
  error:METHOD:NAME     replies with that error
  garble:METHOD         replies with something of another type
  ask:METHOD            CreateItem, Delete: wants to ask first
  locked                all items are
  hidden                what is locked is not listed, as with some services
  stubborn              stays locked although it says that it has unlocked
  unlock:nothing        Unlock neither unlocks nor asks
  prompt:HOW            accept (the usual), dismiss, silent, vanish
  homeless              there is no default collection
  twice                 each item is listed twice, under two paths
  algorithm:HOW         none: knows no way to hand over a secret; nonsense: an answer of another type
  huge:MEBIBYTES        all secrets are that long
  contradict            says that an item is unlocked, and refuses its secret since it is locked
  elope                 items are found, and are gone when they are looked at
"""

import base64
import ctypes
import json
import os
import signal
import subprocess
import sys
import time

NAME = "org.freedesktop.secrets"
ROOT = "/org/freedesktop/secrets"
HOME = ROOT + "/collection/home"
PROMPT = ROOT + "/prompt/1"
PR_SET_NAME = 15
SECRET = "org.freedesktop.Secret."


class Refusal(Exception):
    """An error for the caller."""


class Silence(Exception):
    """No reply for the caller."""


class Fake:
    def __init__(self, folder):
        import dbus
        import dbus.bus
        import dbus.lowlevel
        from dbus.mainloop.glib import DBusGMainLoop
        from gi.repository import GLib
        self.dbus, self.glib, self.folder = dbus, GLib, folder
        self.loop = GLib.MainLoop()
        self.bus = dbus.bus.BusConnection(os.environ["DBUS_SESSION_BUS_ADDRESS"], mainloop=DBusGMainLoop())
        self.bus.add_message_filter(self.filter)
        self.opened = False  # by a prompt or by Unlock
        self.asked = None    # what to do once a prompt was answered
        self.bus.request_name(NAME)

    # --- files ---------------------------------------------------------------------

    def path(self, name):
        return os.path.join(self.folder, name)

    def manner(self, word, method=None):
        """What follows a word of the manners: None when it is not there, "" when nothing does."""
        with open(self.path("manners")) as f:
            for text in f.read().split():
                parts = text.split(":", 2)
                if parts[0] == word and (method is None or parts[1:2] == [method]):
                    return ":".join(parts[1:] if method is None else parts[2:])
        return None

    def items(self):
        try:
            with open(self.path("items")) as f:
                return json.load(f)
        except FileNotFoundError:
            return {}

    def keep(self, items):
        with open(self.path("items~"), "w") as f:
            json.dump(items, f)
        os.replace(self.path("items~"), self.path("items"))

    def locked(self):
        return self.manner("locked") is not None and not self.opened

    # --- messages ---------------------------------------------------------------------

    def filter(self, _connection, message):
        if message.get_type() != 1 or message.get_sender() == "org.freedesktop.DBus":
            return self.dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        method = message.get_member()
        with open(self.path("calls"), "a") as f:
            f.write(method + "\n")
        self.misbehave(method)
        seconds = self.manner("late", method)
        if seconds is not None:
            self.glib.timeout_add(int(float(seconds) * 1000), self.answer, message, method)
        elif self.manner("mute", method) is None:
            self.answer(message, method)
        return self.dbus.lowlevel.HANDLER_RESULT_HANDLED

    def misbehave(self, method):
        if self.manner("die", method) is not None:
            os._exit(0)
        pid = self.manner("kill", method)
        if pid is not None:
            os.kill(int(pid), signal.SIGKILL)

    def answer(self, message, method):
        try:
            error = self.manner("error", method)
            if error is not None:
                raise Refusal(error)
            if self.manner("garble", method) is not None:
                signature, values = "i", (7,)
            else:
                arguments = message.get_args_list(byte_arrays=True)
                signature, values = getattr(self, method)(message.get_path(), *arguments)
            reply = self.dbus.lowlevel.MethodReturnMessage(message)
            reply.append(signature=signature, *values)
        except Silence:
            return
        except Refusal as refusal:
            reply = self.dbus.lowlevel.ErrorMessage(message, str(refusal), "refused")
        self.bus.send_message(reply)

    # --- properties -----------------------------------------------------------------------

    def properties(self, path):
        if path == ROOT:
            return {"Collections": self.dbus.Array([HOME], signature="o")}
        if path == HOME:
            return {"Locked": self.locked(), "Label": "Home", "Created": self.dbus.UInt64(0),
                    "Modified": self.dbus.UInt64(0), "Items": self.dbus.Array(self.items(), signature="o")}
        item = self.item(path)
        return {"Locked": self.locked(), "Label": item["label"], "Created": self.dbus.UInt64(0),
                "Modified": self.dbus.UInt64(0), "Attributes": self.dbus.Dictionary(item["attributes"], signature="ss")}

    def GetAll(self, path, _interface):
        return "a{sv}", (self.dbus.Dictionary(self.properties(path), signature="sv"),)

    def Get(self, path, _interface, name):
        return "v", (self.properties(path)[name],)

    # --- the service -------------------------------------------------------------------------

    def OpenSession(self, _path, algorithm, _input):
        manner = self.manner("algorithm")
        if manner == "nonsense":
            return "vo", (self.dbus.UInt32(7), ROOT + "/session/1")
        if algorithm != "plain" or manner == "none":
            raise Refusal("org.freedesktop.DBus.Error.NotSupported")
        return "vo", ("", ROOT + "/session/1")

    def Close(self, _path):
        return "", ()

    def ReadAlias(self, _path, alias):
        return "o", (HOME if alias == "default" and self.manner("homeless") is None else "/",)

    def SearchItems(self, _path, wanted):
        found = [path for path, item in self.items().items()
                 if all(item["attributes"].get(name) == value for name, value in wanted.items())]
        if self.manner("twice") is not None:
            found += [path + "_again" for path in found]
        if self.locked() and self.manner("hidden") is not None:
            found = []
        lists = ([], found) if self.locked() else (found, [])
        return "aoao", [self.dbus.Array(paths, signature="o") for paths in lists]

    def Unlock(self, _path, paths):
        if self.manner("stubborn") is not None:
            return "aoo", (paths, "/")
        none = self.dbus.Array([], signature="o")
        if self.manner("unlock") == "nothing":
            return "aoo", (none, "/")
        return "aoo", (none, self.ask(lambda: self.unlock(paths)))

    def unlock(self, paths):
        self.opened = True
        return self.dbus.Array(paths, signature="o", variant_level=1)

    # --- items ----------------------------------------------------------------------------------

    def item(self, path):
        items = self.items()
        if self.manner("elope") is not None and items:
            self.keep({})
            items = {}
        name = path.removesuffix("_again")
        if name not in items:
            raise Refusal(SECRET + "Error.NoSuchObject")
        return items[name]

    def GetSecret(self, path, session):
        item = self.item(path)
        if self.locked() or self.manner("contradict") is not None:
            raise Refusal(SECRET + "Error.IsLocked")
        size = self.manner("huge")
        value = b"c" * (int(size) << 20) if size is not None else base64.b64decode(item["value"])
        return "(oayays)", (self.dbus.Struct((session, self.dbus.ByteArray(b""), self.dbus.ByteArray(value),
                                              "text/plain"), signature="oayays"),)

    def SetSecret(self, path, secret):
        self.item(path)
        items = self.items()
        items[path]["value"] = base64.b64encode(bytes(secret[2])).decode()
        self.keep(items)
        return "", ()

    def CreateItem(self, _path, properties, secret, _replace):
        path = "%s/%d" % (HOME, time.monotonic_ns())
        item = {"label": str(properties[SECRET + "Item.Label"]),
                "attributes": {str(k): str(v) for k, v in properties[SECRET + "Item.Attributes"].items()},
                "value": base64.b64encode(bytes(secret[2])).decode()}

        def create():
            self.keep(dict(self.items(), **{path: item}))
            return self.dbus.ObjectPath(path, variant_level=1)
        if self.manner("ask", "CreateItem") is not None:
            return "oo", ("/", self.ask(create))
        create()
        return "oo", (path, "/")

    def Delete(self, path):
        self.item(path)

        def delete():
            self.keep({name: item for name, item in self.items().items() if name != path})
            return self.dbus.String("", variant_level=1)
        if self.manner("ask", "Delete") is not None:
            return "o", (self.ask(delete),)
        delete()
        return "o", ("/",)

    # --- prompts ---------------------------------------------------------------------------------

    def ask(self, consequence):
        self.asked = consequence
        return PROMPT

    def complete(self, dismissed):
        signal_ = self.dbus.lowlevel.SignalMessage(PROMPT, SECRET + "Prompt", "Completed")
        nothing = self.dbus.String("", variant_level=1)
        signal_.append(dismissed, nothing if dismissed else self.asked(), signature="bv")
        self.bus.send_message(signal_)

    def Prompt(self, _path, _window):
        how = self.manner("prompt")
        if how == "vanish":
            self.glib.timeout_add(100, os._exit, 0)
        if how in (None, "accept", "dismiss"):
            self.glib.idle_add(self.complete, how == "dismiss")
        return "", ()

    def Dismiss(self, _path):
        self.glib.idle_add(self.complete, True)
        return "", ()


# --- for tests ------------------------------------------------------------------------------------


class FakeService:
    """The program, on the bus of a harness.Desktop: with that name of its process, and
    owning that name on the bus, too."""

    def __init__(self, desktop, process="fake", owns=""):
        self.desktop, self.names = desktop, [process, owns]
        self.folder = desktop.sandbox.path("service")
        self.process = None
        os.mkdir(self.folder)
        self.behave()
        self.start()

    def start(self):
        self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), self.folder, *self.names],
                                        env=self.desktop.sandbox.env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE)
        self.desktop.sandbox.cleanups.append(self.stop)
        if self.process.stdout.readline() != b"ready\n":
            raise AssertionError("the fake service does not start")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def behave(self, *manners):
        """From now on like this; forgets which methods were called."""
        for name, text in (("manners", " ".join(manners)), ("calls", "")):
            with open(os.path.join(self.folder, name + "~"), "w") as f:
                f.write(text)
            os.replace(os.path.join(self.folder, name + "~"), os.path.join(self.folder, name))

    def calls(self):
        with open(os.path.join(self.folder, "calls")) as f:
            return f.read().split()


if __name__ == "__main__":
    fake = Fake(sys.argv[1])
    ctypes.CDLL(None).prctl(PR_SET_NAME, sys.argv[2].encode(), 0, 0, 0)
    if sys.argv[3]:
        fake.bus.request_name(sys.argv[3])
    print("ready", flush=True)
    fake.loop.run()
