/* Rows of columns into new columns: take, slice, concat, decode, densify. */
#include "core/column/column.h"

#include "core/memory.h"
#include "core/text/short.h"

#include <string.h>

/* Bits of the rows, a word at a time. */
static void take_bits(uint64_t *out, const uint64_t *bits, const int64_t *rows, int64_t count) {
    for (int64_t first = 0; first < count; first += 64) {
        int64_t end = count - first < 64 ? count - first : 64;
        uint64_t word = 0;
        for (int64_t i = 0; i < end; i++)
            word |= (uint64_t)qn_bit(bits, rows[first + i]) << i;
        out[first / 64] = word;
    }
}

static qn_status take_validity(qn_column *out, const qn_column *column, const int64_t *rows) {
    uint64_t *validity = NULL;
    if (column->null_count == 0)
        return QN_OK;
    QN_TRY(qn_mem_calloc(&validity, ((size_t)qn_bit_words(out->length) + 8) & ~(size_t)7,
                         sizeof *validity));
    take_bits(validity, column->validity, rows, out->length);
    qn_column_set_validity(out, validity);
    return QN_OK;
}

static void take_fixed(qn_column *out, const qn_column *column, const int64_t *rows) {
    int64_t count = out->length;
    if (column->type == QN_BOOL) {
        take_bits(out->bits, column->bits, rows, count);
    } else if (qn_type_size(column->type) == 8) {
        for (int64_t i = 0; i < count; i++)
            out->i64[i] = column->i64[rows[i]];
    } else {
        for (int64_t i = 0; i < count; i++)
            out->i32[i] = column->i32[rows[i]];
    }
}

/* Offsets of the taken rows, and how many elements they have in all. */
static qn_status take_offsets(qn_column *out, const qn_column *column, const int64_t *rows) {
    int64_t total = 0;
    for (int64_t i = 0; i < out->length; i++) {
        total += column->offsets[rows[i] + 1] - column->offsets[rows[i]];
        if (total > INT32_MAX)
            return qn_fail(QN_DATA, "more than 2 GiB of text in one column of a batch");
        out->offsets[i + 1] = (int32_t)total;
    }
    return QN_OK;
}

static qn_status take_string(qn_column *out, const qn_column *column, const int64_t *rows) {
    QN_TRY(take_offsets(out, column, rows));
    QN_TRY(qn_mem_alloc(&out->chars, (size_t)out->offsets[out->length] + 64, 1));
    for (int64_t i = 0; i < out->length; i++) {
        int32_t length = out->offsets[i + 1] - out->offsets[i];
        if (length > 0)
            qn_copy_short(out->chars + out->offsets[i], column->chars + column->offsets[rows[i]],
                          length);
    }
    return QN_OK;
}

static qn_status take_list(qn_column *out, const qn_column *column, const int64_t *rows) {
    QN_TRY(take_offsets(out, column, rows));
    int64_t *items = NULL;
    QN_TRY(qn_mem_alloc(&items, (size_t)out->offsets[out->length], sizeof *items));
    int64_t n = 0;
    for (int64_t i = 0; i < out->length; i++)
        for (int32_t k = column->offsets[rows[i]]; k < column->offsets[rows[i] + 1]; k++)
            items[n++] = k;
    qn_status status = qn_column_take(&out->items, column->items, items, n);
    qn_mem_free(items);
    return status;
}

static qn_status take_sparse(qn_column *out, const qn_column *column, const int64_t *rows) {
    QN_TRY(qn_mem_calloc(&out->offsets, (size_t)out->length + 16, sizeof *out->offsets));
    QN_TRY(take_offsets(out, column, rows));
    size_t stored = (size_t)out->offsets[out->length] + 8;
    qn_mem_free(out->values);
    out->values = NULL;
    QN_TRY(qn_mem_calloc(&out->f64, stored, sizeof *out->f64));
    QN_TRY(qn_mem_calloc(&out->indices, stored + 8, sizeof *out->indices));
    for (int64_t i = 0; i < out->length; i++) {
        int32_t from = column->offsets[rows[i]], to = out->offsets[i];
        size_t length = (size_t)(out->offsets[i + 1] - to);
        memcpy(out->f64 + to, column->f64 + from, length * sizeof *out->f64);
        memcpy(out->indices + to, column->indices + from, length * sizeof *out->indices);
    }
    return QN_OK;
}

