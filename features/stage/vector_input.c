#include "features/stage/vector_input.h"

#include "core/column/batch.h"
#include "core/memory.h"
#include "features/stage/columns.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

qn_status qn_vector_input_find(const qn_stage *stage, const qn_schema *schema, int32_t *index) {
    QN_TRY(qn_schema_require(schema, qn_options_text(stage->options, "input_col"), index));
    if (schema->fields[*index].type != QN_VECTOR)
        return qn_columns_fail_type(&schema->fields[*index], "a vector (see vector_assembler)");
    return QN_OK;
}

qn_status qn_vector_input_present(qn_column **out, const qn_column *column) {
    int64_t *rows = NULL, count = 0;
    if (column->null_count == 0) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    QN_TRY(qn_mem_alloc(&rows, (size_t)column->length, sizeof *rows));
    for (int64_t i = 0; i < column->length; i++)
        if (!qn_column_is_null(column, i))
            rows[count++] = i;
    qn_status status = qn_column_take(out, column, rows, count);
    qn_mem_free(rows);
    return status;
}

const char *qn_vector_input_slot(const qn_field *field, int32_t slot, char buffer[16]) {
    const qn_attributes *attributes = field->attributes;
    if (attributes != NULL && attributes->names != NULL && slot < attributes->count)
        return attributes->names[slot];
    snprintf(buffer, 16, "%d", slot);
    return buffer;
}

qn_status qn_vector_input_fail(const qn_field *field, const qn_batch *batch, int64_t row,
                               int32_t slot, const char *what) {
    char buffer[16];
    return qn_fail(QN_DATA, "slot '%s' of column '%s' %s at row %lld (counting from 0)",
                   qn_vector_input_slot(field, slot, buffer), field->name, what,
                   (long long)qn_batch_row(batch, row));
}

qn_status qn_vector_input_copy_nulls(qn_column *to, const qn_column *from) {
    for (int64_t i = 0; from->null_count > 0 && i < from->length; i++) {
        if (!qn_column_is_null(from, i))
            continue;
        QN_TRY(qn_column_set_null(to, i));
        if (to->indices == NULL)
            memset(to->f64 + i * to->width, 0, (size_t)to->width * sizeof *to->f64);
    }
    return QN_OK;
}

json_t *qn_vector_input_json(const double *values, int64_t count) {
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++)
        if (json_array_append_new(array,
                                  isfinite(values[i]) ? json_real(values[i]) : json_null()) != 0)
            break;
    return array;
}
