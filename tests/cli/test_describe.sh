#!/bin/sh
# describe: the numbers of R, the same on any ranks, values that doubles cannot hold.
. "$(dirname "$0")/lib.sh" "$@"

diamonds=$SOURCE/datasets/diamonds/diamonds.csv
# R 4.2.2: mean, sd, min, quantile(type = 1), max, length(unique())
cat >expected.csv <<'END'
carat,float64,53940,0,0.797939747868,0.47401124440542,0.2,0.4,0.7,1.04,5.01,273
cut,string,53940,0,,,Fair,,,,Very Good,5
color,string,53940,0,,,D,,,,J,7
clarity,string,53940,0,,,I1,,,,VVS2,8
depth,float64,53940,0,61.749404894327,1.4326213188337,43,61,61.8,62.5,79,184
table,float64,53940,0,57.457183908046,2.2344905628213,43,56,57,59,95,127
price,int64,53940,0,3932.7997219132,3989.4397381464,326,950,2401,5324,18823,11602
x,float64,53940,0,5.7311572117167,1.1217607467925,0,4.71,5.7,6.54,10.74,554
y,float64,53940,0,5.7345259547646,1.1421346741236,0,4.72,5.71,6.54,58.9,552
z,float64,53940,0,3.5387337782722,0.70569884694999,0,2.91,3.53,4.04,31.8,375
END
rounded() {
    sed 1d "$1" | awk -F, -v OFS=, '$5 != "" { $5 = sprintf("%.14g", $5); $6 = sprintf("%.14g", $6) } { print }'
}
check "diamonds are described" "$QUERN" describe "$diamonds" --format csv --quiet
cp .stdout one.csv
printf 'column,type\n%s\n' "$(cat expected.csv)" >titled.csv
same "the numbers are R's" "$(rounded one.csv)" "$(rounded titled.csv)"
same "the heads" "$(head -n 1 one.csv)" \
    "column,type,count,nulls,mean,stddev,min,25%,50%,75%,max,distinct"
for count in 2 3 7; do
    ranks $count "$QUERN" describe "$diamonds" --format csv --quiet >many.csv
    check "the same bytes on $count ranks" cmp one.csv many.csv
done
"$QUERN" describe "$diamonds" >table.txt 2>/dev/null
same "a table fits a terminal" "$(awk 'length > 120' table.txt | wc -l)" 0

cat >hard.csv <<'END'
id,when,day,ok,name,x,empty
9223372036854775807,2024-01-31 12:00:00,2024-01-31,true,"Zoë Quint, a name that is rather long",1.5,
9007199254740993,2023-05-01 00:00:01.123456789,2024-02-29,false,"a
b",NaN,
-9223372036854775807,2023-05-01 00:00:01.123456788,,true,,2.5,
END
for count in 1 3; do
    ranks $count "$QUERN" describe hard.csv --format json >hard.json 2>hard.err
    check "json is valid" python3 -m json.tool hard.json
    contains "long integers" "$(cat hard.json)" \
        '"min": "-9223372036854775807", "25%": "-9223372036854775807", "50%": "9007199254740993", "75%": "9223372036854775807", "max": "9223372036854775807", "distinct": 3}'
    contains "nanoseconds" "$(cat hard.json)" \
        '"min": "2023-05-01 00:00:01.123456788", "25%": "2023-05-01 00:00:01.123456788", "50%": "2023-05-01 00:00:01.123456789"'
    contains "dates" "$(cat hard.json)" '"count": 2, "nulls": 1, "mean": null, "stddev": null, "min": "2024-01-31"'
    contains "bools" "$(cat hard.json)" '"mean": 0.6666666666666666, "stddev": null, "min": "false", "25%": null'
    contains "nothing but nulls" "$(cat hard.json)" '"column": "empty", "type": "string", "count": 0, "nulls": 3'
    contains "NaN is no value" "$(cat hard.json)" '"column": "x", "type": "float64", "count": 2, "nulls": 0, "mean": 2,'
    contains "NaN is told" "$(cat hard.err)" "column 'x': 1 NaN"
done
contains "long strings are clipped" "$("$QUERN" describe hard.csv --quiet)" "Zoë Quint, a name t~"
contains "lines stay lines" "$("$QUERN" describe hard.csv --quiet)" "a b"

echo "a,b" >none.csv
same "no rows" "$("$QUERN" describe none.csv --format csv --quiet | tail -n 1)" "b,string,0,0,,,,,,,,0"
refuses "no file" 66 "does not exist" "$QUERN" describe nothing.csv
finish