static qn_status take_dense(qn_column *out, const qn_column *column, const int64_t *rows) {
    size_t width = (size_t)column->width;
    for (int64_t i = 0; i < out->length; i++)
        memcpy(out->f64 + (size_t)i * width, column->f64 + (size_t)rows[i] * width,
               width * sizeof(double));
    return QN_OK;
}

static qn_status take_values(qn_column *out, const qn_column *column, const int64_t *rows) {
    switch (column->type) {
    case QN_STRING:
        return take_string(out, column, rows);
    case QN_STRING_LIST:
        return take_list(out, column, rows);
    case QN_VECTOR:
        return column->indices != NULL ? take_sparse(out, column, rows)
                                       : take_dense(out, column, rows);
    default:
        take_fixed(out, column, rows);
        return QN_OK;
    }
}

/* A dictionary-encoded column's codes, sharing the dictionary. */
static qn_status take_codes(qn_column **out, const qn_column *column, const int64_t *rows,
                            int64_t count) {
    qn_column *taken = NULL;
    QN_TRY(qn_column_new(&taken, QN_INT32, count, 0));
    taken->type = QN_STRING;
    taken->dictionary = qn_column_retain(column->dictionary);
    for (int64_t i = 0; i < count; i++)
        taken->codes[i] = column->codes[rows[i]];
    qn_status status = take_validity(taken, column, rows);
    if (status != QN_OK) {
        qn_column_release(taken);
        return status;
    }
    *out = taken;
    return QN_OK;
}

qn_status qn_column_take(qn_column **out, const qn_column *column, const int64_t *rows,
                         int64_t count) {
    if (column->dictionary != NULL)
        return take_codes(out, column, rows, count);
    qn_column *taken = NULL;
    int32_t width = column->indices != NULL ? 0 : column->width;
    QN_TRY(qn_column_new(&taken, column->type, count, width));
    taken->width = column->width;
    qn_status status = take_values(taken, column, rows);
    if (status == QN_OK)
        status = take_validity(taken, column, rows);
    if (status != QN_OK) {
        qn_column_release(taken);
        return status;
    }
    *out = taken;
    return QN_OK;
}

/* Values of fixed width, or codes, without nulls. */
static qn_status slice_fixed(qn_column **out, const qn_column *column, int64_t first,
                             int64_t count) {
    qn_column *slice = NULL;
    qn_type stored = column->type == QN_STRING ? QN_INT32 : column->type;
    size_t size = (size_t)qn_type_size(stored);
    QN_TRY(qn_column_new_raw(&slice, stored, count, 0));
    slice->type = column->type;
    slice->dictionary = qn_column_retain(column->dictionary);
    memcpy(slice->values, (const char *)column->values + (size_t)first * size,
           (size_t)count * size);
    *out = slice;
    return QN_OK;
}

qn_status qn_column_slice(qn_column **out, const qn_column *column, int64_t first, int64_t count) {
    if (first == 0 && count == column->length) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    bool coded = column->type == QN_STRING && column->dictionary != NULL;
    if (column->null_count == 0 && (coded || qn_type_size(column->type) > 0))
        return slice_fixed(out, column, first, count);
    int64_t *rows = NULL;
    QN_TRY(qn_mem_alloc(&rows, (size_t)count, sizeof *rows));
    for (int64_t i = 0; i < count; i++)
        rows[i] = first + i;
    qn_status status = qn_column_take(out, column, rows, count);
    qn_mem_free(rows);
    return status;
}

