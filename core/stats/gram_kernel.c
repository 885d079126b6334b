#include "core/stats/gram_kernel.h"

#include <string.h>

/* A tile of HEIGHT rows times COUNT vectors of the product stays in registers while the packed
 * rows stream past. One body for all vector widths; the constants are folded after inlining. */
/* clang-format off */
#define EACH(k, count) _Pragma("GCC unroll 8") for (int k = 0; k < (count); k++)
#define DEFINE_TILE(NAME, LANES, HEIGHT, COUNT)                                                    \
    __attribute__((always_inline)) static inline void NAME(                                        \
        const double *left, const double *right, int rows, int stride, double *product) {          \
        typedef double vector __attribute__((vector_size(8 * LANES), may_alias));                  \
        vector sums[HEIGHT][COUNT];                                                                \
        memset(sums, 0, sizeof sums);                                                              \
        for (int r = 0; r < rows; r++) {                                                           \
            vector b[COUNT];                                                                       \
            EACH(j, COUNT)                                                                         \
                b[j] = *(const vector *)(right + LANES * j);                                       \
            EACH(i, HEIGHT)                                                                        \
                EACH(j, COUNT)                                                                     \
                    sums[i][j] += left[i] * b[j];                                                  \
            left += stride;                                                                        \
            right += stride;                                                                       \
        }                                                                                          \
        EACH(i, HEIGHT)                                                                            \
            EACH(j, COUNT)                                                                         \
                *(vector *)(product + i * stride + LANES * j) += sums[i][j];                       \
    }
/* clang-format on */

/* All tiles on and right of the diagonal, with narrower ones at the right edge. */
#define DEFINE_MULTIPLY(NAME, LANES, HEIGHT, TILE_1, TILE_2, TILE_3)                               \
    static void NAME(const double *left, const double *right, int rows, int stride,                \
                     double *product) {                                                            \
        for (int i = 0; i < stride; i += (HEIGHT)) {                                               \
            double *out = product + i * stride;                                                    \
            int j = i / (LANES) * (LANES);                                                         \
            for (; j + 3 * (LANES) <= stride; j += 3 * (LANES))                                    \
                TILE_3(left + i, right + j, rows, stride, out + j);                                \
            if (j + 2 * (LANES) <= stride)                                                         \
                TILE_2(left + i, right + j, rows, stride, out + j);                                \
            else if (j < stride)                                                                   \
                TILE_1(left + i, right + j, rows, stride, out + j);                                \
        }                                                                                          \
    }

DEFINE_TILE(tile_2x1, 2, 4, 1)
DEFINE_TILE(tile_2x2, 2, 4, 2)
DEFINE_TILE(tile_2x3, 2, 4, 3)
DEFINE_MULTIPLY(multiply_portable, 2, 4, tile_2x1, tile_2x2, tile_2x3)

#if defined(__x86_64__)
#pragma GCC push_options
#pragma GCC target("avx2,fma")
DEFINE_TILE(tile_4x1, 4, 4, 1)
DEFINE_TILE(tile_4x2, 4, 4, 2)
DEFINE_TILE(tile_4x3, 4, 4, 3)
DEFINE_MULTIPLY(multiply_avx2, 4, 4, tile_4x1, tile_4x2, tile_4x3)
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,prefer-vector-width=512")
DEFINE_TILE(tile_8x1, 8, 8, 1)
DEFINE_TILE(tile_8x2, 8, 8, 2)
DEFINE_TILE(tile_8x3, 8, 8, 3)
DEFINE_MULTIPLY(multiply_avx512, 8, 8, tile_8x1, tile_8x2, tile_8x3)
#pragma GCC pop_options
#endif

void qn_gram_multiply(const double *left, const double *right, int rows, int stride,
                      double *product) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
        multiply_avx512(left, right, rows, stride, product);
        return;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        multiply_avx2(left, right, rows, stride, product);
        return;
    }
#endif
    multiply_portable(left, right, rows, stride, product);
}

#if defined(__x86_64__)
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
void qn_gram_fold(const double *product, int64_t count, double *total, double *rest) {
    for (int64_t i = 0; i < count; i++) {
        double sum = total[i] + product[i], part = sum - total[i];
        rest[i] += (total[i] - (sum - part)) + (product[i] - part);
        total[i] = sum;
    }
}
