#include "core/column/column.h"

#include "core/memory.h"

#include <math.h>
#include <string.h>

/* Buffers end on a 64-byte border, so kernels may read whole vectors. */
static size_t padded(int64_t bytes) {
    return ((size_t)bytes + 63) & ~(size_t)63;
}

static size_t value_bytes(qn_type type, int64_t length, int32_t width) {
    if (type == QN_BOOL)
        return padded(qn_bit_words(length) * 8);
    if (type == QN_VECTOR)
        return padded(length * width * 8);
    return padded(length * qn_type_size(type));
}

qn_status qn_column_new(qn_column **out, qn_type type, int64_t length, int32_t width) {
    qn_column *column = NULL;
    QN_TRY(qn_mem_calloc(&column, 1, sizeof *column));
    *column = (qn_column){.references = 1, .type = type, .width = width, .length = length};
    bool ragged = type == QN_STRING || type == QN_STRING_LIST;
    qn_status status = ragged ? qn_mem_calloc(&column->offsets, padded((length + 1) * 4), 1)
                              : qn_mem_calloc(&column->values, value_bytes(type, length, width), 1);
    if (status != QN_OK) {
        qn_mem_free(column);
        return status;
    }
    *out = column;
    return QN_OK;
}

qn_status qn_column_new_raw(qn_column **out, qn_type type, int64_t length, int32_t width) {
    qn_column *column = NULL;
    QN_TRY(qn_mem_calloc(&column, 1, sizeof *column));
    *column = (qn_column){.references = 1, .type = type, .width = width, .length = length};
    qn_status status = qn_mem_alloc(&column->values, value_bytes(type, length, width), 1);
    if (status != QN_OK) {
        qn_mem_free(column);
        return status;
    }
    *out = column;
    return QN_OK;
}

qn_status qn_column_new_sparse(qn_column **out, int64_t length, int32_t width, int64_t stored) {
    qn_column *column = NULL;
    QN_TRY(qn_mem_calloc(&column, 1, sizeof *column));
    *column = (qn_column){.references = 1, .type = QN_VECTOR, .width = width, .length = length};
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&column->offsets, padded((length + 1) * 4), 1), failed);
    QN_TRY_GOTO(qn_mem_alloc(&column->values, padded(stored * 8), 1), failed);
    QN_TRY_GOTO(qn_mem_alloc(&column->indices, padded(stored * 4), 1), failed);
    *out = column;
    return QN_OK;
failed:
    qn_column_release(column);
    return status;
}

qn_status qn_column_new_null(qn_column **out, qn_type type, int64_t length, int32_t width) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, type, length, width));
    qn_status status = QN_OK;
    if (length > 0)
        status = qn_mem_calloc(&column->validity, padded(qn_bit_words(length) * 8), 1);
    if (status == QN_OK && type == QN_STRING_LIST)
        status = qn_column_new(&column->items, QN_STRING, 0, 0);
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    column->null_count = length;
    *out = column;
    return QN_OK;
}

qn_column *qn_column_retain(const qn_column *column) {
    qn_column *shared = (qn_column *)(uintptr_t)column; /* only the count changes */
    if (shared != NULL)
        shared->references++;
    return shared;
}

void qn_column_release(qn_column *column) {
    if (column == NULL || --column->references > 0)
        return;
    qn_mem_free(column->validity);
    qn_mem_free(column->values);
    qn_mem_free(column->offsets);
    qn_mem_free(column->chars);
    qn_mem_free(column->indices);
    qn_column_release(column->dictionary);
    qn_column_release(column->items);
    qn_mem_free(column);
}

qn_status qn_column_set_null(qn_column *column, int64_t row) {
    if (column->validity == NULL) {
        QN_TRY(qn_mem_calloc(&column->validity, padded(qn_bit_words(column->length) * 8), 1));
        for (int64_t i = 0; i < column->length; i += 64) {
            int64_t left = column->length - i;
            column->validity[i >> 6] = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
        }
    }
    if (qn_bit(column->validity, row)) {
        qn_bit_reset(column->validity, row);
        column->null_count++;
    }
    return QN_OK;
}

void qn_column_set_validity(qn_column *column, uint64_t *validity) {
    column->validity = validity;
    column->null_count =
        validity == NULL ? 0 : column->length - qn_bits_count(validity, column->length);
    if (column->null_count == 0) {
        qn_mem_free(validity);
        column->validity = NULL;
    }
}

int64_t qn_bits_count(const uint64_t *bits, int64_t length) {
    int64_t ones = 0;
    for (int64_t i = 0; i < length >> 6; i++)
        ones += __builtin_popcountll(bits[i]);
    if (length & 63)
        ones += __builtin_popcountll(bits[length >> 6] & ((UINT64_C(1) << (length & 63)) - 1));
    return ones;
}

qn_view qn_column_string(const qn_column *column, int64_t row) {
    if (qn_column_is_null(column, row))
        return (qn_view){"", 0};
    if (column->dictionary != NULL)
        return qn_column_string(column->dictionary, column->codes[row]);
    const int32_t *offsets = column->offsets + row;
    if (offsets[0] == offsets[1])
        return (qn_view){"", 0};
    return (qn_view){column->chars + offsets[0], offsets[1] - offsets[0]};
}

double qn_column_real(const qn_column *column, int64_t row) {
    if (qn_column_is_null(column, row))
        return NAN;
    switch (column->type) {
    case QN_BOOL:
        return qn_bit(column->bits, row) ? 1.0 : 0.0;
    case QN_INT32:
    case QN_DATE:
        return column->i32[row];
    case QN_INT64:
    case QN_TIMESTAMP:
        return (double)column->i64[row];
    case QN_FLOAT32:
        return (double)column->f32[row];
    case QN_FLOAT64:
        return column->f64[row];
    default:
        return NAN;
    }
}

static int64_t ragged_bytes(const qn_column *column) {
    int64_t last = column->offsets[column->length];
    int64_t bytes = (column->length + 1) * 4;
    if (column->type == QN_STRING)
        return bytes + last;
    if (column->type == QN_VECTOR)
        return bytes + last * 12;
    return bytes + qn_column_bytes(column->items);
}

int64_t qn_column_bytes(const qn_column *column) {
    int64_t bytes = column->validity != NULL ? qn_bit_words(column->length) * 8 : 0;
    if (column->dictionary != NULL)
        return bytes + column->length * 4 + qn_column_bytes(column->dictionary);
    if (column->offsets != NULL)
        return bytes + ragged_bytes(column);
    return bytes + (int64_t)value_bytes(column->type, column->length, column->width);
}
