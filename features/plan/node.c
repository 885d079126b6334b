/* What all nodes share. */
#include "features/plan/node.h"

#include "core/memory.h"
#include "features/plan/scope.h"
#include "features/plan/source.h"

static int32_t depth_of(const qn_plan *plan) {
    return plan == NULL ? 0 : plan->depth;
}

qn_status qn_plan_new(qn_plan **out, plan_kind kind, qn_plan *in, qn_plan *right,
                      int32_t position) {
    qn_plan *plan = NULL;
    int32_t a = depth_of(in), b = depth_of(right), depth = (a > b ? a : b) + 1;
    qn_status status = QN_OK;
    if (depth > PLAN_MAX_DEPTH)
        status = qn_fail(QN_JOB, "the query is nested more than %d levels deep", PLAN_MAX_DEPTH);
    if (status == QN_OK)
        status = qn_mem_calloc(&plan, 1, sizeof *plan);
    if (status != QN_OK) {
        qn_plan_free(in);
        qn_plan_free(right);
        return status;
    }
    *plan = (qn_plan){.kind = kind,
                      .in = in,
                      .right = right,
                      .depth = depth,
                      .position = position,
                      .rows = -1,
                      .limit = -1};
    qn_schema_init(&plan->schema);
    qn_text_init(&plan->source);
    *out = plan;
    return QN_OK;
}

/* ---- Freeing --------------------------------------------------------------------------------- */

void qn_plan_free_outputs(qn_plan_output *outputs, int32_t count) {
    for (int32_t i = 0; outputs != NULL && i < count; i++) {
        qn_expr_free(outputs[i].expression);
        qn_mem_free(outputs[i].name);
    }
    qn_mem_free(outputs);
}

void qn_plan_free_order(qn_plan_order *order, int32_t count) {
    for (int32_t i = 0; order != NULL && i < count; i++)
        qn_expr_free(order[i].expression);
    qn_mem_free(order);
}

static void clear_call(plan_call *call) {
    qn_mem_free(call->function);
    qn_mem_free(call->name);
    for (int32_t i = 0; i < call->argument_count; i++)
        qn_expr_free(call->arguments[i]);
    qn_expr_free(call->filter);
    qn_plan_free_order(call->order, call->order_count);
    for (int32_t i = 0; call->partition != NULL && i < call->partition_count; i++)
        qn_expr_free(call->partition[i]);
    qn_mem_free(call->partition);
}

void qn_plan_free_calls(plan_call *calls, int32_t count) {
    for (int32_t i = 0; calls != NULL && i < count; i++)
        clear_call(&calls[i]);
    qn_mem_free(calls);
}

static void free_values(qn_scalar *values, int32_t count) {
    for (int32_t i = 0; values != NULL && i < count; i++)
        if (values[i].type == QN_STRING && !values[i].null)
            qn_mem_free((void *)(uintptr_t)values[i].text.data);
    qn_mem_free(values);
}

static void free_names(char **names, int32_t count) {
    if (names != NULL)
        qn_mem_free_all(names, count);
}

static void free_node(qn_plan *plan) {
    qn_schema_clear(&plan->schema);
    qn_plan_scope_clear(&plan->scope);
    qn_text_clear(&plan->source);
    qn_mem_free(plan->name);
    qn_mem_free(plan->columns);
    qn_mem_free(plan->terms);
    qn_stream_free(plan->stream);
    qn_expr_free(plan->condition);
    qn_plan_free_outputs(plan->outputs, plan->count);
    qn_plan_free_calls(plan->calls, plan->call_count);
    qn_plan_free_order(plan->order, plan->order_count);
    free_names(plan->names, plan->name_count);
    free_values(plan->values, plan->value_count);
    qn_mem_free(plan->weights);
    qn_mem_free(plan->read);
    qn_plan_free(plan->dropped);
    qn_mem_free(plan);
}

void qn_plan_free(qn_plan *plan) {
    while (plan != NULL) {
        qn_plan *in = plan->in;
        qn_plan_free(plan->right);
        free_node(plan);
        plan = in;
    }
}

