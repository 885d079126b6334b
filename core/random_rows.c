#include "core/random_lanes.h"

enum { LANES = QN_RANDOM_LANES };

/* Philox4x32-10; words are kept in 64 bits, whose products the vector units give. */
QN_RANDOM_CLONES static void philox_lanes(uint64_t *restrict a, uint64_t *restrict c,
                                          const uint64_t *rows, uint64_t draw, uint64_t stream,
                                          uint64_t seed) {
    const uint64_t low = UINT64_C(0xFFFFFFFF);
    uint64_t b[LANES], d[LANES];
    uint64_t key0 = seed & low, key1 = seed >> 32;
    for (int i = 0; i < LANES; i++) {
        a[i] = rows[i] & low;
        b[i] = rows[i] >> 32;
        c[i] = draw;
        d[i] = stream;
    }
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < LANES; i++) {
            uint64_t x = (a[i] & low) * UINT64_C(0xD2511F53);
            uint64_t y = (c[i] & low) * UINT64_C(0xCD9E8D57);
            a[i] = (y >> 32) ^ b[i] ^ key0;
            b[i] = y & low;
            c[i] = (x >> 32) ^ d[i] ^ key1;
            d[i] = x & low;
        }
        key0 = (key0 + UINT64_C(0x9E3779B9)) & low;
        key1 = (key1 + UINT64_C(0xBB67AE85)) & low;
    }
    for (int i = 0; i < LANES; i++) {
        a[i] |= b[i] << 32;
        c[i] |= d[i] << 32;
    }
}

void qn_random_lanes(uint64_t first[LANES], uint64_t second[LANES], qn_random random,
                     const uint64_t rows[LANES], uint32_t draw) {
    uint64_t stream = (uint32_t)random.stream ^ (uint32_t)(random.stream >> 32);
    philox_lanes(first, second, rows, draw, stream, random.seed);
}

QN_RANDOM_CLONES static void uniform_lanes(double *out, const uint64_t *bits) {
    for (int i = 0; i < LANES; i++)
        out[i] = (double)(int64_t)(bits[i] >> 11) * 0x1p-53;
}

void qn_random_uniform_rows(double *out, qn_random random, const int64_t *rows, int64_t count,
                            uint32_t draw) {
    uint64_t first[LANES], second[LANES];
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        qn_random_lanes(first, second, random, (const uint64_t *)(rows + i), draw);
        uniform_lanes(out + i, first);
    }
    for (; i < count; i++)
        out[i] = qn_random_uniform(random, (uint64_t)rows[i], draw);
}
