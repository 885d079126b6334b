/* Inside of plans. Private to features/plan.
 *
 * A plan goes through three states. As written: columns in expressions may have tables in front.
 * Resolved (resolve.c): every column is called by its internal name, unique in the schema that it
 * refers to; the sides of a join have no name in common; stars are spread. Typed (type.c):
 * schemas are there, expressions are bound to the schema of the input. Rules change a resolved tree
 * and have it typed again. */
#ifndef QUERN_FEATURES_PLAN_NODE_H
#define QUERN_FEATURES_PLAN_NODE_H

#include "core/expr/session.h"
#include "core/expr/tree.h"
#include "features/plan/plan.h"

typedef enum plan_kind {
    PLAN_ROOT, /* of a prepared plan: the tree is below it */
    PLAN_SCAN,
    PLAN_FILTER,
    PLAN_PROJECT,
    PLAN_LIMIT,
    PLAN_ALIAS,
    PLAN_VALUES,
    PLAN_EMPTY, /* no rows, of `schema` */
    PLAN_AGGREGATE,
    PLAN_JOIN,
    PLAN_SORT,
    PLAN_WINDOWS,
    PLAN_TOP, /* the first `limit` rows of each group */
    PLAN_DISTINCT,
    PLAN_SET,
    PLAN_SINGLE,
    PLAN_WITH,
    PLAN_REFERENCE,
    PLAN_SAMPLE,
    PLAN_SPLIT,
    PLAN_REPARTITION,
    PLAN_CACHE,
    PLAN_DROP_MISSING,
    PLAN_FILL_MISSING,
    PLAN_REPLACE
} plan_kind;

/* How a query may call a column of a node's output. One a field of the schema. */
typedef struct plan_field {
    char *table; /* in front; NULL: nothing may stand there */
    char *name;
    bool aside; /* neither in stars nor found without the table: what USING merged */
} plan_field;

typedef struct plan_scope {
    int64_t count, capacity;
    plan_field *fields;
} plan_scope;

/* A call of an aggregate or window function. */
typedef struct plan_call {
    char *function, *name;
    qn_expr *arguments[3];
    int32_t argument_count;
    bool distinct, ignore_nulls;
    qn_expr *filter;
    qn_plan_order *order;
    int32_t order_count;
    int32_t position;
    qn_type type; /* once typed */

    /* windows */
    qn_expr **partition;
    int32_t partition_count;
    bool default_frame;
    qn_window_frame frame;
} plan_call;

struct qn_plan {
    plan_kind kind;
    qn_plan *in, *right; /* right: joins, set operations, WITH (the shared plan) */
    int32_t depth, position;
    qn_schema schema; /* once typed */
    plan_scope scope; /* once resolved; of no use after that */
    int64_t rows;     /* about how many; -1: unknown */

    /* root; until it is prepared, the node that the user holds */
    qn_text source; /* what positions refer to */
    bool prepared, as_written;

    char *name; /* scan, alias, with, reference, single: as its constructor says; join: mark */

    /* scan */
    qn_stream *stream;    /* from preparing to opening */
    int32_t column_count; /* of the table, before narrowing */
    int32_t *columns;     /* of a plan bound to a schema: the columns that are read; NULL: all */
    char *terms;          /* by which parts are left out, as text; NULL: none */
    int64_t parts, parts_left;

    qn_expr *condition; /* filter, join */

    /* project: outputs; aggregate: keys; values: the cells, `count` a row; windows of top: the
     * partition. Stars are spread out by resolving. */
    qn_plan_output *outputs;
    int32_t count;

    plan_call *calls; /* aggregate, windows */
    int32_t call_count;

    qn_plan_order *order; /* sort, top */
    int32_t order_count;

    int64_t limit, offset; /* limit, sort, top; values: rows in `limit` */

    char **names; /* alias, distinct, repartition, missing values: columns; join: USING */
    int32_t name_count;

    qn_plan_join_kind join;
    bool natural;
    double tolerance;
    bool tolerance_is_time;

    qn_plan_set set;
    bool all; /* set operations; repartition: by range */

    double fraction, *weights; /* sample; split */
    int32_t weight_count, which;
    uint64_t seed;

    qn_scalar *values; /* fill: one; replace: `value_count` from, then as many to. They own texts */
    int32_t value_count;

    qn_plan *shared; /* reference, once resolved: the WITH node */
    bool *read;      /* with: columns of the shared part that some reference reads; NULL: unknown */

    qn_plan *dropped; /* what rules took out: its tables stay open as long as the plan lives */
};

/* How deep plans may nest: walks recurse. */
enum { PLAN_MAX_DEPTH = 500 };

/* Local. A cleared node; takes over the inputs, also on failure. */
QN_CHECKED qn_status qn_plan_new(qn_plan **out, plan_kind kind, qn_plan *in, qn_plan *right,
                                 int32_t position);
void qn_plan_free_outputs(qn_plan_output *outputs, int32_t count);
void qn_plan_free_order(qn_plan_order *order, int32_t count);
void qn_plan_free_calls(plan_call *calls, int32_t count);
QN_CHECKED qn_status qn_plan_copy_names(char ***out, char *const *names, int32_t count);

/* Local. Puts a node above *slot: `plan` is a new node without an input. */
static inline void qn_plan_put_above(qn_plan **slot, qn_plan *plan) {
    plan->in = *slot;
    *slot = plan;
}

/* Takes a node with one input out of the tree. */
void qn_plan_drop_node(qn_plan **slot);

/* Leaves a part that was taken out with a node that stays. dropped may be NULL. */
void qn_plan_keep_dropped(qn_plan *plan, qn_plan *dropped);

/* What binding and its errors need. */
typedef struct plan_context {
    qn_view source;
    const qn_session *session;
} plan_context;

/* Adds the place to a failed status; position < 0: `otherwise`. Returns the status. */
QN_CHECKED qn_status qn_plan_locate(const plan_context *context, int32_t position,
                                    int32_t otherwise, qn_status status);

/* Local. Names: see the head of this file. The tree's top may change. */
QN_CHECKED qn_status qn_plan_resolve(qn_plan **plan, const plan_context *context);

/* Local. Schemas and types, from the tables up; of one node, whose inputs have theirs. */
QN_CHECKED qn_status qn_plan_type(qn_plan *plan, const plan_context *context);
QN_CHECKED qn_status qn_plan_type_node(qn_plan *plan, const plan_context *context);

/* Local. The rules. */
QN_CHECKED qn_status qn_plan_improve(qn_plan **plan, const plan_context *context);

/* Calls `visit` for every expression of a node. Each may be replaced. */
typedef qn_status (*plan_visit)(void *context, qn_expr **expr);
QN_CHECKED qn_status qn_plan_visit(qn_plan *plan, plan_visit visit, void *context);

const char *qn_plan_kind_name(const qn_plan *plan); /* as errors call it: "GROUP BY" */

#endif
