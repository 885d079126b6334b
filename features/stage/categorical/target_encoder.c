/* target_encoder: category indices as the mean of a label over the rows of the category, drawn
 * towards the mean of all rows: w * mean of the category + (1 - w) * mean of all, with
 * w = n / (n + smoothing), where n is the category's rows (Spark 4; D. Micci-Barreca, 2001).
 *
 * Null is a category of its own where fit saw it. Rows with a null label do not count. Sums are
 * exact, so the codes do not depend on the order of the rows. */
#include "core/memory.h"
#include "features/stage/categorical/indices.h"
#include "features/stage/columns.h"
#include "features/stage/map.h"
#include "features/stage/numbers.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"
#include "mpi/comm/reduce.h"

#include <stdio.h>

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"label_col", QN_OPTION_TEXT, "label", NULL, "column to take the means of"},
    {"target_type", QN_OPTION_CHOICE, "binary", "binary|continuous",
     "labels are 0 and 1, or any numbers"},
    {"smoothing", QN_OPTION_REAL, "0", "[0,inf)",
     "how many rows of the mean of all are mixed into that of a category"},
    {"handle_invalid", QN_OPTION_CHOICE, "error", "error|keep",
     "categories not seen in fit, null among them: stop, or encode them as the mean of all"},
    {NULL, 0, NULL, NULL, NULL}};

/* Of a column: rows and exact sums of labels; entry 0 is null, entry c + 1 category c. */
typedef struct tally {
    int64_t count, capacity; /* entries in use and in memory */
    int64_t *rows;           /* capacity */
    qn_sums sums;            /* capacity */
} tally;

/* codes[0] is that of all rows, codes[1] of null, codes[c + 2] of category c; NaN: not seen. */
typedef struct codes {
    int64_t count;
    double *values;
} codes;

typedef struct target_encoder {
    qn_stage base;
    int64_t tally_count; /* while fitting */
    tally *tallies;
    int64_t column_count; /* once fitted */
    codes *columns;
} target_encoder;

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status find_label(const qn_stage *stage, const qn_schema *schema, int32_t *index) {
    QN_TRY(qn_schema_require(schema, qn_options_text(stage->options, "label_col"), index));
    const qn_field *field = &schema->fields[*index];
    if (!qn_type_is_numeric(field->type) && field->type != QN_BOOL)
        return qn_columns_fail_type(field, "numeric or bool (a label)");
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t count, label;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_columns_check_fitted(stage, count, ((target_encoder *)stage)->column_count));
    if (!stage->fitted)
        QN_TRY(find_label(stage, in, &label));
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++) {
        int32_t index;
        QN_TRY(qn_columns_find(stage, in, i, &index));
        QN_TRY(qn_indices_check_type(&in->fields[index]));
        QN_TRY(qn_columns_add(out, qn_columns_output(stage, i), QN_FLOAT64, 0, NULL));
    }
    return QN_OK;
}

/* ---- Counting ------------------------------------------------------------------------------- */

static void tally_clear(tally *of) {
    qn_mem_free(of->rows);
    qn_sums_clear(&of->sums);
    *of = (tally){0};
}

/* Room for `capacity` entries in all. */
static qn_status tally_grow(tally *of, int64_t capacity) {
    qn_sums sums;
    QN_TRY(qn_mem_resize(&of->rows, (size_t)capacity, sizeof *of->rows));
    QN_TRY(qn_sums_init(&sums, capacity));
    for (int64_t i = 0; i < of->count; i++) {
        qn_sum sum;
        qn_sums_get(&of->sums, i, &sum);
        qn_status status = qn_sums_add_sum(&sums, i, &sum);
        if (status != QN_OK) {
            qn_sums_clear(&sums);
            return status;
        }
    }
    qn_sums_clear(&of->sums);
    of->sums = sums;
    of->capacity = capacity;
    return QN_OK;
}

static qn_status tally_reach(tally *of, int64_t count) {
    if (count > of->capacity)
        QN_TRY(tally_grow(of, count > 2 * of->capacity ? count + 15 : 2 * of->capacity));
    for (; of->count < count; of->count++)
        of->rows[of->count] = 0;
    return QN_OK;
}

static qn_status begin(target_encoder *self) {
    int32_t count;
    QN_TRY(qn_columns_count(&self->base, &count));
    QN_TRY(qn_mem_calloc(&self->tallies, (size_t)count, sizeof *self->tallies));
    self->tally_count = count;
    for (int32_t i = 0; i < count; i++)
        QN_TRY(tally_reach(&self->tallies[i], 1));
    return QN_OK;
}

