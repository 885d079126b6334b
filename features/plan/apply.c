/* Narrow plans, a batch at a time, without streams. */
#include "core/memory.h"
#include "features/operator/operator.h"
#include "features/plan/node.h"
#include "features/plan/source.h"

static qn_status refuse_limit(const qn_plan *limit, qn_view source) {
    qn_status status =
        qn_fail(QN_JOB, "LIMIT and OFFSET need all rows; here each row stands by itself");
    qn_source_locate(source, limit->position);
    return status;
}

qn_status qn_plan_bind_schema(qn_plan *plan, const qn_schema *schema) {
    qn_view source = {plan->source.data, plan->source.length};
    qn_plan *scan = plan;
    qn_source_start();
    for (; scan->kind != PLAN_SCAN; scan = scan->in)
        if (scan->kind == PLAN_LIMIT)
            return refuse_limit(scan, source);
    qn_schema_clear(&scan->schema);
    QN_TRY(qn_schema_copy(&scan->schema, schema));
    return qn_plan_bind(plan, source);
}

static qn_status apply_project(const qn_plan *plan, const qn_batch *in, qn_batch *out) {
    qn_expr **expressions = NULL;
    QN_TRY(qn_mem_alloc(&expressions, (size_t)plan->count, sizeof *expressions));
    for (int32_t i = 0; i < plan->count; i++)
        expressions[i] = plan->outputs[i].expression;
    qn_status status = qn_project_batch(out, in, expressions, plan->count);
    qn_mem_free(expressions);
    return status;
}

qn_status qn_plan_apply(const qn_plan *plan, const qn_batch *in, qn_batch *out) {
    qn_batch below;
    if (plan->kind == PLAN_SCAN)
        return qn_batch_share(out, in);
    qn_batch_init(&below);
    QN_TRY(qn_plan_apply(plan->in, in, &below));
    qn_status status = plan->kind == PLAN_FILTER ? qn_filter_batch(out, &below, plan->condition)
                                                 : apply_project(plan, &below, out);
    qn_batch_clear(&below);
    return status;
}
