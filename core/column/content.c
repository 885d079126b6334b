#include "core/column/content.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define VECTOR_CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define VECTOR_CLONES
#endif

enum { BLOCK = 1024, LANES = 8 };

/* Odd, so that no power of them is a zero divisor modulo 2^64. */
static const uint64_t BASE_A = UINT64_C(0x9E3779B97F4A7C15);
static const uint64_t BASE_B = UINT64_C(0xD1B54A32D192ED03);
/* The pair of a null: no fixed-width value has different hashes for a and b. */
static const uint64_t NULL_A = UINT64_C(0x2545F4914F6CDD1D);
static const uint64_t NULL_B = UINT64_C(0x8CB92BA72F3D8DD7);
static const uint64_t NAN_64 = UINT64_C(0x7FF8000000000000);
static const uint32_t NAN_32 = UINT32_C(0x7FC00000);

/* One block's hashes, on their way into the polynomials. */
typedef struct block {
    int64_t length;
    uint64_t a[BLOCK], b[BLOCK];
} block;

static inline uint64_t mix(uint64_t x) {
    x ^= x >> 30;
    x *= UINT64_C(0xBF58476D1CE4E5B9);
    x ^= x >> 27;
    x *= UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static uint64_t power(uint64_t base, int64_t exponent) {
    uint64_t result = 1;
    for (; exponent > 0; exponent >>= 1, base *= base)
        if (exponent & 1)
            result *= base;
    return result;
}

void qn_content_init(qn_content *content) {
    *content = (qn_content){0};
}

void qn_content_merge(qn_content *content, const qn_content *next) {
    content->a = content->a * power(BASE_A, next->rows) + next->a;
    content->b = content->b * power(BASE_B, next->rows) + next->b;
    content->rows += next->rows;
}

bool qn_content_equal(const qn_content *x, const qn_content *y) {
    return x->a == y->a && x->b == y->b && x->rows == y->rows;
}

/* sum of hashes[i] * base^(length - 1 - i), by Horner's rule in independent lanes */
VECTOR_CLONES static uint64_t polynomial(uint64_t base, const uint64_t *hashes, int64_t length) {
    uint64_t lanes[LANES] = {0};
    uint64_t step = power(base, LANES);
    int64_t whole = length / LANES * LANES;
    for (int64_t i = 0; i < whole; i += LANES)
        for (int j = 0; j < LANES; j++)
            lanes[j] = lanes[j] * step + hashes[i + j];
    uint64_t result = 0;
    for (int j = 0; j < LANES; j++)
        result = result * base + lanes[j];
    for (int64_t i = whole; i < length; i++)
        result = result * base + hashes[i];
    return result;
}

static void flush(qn_content *content, const block *hashes) {
    qn_content next = {.a = polynomial(BASE_A, hashes->a, hashes->length),
                       .b = polynomial(BASE_B, hashes->b, hashes->length),
                       .rows = hashes->length};
    qn_content_merge(content, &next);
}

/* ---- values to hashes: rows [first, first + out->length) ------------------------------------ */

VECTOR_CLONES static void mix_64(const uint64_t *values, uint64_t *out, int64_t length) {
    for (int64_t i = 0; i < length; i++)
        out[i] = mix(values[i]);
}

VECTOR_CLONES static void mix_f64(const uint64_t *values, uint64_t *out, int64_t length) {
    for (int64_t i = 0; i < length; i++) {
        uint64_t bits = values[i];
        bool nan = (bits & INT64_MAX) > UINT64_C(0x7FF0000000000000);
        out[i] = mix(nan ? NAN_64 : bits);
    }
}

VECTOR_CLONES static void mix_32(const uint32_t *values, uint64_t *out, int64_t length) {
    for (int64_t i = 0; i < length; i++)
        out[i] = mix(values[i]);
}

VECTOR_CLONES static void mix_f32(const uint32_t *values, uint64_t *out, int64_t length) {
    for (int64_t i = 0; i < length; i++) {
        uint32_t bits = values[i];
        bool nan = (bits & INT32_MAX) > UINT32_C(0x7F800000);
        out[i] = mix(nan ? NAN_32 : bits);
    }
}

static void mix_fixed(const qn_column *column, int64_t first, block *out) {
    const uint64_t *wide = (const uint64_t *)column->values;
    const uint32_t *narrow = (const uint32_t *)column->values;
    switch (column->type) {
    case QN_BOOL:
        for (int64_t i = 0; i < out->length; i++)
            out->a[i] = mix(qn_bit(column->bits, first + i));
        break;
    case QN_INT32:
    case QN_DATE:
        mix_32(narrow + first, out->a, out->length);
        break;
    case QN_FLOAT32:
        mix_f32(narrow + first, out->a, out->length);
        break;
    case QN_FLOAT64:
        mix_f64(wide + first, out->a, out->length);
        break;
    default:
        mix_64(wide + first, out->a, out->length);
    }
    memcpy(out->b, out->a, (size_t)out->length * sizeof *out->b);
}

static void mix_strings(const qn_column *column, int64_t first, block *out) {
    for (int64_t i = 0; i < out->length; i++) {
        qn_view text = qn_column_string(column, first + i);
        XXH128_hash_t hash = XXH3_128bits(text.data, (size_t)text.length);
        out->a[i] = hash.low64;
        out->b[i] = hash.high64;
    }
}

static void mix_lists(const qn_column *column, int64_t first, block *out) {
    for (int64_t i = 0; i < out->length; i++) {
        int32_t begin = column->offsets[first + i], end = column->offsets[first + i + 1];
        uint64_t a = (uint64_t)(end - begin), b = a;
        for (int32_t k = begin; k < end; k++) {
            qn_view text = qn_column_string(column->items, k);
            XXH128_hash_t hash = XXH3_128bits(text.data, (size_t)text.length);
            if (qn_column_is_null(column->items, k)) /* not an empty text */
                hash = (XXH128_hash_t){BASE_B, BASE_A};
            a = a * BASE_A + hash.low64;
            b = b * BASE_B + hash.high64;
        }
        out->a[i] = mix(a);
        out->b[i] = mix(b);
    }
}

static inline uint64_t second(uint64_t hash) {
    return (hash ^ hash >> 32) * BASE_B;
}

/* Zeros do not count, so that a sparse row hashes as its dense form. */
VECTOR_CLONES static void mix_dense_row(const uint64_t *values, int32_t width, uint64_t *a,
                                        uint64_t *b) {
    uint64_t sum_a = 0, sum_b = 0;
    for (int32_t j = 0; j < width; j++) {
        uint64_t magnitude = values[j] & INT64_MAX;
        uint64_t bits = magnitude > UINT64_C(0x7FF0000000000000) ? NAN_64 : values[j];
        uint64_t hash = magnitude == 0 ? 0 : mix(bits + (uint64_t)(j + 1) * BASE_A);
        sum_a += hash;
        sum_b += second(hash);
    }
    *a = sum_a;
    *b = sum_b;
}

static void mix_sparse_row(const qn_column *column, int64_t row, uint64_t *a, uint64_t *b) {
    uint64_t sum_a = 0, sum_b = 0;
    for (int32_t k = column->offsets[row]; k < column->offsets[row + 1]; k++) {
        double value = column->f64[k];
        if (value == 0)
            continue;
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        bits = isnan(value) ? NAN_64 : bits;
        uint64_t hash = mix(bits + (uint64_t)(column->indices[k] + 1) * BASE_A);
        sum_a += hash;
        sum_b += second(hash);
    }
    *a = sum_a;
    *b = sum_b;
}

static void mix_vectors(const qn_column *column, int64_t first, block *out) {
    const uint64_t *values = (const uint64_t *)column->values;
    for (int64_t i = 0; i < out->length; i++) {
        uint64_t a, b;
        if (column->indices != NULL)
            mix_sparse_row(column, first + i, &a, &b);
        else
            mix_dense_row(values + (first + i) * column->width, column->width, &a, &b);
        out->a[i] = mix(a);
        out->b[i] = mix(b ^ BASE_B);
    }
}

void qn_content_add(qn_content *content, const qn_column *column) {
    block hashes;
    for (int64_t first = 0; first < column->length; first += BLOCK) {
        int64_t left = column->length - first;
        hashes.length = left < BLOCK ? left : BLOCK;
        if (column->type == QN_STRING)
            mix_strings(column, first, &hashes);
        else if (column->type == QN_STRING_LIST)
            mix_lists(column, first, &hashes);
        else if (column->type == QN_VECTOR)
            mix_vectors(column, first, &hashes);
        else
            mix_fixed(column, first, &hashes);
        if (column->validity != NULL)
            for (int64_t i = 0; i < hashes.length; i++)
                if (!qn_bit(column->validity, first + i)) {
                    hashes.a[i] = NULL_A;
                    hashes.b[i] = NULL_B;
                }
        flush(content, &hashes);
    }
}

void qn_content_print(const qn_content *content, char out[QN_CONTENT_TEXT]) {
    snprintf(out, QN_CONTENT_TEXT, "%016" PRIx64 "%016" PRIx64, content->a, content->b);
}

bool qn_content_parse(const char *text, int64_t rows, qn_content *out) {
    if (strlen(text) != QN_CONTENT_TEXT - 1 || strspn(text, "0123456789abcdef") != 32)
        return false;
    qn_content content = {.rows = rows};
    /* 32 hexadecimal digits always fit. NOLINTNEXTLINE(cert-err34-c) */
    if (sscanf(text, "%16" SCNx64 "%16" SCNx64, &content.a, &content.b) != 2)
        return false;
    *out = content;
    return true;
}
