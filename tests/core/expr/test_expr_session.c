/* Sessions: the clock, copied into what is bound. */
#include "core/expr/session.h"
#include "tests/core/expr_helper.h"

/* 2026-11-20 12:34:56.789 */
#define NOW INT64_C(1795178096789000000)

static qn_status bind_in(qn_expr **expr, const char *sql, const qn_session *session) {
    qn_schema schema;
    qn_schema_init(&schema);
    QN_TEST_OK(qn_sql_expression(expr, qn_view_of(sql)));
    qn_status status = qn_expr_bind_in(*expr, &schema, session);
    qn_schema_clear(&schema);
    return status;
}

static void check_in(const char *sql, const qn_session *session, const char *expected) {
    qn_expr *expr = NULL;
    qn_batch batch;
    qn_column *column = NULL;
    qn_text got;
    qn_text_init(&got);
    qn_batch_init(&batch);
    batch.length = 1;
    QN_TEST_OK(bind_in(&expr, sql, session));
    QN_TEST_OK(qn_expr_eval(expr, &batch, &column));
    test_print_rows(column, 0, &got);
    test_compare(sql, expected, &got);
    qn_text_clear(&got);
    qn_column_release(column);
    qn_expr_free(expr);
}

static void test_clock(void) {
    qn_session session = {.now = NOW};
    check_in("current_date", &session, "date: 2026-11-20");
    check_in("curdate()", &session, "date: 2026-11-20");
    check_in("CURRENT_TIMESTAMP", &session, "timestamp: 2026-11-20 12:34:56.789");
    check_in("now()", &session, "timestamp: 2026-11-20 12:34:56.789");
    check_in("datediff(current_date, DATE '2026-11-01')", &session, "int32: 19");
}

static void test_clock_unknown(void) {
    qn_expr *expr = NULL;
    QN_TEST_FAILS(bind_in(&expr, "1 + year(current_date)", NULL), QN_JOB,
                  "'current_date' needs the time of the run");
    CU_ASSERT_EQUAL(qn_expr_error_position(), 9);
    qn_expr_free(expr);
}

/* Binding again within another session gives what that session gives. */
static void test_rebinding(void) {
    qn_schema schema;
    qn_expr *expr = NULL;
    char zone[] = "UTC";
    qn_session session = {.now = NOW, .time_zone = zone};
    test_make_schema(&schema);
    QN_TEST_OK(qn_sql_expression(&expr, qn_view_of("date_add(d, 1)")));
    QN_TEST_OK(qn_expr_bind_in(expr, &schema, &session));
    memset(zone, 'x', 3);
    session.now = 0;
    test_eval_on("date_add(d, 1)", "date: 2024-03-01 1970-01-01 null 2000-01-02 2024-01-01", expr,
                 BASE_ROWS, false);
    QN_TEST_OK(qn_expr_bind(expr, &schema));
    qn_expr_free(expr);
    qn_schema_clear(&schema);
}

/* By java.time: ZonedDateTime, LocalDate.atStartOfDay (OpenJDK 17). */
static void test_zone(void) {
    static const char *const cases[][2] = {
        {"current_date", "date: 2026-11-20"},
        {"cast(TIMESTAMP '2024-07-01 23:30:00Z' as string)", "string: '2024-07-02 01:30:00'"},
        {"cast(TIMESTAMP '2024-07-01 23:30:00Z' as date)", "date: 2024-07-02"},
        {"cast(DATE '2024-07-01' as timestamp)", "timestamp: 2024-06-30 22:00:00"},
        {"cast('2024-01-31 12:00' as timestamp)", "timestamp: 2024-01-31 11:00:00"},
        {"cast('2024-01-31 12:00Z' as timestamp)", "timestamp: 2024-01-31 12:00:00"},
        {"cast('2024-03-31 02:30' as timestamp)", "timestamp: 2024-03-31 01:30:00"},
        {"cast('2024-10-27 02:30' as timestamp)", "timestamp: 2024-10-27 00:30:00"},
        {"hour(TIMESTAMP '2024-07-01 23:30:00Z')", "int32: 1"},
        {"minute(TIMESTAMP '2024-07-01 23:30:00Z')", "int32: 30"},
        {"hour(DATE '2024-07-01')", "int32: 0"},
        {"day(TIMESTAMP '2024-07-01 23:30:00Z')", "int32: 2"},
        {"date_trunc('day', TIMESTAMP '2024-07-01 23:30:00Z')", "timestamp: 2024-07-01 22:00:00"},
        {"date_trunc('month', TIMESTAMP '2024-04-15 00:00:00Z')", "timestamp: 2024-03-31 22:00:00"},
        {"date_trunc('year', TIMESTAMP '2024-04-15 00:00:00Z')", "timestamp: 2023-12-31 23:00:00"},
        {"date_trunc('hour', TIMESTAMP '2024-07-01 23:30:00Z')", "timestamp: 2024-07-01 23:00:00"},
        {"date_format(TIMESTAMP '2024-07-01 23:30:00Z', 'yyyy-MM-dd HH:mm VV z XXX')",
         "string: '2024-07-02 01:30 Europe/Berlin CEST +02:00'"},
        {"to_timestamp('01.02.2024 10:00', 'dd.MM.yyyy HH:mm')", "timestamp: 2024-02-01 09:00:00"},
        {"to_date('01.02.2024', 'dd.MM.yyyy')", "date: 2024-02-01"},
    };
    qn_session session = {.now = NOW, .time_zone = "Europe/Berlin"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_in(cases[i][0], &session, cases[i][1]);
    session = (qn_session){.time_zone = "Asia/Kolkata"}; /* half an hour off */
    check_in("date_trunc('hour', TIMESTAMP '2024-07-01 23:45:00Z')", &session,
             "timestamp: 2024-07-01 23:30:00");
}

static void test_unknown_zone(void) {
    qn_expr *expr = NULL;
    qn_session session = {.time_zone = "Europa/Berlin"};
    QN_TEST_FAILS(bind_in(&expr, "1", &session), QN_JOB, "unknown time zone 'Europa/Berlin'");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'Europe/Berlin'?");
    qn_expr_free(expr);
}

static const qn_test_case cases[] = {
    {"the clock stands at the session's time", test_clock},
    {"without a session there is no clock", test_clock_unknown},
    {"times are those of the session's zone", test_zone},
    {"unknown zones are refused", test_unknown_zone},
    {"a bound expression keeps nothing of the caller's session", test_rebinding},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr_session", cases);
}
