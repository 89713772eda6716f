# SPDX-License-Identifier: BSD-3-Clause
"""A thousand random requests, signed by Credence and verified by a server that does
what AWS's documents say of it: see sigv4.py.

Breaks when one byte of a path, query, header or body is signed in another way than
the server reads it, when something that must be signed is not, when what was signed
is changed on its way, or when the server would let a changed request in.  The seed is
printed; SIGV4_SEED repeats a run.
"""

import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from batch import batch  # noqa: E402
from harness import WRAPPER, case, main  # noqa: E402
from sigv4 import UNSIGNED, Aws, Claim, Message, Refused, normalize  # noqa: E402
from sigv4_requests import random_request  # noqa: E402
from vendors import http_date  # noqa: E402

SEED = int(os.environ.get("SIGV4_SEED", random.SystemRandom().randrange(2**32)))
EACH = 10 if WRAPPER else 125
ACCESS, SECRET = "AKIDEXAMPLE0123", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJHMEUCIQD+token+with/all=="
# Service, and what else the profile is told.  Each in the header, and as a presigned URL.
KINDS = [("execute-api", ()), ("execute-api", ("sign_body=yes",)), ("s3", ()), ("s3", ("sign_body=no",))]
PRESIGN = "presign=900"

UNSIGNED_NAMES = {b"user-agent", b"x-amzn-trace-id"}


# --- the server --------------------------------------------------------------------------


def service(sandbox, name, kind, *more, token=None, **server):
    """A server, and the profile for it."""
    aws = Aws(sandbox, service=kind, **server)
    aws.key(ACCESS, SECRET, token)
    words = ("access_key_id=" + ACCESS, "region=eu-central-1", "service=" + kind) + more
    if token is not None:
        words += ("--secret", "session_token=" + sandbox.write("token", token))
    sandbox.add(name, "aws-sigv4", *words, secret=SECRET, field="secret_access_key", endpoint=aws.url)
    return aws


def signed_target(request):
    return request.line.split(" ")[1]


def check_arrived(request, arrived):
    """What was asked for arrived, byte by byte, and nothing was taken for signed that may change."""
    method, target, body, headers = request
    line = arrived.line.split(" ")
    assert line[0] == method and line[1].startswith(target.rstrip("?&") if target.endswith(("?", "&")) else target), (
        request, arrived.raw)
    assert arrived.body == (body or b""), (request, arrived.raw)
    message = Message(arrived.raw)
    for name in {name.lower() for name, _ in headers}:
        wanted = [value.strip(b" ") for found, value in headers if found.lower() == name]
        assert message.values(name) == wanted, (name, request, arrived.raw)
    assert not UNSIGNED_NAMES & set(Claim(message).signed), arrived.raw


def check_thousand(sandbox, token=None):
    print("# seed %d" % SEED)
    dice, faults = random.Random(SEED), []
    for number, (kind, words) in enumerate(KINDS):
        for presign in ((), (PRESIGN,)):
            name = "aws%d%s" % (number, "q" if presign else "h")
            aws = service(sandbox, name, kind, *words, *presign, token=token)
            requests = [random_request(dice, kind) for _ in range(EACH)]
            answers = batch(sandbox, "send", name, requests, may_print_secret=token is not None)
            faults += [(name, kind, words, presign, request, answer) for request, answer in zip(requests, answers)
                       if answer.refused or answer.status != 200]
            if not faults:
                for request, arrived in zip(requests, aws.requests):
                    check_arrived(request, arrived)
    assert not faults, "%d were refused, first:\n%s" % (len(faults), "\n".join(map(repr, faults[:5])))


@case("a thousand requests arrive byte by byte, and the server verifies each: header and presigned, S3 and others")
def _(sandbox):
    check_thousand(sandbox)


