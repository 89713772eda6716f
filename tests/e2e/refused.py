# SPDX-License-Identifier: BSD-3-Clause
"""Requests that must not be sent, and profiles, manifests, plugins and helpers
that must not be used.

Each is refused with one line that says why, and nothing arrives at the server
that the profile names, nor at the one that somebody would like it to name.
Breaks when a check is left out, comes after sending, or is fooled by another
spelling of the same thing.

A NUL byte cannot be tried here: neither argv nor the library's text arguments
can hold one.
"""

import os
import shutil
import stat
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import CREDENCE, FIXTURE, SIXCONNECT_SECRET, WRAPPER, Skip, case, main  # noqa: E402
from loopback import Trap  # noqa: E402

CONTROLS = [chr(code) for code in list(range(1, 32)) + [127]]
if WRAPPER:
    CONTROLS = ["\r", "\n", "\x1b", "\x7f"]


class Lab:
    """A 6connect profile at a port that must stay silent."""

    def __init__(self, sandbox, host="127.0.0.1", *allow):
        self.sandbox = sandbox
        self.trap = Trap(sandbox)
        self.port = self.trap.port
        self.origin = "http://%s:%d" % (host, self.port)
        words = ["api_key=41-HSLH4QZQX6IAOOJS"] + ["--allow=" + rule for rule in allow]
        sandbox.add("lab", "6connect", *words, secret=SIXCONNECT_SECRET, field="secret_key",
                    endpoint=self.origin + "/api/x.php")

    def refuses(self, *words, code=(2, 6), saying=None, name="lab"):
        result = self.sandbox.fails(code, "send", name, *words, saying=saying)
        assert result.out == b"" and self.trap.silent(), (words, result)
        return result


def other(sandbox, lab, provider, *words, secret, field):
    sandbox.add(provider, provider, *words, secret=secret, field=field, endpoint=lab.origin + "/")


# --- bytes ----------------------------------------------------------------------


@case("control characters: in method, path and query")
def _(sandbox):
    lab = Lab(sandbox)
    for control in CONTROLS:
        for words in (["GE%sT" % control, "/a"], ["GET" + control, "/a"], ["/a%sb" % control], ["/a" + control],
                      ["?a=%s" % control], ["?a=b%s" % control], ["%sa" % control]):
            lab.refuses(*words)


@case("control characters: in a header's name and value, so that none can be smuggled in")
def _(sandbox):
    lab = Lab(sandbox)
    for control in CONTROLS:
        lab.refuses("/", "X%sY:v" % control)
        lab.refuses("/", "X-Y:v%sw" % control)
    for value in ("v\r\nInjected: yes", "v\nInjected: yes", "v\r\n\r\nGET / HTTP/1.1", "\r\nInjected: yes"):
        lab.refuses("/", "X-Y:" + value)
        lab.refuses("/", "X\r\nInjected: yes\r\nZ:" + value)


@case("control characters in an item's query value are encoded, so that they are data")
def _(sandbox):
    Lab(sandbox)
    url = sandbox.ok("sign", "lab", "", "a==b\r\nX: y", "--format=url").text
    assert "?a=b%0D%0AX%3A%20y&apiKey=" in url, url


@case("bytes that cannot stand in a URL, a lone percent sign, a fragment")
def _(sandbox):
    lab = Lab(sandbox)
    for text in ("/a b", "/é", "/ ", "/\U0001f600", '/"', "/<", "/>", "/^", "/`", "/{a}", "/|", "/\\", "/a\\b"):
        lab.refuses(text, code=2, saying="cannot stand in a URL")
        lab.refuses("/?" + text[1:], code=2, saying="cannot stand in a URL")
    lab.refuses(b"/\xff", code=2)
    for text in ("/%", "/%4", "/%zz", "/a%", "/%%41", "/%4g", "/?a=%", "?%", "/%u0041"):
        lab.refuses(text, code=2, saying="two hexadecimal digits")
    for text in ("#", "/#", "/a#b", "/?a#b", "?#", "/%23#"):
        lab.refuses(text, code=2, saying="fragment")


