/* Three-valued logic on bitmaps, a word (64 rows) at a time. */
#include "core/expr/node.h"

#include "core/memory.h"

/* Rows that are surely true, surely false. */
static inline uint64_t true_word(const qn_operand *operand, int64_t word) {
    return qn_bits_word(operand, word) & qn_valid_word(operand, word);
}

static inline uint64_t false_word(const qn_operand *operand, int64_t word) {
    return ~qn_bits_word(operand, word) & qn_valid_word(operand, word);
}

static qn_status run_chain(const qn_call *call, bool is_and, qn_column **out) {
    int64_t words = qn_bit_words(call->length);
    uint64_t *valid = NULL;
    QN_TRY(qn_mem_alloc(&valid, (size_t)words, sizeof *valid));
    qn_status status = qn_column_new(out, QN_BOOL, call->length, 0);
    if (status != QN_OK) {
        qn_mem_free(valid);
        return status;
    }
    for (int64_t w = 0; w < words; w++) {
        uint64_t yes = is_and ? ~UINT64_C(0) : 0, no = ~yes;
        for (int32_t k = 0; k < call->count; k++) {
            uint64_t t = true_word(&call->arguments[k], w);
            uint64_t f = false_word(&call->arguments[k], w);
            yes = is_and ? yes & t : yes | t;
            no = is_and ? no | f : no & f;
        }
        (*out)->bits[w] = yes;
        valid[w] = yes | no;
    }
    qn_bits_trim((*out)->bits, call->length);
    qn_bits_trim(valid, call->length);
    qn_column_set_validity(*out, valid);
    return QN_OK;
}

static qn_status run_and(const qn_call *call, qn_column **out) {
    return run_chain(call, true, out);
}

static qn_status run_or(const qn_call *call, qn_column **out) {
    return run_chain(call, false, out);
}

static qn_status run_not(const qn_call *call, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_BOOL, call->length, 0));
    for (int64_t w = 0; w < qn_bit_words(call->length); w++)
        (*out)->bits[w] = ~qn_bits_word(&call->arguments[0], w);
    qn_bits_trim((*out)->bits, call->length);
    return QN_OK;
}

/* ---- Tests that are never null --------------------------------------------------------------- */

typedef enum test { IS_NULL, IS_NOT_NULL, IS_TRUE, IS_NOT_TRUE, IS_FALSE, IS_NOT_FALSE } test;

static uint64_t test_word(const qn_operand *operand, test what, int64_t w) {
    switch (what) {
    case IS_NULL:
        return ~qn_valid_word(operand, w);
    case IS_NOT_NULL:
        return qn_valid_word(operand, w);
    case IS_TRUE:
        return true_word(operand, w);
    case IS_NOT_TRUE:
        return ~true_word(operand, w);
    case IS_FALSE:
        return false_word(operand, w);
    default:
        return ~false_word(operand, w);
    }
}

static qn_status run_test(const qn_call *call, test what, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_BOOL, call->length, 0));
    for (int64_t w = 0; w < qn_bit_words(call->length); w++)
        (*out)->bits[w] = test_word(&call->arguments[0], what, w);
    qn_bits_trim((*out)->bits, call->length);
    return QN_OK;
}

static qn_status run_is_null(const qn_call *call, qn_column **out) {
    return run_test(call, IS_NULL, out);
}

static qn_status run_is_not_null(const qn_call *call, qn_column **out) {
    return run_test(call, IS_NOT_NULL, out);
}

static qn_status run_is_true(const qn_call *call, qn_column **out) {
    return run_test(call, IS_TRUE, out);
}

static qn_status run_is_not_true(const qn_call *call, qn_column **out) {
    return run_test(call, IS_NOT_TRUE, out);
}

static qn_status run_is_false(const qn_call *call, qn_column **out) {
    return run_test(call, IS_FALSE, out);
}

static qn_status run_is_not_false(const qn_call *call, qn_column **out) {
    return run_test(call, IS_NOT_FALSE, out);
}

const qn_function qn_functions_logic[] = {
    {"and", 1, -1, {QN_TAKES_BOOL}, QN_GIVES_BOOL, QN_NULLS_OWN, run_and, NULL, NULL},
    {"or", 1, -1, {QN_TAKES_BOOL}, QN_GIVES_BOOL, QN_NULLS_OWN, run_or, NULL, NULL},
    {"not", 1, 1, {QN_TAKES_BOOL}, QN_GIVES_BOOL, QN_NULLS_STRICT, run_not, NULL, NULL},
    {"is null", 1, 1, {QN_TAKES_ANY}, QN_GIVES_BOOL, QN_NULLS_OWN, run_is_null, NULL, NULL},
    {"isnull", 1, 1, {QN_TAKES_ANY}, QN_GIVES_BOOL, QN_NULLS_OWN, run_is_null, NULL, NULL},
    {"is not null", 1, 1, {QN_TAKES_ANY}, QN_GIVES_BOOL, QN_NULLS_OWN, run_is_not_null, NULL, NULL},
    {"isnotnull", 1, 1, {QN_TAKES_ANY}, QN_GIVES_BOOL, QN_NULLS_OWN, run_is_not_null, NULL, NULL},
    {"is true", 1, 1, {QN_TAKES_BOOL}, QN_GIVES_BOOL, QN_NULLS_OWN, run_is_true, NULL, NULL},
    {"is not true",
     1,
     1,
     {QN_TAKES_BOOL},
     QN_GIVES_BOOL,
     QN_NULLS_OWN,
     run_is_not_true,
     NULL,
     NULL},
    {"is false", 1, 1, {QN_TAKES_BOOL}, QN_GIVES_BOOL, QN_NULLS_OWN, run_is_false, NULL, NULL},
    {"is not false",
     1,
     1,
     {QN_TAKES_BOOL},
     QN_GIVES_BOOL,
     QN_NULLS_OWN,
     run_is_not_false,
     NULL,
     NULL},
    {"is unknown", 1, 1, {QN_TAKES_BOOL}, QN_GIVES_BOOL, QN_NULLS_OWN, run_is_null, NULL, NULL},
    {"is not unknown",
     1,
     1,
     {QN_TAKES_BOOL},
     QN_GIVES_BOOL,
     QN_NULLS_OWN,
     run_is_not_null,
     NULL,
     NULL},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
