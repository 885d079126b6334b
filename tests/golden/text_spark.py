#!/usr/bin/env python3
"""Wrote text_spark.csv: what Spark 4's text stages make of random texts, in Quern's form of CSV.
usage: text_spark.py > text_spark.csv (needs pyspark; tests only read its output)

No capital sigma beside digits or hyphens, and no pattern that may match nothing over characters
above U+FFFF: docs/stages/text.md says how Java differs there."""
import json
import random

from pyspark.ml.feature import NGram, RegexTokenizer, StopWordsRemover, Tokenizer
from pyspark.sql import SparkSession

PIECES = [" ", " ", " ", "\t", "Ab", "z", "QÄ", "Ⱥ", "ΟΔΟΣ ", "İ", "the", "Not", "don't", "\u2003",
          "\xa0", ",", ".", "7", "ß", "ẞ", "a1_b", "-", "\n", "\r", "\x0b", "\x0c", "\u212a", "ſ",
          "ﬁ", "I'll", "É"]


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def main():
    random.seed(11)
    rows = [(i, "".join(random.choice(PIECES) for _ in range(random.randrange(0, 14))))
            for i in range(60)]
    spark = SparkSession.builder.master("local[1]").getOrCreate()
    table = spark.createDataFrame(rows, ["id", "text"])
    for stage in [
            Tokenizer(inputCol="text", outputCol="a"),
            RegexTokenizer(inputCol="text", outputCol="b"),
            RegexTokenizer(inputCol="text", outputCol="c", pattern=r"\W", minTokenLength=0),
            RegexTokenizer(inputCol="text", outputCol="d", pattern=r"\w+", gaps=False,
                           minTokenLength=2),
            RegexTokenizer(inputCol="text", outputCol="e", pattern="[aeiou]*", toLowercase=False,
                           minTokenLength=0),
            StopWordsRemover(inputCol="a", outputCol="f"),
            StopWordsRemover(inputCol="e", outputCol="g", caseSensitive=True,
                             stopWords=["the", "Not", "Z", "z", "7"]),
            NGram(inputCol="f", outputCol="h", n=3)]:
        table = stage.transform(table)
    print("id,text," + ",".join("abcdefgh"))
    for row in sorted(table.collect(), key=lambda r: r["id"]):
        lists = [json.dumps(row[c], ensure_ascii=False, separators=(",", ":")) for c in "abcdefgh"]
        print(",".join([str(row["id"]), quoted(row["text"])] + [quoted(x) for x in lists]))


main()
