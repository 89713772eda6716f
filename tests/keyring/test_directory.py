#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""test_directory.py - the directory keyring, at the level of its protocol

Breaks when a file that others can read or put there is taken, when a name leads out of
the folder, when an error does not say what to do, or when somebody who reads while the
files are changed gets a part of the old and a part of the new.

What belongs to another user can only be made by root; whoever else runs this tests
the rest.
"""
import base64
import contextlib
import hashlib
import mmap
import os
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import time

from protocol import (CORRUPT, DENIED, Helper, INVALID, NO_KEYRING, NOT_FOUND, OK, REFUSED, TIMEOUT, TOO_LARGE,
                      UNSUPPORTED, encode, run_cases, same, status)

IS_ROOT = os.geteuid() == 0
NOBODY = 65534


class Folder:
    """A folder with files, and helpers that read it."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="credence-directory-")
        self.path = os.path.join(self.root, "secrets")
        os.mkdir(self.path, 0o700)
        self.env = {name: value for name, value in os.environ.items()
                    if not name.startswith(("XDG_", "CREDENCE_", "CREDENTIALS_", "DBUS_"))}
        # A helper may not be traced, which the leak checker would need.
        self.env["ASAN_OPTIONS"] = self.env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def file(self, name, content="sesame", mode=0o400):
        path = os.path.join(self.path, name)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(path, mode)
        return path

    def helper(self, as_environment=False):
        env = dict(self.env, CREDENTIALS_DIRECTORY=self.path) if as_environment else self.env
        return Helper("keyring-directory", env)

    def get(self, *fields, store=None, as_environment=False, **more):
        with self.helper(as_environment) as h:
            return get(h, *fields, store=None if as_environment else store or self.path, **more)


def get(h, *fields, store=None, profile="lab", kind="credential", deadline=2000):
    message = [("o", "get"), ("p", profile), ("k", kind), ("d", deadline)]
    message += [("i", store)] if store else []
    h.send_raw(encode(message + [("f", field) for field in fields]))
    return h.receive()


def record_of(answer):
    """Origin, stamp and secrets of a value; written from credence-keyring(7)."""
    text = answer.value
    assert text.startswith("c1:"), text
    raw = base64.urlsafe_b64decode(text[3:] + "=" * (-(len(text) - 3) % 4))
    fields, at = [], 0
    while at < len(raw):
        size, = struct.unpack_from(">I", raw, at + 1)
        fields.append((chr(raw[at]), raw[at + 5:at + 5 + size]))
        at += 5 + size
    one = dict(fields)
    names = [value.decode() for tag, value in fields if tag == "f"]
    values = [value for tag, value in fields if tag == "v"]
    return one["o"].decode(), one["s"].decode(), dict(zip(names, values))


def secrets(answer):
    return record_of(status(answer, OK))[2]


def refused(answer, what, remedy, code=REFUSED):
    status(answer, code)
    assert what in answer.message, answer
    assert remedy in answer.remedy, answer
    return answer


# --- what it is for ---------------------------------------------------------


def names():
    """the files of a field, the longest name first; short ones in a profile's own folder alone"""
    # Breaks when another file counts, or the short names count in a folder for all.
    with Folder() as f:
        order = ["lab.forge.token", "lab.token", "forge.token", "token"]
        for name in order:
            f.file(name, "of " + name)
        for i, name in enumerate(order):
            same(secrets(f.get("forge.token")), {"forge.token": b"of " + name.encode()})
            if i < 2:
                same(secrets(f.get("forge.token", as_environment=True)), {"forge.token": b"of " + name.encode()})
            else:
                status(f.get("forge.token", as_environment=True), NOT_FOUND)
            os.unlink(os.path.join(f.path, name))
        f.file("client_key", "of all")
        same(secrets(f.get("@.client_key")), {"@.client_key": b"of all"})
        f.file("lab.client_key", "of lab")
        same(secrets(f.get("@.client_key", as_environment=True)), {"@.client_key": b"of lab"})


