/* What queries cannot say: each is named, at its place. Goes through the fields of the grammar's
 * SelectStmt, JoinExpr, WindowDef, SubLink, and what Spark and DuckDB have beyond it. */
#include "features/sql/sql.h"

#include "core/memory.h"
#include "tests/harness/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct refusal {
    const char *query;
    const char *place; /* line:column */
    const char *message;
    const char *help; /* part of it; "": none */
} refusal;

static void check_refusal(const refusal *wanted) {
    qn_plan *plan = NULL;
    char place[64];
    int64_t before = qn_mem_blocks();
    qn_status status = qn_sql_query(&plan, qn_view_of(wanted->query));
    qn_error error = qn_last_error();
    qn_plan_free(plan);
    snprintf(place, sizeof place, "query:%s", wanted->place);
    bool same = status == QN_JOB && strcmp(error.location, place) == 0 &&
                strstr(error.message, wanted->message) != NULL &&
                (wanted->help[0] == '\0') == (error.help[0] == '\0') &&
                strstr(error.help, wanted->help) != NULL;
    if (!same)
        printf("\n  %s\n  gave %s: %s: %s\n       %s\n  not  %s: %s\n       %s\n", wanted->query,
               qn_status_name(status), error.location, error.message, error.help, place,
               wanted->message, wanted->help);
    CU_ASSERT(same);
    CU_ASSERT(qn_mem_blocks() == before);
}

#define CHECK_ALL(refusals)                                                                        \
    for (size_t i = 0; i < sizeof(refusals) / sizeof *(refusals); i++)                             \
    check_refusal(&(refusals)[i])

static void test_select(void) {
    static const refusal refusals[] = {
        {"SELECT DISTINCT a FROM t ORDER BY b", "1:35",
         "with SELECT DISTINCT, ORDER BY can only name outputs",
         "add the expression to the outputs"},
        {"SELECT a FROM t ORDER BY 3", "1:26", "ORDER BY 3: there are 1 outputs", ""},
        {"SELECT *, a FROM t ORDER BY 2", "1:29",
         "ORDER BY 2: with '*' among the outputs, name the column", ""},
        {"SELECT a FROM t ORDER BY 'x'", "1:26", "ORDER BY a constant orders nothing", ""},
        {"SELECT a FROM t ORDER BY a USING <", "1:34",
         "ORDER BY ... USING is not part of this version", ""},
        {"SELECT a INTO x FROM t", "1:15", "INTO is not part of this version", ""},
        {"SELECT a FROM t FOR SHARE OF t", "1:17",
         "FOR UPDATE or FOR SHARE is not part of this version", ""},
        {"SELECT a FROM t LIMIT a", "1:23", "LIMIT takes a whole number, zero or more", ""},
        {"SELECT a FROM t LIMIT (SELECT 1)", "1:23", "LIMIT takes a whole number, zero or more",
         ""},
        {"SELECT a FROM t OFFSET -1 ROWS", "1:24", "OFFSET takes a whole number, zero or more", ""},
        {"SELECT FROM t", "1:13", "a query needs at least one output: SELECT ...", ""},
        {"SELECT *", "1:8", "'*' needs a table: SELECT * FROM table", ""},
        {"SELECT a.b.c.d FROM t", "1:8", "a name with two dots is not part of this version", ""},
        {"SELECT a[1:2] FROM t", "1:8",
         "a slice a[i:j] (write slice(a, i, n)) is not part of this version", ""},
        {"SELECT (a).b FROM t", "1:9",
         "a field of a value or more than one subscript is not part of this version", ""},
        {"SELECT a COLLATE \"C\" FROM t", "1:10", "COLLATE is not part of this version", ""},
        {"SELECT CURRENT_USER", "1:8",
         "a time of day (CURRENT_TIME) or a name of the session (CURRENT_USER) is not part of this "
         "version",
         ""},
        {"SELECT $1", "1:8", "a parameter ($1) is not part of this version", ""},
        {"SELECT a FROM t WHERE CURRENT OF c", "1:31", "SQL syntax error at or near \"OF\"", ""},
        {"SELECT a IS DOCUMENT FROM t", "1:10", "XML is not part of this version", ""},
        {"SELECT a IS JSON FROM t", "1:13", "SQL syntax error at or near \"JSON\"", ""},
        {"SELECT MERGE_ACTION() FROM t", "1:8", "unknown function 'merge_action'", ""},
        {"SELECT ROW(1, 2)", "1:8", "a row (a, b) is not part of this version", ""},
        {"SELECT a OVERLAPS b FROM t", "1:10", "SQL syntax error at or near \"OVERLAPS\"", ""},
        {"SELECT a FROM t ORDER BY a FETCH FIRST 3 ROWS WITH TIES", "1:52",
         "WITH TIES is not part of this version",
         "rank() OVER (ORDER BY ...) <= n in a subquery keeps ties"},
    };
    CHECK_ALL(refusals);
}

