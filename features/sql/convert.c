#include "features/sql/convert.h"

#include "core/memory.h"
#include "features/sql/sql.h"

#include <string.h>

const char *qn_sql_string(const sql_node *node) {
    return node->node_case == PG_QUERY__NODE__NODE_STRING ? node->string->sval : NULL;
}

qn_status qn_sql_unsupported(const sql_source *source, int32_t location, const char *what) {
    return qn_sql_fail(source, location, "%s is not part of this version", what);
}

/* ---- Columns --------------------------------------------------------------------------------- */

/* Of an expression by itself; within a SELECT columns are its own affair. */
static qn_status convert_column(sql_scope *scope, const PgQuery__ColumnRef *node, qn_expr **out) {
    const char *name = qn_sql_string(node->fields[node->n_fields - 1]);
    if (name == NULL)
        return qn_sql_fail(scope->source, node->location,
                           "'*' stands for all columns only as an output by itself");
    if (node->n_fields > 2)
        return qn_sql_unsupported(scope->source, node->location, "a name with two dots");
    if (node->n_fields == 2)
        return qn_sql_fail(scope->source, node->location,
                           "an expression by itself names columns without a table: write the "
                           "name behind '%s.' alone",
                           qn_sql_string(node->fields[0]));
    return qn_expr_column(out, name, qn_sql_position(scope, node->location));
}

/* ---- Calls ----------------------------------------------------------------------------------- */

static void free_all(qn_expr **expressions, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        qn_expr_free(expressions[i]);
    qn_mem_free(expressions);
}

static qn_status located(const sql_scope *scope, int32_t location, qn_status status) {
    return status == QN_OK ? QN_OK : qn_sql_locate(scope->source, location, status);
}

qn_status qn_sql_convert_call(sql_scope *scope, const char *function,
                              const sql_node *const *arguments, int32_t count, int32_t location,
                              qn_expr **out) {
    qn_expr **converted = NULL;
    QN_TRY(qn_mem_calloc(&converted, (size_t)count, sizeof *converted));
    for (int32_t i = 0; i < count; i++) {
        qn_status status = qn_sql_convert(scope, arguments[i], &converted[i]);
        if (status != QN_OK) {
            free_all(converted, count);
            return status;
        }
    }
    qn_status status =
        located(scope, location,
                qn_expr_call(out, function, converted, count, qn_sql_position(scope, location)));
    qn_mem_free(converted);
    return status;
}

qn_status qn_sql_wrap(sql_scope *scope, const char *function, int32_t location,
                      qn_expr **expression) {
    qn_expr *argument = *expression;
    *expression = NULL;
    return located(
        scope, location,
        qn_expr_call(expression, function, &argument, 1, qn_sql_position(scope, location)));
}

static qn_status convert_logic(sql_scope *scope, const PgQuery__BoolExpr *node, qn_expr **out) {
    static const char *const names[] = {[PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR] = "and",
                                        [PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR] = "or",
                                        [PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR] = "not"};
    return qn_sql_convert_call(scope, names[node->boolop], (const sql_node *const *)node->args,
                               (int32_t)node->n_args, node->location, out);
}

static qn_status convert_null_test(sql_scope *scope, const PgQuery__NullTest *node, qn_expr **out) {
    bool is_null = node->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NULL;
    const sql_node *argument = node->arg;
    return qn_sql_convert_call(scope, is_null ? "is null" : "is not null", &argument, 1,
                               node->location, out);
}

static qn_status convert_truth_test(sql_scope *scope, const PgQuery__BooleanTest *node,
                                    qn_expr **out) {
    static const char *const names[] = {[PG_QUERY__BOOL_TEST_TYPE__IS_TRUE] = "is true",
                                        [PG_QUERY__BOOL_TEST_TYPE__IS_NOT_TRUE] = "is not true",
                                        [PG_QUERY__BOOL_TEST_TYPE__IS_FALSE] = "is false",
                                        [PG_QUERY__BOOL_TEST_TYPE__IS_NOT_FALSE] = "is not false",
                                        [PG_QUERY__BOOL_TEST_TYPE__IS_UNKNOWN] = "is null",
                                        [PG_QUERY__BOOL_TEST_TYPE__IS_NOT_UNKNOWN] = "is not null"};
    const sql_node *argument = node->arg;
    return qn_sql_convert_call(scope, names[node->booltesttype], &argument, 1, node->location, out);
}

static qn_status convert_extreme(sql_scope *scope, const PgQuery__MinMaxExpr *node, qn_expr **out) {
    bool greatest = node->op == PG_QUERY__MIN_MAX_OP__IS_GREATEST;
    return qn_sql_convert_call(scope, greatest ? "greatest" : "least",
                               (const sql_node *const *)node->args, (int32_t)node->n_args,
                               node->location, out);
}

qn_status qn_sql_convert(sql_scope *scope, const sql_node *node, qn_expr **out) {
    if (scope->budget-- <= 0)
        return qn_sql_fail(scope->source, qn_sql_location(node),
                           "the expression is too large: more than %d parts", QN_SQL_NODE_BUDGET);
    if (scope->block != NULL) {
        bool done = false;
        QN_TRY(qn_sql_convert_in_block(scope, node, out, &done));
        if (done)
            return QN_OK;
    }
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return convert_column(scope, node->column_ref, out);
    case PG_QUERY__NODE__NODE_A_CONST:
        return qn_sql_constant(scope, node->a_const, out);
    case PG_QUERY__NODE__NODE_A_EXPR:
        return qn_sql_operator(scope, node->a_expr, out);
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
        return convert_logic(scope, node->bool_expr, out);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return qn_sql_function(scope, node->func_call, out);
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return qn_sql_cast(scope, node->type_cast, out);
    case PG_QUERY__NODE__NODE_CASE_EXPR:
        return qn_sql_case(scope, node->case_expr, out);
    case PG_QUERY__NODE__NODE_NULL_TEST:
        return convert_null_test(scope, node->null_test, out);
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
        return convert_truth_test(scope, node->boolean_test, out);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return qn_sql_convert_call(
            scope, "coalesce", (const sql_node *const *)node->coalesce_expr->args,
            (int32_t)node->coalesce_expr->n_args, node->coalesce_expr->location, out);
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
        return convert_extreme(scope, node->min_max_expr, out);
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
        return qn_sql_clock(scope, node, out);
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
        return qn_sql_array(scope, node->a_array_expr, out);
    case PG_QUERY__NODE__NODE_A_INDIRECTION:
        return qn_sql_subscript(scope, node, out);
    default:
        return qn_sql_refuse(scope, node);
    }
}
