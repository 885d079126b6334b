/* GROUPING SETS, ROLLUP, CUBE: the sets of keys, and one aggregation for each of them over the same
 * rows, joined by UNION ALL.
 *
 *     Project k0, k1, '#agg0' AS '$agg0', ...
 *       With $sets0
 *         Union all
 *           Project k0, k1, '$agg0' AS '#agg0', '$grouping0' AS '#grouping0'
 *             Aggregate by '$set_key0' AS k0: first('$set_key1') FILTER (false) AS k1, ...
 *               Read $sets0
 *           ...
 *         Project keys AS '$set_key0', ..., arguments AS '$set_key2', ...
 *           input
 *
 * A key that a set lacks is null. Hidden columns do not pass set operations, so they go by other
 * names through them. */
#include "features/sql/query/query.h"
#include "features/sql/tree.h"

#include "core/memory.h"

enum { MOST_KEYS = 30, MOST_SETS = 128 };

/* ---- Sets of keys ---------------------------------------------------------------------------- */

/* Sets as bits of keys. */
typedef struct set_list {
    int32_t count;
    uint32_t sets[MOST_SETS];
} set_list;

static qn_status add_set(const sql_block *block, set_list *list, uint32_t set) {
    if (list->count == MOST_SETS)
        return qn_sql_fail(block->query->source,
                           qn_sql_first_location(block->select->group_clause[0]),
                           "GROUP BY makes more than %d sets of keys", MOST_SETS);
    list->sets[list->count++] = set;
    return QN_OK;
}

static qn_status bits_of(sql_block *block, const sql_node *node, uint32_t *out) {
    int64_t index = 0;
    if (node->node_case == PG_QUERY__NODE__NODE_ROW_EXPR) {
        for (size_t i = 0; i < node->row_expr->n_args; i++)
            QN_TRY(bits_of(block, node->row_expr->args[i], out));
        return QN_OK;
    }
    QN_TRY(qn_sql_add_key(block, node, &index));
    if (index >= MOST_KEYS)
        return qn_sql_fail(block->query->source, qn_sql_location(node),
                           "GROUPING SETS can have at most %d keys", MOST_KEYS);
    *out |= UINT32_C(1) << index;
    return QN_OK;
}

static qn_status expand(sql_block *block, const sql_node *node, set_list *out);

/* (a, b), (a), () of ROLLUP (a, b); all subsets of CUBE. */
static qn_status expand_hierarchy(sql_block *block, const PgQuery__GroupingSet *set,
                                  set_list *out) {
    uint32_t parts[MOST_KEYS] = {0};
    bool cube = set->kind == PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_CUBE;
    size_t count = set->n_content, most = cube ? 7 : MOST_KEYS;
    if (count > most)
        return qn_sql_fail(block->query->source, set->location, "%s takes at most %zu keys",
                           cube ? "CUBE" : "ROLLUP", most);
    for (size_t i = 0; i < count; i++)
        QN_TRY(bits_of(block, set->content[i], &parts[i]));
    for (uint32_t k = 0; cube && k < UINT32_C(1) << count; k++) {
        uint32_t bits = 0;
        for (size_t i = 0; i < count; i++)
            bits |= (k >> (count - 1 - i) & 1) == 0 ? parts[i] : 0;
        QN_TRY(add_set(block, out, bits));
    }
    for (size_t length = count; !cube && length + 1 > 0; length--) {
        uint32_t bits = 0;
        for (size_t i = 0; i < length; i++)
            bits |= parts[i];
        QN_TRY(add_set(block, out, bits));
    }
    return QN_OK;
}

/* The sets of one item of GROUP BY. */
static qn_status expand(sql_block *block, const sql_node *node, set_list *out) {
    uint32_t bits = 0;
    if (node->node_case != PG_QUERY__NODE__NODE_GROUPING_SET) {
        QN_TRY(bits_of(block, node, &bits));
        return add_set(block, out, bits);
    }
    const PgQuery__GroupingSet *set = node->grouping_set;
    if (set->kind == PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_EMPTY)
        return add_set(block, out, 0);
    if (set->kind != PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_SETS)
        return expand_hierarchy(block, set, out);
    for (size_t i = 0; i < set->n_content; i++)
        QN_TRY(expand(block, set->content[i], out));
    return QN_OK;
}

/* Items beside each other: each set of one with each of the other. */
static qn_status cross(const sql_block *block, const set_list *a, const set_list *b,
                       set_list *out) {
    for (int32_t i = 0; i < a->count; i++)
        for (int32_t k = 0; k < b->count; k++)
            QN_TRY(add_set(block, out, a->sets[i] | b->sets[k]));
    return QN_OK;
}

