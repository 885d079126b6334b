/* Conditions move towards the tables. */
#include "features/plan/rules.h"

#include "core/memory.h"

#include <string.h>

enum { CHEAP = 4 };

/* ---- Through projections --------------------------------------------------------------------- */

static const qn_plan_output *find_output(const qn_plan *project, const char *name) {
    for (int32_t i = 0; i < project->count; i++)
        if (strcmp(project->outputs[i].name, name) == 0)
            return &project->outputs[i];
    return NULL;
}

static qn_status put_output(void *context, const char *column, qn_expr **out) {
    return qn_expr_copy(out, find_output(context, column)->expression);
}

/* Columns that pass through, or that cost little to compute twice. */
static bool passes_project(const qn_plan *project, const qn_expr *term) {
    qn_reference reference;
    for (int32_t n = 0; qn_expr_reference(term, n, &reference); n++) {
        const qn_expr *source = find_output(project, reference.name)->expression;
        if (qn_expr_size(source) > CHEAP || !qn_expr_is_stable(source))
            return false;
    }
    return true;
}

/* The filter at *slot, above a projection, and that one change places. */
static void exchange(qn_plan **slot) {
    qn_plan *filter = *slot, *project = filter->in;
    filter->in = project->in;
    project->in = filter;
    *slot = project;
}

static qn_status push(qn_plan **slot, const plan_context *context) {
    qn_plan *plan = *slot;
    if (plan->right != NULL)
        QN_TRY(push(&plan->right, context));
    if (plan->kind == PLAN_FILTER && plan->in->kind == PLAN_PROJECT &&
        passes_project(plan->in, plan->condition)) {
        QN_TRY(qn_expr_replace(&plan->condition, put_output, plan->in));
        exchange(slot);
        plan = *slot;
    }
    return plan->in != NULL ? push(&plan->in, context) : QN_OK;
}

qn_status qn_plan_push(qn_plan **plan, const plan_context *context) {
    QN_TRY(push(plan, context));
    return qn_plan_type(*plan, context);
}
