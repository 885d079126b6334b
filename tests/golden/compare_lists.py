"""Fails unless two CSV files have the same rows; fields that are JSON lists may be written in
different ways. usage: compare_lists.py OURS GOLDEN"""
import csv
import json
import sys


def value(text):
    return json.loads(text) if text.startswith("[") and text.endswith("]") else text


def read(path):
    with open(path, newline="", encoding="utf8") as file:
        rows = list(csv.reader(file))
    return [rows[0]] + [row[:2] + [value(field) for field in row[2:]] for row in rows[1:]]


ours, golden = read(sys.argv[1]), read(sys.argv[2])
for a, b in zip(ours, golden):
    if a != b:
        sys.exit(f"ours:   {a}\ngolden: {b}")
if len(ours) != len(golden):
    sys.exit(f"{len(ours)} rows, expected {len(golden)}")
