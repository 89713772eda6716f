# SPDX-License-Identifier: BSD-3-Clause
"""credence export and import: profiles on their way to another machine.

Breaks when a profile does not sign on the other machine as it did here, when a file that
is there is overwritten, when half of an export gets a name, when what is in the file is
trusted more than a profile's file would be, when a profile that is there is changed
unasked, and when one passphrase is taken for another's.
"""

import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, ".."), os.path.join(HERE, "..", "keyring")]
from harness import CHEAP_KEYRING, PASSPHRASE, SIXCONNECT_SECRET, Sandbox, case, main  # noqa: E402
from protocol import Helper  # noqa: E402
from terminal import Terminal  # noqa: E402
from test_file import decrypt  # noqa: E402
from vendors import OAuth2  # noqa: E402

SIGN = ("sign", "lab", "?action=get", "--format=url")
SHOP = ("sign", "shop", "POST", "x", "--at=1600000000", "--nonce=n")
CONFLICT, USAGE, NOT_FOUND, LOCKED, NO_KEYRING, REFUSED, DAMAGED = 1, 2, 3, 4, 5, 6, 9
EXPORT_PASSPHRASE = "exported horse"
CONF = "[profile]\nstack = 6connect\nendpoint = https://cloud.6connect.com/\nkeyring = file\n\n[6connect]\napi_key = x\n"


def other_machine(sandbox):
    """A home elsewhere, which goes when the case does."""
    there = Sandbox()
    sandbox.cleanups.append(there.close)
    there.secrets |= sandbox.secrets
    return there


def passphrase_of_export(sandbox, text=EXPORT_PASSPHRASE):
    sandbox.secrets.add(text)
    sandbox.env["CREDENCE_EXPORT_PASSPHRASE_FILE"] = sandbox.write("export-passphrase", text)


def line(text):
    return "p1:" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def record(origin="https://cloud.6connect.com", name="6connect.secret_key"):
    def field(tag, value):
        return tag.encode() + struct.pack(">I", len(value)) + value.encode()
    data = field("o", origin) + field("f", name) + field("v", SIXCONNECT_SECRET)
    return "c1:" + base64.urlsafe_b64encode(data).decode().rstrip("=")


def crafted(sandbox, conf=CONF, credential=None, name="lab", path="crafted.credence"):
    """An exported file that somebody else made."""
    path = sandbox.write(path, CHEAP_KEYRING)
    with Helper("keyring-file", dict(sandbox.env, CREDENCE_KEYRING_FILE=path)) as helper:
        assert helper.call("unlock", passphrase=PASSPHRASE).status == 0
        for kind, value in (("profile", conf and line(conf)), ("credential", credential or record())):
            if value:
                assert helper.call("put", profile=name, kind=kind, value=value).status == 0
    os.remove(path + ".lock")
    return path


def read(path):
    with open(path, "rb") as f:
        return f.read()


def no_profile(sandbox, name="lab"):
    assert not os.path.exists(sandbox.config(name)), "a profile was made"
    keyring = dict(sandbox.env)
    with Helper("keyring-file", keyring) as helper:
        assert helper.call("unlock", passphrase=PASSPHRASE).status == 0
        assert helper.call("get", profile=name, kind="credential").status == 4, "a secret was stored"


# --- there --------------------------------------------------------------------------------------


@case("a round trip: all profiles of one home sign in another as they did")
def _(sandbox):
    sandbox.sixconnect()
    sandbox.equotix(endpoint="https://shop.example/")
    sandbox.rewrite("lab", "keyring = file", "keyring = file\nallow = GET /6c_375/*\nallow = GET /x")
    before = sandbox.ok(*SIGN).text, sandbox.ok(*SHOP).text
    passphrase_of_export(sandbox)
    path = sandbox.path("all.credence")
    result = sandbox.ok("export", path)
    assert "sessions are not in it" in result.err, result
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert sorted(name for name in os.listdir(sandbox.root) if "new" in name) == []
    there = other_machine(sandbox)
    there.passphrase("that machine's own")
    os.remove(there.path("home/.local/share/credence/credentials.keyring"))
    passphrase_of_export(there)
    result = there.ok("import", path)
    assert "imported lab (keyring file)" in result.err and "imported shop" in result.err, result
    assert (there.ok(*SIGN).text, there.ok(*SHOP).text) == before
    for name in ("lab", "shop"):
        assert read(there.config(name)) == read(sandbox.config(name))
    there.fails(REFUSED, "sign", "lab", "POST", "/6c_375/x")
    # Once more changes nothing.
    assert there.ok("import", path).err.count("unchanged") == 2
    assert os.listdir(there.path("home/.local/state/credence/exchange")) == []


