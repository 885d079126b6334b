/* One SELECT: its clauses are converted, then put together from the inside out. */
#include "features/sql/query/query.h"
#include "features/sql/tree.h"

#include "core/memory.h"

#include <string.h>

/* ---- Expressions in a block ------------------------------------------------------------------ */

const char *qn_sql_place_name(sql_place place) {
    static const char *const names[] = {[SQL_ON] = "ON",
                                        [SQL_WHERE] = "WHERE",
                                        [SQL_GROUP_BY] = "GROUP BY",
                                        [SQL_ARGUMENT] = "an aggregate function",
                                        [SQL_VALUES] = "VALUES",
                                        [SQL_OUTPUT] = "an output",
                                        [SQL_HAVING] = "HAVING",
                                        [SQL_WINDOW] = "a window function",
                                        [SQL_ORDER_BY] = "ORDER BY",
                                        [SQL_DISTINCT_ON] = "DISTINCT ON",
                                        [SQL_SET_ORDER] = "ORDER BY behind a set operation"};
    return names[place];
}

qn_status qn_sql_convert_at(sql_block *block, sql_place place, const sql_node *node,
                            qn_expr **out) {
    sql_scope scope = {block->query->source, block, QN_SQL_NODE_BUDGET};
    sql_place before = block->place;
    block->place = place;
    qn_status status = qn_sql_convert(&scope, node, out);
    block->place = before;
    return status;
}

/* NULL alone has no type of its own; as a condition it is boolean. */
qn_status qn_sql_convert_condition(sql_block *block, sql_place place, const sql_node *node,
                                   qn_expr **out) {
    qn_expr *condition = NULL;
    QN_TRY(qn_sql_convert_at(block, place, node, &condition));
    bool null = node->node_case == PG_QUERY__NODE__NODE_A_CONST && node->a_const->isnull;
    if (null)
        return qn_expr_cast(out, condition, QN_BOOL, -1);
    *out = condition;
    return QN_OK;
}

static qn_status convert_call(sql_scope *scope, const PgQuery__FuncCall *node, qn_expr **out,
                              bool *done) {
    *done = true;
    if (node->over != NULL)
        return qn_sql_window_call(scope, node, out);
    if (qn_sql_is_aggregate(node))
        return qn_sql_aggregate_call(scope, node, out);
    *done = false;
    return QN_OK;
}

qn_status qn_sql_convert_in_block(sql_scope *scope, const sql_node *node, qn_expr **out,
                                  bool *done) {
    sql_block *block = scope->block;
    const sql_key *key =
        qn_sql_behind_aggregate(block->place) ? qn_sql_find_key(block, node) : NULL;
    *done = true;
    if (key != NULL)
        return qn_expr_column(out, key->column, qn_sql_location(node));
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return qn_sql_block_column(scope, node->column_ref, out);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return convert_call(scope, node->func_call, out, done);
    case PG_QUERY__NODE__NODE_SUB_LINK:
        return qn_sql_sublink(scope, node->sub_link, out);
    case PG_QUERY__NODE__NODE_GROUPING_FUNC:
        return qn_sql_grouping(scope, node->grouping_func, out);
    default:
        *done = false;
        return QN_OK;
    }
}

/* ---- WHERE ----------------------------------------------------------------------------------- */

static qn_status add_filter(sql_block *block, qn_expr *condition, const sql_node *node) {
    qn_plan *in = block->plan;
    block->plan = NULL;
    return qn_plan_filter(&block->plan, in, condition, qn_sql_location(node));
}

/* The terms that become joins come behind the others, which are cheaper. */
static qn_status add_terms(sql_block *block, const PgQuery__BoolExpr *all) {
    qn_expr_list terms = {0};
    qn_expr *condition = NULL;
    qn_status status = QN_OK;
    for (size_t i = 0; i < all->n_args; i++) {
        qn_expr *term = NULL;
        if (qn_sql_is_join_term(block, all->args[i]))
            continue;
        QN_TRY_GOTO(qn_sql_convert_condition(block, SQL_WHERE, all->args[i], &term), done);
        QN_TRY_GOTO(qn_expr_list_add(&terms, term), done);
    }
    QN_TRY_GOTO(qn_expr_join_and(&condition, &terms), done);
    if (condition != NULL)
        QN_TRY_GOTO(add_filter(block, condition, all->args[0]), done);
    for (size_t i = 0; i < all->n_args; i++)
        if (qn_sql_is_join_term(block, all->args[i]))
            QN_TRY_GOTO(qn_sql_where_join(block, all->args[i]), done);
done:
    qn_expr_list_clear(&terms);
    return status;
}

static bool has_join_term(const sql_block *block, const PgQuery__BoolExpr *all) {
    for (size_t i = 0; i < all->n_args; i++)
        if (qn_sql_is_join_term(block, all->args[i]))
            return true;
    return false;
}

static qn_status add_where(sql_block *block) {
    const sql_node *where = block->select->where_clause;
    qn_expr *condition = NULL;
    if (where == NULL)
        return QN_OK;
    if (qn_sql_is_join_term(block, where))
        return qn_sql_where_join(block, where);
    if (where->node_case == PG_QUERY__NODE__NODE_BOOL_EXPR &&
        where->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR &&
        has_join_term(block, where->bool_expr))
        return add_terms(block, where->bool_expr);
    QN_TRY(qn_sql_convert_condition(block, SQL_WHERE, where, &condition));
    return add_filter(block, condition, where);
}

