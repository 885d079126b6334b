/* Subqueries that mention tables of the query around them, of the kinds that a join says too:
 *
 *     EXISTS (SELECT ... FROM u WHERE u.k = t.k AND u.x > 1)
 *     t.y IN (SELECT u.y FROM u WHERE u.k = t.k)
 *
 * The subquery's tables and the terms that concern them alone are the right side, reduced to the
 * columns that the other terms need, under hidden names; those terms are the join's condition. */
#include "features/sql/query/query.h"

#include "core/memory.h"

bool qn_sql_is_correlated_query(const sql_block *block, const sql_node *subselect) {
    const sql_block probe = {.outer = block};
    return qn_sql_is_correlated(&probe, subselect);
}

/* ---- The columns that conditions need -------------------------------------------------------- */

/* Takes over the expression; *out mentions it by its hidden name. */
qn_status qn_sql_add_inner(sql_block *inner, qn_expr *expression, qn_expr **out) {
    const char *name = NULL;
    char *text = NULL;
    int32_t position = qn_expr_position(expression);
    for (int64_t i = 0; i < inner->column_count; i++) {
        if (!qn_expr_equal(inner->columns[i].expression, expression))
            continue;
        qn_expr_free(expression);
        return qn_expr_column(out, inner->columns[i].name, position);
    }
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_reserve(&inner->columns, &inner->column_capacity, inner->column_count + 1,
                               sizeof *inner->columns),
                failed);
    QN_TRY_GOTO(qn_sql_display(inner, expression, &text), failed);
    QN_TRY_GOTO(qn_sql_hide(inner, "sub", &inner->query->subqueries, text, &name), failed);
    inner->columns[inner->column_count++] =
        (qn_plan_output){expression, (char *)(uintptr_t)name, position};
    return qn_expr_column(out, name, position);
failed:
    qn_expr_free(expression);
    return status;
}

qn_status qn_sql_inner_column(sql_block *block, const PgQuery__ColumnRef *node, qn_expr **out) {
    qn_expr *expression = NULL;
    size_t last = node->n_fields - 1;
    const char *table = last == 1 ? qn_sql_string(node->fields[0]) : NULL;
    QN_TRY(qn_expr_qualified_column(&expression, table, qn_sql_string(node->fields[last]),
                                    node->location));
    return qn_sql_add_inner(block->inner, expression, out);
}

/* ---- Terms ----------------------------------------------------------------------------------- */

qn_status qn_sql_add_local_term(sql_block *inner, const sql_node *term) {
    qn_expr *condition = NULL;
    if (qn_sql_is_join_term(inner, term))
        return qn_sql_where_join(inner, term);
    QN_TRY(qn_sql_convert_condition(inner, SQL_WHERE, term, &condition));
    qn_plan *in = inner->plan;
    inner->plan = NULL;
    return qn_plan_filter(&inner->plan, in, condition, qn_sql_location(term));
}

static qn_status add_shared(sql_block *block, sql_block *inner, const sql_node *term,
                            qn_expr_list *shared) {
    qn_expr *condition = NULL;
    block->inner = inner;
    qn_status status = qn_sql_convert_condition(block, block->place, term, &condition);
    block->inner = NULL;
    QN_TRY(status);
    return qn_expr_list_add(shared, condition);
}

/* Terms of the subquery alone become filters, the others the join's. */
static qn_status add_term(sql_block *block, sql_block *inner, const sql_node *term,
                          qn_expr_list *shared) {
    if (qn_sql_is_correlated(inner, term))
        return add_shared(block, inner, term, shared);
    return qn_sql_add_local_term(inner, term);
}

static qn_status add_terms(sql_block *block, sql_block *inner, qn_expr_list *shared) {
    const sql_node *where = inner->select->where_clause;
    if (where == NULL)
        return QN_OK;
    if (where->node_case != PG_QUERY__NODE__NODE_BOOL_EXPR ||
        where->bool_expr->boolop != PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR)
        return add_term(block, inner, where, shared);
    for (size_t i = 0; i < where->bool_expr->n_args; i++)
        QN_TRY(add_term(block, inner, where->bool_expr->args[i], shared));
    return QN_OK;
}

