/* Conditions and joins: which side a term goes to, when an outer join is an inner one. */
#include "features/plan/push.h"

#include "core/memory.h"

/* ---- Outer joins whose missing rows a condition rejects ----------------------------------------
 */

typedef struct nulling {
    const qn_schema *schema; /* columns that are null */
} nulling;

static qn_status put_null(void *context, const char *column, qn_expr **out) {
    const nulling *self = context;
    int32_t index = qn_schema_find(self->schema, column);
    if (index < 0)
        return QN_OK;
    const qn_scalar null = {.type = self->schema->fields[index].type, .null = true};
    return qn_expr_literal(out, null, -1);
}

static bool has_lists(const qn_schema *schema) {
    for (int32_t i = 0; i < schema->count; i++)
        if (schema->fields[i].type >= QN_STRING_LIST)
            return true;
    return false;
}

/* Whether the term is false or null wherever all columns of a side are null: found out by folding
 * constants. */
static qn_status rejects_nulls(const qn_plan *join, const qn_expr *term, const qn_schema *side,
                               const plan_context *context, bool *out) {
    nulling self = {side};
    qn_expr *copy = NULL;
    qn_scalar value;
    qn_reference reference;
    if (has_lists(side) || !qn_expr_is_stable(term) || !qn_expr_reference(term, 0, &reference))
        return QN_OK;
    QN_TRY(qn_expr_copy(&copy, term));
    qn_status status = qn_expr_replace(&copy, put_null, &self);
    if (status == QN_OK)
        status = qn_expr_bind_in(copy, &join->schema, context->session);
    if (status == QN_OK && qn_expr_constant(copy, &value) && (value.null || !value.boolean))
        *out = true;
    qn_expr_free(copy);
    if (status == QN_JOB || status == QN_DATA) /* no constant, then */
        return QN_OK;
    return status;
}

static qn_status any_rejects(const qn_plan *join, const qn_expr_list *terms, const qn_schema *side,
                             const plan_context *context, bool *out) {
    *out = false;
    for (int64_t i = 0; i < terms->count && !*out; i++)
        QN_TRY(rejects_nulls(join, terms->items[i], side, context, out));
    return QN_OK;
}

static qn_status narrow_kind(qn_plan *plan, const qn_expr_list *terms,
                             const plan_context *context) {
    bool left = false, right = false; /* rows without a match lack this side: are they rejected? */
    bool outer = plan->join == QN_PLAN_LEFT || plan->join == QN_PLAN_RIGHT ||
                 plan->join == QN_PLAN_FULL || plan->join == QN_PLAN_ASOF_LEFT;
    if (!outer || terms->count == 0)
        return QN_OK;
    QN_TRY(any_rejects(plan, terms, &plan->in->schema, context, &left));
    QN_TRY(any_rejects(plan, terms, &plan->right->schema, context, &right));
    if (plan->join == QN_PLAN_ASOF_LEFT)
        plan->join = right ? QN_PLAN_ASOF : QN_PLAN_ASOF_LEFT;
    else if (plan->join == QN_PLAN_LEFT)
        plan->join = right ? QN_PLAN_INNER : QN_PLAN_LEFT;
    else if (plan->join == QN_PLAN_RIGHT)
        plan->join = left ? QN_PLAN_INNER : QN_PLAN_RIGHT;
    else if (left || right)
        plan->join = left && right ? QN_PLAN_INNER : left ? QN_PLAN_LEFT : QN_PLAN_RIGHT;
    return QN_OK;
}

/* ---- Where terms may go ---------------------------------------------------------------------- */

typedef struct rights {
    bool above_left, above_right; /* conditions above the join, on one side */
    bool own_left, own_right;     /* terms of its own condition, on one side */
    bool merges;                  /* conditions above become its own */
} rights;

static rights rights_of(const qn_plan *plan) {
    switch (plan->join) {
    case QN_PLAN_INNER:
    case QN_PLAN_CROSS:
        return (rights){true, true, true, true, true};
    case QN_PLAN_LEFT:
        return (rights){.above_left = true, .own_right = true};
    case QN_PLAN_RIGHT:
        return (rights){.above_right = true, .own_left = true};
    case QN_PLAN_SEMI:
        return (rights){.above_left = true, .own_left = true, .own_right = true};
    case QN_PLAN_ANTI:
    case QN_PLAN_MARK:
        return (rights){.above_left = true, .own_right = true};
    case QN_PLAN_ANTI_IN: /* the first term, IN's own, stays: see push_own */
    case QN_PLAN_MARK_IN:
        return (rights){.above_left = true, .own_right = true};
    case QN_PLAN_ASOF:
    case QN_PLAN_ASOF_LEFT:
        return (rights){.above_left = true};
    default:
        return (rights){0};
    }
}

