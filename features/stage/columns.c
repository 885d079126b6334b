#include "features/stage/columns.h"

#include "core/memory.h"

#include <math.h>
#include <string.h>

/* ---- Options -------------------------------------------------------------------------------- */

static bool is_single(const qn_stage *stage) {
    return qn_options_is_set(stage->options, "input_col");
}

static qn_status check_single(const qn_options *options) {
    if (qn_options_is_set(options, "input_cols") || qn_options_is_set(options, "output_cols"))
        return qn_fail(QN_JOB, "set input_col and output_col, or input_cols and output_cols, "
                               "not both");
    if (!qn_options_is_set(options, "output_col"))
        return qn_fail(QN_JOB, "input_col is set, but output_col is not");
    return QN_OK;
}

qn_status qn_columns_count(const qn_stage *stage, int32_t *out) {
    const qn_options *options = stage->options;
    if (is_single(stage)) {
        *out = 1;
        return check_single(options);
    }
    if (qn_options_is_set(options, "output_col"))
        return qn_fail(QN_JOB, "output_col is set, but input_col is not");
    if (!qn_options_is_set(options, "input_cols"))
        return qn_fail(QN_JOB, "set input_col and output_col, or input_cols and output_cols");
    if (!qn_options_is_set(options, "output_cols"))
        return qn_fail(QN_JOB, "input_cols is set, but output_cols is not");
    char *const *names;
    int64_t inputs = qn_options_list(options, "input_cols", &names);
    int64_t outputs = qn_options_list(options, "output_cols", &names);
    if (inputs == 0)
        return qn_fail(QN_JOB, "input_cols names no column");
    if (inputs != outputs)
        return qn_fail(QN_JOB, "input_cols names %lld columns, but output_cols %lld",
                       (long long)inputs, (long long)outputs);
    *out = (int32_t)inputs;
    return QN_OK;
}

qn_status qn_columns_check_fitted(const qn_stage *stage, int32_t count, int64_t fitted) {
    if (stage->fitted && fitted != count)
        return qn_fail(QN_DATA, "the options name %d columns, but %lld were fitted", count,
                       (long long)fitted);
    return QN_OK;
}

static const char *name_at(const qn_stage *stage, const char *single, const char *several,
                           int32_t i) {
    if (is_single(stage))
        return qn_options_text(stage->options, single);
    char *const *names;
    qn_options_list(stage->options, several, &names);
    return names[i];
}

const char *qn_columns_input(const qn_stage *stage, int32_t i) {
    return name_at(stage, "input_col", "input_cols", i);
}

const char *qn_columns_output(const qn_stage *stage, int32_t i) {
    return name_at(stage, "output_col", "output_cols", i);
}

/* ---- Schemas -------------------------------------------------------------------------------- */

qn_status qn_columns_find(const qn_stage *stage, const qn_schema *schema, int32_t i, int32_t *out) {
    return qn_schema_require(schema, qn_columns_input(stage, i), out);
}

qn_status qn_columns_add(qn_schema *schema, const char *name, qn_type type, int32_t width,
                         qn_attributes *attributes) {
    if (qn_schema_find(schema, name) >= 0)
        return qn_fail(QN_JOB, "output column '%s' exists already", name);
    qn_field field = {(char *)(uintptr_t)name, type, width, attributes};
    return qn_schema_add_field(schema, &field);
}

qn_status qn_columns_fail_type(const qn_field *field, const char *wanted) {
    return qn_fail(QN_JOB, "column '%s' is %s, but must be %s", field->name,
                   qn_type_name(field->type), wanted);
}

/* ---- State ---------------------------------------------------------------------------------- */

qn_status qn_columns_persist_count(qn_archive *archive, int64_t *count) {
    QN_TRY(qn_archive_int(archive, "column_count", count));
    if (*count < 0 || *count > INT32_MAX)
        return qn_fail(QN_DATA, "the file says %lld columns", (long long)*count);
    return QN_OK;
}

qn_status qn_columns_describe(const qn_stage *stage, json_t *object, const char *name,
                              int64_t count,
                              json_t *(*describe_column)(const qn_stage *stage, int32_t i)) {
    json_t *all = json_object();
    int failed = 0;
    for (int32_t i = 0; i < count; i++)
        failed |= json_object_set_new(all, qn_columns_input(stage, i), describe_column(stage, i));
    failed |= json_object_set_new(object, name, all);
    return failed ? qn_fail(QN_MEMORY, "out of memory") : QN_OK;
}

/* ---- Values --------------------------------------------------------------------------------- */

static void present_reals(const qn_column *column, int64_t first, int64_t count, double *out) {
    switch (column->type) {
    case QN_BOOL:
        for (int64_t i = 0; i < count; i++)
            out[i] = qn_bit(column->bits, first + i) ? 1.0 : 0.0;
        break;
    case QN_INT32:
    case QN_DATE:
        for (int64_t i = 0; i < count; i++)
            out[i] = column->i32[first + i];
        break;
    case QN_INT64:
    case QN_TIMESTAMP:
        for (int64_t i = 0; i < count; i++)
            out[i] = (double)column->i64[first + i];
        break;
    case QN_FLOAT32:
        for (int64_t i = 0; i < count; i++)
            out[i] = (double)column->f32[first + i];
        break;
    default:
        memcpy(out, column->f64 + first, (size_t)count * sizeof *out);
        break;
    }
}

void qn_columns_reals(const qn_column *column, int64_t first, int64_t count, double *out) {
    if (count == 0)
        return;
    present_reals(column, first, count, out);
    if (column->validity == NULL)
        return;
    for (int64_t i = 0; i < count;) {
        int64_t row = first + i, rest = 64 - (row & 63);
        uint64_t nulls = ~column->validity[row >> 6] >> (row & 63);
        if (count - i < rest)
            nulls &= (UINT64_C(1) << (count - i)) - 1;
        for (; nulls != 0; nulls &= nulls - 1)
            out[i + __builtin_ctzll(nulls)] = NAN;
        i += rest;
    }
}

qn_status qn_columns_all_rows(uint64_t **out, int64_t length) {
    uint64_t *bits = NULL;
    QN_TRY(qn_mem_calloc(&bits, (size_t)qn_bit_words(length) + 1, sizeof *bits));
    for (int64_t i = 0; i < length; i += 64)
        bits[i >> 6] = length - i >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (length - i)) - 1;
    *out = bits;
    return QN_OK;
}
