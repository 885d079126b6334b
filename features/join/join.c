#include "features/join/join.h"

#include "core/memory.h"
#include "features/join/join_narrow.h"
#include "features/join/join_private.h"
#include "features/join/join_wide.h"

/* ---- The stream: what kind of join it is shows when the right side is known ------------------ */

typedef struct join {
    qn_stream base;
    qn_stream *left, *right; /* right: NULL once read; left: NULL once the result has it */
    qn_execution execution;
    qn_join_plan plan;
    bool started;
    qn_join_choice *choice; /* to be filled in; NULL: nobody asks */
    qn_join_narrow narrow;
    qn_stream *wide; /* NULL: narrow */
} join;

/* How many right rows are sent to all ranks at most; -1: none are. */
static int64_t broadcast_rows(const join *self) {
    const qn_join_plan *plan = &self->plan;
    if (plan->key_count == 0 || qn_join_judges(plan))
        return INT64_MAX;
    if (plan->form != QN_JOIN_AUTO)
        return plan->form == QN_JOIN_BROADCAST ? INT64_MAX : -1;
    return qn_join_broadcast_rows(&plan->right_schema);
}

/* Collective. The right side of this rank; how many rows all ranks have. */
static qn_status read_right(join *self, qn_join_input *right) {
    qn_join_facts *facts = &self->narrow.facts;
    qn_comm *comm = self->execution.comm;
    qn_status status =
        qn_join_input_read(right, self->right, &self->execution, self->execution.memory / 4);
    QN_TRY(qn_comm_agree(comm, status));
    qn_stream_free(self->right);
    self->right = NULL;
    facts->right_rows = right->rows;
    QN_TRY(qn_comm_sum_i64(comm, &facts->right_rows, 1));
    int64_t nulls = 0;
    if (self->plan.null_aware)
        status = qn_join_input_has_nulls(right, &self->plan, &nulls);
    QN_TRY(qn_comm_agree_max(comm, status, &nulls));
    facts->right_nulls = nulls != 0;
    return QN_OK;
}

static qn_status start_narrow(join *self) {
    QN_TRY(qn_join_side_whole(&self->narrow.right));
    QN_TRY(qn_join_narrow_init(&self->narrow));
    return qn_stream_rewind(self->left);
}

/* Hands the left input and the right side over. */
static qn_status start_wide(join *self, qn_join_input *right, bool broadcast) {
    qn_result *result = NULL;
    QN_TRY(qn_join_wide_new(&result, &self->plan, &self->base.schema, &self->narrow.facts));
    qn_join_wide_take_left(result, self->left);
    self->left = NULL;
    if (broadcast)
        qn_join_wide_take_side(result, &self->narrow.right);
    else
        qn_join_wide_take_input(result, right);
    qn_join_narrow_clear(&self->narrow);
    return qn_wide_open(&self->wide, result, &self->execution);
}

/* Collective. The right side to all ranks. */
static qn_status start_broadcast(join *self, qn_join_input *right) {
    qn_comm *comm = self->execution.comm;
    QN_TRY(qn_comm_agree(comm, qn_join_input_load(right)));
    self->narrow.right.table = right->table;
    qn_table_init(&right->table);
    QN_TRY(qn_join_replicate(&self->narrow.right.table, comm));
    return qn_comm_agree(comm, start_narrow(self));
}

/* Collective. */
static qn_status start(join *self, qn_join_input *right) {
    qn_comm *comm = self->execution.comm;
    qn_status status = QN_OK;
    self->narrow.plan = &self->plan;
    QN_TRY(read_right(self, right));
    int64_t rows = self->narrow.facts.right_rows;
    bool broadcast = rows <= broadcast_rows(self);
    qn_join_note(self->choice, &self->plan.right_schema, rows, broadcast);
    if (broadcast)
        QN_TRY(start_broadcast(self, right));
    if (!broadcast || !qn_join_is_narrow(&self->narrow))
        status = start_wide(self, right, broadcast);
    QN_TRY(qn_comm_agree(comm, status));
    self->started = true;
    return QN_OK;
}

static qn_status start_once(join *self) {
    qn_join_input *right = NULL;
    qn_status status = qn_mem_calloc(&right, 1, sizeof *right);
    QN_TRY_GOTO(qn_comm_agree(self->execution.comm, status), done);
    status = start(self, right);
    qn_join_input_clear(right);
done:
    qn_mem_free(right);
    return status;
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
        QN_TRY(start_once(self));
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

bool qn_join_describe(qn_stream *stream, qn_join_choice *choice, bool follow) {
    join *self = (join *)stream;
    if (stream->class_ != &join_class)
        return false;
    *choice = (qn_join_choice){.broadcast_rows = broadcast_rows(self)};
    self->choice = follow ? choice : NULL;
    return true;
}

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
