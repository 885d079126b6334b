/* A join whose rows are numbered anew: left rows are collected, or both sides are spread by the
 * key's hash; then each rank joins what it has. */
#include "features/wide/join_wide.h"

#include "core/memory.h"
#include "features/wide/join_spread.h"

typedef struct join_wide {
    qn_result base;
    const qn_join_plan *plan;
    qn_stream *left;
    bool broadcast;
    qn_join_local local;
} join_wide;

static qn_status collect_left(join_wide *self) {
    bool full = false;
    QN_TRY(qn_stream_rewind(self->left));
    QN_TRY(qn_wide_collect(&self->local.left.table, self->left, INT64_MAX, &full));
    return qn_join_side_whole(&self->local.left);
}

/* Collective. Right rows that matched on some rank have a match; the last rank gives the others. */
static qn_status join_matched(join_wide *self, qn_comm *comm) {
    qn_join_local *local = &self->local;
    if (local->matched == NULL)
        return QN_OK;
    QN_TRY(qn_comm_or_u64(comm, local->matched, qn_bit_words(local->right.rows)));
    if (qn_comm_rank(comm) == qn_comm_size(comm) - 1)
        local->owned_to = local->right.rows;
    return QN_OK;
}

static qn_status build_broadcast(join_wide *self, qn_comm *comm) {
    qn_status status = collect_left(self);
    if (status == QN_OK)
        status = qn_join_local_run(&self->local);
    QN_TRY(qn_comm_agree(comm, status));
    return join_matched(self, comm);
}

/* Rows of both sides, and the slots that they belong to. */
typedef struct inputs {
    qn_join_input left, right;
    qn_join_layout layout;
} inputs;

static void inputs_clear(inputs *self) {
    qn_join_input_clear(&self->left);
    qn_join_input_clear(&self->right);
    qn_join_layout_clear(&self->layout);
}

static qn_status read_inputs(join_wide *self, inputs *both) {
    bool full = false;
    both->right.table = self->local.right.table;
    qn_table_init(&self->local.right.table);
    QN_TRY(qn_join_input_hash(&both->right, self->plan, self->plan->right_keys));
    QN_TRY(qn_stream_rewind(self->left));
    QN_TRY(qn_wide_collect(&both->left.table, self->left, INT64_MAX, &full));
    return qn_join_input_hash(&both->left, self->plan, self->plan->left_keys);
}

static qn_status build_shuffle(join_wide *self, qn_comm *comm) {
    qn_join_local *local = &self->local;
    inputs *both = NULL;
    qn_status status = qn_mem_calloc(&both, 1, sizeof *both);
    if (status == QN_OK)
        status = read_inputs(self, both);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_join_layout_init(&both->layout, &both->left, &both->right, comm), done);
    QN_TRY_GOTO(qn_join_spread(&local->right, &both->right, &both->layout, true, comm), done);
    QN_TRY_GOTO(qn_join_spread(&local->left, &both->left, &both->layout, false, comm), done);
    QN_TRY_GOTO(qn_comm_agree(comm, qn_join_local_run(local)), done);
    status = qn_join_share_matched(local, &both->layout, comm);
done:
    if (both != NULL)
        inputs_clear(both);
    qn_mem_free(both);
    return status;
}

static qn_status wide_build(qn_result *result, const qn_execution *execution) {
    join_wide *self = (join_wide *)result;
    QN_TRY(self->broadcast ? build_broadcast(self, execution->comm)
                           : build_shuffle(self, execution->comm));
    qn_stream_free(self->left);
    self->left = NULL;
    qn_join_local_finish(&self->local);
    result->rows = self->local.rows;
    return QN_OK;
}

static qn_status wide_produce(qn_result *result, int64_t first, int64_t count, qn_batch *out) {
    return qn_join_local_produce(&((join_wide *)result)->local, first, count, out);
}

static void wide_free(qn_result *result) {
    join_wide *self = (join_wide *)result;
    qn_stream_free(self->left);
    qn_join_local_clear(&self->local);
}

static const qn_result_class wide_class = {"join", wide_build, wide_produce, wide_free};

qn_status qn_join_wide_new(qn_result **out, const qn_join_plan *plan, qn_stream *left,
                           const qn_schema *schema, qn_join_narrow *from, bool broadcast) {
    join_wide *self = NULL;
    QN_TRY(qn_result_new(&self, sizeof *self, &wide_class, schema));
    self->plan = self->local.plan = plan;
    self->left = left;
    self->broadcast = broadcast;
    self->local.facts = from->facts;
    self->local.right = from->right;
    from->right = (qn_join_side){0};
    qn_join_narrow_clear(from);
    *out = &self->base;
    return QN_OK;
}
