/* Statements: WITH, set operations, VALUES, and the order and limit of these. */
#include "features/plan/source.h"
#include "features/sql/query/query.h"
#include "features/sql/select.h"
#include "features/sql/sql.h"
#include "features/sql/tree.h"

#include "core/memory.h"
#include "core/text/number.h"

#include <string.h>

void qn_sql_outputs_clear(sql_outputs *outputs) {
    for (int32_t i = 0; i < outputs->count; i++)
        qn_mem_free(outputs->items[i].name);
    qn_mem_free(outputs->items);
    *outputs = (sql_outputs){0};
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

qn_status qn_sql_add_limit(const sql_query *query, const PgQuery__SelectStmt *select,
                           qn_plan **plan) {
    int64_t limit = -1, offset = 0;
    QN_TRY(convert_count(query->source, select->limit_count, "LIMIT", &limit));
    QN_TRY(convert_count(query->source, select->limit_offset, "OFFSET", &offset));
    if (limit < 0 && offset == 0)
        return QN_OK;
    qn_plan *in = *plan;
    *plan = NULL;
    return qn_plan_limit(plan, in, limit, offset,
                         qn_sql_location(limit >= 0 ? select->limit_count : select->limit_offset));
}

/* ---- VALUES ---------------------------------------------------------------------------------- */

static qn_status convert_row(sql_block *block, const PgQuery__List *row, size_t width,
                             qn_expr **out) {
    if (row->n_items != width)
        return qn_sql_fail(block->query->source, qn_sql_first_location(row),
                           "the rows of VALUES must have one length: this one has %zu values, "
                           "the first one %zu",
                           row->n_items, width);
    for (size_t i = 0; i < width; i++)
        QN_TRY(qn_sql_convert_at(block, SQL_VALUES, row->items[i], &out[i]));
    return QN_OK;
}

static qn_status name_values(sql_outputs *outputs, size_t width) {
    QN_TRY(qn_mem_calloc(&outputs->items, width, sizeof *outputs->items));
    outputs->count = (int32_t)width;
    for (size_t i = 0; i < width; i++)
        QN_TRY(qn_format(&outputs->items[i].name, "column%zu", i + 1));
    return QN_OK;
}

static qn_status build_values(sql_query *query, const PgQuery__SelectStmt *select, qn_plan **out,
                              sql_outputs *outputs) {
    size_t rows = select->n_values_lists, width = select->values_lists[0]->list->n_items;
    sql_block block = {.query = query, .select = select};
    qn_expr **values = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_mem_calloc(&values, rows * width, sizeof(qn_expr *)));
    for (size_t i = 0; i < rows && status == QN_OK; i++)
        status = convert_row(&block, select->values_lists[i]->list, width, values + i * width);
    if (status == QN_OK) {
        int32_t position = qn_sql_first_location(select->values_lists[0]);
        status = qn_plan_values(out, values, (int32_t)rows, (int32_t)width, position);
    } else {
        for (size_t i = 0; i < rows * width; i++)
            qn_expr_free(values[i]);
    }
    qn_mem_free(values);
    qn_sql_block_clear(&block);
    QN_TRY(status);
    return name_values(outputs, width);
}

/* ---- UNION, INTERSECT, EXCEPT ---------------------------------------------------------------- */

static qn_status check_widths(const sql_query *query, const PgQuery__SelectStmt *select,
                              const sql_outputs *left, const sql_outputs *right) {
    for (int32_t i = 0; i < left->count; i++)
        if (left->items[i].star)
            return QN_OK;
    for (int32_t i = 0; i < right->count; i++)
        if (right->items[i].star)
            return QN_OK;
    if (left->count == right->count)
        return QN_OK;
    return qn_sql_fail(query->source, qn_sql_first_location(select->rarg),
                       "both sides of a set operation must have as many columns: %d and %d",
                       left->count, right->count);
}

static qn_status build_with(sql_query *query, const sql_block *outer,
                            const PgQuery__SelectStmt *select, qn_plan **out, sql_outputs *outputs);

/* a UNION b UNION c: the left side goes no level deeper. */
static qn_status build_left(sql_query *query, const sql_block *outer,
                            const PgQuery__SelectStmt *left, qn_plan **out, sql_outputs *outputs) {
    if (left->op == PG_QUERY__SET_OPERATION__SETOP_NONE)
        return qn_sql_build(query, outer, left, out, outputs);
    return build_with(query, outer, left, out, outputs);
}

