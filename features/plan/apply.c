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
    if (schema->count == 0) /* rows need a column to be seen by, even SELECT 1 */
        return qn_fail(QN_JOB, "the table has no columns");
    for (; scan->kind != PLAN_SCAN; scan = scan->in)
        if (scan->kind == PLAN_LIMIT)
            return refuse_limit(scan, source);
    qn_schema_clear(&scan->schema);
    QN_TRY(qn_schema_copy(&scan->schema, schema));
    scan->column_count = schema->count;
    QN_TRY(qn_plan_bind(plan, source));
    return qn_plan_improve(plan, source);
}

static qn_status apply_scan(const qn_plan *plan, const qn_batch *in, qn_batch *out) {
    qn_batch picked = {.length = in->length, .first_row = in->first_row};
    QN_TRY(qn_batch_reserve(&picked, plan->schema.count));
    for (int32_t i = 0; i < plan->schema.count; i++)
        picked.columns[i] = qn_column_retain(in->columns[plan->columns[i]]);
    if (in->row_ids != NULL)
        picked.row_ids = qn_column_retain(in->row_ids);
    qn_batch_move(out, &picked);
    return QN_OK;
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
        return apply_scan(plan, in, out);
    qn_batch_init(&below);
    QN_TRY(qn_plan_apply(plan->in, in, &below));
    qn_status status = plan->kind == PLAN_FILTER ? qn_filter_batch(out, &below, plan->condition)
                                                 : apply_project(plan, &below, out);
    qn_batch_clear(&below);
    return status;
}
