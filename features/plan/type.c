/* Schemas and types of resolved nodes, from the tables up. */
#include "core/memory.h"
#include "features/plan/calls.h"
#include "features/plan/scope.h"

static qn_status copy_schema(qn_plan *plan, const qn_schema *source) {
    qn_schema copy;
    qn_schema_init(&copy);
    qn_status status = qn_schema_copy(&copy, source);
    if (status != QN_OK) {
        qn_schema_clear(&copy);
        return status;
    }
    qn_schema_clear(&plan->schema);
    plan->schema = copy;
    return QN_OK;
}

static qn_status bind(const qn_plan *plan, qn_expr *expr, const qn_schema *schema,
                      const plan_context *context) {
    qn_status status = qn_expr_bind_in(expr, schema, context->session);
    return qn_plan_locate(context, qn_expr_error_position(), plan->position, status);
}

static qn_status bind_condition(qn_plan *plan, const qn_schema *schema,
                                const plan_context *context) {
    qn_expr *condition = plan->condition;
    if (condition == NULL)
        return QN_OK;
    QN_TRY(bind(plan, condition, schema, context));
    if (qn_expr_type(condition) == QN_BOOL)
        return QN_OK;
    qn_status status = qn_fail(QN_JOB, "a condition must be boolean; this one is of type %s",
                               qn_type_name(qn_expr_type(condition)));
    int32_t position = qn_expr_position(condition);
    return qn_plan_locate(context, plan->kind == PLAN_FILTER ? plan->position : position,
                          plan->position, status);
}

/* ---- Projections ----------------------------------------------------------------------------- */

static qn_status taken(const char *name) {
    qn_status status = qn_fail(QN_JOB, "two outputs are named '%s'", name);
    qn_error_help("give one of them another name with AS");
    return status;
}

/* A bare column keeps all that is known of it, but its name. */
static qn_status add_output(qn_schema *schema, const qn_schema *in, const qn_plan_output *output) {
    if (qn_schema_find(schema, output->name) >= 0)
        return taken(output->name);
    int32_t index = qn_expr_column_index(output->expression);
    if (index < 0)
        return qn_schema_add(schema, output->name, qn_expr_type(output->expression));
    qn_field field = in->fields[index];
    field.name = output->name;
    return qn_schema_add_field(schema, &field);
}

static qn_status add_outputs(qn_plan *plan, qn_schema *schema, const plan_context *context) {
    const qn_schema *in = &plan->in->schema;
    for (int32_t i = 0; i < plan->count; i++) {
        qn_plan_output *output = &plan->outputs[i];
        qn_status status = qn_expr_bind_in(output->expression, in, context->session);
        QN_TRY(qn_plan_locate(context, qn_expr_error_position(), output->position, status));
        status = add_output(schema, in, output);
        QN_TRY(qn_plan_locate(context, output->position, plan->position, status));
    }
    return QN_OK;
}

static qn_status finish(qn_plan *plan, qn_schema *schema, qn_status status) {
    if (status != QN_OK) {
        qn_schema_clear(schema);
        return status;
    }
    qn_schema_clear(&plan->schema);
    plan->schema = *schema;
    return QN_OK;
}

static qn_status type_project(qn_plan *plan, const plan_context *context) {
    qn_schema schema;
    qn_schema_init(&schema);
    return finish(plan, &schema, add_outputs(plan, &schema, context));
}

/* ---- Aggregates and windows ------------------------------------------------------------------ */

typedef struct binding {
    const qn_plan *plan;
    const qn_schema *schema;
    const plan_context *context;
} binding;

static qn_status bind_visited(void *context, qn_expr **expr) {
    const binding *self = context;
    return bind(self->plan, *expr, self->schema, self->context);
}

static qn_status bind_all(qn_plan *plan, const plan_context *context) {
    binding self = {plan, &plan->in->schema, context};
    return qn_plan_visit(plan, bind_visited, &self);
}

static qn_status add_calls(const qn_plan *plan, qn_schema *schema) {
    for (int32_t i = 0; i < plan->call_count; i++) {
        if (qn_schema_find(schema, plan->calls[i].name) >= 0)
            return taken(plan->calls[i].name);
        QN_TRY(qn_schema_add(schema, plan->calls[i].name, plan->calls[i].type));
    }
    return QN_OK;
}

static qn_status check_filter(const plan_call *call) {
    if (call->filter == NULL || qn_expr_type(call->filter) == QN_BOOL)
        return QN_OK;
    return qn_fail(QN_JOB, "the condition of FILTER must be boolean; this one is of type %s",
                   qn_type_name(qn_expr_type(call->filter)));
}

