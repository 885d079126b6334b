/* Clocks of other zones: from_utc_timestamp, to_utc_timestamp, AT TIME ZONE. */
#include "core/expr/units.h"

#include "core/memory.h"

#include <string.h>

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

/* A column of zones is read row by row. */
static qn_status prepare_second(qn_expr *call) {
    return qn_expr_is_literal(call->arguments[1]) ? qn_prepare_zone(call, 1) : QN_OK;
}

/* ---- Zones of a column ----------------------------------------------------------------------- */

typedef struct named_clock {
    char *name;
    qn_zone *zone;
    qn_clock clock;
} named_clock;

/* Those met so far, the last one found first. */
typedef struct clock_list {
    int64_t count, capacity, last;
    named_clock *clocks;
} clock_list;

static void clock_list_clear(clock_list *list) {
    for (int64_t i = 0; i < list->count; i++) {
        qn_mem_free(list->clocks[i].name);
        qn_zone_release(list->clocks[i].zone);
    }
    qn_mem_free(list->clocks);
}

static qn_status add_clock(clock_list *list, qn_view name) {
    named_clock added = {0};
    QN_TRY(qn_mem_reserve(&list->clocks, &list->capacity, list->count + 1, sizeof added));
    QN_TRY(qn_format(&added.name, "%.*s", (int)name.length, name.data));
    qn_status status = qn_zone_open(&added.zone, added.name);
    if (status != QN_OK) {
        if (status == QN_JOB)
            status = qn_fail(QN_DATA, "unknown time zone '%.100s' in a column", added.name);
        qn_mem_free(added.name);
        return status;
    }
    added.clock = qn_clock_of(added.zone);
    list->last = list->count;
    list->clocks[list->count++] = added;
    return QN_OK;
}

static bool is_named(const named_clock *clock, qn_view name) {
    return strncmp(clock->name, name.data, (size_t)name.length) == 0 &&
           clock->name[name.length] == '\0';
}

static qn_status find_clock(clock_list *list, qn_view name, qn_clock **out) {
    bool found = list->count > 0 && is_named(&list->clocks[list->last], name);
    for (int64_t i = 0; i < list->count && !found; i++) {
        found = is_named(&list->clocks[i], name);
        if (found)
            list->last = i;
    }
    if (!found)
        QN_TRY(add_clock(list, name));
    *out = &list->clocks[list->last].clock;
    return QN_OK;
}

/* ---- Conversion ------------------------------------------------------------------------------ */

/* The time at which clocks of `to` show what those of `from` show at `time`. */
static bool same_clock(qn_clock *from, qn_clock *to, int64_t time, int64_t *out) {
    int64_t of_day;
    int32_t day = qn_clock_split(from, time, &of_day);
    return qn_clock_join(to, day, of_day, INT32_MIN, out);
}

/* From the named zone to `other`, or the other way. */
static qn_status convert_row(const qn_call *call, int64_t row, qn_clock *named, qn_clock *other,
                             bool back, qn_column *out) {
    const qn_operand *times = &call->arguments[0];
    int64_t time = times->column->i64[qn_at(times, row)];
    if (same_clock(back ? other : named, back ? named : other, time, &out->i64[row]))
        return QN_OK;
    return qn_call_fault(call, out, row, "'%s' leads past the last timestamp",
                         call->node->function->name);
}

static qn_status convert(const qn_call *call, qn_clock other, bool back, qn_column **out) {
    const qn_operand *names = &call->arguments[1];
    qn_clock constant = qn_clock_of(call->node->state), *named = &constant;
    clock_list list = {0};
    qn_column *column = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_column_new(&column, QN_TIMESTAMP, call->length, 0), done);
    for (int64_t i = 0; i < call->length; i++) {
        if (qn_call_skips(call, i))
            continue;
        if (!names->constant)
            QN_TRY_GOTO(find_clock(&list, qn_text_at(names, i), &named), done);
        QN_TRY_GOTO(convert_row(call, i, named, &other, back, column), done);
    }
    *out = column;
    column = NULL;
done:
    qn_column_release(column);
    clock_list_clear(&list);
    return status;
}

static qn_status run_from_utc(const qn_call *call, qn_column **out) {
    return convert(call, qn_clock_of(NULL), false, out);
}

static qn_status run_to_utc(const qn_call *call, qn_column **out) {
    return convert(call, qn_clock_of(NULL), true, out);
}

static qn_status run_at_zone(const qn_call *call, qn_column **out) {
    return convert(call, qn_call_clock(call), false, out);
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
