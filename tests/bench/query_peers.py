"""Quern's queries beside Polars' and DuckDB's: same tables in memory, same answers, one run.

usage: query_peers.py BUILD_DIR groupby|join|features [rows] [label,...]

needs numpy, polars, duckdb; two cores. Peers run in this process with two threads, Quern in
bench_query on two ranks, in turns; each result is brought into memory. Times are medians of all
repetitions. Strings of few values are categories for everybody (polars Categorical, DuckDB ENUM).
Data: query_data.py; queries: queries/*.tsv.
"""
import gc
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
os.environ["POLARS_MAX_THREADS"] = "2"

import duckdb
import polars as pl

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import query_data

ROUNDS, REPEATS = 3, 3
CATEGORIES = 1 << 20
HERE = os.path.dirname(os.path.abspath(__file__))


# ---- Polars: the queries in its own words ----------------------------------------------------


def sums(frame, keys, **outputs):
    return frame.lazy().group_by(keys).agg(**outputs)


def join(left, right, how="inner", rename=None, **on):
    renamed = right.lazy().rename(rename or {})
    return left.lazy().join(renamed, how=how, **on)


def prefixed(frame, prefix, *kept):
    return {c: f"{prefix}_{c}" for c in frame.columns if c not in kept}


def rolling7(t):
    # the frame of a row includes later rows of its day; polars' rolling has the same window
    rolled = t.lazy().sort("user_id", "day").rolling("day", period="7d", group_by="user_id")
    a = pl.col("amount")
    return rolled.agg(s=a.sum(), a=a.mean(), m=a.max())


def polars_queries(f):
    c = pl.col
    x, t = f.get("x"), f.get("t")
    small, medium, big, d = (f.get(n) for n in ("small", "medium", "big", "d"))
    return {
        "q1": lambda: sums(x, "id1", v1=c("v1").sum()),
        "q2": lambda: sums(x, ["id1", "id2"], v1=c("v1").sum()),
        "q3": lambda: sums(x, "id3", v1=c("v1").sum(), v3=c("v3").mean()),
        "q4": lambda: sums(x, "id4", v1=c("v1").mean(), v2=c("v2").mean(), v3=c("v3").mean()),
        "q5": lambda: sums(x, "id6", v1=c("v1").sum(), v2=c("v2").sum(), v3=c("v3").sum()),
        "q6": lambda: sums(
            x, ["id4", "id5"], median_v3=c("v3").median(), sd_v3=c("v3").std()
        ),
        "q7": lambda: sums(x, "id3", range_v1_v2=c("v1").max() - c("v2").min()),
        "q8": lambda: x.lazy()
        .drop_nulls("v3")
        .group_by("id6")
        .agg(largest2_v3=c("v3").top_k(2))
        .explode("largest2_v3"),
        "q9": lambda: sums(x, ["id2", "id4"], r2=pl.corr("v1", "v2") ** 2),
        "q10": lambda: sums(
            x, ["id1", "id2", "id3", "id4", "id5", "id6"], v3=c("v3").sum(), count=pl.len()
        ),
        "j1": lambda: join(x, small, on="id1", rename={"id4": "small_id4"}),
        "j2": lambda: join(x, medium, on="id2", rename=prefixed(medium, "medium", "id2", "v2")),
        "j3": lambda: join(
            x, medium, "left", on="id2", rename=prefixed(medium, "medium", "id2", "v2")
        ),
        "j4": lambda: join(x, medium, on="id5", rename=prefixed(medium, "medium", "id5", "v2")),
        "j5": lambda: join(x, big, on="id3", rename=prefixed(big, "big", "id3", "v2")),
        "d5": lambda: x.lazy()
        .select("id1", "id2", "id3", "v1", k=(c("id3") % 100_000))
        .join(d.lazy(), on="k")
        .select("id1", "id2", "id3", "v1", "w"),
        "rolling7": lambda: rolling7(t),
        "rank": lambda: t.lazy().select(
            "user_id", "amount", r=c("amount").rank("min").over("user_id")
        ),
        "rolling100": lambda: t.lazy().select(
            "id", a=c("amount").rolling_mean(100, min_samples=1)
        ),
        "sort": lambda: t.lazy().sort("amount_cents", maintain_order=True),
        "filter": lambda: t.lazy().filter(c("amount") > 50),
        "topk": lambda: t.lazy().top_k(100, by="amount"),
        "scan_filter_aggregate": lambda: t.lazy()
        .filter(c("amount") > 50)
        .group_by("category")
        .agg(n=pl.len(), total=c("amount").sum()),
    }


# ---- DuckDB: the same SQL, but where it has a shorter way ---------------------------------------

DUCK = {
    "q8": "SELECT id6, unnest(max(v3, 2)) AS largest2_v3 FROM x GROUP BY id6",
    "rolling7": "SELECT user_id, day, sum(amount) OVER w AS s, avg(amount) OVER w AS a, "
    "max(amount) OVER w AS m FROM t WINDOW w AS (PARTITION BY user_id ORDER BY day "
    "RANGE BETWEEN INTERVAL '6 days' PRECEDING AND CURRENT ROW)",
}


