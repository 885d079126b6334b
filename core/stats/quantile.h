/* Quantiles of a stream with a bound on the error that holds for sure, the same on any number of
 * ranks.
 *
 * The values of a batch are a leaf of a binary tree over the batch numbers; a node is its two
 * children merged, and where that holds too many numbers, every second one of the lightest is
 * dropped and the others count twice (the compactors of J. I. Munro and M. S. Paterson, 1980, and
 * G. S. Manku et al., 1998, with the choices made by position instead of chance). The tree does not
 * depend on who merges what, so ranks keep whole subtrees of their own batches and join siblings
 * (qn_reduce_quantiles, mpi/comm/reduce.h). Until something is dropped, results are exact.
 *
 * Meaning is that of Spark's approxQuantile: NaN is ignored, results are elements of the data, p <=
 * error is the minimum, p >= 1 - error the maximum, else the element of 1-based rank ceil(p n). */
#ifndef QUERN_CORE_STATS_QUANTILE_H
#define QUERN_CORE_STATS_QUANTILE_H

#include "core/text/text.h"

enum { QN_QUANTILE_HEIGHTS = 48 };

/* Values by how many of the data each stands for: lists[h] is sorted and weighs 2^h. */
typedef struct qn_quantile_node {
    int32_t level; /* covers batches [index << level, (index + 1) << level) */
    int64_t index;
    int64_t counts[QN_QUANTILE_HEIGHTS];
    double *lists[QN_QUANTILE_HEIGHTS];
    int64_t error; /* ranks of values may be off by this much */
} qn_quantile_node;

typedef struct qn_quantiles {
    double relative_error;
    int64_t capacity; /* numbers a node may hold */
    int64_t count;    /* values, without NaN */
    double min, max;
    int64_t first, last; /* batches seen; last < first: none */
    int64_t node_count, node_capacity;
    qn_quantile_node *nodes;                 /* ascending, no two of which can be joined yet */
    int64_t pending_count, pending_capacity; /* values of batch `last` */
    double *pending;
    int64_t item_count; /* after finish: values in order, and how many are <= each */
    double *items;
    int64_t *ranks;
} qn_quantiles;

/* Local. relative_error in [0, 1]; 0 keeps everything. Memory: 40 / relative_error numbers a node,
 * with some log2(batches) nodes. */
QN_CHECKED qn_status qn_quantiles_init(qn_quantiles *quantiles, double relative_error);
void qn_quantiles_clear(qn_quantiles *quantiles);

/* Local. Adds values of batch number `batch` (first_row / QN_BATCH_ROWS); batches in ascending
 * order, one of them in any number of calls; INTERNAL error otherwise. About 25 ns a value. */
QN_CHECKED qn_status qn_quantiles_add(qn_quantiles *quantiles, int64_t batch, const double *values,
                                      int64_t count);

/* Local. After the last value, once: makes the results. */
QN_CHECKED qn_status qn_quantiles_finish(qn_quantiles *quantiles);

/* After finish: the quantile of p in [0, 1]; NaN if there were no values. */
double qn_quantiles_value(const qn_quantiles *quantiles, double p);

/* After finish: by how many ranks a result may be off; 0 when exact. */
int64_t qn_quantiles_bound(const qn_quantiles *quantiles);

/* Local. For sending between ranks: appends the state as bytes; takes over the state of the ranks
 * behind this one, whose batches come later (else INTERNAL error). `used` is how many bytes were
 * read. */
QN_CHECKED qn_status qn_quantiles_pack(qn_quantiles *quantiles, qn_text *out);
QN_CHECKED qn_status qn_quantiles_absorb(qn_quantiles *quantiles, const char *bytes, int64_t *used);

#endif
