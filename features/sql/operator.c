/* Operators of the grammar: arithmetic, comparison, IN, BETWEEN, LIKE, DISTINCT FROM, NULLIF,
 * regular expressions, = ANY of a list, ARRAY[...] and subscripts. */
#include "features/sql/convert.h"
#include "features/sql/interval.h"

#include "core/memory.h"

#include <string.h>

static qn_status unknown_operator(sql_scope *scope, const PgQuery__AExpr *node, const char *name) {
    qn_status status = qn_sql_fail(scope->source, node->location,
                                   "operator '%s' is not part of this version", name);
    if (strcmp(name, "^") == 0)
        qn_error_help("write power(x, y) for a power");
    return status;
}

/* x ~ pattern, ~* in any case, !~ and !~* for those that do not match. */
static qn_status match_operator(sql_scope *scope, const PgQuery__AExpr *node, const char *name,
                                qn_expr **out) {
    const sql_node *sides[] = {node->lexpr, node->rexpr};
    bool negated = name[0] == '!', fold = name[strlen(name) - 1] == '*';
    QN_TRY(qn_sql_convert_call(scope, fold ? "regexp_ilike" : "regexp_like", sides, 2,
                               node->location, out));
    return negated ? qn_sql_wrap(scope, "not", node->location, out) : QN_OK;
}

static bool is_match(const char *name) {
    return strcmp(name, "~") == 0 || strcmp(name, "~*") == 0 || strcmp(name, "!~") == 0 ||
           strcmp(name, "!~*") == 0;
}

static qn_status plain_operator(sql_scope *scope, const PgQuery__AExpr *node, qn_expr **out) {
    static const char *const known[] = {
        "+", "-", "*", "/", "%", "=", "<>", "<", "<=", ">", ">=", "||", "&", "|", "#", "<<", ">>"};
    const char *name = qn_sql_string(node->name[node->n_name - 1]);
    const sql_node *sides[] = {node->lexpr, node->rexpr};
    if (node->n_name > 1)
        return qn_sql_unsupported(scope->source, node->location, "OPERATOR(...)");
    if (qn_sql_has_interval(node))
        return qn_sql_interval_operator(scope, node, name, out);
    if (node->lexpr == NULL && strcmp(name, "+") == 0)
        return qn_sql_convert(scope, node->rexpr, out);
    if (node->lexpr == NULL && (strcmp(name, "-") == 0 || strcmp(name, "~") == 0))
        return qn_sql_convert_call(scope, name, sides + 1, 1, node->location, out);
    if (node->lexpr != NULL && is_match(name))
        return match_operator(scope, node, name, out);
    if (node->lexpr != NULL && strcmp(name, "==") == 0)
        name = "=";
    if (node->lexpr != NULL && strcmp(name, "<=>") == 0) /* Spark's */
        return qn_sql_convert_call(scope, "is not distinct from", sides, 2, node->location, out);
    for (size_t i = 0; node->lexpr != NULL && i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i]) == 0)
            return qn_sql_convert_call(scope, name, sides, 2, node->location, out);
    return unknown_operator(scope, node, name);
}

/* x and the items of a list, as the arguments of one call; then NOT if asked. */
static qn_status list_operator(sql_scope *scope, const PgQuery__AExpr *node, const char *function,
                               bool negated, qn_expr **out) {
    const PgQuery__List *list = node->rexpr->list;
    const sql_node **arguments = NULL;
    QN_TRY(qn_mem_alloc(&arguments, list->n_items + 1, sizeof *arguments));
    arguments[0] = node->lexpr;
    for (size_t i = 0; i < list->n_items; i++)
        arguments[i + 1] = list->items[i];
    qn_status status = qn_sql_convert_call(scope, function, arguments, (int32_t)list->n_items + 1,
                                           node->location, out);
    qn_mem_free(arguments);
    QN_TRY(status);
    return negated ? qn_sql_wrap(scope, "not", node->location, out) : QN_OK;
}

