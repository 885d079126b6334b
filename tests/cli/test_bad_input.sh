#!/bin/sh
# Bad input: one clear message, the documented exit code, no hang on 3 ranks, nothing left behind.
# Timeout: 900
. "$(dirname "$0")/lib.sh" "$@"

convert() { # RANKS FILE...: convert to out.csv
    n=$1
    shift
    ranks "$n" "$QUERN" convert "$@" -o out.csv --quiet
}

# The same message on 1 and 3 ranks, and no output file, visible or hidden.
refuses_everywhere() { # WHAT CODE TEXT ARGUMENTS-OF-QUERN...
    what=$1
    code=$2
    text=$3
    shift 3
    refuses "$what" "$code" "$text" "$QUERN" "$@"
    single=$(cat .stderr)
    refuses "$what on 3 ranks" "$code" "$text" mpiexec -n 3 "$QUERN" "$@"
    contains "$what: the message on 3 ranks" "$(cat .stderr)" "$(echo "$single" | head -n 1)"
    same "$what: nothing is left behind" "$(ls -A | grep -c '^\.\{0,1\}out' || true)" 0
}

to_csv() { # WHAT CODE TEXT FILE OPTIONS...
    what=$1
    code=$2
    text=$3
    shift 3
    refuses_everywhere "$what" "$code" "$text" convert "$@" -o out.csv
}

printf 'a,b\n1,2\n3,4\n' >good.csv
to_csv "a missing file" 66 "god.csv" god.csv
contains "the nearest file is named" "$(cat .stderr)" "good.csv"
mkdir folder
to_csv "a directory for a file" 66 "folder" folder
: >empty.csv
to_csv "an empty file" 66 "empty.csv" empty.csv
printf 'a,b\n1,2\n3\n' >ragged.csv
to_csv "a ragged row" 67 "ragged.csv:3" ragged.csv
printf 'a,b\n1,"2\n3,4\n' >quote.csv
to_csv "an unterminated quote" 67 "quote.csv:2" quote.csv
printf 'a,b\n1,x\n2,\377y\n' >utf8.csv
to_csv "invalid UTF-8" 67 "utf8.csv:3" utf8.csv
printf 'a,b\n1,2\n99999999999,3\n' >range.csv
to_csv "a number out of range" 67 "range.csv:3" range.csv --read "schema=a int32, b int32"
printf 'a,b,a\n1,2,3\n' >twins.csv
to_csv "duplicate column names" 67 "'a'" twins.csv
printf 'a,b\r1,2\r3,4\r' >mac.csv
to_csv "lines that end with CR only" 67 "carriage return" mac.csv

if [ "$(id -u)" -ne 0 ]; then
    printf 'a\n1\n' >secret.csv
    chmod 000 secret.csv
    to_csv "an unreadable file" 66 "secret.csv" secret.csv
fi

printf 'a,b\n' >header.csv
check "a file with a header only is an empty table" convert 3 header.csv
same "an empty table has its header" "$(cat out.csv)" "a,b"
rm -f out.csv

# SQL and stages
sql() {
    refuses_everywhere "$@"
}
sql "an unknown column in SQL" 65 "'aa'" sql "SELECT aa FROM t" --table t=good.csv
contains "its place is shown" "$(cat .stderr)" "query:1:8"
sql "an unknown table" 65 "'s'" sql "SELECT a FROM s" --table t=good.csv
sql "a syntax error" 65 "query:1:" sql "SELEC a FROM t" --table t=good.csv
sql "a type mismatch" 65 "'" sql "SELECT a + 'x' || true FROM t WHERE a" --table t=good.csv
sql "an unknown column in a stage" 65 "'bb'" fit imputer good.csv --set input_cols=bb \
    --set output_cols=c -o out.h5
sql "an unknown option of a stage" 65 "strateg" fit imputer good.csv --set strateg=mean -o out.h5
sql "an unknown stage" 65 "did you mean 'imputer'" fit imputr good.csv -o out.h5
printf 'a,b\n1,\n2,\n' >nulls.csv
sql "an all-null column for the imputer" 67 "'b'" fit imputer nulls.csv \
    --read "schema=a int64, b float64" --set input_cols=b --set output_cols=c -o out.h5
