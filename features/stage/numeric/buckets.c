#include "features/stage/numeric/buckets.h"

#include "core/memory.h"
#include "core/text/number.h"
#include "features/stage/columns.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void qn_splits_free(qn_splits *splits, int64_t count) {
    for (int64_t i = 0; splits != NULL && i < count; i++)
        qn_mem_free(splits[i].values);
    qn_mem_free(splits);
}

/* ---- Finding -------------------------------------------------------------------------------- */

/* Rows at a time, so that what is in work stays in the first cache; up to how many inner splits a
 * value is compared with all of them. */
enum { BLOCK = 256, FEW = 32 };

/* Four splits in one pass over the rows. */
static inline void compare_four(const double *splits, const double *values, double *out,
                                int64_t count) {
    double a = splits[0], b = splits[1], c = splits[2], d = splits[3];
    for (int64_t i = 0; i < count; i++) {
        double x = values[i];
        out[i] += (x >= a ? 1.0 : 0.0) + (x >= b ? 1.0 : 0.0) + (x >= c ? 1.0 : 0.0) +
                  (x >= d ? 1.0 : 0.0);
    }
}

static inline void compare_one(double split, const double *values, double *out, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        out[i] += values[i] >= split ? 1.0 : 0.0;
}

/* The number of splits that a value is not below: one comparison each. */
QN_MAP_CLONES static void count_splits(const double *splits, int64_t inner, const double *values,
                                       double *restrict out, int64_t count) {
    for (int64_t first = 0; first < count; first += BLOCK) {
        int64_t rows = count - first < BLOCK ? count - first : BLOCK, s = 0;
        for (int64_t i = 0; i < rows; i++)
            out[first + i] = 0;
        for (; s + 4 <= inner; s += 4)
            compare_four(splits + s, values + first, out + first, rows);
        for (; s < inner; s++)
            compare_one(splits[s], values + first, out + first, rows);
    }
}

/* The same by halving: all rows of a block take a step before any takes the next. */
QN_MAP_CLONES static void search_splits(const double *splits, int64_t inner, const double *values,
                                        double *restrict out, int64_t count) {
    int64_t at[BLOCK];
    for (int64_t first = 0; first < count; first += BLOCK) {
        int64_t rows = count - first < BLOCK ? count - first : BLOCK;
        for (int64_t i = 0; i < rows; i++)
            at[i] = 0;
        /* `left` splits may still be above or below, from splits[at] on */
        for (int64_t left = inner; left > 0;) {
            int64_t half = (left + 1) / 2;
            for (int64_t i = 0; i < rows; i++)
                at[i] += values[first + i] >= splits[at[i] + half - 1] ? half : 0;
            left -= half;
        }
        for (int64_t i = 0; i < rows; i++)
            out[first + i] = (double)at[i];
    }
}

void qn_buckets_find(const qn_splits *splits, const double *values, double *out, int64_t count) {
    int64_t inner = splits->count - 2;
    if (inner <= FEW)
        count_splits(splits->values + 1, inner, values, out, count);
    else
        search_splits(splits->values + 1, inner, values, out, count);
}

/* ---- Binding -------------------------------------------------------------------------------- */

static bool handles_invalid(const qn_stage *stage, const char *how) {
    return qn_options_is(stage->options, "handle_invalid", how);
}

/* Two numbers and what is between them need 68 bytes. */
enum { NAME = 80 };

static void name_buckets(const qn_splits *splits, const char **names, char (*texts)[NAME]) {
    for (int64_t b = 0; b + 1 < splits->count; b++) {
        char low[32], high[32];
        qn_print_real(splits->values[b], low);
        qn_print_real(splits->values[b + 1], high);
        snprintf(texts[b], NAME, "%s, %s", low, high);
        names[b] = texts[b];
    }
    names[splits->count - 1] = "NaN";
}

static qn_status make_attributes(const qn_stage *stage, const qn_splits *splits, const char *source,
                                 qn_attributes **out) {
    int64_t count = splits->count - 1 + handles_invalid(stage, "keep");
    const char **names = NULL;
    char(*texts)[NAME] = NULL;
    qn_attributes *attributes = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&names, (size_t)splits->count, sizeof *names), done);
    QN_TRY_GOTO(qn_mem_alloc(&texts, (size_t)splits->count, sizeof *texts), done);
    name_buckets(splits, names, texts);
    QN_TRY_GOTO(qn_attributes_new(&attributes, QN_ATTRIBUTE_NOMINAL, names, (int32_t)count), done);
    QN_TRY_GOTO(qn_attributes_set_source(attributes, source), done);
    *out = attributes;
    attributes = NULL;
