/* FROM: tables, their aliases, subqueries, samples. */
#include "features/sql/query/query.h"
#include "features/sql/tree.h"

#include "core/memory.h"
#include "core/text/number.h"

#include <string.h>

qn_status qn_sql_add_table(sql_block *block, const char *name, int32_t location) {
    for (int64_t i = 0; i < block->table_count; i++) {
        if (strcasecmp(block->tables[i], name) != 0)
            continue;
        qn_status status = qn_sql_fail(block->query->source, location,
                                       "two tables of the query are called '%s'", name);
        qn_error_help("give one of them another name: %s AS other", name);
        return status;
    }
    QN_TRY(qn_mem_reserve(&block->tables, &block->table_capacity, block->table_count + 1,
                          sizeof *block->tables));
    block->tables[block->table_count++] = name;
    return QN_OK;
}

/* Gives the columns of *plan a table's name, and names of their own if the alias lists any. */
static qn_status add_alias(sql_block *block, const PgQuery__Alias *alias, int32_t location,
                           qn_plan **plan) {
    size_t count = alias->n_colnames;
    char **names = NULL;
    QN_TRY(qn_sql_add_table(block, alias->aliasname, location));
    QN_TRY(qn_mem_alloc(&names, count, sizeof(char *)));
    for (size_t i = 0; i < count; i++)
        names[i] = alias->colnames[i]->string->sval;
    qn_plan *in = *plan;
    *plan = NULL;
    qn_status status = qn_plan_alias(plan, in, alias->aliasname, names, (int32_t)count, location);
    qn_mem_free(names);
    return status;
}

/* ---- Tables ---------------------------------------------------------------------------------- */

/* The table of WITH that a name means; NULL: none, it is a table from outside. */
static const sql_cte *find_cte(const sql_query *query, const char *name) {
    for (int64_t i = query->cte_count; i-- > 0;)
        if (strcmp(query->ctes[i].name, name) == 0)
            return &query->ctes[i];
    return NULL;
}

static qn_status reference_cte(sql_block *block, const sql_cte *cte, const PgQuery__RangeVar *table,
                               qn_plan **plan) {
    qn_plan *reference = NULL;
    QN_TRY(qn_plan_reference(&reference, cte->plan_name, table->location));
    if (table->alias != NULL) {
        *plan = reference;
        return add_alias(block, table->alias, table->location, plan);
    }
    QN_TRY(qn_plan_alias(plan, reference, table->relname, NULL, 0, table->location));
    return qn_sql_add_table(block, table->relname, table->location);
}

static qn_status from_table(sql_block *block, const PgQuery__RangeVar *table, qn_plan **plan) {
    const sql_source *source = block->query->source;
    const sql_cte *cte = find_cte(block->query, table->relname);
    if (strlen(table->schemaname) > 0 || strlen(table->catalogname) > 0)
        return qn_sql_unsupported(source, table->location, "a table name with a dot");
    if (!table->inh)
        return qn_sql_unsupported(source, table->location, "FROM ONLY");
    if (cte != NULL)
        return reference_cte(block, cte, table, plan);
    QN_TRY(qn_plan_scan(plan, table->relname, table->location));
    if (table->alias != NULL)
        return add_alias(block, table->alias, table->location, plan);
    return qn_sql_add_table(block, table->relname, table->location);
}

/* ---- Subqueries ------------------------------------------------------------------------------ */

/* Does not see the tables beside it, but those around the block. */
static qn_status from_subquery(sql_block *block, const PgQuery__RangeSubselect *item,
                               qn_plan **plan) {
    const PgQuery__SelectStmt *select = item->subquery->select_stmt;
    int32_t location = qn_sql_first_location(select);
    if (item->lateral) {
        qn_status status = qn_sql_unsupported(block->query->source, location, "LATERAL");
        qn_error_help("a join with a subquery that has a GROUP BY or a window function often says "
                      "the same");
        return status;
    }
    QN_TRY(qn_sql_build(block->query, block->outer, select, plan, NULL));
    return add_alias(block, item->alias, location, plan);
}

/* ---- Samples --------------------------------------------------------------------------------- */

