/* case, if, coalesce, nullif, greatest, least, in: which argument each row takes. */
#include "core/expr/node.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- case and if ----------------------------------------------------------------------------- */

QN_CLONES static void take_word(int32_t *choice, uint64_t taken, int32_t value, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        choice[i] = (taken >> i) & 1 ? value : choice[i];
}

/* Rows of `open` that are in `taken` get argument `value`, and are open no more. */
static void take_open(uint64_t *open, int64_t word, uint64_t taken, int32_t value, int64_t length,
                      int32_t *choice) {
    int64_t left = length - word * 64;
    taken &= open[word];
    open[word] &= ~taken;
    if (taken != 0)
        take_word(choice + word * 64, taken, value, left < 64 ? left : 64);
}

/* All rows open, and choosing argument `otherwise`. */
static qn_status start_choice(const qn_call *call, int32_t otherwise, int32_t **choice,
                              uint64_t **open) {
    int64_t words = qn_bit_words(call->length);
    QN_TRY(qn_mem_alloc(open, (size_t)words, sizeof **open));
    QN_TRY(qn_mem_alloc(choice, (size_t)call->length, sizeof **choice));
    for (int64_t i = 0; i < call->length; i++)
        (*choice)[i] = otherwise;
    memset(*open, 0xff, (size_t)words * sizeof **open);
    qn_bits_trim(*open, call->length);
    return QN_OK;
}

static qn_status run_case(const qn_call *call, qn_column **out) {
    int32_t *choice = NULL, otherwise = call->count % 2 == 1 ? call->count - 1 : -1;
    uint64_t *open = NULL;
    qn_status status;
    QN_TRY_GOTO(start_choice(call, otherwise, &choice, &open), done);
    for (int32_t k = 0; k + 1 < call->count; k += 2) {
        const qn_operand *condition = &call->arguments[k];
        for (int64_t w = 0; w < qn_bit_words(call->length); w++)
            take_open(open, w, qn_bits_word(condition, w) & qn_valid_word(condition, w), k + 1,
                      call->length, choice);
    }
    /* conditions choose nothing, even where they are of the result's type */
    status = qn_choose(out, call, call->arguments, call->count, choice);
done:
    qn_mem_free(choice);
    qn_mem_free(open);
    return status;
}

/* ---- coalesce and nullif --------------------------------------------------------------------- */

static qn_status run_coalesce(const qn_call *call, qn_column **out) {
    const qn_operand *first = &call->arguments[0];
    if (!first->constant && first->column->null_count == 0) {
        *out = qn_column_retain(first->column);
        return QN_OK;
    }
    int32_t *choice = NULL;
    uint64_t *open = NULL;
    qn_status status;
    QN_TRY_GOTO(start_choice(call, -1, &choice, &open), done);
    for (int32_t k = 0; k < call->count; k++)
        for (int64_t w = 0; w < qn_bit_words(call->length); w++)
            take_open(open, w, qn_valid_word(&call->arguments[k], w), k, call->length, choice);
    status = qn_choose(out, call, call->arguments, call->count, choice);
done:
    qn_mem_free(choice);
    qn_mem_free(open);
    return status;
}

static qn_status run_nullif(const qn_call *call, qn_column **out) {
    const qn_operand *a = &call->arguments[0], *b = &call->arguments[1];
    int32_t *choice = NULL;
    uint64_t *equal = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&choice, (size_t)call->length, sizeof *choice), done);
    QN_TRY_GOTO(qn_mem_alloc(&equal, (size_t)qn_bit_words(call->length), sizeof *equal), done);
    qn_compare(QN_EQUAL, a, b, call->length, equal);
    for (int64_t i = 0; i < call->length; i++)
        choice[i] = qn_bit(equal, i) && !qn_operand_null(b, i) ? -1 : 0;
    status = qn_choose(out, call, call->arguments, 1, choice);
done:
    qn_mem_free(choice);
    qn_mem_free(equal);
    return status;
}

/* ---- greatest and least ---------------------------------------------------------------------- */

/* The better of two, a null being worse than anything. */
static qn_status better(const qn_call *call, const qn_operand pair[2], qn_comparison wins,
                        qn_column **out) {
    int64_t length = call->length;
    int32_t *choice = NULL;
    uint64_t *second = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&choice, (size_t)length, sizeof *choice), done);
    QN_TRY_GOTO(qn_mem_alloc(&second, (size_t)qn_bit_words(length), sizeof *second), done);
    qn_compare(wins, &pair[1], &pair[0], length, second);
    for (int64_t i = 0; i < length; i++) {
        bool none = qn_operand_null(&pair[1], i);
        choice[i] = !none && (qn_operand_null(&pair[0], i) || qn_bit(second, i));
    }
    status = qn_choose(out, call, pair, 2, choice);
