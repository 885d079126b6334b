#include "features/wide/scatter.h"

#include "core/memory.h"

bool qn_scatter_takes(const qn_schema *schema) {
    for (int32_t c = 0; c < schema->count; c++) {
        qn_type type = schema->fields[c].type;
        if (type == QN_BOOL || type == QN_STRING_LIST || type == QN_VECTOR)
            return false;
    }
    return true;
}

qn_status qn_scatter_init(qn_scatter *scatter, const qn_schema *schema, int64_t rows) {
    size_t count = (size_t)schema->count;
    *scatter = (qn_scatter){.count = schema->count, .rows = rows};
    QN_TRY(qn_mem_calloc(&scatter->columns, count, sizeof *scatter->columns));
    QN_TRY(qn_mem_calloc(&scatter->texts, count, sizeof *scatter->texts));
    QN_TRY(qn_mem_alloc(&scatter->ids, QN_BATCH_ROWS, sizeof *scatter->ids));
    for (size_t c = 0; c < count; c++) {
        qn_type type = schema->fields[c].type;
        QN_TRY(
            qn_column_new_raw(&scatter->columns[c], type == QN_STRING ? QN_INT32 : type, rows, 0));
        scatter->columns[c]->type = type;
        if (type == QN_STRING)
            QN_TRY(qn_interner_new(&scatter->texts[c]));
    }
    return QN_OK;
}

void qn_scatter_clear(qn_scatter *scatter) {
    for (int32_t c = 0; c < scatter->count; c++) {
        if (scatter->columns != NULL)
            qn_column_release(scatter->columns[c]);
        if (scatter->texts != NULL)
            qn_interner_free(scatter->texts[c]);
    }
    qn_mem_free(scatter->columns);
    qn_mem_free(scatter->texts);
    qn_mem_free(scatter->ids);
    *scatter = (qn_scatter){0};
}

static void spread_32(const int32_t *from, const uint32_t *places, int64_t count, int32_t *to) {
    for (int64_t i = 0; i < count; i++)
        to[places[i]] = from[i];
}

static void spread_64(const int64_t *from, const uint32_t *places, int64_t count, int64_t *to) {
    for (int64_t i = 0; i < count; i++)
        to[places[i]] = from[i];
}

static qn_status spread_nulls(const qn_column *from, const uint32_t *places, qn_column *to) {
    for (int64_t i = 0; i < from->length; i++)
        if (qn_column_is_null(from, i))
            QN_TRY(qn_column_set_null(to, places[i]));
    return QN_OK;
}

qn_status qn_scatter_add(qn_scatter *scatter, const qn_batch *batch, const uint32_t *places) {
    for (int32_t c = 0; c < scatter->count; c++) {
        const qn_column *from = batch->columns[c];
        qn_column *to = scatter->columns[c];
        if (from->type == QN_STRING) {
            QN_TRY(qn_interner_encode(scatter->texts[c], from, true, scatter->ids));
            spread_32(scatter->ids, places, batch->length, to->codes);
        } else if (qn_type_size(from->type) == 4) {
            spread_32(from->i32, places, batch->length, to->i32);
        } else {
            spread_64(from->i64, places, batch->length, to->i64);
        }
        if (from->null_count > 0)
            QN_TRY(spread_nulls(from, places, to));
    }
    return QN_OK;
}

qn_status qn_scatter_finish(qn_scatter *scatter) {
    for (int32_t c = 0; c < scatter->count; c++)
        if (scatter->texts[c] != NULL)
            QN_TRY(qn_interner_column(scatter->texts[c], &scatter->columns[c]->dictionary));
    return QN_OK;
}

qn_status qn_scatter_rows(const qn_scatter *scatter, int64_t first, int64_t count, qn_batch *out) {
    for (int32_t c = 0; c < scatter->count; c++) {
        qn_column *column = NULL;
        QN_TRY(qn_column_slice(&column, scatter->columns[c], first, count));
        QN_TRY(qn_batch_append(out, column));
    }
    out->length = count;
    return QN_OK;
}
