/* Types of set operations and VALUES: columns pair up by place and meet in one type. */
#include "core/memory.h"
#include "features/plan/resolve.h"
#include "features/plan/scope.h"

#include <stdio.h>

/* ---- One type for several expressions ---------------------------------------------------------
 */

/* Binds coalesce(expressions), which follows the rules of CASE. Takes over the expressions. */
static qn_status meet(qn_type *out, qn_expr *const *expressions, int32_t count,
                      const qn_schema *schema, const plan_context *context) {
    qn_expr *call = NULL;
    QN_TRY(qn_expr_call(&call, "coalesce", expressions, count, -1));
    qn_status status = qn_expr_bind_in(call, schema, context->session);
    if (status == QN_OK)
        *out = qn_expr_type(call);
    qn_expr_free(call);
    return status;
}

/* ---- UNION, INTERSECT, EXCEPT ---------------------------------------------------------------- */

static qn_status meet_columns(const qn_field *a, const qn_field *b, qn_type *out,
                              const plan_context *context) {
    qn_schema schema;
    qn_expr *sides[2] = {NULL, NULL};
    qn_status status = QN_OK;
    qn_schema_init(&schema);
    QN_TRY_GOTO(qn_schema_add(&schema, "a", a->type), done);
    QN_TRY_GOTO(qn_schema_add(&schema, "b", b->type), done);
    QN_TRY_GOTO(qn_expr_column(&sides[0], "a", -1), done);
    QN_TRY_GOTO(qn_expr_column(&sides[1], "b", -1), done);
    status = meet(out, sides, 2, &schema, context);
    sides[0] = sides[1] = NULL;
    if (status == QN_JOB)
        status = qn_fail(QN_JOB, "column '%s' is of type %s on one side and %s on the other",
                         a->name, qn_type_name(a->type), qn_type_name(b->type));
done:
    qn_expr_free(sides[0]);
    qn_expr_free(sides[1]);
    qn_schema_clear(&schema);
    return status;
}

static qn_status common_types(const qn_plan *plan, qn_type *types, const plan_context *context) {
    const qn_schema *a = &plan->in->schema, *b = &plan->right->schema;
    for (int32_t i = 0; i < a->count; i++) {
        types[i] = a->fields[i].type;
        if (a->fields[i].type == b->fields[i].type)
            continue;
        QN_TRY(qn_plan_locate(context, plan->position, -1,
                              meet_columns(&a->fields[i], &b->fields[i], &types[i], context)));
        if (types[i] == a->fields[i].type || types[i] == b->fields[i].type)
            continue;
    }
    return QN_OK;
}

static bool has_types(const qn_schema *schema, const qn_type *types) {
    for (int32_t i = 0; i < schema->count; i++)
        if (schema->fields[i].type != types[i])
            return false;
    return true;
}

static qn_status cast_side(qn_plan **slot, const qn_type *types, const plan_context *context) {
    qn_plan *in = *slot;
    if (has_types(&in->schema, types))
        return QN_OK;
    QN_TRY(qn_plan_project_above(slot, in->schema.count));
    for (int32_t i = 0; i < in->schema.count; i++) {
        qn_plan_output *out = &(*slot)->outputs[i];
        const char *name = in->schema.fields[i].name;
        QN_TRY(qn_plan_column_output(out, name, name));
        if (in->schema.fields[i].type == types[i])
            continue;
        qn_expr *column = out->expression;
        out->expression = NULL;
        QN_TRY(qn_expr_cast(&out->expression, column, types[i], -1));
    }
    QN_TRY(qn_plan_scope_append(&(*slot)->scope, &in->scope));
    return qn_plan_type_node(*slot, context);
}

static qn_status check_counts(const qn_plan *plan) {
    int32_t a = plan->in->schema.count, b = plan->right->schema.count;
    if (a == b)
        return QN_OK;
    static const char *const names[] = {"UNION", "INTERSECT", "EXCEPT"};
    return qn_fail(QN_JOB, "both sides of %s must have as many columns: one has %d, the other %d",
                   names[plan->set], a, b);
}

