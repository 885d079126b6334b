/* How queries may call columns. Private to features/plan. */
#ifndef QUERN_FEATURES_PLAN_SCOPE_H
#define QUERN_FEATURES_PLAN_SCOPE_H

#include "features/plan/node.h"

void qn_plan_scope_clear(plan_scope *scope);

/* Local. Adds a field; copies the texts. */
QN_CHECKED qn_status qn_plan_scope_add(plan_scope *scope, const char *table, const char *name,
                                       bool aside);
QN_CHECKED qn_status qn_plan_scope_append(plan_scope *scope, const plan_scope *more);

/* Local. Index of the field that a reference means: by exact name, else in any case, where that is
 * unique. JOB errors with the nearest name, the tables, the candidates. */
QN_CHECKED qn_status qn_plan_scope_find(const qn_plan *plan, const qn_reference *reference,
                                        int32_t *out);

bool qn_plan_is_hidden(const plan_field *field); /* left out of stars */

/* Local. `wanted`, or `wanted` with the first free number behind it, that neither schema has (b may
 * be NULL). The caller's. */
QN_CHECKED qn_status qn_plan_free_name(char **out, const char *wanted, const qn_schema *a,
                                       const qn_schema *b);

#endif
