/* From SELECT statements to plans. Private to features/sql.
 *
 * A statement is built from the inside out. One SELECT is a block:
 *
 *     Limit
 *       Sort                     ORDER BY, over outputs and hidden outputs
 *         Distinct
 *           Project              outputs; hidden ones for ORDER BY and DISTINCT ON
 *             Windows            '$win0', ...
 *               Filter           HAVING
 *                 Join           subqueries of what follows
 *                   Aggregate    keys, '$agg0', ...
 *                     Join       semi and anti joins: EXISTS and IN of WHERE
 *                       Filter   WHERE
 *                         Join   subqueries of WHERE and of arguments: '$sub0', ...
 *                           FROM
 *
 * What an expression holds of aggregates, windows and subqueries is computed below it under a
 * hidden name, equal ones once, and the expression mentions that name. Nothing is known of the
 * tables' columns here: names are resolved when the plan is prepared. */
#ifndef QUERN_FEATURES_SQL_QUERY_QUERY_H
#define QUERN_FEATURES_SQL_QUERY_QUERY_H

#include "core/expr/tree.h"
#include "features/plan/plan.h"
#include "features/sql/convert.h"

/* SELECTs in each other. */
enum { QN_SQL_NESTING_LIMIT = 60 };

/* A table of a WITH clause. */
typedef struct sql_cte {
    const char *name; /* as the query calls it */
    char *plan_name;  /* unique in the plan */
} sql_cte;

/* What all SELECTs of a text share. */
typedef struct sql_query {
    const sql_source *source;
    int32_t depth;
    int32_t aggregates, windows, keys, subqueries, columns; /* hidden names given so far */
    int32_t cte_names;
    int64_t cte_count, cte_capacity; /* those in sight */
    sql_cte *ctes;
} sql_query;

/* Where an expression stands. */
typedef enum sql_place {
    SQL_ON,
    SQL_WHERE,
    SQL_GROUP_BY,
    SQL_ARGUMENT, /* of an aggregate */
    SQL_VALUES,
    SQL_OUTPUT, /* from here on: behind the aggregation */
    SQL_HAVING,
    SQL_WINDOW, /* in a window function's call */
    SQL_ORDER_BY,
    SQL_DISTINCT_ON,
    SQL_SET_ORDER /* ORDER BY of UNION and the like */
} sql_place;

/* A hidden column: its name and the text that users would write for it. */
typedef struct sql_name {
    char *name, *text;
} sql_name;

typedef struct sql_key {
    const sql_node *node; /* as written, ordinals and aliases followed */
    const char *column;   /* in the aggregate's output */
    char *owned;          /* the same, of a plain column that keeps its name */
    qn_expr *expression;
} sql_key;

/* GROUPING (keys): a constant of each set of keys. */
typedef struct sql_grouping {
    const PgQuery__GroupingFunc *node;
    const char *name; /* hidden */
} sql_grouping;

/* An aggregate or a window call, to be handed to the plan. */
typedef struct sql_call {
    const PgQuery__FuncCall *node;
    const char *function;
    const char *name; /* hidden */
    qn_expr *arguments[3];
    int32_t argument_count;
    bool distinct, ignore_nulls;
    qn_expr *filter;
    qn_plan_order *order;
    int32_t order_count;
    int32_t position;
    /* windows */
    qn_expr **partition;
    int32_t partition_count;
    bool default_frame;
    qn_window_frame frame;
} sql_call;

/* A subquery to be joined to what lies below the outputs. */
typedef struct sql_pending {
    qn_plan *plan;
    qn_plan_join_kind kind;
    qn_expr *condition;
    const char *name;
    int32_t position;
} sql_pending;

/* An output's name; a whole star stands for names that are not known. */
typedef struct sql_output {
    const PgQuery__ResTarget *target; /* NULL: VALUES */
    char *name;
    bool star;
} sql_output;

