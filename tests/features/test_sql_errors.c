/* What SQL refuses, and where it says the fault is. */
#include "features/sql/sql.h"

#include "core/random.h"
#include "tests/features/sql_table.h"

#include <stdio.h>
#include <stdlib.h>

static qn_status open_table(void *context, qn_comm *comm, qn_stream **out) {
    (void)context;
    return sql_table_open(out, comm);
}

static const qn_plan_table tables[] = {{"events", open_table, NULL}, {"users", open_table, NULL}};

/* Parses and prepares; the plan is dropped. */
static qn_status prepare(qn_view query) {
    qn_plan *plan = NULL;
    qn_status status = qn_sql_query(&plan, query);
    if (status == QN_OK)
        status = qn_plan_prepare(plan, &(qn_execution){.comm = qn_test_comm()}, tables, 2);
    qn_plan_free(plan);
    return status;
}

static qn_status parse_expression(const char *text) {
    qn_expr *expr = NULL;
    QN_TRY(qn_sql_expression(&expr, qn_view_of(text)));
    qn_expr_free(expr);
    return QN_OK;
}

typedef struct refusal {
    const char *text;
    const char *place; /* line:column, "" where none is known */
    const char *message;
} refusal;

static void check_refusal(const refusal *wanted, qn_status status) {
    char place[64] = "";
    if (wanted->place[0] != '\0')
        snprintf(place, sizeof place, "query:%s", wanted->place);
    qn_error error = qn_last_error();
    bool same = status == QN_JOB && strcmp(error.location, place) == 0 &&
                strstr(error.message, wanted->message) != NULL;
    if (!same)
        printf("\n  %s\n  gave %s: %s: %s\n  not  %s: %s\n", wanted->text, qn_status_name(status),
               error.location, error.message, place, wanted->message);
    CU_ASSERT(same);
    CU_ASSERT((qn_sql_error_position() >= 0) == (wanted->place[0] != '\0'));
}

