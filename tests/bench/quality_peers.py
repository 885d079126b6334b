"""Quern's quality rules beside the same filters in Polars and DuckDB: same data, same counts.

usage: quality_peers.py BUILD_DIR [--rows N] [--ranks N]

needs polars and duckdb. Quern is the whole program on a table file in the page cache, reading
included (and with examples, which the peers do not give); the peers count over a table in memory, on
as many threads as Quern has ranks. In turns, medians; processor time beside them, for machines that
others use, too.
"""
import argparse
import csv
import datetime
import io
import os
import resource
import statistics
import subprocess
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("build")
parser.add_argument("--rows", type=int, default=10_000_000)
parser.add_argument("--ranks", type=int, default=2)
arguments = parser.parse_args()
os.environ["POLARS_MAX_THREADS"] = str(arguments.ranks)

import duckdb
import polars as pl

RULES = """rules:
  - {type: not_null, columns: [user_id, amount], action: warn}
  - {type: range, column: amount, min: 1, max: 500, action: warn}
  - {type: range, column: transaction_date, min: 2023-02-01, max: 2025-01-01, action: warn}
  - {type: allowed, column: category, values: [food, travel, books], action: warn}
  - {type: matches, column: device_type, pattern: '^(mobile|desktop)$', action: warn}
  - {type: predicate, predicate: "amount > 0 and (amount < 100 or category = 'books')", action: warn}
"""
UNIQUE = "rules: [{type: unique, columns: [user_id, transaction_date, amount], action: warn}]\n"
FIRST, LAST = datetime.date(2023, 2, 1), datetime.date(2025, 1, 1)


def processor_time():
    return sum(sum(resource.getrusage(who)[:2])
               for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def quern(path, rules):
    text = subprocess.run(
        ["mpiexec", "-n", str(arguments.ranks), f"{arguments.build}/quern", "validate", path, rules,
         "--format", "csv", "--quiet"], check=True, capture_output=True, text=True).stdout
    return [int(row["violations"]) for row in csv.DictReader(io.StringIO(text))]


def by_polars(frame):
    c = pl.col
    return list(frame.lazy().select(
        (c("user_id").is_null() | c("amount").is_null()).sum().alias("a"),
        ((c("amount") < 1) | (c("amount") > 500)).sum().alias("b"),
        ((c("transaction_date") < FIRST) | (c("transaction_date") > LAST)).sum().alias("c"),
        (~c("category").is_in(["food", "travel", "books"])).sum().alias("d"),
        (~c("device_type").str.contains("^(mobile|desktop)$")).sum().alias("e"),
        (~((c("amount") > 0) & ((c("amount") < 100) | (c("category") == "books"))).fill_null(False))
        .sum().alias("f")).collect().row(0))


def by_duckdb(db):
    return list(db.execute("""SELECT
        count(*) FILTER (user_id IS NULL OR amount IS NULL),
        count(*) FILTER (amount < 1 OR amount > 500),
        count(*) FILTER (transaction_date < '2023-02-01' OR transaction_date > '2025-01-01'),
        count(*) FILTER (category NOT IN ('food', 'travel', 'books')),
        count(*) FILTER (NOT regexp_matches(device_type, '^(mobile|desktop)$')),
        count(*) FILTER (NOT coalesce(amount > 0 AND (amount < 100 OR category = 'books'), false))
        FROM t""").fetchone())


KEYS = ["user_id", "transaction_date", "amount"]


def unique_by_polars(frame):
    return [frame.lazy().drop_nulls(KEYS).select((~pl.struct(KEYS).is_first_distinct()).sum())
            .collect().item()]


def unique_by_duckdb(db):
    return [db.execute("""SELECT count(*) - count(DISTINCT (user_id, transaction_date, amount))
        FROM t WHERE user_id IS NOT NULL AND transaction_date IS NOT NULL AND amount IS NOT NULL""")
            .fetchone()[0]]


def main():
    with tempfile.TemporaryDirectory() as folder:
        source, table = f"{folder}/log.csv", f"{folder}/log.h5"
        program = f"{arguments.build}/quern"
        subprocess.run([program, "generate", "transactions", "--rows", str(arguments.rows), "-o",
                        source, "--quiet"], check=True)
        subprocess.run([program, "convert", source, "-o", table, "--quiet"], check=True)
        frame = pl.read_csv(source, try_parse_dates=True)
        db = duckdb.connect()
        db.execute(f"SET threads = {arguments.ranks}")
        db.execute(f"CREATE TABLE t AS FROM read_csv('{source}')")
        for name, text, peers in (
                ("six rules of rows", RULES, (by_polars, by_duckdb)),
                ("unique by three columns", UNIQUE, (unique_by_polars, unique_by_duckdb))):
            rules = f"{folder}/rules.yaml"
            with open(rules, "w", encoding="utf-8") as file:
                file.write(text)
            ways = (("quern", lambda: quern(table, rules)), ("polars", lambda: peers[0](frame)),
                    ("duckdb", lambda: peers[1](db)))
            times, counts = {way: [] for way, _ in ways}, {}
            for _ in range(5):
                for way, run in ways:
                    start, used = time.perf_counter(), processor_time()
                    counts[way] = run()
                    times[way].append((time.perf_counter() - start, processor_time() - used))
            assert counts["quern"] == counts["polars"] == counts["duckdb"], counts
            print(f"{name}: " + ", ".join(
                f"{way} {statistics.median(t for t, _ in took):.3f} s "
                f"({statistics.median(u for _, u in took):.3f} s of processor)"
                for way, took in times.items()))


main()
