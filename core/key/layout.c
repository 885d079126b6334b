#include "core/key/layout.h"

#include <string.h>

QN_KEY_CLONES static void word_range(const uint64_t *words, int64_t count, int64_t *low,
                                     int64_t *high) {
    int64_t least = INT64_MAX, most = INT64_MIN;
    for (int64_t i = 0; i < count; i++) {
        int64_t word = (int64_t)words[i];
        least = word < least ? word : least;
        most = word > most ? word : most;
    }
    *low = least;
    *high = most;
}

static bool present_range(const uint64_t *words, const uint64_t *nulls, int32_t bit, int64_t count,
                          int64_t *low, int64_t *high) {
    bool some_null = false;
    *low = INT64_MAX;
    *high = INT64_MIN;
    for (int64_t i = 0; i < count; i++) {
        int64_t word = (int64_t)words[i];
        if (nulls[i] >> bit & 1) {
            some_null = true;
            continue;
        }
        *low = word < *low ? word : *low;
        *high = word > *high ? word : *high;
    }
    return some_null;
}

bool qn_key_range(const uint64_t *words, const uint64_t *nulls, int32_t bit, int64_t count,
                  int64_t *low, int64_t *high) {
    if (nulls != NULL)
        return present_range(words, nulls, bit, count, low, high);
    word_range(words, count, low, high);
    return false;
}

/* Bits and base for what was met, with the slack of the next power of two on both sides. */
static void place(qn_key_layout *column) {
    if (column->low > column->high) { /* nothing but nulls */
        column->bits = column->nullable ? 1 : 0;
        column->base = 0;
        column->top = -1;
        return;
    }
    uint64_t last = (uint64_t)column->high - (uint64_t)column->low;
    if (last >= UINT64_MAX >> 2) {
        column->bits = 64;
        column->base = INT64_MIN;
        column->top = INT64_MAX;
        return;
    }
    last += column->nullable;
    column->bits = last == 0 ? 0 : 64 - __builtin_clzll(last);
    uint64_t slack = (UINT64_C(1) << column->bits) - 1 - last;
    int64_t base, top;
    if (__builtin_sub_overflow(column->low, (int64_t)(slack / 2), &base))
        base = INT64_MIN;
    if (base < 0 && column->low >= 0)
        base = 0;
    int64_t span = (int64_t)((UINT64_C(1) << column->bits) - 1 - column->nullable);
    if (__builtin_add_overflow(base, span, &top))
        top = INT64_MAX;
    column->base = base;
    column->top = top;
}

bool qn_key_layout_widen(qn_key_layout *column, int64_t low, int64_t high, bool some_null) {
    bool fits = low > high || (low >= column->base && high <= column->top);
    bool empty = column->low > column->high;
    if (low <= high) { /* also what falls into the slack: the next layout must have room for it */
        column->low = empty || low < column->low ? low : column->low;
        column->high = empty || high > column->high ? high : column->high;
    }
    if (fits && (!some_null || column->nullable))
        return false;
    column->nullable = column->nullable || some_null;
    place(column);
    return true;
}

int32_t qn_key_layout_arrange(qn_key_layout *columns, int32_t count) {
    int32_t bits = 0;
    for (int32_t k = 0; k < count; k++) {
        qn_key_layout *column = &columns[k];
        if (column->bits + bits > 64 || (column->bits == 64 && column->nullable))
            return 65;
        column->shift = bits & 63; /* of a column without bits it does not matter */
        bits += column->bits;
    }
    return bits;
}

QN_KEY_CLONES static void pack_plain(const uint64_t *restrict words, int64_t count, uint64_t base,
                                     int32_t shift, uint64_t *restrict keys) {
    for (int64_t i = 0; i < count; i++)
        keys[i] |= (words[i] - base) << shift;
}

QN_KEY_CLONES static void pack_nullable(const uint64_t *restrict words,
                                        const uint64_t *restrict nulls, int32_t bit, int64_t count,
                                        uint64_t base, int32_t shift, uint64_t *restrict keys) {
    for (int64_t i = 0; i < count; i++)
        keys[i] |= (nulls[i] >> bit & 1 ? 0 : words[i] - base + 1) << shift;
}

void qn_key_pack(const qn_key_layout *columns, int32_t column_count, uint64_t *const *words,
                 uint64_t *const *null_words, int64_t first, int64_t count, uint64_t *keys) {
    memset(keys, 0, (size_t)count * sizeof *keys);
    for (int32_t k = 0; k < column_count; k++) {
        const qn_key_layout *column = &columns[k];
        uint64_t base = (uint64_t)column->base - (column->nullable ? 1 : 0);
        if (column->bits == 0)
            continue;
        if (column->nullable && null_words != NULL)
            pack_nullable(words[k] + first, null_words[k / 64] + first, k % 64, count, base + 1,
                          column->shift, keys);
        else
            pack_plain(words[k] + first, count, base, column->shift, keys);
    }
}

void qn_key_outside(const qn_key_layout *columns, int32_t column_count, const qn_key_rows *rows,
                    int64_t first, int64_t count, bool *outside) {
    memset(outside, 0, (size_t)count * sizeof *outside);
    for (int32_t k = 0; k < column_count; k++) {
        const qn_key_layout *column = &columns[k];
        for (int64_t i = 0; i < count; i++) {
            bool null = rows->has_nulls && rows->null_words[k / 64][first + i] >> (k % 64) & 1;
            int64_t word = (int64_t)rows->words[k][first + i];
            outside[i] |= null ? !column->nullable : word < column->base || word > column->top;
        }
    }
}
