# SPDX-License-Identifier: BSD-3-Clause
"""Client certificates: a server that lets nobody in without one.

Breaks when the certificate is not shown or the wrong one is, when a server with a
certificate of another authority is trusted, and when the private key gets anywhere
but to the TLS of the transfer: a command line, an environment, a file, the output.
"""

import os
import shutil
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PATIENCE, Skip, case, main, traced  # noqa: E402
from loopback import OK, Server, Trap, tls_context  # noqa: E402
from terminal import Terminal  # noqa: E402
from vendors import CPBM, Megaport  # noqa: E402

TOKEN = "token-token-1"
ADDRESS = "subjectAltName=IP:127.0.0.1"


def openssl(*words):
    if shutil.which("openssl") is None:
        raise Skip("the openssl command is not installed")
    done = subprocess.run(["openssl"] + list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout.decode()


class Pair:
    """A certificate and its key in files of their own; signed by ca, or by itself."""

    def __init__(self, sandbox, name, ca=None, *extensions):
        self.cert, self.key = sandbox.path(name + ".pem"), sandbox.path(name + ".key")
        signer = ["-CA", ca.cert, "-CAkey", ca.key] if ca else []
        added = [word for extension in extensions for word in ("-addext", extension)]
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=" + name, "-keyout", self.key, "-out", self.cert, *signer, *added)
        os.chmod(self.key, 0o600)
        self.lines = [line for line in read(self.key).split("\n") if line and not line.startswith("-")]
        sandbox.secrets.update(self.lines)


def read(path):
    with open(path) as f:
        return f.read()


class Guarded(Server):
    """Wants a certificate of the authority; shown are the names on those it got."""

    def __init__(self, sandbox, ca, name="server", extension=ADDRESS, server_ca=None):
        pair = Pair(sandbox, name, server_ca or ca, extension, "basicConstraints=CA:FALSE")
        self.shown = []
        super().__init__(sandbox, self.note, guarded_context(pair, ca))

    def note(self, request, connection):
        subject = connection.getpeercert()["subject"]
        self.shown.append(dict(pair[0] for pair in subject)["commonName"])
        return OK


def guarded_context(pair, ca):
    context = tls_context(pair.cert, pair.key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca.cert)
    return context


def authority(sandbox, name="ca"):
    return Pair(sandbox, name, None, "keyUsage=critical,keyCertSign")


def parts(sandbox):
    """An authority, a client's pair of its, and a server that wants such a one."""
    ca = authority(sandbox)
    return ca, Pair(sandbox, "client", ca, "basicConstraints=CA:FALSE"), Guarded(sandbox, ca)


def add(sandbox, server, ca, *words, name="api", client_key=None):
    """A profile; client_key is what standard input says of it."""
    token = "token=" + sandbox.write("token", TOKEN)
    sandbox.secrets.add(TOKEN)
    given = ["--secret", "client_key=-"] if client_key is not None else []
    return sandbox.ok("add", name, "bearer", "--keyring", sandbox.keyring, "--quiet", "--endpoint", server.url,
                      "--secret", token, "--ca-cert", ca.cert, *words, *given, input=client_key or "")


def key_in_keyring(sandbox):
    """A profile with a client's certificate from its file, and the key of it in the keyring."""
    ca, client, server = parts(sandbox)
    add(sandbox, server, ca, "--client-cert", client.cert, "--secret", "client_key=" + client.key)
    return ca, client, server


# --- the key's three places ----------------------------------------------------------


@case("certificate and key from files")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = parts(sandbox)
    add(sandbox, server, ca, "--client-cert", client.cert, "--client-key", client.key)
    sandbox.ok("send", "api", "/x")
    assert server.shown == ["client"] and server.last.line == "GET /x HTTP/1.1"


@case("the key in the keyring, from a file or from standard input: the file is no longer needed")
def _(sandbox):
    ca, client, server = key_in_keyring(sandbox)
    add(sandbox, server, ca, "--client-cert", client.cert, name="two", client_key=read(client.key))
    os.remove(client.key)
    sandbox.ok("send", "api", "/x")
    sandbox.ok("send", "two", "/x")
    assert server.shown == ["client", "client"]


@case("a file with both the certificate and the key")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = parts(sandbox)
    for number, text in enumerate((read(client.cert) + read(client.key), read(client.key) + read(client.cert))):
        both = sandbox.write("both%d.pem" % number, text)
        add(sandbox, server, ca, "--client-cert", both, name="api%d" % number)
        sandbox.ok("send", "api%d" % number, "/x")
    assert server.shown == ["client", "client"]


@case("a certificate that an intermediate authority signed, which follows in the file")
def _(desktop):
    sandbox = desktop.sandbox
    ca = authority(sandbox)
    middle = Pair(sandbox, "middle", ca, "keyUsage=critical,keyCertSign")
    client = Pair(sandbox, "client", middle, "basicConstraints=CA:FALSE")
    server = Guarded(sandbox, ca)
    chain = sandbox.write("chain.pem", read(client.cert) + read(middle.cert))
    add(sandbox, server, ca, "--client-cert", chain, "--secret", "client_key=" + client.key)
    sandbox.ok("send", "api", "/x")
    assert server.shown == ["client"]


@case("gnome-keyring holds the key; while it is locked nothing is sent")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = key_in_keyring(sandbox)
    os.remove(client.key)
    sandbox.ok("send", "api", "/x")
    desktop.lock()
    sandbox.fails(4, "send", "api", "/x", "--no-prompt")
    assert server.shown == ["client"] and server.connections == 1
    sandbox.ok("show", "api")


# --- refusals ---------------------------------------------------------------------------


@case("without a certificate the server refuses: exit 8, and nothing was sent")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = parts(sandbox)
    add(sandbox, server, ca)
    sandbox.fails(8, "send", "api", "/x")
    assert server.requests == [] and server.connections >= 1


@case("a certificate of another authority is refused by the server: exit 8")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = parts(sandbox)
    stranger = Pair(sandbox, "stranger", authority(sandbox, "other"), "basicConstraints=CA:FALSE")
    add(sandbox, server, ca, "--client-cert", stranger.cert, "--client-key", stranger.key)
    sandbox.fails(8, "send", "api", "/x")
    assert server.requests == []


@case("a key that is not the certificate's is told as such, from a file and from the keyring")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = parts(sandbox)
    other = Pair(sandbox, "other", ca)
    add(sandbox, server, ca, "--client-cert", client.cert, "--client-key", other.key)
    add(sandbox, server, ca, "--client-cert", client.cert, "--secret", "client_key=" + other.key, name="two")
    for name in ("api", "two"):
        result = sandbox.run("send", name, "/x")
        assert result.code != 0 and "key" in result.err and "certificate" in result.err, result
        assert result.err.count("\n") == 1, result
    assert server.requests == []


@case("a server whose authority is unknown gets nothing, with --ca-cert and without")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = parts(sandbox)
    stranger = authority(sandbox, "stranger")
    words = ["--client-cert", client.cert, "--client-key", client.key]
    add(sandbox, server, stranger, *words)
    sandbox.fails(8, "send", "api", "/x")
    sandbox.add("plain", "bearer", *words, secret=TOKEN, field="token", endpoint=server.url)
    sandbox.fails(8, "send", "plain", "/x", env={"SSL_CERT_FILE": ca.cert, "CURL_CA_BUNDLE": ca.cert})
    assert server.requests == [] and server.shown == []


@case("--ca-cert does not make a certificate for another host good")
def _(desktop):
    sandbox = desktop.sandbox
    ca = authority(sandbox)
    client = Pair(sandbox, "client", ca)
    server = Guarded(sandbox, ca, "elsewhere", "subjectAltName=DNS:elsewhere.example")
    add(sandbox, server, ca, "--client-cert", client.cert, "--client-key", client.key)
    sandbox.fails(8, "send", "api", "/x")
    assert server.requests == []


@case("files that are missing, empty, no PEM or a folder: one line of error, and nothing is sent")
def _(sandbox):
    ca, client, server = parts(sandbox)
    right = {"--client-cert": client.cert, "--client-key": client.key, "--ca-cert": ca.cert}
    sandbox.secrets.add(TOKEN)
    bad = {"missing": sandbox.path("missing.pem"), "empty": sandbox.write("empty.pem", ""),
           "nonsense": sandbox.write("nonsense.pem", "nonsense\n"), "folder": sandbox.home}
    for option in right:
        for kind, path in bad.items():
            name = option.strip("-") + "-" + kind
            words = [word for pair in dict(right, **{option: path}).items() for word in pair]
            done = sandbox.run("add", name, "bearer", "--keyring", sandbox.keyring, "--quiet", "--endpoint", server.url,
                               "--secret=token=-", *words, input=TOKEN)
            result = done if done.code else sandbox.run("send", name, "/x")
            assert result.code not in (0, 7) and result.err.count("\n") == 1, (option, kind, result)
            assert kind == "nonsense" or os.path.basename(path) in result.err, (option, kind, result)
    assert server.requests == []


@case("an authority that others can change is refused: they could be the server")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = parts(sandbox)
    own = sandbox.write("own-ca.pem", read(ca.cert))
    add(sandbox, server, ca, "--client-cert", client.cert, "--client-key", client.key, "--ca-cert", own)
    for mode, good in ((0o644, True), (0o444, True), (0o664, False), (0o646, False)):
        os.chmod(own, mode)
        result = sandbox.ok("send", "api", "/x") if good else sandbox.fails(6, "send", "api", "/x", saying=own)
        assert good or "chmod" in result.err, result
    assert server.shown == ["client"] * 2


@case("a key that others can read or change is refused, beside the certificate too; its group may read it")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = parts(sandbox)
    both = sandbox.write("both.pem", read(client.cert) + read(client.key))
    add(sandbox, server, ca, "--client-cert", client.cert, "--client-key", client.key)
    add(sandbox, server, ca, "--client-cert", both, name="both")
    for mode, good in ((0o400, True), (0o640, True), (0o604, False), (0o660, False), (0o602, False), (0o644, False)):
        for name, path in (("api", client.key), ("both", both)):
            os.chmod(path, mode)
            result = sandbox.ok("send", name, "/x") if good else sandbox.fails(6, "send", name, "/x", saying=path)
            assert good or "chmod" in result.err, result
    assert server.shown == ["client"] * 4
    os.chmod(client.cert, 0o644)
    os.chmod(client.key, 0o600)
    sandbox.ok("send", "api", "/x")


@case("a certificate without a key anywhere is told before anything is sent")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = parts(sandbox)
    added = sandbox.run("add", "api", "bearer", "--keyring", sandbox.keyring, "--endpoint", server.url, "--secret",
                        "token=" + sandbox.write("token", TOKEN), "--ca-cert", ca.cert, "--client-cert", client.cert)
    result = added if added.code else sandbox.run("send", "api", "/x")
    assert result.code in (2, 3) and "client_key" in result.err, result
    assert server.connections == 0


@case("a key with a passphrase: nobody is asked for it behind the command's back, and the file's fault is told")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = parts(sandbox)
    for number, words in enumerate((["pkey", "-aes128"], ["ec", "-aes128"])):
        locked = sandbox.path("locked%d.key" % number)
        openssl(words[0], "-in", client.key, *words[1:], "-passout", "pass:passphrase-1", "-out", locked)
        os.chmod(locked, 0o600)
        add(sandbox, server, ca, "--client-cert", client.cert, "--client-key", locked, name="file%d" % number)
        terminal = Terminal(sandbox, "send", "file%d" % number, "/x")
        assert terminal.end() not in (0, 99) and b"passphrase" in terminal.text, terminal.text
        stored = sandbox.run("add", "kept%d" % number, "bearer", "--keyring", sandbox.keyring, "--quiet", "--endpoint",
                             server.url, "--secret", "token=" + sandbox.write("token", TOKEN), "--ca-cert", ca.cert,
                             "--client-cert", client.cert, "--secret", "client_key=" + locked)
        if stored.code == 0:
            terminal = Terminal(sandbox, "send", "kept%d" % number, "/x")
            assert terminal.end() not in (0, 99) and b"Enter PEM" not in terminal.text, terminal.text
            assert b"key" in terminal.text and terminal.text.count(b"\n") == 1, terminal.text
    assert server.requests == []


# --- settings ----------------------------------------------------------------------------


@case("show and list name the files; set changes them; nothing shows the key")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = key_in_keyring(sandbox)
    shown = sandbox.ok("show", "api", "--json").json
    assert shown["client_cert"] == client.cert and shown["ca_cert"] == ca.cert, shown
    text = sandbox.ok("show", "api").text
    assert client.cert in text and ca.cert in text, text
    second = Pair(sandbox, "second", ca)
    sandbox.ok("set", "api", "--client-cert", second.cert, "--secret", "client_key=" + second.key)
    sandbox.ok("send", "api", "/x")
    assert server.shown == ["second"]


@case("a profile without a certificate gets one with set, and loses it again")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = parts(sandbox)
    add(sandbox, server, ca)
    sandbox.fails(8, "send", "api", "/x")
    sandbox.ok("set", "api", "--client-cert", client.cert, "--client-key", client.key)
    sandbox.ok("send", "api", "/x")
    sandbox.ok("set", "api", "--client-cert=", "--client-key=")
    sandbox.fails(8, "send", "api", "/x")
    assert server.shown == ["client"]


@case("a key in the keyring stays with its origin")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = key_in_keyring(sandbox)
    trap = Trap(sandbox)
    sandbox.rewrite("api", server.url, trap.url)
    sandbox.fails(6, "send", "api", "/x")
    assert trap.silent()


@case("remove takes the key out of the keyring")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = key_in_keyring(sandbox)
    sandbox.ok("remove", "api")
    left = desktop.secrets_call("", "Service.SearchItems", "dict:string:string:profile,api")
    assert "/collection/" not in left, left


# --- where the key must not be --------------------------------------------------------------


# The arguments and environments of all programs, and the files that are made.
TRACED = ("-v", "-s", "65536", "-e", "trace=execve,open,openat,memfd_create")


@case("a key from the keyring is in no argument, no environment and no file")
def _(sandbox):
    ca, client, server = key_in_keyring(sandbox)
    lines = client.lines
    os.remove(client.key)
    log = traced(sandbox, TRACED, "send", "api", "/x")
    assert server.shown == ["client"] and "keyring" in log
    assert not any(line in log for line in lines), "the key is in an argument or an environment"
    assert "memfd_create" not in log
    for line in log.split("\n"):
        assert "O_CREAT" not in line or "/credence/" in line, line
    for folder, _, names in os.walk(sandbox.root):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    data = f.read()
                assert not any(line.encode() in data for line in lines), path


@case("--trace, -i, sign and their formats show no line of the key")
def _(desktop):
    sandbox = desktop.sandbox
    ca, client, server = key_in_keyring(sandbox)
    keys = set(client.lines)
    sandbox.secrets = keys
    sandbox.ok("send", "api", "/x", "--trace", "-i")
    for kind in ("http", "url", "curl", "json"):
        sandbox.run("sign", "api", "/x", "--format=" + kind)


# --- with providers -----------------------------------------------------------------------------


@case("CPBM with a client certificate, as its vendor recommends, and a clock that is off")
def _(desktop):
    sandbox = desktop.sandbox
    ca = authority(sandbox)
    client = Pair(sandbox, "client", ca)
    context = guarded_context(Pair(sandbox, "server", ca, ADDRESS), ca)
    server = CPBM(sandbox, tls=context)
    server.keys["Key"], server.offset = "secret-secret-1", 600
    sandbox.add("portal", "cpbm", "api_key=Key", "--client-cert", client.cert, "--client-key", client.key, "--ca-cert",
                ca.cert, secret="secret-secret-1", field="secret_key", endpoint=server.url + "/portal/api")
    sandbox.ok("send", "portal", "accounts")
    assert server.take_log() == ["GET /portal/api/accounts 400", "GET /portal/api/accounts 200"]


@case("a login at the endpoint shows the certificate as well")
def _(desktop):
    sandbox = desktop.sandbox
    ca = authority(sandbox)
    client = Pair(sandbox, "client", ca)
    server = Megaport(sandbox, tls=guarded_context(Pair(sandbox, "server", ca, ADDRESS), ca))
    server.account("example", "password-1")
    sandbox.add("mega", "megaport", "mode=classic", "username=example", "--client-cert", client.cert, "--client-key",
                client.key, "--ca-cert", ca.cert, secret="password-1", field="password", endpoint=server.url)
    sandbox.ok("send", "mega", "/v2/x")
    assert server.take_log() == ["POST /v2/login 200", "GET /v2/x 200"]


if __name__ == "__main__":
    main()
