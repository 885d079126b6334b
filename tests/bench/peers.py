"""Quern beside its peers, on the same data, in one run, alternating: medians of several.

usage: peers.py BUILD_DIR [rows]      needs numpy, polars, duckdb, scikit-learn; two cores

Peers run in this process with two threads; Quern's times are those its own programs print, on two
ranks. Answers are compared before times are.
"""
import os
import re
import statistics
import subprocess
import sys
import time

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
os.environ["POLARS_MAX_THREADS"] = "2"

import duckdb
import numpy as np
import polars as pl
from sklearn.linear_model import LinearRegression, Ridge

build = sys.argv[1]
rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
folder = "/dev/shm" if os.path.isdir("/dev/shm") else "/tmp"
duckdb.execute("SET threads = 2")
REPEATS = 5


def quern(*arguments, ranks=2):
    command = ["mpiexec", "-n", str(ranks), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def timed(work):
    start = time.perf_counter()
    answer = work()
    return time.perf_counter() - start, answer


def compare(title, ours, peers):
    """ours() gives (seconds, answer); peers: name -> work whose answer must be the same."""
    times = {name: [] for name in ("quern", *peers)}
    for _ in range(REPEATS):
        seconds, expected = ours()
        times["quern"].append(seconds)
        for name, work in peers.items():
            seconds, answer = timed(work)
            assert np.allclose(answer, expected, rtol=1e-6), (title, name, answer, expected)
            times[name].append(seconds)
    base = statistics.median(times["quern"])
    print(title)
    for name, values in times.items():
        median = statistics.median(values)
        print(f"  {name:28s} {median:8.4f} s   {median / base:6.2f}x")


def duck(path, column):
    duckdb.execute(f"CREATE OR REPLACE TABLE t AS FROM read_csv('{path}')")
    return duckdb.execute(f"SELECT sum({column}) FROM t").fetchone()[0]


def read_file(path, column):
    def ours():
        line = quern(f"{build}/tests/bench_read", path, "3")
        return float(re.search(r"median ([\d.]+)", line)[1]), float(re.search(r"sum (\S+)", line)[1])

    compare(
        f"read {os.path.basename(path)} ({os.path.getsize(path) / 1e6:.0f} MB) into columns",
        ours,
        {
            "polars.read_csv": lambda: pl.read_csv(path, infer_schema_length=1000)[column].sum(),
            "duckdb read_csv into a table": lambda: duck(path, column),
        },
    )


def regression():
    random = np.random.default_rng(1)
    x = random.standard_normal((rows, 50))
    y = x @ np.arange(50.0) + random.standard_normal(rows)

    def fit(model):
        return lambda: model.fit(x, y).coef_[49]

    peers = {"sklearn LinearRegression": fit(LinearRegression()), "sklearn Ridge": fit(Ridge(1e-9))}
    for name, work in {**peers, "numpy X'X": lambda: (x.T @ x)[0, 0]}.items():
        values = [timed(work)[0] for _ in range(REPEATS)]
        print(f"  {name:28s} {statistics.median(values):8.4f} s")


numeric, mixed = f"{folder}/peers_numeric.csv", f"{folder}/peers_mixed.csv"
try:
    numbers = np.random.default_rng(1).uniform(-2, 2, (rows, 29))
    pl.DataFrame(numbers, [f"x{i + 1}" for i in range(29)]).write_csv(numeric, float_precision=6)
    subprocess.run([f"{build}/quern", "generate", "transactions", "--rows", str(5 * rows), "--seed",
                    "1", "-o", mixed, "--quiet"], check=True)
    read_file(numeric, "x1")
    read_file(mixed, "user_id")
    print("least squares, 1e6 x 50, from memory (Quern's: bench_linear, below)")
    regression()
    print(quern(f"{build}/tests/bench_linear", ranks=1))
finally:
    for path in (numeric, mixed):
        if os.path.exists(path):
            os.unlink(path)