@case("some of the profiles, on either side, and another keyring file")
def _(sandbox):
    for name in ("lab", "two", "three"):
        sandbox.sixconnect(name)
    path, other = sandbox.path("two.credence"), sandbox.write("other.keyring", CHEAP_KEYRING)
    sandbox.ok("export", path, "lab", "two")
    there = other_machine(sandbox)
    there.ok("import", path, "two", "--keyring=file", "--store", other)
    assert os.listdir(os.path.dirname(there.config("two"))) == ["two.conf"]
    assert "keyring_store = " + other in read(there.config("two")).decode()
    there.ok("sign", "two")
    there.fails(NOT_FOUND, "import", path, "three", saying="holds no profile three")
    there.ok("import", path, "--quiet")
    there.ok("sign", "lab")


@case("a place that was recorded stays behind, and a keyring that is not here is named")
def _(sandbox):
    store = sandbox.write("there.keyring", CHEAP_KEYRING)
    there = other_machine(sandbox)
    path = crafted(sandbox, CONF.replace("keyring = file\n", "keyring = file\nkeyring_store = %s\n" % store))
    there.ok("import", path)
    assert "keyring_store" not in read(there.config("lab")).decode() and read(store) == CHEAP_KEYRING
    there.ok("remove", "lab")
    path = crafted(sandbox, CONF.replace("keyring = file", "keyring = secret-service"))
    there.fails(NO_KEYRING, "import", path)
    no_profile(there)
    there.ok("import", path, "--keyring=file")
    there.ok(*SIGN)


@case("sessions stay at home")
def _(sandbox):
    tokens = OAuth2(sandbox)
    tokens.client("my-client", "a-client-secret")
    sandbox.add("api", "oauth2-client-credentials", "token_url=" + tokens.url + "/token", "client_id=my-client",
                secret="a-client-secret", field="client_secret", endpoint=tokens.url + "/v1")
    sandbox.ok("send", "api", "x")
    path = sandbox.path("api.credence")
    sandbox.ok("export", path)
    there = other_machine(sandbox)
    there.ok("import", path)
    there.fails(NOT_FOUND, "sign", "api", "x", saying="no session")
    there.ok("send", "api", "x")


@case("from one desktop's keyring to another's")
def _(desktop):
    sandbox = desktop.sandbox
    sandbox.sixconnect()
    before = sandbox.ok(*SIGN).text
    passphrase_of_export(sandbox)
    path = sandbox.path("lab.credence")
    sandbox.ok("export", path)
    sandbox.ok("remove", "lab")
    sandbox.ok("import", path)
    assert sandbox.ok(*SIGN).text == before
    desktop.lock()
    sandbox.fails(LOCKED, "export", sandbox.path("second"), "--no-prompt")
    assert not os.path.exists(sandbox.path("second"))


@case("the format that credence-keyring(7) tells, read by another program")
def _(sandbox):
    sandbox.sixconnect()
    passphrase_of_export(sandbox)
    path = sandbox.path("lab.credence")
    sandbox.ok("export", path)
    data = read(path)
    assert data[:12] == b"CREDENCE\x01\x10\x08\x01" and len(data) == 140 + struct.unpack(">I", data[12:16])[0]
    keys = hashlib.scrypt(EXPORT_PASSPHRASE.encode(), salt=data[16:48], n=1 << 16, r=8, p=1, maxmem=1 << 28, dklen=64)
    assert hmac.new(keys[32:], data[:60], hashlib.sha256).digest() == data[60:92]
    plain = decrypt(keys[:32], data[48:60], data[:124], data[124:-16], data[-16:])
    fields = []
    while plain:
        size = struct.unpack(">I", plain[:4])[0]
        fields.append(plain[4:4 + size])
        plain = plain[4 + size:]
    records = {(fields[i], fields[i + 1]): fields[i + 3].decode() for i in range(0, len(fields), 5)}
    assert sorted(records) == [(b"lab", b"credential"), (b"lab", b"profile")], sorted(records)
    conf = records[b"lab", b"profile"]
    assert conf[:3] == "p1:" and base64.urlsafe_b64decode(conf[3:] + "===") == read(sandbox.config("lab"))
    secret = records[b"lab", b"credential"]
    assert SIXCONNECT_SECRET.encode() in base64.urlsafe_b64decode(secret[3:] + "===")
    for known in (SIXCONNECT_SECRET, "6connect", "lab"):
        assert known.encode() not in data


