#include "features/plan/scope.h"

#include "core/memory.h"

#include <string.h>

void qn_plan_scope_clear(plan_scope *scope) {
    for (int64_t i = 0; i < scope->count; i++) {
        qn_mem_free(scope->fields[i].table);
        qn_mem_free(scope->fields[i].name);
    }
    qn_mem_free(scope->fields);
    *scope = (plan_scope){0};
}

qn_status qn_plan_scope_add(plan_scope *scope, const char *table, const char *name, bool aside) {
    plan_field field = {.aside = aside};
    QN_TRY(
        qn_mem_reserve(&scope->fields, &scope->capacity, scope->count + 1, sizeof *scope->fields));
    QN_TRY(qn_mem_copy_text(&field.name, name));
    qn_status status = table == NULL ? QN_OK : qn_mem_copy_text(&field.table, table);
    if (status != QN_OK) {
        qn_mem_free(field.name);
        return status;
    }
    scope->fields[scope->count++] = field;
    return QN_OK;
}

qn_status qn_plan_scope_append(plan_scope *scope, const plan_scope *more) {
    for (int64_t i = 0; i < more->count; i++)
        QN_TRY(qn_plan_scope_add(scope, more->fields[i].table, more->fields[i].name,
                                 more->fields[i].aside));
    return QN_OK;
}

bool qn_plan_is_hidden(const plan_field *field) {
    return field->aside || field->name[0] == QN_PLAN_HIDDEN;
}

qn_status qn_plan_free_name(char **out, const char *wanted, const qn_schema *a,
                            const qn_schema *b) {
    char *name = NULL;
    QN_TRY(qn_mem_copy_text(&name, wanted));
    for (int32_t n = 1; qn_schema_find(a, name) >= 0 || (b != NULL && qn_schema_find(b, name) >= 0);
         n++) {
        qn_mem_free(name);
        name = NULL;
        QN_TRY(qn_format(&name, "%s_%d", wanted, n));
    }
    *out = name;
    return QN_OK;
}

/* ---- Looking up ------------------------------------------------------------------------------ */

static bool same_table(const plan_field *field, const char *table) {
    return field->table != NULL && strcasecmp(field->table, table) == 0;
}

static bool in_reach(const plan_field *field, const qn_reference *reference) {
    return reference->table == NULL ? !field->aside : same_table(field, reference->table);
}

typedef struct matches {
    int32_t count, first, second;
} matches;

static matches find_matches(const plan_scope *scope, const qn_reference *reference, bool exact) {
    matches found = {0, -1, -1};
    for (int64_t i = 0; i < scope->count; i++) {
        const plan_field *field = &scope->fields[i];
        if (!in_reach(field, reference) || (exact ? strcmp(field->name, reference->name)
                                                  : strcasecmp(field->name, reference->name)) != 0)
            continue;
        if (found.count++ == 0)
            found.first = (int32_t)i;
        else if (found.count == 2)
            found.second = (int32_t)i;
    }
    return found;
}

static bool same_name(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcasecmp(a, b) == 0;
}

static qn_status ambiguous(const plan_scope *scope, const char *name, const matches *found) {
    const plan_field *a = &scope->fields[found->first], *b = &scope->fields[found->second];
    if (same_name(a->table, b->table) && strcmp(a->name, b->name) != 0) {
        qn_status status = qn_fail(QN_JOB, "column '%s' is ambiguous", name);
        qn_error_help("'%s' and '%s' differ in case only: write the name in double quotes", a->name,
                      b->name);
        return status;
    }
    const char *tables[] = {a->table != NULL ? a->table : "(a subquery)",
                            b->table != NULL ? b->table : "(a subquery)"};
    qn_status status = qn_fail(QN_JOB, "column '%s' is ambiguous: it may be %s.%s or %s.%s", name,
                               tables[0], a->name, tables[1], b->name);
    qn_error_help("write the table's name or alias in front of it");
    return status;
}

/* ---- Not found ------------------------------------------------------------------------------- */

static bool has_table(const plan_scope *scope, const char *table) {
    for (int64_t i = 0; i < scope->count; i++)
        if (same_table(&scope->fields[i], table))
            return true;
    return false;
}

/* The i-th field is the first of its table. */
static bool starts_table(const plan_scope *scope, int64_t i) {
    if (scope->fields[i].table == NULL)
        return false;
    for (int64_t k = 0; k < i; k++)
        if (same_table(&scope->fields[k], scope->fields[i].table))
            return false;
    return true;
}

