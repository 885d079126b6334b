#include "core/stats/drift.h"

#include <math.h>

double qn_population_stability(const int64_t *expected, const int64_t *actual, int64_t bins) {
    int64_t sums[2] = {0, 0};
    double index = 0;
    for (int64_t i = 0; i < bins; i++) {
        sums[0] += expected[i];
        sums[1] += actual[i];
    }
    if (sums[0] == 0 || sums[1] == 0)
        return NAN;
    for (int64_t i = 0; i < bins; i++) {
        double e = fmax((double)expected[i] / (double)sums[0], QN_STABILITY_LEAST_SHARE);
        double a = fmax((double)actual[i] / (double)sums[1], QN_STABILITY_LEAST_SHARE);
        index += (a - e) * log(a / e);
    }
    return index;
}

void qn_smirnov_init(qn_smirnov *smirnov, const int64_t sizes[2], const int64_t before[2]) {
    *smirnov = (qn_smirnov){{sizes[0], sizes[1]}, {before[0], before[1]}, 0};
}

/* 1 - K(x) for x that is not small: terms fall off as exp(-2 k^2 x^2). */
static double upper_tail(double x) {
    double sum = 0, sign = 1;
    for (int k = 1; k <= 100; k++, sign = -sign) {
        double term = exp(-2.0 * k * k * x * x);
        sum += sign * term;
        if (term < 1e-18 * sum)
            break;
    }
    return 2 * sum;
}

/* K(x) for small x. */
static double lower_tail(double x) {
    double sum = 0, y = -M_PI * M_PI / (8 * x * x);
    for (int k = 1; k <= 100; k += 2) {
        double term = exp(k * k * y);
        sum += term;
        if (term < 1e-18 * sum)
            break;
    }
    return sqrt(2 * M_PI) / x * sum;
}

double qn_smirnov_probability(double distance, int64_t first_size, int64_t second_size) {
    double n = (double)first_size, m = (double)second_size;
    if (!(n > 0 && m > 0) || isnan(distance))
        return NAN;
    double x = distance * sqrt(n * m / (n + m));
    if (x <= 0)
        return 1;
    return x < 1 ? 1 - lower_tail(x) : upper_tail(x);
}
