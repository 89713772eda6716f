# SPDX-License-Identifier: BSD-3-Clause
"""The vendors' published requests and signatures, through the command and through
the C API, with the secret in each real keyring.

Breaks when a signature differs from the vendor's by one byte: another order of
parameters, another encoding, another text to sign.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from batch import batch  # noqa: E402
from harness import Desktop, case, main  # noqa: E402

SIXCONNECT = [
    ("41-HSLH4QZQX6IAOOJS", "889f33027c902061d023d8b0ee39b100", "xxakpAz2B8XX41DY2jjh14fgfn3os6xg9DokMUff0T4="),
    ("32-5DAYTJQY2TZHOFOB", "48b278ec873bda4738923dbc467f8669", "yneSFMyxPPe+3W4IOkVp50K3VStatBcRRak+2ygDUWQ="),
]
PACKETFABRIC = ("1-0123456789ABCDEF", "0123456789ABCDEF0123456789ABCDEF", "BmoewII/OUyIX+jMXhHxLAlTc6XRXLobVVJ9DWUPP3Y=")

# The members besides domain, api_key and auth_timestamp, and the signature.
EQUOTIX = [
    (["sku=test"], "292223c3b8b7f0a79f083e62560cfb44c478fb256a457e341214310f27c2dd1a"),
    (["url=https://a/b"], "ae6045b4e9366b5015b7df1bcf0fb5cbc11d63abe5ce12f1fb4e48e9b5f84a00"),
    (["name=é漢😀"], "8c5523e589891d48e8cae2d9e72aedf713aee2855862e02cdd366cf568dd7988"),
    (["Zed=1", "_x=2", "a1=3"], "5e0891e3f3db23a9251b5a577c64108e8ee0587443b73833358735e4e4dea1c2"),
    (["t:=true", "f:=false", "n:=null"], "eb8853962dbaed3448a08066d8071ddac674c46bf0c2cdd531bf9e05fa0fe634"),
]

# Key, secret, endpoint, words of the profile, the request, its time, and the signature.
AWS = [
    # get-vanilla of awslabs/aws-c-auth, tests/aws-signing-test-suite/v4
    ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "https://example.amazonaws.com",
     ["region=us-east-1", "service=service"], "/", [], 1440938160,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    # "GET Object" in "Authenticating Requests: Using the Authorization Header", Amazon S3 API Reference
    ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "https://examplebucket.s3.amazonaws.com",
     [], "/test.txt", ["Range:bytes=0-9"], 1369353600,
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
]


def encoded(base64):
    return base64.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


def check_sixconnect(sandbox):
    for i, (key, secret, signature) in enumerate(SIXCONNECT):
        name = "lab%d" % i
        sandbox.sixconnect(name, key=key, secret=secret)
        target = "?target=ipam&action=get&type=IP&mask=24"
        wanted = "https://cloud.6connect.com/6c_375/api/v1/api.php%s&apiKey=%s&hash=%s" % (
            target, key, encoded(signature))
        assert sandbox.ok("sign", name, target, "--format=url").text == wanted + "\n"
        assert batch(sandbox, "sign", name, [("GET", target, None)])[0].url == wanted


def check_packetfabric(sandbox):
    key, secret, signature = PACKETFABRIC
    sandbox.add("fabric", "packetfabric-legacy", "api_key=" + key, secret=secret, field="secret_key")
    wanted = "https://api.packetfabric.com/interfaces/physical?api_key=%s&auth_hash=%s" % (key, encoded(signature))
    assert sandbox.ok("sign", "fabric", "/interfaces/physical", "--format=url").text == wanted + "\n"
    assert batch(sandbox, "sign", "fabric", [("GET", "/interfaces/physical", None)])[0].url == wanted


def check_equotix(sandbox):
    sandbox.equotix()
    for items, signature in EQUOTIX:
        signed = sandbox.ok("sign", "shop", "item/get", *items, "--format=json", "--at=1670561053").json
        assert signed["method"] == "POST"
        assert signed["url"] == "https://dashboard.equotix.one/api/item/get", signed["url"]
        assert '"auth_signature":"%s"' % signature in signed["body"], signed["body"]
        # The caller's members alone: what the library adds is taken out again.
        members = signed["body"].split(',"domain":')[0] + "}"
        answer = batch(sandbox, "sign", "shop", [("POST", "item/get", members.encode())], at=1670561053)[0]
        assert answer.body.decode() == signed["body"], answer


def check_aws(sandbox):
    for i, (key, secret, endpoint, words, target, headers, at, signature) in enumerate(AWS):
        name = "aws%d" % i
        sandbox.add(name, "aws-sigv4", "access_key_id=" + key, *words, secret=secret, field="secret_access_key",
                    endpoint=endpoint)
        signed = sandbox.ok("sign", name, target, *headers, "--format=json", "--at=%d" % at).json
        authorization = dict(signed["headers"])["Authorization"]
        assert authorization.endswith(", Signature=" + signature), authorization
        pairs = [tuple(header.encode().split(b":")) for header in headers]
        answer = batch(sandbox, "sign", name, [("GET", target, None, pairs)], at=at)[0]
        assert dict(answer.headers)[b"Authorization"].decode() == authorization, answer.headers


@case("6connect: both published hashes, secret in the file keyring")
def _(sandbox):
    check_sixconnect(sandbox)


@case("6connect: both published hashes, secret in gnome-keyring")
def _(desktop):
    check_sixconnect(desktop.sandbox)


@case("PacketFabric: the published hash, secret in the file keyring")
def _(sandbox):
    check_packetfabric(sandbox)


@case("PacketFabric: the published hash, secret in gnome-keyring")
def _(desktop):
    check_packetfabric(desktop.sandbox)


@case("Equotix: five signatures, secret in the file keyring")
def _(sandbox):
    check_equotix(sandbox)


@case("Equotix: five signatures, secret in gnome-keyring")
def _(desktop):
    check_equotix(desktop.sandbox)


@case("AWS: both published signatures, secret in the file keyring")
def _(sandbox):
    check_aws(sandbox)


@case("AWS: both published signatures, secret in gnome-keyring")
def _(desktop):
    check_aws(desktop.sandbox)


@case("signing twice under the same clock gives the same request")
def _(sandbox):
    sandbox.equotix()
    first = sandbox.ok("sign", "shop", "x", "a=1", "--at=1670561053.25").out
    assert first == sandbox.ok("sign", "shop", "x", "a=1", "--at=1670561053.25").out


if __name__ == "__main__":
    main()
