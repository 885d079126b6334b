/* The kernels in plain C, eight bytes a word. */
#include "core/csv/numeric.h"
#include "core/csv/scan.h"

#include <string.h>

#define KERNEL

typedef struct needles {
    uint64_t quote, delimiter, newline, carriage, escape;
    bool quotes, escapes;
} needles;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read lowest byte first");

static uint64_t repeat(char c) {
    return UINT64_C(0x0101010101010101) * (unsigned char)c;
}

static needles needles_of(const qn_csv_dialect *dialect) {
    return (needles){.quote = repeat(dialect->quote),
                     .delimiter = repeat(dialect->delimiter),
                     .newline = repeat('\n'),
                     .carriage = repeat('\r'),
                     .escape = repeat(dialect->escape),
                     .quotes = dialect->quote != 0,
                     .escapes = dialect->escape != 0};
}

/* The top bits of eight bytes, gathered. */
static inline uint64_t gather(uint64_t word) {
    return (word >> 7 & UINT64_C(0x0101010101010101)) * UINT64_C(0x0102040810204080) >> 56;
}

/* Bit i: byte i equals the repeated one. */
static inline uint64_t equal_bytes(uint64_t word, uint64_t repeated) {
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t x = word ^ repeated;
    return gather(~(((x & low) + low) | x));
}

static inline masks look(const needles *wanted, const char *bytes) {
    masks m = {0};
    for (int i = 0; i < 8; i++) {
        uint64_t word;
        memcpy(&word, bytes + i * 8, 8);
        int at = i * 8;
        if (wanted->quotes)
            m.quote |= equal_bytes(word, wanted->quote) << at;
        if (wanted->escapes)
            m.escape |= equal_bytes(word, wanted->escape) << at;
        m.delimiter |= equal_bytes(word, wanted->delimiter) << at;
        m.newline |= equal_bytes(word, wanted->newline) << at;
        m.carriage |= equal_bytes(word, wanted->carriage) << at;
        m.beyond |= gather(word) << at;
    }
    return m;
}

static inline uint64_t prefix_xor(uint64_t mask) {
    for (int shift = 1; shift < 64; shift *= 2)
        mask ^= mask << shift;
    return mask;
}

static inline void put_positions(uint32_t *to, uint64_t mask, uint32_t base) {
    for (; mask != 0; mask &= mask - 1)
        *to++ = base + (uint32_t)__builtin_ctzll(mask);
}

#include "core/csv/scan_body.h"

const qn_csv_kernels qn_csv_kernels_portable = {
    .tally = tally_bytes,
    .skip = skip_records,
    .index = index_bytes,
    .float64 = qn_csv_float64_portable,
    .int64 = qn_csv_int64_portable,
};
