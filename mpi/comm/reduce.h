/* Reductions of mergeable summaries over the ranks: afterwards every rank holds the summary of
 * all the data, with the same bits on any number of ranks. */
#ifndef QUERN_MPI_REDUCE_H
#define QUERN_MPI_REDUCE_H

#include "core/stats/anova.h"
#include "core/stats/contingency.h"
#include "core/stats/correlation.h"
#include "core/stats/cross.h"
#include "core/stats/distinct.h"
#include "core/stats/extremes.h"
#include "core/stats/frequency.h"
#include "core/stats/gram.h"
#include "core/stats/moments.h"
#include "core/stats/profile.h"
#include "core/stats/quantile.h"
#include "core/stats/sum.h"
#include "core/stats/sums.h"
#include "mpi/comm/comm.h"

/* Collective. Adds up `count` exact sums elementwise. Cost: one integer allreduce of 576 bytes a
 * sum. */
QN_CHECKED qn_status qn_reduce_sums(qn_comm *comm, qn_sum *sums, int64_t count);

/* Collective. The same for sums side by side (equal count on all ranks): one small allreduce to
 * agree on the window of digits, one of usually 50 to 70 bytes a sum. */
QN_CHECKED qn_status qn_reduce_sum_vector(qn_comm *comm, qn_sums *sums);

/* Collective. Merges moments of equal width and flags. Cost as for the sums. */
QN_CHECKED qn_status qn_reduce_moments(qn_comm *comm, qn_moments *moments);

/* Collective. Merges extremes of equal width. Cost: 24 bytes a slot. */
QN_CHECKED qn_status qn_reduce_extremes(qn_comm *comm, qn_extremes *extremes);

/* Collective. Counts of all ranks on every rank, entries in order of their keys. Each distinct
 * value is sent once to the rank its hash falls to, and once from there to all. */
QN_CHECKED qn_status qn_reduce_frequency(qn_comm *comm, qn_frequency *frequency);

/* Collective. Cross products of equal width. Cost: about 60 bytes a product, d^2 / 2 of them. */
QN_CHECKED qn_status qn_reduce_gram(qn_comm *comm, qn_gram *gram);

/* Collective. Joins the quantile trees of all ranks, whose batches follow each other in rank order,
 * and finishes them: every rank has the results. log2(ranks) rounds, each sending some trees once;
 * then one broadcast. `list` holds `count` pointers, the same number on all ranks. */
QN_CHECKED qn_status qn_reduce_quantiles(qn_comm *comm, qn_quantiles *const *list, int64_t count);

/* Collective. Distinct counts of all ranks together. Sends the hashes while they are few, else
 * 128 KiB of registers. */
QN_CHECKED qn_status qn_reduce_distinct(qn_comm *comm, qn_distinct *distinct);

/* Collective. Sums of products with a label, of equal width. Cost: about 60 bytes a sum. */
QN_CHECKED qn_status qn_reduce_cross(qn_comm *comm, qn_cross *cross);

/* Collective. Sums of pairs of columns, of equal width. Cost: about 180 bytes a pair of columns. */
QN_CHECKED qn_status qn_reduce_correlation(qn_comm *comm, qn_correlation *correlation);

/* Collective. Moments for each label; labels in ascending order of their keys. Cost: a reduction of
 * moments a label. */
QN_CHECKED qn_status qn_reduce_anova(qn_comm *comm, qn_anova *anova);

/* Collective. Tables of equal width. Each count is sent once to the rank that has the feature, and
 * once from there to all. */
QN_CHECKED qn_status qn_reduce_contingency(qn_comm *comm, qn_contingency *tables);

/* Collective. All columns' profiles; quantiles are finished. */
QN_CHECKED qn_status qn_reduce_profile(qn_comm *comm, qn_profile *profile);

#endif
