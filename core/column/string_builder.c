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

/* Room for one more row: `capacity` counts rows, a multiple of 512, for offsets and validity. */
static qn_status reserve_row(qn_string_builder *builder) {
    if (builder->length < builder->capacity)
        return QN_OK;
    int64_t grown = builder->capacity == 0 ? FIRST_ROWS : builder->capacity * 2;
    QN_TRY(qn_mem_resize(&builder->offsets, (size_t)grown + 16, sizeof *builder->offsets));
    QN_TRY(qn_mem_resize(&builder->validity, (size_t)grown / 64, sizeof *builder->validity));
    memset(builder->validity + builder->capacity / 64, 0, (size_t)(grown - builder->capacity) / 8);
    if (builder->capacity == 0)
        builder->offsets[0] = 0;
    builder->capacity = grown;
    return QN_OK;
}

qn_status qn_string_builder_add(qn_string_builder *builder, qn_view value) {
    QN_TRY(reserve_row(builder));
    int64_t start = builder->offsets[builder->length];
    if (start + value.length > INT32_MAX)
        return qn_fail(QN_DATA, "more than 2 GiB of text in one column of a batch");
    QN_TRY(
        qn_mem_reserve(&builder->chars, &builder->chars_capacity, start + value.length + PAD, 1));
    if (value.length > 0)
        memcpy(builder->chars + start, value.data, (size_t)value.length);
    qn_bit_set(builder->validity, builder->length);
    builder->offsets[++builder->length] = (int32_t)(start + value.length);
    return QN_OK;
}

qn_status qn_string_builder_add_null(qn_string_builder *builder) {
    QN_TRY(reserve_row(builder));
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