static qn_status build_set(sql_query *query, const sql_block *outer,
                           const PgQuery__SelectStmt *select, qn_plan **out, sql_outputs *outputs) {
    static const qn_plan_set kinds[] = {[PG_QUERY__SET_OPERATION__SETOP_UNION] = QN_PLAN_UNION,
                                        [PG_QUERY__SET_OPERATION__SETOP_INTERSECT] =
                                            QN_PLAN_INTERSECT,
                                        [PG_QUERY__SET_OPERATION__SETOP_EXCEPT] = QN_PLAN_EXCEPT};
    qn_plan *left = NULL, *right = NULL;
    sql_outputs right_outputs = {0};
    qn_status status = QN_OK;
    QN_TRY_GOTO(build_left(query, outer, select->larg, &left, outputs), done);
    QN_TRY_GOTO(qn_sql_build(query, outer, select->rarg, &right, &right_outputs), done);
    QN_TRY_GOTO(check_widths(query, select, outputs, &right_outputs), done);
    status = qn_plan_set_operation(out, left, right, kinds[select->op], select->all,
                                   qn_sql_first_location(select->rarg));
    left = right = NULL;
done:
    qn_sql_outputs_clear(&right_outputs);
    qn_plan_free(left);
    qn_plan_free(right);
    return status;
}

/* Of VALUES and set operations: over their outputs. */
static qn_status add_order(sql_query *query, const PgQuery__SelectStmt *select, qn_plan **plan,
                           const sql_outputs *outputs) {
    if (select->n_sort_clause > 0)
        QN_TRY(qn_sql_sort_outputs(query, select, outputs, plan));
    return qn_sql_add_limit(query, select, plan);
}

/* ---- WITH ------------------------------------------------------------------------------------ */

typedef struct shared_plan {
    char *name;
    qn_plan *plan;
    int32_t location;
} shared_plan;