done:
    qn_mem_free(choice);
    qn_mem_free(second);
    return status;
}

static qn_status run_best(const qn_call *call, qn_comparison wins, qn_column **out) {
    qn_operand pair[2] = {call->arguments[0], {NULL, false}};
    qn_column *best = NULL;
    for (int32_t k = 1; k < call->count; k++) {
        pair[1] = call->arguments[k];
        qn_column *column = NULL;
        qn_status status = better(call, pair, wins, &column);
        qn_column_release(best);
        QN_TRY(status);
        best = column;
        pair[0] = (qn_operand){best, false};
    }
    *out = best;
    return QN_OK;
}

static qn_status run_greatest(const qn_call *call, qn_column **out) {
    return run_best(call, QN_GREATER, out);
}

static qn_status run_least(const qn_call *call, qn_column **out) {
    return run_best(call, QN_LESS, out);
}

/* ---- in -------------------------------------------------------------------------------------- */

enum { IN_SHORT = 16 };

/* A long list of constants, or one of texts: sorted for a search by halving. */
typedef struct in_list {
    int64_t count;
    bool has_null;
    int64_t *keys;
    qn_view *texts;
} in_list;

/* Equal values have equal keys: NaN has one, 0.0 and -0.0 share one. */
static int64_t key_of(const qn_column *column, int64_t row) {
    double real;
    switch (column->type) {
    case QN_BOOL:
        return qn_bit(column->bits, row);
    case QN_INT32:
    case QN_DATE:
        return column->i32[row];
    case QN_INT64:
    case QN_TIMESTAMP:
        return column->i64[row];
    case QN_FLOAT32:
        real = column->f32[row];
        break;
    default:
        real = column->f64[row];
        break;
    }
    int64_t key;
    real = real != real ? __builtin_nan("") : real + 0.0;
    memcpy(&key, &real, sizeof key);
    return key;
}

