/* Expressions over inputs that lack some of their columns. */
#include "core/expr/node.h"

#include <string.h>

static bool is_missing(const qn_expr *node, const qn_schema *schema) {
    if (node->kind != QN_EXPR_COLUMN)
        return false;
    for (int32_t i = 0; i < schema->count; i++)
        if (strcasecmp(schema->fields[i].name, node->name) == 0)
            return false;
    return true;
}

const char *qn_expr_missing_column(qn_expr *expr, const qn_schema *schema, int32_t n) {
    for (const qn_expr *node = qn_expr_link(expr); node != NULL; node = node->next)
        if (is_missing(node, schema) && n-- == 0)
            return node->name;
    return NULL;
}

static bool is_and(const qn_expr *node) {
    return node->kind == QN_EXPR_CALL && strcmp(node->function->name, "and") == 0;
}

static qn_status become_true(qn_expr *node) {
    qn_column *value = NULL;
    QN_TRY(qn_column_new(&value, QN_BOOL, 1, 0));
    value->bits[0] = 1;
    qn_expr_become_literal(node, value);
    return QN_OK;
}

qn_status qn_expr_waive_missing(qn_expr *condition, const qn_schema *schema) {
    condition->next = NULL;
    for (qn_expr *list = condition; list != NULL;) {
        qn_expr *node = list;
        list = node->next;
        if (!is_and(node)) {
            if (qn_expr_missing_column(node, schema, 0) != NULL)
                QN_TRY(become_true(node));
            continue;
        }
        for (int32_t i = 0; i < node->count; i++) {
            node->arguments[i]->next = list;
            list = node->arguments[i];
        }
    }
    return QN_OK;
}
