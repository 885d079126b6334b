/* Opening prepared plans as streams. Private to features/plan. */
#ifndef QUERN_FEATURES_PLAN_OPEN_H
#define QUERN_FEATURES_PLAN_OPEN_H

#include "features/plan/node.h"

/* Local. Operators for all nodes; scans move out of the plan. */
QN_CHECKED qn_status qn_plan_open_tree(qn_stream **out, qn_plan *plan,
                                       const qn_execution *execution, const plan_context *context);

/* Local. Makes the node a root over a resolved, improved tree. Tables are open or given. */
QN_CHECKED qn_status qn_plan_settle(qn_plan *plan, const plan_context *context);

#endif
