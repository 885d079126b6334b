/* pca: a vector's coordinates along the directions in which vectors vary most. As in Spark, the
 * mean is taken away while fitting, but not from what is transformed. */
#include "core/linalg/eigen.h"
#include "core/memory.h"
#include "core/stats/gram.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"
#include "mpi/comm/reduce.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

static const qn_option options[] = {
    QN_VECTORS_OPTIONS,
    {"k", QN_OPTION_INT, NULL, "[1,2147483647]", "how many components"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct pca {
    qn_stage base;
    bool counting; /* while fitting: */
    qn_gram gram;
    double *zeros; /* the label that there is none of */
    int64_t zero_count;
    int64_t k, width;
    double *components; /* k x width */
    int64_t ratios;
    double *explained; /* k: shares of the variance */
    double *spread;    /* private: width x lanes(k), the components slot by slot */
} pca;

enum { LANES = 8, ROWS = 8 };

static int64_t padded(int64_t k) {
    return (k + LANES - 1) / LANES * LANES;
}

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status check_k(int64_t k, const qn_field *field) {
    if (k > field->width)
        return qn_fail(QN_JOB, "k is %lld, but column '%s' has only %d slots", (long long)k,
                       field->name, field->width);
    return QN_OK;
}

static qn_status name_components(qn_attributes **out, int64_t k) {
    char **names = NULL;
    qn_status status = qn_mem_calloc(&names, (size_t)k, sizeof *names);
    for (int64_t i = 0; i < k && status == QN_OK; i++) {
        char name[32];
        snprintf(name, sizeof name, "pc%lld", (long long)i + 1);
        status = qn_mem_copy_text(&names[i], name);
    }
    if (status == QN_OK)
        status =
            qn_attributes_new(out, QN_ATTRIBUTE_VECTOR, (const char *const *)names, (int32_t)k);
    qn_mem_free_all(names, k);
    return status;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    const pca *self = (pca *)stage;
    qn_attributes *attributes = NULL;
    int32_t index;
    if (!qn_options_is_set(stage->options, "k"))
        return qn_fail(QN_JOB, "k is not set");
    int64_t k = qn_options_int(stage->options, "k");
    QN_TRY(qn_vectors_find(stage, in, &index));
    const qn_field *field = &in->fields[index];
    QN_TRY(qn_vectors_check_fitted(stage, field, self->width));
    if (field->width > 0)
        QN_TRY(check_k(k, field));
    QN_TRY(name_components(&attributes, k));
    qn_status status = qn_vectors_bind(stage, in, (int32_t)k, attributes, out);
    qn_attributes_release(attributes);
    return status;
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static qn_status grow_zeros(pca *self, int64_t count) {
    if (count <= self->zero_count)
        return QN_OK;
    qn_mem_free(self->zeros);
    self->zeros = NULL;
    self->zero_count = 0;
    QN_TRY(qn_mem_calloc(&self->zeros, (size_t)count, sizeof *self->zeros));
    self->zero_count = count;
    return QN_OK;
}

/* Adds the rows that are not null. */
static qn_status add_rows(pca *self, const qn_column *column) {
    qn_column *present = NULL;
    QN_TRY(grow_zeros(self, column->length));
    QN_TRY(qn_vectors_present(&present, column));
    qn_status status = qn_gram_add(&self->gram, present, self->zeros, NULL);
    qn_column_release(present);
    return status;
}

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    pca *self = (pca *)stage;
    int64_t row;
    int32_t index, slot;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    const qn_field *field = &schema->fields[index];
    if (!self->counting) {
        QN_TRY(check_k(qn_options_int(stage->options, "k"), field));
        QN_TRY(qn_gram_init(&self->gram, field->width));
        self->counting = true;
    }
    qn_status status = add_rows(self, batch->columns[index]);
    if (status == QN_DATA && qn_gram_find_bad(batch->columns[index], &row, &slot))
        return qn_vectors_fail_value(field, batch, row, slot, "is not finite");
    return status;
}

static void end_counting(pca *self) {
    if (self->counting)
        qn_gram_clear(&self->gram);
    qn_mem_free(self->zeros);
    self->zeros = NULL;
    self->zero_count = 0;
    self->counting = false;
}

/* Divides by n - 1; gives the sum of all variances. */
static double make_covariance(qn_gram_result *moments, int64_t width, int64_t rows) {
    qn_sum trace;
    qn_sum_init(&trace);
    for (int64_t i = 0; i < width * width; i++)
        moments->product[i] /= (double)(rows - 1);
    for (int64_t i = 0; i < width; i++)
        qn_sum_add(&trace, moments->product[i * width + i]);
    return qn_sum_result(&trace);
}

static qn_status solve(pca *self, qn_gram_result *moments) {
    double total = make_covariance(moments, self->width, self->gram.rows);
    QN_TRY(qn_eigen_largest(self->explained, self->components, self->k, moments->product,
                            self->width));
    for (int64_t i = 0; i < self->k; i++)
        self->explained[i] = total > 0 ? fmax(self->explained[i], 0) / total : 0;
    return QN_OK;
}

/* Components slot by slot, for the products. */
static qn_status spread_components(pca *self) {
    int64_t lanes = padded(self->k);
    QN_TRY(qn_mem_calloc(&self->spread, (size_t)(self->width * lanes), sizeof *self->spread));
    for (int64_t j = 0; j < self->width; j++)
        for (int64_t i = 0; i < self->k; i++)
            self->spread[j * lanes + i] = self->components[i * self->width + j];
    return QN_OK;
}

static qn_status make_room(pca *self) {
    self->k = self->ratios = qn_options_int(self->base.options, "k");
    self->width = self->gram.width;
    QN_TRY(qn_mem_calloc(&self->components, (size_t)(self->k * self->width),
                         sizeof *self->components));
    return qn_mem_calloc(&self->explained, (size_t)self->k, sizeof *self->explained);
}

/* Rank 0 solves for all. */
static qn_status finish(qn_stage *stage, qn_comm *comm) {
    pca *self = (pca *)stage;
    qn_gram_result moments = {0};
    QN_TRY(qn_reduce_gram(comm, &self->gram));
    if (self->gram.rows < 2)
        return qn_fail(QN_DATA, "there are %lld rows to fit, but a covariance needs two",
                       (long long)self->gram.rows);
    qn_status status = make_room(self);
    if (status == QN_OK && qn_comm_rank(comm) == 0) {
        status = qn_gram_finish(&self->gram, true, &moments);
        if (status == QN_OK)
            status = solve(self, &moments);
        qn_gram_result_clear(&moments);
    }
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(qn_comm_broadcast(comm, self->components,
                             self->k * self->width * (int64_t)sizeof *self->components, 0));
    QN_TRY(qn_comm_broadcast(comm, self->explained, self->k * (int64_t)sizeof *self->explained, 0));
    end_counting(self);
    return spread_components(self);
}

/* ---- Transform ------------------------------------------------------------------------------ */

typedef double lanes __attribute__((vector_size(8 * LANES), may_alias, aligned(8)));

/* LANES components of some rows, side by side to hide the latency of additions. The order of
 * additions is that of the slots, so sparse and dense rows of the same values give the same. */
static inline __attribute__((always_inline)) void project_rows(const double *rows, int count,
                                                               int64_t width, const double *spread,
                                                               int64_t stride, double *out) {
    lanes sums[ROWS];
    memset(sums, 0, sizeof sums);
    for (int64_t j = 0; j < width; j++) {
        lanes part = *(const lanes *)(spread + j * stride);
        for (int r = 0; r < count; r++)
            sums[r] += rows[r * width + j] * part;
    }
    for (int r = 0; r < count; r++)
        *(lanes *)(out + r * stride) = sums[r];
}

CLONES
static void project_dense(const double *rows, int64_t count, int64_t width, const double *spread,
                          int64_t stride, double *out) {
    for (int64_t first = 0; first < stride; first += LANES) {
        int64_t r = 0;
        for (; r + ROWS <= count; r += ROWS)
            project_rows(rows + r * width, ROWS, width, spread + first, stride,
                         out + r * stride + first);
        for (; r < count; r++)
            project_rows(rows + r * width, 1, width, spread + first, stride,
                         out + r * stride + first);
    }
}

CLONES
static void project_sparse(const qn_column *in, int64_t first_row, int64_t count,
                           const double *spread, int64_t stride, double *out) {
    for (int64_t r = 0; r < count; r++)
        for (int64_t first = 0; first < stride; first += LANES) {
            lanes sum = {0};
            for (int32_t k = in->offsets[first_row + r]; k < in->offsets[first_row + r + 1]; k++)
                sum += in->f64[k] * *(const lanes *)(spread + in->indices[k] * stride + first);
            *(lanes *)(out + r * stride + first) = sum;
        }
}

enum { BLOCK = 64 };

static qn_status project(const pca *self, const qn_column *in, qn_column *out) {
    int64_t stride = padded(self->k);
    double *block = NULL;
    QN_TRY(qn_mem_alloc(&block, (size_t)(BLOCK * stride), sizeof *block));
    for (int64_t first = 0; first < in->length; first += BLOCK) {
        int64_t count = in->length - first < BLOCK ? in->length - first : BLOCK;
        if (in->indices != NULL)
            project_sparse(in, first, count, self->spread, stride, block);
        else
            project_dense(in->f64 + first * self->width, count, self->width, self->spread, stride,
                          block);
        for (int64_t r = 0; r < count; r++)
            memcpy(out->f64 + (first + r) * self->k, block + r * stride,
                   (size_t)self->k * sizeof *block);
    }
    qn_mem_free(block);
    return QN_OK;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const pca *self = (const pca *)stage;
    qn_column *column = NULL;
    int32_t index;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    QN_TRY(qn_column_new_raw(&column, QN_VECTOR, in->length, (int32_t)self->k));
    qn_status status = project(self, in->columns[index], column);
    if (status == QN_OK)
        status = qn_vectors_copy_nulls(column, in->columns[index]);
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    return qn_vectors_append(in, column, out);
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    pca *self = (pca *)stage;
    QN_TRY(qn_archive_matrix(archive, "components", &self->components, &self->k, &self->width));
    QN_TRY(qn_archive_reals(archive, "explained_variance", &self->explained, &self->ratios));
    if (self->ratios != self->k || self->k != qn_options_int(stage->options, "k"))
        return qn_fail(QN_DATA, "the file has %lld components, but the variance of %lld",
                       (long long)self->k, (long long)self->ratios);
    return qn_archive_writing(archive) ? QN_OK : spread_components(self);
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    const pca *self = (const pca *)stage;
    json_t *components = json_array();
    int failed = json_object_set_new(object, "explained_variance",
                                     qn_vectors_json(self->explained, self->k));
    for (int64_t i = 0; i < self->k; i++)
        failed |= json_array_append_new(
            components, qn_vectors_json(self->components + i * self->width, self->width));
    failed |= json_object_set_new(object, "components", components);
    return failed ? qn_fail(QN_MEMORY, "out of memory") : QN_OK;
}

static void clear(qn_stage *stage) {
    pca *self = (pca *)stage;
    end_counting(self);
    qn_mem_free(self->components);
    qn_mem_free(self->explained);
    qn_mem_free(self->spread);
    self->components = self->explained = self->spread = NULL;
    self->k = self->width = self->ratios = 0;
}

const qn_stage_class qn_pca_class = {
    .name = "pca",
    .help = "project vectors on their principal components",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(pca),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
