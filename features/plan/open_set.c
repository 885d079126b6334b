/* Set operations. UNION ALL of many inputs becomes one operator. */
#include "core/memory.h"
#include "features/plan/meter.h"
#include "features/plan/open.h"
#include "features/set/union.h"

typedef struct branches {
    int64_t count, capacity;
    opened *items;
} branches;

static bool is_union_all(const qn_plan *plan) {
    return plan->kind == PLAN_SET && plan->set == QN_PLAN_UNION && plan->all;
}

static qn_status add_branch(opening *self, branches *list, qn_plan *plan) {
    opened branch = {NULL, NULL};
    QN_TRY(qn_mem_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items));
    QN_TRY(qn_plan_open_node(self, plan, &branch));
    list->items[list->count++] = branch;
    return qn_plan_open_schema(&list->items[list->count - 1], &plan->schema);
}

static qn_status add_branches(opening *self, branches *list, qn_plan *plan) {
    if (!is_union_all(plan))
        return add_branch(self, list, plan);
    QN_TRY(add_branches(self, list, plan->in));
    return add_branches(self, list, plan->right);
}

static void clear_branches(branches *list) {
    for (int64_t i = 0; i < list->count; i++)
        qn_plan_opened_clear(&list->items[i]);
    qn_mem_free(list->items);
}

static qn_status unite(opening *self, branches *list, qn_stream **out) {
    qn_stream **streams = NULL;
    QN_TRY(qn_mem_alloc(&streams, (size_t)list->count, sizeof *streams));
    for (int64_t i = 0; i < list->count; i++) {
        streams[i] = list->items[i].stream;
        list->items[i].stream = NULL;
    }
    qn_status status = qn_union_open(out, streams, (int32_t)list->count, self->execution);
    qn_mem_free(streams);
    return status;
}

/* The operator's node gets all branches below it. */
static qn_status add_node(const opening *self, branches *list, opened *out, qn_stream *stream,
                          char *label, int64_t expected) {
    opened *first = &list->items[0];
    out->node = first->node;
    first->node = NULL;
    QN_TRY(qn_plan_add_operator(self, out, NULL, stream, label, expected));
    for (int64_t i = 1; self->explained && i < list->count; i++)
        QN_TRY(qn_physical_add(out->node, &list->items[i].node));
    return QN_OK;
}

static qn_status distinct(opening *self, opened *io, int64_t expected) {
    int32_t count = io->stream->schema.count, *keys = NULL;
    qn_stream *in = io->stream, *stream = NULL;
    char *label = NULL;
    QN_TRY(qn_mem_alloc(&keys, (size_t)count, sizeof *keys));
    for (int32_t i = 0; i < count; i++)
        keys[i] = i;
    io->stream = NULL;
    qn_status status = qn_distinct_open(&stream, in, self->execution, keys, count);
    qn_mem_free(keys);
    QN_TRY(status);
    if (self->explained) {
        status = qn_mem_copy_text(&label, "Distinct");
        if (status != QN_OK) {
            qn_stream_free(stream);
            return status;
        }
    }
    return qn_plan_add_operator(self, io, NULL, stream, label, expected);
}

static qn_status open_union(opening *self, qn_plan *plan, branches *list, opened *out) {
    qn_stream *stream = NULL;
    char *label = NULL;
    QN_TRY(add_branches(self, list, plan->in));
    QN_TRY(add_branches(self, list, plan->right));
    qn_status status = unite(self, list, &stream);
    if (status == QN_OK && self->explained)
        status = qn_mem_copy_text(&label, "Union all");
    if (status != QN_OK) {
        qn_stream_free(stream);
        return status;
    }
    QN_TRY(add_node(self, list, out, stream, label, plan->rows));
    return plan->all ? QN_OK : distinct(self, out, plan->rows);
}

static qn_status open_other(opening *self, qn_plan *plan, branches *list, opened *out) {
    qn_set_kind kind = plan->set == QN_PLAN_INTERSECT ? QN_SET_INTERSECT : QN_SET_EXCEPT;
    qn_stream *stream = NULL, *sides[2];
    char *label = NULL;
    QN_TRY(add_branch(self, list, plan->in));
    QN_TRY(add_branch(self, list, plan->right));
    QN_TRY(qn_plan_label(self, plan, &label));
    for (int i = 0; i < 2; i++) {
        sides[i] = list->items[i].stream;
        list->items[i].stream = NULL;
    }
    qn_status status = qn_set_open(&stream, sides[0], sides[1], self->execution, kind, plan->all);
    if (status != QN_OK) {
        qn_mem_free(label);
        return qn_plan_locate(self->context, plan->position, -1, status);
    }
    return add_node(self, list, out, stream, label, plan->rows);
}

qn_status qn_plan_open_set(opening *self, qn_plan *plan, opened *out) {
    branches list = {0};
    qn_status status = plan->set == QN_PLAN_UNION ? open_union(self, plan, &list, out)
                                                  : open_other(self, plan, &list, out);
    clear_branches(&list);
    return status;
}
