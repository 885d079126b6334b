#!/bin/sh
# inspect and digest: every kind of file and folder that quern makes, and others.
. "$(dirname "$0")/lib.sh" "$@"

printf 'a,b\n1,2\n3,4\n5,7\n' >t.csv
cat >job.yaml <<'J'
input: t.csv
stages:
  - {type: vector_assembler, input_cols: [a], output_col: features}
model: {type: linear_regression, label_col: b}
save: {model: model.h5, predictions: p.csv, features: {store: store, group: g}}
J
check "a job runs" "$QUERN" run job.yaml --set output=out
check "and again" "$QUERN" run job.yaml --set output=out --set save.model="$WORK/own.h5"
contains "a model's place is the one given" "$(cat .stdout)" "wrote     $WORK/own.h5"
check "to a table" "$QUERN" convert t.csv -o t.h5

shows() { # WHAT PIECE PATH
    check "$1" "$QUERN" inspect "$3"
    contains "$1" "$(cat .stdout)" "$2"
    check "$1 as JSON" "$QUERN" inspect "$3" --format json
    if command -v python3 >/dev/null; then
        cp .stdout shown.json
        check "$1 as valid JSON" python3 -m json.tool shown.json
    fi
    check "$1 on 3 ranks" mpiexec -n 3 "$QUERN" inspect "$3"
}
shows "a model" "linear_regression" out/model.h5
shows "a model elsewhere" "pipeline" own.h5
shows "a table file" "int64" t.h5
shows "a store" "version 1, 3 rows" out/store
shows "a group" "feature version" out/store/groups/g
contains "the latest version" "$(cat .stdout)" " 1"
shows "an old version" "columns:" out/store/groups/g@0
shows "a run directory" "done" out

refuses "a version that is not there" 66 "no version 7" "$QUERN" inspect out/store/groups/g@7
mkdir empty
refuses "any folder" 66 "'empty' is not one that quern made" "$QUERN" inspect empty
refuses "a CSV file" 66 "t.csv" "$QUERN" inspect t.csv
refuses "a missing file" 66 "does not exist" "$QUERN" inspect nothing.h5
head -c 3000 own.h5 >cut.h5
refuses "a cut file" 66 "cut.h5" "$QUERN" inspect cut.h5

# Outputs that are in the way
refuses "a file for a run directory" 74 "'t.csv' is a file" "$QUERN" run job.yaml --set output=t.csv
refuses "a file for a store" 74 "is a file, not a store" "$QUERN" run job.yaml --set output=out2 \
    --set save.features.store="$WORK/t.csv"
contains "status.json tells" "$(cat out2/status.json)" '"state": "failed"'
refuses "a test part without rows" 67 "test rows: there is no row" mpiexec -n 3 "$QUERN" run \
    job.yaml --set output=out3 --set split.train=0.9999 --set split.test=0.0001
same "nothing but status.json is left" "$(ls -A out3)" status.json
refuses "an estimator without a label" 65 "give --label COL" "$QUERN" fit linear_regression t.csv \
    -o m.h5
finish
