/* The rules in their order. */
#include "features/plan/rules.h"

qn_status qn_plan_improve(qn_plan **plan, const plan_context *context) {
    QN_TRY(qn_plan_push(plan, context));
    return qn_plan_prune(plan, context);
}
