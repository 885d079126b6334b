/* The kernels for processors with AVX-512 and VBMI2 (Intel since 2019, AMD since 2022). */
#include "core/csv/scan.h"
#include "core/text/number.h"

#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#define KERNEL                                                                                     \
    __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,pclmul,avx512f,avx512bw,avx512vl,"           \
                          "avx512dq,avx512vbmi,avx512vbmi2,avx512bitalg")))

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

/* ---- Eight numbers at a time ---------------------------------------------------------------- */

/* The texts of eight fields, 16 bytes each: even ones and odd ones; their lengths, and which
 * begin with a minus, which is the digit 0 from then on. */
typedef struct eight_texts {
    __m512i even, odd;
    __m128i length, minus; /* 16 bits a field */
} eight_texts;

/* A word of `bits` a field of 16 bytes, in the order of the fields. */
KERNEL static inline __m128i interleave(uint64_t even_bits, uint64_t odd_bits) {
    return _mm_unpacklo_epi16(_mm_cvtsi64_si128((int64_t)even_bits),
                              _mm_cvtsi64_si128((int64_t)odd_bits));
}

KERNEL static inline __m512i load_four(const char *base, const qn_csv_span *at) {
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(base + at[0].begin));
    __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(base + at[2].begin));
    __m128i c = _mm_loadu_si128((const __m128i *)(const void *)(base + at[4].begin));
    __m128i d = _mm_loadu_si128((const __m128i *)(const void *)(base + at[6].begin));
    __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
    __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(c), d, 1);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

KERNEL static inline eight_texts load_eight(const char *base, const qn_csv_span *at) {
    const uint64_t first_bytes = UINT64_C(0x0001000100010001);
    const __m512i minus = _mm512_set1_epi8('-'), zero = _mm512_set1_epi8('0');
    __m512i spans = _mm512_loadu_si512((const void *)at);
    __m512i lengths = _mm512_sub_epi64(_mm512_srli_epi64(spans, 32),
                                       _mm512_and_si512(spans, _mm512_set1_epi64(0xffffffff)));
    __m512i even = load_four(base, at), odd = load_four(base, at + 1);
    uint64_t even_minus = _mm512_cmpeq_epi8_mask(even, minus) & first_bytes;
    uint64_t odd_minus = _mm512_cmpeq_epi8_mask(odd, minus) & first_bytes;
    return (eight_texts){.even = _mm512_mask_mov_epi8(even, even_minus, zero),
                         .odd = _mm512_mask_mov_epi8(odd, odd_minus, zero),
                         .length = _mm512_cvtusepi64_epi16(lengths),
                         .minus = interleave(even_minus, odd_minus)};
}

/* The indices that move the bytes of four fields right, to the ends of their 16, and the byte at
 * `place` out of them; `words` picks each field's word for each of its bytes. */
KERNEL static inline __m512i indices(__m128i shift, __m128i place, __m512i words) {
    const __m512i lanes =
        _mm512_broadcast_i32x4(_mm_set_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
    __m512i shifts = _mm512_permutexvar_epi8(words, _mm512_castsi128_si512(shift));
    __m512i places = _mm512_permutexvar_epi8(words, _mm512_castsi128_si512(place));
    __m512i from = _mm512_add_epi8(lanes, shifts);
    __mmask64 behind = _mm512_cmpge_epi8_mask(from, places);
    return _mm512_mask_add_epi8(from, behind, from, _mm512_set1_epi8(1));
}

/* What eight fields spell, the byte at `place` left out of each; *good: those that are digits. */
KERNEL static inline __m512i join_eight(const eight_texts *t, __m128i kept, __m128i place,
                                        __mmask8 *good) {
    const __m512i even_words = _mm512_set4_epi32(0x0c0c0c0c, 0x08080808, 0x04040404, 0);
    const __m512i even = _mm512_permutexvar_epi32(
        _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0), even_words);
    const __m512i odd = _mm512_add_epi8(even, _mm512_set1_epi8(2));
    const __m512i zero = _mm512_set1_epi8('0'), nine = _mm512_set1_epi8(9);
    __m128i shift = _mm_sub_epi16(kept, _mm_set1_epi16(16));
    __m512i a = _mm512_shuffle_epi8(_mm512_sub_epi8(t->even, zero), indices(shift, place, even));
    __m512i b = _mm512_shuffle_epi8(_mm512_sub_epi8(t->odd, zero), indices(shift, place, odd));
    __m128i others = interleave(_mm512_cmpgt_epu8_mask(a, nine), _mm512_cmpgt_epu8_mask(b, nine));
    *good = _mm_testn_epi16_mask(others, others);
    const __m512i tens = _mm512_set1_epi16(0x010a), hundreds = _mm512_set1_epi32(0x00010064);
    const __m512i ten_thousands = _mm512_set1_epi32(0x00012710);
    a = _mm512_madd_epi16(_mm512_maddubs_epi16(a, tens), hundreds);
    b = _mm512_madd_epi16(_mm512_maddubs_epi16(b, tens), hundreds);
    __m512i eights = _mm512_madd_epi16(_mm512_packus_epi32(a, b), ten_thousands);
    return _mm512_add_epi64(_mm512_mul_epu32(eights, _mm512_set1_epi64(100000000)),
                            _mm512_srli_epi64(eights, 32));
}

