/* For processors with AVX-512 and VBMI2 (Intel since 2019, AMD since 2022): blanks are squeezed out
 * of 64 bytes at once, and the ends of words follow from where the blanks were. */
#include "core/text/words.h"

#ifdef __x86_64__
#include <immintrin.h>

#define KERNEL                                                                                     \
    __attribute__((target("avx2,bmi,bmi2,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,"    \
                          "avx512vbmi2")))

KERNEL static inline __mmask64 in_range(__m512i block, char from, char to) {
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(block, _mm512_set1_epi8(from)),
                                  _mm512_set1_epi8((char)(to - from)));
}

/* The k-th blank of a block is the end of a word, `from` bytes on, less the k blanks left out:
 * sixteen at a time; what is behind the last is written over. */
KERNEL static inline void put_ends(int32_t *to, uint64_t blanks, int64_t count, int32_t from) {
    const __m512i bytes = _mm512_set_epi8(
        63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
        40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
        17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    __m512i ends = _mm512_sub_epi8(_mm512_maskz_compress_epi8(blanks, bytes), bytes);
    __m512i base = _mm512_set1_epi32(from);
    _mm512_storeu_si512(to,
                        _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(ends)), base));
    if (__builtin_expect(count <= 16, 1))
        return;
    _mm512_storeu_si512(
        to + 16, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(ends, 1)), base));
    _mm512_storeu_si512(
        to + 32, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(ends, 2)), base));
    _mm512_storeu_si512(
        to + 48, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(ends, 3)), base));
}

KERNEL bool qn_words_split_avx512(qn_words *words, qn_view text, bool lower) {
    char *to = words->chars + words->length;
    int32_t *ends = words->ends + words->count;
    __mmask64 beyond = 0;
    for (int64_t at = 0; at < text.length; at += 64) {
        int64_t left = text.length - at;
        __mmask64 live = left >= 64 ? ~UINT64_C(0) : _bzhi_u64(~UINT64_C(0), (unsigned)left);
        __m512i block = _mm512_maskz_loadu_epi8(live, text.data + at);
        beyond |= _mm512_movepi8_mask(block);
        __mmask64 blanks =
            _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(' ')) | in_range(block, '\t', '\r');
        __mmask64 capitals = lower ? in_range(block, 'A', 'Z') : 0;
        block = _mm512_mask_add_epi8(block, capitals, block, _mm512_set1_epi8(0x20));
        _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(live & ~blanks, block));
        int64_t count = __builtin_popcountll(blanks);
        put_ends(ends, blanks, count, (int32_t)(to - words->chars));
        ends += count;
        to += (left < 64 ? left : 64) - count;
    }
    *ends++ = (int32_t)(to - words->chars);
    words->length = to - words->chars;
    words->count = ends - words->ends;
    return beyond == 0;
}
#endif
