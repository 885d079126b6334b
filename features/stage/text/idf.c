/* idf: term counts times ln((documents + 1) / (documents with the term + 1)), so that what is
 * everywhere weighs little. Sparse vectors stay sparse. A value counts as a term's presence if it
 * is above zero: negative values and NaN do not. */
#include "core/memory.h"
#include "features/stage/scale.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"

#include <math.h>
#include <string.h>

static const qn_option options[] = {QN_VECTORS_OPTIONS,
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

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    return qn_vectors_bind_fitted(stage, in, ((idf_stage *)stage)->width, out);
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
    QN_TRY(qn_vectors_find(stage, schema, &index));
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

/* What qn_scale_apply does, too, after a look at every slot: there may be more of those than a
 * batch stores values. */
static qn_status weigh_sparse(const idf_stage *self, const qn_column *in, qn_column **out) {
    int64_t stored = in->offsets[in->length];
    qn_column *column = NULL;
    QN_TRY(qn_column_new_sparse(&column, in->length, in->width, stored));
    memcpy(column->offsets, in->offsets, (size_t)(in->length + 1) * sizeof *in->offsets);
    if (stored > 0)
        memcpy(column->indices, in->indices, (size_t)stored * sizeof *in->indices);
    for (int64_t i = 0; i < stored; i++)
        column->f64[i] = in->f64[i] * self->idf[in->indices[i]];
    qn_status status = qn_vectors_copy_nulls(column, in);
    if (status == QN_OK)
        *out = column;
    else
        qn_column_release(column);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const idf_stage *self = (const idf_stage *)stage;
    qn_scale by = {.width = (int32_t)self->width, .factor = self->idf};
    int32_t index;
    qn_column *weighed = NULL;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    const qn_column *column = in->columns[index];
    QN_TRY(column->indices != NULL ? weigh_sparse(self, column, &weighed)
                                   : qn_scale_apply(&by, column, &weighed));
    return qn_vectors_append(in, weighed, out);
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
    const qn_vectors_array arrays[] = {{"idf", (double **)(uintptr_t)&self->idf}};
    json_t *doc_freq = json_array();
    int failed = json_object_set_new(object, "num_docs", json_integer(self->documents));
    for (int64_t i = 0; i < self->width && !failed; i++)
        failed = json_array_append_new(doc_freq, json_integer(self->doc_freq[i]));
    failed |= json_object_set_new(object, "doc_freq", doc_freq);
    if (failed)
        return qn_fail(QN_MEMORY, "out of memory");
    return qn_vectors_describe(object, arrays, 1, self->width);
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
