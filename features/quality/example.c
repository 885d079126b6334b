/* Values as JSON, for example rows. */
#include "core/time/date.h"
#include "features/quality/quality_private.h"

#include <math.h>

static json_t *number(double value) {
    return isfinite(value) ? json_real(value)
                           : json_string(isnan(value) ? "NaN"
                                         : value > 0  ? "inf"
                                                      : "-inf");
}

/* Lists and vectors are not shown: no rule checks what is in them. */
static json_t *value_of(const qn_column *column, int64_t row) {
    char text[64];
    if (qn_column_is_null(column, row))
        return json_null();
    switch (column->type) {
    case QN_BOOL:
        return json_boolean(qn_bit(column->bits, row));
    case QN_INT32:
        return json_integer(column->i32[row]);
    case QN_INT64:
        return json_integer(column->i64[row]);
    case QN_FLOAT32:
    case QN_FLOAT64:
        return number(qn_column_real(column, row));
    case QN_DATE:
        return json_stringn(text, (size_t)qn_print_date(column->i32[row], text));
    case QN_TIMESTAMP:
        return json_stringn(text, (size_t)qn_print_timestamp(column->i64[row], text));
    case QN_STRING: {
        qn_view view = qn_column_string(column, row);
        return json_stringn(view.data, (size_t)view.length);
    }
    default:
        return json_string("...");
    }
}

qn_status qn_quality_example(const qn_rule *rule, const qn_schema *schema, const qn_batch *batch,
                             int64_t row, json_t **out) {
    json_t *values = json_object();
    int failed = values == NULL;
    for (int64_t i = 0; i < rule->column_count && !failed; i++) {
        int32_t column = rule->columns[i];
        failed = json_object_set_new(values, schema->fields[column].name,
                                     value_of(batch->columns[column], row));
    }
    json_t *example = failed ? NULL
                             : json_pack("{s:I, s:O}", "row", (json_int_t)qn_batch_row(batch, row),
                                         "values", values);
    json_decref(values);
    if (example == NULL)
        return qn_fail(QN_MEMORY, "no memory for an example row");
    *out = example;
    return QN_OK;
}
