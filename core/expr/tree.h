/* Expressions as trees: what planners do with them before and between bindings. */
#ifndef QUERN_CORE_EXPR_TREE_H
#define QUERN_CORE_EXPR_TREE_H

#include "core/expr/expr.h"

/* Local. A column with the name of a table in front, "t.c"; table NULL: qn_expr_column. The name
 * must be resolved (qn_expr_resolve) before binding, which knows no tables. */
QN_CHECKED qn_status qn_expr_qualified_column(qn_expr **out, const char *table, const char *name,
                                              int32_t position);

/* A column as it is written. */
typedef struct qn_reference {
    const char *table; /* NULL: none in front */
    const char *name;
    int32_t position;
} qn_reference;

/* Gives the name under which binding finds the column; borrowed, copied at once. */
typedef qn_status (*qn_resolver)(void *context, const qn_reference *reference, const char **name);

/* Local. Every column of an expression gets the name that `resolve` gives, without a table. The
 * first error ends the walk; qn_expr_error_position tells where it was. */
QN_CHECKED qn_status qn_expr_resolve(qn_expr *expr, qn_resolver resolve, void *context);

/* Sets *out to the expression that stands for a column from now on, or leaves it NULL. */
typedef qn_status (*qn_replacer)(void *context, const char *column, qn_expr **out);

/* Local. Puts expressions in the place of columns. What is put in is not walked itself. To be bound
 * again afterwards. On failure *expr is still a whole tree. */
QN_CHECKED qn_status qn_expr_replace(qn_expr **expr, qn_replacer replace, void *context);

/* Local. A tree of its own, not bound. */
QN_CHECKED qn_status qn_expr_copy(qn_expr **out, const qn_expr *expr);

/* Same operations on same columns and constants. Both bound or both not. */
bool qn_expr_equal(const qn_expr *a, const qn_expr *b);

/* The n-th column that the expression mentions, in post-order; false past the last. */
bool qn_expr_reference(const qn_expr *expr, int32_t n, qn_reference *out);

/* Nodes of the tree, casts that binding put in left out: what it costs, roughly. */
int32_t qn_expr_size(const qn_expr *expr);

/* Whether it is the same for equal rows: false if it draws random numbers or the like. */
bool qn_expr_is_stable(const qn_expr *expr);

const char *qn_expr_column_name(const qn_expr *expr); /* of a bare column, else NULL */
const char *qn_expr_function(const qn_expr *expr);    /* of a call ("=", "cast", ...), else NULL */
int32_t qn_expr_count(const qn_expr *expr);           /* arguments of a call */
qn_expr *qn_expr_argument(const qn_expr *expr, int32_t i); /* borrowed; its implicit casts off */
qn_type qn_expr_argument_type(const qn_expr *expr, int32_t i); /* its implicit casts on */
int32_t qn_expr_position(const qn_expr *expr);

/* Local. qn_expr_print with tables in front of columns that are not resolved yet. */
QN_CHECKED qn_status qn_expr_print_as_written(const qn_expr *expr, qn_text *out);

/* The value of a constant; false if the expression is none. The text of strings is borrowed. */
bool qn_expr_constant(const qn_expr *expr, qn_scalar *out);

/* A list of expressions that it owns. */
typedef struct qn_expr_list {
    int64_t count, capacity;
    qn_expr **items;
} qn_expr_list;

void qn_expr_list_clear(qn_expr_list *list);
QN_CHECKED qn_status qn_expr_list_add(qn_expr_list *list, qn_expr *expr); /* takes it over */

/* Local. Adds the terms that AND joins at the top, in their order. Takes over the condition (NULL:
 * none), also on failure. */
QN_CHECKED qn_status qn_expr_split_and(qn_expr_list *list, qn_expr *condition);

/* Local. The terms joined by AND; NULL if there are none. Empties the list, also on failure. */
QN_CHECKED qn_status qn_expr_join_and(qn_expr **out, qn_expr_list *list);

#endif
