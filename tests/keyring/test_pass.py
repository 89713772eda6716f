#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The keyring of pass, from the outside, with real gpg keys and the real pass.

Breaks when pass cannot read what the helper wrote or the other way round, when a locked
key reads as a missing entry, when a question outlives its deadline, when an interrupted
write loses the old entry, or when pass or git see what is none of theirs.
"""
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..")]
import passwordstore  # noqa: E402
from passwordstore import LOCKED as LOCKED_KEY, OPEN, OTHER, PASSPHRASE, PasswordStore, processes  # noqa: E402
from protocol import (CONFLICT, CORRUPT, DENIED, DISMISSED, Died, FAILED, Helper, INVALID, LOCKED, NO_KEYRING,  # noqa: E402
                      NOT_FOUND, OK, PROMPT_REQUIRED, REFUSED, SERVICE_LOST, TIMEOUT, TOO_LARGE, UNSUPPORTED,
                      run_cases, same, status)

VALUE = "c1:eyJzZWNyZXQiOiJ4In0"
LAB = {"profile": "lab", "kind": "credential"}
SESSION = {"profile": "lab", "kind": "session"}
PATIENT = {"deadline": 30000}
ASKING = {"prompt": 1, "deadline": 20000}
DISPLAY = {"DISPLAY": ":none"}
SLOW = 1  # seconds that a busy machine may take to start a helper


def helper(store, **env):
    return Helper("keyring-pass", dict(store.env, **env))


def call(there, op, env=None, **fields):
    with helper(there, **(env or {})) as h:
        return h.call(op, **dict(PATIENT, **fields))


def put(there, value=VALUE, **fields):
    return status(call(there, "put", value=value, **dict(LAB, **fields)), OK)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def entry(store, name="lab"):
    return store.path + "/credence/" + name + ".gpg"


# --- with pass ---------------------------------------------------------------------


def stores():
    """put, get, list and delete; pass shows the line that was stored"""
    # Breaks when a value or its revision is not what was stored.
    with PasswordStore(OPEN) as store:
        with helper(store) as h:
            made = status(h.call("put", value=VALUE, **LAB, **PATIENT), OK)
            same(made.store, None, "the usual place")
            status(h.call("put", value="c1:session", **SESSION, **PATIENT), OK)
            status(h.call("put", value="c1:other", profile="lab.session", kind="credential", **PATIENT), OK)
        with helper(store) as h:
            got = status(h.call("get", **LAB, **PATIENT), OK)
            same((got.value, got.revision), (VALUE, made.revision))
            same(h.call("get", **SESSION, **PATIENT).value, "c1:session")
            same(h.call("get", profile="lab.session", kind="credential", **PATIENT).value, "c1:other")
            listed = status(h.call("list", kind="credential", **PATIENT), OK)
            same(listed.names(), ["lab", "lab.session"])
            same(listed.fields[1], ("R", made.revision), "revision behind the name")
            same(h.call("list", kind="session", **PATIENT).names(), ["lab"])
        same(store.show("credence/lab"), VALUE + "\n")
        same(store.entries(), ["credence", "lab", "lab.session", "lab@session"])
        with helper(store) as h:
            for what in (LAB, SESSION, dict(LAB, profile="lab.session")):
                status(h.call("delete", **what, **PATIENT), OK)
                status(h.call("get", **what, **PATIENT), NOT_FOUND)
                status(h.call("delete", **what, **PATIENT), NOT_FOUND)
        same(os.listdir(store.path), [".gpg-id"], "store after the last entry")


def written_by_pass():
    """what pass inserts and edits is read; lines below the first are a person's own"""
    # Breaks when more than the first line is taken for the value.
    with PasswordStore(OPEN) as store:
        store.run("pass", "insert", "-m", "credence/lab", input="c1:inserted\n")
        first = status(call(store, "get", **LAB), OK)
        same(first.value, "c1:inserted")
        editor = store.root + "/editor"
        write(editor, b'#!/bin/sh\nprintf "c1:edited\\nmine\\n" > "$1"\n')
        os.chmod(editor, 0o755)
        store.run("pass", "edit", "credence/lab", env={"EDITOR": editor})
        second = status(call(store, "get", **LAB), OK)
        same(second.value, "c1:edited")
        status(call(store, "put", value=VALUE, expect=first.revision, **LAB), CONFLICT)
        put(store, expect=second.revision)
        same(store.show("credence/lab"), VALUE + "\n")
        store.run("pass", "insert", "-m", "credence/lab", "-f", input="\n")
        assert "pass git" in status(call(store, "get", **LAB), CORRUPT).remedy


