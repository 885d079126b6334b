#!/bin/sh
# What jobs save: partitioned versions, the cell of the split as a column; the same on any number of
# ranks, and faults with their place in the job file.
. "$(dirname "$0")/lib.sh" "$@"

cp "$SOURCE/datasets/transactions/job.yaml" plain.yaml
check "the data" "$QUERN" generate transactions --rows 20000 --seed 1 -o transactions.csv
sed -e 's/test: 0.2}/test: 0.2, column: part}/' \
    -e 's/    columns: .*/    columns: [user_id, part, category, features]\n    partition_by: [part, category]/' \
    plain.yaml >job.yaml
for n in 1 2 3; do
    check "the job on $n ranks" ranks "$n" "$QUERN" run job.yaml --set "output=out.$n"
    "$QUERN" store log "out.$n/store" transactions | awk 'END {print $1, $2, $(NF - 2), $NF}' >"log.$n"
    "$QUERN" sql --table "f=out.$n/store/groups/transactions" --format csv \
        "SELECT part, category, count(*) AS n FROM f GROUP BY part, category ORDER BY part, category" \
        >"counts.$n"
done
same "the version on 2 ranks" "$(cat log.2)" "$(cat log.1)"
same "the version on 3 ranks" "$(cat log.3)" "$(cat log.1)"
same "the cells on 3 ranks" "$(cat counts.3)" "$(cat counts.1)"
test_rows=$(awk -F, '$1 == "test" {n += $3} END {print n}' counts.1)
same "the test rows are those of the predictions" "$test_rows" \
    "$(tail -n +2 out.1/predictions.csv | wc -l)"
text=$("$QUERN" explain --table f=out.1/store/groups/transactions \
    "SELECT count(*) FROM f WHERE part = 'test' AND category = 'books'")
contains "a reader opens the part that it asks for" "$text" "1 of 26 parts"
contains "the version says how it is partitioned" \
    "$("$QUERN" store show out.1/store transactions)" '"partition_by"'
sed -e '/columns: \[user_id/d' -e 's/\[part, category\]/[part]/' job.yaml >default.yaml
check "columns by default" "$QUERN" run default.yaml --set output=default
contains "the default columns have that of the split" \
    "$("$QUERN" sql --table f=default/store/groups/transactions "SELECT * FROM f LIMIT 1")" part

# A pipeline inside the pipeline does what its stages do one by one.
awk '/^stages:/ {print; print "  - type: pipeline"; print "    stages:"; inside = 1; next}
    /^[a-z]/ {inside = 0}
    {print (inside && NF ? "    " : "") $0}' plain.yaml >nested.yaml
check "the stages one by one" ranks 2 "$QUERN" run plain.yaml --set output=flat
check "the stages in a pipeline" ranks 2 "$QUERN" run nested.yaml --set output=nested
check "the same predictions" cmp flat/predictions.csv nested/predictions.csv
check "its model is read" "$QUERN" predict nested/model.h5 transactions.csv -o scored.csv
sed 's/input_cols: \[cohort\]/inptu_cols: [cohort]/' nested.yaml >bad.yaml
refuses "an option of an inner stage" 65 "bad.yaml:25:9: error: imputer: unknown option" \
    "$QUERN" check bad.yaml
sed 's/type: one_hot_encoder/type: one_hot_encodr/' nested.yaml >bad.yaml
refuses "an unknown inner stage" 65 "one_hot_encoder" "$QUERN" check bad.yaml

# fault WHAT SED-SCRIPT TEXT...
fault() {
    fault=$1
    sed "$2" job.yaml >bad.yaml
    shift 2
    for expected in "$@"; do
        refuses "$fault" 65 "$expected" "$QUERN" check bad.yaml
        refuses "$fault, on 3 ranks" 65 "$expected" mpiexec -n 3 "$QUERN" run bad.yaml
    done
}

fault "a split column that exists" 's/column: part/column: category/' "bad.yaml:" \
    "'category' exists already"
fault "an unknown column to partition by" 's/by: \[part/by: [prat/' "bad.yaml:" "'prat'"
fault "a column to partition by that is not saved" 's/by: \[part/by: [device_type/' \
    "'device_type' is not one of the saved columns"
sed 's/by: \[part, category\]/by: [features]/' job.yaml >bad.yaml
refuses "a column that cannot partition" 65 "'features' is vector" "$QUERN" run bad.yaml

# Columns that stages drop are not asked for at the end of the job.
printf 'a,b,c\n1,2,3\n2,1,5\n3,5,6\n4,4,9\n' >small.csv
cat >dropped.yaml <<'END'
input: small.csv
sql: SELECT *, a * 2 AS twice FROM t
stages:
  - {type: vector_assembler, input_cols: [a, b]}
  - {type: drop_columns, input_cols: [a]}
model: {type: linear_regression, label_col: c}
save: {predictions: p.csv, features: {store: store, group: g}}
END
check "a job that drops a column, checked" "$QUERN" check dropped.yaml
check "a job that drops a column" ranks 2 "$QUERN" run dropped.yaml
same "its predictions" "$(head -1 dropped-out/p.csv)" "b,c,twice,prediction"
finish
