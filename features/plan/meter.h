/* Private to features/plan. */
#ifndef QUERN_FEATURES_PLAN_METER_H
#define QUERN_FEATURES_PLAN_METER_H

#include "features/plan/explain.h"

/* Local. Takes over the label, also on failure. */
QN_CHECKED qn_status qn_physical_new(qn_physical **out, char *label, int64_t expected);

/* Local. Moves an input below the node; *input is NULL afterwards. */
QN_CHECKED qn_status qn_physical_add(qn_physical *node, qn_physical **input);

/* Local. The same stream, counted. Takes over `in`, also on failure; the meter is borrowed until
 * the stream is freed. */
QN_CHECKED qn_status qn_meter_open(qn_stream **out, qn_stream *in, qn_meter *meter, qn_comm *comm);

#endif
