/* Joins of FROM: kinds, conditions, the words that PostgreSQL's grammar lacks. */
#include "features/sql/interval.h"
#include "features/sql/query/query.h"
#include "features/sql/tree.h"

#include "core/memory.h"
#include "core/text/number.h"

#include <string.h>

/* The word JOIN itself: the last one before the right side. */
static int32_t join_word(const sql_source *source, const PgQuery__JoinExpr *join) {
    int32_t right = qn_sql_first_location(join->rarg), word = -1;
    for (size_t i = 0; i < source->tokens->n_tokens; i++) {
        const PgQuery__ScanToken *token = source->tokens->tokens[i];
        if (token->start >= right)
            break;
        if (token->token == PG_QUERY__TOKEN__JOIN)
            word = token->start;
    }
    return word;
}

static qn_plan_join_kind plain_kind(const PgQuery__JoinExpr *join) {
    switch (join->jointype) {
    case PG_QUERY__JOIN_TYPE__JOIN_LEFT:
        return QN_PLAN_LEFT;
    case PG_QUERY__JOIN_TYPE__JOIN_RIGHT:
        return QN_PLAN_RIGHT;
    case PG_QUERY__JOIN_TYPE__JOIN_FULL:
        return QN_PLAN_FULL;
    default:
        return join->quals == NULL && join->n_using_clause == 0 && !join->is_natural
                   ? QN_PLAN_CROSS
                   : QN_PLAN_INNER;
    }
}

/* SEMI, ANTI and ASOF stand before JOIN or LEFT JOIN. */
static qn_status marked_kind(const sql_source *source, const PgQuery__JoinExpr *join, int32_t word,
                             qn_plan_join_kind *out) {
    bool semi = qn_sql_has_mark(source, QN_SQL_MARK_SEMI, word);
    bool anti = qn_sql_has_mark(source, QN_SQL_MARK_ANTI, word);
    bool asof = qn_sql_has_mark(source, QN_SQL_MARK_ASOF, word);
    bool left = join->jointype == PG_QUERY__JOIN_TYPE__JOIN_LEFT;
    const char *name = semi ? "SEMI" : anti ? "ANTI" : "ASOF";
    if (!semi && !anti && !asof) {
        *out = plain_kind(join);
        return QN_OK;
    }
    if (!left && join->jointype != PG_QUERY__JOIN_TYPE__JOIN_INNER)
        return qn_sql_fail(source, word, "a RIGHT or FULL join cannot be %s: write LEFT", name);
    if (asof && (join->quals == NULL || join->is_natural)) {
        qn_status status = qn_sql_fail(source, word, "ASOF JOIN takes a condition behind ON");
        qn_error_help("write ON a.key = b.key AND a.time >= b.time");
        return status;
    }
    if (plain_kind(join) == QN_PLAN_CROSS)
        return qn_sql_fail(source, word, "%s JOIN takes ON or USING", name);
    *out = semi ? QN_PLAN_SEMI : anti ? QN_PLAN_ANTI : left ? QN_PLAN_ASOF_LEFT : QN_PLAN_ASOF;
    return QN_OK;
}

/* ---- Tolerance of ASOF joins ----------------------------------------------------------------- */

/* a OP b as a comparison or difference; false if the node is something else. */
static bool is_operation(const sql_node *node, const char *const *names) {
    if (node->node_case != PG_QUERY__NODE__NODE_A_EXPR ||
        node->a_expr->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP || node->a_expr->n_name != 1 ||
        node->a_expr->lexpr == NULL)
        return false;
    for (; *names != NULL; names++)
        if (strcmp(qn_sql_string(node->a_expr->name[0]), *names) == 0)
            return true;
    return false;
}

/* Whether some term compares the two sides of a difference. */
static bool is_compared(const PgQuery__BoolExpr *terms, const PgQuery__AExpr *difference) {
    static const char *const comparisons[] = {">=", ">", "<=", "<", NULL};
    for (size_t i = 0; i < terms->n_args; i++) {
        if (!is_operation(terms->args[i], comparisons))
            continue;
        const PgQuery__AExpr *term = terms->args[i]->a_expr;
        if ((qn_sql_same(term->lexpr, difference->lexpr, true) &&
             qn_sql_same(term->rexpr, difference->rexpr, true)) ||
            (qn_sql_same(term->lexpr, difference->rexpr, true) &&
             qn_sql_same(term->rexpr, difference->lexpr, true)))
            return true;
    }
    return false;
}

/* a.t - b.t <= 7 beside a.t >= b.t. */
static bool is_tolerance(const PgQuery__BoolExpr *terms, const sql_node *term) {
    static const char *const limits[] = {"<=", NULL}, *const minus[] = {"-", NULL};
    return is_operation(term, limits) && is_operation(term->a_expr->lexpr, minus) &&
           (term->a_expr->rexpr->node_case == PG_QUERY__NODE__NODE_A_CONST ||
            qn_sql_is_interval(term->a_expr->rexpr)) &&
           is_compared(terms, term->a_expr->lexpr->a_expr);
}

