#include "ml/evaluate.h"

#include "core/stats/sum.h"
#include "mpi/reduce.h"
#include "mpi/stage.h"

#include <math.h>
#include <string.h>

/* What is summed over the rows, each sum exact. */
enum { W, W2, WE2, WE, WY, WY2, WP, WP2, SUMS };

typedef struct evaluator {
    int32_t label, prediction, weight; /* columns; weight -1: none */
    const qn_schema *schema;
    int64_t count;
    qn_sum sums[SUMS];
} evaluator;

static qn_status find_number(const qn_schema *schema, const char *name, int32_t *out) {
    QN_TRY(qn_schema_require(schema, name, out));
    qn_type type = schema->fields[*out].type;
    if (qn_type_is_numeric(type) || type == QN_BOOL)
        return QN_OK;
    return qn_fail(QN_JOB, "column '%s' is %s, not numeric", name, qn_type_name(type));
}

static qn_status open_columns(evaluator *e, const qn_schema *schema,
                              const qn_evaluate_columns *columns) {
    e->schema = schema;
    e->weight = -1;
    QN_TRY(find_number(schema, columns->label, &e->label));
    QN_TRY(find_number(schema, columns->prediction, &e->prediction));
    return columns->weight == NULL ? QN_OK : find_number(schema, columns->weight, &e->weight);
}

static qn_status check_no_nulls(const evaluator *e, const qn_batch *batch, int32_t column) {
    if (batch->columns[column]->null_count == 0)
        return QN_OK;
    int64_t row = 0;
    while (!qn_column_is_null(batch->columns[column], row))
        row++;
    qn_status status = qn_fail(QN_DATA, "column '%s' is null at row %lld",
                               e->schema->fields[column].name, (long long)qn_batch_row(batch, row));
    qn_error_help("leave such rows out, for example by a WHERE clause");
    return status;
}

/* A term is w * a * b: the products are rounded a row at a time, the sums not at all. */
static void add_row(evaluator *e, double y, double p, double w) {
    double error = y - p;
    e->count++;
    qn_sum_add(&e->sums[W], w);
    qn_sum_add_product(&e->sums[W2], w, w);
    qn_sum_add_product(&e->sums[WE2], w * error, error);
    qn_sum_add_product(&e->sums[WE], w, fabs(error));
    qn_sum_add_product(&e->sums[WY], w, y);
    qn_sum_add_product(&e->sums[WY2], w * y, y);
    qn_sum_add_product(&e->sums[WP], w, p);
    qn_sum_add_product(&e->sums[WP2], w * p, p);
}

static qn_status add_batch(void *context, const qn_batch *batch) {
    evaluator *e = context;
    const int32_t columns[] = {e->label, e->prediction, e->weight};
    for (int i = 0; i < 3; i++)
        if (columns[i] >= 0)
            QN_TRY(check_no_nulls(e, batch, columns[i]));
    for (int64_t row = 0; row < batch->length; row++) {
        double w = e->weight < 0 ? 1 : qn_column_real(batch->columns[e->weight], row);
        if (!(w >= 0 && w < INFINITY))
            return qn_fail(QN_DATA, "weight %g at row %lld is not a number of at least 0", w,
                           (long long)qn_batch_row(batch, row));
        if (w > 0)
            add_row(e, qn_column_real(batch->columns[e->label], row),
                    qn_column_real(batch->columns[e->prediction], row), w);
    }
    return QN_OK;
}

/* Sums of squares about the mean lose digits; the extra ones of long double make up for it. */
static qn_evaluation finish(const evaluator *e, bool through_origin) {
    long double s[SUMS];
    for (int i = 0; i < SUMS; i++)
        s[i] = (long double)qn_sum_result(&e->sums[i]);
    qn_evaluation out = {.count = e->count, .weight = (double)s[W]};
    long double mean = s[WY] / s[W];
    long double total = s[WY2] - s[WY] * mean;
    if (e->weight >= 0) /* Spark's quirk: unbiased weighted variance times (W - 1) */
        total = total / (s[W] - s[W2] / s[W]) * (s[W] - 1);
    if (through_origin)
        total = s[WY2];
    out.mse = (double)(s[WE2] / s[W]);
    out.rmse = sqrt(out.mse);
    out.mae = (double)(s[WE] / s[W]);
    out.r2 = (double)(1 - s[WE2] / total);
    out.explained_variance = (double)((s[WP2] - 2 * mean * s[WP] + mean * mean * s[W]) / s[W]);
    return out;
}

qn_status qn_evaluate_regression(qn_evaluation *out, qn_stream *in, qn_comm *comm,
                                 const qn_evaluate_columns *columns) {
    evaluator e = {.count = 0};
    for (int i = 0; i < SUMS; i++)
        qn_sum_init(&e.sums[i]);
    QN_TRY(qn_comm_agree(comm, open_columns(&e, &in->schema, columns)));
    QN_TRY(qn_stage_scan(in, comm, add_batch, &e));
    QN_TRY(qn_reduce_sums(comm, e.sums, SUMS));
    QN_TRY(qn_comm_sum_i64(comm, &e.count, 1));
    *out = finish(&e, columns->through_origin);
    return QN_OK;
}

qn_status qn_evaluation_to_json(const qn_evaluation *evaluation, json_t **out) {
    const struct {
        const char *name;
        double value;
    } metrics[] = {{"rmse", evaluation->rmse},
                   {"mse", evaluation->mse},
                   {"mae", evaluation->mae},
                   {"r2", evaluation->r2},
                   {"explained_variance", evaluation->explained_variance}};
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        json_t *value = isfinite(metrics[i].value) ? json_real(metrics[i].value) : json_null();
        if (json_object_set_new(object, metrics[i].name, value) != 0) {
            json_decref(object);
            return qn_fail(QN_MEMORY, "out of memory");
        }
    }
    *out = object;
    return QN_OK;
}
