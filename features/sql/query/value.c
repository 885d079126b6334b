/* A correlated subquery that stands for one aggregated value:
 *
 *     x > (SELECT avg(u.x) FROM u WHERE u.k = t.k AND u.y > 0)
 *
 *     Left join on t.k = '$sub0'
 *       ...
 *       Aggregate by u.k AS '$sub0': avg(u.x) AS '$agg0'
 *         Filter u.y > 0
 *
 * Rows without a group find nulls, and zeros for counts. */
#include "features/sql/query/query.h"
#include "features/sql/tree.h"

#include "core/memory.h"

#include <string.h>

static qn_status refuse(const sql_block *block, int32_t location) {
    qn_status status =
        qn_sql_unsupported(block->query->source, location, "a correlated subquery of this form");
    qn_error_help("as a value it may be one aggregate with FROM and WHERE, whose terms mention the "
                  "tables outside as inner.key = outer.key; else join with a subquery that has a "
                  "GROUP BY");
    return status;
}

static bool is_simple(const PgQuery__SelectStmt *select) {
    return select->op == PG_QUERY__SET_OPERATION__SETOP_NONE && select->with_clause == NULL &&
           select->n_values_lists == 0 && select->n_from_clause > 0 &&
           select->n_group_clause == 0 && select->having_clause == NULL &&
           select->n_distinct_clause == 0 && select->n_sort_clause == 0 &&
           select->limit_count == NULL && select->limit_offset == NULL &&
           select->n_target_list == 1 &&
           qn_sql_has_aggregate(select->target_list[0]->res_target->val);
}

/* ---- Terms ----------------------------------------------------------------------------------- */

/* The sides of inner = outer; false if the term is something else. */
static bool find_sides(const sql_block *inner, const sql_node *term, const sql_node **inside,
                       const sql_node **outside) {
    if (term->node_case != PG_QUERY__NODE__NODE_A_EXPR ||
        term->a_expr->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP || term->a_expr->n_name != 1 ||
        term->a_expr->lexpr == NULL || strcmp(qn_sql_string(term->a_expr->name[0]), "=") != 0)
        return false;
    const sql_node *left = term->a_expr->lexpr, *right = term->a_expr->rexpr;
    bool of_left = qn_sql_is_correlated(inner, left), of_right = qn_sql_is_correlated(inner, right);
    *inside = of_left ? right : left;
    *outside = of_left ? left : right;
    return of_left != of_right;
}

/* The key of the subquery's groups, and its equality with what is outside. */
static qn_status add_key(sql_block *block, sql_block *inner, const sql_node *term,
                         qn_expr_list *equalities) {
    const sql_node *inside = NULL, *outside = NULL;
    qn_expr *key = NULL, *sides[2] = {NULL, NULL}, *equality = NULL;
    if (!find_sides(inner, term, &inside, &outside))
        return refuse(block, qn_sql_location(term));
    int64_t before = inner->column_count;
    block->inner = inner;
    qn_status status = qn_sql_convert_at(block, block->place, outside, &sides[0]);
    block->inner = NULL;
    if (status == QN_OK && inner->column_count != before)
        status = refuse(block, qn_sql_location(outside));
    if (status == QN_OK)
        status = qn_sql_convert_at(inner, SQL_GROUP_BY, inside, &key);
    if (status == QN_OK)
        status = qn_sql_add_inner(inner, key, &sides[1]);
    if (status != QN_OK) {
        qn_expr_free(sides[0]);
        return status;
    }
    QN_TRY(qn_expr_call(&equality, "=", sides, 2, qn_sql_location(term)));
    return qn_expr_list_add(equalities, equality);
}

static qn_status add_term(sql_block *block, sql_block *inner, const sql_node *term,
                          qn_expr_list *equalities) {
    if (qn_sql_is_correlated(inner, term))
        return add_key(block, inner, term, equalities);
    return qn_sql_add_local_term(inner, term);
}

