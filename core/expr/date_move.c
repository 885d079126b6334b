/* Arithmetic with dates: days and months added, differences. */
#include "core/expr/civil.h"
#include "core/expr/node.h"

/* Wraps as Spark's does, where that is no fault. */
static qn_status add_days(const qn_call *call, int64_t sign, qn_column **out) {
    const qn_operand *date = &call->arguments[0], *days = &call->arguments[1];
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_DATE, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        int32_t from = date->column->i32[qn_at(date, i)];
        int64_t step = days->column->i64[qn_at(days, i)];
        uint64_t sum = (uint64_t)from + (uint64_t)sign * (uint64_t)step;
        column->i32[i] = (int32_t)(uint32_t)sum;
        bool fits = step >= -INT64_C(0x100000000) && step <= INT64_C(0x100000000) &&
                    from + sign * step == column->i32[i];
        qn_status status = fits || !call->checks
                               ? QN_OK
                               : qn_call_fault(call, column, i, "%lld days lead past the last date",
                                               (long long)step);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

static qn_status run_date_add(const qn_call *call, qn_column **out) {
    return add_days(call, 1, out);
}

static qn_status run_date_sub(const qn_call *call, qn_column **out) {
    return add_days(call, -1, out);
}

static qn_status run_datediff(const qn_call *call, qn_column **out) {
    const qn_operand *end = &call->arguments[0], *start = &call->arguments[1];
    QN_TRY(qn_column_new(out, QN_INT32, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i32[i] = (int32_t)((uint32_t)end->column->i32[qn_at(end, i)] -
                                   (uint32_t)start->column->i32[qn_at(start, i)]);
    return QN_OK;
}

/* False where the year has no place in a date. */
static bool add_months(int32_t days, int64_t months, int32_t *out) {
    const int32_t most = 5000000;
    int32_t year, month, day;
    qn_split_days(days, &year, &month, &day);
    int64_t index = (int64_t)year * 12 + month - 1 + months;
    year = (int32_t)qn_floor_divide(index, 12);
    if (year < -most || year > most)
        return false;
    month = (int32_t)qn_floor_modulo(index, 12) + 1;
    int32_t last = qn_days_in_month(year, month);
    *out = qn_days_from_civil(year, month, day < last ? day : last);
    return true;
}

/* The day is kept, or cut to the month's last. Past a million years: null. */
static qn_status run_add_months(const qn_call *call, qn_column **out) {
    const qn_operand *date = &call->arguments[0], *months = &call->arguments[1];
    const int64_t most = 12000000;
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_DATE, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        int64_t count = months->column->i64[qn_at(months, i)];
        qn_status status = QN_OK;
        int32_t days = date->column->i32[qn_at(date, i)];
        if (count < -most || count > most || !add_months(days, count, &column->i32[i]))
            status = qn_call_fault(call, column, i, "%lld months lead past the last date",
                                   (long long)count);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

#define MOVES_DATE(name, run)                                                                      \
    { name, 2, 2, {QN_TAKES_DATE, QN_TAKES_WHOLE}, QN_GIVES_DATE, QN_NULLS_STRICT, run, NULL, NULL }

const qn_function qn_functions_date_move[] = {
    MOVES_DATE("date_add", run_date_add),
    MOVES_DATE("date_sub", run_date_sub),
    MOVES_DATE("add_months", run_add_months),
    {"datediff", 2, 2, {QN_TAKES_DATE}, QN_GIVES_INT32, QN_NULLS_STRICT, run_datediff, NULL, NULL},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
