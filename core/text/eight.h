/* Eight bytes of text in a word of the machine, the first one lowest. */
#ifndef QUERN_CORE_TEXT_EIGHT_H
#define QUERN_CORE_TEXT_EIGHT_H

#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read lowest byte first");

#define QN_EIGHT_ONES UINT64_C(0x0101010101010101)
#define QN_EIGHT_TOPS UINT64_C(0x8080808080808080)

static inline uint64_t qn_eight_load(const char *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    return word;
}

/* The top bit of each byte of ASCII in [from, to]. */
static inline uint64_t qn_eight_between(uint64_t word, unsigned char from, unsigned char to) {
    uint64_t low = word & ~QN_EIGHT_TOPS;
    return (low + QN_EIGHT_ONES * (0x80u - from)) & ~(low + QN_EIGHT_ONES * (0x7fu - to)) & ~word &
           QN_EIGHT_TOPS;
}

/* ... of each space, \t, \n, \v, \f and \r. */
static inline uint64_t qn_eight_blanks(uint64_t word) {
    return qn_eight_between(word, ' ', ' ') | qn_eight_between(word, '\t', '\r');
}

/* A to Z become small. */
static inline uint64_t qn_eight_lower(uint64_t word) {
    return word | qn_eight_between(word, 'A', 'Z') >> 2;
}

/* The top bits of the bytes, gathered into the lowest eight bits. */
static inline uint64_t qn_eight_gather(uint64_t word) {
    return (word >> 7 & QN_EIGHT_ONES) * UINT64_C(0x0102040810204080) >> 56;
}

static inline int qn_eight_count(uint64_t tops) {
    return __builtin_popcountll(tops);
}

#endif
