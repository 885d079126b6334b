/* Calls of aggregate and window functions: taken out of their expressions, equal ones once. */
#include "features/aggregate/aggregate.h"
#include "features/sql/query/query.h"
#include "features/sql/tree.h"
#include "features/window/window.h"

#include "core/memory.h"

#include <string.h>

static const char *function_of(const PgQuery__FuncCall *node) {
    return qn_sql_string(node->funcname[node->n_funcname - 1]);
}

void qn_sql_call_clear(sql_call *call) {
    for (int32_t i = 0; i < call->argument_count; i++)
        qn_expr_free(call->arguments[i]);
    for (int32_t i = 0; i < call->partition_count; i++)
        qn_expr_free(call->partition[i]);
    qn_mem_free(call->partition);
    qn_expr_free(call->filter);
    qn_sql_order_clear(call->order, call->order_count);
    *call = (sql_call){0};
}

/* ---- What is said once ----------------------------------------------------------------------- */

static bool ignores_nulls(const sql_source *source, const PgQuery__FuncCall *node) {
    return qn_sql_has_mark(source, QN_SQL_MARK_IGNORE_NULLS, node->location);
}

static const sql_call *find_call(const sql_block *block, const sql_call *calls, int64_t count,
                                 const PgQuery__FuncCall *node) {
    const sql_source *source = block->query->source;
    for (int64_t i = 0; i < count; i++)
        if (qn_sql_same(calls[i].node, node, !block->merged) &&
            ignores_nulls(source, calls[i].node) == ignores_nulls(source, node))
            return &calls[i];
    return NULL;
}

/* ---- Arguments ------------------------------------------------------------------------------- */

static qn_status add_argument(sql_block *block, sql_place place, const sql_node *node,
                              sql_call *call) {
    QN_TRY(qn_sql_convert_at(block, place, node, &call->arguments[call->argument_count]));
    call->argument_count++;
    return QN_OK;
}

/* first(x, true) is Spark's way to say IGNORE NULLS. */
static bool is_ignore_flag(const PgQuery__FuncCall *node, size_t i, bool *value) {
    static const char *const functions[] = {"first", "last", "first_value", "last_value",
                                            "any_value"};
    const sql_node *argument = node->args[i];
    if (i != 1 || argument->node_case != PG_QUERY__NODE__NODE_A_CONST ||
        argument->a_const->isnull || argument->a_const->val_case != PG_QUERY__A__CONST__VAL_BOOLVAL)
        return false;
    for (size_t k = 0; k < sizeof functions / sizeof *functions; k++)
        if (strcmp(functions[k], function_of(node)) == 0) {
            *value |= argument->a_const->boolval->boolval;
            return true;
        }
    return false;
}

static qn_status add_arguments(sql_block *block, sql_place place, const PgQuery__FuncCall *node,
                               sql_call *call) {
    enum { MOST = sizeof call->arguments / sizeof *call->arguments };
    const sql_source *source = block->query->source;
    for (size_t i = 0; i < node->n_args; i++) {
        if (is_ignore_flag(node, i, &call->ignore_nulls))
            continue;
        if (call->argument_count == MOST)
            return qn_sql_fail(source, node->location,
                               "function '%s' takes no more than %d arguments here",
                               function_of(node), MOST);
        QN_TRY(add_argument(block, place, node->args[i], call));
    }
    return QN_OK;
}

/* percentile_cont(0.5) WITHIN GROUP (ORDER BY x) is percentile_cont(x, 0.5). */
static qn_status add_within_group(sql_block *block, const PgQuery__FuncCall *node, sql_call *call) {
    const sql_source *source = block->query->source;
    const char *name = function_of(node);
    bool known = strcmp(name, "percentile_cont") == 0 || strcmp(name, "percentile_disc") == 0 ||
                 strcmp(name, "mode") == 0;
    if (!known)
        return qn_sql_fail(source, node->location,
                           "WITHIN GROUP belongs to percentile_cont, percentile_disc and mode, "
                           "not to '%s'",
                           name);
    if (node->n_agg_order != 1)
        return qn_sql_fail(source, node->location, "WITHIN GROUP takes one ORDER BY expression");
    const PgQuery__SortBy *order = node->agg_order[0]->sort_by;
    if (order->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_DESC) {
        qn_status status = qn_sql_unsupported(source, qn_sql_location(order->node),
                                              "WITHIN GROUP (ORDER BY ... DESC)");
        qn_error_help("turn the share round: %s(1 - p)", name);
        return status;
    }
    QN_TRY(add_argument(block, SQL_ARGUMENT, order->node, call));
    return add_arguments(block, SQL_ARGUMENT, node, call);
}