def several():
    """several fields of one profile, and several profiles in one folder"""
    # Breaks when a value goes under another's name.
    with Folder() as f:
        f.file("a.user_key", "1")
        f.file("a.second.password", "2")
        f.file("b.user_key", "3")
        fields = ("first.user_key", "second.password")
        same(secrets(f.get(*fields, profile="a", as_environment=True)),
             {"first.user_key": b"1", "second.password": b"2"})
        same(secrets(f.get(*fields, profile="b", as_environment=True)), {"first.user_key": b"3"})
        status(f.get(*fields, profile="c", as_environment=True), NOT_FOUND)


def contents():
    """bytes as they are, without one newline at the end; 1 to 32768 of them"""
    # Breaks when a NUL ends a value, or a limit is off by one.
    with Folder() as f:
        for content, value in ((b"x\n", b"x"), (b"x\n\n", b"x\n"), (b"\nx", b"\nx"), (b"x\r\n", b"x\r"),
                               (bytes(range(256)), bytes(range(256))), (b"\0", b"\0"),
                               (b"y" * 32768, b"y" * 32768), (b"y" * 32768 + b"\n", b"y" * 32768)):
            f.file("token", content)
            same(secrets(f.get("forge.token"))["forge.token"], value)
        for content in (b"", b"\n"):
            f.file("token", content)
            refused(f.get("forge.token"), "token is empty", "write the secret", CORRUPT)
        for content in (b"y" * 32769, b"y" * 32769 + b"\n", b"y" * 100000):
            f.file("token", content)
            refused(f.get("forge.token"), "token is over 32768 bytes", "", TOO_LARGE)
        for name in "ab":
            f.file(name, b"y" * 32768)
        refused(f.get("forge.a", "forge.b"), "too large together", "", TOO_LARGE)


def stamps():
    """stamp and revision change when a secret, a name or the origin does, and then only"""
    # Breaks a session that is good, or keeps one that was made with an old secret.
    with Folder() as f:
        def stamp(*fields):
            answer = status(f.get(*fields), OK)
            same(record_of(answer)[1], answer.revision)
            assert len(answer.revision) == 32, answer
            return answer.revision

        f.file("a", "1")
        f.file("b", "2")
        first = stamp("x.a", "x.b")
        os.rename(f.path, f.path + "-moved")
        os.mkdir(f.path, 0o700)
        f.file("x.a", "1\n")
        f.file("lab.b", "2", mode=0o600)
        same(stamp("x.a", "x.b"), first, "stamp in another folder, from files with other names")
        seen = {first, stamp("x.a"), stamp("x.b")}
        f.file("lab.b", "3")
        seen.add(stamp("x.a", "x.b"))
        f.file("x.a", "12")
        f.file("lab.b", "")
        f.file("origin", "https://api.example")
        os.unlink(os.path.join(f.path, "lab.b"))
        seen.add(stamp("x.a", "x.b"))
        f.file("origin", "https://api.example:8443")
        seen.add(stamp("x.a", "x.b"))
        same(len(seen), 6, "different stamps")
        answer = f.get("x.a")
        raw = base64.urlsafe_b64decode(answer.value[3:] + "==")
        with open("/proc/sys/kernel/random/boot_id", "rb") as boot_id:
            digest = hashlib.sha256(boot_id.read() + raw[:-37]).hexdigest()
        assert digest.startswith(answer.revision), "not the digest of this boot and the content"


def origins():
    """the origin comes from a file; without one the secret is not bound"""
    # Breaks when a damaged origin counts as none.
    with Folder() as f:
        f.file("lab.token")
        same(record_of(f.get("forge.token"))[0], "*")
        f.file("origin", "https://short.example\n")
        same(record_of(f.get("forge.token"))[0], "https://short.example")
        same(record_of(f.get("forge.token", as_environment=True))[0], "*")
        f.file("lab.origin", "https://api.example:8443\n")
        for kind in (True, False):
            same(record_of(f.get("forge.token", as_environment=kind))[0], "https://api.example:8443")
        for bad in ("api.example", "https://api.example/", "https://api.example/v1", "https://a\nb", "https://a b",
                    "*", "https://" + "a" * 300):
            f.file("lab.origin", bad)
            refused(f.get("forge.token"), "lab.origin is no origin", "https://", CORRUPT)
        f.file("lab.origin", "https://api.example")
        same(record_of(status(f.get(), OK)), ("https://api.example", f.get().revision, {}))
        os.unlink(os.path.join(f.path, "lab.origin"))
        os.unlink(os.path.join(f.path, "origin"))
        status(f.get(), NOT_FOUND)


