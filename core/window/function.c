/* Which window functions there are, and what they take and give. */
#include "core/window/function.h"

#include "core/aggregate/aggregate.h"

#include <math.h>
#include <strings.h>

static const qn_window_info functions[] = {
    {"row_number", QN_WINDOW_ROW_NUMBER, QN_FAMILY_RANK, false, 0, 0},
    {"rank", QN_WINDOW_RANK, QN_FAMILY_RANK, false, 0, 0},
    {"dense_rank", QN_WINDOW_DENSE_RANK, QN_FAMILY_RANK, false, 0, 0},
    {"percent_rank", QN_WINDOW_PERCENT_RANK, QN_FAMILY_RANK, false, 0, 0},
    {"cume_dist", QN_WINDOW_CUME_DIST, QN_FAMILY_RANK, false, 0, 0},
    {"ntile", QN_WINDOW_NTILE, QN_FAMILY_RANK, false, 0, 0},
    {"lag", QN_WINDOW_LAG, QN_FAMILY_SHIFT, false, 1, 1},
    {"lead", QN_WINDOW_LEAD, QN_FAMILY_SHIFT, false, 1, 1},
    {"first_value", QN_WINDOW_FIRST, QN_FAMILY_NTH, false, 1, 1},
    {"last_value", QN_WINDOW_LAST, QN_FAMILY_NTH, false, 1, 1},
    {"nth_value", QN_WINDOW_NTH, QN_FAMILY_NTH, false, 1, 1},
    {"first", QN_WINDOW_FIRST, QN_FAMILY_NTH, true, 1, 1},
    {"last", QN_WINDOW_LAST, QN_FAMILY_NTH, true, 1, 1},
    {"any_value", QN_WINDOW_FIRST, QN_FAMILY_NTH, true, 1, 1},
    {"count", QN_WINDOW_COUNT, QN_FAMILY_COUNT, true, 0, 3},
    {"sum", QN_WINDOW_SUM, QN_FAMILY_TOTAL, true, 1, 1},
    {"avg", QN_WINDOW_AVG, QN_FAMILY_TOTAL, true, 1, 1},
    {"mean", QN_WINDOW_AVG, QN_FAMILY_TOTAL, true, 1, 1},
    {"min", QN_WINDOW_MIN, QN_FAMILY_EXTREME, true, 1, 1},
    {"max", QN_WINDOW_MAX, QN_FAMILY_EXTREME, true, 1, 1},
    {"var_samp", QN_WINDOW_VAR_SAMP, QN_FAMILY_TOTAL, true, 1, 1},
    {"variance", QN_WINDOW_VAR_SAMP, QN_FAMILY_TOTAL, true, 1, 1},
    {"var_pop", QN_WINDOW_VAR_POP, QN_FAMILY_TOTAL, true, 1, 1},
    {"stddev_samp", QN_WINDOW_STDDEV_SAMP, QN_FAMILY_TOTAL, true, 1, 1},
    {"stddev", QN_WINDOW_STDDEV_SAMP, QN_FAMILY_TOTAL, true, 1, 1},
    {"std", QN_WINDOW_STDDEV_SAMP, QN_FAMILY_TOTAL, true, 1, 1},
    {"stddev_pop", QN_WINDOW_STDDEV_POP, QN_FAMILY_TOTAL, true, 1, 1},
    {"covar_samp", QN_WINDOW_COVAR_SAMP, QN_FAMILY_TOTAL, true, 2, 2},
    {"covar_pop", QN_WINDOW_COVAR_POP, QN_FAMILY_TOTAL, true, 2, 2},
    {"corr", QN_WINDOW_CORR, QN_FAMILY_TOTAL, true, 2, 2},
    {"bool_and", QN_WINDOW_BOOL_AND, QN_FAMILY_COUNT, true, 1, 1},
    {"every", QN_WINDOW_BOOL_AND, QN_FAMILY_COUNT, true, 1, 1},
    {"bool_or", QN_WINDOW_BOOL_OR, QN_FAMILY_COUNT, true, 1, 1},
    {"any", QN_WINDOW_BOOL_OR, QN_FAMILY_COUNT, true, 1, 1},
    {"some", QN_WINDOW_BOOL_OR, QN_FAMILY_COUNT, true, 1, 1},
    {"median", QN_WINDOW_MEDIAN, QN_FAMILY_PERCENTILE, true, 1, 1},
    {"percentile_cont", QN_WINDOW_PERCENTILE_CONT, QN_FAMILY_PERCENTILE, true, 1, 1},
    {"percentile", QN_WINDOW_PERCENTILE_CONT, QN_FAMILY_PERCENTILE, true, 1, 1},
    {"approx_percentile", QN_WINDOW_PERCENTILE_DISC, QN_FAMILY_PERCENTILE, true, 1, 1},
    {"percentile_approx", QN_WINDOW_PERCENTILE_DISC, QN_FAMILY_PERCENTILE, true, 1, 1},
    {"percentile_disc", QN_WINDOW_PERCENTILE_DISC, QN_FAMILY_PERCENTILE, true, 1, 1},
};

