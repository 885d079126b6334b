/* Subqueries in expressions: joins below the expression, which mentions a hidden column.
 *
 *     (SELECT max(x) FROM u)      cross join with the one row
 *     EXISTS (SELECT ...)         the same, of count(*) > 0 over the first row
 *     x IN (SELECT y FROM u)      in WHERE a semi join, NOT IN an anti join that knows nulls;
 *                                 elsewhere a mark join */
#include "features/sql/query/query.h"
#include "features/sql/tree.h"

#include "core/memory.h"

#include <string.h>

/* ---- Joining --------------------------------------------------------------------------------- */

static qn_status join_now(sql_block *block, sql_pending *pending) {
    const qn_plan_join_spec spec = {.kind = pending->kind,
                                    .condition = pending->condition,
                                    .name = pending->name,
                                    .tolerance = -1,
                                    .position = pending->position};
    qn_plan *left = block->plan, *right = pending->plan;
    block->plan = pending->plan = NULL;
    pending->condition = NULL;
    return qn_plan_join(&block->plan, left, right, &spec);
}

qn_status qn_sql_join_pending(sql_block *block) {
    for (int64_t i = 0; i < block->pending_count; i++)
        QN_TRY(join_now(block, &block->pending[i]));
    return QN_OK;
}

/* Takes over the plan and the condition. Behind an aggregation, joins wait for it. */
qn_status qn_sql_attach(sql_block *block, sql_pending *pending) {
    qn_status status = QN_OK;
    if (!block->grouped || !qn_sql_behind_aggregate(block->place))
        return join_now(block, pending);
    status = qn_mem_reserve(&block->pending, &block->pending_capacity, block->pending_count + 1,
                            sizeof *block->pending);
    if (status != QN_OK) {
        qn_plan_free(pending->plan);
        qn_expr_free(pending->condition);
        return status;
    }
    block->pending[block->pending_count++] = *pending;
    return QN_OK;
}

static qn_status hide(sql_block *block, const char *text, const char **name) {
    char *copy = NULL;
    QN_TRY(qn_mem_copy_text(&copy, text));
    return qn_sql_hide(block, "sub", &block->query->subqueries, copy, name);
}

/* ---- One column ------------------------------------------------------------------------------ */

/* A subquery with one column; *name is that of the column, the caller's (NULL behind '*'). */
static qn_status build_column(sql_block *block, const PgQuery__SubLink *node, qn_plan **plan,
                              char **name) {
    sql_outputs outputs = {0};
    QN_TRY(qn_sql_build(block->query, block, node->subselect->select_stmt, plan, &outputs));
    qn_status status = QN_OK;
    if (outputs.count != 1)
        status = qn_sql_fail(block->query->source, node->location,
                             "a subquery in this place must have one column; this one has %d",
                             outputs.count);
    if (status == QN_OK && outputs.items[0].name != NULL)
        status = qn_mem_copy_text(name, outputs.items[0].name);
    qn_sql_outputs_clear(&outputs);
    if (status != QN_OK) {
        qn_plan_free(*plan);
        *plan = NULL;
    }
    return status;
}

static qn_status attach_single(sql_block *block, qn_plan *plan, const char *text, int32_t position,
                               qn_expr **out) {
    const char *name = NULL;
    qn_plan *single = NULL;
    qn_status status = hide(block, text, &name);
    if (status != QN_OK) {
        qn_plan_free(plan);
        return status;
    }
    QN_TRY(qn_plan_single(&single, plan, name, position));
    sql_pending pending = {single, QN_PLAN_CROSS, NULL, name, position};
    QN_TRY(qn_sql_attach(block, &pending));
    return qn_expr_column(out, name, position);
}

static qn_status convert_scalar(sql_scope *scope, const PgQuery__SubLink *node, qn_expr **out) {
    qn_plan *plan = NULL;
    char *text = NULL;
    if (qn_sql_is_correlated_query(scope->block, node->subselect))
        return qn_sql_correlated_value(scope->block, node, out);
    QN_TRY(build_column(scope->block, node, &plan, &text));
    qn_status status = attach_single(scope->block, plan, text != NULL ? text : "subquery",
                                     qn_sql_position(scope, node->location), out);
    qn_mem_free(text);
    return status;
}

/* ---- EXISTS ---------------------------------------------------------------------------------- */

