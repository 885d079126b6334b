/* Wide nodes with one input: what they compute is projected below them, what they do not give is
 * taken off above. */
#include "core/memory.h"
#include "features/plan/open.h"
#include "features/sort/sort.h"

#include <string.h>

/* Hands the stream in io to the operator, or frees it. */
static qn_stream *take(opened *io) {
    qn_stream *stream = io->stream;
    io->stream = NULL;
    return stream;
}

/* Puts the opened stream (or its failure) into io. */
static qn_status put(const opening *self, const qn_plan *plan, opened *io, qn_stream *stream,
                     char *label, qn_status status) {
    if (status != QN_OK) {
        qn_mem_free(label);
        return qn_plan_locate(self->context, plan->position, -1, status);
    }
    return qn_plan_add_operator(self, io, NULL, stream, label, plan->rows);
}

/* ---- Aggregates ------------------------------------------------------------------------------ */

typedef struct lowered_aggregate {
    plan_inputs inputs;
    int32_t *keys;
    qn_aggregate_call *calls;
    int32_t call_count;
} lowered_aggregate;

static void clear_aggregate(lowered_aggregate *self) {
    qn_plan_inputs_clear(&self->inputs);
    qn_mem_free(self->keys);
    for (int32_t i = 0; i < self->call_count; i++) {
        qn_mem_free((void *)(uintptr_t)self->calls[i].order);
        qn_mem_free((void *)(uintptr_t)self->calls[i].text);
    }
    qn_mem_free(self->calls);
}

static qn_status lower_aggregate(const qn_plan *plan, lowered_aggregate *self) {
    QN_TRY(qn_plan_inputs_init(&self->inputs, &plan->in->schema, false));
    QN_TRY(qn_mem_calloc(&self->keys, (size_t)plan->count, sizeof *self->keys));
    QN_TRY(qn_mem_calloc(&self->calls, (size_t)plan->call_count, sizeof *self->calls));
    for (int32_t i = 0; i < plan->count; i++) {
        self->keys[i] = i;
        QN_TRY(qn_plan_inputs_add_named(&self->inputs, plan->outputs[i].expression,
                                        plan->outputs[i].name));
    }
    for (int32_t i = 0; i < plan->call_count; i++) {
        QN_TRY(qn_plan_lower_aggregate(&plan->calls[i], &self->inputs, &self->calls[i]));
        self->call_count++;
    }
    return QN_OK;
}

/* count(*) alone reads no column, but rows need one. */
static qn_status add_any_column(const qn_plan *plan, plan_inputs *inputs, qn_expr **out) {
    int32_t unused = 0, best = 0;
    const qn_schema *in = &plan->in->schema;
    if (inputs->count > 0)
        return QN_OK;
    for (int32_t i = 0; i < in->count; i++)
        if (qn_type_size(in->fields[i].type) > 0) {
            best = i;
            break;
        }
    QN_TRY(qn_expr_column(out, in->fields[best].name, -1));
    QN_TRY(qn_expr_bind(*out, in));
    return qn_plan_inputs_add(inputs, *out, &unused);
}

qn_status qn_plan_open_aggregate(opening *self, qn_plan *plan, opened *io) {
    lowered_aggregate lowered = {0};
    qn_expr *any = NULL;
    char *label = NULL;
    qn_stream *stream = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(lower_aggregate(plan, &lowered), done);
    QN_TRY_GOTO(add_any_column(plan, &lowered.inputs, &any), done);
    QN_TRY_GOTO(qn_plan_open_inputs(self, io, &lowered.inputs), done);
    QN_TRY_GOTO(qn_plan_label(self, plan, &label), done);
    status = qn_aggregate_open(&stream, take(io), self->execution, lowered.keys, plan->count,
                               lowered.calls, plan->call_count);
    status = put(self, plan, io, stream, label, status);
done:
    clear_aggregate(&lowered);
    qn_expr_free(any);
    return status;
}