typedef struct sql_outputs {
    int32_t count;
    sql_output *items;
} sql_outputs;

typedef struct sql_block {
    sql_query *query;
    const struct sql_block *outer; /* around it: for correlated columns */
    const PgQuery__SelectStmt *select;
    sql_place place;
    bool grouped;
    bool merged;   /* USING or NATURAL: a column without a table is not that of a table */
    bool in_alias; /* an alias's expression is being converted */
    int64_t table_count, table_capacity;
    const char **tables; /* what may stand in front of a column */
    int64_t first_table; /* those before it are out of sight (ON) */
    int64_t name_count, name_capacity;
    sql_name *names;
    int64_t key_count, key_capacity;
    sql_key *keys;
    int32_t set_count; /* of keys, as bits: GROUPING SETS; 0: one set of all */
    uint32_t *sets;
    int64_t grouping_count, grouping_capacity;
    sql_grouping *groupings;
    int64_t call_count, call_capacity;
    sql_call *calls;
    int64_t window_count, window_capacity;
    sql_call *windows;
    int64_t pending_count, pending_capacity;
    sql_pending *pending;
    qn_plan *plan; /* so far */
    int64_t output_count, output_capacity;
    qn_plan_output *outputs; /* the hidden ones behind the others */
    bool hides;              /* there are hidden ones */
    qn_expr *having;
    qn_plan_order *order;
    int32_t order_count;
    char **distinct_on; /* hidden outputs */
    int32_t distinct_count;
    struct sql_block *inner; /* of a correlated condition: the subquery whose columns it mentions */
    int64_t column_count, column_capacity;
    qn_plan_output *columns; /* of a correlated subquery: what conditions outside need of it; of
                                GROUPING SETS: what all sets read */
} sql_block;

/* ---- Statements (statement.c) ---- */

/* Local. Any SELECT, VALUES or set operation. `outer`: the block around it, or NULL. `outputs` may
 * be NULL; else cleared by the caller. */
QN_CHECKED qn_status qn_sql_build(sql_query *query, const sql_block *outer,
                                  const PgQuery__SelectStmt *select, qn_plan **out,
                                  sql_outputs *outputs);
void qn_sql_outputs_clear(sql_outputs *outputs);

/* Local. LIMIT and OFFSET; replaces *plan. */
QN_CHECKED qn_status qn_sql_add_limit(const sql_query *query, const PgQuery__SelectStmt *select,
                                      qn_plan **plan);

/* ---- Blocks (block.c) ---- */

/* Local. One SELECT ... FROM ... without WITH. */
QN_CHECKED qn_status qn_sql_build_block(sql_query *query, const sql_block *outer,
                                        const PgQuery__SelectStmt *select, qn_plan **out,
                                        sql_outputs *outputs);
void qn_sql_block_clear(sql_block *block);

/* Local. An expression that stands somewhere in a block. */
QN_CHECKED qn_status qn_sql_convert_at(sql_block *block, sql_place place, const sql_node *node,
                                       qn_expr **out);
/* The same for a condition: a bare NULL is boolean. */
QN_CHECKED qn_status qn_sql_convert_condition(sql_block *block, sql_place place,
                                              const sql_node *node, qn_expr **out);

/* Local. Refuses clauses that no SELECT can have here. */
QN_CHECKED qn_status qn_sql_check_clauses(const sql_source *source,
                                          const PgQuery__SelectStmt *select);

bool qn_sql_is_star(const sql_node *node);

/* ---- Names (name.c) ---- */

/* Local. A new hidden name, "$agg0", by kind and counter; takes over the text. *out is the
 * block's. */
QN_CHECKED qn_status qn_sql_hide(sql_block *block, const char *kind, int32_t *counter, char *text,
                                 const char **out);
