/* From prepared plans to operators. */
#include "features/plan/open.h"

#include "core/memory.h"
#include "features/operator/operator.h"
#include "features/plan/meter.h"
#include "features/plan/print.h"
#include "features/plan/values.h"
#include "features/set/union.h"

#include <string.h>

/* ---- What is open ---------------------------------------------------------------------------- */

void qn_plan_opened_clear(opened *io) {
    qn_stream_free(io->stream);
    qn_physical_free(io->node);
    io->stream = NULL;
    io->node = NULL;
}

qn_status qn_plan_label(const opening *self, const qn_plan *plan, char **out) {
    qn_text text;
    *out = NULL;
    if (!self->explained)
        return QN_OK;
    qn_text_init(&text);
    qn_status status = qn_plan_print_node(plan, &text);
    if (status != QN_OK) {
        qn_text_clear(&text);
        return status;
    }
    *out = text.data;
    return QN_OK;
}

qn_status qn_plan_add_operator(const opening *self, opened *io, opened *right, qn_stream *stream,
                               char *label, int64_t expected) {
    qn_physical *node = NULL;
    qn_status status = QN_OK;
    io->stream = stream;
    if (!self->explained)
        return QN_OK;
    QN_TRY_GOTO(qn_physical_new(&node, label, expected), done);
    label = NULL;
    if (io->node != NULL)
        QN_TRY_GOTO(qn_physical_add(node, &io->node), done);
    if (right != NULL && right->node != NULL)
        QN_TRY_GOTO(qn_physical_add(node, &right->node), done);
    if (self->metered) {
        io->stream = NULL;
        QN_TRY_GOTO(qn_meter_open(&io->stream, stream, &node->meter, self->execution->comm), done);
    }
    io->node = node;
    return QN_OK;
done:
    qn_mem_free(label);
    qn_physical_free(node);
    return status;
}

/* ---- Projections that operators need ----------------------------------------------------------
 */

static qn_status inputs_label(const opening *self, const plan_inputs *inputs, char **out) {
    qn_text text;
    qn_status status = QN_OK;
    *out = NULL;
    if (!self->explained)
        return QN_OK;
    int32_t kept = inputs->keep ? inputs->base->count : 0;
    qn_text_init(&text);
    QN_TRY_GOTO(qn_text_printf(&text, "Compute "), done);
    for (int64_t i = 0; i < inputs->count; i++) {
        const char *name = inputs->schema.fields[kept + i].name;
        const char *column = qn_expr_column_name(inputs->items[i]);
        if (i > 0)
            QN_TRY_GOTO(qn_text_add(&text, ", ", 2), done);
        QN_TRY_GOTO(qn_expr_print(inputs->items[i], &text), done);
        if (column == NULL || strcmp(column, name) != 0)
            QN_TRY_GOTO(qn_text_printf(&text, " AS %s", name), done);
    }
    *out = text.data;
    return QN_OK;
done:
    qn_text_clear(&text);
    return status;
}

static bool same_names(const qn_schema *a, const qn_schema *b) {
    if (a->count != b->count)
        return false;
    for (int32_t i = 0; i < a->count; i++)
        if (strcmp(a->fields[i].name, b->fields[i].name) != 0)
            return false;
    return true;
}

qn_status qn_plan_open_inputs(const opening *self, opened *io, const plan_inputs *inputs) {
    qn_stream *stream = io->stream;
    char *label = NULL;
    int64_t expected = io->node != NULL ? io->node->expected : -1;
    if (inputs->keep ? inputs->count == 0 : qn_plan_inputs_are(inputs, &stream->schema))
        return QN_OK;
    QN_TRY(inputs_label(self, inputs, &label));
    io->stream = NULL;
    qn_status status = qn_plan_inputs_open(&stream, inputs, stream, self->context->session);
    if (status != QN_OK) {
        qn_mem_free(label);
        return status;
    }
    return qn_plan_add_operator(self, io, NULL, stream, label, expected);
}

