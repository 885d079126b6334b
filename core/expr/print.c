/* The SQL text of a tree, fully parenthesised, put together in post-order. */
#include "core/expr/lists.h"
#include "core/expr/tree.h"

#include "core/memory.h"
#include "core/text/number.h"
#include "core/time/date.h"

#include <string.h>

/* ---- Leaves ---------------------------------------------------------------------------------- */

static bool is_plain_name(const char *name) {
    if (*name != '_' && (*name < 'a' || *name > 'z'))
        return false;
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static qn_status print_quoted(const char *data, int64_t length, char quote, qn_text *out) {
    QN_TRY(qn_text_add_char(out, quote));
    for (int64_t i = 0; i < length; i++) {
        if (data[i] == quote)
            QN_TRY(qn_text_add_char(out, quote));
        QN_TRY(qn_text_add_char(out, data[i]));
    }
    return qn_text_add_char(out, quote);
}

static qn_status print_name(const char *name, qn_text *out) {
    if (is_plain_name(name))
        return qn_text_add(out, name, (int64_t)strlen(name));
    return print_quoted(name, (int64_t)strlen(name), '"', out);
}

/* With a point or an exponent, so that it reads back as a real number. */
static qn_status print_real(double value, qn_text *out) {
    char text[40];
    text[qn_print_real(value, text)] = '\0';
    if (value != value || value - value != 0)
        return qn_text_printf(out, "CAST('%s' AS float64)", text);
    return qn_text_printf(out, "%s%s", text, strpbrk(text, ".e") == NULL ? ".0" : "");
}

static qn_status print_list_literal(const qn_column *value, qn_text *out) {
    qn_list list = qn_list_at(&(qn_operand){(qn_column *)value, true}, 0);
    QN_TRY(qn_text_printf(out, "ARRAY["));
    for (int64_t k = 0; k < list.count; k++) {
        qn_view item = qn_list_item(list, k);
        if (k > 0)
            QN_TRY(qn_text_printf(out, ", "));
        if (item.data == NULL)
            QN_TRY(qn_text_printf(out, "NULL"));
        else
            QN_TRY(print_quoted(item.data, item.length, '\'', out));
    }
    return qn_text_add_char(out, ']');
}

static qn_status print_literal(const qn_expr *node, qn_text *out) {
    const qn_column *value = node->value;
    char text[64];
    if (value->null_count > 0)
        return qn_text_add(out, "NULL", 4);
    switch (value->type) {
    case QN_BOOL:
        return qn_text_printf(out, "%s", value->bits[0] & 1 ? "true" : "false");
    case QN_INT32:
        return qn_text_printf(out, "%d", value->i32[0]);
    case QN_INT64:
        return qn_text_printf(out, "%lld", (long long)value->i64[0]);
    case QN_FLOAT32:
        return print_real((double)value->f32[0], out);
    case QN_FLOAT64:
        return print_real(value->f64[0], out);
    case QN_DATE:
        return qn_text_printf(out, "DATE '%.*s'", qn_print_date(value->i32[0], text), text);
    case QN_TIMESTAMP:
        /* with its offset: it reads back as the same in any session's zone */
        return qn_text_printf(out, "TIMESTAMP '%.*sZ'", qn_print_timestamp(value->i64[0], text),
                              text);
    case QN_STRING_LIST:
        return print_list_literal(value, out);
    default: {
        qn_view view = qn_text_at(&(qn_operand){(qn_column *)value, true}, 0);
        return print_quoted(view.data, view.length, '\'', out);
    }
    }
}

/* ---- Calls ----------------------------------------------------------------------------------- */

static qn_status print_upper(const char *name, qn_text *out) {
    for (; *name != '\0'; name++)
        QN_TRY(qn_text_add_char(out, (char)(*name >= 'a' && *name <= 'z' ? *name - 32 : *name)));
    return QN_OK;
}

static bool is_infix(const qn_expr *node) {
    const char *name = node->function->name;
    bool symbol = strpbrk(name, "+-*/%=<>|!&#") != NULL;
    bool word = strcmp(name, "and") == 0 || strcmp(name, "or") == 0 || strcmp(name, "like") == 0 ||
                strcmp(name, "ilike") == 0 || strncmp(name, "is ", 3) == 0;
    return node->count > 1 && (symbol || word);
}

/* (a OP b OP c); like's third argument is its escape. */
static qn_status print_infix(const qn_expr *node, const qn_text *parts, qn_text *out) {
    QN_TRY(qn_text_add_char(out, '('));
    for (int32_t i = 0; i < node->count; i++) {
        if (i > 0) {
            bool escape = i == 2 && strstr(node->function->name, "like") != NULL;
            QN_TRY(qn_text_add_char(out, ' '));
            QN_TRY(print_upper(escape ? "escape" : node->function->name, out));
            QN_TRY(qn_text_add_char(out, ' '));
        }
        QN_TRY(qn_text_add(out, parts[i].data, parts[i].length));
    }
    return qn_text_add_char(out, ')');
}

static qn_status print_case(const qn_expr *node, const qn_text *parts, qn_text *out) {
    QN_TRY(qn_text_printf(out, "CASE"));
    for (int32_t i = 0; i + 1 < node->count; i += 2)
        QN_TRY(qn_text_printf(out, " WHEN %s THEN %s", parts[i].data, parts[i + 1].data));
    if (node->count % 2 == 1)
        QN_TRY(qn_text_printf(out, " ELSE %s", parts[node->count - 1].data));
    return qn_text_printf(out, " END");
}

static qn_status print_items(const qn_expr *node, const qn_text *parts, int32_t first, char end,
                             qn_text *out) {
    for (int32_t i = first; i < node->count; i++)
        QN_TRY(qn_text_printf(out, "%s%s", i > first ? ", " : "", parts[i].data));
    return qn_text_add_char(out, end);
}

static qn_status print_call(const qn_expr *node, const qn_text *parts, qn_text *out) {
    const char *name = node->function->name;
    if (node->function == qn_function_cast && node->implicit)
        return qn_text_printf(out, "%s", parts[0].data);
    if (qn_expr_is_cast(node))
        return qn_text_printf(out, "%sCAST(%s AS %s)",
                              node->function == qn_function_cast ? "" : "TRY_", parts[0].data,
                              qn_type_name(node->type));
    if (strcmp(name, "+ interval") == 0 || strcmp(name, "- interval") == 0)
        return qn_text_printf(out, "(%s %c INTERVAL %s)", parts[0].data, *name, parts[1].data);
    if (strcmp(name, "at time zone") == 0)
        return qn_text_printf(out, "(%s AT TIME ZONE %s)", parts[0].data, parts[1].data);
    if (strcmp(name, "timestamp ''") == 0)
        return qn_text_printf(out, "TIMESTAMP %s", parts[0].data);
    if (is_infix(node))
        return print_infix(node, parts, out);
    if (strcmp(name, "case") == 0)
        return print_case(node, parts, out);
    if (strcmp(name, "between") == 0)
        return qn_text_printf(out, "(%s BETWEEN %s AND %s)", parts[0].data, parts[1].data,
                              parts[2].data);
    if (strcmp(name, "in") == 0) {
        QN_TRY(qn_text_printf(out, "(%s IN (", parts[0].data));
        QN_TRY(print_items(node, parts, 1, ')', out));
        return qn_text_add_char(out, ')');
    }
    if (strcmp(name, "not") == 0 || strcmp(name, "-") == 0 || strcmp(name, "~") == 0)
        return qn_text_printf(out, "(%s %s)", *name == 'n' ? "NOT" : name, parts[0].data);
    if (strncmp(name, "is ", 3) == 0) {
        QN_TRY(qn_text_printf(out, "(%s ", parts[0].data));
        QN_TRY(print_upper(name, out));
        return qn_text_add_char(out, ')');
    }
    if (strcmp(name, "[]") == 0)
        return qn_text_printf(out, "(%s)[%s]", parts[0].data, parts[1].data);
    if (strcmp(name, "array") == 0) {
        QN_TRY(qn_text_printf(out, "ARRAY["));
        return print_items(node, parts, 0, ']', out);
    }
    QN_TRY(qn_text_printf(out, "%s(", name));
    return print_items(node, parts, 0, ')', out);
}

/* ---- The walk -------------------------------------------------------------------------------- */

typedef struct text_stack {
    int64_t count, capacity;
    qn_text *texts;
    bool tables; /* printed in front of columns */
} text_stack;

static void pop_texts(text_stack *stack, int64_t count) {
    for (; count > 0; count--)
        qn_text_clear(&stack->texts[--stack->count]);
}

static qn_status print_column(const qn_expr *node, bool tables, qn_text *out) {
    if (tables && node->table != NULL) {
        QN_TRY(print_name(node->table, out));
        QN_TRY(qn_text_add_char(out, '.'));
    }
    return print_name(node->name, out);
}

static qn_status print_node(const qn_expr *node, text_stack *stack) {
    qn_text text;
    qn_text_init(&text);
    qn_status status;
    QN_TRY_GOTO(qn_mem_reserve(&stack->texts, &stack->capacity, stack->count + 1, sizeof text),
                done);
    if (node->kind == QN_EXPR_COLUMN)
        status = print_column(node, stack->tables, &text);
    else if (node->kind == QN_EXPR_LITERAL)
        status = print_literal(node, &text);
    else
        status = print_call(node, stack->texts + stack->count - node->count, &text);
    if (status == QN_OK) {
        pop_texts(stack, node->count);
        stack->texts[stack->count++] = text;
        return QN_OK;
    }
done:
    qn_text_clear(&text);
    return status;
}

static qn_status print_tree(const qn_expr *expr, bool tables, qn_text *out) {
    text_stack stack = {.tables = tables};
    qn_status status = QN_OK;
    /* linking changes nothing that is seen: the order of a tree is always the same */
    for (const qn_expr *node = qn_expr_link((qn_expr *)expr); node != NULL; node = node->next)
        QN_TRY_GOTO(print_node(node, &stack), done);
    status = qn_text_add(out, stack.texts[0].data, stack.texts[0].length);
done:
    pop_texts(&stack, stack.count);
    qn_mem_free(stack.texts);
    return status;
}

qn_status qn_expr_print(const qn_expr *expr, qn_text *out) {
    return print_tree(expr, false, out);
}

qn_status qn_expr_print_as_written(const qn_expr *expr, qn_text *out) {
    return print_tree(expr, true, out);
}
