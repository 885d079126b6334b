/* Rules of data quality. Ranks: 1 2 3 4 7 */
#include "core/memory.h"
#include "features/operator/operator.h"
#include "tests/features/quality/quality_rules.h"

#include <math.h>

static qn_session session = {.now = INT64_C(1667088000) * 1000000000}; /* 2022-10-30 */

static qn_execution execution_of(void) {
    qn_execution execution = qn_execution_of(qn_test_comm());
    execution.session = &session;
    return execution;
}

/* Rules over the table, judged; both are the caller's. */
static qn_status judge(const char *const *texts, qn_stream **in, qn_quality **out) {
    qn_execution execution = execution_of();
    if (*in == NULL)
        QN_TRY(sql_table_open(in, qn_test_comm()));
    QN_TRY(rules_bind(out, texts, &(*in)->schema, &execution));
    return qn_quality_run(*out, *in);
}

/* in: taken over; NULL: the table of sql_table.h. */
static json_t *report_on(const char *const *texts, qn_stream *in) {
    qn_quality *quality = NULL;
    json_t *report = NULL;
    QN_TEST_OK(judge(texts, &in, &quality));
    QN_TEST_OK(qn_quality_report(quality, &report));
    qn_quality_free(quality);
    qn_stream_free(in);
    return report;
}

static json_t *report_of(const char *const *texts) {
    return report_on(texts, NULL);
}

static json_t *rule_of(const json_t *report, int i) {
    return json_array_get(json_object_get(report, "rules"), (size_t)i);
}

static int64_t number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static void check_counts(const json_t *report, int i, int64_t checked, int64_t violations) {
    CU_ASSERT_EQUAL(number_of(rule_of(report, i), "checked"), checked);
    CU_ASSERT_EQUAL(number_of(rule_of(report, i), "violations"), violations);
}

/* ---- Rules of rows -------------------------------------------------------------------------- */

/* Counts by DuckDB 2.0 over the same table (tests/golden/sql.py makes it). */
static void test_row_rules(void) {
    static const char *const texts[] = {
        "not_null columns=n,x action=warn",
        "range column=n min=-40 max=40 action=warn",
        "range column=x min=0 exclusive=both max=12 action=warn",
        "range column=day min=2020-03-01 max=2022-01-01 action=warn",
        "allowed column=Cut values=Ideal,good action=warn",
        "allowed column=n values=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20 action=warn",
        "matches column=Cut pattern=^(V|I) action=warn",
        "predicate predicate=n>0~or~x>5 action=warn",
        "predicate predicate=n>0~or~x>5 allow_null=true action=warn",
        NULL};
    static const int64_t golden[][2] = {{1000, 161}, {923, 183},  {909, 20},
                                        {956, 313},  {941, 628},  {923, 732},
                                        {941, 627},  {1000, 260}, {1000, 179}};
    json_t *report = report_of(texts);
    for (int i = 0; texts[i] != NULL; i++)
        check_counts(report, i, golden[i][0], golden[i][1]);
    json_decref(report);
}

/* The first rows in source order, whatever the ranks. */
static void test_examples(void) {
    static const char *const texts[] = {"range column=n max=45", "not_null columns=Cut,flag",
                                        "range column=x max=12", NULL};
    json_t *report = report_of(texts);
    char *dumped = json_dumps(json_object_get(rule_of(report, 0), "examples"), JSON_COMPACT);
    CU_ASSERT_STRING_EQUAL(dumped, "[{\"row\":27,\"values\":{\"n\":47}},"
                                   "{\"row\":32,\"values\":{\"n\":50}},"
                                   "{\"row\":59,\"values\":{\"n\":46}},"
                                   "{\"row\":64,\"values\":{\"n\":49}},"
                                   "{\"row\":128,\"values\":{\"n\":47}}]");
    free(dumped);
    json_t *example = json_array_get(json_object_get(rule_of(report, 1), "examples"), 0);
    CU_ASSERT_EQUAL(number_of(example, "row"), 4);
    CU_ASSERT(json_is_null(json_object_get(json_object_get(example, "values"), "Cut")));
    CU_ASSERT(json_is_true(json_object_get(json_object_get(example, "values"), "flag")) ||
              json_is_false(json_object_get(json_object_get(example, "values"), "flag")));
    json_decref(report);
}

