/* What the fits inside a pipeline read: a source as the stages that are fitted by now transform it.
 *
 * A prefix grows with the fit. It keeps batches in memory as the last stages of a scan left them,
 * up to a budget, so that the next fit's scan goes on from there instead of from the source;
 * batches past the budget are made anew each time. What comes out is the same either way. */
#ifndef QUERN_FEATURES_PREFIX_H
#define QUERN_FEATURES_PREFIX_H

#include "mpi/stage.h"

/* Local. Without stages, nothing is kept: that is the source's business. Takes over `source`, also
 * on failure. */
QN_CHECKED qn_status qn_prefix_open(qn_stream **out, qn_stream *source, int64_t budget);

/* Local. Adds a stage at the end, bound to `in`, the prefix's schema up to now, which it leaves as
 * `out`. It must be fitted, and not wide. Stage and `in` are borrowed. */
QN_CHECKED qn_status qn_prefix_add(qn_stream *prefix, const qn_stage *stage, const qn_schema *in,
                                   const qn_schema *out);

/* Local. Whether the scans from now on keep batches. `needed` (copied; NULL: all) says which
 * columns will still be asked for: others are not kept, later they are given out empty or null. */
QN_CHECKED qn_status qn_prefix_keep(qn_stream *prefix, bool keep, const bool *needed);

/* Collective. After a scan: if all ranks kept all their batches, the source is no longer read
 * (until then, all ranks read it to its end in every scan, even where they discard its batches: it
 * may be collective). */
QN_CHECKED qn_status qn_prefix_settle(qn_stream *prefix, qn_comm *comm);

/* What is left of the budget. */
int64_t qn_prefix_left(const qn_stream *prefix);

#endif
