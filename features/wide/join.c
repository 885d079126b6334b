#include "features/wide/join.h"

#include "core/memory.h"
#include "features/wide/join_narrow.h"
#include "features/wide/join_private.h"
#include "features/wide/join_wide.h"

/* A right side no larger than this goes to all ranks. */
enum { BROADCAST_BYTES = 32 << 20 };

/* ---- The stream: what kind of join it is shows when the right side is known ------------------ */

typedef struct join {
    qn_stream base;
    qn_stream *left, *right; /* right: NULL once read; left: NULL once the result has it */
    qn_execution execution;
    qn_join_plan plan;
    bool started;
    qn_join_narrow narrow;
    qn_stream *wide; /* NULL: narrow */
} join;

static bool broadcasts(const join *self, int64_t right_rows) {
    const qn_join_plan *plan = &self->plan;
    if (plan->key_count == 0 || (plan->null_aware && plan->residual != NULL))
        return true;
    if (plan->form != QN_JOIN_AUTO)
        return plan->form == QN_JOIN_BROADCAST;
    return right_rows * qn_join_nominal_width(&plan->right_schema) <= BROADCAST_BYTES;
}

/* Collective. The right side into memory; how many rows all ranks have. */
static qn_status read_right(join *self, int64_t *rows) {
    qn_table *table = &self->narrow.right.table;
    bool full = false;
    qn_status status = qn_stream_rewind(self->right);
    if (status == QN_OK)
        status = qn_wide_collect(table, self->right, INT64_MAX, &full);
    QN_TRY(qn_comm_agree(self->execution.comm, status));
    qn_stream_free(self->right);
    self->right = NULL;
    *rows = table->row_count;
    QN_TRY(qn_comm_sum_i64(self->execution.comm, rows, 1));
    self->narrow.facts.right_rows = *rows;
    int64_t nulls = qn_join_has_null_keys(&self->plan, table);
    QN_TRY(qn_comm_max_i64(self->execution.comm, &nulls, 1));
    self->narrow.facts.right_nulls = nulls != 0;
    return QN_OK;
}

static qn_status start_narrow(join *self) {
    QN_TRY(qn_join_side_whole(&self->narrow.right));
    QN_TRY(qn_join_narrow_init(&self->narrow));
    return qn_stream_rewind(self->left);
}

/* Hands the left input and the right side over. */
static qn_status start_wide(join *self, bool broadcast) {
    qn_result *result = NULL;
    QN_TRY(qn_join_wide_new(&result, &self->plan, self->left, &self->base.schema, &self->narrow,
                            broadcast));
    self->left = NULL;
    return qn_wide_open(&self->wide, result, &self->execution);
}

/* Collective. */
static qn_status start(join *self) {
    qn_comm *comm = self->execution.comm;
    int64_t rows = 0;
    self->narrow.plan = &self->plan;
    QN_TRY(read_right(self, &rows));
    bool broadcast = broadcasts(self, rows);
    qn_status status = QN_OK;
    if (broadcast) {
        QN_TRY(qn_join_replicate(&self->narrow.right.table, comm));
        QN_TRY(qn_comm_agree(comm, start_narrow(self)));
    }
    if (!broadcast || !qn_join_is_narrow(&self->narrow))
        status = start_wide(self, broadcast);
    QN_TRY(qn_comm_agree(comm, status));
    self->started = true;
    return QN_OK;
}

static qn_status narrow_next(join *self, qn_batch *out) {
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TRY(qn_stream_next(self->left, &batch));
    if (batch.count == 0)
        return QN_OK;
    qn_status status = qn_join_narrow_run(&self->narrow, &batch, out);
    if (status != QN_OK)
        qn_batch_clear(out);
    qn_batch_clear(&batch);
    return status;
}

static qn_status join_next(qn_stream *stream, qn_batch *out) {
    join *self = (join *)stream;
    if (!self->started)
        QN_TRY(start(self));
    return self->wide != NULL ? qn_stream_next(self->wide, out) : narrow_next(self, out);
}

static qn_status join_rewind(qn_stream *stream) {
    join *self = (join *)stream;
    if (!self->started)
        return QN_OK;
    return qn_stream_rewind(self->wide != NULL ? self->wide : self->left);
}

static void join_free(qn_stream *stream) {
    join *self = (join *)stream;
    qn_stream_free(self->wide);
    qn_join_narrow_clear(&self->narrow);
    qn_stream_free(self->left);
    qn_stream_free(self->right);
    qn_join_plan_clear(&self->plan);
}

static const qn_stream_class join_class = {"join", join_next, join_rewind, join_free};

/* ---- Opening -----------------------------------------------------------------------------------
 */

qn_status qn_join_open(qn_stream **out, qn_stream *left, qn_stream *right,
                       const qn_execution *execution, const qn_join_spec *spec) {
    join *self = NULL;
    qn_join_plan plan = {0};
    qn_status status = qn_join_plan_init(&plan, left, right, spec);
    if (status == QN_OK)
        status = qn_stream_new(&self, sizeof *self, &join_class, spec->schema);
    if (status != QN_OK) {
        qn_join_plan_clear(&plan);
        qn_stream_free(left);
        qn_stream_free(right);
        return status;
    }
    self->plan = plan;
    self->left = left;
    self->right = right;
    self->execution = *execution;
    *out = &self->base;
    return QN_OK;
}
