/* Inside core/stats: splits a block of doubles into a few partial sums that are exact.
 *
 * Adding and subtracting a large power of two cuts a number's leading bits off, on a grid coarse
 * enough that the leading parts of a whole block add up without rounding; what is left is cut
 * again (S. M. Rump, T. Ogita, S. Oishi, "Accurate floating-point summation part I", 2008). So a
 * block costs a few vector additions a level, and the superaccumulator sees only the partial
 * sums. */
#ifndef QUERN_CORE_STATS_EXACT_H
#define QUERN_CORE_STATS_EXACT_H

#include <stdint.h>

enum { QN_EXACT_LANES = 16, QN_EXACT_ROWS = 128, QN_EXACT_LEVELS = 4 };

/* Local. `block` holds `rows` <= QN_EXACT_ROWS rows of QN_EXACT_LANES values and is overwritten.
 * Writes partial sums so that, lane by lane, their sum is exactly that of the lane. Returns the
 * number of levels written; -1, with the block untouched, if some value is not finite or above
 * 2^900; -2, with what is still to be added left in the block, if all levels were used and
 * QN_EXACT_LEVELS rows of partial sums were written. */
int qn_exact_partial(double (*block)[QN_EXACT_LANES], int rows, double (*partial)[QN_EXACT_LANES]);

/* Local. high[i] + low[i] = a[i] * b[i] exactly (but for underflow; low is 0 where high is
 * not finite). b may be a. */
void qn_exact_products(const double *a, const double *b, int64_t count, double *high, double *low);

#endif
