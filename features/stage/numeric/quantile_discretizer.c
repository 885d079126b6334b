/* quantile_discretizer: a bucketizer whose splits are quantiles of the data.
 *
 * Spark ML's QuantileDiscretizer: splits are the quantiles of i / num_buckets, the first is -inf
 * and the last inf; equal ones are one, so that there may be fewer buckets than asked for. */
#include "core/memory.h"
#include "core/text/number.h"
#include "features/stage/columns.h"
#include "features/stage/numbers.h"
#include "features/stage/numeric/buckets.h"
#include "features/stage/numeric/column_quantiles.h"
#include "features/stage/stages.h"

#include <math.h>
#include <stdio.h>

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"num_buckets", QN_OPTION_INT, "2", "[2,1000000]",
     "how many buckets of about the same number of rows"},
    {"num_buckets_array", QN_OPTION_TEXTS, NULL, NULL, "the same for each of several columns"},
    QN_QUANTILES_RELATIVE_ERROR,
    QN_BUCKETS_HANDLE_INVALID,
    {NULL, 0, NULL, NULL, NULL}};

typedef struct quantile_discretizer {
    qn_stage base;
    qn_column_quantiles quantiles; /* while fitting */
    int64_t count;                 /* once fitted */
    qn_splits *splits;
} quantile_discretizer;

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status bucket_count(const qn_stage *stage, int32_t i, int64_t *out) {
    char *const *texts;
    *out = qn_options_int(stage->options, "num_buckets");
    if (!qn_options_is_set(stage->options, "num_buckets_array"))
        return QN_OK;
    qn_options_list(stage->options, "num_buckets_array", &texts);
    if (!qn_parse_int64(qn_view_of(texts[i]), out) || *out < 2 || *out > 1000000)
        return qn_fail(QN_JOB, "num_buckets_array: '%s' must be a whole number from 2 to 1000000",
                       texts[i]);
    return QN_OK;
}

static qn_status check_options(const qn_stage *stage, int32_t count) {
    char *const *texts;
    int64_t buckets;
    if (!qn_options_is_set(stage->options, "num_buckets_array"))
        return QN_OK;
    if (qn_options_is_set(stage->options, "num_buckets"))
        return qn_fail(QN_JOB, "set num_buckets or num_buckets_array, not both");
    int64_t given = qn_options_list(stage->options, "num_buckets_array", &texts);
    if (given != count)
        return qn_fail(QN_JOB, "num_buckets_array has %lld numbers, but there are %d columns",
                       (long long)given, count);
    for (int32_t i = 0; i < count; i++)
        QN_TRY(bucket_count(stage, i, &buckets));
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    const quantile_discretizer *self = (quantile_discretizer *)stage;
    int32_t count;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_columns_check_fitted(stage, count, self->count));
    QN_TRY(check_options(stage, count));
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++)
        QN_TRY(qn_buckets_bind(stage, in, i, stage->fitted ? &self->splits[i] : NULL, out));
    return QN_OK;
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    return qn_column_quantiles_add(&((quantile_discretizer *)stage)->quantiles, stage, schema,
                                   batch);
}

static qn_status make_splits(const qn_quantiles *quantiles, int64_t buckets, qn_splits *out) {
    QN_TRY(qn_mem_alloc(&out->values, (size_t)buckets + 1, sizeof *out->values));
    out->values[out->count++] = -HUGE_VAL;
    for (int64_t b = 1; b <= buckets; b++) {
        double split = b == buckets
                           ? HUGE_VAL
                           : qn_quantiles_value(quantiles, (double)b / (double)buckets) + 0.0;
        if (split > out->values[out->count - 1])
            out->values[out->count++] = split;
    }
    return QN_OK;
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    quantile_discretizer *self = (quantile_discretizer *)stage;
    QN_TRY(qn_column_quantiles_finish(&self->quantiles, stage, comm));
    int64_t count = self->quantiles.count, buckets;
    QN_TRY(qn_mem_calloc(&self->splits, (size_t)count, sizeof *self->splits));
    self->count = count;
    for (int32_t i = 0; i < count; i++) {
        QN_TRY(bucket_count(stage, i, &buckets));
        QN_TRY(make_splits(&self->quantiles.of[i], buckets, &self->splits[i]));
    }
    qn_column_quantiles_clear(&self->quantiles);
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

static qn_status make(const qn_map_step *step, qn_column **out) {
    return qn_buckets_column(step, &((const quantile_discretizer *)step->stage)->splits[step->i],
                             out);
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    return qn_buckets_transform(stage, make, schema, in, out);
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status persist_splits(qn_archive *archive, int64_t i, qn_splits *splits) {
    char name[32];
    snprintf(name, sizeof name, "splits_%lld", (long long)i);
    QN_TRY(qn_archive_reals(archive, name, &splits->values, &splits->count));
    if (splits->count < 2)
        return qn_fail(QN_DATA, "the file has %lld splits for a column", (long long)splits->count);
    return QN_OK;
}

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    quantile_discretizer *self = (quantile_discretizer *)stage;
    int64_t count = self->count;
    QN_TRY(qn_columns_persist_count(archive, &count));
    if (!qn_archive_writing(archive)) {
        qn_status status = qn_mem_calloc(&self->splits, (size_t)count, sizeof *self->splits);
        QN_TRY(qn_comm_agree(qn_archive_comm(archive), status));
        self->count = count;
    }
    for (int64_t i = 0; i < count; i++)
        QN_TRY(persist_splits(archive, i, &self->splits[i]));
    return QN_OK;
}

/* The inner ones: -inf and inf are no JSON. */
static json_t *splits_json(const qn_stage *stage, int32_t i) {
    const qn_splits *splits = &((const quantile_discretizer *)stage)->splits[i];
    json_t *array = json_array();
    for (int64_t k = 1; k + 1 < splits->count; k++)
        if (json_array_append_new(array, json_real(splits->values[k])) != 0)
            break;
    return array;
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    int64_t count = ((const quantile_discretizer *)stage)->count;
    return qn_columns_describe(stage, object, "splits", count, splits_json);
}

static void clear(qn_stage *stage) {
    quantile_discretizer *self = (quantile_discretizer *)stage;
    qn_column_quantiles_clear(&self->quantiles);
    qn_splits_free(self->splits, self->count);
    self->splits = NULL;
    self->count = 0;
}

const qn_stage_class qn_quantile_discretizer_class = {
    .name = "quantile_discretizer",
    .help = "turn numbers into buckets of about the same number of rows",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(quantile_discretizer),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
