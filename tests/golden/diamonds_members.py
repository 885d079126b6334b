"""Writes the training rows of the diamonds job as raw CSV, for diamonds.R.

usage: diamonds_members.py diamonds.csv predictions.csv > train.csv

The job's test rows are those in predictions.csv, in the order of the input; every other row that
passes the job's WHERE clause was trained on.
"""
import csv
import sys

raw = list(csv.DictReader(open(sys.argv[1])))
test = list(csv.DictReader(open(sys.argv[2])))


def passes(row):
    return float(row["price"]) > 0 and float(row["y"]) < 30 and float(row["z"]) < 30


def size(text):
    return 0.0 if text == "" else float(text)


def key(row, table):
    numbers = [float(row[name]) for name in ("price", "depth", table, "carat")]
    return row["cut"], row["color"], row["clarity"], *numbers, *(size(row[c]) for c in "xyz")


out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(raw[0].keys())
met = 0
for row in filter(passes, raw):
    if met < len(test) and key(test[met], "table_width") == key(row, "table"):
        met += 1
    else:
        out.writerow(row.values())
assert met == len(test), "predictions.csv does not belong to this input"
