/* Results that others state: PostgreSQL's and Spark's documentation, and DuckDB 2.0.0. */
#include "core/window/window.h"

#include "tests/core/window/window_table.h"
#include "tests/harness/harness.h"

enum { MOST = 12 };

/* Columns: text, number, number, date. NAN and -1 are nulls. */
typedef struct sample_row {
    const char *text;
    double a, b;
    int32_t day;
} sample_row;

enum { TEXT, A, B, DAY };

static qn_status sample_table(qn_table *out, const sample_row *rows, int32_t count) {
    qn_batch batch;
    qn_string_builder texts;
    qn_column *columns[4] = {NULL, NULL, NULL, NULL};
    qn_batch_init(&batch);
    qn_table_init(out);
    qn_string_builder_init(&texts);
    QN_TRY(qn_schema_add(&out->schema, "text", QN_STRING));
    QN_TRY(qn_schema_add(&out->schema, "a", QN_FLOAT64));
    QN_TRY(qn_schema_add(&out->schema, "b", QN_FLOAT64));
    QN_TRY(qn_schema_add(&out->schema, "day", QN_DATE));
    QN_TRY(qn_column_new(&columns[A], QN_FLOAT64, count, 0));
    QN_TRY(qn_column_new(&columns[B], QN_FLOAT64, count, 0));
    QN_TRY(qn_column_new(&columns[DAY], QN_DATE, count, 0));
    for (int32_t i = 0; i < count; i++) {
        QN_TRY(qn_string_builder_add(&texts, qn_view_of(rows[i].text)));
        QN_TRY(set_value(columns[A], i, (ref_value){isnan(rows[i].a), false, rows[i].a}));
        QN_TRY(set_value(columns[B], i, (ref_value){isnan(rows[i].b), false, rows[i].b}));
        QN_TRY(set_value(columns[DAY], i, (ref_value){rows[i].day < 0, false, rows[i].day}));
    }
    QN_TRY(qn_string_builder_finish(&texts, &columns[TEXT]));
    batch.length = count;
    for (int32_t c = 0; c < 4; c++)
        QN_TRY(qn_batch_append(&batch, columns[c]));
    return qn_table_add(out, &batch);
}

static qn_window_call call_of(const char *function, int32_t argument) {
    return (qn_window_call){.function = function,
                            .name = function,
                            .arguments = {argument},
                            .argument_count = argument >= 0,
                            .number = 1,
                            .fallback = -1,
                            .filter = -1,
                            .default_frame = true};
}

static void check(const qn_table *table, const qn_window_spec *window, qn_window_call call,
                  const double *wanted) {
    qn_table results;
    qn_window_spec spec = *window;
    spec.calls = &call;
    spec.call_count = 1;
    qn_table_init(&results);
    QN_TEST_OK(qn_window_evaluate(&results, table, &spec));
    const qn_column *got = results.batches[0].columns[0];
    for (int64_t i = 0; i < got->length; i++) {
        bool null = qn_column_is_null(got, i);
        double value = qn_column_real(got, i);
        bool right = isnan(wanted[i]) ? null : !null && fabs(value - wanted[i]) < 1e-12;
        if (!right)
            printf("%s: row %lld: got %.17g, wanted %.17g\n", call.function, (long long)i, value,
                   wanted[i]);
        CU_ASSERT(right);
    }
    qn_table_clear(&results);
}

/* PostgreSQL 16, "3.5. Window Functions": table empsalary (a: salary). */
static const sample_row empsalary[] = {
    {"develop", 4200, 7, 0},   {"develop", 4500, 9, 0}, {"develop", 5200, 10, 0},
    {"develop", 5200, 11, 0},  {"develop", 6000, 8, 0}, {"personnel", 3500, 5, 0},
    {"personnel", 3900, 2, 0}, {"sales", 4800, 3, 0},   {"sales", 5000, 1, 0},
    {"sales", 4800, 4, 0},
};