@case("temporary credentials: the token arrives and is signed, in the header and in the query")
def _(sandbox):
    for name, words in (("header", ()), ("query", (PRESIGN,))):
        aws = service(sandbox, name, "execute-api", *words, token=TOKEN)
        sandbox.ok("send", name, "/x?b=1&a=2", "X-Two:  a   b ")
        claim = Claim(Message(aws.last.raw))
        assert claim.tokens == [TOKEN.encode()], aws.last.raw
        assert (b"x-amz-security-token" in claim.signed) == (name == "header"), aws.last.raw
        del aws.verifier.keys[ACCESS]
        aws.key(ACCESS, SECRET, "another token")
        sandbox.fails(7, "send", name, "/x", saying="InvalidToken")


@case("omit_session_token: for services that want the token outside the signature")
def _(sandbox):
    for name, words in (("header", ()), ("query", (PRESIGN,))):
        aws = service(sandbox, name, "iotdevicegateway", "omit_session_token=yes", *words, token=TOKEN)
        aws.verifier.token_signed = False
        sandbox.ok("send", name, "/mqtt?a=b")
        claim = Claim(Message(aws.last.raw))
        assert claim.tokens == [TOKEN.encode()] and b"x-amz-security-token" not in claim.signed, aws.last.raw
        aws.verifier.token_signed = True
        sandbox.fails(7, "send", name, "/mqtt?a=b")


@case("what S3 is told of the body: its hash, or UNSIGNED-PAYLOAD with sign_body=no")
def _(sandbox):
    for number, (words, hashes) in enumerate([((), True), (("sign_body=yes",), True), (("sign_body=no",), False)]):
        aws = service(sandbox, "s%d" % number, "s3", *words)
        sandbox.ok("send", "s%d" % number, "PUT", "/key", "@" + sandbox.write("body", b"\x00body"))
        value, = aws.last.header("x-amz-content-sha256")
        assert (value.encode() == UNSIGNED) != hashes, value


@case("S3 reads %2F in a path as a slash: that is signed so, or refused")
def _(sandbox):
    for name, words in (("header", ()), ("query", (PRESIGN,))):
        service(sandbox, name, "s3", *words)
        result = sandbox.run("send", name, "/a%2Fb/%2f")
        assert result.code == 0 or (result.code in (2, 6) and "2F" in result.err), result


@case("S3, presigned with sign_body=yes: the server can tell that the body is signed, or it is refused")
def _(sandbox):
    aws = service(sandbox, "s3", "s3", "sign_body=yes", PRESIGN)
    result = sandbox.run("send", "s3", "PUT", "/key", "@" + sandbox.write("body", b"body"))
    if result.code == 0:
        refused(aws, aws.last.raw[:-1] + b"z")
    else:
        assert result.code in (2, 6) and "sign_body" in result.err, result


@case("the server's paths: what RFC 3986 and AWS's documents say")
def _():
    for path, wanted in ((b"/", b"/"), (b"//", b"/"), (b"/a/../b//./c/", b"/b/c/"), (b"/../../x", b"/x"),
                         (b"/a/b/../../", b"/"), (b"/...", b"/..."), (b"/%2E%2e/", b"/%2E%2e/")):
        assert normalize(path) == wanted, (path, normalize(path))


# --- the server lets nothing else in ------------------------------------------------------


def refused(aws, raw, now=None):
    """The refusal's code; a request that is let in is a fault of the server."""
    try:
        aws.verifier.check(raw, time.time() if now is None else now)
    except Refused as why:
        return why.code
    raise AssertionError("let in: %r" % raw)


def other(byte):
    """Another byte that means something else, and not only the same in other case."""
    return byte + 1 if byte ^ 1 < 0x20 or byte in b"@Z`z" else byte ^ 1


def unsigned_spans(raw, message_signed, body_counts):
    """Where a byte may change: headers that are not signed, and a body that S3 does not look at."""
    spans, at = [], 0
    head = raw.partition(b"\r\n\r\n")[0]
    for line in head.split(b"\r\n"):
        name = line.partition(b":")[0].lower()
        if at > 0 and name not in message_signed + [b"authorization", b"content-length"]:
            spans.append(range(at, at + len(line)))
        at += len(line) + 2
    if not body_counts:
        spans.append(range(len(head) + 4, len(raw)))
    return spans


