/* Columns of numbers into rows: the kernel of vector_assembler. */
#ifndef QUERN_FEATURES_STAGE_VECTOR_INTERLEAVE_H
#define QUERN_FEATURES_STAGE_VECTOR_INTERLEAVE_H

#include <stdbool.h>
#include <stdint.h>

enum { QN_INTERLEAVE = 4 }; /* columns at most */

/* Local. out[r * stride + c] = columns[c][r] for `count` <= QN_INTERLEAVE columns; what follows
 * each within `ahead` rows is brought into the cache. Returns whether there was a NaN. */
bool qn_interleave(const double *const *columns, int32_t count, int64_t rows, int64_t ahead,
                   double *out, int64_t stride);

#endif
