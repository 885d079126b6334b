/* Many exact sums side by side, as fast as integers: values on a common grid 2^base are split into
 * two integers, one below and one above 2^(base + 43), and those are added up. The grid follows the
 * data; values that spread over more than 83 bits move all sums, once, to the digits of
 * core/stats/sums.h. The result is the correctly rounded sum of what was added less what was
 * removed, whatever the order and grouping. NaN and infinities are counted apart and give what
 * IEEE addition would, until they are removed. */
#ifndef QUERN_CORE_STATS_FIXED_SUMS_H
#define QUERN_CORE_STATS_FIXED_SUMS_H

#include "core/stats/sums.h"
#include "core/text/text.h"

enum { QN_FIXED_LOW_BITS = 43, QN_FIXED_HIGH_BITS = 40 };

/* low + high * 2^43, in units of 2^base; not carried. */
typedef int64_t qn_fixed_pair __attribute__((vector_size(16)));

/* The grid, and what of it was used: no value had bits below or above. */
typedef struct qn_fixed_grid {
    int32_t base;
    bool placed;        /* false: nothing but zeros so far */
    uint64_t low_bits;  /* of all low parts, */
    uint64_t high_bits; /* and of all magnitudes of high ones: one or the other */
} qn_fixed_grid;

typedef struct qn_fixed_sums {
    int64_t count, capacity;
    qn_fixed_grid grid;
    qn_fixed_pair *pairs;
    int64_t pending;   /* additions since carries were propagated */
    bool wide;         /* the sums are in `digits`, not in `pairs` */
    qn_sums digits;    /* `capacity` of them */
    int64_t *specials; /* three a sum: how many NaN, +inf, -inf; NULL: none yet */
} qn_fixed_sums;

void qn_fixed_sums_init(qn_fixed_sums *sums);
void qn_fixed_sums_clear(qn_fixed_sums *sums);

/* Local. Makes it `count` sums, new ones 0. */
QN_CHECKED qn_status qn_fixed_sums_grow(qn_fixed_sums *sums, int64_t count);

/* Local. Adds values[i] to (or, sign -1, removes it from) sum ids[i]; ids NULL: sum 0. About 1 ns a
 * value while the sums are in cache. Errors: MEMORY. */
QN_CHECKED qn_status qn_fixed_sums_add(qn_fixed_sums *sums, const uint32_t *ids,
                                       const double *values, int64_t count, int sign);

/* Local. One value. About 3 ns. */
QN_CHECKED qn_status qn_fixed_sums_add_one(qn_fixed_sums *sums, int64_t index, double value,
                                           int sign);

/* The correctly rounded sum. About 5 ns. */
double qn_fixed_sums_result(const qn_fixed_sums *sums, int64_t index);

/* The same as high + low, as qn_sum_result_pair. */
void qn_fixed_sums_result_pair(const qn_fixed_sums *sums, int64_t index, double *high, double *low);

/* Sets sum `index` back to 0. */
void qn_fixed_sums_reset(qn_fixed_sums *sums, int64_t index);

/* Local. For sending: appends sum `index` as bytes; adds such bytes to a sum. */
QN_CHECKED qn_status qn_fixed_sums_pack(const qn_fixed_sums *sums, int64_t index, qn_text *out);
QN_CHECKED qn_status qn_fixed_sums_unpack(qn_fixed_sums *sums, int64_t index, qn_view bytes);

/* Local. The fast form of sending, while !wide and specials == NULL: adds low + high * 2^43, in
 * units of 2^base. */
QN_CHECKED qn_status qn_fixed_sums_add_pair(qn_fixed_sums *sums, int64_t index, qn_fixed_pair pair,
                                            int32_t base);

int64_t qn_fixed_sums_bytes(const qn_fixed_sums *sums); /* memory held */

/* ---- For sums of products (core/stats/fixed_products.h) ---------------------------------------
 */

/* Local. Splits values on the grid; false, with nothing done to the grid, if some does not fit (or
 * is not finite). */
QN_CHECKED bool qn_fixed_split(qn_fixed_grid *grid, const double *values, int64_t count,
                               int64_t *low, int64_t *high);

/* Local. Sets *base to that of a grid for what was used of `grid` so far and for these values, as
 * far as they are finite; false if 83 bits are not enough for that. */
QN_CHECKED bool qn_fixed_place(const qn_fixed_grid *grid, const double *values, int64_t count,
                               int32_t *base);

/* Local. Adds an integer of up to 127 bits, in units of 2^base, to a sum of digits. */
__extension__ typedef __int128 qn_wide;
QN_CHECKED qn_status qn_fixed_add_wide(qn_sums *digits, int64_t index, qn_wide value, int32_t base);

/* Local. More sums of digits, the new ones 0. */
QN_CHECKED qn_status qn_fixed_grow_digits(qn_sums *digits, int64_t count);

/* What was used so far, as seen from another base. */
void qn_fixed_move(qn_fixed_grid *grid, int32_t base);

#endif
