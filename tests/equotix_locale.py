# SPDX-License-Identifier: BSD-3-Clause
"""Numbers are written with a point, also in a program whose locale has a comma.

Makes a German and a Pashto locale (whose point is a character of two bytes)
with localedef, and compares what is signed there with what is signed in C.
Breaks when a number goes through printf() or strtod() with its point.
"""

import base64
import os
import shutil
import subprocess
import tempfile

BODY = b'{"a":1.5,"b":1e25,"c":0.00001,"d":-12345.678901,"e":1e-300,"f":123456789012345678901,"g":0.1}'
WANTED = (b'{"a":1.5,"b":1.0e+25,"c":1.0e-5,"d":-12345.678901,"e":1.0e-300,'
          b'"f":1.2345678901234568e+20,"g":0.1}')


def signed(env):
    done = subprocess.run([os.environ["EQUOTIX_DRIVER"]], input=base64.b64encode(BODY) + b"\n", env=env,
                          stdout=subprocess.PIPE, check=True)
    return base64.b64decode(done.stdout)


def main():
    locales = [("de_DE", b","), ("ps_AF", "٫".encode())]
    print("1..%d" % len(locales))
    for number, (name, point) in enumerate(locales, 1):
        with tempfile.TemporaryDirectory() as folder:
            env = dict(os.environ, LOCPATH=folder, LC_ALL=name + ".UTF-8")
            if shutil.which("localedef") is None or not os.path.exists("/usr/share/i18n/locales/" + name):
                print("ok %d - %s # SKIP localedef has no sources here" % (number, name))
                continue
            subprocess.run(["localedef", "-i", name, "-f", "UTF-8", os.path.join(folder, name + ".UTF-8")],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            # Without this the test could not fail: is the locale in force at all?
            shown = subprocess.run(["locale", "-k", "decimal_point"], env=env, stdout=subprocess.PIPE).stdout
            good = point in shown and signed(env) == WANTED
            print("%s %d - %s" % ("ok" if good else "not ok", number, name))


if __name__ == "__main__":
    main()
