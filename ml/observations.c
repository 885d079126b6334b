#include "ml/observations.h"

#include "core/memory.h"
#include "core/stats/gram.h"
#include "core/stats/values.h"

#include <math.h>

qn_status qn_roles_find_vector(const qn_schema *schema, const char *name, int32_t *out) {
    QN_TRY(qn_schema_require(schema, name, out));
    qn_type type = schema->fields[*out].type;
    if (type == QN_VECTOR)
        return QN_OK;
    qn_status status =
        qn_fail(QN_JOB, "column '%s' is %s, but must be a vector", name, qn_type_name(type));
    qn_error_help("a vector_assembler makes one vector of several columns");
    return status;
}

qn_status qn_roles_find_number(const qn_schema *schema, const char *name, int32_t *out) {
    QN_TRY(qn_schema_require(schema, name, out));
    qn_type type = schema->fields[*out].type;
    if (qn_type_is_numeric(type) || type == QN_BOOL)
        return QN_OK;
    return qn_fail(QN_JOB, "column '%s' is %s, but must be a number", name, qn_type_name(type));
}

void qn_observations_init(qn_observations *observations) {
    *observations = (qn_observations){0};
}

void qn_observations_clear(qn_observations *observations) {
    qn_mem_free(observations->label);
    qn_mem_free(observations->weights);
    *observations = (qn_observations){0};
}

static int64_t first_null(const qn_column *column) {
    int64_t i = 0;
    while (i < column->length && !qn_column_is_null(column, i))
        i++;
    return i;
}

static qn_status fail_value(const qn_field *field, const qn_batch *batch, int64_t i,
                            const char *what) {
    return qn_fail(QN_DATA, "column '%s' is %s at row %lld (counting from 0)", field->name, what,
                   (long long)qn_batch_row(batch, i));
}

static qn_status fail_null(const qn_field *field, const qn_batch *batch, const qn_column *column) {
    qn_status status = fail_value(field, batch, first_null(column), "null");
    qn_error_help("drop such rows (WHERE %s IS NOT NULL), or fill them with an imputer",
                  field->name);
    return status;
}

qn_status qn_observations_numbers(const qn_field *field, const qn_batch *batch,
                                  const qn_column *column, double *out) {
    if (column->null_count > 0)
        return fail_null(field, batch, column);
    qn_values_present(column, out);
    return QN_OK;
}

static qn_status check_finite(const qn_field *field, const qn_batch *batch, const double *values,
                              double least) {
    for (int64_t i = 0; i < batch->length; i++) {
        if (isnan(values[i]))
            return fail_value(field, batch, i, "NaN");
        if (isinf(values[i]))
            return fail_value(field, batch, i, "infinite");
        if (values[i] < least)
            return fail_value(field, batch, i, "negative");
    }
    return QN_OK;
}

static qn_status reserve(qn_observations *observations, int64_t count) {
    if (observations->label != NULL && count <= observations->capacity)
        return QN_OK;
    size_t capacity = (size_t)(count > QN_BATCH_ROWS ? count : QN_BATCH_ROWS);
    QN_TRY(qn_mem_resize(&observations->label, capacity, sizeof(double)));
    QN_TRY(qn_mem_resize(&observations->weights, capacity, sizeof(double)));
    observations->capacity = (int64_t)capacity;
    return QN_OK;
}

static qn_status read_number(const qn_schema *schema, const qn_batch *batch, int32_t index,
                             double least, double *out) {
    const qn_field *field = &schema->fields[index];
    QN_TRY(qn_observations_numbers(field, batch, batch->columns[index], out));
    return check_finite(field, batch, out, least);
}

qn_status qn_observations_read(qn_observations *observations, const qn_schema *schema,
                               const qn_batch *batch, qn_roles roles) {
    QN_TRY(reserve(observations, batch->length));
    if (roles.label >= 0)
        QN_TRY(read_number(schema, batch, roles.label, -HUGE_VAL, observations->label));
    if (roles.weight >= 0)
        QN_TRY(read_number(schema, batch, roles.weight, 0, observations->weights));
    if (roles.features >= 0) {
        const qn_column *features = batch->columns[roles.features];
        if (features->null_count > 0)
            return fail_null(&schema->fields[roles.features], batch, features);
        observations->features = features;
    }
    observations->count = batch->length;
    return QN_OK;
}

qn_status qn_observations_fail_feature(const qn_schema *schema, const qn_batch *batch,
                                       int32_t features) {
    const qn_field *field = &schema->fields[features];
    const qn_column *column = batch->columns[features];
    int64_t row;
    int32_t slot;
    if (!qn_gram_find_bad(column, &row, &slot))
        return qn_fail(QN_DATA, "column '%s' or the label is too large to be squared", field->name);
    int64_t at = row * column->width + slot;
    for (int64_t k = column->indices ? column->offsets[row] : 0; column->indices != NULL; k++)
        if (column->indices[k] == slot) {
            at = k;
            break;
        }
    const char *what = isnan(column->f64[at]) ? "NaN" : "infinite";
    const qn_attributes *names = field->attributes;
    if (names != NULL && names->names != NULL && slot < names->count)
        return qn_fail(QN_DATA, "'%s' in column '%s' is %s at row %lld (counting from 0)",
                       names->names[slot], field->name, what, (long long)qn_batch_row(batch, row));
    return qn_fail(QN_DATA, "slot %d of column '%s' is %s at row %lld (counting from 0)", slot,
                   field->name, what, (long long)qn_batch_row(batch, row));
}
