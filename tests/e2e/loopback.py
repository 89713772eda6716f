# SPDX-License-Identifier: BSD-3-Clause
"""loopback.py - servers on 127.0.0.1 that keep every byte they receive."""

import http.server
import os
import socket
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def reply(status, body=b"", *headers):
    """An answer with a length."""
    lines = ["HTTP/1.1 %s" % status, "Content-Length: %d" % len(body)] + list(headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Trap:
    """A port that listens and must stay silent."""

    def __init__(self, sandbox):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.url = "http://127.0.0.1:%d" % self.port
        sandbox.cleanups.append(self.socket.close)

    def silent(self):
        """True when nobody connected: the kernel keeps connections until they are accepted."""
        try:
            self.socket.accept()[0].close()
        except BlockingIOError:
            return True
        return False


class HttpServer(http.server.ThreadingHTTPServer):
    """Serves from start on, until its sandbox ends."""

    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.url = "http://127.0.0.1:%d" % self.server_port

    def start(self, sandbox):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        sandbox.cleanups.append(self.end)

    def end(self):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass  # the other side hung up


class Request:
    """What arrived on one connection."""

    def __init__(self, raw):
        self.raw, self.time = raw, time.monotonic()
        self.head, _, self.body = raw.partition(b"\r\n\r\n")
        self.lines = self.head.split(b"\r\n")
        self.line = self.lines[0].decode("latin-1")
        self.headers = [tuple(line.decode("latin-1").split(": ", 1)) if b": " in line
                        else (line.decode("latin-1").rstrip(":"), "") for line in self.lines[1:]]

    def header(self, name):
        """All values of a header."""
        return [value for found, value in self.headers if found.lower() == name.lower()]


class Server:
    """Reads a request on each connection, keeps it, and answers.

    answer is the bytes to send, or a function that is given the Request and the
    connection, and returns bytes or sends by itself and returns None.  With
    at_once the answer, which is bytes, comes before anything is read."""

    def __init__(self, sandbox, answer=OK, tls=None, at_once=False):
        self.answer, self.tls, self.at_once = answer, tls, at_once
        self.requests = []
        self.connections = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = "%s://127.0.0.1:%d" % ("https" if tls else "http", self.port)
        self.closed = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        sandbox.cleanups.append(self.close)

    def close(self):
        self.closed.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.socket.close()

    def run(self):
        while not self.closed.is_set():
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            self.connections += 1
            self.take(connection)

    def take(self, connection):
        """A connection, to its end."""
        connection.settimeout(30)
        with connection:
            try:
                if self.tls is not None:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                with connection:
                    self.serve(connection)
            except OSError:
                pass  # the other side hung up, as some tests want

    def serve(self, connection):
        if self.at_once:
            connection.sendall(self.answer)
            return
        raw = receive(connection)
        if raw == b"":
            return
        self.requests.append(Request(raw))
        data = self.answer if isinstance(self.answer, bytes) else self.answer(self.requests[-1], connection)
        if data is not None:
            connection.sendall(data)

    @property
    def last(self):
        assert self.requests, "nothing arrived"
        return self.requests[-1]


def receive(connection):
    """One request with its body; all there is when the other side ends."""
    raw = b""
    while True:
        head, found, body = raw.partition(b"\r\n\r\n")
        if found and len(body) >= length_of(head):
            return raw
        more = connection.recv(65536)
        if more == b"":
            return raw
        raw += more


def length_of(head):
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def tls_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