static void drop_repeated(set_list *list) {
    int32_t count = 0;
    for (int32_t i = 0; i < list->count; i++) {
        bool repeated = false;
        for (int32_t k = 0; k < count; k++)
            repeated |= list->sets[k] == list->sets[i];
        if (!repeated)
            list->sets[count++] = list->sets[i];
    }
    list->count = count;
}

qn_status qn_sql_expand_sets(sql_block *block) {
    const PgQuery__SelectStmt *select = block->select;
    set_list all = {.count = 1, .sets = {0}};
    for (size_t i = 0; i < select->n_group_clause; i++) {
        set_list of_item = {0}, both = {0};
        QN_TRY(expand(block, select->group_clause[i], &of_item));
        QN_TRY(cross(block, &all, &of_item, &both));
        all = both;
    }
    if (select->group_distinct)
        drop_repeated(&all);
    QN_TRY(qn_mem_copy(&block->sets, all.sets, (size_t)all.count, sizeof *block->sets));
    block->set_count = all.count;
    return QN_OK;
}

/* ---- GROUPING -------------------------------------------------------------------------------- */

static qn_status find_groupings(const sql_block *block, const PgQuery__GroupingFunc *node) {
    if (node->n_args > MOST_KEYS)
        return qn_sql_fail(block->query->source, node->location, "GROUPING takes at most %d keys",
                           MOST_KEYS);
    for (size_t i = 0; i < node->n_args; i++)
        if (qn_sql_find_key(block, node->args[i]) == NULL)
            return qn_sql_fail(block->query->source, qn_sql_location(node->args[i]),
                               "GROUPING takes keys of GROUP BY");
    return QN_OK;
}

/* One bit a key, the first one the highest: set where the row's set lacks it. */
static int64_t grouping_value(const sql_block *block, const PgQuery__GroupingFunc *node,
                              uint32_t set) {
    int64_t value = 0;
    for (size_t i = 0; i < node->n_args; i++) {
        int64_t index = qn_sql_find_key(block, node->args[i]) - block->keys;
        value = value << 1 | ((set >> index & 1) == 0);
    }
    return value;
}

static qn_status literal(int64_t value, int32_t position, qn_expr **out) {
    return qn_expr_literal(out, (qn_scalar){.type = QN_INT32, .integer = value}, position);
}

qn_status qn_sql_grouping(sql_scope *scope, const PgQuery__GroupingFunc *node, qn_expr **out) {
    sql_block *block = scope->block;
    const char *name = NULL;
    char *text = NULL;
    if (!qn_sql_behind_aggregate(block->place) || !block->grouped)
        return qn_sql_fail(scope->source, node->location, "GROUPING cannot stand in %s",
                           block->grouped ? qn_sql_place_name(block->place)
                                          : "a query without GROUP BY");
    QN_TRY(find_groupings(block, node));
    if (block->set_count == 0)
        return literal(0, node->location, out);
    QN_TRY(qn_mem_reserve(&block->groupings, &block->grouping_capacity, block->grouping_count + 1,
                          sizeof *block->groupings));
    QN_TRY(qn_mem_copy_text(&text, "grouping"));
    QN_TRY(qn_sql_hide(block, "grouping", &block->query->columns, text, &name));
    block->groupings[block->grouping_count++] = (sql_grouping){node, name};
    return qn_expr_column(out, name, node->location);
}

/* ---- The shared rows ------------------------------------------------------------------------- */

/* The expression becomes a column of the rows that all sets read, unless it is constant. */
static qn_status share(sql_block *block, qn_expr **expression) {
    qn_reference any;
    const char *name = NULL;
    char *text = NULL;
    if (*expression == NULL || !qn_expr_reference(*expression, 0, &any))
        return QN_OK;
    int32_t position = qn_expr_position(*expression);
    QN_TRY(qn_mem_reserve(&block->columns, &block->column_capacity, block->column_count + 1,
                          sizeof *block->columns));
    QN_TRY(qn_mem_copy_text(&text, "key"));
    QN_TRY(qn_sql_hide(block, "set_key", &block->query->columns, text, &name));
    qn_expr *mention = NULL;
    QN_TRY(qn_expr_column(&mention, name, position));
    block->columns[block->column_count++] =
        (qn_plan_output){*expression, (char *)(uintptr_t)name, position};
    *expression = mention;
    return QN_OK;
}

static qn_status share_call(sql_block *block, sql_call *call) {
    for (int32_t i = 0; i < call->argument_count; i++)
        QN_TRY(share(block, &call->arguments[i]));
    for (int32_t i = 0; i < call->order_count; i++)
        QN_TRY(share(block, &call->order[i].expression));
    return share(block, &call->filter);
}