static void test_postgresql(void) {
    static const double average[] = {5020, 5020, 5020,       5020,       5020,
                                     3700, 3700, 14600. / 3, 14600. / 3, 14600. / 3};
    static const double rank[] = {5, 4, 2, 2, 1, 2, 1, 2, 1, 2};
    static const double total[] = {11600, 16100, 41100, 41100, 47100,
                                   3500,  7400,  25700, 30700, 25700};
    int32_t partition = TEXT;
    qn_sort_key falling = {A, true, true}, rising = {A, false, false};
    qn_table table;
    QN_TEST_OK(sample_table(&table, empsalary, 10));
    qn_window_spec whole = {.partition = &partition, .partition_count = 1};
    qn_window_spec ranked = {
        .partition = &partition, .partition_count = 1, .order = &falling, .order_count = 1};
    qn_window_spec running = {.order = &rising, .order_count = 1};
    check(&table, &whole, call_of("avg", A), average);
    check(&table, &ranked, call_of("rank", -1), rank);
    check(&table, &running, call_of("sum", A), total);
    qn_table_clear(&table);
}

/* Spark 3.5, "Window Functions": table employees (a: salary, b: age). */
static const sample_row employees[] = {
    {"Sales", 10000, 35, 0},     {"Sales", 32000, 38, 0},       {"Engineering", 21000, 28, 0},
    {"Sales", 30000, 33, 0},     {"Engineering", 23000, 33, 0}, {"Marketing", 29000, 28, 0},
    {"Marketing", 35000, 38, 0}, {"Engineering", 29000, 23, 0}, {"Engineering", 23000, 25, 0},
};

static void test_spark(void) {
    static const double rank[] = {1, 3, 1, 2, 2, 1, 2, 4, 2};
    static const double dense_rank[] = {1, 3, 1, 2, 2, 1, 2, 3, 2};
    static const double cume_dist[] = {2. / 3, 1, .75, 1. / 3, 1, .5, 1, .25, .5};
    static const double lag[] = {NAN, 30000, NAN, 10000, 21000, NAN, 29000, 23000, 23000};
    int32_t partition = TEXT;
    qn_sort_key salary = {A, false, false}, age = {B, false, false};
    qn_window_spec by_salary = {
        .partition = &partition, .partition_count = 1, .order = &salary, .order_count = 1};
    qn_window_spec by_age = {
        .partition = &partition, .partition_count = 1, .order = &age, .order_count = 1};
    qn_table table;
    QN_TEST_OK(sample_table(&table, employees, 9));
    check(&table, &by_salary, call_of("rank", -1), rank);
    check(&table, &by_salary, call_of("dense_rank", -1), dense_rank);
    check(&table, &by_age, call_of("cume_dist", -1), cume_dist);
    check(&table, &by_salary, call_of("lag", A), lag);
    qn_table_clear(&table);
}

/* DuckDB 2.0.0: a = i, b = i * 1.5 - 4 (null where i = 5). Month ends and a null day. */
static const sample_row days[] = {
    {"", 0, -4, 19751}, {"", 1, -2.5, 19752}, {"", 2, -1, 19753},  {"", 3, .5, 19781},
    {"", 4, 2, 19782},  {"", 5, NAN, 19783},  {"", 6, 5, 19811},   {"", 7, 6.5, 19812},
    {"", 8, 8, 19813},  {"", 9, 9.5, 19813},  {"", 10, 11, 19843}, {"", 11, 12.5, -1},
};

static qn_bound interval_bound(qn_bound_kind kind, int32_t months, int64_t of_days) {
    return (qn_bound){
        .kind = kind, .interval = true, .months = months, .nanoseconds = of_days * QN_NANOS_A_DAY};
}

static qn_window_call framed(const char *function, int32_t argument, qn_frame_unit unit,
                             qn_bound from, qn_bound to) {
    qn_window_call call = call_of(function, argument);
    call.default_frame = false;
    call.frame = (qn_window_frame){unit, from, to, QN_EXCLUDE_NOTHING};
    return call;
}

