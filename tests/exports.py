# SPDX-License-Identifier: BSD-3-Clause
"""What the built files show to the linker.

Breaks when a symbol is exported that no header declares, or declared and not
exported, or not in the manual; when a plugin needs the library; when the library
drags GLib, libsecret or libcurl into every program that signs; and when a
hardening flag was lost on the way.
"""

import glob
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SRC, Skip, case, main  # noqa: E402

TOP = os.path.join(SRC, "..")
BUILD = os.path.join(os.environ.get("TESTS_BUILD", os.path.join(TOP, "build", "tests")), "..")
LIBRARY = os.path.join(BUILD, ".libs", "libcredence.so.0")
VERSION = "CREDENCE_0.1"


def run(*argv):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout.decode("utf-8", "replace")


def read(*names):
    with open(os.path.join(TOP, *names), encoding="utf-8") as f:
        return f.read()


def built(*names):
    path = os.path.join(BUILD, *names)
    return path if os.path.exists(path) else None


def shipped_plugins():
    paths = [p for p in glob.glob(os.path.join(BUILD, ".libs", "*.so")) if "libcredence" not in p
             and "transport-" not in p and "hostile" not in p]
    assert len(paths) >= 5, paths
    return paths


def helpers():
    return [p for p in glob.glob(os.path.join(BUILD, "keyring-*")) if os.access(p, os.X_OK) and os.path.isfile(p)]


def command():
    """The program itself, not libtool's script in front of it."""
    return built(".libs", "credence") or built("credence")


def everything():
    return [LIBRARY, command(), built(".libs", "transport-curl.so")] + shipped_plugins() + helpers()


def symbols(path, *flags):
    """(type, name, version) of the dynamic symbols."""
    out = []
    for line in run("nm", "-D", "--with-symbol-versions", *flags, path).splitlines():
        words = line.split()
        name, _, version = words[-1].replace("@@", "@").partition("@")
        out.append((words[-2], name, version))
    return out


def needed(path):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-dW", path))


def is_sanitized():
    return any(re.match(r"__(asan|ubsan|tsan|msan|sanitizer)", name) for _, name, _ in symbols(LIBRARY))


def exported():
    # A sanitizer may export names of its own.
    return {name for kind, name, _ in symbols(LIBRARY, "--defined-only") if kind != "A" and name.startswith("credence")}


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def declared():
    text = without_comments(read("core", "credence.h") + read("core", "credence-curl.h"))
    return set(re.findall(r"CREDENCE_API\b[^;{]*?\b(credence_\w+)\s*\(", text))


def in_map():
    return set(re.findall(r"^\s*(credence_\w+);", read("core", "libcredence.map"), flags=re.M))


def differ(one, other):
    return "only left: %s; only right: %s" % (sorted(one - other), sorted(other - one))


@case("the library exports what its headers declare")
def _():
    assert len(declared()) > 60, declared()
    assert exported() == declared(), differ(exported(), declared())


@case("the library exports what its map lists, and nothing that is not ours")
def _():
    assert exported() == in_map(), differ(exported(), in_map())
    if not is_sanitized():
        others = {name for kind, name, _ in symbols(LIBRARY, "--defined-only") if kind != "A"} - exported()
        assert not others, others


@case("the manual has every function, and no other")
def _():
    try:
        text = read("man", "credence.3")
    except FileNotFoundError:
        raise Skip("man/credence.3 is not there")
    headers = without_comments(read("core", "credence.h") + read("core", "credence-curl.h"))
    inline = set(re.findall(r"static inline \w+ (credence_\w+)\(", headers))
    types = set(re.findall(r"(?:typedef )?struct (credence_\w+)", headers))
    types |= set(re.findall(r"\(\*\s*(credence_\w+)\s*\)", headers))
    named = set(re.findall(r"\bcredence_[a-z0-9_]*[a-z0-9]\b", text.replace("\\", ""))) - types
    assert declared() | inline == named, differ(declared() | inline, named)


@case("every symbol has its version, and the library its soname")
def _():
    versions = {version for _, name, version in symbols(LIBRARY, "--defined-only") if name.startswith("credence_")}
    assert versions == {VERSION}, versions
    assert "[libcredence.so.0]" in re.search(r"\(SONAME\).*", run("readelf", "-dW", LIBRARY)).group(0)


@case("plugins export one symbol and need none of ours")
def _():
    for path in shipped_plugins():
        names = {name for kind, name, _ in symbols(path, "--defined-only") if kind != "A"}
        assert names == {"credence_provider_v1"}, (path, names)
        wanted = {name for _, name, _ in symbols(path, "--undefined-only") if name.startswith("credence")}
        assert not wanted, (path, wanted)


@case("plugins are linked with the C library alone")
def _():
    if is_sanitized():
        raise Skip("a sanitizer brings libraries of its own")
    for path in shipped_plugins():
        others = [n for n in needed(path) if not re.match(r"(libc|libm|ld-linux.*|ld-musl.*|libc\.musl.*)\.so", n)]
        assert not others, (path, others)


@case("GLib, libsecret and libcurl are linked where they belong and nowhere else")
def _():
    heavy = re.compile(r"lib(glib|gobject|gio|gmodule|secret|curl)")
    for path in everything():
        found = [n for n in needed(path) if heavy.match(n)]
        name = os.path.basename(path)
        if name == "keyring-secret-service":
            assert any(n.startswith("libsecret") for n in found), found
            assert not any(n.startswith("libcurl") for n in found), found
        elif name == "transport-curl.so":
            assert all(n.startswith("libcurl") for n in found) and found, found
        else:
            assert not found, (path, found)


@case("the transport exports one symbol")
def _():
    names = {name for kind, name, _ in symbols(built(".libs", "transport-curl.so"), "--defined-only") if kind != "A"}
    assert names == {"credence_transport"}, names


@case("relocations are read-only and bound at the start; no stack is executable")
def _():
    if is_sanitized():
        raise Skip("a sanitizer's build is not hardened")
    for path in everything():
        dynamic = run("readelf", "-dW", path)
        program = run("readelf", "-lW", path)
        assert "GNU_RELRO" in program, path
        assert re.search(r"BIND_NOW|Flags:.*\bNOW\b", dynamic), path
        stack = re.search(r"GNU_STACK.*", program)
        assert stack is not None and "RWE" not in stack.group(0), path
        assert "TEXTREL" not in dynamic, path
        assert "RUNPATH" not in dynamic or "libtool" in path or ".libs" in path, path


@case("the library stays loaded once it is")
def _():
    assert re.search(r"Flags:.*NODELETE", run("readelf", "-dW", LIBRARY))


if __name__ == "__main__":
    main()
