"""Random tables and random SQL over them, as a function of a seed.

Only what means the same in Quern (Spark's meaning) and in the other engine is generated: SQLite has
no NaN, so its tables have none; DuckDB's do. Numbers are multiples of 1/4 and small, so that sums
are exact in any order; strings compare by their bytes; ties are broken by the unique column `id`
where an order decides the answer.
"""
import random

TYPES = ("int", "bigint", "double", "string", "date", "boolean")

# name: rows, columns with their types. `id` is unique and never null.
TABLES = {
    "a": (180, {"id": "int", "k": "int", "g": "string", "x": "double", "n": "bigint", "d": "date", "b": "boolean"}),
    "c": (90, {"id": "int", "k": "int", "g": "string", "y": "double", "m": "bigint", "e": "date"}),
    "one": (1, {"id": "int", "k": "int", "g": "string", "z": "double"}),
    "none": (0, {"id": "int", "k": "int", "g": "string", "w": "double"}),
}
WORDS = ["", "a", "b", "ab", "B", "apple", "pear", "zebra", "Ä", "日本", "a b", "100%", "x_y", "o'k"]


def value(rng, kind, nan):
    if kind == "int":
        return rng.choice([0, 1, 2, 3, 5, -1, -7, 10])
    if kind == "bigint":
        return rng.choice([0, 1, -1, 7, 12, 12, 100, 3_000_000_000, -5_000_000_000])
    if kind == "double":
        if nan and rng.random() < 0.08:
            return float("nan")
        return rng.choice([0.0, -0.0, 0.25, 1.5, 1.5, -2.75, 8.0, 100.25, -3.0])
    if kind == "string":
        return rng.choice(WORDS)
    if kind == "date":
        return f"2024-{rng.randint(1, 4):02d}-{rng.randint(1, 28):02d}"
    return rng.random() < 0.5


def tables(seed, nan):
    """{name: (columns, rows)}; every column but id has some nulls."""
    rng = random.Random(seed)
    out = {}
    for name, (count, columns) in TABLES.items():
        rows = []
        for i in range(count):
            row = [i + 1]
            for column, kind in list(columns.items())[1:]:
                row.append(None if rng.random() < 0.12 else value(rng, kind, nan))
            rows.append(row)
        rng.shuffle(rows)
        out[name] = (columns, rows)
    return out


def bound(k):
    return f"{abs(k)} {'PRECEDING' if k < 0 else 'FOLLOWING'}" if k else "CURRENT ROW"


