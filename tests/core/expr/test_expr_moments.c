/* Dates, times, zones and intervals. Values are those of Spark's documentation (SQL function
 * reference, examples there) where it has them; those marked PG are of PostgreSQL's (sections 9.9
 * and 8.5), those marked java of java.time (OpenJDK 17). */
#include "core/expr/session.h"
#include "tests/core/expr_helper.h"

/* 2026-11-20 12:34:56.789 UTC */
#define NOW INT64_C(1795178096789000000)

static qn_status bind_in(qn_expr **out, const char *sql, const qn_session *session) {
    qn_schema schema;
    qn_expr *expr = NULL;
    test_make_schema(&schema);
    qn_status status = qn_sql_expression(&expr, qn_view_of(sql));
    if (status == QN_OK)
        status = qn_expr_bind_in(expr, &schema, session);
    qn_schema_clear(&schema);
    if (status == QN_OK)
        *out = expr;
    else
        qn_expr_free(expr);
    return status;
}

/* "type: value", in a zone. */
static void check_in(const char *zone, const char *sql, const char *expected) {
    qn_expr *expr = NULL;
    qn_batch batch;
    qn_column *column = NULL;
    qn_text got;
    qn_session session = {.now = NOW, .time_zone = zone};
    qn_text_init(&got);
    qn_batch_init(&batch);
    batch.length = 1;
    qn_status status = bind_in(&expr, sql, &session);
    if (status != QN_OK)
        fprintf(stderr, "%s: %s\n", sql, qn_last_error().message);
    QN_TEST_OK(status);
    if (status == QN_OK) {
        QN_TEST_OK(qn_expr_eval(expr, &batch, &column));
        test_print_rows(column, 0, &got);
        test_compare(sql, expected, &got);
    }
    qn_text_clear(&got);
    qn_column_release(column);
    qn_expr_free(expr);
}

static void check_all(const char *zone, const char *const (*cases)[2], size_t count) {
    for (size_t i = 0; i < count; i++)
        check_in(zone, cases[i][0], cases[i][1]);
}

#define CHECK(zone, cases) check_all(zone, cases, sizeof(cases) / sizeof *(cases))

static void test_dates(void) {
    static const char *const cases[][2] = {
        {"add_months('2016-08-31', 1)", "date: 2016-09-30"},
        {"date_add('2016-07-30', 1)", "date: 2016-07-31"},
        {"datediff('2009-07-31', '2009-07-30')", "int32: 1"},
        {"datediff('2009-07-30', '2009-07-31')", "int32: -1"},
        {"date '2009-07-30' + 1", "date: 2009-07-31"},
        {"1 + date '2009-07-30'", "date: 2009-07-31"},
        {"dayofweek('2009-07-30')", "int32: 5"},
        {"weekday('2009-07-30')", "int32: 3"},
        {"weekofyear('2008-02-20')", "int32: 8"},
        {"dayofyear('2016-04-09')", "int32: 100"},
        {"quarter('2016-08-31')", "int32: 3"},
        {"last_day('2009-01-12')", "date: 2009-01-31"},
        {"next_day('2015-01-14', 'TU')", "date: 2015-01-20"},
        {"next_day('2015-01-14', 'wednesday')", "date: 2015-01-21"},
        {"next_day('2015-01-14', 'Wedn')", "date: null"},
        {"trunc('2019-08-04', 'week')", "date: 2019-07-29"},
        {"trunc('2019-08-04', 'quarter')", "date: 2019-07-01"},
        {"trunc('2009-02-12', 'MM')", "date: 2009-02-01"},
        {"trunc('2015-10-27', 'YEAR')", "date: 2015-01-01"},
        {"dayname(DATE '2008-02-20')", "string: 'Wed'"},
        {"monthname('2008-02-20')", "string: 'Feb'"},
        {"make_date(2013, 7, 15)", "date: 2013-07-15"},
        {"make_date(2019, 7, NULL)", "date: null"},
        {"make_date(2023, 2, 29)", "date: null"},
        {"make_date(-1, 12, 31)", "date: -0001-12-31"},
        {"unix_date(DATE '1970-01-02')", "int32: 1"},
        {"date_from_unix_date(1)", "date: 1970-01-02"},
        {"date_from_unix_date(3000000000)", "date: null"},
        {"months_between('1997-02-28 10:30:00', '1996-10-30')", "float64: 3.94959677"},
        {"months_between('1997-02-28 10:30:00', '1996-10-30', false)",
         "float64: 3.9495967741935485"},
        {"months_between('2024-02-29', '2024-01-31')", "float64: 1"},
        {"months_between('2024-01-15 23:00:00', '2024-02-15')", "float64: -1"},
    };
    CHECK("UTC", cases);
}

