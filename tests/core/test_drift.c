#include "core/stats/drift.h"
#include "tests/harness/harness.h"

#include <math.h>

static void near(double value, double expected, double relative) {
    CU_ASSERT(fabs(value - expected) <= relative * fabs(expected));
}

/* scipy 1.11, stats.kstwobign.sf(x). */
static void test_probabilities(void) {
    static const double golden[][2] = {
        {0.3, 0.9999906941986655},    {0.5, 0.9639452436648751},    {0.8, 0.5441424115741981},
        {0.99, 0.2808738392255489},   {1.0, 0.26999967167735456},   {1.2, 0.11224966667072497},
        {1.36, 0.049485876755377876}, {1.63, 0.009846364888486529}, {2, 0.0006709252557796953},
        {3, 3.045995948942526e-08},   {5, 3.8574996959278356e-22}};
    /* two samples of 2 n: sqrt(2n 2n / 4n) = sqrt(n), here 10^6 of sqrt(10^12) */
    const int64_t size = INT64_C(2000000000000);
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++)
        near(qn_smirnov_probability(golden[i][0] / 1e6, size, size), golden[i][1], 1e-12);
    CU_ASSERT(qn_smirnov_probability(0, 5, 7) == 1);
    CU_ASSERT(isnan(qn_smirnov_probability(0.5, 0, 7)));
    CU_ASSERT(qn_smirnov_probability(1, size, size) == 0);
}

/* R 4.2 and scipy 1.11, ks.test(c(61.4, 58.2, 63.3, 55.5, 66.2, 60.0, 59.1, 62.5), c(65.1, 68.4,
 * 63.3, 70.2, 61.4, 72.0), exact = FALSE): D = 0.58333, p-value = 0.1938. */
static void test_two_samples(void) {
    static const int counts[][2] = {{1, 0}, {1, 0}, {1, 0}, {1, 0}, {1, 1}, {1, 0},
                                    {1, 1}, {0, 1}, {1, 0}, {0, 1}, {0, 1}, {0, 1}};
    const int64_t sizes[2] = {8, 6}, none[2] = {0, 0};
    for (int cut = 0; cut <= 12; cut++) { /* in two parts, as ranks have them */
        qn_smirnov parts[2];
        qn_smirnov_init(&parts[0], sizes, none);
        for (int i = 0; i < cut; i++)
            qn_smirnov_add(&parts[0], counts[i][0], counts[i][1]);
        qn_smirnov_init(&parts[1], sizes, parts[0].counts);
        for (int i = cut; i < 12; i++)
            qn_smirnov_add(&parts[1], counts[i][0], counts[i][1]);
        double distance = fmax(parts[0].distance, parts[1].distance);
        CU_ASSERT(distance == 28.0 / 48);
        near(qn_smirnov_probability(distance, 8, 6), 0.1937670832680022, 1e-13);
    }
}

/* By hand: sum of (a - e) ln(a / e). */
static void test_stability(void) {
    const int64_t expected[] = {100, 200, 400, 200, 100}, actual[] = {50, 150, 400, 250, 150};
    double index = -0.05 * log(0.5) - 0.05 * log(0.75) + 0 + 0.05 * log(1.25) + 0.05 * log(1.5);
    near(index, 0.08047189562170502, 1e-14); /* NumPy */
    near(qn_population_stability(expected, actual, 5), index, 1e-14);
    CU_ASSERT(qn_population_stability(expected, expected, 5) == 0);
    near(qn_population_stability(actual, expected, 5), index, 1e-14); /* symmetric */
    const int64_t few[] = {10, 0, 10}, more[] = {5, 5, 10};
    near(qn_population_stability(few, more, 3), -0.25 * log(0.5) + (0.25 - 1e-4) * log(0.25 / 1e-4),
         1e-14);
    const int64_t none[] = {0, 0, 0};
    CU_ASSERT(isnan(qn_population_stability(none, few, 3)));
    CU_ASSERT(isnan(qn_population_stability(few, none, 3)));
    CU_ASSERT(isnan(qn_population_stability(few, none, 0)));
}

static const qn_test_case cases[] = {
    {"tails of Kolmogorov's distribution", test_probabilities},
    {"two samples with ties, in parts", test_two_samples},
    {"the population stability index", test_stability},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("drift", cases);
}