static qn_window_call counted(const char *function, int32_t argument, double from, double to) {
    qn_bound first = {.kind = QN_BOUND_PRECEDING, .offset = from};
    qn_bound last = {.kind = to > 0   ? QN_BOUND_FOLLOWING
                             : to < 0 ? QN_BOUND_PRECEDING
                                      : QN_BOUND_CURRENT,
                     .offset = fabs(to)};
    return framed(function, argument, QN_FRAME_ROWS, first, last);
}

static void check_ranges(const qn_table *table, const qn_window_spec *rising) {
    static const double month[] = {1, 2, 3, 4, 5, 3, 3, 4, 6, 6, 4, 1};
    static const double falling_month[] = {10, 10, 10, 12, 18, 42, 30, 40, 40, 40, 10, 11};
    static const double thirty[] = {NAN, -4, -6.5, -7.5, -3, 1.5, 2.5, 7, 11.5, 11.5, 17.5, 12.5};
    static const double ties[] = {12.5, -1, .5, 2, 2, 5, 6.5, 9.5, 11, 11, 11, 12.5};
    qn_sort_key falling = {DAY, true, true};
    qn_window_spec down = {.order = &falling, .order_count = 1};
    qn_bound current = {.kind = QN_BOUND_CURRENT};
    check(table, rising,
          framed("count", -1, QN_FRAME_RANGE, interval_bound(QN_BOUND_PRECEDING, 1, 0), current),
          month);
    check(table, &down,
          framed("sum", A, QN_FRAME_RANGE, interval_bound(QN_BOUND_PRECEDING, 1, 0),
                 interval_bound(QN_BOUND_FOLLOWING, 0, 2)),
          falling_month);
    check(table, rising,
          framed("sum", B, QN_FRAME_RANGE, interval_bound(QN_BOUND_PRECEDING, 0, 30),
                 interval_bound(QN_BOUND_PRECEDING, 0, 1)),
          thirty);
    qn_window_call call =
        framed("max", B, QN_FRAME_GROUPS, (qn_bound){.kind = QN_BOUND_PRECEDING, .offset = 1},
               (qn_bound){.kind = QN_BOUND_FOLLOWING, .offset = 1});
    call.frame.exclusion = QN_EXCLUDE_TIES;
    check(table, rising, call, ties);
}

static void check_rows(const qn_table *table, const qn_window_spec *rising) {
    static const double first[] = {12.5, 12.5, -4, -2.5, -1, .5, 2, 5, 5, 6.5, 8, NAN};
    static const double average[] = {2.375, 2, 1.7, -.1, 1.7, 3.5, 5.3, 7.1, 7.5, 7.5, 8, -2.5};
    static const double deviation[] = {
        11.667261889578034, 9.12414379544733,   1.5, 1.5, 1.5, 1.0606601717798212,
        2.1213203435596424, 1.0606601717798212, 1.5, 1.5, 1.5, NAN};
    static const double median[] = {-2.5, -1.75, -1,   -1, -.25, 1.25,
                                    3.5,  5.75,  7.25, 8,  8.75, 4.25};
    static const double disc[] = {11, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, NAN};
    static const double third[] = {NAN, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, NAN};
    qn_window_call call = counted("first_value", B, 2, -1);
    call.ignore_nulls = true;
    check(table, rising, call, first);
    call = counted("avg", B, 3, 3);
    call.frame.exclusion = QN_EXCLUDE_GROUP;
    check(table, rising, call, average);
    check(table, rising, counted("stddev_samp", B, 2, 0), deviation);
    check(table, rising, counted("median", B, 3, 1), median);
    call = counted("percentile_disc", A, 4, 0);
    call.share = 0.3;
    call.frame.exclusion = QN_EXCLUDE_CURRENT;
    check(table, rising, call, disc);
    call = counted("nth_value", A, 4, 0);
    call.number = 3;
    check(table, rising, call, third);
}

