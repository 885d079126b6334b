#!/bin/sh
# Data quality on the command line: counts as DuckDB's, the same bytes on any number of ranks, exit
# codes, and faults of rules found in place.
# Timeout: 300
. "$(dirname "$0")/lib.sh" "$@"

diamonds=$SOURCE/datasets/diamonds/diamonds.csv

# ---- Counts: DuckDB 2.0 over the same file, e.g.
# SELECT count(*) FROM 'diamonds.csv' WHERE price < 350 OR price > 15000
cat >rules.yaml <<'R'
quarantine: bad.csv
rules:
  - {type: not_null, columns: [price, cut]}
  - {type: range, column: price, min: 350, max: 15000, action: quarantine}
  - {type: range, column: x, min: 0, exclusive: min, action: drop, name: x is positive}
  - {type: allowed, column: cut, values: [Ideal, Premium, Good], action: warn}
  - {type: matches, column: clarity, pattern: "^(SI|VS)[12]$", action: warn, max_share: 0.5}
  - {type: unique, columns: [carat, cut, price, x, y, z, color, clarity, depth, table], action: quarantine}
  - {type: predicate, predicate: "x <= y * 2 and price / carat < 20000", action: warn}
  - {type: drift, column: price, table: diamonds.csv, threshold: 0}
  - {type: row_count, min: 60000, action: warn}
R
ln -s "$diamonds" diamonds.csv
first=
for n in 1 2 3 4 7; do
    rm -f bad.csv out.csv report.json
    check "rules on $n ranks" ranks $n "$QUERN" validate diamonds.csv rules.yaml -o out.csv \
        --report report.json --format csv --quiet
    digest=$(cat .stdout bad.csv out.csv report.json | sha256sum)
    [ -n "$first" ] || first=$digest
    same "the same bytes on $n ranks" "$digest" "$first"
done
same "counts of each rule" "$(cut -d, -f1,4- .stdout |
    grep -o '[0-9]*,[0-9]*,[0-9.e-]*,\(fail\|warn\|drop\|quarantine\),[a-z]*' |
    awk -F, '{print $1 "," $2 "," $4 "," $5}' | tr '\n' ' ')" \
    "53940,0,fail,passed 53940,1672,quarantine,quarantined 53940,8,drop,dropped \
53940,13692,warn,warned 53940,11252,warn,passed 53940,146,quarantine,quarantined \
53940,0,warn,passed 53940,,fail,passed 53940,,warn,warned "
same "rows that pass" "$(($(wc -l <out.csv) - 1))" 52125
same "quarantined rows" "$(($(wc -l <bad.csv) - 1))" 1810
contains "where a quarantined row came from" "$(sed -n 2p bad.csv)" ",0,range(price)"
contains "totals" "$(cat report.json)" '"passed": 52125'
check "table files and a table of results" "$QUERN" validate diamonds.csv rules.yaml -o out.h5 \
    --quarantine bad.h5 --quiet
contains "a report for people" "$(cat .stdout)" \
    "53940 rows: 52125 passed, 5 dropped, 1810 quarantined; 9 rules: 0 failed, 2 warned"
"$QUERN" digest out.csv >a && "$QUERN" digest out.h5 >b
same "the format does not matter" "$(cut -d' ' -f1 a)" "$(cut -d' ' -f1 b)"

# ---- A generated table, and the one it is compared with
check "a log" "$QUERN" generate transactions --rows 60000 --seed 3 -o log.csv --quiet
check "another" "$QUERN" generate transactions --rows 50000 --seed 4 -o other.csv --quiet
cat >log.yaml <<'R'
tables: {other: other.csv}
rules:
  - {type: references, columns: [user_id], table: other, action: warn}
  - {type: outliers, column: amount, action: warn}
  - {type: freshness, column: transaction_date, max_age: 1 day, action: warn}
  - {type: drift, column: amount, table: other}
  - {type: drift, column: category, table: other}
  - {type: drift, column: amount, table: other, method: ks}
  - {type: query, query: "SELECT count(*) > (SELECT count(*) FROM other) FROM data"}
R
first=
for n in 1 3 4; do
    check "rules over two tables on $n ranks" ranks $n "$QUERN" validate log.csv log.yaml \
        --format json --quiet --now 2030-01-01
    digest=$(sha256sum <.stdout)
    [ -n "$first" ] || first=$digest
    same "the same report on $n ranks" "$digest" "$first"
done
check "the clock of the run decides" "$QUERN" validate log.csv log.yaml --quiet --now 2000-01-01 \
    --format csv
contains "fresh" "$(grep '^freshness' .stdout)" ",passed,"
check "a little memory" "$QUERN" validate log.csv log.yaml --format json --quiet \
    --now 2030-01-01 --memory 200K
same "the same report with scratch space" "$(sha256sum <.stdout)" "$first"

