#!/bin/sh
# The installed form: a program outside the project builds by CMake and by pkg-config, and runs.
. "$(dirname "$0")/lib.sh" "$@"

case $QUERN_BUILD_DIR in
*-asan*)
    echo "the sanitizer build is not installed: 0 passed, 0 failed"
    exit 0
    ;;
esac

prefix=$WORK/prefix
check "the project installs" cmake --install "$QUERN_BUILD_DIR" --prefix "$prefix"
check "the program is installed" "$prefix/bin/quern" version
printf 'x,y\n0,1\n1,3\n2,5\n3,7.5\n' >line.csv

export CMAKE_PREFIX_PATH="$prefix"
library=$(dirname "$(find "$prefix" -name libquern.so | head -n 1)")
export LD_LIBRARY_PATH="$library"
check "find_package finds it" cmake -G Ninja -S "$SOURCE/tests/cli/outside" -B outside
check "an outside program builds" cmake --build outside
same "it fits a line" "$(./outside/outside line.csv)" "slope 2.150000 intercept 0.900000"
same "it fits a line on 2 ranks" "$(mpiexec -n 2 ./outside/outside line.csv)" \
    "slope 2.150000 intercept 0.900000"

export PKG_CONFIG_PATH="$library/pkgconfig"
# shellcheck disable=SC2046
check "pkg-config knows how to build it" \
    gcc "$SOURCE/tests/cli/outside/main.c" -o plain $(pkg-config --cflags --libs quern jansson)
same "it fits a line too" "$(./plain line.csv)" "slope 2.150000 intercept 0.900000"
finish