static void test_parts(void) {
    static const char *const cases[][2] = {
        {"date_part('YEAR', TIMESTAMP '2019-08-12 01:00:00.123456')", "int32: 2019"},
        {"date_part('week', timestamp '2019-08-12 01:00:00.123456')", "int32: 33"},
        {"date_part('doy', DATE '2019-08-12')", "int32: 224"},
        {"date_part('SECONDS', timestamp '2019-10-01 00:00:01.000001')", "float64: 1.000001"},
        {"extract(SECOND FROM timestamp '2019-10-01 00:00:01.5')", "float64: 1.5"},
        {"extract(week FROM timestamp '2019-08-12 01:00:00.123456')", "int32: 33"},
        {"extract(DOY FROM DATE '2019-08-12')", "int32: 224"},
        /* PG */
        {"EXTRACT(CENTURY FROM TIMESTAMP '2000-12-16 12:21:13')", "int32: 20"},
        {"EXTRACT(CENTURY FROM TIMESTAMP '2001-02-16 20:38:40')", "int32: 21"},
        {"EXTRACT(DECADE FROM TIMESTAMP '2001-02-16 20:38:40')", "int32: 200"},
        {"EXTRACT(EPOCH FROM TIMESTAMP '2001-02-16 20:38:40.12Z')", "float64: 982355920.12"},
        {"EXTRACT(ISODOW FROM TIMESTAMP '2001-02-18 20:38:40')", "int32: 7"},
        {"EXTRACT(ISOYEAR FROM DATE '2006-01-01')", "int32: 2005"},
        {"EXTRACT(ISOYEAR FROM DATE '2006-01-02')", "int32: 2006"},
        {"EXTRACT(MICROSECONDS FROM TIMESTAMP '2001-02-16 17:12:28.5')", "int32: 28500000"},
        {"EXTRACT(MILLENNIUM FROM TIMESTAMP '2001-02-16 20:38:40')", "int32: 3"},
        {"EXTRACT(MILLISECONDS FROM TIMESTAMP '2001-02-16 17:12:28.5')", "float64: 28500"},
        /* dates that no timestamp reaches */
        {"date_part('year', DATE '0800-12-25')", "int32: 800"},
        {"date_part('epoch', DATE '0001-01-01')", "float64: -62135596800"},
        {"extract(year from make_date(-44, 3, 15))", "int32: -44"},
    };
    CHECK("UTC", cases);
    test_expr("date_part('day', t)", "int32: 29 31 null 1 31");
    test_expr("date_part('isoyear', e)", "int32: 2024 2024 2024 null 1900");
    test_expr("dayname(d)", "string: 'Thu' 'Wed' null 'Sat' 'Sun'");
}

