/* frequency_encoder: categories as how often they occur in the fitted rows, a count or a share.
 *
 * Nulls are a category of their own (NaN counts as null): they too are encoded as their count,
 * unless fit saw none; then they are as unseen as any other new category. Shares are of all fitted
 * rows, those with nulls included. Not in Spark. */
#include "core/memory.h"
#include "features/stage/as_text.h"
#include "features/stage/categorical/counts.h"
#include "features/stage/categorical/encode.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"

#include <stdio.h>

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"encoding", QN_OPTION_CHOICE, "count", "count|share",
     "how many of the fitted rows, or which part of them"},
    {"handle_invalid", QN_OPTION_CHOICE, "error", "error|keep",
     "categories not seen in fit, null among them: stop, or encode them as 0"},
    {NULL, 0, NULL, NULL, NULL}};

/* The rows of each category, then those with null. */
typedef struct encoding {
    qn_labels labels;
    int64_t *rows; /* labels.count + 1 */
    int64_t row_count;
} encoding;

typedef struct frequency_encoder {
    qn_stage base;
    qn_category_counts counts; /* while fitting */
    int64_t column_count;      /* once fitted */
    encoding *columns;
    int64_t total; /* rows fitted */
} frequency_encoder;

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t count;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_columns_check_fitted(stage, count, ((frequency_encoder *)stage)->column_count));
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++) {
        int32_t index;
        QN_TRY(qn_columns_find(stage, in, i, &index));
        if (!qn_as_text_allowed(in->fields[index].type))
            return qn_columns_fail_type(&in->fields[index], "string, numeric, bool or date");
        QN_TRY(qn_columns_add(out, qn_columns_output(stage, i), QN_FLOAT64, 0, NULL));
    }
    return QN_OK;
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    return qn_category_counts_add(&((frequency_encoder *)stage)->counts, stage, schema, batch);
}

static qn_view text_at(const void *context, int64_t i) {
    return qn_frequency_text(context, i);
}

static qn_status make_encoding(const qn_frequency *counts, encoding *out) {
    QN_TRY(qn_labels_build_from(&out->labels, text_at, counts, counts->count));
    QN_TRY(qn_mem_alloc(&out->rows, (size_t)counts->count + 1, sizeof *out->rows));
    for (int64_t i = 0; i < counts->count; i++)
        out->rows[i] = counts->counts[i];
    out->rows[counts->count] = counts->nulls;
    out->row_count = counts->count + 1;
    return QN_OK;
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    frequency_encoder *self = (frequency_encoder *)stage;
    qn_category_counts *counts = &self->counts;
    QN_TRY(qn_category_counts_reduce(counts, comm));
    QN_TRY(qn_mem_calloc(&self->columns, (size_t)counts->count, sizeof *self->columns));
    self->column_count = counts->count;
    self->total = counts->columns[0].total + counts->columns[0].nulls;
    for (int64_t i = 0; i < counts->count; i++)
        QN_TRY(make_encoding(&counts->columns[i], &self->columns[i]));
    qn_category_counts_clear(counts);
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

/* What counts of rows are divided by. */
static double divisor(const frequency_encoder *self) {
    bool share = qn_options_is(self->base.options, "encoding", "share");
    return share && self->total > 0 ? (double)self->total : 1;
}

static int64_t put_codes(const qn_map_step *step, const qn_column *texts, const int32_t *positions,
                         qn_column *out) {
    const frequency_encoder *self = (const frequency_encoder *)step->stage;
    const encoding *by = &self->columns[step->i];
    bool keep = qn_options_is(self->base.options, "handle_invalid", "keep");
    double by_rows = divisor(self);
    for (int64_t row = 0; row < out->length; row++) {
        int64_t rows = 0;
        if (positions[row] >= 0)
            rows = by->rows[positions[row]];
        else if (qn_column_is_null(texts, row))
            rows = by->rows[by->labels.count];
        if (rows == 0 && !keep)
            return row;
        out->f64[row] = (double)rows / by_rows;
    }
    return -1;
}

static qn_status encode_column(const qn_map_step *step, qn_column **out) {
    const qn_labels *labels = &((const frequency_encoder *)step->stage)->columns[step->i].labels;
    return qn_encode_step(step, labels, put_codes, "handle_invalid to keep", out);
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const qn_map map = {.make = encode_column};
    return qn_map_columns(stage, &map, schema, in, out);
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status persist_column(qn_archive *archive, int64_t i, encoding *column) {
    char name[32];
    snprintf(name, sizeof name, "rows_%lld", (long long)i);
    QN_TRY(qn_labels_persist(&column->labels, archive, i));
    QN_TRY(qn_archive_ints(archive, name, &column->rows, &column->row_count));
    if (column->row_count != column->labels.count + 1)
        return qn_fail(QN_DATA, "the file has %lld counts for %lld categories and null",
                       (long long)column->row_count, (long long)column->labels.count);
    return QN_OK;
}

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    frequency_encoder *self = (frequency_encoder *)stage;
    int64_t count = self->column_count;
    QN_TRY(qn_archive_int(archive, "total", &self->total));
    QN_TRY(qn_columns_persist_count(archive, &count));
    if (!qn_archive_writing(archive)) {
        qn_status status = qn_mem_calloc(&self->columns, (size_t)count, sizeof *self->columns);
        QN_TRY(qn_comm_agree(qn_archive_comm(archive), status));
        self->column_count = count;
    }
    for (int64_t i = 0; i < count; i++)
        QN_TRY(persist_column(archive, i, &self->columns[i]));
    return QN_OK;
}

static json_t *column_json(const qn_stage *stage, int32_t i) {
    const encoding *column = &((const frequency_encoder *)stage)->columns[i];
    json_t *rows = json_object();
    int failed = 0;
    for (int64_t k = 0; k < column->labels.count; k++)
        failed |= json_object_set_new(rows, qn_labels_name(&column->labels, k),
                                      json_integer(column->rows[k]));
    json_t *object = json_pack("{s:o, s:I}", "rows", rows, "null_rows",
                               (json_int_t)column->rows[column->labels.count]);
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    const frequency_encoder *self = (const frequency_encoder *)stage;
    if (json_object_set_new(object, "fitted_rows", json_integer(self->total)) != 0)
        return qn_fail(QN_MEMORY, "out of memory");
    return qn_columns_describe(stage, object, "categories", self->column_count, column_json);
}

static void clear(qn_stage *stage) {
    frequency_encoder *self = (frequency_encoder *)stage;
    qn_category_counts_clear(&self->counts);
    for (int64_t i = 0; i < self->column_count; i++) {
        qn_labels_clear(&self->columns[i].labels);
        qn_mem_free(self->columns[i].rows);
    }
    qn_mem_free(self->columns);
    self->columns = NULL;
    self->column_count = self->total = 0;
}

const qn_stage_class qn_frequency_encoder_class = {
    .name = "frequency_encoder",
    .help = "turn categories into how often they occur",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(frequency_encoder),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
