#include "core/stats/codes.h"

#include "core/memory.h"
#include "core/stats/hash.h"

#include <stdlib.h>
#include <string.h>

void qn_codes_init(qn_codes *codes) {
    *codes = (qn_codes){0};
}

void qn_codes_clear(qn_codes *codes) {
    qn_mem_free(codes->keys);
    qn_mem_free(codes->order);
    qn_mem_free(codes->slots);
    *codes = (qn_codes){0};
}

static int64_t slot_of(const qn_codes *codes, uint64_t key) {
    uint64_t mask = (uint64_t)codes->slot_count - 1;
    uint64_t at = (key * UINT64_C(0x9E3779B97F4A7C15)) >> 20 & mask;
    while (codes->slots[at] != 0 && codes->keys[codes->slots[at] - 1] != key)
        at = (at + 1) & mask;
    return (int64_t)at;
}

static qn_status grow(qn_codes *codes) {
    int32_t *slots = NULL;
    int64_t count = codes->slot_count > 0 ? 2 * codes->slot_count : 16, capacity = count / 2;
    QN_TRY(qn_mem_resize(&codes->keys, (size_t)capacity, sizeof *codes->keys));
    QN_TRY(qn_mem_calloc(&slots, (size_t)count, sizeof *slots));
    qn_mem_free(codes->slots);
    codes->slots = slots;
    codes->slot_count = count;
    codes->capacity = (int32_t)capacity;
    for (int32_t i = 0; i < codes->count; i++)
        codes->slots[slot_of(codes, codes->keys[i])] = i + 1;
    return QN_OK;
}

qn_status qn_codes_add(qn_codes *codes, uint64_t key, int32_t *code) {
    if (codes->count == codes->capacity)
        QN_TRY(grow(codes));
    int32_t *slot = &codes->slots[slot_of(codes, key)];
    if (*slot == 0) {
        codes->keys[codes->count++] = key;
        *slot = codes->count;
    }
    *code = *slot - 1;
    return QN_OK;
}

int32_t qn_codes_find(const qn_codes *codes, uint64_t key) {
    return codes->slot_count > 0 ? codes->slots[slot_of(codes, key)] - 1 : -1;
}

static int compare(const void *a, const void *b, void *keys) {
    uint64_t x = ((const uint64_t *)keys)[*(const int32_t *)a];
    uint64_t y = ((const uint64_t *)keys)[*(const int32_t *)b];
    return (x > y) - (x < y);
}

qn_status qn_codes_sorted(qn_codes *codes, const int32_t **out) {
    QN_TRY(qn_mem_resize(&codes->order, (size_t)codes->count + 1, sizeof *codes->order));
    for (int32_t i = 0; i < codes->count; i++)
        codes->order[i] = i;
    if (codes->count > 0)
        qsort_r(codes->order, (size_t)codes->count, sizeof *codes->order, compare, codes->keys);
    *out = codes->order;
    return QN_OK;
}

uint64_t qn_codes_real(double value) {
    double canonical = qn_canonical(value);
    uint64_t bits;
    memcpy(&bits, &canonical, sizeof bits);
    return bits;
}

static qn_status text_keys(const qn_column *column, uint64_t *out) {
    uint64_t *known = NULL;
    const qn_column *dictionary = column->dictionary;
    if (dictionary == NULL || dictionary->length > column->length) {
        for (int64_t i = 0; i < column->length; i++)
            out[i] = qn_hash_view(qn_column_string(column, i));
        return QN_OK;
    }
    QN_TRY(qn_mem_alloc(&known, (size_t)dictionary->length, sizeof *known));
    for (int64_t i = 0; i < dictionary->length; i++)
        known[i] = qn_hash_view(qn_column_string(dictionary, i));
    for (int64_t i = 0; i < column->length; i++)
        out[i] = dictionary->length > 0 ? known[column->codes[i]] : 0;
    qn_mem_free(known);
    return QN_OK;
}

qn_status qn_codes_keys(const qn_column *column, uint64_t *out) {
    switch (column->type) {
    case QN_STRING:
        return text_keys(column, out);
    case QN_INT32:
    case QN_DATE:
        for (int64_t i = 0; i < column->length; i++)
            out[i] = (uint64_t)column->i32[i];
        return QN_OK;
    case QN_INT64:
    case QN_TIMESTAMP:
        for (int64_t i = 0; i < column->length; i++)
            out[i] = (uint64_t)column->i64[i];
        return QN_OK;
    default:
        for (int64_t i = 0; i < column->length; i++)
            out[i] = qn_codes_real(qn_column_real(column, i));
        return QN_OK;
    }
}