static void test_epochs(void) {
    static const char *const cases[][2] = {
        {"from_unixtime(0, 'yyyy-MM-dd HH:mm:ss')", "string: '1969-12-31 16:00:00'"},
        {"from_unixtime(0)", "string: '1969-12-31 16:00:00'"},
        {"to_unix_timestamp('2016-04-08', 'yyyy-MM-dd')", "int64: 1460098800"},
        {"unix_timestamp('2016-04-08', 'yyyy-MM-dd')", "int64: 1460098800"},
        {"unix_timestamp('2016-04-08 01:02:03')", "int64: 1460102523"},
        {"unix_timestamp('2016-04-08')", "int64: null"},
        {"unix_timestamp(DATE '2016-04-08')", "int64: 1460098800"},
        {"unix_timestamp()", "int64: 1795178096"},
        {"timestamp_micros(1230219000123123)", "timestamp: 2008-12-25 15:30:00.123123"},
        {"timestamp_millis(1230219000123)", "timestamp: 2008-12-25 15:30:00.123"},
        {"timestamp_seconds(1230219000)", "timestamp: 2008-12-25 15:30:00"},
        {"timestamp_seconds(1230219000.5)", "timestamp: 2008-12-25 15:30:00.5"},
        {"timestamp_seconds(9223372037)", "timestamp: null"},
        {"unix_micros(TIMESTAMP '1970-01-01 00:00:01Z')", "int64: 1000000"},
        {"unix_millis(TIMESTAMP '1970-01-01 00:00:01Z')", "int64: 1000"},
        {"unix_seconds(TIMESTAMP '1970-01-01 00:00:01Z')", "int64: 1"},
        {"unix_seconds(TIMESTAMP '1969-12-31 23:59:59.5Z')", "int64: -1"},
        {"make_timestamp(2014, 12, 28, 6, 30, 45.887)", "timestamp: 2014-12-28 14:30:45.887"},
        {"make_timestamp(2014, 12, 28, 6, 30, 45.887, 'CET')",
         "timestamp: 2014-12-28 05:30:45.887"},
        {"make_timestamp(2019, 6, 30, 23, 59, 60)", "timestamp: 2019-07-01 07:00:00"},
        {"make_timestamp(2019, 6, 30, 23, 59, 60.5)", "timestamp: null"},
        {"make_timestamp(2019, 13, 1, 10, 11, 12, 'PST8PDT')", "timestamp: null"},
        {"make_timestamp(null, 7, 22, 15, 30, 0)", "timestamp: null"},
    };
    CHECK("America/Los_Angeles", cases);
}

static void test_zones(void) {
    static const char *const cases[][2] = {
        {"from_utc_timestamp('2016-08-31', 'Asia/Seoul')", "timestamp: 2016-08-31 09:00:00"},
        {"to_utc_timestamp('2016-08-31', 'Asia/Seoul')", "timestamp: 2016-08-30 15:00:00"},
        /* PG, with our timestamps being instants */
        {"TIMESTAMP '2001-02-16 20:38:40-05' AT TIME ZONE 'America/Denver'",
         "timestamp: 2001-02-16 18:38:40"},
        {"TIMESTAMP '2024-07-01 12:00:00Z' AT TIME ZONE '+05:30'",
         "timestamp: 2024-07-01 17:30:00"},
        {"date_trunc('HOUR', '2015-03-05T09:32:05.359')", "timestamp: 2015-03-05 09:00:00"},
        {"date_trunc('MILLISECOND', '2015-03-05T09:32:05.123456')",
         "timestamp: 2015-03-05 09:32:05.123"},
    };
    CHECK("UTC", cases);
    /* the clock of the other zone, read in the session's */
    check_in("Europe/Berlin", "TIMESTAMP '2024-07-01 12:00:00Z' AT TIME ZONE 'Asia/Tokyo'",
             "timestamp: 2024-07-01 19:00:00");
    qn_expr *expr = NULL;
    QN_TEST_FAILS(bind_in(&expr, "from_utc_timestamp(t, 'Asia/Seol')", NULL), QN_JOB,
                  "unknown time zone 'Asia/Seol'");
    CU_ASSERT_EQUAL(qn_expr_error_position(), 22);
    test_fails("make_timestamp(1, 1, 1, 1, 1, 1, s)", "the time zone of 'make_timestamp' must be",
               33);
    /* a column of zones */
    test_expr("from_utc_timestamp(t, case i when 1 then 'Asia/Tokyo' when 0 then 'UTC' else "
              "'Europe/Berlin' end)",
              "timestamp: 2024-03-01 08:59:58.5 1969-12-31 01:00:01 null 2000-01-01 13:30:00 "
              "2023-12-31 06:07:08");
    test_expr("to_utc_timestamp(t, if(b, 'Asia/Tokyo', 'America/New_York'))",
              "timestamp: 2024-02-29 14:59:58.5 1969-12-31 05:00:01 null 2000-01-01 03:30:00 "
              "2023-12-31 11:07:08");
}

