/* The distinct values of each slot of a vector column, as long as they are few. */
#ifndef QUERN_FEATURES_STAGE_CATEGORICAL_DISTINCT_VALUES_H
#define QUERN_FEATURES_STAGE_CATEGORICAL_DISTINCT_VALUES_H

#include "core/column/column.h"
#include "mpi/comm/comm.h"

/* An open hash table of values that are not NaN, with one zero. */
typedef struct qn_distinct_slot {
    int32_t count;
    int32_t capacity; /* 0, or a power of two above the count */
    double *values;   /* NaN: free */
} qn_distinct_slot;

typedef struct qn_distinct_values {
    int32_t width;
    int64_t most; /* a slot with more values is given up: `given_up`, without values */
    int64_t rows; /* that are not null */
    qn_distinct_slot *slots;
    int64_t *stored; /* of each slot, entries looked at: fewer than rows means there are zeros */
    int64_t *given_up;
} qn_distinct_values;

QN_CHECKED qn_status qn_distinct_values_init(qn_distinct_values *distinct, int32_t width,
                                             int64_t most);
void qn_distinct_values_clear(qn_distinct_values *distinct);

/* Local. Adds the rows of a dense or sparse vector column of `width` slots that are not null. NaN
 * is passed over. Cost: about 3 ns a value in slots of few values, less in those given up. */
QN_CHECKED qn_status qn_distinct_values_add(qn_distinct_values *distinct, const qn_column *column);

/* Collective. The values of all ranks on every rank; bytes sent: 16 a value and rank. */
QN_CHECKED qn_status qn_distinct_values_reduce(qn_distinct_values *distinct, qn_comm *comm);

/* Local. The values of slot s in ascending order are values[starts[s]] to values[starts[s + 1]]
 * (width + 1 starts); none where a slot was given up. Both are the caller's. */
QN_CHECKED qn_status qn_distinct_values_sorted(const qn_distinct_values *distinct, int64_t **starts,
                                               double **values);

#endif
