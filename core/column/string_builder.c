#include "core/column/column.h"

#include "core/memory.h"

#include <string.h>

void qn_string_builder_init(qn_string_builder *builder) {
    *builder = (qn_string_builder){0};
}

void qn_string_builder_clear(qn_string_builder *builder) {
    qn_mem_free(builder->offsets);
    qn_mem_free(builder->chars);
    qn_mem_free(builder->validity);
    qn_string_builder_init(builder);
}

enum { FIRST_ROWS = 512, PAD = 64 }; /* so many rows fill 64 bytes of validity */

/* Validity comes with the first null. */
static qn_status begin_validity(qn_string_builder *builder) {
    QN_TRY(qn_mem_calloc(&builder->validity, (size_t)builder->capacity / 64,
                         sizeof *builder->validity));
    for (int64_t i = 0; i < builder->length; i += 64) {
        int64_t left = builder->length - i;
        builder->validity[i >> 6] = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
    }
    return QN_OK;
}

static qn_status grow_validity(qn_string_builder *builder, int64_t grown) {
    QN_TRY(qn_mem_resize(&builder->validity, (size_t)grown / 64, sizeof *builder->validity));
    memset(builder->validity + builder->capacity / 64, 0, (size_t)(grown - builder->capacity) / 8);
    return QN_OK;
}

/* `capacity` counts rows, a multiple of 512, for offsets and validity. */
static qn_status reserve_rows(qn_string_builder *builder, int64_t rows) {
    int64_t needed = builder->length + rows, grown = builder->capacity * 2;
    if (needed <= builder->capacity)
        return QN_OK;
    if (grown < needed)
        grown = (needed + FIRST_ROWS - 1) / FIRST_ROWS * FIRST_ROWS;
    QN_TRY(qn_mem_resize(&builder->offsets, (size_t)grown + 16, sizeof *builder->offsets));
    if (builder->capacity == 0)
        builder->offsets[0] = 0;
    if (builder->validity != NULL)
        QN_TRY(grow_validity(builder, grown));
    builder->capacity = grown;
    return QN_OK;
}

static qn_status reserve_chars(qn_string_builder *builder, int64_t chars) {
    int64_t start = builder->offsets[builder->length];
    if (start + chars > INT32_MAX)
        return qn_fail(QN_DATA, "more than 2 GiB of text in one column of a batch");
    return qn_mem_reserve(&builder->chars, &builder->chars_capacity, start + chars + PAD, 1);
}

qn_status qn_string_builder_reserve(qn_string_builder *builder, int64_t rows, int64_t chars) {
    QN_TRY(reserve_rows(builder, rows > 0 ? rows : 1));
    return reserve_chars(builder, chars);
}

void qn_string_builder_took(qn_string_builder *builder, int64_t rows) {
    if (builder->validity != NULL)
        for (int64_t i = 0; i < rows; i++)
            qn_bit_set(builder->validity, builder->length + i);
    builder->length += rows;
}

qn_status qn_string_builder_add(qn_string_builder *builder, qn_view value) {
    if (builder->length == builder->capacity)
        QN_TRY(reserve_rows(builder, 1));
    QN_TRY(reserve_chars(builder, value.length));
    int32_t start = builder->offsets[builder->length];
    if (value.length > 0)
        memcpy(builder->chars + start, value.data, (size_t)value.length);
    builder->offsets[builder->length + 1] = start + (int32_t)value.length;
    qn_string_builder_took(builder, 1);
    return QN_OK;
}

qn_status qn_string_builder_add_null(qn_string_builder *builder) {
    QN_TRY(reserve_rows(builder, 1));
    if (builder->validity == NULL)
        QN_TRY(begin_validity(builder));
    builder->null_count++;
    builder->length++;
    builder->offsets[builder->length] = builder->offsets[builder->length - 1];
    return QN_OK;
}

qn_status qn_string_builder_finish(qn_string_builder *builder, qn_column **out) {
    if (builder->length == 0) {
        qn_string_builder_clear(builder);
        return qn_column_new(out, QN_STRING, 0, 0);
    }
    qn_column *column = NULL;
    QN_TRY(qn_mem_calloc(&column, 1, sizeof *column));
    *column = (qn_column){.references = 1,
                          .type = QN_STRING,
                          .length = builder->length,
                          .offsets = builder->offsets,
                          .chars = builder->chars};
    qn_column_set_validity(column, builder->validity);
    qn_string_builder_init(builder);
    *out = column;
    return QN_OK;
}