static void test_intervals(void) {
    static const char *const cases[][2] = {
        /* PG; whole days and months of a date give a date, as in Spark */
        {"date '2001-09-28' + interval '1 hour'", "timestamp: 2001-09-28 01:00:00"},
        {"timestamp '2001-09-28 01:00' + interval '23 hours'", "timestamp: 2001-09-29 00:00:00"},
        {"date '2001-09-28' - interval '1 hour'", "timestamp: 2001-09-27 23:00:00"},
        {"timestamp '2001-09-28 23:00' - interval '23 hours'", "timestamp: 2001-09-28 00:00:00"},
        {"date '2021-01-31' + interval '1 month'", "date: 2021-02-28"},
        {"interval '1 month 2 days' + date '2021-01-31'", "date: 2021-03-02"},
        {"date '2024-02-29' - interval '1 year'", "date: 2023-02-28"},
        {"date '2024-02-29' + interval '7' day", "date: 2024-03-07"},
        {"date '2024-02-29' + INTERVAL 7 DAY", "date: 2024-03-07"},
        {"date '2024-02-29' + - interval '1 day'", "date: 2024-02-28"},
        {"'2024-02-29' + interval '1 day'", "timestamp: 2024-03-01 00:00:00"},
        {"timestamp '2262-04-11 00:00:00' + interval '1 day'", "timestamp: null"},
        {"cast(null as date) + interval '1 day'", "date: null"},
        {"timestampadd('HOUR', 8, timestamp '2022-02-11 20:30:00')",
         "timestamp: 2022-02-12 04:30:00"},
        {"TIMESTAMPADD(MONTH, 1, timestamp '2022-01-31 00:00:00')",
         "timestamp: 2022-02-28 00:00:00"},
        {"dateadd(WEEK, -1, DATE '2022-02-22')", "timestamp: 2022-02-15 00:00:00"},
        {"timestampdiff('HOUR', timestamp '2022-02-11 20:30:00', timestamp '2022-02-12 04:30:00')",
         "int64: 8"},
        {"TIMESTAMPDIFF(MONTH, timestamp '2022-01-01 00:00:00', timestamp '2022-02-28 00:00:00')",
         "int64: 1"},
        {"timestampdiff(SECOND, date '2022-01-01', timestamp '2021-12-31 23:59:50')", "int64: -10"},
        {"timestampdiff(YEAR, date '2000-02-29', date '2021-02-28')", "int64: 20"},
        {"timestampdiff(QUARTER, date '2021-05-01', date '2020-10-31')", "int64: -2"},
        {"datediff(DAY, date '2022-01-02', date '2022-01-01')", "int64: -1"},
        {"date_diff('week', date '2022-01-01', date '2022-01-14')", "int64: 1"},
        {"date_diff('microsecond', date '0001-01-01', date '9999-12-31')",
         "int64: 315537811200000000"},
    };
    CHECK("UTC", cases);
    test_expr("d + interval '1 month'", "date: 2024-03-29 1970-01-31 null 2000-02-01 2024-01-31");
    test_expr("t - interval '2 hours'",
              "timestamp: 2024-02-29 21:59:58.5 1969-12-30 22:00:01 null 2000-01-01 10:30:00 "
              "2023-12-31 04:07:08");
}

