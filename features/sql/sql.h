/* SQL text to expressions and plans, parsed by libpg_query (PostgreSQL's own grammar).
 *
 * The syntax is PostgreSQL's, the meaning Spark's (core/expr/expr.h): '/' is double division, a
 * division by zero or a bad cast gives null, FLOAT and REAL are float32, DOUBLE float64. Unquoted
 * names fold to lower case, and a column is found by its exact name or else by the only one that
 * differs in case alone. An output without AS is named as its column, or by its expression's text
 * as qn_expr_print gives it: "(a + 1)". What is not supported is refused by name.
 *
 * Refused before parsing: more than 512 KiB of text, NUL bytes, invalid UTF-8, names over 63 bytes
 * (PostgreSQL would cut them silently), more than 2,000 operators and parentheses in each other.
 *
 * Errors are of code JOB with a location "query:LINE:COLUMN" (both from 1, in characters), the
 * source line and a caret. */
#ifndef QUERN_FEATURES_SQL_SQL_H
#define QUERN_FEATURES_SQL_SQL_H

#include "core/expr/expr.h"
#include "core/text/text.h"
#include "features/plan/plan.h"

enum { QN_SQL_TEXT_LIMIT = 524288, QN_SQL_OPERATOR_LIMIT = 2000, QN_SQL_NAME_LIMIT = 63 };

/* Local. An expression by itself: a filter's condition, a computed column of a job file. Not bound
 * to a schema; positions in it are byte offsets in `text`. */
QN_CHECKED qn_status qn_sql_expression(qn_expr **out, qn_view text);

/* Local. A SELECT statement (or VALUES, or a set operation of these) as a plan; docs/sql.md says
 * what it may hold. Names of columns are checked when the plan is prepared. */
QN_CHECKED qn_status qn_sql_query(qn_plan **out, qn_view text);

/* Byte offset in the text of what the last failed call (here or of the plan made from the text) was
 * about; -1: none. For callers who know where the text itself lies in a file. */
int64_t qn_sql_error_position(void);

#endif