/* x IN (SELECT y ...): x = y is one more term. */
static qn_status add_membership(sql_block *block, sql_block *inner, const PgQuery__SubLink *node,
                                qn_expr_list *shared) {
    const PgQuery__SelectStmt *select = inner->select;
    qn_expr *sides[2] = {NULL, NULL}, *value = NULL, *condition = NULL;
    if (node->testexpr == NULL)
        return QN_OK;
    if (select->n_target_list != 1 || qn_sql_is_star(select->target_list[0]->res_target->val))
        return qn_sql_fail(block->query->source, node->location,
                           "a subquery in this place must have one column, called by its name");
    QN_TRY(qn_sql_convert_at(block, block->place, node->testexpr, &sides[0]));
    qn_status status =
        qn_sql_convert_at(inner, SQL_OUTPUT, select->target_list[0]->res_target->val, &value);
    if (status == QN_OK)
        status = qn_sql_add_inner(inner, value, &sides[1]);
    if (status != QN_OK) {
        qn_expr_free(sides[0]);
        return status;
    }
    QN_TRY(qn_expr_call(&condition, "=", sides, 2, node->location));
    return qn_expr_list_add(shared, condition);
}

/* ---- The join -------------------------------------------------------------------------------- */

static bool is_simple(const PgQuery__SelectStmt *select) {
    bool plain = select->op == PG_QUERY__SET_OPERATION__SETOP_NONE && select->with_clause == NULL &&
                 select->n_values_lists == 0 && select->n_from_clause > 0 &&
                 select->n_group_clause == 0 && select->having_clause == NULL &&
                 select->limit_count == NULL && select->limit_offset == NULL;
    for (size_t i = 0; plain && i < select->n_target_list; i++)
        plain = !qn_sql_has_aggregate(select->target_list[i]->res_target->val);
    return plain;
}

/* Any column will do where the condition needs none. */
static qn_status project_columns(sql_block *inner) {
    const qn_scalar one = {.type = QN_INT32, .integer = 1};
    qn_expr *expression = NULL, *mention = NULL;
    if (inner->column_count == 0) {
        QN_TRY(qn_expr_literal(&expression, one, -1));
        QN_TRY(qn_sql_add_inner(inner, expression, &mention));
        qn_expr_free(mention);
    }
    qn_plan *in = inner->plan;
    int32_t count = (int32_t)inner->column_count;
    inner->plan = NULL;
    inner->column_count = 0;
    return qn_plan_project(&inner->plan, in, inner->columns, count);
}

static qn_status build(sql_block *block, sql_block *inner, const PgQuery__SubLink *node,
                       sql_pending *pending) {
    qn_expr_list shared = {0};
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_sql_from(inner), done);
    QN_TRY_GOTO(add_terms(block, inner, &shared), done);
    QN_TRY_GOTO(add_membership(block, inner, node, &shared), done);
    QN_TRY_GOTO(project_columns(inner), done);
    QN_TRY_GOTO(qn_expr_join_and(&pending->condition, &shared), done);
    pending->plan = inner->plan;
    inner->plan = NULL;
done:
    qn_expr_list_clear(&shared);
    return status;
}

qn_status qn_sql_correlated(sql_block *block, const PgQuery__SubLink *node, qn_plan_join_kind kind,
                            const char *name) {
    const PgQuery__SelectStmt *select = node->subselect->select_stmt;
    sql_block inner = {.query = block->query, .outer = block, .select = select};
    sql_pending pending = {NULL, kind, NULL, name, node->location};
    bool in_groups = block->grouped && qn_sql_behind_aggregate(block->place);
    if (!is_simple(select) || in_groups || block->query->depth >= QN_SQL_NESTING_LIMIT) {
        qn_status status = qn_sql_unsupported(block->query->source, node->location,
                                              "a correlated subquery of this form");
        qn_error_help("it may have FROM and WHERE only, and stand where rows are not grouped yet; "
                      "else join with a subquery that has a GROUP BY");
        return status;
    }
    block->query->depth++;
    qn_status status = build(block, &inner, node, &pending);
    block->query->depth--;
    if (status == QN_OK)
        status = qn_sql_attach(block, &pending);
    qn_sql_block_clear(&inner);
    return status;
}