/* Keys and arguments are computed once; what sets read are plain columns. */
static qn_status share_rows(sql_block *block) {
    for (int64_t i = 0; i < block->key_count; i++)
        QN_TRY(share(block, &block->keys[i].expression));
    for (int64_t i = 0; i < block->call_count; i++)
        QN_TRY(share_call(block, &block->calls[i]));
    if (block->column_count == 0) {
        qn_expr *one = NULL;
        QN_TRY(qn_mem_reserve(&block->columns, &block->column_capacity, 1, sizeof *block->columns));
        QN_TRY(literal(1, -1, &one));
        block->columns[block->column_count++] = (qn_plan_output){.expression = one, .position = -1};
    }
    qn_plan *in = block->plan;
    int32_t count = (int32_t)block->column_count;
    block->plan = NULL;
    block->column_count = 0;
    return qn_plan_project(&block->plan, in, block->columns, count);
}

/* ---- One set --------------------------------------------------------------------------------- */

typedef struct branch {
    qn_plan_output *keys; /* of the set */
    int32_t key_count;
    sql_call *calls; /* those for keys that the set lacks, then the query's */
    int32_t call_count;
    qn_plan_output *outputs;
    int32_t output_count;
} branch;

static void clear_branch(branch *self) {
    for (int32_t i = 0; i < self->key_count; i++)
        qn_expr_free(self->keys[i].expression);
    for (int32_t i = 0; i < self->call_count; i++)
        qn_sql_call_clear(&self->calls[i]);
    for (int32_t i = 0; i < self->output_count; i++) {
        qn_expr_free(self->outputs[i].expression);
        qn_mem_free(self->outputs[i].name);
    }
    qn_mem_free(self->keys);
    qn_mem_free(self->calls);
    qn_mem_free(self->outputs);
}

static qn_status copy(qn_expr **out, const qn_expr *expression) {
    return expression == NULL ? QN_OK : qn_expr_copy(out, expression);
}

static qn_status copy_call(sql_call *out, const sql_call *call) {
    *out = *call;
    out->argument_count = out->order_count = 0;
    out->order = NULL;
    out->filter = NULL;
    for (; out->argument_count < call->argument_count; out->argument_count++)
        QN_TRY(copy(&out->arguments[out->argument_count], call->arguments[out->argument_count]));
    QN_TRY(copy(&out->filter, call->filter));
    if (call->order_count == 0)
        return QN_OK;
    QN_TRY(qn_mem_copy(&out->order, call->order, (size_t)call->order_count, sizeof *out->order));
    for (; out->order_count < call->order_count; out->order_count++)
        QN_TRY(copy(&out->order[out->order_count].expression,
                    call->order[out->order_count].expression));
    return QN_OK;
}

/* first(key) FILTER (WHERE false): a null of the key's type. */
static qn_status add_missing_key(branch *self, const sql_key *key) {
    const qn_scalar no = {.type = QN_BOOL};
    sql_call *call = &self->calls[self->call_count++];
    *call = (sql_call){.function = "first", .name = key->column, .position = -1};
    QN_TRY(qn_expr_copy(&call->arguments[0], key->expression));
    call->argument_count = 1;
    return qn_expr_literal(&call->filter, no, -1);
}

static qn_status add_keys(const sql_block *block, uint32_t set, branch *self) {
    for (int64_t i = 0; i < block->key_count; i++) {
        const sql_key *key = &block->keys[i];
        if ((set >> i & 1) == 0) {
            QN_TRY(add_missing_key(self, key));
            continue;
        }
        qn_plan_output *out = &self->keys[self->key_count];
        QN_TRY(qn_expr_copy(&out->expression, key->expression));
        out->name = (char *)(uintptr_t)key->column;
        out->position = qn_sql_location(key->node);
        self->key_count++;
    }
    return QN_OK;
}

static qn_status show(const char *name, char **out) {
    QN_TRY(qn_mem_copy_text(out, name));
    if (**out == QN_PLAN_HIDDEN)
        **out = '#';
    return QN_OK;
}

static qn_status add_output(branch *self, const char *name) {
    qn_plan_output *out = &self->outputs[self->output_count++];
    out->position = -1;
    QN_TRY(show(name, &out->name));
    return qn_expr_column(&out->expression, name, -1);
}

/* The same columns for every set. */
static qn_status add_outputs(const sql_block *block, uint32_t set, branch *self) {
    for (int64_t i = 0; i < block->key_count; i++)
        QN_TRY(add_output(self, block->keys[i].column));
    for (int64_t i = 0; i < block->call_count; i++)
        QN_TRY(add_output(self, block->calls[i].name));
    for (int64_t i = 0; i < block->grouping_count; i++) {
        const sql_grouping *grouping = &block->groupings[i];
        qn_plan_output *out = &self->outputs[self->output_count++];
        out->position = -1;
        QN_TRY(show(grouping->name, &out->name));
        QN_TRY(literal(grouping_value(block, grouping->node, set), -1, &out->expression));
    }
    return QN_OK;
}

