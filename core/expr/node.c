#include "core/expr/node.h"

#include "core/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Belongs to the last error's text, and lives as long. */
static int32_t error_position = -1;

void qn_expr_set_position(int32_t position) {
    error_position = position;
}

int32_t qn_expr_error_position(void) {
    return error_position;
}

qn_status qn_expr_fail(int32_t position, const char *format, ...) {
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    error_position = position;
    return qn_fail(QN_JOB, "%s", message);
}

static void free_parts(qn_expr *node) {
    if (node->state != NULL && node->function->release != NULL)
        node->function->release(node->state);
    qn_shared_session_release(node->session);
    qn_mem_free(node->name);
    qn_mem_free(node->table);
    qn_column_release(node->value);
    qn_mem_free(node->arguments);
    qn_mem_free(node);
}

/* Pushes a node's arguments on a list, the last one on top. */
static qn_expr *push_arguments(qn_expr *list, const qn_expr *node) {
    for (int32_t i = 0; i < node->count; i++) {
        if (node->arguments[i] == NULL)
            continue;
        node->arguments[i]->next = list;
        list = node->arguments[i];
    }
    return list;
}

void qn_expr_free(qn_expr *expr) {
    if (expr == NULL)
        return;
    expr->next = NULL;
    for (qn_expr *list = expr; list != NULL;) {
        qn_expr *node = list;
        list = push_arguments(node->next, node);
        free_parts(node);
    }
}

qn_expr *qn_expr_link(qn_expr *root) {
    qn_expr *order = NULL;
    root->next = NULL;
    for (qn_expr *list = root; list != NULL;) {
        qn_expr *node = list;
        list = push_arguments(node->next, node);
        node->next = order;
        order = node;
    }
    return order;
}

static qn_status new_node(qn_expr **out, qn_expr_kind kind, int32_t position) {
    error_position = -1;
    qn_expr *node = NULL;
    QN_TRY(qn_mem_calloc(&node, 1, sizeof *node));
    node->kind = kind;
    node->position = position;
    node->index = -1;
    node->depth = 1;
    *out = node;
    return QN_OK;
}

qn_status qn_expr_column(qn_expr **out, const char *name, int32_t position) {
    qn_expr *node = NULL;
    QN_TRY(new_node(&node, QN_EXPR_COLUMN, position));
    qn_status status = qn_mem_copy_text(&node->name, name);
    if (status != QN_OK) {
        qn_expr_free(node);
        return status;
    }
    *out = node;
    return QN_OK;
}

static qn_status text_literal(qn_column **out, qn_view text) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status;
    QN_TRY_GOTO(qn_string_builder_add(&builder, text), done);
    QN_TRY_GOTO(qn_string_builder_finish(&builder, out), done);
done:
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status literal_column(qn_column **out, qn_scalar value) {
    if (value.null)
        return qn_column_new_null(out, value.type, 1, 0);
    if (value.type == QN_STRING)
        return text_literal(out, value.text);
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, value.type, 1, 0));
    switch (value.type) {
    case QN_BOOL:
        column->bits[0] = value.boolean;
        break;
    case QN_INT32:
    case QN_DATE:
        column->i32[0] = (int32_t)value.integer;
        break;
    case QN_INT64:
    case QN_TIMESTAMP:
        column->i64[0] = value.integer;
        break;
    case QN_FLOAT32:
        column->f32[0] = (float)value.real;
        break;
    default:
        column->f64[0] = value.real;
        break;
    }
    *out = column;
    return QN_OK;
}

qn_status qn_expr_literal(qn_expr **out, qn_scalar value, int32_t position) {
    error_position = -1;
    if (value.type >= QN_STRING_LIST)
        return qn_expr_fail(position, "a literal cannot be a %s", qn_type_name(value.type));
    qn_expr *node = NULL;
    QN_TRY(new_node(&node, QN_EXPR_LITERAL, position));
    node->type = value.type;
    qn_status status = literal_column(&node->value, value);
    if (status != QN_OK) {
        qn_expr_free(node);
        return status;
    }
    *out = node;
    return QN_OK;
}

bool qn_expr_is_null_literal(const qn_expr *node) {
    return node->kind == QN_EXPR_LITERAL && node->value->null_count > 0;
}

void qn_expr_become_literal(qn_expr *node, qn_column *value) {
    for (int32_t i = 0; i < node->count; i++)
        qn_expr_free(node->arguments[i]);
    if (node->state != NULL && node->function->release != NULL)
        node->function->release(node->state);
    qn_mem_free(node->arguments);
    node->kind = QN_EXPR_LITERAL;
    node->type = value->type;
    node->value = value;
    node->arguments = NULL;
    node->count = 0;
    node->state = NULL;
    node->function = NULL;
    node->implicit = false;
    node->folded = true;
}

/* ---- Calls ----------------------------------------------------------------------------------- */