/* Local. An expression as users would write it: hidden columns by their text. The caller's. */
QN_CHECKED qn_status qn_sql_display(const sql_block *block, const qn_expr *expression, char **out);
QN_CHECKED qn_status qn_sql_display_into(const sql_block *block, const qn_expr *expression,
                                         qn_text *out);
/* Local. " ORDER BY a, b DESC" and so on. */
QN_CHECKED qn_status qn_sql_display_order(const sql_block *block, const qn_plan_order *order,
                                          int32_t count, qn_text *out);

/* ---- FROM (from.c, join.c) ---- */

/* Local. Sets block->plan to the tables and what may stand in front of columns. */
QN_CHECKED qn_status qn_sql_from(sql_block *block);
QN_CHECKED qn_status qn_sql_from_item(sql_block *block, const sql_node *item, qn_plan **out);
QN_CHECKED qn_status qn_sql_join(sql_block *block, const PgQuery__JoinExpr *join, qn_plan **out);
QN_CHECKED qn_status qn_sql_add_table(sql_block *block, const char *name, int32_t location);

/* ---- Columns (column.c) ---- */

/* Local. A column within a block: of a table, a key, an alias. */
QN_CHECKED qn_status qn_sql_block_column(sql_scope *scope, const PgQuery__ColumnRef *node,
                                         qn_expr **out);
/* Whether a column's table is one of the block's; the name alone counts as such. */
bool qn_sql_in_sight(const sql_block *block, const PgQuery__ColumnRef *node);
/* Local. Of a correlated condition: a column of the subquery, under a hidden name (subquery.c). */
QN_CHECKED qn_status qn_sql_inner_column(sql_block *block, const PgQuery__ColumnRef *node,
                                         qn_expr **out);
/* Whether a node mentions a table that only blocks around this one have. */
bool qn_sql_is_correlated(const sql_block *block, const sql_node *node);

/* ---- GROUP BY and aggregates (group.c, call.c) ---- */

/* Local. Sets block->grouped and block->keys. */
QN_CHECKED qn_status qn_sql_group(sql_block *block);
const sql_key *qn_sql_find_key(const sql_block *block, const sql_node *node);
bool qn_sql_has_aggregate(const void *node);
bool qn_sql_is_aggregate(const PgQuery__FuncCall *node);
/* The output with an alias, for GROUP BY, HAVING and ORDER BY; NULL: none. */
const PgQuery__ResTarget *qn_sql_find_alias(const sql_block *block, const sql_node *node);

QN_CHECKED qn_status qn_sql_aggregate_call(sql_scope *scope, const PgQuery__FuncCall *node,
                                           qn_expr **out);
/* Local. Adds a key if it is not there; an ordinal or alias is followed. */
QN_CHECKED qn_status qn_sql_add_key(sql_block *block, const sql_node *node, int64_t *index);
/* Local. The sets of GROUPING SETS, ROLLUP and CUBE, and the nodes for them (sets.c). */
QN_CHECKED qn_status qn_sql_expand_sets(sql_block *block);
QN_CHECKED qn_status qn_sql_add_sets(sql_block *block);
/* Local. An Aggregate node above *plan; takes over the expressions, also on failure. */
QN_CHECKED qn_status qn_sql_aggregate_over(qn_plan **plan, const qn_plan_output *keys,
                                           int32_t key_count, sql_call *calls, int32_t call_count);
QN_CHECKED qn_status qn_sql_grouping(sql_scope *scope, const PgQuery__GroupingFunc *node,
                                     qn_expr **out);
/* Local. Puts the Aggregate node above block->plan. */
QN_CHECKED qn_status qn_sql_add_aggregate(sql_block *block);
/* Local. Puts the Windows node above block->plan. */
QN_CHECKED qn_status qn_sql_add_windows(sql_block *block);
QN_CHECKED qn_status qn_sql_window_call(sql_scope *scope, const PgQuery__FuncCall *node,
                                        qn_expr **out);
void qn_sql_call_clear(sql_call *call);

