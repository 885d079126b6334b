/* The rules in their order. */
#include "features/plan/rules.h"

/* Rules make room for others; a tree that still changes after so many rounds is good enough. */
enum { ROUNDS = 10 };

static qn_status rewrite(qn_plan **slot, plan_rule rule, const plan_context *context,
                         bool *changed) {
    if ((*slot)->right != NULL)
        QN_TRY(rewrite(&(*slot)->right, rule, context, changed));
    if ((*slot)->in != NULL)
        QN_TRY(rewrite(&(*slot)->in, rule, context, changed));
    return rule(slot, context, changed);
}

qn_status qn_plan_rewrite(qn_plan **slot, plan_rule rule, const plan_context *context,
                          bool *changed) {
    bool now = false;
    QN_TRY(rewrite(slot, rule, context, &now));
    *changed = *changed || now;
    return now ? qn_plan_type(*slot, context) : QN_OK;
}

static qn_status improve_once(qn_plan **plan, const plan_context *context, bool *changed) {
    QN_TRY(qn_plan_simplify(plan, context, changed));
    QN_TRY(qn_plan_push(plan, context));
    QN_TRY(qn_plan_simplify(plan, context, changed));
    QN_TRY(qn_plan_regroup(plan, context, changed));
    return qn_plan_push_limits(plan, context, changed);
}

qn_status qn_plan_improve(qn_plan **plan, const plan_context *context) {
    bool changed = true;
    QN_TRY(qn_plan_inline(plan, context));
    for (int round = 0; changed && round < ROUNDS; round++) {
        changed = false;
        QN_TRY(improve_once(plan, context, &changed));
    }
    QN_TRY(qn_plan_order_joins(plan, context));
    QN_TRY(qn_plan_choose_sides(plan, context, &changed));
    QN_TRY(qn_plan_prune(plan, context));
    QN_TRY(qn_plan_simplify(plan, context, &changed));
    QN_TRY(qn_plan_limit_scans(*plan));
    qn_plan_estimate(*plan);
    return QN_OK;
}