# --- exports that do not take place ---------------------------------------------------------------


@case("a file that is there is not overwritten, whatever it is")
def _(sandbox):
    sandbox.sixconnect()
    os.mkdir(sandbox.path("folder"))
    os.symlink(sandbox.path("nowhere"), sandbox.path("link"))
    for name in (sandbox.write("precious", "precious"), sandbox.path("folder"), sandbox.path("link")):
        sandbox.fails(CONFLICT, "export", name, saying="give another name")
    assert read(sandbox.path("precious")) == b"precious" and not os.path.exists(sandbox.path("nowhere"))
    sandbox.fails(USAGE, "export", sandbox.path("precious"), "--replace")


@case("not where credence deletes what it finds")
def _(sandbox):
    sandbox.sixconnect()
    folder = sandbox.path("home/.local/state/credence/exchange")
    sandbox.ok("export", sandbox.path("x.credence"))
    result = sandbox.fails(USAGE, "export", os.path.join(folder, "x.credence"), saying="another folder")
    assert "exported" not in result.err
    mine = sandbox.write(os.path.join(folder, "mine"), read(sandbox.path("x.credence")))
    sandbox.fails(USAGE, "import", mine, saying="another folder")
    assert os.path.exists(mine)


@case("one profile that cannot be read: no file at all")
def _(sandbox):
    sandbox.sixconnect()
    sandbox.sixconnect("two")
    path = sandbox.path("x.credence")
    passphrase_of_export(sandbox)
    wrong = {"CREDENCE_PASSPHRASE_FILE": sandbox.write("wrong", "wrong horse")}
    sandbox.fails(LOCKED, "export", path, env=wrong)
    sandbox.fails(NOT_FOUND, "export", path, "lab", "none", saying="no profile none")
    sandbox.rewrite("two", "stack = 6connect", "stack = nonesuch")
    sandbox.fails(NOT_FOUND, "export", path)
    assert not os.path.exists(path)
    sandbox.ok("export", path, "lab")
    sandbox.fails(CONFLICT, "export", path, "lab")
    sandbox.fails(1, "export", sandbox.path("no/such/folder/x"), "lab", saying="No such file")
    there = other_machine(sandbox)
    there.fails(NOT_FOUND, "export", there.path("empty"), saying="no profiles to export")
    assert not os.path.exists(there.path("empty"))


# --- imports that do not take place ------------------------------------------------------------


@case("no file, something else, a damaged one, a wrong passphrase: told apart, and nothing is made")
def _(sandbox):
    path = crafted(sandbox)
    good = read(path)
    os.mkfifo(sandbox.path("fifo"))
    sandbox.fails(NOT_FOUND, "import", sandbox.path("none"), saying="No such file")
    for data in (b"", b"CREDENCE", good[:-1], good + b"\0", b"#!/bin/sh\n" * 99, bytes(len(good))):
        sandbox.fails(DAMAGED, "import", sandbox.write("bad", data), saying="bad: is damaged, or not a file of")
    for offset in (0, 20, 50, 70, 100, 130, len(good) - 1):
        data = bytearray(good)
        data[offset] ^= 1
        sandbox.fails(DAMAGED, "import", sandbox.write("bad", bytes(data)))
    for name in ("fifo", "home"):
        sandbox.fails(DAMAGED, "import", sandbox.path(name), saying="not a regular file")
    with open(sandbox.path("huge"), "wb") as f:
        f.truncate(17 << 20)
    sandbox.fails(DAMAGED, "import", sandbox.path("huge"))
    passphrase_of_export(sandbox, "wrong horse")
    sandbox.fails(LOCKED, "import", path, saying="wrong passphrase")
    sandbox.fails(LOCKED, "import", path, saying="CREDENCE_EXPORT_PASSPHRASE_FD",
                  env={"CREDENCE_EXPORT_PASSPHRASE_FILE": None, "CREDENCE_PASSPHRASE_FILE": None})
    no_profile(sandbox)
    del sandbox.env["CREDENCE_EXPORT_PASSPHRASE_FILE"]
    sandbox.ok("import", path)
    assert read(path) == good and not os.path.exists(path + ".lock")