static qn_status list_tables(const plan_scope *scope, qn_text *out, int32_t *count) {
    for (int64_t i = 0; i < scope->count; i++)
        if (starts_table(scope, i)) {
            QN_TRY(qn_text_printf(out, "%s%s", *count > 0 ? ", " : "", scope->fields[i].table));
            (*count)++;
        }
    return QN_OK;
}

static qn_status unknown_table(const plan_scope *scope, const char *table) {
    int32_t count = 0;
    qn_text tables;
    qn_text_init(&tables);
    qn_status status = list_tables(scope, &tables, &count);
    if (status == QN_OK) {
        status = qn_fail(QN_JOB, "unknown table '%s' in front of a column", table);
        if (count == 1)
            qn_error_help("the query reads '%s'", tables.data);
        else if (count > 1)
            qn_error_help("the tables here are %s", tables.data);
    }
    qn_text_clear(&tables);
    return status;
}

static qn_status list_columns(const plan_scope *scope, const qn_reference *reference,
                              const char **names, int64_t *count, qn_text *out) {
    for (int64_t i = 0; i < scope->count; i++) {
        const plan_field *field = &scope->fields[i];
        if (!in_reach(field, reference) || qn_plan_is_hidden(field))
            continue;
        if (*count < 20)
            QN_TRY(qn_text_printf(out, "%s%s", *count > 0 ? ", " : "", field->name));
        names[(*count)++] = field->name;
    }
    return QN_OK;
}

/* Which table the nearest name is of, where there are several. */
static const char *table_of(const plan_scope *scope, const qn_reference *reference,
                            const char *name) {
    for (int64_t i = 0; i < scope->count; i++)
        if (in_reach(&scope->fields[i], reference) && strcmp(scope->fields[i].name, name) == 0)
            return scope->fields[i].table;
    return NULL;
}

static qn_status suggest(const plan_scope *scope, const qn_reference *reference,
                         const char **names) {
    int64_t count = 0;
    int32_t table_count = 0;
    qn_text list, tables;
    qn_status status = QN_OK;
    qn_text_init(&list);
    qn_text_init(&tables);
    QN_TRY_GOTO(list_columns(scope, reference, names, &count, &list), done);
    QN_TRY_GOTO(list_tables(scope, &tables, &table_count), done);
    const char *nearest = qn_nearest(reference->name, names, count);
    const char *table = nearest != NULL ? table_of(scope, reference, nearest) : NULL;
    status = reference->table != NULL ? qn_fail(QN_JOB, "unknown column '%s' in table '%s'",
                                                reference->name, reference->table)
                                      : qn_fail(QN_JOB, "unknown column '%s'", reference->name);
    if (table_count < 2 && nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    else if (table_count < 2 && list.data != NULL)
        qn_error_help("columns are %s%s", list.data, count > 20 ? ", ..." : "");
    else if (nearest != NULL)
        qn_error_help("did you mean '%s%s%s'? The tables here are %s", table != NULL ? table : "",
                      table != NULL ? "." : "", nearest, tables.data);
    else if (list.data != NULL)
        qn_error_help("the tables here are %s; columns are %s%s", tables.data, list.data,
                      count > 20 ? ", ..." : "");
done:
    qn_text_clear(&list);
    qn_text_clear(&tables);
    return status;
}

static qn_status not_found(const qn_plan *plan, const qn_reference *reference) {
    const plan_scope *scope = &plan->scope;
    const char **names = NULL;
    if (reference->table != NULL && !has_table(scope, reference->table))
        return unknown_table(scope, reference->table);
    const char *reason = qn_schema_absence(&plan->schema, reference->name);
    if (reason != NULL)
        return qn_fail(QN_JOB, "%s", reason);
    QN_TRY(qn_mem_alloc(&names, (size_t)scope->count, sizeof *names));
    qn_status status = suggest(scope, reference, names);
    qn_mem_free(names);
    return status;
}

qn_status qn_plan_scope_find(const qn_plan *plan, const qn_reference *reference, int32_t *out) {
    matches found = find_matches(&plan->scope, reference, true);
    if (found.count == 0)
        found = find_matches(&plan->scope, reference, false);
    if (found.count == 0)
        return not_found(plan, reference);
    if (found.count > 1)
        return ambiguous(&plan->scope, reference->name, &found);
    *out = found.first;
    return QN_OK;
}
