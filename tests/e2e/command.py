# SPDX-License-Identifier: BSD-3-Clause
"""The contract of the command: exit codes, errors, questions on a terminal, and
what may be done without a keyring.

Scripts rely on the codes, people on one line of error that a hostile name cannot
turn into control sequences, and both on list and show that never touch a secret.
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import (FIXTURE, PATIENCE, SIXCONNECT_KEY, SIXCONNECT_SECRET, WRAPPER, Skip, case,  # noqa: E402
                     main, traced)
from loopback import Server, Trap, reply  # noqa: E402
from terminal import Terminal  # noqa: E402

COMMANDS = ("providers", "add", "list", "show", "set", "remove", "sign", "send", "login", "logout")


def bearer(sandbox, endpoint="https://api.example/", name="api"):
    sandbox.add(name, "bearer", secret="token-token-1", field="token", endpoint=endpoint)


# --- codes ----------------------------------------------------------------------


@case("exit codes: each from 0 to 9, with an example or more")
def _(sandbox):
    server = Server(sandbox, reply("401 No"))
    bearer(sandbox, server.url)
    sandbox.ok("show", "api")
    sandbox.fails(1, "add", "api", "bearer", "--keyring=file", "--endpoint=http://h/", "--secret=token=-", input="x",
                  saying="there is a profile api already")
    for words in (["nonsense"], ["show"], ["show", "a", "b"], ["--nonsense"], ["list", "--nonsense"], [], ["sign"],
                  ["sign", "api", "--format=xml"], ["sign", "api", "--at=now"], ["sign", "api", "/", "junk"],
                  ["sign", "api", "/", "a:={"], ["set", "api"], ["set", "api", "junk"], ["list", "--timeout=0"],
                  ["list", "--timeout=x"], ["-z"], ["sign", "api", "a=b"]):
        sandbox.fails(2, *words)
    for words in (["show", "none"], ["sign", "none", "/"], ["send", "none", "/"], ["remove", "none"],
                  ["set", "none", "a=b"], ["add", "x", "none"], ["set", "api", "none=b"]):
        sandbox.fails(3, *words)
    locked = {"CREDENCE_PASSPHRASE_FILE": None}
    sandbox.fails(4, "sign", "api", "/", env=locked)
    sandbox.fails(4, "sign", "api", "/", "--no-prompt", env=locked)
    sandbox.fails(4, "send", "api", "/", env={"CREDENCE_PASSPHRASE_FILE": sandbox.write("wrong", "not the passphrase")})
    sandbox.fails(5, "add", "x", "bearer", "--keyring=secret-service", "--endpoint=http://h/", "--secret=token=-",
                  input="x")
    sandbox.fails(5, "add", "x", "bearer", "--keyring=none", "--endpoint=http://h/", "--secret=token=-", input="x")
    sandbox.fails(6, "sign", "api", "http://elsewhere.example/")
    sandbox.fails(7, "send", "api", "/")
    closed = Trap(sandbox)
    closed.socket.close()
    bearer(sandbox, closed.url, "closed")
    sandbox.fails(8, "send", "closed", "/")
    with open(sandbox.config("closed"), "a") as f:
        f.write("junk\n")
    sandbox.fails(9, "show", "closed")
    assert "closed: (unreadable" in sandbox.fails(9, "list").err


@case("a failure changes nothing: neither the profile that is there nor a new one")
def _(sandbox):
    bearer(sandbox)
    before = sandbox.ok("show", "api", "--json").json
    sandbox.run("add", "api", "bearer", "--keyring=file", "--endpoint=http://other/", "--secret=token=-", input="other")
    assert sandbox.ok("show", "api", "--json").json == before
    assert b"Bearer token-token-1" in sandbox.ok("sign", "api", may_print_secret=True).out
    sandbox.fails(4, "add", "new", "bearer", "--keyring=file", "--endpoint=http://h/", "--secret=token=-", input="x",
                  env={"CREDENCE_PASSPHRASE_FILE": None})
    sandbox.fails(3, "show", "new")


@case("--help, everywhere, names every command and option; --version is one line")
def _(sandbox):
    out = sandbox.ok("--help").text
    assert sandbox.ok("--version").text.startswith("credence 0.")
    assert sandbox.ok("list", "--version").text.count("\n") == 1
    for name in COMMANDS:
        assert re.search(r"^  %s " % name, out, re.M), name
        text = sandbox.ok(name, "--help").text
        assert text.startswith("usage: credence " + name) and "example:" in text and "--no-prompt" in text
    assert sandbox.ok("--help").err == ""


@case("errors are one line, whatever the name or value holds")
def _(sandbox):
    bearer(sandbox)
    for junk in ("\x1b[31mred", "a\nb", "\r\x07", "\x7f", "\x9b31m", b"\xff\xfe", "%s%n", "a" * 5000, "\u202e", "\x01"):
        for words in (["show", junk], ["sign", junk, "/"], [junk], ["add", junk, "bearer"], ["add", "x", junk],
                      ["sign", "api", "/", "X:" + junk if isinstance(junk, str) else b"X:" + junk, "Y Z:1"],
                      ["set", "api", "a=b" + junk if isinstance(junk, str) else b"a=b" + junk]):
            result = sandbox.run(*words)
            assert result.code != 0 and result.err.count("\n") == 1, result
            assert result.err.startswith("credence: ") and not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.err)


@case("a closed or full standard output is told, and is a failure")
def _(sandbox):
    if not os.path.exists("/dev/full"):
        raise Skip("there is no /dev/full")
    for words in (["providers"], ["--help"], ["--version"], ["list", "--json"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(WRAPPER + [sandbox.command] + words, env=sandbox.env, stdout=full,
                                  stderr=subprocess.PIPE, timeout=PATIENCE)
        assert done.returncode == 1 and done.stderr.startswith(b"credence: cannot write"), done


# --- terminal -----------------------------------------------------------------------


@case("add asks for what is missing; secrets are not shown; what was typed signs")
def _(sandbox):
    sandbox.secrets.update((SIXCONNECT_SECRET, "typed passphrase"))
    os.unlink(sandbox.path("home/.local/share/credence/credentials.keyring"))  # a new one is to be made
    terminal = Terminal(sandbox, "add", "lab", "6connect", "--keyring=file", "--endpoint=https://6.example/api.php",
                        env={"CREDENCE_PASSPHRASE_FILE": ""})
    everything = b""
    assert terminal.expect("API key: "), "the answer to a harmless question should be shown"
    terminal.type(SIXCONNECT_KEY)
    assert not terminal.expect("Secret key: "), "what is typed for a secret would be shown"
    terminal.type(SIXCONNECT_SECRET)
    assert not terminal.expect("assphrase"), "the passphrase would be shown"
    terminal.type("typed passphrase")
    while terminal.read(2):
        if b"again" in terminal.text.lower() or b"repeat" in terminal.text.lower():
            everything, terminal.text = everything + terminal.text, b""
            terminal.type("typed passphrase")
    everything += terminal.text
    assert terminal.end() == 0, everything + terminal.text
    everything += terminal.text
    assert b"added lab" in everything and SIXCONNECT_SECRET.encode() not in everything
    assert b"typed passphrase" not in everything
    sandbox.passphrase("typed passphrase")
    url = sandbox.ok("sign", "lab", "?target=ipam&action=get&type=IP&mask=24", "--format=url").text
    assert "hash=xxakpAz2B8XX41DY2jjh14fgfn3os6xg9DokMUff0T4%3D" in url, url


@case("the terminal shows again what is typed when a question was broken off")
def _(sandbox):
    for how in ("\x03", "\n"):
        terminal = Terminal(sandbox, "add", "api", "bearer", "--keyring=file", "--endpoint=https://h/")
        assert not terminal.expect("Token: ")
        os.write(terminal.fd, how.encode())
        assert terminal.end() != 0
        sandbox.fails(3, "show", "api")


@case("without a terminal, or with --no-prompt, nothing is asked: exit 4 names the field")
def _(sandbox):
    words = ["add", "lab", "6connect", "--keyring=file", "--endpoint=https://h/"]
    sandbox.fails(4, *words, saying="api_key")
    sandbox.fails(4, *words, "--no-prompt", saying="give api_key=VALUE")
    sandbox.fails(4, *words, "api_key=k", saying="--secret secret_key=PATH")
    terminal = Terminal(sandbox, *words, "api_key=k", "--no-prompt")
    assert terminal.end() == 4 and b"secret_key is missing" in terminal.text
    assert sandbox.ok("list").out == b""


# --- without a keyring -----------------------------------------------------------------


# The programs that are started, and the sockets and files.
TRACED = ("-s", "4096", "-e", "trace=execve,connect,socketpair,open,openat")


@case("list, show and providers need no bus and no passphrase, and start no helper and no plugin")
def _(sandbox):
    bearer(sandbox)
    sandbox.sixconnect()
    env = {"CREDENCE_PASSPHRASE_FILE": None, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
    for words in (["list"], ["list", "--json"], ["show", "lab"], ["show", "lab", "--json"], ["providers"],
                  ["providers", "--json"]):
        sandbox.ok(*words, env=env)
    for words in (["list"], ["show", "lab"], ["providers"]):
        log = traced(sandbox, TRACED, *words)
        assert log.count("execve(") == 1, log
        assert "connect(" not in log and "socketpair(" not in log, log
        assert "/plugins/" not in log and "keyring" not in re.sub(r"execve\(.*", "", log), log
    # The tracer would have seen it: signing starts the helper and loads a plugin.
    log = traced(sandbox, TRACED, "sign", "lab", "/")
    assert "keyrings" in log and "socketpair(" in log, log


@case("signing reads the manifests that it needs, however many there are")
def _(sandbox):
    # Breaks when a folder of providers is searched: with many of them each signature would pay.
    for i in range(3):
        sandbox.write("home/.local/share/credence/providers/site%d.provider" % i, "[provider]\n")
    sandbox.sixconnect()
    log = traced(sandbox, TRACED, "sign", "lab", "/")
    assert re.findall(r'"([^"/]*)\.provider"', log) == ["6connect"], log
    listed = [line for line in log.splitlines() if 'providers"' in line and "O_PATH" not in line]
    assert not listed, listed


@case("list, show and providers with a locked gnome-keyring")
def _(desktop):
    sandbox = desktop.sandbox
    bearer(sandbox)
    desktop.lock()
    assert sandbox.ok("list", "--json").json[0]["name"] == "api"
    shown = sandbox.ok("show", "api", "--json").json
    shown = shown[0] if isinstance(shown, list) else shown
    assert shown["keyring"] == "secret-service" and {"token": None} == {f["name"]: f["value"] for f in shown["fields"]}
    sandbox.ok("providers")
    sandbox.fails(4, "sign", "api", "--no-prompt")


@case("what list, show and providers say, as text and as JSON")
def _(sandbox):
    assert sandbox.ok("list").out == b"" and sandbox.ok("list", "--json").json == []
    sandbox.add("lab", "6connect", "api_key=" + SIXCONNECT_KEY, "--allow=GET /api/*", secret=SIXCONNECT_SECRET,
                field="secret_key", endpoint="https://6.example/api/x.php")
    assert sandbox.ok("list").text.split() == ["lab", "6connect", "https://6.example/api/x.php", "file"]
    shown = sandbox.ok("show", "lab", "--json").json
    assert sandbox.ok("list", "--json").json == [shown]
    assert {name: shown[name] for name in ("name", "endpoint", "keyring", "providers", "allow", "path")} == {
        "name": "lab", "endpoint": "https://6.example/api/x.php", "keyring": "file", "providers": ["6connect"],
        "allow": ["GET /api/*"], "path": sandbox.config("lab")}
    fields = {field["name"]: field for field in shown["fields"]}
    assert fields["api_key"]["value"] == SIXCONNECT_KEY and not fields["api_key"]["secret"]
    assert fields["secret_key"]["value"] is None and fields["secret_key"]["secret"]
    text = sandbox.ok("show", "lab").text
    for word in ("lab", SIXCONNECT_KEY, "GET /api/*", "(in the keyring)", "file"):
        assert word in text, text
    names = [line.split()[0] for line in sandbox.ok("providers").text.split("\n") if line]
    listed = sandbox.ok("providers", "--json").json
    assert names == sorted(names) == [entry["name"] for entry in listed]
    assert {"6connect", "api-key", "basic", "bearer", "equotix", "packetfabric-legacy"} <= set(names)
    assert all(os.path.exists(entry["path"]) and entry["path"].startswith(FIXTURE) for entry in listed)


# --- changing -----------------------------------------------------------------------------


@case("set changes a field and a secret, and an option back to its default")
def _(sandbox):
    sandbox.sixconnect(secret="another-secret-1")
    sandbox.secrets.add(SIXCONNECT_SECRET)
    sandbox.ok("set", "lab", "api_key=other", "--secret=secret_key=-", input=SIXCONNECT_SECRET + "\n")
    assert "apiKey=other&" in sandbox.ok("sign", "lab", "?a", "--format=url").text
    sandbox.ok("set", "lab", "api_key=" + SIXCONNECT_KEY, "key_parameter=key")
    assert "key=" + SIXCONNECT_KEY in sandbox.ok("sign", "lab", "?a", "--format=url").text
    sandbox.ok("set", "lab", "6connect.key_parameter=")
    url = sandbox.ok("sign", "lab", "?target=ipam&action=get&type=IP&mask=24", "--format=url").text
    assert "hash=xxakpAz2B8XX41DY2jjh14fgfn3os6xg9DokMUff0T4%3D" in url, url
    sandbox.ok("set", "lab", "--secret=secret_key=" + sandbox.write("secret", "third-secret-3"))
    sandbox.secrets.add("third-secret-3")
    assert sandbox.ok("sign", "lab", "?target=ipam&action=get&type=IP&mask=24", "--format=url").text != url
    sandbox.fails(2, "set", "lab", "api_key=a b")
    sandbox.fails(2, "set", "lab", "--secret=api_key=-", input="x")
    sandbox.fails(2, "set", "lab", "--secret=secret_key=-", input="")


@case("remove takes profile and secret away; a second time there is nothing")
def _(sandbox):
    bearer(sandbox)
    bearer(sandbox, name="other")
    sandbox.ok("remove", "api")
    sandbox.fails(3, "remove", "api")
    sandbox.fails(3, "sign", "api", "/")
    assert not os.path.exists(sandbox.config("api"))
    sandbox.ok("sign", "other", "/", may_print_secret=True)
    # Brought back without its secret, it has none.
    with open(sandbox.config("other")) as f:
        sandbox.write(os.path.relpath(sandbox.config("api"), sandbox.root), f.read())
    sandbox.fails(3, "sign", "api", "/")
    sandbox.fails(4, "remove", "other", env={"CREDENCE_PASSPHRASE_FILE": None})
    sandbox.ok("sign", "other", "/", may_print_secret=True)


@case("add without --keyring and without a bus: exit 5, and the way out is named")
def _(sandbox):
    sandbox.fails(5, "add", "api", "bearer", "--endpoint=https://h/", "--secret=token=-", input="x",
                  saying="--keyring file")
    sandbox.fails(5, "add", "api", "bearer", "--endpoint=https://h/", "--secret=token=-", input="x",
                  env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}, saying="--keyring file")
    assert sandbox.ok("list").out == b""


@case("--quiet says nothing of success, and everything of failure")
def _(sandbox):
    words = ["bearer", "--keyring=file", "--endpoint=https://h/", "--secret=token=-"]
    assert "added a" in sandbox.ok("add", "a", *words, input="x").err
    assert sandbox.ok("add", "b", *words, "--quiet", input="x").err == ""
    assert sandbox.ok("remove", "b", "--quiet").err == ""
    sandbox.fails(3, "remove", "b", "--quiet")


if __name__ == "__main__":
    main()
