/* The other table that a rule names by its option `table`. Private to features/quality. */
#ifndef QUERN_FEATURES_QUALITY_OTHER_H
#define QUERN_FEATURES_QUALITY_OTHER_H

#include "features/quality/rule.h"

/* Collective. Opens it; the caller's. */
QN_CHECKED qn_status qn_other_open(const qn_rule *rule, const qn_rule_scene *scene,
                                   qn_stream **out);

/* Local. The index of its column, by exact name; the JOB error names the table. */
QN_CHECKED qn_status qn_other_require(const qn_rule *rule, const qn_stream *other, const char *name,
                                      int32_t *out);

/* Local. JOB error if values of the two columns cannot be compared: types must be equal, or both
 * numbers. */
QN_CHECKED qn_status qn_other_check_type(const qn_rule *rule, const qn_field *own,
                                         const qn_field *other);

/* Local. Its columns (by index), called "k0", "k1" ...; takes over `in`, also on failure, and asks
 * it for no more. */
QN_CHECKED qn_status qn_other_keys(qn_stream **out, qn_stream *in, const int32_t *columns,
                                   int32_t count);

/* Collective. Opens a query over two tables that were opened, "a" and "b", which are taken over
 * and set to NULL. The execution is borrowed until the stream is freed. */
QN_CHECKED qn_status qn_other_query(qn_stream **out, const char *sql, qn_stream **a, qn_stream **b,
                                    const qn_execution *execution);

#endif
