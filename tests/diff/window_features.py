"""Random settings of window_features and lag_features: Quern against SQLite's window functions.

usage: window_features.py QUERN COUNT SEED [ranks,...] [MPIEXEC]

Each setting is fitted and applied by the program, on the numbers of ranks in turn, and once in a
while with a memory budget that makes operators spill. SQLite orders by dates and times as numbers
(days, nanoseconds), leaves rows without a time out by CASE, and knows the same frames by their
definition. Values are multiples of 1/4, so that sums are exact. Prints what differs and fails.
"""
import csv
import datetime
import os
import random
import sqlite3
import subprocess
import sys
import tempfile

DAY = 86_400_000_000_000
EPOCH = datetime.date(1970, 1, 1)


# ---- Data ----------------------------------------------------------------------------------------


def rows_of(rng, count):
    """(i, k, g, day, time, n, r, v, w, word): times in hours."""
    def some(value):
        return None if rng.random() < 0.1 else value
    return [(i, some(rng.randint(0, 3)), some(rng.choice(["a", "b", ""])), some(rng.randint(19700, 19760)),
             some(rng.randint(19700 * 24, 19712 * 24) * 3600), some(rng.randint(-20, 20)),
             some(rng.randint(-40, 40) / 4), some(rng.randint(-40, 400) / 4), some(rng.randint(0, 9)),
             some(rng.choice(["x", "yy", "z"]))) for i in range(count)]


COLUMNS = "i k g day time n r v w word".split()


def text(column, value):
    if value is None:
        return ""
    if column == "day":
        return str(EPOCH + datetime.timedelta(days=value))
    if column == "time":
        return str(datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=value))
    return '"' + value + '"' if isinstance(value, str) else str(value)


def write(rows, path):
    with open(path, "w", encoding="utf-8") as file:
        file.write(",".join(COLUMNS) + "\n")
        for row in rows:
            file.write(",".join(map(text, COLUMNS, row)) + "\n")


def load(rows):
    """Times as nanoseconds."""
    base = sqlite3.connect(":memory:")
    base.execute(f"CREATE TABLE t ({', '.join(COLUMNS)})")
    at = COLUMNS.index("time")
    base.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(COLUMNS))})",
                     [row[:at] + (None if row[at] is None else row[at] * 10**9,) + row[at + 1:] for row in rows])
    return base


# ---- Settings ------------------------------------------------------------------------------------