static void end_counting(target_encoder *self) {
    for (int64_t i = 0; i < self->tally_count; i++)
        tally_clear(&self->tallies[i]);
    qn_mem_free(self->tallies);
    self->tallies = NULL;
    self->tally_count = 0;
}

static qn_status check_label(const qn_stage *stage, const qn_field *field, const qn_batch *batch,
                             int64_t row, double value) {
    bool binary = qn_options_is(stage->options, "target_type", "binary");
    if (binary ? value == 0 || value == 1 : isfinite(value))
        return QN_OK;
    qn_status status = qn_fail(
        QN_DATA, "column '%s' is %.17g at row %lld (counting from 0); a %s label must be %s",
        field->name, value, (long long)qn_batch_row(batch, row), binary ? "binary" : "continuous",
        binary ? "0 or 1" : "finite");
    if (binary)
        qn_error_help("set target_type to continuous for other labels");
    return status;
}

static qn_status tally_add(tally *of, const qn_field *field, const qn_batch *batch,
                           const qn_column *column, const double *labels) {
    for (int64_t row = 0; row < column->length; row++) {
        int64_t entry = 0;
        if (isnan(labels[row]))
            continue;
        if (!qn_column_is_null(column, row)) {
            double value = qn_column_real(column, row);
            QN_TRY(qn_indices_check(field, batch, row, value));
            entry = (int64_t)value + 1;
        }
        if (entry >= of->count)
            QN_TRY(tally_reach(of, entry + 1));
        of->rows[entry]++;
        if (labels[row] != 0)
            QN_TRY(qn_sums_add(&of->sums, entry, labels[row]));
    }
    return QN_OK;
}

/* The labels, NaN for those that are null. */
static qn_status check_labels(const qn_stage *stage, const qn_field *field, const qn_batch *batch,
                              const qn_column *column, double *labels) {
    qn_columns_reals(column, 0, column->length, labels);
    for (int64_t row = 0; row < column->length; row++)
        if (!qn_column_is_null(column, row))
            QN_TRY(check_label(stage, field, batch, row, labels[row]));
    return QN_OK;
}

static qn_status add_columns(target_encoder *self, const qn_schema *schema, const qn_batch *batch,
                             const double *labels) {
    for (int32_t i = 0; i < self->tally_count; i++) {
        int32_t index;
        QN_TRY(qn_columns_find(&self->base, schema, i, &index));
        QN_TRY(tally_add(&self->tallies[i], &schema->fields[index], batch, batch->columns[index],
                         labels));
    }
    return QN_OK;
}

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    target_encoder *self = (target_encoder *)stage;
    double *labels = NULL;
    int32_t index;
    if (self->tallies == NULL)
        QN_TRY(begin(self));
    QN_TRY(find_label(stage, schema, &index));
    QN_TRY(qn_mem_alloc(&labels, (size_t)batch->length, sizeof *labels));
    qn_status status =
        check_labels(stage, &schema->fields[index], batch, batch->columns[index], labels);
    if (status == QN_OK)
        status = add_columns(self, schema, batch, labels);
    qn_mem_free(labels);
    return status;
}

/* ---- Codes ---------------------------------------------------------------------------------- */

/* All ranks' rows and sums, for the same entries on each. */
static qn_status tally_reduce(tally *of, qn_comm *comm) {
    int64_t count = of->count;
    QN_TRY(qn_comm_max_i64(comm, &count, 1));
    qn_status status = tally_reach(of, count);
    if (status == QN_OK && of->capacity != count)
        status = tally_grow(of, count);
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(qn_comm_sum_i64(comm, of->rows, count));
    return qn_reduce_sum_vector(comm, &of->sums);
}

static double mean_of_all(const tally *of) {
    qn_sum all, one;
    int64_t rows = 0;
    qn_sum_init(&all);
    for (int64_t i = 0; i < of->count; i++) {
        qn_sums_get(&of->sums, i, &one);
        qn_sum_merge(&all, &one);
        rows += of->rows[i];
    }
    return qn_sum_result(&all) / (double)rows;
}