static void test_groups(void) {
    static const refusal refusals[] = {
        {"SELECT a, b FROM t GROUP BY a", "1:11", "column 'b' is neither grouped nor aggregated",
         "add it to GROUP BY, or say which value of the group: first(b), min(b), max(b)"},
        {"SELECT * FROM t GROUP BY a", "1:8",
         "'*' cannot stand beside GROUP BY or aggregate functions: name the columns", ""},
        {"SELECT a FROM t GROUP BY 2", "1:26", "GROUP BY 2: there are 1 outputs", ""},
        {"SELECT sum(a) FROM t GROUP BY 1", "1:8",
         "aggregate function 'sum' cannot stand in GROUP BY", ""},
        {"SELECT a FROM t GROUP BY 'x'", "1:26",
         "GROUP BY a constant makes one group: leave it out", ""},
        {"SELECT a FROM t WHERE sum(a) > 1", "1:23",
         "aggregate function 'sum' cannot stand in WHERE", "HAVING chooses groups"},
        {"SELECT sum(count(*)) FROM t", "1:12",
         "aggregate function 'count' stands inside another one", ""},
        {"SELECT GROUPING(b) FROM t GROUP BY a", "1:17", "GROUPING takes keys of GROUP BY", ""},
        {"SELECT GROUPING(b) FROM t", "1:8", "GROUPING cannot stand in a query without", ""},
        {"SELECT a FROM t GROUP BY CUBE (a, b, c, d, e, f, g, h)", "1:26", "CUBE takes at most",
         ""},
        {"SELECT a FROM t GROUP BY CUBE (a, b, c, d), CUBE (e, f, g, h)", "1:26",
         "GROUP BY makes more than 128 sets of keys", ""},
        {"SELECT a FROM t GROUP BY ROLLUP (sum(a))", "1:34", "cannot stand in GROUP BY", ""},
    };
    CHECK_ALL(refusals);
}

