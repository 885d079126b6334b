/* Limits: as few rows as are wanted, as early as possible. */
#include "features/plan/rules.h"

#include "core/memory.h"

static int64_t least(int64_t a, int64_t b) {
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/* A limit of a limit is one limit. */
static void merge_limits(qn_plan *plan) {
    qn_plan *in = plan->in;
    int64_t left = in->limit < 0 ? -1 : in->limit > plan->offset ? in->limit - plan->offset : 0;
    plan->limit = least(left, plan->limit);
    plan->offset += in->offset;
    qn_plan_drop_node(&plan->in);
}

/* The two nodes change places. */
static qn_status exchange(qn_plan **slot, const plan_context *context) {
    qn_plan *above = *slot, *below = above->in;
    above->in = below->in;
    below->in = above;
    *slot = below;
    QN_TRY(qn_plan_type_node(above, context));
    return qn_plan_type_node(below, context);
}

/* So many rows of each side are enough. */
static qn_status limit_side(qn_plan **slot, int64_t rows, const plan_context *context) {
    qn_plan *limit = NULL;
    QN_TRY(qn_plan_new(&limit, PLAN_LIMIT, NULL, NULL, (*slot)->position));
    limit->limit = rows;
    limit->depth = (*slot)->depth;
    qn_plan_put_above(slot, limit);
    return qn_plan_type_node(limit, context);
}

static bool is_limited(const qn_plan *plan) {
    while (plan->kind == PLAN_PROJECT)
        plan = plan->in;
    return plan->limit >= 0; /* limits, sorts with one, rows of VALUES */
}

static qn_status limit_union(qn_plan *plan, const plan_context *context, bool *changed) {
    qn_plan *sets = plan->in;
    if (plan->limit < 0 || !sets->all || sets->set != QN_PLAN_UNION)
        return QN_OK;
    qn_plan **sides[] = {&sets->in, &sets->right};
    for (int i = 0; i < 2; i++) {
        if (is_limited(*sides[i]))
            continue;
        QN_TRY(limit_side(sides[i], plan->limit + plan->offset, context));
        *changed = true;
    }
    return QN_OK;
}

static qn_status push_limit(qn_plan **slot, const plan_context *context, bool *changed) {
    qn_plan *plan = *slot;
    if (plan->kind != PLAN_LIMIT)
        return QN_OK;
    qn_plan *in = plan->in;
    switch (in->kind) {
    case PLAN_LIMIT:
        merge_limits(plan);
        *changed = true;
        return QN_OK;
    case PLAN_PROJECT:
        *changed = true;
        QN_TRY(exchange(slot, context));
        return push_limit(&(*slot)->in, context, changed);
    case PLAN_SORT:
        if (plan->limit < 0 || in->limit >= 0 || in->offset > 0)
            return QN_OK;
        in->limit = plan->limit;
        in->offset = plan->offset;
        qn_plan_drop_node(slot);
        *changed = true;
        return QN_OK;
    case PLAN_SET:
        return limit_union(plan, context, changed);
    default:
        return QN_OK;
    }
}

qn_status qn_plan_push_limits(qn_plan **plan, const plan_context *context, bool *changed) {
    return qn_plan_rewrite(plan, push_limit, context, changed);
}
