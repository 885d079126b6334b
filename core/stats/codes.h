/* Numbers 0, 1, 2 ... for the distinct values of a column, in the order in which they are met: the
 * categories of tests. Values are told apart by a 64-bit key: reals by their bits (one zero, one
 * NaN), whole numbers, dates and times by their value, texts by their XXH3 hash. */
#ifndef QUERN_CORE_STATS_CODES_H
#define QUERN_CORE_STATS_CODES_H

#include "core/column/column.h"

enum { QN_CODES_MOST = 10000 }; /* categories, as Spark's tests allow */

typedef struct qn_codes {
    int32_t count, capacity;
    uint64_t *keys;
    int32_t *order;     /* private: the codes in ascending order of their keys */
    int64_t slot_count; /* a power of two */
    int32_t *slots;     /* code + 1; 0 is free */
} qn_codes;

void qn_codes_init(qn_codes *codes);
void qn_codes_clear(qn_codes *codes);

/* Local. The code of a key, new or not. About 3 ns. */
QN_CHECKED qn_status qn_codes_add(qn_codes *codes, uint64_t key, int32_t *code);

/* The code of a key, or -1. */
int32_t qn_codes_find(const qn_codes *codes, uint64_t key);

/* Local. All codes in ascending order of their keys, which does not depend on when they were met;
 * borrowed until the next call. */
QN_CHECKED qn_status qn_codes_sorted(qn_codes *codes, const int32_t **out);

uint64_t qn_codes_real(double value);

/* Local. The key of each row of a column of any type but lists and vectors; under nulls anything.
 */
QN_CHECKED qn_status qn_codes_keys(const qn_column *column, uint64_t *out);

#endif