def window(rng, order):
    """(as the option has it, how far in the order's unit or None, rows or None)"""
    kind = rng.random()
    if kind < 0.15:
        return "unbounded", None, None
    if kind < 0.4:
        n = rng.choice([1, 2, 3, 7, 50])
        return f"{n}rows", None, n
    if order == "day":
        days, word = rng.choice([(1, "1d"), (7, "7d"), (14, "2w"), (30, "30 days")])
        return word, days, None
    if order == "time":
        time, word = rng.choice([(DAY, "1d"), (DAY // 2, "12h"), (DAY // 24, "60min"), (3 * DAY // 2, "1 day 12h")])
        return word, time, None
    number = rng.choice([1, 2, 5, 100] if order == "n" else [0.25, 1.5, 5, 100])
    return str(number), number, None


def frame(order, far, rows, current):
    end = "CURRENT ROW" if current else "1 PRECEDING"
    if rows is not None:
        start = f"{rows - 1} PRECEDING" if current else f"{rows} PRECEDING"
        return f"ROWS BETWEEN {start} AND {end}" + ("" if current else " EXCLUDE GROUP")
    if far is None:
        return "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW" + ("" if current else " EXCLUDE GROUP")
    if order == "r":
        return f"RANGE BETWEEN {far} PRECEDING AND CURRENT ROW" + ("" if current else " EXCLUDE GROUP")
    return f"RANGE BETWEEN {far - 1 if current else far} PRECEDING AND {end}"


def over(partition, order, rest=""):
    keys = f"PARTITION BY {', '.join(partition)} " if partition else ""
    return f"OVER ({keys}ORDER BY {order} {rest})"


def window_setting(rng, partition, order):
    windows = {w[0]: w for w in (window(rng, order) for _ in range(rng.randint(1, 3)))}
    aggregates = rng.sample(["count", "count(word)", "sum(v)", "avg(v)", "min(v)", "max(w)", "mean(w)", "sum(w)",
                             "min(word)"], rng.randint(1, 4))
    current = rng.random() < 0.4
    labels = ["v"] if any("(v)" in a for a in aggregates) and rng.random() < 0.5 else []
    options = [f"windows={','.join(windows)}", f"aggregates={','.join(aggregates)}"]
    options += ["include_current=true"] * current + [f"label_cols={','.join(labels)}"] * bool(labels)
    outputs = []
    for a in aggregates:
        function, column = a.replace("mean", "avg").rstrip(")").split("(") if "(" in a else ("count", "1")
        known = f"{function}(CASE WHEN {order} IS NOT NULL THEN {column} END)"
        for _, far, rows in windows.values():
            held = current and not any(f"({c})" in a for c in labels)
            ties = ", i" if rows is not None and held else ""
            what = over(partition, order + ties, frame(order, far, rows, held))
            outputs.append(f"CASE WHEN {order} IS NOT NULL THEN {known} {what} END")
    return "window_features", options, outputs


def lag_setting(rng, partition, order):
    columns = rng.sample(["v", "w"], rng.randint(1, 2))
    lags = sorted(rng.sample([1, 2, 3, 10], rng.randint(1, 2)))
    differences, ratios = rng.random() < 0.5, rng.random() < 0.5
    options = [f"input_cols={','.join(columns)}", f"lags={','.join(map(str, lags))}",
               f"differences={str(differences).lower()}", f"ratios={str(ratios).lower()}"]
    known = partition + [f"{order} IS NULL"]
    cells = [(c, f"CASE WHEN {order} IS NOT NULL THEN lag({c}, {k}) {over(known, order + ', i')} END")
             for c in columns for k in lags]
    outputs = [lag for _, lag in cells]
    outputs += [f"{c} - ({lag})" for c, lag in cells] * differences
    outputs += [f"CAST({c} AS REAL) / ({lag})" for c, lag in cells] * ratios
    return "lag_features", options, outputs


# ---- Comparing -----------------------------------------------------------------------------------


def apply(quern, launch, stage, options, path, folder, spill):
    model, out = os.path.join(folder, "m.h5"), os.path.join(folder, "out.csv")
    schema = "schema=i int32, k int32, g string, day date, time timestamp, n int32, r float64, v float64, w int32, word string"
    read = ["--read", schema]
    fit = [quern, "fit", stage, path, *read, "-o", model, "--quiet"]
    for option in options:
        fit += ["--set", option]
    subprocess.run(fit, check=True)
    run = [quern, "transform", model, path, *read, "-o", out, "--quiet"] + ["--memory", "4K"] * spill
    subprocess.run(launch + run, check=True)
    with open(out, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def same(found, expected):
    if expected is None:
        return found == ""
    if isinstance(expected, str):
        return found == expected
    return found != "" and abs(float(found) - expected) <= 1e-12 * max(1, abs(expected))


def differ(found, expected):
    """What differs first, or None."""
    if len(found) != len(expected):
        return f"{len(found)} rows, not {len(expected)}"
    for row, (a, b) in enumerate(zip(found, expected)):
        cells = a[len(COLUMNS):]
        if len(cells) != len(b):
            return f"{len(cells)} columns, not {len(b)}"
        for c, (x, y) in enumerate(zip(cells, b)):
            if not same(x, y):
                return f"row {row}, output {c}: {x!r}, not {y!r}"
    return None


def main():
    quern, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    ranks = [int(n) for n in sys.argv[4].split(",")] if len(sys.argv) > 4 else [1]
    mpiexec = sys.argv[5] if len(sys.argv) > 5 else "mpiexec"
    if sqlite3.sqlite_version_info < (3, 31):
        print("SQLite is too old to compare with")
        return 0
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            rng = random.Random(f"{seed} {number}")
            rows = rows_of(rng, rng.choice([0, 1, 40, 300]))
            path = os.path.join(folder, "in.csv")
            write(rows, path)
            partition = rng.choice([[], ["k"], ["g"], ["k", "g"]])
            order = rng.choice(["day", "time", "n", "r"])
            stage, options, outputs = rng.choice([window_setting, window_setting, lag_setting])(rng, partition, order)
            options.append(f"order_col={order}")
            options += [f"partition_cols={','.join(partition)}"] * bool(partition)
            expected = load(rows).execute(f"SELECT {', '.join(outputs)} FROM t ORDER BY i").fetchall()
            n = ranks[number % len(ranks)]
            launch = [mpiexec, "-n", str(n)] if n > 1 else []
            found = apply(quern, launch, stage, options, path, folder, number % 7 == 3)
            what = differ(found, expected)
            if what is not None:
                failures += 1
                print(f"{stage} {' '.join(options)} on {len(rows)} rows, {n} ranks (setting {number}): {what}")
    print(f"{count} settings, {failures} that differ")
    return 1 if failures else 0


sys.exit(main())
