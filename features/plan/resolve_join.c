/* Names of joins: both sides get names of their own, USING becomes equalities. */
#include "core/memory.h"
#include "features/plan/resolve.h"
#include "features/plan/scope.h"

#include <string.h>

/* Columns that USING merges: indices of both sides. */
typedef struct merging {
    int32_t count;
    int32_t *left, *right;
} merging;

static bool is_left_only(const qn_plan *plan) {
    return plan->join == QN_PLAN_SEMI || plan->join == QN_PLAN_ANTI ||
           plan->join == QN_PLAN_ANTI_IN;
}

static bool is_mark(const qn_plan *plan) {
    return plan->join == QN_PLAN_MARK || plan->join == QN_PLAN_MARK_IN;
}

/* ---- The right side's names ------------------------------------------------------------------ */

static bool has_conflict(const qn_schema *a, const qn_schema *b) {
    for (int32_t i = 0; i < b->count; i++)
        if (qn_schema_find(a, b->fields[i].name) >= 0)
            return true;
    return false;
}

static qn_status free_names(char **names, const qn_schema *left, const qn_schema *right) {
    qn_schema made;
    qn_status status = QN_OK;
    qn_schema_init(&made);
    QN_TRY_GOTO(qn_schema_copy(&made, right), done);
    for (int32_t i = 0; i < right->count; i++) {
        const char *name = right->fields[i].name;
        if (qn_schema_find(left, name) < 0) {
            QN_TRY_GOTO(qn_mem_copy_text(&names[i], name), done);
            continue;
        }
        QN_TRY_GOTO(qn_plan_free_name(&names[i], name, left, &made), done);
        QN_TRY_GOTO(qn_schema_add(&made, names[i], QN_BOOL), done);
    }
done:
    qn_schema_clear(&made);
    return status;
}

static qn_status separate_names(qn_plan *plan, const plan_context *context) {
    int32_t count = plan->right->schema.count;
    char **names = NULL;
    if (!has_conflict(&plan->in->schema, &plan->right->schema))
        return QN_OK;
    QN_TRY(qn_mem_calloc(&names, (size_t)count, sizeof *names));
    qn_status status = free_names(names, &plan->in->schema, &plan->right->schema);
    if (status == QN_OK)
        status = qn_plan_rename(&plan->right, names, context);
    qn_mem_free_all(names, count);
    return status;
}

/* ---- USING ----------------------------------------------------------------------------------- */

static qn_status add_pair(qn_plan *plan, const char *name, merging *out) {
    qn_reference reference = {NULL, name, plan->position};
    int32_t left = 0, right = 0;
    QN_TRY(qn_plan_scope_find(plan->in, &reference, &left));
    QN_TRY(qn_plan_scope_find(plan->right, &reference, &right));
    out->left[out->count] = left;
    out->right[out->count++] = right;
    return QN_OK;
}

static bool has_name(const plan_scope *scope, const char *name) {
    for (int64_t i = 0; i < scope->count; i++)
        if (!qn_plan_is_hidden(&scope->fields[i]) && strcmp(scope->fields[i].name, name) == 0)
            return true;
    return false;
}

static qn_status find_pairs(qn_plan *plan, merging *out) {
    const plan_scope *left = &plan->in->scope;
    int64_t most = plan->natural ? left->count : plan->name_count;
    QN_TRY(qn_mem_calloc(&out->left, (size_t)most, sizeof *out->left));
    QN_TRY(qn_mem_calloc(&out->right, (size_t)most, sizeof *out->right));
    for (int32_t i = 0; !plan->natural && i < plan->name_count; i++)
        QN_TRY(add_pair(plan, plan->names[i], out));
    for (int64_t i = 0; plan->natural && i < left->count; i++)
        if (!qn_plan_is_hidden(&left->fields[i]) &&
            has_name(&plan->right->scope, left->fields[i].name))
            QN_TRY(add_pair(plan, left->fields[i].name, out));
    return QN_OK;
}

