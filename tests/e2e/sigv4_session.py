# SPDX-License-Identifier: BSD-3-Clause
"""aws-sigv4 with temporary credentials: a login at STS, and a service that takes no others.

Breaks when a login is made too often or not at all, when one that STS refused is
repeated, when the token is not sent or not signed, when a secret is shown or sent to
anybody but in a signature, or when AWS's words for a failure get lost.
"""

import base64
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, main  # noqa: E402
from loopback import Server, Trap, reply  # noqa: E402
from sigv4 import Aws, Claim, Key, Message, json_error, query_error, rest_json_error, s3_error  # noqa: E402
from terminal import Terminal  # noqa: E402
from vendors import FORM, LIES, hide, one, seconds_of  # noqa: E402

ACCESS, SECRET = "AKIDEXAMPLE0123", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ROLE, MFA = "arn:aws:iam::123456789012:role/demo/Reader", "arn:aws:iam::123456789012:mfa/user"
REGION = "eu-central-1"
CODE = "492817"
ANSWER = """<%(action)sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <%(action)sResult>%(role)s
    <Credentials>
      <AccessKeyId>%(access)s</AccessKeyId>
      <SecretAccessKey>%(secret)s</SecretAccessKey>
      <SessionToken>%(token)s</SessionToken>
      <Expiration>%(expires)s</Expiration>
    </Credentials>
  </%(action)sResult>
  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
</%(action)sResponse>
"""
ASSUMED = """
    <AssumedRoleUser>
      <Arn>arn:aws:sts::123456789012:assumed-role/Reader/session</Arn>
      <AssumedRoleId>AROA123EXAMPLE123:session</AssumedRoleId>
    </AssumedRoleUser>"""


def random_text(size):
    return base64.b64encode(os.urandom(size)).decode()


class Sts(Aws):
    """AssumeRole and GetSessionToken.  What it gives away is entered in issued, which a service
    may use as its keys.

    calls: the parameters of each request that was rightly signed; lifetime: seconds that keys
    are good for; wants: parameters that must be given; answer: what to say instead, or None."""

    def __init__(self, sandbox, issued, region=REGION):
        super().__init__(sandbox, region, "sts")
        self.issued, self.calls, self.lifetime = issued, [], 3600
        self.wants, self.denied, self.answer = {}, False, None
        self.key(ACCESS, SECRET)

    def accepted(self, call, access_key):
        pairs = call.form if call.method == "POST" else call.query
        assert call.method == "GET" or not call.query, call.target
        params = {name: one(pairs, name) for name, _ in pairs}
        self.calls.append(params)
        if self.answer is not None:
            return self.answer
        if params.get("Version") != "2011-06-15":
            return self.refuse("MissingAction", "Could not find operation for this version")
        if self.denied or any(params.get(name) != value for name, value in self.wants.items()):
            return self.refuse("AccessDenied", "User: user/one is not authorized to perform: sts:%s" % params["Action"])
        if params["Action"] not in ("AssumeRole", "GetSessionToken"):
            return self.refuse("InvalidAction", "Could not find operation " + params["Action"])
        return self.grant(params["Action"])

    def grant(self, action):
        access, secret, token = "ASIA" + os.urandom(8).hex().upper(), random_text(30), random_text(300)
        expires = int(self.now() + self.lifetime)
        self.issued[access] = Key(secret, token, expires)
        hide(self.sandbox, secret)
        hide(self.sandbox, token)
        body = ANSWER % {"action": action, "role": ASSUMED if action == "AssumeRole" else "", "access": access,
                         "secret": secret, "token": token,
                         "expires": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires))}
        return 200, body.encode(), ["Content-Type: text/xml"]


def roles(sandbox, *words, secret=SECRET, name="aws", role=ROLE, **api):
    """A profile, the service that it uses, and STS on another port."""
    issued = {}
    service = Aws(sandbox, REGION, keys=issued, **api)
    sts = Sts(sandbox, issued)
    if role is not None:
        words += ("role_arn=" + role,)
    sandbox.add(name, "aws-sigv4", "access_key_id=" + ACCESS, "region=" + REGION,
                "service=" + service.verifier.service.decode(), "mode=sts", "sts_endpoint=" + sts.url, *words,
                secret=secret, field="secret_access_key", endpoint=service.url)
    return service, sts


def session(sandbox, name="aws", **kw):
    return sandbox.ok("show", name, "--json", **kw).json["session"]


# --- logins ----------------------------------------------------------------------------