/* ---- DISTINCT, repartition: columns by name ---------------------------------------------------
 */

static qn_status find_columns(const qn_plan *plan, int32_t **out, int32_t *count) {
    const qn_schema *schema = &plan->in->schema;
    bool all = plan->name_count == 0 && plan->kind == PLAN_DISTINCT;
    int32_t *columns = NULL;
    *count = all ? schema->count : plan->name_count;
    QN_TRY(qn_mem_alloc(&columns, (size_t)*count, sizeof *columns));
    for (int32_t i = 0; i < *count; i++)
        columns[i] = all ? i : qn_schema_find(schema, plan->names[i]);
    *out = columns;
    return QN_OK;
}

qn_status qn_plan_open_distinct(opening *self, qn_plan *plan, opened *io) {
    int32_t *keys = NULL, count = 0;
    char *label = NULL;
    qn_stream *stream = NULL;
    QN_TRY(qn_plan_open_schema(io, &plan->in->schema));
    QN_TRY(qn_plan_label(self, plan, &label));
    qn_status status = find_columns(plan, &keys, &count);
    if (status == QN_OK)
        status = qn_distinct_open(&stream, take(io), self->execution, keys, count);
    qn_mem_free(keys);
    return put(self, plan, io, stream, label, status);
}

static qn_status open_by_range(const opening *self, const int32_t *columns, int32_t count,
                               opened *io, qn_stream **out) {
    qn_sort_key *keys = NULL;
    QN_TRY(qn_mem_calloc(&keys, (size_t)count, sizeof *keys));
    for (int32_t i = 0; i < count; i++)
        keys[i].column = columns[i];
    qn_status status = qn_sort_open(out, take(io), self->execution, keys, count, -1, 0);
    qn_mem_free(keys);
    return status;
}

qn_status qn_plan_open_repartition(opening *self, qn_plan *plan, opened *io) {
    int32_t *columns = NULL, count = 0;
    char *label = NULL;
    qn_stream *stream = NULL;
    QN_TRY(qn_plan_open_schema(io, &plan->in->schema));
    QN_TRY(qn_plan_label(self, plan, &label));
    qn_status status = find_columns(plan, &columns, &count);
    if (status == QN_OK && plan->all)
        status = open_by_range(self, columns, count, io, &stream);
    else if (status == QN_OK)
        status = qn_repartition_open(&stream, take(io), self->execution, columns, count);
    qn_mem_free(columns);
    return put(self, plan, io, stream, label, status);
}

/* ---- Sorts ----------------------------------------------------------------------------------- */

qn_status qn_plan_open_sort(opening *self, qn_plan *plan, opened *io) {
    plan_inputs inputs = {0};
    qn_sort_key *keys = NULL;
    char *label = NULL;
    qn_stream *stream = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_plan_open_schema(io, &plan->in->schema), done);
    QN_TRY_GOTO(qn_plan_inputs_init(&inputs, &plan->in->schema, true), done);
    QN_TRY_GOTO(qn_plan_lower_order(plan->order, plan->order_count, &inputs, &keys), done);
    QN_TRY_GOTO(qn_plan_open_inputs(self, io, &inputs), done);
    QN_TRY_GOTO(qn_plan_label(self, plan, &label), done);
    status = qn_sort_open(&stream, take(io), self->execution, keys, plan->order_count, plan->limit,
                          plan->offset);
    QN_TRY_GOTO(put(self, plan, io, stream, label, status), done);
    status = qn_plan_open_schema(io, &plan->schema);
done:
    qn_plan_inputs_clear(&inputs);
    qn_mem_free(keys);
    return status;
}

static qn_status lower_partition(const qn_plan *plan, plan_inputs *inputs, int32_t *columns) {
    for (int32_t i = 0; i < plan->count; i++)
        QN_TRY(qn_plan_inputs_add(inputs, plan->outputs[i].expression, &columns[i]));
    return QN_OK;
}

