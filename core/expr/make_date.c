/* Dates and times from their parts: make_date, make_timestamp. */
#include "core/expr/units.h"
#include "core/time/civil.h"

#include "core/memory.h"

#include <math.h>

static bool make_day(const qn_operand *parts, int64_t row, int32_t *out) {
    int64_t part[3];
    for (int k = 0; k < 3; k++)
        part[k] = parts[k].column->i64[qn_at(&parts[k], row)];
    if (part[0] < -5000000 || part[0] > 5000000 || part[1] < 1 || part[1] > 12 || part[2] < 1 ||
        part[2] > qn_days_in_month((int32_t)part[0], (int32_t)part[1]))
        return false;
    *out = qn_days_from_civil((int32_t)part[0], (int32_t)part[1], (int32_t)part[2]);
    return true;
}

static qn_status run_make_date(const qn_call *call, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_DATE, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        if (make_day(call->arguments, i, &column->i32[i]))
            continue;
        const qn_operand *p = call->arguments;
        qn_status status = qn_call_fault(call, column, i, "make_date(%lld, %lld, %lld) is no date",
                                         (long long)p[0].column->i64[qn_at(&p[0], i)],
                                         (long long)p[1].column->i64[qn_at(&p[1], i)],
                                         (long long)p[2].column->i64[qn_at(&p[2], i)]);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

/* ---- make_timestamp -------------------------------------------------------------------------- */

/* The zone's name is constant; UTC leaves nothing in `state`. */
static qn_status prepare_zone(qn_expr *call) {
    if (call->count < 7)
        return QN_OK;
    return qn_prepare_zone(call, 6);
}

/* As Spark: 60 seconds are the next minute, with a fraction they are none. */
static bool make_clock(const qn_operand *parts, int64_t row, int64_t *out) {
    int64_t hour = parts[3].column->i64[qn_at(&parts[3], row)];
    int64_t minute = parts[4].column->i64[qn_at(&parts[4], row)];
    double second = parts[5].column->f64[qn_at(&parts[5], row)];
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(second >= 0 && second <= 60))
        return false;
    double whole = floor(second);
    int64_t fraction = (int64_t)llrint((second - whole) * 1e9);
    *out = (hour * 3600 + minute * 60 + (int64_t)whole) * QN_NANOS_A_SECOND + fraction;
    return true;
}

static qn_status run_make_timestamp(const qn_call *call, qn_column **out) {
    qn_clock clock = call->count < 7 ? qn_call_clock(call) : qn_clock_of(call->node->state);
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_TIMESTAMP, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        int32_t day;
        int64_t of_day;
        if (make_day(call->arguments, i, &day) && make_clock(call->arguments, i, &of_day) &&
            qn_clock_join(&clock, (int64_t)day + of_day / QN_NANOS_A_DAY, of_day % QN_NANOS_A_DAY,
                          INT32_MIN, &column->i64[i]))
            continue;
        qn_status status =
            qn_call_fault(call, column, i, "the parts of make_timestamp are no time");
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

const qn_function qn_functions_make_date[] = {
    {"make_date",
     3,
     3,
     {QN_TAKES_WHOLE},
     QN_GIVES_DATE,
     QN_NULLS_STRICT,
     run_make_date,
     NULL,
     NULL},
    {"make_timestamp",
     6,
     7,
     {QN_TAKES_CLOCK},
     QN_GIVES_TIMESTAMP,
     QN_NULLS_STRICT,
     run_make_timestamp,
     prepare_zone,
     qn_release_zone},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
