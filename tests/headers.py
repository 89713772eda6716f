# SPDX-License-Identifier: BSD-3-Clause
"""The public headers, compiled as a stranger's program would.

Breaks when a header needs another to come before it, uses a word of a newer
language than it promises, or gives a warning under flags that careful people
use: those people could not include it at all.
"""

import os
import shlex
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SRC, Skip, case, main  # noqa: E402

CORE = os.path.join(SRC, "..", "core")
CC = shlex.split(os.environ.get("CC", "cc"))
STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wshadow", "-Wconversion", "-Wundef", "-fsyntax-only"]


def cxx():
    """The C++ compiler that goes with $CC."""
    name = os.environ.get("CXX")
    if name is None:
        name = {"gcc": "g++", "clang": "clang++"}.get(os.path.basename(CC[0]), "c++")
    if shutil.which(shlex.split(name)[0]) is None:
        raise Skip("there is no C++ compiler " + name)
    return shlex.split(name)


def compiles(compiler, language, headers, more=""):
    source = "".join('#include "%s"\n' % header for header in headers) + more
    done = subprocess.run(compiler + STRICT + ["-std=" + language, "-I" + CORE, "-x",
                                               "c++" if "++" in language else "c", "-"],
                          input=(source + "\n").encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, "%s as %s:\n%s" % (headers, language, done.stdout.decode("utf-8", "replace"))


@case("credence-plugin.h compiles alone as C89, C99, C11 and C17")
def _():
    for language in ("c89", "gnu89", "c99", "c11", "c17"):
        compiles(CC, language, ["credence-plugin.h"], "int a_file_is_not_empty;\n")


@case("credence.h compiles alone as C99, C11 and C17")
def _():
    for language in ("c99", "c11", "c17"):
        compiles(CC, language, ["credence.h"])


@case("credence-curl.h compiles alone as C99, C11 and C17")
def _():
    for language in ("c99", "c11", "c17"):
        compiles(CC, language, ["credence-curl.h"])


@case("each header compiles alone as C++98, C++11 and C++17")
def _():
    for language in ("c++98", "c++11", "c++17"):
        compiles(cxx(), language, ["credence-plugin.h"])
    for header in ("credence.h", "credence-curl.h"):
        for language in ("c++11", "c++17"):
            compiles(cxx(), language, [header])


@case("all headers together, in either order, twice")
def _():
    for headers in (["credence.h", "credence-plugin.h"], ["credence-plugin.h", "credence.h"],
                    ["credence-curl.h", "credence-plugin.h", "credence.h", "credence-curl.h"]):
        compiles(CC, "c11", headers)
        compiles(cxx(), "c++11", headers)


@case("every service can be called from C89 and from C++")
def _():
    calls = """
    int use_all(credence_call *call);
    int use_all(credence_call *call)
    {
      credence_bytes bytes = credence_text("x");
      uint32_t type;
      int64_t number;
      unsigned char out[CREDENCE_SHA256_SIZE];
      char text[CREDENCE_HEX_ROOM(CREDENCE_SHA256_SIZE)];
      credence_hex(text, out, sizeof(out));
      credence_base64(text, out, sizeof(out));
      credence_trace(call, "x", &bytes);
      return credence_value(call, "x", &bytes) + credence_hmac(call, CREDENCE_SHA256, "x", &bytes, 1, out, 32) +
             credence_derive(call, CREDENCE_SHA256, "x", &bytes, "y") +
             credence_derive_chain(call, CREDENCE_SHA256, "x", NULL, &bytes, 1, "y") +
             credence_has(call, "x") + (credence_memory(call, 1) != NULL) +
             credence_digest(call, CREDENCE_SHA256, &bytes, 1, out, 32) +
             credence_body_digest(call, CREDENCE_SHA256, out, 32) + (int)credence_now(call) +
             credence_random(call, out, 32) + credence_request_part(call, CREDENCE_PATH, &bytes) +
             credence_header_at(call, 0, &bytes, &bytes) + credence_query_at(call, 0, &bytes, &bytes) +
             credence_edit(call, CREDENCE_SET_HEADER, "x", &bytes) +
             credence_edit_secret(call, CREDENCE_SET_HEADER, "x", NULL, NULL, "y", CREDENCE_PLAIN) +
             credence_status(call) + credence_response_header_at(call, 0, &bytes, &bytes) +
             credence_response_content(call, &bytes) + credence_response_json(call, "/x", &type, &bytes) +
             credence_response_integer(call, "/x", &number) + credence_session_put(call, "x", &bytes, 0) +
             credence_ask(call, CREDENCE_ASK_OTP, "x", "y") +
             credence_fail(call, CREDENCE_E_FAILED, "x");
    }
    """
    compiles(CC, "c89", ["credence-plugin.h"], calls)
    compiles(cxx(), "c++98", ["credence-plugin.h"], calls)


if __name__ == "__main__":
    main()
