#!/bin/sh
# Jobs with statements and stages of all rows: same bytes on any number of ranks and within any
# memory, predictions with the same past, versions as input, warnings of leaks.
. "$(dirname "$0")/lib.sh" "$@"

check "the data" "$QUERN" generate transactions --rows 20000 --seed 1 -o transactions.csv
cat >job.yaml <<'EOF'
name: wide
seed: 7
input:
  path: transactions.csv
  schema: user_id int64, transaction_date date, amount float64, category string, device_type string
sql: |
  SELECT user_id, transaction_date, category, amount, ln(amount) AS log_amount,
         datediff(current_date, transaction_date) AS age,
         count(*) OVER (PARTITION BY user_id) AS purchases
  FROM input WHERE amount BETWEEN 0.01 AND 10000
stages:
  - type: window_features
    partition_cols: [user_id]
    order_col: transaction_date
    windows: [7d, 30d, 5 rows]
    aggregates: [count, avg(log_amount), "count_distinct(category)"]
  - type: lag_features
    partition_cols: [user_id]
    order_col: transaction_date
    input_cols: [log_amount]
    lags: [1, 2]
  - type: imputer
    strategy: mean
    input_cols: [avg_log_amount_30d, log_amount_lag_1]
    output_cols: [recent, last]
  - type: vector_assembler
    input_cols: [count_30d, recent, last, purchases, age]
    output_col: features
    handle_invalid: keep
split: {train: 0.8, test: 0.2}
model: {type: linear_regression, label_col: log_amount}
save:
  model: model.h5
  predictions: predictions.csv
  features:
    store: store
    group: past
    columns: [user_id, transaction_date, log_amount, count_7d, count_30d, avg_log_amount_30d, count_5rows]
    partition_by: [count_5rows]
EOF
check "check" "$QUERN" check job.yaml
for n in 1 2 3; do
    check "the job on $n ranks" ranks "$n" "$QUERN" run job.yaml --set "output=out.$n" \
        --now '2024-06-01'
    check "the features on $n ranks" "$QUERN" store read "out.$n/store" past -o "f.$n.csv"
done
for n in 2 3; do
    check "the same model on $n ranks" cmp out.1/model.h5 "out.$n/model.h5"
    check "the same predictions on $n ranks" cmp out.1/predictions.csv "out.$n/predictions.csv"
    check "the same features on $n ranks" cmp f.1.csv "f.$n.csv"
done
check "the job spilling" ranks 2 "$QUERN" run job.yaml --set output=spilled --now '2024-06-01' \
    --memory 1K
check "the same predictions when operators spill" cmp out.1/predictions.csv spilled/predictions.csv
contains "the version has a part for each value of a stage's column" \
    "$("$QUERN" explain --table f=out.1/store/groups/past \
        "SELECT count(*) FROM f WHERE count_5rows = 3")" "1 of 6 parts"

# Stages inside a pipeline that needs no fit see all rows, too.
awk '/^  - type: window_features/ {print "  - type: pipeline"; print "    stages:"; inside = 1}
    /^  - type: imputer/ {inside = 0}
    {print (inside ? "    " : "") $0}' job.yaml >nested.yaml
check "the job with a pipeline inside" ranks 2 "$QUERN" run nested.yaml --set output=nested \
    --now '2024-06-01'
check "its predictions" cmp out.1/predictions.csv nested/predictions.csv

# The past of a row is the same whether it is to train or to test on.
"$QUERN" sql --table t=transactions.csv --format csv \
    "SELECT user_id, transaction_date, count(*) OVER (PARTITION BY user_id ORDER BY transaction_date
        RANGE BETWEEN INTERVAL 30 DAY PRECEDING AND INTERVAL 1 DAY PRECEDING) AS n
     FROM t WHERE amount BETWEEN 0.01 AND 10000" | tail -n +2 | sort >expected
cut -d, -f1,2,5 f.1.csv | tail -n +2 | sort >found
check "the features are those of a query" cmp expected found

