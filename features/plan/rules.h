/* Rules: each changes a resolved, typed tree without changing its rows, and leaves it typed.
 * Private to features/plan. */
#ifndef QUERN_FEATURES_PLAN_RULES_H
#define QUERN_FEATURES_PLAN_RULES_H

#include "features/plan/node.h"

/* Looks at one node, whose inputs it has looked at before. New nodes are typed. */
typedef qn_status (*plan_rule)(qn_plan **slot, const plan_context *context, bool *changed);

/* Local. Offers every node to a rule, from the tables up, and types the tree again if need be. */
QN_CHECKED qn_status qn_plan_rewrite(qn_plan **slot, plan_rule rule, const plan_context *context,
                                     bool *changed);

/* inline.c: WITH that is read once */
QN_CHECKED qn_status qn_plan_inline(qn_plan **plan, const plan_context *context);

/* simplify.c: constants, empty inputs, projections of projections */
QN_CHECKED qn_status qn_plan_simplify(qn_plan **plan, const plan_context *context, bool *changed);

/* push.c, push_join.c: conditions move towards the tables, outer joins become inner ones */
QN_CHECKED qn_status qn_plan_push(qn_plan **plan, const plan_context *context);

/* grouping.c: sorts below groups, DISTINCT of groups, count(DISTINCT x), row_number() <= k */
QN_CHECKED qn_status qn_plan_regroup(qn_plan **plan, const plan_context *context, bool *changed);

/* limit.c: limits move down, a sort with a limit is a top-k */
QN_CHECKED qn_status qn_plan_push_limits(qn_plan **plan, const plan_context *context,
                                         bool *changed);

/* join_order.c: inner joins without a condition wait until one binds them */
QN_CHECKED qn_status qn_plan_order_joins(qn_plan **plan, const plan_context *context);

/* sides.c: the smaller side of an inner join is the right one */
QN_CHECKED qn_status qn_plan_choose_sides(qn_plan **plan, const plan_context *context,
                                          bool *changed);
void qn_plan_estimate(qn_plan *plan);

/* parts.c: scans leave out the parts that the filter right above rules out */
QN_CHECKED qn_status qn_plan_limit_scans(qn_plan *plan);

/* prune.c: columns that nothing reads */
QN_CHECKED qn_status qn_plan_prune(qn_plan **plan, const plan_context *context);

#endif
