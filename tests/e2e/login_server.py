# SPDX-License-Identifier: BSD-3-Clause
"""login_server.py - a server for the test provider login-citizen, which counts.

POST /login with user and password gives a token; everything else wants one.  The
server answers many at once, and knows how many were there at the same time.
"""

import collections
import http.server
import json
import threading
import time
import urllib.parse

from loopback import HttpServer


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, members):
        body = json.dumps(members).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        form = dict(urllib.parse.parse_qsl(body.decode()))
        with self.server.counted("login"):
            self.answer(*self.server.log_in(form))

    def do_GET(self):
        with self.server.counted("request"):
            self.answer(*self.server.ask(self.headers.get("Authorization", "")))

    def log_message(self, *args):
        pass


class LoginServer(HttpServer):
    """logins and requests count by user; most is how many were at once, by kind.

    wait_for: of a kind, answer none before so many are there (or some seconds have
    passed), so that a test does not depend on who is quick."""

    request_queue_size = 128

    def __init__(self, sandbox):
        super().__init__(Handler)
        self.url += "/base"
        self.sandbox = sandbox
        self.tokens, self.serial = {}, 0  # token: user
        self.logins, self.requests = collections.Counter(), collections.Counter()
        self.present, self.most, self.wait_for = collections.Counter(), collections.Counter(), {}
        self.never, self.slow, self.refused = set(), set(), set()  # users
        self.lifetime = 3600 * 1000000
        self.changed = threading.Condition()
        self.start(sandbox)

    def counted(self, kind):
        return Counted(self, kind)

    def log_in(self, form):
        user = form["user"]
        with self.changed:
            self.logins[user] += 1
            if user in self.refused:
                return 401, {"error": "no such user"}
            self.serial += 1  # no token comes twice
            token = "token-%s-%d-0123456789" % (user, self.serial)
            self.sandbox.secrets.add(token)
            self.tokens[token] = user
        return 200, {"token": token, "account": user, "expires_in_us": self.lifetime}

    def ask(self, authorization):
        word, _, token = authorization.partition(" ")
        with self.changed:
            user = self.tokens.get(token)
            self.requests[user] += 1
        if user in self.slow:
            time.sleep(1.5)
        if word != "Bearer" or user is None or user in self.never:
            return 401, {"verdict": "log in again"}
        return 200, {"user": user}

    def forget(self, *users):
        """Drop the sessions of these users, or all."""
        with self.changed:
            self.tokens = {token: user for token, user in self.tokens.items() if users and user not in users}


class Counted:
    """While one request of a kind is answered."""

    def __init__(self, server, kind):
        self.server, self.kind = server, kind

    def __enter__(self):
        server, kind = self.server, self.kind
        with server.changed:
            server.present[kind] += 1
            server.most[kind] = max(server.most[kind], server.present[kind])
            server.changed.notify_all()
            server.changed.wait_for(lambda: server.most[kind] >= server.wait_for.get(kind, 0), 10)

    def __exit__(self, *_):
        with self.server.changed:
            self.server.present[self.kind] -= 1