/* ---- Concatenation -------------------------------------------------------------------------- */

static bool any_sparse(const qn_column *const *columns, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (columns[i]->indices != NULL)
            return true;
    return false;
}

static bool same_dictionary(const qn_column *const *columns, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (columns[i]->dictionary == NULL || columns[i]->dictionary != columns[0]->dictionary)
            return false;
    return count > 0;
}

static qn_status concat_validity(qn_column *out, const qn_column *const *columns, int64_t count) {
    int64_t row = 0;
    for (int64_t c = 0; c < count; c++)
        for (int64_t i = 0; i < columns[c]->length; i++, row++)
            if (qn_column_is_null(columns[c], i))
                QN_TRY(qn_column_set_null(out, row));
    return QN_OK;
}

static void concat_fixed(qn_column *out, const qn_column *const *columns, int64_t count) {
    int64_t row = 0;
    for (int64_t c = 0; c < count; c++) {
        const qn_column *column = columns[c];
        if (column->type == QN_BOOL) {
            for (int64_t i = 0; i < column->length; i++)
                if (qn_bit(column->bits, i))
                    qn_bit_set(out->bits, row + i);
        } else {
            size_t size = column->type == QN_VECTOR   ? (size_t)column->width * 8
                          : column->type == QN_STRING ? 4
                                                      : (size_t)qn_type_size(column->type);
            memcpy((char *)out->values + (size_t)row * size, column->values,
                   (size_t)column->length * size);
        }
        row += column->length;
    }
}

static qn_status concat_strings(qn_column **out, const qn_column *const *columns, int64_t count) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    for (int64_t c = 0; c < count; c++)
        for (int64_t i = 0; i < columns[c]->length; i++) {
            status = qn_column_is_null(columns[c], i)
                         ? qn_string_builder_add_null(&builder)
                         : qn_string_builder_add(&builder, qn_column_string(columns[c], i));
            if (status != QN_OK)
                goto done;
        }
    status = qn_string_builder_finish(&builder, out);
done:
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status concat_offsets(qn_column *out, const qn_column *const *columns, int64_t count) {
    int64_t row = 0, total = 0;
    for (int64_t c = 0; c < count; c++) {
        const qn_column *column = columns[c];
        if (total + column->offsets[column->length] > INT32_MAX)
            return qn_fail(QN_DATA, "more than 2^31 list items in one column of a batch");
        for (int64_t i = 0; i < column->length; i++)
            out->offsets[++row] = (int32_t)(total + column->offsets[i + 1]);
        total += column->offsets[column->length];
    }
    return QN_OK;
}

static qn_status concat_lists(qn_column *out, const qn_column *const *columns, int64_t count) {
    QN_TRY(concat_offsets(out, columns, count));
    const qn_column **items = NULL;
    QN_TRY(qn_mem_alloc(&items, (size_t)count, sizeof *items));
    for (int64_t c = 0; c < count; c++)
        items[c] = columns[c]->items;
    qn_status status = qn_column_concat(&out->items, items, count);
    qn_mem_free(items);
    return status;
}

/* Dense inputs become rows whose stored slots are their non-zeros. */
static qn_status sparsify_count(qn_column *out, const qn_column *const *columns, int64_t count) {
    int64_t row = 0, total = 0;
    for (int64_t c = 0; c < count; c++)
        for (int64_t i = 0; i < columns[c]->length; i++) {
            const qn_column *column = columns[c];
            if (column->indices != NULL)
                total += column->offsets[i + 1] - column->offsets[i];
            else
                for (int32_t k = 0; k < column->width; k++)
                    total += column->f64[i * column->width + k] != 0;
            if (total > INT32_MAX)
                return qn_fail(QN_DATA, "more than 2^31 stored vector slots in one column");
            out->offsets[++row] = (int32_t)total;
        }
    return QN_OK;
}