# ---- A dirty table made by formula. Counts by DuckDB 2.0, e.g.
# SELECT count(id) - count(DISTINCT id) FROM 'dirty.csv'
awk 'BEGIN { print "id,amount,kind,day,email"; for (i = 0; i < 3000; i++) {
    id = i % 97 == 5 ? i - 5 : i; amount = (i * 7919 % 1009) / 10 - 2; kind = substr("abcdx", i * 31 % 5 + 1, 1)
    printf "%s,%s,%s,2024-%02d-%02d,%s\n", i % 41 == 7 ? "" : id, i % 29 == 3 ? "" : amount, i % 53 == 1 ? "" : kind,
        i % 12 + 1, i % 28 + 1, i % 61 == 9 ? "user" i : "user" i "@example.org" } }' >dirty.csv
awk 'BEGIN { print "kind,day"; for (i = 0; i < 300; i++) printf "%s,2024-%02d-%02d\n", substr("abce", i % 4 + 1, 1), i % 12 + 1, i % 28 + 1 }' >known.csv
cat >dirty.yaml <<'R'
quarantine: dbad.csv
rules:
  - {type: not_null, columns: [id, amount], action: warn}
  - {type: range, column: amount, min: 0, max: 95, exclusive: max, action: quarantine}
  - {type: range, column: day, min: 2024-02-01, max: 2024-11-15, action: warn}
  - {type: allowed, column: kind, values: [a, b, c], action: drop}
  - {type: matches, column: email, pattern: '^\w+@[a-z]+\.org$', action: warn}
  - {type: unique, columns: [id], action: warn}
  - {type: references, columns: [kind, day], table: known.csv, action: warn}
  - {type: predicate, predicate: amount > 10 or kind = 'a', action: warn}
  - {type: predicate, predicate: amount > 10 or kind = 'a', allow_null: true, action: warn}
R
for n in 1 4; do
    check "a dirty table on $n ranks" ranks $n "$QUERN" validate dirty.csv dirty.yaml --quiet \
        --format json
    same "violations of each rule on $n ranks" \
        "$(sed -n 's/.*"violations": \([0-9]*\).*/\1/p' .stdout | tr '\n' ' ')" \
        "175 168 607 1177 50 30 2501 365 275 "
    same "where rows went on $n ranks" \
        "$(sed -n 's/^  "\(passed\|dropped\|quarantined\)": \([0-9]*\).*/\2/p' .stdout | tr '\n' ' ')" \
        "1719 1113 168 "
done

# ---- A load beside the version before it
cat >load.yaml <<'J'
input: dirty.csv
quality:
  rules:
    - {type: range, column: amount, min: 0, action: drop}
    - {type: drift, column: amount, table: other-out/store/groups/g@0, threshold: 0.01, action: warn}
    - {type: drift, column: kind, table: other-out/store/groups/g, method: psi, threshold: 0.000001}
save: {features: {store: store, group: g}}
J
sed '/drift/d; s/min: 0/min: 50/' load.yaml >before.yaml
check "the version before" "$QUERN" run before.yaml --quiet --set output=other-out
check "then one of all rows" "$QUERN" run before.yaml --quiet --set output=other-out \
    --set quality.rules.0.min=-100
check "a load compared with versions" ranks 3 "$QUERN" run load.yaml --quiet
contains "the first version is another one" "$(cat load-out/quality.json)" '"outcome": "warned"'
contains "the latest has the same kinds" "$(cat load-out/quality.json)" '"warned": 1'

# ---- A rule that fails
sed 's/action: warn, max_share: 0.5/max_share: 0.1/' rules.yaml >strict.yaml
rm -f out.csv bad.csv report.json
refuses "a rule that fails" 68 "1 quality rule is broken: matches(clarity)" mpiexec -n 3 "$QUERN" \
    validate diamonds.csv strict.yaml -o out.csv --report report.json
contains "the report is whole" "$(cat .stdout)" "1 failed"
checks=$((checks + 2))
[ -e bad.csv ] && [ -e report.json ] || fail "quarantine and report are written"
[ ! -e out.csv ] || fail "there is an output, but a rule failed"

# ---- A job
cat >job.yaml <<'J'
input: diamonds.csv
quality:
  quarantine: bad.csv
  rules:
    - {type: range, column: price, min: 350, max: 15000, action: quarantine}
    - {type: range, column: x, min: 0, exclusive: min, action: drop, name: x is positive}
    - {type: unique, columns: [carat, cut, price, x, y, z], action: warn}
sql: SELECT carat, price FROM t
save: {features: {store: store, group: g}}
J
first=
for n in 1 3; do
    rm -rf job-out
    check "a job on $n ranks" ranks $n "$QUERN" run job.yaml --quiet
    digest=$(cat job-out/bad.csv job-out/quality.json | sha256sum)
    [ -n "$first" ] || first=$digest
    same "the same bytes on $n ranks" "$digest" "$first"
    "$QUERN" store show job-out/store g >show.json
    contains "the version has the rows that pass" "$(cat show.json)" '"rows": 52262'
    contains "the version's record says what was found" "$(cat show.json)" '"rule": "x is positive"'
done
check "a job is checked" "$QUERN" check job.yaml
refuses "a job whose input is bad" 68 "unique(carat, cut, price and 3 more)" "$QUERN" run job.yaml \
    --set quality.rules.2.action=fail --set output=failed