done:
    qn_attributes_release(attributes);
    qn_mem_free(names);
    qn_mem_free(texts);
    return status;
}

qn_status qn_buckets_bind(const qn_stage *stage, const qn_schema *in, int32_t i,
                          const qn_splits *splits, qn_schema *out) {
    int32_t index;
    qn_attributes *attributes = NULL;
    QN_TRY(qn_columns_find(stage, in, i, &index));
    if (!qn_type_is_numeric(in->fields[index].type))
        return qn_columns_fail_type(&in->fields[index], "numeric");
    if (splits != NULL)
        QN_TRY(make_attributes(stage, splits, in->fields[index].name, &attributes));
    qn_status status = qn_columns_add(out, qn_columns_output(stage, i), QN_FLOAT64, 0, attributes);
    qn_attributes_release(attributes);
    return status;
}

/* ---- Transform ------------------------------------------------------------------------------ */

typedef struct oddities {
    int64_t nans, outside;
} oddities;

QN_MAP_CLONES static oddities count_odd(const double *values, int64_t count, double low,
                                        double high) {
    int64_t nans = 0, outside = 0;
    for (int64_t i = 0; i < count; i++) {
        nans += values[i] != values[i];
        outside += (values[i] < low) | (values[i] > high);
    }
    return (oddities){nans, outside};
}

static qn_status fail_nan(const qn_map_step *step, int64_t row) {
    return qn_fail(QN_DATA,
                   "column '%s' is NaN at row %lld (counting from 0); "
                   "set handle_invalid to skip or keep",
                   step->field->name, (long long)qn_batch_row(step->batch, row));
}

static qn_status fail_outside(const qn_map_step *step, const qn_splits *splits, double value,
                              int64_t row) {
    char text[32], low[32], high[32];
    qn_print_real(value, text);
    qn_print_real(splits->values[0], low);
    qn_print_real(splits->values[splits->count - 1], high);
    qn_status status =
        qn_fail(QN_DATA,
                "column '%s' is %s at row %lld (counting from 0), outside the "
                "splits, which go from %s to %s",
                step->field->name, text, (long long)qn_batch_row(step->batch, row), low, high);
    qn_error_help("-inf and inf as the first and the last split take in everything");
    return status;
}

/* What is NaN gets the last index, or is an error, as are values in no bucket. */
static qn_status settle(const qn_map_step *step, const qn_splits *splits, const double *values,
                        qn_column *out) {
    double low = splits->values[0], high = splits->values[splits->count - 1];
    bool keep = handles_invalid(step->stage, "keep");
    for (int64_t i = 0; i < out->length; i++) {
        double x = values[i];
        if (qn_column_is_null(step->column, i) || qn_map_dropped(step, i))
            continue;
        if (x < low || x > high)
            return fail_outside(step, splits, x, i);
        if (x == x)
            continue;
        if (!keep)
            return fail_nan(step, i);
        out->f64[i] = (double)(splits->count - 1);
    }
    return QN_OK;
}

static qn_status fill(const qn_map_step *step, const qn_splits *splits, const double *values,
                      qn_column *out) {
    qn_buckets_find(splits, values, out->f64, out->length);
    oddities odd =
        count_odd(values, out->length, splits->values[0], splits->values[splits->count - 1]);
    if (odd.outside > 0 || odd.nans > step->column->null_count)
        QN_TRY(settle(step, splits, values, out));
    return qn_map_copy_nulls(out, step->column);
}

qn_status qn_buckets_column(const qn_map_step *step, const qn_splits *splits, qn_column **out) {
    const double *values = NULL;
    double *owned = NULL;
    qn_column *column = NULL;
    QN_TRY(qn_map_reals(step->column, &values, &owned));
    qn_status status = qn_column_new_raw(&column, QN_FLOAT64, step->column->length, 0);
    if (status == QN_OK)
        status = fill(step, splits, values, column);
    if (status == QN_OK)
        *out = column;
    else
        qn_column_release(column);
    qn_mem_free(owned);
    return status;
}

qn_status qn_buckets_transform(const qn_stage *stage,
                               qn_status (*make)(const qn_map_step *step, qn_column **out),
                               const qn_schema *schema, const qn_batch *in, qn_batch *out) {
    qn_map map = {handles_invalid(stage, "skip"), qn_map_mark_missing, make};
    return qn_map_columns(stage, &map, schema, in, out);
}