def duck_tables(frames):
    duckdb.execute("SET threads = 2")
    duckdb.execute("SET preserve_insertion_order = false")
    for name, frame in frames.items():
        columns = []
        for column in frame.columns:
            if frame[column].dtype == pl.Categorical:
                kind = f"{name}_{column}"
                view = pl.DataFrame({"v": frame[column].unique().cast(pl.String).sort()})
                duckdb.register("values_", view.to_arrow())
                duckdb.execute(f"CREATE OR REPLACE TYPE {kind} AS ENUM (SELECT v FROM values_)")
                columns.append(f"CAST({column} AS {kind}) AS {column}")
            else:
                columns.append(column)
        plain = frame.with_columns(pl.col(pl.Categorical).cast(pl.String))
        duckdb.register("frame_", plain.to_arrow())
        duckdb.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT {', '.join(columns)} FROM frame_")
        duckdb.unregister("frame_")


def duck_run(query):
    duckdb.execute(f"CREATE OR REPLACE TEMP TABLE ans AS {query}")
    return duckdb.execute("SELECT count(*) FROM ans").fetchone()[0]


def duck_sum(column):
    return duckdb.execute(f'SELECT sum("{column}") FROM ans').fetchone()[0]


# ---- The comparison ------------------------------------------------------------------------------


def quern(build, queries, paths):
    tables = [f"{name}={path}" for name, path in paths.items()]
    command = ["mpiexec", "-n", "2", f"{build}/tests/bench_query", queries, str(REPEATS), *tables]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {entry["label"]: entry for entry in map(json.loads, lines.splitlines())}


def timed(work):
    start = time.perf_counter()
    answer = work()
    return time.perf_counter() - start, answer


def same(ours, theirs):
    theirs = float(theirs)
    return math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-6) or math.isnan(theirs)


def main():
    build, kind = sys.argv[1], sys.argv[2]
    rows = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000_000
    wanted = sys.argv[4].split(",") if len(sys.argv) > 4 else None
    with open(f"{HERE}/queries/{kind}.tsv") as file:
        queries = dict(line.rstrip("\n").split("\t") for line in file if "\t" in line)
    queries = {k: v for k, v in queries.items() if wanted is None or k in wanted}
    folder = os.environ.get("QUERN_BENCH_DATA", tempfile.gettempdir())
    frames = getattr(query_data, kind)(rows)
    paths = query_data.write(frames, folder, f"quern_{kind}")
    for name, frame in frames.items():
        few = [c for c in frame.columns if frame[c].dtype == pl.String]
        few = [c for c in few if frame[c].n_unique() <= CATEGORIES]
        frames[name] = frame.with_columns(pl.col(few).cast(pl.Categorical)) if few else frame
    duck_tables(frames)
    theirs = polars_queries(frames)
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.write("".join(f"{k}\t{v}\n" for k, v in queries.items()))
        file.flush()
        times = {label: {"quern": [], "polars": [], "duckdb": []} for label in queries}
        for _ in range(ROUNDS):
            ours = quern(build, file.name, paths)
            for label, query in queries.items():
                times[label]["quern"] += ours[label]["seconds"]
                for _ in range(REPEATS):
                    seconds, answer = timed(lambda: theirs[label]().collect())
                    times[label]["polars"].append(seconds)
                    numeric = [c for c in answer.columns if answer[c].dtype.is_numeric()]
                    assert len(answer) == ours[label]["rows"], (label, len(answer))
                    for column in set(numeric) & set(ours[label]["sums"]):
                        total = answer[column].cast(pl.Float64).sum()
                        assert same(ours[label]["sums"][column], total), (label, column, total)
                    del answer
                    gc.collect()
                    text = DUCK.get(label, query)
                    seconds, count = timed(lambda: duck_run(text))
                    times[label]["duckdb"].append(seconds)
                    assert count == ours[label]["rows"], (label, count)
                    for column in set(numeric) & set(ours[label]["sums"]):
                        assert same(ours[label]["sums"][column], duck_sum(column)), (label, column)
    print(f"{kind}, {rows} rows: medians of {ROUNDS * REPEATS}, seconds")
    print(f"{'':22s} {'quern':>8s} {'polars':>8s} {'duckdb':>8s}  quern / faster of the two")
    totals = dict.fromkeys(("quern", "polars", "duckdb"), 0.0)
    for label, of in times.items():
        median = {name: statistics.median(values) for name, values in of.items()}
        for name in totals:
            totals[name] += median[name]
        ratio = median["quern"] / min(median["polars"], median["duckdb"])
        print(
            f"{label:22s} {median['quern']:8.4f} {median['polars']:8.4f} {median['duckdb']:8.4f}"
            f"  {ratio:6.2f}"
        )
    print(f"{'total':22s} " + " ".join(f"{totals[n]:8.4f}" for n in totals))


main()