def no_store():
    """no store, or a folder that nobody initialized: no keyring, which is not the same as not found"""
    # Breaks when a store that is not mounted looks like one from which everything was deleted.
    with PasswordStore() as store:
        for _ in range(2):
            for op in ("get", "put", "delete", "list"):
                answer = status(call(store, op, value=VALUE, **LAB), NO_KEYRING)
                assert "pass init" in answer.remedy, answer
            assert ("x", "exists=no") in status(call(store, "probe"), OK).fields
            os.makedirs(store.path, exist_ok=True)
        same(os.listdir(store.path), [])
        store.run("pass", "init", OPEN)
        status(call(store, "get", **LAB), NOT_FOUND)
        status(call(store, "unlock"), OK)
        same(status(call(store, "list"), OK).names(), [])


def which_store():
    """the request's store counts before PASSWORD_STORE_DIR, and the answer names it unless it is the usual"""
    # Breaks when a profile that says where its secrets are is looked for elsewhere.
    with PasswordStore(OPEN) as store:
        one, two = store.root + "/one", store.root + "/two"
        for path in (one, two):
            store.run("pass", "init", OPEN, env={"PASSWORD_STORE_DIR": path})
        env = {"PASSWORD_STORE_DIR": one + "/"}
        same(put(store, env=env).store, one)
        assert os.path.exists(one + "/credence/lab.gpg")
        same(put(store, "c1:two", env=env, store=two).store, two)
        same(call(store, "get", env=env, store=two, **LAB).value, "c1:two")
        same(call(store, "get", env=env, **LAB).value, VALUE)
        same(put(store, env=env, store=store.path).store, None)
        status(call(store, "get", env={"PASSWORD_STORE_DIR": "one"}, **LAB), INVALID)
        status(call(store, "get", store="one", **LAB), INVALID)


def recipients():
    """several recipients, a .gpg-id of our folder's own with comments, PASSWORD_STORE_KEY"""
    # Breaks when an entry is encrypted to other keys than pass would take.
    with PasswordStore(OPEN, OTHER) as store:
        put(store)
        same(store.recipients("credence/lab"), store.key_ids(OPEN, OTHER))
        store.run("pass", "init", "-p", "credence", OTHER)
        put(store)
        same(store.recipients("credence/lab"), store.key_ids(OTHER))
        write(store.path + "/credence/.gpg-id", b"# people\n\n" + OPEN.encode() + b" # me\n" + LOCKED_KEY.encode())
        put(store)
        same(store.recipients("credence/lab"), store.key_ids(OPEN, LOCKED_KEY))
        put(store, env={"PASSWORD_STORE_KEY": "%s %s" % (OTHER, LOCKED_KEY)})
        same(store.recipients("credence/lab"), store.key_ids(OTHER, LOCKED_KEY))
        same(status(call(store, "get", **LAB), OK).value, VALUE)
        write(store.path + "/credence/.gpg-id", b"# nobody\n")
        status(call(store, "put", value=VALUE, **LAB), NO_KEYRING)
        write(store.path + "/credence/.gpg-id", b"nobody@example.com\n")
        answer = status(call(store, "put", value=VALUE, **LAB), DENIED)
        assert "nobody@example.com" in answer.message and "gpg --import" in answer.remedy, answer
        same(store.entries(), ["credence", "lab"])