check "predictions of all rows" ranks 2 "$QUERN" predict out.1/model.h5 transactions.csv \
    -o scored.csv --now '2024-06-01'
tail -n +2 out.1/predictions.csv | sort >test_rows
tail -n +2 scored.csv | sort >all_rows
same "a row has the prediction that it has in the job" "$(comm -23 test_rows all_rows)" ""
refuses "data without a column of the statement" 65 "unknown column 'amount'" \
    "$QUERN" predict out.1/model.h5 f.1.csv -o none.csv

# Versions as inputs, of the job and of its query.
cat >next.yaml <<'EOF'
name: next
input: out.1/store/groups/past@0
stages:
  - {type: vector_assembler, input_cols: [count_7d, count_30d], output_col: features}
save: {features: {store: store, group: next}}
EOF
check "a job over a version" ranks 2 "$QUERN" run next.yaml
same "its rows" "$("$QUERN" store read next-out/store next -o next.csv && wc -l <next.csv)" \
    "$(wc -l <f.1.csv)"
sed 's/past@0/past@5/' next.yaml >bad.yaml
refuses "a version that is not there" 66 "5" "$QUERN" check bad.yaml
cat >query.yaml <<'EOF'
name: query
input:
  tables: {past: out.1/store/groups/past, rows: transactions.csv}
  query: SELECT count(*) AS n FROM past UNION ALL SELECT count(*) FROM rows
save: {features: {store: store, group: counts}}
EOF
check "a query over a version" ranks 2 "$QUERN" run query.yaml
same "its counts" "$("$QUERN" store read query-out/store counts -o counts.csv &&
    sed -n 2p counts.csv)" "$(tail -n +2 f.1.csv | wc -l)"

# Statements that group: the split is of the groups.
cat >groups.yaml <<'EOF'
name: groups
input: transactions.csv
sql: |
  SELECT user_id, count(*) AS n, sum(amount) AS spent, avg(amount) AS mean
  FROM input WHERE amount > 0 GROUP BY user_id
stages:
  - {type: vector_assembler, input_cols: [n, mean], output_col: features}
split: {train: 0.5, test: 0.5}
model: {type: linear_regression, label_col: spent}
save: {predictions: p.csv}
EOF
check "a job over groups" ranks 3 "$QUERN" run groups.yaml
same "each user once" "$(tail -n +2 groups-out/p.csv | cut -d, -f1 | sort | uniq -d)" ""

# Leaks.
warns() {
    what=$1
    expected=$2
    shift 2
    "$QUERN" check "$@" >out.txt 2>err.txt || fail "$what: check failed"
    contains "$what" "$(cat err.txt)" "$expected"
}
sed '/    windows:/i\    include_current: true' job.yaml >leak.yaml
warns "a window with the label of the row" \
    "leak.yaml:12: features of this stage hold the label 'log_amount' of the row itself" leak.yaml
sed '/    lags:/a\    differences: true' job.yaml >leak.yaml
warns "a difference to the label" "leak.yaml:17: features of this stage hold the label" leak.yaml
"$QUERN" check job.yaml 2>err.txt >out.txt
same "no warning where nothing leaks" "$(grep -c label err.txt || true)" 0

# fault WHAT SED-SCRIPT TEXT
fault() {
    sed "$2" job.yaml >bad.yaml
    refuses "$1" 65 "$3" "$QUERN" check bad.yaml
    refuses "$1, on 3 ranks" 65 "$3" mpiexec -n 3 "$QUERN" run bad.yaml
}
fault "a window that is none" 's/5 rows/5 cows/' "bad.yaml:15:24: error: window_features: '5 cows'"
fault "an unknown aggregate" 's/avg(log/avrg(log/' "unknown aggregate 'avrg'"
fault "a column that is not there" 's/\[log_amount\]/[spent]/' "bad.yaml:20"
fault "a fault in the statement" 's/OVER (PARTITION BY user_id)/OVER (PARTITION BY usr_id)/' \
    "unknown column 'usr_id'"

finish
