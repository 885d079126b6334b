#!/usr/bin/env python3
"""Makes tests/golden/sql.txt: results of queries as SQLite computes them.

Usage: python3 tests/golden/sql.py > tests/golden/sql.txt   (Python 3.11, SQLite 3.40.1)

The table is that of tests/features/sql_table.h. Where SQLite spells a thing differently (dates as
text, integer division), the query is given in both spellings. A case in the file:

    query ...       one line
    fields|...      one line a row, null as \\N, bool as 0 and 1
    (blank line)
"""
import datetime
import sqlite3

WORDS = ["Ideal", "Premium", "good", "Very Good", "Fair", ""]


def table(db):
    db.execute("PRAGMA case_sensitive_like = ON")
    db.execute("CREATE TABLE t (id INTEGER, n INTEGER, x REAL, Cut TEXT, flag INTEGER, day TEXT)")
    first = datetime.date(2020, 1, 1)
    for i in range(1000):
        db.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", (
            i,
            None if i % 13 == 5 else i * 7919 % 101 - 50,
            None if i % 11 == 3 else (i * 31 % 97) / 8,
            None if i % 17 == 4 else WORDS[i * 5 % 6],
            None if i % 19 == 7 else int(i // 3 % 2 == 0),
            None if i % 23 == 9 else (first + datetime.timedelta(days=i)).isoformat()))


def field(value):
    if value is None:
        return "\\N"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


