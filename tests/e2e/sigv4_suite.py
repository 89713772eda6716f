# SPDX-License-Identifier: BSD-3-Clause
"""The public test suite of AWS Signature Version 4, and the examples of AWS's documents.

The suite is awslabs/aws-c-auth, tests/aws-signing-test-suite/v4 (Apache-2.0).  It is
read from the folder aws-sigv4 of $CREDENCE_VECTORS, or of shared/vectors beside the
source or a folder above it; without it these cases are skipped.

Breaks when the canonical request, the string to sign or the signature differs by one
byte, when a header or parameter is added elsewhere than AWS's own library adds it, or
when the request is not sent as it was signed.
"""

import calendar
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from batch import batch  # noqa: E402
from harness import SRC, Skip, case, main  # noqa: E402
from sigv4 import Refused, Verifier, Key, encode, sha256  # noqa: E402


def find_vectors():
    """A build may have a copy of the source within its own folder."""
    folder = os.path.abspath(SRC)
    while folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
        if os.path.isdir(os.path.join(folder, "shared", "vectors", "aws-sigv4")):
            return os.path.join(folder, "shared", "vectors")
    return ""


VECTORS = os.environ.get("CREDENCE_VECTORS", find_vectors())
# What may stand in a URL as it is.
URL_BYTES = b"!$&'()*+,;=:@/?[]%"
MODES = ("header", "query")


def sendable(target):
    """A raw space or UTF-8 cannot go on the wire."""
    return encode(target, URL_BYTES)


class Written:
    """A request as the suite writes it: bare line ends, values folded over lines, a raw target."""

    def __init__(self, data):
        head, _, self.body = data.replace(b"\r\n", b"\n").partition(b"\n\n")
        line, _, rest = head.partition(b"\n")
        self.method, target = line.removesuffix(b" HTTP/1.1").split(b" ", 1)
        self.raw_path = target.partition(b"?")[0]
        self.target = sendable(target)
        unfolded = re.sub(rb"\n[ \t]+", b" ", rest)
        self.headers = [self.header(line) for line in unfolded.split(b"\n") if line]

    @staticmethod
    def header(line):
        """Space around a value is not part of it, and is not sent."""
        name, _, value = line.partition(b":")
        return name, value.strip(b" \t")

    def values(self, name):
        return [value for found, value in self.headers if found.lower() == name]

    def rest(self):
        """The headers that the library does not make by itself."""
        return [pair for pair in self.headers if pair[0].lower() not in (b"host", b"content-length")]

    def arrives(self):
        """The same, as the library sends it: the type of a body comes with the body, which is first."""
        types = [(b"Content-Type", value) for value in self.values(b"content-type")]
        others = [pair for pair in self.rest() if pair[0].lower() != b"content-type"]
        return types + others if self.body else self.rest()


class Vector:
    """A folder of the suite."""

    def __init__(self, folder):
        self.folder, self.name = folder, os.path.basename(folder)
        self.context = json.loads(self.read("context.json"))
        self.credentials = self.context["credentials"]
        self.token = self.credentials.get("token")
        self.request = Written(self.read("request.txt"))
        self.host = self.request.values(b"host")[0].decode()
        self.time = calendar.timegm(time.strptime(self.context["timestamp"], "%Y-%m-%dT%H:%M:%SZ"))

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as f:
            return f.read()

    def expected(self, mode, name):
        return self.read("%s-%s.txt" % (mode, name))

    def text(self, mode, name):
        return self.expected(mode, name).decode().rstrip("\n")

    def encoded_once(self):
        """Did sendable() take the first of the two encodings away?"""
        return self.request.raw_path != sendable(self.request.raw_path)

    def options(self, mode):
        """What aws-sigv4 is told of the context.  Whatever else it asks for is an error here."""
        known = {"credentials", "expiration_in_seconds", "normalize", "region", "service", "sign_body", "timestamp",
                 "omit_session_token"}
        assert set(self.context) <= known and set(self.credentials) <= {
            "access_key_id", "secret_access_key", "token"}, self.name
        words = {"access_key_id": self.credentials["access_key_id"], "region": self.context["region"],
                 "service": self.context["service"], "normalize": yes(self.context.get("normalize", True)),
                 "sign_body": yes(self.context.get("sign_body", False)),
                 "omit_session_token": yes(self.context.get("omit_session_token", False))}
        if self.encoded_once():
            words["double_encode"] = "no"
        if mode == "query":
            words["presign"] = str(self.context.get("expiration_in_seconds", 3600))
        return tuple("%s=%s" % pair for pair in words.items())


def yes(value):
    return "yes" if value else "no"


def suite():
    folder = os.path.join(VECTORS, "aws-sigv4")
    if not os.path.isdir(folder):
        raise Skip("the folder aws-sigv4 with the public suite is not here; CREDENCE_VECTORS names the one it is in")
    names = sorted(name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name)))
    assert names, "no case in " + folder
    return [Vector(os.path.join(folder, name)) for name in names]


