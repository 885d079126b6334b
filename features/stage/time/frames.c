#include "features/stage/time/frames.h"

#include "core/memory.h"
#include "core/text/number.h"
#include "core/time/date.h"
#include "core/time/interval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static qn_bound bound_of(qn_bound_kind kind) {
    return (qn_bound){.kind = kind};
}

static qn_bound back_by(double offset) {
    return (qn_bound){.kind = QN_BOUND_PRECEDING, .offset = offset};
}

static qn_bound back_by_time(int32_t months, int64_t nanoseconds) {
    return (qn_bound){
        .kind = QN_BOUND_PRECEDING, .months = months, .nanoseconds = nanoseconds, .interval = true};
}

static bool is_time(qn_type type) {
    return type == QN_DATE || type == QN_TIMESTAMP;
}

static bool is_real(qn_type type) {
    return type == QN_FLOAT32 || type == QN_FLOAT64;
}

static int64_t step_of(qn_type type) {
    return type == QN_DATE ? QN_NANOS_A_DAY : 1;
}

/* ---- What ends a frame ------------------------------------------------------------------------
 */

/* Just before the row's time. */
static void end_before(qn_window_frame *frame, qn_type type) {
    if (frame->unit == QN_FRAME_GROUPS) {
        frame->to = back_by(1);
    } else if (frame->unit == QN_FRAME_ROWS || is_real(type)) {
        frame->to = frame->unit == QN_FRAME_ROWS ? back_by(1) : bound_of(QN_BOUND_CURRENT);
        frame->exclusion = QN_EXCLUDE_GROUP;
    } else {
        frame->to = is_time(type) ? back_by_time(0, step_of(type)) : back_by(1);
    }
}

/* ---- Kinds of windows -------------------------------------------------------------------------
 */

static qn_status fail_window(const char *window, const qn_field *order) {
    bool time = is_time(order->type);
    qn_status status = qn_fail(QN_JOB, "'%s' is no window over column '%s', which is %s", window,
                               order->name, qn_type_name(order->type));
    qn_error_help(time ? "give %s, '100 rows' or 'unbounded'"
                       : "give a number%s in the column's unit, '100 rows' or 'unbounded'",
                  order->type == QN_DATE ? "days (7d, 2w, 1mon)"
                  : time                 ? "a time (7d, 12h, 30min, 1mon)"
                                         : "");
    return status;
}

/* "100 rows", "1 row", "100rows". */
static bool parse_rows(const char *window, int64_t *out) {
    char *end;
    if (*window < '0' || *window > '9')
        return false;
    *out = strtoll(window, &end, 10);
    while (*end == ' ')
        end++;
    return (strcasecmp(end, "rows") == 0 || strcasecmp(end, "row") == 0) && *out > 0 &&
           *out <= INT32_MAX;
}

static bool parse_number(const char *window, double *out) {
    char *end;
    *out = strtod(window, &end);
    return end != window && *end == '\0' && isfinite(*out) && *out > 0;
}

static bool parse_time(const char *window, qn_type type, int32_t *months, int64_t *nanoseconds) {
    qn_interval interval;
    if (!qn_parse_interval(qn_view_of(window), QN_INTERVAL_NONE, &interval))
        return false;
    bool large = __builtin_mul_overflow((int64_t)interval.days, QN_NANOS_A_DAY, nanoseconds) ||
                 __builtin_add_overflow(*nanoseconds, interval.nanoseconds, nanoseconds);
    *months = interval.months;
    return !large && *months >= 0 && *nanoseconds >= 0 && *months + *nanoseconds > 0 &&
           (type != QN_DATE || *nanoseconds % QN_NANOS_A_DAY == 0);
}

static qn_status parse_time_frame(qn_window_frame *out, const char *window, const qn_field *order,
                                  bool current) {
    int32_t months;
    int64_t nanoseconds;
    if (!parse_time(window, order->type, &months, &nanoseconds))
        return fail_window(window, order);
    if (current && months == 0)
        nanoseconds -= step_of(order->type);
    out->unit = QN_FRAME_RANGE;
    out->from = back_by_time(months, nanoseconds);
    return QN_OK;
}

static qn_status parse_number_frame(qn_window_frame *out, const char *window, const qn_field *order,
                                    bool current) {
    double number;
    bool real = is_real(order->type);
    if (!parse_number(window, &number) || (!real && floor(number) != number))
        return fail_window(window, order);
    out->unit = QN_FRAME_RANGE;
    out->from = back_by(current && !real ? number - 1 : number);
    return QN_OK;
}

qn_status qn_frame_parse(qn_window_frame *out, const char *window, const qn_field *order,
                         bool current) {
    int64_t rows;
    qn_window_frame frame = {.exclusion = QN_EXCLUDE_NOTHING};
    if (strcasecmp(window, "unbounded") == 0) {
        frame.unit = QN_FRAME_GROUPS;
        frame.from = bound_of(QN_BOUND_UNBOUNDED_PRECEDING);
    } else if (parse_rows(window, &rows)) {
        frame.unit = QN_FRAME_ROWS;
        frame.from = back_by((double)(current ? rows - 1 : rows));
    } else if (is_time(order->type)) {
        QN_TRY(parse_time_frame(&frame, window, order, current));
    } else {
        QN_TRY(parse_number_frame(&frame, window, order, current));
    }
    if (current)
        frame.to = bound_of(QN_BOUND_CURRENT);
    else
        end_before(&frame, order->type);
    *out = frame;
    return QN_OK;
}

/* ---- Delays -----------------------------------------------------------------------------------
 */

static qn_status add_bounds(qn_bound *bound, const qn_bound *delay) {
    if (bound->kind != QN_BOUND_PRECEDING)
        return QN_OK;
    bool large =
        __builtin_add_overflow(bound->months, delay->months, &bound->months) ||
        __builtin_add_overflow(bound->nanoseconds, delay->nanoseconds, &bound->nanoseconds);
    bound->offset += delay->offset;
    return large ? qn_fail(QN_JOB, "the delay and the window are too long") : QN_OK;
}

/* Ends a frame just before the row's time, by distance. */
static qn_bound end_by_distance(qn_type type) {
    if (is_time(type))
        return back_by_time(0, step_of(type));
    return back_by(is_real(type) ? 0 : 1);
}

qn_status qn_frame_delay(qn_window_frame *frame, const char *delay, const qn_field *order) {
    qn_window_frame back = {.unit = QN_FRAME_RANGE};
    if (frame->unit == QN_FRAME_ROWS)
        return qn_fail(QN_JOB, "a window of so many rows cannot be delayed by '%s'", delay);
    QN_TRY(is_time(order->type) ? parse_time_frame(&back, delay, order, false)
                                : parse_number_frame(&back, delay, order, false));
    frame->unit = QN_FRAME_RANGE;
    frame->exclusion = QN_EXCLUDE_NOTHING;
    frame->to = end_by_distance(order->type);
    QN_TRY(add_bounds(&frame->from, &back.from));
    return add_bounds(&frame->to, &back.from);
}
