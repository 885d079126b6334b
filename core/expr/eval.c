/* Evaluation: the bound tree's post-order is run on a stack of operands. */
#include "core/expr/node.h"

#include "core/memory.h"

#include <string.h>

/* ---- Nulls of strict functions --------------------------------------------------------------- */

/* Rows where every argument has a value; NULL if that is all rows. Constants are never null here:
 * binding made such calls null. */
static qn_status valid_rows(const qn_operand *arguments, int32_t count, int64_t length,
                            uint64_t **out) {
    uint64_t *valid = NULL;
    int64_t words = qn_bit_words(length);
    for (int32_t i = 0; i < count; i++) {
        const uint64_t *bits = arguments[i].column->validity;
        if (bits == NULL || arguments[i].constant)
            continue;
        if (valid == NULL) {
            QN_TRY(qn_mem_copy(&valid, bits, (size_t)words, sizeof *valid));
            continue;
        }
        for (int64_t w = 0; w < words; w++)
            valid[w] &= bits[w];
    }
    *out = valid;
    return QN_OK;
}

static void clear_wide(char *values, int size, const uint64_t *valid, int64_t length) {
    for (int64_t w = 0; w < qn_bit_words(length); w++) {
        int64_t end = length - w * 64 < 64 ? length - w * 64 : 64;
        uint64_t nulls = ~valid[w];
        for (; nulls != 0; nulls &= nulls - 1) {
            int64_t bit = __builtin_ctzll(nulls);
            if (bit >= end)
                break;
            memset(values + (w * 64 + bit) * size, 0, (size_t)size);
        }
    }
}

/* Values under nulls are zero. */
static void clear_nulls(qn_column *column) {
    if (column->validity == NULL)
        return;
    int64_t words = qn_bit_words(column->length);
    if (column->type == QN_BOOL)
        for (int64_t w = 0; w < words; w++)
            column->bits[w] &= column->validity[w];
    else if (column->dictionary != NULL)
        clear_wide((char *)column->codes, sizeof *column->codes, column->validity, column->length);
    else if (qn_type_size(column->type) > 0)
        clear_wide(column->values, qn_type_size(column->type), column->validity, column->length);
}

/* Joins the arguments' nulls with the kernel's own. Takes over `valid`. */
static void join_nulls(qn_column *column, uint64_t *valid) {
    if (valid != NULL) {
        int64_t words = qn_bit_words(column->length);
        if (column->validity != NULL)
            for (int64_t w = 0; w < words; w++)
                valid[w] &= column->validity[w];
        qn_mem_free(column->validity);
        column->validity = NULL;
        qn_column_set_validity(column, valid);
    }
    clear_nulls(column);
}

static qn_status run_strict(qn_call *call, qn_column **out) {
    uint64_t *valid = NULL;
    qn_column *column = NULL;
    QN_TRY(valid_rows(call->arguments, call->count, call->length, &valid));
    call->valid = valid;
    qn_status status = call->node->function->run(call, &column);
    if (status != QN_OK) {
        qn_mem_free(valid);
        return status;
    }
    if (column->references > 1) /* the kernel gave an argument back */
        qn_mem_free(valid);
    else
        join_nulls(column, valid);
    *out = column;
    return QN_OK;
}

static qn_status run_plain(const qn_expr *node, const qn_operand *arguments, int32_t count,
                           int64_t length, qn_column **out) {
    qn_call call = {.node = node, .arguments = arguments, .count = count, .length = length};
    if (node->function->nulls == QN_NULLS_STRICT)
        return run_strict(&call, out);
    return node->function->run(&call, out);
}

/* ---- Dictionaries ---------------------------------------------------------------------------- */

/* The one argument that varies, if it is text with a dictionary no longer than the rows: then the
 * function is computed once a dictionary entry. */
static int32_t dictionary_argument(const qn_expr *node, const qn_operand *arguments,
                                   int32_t count) {
    int32_t found = -1;
    if (node->function->nulls == QN_NULLS_OWN)
        return -1;
    for (int32_t i = 0; i < count; i++) {
        if (arguments[i].constant)
            continue;
        const qn_column *column = arguments[i].column;
        if (found >= 0 || column->type != QN_STRING || column->dictionary == NULL ||
            column->dictionary->length > column->length)
            return -1;
        found = i;
    }
    return node->function->nulls == QN_NULLS_FIRST && found != 0 ? -1 : found;
}