enum { FUNCTIONS = sizeof functions / sizeof *functions };

static const qn_window_info other = {"aggregate", QN_WINDOW_OTHER, QN_FAMILY_OTHER, true, 0, 2};

/* Repeated values do not matter to them, or they know how to leave them out. */
static bool takes_distinct(qn_window_function function) {
    return function == QN_WINDOW_COUNT || function == QN_WINDOW_MIN || function == QN_WINDOW_MAX ||
           function == QN_WINDOW_BOOL_AND || function == QN_WINDOW_BOOL_OR;
}

const qn_window_info *qn_window_find(const char *name, bool distinct) {
    for (int k = 0; k < FUNCTIONS; k++)
        if (strcasecmp(functions[k].name, name) == 0 &&
            (!distinct || !functions[k].aggregate || takes_distinct(functions[k].function)))
            return &functions[k];
    return qn_aggregate_function_exists(name) ? &other : NULL;
}

bool qn_window_exists(const char *function) {
    return qn_window_find(function, false) != NULL;
}

const char *qn_window_name(int32_t index) {
    for (int k = 0; k < FUNCTIONS; k++)
        if (!functions[k].aggregate && index-- == 0)
            return functions[k].name;
    return NULL;
}

static qn_status unknown_function(const char *name) {
    const char *names[FUNCTIONS];
    for (int k = 0; k < FUNCTIONS; k++)
        names[k] = functions[k].name;
    const char *nearest = qn_nearest(name, names, FUNCTIONS);
    if (nearest != NULL)
        return qn_fail(QN_JOB, "there is no window function '%s'; did you mean '%s'?", name,
                       nearest);
    return qn_fail(QN_JOB, "there is no window function '%s'", name);
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static bool has_offset(const qn_bound *bound) {
    return bound->kind == QN_BOUND_PRECEDING || bound->kind == QN_BOUND_FOLLOWING;
}

/* RANGE with an offset asks for one key with distances. */
static qn_status check_range(const qn_window_spec *spec, const qn_schema *in,
                             const qn_bound *bound) {
    if (!has_offset(bound))
        return QN_OK;
    if (spec->order_count != 1)
        return qn_fail(QN_JOB,
                       "a RANGE frame with an offset needs exactly one ORDER BY column, "
                       "not %d",
                       spec->order_count);
    const qn_field *field = &in->fields[spec->order[0].column];
    bool time = field->type == QN_DATE || field->type == QN_TIMESTAMP;
    if (!qn_type_is_numeric(field->type) && !time)
        return qn_fail(QN_JOB,
                       "a RANGE frame with an offset cannot be ordered by '%s', which is %s: only "
                       "numbers, dates and timestamps have distances",
                       field->name, qn_type_name(field->type));
    if (bound->interval && !time)
        return qn_fail(QN_JOB,
                       "the RANGE frame's offset is an interval, but '%s' is %s: give a number",
                       field->name, qn_type_name(field->type));
    if (!bound->interval && field->type == QN_TIMESTAMP)
        return qn_fail(QN_JOB,
                       "the RANGE frame over timestamp '%s' needs an interval as its offset, such "
                       "as INTERVAL '7 days'",
                       field->name);
    return QN_OK;
}

static qn_status check_bound(const qn_bound *bound, qn_frame_unit unit) {
    if (!has_offset(bound))
        return QN_OK;
    if (bound->interval && unit != QN_FRAME_RANGE)
        return qn_fail(QN_JOB, "a frame of %s takes a number as its offset, not an interval",
                       unit == QN_FRAME_ROWS ? "ROWS" : "GROUPS");
    if (bound->interval ? bound->months < 0 || bound->nanoseconds < 0 : !(bound->offset >= 0))
        return qn_fail(QN_JOB, "a frame's offset must not be negative");
    if (!bound->interval && !isfinite(bound->offset))
        return qn_fail(QN_JOB, "a frame's offset must be finite");
    if (unit != QN_FRAME_RANGE && floor(bound->offset) != bound->offset)
        return qn_fail(QN_JOB, "a frame of %s takes a whole number as its offset, not %g",
                       unit == QN_FRAME_ROWS ? "ROWS" : "GROUPS", bound->offset);
    return QN_OK;
}

/* Whether a frame's start lies behind its end for every row. */
static bool is_backwards(const qn_bound *from, const qn_bound *to) {
    if (from->kind != to->kind)
        return from->kind > to->kind;
    if (!has_offset(from))
        return false;
    if (from->interval && to->interval && from->months == 0 && to->months == 0)
        return from->kind == QN_BOUND_PRECEDING ? from->nanoseconds < to->nanoseconds
                                                : from->nanoseconds > to->nanoseconds;
    if (from->interval || to->interval)
        return false;
    return from->kind == QN_BOUND_PRECEDING ? from->offset < to->offset : from->offset > to->offset;
}

static qn_status check_frame(const qn_window_spec *spec, const qn_schema *in,
                             const qn_window_call *call) {
    const qn_window_frame *frame = &call->frame;
    if (frame->from.kind == QN_BOUND_UNBOUNDED_FOLLOWING)
        return qn_fail(QN_JOB, "a frame cannot start at UNBOUNDED FOLLOWING");
    if (frame->to.kind == QN_BOUND_UNBOUNDED_PRECEDING)
        return qn_fail(QN_JOB, "a frame cannot end at UNBOUNDED PRECEDING");
    QN_TRY(check_bound(&frame->from, frame->unit));
    QN_TRY(check_bound(&frame->to, frame->unit));
    if (frame->unit == QN_FRAME_GROUPS && spec->order_count == 0)
        return qn_fail(QN_JOB, "a frame of GROUPS needs ORDER BY");
    if (frame->unit == QN_FRAME_RANGE) {
        QN_TRY(check_range(spec, in, &frame->from));
        QN_TRY(check_range(spec, in, &frame->to));
    }
    if (is_backwards(&frame->from, &frame->to))
        return qn_fail(QN_JOB, "the frame of %s starts behind its end", call->function);
    return QN_OK;
}

/* ---- Arguments ------------------------------------------------------------------------------- */

static qn_status check_count(const qn_window_info *info, const qn_window_call *call) {
    if (call->argument_count >= info->fewest && call->argument_count <= info->most)
        return QN_OK;
    if (info->most == 0)
        return qn_fail(QN_JOB, "%s takes no column, but %d were given", call->function,
                       call->argument_count);
    return qn_fail(QN_JOB, "%s takes %d column%s, but %d were given", call->function, info->most,
                   info->most == 1 ? "" : "s", call->argument_count);
}

static qn_status refuse_type(const qn_window_call *call, const qn_field *field,
                             const char *wanted) {
    return qn_fail(QN_JOB, "%s wants %s, but column '%s' is %s", call->function, wanted,
                   field->name, qn_type_name(field->type));
}

static qn_status check_numeric(const qn_schema *in, const qn_window_call *call) {
    for (int32_t k = 0; k < call->argument_count; k++) {
        const qn_field *field = &in->fields[call->arguments[k]];
        if (!qn_type_is_numeric(field->type))
            return refuse_type(call, field, "numbers");
    }
    return QN_OK;
}

static qn_status check_numbers(const qn_window_info *info, const qn_window_call *call) {
    if (info->function == QN_WINDOW_NTILE && call->number < 1)
        return qn_fail(QN_JOB, "ntile's number of tiles must be at least 1, not %lld",
                       (long long)call->number);
    if (info->function == QN_WINDOW_NTH && call->number < 1)
        return qn_fail(QN_JOB, "nth_value's row must be at least 1, not %lld",
                       (long long)call->number);
    if (info->family == QN_FAMILY_PERCENTILE && info->function != QN_WINDOW_MEDIAN &&
        !(call->share >= 0 && call->share <= 1))
        return qn_fail(QN_JOB, "%s's share must lie between 0 and 1, not at %g", call->function,
                       call->share);
    return QN_OK;
}

static qn_status check_options(const qn_schema *in, const qn_window_info *info,
                               const qn_window_call *call) {
    if (call->distinct && !info->aggregate)
        return qn_fail(QN_JOB, "%s takes no DISTINCT: only aggregates do", call->function);
    if (call->distinct && call->argument_count == 0)
        return qn_fail(QN_JOB, "%s(DISTINCT) needs a column", call->function);
    if (call->filter < 0)
        return QN_OK;
    if (!info->aggregate || info->family == QN_FAMILY_NTH)
        return qn_fail(QN_JOB, "%s takes no FILTER: only aggregates do", call->function);
    if (in->fields[call->filter].type != QN_BOOL)
        return refuse_type(call, &in->fields[call->filter], "a boolean FILTER");
    return QN_OK;
}

/* ---- Types ----------------------------------------------------------------------------------- */

static qn_status shift_type(const qn_schema *in, const qn_window_call *call, qn_type *out) {
    const qn_field *field = &in->fields[call->arguments[0]];
    if (call->fallback >= 0 && in->fields[call->fallback].type != field->type)
        return qn_fail(QN_JOB, "the default of %s is %s, but column '%s' is %s", call->function,
                       qn_type_name(in->fields[call->fallback].type), field->name,
                       qn_type_name(field->type));
    *out = field->type;
    return QN_OK;
}

static qn_status count_type(const qn_schema *in, const qn_window_info *info,
                            const qn_window_call *call, qn_type *out) {
    *out = info->function == QN_WINDOW_COUNT ? QN_INT64 : QN_BOOL;
    if (*out == QN_BOOL && in->fields[call->arguments[0]].type != QN_BOOL)
        return refuse_type(call, &in->fields[call->arguments[0]], "booleans");
    return QN_OK;
}

static qn_status extreme_type(const qn_schema *in, const qn_window_call *call, qn_type *out) {
    const qn_field *field = &in->fields[call->arguments[0]];
    if (field->type == QN_STRING_LIST || field->type == QN_VECTOR)
        return refuse_type(call, field, "values that have an order");
    *out = field->type;
    return QN_OK;
}

static qn_status percentile_type(const qn_schema *in, const qn_window_info *info,
                                 const qn_window_call *call, qn_type *out) {
    const qn_field *field = &in->fields[call->arguments[0]];
    bool disc = info->function == QN_WINDOW_PERCENTILE_DISC;
    bool time = field->type == QN_DATE || field->type == QN_TIMESTAMP;
    if (!qn_type_is_numeric(field->type) && !(disc && time))
        return refuse_type(call, field, disc ? "numbers, dates or timestamps" : "numbers");
    *out = disc ? field->type : QN_FLOAT64;
    return QN_OK;
}

static qn_status other_type(const qn_schema *in, const qn_window_call *call, qn_type *out) {
    qn_type types[3];
    for (int32_t k = 0; k < call->argument_count; k++)
        types[k] = in->fields[call->arguments[k]].type;
    return qn_aggregate_function_type(call->function, types, call->argument_count, out);
}

static qn_status result_type(const qn_schema *in, const qn_window_info *info,
                             const qn_window_call *call, qn_type *out) {
    switch (info->family) {
    case QN_FAMILY_RANK:
        *out = info->function == QN_WINDOW_PERCENT_RANK || info->function == QN_WINDOW_CUME_DIST
                   ? QN_FLOAT64
                   : QN_INT32;
        return QN_OK;
    case QN_FAMILY_SHIFT:
        return shift_type(in, call, out);
    case QN_FAMILY_NTH:
        *out = in->fields[call->arguments[0]].type;
        return QN_OK;
    case QN_FAMILY_COUNT:
        return count_type(in, info, call, out);
    case QN_FAMILY_EXTREME:
        return extreme_type(in, call, out);
    case QN_FAMILY_PERCENTILE:
        return percentile_type(in, info, call, out);
    case QN_FAMILY_OTHER:
        return other_type(in, call, out);
    case QN_FAMILY_TOTAL:
        break;
    }
    QN_TRY(check_numeric(in, call));
    qn_type type = in->fields[call->arguments[0]].type;
    bool integer = type == QN_INT32 || type == QN_INT64;
    *out = info->function == QN_WINDOW_SUM && integer ? QN_INT64 : QN_FLOAT64;
    return QN_OK;
}

qn_status qn_window_check(const qn_window_spec *spec, const qn_schema *in,
                          const qn_window_call *call, qn_type *out) {
    const qn_window_info *info = qn_window_find(call->function, call->distinct);
    if (info == NULL)
        return unknown_function(call->function);
    QN_TRY(qn_order_check(in, spec->order, spec->order_count));
    QN_TRY(check_count(info, call));
    QN_TRY(check_numbers(info, call));
    QN_TRY(check_options(in, info, call));
    if (!qn_window_has_frame(info) && spec->order_count == 0)
        return qn_fail(QN_JOB, "%s needs ORDER BY in its window", call->function);
    if (qn_window_has_frame(info) && !call->default_frame)
        QN_TRY(check_frame(spec, in, call));
    return result_type(in, info, call, out);
}
