/* OVER and WINDOW: partitions, orders, windows that extend others. */
#include "features/sql/query/query.h"

#include "core/memory.h"

#include <string.h>

/* Where the parts of a window are written. */
typedef struct window_parts {
    const PgQuery__WindowDef *partition, *order, *frame; /* NULL: nowhere */
} window_parts;

/* The entry of the WINDOW clause with a name; entries from `before` on do not count. */
static qn_status find_window(const sql_block *block, const char *name, size_t before,
                             int32_t location, size_t *out) {
    const PgQuery__SelectStmt *select = block->select;
    const char *names[64];
    int64_t count = 0;
    for (size_t i = 0; i < before; i++) {
        const char *other = select->window_clause[i]->window_def->name;
        if (strcmp(other, name) == 0) {
            *out = i;
            return QN_OK;
        }
        if (count < 64)
            names[count++] = other;
    }
    qn_status status = qn_sql_fail(block->query->source, location, "unknown window '%s'", name);
    const char *nearest = qn_nearest(name, names, count);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    else
        qn_error_help("windows are named behind the tables: WINDOW %s AS (PARTITION BY ... ORDER "
                      "BY ...)",
                      name);
    return status;
}

/* A window that extends another one adds what that one lacks. */
static qn_status check_extension(const sql_source *source, const PgQuery__WindowDef *node,
                                 const window_parts *base) {
    if (node->n_partition_clause > 0)
        return qn_sql_fail(source, node->location,
                           "a window that extends '%s' cannot have a PARTITION BY of its own",
                           node->refname);
    if (node->n_order_clause > 0 && base->order != NULL)
        return qn_sql_fail(source, node->location,
                           "a window that extends '%s' cannot have an ORDER BY: that one has",
                           node->refname);
    if (base->frame != NULL)
        return qn_sql_fail(source, node->location,
                           "a window that has a frame cannot be extended: '%s'", node->refname);
    return QN_OK;
}

/* Windows extend earlier ones only, so this ends. */
static qn_status find_parts(const sql_block *block, const PgQuery__WindowDef *node, size_t before,
                            window_parts *out) {
    window_parts parts = {0};
    if (node->refname[0] != '\0') {
        size_t at = 0;
        QN_TRY(find_window(block, node->refname, before, node->location, &at));
        QN_TRY(find_parts(block, block->select->window_clause[at]->window_def, at, &parts));
        QN_TRY(check_extension(block->query->source, node, &parts));
    }
    if (node->n_partition_clause > 0)
        parts.partition = node;
    if (node->n_order_clause > 0)
        parts.order = node;
    if (qn_sql_has_frame(node))
        parts.frame = node;
    *out = parts;
    return QN_OK;
}

static qn_status add_partition(sql_block *block, const PgQuery__WindowDef *node, sql_call *call) {
    if (node == NULL)
        return QN_OK;
    QN_TRY(qn_mem_calloc(&call->partition, node->n_partition_clause, sizeof(qn_expr *)));
    for (size_t i = 0; i < node->n_partition_clause; i++) {
        QN_TRY(
            qn_sql_convert_at(block, SQL_WINDOW, node->partition_clause[i], &call->partition[i]));
        call->partition_count++;
    }
    return QN_OK;
}

qn_status qn_sql_window(sql_block *block, const PgQuery__WindowDef *node, sql_call *call) {
    window_parts parts = {0};
    size_t at = 0, count = block->select->n_window_clause;
    if (node->name[0] != '\0') {
        QN_TRY(find_window(block, node->name, count, node->location, &at));
        QN_TRY(find_parts(block, block->select->window_clause[at]->window_def, at, &parts));
    } else {
        QN_TRY(find_parts(block, node, count, &parts));
    }
    QN_TRY(add_partition(block, parts.partition, call));
    if (parts.order != NULL)
        QN_TRY(qn_sql_order_list(block, SQL_WINDOW, parts.order->order_clause,
                                 parts.order->n_order_clause, &call->order, &call->order_count));
    call->default_frame = parts.frame == NULL;
    return parts.frame == NULL ? QN_OK : qn_sql_frame(block, parts.frame, &call->frame);
}
