/* Rules about groups: what need not be sorted, what is distinct already, the first rows of each. */
#include "features/plan/rules.h"

#include "core/memory.h"
#include "features/plan/push.h"
#include "features/plan/resolve.h"

#include <string.h>

static bool is_any(const char *name, const char *const *names) {
    for (; *names != NULL; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

/* ---- Sorts that nothing sees ----------------------------------------------------------------- */

static bool heeds_order(const plan_call *call) {
    static const char *const names[] = {"first",      "last",         "first_value", "last_value",
                                        "any_value",  "collect_list", "collect_set", "array_agg",
                                        "string_agg", "listagg",      "mode",        "min_by",
                                        "max_by",     "arg_min",      "arg_max",     NULL};
    return is_any(call->function, names);
}

static bool heeds_input_order(const qn_plan *plan) {
    for (int32_t i = 0; i < plan->call_count; i++)
        if (heeds_order(&plan->calls[i]))
            return true;
    return false;
}

static void drop_sorts(qn_plan **slot, bool *changed) {
    while ((*slot)->kind == PLAN_FILTER || (*slot)->kind == PLAN_PROJECT)
        slot = &(*slot)->in;
    while ((*slot)->kind == PLAN_SORT && (*slot)->limit < 0 && (*slot)->offset == 0) {
        qn_plan_drop_node(slot);
        *changed = true;
    }
}

static bool only_matches(const qn_plan *plan) {
    return plan->join == QN_PLAN_SEMI || plan->join == QN_PLAN_ANTI ||
           plan->join == QN_PLAN_ANTI_IN || plan->join == QN_PLAN_MARK ||
           plan->join == QN_PLAN_MARK_IN;
}

/* ---- Rows that are distinct already -----------------------------------------------------------
 */

static bool passes(const qn_plan *project, const char *column) {
    for (int32_t i = 0; i < project->count; i++) {
        const char *name = qn_expr_column_name(project->outputs[i].expression);
        if (name != NULL && strcmp(name, column) == 0)
            return true;
    }
    return false;
}

/* Rows of a grouping with all its keys are distinct. */
static bool is_distinct(const qn_plan *plan) {
    const qn_plan *project = NULL;
    if (plan->kind == PLAN_PROJECT) {
        project = plan;
        plan = plan->in;
    }
    if (plan->kind == PLAN_DISTINCT && plan->name_count == 0)
        return project == NULL;
    if (plan->kind != PLAN_AGGREGATE)
        return false;
    for (int32_t i = 0; project != NULL && i < plan->count; i++)
        if (!passes(project, plan->outputs[i].name))
            return false;
    return true;
}

/* ---- Counting -------------------------------------------------------------------------------- */

/* count(1) is count(*). */
static void count_rows(qn_plan *plan, bool *changed) {
    for (int32_t i = 0; i < plan->call_count; i++) {
        plan_call *call = &plan->calls[i];
        qn_scalar value;
        if (strcmp(call->function, "count") != 0 || call->argument_count != 1 || call->distinct ||
            !qn_expr_constant(call->arguments[0], &value) || value.null)
            continue;
        qn_expr_free(call->arguments[0]);
        call->argument_count = 0;
        *changed = true;
    }
}

/* Only count(DISTINCT x) of one x. */
static bool counts_distinct_alone(const qn_plan *plan) {
    for (int32_t i = 0; i < plan->call_count; i++) {
        const plan_call *call = &plan->calls[i];
        if (strcmp(call->function, "count") != 0 || !call->distinct || call->argument_count != 1 ||
            call->filter != NULL || !qn_expr_is_stable(call->arguments[0]) ||
            !qn_expr_equal(call->arguments[0], plan->calls[0].arguments[0]))
            return false;
    }
    return plan->call_count > 0;
}

static const char counted[] = "$counted";

/* The keys and x, each combination once. */
static qn_status group_below(qn_plan *plan, const plan_context *context) {
    qn_plan *below = NULL;
    int32_t keys = plan->count;
    QN_TRY(qn_plan_new(&below, PLAN_AGGREGATE, NULL, NULL, plan->position));
    below->depth = plan->in->depth;
    qn_status status = qn_mem_calloc(&below->outputs, (size_t)keys + 1, sizeof *below->outputs);
    for (int32_t i = 0; i <= keys && status == QN_OK; i++) {
        const qn_expr *expr = i < keys ? plan->outputs[i].expression : plan->calls[0].arguments[0];
        below->outputs[i].position = -1;
        status =
            qn_mem_copy_text(&below->outputs[i].name, i < keys ? plan->outputs[i].name : counted);
        if (status == QN_OK)
            status = qn_expr_copy(&below->outputs[i].expression, expr);
        below->count = i + 1;
    }
    if (status != QN_OK) {
        qn_plan_free(below);
        return status;
    }
    qn_plan_put_above(&plan->in, below);
    return qn_plan_type_node(below, context);
}

static qn_status read_column(qn_expr **expr, const char *name) {
    qn_expr *column = NULL;
    QN_TRY(qn_expr_column(&column, name, qn_expr_position(*expr)));
    qn_expr_free(*expr);
    *expr = column;
    return QN_OK;
}

/* count(DISTINCT x) by k: count(x) by k of the groups by k, x, which ranks make where they are. */
static qn_status count_groups(qn_plan *plan, const plan_context *context, bool *changed) {
    if (!counts_distinct_alone(plan))
        return QN_OK;
    QN_TRY(group_below(plan, context));
    for (int32_t i = 0; i < plan->count; i++)
        QN_TRY(read_column(&plan->outputs[i].expression, plan->outputs[i].name));
    for (int32_t i = 0; i < plan->call_count; i++) {
        plan->calls[i].distinct = false;
        QN_TRY(read_column(&plan->calls[i].arguments[0], counted));
    }
    *changed = true;
    return qn_plan_type_node(plan, context);
}

/* ---- The first rows of groups -----------------------------------------------------------------
 */

static bool numbers_rows(const qn_plan *plan) {
    const plan_call *call = plan->calls;
    return plan->kind == PLAN_WINDOWS && plan->call_count == 1 &&
           strcmp(call->function, "row_number") == 0 && call->order_count > 0 &&
           call->filter == NULL && call->type == QN_INT32;
}

static bool is_whole(const qn_expr *expr, int64_t *out) {
    qn_scalar value;
    if (!qn_expr_constant(expr, &value) || value.null ||
        (value.type != QN_INT32 && value.type != QN_INT64))
        return false;
    *out = value.integer;
    return true;
}

/* The most that a term lets the numbered column be; -1: nothing. */
static int64_t bound_of(const qn_expr *term, const char *column) {
    static const char *const below[] = {"<=", "<", "=", NULL}, *const above[] = {">=", ">", "=",
                                                                                 NULL};
    const char *function = qn_expr_function(term);
    int64_t bound = -1;
    if (function == NULL || qn_expr_count(term) != 2)
        return -1;
    for (int side = 0; side < 2; side++) {
        const char *name = qn_expr_column_name(qn_expr_argument(term, side));
        if (name == NULL || strcmp(name, column) != 0 ||
            !is_any(function, side == 0 ? below : above) ||
            !is_whole(qn_expr_argument(term, 1 - side), &bound))
            continue;
        bool strict = strcmp(function, "<") == 0 || strcmp(function, ">") == 0;
        return strict ? bound - 1 : bound;
    }
    return -1;
}

static qn_status find_bound(const qn_plan *filter, int64_t *out) {
    const char *column = filter->in->calls[0].name;
    qn_expr_list terms = {0};
    qn_expr *copy = NULL;
    *out = -1;
    QN_TRY(qn_expr_copy(&copy, filter->condition));
    QN_TRY(qn_expr_split_and(&terms, copy));
    for (int64_t i = 0; i < terms.count; i++) {
        int64_t bound = bound_of(terms.items[i], column);
        if (bound > 0 && (*out < 0 || bound < *out))
            *out = bound;
    }
    qn_expr_list_clear(&terms);
    return QN_OK;
}

/* The windows node becomes one that keeps the first rows only; the filter stays, it costs little.
 */
static qn_status become_top(qn_plan *plan, int64_t limit, const plan_context *context) {
    plan_call *call = &plan->calls[0];
    QN_TRY(qn_mem_calloc(&plan->outputs, (size_t)call->partition_count, sizeof *plan->outputs));
    for (int32_t i = 0; i < call->partition_count; i++)
        plan->outputs[i] = (qn_plan_output){.expression = call->partition[i], .position = -1};
    plan->count = call->partition_count;
    call->partition_count = 0;
    plan->order = call->order;
    plan->order_count = call->order_count;
    call->order = NULL;
    call->order_count = 0;
    plan->name = call->name;
    call->name = NULL;
    qn_plan_free_calls(plan->calls, plan->call_count);
    plan->calls = NULL;
    plan->call_count = 0;
    plan->limit = limit;
    plan->kind = PLAN_TOP;
    return qn_plan_type_node(plan, context);
}

static qn_status keep_first(qn_plan *filter, const plan_context *context, bool *changed) {
    int64_t bound = -1;
    if (!numbers_rows(filter->in))
        return QN_OK;
    QN_TRY(find_bound(filter, &bound));
    if (bound < 0)
        return QN_OK;
    *changed = true;
    return become_top(filter->in, bound, context);
}

/* ---- All nodes ------------------------------------------------------------------------------- */

static qn_status regroup(qn_plan **slot, const plan_context *context, bool *changed) {
    qn_plan *plan = *slot;
    switch (plan->kind) {
    case PLAN_AGGREGATE:
        if (!heeds_input_order(plan))
            drop_sorts(&plan->in, changed);
        count_rows(plan, changed);
        return count_groups(plan, context, changed);
    case PLAN_JOIN:
        if (only_matches(plan))
            drop_sorts(&plan->right, changed);
        return QN_OK;
    case PLAN_DISTINCT:
        if (plan->name_count == 0 && is_distinct(plan->in)) {
            qn_plan_drop_node(slot);
            *changed = true;
        }
        return QN_OK;
    case PLAN_FILTER:
        return keep_first(plan, context, changed);
    default:
        return QN_OK;
    }
}

qn_status qn_plan_regroup(qn_plan **plan, const plan_context *context, bool *changed) {
    return qn_plan_rewrite(plan, regroup, context, changed);
}
