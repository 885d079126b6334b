"""Random jobs: stages in any order over odd tables, against themselves on other numbers of ranks.

usage: random_jobs.py QUERN COUNT SEED RANKS,RANKS,... MPIEXEC [QUERN_OF_ONE_RANK]

QUERN_OF_ONE_RANK may be a sanitized build of the same sources; its floats need not be those of an
optimised one to the last bit. Each job is checked and run on one rank, then on each of RANKS. All must commit the same features and
save the same model, or fail with the same message and an exit code that the manual has for users'
mistakes; a job that 'quern check' refuses must fail. A fitted model is then applied to another
table. Prints the jobs that do not keep this and fails.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

ENVIRONMENT = dict(os.environ, ASAN_OPTIONS="detect_leaks=0", QUERN_CHECK_LEAKS="1")
GOOD_CODES = {0, 65, 66, 67, 70}
NASTY = ["NaN", "Infinity", "-Infinity", "1e308", "-1e308", "5e-324", "0", "-0.0", "1e-300"]
WORDS = ["red", "green", "blue", "", "a b", "ßÄ ö", "x,y", "日本", "Red", "NaN", "null", "1", "it's", "a=b"]
TEXTS = ["The mill grinds the corn.", "  two  blanks ", "", "Ünïcode ΣΑΣ runs! Why? 12", "a-b_c", "\t"]

# ---- Tables --------------------------------------------------------------------------------------

# name: (type, kind). Kinds decide which columns a stage usually takes.
COLUMNS = {
    "i": ("int32", "number"), "big": ("int64", "number"), "d": ("float64", "number"),
    "odd": ("float64", "number"), "one": ("float64", "number"), "none": ("float64", "number"),
    "f": ("float32", "number"), "flag": ("bool", "bool"), "word": ("string", "string"),
    "cat": ("string", "string"), "text": ("string", "string"), "empty": ("string", "string"),
    "many": ("string", "string"), "day": ("date", "time"), "at": ("timestamp", "time"),
    "c.d": ("int32", "number"), "ä \"q\"": ("string", "string"), "label": ("float64", "label"),
    "k": ("int32", "index"),
}


def some(random_, share, value):
    return "" if random_.random() < share else value


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def row(r, unseen):
    words = WORDS + ["unseen"] if unseen else WORDS
    return [
        some(r, .1, str(r.randint(-3, 12))), some(r, .05, str(r.choice([0, 1, -2**63, 2**63 - 1, 2**53 + 1]))),
        some(r, .0, repr(r.gauss(3, 2))), some(r, .2, r.choice(NASTY)), "2.5", "",
        some(r, .1, str(r.randint(0, 99) / 4)), some(r, .1, r.choice(["true", "false"])),
        some(r, .1, quoted(r.choice(words))), quoted(r.choice(words[:3 + unseen])),
        some(r, .1, quoted(r.choice(TEXTS))), "", quoted("m%d" % r.randint(0, 20000)),
        some(r, .1, "20%02d-%02d-%02d" % (r.randint(0, 40), r.randint(1, 12), r.randint(1, 28))),
        some(r, .1, "2024-%02d-%02d %02d:30:00" % (r.randint(1, 12), r.randint(1, 28), r.randint(0, 23))),
        str(r.randint(0, 5)), some(r, .1, quoted(r.choice(words[:4]))), str(r.randint(0, 1)),
        str(r.randint(0, 3 + unseen)),
    ]


def write_table(r, path, rows, unseen):
    with open(path, "w", encoding="utf-8") as file:
        file.write(",".join(quoted(name) for name in COLUMNS) + "\n")
        for _ in range(rows):
            file.write(",".join(row(r, unseen)) + "\n")


def schema():
    return ", ".join("%s %s" % (name, type_) for name, (type_, _) in COLUMNS.items())


# ---- Stages --------------------------------------------------------------------------------------


def describe_stages(quern):
    text = subprocess.run([quern, "help", "options"], capture_output=True, text=True, check=True).stdout
    stages, name = {}, None
    for line in text.splitlines():
        if line.startswith("## "):
            name = line[3:]
            stages[name] = {}
        elif line.startswith("| `"):
            cells = [c.strip().replace("\\|", "|") for c in line.replace("\\|", "\x01").strip("|").split("|")]
            stages[name][cells[0].strip("`")] = [c.replace("\x01", "|") for c in cells[1:3]]
    return {n: o for n, o in stages.items() if n != "CSV reader" and not n.startswith("Quality")
            and n not in ("linear_regression", "pipeline")}


READS = {
    "string_indexer": "string number bool time", "frequency_encoder": "string number bool time",
    "feature_hasher": "number bool string", "index_to_string": "index", "one_hot_encoder": "index",
    "target_encoder": "index", "vector_assembler": "number bool vector", "interaction": "number bool vector index",
    "imputer": "number string", "tokenizer": "string", "regex_tokenizer": "string", "text_statistics": "string",
    "n_gram": "list", "stemmer": "list", "stop_words_remover": "list", "hashing_tf": "list",
    "count_vectorizer": "list", "calendar_features": "time", "time_since": "time",
    "lag_features": "number string vector list time bool index", "cast_columns": "number string bool time",
    "drop_columns": "number string time bool", "rename_columns": "number string time bool vector",
}
GIVES = {
    "string_indexer": "index", "bucketizer": "index", "quantile_discretizer": "index", "index_to_string": "string",
    "tokenizer": "list", "regex_tokenizer": "list", "n_gram": "list", "stemmer": "list", "stop_words_remover": "list",
    "frequency_encoder": "number", "target_encoder": "number", "clipper": "number", "math_transformer": "number",
    "time_since": "number", "cast_columns": "number", "binarizer": "number",
}
VECTOR_STAGES = {"max_abs_scaler", "min_max_scaler", "normalizer", "polynomial_expansion", "robust_scaler",
                 "standard_scaler", "idf", "elementwise_product", "pca", "univariate_feature_selector",
                 "variance_threshold_selector", "vector_size_hint", "vector_slicer", "vector_indexer"}
STATEMENTS = [
    "SELECT *, d * 2 AS d2 FROM __THIS__", "SELECT * FROM __THIS__ WHERE d > 2", "SELECT *, upper(word) FROM __THIS__",
    "SELECT *, sum(d) OVER (PARTITION BY cat ORDER BY at) AS s FROM __THIS__", "SELECT * FROM __THIS__ ORDER BY d, many",
    "SELECT cat, count(*) AS n, avg(d) AS label, max(i) AS i, max(d) AS d FROM __THIS__ GROUP BY cat",
    "SELECT DISTINCT k, cat, label, one FROM __THIS__", "SELECT * FROM __THIS__ LIMIT 3", "SELECT nothing FROM __THIS__",
    "SELECT a.* FROM __THIS__ AS a JOIN (SELECT DISTINCT cat FROM __THIS__) AS b ON a.cat = b.cat", "SELECT", "",
    "SELECT *, CAST(word AS int) AS w FROM __THIS__", "SELECT * FROM __THIS__ WHERE label = 7",
]
FORMULAS = ["label ~ .", "label ~ d + cat", "y ~ d * cat - d", "~ i + one", "label ~ cat:flag", "word ~ d", "label ~ (d + i)^2",
            "label ~ log(d)", "label ~ nope", "label ~", "cat ~ empty", "label ~ none", "label ~ `c.d` + odd", "label ~ text - 1"]
LISTS = {
    "splits": [["-inf", "0", "2", "inf"], [0, 1, 2], [3, 2, 1], ["nan", 1, 2], [], [1, 1, 2], [-100, 3, 100]],
    "thresholds": [[1], [0, 2], ["x"], ["nan"]], "fill_value": [[0], ["none"], [1, "a"], ["1e400"], [2.5]],
    "lower": [[0], [5], ["nan"], [0, 1]], "upper": [[3], [-1], [9, 9]], "labels": [["a", "b", "c", "d", "e"], ["a"], ["a", "a"], []],
    "splits_array": [["0 1 2", "-inf;0;inf"], ["-inf 2 inf"], ["2 1 0"]], "num_buckets_array": [[2], [3, 4], [1]],
    "stop_words": [["the", "a"], [""], ["The", "the"]], "contains": [["the"], ["", "a"], ["x", "x"]],
    "matches": [["[a-z]+"], ["("], ["^$", "\\d"]], "indices": [[0], [0, 1], [5], [0, 0], [-1]], "names": [["d"], ["nope"], ["i", "d"]],
    "scaling_vec": [[1], [2, 0], ["nan", 1], [1, 2, 3]], "lags": [[1], [1, 3], [0], [1, 1], [1000000]],
    "windows": [["7d"], ["2 rows", "1mon"], ["unbounded"], [3], ["0d"], ["7d", "7d"], ["x"]],
    "aggregates": [["count"], ["sum(d)", "avg(i)"], ["count_distinct(cat)"], ["max(nope)"], ["sum(word)"], ["median(odd)"], ["last(vec)"],
                   ["first(flag)", "stddev(d)"], ["bool_or(flag)"]],
    "types": [["double"], ["string"], ["int"], ["date"], ["boolean"], ["timestamp"], ["list"], ["float", "int"], ["bigint"]],
}
TEXT_OPTIONS = {
    "pattern": ["\\s+", "(", "", "[a-z]*", "\\W", "(?=a)", "."], "language": ["english", "german", "klingon", "turkish"],
    "time_zone": ["UTC", "Europe/Berlin", "+02:00", "Mars/Base"], "reference": ["2024-01-31", "max", "min", "soon", "2024-01-31 12:00"],
    "label_delay": ["7d", "x", "1 rows"], "label_col": ["label", "label", "d", "word", "cat", "k", "odd", "none", "y2"],
    "stop_words_file": ["missing.txt"],
}


EXCLUDED = {"splits", "splits_array", "thresholds", "num_buckets_array", "reference_col"}


class Job:
    def __init__(self, r, stages):
        self.r, self.stages = r, stages
        self.kinds = {}
        for name, (_, kind) in COLUMNS.items():
            self.kinds.setdefault(kind, []).append(name)
        self.made = 0

    def column(self, kinds):
        r = self.r
        if r.random() < .03:
            return r.choice(["nope", "", "d", "vec", "features", "at", "label", "list0", "none", "empty"])
        if r.random() < .05:
            kinds = list(self.kinds)
        known = [k for k in kinds if self.kinds.get(k)]
        if not known:
            return "vec" if "vector" in kinds else r.choice(list(COLUMNS))
        return r.choice(self.kinds[r.choice(known)])

    def fresh(self, kind):
        r = self.r
        if r.random() < .02:
            return r.choice(list(COLUMNS) + ["features", "a.b", "q`\"'", "日本", " ", "prediction"])
        self.made += 1
        name = "%s%d" % (kind, self.made)
        self.kinds.setdefault(kind, []).append(name)
        return name

    def number(self, text):
        r = self.r
        values = [0, 1, 2, 3, 5, .5, .25, .1, 1.5, -1, 1000, 2147483647, 2147483648, 1e308, "nan", "inf", "x"]
        weights = [2, 8, 8, 8, 4, 4, 4, 4, 3, .3, .5, .1, .1, .2, .1, .2, .1]
        value = r.choices(values, weights)[0]
        if text.startswith("integer") and not isinstance(value, str) and r.random() < .97:
            value = int(value)
        return value

    def option(self, stage, name, text):
        r = self.r
        if name in LISTS:
            return r.choice(LISTS[name])
        if name in TEXT_OPTIONS:
            return r.choice(TEXT_OPTIONS[name])
        if name == "features":
            pool = "length bytes words sentences mean_word_length uppercase_share digits punctuation bogus" \
                if stage == "text_statistics" else "year quarter month week day day_of_week hour month_sin bogus year is_weekend"
            return r.sample(pool.split(), r.randint(1, 4))
        if text == "true|false":
            return r.choice(["true", "false"])
        if "|" in text:
            return r.choice(text.split("|") + (["bogus"] if r.random() < .05 else []))
        if text.startswith(("number", "integer")):
            return self.number(text)
        if name.endswith(("_cols",)):
            return [self.column(["number", "string"]) for _ in range(r.randint(1, 2))]
        if name.endswith("_col"):
            return self.column(["time", "number"])
        return r.choice(["x", "", "1"])

    def stage(self, name):
        r, options = self.r, self.stages[name]
        kinds = READS.get(name, "vector" if name in VECTOR_STAGES else "number").split()
        gives = GIVES.get(name, "vector")
        out = {"type": name}
        if name == "sql_transformer":
            out["statement"] = r.choice(STATEMENTS)
        elif name == "r_formula":
            out["formula"] = r.choice(FORMULAS)
        several = "input_cols" in options and ("input_col" not in options or r.random() < .3)
        if several:
            count = r.choices([0, 1, 2, 3, 4], [.2, 2, 4, 3, 1])[0]
            out["input_cols"] = list(dict.fromkeys(self.column(kinds) for _ in range(count)))
            count = len(out["input_cols"])
            if "output_cols" in options and (name != "cast_columns" or r.random() < .5):
                if r.random() < .02:
                    count += 1
                out["output_cols"] = [self.fresh(gives) for _ in range(count)]
        elif "input_col" in options and r.random() < .98:
            out["input_col"] = self.column(kinds)
        if "output_col" in options and not (several and "output_cols" in options) and r.random() < .98:
            out["output_col"] = self.fresh(gives)
        if "features_col" in options:
            out["features_col"] = self.fresh("vector")
        if name in ("window_features", "lag_features"):
            out["order_col"] = self.column(["time", "time", "number"])
            if r.random() < .8:
                out["partition_cols"] = [self.column(["string", "index"])]
            if name == "window_features":
                out["windows"] = r.choice(LISTS["windows"])
                out["aggregates"] = r.choice(LISTS["aggregates"])
        if "handle_invalid" in options and r.random() < .6:
            out["handle_invalid"] = r.choice(options["handle_invalid"][0].split("|")[1:])
        need = {"size": 3, "k": 2, "degree": 2, "feature_type": "continuous", "label_type": "continuous", "n": 2,
                "types": ["double"], "num_features": 16}
        for option, (text, default) in options.items():
            if option in out or option in ("input_col", "input_cols", "output_col", "output_cols", "features_col", "statement", "formula"):
                continue
            if name == "sql_transformer" or several and option in EXCLUDED:
                continue
            chance = .9 if default == "" and option in ("splits", "indices", "scaling_vec", "reference", "formula") else .15
            if r.random() < chance:
                out[option] = self.option(name, option, text)
            elif option in need and r.random() < .98:
                out[option] = need[option]
        return out

    def pick(self):
        r = self.r
        if not self.kinds.get("vector") and r.random() < .5:
            return "vector_assembler"
        name = r.choice(list(self.stages))
        if name in VECTOR_STAGES and not self.kinds.get("vector"):
            return "vector_assembler"
        if READS.get(name) == "list" and not self.kinds.get("list"):
            return r.choice(["tokenizer", "regex_tokenizer"])
        return name

    def text(self, path):
        r = self.r
        stages = []
        for _ in range(r.randint(1, 5)):
            name = self.pick()
            if r.random() < .05:
                stages.append({"type": "pipeline", "stages": [self.stage(name), self.stage(self.pick())]})
            else:
                stages.append(self.stage(name))
        job = {"input": {"path": path, "schema": schema()}, "stages": stages, "output": "out",
               "save": {"model": "model.h5"}}
        if self.made and r.random() < .9:
            all_made = [n for k in self.kinds.values() for n in k if n not in COLUMNS]
            job["save"]["features"] = {"store": "store", "group": "g", "columns": all_made or ["d"]}
        else:
            job["save"]["features"] = {"store": "store", "group": "g", "columns": ["d"]}
        if r.random() < .2:
            job["split"] = {"train": .7, "test": .3}
        if r.random() < .15:
            job["sql"] = r.choice(["SELECT * FROM t WHERE d > 0", "SELECT *, d + i AS s FROM t", "SELECT * FROM t ORDER BY many"])
        if r.random() < .15:
            job["model"] = {"type": "linear_regression", "features_col": self.column(["vector"]), "label_col": "label"}
            job["save"]["predictions"] = "p.csv"
        return json.dumps(job, indent=1, ensure_ascii=False)


# ---- Runs ----------------------------------------------------------------------------------------


class Runner:
    def __init__(self, quern, one_rank, mpiexec):
        self.quern, self.one_rank, self.mpiexec = quern, one_rank, mpiexec

    # (exit code, message)
    def __call__(self, ranks, *arguments):
        command = [self.one_rank] if ranks == 1 else [self.mpiexec, "-n", str(ranks), self.quern]
        try:
            done = subprocess.run(command + list(arguments), capture_output=True, timeout=120,
                                  env=ENVIRONMENT)
        except subprocess.TimeoutExpired:
            return "hangs", ""
        return done.returncode, (done.stderr + done.stdout).decode("utf-8", "replace")


# What depends on the rows, although it is the job that cannot be met.
LATE = ("which leaves no slot", "has only", "is none of the", "no slot of column", "does not say which categories")


def error_of(text):
    lines = [line for line in text.splitlines() if not line.startswith("warning") and "seconds" not in line]
    at = [i for i, line in enumerate(lines) if line.startswith(("error", "quern: "))]
    return "\n".join(lines[at[0]:]) if at else "\n".join(lines)


def outcome(run, ranks, arguments, results, folder):
    shutil.rmtree(os.path.join(folder, "out"), ignore_errors=True)
    if os.path.exists(os.path.join(folder, "applied.h5")):
        os.remove(os.path.join(folder, "applied.h5"))
    code, text = run(ranks, *arguments)
    if code != 0:
        return code, error_of(text)
    digests = []
    for result in results:
        if not result.startswith("out/store") and not os.path.exists(os.path.join(folder, result)):
            continue
        c, d = run(1, "digest", os.path.join(folder, result))
        digests.append("%s %s" % (c, d))
    return 0, " ".join(digests)


def same(one, other):
    return one[0] == other[0] and (one[1] == other[1])


def try_job(run, ranks, folder, tables, number):
    """What is wrong with the job, as a list of texts, and its exit code."""
    wrong = []
    job = os.path.join(folder, "job.yaml")
    check, check_text = run(1, "check", job)
    if check not in GOOD_CODES:
        return ["check: exit %s\n%s" % (check, check_text)], check
    arguments = ["run", job, "-q"]
    results = ["out/store/groups/g", "out/model.h5", "out/p.csv"]
    one = outcome(run, 1, arguments, results, folder)
    if one[0] not in GOOD_CODES:
        wrong.append("run: exit %s\n%s" % one)
    if check != 0 and one[0] == 0:
        wrong.append("check refuses what runs:\n" + check_text)
    if check == 0 and one[0] in (65, 66) and not any(text in one[1] for text in LATE):
        wrong.append("check passes, run fails with %s:\n%s" % one)
    saved = os.path.join(folder, "saved.h5")
    if one[0] == 0:
        shutil.copy(os.path.join(folder, "out/model.h5"), saved)
    for n in ranks:
        other = outcome(run, n, arguments + (["--memory", "1K"] if number % 2 else []), results, folder)
        if not same(one, other):
            wrong.append("%d ranks differ:\n%s\n%s" % (n, one, other))
    if one[0] == 0:
        table = tables[number % len(tables)]
        arguments = [["transform", "predict"][number % 2 if os.path.exists(os.path.join(folder, "out/p.csv")) else 0], saved, table,
                     "-o", os.path.join(folder, "applied.h5"), "-q"]
        one_applied = outcome(run, 1, arguments, ["applied.h5"], folder)
        if one_applied[0] not in GOOD_CODES:
            wrong.append("%s: exit %s\n%s" % (arguments, one_applied[0], one_applied[1]))
        for n in ranks:
            other = outcome(run, n, arguments, ["applied.h5"], folder)
            if not same(one_applied, other):
                wrong.append("%s: %d ranks differ:\n%s\n%s" % (arguments, n, one_applied, other))
        shutil.rmtree(os.path.join(folder, "out"), ignore_errors=True)
    return wrong, one[0]


def make_tables(r, folder):
    tables = []
    for rows in (0, 1, 7, 60, 200, 33000):
        path = os.path.join(folder, "t%d.csv" % rows)
        write_table(r, path, rows, rows == 60)
        tables.append(path)
    return tables


def main():
    quern, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    ranks = [int(n) for n in sys.argv[4].split(",") if n]
    run = Runner(quern, sys.argv[6] if len(sys.argv) > 6 else quern, sys.argv[5])
    stages = describe_stages(quern)
    bad, codes = 0, {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        tables = make_tables(random.Random(seed), folder)
        for i in range(seed, seed + count):
            r = random.Random(i)
            table = r.choices(tables, [1, 2, 4, 6, 10, 2])[0]
            text = Job(r, stages).text(table)
            with open(os.path.join(folder, "job.yaml"), "w", encoding="utf-8") as file:
                file.write(text)
            wrong, code = try_job(run, ranks, folder, tables, i)
            codes[code] = codes.get(code, 0) + 1
            for what in wrong:
                bad += 1
                print("==== job %d: %s\n%s" % (i, what, text), flush=True)
    print("%d jobs, %d wrong; exit codes %s" % (count, bad, codes))
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
