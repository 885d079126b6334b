/* Rows spread over ranks in their order. */
#ifndef QUERN_FEATURES_WIDE_SPREAD_H
#define QUERN_FEATURES_WIDE_SPREAD_H

#include "features/wide/hold.h"

/* Collective; the same status on all ranks. What all ranks hold, lane by lane and within a lane in
 * order of the ranks, goes to ranks evenly, in whole batches: `out` is this rank's range. `from` is
 * left empty; `out` is to be cleared, also after failure. Each row moves at most once; on one rank
 * none does. */
QN_CHECKED qn_status qn_spread_evenly(qn_hold *out, qn_hold *from, const qn_execution *execution);

#endif