static qn_status binary(sql_scope *scope, const PgQuery__AExpr *node, const char *function,
                        qn_expr **out) {
    const sql_node *sides[] = {node->lexpr, node->rexpr};
    return qn_sql_convert_call(scope, function, sides, 2, node->location, out);
}

/* x LIKE p ESCAPE e: the grammar wraps p and e in a call of its own. */
static qn_status like(sql_scope *scope, const PgQuery__AExpr *node, const char *function,
                      qn_expr **out) {
    const sql_node *arguments[] = {node->lexpr, node->rexpr, NULL};
    int32_t count = 2;
    bool negated = qn_sql_string(node->name[0])[0] == '!';
    if (node->rexpr->node_case == PG_QUERY__NODE__NODE_FUNC_CALL &&
        node->rexpr->func_call->location == node->location) {
        arguments[1] = node->rexpr->func_call->args[0];
        arguments[2] = node->rexpr->func_call->args[1];
        count = 3;
    }
    QN_TRY(qn_sql_convert_call(scope, function, arguments, count, node->location, out));
    return negated ? qn_sql_wrap(scope, "not", node->location, out) : QN_OK;
}

/* x = ANY(list) */
static qn_status any_operator(sql_scope *scope, const PgQuery__AExpr *node, qn_expr **out) {
    const sql_node *sides[] = {node->rexpr, node->lexpr};
    const char *name = qn_sql_string(node->name[node->n_name - 1]);
    if (strcmp(name, "=") != 0)
        return qn_sql_fail(scope->source, node->location,
                           "'%s ANY' is not part of this version: only '= ANY(list)' is", name);
    return qn_sql_convert_call(scope, "array_contains", sides, 2, node->location, out);
}

/* ---- Arrays ---------------------------------------------------------------------------------- */

qn_status qn_sql_array(sql_scope *scope, const PgQuery__AArrayExpr *node, qn_expr **out) {
    return qn_sql_convert_call(scope, "array", (const sql_node *const *)node->elements,
                               (int32_t)node->n_elements, node->location, out);
}

qn_status qn_sql_subscript(sql_scope *scope, const sql_node *node, qn_expr **out) {
    const PgQuery__AIndirection *value = node->a_indirection;
    int32_t location = qn_sql_location(node);
    if (value->n_indirection != 1 ||
        value->indirection[0]->node_case != PG_QUERY__NODE__NODE_A_INDICES)
        return qn_sql_refuse(scope, node);
    const PgQuery__AIndices *indices = value->indirection[0]->a_indices;
    const sql_node *sides[] = {value->arg, indices->uidx};
    if (indices->is_slice)
        return qn_sql_unsupported(scope->source, location, "a slice a[i:j] (write slice(a, i, n))");
    return qn_sql_convert_call(scope, "[]", sides, 2, location, out);
}

qn_status qn_sql_operator(sql_scope *scope, const PgQuery__AExpr *node, qn_expr **out) {
    switch (node->kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
        return plain_operator(scope, node, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT:
        return binary(scope, node, "is distinct from", out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT:
        return binary(scope, node, "is not distinct from", out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF:
        return binary(scope, node, "nullif", out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
        if (node->rexpr->node_case != PG_QUERY__NODE__NODE_LIST)
            return qn_sql_unsupported(scope->source, node->location, "IN of a subquery");
        return list_operator(scope, node, "in", qn_sql_string(node->name[0])[0] == '<', out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
        return like(scope, node, "like", out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE:
        return like(scope, node, "ilike", out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
        return list_operator(scope, node, "between", false, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
        return list_operator(scope, node, "between", true, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_SIMILAR:
        return qn_sql_unsupported(scope->source, node->location, "SIMILAR TO");
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
        return any_operator(scope, node, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL:
        return qn_sql_unsupported(scope->source, node->location, "ALL of an array");
    default:
        return qn_sql_unsupported(scope->source, node->location, "BETWEEN SYMMETRIC");
    }
}
