/* Columns within a SELECT: whose they are, and whether they may stand where they stand. */
#include "features/sql/query/query.h"
#include "features/sql/tree.h"

#include "core/memory.h"

#include <string.h>
#include <strings.h>

static bool has_table(const sql_block *block, int64_t from, const char *table) {
    for (int64_t i = from; i < block->table_count; i++)
        if (strcasecmp(block->tables[i], table) == 0)
            return true;
    return false;
}

static bool is_outside(const sql_block *block, const char *table) {
    for (; block != NULL; block = block->outer)
        if (has_table(block, 0, table))
            return true;
    return false;
}

static const char *table_of(const PgQuery__ColumnRef *node) {
    return node->n_fields == 2 ? qn_sql_string(node->fields[0]) : NULL;
}

bool qn_sql_in_sight(const sql_block *block, const PgQuery__ColumnRef *node) {
    const char *table = table_of(node);
    return table == NULL || has_table(block, block->first_table, table);
}

/* ---- Correlation ----------------------------------------------------------------------------- */

typedef struct table_search {
    const char *table;
    bool found;
} table_search;

static bool declares(void *context, const ProtobufCMessage *message) {
    table_search *search = context;
    const char *name = NULL;
    if (message->descriptor == &pg_query__range_var__descriptor) {
        const PgQuery__RangeVar *table = (const PgQuery__RangeVar *)message;
        name = table->alias != NULL ? table->alias->aliasname : table->relname;
    } else if (message->descriptor == &pg_query__alias__descriptor) {
        name = ((const PgQuery__Alias *)message)->aliasname;
    }
    search->found |= name != NULL && strcasecmp(name, search->table) == 0;
    return !search->found;
}

typedef struct correlation {
    const sql_block *block;
    const void *root;
    bool found;
} correlation;

/* A table that is not read in the node itself, nor in the block, but around it. */
static bool mentions_outside(void *context, const ProtobufCMessage *message) {
    correlation *search = context;
    if (search->found || message->descriptor != &pg_query__column_ref__descriptor)
        return !search->found;
    const char *table = table_of((const PgQuery__ColumnRef *)message);
    if (table == NULL || has_table(search->block, 0, table) ||
        !is_outside(search->block->outer, table))
        return false;
    table_search own = {table, false};
    qn_sql_walk(search->root, declares, &own);
    search->found = !own.found;
    return false;
}

bool qn_sql_is_correlated(const sql_block *block, const sql_node *node) {
    correlation search = {block, node, false};
    qn_sql_walk(node, mentions_outside, &search);
    return search.found;
}

/* ---- Errors ---------------------------------------------------------------------------------- */

static qn_status refuse_correlated(const sql_scope *scope, const char *table, int32_t location) {
    qn_status status = qn_sql_fail(scope->source, location,
                                   "a subquery that mentions table '%s' of the query around it "
                                   "in this place is not part of this version",
                                   table);
    qn_error_help("EXISTS (SELECT ... WHERE inner.key = outer.key), IN and aggregates may in their "
                  "WHERE; else join with a subquery that has a GROUP BY");
    return status;
}

static qn_status unknown_table(const sql_scope *scope, const char *table, int32_t location) {
    const sql_block *block = scope->block;
    const char *const *tables = block->tables + block->first_table;
    int64_t count = block->table_count - block->first_table;
    if (block->place == SQL_ON && has_table(block, 0, table)) {
        qn_status status = qn_sql_fail(scope->source, location,
                                       "table '%s' cannot be mentioned in this ON", table);
        qn_error_help("ON sees the two sides of its join; write the condition in WHERE");
        return status;
    }
    if (is_outside(block->outer, table))
        return refuse_correlated(scope, table, location);
    qn_status status =
        qn_sql_fail(scope->source, location, "unknown table '%s' in front of a column", table);
    const char *nearest = qn_nearest(table, tables, count);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    else if (count > 0)
        qn_error_help("the query reads '%s'%s", tables[0], count > 1 ? " and others" : "");
    return status;
}

static qn_status not_grouped(const sql_scope *scope, const char *name, int32_t location) {
    qn_status status =
        qn_sql_fail(scope->source, location, "column '%s' is neither grouped nor aggregated", name);
    qn_error_help("add it to GROUP BY, or say which value of the group: first(%s), min(%s), "
                  "max(%s)",
                  name, name, name);
    return status;
}

/* ---- Columns --------------------------------------------------------------------------------- */

/* HAVING and expressions of ORDER BY may call outputs by their aliases. */
static qn_status convert_alias(sql_scope *scope, const PgQuery__ResTarget *target, qn_expr **out) {
    scope->block->in_alias = true;
    qn_status status = qn_sql_convert(scope, target->val, out);
    scope->block->in_alias = false;
    return status;
}

static const PgQuery__ResTarget *alias_meant(const sql_block *block,
                                             const PgQuery__ColumnRef *node) {
    sql_node wrapped = PG_QUERY__NODE__INIT;
    if (block->in_alias || (block->place != SQL_HAVING && block->place != SQL_ORDER_BY))
        return NULL;
    wrapped.node_case = PG_QUERY__NODE__NODE_COLUMN_REF;
    wrapped.column_ref = (PgQuery__ColumnRef *)(uintptr_t)node;
    return qn_sql_find_alias(block, &wrapped);
}

/* What does not depend on the place. */
static qn_status check_column(const sql_scope *scope, const PgQuery__ColumnRef *node) {
    const sql_block *block = scope->block;
    if (qn_sql_string(node->fields[node->n_fields - 1]) == NULL)
        return qn_sql_fail(scope->source, node->location,
                           "'*' stands for all columns only as an output by itself and in "
                           "count(*)");
    if (node->n_fields > 2)
        return qn_sql_unsupported(scope->source, node->location, "a name with two dots");
    if (block->place == SQL_VALUES)
        return qn_sql_fail(scope->source, node->location, "VALUES cannot mention a column");
    if (block->place == SQL_SET_ORDER && node->n_fields > 1)
        return qn_sql_fail(scope->source, node->location,
                           "behind UNION, INTERSECT and EXCEPT, ORDER BY names outputs, without a "
                           "table in front");
    return QN_OK;
}

qn_status qn_sql_block_column(sql_scope *scope, const PgQuery__ColumnRef *node, qn_expr **out) {
    sql_block *block = scope->block;
    QN_TRY(check_column(scope, node));
    const char *name = qn_sql_string(node->fields[node->n_fields - 1]), *table = table_of(node);
    if (block->inner != NULL && qn_sql_in_sight(block->inner, node))
        return qn_sql_inner_column(block, node, out);
    const PgQuery__ResTarget *alias = alias_meant(block, node);
    if (alias != NULL)
        return convert_alias(scope, alias, out);
    if (!qn_sql_in_sight(block, node))
        return unknown_table(scope, table, node->location);
    if (block->grouped && qn_sql_behind_aggregate(block->place))
        return not_grouped(scope, name, node->location);
    return qn_expr_qualified_column(out, table, name, qn_sql_position(scope, node->location));
}
