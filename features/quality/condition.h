/* Conditions built from a rule's options. Constructors give NULL on failure, with the error set,
 * and take NULL arguments, so that calls nest and only the outermost result is looked at
 * (qn_condition_made). Private to features/quality. */
#ifndef QUERN_FEATURES_QUALITY_CONDITION_H
#define QUERN_FEATURES_QUALITY_CONDITION_H

#include "core/expr/expr.h"
#include "core/expr/session.h"

qn_expr *qn_condition_column(const char *name);
qn_expr *qn_condition_real(double value);
qn_expr *qn_condition_text(const char *value);
qn_expr *qn_condition_unary(const char *function, qn_expr *argument);
qn_expr *qn_condition_binary(const char *function, qn_expr *left, qn_expr *right);

/* Joined by OR; a NULL `left` that is no failure: `right` alone. */
qn_expr *qn_condition_or(qn_expr *left, qn_expr *right);

/* A value for a column, from an option's text, of a type that compares with the column without
 * rounding. JOB error if the text is none: `option` names it. */
qn_expr *qn_condition_value(const qn_field *field, const char *option, const char *text,
                            const qn_session *session);

/* Hands a finished condition out; if it is NULL, the status of what failed. */
QN_CHECKED qn_status qn_condition_made(qn_expr *condition, qn_expr **out);

#endif
