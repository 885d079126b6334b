/* Numbers to the index of their range: what bucketizer and quantile_discretizer share.
 *
 * n + 1 strictly increasing splits make n buckets [a, b), the last one [a, b]. */
#ifndef QUERN_FEATURES_STAGE_NUMERIC_BUCKETS_H
#define QUERN_FEATURES_STAGE_NUMERIC_BUCKETS_H

#include "features/stage/map.h"

#define QN_BUCKETS_HANDLE_INVALID                                                                  \
    {                                                                                              \
        "handle_invalid", QN_OPTION_CHOICE, "error", "error|skip|keep",                            \
            "NaN: stop, drop the row (nulls, too), or give it a bucket behind the last"            \
    }

/* The splits of one column; `count` of them. */
typedef struct qn_splits {
    int64_t count;
    double *values;
} qn_splits;

/* Frees `count` lists of splits and their array. */
void qn_splits_free(qn_splits *splits, int64_t count);

/* Local. out[i] = the bucket of values[i], which is below the last split or equal to it: the number
 * of inner splits (all but the first and the last) at or below the value, 0 for NaN. Without
 * branches on the data; about 1 ns a value for 10 buckets, 3 to 6 ns for hundreds. */
void qn_buckets_find(const qn_splits *splits, const double *values, double *out, int64_t count);

/* Local. Adds the output field of a column: categories are the ranges, "a, b", and "NaN" behind
 * them where handle_invalid is keep. `splits` NULL: not known yet. */
QN_CHECKED qn_status qn_buckets_bind(const qn_stage *stage, const qn_schema *in, int32_t i,
                                     const qn_splits *splits, qn_schema *out);

/* Local. The transform of a stage with splits for each of its columns. */
QN_CHECKED qn_status qn_buckets_transform(
    const qn_stage *stage, qn_status (*make)(const qn_map_step *step, qn_column **out),
    const qn_schema *schema, const qn_batch *in, qn_batch *out);

/* Local. One column of it: NaN by handle_invalid, nulls give null. DATA error, naming column, row
 * and value, for a value outside all buckets. */
QN_CHECKED qn_status qn_buckets_column(const qn_map_step *step, const qn_splits *splits,
                                       qn_column **out);

#endif