@case("a role: one login for many requests; its token is sent and signed")
def _(sandbox):
    service, sts = roles(sandbox)
    for _ in range(3):
        sandbox.ok("send", "aws", "/x?b=1&a=2")
    assert sts.take_statuses() == [200] and service.take_statuses() == [200] * 3
    assert sts.calls[0]["Action"] == "AssumeRole" and sts.calls[0]["RoleArn"] == ROLE
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", sts.calls[0]["RoleSessionName"]), sts.calls[0]
    for request in service.requests:
        claim = Claim(Message(request.raw))
        assert claim.access_key.startswith(b"ASIA") and b"x-amz-security-token" in claim.signed, request.raw


@case("no role: GetSessionToken, and the same")
def _(sandbox):
    service, sts = roles(sandbox, role=None)
    sandbox.ok("send", "aws", "POST", "/x", "a=1")
    sandbox.ok("send", "aws", "/x")
    assert sts.take_statuses() == [200] and service.take_statuses() == [200] * 2
    assert sts.calls[0]["Action"] == "GetSessionToken" and "RoleArn" not in sts.calls[0], sts.calls


@case("presigned URLs and S3 with temporary credentials")
def _(sandbox):
    for number, (words, kind) in enumerate(((("presign=60",), "execute-api"), ((), "s3"), (("presign=60",), "s3"))):
        service, sts = roles(sandbox, *words, name="aws%d" % number, service=kind)
        sandbox.ok("send", "aws%d" % number, "/x?b=1&a=2")
        assert sts.take_statuses() == [200] and service.take_statuses() == [200], (words, kind)
        assert len(Claim(Message(service.last.raw)).tokens) == 1


@case("what STS is told: name, external id and duration as they are given, and nothing that nobody asked for")
def _(sandbox):
    service, sts = roles(sandbox, "role_session_name=me@example+1", "external_id=a:b/c=d,e", "duration=900")
    sandbox.ok("send", "aws", "/x")
    assert sts.calls == [{"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE, "DurationSeconds": "900",
                          "RoleSessionName": "me@example+1", "ExternalId": "a:b/c=d,e"}], sts.calls
    sandbox.ok("set", "aws", "duration=", "external_id=")
    sandbox.ok("login", "aws")
    left = set(sts.calls[1]) - {"DurationSeconds"}
    assert left == {"Action", "Version", "RoleArn", "RoleSessionName"}, sts.calls
    if sts.last.line.startswith("POST"):
        assert sts.last.header("Content-Type")[0].startswith(FORM), sts.last.raw


@case("an expired session is renewed, shortly before its end; show tells of it")
def _(sandbox):
    service, sts = roles(sandbox)
    start = time.time()
    sandbox.ok("send", "aws", "/x")
    held = session(sandbox)
    assert held["state"] == "held" and abs(seconds_of(held["expires"]) - start - 3600) < 60, held
    sts.lifetime = 2
    sandbox.ok("login", "aws")
    sts.take_log()
    time.sleep(2.1)
    assert session(sandbox)["state"] == "expired", session(sandbox)
    sts.lifetime = 3600
    sandbox.ok("send", "aws", "/x")
    assert sts.take_statuses() == [200] and set(service.take_statuses()) == {200}


@case("ExpiredToken is exactly one login, and the same request again: XML of S3, of query services, and JSON")
def _(sandbox):
    for number, (error, status, code) in enumerate(((s3_error, 400, "ExpiredToken"), (query_error, 403, "ExpiredToken"),
                                                    (json_error, 400, "ExpiredTokenException"),
                                                    (rest_json_error, 403, "ExpiredTokenException"))):
        name = "aws%d" % number
        service, sts = roles(sandbox, name=name)
        service.error = lambda found, message, error=error, code=code: error(
            code if found == "ExpiredToken" else found, message)
        service.status["ExpiredToken"] = status
        sandbox.ok("send", name, "/x")
        for key in service.verifier.keys.values():
            key.expires = 1
        service.take_log()
        sts.take_log()
        sandbox.ok("send", name, "PUT", "/x?q=1&&r=%2f", "s==t u", "name=é", "X-One:1")
        assert sts.take_statuses() == [200] and service.take_statuses() == [status, 200], (code, status)
        first, second = service.requests[-2:]
        assert (first.line, first.body, first.header("X-One")) == (second.line, second.body, second.header("X-One"))


