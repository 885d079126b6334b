/* Conditions move towards the tables, term by term. */
#include "features/plan/rules.h"

#include "core/memory.h"
#include "features/plan/push.h"
#include "features/plan/resolve.h"

#include <string.h>

/* ---- Terms ----------------------------------------------------------------------------------- */

bool qn_plan_reads_only(const qn_expr *term, const qn_schema *schema) {
    qn_reference reference;
    int32_t n = 0;
    for (; qn_expr_reference(term, n, &reference); n++)
        if (qn_schema_find(schema, reference.name) < 0)
            return false;
    return n > 0;
}

qn_status qn_plan_take_terms(qn_expr_list *from, qn_expr_list *to,
                             bool (*wanted)(const void *, const qn_expr *), const void *context) {
    int64_t kept = 0, count = from->count;
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count; i++) {
        qn_expr *term = from->items[i];
        if (status == QN_OK && wanted(context, term))
            status = qn_expr_list_add(to, term);
        else
            from->items[kept++] = term;
    }
    from->count = kept;
    return status;
}

bool qn_plan_reads_schema(const void *schema, const qn_expr *term) {
    return qn_expr_is_stable(term) && qn_plan_reads_only(term, schema);
}

/* What is left becomes a filter above *slot. */
static qn_status put_filter(qn_plan **slot, qn_expr_list *terms) {
    qn_plan *filter = NULL;
    qn_expr *condition = NULL;
    if (terms->count == 0)
        return QN_OK;
    int32_t position = qn_expr_position(terms->items[0]);
    QN_TRY(qn_expr_join_and(&condition, terms));
    qn_status status = qn_plan_new(&filter, PLAN_FILTER, NULL, NULL, position);
    if (status != QN_OK) {
        qn_expr_free(condition);
        return status;
    }
    filter->condition = condition;
    filter->depth = (*slot)->depth;
    qn_plan_put_above(slot, filter);
    return QN_OK;
}

/* ---- Through projections and keys -------------------------------------------------------------
 */

static const qn_plan_output *find_output(const qn_plan *plan, const char *name) {
    for (int32_t i = 0; i < plan->count; i++)
        if (strcmp(plan->outputs[i].name, name) == 0)
            return &plan->outputs[i];
    return NULL;
}

static qn_status put_output(void *context, const char *column, qn_expr **out) {
    return qn_expr_copy(out, find_output(context, column)->expression);
}

static qn_status replace_outputs(qn_plan *plan, qn_expr_list *terms) {
    for (int64_t i = 0; i < terms->count; i++)
        QN_TRY(qn_expr_replace(&terms->items[i], put_output, plan));
    return QN_OK;
}

/* Columns that pass through, or that cost little to compute twice. */
static bool passes_project(const void *context, const qn_expr *term) {
    enum { CHEAP = 4 };
    qn_reference reference;
    if (!qn_expr_is_stable(term))
        return false;
    for (int32_t n = 0; qn_expr_reference(term, n, &reference); n++) {
        const qn_expr *source = find_output(context, reference.name)->expression;
        if (qn_expr_size(source) > CHEAP || !qn_expr_is_stable(source))
            return false;
    }
    return true;
}

/* Groups are there or not as a whole; at least one key, since a term without columns would empty
 * the one group of no keys. */
static bool passes_keys(const void *context, const qn_expr *term) {
    qn_reference reference;
    int32_t n = 0;
    for (; qn_expr_reference(term, n, &reference); n++) {
        const qn_plan_output *key = find_output(context, reference.name);
        if (key == NULL || !qn_expr_is_stable(key->expression))
            return false;
    }
    return n > 0 && qn_expr_is_stable(term);
}

static bool is_partition_column(const plan_call *call, const char *name) {
    for (int32_t i = 0; i < call->partition_count; i++) {
        const char *column = qn_expr_column_name(call->partition[i]);
        if (column != NULL && strcmp(column, name) == 0)
            return true;
    }
    return false;
}

static bool passes_windows(const void *context, const qn_expr *term) {
    const qn_plan *plan = context;
    qn_reference reference;
    int32_t n = 0;
    for (; qn_expr_reference(term, n, &reference); n++)
        for (int32_t i = 0; i < plan->call_count; i++)
            if (!is_partition_column(&plan->calls[i], reference.name))
                return false;
    return n > 0 && qn_expr_is_stable(term);
}

static bool passes_distinct(const void *context, const qn_expr *term) {
    const qn_plan *plan = context;
    qn_reference reference;
    int32_t n = 0;
    for (; qn_expr_reference(term, n, &reference); n++) {
        bool key = plan->name_count == 0;
        for (int32_t i = 0; i < plan->name_count; i++)
            key = key || strcmp(plan->names[i], reference.name) == 0;
        if (!key)
            return false;
    }
    return n > 0 && qn_expr_is_stable(term);
}

static bool passes_any(const void *context, const qn_expr *term) {
    (void)context;
    return qn_expr_is_stable(term);
}

