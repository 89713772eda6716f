#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compare the JSON that Equotix One signs, as Credence writes it, with PHP.

usage: equotix_differential.py [--bodies N] [--seed N]

Makes random bodies and gives each to the driver (EQUOTIX_DRIVER, built from
tests/unit/equotix_driver.c) and to PHP, which runs the vendor's formula.  Both
must write the same text.  Credence must refuse what PHP cannot read or write
and what has names that PHP sorts as numbers, and nothing else.  Prints TAP.
"""

import argparse
import base64
import collections
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
CHUNK = 200

NAMES = [
    "a", "b", "sku", "Zed", "_x", "a1", "A", "", " ", "a b", "a/b", "é", "漢", "😀", "\x7f", "\\", '"',
    "null", "a\x00b", "\x00", "\uffff", "\U0010ffff", "x.y", "domain", "api_key", "auth_timestamp", "-",
    "+", ".", "e5", "1a", "1 a", "0x1", "1e", "1e+", "INF", "NAN", "1_000", "1\x00", "٣",
]
NUMERIC_NAMES = [
    "1.5", "1e3", " 1", "1 ", "+1", ".5", "1.", "1.e3", "-0", "007", "-.5", "1\f", "\v1", "1e+1",
    "9223372036854775808", "-9223372036854775809", "99999999999999999999", "1E400", "\t 1.5e-3 \n",
]
INTEGER_NAMES = [
    "0", "1", "-1", "10", "9223372036854775807", "-9223372036854775807", "-9223372036854775808",
]
EDGES = [
    "0", "-0", "0.0", "-0.0", "0e5", "-0e-5", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "1e22", "1e23", "1e400",
    "-1e400", "1e-400", "5e-324", "2.4703282292062327e-324", "2.4703282292062328e-324",
    "2.2250738585072011e-308", "2.2250738585072014e-308", "1.7976931348623157e308",
    "1.7976931348623158e308", "1.7976931348623159e308", "9007199254740993", "9007199254740993.0", "0.1",
    "0.30000000000000004", "1e15", "1e16", "1e17", "99999999999999999.0", "123456789012345678.0", "0.001",
    "0.0001", "0.00001", "0.000099999999999999999", "1e19999", "1e-19999", "1e99999999999999999999",
    "0e99999999999999999999", "1e0000000000000000005",
]


class Bodies:
    """Random bodies, most of them JSON."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.number_makers = [self.edge, self.integer, self.bits, self.decimal, self.near, self.power,
                              self.halfway, self.long]

    # --- numbers

    def edge(self):
        return self.random.choice(EDGES)

    def integer(self):
        limit = 10 ** self.random.randint(1, 25)
        return str(self.random.randint(-limit, limit))

    def double(self):
        while True:
            value = struct.unpack("<d", self.random.randbytes(8))[0]
            if value - value == 0:
                return value

    def bits(self):
        return self.random.choice(["%r", "%.17g", "%.16e", "%.20e"]) % self.double()

    def decimal(self):
        text = self.random.choice(["", "-"]) + str(self.random.randrange(10 ** self.random.randint(1, 20)))
        if self.random.random() < 0.7:
            text += "." + "".join(self.random.choices("0123456789", k=self.random.randint(1, 25)))
        if self.random.random() < 0.4:
            text += self.random.choice(["e", "E", "e+", "E-", "e-"]) + str(self.random.randint(0, 330))
        return text

    def near(self):
        return str(self.random.choice([2**63, 2**53, 2**64, 10**16, 10**17]) + self.random.randint(-5, 5))

    def power(self):
        return self.random.choice(["%r", "%.17e"]) % 2.0 ** self.random.randint(-1074, 1023)

    def halfway(self):
        """Exactly between two doubles, or a little beside that."""
        value = (2 * self.random.getrandbits(53) + 1) * 2 ** self.random.randint(0, 200)
        text = str(value + self.random.choice([-1, 0, 1]))
        if self.random.random() < 0.5:
            scale = self.random.randint(1, len(text) - 1)
            text = text[:scale] + "." + text[scale:] + "0" * self.random.choice([0, 10, 800]) + "1"
        return text

    def long(self):
        zeros = self.random.choice([30, 400, 21000])
        exponent = zeros + self.random.randint(-320, 320)
        return self.random.choice(["1%se-%d", "0.%s1e%d"]) % ("0" * zeros, exponent)

    def number(self):
        weights = [20, 20, 20, 20, 10, 5, 10, 0.2]
        return self.random.choices(self.number_makers, weights)[0]()

    # --- strings

    def character(self):
        ranges = [(32, 126), (32, 126), (0, 31), (34, 34), (47, 47), (92, 92), (127, 127), (128, 0x7FF),
                  (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)]
        return chr(self.random.randint(*self.random.choice(ranges)))

    def escape(self, character):
        code = ord(character)
        short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 47: "\\/", 92: "\\\\"}
        if code in short and self.random.random() < 0.5:
            return short[code]
        utf16 = character.encode("utf-16-be")
        units = struct.unpack(">%dH" % (len(utf16) // 2), utf16)
        return "".join(self.random.choice(["\\u%04x", "\\u%04X"]) % unit for unit in units)

    def quote(self, text):
        often = self.random.choice([0, 0, 0.3, 1])
        pieces = (self.escape(c) if self.random.random() < often or ord(c) < 32 or c in '"\\' else c
                  for c in text)
        return '"%s"' % "".join(pieces)

    def string(self):
        if self.random.random() < 0.1:
            return self.quote(self.random.choice(["{}", "[]", "1", "true", "", "\u2028<>&'"]))
        return self.quote("".join(self.character() for _ in range(self.random.randint(0, 12))))

    def name(self):
        kind = self.random.random()
        if kind < 0.01:
            return self.random.choice(INTEGER_NAMES)
        if kind < 0.05:
            return self.random.choice(NUMERIC_NAMES)
        if kind < 0.15:
            return "".join(self.character() for _ in range(self.random.randint(0, 4)))
        if kind < 0.17:
            return "".join(self.random.choices("01.e+- \t", k=self.random.randint(1, 5)))
        return self.random.choice(NAMES)

    # --- values

    def space(self):
        return "".join(self.random.choices(" \t\r\n", k=self.random.choice([0, 0, 0, 0, 1, 3])))

    def deep(self):
        depth = self.random.choice([5, 100, 509, 510, 511, 512, 513])
        if self.random.random() < 0.5:
            return "[" * depth + "]" * depth
        return '{"a":' * depth + "1" + "}" * depth

    def value(self, depth):
        kind = self.random.random()
        if kind < 0.35:
            return self.number()
        if kind < 0.65:
            return self.string()
        if kind < 0.8 or depth > 3:
            return self.random.choice(["true", "false", "null"])
        if kind < 0.802:
            return self.deep()
        if kind < 0.9:
            items = [self.space() + self.value(depth + 1) + self.space()
                     for _ in range(self.random.randint(0, 3))]
            return "[" + (",".join(items) or self.space()) + "]"
        return self.object(depth + 1, self.random.randint(0, 3))

    def object(self, depth, count):
        members = [self.space() + self.quote(self.name()) + self.space() + ":" + self.space() +
                   self.value(depth) + self.space() for _ in range(count)]
        return "{" + (",".join(members) or self.space()) + "}"

    def damage(self, body):
        """Put in, take out or change something."""
        junk = [b"\x00", b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff", b"\xef\xbb\xbf",
                b"\x1f", b",", b"}", b"]", b"{", b"[", b":", b'"', b"\\", b"\\u", b"\\ud800", b"\\udc00",
                b"\\u12g4", b"-", b"+", b"0", b".", b"e", b"\v", b"TRUE", b"nul", b"\xe2\x82", b"'", b"//",
                self.random.randbytes(2)]
        for _ in range(self.random.choice([1, 1, 2])):
            at = self.random.randint(0, len(body))
            end = min(len(body), at + self.random.choice([0, 0, 1, 2]))
            body = body[:at] + self.random.choice(junk + [b""]) + body[end:]
        return body

    def body(self):
        kind = self.random.random()
        if kind < 0.01:
            return self.random.choice([b"", b" ", b"[]", b"1", b'"a"', b"null", b"{}", b"{ }", b" {} ",
                                       b"{}{}"])
        count = self.random.choice([1, 2, 3, 5, 8, 13, 40 if kind < 0.05 else 4])
        body = (self.space() + self.object(0, count) + self.space()).encode()
        return self.damage(body) if kind > 0.8 else body


class Filter:
    """A program that answers every line of base64 with a line."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, bodies):
        lines = b"".join(base64.b64encode(body) + b"\n" for body in bodies)
        writer = threading.Thread(target=self.write, args=(lines,))
        writer.start()
        answers = [self.process.stdout.readline().decode("utf-8", "replace").rstrip("\n") for _ in bodies]
        writer.join()
        return answers

    def write(self, lines):
        try:
            self.process.stdin.write(lines)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the missing answers tell

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


def expected(php):
    """The text, or None where Credence must refuse; and why."""
    names, result = php.split(" ", 1)
    if result.startswith("refused"):
        return None, "PHP: " + result[8:]
    if names != "-":
        return None, "names: " + names
    return result, "signed"


def plain_reason(answer):
    """A reason without the name and the place, for counting."""
    return re.sub(r"at byte \d+", "at byte N", re.sub(r'member ".*":', "member NAME:", answer[8:]))


def compare(driver, php, bodies, why, reasons):
    """Count the mismatches and print the first of them."""
    mismatches = 0
    for body, ours, theirs in zip(bodies, driver.ask(bodies), php.ask(bodies)):
        text, cause = expected(theirs)
        why[cause] += 1
        refused = ours.startswith("refused ")
        if refused:
            reasons[plain_reason(ours)] += 1
        if (text is None and not refused) or (text is not None and ours != text):
            mismatches += 1
            if mismatches <= 3:
                print("# mismatch for %r\n#   Credence %r\n#   PHP      %r" %
                      (body, show(ours), show(text or cause)))
    return mismatches


def show(answer):
    try:
        return base64.b64decode(answer, validate=True)
    except ValueError:
        return answer


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bodies", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    return parser.parse_args()


def skip(reason):
    print("1..0 # SKIP " + reason)
    sys.exit(0)


def main():
    options = arguments()
    php_program = shutil.which("php")
    if php_program is None:
        skip("php is not installed")
    if "EQUOTIX_DRIVER" not in os.environ:
        skip("EQUOTIX_DRIVER does not name the driver")
    print("1..3\n# seed %d, %d bodies" % (options.seed, options.bodies), flush=True)
    driver = Filter([os.environ["EQUOTIX_DRIVER"]])
    php = Filter([php_program, "-n", "-d", "memory_limit=512M",
                  os.path.join(HERE, "php", "equotix_canonical.php")])
    bodies = Bodies(options.seed)
    why, reasons, mismatches = collections.Counter(), collections.Counter(), 0
    for start in range(0, options.bodies, CHUNK):
        count = min(CHUNK, options.bodies - start)
        mismatches += compare(driver, php, [bodies.body() for _ in range(count)], why, reasons)
        if mismatches > 0:
            break
    for title, counter in (("by PHP", why), ("refused by Credence", reasons)):
        for reason, count in counter.most_common():
            print("# %s: %d %s" % (title, count, reason))
    results = [(mismatches == 0, "the same text or a justified refusal for every body"),
               (why["signed"] > options.bodies // 4, "enough bodies are signed for that to mean something"),
               ((driver.close(), php.close()) == (0, 0), "driver and PHP end well")]
    for number, (good, name) in enumerate(results, 1):
        print("%s %d - %s" % ("ok" if good else "not ok", number, name))
    sys.exit(0 if all(good for good, _ in results) else 1)


if __name__ == "__main__":
    main()
