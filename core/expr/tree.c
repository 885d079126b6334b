/* Walking, copying and changing trees that are not being evaluated. */
#include "core/expr/tree.h"

#include "core/expr/node.h"
#include "core/memory.h"

#include <string.h>

/* Linking changes nothing that is seen: the order of a tree is always the same. */
static const qn_expr *walk(const qn_expr *expr) {
    return qn_expr_link((qn_expr *)(uintptr_t)expr);
}

qn_status qn_expr_qualified_column(qn_expr **out, const char *table, const char *name,
                                   int32_t position) {
    qn_expr *column = NULL;
    QN_TRY(qn_expr_column(&column, name, position));
    qn_status status = table == NULL ? QN_OK : qn_mem_copy_text(&column->table, table);
    if (status != QN_OK) {
        qn_expr_free(column);
        return status;
    }
    *out = column;
    return QN_OK;
}

/* ---- Columns --------------------------------------------------------------------------------- */

static qn_reference reference_of(const qn_expr *column) {
    return (qn_reference){column->table, column->name, column->position};
}

static qn_status resolve_column(qn_expr *column, qn_resolver resolve, void *context) {
    qn_reference reference = reference_of(column);
    const char *name = NULL;
    char *copy = NULL;
    qn_status status = resolve(context, &reference, &name);
    qn_expr_set_position(column->position);
    QN_TRY(status);
    QN_TRY(qn_mem_copy_text(&copy, name));
    qn_mem_free(column->name);
    qn_mem_free(column->table);
    column->name = copy;
    column->table = NULL;
    return QN_OK;
}

qn_status qn_expr_resolve(qn_expr *expr, qn_resolver resolve, void *context) {
    for (qn_expr *node = qn_expr_link(expr); node != NULL; node = node->next)
        if (node->kind == QN_EXPR_COLUMN)
            QN_TRY(resolve_column(node, resolve, context));
    return QN_OK;
}

static qn_status replace_one(qn_expr **slot, qn_replacer replace, void *context) {
    qn_expr *replacement = NULL, *column = *slot;
    if (column->kind != QN_EXPR_COLUMN)
        return QN_OK;
    QN_TRY(replace(context, column->name, &replacement));
    if (replacement == NULL)
        return QN_OK;
    qn_expr_free(column);
    *slot = replacement;
    return QN_OK;
}

/* Only calls are followed along the links: columns that are freed lie behind. */
qn_status qn_expr_replace(qn_expr **expr, qn_replacer replace, void *context) {
    qn_expr *calls = NULL, *next;
    for (qn_expr *node = qn_expr_link(*expr); node != NULL; node = next) {
        next = node->next;
        if (node->kind != QN_EXPR_CALL)
            continue;
        node->next = calls;
        calls = node;
    }
    for (qn_expr *node = calls; node != NULL; node = node->next)
        for (int32_t i = 0; i < node->count; i++)
            QN_TRY(replace_one(&node->arguments[i], replace, context));
    return replace_one(expr, replace, context);
}

bool qn_expr_reference(const qn_expr *expr, int32_t n, qn_reference *out) {
    for (const qn_expr *node = walk(expr); node != NULL; node = node->next)
        if (node->kind == QN_EXPR_COLUMN && n-- == 0) {
            *out = reference_of(node);
            return true;
        }
    return false;
}

/* ---- Copies ---------------------------------------------------------------------------------- */

static qn_status copy_node(qn_expr **out, const qn_expr *node, qn_expr *const *arguments) {
    qn_expr *copy = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_mem_calloc(&copy, 1, sizeof *copy));
    copy->kind = node->kind;
    copy->type = node->type;
    copy->position = node->position;
    copy->depth = node->depth;
    copy->implicit = node->implicit;
    copy->folded = node->folded;
    copy->session = qn_shared_session_retain(node->session);
    copy->index = -1;
    copy->function = node->function;
    copy->value = node->value != NULL ? qn_column_retain(node->value) : NULL;
    if (node->name != NULL)
        QN_TRY_GOTO(qn_mem_copy_text(&copy->name, node->name), done);
    if (node->table != NULL)
        QN_TRY_GOTO(qn_mem_copy_text(&copy->table, node->table), done);
    if (node->count > 0)
        QN_TRY_GOTO(
            qn_mem_copy(&copy->arguments, arguments, (size_t)node->count, sizeof *copy->arguments),
            done);
    copy->count = node->count;
    *out = copy;
    return QN_OK;
done:
    qn_expr_free(copy);
    return status;
}

qn_status qn_expr_copy(qn_expr **out, const qn_expr *expr) {
    qn_expr_list stack = {0};
    qn_status status = QN_OK;
    for (const qn_expr *node = walk(expr); node != NULL; node = node->next) {
        qn_expr *copy = NULL;
        QN_TRY_GOTO(
            qn_mem_reserve(&stack.items, &stack.capacity, stack.count + 1, sizeof *stack.items),
            done);
        QN_TRY_GOTO(copy_node(&copy, node, stack.items + stack.count - node->count), done);
        stack.count -= node->count;
        stack.items[stack.count++] = copy;
    }
    *out = stack.items[--stack.count];
done:
    qn_expr_list_clear(&stack);
    return status;
}

/* ---- Looking --------------------------------------------------------------------------------- */

