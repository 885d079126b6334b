/* The time of the run, one for all rows and ranks: current_date, current_timestamp, now. */
#include "core/expr/node.h"

static qn_status prepare_clock(qn_expr *call) {
    if (call->session != NULL && call->session->now != 0)
        return QN_OK;
    qn_status status =
        qn_expr_fail(call->position, "'%s' needs the time of the run, which is not known here",
                     call->function->name);
    qn_error_help("in C, bind the expression with qn_expr_bind_in and a session that has `now`");
    return status;
}

static qn_status run_timestamp(const qn_call *call, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_TIMESTAMP, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i64[i] = call->node->session->now;
    return QN_OK;
}

static qn_status run_date(const qn_call *call, qn_column **out) {
    int64_t of_day;
    qn_clock clock = qn_call_clock(call);
    int32_t today = qn_clock_split(&clock, call->node->session->now, &of_day);
    QN_TRY(qn_column_new(out, QN_DATE, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i32[i] = today;
    return QN_OK;
}

#define CLOCK(name, result, run)                                                                   \
    { name, 0, 0, {QN_TAKES_NOTHING}, result, QN_NULLS_OWN, run, prepare_clock, NULL }

const qn_function qn_functions_clock[] = {
    CLOCK("current_date", QN_GIVES_DATE, run_date),
    CLOCK("curdate", QN_GIVES_DATE, run_date),
    CLOCK("current_timestamp", QN_GIVES_TIMESTAMP, run_timestamp),
    CLOCK("now", QN_GIVES_TIMESTAMP, run_timestamp),
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