static void test_duckdb(void) {
    static const double tiles[] = {1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 1};
    static const double percent_rank[] = {1. / 11, 2. / 11, 3. / 11, 4. / 11, 5. / 11, 6. / 11,
                                          7. / 11, 8. / 11, 9. / 11, 9. / 11, 1,       0};
    qn_sort_key by_day = {DAY, false, false};
    qn_window_spec rising = {.order = &by_day, .order_count = 1};
    qn_table table;
    QN_TEST_OK(sample_table(&table, days, MOST));
    check_ranges(&table, &rising);
    check_rows(&table, &rising);
    qn_window_call call = call_of("ntile", -1);
    call.number = 5;
    check(&table, &rising, call, tiles);
    check(&table, &rising, call_of("percent_rank", -1), percent_rank);
    qn_table_clear(&table);
}

/* As DuckDB 2.0.0: string_agg(text, '-') OVER (PARTITION BY text ORDER BY a ROWS 1 PRECEDING). */
static void test_other_aggregates(void) {
    static const char *const texts[] = {"Sales", "Sales-Sales", "Engineering", "Sales-Sales",
                                        "Engineering-Engineering"};
    int32_t partition = TEXT;
    qn_sort_key salary = {A, false, false};
    qn_window_call call = counted("string_agg", TEXT, 1, 0);
    qn_window_spec spec = {.partition = &partition,
                           .partition_count = 1,
                           .order = &salary,
                           .order_count = 1,
                           .calls = &call,
                           .call_count = 1};
    qn_table table, results;
    call.text = "-";
    qn_table_init(&results);
    QN_TEST_OK(sample_table(&table, employees, 9));
    QN_TEST_OK(qn_window_evaluate(&results, &table, &spec));
    for (int i = 0; i < 5; i++)
        CU_ASSERT(qn_view_equal(qn_column_string(results.batches[0].columns[0], i),
                                qn_view_of(texts[i])));
    qn_table_clear(&results);
    static const double skewness[] = {NAN, 0, NAN, 0, 0, NAN, 0, 0, NAN};
    spec.calls = &call;
    call = counted("skewness", A, 1, 0); /* of two values: 0; without variance: null */
    check(&table, &spec, call, skewness);
    qn_table_clear(&table);
}

/* Values from 1e-300 to 1e300 beside each other: what leaves a frame leaves nothing behind. */
static void test_far_values(void) {
    static const sample_row far[] = {{"", 0, 1e300, 0},  {"", 1, 1, 0},      {"", 2, 1e-300, 0},
                                     {"", 3, 2e-300, 0}, {"", 4, 3e-300, 0}, {"", 5, -1e300, 0}};
    double sum[] = {1e300, 1e300, 1, 3e-300, 5e-300, -1e300};
    qn_sort_key key = {A, false, false};
    qn_window_spec spec = {.order = &key, .order_count = 1};
    qn_table table, results;
    qn_window_call call = counted("sum", B, 1, 0);
    sum[3] = 1e-300 + 2e-300;
    sum[4] = 2e-300 + 3e-300;
    spec.calls = &call;
    spec.call_count = 1;
    qn_table_init(&results);
    QN_TEST_OK(sample_table(&table, far, 6));
    QN_TEST_OK(qn_window_evaluate(&results, &table, &spec));
    for (int i = 0; i < 6; i++)
        CU_ASSERT_EQUAL(results.batches[0].columns[0]->f64[i], sum[i]);
    qn_table_clear(&table);
    qn_table_clear(&results);
}

int main(void) {
    static const qn_test_case cases[] = {
        {"PostgreSQL's salaries", test_postgresql},
        {"Spark's employees", test_spark},
        {"DuckDB's ranges, groups and exclusions", test_duckdb},
        {"aggregates without a sliding form", test_other_aggregates},
        {"values far apart", test_far_values},
        {NULL, NULL},
    };
    return qn_test_main("window golden", cases);
}
