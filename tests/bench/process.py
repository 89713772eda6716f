#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""process.py - what the command costs as a whole process; part of make bench

    process.py [--pairs N] [--json FILE]

CREDENCE names the command to measure.  What is installed is what counts: a command
of the build folder goes through libtool's script, which costs more than itself.

Each group of commands is run by turns, so that whatever else the machine does
falls on all of them; its first one is what the others are compared with.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import CREDENCE, SIXCONNECT_KEY, SIXCONNECT_SECRET, Desktop, Sandbox, Skip  # noqa: E402

SIGN = (CREDENCE, "sign", "lab", "?target=ipam&action=get", "--no-prompt")
LOOKUP = ("secret-tool", "lookup", "profile", "lab", "kind", "credential")  # the same secret
PROVIDERS = (CREDENCE, "providers")
VERSION = (CREDENCE, "--version")
FEW, MANY = 10, 1000


def run(argv, env):
    """Milliseconds that a command takes."""
    start = time.perf_counter()
    done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    taken = (time.perf_counter() - start) * 1000
    if done.returncode != 0:
        raise SystemExit("%s: %s" % (" ".join(argv), done.stderr.decode(errors="replace").strip()))
    return taken


def measure(pairs, commands):
    """commands: (name, arguments, environment).  Answers a row for each."""
    times = {name: [] for name, _, _ in commands}
    for _, argv, env in commands:
        run(argv, env)
    for turn in range(pairs):
        for name, argv, env in commands if turn % 2 else reversed(commands):
            times[name].append(run(argv, env))
    base = statistics.median(times[commands[0][0]])
    return [{"name": name, "pairs": pairs, "median_ms": statistics.median(taken), "minimum_ms": min(taken),
             "ratio": statistics.median(taken) / base} for name, taken in times.items()]


def write_manifests(sandbox, folder, count):
    """A data folder with that many providers, site0 and so on; answers the environment for it."""
    known = sandbox.ok("providers", "--json").json
    with open(next(p["path"] for p in known if p["name"] == "6connect")) as f:
        text = f.read()
    for i in range(count):
        sandbox.write("%s/credence/providers/site%d.provider" % (folder, i), text)
    return dict(sandbox.env, XDG_DATA_HOME=sandbox.path(folder))


def add_profile(sandbox, env, provider, keyring):
    sandbox.secrets.add(SIXCONNECT_SECRET)
    sandbox.ok("add", "lab", provider, "api_key=" + SIXCONNECT_KEY, "--keyring", keyring, "--secret", "secret_key=-",
               "--endpoint", "https://cloud.6connect.com/", "--quiet", input=SIXCONNECT_SECRET, env=env)


def measure_desktop(pairs):
    """The Secret Service, and how many providers there are."""
    desktop = Desktop()
    try:
        sandbox = desktop.sandbox
        few = write_manifests(sandbox, "few", FEW)
        many = write_manifests(sandbox, "many", MANY)
        add_profile(sandbox, few, "site7", "secret-service")
        if shutil.which("secret-tool") is None:
            print("secret-tool: absent")
            rows = measure(pairs, [("sign, Secret Service", SIGN, few)])
        else:
            rows = measure(pairs, [("secret-tool lookup", LOOKUP, few), ("sign, Secret Service", SIGN, few)])
        rows += measure(pairs, [("sign, %d manifests" % FEW, SIGN, few), ("sign, %d manifests" % MANY, SIGN, many)])
        for words in (PROVIDERS, PROVIDERS + ("--json",)):
            name = " ".join(words[1:])
            rows += measure(pairs, [("%s, %d manifests" % (name, FEW), words, few),
                                    ("%s, %d manifests" % (name, MANY), words, many)])
        return rows
    finally:
        desktop.close()


def measure_file(pairs):
    """The file keyring, whose time is scrypt's, and the start of the command alone."""
    sandbox = Sandbox("file", fresh=True)
    try:
        add_profile(sandbox, sandbox.env, "6connect", "file")
        return measure(pairs, [("--version", VERSION, sandbox.env), ("sign, file keyring", SIGN, sandbox.env)])
    finally:
        sandbox.close()


def print_table(rows):
    print("%-34s %10s %10s %8s" % ("", "median ms", "min ms", "ratio"))
    for row in rows:
        print("%(name)-34s %(median_ms)10.2f %(minimum_ms)10.2f %(ratio)8.3f" % row)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # not without ending what was started
    rows = []
    for part in (measure_desktop, measure_file):
        try:
            rows += part(arguments.pairs)
        except Skip as reason:
            print("not measured: %s" % reason)
    print("whole processes, %d pairs" % arguments.pairs)
    print_table(rows)
    if arguments.json:
        with open(arguments.json, "w") as f:
            json.dump(rows, f, indent=2)


if __name__ == "__main__":
    main()