/* ---- What becomes of rows ------------------------------------------------------------------- */

static bool is_null(int64_t i, int column) {
    return column == 1 ? i % 13 == 5 : i % 11 == 3;
}

static int64_t n_of(int64_t i) {
    return i * 7919 % 101 - 50;
}

static double x_of(int64_t i) {
    return (double)(i * 31 % 97) / 8;
}

static bool drops(int64_t i) {
    return !is_null(i, 1) && n_of(i) < -40;
}

static bool quarantines(int64_t i) {
    return !is_null(i, 2) && x_of(i) > 11;
}

static char *gathered(qn_stream *stream) {
    char *text = NULL;
    qn_stream *ids = NULL;
    int32_t columns[] = {0, stream->schema.count - 2, stream->schema.count - 1};
    QN_TEST_OK(qn_select_open(&ids, stream, columns, stream->schema.count > 6 ? 3 : 1));
    QN_TEST_OK(sql_gather_text(&text, ids, qn_test_comm()));
    return text;
}

static void expect_rows(qn_text *passed, qn_text *rejected) {
    for (int64_t i = 0; i < TABLE_ROWS; i++) {
        if (quarantines(i))
            QN_TEST_OK(qn_text_printf(rejected, "%lld|%lld|%s\n", (long long)i, (long long)i,
                                      drops(i) ? "low, range(x)" : "range(x)"));
        else if (!drops(i))
            QN_TEST_OK(qn_text_printf(passed, "%lld\n", (long long)i));
    }
}

static void test_rows_go_their_ways(void) {
    static const char *const texts[] = {"range column=n min=-40 action=drop name=low",
                                        "range column=x max=11 action=quarantine", NULL};
    qn_stream *in = NULL, *borrowed = NULL, *rows = NULL;
    qn_quality *quality = NULL;
    qn_text passed = {0}, rejected = {0};
    expect_rows(&passed, &rejected);
    QN_TEST_OK(judge(texts, &in, &quality));
    QN_TEST_OK(qn_quality_verdict(quality));
    QN_TEST_OK(qn_stream_borrow(&borrowed, in));
    QN_TEST_OK(qn_quality_rejected(&rows, borrowed, quality));
    char *text = gathered(rows);
    CU_ASSERT_STRING_EQUAL(text, rejected.data);
    qn_mem_free(text);
    QN_TEST_OK(qn_quality_pass(&rows, in, quality));
    text = gathered(rows);
    CU_ASSERT_STRING_EQUAL(text, passed.data);
    qn_mem_free(text);
    qn_quality_counts counts = qn_quality_counts_of(quality);
    CU_ASSERT_EQUAL(counts.passed + counts.dropped + counts.quarantined, TABLE_ROWS);
    CU_ASSERT(counts.dropped > 0 && counts.quarantined > 0);
    qn_text_clear(&passed);
    qn_text_clear(&rejected);
    qn_quality_free(quality);
}

/* Over rows that a filter left, which have numbers of their own. */
static void test_filtered_rows_keep_their_numbers(void) {
    static const char *const texts[] = {"unique columns=Cut action=drop", NULL};
    qn_execution execution = execution_of();
    qn_stream *in = NULL, *rows = NULL;
    qn_quality *quality = NULL;
    qn_expr *condition = NULL, *arguments[2];
    QN_TEST_OK(sql_table_open(&in, qn_test_comm()));
    QN_TEST_OK(qn_expr_column(&arguments[0], "id", -1));
    QN_TEST_OK(qn_expr_literal(&arguments[1], (qn_scalar){.type = QN_INT64, .integer = 300}, -1));
    QN_TEST_OK(qn_expr_call(&condition, ">=", arguments, 2, -1));
    QN_TEST_OK(qn_filter_open(&in, in, condition));
    QN_TEST_OK(rules_bind(&quality, texts, &in->schema, &execution));
    QN_TEST_OK(qn_quality_run(quality, in));
    QN_TEST_OK(qn_quality_pass(&rows, in, quality));
    char *text = gathered(rows);
    qn_text expected = {0};
    int64_t firsts = 0;
    for (int64_t i = 300; i < TABLE_ROWS; i++) /* the first of each of six words, and all nulls */
        if (i % 17 == 4 || firsts < 6) {
            firsts += i % 17 != 4;
            QN_TEST_OK(qn_text_printf(&expected, "%lld\n", (long long)i));
        }
    CU_ASSERT_STRING_EQUAL(text, expected.data);
    qn_mem_free(text);
    qn_text_clear(&expected);
    qn_quality_free(quality);
}

