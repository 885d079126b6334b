#!/bin/sh
# The feature recipes of docs/recipes.md give what DuckDB gives (tests/golden/recipes.py), the same
# bytes on any number of ranks and with a budget that makes operators spill.
# Timeout: 600
. "$(dirname "$0")/lib.sh" "$@"

quiet="--quiet"
check "the log" "$QUERN" generate transactions --rows 3000 --seed 7 --set users=60 -o log.csv
check "the ratings" "$QUERN" generate ratings --rows 3000 --seed 7 --set users=100 --set items=30 \
    -o ratings.csv
cp "$SOURCE/datasets/sales/sales.csv" "$SOURCE/datasets/sales/customers.csv" .

# recipe NAME TABLE...
recipe() {
    name=$(basename "$1")
    query=$(cat "$SOURCE/datasets/$1.sql")
    shift
    tables=
    for table in "$@"; do
        tables="$tables --table $table=$table.csv"
    done
    # shellcheck disable=SC2086
    check "$name" "$QUERN" sql "$query" $tables $quiet -o "out.$name.csv"
    check "$name gives what DuckDB gives" python3 "$SOURCE/tests/golden/compare_csv.py" "out.$name.csv" \
        "$SOURCE/tests/golden/recipes/$name.csv"
    for n in 2 3 7; do
        # shellcheck disable=SC2086
        check "$name on $n ranks" ranks "$n" "$QUERN" sql "$query" $tables $quiet -o "out.$name.$n.csv"
        check "$name on $n ranks has the same bytes" cmp "out.$name.csv" "out.$name.$n.csv"
    done
    # shellcheck disable=SC2086
    check "$name spilling" ranks 3 "$QUERN" sql "$query" $tables $quiet --memory 4K \
        -o "out.$name.spill.csv"
    check "$name has the same bytes when it spills" cmp "out.$name.csv" "out.$name.spill.csv"
}

recipe sales/customers sales customers
recipe sales/products sales
recipe sales/geography sales customers
recipe sales/daily sales
recipe sales/reconcile sales
recipe transactions/rolling log
recipe transactions/users log
recipe transactions/outliers log
recipe transactions/frequency log
recipe ratings/similar_items ratings

same "all ways to count the revenue agree" "$(cut -d, -f2 out.reconcile.csv | sort -u | wc -l)" 2
finish
