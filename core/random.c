#include "core/random.h"

#include <Random123/philox.h>
#include <math.h>
#define XXH_INLINE_ALL
#include <string.h>
#include <xxhash.h>

__extension__ typedef unsigned __int128 wide;

static const double two_to_minus_53 = 0x1p-53;

/* The counter holds row, draw and stream, the key the seed: no two uses meet. */
static inline philox4x32_ctr_t block(qn_random random, uint64_t row, uint32_t draw) {
    philox4x32_ctr_t counter = {{(uint32_t)row, (uint32_t)(row >> 32), draw,
                                 (uint32_t)random.stream ^ (uint32_t)(random.stream >> 32)}};
    philox4x32_key_t key = {{(uint32_t)random.seed, (uint32_t)(random.seed >> 32)}};
    return philox4x32_R(10, counter, key);
}

static inline uint64_t join(uint32_t low, uint32_t high) {
    return (uint64_t)high << 32 | low;
}

qn_random qn_random_new(uint64_t seed, const char *stream_name) {
    return (qn_random){seed, XXH64(stream_name, strlen(stream_name), 0)};
}

uint64_t qn_random_bits(qn_random random, uint64_t row, uint32_t draw) {
    philox4x32_ctr_t words = block(random, row, draw);
    return join(words.v[0], words.v[1]);
}

double qn_random_uniform(qn_random random, uint64_t row, uint32_t draw) {
    return (double)(qn_random_bits(random, row, draw) >> 11) * two_to_minus_53;
}

/* Box and Muller's: a radius and an angle give two normal numbers. */
void qn_random_normals(qn_random random, uint64_t row, uint32_t draw, double out[2]) {
    philox4x32_ctr_t words = block(random, row, draw);
    /* (0, 1], so that the logarithm is finite */
    double uniform = (double)((join(words.v[0], words.v[1]) >> 11) + 1) * two_to_minus_53;
    double angle = (double)(join(words.v[2], words.v[3]) >> 11) * two_to_minus_53;
    double radius = sqrt(-2.0 * log(uniform));
    sincos(2.0 * M_PI * angle, &out[1], &out[0]);
    out[0] *= radius;
    out[1] *= radius;
}

double qn_random_normal(qn_random random, uint64_t row, uint32_t draw) {
    double pair[2];
    qn_random_normals(random, row, draw, pair);
    return pair[0];
}

int64_t qn_random_below(qn_random random, uint64_t row, uint32_t draw, int64_t bound) {
    wide product = (wide)qn_random_bits(random, row, draw) * (uint64_t)bound;
    return (int64_t)(product >> 64);
}