void qn_plan_keep_dropped(qn_plan *plan, qn_plan *dropped) {
    while (plan->dropped != NULL)
        plan = plan->dropped;
    plan->dropped = dropped;
}

void qn_plan_drop_node(qn_plan **slot) {
    qn_plan *node = *slot;
    *slot = node->in;
    qn_plan_keep_dropped(*slot, node->dropped);
    node->dropped = NULL;
    free_node(node);
}

/* ---- Small helpers --------------------------------------------------------------------------- */

qn_status qn_plan_copy_names(char ***out, char *const *names, int32_t count) {
    char **copies = NULL;
    QN_TRY(qn_mem_calloc(&copies, (size_t)count, sizeof *copies));
    for (int32_t i = 0; i < count; i++) {
        qn_status status = qn_mem_copy_text(&copies[i], names[i]);
        if (status != QN_OK) {
            free_names(copies, count);
            return status;
        }
    }
    *out = copies;
    return QN_OK;
}

qn_status qn_plan_locate(const plan_context *context, int32_t position, int32_t otherwise,
                         qn_status status) {
    if (status != QN_OK)
        qn_source_locate(context->source, position >= 0 ? position : otherwise);
    return status;
}

static qn_status visit_order(qn_plan_order *order, int32_t count, plan_visit visit, void *context) {
    for (int32_t i = 0; i < count; i++)
        QN_TRY(visit(context, &order[i].expression));
    return QN_OK;
}

static qn_status visit_call(plan_call *call, plan_visit visit, void *context) {
    for (int32_t i = 0; i < call->argument_count; i++)
        QN_TRY(visit(context, &call->arguments[i]));
    if (call->filter != NULL)
        QN_TRY(visit(context, &call->filter));
    for (int32_t i = 0; i < call->partition_count; i++)
        QN_TRY(visit(context, &call->partition[i]));
    return visit_order(call->order, call->order_count, visit, context);
}

qn_status qn_plan_visit(qn_plan *plan, plan_visit visit, void *context) {
    if (plan->condition != NULL)
        QN_TRY(visit(context, &plan->condition));
    for (int32_t i = 0; i < plan->count; i++)
        if (plan->outputs[i].expression != NULL)
            QN_TRY(visit(context, &plan->outputs[i].expression));
    for (int32_t i = 0; i < plan->call_count; i++)
        QN_TRY(visit_call(&plan->calls[i], visit, context));
    return visit_order(plan->order, plan->order_count, visit, context);
}

const char *qn_plan_kind_name(const qn_plan *plan) {
    static const char *const names[] = {
        [PLAN_ROOT] = "a query",
        [PLAN_SCAN] = "a table",
        [PLAN_FILTER] = "a condition",
        [PLAN_PROJECT] = "a list of outputs",
        [PLAN_LIMIT] = "LIMIT and OFFSET",
        [PLAN_ALIAS] = "a name",
        [PLAN_VALUES] = "VALUES",
        [PLAN_EMPTY] = "an empty table",
        [PLAN_AGGREGATE] = "GROUP BY and aggregate functions",
        [PLAN_JOIN] = "JOIN",
        [PLAN_SORT] = "ORDER BY",
        [PLAN_WINDOWS] = "window functions",
        [PLAN_TOP] = "window functions",
        [PLAN_DISTINCT] = "DISTINCT",
        [PLAN_SET] = "UNION, INTERSECT and EXCEPT",
        [PLAN_SINGLE] = "a subquery as a value",
        [PLAN_WITH] = "WITH",
        [PLAN_REFERENCE] = "WITH",
        [PLAN_SAMPLE] = "a sample",
        [PLAN_SPLIT] = "a random split",
        [PLAN_REPARTITION] = "repartition",
        [PLAN_CACHE] = "cache",
        [PLAN_DROP_MISSING] = "drop_missing",
        [PLAN_FILL_MISSING] = "fill_missing",
        [PLAN_REPLACE] = "replace",
    };
    return names[plan->kind];
}
