# SPDX-License-Identifier: BSD-3-Clause
"""What a person at the terminal is told when something is not as it should be.

Breaks when a failure passes in silence, or when the way out of it is not named.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from loopback import Server, reply  # noqa: E402
from harness import case, main  # noqa: E402


@case("a profile that does not say where its secret is cannot be removed as if it had none")
def _(sandbox):
    sandbox.sixconnect()
    text = open(sandbox.config("lab")).read()
    sandbox.write(sandbox.config("lab"), text.replace("keyring = file\n", ""))
    sandbox.fails(9, "remove", "lab", saying="keyring")
    sandbox.write(sandbox.config("lab"), text.replace("keyring = file", "keyrin = file"))
    sandbox.fails(9, "remove", "lab", saying="unknown name keyrin in [profile]")
    sandbox.write(sandbox.config("lab"), text)
    sandbox.ok("sign", "lab")


@case("a keyring that does not open any more: remove names what is left to do")
def _(sandbox):
    sandbox.sixconnect()
    sandbox.passphrase("another one")
    sandbox.fails(4, "remove", "lab", saying="or delete " + sandbox.config("lab"))
    assert os.path.exists(sandbox.config("lab"))


@case("a secret that is gone: the command that stores it again, with its names")
def _(sandbox):
    sandbox.sixconnect()
    os.unlink(os.path.join(sandbox.home, ".local", "share", "credence", "credentials.keyring"))
    sandbox.fails(3, "sign", "lab", saying="credence set lab --secret secret_key=-")


@case("a field that the provider does not have: those that it has")
def _(sandbox):
    sandbox.sixconnect()
    sandbox.fails(3, "set", "lab", "apikey=x", saying="the fields are api_key, secret_key, ")


@case("a misspelt setting is named with its line")
def _(sandbox):
    sandbox.sixconnect()
    text = open(sandbox.config("lab")).read()
    sandbox.write(sandbox.config("lab"), text.replace("endpoint =", "endpont ="))
    sandbox.fails(9, "sign", "lab", saying="lab.conf:")
    sandbox.fails(9, "sign", "lab", saying="unknown name endpont in [profile]")


@case("a rule whose method can never match is refused")
def _(sandbox):
    sandbox.secrets.add("x-canary")
    sandbox.fails(2, "add", "lab", "bearer", "--allow=get /x", "--endpoint=http://127.0.0.1:1/", "--keyring=file",
                  "--secret", "token=-", input="x-canary", saying="the method in capitals")


@case("--format=url says when the URL is not the whole request, and is silent when it is")
def _(sandbox):
    sandbox.sixconnect()
    assert sandbox.ok("sign", "lab", "--format=url").err == ""
    sandbox.equotix()
    assert "--format=curl" in sandbox.ok("sign", "shop", "x", "a=1", "--format=url").err
    assert sandbox.ok("sign", "shop", "x", "a=1", "--format=url", "--quiet").err == ""


@case("--trace with a provider that signs nothing says so")
def _(sandbox):
    sandbox.add("token", "bearer", secret="bearer-canary", field="token", endpoint="http://127.0.0.1:1/")
    assert "nothing to trace" in sandbox.ok("sign", "token", "--trace", may_print_secret=True).err
    sandbox.sixconnect()
    assert "nothing to trace" not in sandbox.ok("sign", "lab", "--trace").err


@case("a redirect is not followed, and that is said")
def _(sandbox):
    server = Server(sandbox, reply("302 Found", b"", "Location: http://127.0.0.1:1/elsewhere"))
    sandbox.sixconnect(endpoint=server.url + "/")
    assert "redirect to http://127.0.0.1:1/elsewhere was not followed" in sandbox.ok("send", "lab").err


if __name__ == "__main__":
    main()