class Profiles:
    """A profile for each distinct context."""

    def __init__(self, sandbox):
        self.sandbox, self.names = sandbox, {}

    def of(self, vector, mode):
        words = vector.options(mode)
        secret = vector.credentials["secret_access_key"]
        key = words, vector.host, secret, vector.token
        if key not in self.names:
            name = "aws%d" % len(self.names)
            self.add(name, words, vector, secret)
            self.names[key] = name
        return self.names[key]

    def add(self, name, words, vector, secret):
        if vector.token is not None:
            self.sandbox.secrets.add(vector.token)
            words += ("--secret", "session_token=" + self.sandbox.write("token", vector.token))
        self.sandbox.add(name, "aws-sigv4", *words, secret=secret, field="secret_access_key",
                         endpoint="https://" + vector.host)


def traces(text):
    """What --trace tells, by label."""
    found = {}
    for line in text.split("\n"):
        if line.startswith("  "):
            found[label].append(line[2:])
        elif line.endswith(":"):
            label = line[:-1]
            found[label] = []
    return {label: "\n".join(lines) for label, lines in found.items()}


def signed_by_command(sandbox, name, vector):
    """The request as it would be sent, and what was told on the way."""
    request = vector.request
    words = ["%s:%s" % (header.decode(), value.decode()) for header, value in request.rest()]
    if request.body:
        words.append("@" + sandbox.write("body", request.body))
    result = sandbox.ok("sign", name, request.method.decode(), request.target.decode(), *words,
                        "--at=%d" % vector.time, "--trace", may_print_secret=vector.token is not None)
    assert vector.credentials["secret_access_key"] not in result.text, result
    return Written(result.out), traces(result.err)


def with_token(text, vector):
    """A secret does not stand in a trace; what is signed proves that it was there."""
    if vector.token is None:
        return text
    encoded = encode(vector.token.encode()).decode()
    return text.replace("X-Amz-Security-Token=[session_token]", "X-Amz-Security-Token=" + encoded).replace(
        "[session_token]", vector.token)


def signature_of(written):
    places = b"".join(written.values(b"authorization")) + b" " + written.target
    return re.findall(rb"Signature=([0-9a-f]{64})", places)


def check_message(got, vector, mode, what):
    """Method, target, headers and body are those that the suite publishes."""
    wanted = Written(vector.expected(mode, "signed-request"))
    assert (got.method, got.target) == (wanted.method, wanted.target), (what, got.target, wanted.target)
    assert got.arrives() == wanted.arrives(), (what, got.headers, wanted.headers)
    assert got.body == wanted.body, (what, got.body, wanted.body)
    assert signature_of(got) == [vector.text(mode, "signature").encode()], (what, got.headers, got.target)


def check_command(sandbox, profiles, vector, mode):
    got, told = signed_by_command(sandbox, profiles.of(vector, mode), vector)
    what = (vector.name, mode)
    for label, name in (("canonical request", "canonical-request"), ("string to sign", "string-to-sign")):
        text, wanted = with_token(told[label], vector), vector.text(mode, name)
        assert text == wanted, "%r: %s is\n%s\nand not\n%s" % (what, label, text, wanted)
    check_message(got, vector, mode, what)
    wanted = Written(vector.expected(mode, "signed-request"))
    assert got.values(b"host") == wanted.values(b"host"), what
    if wanted.values(b"content-length"):
        assert got.values(b"content-length") == wanted.values(b"content-length"), what


def check_all(check, mode):
    """All cases, and then those that failed, so that one does not hide the others."""
    faults, vectors = [], suite()
    for vector in vectors:
        try:
            check(vector)
        except AssertionError as fault:
            faults.append("%s: %s" % (vector.name, fault))
    print("# %d cases in mode %s" % (len(vectors), mode))
    assert not faults, "%d of %d:\n%s" % (len(faults), len(vectors), "\n".join(faults[:5]))


def by_command(sandbox, mode):
    profiles = Profiles(sandbox)
    check_all(lambda vector: check_command(sandbox, profiles, vector, mode), mode)


@case("the public suite, signature in the Authorization header, by the command")
def _(sandbox):
    by_command(sandbox, "header")


@case("the public suite, presigned URL, by the command")
def _(sandbox):
    by_command(sandbox, "query")


class Answered(Written):
    """What the C API says of a signed request, as the suite would write it."""

    def __init__(self, vector, answer):
        self.method, self.body = vector.request.method, answer.body
        self.target = answer.url.removeprefix("https://" + vector.host).encode()
        self.headers = answer.headers


