/* Names: what every column reference of a plan as written means. */
#include "features/plan/resolve.h"

#include "core/memory.h"
#include "features/plan/scope.h"

#include <string.h>

/* ---- References ------------------------------------------------------------------------------ */

static qn_status find_column(void *context, const qn_reference *reference, const char **name) {
    const qn_plan *in = context;
    int32_t index = 0;
    QN_TRY(qn_plan_scope_find(in, reference, &index));
    *name = in->schema.fields[index].name;
    return QN_OK;
}

static qn_status resolve_expr(void *context, qn_expr **expr) {
    return qn_expr_resolve(*expr, find_column, context);
}

/* All expressions of a node against one input. */
static qn_status resolve_against(qn_plan *plan, qn_plan *in, const plan_context *context) {
    qn_status status = qn_plan_visit(plan, resolve_expr, in);
    return qn_plan_locate(context, qn_expr_error_position(), plan->position, status);
}

qn_status qn_plan_resolve_names(qn_plan *plan, const plan_context *context) {
    for (int32_t i = 0; i < plan->name_count; i++) {
        qn_reference reference = {NULL, plan->names[i], plan->position};
        int32_t index = 0;
        char *name = NULL;
        QN_TRY(qn_plan_locate(context, plan->position, -1,
                              qn_plan_scope_find(plan->in, &reference, &index)));
        QN_TRY(qn_mem_copy_text(&name, plan->in->schema.fields[index].name));
        qn_mem_free(plan->names[i]);
        plan->names[i] = name;
    }
    return QN_OK;
}

