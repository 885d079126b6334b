/* Aggregation: one row a group. */
#ifndef QUERN_FEATURES_AGGREGATE_AGGREGATE_H
#define QUERN_FEATURES_AGGREGATE_AGGREGATE_H

#include "core/key/order.h"
#include "features/wide/wide.h"

/* One aggregate function over columns of the input. What is an expression in SQL is computed by a
 * projection below. */
typedef struct qn_aggregate_call {
    const char *function;   /* "count", "sum", "stddev_samp", "percentile_cont", ... */
    const char *name;       /* of the output column */
    int32_t arguments[2];   /* columns of the input */
    int32_t argument_count; /* 0: count(*) */
    int32_t filter;         /* a boolean column; rows where it is not true are left out. -1: none */
    bool distinct;          /* each value once a group */
    bool ignore_nulls;      /* first, last */
    double number;          /* percentile_*, approx_percentile: the share */
    double accuracy;        /* approx_*: 0 is the default */
    const char *text;       /* string_agg: the separator */
    const qn_sort_key *order; /* within a group, for first, last, collect_list, string_agg; */
    int32_t order_count;      /* 0: input order */
} qn_aggregate_call;

/* Local. Name of the index-th function, for help and suggestions; NULL past the last. */
const char *qn_aggregate_name(int32_t index);
bool qn_aggregate_exists(const char *function);

/* Local. The type that a call gives for argument types; JOB error naming the function for a wrong
 * number or type of arguments. */
QN_CHECKED qn_status qn_aggregate_type(const char *function, const qn_type *arguments,
                                       int32_t count, qn_type *out);

/* Local (see wide.h). Groups by key columns of the input (none: one row, also for an empty input),
 * output: the key columns, then one column a call. Sums of floats are exact and so do not depend on
 * order; sums of integers are int64 and wrap.
 *
 * Order of the rows: up to QN_BATCH_ROWS groups in order of their first row in the input; more: by
 * partition of the key's hash, then by first row. Cost: rows are aggregated where they are, then
 * each rank sends each of its groups once; functions that need all values (median, percentiles,
 * mode, collect_*, DISTINCT) send what they need of each row instead. Spills past the budget. */
QN_CHECKED qn_status qn_aggregate_open(qn_stream **out, qn_stream *in,
                                       const qn_execution *execution, const int32_t *keys,
                                       int32_t key_count, const qn_aggregate_call *calls,
                                       int32_t call_count);

/* Local (see wide.h). The first row of each distinct value of the key columns, all columns, in the
 * input's order: DISTINCT (all columns are keys) and drop_duplicates. */
QN_CHECKED qn_status qn_distinct_open(qn_stream **out, qn_stream *in, const qn_execution *execution,
                                      const int32_t *keys, int32_t key_count);

#endif
