/* Private to features/plan. */
#ifndef QUERN_FEATURES_PLAN_PRINT_H
#define QUERN_FEATURES_PLAN_PRINT_H

#include "features/plan/node.h"

/* Local. A node on one line, without its inputs. */
QN_CHECKED qn_status qn_plan_print_node(const qn_plan *plan, qn_text *out);
const char *qn_plan_join_name(const qn_plan *plan); /* "Left join" */

#endif