static qn_status equality(qn_expr **out, const char *left, const char *right, int32_t position) {
    qn_expr *sides[2] = {NULL, NULL};
    QN_TRY(qn_expr_column(&sides[0], left, position));
    qn_status status = qn_expr_column(&sides[1], right, position);
    if (status != QN_OK) {
        qn_expr_free(sides[0]);
        return status;
    }
    return qn_expr_call(out, "=", sides, 2, position);
}

/* The equalities, then what the condition says. */
static qn_status add_equalities(qn_plan *plan, const merging *pairs) {
    qn_expr_list terms = {0};
    qn_status status = QN_OK;
    for (int32_t i = 0; i < pairs->count && status == QN_OK; i++) {
        qn_expr *term = NULL;
        status = equality(&term, plan->in->schema.fields[pairs->left[i]].name,
                          plan->right->schema.fields[pairs->right[i]].name, plan->position);
        if (status == QN_OK)
            status = qn_expr_list_add(&terms, term);
    }
    if (status == QN_OK && plan->condition != NULL) {
        status = qn_expr_list_add(&terms, plan->condition);
        plan->condition = NULL;
    }
    if (status == QN_OK)
        return qn_expr_join_and(&plan->condition, &terms);
    qn_expr_list_clear(&terms);
    return status;
}

static bool is_merged(const int32_t *merged, int32_t count, int32_t i) {
    for (int32_t k = 0; k < count; k++)
        if (merged[k] == i)
            return true;
    return false;
}

/* ---- The projection that USING puts on top --------------------------------------------------- */

typedef struct merged_outputs {
    qn_plan *project;
    const qn_plan *join;
    int32_t at;
} merged_outputs;

static qn_status put_column(merged_outputs *self, int32_t index, bool aside) {
    const qn_plan *join = self->join;
    const plan_field *field = &join->scope.fields[index];
    const char *name = join->schema.fields[index].name;
    QN_TRY(qn_plan_column_output(&self->project->outputs[self->at], name, name));
    self->at++;
    return qn_plan_scope_add(&self->project->scope, field->table, field->name,
                             aside || field->aside);
}

/* FULL: the side that is there. */
static qn_status put_coalesce(merged_outputs *self, int32_t left, int32_t right) {
    const qn_schema *schema = &self->join->schema;
    qn_plan_output *out = &self->project->outputs[self->at];
    qn_expr *sides[2] = {NULL, NULL};
    QN_TRY(qn_plan_free_name(&out->name, self->join->scope.fields[left].name, schema,
                             NULL)); /* both columns stay, aside */
    self->at++;
    QN_TRY(qn_expr_column(&sides[0], schema->fields[left].name, -1));
    qn_status status = qn_expr_column(&sides[1], schema->fields[right].name, -1);
    if (status != QN_OK) {
        qn_expr_free(sides[0]);
        return status;
    }
    QN_TRY(qn_expr_call(&out->expression, "coalesce", sides, 2, -1));
    return qn_plan_scope_add(&self->project->scope, NULL, self->join->scope.fields[left].name,
                             false);
}

static qn_status put_merged(merged_outputs *self, int32_t left, int32_t right) {
    switch (self->join->join) {
    case QN_PLAN_FULL:
        return put_coalesce(self, left, right);
    case QN_PLAN_RIGHT:
        return put_column(self, right, false);
    default:
        return put_column(self, left, false);
    }
}

static qn_status put_all(merged_outputs *self, const merging *pairs) {
    int32_t left = self->join->in->schema.count, all = self->join->schema.count;
    for (int32_t i = 0; i < pairs->count; i++)
        QN_TRY(put_merged(self, pairs->left[i], left + pairs->right[i]));
    for (int32_t i = 0; i < left; i++)
        if (!is_merged(pairs->left, pairs->count, i))
            QN_TRY(put_column(self, i, false));
    for (int32_t i = left; i < all; i++)
        if (!is_merged(pairs->right, pairs->count, i - left))
            QN_TRY(put_column(self, i, false));
    for (int32_t i = 0; i < pairs->count; i++) {
        if (self->join->join == QN_PLAN_FULL || self->join->join == QN_PLAN_RIGHT)
            QN_TRY(put_column(self, pairs->left[i], true));
        if (self->join->join != QN_PLAN_RIGHT)
            QN_TRY(put_column(self, left + pairs->right[i], true));
    }
    return QN_OK;
}