@case("the public suite, both ways, through the C API")
def _(sandbox):
    profiles, groups = Profiles(sandbox), {}
    for mode in MODES:
        for vector in suite():
            groups.setdefault((profiles.of(vector, mode), vector.time), []).append((vector, mode))
    for (name, at), members in groups.items():
        requests = [(vector.request.method.decode(), vector.request.target.decode(), vector.request.body or None,
                     vector.request.rest()) for vector, _ in members]
        for (vector, mode), answer in zip(members, batch(sandbox, "sign", name, requests, at, True)):
            assert not answer.refused, (vector.name, mode, answer)
            check_message(Answered(vector, answer), vector, mode, (vector.name, mode, "C API"))


def as_received(written):
    """The request in the bytes in which a server gets it."""
    lines = [b"%s %s HTTP/1.1" % (written.method, written.target)]
    lines += [b"%s: %s" % pair for pair in written.headers if pair[0].lower() != b"content-length"]
    lines += [b"Content-Length: %d" % len(written.body)] if written.body else []
    return b"\r\n".join(lines + [b"", written.body])


@case("the server that other tests use agrees with the public suite")
def _():
    for vector in suite():
        if not vector.context.get("normalize", True) or vector.encoded_once():
            continue  # no service does that
        keys = {vector.credentials["access_key_id"]: Key(vector.credentials["secret_access_key"], vector.token)}
        verifier = Verifier(keys, vector.context["region"], vector.context["service"],
                            not vector.context.get("omit_session_token", False))
        for mode in MODES:
            raw = as_received(Written(vector.expected(mode, "signed-request")))
            verifier.check(raw, vector.time)
            try:
                verifier.check(b"DELETE" + raw[raw.index(b" "):], vector.time)
            except Refused as refused:
                assert refused.code == "SignatureDoesNotMatch", (vector.name, refused)
            else:
                raise AssertionError("%s: another method is let in" % vector.name)


# --- the examples in AWS's documents ---------------------------------------------------

# "Authenticating Requests" of the Amazon S3 API Reference, and the IAM User Guide.
S3_KEY = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
S3_TIME = 1369353600  # 24 May 2013
S3_HOST = "https://examplebucket.s3.amazonaws.com"
S3 = [
    (["/test.txt", "Range:bytes=0-9"], "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
    (["/?lifecycle"], "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    (["/?max-keys=2&prefix=J"], "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
]
S3_PUT = b"Welcome to Amazon S3."
S3_PUT_SIGNATURE = b"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
IAM_KEY = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
IAM_TIME = 1440938160  # 30 August 2015, 12:36
IAM_WORDS = ["/?Action=ListUsers&Version=2010-05-08", "Content-Type:application/x-www-form-urlencoded; charset=utf-8"]
IAM_SIGNATURE = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"


def add(sandbox, name, key, endpoint, *words):
    sandbox.add(name, "aws-sigv4", "access_key_id=" + key[0], *words, secret=key[1], field="secret_access_key",
                endpoint=endpoint)


@case("S3's examples: an object, a sub-resource, a list; region and service come from the host")
def _(sandbox):
    add(sandbox, "s3", S3_KEY, S3_HOST)
    for words, signature in S3:
        out = sandbox.ok("sign", "s3", *words, "--at=%d" % S3_TIME).text
        assert "Signature=%s\r\n" % signature in out, (words, out)
        assert "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, " in out, out


@case("S3's example of a presigned URL")
def _(sandbox):
    add(sandbox, "s3", S3_KEY, S3_HOST, "presign=86400")
    url = sandbox.ok("sign", "s3", "/test.txt", "--at=%d" % S3_TIME, "--format=url").text
    assert url.endswith("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404\n"), url


@case("IAM's example: ListUsers")
def _(sandbox):
    add(sandbox, "iam", IAM_KEY, "https://iam.amazonaws.com")
    out = sandbox.ok("sign", "iam", *IAM_WORDS, "--at=%d" % IAM_TIME).text
    assert "SignedHeaders=content-type;host;x-amz-date, Signature=%s\r\n" % IAM_SIGNATURE in out, out


@case("S3's example of an upload, which does not sign the length, is verified by the server of other tests")
def _():
    lines = [b"PUT /test$file.text HTTP/1.1", b"Host: examplebucket.s3.amazonaws.com",
             b"Date: Fri, 24 May 2013 00:00:00 GMT", b"x-amz-date: 20130524T000000Z",
             b"x-amz-storage-class: REDUCED_REDUNDANCY", b"x-amz-content-sha256: " + sha256(S3_PUT),
             b"Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
             b"SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=" +
             S3_PUT_SIGNATURE, b"Content-Length: %d" % len(S3_PUT), b"", S3_PUT]
    Verifier({S3_KEY[0]: Key(S3_KEY[1])}, "us-east-1", "s3").check(b"\r\n".join(lines), S3_TIME)


if __name__ == "__main__":
    main()
