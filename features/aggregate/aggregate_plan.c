#include "core/memory.h"
#include "features/aggregate/aggregate_private.h"

const char *qn_aggregate_name(int32_t index) {
    return qn_aggregate_function_name(index);
}

bool qn_aggregate_exists(const char *function) {
    return qn_aggregate_function_exists(function);
}

qn_status qn_aggregate_type(const char *function, const qn_type *arguments, int32_t count,
                            qn_type *out) {
    return qn_aggregate_function_type(function, arguments, count, out);
}

static qn_status copy_text(const char **out, const char *text) {
    char *copy = NULL;
    *out = NULL;
    if (text == NULL)
        return QN_OK;
    QN_TRY(qn_mem_copy_text(&copy, text));
    *out = copy;
    return QN_OK;
}

/* What cannot be copied is left NULL, so that the copy can be cleared. */
static qn_status copy_call(qn_aggregate_call *out, const qn_aggregate_call *call) {
    qn_sort_key *order = NULL;
    *out = *call;
    out->function = out->name = out->text = NULL;
    out->order = NULL;
    QN_TRY(copy_text(&out->function, call->function));
    QN_TRY(copy_text(&out->name, call->name));
    QN_TRY(copy_text(&out->text, call->text));
    if (call->order_count > 0)
        QN_TRY(qn_mem_copy(&order, call->order, (size_t)call->order_count, sizeof *order));
    out->order = order;
    return QN_OK;
}

static void free_const(const void *block) {
    qn_mem_free((void *)(uintptr_t)block);
}

void qn_aggregate_plan_clear(qn_aggregate_plan *plan) {
    for (int32_t c = 0; plan->calls != NULL && c < plan->call_count; c++) {
        free_const(plan->calls[c].function);
        free_const(plan->calls[c].name);
        free_const(plan->calls[c].text);
        free_const(plan->calls[c].order);
    }
    qn_mem_free(plan->calls);
    qn_mem_free(plan->keys);
    qn_mem_free(plan->needed);
    qn_mem_free(plan->places);
    *plan = (qn_aggregate_plan){0};
}

static void need(qn_aggregate_plan *plan, int32_t column) {
    if (column < 0 || plan->places[column] >= 0)
        return;
    plan->places[column] = plan->needed_count;
    plan->needed[plan->needed_count++] = column;
}

static qn_status find_needed(qn_aggregate_plan *plan) {
    size_t columns = (size_t)plan->in->count;
    QN_TRY(qn_mem_alloc(&plan->needed, columns, sizeof *plan->needed));
    QN_TRY(qn_mem_alloc(&plan->places, columns, sizeof *plan->places));
    for (size_t i = 0; i < columns; i++)
        plan->places[i] = -1;
    for (int32_t k = 0; k < plan->key_count; k++)
        need(plan, plan->keys[k]);
    for (int32_t c = 0; c < plan->call_count; c++) {
        const qn_aggregate_call *call = &plan->calls[c];
        for (int32_t k = 0; k < call->argument_count; k++)
            need(plan, call->arguments[k]);
        for (int32_t k = 0; k < call->order_count; k++)
            need(plan, call->order[k].column);
        need(plan, call->filter);
    }
    return QN_OK;
}

static qn_status look_at_functions(qn_aggregate_plan *plan) {
    qn_grouping probe; /* knows what its functions need */
    QN_TRY(qn_grouping_init(&probe, plan, false));
    plan->mergeable = true;
    for (int32_t c = 0; c < plan->call_count; c++) {
        plan->mergeable = plan->mergeable && qn_aggregator_is_mergeable(probe.aggregators[c]);
        plan->wants_rows = plan->wants_rows || qn_aggregator_wants_rows(probe.aggregators[c]);
    }
    qn_grouping_clear(&probe);
    return QN_OK;
}

static qn_status init(qn_aggregate_plan *plan, const int32_t *keys, const qn_aggregate_call *calls,
                      int32_t call_count) {
    QN_TRY(qn_mem_copy(&plan->keys, keys, (size_t)plan->key_count, sizeof *keys));
    QN_TRY(qn_mem_calloc(&plan->calls, (size_t)call_count, sizeof *plan->calls));
    for (int32_t c = 0; c < call_count; c++) {
        plan->call_count = c + 1;
        QN_TRY(copy_call(&plan->calls[c], &calls[c]));
    }
    QN_TRY(find_needed(plan));
    return look_at_functions(plan);
}

qn_status qn_aggregate_plan_init(qn_aggregate_plan *plan, const qn_schema *in, const int32_t *keys,
                                 int32_t key_count, const qn_aggregate_call *calls,
                                 int32_t call_count) {
    *plan = (qn_aggregate_plan){.in = in, .key_count = key_count};
    qn_status status = init(plan, keys, calls, call_count);
    if (status != QN_OK)
        qn_aggregate_plan_clear(plan);
    return status;
}
