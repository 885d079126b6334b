"""The queries of bench_window.c by DuckDB and Polars on two threads: seconds, and seconds of
processor time over both threads; the best of two runs.

    python3 tests/bench/window_peers.py [rows]
"""

import os
import sys
import time

os.environ["POLARS_MAX_THREADS"] = "2"

import duckdb
import numpy as np
import polars as pl

USERS, DAYS, FIRST_DAY = 100_000, 365, 18_262


def make_table(rows):
    random = np.random.default_rng(1)
    day = pl.Series(FIRST_DAY + random.integers(0, DAYS, rows), dtype=pl.Int32).cast(pl.Date)
    return pl.DataFrame(
        {
            "user": random.integers(0, USERS, rows),
            "day": day,
            "value": random.random(rows) * 100,
            "row": np.arange(rows),
        }
    )


WEEK = "PARTITION BY user ORDER BY day RANGE BETWEEN INTERVAL 6 DAYS PRECEDING AND CURRENT ROW"
SQL = {
    "sum, avg, max of 7 days per user": f"SELECT sum(value) OVER w AS s, avg(value) OVER w AS a, "
    f"max(value) OVER w AS m FROM t WINDOW w AS ({WEEK})",
    "stddev of 7 days per user": f"SELECT stddev(value) OVER ({WEEK}) AS d FROM t",
    "median of 7 days per user": f"SELECT median(value) OVER ({WEEK}) AS q FROM t",
    "lag by day per user": "SELECT lag(value) OVER (PARTITION BY user ORDER BY day) AS l FROM t",
    "rank by value per user": "SELECT rank() OVER (PARTITION BY user ORDER BY value) AS r FROM t",
    "mean of 100 rows per user": "SELECT avg(value) OVER (PARTITION BY user ORDER BY row "
    "ROWS 99 PRECEDING) AS a FROM t",
    "mean of 100 rows of all": "SELECT avg(value) OVER (ORDER BY row ROWS 99 PRECEDING) AS a "
    "FROM t",
}


def polars_queries(t):
    c, value = pl.col, pl.col("value")
    week = lambda: t.lazy().sort("user", "day").rolling("day", period="7d", group_by="user")
    return {
        "sum, avg, max of 7 days per user": lambda: week()
        .agg(s=value.sum(), a=value.mean(), m=value.max())
        .collect(),
        "lag by day per user": lambda: t.select(value.shift(1).over("user", order_by="day")),
        "rank by value per user": lambda: t.select(value.rank("min").over("user")),
        "mean of 100 rows per user": lambda: t.select(
            value.rolling_mean(100, min_samples=1).over("user")
        ),
        "mean of 100 rows of all": lambda: t.select(value.rolling_mean(100, min_samples=1)),
    }


def measure(peer, name, run):
    best, least = 1e9, 1e9
    for _ in range(2):
        start, used = time.time(), time.process_time()
        run()
        best = min(best, time.time() - start)
        least = min(least, time.process_time() - used)
    print(f"{best:8.3f} s  {least:8.3f} s of a core  {peer}: {name}", flush=True)


def main():
    t = make_table(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
    con = duckdb.connect()
    con.execute("SET threads = 2")
    con.register("source", t.to_arrow())
    con.execute("CREATE TABLE t AS SELECT * FROM source")
    for name, query in SQL.items():
        measure("DuckDB", name, lambda: con.execute(f"CREATE OR REPLACE TEMP TABLE r AS {query}"))
    for name, run in polars_queries(t).items():
        measure("Polars", name, run)


main()
