/* ORDER BY and DISTINCT ON: by outputs where they are meant, else by hidden outputs. */
#include "features/sql/query/query.h"
#include "features/sql/tree.h"

#include "core/memory.h"

#include <string.h>

/* ---- Items ----------------------------------------------------------------------------------- */

/* Spark's order of nulls: first ascending, last descending. */
static qn_status convert_item(const sql_source *source, const PgQuery__SortBy *item,
                              qn_plan_order *out) {
    if (item->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_USING)
        return qn_sql_unsupported(source, item->location, "ORDER BY ... USING");
    bool descending = item->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
    bool last = descending;
    if (item->sortby_nulls == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST)
        last = false;
    if (item->sortby_nulls == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_LAST)
        last = true;
    out->descending = descending;
    out->nulls_last = last;
    out->position = qn_sql_location(item->node);
    return QN_OK;
}

void qn_sql_order_clear(qn_plan_order *order, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        qn_expr_free(order[i].expression);
    qn_mem_free(order);
}

qn_status qn_sql_order_list(sql_block *block, sql_place place, sql_node *const *items, size_t count,
                            qn_plan_order **out, int32_t *out_count) {
    qn_plan_order *order = NULL;
    int32_t done = 0;
    qn_status status = QN_OK;
    if (count == 0)
        return QN_OK;
    QN_TRY(qn_mem_calloc(&order, count, sizeof *order));
    for (; done < (int32_t)count && status == QN_OK; done++) {
        const PgQuery__SortBy *item = items[done]->sort_by;
        status = convert_item(block->query->source, item, &order[done]);
        if (status == QN_OK)
            status = qn_sql_convert_at(block, place, item->node, &order[done].expression);
    }
    if (status != QN_OK) {
        qn_sql_order_clear(order, done);
        return status;
    }
    *out = order;
    *out_count = done;
    return QN_OK;
}

/* ---- Outputs that are meant ------------------------------------------------------------------ */

static bool has_star(const sql_outputs *names) {
    for (int32_t i = 0; i < names->count; i++)
        if (names->items[i].star)
            return true;
    return false;
}

static qn_status find_ordinal(const sql_source *source, const PgQuery__AConst *constant,
                              const sql_outputs *names, const char **out) {
    if (constant->isnull || constant->val_case != PG_QUERY__A__CONST__VAL_IVAL)
        return qn_sql_fail(source, constant->location, "ORDER BY a constant orders nothing");
    int32_t place = constant->ival->ival;
    for (int32_t i = 0; i < names->count && i < place; i++)
        if (names->items[i].star)
            return qn_sql_fail(source, constant->location,
                               "ORDER BY %d: with '*' among the outputs, name the column", place);
    if (place < 1 || place > names->count)
        return qn_sql_fail(source, constant->location, "ORDER BY %d: there are %d outputs", place,
                           names->count);
    *out = names->items[place - 1].name;
    return QN_OK;
}

/* A bare name means the output called so, before any column. */
static const char *find_name(const sql_outputs *names, const sql_node *node) {
    const PgQuery__ColumnRef *column = node->column_ref;
    const char *name = column->n_fields == 1 ? qn_sql_string(column->fields[0]) : NULL;
    for (int32_t i = 0; name != NULL && i < names->count; i++)
        if (!names->items[i].star && strcmp(names->items[i].name, name) == 0)
            return names->items[i].name;
    return NULL;
}

/* A column of a table whose columns are all outputs: its name. */
static const char *find_in_star(const sql_outputs *names, const sql_node *node) {
    const PgQuery__ColumnRef *column = node->column_ref;
    if (column->n_fields > 2)
        return NULL;
    for (int32_t i = 0; i < names->count; i++) {
        if (!names->items[i].star)
            continue;
        const PgQuery__ColumnRef *star = names->items[i].target->val->column_ref;
        bool same = star->n_fields == 1
                        ? column->n_fields == 1
                        : column->n_fields == 2 && strcmp(qn_sql_string(star->fields[0]),
                                                          qn_sql_string(column->fields[0])) == 0;
        if (same)
            return qn_sql_string(column->fields[column->n_fields - 1]);
    }
    return NULL;
}

/* The output that an item of ORDER BY means; *out stays NULL if it is none. */
static qn_status find_output(const sql_block *block, const sql_node *node, const sql_outputs *names,
                             const char **out) {
    if (node->node_case == PG_QUERY__NODE__NODE_A_CONST)
        return find_ordinal(block->query->source, node->a_const, names, out);
    bool column = node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF;
    if (column)
        *out = find_name(names, node);
    for (int32_t i = 0; *out == NULL && i < names->count; i++)
        if (!names->items[i].star && qn_sql_same(names->items[i].target->val, node, !block->merged))
            *out = names->items[i].name;
    if (column && *out == NULL)
        *out = find_in_star(names, node);
    return QN_OK;
}

