/* The order of inner joins: FROM a, b, c WHERE a.x = c.x AND b.y = c.y must not make all pairs of a
 * and b. Joins stay in their order as long as each is bound to what stands before it. */
#include "features/plan/rules.h"

#include "core/memory.h"
#include "features/plan/push.h"
#include "features/plan/resolve.h"

#include <string.h>

/* A group of inner joins taken apart. */
typedef struct join_group {
    int64_t count, capacity;
    qn_plan **inputs; /* NULL: taken */
    qn_expr_list terms;
} join_group;

static bool is_inner(const qn_plan *plan) {
    return plan->kind == PLAN_JOIN && (plan->join == QN_PLAN_INNER || plan->join == QN_PLAN_CROSS);
}

static int32_t count_inputs(const qn_plan *plan) {
    return is_inner(plan) ? count_inputs(plan->in) + count_inputs(plan->right) : 1;
}

static bool binds(const qn_expr *term, const qn_schema *a, const qn_schema *b) {
    const char *function = qn_expr_function(term);
    if (function == NULL || strcmp(function, "=") != 0)
        return false;
    const qn_expr *left = qn_expr_argument(term, 0), *right = qn_expr_argument(term, 1);
    return (qn_plan_reads_only(left, a) && qn_plan_reads_only(right, b)) ||
           (qn_plan_reads_only(left, b) && qn_plan_reads_only(right, a));
}

/* Some term of the condition is an equality between the sides. */
static bool is_bound(const qn_plan *join, const qn_expr *condition) {
    const char *function = condition != NULL ? qn_expr_function(condition) : NULL;
    if (function == NULL || strcmp(function, "and") != 0)
        return condition != NULL && binds(condition, &join->in->schema, &join->right->schema);
    for (int32_t i = 0; i < qn_expr_count(condition); i++)
        if (is_bound(join, qn_expr_argument(condition, i)))
            return true;
    return false;
}

static bool has_cross(const qn_plan *plan) {
    return is_inner(plan) &&
           (!is_bound(plan, plan->condition) || has_cross(plan->in) || has_cross(plan->right));
}

static bool has_condition(const qn_plan *plan) {
    return is_inner(plan) &&
           (plan->condition != NULL || has_condition(plan->in) || has_condition(plan->right));
}

/* ---- Taking apart ---------------------------------------------------------------------------- */

/* Takes over the tree, also on failure. */
static qn_status take_apart(join_group *group, qn_plan *plan) {
    if (!is_inner(plan)) {
        qn_status status = qn_mem_reserve(&group->inputs, &group->capacity, group->count + 1,
                                          sizeof *group->inputs);
        if (status != QN_OK) {
            qn_plan_free(plan);
            return status;
        }
        group->inputs[group->count++] = plan;
        return QN_OK;
    }
    qn_plan *left = plan->in, *right = plan->right;
    qn_expr *condition = plan->condition;
    plan->in = plan->right = NULL;
    plan->condition = NULL;
    qn_plan_keep_dropped(left, plan->dropped);
    plan->dropped = NULL;
    qn_plan_free(plan);
    qn_status status = take_apart(group, left);
    if (status != QN_OK) {
        qn_plan_free(right);
        qn_expr_free(condition);
        return status;
    }
    status = take_apart(group, right);
    if (status != QN_OK) {
        qn_expr_free(condition);
        return status;
    }
    return qn_expr_split_and(&group->terms, condition);
}

static void clear_group(join_group *group) {
    for (int64_t i = 0; i < group->count; i++)
        qn_plan_free(group->inputs[i]);
    qn_mem_free(group->inputs);
    qn_expr_list_clear(&group->terms);
}

/* ---- Putting together ------------------------------------------------------------------------ */

/* The next input that an equality binds to what is joined; else the first one left. */
static int64_t next_input(const join_group *group, const qn_schema *joined) {
    int64_t first = -1;
    for (int64_t i = 0; i < group->count; i++) {
        if (group->inputs[i] == NULL)
            continue;
        if (first < 0)
            first = i;
        for (int64_t t = 0; t < group->terms.count; t++)
            if (binds(group->terms.items[t], joined, &group->inputs[i]->schema))
                return i;
    }
    return first;
}

static bool reads_join(const void *join, const qn_expr *term) {
    return qn_plan_reads_only(term, &((const qn_plan *)join)->schema);
}