qn_status qn_plan_open_schema(opened *io, const qn_schema *schema) {
    int32_t *columns = NULL;
    qn_stream *stream = io->stream;
    if (same_names(&stream->schema, schema))
        return QN_OK;
    QN_TRY(qn_mem_alloc(&columns, (size_t)schema->count, sizeof *columns));
    for (int32_t i = 0; i < schema->count; i++)
        columns[i] = qn_schema_find(&stream->schema, schema->fields[i].name);
    io->stream = NULL;
    qn_status status = qn_select_open(&io->stream, stream, columns, schema->count);
    qn_mem_free(columns);
    return status;
}

/* ---- Narrow nodes ---------------------------------------------------------------------------- */

/* What a node owns moves into the operator, which takes it over in any case. */
static qn_status open_filter(const opening *self, qn_plan *plan, qn_stream *in, qn_stream **out) {
    qn_expr *condition = plan->condition;
    if (condition == NULL) {
        *out = in;
        return QN_OK;
    }
    plan->condition = NULL;
    return qn_filter_open_in(out, in, condition, self->context->session);
}

static qn_status open_project(const opening *self, qn_plan *plan, qn_stream *in, qn_stream **out) {
    qn_expr **expressions = NULL;
    const char **names = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_alloc(&expressions, (size_t)plan->count, sizeof *expressions), done);
    QN_TRY_GOTO(qn_mem_alloc(&names, (size_t)plan->count, sizeof *names), done);
    for (int32_t i = 0; i < plan->count; i++) {
        names[i] = plan->outputs[i].name;
        expressions[i] = plan->outputs[i].expression;
        plan->outputs[i].expression = NULL;
    }
    status = qn_project_open_in(out, in, expressions, names, plan->count, self->context->session);
    in = NULL;
done:
    qn_stream_free(in);
    qn_mem_free(expressions);
    qn_mem_free(names);
    return status;
}

static qn_status open_sample(const qn_plan *plan, qn_stream *in, qn_stream **out) {
    double weights[2] = {plan->fraction, 1 - plan->fraction};
    if (plan->fraction >= 1) {
        *out = in;
        return QN_OK;
    }
    return qn_split_open(out, in, weights, 2, 0, plan->seed);
}

static qn_status open_single(const opening *self, const qn_plan *plan, qn_stream *in,
                             qn_stream **out) {
    qn_expr *column = NULL;
    const char *name = plan->name;
    qn_stream *single = NULL;
    QN_TRY(qn_single_open(&single, in, self->execution));
    qn_status status = qn_expr_column(&column, single->schema.fields[0].name, -1);
    if (status != QN_OK) {
        qn_stream_free(single);
        return status;
    }
    return qn_project_open(out, single, &column, &name, 1);
}

static qn_status open_narrow(const opening *self, qn_plan *plan, qn_stream *in, qn_stream **out) {
    switch (plan->kind) {
    case PLAN_FILTER:
        return open_filter(self, plan, in, out);
    case PLAN_PROJECT:
        return open_project(self, plan, in, out);
    case PLAN_LIMIT:
        return qn_limit_open(out, in, self->execution->comm, plan->limit, plan->offset);
    case PLAN_SAMPLE:
        return open_sample(plan, in, out);
    case PLAN_SPLIT:
        return qn_split_open(out, in, plan->weights, plan->weight_count, plan->which, plan->seed);
    case PLAN_CACHE:
        return qn_cache_open(out, in, self->execution->memory);
    case PLAN_SINGLE:
        return open_single(self, plan, in, out);
    default:
        qn_stream_free(in);
        return qn_fail(QN_INTERNAL, "no operator for %s", qn_plan_kind_name(plan));
    }
}

static qn_status open_over(opening *self, qn_plan *plan, opened *io) {
    char *label = NULL;
    QN_TRY(qn_plan_label(self, plan, &label));
    qn_stream *in = io->stream, *stream = NULL;
    io->stream = NULL;
    qn_status status = open_narrow(self, plan, in, &stream);
    if (status != QN_OK) {
        qn_mem_free(label);
        return status;
    }
    return qn_plan_add_operator(self, io, NULL, stream, label, plan->rows);
}

/* ---- Leaves ---------------------------------------------------------------------------------- */

