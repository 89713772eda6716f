#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The file keyring, from the outside: does it keep secrets, and keep them safe?

KEYRING_DIR names the directory of the helpers.  Deriving a key takes a
quarter of a second on purpose, so cases derive as few as they can.
"""
import contextlib
import ctypes
import ctypes.util
import fcntl
import hashlib
import hmac
import os
import random
import resource
import select
import shutil
import signal
import stat
import struct
import sys
import tempfile
import time

from protocol import (CONFLICT, CORRUPT, Helper, INVALID, LOCKED, NOT_FOUND, OK, REFUSED, TIMEOUT,
                      TOO_LARGE, UNSUPPORTED, encode, expect_death, run_cases, same, status)

HEADER = 124
OVERHEAD = 140
VALUE = "c1:eyJzZWNyZXQiOiJ4In0"
CREDENTIAL = {"profile": "lab", "kind": "credential"}


@contextlib.contextmanager
def home():
    """A home of its own, with the environment that a helper needs."""
    path = tempfile.mkdtemp(prefix="credence-file-")
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("XDG_", "CREDENCE_", "DBUS_"))}
    env["HOME"] = path
    # A helper may not be traced, which the leak checker would need.
    env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    try:
        yield env
    finally:
        shutil.rmtree(path)


def keyring(env):
    return env.get("CREDENCE_KEYRING_FILE", env["HOME"] + "/.local/share/credence/credentials.keyring")


def helper(env):
    return Helper("keyring-file", env)


def unlocked(env, passphrase="correct horse"):
    made = helper(env)
    status(made.call("unlock", passphrase=passphrase, deadline=10000), OK)
    return made


def make(env):
    with unlocked(env) as h:
        status(h.call("put", value=VALUE, label="Credence: lab", **CREDENTIAL), OK)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, 0o600)


# --- what it is for ---------------------------------------------------------


def stores():
    """put, get, list and delete, across two lives of the helper"""
    # Breaks when the value or its revision is not what was stored.
    with home() as env:
        with unlocked(env) as h:
            put = status(h.call("put", value=VALUE, **CREDENTIAL), OK)
            status(h.call("put", profile="lab", kind="session", value="c1:session"), OK)
            status(h.call("put", profile="Other.one_2-x", kind="credential", value="c1:other"), OK)
        with unlocked(env) as h:
            got = status(h.call("get", **CREDENTIAL), OK)
            same((got.value, got.revision), (VALUE, put.revision))
            same(h.call("get", profile="lab", kind="session").value, "c1:session")
            listed = status(h.call("list", kind="credential"), OK)
            same(listed.names(), ["lab", "Other.one_2-x"])
            same(listed.fields[1], ("R", put.revision), "revision behind the name")
            same(h.call("list", kind="session").names(), ["lab"])
            status(h.call("delete", **CREDENTIAL), OK)
            status(h.call("get", **CREDENTIAL), NOT_FOUND)
            status(h.call("delete", **CREDENTIAL), NOT_FOUND)
            same(h.call("get", profile="lab", kind="session").value, "c1:session")


def absent():
    """without a file: get finds nothing, list is empty, put wants a new passphrase"""
    # Breaks when looking makes a file, or a missing file counts as locked.
    with home() as env, helper(env) as h:
        status(h.call("get", **CREDENTIAL), NOT_FOUND)
        status(h.call("delete", **CREDENTIAL), NOT_FOUND)
        same(status(h.call("list"), OK).names(), [])
        assert "does not exist" in status(h.call("probe"), OK).message
        same(status(h.call("put", value=VALUE, **CREDENTIAL), LOCKED).wants, "new-passphrase")
        same(status(h.call("unlock"), LOCKED).wants, "new-passphrase")
        same(os.listdir(env["HOME"]), [], "home")


def locked():
    """a locked file is locked for everything, and locking works"""
    # Breaks when a locked file looks like an empty one.
    with home() as env:
        make(env)
        with helper(env) as h:
            for op in ("get", "delete"):
                same(status(h.call(op, **CREDENTIAL), LOCKED).wants, "passphrase")
            same(status(h.call("put", value=VALUE, **CREDENTIAL), LOCKED).wants, "passphrase")
            same(status(h.call("list"), LOCKED).wants, "passphrase")
            assert "exists" in status(h.call("probe"), OK).message
            status(h.call("unlock", passphrase="correct horse"), OK)
            status(h.call("unlock"), OK)
            status(h.call("get", **CREDENTIAL), OK)
            status(h.call("lock"), OK)
            assert status(h.call("get", **CREDENTIAL), LOCKED).remedy


def wrong_passphrase():
    """a wrong passphrase is told from a damaged file, an empty one is refused"""
    # Breaks when a wrong passphrase reads as damage, or opens anything.
    with home() as env:
        make(env)
        with helper(env) as h:
            answer = status(h.call("unlock", passphrase="correct horsf"), LOCKED)
            same((answer.message, answer.wants), ("wrong passphrase", "passphrase"))
            status(h.call("get", **CREDENTIAL), LOCKED)
            status(h.call("unlock", passphrase=""), INVALID)


def revisions():
    """EXPECT keeps a stale caller from writing and deleting"""
    # Breaks when the expectation is not compared, or compared by prefix.
    with home() as env, unlocked(env) as h:
        status(h.call("put", value=VALUE, expect="0123", **CREDENTIAL), CONFLICT)
        first = status(h.call("put", value=VALUE, expect="", **CREDENTIAL), OK).revision
        status(h.call("put", value=VALUE, expect="", **CREDENTIAL), CONFLICT)
        second = status(h.call("put", value=VALUE, expect=first, **CREDENTIAL), OK).revision
        assert first != second, "the same value written again has a new revision"
        for stale in (first, second[:-1], second + "0"):
            status(h.call("put", value="c1:stale", expect=stale, **CREDENTIAL), CONFLICT)
            status(h.call("delete", expect=stale, **CREDENTIAL), CONFLICT)
        same(h.call("get", **CREDENTIAL).value, VALUE)
        status(h.call("delete", expect=second, **CREDENTIAL), OK)


# --- requests ---------------------------------------------------------------------


def bad_requests():
    """requests that make no sense are refused, the helper goes on"""
    # Breaks when a field is used without being checked.
    with home() as env, helper(env) as h:
        for profile in ("", ".", "-x", "../x", "a/b", "a b", "ä", "a\n", "a\0"):
            status(h.call("get", profile=profile, kind="credential"), INVALID)
        status(h.call("get", profile="x" * 64, kind="credential"), NOT_FOUND)
        status(h.call("get", profile="x" * 65, kind="credential"), TOO_LARGE)
        status(h.call("get", profile="lab"), INVALID)
        status(h.call("get", profile="lab", kind="other"), INVALID)
        for value in ("", "two\nlines", "tab\t", "\x7f", "nul\0"):
            status(h.call("put", value=value, **CREDENTIAL), INVALID)
        status(h.call("put", **CREDENTIAL), INVALID)
        status(h.call("put", value="x" * 65537, **CREDENTIAL), TOO_LARGE)
        status(h.call("put", value=VALUE, label="two\nlines", **CREDENTIAL), INVALID)
        for deadline in ("", "0", "-1", "soon"):
            status(h.call("get", deadline=deadline, **CREDENTIAL), INVALID)
        status(h.call("get", prompt="2", **CREDENTIAL), INVALID)
        status(h.call("destroy"), UNSUPPORTED)
        status(h.call(b"\xe5\x1b"), INVALID)
        h.send_raw(encode([]))
        status(h.receive(), INVALID)
        h.send_raw(encode([("o", "probe"), ("o", "probe")]))
        status(h.receive(), INVALID)
        h.send_raw(encode([("o", "probe"), ("?", "a tag of the future")]))
        status(h.receive(), OK)


def no_messages():
    """what is no message ends the helper, and so does the end of input"""
    # Breaks when a length is believed before it is compared with what is there.
    with home() as env:
        for raw in (b"\xff\xff\xff\xff", b"\0\4\0\1", b"\0\0\0\3o\0\0", b"\0\0\0\6o\0\0\0\2x",
                    b"\0\0\0\6o\xff\xff\xff\xffx"):
            with helper(env) as h:
                h.send_raw(raw)
                same(expect_death(h), 1, "exit code after %r" % raw)
        with helper(env) as h:
            h.socket.shutdown(1)
            same(expect_death(h), 0, "exit code after the end of input")


def large_values():
    """the largest value fits"""
    # Breaks when a limit is off by one.
    with home() as env, unlocked(env) as h:
        status(h.call("put", value="x" * 65536, **CREDENTIAL), OK)
        same(len(h.call("get", **CREDENTIAL).value), 65536)


# --- the file --------------------------------------------------------------------------


def decrypt(key, nonce, authenticated, ciphertext, tag):
    """AES-256-GCM, which Python does not have, from OpenSSL"""
    crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
    for name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"):
        getattr(crypto, name).restype = ctypes.c_void_p
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    plain, size = ctypes.create_string_buffer(len(ciphertext)), ctypes.c_int()
    done = [crypto.EVP_DecryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_256_gcm()), None, key, nonce),
            crypto.EVP_DecryptUpdate(context, None, ctypes.byref(size), authenticated, len(authenticated)),
            crypto.EVP_DecryptUpdate(context, plain, ctypes.byref(size), ciphertext, len(ciphertext)),
            crypto.EVP_CIPHER_CTX_ctrl(context, 0x11, 16, tag),  # EVP_CTRL_AEAD_SET_TAG
            crypto.EVP_DecryptFinal_ex(context, None, ctypes.byref(size))]
    crypto.EVP_CIPHER_CTX_free(context)
    same(done, [1] * 5, "decryption")
    return plain.raw


def layout():
    """the file has the layout that is documented, and no plain text"""
    # Breaks when the format changes without its documentation.
    with home() as env:
        make(env)
        data = read(keyring(env))
        same(data[:9], b"CREDENCE\x01")
        same(tuple(data[9:12]), (16, 8, 1), "scrypt parameters")
        same(struct.unpack(">I", data[12:16])[0], len(data) - OVERHEAD)
        same(hashlib.sha256(data[:92]).digest(), data[92:124], "checksum")
        keys = hashlib.scrypt(b"correct horse", salt=data[16:48], n=1 << 16, r=8, p=1,
                              maxmem=1 << 28, dklen=64)
        same(hmac.new(keys[32:], data[:60], hashlib.sha256).digest(), data[60:92], "key check")
        plain = decrypt(keys[:32], data[48:60], data[:124], data[124:-16], data[-16:])
        fields = (b"lab", b"credential", b"Credence: lab", VALUE.encode())
        same(plain[:-36], b"".join(struct.pack(">I", len(field)) + field for field in fields))
        same(plain[-36:-32], struct.pack(">I", 32), "length of the revision")
        for secret in (VALUE, "lab", "credential"):
            assert secret.encode() not in data, secret
        same(stat.S_IMODE(os.stat(keyring(env)).st_mode), 0o600)
        same(stat.S_IMODE(os.stat(os.path.dirname(keyring(env))).st_mode), 0o700)
        same(sorted(os.listdir(os.path.dirname(keyring(env)))),
             ["credentials.keyring", "credentials.keyring.lock"])


def nonces():
    """every write has a new nonce, and keeps the salt"""
    # Breaks AES-GCM altogether when a nonce repeats.
    with home() as env, unlocked(env) as h:
        seen, salts = set(), set()
        for _ in range(20):
            status(h.call("put", value=VALUE, **CREDENTIAL), OK)
            data = read(keyring(env))
            seen.add(data[48:60])
            salts.add(data[16:48])
        same((len(seen), len(salts)), (20, 1))


def truncated():
    """a file cut at any length, or with a byte more, is corrupt"""
    # Breaks when a length of the file is not compared with its size.
    with home() as env:
        make(env)
        data = read(keyring(env))
        with unlocked(env) as h:
            for size in range(len(data)):
                write(keyring(env), data[:size])
                status(h.call("get", **CREDENTIAL), CORRUPT)
            write(keyring(env), data + b"\0")
            status(h.call("put", value=VALUE, **CREDENTIAL), CORRUPT)
            same(read(keyring(env)), data + b"\0", "the damaged file is left as it is")
            write(keyring(env), data)
            status(h.call("get", **CREDENTIAL), OK)


def flipped():
    """a file with any one bit changed is corrupt, locked or not"""
    # Breaks when a byte is neither covered by the checksum nor by the tag.
    with home() as env:
        make(env)
        data = read(keyring(env))
        with unlocked(env) as open_, helper(env) as closed:
            for bit in range(len(data) * 8):
                bad = bytearray(data)
                bad[bit // 8] ^= 1 << bit % 8
                write(keyring(env), bad)
                status(open_.call("get", **CREDENTIAL), CORRUPT)
                if bit < HEADER * 8:
                    status(closed.call("get", **CREDENTIAL), CORRUPT)
                    status(closed.call("unlock", passphrase="correct horse"), CORRUPT)


def hostile_parameters():
    """parameters that would take all memory are refused before they are used"""
    # Breaks when a file with a good checksum is believed.
    with home() as env:
        make(env)
        data = bytearray(read(keyring(env)))
        with helper(env) as h:
            for parameters in ((0, 8, 1), (16, 0, 1), (16, 8, 0), (21, 8, 1), (20, 9, 1), (16, 8, 255),
                               (255, 1, 1)):
                data[9:12] = parameters
                data[92:124] = hashlib.sha256(data[:92]).digest()
                write(keyring(env), data)
                started = time.monotonic()
                status(h.call("unlock", passphrase="correct horse"), CORRUPT)
                assert time.monotonic() - started < 1
            data[8] = 2
            data[92:124] = hashlib.sha256(data[:92]).digest()
            write(keyring(env), data)
            status(h.call("unlock", passphrase="correct horse"), UNSUPPORTED)


def permissions():
    """a file that others can reach is refused, with the command that mends it"""
    # Breaks when the mode is not looked at, or only one of its bits.
    with home() as env:
        make(env)
        with helper(env) as h:
            for mode in (0o640, 0o620, 0o604, 0o602, 0o610, 0o666):
                os.chmod(keyring(env), mode)
                answer = status(h.call("get", **CREDENTIAL), REFUSED)
                same(answer.remedy, "chmod 600 " + keyring(env))
            os.chmod(keyring(env), 0o600)
            status(h.call("get", **CREDENTIAL), LOCKED)


def other_kinds_of_file():
    """links, pipes and directories are refused, and nothing waits for them"""
    # Breaks when a link is followed, or a FIFO is opened for reading.
    with home() as env:
        make(env)
        path = keyring(env)
        os.rename(path, path + ".real")
        with helper(env) as h:
            for create in (lambda: os.symlink(path + ".real", path),
                           lambda: os.symlink("/nowhere", path),
                           lambda: os.mkfifo(path, 0o600)):
                create()
                status(h.call("get", **CREDENTIAL), REFUSED)
                status(h.call("unlock", passphrase="correct horse"), REFUSED)
                os.unlink(path)
            os.mkdir(path, 0o700)
            status(h.call("get", **CREDENTIAL), REFUSED)
            os.rmdir(path)
            os.rename(path + ".real", path)
            os.unlink(path + ".lock")
            os.symlink("/nowhere", path + ".lock")
            status(h.call("unlock", passphrase="correct horse"), OK)
            status(h.call("put", value=VALUE, **CREDENTIAL), REFUSED)


def where():
    """CREDENCE_KEYRING_FILE and XDG_DATA_HOME say where, if they are absolute"""
    # Breaks when a relative path depends on where the program was started.
    with home() as env:
        env["XDG_DATA_HOME"] = env["HOME"] + "/data"
        with unlocked(env) as h:
            status(h.call("put", value=VALUE, **CREDENTIAL), OK)
            os.stat(env["HOME"] + "/data/credence/credentials.keyring")
        env["CREDENCE_KEYRING_FILE"] = env["HOME"] + "/deep/er/file"
        with unlocked(env) as h:
            status(h.call("put", value=VALUE, **CREDENTIAL), OK)
            os.stat(env["CREDENCE_KEYRING_FILE"])
        env["CREDENCE_KEYRING_FILE"] = "relative"
        with helper(env) as h:
            status(h.call("get", **CREDENTIAL), INVALID)


# --- many at once --------------------------------------------------------------------------


def same_time_creation():
    """helpers that make the file at the same time lose nothing"""
    # Breaks when a loser replaces the file of the winner.
    with home() as env, contextlib.ExitStack() as stack:
        helpers = [stack.enter_context(unlocked(env)) for _ in range(3)]
        stranger = stack.enter_context(unlocked(env, "another passphrase"))
        for number, h in enumerate(helpers):
            h.send("put", profile="p%d" % number, kind="credential", value=VALUE, deadline=10000)
        for h in helpers:
            status(h.receive(), OK)
        same(sorted(helpers[0].call("list").names()), ["p0", "p1", "p2"])
        # He chose another passphrase for a file that is not his any more.
        answer = status(stranger.call("put", value=VALUE, deadline=10000, **CREDENTIAL), LOCKED)
        same((answer.message, answer.wants), ("wrong passphrase", "passphrase"))


def parallel_puts():
    """twenty writes at once by five helpers, and all twenty records are there"""
    # Breaks when reading and writing are not under one lock.
    with home() as env, contextlib.ExitStack() as stack:
        make(env)
        helpers = [stack.enter_context(unlocked(env)) for _ in range(5)]
        for number in range(20):
            helpers[number % 5].send("put", profile="p%d" % number, kind="credential", value=VALUE,
                                     deadline=10000)
        for number in range(20):
            status(helpers[number % 5].receive(), OK)
        same(len(helpers[0].call("list").names()), 21)


def one_winner():
    """of several who expect the same revision one wins"""
    # Breaks when the revision is compared before the lock is taken.
    with home() as env, contextlib.ExitStack() as stack:
        make(env)
        helpers = [stack.enter_context(unlocked(env)) for _ in range(4)]
        revision = helpers[0].call("get", **CREDENTIAL).revision
        for h in helpers:
            h.send("put", value=VALUE, expect=revision, deadline=10000, **CREDENTIAL)
        same(sorted(h.receive().status for h in helpers), [OK, CONFLICT, CONFLICT, CONFLICT])


def waits_for_lock():
    """a lock that somebody holds is waited for until the deadline, not longer"""
    # Breaks when flock() waits for ever.
    with home() as env:
        make(env)
        with unlocked(env) as h, open(keyring(env) + ".lock", "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            started = time.monotonic()
            status(h.call("put", value=VALUE, deadline=300, **CREDENTIAL), TIMEOUT)
            assert 0.2 < time.monotonic() - started < 2
            status(h.call("get", **CREDENTIAL), OK)


def replaced():
    """a file that was replaced by one with another salt locks itself"""
    # Breaks when the key of the old file is used for the new one.
    with home() as env:
        make(env)
        with unlocked(env) as h:
            os.unlink(keyring(env))
            with unlocked(env, "new passphrase") as other:
                status(other.call("put", value="c1:new", **CREDENTIAL), OK)
            status(h.call("get", **CREDENTIAL), LOCKED)
            status(h.call("put", value=VALUE, **CREDENTIAL), LOCKED)
            status(h.call("unlock", passphrase="new passphrase"), OK)
            same(h.call("get", **CREDENTIAL).value, "c1:new")


def killed():
    """a helper that is killed while it writes leaves a file that can be read"""
    # Breaks when the file is written in place.
    with home() as env:
        make(env)
        with unlocked(env) as reader:
            for _ in range(5):
                with unlocked(env) as writer:
                    for number in range(200):
                        writer.send("put", profile="p%d" % (number % 50), kind="credential",
                                    value="c1:" + "x" * 2000)
                    time.sleep(random.uniform(0, 0.05))
                    writer.kill()
                same(status(reader.call("get", **CREDENTIAL), OK).value, VALUE)
            write(keyring(env) + ".new", b"what a crash left")
            status(reader.call("put", value=VALUE, **CREDENTIAL), OK)
            assert not os.path.exists(keyring(env) + ".new")


def full_disk():
    """a write that fails leaves the old file and no other"""
    # Breaks when an error of write() is not noticed.
    with home() as env:
        make(env)
        before = read(keyring(env))
        with unlocked(env) as h:
            resource.prlimit(h.process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
            # RLIMIT_FSIZE kills by signal, which stands for a crash here.
            h.send("put", value="x" * 20000, **CREDENTIAL)
            expect_death(h)
        same(read(keyring(env)), before)
        with unlocked(env) as h:
            status(h.call("put", value=VALUE, **CREDENTIAL), OK)
            assert not os.path.exists(keyring(env) + ".new")


def watchdog():
    """a helper that is stuck ends by itself soon after the deadline"""
    # Breaks when the caller died and nobody is left to kill the helper.
    with home() as env:
        make(env)
        data = bytearray(read(keyring(env)))
        data[9:12] = 16, 8, 32  # the slowest parameters that are allowed
        data[92:124] = hashlib.sha256(data[:92]).digest()
        write(keyring(env), data)
        with helper(env) as h:
            h.send("unlock", passphrase="correct horse", deadline=1)
            same(expect_death(h), -signal.SIGALRM, "exit code")


def doors():
    """a helper inherits no files, writes no core and cannot be traced"""
    # Breaks when descriptors or secrets leak between programs.
    with home() as env:
        readable, inherited = os.pipe()
        os.set_inheritable(inherited, True)
        with Helper("keyring-file", env, close_fds=False) as h:
            os.close(inherited)
            status(h.call("probe"), OK)
            same(select.select([readable], [], [], 5)[0], [readable], "pipes that are closed")
            same(os.stat("/proc/%d/mem" % h.process.pid).st_uid, 0, "owner without dumping")
            with open("/proc/%d/limits" % h.process.pid) as limits:
                assert [line.split()[4:6] for line in limits if line.startswith("Max core")] == [["0", "0"]]
        os.close(readable)


def store_of_request():
    """the store of the request is used, before CREDENCE_KEYRING_FILE, and told back"""
    # Breaks when a profile that names its file is looked for in another.
    with home() as env:
        here, there = os.path.join(env["HOME"], "here"), os.path.join(env["HOME"], "there")
        with helper(dict(env, CREDENCE_KEYRING_FILE=there)) as h:
            status(h.call("unlock", passphrase="correct horse", store=here), OK)
            answer = status(h.call("put", value=VALUE, store=here, **CREDENTIAL), OK)
            same(answer.store, here, "store")
            assert os.path.exists(here) and not os.path.exists(there)
            same(status(h.call("probe", store=here), OK).facts(), {"store": here, "exists": "yes", "private": "yes"},
                 "facts")
            same(status(h.call("probe"), OK).facts(), {"store": there, "exists": "no"}, "facts")
            status(h.call("get", store="relative", **CREDENTIAL), INVALID)
        with helper(env) as h:
            same(status(h.call("probe"), OK).store, None, "the usual store")


CASES = [stores, store_of_request, absent, locked, wrong_passphrase, revisions, bad_requests, no_messages, large_values, layout,
         nonces, truncated, flipped, hostile_parameters, permissions, other_kinds_of_file, where,
         same_time_creation, parallel_puts, one_winner, waits_for_lock, replaced, killed, full_disk,
         watchdog, doors]

if __name__ == "__main__":
    sys.exit(run_cases(CASES))
