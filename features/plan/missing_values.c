/* Spark's na functions, turned into conditions and projections. Missing: null or NaN. */
#include "core/memory.h"
#include "features/plan/resolve.h"
#include "features/plan/scope.h"

#include <string.h>

static bool is_float(const qn_field *field) {
    return field->type == QN_FLOAT32 || field->type == QN_FLOAT64;
}

/* The node lists the column, or none at all. */
static bool is_meant(const qn_plan *plan, const qn_field *field) {
    for (int32_t i = 0; i < plan->name_count; i++)
        if (strcmp(plan->names[i], field->name) == 0)
            return true;
    return plan->name_count == 0 && field->name[0] != QN_PLAN_HIDDEN;
}

/* f(x) and f(x, y) over expressions that are taken over; NULL passes a failure on. */
static qn_status call_one(qn_expr **out, const char *function, qn_expr *x) {
    return qn_expr_call(out, function, &x, 1, -1);
}

static qn_status call_two(qn_expr **out, const char *function, qn_expr *x, qn_expr *y) {
    qn_expr *arguments[] = {x, y};
    return qn_expr_call(out, function, arguments, 2, -1);
}

/* c IS NULL [OR isnan(c)] */
static qn_status is_missing(qn_expr **out, const qn_field *field) {
    qn_expr *column = NULL, *null = NULL, *nan = NULL;
    QN_TRY(qn_expr_column(&column, field->name, -1));
    QN_TRY(call_one(&null, "is null", column));
    if (!is_float(field)) {
        *out = null;
        return QN_OK;
    }
    qn_status status = qn_expr_column(&column, field->name, -1);
    if (status == QN_OK)
        status = call_one(&nan, "isnan", column);
    if (status != QN_OK) {
        qn_expr_free(null);
        return status;
    }
    return call_two(out, "or", null, nan);
}

static qn_status literal(qn_expr **out, const qn_scalar *value, qn_type type) {
    qn_expr *constant = NULL;
    QN_TRY(qn_expr_literal(&constant, *value, -1));
    if (value->type == type) {
        *out = constant;
        return QN_OK;
    }
    return qn_expr_cast(out, constant, type, -1);
}

/* ---- drop ------------------------------------------------------------------------------------ */

/* 1 where the column is there, else 0 */
static qn_status count_term(qn_expr **out, const qn_field *field) {
    const qn_scalar zero = {.type = QN_INT32}, one = {.type = QN_INT32, .integer = 1};
    qn_expr *parts[3] = {NULL, NULL, NULL};
    qn_status status = is_missing(&parts[0], field);
    if (status == QN_OK)
        status = qn_expr_literal(&parts[1], zero, -1);
    if (status == QN_OK)
        status = qn_expr_literal(&parts[2], one, -1);
    if (status == QN_OK)
        return qn_expr_call(out, "case", parts, 3, -1);
    qn_expr_free(parts[0]);
    qn_expr_free(parts[1]);
    return status;
}

static qn_status there_term(qn_expr **out, const qn_field *field) {
    qn_expr *missing = NULL;
    QN_TRY(is_missing(&missing, field));
    return call_one(out, "not", missing);
}

/* Folds a term of each column that is meant by an operator. */
static qn_status fold(qn_expr **out, const qn_plan *plan, const char *operation,
                      qn_status (*term)(qn_expr **, const qn_field *)) {
    qn_expr *whole = NULL;
    for (int32_t i = 0; i < plan->in->schema.count; i++) {
        const qn_field *field = &plan->in->schema.fields[i];
        qn_expr *next = NULL;
        if (!is_meant(plan, field))
            continue;
        qn_status status = term(&next, field);
        if (status != QN_OK) {
            qn_expr_free(whole);
            return status;
        }
        qn_expr *former = whole;
        whole = next;
        if (former != NULL) {
            whole = NULL;
            QN_TRY(call_two(&whole, operation, former, next));
        }
    }
    *out = whole;
    return QN_OK;
}

static int32_t count_meant(const qn_plan *plan) {
    int32_t count = 0;
    for (int32_t i = 0; i < plan->in->schema.count; i++)
        count += is_meant(plan, &plan->in->schema.fields[i]);
    return count;
}

