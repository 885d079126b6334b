/* Private to features/plan. */
#ifndef QUERN_FEATURES_PLAN_VALUES_H
#define QUERN_FEATURES_PLAN_VALUES_H

#include "features/plan/node.h"

/* Local. The rows of a VALUES or an empty node. */
QN_CHECKED qn_status qn_plan_values_open(qn_stream **out, const qn_plan *plan, qn_comm *comm);

#endif
