/* Comparing rows by their sort keys. */
#include "core/key/order.h"

#include "core/key/order_load.h"

#include <string.h>

static int compare_u64(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int compare_values(const qn_column *a, int64_t i, const qn_column *b, int64_t j) {
    switch (a->type) {
    case QN_BOOL:
        return (int)qn_bit(a->bits, i) - (int)qn_bit(b->bits, j);
    case QN_INT32:
    case QN_DATE:
        return (a->i32[i] > b->i32[j]) - (a->i32[i] < b->i32[j]);
    case QN_FLOAT32:
        return compare_u64(qn_order_f32(a->f32[i]), qn_order_f32(b->f32[j]));
    case QN_FLOAT64:
        return compare_u64(qn_order_f64(a->f64[i]), qn_order_f64(b->f64[j]));
    case QN_STRING:
        if (a->dictionary != NULL && a->dictionary == b->dictionary && a->codes[i] == b->codes[j])
            return 0;
        return qn_view_compare(qn_column_string(a, i), qn_column_string(b, j));
    default:
        return (a->i64[i] > b->i64[j]) - (a->i64[i] < b->i64[j]);
    }
}

static int compare_key(const qn_column *a, int64_t i, const qn_column *b, int64_t j,
                       const qn_sort_key *key) {
    bool a_null = qn_column_is_null(a, i), b_null = qn_column_is_null(b, j);
    if (a_null || b_null) {
        int compared = (int)b_null - (int)a_null; /* nulls first */
        return key->nulls_last ? -compared : compared;
    }
    int compared = compare_values(a, i, b, j);
    return key->descending ? -compared : compared;
}

int qn_order_compare_rows(const qn_batch *a, int64_t i, const qn_batch *b, int64_t j,
                          const qn_sort_key *keys, int32_t count) {
    for (int32_t k = 0; k < count; k++) {
        int32_t column = keys[k].column;
        int compared = compare_key(a->columns[column], i, b->columns[column], j, &keys[k]);
        if (compared != 0)
            return compared;
    }
    return 0;
}

int qn_order_compare(const qn_table *table_a, qn_ref a, const qn_table *table_b, qn_ref b,
                     const qn_sort_key *keys, int32_t count) {
    return qn_order_compare_rows(&table_a->batches[qn_ref_batch(a)], qn_ref_row(a),
                                 &table_b->batches[qn_ref_batch(b)], qn_ref_row(b), keys, count);
}

/* ---- Boundaries ----------------------------------------------------------------------------- */

static void mark_strings(const qn_table *table, const qn_sort_key *key, const qn_ref *refs,
                         int64_t rows, uint8_t *starts) {
    for (int64_t i = 1; i < rows; i++)
        if (!starts[i])
            starts[i] = qn_order_compare(table, refs[i - 1], table, refs[i], key, 1) != 0;
}

/* The chunk's rows against each other; values[0] is the row before it. */
static void mark_chunk(const qn_order_source *source, const qn_ref *refs, int64_t count,
                       uint8_t *starts) {
    uint64_t values[QN_ORDER_CHUNK];
    uint8_t nulls[QN_ORDER_CHUNK];
    qn_order_load(source, refs, count, values, nulls);
    if (!source->has_nulls) {
        for (int64_t i = 1; i < count; i++)
            starts[i] |= values[i] != values[i - 1];
        return;
    }
    for (int64_t i = 1; i < count; i++)
        starts[i] |= nulls[i] != nulls[i - 1] || (!nulls[i] && values[i] != values[i - 1]);
}

static qn_status mark_key(const qn_table *table, const qn_sort_key *key, const qn_ref *refs,
                          int64_t rows, uint8_t *starts) {
    if (table->batches[0].columns[key->column]->type == QN_STRING) {
        mark_strings(table, key, refs, rows, starts);
        return QN_OK;
    }
    qn_order_source source;
    QN_TRY(qn_order_source_init(&source, table, key->column, refs, rows));
    for (int64_t first = 0; first < rows - 1; first += QN_ORDER_CHUNK - 1) {
        int64_t left = rows - first;
        mark_chunk(&source, refs + first, left < QN_ORDER_CHUNK ? left : QN_ORDER_CHUNK,
                   starts + first);
    }
    qn_order_source_clear(&source);
    return QN_OK;
}

qn_status qn_order_boundaries(const qn_table *table, const qn_sort_key *keys, int32_t count,
                              const qn_ref *refs, int64_t rows, uint8_t *starts) {
    if (rows == 0)
        return QN_OK;
    memset(starts, 0, (size_t)rows);
    starts[0] = 1;
    for (int32_t k = 0; k < count; k++)
        QN_TRY(mark_key(table, &keys[k], refs, rows, starts));
    return QN_OK;
}

/* ---- Prefixes ------------------------------------------------------------------------------- */

static uint64_t string_prefix(const qn_column *column, int64_t row) {
    qn_view text = qn_column_string(column, row);
    uint64_t word = 0;
    memcpy(&word, text.data, (size_t)(text.length < 8 ? text.length : 8));
    return __builtin_bswap64(word);
}

static void load_prefixes(const qn_column *column, int64_t rows, uint64_t *out) {
    if (column->type == QN_STRING) {
        for (int64_t i = 0; i < rows; i++)
            out[i] = string_prefix(column, i);
        return;
    }
    qn_order_load_run(column->type, column->values, 0, rows, out);
}

bool qn_order_prefixes(const qn_batch *batch, const qn_sort_key *keys, int32_t count,
                       uint64_t *prefixes) {
    const qn_sort_key *key = &keys[0];
    if (count == 0) {
        memset(prefixes, 0, (size_t)batch->length * sizeof *prefixes);
        return true;
    }
    const qn_column *column = batch->columns[key->column];
    int64_t rows = batch->length;
    bool narrow = column->type == QN_BOOL || qn_type_size(column->type) == 4;
    load_prefixes(column, rows, prefixes);
    if (narrow) /* so that nulls have the ends to themselves */
        for (int64_t i = 0; i < rows; i++)
            prefixes[i]++;
    if (key->descending)
        for (int64_t i = 0; i < rows; i++)
            prefixes[i] = ~prefixes[i];
    if (column->null_count > 0)
        for (int64_t i = 0; i < rows; i++)
            if (!qn_bit(column->validity, i))
                prefixes[i] = key->nulls_last ? UINT64_MAX : 0;
    return column->type != QN_STRING && (narrow || column->null_count == 0);
}
