/* How a column is distributed: over bins, or over its values. Private to features/quality. */
#ifndef QUERN_FEATURES_QUALITY_TALLY_H
#define QUERN_FEATURES_QUALITY_TALLY_H

#include "core/stats/frequency.h"
#include "core/stats/quantile.h"
#include "mpi/comm/comm.h"

typedef struct qn_tally {
    bool binned; /* numbers, dates and timestamps; else by value */
    bool begun;
    int64_t edge_count;
    double *edges;   /* ascending: bin i is (edges[i - 1], edges[i]], the last one has no end */
    int64_t *counts; /* edge_count + 2: the bins, then nulls and NaN */
    qn_frequency frequency;
} qn_tally;

/* Local. For a column of a scalar type. All zero is a tally that was not begun. */
QN_CHECKED qn_status qn_tally_init(qn_tally *tally, qn_type type);
void qn_tally_clear(qn_tally *tally);

/* Local. Of a binned one, before anything is added: up to `bins` bins between finished quantiles.
 */
QN_CHECKED qn_status qn_tally_set_edges(qn_tally *tally, const qn_quantiles *quantiles,
                                        int64_t bins);

/* Local. */
QN_CHECKED qn_status qn_tally_add(qn_tally *tally, const qn_column *column);

/* Collective. Over all ranks. */
QN_CHECKED qn_status qn_tally_reduce(qn_tally *tally, qn_comm *comm);

/* Local. The population stability index of two reduced tallies of one kind, and over how many bins
 * it was taken. */
QN_CHECKED qn_status qn_tally_stability(const qn_tally *expected, const qn_tally *actual,
                                        double *out, int64_t *bins);

#endif
