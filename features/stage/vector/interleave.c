#include "features/stage/vector/interleave.h"

#include <string.h>

typedef double four __attribute__((vector_size(32)));
typedef int64_t mask __attribute__((vector_size(32)));

enum { LINE = 8 }; /* values */

#define LOAD(to, from)  memcpy(&(to), (from), sizeof(to))
#define STORE(to, from) memcpy((to), &(from), sizeof(from))

/* Four columns, four rows at a time: two rounds of shuffles and whole registers stored, where one
 * value at a time would be limited by the number of stores. */
__attribute__((target_clones("avx2", "default"))) static bool
interleave_four(const double *const *columns, int64_t rows, int64_t ahead, double *out,
                int64_t stride) {
    const double *a = columns[0], *b = columns[1], *c = columns[2], *d = columns[3];
    mask nan = {0};
    for (int64_t r = 0; r < rows; r += 4) {
        four p, q, s, t;
        LOAD(p, a + r);
        LOAD(q, b + r);
        LOAD(s, c + r);
        LOAD(t, d + r);
        nan |= (p != p) | (q != q) | (s != s) | (t != t);
        four even = __builtin_shufflevector(p, q, 0, 4, 2, 6);
        four odd = __builtin_shufflevector(p, q, 1, 5, 3, 7);
        four later_even = __builtin_shufflevector(s, t, 0, 4, 2, 6);
        four later_odd = __builtin_shufflevector(s, t, 1, 5, 3, 7);
        four first = __builtin_shufflevector(even, later_even, 0, 1, 4, 5);
        four second = __builtin_shufflevector(odd, later_odd, 0, 1, 4, 5);
        four third = __builtin_shufflevector(even, later_even, 2, 3, 6, 7);
        four fourth = __builtin_shufflevector(odd, later_odd, 2, 3, 6, 7);
        double *to = out + r * stride;
        STORE(to, first);
        STORE(to + stride, second);
        STORE(to + 2 * stride, third);
        STORE(to + 3 * stride, fourth);
        if (r % LINE == 0) {
            __builtin_prefetch(a + r + ahead);
            __builtin_prefetch(b + r + ahead);
            __builtin_prefetch(c + r + ahead);
            __builtin_prefetch(d + r + ahead);
        }
    }
    return (nan[0] | nan[1] | nan[2] | nan[3]) != 0;
}

static bool interleave_some(const double *const *columns, int32_t count, int64_t rows,
                            int64_t ahead, double *out, int64_t stride) {
    bool nan = false;
    for (int32_t c = 0; c < count; c++)
        for (int64_t r = 0; r < rows; r++) {
            double x = columns[c][r];
            if (r % LINE == 0)
                __builtin_prefetch(columns[c] + r + ahead);
            out[r * stride + c] = x;
            nan |= x != x;
        }
    return nan;
}

bool qn_interleave(const double *const *columns, int32_t count, int64_t rows, int64_t ahead,
                   double *out, int64_t stride) {
    if (count < QN_INTERLEAVE)
        return interleave_some(columns, count, rows, ahead, out, stride);
    int64_t whole = rows & ~(int64_t)3;
    bool nan = interleave_four(columns, whole, ahead, out, stride);
    const double *const rest[] = {columns[0] + whole, columns[1] + whole, columns[2] + whole,
                                  columns[3] + whole};
    return interleave_some(rest, count, rows - whole, ahead, out + whole * stride, stride) || nan;
}