static qn_status add_terms(sql_block *block, sql_block *inner, qn_expr_list *equalities) {
    const sql_node *where = inner->select->where_clause;
    if (where == NULL)
        return QN_OK;
    if (where->node_case != PG_QUERY__NODE__NODE_BOOL_EXPR ||
        where->bool_expr->boolop != PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR)
        return add_term(block, inner, where, equalities);
    for (size_t i = 0; i < where->bool_expr->n_args; i++)
        QN_TRY(add_term(block, inner, where->bool_expr->args[i], equalities));
    return QN_OK;
}

/* ---- The value ------------------------------------------------------------------------------- */

/* A count of no rows is zero, where the join gives null. */
static qn_status count_as_zero(void *context, const char *column, qn_expr **out) {
    const sql_block *inner = context;
    const sql_call *call = NULL;
    qn_expr *parts[2] = {NULL, NULL};
    for (int64_t i = 0; i < inner->call_count; i++)
        if (strcmp(inner->calls[i].name, column) == 0)
            call = &inner->calls[i];
    if (call == NULL || strstr(call->function, "count") == NULL)
        return QN_OK;
    QN_TRY(qn_expr_column(&parts[0], column, call->position));
    qn_status status = qn_expr_literal(&parts[1], (qn_scalar){.type = QN_INT64}, call->position);
    if (status != QN_OK) {
        qn_expr_free(parts[0]);
        return status;
    }
    return qn_expr_call(out, "coalesce", parts, 2, call->position);
}

/* The names of the subquery's aggregates are mentioned outside from now on. */
static qn_status hand_over_names(sql_block *block, sql_block *inner) {
    QN_TRY(qn_mem_reserve(&block->names, &block->name_capacity,
                          block->name_count + inner->name_count, sizeof *block->names));
    for (int64_t i = 0; i < inner->name_count; i++)
        block->names[block->name_count++] = inner->names[i];
    inner->name_count = 0;
    return QN_OK;
}

static qn_status aggregate(sql_block *inner) {
    int32_t keys = (int32_t)inner->column_count;
    inner->column_count = 0;
    return qn_sql_aggregate_over(&inner->plan, inner->columns, keys, inner->calls,
                                 (int32_t)inner->call_count);
}

static qn_status build(sql_block *block, sql_block *inner, sql_pending *pending, qn_expr **value) {
    qn_expr_list equalities = {0};
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_sql_from(inner), done);
    QN_TRY_GOTO(add_terms(block, inner, &equalities), done);
    inner->grouped = true;
    QN_TRY_GOTO(
        qn_sql_convert_at(inner, SQL_OUTPUT, inner->select->target_list[0]->res_target->val, value),
        done);
    if (inner->pending_count > 0 || inner->window_count > 0 || equalities.count == 0) {
        status = refuse(block, pending->position);
        goto done;
    }
    QN_TRY_GOTO(qn_expr_replace(value, count_as_zero, inner), done);
    QN_TRY_GOTO(qn_expr_join_and(&pending->condition, &equalities), done);
    QN_TRY_GOTO(aggregate(inner), done);
    QN_TRY_GOTO(hand_over_names(block, inner), done);
    pending->plan = inner->plan;
    inner->plan = NULL;
done:
    qn_expr_list_clear(&equalities);
    return status;
}

qn_status qn_sql_correlated_value(sql_block *block, const PgQuery__SubLink *node, qn_expr **out) {
    const PgQuery__SelectStmt *select = node->subselect->select_stmt;
    sql_block inner = {.query = block->query, .outer = block, .select = select};
    sql_pending pending = {NULL, QN_PLAN_LEFT, NULL, NULL, node->location};
    qn_expr *value = NULL;
    if (!is_simple(select) || block->query->depth >= QN_SQL_NESTING_LIMIT)
        return refuse(block, node->location);
    block->query->depth++;
    qn_status status = build(block, &inner, &pending, &value);
    block->query->depth--;
    if (status == QN_OK)
        status = qn_sql_attach(block, &pending);
    else
        qn_expr_free(pending.condition);
    qn_sql_block_clear(&inner);
    if (status != QN_OK) {
        qn_expr_free(value);
        return status;
    }
    *out = value;
    return QN_OK;
}
