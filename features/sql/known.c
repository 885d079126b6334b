/* Which functions are not functions of one row, and what is wrong with calls of them where only
 * such can stand. */
#include "features/sql/convert.h"

#include "features/aggregate/aggregate.h"
#include "features/window/window.h"

#include <string.h>

/* A scalar function's name may be a misspelt one of another kind. */
static bool is_scalar(const char *name) {
    const char *other = NULL;
    for (int32_t i = 0; (other = qn_expr_function_name(i)) != NULL; i++)
        if (strcmp(other, name) == 0)
            return true;
    return false;
}

qn_status qn_sql_unknown_function(const sql_scope *scope, const char *name, int32_t location) {
    const char *all[1024];
    int64_t count = 0;
    for (int32_t i = 0; qn_aggregate_name(i) != NULL; i++)
        all[count++] = qn_aggregate_name(i);
    for (int32_t i = 0; qn_window_name(i) != NULL; i++)
        all[count++] = qn_window_name(i);
    for (int32_t i = 0; count < 1024 && qn_expr_function_name(i) != NULL; i++)
        all[count++] = qn_expr_function_name(i);
    qn_status status = qn_sql_fail(scope->source, location, "unknown function '%s'", name);
    const char *nearest = qn_nearest(name, all, count);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    return status;
}

/* Clauses that only aggregate and window functions have. */
static const char *odd_clause(const PgQuery__FuncCall *node) {
    if (node->agg_filter != NULL)
        return "FILTER";
    if (node->agg_within_group)
        return "WITHIN GROUP";
    if (node->n_agg_order > 0)
        return "ORDER BY";
    if (node->agg_distinct)
        return "DISTINCT";
    return NULL;
}

static qn_status refuse_by_itself(const sql_scope *scope, const PgQuery__FuncCall *node,
                                  const char *name) {
    return qn_sql_fail(scope->source, node->location,
                       "%s function '%s' cannot stand in an expression by itself",
                       node->over != NULL ? "window" : "aggregate", name);
}

qn_status qn_sql_check_call(const sql_scope *scope, const PgQuery__FuncCall *node,
                            const char *name) {
    const char *clause = odd_clause(node);
    bool aggregate = qn_aggregate_exists(name);
    if (node->over != NULL || aggregate)
        return refuse_by_itself(scope, node, name);
    if (qn_window_exists(name)) {
        qn_status status =
            qn_sql_fail(scope->source, node->location, "window function '%s' needs OVER", name);
        qn_error_help("write %s(...) OVER (PARTITION BY ... ORDER BY ...)", name);
        return status;
    }
    if (clause != NULL || node->agg_star)
        return qn_sql_fail(scope->source, node->location,
                           "%s belongs to aggregate functions, and '%s' is none",
                           clause != NULL ? clause : "'*'", name);
    if (node->func_variadic)
        return qn_sql_unsupported(scope->source, node->location, "VARIADIC");
    bool of_grammar = node->funcformat == PG_QUERY__COERCION_FORM__COERCE_SQL_SYNTAX;
    return of_grammar || is_scalar(name) ? QN_OK
                                         : qn_sql_unknown_function(scope, name, node->location);
}
