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

static const qn_test_case cases[] = {
    {"the clock stands at the session's time", test_clock},
    {"without a session there is no clock", test_clock_unknown},
    {"a bound expression keeps nothing of the caller's session", test_rebinding},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr_session", cases);
}