static void test_windows(void) {
    static const refusal refusals[] = {
        {"SELECT a FROM t WHERE rank() OVER (ORDER BY a) = 1", "1:23",
         "window function 'rank' cannot stand in WHERE",
         "compute it in a subquery: SELECT ... FROM (SELECT ..., rank(...) OVER (...) AS w FROM "
         "...) AS q WHERE w ..."},
        {"SELECT a FROM t GROUP BY rank() OVER ()", "1:26",
         "window function 'rank' cannot stand in GROUP BY",
         "compute it in a subquery: SELECT ... FROM (SELECT ..., rank(...) OVER (...) AS w FROM "
         "...) AS q WHERE w ..."},
        {"SELECT sum(rank() OVER ()) FROM t", "1:12",
         "window function 'rank' cannot stand in an aggregate function",
         "compute it in a subquery: SELECT ... FROM (SELECT ..., rank(...) OVER (...) AS w FROM "
         "...) AS q WHERE w ..."},
        {"SELECT rank() OVER (ORDER BY rank() OVER ()) FROM t", "1:30",
         "window function 'rank' cannot stand in a window function",
         "compute it in a subquery: SELECT ... FROM (SELECT ..., rank(...) OVER (...) AS w FROM "
         "...) AS q WHERE w ..."},
        {"SELECT count(*) FROM t HAVING rank() OVER () = 1", "1:31",
         "window function 'rank' cannot stand in HAVING",
         "compute it in a subquery: SELECT ... FROM (SELECT ..., rank(...) OVER (...) AS w FROM "
         "...) AS q WHERE w ..."},
        {"SELECT rank() FROM t", "1:8", "window function 'rank' needs OVER",
         "write rank(...) OVER (PARTITION BY ... ORDER BY ...)"},
        {"SELECT rank() OVER w FROM t", "1:20", "unknown window 'w'",
         "windows are named behind the tables: WINDOW w AS (PARTITION BY ... ORDER BY ...)"},
        {"SELECT rank() OVER ww FROM t WINDOW w AS (ORDER BY a)", "1:20", "unknown window 'ww'",
         "did you mean 'w'?"},
        {"SELECT rank() OVER (w PARTITION BY b) FROM t WINDOW w AS (ORDER BY a)", "1:20",
         "a window that extends 'w' cannot have a PARTITION BY of its own", ""},
        {"SELECT rank() OVER (w ORDER BY b) FROM t WINDOW w AS (ORDER BY a)", "1:20",
         "a window that extends 'w' cannot have an ORDER BY: that one has", ""},
        {"SELECT rank() OVER (w) FROM t WINDOW w AS (ORDER BY a ROWS 2 PRECEDING)", "1:20",
         "a window that has a frame cannot be extended: 'w'", ""},
        {"SELECT sum(a) OVER (ORDER BY a ROWS a PRECEDING) FROM t", "1:37",
         "an offset of ROWS or GROUPS is a whole number, zero or more", ""},
        {"SELECT sum(a) OVER (ORDER BY a ROWS 1.5 PRECEDING) FROM t", "1:37",
         "an offset of ROWS or GROUPS is a whole number, zero or more", ""},
        {"SELECT sum(a) OVER (ORDER BY a RANGE '1' PRECEDING) FROM t", "1:38",
         "an offset of RANGE is a number or an INTERVAL, zero or more", ""},
        {"SELECT sum(a) OVER (ORDER BY a RANGE INTERVAL '-1 day' PRECEDING) FROM t", "1:38",
         "an offset of RANGE is a number or an INTERVAL, zero or more", ""},
        {"SELECT sum(a) OVER (ORDER BY a RANGE INTERVAL 'soon' PRECEDING) FROM t", "1:47",
         "'soon' is not an interval",
         "intervals are written INTERVAL '7 days', INTERVAL '1 month 2 hours', INTERVAL '7' DAY"},
        {"SELECT sum(a ORDER BY b) OVER () FROM t", "1:8",
         "ORDER BY inside a window function's call is not part of this version",
         "write it into OVER (ORDER BY ...)"},
        {"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) OVER () FROM t", "1:8",
         "WITHIN GROUP in a window function is not part of this version", ""},
    };
    CHECK_ALL(refusals);
}

