#include "core/column/list_builder.h"

#include "core/memory.h"

#include <string.h>

static qn_status too_many_items(void) {
    return qn_fail(QN_DATA, "more than 2^31 list items in one column of a batch");
}

void qn_list_builder_init(qn_list_builder *builder) {
    *builder = (qn_list_builder){0};
    qn_string_builder_init(&builder->items);
}

void qn_list_builder_clear(qn_list_builder *builder) {
    qn_mem_free(builder->offsets);
    qn_mem_free(builder->validity);
    qn_string_builder_clear(&builder->items);
    qn_list_builder_init(builder);
}

qn_status qn_list_builder_reserve(qn_list_builder *builder, int64_t items, int64_t chars) {
    if (builder->items.length + items > INT32_MAX)
        return too_many_items();
    return qn_string_builder_reserve(&builder->items, items, chars);
}

qn_status qn_list_builder_add(qn_list_builder *builder, qn_view item) {
    if (builder->items.length == INT32_MAX)
        return too_many_items();
    if (item.data == NULL)
        return qn_string_builder_add_null(&builder->items);
    return qn_string_builder_add(&builder->items, item);
}

qn_status qn_list_builder_add_list(qn_list_builder *builder, qn_list list) {
    for (int64_t k = 0; k < list.count; k++)
        QN_TRY(qn_list_builder_add(builder, qn_list_item(list, k)));
    return QN_OK;
}

enum { FIRST_ROWS = 512 };

/* Room for one more row: `capacity` counts rows, a multiple of 512, for offsets and validity. */
static qn_status reserve_row(qn_list_builder *builder) {
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

qn_status qn_list_builder_end(qn_list_builder *builder) {
    QN_TRY(reserve_row(builder));
    qn_bit_set(builder->validity, builder->length);
    builder->offsets[++builder->length] = (int32_t)builder->items.length;
    return QN_OK;
}

qn_status qn_list_builder_end_null(qn_list_builder *builder) {
    QN_TRY(reserve_row(builder));
    builder->null_count++;
    builder->offsets[++builder->length] = (int32_t)builder->items.length;
    return QN_OK;
}

qn_status qn_list_builder_finish(qn_list_builder *builder, qn_column **out) {
    qn_column *column = NULL;
    if (builder->length == 0) {
        qn_list_builder_clear(builder);
        return qn_column_new_null(out, QN_STRING_LIST, 0, 0);
    }
    QN_TRY(qn_mem_calloc(&column, 1, sizeof *column));
    qn_status status = qn_string_builder_finish(&builder->items, &column->items);
    if (status != QN_OK) {
        qn_mem_free(column);
        return status;
    }
    column->references = 1;
    column->type = QN_STRING_LIST;
    column->length = builder->length;
    column->offsets = builder->offsets;
    qn_column_set_validity(column, builder->validity);
    builder->offsets = NULL;
    builder->validity = NULL;
    qn_list_builder_clear(builder);
    *out = column;
    return QN_OK;
}
