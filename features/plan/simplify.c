/* What constants decide, and nodes that do nothing. */
#include "features/plan/rules.h"

#include "core/memory.h"
#include "features/plan/push.h"
#include "features/plan/resolve.h"

#include <string.h>

/* ---- Nothing --------------------------------------------------------------------------------- */

/* The tables stay open until the plan is freed: who opened them may want to look at them. */
static qn_status become_empty(qn_plan **slot, bool *changed) {
    qn_plan *empty = NULL;
    QN_TRY(qn_plan_new(&empty, PLAN_EMPTY, NULL, NULL, (*slot)->position));
    qn_status status = qn_schema_copy(&empty->schema, &(*slot)->schema);
    if (status != QN_OK) {
        qn_plan_free(empty);
        return status;
    }
    empty->rows = 0;
    empty->dropped = *slot;
    *slot = empty;
    *changed = true;
    return QN_OK;
}

static bool is_empty(const qn_plan *plan) {
    return plan->kind == PLAN_EMPTY;
}

static bool passes_emptiness(const qn_plan *plan) {
    switch (plan->kind) {
    case PLAN_FILTER:
    case PLAN_PROJECT:
    case PLAN_LIMIT:
    case PLAN_SORT:
    case PLAN_WINDOWS:
    case PLAN_TOP:
    case PLAN_DISTINCT:
    case PLAN_SAMPLE:
    case PLAN_SPLIT:
    case PLAN_REPARTITION:
    case PLAN_CACHE:
        return true;
    default:
        return plan->kind == PLAN_AGGREGATE && plan->count > 0;
    }
}

static bool join_is_empty(const qn_plan *plan) {
    bool left = is_empty(plan->in), right = is_empty(plan->right);
    switch (plan->join) {
    case QN_PLAN_INNER:
    case QN_PLAN_CROSS:
    case QN_PLAN_SEMI:
    case QN_PLAN_ASOF:
        return left || right;
    case QN_PLAN_RIGHT:
        return right;
    case QN_PLAN_FULL:
        return left && right;
    default:
        return left;
    }
}

/* The left side goes on alone. */
static void keep_left(qn_plan **slot, bool *changed) {
    qn_plan *plan = *slot, *right = plan->right;
    plan->right = NULL;
    qn_plan_drop_node(slot);
    qn_plan_keep_dropped(*slot, right);
    *changed = true;
}

/* The right side of a UNION ALL goes on alone, under the left one's names. */
static qn_status keep_right(qn_plan **slot, const plan_context *context, bool *changed) {
    qn_plan *plan = *slot, *left = plan->in;
    char **names = NULL;
    int32_t count = plan->schema.count;
    QN_TRY(qn_mem_alloc(&names, (size_t)count, sizeof *names));
    for (int32_t i = 0; i < count; i++)
        names[i] = left->schema.fields[i].name;
    qn_status status = qn_plan_rename(&plan->right, names, context);
    qn_mem_free(names);
    QN_TRY(status);
    plan->in = plan->right;
    plan->right = NULL;
    qn_plan_drop_node(slot);
    qn_plan_keep_dropped(*slot, left);
    *changed = true;
    return QN_OK;
}

static qn_status simplify_set(qn_plan **slot, const plan_context *context, bool *changed) {
    qn_plan *plan = *slot;
    bool left = is_empty(plan->in), right = is_empty(plan->right);
    if ((left && right) || (left && plan->set != QN_PLAN_UNION) ||
        (right && plan->set == QN_PLAN_INTERSECT))
        return become_empty(slot, changed);
    if (right && plan->all)
        keep_left(slot, changed);
    else if (left && plan->all)
        return keep_right(slot, context, changed);
    return QN_OK;
}

/* ---- Conditions ------------------------------------------------------------------------------ */

static bool is_true(const void *unused, const qn_expr *term) {
    qn_scalar value;
    (void)unused;
    return qn_expr_constant(term, &value) && !value.null && value.boolean;
}

/* A constant that keeps no row. */
static bool is_never(const qn_expr *term) {
    qn_scalar value;
    return qn_expr_constant(term, &value) && (value.null || !value.boolean);
}

/* Takes TRUE out of a condition; *never: some term keeps no row. */
static qn_status simplify_condition(qn_plan *plan, const qn_schema *schema,
                                    const plan_context *context, bool *never, bool *changed) {
    qn_expr_list terms = {0}, dropped = {0};
    qn_expr *condition = plan->condition;
    plan->condition = NULL;
    qn_status status = qn_expr_split_and(&terms, condition);
    for (int64_t i = 0; i < terms.count && status == QN_OK; i++) {
        status = qn_expr_bind_in(terms.items[i], schema, context->session);
        *never = *never || (status == QN_OK && is_never(terms.items[i]));
    }
    if (status == QN_OK)
        status = qn_plan_take_terms(&terms, &dropped, is_true, NULL);
    *changed = *changed || dropped.count > 0;
    if (status == QN_OK)
        status = qn_expr_join_and(&plan->condition, &terms);
    if (status == QN_OK && plan->condition != NULL)
        status = qn_expr_bind_in(plan->condition, schema, context->session);
    qn_expr_list_clear(&terms);
    qn_expr_list_clear(&dropped);
    return status;
}