static int32_t depth_over(qn_expr *const *arguments, int32_t count) {
    int32_t depth = 1;
    for (int32_t i = 0; i < count; i++) {
        int32_t below = arguments[i]->depth + (i > 0);
        if (below > depth)
            depth = below;
    }
    return depth;
}

static qn_status count_error(const qn_function *function, int32_t count, int32_t position) {
    if (function->min_count == function->max_count)
        return qn_expr_fail(position, "'%s' takes %d argument%s, not %d", function->name,
                            function->min_count, function->min_count == 1 ? "" : "s", count);
    if (function->max_count < 0)
        return qn_expr_fail(position, "'%s' takes at least %d argument%s, not %d", function->name,
                            function->min_count, function->min_count == 1 ? "" : "s", count);
    return qn_expr_fail(position, "'%s' takes %d to %d arguments, not %d", function->name,
                        function->min_count, function->max_count, count);
}

static qn_status unknown_function(const char *name, int32_t position) {
    qn_status status = qn_expr_fail(position, "unknown function '%s'", name);
    const char *names[512];
    int32_t count = 0;
    while (count < 512 && (names[count] = qn_expr_function_name(count)) != NULL)
        count++;
    const char *nearest = qn_nearest(name, names, count);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    return status;
}

static qn_status new_call(qn_expr **out, const qn_function *function, qn_expr *const *arguments,
                          int32_t count, int32_t position) {
    if (count < function->min_count || (function->max_count >= 0 && count > function->max_count))
        return count_error(function, count, position);
    int32_t depth = depth_over(arguments, count);
    if (depth > QN_EXPR_MAX_DEPTH)
        return qn_expr_fail(position, "the expression is nested more than %d levels deep",
                            QN_EXPR_MAX_DEPTH);
    qn_expr *node = NULL;
    QN_TRY(new_node(&node, QN_EXPR_CALL, position));
    node->function = function;
    node->depth = depth;
    qn_status status =
        qn_mem_copy(&node->arguments, arguments, (size_t)count, sizeof *node->arguments);
    if (status != QN_OK) {
        qn_expr_free(node);
        return status;
    }
    node->count = count;
    *out = node;
    return QN_OK;
}

static void free_arguments(qn_expr *const *arguments, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        qn_expr_free(arguments[i]);
}

/* A missing argument is one whose constructor failed: its error stands. */
static qn_status argument_error(qn_expr *const *arguments, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        if (arguments[i] == NULL)
            return qn_last_error().code != QN_OK
                       ? qn_last_error().code
                       : qn_fail(QN_INTERNAL, "an expression was given no argument");
    return QN_OK;
}

qn_status qn_expr_call(qn_expr **out, const char *function, qn_expr *const *arguments,
                       int32_t count, int32_t position) {
    qn_status status = argument_error(arguments, count);
    if (status == QN_OK) {
        error_position = -1;
        const qn_function *found = qn_function_find(function);
        status = found == NULL ? unknown_function(function, position)
                               : new_call(out, found, arguments, count, position);
    }
    if (status != QN_OK)
        free_arguments(arguments, count);
    return status;
}

static qn_status cast(qn_expr **out, const qn_function *function, qn_expr *argument, qn_type type,
                      int32_t position) {
    qn_expr *node = NULL;
    QN_TRY(argument_error(&argument, 1));
    qn_status status = new_call(&node, function, &argument, 1, position);
    if (status != QN_OK) {
        qn_expr_free(argument);
        return status;
    }
    node->type = type;
    *out = node;
    return QN_OK;
}

qn_status qn_expr_cast(qn_expr **out, qn_expr *argument, qn_type type, int32_t position) {
    return cast(out, qn_function_cast, argument, type, position);
}

qn_status qn_expr_try_cast(qn_expr **out, qn_expr *argument, qn_type type, int32_t position) {
    return cast(out, qn_function_try_cast, argument, type, position);
}

/* Leaves the argument with its owner on failure. */
qn_status qn_expr_new_cast(qn_expr **out, qn_expr *argument, qn_type type) {
    qn_expr *node = NULL;
    QN_TRY(new_call(&node, qn_function_cast, &argument, 1, argument->position));
    node->type = type;
    node->implicit = true;
    *out = node;
    return QN_OK;
}

bool qn_expr_is_cast(const qn_expr *node) {
    return node->function == qn_function_cast || node->function == qn_function_try_cast;
}

/* ---- Looking at bound trees ------------------------------------------------------------------ */

qn_type qn_expr_type(const qn_expr *expr) {
    return expr->type;
}

int32_t qn_expr_column_index(const qn_expr *expr) {
    return expr->kind == QN_EXPR_COLUMN ? expr->index : -1;
}

void qn_expr_mark_columns(const qn_expr *expr, bool *used) {
    for (const qn_expr *node = expr->first; node != NULL; node = node->next)
        if (node->kind == QN_EXPR_COLUMN)
            used[node->index] = true;
}
