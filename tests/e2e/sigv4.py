# SPDX-License-Identifier: BSD-3-Clause
"""sigv4.py - AWS Signature Version 4, as the server that receives a request checks it.

Written from "Create a signed AWS API request" of the IAM User Guide, and from
"Authenticating Requests: Using the Authorization Header" and "... Using Query
Parameters" of the Amazon S3 API Reference, with hashlib and hmac; nothing of
Credence is used.  All starts from the bytes of a request as they were received.
"""

import calendar
import hashlib
import hmac
import json
import os
import re
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vendors import Vendor, hide  # noqa: E402

ALGORITHM = b"AWS4-HMAC-SHA256"
UNSIGNED = b"UNSIGNED-PAYLOAD"
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
CLOCK = 15 * 60  # seconds that the two clocks may differ
WEEK = 7 * 24 * 3600
SIGNED_IN_QUERY = (b"X-Amz-Algorithm", b"X-Amz-Credential", b"X-Amz-Date", b"X-Amz-Expires", b"X-Amz-SignedHeaders",
                   b"X-Amz-Signature")
AUTHORIZATION = re.compile(ALGORITHM + rb" Credential=([^ ,]+), ?SignedHeaders=([^ ,]+), ?Signature=([0-9a-f]{64})")
HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.S)


class Refused(Exception):
    """What is wrong with a request: the service's code, and its words."""

    def __init__(self, code, message):
        super().__init__(code, message)
        self.code, self.message = code, message


def demand(condition, code, message):
    if not condition:
        raise Refused(code, message)


# --- the canonical request -------------------------------------------------------


def encode(data, keep=b""):
    """Every byte but the unreserved ones as %XX."""
    return b"".join(b"%c" % byte if byte in UNRESERVED or byte in keep else b"%%%02X" % byte for byte in data)


def normalize(path):
    """RFC 3986, 5.2.4, and one slash for many."""
    kept = []
    for segment in path.split(b"/"):
        if segment == b"..":
            kept = kept[:-1]
        elif segment not in (b"", b"."):
            kept.append(segment)
    return b"/" + b"/".join(kept) + (b"/" if kept and path.endswith(b"/") else b"")


def canonical_path(path, service):
    """S3 reads a path once and writes it once; others write once more what they received."""
    if service == b"s3":
        return encode(urllib.parse.unquote_to_bytes(path), b"/")
    return encode(normalize(path), b"/")


def pairs_of(query):
    """The parameters, decoded; a name without a value has an empty one."""
    pieces = [piece.partition(b"=") for piece in query.split(b"&") if piece]
    return [(urllib.parse.unquote_to_bytes(name), urllib.parse.unquote_to_bytes(value)) for name, _, value in pieces]


def canonical_query(pairs):
    return b"&".join(b"%s=%s" % pair for pair in sorted((encode(name), encode(value)) for name, value in pairs))


def canonical_value(value):
    return b" ".join(word for word in value.split(b" ") if word)


class Message:
    """A request, from its bytes."""

    def __init__(self, raw):
        head, found, self.body = raw.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        line = re.fullmatch(rb"([A-Z]+) ([!-~]+) HTTP/1\.1", lines[0])
        demand(found and line, "BadRequest", "This is no request")
        self.method, self.target = line.groups()
        self.path, _, self.query = self.target.partition(b"?")
        self.pairs = pairs_of(self.query)
        self.headers = [self.header(line) for line in lines[1:]]
        demand(len(self.values(b"host")) == 1, "BadRequest", "One Host header is wanted")
        lengths = self.values(b"content-length") or [b"0"]
        demand(lengths == [b"%d" % len(self.body)], "BadRequest", "The Content-Length is wrong")
        demand(self.path.startswith(b"/"), "BadRequest", "The path is wrong")

    @staticmethod
    def header(line):
        match = HEADER.fullmatch(line)
        demand(match and not re.search(rb"[\x00-\x1f\x7f]", line), "BadRequest", "This is no header")
        return match.group(1).lower(), match.group(2)

    def values(self, name):
        return [value for found, value in self.headers if found == name]

    def parameters(self, name):
        return [value for found, value in self.pairs if found == name]

    def canonical(self, service, pairs, signed, payload):
        lines = [self.method, canonical_path(self.path, service), canonical_query(pairs)]
        lines += [name + b":" + b",".join(map(canonical_value, self.values(name))) for name in signed]
        return b"\n".join(lines + [b"", b";".join(signed), payload])


