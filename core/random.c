#include "core/random.h"

#include <Random123/philox.h>
#define XXH_INLINE_ALL
#include <string.h>
#include <xxhash.h>

__extension__ typedef unsigned __int128 wide;

/* The counter holds row, draw and stream, the key the seed: no two uses meet. */
static inline uint32_t stream_word(qn_random random) {
    return (uint32_t)random.stream ^ (uint32_t)(random.stream >> 32);
}

static inline uint64_t join(uint32_t low, uint32_t high) {
    return (uint64_t)high << 32 | low;
}

qn_random qn_random_new(uint64_t seed, const char *stream_name) {
    return (qn_random){seed, XXH64(stream_name, strlen(stream_name), 0)};
}

void qn_random_bits_2(uint64_t out[2], qn_random random, uint64_t row, uint32_t draw) {
    philox4x32_ctr_t counter = {{(uint32_t)row, (uint32_t)(row >> 32), draw, stream_word(random)}};
    philox4x32_key_t key = {{(uint32_t)random.seed, (uint32_t)(random.seed >> 32)}};
    philox4x32_ctr_t words = philox4x32_R(10, counter, key);
    out[0] = join(words.v[0], words.v[1]);
    out[1] = join(words.v[2], words.v[3]);
}

uint64_t qn_random_bits(qn_random random, uint64_t row, uint32_t draw) {
    uint64_t bits[2];
    qn_random_bits_2(bits, random, row, draw);
    return bits[0];
}

double qn_random_uniform(qn_random random, uint64_t row, uint32_t draw) {
    return (double)(qn_random_bits(random, row, draw) >> 11) * 0x1p-53;
}

int64_t qn_random_below(qn_random random, uint64_t row, uint32_t draw, int64_t bound) {
    wide product = (wide)qn_random_bits(random, row, draw) * (uint64_t)bound;
    return (int64_t)(product >> 64);
}
