#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What botocore, the AWS SDK for Python, takes to sign get-vanilla.

    peer_botocore.py BENCH.json OUT.json

In a process of its own, so that the ratio to the figure of BENCH.json is a rough one.
"""

import datetime
import json
import statistics
import sys
import time

ROUNDS = 31
CALLS = 200
SIGNATURE = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"


class SuiteClock(datetime.datetime):
    """The time of the test suite, for ever."""

    @classmethod
    def utcnow(cls):
        return cls(2015, 8, 30, 12, 36, 0)


def median_ns(work):
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        for _ in range(CALLS):
            work()
        times.append((time.perf_counter_ns() - start) / CALLS)
    return statistics.median(times)


def measure():
    import botocore
    import botocore.auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    signer = botocore.auth.SigV4Auth(credentials, "service", "us-east-1")
    request = AWSRequest(method="GET", url="https://example.amazonaws.com/")
    botocore.auth.datetime.datetime = SuiteClock
    signer.add_auth(request)
    assert request.headers["Authorization"].endswith(SIGNATURE), request.headers["Authorization"]
    return "botocore " + botocore.__version__, median_ns(lambda: signer.add_auth(request))


def ours(path):
    with open(path) as f:
        rows = json.load(f)["signatures"]
    return next((row["sign_ns"] for row in rows if row["name"] == "aws-sigv4, get-vanilla"), None)


def main():
    try:
        name, ns = measure()
    except ImportError:
        print("%-45s absent" % "botocore")
        return
    row = {"name": name, "request": "aws-sigv4, get-vanilla", "sign_ns": ns}
    text = "%-45s %9.0f" % (name + ", in a process of its own", ns)
    if ours(sys.argv[1]) is not None:
        row["sign_ratio"] = ns / ours(sys.argv[1])
        text += " %12.1f times" % row["sign_ratio"]
    print(text)
    with open(sys.argv[2], "w") as f:
        json.dump(row, f)


main()
