# SPDX-License-Identifier: BSD-3-Clause
"""Fifty threads and one login.

Breaks when threads, or programs, that find the session gone all log in at once, as
many as there are; when one waits for ever for another; or when a thread signs with a
session that another one is taking away.  Built with ThreadSanitizer, it breaks for
every race on the way.
"""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PATIENCE, WRAPPER, case, main  # noqa: E402
from login_server import LoginServer  # noqa: E402

THREADS = os.path.join(os.environ["TESTS_BUILD"], "e2e", "threads")
COUNT = 50


class Api:
    """A profile with a session."""

    def __init__(self, sandbox):
        self.sandbox, self.server = sandbox, LoginServer(sandbox)
        sandbox.add("api", "login-citizen", "user=ann", secret="hunter2", field="password", endpoint=self.server.url)
        self.run("send", 1)
        assert self.server.logins["ann"] == 1
        self.server.logins.clear()

    def run(self, work, count):
        done = subprocess.run(WRAPPER + [THREADS, work, "api", str(count)], env=self.sandbox.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
                              universal_newlines=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "%d \n" % count, ""), \
            "exit %d\n%s\n%s" % (done.returncode, done.stdout, done.stderr)

    def one_login(self, work):
        """The server drops the session, and all threads find it gone."""
        self.server.forget()
        self.run(work, COUNT)
        assert self.server.logins == {"ann": 1}, self.server.logins


@case("fifty threads of a program, one session that the server dropped: one login")
def _(sandbox):
    api = Api(sandbox)
    api.one_login("send")
    assert api.server.requests["ann"] == COUNT + 1, api.server.requests


@case("fifty threads of a program, one session whose time is over: one login")
def _(sandbox):
    api = Api(sandbox)
    api.server.lifetime = 100000
    api.server.forget()
    api.run("send", 1)
    time.sleep(0.2)
    api.server.lifetime = 3600 * 1000000
    api.server.logins.clear()
    before = api.server.requests[None]
    api.run("send", COUNT)
    assert api.server.logins == {"ann": 1}, api.server.logins
    assert api.server.requests[None] == before, "a session that was over was sent"


@case("fifty threads, each with a profile object of its own: one login")
def _(sandbox):
    api = Api(sandbox)
    api.one_login("apart")
    assert api.server.requests["ann"] == COUNT + 1, api.server.requests


@case("fifty threads, and a keyring that cannot be written: the program keeps the one session for itself")
def _(sandbox):
    api = Api(sandbox)
    os.mkdir(sandbox.path("home/.local/share/credence/credentials.keyring.new"))
    api.one_login("send")


@case("threads sign while another one logs in")
def _(sandbox):
    api = Api(sandbox)
    api.run("renew", 8)
    assert api.server.logins == {"ann": 10}, api.server.logins


if __name__ == "__main__":
    main()
