#include "features/stage/time/past.h"

#include "core/memory.h"
#include "features/stage/columns.h"

/* ---- Columns --------------------------------------------------------------------------------- */

static qn_status find_partition(qn_past *past, const qn_stage *stage, const qn_schema *schema) {
    char *const *names;
    if (!qn_options_has(stage->options, "partition_cols"))
        return QN_OK;
    int64_t count = qn_options_list(stage->options, "partition_cols", &names);
    QN_TRY(qn_mem_calloc(&past->partition, (size_t)count, sizeof *past->partition));
    past->partition_count = (int32_t)count;
    for (int64_t i = 0; i < count; i++) {
        QN_TRY(qn_schema_require(schema, names[i], &past->partition[i]));
        const qn_field *field = &schema->fields[past->partition[i]];
        if (field->type == QN_VECTOR || field->type == QN_STRING_LIST)
            return qn_columns_fail_type(field, "text, a number, a bool, a date or a timestamp");
    }
    return QN_OK;
}

static qn_status find_order(qn_past *past, const qn_stage *stage, const qn_schema *schema) {
    if (!qn_options_has(stage->options, "order_col"))
        return qn_fail(QN_JOB, "option 'order_col' must be given: the column that says when");
    QN_TRY(qn_schema_require(schema, qn_options_text(stage->options, "order_col"),
                             &past->order.column));
    const qn_field *field = &schema->fields[past->order.column];
    if (!qn_type_is_numeric(field->type) && field->type != QN_DATE && field->type != QN_TIMESTAMP)
        return qn_columns_fail_type(field, "a date, a timestamp or a number");
    past->order.nulls_last = true;
    return QN_OK;
}

qn_status qn_past_init(qn_past *out, const qn_stage *stage, const qn_schema *schema) {
    *out = (qn_past){0};
    qn_status status = find_partition(out, stage, schema);
    if (status == QN_OK)
        status = find_order(out, stage, schema);
    if (status != QN_OK)
        qn_past_clear(out);
    return status;
}

void qn_past_clear(qn_past *past) {
    for (int64_t i = 0; i < past->count; i++)
        qn_mem_free((void *)(uintptr_t)past->calls[i].name);
    qn_mem_free(past->calls);
    qn_mem_free(past->partition);
    *past = (qn_past){0};
}

qn_status qn_past_add(qn_past *past, const qn_window_call *call) {
    qn_status status =
        qn_mem_reserve(&past->calls, &past->capacity, past->count + 1, sizeof *past->calls);
    if (status != QN_OK) {
        qn_mem_free((void *)(uintptr_t)call->name);
        return status;
    }
    past->calls[past->count++] = *call;
    return QN_OK;
}

static qn_window_spec spec_of(const qn_past *past) {
    return (qn_window_spec){.partition = past->partition,
                            .partition_count = past->partition_count,
                            .order = &past->order,
                            .order_count = 1,
                            .calls = past->calls,
                            .call_count = (int32_t)past->count};
}

qn_status qn_past_add_fields(const qn_past *past, const qn_schema *in, qn_schema *out) {
    const qn_window_spec spec = spec_of(past);
    for (int64_t i = 0; i < past->count; i++) {
        const char *name = past->calls[i].name;
        if (qn_schema_find(out, name) >= 0)
            return qn_fail(QN_JOB, "output column '%s' exists already", name);
        QN_TRY(qn_window_add_result(out, &spec, in, &past->calls[i]));
    }
    return QN_OK;
}

/* ---- Rows without a time ----------------------------------------------------------------------
 */

/* Nothing is known to lie before them. */
typedef struct masked {
    qn_stream base;
    qn_stream *in;
    int32_t order, first; /* the order column, the first of the results */
} masked;

static qn_status mask_columns(const masked *self, qn_batch *batch) {
    const qn_column *order = batch->columns[self->order];
    qn_table table = {self->base.schema, batch->length, 1, 1, batch};
    qn_ref *refs = NULL;
    qn_status status = qn_mem_alloc(&refs, (size_t)batch->length, sizeof *refs);
    for (int64_t i = 0; i < batch->length && status == QN_OK; i++)
        refs[i] = qn_column_is_null(order, i) ? QN_REF_NULL : qn_ref_of(0, i);
    for (int32_t c = self->first; c < batch->count && status == QN_OK; c++) {
        qn_column *column = NULL;
        status = qn_table_take(&column, &table, c, refs, batch->length);
        if (status == QN_OK) {
            qn_column_release(batch->columns[c]);
            batch->columns[c] = column;
        }
    }
    qn_mem_free(refs);
    return status;
}

static qn_status masked_next(qn_stream *stream, qn_batch *out) {
    masked *self = (masked *)stream;
    QN_TRY(qn_stream_next(self->in, out));
    if (out->count == 0 || out->columns[self->order]->null_count == 0)
        return QN_OK;
    qn_status status = mask_columns(self, out);
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}

static qn_status masked_rewind(qn_stream *stream) {
    return qn_stream_rewind(((masked *)stream)->in);
}

static void masked_free(qn_stream *stream) {
    qn_stream_free(((masked *)stream)->in);
}

static const qn_stream_class masked_class = {"past", masked_next, masked_rewind, masked_free};

qn_status qn_past_open(qn_stream **out, qn_stream *in, const qn_execution *execution,
                       const qn_past *past) {
    const qn_window_spec spec = spec_of(past);
    int32_t first = in->schema.count;
    qn_stream *rows = NULL;
    masked *self = NULL;
    QN_TRY(qn_window_open(&rows, in, execution, &spec));
    qn_status status = qn_stream_new(&self, sizeof *self, &masked_class, &rows->schema);
    if (status != QN_OK) {
        qn_stream_free(rows);
        return status;
    }
    self->in = rows;
    self->order = past->order.column;
    self->first = first;
    *out = &self->base;
    return QN_OK;
}

/* ---- Leaks ------------------------------------------------------------------------------------
 */

bool qn_time_stage_leaks(const qn_stage *stage, const char *column) {
    if (stage->class_ == &qn_window_features_class)
        return qn_window_features_leak(stage, column);
    return stage->class_ == &qn_lag_features_class && qn_lag_features_leak(stage, column);
}