static qn_status drop_condition(qn_expr **out, const qn_plan *plan) {
    int32_t columns = count_meant(plan);
    qn_expr *sum = NULL, *bound = NULL;
    if (plan->limit <= 0 || plan->limit == columns)
        return fold(out, plan, "and", there_term);
    if (plan->limit == 1)
        return fold(out, plan, "or", there_term);
    const qn_scalar least = {.type = QN_INT64, .integer = plan->limit};
    QN_TRY(fold(&sum, plan, "+", count_term));
    qn_status status = qn_expr_literal(&bound, least, -1);
    if (status != QN_OK) {
        qn_expr_free(sum);
        return status;
    }
    return call_two(out, ">=", sum, bound);
}

/* ---- fill and replace ------------------------------------------------------------------------ */

/* Numbers fill numbers, texts texts; other columns stay as they are. */
static bool fits(const qn_scalar *value, const qn_field *field) {
    if (qn_type_is_numeric(value->type))
        return qn_type_is_numeric(field->type);
    return value->type == field->type;
}

static qn_status fill(qn_expr **out, const qn_plan *plan, const qn_field *field) {
    qn_expr *parts[3] = {NULL, NULL, NULL};
    qn_status status = is_missing(&parts[0], field);
    if (status == QN_OK)
        status = literal(&parts[1], &plan->values[0], field->type);
    if (status == QN_OK)
        status = qn_expr_column(&parts[2], field->name, -1);
    if (status == QN_OK)
        return qn_expr_call(out, "case", parts, 3, -1);
    qn_expr_free(parts[0]);
    qn_expr_free(parts[1]);
    return status;
}

static qn_status add_pair(qn_expr_list *parts, const qn_field *field, const qn_scalar *from,
                          const qn_scalar *to) {
    qn_expr *column = NULL, *value = NULL, *same = NULL;
    QN_TRY(qn_expr_column(&column, field->name, -1));
    qn_status status = qn_expr_literal(&value, *from, -1);
    if (status != QN_OK) {
        qn_expr_free(column);
        return status;
    }
    QN_TRY(call_two(&same, "<=>", column, value));
    QN_TRY(qn_expr_list_add(parts, same));
    QN_TRY(literal(&value, to, field->type));
    return qn_expr_list_add(parts, value);
}

static qn_status replace(qn_expr **out, const qn_plan *plan, const qn_field *field) {
    qn_expr_list parts = {0};
    qn_expr *column = NULL;
    int32_t pairs = plan->value_count / 2;
    qn_status status = QN_OK;
    for (int32_t i = 0; i < pairs; i++)
        if (fits(&plan->values[i], field))
            QN_TRY_GOTO(add_pair(&parts, field, &plan->values[i], &plan->values[pairs + i]), done);
    QN_TRY_GOTO(qn_expr_column(&column, field->name, -1), done);
    if (parts.count == 0) {
        *out = column;
        return QN_OK;
    }
    QN_TRY_GOTO(qn_expr_list_add(&parts, column), done);
    status = qn_expr_call(out, "case", parts.items, (int32_t)parts.count, -1);
    parts.count = 0; /* taken over */
done:
    qn_expr_list_clear(&parts);
    return status;
}

static qn_status make_outputs(qn_plan *plan) {
    const qn_schema *in = &plan->in->schema;
    QN_TRY(qn_mem_calloc(&plan->outputs, (size_t)in->count, sizeof *plan->outputs));
    plan->count = in->count;
    for (int32_t i = 0; i < in->count; i++) {
        const qn_field *field = &in->fields[i];
        qn_plan_output *output = &plan->outputs[i];
        output->position = -1;
        QN_TRY(qn_mem_copy_text(&output->name, field->name));
        if (!is_meant(plan, field) ||
            (plan->kind == PLAN_FILL_MISSING && !fits(&plan->values[0], field)))
            QN_TRY(qn_expr_column(&output->expression, field->name, -1));
        else if (plan->kind == PLAN_FILL_MISSING)
            QN_TRY(fill(&output->expression, plan, field));
        else
            QN_TRY(replace(&output->expression, plan, field));
    }
    return QN_OK;
}

/* The node becomes a filter or a projection. */
qn_status qn_plan_resolve_missing(qn_plan *plan, const plan_context *context) {
    QN_TRY(qn_plan_resolve_names(plan, context));
    if (plan->kind == PLAN_DROP_MISSING) {
        QN_TRY(drop_condition(&plan->condition, plan));
        plan->kind = PLAN_FILTER;
    } else {
        QN_TRY(make_outputs(plan));
        plan->kind = PLAN_PROJECT;
    }
    QN_TRY(qn_plan_type_node(plan, context));
    return qn_plan_scope_append(&plan->scope, &plan->in->scope);
}
