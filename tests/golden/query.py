#!/usr/bin/env python3
"""Makes tests/golden/query.txt: results of whole queries as DuckDB computes them.

Usage: python3 tests/golden/query.py > tests/golden/query.txt   (Python 3.11, DuckDB 2.0.0)

Tables t and u are both that of tests/features/sql_table.h, twice. Where DuckDB spells a thing
differently, the query is given in both spellings. The file is like that of sql.py. Nulls are
ordered as Spark does, which DuckDB can be told to.
"""
import datetime

import duckdb

WORDS = ["Ideal", "Premium", "good", "Very Good", "Fair", ""]


def table(db):
    db.execute("SET default_null_order = 'nulls_first_on_asc_last_on_desc'")
    db.execute("CREATE TABLE t (id BIGINT, n INTEGER, x DOUBLE, Cut VARCHAR, flag BOOLEAN, day DATE)")
    first = datetime.date(2020, 1, 1)
    for i in range(1000):
        db.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", (
            i,
            None if i % 13 == 5 else i * 7919 % 101 - 50,
            None if i % 11 == 3 else (i * 31 % 97) / 8,
            None if i % 17 == 4 else WORDS[i * 5 % 6],
            None if i % 19 == 7 else i // 3 % 2 == 0,
            None if i % 23 == 9 else first + datetime.timedelta(days=i)))
    db.execute("CREATE VIEW u AS SELECT * FROM t")


def field(value):
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


