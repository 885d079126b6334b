/* Inside core/key: how columns of words, side by side, are packed into one word. */
#ifndef QUERN_CORE_KEY_LAYOUT_H
#define QUERN_CORE_KEY_LAYOUT_H

#include "core/key/key_private.h"

/* How a column becomes bits of a packed key: its word less base, plus 1 if 0 stands for null. */
typedef struct qn_key_layout {
    int64_t low, high; /* met so far; low > high: nothing */
    int64_t base, top; /* words that fit */
    bool nullable;
    int32_t bits, shift;
} qn_key_layout;

/* A layout that nothing fits in. */
static inline qn_key_layout qn_key_layout_empty(void) {
    return (qn_key_layout){.low = 0, .high = -1, .base = 0, .top = -1};
}

/* Local. Least and greatest word (as signed numbers; low > high: none) of those that are not null:
 * bit `bit` of nulls[i] (NULL: no nulls) says which are. Returns whether some are null. */
bool qn_key_range(const uint64_t *words, const uint64_t *nulls, int32_t bit, int64_t count,
                  int64_t *low, int64_t *high);

/* Local. Widens a column's layout for words from low to high, and nulls; returns whether it had
 * to, in which case all columns must be arranged and packed anew. */
bool qn_key_layout_widen(qn_key_layout *column, int64_t low, int64_t high, bool some_null);

/* Local. Gives each column its place in the packed key. Returns the bits, 65 for too many. */
int32_t qn_key_layout_arrange(qn_key_layout *columns, int32_t count);

/* Local. keys[i] = the packed key [first + i]. null_words NULL: no nulls among these. */
void qn_key_pack(const qn_key_layout *columns, int32_t column_count, uint64_t *const *words,
                 uint64_t *const *null_words, int64_t first, int64_t count, uint64_t *keys);

/* Local. outside[i] = key [first + i] does not fit. */
void qn_key_outside(const qn_key_layout *columns, int32_t column_count, const qn_key_rows *rows,
                    int64_t first, int64_t count, bool *outside);

#endif