printf 'k,v\nx,1\ny,2\n' >train.csv
printf 'k,v\nx,1\nz,2\n' >unseen.csv
check "an indexer is fitted" "$QUERN" fit string_indexer train.csv --quiet --set input_col=k \
    --set output_col=i -o indexer.h5
sql "an unseen category" 67 "'z'" transform indexer.h5 unseen.csv -o out.csv
sql "a table that is no model" 66 "train.csv" transform train.csv unseen.csv -o out.csv

# Usage
refuses "an unknown command" 2 "did you mean 'quern convert'" "$QUERN" conver
refuses "an unknown option" 2 "did you mean '--output'" "$QUERN" convert good.csv --outptu x
refuses "a missing output" 2 "-o PATH" "$QUERN" convert good.csv
refuses "a missing operand" 2 "needs more" "$QUERN" convert

refuses "a table without a path" 2 "NAME=PATH" "$QUERN" sql "SELECT a FROM t" --table t
refuses "a table given twice" 2 "'t' is given twice" "$QUERN" sql "SELECT a FROM t" \
    --table t=good.csv --table t=nulls.csv
refuses "an empty file name" 66 "is empty" "$QUERN" sql "SELECT a FROM t" --table t=
refuses "a model in place of data" 2 "ends with .h5" "$QUERN" fit linear_regression good.csv \
    --label b -o good.csv
refuses "no features" 2 "names no column" "$QUERN" fit linear_regression good.csv --label b \
    --features "" -o out.h5

# Job files
cat >job.yaml <<'J'
input: good.csv
stages:
  - type: imputer
    input_cols: [a]
    output_cols: [c]
    stratgy: mean
model:
  type: linear_regresion
splt: {train: 0.8, test: 0.2}
J
sql "faults of a job file" 65 "job.yaml:6:5: error: " run job.yaml --set output=out
contains "all faults at once: the model" "$(cat .stderr)" "job.yaml:8:9"
contains "all faults at once: the key" "$(cat .stderr)" "job.yaml:9:1"
contains "a suggestion" "$(cat .stderr)" "did you mean 'linear_regression'?"
printf 'input: good.csv\nsql: [1, 2\n' >syntax.yaml
sql "a YAML syntax error" 65 "syntax.yaml:" run syntax.yaml
cat >sqljob.yaml <<'J'
input: good.csv
sql: |
  SELECT a,
         bcd
  FROM input
J
sql "a wrong column in a job's SQL" 65 "sqljob.yaml:4:10: error: " run sqljob.yaml
contains "the caret line" "$(cat .stderr)" "^"
refuses "check finds it too" 65 "sqljob.yaml:4:10" "$QUERN" check sqljob.yaml

# Places that cannot be written
sql "a folder that is missing" 74 "nowhere" convert good.csv -o nowhere/out.csv
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked
    chmod 555 locked
    sql "a folder that is locked" 74 "locked" convert good.csv -o locked/out.csv
fi

# The system's limits
check "data is made" "$QUERN" generate regression --rows 40000 -o limit.csv
for name in out.csv out.h5; do
    refuses "$name over the limit of file sizes" 74 "$name" sh -c \
        "ulimit -f 200; '$QUERN' convert limit.csv -o $name"
    same "nothing is left of $name" "$(ls -A | grep -c '^\.\{0,1\}out' || true)" 0
done
refuses "a full standard output" 74 "standard output" sh -c \
    "'$QUERN' sql 'SELECT * FROM t' --table t=limit.csv --format csv >/dev/full"
ln -s /dev/full full.csv
refuses "a full device on 3 ranks" 74 "full.csv" sh -c \
    "mpiexec -n 3 '$QUERN' sql 'SELECT * FROM t' --table t=limit.csv -o full.csv"
finish