class Queries:
    """Draws queries. A scope is a list of (SQL of a column, type)."""

    def __init__(self, seed, engine):
        self.rng = random.Random(seed)
        self.engine = engine
        self.nan = engine == "duckdb"

    # ---- Expressions ---------------------------------------------------------------------------

    def literal(self, kind):
        v = value(self.rng, kind, False)
        if kind == "string":
            return "'" + v.replace("'", "''") + "'"
        if kind == "date":
            return f"DATE '{v}'" if self.engine == "duckdb" else f"'{v}'"
        if kind == "boolean":
            return "TRUE" if v else "FALSE"
        if kind == "double":
            return f"CAST({v + 0.0} AS DOUBLE)"
        return f"({v})" if kind == "int" else f"CAST({v} AS BIGINT)"

    def column(self, scope, kind):
        fits = [sql for sql, t in scope if t == kind]
        return self.rng.choice(fits) if fits else self.literal(kind)

    def expression(self, scope, kind, depth=2):
        pick = self.rng.random()
        if depth == 0 or pick < 0.35:
            return self.column(scope, kind) if self.rng.random() < 0.85 else self.literal(kind)
        sub = lambda k: self.expression(scope, k, depth - 1)
        if pick < 0.45:
            return f"CASE WHEN {self.condition(scope, depth - 1)} THEN {sub(kind)} ELSE {sub(kind)} END"
        if pick < 0.52:
            return f"COALESCE({sub(kind)}, {sub(kind)})"
        if pick < 0.56:
            return f"NULLIF({sub(kind)}, {sub(kind)})"
        if kind == "double":
            form = self.rng.choice(["({} + {})", "({} - {})", "({} * {})", "abs({})", "-({})"])
            if form.count("{}") == 2:
                other = self.rng.choice(["double", "int"])
                return form.format(sub("double"), sub(other))
            return form.format(sub("double"))
        if kind == "int":
            form = self.rng.choice(["({} + {})", "({} - {})", "abs({})", "length({})", "({} % {})"])
            if form.startswith("length"):
                return f"CAST(length({sub('string')}) AS INT)"
            if "%" in form:
                return f"({self.column(scope, 'int')} % {self.rng.choice([2, 3, 7])})"
            return form.format(*[self.column(scope, "int") for _ in range(form.count("{}"))])
        if kind == "bigint":
            a = self.column(scope, "bigint")
            return self.rng.choice([f"({a} + {self.column(scope, 'int')})", f"({a} - {a})", f"abs({a})"])
        if kind == "string":
            a = self.column(scope, "string")
            return self.rng.choice(
                [f"({a} || {self.literal('string')})", f"substr({a}, 1, {self.rng.randint(1, 3)})",
                 f"replace({a}, 'a', 'z')", f"trim({a})"]
            )
        if kind == "boolean":
            return f"({self.condition(scope, depth - 1)})"
        return self.column(scope, kind)

    def condition(self, scope, depth=2):
        rng = self.rng
        pick = rng.random()
        if depth > 0 and pick < 0.3:
            joint = rng.choice(["AND", "OR"])
            return f"({self.condition(scope, depth - 1)} {joint} {self.condition(scope, depth - 1)})"
        if depth > 0 and pick < 0.36:
            return f"(NOT {self.condition(scope, depth - 1)})"
        kind = rng.choice(["int", "double", "string", "bigint", "date"])
        a = self.expression(scope, kind, min(depth, 1))
        b = self.expression(scope, kind, min(depth, 1))
        if pick < 0.7:
            return f"({a} {rng.choice(['=', '<>', '<', '<=', '>', '>='])} {b})"
        if pick < 0.78:
            return f"({a} IS {rng.choice(['', 'NOT '])}NULL)"
        if pick < 0.84:
            return f"({a} BETWEEN {self.literal(kind)} AND {self.literal(kind)})"
        if pick < 0.92:
            items = ", ".join(self.literal(kind) for _ in range(3))
            return f"({a} {rng.choice(['', 'NOT '])}IN ({items}))"
        if pick < 0.96:
            pattern = rng.choice(["%a%", "a%", "_", "%b", "%", "%_b"])
            return f"({self.column(scope, 'string')} LIKE '{pattern}')"
        return f"({a} IS NOT DISTINCT FROM {b})"

    # ---- FROM ----------------------------------------------------------------------------------

    def table(self, alias):
        name = self.rng.choice(["a", "a", "a", "c", "c", "one", "none"])
        columns = TABLES[name][1]
        return f"{name} AS {alias}", [(f"{alias}.{c}", t) for c, t in columns.items()]

    def source(self, depth=1):
        """(FROM text, scope, unique key columns)."""
        rng = self.rng
        pick = rng.random()
        if pick < 0.4:
            text, scope = self.table("t")
            return text, scope, ["t.id"]
        if pick < 0.5 and depth > 0:
            inner, scope = self.block(depth - 1)
            return f"({inner}) AS s", [(f"s.{n}", t) for n, t in scope], [f"s.{n}" for n, _ in scope]
        left, left_scope = self.table("t")
        right, right_scope = self.table("u")
        kind = rng.choice(["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"])
        scope, keys = left_scope + right_scope, ["t.id", "u.id"]
        if kind == "CROSS JOIN":
            return f"{left} CROSS JOIN {right.replace('a AS', 'one AS').replace('c AS', 'one AS')}", \
                left_scope + [(f"u.{c}", t) for c, t in
                              (TABLES["none"] if right.startswith("none") else TABLES["one"])[1].items()], keys
        pair = rng.choice([("t.k", "u.k"), ("t.g", "u.g"), ("t.id", "u.id"), ("t.id", "u.k")])
        on = f"{pair[0]} = {pair[1]}"
        if rng.random() < 0.2:
            on += " AND t.g = u.g"
        if rng.random() < 0.3 and kind in ("JOIN", "LEFT JOIN"):
            on += f" AND {self.condition(scope, 0)}"
        if rng.random() < 0.1:
            on = f"{pair[0]} IS NOT DISTINCT FROM {pair[1]}"
        return f"{left} {kind} {right} ON {on}", scope, keys

    # ---- Blocks --------------------------------------------------------------------------------

    def aggregate(self, scope):
        rng = self.rng
        kind = rng.choice(["double", "int", "bigint"])
        a = self.expression(scope, kind, 1)
        any_kind = rng.choice(["double", "int", "string", "date", "bigint"])
        any_a = self.expression(scope, any_kind, 1)
        choices = [
            ("count(*)", "bigint"), (f"count({any_a})", "bigint"),
            (f"count(DISTINCT {any_a})", "bigint"), (f"sum({a})", "double" if kind == "double" else "bigint"),
            (f"avg({a})", "double"), (f"min({any_a})", any_kind), (f"max({any_a})", any_kind),
            (f"sum(DISTINCT {self.column(scope, 'int')})", "bigint"),
        ]
        if self.engine == "duckdb":
            x = self.column(scope, "double")
            choices += [
                (f"stddev_samp({x})", "double"), (f"var_samp({x})", "double"), (f"median({x})", "double"),
                (f"quantile_cont({x}, 0.25)".replace("quantile_cont", "percentile_cont_of"), "double"),
                (f"bool_and({self.column(scope, 'boolean')})", "boolean"),
            ]
            choices = [c for c in choices if "percentile_cont_of" not in c[0]]
        sql, t = rng.choice(choices)
        if rng.random() < 0.15:
            sql += f" FILTER (WHERE {self.condition(scope, 1)})"
        return sql, t

    def grouped(self, depth):
        rng = self.rng
        text, scope, _ = self.source(depth)
        keys = []
        for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
            kind = rng.choice(["int", "string", "string", "date", "boolean", "double"])
            keys.append((self.expression(scope, kind, rng.choice([0, 0, 1])), kind))
        keys = [k for i, k in enumerate(keys) if k[0] not in [o[0] for o in keys[:i]]]
        keys = [k for k in keys if any(sql in k[0] for sql, _ in scope)]
        outputs = [(sql, f"k{i}", t) for i, (sql, t) in enumerate(keys)]
        for i in range(rng.randint(1, 3)):
            sql, t = self.aggregate(scope)
            outputs.append((sql, f"v{i}", t))
        query = f"SELECT {', '.join(f'{s} AS {n}' for s, n, _ in outputs)} FROM {text}"
        if rng.random() < 0.5:
            query += f" WHERE {self.condition(scope)}"
        if keys:
            query += f" GROUP BY {', '.join(k for k, _ in keys)}"
        if keys and rng.random() < 0.25:
            query += f" HAVING count(*) > {rng.randint(0, 4)}"
        return query, [(n, t) for _, n, t in outputs]

    def plain(self, depth):
        rng = self.rng
        text, scope, _ = self.source(depth)
        outputs = []
        for i in range(rng.randint(1, 4)):
            kind = rng.choice(TYPES)
            outputs.append((self.expression(scope, kind), f"c{i}", kind))
        distinct = "DISTINCT " if rng.random() < 0.2 else ""
        query = f"SELECT {distinct}{', '.join(f'{s} AS {n}' for s, n, _ in outputs)} FROM {text}"
        if rng.random() < 0.6:
            query += f" WHERE {self.condition(scope)}"
        elif rng.random() < 0.4:
            query += f" WHERE {self.subquery_condition(scope)}"
        return query, [(n, t) for _, n, t in outputs]

    def subquery_condition(self, scope):
        rng = self.rng
        kind = rng.choice(["int", "string"])
        column = {"int": "k", "string": "g"}[kind]
        inner = f"SELECT q.{column} FROM {rng.choice(['a', 'c', 'one', 'none'])} AS q"
        if rng.random() < 0.6:
            inner += f" WHERE q.{column} IS NOT NULL"
        own = self.column(scope, kind)
        pick = rng.random()
        if pick < 0.35:
            return f"{own} IN ({inner})"
        if pick < 0.6:
            return f"{own} NOT IN ({inner})"
        if pick < 0.75:
            return f"EXISTS ({inner})" if rng.random() < 0.5 else f"NOT EXISTS ({inner})"
        return f"{self.column(scope, 'int')} >= (SELECT min(q.k) FROM {rng.choice(['a', 'c', 'none'])} AS q)"

    def window(self, depth):
        rng = self.rng
        text, scope = self.table("t")
        part = f"PARTITION BY {self.column(scope, rng.choice(['int', 'string', 'boolean']))} " if rng.random() < 0.8 else ""
        if "PARTITION BY (" in part or "'" in part or "CAST" in part or "TRUE" in part or "FALSE" in part:
            part = ""
        direction = rng.choice(["", " DESC"])
        total = f"ORDER BY {self.column(scope, rng.choice(['int', 'string', 'date']))}{direction}, t.id"
        outputs = [("t.id", "id", "int")]
        for i in range(rng.randint(1, 3)):
            sql, kind = self.window_call(scope, part, total)
            outputs.append((sql, f"w{i}", kind))
        query = f"SELECT {', '.join(f'{s} AS {n}' for s, n, _ in outputs)} FROM {text}"
        if rng.random() < 0.4:
            query += f" WHERE {self.condition(scope, 1)}"
        return query, [(n, t) for _, n, t in outputs]

    def frame(self):
        rng = self.rng
        unit = rng.choice(["ROWS", "ROWS", "GROUPS"] if self.engine == "sqlite" else ["ROWS"])
        a, b = sorted(rng.sample(range(-3, 4), 2))
        start = "UNBOUNDED PRECEDING" if rng.random() < 0.25 else bound(a)
        end = "UNBOUNDED FOLLOWING" if rng.random() < 0.2 else bound(b)
        exclude = rng.choice(["", "", "", " EXCLUDE CURRENT ROW", " EXCLUDE TIES", " EXCLUDE GROUP"])
        return f"{unit} BETWEEN {start} AND {end}{exclude}"

    def ranking(self, scope, part, total, any_a, any_kind):
        rng = self.rng
        call, kind = rng.choice(
            [("row_number()", "int"), ("rank()", "int"), ("dense_rank()", "int"),
             ("percent_rank()", "double"), ("cume_dist()", "double"),
             (f"ntile({rng.randint(1, 5)})", "int"), (f"lag({any_a})", any_kind),
             (f"lead({any_a}, 2)", any_kind), (f"lag({any_a}, {rng.randint(0, 3)})", any_kind)]
        )
        if call.split("(")[0] in ("rank", "dense_rank", "percent_rank", "cume_dist"):
            total = f"ORDER BY {rng.choice([sql for sql, _ in scope])}"
        return f"{call} OVER ({part}{total})", kind

    def window_call(self, scope, part, total):
        """(SQL, type) of a call over the window."""
        rng = self.rng
        kind, any_kind = rng.choice(["double", "int"]), rng.choice(["double", "int", "string"])
        number, any_a = self.column(scope, kind), self.column(scope, any_kind)
        pick = rng.random()
        if pick < 0.3:
            return self.ranking(scope, part, total, any_a, any_kind)
        if pick < 0.45:
            call = rng.choice([f"first_value({any_a})", f"last_value({any_a})", f"nth_value({any_a}, 2)"])
            return f"{call} OVER ({part}{total} {self.frame()})", any_kind
        call, kind = rng.choice(
            [(f"sum({number})", "double" if kind == "double" else "bigint"), (f"avg({number})", "double"),
             (f"min({number})", kind), (f"max({number})", kind), (f"count({number})", "bigint"),
             ("count(*)", "bigint")]
        )
        # SQLite 3.40 forgets the FILTER of a sliding min or max
        if rng.random() < 0.15 and not call.startswith(("min", "max")):
            call += f" FILTER (WHERE {self.condition(scope, 0)})"
        if pick < 0.6:
            return f"{call} OVER ({part}{total})", kind
        if pick < 0.7:
            return f"{call} OVER ({part.strip()})", kind
        if pick < 0.8:
            a, b = sorted(rng.sample(range(-6, 7), 2))
            return f"{call} OVER ({part}ORDER BY t.k RANGE BETWEEN {bound(a)} AND {bound(b)})", kind
        return f"{call} OVER ({part}{total} {self.frame()})", kind

    def block(self, depth=1):
        pick = self.rng.random()
        if pick < 0.45:
            return self.grouped(depth)
        if pick < 0.75:
            return self.plain(depth)
        return self.window(depth)

    def set_operation(self):
        rng = self.rng
        scope_a, scope_c = [(f"a.{c}", t) for c, t in TABLES["a"][1].items()], [
            (f"c.{c}", t) for c, t in TABLES["c"][1].items()]
        kinds = [rng.choice(["int", "string", "double"]) for _ in range(rng.randint(1, 2))]
        one = ", ".join(f"{self.column(scope_a, k)} AS c{i}" for i, k in enumerate(kinds))
        two = ", ".join(f"{self.column(scope_c, k)} AS c{i}" for i, k in enumerate(kinds))
        operation = rng.choice(["UNION", "UNION ALL", "INTERSECT", "EXCEPT"])
        query = f"SELECT {one} FROM a {operation} SELECT {two} FROM c"
        return query, [(f"c{i}", k) for i, k in enumerate(kinds)]

    def ordered(self):
        """A query with a total order and a limit; row order counts."""
        rng = self.rng
        text, scope, keys = self.source(0)
        outputs = [(k, f"i{i}") for i, k in enumerate(keys)]
        outputs += [(self.expression(scope, rng.choice(["int", "double", "string"]), 1), f"c{i}") for i in range(2)]
        nulls = rng.choice(["", " NULLS FIRST", " NULLS LAST"]) if self.engine == "sqlite" else " NULLS FIRST"
        order = [f"{self.column(scope, rng.choice(['int', 'string', 'double', 'date']))}{rng.choice(['', ' DESC'])}{nulls}"]
        order = [o for o in order if not o.startswith(("(", "'", "CAST", "DATE"))]
        tail = nulls if self.engine == "duckdb" else ""
        order += [f"{k}{tail}" for k in keys]
        query = f"SELECT {', '.join(f'{s} AS {n}' for s, n in outputs)} FROM {text} ORDER BY {', '.join(order)}"
        if rng.random() < 0.6:
            query += f" LIMIT {rng.randint(0, 20)}"
            if rng.random() < 0.4:
                query += f" OFFSET {rng.randint(0, 10)}"
        return query

    def with_query(self):
        inner, scope = self.block(0)
        names = [(f"w.{n}", t) for n, t in scope]
        outer = f"SELECT count(*) AS n, count({names[0][0]}) AS m FROM w"
        if self.rng.random() < 0.5:
            first = names[0][0].replace("w.", "")
            outer = f"SELECT w.{first} AS c, count(*) AS n FROM w JOIN w AS v ON w.{first} = v.{first} GROUP BY w.{first}"
        return f"WITH w AS ({inner}) {outer}"

    def next(self):
        """(query, whether the order of its rows counts)."""
        pick = self.rng.random()
        if pick < 0.75:
            return self.block()[0], False
        if pick < 0.83:
            return self.set_operation()[0], False
        if pick < 0.95:
            return self.ordered(), True
        return self.with_query(), False
