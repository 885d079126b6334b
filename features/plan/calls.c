#include "features/plan/calls.h"

#include "core/memory.h"
#include "features/operator/operator.h"
#include "features/plan/scope.h"

#include <string.h>

/* ---- Inputs ---------------------------------------------------------------------------------- */

qn_status qn_plan_inputs_init(plan_inputs *inputs, const qn_schema *base, bool keep) {
    *inputs = (plan_inputs){.base = base, .keep = keep};
    qn_schema_init(&inputs->schema);
    return keep ? qn_schema_copy(&inputs->schema, base) : QN_OK;
}

void qn_plan_inputs_clear(plan_inputs *inputs) {
    qn_schema_clear(&inputs->schema);
    qn_mem_free(inputs->items);
    inputs->items = NULL;
}

static int32_t find_input(const plan_inputs *inputs, const qn_expr *expr) {
    for (int64_t i = 0; i < inputs->count; i++)
        if (qn_expr_equal(inputs->items[i], expr))
            return (int32_t)i;
    return -1;
}

qn_status qn_plan_inputs_add_named(plan_inputs *inputs, const qn_expr *expr, const char *name) {
    int32_t index = qn_expr_column_index(expr);
    qn_field field = {NULL, qn_expr_type(expr), 0, NULL};
    QN_TRY(qn_mem_reserve(&inputs->items, &inputs->capacity, inputs->count + 1,
                          sizeof *inputs->items));
    if (index >= 0)
        field = inputs->base->fields[index];
    field.name = (char *)(uintptr_t)name; /* copied by the schema */
    QN_TRY(qn_schema_add_field(&inputs->schema, &field));
    inputs->items[inputs->count++] = expr;
    return QN_OK;
}

static qn_status add_input(plan_inputs *inputs, const qn_expr *expr) {
    int32_t index = qn_expr_column_index(expr);
    char *name = NULL;
    QN_TRY(qn_plan_free_name(&name, index >= 0 ? inputs->base->fields[index].name : "$in",
                             &inputs->schema, NULL));
    qn_status status = qn_plan_inputs_add_named(inputs, expr, name);
    qn_mem_free(name);
    return status;
}

qn_status qn_plan_inputs_add(plan_inputs *inputs, const qn_expr *expr, int32_t *out) {
    int32_t index = qn_expr_column_index(expr), kept = inputs->keep ? inputs->base->count : 0;
    if (index >= 0 && inputs->keep) {
        *out = index;
        return QN_OK;
    }
    int32_t found = find_input(inputs, expr);
    if (found < 0) {
        found = (int32_t)inputs->count;
        QN_TRY(add_input(inputs, expr));
    }
    *out = kept + found;
    return QN_OK;
}

bool qn_plan_inputs_are(const plan_inputs *inputs, const qn_schema *schema) {
    if (inputs->keep || inputs->count != schema->count)
        return false;
    for (int32_t i = 0; i < schema->count; i++) {
        const char *column = qn_expr_column_name(inputs->items[i]);
        if (column == NULL || strcmp(column, schema->fields[i].name) != 0 ||
            strcmp(inputs->schema.fields[i].name, column) != 0)
            return false;
    }
    return true;
}

static qn_status make_expressions(const plan_inputs *inputs, qn_expr **expressions,
                                  const char **names) {
    int32_t kept = inputs->keep ? inputs->base->count : 0;
    for (int32_t i = 0; i < inputs->schema.count; i++) {
        names[i] = inputs->schema.fields[i].name;
        if (i < kept)
            QN_TRY(qn_expr_column(&expressions[i], names[i], -1));
        else
            QN_TRY(qn_expr_copy(&expressions[i], inputs->items[i - kept]));
    }
    return QN_OK;
}