static void test_clauses_are_refused_by_name(void) {
    static const refusal refusals[] = {
        {"SELECT n INTO new FROM events", "1:15", "INTO is not part"},
        {"SELECT n FROM events FOR UPDATE", "1:22", "FOR UPDATE or FOR SHARE is not part"},
        {"SELECT n FROM events ORDER BY n FETCH FIRST 2 ROWS WITH TIES", "1:57", "WITH TIES"},
        {"SELECT n FROM range(10)", "1:15", "a function in FROM is not part"},
        {"SELECT n FROM events TABLESAMPLE system (10)", "1:34", "TABLESAMPLE system is not"},
        {"SELECT n FROM db.events", "1:15", "a table name with a dot is not part"},
        {"SELECT n FROM ONLY events", "1:20", "FROM ONLY is not part"},
        {"SELECT n FROM events LIMIT -1", "1:28", "LIMIT takes a whole number, zero or more"},
        {"SELECT n FROM events LIMIT 1.5", "1:28", "LIMIT takes a whole number"},
        {"SELECT n FROM events OFFSET 1 + 1", "1:29", "OFFSET takes a whole number"},
        {"SELECT FROM events", "1:13", "a query needs at least one output"},
        {"INSERT INTO events VALUES (1)", "1:1", "INSERT is not supported"},
        {"DROP TABLE events", "1:1", "DROP is not supported"},
        {"-- all\nDELETE FROM events", "2:1", "DELETE is not supported"},
        {"SELECT n FROM events; SELECT 2", "1:23", "a second one starts here"},
        {"", "1:1", "the query is empty"},
        {"  ;", "1:1", "the query is empty"},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        check_refusal(&refusals[i], prepare(qn_view_of(refusals[i].text)));
}

static void test_expressions_are_refused_by_name(void) {
    static const refusal refusals[] = {
        {"count(*)", "1:1", "aggregate function 'count' cannot stand in an expression by itself"},
        {"1 + sum(n)", "1:5", "aggregate function 'sum'"},
        {"n + rank() OVER (ORDER BY n)", "1:5", "window function 'rank' cannot stand"},
        {"f(DISTINCT n)", "1:1", "DISTINCT belongs to aggregate functions, and 'f' is none"},
        {"f(n) FILTER (WHERE n > 1)", "1:1", "FILTER belongs to aggregate"},
        {"(SELECT 1) + 2", "1:1", "a subquery is not part"},
        {"EXISTS (SELECT 1)", "1:1", "a subquery is not part"},
        {"n IN (SELECT 1)", "1:3", "a subquery is not part"},
        {"n < ANY (ARRAY[1])", "1:3", "'< ANY' is not part"},
        {"n = ALL (ARRAY[1])", "1:3", "ALL of an array is not part"},
        {"(1, 2)", "1:1", "a row (a, b) is not part"},
        {"n + $1", "1:5", "a parameter ($1) is not part"},
        {"a[1][2]", "1:1", "a field of a value or more than one subscript is not part"},
        {"a[1:2]", "1:1", "a slice a[i:j] (write slice(a, i, n)) is not part"},
        {"cut COLLATE \"C\"", "1:5", "COLLATE is not part"},
        {"CURRENT_TIME", "1:1", "a time of day"},
        {"CURRENT_TIMESTAMP(3)", "1:1", "CURRENT_TIMESTAMP to some digits is not part"},
        {"LOCALTIMESTAMP", "1:1", "LOCALTIMESTAMP is not part"},
        {"CURRENT_USER", "1:1", "a name of the session"},
        {"n BETWEEN SYMMETRIC 1 AND 2", "1:3", "BETWEEN SYMMETRIC is not part"},
        {"cut SIMILAR TO 'a'", "1:5", "SIMILAR TO is not part"},
        {"cut LIKE 'a' ESCAPE", "1:20", "syntax error at end of input"},
        {"n ^ 2", "1:3", "operator '^' is not part of this version"},
        {"n @ 1", "1:3", "operator '@' is not part"},
        {"n OPERATOR(pg_catalog.+) 1", "1:3", "OPERATOR(...) is not part"},
        {"INTERVAL '1 day' * 2", "1:18", "'*' of an interval is not part"},
        {"n + INTERVAL '1 dai'", "1:14", "'1 dai' is not an interval"},
        {"INTERVAL '1 day' - day", "1:18", "'-' of an interval is not part"},
        {"day + INTERVAL '1' DAY + INTERVAL '1'", "1:35", "'1' is not an interval"},
        {"INTERVAL '1 day' = INTERVAL '24 hours'", "1:18", "'=' of an interval is not part"},
        {"coalesce(INTERVAL '1 day', day)", "1:10", "an interval is not a value by itself"},
        {"day + CAST(cut AS interval)", "1:7", "an interval must be a constant"},
        {"TRY_CAST(n AS blob)", "1:15", "type 'blob' is not part"},
        {"my.f(n)", "1:1", "a function name with a dot is not part"},
        {"a.b.c", "1:1", "a name with two dots is not part"},
        {"t.n", "1:1", "names columns without a table"},
        {"*", "1:1", "'*' stands for all columns only as an output by itself"},
        {"n::numeric(10, 2)", "1:4", "type 'numeric' is not part"},
        {"n::varchar(10)", "1:4", "a length or precision behind a type is not part"},
        {"n::int[]", "1:4", "nothing can be cast to a list"},
        {"CAST(n AS interval)", "1:11", "an interval is not a value by itself"},
        {"CAST(n AS my.t)", "1:11", "a type name with a dot is not part"},
        {"CAST(n AS boolan)", "1:11", "type 'boolan' is not part"},
        {"B'101'", "1:1", "a bit string is not part"},
        {"DATE '2024-02-30'", "1:6", "'2024-02-30' is not a date"},
        {"TIMESTAMP 'noon'", "1:11", "'noon' is not a timestamp"},
        {"1e999", "1:1", "is out of range"},
        {"uper(n)", "1:1", "unknown function 'uper'"},
        {"n +", "1:4", "syntax error at end of input"},
        {"n + * 2", "1:5", "syntax error at or near"},
        {"'abc", "1:1", "unterminated quoted string"},
        {"grün + )", "1:8", "syntax error at or near"},
        {"n, 2", "1:4", "one expression is wanted, not a list of 2"},
        {"n AS m", "1:1", "takes no name"},
        {"n FROM events", "1:3", "an expression by itself cannot have FROM"},
        {"n WHERE n > 1", "1:3", "an expression by itself cannot have WHERE"},
        {"n LIMIT 1", "1:9", "an expression by itself cannot have LIMIT or OFFSET"},
        {"n GROUP BY n", "1:3", "an expression by itself cannot have GROUP BY"},
        {"n UNION SELECT 1", "1:3", "an expression by itself cannot have UNION"},
        {"n; DROP TABLE x", "1:4", "a second one starts here"},
        {"", "1:1", "the expression is empty"},
        {" -- nothing", "1:1", "the expression is empty"},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        check_refusal(&refusals[i], parse_expression(refusals[i].text));
}

static void test_names_and_types_are_checked(void) {
    static const refusal refusals[] = {
        {"SELECT n FROM evnts", "1:15", "unknown table 'evnts'"},
        {"SELECT cutt FROM events", "1:8", "unknown column 'cutt'"},
        {"SELECT id,\n       nn + 1\nFROM events", "2:8", "unknown column 'nn'"},
        {"SELECT id FROM events WHERE nope > 1", "1:29", "unknown column 'nope'"},
        {"SELECT u.id FROM events e", "1:8", "unknown table 'u' in front of a column"},
        {"SELECT events.id FROM events e", "1:8", "unknown table 'events' in front"},
        {"SELECT u.* FROM events", "1:8", "unknown table 'u' in front of '*'"},
        {"SELECT id FROM events WHERE id + 1", "1:29", "a condition must be boolean"},
        {"SELECT id, n AS id FROM events", "1:12", "two outputs are named 'id'"},
        {"SELECT *, n FROM events", "1:11", "two outputs are named 'n'"},
        {"SELECT n + cut FROM events", "1:10", "'+'"},
        {"SELECT id FROM events WHERE cut LIKE 'a' ESCAPE 'no'", "1:49", "escape"},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        check_refusal(&refusals[i], prepare(qn_view_of(refusals[i].text)));
}

static void test_errors_show_the_line_and_help(void) {
    CU_ASSERT(prepare(qn_view_of("SELECT id,\n  cutt\nFROM events")) == QN_JOB);
    qn_error error = qn_last_error();
    CU_ASSERT_STRING_EQUAL(error.location, "query:2:3");
    CU_ASSERT_STRING_EQUAL(error.excerpt, "    cutt\n    ^~~~");
    CU_ASSERT_STRING_EQUAL(error.help, "did you mean 'Cut'?");
    CU_ASSERT(qn_sql_error_position() == 13);
    CU_ASSERT(prepare(qn_view_of("SELECT n FROM event")) == QN_JOB);
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'events'?");
    CU_ASSERT(parse_expression("n::boolan") == QN_JOB);
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'boolean'?");
}

/* ---- Limits ---------------------------------------------------------------------------------- */

/* prefix, then `piece` `count` times, then suffix piece `count` times */
static char *repeat(const char *prefix, const char *piece, const char *middle, const char *suffix,
                    int count) {
    qn_text text;
    qn_text_init(&text);
    QN_TEST_OK(qn_text_add(&text, prefix, (int64_t)strlen(prefix)));
    for (int i = 0; i < count; i++)
        QN_TEST_OK(qn_text_add(&text, piece, (int64_t)strlen(piece)));
    QN_TEST_OK(qn_text_add(&text, middle, (int64_t)strlen(middle)));
    for (int i = 0; i < count; i++)
        QN_TEST_OK(qn_text_add(&text, suffix, (int64_t)strlen(suffix)));
    return text.data;
}

static void check_repeated(const char *piece, const char *middle, const char *suffix, int count,
                           const char *message) {
    char *text = repeat("", piece, middle, suffix, count);
    QN_TEST_FAILS(parse_expression(text), QN_JOB, message);
    qn_mem_free(text);
}

static void test_sizes_are_limited(void) {
    check_repeated("n + ", "n", "", 300000, "bytes long; at most 524288");
    check_repeated("n + ", "n", "", 10000, "more than 2000 operators");
    check_repeated("(", "n", ")", 20000, "more than 2000 operators");
    check_repeated("abs(", "n", ")", 9000, "more than 2000 operators");
    check_repeated("not ", "n", "", 10000, "more than 2000 operators");
    check_repeated("- ", "n", "", 10000, "more than 2000 operators");
    check_repeated("case when ", "n", " then 1 end", 2001, "more than 2000 operators");
    check_repeated("", "n", "::int", 8000, "more than 2000 operators");
    check_repeated("1 union select ", "1", "", 4000, "more than 2000 operators");
    check_repeated("nullif(n,", "n", ")", 1500, "levels deep");
}

static void test_long_chains_within_the_limit_work(void) {
    char *text = repeat("", "n + ", "n", "", 1999);
    QN_TEST_OK(parse_expression(text));
    qn_mem_free(text);
    text = repeat("", "n > 1 AND ", "x < 1", "", 600);
    QN_TEST_OK(parse_expression(text));
    qn_mem_free(text);
    text = repeat("SELECT id", ", n + 1 AS a", " FROM events", "", 3000);
    QN_TEST_FAILS(prepare(qn_view_of(text)), QN_JOB, "two outputs are named 'a'");
    qn_mem_free(text);
    text = repeat("n IN (0", ", 12345", ")", "", 9000);
    QN_TEST_OK(parse_expression(text));
    qn_mem_free(text);
}

/* The operand of CASE x WHEN is read once a branch: nesting must not explode. */
static void test_repeated_operands_do_not_explode(void) {
    char *text = repeat("", "case ", "n", " when 1 then 1 when 2 then 2 when 3 then 3 end", 200);
    QN_TEST_FAILS(parse_expression(text), QN_JOB, "too large");
    qn_mem_free(text);
}

static void test_odd_bytes_are_refused(void) {
    QN_TEST_FAILS(prepare((qn_view){"SELECT n\0 FROM events", 21}), QN_JOB, "NUL byte at offset 8");
    QN_TEST_FAILS(prepare(qn_view_of("SELECT '\xC3' FROM events")), QN_JOB, "not valid UTF-8");
    QN_TEST_FAILS(prepare(qn_view_of("SELECT '\xED\xA0\x80' FROM events")), QN_JOB,
                  "not valid UTF-8: byte 0xED at offset 8");
    QN_TEST_FAILS(prepare(qn_view_of("SELECT '\xF5\x80\x80\x80' FROM events")), QN_JOB,
                  "not valid UTF-8");
    QN_TEST_FAILS(prepare(qn_view_of("SELECT '\xC0\x80' FROM events")), QN_JOB, "not valid UTF-8");
    QN_TEST_OK(
        prepare(qn_view_of("SELECT 'gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80' AS s FROM events")));
}

static void test_long_names_are_refused(void) {
    char *text = repeat("SELECT ", "a", " FROM events", "", 64);
    QN_TEST_FAILS(prepare(qn_view_of(text)), QN_JOB, "at most 63 bytes; this one has 64");
    CU_ASSERT_STRING_EQUAL(qn_last_error().location, "query:1:8");
    qn_mem_free(text);
    text = repeat("SELECT id AS \"", "\"\"", "\" FROM events", "", 63);
    QN_TEST_OK(prepare(qn_view_of(text)));
    qn_mem_free(text);
    text = repeat("SELECT id AS \"", "\xC3\xA9", "\" FROM events", "", 32);
    QN_TEST_FAILS(prepare(qn_view_of(text)), QN_JOB, "this one has 64");
    qn_mem_free(text);
}

/* ---- Broken texts ---------------------------------------------------------------------------- */

static const char *const seeds[] = {
    "SELECT *, CASE WHEN n < 0 THEN 'neg' ELSE upper(cut) END AS s FROM events WHERE x > 1 LIMIT 3",
    "SELECT id, EXTRACT(year FROM day) AS y, cut || '-' || n, x::int FROM events AS e WHERE e.n IN "
    "(1, 2, NULL) AND cut NOT LIKE 'a%' OFFSET 3",
    "SELECT substring(cut FROM 1 FOR 2), trim(both 'x' from cut), coalesce(n, 1), nullif(x, 2), "
    "greatest(n, 1), x BETWEEN 1 AND 2, flag IS NOT TRUE, n IS DISTINCT FROM 3 FROM events",
    "WITH q (a, b) AS (SELECT n, x FROM events) SELECT DISTINCT ON (a) q.a, count(DISTINCT b) "
    "FILTER "
    "(WHERE b > 1) AS c, sum(sum(b)) OVER (PARTITION BY a ORDER BY a ROWS 2 PRECEDING) AS w FROM q "
    "GROUP BY a HAVING count(*) > (SELECT 1) ORDER BY a, sum(b) LIMIT 3",
    "SELECT e.id, v.q FROM events e LEFT SEMI JOIN users u ON e.id = u.n AND e.x > 1, (VALUES (1, "
    "2)) "
    "v (p, q) WHERE e.n IN (SELECT n FROM users) AND NOT EXISTS (SELECT 1 FROM users d WHERE d.id "
    "= "
    "e.id AND d.n = 2) AND (e.flag OR EXISTS (SELECT 1 FROM users)) ORDER BY e.x",
    "SELECT n FROM events UNION SELECT id FROM users INTERSECT VALUES (1), (2) ORDER BY 1 LIMIT 2",
    "SELECT cut, lag(n) IGNORE NULLS OVER w, GROUPING(cut), (SELECT max(x) FROM users u WHERE u.n "
    "= "
    "e.n) FROM events e TABLESAMPLE BERNOULLI (5) GROUP BY ROLLUP (cut, n) WINDOW w AS (ORDER BY "
    "n)",
    "SELECT a.id FROM events a ASOF LEFT JOIN users b ON a.n = b.n AND a.day >= b.day AND a.day - "
    "b.day <= INTERVAL '3 days' FULL JOIN events c ON c.id = a.id ORDER BY 1",
};

/* Bytes are changed, dropped and doubled; whatever comes of it, there is an answer and no leak. */
static void test_broken_texts_are_answered(void) {
    qn_random random = qn_random_new(1, "broken sql");
    enum { SEEDS = sizeof seeds / sizeof *seeds };
    for (size_t i = 0; i < SEEDS; i++)
        QN_TEST_OK(prepare(qn_view_of(seeds[i])));
    for (uint64_t round = 0; round < 6000; round++) {
        char text[512];
        const char *seed = seeds[round % SEEDS];
        int64_t length = (int64_t)strlen(seed);
        memcpy(text, seed, (size_t)length);
        for (uint32_t change = 0; change < 1 + round % 4; change++) {
            int64_t at = qn_random_below(random, round, 8 * change, length);
            int64_t from = qn_random_below(random, round, 8 * change + 2, length);
            int64_t span = 1 + qn_random_below(random, round, 8 * change + 4, 6);
            if (round % 3 == 0)
                text[at] = (char)qn_random_below(random, round, 8 * change + 6, 256);
            else if (round % 3 == 1 && at + span < length && from + span < length)
                memmove(text + at, text + from, (size_t)span);
            else
                length = length > 20 ? length - span : length;
        }
        int64_t before = qn_mem_blocks();
        qn_status status = prepare((qn_view){text, length});
        CU_ASSERT(status == QN_OK || (status == QN_JOB && qn_last_error().message[0] != '\0'));
        CU_ASSERT(qn_mem_blocks() == before);
    }
}

static const qn_test_case cases[] = {
    {"clauses are refused by name, with their place", test_clauses_are_refused_by_name},
    {"expressions are refused by name, with their place", test_expressions_are_refused_by_name},
    {"names and types are checked", test_names_and_types_are_checked},
    {"errors show the line and help", test_errors_show_the_line_and_help},
    {"sizes are limited", test_sizes_are_limited},
    {"long chains within the limit work", test_long_chains_within_the_limit_work},
    {"repeated operands do not explode", test_repeated_operands_do_not_explode},
    {"odd bytes are refused", test_odd_bytes_are_refused},
    {"long names are refused", test_long_names_are_refused},
    {"broken texts are answered", test_broken_texts_are_answered},
    {NULL, NULL}};

int main(void) {
    return qn_test_main("sql errors", cases);
}
