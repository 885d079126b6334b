/* A set of short words of ASCII, found by comparing two words of the machine. */
#ifndef QUERN_FEATURES_STAGE_TEXT_SHORT_WORDS_H
#define QUERN_FEATURES_STAGE_TEXT_SHORT_WORDS_H

#include "core/text/eight.h"
#include "features/stage/labels.h"

enum { QN_SHORT_WORD = 15 }; /* bytes */

/* A word's bytes, lowest first, and its length in the top byte of the tail: never 0. */
typedef struct qn_short_key {
    uint64_t head, tail;
} qn_short_key;

typedef struct qn_short_words {
    int shift; /* of a hash, to a slot */
    uint64_t mask;
    qn_short_key slots[]; /* tail 0: free */
} qn_short_words;

/* Local. The words of 1 to 15 bytes of ASCII in the list, whose others are left to it; freed with
 * qn_mem_free. */
QN_CHECKED qn_status qn_short_words_new(qn_short_words **out, const qn_labels *words);

/* The key of a word of 1 to 15 bytes, of which `readable` may be read; in small letters if asked.
 * False if it has bytes beyond ASCII. */
static inline bool qn_short_key_of(qn_view word, int64_t readable, bool lower, qn_short_key *out) {
    uint64_t bytes[2] = {0, 0};
    if (readable >= 16)
        memcpy(bytes, word.data, 16);
    else
        memcpy(bytes, word.data, (size_t)word.length);
    int64_t bits = word.length * 8;
    uint64_t head = bits < 64 ? bytes[0] & ((UINT64_C(1) << bits) - 1) : bytes[0];
    uint64_t tail = bits > 64 ? bytes[1] & ((UINT64_C(1) << (bits - 64)) - 1) : 0;
    if ((head | tail) & QN_EIGHT_TOPS)
        return false;
    out->head = lower ? qn_eight_lower(head) : head;
    out->tail = (lower ? qn_eight_lower(tail) : tail) | (uint64_t)word.length << 56;
    return true;
}

static inline uint64_t qn_short_slot(const qn_short_words *words, qn_short_key key) {
    uint64_t mixed = (key.head ^ key.tail * UINT64_C(0xc2b2ae3d27d4eb4f));
    return (mixed * UINT64_C(0x9e3779b97f4a7c15)) >> words->shift;
}

static inline bool qn_short_words_have(const qn_short_words *words, qn_short_key key) {
    for (uint64_t at = qn_short_slot(words, key);; at = (at + 1) & words->mask) {
        qn_short_key slot = words->slots[at];
        if (slot.head == key.head && slot.tail == key.tail)
            return true;
        if (slot.tail == 0)
            return false;
    }
}

#endif
