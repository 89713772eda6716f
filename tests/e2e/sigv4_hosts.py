# SPDX-License-Identifier: BSD-3-Clause
"""Region and service of an aws-sigv4 profile, read from the host name.

Breaks when a public host of AWS is signed for another region or service than the one
that it checks, or when a name that tells neither is guessed at.

Sources: "AWS service endpoints" and the services' pages in the AWS General Reference;
"Methods for accessing a general purpose bucket" and "Dual-stack endpoints" of the
Amazon S3 User Guide; the signing names of botocore's service models.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import case, main  # noqa: E402

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOSTS = {
    # one region
    "ec2.us-east-2.amazonaws.com": ("us-east-2", "ec2"),
    "dynamodb.us-west-2.amazonaws.com": ("us-west-2", "dynamodb"),
    "logs.ap-northeast-1.amazonaws.com": ("ap-northeast-1", "logs"),
    "monitoring.eu-north-1.amazonaws.com": ("eu-north-1", "monitoring"),
    "lambda.me-central-1.amazonaws.com": ("me-central-1", "lambda"),
    "sts.eu-west-1.amazonaws.com": ("eu-west-1", "sts"),
    "secretsmanager.us-gov-west-1.amazonaws.com": ("us-gov-west-1", "secretsmanager"),
    "cognito-idp.ca-central-1.amazonaws.com": ("ca-central-1", "cognito-idp"),
    # all regions
    "sts.amazonaws.com": ("us-east-1", "sts"),
    "iam.amazonaws.com": ("us-east-1", "iam"),
    "route53.amazonaws.com": ("us-east-1", "route53"),
    "cloudfront.amazonaws.com": ("us-east-1", "cloudfront"),
    "ec2.amazonaws.com": ("us-east-1", "ec2"),
    "iam.us-gov.amazonaws.com": ("us-gov-west-1", "iam"),
    # S3: the bucket in the path, or in the host in three forms
    "s3.amazonaws.com": ("us-east-1", "s3"),
    "s3.eu-west-1.amazonaws.com": ("eu-west-1", "s3"),
    "s3-us-west-2.amazonaws.com": ("us-west-2", "s3"),
    "bucket.s3.amazonaws.com": ("us-east-1", "s3"),
    "bucket.s3.eu-central-1.amazonaws.com": ("eu-central-1", "s3"),
    "bucket.s3-ap-southeast-2.amazonaws.com": ("ap-southeast-2", "s3"),
    "my.dotted.bucket.s3.eu-west-2.amazonaws.com": ("eu-west-2", "s3"),
    "eu-west-3.s3.amazonaws.com": ("us-east-1", "s3"),  # a bucket may be named so
    "sqs.eu-west-3.s3.us-east-2.amazonaws.com": ("us-east-2", "s3"),
    "123456789012.s3-control.us-west-2.amazonaws.com": ("us-west-2", "s3"),
    "point-123456789012.s3-accesspoint.us-west-2.amazonaws.com": ("us-west-2", "s3"),
    # IPv6, FIPS, China, api.aws
    "s3.dualstack.us-east-2.amazonaws.com": ("us-east-2", "s3"),
    "bucket.s3.dualstack.eu-west-3.amazonaws.com": ("eu-west-3", "s3"),
    "s3-fips.us-gov-west-1.amazonaws.com": ("us-gov-west-1", "s3"),
    "s3-fips.dualstack.us-east-1.amazonaws.com": ("us-east-1", "s3"),
    "bucket.s3-fips.us-east-2.amazonaws.com": ("us-east-2", "s3"),
    "kms-fips.us-west-1.amazonaws.com": ("us-west-1", "kms"),
    "s3.cn-north-1.amazonaws.com.cn": ("cn-north-1", "s3"),
    "bucket.s3.cn-northwest-1.amazonaws.com.cn": ("cn-northwest-1", "s3"),
    "iam.cn-north-1.amazonaws.com.cn": ("cn-north-1", "iam"),
    "ec2.us-east-2.api.aws": ("us-east-2", "ec2"),
    "lambda.eu-west-1.api.aws": ("eu-west-1", "lambda"),
    # what stands in front of the service
    "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com": ("eu-west-1", "execute-api"),
    "abcdefghijklmnop.lambda-url.us-east-1.on.aws": ("us-east-1", "lambda"),
    "abc123def456.eu-west-1.aoss.amazonaws.com": ("eu-west-1", "aoss"),
    "search-domain-abc123.us-east-1.es.amazonaws.com": ("us-east-1", "es"),
    "api.ecr.us-east-1.amazonaws.com": ("us-east-1", "ecr"),
    "streams.dynamodb.us-east-1.amazonaws.com": ("us-east-1", "dynamodb"),
    "data-ats.iot.eu-west-1.amazonaws.com": ("eu-west-1", "iotdata"),
    "runtime.sagemaker.us-east-1.amazonaws.com": ("us-east-1", "sagemaker"),
    # hosts named otherwise than they sign
    "email.us-east-1.amazonaws.com": ("us-east-1", "ses"),
    "bedrock-runtime.us-west-2.amazonaws.com": ("us-west-2", "bedrock"),
    "bedrock-agent-runtime.us-west-2.amazonaws.com": ("us-west-2", "bedrock"),
    "sqs.us-east-1.amazonaws.com": ("us-east-1", "sqs"),
    "us-west-2.queue.amazonaws.com": ("us-west-2", "sqs"),
    "queue.amazonaws.com": ("us-east-1", "sqs"),
    "runtime.lex.us-east-1.amazonaws.com": ("us-east-1", "lex"),
    "data.jobs.iot.us-east-1.amazonaws.com": ("us-east-1", "iot-jobs-data"),
    "abc-ats.iot.eu-west-1.amazonaws.com": ("eu-west-1", "iotdata"),
    "storage-omics.us-west-2.amazonaws.com": ("us-west-2", "omics"),
    "query-lakeformation.us-east-1.amazonaws.com": ("us-east-1", "lakeformation"),
    "123456789012.ddb.us-east-1.amazonaws.com": ("us-east-1", "dynamodb"),
    "b--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com": ("us-east-1", "s3express"),
}
# The region, the service or both cannot be told.
UNTOLD = ["m.mrap.accesspoint.s3-global.amazonaws.com", "host.example", "localhost", "127.0.0.1", "[::1]", "amazonaws.com", "api.example.com",
          "d111111abcdef8.cloudfront.net", "bucket.s3-accelerate.amazonaws.com",
          "s3.eu-west-1.amazonaws.com.evil.example",
          "s3.eu-west-1.evilamazonaws.com", "s3-eu-west-1amazonaws.com", "sts.eu-west-1.amazonaws.com.",
          "eu-west-1.amazonaws.com", "minio.internal"]


def add(sandbox, host, *words, name="aws"):
    sandbox.add(name, "aws-sigv4", "access_key_id=AKIDEXAMPLE", *words, secret=SECRET, field="secret_access_key",
                endpoint="https://" + host)


def scope(sandbox, name="aws"):
    """Region and service that are signed for, or the error."""
    result = sandbox.run("sign", name, "/")
    found = re.search(r"Credential=AKIDEXAMPLE/\d{8}/([^/]+)/([^/]+)/aws4_request,", result.text)
    return found.groups() if found else result.err.strip()


def check(sandbox, table):
    faults = []
    for host, wanted in table.items():
        add(sandbox, host, name=host[:60])
        told = scope(sandbox, host[:60])
        if told != wanted:
            faults.append("%s: %s and not %s" % (host, told, wanted))
    assert not faults, "%d of %d:\n%s" % (len(faults), len(table), "\n".join(faults))


@case("hosts of AWS tell region and service")
def _(sandbox):
    check(sandbox, HOSTS)


@case("a host that does not tell is an error with a remedy, and region and service can be given")
def _(sandbox):
    for host in UNTOLD:
        words = ["add", "aws", "aws-sigv4", "access_key_id=AKIDEXAMPLE", "--keyring=file", "--endpoint=https://" + host,
                 "--secret", "secret_access_key=-"]
        if sandbox.run(*words, input=SECRET).code != 0:
            continue  # not a host at all, or already refused
        result = sandbox.fails((2, 3, 9), "sign", "aws", "/")
        assert "region" in result.err or "service" in result.err, result
        assert "credence set aws" in result.err or "region=" in result.err or "service=" in result.err, result
        sandbox.ok("set", "aws", "region=eu-west-1", "service=execute-api")
        assert scope(sandbox) == ("eu-west-1", "execute-api"), host
        sandbox.ok("remove", "aws")


@case("what is given counts more than the host")
def _(sandbox):
    add(sandbox, "sts.eu-west-1.amazonaws.com", "region=us-west-2")
    assert scope(sandbox) == ("us-west-2", "sts")
    add(sandbox, "sts.eu-west-1.amazonaws.com", "service=execute-api", name="other")
    assert scope(sandbox, "other") == ("eu-west-1", "execute-api")


@case("S3 that only the host tells of is signed as S3: no normalising, one encoding, and the body's hash")
def _(sandbox):
    add(sandbox, "bucket.s3.eu-west-1.amazonaws.com")
    result = sandbox.ok("sign", "aws", "/a//../%20b", "--trace")
    assert "\n  /a//../%20b\n" in result.err and "\r\nx-amz-content-sha256: " in result.text, result


if __name__ == "__main__":
    main()
