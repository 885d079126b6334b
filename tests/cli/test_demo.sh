#!/bin/sh
# The main job: the same bytes on any number of ranks, and the files a user expects.
# Timeout: 600
. "$(dirname "$0")/lib.sh" "$@"

job=$SOURCE/datasets/diamonds/job.yaml

digests() { # RANKS: digests of model, predictions and feature version
    ranks "$1" "$QUERN" run "$job" --quiet --set output="out$1" >"summary$1"
    ranks "$1" "$QUERN" digest "out$1/model.h5" "out$1/predictions.csv" \
        "out$1/store/groups/diamonds" | sed "s/out$1/out/"
}

expected=$(digests 1)
contains "the summary names the job" "$(cat summary1)" diamonds
contains "the summary shows metrics" "$(cat summary1)" rmse
contains "status.json ends as done" "$(cat out1/status.json)" '"state": "done"'
for n in 2 3 4 7; do
    same "digests on $n ranks" "$(digests $n)" "$expected"
    check "model files are the same bytes on $n ranks" cmp out1/model.h5 "out$n/model.h5"
    check "predictions are the same bytes on $n ranks" cmp out1/predictions.csv "out$n/predictions.csv"
done

# One file scores raw data.
head -n 1001 "$SOURCE/datasets/diamonds/diamonds.csv" >new.csv
check "a model scores raw data" ranks 2 "$QUERN" predict out1/model.h5 new.csv -o scored.csv --quiet
contains "predictions have a header" "$(head -n 1 scored.csv)" prediction

# New data have no label: the same predictions for the same rows, which all hold price > 0.
cut -d, -f1-6,8-10 new.csv >unlabelled.csv
prices=$(head -n 1 scored.csv | tr , '\n' | grep -n '^price$' | cut -d: -f1)
cut -d, -f"$prices" --complement scored.csv >expected.csv
for n in 1 3; do
    check "a model scores data without the label on $n ranks" ranks "$n" "$QUERN" predict \
        out1/model.h5 unlabelled.csv -o "scored$n.csv"
    contains "the missing label is named on $n ranks" "$(cat .stderr)" \
        "the input lacks column 'price': the SQL step's conditions on it are not applied"
    same "it is named once on $n ranks" "$(grep -c "lacks column" .stderr)" 1
    check "predictions without the label are the same on $n ranks" cmp expected.csv "scored$n.csv"
done
refuses "transform of data without the label" 65 "unknown column 'price'" "$QUERN" transform \
    out1/model.h5 unlabelled.csv -o transformed.csv
cut -d, -f2-6,8-10 new.csv >weightless.csv
refuses "data without a column that the model needs" 65 "the input lacks column 'carat'" "$QUERN" \
    predict out1/model.h5 weightless.csv -o scored4.csv
contains "the model is named" "$(cat .stderr)" "does not fit 'out1/model.h5'"
check "there is no output for them" test ! -e scored4.csv
check "a model is described" "$QUERN" inspect out1/model.h5 --format json

# Running again commits a new version and replaces the rest.
check "a second run works" "$QUERN" run "$job" --quiet --set output=out1
contains "a second run commits version 1" "$("$QUERN" store log out1/store)" 1
check "version 0 is still there" "$QUERN" store read out1/store diamonds --version 0 -o v0.csv --quiet
finish