@case("the server refuses a request of which one byte was changed, anywhere")
def _(sandbox):
    for number, (kind, words) in enumerate(KINDS):
        for presign in ((), (PRESIGN,)):
            name = "aws%d%s" % (number, "q" if presign else "h")
            aws = service(sandbox, name, kind, *words, *presign)
            sandbox.ok("send", name, "POST", "/some/path%20here?b=2&a=1&c", "X-One:a  b", "x-amz-meta-a:1",
                       "@" + sandbox.write("body", b"a body"))
            raw = aws.last.raw
            aws.verifier.check(raw, time.time())
            body_counts = kind != "s3" or not (presign or "sign_body=no" in words)
            free = unsigned_spans(raw, Claim(Message(raw)).signed, body_counts)
            places = [place for place in range(len(raw)) if not any(place in span for span in free)]
            assert len(places) > 400, raw
            for place in places:
                refused(aws, raw[:place] + bytes([other(raw[place])]) + raw[place + 1:])


@case("the server refuses what is late, early, of another region or service, or signed by an unknown key")
def _(sandbox):
    for name, words, late in (("header", (), "RequestTimeTooSkewed"), ("query", (PRESIGN,), "AccessDenied")):
        aws = service(sandbox, name, "execute-api", *words)
        sandbox.ok("send", name, "/x")
        raw, now = aws.last.raw, time.time()
        assert refused(aws, raw, now + 910) == refused(aws, raw, now - 910) == late
        aws.verifier.region = b"eu-west-1"
        assert refused(aws, raw) == "AuthorizationHeaderMalformed"
        aws.verifier.region, aws.verifier.service = b"eu-central-1", b"lambda"
        assert refused(aws, raw) == "AuthorizationHeaderMalformed"
        aws.verifier.service = b"execute-api"
        aws.key(ACCESS, "another")
        assert refused(aws, raw) == "SignatureDoesNotMatch"
        aws.verifier.keys.clear()
        assert refused(aws, raw) == "InvalidAccessKeyId"


