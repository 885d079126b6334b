#include "features/plan/plan.h"

#include "core/memory.h"
#include "features/operator/operator.h"
#include "features/plan/node.h"
#include "features/plan/source.h"

#include <string.h>

/* ---- Building -------------------------------------------------------------------------------- */

qn_status qn_plan_new(qn_plan **out, plan_kind kind, qn_plan *in) {
    qn_plan *plan = NULL;
    qn_status status = qn_mem_calloc(&plan, 1, sizeof *plan);
    if (status != QN_OK) {
        qn_plan_free(in);
        return status;
    }
    plan->kind = kind;
    plan->in = in;
    qn_schema_init(&plan->schema);
    qn_text_init(&plan->source);
    *out = plan;
    return QN_OK;
}

qn_status qn_plan_scan(qn_plan **out, const char *table, int32_t position) {
    qn_plan *plan = NULL;
    QN_TRY(qn_plan_new(&plan, PLAN_SCAN, NULL));
    plan->position = position;
    qn_status status = qn_mem_copy_text(&plan->table, table);
    if (status != QN_OK) {
        qn_plan_free(plan);
        return status;
    }
    *out = plan;
    return QN_OK;
}

qn_status qn_plan_filter(qn_plan **out, qn_plan *in, qn_expr *condition, int32_t position) {
    qn_plan *plan = NULL;
    qn_status status = qn_plan_new(&plan, PLAN_FILTER, in);
    if (status != QN_OK) {
        qn_expr_free(condition);
        return status;
    }
    plan->condition = condition;
    plan->position = position;
    *out = plan;
    return QN_OK;
}

qn_status qn_plan_limit(qn_plan **out, qn_plan *in, int64_t limit, int64_t offset,
                        int32_t position) {
    qn_plan *plan = NULL;
    QN_TRY(qn_plan_new(&plan, PLAN_LIMIT, in));
    plan->limit = limit;
    plan->offset = offset;
    plan->position = position;
    *out = plan;
    return QN_OK;
}

void qn_plan_free(qn_plan *plan) {
    while (plan != NULL) {
        qn_plan *in = plan->in;
        qn_schema_clear(&plan->schema);
        qn_text_clear(&plan->source);
        qn_mem_free(plan->table);
        qn_mem_free(plan->columns);
        qn_stream_free(plan->stream);
        qn_expr_free(plan->condition);
        qn_plan_free_outputs(plan->outputs, plan->count);
        qn_mem_free(plan);
        plan = in;
    }
}

qn_status qn_plan_set_source(qn_plan *plan, qn_view text) {
    qn_text_truncate(&plan->source, 0);
    return qn_text_add(&plan->source, text.data, text.length);
}

const qn_schema *qn_plan_schema(const qn_plan *plan) {
    return &plan->schema;
}

const char *qn_plan_table_name(const qn_plan *plan, int32_t n) {
    for (; plan != NULL; plan = plan->in)
        if (plan->kind == PLAN_SCAN && n-- == 0)
            return plan->table;
    return NULL;
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

static qn_status open_tables(qn_plan *plan, qn_view source, qn_comm *comm,
                             const qn_plan_table *tables, int64_t count) {
    for (; plan != NULL; plan = plan->in) {
        const qn_plan_table *table = NULL;
        if (plan->kind != PLAN_SCAN)
            continue;
        qn_status status = find_table(plan->table, tables, count, &table);
        if (status != QN_OK) {
            qn_source_locate(source, plan->position);
            return status;
        }
        QN_TRY(table->open(table->context, comm, &plan->stream));
    }
    return QN_OK;
}

/* ---- Preparing and opening ------------------------------------------------------------------- */

static qn_status prepare_local(qn_plan *plan, qn_view source) {
    QN_TRY(qn_plan_bind(plan, source));
    return qn_plan_improve(plan, source);
}

qn_status qn_plan_prepare(qn_plan *plan, qn_comm *comm, const qn_plan_table *tables,
                          int64_t count) {
    qn_view source = {plan->source.data, plan->source.length};
    qn_source_start();
    QN_TRY(open_tables(plan, source, comm, tables, count));
    QN_TRY(qn_comm_agree(comm, prepare_local(plan, source)));
    plan->prepared = true;
    return QN_OK;
}

/* What a node owns moves into the operator, which takes it over in any case. */
static qn_status open_node(qn_stream **out, qn_plan *plan, qn_comm *comm) {
    qn_stream *in = NULL;
    if (plan->kind == PLAN_SCAN) {
        *out = plan->stream;
        plan->stream = NULL;
        return QN_OK;
    }
    QN_TRY(open_node(&in, plan->in, comm));
    if (plan->kind == PLAN_LIMIT)
        return qn_limit_open(out, in, comm, plan->limit, plan->offset);
    if (plan->kind == PLAN_FILTER) {
        qn_expr *condition = plan->condition;
        plan->condition = NULL;
        return qn_filter_open(out, in, condition);
    }
    return qn_plan_open_project(out, plan, in);
}

qn_status qn_plan_open(qn_stream **out, qn_plan *plan, qn_comm *comm, const qn_plan_table *tables,
                       int64_t count) {
    qn_stream *stream = NULL;
    if (!plan->prepared)
        QN_TRY(qn_plan_prepare(plan, comm, tables, count));
    qn_status status = qn_comm_agree(comm, open_node(&stream, plan, comm));
    if (status != QN_OK) {
        qn_stream_free(stream);
        return status;
    }
    *out = stream;
    return QN_OK;
}
