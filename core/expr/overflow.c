#include "core/expr/overflow.h"

#include <string.h>

/* Defines `name`: the first row from `from` on whose result does not fit; `n` if there is none. */
#define FIND_OVERFLOW(name, type, builtin)                                                         \
    static int64_t name(const type *a, const type *b, bool one_a, bool one_b, int64_t from,        \
                        int64_t n) {                                                               \
        type result;                                                                               \
        for (int64_t i = from; i < n; i++)                                                         \
            if (builtin(a[one_a ? 0 : i], b[one_b ? 0 : i], &result))                              \
                return i;                                                                          \
        return n;                                                                                  \
    }

FIND_OVERFLOW(find_add_32, int32_t, __builtin_add_overflow)
FIND_OVERFLOW(find_add_64, int64_t, __builtin_add_overflow)
FIND_OVERFLOW(find_subtract_32, int32_t, __builtin_sub_overflow)
FIND_OVERFLOW(find_subtract_64, int64_t, __builtin_sub_overflow)
FIND_OVERFLOW(find_multiply_32, int32_t, __builtin_mul_overflow)
FIND_OVERFLOW(find_multiply_64, int64_t, __builtin_mul_overflow)

static int64_t find(qn_overflow operation, const qn_operand *a, const qn_operand *b, int64_t from,
                    int64_t n) {
    const qn_column *x = a->column, *y = b->column;
    bool wide = x->type == QN_INT64;
    switch (operation) {
    case QN_OVERFLOW_ADD:
        return wide ? find_add_64(x->i64, y->i64, a->constant, b->constant, from, n)
                    : find_add_32(x->i32, y->i32, a->constant, b->constant, from, n);
    case QN_OVERFLOW_SUBTRACT:
        return wide ? find_subtract_64(x->i64, y->i64, a->constant, b->constant, from, n)
                    : find_subtract_32(x->i32, y->i32, a->constant, b->constant, from, n);
    default:
        return wide ? find_multiply_64(x->i64, y->i64, a->constant, b->constant, from, n)
                    : find_multiply_32(x->i32, y->i32, a->constant, b->constant, from, n);
    }
}

static bool is_whole(const qn_column *column) {
    return column->type == QN_INT32 || column->type == QN_INT64;
}

static long long whole_at(const qn_operand *x, int64_t row) {
    int64_t i = qn_at(x, row);
    return x->column->type == QN_INT64 ? x->column->i64[i] : x->column->i32[i];
}

qn_status qn_fault_overflow(const qn_call *call, qn_overflow operation, const qn_operand *a,
                            const qn_operand *b, qn_column **out) {
    static const char signs[] = "+-*";
    int64_t n = call->length;
    if (!is_whole(*out))
        return QN_OK;
    for (int64_t i = find(operation, a, b, 0, n); i < n; i = find(operation, a, b, i + 1, n)) {
        qn_status status =
            qn_call_fault(call, *out, i, "%lld %c %lld overflows %s", whole_at(a, i),
                          signs[operation], whole_at(b, i), qn_type_name((*out)->type));
        if (status != QN_OK) {
            qn_column_release(*out);
            return status;
        }
    }
    return QN_OK;
}

qn_status qn_fault_opposite(const qn_call *call, qn_column **out) {
    const qn_operand *x = &call->arguments[0];
    if (!is_whole(*out))
        return QN_OK;
    long long least = (*out)->type == QN_INT64 ? INT64_MIN : INT32_MIN;
    for (int64_t i = 0; i < call->length; i++) {
        if (whole_at(x, i) != least)
            continue;
        bool minus = strcmp(call->node->function->name, "-") == 0;
        qn_status status = qn_call_fault(call, *out, i, "%s(%lld) overflows %s",
                                         minus ? "-" : "abs", least, qn_type_name((*out)->type));
        if (status != QN_OK) {
            qn_column_release(*out);
            return status;
        }
    }
    return QN_OK;
}