def sessions():
    """sessions are not kept; nothing is written, and the file to write is named"""
    # Breaks when a caller cannot tell "not there" from "cannot be here".
    with Folder() as f, f.helper(True) as h:
        f.file("lab.token")
        status(h.call("get", profile="lab", kind="session"), NOT_FOUND)
        same(status(h.call("list", kind="session"), OK).names(), [])
        for op, more in (("put", {"value": "c1:abcd"}), ("delete", {})):
            status(h.call(op, profile="lab", kind="session", **more), UNSUPPORTED)
            refused(h.call(op, profile="lab", kind="credential", **more), "read-only", f.path + "/lab.FIELD",
                    UNSUPPORTED)
        for op in ("unlock", "lock"):
            status(h.call(op), OK)
        same(os.listdir(f.path), ["lab.token"])
        f.file("lab.forge.other")
        f.file("shop.token")
        f.file("readme")
        os.mkdir(os.path.join(f.path, "some.folder"))
        same(sorted(status(h.call("list"), OK).names()), ["lab", "shop"])
    with Folder() as f, f.helper() as h:
        refused(h.call("put", profile="lab", kind="credential", value="c1:abcd"), "read-only",
                "$CREDENTIALS_DIRECTORY/lab.FIELD", UNSUPPORTED)


def not_found():
    """what is missing is told with the names of its files, and how it comes to be there"""
    # Breaks when somebody has to guess a name.
    with Folder() as f:
        answer = refused(f.get("forge.token"), "lab.forge.token, lab.token, forge.token, token", f.path + "/token",
                         NOT_FOUND)
        assert f.path in answer.message and "chmod 400" in answer.remedy, answer
        refused(f.get("forge.token", as_environment=True), f.path + " has none", "LoadCredential=lab.token:",
                NOT_FOUND)
        publish(f, {"other": "x"})
        refused(f.get("forge.token"), "lab.forge.token", "key token to the Secret", NOT_FOUND)


def no_folder():
    """no folder, or none that can be used, is no keyring"""
    # Breaks when a folder that is not mounted reads as "not found".
    with Folder() as f:
        with f.helper() as h:
            for answer in (get(h, "x.a"), h.call("probe"), h.call("list")):
                refused(answer, "CREDENTIALS_DIRECTORY is not set", "LoadCredential", NO_KEYRING)
                assert "keyring_store" in answer.remedy, answer
        refused(f.get("x.a", store=f.path + "/gone"), f.path + "/gone", "keyring_store", NO_KEYRING)
        refused(f.get("x.a", store="secrets"), "absolute", "absolute", INVALID)
        refused(f.get("x.a", store=f.file("file")), "is not a folder", "name the folder")
        os.symlink(f.path, f.path + "-link")
        refused(f.get("x.a", store=f.path + "-link"), "symbolic link", "name the folder")
        f.env["CREDENTIALS_DIRECTORY"] = "secrets"
        with f.helper() as h:
            refused(get(h, "x.a"), "CREDENTIALS_DIRECTORY is not an absolute path", "", INVALID)
        same(secrets(f.get("x.file", store=f.path + "///")), {"x.file": b"sesame"})


def hostile_requests():
    """a field that is no name never becomes a path"""
    # Breaks when a request can read any file of the user.
    with Folder() as f:
        f.file("a")
        with open(os.path.join(f.root, "outside"), "w") as outside:
            outside.write("x")
        os.chmod(os.path.join(f.root, "outside"), 0o400)
        for field in ("../outside", "x/../../outside", "", "..", "a/b", "a\n", "a b", "ä"):
            status(f.get(field), INVALID)
        for field in ("x.", ".x", "..data", "...", "@.", "@..", "x..outside", "@.@", "x.@"):
            answer = f.get(field)
            assert answer.status in (NOT_FOUND, INVALID, REFUSED), answer
        status(f.get(*["x.f%d" % i for i in range(64)]), NOT_FOUND)
        status(f.get(*["x.f%d" % i for i in range(65)]), TOO_LARGE)
        status(f.get("x." + "y" * 158, profile="p" * 64), NOT_FOUND)
        status(f.get("x." + "y" * 159), TOO_LARGE)
        same(secrets(f.get("x.a", "x.a"))["x.a"], b"sesame")