static void test_calls(void) {
    static const refusal refusals[] = {
        {"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a DESC) FROM t", "1:52",
         "WITHIN GROUP (ORDER BY ... DESC) is not part of this version",
         "turn the share round: percentile_cont(1 - p)"},
        {"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a, b) FROM t", "1:8",
         "WITHIN GROUP takes one ORDER BY expression", ""},
        {"SELECT sum(a) WITHIN GROUP (ORDER BY a) FROM t", "1:8",
         "WITHIN GROUP belongs to percentile_cont, percentile_disc and mode, not to 'sum'", ""},
        {"SELECT count() FROM t", "1:8", "write count(*) to count rows", ""},
        {"SELECT count(DISTINCT a, b, c, d) FROM t", "1:8",
         "function 'count' takes no more than 3 arguments here", ""},
        {"SELECT upper(DISTINCT a) FROM t", "1:8",
         "DISTINCT belongs to aggregate functions, and 'upper' is none", ""},
        {"SELECT upper(a ORDER BY a) FROM t", "1:8",
         "ORDER BY belongs to aggregate functions, and 'upper' is none", ""},
        {"SELECT upper(a) FILTER (WHERE b) FROM t", "1:8",
         "FILTER belongs to aggregate functions, and 'upper' is none", ""},
        {"SELECT upper(*) FROM t", "1:8", "'*' belongs to aggregate functions, and 'upper' is none",
         ""},
        {"SELECT my.sum(a) FROM t", "1:8", "a function name with a dot is not part of this version",
         ""},
        {"SELECT sum(VARIADIC a) FROM t", "1:8", "VARIADIC is not part of this version", ""},
    };
    CHECK_ALL(refusals);
}

static void test_from(void) {
    static const refusal refusals[] = {
        {"SELECT a FROM t, t", "1:18", "two tables of the query are called 't'",
         "give one of them another name: t AS other"},
        {"SELECT a FROM t JOIN t ON t.a = t.b", "1:22", "two tables of the query are called 't'",
         "give one of them another name: t AS other"},
        {"SELECT a FROM t JOIN u ON v.a = t.a", "1:27", "unknown table 'v' in front of a column",
         "did you mean 't'?"},
        {"SELECT a FROM s, t JOIN u ON s.a = t.a", "1:30",
         "table 's' cannot be mentioned in this ON",
         "ON sees the two sides of its join; write the condition in WHERE"},
        {"SELECT v.a FROM t JOIN u ON u.a = t.a", "1:8", "unknown table 'v' in front of a column",
         "did you mean 't'?"},
        {"SELECT u.* FROM t", "1:8", "unknown table 'u' in front of '*'", "the query reads 't'"},
        {"SELECT a.b.* FROM t", "1:8", "a name with two dots is not part of this version", ""},
        {"SELECT * FROM t JOIN u USING (a) AS j", "1:17",
         "an alias behind USING (...) is not part of this version", ""},
        {"SELECT * FROM (t JOIN u USING (a)) AS j (x, y)", "1:16",
         "a list of columns behind a join is not part of this version", ""},
        {"SELECT * FROM t SEMI JOIN u", "1:28", "SQL syntax error at end of input", ""},
        {"SELECT * FROM t ASOF JOIN u USING (a)", "1:22", "ASOF JOIN takes a condition behind ON",
         "write ON a.key = b.key AND a.time >= b.time"},
        {"SELECT * FROM t ASOF JOIN u ON t.a >= u.a AND t.a - u.a <= -1", "1:60",
         "the tolerance of an ASOF JOIN is a number or an INTERVAL, zero or more", ""},
        {"SELECT * FROM t ASOF JOIN u ON t.a >= u.a AND t.a - u.a <= INTERVAL '1 month'", "1:60",
         "the tolerance of an ASOF JOIN cannot have months", ""},
        {"SELECT * FROM t JOIN u ON t.a = (SELECT 1)", "1:33", "a subquery cannot stand in ON",
         "write it in WHERE, or as a table in FROM"},
        {"SELECT * FROM t, LATERAL (SELECT t.a) q", "1:34", "LATERAL is not part of this version",
         "a join with a subquery that has a GROUP BY or a window function often says the same"},
        {"SELECT * FROM t, LATERAL generate_series(1, 2)", "1:26",
         "a function in FROM is not part of this version", ""},
        {"SELECT * FROM generate_series(1, 2) AS g", "1:15",
         "a function in FROM is not part of this version", ""},
        {"SELECT * FROM ROWS FROM (f(1), g(2)) AS g", "1:26",
         "a function in FROM is not part of this version", ""},
        {"SELECT * FROM unnest(ARRAY[1]) WITH ORDINALITY", "1:15",
         "a function in FROM is not part of this version", ""},
        {"SELECT * FROM XMLTABLE('/r' PASSING '<r/>' COLUMNS a int) x", "1:15",
         "a function in FROM is not part of this version", ""},
        {"SELECT * FROM (SELECT 1)", "1:15", "SQL subquery in FROM must have an alias", ""},
        {"SELECT * FROM t TABLESAMPLE SYSTEM (10)", "1:29",
         "TABLESAMPLE system is not part of this version",
         "write TABLESAMPLE BERNOULLI (percent) REPEATABLE (seed)"},
        {"SELECT * FROM t TABLESAMPLE BERNOULLI (101)", "1:29",
         "BERNOULLI takes the percentage of the rows, from 0 to 100", ""},
        {"SELECT * FROM t TABLESAMPLE BERNOULLI (a)", "1:29",
         "BERNOULLI takes the percentage of the rows, from 0 to 100", ""},
        {"SELECT * FROM t TABLESAMPLE BERNOULLI (1) REPEATABLE (-1)", "1:55",
         "REPEATABLE takes a whole number, zero or more", ""},
        {"SELECT * FROM ONLY t", "1:20", "FROM ONLY is not part of this version", ""},
        {"SELECT * FROM s.t", "1:15", "a table name with a dot is not part of this version", ""},
        {"SELECT * FROM t ASOF RIGHT JOIN u ON t.a >= u.a", "1:38",
         "unknown table 't' in front of a column", "did you mean 'u'?"},
    };
    CHECK_ALL(refusals);
}

