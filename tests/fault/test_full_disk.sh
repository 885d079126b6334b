#!/bin/sh
# A full disk: an input/output error that names the file, and nothing left behind.
. "$(dirname "$0")/../cli/lib.sh" "$@"

mkdir small
if [ "$(id -u)" -ne 0 ] || ! mount -t tmpfs -o size=256k tmpfs small 2>/dev/null; then
    echo "a small file system cannot be mounted here: skipped"
    exit 0
fi
trap 'umount "$WORK/small"; rm -rf "$WORK"' EXIT

left_in_small() {
    ls -A small | wc -l
}

check "data is made" "$QUERN" generate regression --rows 20000 --set features=5 -o data.csv --quiet
for n in 1 3; do
    for name in out.csv out.h5; do
        refuses "$name on a full disk, $n ranks" 74 "small/" mpiexec -n $n "$QUERN" convert data.csv \
            -o small/$name
        same "nothing is left of $name, $n ranks" "$(left_in_small)" 0
    done
done

cat >job.yaml <<'J'
input: data.csv
stages:
  - {type: vector_assembler, input_cols: [x1, x2, x3], output_col: features}
model: {type: linear_regression, label_col: y}
save:
  predictions: predictions.csv
  features: {store: store, group: g}
J
refuses "a job on a full disk" 74 "small/" mpiexec -n 3 "$QUERN" run job.yaml --quiet \
    --set output=small/run
same "no predictions are visible" "$(find small -name 'predictions.csv' | wc -l)" 0
same "no version is visible" "$(find small -path '*_log/0*' | wc -l)" 0
finish
