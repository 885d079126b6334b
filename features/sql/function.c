/* Function calls and CASE. */
#include "features/sql/convert.h"
#include "features/sql/interval.h"

#include "core/memory.h"

#include <string.h>

typedef struct renamed {
    const char *from, *to;
} renamed;

static const char *lookup(const renamed *table, const char *name) {
    for (; table->from != NULL; table++)
        if (strcmp(table->from, name) == 0)
            return table->to;
    return NULL;
}

/* Forms of the grammar that name functions of their own. */
static qn_status check_grammar_form(sql_scope *scope, const PgQuery__FuncCall *node,
                                    const char *name) {
    static const renamed forms[] = {{"normalize", "NORMALIZE"},
                                    {"is_normalized", "IS NORMALIZED"},
                                    {"xmlexists", "XMLEXISTS"},
                                    {"overlaps", "OVERLAPS"},
                                    {"pg_collation_for", "COLLATION FOR"},
                                    {NULL, NULL}};
    const char *form = lookup(forms, name);
    return form == NULL ? QN_OK : qn_sql_unsupported(scope->source, node->location, form);
}

static qn_status check_function(sql_scope *scope, const PgQuery__FuncCall *node, const char *name) {
    QN_TRY(qn_sql_check_call(scope, node, name));
    return node->funcformat == PG_QUERY__COERCION_FORM__COERCE_SQL_SYNTAX
               ? check_grammar_form(scope, node, name)
               : QN_OK;
}

qn_status qn_sql_function(sql_scope *scope, const PgQuery__FuncCall *node, qn_expr **out) {
    const char *name = qn_sql_string(node->funcname[node->n_funcname - 1]);
    bool of_grammar = node->funcformat == PG_QUERY__COERCION_FORM__COERCE_SQL_SYNTAX;
    if (node->n_funcname > 1 && strcmp(qn_sql_string(node->funcname[0]), "pg_catalog") != 0)
        return qn_sql_unsupported(scope->source, node->location, "a function name with a dot");
    QN_TRY(check_function(scope, node, name));
    if (of_grammar && strcmp(name, "extract") == 0)
        return qn_sql_extract(scope, node, out);
    if (of_grammar && strcmp(name, "timezone") == 0)
        return qn_sql_at_time_zone(scope, node, out);
    if (qn_sql_takes_unit(node, &name))
        return qn_sql_unit_call(scope, node, name, out);
    if (of_grammar && strcmp(name, "position") == 0)
        name = "strpos"; /* the grammar turns POSITION(x IN y) round */
    if (of_grammar && strcmp(name, "btrim") == 0)
        name = "trim"; /* as it was written */
    return qn_sql_convert_call(scope, name, (const sql_node *const *)node->args,
                               (int32_t)node->n_args, node->location, out);
}

/* ---- The clock ------------------------------------------------------------------------------- */

/* CURRENT_DATE, CURRENT_TIMESTAMP: words of the grammar, functions here. */
qn_status qn_sql_clock(sql_scope *scope, const sql_node *node, qn_expr **out) {
    const PgQuery__SQLValueFunction *value = node->sqlvalue_function;
    switch (value->op) {
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_DATE:
        return qn_sql_convert_call(scope, "current_date", NULL, 0, value->location, out);
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP:
        return qn_sql_convert_call(scope, "current_timestamp", NULL, 0, value->location, out);
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP_N:
        return qn_sql_unsupported(scope->source, value->location,
                                  "CURRENT_TIMESTAMP to some digits");
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP:
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP_N: {
        qn_status status = qn_sql_unsupported(scope->source, value->location, "LOCALTIMESTAMP");
        qn_error_help("write CURRENT_TIMESTAMP: it is shown in the session's time zone");
        return status;
    }
    default:
        return qn_sql_refuse(scope, node);
    }
}

/* ---- CASE ------------------------------------------------------------------------------------ */

/* CASE x WHEN a: the operand is compared anew in each branch. */
static qn_status convert_condition(sql_scope *scope, const PgQuery__CaseExpr *node,
                                   const PgQuery__CaseWhen *branch, qn_expr **out) {
    const sql_node *sides[] = {node->arg, branch->expr};
    if (node->arg == NULL)
        return qn_sql_convert(scope, branch->expr, out);
    return qn_sql_convert_call(scope, "=", sides, 2, branch->location, out);
}

static qn_status convert_branches(sql_scope *scope, const PgQuery__CaseExpr *node,
                                  qn_expr **parts) {
    for (size_t i = 0; i < node->n_args; i++) {
        const PgQuery__CaseWhen *branch = node->args[i]->case_when;
        QN_TRY(convert_condition(scope, node, branch, &parts[2 * i]));
        QN_TRY(qn_sql_convert(scope, branch->result, &parts[2 * i + 1]));
    }
    if (node->defresult != NULL)
        QN_TRY(qn_sql_convert(scope, node->defresult, &parts[2 * node->n_args]));
    return QN_OK;
}

qn_status qn_sql_case(sql_scope *scope, const PgQuery__CaseExpr *node, qn_expr **out) {
    size_t count = 2 * node->n_args + (node->defresult != NULL);
    qn_expr **parts = NULL;
    QN_TRY(qn_mem_calloc(&parts, count, sizeof *parts));
    qn_status status = convert_branches(scope, node, parts);
    if (status == QN_OK) {
        status = qn_expr_call(out, "case", parts, (int32_t)count,
                              qn_sql_position(scope, node->location));
        if (status != QN_OK)
            status = qn_sql_locate(scope->source, node->location, status);
    } else {
        for (size_t i = 0; i < count; i++)
            qn_expr_free(parts[i]);
    }
    qn_mem_free(parts);
    return status;
}
