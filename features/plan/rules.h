/* Rules: each changes a resolved, typed tree without changing its rows, and leaves it typed.
 * Private to features/plan. */
#ifndef QUERN_FEATURES_PLAN_RULES_H
#define QUERN_FEATURES_PLAN_RULES_H

#include "features/plan/node.h"

/* prune.c */
QN_CHECKED qn_status qn_plan_prune(qn_plan **plan, const plan_context *context);

/* push.c: conditions move towards the tables. */
QN_CHECKED qn_status qn_plan_push(qn_plan **plan, const plan_context *context);

#endif
