"""Random tables through feature stages: Quern against Spark ML.

usage: stages_spark.py QUERN [SEEDS] [FILTER]

Run by hand, with a Python that has pyspark (4.1 or later, Java 17), h5py and numpy; no test of
ctest needs it. Each case is a list of stages, written as in a job file and given to both: fitted on
one small table, applied to it and to another one. What is compared of the named columns: which rows
are left, every value, widths of vectors, names of slots and categories, and whether both refuse.
Spark works without ANSI mode, as Spark 3 does. FILTER is a pattern that names of cases match.

Differences that are meant are listed in MEANT, each with its reason, and counted. Any other one is
printed, and the program fails.
"""
import collections
import concurrent.futures
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile

import h5py
import numpy

# What differs on purpose: pattern of cases' names, pattern of the difference, reason. docs/stages has them.
MEANT = [
    ("scaler", "only Quern refuses: .*(cannot be scaled|NaN)",
     "scalers refuse, in fit, a slot that reaches to an infinity or has nothing but NaN; Spark makes it constant or NaN"),
    ("selector", "only Quern refuses: .*(no slot|nothing|none)",
     "a selection of nothing is an error; Spark goes on with empty vectors"),
    ("one_hot_encoder", "only Quern refuses: .*leaves no slot",
     "so is an encoder without slots; in Spark only where the category is known by its name"),
    ("tokenizer null", "only Spark refuses", "tokenizers give null for null; Spark fails"),
    ("index_to_string", "only Spark refuses: .*Unseen index: null", "null has a null text; Spark fails"),
    ("string_indexer b ", "only Spark refuses: .*BooleanType", "bools are categories, too"),
    ("", "only Spark refuses: .*empty string for name", "the empty text may be a category with a slot"),
    ("one_hot|null vector|vector_size_hint", "only Spark refuses: .*ROW_VALUE_IS_NULL",
     "nulls do not count in an encoder's fit; Spark fails"),
    ("target_encoder null label", "only Quern refuses: .*must be finite", "labels must be finite; Spark's codes become NaN"),
    ("r_formula y ~ (1|u - u) ", "only Quern refuses: .*no terms", "a formula without terms is an error"),
    ("r_formula nope", "only Quern refuses: .*unknown column", "fitting needs the label"),
    ("r_formula y ~ b:u|interaction numbers", "only Spark refuses: requirement failed", "bools can be multiplied"),
    ("(r_formula|interaction).*\\[(same|one) ", "values", "a lone category is 1 in a product; in Spark its index, 0"),
    ("interaction NaN|polynomial_expansion . dirty", "instead of .*nan", "a factor 0 makes a product 0, beside NaN, too"),
    ("binarizer whole", "only Spark refuses: .*IntegerType", "all numbers can be compared"),
    ("binarizer", "None instead of 0.0", "null gives null, as in Spark 3.0; later ones give 0"),
    ("binarizer vector -", "values", "NaN is above nothing; Spark has it above thresholds below 0, in vectors only"),
    ("regex_tokenizer", "\U0001f600|\\?", "characters count; in Spark units of UTF-16"),
    (r"regex_tokenizer \\b", "values", "\\b means ASCII, as in Java since 19"),
    ("count_vectorizer", "only Quern refuses: .*vocabulary is empty", "an empty vocabulary is an error"),
    ("determined", "", "a slot that the label determines has p 0; Spark's F test gives NaN"),
    ("upper", "instead of 'SS'", "upper maps each character to one"),
    ("minus zero", "values", "-0.0 is 0; Spark's buckets place it below a split at 0"),
]

NAN, INF = math.nan, math.inf


# ---- Tables --------------------------------------------------------------------------------------

TYPES = {"id": "int64", "s": "string", "w": "string", "g": "string", "k": "int64", "j": "int32", "x": "float64",
         "y": "float64", "q": "float64", "z": "float64", "u": "float64", "c": "float64", "f": "float32", "b": "bool",
         "label": "float64", "target": "float64", "text": "string"}
SPARK_TYPES = {"int64": "bigint", "int32": "int", "float64": "double", "float32": "float", "bool": "boolean",
               "string": "string"}
WORDS = ["a", "b", "B", "ab", "\u00e4\u00f6\u00fc", "\u00e9", "", "\u00df", "\u65e5\u672c", "\U0001f600", "\uffee", "Z z",
         "a,b", '"q"', " lead", "10", "9", "null", "NaN"]
TOKENS = ["The", "the", "mill", "Mill", "grinds", "I'm", "of", "\u00c4rger", "na\u00efve", "\u65e5\u672c\u8a9e", "x-y", "10", "3.5", "a",
          "a", "corn", "\u0130z", "\U0001f600", "don't", "\u00a0", "e\u0301"]
BLANKS = [" ", " ", " ", "  ", "\t", " \t ", ", ", ".", "\u3000", "\u2003", "\n"]
DOUBLES = [0.0, -0.0, 1.0, -1.0, 0.5, 1e7, 1e-3, 1e-4, 123456789.0, 1e21, 1e-300, 0.1, 2.5, -2.5, 100.0, 1e16]


def texts(rng):
    parts = [rng.choice(TOKENS) + rng.choice(BLANKS) for _ in range(rng.randint(0, 9))]
    return (rng.choice(["", "", " ", "."]) + "".join(parts))[:None if rng.random() < .5 else -1]


