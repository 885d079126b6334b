#!/bin/sh
# Every example in README.md and docs/ runs: blocks marked ```sh are run in order, one shell a file,
# in a folder that holds datasets/. docs/options.md is what the program prints.
# Timeout: 900
. "$(dirname "$0")/lib.sh" "$@"

mkdir bin
ln -s "$QUERN" bin/quern
# h5py is that of the distribution, for its own Python.
ln -s /usr/bin/python3 bin/python3
PATH=$WORK/bin:$PATH
for page in "$SOURCE/README.md" "$SOURCE"/docs/*.md "$SOURCE"/docs/stages/*.md; do
    name=$(basename "$page" .md)
    awk '/^```sh$/ {on = 1; next} /^```/ {on = 0} on' "$page" >"$name.sh"
    [ -s "$name.sh" ] || continue
    mkdir -p "run-$name"
    ln -s "$SOURCE/datasets" "run-$name/datasets"
    ln -s "$SOURCE/tools" "run-$name/tools"
    # The set-up commands would build and test from within the tests.
    sed -i '/^sh tools\//d; /^cmake /d; /^git clone/d; /^cd quern/d' "$name.sh"
    checks=$((checks + 1))
    if ! (cd "run-$name" && sh -eu "../$name.sh" >"../$name.log" 2>&1); then
        fail "an example of $page fails: $(tail -n 5 "$name.log")"
    fi
done

"$QUERN" help options >options.md
checks=$((checks + 1))
cmp -s options.md "$SOURCE/docs/options.md" ||
    fail "docs/options.md is old; write it by: quern help options > docs/options.md"
finish
