/* How many distinct values a column has: exactly up to QN_DISTINCT_EXACT of them, beyond that an
 * estimate with a standard error of 0.8 % by HyperLogLog (P. Flajolet et al., 2007) with 2^14
 * registers and the estimator of O. Ertl, "New cardinality estimation algorithms for HyperLogLog
 * sketches", 2017. Hashes: XXH3, 64 bits. Order-free. Nulls are not values; NaN is one value and
 * so is zero. Over ranks: qn_reduce_distinct (mpi/comm/reduce.h). */
#ifndef QUERN_CORE_STATS_DISTINCT_H
#define QUERN_CORE_STATS_DISTINCT_H

#include "core/column/column.h"

enum { QN_DISTINCT_EXACT = 16384, QN_DISTINCT_REGISTERS = 16384 };

typedef struct qn_distinct {
    int64_t count;      /* hashes in the set, while exact */
    int64_t slot_count; /* a power of two */
    uint64_t *slots;    /* open addressing, 0 is free; NULL once registers are used */
    uint8_t *registers; /* NULL while exact */
} qn_distinct;

QN_CHECKED qn_status qn_distinct_init(qn_distinct *distinct);
void qn_distinct_clear(qn_distinct *distinct);

/* Local. Adds all rows of a column of any type but vectors; list items count one by one. About
 * 10 ns a row, dictionary codes 1 ns. */
QN_CHECKED qn_status qn_distinct_add(qn_distinct *distinct, const qn_column *column);
QN_CHECKED qn_status qn_distinct_add_hash(qn_distinct *distinct, uint64_t hash);

QN_CHECKED qn_status qn_distinct_merge(qn_distinct *distinct, const qn_distinct *other);

/* Local. Goes over to registers, if not done yet. */
QN_CHECKED qn_status qn_distinct_estimate(qn_distinct *distinct);

int64_t qn_distinct_result(const qn_distinct *distinct);
static inline bool qn_distinct_is_exact(const qn_distinct *distinct) {
    return distinct->registers == NULL;
}

#endif
