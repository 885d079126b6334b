#!/bin/sh
# Installs what Quern is built and tested with on Debian 12, skipping what is there.
# usage: sh tools/setup.sh [test]     "test" adds what only the tests need
set -eu

build="git gcc libc6-dev cmake ninja-build pkg-config mpich libmpich-dev libhdf5-mpich-dev
  libopenblas-dev liblapacke-dev libpg-query-dev libprotobuf-c-dev libfyaml-dev libjansson-dev
  libutf8proc-dev libpcre2-dev libstemmer-dev libxxhash-dev libssl-dev zlib1g-dev libzstd-dev
  librandom123-dev libcunit1-dev tzdata"
tests="python3 python3-h5py clang-format clang-tidy"

wanted=$build
[ "${1:-}" = test ] && wanted="$wanted $tests"

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
    case $state in
    ii*) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -z "$missing" ] && exit 0

echo "installing:$missing"
sudo=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "setup.sh: not root and no sudo; install these packages first:$missing" >&2
        exit 69
    }
    sudo=sudo
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || {
    $sudo apt-get update -qq
    $sudo apt-get install -y -qq --no-install-recommends $missing
}
