"""Quern's feature stages beside scikit-learn's, Polars' and Spark ML's: same data, one run.

usage: stage_peers.py BUILD_DIR [WORKLOAD,...] [--spark] [--rows N]

needs numpy, scikit-learn, polars and, with --spark, pyspark and a Java runtime; two cores. Quern runs
in bench_features on two ranks, the peers in this process on two threads, in turns; Spark in
local[2] with its input cached. Times are fit and transform together, the output kept in memory
(Spark: written to its noop sink), medians of all repetitions. Sums over the outputs are compared
where the peer computes the same thing.
"""
import argparse
import gc
import json
import math
import os
import statistics
import subprocess
import tempfile
import time

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
os.environ["POLARS_MAX_THREADS"] = "2"
os.environ["OMP_NUM_THREADS"] = "2"

import numpy as np
import polars as pl
from sklearn import preprocessing
from sklearn.feature_extraction import text as sktext
from sklearn.impute import SimpleImputer

ROUNDS, REPEATS = 3, 3
COLUMNS, FEW_COLUMNS, CATEGORIES, DOCUMENT_WORDS = 20, 5, 1000, 100


# ---- Data: as in bench_features.c ------------------------------------------------------------


def hashes(numbers):
    z = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniforms(numbers):
    return (hashes(numbers) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def words(rows):
    h = hashes(np.arange(rows))
    k = (h % np.uint64(CATEGORIES)) * (h >> np.uint64(32)) >> np.uint64(32)
    names = np.array([f"category-{i:03d}" for i in range(CATEGORIES)], dtype=object)
    return pl.DataFrame({"word": pl.Series(names[k.astype(np.int64)], dtype=pl.String)})


def reals(rows, columns=COLUMNS):
    return {
        f"c{c}": (c + 1) * uniforms(np.arange(rows) * columns + c) for c in range(columns)
    }


def real_frame(rows):
    return pl.DataFrame(reals(rows))


def hole_frame(rows):
    frame = {}
    for c in range(FEW_COLUMNS):
        numbers = np.arange(rows) * FEW_COLUMNS + c
        values = (c + 1) * uniforms(numbers)
        values[hashes(numbers) % np.uint64(10) == 0] = np.nan
        frame[f"c{c}"] = pl.Series(values).fill_nan(None)
    return pl.DataFrame(frame)


def square_frame(rows):
    return pl.DataFrame({"x": uniforms(np.arange(rows)) ** 2})


def word_name(number):
    letters, left = "", number * 7919 + 700000
    while left > 0:
        letters += chr(ord("a") + left % 26)
        left //= 26
    return letters


def document_frame(rows):
    names = np.array([word_name(n) for n in range(1 << 16)], dtype=object)
    h = hashes(np.arange(rows * DOCUMENT_WORDS))
    power = np.left_shift(np.uint64(1), h % np.uint64(16))
    number = power + (h >> np.uint64(8)).astype(np.uint32).astype(np.uint64) % power
    table = names[number.astype(np.int64).reshape(rows, DOCUMENT_WORDS)]
    return pl.DataFrame({"text": [" ".join(row) for row in table]})


# ---- scikit-learn and Polars ------------------------------------------------------------------


def c(name):
    return pl.col(name)


def standardised(frame):
    return frame.with_columns((pl.all() - pl.all().mean()) / pl.all().std())


def polars_index(frame):
    """Indices by frequency: what string_indexer gives."""
    counts = frame["word"].value_counts(sort=True).with_row_index("a").drop("count")
    return frame.join(counts, on="word", how="left", maintain_order="left")


def cut_names(n):
    return [str(i) for i in range(n)]








def hashing(texts):
    hashed = sktext.HashingVectorizer(n_features=1 << 18, alternate_sign=False, norm=None)
    return sktext.TfidfTransformer(norm=None).fit_transform(hashed.transform(texts))


def workloads():
    """name: rows, data, {peer: (prepare, work, sum of the output or None)}"""
    return {
        "index": (
            10_000_000,
            words,
            {
                "scikit-learn OrdinalEncoder": (
                    lambda f: f["word"].to_numpy().reshape(-1, 1),
                    lambda x: preprocessing.OrdinalEncoder().fit_transform(x),
                    None,
                ),
                "polars by frequency": (lambda f: f, polars_index, lambda y: y["a"].sum()),
                "polars Categorical": (
                    lambda f: f,
                    lambda f: f.with_columns(c("word").cast(pl.Categorical).to_physical()),
                    None,
                ),
            },
        ),
        "one_hot": (
            10_000_000,
            words,
            {
                "scikit-learn OneHotEncoder": (
                    lambda f: f["word"].to_numpy().reshape(-1, 1),
                    lambda x: preprocessing.OneHotEncoder(drop=None).fit_transform(x),
                    None,
                ),
            },
        ),
        "assemble": (
            10_000_000,
            real_frame,
            {
                "numpy column_stack": (
                    lambda f: [f[n].to_numpy() for n in f.columns],
                    lambda x: np.column_stack(x),
                    lambda y: y.sum(),
                ),
                "polars to_numpy": (
                    lambda f: f,
                    lambda f: f.to_numpy(order="c"),
                    lambda y: y.sum(),
                ),
            },
        ),
        "scale": (
            10_000_000,
            real_frame,
            {
                "scikit-learn StandardScaler": (
                    lambda f: f.to_numpy(order="c"),
                    lambda x: preprocessing.StandardScaler().fit_transform(x),
                    None,
                ),
                "polars": (lambda f: f, standardised, None),
            },
        ),
        "impute_mean": (
            10_000_000,
            hole_frame,
            {
                "scikit-learn SimpleImputer": (
                    lambda f: f.to_numpy(order="c"),
                    lambda x: SimpleImputer().fit_transform(x),
                    lambda y: y[:, 0].sum(),
                ),
                "polars": (
                    lambda f: f,
                    lambda f: f.with_columns(pl.all().fill_null(strategy="mean")),
                    lambda y: y["c0"].sum(),
                ),
            },
        ),
        "impute_median": (
            10_000_000,
            hole_frame,
            {
                "scikit-learn SimpleImputer": (
                    lambda f: f.to_numpy(order="c"),
                    lambda x: SimpleImputer(strategy="median").fit_transform(x),
                    None,
                ),
                "polars": (
                    lambda f: f,
                    lambda f: f.with_columns(pl.all().fill_null(pl.all().median())),
                    None,
                ),
            },
        ),
        "quantiles": (
            10_000_000,
            square_frame,
            {
                "scikit-learn KBinsDiscretizer": (
                    lambda f: f.to_numpy(),
                    lambda x: preprocessing.KBinsDiscretizer(
                        10, encode="ordinal", subsample=None, quantile_method="linear"
                    ).fit_transform(x),
                    None,
                ),
                "polars qcut": (
                    lambda f: f,
                    lambda f: f.with_columns(c("x").qcut(10, labels=cut_names(10)).to_physical()),
                    None,
                ),
            },
        ),
        "tfidf": (
            200_000,
            document_frame,
            {
                "scikit-learn TfidfVectorizer": (
                    lambda f: f["text"].to_list(),
                    lambda x: sktext.TfidfVectorizer(norm=None).fit_transform(x),
                    None,
                ),
            },
        ),
        "hashing_tfidf": (
            200_000,
            document_frame,
            {
                "scikit-learn HashingVectorizer": (
                    lambda f: f["text"].to_list(),
                    hashing,
                    None,
                ),
            },
        ),
    }


# ---- Spark ML ---------------------------------------------------------------------------------


def spark_stages(name):
    from pyspark.ml import feature as f

    many = [f"c{i}" for i in range(COLUMNS)]
    few = [f"c{i}" for i in range(FEW_COLUMNS)]
    filled = [f"o{i}" for i in range(FEW_COLUMNS)]
    indexer = f.StringIndexer(inputCol="word", outputCol="a")
    words_of = f.Tokenizer(inputCol="text", outputCol="words")
    return {
        "index": [indexer],
        "one_hot": [indexer, f.OneHotEncoder(inputCol="a", outputCol="b")],
        "assemble": [f.VectorAssembler(inputCols=many, outputCol="b")],
        "scale": [
            f.VectorAssembler(inputCols=many, outputCol="v"),
            f.StandardScaler(inputCol="v", outputCol="b", withMean=True),
        ],
        "impute_mean": [f.Imputer(inputCols=few, outputCols=filled)],
        "impute_median": [f.Imputer(inputCols=few, outputCols=filled, strategy="median")],
        "quantiles": [f.QuantileDiscretizer(inputCol="x", outputCol="b", numBuckets=10)],
        "tfidf": [
            words_of,
            f.CountVectorizer(inputCol="words", outputCol="counts"),
            f.IDF(inputCol="counts", outputCol="b"),
        ],
        "hashing_tfidf": [
            words_of,
            f.HashingTF(inputCol="words", outputCol="counts"),
            f.IDF(inputCol="counts", outputCol="b"),
        ],
    }[name]


def start_spark():
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "10g")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    return session


