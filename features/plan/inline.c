/* WITH: what is read once stands where it is read, what is not read goes. */
#include "features/plan/rules.h"

static int32_t count_readers(const qn_plan *plan, const qn_plan *with) {
    if (plan == NULL)
        return 0;
    int32_t own = plan->kind == PLAN_REFERENCE && plan->shared == with;
    return own + count_readers(plan->in, with) + count_readers(plan->right, with);
}

static qn_plan **find_reader(qn_plan **slot, const qn_plan *with) {
    if (*slot == NULL)
        return NULL;
    if ((*slot)->kind == PLAN_REFERENCE && (*slot)->shared == with)
        return slot;
    qn_plan **found = find_reader(&(*slot)->in, with);
    return found != NULL ? found : find_reader(&(*slot)->right, with);
}

/* Inner ones come first: they may be read once by what is read twice. */
static qn_status inline_one(qn_plan **slot, const plan_context *context, bool *changed) {
    qn_plan *with = *slot;
    (void)context;
    if (with->kind != PLAN_WITH)
        return QN_OK;
    int32_t readers = count_readers(with->in, with);
    if (readers > 1)
        return QN_OK;
    qn_plan *shared = with->right;
    with->right = NULL;
    if (readers == 1) {
        qn_plan **reader = find_reader(&with->in, with);
        qn_plan_free(*reader);
        *reader = shared;
        shared = NULL;
    }
    qn_plan_drop_node(slot);
    qn_plan_keep_dropped(*slot, shared);
    *changed = true;
    return QN_OK;
}

qn_status qn_plan_inline(qn_plan **plan, const plan_context *context) {
    bool changed = true;
    while (changed) {
        changed = false;
        QN_TRY(qn_plan_rewrite(plan, inline_one, context, &changed));
    }
    return QN_OK;
}
