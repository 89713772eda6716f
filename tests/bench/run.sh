#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# run.sh - make a profile in a HOME of its own, and measure; called by make bench

set -eu
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME="$home"
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME || :
(umask 077 && echo bench >"$home/passphrase")
export CREDENCE_PASSPHRASE_FILE="$home/passphrase"
printf 889f33027c902061d023d8b0ee39b100 | "$CREDENCE" --quiet add lab 6connect api_key=41-HSLH4QZQX6IAOOJS \
  --secret secret_key=- --keyring file --endpoint https://cloud.6connect.com/6c_375/api/v1/api.php
"$BENCH" lab '?target=ipam&action=get&type=IP&mask=24'
