"""The questions of bench_join.c to Polars and DuckDB on two threads, on data of the same shape.

usage: POLARS_MAX_THREADS=2 python3 bench_join_peers.py [ROWS]
"""
import sys
import time

import duckdb
import numpy as np
import polars as pl

rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
rng = np.random.default_rng(1)


def ids(levels, count):
    return rng.integers(1, levels + 1, count, dtype=np.int32)


def unique_ids(levels, count):
    place = np.arange(count, dtype=np.int64) * 7919 % count
    return np.where(place % 10 == 9, levels + 1 + place, place + 1).astype(np.int32)


def table(prefix, count, columns):
    frame = {}
    for k, values in enumerate(columns):
        frame[f"{prefix}id{k + 1}"] = values
    for k, values in enumerate(columns):
        texts = pl.Series(values).cast(pl.String)
        texts = pl.select("id" + texts).to_series()
        frame[f"{prefix}id{k + 4}"] = texts.cast(pl.Categorical) if k < 2 else texts
    frame[f"{prefix}v"] = rng.random(count) * 100
    return pl.DataFrame(frame)


x = table("", rows, [ids(10, rows), ids(10_000, rows), ids(rows, rows)])
small = table("s", 10, [unique_ids(10, 10)])
medium = table("m", 10_000, [ids(10, 10_000), unique_ids(10_000, 10_000)])
big = table("b", rows, [ids(10, rows), ids(10_000, rows), unique_ids(rows, rows)])

questions = [
    ("inner small on int", "small", "inner", "id1", "sid1"),
    ("inner medium on int", "medium", "inner", "id2", "mid2"),
    ("left medium on int", "medium", "left", "id2", "mid2"),
    ("inner medium on string", "medium", "inner", "id5", "mid5"),
    ("inner big on int", "big", "inner", "id3", "bid3"),
]
frames = {"small": small, "medium": medium, "big": big}


def best(function, times=3):
    result = 1e9
    for _ in range(times):
        start = time.perf_counter()
        count = function()
        result = min(result, time.perf_counter() - start)
    return result, count


connection = duckdb.connect()
connection.execute("set threads to 2")
for name, frame in {"x": x, **frames}.items():
    connection.register("arrow", frame.to_arrow())
    connection.execute(f"create table {name} as select * from arrow")
    connection.unregister("arrow")

for what, name, how, left, right in questions:
    seconds, count = best(
        lambda: x.join(frames[name], left_on=left, right_on=right, how=how, coalesce=False).height
    )
    print(f"{what:28} polars {seconds:7.3f} s  {count} rows out")

    def query():
        connection.execute(
            f"create or replace temp table out as select * from x {how} join {name} on {left} = {right}"
        )
        return connection.execute("select count(*) from out").fetchone()[0]

    seconds, count = best(query)
    print(f"{what:28} duckdb {seconds:7.3f} s  {count} rows out")
