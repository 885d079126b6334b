/* Window functions. */
#ifndef QUERN_FEATURES_WINDOW_WINDOW_H
#define QUERN_FEATURES_WINDOW_WINDOW_H

#include "core/window/window.h"
#include "features/wide/wide.h"

/* Local; the first qn_stream_next is collective. The input's batches as they are (cuts and row
 * numbers too), with one more column a call. Ties are ordered by input row. Takes over `in`, also
 * on failure; copies the spec. JOB errors as qn_window_check.
 *
 * Cost: the columns that the functions read go to the rank of their partition and the results come
 * back; other columns never move. One sort; see core/window/window.h for the functions. Without
 * PARTITION BY all rows are one partition, which one rank computes: those columns of all rows must
 * fit its memory. So must those of any one partition.
 *
 * Past the budget the partitions are spilled by ranges of their keys' hashes and computed one range
 * after the other, the results are spilled too, and what of the input could not be kept is read a
 * second time; the rows stay the same. */
QN_CHECKED qn_status qn_window_open(qn_stream **out, qn_stream *in, const qn_execution *execution,
                                    const qn_window_spec *spec);

/* Local. Adds the field of a call's result. Values of a column keep what is known of it: a vector's
 * width, a category's names. JOB errors as qn_window_check. */
QN_CHECKED qn_status qn_window_add_result(qn_schema *results, const qn_window_spec *spec,
                                          const qn_schema *in, const qn_window_call *call);

#endif