/* The output, or a hidden one that is made for it. */
static qn_status output_for(sql_block *block, sql_place place, const sql_node *node,
                            const sql_outputs *names, const char **out) {
    qn_expr *expression = NULL;
    *out = NULL;
    QN_TRY(find_output(block, node, names, out));
    if (*out != NULL)
        return QN_OK;
    bool distinct = block->select->n_distinct_clause > 0;
    if (distinct && !qn_sql_is_distinct_on(block->select)) {
        qn_status status = qn_sql_fail(block->query->source, qn_sql_location(node),
                                       "with SELECT DISTINCT, ORDER BY can only name outputs%s",
                                       has_star(names) ? " and columns that '*' stands for" : "");
        qn_error_help("add the expression to the outputs");
        return status;
    }
    QN_TRY(qn_sql_convert_at(block, place, node, &expression));
    return qn_sql_hidden_output(block, expression, qn_sql_location(node), out);
}

/* ---- The clauses ----------------------------------------------------------------------------- */

bool qn_sql_is_distinct_on(const PgQuery__SelectStmt *select) {
    return select->n_distinct_clause > 0 && select->distinct_clause[0] != NULL &&
           select->distinct_clause[0]->node_case != PG_QUERY__NODE__NODE__NOT_SET;
}

static qn_status convert_distinct_on(sql_block *block, const sql_outputs *names) {
    const PgQuery__SelectStmt *select = block->select;
    if (!qn_sql_is_distinct_on(select))
        return QN_OK;
    QN_TRY(qn_mem_calloc(&block->distinct_on, select->n_distinct_clause, sizeof(char *)));
    for (size_t i = 0; i < select->n_distinct_clause; i++) {
        const char *name = NULL;
        QN_TRY(output_for(block, SQL_DISTINCT_ON, select->distinct_clause[i], names, &name));
        block->distinct_on[block->distinct_count++] = (char *)(uintptr_t)name;
    }
    return QN_OK;
}

qn_status qn_sql_convert_order(sql_block *block, const sql_outputs *names) {
    const PgQuery__SelectStmt *select = block->select;
    QN_TRY(convert_distinct_on(block, names));
    if (select->n_sort_clause == 0)
        return QN_OK;
    QN_TRY(qn_mem_calloc(&block->order, select->n_sort_clause, sizeof *block->order));
    for (size_t i = 0; i < select->n_sort_clause; i++) {
        const PgQuery__SortBy *item = select->sort_clause[i]->sort_by;
        qn_plan_order *order = &block->order[i];
        const char *name = NULL;
        QN_TRY(convert_item(block->query->source, item, order));
        QN_TRY(output_for(block, SQL_ORDER_BY, item->node, names, &name));
        QN_TRY(qn_expr_column(&order->expression, name, order->position));
        block->order_count++;
    }
    return QN_OK;
}

/* ---- Over set operations --------------------------------------------------------------------- */

static qn_status set_order_item(sql_block *block, const PgQuery__SortBy *item,
                                const sql_outputs *names, qn_plan_order *out) {
    const char *name = NULL;
    const sql_node *node = item->node;
    QN_TRY(convert_item(block->query->source, item, out));
    if (node->node_case != PG_QUERY__NODE__NODE_A_CONST)
        return qn_sql_convert_at(block, SQL_SET_ORDER, node, &out->expression);
    QN_TRY(find_ordinal(block->query->source, node->a_const, names, &name));
    return qn_expr_column(&out->expression, name, out->position);
}

qn_status qn_sql_sort_outputs(sql_query *query, const PgQuery__SelectStmt *select,
                              const sql_outputs *names, qn_plan **plan) {
    sql_block block = {.query = query, .select = select};
    qn_plan_order *order = NULL;
    int32_t count = 0;
    qn_status status = QN_OK;
    QN_TRY(qn_mem_calloc(&order, select->n_sort_clause, sizeof *order));
    for (; count < (int32_t)select->n_sort_clause; count++)
        QN_TRY_GOTO(
            set_order_item(&block, select->sort_clause[count]->sort_by, names, &order[count]),
            done);
    qn_plan *in = *plan;
    *plan = NULL;
    status = qn_plan_sort(plan, in, order, count);
    count = 0;
done:
    qn_sql_order_clear(order, count);
    qn_sql_block_clear(&block);
    return status;
}