bool qn_expr_constant(const qn_expr *expr, qn_scalar *out) {
    if (expr->kind != QN_EXPR_LITERAL || expr->type >= QN_STRING_LIST)
        return false;
    const qn_column *value = expr->value;
    *out = (qn_scalar){.type = expr->type, .null = value->null_count > 0};
    if (out->null)
        return true;
    switch (expr->type) {
    case QN_BOOL:
        out->boolean = (value->bits[0] & 1) != 0;
        break;
    case QN_INT32:
    case QN_DATE:
        out->integer = value->i32[0];
        break;
    case QN_INT64:
    case QN_TIMESTAMP:
        out->integer = value->i64[0];
        break;
    case QN_FLOAT32:
        out->real = (double)value->f32[0];
        break;
    case QN_FLOAT64:
        out->real = value->f64[0];
        break;
    default:
        out->text = qn_text_at(&(qn_operand){expr->value, true}, 0);
        break;
    }
    return true;
}

static bool same_constant(const qn_expr *a, const qn_expr *b) {
    qn_scalar x, y;
    if (a->value == b->value)
        return true;
    if (a->type != b->type || !qn_expr_constant(a, &x) || !qn_expr_constant(b, &y) ||
        x.null != y.null)
        return false;
    if (x.null)
        return true;
    switch (x.type) {
    case QN_BOOL:
        return x.boolean == y.boolean;
    case QN_FLOAT32:
    case QN_FLOAT64:
        return memcmp(&x.real, &y.real, sizeof x.real) == 0;
    case QN_STRING:
        return qn_view_equal(x.text, y.text);
    default:
        return x.integer == y.integer;
    }
}

static bool same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_node(const qn_expr *a, const qn_expr *b) {
    if (a->kind != b->kind || a->function != b->function || a->count != b->count)
        return false;
    if (a->kind == QN_EXPR_LITERAL)
        return same_constant(a, b);
    if (a->kind == QN_EXPR_CALL && qn_expr_is_cast(a) && a->type != b->type)
        return false;
    return same_text(a->name, b->name) && same_text(a->table, b->table);
}

bool qn_expr_equal(const qn_expr *a, const qn_expr *b) {
    if (a == b)
        return true;
    const qn_expr *x = walk(a), *y = walk(b);
    for (; x != NULL && y != NULL; x = x->next, y = y->next)
        if (!same_node(x, y))
            return false;
    return x == NULL && y == NULL;
}

int32_t qn_expr_size(const qn_expr *expr) {
    int32_t size = 0;
    for (const qn_expr *node = walk(expr); node != NULL; node = node->next)
        size += !node->implicit;
    return size;
}

bool qn_expr_is_stable(const qn_expr *expr) {
    static const char *const drawing[] = {"rand", "randn", "random", "uuid",
                                          "monotonically_increasing_id"};
    for (const qn_expr *node = walk(expr); node != NULL; node = node->next)
        for (size_t i = 0; node->kind == QN_EXPR_CALL && i < sizeof drawing / sizeof *drawing; i++)
            if (strcmp(node->function->name, drawing[i]) == 0)
                return false;
    return true;
}

const char *qn_expr_column_name(const qn_expr *expr) {
    return expr->kind == QN_EXPR_COLUMN ? expr->name : NULL;
}

const char *qn_expr_function(const qn_expr *expr) {
    return expr->kind == QN_EXPR_CALL ? expr->function->name : NULL;
}

int32_t qn_expr_count(const qn_expr *expr) {
    return expr->count;
}

qn_expr *qn_expr_argument(const qn_expr *expr, int32_t i) {
    qn_expr *argument = expr->arguments[i];
    while (argument->implicit)
        argument = argument->arguments[0];
    return argument;
}

qn_type qn_expr_argument_type(const qn_expr *expr, int32_t i) {
    return expr->arguments[i]->type;
}

int32_t qn_expr_position(const qn_expr *expr) {
    return expr->position;
}

/* ---- Terms of conditions --------------------------------------------------------------------- */

void qn_expr_list_clear(qn_expr_list *list) {
    for (int64_t i = 0; i < list->count; i++)
        qn_expr_free(list->items[i]);
    qn_mem_free(list->items);
    *list = (qn_expr_list){0};
}

qn_status qn_expr_list_add(qn_expr_list *list, qn_expr *expr) {
    qn_status status =
        qn_mem_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items);
    if (status != QN_OK) {
        qn_expr_free(expr);
        return status;
    }
    list->items[list->count++] = expr;
    return QN_OK;
}

/* A call without its arguments, which others own now. */
static void free_shell(qn_expr *call) {
    call->count = 0;
    qn_expr_free(call);
}

/* Nodes still to be looked at are linked along `next`, the first term on top. */
qn_status qn_expr_split_and(qn_expr_list *list, qn_expr *condition) {
    qn_status status = QN_OK;
    if (condition == NULL)
        return QN_OK;
    condition->next = NULL;
    for (qn_expr *rest = condition; rest != NULL;) {
        qn_expr *node = rest;
        rest = node->next;
        if (node->kind != QN_EXPR_CALL || strcmp(node->function->name, "and") != 0) {
            if (status == QN_OK)
                status = qn_expr_list_add(list, node);
            else
                qn_expr_free(node);
            continue;
        }
        for (int32_t i = node->count; i-- > 0;) {
            node->arguments[i]->next = rest;
            rest = node->arguments[i];
        }
        free_shell(node);
    }
    return status;
}

qn_status qn_expr_join_and(qn_expr **out, qn_expr_list *list) {
    qn_expr *joined = NULL;
    qn_status status = QN_OK;
    int64_t i = 0;
    for (; i < list->count && status == QN_OK; i++) {
        qn_expr *pair[] = {joined, list->items[i]};
        joined = NULL;
        if (pair[0] == NULL)
            joined = pair[1];
        else
            status = qn_expr_call(&joined, "and", pair, 2, pair[1]->position);
    }
    for (; i < list->count; i++)
        qn_expr_free(list->items[i]);
    list->count = 0;
    qn_expr_list_clear(list);
    if (status == QN_OK)
        *out = joined;
    return status;
}
