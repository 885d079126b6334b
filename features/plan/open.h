/* Opening prepared plans as streams. Private to features/plan. */
#ifndef QUERN_FEATURES_PLAN_OPEN_H
#define QUERN_FEATURES_PLAN_OPEN_H

#include "features/operator/keep.h"
#include "features/plan/calls.h"
#include "features/plan/explain.h"
#include "features/plan/node.h"

/* Local. Makes the node a root over a resolved, improved tree. Tables are open or given. */
QN_CHECKED qn_status qn_plan_settle(qn_plan *plan, const plan_context *context);

/* Of a WITH: its rows for all readers. */
typedef struct shared_rows {
    const qn_plan *with;
    qn_keep *keep;
    qn_physical *node; /* of what is kept, until the WITH takes it */
    struct shared_rows *outer;
} shared_rows;

typedef struct opening {
    const qn_execution *execution;
    const plan_context *context;
    bool explained, metered;
    shared_rows *shared;
} opening;

/* An operator that is open, and its node if the plan is to be explained. */
typedef struct opened {
    qn_stream *stream;
    qn_physical *node;
} opened;

/* Local. The node's operators. */
QN_CHECKED qn_status qn_plan_open_node(opening *self, qn_plan *plan, opened *out);
void qn_plan_opened_clear(opened *io);

/* Local. Puts an operator over what is open: io->stream becomes `stream` (taken over, also on
 * failure; what was in io->stream is part of it by now). right: a second input, or NULL. label:
 * taken over; NULL unless the plan is explained. */
QN_CHECKED qn_status qn_plan_add_operator(const opening *self, opened *io, opened *right,
                                          qn_stream *stream, char *label, int64_t expected);

/* Local. The operator's label if the plan is explained, else NULL. */
QN_CHECKED qn_status qn_plan_label(const opening *self, const qn_plan *plan, char **out);

/* Local. Puts the projection of computed inputs over io, if something is computed. */
QN_CHECKED qn_status qn_plan_open_inputs(const opening *self, opened *io,
                                         const plan_inputs *inputs);

/* Local. Puts a projection over io that gives exactly the schema's columns, unless it has them. */
QN_CHECKED qn_status qn_plan_open_schema(opened *io, const qn_schema *schema);

/* Local. Wide nodes; `io` holds the open input. */
QN_CHECKED qn_status qn_plan_open_aggregate(opening *self, qn_plan *plan, opened *io);
QN_CHECKED qn_status qn_plan_open_distinct(opening *self, qn_plan *plan, opened *io);
QN_CHECKED qn_status qn_plan_open_sort(opening *self, qn_plan *plan, opened *io);
QN_CHECKED qn_status qn_plan_open_top(opening *self, qn_plan *plan, opened *io);
QN_CHECKED qn_status qn_plan_open_windows(opening *self, qn_plan *plan, opened *io);
QN_CHECKED qn_status qn_plan_open_repartition(opening *self, qn_plan *plan, opened *io);
/* Local. Nodes with two inputs, which they open themselves. */
QN_CHECKED qn_status qn_plan_open_join(opening *self, qn_plan *plan, opened *out);
QN_CHECKED qn_status qn_plan_open_set(opening *self, qn_plan *plan, opened *out);

#endif
