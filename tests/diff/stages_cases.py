"""Cases of stages_spark.py: lists of stages, as in job files, and which tables they are fitted on and
applied to ("clean gaps": the kinds of table() there)."""
import math
import random

INF = math.inf


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
                   "o", "bucket")
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
