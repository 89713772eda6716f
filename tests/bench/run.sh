#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# run.sh - measure, in a HOME of its own; called by make bench
#
#   run.sh [--json FILE]      all figures go to FILE, too
#
# Other libraries are measured where they are installed; see peer.h.

set -eu
here=$(dirname "$0")
json=
if [ "${1-}" = --json ]; then
  json=$2
fi
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME="$home"
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME || :

# The file keyring of the tests, which is opened in no time.
(umask 077 && mkdir -p "$home/.local/share/credence" && "$PYTHON3" - "$home" <<'END'
import sys
from harness import CHEAP_KEYRING, PASSPHRASE
open(sys.argv[1] + "/.local/share/credence/credentials.keyring", "wb").write(CHEAP_KEYRING)
open(sys.argv[1] + "/passphrase", "w").write(PASSPHRASE)
END
)
export CREDENCE_PASSPHRASE_FILE="$home/passphrase"

# peer SOURCE LIBRARY PACKAGE VERSION-OF: build a peer where pkg-config knows its packages.
peers=
peer() {
  if pkg-config --exists "$3" "$4" 2>/dev/null; then
    # shellcheck disable=SC2046,SC2086
    $CC -O2 -fPIC -shared -DVERSION="\"$(pkg-config --modversion "$4")\"" $(pkg-config --cflags "$3") \
      -o "$home/$1.so" "$here/$1.c" $(pkg-config --libs "$3")
    peers="$peers $home/$1.so"
  else
    peers="$peers $2"
  fi
}
peer peer_kms libkms_message libkms_message libmongocrypt
peer peer_oauth liboauth oauth oauth

# shellcheck disable=SC2086
"$BENCH" --json "$home/signing.json" $peers
printf '\n'
"$PYTHON3" "$here/peer_botocore.py" "$home/signing.json" "$home/botocore.json"
if [ -e "$here/process.py" ]; then
  printf '\n'
  "$PYTHON3" "$here/process.py" --json "$home/processes.json"
fi

[ -z "$json" ] || "$PYTHON3" - "$home" "$json" <<'END'
import json, os, sys
parts = {}
for name in ("signing", "botocore", "processes"):
    path = os.path.join(sys.argv[1], name + ".json")
    if os.path.exists(path):
        with open(path) as f:
            parts[name] = json.load(f)
with open(sys.argv[2], "w") as f:
    json.dump(parts, f, indent=2)
    f.write("\n")
END