# --- the signature -----------------------------------------------------------------


def sha256(data):
    return hashlib.sha256(data).hexdigest().encode()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def signature(secret, date, scope, canonical):
    """scope: b"20150830/us-east-1/service/aws4_request"."""
    key = b"AWS4" + secret.encode()
    for part in scope.split(b"/"):
        key = mac(key, part)
    return mac(key, b"\n".join((ALGORITHM, date, scope, sha256(canonical)))).hex().encode()


class Key:
    """What belongs to an access key.  A temporary one has a token, and an end."""

    def __init__(self, secret, token=None, expires=None):
        self.secret, self.token, self.expires = secret, token, expires


class Claim:
    """What a request says of its signature, in the Authorization header or in the query."""

    def __init__(self, message):
        self.presigned = not message.values(b"authorization")
        credential, signed = self.from_query(message) if self.presigned else self.from_header(message)
        self.access_key, _, self.scope = credential.partition(b"/")
        self.signed = signed.split(b";")

    def from_header(self, message):
        match = AUTHORIZATION.fullmatch(message.values(b"authorization")[0])
        demand(match and len(message.values(b"authorization")) == 1 and len(message.values(b"x-amz-date")) == 1
               and not message.parameters(b"X-Amz-Signature"), "IncompleteSignature", "The signature is not complete")
        credential, signed, self.signature = match.groups()
        self.date, self.expires = message.values(b"x-amz-date")[0], None
        self.pairs, self.tokens = message.pairs, message.values(b"x-amz-security-token")
        return credential, signed

    def from_query(self, message):
        values = [message.parameters(name) for name in SIGNED_IN_QUERY]
        demand(any(values), "MissingAuthenticationToken", "The request is not signed")
        demand(all(len(found) == 1 for found in values), "AuthorizationQueryParametersError", "A parameter is missing")
        algorithm, credential, self.date, self.expires, signed, self.signature = [found[0] for found in values]
        demand(algorithm == ALGORITHM, "AuthorizationQueryParametersError", "The algorithm is unknown")
        demand(re.fullmatch(rb"[1-9]\d{0,5}", self.expires) and int(self.expires) <= WEEK,
               "AuthorizationQueryParametersError", "X-Amz-Expires must be between 1 and a week")
        self.pairs = [(name, value) for name, value in message.pairs if name != b"X-Amz-Signature"]
        self.tokens = message.parameters(b"X-Amz-Security-Token")
        return credential, signed

    @property
    def time(self):
        demand(re.fullmatch(rb"\d{8}T\d{6}Z", self.date), "IncompleteSignature", "The date is wrong")
        try:
            return calendar.timegm(time.strptime(self.date.decode(), "%Y%m%dT%H%M%SZ"))
        except ValueError:
            raise Refused("IncompleteSignature", "The date is wrong")