static void test_sets_and_with(void) {
    static const refusal refusals[] = {
        {"SELECT a FROM t UNION SELECT a, b FROM u", "1:30",
         "both sides of a set operation must have as many columns: 1 and 2", ""},
        {"SELECT a FROM t UNION SELECT b FROM u ORDER BY u.b", "1:48",
         "behind UNION, INTERSECT and EXCEPT, ORDER BY names outputs, without a table in front",
         ""},
        {"SELECT a FROM t UNION SELECT b FROM u ORDER BY 2", "1:48",
         "ORDER BY 2: there are 1 outputs", ""},
        {"SELECT a FROM t UNION SELECT b FROM u ORDER BY sum(a)", "1:48",
         "aggregate function 'sum' cannot stand in ORDER BY behind a set operation", ""},
        {"VALUES (1), (2, 3)", "1:14",
         "the rows of VALUES must have one length: this one has 2 values, the first one 1", ""},
        {"VALUES (a)", "1:9", "VALUES cannot mention a column", ""},
        {"VALUES (DEFAULT)", "1:9", "DEFAULT is not part of this version", ""},
        {"VALUES ((SELECT 1))", "1:9", "a subquery cannot stand in VALUES", ""},
        {"WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT a FROM r) SELECT * FROM r", "1:1",
         "WITH RECURSIVE is not part of this version", ""},
        {"WITH a AS (SELECT 1), a AS (SELECT 2) SELECT * FROM a", "1:23",
         "WITH has two tables called 'a'", ""},
        {"WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", "1:6",
         "a table of WITH must be a SELECT", ""},
    };
    CHECK_ALL(refusals);
}