CASES = [
    # aggregates
    "SELECT count(*), count(n), count(DISTINCT n), sum(n), min(x), max(x), sum(x), min(cut), max(day) FROM t",
    "SELECT cut, count(*) AS c, sum(n) AS s, avg(x) AS a FROM t GROUP BY cut ORDER BY cut",
    "SELECT n % 5 AS r, flag, sum(x) AS s FROM t WHERE n > 0 GROUP BY n % 5, flag HAVING count(*) > 20 ORDER BY 1, 2",
    "SELECT upper(cut) AS c, max(n) - min(n) AS spread FROM t GROUP BY 1 ORDER BY spread DESC, c",
    "SELECT cut, sum(n) FILTER (WHERE flag) AS yes, count(*) FILTER (WHERE x > 5) AS big FROM t GROUP BY cut ORDER BY cut",
    "SELECT cut, string_agg(CAST(id AS VARCHAR), ',' ORDER BY n DESC, id) AS l FROM t WHERE id < 30 GROUP BY cut ORDER BY cut",
    "SELECT cut, percentile_cont(0.25) WITHIN GROUP (ORDER BY x) AS q, percentile_disc(0.5) WITHIN GROUP (ORDER BY n) AS m FROM t GROUP BY cut ORDER BY cut",
    "SELECT round(stddev_samp(x), 9) AS s, round(var_pop(n), 9) AS v, round(corr(n, x), 9) AS c, bool_and(flag) AS a, bool_or(flag) AS o FROM t",
    "SELECT sum(n) AS s FROM t WHERE id > 5000",
    "SELECT cut FROM t WHERE id > 5000 GROUP BY cut",
    "SELECT count(*) AS c FROM t GROUP BY cut ORDER BY max(id) LIMIT 3",
    "SELECT sum(n) * 2 + count(*) AS z, sum(n) AS s FROM t",
    "SELECT cut, flag, count(*) AS c, GROUPING(cut, flag) AS g FROM t GROUP BY ROLLUP (cut, flag) ORDER BY g, cut, flag",
    "SELECT cut, flag, sum(n) AS s FROM t WHERE id < 100 GROUP BY CUBE (cut, flag) ORDER BY GROUPING(cut, flag), cut, flag",
    "SELECT n % 3 AS k, sum(x) AS s FROM t GROUP BY GROUPING SETS ((n % 3), ()) ORDER BY GROUPING(n % 3), k",
    "SELECT max_by(id, x) AS a, min_by(cut, n) AS b FROM t WHERE id BETWEEN 100 AND 130",
    # windows
    "SELECT id, row_number() OVER (PARTITION BY cut ORDER BY n DESC, id) AS r, rank() OVER (ORDER BY n) AS k, dense_rank() OVER (ORDER BY n) AS d FROM t WHERE id < 60 ORDER BY id",
    "SELECT id, lag(n) OVER w AS l, lead(n, 2, -1) OVER w AS e, first_value(x) OVER w AS f, last_value(x) OVER w AS g FROM t WHERE id < 60 WINDOW w AS (PARTITION BY flag ORDER BY id) ORDER BY id",
    ("SELECT id, lag(n, 1) IGNORE NULLS OVER (ORDER BY id) AS l, last_value(x IGNORE NULLS) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS v FROM t WHERE id < 60 ORDER BY id",
     "SELECT id, lag(n, 1 IGNORE NULLS) OVER (ORDER BY id) AS l, last_value(x IGNORE NULLS) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS v FROM t WHERE id < 60 ORDER BY id"),
    "SELECT id, sum(n) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING) AS s, count(x) OVER (PARTITION BY cut ORDER BY id ROWS 5 PRECEDING) AS c, max(x) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND 4 FOLLOWING) AS m FROM t WHERE id < 60 ORDER BY id",
    "SELECT id, sum(x) OVER (ORDER BY n) AS s, sum(x) OVER (ORDER BY n RANGE BETWEEN 5 PRECEDING AND 5 FOLLOWING) AS r FROM t WHERE id < 60 AND n IS NOT NULL ORDER BY id",
    "SELECT id, sum(n) OVER (PARTITION BY flag ORDER BY day RANGE BETWEEN INTERVAL '7 days' PRECEDING AND CURRENT ROW) AS s FROM t WHERE id < 60 AND day IS NOT NULL ORDER BY id",
    "SELECT id, sum(n) OVER (ORDER BY x GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) AS s FROM t WHERE id < 60 AND x IS NOT NULL ORDER BY id",
    "SELECT cut, sum(n) AS s, sum(sum(n)) OVER (ORDER BY cut) AS running, sum(n) * 100 / sum(sum(n)) OVER () > 10 AS big FROM t GROUP BY cut ORDER BY cut",
    "SELECT id, n - max(n) OVER (PARTITION BY cut) AS d, ntile(4) OVER (ORDER BY id) AS q FROM t WHERE id < 40 ORDER BY d, id",
    "SELECT * FROM (SELECT id, cut, row_number() OVER (PARTITION BY cut ORDER BY x DESC, id) AS r FROM t) AS q WHERE r <= 2 ORDER BY cut, r",
    "SELECT id, percent_rank() OVER (ORDER BY n) AS p, cume_dist() OVER (ORDER BY flag) AS c FROM t WHERE id < 17 ORDER BY id",
    "SELECT id, count(*) FILTER (WHERE flag) OVER (PARTITION BY cut) AS c FROM t WHERE id < 40 ORDER BY id",
    "SELECT id, nth_value(n, 2) OVER (w ORDER BY id) AS v FROM t WHERE id < 40 WINDOW w AS (PARTITION BY flag) ORDER BY id",
    # order
    "SELECT id, x FROM t ORDER BY x DESC, n, id LIMIT 12",
    "SELECT id, x FROM t ORDER BY x NULLS LAST, n DESC NULLS FIRST, id LIMIT 12 OFFSET 3",
    "SELECT n AS m, id FROM t WHERE id < 50 ORDER BY abs(m), -id",
    "SELECT cut, id FROM t WHERE id < 50 ORDER BY n % 7, id DESC",
    "SELECT DISTINCT cut, flag FROM t ORDER BY flag, cut",
    "SELECT DISTINCT ON (cut) cut, n, id FROM t ORDER BY cut, n DESC, id",
    # joins
    "SELECT a.id, b.id AS other FROM t AS a JOIN u AS b ON a.n = b.n AND a.id < b.id WHERE a.id < 40 ORDER BY 1, 2 LIMIT 40",
    "SELECT a.id, b.x FROM t AS a LEFT JOIN u AS b ON b.id = a.id + 990 WHERE a.id < 20 ORDER BY a.id",
    "SELECT id, a.n, b.n AS m FROM (SELECT id, n FROM t WHERE id < 6) AS a FULL JOIN (SELECT id, n FROM u WHERE id BETWEEN 3 AND 9) AS b USING (id) ORDER BY id",
    "SELECT count(*) AS c FROM t AS a, u AS b WHERE a.id = b.n AND a.flag AND b.x > 3",
    "SELECT v.name, count(*) AS c FROM t JOIN (VALUES ('Ideal', 'best'), ('Fair', 'worst'), (NULL, 'none')) AS v (cut, name) ON t.cut = v.cut GROUP BY v.name ORDER BY 1",
    "SELECT v.name, count(*) AS c FROM t JOIN (VALUES ('Ideal', 'best'), ('Fair', 'worst'), (NULL, 'none')) AS v (cut, name) ON t.cut IS NOT DISTINCT FROM v.cut GROUP BY v.name ORDER BY 1",
    "SELECT a.id FROM t AS a SEMI JOIN (SELECT n FROM u WHERE id < 10) AS b ON a.n = b.n WHERE a.id < 200 ORDER BY a.id",
    ("SELECT a.id FROM t AS a LEFT ANTI JOIN u AS b ON a.n = b.n AND b.x > 1 ORDER BY a.id LIMIT 20",
     "SELECT a.id FROM t AS a ANTI JOIN u AS b ON a.n = b.n AND b.x > 1 ORDER BY a.id LIMIT 20"),
    "SELECT a.id, b.id AS last FROM t AS a ASOF LEFT JOIN (SELECT id, x FROM u WHERE id % 10 = 0 AND x IS NOT NULL) AS b ON a.id > b.id WHERE a.id < 35 ORDER BY a.id",
    "SELECT a.id, b.day FROM t AS a ASOF JOIN (SELECT flag, day FROM u WHERE day IS NOT NULL AND id % 7 = 0) AS b ON a.flag = b.flag AND a.day >= b.day WHERE a.id < 40 ORDER BY a.id",
    "SELECT count(*) AS c FROM t NATURAL JOIN u",
    "SELECT count(*) AS c, sum(b.n) AS s FROM (SELECT * FROM t WHERE id < 30) AS a CROSS JOIN (SELECT * FROM u WHERE id < 20) AS b",
    # set operations
    "SELECT cut, flag FROM t WHERE id < 10 UNION SELECT cut, flag FROM t WHERE n > 45 ORDER BY 1, 2",
    "SELECT n FROM t WHERE id < 5 UNION ALL SELECT x FROM t WHERE id < 5 ORDER BY n",
    "SELECT n % 10 AS k FROM t INTERSECT SELECT id FROM t ORDER BY k DESC",
    "SELECT id FROM t WHERE id < 20 EXCEPT SELECT n FROM t ORDER BY id",
    "SELECT id % 3 AS k FROM t WHERE id < 9 EXCEPT ALL SELECT id % 2 FROM t WHERE id < 4 ORDER BY k",
    "(SELECT id FROM t ORDER BY x DESC, id LIMIT 2) UNION ALL (SELECT id FROM t ORDER BY x, id LIMIT 2) ORDER BY id",
    # subqueries
    "SELECT id FROM t WHERE x > (SELECT avg(x) * 1.9 FROM u) ORDER BY id",
    "SELECT id FROM t WHERE id < 100 AND n IN (SELECT id FROM u WHERE flag) ORDER BY id",
    "SELECT id FROM t WHERE id < 40 AND n NOT IN (SELECT id FROM u WHERE flag) ORDER BY id",
    "SELECT count(*) AS c FROM t WHERE id NOT IN (SELECT n FROM u)",
    "SELECT id, n IN (SELECT id FROM u WHERE id < 20) AS i, n NOT IN (SELECT n FROM u WHERE id < 8) AS o FROM t WHERE id < 30 ORDER BY id",
    "SELECT id FROM t AS a WHERE EXISTS (SELECT 1 FROM u AS b WHERE b.n = a.id AND b.x > 10) ORDER BY id",
    "SELECT id FROM t AS a WHERE id < 50 AND NOT EXISTS (SELECT 1 FROM u AS b WHERE b.n = a.n AND b.id > a.id + 900) ORDER BY id",
    "SELECT id FROM t AS a WHERE a.x IN (SELECT b.x FROM u AS b WHERE b.n = a.n AND b.id <> a.id) ORDER BY id",
    "SELECT id, EXISTS (SELECT 1 FROM u AS b WHERE b.n = a.id) AS e FROM t AS a WHERE id BETWEEN 40 AND 60 ORDER BY id",
    "SELECT id, (SELECT count(*) FROM u AS b WHERE b.n = a.id) AS c, (SELECT max(x) FROM u AS b WHERE b.n = a.n AND b.flag) AS m FROM t AS a WHERE id BETWEEN 40 AND 60 ORDER BY id",
    "SELECT id FROM t AS a WHERE x > (SELECT avg(b.x) * 1.9 FROM u AS b WHERE b.cut = a.cut) ORDER BY id",
    "SELECT cut, sum(n) > (SELECT sum(n) FROM u WHERE u.cut = t.cut AND u.flag) AS m FROM t GROUP BY cut ORDER BY cut",
    "SELECT (SELECT max(n) FROM u) - n AS d FROM t WHERE id < 5 ORDER BY 1",
    "SELECT cut, count(*) AS c FROM t GROUP BY cut HAVING count(*) > (SELECT count(*) / 6 FROM u WHERE cut IS NOT NULL) ORDER BY cut",
    "WITH a AS (SELECT cut, avg(x) AS m FROM t GROUP BY cut), b AS (SELECT max(m) AS top FROM a) SELECT a.cut FROM a, b WHERE a.m = b.top",
    "WITH a (k, v) AS (SELECT n % 4, x FROM t WHERE x > 11) SELECT p.k, count(*) AS c FROM a AS p JOIN a AS q ON p.k = q.k GROUP BY p.k ORDER BY p.k",
    # rows without tables
    "SELECT 1 + 1 AS two, 'x' AS s",
    "VALUES (1, 'a'), (2, NULL), (NULL, 'c') ORDER BY 1 DESC",
    "SELECT sum(a) AS s FROM (VALUES (1), (2), (NULL)) AS v (a)",
]


def main():
    db = duckdb.connect()
    table(db)
    for case in CASES:
        query, theirs = case if isinstance(case, tuple) else (case, case)
        print(query)
        for row in db.execute(theirs).fetchall():
            print("|".join(field(v) for v in row))
        print()


main()