class Verifier:
    """keys: access key to Key.  token_signed: some services want the token outside the signature."""

    def __init__(self, keys, region, service, token_signed=True):
        self.keys, self.region, self.service = keys, region.encode(), service.encode()
        self.token_signed = token_signed

    def check(self, raw, now):
        """The access key that has signed the request; raises Refused."""
        message = Message(raw)
        claim = Claim(message)
        key = self.keys.get(claim.access_key.decode("latin-1"))
        demand(key, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        self.check_time(claim, now)
        scope = b"/".join((claim.date[:8], self.region, self.service, b"aws4_request"))
        demand(claim.scope == scope, "AuthorizationHeaderMalformed", "The scope should be %s" % scope.decode())
        self.check_signed(message, claim)
        self.check_token(claim, key, now)
        canonical = message.canonical(self.service, self.signed_pairs(claim), claim.signed,
                                      self.payload(message, claim))
        wanted = signature(key.secret, claim.date, scope, canonical)
        demand(hmac.compare_digest(wanted, claim.signature), "SignatureDoesNotMatch",
               "The request signature we calculated does not match the signature you provided.")
        return claim.access_key.decode()

    def check_time(self, claim, now):
        if claim.expires is None:
            demand(abs(claim.time - now) <= CLOCK, "RequestTimeTooSkewed",
                   "The difference between the request time and the current time is too large.")
        else:
            demand(claim.time - CLOCK <= now, "AccessDenied", "Request is not yet valid")
            demand(now <= claim.time + int(claim.expires), "AccessDenied", "Request has expired")

    def check_signed(self, message, claim):
        names = {name for name, _ in message.headers}
        must = {name for name in names if name.startswith(b"x-amz-")} | ({b"host", b"content-type"} & names)
        if not self.token_signed:
            must.discard(b"x-amz-security-token")
        demand(claim.signed == sorted(set(claim.signed)), "SignatureDoesNotMatch", "SignedHeaders are not in order")
        demand(set(claim.signed) <= names, "SignatureDoesNotMatch", "A signed header is missing")
        demand(must <= set(claim.signed), "AccessDenied", "There were headers in the request which were not signed")

    def check_token(self, claim, key, now):
        wanted = [] if key.token is None else [key.token.encode()]
        demand(claim.tokens == wanted, "InvalidToken", "The security token included in the request is invalid.")
        demand(key.expires is None or now < key.expires, "ExpiredToken",
               "The security token included in the request is expired")

    def signed_pairs(self, claim):
        left_out = () if self.token_signed else (b"X-Amz-Security-Token",)
        return [(name, value) for name, value in claim.pairs if name not in left_out]

    def payload(self, message, claim):
        """The last line of the canonical request."""
        given = message.values(b"x-amz-content-sha256") or message.parameters(b"X-Amz-Content-Sha256")
        digest = sha256(message.body)
        if self.service == b"s3":
            given = given or ([UNSIGNED] if claim.presigned else [])
            demand(given in ([UNSIGNED], [digest]), "XAmzContentSHA256Mismatch", "The body was not signed")
            return given[0]
        demand(given in ([], [digest]), "InvalidRequest", "The body was not signed")
        return digest


# --- a service -----------------------------------------------------------------------


def s3_error(code, message):
    body = ('<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code><Message>%s</Message>'
            "<RequestId>4442587FB7D0A2F9</RequestId></Error>" % (code, message))
    return body.encode(), ["Content-Type: application/xml"]


def query_error(code, message):
    return ('<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <Error>\n    <Type>Sender</Type>\n'
            "    <Code>%s</Code>\n    <Message>%s</Message>\n  </Error>\n  <RequestId>c6104cbe</RequestId>\n"
            "</ErrorResponse>\n" % (code, message)).encode(), ["Content-Type: text/xml"]


def json_error(code, message):
    return (json.dumps({"__type": "com.amazon.coral.service#" + code, "message": message}).encode(),
            ["Content-Type: application/x-amz-json-1.1"])


def rest_json_error(code, message):
    return (json.dumps({"message": message}).encode(),
            ["Content-Type: application/json", "x-amzn-ErrorType: %s:http://internal.amazon.com/coral/" % code])


class Aws(Vendor):
    """A service that lets in whoever signs.  error: one of the functions above; status: by code."""

    def __init__(self, sandbox, region="eu-central-1", service="execute-api", keys=None, tls=None):
        self.verifier = Verifier({} if keys is None else keys, region, service)
        self.error, self.status = query_error, {}
        super().__init__(sandbox, tls)

    def key(self, access_key, secret, token=None, expires=None):
        for text in filter(None, (secret, token)):
            hide(self.sandbox, text)
        self.verifier.keys[access_key] = Key(secret, token, expires)

    def refuse(self, code, message):
        body, headers = self.error(code, message)
        return self.status.get(code, 403), body, headers

    def handle(self, call):
        try:
            return self.accepted(call, self.verifier.check(self.requests[-1].raw, self.now()))
        except Refused as refused:
            return self.refuse(refused.code, refused.message)

    def accepted(self, call, access_key):
        return 200, json.dumps({"access_key": access_key}).encode(), []
