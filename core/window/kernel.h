/* Inside core/window: kernels over rows in order, one array a column, by position. */
#ifndef QUERN_CORE_WINDOW_KERNEL_H
#define QUERN_CORE_WINDOW_KERNEL_H

#include "core/window/arena.h"
#include "core/window/function.h"

/* Rows of whole partitions, one partition after the other. */
typedef struct qn_window_rows {
    int32_t count;
    int32_t partitions;
    const int32_t *starts;    /* partitions + 1 positions */
    const int32_t *peer_from; /* of each row: the rows that equal it in the order keys (without */
    const int32_t *peer_to;   /* order: its partition) are [peer_from, peer_to) */
    int32_t longest;          /* rows of the longest partition */
} qn_window_rows;

/* One value a row; what is not used is NULL. Under a null: anything. */
typedef struct qn_window_values {
    const int64_t *i64; /* bool, int32, int64, date, timestamp */
    const double *f64;  /* float32, float64 */
    const qn_view *text;
    const uint8_t *valid; /* 1 or 0 a row; NULL: nothing is null */
} qn_window_values;

static inline bool qn_window_valid(const qn_window_values *values, int32_t i) {
    return values->valid == NULL || values->valid[i] != 0;
}

/* The column of a range frame's key. */
typedef struct qn_window_key {
    qn_window_values values;
    qn_type type;
    bool descending;
} qn_window_key;

/* The frame of row i: pieces [from[k][i], to[k][i]), k < count, in order. Each from[k] and to[k]
 * ascends within a partition, so that sweeps cost O(1) amortised a row. */
enum { QN_FRAME_PIECES = 3 };
typedef struct qn_frames {
    int32_t count;
    const int32_t *from[QN_FRAME_PIECES], *to[QN_FRAME_PIECES];
} qn_frames;

/* Local. Peers of each row from flags (1 where a row differs from the one before it; NULL: no
 * order). */
QN_CHECKED qn_status qn_window_peers(qn_window_rows *rows, const uint8_t *flags, qn_arena *arena);

/* Local. `key` is read for RANGE frames with an offset only. */
QN_CHECKED qn_status qn_frames_find(qn_frames *out, const qn_window_rows *rows,
                                    const qn_window_frame *frame, const qn_window_key *key,
                                    qn_arena *arena);
void qn_range_bounds(const qn_window_rows *rows, const qn_bound *bound, bool upper,
                     const qn_window_key *key, int32_t *out); /* bound has an offset */

/* A result: values, or the positions of the rows whose value is the result (-1: null). */
typedef struct qn_window_result {
    int32_t *i32;
    int64_t *i64;
    double *f64;
    int32_t *positions;
    uint8_t *valid; /* NULL: nothing is null */
} qn_window_result;

/* Local. row_number, rank, dense_rank, percent_rank, cume_dist, ntile. */
QN_CHECKED qn_status qn_window_ranks(qn_window_result *out, qn_window_function function,
                                     int64_t number, const qn_window_rows *rows, qn_arena *arena);

/* Local. lag, lead (number: how far; negative: the other way). */
QN_CHECKED qn_status qn_window_shift(qn_window_result *out, int64_t number, bool ignore_nulls,
                                     const qn_window_rows *rows, const qn_window_values *values,
                                     qn_arena *arena);

/* Local. first_value, last_value, nth_value. */
QN_CHECKED qn_status qn_window_nth(qn_window_result *out, qn_window_function function,
                                   int64_t number, bool ignore_nulls, const qn_window_rows *rows,
                                   const qn_frames *frames, const qn_window_values *values,
                                   qn_arena *arena);

/* Local. min, max: positions; NaN is greater than every number, of equals the first. */
QN_CHECKED qn_status qn_window_extremes(qn_window_result *out, bool greatest,
                                        const qn_window_rows *rows, const qn_frames *frames,
                                        const qn_window_values *values, qn_arena *arena);

/* Local. count (values: only `valid` is read), bool_and, bool_or. */
QN_CHECKED qn_status qn_window_counts(qn_window_result *out, qn_window_function function,
                                      const qn_window_rows *rows, const qn_frames *frames,
                                      const qn_window_values *values, qn_arena *arena);

/* Local. sum, avg, var_*, stddev_*, covar_*, corr: `count` arguments; rows where one is null do
 * not count. */
QN_CHECKED qn_status qn_window_totals(qn_window_result *out, qn_window_function function,
                                      const qn_window_rows *rows, const qn_frames *frames,
                                      const qn_window_values *arguments, int32_t count,
                                      qn_arena *arena);

/* Local. median, percentile_cont (f64), percentile_disc (positions). */
QN_CHECKED qn_status qn_window_percentiles(qn_window_result *out, qn_window_function function,
                                           double share, const qn_window_rows *rows,
                                           const qn_frames *frames, const qn_window_values *values,
                                           qn_arena *arena);

/* Local. count(distinct): values->i64 holds words that are equal where the values are. */
QN_CHECKED qn_status qn_window_distinct(qn_window_result *out, const qn_window_rows *rows,
                                        const qn_frames *frames, const qn_window_values *values,
                                        qn_arena *arena);

/* Values as unsigned integers in the same order; NaN is the greatest, -0 equals 0. */
static inline uint64_t qn_window_integer_bits(int64_t value) {
    return (uint64_t)value ^ UINT64_C(1) << 63;
}
static inline uint64_t qn_window_real_bits(double value) {
    uint64_t bits;
    if (value != value)
        return UINT64_MAX;
    value += 0.0; /* -0 becomes 0 */
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits >> 63 != 0 ? ~bits : bits | UINT64_C(1) << 63;
}

#endif
