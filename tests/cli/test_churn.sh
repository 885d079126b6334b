#!/bin/sh
# The churn job: the same features on any number of ranks and when operators spill; what the windows
# hold is what SQL over the whole log says of the days before.
. "$(dirname "$0")/lib.sh" "$@"

cp "$SOURCE/datasets/churn/job.yaml" churn.yaml
check "the log" "$QUERN" generate transactions --rows 30000 --seed 3 --set users=300 \
    -o transactions.csv
text=$("$QUERN" check churn.yaml)
contains "the job is checked without being run" "$text" "ok"
for n in 1 2 3 7; do
    check "the job on $n ranks" ranks "$n" "$QUERN" run churn.yaml --set "output=out.$n"
    "$QUERN" store log "out.$n/store" churn | awk 'END {print $NF}' >"digest.$n"
    same "the digest on $n ranks" "$(cat "digest.$n")" "$(cat digest.1)"
done
check "the job spilling" ranks 3 "$QUERN" run churn.yaml --set output=spilled --memory 64K
same "the digest when operators spill" \
    "$("$QUERN" store log spilled/store churn | awk 'END {print $NF}')" "$(cat digest.1)"
check "the same pipeline" cmp out.1/pipeline.h5 out.7/pipeline.h5

# Purchases before each purchase, counted by a join instead of windows. A saved pipeline takes the
# rows as they are: the rules of the job are no part of it.
features=out.1/store/groups/churn
"$QUERN" sql --table f=$features --format csv "SELECT count(*) FROM f" >rows
"$QUERN" sql --table log=transactions.csv --format csv "
    SELECT count(*) FROM log
    WHERE (amount IS NULL OR amount BETWEEN 0.01 AND 10000)
      AND transaction_date < DATE '2030-01-01'" >expected
check "a row for each purchase that the rules keep" cmp rows expected
check "the windows of the job" "$QUERN" transform out.1/pipeline.h5 transactions.csv -o windows.h5
"$QUERN" sql --table w=windows.h5 --format csv "
    SELECT sum(count_7d), sum(count_30d), sum(count_unbounded) FROM w" >ours
"$QUERN" sql --table log=transactions.csv --format csv "
    WITH kept AS (SELECT user_id, transaction_date AS day FROM log)
    SELECT sum(CASE WHEN a.day - b.day <= 7 THEN 1 ELSE 0 END),
           sum(CASE WHEN a.day - b.day <= 30 THEN 1 ELSE 0 END), count(*)
    FROM kept AS a JOIN kept AS b ON a.user_id = b.user_id AND b.day < a.day" >theirs
same "purchases before each purchase" "$(tail -n 1 ours)" "$(tail -n 1 theirs)"
finish
