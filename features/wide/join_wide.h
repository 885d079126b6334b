/* Inside features/wide/join*.c only: a join whose rows are numbered anew. */
#ifndef QUERN_FEATURES_WIDE_JOIN_WIDE_H
#define QUERN_FEATURES_WIDE_JOIN_WIDE_H

#include "features/wide/join_narrow.h"

/* Local. Takes over the left input and, of `from`, the right side: all of it where `broadcast`,
 * else this rank's part. On failure all stays the caller's. */
QN_CHECKED qn_status qn_join_wide_new(qn_result **out, const qn_join_plan *plan, qn_stream *left,
                                      const qn_schema *schema, qn_join_narrow *from,
                                      bool broadcast);

#endif
