#!/bin/sh
# Formatting, and the rules of the house that a machine can check.
set -eu
cd "$(dirname "$0")/.."

sources=$(git ls-files '*.c' '*.h')
# shellcheck disable=SC2086
clang-format --dry-run --Werror $sources

fail() {
    echo "check_style: $1" >&2
    exit 1
}
if git grep -nE '#include <(mpi|hdf5|H5[A-Za-z]*)\.h>' -- '*.c' '*.h' ':!mpi/*'; then
    fail "only mpi/ may include MPI or HDF5"
fi
if git grep -nE '#include "(ml|features|tools)/' -- 'core/*' 'mpi/*'; then
    fail "core and mpi include nothing to their right"
fi
if git grep -nE '#include "(ml|tools)/' -- 'features/*'; then
    fail "features includes neither ml nor tools"
fi
if git grep -nE '#include "(features|tools)/' -- 'ml/*'; then
    fail "ml includes neither features nor tools"
fi
if git grep -nE '#include "mpi/' -- 'core/*'; then
    fail "core is serial"
fi
if git grep -nE '\b(printf|puts|exit|abort)\(' -- 'core/*.c' 'features/*.c' 'ml/*.c'; then
    fail "only tools/ prints and exits"
fi
if git grep -nE '\b(TODO|FIXME)\b' -- '*.c' '*.h'; then
    fail "unfinished business"
fi
