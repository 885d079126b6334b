/* Tables one below the other. */
#ifndef QUERN_FEATURES_SET_UNION_H
#define QUERN_FEATURES_SET_UNION_H

#include "features/wide/wide.h"

/* Local (see wide.h). All rows of the first input, then of the second, and so on; types must be
 * equal (the plan casts them), names are the first's. Takes over the inputs, also on failure. Each
 * row moves at most once. Spills past the budget. */
QN_CHECKED qn_status qn_union_open(qn_stream **out, qn_stream *const *inputs, int32_t count,
                                   const qn_execution *execution);

/* Local. JOB error, beginning with `what`, if the tables cannot stand one below the other. */
QN_CHECKED qn_status qn_union_check(const qn_schema *first, const qn_schema *other,
                                    const char *what);

typedef enum qn_set_kind { QN_SET_INTERSECT, QN_SET_EXCEPT } qn_set_kind;

/* Local (see wide.h). INTERSECT and EXCEPT [ALL] of two inputs of equal types; null equals null.
 * JOB error for vectors. Order: that of the first input, the first of equal rows for the forms
 * without ALL. Cost: distinct rows move with their counts; rows stay where they are. Past the
 * budget they are spilled and looked at in several passes. */
QN_CHECKED qn_status qn_set_open(qn_stream **out, qn_stream *left, qn_stream *right,
                                 const qn_execution *execution, qn_set_kind kind, bool all);

/* Local (see wide.h). A table of at most one row: JOB error "more than one row" if the input has
 * more, a row of nulls if it has none: scalar subqueries. */
QN_CHECKED qn_status qn_single_open(qn_stream **out, qn_stream *in, const qn_execution *execution);

#endif
