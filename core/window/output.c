#include "core/window/output.h"

#include "core/memory.h"

/* Each row is written once, so that nothing need be cleared before; bits share words. */
static qn_status new_part(qn_column **out, qn_type type, int64_t length) {
    return type == QN_BOOL ? qn_column_new(out, type, length, 0)
                           : qn_column_new_raw(out, type, length, 0);
}

qn_status qn_window_output_start(qn_window_output *out, const qn_table *table,
                                 const qn_window_spec *spec, const qn_window_call *call) {
    int64_t rows = 0;
    out->info = qn_window_find(call->function, call->distinct);
    out->table = table;
    out->argument = call->argument_count > 0 ? call->arguments[0] : -1;
    out->fallback = out->info != NULL && out->info->family == QN_FAMILY_SHIFT ? call->fallback : -1;
    QN_TRY(qn_window_check(spec, &table->schema, call, &out->type));
    qn_table_init(&out->made);
    if (out->info->family == QN_FAMILY_OTHER)
        QN_TRY(qn_schema_add(&out->made.schema, call->name, out->type));
    out->by_ref = out->info->family == QN_FAMILY_OTHER ||
                  (qn_type_size(out->type) == 0 && out->type != QN_BOOL);
    QN_TRY(qn_mem_alloc(&out->batch_starts, (size_t)table->batch_count, sizeof(int64_t)));
    for (int64_t b = 0; b < table->batch_count; rows += table->batches[b++].length)
        out->batch_starts[b] = rows;
    if (out->by_ref)
        return qn_mem_alloc(&out->refs, (size_t)rows, sizeof *out->refs);
    QN_TRY(qn_mem_calloc(&out->columns, (size_t)table->batch_count, sizeof *out->columns));
    for (int64_t b = 0; b < table->batch_count; b++)
        QN_TRY(new_part(&out->columns[b], out->type, table->batches[b].length));
    QN_TRY(qn_mem_alloc(&out->values, (size_t)table->batch_count, sizeof *out->values));
    for (int64_t b = 0; b < table->batch_count; b++)
        out->values[b] = out->columns[b]->values;
    return QN_OK;
}

void qn_window_output_clear(qn_window_output *output) {
    for (int64_t b = 0; output->columns != NULL && b < output->table->batch_count; b++)
        qn_column_release(output->columns[b]);
    qn_mem_free(output->columns);
    qn_mem_free(output->values);
    qn_table_clear(&output->made);
    qn_mem_free(output->refs);
    qn_mem_free(output->batch_starts);
    *output = (qn_window_output){0};
}

/* ---- Places ---------------------------------------------------------------------------------- */

static void write_refs(qn_window_output *output, const qn_window_places *places,
                       const int32_t *positions) {
    const qn_ref *refs = places->refs;
    for (int32_t i = places->from; i < places->to; i++) {
        int64_t row = output->batch_starts[qn_ref_batch(refs[i])] + qn_ref_row(refs[i]);
        output->refs[row] = positions[i] < 0 ? QN_REF_NULL : refs[positions[i]];
    }
}

void qn_window_output_place(qn_window_output *output, const qn_window_places *places,
                            const qn_ref *results) {
    for (int32_t i = places->from; i < places->to; i++) {
        qn_ref ref = places->refs[i];
        output->refs[output->batch_starts[qn_ref_batch(ref)] + qn_ref_row(ref)] = results[i];
    }
}

/* ---- Values ---------------------------------------------------------------------------------- */

#define TARGET (output->columns[qn_ref_batch(refs[i])])

#define SCATTER(type, value)                                                                       \
    for (int32_t i = 0; i < count; i++)                                                            \
        ((type *)output->values[qn_ref_batch(refs[i])])[qn_ref_row(refs[i])] = (value);

static void scatter_bits(qn_window_output *output, const qn_ref *refs, int32_t count,
                         const int64_t *values) {
    for (int32_t i = 0; i < count; i++)
        if (values[i] != 0)
            qn_bit_set(TARGET->bits, qn_ref_row(refs[i]));
}

static void scatter_integers(qn_window_output *output, const qn_ref *refs, int32_t count,
                             const int64_t *values) {
    if (output->type == QN_BOOL)
        scatter_bits(output, refs, count, values);
    else if (output->type == QN_INT32 || output->type == QN_DATE)
        SCATTER(int32_t, (int32_t)values[i])
    else
        SCATTER(int64_t, values[i])
}

static void scatter_reals(qn_window_output *output, const qn_ref *refs, int32_t count,
                          const double *values) {
    if (output->type == QN_FLOAT32)
        SCATTER(float, (float)values[i])
    else
        SCATTER(double, values[i])
}

static qn_status scatter_nulls(qn_window_output *output, const qn_ref *refs, int32_t count,
                               const uint8_t *valid) {
    for (int32_t i = 0; i < count; i++)
        if (!valid[i])
            QN_TRY(qn_column_set_null(TARGET, qn_ref_row(refs[i])));
    return QN_OK;
}