static qn_status simplify_filter(qn_plan **slot, const plan_context *context, bool *changed) {
    bool never = false;
    if ((*slot)->condition != NULL)
        QN_TRY(simplify_condition(*slot, &(*slot)->in->schema, context, &never, changed));
    if (never)
        return become_empty(slot, changed);
    if ((*slot)->condition == NULL) {
        qn_plan_drop_node(slot);
        *changed = true;
    }
    return QN_OK;
}

static qn_status simplify_join(qn_plan **slot, const plan_context *context, bool *changed) {
    qn_plan *plan = *slot;
    bool never = false;
    if (join_is_empty(plan))
        return become_empty(slot, changed);
    if (plan->join == QN_PLAN_INNER && plan->condition != NULL)
        QN_TRY(simplify_condition(plan, &plan->schema, context, &never, changed));
    if (plan->join == QN_PLAN_INNER && plan->condition == NULL)
        plan->join = QN_PLAN_CROSS;
    if (never)
        return become_empty(slot, changed);
    if (plan->condition != NULL && is_never(plan->condition) && plan->join == QN_PLAN_SEMI)
        return become_empty(slot, changed);
    if ((plan->join == QN_PLAN_ANTI || plan->join == QN_PLAN_ANTI_IN) && is_empty(plan->right))
        keep_left(slot, changed);
    return QN_OK;
}

/* ---- Projections ----------------------------------------------------------------------------- */

static bool changes_nothing(const qn_plan *plan) {
    const qn_schema *in = &plan->in->schema;
    if (plan->count != in->count)
        return false;
    for (int32_t i = 0; i < plan->count; i++) {
        const char *column = qn_expr_column_name(plan->outputs[i].expression);
        if (column == NULL || strcmp(column, in->fields[i].name) != 0 ||
            strcmp(column, plan->outputs[i].name) != 0)
            return false;
    }
    return true;
}

static int32_t count_uses(const qn_plan *plan, const char *name) {
    int32_t uses = 0;
    qn_reference reference;
    for (int32_t i = 0; i < plan->count; i++)
        for (int32_t n = 0; qn_expr_reference(plan->outputs[i].expression, n, &reference); n++)
            uses += strcmp(reference.name, name) == 0;
    return uses;
}

/* Nothing is computed twice by it, and nothing random is moved. */
static bool can_merge(const qn_plan *plan) {
    const qn_plan *in = plan->in;
    for (int32_t i = 0; i < in->count; i++) {
        const qn_expr *expr = in->outputs[i].expression;
        qn_scalar value;
        if (qn_expr_column_name(expr) != NULL || qn_expr_constant(expr, &value))
            continue;
        if (!qn_expr_is_stable(expr) || count_uses(plan, in->outputs[i].name) > 1)
            return false;
    }
    return true;
}

static qn_status put_output(void *context, const char *column, qn_expr **out) {
    const qn_plan *in = context;
    for (int32_t i = 0; i < in->count; i++)
        if (strcmp(in->outputs[i].name, column) == 0)
            return qn_expr_copy(out, in->outputs[i].expression);
    return QN_OK;
}

static qn_status simplify_project(qn_plan **slot, const plan_context *context, bool *changed) {
    qn_plan *plan = *slot;
    if (changes_nothing(plan)) {
        qn_plan_drop_node(slot);
        *changed = true;
        return QN_OK;
    }
    if (plan->in->kind != PLAN_PROJECT || !can_merge(plan))
        return QN_OK;
    for (int32_t i = 0; i < plan->count; i++)
        QN_TRY(qn_expr_replace(&plan->outputs[i].expression, put_output, plan->in));
    qn_plan_drop_node(&plan->in);
    *changed = true;
    return qn_plan_type_node(plan, context);
}

/* ---- All nodes ------------------------------------------------------------------------------- */

static qn_status simplify(qn_plan **slot, const plan_context *context, bool *changed) {
    qn_plan *plan = *slot;
    if (plan->kind == PLAN_LIMIT && plan->limit == 0)
        return become_empty(slot, changed);
    if (passes_emptiness(plan) && is_empty(plan->in))
        return become_empty(slot, changed);
    switch (plan->kind) {
    case PLAN_FILTER:
        return simplify_filter(slot, context, changed);
    case PLAN_PROJECT:
        return simplify_project(slot, context, changed);
    case PLAN_JOIN:
        return simplify_join(slot, context, changed);
    case PLAN_SET:
        return simplify_set(slot, context, changed);
    default:
        return QN_OK;
    }
}

qn_status qn_plan_simplify(qn_plan **plan, const plan_context *context, bool *changed) {
    return qn_plan_rewrite(plan, simplify, context, changed);
}