def table(seed, kind):
    """Rows as a map of columns. clean: no nulls, NaN, infinities; gaps: nulls and NaN; dirty: all of
    them; one: a clean row; same: constant columns. Other seeds give categories not seen before."""
    rng = random.Random(f"{seed} {kind}")
    count = 1 if kind == "one" else rng.randint(50, 200)
    gaps = kind in ("gaps", "dirty")
    words = rng.sample(WORDS, 9)

    def some(value, share=0.1):
        return None if gaps and rng.random() < share else value

    def number(value):
        if gaps and rng.random() < .08:
            return NAN
        return rng.choice([INF, -INF]) if kind == "dirty" and rng.random() < .05 else value

    row = {"s": lambda i: some(rng.choice(words)), "w": lambda i: rng.choice("abcde"[:rng.randint(2, 5)]),
           "g": lambda i: rng.choice(["up", "down", "mid"]), "k": lambda i: some(rng.choice([0, 1, 2, 3, 3])),
           "j": lambda i: some(rng.randint(-3, 3)), "x": lambda i: some(number(rng.choice(DOUBLES))),
           "y": lambda i: some(number(round(rng.gauss(0, 3), rng.choice([0, 1, 12])) + 0.0)),
           "q": lambda i: some(number(rng.choice(DOUBLES) + 0.0)),
           "z": lambda i: number(rng.gauss(1e3, 1.0)), "u": lambda i: float(rng.randint(0, 4)), "c": lambda i: 7.0,
           "f": lambda i: some(rng.choice([.5, 1.25, -2.0, 0.0, 0.1, 1e10])), "b": lambda i: some(rng.random() < .5),
           "label": lambda i: float(rng.random() < .4), "target": lambda i: rng.gauss(0, 1) * 10,
           "text": lambda i: texts(rng)}
    rows = {"id": list(range(count))}
    for name, make in row.items():
        rows[name] = [make(0)] * count if kind == "same" else [make(i) for i in range(count)]
    rows["f"] = [None if v is None else float(numpy.float32(v)) for v in rows["f"]]
    return rows


