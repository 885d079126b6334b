/* Aggregate functions: states of many groups at once, column by column. */
#ifndef QUERN_CORE_AGGREGATE_AGGREGATE_H
#define QUERN_CORE_AGGREGATE_AGGREGATE_H

#include "core/key/order.h"

/* What is to be computed, beyond the arguments. */
typedef struct qn_aggregate_options {
    bool distinct;            /* each value (or pair of values) once a group */
    bool ignore_nulls;        /* first, last, any_value */
    double number;            /* percentile_*: the share */
    const char *text;         /* string_agg: the separator; borrowed */
    const qn_sort_key *order; /* within a group; `column` is the place among the order columns */
    int32_t order_count;
} qn_aggregate_options;

typedef struct qn_aggregator qn_aggregator;

/* Rows to be added: up to QN_BATCH_ROWS. */
typedef struct qn_aggregate_rows {
    int64_t count;
    const uint32_t *groups;      /* of each row */
    qn_column *const *arguments; /* as many as the function was made for */
    qn_column *const *order;     /* order columns */
    const qn_column *filter;     /* bool, or NULL: rows where it is not true are left out */
    const int64_t *rows;         /* row numbers in the source; NULL where nobody wants them */
} qn_aggregate_rows;

/* Local. Name of the index-th function; NULL past the last. */
const char *qn_aggregate_function_name(int32_t index);
bool qn_aggregate_function_exists(const char *function);

/* Local. The type that a call gives for argument types; JOB error naming the function for a wrong
 * number or type of arguments, or an unknown name. */
QN_CHECKED qn_status qn_aggregate_function_type(const char *function, const qn_type *arguments,
                                                int32_t count, qn_type *out);

/* Local. States of one call; the order columns' types follow the arguments'. shared_rows is where
 * the caller keeps how many rows each group has so far (before the rows of the current update), or
 * NULL: functions that see every row then count none themselves. */
QN_CHECKED qn_status qn_aggregator_new(qn_aggregator **out, const char *function,
                                       const qn_type *types, int32_t argument_count,
                                       const qn_aggregate_options *options,
                                       int64_t *const *shared_rows);
void qn_aggregator_free(qn_aggregator *aggregator); /* NULL is fine */

/* States can be sent to another rank. Where they cannot (medians, DISTINCT, lists), rows must be
 * brought together by group, and added in the source's order. */
bool qn_aggregator_is_mergeable(const qn_aggregator *aggregator);

/* Row numbers must be given to update. */
bool qn_aggregator_wants_rows(const qn_aggregator *aggregator);

/* Local. Room for `groups` groups; new ones are empty. */
QN_CHECKED qn_status qn_aggregator_grow(qn_aggregator *aggregator, int64_t groups);

/* Local. Adds rows, whose groups there is room for. */
QN_CHECKED qn_status qn_aggregator_update(qn_aggregator *aggregator, const qn_aggregate_rows *rows);

/* Local. States as columns, always as many; they are appended to `out`, row i for ids[i]. */
int32_t qn_aggregator_state_count(const qn_aggregator *aggregator);
QN_CHECKED qn_status qn_aggregator_states(qn_aggregator *aggregator, const uint32_t *ids,
                                          int64_t count, qn_batch *out);
/* From now on the types of the state columns do not change from call to call, at some cost. */
void qn_aggregator_even_states(qn_aggregator *aggregator);
/* Local. Adds such states to groups ids[i]. From aggregators of the same call only; those with
 * shared_rows cannot take any. */
QN_CHECKED qn_status qn_aggregator_merge(qn_aggregator *aggregator, const uint32_t *ids,
                                         int64_t count, qn_column *const *states);

/* Local. Results of groups ids[0..count). After the first call no rows can be added. */
QN_CHECKED qn_status qn_aggregator_finish(qn_aggregator *aggregator, const uint32_t *ids,
                                          int64_t count, qn_column **out);

int64_t qn_aggregator_bytes(const qn_aggregator *aggregator); /* memory held */

#endif
