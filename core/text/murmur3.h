/* MurmurHash3, x86, 32 bits (A. Appleby, 2008, public domain), as Spark uses it: of bytes, and of
 * one or two 32-bit words for ints and longs. */
#ifndef QUERN_CORE_TEXT_MURMUR3_H
#define QUERN_CORE_TEXT_MURMUR3_H

#include "core/text/text.h"

#include <stdint.h>
#include <string.h>

/* Spark's seed, of hash() as of HashingTF and FeatureHasher. */
enum { QN_MURMUR3_SEED = 42 };

static inline uint32_t qn_murmur3_word(uint32_t word) {
    word *= 0xcc9e2d51u;
    return (word << 15 | word >> 17) * 0x1b873593u;
}

/* One more 32-bit word of the input. */
static inline uint32_t qn_murmur3_mix(uint32_t hash, uint32_t word) {
    hash ^= qn_murmur3_word(word);
    return (hash << 13 | hash >> 19) * 5 + 0xe6546b64u;
}

/* After the last word; `length` of the input in bytes. */
static inline uint32_t qn_murmur3_finish(uint32_t hash, uint32_t length) {
    hash ^= length;
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

/* Mixes in the whole words of `text`, not the up to three bytes behind them. */
static inline uint32_t qn_murmur3_words(uint32_t hash, qn_view text) {
    for (int64_t i = 0; i + 4 <= text.length; i += 4) {
        uint32_t word;
        memcpy(&word, text.data + i, sizeof word);
        hash = qn_murmur3_mix(hash, word);
    }
    return hash;
}

/* The end of an input of `length` bytes in all, from `hash` of whole words before `text` on. */
static inline uint32_t qn_murmur3_end(uint32_t hash, qn_view text, int64_t length) {
    uint32_t rest = 0;
    const unsigned char *tail = (const unsigned char *)text.data + (text.length & ~INT64_C(3));
    hash = qn_murmur3_words(hash, text);
    for (int64_t i = text.length & 3; i-- > 0;)
        rest = rest << 8 | tail[i];
    return qn_murmur3_finish(hash ^ qn_murmur3_word(rest), (uint32_t)length);
}

/* The standard hash of bytes: Spark's hashUnsafeBytes2, that of HashingTF and FeatureHasher since
 * Spark 3. About 1 ns a word. (Spark SQL's hash() takes the bytes left over one by one instead:
 * core/expr/hash.c.) */
static inline uint32_t qn_murmur3_bytes(qn_view text, uint32_t seed) {
    return qn_murmur3_end(seed, text, text.length);
}

/* Spark's hashInt and hashLong: also of bool (0 or 1), and of float and double by their bits. */
static inline uint32_t qn_murmur3_int(uint32_t value, uint32_t seed) {
    return qn_murmur3_finish(qn_murmur3_mix(seed, value), 4);
}

static inline uint32_t qn_murmur3_long(uint64_t value, uint32_t seed) {
    uint32_t hash = qn_murmur3_mix(seed, (uint32_t)value);
    return qn_murmur3_finish(qn_murmur3_mix(hash, (uint32_t)(value >> 32)), 8);
}

/* The place of a hash among `count`: its remainder as a signed number, never negative (Spark's
 * nonNegativeMod). */
static inline int32_t qn_murmur3_slot(uint32_t hash, int32_t count) {
    int32_t rest = (int32_t)hash % count;
    return rest < 0 ? rest + count : rest;
}

#endif
