#!/bin/sh
# A rank killed in the middle of a run: the job ends soon and nothing visible is left; a run that
# is asked to stop says so.
# Timeout: 600
. "$(dirname "$0")/../cli/lib.sh" "$@"

check "data is made" ranks 2 "$QUERN" generate regression --rows 600000 --set features=20 \
    -o data.csv --quiet
cat >job.yaml <<'J'
input: data.csv
cache_mb: 0
stages:
  - {type: vector_assembler, input_cols: [x1, x2, x3, x4, x5], output_col: raw}
  - {type: standard_scaler, input_col: raw, output_col: features}
split: {train: 0.8, test: 0.2}
model: {type: linear_regression, label_col: y}
save:
  model: model.h5
  predictions: predictions.csv
  features: {store: store, group: g}
J

visible() {
    find "$1" -name 'model.h5' -o -name 'predictions.csv' -o -path '*_log/0*' | wc -l
}

# Waits until status.json names a step.
wait_for_step() { # FOLDER STEP
    for _ in $(seq 1 600); do
        grep -q "\"step\": \"$2\"" "$1/status.json" 2>/dev/null && return 0
        sleep 0.02
    done
    fail "step '$2' was never reached"
}

for step in "fit" "save predictions"; do
    rm -rf run
    mpiexec -n 3 "$QUERN" run job.yaml --quiet --set output=run >log 2>&1 &
    job=$!
    wait_for_step run "$step"
    victim=$(pgrep -f "^$QUERN run job.yaml" | tail -n 1)
    kill -9 "$victim"
    start=$(date +%s)
    code=0
    wait "$job" || code=$?
    checks=$((checks + 3))
    [ "$code" -ne 0 ] || fail "killed in '$step': the job ended with exit code 0"
    [ $(($(date +%s) - start)) -le 20 ] || fail "killed in '$step': the job took long to end"
    pgrep -f "^$QUERN run job.yaml" >/dev/null && fail "killed in '$step': ranks are left"
    same "killed in '$step': nothing is visible" "$(visible run)" 0
done
check "the same job runs again" ranks 2 "$QUERN" run job.yaml --quiet --set output=run
same "model, predictions and version are there" "$(visible run)" 3
same "no temporary file is left" "$(find run -name '.*.tmp-*' | wc -l)" 0

rm -rf run
"$QUERN" run job.yaml --quiet --set output=run >log 2>&1 &
job=$!
wait_for_step run "fit"
kill -TERM "$job"
code=0
wait "$job" || code=$?
same "SIGTERM ends with the documented code" "$code" 75
contains "status.json says so" "$(cat run/status.json)" '"state": "stopped"'
finish