static qn_status check_cte(const sql_query *query, const PgQuery__WithClause *with,
                           const PgQuery__CommonTableExpr *cte, size_t at) {
    if (cte->ctequery->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return qn_sql_fail(query->source, cte->location, "a table of WITH must be a SELECT");
    if (cte->search_clause != NULL || cte->cycle_clause != NULL)
        return qn_sql_unsupported(query->source, cte->location, "SEARCH or CYCLE");
    for (size_t i = 0; i < at; i++)
        if (strcmp(with->ctes[i]->common_table_expr->ctename, cte->ctename) == 0)
            return qn_sql_fail(query->source, cte->location, "WITH has two tables called '%s'",
                               cte->ctename);
    return QN_OK;
}

static qn_status name_columns(const PgQuery__CommonTableExpr *cte, qn_plan **plan) {
    char **names = NULL;
    size_t count = cte->n_aliascolnames;
    if (count == 0)
        return QN_OK;
    QN_TRY(qn_mem_alloc(&names, count, sizeof(char *)));
    for (size_t i = 0; i < count; i++)
        names[i] = cte->aliascolnames[i]->string->sval;
    qn_plan *in = *plan;
    *plan = NULL;
    qn_status status = qn_plan_alias(plan, in, cte->ctename, names, (int32_t)count, cte->location);
    qn_mem_free(names);
    return status;
}

static bool is_in_sight(const sql_query *query, const char *name) {
    for (int64_t i = 0; i < query->cte_count; i++)
        if (strcmp(query->ctes[i].name, name) == 0)
            return true;
    return false;
}

/* Builds one table of WITH and brings it into sight of what follows. */
static qn_status build_cte(sql_query *query, const PgQuery__CommonTableExpr *cte,
                           shared_plan *out) {
    QN_TRY(qn_sql_build(query, NULL, cte->ctequery->select_stmt, &out->plan, NULL));
    QN_TRY(name_columns(cte, &out->plan));
    if (is_in_sight(query, cte->ctename))
        QN_TRY(qn_format(&out->name, "%s#%d", cte->ctename, ++query->cte_names));
    else
        QN_TRY(qn_mem_copy_text(&out->name, cte->ctename));
    out->location = cte->location;
    QN_TRY(qn_mem_reserve(&query->ctes, &query->cte_capacity, query->cte_count + 1,
                          sizeof *query->ctes));
    query->ctes[query->cte_count++] = (sql_cte){cte->ctename, out->name};
    return QN_OK;
}

static qn_status build_body(sql_query *query, const sql_block *outer,
                            const PgQuery__SelectStmt *select, qn_plan **out,
                            sql_outputs *outputs) {
    bool is_set = select->op != PG_QUERY__SET_OPERATION__SETOP_NONE;
    QN_TRY(qn_sql_check_clauses(query->source, select));
    if (!is_set && select->n_values_lists == 0)
        return qn_sql_build_block(query, outer, select, out, outputs);
    QN_TRY(is_set ? build_set(query, outer, select, out, outputs)
                  : build_values(query, select, out, outputs));
    return add_order(query, select, out, outputs);
}

/* The body is built with the tables in sight, then put below them, the first one on top. */
static qn_status build_with(sql_query *query, const sql_block *outer,
                            const PgQuery__SelectStmt *select, qn_plan **out,
                            sql_outputs *outputs) {
    const PgQuery__WithClause *with = select->with_clause;
    size_t count = with == NULL ? 0 : with->n_ctes;
    int64_t in_sight = query->cte_count;
    shared_plan *shared = NULL;
    qn_plan *plan = NULL;
    qn_status status = QN_OK;
    if (with != NULL && with->recursive)
        return qn_sql_unsupported(query->source, with->location, "WITH RECURSIVE");
    QN_TRY(qn_mem_calloc(&shared, count, sizeof *shared));
    for (size_t i = 0; i < count; i++) {
        const PgQuery__CommonTableExpr *cte = with->ctes[i]->common_table_expr;
        QN_TRY_GOTO(check_cte(query, with, cte, i), done);
        QN_TRY_GOTO(build_cte(query, cte, &shared[i]), done);
    }
    QN_TRY_GOTO(build_body(query, outer, select, &plan, outputs), done);
    for (size_t i = count; i-- > 0;) {
        qn_plan *in = plan, *below = shared[i].plan;
        plan = shared[i].plan = NULL;
        QN_TRY_GOTO(qn_plan_with(&plan, in, shared[i].name, below, shared[i].location), done);
    }
    *out = plan;
    plan = NULL;
done:
    query->cte_count = in_sight;
    for (size_t i = 0; i < count; i++) {
        qn_plan_free(shared[i].plan);
        qn_mem_free(shared[i].name);
    }
    qn_mem_free(shared);
    qn_plan_free(plan);
    return status;
}

qn_status qn_sql_build(sql_query *query, const sql_block *outer, const PgQuery__SelectStmt *select,
                       qn_plan **out, sql_outputs *outputs) {
    sql_outputs own = {0};
    qn_plan *plan = NULL;
    if (query->depth >= QN_SQL_NESTING_LIMIT)
        return qn_sql_fail(query->source, qn_sql_first_location(select),
                           "queries are nested more than %d levels deep", QN_SQL_NESTING_LIMIT);
    query->depth++;
    qn_status status = build_with(query, outer, select, &plan, &own);
    query->depth--;
    if (status != QN_OK || outputs == NULL)
        qn_sql_outputs_clear(&own);
    if (status != QN_OK)
        return status;
    *out = plan;
    if (outputs != NULL)
        *outputs = own;
    return QN_OK;
}

/* ---- The text -------------------------------------------------------------------------------- */

qn_status qn_sql_query(qn_plan **out, qn_view text) {
    sql_source source = {0};
    sql_query query = {.source = &source};
    const PgQuery__SelectStmt *select = NULL;
    qn_plan *plan = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_sql_source_open(&source, text, ""));
    QN_TRY_GOTO(qn_sql_single_select(&source, &select), done);
    QN_TRY_GOTO(qn_sql_build(&query, NULL, select, &plan, NULL), done);
    QN_TRY_GOTO(qn_plan_set_source(plan, text), done);
    *out = plan;
    plan = NULL;
done:
    if (status == QN_JOB && qn_source_error_position() < 0)
        qn_source_locate(text, 0); /* what plans refuse as a whole */
    qn_plan_free(plan);
    qn_mem_free(query.ctes);
    qn_sql_source_close(&source);
    return status;
}
