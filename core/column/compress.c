#include "core/column/compress.h"

#if defined(__x86_64__)
#include <immintrin.h>

static bool has_wide_vectors(void) {
    return __builtin_cpu_supports("avx512f") != 0;
}

/* `count` bits from bit i on, none past the length. */
static uint32_t bits_at(const uint64_t *keep, int64_t i, int64_t length, int count) {
    uint32_t bits = (uint32_t)(keep[i >> 6] >> (i & 63)) & ((1U << count) - 1);
    return length - i < count ? bits & ((1U << (length - i)) - 1) : bits;
}

__attribute__((target("avx512f"))) static void
compress_64(const int64_t *values, const uint64_t *keep, int64_t length, int64_t *out) {
    for (int64_t i = 0; i < length; i += 8) {
        __mmask8 mask = (__mmask8)bits_at(keep, i, length, 8);
        if (mask == 0)
            continue;
        int count = __builtin_popcount(mask);
        __m512i packed =
            _mm512_maskz_compress_epi64(mask, _mm512_maskz_loadu_epi64(mask, values + i));
        _mm512_mask_storeu_epi64(out, (__mmask8)((1U << count) - 1), packed);
        out += count;
    }
}

__attribute__((target("avx512f"))) static void
compress_32(const int32_t *values, const uint64_t *keep, int64_t length, int32_t *out) {
    for (int64_t i = 0; i < length; i += 16) {
        __mmask16 mask = (__mmask16)bits_at(keep, i, length, 16);
        if (mask == 0)
            continue;
        int count = __builtin_popcount(mask);
        __m512i packed =
            _mm512_maskz_compress_epi32(mask, _mm512_maskz_loadu_epi32(mask, values + i));
        _mm512_mask_storeu_epi32(out, (__mmask16)((1U << count) - 1), packed);
        out += count;
    }
}
#else
static bool has_wide_vectors(void) {
    return false;
}
static void compress_64(const int64_t *values, const uint64_t *keep, int64_t length, int64_t *out) {
    for (int64_t i = 0; i < length; i++)
        if (qn_bit(keep, i))
            *out++ = values[i];
}
static void compress_32(const int32_t *values, const uint64_t *keep, int64_t length, int32_t *out) {
    for (int64_t i = 0; i < length; i++)
        if (qn_bit(keep, i))
            *out++ = values[i];
}
#endif

qn_status qn_column_compress(qn_column **out, const qn_column *column, const uint64_t *keep,
                             const int64_t *rows, int64_t kept) {
    bool coded = column->dictionary != NULL;
    int size = coded ? 4 : qn_type_size(column->type);
    if (!has_wide_vectors() || column->validity != NULL || column->type == QN_BOOL ||
        (size != 4 && size != 8))
        return qn_column_take(out, column, rows, kept);
    QN_TRY(qn_column_new_raw(out, coded ? QN_INT32 : column->type, kept, 0));
    (*out)->type = column->type;
    (*out)->dictionary = qn_column_retain(column->dictionary);
    if (size == 8)
        compress_64(column->i64, keep, column->length, (*out)->i64);
    else
        compress_32(column->i32, keep, column->length, (*out)->i32);
    return QN_OK;
}
