/* Window functions. */
#ifndef QUERN_FEATURES_WIDE_WINDOW_H
#define QUERN_FEATURES_WIDE_WINDOW_H

#include "core/key/order.h"
#include "features/wide/wide.h"

typedef enum qn_bound_kind {
    QN_BOUND_UNBOUNDED_PRECEDING,
    QN_BOUND_PRECEDING, /* by `offset` */
    QN_BOUND_CURRENT,
    QN_BOUND_FOLLOWING,
    QN_BOUND_UNBOUNDED_FOLLOWING
} qn_bound_kind;

typedef struct qn_bound {
    qn_bound_kind kind;
    double offset;       /* rows; of a range: in units of the order column. Zero or more */
    int32_t months;      /* range over dates and timestamps: */
    int64_t nanoseconds; /* calendar months and fixed time (for dates: whole days) */
    bool interval;       /* months and nanoseconds count, not offset */
} qn_bound;

typedef enum qn_frame_unit { QN_FRAME_ROWS, QN_FRAME_RANGE, QN_FRAME_GROUPS } qn_frame_unit;
typedef enum qn_frame_exclusion {
    QN_EXCLUDE_NOTHING,
    QN_EXCLUDE_CURRENT,
    QN_EXCLUDE_GROUP,
    QN_EXCLUDE_TIES
} qn_frame_exclusion;

typedef struct qn_window_frame {
    qn_frame_unit unit;
    qn_bound from, to;
    qn_frame_exclusion exclusion;
} qn_window_frame;

typedef struct qn_window_call {
    const char *function; /* row_number, rank, lag, first_value, sum, avg, ... */
    const char *name;     /* of the output column */
    int32_t arguments[3]; /* columns of the input; lag(x, k, default): k a constant below */
    int32_t argument_count;
    int64_t number;     /* ntile's and nth_value's n, lag's and lead's k */
    int32_t fallback;   /* lag, lead: column of the default; -1: null */
    int32_t filter;     /* boolean column, aggregates only; -1: none */
    bool ignore_nulls;  /* first_value, last_value, nth_value, lag, lead */
    bool default_frame; /* no frame was written: with an order, RANGE UNBOUNDED PRECEDING .. CURRENT
                           ROW; without, the whole partition */
    qn_window_frame frame;
} qn_window_call;

/* Calls over one partitioning and order. A query with several windows is a chain of these. */
typedef struct qn_window_spec {
    const int32_t *partition;
    int32_t partition_count;
    const qn_sort_key *order;
    int32_t order_count;
    const qn_window_call *calls;
    int32_t call_count;
} qn_window_spec;

const char *
qn_window_name(int32_t index); /* functions that are not aggregates; NULL past the last */
bool qn_window_exists(const char *function); /* those and the aggregates that windows take */

/* Local. The type that a call gives; JOB errors for arguments that do not fit, a missing order, a
 * range frame with an offset over anything but one numeric, date or timestamp key. */
QN_CHECKED qn_status qn_window_check(const qn_window_spec *spec, const qn_schema *in,
                                     const qn_window_call *call, qn_type *out);

/* Local (see wide.h). The input's rows in their order, with one more column a call. Cost: the
 * columns that the functions read go to the rank of their partition and the results come back;
 * other columns never move. One sort; sliding count, sum, avg, min, max, stddev, variance cost O(1)
 * amortised a row. Ties are ordered by input row. Spills past the budget. */
QN_CHECKED qn_status qn_window_open(qn_stream **out, qn_stream *in, const qn_execution *execution,
                                    const qn_window_spec *spec);

#endif
