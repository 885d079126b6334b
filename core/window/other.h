/* Inside core/window: aggregates without a sliding form, evaluated frame by frame. */
#ifndef QUERN_CORE_WINDOW_OTHER_H
#define QUERN_CORE_WINDOW_OTHER_H

#include "core/window/kernel.h"

/* Local. Adds results of the distinct frames of a chunk to `made` (one column, batches of up to
 * QN_BATCH_ROWS) and says which of them row i has. refs: the chunk's rows in the table. Cost: every
 * row of every distinct frame. */
QN_CHECKED qn_status qn_window_other(qn_table *made, qn_ref *results, const qn_table *table,
                                     const qn_window_call *call, const qn_window_rows *rows,
                                     const qn_frames *frames, const qn_ref *refs);

#endif