static qn_status check_name(const sql_source *source, const PgQuery__FuncCall *node) {
    if (node->n_funcname > 1 && strcmp(qn_sql_string(node->funcname[0]), "pg_catalog") != 0)
        return qn_sql_unsupported(source, node->location, "a function name with a dot");
    if (node->func_variadic)
        return qn_sql_unsupported(source, node->location, "VARIADIC");
    if (node->n_args == 0 && !node->agg_star && strcmp(function_of(node), "count") == 0)
        return qn_sql_fail(source, node->location, "write count(*) to count rows");
    return QN_OK;
}

/* ---- Texts ----------------------------------------------------------------------------------- */

static qn_status print_arguments(const sql_block *block, const PgQuery__FuncCall *node,
                                 const sql_call *call, qn_text *out) {
    bool within = node->agg_within_group;
    QN_TRY(qn_text_printf(out, "%s(%s", function_of(node), call->distinct ? "DISTINCT " : ""));
    if (node->agg_star)
        QN_TRY(qn_text_add_char(out, '*'));
    for (int32_t i = within; i < call->argument_count; i++) {
        QN_TRY(qn_text_printf(out, "%s", i > within ? ", " : ""));
        QN_TRY(qn_sql_display_into(block, call->arguments[i], out));
    }
    if (!within)
        return QN_OK;
    QN_TRY(qn_text_printf(out, ") WITHIN GROUP (ORDER BY "));
    return qn_sql_display_into(block, call->arguments[0], out);
}

static qn_status print_filter(const sql_block *block, const sql_call *call, qn_text *out) {
    if (call->ignore_nulls)
        QN_TRY(qn_text_printf(out, " IGNORE NULLS"));
    if (call->filter == NULL)
        return QN_OK;
    QN_TRY(qn_text_printf(out, " FILTER (WHERE "));
    QN_TRY(qn_sql_display_into(block, call->filter, out));
    return qn_text_add_char(out, ')');
}

static qn_status print_aggregate(const sql_block *block, const PgQuery__FuncCall *node,
                                 const sql_call *call, qn_text *out) {
    QN_TRY(print_arguments(block, node, call, out));
    QN_TRY(qn_text_printf(out, "%s", call->order_count > 0 ? " " : ""));
    QN_TRY(qn_sql_display_order(block, call->order, call->order_count, out));
    QN_TRY(qn_text_add_char(out, ')'));
    return print_filter(block, call, out);
}

/* OVER w, or the window written out. */
static qn_status print_window(const sql_block *block, const PgQuery__FuncCall *node,
                              const sql_call *call, qn_text *out) {
    QN_TRY(print_arguments(block, node, call, out));
    QN_TRY(qn_text_add_char(out, ')'));
    QN_TRY(print_filter(block, call, out));
    if (node->over->name[0] != '\0')
        return qn_text_printf(out, " OVER %s", node->over->name);
    QN_TRY(qn_text_printf(out, " OVER ("));
    for (int32_t i = 0; i < call->partition_count; i++) {
        QN_TRY(qn_text_printf(out, "%s", i == 0 ? "PARTITION BY " : ", "));
        QN_TRY(qn_sql_display_into(block, call->partition[i], out));
    }
    bool both = call->partition_count > 0 && call->order_count > 0;
    QN_TRY(qn_text_printf(out, "%s", both ? " " : ""));
    QN_TRY(qn_sql_display_order(block, call->order, call->order_count, out));
    if (!call->default_frame)
        QN_TRY(qn_sql_display_frame(&call->frame, out));
    return qn_text_add_char(out, ')');
}

/* ---- Calls ----------------------------------------------------------------------------------- */

typedef qn_status (*call_fill)(sql_block *block, const PgQuery__FuncCall *node, sql_call *call);
typedef qn_status (*call_print)(const sql_block *block, const PgQuery__FuncCall *node,
                                const sql_call *call, qn_text *out);

static qn_status name_call(sql_block *block, const PgQuery__FuncCall *node, sql_call *call,
                           call_print print, const char *kind, int32_t *counter) {
    qn_text text;
    char *copy = NULL;
    qn_text_init(&text);
    qn_status status = print(block, node, call, &text);
    if (status == QN_OK)
        status = qn_mem_copy_text(&copy, text.data);
    qn_text_clear(&text);
    QN_TRY(status);
    return qn_sql_hide(block, kind, counter, copy, &call->name);
}

