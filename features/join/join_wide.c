/* A join whose rows are numbered anew: left rows are collected, or both sides are spread by the
 * key's hash; then each rank joins what it has. */
#include "features/join/join_wide.h"

#include "core/memory.h"
#include "features/join/join_parts.h"

typedef struct join_wide {
    qn_result base;
    qn_stream *left;
    qn_join_input right; /* shuffle */
    qn_join_parts parts;
} join_wide;

static qn_status wide_build(qn_result *result, const qn_execution *execution) {
    join_wide *self = (join_wide *)result;
    QN_TRY(self->parts.broadcast
               ? qn_join_parts_broadcast(&self->parts, self->left, execution)
               : qn_join_parts_shuffle(&self->parts, self->left, &self->right, execution));
    qn_stream_free(self->left);
    self->left = NULL;
    result->rows = self->parts.rows;
    return QN_OK;
}

static qn_status wide_produce(qn_result *result, int64_t first, int64_t count, qn_batch *out) {
    return qn_join_parts_produce(&((join_wide *)result)->parts, first, count, out);
}

static void wide_free(qn_result *result) {
    join_wide *self = (join_wide *)result;
    qn_stream_free(self->left);
    qn_join_input_clear(&self->right);
    qn_join_parts_clear(&self->parts);
}

static const qn_result_class wide_class = {"join", wide_build, wide_produce, wide_free};

qn_status qn_join_wide_new(qn_result **out, const qn_join_plan *plan, const qn_schema *schema,
                           const qn_join_facts *facts) {
    join_wide *self = NULL;
    QN_TRY(qn_result_new(&self, sizeof *self, &wide_class, schema));
    self->parts.plan = plan;
    self->parts.facts = *facts;
    *out = &self->base;
    return QN_OK;
}

void qn_join_wide_take_left(qn_result *result, qn_stream *left) {
    ((join_wide *)result)->left = left;
}

void qn_join_wide_take_side(qn_result *result, qn_join_side *right) {
    join_wide *self = (join_wide *)result;
    self->parts.broadcast = true;
    self->parts.whole = *right;
    *right = (qn_join_side){0};
}

void qn_join_wide_take_input(qn_result *result, qn_join_input *right) {
    ((join_wide *)result)->right = *right;
    *right = (qn_join_input){0};
}
