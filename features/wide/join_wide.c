/* A join whose rows are numbered anew: left rows are collected, or both sides are spread by the
 * key's hash; then each rank joins what it has. */
#include "features/wide/join_wide.h"

#include "core/memory.h"

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

static qn_status wide_build(qn_result *result, const qn_execution *execution) {
    join_wide *self = (join_wide *)result;
    QN_TRY(build_broadcast(self, execution->comm));
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