def untrusted():
    """a recipient whose key is not trusted: denied, and the command that trusts it"""
    # Breaks when gpg's refusal is passed on as an error without a cause.
    with PasswordStore() as store:
        key = store.run("gpg", "--batch", "--export", "--armor", OTHER)
        shutil.rmtree(store.gnupg)
        os.mkdir(store.gnupg, 0o700)
        store.run("gpg", "--batch", "--quiet", "--import", input=key)
        os.mkdir(store.path)
        write(store.path + "/.gpg-id", OTHER.encode())
        answer = status(call(store, "put", value=VALUE, **LAB), DENIED)
        assert "not trusted" in answer.message and "gpg --edit-key other@example.com trust" in answer.remedy, answer
        put(store, env={"PASSWORD_STORE_GPG_OPTS": "--trust-model always  --armor"})
        assert read(entry(store)).startswith(b"-----BEGIN PGP MESSAGE")


def signed_id():
    """with PASSWORD_STORE_SIGNING_KEY a .gpg-id without its signature is refused"""
    # Breaks when somebody who can write to the store can choose who reads new secrets.
    with PasswordStore() as store:
        lines = store.run("gpg", "--batch", "--with-colons", "--list-keys", OPEN).splitlines()
        key = next(line.split(":")[9] for line in lines if line.startswith("fpr"))
        env = {"PASSWORD_STORE_SIGNING_KEY": key}
        store.run("pass", "init", OPEN, env=env)
        put(store, env=env)
        for wrong in ("A" * 40, key[:39], "x " + key[8:]):
            status(call(store, "put", value=VALUE, env={"PASSWORD_STORE_SIGNING_KEY": wrong}, **LAB), REFUSED)
        put(store, env={"PASSWORD_STORE_SIGNING_KEY": "A" * 40 + " " + key})
        write(store.path + "/.gpg-id", OPEN.encode() + b"\n" + OTHER.encode() + b"\n")
        before = read(entry(store))
        answer = status(call(store, "put", value="c1:new", env=env, **LAB), REFUSED)
        assert "signature" in answer.message, answer
        os.unlink(store.path + "/.gpg-id.sig")
        status(call(store, "put", value="c1:new", env=env, **LAB), REFUSED)
        same(read(entry(store)), before, "entry")


def modes():
    """files are private, or as PASSWORD_STORE_UMASK says"""
    # Breaks when others can read what they should not, or a team's store stops working.
    for mask, file, folder in ((None, 0o600, 0o700), ("027", 0o640, 0o750), ("u=rwx", 0o600, 0o700)):
        with PasswordStore(OPEN) as store:
            put(store, env={"PASSWORD_STORE_UMASK": mask} if mask else {})
            same(stat.S_IMODE(os.stat(entry(store)).st_mode), file)
            same(stat.S_IMODE(os.stat(store.path + "/credence").st_mode), folder)


# --- git ------------------------------------------------------------------------------


def history():
    """a store in git gets a commit for each change, and for nothing else"""
    # Breaks when git sees files of ours that are no entries, or commits what the user staged.
    with PasswordStore(OPEN, git=True) as store:
        write(store.path + "/mine", b"staged")
        store.git("add", "mine")
        made = put(store)
        put(store, "c1:2")
        same(status(call(store, "put", value="c1:session", **SESSION), OK).message, "")
        same(store.git("status", "--porcelain"), "A  mine\n")
        store.run("pass", "insert", "-m", "unrelated", input="x\n")
        status(call(store, "put", value="c1:3", expect=made.revision, **LAB), CONFLICT)
        status(call(store, "delete", **LAB), OK)
        status(call(store, "delete", **SESSION), OK)
        subjects = store.git("log", "--format=%s", "--", "credence").splitlines()
        same(subjects, ["Remove credence/lab with Credence.", "Change credence/lab with Credence.",
                        "Add credence/lab with Credence."])
        same(store.git("status", "--porcelain"), "")
        assert not os.path.exists(store.path + "/credence")
        same([name for name in os.listdir(store.path + "/.git") if "lock" in name], [])