contains "status.json says so" "$(cat failed/status.json)" '"exit_code": 68'
same "nothing was fitted or saved" "$(find failed -name store | wc -l)" 0
cat >query.yaml <<'J'
input:
  tables: {d: diamonds.csv}
  query: SELECT cut, avg(price) AS mean FROM d GROUP BY cut ORDER BY cut
quality:
  rules:
    - {type: range, column: mean, max: 4000, action: drop}
save: {features: {store: store, group: g}}
J
check "rules over a query's rows" ranks 2 "$QUERN" run query.yaml --quiet
contains "two cuts are left out" "$("$QUERN" store show query-out/store g)" '"rows": 3'

# ---- Faults
# faulty WHAT CODE TEXT RULES: RULES is a printf format
faulty() {
    printf "$4" >faulty.yaml
    refuses "$1" "$2" "$3" "$QUERN" validate --check diamonds.csv faulty.yaml
}
check "good rules" "$QUERN" validate --check diamonds.csv rules.yaml
contains "say so" "$(cat .stdout)" "rules.yaml: ok, 9 rules over 10 columns"
refuses "no rules file" 66 "missing.yaml" "$QUERN" validate diamonds.csv missing.yaml
refuses "no input" 66 "missing.csv" "$QUERN" validate missing.csv rules.yaml
refuses "nothing to validate" 2 "needs more" "$QUERN" validate rules.yaml
faulty "no YAML" 65 "faulty.yaml:2:1: error:" 'rules: [{type: \n'
faulty "a list" 65 "map of keys" '\55 a\n'
faulty "a NUL byte" 65 "NUL" 'rules: []\000\n'
faulty "no rules" 65 "key 'rules' is missing" 'examples: 3\n'
faulty "an unknown key" 65 "faulty.yaml:1:1: error: unknown key 'rule'" 'rule: []\nrules: []\n'
faulty "rules that are no list" 65 "faulty.yaml:1:8: error: 'rules' is a list" 'rules: {a: b}\n'
faulty "a rule without type" 65 "a rule needs a 'type'" 'rules: [{column: x}]\n'
faulty "an unknown rule" 65 "faulty.yaml:1:16: error: unknown rule 'rang'" \
    'rules: [{type: rang, column: x}]\n'
faulty "an unknown option" 65 "faulty.yaml:1:23: error:" 'rules: [{type: range, colum: x}]\n'
faulty "an unknown column" 65 "faulty.yaml:1:31: error: range: unknown column 'xx'" \
    'rules: [{type: range, column: xx, min: 1}]\n'
faulty "the wrong type" 65 "column 'cut' is of type string" \
    'rules: [{type: range, column: cut, min: 1}]\n'
faulty "a value of another type" 65 "faulty.yaml:1:39: error: range: min: 'one' is no value" \
    'rules: [{type: range, column: x, min: one}]\n'
faulty "a bad regular expression" 65 "matches: " \
    'rules: [{type: matches, column: cut, pattern: "(a"}]\n'
faulty "SQL that is none" 65 "faulty.yaml:1:" \
    'rules: [{type: predicate, predicate: "x > > 1"}]\n'
faulty "an unknown column in SQL" 65 "faulty.yaml:3:" \
    'rules:\n  - type: predicate\n    predicate: x > xx\n'
faulty "an unknown column in a query" 65 "faulty.yaml:4:18: error: query: unknown column" \
    'rules:\n  - type: query\n    query: |\n      SELECT max(xx) > 1 FROM data\n'
faulty "a reference to no table" 66 "nowhere.csv" \
    'rules: [{type: references, columns: [x], table: nowhere.csv}]\n'
faulty "a quarantine without a place" 65 "'quarantine' does not say" \
    'rules: [{type: range, column: x, min: 1, action: quarantine}]\n'
faulty "a quarantine of no known format" 65 "ends with .csv" \
    'quarantine: bad.txt\nrules: [{type: range, column: x, min: 1, action: quarantine}]\n'
faulty "examples without end" 65 "'examples' must be" 'examples: -1\nrules: []\n'
printf 'rules:\n  - {type: range, column: xx, min: 1}\n  - {type: rnge}\n  - {type: allowed, column: cut, action: stop}\n' \
    >faulty.yaml
refuses "all faults of the text at once" 65 "unknown rule 'rnge'" "$QUERN" validate --check \
    diamonds.csv faulty.yaml
contains "the others too" "$(cat .stderr)" "'stop'"
refuses "one file for two results" 2 "named for two results" "$QUERN" validate diamonds.csv rules.yaml \
    -o bad.csv
refuses "an output of no known format" 2 "--output" "$QUERN" validate diamonds.csv rules.yaml -o out.txt
printf 'input: diamonds.csv\nquality:\n  rules: [{type: range, column: xx, min: 1}]\n' >badjob.yaml
refuses "a job's rules are checked" 65 "badjob.yaml:3:33: error: range: unknown column 'xx'" \
    "$QUERN" check badjob.yaml
finish
