/* Operators that are not linked in yet: calls of them fail instead. Private to features/plan. */
#ifndef QUERN_FEATURES_PLAN_ABSENT_H
#define QUERN_FEATURES_PLAN_ABSENT_H

#include "features/wide/aggregate.h"
#include "features/wide/join.h"
#include "features/wide/sort.h"
#include "features/wide/union.h"
#include "features/wide/window.h"

#pragma weak qn_distinct_open

static inline qn_status qn_plan_absent(const char *what) {
    return qn_fail(QN_JOB, "%s are not linked in", what);
}

#endif
