/* Rows that stand in the plan itself, as a stream: rank 0 has them all. */
#include "features/plan/values.h"

#include "core/memory.h"

static void set_value(qn_column *column, int64_t i, const qn_scalar *value) {
    switch (column->type) {
    case QN_BOOL:
        if (value->boolean)
            column->bits[i >> 6] |= UINT64_C(1) << (i & 63);
        break;
    case QN_INT32:
    case QN_DATE:
        column->i32[i] = (int32_t)value->integer;
        break;
    case QN_INT64:
    case QN_TIMESTAMP:
        column->i64[i] = value->integer;
        break;
    case QN_FLOAT32:
        column->f32[i] = (float)value->real;
        break;
    default:
        column->f64[i] = value->real;
        break;
    }
}

typedef struct cells {
    const qn_plan_output *items; /* of the first row's column */
    int32_t stride;
    int64_t rows;
} cells;

static qn_scalar cell_value(const cells *list, int64_t row) {
    qn_scalar value = {.null = true};
    (void)qn_expr_constant(list->items[row * list->stride].expression, &value);
    return value;
}

static qn_status text_column(qn_column **out, const cells *list) {
    qn_string_builder builder;
    qn_status status = QN_OK;
    qn_string_builder_init(&builder);
    for (int64_t row = 0; row < list->rows && status == QN_OK; row++) {
        qn_scalar value = cell_value(list, row);
        status = value.null ? qn_string_builder_add_null(&builder)
                            : qn_string_builder_add(&builder, value.text);
    }
    if (status == QN_OK)
        status = qn_string_builder_finish(&builder, out);
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status plain_column(qn_column **out, const cells *list, qn_type type) {
    qn_column *column = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_column_new(&column, type, list->rows, 0));
    for (int64_t row = 0; row < list->rows && status == QN_OK; row++) {
        qn_scalar value = cell_value(list, row);
        if (value.null)
            status = qn_column_set_null(column, row);
        else
            set_value(column, row, &value);
    }
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    *out = column;
    return QN_OK;
}

static qn_status fill(qn_batch *batch, const qn_plan *plan, int64_t first) {
    int32_t columns = plan->schema.count;
    int64_t rows = plan->limit - first < QN_BATCH_ROWS ? plan->limit - first : QN_BATCH_ROWS;
    QN_TRY(qn_batch_reserve(batch, columns));
    batch->length = rows;
    batch->first_row = first;
    for (int32_t i = 0; i < columns; i++) {
        cells list = {plan->outputs + first * columns + i, columns, rows};
        qn_type type = plan->schema.fields[i].type;
        QN_TRY(type == QN_STRING ? text_column(&batch->columns[i], &list)
                                 : plain_column(&batch->columns[i], &list, type));
    }
    return QN_OK;
}

static qn_status collect(qn_table *table, const qn_plan *plan) {
    QN_TRY(qn_schema_copy(&table->schema, &plan->schema));
    for (int64_t first = 0; first < plan->limit; first += QN_BATCH_ROWS) {
        qn_batch batch;
        qn_batch_init(&batch);
        qn_status status = fill(&batch, plan, first);
        if (status != QN_OK) {
            qn_batch_clear(&batch);
            return status;
        }
        QN_TRY(qn_table_add(table, &batch));
    }
    return QN_OK;
}

qn_status qn_plan_values_open(qn_stream **out, const qn_plan *plan, qn_comm *comm) {
    qn_table table;
    if (plan->kind == PLAN_EMPTY || qn_comm_rank(comm) > 0)
        return qn_stream_of_batches(out, &plan->schema, NULL, 0);
    qn_table_init(&table);
    qn_status status = collect(&table, plan);
    if (status == QN_OK)
        status = qn_table_stream(out, &table);
    qn_table_clear(&table);
    return status;
}