qn_status qn_plan_resolve_set(qn_plan *plan, const plan_context *context) {
    qn_type *types = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_plan_show_only_visible(&plan->in, context));
    QN_TRY(qn_plan_show_only_visible(&plan->right, context));
    QN_TRY(qn_plan_locate(context, plan->position, -1, check_counts(plan)));
    QN_TRY(qn_mem_calloc(&types, (size_t)plan->in->schema.count, sizeof *types));
    QN_TRY_GOTO(common_types(plan, types, context), done);
    QN_TRY_GOTO(cast_side(&plan->in, types, context), done);
    QN_TRY_GOTO(cast_side(&plan->right, types, context), done);
    QN_TRY_GOTO(qn_plan_type_node(plan, context), done);
    for (int32_t i = 0; i < plan->schema.count && status == QN_OK; i++)
        status = qn_plan_scope_add(&plan->scope, NULL, plan->schema.fields[i].name, false);
done:
    qn_mem_free(types);
    return status;
}

/* ---- VALUES ---------------------------------------------------------------------------------- */

static qn_status copy_column(qn_expr **copies, const qn_plan *plan, int32_t column, int32_t count) {
    for (int32_t row = 0; row < plan->limit; row++)
        QN_TRY(qn_expr_copy(&copies[row], plan->outputs[row * count + column].expression));
    return QN_OK;
}

static qn_status meet_cells(const qn_plan *plan, int32_t column, int32_t count, qn_type *out,
                            const plan_context *context) {
    qn_schema nothing;
    qn_expr **copies = NULL;
    int32_t rows = (int32_t)plan->limit;
    QN_TRY(qn_mem_calloc(&copies, (size_t)rows, sizeof *copies));
    qn_schema_init(&nothing);
    qn_status status = copy_column(copies, plan, column, count);
    if (status == QN_OK) {
        status = meet(out, copies, rows, &nothing, context);
        rows = 0; /* taken over */
    }
    for (int32_t i = 0; i < rows; i++)
        qn_expr_free(copies[i]);
    qn_mem_free(copies);
    return qn_plan_locate(context, qn_expr_error_position(), plan->position, status);
}

/* Cells become literals of their column's type. */
static qn_status type_cell(qn_plan_output *cell, qn_type type, const plan_context *context) {
    qn_schema nothing;
    qn_scalar value;
    qn_expr *expr = cell->expression;
    cell->expression = NULL;
    QN_TRY(qn_expr_cast(&cell->expression, expr, type, qn_expr_position(expr)));
    qn_schema_init(&nothing);
    QN_TRY(qn_expr_bind_in(cell->expression, &nothing, context->session));
    if (qn_expr_constant(cell->expression, &value))
        return QN_OK;
    return qn_fail(QN_JOB, "VALUES takes constants");
}

/* SELECT without FROM: one row, and a column that nobody sees, since rows need one. */
static qn_status make_one_row(qn_plan *plan) {
    const qn_scalar zero = {.type = QN_INT32};
    if (plan->outputs != NULL)
        qn_plan_free_outputs(plan->outputs, plan->count);
    plan->outputs = NULL;
    plan->count = 0;
    QN_TRY(qn_mem_calloc(&plan->outputs, 1, sizeof *plan->outputs));
    plan->count = 1;
    plan->limit = 1;
    return qn_expr_literal(&plan->outputs[0].expression, zero, -1);
}

static qn_status type_columns(qn_plan *plan, int32_t count, const plan_context *context) {
    for (int32_t column = 0; column < count; column++) {
        qn_type type = QN_INT32;
        char name[32];
        snprintf(name, sizeof name, "column%d", column + 1);
        QN_TRY(meet_cells(plan, column, count, &type, context));
        for (int32_t row = 0; row < plan->limit; row++) {
            qn_plan_output *cell = &plan->outputs[row * count + column];
            QN_TRY(qn_plan_locate(context, cell->position, plan->position,
                                  type_cell(cell, type, context)));
        }
        QN_TRY(qn_schema_add(&plan->schema, name, type));
        QN_TRY(qn_plan_scope_add(&plan->scope, NULL, name, false));
    }
    return QN_OK;
}

qn_status qn_plan_resolve_values(qn_plan *plan, const plan_context *context) {
    if (plan->count > 0)
        return type_columns(plan, (int32_t)(plan->count / plan->limit), context);
    QN_TRY(make_one_row(plan));
    QN_TRY(qn_schema_add(&plan->schema, "$row", QN_INT32));
    return qn_plan_scope_add(&plan->scope, NULL, "$row", false);
}