static void sparsify_fill(qn_column *out, const qn_column *const *columns, int64_t count) {
    int64_t n = 0;
    for (int64_t c = 0; c < count; c++) {
        const qn_column *column = columns[c];
        if (column->indices != NULL) {
            size_t stored = (size_t)column->offsets[column->length];
            memcpy(out->f64 + n, column->f64, stored * sizeof *out->f64);
            memcpy(out->indices + n, column->indices, stored * sizeof *out->indices);
            n += (int64_t)stored;
            continue;
        }
        for (int64_t i = 0; i < column->length * column->width; i++)
            if (column->f64[i] != 0) {
                out->f64[n] = column->f64[i];
                out->indices[n++] = (int32_t)(i % column->width);
            }
    }
}

static qn_status concat_sparse(qn_column *out, const qn_column *const *columns, int64_t count) {
    QN_TRY(qn_mem_calloc(&out->offsets, (size_t)out->length + 16, sizeof *out->offsets));
    QN_TRY(sparsify_count(out, columns, count));
    size_t stored = (size_t)out->offsets[out->length] + 8;
    qn_mem_free(out->values);
    out->values = NULL;
    QN_TRY(qn_mem_calloc(&out->f64, stored, sizeof *out->f64));
    QN_TRY(qn_mem_calloc(&out->indices, stored + 8, sizeof *out->indices));
    sparsify_fill(out, columns, count);
    return QN_OK;
}

static qn_status concat_into(qn_column *out, const qn_column *const *columns, int64_t count) {
    if (out->type == QN_STRING_LIST)
        QN_TRY(concat_lists(out, columns, count));
    else if (out->type == QN_VECTOR && any_sparse(columns, count))
        QN_TRY(concat_sparse(out, columns, count));
    else
        concat_fixed(out, columns, count);
    return concat_validity(out, columns, count);
}

qn_status qn_column_concat(qn_column **out, const qn_column *const *columns, int64_t count) {
    if (count == 1) {
        *out = qn_column_retain(columns[0]);
        return QN_OK;
    }
    if (count == 0)
        return qn_fail(QN_INTERNAL, "no columns to concatenate");
    qn_type type = columns[0]->type;
    bool coded = type == QN_STRING && same_dictionary(columns, count);
    if (type == QN_STRING && !coded)
        return concat_strings(out, columns, count);
    int64_t length = 0;
    for (int64_t c = 0; c < count; c++)
        length += columns[c]->length;
    qn_column *result = NULL;
    bool sparse = type == QN_VECTOR && any_sparse(columns, count);
    QN_TRY(qn_column_new(&result, coded ? QN_INT32 : type, length, sparse ? 0 : columns[0]->width));
    result->type = type;
    result->width = columns[0]->width;
    if (coded)
        result->dictionary = qn_column_retain(columns[0]->dictionary);
    qn_status status = concat_into(result, columns, count);
    if (status != QN_OK) {
        qn_column_release(result);
        return status;
    }
    *out = result;
    return QN_OK;
}

/* ---- Changes of representation -------------------------------------------------------------- */

qn_status qn_column_decode(qn_column **out, const qn_column *column) {
    if (column->dictionary == NULL) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    return concat_strings(out, &column, 1);
}

qn_status qn_column_densify(qn_column **out, const qn_column *column) {
    if (column->indices == NULL) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    qn_column *dense = NULL;
    QN_TRY(qn_column_new(&dense, QN_VECTOR, column->length, column->width));
    for (int64_t i = 0; i < column->length; i++)
        for (int32_t k = column->offsets[i]; k < column->offsets[i + 1]; k++)
            dense->f64[i * column->width + column->indices[k]] = column->f64[k];
    qn_status status = concat_validity(dense, &column, 1);
    if (status != QN_OK) {
        qn_column_release(dense);
        return status;
    }
    *out = dense;
    return QN_OK;
}
