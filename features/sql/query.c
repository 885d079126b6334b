/* A SELECT statement to a plan: scan, filter, project, limit, from the inside out. */
#include "features/sql/convert.h"
#include "features/sql/select.h"
#include "features/sql/sql.h"

#include "core/memory.h"
#include "core/text/number.h"

#include <string.h>

/* ---- FROM ------------------------------------------------------------------------------------ */

static qn_status refuse_from_item(const sql_source *source, const sql_node *item) {
    switch (item->node_case) {
    case PG_QUERY__NODE__NODE_JOIN_EXPR:
        return qn_sql_unsupported(source, qn_sql_find_token(source, PG_QUERY__TOKEN__JOIN), "JOIN");
    case PG_QUERY__NODE__NODE_RANGE_SUBSELECT:
        return qn_sql_unsupported(source, qn_sql_find_token(source, PG_QUERY__TOKEN__FROM),
                                  "a subquery in FROM");
    case PG_QUERY__NODE__NODE_RANGE_TABLE_SAMPLE:
        return qn_sql_unsupported(source, qn_sql_find_token(source, PG_QUERY__TOKEN__TABLESAMPLE),
                                  "TABLESAMPLE");
    default:
        return qn_sql_unsupported(source, qn_sql_find_token(source, PG_QUERY__TOKEN__FROM),
                                  "a function in FROM");
    }
}

static qn_status find_table(const sql_source *source, const PgQuery__SelectStmt *select,
                            const PgQuery__RangeVar **out) {
    if (select->n_from_clause == 0)
        return qn_sql_fail(source, 0, "a query needs a table: SELECT ... FROM table");
    const sql_node *item = select->from_clause[0];
    if (item->node_case != PG_QUERY__NODE__NODE_RANGE_VAR)
        return refuse_from_item(source, item);
    const PgQuery__RangeVar *table = item->range_var;
    if (select->n_from_clause > 1)
        return qn_sql_unsupported(source, table->location, "FROM with more than one table");
    if (strlen(table->schemaname) > 0 || strlen(table->catalogname) > 0)
        return qn_sql_unsupported(source, table->location, "a table name with a dot");
    if (!table->inh)
        return qn_sql_unsupported(source, table->location, "FROM ONLY");
    if (table->alias != NULL && table->alias->n_colnames > 0)
        return qn_sql_unsupported(source, table->location, "a list of columns behind a table");
    *out = table;
    return QN_OK;
}

/* ---- Outputs --------------------------------------------------------------------------------- */