/* count(*) > 0 over the first row; takes over the plan. */
static qn_status count_first(qn_plan *plan, int32_t position, qn_plan **out) {
    const qn_scalar zero = {.type = QN_INT64};
    const qn_plan_call count = {.function = "count", .name = "$exists", .position = position};
    char name[] = "exists";
    qn_expr *sides[2] = {NULL, NULL};
    qn_plan_output output = {.name = name, .position = position};
    QN_TRY(qn_plan_limit(&plan, plan, 1, 0, position));
    QN_TRY(qn_plan_aggregate(&plan, plan, NULL, 0, &count, 1));
    qn_status status = qn_expr_column(&sides[0], "$exists", position);
    if (status == QN_OK)
        status = qn_expr_literal(&sides[1], zero, position);
    if (status == QN_OK)
        status = qn_expr_call(&output.expression, ">", sides, 2, position);
    else
        qn_expr_free(sides[0]);
    if (status != QN_OK) {
        qn_plan_free(plan);
        return status;
    }
    return qn_plan_project(out, plan, &output, 1);
}

static qn_status convert_exists(sql_scope *scope, const PgQuery__SubLink *node, qn_expr **out) {
    sql_block *block = scope->block;
    int32_t position = qn_sql_position(scope, node->location);
    qn_plan *plan = NULL, *counted = NULL;
    if (qn_sql_is_correlated_query(block, node->subselect)) {
        const char *name = NULL;
        QN_TRY(hide(block, "exists", &name));
        QN_TRY(qn_sql_correlated(block, node, QN_PLAN_MARK, name));
        return qn_expr_column(out, name, position);
    }
    QN_TRY(qn_sql_build(block->query, block, node->subselect->select_stmt, &plan, NULL));
    QN_TRY(count_first(plan, position, &counted));
    return attach_single(block, counted, "exists", position, out);
}

/* ---- IN -------------------------------------------------------------------------------------- */

static qn_status equal(qn_expr *left, const char *right, int32_t position, qn_expr **out) {
    qn_expr *sides[] = {left, NULL};
    qn_status status = qn_expr_column(&sides[1], right, position);
    if (status != QN_OK) {
        qn_expr_free(left);
        return status;
    }
    return qn_expr_call(out, "=", sides, 2, position);
}

/* The subquery's column gets a hidden name; the condition compares with it. */
static qn_status build_in(sql_block *block, const PgQuery__SubLink *node, qn_plan_join_kind kind,
                          sql_pending *out) {
    const sql_source *source = block->query->source;
    sql_pending pending = {NULL, kind, NULL, NULL, node->location};
    const char *name = NULL;
    char *column = NULL;
    qn_expr *left = NULL;
    qn_status status = QN_OK;
    if (node->testexpr->node_case == PG_QUERY__NODE__NODE_ROW_EXPR) {
        status = qn_sql_unsupported(source, qn_sql_location(node->testexpr),
                                    "a row (a, b) IN a subquery");
        qn_error_help("write EXISTS (SELECT ... WHERE inner.a = outer.a AND inner.b = outer.b)");
        return status;
    }
    QN_TRY_GOTO(build_column(block, node, &pending.plan, &column), done);
    QN_TRY_GOTO(hide(block, column != NULL ? column : "subquery", &name), done);
    QN_TRY_GOTO(qn_sql_convert_at(block, block->place, node->testexpr, &left), done);
    QN_TRY_GOTO(equal(left, name, node->location, &pending.condition), done);
    qn_plan *in = pending.plan;
    pending.plan = NULL;
    char *names[] = {(char *)(uintptr_t)name};
    QN_TRY_GOTO(qn_plan_alias(&pending.plan, in, name, names, 1, node->location), done);
    *out = pending;
    pending = (sql_pending){0};
done:
    qn_mem_free(column);
    qn_plan_free(pending.plan);
    qn_expr_free(pending.condition);
    return status;
}

static qn_status convert_in(sql_scope *scope, const PgQuery__SubLink *node, qn_expr **out) {
    sql_block *block = scope->block;
    sql_pending pending = {0};
    const char *mark = NULL;
    qn_status status = hide(block, "in", &mark);
    QN_TRY(status);
    if (qn_sql_is_correlated_query(block, node->subselect)) {
        status = qn_sql_unsupported(scope->source, node->location,
                                    "IN of a correlated subquery outside of WHERE's terms");
        qn_error_help("write it as a term of WHERE that AND joins, or join with the table");
        return status;
    }
    QN_TRY(build_in(block, node, QN_PLAN_MARK_IN, &pending));
    pending.name = mark;
    QN_TRY(qn_sql_attach(block, &pending));
    return qn_expr_column(out, mark, qn_sql_position(scope, node->location));
}

