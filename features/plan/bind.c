/* Binding a plan's nodes to their inputs, from the tables up. */
#include "core/memory.h"
#include "features/plan/node.h"
#include "features/plan/source.h"

static qn_status bind_condition(qn_plan *plan, qn_view source) {
    qn_status status = qn_expr_bind(plan->condition, &plan->in->schema);
    int32_t position = qn_expr_error_position();
    if (status == QN_OK && qn_expr_type(plan->condition) != QN_BOOL) {
        status = qn_fail(QN_JOB, "a condition must be boolean; this one is of type %s",
                         qn_type_name(qn_expr_type(plan->condition)));
        position = plan->position;
    }
    if (status != QN_OK)
        qn_source_locate(source, position >= 0 ? position : plan->position);
    return status;
}

qn_status qn_plan_bind(qn_plan *plan, qn_view source) {
    if (plan->in != NULL)
        QN_TRY(qn_plan_bind(plan->in, source));
    if (plan->kind == PLAN_SCAN && plan->stream == NULL)
        return QN_OK; /* the schema was given */
    qn_schema_clear(&plan->schema);
    switch (plan->kind) {
    case PLAN_SCAN:
        if (plan->column_count == 0)
            plan->column_count = plan->stream->schema.count;
        return qn_schema_copy(&plan->schema, &plan->stream->schema);
    case PLAN_FILTER:
        QN_TRY(bind_condition(plan, source));
        return qn_schema_copy(&plan->schema, &plan->in->schema);
    case PLAN_PROJECT:
        return qn_plan_bind_project(plan, source);
    default:
        return qn_schema_copy(&plan->schema, &plan->in->schema);
    }
}
