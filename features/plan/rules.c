/* Rules that improve a bound plan without changing its rows. */
#include "core/memory.h"
#include "features/plan/node.h"
#include "features/scan/scan.h"

#include <string.h>

/* ---- Conditions move below projections --------------------------------------------------------
 */

/* True if the output is a column that keeps its name, so that a condition on it means the same
 * below the projection. */
static bool passes_on(const qn_plan *project, int32_t output) {
    int32_t index = qn_expr_column_index(project->outputs[output].expression);
    return index >= 0 &&
           strcmp(project->in->schema.fields[index].name, project->outputs[output].name) == 0;
}

static qn_status can_move_down(const qn_plan *filter, bool *out) {
    const qn_plan *project = filter->in;
    bool *used = NULL;
    QN_TRY(qn_mem_calloc(&used, (size_t)project->count, sizeof *used));
    qn_expr_mark_columns(filter->condition, used);
    *out = true;
    for (int32_t i = 0; i < project->count; i++)
        *out = *out && (!used[i] || passes_on(project, i));
    qn_mem_free(used);
    return QN_OK;
}

/* Two neighbours change places; what belongs to the place stays. */
static void exchange(qn_plan *above) {
    qn_plan *below = above->in;
    qn_plan former = *above;
    *above = *below;
    above->in = below;
    above->source = former.source;
    above->prepared = former.prepared;
    former.in = below->in;
    former.source = below->source;
    former.prepared = below->prepared;
    *below = former;
}

static qn_status move_conditions_down(qn_plan *plan, qn_view source) {
    for (bool moved = true; moved;) {
        moved = false;
        for (qn_plan *node = plan; node != NULL && !moved; node = node->in) {
            if (node->kind == PLAN_FILTER && node->in->kind == PLAN_PROJECT)
                QN_TRY(can_move_down(node, &moved));
            if (moved)
                exchange(node);
        }
        if (moved)
            QN_TRY(qn_plan_bind(plan, source));
    }
    return QN_OK;
}

/* ---- Scans read only what is needed ------------------------------------------------------------
 */

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
        columns[fewer.count] = i;
        QN_TRY_GOTO(qn_schema_add_field(&fewer, &scan->schema.fields[i]), done);
    }
    qn_schema_clear(&scan->schema);
    scan->schema = fewer;
    scan->columns = columns;
    return QN_OK;
done:
    qn_schema_clear(&fewer);
    qn_mem_free(columns);
    return status;
}

static void mark_outputs(const qn_plan *project, bool *used) {
    for (int32_t i = 0; i < project->count; i++)
        qn_expr_mark_columns(project->outputs[i].expression, used);
}

/* `wanted` are the columns of the node's output that something above reads. */
static qn_status narrow(qn_plan *plan, bool *wanted) {
    bool *below = NULL;
    switch (plan->kind) {
    case PLAN_SCAN:
        keep_one(&plan->schema, wanted);
        if (plan->stream == NULL)
            return narrow_schema(plan, wanted);
        (void)qn_scan_select(plan->stream, wanted);
        return QN_OK;
    case PLAN_FILTER:
        qn_expr_mark_columns(plan->condition, wanted);
        return narrow(plan->in, wanted);
    case PLAN_LIMIT:
        return narrow(plan->in, wanted);
    default:
        break;
    }
    QN_TRY(qn_mem_calloc(&below, (size_t)plan->in->schema.count, sizeof *below));
    mark_outputs(plan, below);
    qn_status status = narrow(plan->in, below);
    qn_mem_free(below);
    return status;
}

static qn_status narrow_scans(qn_plan *plan) {
    bool *wanted = NULL;
    QN_TRY(qn_mem_alloc(&wanted, (size_t)plan->schema.count, sizeof *wanted));
    memset(wanted, true, (size_t)plan->schema.count * sizeof *wanted);
    qn_status status = narrow(plan, wanted);
    qn_mem_free(wanted);
    return status;
}

qn_status qn_plan_improve(qn_plan *plan, qn_view source) {
    QN_TRY(move_conditions_down(plan, source));
    QN_TRY(narrow_scans(plan));
    return qn_plan_bind(plan, source);
}