static qn_status merge_columns(qn_plan **slot, const merging *pairs, const plan_context *context) {
    qn_plan *join = *slot;
    int32_t more = join->join == QN_PLAN_FULL ? pairs->count : 0;
    QN_TRY(qn_plan_project_above(slot, join->schema.count + more));
    merged_outputs self = {*slot, join, 0};
    QN_TRY(put_all(&self, pairs));
    return qn_plan_type_node(*slot, context);
}

/* ---- The join -------------------------------------------------------------------------------- */

static qn_status find_in_both(void *context, const qn_reference *reference, const char **name) {
    const qn_plan *both = context;
    int32_t index = 0;
    QN_TRY(qn_plan_scope_find(both, reference, &index));
    *name = both->schema.fields[index].name;
    return QN_OK;
}

static qn_status add_fields(qn_schema *schema, const qn_schema *more) {
    for (int32_t i = 0; i < more->count; i++)
        QN_TRY(qn_schema_add_field(schema, &more->fields[i]));
    return QN_OK;
}

static qn_status see_both(qn_plan *both, const qn_plan *plan) {
    QN_TRY(qn_schema_copy(&both->schema, &plan->in->schema));
    QN_TRY(add_fields(&both->schema, &plan->right->schema));
    QN_TRY(qn_plan_scope_append(&both->scope, &plan->in->scope));
    return qn_plan_scope_append(&both->scope, &plan->right->scope);
}

static qn_status resolve_condition(qn_plan *plan, const plan_context *context) {
    qn_plan both = {.kind = PLAN_JOIN};
    if (plan->condition == NULL)
        return QN_OK;
    qn_schema_init(&both.schema);
    qn_status status = see_both(&both, plan);
    if (status == QN_OK)
        status = qn_expr_resolve(plan->condition, find_in_both, &both);
    status = qn_plan_locate(context, qn_expr_error_position(), plan->position, status);
    qn_schema_clear(&both.schema);
    qn_plan_scope_clear(&both.scope);
    return status;
}

static qn_status make_scope(qn_plan *plan) {
    QN_TRY(qn_plan_scope_append(&plan->scope, &plan->in->scope));
    if (is_mark(plan)) {
        char *name = NULL;
        QN_TRY(qn_plan_scope_add(&plan->scope, NULL, plan->name, false));
        QN_TRY(qn_plan_free_name(&name, plan->name, &plan->in->schema, NULL));
        qn_mem_free(plan->name);
        plan->name = name;
        return QN_OK;
    }
    return is_left_only(plan) ? QN_OK : qn_plan_scope_append(&plan->scope, &plan->right->scope);
}

static qn_status check_shape(const qn_plan *plan) {
    if (is_mark(plan) && plan->name == NULL)
        return qn_fail(QN_JOB, "a mark join needs a name for its column");
    if (plan->join == QN_PLAN_CROSS && (plan->condition != NULL || plan->name_count > 0))
        return qn_fail(QN_JOB, "a cross join takes no condition");
    return QN_OK;
}

static qn_status resolve_join(qn_plan **slot, merging *pairs, const plan_context *context) {
    qn_plan *plan = *slot;
    QN_TRY(qn_plan_locate(context, plan->position, -1, check_shape(plan)));
    QN_TRY(separate_names(plan, context));
    QN_TRY(resolve_condition(plan, context));
    QN_TRY(qn_plan_locate(context, plan->position, -1, find_pairs(plan, pairs)));
    if (pairs->count > 0)
        QN_TRY(add_equalities(plan, pairs));
    QN_TRY(make_scope(plan));
    QN_TRY(qn_plan_type_node(plan, context));
    if (pairs->count == 0 || is_left_only(plan) || is_mark(plan))
        return QN_OK;
    return merge_columns(slot, pairs, context);
}

qn_status qn_plan_resolve_join(qn_plan **slot, const plan_context *context) {
    merging pairs = {0};
    qn_status status = resolve_join(slot, &pairs, context);
    qn_mem_free(pairs.left);
    qn_mem_free(pairs.right);
    return status;
}
