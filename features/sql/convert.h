/* Parse tree nodes to expressions. Private to features/sql. */
#ifndef QUERN_FEATURES_SQL_CONVERT_H
#define QUERN_FEATURES_SQL_CONVERT_H

#include "core/expr/expr.h"
#include "features/sql/source.h"

typedef PgQuery__Node sql_node;

/* What expressions are read against. */
typedef struct sql_scope {
    const sql_source *source;
    struct sql_block *block; /* the SELECT that they stand in; NULL: expressions by themselves */
    int32_t budget;          /* nodes left: a form that repeats its operand must not explode */
} sql_scope;

enum { QN_SQL_NODE_BUDGET = 100000 };

/* Local. Any expression node. */
QN_CHECKED qn_status qn_sql_convert(sql_scope *scope, const sql_node *node, qn_expr **out);

/* Local. A call of `function` with these nodes as arguments. */
QN_CHECKED qn_status qn_sql_convert_call(sql_scope *scope, const char *function,
                                         const sql_node *const *arguments, int32_t count,
                                         int32_t location, qn_expr **out);

/* Local. Wraps an expression that is already there, taking it over; *expression is replaced. */
QN_CHECKED qn_status qn_sql_wrap(sql_scope *scope, const char *function, int32_t location,
                                 qn_expr **expression);

/* Local. What a SELECT makes of a node: columns, aggregates, windows, subqueries (query/block.c).
 * *done: it did; else the node is converted as anywhere. */
QN_CHECKED qn_status qn_sql_convert_in_block(sql_scope *scope, const sql_node *node, qn_expr **out,
                                             bool *done);

/* Local. The kinds of nodes, one file each. */
QN_CHECKED qn_status qn_sql_constant(sql_scope *scope, const PgQuery__AConst *node, qn_expr **out);
QN_CHECKED qn_status qn_sql_cast(sql_scope *scope, const PgQuery__TypeCast *node, qn_expr **out);
QN_CHECKED qn_status qn_sql_operator(sql_scope *scope, const PgQuery__AExpr *node, qn_expr **out);
QN_CHECKED qn_status qn_sql_function(sql_scope *scope, const PgQuery__FuncCall *node,
                                     qn_expr **out);
QN_CHECKED qn_status qn_sql_clock(sql_scope *scope, const sql_node *node, qn_expr **out);
QN_CHECKED qn_status qn_sql_case(sql_scope *scope, const PgQuery__CaseExpr *node, qn_expr **out);

QN_CHECKED qn_status qn_sql_array(sql_scope *scope, const PgQuery__AArrayExpr *node, qn_expr **out);
QN_CHECKED qn_status qn_sql_subscript(sql_scope *scope, const sql_node *node, qn_expr **out);

QN_CHECKED qn_status qn_sql_unknown_function(const sql_scope *scope, const char *name,
                                             int32_t location);

/* Local. Refuses calls of aggregate and window functions, and clauses that only those have
 * (known.c). */
QN_CHECKED qn_status qn_sql_check_call(const sql_scope *scope, const PgQuery__FuncCall *node,
                                       const char *name);

/* Local. Text of a String node; NULL if it is something else. */
const char *qn_sql_string(const sql_node *node);

/* Local. Where a node starts, as far as the tree tells; -1: unknown. */
int32_t qn_sql_location(const sql_node *node);

/* Local. The error for a node that no expression can be made of. */
QN_CHECKED qn_status qn_sql_refuse(const sql_scope *scope, const sql_node *node);

/* Local. "X is not part of this version", at a location. */
QN_CHECKED qn_status qn_sql_unsupported(const sql_source *source, int32_t location,
                                        const char *what);

/* Positions in expressions are offsets in the text as given. */
static inline int32_t qn_sql_position(const sql_scope *scope, int32_t location) {
    return location < scope->source->prefix ? -1 : location - scope->source->prefix;
}

#endif
