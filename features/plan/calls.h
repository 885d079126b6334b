/* Calls of aggregate and window functions: constants taken out, expressions turned into columns of
 * a projection. Private to features/plan. */
#ifndef QUERN_FEATURES_PLAN_CALLS_H
#define QUERN_FEATURES_PLAN_CALLS_H

#include "features/aggregate/aggregate.h"
#include "features/plan/node.h"

/* Expressions that operators want as columns: columns of `base` keep their places (if it is there),
 * what is computed comes behind, each expression once. The expressions are bound and borrowed. */
typedef struct plan_inputs {
    const qn_schema *base;
    bool keep; /* the columns of `base` come first, whether they are used or not */
    qn_schema schema;
    int64_t count, capacity;
    const qn_expr **items; /* of the columns behind those that are kept */
} plan_inputs;

QN_CHECKED qn_status qn_plan_inputs_init(plan_inputs *inputs, const qn_schema *base, bool keep);
void qn_plan_inputs_clear(plan_inputs *inputs);

/* Local. The column that holds an expression's values. */
QN_CHECKED qn_status qn_plan_inputs_add(plan_inputs *inputs, const qn_expr *expr, int32_t *out);

/* Local. One more column for an expression, under this name, which is free. */
QN_CHECKED qn_status qn_plan_inputs_add_named(plan_inputs *inputs, const qn_expr *expr,
                                              const char *name);

/* Whether a stream of this schema has the inputs already, in their order. */
bool qn_plan_inputs_are(const plan_inputs *inputs, const qn_schema *schema);

/* Local. The inputs as a projection over a stream (taken over), or the stream itself if nothing
 * need be computed. */
QN_CHECKED qn_status qn_plan_inputs_open(qn_stream **out, const plan_inputs *inputs, qn_stream *in,
                                         const qn_session *session);

/* Local. A call's columns and constants; `call` is bound. out->order is the caller's. */
QN_CHECKED qn_status qn_plan_lower_aggregate(const plan_call *call, plan_inputs *inputs,
                                             qn_aggregate_call *out);
/* Local. The constants behind the columns of an aggregate's call: *columns counts the latter; share
 * and text (the caller's) are set if there is one. */
QN_CHECKED qn_status qn_plan_take_parameters(const plan_call *call, int32_t *columns, double *share,
                                             const char **text);
QN_CHECKED qn_status qn_plan_lower_order(const qn_plan_order *order, int32_t count,
                                         plan_inputs *inputs, qn_sort_key **out);

/* Local. Same for the window calls [first, first + count) of a node, which share a window. Arrays
 * are the caller's: qn_plan_free_window_spec. */
QN_CHECKED qn_status qn_plan_lower_windows(const qn_plan *plan, int32_t first, int32_t count,
                                           plan_inputs *inputs, qn_window_spec *out);
void qn_plan_free_window_spec(qn_window_spec *spec);

/* How many calls from `first` on have the same window. */
int32_t qn_plan_same_windows(const qn_plan *plan, int32_t first);
bool qn_plan_windows_equal(const plan_call *a, const plan_call *b);

/* Local. Sets call->type. JOB errors with a place. */
QN_CHECKED qn_status qn_plan_type_aggregate(plan_call *call);
QN_CHECKED qn_status qn_plan_type_windows(qn_plan *plan, const plan_context *context);

#endif
