/* Union: each input is read to its end; then all rows go to ranks evenly, in the order of the
 * inputs.
 */
#include "features/set/union.h"

#include "core/memory.h"
#include "features/wide/hold.h"
#include "features/wide/input.h"
#include "features/wide/spread.h"

/* ---- Union ---------------------------------------------------------------------------------- */

typedef struct union_ {
    qn_result base;
    qn_execution execution;
    qn_stream **inputs;
    int32_t count;
    qn_hold hold;
} union_;

/* Collective. One input's rows, as they are on this rank. */
static qn_status read_input(union_ *self, int32_t i, qn_hold *hold) {
    qn_input input = {0};
    qn_status status = qn_input_start(&input, self->inputs[i]);
    if (status == QN_OK)
        status = qn_hold_read(hold, i, &input.base);
    return qn_comm_agree(self->execution.comm, qn_input_finish(&input, status));
}

static qn_status union_build(qn_result *result, const qn_execution *execution) {
    union_ *self = (union_ *)result;
    qn_hold hold;
    self->execution = *execution;
    qn_status status =
        qn_hold_init(&hold, &self->execution, &result->schema, self->count, execution->memory / 2);
    QN_TRY_GOTO(qn_comm_agree(execution->comm, status), done);
    for (int32_t i = 0; i < self->count; i++)
        QN_TRY_GOTO(read_input(self, i, &hold), done);
    QN_TRY_GOTO(qn_spread_evenly(&self->hold, &hold, &self->execution), done);
    result->rows = self->hold.rows;
done:
    qn_hold_clear(&hold);
    return status;
}

static qn_status union_produce(qn_result *result, int64_t first, int64_t count, qn_batch *out) {
    return qn_hold_rows(&((union_ *)result)->hold, first, count, out);
}

static void union_free(qn_result *result) {
    union_ *self = (union_ *)result;
    qn_hold_clear(&self->hold);
    for (int32_t i = 0; i < self->count; i++)
        qn_stream_free(self->inputs[i]);
    qn_mem_free(self->inputs);
}

static const qn_result_class union_class = {"union", union_build, union_produce, union_free};

qn_status qn_union_check(const qn_schema *first, const qn_schema *other, const char *what) {
    if (first->count != other->count)
        return qn_fail(QN_JOB, "%s of tables with %d and %d columns", what, first->count,
                       other->count);
    for (int32_t i = 0; i < first->count; i++) {
        const qn_field *a = &first->fields[i], *b = &other->fields[i];
        if (a->type != b->type || a->width != b->width)
            return qn_fail(QN_JOB, "%s: column %d is a %s '%s' here and a %s '%s' there", what,
                           i + 1, qn_type_name(a->type), a->name, qn_type_name(b->type), b->name);
    }
    return QN_OK;
}

static qn_status union_new(union_ **out, qn_stream *const *inputs, int32_t count) {
    union_ *self = NULL;
    for (int32_t i = 1; i < count; i++)
        QN_TRY(qn_union_check(&inputs[0]->schema, &inputs[i]->schema, "UNION"));
    QN_TRY(qn_result_new(&self, sizeof *self, &union_class, &inputs[0]->schema));
    qn_status status = qn_mem_calloc(&self->inputs, (size_t)count, sizeof *self->inputs);
    if (status != QN_OK) {
        qn_result_free(&self->base);
        return status;
    }
    *out = self;
    return QN_OK;
}

qn_status qn_union_open(qn_stream **out, qn_stream *const *inputs, int32_t count,
                        const qn_execution *execution) {
    union_ *self = NULL;
    qn_status status = union_new(&self, inputs, count);
    if (status != QN_OK) {
        for (int32_t i = 0; i < count; i++)
            qn_stream_free(inputs[i]);
        return status;
    }
    for (int32_t i = 0; i < count; i++)
        self->inputs[i] = inputs[i];
    self->count = count;
    return qn_wide_open(out, &self->base, execution);
}

/* ---- At most one row ------------------------------------------------------------------------ */

typedef struct single {
    qn_result base;
    qn_stream *in;
    qn_batch row; /* on one rank */
} single;

/* Local (see qn_stream_next). The first row, and how many there are. */
static qn_status read_single(single *self, qn_stream *in, int64_t *rows) {
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        if (batch.count == 0)
            return QN_OK;
        qn_status status = QN_OK;
        if (*rows == 0 && batch.length > 0) {
            self->row.length = 1;
            status = qn_batch_reserve(&self->row, batch.count);
            for (int32_t c = 0; c < batch.count && status == QN_OK; c++)
                status = qn_column_slice(&self->row.columns[c], batch.columns[c], 0, 1);
        }
        *rows += batch.length;
        qn_batch_clear(&batch);
        QN_TRY(status);
    }
}

static qn_status make_nulls(single *self) {
    const qn_schema *schema = &self->base.schema;
    QN_TRY(qn_batch_reserve(&self->row, schema->count));
    self->row.length = 1;
    for (int32_t c = 0; c < schema->count; c++)
        QN_TRY(qn_column_new_null(&self->row.columns[c], schema->fields[c].type, 1,
                                  schema->fields[c].width));
    return QN_OK;
}

static qn_status single_build(qn_result *result, const qn_execution *execution) {
    single *self = (single *)result;
    qn_input input = {0};
    int64_t rows = 0, total;
    qn_status status = qn_input_start(&input, self->in);
    if (status == QN_OK)
        status = read_single(self, &input.base, &rows);
    QN_TRY(qn_comm_agree(execution->comm, qn_input_finish(&input, status)));
    total = rows;
    QN_TRY(qn_comm_sum_i64(execution->comm, &total, 1));
    if (total > 1)
        return qn_fail(QN_JOB, "a subquery that stands for one value gave more than one row (%lld)",
                       (long long)total);
    if (total == 0 && qn_comm_rank(execution->comm) == 0)
        status = make_nulls(self);
    result->rows = self->row.length;
    return qn_comm_agree(execution->comm, status);
}

static qn_status single_produce(qn_result *result, int64_t first, int64_t count, qn_batch *out) {
    (void)first;
    (void)count;
    return qn_batch_share(out, &((single *)result)->row);
}

static void single_free(qn_result *result) {
    single *self = (single *)result;
    qn_batch_clear(&self->row);
    qn_stream_free(self->in);
}

static const qn_result_class single_class = {"single", single_build, single_produce, single_free};

qn_status qn_single_open(qn_stream **out, qn_stream *in, const qn_execution *execution) {
    single *self = NULL;
    qn_status status = qn_result_new(&self, sizeof *self, &single_class, &in->schema);
    if (status != QN_OK) {
        qn_stream_free(in);
        return status;
    }
    self->in = in;
    return qn_wide_open(out, &self->base, execution);
}