def csv_field(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return repr(value)


def write_csv(rows, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(",".join(TYPES) + "\n")
        for values in zip(*(rows[name] for name in TYPES)):
            file.write(",".join(map(csv_field, values)) + "\n")


# ---- Quern ---------------------------------------------------------------------------------------


class Refused(Exception):
    pass


def string_items(node):
    if isinstance(node, h5py.Group):
        categories = string_items(node["categories"])
        return [None if code < 0 else categories[code] for code in node["codes"][:]]
    return [v.decode() if isinstance(v, bytes) else v for v in node[:].tolist()]


def read_column(file, column):
    key, rows = column["key"], len(file["obs/_index"])
    kind = column["type"]
    mask = None
    for place in ("obs/", "uns/fs/"):
        if f"{place}{key}.__mask__" in file:
            mask = file[f"{place}{key}.__mask__"][:]
    if kind == "vector":
        node = file["obsm/" + key]
        if isinstance(node, h5py.Group):
            values = numpy.zeros((rows, column["width"]))
            starts = node["indptr"][:]
            where = numpy.repeat(numpy.arange(rows), numpy.diff(starts))
            values[where, node["indices"][:]] = node["data"][:]
        else:
            values = node[:]
        values = [tuple(row) for row in values.tolist()]
    elif kind.startswith("list"):
        node = file["uns/fs/lists/" + key]
        items, starts = string_items(node["items"]), node["offsets"][:]
        values = [items[starts[i]:starts[i + 1]] for i in range(rows)]
        if "mask" in node:
            mask = node["mask"][:]
    else:
        node = file["obs/" + key]
        if kind == "string":
            values = string_items(node)
        elif isinstance(node, h5py.Group):
            values, mask = node["values"][:].tolist(), node["mask"][:]
        else:
            values = node[:].tolist()
    return values if mask is None else [None if gone else v for v, gone in zip(values, mask)]


def read_table(path, names):
    with h5py.File(path) as file:
        schema = {c["name"]: c for c in json.loads(file["uns/fs/schema"][()])["columns"]}
        columns = {name: read_column(file, schema[name]) for name in ["id", *names]}
    slots = {}
    for name in names:
        attributes = schema[name].get("attributes") or {}
        slots[name] = attributes.get("names")
    return columns, slots


class Quern:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.schema = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())

    def call(self, *args):
        done = subprocess.run([self.program, *args], capture_output=True, text=True)
        if done.returncode not in (0, 65, 66, 67, 70):
            raise RuntimeError(f"exit {done.returncode}: {done.stderr}")
        if done.returncode:
            raise Refused(done.stderr.strip().split("\n")[0])

    def path(self, key):
        return f"{self.folder}/{key[1]}-{key[0]}.csv"

    def run(self, number, case):
        """[train, test], each (columns, names) or Refused."""
        out = f"{self.folder}/{number}"
        # JSON is YAML but for infinities.
        job = {"input": {"path": self.path(case.train), "schema": self.schema}, "stages": case.stages, "output": out,
               "save": {"model": "model.h5"}}
        with open(out + ".yaml", "w", encoding="utf-8") as file:
            file.write(re.sub(r"(?<![\w\"])(-?)Infinity", r"\1.inf", json.dumps(job)))
        try:
            self.call("run", "-q", out + ".yaml")
        except Refused as error:
            return [error, error]
        results = []
        for key in (case.train, case.test):
            try:
                self.call("transform", "-q", out + "/model.h5", self.path(key), "--read", "schema=" + self.schema, "-o",
                          out + ".h5")
                results.append(read_table(out + ".h5", case.out))
            except Refused as error:
                results.append(error)
        return results


# ---- Spark ---------------------------------------------------------------------------------------

CLASSES = {"n_gram": "NGram", "hashing_tf": "HashingTF", "idf": "IDF", "pca": "PCA", "r_formula": "RFormula",
           "sql_transformer": "SQLTransformer"}
PARAMS = {"min_df": "minDF", "max_df": "maxDF", "min_tf": "minTF"}
ENUMS = ("string_order_type", "string_indexer_order_type", "selection_mode")


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


class Spark:
    def __init__(self):
        from pyspark.sql import SparkSession
        settings = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1", "spark.driver.bindAddress": "127.0.0.1",
                    "spark.sql.ansi.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.driver.memory": "2g",
                    "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN",
                    "spark.sql.adaptive.enabled": "false", "spark.sql.session.timeZone": "UTC",
                    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
        builder = SparkSession.builder.master("local[2]")
        for key, value in settings.items():
            builder = builder.config(key, value)
        self.session = builder.getOrCreate()
        self.session.sparkContext.setLogLevel("OFF")
        self.frames = {}

    def frame(self, key):
        if key not in self.frames:
            rows = table(*key)
            schema = ", ".join(f"{name} {SPARK_TYPES[kind]}" for name, kind in TYPES.items())
            data = self.session.sparkContext.parallelize(list(zip(*(rows[name] for name in TYPES))), 1)
            self.frames[key] = self.session.createDataFrame(data, schema).cache()
        return self.frames[key]

    def stage(self, options):
        from pyspark.ml import feature
        from pyspark.ml.linalg import Vectors
        kind = options["type"]
        stage = getattr(feature, CLASSES.get(kind, "".join(p.capitalize() for p in kind.split("_"))))()
        for name, value in options.items():
            if name == "type":
                continue
            param = PARAMS.get(name, camel(name))
            if name in ENUMS:
                value = camel(value)
            elif name == "scaling_vec":
                value = Vectors.dense(value)
            elif name == "splits_array":
                value = [[float(v) for v in text.split()] for text in value]
            elif name == "num_buckets_array" or name == "thresholds":
                value = list(value)
            if name == "input_col" and "elector" in kind:
                param = "featuresCol"
            stage._set(**{param: value})
        return stage

    def run(self, case):
        from pyspark.ml import Pipeline
        try:
            model = Pipeline(stages=[self.stage(options) for options in case.stages]).fit(self.frame(case.train))
        except Exception as error:
            return [Refused(str(error).split("\n")[0])] * 2
        return [self.apply(model, key, case.out) for key in (case.train, case.test)]

    def apply(self, model, key, names):
        try:
            frame = model.transform(self.frame(key)).select("id", *names)
            rows = frame.collect()
        except Exception as error:
            return Refused(next((l for l in str(error).split("\n") if "Caused" in l), str(error).split("\n")[0]))
        columns = {name: [plain(row[i]) for row in rows] for i, name in enumerate(["id", *names])}
        return columns, {name: slot_names(frame.schema[name].metadata) for name in names}


def plain(value):
    if hasattr(value, "toArray"):
        return tuple(value.toArray().tolist())
    return value


def slot_names(metadata):
    attributes = metadata.get("ml_attr", {})
    if "vals" in attributes:
        return attributes["vals"]
    slots = sorted((a for kind in attributes.get("attrs", {}).values() for a in kind), key=lambda a: a["idx"])
    return [a.get("name") for a in slots] or None


# ---- Cases ---------------------------------------------------------------------------------------


class Case:
    """names: how slots' names compare; loose without the columns of categories, last the text behind =, none not at all."""

    def __init__(self, name, train, test, stages, out, names, tolerance):
        self.name, self.train, self.test = name, train, test
        self.stages, self.out, self.names = stages, out if isinstance(out, list) else [out], names
        self.tolerance = tolerance


def stage(kind, source=None, out="o", **options):
    given = {"type": kind}
    if isinstance(source, list):
        given["input_cols"] = source
    elif source:
        given["input_col"] = source
    if isinstance(out, list):
        given["output_cols"] = out
    elif out:
        given["output_col"] = out
    return given | options


def vector(columns, out="v", **options):
    return stage("vector_assembler", columns, out, **options)


def categories(seed):
    for column in ("s", "w", "k", "j", "x", "y", "f", "b"):
        for order in ("frequency_desc", "frequency_asc", "alphabet_desc", "alphabet_asc"):
            for invalid in ("error", "skip", "keep"):
                if column in "kjyfb" and (order, invalid) not in (("frequency_desc", "keep"), ("alphabet_asc", "skip")):
                    continue
                yield (f"string_indexer {column} {order} {invalid}", "clean dirty",
                       [stage("string_indexer", column, string_order_type=order, handle_invalid=invalid)], "o", "exact")
    yield ("string_indexer many", "gaps gaps",
           [stage("string_indexer", ["s", "w"], ["o", "p"], handle_invalid="skip")], ["o", "p"], "exact")
    yield ("string_indexer many keep", "gaps dirty",
           [stage("string_indexer", ["s", "w"], ["o", "p"], handle_invalid="keep")], ["o", "p"], "exact")
    yield "string_indexer same", "same clean", [stage("string_indexer", "w", handle_invalid="keep")], "o", "exact"
    yield ("index_to_string", "clean clean", [stage("string_indexer", "w", "i", handle_invalid="skip"),
                                              stage("index_to_string", "i")], "o")
    yield ("index_to_string keep", "gaps dirty", [stage("string_indexer", "s", "i", handle_invalid="keep"),
                                                  stage("index_to_string", "i")], "o")
    yield "index_to_string labels", "clean clean", [stage("index_to_string", "u", labels=list("abcde"))], "o"
    yield "index_to_string few labels", "clean clean", [stage("index_to_string", "u", labels=list("ab"))], "o"
    yield "index_to_string null", "gaps gaps", [stage("index_to_string", "k", labels=list("abcde"))], "o"
    for drop in (True, False):
        for invalid in ("error", "keep"):
            options = {"drop_last": drop, "handle_invalid": invalid}
            yield f"one_hot_encoder {options}", "clean clean", [stage("one_hot_encoder", "u", **options)], "o", "last"
            yield f"one_hot_encoder k {options}", "clean gaps", [stage("one_hot_encoder", "k", **options)], "o", "last"
            yield f"one_hot_encoder new {options}", "same clean", [stage("one_hot_encoder", "u", **options)], "o", "last"
            yield f"one_hot_encoder j {options}", "clean clean", [stage("one_hot_encoder", "j", **options)], "o"
            yield f"one_hot_encoder y {options}", "clean clean", [stage("one_hot_encoder", "y", **options)], "o"
            yield f"one_hot_encoder test {options}", "clean dirty", [stage("one_hot_encoder", "u", **options)], "o"
            for index in ("error", "keep", "skip"):
                yield (f"one_hot_encoder behind {index} {options}", "clean dirty",
                       [stage("string_indexer", "s", "i", handle_invalid=index), stage("one_hot_encoder", "i", **options)],
                       "o", "last")
            yield (f"one_hot_encoder one category {options}", "same clean",
                   [stage("string_indexer", "w", "i", handle_invalid="skip"), stage("one_hot_encoder", "i", **options)],
                   "o", "last")
            yield (f"one_hot_encoder buckets {options}", "clean clean",
                   [stage("bucketizer", "y", "i", splits=[-INF, -1, 0, 2, INF]), stage("one_hot_encoder", "i", **options)],
                   "o", "last")
    yield ("one_hot_encoder many", "clean gaps", [stage("one_hot_encoder", ["u", "label"], ["o", "p"])], ["o", "p"], "last")
    for kind, label in (("binary", "label"), ("continuous", "target")):
        for smoothing in (0, 0.5, 10):
            for invalid in ("error", "keep"):
                for tables in ("clean gaps", "gaps gaps", "same clean", "one clean"):
                    yield (f"target_encoder {kind} {smoothing} {invalid}", tables,
                           [stage("target_encoder", ["k", "u"], ["o", "p"], label_col=label, target_type=kind,
                                  smoothing=smoothing, handle_invalid=invalid)], ["o", "p"])
    yield ("target_encoder bad label", "clean clean", [stage("target_encoder", "k", label_col="target")], "o")
    yield ("target_encoder null label", "gaps gaps",
           [stage("target_encoder", "u", label_col="y", target_type="continuous", handle_invalid="keep")], "o")
    yield ("target_encoder null label 2", "gaps gaps",
           [stage("target_encoder", "u", label_col="j", target_type="continuous", handle_invalid="keep")], "o")
    yield ("target_encoder behind indexer", "clean dirty",
           [stage("string_indexer", "s", "i", handle_invalid="keep"),
            stage("target_encoder", "i", label_col="label", handle_invalid="keep")], "o")
    yield "target_encoder negative", "clean clean", [stage("target_encoder", "j", label_col="label")], "o"
    for size in (1, 16, 1000, 262144):
        yield (f"feature_hasher {size}", "dirty dirty",
               [stage("feature_hasher", ["s", "w", "j", "k", "x", "f", "b"], num_features=size)], "o")
        yield (f"feature_hasher categorical {size}", "dirty dirty",
               [stage("feature_hasher", ["s", "j", "k", "x", "f", "b"], num_features=size,
                      categorical_cols=["j", "k", "x", "f"])], "o")
    for maximum in (2, 4, 6, 20, 500):
        for invalid in ("error", "skip", "keep"):
            yield (f"vector_indexer {maximum} {invalid}", "clean clean",
                   [vector(["u", "j", "y", "c", "x"]),
                    stage("vector_indexer", "v", max_categories=maximum, handle_invalid=invalid)], "o")
    yield ("vector_indexer sparse", "clean clean",
           [stage("tokenizer", "text", "t"), stage("hashing_tf", "t", "v", num_features=30), stage("vector_indexer", "v", max_categories=3,
                                                                  handle_invalid="keep")], "o")
    yield ("vector_indexer unseen", "same clean",
           [vector(["u", "j", "c"]), stage("vector_indexer", "v", max_categories=3, handle_invalid="keep")], "o")


def numbers(seed):
    rng = random.Random(seed)
    for invalid in ("error", "skip", "keep"):
        splits = sorted(rng.sample(range(-6, 7), 4))
        yield (f"bucketizer {invalid}", "gaps gaps",
               [stage("bucketizer", "y", splits=[-INF, *splits, INF], handle_invalid=invalid)], "o", "bucket")
        yield (f"bucketizer infinite {invalid}", "dirty dirty",
               [stage("bucketizer", "y", splits=[-INF, *splits, INF], handle_invalid=invalid)], "o")
        yield (f"bucketizer outside {invalid}", "gaps gaps",
               [stage("bucketizer", "y", splits=[-2, 0, 1], handle_invalid=invalid)], "o")
        yield (f"bucketizer whole {invalid}", "gaps gaps",
               [stage("bucketizer", "j", splits=[-3, -1, 0, 3], handle_invalid=invalid)], "o", "bucket")
        yield (f"bucketizer many {invalid}", "gaps gaps",
               [stage("bucketizer", ["y", "j"], ["o", "p"], splits_array=["-inf -0.5 0 0.5 inf", "-inf 0 inf"],
                      handle_invalid=invalid)], ["o", "p"])
        for buckets in (2, 3, 5, 10, 40):
            for column, tables in (("y", "gaps gaps"), ("z", "gaps dirty"), ("u", "clean clean"), ("q", "clean clean"),
                                   ("q", "dirty dirty"), ("c", "clean clean"), ("j", "gaps gaps"), ("y", "one clean")):
                yield (f"quantile_discretizer {column} {buckets} {invalid}", tables,
                       [stage("quantile_discretizer", column, num_buckets=buckets, handle_invalid=invalid)], "o", "bucket")
        yield (f"quantile_discretizer many {invalid}", "gaps gaps",
               [stage("quantile_discretizer", ["y", "j"], ["o", "p"], num_buckets_array=[3, 4], handle_invalid=invalid)],
               ["o", "p"])
        yield f"quantile_discretizer minus zero {invalid}", "clean clean", [stage("quantile_discretizer", "x")], "o"
    for threshold in (-1.0, 0.0, 0.5):
        yield f"binarizer {threshold}", "dirty dirty", [stage("binarizer", "y", threshold=threshold)], "o"
        yield (f"binarizer vector {threshold}", "dirty dirty",
               [vector(["y", "x", "z"], handle_invalid="keep"), stage("binarizer", "v", threshold=threshold)], "o")
        yield f"binarizer whole {threshold}", "clean clean", [stage("binarizer", "j", threshold=threshold)], "o"
    yield "binarizer many", "dirty dirty", [stage("binarizer", ["y", "x"], ["o", "p"], thresholds=[0.5, 2.0])], ["o", "p"]
    for strategy in ("mean", "median", "mode"):
        for missing in (None, -1.0, 0.0):
            options = {} if missing is None else {"missing_value": missing}
            for columns in (["y"], ["x"], ["j", "k"], ["f"], ["y", "z"]):
                yield (f"imputer {strategy} {missing} {columns}", "gaps gaps",
                       [stage("imputer", columns, [c + "_o" for c in columns], strategy=strategy, **options)],
                       [c + "_o" for c in columns])
        yield f"imputer {strategy} infinite", "dirty dirty", [stage("imputer", "y", strategy=strategy)], "o"
        yield f"imputer {strategy} nothing", "same gaps", [stage("imputer", "c", strategy=strategy, missing_value=7.0)], "o"
        yield f"imputer {strategy} bool", "clean clean", [stage("imputer", "b", strategy=strategy)], "o"
    yield "imputer string", "clean clean", [stage("imputer", "w", strategy="mean")], "o"


SCALERS = [("standard_scaler", {}), ("standard_scaler", {"with_mean": True}),
           ("standard_scaler", {"with_mean": True, "with_std": False}), ("standard_scaler", {"with_std": False}),
           ("min_max_scaler", {}), ("min_max_scaler", {"min": -2.0, "max": 5.0}), ("max_abs_scaler", {}),
           ("robust_scaler", {}), ("robust_scaler", {"with_centering": True}),
           ("robust_scaler", {"with_centering": True, "with_scaling": False}),
           ("robust_scaler", {"lower": 0.1, "upper": 0.6})]
HOT = [stage("string_indexer", "w", "i", handle_invalid="keep"), stage("one_hot_encoder", "i", "h", drop_last=False)]
TF = [stage("tokenizer", "text", "t"), stage("hashing_tf", "t", "tf", num_features=64)]


def vectors(seed):
    for kind, options in SCALERS:
        for tables, columns in (("clean clean", ["x", "y", "z", "c", "u"]), ("clean clean", ["y", "z", "c", "u"]),
                                ("one clean", ["y", "z", "c"]), ("same clean", ["y", "z", "c"]),
                                ("gaps gaps", ["y", "z", "c", "u"]), ("clean dirty", ["y", "z", "c"]),
                                ("dirty dirty", ["y", "x"])):
            yield (f"{kind} {options} {columns}", tables,
                   [vector(columns, handle_invalid="keep"), stage(kind, "v", **options)], "o", "none",
                   1e-7 if "z" in columns else 1e-9)
        yield f"{kind} {options} sparse", "clean clean", [*HOT, vector(["h", "u"]), stage(kind, "v", **options)], "o"
        yield f"{kind} {options} counts", "clean clean", [*TF, stage(kind, "tf", **options)], "o"
    for p in (1.0, 1.5, 2.0, 3.0, INF):
        for tables, columns in (("clean clean", ["x", "y", "z"]), ("clean clean", ["u", "j"]), ("gaps dirty", ["y", "u"]),
                                ("clean clean", ["label", "u"])):
            yield (f"normalizer {p} {columns}", tables,
                   [vector(columns, handle_invalid="keep"), stage("normalizer", "v", p=p)], "o")
        yield f"normalizer {p} sparse", "clean clean", [*TF, stage("normalizer", "tf", p=p)], "o"
    for invalid in ("error", "skip", "keep"):
        for tables in ("clean clean", "clean dirty", "gaps gaps", "one gaps"):
            yield (f"vector_assembler {invalid}", tables,
                   [vector(["y", "j", "b", "f", "k"], handle_invalid=invalid)], "v", "exact")
            yield (f"vector_assembler of vectors {invalid}", tables,
                   [*HOT, vector(["u", "c"], "a"), vector(["h", "y", "a", "i"], handle_invalid=invalid)], "v", "loose")
            # A null vector: the encoder gives null for null; a hint says its size.
            yield (f"vector_assembler null vector {invalid}", tables,
                   [stage("one_hot_encoder", "k", "h"), vector(["u", "h"], handle_invalid=invalid)], "v")
            yield (f"vector_assembler null vector hint {invalid}", tables,
                   [stage("one_hot_encoder", "k", "h"), stage("vector_size_hint", "h", None, size=3, handle_invalid="optimistic"),
                    vector(["u", "h"], handle_invalid=invalid)], "v")
            yield (f"vector_size_hint {invalid}", tables,
                   [stage("one_hot_encoder", "k", "h"),
                    stage("vector_size_hint", "h", None, size=3, handle_invalid="optimistic" if invalid == "keep" else invalid)],
                   "h")
    yield "vector_assembler string", "clean clean", [vector(["y", "w"])], "v"
    yield "vector_size_hint wrong", "clean clean", [vector(["y", "u"]), stage("vector_size_hint", "v", None, size=3)], "v"
    for degree in (1, 2, 3, 4):
        for columns in (["u"], ["u", "j"], ["y", "j", "u"], ["y", "j", "u", "label"]):
            yield f"polynomial_expansion {degree} {columns}", "clean clean", [
                vector(columns), stage("polynomial_expansion", "v", degree=degree)], "o"
        yield f"polynomial_expansion {degree} sparse", "clean clean", [
            *HOT, vector(["h", "y"]), stage("polynomial_expansion", "v", degree=degree)], "o"
        yield f"polynomial_expansion {degree} dirty", "dirty dirty", [
            vector(["y", "z"], handle_invalid="keep"), stage("polynomial_expansion", "v", degree=degree)], "o"
    yield "interaction one category", "same clean", [*HOT[:1], stage("interaction", ["y", "i"])], "o"
    yield "interaction numbers", "clean clean", [stage("interaction", ["y", "j", "b"])], "o", "exact"
    yield "interaction category", "clean clean", [*HOT, stage("interaction", ["y", "i"])], "o", "loose"
    yield "interaction categories", "clean clean", [
        *HOT, stage("string_indexer", "g", "gi", handle_invalid="keep"), stage("interaction", ["i", "gi", "u"])], "o", "loose"
    yield "interaction vectors", "clean clean", [
        *HOT, vector(["y", "u"]), stage("interaction", ["v", "h", "j"])], "o", "loose"
    yield "interaction slots", "clean clean", [*HOT, vector(["y", "i"]), stage("interaction", ["v", "u"])], "o", "loose"
    yield "interaction null", "gaps gaps", [stage("interaction", ["y", "j"])], "o"
    yield "interaction NaN", "dirty dirty", [stage("interaction", ["z", "u"])], "o"
    for k in (1, 2, 4):
        for tables in ("clean clean", "clean dirty"):
            yield f"pca {k}", tables, [vector(["y", "u", "j", "c"] if tables == "clean clean" else ["u", "label", "target", "c"]),
                                       stage("pca", "v", k=k)], "o", "signs"
        yield f"pca {k} sparse", "clean clean", [*TF, stage("pca", "tf", k=k)], "o", "signs"
    yield "pca too many", "clean clean", [vector(["y", "u"]), stage("pca", "v", k=3)], "o"
    yield "pca one", "one clean", [vector(["y", "u"]), stage("pca", "v", k=1)], "o"
    yield "pca NaN", "gaps clean", [vector(["y", "u"], handle_invalid="keep"), stage("pca", "v", k=1)], "o"
    for threshold in (0.0, 0.5, 2.0, 9.0, 1e30):
        for tables in ("clean clean", "same clean", "one clean", "gaps gaps"):
            yield f"variance_threshold_selector {threshold}", tables, [
                vector(["y", "u", "j", "c", "label", "z"], handle_invalid="keep"),
                stage("variance_threshold_selector", "v", variance_threshold=threshold)], "o", "exact"
    for feature, label, column in (("categorical", "categorical", "label"), ("continuous", "categorical", "label"),
                                   ("continuous", "continuous", "target"), ("categorical", "categorical", "u"),
                                   ("continuous", "categorical", "u"), ("continuous", "continuous", "y")):
        inputs = ["u", "j", "label", "c", "k"] if feature == "categorical" else ["y", "u", "j", "c", "label", "z", "target"]
        if feature == "continuous":
            yield f"univariate_feature_selector determined {label} {column}", "clean clean", [
                vector(inputs), stage("univariate_feature_selector", "v", feature_type=feature, label_type=label,
                                      label_col=column, selection_mode="fpr")], "o", "exact"
            inputs.remove(column)
        for mode, thresholds in (("num_top_features", (None, 1, 3, 50)), ("percentile", (None, 0.4, 1.0)),
                                 ("fpr", (None, 0.5)), ("fdr", (None, 0.6)), ("fwe", (None, 0.9))):
            for threshold in thresholds:
                options = {} if threshold is None else {"selection_threshold": threshold}
                for tables in ("clean clean", "one clean") if threshold is None else ("clean clean",):
                    yield f"univariate_feature_selector {feature} {label} {column} {mode} {threshold}", tables, [
                        vector(inputs), stage("univariate_feature_selector", "v", feature_type=feature, label_type=label,
                                              label_col=column, selection_mode=mode, **options)
                    ], "o", "exact"
    yield "vector_slicer", "clean clean", [vector(["y", "u", "j", "c"]),
                                           stage("vector_slicer", "v", indices=[2, 0], names=["c", "u"])], "o", "exact"
    yield "vector_slicer sparse", "clean clean", [*HOT, stage("vector_slicer", "h", indices=[3, 1])], "o", "last"
    yield "vector_slicer twice", "clean clean", [vector(["y", "u"]), stage("vector_slicer", "v", indices=[0], names=["y"])], "o"
    yield "vector_slicer outside", "clean clean", [vector(["y", "u"]), stage("vector_slicer", "v", indices=[2])], "o"
    yield "vector_slicer unknown", "clean clean", [vector(["y", "u"]), stage("vector_slicer", "v", names=["q"])], "o"
    yield "elementwise_product", "dirty dirty", [
        vector(["y", "z", "x"], handle_invalid="keep"), stage("elementwise_product", "v", scaling_vec=[0.0, -2.5, 1e10])], "o"
    yield "elementwise_product sparse", "clean clean", [
        *HOT, stage("vector_slicer", "h", "p", indices=[0, 2]), stage("elementwise_product", "p", scaling_vec=[0.5, -3.0])], "o"
    yield "elementwise_product width", "clean clean", [vector(["y", "u"]), stage("elementwise_product", "v", scaling_vec=[1.0])], "o"


def terms(seed):
    for column in ("text", "w", "s"):
        yield f"tokenizer {column}", "clean clean", [stage("tokenizer", column)], "o"
    yield "tokenizer null", "gaps gaps", [stage("tokenizer", "s")], "o"
    for pattern, gaps in ((r"\s+", True), (r"\W+", True), (r"\w+", False), (r"[^ ]+", False), (",", True), ("a", True), (" ", True),
                          (r"\d", True), (r"(?i)[a-z]+", False), (r"\b", True), (r"x*", True), (r".", False), (r"\S+", False),
                          (r"\p{L}+", False), (r"[^\p{L}]+", True), (r"(?<=\s)", True)):
        for least in (0, 1, 3):
            for lower in (True, False):
                yield f"regex_tokenizer {pattern} {gaps} {least} {lower}", "clean clean", [
                    stage("regex_tokenizer", "text", pattern=pattern, gaps=gaps, min_token_length=least, to_lowercase=lower)], "o"
    tokens = stage("tokenizer", "text", "t")
    cased = stage("regex_tokenizer", "text", "t", pattern="[ ,.]+", to_lowercase=False)
    for case_sensitive in (True, False):
        for words in (None, ["the", "Mill", "\u00e4rger", "\u0130z", ""]):
            options = {"case_sensitive": case_sensitive} | ({} if words is None else {"stop_words": words})
            for first in (tokens, cased):
                yield f"stop_words_remover {options}", "clean clean", [first, stage("stop_words_remover", "t", **options)], "o"
    for n in (1, 2, 3, 9):
        yield f"n_gram {n}", "clean clean", [tokens, stage("n_gram", "t", n=n)], "o"
    for size in (1, 10, 1000, 262144):
        for binary in (True, False):
            yield f"hashing_tf {size} {binary}", "clean clean", [
                cased, stage("hashing_tf", "t", num_features=size, binary=binary)], "o"
    for options in ({}, {"binary": True}, {"min_df": 3.0}, {"min_df": 0.2}, {"max_df": 20.0}, {"max_df": 0.3}, {"min_tf": 2.0},
                    {"min_tf": 0.25}, {"min_tf": 0.25, "binary": True}, {"vocab_size": 5}, {"vocab_size": 1}, {"min_df": 1e6},
                    {"min_df": 5.0, "max_df": 4.0}, {"min_df": 0.1, "max_df": 30.0}, {"min_df": 0.0}, {"max_df": 0.0},
                    {"min_df": 1.0, "max_df": 1.0}, {"min_df": 2.5}, {"min_tf": 1.5}):
        yield f"count_vectorizer {options}", "clean clean", [tokens, stage("count_vectorizer", "t", **options)], "o", "vocabulary"
    yield "count_vectorizer new", "same clean", [tokens, stage("count_vectorizer", "t")], "o", "vocabulary"
    yield "count_vectorizer one", "one clean", [tokens, stage("count_vectorizer", "t")], "o", "vocabulary"
    for least in (0, 1, 5, 1000):
        yield f"idf {least}", "clean clean", [*TF, stage("idf", "tf", min_doc_freq=least)], "o"
        yield f"idf dense {least}", "clean dirty", [
            vector(["y", "u", "j", "c"], handle_invalid="keep"), stage("idf", "v", min_doc_freq=least)], "o"


FORMULAS = ["label ~ y + u", "y ~ w", "y ~ w + g", "y ~ w - 1", "y ~ 0 + w + g", "y ~ u + w - 1 + g", "y ~ w:g", "y ~ w:u",
            "y ~ w*g", "y ~ u*j", "y ~ (u + w)^2", "y ~ (u + w + g)^2", "y ~ . - text - s - x - b - k - f - id - j",
            "y ~ b + u", "y ~ b:u", "g ~ u + w", "~ u + w", "y ~ u + u", "y ~ u:w + w:u", "y ~ u:w:g", "y ~ (u + w + g)^3",
            "y ~ u + w + u:w - w", "y ~ u*w - u:w", "y ~ w + w:g", "y ~ u - u", "y ~ 1", "y ~ u ^ 2", "y ~ (w + u) * g", "b ~ u",
            "y ~ u:u", "y ~ j + k + f", "nope ~ u", "y ~ nope", "y ~ w:g - 1", "y ~ u + (w + g)", "y ~ . - text - s", "s ~ u",
            "y ~ u - 1", "y ~ (u + w) - w", "y ~ a:", "w ~ w + u", "y ~ y + u", "y ~ w + -1", "y ~ g * w - g", "y ~ (u + w)^2 - 1"]
STATEMENTS = ["SELECT id, y + u AS o FROM __THIS__", "SELECT id, u * 2 AS o FROM __THIS__ WHERE y > 0",
              "SELECT *, CASE WHEN y > u THEN 'a' ELSE w END AS o FROM __THIS__",
              "SELECT id, coalesce(y, j, 0) AS o FROM __THIS__ WHERE s IS NOT NULL",
              "SELECT min(id) AS id, avg(y) AS o FROM __THIS__ GROUP BY w",
              "SELECT id, rank() OVER (PARTITION BY w ORDER BY u) AS o FROM __THIS__",
              "SELECT id, upper(s) AS o FROM __THIS__", "SELECT id, y / u AS o FROM __THIS__", "SELECT id, x % 3 AS o FROM __THIS__",
              "SELECT id, cast(x AS string) AS o FROM __THIS__", "SELECT id, cast(s AS int) AS o FROM __THIS__",
              "SELECT id, log(y) AS o FROM __THIS__", "SELECT id, length(text) AS o FROM __THIS__",
              "SELECT id, cast(y AS int) AS o FROM __THIS__", "SELECT id, nope AS o FROM __THIS__",
              "SELECT id, round(y, 1) AS o FROM __THIS__", "SELECT id, greatest(y, u, j) AS o FROM __THIS__",
              "SELECT id, concat(s, w) AS o FROM __THIS__", "SELECT id, sqrt(y) AS o FROM __THIS__"]


def glue(seed):
    rng = random.Random(seed)
    kinds = [("error", "clean clean"), ("skip", "clean gaps"), ("keep", "clean gaps"), ("skip", "gaps gaps"), ("keep", "gaps gaps"),
             ("error", "same clean"), ("error", "clean dirty")]
    for formula in FORMULAS:
        for order in ("frequency_desc", rng.choice(["alphabet_desc", "alphabet_asc", "frequency_asc"])):
            for invalid, tables in rng.sample(kinds, 1):
                label = "l" if not formula.startswith("label") else "label"
                out = ["f_o"] if formula.startswith(("~", "nope")) or label == "label" else ["f_o", "l"]
                yield f"r_formula {formula} {order} {invalid}", tables, [
                    {"type": "r_formula", "formula": formula, "features_col": "f_o", "label_col": label, "handle_invalid": invalid,
                     "string_indexer_order_type": order}], out, "loose"
    yield "r_formula force", "clean clean", [{"type": "r_formula", "formula": "u ~ w", "features_col": "f_o", "label_col": "l",
                                              "force_index_label": True}], ["f_o", "l"], "loose"
    for statement in STATEMENTS:
        for tables in ("clean clean", "gaps dirty"):
            yield f"sql_transformer {statement}", tables, [{"type": "sql_transformer", "statement": statement}], "o"


def cases(seed):
    for family in (categories, numbers, vectors, terms, glue):
        for name, tables, stages, out, *more in family(seed):
            names, tolerance = [*more, *["none", 1e-9][len(more):]]
            train, test = tables.split()
            yield Case(f"{name} [{tables}]", (seed, train), (f"{seed} test", test), stages, out, names, tolerance)


# ---- Comparison ----------------------------------------------------------------------------------


def near(a, b, tolerance):
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(near(v, w, tolerance) for v, w in zip(a, b))
    if a is None or b is None or isinstance(a, str) or isinstance(b, str):
        return a == b
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= tolerance * max(1, abs(a), abs(b))


def compare_names(mode, ours, theirs):
    if mode in ("none", "signs") or theirs is None:
        return None
    if ours is None:
        return f"names: none instead of {theirs[:8]}"
    if mode == "last":
        ours = [name.split("=", 1)[-1] for name in ours]
    elif mode == "loose":
        ours = [re.sub(r"\b\w+=", "", name) for name in ours]
        theirs = [re.sub(r"\b(v_i|gi|i|h|w|g|s)_", "", name) for name in theirs]
    elif mode == "bucket":
        theirs = [re.sub(r"\.0\b|E\d+", "", n).replace("Infinity", "inf") for n in theirs]
        ours = [n for n in ours if n != "NaN"]
        return None if len(ours) == len(theirs) else f"categories: {ours} instead of {theirs}"
    elif mode == "exact":
        theirs = ["__unknown" if n == "__unknown" else n for n in theirs]
    elif mode == "vocabulary":
        return None if sorted(n.split("=", 1)[-1] for n in ours) == sorted(theirs) else f"vocabulary: {ours} {theirs}"
    return None if ours == theirs else f"names: {ours[:12]} instead of {theirs[:12]}"


def align(mode, ours, theirs, names):
    """Slots in one order, where Spark leaves the order or the sign open."""
    if mode == "signs":
        columns = []
        for a, b in zip(zip(*ours), zip(*theirs)):
            dot = sum(v * w for v, w in zip(a, b) if math.isfinite(v * w))
            columns.append([-v for v in a] if dot < 0 else list(a))
        ours = list(zip(*columns))
    if mode == "vocabulary":
        return [tuple(sorted(v)) for v in ours], [tuple(sorted(v)) for v in theirs]
    return ours, theirs


def compare(case, ours, theirs):
    if isinstance(ours, Refused) or isinstance(theirs, Refused):
        if isinstance(ours, Refused) and isinstance(theirs, Refused):
            return None
        return f"only {'Quern' if isinstance(ours, Refused) else 'Spark'} refuses: {ours if isinstance(ours, Refused) else theirs}"
    (mine, my_names), (other, other_names) = ours, theirs
    if mine["id"] != other["id"]:
        order = sorted(range(len(mine["id"])), key=lambda i: mine["id"][i])
        mine = {name: [values[i] for i in order] for name, values in mine.items()}
        order = sorted(range(len(other["id"])), key=lambda i: other["id"][i])
        other = {name: [values[i] for i in order] for name, values in other.items()}
    if mine["id"] != other["id"]:
        return f"rows: {len(mine['id'])} instead of {len(other['id'])}, {sorted(set(mine['id']) ^ set(other['id']))[:5]}"
    for name in case.out:
        a, b = mine[name], other[name]
        if a and isinstance(a[0], tuple) and b[0] is not None and len(a[0]) != len(b[0]):
            return f"{name}: width {len(a[0])} instead of {len(b[0])}, {my_names[name]} {other_names[name]}"
        a, b = align(case.names, a, b, other_names[name])
        bad = [i for i in range(len(a)) if not near(a[i], b[i], case.tolerance)]
        if bad:
            return f"{name}: {len(bad)} values, row {mine['id'][bad[0]]}: {brief(a[bad[0]], b[bad[0]])}"
        fault = compare_names(case.names, my_names[name], other_names[name])
        if fault:
            return f"{name}: {fault}"
    return None


def reason_of(name, fault):
    return next((reason for names, faults, reason in MEANT if re.search(names, name) and re.search(faults, fault)), None)


def brief(a, b):
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b) and len(a) > 6:
        slots = [i for i in range(len(a)) if not near(a[i], b[i], 1e-9)][:4]
        return "; ".join(f"slot {i} {a[i]!r} instead of {b[i]!r}" for i in slots)
    return f"{a!r} instead of {b!r}"


