/* Whether two samples are of one distribution. */
#ifndef QUERN_CORE_STATS_DRIFT_H
#define QUERN_CORE_STATS_DRIFT_H

#include "core/status.h"

#include <stdint.h>

/* A share of no rows counts as this one, so that the logarithm is finite. */
#define QN_STABILITY_LEAST_SHARE 1e-4

/* Local. The population stability index, sum over bins of (a - e) ln(a / e), of the shares e of the
 * expected counts and a of the actual ones; shares below QN_STABILITY_LEAST_SHARE are raised to it.
 * 0 for equal shares; customary reading: below 0.1 stable, above 0.25 shifted. NaN where either
 * side has no row. Terms are added in order of the bins. Source: N. Siddiqi, Credit Risk
 * Scorecards, 2006; it is the symmetric divergence of H. Jeffreys, 1946. */
double qn_population_stability(const int64_t *expected, const int64_t *actual, int64_t bins);

/* The two-sample Kolmogorov-Smirnov statistic D, the greatest distance between the empirical
 * distribution functions, as a summary: distinct values come in ascending order, each with how
 * often it is in either sample. The range of values may be cut into parts, each with the counts of
 * the parts before it. All counts are exact, so D is the same for any cut. */
typedef struct qn_smirnov {
    int64_t sizes[2];  /* of the samples */
    int64_t counts[2]; /* values so far, of each */
    double distance;   /* so far */
} qn_smirnov;

/* Local. `before`: values of each sample that come before this part. */
void qn_smirnov_init(qn_smirnov *smirnov, const int64_t sizes[2], const int64_t before[2]);

__extension__ typedef __int128 qn_smirnov_gap;

/* Local. The next value, `first` times in one sample and `second` times in the other. */
static inline void qn_smirnov_add(qn_smirnov *smirnov, int64_t first, int64_t second) {
    smirnov->counts[0] += first;
    smirnov->counts[1] += second;
    qn_smirnov_gap gap = (qn_smirnov_gap)smirnov->counts[0] * smirnov->sizes[1] -
                         (qn_smirnov_gap)smirnov->counts[1] * smirnov->sizes[0];
    double distance =
        (double)(gap < 0 ? -gap : gap) / ((double)smirnov->sizes[0] * (double)smirnov->sizes[1]);
    if (distance > smirnov->distance)
        smirnov->distance = distance;
}

/* Local. Probability, for large samples of one continuous distribution, of a D at least this great:
 * Kolmogorov's limit at D sqrt(n m / (n + m)), as R's ks.test(exact = FALSE). Ties make it too
 * great. Some 15 digits, by the series that converges faster (A. N. Kolmogorov, 1933, and its theta
 * transform; W. Feller, 1948). */
double qn_smirnov_probability(double distance, int64_t first_size, int64_t second_size);

#endif
