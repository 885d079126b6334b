/* Bounds of RANGE frames with an offset: rows whose key lies within a distance of the row's own. */
#include "core/window/kernel.h"

#include "core/time/date.h"

#include <math.h>

static int64_t add_saturated(int64_t a, int64_t b) {
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? (b > 0 ? INT64_MAX : INT64_MIN) : sum;
}

/* ---- Calendar months ------------------------------------------------------------------------- */

/* The day is kept, or cut to the month's last, as PostgreSQL does. */
static int64_t add_months_days(int64_t days, int64_t months) {
    const int64_t most = 5000000; /* years; dates have 32 bits */
    int32_t year, month, day;
    qn_civil_from_days((int32_t)days, &year, &month, &day);
    int64_t index = (int64_t)year * 12 + month - 1 + months;
    int64_t whole = index / 12 - (index % 12 < 0);
    if (whole < -most || whole > most)
        return whole < 0 ? INT64_MIN : INT64_MAX;
    month = (int32_t)(index - whole * 12) + 1;
    int32_t last = qn_days_in_month((int32_t)whole, month);
    return qn_days_from_civil((int32_t)whole, month, day < last ? day : last);
}

static int64_t add_months_time(int64_t time, int64_t months) {
    int64_t rest, out;
    int64_t days = add_months_days(qn_days_of_timestamp(time, &rest), months);
    if (days != INT64_MIN && days != INT64_MAX && qn_timestamp_of_days(days, rest, &out))
        return out;
    return months < 0 ? INT64_MIN : INT64_MAX;
}

/* ---- How far --------------------------------------------------------------------------------- */

/* Signed: negative where the bound's key is smaller than the row's. */
typedef struct distance {
    int64_t months, integer;
    double real;
    bool is_date;
} distance;

/* Between integers a distance of 1.5 is one of 1. */
static int64_t whole_offset(double offset) {
    return offset < 0x1p63 ? (int64_t)floor(offset) : INT64_MAX;
}

static distance distance_of(const qn_bound *bound, const qn_window_key *key) {
    bool down = (bound->kind == QN_BOUND_PRECEDING) != key->descending;
    distance found = {0, 0, 0, key->type == QN_DATE};
    if (!bound->interval) {
        found.integer = whole_offset(bound->offset);
        found.real = bound->offset;
    } else {
        found.months = bound->months;
        found.integer = found.is_date ? bound->nanoseconds / QN_NANOS_A_DAY : bound->nanoseconds;
    }
    if (down)
        found = (distance){-found.months, -found.integer, -found.real, found.is_date};
    return found;
}

static inline int64_t bound_i64(int64_t key, const distance *far) {
    if (far->months != 0)
        key = far->is_date ? add_months_days(key, far->months) : add_months_time(key, far->months);
    return add_saturated(key, far->integer);
}

static inline double bound_f64(double key, const distance *far) {
    return key + far->real;
}

/* ---- Sweeps ---------------------------------------------------------------------------------- */

static inline bool before_i64(int64_t a, int64_t b) {
    return a < b;
}

/* NaN comes after every number and equals itself. */
static inline bool before_f64(double a, double b) {
    return a < b || (b != b && a == a);
}

/* Rows [from, to) have keys. A lower bound is the first row that does not come before the bound's
 * key, an upper one the first that comes after it. */
#define SWEEP(name, type, field, bound_of, before)                                                 \
    static void name(const type *keys, int32_t from, int32_t to, bool upper, bool descending,      \
                     const distance *far, int32_t *out) {                                          \
        int32_t next = from;                                                                       \
        for (int32_t i = from; i < to; i++) {                                                      \
            type bound = bound_of(keys[i], far);                                                   \
            if (!upper && !descending)                                                             \
                while (next < to && before(keys[next], bound))                                     \
                    next++;                                                                        \
            else if (!upper)                                                                       \
                while (next < to && before(bound, keys[next]))                                     \
                    next++;                                                                        \
            else if (!descending)                                                                  \
                while (next < to && !before(bound, keys[next]))                                    \
                    next++;                                                                        \
            else                                                                                   \
                while (next < to && !before(keys[next], bound))                                    \
                    next++;                                                                        \
            out[i] = next;                                                                         \
        }                                                                                          \
    }

SWEEP(sweep_i64, int64_t, i64, bound_i64, before_i64)
SWEEP(sweep_f64, double, f64, bound_f64, before_f64)

/* Nulls stand at one end of a partition; their frames are their peers. */
static void narrow_to_values(const qn_window_values *values, int32_t *from, int32_t *to) {
    while (*from < *to && !qn_window_valid(values, *from))
        ++*from;
    while (*from < *to && !qn_window_valid(values, *to - 1))
        --*to;
}

void qn_range_bounds(const qn_window_rows *rows, const qn_bound *bound, bool upper,
                     const qn_window_key *key, int32_t *out) {
    distance far = distance_of(bound, key);
    const int32_t *peers = upper ? rows->peer_to : rows->peer_from;
    for (int32_t p = 0; p < rows->partitions; p++) {
        int32_t start = rows->starts[p], end = rows->starts[p + 1], from = start, to = end;
        if (key->values.valid != NULL)
            narrow_to_values(&key->values, &from, &to);
        for (int32_t i = start; i < from; i++)
            out[i] = peers[i];
        if (key->values.i64 != NULL)
            sweep_i64(key->values.i64, from, to, upper, key->descending, &far, out);
        else
            sweep_f64(key->values.f64, from, to, upper, key->descending, &far, out);
        for (int32_t i = to; i < end; i++)
            out[i] = peers[i];
    }
}
