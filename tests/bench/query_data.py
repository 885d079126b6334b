"""Tables for query_peers.py, as CSV files and as polars frames.

The group-by and join tables follow the data generators of the h2oai db-benchmark (groupby-datagen.R
with K = 100 and no missing values; join-datagen.R with 90 % of the keys of each table in common);
the transactions are ours. Seeded: the same rows on every run.
"""
import os

import numpy as np
import polars as pl


def labels(numbers, pattern="id%d"):
    names = np.array([pattern % i for i in range(int(numbers.max()) + 1)])
    return pl.Series(names).gather(pl.Series(numbers))


def groupby(rows):
    random = np.random.default_rng(108)
    k, many = 100, rows // 100
    few = [random.integers(1, k + 1, rows) for _ in range(2)]
    large = random.integers(1, many + 1, rows)
    return {
        "x": pl.DataFrame(
            {
                "id1": labels(few[0], "id%03d"),
                "id2": labels(few[1], "id%03d"),
                "id3": labels(large, "id%010d"),
                "id4": pl.Series(random.integers(1, k + 1, rows), dtype=pl.Int32),
                "id5": pl.Series(random.integers(1, k + 1, rows), dtype=pl.Int32),
                "id6": pl.Series(random.integers(1, many + 1, rows), dtype=pl.Int32),
                "v1": pl.Series(random.integers(1, 6, rows), dtype=pl.Int32),
                "v2": pl.Series(random.integers(1, 16, rows), dtype=pl.Int32),
                "v3": np.round(random.uniform(0, 100, rows), 6),
            }
        )
    }


def split_keys(random, count):
    """Keys of the left and of the right table: 90 % in common."""
    keys = random.permutation(count + count // 10 + (count < 10)) + 1
    common = count - max(1, count // 10)
    return keys[:count], np.concatenate([keys[:common], keys[count : 2 * count - common]])


def join(rows):
    random = np.random.default_rng(108)
    sizes = (max(rows // 10**6, 10), max(rows // 10**3, 10), rows)
    keys = [split_keys(random, size) for size in sizes]

    def frame(count, side, levels, value):
        columns = {}
        for level in levels:
            own = keys[level][side]
            exact = len(own) == count
            drawn = random.permutation(own) if exact else random.choice(own, count)
            columns[f"id{level + 1}"] = pl.Series(drawn, dtype=pl.Int32)
        for level in levels:
            columns[f"id{level + 4}"] = labels(columns[f"id{level + 1}"].to_numpy())
        columns[value] = np.round(random.uniform(0, 100, count), 6)
        return pl.DataFrame(columns)

    return {
        "x": frame(rows, 0, (0, 1, 2), "v1"),
        "small": frame(sizes[0], 1, (0,), "v2"),
        "medium": frame(sizes[1], 1, (0, 1), "v2"),
        "big": frame(rows, 1, (0, 1, 2), "v2"),
        "d": pl.DataFrame(
            {"k": pl.Series(np.arange(100_000), dtype=pl.Int32), "w": random.uniform(0, 1, 100_000)}
        ),
    }


def features(rows):
    random = np.random.default_rng(7)
    users = max(rows // 100, 1)
    amount = np.round(random.lognormal(3.5, 1.0, rows), 2)
    day = pl.Series(random.integers(19_000, 19_730, rows), dtype=pl.Int32).cast(pl.Date)
    return {
        "t": pl.DataFrame(
            {
                "id": np.arange(rows, dtype=np.int64),
                "user_id": pl.Series(random.integers(0, users, rows), dtype=pl.Int32),
                "day": day,
                "amount": amount,
                "amount_cents": (amount * 100).round().astype(np.int64),
                "category": labels(random.integers(0, 20, rows), "category%02d"),
            }
        )
    }


def write(frames, folder, prefix):
    """Paths of the frames' CSV files; those that are there already are kept."""
    paths = {}
    for name, frame in frames.items():
        paths[name] = os.path.join(folder, f"{prefix}_{name}_{len(frame)}.csv")
        if not os.path.exists(paths[name]):
            frame.write_csv(paths[name] + ".part")
            os.rename(paths[name] + ".part", paths[name])
    return paths