/* ---- Rules that need other rows or tables ---------------------------------------------------- */

static void test_wide_rules(void) {
    static const char *const texts[] = {
        "unique columns=n action=warn", "unique columns=id",
        "references columns=n table=other action=warn table_columns=id",
        "references columns=Cut,day table=other", NULL};
    json_t *report = report_of(texts);
    int64_t negative = 0;
    for (int64_t i = 0; i < TABLE_ROWS; i++)
        negative += !is_null(i, 1) && n_of(i) < 0;
    check_counts(report, 0, 923, 923 - 101);
    check_counts(report, 1, 1000, 0);
    check_counts(report, 2, 923, negative);
    CU_ASSERT_EQUAL(number_of(rule_of(report, 3), "violations"), 0);
    json_decref(report);
}

/* Quartiles, statistic and probability by NumPy 1.26 and scipy 1.11 (kstwobign) over the same
 * values. */
static void test_distributions(void) {
    static const char *const texts[] = {
        "outliers column=v factor=1 action=warn",
        "outliers column=v factor=0.25 action=warn",
        "drift column=v table=long action=warn",
        "drift column=v table=long bins=4 threshold=0.3 action=warn",
        "drift column=k table=long method=ks threshold=0.1",
        "drift column=v table=long method=ks action=warn",
        NULL};
    static const char *const details[] = {"outside of [-273.76882175, 664.7063942499999]",
                                          "outside of [-39.150017749999996, 430.08759024999995]",
                                          "PSI 0.394338 over 11 bins; up to 0.2 is wanted",
                                          "PSI 0.241583 over 5 bins; up to 0.3 is wanted",
                                          "D 0.1, p 3.83e-174; D up to 0.1 is wanted",
                                          "D 0.200045, p 0; D up to 0.1 is wanted"};
    static const int64_t outside[] = {0, 6764};
    qn_stream *in = NULL;
    QN_TEST_OK(long_table_open(&in, qn_test_comm(), false));
    json_t *report = report_on(texts, in);
    for (int i = 0; texts[i] != NULL; i++)
        CU_ASSERT_STRING_EQUAL(text_of(rule_of(report, i), "detail"), details[i]);
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(number_of(rule_of(report, i), "violations"), outside[i]);
    json_decref(report);
}

static void test_table_rules(void) {
    static const char *const texts[] = {
        "row_count min=1001 action=warn",
        "row_count max=1000",
        "freshness column=day max_age=30~days action=warn",
        "freshness column=day max_age=40~days",
        "drift column=Cut table=other threshold=0",
        "drift column=n table=other method=ks min_p=0.99",
        "drift column=n table=other table_column=id method=ks action=warn",
        "query query=SELECT~count(*)=1000~FROM~data",
        "query query=SELECT~max(id)<(SELECT~max(id)~FROM~other)~FROM~data action=warn",
        "query query=SELECT~flag~FROM~data~LIMIT~2 action=warn",
        NULL};
    static const char *const outcomes[] = {"warned", "passed", "warned", "passed", "passed",
                                           "passed", "warned", "passed", "warned", "warned"};
    json_t *report = report_of(texts);
    for (int i = 0; texts[i] != NULL; i++)
        CU_ASSERT_STRING_EQUAL(text_of(rule_of(report, i), "outcome"), outcomes[i]);
    CU_ASSERT_STRING_EQUAL(text_of(rule_of(report, 0), "detail"),
                           "1000 rows, at least 1001 are wanted");
    CU_ASSERT(strstr(text_of(rule_of(report, 2), "detail"),
                     "the newest is 2022-09-26 00:00:00, 34 days old") != NULL);
    CU_ASSERT(strstr(text_of(rule_of(report, 5), "detail"), "D 0, p 1") != NULL);
    CU_ASSERT(strstr(text_of(rule_of(report, 9), "detail"), "2 rows, not one") != NULL);
    CU_ASSERT_EQUAL(number_of(report, "warned"), 5);
    json_decref(report);
}

