#include "features/stage/as_text.h"

#include "core/expr/expr.h"
#include "core/memory.h"

#include <string.h>

bool qn_as_text_allowed(qn_type type) {
    return type != QN_STRING_LIST && type != QN_VECTOR;
}

/* ---- Distinct values ------------------------------------------------------------------------ */

static uint64_t bits_of(const qn_column *column, int64_t row) {
    switch (qn_type_size(column->type)) {
    case 4:
        return (uint32_t)column->i32[row];
    case 8:
        return (uint64_t)column->i64[row];
    default:
        return qn_bit(column->bits, row);
    }
}

static bool is_nan(const qn_column *column, int64_t row) {
    if (column->type == QN_FLOAT64)
        return column->f64[row] != column->f64[row];
    return column->type == QN_FLOAT32 && column->f32[row] != column->f32[row];
}

typedef struct distinct {
    int64_t count;
    int64_t *rows;  /* where each distinct value was first met */
    int32_t *slots; /* index into rows + 1; 0 is free */
    int shift;      /* of a hash, to a slot */
} distinct;

static qn_status distinct_init(distinct *found, int64_t length) {
    int log = 4;
    while ((INT64_C(1) << log) < 2 * length)
        log++;
    *found = (distinct){.shift = 64 - log};
    QN_TRY(qn_mem_alloc(&found->rows, (size_t)length, sizeof *found->rows));
    return qn_mem_calloc(&found->slots, (size_t)1 << log, sizeof *found->slots);
}

static void distinct_clear(distinct *found) {
    qn_mem_free(found->rows);
    qn_mem_free(found->slots);
}

/* Which distinct value that of `row` is. */
static int32_t distinct_code(distinct *found, const qn_column *column, int64_t row) {
    uint64_t bits = bits_of(column, row);
    uint64_t mask = (UINT64_C(1) << (64 - found->shift)) - 1;
    uint64_t at = (bits * UINT64_C(0x9e3779b97f4a7c15)) >> found->shift; /* Fibonacci hashing */
    for (; found->slots[at] != 0; at = (at + 1) & mask) {
        int32_t code = found->slots[at] - 1;
        if (bits_of(column, found->rows[code]) == bits)
            return code;
    }
    found->rows[found->count] = row;
    found->slots[at] = (int32_t)++found->count;
    return (int32_t)found->count - 1;
}

/* ---- Casting -------------------------------------------------------------------------------- */

static qn_status cast_column(const qn_column *values, qn_column **out) {
    qn_schema schema;
    qn_batch batch;
    qn_expr *column = NULL, *cast = NULL;
    qn_schema_init(&schema);
    qn_batch_init(&batch);
    qn_status status;
    QN_TRY_GOTO(qn_schema_add(&schema, "value", values->type), done);
    QN_TRY_GOTO(qn_batch_reserve(&batch, 1), done);
    batch.columns[0] = qn_column_retain(values);
    batch.length = values->length;
    QN_TRY_GOTO(qn_expr_column(&column, "value", -1), done);
    QN_TRY_GOTO(qn_expr_cast(&cast, column, QN_STRING, -1), done);
    QN_TRY_GOTO(qn_expr_bind(cast, &schema), done);
    status = qn_expr_eval(cast, &batch, out);
done:
    qn_expr_free(cast);
    qn_batch_clear(&batch);
    qn_schema_clear(&schema);
    return status;
}

static qn_status find_distinct(const qn_column *column, distinct *found, qn_column *coded) {
    QN_TRY(distinct_init(found, column->length));
    for (int64_t i = 0; i < column->length; i++) {
        if (qn_column_is_null(column, i) || is_nan(column, i))
            QN_TRY(qn_column_set_null(coded, i));
        else
            coded->codes[i] = distinct_code(found, column, i);
    }
    return QN_OK;
}

qn_status qn_as_text(qn_column **out, const qn_column *column) {
    if (column->type == QN_STRING) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    distinct found = {0};
    qn_column *coded = NULL, *values = NULL, *texts = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_column_new(&coded, QN_INT32, column->length, 0), done);
    QN_TRY_GOTO(find_distinct(column, &found, coded), done);
    QN_TRY_GOTO(qn_column_take(&values, column, found.rows, found.count), done);
    QN_TRY_GOTO(cast_column(values, &texts), done);
    QN_TRY_GOTO(qn_column_decode(&coded->dictionary, texts), done);
    coded->type = QN_STRING;
    *out = coded;
    coded = NULL;
done:
    qn_column_release(coded);
    qn_column_release(values);
    qn_column_release(texts);
    distinct_clear(&found);
    return status;
}
