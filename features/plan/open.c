/* From prepared plans to operators. */
#include "features/plan/open.h"

#include "core/memory.h"
#include "features/operator/operator.h"

typedef struct opening {
    const qn_execution *execution;
    const plan_context *context;
} opening;

static qn_status open_node(const opening *self, qn_plan *plan, qn_stream **out);

/* What a node owns moves into the operator, which takes it over in any case. */
static qn_status open_filter(const opening *self, qn_plan *plan, qn_stream *in, qn_stream **out) {
    qn_expr *condition = plan->condition;
    if (condition == NULL) {
        *out = in;
        return QN_OK;
    }
    plan->condition = NULL;
    return qn_filter_open_in(out, in, condition, self->context->session);
}

static qn_status open_project(const opening *self, qn_plan *plan, qn_stream *in, qn_stream **out) {
    qn_expr **expressions = NULL;
    const char **names = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_alloc(&expressions, (size_t)plan->count, sizeof *expressions), done);
    QN_TRY_GOTO(qn_mem_alloc(&names, (size_t)plan->count, sizeof *names), done);
    for (int32_t i = 0; i < plan->count; i++) {
        names[i] = plan->outputs[i].name;
        expressions[i] = plan->outputs[i].expression;
        plan->outputs[i].expression = NULL;
    }
    status = qn_project_open_in(out, in, expressions, names, plan->count, self->context->session);
    in = NULL;
done:
    qn_stream_free(in);
    qn_mem_free(expressions);
    qn_mem_free(names);
    return status;
}

static qn_status open_one_input(const opening *self, qn_plan *plan, qn_stream **out) {
    qn_stream *in = NULL;
    QN_TRY(open_node(self, plan->in, &in));
    switch (plan->kind) {
    case PLAN_FILTER:
        return open_filter(self, plan, in, out);
    case PLAN_PROJECT:
        return open_project(self, plan, in, out);
    case PLAN_LIMIT:
        return qn_limit_open(out, in, self->execution->comm, plan->limit, plan->offset);
    case PLAN_SPLIT:
        return qn_split_open(out, in, plan->weights, plan->weight_count, plan->which, plan->seed);
    case PLAN_CACHE:
        return qn_cache_open(out, in, self->execution->memory);
    default:
        qn_stream_free(in);
        return qn_plan_locate(self->context, plan->position, -1,
                              qn_fail(QN_JOB, "%s cannot be run yet", qn_plan_kind_name(plan)));
    }
}

static qn_status open_node(const opening *self, qn_plan *plan, qn_stream **out) {
    if (plan->kind == PLAN_SCAN) {
        *out = plan->stream;
        plan->stream = NULL;
        return QN_OK;
    }
    if (plan->in != NULL)
        return open_one_input(self, plan, out);
    return qn_plan_locate(self->context, plan->position, -1,
                          qn_fail(QN_JOB, "%s cannot be run yet", qn_plan_kind_name(plan)));
}

qn_status qn_plan_open_tree(qn_stream **out, qn_plan *plan, const qn_execution *execution,
                            const plan_context *context) {
    const opening self = {execution, context};
    return open_node(&self, plan, out);
}