static qn_status fill_common(sql_block *block, sql_place place, const PgQuery__FuncCall *node,
                             sql_call *call) {
    call->node = node;
    call->function = function_of(node);
    call->position = node->location;
    call->distinct = node->agg_distinct;
    call->ignore_nulls = ignores_nulls(block->query->source, node);
    QN_TRY(check_name(block->query->source, node));
    if (node->agg_filter != NULL)
        QN_TRY(qn_sql_convert_condition(block, place, node->agg_filter, &call->filter));
    return QN_OK;
}

static qn_status fill_aggregate(sql_block *block, const PgQuery__FuncCall *node, sql_call *call) {
    QN_TRY(fill_common(block, SQL_ARGUMENT, node, call));
    if (node->agg_within_group)
        return add_within_group(block, node, call);
    QN_TRY(add_arguments(block, SQL_ARGUMENT, node, call));
    return qn_sql_order_list(block, SQL_ARGUMENT, node->agg_order, node->n_agg_order, &call->order,
                             &call->order_count);
}

static qn_status fill_window(sql_block *block, const PgQuery__FuncCall *node, sql_call *call) {
    const sql_source *source = block->query->source;
    QN_TRY(fill_common(block, SQL_WINDOW, node, call));
    if (node->agg_within_group)
        return qn_sql_unsupported(source, node->location, "WITHIN GROUP in a window function");
    if (node->n_agg_order > 0) {
        qn_status status =
            qn_sql_unsupported(source, node->location, "ORDER BY inside a window function's call");
        qn_error_help("write it into OVER (ORDER BY ...)");
        return status;
    }
    QN_TRY(add_arguments(block, SQL_WINDOW, node, call));
    return qn_sql_window(block, node->over, call);
}

/* The column that a new call will give. */
static qn_status add_call(sql_block *block, const PgQuery__FuncCall *node, bool window,
                          const char **name) {
    sql_call call = {0};
    int32_t *counter = window ? &block->query->windows : &block->query->aggregates;
    qn_status status = QN_OK;
    QN_TRY_GOTO(window ? fill_window(block, node, &call) : fill_aggregate(block, node, &call),
                done);
    QN_TRY_GOTO(name_call(block, node, &call, window ? print_window : print_aggregate,
                          window ? "win" : "agg", counter),
                done);
    if (window) {
        QN_TRY_GOTO(qn_mem_reserve(&block->windows, &block->window_capacity,
                                   block->window_count + 1, sizeof call),
                    done);
        block->windows[block->window_count++] = call;
    } else {
        QN_TRY_GOTO(qn_mem_reserve(&block->calls, &block->call_capacity, block->call_count + 1,
                                   sizeof call),
                    done);
        block->calls[block->call_count++] = call;
    }
    *name = call.name;
    return QN_OK;
done:
    qn_sql_call_clear(&call);
    return status;
}

qn_status qn_sql_aggregate_call(sql_scope *scope, const PgQuery__FuncCall *node, qn_expr **out) {
    sql_block *block = scope->block;
    const char *name = function_of(node), *column = NULL;
    if (block->place == SQL_ARGUMENT)
        return qn_sql_fail(scope->source, node->location,
                           "aggregate function '%s' stands inside another one", name);
    if (!qn_sql_behind_aggregate(block->place) || block->place == SQL_SET_ORDER) {
        qn_status status =
            qn_sql_fail(scope->source, node->location, "aggregate function '%s' cannot stand in %s",
                        name, qn_sql_place_name(block->place));
        if (block->place == SQL_WHERE)
            qn_error_help("HAVING chooses groups");
        return status;
    }
    const sql_call *call = find_call(block, block->calls, block->call_count, node);
    if (call != NULL)
        column = call->name;
    else
        QN_TRY(add_call(block, node, false, &column));
    return qn_expr_column(out, column, qn_sql_position(scope, node->location));
}