def commit_fails():
    """a commit that fails does not undo the write: it says so, and the next one takes it along"""
    # Breaks when a credential is lost because git does not know who is speaking.
    with PasswordStore(OPEN, git=True) as store:
        hook = store.path + "/.git/hooks/pre-commit"
        write(hook, b"#!/bin/sh\nexit 1\n")
        os.chmod(hook, 0o755)
        answer = put(store)
        assert "did not commit" in answer.message and "pass git" in answer.remedy, answer
        same(store.show("credence/lab"), VALUE + "\n")
        os.unlink(hook)
        same(put(store, "c1:other", profile="other").message, "")
        same(store.git("status", "--porcelain"), "")
        write(hook, b"#!/bin/sh\nsleep 100\n")
        os.chmod(hook, 0o755)
        begin = time.monotonic()
        assert "did not commit" in put(store, "c1:slow", deadline=1500).message
        assert time.monotonic() - begin < 1.5 + SLOW
        same([name for name in os.listdir(store.path + "/.git") if "lock" in name], [])
        store.wait_gone()


def signed_commits():
    """commits that are to be signed are, when the key asks nothing, and are not waited for otherwise"""
    # Breaks when git asks for a passphrase, or a signature that the user wants is left out.
    with PasswordStore(OPEN, git=True) as store:
        store.git("config", "--bool", "pass.signcommits", "true")
        store.git("config", "user.signingkey", OPEN)
        same(put(store).message, "")
        shown = store.git("log", "-1", "--show-signature")
        assert "Good signature" in shown, shown
        log = store.pinentry("hang")
        store.git("config", "user.signingkey", LOCKED_KEY)
        answer = put(store, "c1:2", env=DISPLAY, prompt=1)
        assert "did not commit" in answer.message and not os.path.exists(log), answer
        assert "lab.gpg" in store.git("status", "--porcelain")


# --- locked is not absent ----------------------------------------------------------------


def locked():
    """without permission nobody is asked: locked, with the command that unlocks; writing needs no key"""
    # Breaks when a locked key reads as a missing entry, or a window opens that nobody wanted.
    with PasswordStore(LOCKED_KEY) as store:
        log = store.pinentry("answer:" + PASSPHRASE)
        made = put(store, env=DISPLAY)
        for op in ("get", "unlock"):
            answer = status(call(store, op, env=DISPLAY, **LAB), LOCKED)
            same((answer.remedy, answer.wants), ("pass show credence/lab >/dev/null", None))
        same(status(call(store, "list", env=DISPLAY), OK).names(), ["lab"])
        assert ("x", "key=yes") in status(call(store, "probe", env=DISPLAY), OK).fields
        put(store, expect=made.revision, env=DISPLAY)
        assert not os.path.exists(log), "somebody was asked"
        answer = status(call(store, "get", env={"GPG_TTY": ""}, prompt=1, **LAB), PROMPT_REQUIRED)
        same(answer.remedy, "export GPG_TTY=$(tty)")
        assert not os.path.exists(log), "somebody was asked"
        store.run("sh", "-c", "pass show credence/lab >/dev/null")  # the remedy
        same(status(call(store, "get", **LAB), OK).value, VALUE)
        status(call(store, "unlock", passphrase="x"), UNSUPPORTED)
        passwordstore.end_agent(store.gnupg)
        write(store.gnupg + "/gpg.conf", b"quiet\n")  # gpg then says less
        status(call(store, "get", **LAB), LOCKED)


