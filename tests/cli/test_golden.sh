#!/bin/sh
# The demo's coefficients, standard errors and metrics are those of R's lm (tests/golden/diamonds.R).
. "$(dirname "$0")/lib.sh" "$@"

golden=$SOURCE/tests/golden
check "the demo runs" "$QUERN" run "$SOURCE/datasets/diamonds/job.yaml" --quiet --set output=out
check "the model is described" "$QUERN" inspect out/model.h5 --format json
cp .stdout model.json
check "its numbers are R's" python3 "$golden/compare_diamonds.py" model.json \
    "$golden/diamonds_lm.csv" "$golden/diamonds_metrics.txt"
check "the golden rows belong to this split" python3 "$golden/diamonds_members.py" \
    "$SOURCE/datasets/diamonds/diamonds.csv" out/predictions.csv
same "as many rows were trained on" "$(wc -l <.stdout)" 43039
finish
