/* Parts of resolving names. Private to features/plan. */
#ifndef QUERN_FEATURES_PLAN_RESOLVE_H
#define QUERN_FEATURES_PLAN_RESOLVE_H

#include "features/plan/node.h"

/* Where a walk is: inside which WITHs. */
typedef struct resolving {
    const plan_context *context;
    qn_plan *with; /* NULL: none, at the outside */
    const struct resolving *outer;
} resolving;

QN_CHECKED qn_status qn_plan_resolve_tree(qn_plan **slot, const resolving *self);

/* Local. The parts for one kind of node; its inputs are resolved and typed. */
QN_CHECKED qn_status qn_plan_resolve_project(qn_plan *plan, const plan_context *context);
QN_CHECKED qn_status qn_plan_resolve_values(qn_plan *plan, const plan_context *context);
QN_CHECKED qn_status qn_plan_resolve_join(qn_plan **slot, const plan_context *context);
QN_CHECKED qn_status qn_plan_resolve_set(qn_plan *plan, const plan_context *context);
QN_CHECKED qn_status qn_plan_resolve_missing(qn_plan *plan, const plan_context *context);

/* Local. Columns that a node lists by name get their inner names. */
QN_CHECKED qn_status qn_plan_resolve_names(qn_plan *plan, const plan_context *context);

/* Local. An aggregate's keys get names (their expressions are resolved), its scope is made. */
QN_CHECKED qn_status qn_plan_name_keys(qn_plan *plan);

/* Local. Takes an alias out of the tree; its input gets its scope. */
QN_CHECKED qn_status qn_plan_take_alias(qn_plan **slot);

/* Local. Puts a projection on top, if need be: the visible columns under their outer names. JOB
 * error if there are none. */
QN_CHECKED qn_status qn_plan_show_only_visible(qn_plan **slot, const plan_context *context);

/* Local. A projection of an input's columns [0, count) under the given names, on top of it. */
QN_CHECKED qn_status qn_plan_rename(qn_plan **slot, char *const *names,
                                    const plan_context *context);

/* Local. A bare column; name: what it is called from now on. */
QN_CHECKED qn_status qn_plan_column_output(qn_plan_output *out, const char *column,
                                           const char *name);

/* Local. A projection with room for `count` outputs above *slot. */
QN_CHECKED qn_status qn_plan_project_above(qn_plan **slot, int32_t count);

#endif