/* Takes over both inputs, also on failure. */
static qn_status join_next(join_group *group, qn_plan *left, qn_plan *right,
                           const plan_context *context, qn_plan **out) {
    const qn_plan_join_spec spec = {.kind = QN_PLAN_CROSS, .position = -1};
    qn_expr_list own = {0};
    qn_plan *join = NULL;
    left->depth = right->depth = 1; /* no deeper than it was */
    QN_TRY(qn_plan_join(&join, left, right, &spec));
    qn_status status = qn_plan_type_node(join, context);
    if (status == QN_OK)
        status = qn_plan_take_terms(&group->terms, &own, reads_join, join);
    if (status == QN_OK)
        status = qn_expr_join_and(&join->condition, &own);
    if (join->condition != NULL)
        join->join = QN_PLAN_INNER;
    if (status == QN_OK)
        status = qn_plan_type_node(join, context);
    qn_expr_list_clear(&own);
    if (status != QN_OK) {
        qn_plan_free(join);
        return status;
    }
    *out = join;
    return QN_OK;
}

static qn_status put_together(join_group *group, const plan_context *context, qn_plan **out) {
    qn_plan *joined = group->inputs[0];
    group->inputs[0] = NULL;
    for (int64_t i = 1; i < group->count; i++) {
        int64_t next = next_input(group, &joined->schema);
        qn_plan *right = group->inputs[next];
        group->inputs[next] = NULL;
        QN_TRY(join_next(group, joined, right, context, &joined));
    }
    *out = joined;
    return QN_OK;
}

/* What reads no columns, or draws at random, stays with the last join. */
static qn_status add_rest(join_group *group, qn_plan *join) {
    qn_expr_list terms = {0};
    qn_expr *condition = join->condition;
    if (group->terms.count == 0)
        return QN_OK;
    join->condition = NULL;
    qn_status status = qn_expr_split_and(&terms, condition);
    for (int64_t i = 0; i < group->terms.count && status == QN_OK; i++) {
        qn_expr *term = group->terms.items[i];
        group->terms.items[i] = NULL;
        status = qn_expr_list_add(&terms, term);
    }
    if (status == QN_OK)
        status = qn_expr_join_and(&join->condition, &terms);
    join->join = QN_PLAN_INNER;
    qn_expr_list_clear(&terms);
    return status;
}

/* ---- The rule -------------------------------------------------------------------------------- */

static qn_status restore_columns(qn_plan **slot, const qn_schema *schema,
                                 const plan_context *context) {
    QN_TRY(qn_plan_project_above(slot, schema->count));
    for (int32_t i = 0; i < schema->count; i++)
        QN_TRY(qn_plan_column_output(&(*slot)->outputs[i], schema->fields[i].name,
                                     schema->fields[i].name));
    return qn_plan_type_node(*slot, context);
}

static qn_status reorder(qn_plan **slot, const plan_context *context) {
    join_group group = {0};
    qn_plan *plan = *slot;
    qn_schema schema;
    qn_status status = QN_OK;
    qn_schema_init(&schema);
    QN_TRY_GOTO(qn_schema_copy(&schema, &plan->schema), done);
    *slot = NULL;
    QN_TRY_GOTO(take_apart(&group, plan), done);
    QN_TRY_GOTO(put_together(&group, context, slot), done);
    QN_TRY_GOTO(add_rest(&group, *slot), done);
    QN_TRY_GOTO(qn_plan_type_node(*slot, context), done);
    status = restore_columns(slot, &schema, context);
done:
    qn_schema_clear(&schema);
    clear_group(&group);
    return status;
}

/* Offered from the tables up; only the top of a group is looked at. */
static qn_status reorder_tree(qn_plan **slot, const plan_context *context, bool *changed) {
    qn_plan *plan = *slot;
    if (is_inner(plan) && count_inputs(plan) > 2 && has_cross(plan) && has_condition(plan)) {
        *changed = true;
        QN_TRY(reorder(slot, context));
        plan = (*slot)->in;
    }
    bool inner = is_inner(plan);
    if (plan->in != NULL && !(inner && is_inner(plan->in)))
        QN_TRY(reorder_tree(&plan->in, context, changed));
    else if (plan->in != NULL) {
        for (qn_plan *join = plan; is_inner(join); join = join->in) {
            QN_TRY(reorder_tree(&join->right, context, changed));
            if (!is_inner(join->in))
                QN_TRY(reorder_tree(&join->in, context, changed));
        }
        return QN_OK;
    }
    return plan->right != NULL ? reorder_tree(&plan->right, context, changed) : QN_OK;
}

qn_status qn_plan_order_joins(qn_plan **plan, const plan_context *context) {
    bool changed = false;
    QN_TRY(reorder_tree(plan, context, &changed));
    return changed ? qn_plan_type(*plan, context) : QN_OK;
}