def asking():
    """with permission gpg-agent asks: answered, dismissed, wrong, impossible"""
    # Breaks when one of these is taken for another.
    with PasswordStore(LOCKED_KEY) as store:
        put(store)
        log = store.pinentry("answer:" + PASSPHRASE)
        same(status(call(store, "get", env={"GPG_TTY": "/dev/pts/none"}, **LAB, **ASKING), OK).value, VALUE)
        assert b"OPTION ttyname=/dev/pts/none" in read(log)
        store.pinentry("cancel")
        status(call(store, "get", env=DISPLAY, **LAB, **ASKING), DISMISSED)
        store.pinentry("answer:wrong")
        assert "wrong" in status(call(store, "get", env=DISPLAY, **LAB, **ASKING), LOCKED).message
        store.pinentry("none")
        assert "pinentry" in status(call(store, "get", env=DISPLAY, **LAB, **ASKING), PROMPT_REQUIRED).remedy
        os.unlink(store.root + "/pinentry")
        store.pinentry("answer:" + PASSPHRASE)
        status(call(store, "unlock", env=DISPLAY, **ASKING), OK)
        os.unlink(log)
        same(status(call(store, "get", **LAB), OK).value, VALUE)
        assert not os.path.exists(log)


def unanswered():
    """a question that nobody answers ends by the deadline, and so it does when the caller goes away"""
    # Breaks when gpg or the pinentry stays; gpg-agent is the user's and has to.
    with PasswordStore(LOCKED_KEY) as store:
        put(store)
        store.pinentry("hang")
        begin = time.monotonic()
        answer = status(call(store, "get", env=DISPLAY, prompt=1, deadline=2500, **LAB), TIMEOUT)
        assert time.monotonic() - begin < 2.5 + SLOW and "passphrase" in answer.message, answer
        store.wait_gone()
        assert processes(store.gnupg, "gpg-agent")
        with helper(store, **DISPLAY) as h:
            h.send("get", **LAB, **ASKING)
            store.wait_for("pinentry")
        store.wait_gone()
        assert processes(store.gnupg, "gpg-agent")


def stopped():
    """gpg-agent or gpg that stands still: timeout, by the deadline"""
    # Breaks when a helper waits for a program that never answers.
    with PasswordStore(OPEN) as store:
        put(store)
        status(call(store, "get", **LAB), OK)
        agent, = processes(store.gnupg, "gpg-agent")
        os.kill(agent, signal.SIGSTOP)
        begin = time.monotonic()
        answer = status(call(store, "get", deadline=1000, **LAB), TIMEOUT)
        assert time.monotonic() - begin < 1 + SLOW and "gpg-agent" in answer.remedy, answer
        put(store, "c1:new")  # needs no agent
        os.kill(agent, signal.SIGCONT)
        same(status(call(store, "get", **LAB), OK).value, "c1:new")
        folder = store.root + "/bin"
        os.mkdir(folder)
        write(folder + "/gpg", b"#!/bin/sh\nkill -STOP $$\n")
        os.chmod(folder + "/gpg", 0o755)
        env = {"PATH": folder + ":" + store.env["PATH"]}
        for op in ("get", "put"):
            begin = time.monotonic()
            status(call(store, op, env=env, value=VALUE, deadline=1000, **LAB), TIMEOUT)
            assert time.monotonic() - begin < 1 + SLOW
        with helper(store, **env) as h:
            h.send("get", **LAB, **PATIENT)
            store.wait_for("gpg")
            h.kill()
        store.wait_gone()
        same(status(call(store, "get", **LAB), OK).value, "c1:new")


def no_key():
    """encrypted for others: denied; without a gpg-agent: service lost; without gpg: no keyring"""
    # Breaks when gpg's "No secret key" is believed.
    with PasswordStore(OPEN) as store:
        put(store)
        no_gpg = store.root + "/bin"
        os.mkdir(no_gpg)
        answer = status(call(store, "get", env={"PATH": no_gpg}, **LAB), NO_KEYRING)
        assert "apt install" in answer.remedy, answer
        assert ("x", "program=no") in call(store, "probe", env={"PATH": no_gpg}).fields
        passwordstore.end_agent(store.gnupg)
        os.makedirs(store.gnupg + "/S.gpg-agent/in the way")  # of its socket
        answer = status(call(store, "get", **LAB), SERVICE_LOST)
        assert "gpgconf --launch" in answer.remedy, answer
        shutil.rmtree(store.gnupg + "/S.gpg-agent")
        shutil.rmtree(store.gnupg + "/private-keys-v1.d")
        passwordstore.end_agent(store.gnupg)
        answer = status(call(store, "get", **LAB), DENIED)
        assert "pass init" in answer.remedy and "credence/lab" in answer.message, answer
        assert ("x", "key=no") in status(call(store, "probe"), OK).fields


