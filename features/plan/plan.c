#include "features/plan/plan.h"

#include "core/memory.h"
#include "features/plan/node.h"
#include "features/plan/open.h"
#include "features/plan/source.h"
#include "features/scan/scan.h"

#include <string.h>

qn_status qn_plan_set_source(qn_plan *plan, qn_view text) {
    qn_text_truncate(&plan->source, 0);
    return qn_text_add(&plan->source, text.data, text.length);
}

void qn_plan_leave_as_written(qn_plan *plan) {
    plan->as_written = true;
}

const qn_schema *qn_plan_schema(const qn_plan *plan) {
    return &plan->schema;
}

static const char *name_of_scan(const qn_plan *plan, int32_t *n) {
    const char *name = NULL;
    if (plan == NULL)
        return NULL;
    if (plan->kind == PLAN_SCAN)
        return (*n)-- == 0 ? plan->name : NULL;
    name = name_of_scan(plan->in, n);
    return name != NULL ? name : name_of_scan(plan->right, n);
}

const char *qn_plan_table_name(const qn_plan *plan, int32_t n) {
    return name_of_scan(plan, &n);
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static qn_status open_stream_in_hand(void *context, qn_comm *comm, qn_stream **out) {
    qn_stream **stream = context;
    (void)comm;
    if (*stream == NULL)
        return qn_fail(QN_JOB, "the table was read before, and can be read once only");
    *out = *stream;
    *stream = NULL;
    return QN_OK;
}

qn_plan_table qn_plan_table_of(const char *name, qn_stream **stream) {
    return (qn_plan_table){name, open_stream_in_hand, stream};
}

static qn_status unknown_table(const char *name, const qn_plan_table *tables, int64_t count) {
    const char **names = NULL;
    QN_TRY(qn_mem_alloc(&names, (size_t)count, sizeof *names));
    for (int64_t i = 0; i < count; i++)
        names[i] = tables[i].name;
    const char *nearest = qn_nearest(name, names, count);
    qn_mem_free(names);
    qn_status status = qn_fail(QN_JOB, "unknown table '%s'", name);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    else if (count == 1)
        qn_error_help("the table here is '%s'", tables[0].name);
    return status;
}

/* By exact name, else in any case if that is unique. */
static qn_status find_table(const char *name, const qn_plan_table *tables, int64_t count,
                            const qn_plan_table **out) {
    int64_t matches = 0;
    for (int64_t i = 0; i < count; i++) {
        if (strcmp(tables[i].name, name) == 0) {
            *out = &tables[i];
            return QN_OK;
        }
        if (strcasecmp(tables[i].name, name) == 0) {
            *out = &tables[i];
            matches++;
        }
    }
    if (matches > 1)
        return qn_fail(QN_JOB, "table name '%s' is ambiguous: several differ in case only", name);
    return matches == 1 ? QN_OK : unknown_table(name, tables, count);
}

typedef struct catalog {
    const plan_context *context;
    qn_comm *comm;
    const qn_plan_table *tables;
    int64_t count;
} catalog;

static qn_status open_table(qn_plan *plan, const catalog *self) {
    const qn_plan_table *table = NULL;
    QN_TRY(qn_plan_locate(self->context, plan->position, -1,
                          find_table(plan->name, self->tables, self->count, &table)));
    return table->open(table->context, self->comm, &plan->stream);
}

static qn_status open_tables(qn_plan *plan, const catalog *self) {
    if (plan == NULL)
        return QN_OK;
    if (plan->kind == PLAN_SCAN)
        return open_table(plan, self);
    QN_TRY(open_tables(plan->in, self));
    return open_tables(plan->right, self);
}

static int32_t gather_rows(const qn_plan *plan, int64_t *rows, int32_t at) {
    if (plan == NULL)
        return at;
    if (plan->kind != PLAN_SCAN)
        return gather_rows(plan->right, rows, gather_rows(plan->in, rows, at));
    if (rows != NULL)
        rows[at] = qn_scan_rank_rows(plan->stream);
    return at + 1;
}

static int32_t spread_rows(qn_plan *plan, const int64_t *rows, int32_t at) {
    if (plan == NULL)
        return at;
    if (plan->kind != PLAN_SCAN)
        return spread_rows(plan->right, rows, spread_rows(plan->in, rows, at));
    plan->rows = rows[at] < 0 ? -1 : rows[at];
    return at + 1;
}

/* How many rows tables have, over all ranks. */
static qn_status count_rows(qn_plan *plan, qn_comm *comm) {
    int32_t count = gather_rows(plan, NULL, 0);
    int64_t *rows = NULL;
    qn_status status = qn_mem_alloc(&rows, (size_t)count, sizeof *rows);
    status = qn_comm_agree(comm, status);
    if (status == QN_OK) {
        (void)gather_rows(plan, rows, 0);
        status = qn_comm_sum_i64(comm, rows, count);
    }
    if (status == QN_OK)
        (void)spread_rows(plan, rows, 0);
    qn_mem_free(rows);
    return status;
}

/* ---- Preparing ------------------------------------------------------------------------------- */

/* The node that the user holds becomes a root, with what it was below it. */
static qn_status make_root(qn_plan *plan) {
    qn_plan *top = NULL;
    QN_TRY(qn_plan_new(&top, PLAN_ROOT, NULL, NULL, -1));
    qn_plan root = *top;
    *top = *plan;
    root.in = top;
    root.source = top->source;
    qn_text_init(&top->source);
    *plan = root;
    return QN_OK;
}

qn_status qn_plan_settle(qn_plan *plan, const plan_context *context) {
    bool as_written = plan->as_written;
    QN_TRY(make_root(plan));
    QN_TRY(qn_plan_resolve(&plan->in, context));
    if (!as_written)
        QN_TRY(qn_plan_improve(&plan->in, context));
    return qn_plan_type_node(plan, context);
}

qn_status qn_plan_prepare(qn_plan *plan, const qn_execution *execution, const qn_plan_table *tables,
                          int64_t count) {
    plan_context context = {{plan->source.data, plan->source.length}, execution->session};
    catalog self = {&context, execution->comm, tables, count};
    qn_source_start();
    QN_TRY(open_tables(plan, &self));
    QN_TRY(count_rows(plan, execution->comm));
    QN_TRY(qn_comm_agree(execution->comm, qn_plan_settle(plan, &context)));
    plan->prepared = true;
    return QN_OK;
}

static qn_status open_plan(qn_stream **out, qn_physical **tree, qn_plan *plan,
                           const qn_execution *execution, bool metered) {
    plan_context context = {{plan->source.data, plan->source.length}, execution->session};
    opening self = {execution, &context, tree != NULL, metered, NULL};
    opened io = {NULL, NULL};
    qn_status status = qn_plan_open_node(&self, plan->in, &io);
    if (status == QN_OK)
        status = qn_plan_open_schema(&io, &plan->schema);
    status = qn_comm_agree(execution->comm, status);
    if (status != QN_OK) {
        qn_plan_opened_clear(&io);
        return status;
    }
    *out = io.stream;
    if (tree != NULL)
        *tree = io.node;
    return QN_OK;
}

qn_status qn_plan_open(qn_stream **out, qn_plan *plan, const qn_execution *execution,
                       const qn_plan_table *tables, int64_t count) {
    if (!plan->prepared)
        QN_TRY(qn_plan_prepare(plan, execution, tables, count));
    return open_plan(out, NULL, plan, execution, false);
}

qn_status qn_plan_analyze(qn_stream **out, qn_physical **tree, qn_plan *plan,
                          const qn_execution *execution, const qn_plan_table *tables, int64_t count,
                          bool metered) {
    if (!plan->prepared)
        QN_TRY(qn_plan_prepare(plan, execution, tables, count));
    return open_plan(out, tree, plan, execution, metered);
}
