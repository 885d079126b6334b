/* Inside features/wide/join*.c only: a join whose rows are numbered anew. */
#ifndef QUERN_FEATURES_JOIN_JOIN_WIDE_H
#define QUERN_FEATURES_JOIN_JOIN_WIDE_H

#include "features/join/join_input.h"

/* Local. Borrows the plan. */
QN_CHECKED qn_status qn_join_wide_new(qn_result **out, const qn_join_plan *plan,
                                      const qn_schema *schema, const qn_join_facts *facts);

/* Takes over the left input and the right side: for a broadcast join, all of it on every rank, in
 * order; else what this rank read. */
void qn_join_wide_take_left(qn_result *result, qn_stream *left);
void qn_join_wide_take_side(qn_result *result, qn_join_side *right);
void qn_join_wide_take_input(qn_result *result, qn_join_input *right);

#endif