/* ---- Kinds ----------------------------------------------------------------------------------- */

/* IN and = ANY: 1. NOT IN, <> ALL: -1. Else 0. */
static int membership(const PgQuery__SubLink *node) {
    const char *name = node->n_oper_name > 0 ? qn_sql_string(node->oper_name[0]) : "=";
    if (node->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK && strcmp(name, "=") == 0)
        return 1;
    if (node->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK && strcmp(name, "<>") == 0)
        return -1;
    return 0;
}

static qn_status refuse(const sql_scope *scope, const PgQuery__SubLink *node) {
    const char *name = node->n_oper_name > 0 ? qn_sql_string(node->oper_name[0]) : "";
    qn_status status;
    switch (node->sub_link_type) {
    case PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK:
        status = qn_sql_unsupported(scope->source, node->location, "ARRAY(SELECT ...)");
        qn_error_help("collect_list(x) makes a list of a group");
        return status;
    case PG_QUERY__SUB_LINK_TYPE__ROWCOMPARE_SUBLINK:
        return qn_sql_unsupported(scope->source, node->location, "a row compared with a subquery");
    default:
        status = qn_sql_fail(
            scope->source, node->location, "'%s %s' of a subquery is not part of this version",
            name, node->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK ? "ALL" : "ANY");
        qn_error_help("compare with (SELECT min(x) ...) or (SELECT max(x) ...)");
        return status;
    }
}

qn_status qn_sql_sublink(sql_scope *scope, const PgQuery__SubLink *node, qn_expr **out) {
    sql_place place = scope->block->place;
    if (place == SQL_ON || place == SQL_VALUES || place == SQL_SET_ORDER ||
        scope->block->inner != NULL) {
        qn_status status =
            qn_sql_fail(scope->source, node->location, "a subquery cannot stand in %s",
                        scope->block->inner != NULL ? "the condition of a correlated one"
                                                    : qn_sql_place_name(place));
        if (place == SQL_ON)
            qn_error_help("write it in WHERE, or as a table in FROM");
        return status;
    }
    if (node->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK)
        return convert_scalar(scope, node, out);
    if (node->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK)
        return convert_exists(scope, node, out);
    int member = membership(node);
    if (member == 0)
        return refuse(scope, node);
    QN_TRY(convert_in(scope, node, out));
    return member > 0 ? QN_OK : qn_sql_wrap(scope, "not", node->location, out);
}

/* ---- Terms of WHERE -------------------------------------------------------------------------- */

/* The subquery of a term, through NOT. */
static const PgQuery__SubLink *term_subquery(const sql_node *term, bool *negated) {
    for (; term->node_case == PG_QUERY__NODE__NODE_BOOL_EXPR &&
           term->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR;
         term = term->bool_expr->args[0])
        *negated = !*negated;
    return term->node_case == PG_QUERY__NODE__NODE_SUB_LINK ? term->sub_link : NULL;
}

bool qn_sql_is_join_term(const sql_block *block, const sql_node *term) {
    bool negated = false;
    const PgQuery__SubLink *node = term_subquery(term, &negated);
    if (node == NULL)
        return false;
    if (node->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK)
        return qn_sql_is_correlated_query(block, node->subselect);
    return membership(node) != 0;
}

/* At its place in WHERE. */
static qn_status join_term(sql_block *block, const PgQuery__SubLink *node, bool negated) {
    sql_pending pending = {0};
    bool correlated = qn_sql_is_correlated_query(block, node->subselect);
    if (node->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK)
        return qn_sql_correlated(block, node, negated ? QN_PLAN_ANTI : QN_PLAN_SEMI, NULL);
    bool out = negated != (membership(node) < 0);
    if (correlated && out) {
        qn_status status = qn_sql_unsupported(block->query->source, node->location,
                                              "NOT IN of a correlated subquery");
        qn_error_help("write NOT EXISTS (SELECT ... WHERE inner.x = outer.x AND ...)");
        return status;
    }
    if (correlated)
        return qn_sql_correlated(block, node, QN_PLAN_SEMI, NULL);
    QN_TRY(build_in(block, node, out ? QN_PLAN_ANTI_IN : QN_PLAN_SEMI, &pending));
    return qn_sql_attach(block, &pending);
}

qn_status qn_sql_where_join(sql_block *block, const sql_node *term) {
    bool negated = false;
    const PgQuery__SubLink *node = term_subquery(term, &negated);
    sql_place before = block->place;
    block->place = SQL_WHERE;
    qn_status status = join_term(block, node, negated);
    block->place = before;
    return status;
}
