/* Constructors of nodes with lists of expressions and calls.
 *
 * All of them first get room, then take over the expressions, which cannot fail, then copy names:
 * so whatever fails, an expression is either still the caller's list's or the node's. */
#include "core/memory.h"
#include "features/plan/node.h"

/* ---- Outputs --------------------------------------------------------------------------------- */

static void free_given_outputs(const qn_plan_output *outputs, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        qn_expr_free(outputs[i].expression);
}

static void take_outputs(qn_plan *plan, const qn_plan_output *outputs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        plan->outputs[i].expression = outputs[i].expression;
        plan->outputs[i].position = outputs[i].position;
    }
    plan->count = count;
}

static qn_status name_outputs(qn_plan *plan, const qn_plan_output *outputs) {
    for (int32_t i = 0; i < plan->count; i++)
        if (outputs[i].name != NULL)
            QN_TRY(qn_mem_copy_text(&plan->outputs[i].name, outputs[i].name));
    return QN_OK;
}

qn_status qn_plan_project(qn_plan **out, qn_plan *in, const qn_plan_output *outputs,
                          int32_t count) {
    qn_plan *plan = NULL;
    qn_status status =
        qn_plan_new(&plan, PLAN_PROJECT, in, NULL, count > 0 ? outputs[0].position : -1);
    if (status == QN_OK)
        status = qn_mem_calloc(&plan->outputs, (size_t)count, sizeof *plan->outputs);
    if (status != QN_OK) {
        qn_plan_free(plan);
        free_given_outputs(outputs, count);
        return status;
    }
    take_outputs(plan, outputs, count);
    status = name_outputs(plan, outputs);
    if (status != QN_OK) {
        qn_plan_free(plan);
        return status;
    }
    *out = plan;
    return QN_OK;
}

qn_status qn_plan_values(qn_plan **out, qn_expr *const *values, int32_t rows, int32_t count,
                         int32_t position) {
    qn_plan *plan = NULL;
    int32_t cells = rows * count;
    qn_status status = qn_plan_new(&plan, PLAN_VALUES, NULL, NULL, position);
    if (status == QN_OK)
        status = qn_mem_calloc(&plan->outputs, (size_t)cells, sizeof *plan->outputs);
    if (status != QN_OK) {
        qn_plan_free(plan);
        for (int32_t i = 0; i < cells; i++)
            qn_expr_free(values[i]);
        return status;
    }
    for (int32_t i = 0; i < cells; i++)
        plan->outputs[i] =
            (qn_plan_output){.expression = values[i], .position = qn_expr_position(values[i])};
    plan->count = cells;
    plan->limit = rows;
    *out = plan;
    return QN_OK;
}

/* ---- Calls ----------------------------------------------------------------------------------- */

static void free_given_order(const qn_plan_order *order, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        qn_expr_free(order[i].expression);
}

static void free_given_call(const qn_plan_call *call) {
    for (int32_t i = 0; i < call->argument_count; i++)
        qn_expr_free(call->arguments[i]);
    qn_expr_free(call->filter);
    free_given_order(call->order, call->order_count);
}

/* Takes over the call's expressions, also on failure. */
static qn_status take_call(plan_call *out, const qn_plan_call *call) {
    qn_plan_order *order = NULL;
    if (call->order_count > 0) {
        qn_status status =
            qn_mem_copy(&order, call->order, (size_t)call->order_count, sizeof *order);
        if (status != QN_OK) {
            free_given_call(call);
            return status;
        }
    }
    *out = (plan_call){.argument_count = call->argument_count,
                       .distinct = call->distinct,
                       .ignore_nulls = call->ignore_nulls,
                       .filter = call->filter,
                       .order = order,
                       .order_count = call->order_count,
                       .position = call->position};
    for (int32_t i = 0; i < call->argument_count; i++)
        out->arguments[i] = call->arguments[i];
    QN_TRY(qn_mem_copy_text(&out->function, call->function));
    return qn_mem_copy_text(&out->name, call->name != NULL ? call->name : call->function);
}

static void free_given(const qn_plan_output *keys, int32_t key_count, const qn_plan_call *calls,
                       int32_t from, int32_t call_count) {
    free_given_outputs(keys, key_count);
    for (int32_t i = from; i < call_count; i++)
        free_given_call(&calls[i]);
}

