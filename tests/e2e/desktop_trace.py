# SPDX-License-Identifier: BSD-3-Clause
"""A session with a real gnome-keyring, from add to remove, as the kernel sees it.

Breaks when a command runs a program other than its keyring helper, or that one twice
for one piece of work; when it writes to a place that credence(1) does not name under
FILES; and when it connects to anything but the session bus and the server it sends to.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import FIXTURE, SIXCONNECT_SECRET, WRAPPER, Skip, case, main, traced  # noqa: E402
from loopback import Server, reply  # noqa: E402

CALLS = ("execve,execveat,open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,link,"
         "linkat,symlink,symlinkat,mknod,mknodat,connect,bind")
OPTIONS = ("-qq", "-s", "500", "-e", "signal=none", "-e", "trace=" + CALLS)


class Trace:
    """What one command did.  A call that was interrupted by another process has its
    arguments in the first of its two lines."""

    def __init__(self, text):
        self.calls = re.findall(r"^\d+ +(\w+)\((.*)", text, re.M)

    def paths(self, *names):
        """All paths that these calls name, but not what is in the arguments of programs."""
        return [path for name, rest in self.calls if name in names for path in re.findall(r'"([^"]*)"', rest)]

    def programs(self):
        return [re.match(r'"([^"]*)"', rest).group(1) for name, rest in self.calls if name == "execve"]

    def written(self):
        """Paths that were opened to write, made, moved or removed."""
        opened = [rest for name, rest in self.calls
                  if name.startswith("open") and re.search("O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", rest)]
        return (re.findall(r'"([^"]*)"', "\n".join(opened)) +
                self.paths("creat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat", "symlink",
                           "symlinkat", "mknod", "mknodat"))

    def connections(self):
        return [rest for name, rest in self.calls if name in ("connect", "bind")]


def trace(sandbox, *words):
    if WRAPPER:
        raise Skip("a wrapper opens files and starts programs of its own")
    return Trace(traced(sandbox, OPTIONS, *words))


def check_programs(sandbox, seen, helpers):
    helper = os.path.join(FIXTURE, "keyrings", "keyring-secret-service")
    assert seen.programs() == [sandbox.command] + helpers * [helper], seen.programs()
    assert not seen.paths("execveat"), seen.calls


def check_files(sandbox, seen):
    folders = [sandbox.path("home", *folder.split("/"))
               for folder in (".config/credence/profiles", ".local/state/credence/locks", ".local/state/credence/logins",
                              ".local/state/credence/copies")]
    files = ["/dev/null", sandbox.path("run", "credence-secret-service.lock")]
    for path in seen.written():
        assert path in files or os.path.dirname(path) in folders, path
    for path in seen.paths("mkdir", "mkdirat"):
        assert any((folder + "/").startswith(path + "/") for folder in folders), path


def check_connections(sandbox, seen, servers):
    bus = 'sun_path="%s"' % sandbox.path("run", "bus")
    elsewhere = [call for call in seen.connections() if bus not in call]
    assert len(elsewhere) == len(servers), elsewhere
    for call, server in zip(elsewhere, servers):
        assert "sin_port=htons(%d)" % server.port in call and '"127.0.0.1"' in call, call


@case("add, set, sign, send, list, show and remove: one helper, no other program, no other file, no other connection")
def _(desktop):
    sandbox = desktop.sandbox
    server = Server(sandbox, reply("200 OK", b"{}"))
    key = sandbox.write("key", SIXCONNECT_SECRET)
    sandbox.secrets.add(SIXCONNECT_SECRET)
    secret = ("--secret", "secret_key=" + key)
    session = [
        (("add", "lab", "6connect", "api_key=1-A", "--endpoint", server.url + "/", *secret), 1, []),
        (("set", "lab", *secret), 1, []),
        (("sign", "lab", "/?a=b"), 1, []),
        (("send", "lab", "/?a=b"), 1, [server]),
        (("list",), 0, []),
        (("show", "lab"), 0, []),
        (("remove", "lab"), 1, []),
    ]
    for words, helpers, servers in session:
        seen = trace(sandbox, *words)
        check_programs(sandbox, seen, helpers)
        check_files(sandbox, seen)
        check_connections(sandbox, seen, servers)
    assert len(server.requests) == 1 and not os.path.exists(sandbox.config("lab"))


@case("nothing but its lock is left in XDG_RUNTIME_DIR, and nobody else can read that")
def _(desktop):
    sandbox = desktop.sandbox
    before = set(os.listdir(sandbox.path("run")))
    sandbox.sixconnect()
    sandbox.ok("remove", "lab", "--quiet")
    assert set(os.listdir(sandbox.path("run"))) - before == {"credence-secret-service.lock"}
    assert os.stat(sandbox.path("run", "credence-secret-service.lock")).st_mode & 0o777 == 0o600


if __name__ == "__main__":
    main()