def spark_times(session, name, frame):
    from pyspark.ml import Pipeline

    with tempfile.TemporaryDirectory() as folder:
        frame.write_parquet(f"{folder}/data.parquet", row_group_size=500_000)
        data = session.read.parquet(f"{folder}/data.parquet").repartition(4).cache()
        data.count()
        seconds = []
        for _ in range(1 + REPEATS):  # the first warms the virtual machine up
            start = time.perf_counter()
            out = Pipeline(stages=spark_stages(name)).fit(data).transform(data)
            out.write.format("noop").mode("overwrite").save()
            seconds.append(time.perf_counter() - start)
        data.unpersist(blocking=True)
    return seconds[1:]


# ---- Running ----------------------------------------------------------------------------------


def quern(build, name, rows):
    command = ["mpiexec", "-n", "2", f"{build}/tests/bench_features", name, str(rows), str(REPEATS)]
    out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [a + b for a, b in zip(out["fit"], out["transform"])], out


def run_peer(work, data):
    gc.collect()
    start = time.perf_counter()
    answer = work(data)
    return time.perf_counter() - start, answer


def compare(build, name, rows, make, peers, spark):
    frame = make(rows)
    times = {"quern": [], **{peer: [] for peer in peers}}
    prepared = {peer: prepare(frame) for peer, (prepare, _, _) in peers.items()}
    for _ in range(ROUNDS):
        seconds, ours = quern(build, name, rows)
        times["quern"] += seconds
        for peer, (_, work, total) in peers.items():
            seconds, answer = run_peer(work, prepared[peer])
            times[peer].append(seconds)
            if total is not None:
                theirs = float(total(answer))
                assert math.isclose(ours["sum"], theirs, rel_tol=1e-6), (name, peer, theirs, ours)
            del answer
    if spark is not None:
        times["spark"] = spark_times(spark, name, frame)
    median = {peer: statistics.median(values) for peer, values in times.items()}
    fit, transform = (statistics.median(ours[k]) for k in ("fit", "transform"))
    print(f"{name}, {rows} rows: quern {median['quern']:.3f} s (fit {fit:.3f}, transform {transform:.3f})")
    for peer in times:
        if peer != "quern":
            print(f"    {peer:34s} {median[peer]:8.3f} s  {median[peer] / median['quern']:7.1f}x")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("workloads", nargs="?")
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--rows", type=int)
    arguments = parser.parse_args()
    wanted = arguments.workloads.split(",") if arguments.workloads else None
    spark = start_spark() if arguments.spark else None
    for name, (rows, make, peers) in workloads().items():
        if wanted is None or name in wanted:
            compare(arguments.build, name, arguments.rows or rows, make, peers, spark)


main()