/* ---- Putting together ------------------------------------------------------------------------ */

static qn_status add_having(sql_block *block) {
    qn_expr *condition = block->having;
    block->having = NULL;
    return condition == NULL ? QN_OK : add_filter(block, condition, block->select->having_clause);
}

static qn_status add_project(sql_block *block) {
    qn_plan *in = block->plan;
    int32_t count = (int32_t)block->output_count;
    block->plan = NULL;
    block->output_count = 0;
    return qn_plan_project(&block->plan, in, block->outputs, count);
}

static qn_status add_distinct(sql_block *block, char *const *columns, int32_t count) {
    qn_plan *in = block->plan;
    block->plan = NULL;
    return qn_plan_distinct(&block->plan, in, columns, count, qn_sql_first_location(block->select));
}

static qn_status add_sort(sql_block *block) {
    qn_plan *in = block->plan;
    int32_t count = block->order_count;
    if (count == 0)
        return QN_OK;
    block->plan = NULL;
    block->order_count = 0;
    return qn_plan_sort(&block->plan, in, block->order, count);
}

/* Hidden columns go once rows are in order. */
static qn_status drop_hidden(sql_block *block) {
    const qn_plan_output all = {.position = -1};
    qn_plan *in = block->plan;
    if (!block->hides)
        return QN_OK;
    block->plan = NULL;
    return qn_plan_project(&block->plan, in, &all, 1);
}

static qn_status put_together(sql_block *block) {
    bool on = qn_sql_is_distinct_on(block->select);
    if (block->grouped)
        QN_TRY(qn_sql_add_aggregate(block));
    QN_TRY(qn_sql_join_pending(block));
    QN_TRY(add_having(block));
    QN_TRY(qn_sql_add_windows(block));
    QN_TRY(add_project(block));
    if (!on && block->select->n_distinct_clause > 0)
        QN_TRY(add_distinct(block, NULL, 0));
    QN_TRY(add_sort(block));
    if (on)
        QN_TRY(add_distinct(block, block->distinct_on, block->distinct_count));
    QN_TRY(qn_sql_add_limit(block->query, block->select, &block->plan));
    return drop_hidden(block);
}

static qn_status convert_having(sql_block *block) {
    const sql_node *having = block->select->having_clause;
    return having == NULL ? QN_OK
                          : qn_sql_convert_condition(block, SQL_HAVING, having, &block->having);
}

static qn_status build(sql_block *block, sql_outputs *names) {
    QN_TRY(qn_sql_from(block));
    QN_TRY(add_where(block));
    QN_TRY(qn_sql_group(block));
    QN_TRY(qn_sql_convert_outputs(block, names));
    QN_TRY(convert_having(block));
    QN_TRY(qn_sql_convert_order(block, names));
    return put_together(block);
}

qn_status qn_sql_build_block(sql_query *query, const sql_block *outer,
                             const PgQuery__SelectStmt *select, qn_plan **out,
                             sql_outputs *outputs) {
    sql_block block = {.query = query, .outer = outer, .select = select};
    qn_status status = build(&block, outputs);
    if (status == QN_OK) {
        *out = block.plan;
        block.plan = NULL;
    }
    qn_sql_block_clear(&block);
    return status;
}

static void clear_expressions(sql_block *block) {
    for (int64_t i = 0; i < block->key_count; i++) {
        qn_expr_free(block->keys[i].expression);
        qn_mem_free(block->keys[i].owned);
    }
    for (int64_t i = 0; i < block->call_count; i++)
        qn_sql_call_clear(&block->calls[i]);
    for (int64_t i = 0; i < block->window_count; i++)
        qn_sql_call_clear(&block->windows[i]);
    for (int64_t i = 0; i < block->pending_count; i++) {
        qn_plan_free(block->pending[i].plan);
        qn_expr_free(block->pending[i].condition);
    }
    for (int64_t i = 0; i < block->output_count; i++)
        qn_expr_free(block->outputs[i].expression);
    for (int64_t i = 0; i < block->column_count; i++)
        qn_expr_free(block->columns[i].expression);
    qn_expr_free(block->having);
    qn_sql_order_clear(block->order, block->order_count);
}

void qn_sql_block_clear(sql_block *block) {
    clear_expressions(block);
    qn_plan_free(block->plan);
    for (int64_t i = 0; i < block->name_count; i++) {
        qn_mem_free(block->names[i].name);
        qn_mem_free(block->names[i].text);
    }
    qn_mem_free(block->names);
    qn_mem_free(block->keys);
    qn_mem_free(block->sets);
    qn_mem_free(block->groupings);
    qn_mem_free(block->calls);
    qn_mem_free(block->windows);
    qn_mem_free(block->pending);
    qn_mem_free(block->outputs);
    qn_mem_free(block->columns);
    qn_mem_free(block->tables);
    qn_mem_free(block->distinct_on);
    *block = (sql_block){0};
}