static qn_status type_aggregate(qn_plan *plan, const plan_context *context) {
    qn_schema schema;
    qn_status status = QN_OK;
    qn_schema_init(&schema);
    QN_TRY(bind_all(plan, context));
    for (int32_t i = 0; i < plan->call_count; i++) {
        plan_call *call = &plan->calls[i];
        QN_TRY(qn_plan_locate(context, call->position, plan->position, check_filter(call)));
        QN_TRY(
            qn_plan_locate(context, call->position, plan->position, qn_plan_type_aggregate(call)));
    }
    status = add_outputs(plan, &schema, context);
    if (status == QN_OK)
        status = qn_plan_locate(context, plan->position, -1, add_calls(plan, &schema));
    return finish(plan, &schema, status);
}

static qn_status type_windows(qn_plan *plan, const plan_context *context) {
    qn_schema schema;
    qn_status status = QN_OK;
    qn_schema_init(&schema);
    QN_TRY(bind_all(plan, context));
    for (int32_t i = 0; i < plan->call_count; i++)
        QN_TRY(qn_plan_locate(context, plan->calls[i].position, plan->position,
                              check_filter(&plan->calls[i])));
    QN_TRY(qn_plan_type_windows(plan, context));
    status = qn_schema_copy(&schema, &plan->in->schema);
    if (status == QN_OK)
        status = qn_plan_locate(context, plan->position, -1, add_calls(plan, &schema));
    return finish(plan, &schema, status);
}

/* The partition and the order are bound; the row number may be wanted. */
static qn_status type_top(qn_plan *plan, const plan_context *context) {
    QN_TRY(bind_all(plan, context));
    QN_TRY(copy_schema(plan, &plan->in->schema));
    return plan->name == NULL ? QN_OK : qn_schema_add(&plan->schema, plan->name, QN_INT32);
}

/* ---- Two inputs ------------------------------------------------------------------------------ */

static bool is_left_only(const qn_plan *plan) {
    return plan->join == QN_PLAN_SEMI || plan->join == QN_PLAN_ANTI ||
           plan->join == QN_PLAN_ANTI_IN;
}

static bool is_mark(const qn_plan *plan) {
    return plan->join == QN_PLAN_MARK || plan->join == QN_PLAN_MARK_IN;
}

static qn_status add_fields(qn_schema *schema, const qn_schema *more) {
    for (int32_t i = 0; i < more->count; i++)
        QN_TRY(qn_schema_add_field(schema, &more->fields[i]));
    return QN_OK;
}

static qn_status type_join(qn_plan *plan, const plan_context *context) {
    qn_schema both;
    qn_status status = QN_OK;
    qn_schema_init(&both);
    QN_TRY_GOTO(qn_schema_copy(&both, &plan->in->schema), done);
    QN_TRY_GOTO(add_fields(&both, &plan->right->schema), done);
    QN_TRY_GOTO(bind_condition(plan, &both, context), done);
    if (is_left_only(plan) || is_mark(plan))
        QN_TRY_GOTO(copy_schema(plan, &plan->in->schema), done);
    else
        QN_TRY_GOTO(copy_schema(plan, &both), done);
    if (is_mark(plan))
        status = qn_schema_add(&plan->schema, plan->name, QN_BOOL);
done:
    qn_schema_clear(&both);
    return status;
}

static qn_status type_single(qn_plan *plan) {
    qn_schema schema;
    qn_schema_init(&schema);
    qn_field field = plan->in->schema.fields[0];
    field.name = plan->name;
    return finish(plan, &schema, qn_schema_add_field(&schema, &field));
}

/* ---- All nodes ------------------------------------------------------------------------------- */

qn_status qn_plan_type_node(qn_plan *plan, const plan_context *context) {
    switch (plan->kind) {
    case PLAN_SCAN:
        return plan->stream != NULL ? copy_schema(plan, &plan->stream->schema) : QN_OK;
    case PLAN_VALUES: /* typed when it was resolved */
    case PLAN_EMPTY:
        return QN_OK;
    case PLAN_FILTER:
        QN_TRY(bind_condition(plan, &plan->in->schema, context));
        return copy_schema(plan, &plan->in->schema);
    case PLAN_PROJECT:
        return type_project(plan, context);
    case PLAN_SORT:
        QN_TRY(bind_all(plan, context));
        return copy_schema(plan, &plan->in->schema);
    case PLAN_AGGREGATE:
        return type_aggregate(plan, context);
    case PLAN_WINDOWS:
        return type_windows(plan, context);
    case PLAN_TOP:
        return type_top(plan, context);
    case PLAN_JOIN:
        return type_join(plan, context);
    case PLAN_SINGLE:
        return type_single(plan);
    case PLAN_REFERENCE:
        return copy_schema(plan, &plan->shared->right->schema);
    default:
        return copy_schema(plan, &plan->in->schema);
    }
}

qn_status qn_plan_type(qn_plan *plan, const plan_context *context) {
    if (plan->right != NULL) /* first: what is shared is referred to from the other side */
        QN_TRY(qn_plan_type(plan->right, context));
    if (plan->in != NULL)
        QN_TRY(qn_plan_type(plan->in, context));
    return qn_plan_type_node(plan, context);
}