@case("a copy that others can read, as a stick makes it, is fine; a keyring in use is not one of ours")
def _(sandbox):
    path = crafted(sandbox)
    os.chmod(path, 0o444)
    sandbox.ok("import", path)
    sandbox.fails(DAMAGED, "import", sandbox.path("home/.local/share/credence/credentials.keyring"),
                  saying="holds no exported profiles")


@case("what a profile's file may not say, an exported one may not either")
def _(sandbox):
    bad = [
        (CONF + "secret_key = %s\n" % SIXCONNECT_SECRET, REFUSED, "stands in the file"),
        (CONF + "nonesuch = x\n", DAMAGED, "no field nonesuch"),
        (CONF.replace("keyring =", "keyrign ="), DAMAGED, "unknown name keyrign"),
        (CONF.replace("keyring = file", "keyring = ../../file"), USAGE, "not the name of a keyring"),
        (CONF.replace("keyring = file", "keyring = directory"), REFUSED, "nothing can be put there"),
        (CONF + "[other]\nx = y\n", DAMAGED, "unknown"),
        (CONF.replace("https://", "ftp://"), REFUSED, "endpoint"),
        (CONF.replace("https://", "https://user:pw@"), REFUSED, "endpoint"),
        (CONF.replace("api_key = x", "api_key = " + "x" * 400), DAMAGED, "too long"),
        (CONF.replace("api_key = x", "api_key = x\x1b[2J"), DAMAGED, "control characters"),
        (CONF.replace("stack = 6connect", "stack = nonesuch").replace("[6connect]\napi_key = x\n", ""), NOT_FOUND,
         "nonesuch"),
        ("", DAMAGED, "stack"),
    ]
    for conf, code, words in bad:
        path = crafted(sandbox, conf or "\n")
        result = sandbox.fails(code, "import", path, saying=words)
        assert "Traceback" not in result.err
        no_profile(sandbox)
    for value in ("c1:AAAA", "p1:", "p1:!!!", "p1:" + "A" * 5000):
        path = sandbox.write("odd.credence", CHEAP_KEYRING)
        with Helper("keyring-file", dict(sandbox.env, CREDENCE_KEYRING_FILE=path)) as helper:
            assert helper.call("unlock", passphrase=PASSPHRASE).status == 0
            helper.call("put", profile="lab", kind="profile", value=value)
        sandbox.fails(DAMAGED, "import", path)
        no_profile(sandbox)


@case("a secret for another endpoint, or none at all: refused before anything is made")
def _(sandbox):
    sandbox.fails(REFUSED, "import", crafted(sandbox, credential=record("https://elsewhere.example")),
                  saying="was stored for https://elsewhere.example")
    sandbox.fails((NOT_FOUND, DAMAGED), "import", crafted(sandbox, credential=record(name="6connect.other")))
    sandbox.fails(DAMAGED, "import", crafted(sandbox, credential="c1:nonsense"))
    no_profile(sandbox)


def forged_name(name):
    """An exported file with this name in it, which no helper would write."""
    key = hashlib.scrypt(PASSPHRASE.encode(), salt=CHEAP_KEYRING[16:48], n=1 << CHEAP_KEYRING[9], r=CHEAP_KEYRING[10],
                         p=CHEAP_KEYRING[11], maxmem=1 << 28, dklen=64)
    plain = b""
    for kind, value in ((b"profile", line(CONF)), (b"credential", record())):
        for field in (name, kind, b"", value.encode(), b"1"):
            plain += struct.pack(">I", len(field)) + field
    head = CHEAP_KEYRING[:12] + struct.pack(">I", len(plain)) + CHEAP_KEYRING[16:60]
    head += hmac.new(key[32:], head, hashlib.sha256).digest()
    head += hashlib.sha256(head).digest()
    return head + encrypt(key[:32], head[48:60], head, plain)