static qn_status take_scope(qn_plan *plan, const qn_plan *in) {
    qn_plan_scope_clear(&plan->scope);
    return qn_plan_scope_append(&plan->scope, &in->scope);
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static qn_status scope_of_schema(qn_plan *plan, const char *table) {
    qn_plan_scope_clear(&plan->scope);
    for (int32_t i = 0; i < plan->schema.count; i++)
        QN_TRY(qn_plan_scope_add(&plan->scope, table, plan->schema.fields[i].name, false));
    return QN_OK;
}

static qn_status resolve_scan(qn_plan *plan, const plan_context *context) {
    QN_TRY(qn_plan_type_node(plan, context));
    if (plan->column_count == 0)
        plan->column_count = plan->schema.count;
    return scope_of_schema(plan, plan->name);
}

static qn_status wrong_alias(const qn_plan *plan, int32_t columns) {
    return qn_fail(QN_JOB, "'%s' has %d column%s, but %d name%s given", plan->name, columns,
                   columns == 1 ? "" : "s", plan->name_count,
                   plan->name_count == 1 ? " is" : "s are");
}

/* The columns keep their inner names; the node is taken out afterwards. */
static qn_status resolve_alias(qn_plan *plan, const plan_context *context) {
    const plan_scope *in = &plan->in->scope;
    int32_t visible = 0;
    QN_TRY(qn_plan_type_node(plan, context));
    for (int64_t i = 0; i < in->count; i++)
        visible += !qn_plan_is_hidden(&in->fields[i]);
    if (plan->name_count > visible)
        return qn_plan_locate(context, plan->position, -1, wrong_alias(plan, visible));
    qn_plan_scope_clear(&plan->scope);
    for (int64_t i = 0, k = 0; i < in->count; i++) {
        bool hidden = qn_plan_is_hidden(&in->fields[i]);
        const char *name = !hidden && k < plan->name_count ? plan->names[k++] : in->fields[i].name;
        QN_TRY(qn_plan_scope_add(&plan->scope, plan->name, name, in->fields[i].aside));
    }
    return QN_OK;
}

/* ---- WITH ------------------------------------------------------------------------------------ */

static qn_status find_shared(qn_plan *plan, const resolving *self) {
    for (const resolving *at = self; at != NULL; at = at->outer)
        if (at->with != NULL && strcasecmp(at->with->name, plan->name) == 0) {
            plan->shared = at->with;
            return QN_OK;
        }
    return qn_plan_locate(self->context, plan->position, -1,
                          qn_fail(QN_JOB, "unknown table '%s'", plan->name));
}

static qn_status resolve_reference(qn_plan *plan, const resolving *self) {
    QN_TRY(find_shared(plan, self));
    const qn_plan *shared = plan->shared->right;
    QN_TRY(qn_plan_type_node(plan, self->context));
    qn_plan_scope_clear(&plan->scope);
    for (int64_t i = 0; i < shared->scope.count; i++)
        QN_TRY(qn_plan_scope_add(&plan->scope, plan->name, shared->scope.fields[i].name,
                                 shared->scope.fields[i].aside));
    return QN_OK;
}

static qn_status resolve_with(qn_plan *plan, const resolving *self) {
    resolving inner = {self->context, plan, self};
    QN_TRY(qn_plan_resolve_tree(&plan->right, self));
    QN_TRY(qn_plan_resolve_tree(&plan->in, &inner));
    QN_TRY(qn_plan_type_node(plan, self->context));
    return take_scope(plan, plan->in);
}

/* ---- Nodes with one input -------------------------------------------------------------------- */

static qn_status resolve_plain(qn_plan *plan, const plan_context *context) {
    QN_TRY(resolve_against(plan, plan->in, context));
    QN_TRY(qn_plan_type_node(plan, context));
    return take_scope(plan, plan->in);
}

static qn_status resolve_named(qn_plan *plan, const plan_context *context) {
    QN_TRY(qn_plan_resolve_names(plan, context));
    QN_TRY(qn_plan_type_node(plan, context));
    return take_scope(plan, plan->in);
}

/* A scalar subquery may carry hidden columns (what it is ordered by); one other is its value. */
static qn_status check_single(const qn_plan *plan) {
    int32_t visible = 0;
    for (int64_t i = 0; i < plan->in->scope.count; i++)
        visible += !qn_plan_is_hidden(&plan->in->scope.fields[i]);
    if (plan->in->schema.count == 1 || visible == 1)
        return QN_OK;
    return qn_fail(QN_JOB, "a subquery that stands for a value must have one column, not %d",
                   visible);
}

static qn_status resolve_single(qn_plan *plan, const plan_context *context) {
    QN_TRY(qn_plan_locate(context, plan->position, -1, check_single(plan)));
    if (plan->in->schema.count > 1)
        QN_TRY(qn_plan_show_only_visible(&plan->in, context));
    QN_TRY(qn_plan_type_node(plan, context));
    return scope_of_schema(plan, NULL);
}

static qn_status resolve_aggregate(qn_plan *plan, const plan_context *context) {
    QN_TRY(resolve_against(plan, plan->in, context));
    QN_TRY(qn_plan_name_keys(plan));
    return qn_plan_type_node(plan, context);
}

/* New columns behind the input's, under names that are free there. */
static qn_status resolve_windows(qn_plan *plan, const plan_context *context) {
    qn_schema names;
    qn_status status = QN_OK;
    QN_TRY(resolve_against(plan, plan->in, context));
    QN_TRY(take_scope(plan, plan->in));
    qn_schema_init(&names);
    QN_TRY_GOTO(qn_schema_copy(&names, &plan->in->schema), done);
    for (int32_t i = 0; i < plan->call_count; i++) {
        plan_call *call = &plan->calls[i];
        char *name = NULL;
        QN_TRY_GOTO(qn_plan_scope_add(&plan->scope, NULL, call->name, false), done);
        QN_TRY_GOTO(qn_plan_free_name(&name, call->name, &names, NULL), done);
        qn_mem_free(call->name);
        call->name = name;
        QN_TRY_GOTO(qn_schema_add(&names, name, QN_BOOL), done);
    }
    status = qn_plan_type_node(plan, context);
done:
    qn_schema_clear(&names);
    return status;
}

/* ---- All nodes ------------------------------------------------------------------------------- */

static qn_status resolve_node(qn_plan **slot, const resolving *self) {
    qn_plan *plan = *slot;
    const plan_context *context = self->context;
    switch (plan->kind) {
    case PLAN_SCAN:
        return resolve_scan(plan, context);
    case PLAN_VALUES:
        return qn_plan_resolve_values(plan, context);
    case PLAN_ALIAS:
        QN_TRY(resolve_alias(plan, context));
        return qn_plan_take_alias(slot);
    case PLAN_REFERENCE:
        return resolve_reference(plan, self);
    case PLAN_PROJECT:
        return qn_plan_resolve_project(plan, context);
    case PLAN_AGGREGATE:
        return resolve_aggregate(plan, context);
    case PLAN_WINDOWS:
        return resolve_windows(plan, context);
    case PLAN_JOIN:
        return qn_plan_resolve_join(slot, context);
    case PLAN_SET:
        return qn_plan_resolve_set(plan, context);
    case PLAN_SINGLE:
        return resolve_single(plan, context);
    case PLAN_DISTINCT:
    case PLAN_REPARTITION:
        return resolve_named(plan, context);
    case PLAN_DROP_MISSING:
    case PLAN_FILL_MISSING:
    case PLAN_REPLACE:
        return qn_plan_resolve_missing(plan, context);
    default:
        return resolve_plain(plan, context);
    }
}

qn_status qn_plan_resolve_tree(qn_plan **slot, const resolving *self) {
    qn_plan *plan = *slot;
    if (plan->kind == PLAN_WITH)
        return resolve_with(plan, self);
    if (plan->in != NULL)
        QN_TRY(qn_plan_resolve_tree(&plan->in, self));
    if (plan->right != NULL)
        QN_TRY(qn_plan_resolve_tree(&plan->right, self));
    return resolve_node(slot, self);
}

qn_status qn_plan_resolve(qn_plan **plan, const plan_context *context) {
    resolving self = {context, NULL, NULL};
    QN_TRY(qn_plan_resolve_tree(plan, &self));
    return qn_plan_show_only_visible(plan, context);
}