static void test_subqueries(void) {
    static const refusal refusals[] = {
        {"SELECT (SELECT a, b FROM t)", "1:8",
         "a subquery in this place must have one column; this one has 2", ""},
        {"SELECT a > ANY (SELECT b FROM u) FROM t", "1:10",
         "'> ANY' of a subquery is not part of this version",
         "compare with (SELECT min(x) ...) or (SELECT max(x) ...)"},
        {"SELECT a < ALL (SELECT b FROM u) FROM t", "1:10",
         "'< ALL' of a subquery is not part of this version",
         "compare with (SELECT min(x) ...) or (SELECT max(x) ...)"},
        {"SELECT (a, b) IN (SELECT a, b FROM u) FROM t", "1:8",
         "a row (a, b) IN a subquery is not part of this version",
         "write EXISTS (SELECT ... WHERE inner.a = outer.a AND inner.b = outer.b)"},
        {"SELECT (a, b) = (SELECT a, b FROM u) FROM t", "1:8",
         "a row (a, b) is not part of this version", ""},
        {"SELECT ARRAY(SELECT a FROM t)", "1:8", "ARRAY(SELECT ...) is not part of this version",
         "collect_list(x) makes a list of a group"},
        {"SELECT a IN (SELECT b, c FROM u) FROM t", "1:10",
         "a subquery in this place must have one column; this one has 2", ""},
        {"SELECT (SELECT max(x) FROM u WHERE u.k > t.k) FROM t", "1:36",
         "a correlated subquery of this form", "one aggregate with FROM and WHERE"},
        {"SELECT (SELECT x FROM u WHERE u.k = t.k) FROM t", "1:8",
         "a correlated subquery of this form", "one aggregate"},
        {"SELECT (SELECT max(x) FROM u WHERE u.k = t.k + y) FROM t", "1:42",
         "a correlated subquery of this form", "one aggregate"},
        {"SELECT (SELECT max(x) + t.y FROM u WHERE u.k = t.k) FROM t", "1:25",
         "a subquery that mentions table 't' of the query around it", "EXISTS"},
        {"SELECT (SELECT max(x) FROM u WHERE u.k = t.k LIMIT 1) FROM t", "1:8",
         "a correlated subquery of this form", "one aggregate"},
        {"SELECT a FROM t WHERE a NOT IN (SELECT b FROM u WHERE u.k = t.k)", "1:25",
         "NOT IN of a correlated subquery is not part of this version",
         "write NOT EXISTS (SELECT ... WHERE inner.x = outer.x AND ...)"},
        {"SELECT a IN (SELECT b FROM u WHERE u.k = t.k) FROM t", "1:10",
         "IN of a correlated subquery outside of WHERE's terms is not part of this version",
         "write it as a term of WHERE that AND joins, or join with the table"},
        {"SELECT a FROM t WHERE EXISTS (SELECT max(b) FROM u WHERE u.k = t.k)", "1:23",
         "a correlated subquery of this form is not part of this version",
         "it may have FROM and WHERE only, and stand where rows are not grouped yet; else join "
         "with a subquery that has a GROUP BY"},
        {"SELECT a FROM t WHERE EXISTS (SELECT b FROM u WHERE u.k = t.k LIMIT 1)", "1:23",
         "a correlated subquery of this form is not part of this version",
         "it may have FROM and WHERE only, and stand where rows are not grouped yet; else join "
         "with a subquery that has a GROUP BY"},
        {"SELECT * FROM (SELECT t.a) q, t", "1:23", "unknown table 't' in front of a column", ""},
    };
    CHECK_ALL(refusals);
}