@case("a service that calls every token expired is asked no more than twice")
def _(sandbox):
    service, sts = roles(sandbox)
    service.accepted = lambda call, access_key: service.refuse("ExpiredToken", "The security token is expired")
    for _ in range(2):
        sandbox.fails(7, "send", "aws", "/x", saying="ExpiredToken")
        assert 1 <= len(sts.take_log()) <= 2 and len(service.take_log()) <= 2


@case("a permission that is missing is no reason to log in: exit 7, AWS's words")
def _(sandbox):
    service, sts = roles(sandbox)
    sandbox.ok("login", "aws")
    sts.take_log()
    service.accepted = lambda call, access_key: service.refuse("AccessDenied", "User is not authorized to do that")
    sandbox.fails(7, "send", "aws", "/x", saying="User is not authorized to do that")
    assert sts.take_log() == [] and service.take_statuses() == [403]


@case("STS says AccessDenied: exit 7, its words, remembered and not tried again until a person does")
def _(sandbox):
    service, sts = roles(sandbox)
    sts.denied = True
    sandbox.fails(7, "send", "aws", "/x", saying="not authorized to perform: sts:AssumeRole")
    for _ in range(3):
        sandbox.fails(7, "send", "aws", "/x")
    assert sts.take_statuses() == [403] and service.take_log() == []
    assert session(sandbox)["state"] == "refused"
    sandbox.fails(7, "login", "aws", saying="AccessDenied")
    sts.denied = False
    sandbox.ok("login", "aws")
    sandbox.ok("send", "aws", "/x")
    assert sts.take_statuses() == [403, 200]


@case("a wrong secret at STS is sent once; a new one is tried")
def _(sandbox):
    service, sts = roles(sandbox, secret="wrong-secret-1")
    for _ in range(3):
        sandbox.fails(7, "send", "aws", "/x")
    assert sts.take_statuses() == [403] and service.take_log() == []
    sandbox.ok("set", "aws", "--secret=secret_access_key=-", input=SECRET)
    sandbox.ok("send", "aws", "/x")
    assert sts.take_statuses() == [200] and service.take_statuses() == [200]


@case("STS that fails or talks nonsense is an error, and no refusal that is remembered")
def _(sandbox):
    service, sts = roles(sandbox)
    good = ANSWER % {"action": "AssumeRole", "role": ASSUMED, "access": "ASIA1", "secret": "s", "token": "t",
                     "expires": "2099-01-01T00:00:00Z"}
    for status, body in ((500, ""), (503, query_error("ServiceUnavailable", "Later")[0].decode()), (200, "<html>"),
                         (200, ""), (200, "{}"), (302, ""),
                         (400, query_error("Throttling", "Rate exceeded")[0].decode()),
                         (400, query_error("RequestLimitExceeded", "Later")[0].decode()),
                         (400, query_error("ValidationError", "durationSeconds")[0].decode()),
                         (403, "<html>a proxy</html>"), (400, ""),
                         (200, good.replace("<SessionToken>t</SessionToken>", "")), (200, good[:200]),
                         (200, good.replace("ASIA1", "")), (200, good.replace("2099-01-01T00:00:00Z", "soon")),
                         (200, good.replace("2099-01-01T00:00:00Z", "2001-01-01T00:00:00Z")),
                         (200, good.replace("2099-01-01T00:00:00Z", "2099- 1- 1T 0: 0: 0Z")),
                         (200, good.replace("2099-01-01T00:00:00Z", "2099-01-01T99:99:99Z")),
                         (200, good.replace("ASIA1", "A\r\nB")), (200, good.replace(">t<", ">t&#13;&#10;X: 1<"))):
        sts.answer = (status, body.encode(), ["Content-Type: text/xml"])
        result = sandbox.fails((1, 2, 8, 9), "send", "aws", "/x")
        assert len(sts.take_log()) == 1 and service.take_log() == [], (status, body, result)
    sts.answer = None
    sandbox.ok("send", "aws", "/x")


@case("sign: without a session exit 3 and a word about login; with one, what send would send")
def _(sandbox):
    service, sts = roles(sandbox)
    sandbox.fails(3, "sign", "aws", "/x", saying="credence login aws")
    sandbox.ok("login", "aws")
    result = sandbox.ok("sign", "aws", "/x", "--trace", may_print_secret=True)
    assert "Credential=ASIA" in result.text and "X-Amz-Security-Token: " in result.text, result
    assert re.search(r"\n  x-amz-security-token:\[\w*session_token\]\n", result.err), result
    key, = service.verifier.keys.values()
    assert key.token in result.text and key.secret not in result.text and SECRET not in result.text, result
    assert service.take_log() == [] and sts.take_statuses() == [200]


