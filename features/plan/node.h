/* Inside of plans. Private to features/plan. */
#ifndef QUERN_FEATURES_PLAN_NODE_H
#define QUERN_FEATURES_PLAN_NODE_H

#include "features/plan/plan.h"

typedef enum plan_kind { PLAN_SCAN, PLAN_FILTER, PLAN_PROJECT, PLAN_LIMIT } plan_kind;

struct qn_plan {
    plan_kind kind;
    qn_plan *in;      /* NULL: scan */
    qn_schema schema; /* once prepared */
    qn_text source;   /* of the root: what positions refer to */
    bool prepared;    /* of the root */
    int32_t position;

    /* scan */
    char *table;
    qn_stream *stream;    /* from preparing to opening */
    int32_t column_count; /* of the table, before narrowing */
    int32_t *columns;     /* of a plan bound to a schema: the columns that are read; NULL: all */

    /* filter */
    qn_expr *condition;

    /* project; stars are spread out by preparing */
    qn_plan_output *outputs;
    int32_t count;

    /* limit */
    int64_t limit, offset;
};

/* Local. Binds the tree bottom-up: schemas, names, types. Again after a rule changed it. */
QN_CHECKED qn_status qn_plan_bind(qn_plan *plan, qn_view source);

/* Local. Moves conditions down and narrows scans of a bound tree, and binds it again. Nodes stay
 * where they are: what they hold is exchanged. */
QN_CHECKED qn_status qn_plan_improve(qn_plan *plan, qn_view source);

/* Local. A cleared node; takes over `in`, also on failure. */
QN_CHECKED qn_status qn_plan_new(qn_plan **out, plan_kind kind, qn_plan *in);

/* Local. The projection's parts of binding and opening. */
QN_CHECKED qn_status qn_plan_bind_project(qn_plan *plan, qn_view source);
QN_CHECKED qn_status qn_plan_open_project(qn_stream **out, qn_plan *plan, qn_stream *in);
void qn_plan_free_outputs(qn_plan_output *outputs, int32_t count);

#endif