/* java: days keep the clock, hours the time that passes. */
static void test_intervals_in_zones(void) {
    static const char *const cases[][2] = {
        {"TIMESTAMP '2024-03-30 12:00:00' + interval '1 day'", "timestamp: 2024-03-31 10:00:00"},
        {"TIMESTAMP '2024-03-30 12:00:00' + interval '24 hours'", "timestamp: 2024-03-31 11:00:00"},
        {"TIMESTAMP '2024-02-29 02:30:00' + interval '1 month 2 days'",
         "timestamp: 2024-03-31 01:30:00"},
        {"TIMESTAMP '2024-10-27 01:30:00Z' + interval '0 days'", "timestamp: 2024-10-27 01:30:00"},
        {"TIMESTAMP '2024-10-26 00:30:00Z' + interval '1 day'", "timestamp: 2024-10-27 00:30:00"},
        {"date '2024-03-31' + interval '3 hours'", "timestamp: 2024-03-31 02:00:00"},
        {"timestampdiff(HOUR, timestamp '2024-03-31 00:00:00', timestamp '2024-03-31 12:00:00')",
         "int64: 12"},
    };
    CHECK("Europe/Berlin", cases);
}

/* tests/golden/Moments.java: many times, most of them near changes of the clocks. */
static void test_golden(void) {
    FILE *file = fopen(QUERN_SOURCE_DIR "/tests/golden/moments.txt", "r");
    char line[512];
    int lines = 0;
    CU_ASSERT_PTR_NOT_NULL(file);
    for (; file != NULL && fgets(line, sizeof line, file) != NULL; lines++) {
        char *rest = line;
        line[strcspn(line, "\n")] = '\0';
        const char *zone = strsep(&rest, "\t"), *sql = strsep(&rest, "\t");
        check_in(zone, sql, rest);
    }
    CU_ASSERT(lines > 500);
    if (file != NULL)
        fclose(file);
}

static void test_unknown_zone_in_column(void) {
    qn_expr *expr = NULL;
    qn_batch batch;
    qn_column *column = NULL;
    QN_TEST_OK(bind_in(&expr, "from_utc_timestamp(t, u)", NULL));
    test_make_batch(&batch, BASE_ROWS, false);
    QN_TEST_FAILS(qn_expr_eval(expr, &batch, &column), QN_DATA,
                  "unknown time zone 'abc' in a column");
    qn_batch_clear(&batch);
    qn_expr_free(expr);
}

static void test_refused(void) {
    test_fails("t - t", "'-' cannot subtract timestamp and timestamp", 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(qn_last_error().help, "unix_timestamp(a) - unix_timestamp(b)"));
    test_fails("i + interval '1 day'", "must be a date or timestamp, not int32", 0);
    test_fails("extract(fortnight from d)", "unknown field 'fortnight'", 8);
    test_fails("timestampdiff(FORTNIGHT, d, d)", "unknown unit 'fortnight'", 14);
    test_fails("date_part(s, d)", "the field of 'date_part' must be a constant", 10);
    test_fails("to_date(s, 'yyyy QQ')", "'Q' in a time pattern can be printed, but not read", 11);
    test_fails("unix_timestamp()", "'unix_timestamp' needs the time of the run", 0);
    test_fails("unix_timestamp(i)", "takes a string, date or timestamp, not int32", 0);
}

static void check_printed(const char *sql, const char *expected) {
    qn_expr *expr = NULL, *again = NULL;
    qn_text text, second;
    qn_text_init(&text);
    qn_text_init(&second);
    QN_TEST_OK(qn_sql_expression(&expr, qn_view_of(sql)));
    QN_TEST_OK(qn_expr_print(expr, &text));
    CU_ASSERT_STRING_EQUAL(text.data, expected);
    QN_TEST_OK(qn_sql_expression(&again, qn_view_of(text.data)));
    QN_TEST_OK(qn_expr_print(again, &second));
    CU_ASSERT_STRING_EQUAL(second.data, expected);
    qn_text_clear(&text);
    qn_text_clear(&second);
    qn_expr_free(expr);
    qn_expr_free(again);
}