static qn_status make_codes(const tally *of, double smoothing, codes *out) {
    QN_TRY(qn_mem_alloc(&out->values, (size_t)of->count + 1, sizeof *out->values));
    out->count = of->count + 1;
    out->values[0] = mean_of_all(of);
    for (int64_t i = 0; i < of->count; i++) {
        double rows = (double)of->rows[i], weight = rows / (rows + smoothing);
        double mean = qn_sums_result(&of->sums, i) / rows;
        out->values[i + 1] =
            of->rows[i] > 0 ? weight * mean + (1 - weight) * out->values[0] : (double)NAN;
    }
    return QN_OK;
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    target_encoder *self = (target_encoder *)stage;
    for (int64_t i = 0; i < self->tally_count; i++)
        QN_TRY(tally_reduce(&self->tallies[i], comm));
    QN_TRY(qn_mem_calloc(&self->columns, (size_t)self->tally_count, sizeof *self->columns));
    self->column_count = self->tally_count;
    double smoothing = qn_options_real(stage->options, "smoothing");
    for (int64_t i = 0; i < self->tally_count; i++)
        QN_TRY(make_codes(&self->tallies[i], smoothing, &self->columns[i]));
    end_counting(self);
    if (isnan(self->columns[0].values[0]))
        return qn_fail(QN_DATA, "there is no row with a label in column '%s' to fit",
                       qn_options_text(stage->options, "label_col"));
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

static qn_status fail_unseen(const qn_field *field, const qn_batch *batch, const qn_column *column,
                             int64_t row) {
    if (!qn_column_is_null(column, row))
        return qn_indices_fail_unseen(field, batch, row, qn_column_real(column, row));
    return qn_fail(QN_DATA,
                   "column '%s' is null at row %lld (counting from 0), "
                   "which was not seen in fit; set handle_invalid to keep",
                   field->name, (long long)qn_batch_row(batch, row));
}

/* The entry of a value among the codes; 0 if it is none. */
static int64_t entry_of(const codes *by, double value) {
    if (!(value >= 0 && value < (double)(by->count - 2)) || value != floor(value))
        return 0;
    return isnan(by->values[(int64_t)value + 2]) ? 0 : (int64_t)value + 2;
}

static qn_status encode(const qn_map_step *step, qn_column *out) {
    const codes *by = &((const target_encoder *)step->stage)->columns[step->i];
    bool keep = qn_options_is(step->stage->options, "handle_invalid", "keep");
    for (int64_t row = 0; row < out->length; row++) {
        int64_t entry;
        if (qn_column_is_null(step->column, row))
            entry = isnan(by->values[1]) ? 0 : 1;
        else
            entry = entry_of(by, qn_column_real(step->column, row));
        if (entry == 0 && !keep)
            return fail_unseen(step->field, step->batch, step->column, row);
        out->f64[row] = by->values[entry];
    }
    return QN_OK;
}

static qn_status encode_column(const qn_map_step *step, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new_raw(&column, QN_FLOAT64, step->column->length, 0));
    qn_status status = encode(step, column);
    if (status == QN_OK)
        *out = column;
    else
        qn_column_release(column);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const qn_map map = {.make = encode_column};
    return qn_map_columns(stage, &map, schema, in, out);
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    target_encoder *self = (target_encoder *)stage;
    int64_t count = self->column_count;
    QN_TRY(qn_columns_persist_count(archive, &count));
    if (!qn_archive_writing(archive)) {
        qn_status status = qn_mem_calloc(&self->columns, (size_t)count, sizeof *self->columns);
        QN_TRY(qn_comm_agree(qn_archive_comm(archive), status));
        self->column_count = count;
    }
    for (int64_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "codes_%lld", (long long)i);
        QN_TRY(qn_archive_reals(archive, name, &self->columns[i].values, &self->columns[i].count));
        if (self->columns[i].count < 2)
            return qn_fail(QN_DATA, "the file has too few codes for column %lld", (long long)i + 1);
    }
    return QN_OK;
}

static json_t *codes_json(const qn_stage *stage, int32_t i) {
    const codes *of = &((const target_encoder *)stage)->columns[i];
    json_t *array = qn_vectors_json(of->values + 2, of->count - 2);
    return json_pack("{s:o, s:o, s:o}", "all", qn_numbers_json(of->values[0]), "null",
                     qn_numbers_json(of->values[1]), "categories", array);
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    int64_t count = ((const target_encoder *)stage)->column_count;
    return qn_columns_describe(stage, object, "codes", count, codes_json);
}

static void clear(qn_stage *stage) {
    target_encoder *self = (target_encoder *)stage;
    end_counting(self);
    for (int64_t i = 0; i < self->column_count; i++)
        qn_mem_free(self->columns[i].values);
    qn_mem_free(self->columns);
    self->columns = NULL;
    self->column_count = 0;
}

const qn_stage_class qn_target_encoder_class = {
    .name = "target_encoder",
    .help = "turn category indices into means of a label",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(target_encoder),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
