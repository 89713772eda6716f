# SPDX-License-Identifier: BSD-3-Clause
"""vendors.py - servers on 127.0.0.1 that do what the vendors' documents say.

Passwords, tokens, signatures and clocks are checked by rules that are written down
here anew; nothing of Credence is used.  Each server has a clock of its own, offset
seconds ahead of the machine's, and keeps every request, and in log a line "METHOD
path status" for each exchange.  A token that it gives away is a secret of the
sandbox, so that it is searched for in all that the command prints.
"""

import base64
import datetime
import email.utils
import hashlib
import hmac
import http
import itertools
import json
import os
import struct
import sys
import threading
import time
import urllib.parse
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from loopback import Request, Server, receive, reply  # noqa: E402

FORM = "application/x-www-form-urlencoded"


def hide(sandbox, text):
    """Have a secret searched for: as it is, in a form or query, and in base64."""
    for look in (text, urllib.parse.quote_plus(text), urllib.parse.quote(text, safe=""),
                 base64.b64encode(text.encode()).decode()):
        sandbox.secrets.add(look)


def seconds_of(text):
    """2026-01-31T12:00:00Z, as show has it, in seconds since 1970."""
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp()


class Call:
    """A request as a web framework presents it."""

    def __init__(self, request):
        self.method, self.target, _ = request.line.split(" ")
        self.path, _, self.query_text = self.target.partition("?")
        self.query = urllib.parse.parse_qsl(self.query_text, keep_blank_values=True)
        self.body = request.body
        self.type = (request.header("Content-Type") or [None])[0]
        self.form = (urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True)
                     if self.type == FORM and self.body else [])
        self.header = request.header

    def credentials(self, scheme):
        """What follows the scheme in Authorization, or None."""
        for value in self.header("Authorization"):
            word, _, rest = value.partition(" ")
            if word.lower() == scheme.lower():
                return rest
        return None


def one(pairs, name):
    """The value of a parameter that stands once; None when it is missing or stands twice."""
    values = [value for found, value in pairs if found == name]
    return values[0] if len(values) == 1 else None


def answer(status, document, *headers):
    """status, body and headers; the document is bytes or something for JSON."""
    if isinstance(document, bytes):
        return status, document, list(headers)
    return status, json.dumps(document).encode(), ["Content-Type: application/json"] + list(headers)


class Vendor(Server):
    """A Server that serves many connections at once and keeps them open.

    handle(call), of the subclass, makes the answer.  date is what the Date header
    says, a function of this server; None leaves the header away.  extra are headers
    of every answer."""

    def __init__(self, sandbox, tls=None):
        self.sandbox, self.offset, self.log, self.extra = sandbox, 0, [], []
        self.date = lambda: http_date(self.now())
        self.lock = threading.Lock()
        super().__init__(sandbox, tls=tls)

    def now(self):
        return time.time() + self.offset

    def take(self, connection):
        threading.Thread(target=super().take, args=(connection,), daemon=True).start()

    def serve(self, connection):
        while self.exchange(connection):
            pass

    def exchange(self, connection):
        raw = receive(connection)
        if raw == b"":
            return False
        with self.lock:
            request = Request(raw)
            self.requests.append(request)
            call = Call(request)
            status, body, headers = self.handle(call)
            self.log.append("%s %s %d" % (call.method, call.path, status))
            date = ["Date: " + self.date()] if self.date else []
        headers = headers + date + self.extra
        connection.sendall(reply("%d %s" % (status, phrase(status)), body, *headers))
        return True

    def take_log(self):
        """The lines since the last time."""
        with self.lock:
            lines, self.log = self.log, []
        return lines

    def take_statuses(self):
        """The same, and of each line the status."""
        return [int(line.rsplit(" ", 1)[1]) for line in self.take_log()]


def phrase(status):
    return http.HTTPStatus(status).phrase if status in iter(http.HTTPStatus) else "Other"


def http_date(seconds):
    return email.utils.formatdate(seconds, usegmt=True)


HOURS = itertools.count(1)

