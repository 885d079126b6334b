/* The kernels for processors with AVX2 (Intel since 2013, AMD since 2015). */
#include "core/csv/scan.h"

#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#define KERNEL __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,pclmul")))

typedef struct needles {
    __m256i quote, delimiter, newline, carriage, escape;
    uint64_t quotes, escapes; /* all ones if there are such */
} needles;

KERNEL static inline needles needles_of(const qn_csv_dialect *dialect) {
    return (needles){.quote = _mm256_set1_epi8(dialect->quote),
                     .delimiter = _mm256_set1_epi8(dialect->delimiter),
                     .newline = _mm256_set1_epi8('\n'),
                     .carriage = _mm256_set1_epi8('\r'),
                     .escape = _mm256_set1_epi8(dialect->escape),
                     .quotes = 0 - (uint64_t)(dialect->quote != 0),
                     .escapes = 0 - (uint64_t)(dialect->escape != 0)};
}

KERNEL static inline uint64_t equal_bytes(__m256i low, __m256i high, __m256i wanted) {
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted));
    return a | (uint64_t)b << 32;
}

KERNEL static inline masks look(const needles *wanted, const char *bytes) {
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32));
    uint64_t beyond =
        (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
    return (masks){.quote = equal_bytes(low, high, wanted->quote) & wanted->quotes,
                   .delimiter = equal_bytes(low, high, wanted->delimiter),
                   .newline = equal_bytes(low, high, wanted->newline),
                   .carriage = equal_bytes(low, high, wanted->carriage),
                   .escape = equal_bytes(low, high, wanted->escape) & wanted->escapes,
                   .beyond = beyond};
}

KERNEL static inline uint64_t prefix_xor(uint64_t mask) {
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)mask), _mm_set1_epi8(-1), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* Four at a time, as a rule all of them at once: the entries behind the last are written over. */
KERNEL static inline void put_positions(uint32_t *to, uint64_t mask, uint32_t base) {
    while (mask != 0) {
        for (int i = 0; i < 4; i++) {
            to[i] = base + (uint32_t)_tzcnt_u64(mask);
            mask = _blsr_u64(mask);
        }
        to += 4;
    }
}

#include "core/csv/numeric_body.h"
#include "core/csv/scan_body.h"

KERNEL static int64_t parse_float64(const qn_csv_spans *spans, double *out, uint32_t *rest) {
    return parse_float64_from(spans, 0, out, rest, 0);
}

KERNEL static int64_t parse_int64(const qn_csv_spans *spans, int64_t *out, uint32_t *rest) {
    return parse_int64_from(spans, 0, out, rest, 0);
}

const qn_csv_kernels qn_csv_kernels_avx2 = {
    .tally = tally_bytes,
    .skip = skip_records,
    .index = index_bytes,
    .float64 = parse_float64,
    .int64 = parse_int64,
};
#endif