static bool is_in(const qn_plan *plan) {
    return plan->join == QN_PLAN_ANTI_IN || plan->join == QN_PLAN_MARK_IN;
}

typedef struct sides {
    qn_expr_list left, right, own;
} sides;

static qn_status push_above(qn_plan *plan, qn_expr_list *terms, const rights *may, sides *to) {
    if (may->above_left)
        QN_TRY(qn_plan_take_terms(terms, &to->left, qn_plan_reads_schema, &plan->in->schema));
    if (may->above_right)
        QN_TRY(qn_plan_take_terms(terms, &to->right, qn_plan_reads_schema, &plan->right->schema));
    return QN_OK;
}

static qn_status push_own(qn_plan *plan, const rights *may, sides *to) {
    qn_expr *first = NULL, *condition = plan->condition;
    qn_status status = QN_OK;
    plan->condition = NULL;
    QN_TRY(qn_expr_split_and(&to->own, condition));
    if (is_in(plan) && to->own.count > 0) {
        first = to->own.items[0];
        for (int64_t i = 1; i < to->own.count; i++)
            to->own.items[i - 1] = to->own.items[i];
        to->own.count--;
    }
    if (may->own_left)
        status = qn_plan_take_terms(&to->own, &to->left, qn_plan_reads_schema, &plan->in->schema);
    if (status == QN_OK && may->own_right)
        status =
            qn_plan_take_terms(&to->own, &to->right, qn_plan_reads_schema, &plan->right->schema);
    if (first != NULL) { /* there is room where it was */
        for (int64_t i = to->own.count; i > 0; i--)
            to->own.items[i] = to->own.items[i - 1];
        to->own.items[0] = first;
        to->own.count++;
    }
    return status;
}

static bool is_stable(const void *context, const qn_expr *term) {
    (void)context;
    return qn_expr_is_stable(term);
}

/* Rows of one side that cannot match need not be there, unless they come out all the same. */
static qn_status infer(const qn_plan *plan, sides *to) {
    bool inner = plan->join == QN_PLAN_INNER || plan->join == QN_PLAN_CROSS;
    bool to_right = inner || plan->join == QN_PLAN_LEFT || plan->join == QN_PLAN_SEMI;
    bool to_left = inner || plan->join == QN_PLAN_RIGHT || plan->join == QN_PLAN_SEMI;
    int64_t left = to->left.count, right = to->right.count;
    const qn_schema *a = &plan->in->schema, *b = &plan->right->schema;
    if (to_right)
        QN_TRY(qn_plan_infer_terms(&to->own, &to->left, left, a, b, &to->right));
    return to_left ? qn_plan_infer_terms(&to->own, &to->right, right, b, a, &to->left) : QN_OK;
}

static qn_status push(qn_plan *plan, qn_expr_list *terms, sides *to, const plan_context *context) {
    QN_TRY(narrow_kind(plan, terms, context));
    rights may = rights_of(plan);
    QN_TRY(push_own(plan, &may, to));
    QN_TRY(push_above(plan, terms, &may, to));
    if (may.merges)
        QN_TRY(qn_plan_take_terms(terms, &to->own, is_stable, NULL));
    QN_TRY(infer(plan, to));
    QN_TRY(qn_expr_join_and(&plan->condition, &to->own));
    if (plan->join == QN_PLAN_CROSS && plan->condition != NULL)
        plan->join = QN_PLAN_INNER;
    if (plan->join == QN_PLAN_INNER && plan->condition == NULL)
        plan->join = QN_PLAN_CROSS;
    QN_TRY(qn_plan_push_terms(&plan->in, &to->left, context));
    return qn_plan_push_terms(&plan->right, &to->right, context);
}

qn_status qn_plan_push_join(qn_plan *plan, qn_expr_list *terms, const plan_context *context) {
    sides to = {0};
    qn_status status = push(plan, terms, &to, context);
    qn_expr_list_clear(&to.left);
    qn_expr_list_clear(&to.right);
    qn_expr_list_clear(&to.own);
    return status;
}