static bool constant_number(const sql_node *node, double *out) {
    const PgQuery__AConst *constant =
        node != NULL && node->node_case == PG_QUERY__NODE__NODE_A_CONST ? node->a_const : NULL;
    if (constant == NULL || constant->isnull)
        return false;
    if (constant->val_case == PG_QUERY__A__CONST__VAL_IVAL) {
        *out = constant->ival->ival;
        return true;
    }
    return constant->val_case == PG_QUERY__A__CONST__VAL_FVAL &&
           qn_parse_real(qn_view_of(constant->fval->fval), out);
}

static qn_status read_sample(const sql_source *source, const PgQuery__RangeTableSample *sample,
                             double *percent, double *seed) {
    const char *method = qn_sql_string(sample->method[sample->n_method - 1]);
    if (strcmp(method, "bernoulli") != 0) {
        qn_status status = qn_sql_fail(source, sample->location,
                                       "TABLESAMPLE %s is not part of this version", method);
        qn_error_help("write TABLESAMPLE BERNOULLI (percent) REPEATABLE (seed)");
        return status;
    }
    if (sample->n_args != 1 || !constant_number(sample->args[0], percent) || *percent < 0 ||
        *percent > 100)
        return qn_sql_fail(source, sample->location,
                           "BERNOULLI takes the percentage of the rows, from 0 to 100");
    if (sample->repeatable != NULL &&
        (!constant_number(sample->repeatable, seed) || *seed < 0 || *seed > 9007199254740992.0))
        return qn_sql_fail(source, qn_sql_location(sample->repeatable),
                           "REPEATABLE takes a whole number, zero or more");
    return QN_OK;
}

static qn_status from_sample(sql_block *block, const PgQuery__RangeTableSample *sample,
                             qn_plan **plan) {
    double percent = 0, seed = 0;
    QN_TRY(read_sample(block->query->source, sample, &percent, &seed));
    QN_TRY(qn_sql_from_item(block, sample->relation, plan));
    qn_plan *in = *plan;
    *plan = NULL;
    return qn_plan_sample(plan, in, percent / 100, (uint64_t)seed, sample->location);
}

/* ---- Items ----------------------------------------------------------------------------------- */

static qn_status build_item(sql_block *block, const sql_node *item, qn_plan **plan) {
    switch (item->node_case) {
    case PG_QUERY__NODE__NODE_RANGE_VAR:
        return from_table(block, item->range_var, plan);
    case PG_QUERY__NODE__NODE_RANGE_SUBSELECT:
        return from_subquery(block, item->range_subselect, plan);
    case PG_QUERY__NODE__NODE_RANGE_TABLE_SAMPLE:
        return from_sample(block, item->range_table_sample, plan);
    case PG_QUERY__NODE__NODE_JOIN_EXPR:
        return qn_sql_join(block, item->join_expr, plan);
    default:
        return qn_sql_unsupported(block->query->source, qn_sql_first_location(item),
                                  "a function in FROM");
    }
}

qn_status qn_sql_from_item(sql_block *block, const sql_node *item, qn_plan **out) {
    qn_plan *plan = NULL;
    qn_status status = build_item(block, item, &plan);
    if (status != QN_OK) {
        qn_plan_free(plan);
        return status;
    }
    *out = plan;
    return QN_OK;
}

/* A list of tables is all their pairs; WHERE may make a join of it. */
static qn_status add_item(sql_block *block, const sql_node *item) {
    qn_plan *right = NULL, *left = block->plan;
    QN_TRY(qn_sql_from_item(block, item, &right));
    if (left == NULL) {
        block->plan = right;
        return QN_OK;
    }
    qn_plan_join_spec spec = {
        .kind = QN_PLAN_CROSS, .tolerance = -1, .position = qn_sql_first_location(item)};
    block->plan = NULL;
    return qn_plan_join(&block->plan, left, right, &spec);
}

qn_status qn_sql_from(sql_block *block) {
    const PgQuery__SelectStmt *select = block->select;
    for (size_t i = 0; i < select->n_from_clause; i++)
        QN_TRY(add_item(block, select->from_clause[i]));
    if (block->plan == NULL)
        return qn_plan_values(&block->plan, NULL, 1, 0, qn_sql_first_location(select));
    return QN_OK;
}