# --- trust -------------------------------------------------------------------


def modes():
    """a file that others can read or write is refused, with the chmod that mends it"""
    # Breaks when one of the bits is not looked at.
    with Folder() as f:
        for mode in (0o404, 0o402, 0o401, 0o420, 0o440, 0o460, 0o644, 0o666, 0o604):
            path = f.file("token", mode=mode)
            answer = refused(f.get("x.token"), path, "chmod 400 " + path)
            os.chmod(path, 0o400)
            same(secrets(f.get("x.token")), {"x.token": b"sesame"}, "after %s" % answer.remedy)
        for mode in (0o400, 0o600, 0o500, 0o700):
            f.file("token", mode=mode)
            same(secrets(f.get("x.token")), {"x.token": b"sesame"})
        f.file("origin", "https://api.example", mode=0o622)
        refused(f.get("x.token"), "origin", "chmod 400")


def folder_modes():
    """a folder that others can write to is refused"""
    # Breaks when somebody else can put a file there that comes first.
    with Folder() as f:
        f.file("token")
        for mode in (0o720, 0o702, 0o777, 0o1777):
            os.chmod(f.path, mode)
            refused(f.get("x.token"), f.path + " can be written", "chmod go-w " + f.path)
        for mode in (0o700, 0o500, 0o755):
            os.chmod(f.path, mode)
            same(secrets(f.get("x.token")), {"x.token": b"sesame"})


def links():
    """a link is refused, wherever it leads, and the next name is not tried instead"""
    # Breaks when a link is followed out of the folder.
    with Folder() as f:
        f.file("token", "short")
        path = os.path.join(f.path, "lab.token")
        for target in ("token", os.path.join(f.path, "token"), "/etc/passwd", "nothing", "lab.token", "."):
            os.symlink(target, path)
            refused(f.get("x.token"), path + " is a symbolic link", "the file itself")
            os.unlink(path)


def special_files():
    """FIFO, socket, device and folder are refused at once"""
    # Breaks when opening one waits, for a writer that never comes.
    with Folder() as f:
        path = os.path.join(f.path, "token")
        os.mkfifo(path, 0o400)
        started = time.monotonic()
        refused(f.get("x.token"), path + " is not a regular file", "the file itself")
        os.unlink(path)
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
            refused(f.get("x.token"), path + " is not a regular file", "the file itself")
        os.unlink(path)
        os.mkdir(path, 0o700)
        refused(f.get("x.token"), path + " is not a regular file", "the file itself")
        os.rmdir(path)
        if IS_ROOT:
            try:
                os.mknod(path, 0o20400, os.makedev(1, 5))  # /dev/zero
            except PermissionError:
                pass  # a container may not
            else:
                refused(f.get("x.token"), path + " is not a regular file", "the file itself")
        assert time.monotonic() - started < 10


def owners():
    """files of root's and one's own count, those of others do not"""
    # Breaks when another user can put a secret in the place of ours.
    if not IS_ROOT:
        return
    with Folder() as f:
        path = f.file("token")
        os.chown(path, NOBODY, 0)
        refused(f.get("x.token"), path + " belongs to another user", "chown 0 " + path)
        path = f.file("token")
        os.chown(f.path, NOBODY, 0)
        refused(f.get("x.token"), f.path + " belongs to another user", "chown 0 " + f.path)


@contextlib.contextmanager
def as_nobody(f):
    """A helper of another user's, which needs a copy that it can reach."""
    copy = os.path.join(f.root, "keyring-directory")
    shutil.copy(os.path.join(os.environ["KEYRING_DIR"], "keyring-directory"), copy)
    os.chmod(copy, 0o755)
    os.chmod(f.root, 0o755)
    os.chmod(f.path, 0o755)

    def run(*fields, **more):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            status_code = 1
            try:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
                os.environ["KEYRING_DIR"] = f.root
                with Helper("keyring-directory", f.env) as h:
                    answer = get(h, *fields, store=f.path, **more)
                os.write(write, repr(answer.fields).encode())
                status_code = 0
            finally:
                os._exit(status_code)
        os.close(write)
        with os.fdopen(read) as pipe:
            text = pipe.read()
        same(os.waitpid(child, 0)[1], 0, "exit of the child")
        from protocol import Answer
        return Answer(eval(text))
    yield run


