#!/bin/sh
# Data quality where files cannot be written, and where a rank is killed half way: a named error, and
# nothing that looks like a result.
# Timeout: 300
. "$(dirname "$0")/../cli/lib.sh" "$@"

check "data is made" "$QUERN" generate regression --rows 400000 --set features=5 -o data.csv --quiet
cat >rules.yaml <<'R'
quarantine: small/bad.csv
rules:
  - {type: range, column: x1, min: 0, action: quarantine}
  - {type: range, column: x2, max: 1, action: drop}
  - {type: unique, columns: [x3, x4], action: warn}
R

visible() {
    find . -name 'bad.csv' -o -name 'out.csv' -o -name 'report.json' | wc -l
}

refuses "a folder that is not there" 74 "small/bad.csv" mpiexec -n 3 "$QUERN" validate data.csv \
    rules.yaml -o out.csv --quiet
same "no output without the quarantine" "$(visible)" 0
mkdir small
refuses "an output in a folder that is not there" 74 "nowhere/out.csv" mpiexec -n 3 "$QUERN" \
    validate data.csv rules.yaml -o nowhere/out.csv --quiet
refuses "a report in a folder that is not there" 74 "nowhere/report.json" mpiexec -n 3 "$QUERN" \
    validate data.csv rules.yaml --report nowhere/report.json --quiet
rm -f small/bad.csv

for _ in 1 2 3 4 5 6; do
    mpiexec -n 3 "$QUERN" validate data.csv rules.yaml -o out.csv --report report.json --quiet \
        >log 2>&1 &
    job=$!
    victim=
    for _ in $(seq 1 200); do
        victim=$(pgrep -f "^$QUERN validate data.csv" | tail -n 1) && break
        sleep 0.01
    done
    sleep "0.0$_"
    kill -9 "$victim" 2>/dev/null || true
    code=0
    wait "$job" || code=$?
    checks=$((checks + 1))
    if [ "$code" -eq 0 ]; then # it was faster
        [ "$(visible)" -eq 3 ] || fail "a run that ended well lacks a result"
    else # what is there, is whole: the quarantine before the output
        [ ! -e out.csv ] || [ -e small/bad.csv ] || fail "there is an output without its quarantine"
        for file in out.csv small/bad.csv; do
            [ ! -e "$file" ] || check "$file is whole" "$QUERN" digest "$file"
        done
    fi
    rm -f out.csv small/bad.csv report.json
done
check "the same run ends well" ranks 2 "$QUERN" validate data.csv rules.yaml -o out.csv --quiet
same "no temporary file is left" "$(find . -name '.*.tmp-*' | wc -l)" 0
rm -f out.csv small/bad.csv

if [ "$(id -u)" -ne 0 ] || ! mount -t tmpfs -o size=256k tmpfs small 2>/dev/null; then
    echo "a small file system cannot be mounted here: the rest is skipped"
    finish
    exit
fi
trap 'umount "$WORK/small"; rm -rf "$WORK"' EXIT
for n in 1 3; do
    refuses "a full disk, $n ranks" 74 "small/bad.csv" mpiexec -n $n "$QUERN" validate data.csv \
        rules.yaml -o out.csv --quiet
    same "nothing is left, $n ranks" "$(ls -A small | wc -l)" 0
    same "no output, $n ranks" "$(visible)" 0
done
cat >job.yaml <<'J'
input: data.csv
quality:
  quarantine: bad.csv
  rules: [{type: range, column: x1, min: 0, action: quarantine}]
save: {features: {store: store, group: g}}
J
refuses "a job on a full disk" 74 "small/" mpiexec -n 3 "$QUERN" run job.yaml --quiet \
    --set output=small/run
same "no version is visible" "$(find small -path '*_log/0*' | wc -l)" 0
finish
