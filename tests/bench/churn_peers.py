"""The churn job (datasets/churn/job.yaml) beside PySpark running the same pipeline, in turns.

usage: churn_peers.py BUILD_DIR [ROWS] [ROUNDS]

needs pyspark and a Java runtime; two cores. Quern runs as `mpiexec -n 2 quern run`, its start
included; Spark in local[2] from reading the CSV to the written, partitioned Parquet files, its
start not included. Prints medians and records a second.
"""
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
JOB = os.path.join(HERE, "..", "..", "datasets", "churn", "job.yaml")
SCHEMA = "user_id long, transaction_date date, amount double, category string, device_type string"


def quern_run(build, data, folder):
    out = os.path.join(folder, "quern")
    shutil.rmtree(out, ignore_errors=True)
    command = ["mpiexec", "-n", "2", f"{build}/quern", "run", JOB]
    command += ["--set", f"input.path={data}", "--set", f"output={out}", "--quiet"]
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def start_spark():
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "12g")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "8")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    return session


def features(log):
    """What happened before each purchase, and in a customer's life so far."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    day = f.datediff("transaction_date", f.lit("1970-01-01"))
    by_user = Window.partitionBy("user_id").orderBy("day")
    log = log.withColumn("day", day)
    for days in (7, 30):
        past = by_user.rangeBetween(-days, -1)
        log = (
            log.withColumn(f"count_{days}d", f.count("*").over(past))
            .withColumn(f"sum_amount_{days}d", f.sum("amount").over(past))
            .withColumn(f"avg_amount_{days}d", f.avg("amount").over(past))
        )
    life = by_user.rangeBetween(Window.unboundedPreceding, -1)
    turn = (f.month("transaction_date") - 1) * (2 * math.pi / 12)
    weekend = f.dayofweek("transaction_date").isin(1, 7).cast("double")
    log = log.withColumn("month_sin", f.sin(turn)).withColumn("month_cos", f.cos(turn))
    log = log.withColumn("is_weekend", weekend).fillna("unknown", ["category", "device_type"])
    return (
        log.withColumn("count_life", f.count("*").over(life))
        .withColumn("sum_amount_life", f.sum("amount").over(life))
        .withColumn("avg_amount_life", f.avg("amount").over(life))
        .withColumn("max_amount_life", f.max("amount").over(life))
        .withColumn("tenure", f.col("day") - f.min("day").over(by_user))
        .withColumn("recency", f.col("day") - f.max("day").over(life))
    )


def pipeline(numbers):
    from pyspark.ml import Pipeline
    from pyspark.ml import feature as f

    filled = [f"{n}_filled" for n in numbers]
    words = ["category", "device_type"]
    return Pipeline(
        stages=[
            f.Imputer(inputCols=numbers, outputCols=filled, strategy="mean"),
            f.StringIndexer(
                inputCols=words, outputCols=[f"{w}_index" for w in words], handleInvalid="keep"
            ),
            f.OneHotEncoder(
                inputCols=[f"{w}_index" for w in words], outputCols=[f"{w}_vec" for w in words]
            ),
            f.VectorAssembler(
                inputCols=filled + [f"{w}_vec" for w in words], outputCol="raw_features"
            ),
            f.StandardScaler(inputCol="raw_features", outputCol="features"),
        ]
    )


def spark_run(session, data, folder):
    from pyspark.sql import functions as f

    out = os.path.join(folder, "spark")
    start = time.perf_counter()
    log = session.read.csv(data, schema=SCHEMA, header=True)
    log = log.where("amount IS NULL OR amount BETWEEN 0.01 AND 10000")
    log = log.where("transaction_date < DATE '2030-01-01'")
    table = features(log).cache()
    numbers = ["amount", "tenure", "recency", "max_amount_life", "month_sin", "month_cos"]
    numbers += ["is_weekend"] + [
        f"{a}_{w}" for w in ("7d", "30d", "life") for a in ("count", "sum_amount", "avg_amount")
    ]
    doubles = [f.col(n).cast("double").alias(n) for n in numbers]
    others = [f.col(c) for c in table.columns if c not in numbers]
    table = table.select(*others, *doubles)
    train, test = table.randomSplit([0.8, 0.2], seed=7)
    model = pipeline(numbers).fit(train)
    for name, part in (("train", train), ("test", test)):
        ready = model.transform(part).select(
            "user_id", "transaction_date", "category", "features", f.lit(name).alias("part")
        )
        mode = "overwrite" if name == "train" else "append"
        ready.write.partitionBy("part").mode(mode).parquet(out)
    session.catalog.clearCache()
    return time.perf_counter() - start


def main():
    build = sys.argv[1]
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    session = start_spark()
    with tempfile.TemporaryDirectory(dir=os.environ.get("QUERN_BENCH_DATA")) as folder:
        data = os.path.join(folder, "transactions.csv")
        command = ["mpiexec", "-n", "2", f"{build}/quern", "generate", "transactions"]
        command += ["--rows", str(rows), "--seed", "1", "--set", f"users={max(rows // 100, 10)}"]
        subprocess.run([*command, "-o", data, "--quiet"], check=True)
        times = {"quern": [], "spark": []}
        for _ in range(rounds):
            times["quern"].append(quern_run(build, data, folder))
            times["spark"].append(spark_run(session, data, folder))
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(f"{name:6s} {median:8.2f} s  {rows / median / 1e6:6.2f} million records/s")
    print(f"ratio {statistics.median(times['spark']) / statistics.median(times['quern']):.1f}")


main()