qn_status qn_plan_inputs_open(qn_stream **out, const plan_inputs *inputs, qn_stream *in,
                              const qn_session *session) {
    qn_expr **expressions = NULL;
    const char **names = NULL;
    int32_t count = inputs->schema.count;
    qn_status status = QN_OK;
    if (inputs->count == 0 && inputs->keep) {
        *out = in;
        return QN_OK;
    }
    QN_TRY_GOTO(qn_mem_calloc(&expressions, (size_t)count, sizeof *expressions), done);
    QN_TRY_GOTO(qn_mem_calloc(&names, (size_t)count, sizeof *names), done);
    QN_TRY_GOTO(make_expressions(inputs, expressions, names), done);
    status = qn_project_open_in(out, in, expressions, names, count, session);
    in = NULL;
    count = 0; /* the operator's */
done:
    for (int32_t i = 0; expressions != NULL && i < count; i++)
        qn_expr_free(expressions[i]);
    qn_stream_free(in);
    qn_mem_free(expressions);
    qn_mem_free(names);
    return status;
}

qn_status qn_plan_lower_order(const qn_plan_order *order, int32_t count, plan_inputs *inputs,
                              qn_sort_key **out) {
    qn_sort_key *keys = NULL;
    QN_TRY(qn_mem_calloc(&keys, (size_t)count, sizeof *keys));
    for (int32_t i = 0; i < count; i++) {
        keys[i].descending = order[i].descending;
        keys[i].nulls_last = order[i].nulls_last;
        qn_status status = qn_plan_inputs_add(inputs, order[i].expression, &keys[i].column);
        if (status != QN_OK) {
            qn_mem_free(keys);
            return status;
        }
    }
    *out = keys;
    return QN_OK;
}

/* ---- Constants of aggregates ------------------------------------------------------------------
 */

typedef enum parameter { NO_PARAMETER, SHARE, ACCURACY, SEPARATOR } parameter;

/* What the argument at a place means, where it is not a column. */
static parameter parameter_of(const char *function, int32_t place) {
    static const struct {
        const char *function;
        parameter parameters[3];
    } rows[] = {
        {"percentile_cont", {NO_PARAMETER, SHARE, NO_PARAMETER}},
        {"percentile_disc", {NO_PARAMETER, SHARE, NO_PARAMETER}},
        {"percentile", {NO_PARAMETER, SHARE, NO_PARAMETER}},
        {"approx_percentile", {NO_PARAMETER, SHARE, ACCURACY}},
        {"percentile_approx", {NO_PARAMETER, SHARE, ACCURACY}},
        {"approx_count_distinct", {NO_PARAMETER, ACCURACY, NO_PARAMETER}},
        {"string_agg", {NO_PARAMETER, SEPARATOR, NO_PARAMETER}},
        {"listagg", {NO_PARAMETER, SEPARATOR, NO_PARAMETER}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].function, function) == 0)
            return rows[i].parameters[place];
    return NO_PARAMETER;
}

static qn_status take_number(const plan_call *call, const qn_expr *argument, const char *what,
                             double *out) {
    qn_scalar value;
    if (!qn_expr_constant(argument, &value) || value.null || !qn_type_is_numeric(value.type))
        return qn_fail(QN_JOB, "%s of '%s' must be a constant number", what, call->function);
    *out = value.type >= QN_FLOAT32 ? value.real : (double)value.integer;
    return QN_OK;
}

static qn_status take_share(const plan_call *call, const qn_expr *argument, double *out) {
    QN_TRY(take_number(call, argument, "the share", out));
    if (*out >= 0 && *out <= 1)
        return QN_OK;
    return qn_fail(QN_JOB, "the share of '%s' must lie between 0 and 1, not %g", call->function,
                   *out);
}

/* Texts of constants end with the column's data, not with NUL: the call keeps a copy. */
static qn_status take_separator(const plan_call *call, const qn_expr *argument, char **out) {
    qn_scalar value;
    if (!qn_expr_constant(argument, &value) || value.null || value.type != QN_STRING)
        return qn_fail(QN_JOB, "the separator of '%s' must be a constant text", call->function);
    return qn_format(out, "%.*s", (int)value.text.length,
                     value.text.data != NULL ? value.text.data : "");
}

