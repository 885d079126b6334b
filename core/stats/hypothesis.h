/* Tests of whether two variables have to do with each other. Each gives a statistic and the
 * probability that it is as large or larger when they do not.
 *
 * Where a variable is constant no test says anything: the statistic is 0, the probability 1. */
#ifndef QUERN_CORE_STATS_HYPOTHESIS_H
#define QUERN_CORE_STATS_HYPOTHESIS_H

#include "core/stats/pair.h"
#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct qn_test_result {
    double statistic;
    double df1, df2; /* degrees of freedom; df2 of F statistics */
    double p;
} qn_test_result;

/* Local. Pearson's chi-squared test of independence, without continuity correction, of a rows x
 * columns table of counts (row-major); empty rows and columns do not count. df1 = (rows - 1)
 * (columns - 1). Source: K. Pearson, "On the criterion that a given system of deviations ...",
 * 1900; R's chisq.test(correct = FALSE). Errors: MEMORY. Cost: 10 ns a cell. */
QN_CHECKED qn_status qn_test_chi2(qn_test_result *out, const int64_t *counts, int32_t rows,
                                  int32_t columns);

/* The values of one class. */
typedef struct qn_test_group {
    int64_t rows;
    qn_pair sum, squares; /* of the values */
    bool constant;
} qn_test_group;

/* Local. One-way analysis of variance: do the means of the groups differ? df1 = groups - 1, df2 =
 * rows - groups, groups without rows do not count. Groups that are constant but different give an
 * infinite statistic; as many groups as rows give 0 and 1. Source: R. A. Fisher, "Statistical
 * Methods for Research Workers", 1925; R's oneway.test(var.equal = TRUE), scikit-learn's
 * f_classif. */
void qn_test_anova(qn_test_result *out, const qn_test_group *groups, int64_t count);

/* Two variables: the sums that correlation and regression need, about any origin. */
typedef struct qn_test_sums {
    int64_t rows;
    qn_pair x, y, xx, yy, xy;
    bool constant; /* one of them */
} qn_test_sums;

/* Pearson's correlation; NaN for less than two rows or a constant variable. */
double qn_test_correlation(const qn_test_sums *sums);

/* Local. F test of a linear regression of y on x: r^2 / (1 - r^2) (n - 2), df 1 and n - 2. Its
 * probability is that of the t test of Pearson's correlation; of ranks, Spearman's. Exactly linear
 * data give an infinite statistic; less than three rows 0 and 1. Source: R's cor.test,
 * scikit-learn's f_regression. */
void qn_test_regression(qn_test_result *out, const qn_test_sums *sums);

#endif
