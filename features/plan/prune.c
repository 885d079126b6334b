/* Only the columns that something reads are read, carried and computed. */
#include "features/plan/rules.h"

#include "core/memory.h"
#include "features/plan/resolve.h"
#include "features/scan/scan.h"

#include <string.h>

/* A batch without columns would mean the end: rows alone (SELECT 1 FROM t) need one. */
static void keep_one(const qn_schema *schema, bool *wanted) {
    int32_t best = 0;
    for (int32_t i = 0; i < schema->count; i++) {
        if (wanted[i])
            return;
        if (qn_type_size(schema->fields[i].type) > 0 &&
            qn_type_size(schema->fields[best].type) == 0)
            best = i;
    }
    if (schema->count > 0)
        wanted[best] = true;
}

/* ---- Scans ----------------------------------------------------------------------------------- */

/* A table that is given batch by batch: the plan picks the columns. */
static qn_status narrow_schema(qn_plan *scan, const bool *wanted) {
    qn_schema fewer;
    int32_t *columns = NULL;
    qn_status status = QN_OK;
    qn_schema_init(&fewer);
    QN_TRY_GOTO(qn_mem_alloc(&columns, (size_t)scan->schema.count, sizeof *columns), done);
    for (int32_t i = 0; i < scan->schema.count; i++) {
        if (!wanted[i])
            continue;
        columns[fewer.count] = scan->columns != NULL ? scan->columns[i] : i;
        QN_TRY_GOTO(qn_schema_add_field(&fewer, &scan->schema.fields[i]), done);
    }
    qn_schema_clear(&scan->schema);
    qn_mem_free(scan->columns);
    scan->schema = fewer;
    scan->columns = columns;
    return QN_OK;
done:
    qn_schema_clear(&fewer);
    qn_mem_free(columns);
    return status;
}

/* Some readers cannot leave columns out. */
static qn_status prune_scan(qn_plan *plan, bool *wanted) {
    keep_one(&plan->schema, wanted);
    if (plan->stream == NULL)
        return narrow_schema(plan, wanted);
    (void)qn_scan_select(plan->stream, wanted);
    return QN_OK;
}

/* ---- Leaving out ----------------------------------------------------------------------------- */

static void drop_outputs(qn_plan *plan, const bool *wanted) {
    int32_t kept = 0;
    for (int32_t i = 0; i < plan->count; i++) {
        if (wanted[i]) {
            plan->outputs[kept++] = plan->outputs[i];
            continue;
        }
        qn_expr_free(plan->outputs[i].expression);
        qn_mem_free(plan->outputs[i].name);
    }
    plan->count = kept;
}

/* Frees calls whose column is not wanted; `wanted` starts at the first call's column. */
static qn_status drop_calls(qn_plan *plan, const bool *wanted) {
    plan_call *kept = NULL, *dropped = NULL;
    int32_t kept_count = 0, dropped_count = 0;
    QN_TRY(qn_mem_calloc(&kept, (size_t)plan->call_count, sizeof *kept));
    qn_status status = qn_mem_calloc(&dropped, (size_t)plan->call_count, sizeof *dropped);
    if (status != QN_OK) {
        qn_mem_free(kept);
        return status;
    }
    for (int32_t i = 0; i < plan->call_count; i++)
        if (wanted[i])
            kept[kept_count++] = plan->calls[i];
        else
            dropped[dropped_count++] = plan->calls[i];
    qn_plan_free_calls(dropped, dropped_count);
    qn_mem_free(plan->calls);
    plan->calls = kept;
    plan->call_count = kept_count;
    return QN_OK;
}

static qn_status mark(void *context, qn_expr **expr) {
    qn_expr_mark_columns(*expr, context);
    return QN_OK;
}

/* ---- Going down ------------------------------------------------------------------------------ */

/* Puts a projection on what still gives more columns than are wanted: wide operators carry them. */
static qn_status select_wanted(qn_plan **slot, const qn_schema *schema, const bool *wanted) {
    int32_t count = 0, at = 0;
    for (int32_t i = 0; i < schema->count; i++)
        count += wanted[i];
    if (count == schema->count || count == 0)
        return QN_OK;
    QN_TRY(qn_plan_project_above(slot, count));
    for (int32_t i = 0; i < schema->count; i++)
        if (wanted[i])
            QN_TRY(qn_plan_column_output(&(*slot)->outputs[at++], schema->fields[i].name,
                                         schema->fields[i].name));
    return QN_OK;
}

