/* Operators that are not linked in yet: calls of them fail instead. Private to features/plan. */
#ifndef QUERN_FEATURES_PLAN_ABSENT_H
#define QUERN_FEATURES_PLAN_ABSENT_H

#include "features/wide/aggregate.h"
#include "features/wide/window.h"

#pragma weak qn_aggregate_type
#pragma weak qn_window_check

#endif