static void test_words_of_other_dialects(void) {
    static const refusal refusals[] = {
        {"SELECT a QUALIFY rank() OVER () = 1 FROM t", "1:18",
         "SQL syntax error at or near \"rank\"",
         "compute the window function in a subquery and choose in the WHERE around it"},
        {"SELECT summ(a) FROM t", "1:8", "unknown function 'summ'", "did you mean 'sum'?"},
        {"SELECT lga(a) OVER (ORDER BY a) FROM t", "1:8", "unknown function 'lga'",
         "did you mean 'lag'?"},
        {"EXPLAIN SELECT 1", "1:1", "a query must be a SELECT; EXPLAIN is not supported", ""},
        {"SELECT * EXCEPT (a) FROM t", "1:18", "SQL syntax error at or near \"a\"",
         "'*' EXCEPT is not part of this version: name the columns"},
        {"SELECT a FROM t GROUP BY ALL", "1:29", "SQL syntax error at end of input",
         "GROUP BY ALL is not part of this version: name the keys"},
        {"SELECT a FROM t SORT BY a", "1:22", "SQL syntax error at or near \"BY\"",
         "write ORDER BY"},
        {"SELECT a FROM t LATERAL VIEW explode(b) x AS y", "1:17",
         "SQL syntax error at or near \"LATERAL\"", "LATERAL is not part of this version"},
        {"SELECT a FROM t CLUSTER BY a", "1:25", "SQL syntax error at or near \"BY\"",
         "rows are spread over ranks by the planner: leave it out"},
        {"SELECT a FROM t DISTRIBUTE BY a", "1:28", "SQL syntax error at or near \"BY\"",
         "rows are spread over ranks by the planner: leave it out"},
        {"SELECT a FROM t LIMIT 5, 3", "1:17", "SQL LIMIT #,# syntax is not supported",
         "write LIMIT count OFFSET first"},
        {"SELECT `a` FROM t", "1:12", "SQL syntax error at or near \"FROM\"",
         "names with odd letters stand in double quotes: \"Name\""},
        {"SELECT a RLIKE 'x' FROM t", "1:16", "SQL syntax error at or near \"'x'\"",
         "write x ~ 'pattern' or regexp_like(x, 'pattern')"},
        {"SELECT x -> y FROM t", "1:10", "operator '->' is not part of this version", ""},
        {"SELECT transform(l, x -> x + 1) FROM t", "1:8", "unknown function 'transform'",
         "did you mean 'translate'?"},
        {"SELECT {'a': 1}", "1:8", "SQL syntax error at or near \"{\"", ""},
        {"SELECT a FROM t PIVOT (sum(b) FOR c IN (1))", "1:27", "SQL syntax error at or near \"(\"",
         "write max(x) FILTER (WHERE key = 'a') AS a for each column"},
        {"SELECT TOP 5 a FROM t", "1:12", "SQL syntax error at or near \"5\"",
         "write LIMIT n at the end"},
        {"SELECT a FROM t MINUS SELECT a FROM u", "1:23", "SQL syntax error at or near \"SELECT\"",
         "write EXCEPT"},
        {"SELECT a DIV b FROM t", "1:14", "SQL syntax error at or near \"b\"",
         "write floor(x / y)"},
        {"SELECT a FROM t FULL SEMI JOIN u ON t.a = u.a", "1:27",
         "a RIGHT or FULL join cannot be SEMI: write LEFT", ""},
        {"SELECT a FROM t RIGHT ANTI JOIN u ON t.a = u.a", "1:28",
         "a RIGHT or FULL join cannot be ANTI: write LEFT", ""},
    };
    CHECK_ALL(refusals);
}

/* ---- Depth ----------------------------------------------------------------------------------- */

/* before, then `count` times piece, middle, `count` times end. */
static char *repeat(const char *before, const char *piece, const char *middle, const char *end,
                    int count) {
    qn_text text;
    qn_text_init(&text);
    QN_TEST_OK(qn_text_printf(&text, "%s", before));
    for (int i = 0; i < count; i++)
        QN_TEST_OK(qn_text_printf(&text, "%s", piece));
    QN_TEST_OK(qn_text_printf(&text, "%s", middle));
    for (int i = 0; i < count; i++)
        QN_TEST_OK(qn_text_printf(&text, "%s", end));
    return text.data;
}

static qn_status parse(const char *query) {
    qn_plan *plan = NULL;
    QN_TRY(qn_sql_query(&plan, qn_view_of(query)));
    qn_plan_free(plan);
    return QN_OK;
}

static void check_nested(const char *before, const char *piece, const char *middle, const char *end,
                         int count, const char *message) {
    char *query = repeat(before, piece, middle, end, count);
    if (message == NULL)
        QN_TEST_OK(parse(query));
    else
        QN_TEST_FAILS(parse(query), QN_JOB, message);
    qn_mem_free(query);
}

