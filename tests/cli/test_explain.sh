# quern explain, and the options of commands that run plans.
. "$(dirname "$0")/lib.sh"

printf 'id,x,g\n1,10,a\n2,20,b\n3,30,a\n' >a.csv
printf 'id,y\n1,100\n1,101\n3,300\n' >b.csv
query="SELECT a.id, y FROM a, b WHERE a.id = b.id AND y > 100 ORDER BY y LIMIT 3"

text=$("$QUERN" explain "$query" --table a=a.csv --table b=b.csv)
contains "the plan as written" "$text" "As written
  Limit 3
    Sort y
      Project a.id, y"
contains "the improved plan" "$text" "Improved
  Top 3 by y
    Project id, y
      Inner join on (id = id_1)"
contains "the operators" "$text" "  └─ Project id, y  (about 3 rows)
     └─ Inner join on (id = id_1)"

contains "how a join goes about it" "$text" "Inner join on (id = id_1)  (about 3 rows, broadcast right up to "
contains "rows of tables" "$text" "Scan a [id] 1 of 3 columns  (3 rows)"

for n in 1 3; do
    text=$(ranks "$n" "$QUERN" explain "$query" --analyze --table a=a.csv --table b=b.csv)
    contains "rows of operators on $n ranks" "$text" "rows 2 of 2, batches 1, "
    contains "how a join went about it on $n ranks" "$text" ", broadcast right: 2 rows, 32 B)"
    contains "imbalance on $n ranks" "$text" ", imbalance "
done
text=$("$QUERN" explain "$query" --analyze --format json --table a=a.csv --table b=b.csv)
contains "JSON" "$text" '"operators": {"operator": "Top 3 by y", "expected_rows": 3, "rows": 2, '
if command -v python3 >/dev/null; then
    check "JSON that parses" sh -c 'printf "%s" "$1" | python3 -m json.tool' sh "$text"
fi

cat >job.yaml <<'YAML'
input: a.csv
sql: SELECT id + 1 AS k FROM t WHERE x > 10
stages:
  - {type: imputer, input_cols: [k], output_cols: [m]}
YAML
text=$("$QUERN" explain job.yaml)
contains "a job's plan" "$text" "Improved
  Stage imputer
    Project (id + 1) AS k
      Filter (x > 10)
        Scan t [id, x] 2 of 2 columns"

# feature versions: what the record tells of a part leaves it out
cat >features.yaml <<'YAML'
input: a.csv
output: out
stages:
  - {type: imputer, input_cols: [x], output_cols: [m]}
save: {features: {store: store, group: g}}
YAML
check "a feature version" "$QUERN" run features.yaml --quiet
text=$("$QUERN" explain "SELECT id FROM t WHERE id > 3 AND g = 'a' AND x + id > 7" --table t=out/store/groups/g)
contains "a part that is left out" "$text" "columns, 0 of 1 parts by (id > 3) AND (g = 'a')  (0 rows)"
text=$("$QUERN" explain "SELECT id FROM t WHERE x >= 30" --table t=out/store/groups/g@0)
contains "a part that is left" "$text" "columns, 1 of 1 parts by (x >= 30)  (3 rows)"
same "rows of a version" "$("$QUERN" sql "SELECT id FROM t WHERE x >= 30" --format csv \
    --table t=out/store/groups/g)" "id
3"

# options
same "little memory" "$("$QUERN" sql "SELECT g, count(*) AS n FROM a GROUP BY g" --memory 1k --scratch . \
    --table a=a.csv --format csv)" "g,n
a,2
b,1"
same "null for what overflows" "$("$QUERN" sql "SELECT 2147483647 + 1 AS n, 1 AS m" --on-fault null \
    --format csv)" "n,m
,1"
refuses "an error for division by zero" 67 "by zero" "$QUERN" sql "SELECT id / 0 AS n FROM a" \
    --on-fault error --table a=a.csv
same "now" "$("$QUERN" sql "SELECT current_date AS d" --now '2024-02-29 12:00:00' --format csv)" "d
2024-02-29"
same "the time zone" "$("$QUERN" sql "SELECT current_date AS d" --now '2024-02-29 23:30:00Z' \
    --time-zone +02:00 --format csv)" "d
2024-03-01"
refuses "a size that is none" 2 "--memory takes a size like 500M or 2G, not 'much'" "$QUERN" sql \
    "SELECT 1 AS a" --memory much
refuses "a time that is none" 2 "--now takes a time" "$QUERN" sql "SELECT 1 AS a" --now soon
refuses "a time zone that is none" 65 "Mars" "$QUERN" sql "SELECT id FROM a" --time-zone Mars \
    --table a=a.csv
refuses "an unknown column in explain" 65 "query:1:8" "$QUERN" explain "SELECT z FROM a" --table a=a.csv
refuses "a job with --analyze" 2 "for queries" "$QUERN" explain job.yaml --analyze
finish