static bool gives_only(const qn_plan *plan, const bool *wanted, int32_t count) {
    int32_t wanted_count = 0;
    for (int32_t i = 0; i < count; i++)
        wanted_count += wanted[i];
    if (plan->kind == PLAN_SCAN && plan->stream != NULL)
        return plan->stream->schema.count == wanted_count;
    return plan->kind == PLAN_PROJECT || plan->kind == PLAN_SCAN;
}

static qn_status prune(qn_plan **slot, bool *wanted);

/* An input of a node that carries whole rows. */
static qn_status prune_carried(qn_plan **slot, bool *wanted) {
    const qn_plan *former = *slot;
    qn_schema schema;
    keep_one(&former->schema, wanted);
    qn_schema_init(&schema);
    qn_status status = qn_schema_copy(&schema, &former->schema);
    if (status == QN_OK)
        status = prune(slot, wanted);
    if (status == QN_OK && !gives_only(*slot, wanted, schema.count))
        status = select_wanted(slot, &schema, wanted);
    qn_schema_clear(&schema);
    return status;
}

/* One input; `own` marks what the node reads itself. */
static qn_status prune_input(qn_plan *plan, const bool *wanted, int32_t passed, bool carries) {
    bool *below = NULL;
    QN_TRY(qn_mem_calloc(&below, (size_t)plan->in->schema.count, sizeof *below));
    if (wanted != NULL)
        memcpy(below, wanted, (size_t)passed * sizeof *below);
    qn_status status = qn_plan_visit(plan, mark, below);
    for (int32_t i = 0; i < plan->name_count; i++)
        below[qn_schema_find(&plan->in->schema, plan->names[i])] = true;
    if (status == QN_OK)
        status = carries ? prune_carried(&plan->in, below) : prune(&plan->in, below);
    qn_mem_free(below);
    return status;
}

static qn_status prune_project(qn_plan *plan, bool *wanted) {
    keep_one(&plan->schema, wanted);
    drop_outputs(plan, wanted);
    return prune_input(plan, NULL, 0, false);
}

static qn_status prune_aggregate(qn_plan *plan, bool *wanted) {
    if (plan->count == 0)
        keep_one(&plan->schema, wanted);
    QN_TRY(drop_calls(plan, wanted + plan->count));
    return prune_input(plan, NULL, 0, false);
}

static qn_status prune_windows(qn_plan **slot, bool *wanted) {
    qn_plan *plan = *slot;
    QN_TRY(drop_calls(plan, wanted + plan->in->schema.count));
    if (plan->call_count > 0)
        return prune_input(plan, wanted, plan->in->schema.count, false);
    qn_plan_drop_node(slot);
    return prune(slot, wanted);
}

static bool joins_left_only(const qn_plan *plan) {
    return plan->join == QN_PLAN_SEMI || plan->join == QN_PLAN_ANTI ||
           plan->join == QN_PLAN_ANTI_IN || plan->join == QN_PLAN_MARK ||
           plan->join == QN_PLAN_MARK_IN;
}

static qn_status prune_join(qn_plan **slot, const bool *wanted) {
    qn_plan *plan = *slot;
    int32_t left = plan->in->schema.count, right = plan->right->schema.count;
    bool *below = NULL;
    if ((plan->join == QN_PLAN_MARK || plan->join == QN_PLAN_MARK_IN) && !wanted[left]) {
        QN_TRY(qn_mem_copy(&below, wanted, (size_t)left, sizeof *below));
        qn_plan_keep_dropped(plan, plan->right);
        plan->right = NULL;
        qn_plan_drop_node(slot);
        qn_status status = prune(slot, below);
        qn_mem_free(below);
        return status;
    }
    QN_TRY(qn_mem_calloc(&below, (size_t)(left + right), sizeof *below));
    memcpy(below, wanted, (size_t)(joins_left_only(plan) ? left : left + right) * sizeof *below);
    if (plan->condition != NULL)
        qn_expr_mark_columns(plan->condition, below);
    qn_status status = prune_carried(&plan->in, below);
    if (status == QN_OK)
        status = prune_carried(&plan->right, below + left);
    qn_mem_free(below);
    return status;
}