KERNEL static inline int64_t put_rest(uint32_t *rest, int64_t left, int64_t first, __mmask8 good) {
    for (uint32_t bad = 0xffu & ~(uint32_t)good; bad != 0; bad &= bad - 1)
        rest[left++] = (uint32_t)first + (uint32_t)__builtin_ctz(bad);
    return left;
}

KERNEL static inline __mmask8 parse_eight_reals(const eight_texts *t, char decimal, double *out) {
    const __m512i point = _mm512_set1_epi8(decimal);
    const __m128i one = _mm_set1_epi16(1);
    __m128i points =
        interleave(_mm512_cmpeq_epi8_mask(t->even, point), _mm512_cmpeq_epi8_mask(t->odd, point));
    /* The first point, or where the text ends: the number of zeros below the lowest bit. */
    points = _mm_or_si128(points, _mm_sllv_epi16(one, t->length));
    __m128i place = _mm_popcnt_epi16(_mm_andnot_si128(points, _mm_sub_epi16(points, one)));
    __mmask8 has_point = _mm_cmplt_epu16_mask(place, t->length);
    __m128i kept = _mm_mask_sub_epi16(t->length, has_point, t->length, one);
    __m128i places = _mm_maskz_sub_epi16(has_point, kept, place);
    __mmask8 digits, good = _mm_cmple_epu16_mask(t->length, _mm_set1_epi16(16)) &
                            _mm_cmpgt_epi16_mask(kept, t->minus);
    __m512i whole = join_eight(t, kept, place, &digits);
    good &= digits & _mm512_cmple_epu64_mask(whole, _mm512_set1_epi64(INT64_C(1) << 53));
    __m512d scale =
        _mm512_permutex2var_pd(_mm512_loadu_pd(powers_of_ten), _mm512_cvtepu16_epi64(places),
                               _mm512_loadu_pd(powers_of_ten + 8));
    __m512d value = _mm512_div_pd(_mm512_cvtepu64_pd(whole), scale);
    __m512i sign = _mm512_slli_epi64(_mm512_cvtepu16_epi64(t->minus), 63);
    _mm512_storeu_pd(out, _mm512_or_pd(value, _mm512_castsi512_pd(sign)));
    return good;
}

/* ---- Longer numbers ------------------------------------------------------------------------- */

/* The number that 16 digits of each half spell. */
KERNEL static inline void join_halves(__m256i digits, uint64_t *high, uint64_t *low) {
    __m256i fours = _mm256_madd_epi16(_mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010a)),
                                      _mm256_set1_epi32(0x00010064));
    __m256i eights =
        _mm256_madd_epi16(_mm256_packus_epi32(fours, fours), _mm256_set1_epi32(0x00012710));
    uint64_t a = (uint64_t)_mm256_extract_epi64(eights, 0);
    uint64_t b = (uint64_t)_mm256_extract_epi64(eights, 2);
    *high = (a & 0xffffffff) * 100000000 + (a >> 32);
    *low = (b & 0xffffffff) * 100000000 + (b >> 32);
}

