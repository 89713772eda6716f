#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# quickstart.sh - from a fresh Debian or Ubuntu machine to a signed request
#
#   ./quickstart.sh            install what is missing, build, and run the main job
#   ./quickstart.sh check      install what the tests need, and run the tests
#   ./quickstart.sh check-more the same tests under sanitizers and valgrind, with
#                              clang, and a release made and built
#
# Everything that is made goes to the folder build, which can be deleted.

set -eu
umask 022
cd "$(dirname "$0")"
top=$PWD
build=$top/build
root=$build/root
jobs=$(nproc 2>/dev/null || echo 2)

build_packages="autoconf automake libtool make gcc libc6-dev pkg-config tar
  libssl-dev libcurl4-openssl-dev libjson-c-dev libsecret-1-dev libinih-dev"
run_packages="php-cli"
test_packages="$run_packages python3 python3-dbus python3-gi libcmocka-dev gnome-keyring dbus dbus-daemon git gnupg pass
  keepassxc systemd python3-yaml
  python3-botocore g++ clang mandoc strace gdb openssl curl locales binutils iproute2 procps"
more_packages="$test_packages valgrind xz-utils"

say() {
  printf '\n== %s\n' "$*"
}

die() {
  printf 'quickstart: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  else
    command -v sudo >/dev/null || die "installing packages needs root: run it as root, or install sudo"
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

missing_packages() {
  for package in "$@"; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' || echo "$package"
  done
}

install_packages() {
  command -v dpkg-query >/dev/null ||
    die "this script installs Debian packages; elsewhere install what HACKING.md lists and build by hand"
  missing=$(missing_packages "$@")
  if [ -z "$missing" ]; then
    say "All packages are installed"
    return
  fi
  say "Installing packages:" $missing
  as_root apt-get update -qq
  # shellcheck disable=SC2086
  as_root apt-get install -y -qq --no-install-recommends $missing >"$build/apt.log" 2>&1 ||
    { tail -n 20 "$build/apt.log" >&2; die "apt-get failed"; }
}

# The build works on a copy, so that the tree stays as it is.  Times are kept,
# so that a second run builds only what changed.
copy_sources() {
  mkdir -p "$build/src"
  if git rev-parse --git-dir >/dev/null 2>&1 && [ "$(git rev-parse --show-toplevel)" = "$top" ]; then
    git ls-files -co --exclude-standard -z >"$build/files"
    tar --null -T "$build/files" --ignore-failed-read -cf - 2>/dev/null | tar -C "$build/src" -xf -
  else
    tar --exclude=./build -cf - . | tar -C "$build/src" -xf -
  fi
  if [ ! -x "$build/src/configure" ] || [ "$build/src/configure.ac" -nt "$build/src/configure" ]; then
    (cd "$build/src" && autoreconf -fi) >"$build/autoreconf.log" 2>&1 ||
      { tail -n 20 "$build/autoreconf.log" >&2; die "autoreconf failed"; }
  fi
}

# build_in FOLDER CONFIGURE-OPTION...
build_in() {
  folder=$build/$1
  shift
  mkdir -p "$folder"
  (
    cd "$folder"
    if [ ! -f Makefile ] || [ "$build/src/configure" -nt Makefile ]; then
      "$build/src/configure" --prefix="$root" --sysconfdir="$root/etc" "$@" >configure.log 2>&1 ||
        { tail -n 20 configure.log >&2; die "configure failed"; }
    fi
    make -j"$jobs" >make.log 2>&1 || { tail -n 40 make.log >&2; die "make failed"; }
  )
}

install_built() {
  make -C "$build/default" install >"$build/install.log" 2>&1 ||
    { tail -n 20 "$build/install.log" >&2; die "make install failed"; }
}

prepare() {
  mkdir -p "$build"
  install_packages "$@"
  say "Building in build/default, installing to build/root"
  copy_sources
  build_in default
}

# --- the main job -------------------------------------------------------------

# What 6connect publishes in its documentation; these keys open nothing.
api_key=41-HSLH4QZQX6IAOOJS
secret_key=889f33027c902061d023d8b0ee39b100
published='xxakpAz2B8XX41DY2jjh14fgfn3os6xg9DokMUff0T4%3D'

start_server() {
  SECRET_KEY=$secret_key php -S 127.0.0.1:0 "$top/examples/server/6connect.php" >"$build/server.log" 2>&1 &
  server=$!
  trap 'kill "$server" 2>/dev/null || :' EXIT INT TERM
  for _ in $(seq 100); do
    port=$(sed -n 's/.*(http:\/\/127\.0\.0\.1:\([0-9]*\)).*/\1/p' "$build/server.log")
    [ -n "$port" ] && return
    sleep 0.1
  done
  die "the local server does not start: $(cat "$build/server.log")"
}

show() {
  printf '$ %s\n' "$*"
}

main_job() {
  HOME=$build/home
  export HOME
  unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME || :
  rm -rf "$HOME"
  (umask 077 && mkdir "$HOME" && head -c 18 /dev/urandom | base64 >"$HOME/passphrase")
  CREDENCE_PASSPHRASE_FILE=$HOME/passphrase
  export CREDENCE_PASSPHRASE_FILE
  PATH=$root/bin:$PATH
  target='?target=ipam&action=get&type=IP&mask=24'

  say "Store the vendor's published key in an encrypted file keyring"
  show "credence add lab 6connect api_key=$api_key --secret secret_key=- --keyring file --endpoint https://..."
  printf %s "$secret_key" | credence add lab 6connect "api_key=$api_key" --secret secret_key=- \
    --endpoint https://cloud.6connect.com/6c_375/api/v1/api.php --keyring file

  say "Sign the vendor's published request"
  show "credence sign lab '$target' --format=url"
  url=$(credence sign lab "$target" --format=url)
  printf '%s\n' "$url"
  [ "${url##*&hash=}" = "$published" ] || die "the hash is not the published one, $published"
  echo "The hash is the published one."

  say "Send it to a local server that verifies it with PHP's hash_hmac"
  start_server
  printf %s "$secret_key" | credence add local 6connect "api_key=$api_key" --secret secret_key=- \
    --endpoint "http://127.0.0.1:$port/api/v1/api.php" --keyring file
  show "credence send local '$target'"
  credence send local "$target"
  printf 'wrong%s' "$secret_key" | credence set local --secret secret_key=- --quiet
  show "credence send local '$target'    # now with a wrong key"
  if credence send local "$target"; then
    die "the server accepted a wrong key"
  fi

  say "Done"
  cat <<EOF
The command is build/root/bin/credence; "man -l man/credence.1" tells the rest.
For your own key:  build/root/bin/credence add NAME PROVIDER
EOF
}

# --- tests ----------------------------------------------------------------------

# Add the results in the .trs files below a build folder to the totals.
count() {
  for trs in $(find "$1" -name '*.trs'); do
    sed -n 's/^:test-result: \([A-Z]*\).*/\1/p' "$trs"
  done >>"$build/results"
}

make_check() {
  folder=$1
  shift
  find "$build/$folder" -name '*.trs' -exec rm -f {} +
  make -C "$build/$folder" -j"$jobs" check "$@" >"$build/$folder/check.log" 2>&1 || :
  grep -h -E '^(FAIL|ERROR|SKIP|XPASS)' "$build/$folder/check.log" || :
  if [ -z "$(find "$build/$folder" -name '*.trs')" ]; then
    tail -n 40 "$build/$folder/check.log" >&2
    echo ERROR >>"$build/results"
  fi
  for log in $(grep -l -s ':global-test-result: \(FAIL\|ERROR\)' $(find "$build/$folder" -name '*.trs')); do
    printf -- '--- %s\n' "${log%.trs}.log"
    grep -v '^ok' "${log%.trs}.log" | tail -n 60
  done
  count "$build/$folder"
}

# An installation is tested from outside; the program prints TAP.
installcheck() {
  say "Testing the installation in build/root"
  make -s -C "$build/default" installcheck >"$build/installcheck.log" 2>&1 || :
  grep -E '^(not ok|#)|SKIP' "$build/installcheck.log" || :
  sed -n -e '/# SKIP/{s/.*/SKIP/p;b' -e '}' -e 's/^ok .*/PASS/p' -e 's/^not ok .*/FAIL/p' \
    "$build/installcheck.log" >"$build/installcheck.results"
  grep -q . "$build/installcheck.results" || { cat "$build/installcheck.log"; echo ERROR >>"$build/results"; }
  cat "$build/installcheck.results" >>"$build/results"
}

# step NAME COMMAND...: one more result.
step() {
  name=$1
  shift
  if "$@" >"$build/step.log" 2>&1; then
    echo PASS >>"$build/results"
    echo "PASS: $name"
  else
    echo FAIL >>"$build/results"
    tail -n 60 "$build/step.log"
    echo "FAIL: $name"
  fi
}

# The line that closes a test run; fails when a test has failed or none has run.
report() {
  passed=$(grep -c '^PASS' "$build/results" || :)
  failed=$(grep -c -E '^(FAIL|ERROR|XPASS)' "$build/results" || :)
  skipped=$(grep -c '^SKIP' "$build/results" || :)
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

check() {
  say "Running the tests"
  : >"$build/results"
  make_check default
  install_built
  installcheck
  report
}

check_more() {
  : >"$build/results"
  say "AddressSanitizer and UndefinedBehaviorSanitizer"
  build_in sanitizers --enable-sanitizers=address,undefined CFLAGS='-g -O1'
  make_check sanitizers
  say "ThreadSanitizer"
  # spawn.c has two children on memory of ours, with descriptors of their own.  Of
  # neither can ThreadSanitizer know: its clone() would take the program for forked.
  build_in threads --enable-sanitizers=thread CFLAGS='-g -O1' CPPFLAGS=-Dclone=__clone
  echo 'race:helper_main' >"$build/threads/suppressions"
  TSAN_OPTIONS=suppressions=$build/threads/suppressions make_check threads TESTS='$(thread_tests)'
  say "valgrind"
  valgrind="valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite"
  CREDENCE_WRAPPER=$valgrind make_check default LOG_COMPILER="$valgrind" TESTS='$(valgrind_tests)'
  say "clang, and a release"
  step "builds with clang without a warning" build_in clang --enable-strict CC=clang
  step "make distcheck" make -C "$build/default" -j"$jobs" distcheck
  report
}

case ${1-} in
'')
  # shellcheck disable=SC2086
  prepare $build_packages $run_packages
  install_built
  main_job
  ;;
check)
  # shellcheck disable=SC2086
  prepare $build_packages $test_packages
  check
  ;;
check-more)
  # shellcheck disable=SC2086
  prepare $build_packages $more_packages
  check_more
  ;;
*)
  echo "usage: ./quickstart.sh [check|check-more]" >&2
  exit 2
  ;;
esac