static qn_status prune_all(qn_plan **slot) {
    bool *wanted = NULL;
    int32_t count = (*slot)->schema.count;
    QN_TRY(qn_mem_alloc(&wanted, (size_t)count, sizeof *wanted));
    memset(wanted, true, (size_t)count * sizeof *wanted);
    qn_status status = prune(slot, wanted);
    qn_mem_free(wanted);
    return status;
}

/* Columns pair up by place, so both sides must leave out the same ones. */
static qn_status prune_side(qn_plan **slot, const bool *wanted) {
    qn_plan *former = *slot;
    bool *below = NULL;
    QN_TRY(select_wanted(slot, &former->schema, wanted));
    QN_TRY(qn_mem_copy(&below, wanted, (size_t)former->schema.count, sizeof *below));
    qn_status status = prune(*slot == former ? slot : &(*slot)->in, below);
    qn_mem_free(below);
    return status;
}

static qn_status prune_set(qn_plan *plan, bool *wanted) {
    if (plan->set != QN_PLAN_UNION || !plan->all) {
        QN_TRY(prune_all(&plan->in));
        return prune_all(&plan->right);
    }
    keep_one(&plan->schema, wanted);
    QN_TRY(prune_side(&plan->in, wanted));
    QN_TRY(prune_side(&plan->right, wanted));
    return QN_OK;
}

static qn_status prune_distinct(qn_plan *plan, bool *wanted) {
    if (plan->name_count == 0)
        memset(wanted, true, (size_t)plan->schema.count * sizeof *wanted);
    return prune_input(plan, wanted, plan->schema.count, true);
}

/* What is shared gives what some reader wants; it is known once all readers were met. */
static qn_status prune_with(qn_plan *plan, bool *wanted) {
    qn_mem_free(plan->read);
    plan->read = NULL;
    QN_TRY(qn_mem_calloc(&plan->read, (size_t)plan->right->schema.count, sizeof *plan->read));
    QN_TRY(prune(&plan->in, wanted));
    return prune_carried(&plan->right, plan->read);
}

static qn_status prune_reference(const qn_plan *plan, bool *wanted) {
    keep_one(&plan->schema, wanted);
    for (int32_t i = 0; i < plan->schema.count; i++)
        plan->shared->read[i] = plan->shared->read[i] || wanted[i];
    return QN_OK;
}

static qn_status prune(qn_plan **slot, bool *wanted) {
    qn_plan *plan = *slot;
    switch (plan->kind) {
    case PLAN_SCAN:
        return prune_scan(plan, wanted);
    case PLAN_VALUES:
    case PLAN_EMPTY:
        return QN_OK;
    case PLAN_REFERENCE:
        return prune_reference(plan, wanted);
    case PLAN_PROJECT:
        return prune_project(plan, wanted);
    case PLAN_AGGREGATE:
        return prune_aggregate(plan, wanted);
    case PLAN_WINDOWS:
        return prune_windows(slot, wanted);
    case PLAN_JOIN:
        return prune_join(slot, wanted);
    case PLAN_SET:
        return prune_set(plan, wanted);
    case PLAN_DISTINCT:
        return prune_distinct(plan, wanted);
    case PLAN_WITH:
        return prune_with(plan, wanted);
    case PLAN_SINGLE:
        return prune_all(&plan->in);
    case PLAN_TOP:
        return prune_input(plan, wanted, plan->in->schema.count, true);
    case PLAN_SORT:
    case PLAN_CACHE:
    case PLAN_REPARTITION:
        return prune_input(plan, wanted, plan->schema.count, true);
    default:
        return prune_input(plan, wanted, plan->schema.count, false);
    }
}

qn_status qn_plan_prune(qn_plan **plan, const plan_context *context) {
    QN_TRY(prune_all(plan));
    return qn_plan_type(*plan, context);
}
