/* Names of outputs: stars, keys, what a query shows in the end. */
#include "core/memory.h"
#include "features/plan/resolve.h"
#include "features/plan/scope.h"

#include <string.h>

/* ---- Making projections ---------------------------------------------------------------------- */

qn_status qn_plan_column_output(qn_plan_output *out, const char *column, const char *name) {
    qn_plan_output output = {.position = -1};
    QN_TRY(qn_mem_copy_text(&output.name, name));
    qn_status status = qn_expr_column(&output.expression, column, -1);
    if (status != QN_OK) {
        qn_mem_free(output.name);
        return status;
    }
    *out = output;
    return QN_OK;
}

qn_status qn_plan_project_above(qn_plan **slot, int32_t count) {
    qn_plan *plan = NULL;
    QN_TRY(qn_plan_new(&plan, PLAN_PROJECT, NULL, NULL, (*slot)->position));
    qn_status status = qn_mem_calloc(&plan->outputs, (size_t)count, sizeof *plan->outputs);
    if (status != QN_OK) {
        qn_plan_free(plan);
        return status;
    }
    plan->count = count;
    plan->depth = (*slot)->depth;
    qn_plan_put_above(slot, plan);
    return QN_OK;
}

qn_status qn_plan_rename(qn_plan **slot, char *const *names, const plan_context *context) {
    qn_plan *in = *slot;
    QN_TRY(qn_plan_project_above(slot, in->schema.count));
    for (int32_t i = 0; i < in->schema.count; i++)
        QN_TRY(qn_plan_column_output(&(*slot)->outputs[i], in->schema.fields[i].name, names[i]));
    QN_TRY(qn_plan_type_node(*slot, context));
    return qn_plan_scope_append(&(*slot)->scope, &in->scope);
}

qn_status qn_plan_take_alias(qn_plan **slot) {
    qn_plan *alias = *slot, *in = alias->in;
    qn_plan_scope_clear(&in->scope);
    in->scope = alias->scope;
    alias->scope = (plan_scope){0};
    qn_plan_drop_node(slot);
    return QN_OK;
}

/* ---- Stars ----------------------------------------------------------------------------------- */

static bool star_takes(const qn_plan_output *star, const plan_field *field) {
    if (star->name == NULL)
        return !qn_plan_is_hidden(field);
    return field->name[0] != QN_PLAN_HIDDEN && field->table != NULL &&
           strcasecmp(field->table, star->name) == 0;
}

static int32_t star_count(const qn_plan_output *star, const plan_scope *scope) {
    int32_t count = 0;
    for (int64_t i = 0; i < scope->count; i++)
        count += star_takes(star, &scope->fields[i]);
    return count;
}

static qn_status empty_star(const qn_plan_output *star, const plan_scope *scope) {
    if (star->name == NULL)
        return qn_fail(QN_JOB, "'*' stands for no columns here: the query reads no table");
    qn_status status = qn_fail(QN_JOB, "unknown table in front of '*': '%s'", star->name);
    for (int64_t i = 0; i < scope->count; i++)
        if (scope->fields[i].table != NULL) {
            qn_error_help("the query reads '%s'", scope->fields[i].table);
            break;
        }
    return status;
}

static qn_status count_outputs(const qn_plan *plan, const plan_context *context, int32_t *out) {
    *out = 0;
    for (int32_t i = 0; i < plan->count; i++) {
        const qn_plan_output *output = &plan->outputs[i];
        int32_t count = 1;
        if (output->expression == NULL)
            count = star_count(output, &plan->in->scope);
        if (count == 0)
            return qn_plan_locate(context, output->position, plan->position,
                                  empty_star(output, &plan->in->scope));
        *out += count;
    }
    return QN_OK;
}

/* Spreads one star behind what is there; `names` holds what stars were spread to so far: of two
 * columns of one name the second gets a number. */
static qn_status spread_star(const qn_plan *plan, const qn_plan_output *star, qn_plan_output *to,
                             int32_t *at, qn_schema *names) {
    const qn_plan *in = plan->in;
    for (int64_t i = 0; i < in->scope.count; i++) {
        char *name = NULL;
        if (!star_takes(star, &in->scope.fields[i]))
            continue;
        QN_TRY(qn_plan_free_name(&name, in->scope.fields[i].name, names, NULL));
        qn_status status = qn_schema_add(names, name, QN_BOOL);
        if (status == QN_OK)
            status = qn_plan_column_output(&to[*at], in->schema.fields[i].name, name);
        qn_mem_free(name);
        QN_TRY(status);
        to[(*at)++].position = star->position;
    }
    return QN_OK;
}

static qn_status spread(qn_plan *plan, qn_plan_output *to, int32_t *at) {
    qn_schema names;
    qn_status status = QN_OK;
    qn_schema_init(&names);
    for (int32_t i = 0; i < plan->count && status == QN_OK; i++) {
        qn_plan_output *output = &plan->outputs[i];
        if (output->expression == NULL) {
            status = spread_star(plan, output, to, at, &names);
        } else {
            to[(*at)++] = *output;
            *output = (qn_plan_output){0};
        }
    }
    qn_schema_clear(&names);
    return status;
}

static qn_status spread_stars(qn_plan *plan, const plan_context *context) {
    int32_t count = 0, at = 0;
    qn_plan_output *outputs = NULL;
    QN_TRY(count_outputs(plan, context, &count));
    QN_TRY(qn_mem_calloc(&outputs, (size_t)count, sizeof *outputs));
    qn_status status = spread(plan, outputs, &at);
    if (status != QN_OK) {
        qn_plan_free_outputs(outputs, at);
        return status;
    }
    qn_plan_free_outputs(plan->outputs, plan->count);
    plan->outputs = outputs;
    plan->count = count;
    return QN_OK;
}