/* ---- Verdicts and tolerance ----------------------------------------------------------------- */

static void test_verdict(void) {
    static const char *const texts[] = {"not_null columns=n max_count=77",
                                        "not_null columns=n max_count=76 name=strict",
                                        "not_null columns=n max_share=0.077 action=warn",
                                        "not_null columns=n max_share=0.0769",
                                        "row_count min=2000",
                                        NULL};
    qn_stream *in = NULL;
    qn_quality *quality = NULL;
    QN_TEST_OK(judge(texts, &in, &quality));
    QN_TEST_FAILS(qn_quality_verdict(quality), QN_QUALITY,
                  "3 quality rules are broken: strict, not_null(n) #3, row_count");
    qn_quality_free(quality);
    qn_stream_free(in);
}

static void test_empty_table(void) {
    static const char *const texts[] = {"not_null columns=n",
                                        "unique columns=id action=quarantine",
                                        "references columns=n table=other table_columns=id",
                                        "outliers column=x",
                                        "drift column=n table=other method=ks action=warn",
                                        "drift column=n table=long table_column=v action=warn",
                                        "freshness column=day max_age=1~day action=warn",
                                        "predicate predicate=n>0 max_share=0",
                                        NULL};
    qn_execution execution = execution_of();
    qn_stream *table = NULL, *in = NULL, *rows = NULL;
    qn_quality *quality = NULL;
    QN_TEST_OK(sql_table_open(&table, qn_test_comm()));
    QN_TEST_OK(qn_stream_of_batches(&in, &table->schema, NULL, 0));
    QN_TEST_OK(rules_bind(&quality, texts, &in->schema, &execution));
    QN_TEST_OK(qn_quality_run(quality, in));
    QN_TEST_OK(qn_quality_verdict(quality));
    CU_ASSERT_EQUAL(qn_quality_counts_of(quality).warned, 3);
    QN_TEST_OK(qn_quality_rejected(&rows, in, quality));
    char *text = gathered(rows);
    CU_ASSERT_STRING_EQUAL(text, "");
    qn_mem_free(text);
    qn_quality_free(quality);
    qn_stream_free(table);
}

/* Rules may be bound anew and judged again. */
static void test_again(void) {
    static const char *const texts[] = {"range column=n min=0 action=drop",
                                        "unique columns=n action=warn",
                                        "references columns=n table=other table_columns=id "
                                        "action=warn",
                                        "drift column=x table=other method=ks", NULL};
    qn_execution execution = execution_of();
    qn_stream *in = NULL;
    qn_quality *quality = NULL;
    json_t *reports[2] = {NULL, NULL};
    QN_TEST_OK(judge(texts, &in, &quality));
    QN_TEST_OK(qn_quality_report(quality, &reports[0]));
    for (int32_t i = 0; i < qn_quality_count(quality); i++)
        QN_TEST_OK(qn_quality_bind(quality, i, &in->schema, &rules_tables, &execution));
    QN_TEST_OK(qn_quality_run(quality, in));
    QN_TEST_OK(qn_quality_report(quality, &reports[1]));
    CU_ASSERT(json_equal(reports[0], reports[1]));
    bool needed[6] = {false};
    qn_quality_mark_columns(quality, needed);
    CU_ASSERT(needed[1] && needed[2] && !needed[0] && !needed[3]);
    json_decref(reports[0]);
    json_decref(reports[1]);
    qn_quality_free(quality);
    qn_stream_free(in);
}

