/* idf: term counts times ln((documents + 1) / (documents with the term + 1)), so that what is
 * everywhere weighs little. Sparse vectors stay sparse. A value counts as a term's presence if it
 * is above zero: negative values and NaN do not. */
#include "core/memory.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"

#include <math.h>
#include <string.h>

static const qn_option options[] = {
    {"input_col", QN_OPTION_TEXT, "features", NULL, "vector column to read"},
    {"output_col", QN_OPTION_TEXT, NULL, NULL, "vector column to add"},
    {"min_doc_freq", QN_OPTION_INT, "0", "[0,inf)",
     "slots above zero in fewer documents get weight 0"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct idf_stage {
    qn_stage base;
    int64_t width;
    int64_t *doc_freq; /* documents with a value above 0; while fitting, on this rank */
    int64_t documents;
    double *idf; /* once fitted */
} idf_stage;

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status find_input(const qn_stage *stage, const qn_schema *schema, int32_t *index) {
    QN_TRY(qn_schema_require(schema, qn_options_text(stage->options, "input_col"), index));
    if (schema->fields[*index].type != QN_VECTOR)
        return qn_columns_fail_type(&schema->fields[*index],
                                    "a vector (see count_vectorizer, hashing_tf)");
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    const idf_stage *self = (idf_stage *)stage;
    int32_t index;
    if (!qn_options_is_set(stage->options, "output_col"))
        return qn_fail(QN_JOB, "output_col is not set");
    QN_TRY(find_input(stage, in, &index));
    const qn_field *field = &in->fields[index];
    if (stage->fitted && field->width != self->width)
        return qn_fail(QN_JOB, "column '%s' has %d slots, but %lld were fitted", field->name,
                       field->width, (long long)self->width);
    return qn_vectors_bind_numbers(stage, in, field, out);
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static void count_sparse(int64_t *doc_freq, const qn_column *column) {
    int64_t stored = column->offsets[column->length];
    for (int64_t i = 0; i < stored; i++)
        doc_freq[column->indices[i]] += column->f64[i] > 0;
}

static void count_dense(int64_t *doc_freq, const qn_column *column) {
    for (int64_t row = 0; row < column->length; row++)
        for (int64_t i = 0; i < column->width; i++)
            doc_freq[i] += column->f64[row * column->width + i] > 0;
}

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    idf_stage *self = (idf_stage *)stage;
    int32_t index;
    QN_TRY(find_input(stage, schema, &index));
    if (self->doc_freq == NULL) {
        self->width = schema->fields[index].width;
        QN_TRY(qn_mem_calloc(&self->doc_freq, (size_t)self->width, sizeof *self->doc_freq));
    }
    const qn_column *column = batch->columns[index];
    self->documents += column->length - column->null_count; /* a null's slots are 0 or missing */
    if (column->indices != NULL)
        count_sparse(self->doc_freq, column);
    else
        count_dense(self->doc_freq, column);
    return QN_OK;
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    idf_stage *self = (idf_stage *)stage;
    int64_t least = qn_options_int(stage->options, "min_doc_freq");
    QN_TRY(qn_comm_sum_i64(comm, &self->documents, 1));
    QN_TRY(qn_comm_sum_i64(comm, self->doc_freq, self->width));
    if (self->documents == 0)
        return qn_fail(QN_DATA,
                       "there is no document to fit: column '%s' has no row, or only nulls",
                       qn_options_text(stage->options, "input_col"));
    QN_TRY(qn_mem_calloc(&self->idf, (size_t)self->width, sizeof *self->idf));
    for (int64_t i = 0; i < self->width; i++) {
        if (self->doc_freq[i] < least)
            self->doc_freq[i] = 0; /* as Spark reports it; idf 0 */
        else
            self->idf[i] = log(((double)self->documents + 1) / ((double)self->doc_freq[i] + 1));
    }
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

static qn_status weigh_sparse(const idf_stage *self, const qn_column *in, qn_column **out) {
    int64_t stored = in->offsets[in->length];
    qn_column *column = NULL;
    QN_TRY(qn_column_new_sparse(&column, in->length, in->width, stored));
    memcpy(column->offsets, in->offsets, (size_t)(in->length + 1) * sizeof *in->offsets);
    memcpy(column->indices, in->indices, (size_t)stored * sizeof *in->indices);
    for (int64_t i = 0; i < stored; i++)
        column->f64[i] = in->f64[i] * self->idf[in->indices[i]];
    *out = column;
    return QN_OK;
}

static qn_status weigh_dense(const idf_stage *self, const qn_column *in, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new_raw(&column, QN_VECTOR, in->length, in->width));
    for (int64_t row = 0; row < in->length; row++)
        for (int64_t i = 0, at = row * in->width; i < in->width; i++, at++)
            column->f64[at] = in->f64[at] * self->idf[i];
    *out = column;
    return QN_OK;
}

static qn_status weigh(const idf_stage *self, const qn_column *in, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(in->indices != NULL ? weigh_sparse(self, in, &column) : weigh_dense(self, in, &column));
    for (int64_t i = 0; in->null_count > 0 && i < in->length; i++) {
        qn_status status = qn_column_is_null(in, i) ? qn_column_set_null(column, i) : QN_OK;
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    int32_t index;
    qn_column *weighed = NULL;
    QN_TRY(find_input(stage, schema, &index));
    QN_TRY(qn_batch_share(out, in));
    QN_TRY(weigh((const idf_stage *)stage, in->columns[index], &weighed));
    return qn_batch_append(out, weighed);
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    idf_stage *self = (idf_stage *)stage;
    int64_t weights = self->width;
    QN_TRY(qn_archive_int(archive, "num_docs", &self->documents));
    QN_TRY(qn_archive_ints(archive, "doc_freq", &self->doc_freq, &self->width));
    QN_TRY(qn_archive_reals(archive, "idf", &self->idf, &weights));
    if (weights != self->width)
        return qn_fail(QN_DATA, "the file has %lld weights, but %lld document frequencies",
                       (long long)weights, (long long)self->width);
    return QN_OK;
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    const idf_stage *self = (const idf_stage *)stage;
    json_t *doc_freq = json_array(), *idf = json_array();
    int failed = json_object_set_new(object, "num_docs", json_integer(self->documents));
    for (int64_t i = 0; i < self->width && self->idf != NULL && !failed; i++) {
        failed = json_array_append_new(doc_freq, json_integer(self->doc_freq[i]));
        failed |= json_array_append_new(idf, json_real(self->idf[i]));
    }
    failed |= json_object_set_new(object, "doc_freq", doc_freq);
    failed |= json_object_set_new(object, "idf", idf);
    return failed ? qn_fail(QN_MEMORY, "out of memory") : QN_OK;
}

static void clear(qn_stage *stage) {
    idf_stage *self = (idf_stage *)stage;
    qn_mem_free(self->doc_freq);
    qn_mem_free(self->idf);
    self->doc_freq = NULL;
    self->idf = NULL;
    self->width = self->documents = 0;
}

const qn_stage_class qn_idf_class = {
    .name = "idf",
    .help = "weigh the slots of a vector by how few rows have a value above zero there",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(idf_stage),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
