/* Window calls: which share a window, their constants, their columns. */
#include "core/memory.h"
#include "features/plan/calls.h"

#include <string.h>

static bool same_partition(const plan_call *a, const plan_call *b) {
    if (a->partition_count != b->partition_count)
        return false;
    for (int32_t i = 0; i < a->partition_count; i++)
        if (!qn_expr_equal(a->partition[i], b->partition[i]))
            return false;
    return true;
}

bool qn_plan_windows_equal(const plan_call *a, const plan_call *b) {
    if (!same_partition(a, b) || a->order_count != b->order_count)
        return false;
    for (int32_t i = 0; i < a->order_count; i++)
        if (a->order[i].descending != b->order[i].descending ||
            a->order[i].nulls_last != b->order[i].nulls_last ||
            !qn_expr_equal(a->order[i].expression, b->order[i].expression))
            return false;
    return true;
}

int32_t qn_plan_same_windows(const qn_plan *plan, int32_t first) {
    int32_t count = 1;
    while (first + count < plan->call_count &&
           qn_plan_windows_equal(&plan->calls[first], &plan->calls[first + count]))
        count++;
    return count;
}

/* ---- Constants ------------------------------------------------------------------------------- */

static bool is_any(const char *name, const char *a, const char *b) {
    return strcmp(name, a) == 0 || strcmp(name, b) == 0;
}

/* The argument that must be a constant whole number; -1: none. */
static int32_t number_place(const char *function) {
    if (strcmp(function, "ntile") == 0)
        return 0;
    return is_any(function, "lag", "lead") || strcmp(function, "nth_value") == 0 ? 1 : -1;
}

static qn_status take_number(const plan_call *call, int32_t place, int64_t *out) {
    qn_scalar value;
    if (!qn_expr_constant(call->arguments[place], &value) || value.null ||
        (value.type != QN_INT32 && value.type != QN_INT64))
        return qn_fail(QN_JOB, "argument %d of '%s' must be a constant whole number", place + 1,
                       call->function);
    *out = value.integer;
    return QN_OK;
}

static qn_status lower_arguments(const plan_call *call, plan_inputs *inputs, qn_window_call *out) {
    int32_t place = number_place(call->function), count = 0;
    QN_TRY(qn_plan_take_parameters(call, &count, &out->share, &out->text));
    for (int32_t i = 0; i < count; i++) {
        if (i == place)
            QN_TRY(take_number(call, i, &out->number));
        else if (i == 2 && is_any(call->function, "lag", "lead"))
            QN_TRY(qn_plan_inputs_add(inputs, call->arguments[i], &out->fallback));
        else
            QN_TRY(qn_plan_inputs_add(inputs, call->arguments[i],
                                      &out->arguments[out->argument_count++]));
    }
    return call->filter == NULL ? QN_OK : qn_plan_inputs_add(inputs, call->filter, &out->filter);
}

static qn_status lower_call(const plan_call *call, plan_inputs *inputs, qn_window_call *out) {
    *out = (qn_window_call){.function = call->function,
                            .name = call->name,
                            .number = 1,
                            .fallback = -1,
                            .filter = -1,
                            .distinct = call->distinct,
                            .ignore_nulls = call->ignore_nulls,
                            .default_frame = call->default_frame,
                            .frame = call->frame};
    return lower_arguments(call, inputs, out);
}

/* ---- Windows --------------------------------------------------------------------------------- */

static void free_calls(const qn_window_call *calls, int32_t count) {
    for (int32_t i = 0; calls != NULL && i < count; i++)
        qn_mem_free((void *)(uintptr_t)calls[i].text);
    qn_mem_free((void *)(uintptr_t)calls);
}

void qn_plan_free_window_spec(qn_window_spec *spec) {
    qn_mem_free((void *)(uintptr_t)spec->partition);
    qn_mem_free((void *)(uintptr_t)spec->order);
    free_calls(spec->calls, spec->call_count);
    *spec = (qn_window_spec){0};
}

static qn_status lower_partition(const plan_call *call, plan_inputs *inputs, int32_t **out) {
    int32_t *columns = NULL;
    QN_TRY(qn_mem_calloc(&columns, (size_t)call->partition_count, sizeof *columns));
    for (int32_t i = 0; i < call->partition_count; i++) {
        qn_status status = qn_plan_inputs_add(inputs, call->partition[i], &columns[i]);
        if (status != QN_OK) {
            qn_mem_free(columns);
            return status;
        }
    }
    *out = columns;
    return QN_OK;
}

static qn_status lower_calls(const plan_call *calls, int32_t count, plan_inputs *inputs,
                             qn_window_call **out) {
    qn_window_call *lowered = NULL;
    QN_TRY(qn_mem_calloc(&lowered, (size_t)count, sizeof *lowered));
    for (int32_t i = 0; i < count; i++) {
        qn_status status = lower_call(&calls[i], inputs, &lowered[i]);
        if (status != QN_OK) {
            free_calls(lowered, count);
            return status;
        }
    }
    *out = lowered;
    return QN_OK;
}

qn_status qn_plan_lower_windows(const qn_plan *plan, int32_t first, int32_t count,
                                plan_inputs *inputs, qn_window_spec *out) {
    const plan_call *call = &plan->calls[first];
    int32_t *partition = NULL;
    qn_sort_key *order = NULL;
    qn_window_call *calls = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(lower_partition(call, inputs, &partition), done);
    QN_TRY_GOTO(qn_plan_lower_order(call->order, call->order_count, inputs, &order), done);
    QN_TRY_GOTO(lower_calls(call, count, inputs, &calls), done);
    *out =
        (qn_window_spec){partition, call->partition_count, order, call->order_count, calls, count};
    return QN_OK;
done:
    qn_mem_free(partition);
    qn_mem_free(order);
    return status;
}

static qn_status type_call(qn_plan *plan, int32_t i) {
    plan_inputs inputs;
    qn_window_spec spec = {0};
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_plan_inputs_init(&inputs, &plan->in->schema, true), done);
    QN_TRY_GOTO(qn_plan_lower_windows(plan, i, 1, &inputs, &spec), done);
    status = qn_window_check(&spec, &inputs.schema, &spec.calls[0], &plan->calls[i].type);
done:
    qn_plan_free_window_spec(&spec);
    qn_plan_inputs_clear(&inputs);
    return status;
}

/* The default of lag and lead gets the type of what is shifted. */
static qn_status cast_default(plan_call *call, const qn_schema *schema,
                              const plan_context *context) {
    if (call->argument_count < 3 || !is_any(call->function, "lag", "lead"))
        return QN_OK;
    qn_expr *given = call->arguments[2];
    qn_type type = qn_expr_type(call->arguments[0]);
    if (qn_expr_type(given) == type || type >= QN_STRING_LIST)
        return QN_OK;
    call->arguments[2] = NULL;
    qn_status status = qn_expr_cast(&call->arguments[2], given, type, qn_expr_position(given));
    if (status != QN_OK) {
        call->argument_count = 2;
        return status;
    }
    return qn_expr_bind_in(call->arguments[2], schema, context->session);
}

qn_status qn_plan_type_windows(qn_plan *plan, const plan_context *context) {
    for (int32_t i = 0; i < plan->call_count; i++) {
        plan_call *call = &plan->calls[i];
        qn_status status = cast_default(call, &plan->in->schema, context);
        if (status == QN_OK)
            status = type_call(plan, i);
        QN_TRY(qn_plan_locate(context, call->position, plan->position, status));
    }
    return QN_OK;
}
