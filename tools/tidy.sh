#!/bin/sh
# clang-tidy on every source, as .clang-tidy says. usage: tidy.sh [BUILD_DIR]
# tests/cli/outside is a project of its own. A file is looked at again only when it, a header or the checks changed since it passed.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
passed=$build/tidy-passed
mkdir -p "$passed"

common=$(git ls-files -z '*.h' .clang-tidy tests/.clang-tidy | xargs -0 sha256sum | sha256sum)
export build passed common
# shellcheck disable=SC2016
git ls-files -z '*.c' ':!tests/cli/outside' | xargs -0 -P "$(nproc)" -I{} sh -c '
    state="$common $(sha256sum "{}")"
    stamp=$passed/$(echo "{}" | tr / _)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$state" ] && exit 0
    clang-tidy -p "$build" --quiet "{}" 2>/dev/null || { echo "clang-tidy: {}" >&2; exit 1; }
    echo "$state" >"$stamp"'
