"""Random SQL: Quern against SQLite (or DuckDB), then against itself on other ranks and budgets.

usage: differential.py RUN_QUERIES COUNT SEED [sqlite|duckdb] [ranks,...] [MPIEXEC] [FEW]

RUN_QUERIES is the program of run_queries.c. The other engine's answer counts as rows without order
(in order where the query sets one), numbers to 12 digits. Then results must be the same bytes on
every number of ranks, and with a memory budget of 4 KiB a rank, which makes all wide operators
spill. On several ranks only the first FEW queries run: with more ranks than cores each takes ten
times as long. Prints the queries that differ and fails.
"""
import csv
import io
import math
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import generate

SCHEMA_TYPES = {"int": "int32", "bigint": "int64", "double": "float64", "string": "string",
                "date": "date", "boolean": "bool"}
SMALL_BUDGET = 4096


# ---- Tables --------------------------------------------------------------------------------------


def field(v):
    if v is None:
        return ""
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, float):
        return "NaN" if math.isnan(v) else repr(v)
    if isinstance(v, str):
        return '"' + v.replace('"', '""') + '"'
    return str(v)


def write_tables(tables, folder):
    arguments = []
    for name, (columns, rows) in tables.items():
        path = os.path.join(folder, name + ".csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(",".join(columns) + "\n")
            for row in rows:
                file.write(",".join(map(field, row)) + "\n")
        schema = ", ".join(f"{c} {SCHEMA_TYPES[t]}" for c, t in columns.items())
        arguments.append(f"{name}={path}:{schema}")
    return arguments


# ---- The other engine ----------------------------------------------------------------------------


def sqlite_engine(tables):
    import sqlite3

    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA case_sensitive_like = ON")
    for name, (columns, rows) in tables.items():
        types = {"string": "TEXT", "date": "TEXT", "double": "REAL"}
        fields = ", ".join(f"{c} {types.get(t, 'INTEGER')}" for c, t in columns.items())
        connection.execute(f"CREATE TABLE {name} ({fields})")
        marks = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    return lambda query: connection.execute(query).fetchall()


def duckdb_engine(tables):
    import duckdb

    connection = duckdb.connect()
    for name, (columns, rows) in tables.items():
        types = {"string": "VARCHAR"}
        fields = ", ".join(f"{c} {types.get(t, t)}" for c, t in columns.items())
        connection.execute(f"CREATE TABLE {name} ({fields})")
        if rows:
            marks = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    connection.execute("SET default_null_order = 'nulls_first_on_asc_last_on_desc'")
    return lambda query: connection.execute(query).fetchall()


# ---- Comparing -----------------------------------------------------------------------------------


def normal(v):
    """A value of either engine: None, a number rounded to 12 digits, or text."""
    if isinstance(v, str):
        if v in ("true", "false"):
            return float(v == "true")
        try:
            v = float(v) if not v.strip().isalpha() or v == "nan" else v
        except ValueError:
            return v
    if isinstance(v, (bool, int, float)):
        v = float(v)
        if math.isnan(v):
            return "NaN"
        return 0.0 if v == 0 else float(f"{v:.12g}")
    return None if v is None else str(v)


def parse_ours(text):
    """Rows of a CSV result; an unquoted empty field is null, "" an empty string."""
    rows, row, at = [], [], 0
    while at < len(text):
        if text[at] == '"':
            end = at + 1
            while text[end] != '"' or text[end + 1 : end + 2] == '"':
                end += 2 if text[end] == '"' else 1
            row.append(text[at + 1 : end].replace('""', '"'))
            at = end + 1
        else:
            end = at
            while text[end] not in ",\n":
                end += 1
            row.append(text[at:end] if end > at else None)
            at = end
        if text[at] == "\n":
            rows.append(row)
            row = []
        at += 1
    return rows[1:]


def sections(path):
    found, text = [], open(path, encoding="utf-8", newline="").read()
    for part in text.split("## ")[1:]:
        query, _, body = part.partition("\n")
        found.append((query, body))
    return found


def key(row):
    return [(v is not None, isinstance(v, str), v if v is not None else 0) for v in row]


def comparable(rows, in_order):
    rows = [tuple(normal(v) for v in row) for row in rows]
    # in a CSV file of one column a null is written as an empty string: a blank line is no record
    rows = [(None,) if row == ("",) else row for row in rows]
    return rows if in_order else sorted(rows, key=key)


def compare(query, body, in_order, engine):
    """None if all is well, else what is wrong."""
    try:
        expected = engine(query)
    except Exception as error:  # what the other engine cannot do tells nothing
        return f"skip: {error}"
    if body.startswith("!! "):
        return body.strip()
    ours, theirs = comparable(parse_ours(body), in_order), comparable(expected, in_order)
    if ours == theirs:
        return None
    if len(ours) != len(theirs):
        return f"{len(ours)} rows, expected {len(theirs)}"
    for a, b in zip(ours, theirs):
        if a != b:
            return f"row {a}, expected {b}"
    return None


def main():
    program, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    name = sys.argv[4] if len(sys.argv) > 4 else "sqlite"
    ranks = [int(n) for n in (sys.argv[5] if len(sys.argv) > 5 else "2,3,4,7").split(",")]
    mpiexec = sys.argv[6] if len(sys.argv) > 6 else "mpiexec"
    few = min(count, int(sys.argv[7])) if len(sys.argv) > 7 else count
    tables = generate.tables(seed, name == "duckdb")
    engine = {"sqlite": sqlite_engine, "duckdb": duckdb_engine}[name](tables)
    draw = generate.Queries(seed, name)
    queries = [draw.next() for _ in range(count)]
    failed = skipped = 0
    with tempfile.TemporaryDirectory() as folder:
        arguments = write_tables(tables, folder)
        for listed, number in [("all.sql", count), ("few.sql", few)]:
            with open(os.path.join(folder, listed), "w", encoding="utf-8") as file:
                file.writelines(q + "\n" for q, _ in queries[:number])

        def run(n, memory):
            output = os.path.join(folder, f"out.{n}.{memory}")
            listed = "few.sql" if n > 1 else "all.sql"
            command = [program, os.path.join(folder, listed), output, str(memory), *arguments]
            code = subprocess.run([mpiexec, "-n", str(n), *command] if n > 1 else command).returncode
            if code != 0:
                last = sections(output)[-1][0]
                sys.exit(f"on {n} ranks with memory {memory}: exit code {code} after or in\n  {last}")
            return output

        base = sections(run(1, 0))
        for (query, in_order), (_, body) in zip(queries, base):
            problem = compare(query, body, in_order, engine)
            if problem is not None and problem.startswith("skip: "):
                skipped += 1
            elif problem is not None:
                failed += 1
                print(f"{query}\n  {problem}")
        print(f"{count} queries, {failed} differ from {name}, {skipped} it cannot run", flush=True)
        for n, memory in [(1, SMALL_BUDGET), *((n, 0) for n in ranks), (ranks[0], SMALL_BUDGET)]:
            other = sections(run(n, memory))
            expected = base if n == 1 else base[:few]
            if other == expected:
                continue
            differ = [a[0] for a, b in zip(expected, other) if a != b]
            failed += max(1, len(differ))
            print(f"on {n} ranks with memory {memory}, {len(differ)} results have other bytes:")
            print("\n".join(f"  {q}" for q in differ[:5]))
    if skipped > count // 10:
        print("too many queries are skipped to tell anything")
        failed += 1
    sys.exit(1 if failed else 0)


main()