static void test_printed(void) {
    check_printed("d + interval '7' day", "(d + INTERVAL '7 days')");
    check_printed("d - interval 7 day", "(d - INTERVAL '7 days')");
    check_printed("t at time zone 'CET'", "(t AT TIME ZONE 'CET')");
    check_printed("timestamp '2024-01-31 12:00'", "TIMESTAMP '2024-01-31 12:00'");
    check_printed("try_cast(s as int)", "TRY_CAST(s AS int32)");
    check_printed("timestampdiff(day, d, e)", "timestampdiff('day', d, e)");
    check_printed("extract(epoch from t)", "date_part('epoch', t)");
}

/* Binding and computing with every allocation failing in turn. */
static void fail_allocations(const char *sql) {
    qn_session session = {.now = NOW, .time_zone = "Europe/Berlin"};
    for (int64_t n = 0;; n++) {
        int64_t before = qn_mem_blocks();
        qn_expr *expr = NULL;
        qn_schema schema;
        qn_batch batch;
        qn_column *column = NULL;
        test_make_schema(&schema);
        test_make_batch(&batch, MANY_ROWS, true);
        qn_mem_fail_after(n);
        qn_status status = qn_sql_expression(&expr, qn_view_of(sql));
        if (status == QN_OK)
            status = qn_expr_bind_in(expr, &schema, &session);
        if (status == QN_OK)
            status = qn_expr_eval(expr, &batch, &column);
        qn_mem_fail_after(-1);
        qn_column_release(column);
        qn_batch_clear(&batch);
        qn_expr_free(expr);
        qn_schema_clear(&schema);
        if (qn_mem_blocks() != before)
            fprintf(stderr, "%s leaks at allocation %lld\n", sql, (long long)n);
        CU_ASSERT_EQUAL(qn_mem_blocks(), before);
        if (status != QN_MEMORY) {
            QN_TEST_OK(status);
            break;
        }
    }
}

static void test_no_memory(void) {
    static const char *const expressions[] = {
        "d + interval '1 month 2 hours'",
        "make_timestamp(2024, 2, i, 1, 2, x, 'Asia/Tokyo')",
        "make_date(2024, 2, i)",
        "unix_timestamp(s, 'yyyy-MM-dd')",
        "from_unixtime(l)",
        "t at time zone 'America/New_York'",
        "from_utc_timestamp(t, if(b, 'Asia/Tokyo', 'UTC'))",
        "timestampdiff(day, d, t) + date_part('epoch', t)",
        "dayname(d) || monthname(d)",
        "date_format(t, 'yyyy VV z')",
        "to_timestamp(u, 'yyyy')",
        "next_day(d, u)",
        "months_between(t, d)",
        "date_trunc('hour', t) > timestamp '2024-01-31 12:00'",
        "cast(t as string)",
        "try_cast(u as timestamp)",
        "timestamp_seconds(x)",
        "date_from_unix_date(l)",
        "now() - interval '1 day'",
    };
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
        fail_allocations(expressions[i]);
}

static const qn_test_case cases[] = {
    {"functions of dates", test_dates},
    {"parts of dates and times", test_parts},
    {"times as numbers and back", test_epochs},
    {"clocks of other zones", test_zones},
    {"unknown zones in a column are errors", test_unknown_zone_in_column},
    {"intervals and units are added and counted", test_intervals},
    {"in zones days keep the clock", test_intervals_in_zones},
    {"random times are what java.time makes of them", test_golden},
    {"what has no meaning is refused by name", test_refused},
    {"failing allocations leak nothing", test_no_memory},
    {"printed expressions read back", test_printed},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr_moments", cases);
}