def may_read(path, user):
    """Add an entry for the user to the file's access control list, as systemd does."""
    undefined = 0xffffffff
    entries = [(1, 4, undefined), (2, 4, user), (4, 0, undefined), (16, 4, undefined), (32, 0, undefined)]
    raw = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    try:
        os.setxattr(path, "system.posix_acl_access", raw)
    except OSError:
        return False  # not on this file system
    return True


def groups():
    """group-readable is what root gave to the service; otherwise it is open to others"""
    # Breaks systemd, whose access list shows as bits of the group, and Kubernetes' fsGroup.
    if not IS_ROOT:
        return
    with Folder() as f:
        path = f.file("token", mode=0o440)
        refused(f.get("x.token"), path, "chmod 400")  # root:root, read by root
        os.chown(path, 0, 2000)
        same(secrets(f.get("x.token")), {"x.token": b"sesame"}, "root's, for the group of the pod")
        os.chmod(path, 0o460)
        refused(f.get("x.token"), path, "chmod 400")
        os.chmod(path, 0o440)
        with as_nobody(f) as nobody:
            os.chown(path, 0, NOBODY)
            same(secrets(nobody("x.token")), {"x.token": b"sesame"}, "root's, for our group")
            os.chown(path, NOBODY, NOBODY)
            refused(nobody("x.token"), path, "chmod 400 " + path)
            os.chmod(path, 0o400)
            same(secrets(nobody("x.token")), {"x.token": b"sesame"}, "our own")
            os.chown(path, 0, 0)
            refused(nobody("x.token"), "cannot open " + path, "chown %d %s" % (NOBODY, path), DENIED)
            if may_read(path, NOBODY):
                same(os.stat(path).st_mode & 0o777, 0o440, "what an access control list looks like")
                same(secrets(nobody("x.token")), {"x.token": b"sesame"}, "root's, with an access control list")
            os.chown(path, 2000, NOBODY)
            os.chmod(path, 0o440)
            refused(nobody("x.token"), path + " belongs to another user", "chown")


# --- Kubernetes ------------------------------------------------------------------


def publish(f, files, mode=0o400, number=[0]):
    """What the kubelet does: a new folder, a new link over the old one, the old folder removed."""
    number[0] += 1
    name = "..2026_11_22_03_45_07.%09d" % number[0]
    folder = os.path.join(f.path, name)
    os.mkdir(folder, 0o755)
    for key, value in files.items():
        with open(os.path.join(folder, key), "w") as file:
            file.write(value)
        os.chmod(os.path.join(folder, key), mode)
        if not os.path.lexists(os.path.join(f.path, key)):
            os.symlink("..data/" + key, os.path.join(f.path, key))
    data = os.path.join(f.path, "..data")
    old = os.readlink(data) if os.path.islink(data) else None
    os.symlink(name, data + "_tmp")
    os.rename(data + "_tmp", data)
    if old:
        shutil.rmtree(os.path.join(f.path, old))
    return folder


def kubernetes():
    """a Secret's volume is read behind ..data, whose own links are not needed"""
    # Breaks when the folder that is open to all is refused, as every volume is one.
    with Folder() as f:
        os.chmod(f.path, 0o1777)
        publish(f, {"token": "one", "origin": "https://api.example"})
        same(record_of(f.get("x.token"))[0::2], ("https://api.example", {"x.token": b"one"}))
        publish(f, {"token": "two"})
        same(secrets(f.get("x.token")), {"x.token": b"two"})
        publish(f, {"token": "three"}, mode=0o644)
        refused(f.get("x.token"), f.path + "/token", "defaultMode: 0400")
        publish(f, {"token": "four"})
        os.chmod(f.path, 0o777)
        refused(f.get("x.token"), "can be written", "chmod go-w")
        if IS_ROOT:
            os.chmod(f.path, 0o1777)
            folder = publish(f, {"token": "five"}, mode=0o440)
            os.chown(os.path.join(folder, "token"), 0, 2000)
            os.chmod(folder, 0o2755)
            same(secrets(f.get("x.token")), {"x.token": b"five"}, "with fsGroup")
            os.chown(os.path.join(f.path, "..data"), NOBODY, 0, follow_symlinks=False)
            refused(f.get("x.token"), "..data belongs to another user", "")