# What a server may say of its time when it is wrong about it, or a cache is in between: the
# Date header, other headers, and how many requests it is worth.
LIES = {"1970": (lambda: "Thu, 01 Jan 1970 00:00:00 GMT", [], 1),
        "2099": (lambda: "Thu, 31 Dec 2099 23:59:59 GMT", [], 1),
        "9999": (lambda: "Fri, 31 Dec 9999 23:59:59 GMT", [], 1),
        "garbage": (lambda: "yesterday", [], 1),
        "impossible": (lambda: "Tue, 31 Feb 2026 25:61:61 GMT", [], 1),
        "missing": (None, [], 1),
        "twice": (lambda: "Thu, 01 Jan 1970 00:00:00 GMT", ["Date: Thu, 31 Dec 2099 23:59:59 GMT"], 1),
        "the client's own": (lambda: http_date(time.time()), [], 1),
        "a cache's": (lambda: http_date(time.time() - 7200), ["Age: 7200"], 1),
        "two hours off": (lambda: http_date(time.time() - 7200), [], 2),
        "another each time": (lambda: http_date(time.time() + 3600 * next(HOURS)), [], 2)}


# --- tokens -----------------------------------------------------------------------------


class TokenVendor(Vendor):
    """A Vendor that gives tokens away.  Two servers may share a table of tokens."""

    def __init__(self, sandbox, tokens=None, tls=None):
        self.tokens = {} if tokens is None else tokens
        self.lifetime = 3600
        super().__init__(sandbox, tls)

    def issue(self, kind):
        token = str(uuid.uuid4())
        self.tokens[token] = (kind, self.now() + self.lifetime)
        self.sandbox.secrets.add(token)
        return token

    def knows(self, token, kind):
        found, expires = self.tokens.get(token, (None, 0))
        return found == kind and self.now() < expires

    def forget(self):
        """Every token given so far is no longer good."""
        with self.lock:
            self.tokens.clear()


def basic_pair(call, decode):
    """Name and password of HTTP Basic (RFC 7617); decode is done to both."""
    text = base64.b64decode(call.credentials("Basic"), validate=True).decode()
    name, _, password = text.partition(":")
    return decode(name), decode(password)


# --- Megaport -----------------------------------------------------------------------------


