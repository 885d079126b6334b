/* Window functions over a table in memory.
 *
 * Rows are ordered by partition, then by the order keys, then by their place in the table. Frames
 * follow the SQL standard as PostgreSQL does (RANGE, ROWS, GROUPS, EXCLUDE), types and nulls follow
 * Spark.
 *
 * Sums of floats are exact: every value is an integer multiple of one power of two, so sums of a
 * frame are differences of integer prefix sums, and a result depends on the frame's values alone,
 * never on what was added and taken away before. */
#ifndef QUERN_CORE_WINDOW_WINDOW_H
#define QUERN_CORE_WINDOW_WINDOW_H

#include "core/key/order.h"

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
    double share;       /* percentile_cont, percentile_disc */
    const char *text;   /* string_agg: the separator */
    int32_t fallback;   /* lag, lead: column of the default; -1: null */
    int32_t filter;     /* boolean column, aggregates only; -1: none */
    bool distinct;      /* each value once; aggregates only */
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

/* How many rows before and after a row its results may depend on. */
typedef struct qn_window_reach {
    int64_t before, after;
} qn_window_reach;

/* True where all calls look no further than some rows: ROWS frames with two offsets, lag and lead.
 * Their results can be computed on any piece of a partition that has so many rows around it. */
bool qn_window_reach_of(const qn_window_spec *spec, qn_window_reach *out);

/* Where the bits of the floats lie whose variances and the like are asked for: multiples of
 * 2^lowest, below 2^highest. Their results have the same last bit on any piece only if that fits.
 */
typedef struct qn_window_range {
    int64_t lowest, highest;
} qn_window_range;

/* Local. One pass over those columns; over several tables: the least lowest, the greatest highest.
 */
void qn_window_range_of(const qn_table *table, const qn_window_spec *spec, qn_window_range *out);
bool qn_window_range_fits(const qn_window_range *range);

/* True if the table's rows are in the order of the keys already. */
bool qn_window_is_sorted(const qn_table *table, const qn_sort_key *keys, int32_t count);

/* Local. One column a call for all rows of the table, in its order, cut as its batches are: adds
 * batches to `out` (whose schema is not looked at). The table's batches must be at most
 * QN_REF_MAX_BATCHES and no partition may have more than 2^31 - 1 rows (DATA error).
 *
 * Cost, with n rows: one sort; O(1) amortised a row for ranks, lag, first_value, ..., count, sum,
 * avg, min, max, variance, stddev, covariance, corr, bool_and, bool_or and count(distinct) over any
 * frame; O(log n) for median and percentiles. Other aggregates (mode, skewness, collect_list,
 * string_agg, min_by, sum(distinct), ...) cost the rows of every distinct frame: fine over whole
 * partitions and short frames, n^2 over a partition's running ones. Memory beyond table and
 * results: 32 bytes a row, and some 100 bytes a row of the largest partition. */
QN_CHECKED qn_status qn_window_evaluate(qn_table *out, const qn_table *table,
                                        const qn_window_spec *spec);

#endif
