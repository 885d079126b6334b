/* Moving terms of conditions down. Private to features/plan. */
#ifndef QUERN_FEATURES_PLAN_PUSH_H
#define QUERN_FEATURES_PLAN_PUSH_H

#include "features/plan/node.h"

/* Local. Puts conditions on the rows of *slot, as deep below as they may go. Empties the list. */
QN_CHECKED qn_status qn_plan_push_terms(qn_plan **slot, qn_expr_list *terms,
                                        const plan_context *context);

/* Local. The same for a join: terms that stay above it are left in the list. */
QN_CHECKED qn_status qn_plan_push_join(qn_plan *plan, qn_expr_list *terms,
                                       const plan_context *context);

/* Local. For a join whose condition is `own`: what the first `count` known conditions on one side
 * (`from`) say of the other one (`to`) through equal columns, added to `out`. */
QN_CHECKED qn_status qn_plan_infer_terms(const qn_expr_list *own, const qn_expr_list *known,
                                         int64_t count, const qn_schema *from, const qn_schema *to,
                                         qn_expr_list *out);

/* Local. Moves the terms that are wanted, in their order. */
QN_CHECKED qn_status qn_plan_take_terms(qn_expr_list *from, qn_expr_list *to,
                                        bool (*wanted)(const void *, const qn_expr *),
                                        const void *context);

/* Whether it reads columns of the schema alone, at least one. */
bool qn_plan_reads_only(const qn_expr *term, const qn_schema *schema);
bool qn_plan_reads_schema(const void *schema, const qn_expr *term); /* and is stable */

#endif
