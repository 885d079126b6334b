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

static bool is_trying(const qn_expr *node) {
    return strncmp(node->function->name, "try_", 4) == 0;
}

static qn_status run_plain(const qn_expr *node, const qn_operand *arguments, int32_t count,
                           int64_t length, qn_faults *faults, qn_column **out) {
    bool spark = node->session == NULL || node->session->on_fault == QN_FAULT_SPARK;
    bool tries = is_trying(node);
    qn_call call = {.node = node,
                    .arguments = arguments,
                    .count = count,
                    .length = length,
                    .checks = !spark || tries,
                    .faults = tries ? NULL : faults};
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

qn_status qn_call_run(const qn_expr *node, qn_operand *arguments, int64_t length, qn_faults *faults,
                      qn_column **out) {
    int32_t count = node->count;
    int32_t lifted = dictionary_argument(node, arguments, count);
    if (lifted < 0)
        return run_plain(node, arguments, count, length, faults, out);
    qn_column *column = arguments[lifted].column, *entries = NULL, *spread = NULL;
    qn_faults of_entries = {0};
    arguments[lifted].column = column->dictionary;
    qn_status status = run_plain(node, arguments, count, column->dictionary->length,
                                 faults != NULL ? &of_entries : NULL, &entries);
    arguments[lifted].column = column;
    if (status == QN_DATA) { /* perhaps at an entry that no row has */
        qn_faults_clear(&of_entries);
        qn_error_clear();
        return run_plain(node, arguments, count, length, faults, out);
    }
    QN_TRY_GOTO(status, done);
    QN_TRY_GOTO(qn_column_spread(&spread, entries, column->codes, column->validity, column->length),
                done);
    if (of_entries.rows != NULL)
        QN_TRY_GOTO(
            qn_faults_spread(faults, &of_entries, column->codes, column->validity, column->length),
            done);
    *out = spread;
    spread = NULL;
done:
    qn_faults_clear(&of_entries);
    qn_column_release(entries);
    qn_column_release(spread);
    return status;
}

/* ---- The stack ------------------------------------------------------------------------------- */

/* Operands that are alive, and their faults where those are noted. */
typedef struct stack {
    int64_t top;
    qn_operand *operands;
    qn_faults *marks; /* NULL: not noted */
} stack;

static void pop(stack *s, int64_t count) {
    for (; count > 0; count--) {
        s->top--;
        if (!s->operands[s->top].constant)
            qn_column_release(s->operands[s->top].column);
        if (s->marks != NULL)
            qn_faults_clear(&s->marks[s->top]);
    }
}

/* Takes the faults over. */
static void push(stack *s, qn_column *column, bool constant, qn_faults faults) {
    s->operands[s->top] = (qn_operand){column, constant};
    if (s->marks != NULL)
        s->marks[s->top] = faults;
    s->top++;
}

static qn_status push_column(const qn_expr *node, const qn_batch *batch, stack *s) {
    if (node->index >= batch->count)
        return qn_fail(QN_INTERNAL, "column %d of a batch of %d was asked for", node->index,
                       batch->count);
    const qn_column *column = batch->columns[node->index];
    if (column->type != node->type)
        return qn_fail(QN_INTERNAL, "column '%s' holds %s, the expression was bound to %s",
                       node->name, qn_type_name(column->type), qn_type_name(node->type));
    push(s, qn_column_retain(column), false, (qn_faults){0});
    return QN_OK;
}

static qn_status spread_constant(const qn_column *value, int64_t length, qn_faults *faults,
                                 qn_column **out) {
    int32_t *codes = NULL;
    qn_faults spread = {0};
    QN_TRY(qn_mem_calloc(&codes, (size_t)length, sizeof *codes));
    qn_status status = QN_OK;
    if (faults != NULL && faults->rows != NULL) {
        QN_TRY_GOTO(qn_faults_spread(&spread, faults, codes, NULL, length), done);
        qn_faults_clear(faults);
        *faults = spread;
        spread = (qn_faults){0};
    }
    status = qn_column_spread(out, value, codes, NULL, length);
done:
    qn_faults_clear(&spread);
    qn_mem_free(codes);
    return status;
}

/* A call of constants alone that binding did not fold, because it faults. */
static qn_status run_constant(const qn_expr *node, qn_operand *arguments, int64_t length,
                              qn_faults *faults, qn_column **out) {
    qn_column *one = NULL;
    QN_TRY(qn_call_run(node, arguments, 1, faults, &one));
    qn_status status = spread_constant(one, length, faults, out);
    qn_column_release(one);
    return status;
}

static qn_status run_noting(const qn_expr *node, qn_operand *arguments, qn_faults *marks,
                            int64_t length, qn_faults *faults, qn_column **out) {
    bool constant = node->count > 0;
    for (int32_t i = 0; i < node->count; i++)
        constant = constant && arguments[i].constant;
    qn_column *column = NULL;
    QN_TRY(constant ? run_constant(node, arguments, length, faults, &column)
                    : qn_call_run(node, arguments, length, faults, &column));
    faults->node = node;
    qn_status status = qn_faults_join(faults, node, arguments, marks, length);
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    *out = column;
    return QN_OK;
}

static qn_status run_call(const qn_expr *node, int64_t length, stack *s) {
    int64_t first = s->top - node->count;
    qn_operand *arguments = s->operands + first;
    qn_column *column = NULL;
    qn_faults faults = {0};
    qn_status status =
        s->marks == NULL ? qn_call_run(node, arguments, length, NULL, &column)
                         : run_noting(node, arguments, s->marks + first, length, &faults, &column);
    if (status != QN_OK) {
        qn_faults_clear(&faults);
        return status;
    }
    pop(s, node->count);
    push(s, column, false, faults);
    return QN_OK;
}

static qn_status run_step(const qn_expr *node, const qn_batch *batch, stack *s) {
    if (node->kind == QN_EXPR_COLUMN)
        return push_column(node, batch, s);
    if (node->kind == QN_EXPR_CALL)
        return run_call(node, batch->length, s);
    push(s, node->value, true, (qn_faults){0});
    return QN_OK;
}

/* ---- Faults that remain ---------------------------------------------------------------------- */

/* One row of a batch. */
static qn_status take_row(qn_batch *out, const qn_batch *batch, int64_t row) {
    QN_TRY(qn_batch_reserve(out, batch->count));
    out->length = 1;
    out->first_row = qn_batch_row(batch, row);
    for (int32_t i = 0; i < batch->count; i++)
        if (batch->columns[i] != NULL)
            QN_TRY(qn_column_slice(&out->columns[i], batch->columns[i], row, 1));
    return QN_OK;
}

/* "row 7: '/' divides by zero in (1 / a)" */
static qn_status fail_at(const qn_expr *root, int64_t row, const qn_faults *faults) {
    enum { MOST = 200 };
    qn_text text;
    qn_text_init(&text);
    qn_status status = qn_expr_print(faults->node, &text);
    (void)qn_expr_link((qn_expr *)root); /* printing a part took it out of the whole's order */
    if (status == QN_OK) {
        qn_expr_set_position(faults->node->position);
        status = qn_fail(QN_DATA, "row %lld: %s in %.*s%s", (long long)row, faults->message,
                         qn_shown_length((qn_view){text.data, text.length}, MOST), text.data,
                         text.length > MOST ? " ..." : "");
    }
    qn_text_clear(&text);
    return status;
}

/* The first row's fault as an error: that row by itself has the message that belongs to it. */
static qn_status report_fault(const qn_expr *expr, const qn_batch *batch, const qn_faults *faults) {
    int64_t row = 0;
    while (row < batch->length - 1 && !qn_bit(faults->rows, row))
        row++;
    if (batch->length == 1)
        return fail_at(expr, qn_batch_row(batch, 0) + 1, faults);
    qn_batch one;
    qn_column *column = NULL;
    qn_batch_init(&one);
    qn_status status = take_row(&one, batch, row);
    if (status == QN_OK)
        status = qn_expr_eval(expr, &one, &column);
    if (status == QN_OK)
        status = qn_fail(QN_INTERNAL, "row %lld failed, but not by itself: %s",
                         (long long)qn_batch_row(batch, row) + 1, faults->message);
    qn_column_release(column);
    qn_batch_clear(&one);
    return status;
}

static qn_status take_result(const qn_expr *expr, const qn_batch *batch, stack *s,
                             qn_column **out) {
    if (s->marks != NULL && s->marks[0].rows != NULL)
        return report_fault(expr, batch, &s->marks[0]);
    if (s->operands[0].constant)
        return spread_constant(s->operands[0].column, batch->length, NULL, out);
    *out = qn_column_retain(s->operands[0].column);
    return QN_OK;
}

qn_status qn_expr_eval(const qn_expr *expr, const qn_batch *batch, qn_column **out) {
    qn_status status = QN_OK;
    stack s = {0};
    qn_expr_set_position(-1);
    if (expr->first == NULL)
        return qn_fail(QN_INTERNAL, "an expression was evaluated before it was bound");
    QN_TRY_GOTO(qn_mem_calloc(&s.operands, (size_t)expr->slots, sizeof *s.operands), done);
    if (qn_expr_notes_faults(expr))
        QN_TRY_GOTO(qn_mem_calloc(&s.marks, (size_t)expr->slots, sizeof *s.marks), done);
    for (const qn_expr *node = expr->first; node != NULL; node = node->next)
        QN_TRY_GOTO(run_step(node, batch, &s), done);
    QN_TRY_GOTO(take_result(expr, batch, &s, out), done);
done:
    pop(&s, s.top);
    qn_mem_free(s.operands);
    qn_mem_free(s.marks);
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
