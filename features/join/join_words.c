#include "features/join/join_words.h"

#include "core/memory.h"

#include <string.h>

qn_status qn_words_init(qn_words *out, int64_t most) {
    qn_words made = {.shift = 58, .mask = 63};
    while (made.mask + 1 < 2 * most) {
        made.mask = made.mask * 2 + 1;
        made.shift--;
    }
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&made.heads, (size_t)made.mask + 1, sizeof *made.heads), done);
    QN_TRY_GOTO(qn_mem_alloc(&made.words, (size_t)most, sizeof *made.words), done);
    memset(made.heads, 0xff, ((size_t)made.mask + 1) * sizeof *made.heads);
    *out = made;
    made = (qn_words){0};
done:
    qn_words_clear(&made);
    return status;
}

void qn_words_clear(qn_words *words) {
    qn_mem_free(words->heads);
    qn_mem_free(words->words);
    *words = (qn_words){0};
}

static inline int64_t place_of(const qn_words *words, uint64_t value) {
    return (int64_t)(((value ^ value >> 32) * UINT64_C(0x9E3779B97F4A7C15)) >> words->shift);
}

void qn_words_insert(qn_words *words, const uint64_t *values, int64_t count, uint32_t *numbers) {
    for (int64_t i = 0; i < count; i++) {
        int64_t at = place_of(words, values[i]);
        uint32_t head = words->heads[at];
        while (head != UINT32_MAX && words->words[head] != values[i]) {
            at = (at + 1) & words->mask;
            head = words->heads[at];
        }
        if (head == UINT32_MAX) {
            head = (uint32_t)words->count++;
            words->heads[at] = head;
            words->words[head] = values[i];
        }
        numbers[i] = head;
    }
}

void qn_words_find(const qn_words *words, const uint64_t *values, int64_t count,
                   uint32_t *numbers) {
    for (int64_t i = 0; i < count; i++) {
        int64_t at = place_of(words, values[i]);
        uint32_t head = words->heads[at];
        while (head != UINT32_MAX && words->words[head] != values[i]) {
            at = (at + 1) & words->mask;
            head = words->heads[at];
        }
        numbers[i] = head;
    }
}
