/* Plans bound to a schema; narrow ones applied a batch at a time, without streams. */
#include "core/memory.h"
#include "features/operator/operator.h"
#include "features/plan/node.h"
#include "features/plan/open.h"
#include "features/plan/source.h"

#include <strings.h>

bool qn_plan_is_narrow(const qn_plan *plan) {
    switch (plan->kind) {
    case PLAN_SCAN:
        return true;
    case PLAN_FILTER:
    case PLAN_PROJECT:
    case PLAN_ALIAS:
    case PLAN_DROP_MISSING:
    case PLAN_FILL_MISSING:
    case PLAN_REPLACE:
        return qn_plan_is_narrow(plan->in);
    default:
        return false;
    }
}

static bool has_star(const qn_plan *plan) {
    for (int32_t i = 0; i < plan->count; i++)
        if (plan->outputs[i].expression == NULL)
            return true;
    return false;
}

/* shown: all columns of the plan's result are those of the result at the top. */
static bool takes_all(const qn_plan *plan, bool shown) {
    if (plan == NULL)
        return false;
    if (plan->natural || (plan->kind == PLAN_PROJECT && has_star(plan)))
        return true;
    if (plan->kind == PLAN_SCAN)
        return shown;
    shown = shown && plan->kind != PLAN_PROJECT && plan->kind != PLAN_AGGREGATE;
    return takes_all(plan->in, shown) || takes_all(plan->right, shown);
}

bool qn_plan_takes_all(const qn_plan *plan) {
    return takes_all(plan, true);
}

/* All scans are of one table. */
static qn_status give_schema(qn_plan *plan, const char *name, const qn_schema *schema,
                             const plan_context *context) {
    if (plan == NULL)
        return QN_OK;
    if (plan->kind != PLAN_SCAN) {
        QN_TRY(give_schema(plan->in, name, schema, context));
        return give_schema(plan->right, name, schema, context);
    }
    if (strcasecmp(plan->name, name) != 0)
        return qn_plan_locate(
            context, plan->position, -1,
            qn_fail(QN_JOB, "unknown table '%s': there is one table here, which is called '%s'",
                    plan->name, name));
    qn_schema_clear(&plan->schema);
    plan->column_count = schema->count;
    return qn_schema_copy(&plan->schema, schema);
}

qn_status qn_plan_bind_schema(qn_plan *plan, const qn_schema *schema, const qn_session *session) {
    plan_context context = {{plan->source.data, plan->source.length}, session};
    qn_source_start();
    if (schema->count == 0) /* rows need a column to be seen by, even SELECT 1 */
        return qn_fail(QN_JOB, "the table has no columns");
    if (qn_plan_table_name(plan, 0) == NULL)
        return qn_fail(QN_JOB, "the statement reads no table: write FROM __THIS__");
    QN_TRY(give_schema(plan, qn_plan_table_name(plan, 0), schema, &context));
    return qn_plan_settle(plan, &context);
}

static qn_status apply_scan(const qn_plan *plan, const qn_batch *in, qn_batch *out) {
    qn_batch picked = {.length = in->length, .first_row = in->first_row};
    QN_TRY(qn_batch_reserve(&picked, plan->schema.count));
    for (int32_t i = 0; i < plan->schema.count; i++)
        picked.columns[i] =
            qn_column_retain(in->columns[plan->columns != NULL ? plan->columns[i] : i]);
    if (in->row_ids != NULL)
        picked.row_ids = qn_column_retain(in->row_ids);
    qn_batch_move(out, &picked);
    return QN_OK;
}

static qn_status apply_project(const qn_plan *plan, const qn_batch *in, qn_batch *out) {
    qn_expr **expressions = NULL;
    QN_TRY(qn_mem_alloc(&expressions, (size_t)plan->count, sizeof *expressions));
    for (int32_t i = 0; i < plan->count; i++)
        expressions[i] = plan->outputs[i].expression;
    qn_status status = qn_project_batch(out, in, expressions, plan->count);
    qn_mem_free(expressions);
    return status;
}

/* A condition that is never true leaves no rows. */
static qn_status apply_empty(const qn_plan *plan, const qn_batch *in, qn_batch *out) {
    qn_batch made = {.first_row = in->first_row};
    qn_status status = QN_OK;
    QN_TRY(qn_batch_reserve(&made, plan->schema.count));
    for (int32_t i = 0; i < plan->schema.count && status == QN_OK; i++)
        status = qn_column_new_null(&made.columns[i], plan->schema.fields[i].type, 0,
                                    plan->schema.fields[i].width);
    if (status == QN_OK)
        qn_batch_move(out, &made);
    qn_batch_clear(&made);
    return status;
}

qn_status qn_plan_apply(const qn_plan *plan, const qn_batch *in, qn_batch *out) {
    qn_batch below;
    if (plan->kind == PLAN_ROOT)
        return qn_plan_apply(plan->in, in, out);
    if (plan->kind == PLAN_SCAN)
        return apply_scan(plan, in, out);
    if (plan->kind == PLAN_EMPTY)
        return apply_empty(plan, in, out);
    qn_batch_init(&below);
    QN_TRY(qn_plan_apply(plan->in, in, &below));
    qn_status status = plan->kind == PLAN_FILTER ? qn_filter_batch(out, &below, plan->condition)
                                                 : apply_project(plan, &below, out);
    qn_batch_clear(&below);
    return status;
}
