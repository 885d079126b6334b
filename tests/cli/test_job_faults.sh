#!/bin/sh
# Job files that are wrong in every way: found by `check`, before any work, and shown in place.
. "$(dirname "$0")/lib.sh" "$@"

printf 'a,b\n1,2\n3,4\n5,7\n' >t.csv

# faulty WHAT CODE TEXT JOB [SETTING]...: JOB is a printf format
faulty() {
    what=$1
    code=$2
    text=$3
    printf "$4" >job.yaml
    shift 4
    refuses "$what" "$code" "$text" "$QUERN" check job.yaml "$@"
}

model='input: t.csv\nmodel: {type: linear_regression, label_col: b}\n'

# The text
faulty "an empty file" 65 "a job file is a map" ''
faulty "a list" 65 "a job file is a map" '\55 a\n\55 b\n'
faulty "a word" 65 "a job file is a map" 'hello\n'
faulty "a tab" 65 "job.yaml:2:" 'input:\n\tpath: t.csv\n'
faulty "two documents" 65 "more than one" '\55--\ninput: t.csv\n\55--\ninput: t.csv\n'
faulty "an alias" 65 "job.yaml:2:8: error: aliases" 'input: &a t.csv\nname: *a\n'
faulty "bytes that are no UTF-8" 65 "UTF-8" 'input: t.csv\nname: \377\n'
faulty "a NUL byte" 65 "NUL" 'input: t.csv\000\n'
faulty "a key twice" 65 "given twice" 'input: t.csv\ninput: t.csv\n'
awk 'BEGIN { printf "a: "; for (i = 0; i < 50; i++) printf "["; print "" }' >deep.yaml
refuses "deep nesting" 65 "nested deeper than 32" "$QUERN" check deep.yaml
awk 'BEGIN { print "input: t.csv"; printf "nam: "; for (i = 0; i < 1000000; i++) printf "x"; print "" }' \
    >long.yaml
refuses "a megabyte" 65 "did you mean 'name'" "$QUERN" check long.yaml

# The values
faulty "a schema without quotes in a map" 65 "unknown option 'b int64'" \
    'input: {path: t.csv, schema: a int64, b int64}\n'
faulty "no input file" 65 "no file is named here" 'input: []\n'
faulty "a scalar for a list" 65 "'stages' is a list" 'input: t.csv\nstages: imputer\n'
faulty "a list for a map" 65 "'save' is a map" 'input: t.csv\nsave: [a]\n'
faulty "a map for a text" 65 "expected one value" 'input: t.csv\nname: {a: b}\n'
faulty "a huge cache" 65 "'cache_mb' must be" "$model" --set cache_mb=9223372036854775807
faulty "a negative seed" 65 "'seed' must be" "$model" --set seed=-1

# What would be found only after the work
faulty "an unknown metric" 65 "job.yaml:2:27: error: unknown metric 'rmsee'" \
    'input: t.csv\nevaluate: {metrics: [rmse,rmsee]}\n'
faulty "a group's name" 65 "'../x' cannot be" \
    'input: t.csv\nsave: {features: {store: s, group: "../x"}}\n'
faulty "an unknown feature column" 65 "job.yaml:2:51: error: unknown column 'bb'" \
    'input: t.csv\nsave: {features: {store: s, group: x, columns: [a,bb]}}\n'
faulty "a model without stages" 65 "no model to save" 'input: t.csv\nsave: {model: m.h5}\n'
faulty "one file for two things" 65 "the same file" \
    "${model}save: {model: m.h5, predictions: m.h5}\n"
faulty "predictions of no known format" 65 "ends with .csv" \
    "${model}save: {predictions: p.parquet}\n"
faulty "a model in place of data" 65 "ends with .h5" "${model}save: {model: t.csv}\n"

# --set
faulty "a setting without a path" 2 "KEY=VALUE" "$model" --set =x
faulty "an empty step" 2 "a step of the path is empty" "$model" --set model..label_col=a
faulty "only a dot" 2 "a step of the path is empty" "$model" --set .=x
faulty "an item that is not there" 2 "items 0 to 0" 'input: [t.csv]\n' --set input.3=x
faulty "a key below a value" 2 "holds a value" "$model" --set model.type.x=1
faulty "a value for a map" 65 "'model' needs a 'type'" "$model" --set model=x
finish
