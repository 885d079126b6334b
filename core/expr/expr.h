/* Expressions: typed trees, evaluated a batch at a time, with SQL's three-valued logic.
 *
 * Built by calls (or from SQL text, features/sql/), bound to a schema (names resolved, types
 * checked, casts inserted, constants folded), then evaluated any number of times. Meaning is
 * Spark's non-ANSI one unless the session (core/expr/session.h) says otherwise: division by zero
 * and bad casts give null, int / int is double division, whole numbers wrap, NaN = NaN and sorts
 * above every number, strings compare by UTF-8 bytes.
 * docs/expressions.md says it function by function.
 *
 * Trees are walked without recursion: chains of operators (a + b + c ...) may have any length;
 * other nesting is limited to 1,000 levels. */
#ifndef QUERN_CORE_EXPR_EXPR_H
#define QUERN_CORE_EXPR_EXPR_H

#include "core/column/batch.h"
#include "core/column/schema.h"

typedef struct qn_expr qn_expr;

/* A value of any scalar type. */
typedef struct qn_scalar {
    qn_type type;
    bool null;
    union {
        bool boolean;
        int64_t integer; /* int32, int64, date, timestamp */
        double real;     /* float32, float64 */
        qn_view text;
    };
} qn_scalar;

/* Local. Constructors: `position` is the byte offset in the source text (-1: none), used in error
 * messages. On success the node owns its arguments; on failure they are freed, so calls nest:
 * arguments may be given without checking each (a NULL argument passes the last error on). */
QN_CHECKED qn_status qn_expr_column(qn_expr **out, const char *name, int32_t position);
QN_CHECKED qn_status qn_expr_literal(qn_expr **out, qn_scalar value, int32_t position);
/* Functions and operators by SQL name: "+", "and", "is null", "case", "coalesce", "log1p"...
 * JOB error for an unknown name or a wrong number of arguments, with the nearest name.
 * "case": when1, then1, when2, then2, ..., [else]. */
QN_CHECKED qn_status qn_expr_call(qn_expr **out, const char *function, qn_expr *const *arguments,
                                  int32_t count, int32_t position);
QN_CHECKED qn_status qn_expr_cast(qn_expr **out, qn_expr *argument, qn_type type, int32_t position);
/* Null for what does not fit, in every session. */
QN_CHECKED qn_status qn_expr_try_cast(qn_expr **out, qn_expr *argument, qn_type type,
                                      int32_t position);
void qn_expr_free(qn_expr *expr); /* NULL is fine */

/* Local. Resolves columns against `schema` (qn_schema_resolve: in any case where that is unique),
 * checks and converts types, folds constants. JOB errors with qn_expr_error_position telling where.
 */
QN_CHECKED qn_status qn_expr_bind(qn_expr *expr, const qn_schema *schema);
int32_t qn_expr_error_position(void); /* of the last failed call here; -1: none */

/* Name of the n-th mention, in post-order, of a column that `schema` lacks, in an expression that
 * is not bound yet; NULL past the last. */
const char *qn_expr_missing_column(qn_expr *expr, const qn_schema *schema, int32_t n);

/* Local. Of a condition that is not bound yet: each term (what AND joins at the top) that mentions
 * a column which `schema` lacks becomes TRUE. */
QN_CHECKED qn_status qn_expr_waive_missing(qn_expr *condition, const qn_schema *schema);

qn_type qn_expr_type(const qn_expr *expr); /* once bound */
/* Index of the column if the bound expression is a bare column reference, else -1. */
int32_t qn_expr_column_index(const qn_expr *expr);
/* Sets used[i] for each column the bound expression reads. */
void qn_expr_mark_columns(const qn_expr *expr, bool *used);

/* Local. Values for all rows of the batch; the caller's reference. */
QN_CHECKED qn_status qn_expr_eval(const qn_expr *expr, const qn_batch *batch, qn_column **out);

/* Local. Bitmap (qn_mem_free) of the rows where a bound boolean expression is true. */
QN_CHECKED qn_status qn_expr_filter(const qn_expr *expr, const qn_batch *batch, uint64_t **out);

/* Local. SQL text of the tree, fully parenthesised. */
QN_CHECKED qn_status qn_expr_print(const qn_expr *expr, qn_text *out);

/* Name of the index-th function, for help and suggestions; NULL past the last. */
const char *qn_expr_function_name(int32_t index);

#endif