static void test_depth_is_limited(void) {
    static const char *const levels = "queries are nested more than 60 levels deep";
    static const char *const operators = "more than 2000 operators and parentheses in each other";
    static const char *const nodes = "nested more than 500 levels deep";
    check_nested("SELECT ", "(SELECT ", "1", ")", 59, NULL);
    check_nested("SELECT ", "(SELECT ", "1", ")", 60, levels);
    check_nested("SELECT ", "(SELECT ", "1", ")", 490, levels);
    check_nested("SELECT ", "(SELECT ", "1", ")", 30000, operators);
    check_nested("", "SELECT * FROM (", "SELECT 1", ") q", 60, levels);
    check_nested("", "SELECT * FROM (", "SELECT 1", ") q", 20000, operators);
    check_nested("", "WITH q AS (", "SELECT 1", ") SELECT 1", 60, levels);
    check_nested("", "WITH q AS (", "SELECT 1", ") SELECT 1", 3000, operators);
    check_nested("SELECT 1", " UNION ALL SELECT 1", "", "", 450, NULL);
    check_nested("SELECT 1", " UNION ALL SELECT 1", "", "", 499, nodes);
    check_nested("SELECT 1", " UNION ALL SELECT 1", "", "", 20000, operators);
    check_nested("SELECT 1 FROM a", " CROSS JOIN (SELECT 1) q", "", "", 1, NULL);
    check_nested("SELECT 1 FROM a JOIN b ON true", " AND a.x = b.x", "", "", 9000, NULL);
    check_nested("SELECT x", " BETWEEN 1 AND NOT x", "", "", 9000, operators);
    check_nested("SELECT ", "CASE WHEN a.end AND ", "x", " THEN 1 END", 9000, operators);
    check_nested("SELECT ", "CASE WHEN a AND ", "x", " THEN 1 END", 300, NULL);
    check_nested("SELECT ", "(a.end, ", "x", ")", 9000, operators);
    check_nested("", "(", "SELECT 1", ")", 1990, NULL);
    check_nested("", "(", "SELECT 1", ")", 100000, operators);
    check_nested("SELECT ", "ARRAY[1, ", "1", "]", 20000, operators);
    check_nested("SELECT ", "NOT a IS DISTINCT FROM ", "1", "", 20000, operators);
    check_nested("SELECT ", "mode() WITHIN GROUP (ORDER BY a) + ", "1", "", 10000, operators);
    check_nested("SELECT a", "::timestamp with time zone", "", "", 10000, operators);
}

/* Wide, not deep. */
static void test_large_queries_pass(void) {
    check_nested("SELECT 1", ", (a + b * c) / 2 AS c", "", "", 20000, NULL);
    check_nested("SELECT 1 WHERE a IN (1", ", 123", "", "", 0, "syntax error");
    check_nested("SELECT 1 FROM t WHERE a IN (1", ", 123", ")", "", 90000, NULL);
    check_nested("VALUES (1, 2)", ", (a(1) + 2, 3)", "", "", 0, NULL);
    check_nested("VALUES (1, 2)", ", (1 + 2, 3)", "", "", 30000, NULL);
    check_nested("SELECT 1", ", 'some text that is long'", "", "", 40000, "at most 524288");
}

static const qn_test_case cases[] = {{"SELECT, ORDER BY, LIMIT", test_select},
                                     {"GROUP BY and HAVING", test_groups},
                                     {"OVER and WINDOW", test_windows},
                                     {"calls of functions", test_calls},
                                     {"FROM and JOIN", test_from},
                                     {"VALUES, set operations, WITH", test_sets_and_with},
                                     {"subqueries", test_subqueries},
                                     {"words of other dialects", test_words_of_other_dialects},
                                     {"depth is limited", test_depth_is_limited},
                                     {"large queries pass", test_large_queries_pass},
                                     {NULL, NULL}};

int main(void) {
    return qn_test_main("sql refusals", cases);
}
