#!/bin/sh
# Jobs whose input is a query over tables: the same version on any number of ranks; faults with their
# place in the job file.
. "$(dirname "$0")/lib.sh" "$@"

cp -r "$SOURCE/datasets/sales" sales
for n in 1 2 3; do
    check "the job on $n ranks" ranks "$n" "$QUERN" run sales/job.yaml --set "output=out.$n"
    check "the features on $n ranks" "$QUERN" store read "out.$n/store" customers -o "f.$n.csv"
done
check "the same rows on 2 ranks" cmp f.1.csv f.2.csv
check "the same rows on 3 ranks" cmp f.1.csv f.3.csv
same "a row for each customer" "$(tail -n +2 f.1.csv | wc -l)" 8
contains "what a customer spent" "$(grep C004 f.1.csv)" 1698.99

check "the job spilling" ranks 3 "$QUERN" run sales/job.yaml --set output=spilled --memory 1K
check "its features" "$QUERN" store read spilled/store customers -o spilled.csv
check "the same rows when operators spill" cmp f.1.csv spilled.csv
text=$(ranks 2 "$QUERN" explain sales/job.yaml --analyze)
contains "the stages of a plan" "$text" "Stage one_hot_encoder"
contains "the query below them" "$text" "Left join on"
contains "what it did" "$text" "rows 8 of 15"
refuses "a size that is none" 2 "--memory" "$QUERN" run sales/job.yaml --memory much

# fault WHAT SED-SCRIPT TEXT...
fault() {
    fault=$1
    sed "$2" sales/job.yaml >sales/bad.yaml
    shift 2
    for expected in "$@"; do
        refuses "$fault" 65 "$expected" "$QUERN" run sales/bad.yaml --set output=bad
        refuses "$fault, on 3 ranks" 65 "$expected" mpiexec -n 3 "$QUERN" run sales/bad.yaml \
            --set output=bad
    done
}

fault "an unknown column" 's/s.quantity/s.qantity/' "sales/bad.yaml:12:" "qantity" "quantity"
fault "an unknown table" 's/JOIN sales AS/JOIN sails AS/' "sales/bad.yaml:17:" "unknown table 'sails'"
fault "a mistake in the grammar" 's/GROUP BY/GRUOP BY/' "sales/bad.yaml:18:"
fault "tables without a query" '/query: |/,/ORDER BY/d' "'tables' are read by a 'query'"
fault "a table without a path" 's/sales: sales.csv/sales: {delimiter: ";"}/' "a table needs a 'path'"
fault "an unknown key beside them" 's/  query: |/  qeury: x\n  query: |/' "unknown key 'qeury'"
sed 's/customers.csv/nowhere.csv/' sales/job.yaml >sales/bad.yaml
refuses "a missing file" 66 "nowhere.csv" "$QUERN" run sales/bad.yaml --set output=bad
finish