qn_status qn_plan_open_top(opening *self, qn_plan *plan, opened *io) {
    plan_inputs inputs = {0};
    int32_t *partition = NULL;
    qn_sort_key *keys = NULL;
    char *label = NULL;
    qn_stream *stream = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_plan_open_schema(io, &plan->in->schema), done);
    QN_TRY_GOTO(qn_plan_inputs_init(&inputs, &plan->in->schema, true), done);
    QN_TRY_GOTO(qn_mem_calloc(&partition, (size_t)plan->count, sizeof *partition), done);
    QN_TRY_GOTO(lower_partition(plan, &inputs, partition), done);
    QN_TRY_GOTO(qn_plan_lower_order(plan->order, plan->order_count, &inputs, &keys), done);
    QN_TRY_GOTO(qn_plan_open_inputs(self, io, &inputs), done);
    QN_TRY_GOTO(qn_plan_label(self, plan, &label), done);
    status = qn_group_top_open(&stream, take(io), self->execution, partition, plan->count, keys,
                               plan->order_count, plan->limit, plan->name);
    QN_TRY_GOTO(put(self, plan, io, stream, label, status), done);
    status = qn_plan_open_schema(io, &plan->schema);
done:
    qn_plan_inputs_clear(&inputs);
    qn_mem_free(partition);
    qn_mem_free(keys);
    return status;
}

/* ---- Windows --------------------------------------------------------------------------------- */

/* Calls of one window next to each other; their columns find their places again by name. */
static void group_windows(qn_plan *plan) {
    for (int32_t i = 0; i + 1 < plan->call_count; i++) {
        int32_t next = i + 1;
        while (next < plan->call_count &&
               !qn_plan_windows_equal(&plan->calls[i], &plan->calls[next]))
            next++;
        if (next == plan->call_count || next == i + 1)
            continue;
        plan_call call = plan->calls[next];
        memmove(&plan->calls[i + 2], &plan->calls[i + 1],
                (size_t)(next - i - 1) * sizeof *plan->calls);
        plan->calls[i + 1] = call;
    }
}

static qn_status window_label(const opening *self, const qn_plan *plan, int32_t first,
                              int32_t count, char **out) {
    qn_plan part = {.kind = PLAN_WINDOWS, .calls = plan->calls + first, .call_count = count};
    return qn_plan_label(self, &part, out);
}

static qn_status open_window(const opening *self, const qn_plan *plan, int32_t first, int32_t count,
                             opened *io) {
    plan_inputs inputs = {0};
    qn_window_spec spec = {0};
    char *label = NULL;
    qn_stream *stream = NULL;
    qn_schema base;
    qn_status status = QN_OK;
    qn_schema_init(&base);
    QN_TRY_GOTO(qn_schema_copy(&base, &io->stream->schema), done);
    QN_TRY_GOTO(qn_plan_inputs_init(&inputs, &base, true), done);
    QN_TRY_GOTO(qn_plan_lower_windows(plan, first, count, &inputs, &spec), done);
    QN_TRY_GOTO(qn_plan_open_inputs(self, io, &inputs), done);
    QN_TRY_GOTO(window_label(self, plan, first, count, &label), done);
    status = qn_window_open(&stream, take(io), self->execution, &spec);
    status = put(self, plan, io, stream, label, status);
done:
    qn_plan_free_window_spec(&spec);
    qn_plan_inputs_clear(&inputs);
    qn_schema_clear(&base);
    return status;
}

qn_status qn_plan_open_windows(opening *self, qn_plan *plan, opened *io) {
    QN_TRY(qn_plan_open_schema(io, &plan->in->schema));
    group_windows(plan);
    for (int32_t i = 0; i < plan->call_count;) {
        int32_t count = qn_plan_same_windows(plan, i);
        QN_TRY(open_window(self, plan, i, count, io));
        i += count;
    }
    return qn_plan_open_schema(io, &plan->schema);
}