def outward():
    """..data that leads elsewhere is refused"""
    # Breaks when the link can be any path.
    with Folder() as f:
        f.file("token", "plain")
        elsewhere = os.path.join(f.root, "elsewhere")
        os.mkdir(elsewhere, 0o700)
        os.mkdir(os.path.join(f.path, "inside"), 0o700)
        os.symlink("inside", os.path.join(f.path, "link"))
        data = os.path.join(f.path, "..data")
        for target, what in ((elsewhere, "leads out"), ("../elsewhere", "leads out"), ("..", "leads out"),
                             (".", "leads out"), ("./inside", "leads out"), ("inside/", "leads out"),
                             ("link", "not a folder"), ("token", "not a folder")):
            os.symlink(target, data)
            answer = status(f.get("x.token"), REFUSED)
            assert what in answer.message and "..data" in answer.message, (target, answer)
            os.unlink(data)
        os.symlink("gone", data)
        refused(f.get("x.token"), "..data leads nowhere", "", CORRUPT)
        os.unlink(data)
        os.mkdir(data)
        refused(f.get("x.token"), "..data is not a symbolic link", "")
        os.rmdir(data)
        os.symlink("inside", data)
        os.chmod(os.path.join(f.path, "inside"), 0o777)
        refused(f.get("x.token"), "..data can be written", "chmod go-w " + f.path + "/inside")
        if IS_ROOT:
            os.chmod(os.path.join(f.path, "inside"), 0o700)
            os.chown(os.path.join(f.path, "inside"), NOBODY, 0)
            refused(f.get("x.token"), "..data belongs", "chown 0 " + f.path + "/inside")


def probes():
    """probe tells what there is, without reading a secret"""
    # Breaks what credence doctor says.
    def facts(f, store):
        with f.helper() as h:
            h.send_raw(encode([("o", "probe"), ("i", store)]))
            answer = status(h.receive(), OK)
        return dict(text.split("=", 1) for tag, text in answer.fields if tag == "x")
    with Folder() as f:
        same(facts(f, f.path + "/gone"), {"store": f.path + "/gone", "exists": "no"})
        whole = {"store": f.path, "exists": "yes", "private": "yes", "layout": "plain"}
        same(facts(f, f.path), whole)
        f.file("token")
        same(facts(f, f.path), whole)
        f.file("other", mode=0o644)
        same(facts(f, f.path), dict(whole, private="no"))
        f.file("other")
        os.chmod(f.path, 0o777)
        same(facts(f, f.path), dict(whole, private="no"))
        os.chmod(f.path, 0o1777)
        os.unlink(os.path.join(f.path, "other"))
        os.unlink(os.path.join(f.path, "token"))
        publish(f, {"token": "x"})
        same(facts(f, f.path), dict(whole, layout="kubernetes"))


# --- reading while somebody writes --------------------------------------------------


def swapping(write, read, seconds):
    """Change and read at the same time; answers how often each took place."""
    # Another process: two steps of a thread may be milliseconds apart.
    count = mmap.mmap(-1, 8)
    write("%08d" % 0)
    child = os.fork()
    if child == 0:
        try:
            for number in range(1, 100000000):
                write("%08d" % number)
                count[:] = struct.pack("q", number)
                time.sleep(0.002)
        finally:
            os._exit(1)
    reads, values, end = 0, set(), time.monotonic() + seconds
    try:
        while time.monotonic() < end or struct.unpack("q", count[:])[0] < 300:
            assert os.waitpid(child, os.WNOHANG) == (0, 0), "the writer failed"
            values.add(read())
            reads += 1
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return struct.unpack("q", count[:])[0], reads, values