def damaged():
    """a damaged entry is corrupt, whatever gpg makes of it"""
    # Breaks when an entry that was cut off reads as an empty value: gpg exits with 0 then.
    with PasswordStore(OPEN) as store:
        put(store)
        whole = read(entry(store))
        cases = [b"", b"hello\n", whole[:10], whole[:60], whole[:-30], whole[:-1]]
        for at in (3, 40, len(whole) // 2, len(whole) - 3):
            cases.append(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
        for number, data in enumerate(cases):
            write(entry(store), data)
            answer = call(store, "get", **LAB)
            assert answer.status in (CORRUPT, DENIED) and answer.value is None, (number, answer)
            assert answer.status == CORRUPT or number in (6, 7), (number, answer)  # another key's id, or its bytes
            same(call(store, "unlock").status, answer.status)
        write(entry(store), b"x" * 300000)
        status(call(store, "get", **LAB), TOO_LARGE)
        os.unlink(entry(store))
        os.mkfifo(entry(store))
        status(call(store, "get", **LAB), REFUSED)
        os.unlink(entry(store))
        store.run("pass", "insert", "-m", "credence/lab", input="tab\there\n")
        status(call(store, "get", **LAB), CORRUPT)


def gpg_does_not_run():
    """a gpg that could not run has not found an entry damaged, nor a key missing"""
    # Breaks when somebody throws away an entry because of an option that gpg does not know.
    with PasswordStore(OPEN) as store:
        put(store)
        options = {"PASSWORD_STORE_GPG_OPTS": "--nonsense"}
        folder = store.root + "/bin"
        os.mkdir(folder)
        path = {"PATH": folder + ":" + store.env["PATH"]}
        for script in (None, "exit 2", "exit 127", "kill -9 $$", "echo '[GNUPG:] ENC_TO 1 1 0' >&3; kill -9 $$"):
            if script:
                write(folder + "/gpg", b"#!/bin/sh\n" + script.encode() + b"\n")
                os.chmod(folder + "/gpg", 0o755)
            env = path if script else options
            answer = status(call(store, "get", env=env, **LAB), FAILED)
            assert "did not run" in answer.message and "--version shows why" in answer.remedy, (script, answer)
            assert "key=" not in str(status(call(store, "probe", env=env), OK).fields), script
        os.unlink(folder + "/gpg")
        os.mkdir(folder + "/gpg2")
        same(status(call(store, "get", env=path, **LAB), OK).value, VALUE)


def open_to_others():
    """nothing is written where others choose who reads it, unless .gpg-id is signed; reading goes on"""
    # Breaks when somebody else's key in .gpg-id is used without a word.
    with PasswordStore(OPEN) as store:
        put(store)
        for path in (store.path, store.path + "/credence", store.path + "/.gpg-id"):
            mode = stat.S_IMODE(os.stat(path).st_mode)
            os.chmod(path, mode | 0o020)  # the user's own group
            put(store)
            os.chmod(path, mode | 0o002)
            answer = status(call(store, "put", value="c1:new", **LAB), REFUSED)
            same(answer.remedy, "chmod go-w " + path)
            same(status(call(store, "get", **LAB), OK).value, VALUE)
            assert ("x", "private=no") in status(call(store, "probe"), OK).fields
            put(store, env={"PASSWORD_STORE_KEY": OPEN})
            os.chmod(path, mode)
            if os.geteuid() == 0:
                for uid, gid, bits in ((65534, 0, 0), (0, 65534, 0o020)):
                    os.chown(path, uid, gid)
                    os.chmod(path, mode | bits)
                    status(call(store, "put", value="c1:new", **LAB), REFUSED)
                os.chown(path, 0, 0)
                os.chmod(path, mode)
        key = store.run("gpg", "--batch", "--with-colons", "--list-keys", OPEN).split("\nfpr:")[1].split(":")[8]
        env = {"PASSWORD_STORE_SIGNING_KEY": key}
        store.run("pass", "init", OPEN, env=env)
        os.chmod(store.path, 0o777)
        put(store, env=env)


def remedy_fits():
    """a command that does not fit the answer is left out"""
    # Breaks when it is cut off, and names another folder.
    with PasswordStore(OPEN) as store:
        path = store.root + 4 * ("/" + "x" * 150)
        store.run("pass", "init", OPEN, env={"PASSWORD_STORE_DIR": path})
        os.chmod(path, 0o777)
        answer = status(call(store, "put", value=VALUE, store=path, **LAB), REFUSED)
        assert not answer.remedy, answer


def being_written():
    """an entry that pass is writing right now is read when that is done"""
    # Breaks when half a file is called damaged: pass writes in place.
    with PasswordStore(OPEN) as store:
        put(store)
        whole = read(entry(store))
        write(entry(store), b"")
        later = threading.Timer(0.05, lambda: write(entry(store), whole))
        later.start()
        same(status(call(store, "get", **LAB), OK).value, VALUE)
        later.join()


# --- writers ---------------------------------------------------------------------------------


def revisions():
    """EXPECT keeps a stale caller from writing and deleting"""
    # Breaks when the expectation is not compared, or compared by prefix.
    with PasswordStore(OPEN) as store, helper(store) as h:
        status(h.call("put", value=VALUE, expect="0123", **LAB, **PATIENT), CONFLICT)
        first = status(h.call("put", value=VALUE, expect="", **LAB, **PATIENT), OK).revision
        status(h.call("put", value=VALUE, expect="", **LAB, **PATIENT), CONFLICT)
        second = status(h.call("put", value=VALUE, expect=first, **LAB, **PATIENT), OK).revision
        assert first != second, "the same value written again has a new revision"
        for stale in (first, second[:-1], second + "0", ""):
            status(h.call("put", value="c1:stale", expect=stale, **LAB, **PATIENT), CONFLICT)
            status(h.call("delete", expect=stale, **LAB, **PATIENT), CONFLICT)
        same(h.call("get", **LAB, **PATIENT).value, VALUE)
        status(h.call("delete", expect=second, **LAB, **PATIENT), OK)
        status(h.call("delete", expect=second, **LAB, **PATIENT), NOT_FOUND)


def crowd():
    """twenty writers at once in a store with git: each is stored, one wins where one is meant"""
    # Breaks without the lock.
    with PasswordStore(OPEN, git=True) as store:
        helpers = [helper(store) for _ in range(20)]
        for number, h in enumerate(helpers):
            h.send("put", value="c1:%d" % number, profile="p%d" % number, kind="credential", **PATIENT)
        for h in helpers:
            same(status(h.receive(), OK).message, "")
        for number, h in enumerate(helpers):
            h.send("put", value="c1:%d" % number, expect="", **LAB, **PATIENT)
        codes = sorted(h.receive().status for h in helpers)
        same(codes, [OK] + [CONFLICT] * 19)
        same(len(helpers[0].call("list", **PATIENT).names()), 21)
        for h in helpers:
            with h:
                pass
        same(store.git("status", "--porcelain"), "")
        same(len(store.git("log", "--format=%h", "--", "credence").splitlines()), 21)


def put_and_kill(store, value, wait, victim):
    """Write, and kill the helper or its gpg in the middle.  What was answered."""
    with helper(store) as h:
        h.send("put", value=value, **LAB, **PATIENT)
        time.sleep(wait)
        for pid in processes(store.gnupg, "gpg") if victim == "gpg" else [h.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            return h.receive().status
        except Died:
            return None


def sudden_death():
    """killed while writing: the old entry or the new one, and nothing that pass lists"""
    # Breaks when a file is written in place, or a leftover is not cleared away.
    luck = random.Random(7)
    with PasswordStore(OPEN) as store:
        put(store, "c1:0")
        last, died = "c1:0", 0
        for number in range(1, 41):
            value = "c1:%d" % number
            code = put_and_kill(store, value, luck.uniform(0, 0.05), "gpg" if number % 4 == 0 else "helper")
            found = status(call(store, "get", **LAB), OK).value
            assert found in ((value,) if code == OK else (last, value)), (number, code, found)
            assert store.entries() == ["credence", "lab"] or number % 10, store.entries()
            last, died = found, died + (code is None)
        assert died > 10, "only %d of the helpers were killed in the middle" % died
        write(store.path + "/credence/.credence-new", b"left over")
        same(store.entries(), ["credence", "lab"])
        put(store)
        same(sorted(os.listdir(store.path + "/credence")), ["lab.gpg"])
        store.wait_gone()


# --- what others see -----------------------------------------------------------------------------


def nothing_leaks():
    """no secret in the arguments and the environment of gpg, nor in a file on the way"""
    # Breaks when a value takes another way than a pipe.
    with PasswordStore(OPEN, git=True) as store:
        folder = store.root + "/bin"
        os.mkdir(folder)
        for name in ("gpg", "git"):
            write(folder + "/" + name, ("#!/bin/sh\n{ printf '%%s\\n' \"$@\"; env; } >>%s/seen\nexec %s \"$@\"\n"
                                        % (store.root, shutil.which(name))).encode())
            os.chmod(folder + "/" + name, 0o755)
        env = {"PATH": folder + ":" + store.env["PATH"]}
        put(store, env=env)
        same(status(call(store, "get", env=env, **LAB), OK).value, VALUE)
        seen = read(store.root + "/seen")
        assert b"--decrypt" in seen and b"--encrypt" in seen and b"commit" in seen and b"GNUPGHOME=" in seen
        assert VALUE.encode() not in seen and b"c1:" not in seen
        for folder, _, names in os.walk(store.root):
            for name in names:
                path = os.path.join(folder, name)
                assert not os.path.isfile(path) or VALUE.encode() not in read(path), path


def facts():
    """probe tells what there is, without asking"""
    # Breaks when what doctor reads is not there.
    with PasswordStore(OPEN) as store:
        found = dict(text.split("=", 1) for tag, text in status(call(store, "probe"), OK).fields if tag == "x")
        same(found, {"store": store.path, "exists": "yes", "private": "yes", "program": "yes", "key": "yes"})


def large_values():
    """the largest value fits, armored too"""
    # Breaks when a limit is off by one.
    with PasswordStore(OPEN) as store:
        put(store, "x" * 65536, env={"PASSWORD_STORE_GPG_OPTS": "--armor"})
        same(len(status(call(store, "get", **LAB), OK).value), 65536)


CASES = [stores, written_by_pass, no_store, which_store, recipients, untrusted, signed_id, modes, history, commit_fails,
         signed_commits, locked, asking, unanswered, stopped, no_key, damaged, gpg_does_not_run, open_to_others,
         remedy_fits, being_written, revisions, crowd,
         sudden_death, nothing_leaks, facts, large_values]


def main():
    if passwordstore.missing():
        print("1..0 # SKIP %s is not installed" % passwordstore.missing())
        return 0
    try:
        wanted = [one for one in CASES if not sys.argv[1:] or one.__name__ in sys.argv[1:]]
        return run_cases(wanted)
    finally:
        passwordstore.forget_keys()


if __name__ == "__main__":
    sys.exit(main())