static int compare_keys(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int compare_views(const void *a, const void *b) {
    return qn_view_compare(*(const qn_view *)a, *(const qn_view *)b);
}

static void in_list_free(void *state) {
    in_list *list = state;
    qn_mem_free(list->keys);
    qn_mem_free(list->texts);
    qn_mem_free(list);
}

static void in_list_fill(in_list *list, const qn_expr *call) {
    for (int32_t k = 1; k < call->count; k++) {
        qn_operand value = {call->arguments[k]->value, true};
        if (value.column->null_count > 0)
            list->has_null = true;
        else if (list->texts != NULL)
            list->texts[list->count++] = qn_text_at(&value, 0);
        else
            list->keys[list->count++] = key_of(value.column, 0);
    }
    if (list->texts != NULL)
        qsort(list->texts, (size_t)list->count, sizeof *list->texts, compare_views);
    else
        qsort(list->keys, (size_t)list->count, sizeof *list->keys, compare_keys);
}

static qn_status prepare_in(qn_expr *call) {
    bool text = call->arguments[0]->type == QN_STRING;
    if (call->arguments[0]->type == QN_STRING_LIST)
        return QN_OK;
    for (int32_t k = 1; k < call->count; k++)
        if (!qn_expr_is_literal(call->arguments[k]))
            return QN_OK;
    if (!text && call->count <= IN_SHORT)
        return QN_OK;
    in_list *list = NULL;
    QN_TRY(qn_mem_calloc(&list, 1, sizeof *list));
    size_t count = (size_t)call->count;
    qn_status status = text ? qn_mem_alloc(&list->texts, count, sizeof *list->texts)
                            : qn_mem_alloc(&list->keys, count, sizeof *list->keys);
    if (status != QN_OK) {
        in_list_free(list);
        return status;
    }
    in_list_fill(list, call);
    call->state = list;
    return QN_OK;
}

static bool in_list_has(const in_list *list, const qn_operand *x, int64_t row) {
    size_t count = (size_t)list->count;
    if (list->texts != NULL) {
        qn_view text = qn_text_at(x, row);
        return bsearch(&text, list->texts, count, sizeof text, compare_views) != NULL;
    }
    int64_t key = key_of(x->column, qn_at(x, row));
    return bsearch(&key, list->keys, count, sizeof key, compare_keys) != NULL;
}

/* Null where x is, or where nothing matched and the list holds a null. */
static qn_status set_in_nulls(const qn_operand *x, const uint64_t *some_null, qn_column *column) {
    uint64_t *valid = NULL;
    int64_t words = qn_bit_words(column->length);
    QN_TRY(qn_mem_alloc(&valid, (size_t)words, sizeof *valid));
    for (int64_t w = 0; w < words; w++) {
        uint64_t known = qn_valid_word(x, w);
        column->bits[w] &= known;
        valid[w] = known & (column->bits[w] | ~some_null[w]);
    }
    qn_bits_trim(column->bits, column->length);
    qn_bits_trim(valid, column->length);
    qn_column_set_validity(column, valid);
    return QN_OK;
}

static void match_list(const qn_call *call, const in_list *list, qn_column *column,
                       uint64_t *some_null) {
    const qn_operand *x = &call->arguments[0];
    for (int64_t i = 0; i < call->length; i++)
        column->bits[i >> 6] |= (uint64_t)in_list_has(list, x, i) << (i & 63);
    if (list->has_null)
        memset(some_null, 0xff, (size_t)qn_bit_words(call->length) * sizeof *some_null);
}

static void match_each(const qn_call *call, uint64_t *equal, qn_column *column,
                       uint64_t *some_null) {
    for (int32_t k = 1; k < call->count; k++) {
        const qn_operand *value = &call->arguments[k];
        qn_compare(QN_EQUAL, &call->arguments[0], value, call->length, equal);
        for (int64_t w = 0; w < qn_bit_words(call->length); w++) {
            uint64_t valid = qn_valid_word(value, w);
            column->bits[w] |= equal[w] & valid;
            some_null[w] |= ~valid;
        }
    }
}

static qn_status run_in(const qn_call *call, qn_column **out) {
    qn_column *column = NULL;
    uint64_t *some_null = NULL, *equal = NULL;
    size_t words = (size_t)qn_bit_words(call->length);
    qn_status status;
    QN_TRY_GOTO(qn_column_new(&column, QN_BOOL, call->length, 0), done);
    QN_TRY_GOTO(qn_mem_calloc(&some_null, words, sizeof *some_null), done);
    QN_TRY_GOTO(qn_mem_calloc(&equal, words, sizeof *equal), done);
    if (call->node->state != NULL)
        match_list(call, call->node->state, column, some_null);
    else
        match_each(call, equal, column, some_null);
    QN_TRY_GOTO(set_in_nulls(&call->arguments[0], some_null, column), done);
    *out = column;
    column = NULL;
done:
    qn_mem_free(some_null);
    qn_mem_free(equal);
    qn_column_release(column);
    return status;
}

const qn_function qn_functions_conditional[] = {
    {"case", 2, -1, {QN_TAKES_CASES}, QN_GIVES_SAME, QN_NULLS_OWN, run_case, NULL, NULL},
    {"if", 3, 3, {QN_TAKES_BOOL, QN_TAKES_SAME}, QN_GIVES_SAME, QN_NULLS_OWN, run_case, NULL, NULL},
    {"coalesce", 1, -1, {QN_TAKES_SAME}, QN_GIVES_SAME, QN_NULLS_OWN, run_coalesce, NULL, NULL},
    {"nvl", 2, 2, {QN_TAKES_SAME}, QN_GIVES_SAME, QN_NULLS_OWN, run_coalesce, NULL, NULL},
    {"ifnull", 2, 2, {QN_TAKES_SAME}, QN_GIVES_SAME, QN_NULLS_OWN, run_coalesce, NULL, NULL},
    {"nullif", 2, 2, {QN_TAKES_SAME}, QN_GIVES_SAME, QN_NULLS_OWN, run_nullif, NULL, NULL},
    {"greatest", 2, -1, {QN_TAKES_SAME}, QN_GIVES_SAME, QN_NULLS_OWN, run_greatest, NULL, NULL},
    {"least", 2, -1, {QN_TAKES_SAME}, QN_GIVES_SAME, QN_NULLS_OWN, run_least, NULL, NULL},
    {"in", 2, -1, {QN_TAKES_SAME}, QN_GIVES_BOOL, QN_NULLS_FIRST, run_in, prepare_in, in_list_free},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