@case("--trace and -i show no secret: neither the key nor what STS gave")
def _(sandbox):
    service, sts = roles(sandbox)
    sandbox.ok("send", "aws", "/x", "--trace", "-i")
    for key in service.verifier.keys.values():
        key.expires = 1
    sandbox.ok("send", "aws", "/x", "--trace", "-i")
    sandbox.ok("login", "aws")
    sandbox.ok("show", "aws")
    sandbox.ok("show", "aws", "--json")
    assert len(sandbox.secrets) > 8, "these were searched for in all that was printed"


@case("no file of the user's holds a secret, and STS and the service get none of them")
def _(sandbox):
    service, sts = roles(sandbox)
    sandbox.ok("send", "aws", "/x")
    for folder, _, names in os.walk(sandbox.home):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                data = f.read()
            assert not any(secret.encode() in data for secret in sandbox.secrets), name
    key, = service.verifier.keys.values()
    received = b"".join(request.raw for request in service.requests + sts.requests)
    assert SECRET.encode() not in received and key.secret.encode() not in received


@case("an sts_endpoint that was changed in the file gets nothing: exit 6")
def _(sandbox):
    service, sts = roles(sandbox)
    trap = Trap(sandbox)
    sandbox.rewrite("aws", sts.url, trap.url)
    for word in (["send", "aws", "/x"], ["login", "aws"]):
        sandbox.fails(6, *word, saying=trap.url)
    assert trap.silent() and sts.take_log() == [] and service.take_log() == []


# --- the second factor -------------------------------------------------------------------


@case("mfa_serial: a code is asked for, is hidden, and logs in; the session then lasts")
def _(sandbox):
    for name, role in (("role", ROLE), ("none", None)):
        service, sts = roles(sandbox, "mfa_serial=" + MFA, role=role, name=name)
        sts.wants = {"SerialNumber": MFA, "TokenCode": CODE}
        sandbox.secrets.add(CODE)
        terminal = Terminal(sandbox, "login", name)
        assert not terminal.expect(": "), "what is typed would be shown"
        terminal.type(CODE)
        assert terminal.end() == 0 and CODE.encode() not in terminal.text, terminal.text
        sandbox.ok("send", name, "/x")
        assert sts.take_statuses() == [200] and service.take_statuses() == [200]


@case("mfa_serial: without a terminal exit 4, the question is named, and nothing is sent")
def _(sandbox):
    service, sts = roles(sandbox, "mfa_serial=" + MFA)
    for words in (["send", "aws", "/x"], ["login", "aws"], ["login", "aws", "--no-prompt"]):
        result = sandbox.fails(4, *words)
        assert "code" in result.err.lower() or "one-time password" in result.err.lower(), result
    assert sts.take_log() == [] and service.take_log() == [] and session(sandbox)["state"] == "none"


@case("a wrong code is a refusal; the next login asks again")
def _(sandbox):
    service, sts = roles(sandbox, "mfa_serial=" + MFA)
    sts.wants = {"SerialNumber": MFA, "TokenCode": CODE}
    for code, end in (("000000", 7), (CODE, 0)):
        terminal = Terminal(sandbox, "login", "aws")
        terminal.expect(": ")
        terminal.type(code)
        assert terminal.end() == end, terminal.text
    assert sts.take_statuses() == [403, 200]


# --- the clock -----------------------------------------------------------------------------


def keys(sandbox, name="aws", kind="s3"):
    service = Aws(sandbox, REGION, kind)
    service.key(ACCESS, SECRET)
    service.error = s3_error
    sandbox.add(name, "aws-sigv4", "access_key_id=" + ACCESS, "region=" + REGION, "service=" + kind, secret=SECRET,
                field="secret_access_key", endpoint=service.url)
    return service


@case("RequestTimeTooSkewed: signed again once, with the server's time")
def _(sandbox):
    service = keys(sandbox)
    for offset in (-3600, 3600):
        service.offset = offset
        sandbox.ok("send", "aws", "PUT", "/key?a=b", "X-One:1", "@" + sandbox.write("body", b"body"))
        assert service.take_statuses() == [403, 200], offset
        first, second = service.requests[-2:]
        assert (first.line, first.body, first.header("X-One")) == (second.line, second.body, second.header("X-One"))


@case("a Date that lies or does not help: one request or two, exit 7")
def _(sandbox):
    service = keys(sandbox)
    service.offset = 1200
    for name, (date, extra, worth) in LIES.items():
        service.date, service.extra = date, extra
        sandbox.fails(7, "send", "aws", "/key", saying="RequestTimeTooSkewed")
        assert len(service.take_statuses()) <= worth, name