/* Local. A window's partition, order and frame, named windows followed (window.c). */
QN_CHECKED qn_status qn_sql_window(sql_block *block, const PgQuery__WindowDef *node,
                                   sql_call *call);
/* Local. ROWS BETWEEN ... (frame.c). */
bool qn_sql_has_frame(const PgQuery__WindowDef *node);
QN_CHECKED qn_status qn_sql_frame(const sql_block *block, const PgQuery__WindowDef *node,
                                  qn_window_frame *out);
QN_CHECKED qn_status qn_sql_display_frame(const qn_window_frame *frame, qn_text *out);

/* ---- Outputs (output.c) ---- */

/* Local. Sets block->outputs, and their names. */
QN_CHECKED qn_status qn_sql_convert_outputs(sql_block *block, sql_outputs *names);
/* Local. Adds a hidden output, taking over the expression. *name is the block's. */
QN_CHECKED qn_status qn_sql_hidden_output(sql_block *block, qn_expr *expression, int32_t position,
                                          const char **name);

/* ---- ORDER BY (order.c) ---- */

/* Local. Sets block->order and block->distinct_on, adding hidden outputs. */
QN_CHECKED qn_status qn_sql_convert_order(sql_block *block, const sql_outputs *names);
bool qn_sql_is_distinct_on(const PgQuery__SelectStmt *select);
/* Local. Of VALUES and set operations: sorts by outputs; replaces *plan. */
QN_CHECKED qn_status qn_sql_sort_outputs(sql_query *query, const PgQuery__SelectStmt *select,
                                         const sql_outputs *names, qn_plan **plan);

QN_CHECKED qn_status qn_sql_order_list(sql_block *block, sql_place place, sql_node *const *items,
                                       size_t count, qn_plan_order **out, int32_t *out_count);
void qn_sql_order_clear(qn_plan_order *order, int32_t count);

/* ---- Subqueries (subquery.c, correlated.c) ---- */

/* Local. A subquery within an expression. */
QN_CHECKED qn_status qn_sql_sublink(sql_scope *scope, const PgQuery__SubLink *node, qn_expr **out);
/* Whether a term of WHERE becomes a semi or anti join: IN, NOT IN, correlated EXISTS. */
bool qn_sql_is_join_term(const sql_block *block, const sql_node *term);
QN_CHECKED qn_status qn_sql_where_join(sql_block *block, const sql_node *term);
/* Local. Joins a subquery to what is there; takes over its plan and condition. */
QN_CHECKED qn_status qn_sql_attach(sql_block *block, sql_pending *pending);
bool qn_sql_is_correlated_query(const sql_block *block, const sql_node *subselect);
/* Local. Joins a correlated EXISTS or IN. name: the mark's. */
QN_CHECKED qn_status qn_sql_correlated(sql_block *block, const PgQuery__SubLink *node,
                                       qn_plan_join_kind kind, const char *name);
/* Local. A correlated subquery that stands for an aggregated value (value.c). */
QN_CHECKED qn_status qn_sql_correlated_value(sql_block *block, const PgQuery__SubLink *node,
                                             qn_expr **out);
/* Local. A column that a correlated subquery gives to the conditions outside, equal ones once.
 * Takes over the expression; *out mentions it. */
QN_CHECKED qn_status qn_sql_add_inner(sql_block *inner, qn_expr *expression, qn_expr **out);
/* Local. A term of a correlated subquery's WHERE that concerns its own tables alone. */
QN_CHECKED qn_status qn_sql_add_local_term(sql_block *inner, const sql_node *term);
/* Local. Joins the subqueries that wait to block->plan. */
QN_CHECKED qn_status qn_sql_join_pending(sql_block *block);

const char *qn_sql_place_name(sql_place place); /* for messages: "WHERE" */

static inline bool qn_sql_behind_aggregate(sql_place place) {
    return place >= SQL_OUTPUT;
}

#endif
