/* Inside features/wide/asof*.c only: as-of joins by shuffle. */
#ifndef QUERN_FEATURES_JOIN_ASOF_WIDE_H
#define QUERN_FEATURES_JOIN_ASOF_WIDE_H

#include "features/join/asof_list.h"

/* Local. Borrows the plan. */
QN_CHECKED qn_status qn_asof_wide_new(qn_result **out, const qn_asof_plan *plan,
                                      const qn_schema *schema);

/* Takes over the left input and the right rows of this rank. */
void qn_asof_wide_take(qn_result *result, qn_stream *left, qn_table *right);

#endif
