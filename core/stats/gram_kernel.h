/* Inside core/stats: the multiplication that Gram matrices are made of. */
#ifndef QUERN_CORE_STATS_GRAM_KERNEL_H
#define QUERN_CORE_STATS_GRAM_KERNEL_H

#include <stdint.h>

/* Rows that are multiplied out of the first-level cache before they are added to the product. */
enum { QN_GRAM_ROWS = 64 };

/* Local. product[i * stride + j] += sum over rows of left[r * stride + i] * right[r * stride + j]
 * for j >= i / 8 * 8 (the upper triangle and some of the lower). `stride` is a multiple of 8, all
 * pointers are aligned to 64 bytes, rows <= QN_GRAM_ROWS. left == right is usual. The order of
 * additions is fixed by the processor's vector width alone. */
void qn_gram_multiply(const double *left, const double *right, int rows, int stride,
                      double *product);

/* Local. total + rest += product, elementwise: what rounding `total` loses is kept in `rest`. */
void qn_gram_fold(const double *product, int64_t count, double *total, double *rest);

#endif
