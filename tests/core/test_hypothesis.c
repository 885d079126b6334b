/* Tests of independence against R's, on R's own data sets. */
#include "core/stats/hypothesis.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdlib.h>

static bool near(double a, double b) {
    return fabs(a - b) <= 1e-12 * fabs(b);
}

/* The example of R's chisq.test (Agresti 2007, p. 39: party by gender), without and with empty
 * rows and columns. R 4.2: X-squared = 30.070149095754672, df = 2. */
static void test_chi2(void) {
    static const int64_t party[] = {762, 327, 468, 484, 239, 477};
    static const int64_t holes[] = {762, 327, 0, 468, 0, 0, 0, 0, 484, 239, 0, 477};
    static const int64_t one[] = {5, 7, 9};
    qn_test_result result;
    QN_TEST_OK(qn_test_chi2(&result, party, 2, 3));
    CU_ASSERT(near(result.statistic, 30.070149095754672));
    CU_ASSERT(result.df1 == 2);
    CU_ASSERT(near(result.p, 2.9535891832117569e-07));
    QN_TEST_OK(qn_test_chi2(&result, holes, 3, 4));
    CU_ASSERT(near(result.statistic, 30.070149095754672));
    CU_ASSERT(result.df1 == 2);
    QN_TEST_OK(qn_test_chi2(&result, one, 1, 3));
    CU_ASSERT(result.statistic == 0 && result.p == 1);
}

static qn_test_group group_of(const double *values, int64_t rows) {
    qn_test_group group = {.rows = rows, .constant = true};
    for (int64_t i = 0; i < rows; i++) {
        qn_pair x = {values[i], 0};
        group.sum = qn_pair_add(group.sum, x);
        group.squares = qn_pair_add(group.squares, qn_pair_multiply(x, x));
        group.constant = group.constant && values[i] == values[0];
    }
    return group;
}

/* R's data set PlantGrowth (Dobson 1983). R 4.2: oneway.test(weight ~ group, var.equal = TRUE). */
static void test_anova(void) {
    static const double weight[] = {4.17, 5.58, 5.18, 6.11, 4.5,  4.61, 5.17, 4.53, 5.33, 5.14,
                                    4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69,
                                    6.31, 5.12, 5.54, 5.5,  5.37, 5.29, 4.92, 6.15, 5.8,  5.26};
    qn_test_group groups[4];
    qn_test_result result;
    for (int64_t i = 0; i < 3; i++)
        groups[i] = group_of(weight + 10 * i, 10);
    groups[3] = group_of(weight, 0);
    qn_test_anova(&result, groups, 4);
    CU_ASSERT(near(result.statistic, 4.8460878623801369));
    CU_ASSERT(result.df1 == 2 && result.df2 == 27);
    CU_ASSERT(near(result.p, 0.015909958325622912));
    qn_test_anova(&result, groups, 1);
    CU_ASSERT(result.statistic == 0 && result.p == 1);
    static const double flat[] = {0.1, 0.1, 0.1, 0.3, 0.3, 0.3};
    groups[0] = group_of(flat, 3);
    groups[1] = group_of(flat + 3, 3);
    qn_test_anova(&result, groups, 2);
    CU_ASSERT(result.statistic == HUGE_VAL && result.p == 0);
    groups[1] = group_of(flat, 3);
    qn_test_anova(&result, groups, 2);
    CU_ASSERT(result.statistic == 0 && result.p == 1);
}

static qn_test_sums sums_of(const double *x, const double *y, int64_t rows, double shift) {
    qn_test_sums sums = {.rows = rows};
    for (int64_t i = 0; i < rows; i++) {
        qn_pair a = {x[i] + shift, 0}, b = {y[i] + shift, 0};
        sums.x = qn_pair_add(sums.x, a);
        sums.y = qn_pair_add(sums.y, b);
        sums.xx = qn_pair_add(sums.xx, qn_pair_multiply(a, a));
        sums.yy = qn_pair_add(sums.yy, qn_pair_multiply(b, b));
        sums.xy = qn_pair_add(sums.xy, qn_pair_multiply(a, b));
    }
    return sums;
}

/* R's data set mtcars (Motor Trend 1974): miles a gallon against weight. R 4.2: cor.test. */
static void test_regression(void) {
    static const double mpg[] = {21,   21,   22.8, 21.4, 18.7, 18.1, 14.3, 24.4, 22.8, 19.2, 17.8,
                                 16.4, 17.3, 15.2, 10.4, 10.4, 14.7, 32.4, 30.4, 33.9, 21.5, 15.5,
                                 15.2, 13.3, 19.2, 27.3, 26,   30.4, 15.8, 19.7, 15,   21.4};
    static const double weight[] = {2.62,  2.875, 2.32,  3.215, 3.44,  3.46, 3.57,  3.19,
                                    3.15,  3.44,  3.44,  4.07,  3.73,  3.78, 5.25,  5.424,
                                    5.345, 2.2,   1.615, 1.835, 2.465, 3.52, 3.435, 3.84,
                                    3.845, 1.935, 2.14,  1.513, 3.17,  2.77, 3.57,  2.78};
    qn_test_result result;
    qn_test_sums sums = sums_of(mpg, weight, 32, 0);
    CU_ASSERT(near(qn_test_correlation(&sums), -0.8676593765172278));
    qn_test_regression(&result, &sums);
    CU_ASSERT(near(result.statistic, 91.375325003761773));
    CU_ASSERT(result.df1 == 1 && result.df2 == 30);
    CU_ASSERT(near(result.p, 1.2939587013505163e-10));
    sums = sums_of(mpg, weight, 32, 1048576); /* what adding this rounds off is below 2^-32 */
    CU_ASSERT(fabs(qn_test_correlation(&sums) + 0.8676593765172278) < 1e-10);
    sums = sums_of(mpg, mpg, 32, 0.1);
    CU_ASSERT(qn_test_correlation(&sums) == 1);
    qn_test_regression(&result, &sums);
    CU_ASSERT(result.statistic == HUGE_VAL && result.p == 0);
    sums.constant = true;
    CU_ASSERT(isnan(qn_test_correlation(&sums)));
    qn_test_regression(&result, &sums);
    CU_ASSERT(result.statistic == 0 && result.p == 1);
    sums = sums_of(mpg, weight, 2, 0);
    qn_test_regression(&result, &sums);
    CU_ASSERT(result.statistic == 0 && result.p == 1);
}

static const qn_test_case cases[] = {
    {"chi-squared equals R's", test_chi2},
    {"analysis of variance equals R's", test_anova},
    {"correlation and regression equal R's", test_regression},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("hypothesis", cases);
}
