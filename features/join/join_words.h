/* Inside features/wide/join*.c only: distinct words, numbered in the order in which they were first
 * met. For few enough of them that the table stays in the second-level cache, and for words that
 * spread wide: the rows of some partitions of a hash. */
#ifndef QUERN_FEATURES_JOIN_JOIN_WORDS_H
#define QUERN_FEATURES_JOIN_JOIN_WORDS_H

#include "core/status.h"

#include <stdint.h>

enum { QN_WORDS_MAX = 1 << 16 };

typedef struct qn_words {
    uint32_t *heads; /* number of the word there; UINT32_MAX: free */
    uint64_t *words; /* by number */
    int64_t count, mask;
    int shift;
} qn_words;

/* Local. Room for `most` words, QN_WORDS_MAX at most. */
QN_CHECKED qn_status qn_words_init(qn_words *out, int64_t most);
void qn_words_clear(qn_words *words);

/* numbers[i] of values[i]; without insert, UINT32_MAX for those never met. */
void qn_words_insert(qn_words *words, const uint64_t *values, int64_t count, uint32_t *numbers);
void qn_words_find(const qn_words *words, const uint64_t *values, int64_t count, uint32_t *numbers);

#endif