@case("methods: no token, too long, CONNECT")
def _(sandbox):
    lab = Lab(sandbox)
    lab.refuses("CONNECT", "/", code=6)
    lab.refuses("A" * 33, "/", code=2)


# --- origins --------------------------------------------------------------------


def spellings(host, port):
    """URLs that are not of http://host:port, though some look like it or lead there."""
    at = "%s:%d" % (host, port)
    return [
        "https://" + at + "/", "HTTP://" + at + "/", "Http://" + at + "/", "ftp://" + at + "/", "file:///etc/passwd",
        "gopher://" + at + "/", "http://%s.:%d/" % (host, port), "http://%s/" % host,
        "http://%s:%d/" % (host, port + 1),
        "http://%s:0/" % host, "http://%s:/" % host, "http://%s:99999/" % host, "http://%s:-1/" % host,
        "http://%s:+%d/" % (host, port), "http://%s:%dx/" % (host, port), "http://%s:%d:%d/" % (host, port, port),
        "http://%s.evil:%d/" % (host, port), "http://evil-%s:%d/" % (host, port), "http://evil.%s:%d/" % (host, port),
        "http://%sx:%d/" % (host, port), "http://%s%%2eevil:%d/" % (host, port),
        "http://%s%%00.evil:%d/" % (host, port),
        "http://user@" + at + "/", "http://user:word@" + at + "/", "http://@" + at + "/", "http://" + at + "@evil/",
        "http://" + at + ":80@evil/", "http://evil@" + at + "/", "http://" + at + "\\@evil/",
        "http://evil\\@" + at + "/",
        "http://" + at + "\\.evil/", "http://\\" + at + "/", "http://evil/", "http://evil#@" + at + "/",
        "http://evil?@" + at + "/", "http://evil/" + at + "/", "http:///" + at + "/", "http://", "http:///",
        "http://:%d/" % port, "http://[%s]:%d/" % (host, port), "http://[::1]:%d/" % port,
        "http://[::ffff:127.0.0.1]:%d/" % port, "http://127.1:%d/" % port, "http://2130706433:%d/" % port,
        "http://0x7f.0.0.1:%d/" % port, "http://0177.0.0.1:%d/" % port, "http://0:%d/" % port,
        "http:\\\\" + at + "/", "http:/\\" + at + "/", "\\\\evil/", "/\\evil/",
    ]


@case("another origin: an address as host")
def _(sandbox):
    lab = Lab(sandbox)
    evil = Trap(sandbox)
    for url in spellings("127.0.0.1", lab.port) + ["http://localhost:%d/" % lab.port, evil.url + "/", evil.url]:
        lab.refuses(url)
    assert evil.silent()


@case("another origin: a name as host")
def _(sandbox):
    lab = Lab(sandbox, "localhost")
    for url in spellings("localhost", lab.port) + ["http://127.0.0.1:%d/" % lab.port, "http://LOCALHOST:%d/" % lab.port,
                                                   "http://Localhost:%d/" % lab.port]:
        lab.refuses(url)


@case("another origin: what an error says of a URL with a password has no password")
def _(sandbox):
    lab = Lab(sandbox)
    sandbox.secrets.add("hunter2-in-url")
    lab.refuses("http://me:hunter2-in-url@127.0.0.1:%d/" % lab.port, code=6, saying="user name or password")
    sandbox.fails(6, "add", "x", "bearer", "--keyring=file", "--endpoint=https://me:hunter2-in-url@host/",
                  "--secret=token=-", input="t")
    assert not os.path.exists(sandbox.config("x"))


@case("a profile whose endpoint was changed: the secret stays where it belongs")
def _(sandbox):
    lab = Lab(sandbox)
    evil = Trap(sandbox)
    path = sandbox.config("lab")
    with open(path) as f:
        text = f.read()
    for endpoint in (evil.url, "https://127.0.0.1:%d" % lab.port, "http://localhost:%d" % lab.port):
        changed = text.replace(lab.origin, endpoint)
        assert changed != text
        with open(path, "w") as f:
            f.write(changed)
        lab.refuses("/", code=6, saying="was stored for " + lab.origin)
        sandbox.fails(6, "sign", "lab", "/")
    assert evil.silent()


