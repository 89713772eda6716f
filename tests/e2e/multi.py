# SPDX-License-Identifier: BSD-3-Clause
"""examples/multi: ten profiles at once through the flow and libcurl's multi interface.

Breaks when one profile's login, refusal or slow server holds up the others, when a
session is not used or renewed as credence_request_send() would, or when a request
that is on its way is changed under libcurl.
"""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PATIENCE, WRAPPER, case, main  # noqa: E402
from login_server import LoginServer  # noqa: E402

MULTI = os.path.join(os.environ["TESTS_BUILD"], "e2e", "multi")
USERS = ["u%d" % i for i in range(10)]
GOOD = ["u0", "u1", "u2", "u3", "u4", "u5", "u7"]
# Of the other: u7 is slow, u6 never gets in, u8 is refused at the login, u9 is asked.


class Ten:
    def __init__(self, sandbox):
        self.sandbox, self.server = sandbox, LoginServer(sandbox)
        self.server.never, self.server.slow, self.server.refused = {"u6"}, {"u7"}, {"u8"}
        for user in USERS:
            asks = ["asks=otp"] if user == "u9" else []
            sandbox.add(user, "login-citizen", "user=" + user, *asks, secret="hunter2", field="password",
                        endpoint=self.server.url)

    def run(self, *names):
        """Exit code, and what each profile got."""
        start = time.monotonic()
        done = subprocess.run(WRAPPER + [MULTI, "/x", *names], env=self.sandbox.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=PATIENCE,
                              universal_newlines=True)
        assert done.stderr == "", done.stderr
        for secret in self.sandbox.secrets:
            assert secret not in done.stdout, done.stdout
        lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
        assert sorted(lines) == sorted(names), done.stdout
        return done.returncode, lines, time.monotonic() - start


def expect_results(lines):
    for user in GOOD:
        assert lines[user].startswith("status 200, "), lines
    assert lines["u6"].startswith("http://127.0.0.1:") and "401: it does not accept the session" in lines["u6"], lines
    assert "no such user" in lines["u8"], lines
    assert lines["u9"] == "One-time password (answer it once with credence login u9)", lines


@case("ten profiles log in at once, and each gets what is its own")
def _(sandbox):
    ten = Ten(sandbox)
    ten.server.wait_for = {"login": 9, "request": 8}  # u9 sends nothing, u8 no request
    code, lines, _ = ten.run(*USERS)
    assert code == 1
    expect_results(lines)
    assert ten.server.most["login"] == 9 and ten.server.most["request"] == 8, ten.server.most
    assert ten.server.logins == {user: 1 for user in USERS if user != "u9"}, ten.server.logins
    assert ten.server.requests == {user: 1 for user in GOOD + ["u6"]}, ten.server.requests


@case("with sessions, one ended: two log in again, one is not tried again")
def _(sandbox):
    ten = Ten(sandbox)
    ten.run(*USERS)
    ten.server.forget("u4", "u5")
    ten.server.logins.clear()
    ten.server.requests.clear()
    code, lines, _ = ten.run(*USERS)
    assert code == 1
    expect_results(lines)
    assert "is not tried again by itself" in lines["u8"], lines
    assert ten.server.logins == {"u4": 1, "u5": 1, "u6": 1}, ten.server.logins
    wanted = {user: 1 for user in GOOD}
    wanted.update({None: 2, "u6": 2})  # the tokens of u4 and u5, which nobody knows any more
    assert ten.server.requests == wanted, ten.server.requests


@case("one profile ten times: one login, for which nine wait")
def _(sandbox):
    ten = Ten(sandbox)
    done = subprocess.run(WRAPPER + [MULTI, "/x"] + ["u0"] * 10, env=sandbox.env, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE, universal_newlines=True)
    assert done.returncode == 0 and done.stdout.count("u0: status 200, ") == 10, done.stdout
    assert ten.server.logins == {"u0": 1} and ten.server.requests == {"u0": 10}


@case("a server that is not there is an error of that profile alone")
def _(sandbox):
    ten = Ten(sandbox)
    sandbox.add("gone", "login-citizen", "user=u0", secret="hunter2", field="password",
                endpoint="http://127.0.0.1:1/base")
    code, lines, _ = ten.run("u0", "gone", "u1", "absent")
    assert code == 1
    assert lines["u0"].startswith("status 200") and lines["u1"].startswith("status 200"), lines
    assert lines["gone"].endswith("(is the server reachable from here?)"), lines
    assert lines["absent"].startswith("there is no profile absent"), lines


if __name__ == "__main__":
    main()