qn_status qn_call_run(const qn_expr *node, qn_operand *arguments, int64_t length, qn_column **out) {
    int32_t count = node->count;
    int32_t lifted = dictionary_argument(node, arguments, count);
    if (lifted < 0)
        return run_plain(node, arguments, count, length, out);
    qn_column *column = arguments[lifted].column;
    arguments[lifted].column = column->dictionary;
    qn_column *entries = NULL;
    qn_status status = run_plain(node, arguments, count, column->dictionary->length, &entries);
    arguments[lifted].column = column;
    QN_TRY(status);
    status = qn_column_spread(out, entries, column->codes, column->validity, column->length);
    qn_column_release(entries);
    return status;
}

/* ---- The stack ------------------------------------------------------------------------------- */

static void release_operands(qn_operand *operands, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (!operands[i].constant)
            qn_column_release(operands[i].column);
}

static qn_status push_column(const qn_expr *node, const qn_batch *batch, qn_operand *operand) {
    if (node->index >= batch->count)
        return qn_fail(QN_INTERNAL, "column %d of a batch of %d was asked for", node->index,
                       batch->count);
    const qn_column *column = batch->columns[node->index];
    if (column->type != node->type)
        return qn_fail(QN_INTERNAL, "column '%s' holds %s, the expression was bound to %s",
                       node->name, qn_type_name(column->type), qn_type_name(node->type));
    *operand = (qn_operand){qn_column_retain(column), false};
    return QN_OK;
}

static qn_status run_step(const qn_expr *node, const qn_batch *batch, qn_operand *stack,
                          int64_t *top) {
    if (node->kind == QN_EXPR_COLUMN) {
        QN_TRY(push_column(node, batch, &stack[*top]));
        *top += 1;
        return QN_OK;
    }
    if (node->kind == QN_EXPR_LITERAL) {
        stack[(*top)++] = (qn_operand){node->value, true};
        return QN_OK;
    }
    qn_operand *arguments = stack + *top - node->count;
    qn_column *column = NULL;
    QN_TRY(qn_call_run(node, arguments, batch->length, &column));
    release_operands(arguments, node->count);
    *top -= node->count;
    stack[(*top)++] = (qn_operand){column, false};
    return QN_OK;
}

static qn_status spread_constant(const qn_column *value, int64_t length, qn_column **out) {
    int32_t *codes = NULL;
    QN_TRY(qn_mem_calloc(&codes, (size_t)length, sizeof *codes));
    qn_status status = qn_column_spread(out, value, codes, NULL, length);
    qn_mem_free(codes);
    return status;
}

qn_status qn_expr_eval(const qn_expr *expr, const qn_batch *batch, qn_column **out) {
    qn_status status = QN_OK;
    qn_operand *stack = NULL;
    int64_t top = 0;
    qn_expr_set_position(-1);
    if (expr->first == NULL)
        return qn_fail(QN_INTERNAL, "an expression was evaluated before it was bound");
    QN_TRY(qn_mem_calloc(&stack, (size_t)expr->slots, sizeof *stack));
    for (const qn_expr *node = expr->first; node != NULL; node = node->next)
        QN_TRY_GOTO(run_step(node, batch, stack, &top), done);
    if (stack[0].constant) {
        status = spread_constant(stack[0].column, batch->length, out);
    } else {
        *out = stack[0].column;
        top = 0;
    }
done:
    release_operands(stack, top);
    qn_mem_free(stack);
    return status;
}

qn_status qn_expr_filter(const qn_expr *expr, const qn_batch *batch, uint64_t **out) {
    if (expr->type != QN_BOOL)
        return qn_fail(QN_INTERNAL, "a filter must be a condition, not %s",
                       qn_type_name(expr->type));
    qn_column *column = NULL;
    QN_TRY(qn_expr_eval(expr, batch, &column));
    uint64_t *keep = NULL;
    int64_t words = qn_bit_words(batch->length);
    qn_status status = qn_mem_copy(&keep, column->bits, (size_t)words, sizeof *keep);
    if (status == QN_OK && column->validity != NULL)
        for (int64_t w = 0; w < words; w++)
            keep[w] &= column->validity[w];
    qn_column_release(column);
    if (status == QN_OK)
        *out = keep;
    return status;
}
