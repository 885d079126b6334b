/* Comparisons. NaN equals NaN and is above every number; -0.0 equals 0.0; text is ordered by
 * UTF-8 bytes. */
#include "core/expr/lists.h"
#include "core/expr/loops.h"

#include "core/memory.h"

#include <string.h>

/* Each loop compares up to 64 rows into bytes, which are then packed: compilers vectorise that. */
#define COMPARE_LOOP(name, in_type, expression) QN_LOOP_2(name, uint8_t, in_type, expression)

COMPARE_LOOP(equal_32, int32_t, x == y)
COMPARE_LOOP(less_32, int32_t, x < y)
COMPARE_LOOP(equal_64, int64_t, x == y)
COMPARE_LOOP(less_64, int64_t, x < y)
COMPARE_LOOP(equal_float, float, (x == y) | ((x != x) & (y != y)))
COMPARE_LOOP(less_float, float, (x < y) | ((x == x) & (y != y)))
COMPARE_LOOP(equal_real, double, (x == y) | ((x != x) & (y != y)))
COMPARE_LOOP(less_real, double, (x < y) | ((x == x) & (y != y)))

enum { STRETCH = 1024 }; /* rows compared before packing */

static const void *advance(const qn_operand *operand, int64_t row, int size) {
    const char *values = operand->column->values;
    return operand->constant ? values : values + row * size;
}

static void compare_stretch(bool less, const qn_operand *a, const qn_operand *b, int64_t first,
                            int64_t count, uint8_t *bytes) {
    int size = qn_type_size(a->column->type);
    const void *x = advance(a, first, size), *y = advance(b, first, size);
    qn_shape shape = qn_shape_of(a, b);
    switch (a->column->type) {
    case QN_INT32:
    case QN_DATE:
        (less ? less_32 : equal_32)(bytes, x, y, count, shape);
        break;
    case QN_INT64:
    case QN_TIMESTAMP:
        (less ? less_64 : equal_64)(bytes, x, y, count, shape);
        break;
    case QN_FLOAT32:
        (less ? less_float : equal_float)(bytes, x, y, count, shape);
        break;
    default:
        (less ? less_real : equal_real)(bytes, x, y, count, shape);
        break;
    }
}

static void compare_fixed(bool less, const qn_operand *a, const qn_operand *b, int64_t length,
                          uint64_t *out) {
    uint8_t bytes[STRETCH];
    for (int64_t first = 0; first < length; first += STRETCH) {
        int64_t count = length - first < STRETCH ? length - first : STRETCH;
        compare_stretch(less, a, b, first, count, bytes);
        int64_t words = qn_bit_words(count);
        memset(bytes + count, 0, (size_t)(words * 64 - count));
        for (int64_t w = 0; w < words; w++)
            out[first / 64 + w] = qn_bits_pack(bytes + w * 64);
    }
}

static void compare_bools(bool less, const qn_operand *a, const qn_operand *b, int64_t length,
                          uint64_t *out) {
    for (int64_t w = 0; w < qn_bit_words(length); w++) {
        uint64_t x = qn_bits_word(a, w), y = qn_bits_word(b, w);
        out[w] = less ? ~x & y : ~(x ^ y);
    }
}

static void compare_texts(bool less, const qn_operand *a, const qn_operand *b, int64_t length,
                          uint64_t *out) {
    memset(out, 0, (size_t)qn_bit_words(length) * sizeof *out);
    for (int64_t i = 0; i < length; i++) {
        qn_view x = qn_text_at(a, i), y = qn_text_at(b, i);
        size_t shared = (size_t)(x.length < y.length ? x.length : y.length);
        uint64_t bit;
        if (less) {
            int order = memcmp(x.data, y.data, shared);
            bit = order < 0 || (order == 0 && x.length < y.length);
        } else {
            bit = x.length == y.length && memcmp(x.data, y.data, shared) == 0;
        }
        out[i >> 6] |= bit << (i & 63);
    }
}