qn_status qn_sql_window_call(sql_scope *scope, const PgQuery__FuncCall *node, qn_expr **out) {
    sql_block *block = scope->block;
    const char *name = function_of(node), *column = NULL;
    bool allowed = block->place == SQL_OUTPUT || block->place == SQL_ORDER_BY ||
                   block->place == SQL_DISTINCT_ON;
    if (!allowed) {
        qn_status status =
            qn_sql_fail(scope->source, node->location, "window function '%s' cannot stand in %s",
                        name, qn_sql_place_name(block->place));
        qn_error_help("compute it in a subquery: SELECT ... FROM (SELECT ..., %s(...) OVER (...) "
                      "AS w FROM ...) AS q WHERE w ...",
                      name);
        return status;
    }
    if (!qn_window_exists(name) && !qn_aggregate_exists(name))
        return qn_sql_unknown_function(scope, name, node->location);
    const sql_call *call = find_call(block, block->windows, block->window_count, node);
    if (call != NULL)
        column = call->name;
    else
        QN_TRY(add_call(block, node, true, &column));
    return qn_expr_column(out, column, qn_sql_position(scope, node->location));
}

/* ---- Nodes ----------------------------------------------------------------------------------- */

static qn_plan_call plan_call(const sql_call *call) {
    qn_plan_call out = {.function = call->function,
                        .name = call->name,
                        .argument_count = call->argument_count,
                        .distinct = call->distinct,
                        .ignore_nulls = call->ignore_nulls,
                        .filter = call->filter,
                        .order = call->order,
                        .order_count = call->order_count,
                        .position = call->position};
    memcpy(out.arguments, call->arguments, sizeof out.arguments);
    return out;
}

/* The expressions are the plan's now. */
static void forget(sql_call *call) {
    call->argument_count = call->partition_count = call->order_count = 0;
    call->filter = NULL;
}

/* Without keys and calls there is still the one row: it is counted. */
qn_status qn_sql_aggregate_over(qn_plan **plan, const qn_plan_output *keys, int32_t key_count,
                                sql_call *calls, int32_t call_count) {
    int32_t count = key_count + call_count == 0 ? 1 : call_count;
    qn_plan_call *given = NULL;
    qn_status status = qn_mem_calloc(&given, (size_t)count, sizeof *given);
    if (status != QN_OK) {
        for (int32_t i = 0; i < key_count; i++)
            qn_expr_free(keys[i].expression);
        return status;
    }
    if (count > call_count)
        given[0] = (qn_plan_call){.function = "count", .name = "$rows", .position = -1};
    for (int32_t i = 0; i < call_count; i++)
        given[i] = plan_call(&calls[i]);
    qn_plan *in = *plan;
    *plan = NULL;
    status = qn_plan_aggregate(plan, in, keys, key_count, given, count);
    for (int32_t i = 0; i < call_count; i++)
        forget(&calls[i]);
    qn_mem_free(given);
    return status;
}

qn_status qn_sql_add_aggregate(sql_block *block) {
    qn_plan_output *keys = NULL;
    int32_t count = (int32_t)block->key_count;
    if (block->set_count > 0)
        return qn_sql_add_sets(block);
    QN_TRY(qn_mem_calloc(&keys, (size_t)count, sizeof *keys));
    for (int32_t i = 0; i < count; i++) {
        sql_key *key = &block->keys[i];
        keys[i].expression = key->expression;
        keys[i].name = key->owned == NULL ? (char *)(uintptr_t)key->column : NULL;
        keys[i].position = qn_sql_location(key->node);
        key->expression = NULL;
    }
    qn_status status =
        qn_sql_aggregate_over(&block->plan, keys, count, block->calls, (int32_t)block->call_count);
    qn_mem_free(keys);
    return status;
}

static qn_plan_window plan_window(const sql_call *call) {
    qn_plan_window out = {.function = call->function,
                          .name = call->name,
                          .argument_count = call->argument_count,
                          .distinct = call->distinct,
                          .ignore_nulls = call->ignore_nulls,
                          .filter = call->filter,
                          .partition = call->partition,
                          .partition_count = call->partition_count,
                          .order = call->order,
                          .order_count = call->order_count,
                          .default_frame = call->default_frame,
                          .frame = call->frame,
                          .position = call->position};
    memcpy(out.arguments, call->arguments, sizeof out.arguments);
    return out;
}

qn_status qn_sql_add_windows(sql_block *block) {
    qn_plan_window *calls = NULL;
    int32_t count = (int32_t)block->window_count;
    if (count == 0)
        return QN_OK;
    QN_TRY(qn_mem_calloc(&calls, (size_t)count, sizeof *calls));
    for (int32_t i = 0; i < count; i++) {
        calls[i] = plan_window(&block->windows[i]);
        forget(&block->windows[i]);
    }
    qn_plan *in = block->plan;
    block->plan = NULL;
    qn_status status = qn_plan_windows(&block->plan, in, calls, count);
    qn_mem_free(calls);
    return status;
}
