#include "core/random.h"

/* The sanitizers' start-up code does not bear choices at load time. */
#if defined(__x86_64__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

enum { LANES = 64 };

/* Philox4x32-10 of LANES counters side by side; words are kept in 64 bits, whose products the
 * vector units give. The same numbers as qn_random_uniform, checked by its test. */
CLONES static void uniform_lanes(double *out, const uint64_t *rows, uint64_t draw, uint64_t stream,
                                 uint64_t seed) {
    const uint64_t low = UINT64_C(0xFFFFFFFF);
    uint64_t a[LANES], b[LANES], c[LANES], d[LANES];
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
    for (int i = 0; i < LANES; i++)
        out[i] = (double)(int64_t)((b[i] << 32 | a[i]) >> 11) * 0x1p-53;
}

void qn_random_uniform_rows(double *out, qn_random random, const int64_t *rows, int64_t count,
                            uint32_t draw) {
    uint64_t stream = (uint32_t)random.stream ^ (uint32_t)(random.stream >> 32);
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        uniform_lanes(out + i, (const uint64_t *)(rows + i), draw, stream, random.seed);
    for (; i < count; i++)
        out[i] = qn_random_uniform(random, (uint64_t)rows[i], draw);
}