def encrypt(key, nonce, authenticated, plain):
    """AES-256-GCM: the ciphertext and its tag."""
    crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
    for name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"):
        getattr(crypto, name).restype = ctypes.c_void_p
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    out, tag, size = ctypes.create_string_buffer(len(plain)), ctypes.create_string_buffer(16), ctypes.c_int()
    done = [crypto.EVP_EncryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_256_gcm()), None, key, nonce),
            crypto.EVP_EncryptUpdate(context, None, ctypes.byref(size), authenticated, len(authenticated)),
            crypto.EVP_EncryptUpdate(context, out, ctypes.byref(size), plain, len(plain)),
            crypto.EVP_EncryptFinal_ex(context, None, ctypes.byref(size)),
            crypto.EVP_CIPHER_CTX_ctrl(context, 0x10, 16, tag)]  # EVP_CTRL_AEAD_GET_TAG
    crypto.EVP_CIPHER_CTX_free(context)
    assert done == [1] * 5, done
    return out.raw + tag.raw


@case("a name that would be a path: the file is refused as a whole")
def _(sandbox):
    # That the forgery itself is good shows a name that is.
    sandbox.ok("import", sandbox.write("good", forged_name(b"lab")))
    sandbox.ok("remove", "lab")
    for name in (b"../../../evil", b"/tmp/evil", b"", b"a/b", b".hidden", b"x" * 65, b"new\nline"):
        sandbox.fails(DAMAGED, "import", sandbox.write("evil", forged_name(name)), saying="cannot be the name")
    profiles = os.path.dirname(sandbox.config("x"))
    assert not os.path.isdir(profiles) or os.listdir(profiles) == []


@case("a profile that is there and differs is kept, unless --replace says otherwise; the others come")
def _(sandbox):
    sandbox.sixconnect()
    sandbox.sixconnect("two")
    expected, path = sandbox.ok(*SIGN).text, sandbox.path("x.credence")
    sandbox.ok("export", path)
    sandbox.secrets.add("another-secret")
    sandbox.ok("set", "lab", "--secret=secret_key=-", input="another-secret")
    sandbox.ok("remove", "two")
    before, conf = sandbox.ok(*SIGN).text, read(sandbox.config("lab"))
    result = sandbox.run("import", path)
    assert result.code == CONFLICT and "--replace" in result.err and "imported two" in result.err, result
    assert sandbox.ok(*SIGN).text == before and read(sandbox.config("lab")) == conf
    sandbox.ok("import", path, "--replace")
    assert sandbox.ok(*SIGN).text == expected
    # Other settings, the same secret.
    sandbox.rewrite("lab", "keyring = file", "keyring = file\nallow = GET /nothing")
    sandbox.fails(CONFLICT, "import", path, "lab", saying="another profile lab")
    sandbox.ok("import", path, "lab", "--replace")
    assert read(sandbox.config("lab")) == conf
    other = sandbox.write("other.keyring", CHEAP_KEYRING)
    sandbox.fails(CONFLICT, "import", path, "lab", "--keyring=file", "--store", other, "--replace",
                  saying="credence migrate")
    assert read(other) == CHEAP_KEYRING


@case("a secret that was stored for other fields than the profile has comes along all the same")
def _(sandbox):
    sandbox.sixconnect()
    sandbox.secrets.add("another-secret")
    sandbox.ok("rotate", "lab", "api_key=43-B", "--secret=secret_key=-", input="another-secret")
    sandbox.ok("set", "lab", "api_key=43-C")
    expected, path = sandbox.ok(*SIGN).text, sandbox.path("x.credence")
    sandbox.ok("export", path)
    sandbox.ok("remove", "lab")
    sandbox.ok("import", path)
    assert sandbox.ok(*SIGN).text == expected
    sandbox.ok("set", "lab", "api_key=43-D")
    sandbox.ok("import", path, "--replace")
    assert sandbox.ok(*SIGN).text == expected


