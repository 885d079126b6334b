/* Spark's hash() and xxhash64(): of any columns, the hash of one being the seed of the next, from
 * 42. Nulls are skipped. -0.0 counts as 0.0, all NaNs are one; dates are 4 bytes of days,
 * timestamps 8 bytes of microseconds; a list is its items one after the other. */
#include "core/expr/lists.h"

#include "core/memory.h"
#include "core/text/murmur3.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- Murmur3 (x86, 32 bits), with Spark's tail: each byte left over as an int ---------------- */

static uint32_t murmur(qn_view text, uint32_t seed) {
    uint32_t hash = qn_murmur3_words(seed, text);
    for (int64_t i = text.length & ~INT64_C(3); i < text.length; i++)
        hash = qn_murmur3_mix(hash, (uint32_t)(int32_t)(signed char)text.data[i]);
    return qn_murmur3_finish(hash, (uint32_t)text.length);
}

/* ---- Values ---------------------------------------------------------------------------------- */

typedef enum method { MURMUR, XX } method;

static inline uint64_t hash_32(method how, uint32_t value, uint64_t seed) {
    if (how == MURMUR)
        return qn_murmur3_int(value, (uint32_t)seed);
    return XXH64(&value, sizeof value, seed);
}

static inline uint64_t hash_64(method how, uint64_t value, uint64_t seed) {
    if (how == MURMUR)
        return qn_murmur3_long(value, (uint32_t)seed);
    return XXH64(&value, sizeof value, seed);
}

static inline uint64_t hash_text(method how, qn_view text, uint64_t seed) {
    if (how == MURMUR)
        return murmur(text, (uint32_t)seed);
    return XXH64(text.data, (size_t)text.length, seed);
}

static uint32_t float_bits(float x) {
    uint32_t bits;
    x = x != x ? __builtin_nanf("") : x + 0.0f;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static uint64_t real_bits(double x) {
    uint64_t bits;
    x = x != x ? __builtin_nan("") : x + 0.0;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static int64_t microseconds(int64_t nanos) {
    return nanos / 1000 - (nanos % 1000 < 0);
}

static uint64_t hash_list(method how, qn_list list, uint64_t seed) {
    for (int64_t k = 0; k < list.count; k++) {
        qn_view item = qn_list_item(list, k);
        if (item.data != NULL)
            seed = hash_text(how, item, seed);
    }
    return seed;
}

static inline uint64_t hash_value(method how, const qn_operand *operand, int64_t row,
                                  uint64_t seed) {
    const qn_column *column = operand->column;
    int64_t i = qn_at(operand, row);
    switch (column->type) {
    case QN_BOOL:
        return hash_32(how, qn_bit(column->bits, i), seed);
    case QN_INT32:
    case QN_DATE:
        return hash_32(how, (uint32_t)column->i32[i], seed);
    case QN_INT64:
        return hash_64(how, (uint64_t)column->i64[i], seed);
    case QN_TIMESTAMP:
        return hash_64(how, (uint64_t)microseconds(column->i64[i]), seed);
    case QN_FLOAT32:
        return hash_32(how, float_bits(column->f32[i]), seed);
    case QN_FLOAT64:
        return hash_64(how, real_bits(column->f64[i]), seed);
    case QN_STRING_LIST:
        return hash_list(how, qn_list_at(operand, row), seed);
    default:
        return hash_text(how, qn_text_at(operand, row), seed);
    }
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static inline void hash_argument(method how, const qn_operand *operand, uint64_t *hashes,
                                 int64_t length) {
    for (int64_t i = 0; i < length; i++)
        if (!qn_operand_null(operand, i))
            hashes[i] = hash_value(how, operand, i, hashes[i]);
}

static qn_status run_xxhash64(const qn_call *call, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_INT64, call->length, 0));
    uint64_t *hashes = (uint64_t *)(*out)->i64;
    for (int64_t i = 0; i < call->length; i++)
        hashes[i] = QN_MURMUR3_SEED;
    for (int32_t k = 0; k < call->count; k++)
        hash_argument(XX, &call->arguments[k], hashes, call->length);
    return QN_OK;
}

static qn_status run_hash(const qn_call *call, qn_column **out) {
    uint64_t *hashes = NULL;
    QN_TRY(qn_mem_alloc(&hashes, (size_t)call->length, sizeof *hashes));
    for (int64_t i = 0; i < call->length; i++)
        hashes[i] = QN_MURMUR3_SEED;
    for (int32_t k = 0; k < call->count; k++)
        hash_argument(MURMUR, &call->arguments[k], hashes, call->length);
    qn_status status = qn_column_new(out, QN_INT32, call->length, 0);
    for (int64_t i = 0; i < call->length && status == QN_OK; i++)
        (*out)->i32[i] = (int32_t)(uint32_t)hashes[i];
    qn_mem_free(hashes);
    return status;
}

static qn_status check_types(qn_expr *call) {
    for (int32_t i = 0; i < call->count; i++)
        if (call->arguments[i]->type > QN_STRING_LIST)
            return qn_expr_fail(call->arguments[i]->position, "'%s' cannot take a %s",
                                call->function->name, qn_type_name(call->arguments[i]->type));
    return QN_OK;
}

const qn_function qn_functions_hash[] = {
    {"hash", 1, -1, {QN_TAKES_ANY}, QN_GIVES_INT32, QN_NULLS_OWN, run_hash, check_types, NULL},
    {"xxhash64",
     1,
     -1,
     {QN_TAKES_ANY},
     QN_GIVES_INT64,
     QN_NULLS_OWN,
     run_xxhash64,
     check_types,
     NULL},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