/* ---- Faults --------------------------------------------------------------------------------- */

static void refuses(const char *text, qn_status code, const char *message) {
    const char *const texts[] = {text, NULL};
    qn_execution execution = execution_of();
    qn_stream *in = NULL;
    qn_quality *quality = NULL;
    QN_TEST_OK(sql_table_open(&in, qn_test_comm()));
    QN_TEST_FAILS(rules_bind(&quality, texts, &in->schema, &execution), code, message);
    qn_quality_free(quality);
    qn_stream_free(in);
}

static void test_refused_rules(void) {
    static const struct {
        const char *rule, *message;
    } faults[] = {
        {"rnge column=n", "unknown rule 'rnge'"},
        {"not_null", "not_null: columns is not set"},
        {"not_null columns=", "not_null: columns is empty"},
        {"not_null columns=n,nn", "unknown column 'nn'"},
        {"not_null columns=n colums=x", "unknown option 'colums'"},
        {"not_null columns=n action=ignore", "'ignore'"},
        {"not_null columns=n action=drop max_share=0.1", "must be 'warn' or 'fail', not 'drop'"},
        {"not_null columns=n max_share=1.5", "max_share"},
        {"range column=n", "neither min nor max is set"},
        {"range column=Cut min=a", "column 'Cut' is of type string, not a number"},
        {"range column=n min=few", "min: 'few' is no value of column 'n', which is of type int32"},
        {"range column=day max=2020-13-01", "max: '2020-13-01' is no value of column 'day'"},
        {"allowed column=n", "values is not set"},
        {"allowed column=n values=1,two", "values: 'two' is no value of column 'n'"},
        {"allowed column=flag values=perhaps", "'perhaps' is no value of column 'flag'"},
        {"matches column=n pattern=a", "column 'n' is of type int32, not string"},
        {"matches column=Cut", "pattern is not set"},
        {"matches column=Cut pattern=(a", "matches: "},
        {"predicate", "predicate is not set"},
        {"predicate predicate=n~+", "predicate: "},
        {"predicate predicate=n+1", "must be boolean"},
        {"predicate predicate=m>1", "unknown column 'm'"},
        {"unique columns=zz", "unknown column 'zz'"},
        {"references columns=n", "table is not set"},
        {"references columns=n table=other table_columns=id,x", "table_columns has 2 columns"},
        {"references columns=n table=other table_columns=idd", "table 'other': unknown column"},
        {"references columns=n table=other table_columns=Cut", "column 'n' is of type int32, but"},
        {"outliers column=Cut", "not a number"},
        {"outliers column=n factor=-1", "factor"},
        {"row_count", "neither min nor max is set"},
        {"row_count min=5 max=4", "min is greater than max"},
        {"row_count min=5 action=drop", "'drop'"},
        {"freshness column=n max_age=1~day", "not a date or timestamp"},
        {"freshness column=day", "max_age is not set"},
        {"freshness column=day max_age=soon", "not 'soon'"},
        {"freshness column=day max_age=2~months", "not '2 months'"},
        {"drift column=n", "table is not set"},
        {"drift column=Cut table=other method=ks", "as method ks needs"},
        {"drift column=n table=other min_p=0.1", "min_p belongs to method ks"},
        {"drift column=n table=other table_column=Cut", "but 'Cut' of table 'other'"},
        {"drift column=n table=other bins=1", "bins"},
        {"query", "query is not set"},
        {"query query=SELECT~1~FROM~data", "one boolean column"},
        {"query query=SELECT~nn>1~FROM~data", "'nn'"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        refuses(faults[i].rule, QN_JOB, faults[i].message);
    refuses("references columns=n table=none", QN_INPUT, "'none' is missing");
    refuses("drift column=n table=none", QN_INPUT, "'none' is missing");
    refuses("query query=SELECT~count(*)>1~FROM~none", QN_INPUT, "'none' is missing");
}

static void test_names_are_told_apart(void) {
    static const char *const twice[] = {"row_count min=1 name=a", "row_count max=9 name=a", NULL};
    qn_execution execution = execution_of();
    qn_stream *in = NULL;
    qn_quality *quality = NULL;
    QN_TEST_OK(sql_table_open(&in, qn_test_comm()));
    QN_TEST_FAILS(rules_bind(&quality, twice, &in->schema, &execution), QN_JOB,
                  "two rules are called 'a'");
    qn_quality_free(quality);
    qn_stream_free(in);
}

/* Allocations on one rank fail, one after the other: all ranks say so, nothing leaks. */
static void fail_everywhere(const char *const *texts, int64_t stride) {
    qn_comm *comm = qn_test_comm();
    bool last = qn_comm_rank(comm) == qn_comm_size(comm) - 1;
    qn_status status = QN_MEMORY;
    for (int64_t i = 0; status == QN_MEMORY && i < 40000; i += stride) {
        int64_t before = qn_mem_blocks();
        qn_execution execution = execution_of();
        qn_stream *in = NULL, *rows = NULL;
        qn_quality *quality = NULL;
        qn_table table;
        qn_table_init(&table);
        QN_TEST_OK(strstr(texts[0], "=v") != NULL ? long_table_open(&in, comm, false)
                                                  : sql_table_open(&in, comm));
        qn_mem_fail_after(last ? i : -1);
        status = rules_bind(&quality, texts, &in->schema, &execution);
        if (status == QN_OK)
            status = qn_quality_run(quality, in);
        if (status == QN_OK) {
            status = qn_quality_rejected(&rows, in, quality);
            in = NULL;
            status = qn_comm_agree(comm, status);
        }
        if (status == QN_OK)
            status = qn_comm_agree(comm, qn_table_collect(&table, rows));
        qn_mem_fail_after(-1);
        qn_table_clear(&table);
        qn_stream_free(rows);
        qn_stream_free(in);
        qn_quality_free(quality);
        CU_ASSERT_EQUAL(qn_mem_blocks(), before);
    }
    QN_TEST_OK(status);
}

static void test_memory_failures(void) {
    static const char *const narrow[] = {"not_null columns=n,x action=drop",
                                         "range column=n min=0 max=40 action=quarantine",
                                         "allowed column=Cut values=Ideal,good action=quarantine",
                                         "predicate predicate=n>0 allow_null=true action=warn",
                                         "row_count min=1",
                                         NULL};
    static const char *const wide[] = {"unique columns=n action=quarantine",
                                       "references columns=n table=other table_columns=id "
                                       "action=quarantine",
                                       "drift column=Cut table=other", NULL};
    static const char *const summaries[] = {"outliers column=v action=warn",
                                            "drift column=v table=long action=warn", NULL};
    static const char *const plans[] = {"drift column=x table=other method=ks action=warn",
                                        "query query=SELECT~count(*)>1~FROM~data", NULL};
    fail_everywhere(narrow, qn_comm_size(qn_test_comm()) > 3 ? 17 : 1);
    fail_everywhere(wide, qn_comm_size(qn_test_comm()) > 3 ? 101 : 7);
    fail_everywhere(summaries, qn_comm_size(qn_test_comm()) > 3 ? 17 : 3);
    fail_everywhere(plans, qn_comm_size(qn_test_comm()) > 3 ? 101 : 7);
}

static const qn_test_case cases[] = {
    {"row rules count as DuckDB does", test_row_rules},
    {"examples are the first rows", test_examples},
    {"rows pass, are dropped or quarantined", test_rows_go_their_ways},
    {"filtered rows keep their numbers", test_filtered_rows_keep_their_numbers},
    {"rules where other rows decide", test_wide_rules},
    {"rules about distributions", test_distributions},
    {"rules of the table", test_table_rules},
    {"rules that fail, and what is tolerated", test_verdict},
    {"a table without rows", test_empty_table},
    {"rules judge again", test_again},
    {"rules that cannot be bound", test_refused_rules},
    {"two rules of one name", test_names_are_told_apart},
    {"no allocation is taken for granted", test_memory_failures},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("quality", cases);
}
