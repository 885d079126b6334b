/* Key columns out of the words by which rows were sorted. */
#include "core/key/order_kept.h"

#include "core/memory.h"

void qn_order_kept_free(qn_order_kept *kept) {
    if (kept == NULL)
        return;
    qn_mem_free(kept->words);
    qn_mem_free(kept->keys);
    qn_mem_free(kept->types);
    qn_mem_free(kept->ranges);
    qn_mem_free(kept->shifts);
    qn_mem_free(kept->bits);
    qn_mem_free(kept);
}

/* Is the value there? Strings were numbered, flags are cheap to gather. */
static bool is_kept(qn_type type) {
    return type != QN_STRING && type != QN_BOOL;
}

/* The key's field of each row, as it was before it was put into the word. */
static void read_fields(const qn_order_kept *kept, int32_t key, int64_t first, int64_t count,
                        uint64_t *out) {
    int shift = kept->shifts[key], bits = kept->bits[key];
    uint64_t mask = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    const uint64_t *words = kept->words + first;
    for (int64_t i = 0; i < count; i++)
        out[i] = words[i] >> shift & mask;
}

static qn_status mark_nulls(qn_column *column, const uint64_t *fields, uint64_t null_field) {
    for (int64_t i = 0; i < column->length; i++)
        if (fields[i] == null_field)
            QN_TRY(qn_column_set_null(column, i));
    return QN_OK;
}

/* Fields to values; a null's is 0. */
static void write_values(const qn_order_kept *kept, int32_t key, const uint64_t *fields,
                         uint64_t null_field, qn_column *out) {
    const qn_order_range *range = &kept->ranges[key];
    bool down = kept->keys[key].descending, narrow = qn_type_size(out->type) == 4;
    uint64_t sign = narrow ? UINT64_C(1) << 31 : UINT64_C(1) << 63;
    uint64_t shifted = range->has_nulls && !kept->keys[key].nulls_last;
    uint64_t base = down ? range->least + range->extent + shifted : range->least - shifted;
    uint64_t factor = down ? UINT64_MAX : 1;
    if (narrow)
        for (int64_t i = 0; i < out->length; i++)
            out->i32[i] = (int32_t)(uint32_t)((base + factor * fields[i]) ^ sign);
    else
        for (int64_t i = 0; i < out->length; i++)
            out->i64[i] = (int64_t)((base + factor * fields[i]) ^ sign);
    for (int64_t i = 0; out->null_count > 0 && i < out->length; i++) {
        if (fields[i] != null_field)
            continue;
        if (narrow)
            out->i32[i] = 0;
        else
            out->i64[i] = 0;
    }
}

/* Ordered numbers back to reals: bits that were turned over for the order are turned back. */
static void restore_reals(const qn_table *table, int32_t column, const qn_ref *refs,
                          qn_column *out) {
    for (int64_t i = 0; out->type == QN_FLOAT64 && i < out->length; i++) {
        uint64_t turned = (uint64_t)out->i64[i]; /* the sign bit is as it was */
        out->i64[i] = (int64_t)(turned >> 63 ? turned ^ INT64_MAX : turned);
        if ((out->f64[i] == 0 || out->f64[i] != out->f64[i]) && !qn_column_is_null(out, i))
            out->f64[i] =
                table->batches[qn_ref_batch(refs[i])].columns[column]->f64[qn_ref_row(refs[i])];
    }
    for (int64_t i = 0; out->type == QN_FLOAT32 && i < out->length; i++) {
        uint32_t turned = (uint32_t)out->i32[i];
        out->i32[i] = (int32_t)(turned >> 31 ? turned ^ INT32_MAX : turned);
        if ((out->f32[i] == 0 || out->f32[i] != out->f32[i]) && !qn_column_is_null(out, i))
            out->f32[i] =
                table->batches[qn_ref_batch(refs[i])].columns[column]->f32[qn_ref_row(refs[i])];
    }
}

static qn_status decode(const qn_order_kept *kept, const qn_table *table, int32_t key,
                        const qn_ref *refs, int64_t first, int64_t count, qn_column **out) {
    const qn_order_range *range = &kept->ranges[key];
    uint64_t null_field = kept->keys[key].nulls_last ? range->extent + 1 : 0;
    uint64_t fields[QN_BATCH_ROWS];
    qn_column *column = NULL;
    read_fields(kept, key, first, count, fields);
    QN_TRY(qn_column_new_raw(&column, kept->types[key], count, 0));
    qn_status status = range->has_nulls ? mark_nulls(column, fields, null_field) : QN_OK;
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    write_values(kept, key, fields, null_field, column);
    restore_reals(table, kept->keys[key].column, refs, column);
    *out = column;
    return QN_OK;
}

qn_status qn_order_kept_column(const qn_order_kept *kept, const qn_table *table, int32_t column,
                               const qn_ref *refs, int64_t first, int64_t count, qn_column **out) {
    *out = NULL;
    for (int32_t k = 0; k < kept->count; k++) {
        const qn_order_range *range = &kept->ranges[k];
        bool lost = kept->shifts[k] < 0 || (range->has_nulls && range->extent == UINT64_MAX);
        if (kept->keys[k].column == column && is_kept(kept->types[k]) && !lost &&
            count <= QN_BATCH_ROWS)
            return decode(kept, table, k, refs, first, count, out);
    }
    return QN_OK;
}