static bool is_star(const sql_node *value) {
    if (value->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
        return false;
    const PgQuery__ColumnRef *column = value->column_ref;
    return column->fields[column->n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR;
}

static qn_status check_star(const sql_scope *scope, const PgQuery__ColumnRef *star) {
    const char *table = star->n_fields == 2 ? qn_sql_string(star->fields[0]) : NULL;
    if (star->n_fields == 1 || (table != NULL && strcasecmp(table, scope->table) == 0))
        return QN_OK;
    qn_status status = qn_sql_fail(scope->source, star->location, "unknown table in front of '*'");
    qn_error_help("the query reads '%s'", scope->table);
    return status;
}

static qn_status convert_output(sql_scope *scope, const PgQuery__ResTarget *target,
                                qn_plan_output *out) {
    out->position = qn_sql_position(scope, target->location);
    out->name = target->name[0] != '\0' ? target->name : NULL;
    if (target->n_indirection > 0)
        return qn_sql_unsupported(scope->source, target->location, "a subscript");
    if (is_star(target->val))
        return check_star(scope, target->val->column_ref);
    return qn_sql_convert(scope, target->val, &out->expression);
}

/* Takes over the plan. */
static qn_status add_outputs(sql_scope *scope, const PgQuery__SelectStmt *select, qn_plan **plan) {
    size_t count = select->n_target_list;
    qn_plan *in = *plan;
    qn_plan_output *outputs = NULL;
    qn_status status = QN_OK;
    if (count == 0)
        return qn_sql_fail(scope->source, 0, "a query needs at least one output: SELECT ...");
    QN_TRY(qn_mem_calloc(&outputs, count, sizeof *outputs));
    for (size_t i = 0; i < count && status == QN_OK; i++)
        status = convert_output(scope, select->target_list[i]->res_target, &outputs[i]);
    if (status == QN_OK) {
        *plan = NULL;
        status = qn_plan_project(plan, in, outputs, (int32_t)count);
    } else {
        for (size_t i = 0; i < count; i++)
            qn_expr_free(outputs[i].expression);
    }
    qn_mem_free(outputs);
    return status;
}

/* ---- LIMIT ----------------------------------------------------------------------------------- */

/* A whole number of zero or more; NULL and ALL leave *out as it is. */
static qn_status convert_count(const sql_source *source, const sql_node *node, const char *clause,
                               int64_t *out) {
    if (node == NULL)
        return QN_OK;
    const PgQuery__AConst *constant =
        node->node_case == PG_QUERY__NODE__NODE_A_CONST ? node->a_const : NULL;
    if (constant != NULL && constant->isnull)
        return QN_OK;
    int64_t value = -1;
    if (constant != NULL && constant->val_case == PG_QUERY__A__CONST__VAL_IVAL)
        value = constant->ival->ival;
    else if (constant != NULL && constant->val_case == PG_QUERY__A__CONST__VAL_FVAL &&
             !qn_parse_int64(qn_view_of(constant->fval->fval), &value))
        value = -1;
    if (value < 0)
        return qn_sql_fail(source, qn_sql_location(node), "%s takes a whole number, zero or more",
                           clause);
    *out = value;
    return QN_OK;
}

static qn_status add_limit(const sql_source *source, const PgQuery__SelectStmt *select,
                           qn_plan **plan) {
    int64_t limit = -1, offset = 0;
    QN_TRY(convert_count(source, select->limit_count, "LIMIT", &limit));
    QN_TRY(convert_count(source, select->limit_offset, "OFFSET", &offset));
    if (limit < 0 && offset == 0)
        return QN_OK;
    qn_plan *in = *plan;
    *plan = NULL;
    int32_t location = qn_sql_location(limit >= 0 ? select->limit_count : select->limit_offset);
    return qn_plan_limit(plan, in, limit, offset, location < 0 ? -1 : location - source->prefix);
}

/* ---- The statement --------------------------------------------------------------------------- */

/* NULL alone has no type of its own; as a condition it is boolean. */
static qn_status convert_condition(sql_scope *scope, const sql_node *node, qn_expr **out) {
    qn_expr *condition = NULL;
    QN_TRY(qn_sql_convert(scope, node, &condition));
    bool null = node->node_case == PG_QUERY__NODE__NODE_A_CONST && node->a_const->isnull;
    if (null)
        return qn_expr_cast(out, condition, QN_BOOL, -1);
    *out = condition;
    return QN_OK;
}

static qn_status add_condition(sql_scope *scope, const PgQuery__SelectStmt *select,
                               qn_plan **plan) {
    qn_expr *condition = NULL;
    if (select->where_clause == NULL)
        return QN_OK;
    QN_TRY(convert_condition(scope, select->where_clause, &condition));
    qn_plan *in = *plan;
    *plan = NULL;
    return qn_plan_filter(plan, in, condition,
                          qn_sql_position(scope, qn_sql_location(select->where_clause)));
}

static qn_status build(const sql_source *source, const PgQuery__SelectStmt *select,
                       qn_plan **plan) {
    const PgQuery__RangeVar *table = NULL;
    int32_t location = -1;
    const char *other = qn_sql_other_clause(source, select, &location);
    if (other != NULL)
        return qn_sql_unsupported(source, location, other);
    QN_TRY(find_table(source, select, &table));
    sql_scope scope = {source, table->alias != NULL ? table->alias->aliasname : table->relname,
                       QN_SQL_NODE_BUDGET};
    QN_TRY(qn_plan_scan(plan, table->relname, qn_sql_position(&scope, table->location)));
    QN_TRY(add_condition(&scope, select, plan));
    QN_TRY(add_outputs(&scope, select, plan));
    return add_limit(source, select, plan);
}

qn_status qn_sql_query(qn_plan **out, qn_view text) {
    sql_source source = {0};
    const PgQuery__SelectStmt *select = NULL;
    qn_plan *plan = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_sql_source_open(&source, text, ""), done);
    QN_TRY_GOTO(qn_sql_single_select(&source, &select), done);
    QN_TRY_GOTO(build(&source, select, &plan), done);
    QN_TRY_GOTO(qn_plan_set_source(plan, text), done);
    *out = plan;
    plan = NULL;
done:
    qn_plan_free(plan);
    qn_sql_source_close(&source);
    return status;
}