W = " FROM t WHERE id < 40"
CASES = [
    "SELECT *" + W,
    "SELECT id, x + 1 AS y, x - n AS d, x * 2.5 AS p, -(x + 1) AS m, +n AS q" + W,
    ("SELECT id, n / 4 AS q, x / n AS r, id / 0 AS z" + W,
     "SELECT id, n / 4.0 AS q, x / n AS r, NULL AS z" + W),
    "SELECT id, n % 7 AS m, id % 5 AS k" + W,
    "SELECT id, abs(n) AS a, round(x) AS r, coalesce(n, id, 0) AS c" + W,
    ("SELECT id, GREATEST(n, id) AS g, LEAST(n, id, 3) AS l" + W,
     "SELECT id, CASE WHEN n IS NULL THEN id ELSE max(n, id) END AS g,"
     " CASE WHEN n IS NULL THEN min(id, 3) ELSE min(n, id, 3) END AS l" + W),
    "SELECT id, nullif(n, 4) AS a, nullif(Cut, 'good') AS b" + W,
    "SELECT id, Cut || '-' || id AS s, upper(Cut) AS u, lower(Cut) AS l, length(Cut) AS k" + W,
    ("SELECT id, SUBSTRING(Cut FROM 2 FOR 3) AS s, substring(Cut, 3) AS e, substr(Cut, 1, 2) AS b" + W,
     "SELECT id, substr(Cut, 2, 3) AS s, substr(Cut, 3) AS e, substr(Cut, 1, 2) AS b" + W),
    "SELECT id, trim('  ' || Cut || ' ') AS t, replace(Cut, 'o', '0') AS r" + W,
    ("SELECT id, trim(both 'Id' FROM Cut) AS t, ltrim(Cut, 'Ig') AS l, trim(trailing 'ld' from Cut)"
     " AS r" + W,
     "SELECT id, trim(Cut, 'Id') AS t, ltrim(Cut, 'Ig') AS l, rtrim(Cut, 'ld') AS r" + W),
    "SELECT id, n < 0 AS a, x >= 5.5 AS b, n = id AS c, n <> 3 AS d, Cut > 'Ideal' AS e" + W,
    "SELECT id, flag AND n > 0 AS a, flag OR n > 0 AS o, NOT flag AS m" + W,
    "SELECT id, n IS NULL AS a, x IS NOT NULL AS b, flag IS TRUE AS c, flag IS NOT TRUE AS d,"
    " flag IS FALSE AS e, flag IS NOT FALSE AS f" + W,
    ("SELECT id, flag IS UNKNOWN AS u, flag IS NOT UNKNOWN AS k" + W,
     "SELECT id, flag IS NULL AS u, flag IS NOT NULL AS k" + W),
    "SELECT id, n IS DISTINCT FROM 3 AS a, n IS NOT DISTINCT FROM NULL AS b" + W,
    "SELECT id, n IN (1, 2, 3, 4, 5) AS a, Cut NOT IN ('good', 'Fair') AS b, n IN (1, NULL) AS c" + W,
    "SELECT id, n BETWEEN -10 AND 10 AS a, x NOT BETWEEN 2 AND 6.5 AS b" + W,
    "SELECT id, Cut LIKE '%oo%' AS a, Cut NOT LIKE 'I_e%' AS b, Cut LIKE '' AS c" + W,
    "SELECT id, Cut || '%' LIKE '%l!%' ESCAPE '!' AS a, Cut NOT LIKE 'I$%%' ESCAPE '$' AS b" + W,
    ("SELECT id, Cut ILIKE 'G%' AS a, Cut ILIKE '%GOOD' AS b" + W,
     "SELECT id, lower(Cut) LIKE 'g%' AS a, lower(Cut) LIKE '%good' AS b" + W),
    "SELECT id, CASE WHEN n < 0 THEN 'neg' WHEN n = 0 THEN 'zero' WHEN n > 0 THEN 'pos' END AS s,"
    " CASE Cut WHEN 'good' THEN 1 WHEN 'Fair' THEN 2 ELSE 0 END AS c" + W,
    "SELECT id, CAST(x AS INTEGER) AS i, CAST(n AS TEXT) AS s, CAST(id AS DOUBLE PRECISION) AS d" + W,
    ("SELECT id, x::int AS i, '12'::bigint AS b, 'zwölf'::int AS z, n::string AS s" + W,
     "SELECT id, CAST(x AS INTEGER) AS i, 12 AS b, NULL AS z, CAST(n AS TEXT) AS s" + W),
    ("SELECT id, EXTRACT(year FROM day) AS y, extract(MONTH from day) AS m, EXTRACT(day FROM day) AS d,"
     " EXTRACT(doy FROM day) AS j, EXTRACT(dow FROM day) AS w" + W,
     "SELECT id, CAST(strftime('%Y', day) AS INTEGER) AS y, CAST(strftime('%m', day) AS INTEGER) AS m,"
     " CAST(strftime('%d', day) AS INTEGER) AS d, CAST(strftime('%j', day) AS INTEGER) AS j,"
     " CAST(strftime('%w', day) AS INTEGER) + 1 AS w" + W),
    ("SELECT id, day FROM t WHERE day >= DATE '2022-09-01' AND day < '2022-09-10'",
     "SELECT id, day FROM t WHERE day >= '2022-09-01' AND day < '2022-09-10'"),
    "SELECT id FROM t WHERE n > 45 AND Cut = 'Ideal' OR x IS NULL AND flag",
    "SELECT id, n FROM t WHERE NOT (n < 48 OR n IS NULL)",
    "SELECT id FROM t WHERE n > 1000",
    "SELECT id FROM t WHERE NULL",
    "SELECT id, cut AS c FROM t AS s WHERE s.CUT = 'Premium' AND S.n > 40",
    "SELECT t.* FROM t WHERE t.id IN (0, 63, 64, 65, 127, 128, 500, 999)",
    "SELECT 'it''s' AS q, 1 AS one, 2.5 AS r, 3000000000 AS big, NULL AS nil, id FROM t LIMIT 3",
    "SELECT id FROM t LIMIT 5 OFFSET 62",
    "SELECT id FROM t LIMIT 3 OFFSET 998",
    "SELECT id FROM t LIMIT 0",
    "SELECT id FROM t LIMIT 10 OFFSET 2000",
    ("SELECT id FROM t OFFSET 990", "SELECT id FROM t LIMIT -1 OFFSET 990"),
    ("SELECT id FROM t OFFSET 995 ROWS FETCH FIRST 2 ROWS ONLY",
     "SELECT id FROM t LIMIT 2 OFFSET 995"),
    "SELECT id, n * 2 AS m FROM t WHERE n > 40 LIMIT 20 OFFSET 30",
]


def main():
    db = sqlite3.connect(":memory:")
    table(db)
    for case in CASES:
        query, ours = case if isinstance(case, tuple) else (case, case)
        print(query)
        for row in db.execute(ours):
            print("|".join(field(v) for v in row))
        print()


main()
