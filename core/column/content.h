/* Content hash of a column: 128 bits over its logical values in their order.
 *
 * It does not depend on how the values are cut into batches, parts or ranks, nor on how they are
 * encoded (dictionary or not, sparse or dense, compressed or not): hashes of consecutive pieces
 * merge into the hash of the whole. Two polynomials modulo 2^64 over a bijective 64-bit mix of
 * each value (MurmurHash3's finaliser with Stafford's constants, variant 13; strings by XXH3-128).
 * One changed value always changes it; it guards against accidents, not against an adversary.
 * All NaNs are one value; in vectors -0 and 0 are one value. */
#ifndef QUERN_CORE_COLUMN_CONTENT_H
#define QUERN_CORE_COLUMN_CONTENT_H

#include "core/column/column.h"

typedef struct qn_content {
    uint64_t a, b;
    int64_t rows;
} qn_content;

enum { QN_CONTENT_TEXT = 33 }; /* 32 hex digits and a NUL */

void qn_content_init(qn_content *content);

/* Local. The column's rows follow those hashed so far. About 0.3 ns a fixed-width value, 5 ns a
 * short string. */
void qn_content_add(qn_content *content, const qn_column *column);

/* Local. The rows of `next` follow those of `content`. */
void qn_content_merge(qn_content *content, const qn_content *next);

bool qn_content_equal(const qn_content *x, const qn_content *y);

void qn_content_print(const qn_content *content, char out[QN_CONTENT_TEXT]); /* a and b in hex */
bool qn_content_parse(const char *text, int64_t rows, qn_content *out);

#endif