static qn_status fill_branch(const sql_block *block, uint32_t set, branch *self) {
    size_t keys = (size_t)block->key_count, calls = (size_t)block->call_count;
    size_t outputs = keys + calls + (size_t)block->grouping_count;
    QN_TRY(qn_mem_calloc(&self->keys, keys, sizeof *self->keys));
    QN_TRY(qn_mem_calloc(&self->calls, keys + calls, sizeof *self->calls));
    QN_TRY(qn_mem_calloc(&self->outputs, outputs, sizeof *self->outputs));
    QN_TRY(add_keys(block, set, self));
    for (size_t i = 0; i < calls; i++)
        QN_TRY(copy_call(&self->calls[self->call_count++], &block->calls[i]));
    return add_outputs(block, set, self);
}

static qn_status build_branch(const sql_block *block, const char *name, uint32_t set,
                              qn_plan **out) {
    branch self = {0};
    qn_plan *plan = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(fill_branch(block, set, &self), done);
    QN_TRY_GOTO(qn_plan_reference(&plan, name, -1), done);
    status = qn_sql_aggregate_over(&plan, self.keys, self.key_count, self.calls, self.call_count);
    self.key_count = 0;
    QN_TRY_GOTO(status, done);
    qn_plan *in = plan;
    plan = NULL;
    status = qn_plan_project(out, in, self.outputs, self.output_count);
    for (int32_t i = 0; i < self.output_count; i++)
        self.outputs[i].expression = NULL;
done:
    qn_plan_free(plan);
    clear_branch(&self);
    return status;
}

/* ---- All sets -------------------------------------------------------------------------------- */

static qn_status add_branch(const sql_block *block, const char *name, uint32_t set, qn_plan **all) {
    qn_plan *right = NULL, *left = *all;
    QN_TRY(build_branch(block, name, set, &right));
    *all = NULL;
    if (left == NULL) {
        *all = right;
        return QN_OK;
    }
    return qn_plan_set_operation(all, left, right, QN_PLAN_UNION, true, -1);
}

static qn_status hide_again(qn_plan_output *out, const char *name) {
    char *shown = NULL;
    QN_TRY(show(name, &shown));
    qn_status status = qn_expr_column(&out->expression, shown, -1);
    out->name = (char *)(uintptr_t)name;
    out->position = -1;
    qn_mem_free(shown);
    return status;
}

static qn_status fill_hidden(const sql_block *block, qn_plan_output *outputs) {
    for (int64_t i = 0; i < block->key_count; i++)
        QN_TRY(hide_again(outputs++, block->keys[i].column));
    for (int64_t i = 0; i < block->call_count; i++)
        QN_TRY(hide_again(outputs++, block->calls[i].name));
    for (int64_t i = 0; i < block->grouping_count; i++)
        QN_TRY(hide_again(outputs++, block->groupings[i].name));
    return QN_OK;
}

/* The columns that sets gave, under the names that expressions above mention. */
static qn_status restore_names(sql_block *block) {
    int64_t count = block->key_count + block->call_count + block->grouping_count;
    qn_plan_output *outputs = NULL;
    QN_TRY(qn_mem_calloc(&outputs, (size_t)count, sizeof *outputs));
    qn_status status = fill_hidden(block, outputs);
    if (status == QN_OK) {
        qn_plan *in = block->plan;
        block->plan = NULL;
        status = qn_plan_project(&block->plan, in, outputs, (int32_t)count);
    } else {
        for (int64_t i = 0; i < count; i++)
            qn_expr_free(outputs[i].expression);
    }
    qn_mem_free(outputs);
    return status;
}

qn_status qn_sql_add_sets(sql_block *block) {
    const char *name = NULL;
    char *text = NULL;
    qn_plan *all = NULL;
    qn_status status = QN_OK;
    QN_TRY(share_rows(block));
    QN_TRY(qn_mem_copy_text(&text, "sets"));
    QN_TRY(qn_sql_hide(block, "sets", &block->query->columns, text, &name));
    for (int32_t i = 0; i < block->set_count; i++)
        QN_TRY_GOTO(add_branch(block, name, block->sets[i], &all), done);
    qn_plan *shared = block->plan, *in = all;
    block->plan = all = NULL;
    QN_TRY_GOTO(qn_plan_with(&block->plan, in, name, shared, -1), done);
    status = restore_names(block);
done:
    qn_plan_free(all);
    return status;
}
