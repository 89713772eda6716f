# SPDX-License-Identifier: BSD-3-Clause
"""credence_curl_apply() on a handle that its program had set up for something else.

Breaks when an option of before takes a signed request to another place, or makes
the server get something other than what was signed.
"""

import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PATIENCE, WRAPPER, Skip, case, main  # noqa: E402
from loopback import Server, Trap, reply  # noqa: E402

HANDLE = os.path.join(os.environ["TESTS_BUILD"], "e2e", "handle")
TOKEN = "token-token-token-1"


class Handle:
    def __init__(self, sandbox, answer=None):
        self.sandbox = sandbox
        self.server = Server(sandbox) if answer is None else Server(sandbox, answer)
        self.trap = Trap(sandbox)
        sandbox.add("api", "bearer", secret=TOKEN, field="token", endpoint=self.server.url + "/base")

    def run(self, method, target, body, *options):
        done = subprocess.run(WRAPPER + [HANDLE, "api", method, target, body, *options], env=self.sandbox.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
                              universal_newlines=True)
        assert TOKEN not in done.stdout + done.stderr and done.stderr == "", done
        if done.stdout == "unknown\n":
            raise Skip("this libcurl has no such option")
        return done.stdout.strip()

    def sent(self, *words):
        """What arrived at the endpoint, which is where everything must arrive."""
        count = len(self.server.requests)
        out = self.run(*words)
        assert out == "0" and len(self.server.requests) == count + 1, (words, out)
        assert self.trap.silent(), words
        return self.server.last


@case("another address in the handle: the request goes to its origin")
def _(sandbox):
    handle = Handle(sandbox)
    plain = handle.sent("GET", "/a?b", "-").raw
    port = str(handle.trap.port)
    path = sandbox.path("socket")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    listener.setblocking(False)
    for options in (["port", port], ["connect", "::127.0.0.1:" + port], ["unix", path],
                    ["url", handle.trap.url + "/elsewhere"], ["proxy", handle.trap.url],
                    ["preproxy", "socks5://127.0.0.1:" + port], ["follow", "1"]):
        assert handle.sent("GET", "/a?b", "-", *options).raw == plain, options
    try:
        listener.accept()
        raise AssertionError("it went to the socket")
    except BlockingIOError:
        listener.close()


@case("another request in the handle: what arrives is what was signed")
def _(sandbox):
    handle = Handle(sandbox)
    lines = "one\ntwo\n"
    read = "@" + sandbox.write("lines", lines)
    assert handle.sent("PUT", "/a", lines).raw == handle.sent("PUT", "/a", read).raw
    for words in (["GET", "/a?b", "-"], ["POST", "/a", lines], ["PUT", "", "x"], ["POST", "", "-"],
                  ["DELETE", "/d", "-"], ["POST", "/a", read], ["PUT", "", read], ["GET", "/d", read]):
        plain = handle.sent(*words).raw
        for options in (["target", "/elsewhere"], ["user", "me:pass"], ["auth", "64", "token", "mine"],
                        ["user", "me:pass", "sigv4", "aws:amz"], ["range", "0-1"], ["resume", "2"], ["crlf", "1"],
                        ["upload", "1"], ["nobody", "1"], ["cookie", "a=b"],
                        ["cookies", "Set-Cookie: a=b; domain=127.0.0.1; path=/"]):
            try:
                arrived = handle.sent(*words, *options).raw
            except Skip:
                continue
            assert arrived == plain, (words, options, arrived)


@case("a HEAD with a body, which libcurl cannot send, is refused rather than waited for")
def _(sandbox):
    handle = Handle(sandbox, reply("200 OK", b"", "Content-Length: 5"))
    assert handle.run("HEAD", "/a", "body").startswith("refused -17 "), handle.run("HEAD", "/a", "body")
    assert handle.sent("HEAD", "/a", "-").line == "HEAD /a HTTP/1.1"


if __name__ == "__main__":
    main()