static qn_status read_tolerance(const sql_source *source, const sql_node *node,
                                qn_plan_join_spec *spec) {
    qn_interval interval = {0};
    if (qn_sql_is_interval(node)) {
        QN_TRY(qn_sql_interval(source, node, &interval));
        if (interval.months != 0)
            return qn_sql_fail(source, qn_sql_location(node),
                               "the tolerance of an ASOF JOIN cannot have months");
        spec->tolerance = interval.days * 86400e9 + (double)interval.nanoseconds;
        spec->tolerance_is_time = true;
    } else if (node->a_const->val_case == PG_QUERY__A__CONST__VAL_IVAL) {
        spec->tolerance = node->a_const->ival->ival;
    } else if (node->a_const->val_case != PG_QUERY__A__CONST__VAL_FVAL ||
               !qn_parse_real(qn_view_of(node->a_const->fval->fval), &spec->tolerance)) {
        spec->tolerance = -1;
    }
    if (!(spec->tolerance >= 0))
        return qn_sql_fail(
            source, qn_sql_location(node),
            "the tolerance of an ASOF JOIN is a number or an INTERVAL, zero or more");
    return QN_OK;
}

/* The terms of an ASOF condition but the tolerance, which goes to the spec. */
static qn_status convert_asof(sql_block *block, const sql_node *condition,
                              qn_plan_join_spec *spec) {
    qn_expr_list terms = {0};
    qn_status status = QN_OK;
    if (condition->node_case != PG_QUERY__NODE__NODE_BOOL_EXPR ||
        condition->bool_expr->boolop != PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR)
        return qn_sql_convert_condition(block, SQL_ON, condition, &spec->condition);
    const PgQuery__BoolExpr *all = condition->bool_expr;
    for (size_t i = 0; i < all->n_args; i++) {
        qn_expr *term = NULL;
        if (is_tolerance(all, all->args[i])) {
            QN_TRY_GOTO(read_tolerance(block->query->source, all->args[i]->a_expr->rexpr, spec),
                        done);
            continue;
        }
        QN_TRY_GOTO(qn_sql_convert_condition(block, SQL_ON, all->args[i], &term), done);
        QN_TRY_GOTO(qn_expr_list_add(&terms, term), done);
    }
    status = qn_expr_join_and(&spec->condition, &terms);
done:
    qn_expr_list_clear(&terms);
    return status;
}

/* ---- Building -------------------------------------------------------------------------------- */

/* ON sees the tables of both sides, and none before them. */
static qn_status convert_condition(sql_block *block, const PgQuery__JoinExpr *join, int64_t first,
                                   qn_plan_join_spec *spec) {
    int64_t before = block->first_table;
    if (join->quals == NULL)
        return QN_OK;
    block->first_table = first;
    qn_status status = spec->kind == QN_PLAN_ASOF || spec->kind == QN_PLAN_ASOF_LEFT
                           ? convert_asof(block, join->quals, spec)
                           : qn_sql_convert_condition(block, SQL_ON, join->quals, &spec->condition);
    block->first_table = before;
    return status;
}

static qn_status build_spec(sql_block *block, const PgQuery__JoinExpr *join, int64_t first,
                            qn_plan_join_spec *spec, char **using_) {
    const sql_source *source = block->query->source;
    int32_t word = join_word(source, join);
    *spec = (qn_plan_join_spec){.tolerance = -1,
                                .using_ = using_,
                                .using_count = (int32_t)join->n_using_clause,
                                .natural = join->is_natural,
                                .position = word};
    if (join->join_using_alias != NULL)
        return qn_sql_unsupported(source, word, "an alias behind USING (...)");
    for (size_t i = 0; i < join->n_using_clause; i++)
        using_[i] = join->using_clause[i]->string->sval;
    block->merged |= join->is_natural || join->n_using_clause > 0;
    QN_TRY(marked_kind(source, join, word, &spec->kind));
    return convert_condition(block, join, first, spec);
}

/* (a JOIN b ...) AS j: only j may stand in front of columns. */
static qn_status add_alias(sql_block *block, const PgQuery__JoinExpr *join, int64_t first,
                           qn_plan **plan) {
    int32_t location = qn_sql_first_location(join);
    if (join->alias == NULL)
        return QN_OK;
    if (join->alias->n_colnames > 0)
        return qn_sql_unsupported(block->query->source, location,
                                  "a list of columns behind a join");
    block->table_count = first;
    QN_TRY(qn_sql_add_table(block, join->alias->aliasname, location));
    qn_plan *in = *plan;
    *plan = NULL;
    return qn_plan_alias(plan, in, join->alias->aliasname, NULL, 0, location);
}

qn_status qn_sql_join(sql_block *block, const PgQuery__JoinExpr *join, qn_plan **out) {
    int64_t first = block->table_count;
    qn_plan *left = NULL, *right = NULL;
    qn_plan_join_spec spec = {0};
    char **using_ = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_alloc(&using_, join->n_using_clause, sizeof(char *)), done);
    QN_TRY_GOTO(qn_sql_from_item(block, join->larg, &left), done);
    int64_t of_left = block->table_count;
    QN_TRY_GOTO(qn_sql_from_item(block, join->rarg, &right), done);
    QN_TRY_GOTO(build_spec(block, join, first, &spec, using_), done);
    if (spec.kind == QN_PLAN_SEMI || spec.kind == QN_PLAN_ANTI)
        block->table_count = of_left;
    status = qn_plan_join(out, left, right, &spec);
    left = right = NULL;
    spec.condition = NULL;
    QN_TRY_GOTO(status, done);
    status = add_alias(block, join, first, out);
done:
    qn_plan_free(left);
    qn_plan_free(right);
    qn_expr_free(spec.condition);
    qn_mem_free(using_);
    return status;
}
