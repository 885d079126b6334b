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

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stages_cases

# Not met by these tables: alphabetic orders go by UTF-16, as in Spark 3; Spark 4 orders by bytes.
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
    ("normalizer inf", "instead of .*nan", "NaN makes the norm NaN, for p inf, too; Spark's largest size ignores it"),
    ("minus zero", "values", "-0.0 is 0; Spark's buckets place it below a split at 0"),
]

NAN, INF = math.nan, math.inf


# ---- Tables --------------------------------------------------------------------------------------

TYPES = {"id": "int64", "s": "string", "w": "string", "g": "string", "k": "int64", "j": "int32", "x": "float64",
         "y": "float64", "q": "float64", "z": "float64", "u": "float64", "c": "float64", "f": "float32", "b": "bool",
         "label": "float64", "target": "float64", "text": "string"}
SPARK_TYPES = {"int64": "bigint", "int32": "int", "float64": "double", "float32": "float", "bool": "boolean",
               "string": "string"}
WORDS = ["a", "b", "B", "ab", "\u00e4\u00f6\u00fc", "\u00e9", "", "\u00df", "\u65e5\u672c", "\U0001f600", "Z z",
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
            todo = [case for case in stages_cases.cases(seed) if re.search(part, case.name)]
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