qn_status qn_plan_aggregate(qn_plan **out, qn_plan *in, const qn_plan_output *keys,
                            int32_t key_count, const qn_plan_call *calls, int32_t call_count) {
    qn_plan *plan = NULL;
    int32_t taken = 0;
    int32_t position = call_count > 0 ? calls[0].position : key_count > 0 ? keys[0].position : -1;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_plan_new(&plan, PLAN_AGGREGATE, in, NULL, position), done);
    QN_TRY_GOTO(qn_mem_calloc(&plan->outputs, (size_t)key_count, sizeof *plan->outputs), done);
    QN_TRY_GOTO(qn_mem_calloc(&plan->calls, (size_t)call_count, sizeof *plan->calls), done);
    take_outputs(plan, keys, key_count);
    plan->call_count = call_count;
    for (; taken < call_count && status == QN_OK; taken++)
        status = take_call(&plan->calls[taken], &calls[taken]);
    if (status == QN_OK)
        status = name_outputs(plan, keys);
    if (status == QN_OK) {
        *out = plan;
        return QN_OK;
    }
    key_count = 0; /* the plan's by now */
done:
    qn_plan_free(plan);
    free_given(keys, key_count, calls, taken, call_count);
    return status;
}

/* ---- Windows --------------------------------------------------------------------------------- */

static qn_plan_call call_of(const qn_plan_window *window) {
    qn_plan_call call = {.function = window->function,
                         .name = window->name,
                         .argument_count = window->argument_count,
                         .distinct = window->distinct,
                         .ignore_nulls = window->ignore_nulls,
                         .filter = window->filter,
                         .order = window->order,
                         .order_count = window->order_count,
                         .position = window->position};
    for (int32_t i = 0; i < window->argument_count; i++)
        call.arguments[i] = window->arguments[i];
    return call;
}

static void free_given_window(const qn_plan_window *window) {
    qn_plan_call call = call_of(window);
    free_given_call(&call);
    for (int32_t i = 0; i < window->partition_count; i++)
        qn_expr_free(window->partition[i]);
}

static qn_status take_window(plan_call *out, const qn_plan_window *window) {
    qn_expr **partition = NULL;
    qn_plan_call call = call_of(window);
    if (window->partition_count > 0) {
        qn_status status = qn_mem_copy(&partition, window->partition,
                                       (size_t)window->partition_count, sizeof *partition);
        if (status != QN_OK) {
            free_given_window(window);
            return status;
        }
    }
    qn_status status = take_call(out, &call);
    out->partition = partition;
    out->partition_count = window->partition_count;
    out->default_frame = window->default_frame;
    out->frame = window->frame;
    return status;
}

qn_status qn_plan_windows(qn_plan **out, qn_plan *in, const qn_plan_window *calls, int32_t count) {
    qn_plan *plan = NULL;
    int32_t taken = 0;
    qn_status status =
        qn_plan_new(&plan, PLAN_WINDOWS, in, NULL, count > 0 ? calls[0].position : -1);
    if (status == QN_OK)
        status = qn_mem_calloc(&plan->calls, (size_t)count, sizeof *plan->calls);
    if (status == QN_OK)
        plan->call_count = count;
    for (; taken < count && status == QN_OK; taken++)
        status = take_window(&plan->calls[taken], &calls[taken]);
    if (status == QN_OK) {
        *out = plan;
        return QN_OK;
    }
    qn_plan_free(plan);
    for (; taken < count; taken++)
        free_given_window(&calls[taken]);
    return status;
}

/* ---- Joins ----------------------------------------------------------------------------------- */

qn_status qn_plan_join(qn_plan **out, qn_plan *left, qn_plan *right,
                       const qn_plan_join_spec *spec) {
    qn_plan *plan = NULL;
    qn_status status = qn_plan_new(&plan, PLAN_JOIN, left, right, spec->position);
    if (status != QN_OK) {
        qn_expr_free(spec->condition);
        return status;
    }
    plan->condition = spec->condition;
    plan->join = spec->kind;
    plan->natural = spec->natural;
    plan->tolerance = spec->tolerance;
    plan->tolerance_is_time = spec->tolerance_is_time;
    QN_TRY_GOTO(qn_plan_copy_names(&plan->names, spec->using_, spec->using_count), done);
    plan->name_count = spec->using_count;
    if (spec->name != NULL)
        QN_TRY_GOTO(qn_mem_copy_text(&plan->name, spec->name), done);
    *out = plan;
    return QN_OK;
done:
    qn_plan_free(plan);
    return status;
}
