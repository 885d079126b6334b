"""Fails unless two CSV files have the same header and the same rows in any order: texts equal,
numbers to 9 digits. usage: compare_csv.py OURS GOLDEN"""
import csv
import math
import sys


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], sorted(rows[1:], key=lambda r: [f"{number(v):.6g}" if number(v) is not None else v for v in r])


def same(a, b):
    x, y = number(a), number(b)
    if x is None or y is None:
        return a == b
    return math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-12)


(header, ours), (expected, golden) = read(sys.argv[1]), read(sys.argv[2])
if header != expected:
    sys.exit(f"columns {header}, expected {expected}")
if len(ours) != len(golden):
    sys.exit(f"{len(ours)} rows, expected {len(golden)}")
for a, b in zip(ours, golden):
    if not all(map(same, a, b)):
        sys.exit(f"row {a}\nexpected {b}")