def main():
    program, seeds, part = sys.argv[1], int((sys.argv + ["1"])[2]), (sys.argv + ["", "", ""])[3] if len(sys.argv) > 3 else ""
    with tempfile.TemporaryDirectory() as folder:
        quern, spark = Quern(program, folder), Spark()
        counts, faults = collections.Counter(), 0
        for seed in range(1, seeds + 1):
            todo = [case for case in cases(seed) if re.search(part, case.name)]
            for key in {key for case in todo for key in (case.train, case.test)}:
                write_csv(table(*key), quern.path(key))
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                answers = [pool.submit(quern.run, number, case) for number, case in enumerate(todo)]
                for case, answer in zip(todo, answers):
                    theirs = spark.run(case)
                    for what, mine, other in zip(("train", "test"), answer.result(), theirs):
                        fault = compare(case, mine, other)
                        counts["compared"] += 1
                        counts["both refuse"] += isinstance(mine, Refused) and isinstance(other, Refused)
                        reason = fault and reason_of(case.name, fault)
                        counts[reason or ("faults" if fault else "same")] += 1
                        faults += bool(fault and not reason)
                        if fault and not reason:
                            print(f"seed {seed} {case.name} {what}: {fault}", flush=True)
        for what, count in counts.items():
            print(f"{count:7} {what}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