/* ---- Explicit outputs ------------------------------------------------------------------------ */

static qn_status find_column(void *context, const qn_reference *reference, const char **name) {
    const qn_plan *in = context;
    int32_t index = 0;
    QN_TRY(qn_plan_scope_find(in, reference, &index));
    *name = in->schema.fields[index].name;
    return QN_OK;
}

/* The field that a resolved bare column is; NULL for anything else. */
static const plan_field *field_of(const qn_plan *in, const qn_expr *expr) {
    const char *column = qn_expr_column_name(expr);
    return column == NULL ? NULL : &in->scope.fields[qn_schema_find(&in->schema, column)];
}

/* The text is taken before names are resolved: as it is written. */
static qn_status resolve_output(qn_plan_output *output, qn_plan *in) {
    qn_text text;
    qn_status status = QN_OK;
    qn_text_init(&text);
    if (output->name == NULL)
        QN_TRY_GOTO(qn_expr_print(output->expression, &text), done);
    QN_TRY_GOTO(qn_expr_resolve(output->expression, find_column, in), done);
    if (output->name != NULL)
        goto done;
    const plan_field *field = field_of(in, output->expression);
    status = qn_mem_copy_text(&output->name, field != NULL ? field->name : text.data);
done:
    qn_text_clear(&text);
    return status;
}

static qn_status add_scope(qn_plan *plan, const qn_plan_output *output, const char *name) {
    const plan_field *field = field_of(plan->in, output->expression);
    bool same = field != NULL && strcmp(field->name, name) == 0;
    return qn_plan_scope_add(&plan->scope, same ? field->table : NULL, name, false);
}

qn_status qn_plan_resolve_project(qn_plan *plan, const plan_context *context) {
    for (int32_t i = 0; i < plan->count; i++) {
        qn_plan_output *output = &plan->outputs[i];
        if (output->expression == NULL)
            continue;
        qn_status status = resolve_output(output, plan->in);
        QN_TRY(qn_plan_locate(context, qn_expr_error_position(), output->position, status));
    }
    QN_TRY(spread_stars(plan, context));
    for (int32_t i = 0; i < plan->count; i++)
        QN_TRY(add_scope(plan, &plan->outputs[i], plan->outputs[i].name));
    return qn_plan_type_node(plan, context);
}

/* ---- Keys and calls of aggregates ------------------------------------------------------------ */

static qn_status name_key(qn_plan *plan, qn_plan_output *key) {
    if (key->name != NULL)
        return QN_OK;
    const plan_field *field = field_of(plan->in, key->expression);
    if (field != NULL)
        return qn_mem_copy_text(&key->name, field->name);
    qn_text text;
    qn_text_init(&text);
    qn_status status = qn_expr_print(key->expression, &text);
    if (status == QN_OK)
        status = qn_mem_copy_text(&key->name, text.data);
    qn_text_clear(&text);
    return status;
}

/* Queries may know two columns by one name; inside, each has its own. */
static qn_status make_unique(char **name, qn_schema *names) {
    char *unique = NULL;
    QN_TRY(qn_plan_free_name(&unique, *name, names, NULL));
    qn_mem_free(*name);
    *name = unique;
    return qn_schema_add(names, unique, QN_BOOL);
}

qn_status qn_plan_name_keys(qn_plan *plan) {
    qn_schema names;
    qn_status status = QN_OK;
    qn_schema_init(&names);
    qn_plan_scope_clear(&plan->scope);
    for (int32_t i = 0; i < plan->count; i++) {
        QN_TRY_GOTO(name_key(plan, &plan->outputs[i]), done);
        QN_TRY_GOTO(add_scope(plan, &plan->outputs[i], plan->outputs[i].name), done);
        QN_TRY_GOTO(make_unique(&plan->outputs[i].name, &names), done);
    }
    for (int32_t i = 0; i < plan->call_count; i++) {
        QN_TRY_GOTO(qn_plan_scope_add(&plan->scope, NULL, plan->calls[i].name, false), done);
        QN_TRY_GOTO(make_unique(&plan->calls[i].name, &names), done);
    }
done:
    qn_schema_clear(&names);
    return status;
}

/* ---- What is shown --------------------------------------------------------------------------- */

static bool is_shown_as_is(const qn_plan *plan) {
    for (int64_t i = 0; i < plan->scope.count; i++)
        if (qn_plan_is_hidden(&plan->scope.fields[i]) ||
            strcmp(plan->scope.fields[i].name, plan->schema.fields[i].name) != 0)
            return false;
    return true;
}

qn_status qn_plan_show_only_visible(qn_plan **slot, const plan_context *context) {
    qn_plan *in = *slot;
    const qn_plan_output star = {.position = -1};
    int32_t at = 0, count = star_count(&star, &in->scope);
    qn_schema names;
    if (is_shown_as_is(in))
        return QN_OK;
    if (count == 0)
        return qn_plan_locate(context, in->position, -1,
                              qn_fail(QN_JOB, "the query has no columns"));
    QN_TRY(qn_plan_project_above(slot, count));
    qn_schema_init(&names);
    qn_status status = spread_star(*slot, &star, (*slot)->outputs, &at, &names);
    qn_schema_clear(&names);
    QN_TRY(status);
    for (int32_t i = 0; i < count; i++)
        QN_TRY(add_scope(*slot, &(*slot)->outputs[i], (*slot)->outputs[i].name));
    return qn_plan_type_node(*slot, context);
}