static qn_status open_leaf(opening *self, qn_plan *plan, opened *out) {
    char *label = NULL;
    qn_stream *stream = plan->stream;
    QN_TRY(qn_plan_label(self, plan, &label));
    plan->stream = NULL;
    qn_status status = QN_OK;
    if (plan->kind != PLAN_SCAN)
        status = qn_plan_values_open(&stream, plan, self->execution->comm);
    if (status != QN_OK) {
        qn_mem_free(label);
        return status;
    }
    QN_TRY(qn_plan_add_operator(self, out, NULL, stream, label, plan->rows));
    if (out->node != NULL)
        out->node->known = true;
    return QN_OK;
}

static qn_status open_reference(opening *self, qn_plan *plan, opened *out) {
    char *label = NULL;
    shared_rows *shared = self->shared;
    qn_stream *stream = NULL;
    while (shared != NULL && shared->with != plan->shared)
        shared = shared->outer;
    if (shared == NULL)
        return qn_fail(QN_INTERNAL, "'%s' is read outside of its WITH", plan->name);
    QN_TRY(qn_plan_label(self, plan, &label));
    qn_status status = qn_keep_open(&stream, shared->keep);
    if (status != QN_OK) {
        qn_mem_free(label);
        return status;
    }
    return qn_plan_add_operator(self, out, NULL, stream, label, plan->rows);
}

/* ---- WITH ------------------------------------------------------------------------------------ */

static qn_status keep_shared(opening *self, qn_plan *plan, shared_rows *shared) {
    opened kept = {NULL, NULL};
    qn_status status = qn_plan_open_node(self, plan->right, &kept);
    if (status == QN_OK) {
        status = qn_keep_new(&shared->keep, kept.stream, self->execution->memory,
                             self->execution->scratch);
        kept.stream = NULL;
        shared->node = kept.node;
        kept.node = NULL;
    }
    qn_plan_opened_clear(&kept);
    return status;
}

static qn_status open_with(opening *self, qn_plan *plan, opened *out) {
    shared_rows shared = {.with = plan, .outer = self->shared};
    opened right = {NULL, NULL};
    char *label = NULL;
    qn_status status = keep_shared(self, plan, &shared);
    self->shared = &shared;
    if (status == QN_OK)
        status = qn_plan_open_node(self, plan->in, out);
    self->shared = shared.outer;
    qn_keep_release(shared.keep);
    right.node = shared.node;
    if (status == QN_OK)
        status = qn_plan_label(self, plan, &label);
    if (status == QN_OK)
        status = qn_plan_add_operator(self, out, &right, out->stream, label, plan->rows);
    qn_plan_opened_clear(&right);
    return status;
}

/* ---- All nodes ------------------------------------------------------------------------------- */

static qn_status open_wide(opening *self, qn_plan *plan, opened *io) {
    switch (plan->kind) {
    case PLAN_AGGREGATE:
        return qn_plan_open_aggregate(self, plan, io);
    case PLAN_DISTINCT:
        return qn_plan_open_distinct(self, plan, io);
    case PLAN_SORT:
        return qn_plan_open_sort(self, plan, io);
    case PLAN_TOP:
        return qn_plan_open_top(self, plan, io);
    case PLAN_WINDOWS:
        return qn_plan_open_windows(self, plan, io);
    case PLAN_REPARTITION:
        return qn_plan_open_repartition(self, plan, io);
    default:
        return open_over(self, plan, io);
    }
}

static qn_status open_any(opening *self, qn_plan *plan, opened *out) {
    switch (plan->kind) {
    case PLAN_SCAN:
    case PLAN_VALUES:
    case PLAN_EMPTY:
        return open_leaf(self, plan, out);
    case PLAN_REFERENCE:
        return open_reference(self, plan, out);
    case PLAN_WITH:
        return open_with(self, plan, out);
    case PLAN_JOIN:
        return qn_plan_open_join(self, plan, out);
    case PLAN_SET:
        return qn_plan_open_set(self, plan, out);
    default:
        QN_TRY(qn_plan_open_node(self, plan->in, out));
        return open_wide(self, plan, out);
    }
}

qn_status qn_plan_open_node(opening *self, qn_plan *plan, opened *out) {
    *out = (opened){NULL, NULL};
    qn_status status = open_any(self, plan, out);
    if (status != QN_OK)
        qn_plan_opened_clear(out);
    return status;
}
