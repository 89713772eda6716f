# SPDX-License-Identifier: BSD-3-Clause
"""Random requests, signed by Credence and by botocore, AWS's own library for Python.

Breaks when a signature differs from botocore's: in the header or presigned, for S3 or
another service.  The seed is printed; SIGV4_SEED repeats a run.

Left out is what botocore does in a way of its own:
  - In the header it signs a query as it is written, where servers decode and encode it.
    So these queries are written as AWS encodes them, and have no empty parameter ("&&").
    The same goes for paths of S3.
  - Presigning, it keeps the first of several parameters of one name, reads them as UTF-8,
    and moves a body into the query.  So names are distinct, bytes are UTF-8, and there
    is no body.
  - A Date header takes the place of X-Amz-Date.
  - It signs a Content-Length only where the caller has given one.  So it is given one.
"""

import os
import random
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from batch import batch  # noqa: E402
from harness import WRAPPER, Skip, case, main  # noqa: E402
from sigv4 import Key, Verifier  # noqa: E402
from sigv4_requests import METHODS, random_body, random_headers, random_path, random_query  # noqa: E402

SEED = int(os.environ.get("SIGV4_SEED", random.SystemRandom().randrange(2**32)))
EACH = 10 if WRAPPER else 250
ACCESS, SECRET = "AKIDEXAMPLE0123", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJHMEUCIQD+token+with/all=="
HOST, REGION, AT, EXPIRES = "host.example:8443", "eu-central-1", 1700000000, 900


def library():
    try:
        import botocore.auth
        import botocore.awsrequest
        import botocore.credentials
    except ImportError:
        raise Skip("python3-botocore is not installed")
    return botocore


def signer(service, presigned, token):
    """botocore's for this kind, with our clock."""
    auth = library().auth
    kind = {("s3", False): auth.S3SigV4Auth, ("s3", True): auth.S3SigV4QueryAuth,
            ("other", False): auth.SigV4Auth, ("other", True): auth.SigV4QueryAuth}[service, presigned]

    class AtOurTime(kind):
        def _modify_request_before_signing(self, request):
            request.context["timestamp"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(AT))
            super()._modify_request_before_signing(request)

    more = {"expires": EXPIRES} if presigned else {}
    return AtOurTime(library().credentials.Credentials(ACCESS, SECRET, token), service, REGION, **more)


def sign(signer, request):
    """What botocore makes of a request."""
    method, target, body, headers = request
    made = library().awsrequest.AWSRequest(method=method, url="https://" + HOST + target, data=body)
    for name, value in headers:
        made.headers[name.decode()] = value.decode()
    if body:
        made.headers["Content-Length"] = str(len(body))
    signer.add_auth(made)
    return made


# --- requests that botocore signs as a server reads them -------------------------------


def rewritten(text, kept):
    """As AWS encodes it."""
    return urllib.parse.quote(urllib.parse.unquote_to_bytes(text), safe=kept)


def encoded_query(dice):
    pieces = [piece.partition("=") for piece in random_query(dice).split("&") if piece]
    return "&".join(rewritten(name, "-_.~") + between + rewritten(value, "-_.~") for name, between, value in pieces)


def is_utf8(text):
    try:
        return urllib.parse.unquote_to_bytes(text).decode() is not None
    except UnicodeDecodeError:
        return False


def distinct_query(dice):
    pieces = [piece for piece in random_query(dice).split("&") if piece and is_utf8(piece)]
    by_name = {urllib.parse.unquote_to_bytes(piece.partition("=")[0]): piece for piece in pieces}
    return "&".join(by_name.values())


def random_request(dice, service, presigned):
    path = random_path(dice)
    if service == "s3":
        path = rewritten(path, "/-_.~")
    query = distinct_query(dice) if presigned else encoded_query(dice)
    body = None if presigned else random_body(dice)
    headers = [header for header in random_headers(dice, body) if header[0].lower() != b"date"]
    return dice.choice(METHODS + ["HEAD"]), path + ("?" + query if query else ""), body, headers


# --- the comparison ----------------------------------------------------------------------


def values(answer, name):
    return [value.decode() for found, value in answer.headers if found.lower() == name]


def query_signature(url):
    return url.rsplit("X-Amz-Signature=", 1)[1]


def difference(answer, made, presigned):
    """What is signed in another way, or None."""
    if answer.refused:
        return answer.message
    if presigned:
        pair = query_signature(answer.url), query_signature(made.url)
        return None if pair[0] == pair[1] else pair
    for name in ("Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256"):
        wanted = made.headers.get_all(name) or []
        if values(answer, name.lower().encode()) != wanted:
            return name, values(answer, name.lower().encode()), wanted
    return None


def check(sandbox, service, presigned, token=None):
    print("# seed %d" % SEED)
    dice = random.Random(SEED)
    ours = signer(service, presigned, token)
    words = ["access_key_id=" + ACCESS, "region=" + REGION, "service=" + service]
    if presigned:
        words.append("presign=%d" % EXPIRES)
    if token is not None:
        words += ["--secret", "session_token=" + sandbox.write("token", token)]
    sandbox.add("aws", "aws-sigv4", *words, secret=SECRET, field="secret_access_key", endpoint="https://" + HOST)
    requests = [random_request(dice, service, presigned) for _ in range(EACH)]
    answers = batch(sandbox, "sign", "aws", requests, AT, may_print_secret=token is not None)
    faults = [(request, fault) for request, answer in zip(requests, answers)
              for fault in [difference(answer, sign(ours, request), presigned)] if fault is not None]
    assert not faults, "%d of %d, first:\n%s" % (len(faults), EACH, "\n".join(map(repr, faults[:5])))


@case("the header, as SigV4Auth makes it")
def _(sandbox):
    check(sandbox, "other", False)


@case("the header for S3, as S3SigV4Auth makes it")
def _(sandbox):
    check(sandbox, "s3", False)


@case("a presigned URL, as SigV4QueryAuth makes it")
def _(sandbox):
    check(sandbox, "other", True)


@case("a presigned URL for S3, as S3SigV4QueryAuth makes it")
def _(sandbox):
    check(sandbox, "s3", True)


@case("the header, with a session token")
def _(sandbox):
    check(sandbox, "other", False, TOKEN)


@case("a presigned URL for S3, with a session token")
def _(sandbox):
    check(sandbox, "s3", True, TOKEN)


def as_received(made, body):
    """The request in the bytes in which a server gets it."""
    target = made.url.removeprefix("https://" + HOST)
    lines = ["%s %s HTTP/1.1" % (made.method, target), "Host: " + HOST]
    lines += ["%s: %s" % header for header in made.headers.items()]
    return "\r\n".join(lines + ["", ""]).encode() + (body or b"")


@case("the server that other tests use lets in what botocore signs")
def _():
    dice = random.Random(SEED)
    for service in ("other", "s3"):
        verifier = Verifier({ACCESS: Key(SECRET)}, REGION, service)
        for presigned in (False, True):
            theirs = signer(service, presigned, None)
            for _ in range(EACH):
                request = random_request(dice, service, presigned)
                verifier.check(as_received(sign(theirs, request), request[2]), AT)


if __name__ == "__main__":
    main()