@case("endpoints that are none: refused when a profile is made")
def _(sandbox):
    for endpoint in ("", "host", "host/path", "ftp://host/", "https://", "https://host./",
                     "https://host/?a=b", "https://host/#a", "https://host/a b", "https://user@host/",
                     "https://host:0/", "https://h\nost/", "https://hôst/"):
        sandbox.fails((2, 6), "add", "x", "bearer", "--keyring=file", "--endpoint=" + endpoint, "--secret=token=-",
                      input="t")
    assert sandbox.ok("list").out == b""


# --- what the provider sets ---------------------------------------------------------


@case("6connect: hash and apiKey cannot be preset, in whatever spelling or place")
def _(sandbox):
    lab = Lab(sandbox)
    for words in (["?hash=a"], ["?a=b&hash=c"], ["?%68ash=a"], ["?hash"], ["", "hash==a"], ["?apiKey=x"],
                  ["?a&%61pi%4bey=x"], ["", "apiKey==x"], ["http://127.0.0.1:%d/?hash=a" % lab.port]):
        lab.refuses(*words, code=6)


@case("Equotix: the four members cannot be preset; nor is anything but a POST of a JSON object signed")
def _(sandbox):
    lab = Lab(sandbox)
    sandbox.equotix(endpoint=lab.origin + "/api/")
    for item in ("domain=x", "api_key=x", "auth_timestamp:=1", "auth_signature=x", "auth_signature:=null"):
        lab.refuses("/x", "a=b", item, code=6, name="shop")
    body = sandbox.write("body", '{"a":1,"auth_\\u0073ignature":"x"}')
    lab.refuses("/x", "@" + body, code=6, name="shop")
    for words in (["/x"], ["GET", "/x"], ["PUT", "/x", "a=b"], ["GET", "/x", "a=b"]):
        lab.refuses(*words, code=6, name="shop", saying="POST")
    lab.refuses("/x", "a=b", "--form", code=6, name="shop")
    lab.refuses("/x", "a=b", "Content-Type:text/plain", code=6, name="shop")
    for text in ("", "[]", "1", "null", '{"a":1', '{"a":"\xff"}', "{}{}"):
        lab.refuses("/x", "@" + sandbox.write("body", text.encode("latin-1")), code=(6, 9), name="shop")


@case("the provider's headers cannot be preset, in whatever case")
def _(sandbox):
    lab = Lab(sandbox)
    other(sandbox, lab, "basic", "username=me", secret="pass-word-1", field="password")
    other(sandbox, lab, "bearer", secret="token-token-1", field="token")
    other(sandbox, lab, "api-key", secret="key-key-key-1", field="key")
    for name in ("basic", "bearer", "lab", "api-key"):
        for header in ("Authorization", "authorization", "AUTHORIZATION", "aUTHORIZATION"):
            lab.refuses("/", header + ":Basic eDp5", code=6, name=name)
    for header in ("X-API-Key", "x-api-key", "X-Api-KEY"):
        lab.refuses("/", header + ":mine", code=6, name="api-key")
    sandbox.ok("set", "api-key", "query=key")
    lab.refuses("/?key=mine", code=6, name="api-key")
    lab.refuses("/?a&k%65y=mine", code=6, name="api-key")


@case("headers that frame or route a request, and cookies, cannot be given")
def _(sandbox):
    lab = Lab(sandbox)
    for header in ("Host", "Content-Length", "Transfer-Encoding", "Connection", "TE", "Upgrade", "Trailer", "Cookie",
                   "Cookie2", "Proxy-Authorization", "Proxy-Connection", "Keep-Alive", "Expect"):
        for spelled in (header, header.lower(), header.upper()):
            lab.refuses("/", spelled + ":1", code=6)
    for name in ("X Y", "X\tY", "X(Y)", "X,Y", "X/Y", "X[Y]", "é", "Content-Length ", " Content-Length", "X\\Y"):
        lab.refuses("/", name + ":1", code=2)


# --- rules ---------------------------------------------------------------------------