@case("a profile whose secrets somebody else fills in is not replaced")
def _(sandbox):
    sandbox.sixconnect()
    path, folder = sandbox.path("x.credence"), sandbox.path("secrets")
    sandbox.ok("export", path)
    os.makedirs(folder, 0o700)
    sandbox.write("secrets/lab.secret_key", SIXCONNECT_SECRET)
    sandbox.rewrite("lab", "keyring = file", "keyring = directory\nkeyring_store = %s" % folder)
    conf = read(sandbox.config("lab"))
    sandbox.fails(REFUSED, "import", path, "--replace", saying="credence migrate moves it first")
    assert read(sandbox.config("lab")) == conf


@case("secrets that lie in the keyring without a profile may be somebody's")
def _(sandbox):
    sandbox.sixconnect()
    path = sandbox.path("x.credence")
    sandbox.ok("export", path)
    sandbox.ok("set", "lab", "--secret=secret_key=-", input="x-another")
    os.remove(sandbox.config("lab"))
    sandbox.fails(CONFLICT, "import", path, saying="other secrets under the name lab")
    assert not os.path.exists(sandbox.config("lab"))
    sandbox.ok("import", path, "--replace")
    sandbox.ok(*SIGN)


@case("certificates stay behind, and those that are missing are named")
def _(sandbox):
    here = sandbox.write("ca.pem", "x")
    path = crafted(sandbox, CONF.replace("keyring = file\n", "keyring = file\nclient_cert = /nowhere/cert.pem\n"
                                         "ca_cert = %s\n" % here))
    result = sandbox.ok("import", path)
    assert "client-cert is not here: /nowhere/cert.pem" in result.err and "ca-cert" not in result.err, result


# --- passphrases -------------------------------------------------------------------------------


@case("a passphrase for each: the keyring's, the file's, and one descriptor for both")
def _(sandbox):
    sandbox.sixconnect()
    path = sandbox.path("x.credence")
    passphrase_of_export(sandbox)
    sandbox.ok("export", path)
    sandbox.fails(LOCKED, "import", path, env={"CREDENCE_EXPORT_PASSPHRASE_FILE": None}, saying="wrong passphrase")

    def with_descriptor(variable, text, *words, **env):
        ours, theirs = os.pipe()
        os.write(theirs, text.encode())
        os.close(theirs)
        try:
            return sandbox.ok(*words, pass_fds=(ours,), env=dict({variable: str(ours)}, **env))
        finally:
            os.close(ours)

    none = {"CREDENCE_EXPORT_PASSPHRASE_FILE": None}
    with_descriptor("CREDENCE_EXPORT_PASSPHRASE_FD", EXPORT_PASSPHRASE, "import", path, **none)
    with_descriptor("CREDENCE_PASSPHRASE_FD", PASSPHRASE, "export", sandbox.path("both"),
                    CREDENCE_PASSPHRASE_FILE=None, **none)
    sandbox.ok("import", sandbox.path("both"), env=none)


@case("on a terminal: asked for by the file's name, twice for a new one")
def _(sandbox):
    sandbox.sixconnect()
    path = sandbox.path("x.credence")
    ask = {"CREDENCE_PASSPHRASE_FILE": ""}
    terminal = Terminal(sandbox, "export", path, env=ask)
    terminal.expect("Passphrase of the file keyring: ")
    terminal.type(PASSPHRASE)
    for question in ("Passphrase of the exported file %s (new; keep it safe)" % path, "The same again"):
        terminal.expect(question)
        terminal.type("typed horse")
    assert terminal.end() == 0, terminal.text
    sandbox.ok("remove", "lab")
    terminal = Terminal(sandbox, "import", path, env=ask)
    for answer in ("wrong", "typed horse"):
        terminal.expect("Passphrase of the exported file %s" % path)
        terminal.type(answer)
    terminal.expect("Passphrase of the file keyring: ")
    terminal.type(PASSPHRASE)
    assert terminal.end() == 0, terminal.text
    sandbox.ok(*SIGN)


if __name__ == "__main__":
    main()