def late(code):
    """What services other than S3 say of a clock that is off."""
    return lambda found, message: query_error(
        code, "Signature expired: 20150830T123600Z is now earlier than 20150830T125100Z (20150830T130600Z - 15 min.)")


@case("what other services say of a clock that is off: signed again as well")
def _(sandbox):
    service = keys(sandbox, kind="execute-api")
    for code in ("SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired"):
        service.offset += 3600
        service.error = late(code)
        sandbox.ok("send", "aws", "/x")
        assert service.take_statuses() == [403, 200], code


@case("STS whose clock is elsewhere: told as that, and no refusal of the credential that is remembered")
def _(sandbox):
    service, sts = roles(sandbox)
    for error in (query_error, late("SignatureDoesNotMatch")):
        sts.error, sts.offset = error, -3600
        result = sandbox.run("send", "aws", "/x")
        assert len(sts.take_log()) <= 2 and (result.code == 0 or "clock" in result.err), result
        assert session(sandbox)["state"] != "refused", result
        sts.offset = 0
        sandbox.ok("login", "aws")
        sandbox.ok("logout", "aws")
        sts.take_log()


# --- AWS's words -----------------------------------------------------------------------------


REFUSALS = [(s3_error, 403, "SignatureDoesNotMatch"), (s3_error, 403, "InvalidAccessKeyId"),
            (query_error, 403, "SignatureDoesNotMatch"), (query_error, 403, "InvalidClientTokenId"),
            (json_error, 400, "UnrecognizedClientException"), (json_error, 403, "InvalidSignatureException"),
            (rest_json_error, 403, "UnrecognizedClientException"), (rest_json_error, 403, "InvalidSignatureException"),
            (json_error, 400, "MissingAuthenticationTokenException"), (s3_error, 400, "InvalidToken"),
            (query_error, 403, "AccessDenied")]


@case("a credential that AWS refuses: exit 7, with the code and the words, from XML and JSON")
def _(sandbox):
    server = Server(sandbox)
    sandbox.add("aws", "aws-sigv4", "access_key_id=" + ACCESS, "region=x", "service=y", secret=SECRET,
                field="secret_access_key", endpoint=server.url)
    for error, status, code in REFUSALS:
        body, headers = error(code, "These are the words of AWS.")
        server.answer = reply("%d No" % status, body, *headers)
        result = sandbox.fails(7, "send", "aws", "/x", saying="These are the words of AWS.")
        assert code in result.err and result.out == body, (code, status, result)


@case("an error that is no refusal of the credential is passed on")
def _(sandbox):
    server = Server(sandbox)
    sandbox.add("aws", "aws-sigv4", "access_key_id=" + ACCESS, "region=x", "service=y", secret=SECRET,
                field="secret_access_key", endpoint=server.url)
    for error, status, code in ((s3_error, 404, "NoSuchKey"), (json_error, 400, "ResourceNotFoundException"),
                                (query_error, 400, "ValidationError"), (query_error, 503, "Throttling")):
        body, headers = error(code, "No such thing")
        server.answer = reply("%d No" % status, body, *headers)
        result = sandbox.run("send", "aws", "/x")
        assert result.code in (0, 1) and result.out == body, (code, result)


@case("words that are none: control characters, entities, a document without end, another document")
def _(sandbox):
    server = Server(sandbox)
    sandbox.add("aws", "aws-sigv4", "access_key_id=" + ACCESS, "region=x", "service=y", secret=SECRET,
                field="secret_access_key", endpoint=server.url)
    deep = b"<Error>" * 20000
    for body in (b"", b"<Error>", b"<Error><Code>A\x1b[31m</Code><Message>b\x00c\r\n</Message></Error>", deep,
                 b"<Error><Code>SignatureDoesNotMatch</Code><Message>&#27;[31m&lt;x&gt; &bogus; &#0;</Message></Error>",
                 b"<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><Error><Code>&a;</Code></Error>",
                 b"<html><body>Forbidden</body></html>", b'{"__type":5,"message":[]}', b'{"__type":"#","message":""}',
                 b"<Error><Code>" + b"A" * 100000 + b"</Code></Error>", b"\xff\xfe<\x00E\x00"):
        server.answer = reply("403 Forbidden", body)
        result = sandbox.fails(7, "send", "aws", "/x")
        assert "\x1b" not in result.err and "root:" not in result.err and len(result.err) < 4000, result


if __name__ == "__main__":
    main()
