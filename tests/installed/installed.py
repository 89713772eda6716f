# SPDX-License-Identifier: BSD-3-Clause
"""An installation, seen from outside: what its users build against it works.

Run by make installcheck.  Environment, besides the harness's:
  PKG_CONFIG_PATH  of the installation
  SOURCE           the source tree, for README.md and examples/

Breaks when something is not installed, when a header needs what is not
installed, or when the pkg-config file names a folder that the library does not
use.
"""

import hashlib
import hmac
import http.server
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import SIXCONNECT_SECRET, Skip, case, main, php_server  # noqa: E402

SOURCE = os.environ["SOURCE"]
CC = shlex.split(os.environ.get("CC", "cc"))


def pkg_config(*words):
    return subprocess.run(["pkg-config", *words, "credence"], check=True, stdout=subprocess.PIPE,
                          universal_newlines=True).stdout.strip()


def build(sandbox, source, name, *extra):
    """Compile with what pkg-config says and nothing else."""
    out = sandbox.path(name)
    subprocess.run(CC + ["-Wall", "-Wextra", "-Werror", source, "-o", out,
                         *shlex.split(pkg_config("--cflags", "--libs")), *extra], check=True)
    sandbox.env["LD_LIBRARY_PATH"] = pkg_config("--variable=libdir")
    return out


def curl_flags():
    done = subprocess.run(["pkg-config", "--cflags", "--libs", "libcurl"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, universal_newlines=True)
    if done.returncode != 0:
        raise Skip("libcurl has no development files here")
    return shlex.split(done.stdout)


def local_profile(sandbox):
    base = php_server(sandbox, os.path.join(SOURCE, "examples", "server", "6connect.php"),
                      {"SECRET_KEY": SIXCONNECT_SECRET})
    sandbox.sixconnect("local", endpoint=base + "/api/v1/api.php")


def run(sandbox, *words):
    done = subprocess.run(words, env=sandbox.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, timeout=60)
    assert SIXCONNECT_SECRET not in done.stdout + done.stderr
    return done


@case("pkg-config names the folders, and they are there")
def _():
    for variable in ("plugindir", "providerdir", "keyringdir"):
        assert os.path.isdir(pkg_config("--variable=" + variable)), variable
    assert pkg_config("--variable=abi_major") == "1"
    assert os.path.exists(os.path.join(pkg_config("--variable=plugindir"), "6connect.so"))
    assert os.path.exists(os.path.join(pkg_config("--variable=keyringdir"), "keyring-file"))


@case("the host program in examples has under 60 lines, signs and sends")
def _(sandbox):
    source = os.path.join(SOURCE, "examples", "host", "inventory.c")
    with open(source) as f:
        assert len(f.readlines()) < 60
    local_profile(sandbox)
    done = run(sandbox, build(sandbox, source, "inventory"), "local", "?target=ipam&action=get")
    assert done.returncode == 0 and "the hash is right" in done.stdout, (done.stdout, done.stderr)


@case("the host program in README.md compiles and runs")
def _(sandbox):
    with open(os.path.join(SOURCE, "README.md")) as f:
        program = re.search(r"```c\n(.*?)```", f.read(), re.S).group(1)
    local_profile(sandbox)
    path = build(sandbox, sandbox.write("readme.c", program), "readme")
    done = run(sandbox, path, "local", "?target=ipam&action=get")
    assert done.returncode == 0 and "the hash is right" in done.stdout, (done.stdout, done.stderr)
    done = run(sandbox, path, "absent", "x")
    assert done.returncode == 1 and "there is no profile absent (" in done.stderr, done.stderr


CURL_PROGRAM = r"""
#include <credence-curl.h>
#include <stdio.h>
int main(void)
{
  credence_profile *profile = NULL;
  credence_request *request = NULL;
  credence_error *error = NULL;
  CURL *curl = curl_easy_init();
  /* What the program had set before: none of it may reach the server. */
  curl_easy_setopt(curl, CURLOPT_COOKIE, "session=1");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  int failed = credence_profile_open(NULL, "local", &profile, &error) < 0 ||
               credence_request_new(profile, "GET", "?a=1", &request, &error) < 0 ||
               credence_curl_apply(curl, request, &error) == 0 || /* it is not signed yet */
               credence_request_sign(request, &error) < 0 ||
               credence_curl_apply(curl, request, &error) < 0 || curl_easy_perform(curl) != CURLE_OK;
  curl_easy_cleanup(curl);
  credence_request_free(&request);
  credence_profile_free(&profile);
  credence_error_free(&error);
  return failed;
}
"""


@case("a program with a libcurl handle of its own sends a signed request")
def _(sandbox):
    local_profile(sandbox)
    path = build(sandbox, sandbox.write("curl.c", CURL_PROGRAM), "with-curl", *curl_flags())
    done = run(sandbox, path)
    assert done.returncode == 0 and "the hash is right" in done.stdout, (done.stdout, done.stderr)


@case("the program with an event loop in examples has about 200 lines, and sends for many profiles")
def _(sandbox):
    source = os.path.join(SOURCE, "examples", "multi", "multi.c")
    with open(source) as f:
        assert len(f.readlines()) < 210
    local_profile(sandbox)
    done = run(sandbox, build(sandbox, source, "multi", *curl_flags()), "?target=ipam&action=get", "local",
               "absent", "local")
    assert done.returncode == 1 and done.stdout.count("local: status 200, ") == 2, (done.stdout, done.stderr)
    assert "absent: there is no profile absent (" in done.stdout, done.stdout


class Timestamp(http.server.BaseHTTPRequestHandler):
    """The invented API of examples/provider: verifies with Python's hmac."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        text = "\n".join([self.command, path, query, self.headers["X-Time"]]).encode() + b"\n" + body
        good = (hmac.new(b"a secret of the example", text, hashlib.sha256).hexdigest() == self.headers["X-Signature"]
                and self.headers["X-Key"] == "me")
        answer = b"verified" if good else b"refused"
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


@case("a provider from outside the tree works when its two files are dropped in")
def _(sandbox):
    folder = os.path.join(SOURCE, "examples", "provider")
    data = os.path.join(sandbox.home, ".local", "share", "credence")
    os.makedirs(os.path.join(data, "plugins"))
    os.makedirs(os.path.join(data, "providers"))
    subprocess.run(CC + ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                         *shlex.split(pkg_config("--cflags")), os.path.join(folder, "timestamp.c"), "-o",
                         os.path.join(data, "plugins", "timestamp.so")], check=True)
    shutil.copy(os.path.join(folder, "timestamp.provider"), os.path.join(data, "providers"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Timestamp)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        assert "timestamp" in sandbox.ok("providers").text
        sandbox.add("example", "timestamp", "key=me", secret="a secret of the example", field="secret",
                    endpoint="http://127.0.0.1:%d/v1" % server.server_port)
        assert sandbox.ok("send", "example", "things?x=%20&y", "name=value").out == b"verified"
    finally:
        server.shutdown()
        server.server_close()


@case("the manual pages are installed and mandoc finds nothing to say")
def _():
    if shutil.which("mandoc") is None:
        raise Skip("mandoc is not installed")
    folder = os.path.join(pkg_config("--variable=prefix"), "share", "man")
    pages = [os.path.join(base, name) for base, _, names in os.walk(folder) for name in names
             if name.startswith("credence")]
    assert len(pages) >= 11, pages
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages], stdout=subprocess.PIPE,
                          universal_newlines=True)
    assert done.returncode == 0, done.stdout


if __name__ == "__main__":
    main()