def totp(key, seconds, digits=6):
    """RFC 6238 with SHA-1 and steps of 30 s."""
    mac = hmac.new(key, struct.pack(">Q", int(seconds) // 30), hashlib.sha1).digest()
    at = mac[-1] & 15
    number = struct.unpack(">I", mac[at:at + 4])[0] & 0x7fffffff
    return "%0*d" % (digits, number % 10 ** digits)


class Account:
    """Five wrong passwords lock it, for 60 s, then 120 s, and so on."""

    def __init__(self, password, otp_key=None, otp_time=0):
        self.password, self.otp_key, self.otp_time = password, otp_key, otp_time
        self.failures, self.locks, self.locked_until = 0, 0, 0

    def failed(self, now):
        self.failures += 1
        if self.failures % 5 == 0:
            self.locked_until = now + 60 * 2 ** self.locks
            self.locks += 1

    def accepts_otp(self, otp):
        return self.otp_key is None or otp == totp(self.otp_key, self.otp_time)


class Megaport(TokenVendor):
    """The API, its classic login (/login, /v2/login) and its token server.

    accounts: name to Account; clients: id to secret; forbidden: paths without
    permission; expiry: milliseconds for expiryDate, or None; traces: the ids of the
    errors it answered."""

    COMPANY = 203

    def __init__(self, sandbox, tokens=None, tls=None):
        self.accounts, self.clients, self.forbidden, self.traces = {}, {}, set(), []
        self.expiry = None
        super().__init__(sandbox, tokens, tls)

    def account(self, name, password, **otp):
        hide(self.sandbox, password)
        self.accounts[name] = Account(password, **otp)
        return self.accounts[name]

    def client(self, name, secret):
        hide(self.sandbox, secret)
        hide(self.sandbox, "%s:%s" % (name, secret))
        self.clients[name] = secret

    def error(self, status, message):
        self.traces.append(uuid.uuid4().hex)
        document = {"message": message, "data": None, "trace_id": self.traces[-1]}
        return answer(status, document, "Trace-Id: " + self.traces[-1])

    def handle(self, call):
        if call.path in ("/login", "/v2/login"):
            return self.log_in(call)
        if call.path == "/oauth2/token":
            return self.grant(call)
        return self.resource(call)

    def log_in(self, call):
        account = self.accounts.get(one(call.form, "username"))
        if call.method != "POST" or call.type != FORM or call.query or call.header("Authorization"):
            return self.error(400, "Not a login")
        if account is None:
            return self.error(401, "Could not verify the user name")
        if self.now() < account.locked_until:
            return self.error(401, "Account is locked")
        if one(call.form, "password") != account.password:
            account.failed(self.now())
            return self.error(401, "Could not verify the password")
        if not account.accepts_otp(one(call.form, "oneTimePassword")):
            account.failed(self.now())
            return self.error(401, "Could not verify the one-time password")
        account.failures = account.locks = 0
        who = self.who(one(call.form, "username"), call)
        return answer(200, who if call.path == "/login" else {"message": "Login successful", "data": who})

    def who(self, username, call):
        return {"channelPartner": False, "companyId": self.COMPANY, "companyName": "MEGAPORT",
                "expiryDate": self.expiry, "language": "English", "locale": "Australia",
                "loginDate": int(self.now() * 1000),
                "permissions": {str(self.COMPANY): ["services", "approve_order", "company_admin"]}, "personId": 205,
                "session": self.issue("classic"), "sourceIp": "127.0.0.1", "timeZone": "1000",
                "userAgent": "".join(call.header("User-Agent")), "username": username}

    def grant(self, call):
        """Answers as the vendor's token server does, which gives invalid_client the status 400."""
        given = one(call.query, "grant_type") == "client_credentials"
        if call.method != "POST" or call.body or call.type not in (None, FORM) or not given:
            return answer(400, {"error": "invalid_request"})
        if call.credentials("Basic") is None:
            return answer(400, {"error": "invalid_client"})
        name, secret = basic_pair(call, str)
        if self.clients.get(name) != secret:
            return answer(400, {"error": "invalid_client"})
        return answer(200, {"access_token": self.issue("m2m"), "expires_in": self.lifetime, "token_type": "Bearer"})

    def accepts(self, call):
        """Exactly one token, in a place where its kind belongs."""
        places = ([("classic", value) for value in call.header("X-Auth-Token")] +
                  [("classic", value) for name, value in call.query if name == "token"] +
                  [("m2m", value.partition(" ")[2]) for value in call.header("Authorization")])
        return len(places) == 1 and self.knows(places[0][1], places[0][0])

    def resource(self, call):
        if not self.accepts(call):
            return self.error(401, "Bad session token")
        if call.path in self.forbidden:
            return self.error(403, "You do not have permission to do that")
        company = call.path.rpartition("/company/")[2]
        if company != call.path and company != str(self.COMPANY):
            return self.error(404, "No such company")
        return answer(200, {"message": "Done", "data": {"path": call.path}})


# --- OAuth2, RFC 6749 and RFC 6750 ----------------------------------------------------------


class OAuth2(TokenVendor):
    """A token server at /token, and what it protects everywhere else.

    accepts: "basic", "basic-raw" (neither side of the colon is decoded) or "body".
    scopes: those it knows, or None for any.  grants: scope and audience of each token
    it gave.  token: what its answer says beside the token, None leaves it away."""

    def __init__(self, sandbox, accepts="basic", tokens=None, tls=None):
        self.accepts, self.clients, self.scopes, self.grants = accepts, {}, None, []
        self.forbidden, self.token = set(), {"token_type": "Bearer"}
        super().__init__(sandbox, tokens, tls)

    def client(self, name, secret):
        hide(self.sandbox, secret)
        for encode in (str, urllib.parse.quote_plus):
            hide(self.sandbox, "%s:%s" % (encode(name), encode(secret)))
        self.clients[name] = secret

    def handle(self, call):
        return self.grant(call) if call.path == "/token" else self.resource(call)

    def error(self, status, word, description=None, *headers):
        document = {"error": word}
        if description is not None:
            document["error_description"] = description
        return answer(status, document, "Cache-Control: no-store", *headers)

    def authenticated(self, call):
        in_body = one(call.form, "client_id"), one(call.form, "client_secret")
        has_basic = call.credentials("Basic") is not None
        if has_basic == (in_body[1] is not None) or has_basic == (self.accepts == "body"):
            return False
        decode = urllib.parse.unquote_plus if self.accepts == "basic" else str
        name, secret = basic_pair(call, decode) if has_basic else in_body
        return self.clients.get(name) == secret

    def grant(self, call):
        names = [name for name, _ in call.form]
        if call.method != "POST" or call.type != FORM or call.query or len(set(names)) != len(names):
            return self.error(400, "invalid_request")
        if not self.authenticated(call):
            return self.error(401, "invalid_client", "No such client, or a wrong secret",
                              'WWW-Authenticate: Basic realm="token"')
        if one(call.form, "grant_type") != "client_credentials":
            return self.error(400, "unsupported_grant_type")
        scope = one(call.form, "scope")
        if scope is not None and self.scopes is not None and not set(scope.split(" ")) <= self.scopes:
            return self.error(400, "invalid_scope", "The scope is unknown")
        self.grants.append({"scope": scope, "audience": one(call.form, "audience")})
        document = dict({"access_token": self.issue("bearer"), "expires_in": self.lifetime}, **self.token)
        return answer(200, {name: value for name, value in document.items() if value is not None},
                      "Cache-Control: no-store", "Pragma: no-cache")

    def resource(self, call):
        token = call.credentials("Bearer")
        if token is None:
            return self.error(401, "unauthorized", None, "WWW-Authenticate: Bearer")
        if not self.knows(token, "bearer"):
            return self.error(401, "invalid_token", "The token expired",
                              'WWW-Authenticate: Bearer error="invalid_token", error_description="The token expired"')
        if call.path in self.forbidden:
            return self.error(403, "insufficient_scope", None, 'WWW-Authenticate: Bearer error="insufficient_scope"')
        return answer(200, {"path": call.path, "count": len(self.requests)})


# --- signatures of CloudStack and CPBM --------------------------------------------------------


def java_encode(text):
    """java.net.URLEncoder for UTF-8, with + turned into %20, as the server does."""
    kept = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*_"
    return "".join(c if c in kept else "".join("%%%02X" % b for b in c.encode()) for c in text)


def servlet_params(text):
    """The parameters as a servlet has them: decoded, the first of each name."""
    params = {}
    for pair in text.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            params.setdefault(urllib.parse.unquote_plus(name), urllib.parse.unquote_plus(value))
    return params


def hmac_sha1(secret, text):
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def server_verifies(query, secret):
    """CloudStack: read the request as a servlet does, and compute the signature."""
    params = servlet_params(query)
    given = params.pop("signature", None)
    text = "&".join("%s=%s" % (name, java_encode(params[name])) for name in sorted(params)).lower()
    return given == hmac_sha1(secret, text), params


CPBM_ORDERS = {"document": lambda name: name.lower(), "underscore-first": lambda name: (name != "_", name),
               "original-case": lambda name: name}


def cpbm_signature(path, params, secret, order, space):
    """CPBM: the REST path and at once the parameters; path is without /portal/api."""
    pairs = ["%s=%s" % (name, java_encode(params[name]).replace("%20", space))
             for name in sorted(params, key=CPBM_ORDERS[order])]
    return hmac_sha1(secret, path + "&".join(pairs).lower())


class CPBM(Vendor):
    """/portal/api; keys: API key to secret key.  suffix: is .json or .xml signed?"""

    WINDOW = 5 * 60 * 1000
    LATE = {"message": "Signature url timed out. Try with new Request ", "code": 400}

    def __init__(self, sandbox, order="document", space="%20", suffix=True, tls=None):
        self.order, self.space, self.suffix, self.keys = order, space, suffix, {}
        super().__init__(sandbox, tls)

    def handle(self, call):
        params = servlet_params(call.query_text)
        given, rest = params.pop("signature", None), call.path.removeprefix("/portal/api")
        if rest == call.path or params.get("apiKey") not in self.keys:
            return answer(401, {"message": "No such API key", "code": 401})
        if not params.get("_", "").isdecimal() or abs(int(params["_"]) - self.now() * 1000) > self.WINDOW:
            return answer(400, self.LATE)
        signed = rest if self.suffix else rest.removesuffix(".json").removesuffix(".xml")
        if given != cpbm_signature(signed, params, self.keys[params["apiKey"]], self.order, self.space):
            return answer(401, {"message": "Signature does not match", "code": 401})
        if rest.endswith(".xml"):
            return answer(200, b"<accounts/>", "Content-Type: application/xml")
        return answer(200, {"accounts": [], "method": call.method})


class CloudStack(Vendor):
    """/client/api: signed requests and sessions.

    keys: API key to secret key; users: (domain, name) to password; lifetime: seconds
    that a session is good for after its last request; timeout: what login says of it;
    cap: how many seconds ahead "expires" may lie."""

    DENIED = "unable to verify user credentials and/or request signature"

    def __init__(self, sandbox, tls=None):
        self.keys, self.users, self.sessions = {}, {}, {}
        self.lifetime, self.timeout, self.cap = 1800, "1800", 900
        super().__init__(sandbox, tls)

    def user(self, name, password, domain="/"):
        hide(self.sandbox, password)
        self.users[domain, name] = password

    def forget(self):
        with self.lock:
            self.sessions.clear()

    def handle(self, call):
        form = call.body.decode() if call.type == FORM else ""
        text = "&".join(filter(None, [call.query_text, form]))
        params = servlet_params(text)
        command = params.get("command", "")
        if call.path != "/client/api":
            return answer(404, b"")
        if command == "login":
            return self.log_in(call, params)
        if not (self.signed(text, params) if "apikey" in params else self.in_session(call, params)):
            return self.respond(params, command, 401, {"errorcode": 401, "errortext": self.DENIED})
        if command == "forbidden":
            return self.respond(params, command, 432, {"errorcode": 432, "errortext": "The command is not available"})
        return self.respond(params, command, 200, {"count": 1, "command": command})

    def respond(self, params, command, status, document, *headers):
        """In XML unless response=json."""
        name = command.lower() + "response"
        if params.get("response") == "json":
            return answer(status, {name: document}, *headers)
        inside = "".join("<%s>%s</%s>" % (key, value, key) for key, value in document.items())
        return answer(status, ("<%s>%s</%s>" % (name, inside, name)).encode(), "Content-Type: text/xml", *headers)

    def signed(self, text, params):
        secret = self.keys.get(params["apikey"])
        if secret is None or not server_verifies(text, secret)[0]:
            return False
        return params.get("signatureVersion") != "3" or self.in_time(params.get("expires", ""))

    def in_time(self, expires):
        try:
            moment = datetime.datetime.strptime(expires, "%Y-%m-%dT%H:%M:%S%z").timestamp()
        except ValueError:
            return False
        return 0 <= moment - self.now() <= self.cap

    def log_in(self, call, params):
        given = {name for name, _ in call.query} & {"username", "password", "domain"}
        user = "/" + params.get("domain", "").strip("/"), params.get("username")
        if call.method != "POST" or given or user not in self.users or params.get("password") != self.users[user]:
            return self.respond(params, "login", 531, {
                "errorcode": 531, "cserrorcode": 4365,
                "errortext": "Failed to authenticate user %s in domain %s; please provide valid credentials"
                             % (user[1], user[0])})
        cookie, key = "node0" + uuid.uuid4().hex, base64.urlsafe_b64encode(os.urandom(20)).decode()
        self.sessions[cookie] = (key, self.now() + self.lifetime)
        self.sandbox.secrets.update((cookie, key))
        document = {"username": user[1], "userid": str(uuid.uuid4()), "domainid": str(uuid.uuid4()),
                    "timeout": self.timeout, "account": user[1], "type": "1", "registered": "false",
                    "sessionkey": key}
        return self.respond(params, "login", 200, document,
                            "Set-Cookie: JSESSIONID=%s; Path=/client; HttpOnly" % cookie,
                            "Set-Cookie: sessionkey=%s; Path=/client/api; HttpOnly" % key)

    def in_session(self, call, params):
        """The cookie, and the key both as a parameter and as a cookie, as careful servers want it."""
        cookies = dict(pair.strip().partition("=")[::2] for line in call.header("Cookie") for pair in line.split(";"))
        key, until = self.sessions.get(cookies.get("JSESSIONID"), (None, 0))
        if key is None or {params.get("sessionkey"), cookies.get("sessionkey")} != {key} or self.now() >= until:
            return False
        self.sessions[cookies["JSESSIONID"]] = (key, self.now() + self.lifetime)
        return True