static qn_status write_values(qn_window_output *output, const qn_ref *refs, int32_t count,
                              const qn_window_result *result) {
    if (result->i32 != NULL)
        SCATTER(int32_t, result->i32[i])
    else if (result->i64 != NULL)
        scatter_integers(output, refs, count, result->i64);
    else
        scatter_reals(output, refs, count, result->f64);
    return result->valid != NULL ? scatter_nulls(output, refs, count, result->valid) : QN_OK;
}

/* Where a position's value comes from; NULL: there is none. */
static const qn_window_values *source_of(const qn_window_values *values,
                                         const qn_window_values *fallback, int32_t position,
                                         int32_t i, int32_t *at) {
    const qn_window_values *source = position >= 0 ? values : fallback;
    *at = position >= 0 ? position : i;
    return source != NULL && qn_window_valid(source, *at) ? source : NULL;
}

enum { BLOCK = 1024 };

/* Positions become values, a block in cache at a time. */
static qn_status write_picked(qn_window_output *output, const qn_window_places *places,
                              const int32_t *positions, const qn_window_values *values,
                              const qn_window_values *fallback) {
    int64_t integers[BLOCK];
    double reals[BLOCK];
    uint8_t valid[BLOCK];
    bool real = values->f64 != NULL;
    for (int32_t from = places->from; from < places->to; from += BLOCK) {
        int32_t length = places->to - from < BLOCK ? places->to - from : BLOCK, at, nulls = 0;
        for (int32_t i = 0; i < length; i++) {
            const qn_window_values *source =
                source_of(values, fallback, positions[from + i], from + i, &at);
            valid[i] = source != NULL;
            nulls += source == NULL;
            if (real)
                reals[i] = source != NULL ? source->f64[at] : 0;
            else
                integers[i] = source != NULL ? source->i64[at] : 0;
        }
        qn_window_result block = {.i64 = real ? NULL : integers,
                                  .f64 = real ? reals : NULL,
                                  .valid = nulls > 0 ? valid : NULL};
        QN_TRY(write_values(output, places->refs + from, length, &block));
    }
    return QN_OK;
}

/* The results from `from` on. */
static qn_window_result results_from(const qn_window_result *result, int32_t from) {
    return (qn_window_result){.i32 = result->i32 != NULL ? result->i32 + from : NULL,
                              .i64 = result->i64 != NULL ? result->i64 + from : NULL,
                              .f64 = result->f64 != NULL ? result->f64 + from : NULL,
                              .valid = result->valid != NULL ? result->valid + from : NULL};
}

qn_status qn_window_output_write(qn_window_output *output, const qn_window_places *places,
                                 const qn_window_result *result, const qn_window_values *values,
                                 const qn_window_values *fallback) {
    if (output->by_ref) {
        write_refs(output, places, result->positions);
        return QN_OK;
    }
    if (result->positions != NULL)
        return write_picked(output, places, result->positions, values, fallback);
    qn_window_result cut = results_from(result, places->from);
    return write_values(output, places->refs + places->from, places->to - places->from, &cut);
}

/* ---- Columns --------------------------------------------------------------------------------- */

/* Rows without a source take the default's value of their own row. */
static qn_status mend_with_fallback(const qn_window_output *output, int64_t b, const qn_ref *refs,
                                    qn_column **column) {
    const qn_column *pair[2] = {*column, output->table->batches[b].columns[output->fallback]};
    qn_column *both = NULL, *mended = NULL;
    int64_t *rows = NULL, count = (*column)->length;
    qn_status status;
    QN_TRY_GOTO(qn_column_concat(&both, pair, 2), done);
    QN_TRY_GOTO(qn_mem_alloc(&rows, (size_t)count, sizeof *rows), done);
    for (int64_t i = 0; i < count; i++)
        rows[i] = refs[i] == QN_REF_NULL ? count + i : i;
    QN_TRY_GOTO(qn_column_take(&mended, both, rows, count), done);
    qn_column_release(*column);
    *column = mended;
done:
    qn_column_release(both);
    qn_mem_free(rows);
    return status;
}

qn_status qn_window_output_finish(qn_window_output *output, int64_t b, int64_t start,
                                  qn_column **out) {
    qn_column *column = NULL;
    if (!output->by_ref) {
        *out = output->columns[b];
        output->columns[b] = NULL;
        return QN_OK;
    }
    const qn_ref *refs = output->refs + start;
    int64_t count = output->table->batches[b].length;
    if (output->info->family == QN_FAMILY_OTHER)
        return qn_table_take(out, &output->made, 0, refs, count);
    QN_TRY(qn_table_take(&column, output->table, output->argument, refs, count));
    if (output->fallback >= 0) {
        qn_status status = mend_with_fallback(output, b, refs, &column);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}