@case("the server refuses a header that matters and is not signed")
def _(sandbox):
    aws = service(sandbox, "aws", "execute-api")
    sandbox.ok("send", "aws", "/x")
    for line in (b"X-Amz-Acl: public", b"Content-Type: text/plain"):
        assert refused(aws, aws.last.raw.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n")) == "AccessDenied"


# --- Credence ---------------------------------------------------------------------------


@case("a presigned URL says how long it is good for, and no header of its own is needed")
def _(sandbox):
    for seconds in ("30", "604800"):
        aws = service(sandbox, "p" + seconds, "s3", "presign=" + seconds)
        sandbox.ok("send", "p" + seconds, "/key")
        assert Message(aws.last.raw).parameters(b"X-Amz-Expires") == [seconds.encode()]
        names = [name for name, _ in Message(aws.last.raw).headers]
        assert not [name for name in names if name.startswith(b"x-amz-") or name == b"authorization"], names
    for seconds in ("0", "604801", "-1", "1h", "", "1.5"):
        words = ["x", "aws-sigv4", "access_key_id=a", "presign=" + seconds, "--keyring=file",
                 "--endpoint=https://s3.amazonaws.com", "--secret", "secret_access_key=-"]
        if sandbox.run("add", *words, input="s").code == 0:
            if seconds:
                sandbox.fails((2, 9), "sign", "x", "/", saying="presign")
            sandbox.ok("remove", "x")


@case("a raw plus in a query is refused, since servers read it in two ways; %20 and %2B say what is meant")
def _(sandbox):
    service(sandbox, "aws", "execute-api")
    for query in ("a=b+c", "+", "a+b=c", "a=%20&b=+"):
        sandbox.fails((2, 6), "sign", "aws", "/x?" + query, saying="+")
    for query in ("a=b%20c", "a=b%2Bc"):
        sandbox.ok("send", "aws", "/x?" + query)


@case("what the signature is made of cannot be set by the caller")
def _(sandbox):
    service(sandbox, "header", "s3", token=TOKEN)
    service(sandbox, "query", "s3", PRESIGN, token=TOKEN)
    for item in ("Authorization:AWS4-HMAC-SHA256 x", "X-Amz-Date:20130524T000000Z", "x-amz-content-sha256:x",
                 "X-Amz-Security-Token:x"):
        sandbox.fails((2, 6), "sign", "header", "/x", item)
    for query in ("X-Amz-Signature=x", "X-Amz-Expires=604800", "X-Amz-Credential=x", "X-Amz-Date=x",
                  "X-Amz-SignedHeaders=host", "X-Amz-Algorithm=x", "X-Amz-Security-Token=x", "X-Amz-%53ignature=x"):
        sandbox.fails((2, 6), "sign", "query", "/x?" + query)


@case("a clock that is off: signed again once with the server's time, and the request is the same")
def _(sandbox):
    aws = service(sandbox, "aws", "s3")
    for offset in (-3600, 3600):
        aws.offset = offset
        sandbox.ok("send", "aws", "PUT", "/key?a=b", "X-One:1", "@" + sandbox.write("body", b"body"))
        assert aws.take_statuses() == [403, 200], offset
        first, second = aws.requests[-2:]
        assert signed_target(first) == signed_target(second) and first.body == second.body == b"body"
        assert first.header("X-One") == second.header("X-One") == ["1"]
        assert first.header("X-Amz-Date") != second.header("X-Amz-Date")
    aws.date = lambda: http_date(time.time())
    sandbox.fails(7, "send", "aws", "/key", saying="RequestTimeTooSkewed")
    assert len(aws.take_statuses()) <= 2, "a Date that does not help"


@case("--trace hides the secrets of the stack's other providers, in the form in which they are sent")
def _(sandbox):
    aws = service(sandbox, "aws", "execute-api")
    path = "home/.config/credence/profiles/aws.conf"
    with open(sandbox.path(path)) as conf:
        text = conf.read().replace("= aws-sigv4", "= api-key aws-sigv4")
    sandbox.write(path, text + "\n[api-key]\nheader = X-Own-Key\n")
    for key, shown in (("one secret key 123456", "x-own-key:[key]"), (" spaces-around-it-98765 ", "x-own-key:[key]"),
                       ("two  spaces-in-it-987654", "x-own-key:[key]")):
        sandbox.secrets.add(" ".join(key.split()))
        sandbox.ok("set", "aws", "--secret", "api-key.key=" + sandbox.write("key", key), "--secret",
                   "secret_access_key=-", input=SECRET)
        result = sandbox.ok("sign", "aws", "/x", "--trace", "--format=url")
        assert shown in result.err, result
        sandbox.ok("send", "aws", "/x")
        assert aws.last.header("X-Own-Key") == [" ".join(key.split(" ")).strip()]


@case("two providers that set one header are refused")
def _(sandbox):
    service(sandbox, "aws", "execute-api")
    path = "home/.config/credence/profiles/aws.conf"
    with open(sandbox.path(path)) as conf:
        text = conf.read().replace("= aws-sigv4", "= bearer aws-sigv4")
    sandbox.write(path, text)
    sandbox.ok("set", "aws", "--secret", "token=" + sandbox.write("token", "a-token-123456"), "--secret",
               "secret_access_key=-", input=SECRET)
    sandbox.fails(6, "sign", "aws", "/x", saying="another provider of the stack")


@case("a service whose name only begins with s3 signs as others do; what S3 reads in two ways is refused for S3 alone")
def _(sandbox):
    tables = service(sandbox, "tables", "s3tables")
    sandbox.ok("send", "tables", "/buckets/arn%3Aaws%2Fname+x")
    assert tables.take_statuses() == [200]
    service(sandbox, "s3", "s3")
    for path in ("/a%2Fb", "/a%2fb", "/a+b"):
        sandbox.fails(2, "sign", "s3", path, saying="S3 reads in two ways")


@case("years have four digits")
def _(sandbox):
    service(sandbox, "aws", "execute-api")
    assert "99991231T235959Z" in sandbox.ok("sign", "aws", "/x", "--at=253402300799").text
    sandbox.fails(2, "sign", "aws", "/x", "--at=253402300800", saying="after 9999")


if __name__ == "__main__":
    main()