static void compare_lists(bool less, const qn_operand *a, const qn_operand *b, int64_t length,
                          uint64_t *out) {
    memset(out, 0, (size_t)qn_bit_words(length) * sizeof *out);
    for (int64_t i = 0; i < length; i++) {
        int order = qn_list_compare(qn_list_at(a, i), qn_list_at(b, i));
        out[i >> 6] |= (uint64_t)(less ? order < 0 : order == 0) << (i & 63);
    }
}

static void compare_values(bool less, const qn_operand *a, const qn_operand *b, int64_t length,
                           uint64_t *out) {
    if (a->column->type == QN_BOOL)
        compare_bools(less, a, b, length, out);
    else if (a->column->type == QN_STRING)
        compare_texts(less, a, b, length, out);
    else if (a->column->type == QN_STRING_LIST)
        compare_lists(less, a, b, length, out);
    else
        compare_fixed(less, a, b, length, out);
}

/* Two constants among the arguments of a call that varies elsewhere: one row stands for all. */
static void compare_constants(bool less, const qn_operand *a, const qn_operand *b, int64_t length,
                              uint64_t *out) {
    uint64_t one;
    compare_values(less, a, b, 1, &one);
    memset(out, one & 1 ? 0xff : 0, (size_t)qn_bit_words(length) * sizeof *out);
}

void qn_compare(qn_comparison comparison, const qn_operand *a, const qn_operand *b, int64_t length,
                uint64_t *out) {
    /* a > b is b < a, a <= b is not b < a */
    bool swapped = comparison == QN_GREATER || comparison == QN_LESS_EQUAL;
    bool negated =
        comparison == QN_UNEQUAL || comparison == QN_LESS_EQUAL || comparison == QN_GREATER_EQUAL;
    bool less = comparison != QN_EQUAL && comparison != QN_UNEQUAL;
    const qn_operand *x = swapped ? b : a, *y = swapped ? a : b;
    if (a->constant && b->constant)
        compare_constants(less, x, y, length, out);
    else
        compare_values(less, x, y, length, out);
    if (negated)
        for (int64_t w = 0; w < qn_bit_words(length); w++)
            out[w] = ~out[w];
    qn_bits_trim(out, length);
}

static qn_status run_compare(const qn_call *call, qn_comparison comparison, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_BOOL, call->length, 0));
    qn_compare(comparison, &call->arguments[0], &call->arguments[1], call->length, (*out)->bits);
    return QN_OK;
}

static qn_status run_equal(const qn_call *call, qn_column **out) {
    return run_compare(call, QN_EQUAL, out);
}

static qn_status run_unequal(const qn_call *call, qn_column **out) {
    return run_compare(call, QN_UNEQUAL, out);
}

static qn_status run_less(const qn_call *call, qn_column **out) {
    return run_compare(call, QN_LESS, out);
}

static qn_status run_less_equal(const qn_call *call, qn_column **out) {
    return run_compare(call, QN_LESS_EQUAL, out);
}

static qn_status run_greater(const qn_call *call, qn_column **out) {
    return run_compare(call, QN_GREATER, out);
}

static qn_status run_greater_equal(const qn_call *call, qn_column **out) {
    return run_compare(call, QN_GREATER_EQUAL, out);
}

/* ---- Null-safe equality ---------------------------------------------------------------------- */

static qn_status run_same(const qn_call *call, qn_column **out) {
    const qn_operand *a = &call->arguments[0], *b = &call->arguments[1];
    QN_TRY(run_compare(call, QN_EQUAL, out));
    uint64_t *bits = (*out)->bits;
    for (int64_t w = 0; w < qn_bit_words(call->length); w++) {
        uint64_t x = qn_valid_word(a, w), y = qn_valid_word(b, w);
        bits[w] = (x & y & bits[w]) | (~x & ~y);
    }
    qn_bits_trim(bits, call->length);
    return QN_OK;
}

