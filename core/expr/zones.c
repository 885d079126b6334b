/* Clocks of other zones: from_utc_timestamp, to_utc_timestamp, AT TIME ZONE. */
#include "core/expr/units.h"

#include "core/memory.h"

qn_status qn_prepare_zone(qn_expr *call, int32_t index) {
    const qn_expr *argument = call->arguments[index];
    qn_zone *zone = NULL;
    char *name = NULL;
    if (!qn_expr_is_literal(argument)) {
        qn_status status = qn_expr_fail(
            argument->position, "the time zone of '%s' must be a constant", call->function->name);
        qn_error_help("CASE zone WHEN 'Europe/Berlin' THEN ... chooses between some");
        return status;
    }
    if (qn_expr_is_null_literal(argument))
        return QN_OK;
    qn_view view = qn_text_at(&(qn_operand){argument->value, true}, 0);
    QN_TRY(qn_format(&name, "%.*s", (int)view.length, view.data));
    qn_status status = qn_zone_open(&zone, name);
    qn_mem_free(name);
    if (status == QN_OK)
        call->state = zone;
    else
        qn_expr_set_position(argument->position);
    return status;
}

void qn_release_zone(void *state) {
    qn_zone_release(state);
}

static qn_status prepare_second(qn_expr *call) {
    return qn_prepare_zone(call, 1);
}

/* The time at which clocks of `to` show what those of `from` show at `time`. */
static bool same_clock(qn_clock *from, qn_clock *to, int64_t time, int64_t *out) {
    int64_t of_day;
    int32_t day = qn_clock_split(from, time, &of_day);
    return qn_clock_join(to, day, of_day, INT32_MIN, out);
}

static qn_status convert(const qn_call *call, qn_clock from, qn_clock to, qn_column **out) {
    const qn_operand *times = &call->arguments[0];
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_TIMESTAMP, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        if (same_clock(&from, &to, times->column->i64[qn_at(times, i)], &column->i64[i]))
            continue;
        qn_status status = qn_call_fault(call, column, i, "'%s' leads past the last timestamp",
                                         call->node->function->name);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

static qn_status run_from_utc(const qn_call *call, qn_column **out) {
    return convert(call, qn_clock_of(call->node->state), qn_clock_of(NULL), out);
}

static qn_status run_to_utc(const qn_call *call, qn_column **out) {
    return convert(call, qn_clock_of(NULL), qn_clock_of(call->node->state), out);
}

static qn_status run_at_zone(const qn_call *call, qn_column **out) {
    return convert(call, qn_clock_of(call->node->state), qn_call_clock(call), out);
}

#define ZONE(name, run)                                                                            \
    {                                                                                              \
        name, 2, 2, {QN_TAKES_TIME, QN_TAKES_TEXT}, QN_GIVES_TIMESTAMP, QN_NULLS_STRICT, run,      \
            prepare_second, qn_release_zone                                                        \
    }

const qn_function qn_functions_zone[] = {
    ZONE("from_utc_timestamp", run_from_utc),
    ZONE("to_utc_timestamp", run_to_utc),
    ZONE("at time zone", run_at_zone),
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
