/* GROUP BY: keys, and which parts of expressions they are. */
#include "features/aggregate/aggregate.h"
#include "features/sql/query/query.h"
#include "features/sql/tree.h"

#include "core/memory.h"

#include <string.h>
#include <strings.h>

/* ---- Looking for aggregates ------------------------------------------------------------------ */

bool qn_sql_is_aggregate(const PgQuery__FuncCall *node) {
    return node->over == NULL &&
           qn_aggregate_exists(qn_sql_string(node->funcname[node->n_funcname - 1]));
}

static bool note_aggregate(void *context, const ProtobufCMessage *message) {
    bool *found = context;
    if (message->descriptor == &pg_query__func_call__descriptor)
        *found |= qn_sql_is_aggregate((const PgQuery__FuncCall *)message);
    return !*found && message->descriptor != &pg_query__select_stmt__descriptor;
}

bool qn_sql_has_aggregate(const void *node) {
    bool found = false;
    qn_sql_walk(node, note_aggregate, &found);
    return found;
}

static bool any_aggregate(sql_node *const *nodes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (qn_sql_has_aggregate(nodes[i]))
            return true;
    return false;
}

/* ---- Aliases --------------------------------------------------------------------------------- */

static const char *plain_name(const sql_node *node) {
    if (node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || node->column_ref->n_fields != 1)
        return NULL;
    return qn_sql_string(node->column_ref->fields[0]);
}

const PgQuery__ResTarget *qn_sql_find_alias(const sql_block *block, const sql_node *node) {
    const char *name = plain_name(node);
    const PgQuery__SelectStmt *select = block->select;
    for (size_t i = 0; name != NULL && i < select->n_target_list; i++)
        if (strcmp(select->target_list[i]->res_target->name, name) == 0)
            return select->target_list[i]->res_target;
    return NULL;
}

typedef struct name_search {
    const char *name;
    bool found;
} name_search;

static bool note_name(void *context, const ProtobufCMessage *message) {
    name_search *search = context;
    if (message->descriptor != &pg_query__column_ref__descriptor)
        return !search->found;
    const PgQuery__ColumnRef *column = (const PgQuery__ColumnRef *)message;
    const char *last = qn_sql_string(column->fields[column->n_fields - 1]);
    search->found |= last != NULL && strcmp(last, search->name) == 0;
    return false;
}

/* An alias hides a column, but not in its own expression: SELECT lower(a) AS a ... GROUP BY a. */
static const sql_node *follow_alias(const sql_block *block, const sql_node *node) {
    const PgQuery__ResTarget *target = qn_sql_find_alias(block, node);
    if (target == NULL)
        return node;
    name_search search = {target->name, false};
    qn_sql_walk(target->val, note_name, &search);
    return search.found ? node : target->val;
}

/* ---- Keys ------------------------------------------------------------------------------------ */

const sql_key *qn_sql_find_key(const sql_block *block, const sql_node *node) {
    for (int64_t i = 0; i < block->key_count; i++)
        if (qn_sql_same(block->keys[i].node, node, !block->merged))
            return &block->keys[i];
    return NULL;
}

static qn_status follow_ordinal(const sql_block *block, const sql_node *node,
                                const sql_node **out) {
    const sql_source *source = block->query->source;
    const PgQuery__AConst *constant = node->a_const;
    size_t count = block->select->n_target_list;
    if (constant->isnull || constant->val_case != PG_QUERY__A__CONST__VAL_IVAL)
        return qn_sql_fail(source, constant->location,
                           "GROUP BY a constant makes one group: leave it out");
    int32_t place = constant->ival->ival;
    for (size_t i = 0; i < count && (int32_t)i < place; i++)
        if (qn_sql_is_star(block->select->target_list[i]->res_target->val))
            return qn_sql_fail(source, constant->location,
                               "GROUP BY %d: with '*' among the outputs, name the column", place);
    if (place < 1 || (size_t)place > count)
        return qn_sql_fail(source, constant->location, "GROUP BY %d: there are %zu outputs", place,
                           count);
    *out = block->select->target_list[place - 1]->res_target->val;
    return QN_OK;
}

/* A plain column keeps its own name, unless another key has it too. */
static bool keeps_name(const sql_block *block, const char *name) {
    if (name == NULL || name[0] == QN_PLAN_HIDDEN)
        return false;
    for (int64_t i = 0; i < block->key_count; i++)
        if (strcasecmp(block->keys[i].column, name) == 0)
            return false;
    return true;
}

static qn_status name_key(sql_block *block, sql_key *key) {
    char *text = NULL;
    const char *plain = qn_expr_column_name(key->expression);
    if (keeps_name(block, plain))
        QN_TRY(qn_mem_copy_text(&key->owned, plain));
    key->column = key->owned;
    if (key->owned != NULL)
        return QN_OK;
    QN_TRY(qn_sql_display(block, key->expression, &text));
    return qn_sql_hide(block, "key", &block->query->keys, text, &key->column);
}

static qn_status new_key(sql_block *block, const sql_node *node) {
    sql_key key = {.node = node};
    qn_status status = QN_OK;
    QN_TRY(qn_sql_convert_at(block, SQL_GROUP_BY, node, &key.expression));
    QN_TRY_GOTO(name_key(block, &key), done);
    QN_TRY_GOTO(
        qn_mem_reserve(&block->keys, &block->key_capacity, block->key_count + 1, sizeof key), done);
    block->keys[block->key_count++] = key;
    return QN_OK;
done:
    qn_expr_free(key.expression);
    qn_mem_free(key.owned);
    return status;
}

qn_status qn_sql_add_key(sql_block *block, const sql_node *node, int64_t *index) {
    if (node->node_case == PG_QUERY__NODE__NODE_A_CONST)
        QN_TRY(follow_ordinal(block, node, &node));
    node = follow_alias(block, node);
    const sql_key *key = qn_sql_find_key(block, node);
    *index = key != NULL ? key - block->keys : block->key_count;
    return key != NULL ? QN_OK : new_key(block, node);
}

/* One item: a key, or several of them in parentheses. */
static qn_status add_item(sql_block *block, const sql_node *node) {
    int64_t index = 0;
    if (node->node_case != PG_QUERY__NODE__NODE_ROW_EXPR)
        return qn_sql_add_key(block, node, &index);
    for (size_t i = 0; i < node->row_expr->n_args; i++)
        QN_TRY(add_item(block, node->row_expr->args[i]));
    return QN_OK;
}

static bool has_sets(const PgQuery__SelectStmt *select) {
    for (size_t i = 0; i < select->n_group_clause; i++)
        if (select->group_clause[i]->node_case == PG_QUERY__NODE__NODE_GROUPING_SET)
            return true;
    return false;
}

qn_status qn_sql_group(sql_block *block) {
    const PgQuery__SelectStmt *select = block->select;
    block->grouped = select->n_group_clause > 0 || select->having_clause != NULL ||
                     any_aggregate(select->target_list, select->n_target_list) ||
                     any_aggregate(select->distinct_clause, select->n_distinct_clause) ||
                     any_aggregate(select->window_clause, select->n_window_clause) ||
                     any_aggregate(select->sort_clause, select->n_sort_clause);
    if (has_sets(select))
        return qn_sql_expand_sets(block);
    for (size_t i = 0; i < select->n_group_clause; i++)
        QN_TRY(add_item(block, select->group_clause[i]));
    return QN_OK;
}
