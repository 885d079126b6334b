#!/bin/sh
# Installs what is missing, builds, runs the main example on two ranks and shows its results.
set -eu
cd "$(dirname "$0")/.."
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE || true

sh tools/setup.sh
[ -f build/build.ninja ] || cmake --preset release >/dev/null
cmake --build build | tail -n 1

mpiexec -n 2 build/quern run datasets/diamonds/job.yaml
