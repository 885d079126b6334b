#!/bin/sh
# A generated log of 100,003 rows: the same bytes from generator to model on any number of ranks, and
# memory that does not grow with the rows.
# Timeout: 600
. "$(dirname "$0")/lib.sh" "$@"

job=$SOURCE/datasets/transactions/job.yaml
generate() { # RANKS ROWS FILE
    ranks "$1" "$QUERN" generate transactions --rows "$2" --seed 7 -o "$3" --quiet
}

digests() { # RANKS
    ranks "$1" "$QUERN" run "$job" --quiet --set output="out$1" --set input.path="$WORK/log.csv" \
        --set cache_mb=1 >"summary$1"
    ranks "$1" "$QUERN" digest "out$1/model.h5" "out$1/predictions.csv" \
        "out$1/store/groups/transactions" | sed "s/out$1/out/"
}

check "a log is generated" generate 1 100003 log.csv
same "it has its rows" "$(wc -l <log.csv)" 100004
check "a log is generated on 3 ranks" generate 3 100003 log3.csv
check "generated logs are the same bytes" cmp log.csv log3.csv
expected=$(digests 1)
for n in 2 3 7; do
    same "digests on $n ranks" "$(digests $n)" "$expected"
    check "predictions are the same bytes on $n ranks" cmp out1/predictions.csv "out$n/predictions.csv"
done

check "a log is converted to a table" ranks 2 "$QUERN" convert log.csv -o log.h5 --quiet
same "a table has the digest of its CSV file" \
    "$("$QUERN" digest log.csv | cut -d' ' -f1)" "$("$QUERN" digest log.h5 | cut -d' ' -f1)"
ranks 3 "$QUERN" run "$job" --quiet --set output=outh --set input="$WORK/log.h5" >summaryh
check "a table file gives the predictions of the CSV file" cmp out1/predictions.csv outh/predictions.csv

# Four times the rows, the same memory: the fit and the predictions stream.
peak() { # ROWS
    check "a log of $1 rows" generate 1 "$1" grows.csv
    "$QUERN" run "$job" --quiet --set output=grows --set input.path="$WORK/grows.csv" --set cache_mb=1 \
        --set save.features= | grep -oE '[0-9]+ MiB' | cut -d' ' -f1
}
small=$(peak 100000)
large=$(peak 400000)
checks=$((checks + 1))
[ "$large" -le $((small + small / 4 + 2)) ] || fail "memory grows: $small MiB, then $large MiB"

# Malformed amounts: counted, kept with their reason, and nothing else changes.
check "a log with malformed amounts" "$QUERN" generate transactions --rows 20000 --seed 7 \
    --set malformed=0.01 -o dirty.csv --quiet
for n in 1 3; do
    check "bad records are quarantined on $n ranks" ranks $n "$QUERN" run "$job" --quiet \
        --set output="q$n" --set input.path="$WORK/dirty.csv" --set input.mode=quarantine \
        --set input.quarantine_path="bad$n.csv"
    contains "the summary counts them on $n ranks" "$(cat .stdout)" "bad ones left out"
done
check "the quarantine is the same bytes" cmp bad1.csv bad3.csv
contains "the quarantine says why" "$(head -n 3 bad1.csv)" "float64"
finish