/* A number of up to 32 digits and a point, 19 of them significant. */
KERNEL static inline bool parse_long_real(qn_view text, char decimal, double *out) {
    const __m256i lanes =
        _mm256_set_epi8(31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13,
                        12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    int64_t negative = text.data[0] == '-', length = text.length - negative;
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(text.data + negative));
    uint64_t points = _mm256_cmpeq_epi8_mask(bytes, _mm256_set1_epi8(decimal));
    int64_t place = (int64_t)_tzcnt_u64(points | UINT64_C(1) << length);
    int64_t kept = length - (place < length), places = place < length ? kept - place : 0;
    __m256i from = _mm256_add_epi8(lanes, _mm256_set1_epi8((char)(kept - 32)));
    __mmask32 is_text = _mm256_cmpge_epi8_mask(from, _mm256_setzero_si256());
    __mmask32 behind = _mm256_cmpge_epi8_mask(from, _mm256_set1_epi8((char)place));
    from = _mm256_mask_add_epi8(from, behind, from, _mm256_set1_epi8(1));
    __m256i digits =
        _mm256_maskz_permutexvar_epi8(is_text, from, _mm256_sub_epi8(bytes, _mm256_set1_epi8('0')));
    if (_mm256_cmpgt_epu8_mask(digits, _mm256_set1_epi8(9)) != 0)
        return false;
    uint64_t high, low;
    join_halves(digits, &high, &low);
    double value;
    if (high >= 1000 ||
        !qn_real_of_decimal(high * UINT64_C(10000000000000000) + low, -places, &value))
        return false;
    *out = negative ? -value : value;
    return true;
}

/* Parses those fields in `rest` that are longer numbers; returns how many are left. */
KERNEL static int64_t parse_long_reals(const qn_csv_spans *spans, double *out, uint32_t *rest,
                                       int64_t count) {
    int64_t left = 0;
    for (int64_t k = 0; k < count; k++) {
        uint32_t i = rest[k];
        qn_csv_span at = spans->at[i];
        qn_view text = {spans->base + at.begin, at.end - at.begin};
        if (text.length < 15 || text.length > 32 || !parse_long_real(text, spans->decimal, &out[i]))
            rest[left++] = i;
    }
    return left;
}

KERNEL static int64_t parse_float64(const qn_csv_spans *spans, double *out, uint32_t *rest) {
    int64_t left = 0, i = 0;
    for (; i + 8 <= spans->count; i += 8) {
        eight_texts t = load_eight(spans->base, spans->at + i);
        left = put_rest(rest, left, i, parse_eight_reals(&t, spans->decimal, out + i));
    }
    left = parse_float64_from(spans, i, out, rest, left);
    return parse_long_reals(spans, out, rest, left);
}

KERNEL static int64_t parse_int64(const qn_csv_spans *spans, int64_t *out, uint32_t *rest) {
    int64_t left = 0, i = 0;
    for (; i + 8 <= spans->count; i += 8) {
        eight_texts t = load_eight(spans->base, spans->at + i);
        __mmask8 digits, good = _mm_cmple_epu16_mask(t.length, _mm_set1_epi16(16)) &
                                _mm_cmpgt_epi16_mask(t.length, t.minus);
        __m512i whole = join_eight(&t, t.length, _mm_set1_epi16(16), &digits);
        good &= digits;
        __mmask8 minus = _mm_test_epi16_mask(t.minus, t.minus);
        whole = _mm512_mask_sub_epi64(whole, minus, _mm512_setzero_si512(), whole);
        _mm512_storeu_si512(out + i, _mm512_maskz_mov_epi64(good, whole));
        left = put_rest(rest, left, i, good);
    }
    return parse_int64_from(spans, i, out, rest, left);
}

const qn_csv_kernels qn_csv_kernels_avx512 = {
    .tally = tally_bytes,
    .skip = skip_records,
    .index = index_bytes,
    .float64 = parse_float64,
    .int64 = parse_int64,
};
#endif
