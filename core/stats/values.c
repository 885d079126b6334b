#include "core/stats/values.h"

#include <string.h>

bool qn_values_allowed(qn_type type) {
    return qn_type_is_numeric(type) || type == QN_BOOL || type == QN_DATE || type == QN_TIMESTAMP;
}

static void convert(const qn_column *column, double *out) {
    int64_t n = column->length;
    switch (column->type) {
    case QN_INT32:
    case QN_DATE:
        for (int64_t i = 0; i < n; i++)
            out[i] = column->i32[i];
        break;
    case QN_INT64:
    case QN_TIMESTAMP:
        for (int64_t i = 0; i < n; i++)
            out[i] = (double)column->i64[i];
        break;
    case QN_FLOAT32:
        for (int64_t i = 0; i < n; i++)
            out[i] = (double)column->f32[i];
        break;
    case QN_FLOAT64:
        memcpy(out, column->f64, (size_t)n * sizeof *out);
        break;
    default:
        for (int64_t i = 0; i < n; i++)
            out[i] = qn_column_real(column, i);
    }
}

int64_t qn_values_present(const qn_column *column, double *out) {
    if (column->length == 0)
        return 0;
    convert(column, out);
    if (column->null_count == 0)
        return column->length;
    int64_t count = 0;
    for (int64_t i = 0; i < column->length; i++) {
        out[count] = out[i];
        count += qn_bit(column->validity, i);
    }
    return count;
}
