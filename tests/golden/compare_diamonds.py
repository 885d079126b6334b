"""Compares `quern inspect model.h5 --format json` with R's numbers; prints the largest deviations.

usage: compare_diamonds.py MODEL.json diamonds_lm.csv diamonds_metrics.txt
"""
import csv
import json
import sys

model = json.load(open(sys.argv[1]))
rows = list(csv.DictReader(open(sys.argv[2])))
metrics = dict(line.rstrip("\n").split(" ", 1) for line in open(sys.argv[3]))
failed = 0


def compare(name, ours, theirs, limit):
    global failed
    worst = max(abs(a - b) / max(abs(b), 1e-300) if a != b else 0.0 for a, b in zip(ours, theirs))
    good = len(ours) == len(theirs) and worst <= limit
    failed += not good
    print(f"{name}: largest relative deviation {worst:.2e}{'' if good else ', too much'}")


def column(name):
    return [float(row[name]) for row in rows]


compare("coefficients", model["coefficients"] + [model["intercept"]], column("coefficient"), 1e-9)
compare("std_errors", model["std_errors"], column("std_error"), 1e-9)
compare("t_values", model["t_values"], column("t_value"), 1e-9)
# Tails down to 1e-300 are as sensitive to t as exp(t^2 / 2): 1e-8 there is 1e-11 in t.
compare("p_values", model["p_values"], column("p_value"), 1e-8)
for name in ("rmse", "mae", "r2", "r2adj"):
    compare(name, [model["metrics"][name]], [float(metrics[name])], 1e-9)
if model["degrees_of_freedom"] != int(metrics["df"]):
    failed += 1
    print("degrees of freedom differ")
sys.exit(failed > 0)