@case("allow rules: what none allows is refused, and so is a path that a server might read otherwise")
def _(sandbox):
    lab = Lab(sandbox, "127.0.0.1", "GET /api/*", "POST /api/orders")
    for words in (["/api/a"], ["/api/a/b?c=/../d"], ["/api/"], ["/api/.../a"], ["/api/a..b/.c"], ["a"],
                  ["POST", "/api/orders"], ["POST", "/api/orders?x=y"]):
        sandbox.ok("sign", "lab", *words)
    for words in (["/"], ["/api"], ["/apis/a"], ["/API/a"], ["//api/a"], ["POST", "/api/a"], ["POST", "/api/orders/"],
                  ["PUT", "/api/orders"], ["HEAD", "/api/a"], ["/other?/api/"], ["/%61pi/a"],
                  ["http://127.0.0.1:%d" % lab.port], ["http://127.0.0.1:%d/other" % lab.port]):
        lab.refuses(*words, code=6, saying="no rule")
    for path in ("/api/../other", "/api/..", "/api/./a", "/api/.", "/../api/a", "/api/%2e%2e/other", "/api/%2E./x",
                 "/api/.%2e/x", "/api/%2e/x", "/api/..%2fother", "/api/a%2Fb", "/api/a%5cb", "/api/%5C..%5cb",
                 "/api/..;/other", "/api/..;a=b/other", "/api/%2e%2e;/other", "/api/.;/a", "../other", ".."):
        lab.refuses(path, code=6, saying="has rules")


@case("allow rules: headers that turn the request into another one")
def _(sandbox):
    lab = Lab(sandbox, "127.0.0.1", "GET /api/*")
    for name in ("X-HTTP-Method-Override", "x-http-method", "X-METHOD-OVERRIDE", "X-Original-URL", "X-Rewrite-URL"):
        lab.refuses("/api/a", name + ":DELETE", code=6, saying="has rules")
    sandbox.ok("sign", "lab", "/api/a", "X-Other:1")


@case("allow rules: one that makes no sense is not taken for no rule")
def _(sandbox):
    for rule in ("", "GET", "GET api", "GET /a b", "/a", "G\x01T /a", "GET /a\n"):
        sandbox.fails((2, 6), "add", "x", "bearer", "--keyring=file", "--endpoint=http://h/", "--secret=token=-",
                      "--allow=" + rule, input="t")
    assert sandbox.ok("list").out == b""


# --- names and secrets -----------------------------------------------------------------


@case("names of profiles, providers and keyrings that are paths or worse")
def _(sandbox):
    names = ["../x", "../../etc/passwd", "a/b", "/etc/passwd", ".", "..", ".x", "", "a" * 65, "a b", "a\nb", "a\x1bb",
             "é", "a%2fb", "-x"]
    for name in names:
        for words in (["show", "--", name], ["sign", "--", name, "/"], ["send", "--", name, "/"],
                      ["remove", "--", name], ["set", "--", name, "a=b"],
                      ["add", "--keyring=file", "--endpoint=http://h/", "--secret=token=-", "--", name, "bearer"],
                      ["add", "--keyring=file", "--endpoint=http://h/", "--", "good", name]):
            sandbox.fails(2, *words, input="t")
        sandbox.fails(2, "add", "good", "bearer", "--endpoint=http://h/", "--secret=token=-", "--keyring=" + name,
                      input="t")
    assert not os.path.exists(sandbox.config("good")) and sandbox.ok("list").out == b""


@case("a secret on the command line: refused, not repeated, and nothing is stored")
def _(sandbox):
    secret = "s3cr3t-in-argv"
    sandbox.secrets.add(secret)
    for words in (["secret_key=" + secret], ["6connect.secret_key=" + secret], ["secret_key=" + secret, "api_key=k"]):
        sandbox.fails(2, "add", "lab", "6connect", *words, "--keyring=file", "--endpoint=http://h/",
                      saying="--secret")
    assert sandbox.ok("list").out == b""
    Lab(sandbox)
    sandbox.fails(2, "set", "lab", "secret_key=" + secret, saying="--secret secret_key=-")
    sandbox.fails(2, "set", "lab", "6connect.secret_key=" + secret)
    sandbox.fails((1, 2), "set", "lab", "--secret=secret_key=" + secret)
    sandbox.fails(2, "set", "lab", "--secret=" + secret)
    sandbox.fails(2, "set", "lab", "--secret-key=" + secret)


