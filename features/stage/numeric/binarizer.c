/* binarizer: 1 where a number is above a threshold, else 0.
 *
 * Spark ML's Binarizer, for columns and for the slots of vectors. NaN is not above anything. Sparse
 * vectors stay sparse unless the threshold is negative: then all that is not stored becomes 1. */
#include "core/memory.h"
#include "features/stage/columns.h"
#include "features/stage/map.h"
#include "features/stage/numbers.h"
#include "features/stage/stages.h"

#include <string.h>

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"threshold", QN_OPTION_REAL, "0", NULL, "greater values become 1, all others 0"},
    {"thresholds", QN_OPTION_TEXTS, NULL, NULL, "the same for each of several columns"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct binarizer {
    qn_stage base;
    double *thresholds; /* a column each, from the last bind */
} binarizer;

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status read_thresholds(const qn_stage *stage, int32_t count, double **out) {
    double *each = NULL;
    if (qn_options_is_set(stage->options, "thresholds")) {
        if (qn_options_is_set(stage->options, "threshold"))
            return qn_fail(QN_JOB, "set threshold or thresholds, not both");
        return qn_numbers_each(stage, "thresholds", count, out);
    }
    QN_TRY(qn_mem_alloc(&each, (size_t)count, sizeof *each));
    for (int32_t i = 0; i < count; i++)
        each[i] = qn_options_real(stage->options, "threshold");
    *out = each;
    return QN_OK;
}

static qn_status bind_column(const qn_stage *stage, const qn_schema *in, int32_t i,
                             qn_schema *out) {
    int32_t index;
    qn_attributes *attributes = NULL;
    QN_TRY(qn_columns_find(stage, in, i, &index));
    const qn_field *field = &in->fields[index];
    if (field->type != QN_VECTOR && !qn_type_is_numeric(field->type))
        return qn_columns_fail_type(field, "numeric or a vector");
    if (field->type == QN_VECTOR)
        QN_TRY(qn_attributes_drop_slots(&attributes, field->attributes));
    qn_type type = field->type == QN_VECTOR ? QN_VECTOR : QN_FLOAT64;
    qn_status status =
        qn_columns_add(out, qn_columns_output(stage, i), type, field->width, attributes);
    qn_attributes_release(attributes);
    return status;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    binarizer *self = (binarizer *)stage;
    int32_t count;
    stage->class_->clear(stage);
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(read_thresholds(stage, count, &self->thresholds));
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++)
        QN_TRY(bind_column(stage, in, i, out));
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

QN_MAP_CLONES static void compare(const double *values, double threshold, double *restrict out,
                                  int64_t count) {
    for (int64_t i = 0; i < count; i++)
        out[i] = values[i] > threshold ? 1.0 : 0.0;
}

static qn_status binarize_numbers(const qn_column *in, double threshold, qn_column **out) {
    const double *values = NULL;
    double *owned = NULL;
    QN_TRY(qn_map_reals(in, &values, &owned));
    qn_status status = qn_column_new_raw(out, QN_FLOAT64, in->length, 0);
    if (status == QN_OK)
        compare(values, threshold, (*out)->f64, in->length);
    qn_mem_free(owned);
    return status;
}

static qn_status binarize_dense(const qn_column *in, double threshold, qn_column **out) {
    qn_column *dense = NULL;
    QN_TRY(qn_column_densify(&dense, in));
    qn_status status = qn_column_new_raw(out, QN_VECTOR, in->length, in->width);
    if (status == QN_OK)
        compare(dense->f64, threshold, (*out)->f64, in->length * in->width);
    qn_column_release(dense);
    return status;
}

/* What is above the threshold is stored, nothing else. */
static qn_status binarize_sparse(const qn_column *in, double threshold, qn_column **out) {
    int32_t kept = 0;
    QN_TRY(qn_column_new_sparse(out, in->length, in->width, in->offsets[in->length]));
    for (int64_t row = 0; row < in->length; row++) {
        for (int32_t k = in->offsets[row]; k < in->offsets[row + 1]; k++) {
            (*out)->indices[kept] = in->indices[k];
            (*out)->f64[kept] = 1.0;
            kept += in->f64[k] > threshold;
        }
        (*out)->offsets[row + 1] = kept;
    }
    return QN_OK;
}

/* A null row of a dense vector is zeros, also below a negative threshold. */
static void clear_null_rows(qn_column *out) {
    for (int64_t i = 0; i < out->length && out->null_count > 0 && out->indices == NULL; i++)
        if (out->type == QN_VECTOR && qn_column_is_null(out, i))
            memset(out->f64 + i * out->width, 0, (size_t)out->width * sizeof *out->f64);
}

static qn_status make(const qn_map_step *step, qn_column **out) {
    const qn_column *in = step->column;
    double threshold = ((const binarizer *)step->stage)->thresholds[step->i];
    qn_column *column = NULL;
    qn_status status = in->type != QN_VECTOR ? binarize_numbers(in, threshold, &column)
                       : in->indices != NULL && threshold >= 0
                           ? binarize_sparse(in, threshold, &column)
                           : binarize_dense(in, threshold, &column);
    if (status == QN_OK)
        status = qn_map_copy_nulls(column, in);
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    clear_null_rows(column);
    *out = column;
    return QN_OK;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    static const qn_map map = {.make = make};
    return qn_map_columns(stage, &map, schema, in, out);
}

static void clear(qn_stage *stage) {
    binarizer *self = (binarizer *)stage;
    qn_mem_free(self->thresholds);
    self->thresholds = NULL;
}

const qn_stage_class qn_binarizer_class = {
    .name = "binarizer",
    .help = "turn numbers into 1 above a threshold and 0 up to it",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(binarizer),
    .options = options,
    .bind = bind,
    .transform = transform,
    .clear = clear,
};