def whole(answer):
    found = secrets(answer)
    same(set(found), {"x.one", "x.two"}, "fields")
    same(found["x.one"][:8], found["x.two"], "two values that belong together")
    return found["x.two"]


def swap():
    """reading while Kubernetes swaps: the old or the new, never both, never an error"""
    # Breaks when ..data is resolved once per file, or a file that vanished is an error.
    with Folder() as f, f.helper() as h:
        swaps, reads, values = swapping(
            lambda text: publish(f, {"one": text + "x" * 8000, "two": text}),
            lambda: whole(get(h, "x.one", "x.two", store=f.path, deadline=20000)), 2)
        print("# %d swaps, %d reads, %d different values" % (swaps, reads, len(values)))
        assert swaps >= 300 and reads >= 300 and len(values) >= 50, (swaps, reads, len(values))


def rewrite():
    """reading a plain folder while a file is written: the old or the new, never a part"""
    # Breaks when a file that is being written counts as it is at the moment.
    with Folder() as f, f.helper() as h:
        def write(text):
            path = os.path.join(f.path, "lab.token")
            with open(path + ".new", "w") as new:
                os.chmod(path + ".new", 0o400)
                new.write(text * 1000)
            os.rename(path + ".new", path)

        def read():
            value = secrets(get(h, "x.token", store=f.path, deadline=20000))["x.token"]
            same(value, value[:8] * 1000)
            return value[:8]
        swaps, reads, values = swapping(write, read, 1)
        print("# %d writes, %d reads, %d different values" % (swaps, reads, len(values)))
        assert swaps >= 200 and reads >= 200 and len(values) >= 30, (swaps, reads, len(values))


def in_between():
    """a plain folder that changes between two of its files is read again"""
    # Breaks when one look at each file is enough: the first is old then, the last new.
    between = ["between%d" % i for i in range(62)]  # which take a while
    fields = ["x." + name for name in ["one"] + between + ["two"]]
    with Folder() as f, f.helper() as h:
        for name in between:
            f.file(name, "x" * 500)
        # A file that was written just now may be slow to take another's name.
        for digit in "0123456789":
            with open(f.file(digit, digit)) as file:
                os.fsync(file.fileno())

        def write(text):
            for name in ("one.new", "two.new"):
                os.link(os.path.join(f.path, text[-1]), os.path.join(f.path, name))
            for name in ("one", "two"):
                os.rename(os.path.join(f.path, name + ".new"), os.path.join(f.path, name))
            time.sleep(0.004)
        mixed = []

        def read():
            found = secrets(get(h, *fields, store=f.path, deadline=20000))
            if found["x.one"] != found["x.two"]:
                mixed.append(found["x.one"])
            return found["x.two"]
        swaps, reads, _ = swapping(write, read, 1)
        print("# %d writes, %d reads, %d mixed" % (swaps, reads, len(mixed)))
        # Two renames are not one step, and a busy machine may stop between them for long.
        assert len(mixed) <= reads // 25, (swaps, reads, len(mixed))


def restless():
    """a folder that never stands still is a timeout at the deadline, not a mixture"""
    # Breaks when the helper reads for ever, or gives up and answers what it has.
    with Folder() as f, f.helper() as h:
        done = threading.Event()

        def writer():
            number = 0
            path = os.path.join(f.path, "token")
            fd = os.open(path, os.O_RDWR)
            while not done.is_set():
                number += 1
                os.pwrite(fd, b"%08d" % number * 2000, 0)
            os.close(fd)
        f.file("token", "0" * 16000, mode=0o600)
        thread = threading.Thread(target=writer)
        thread.start()
        try:
            begin = time.monotonic()
            codes = {get(h, "x.token", store=f.path, deadline=150).status for _ in range(10)}
            assert codes <= {OK, TIMEOUT}, codes
            assert time.monotonic() - begin < 10
        finally:
            done.set()
            thread.join()


if __name__ == "__main__":
    sys.exit(run_cases([names, several, contents, stamps, origins, sessions, not_found, no_folder, hostile_requests,
                        modes, folder_modes, links, special_files, owners, groups, kubernetes, outward, probes, swap,
                        rewrite, in_between, restless]))