# --- the profile's file --------------------------------------------------------------------


def replace(path, old, new):
    with open(path) as f:
        text = f.read()
    assert old in text, text
    with open(path, "w") as f:
        f.write(text.replace(old, new))
    return text


@case("a profile with a secret in it, an unknown key, or a line that says something twice")
def _(sandbox):
    lab = Lab(sandbox)
    path = sandbox.config("lab")
    sandbox.secrets.add("typed-into-the-file")
    for old, new, code in [
            ("[6connect]", "[6connect]\nsecret_key = typed-into-the-file", 6),
            ("[6connect]", "[6connect]\nsecret-key = x", 9),
            ("[6connect]", "[6connect]\napi_key = again", 9),
            ("[profile]", "[profile]\nalow = GET /nothing", 9),
            ("[profile]", "[profile]\nAllow = GET /nothing", 9),
            ("[profile]", "[profile]\nallow = nonsense", 9),
            ("[profile]", "[profile]\nproxy = http://evil/", 9),
            ("[profile]", "[profile]\nstack = 6connect basic", 9),
            ("[profile]", "[other]\na = b\n[profile]", 9),
            ("[profile]", "junk\n[profile]", 9),
            ("[profile]", "a = b\n[profile]", 9),
            ("[profile]", "[profile]\x1b", 9),
            ("keyring = file", "keyring = secret-service", 5),
            ("keyring = file", "keyring = ../../bin/sh", 2),
            ("keyring = file", "", 9),
            ("stack = 6connect", "", 9),
            ("stack = 6connect", "stack = nothing", 3),
            ("stack = 6connect", "stack = ../6connect", 2)]:
        before = replace(path, old, new)
        lab.refuses("/", code=code)
        with open(path, "w") as f:
            f.write(before)
    sandbox.ok("sign", "lab", "/")


# --- trust ------------------------------------------------------------------------------------


def spoilers(path):
    """Ways to let somebody else write a file or folder: (what is done, function)."""
    ways = [("by everybody", lambda: os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) | 0o002))]
    groups = [65534] if os.geteuid() == 0 else [g for g in os.getgroups() if g not in (0, os.getgid())]
    if groups:
        def by_group():
            os.chown(path, -1, groups[0])
            os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) | 0o020)
        ways.append(("by its group", by_group))
    if os.geteuid() == 0:
        ways.append(("another user", lambda: os.chown(path, 65534, -1)))
    return ways


def each_spoiled(path, refuses):
    """Spoil path in each way, and mend it again."""
    before = os.stat(path)
    for what, spoil in spoilers(path):
        spoil()
        refuses(what)
        os.chown(path, before.st_uid, before.st_gid)
        os.chmod(path, stat.S_IMODE(before.st_mode))


@case("a profile that others can write, or its folder")
def _(sandbox):
    lab = Lab(sandbox)
    path = sandbox.config("lab")
    for spoiled in (path, os.path.dirname(path), os.path.dirname(os.path.dirname(path)), sandbox.home):
        each_spoiled(spoiled, lambda what: lab.refuses("/", code=6, saying=what))
    sandbox.ok("sign", "lab", "/")