static qn_status run_distinct(const qn_call *call, qn_column **out) {
    QN_TRY(run_same(call, out));
    for (int64_t w = 0; w < qn_bit_words(call->length); w++)
        (*out)->bits[w] = ~(*out)->bits[w];
    qn_bits_trim((*out)->bits, call->length);
    return QN_OK;
}

/* ---- Between --------------------------------------------------------------------------------- */

/* low <= x and x <= high: false as soon as one part is false, null or not the other. */
static qn_status run_between(const qn_call *call, qn_column **out) {
    const qn_operand *x = &call->arguments[0], *low = &call->arguments[1],
                     *high = &call->arguments[2];
    int64_t words = qn_bit_words(call->length);
    uint64_t *below = NULL, *valid = NULL;
    qn_column *column = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&below, (size_t)words, sizeof *below), done);
    QN_TRY_GOTO(qn_mem_calloc(&valid, (size_t)words, sizeof *valid), done);
    QN_TRY_GOTO(qn_column_new(&column, QN_BOOL, call->length, 0), done);
    qn_compare(QN_GREATER_EQUAL, x, low, call->length, column->bits);
    qn_compare(QN_LESS_EQUAL, x, high, call->length, below);
    for (int64_t w = 0; w < words; w++) {
        uint64_t first = qn_valid_word(x, w) & qn_valid_word(low, w);
        uint64_t second = qn_valid_word(x, w) & qn_valid_word(high, w);
        uint64_t no = (first & ~column->bits[w]) | (second & ~below[w]);
        column->bits[w] = first & second & column->bits[w] & below[w];
        valid[w] = no | column->bits[w];
    }
    qn_bits_trim(valid, call->length);
    qn_column_set_validity(column, valid);
    valid = NULL;
    *out = column;
done:
    qn_mem_free(below);
    qn_mem_free(valid);
    return status;
}

const qn_function qn_functions_comparison[] = {
    {"=", 2, 2, {QN_TAKES_SAME}, QN_GIVES_BOOL, QN_NULLS_STRICT, run_equal, NULL, NULL},
    {"<>", 2, 2, {QN_TAKES_SAME}, QN_GIVES_BOOL, QN_NULLS_STRICT, run_unequal, NULL, NULL},
    {"!=", 2, 2, {QN_TAKES_SAME}, QN_GIVES_BOOL, QN_NULLS_STRICT, run_unequal, NULL, NULL},
    {"<", 2, 2, {QN_TAKES_SAME}, QN_GIVES_BOOL, QN_NULLS_STRICT, run_less, NULL, NULL},
    {"<=", 2, 2, {QN_TAKES_SAME}, QN_GIVES_BOOL, QN_NULLS_STRICT, run_less_equal, NULL, NULL},
    {">", 2, 2, {QN_TAKES_SAME}, QN_GIVES_BOOL, QN_NULLS_STRICT, run_greater, NULL, NULL},
    {">=", 2, 2, {QN_TAKES_SAME}, QN_GIVES_BOOL, QN_NULLS_STRICT, run_greater_equal, NULL, NULL},
    {"<=>", 2, 2, {QN_TAKES_SAME}, QN_GIVES_BOOL, QN_NULLS_OWN, run_same, NULL, NULL},
    {"is not distinct from",
     2,
     2,
     {QN_TAKES_SAME},
     QN_GIVES_BOOL,
     QN_NULLS_OWN,
     run_same,
     NULL,
     NULL},
    {"is distinct from",
     2,
     2,
     {QN_TAKES_SAME},
     QN_GIVES_BOOL,
     QN_NULLS_OWN,
     run_distinct,
     NULL,
     NULL},
    {"between", 3, 3, {QN_TAKES_SAME}, QN_GIVES_BOOL, QN_NULLS_FIRST, run_between, NULL, NULL},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
