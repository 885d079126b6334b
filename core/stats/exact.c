#include "core/stats/exact.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#if !defined(__x86_64__)
#undef CLONES
#define CLONES
#endif

enum {
    HEADROOM = 9,       /* a lane of QN_EXACT_ROWS values below 2^e sums up below 2^(e + 8) */
    LEVEL_BITS = 44,    /* each level takes 53 - HEADROOM bits */
    MAX_EXPONENT = 1923 /* biased, of 2^900 */
};

static inline int64_t bits_of(double x) {
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double power_of(int64_t biased_exponent) {
    int64_t bits = biased_exponent << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The biased exponent of each lane's largest magnitude. Comparing the bits as integers keeps NaN
 * and infinities on top. */
CLONES
static void lane_exponents(const double (*block)[QN_EXACT_LANES], int rows, int64_t *exponents) {
    int64_t largest[QN_EXACT_LANES] = {0};
    for (int r = 0; r < rows; r++)
        for (int l = 0; l < QN_EXACT_LANES; l++) {
            int64_t magnitude = bits_of(block[r][l]) & INT64_MAX;
            largest[l] = magnitude > largest[l] ? magnitude : largest[l];
        }
    for (int l = 0; l < QN_EXACT_LANES; l++)
        exponents[l] = largest[l] >> 52;
}

CLONES
static int64_t cut_level(double (*block)[QN_EXACT_LANES], int rows, const double *grid,
                         double *total) {
    double sums[QN_EXACT_LANES] = {0};
    int64_t left[QN_EXACT_LANES] = {0};
    for (int r = 0; r < rows; r++)
        for (int l = 0; l < QN_EXACT_LANES; l++) {
            double high = (grid[l] + block[r][l]) - grid[l];
            double low = block[r][l] - high;
            sums[l] += high;
            block[r][l] = low;
            left[l] |= bits_of(low) & INT64_MAX;
        }
    int64_t any = 0;
    for (int l = 0; l < QN_EXACT_LANES; l++) {
        total[l] = sums[l];
        any |= left[l];
    }
    return any;
}

int qn_exact_partial(double (*block)[QN_EXACT_LANES], int rows, double (*partial)[QN_EXACT_LANES]) {
    int64_t exponents[QN_EXACT_LANES];
    double grid[QN_EXACT_LANES];
    lane_exponents((const double(*)[QN_EXACT_LANES])block, rows, exponents);
    for (int l = 0; l < QN_EXACT_LANES; l++)
        if (exponents[l] > MAX_EXPONENT)
            return -1;
    for (int level = 0; level < QN_EXACT_LEVELS; level++) {
        for (int l = 0; l < QN_EXACT_LANES; l++) {
            /* Below the normal range every number is on the grid already. */
            int64_t exponent = exponents[l] + 1 + HEADROOM - (int64_t)level * LEVEL_BITS;
            grid[l] = power_of(exponent < 1 ? 1 : exponent);
        }
        if (cut_level(block, rows, grid, partial[level]) == 0)
            return level + 1;
    }
    return -2;
}

CLONES
void qn_exact_products(const double *a, const double *b, int64_t count, double *high, double *low) {
    for (int64_t i = 0; i < count; i++) {
        double product = a[i] * b[i];
        high[i] = product;
        low[i] = fabs(product) <= DBL_MAX ? fma(a[i], b[i], -product) : 0;
    }
}