class Plugin:
    """A provider of the user's own: 6connect under the name mine."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.trap = Trap(sandbox)
        self.folder = os.path.join(sandbox.home, ".local", "share", "credence")
        self.manifest = os.path.join(self.folder, "providers", "mine.provider")
        self.module = os.path.join(self.folder, "plugins", "mine.so")
        for path in (self.manifest, self.module):
            os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        self.put_manifest()
        shutil.copy(os.path.join(FIXTURE, "plugins", "6connect.so"), self.module)
        sandbox.add("lab", "mine", "api_key=k", secret=SIXCONNECT_SECRET, field="secret_key", endpoint=self.trap.url)

    def put_manifest(self, old="module = 6connect.so", new="module = mine.so"):
        with open(os.path.join(FIXTURE, "providers", "6connect.provider")) as f:
            text = f.read()
        assert old in text
        with open(self.manifest, "w") as f:
            f.write(text.replace("module = 6connect.so", "module = mine.so").replace(old, new))
        os.chmod(self.manifest, 0o644)

    def works(self):
        assert "&hash=" in self.sandbox.ok("sign", "lab", "/", "--format=url").text

    def refuses(self, code, saying=None):
        result = self.sandbox.fails(code, "send", "lab", "/", saying=saying)
        assert result.out == b"" and self.trap.silent(), result


@case("a user's own manifest and plugin: used when nobody else can write them, and refused otherwise")
def _(sandbox):
    plugin = Plugin(sandbox)
    plugin.works()
    for spoiled in (plugin.manifest, plugin.module, os.path.dirname(plugin.manifest), os.path.dirname(plugin.module),
                    plugin.folder):
        each_spoiled(spoiled, lambda what: plugin.refuses(6, what))
    plugin.works()


@case("a plugin or manifest behind a symbolic link, and modules that are paths")
def _(sandbox):
    plugin = Plugin(sandbox)
    for path in (plugin.manifest, plugin.module):
        os.rename(path, path + ".real")
        os.symlink(path + ".real", path)
        plugin.refuses(6, "symbolic link")
        os.remove(path)
        os.rename(path + ".real", path)
    for module in ("../plugins/mine.so", "/tmp/mine.so", "a/b.so", ".so", "mine", "..so", "mine.so.1"):
        plugin.put_manifest("module = 6connect.so", "module = mine.so")
        replace(plugin.manifest, "module = mine.so", "module = " + module)
        plugin.refuses(6, "module")
    plugin.put_manifest()
    plugin.works()


@case("a plugin that is missing, no shared object, a folder, or something else: the profile fails closed")
def _(sandbox):
    plugin = Plugin(sandbox)
    good = plugin.module + ".good"
    os.rename(plugin.module, good)
    plugin.refuses(3, "install the plugin again")
    for text in (b"", b"not ELF", b"\x7fELF", b"\x7fELF" + bytes(200)):
        with open(plugin.module, "wb") as f:
            f.write(text)
        plugin.refuses(1, "cannot be loaded")
    shutil.copy(os.path.join(FIXTURE, "transport", "transport-curl.so"), plugin.module)
    plugin.refuses(1, "does not export credence_provider_v1")
    shutil.copy(os.path.join(FIXTURE, "plugins", "basic.so"), plugin.module)
    plugin.refuses(3, "has no provider 6connect")
    os.remove(plugin.module)
    os.mkdir(plugin.module)
    plugin.refuses(6, "not a regular file")
    os.rmdir(plugin.module)
    os.mkfifo(plugin.module)
    plugin.refuses(6, "not a regular file")
    os.remove(plugin.module)
    os.rename(good, plugin.module)
    plugin.works()


def own_fixture(sandbox):
    """A command that has its fixture in the sandbox, where it can be spoiled: the
    path is compiled in, so it is replaced in a copy by one of the same length."""
    own = tempfile.mkdtemp(prefix="c")
    sandbox.cleanups.append(lambda: shutil.rmtree(own, ignore_errors=True))
    spare = len(FIXTURE) - len(own)
    if spare < 0:
        raise Skip("the build folder's path is too short to be replaced")
    shutil.copytree(FIXTURE, own, dirs_exist_ok=True)
    os.chmod(own, 0o700)
    with open(CREDENCE, "rb") as f:
        program = f.read()
    if FIXTURE.encode() + b"/keyrings" not in program:
        raise Skip("this command does not have the fixture's path in it")
    patched = own + "/" * spare if spare else own
    sandbox.command = sandbox.write("credence", program.replace(FIXTURE.encode(), patched.encode()), 0o700)
    return own


@case("the system's manifest, plugin, keyring helper and transport, when others can write them")
def _(sandbox):
    own = own_fixture(sandbox)
    lab = Lab(sandbox)
    sandbox.ok("sign", "lab", "/")
    for name in ("providers/6connect.provider", "plugins/6connect.so", "keyrings/keyring-file",
                 "transport/transport-curl.so", "providers", "plugins", "keyrings", "transport"):
        each_spoiled(os.path.join(own, name), lambda what: lab.refuses("/", code=6, saying=what))
    sandbox.ok("sign", "lab", "/")


if __name__ == "__main__":
    main()