/* ---- Set operations: columns by place -------------------------------------------------------- */

typedef struct places {
    const qn_schema *from, *to;
} places;

static qn_status put_place(void *context, const char *column, qn_expr **out) {
    const places *self = context;
    return qn_expr_column(out, self->to->fields[qn_schema_find(self->from, column)].name, -1);
}

static qn_status copy_terms(const qn_expr_list *terms, const qn_schema *from, const qn_schema *to,
                            qn_expr_list *out) {
    places self = {from, to};
    for (int64_t i = 0; i < terms->count; i++) {
        qn_expr *copy = NULL;
        QN_TRY(qn_expr_copy(&copy, terms->items[i]));
        QN_TRY(qn_expr_list_add(out, copy));
        QN_TRY(qn_expr_replace(&out->items[out->count - 1], put_place, &self));
    }
    return QN_OK;
}

static qn_status push_set(qn_plan *plan, qn_expr_list *terms, const plan_context *context) {
    qn_expr_list left = {0}, right = {0}, passing = {0};
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_plan_take_terms(terms, &passing, passes_any, NULL), done);
    QN_TRY_GOTO(copy_terms(&passing, &plan->schema, &plan->in->schema, &left), done);
    QN_TRY_GOTO(copy_terms(&passing, &plan->schema, &plan->right->schema, &right), done);
    QN_TRY_GOTO(qn_plan_push_terms(&plan->in, &left, context), done);
    status = qn_plan_push_terms(&plan->right, &right, context);
done:
    qn_expr_list_clear(&passing);
    qn_expr_list_clear(&left);
    qn_expr_list_clear(&right);
    return status;
}

/* ---- All nodes ------------------------------------------------------------------------------- */

typedef bool (*passing)(const void *, const qn_expr *);

/* Which terms may go below a node with one input; NULL: none. */
static passing passing_of(const qn_plan *plan) {
    switch (plan->kind) {
    case PLAN_PROJECT:
        return passes_project;
    case PLAN_AGGREGATE:
        return passes_keys;
    case PLAN_WINDOWS:
        return passes_windows;
    case PLAN_DISTINCT:
        return passes_distinct;
    case PLAN_SORT:
        return plan->limit < 0 && plan->offset == 0 ? passes_any : NULL;
    case PLAN_REPARTITION:
    case PLAN_WITH:
        return passes_any;
    default:
        return NULL;
    }
}

static qn_status push_one(qn_plan *plan, qn_expr_list *terms, const plan_context *context) {
    qn_expr_list below = {0};
    passing passes = passing_of(plan);
    qn_status status = QN_OK;
    if (passes != NULL)
        status = qn_plan_take_terms(terms, &below, passes, plan);
    if (status == QN_OK && (plan->kind == PLAN_PROJECT || plan->kind == PLAN_AGGREGATE))
        status = replace_outputs(plan, &below);
    if (status == QN_OK)
        status = qn_plan_push_terms(&plan->in, &below, context);
    qn_expr_list_clear(&below);
    return status;
}

/* A filter's own terms come before those from above, and the node goes. */
static qn_status open_filter(qn_plan **slot, qn_expr_list *terms) {
    qn_plan *filter = *slot;
    qn_expr_list own = {0};
    qn_expr *condition = filter->condition;
    filter->condition = NULL;
    qn_plan_drop_node(slot);
    qn_status status = qn_expr_split_and(&own, condition);
    for (int64_t i = 0; i < terms->count && status == QN_OK; i++) {
        qn_expr *term = terms->items[i];
        terms->items[i] = NULL;
        status = qn_expr_list_add(&own, term);
    }
    qn_expr_list_clear(terms);
    *terms = own;
    return status;
}

static qn_status push_into(qn_plan **slot, qn_expr_list *terms, const plan_context *context) {
    qn_plan *plan = *slot;
    if (plan->kind == PLAN_JOIN)
        return qn_plan_push_join(plan, terms, context);
    if (plan->kind == PLAN_SET)
        return push_set(plan, terms, context);
    if (plan->kind == PLAN_WITH) {
        qn_expr_list none = {0};
        QN_TRY(qn_plan_push_terms(&plan->right, &none, context));
    }
    return plan->in != NULL ? push_one(plan, terms, context) : QN_OK;
}

qn_status qn_plan_push_terms(qn_plan **slot, qn_expr_list *terms, const plan_context *context) {
    while ((*slot)->kind == PLAN_FILTER)
        QN_TRY(open_filter(slot, terms));
    QN_TRY(push_into(slot, terms, context));
    return put_filter(slot, terms);
}

qn_status qn_plan_push(qn_plan **plan, const plan_context *context) {
    qn_expr_list none = {0};
    qn_status status = qn_plan_push_terms(plan, &none, context);
    qn_expr_list_clear(&none);
    QN_TRY(status);
    return qn_plan_type(*plan, context);
}
