/* The kernels for processors with AVX-512 and VBMI2 (Intel since 2019, AMD since 2022). */
#include "core/csv/scan.h"

#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#define KERNEL                                                                                     \
    __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,pclmul,avx512f,avx512bw,avx512vl,"           \
                          "avx512dq,avx512vbmi2")))

typedef struct needles {
    __m512i quote, delimiter, newline, carriage, escape;
    uint64_t quotes, escapes; /* all ones if there are such */
} needles;

KERNEL static inline needles needles_of(const qn_csv_dialect *dialect) {
    return (needles){.quote = _mm512_set1_epi8(dialect->quote),
                     .delimiter = _mm512_set1_epi8(dialect->delimiter),
                     .newline = _mm512_set1_epi8('\n'),
                     .carriage = _mm512_set1_epi8('\r'),
                     .escape = _mm512_set1_epi8(dialect->escape),
                     .quotes = 0 - (uint64_t)(dialect->quote != 0),
                     .escapes = 0 - (uint64_t)(dialect->escape != 0)};
}

KERNEL static inline masks look(const needles *wanted, const char *bytes) {
    __m512i block = _mm512_loadu_si512((const void *)bytes);
    return (masks){.quote = _mm512_cmpeq_epi8_mask(block, wanted->quote) & wanted->quotes,
                   .delimiter = _mm512_cmpeq_epi8_mask(block, wanted->delimiter),
                   .newline = _mm512_cmpeq_epi8_mask(block, wanted->newline),
                   .carriage = _mm512_cmpeq_epi8_mask(block, wanted->carriage),
                   .escape = _mm512_cmpeq_epi8_mask(block, wanted->escape) & wanted->escapes,
                   .beyond = _mm512_movepi8_mask(block)};
}

KERNEL static inline uint64_t prefix_xor(uint64_t mask) {
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)mask), _mm_set1_epi8(-1), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* Sixteen at a time: the entries behind the last are written over. */
KERNEL static inline void put_positions(uint32_t *to, uint64_t mask, uint32_t base) {
    const __m512i bytes = _mm512_set_epi8(
        63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
        40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
        17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    __m512i found = _mm512_maskz_compress_epi8(mask, bytes), from = _mm512_set1_epi32((int)base);
    int64_t count = __builtin_popcountll(mask);
    _mm512_storeu_si512(
        to, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(found)), from));
    if (__builtin_expect(count <= 16, 1))
        return;
    _mm512_storeu_si512(
        to + 16, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(found, 1)), from));
    _mm512_storeu_si512(
        to + 32, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(found, 2)), from));
    _mm512_storeu_si512(
        to + 48, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(found, 3)), from));
}

#include "core/csv/numeric_body.h"
#include "core/csv/scan_body.h"

const qn_csv_kernels qn_csv_kernels_avx512 = {
    .tally = tally_bytes,
    .skip = skip_records,
    .index = index_bytes,
    .float64 = parse_float64,
    .int64 = parse_int64,
};
#endif