static qn_status take_parameter(const plan_call *call, int32_t place, qn_aggregate_call *out) {
    const qn_expr *argument = call->arguments[place];
    switch (parameter_of(call->function, place)) {
    case SHARE:
        return take_share(call, argument, &out->number);
    case ACCURACY:
        return take_number(call, argument, "the accuracy", &out->accuracy);
    default:
        return take_separator(call, argument, (char **)(uintptr_t)&out->text);
    }
}

static int32_t column_arguments(const plan_call *call) {
    int32_t count = 0;
    while (count < call->argument_count && parameter_of(call->function, count) == NO_PARAMETER)
        count++;
    return count;
}

static qn_status lower_arguments(const plan_call *call, plan_inputs *inputs,
                                 qn_aggregate_call *out) {
    int32_t count = column_arguments(call);
    if (count > 2)
        return qn_fail(QN_JOB, "'%s' takes at most 2 columns, not %d", call->function, count);
    for (int32_t i = 0; i < count; i++)
        QN_TRY(qn_plan_inputs_add(inputs, call->arguments[i], &out->arguments[i]));
    for (int32_t i = count; i < call->argument_count; i++)
        QN_TRY(take_parameter(call, i, out));
    if (call->filter != NULL)
        QN_TRY(qn_plan_inputs_add(inputs, call->filter, &out->filter));
    return QN_OK;
}

qn_status qn_plan_lower_aggregate(const plan_call *call, plan_inputs *inputs,
                                  qn_aggregate_call *out) {
    qn_aggregate_call lowered = {.function = call->function,
                                 .name = call->name,
                                 .argument_count = column_arguments(call),
                                 .filter = -1,
                                 .distinct = call->distinct,
                                 .ignore_nulls = call->ignore_nulls,
                                 .order_count = call->order_count};
    qn_sort_key *order = NULL;
    qn_status status = lower_arguments(call, inputs, &lowered);
    if (status == QN_OK && call->order_count > 0)
        status = qn_plan_lower_order(call->order, call->order_count, inputs, &order);
    if (status != QN_OK) {
        qn_mem_free((void *)(uintptr_t)lowered.text);
        return status;
    }
    lowered.order = order;
    *out = lowered;
    return QN_OK;
}

qn_status qn_plan_take_parameters(const plan_call *call, int32_t *columns, double *share,
                                  const char **text) {
    qn_aggregate_call taken = {0};
    int32_t count = column_arguments(call);
    for (int32_t i = count; i < call->argument_count; i++) {
        qn_status status = take_parameter(call, i, &taken);
        if (status != QN_OK) {
            qn_mem_free((void *)(uintptr_t)taken.text);
            return status;
        }
    }
    *columns = count;
    *share = taken.number;
    *text = taken.text;
    return QN_OK;
}

static qn_status check_parameters(const plan_call *call) {
    for (int32_t i = column_arguments(call); i < call->argument_count; i++) {
        qn_aggregate_call unused = {0};
        qn_status status = take_parameter(call, i, &unused);
        qn_mem_free((void *)(uintptr_t)unused.text);
        QN_TRY(status);
    }
    return QN_OK;
}

qn_status qn_plan_type_aggregate(plan_call *call) {
    qn_type types[3] = {QN_BOOL, QN_BOOL, QN_BOOL};
    int32_t count = column_arguments(call);
    for (int32_t i = 0; i < count; i++)
        types[i] = qn_expr_type(call->arguments[i]);
    for (int32_t i = 0; i < call->order_count; i++)
        if (qn_expr_type(call->order[i].expression) >= QN_STRING_LIST)
            return qn_fail(QN_JOB, "%s cannot be ordered by a %s, which has no order",
                           call->function, qn_type_name(qn_expr_type(call->order[i].expression)));
    QN_TRY(check_parameters(call));
    return qn_aggregate_type(call->function, types, count, &call->type);
}
