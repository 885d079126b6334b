#include "features/quality/other.h"

#include "core/memory.h"
#include "features/operator/operator.h"
#include "features/scan/scan.h"
#include "features/sql/sql.h"

#include <stdio.h>

static const char *table_name(const qn_rule *rule) {
    return qn_options_text(rule->options, "table");
}

qn_status qn_other_open(const qn_rule *rule, const qn_rule_scene *scene, qn_stream **out) {
    if (!qn_options_has(rule->options, "table"))
        return qn_fail(QN_JOB, "table is not set");
    if (scene->tables->open == NULL)
        return qn_fail(QN_JOB, "table '%s' cannot be opened here", table_name(rule));
    return scene->tables->open(scene->tables->context, scene->comm, table_name(rule), out);
}

qn_status qn_other_require(const qn_rule *rule, const qn_stream *other, const char *name,
                           int32_t *out) {
    qn_status status = qn_schema_require(&other->schema, name, out);
    if (status == QN_JOB)
        qn_error_prefix("table '%s': ", table_name(rule));
    return status;
}

qn_status qn_other_check_type(const qn_rule *rule, const qn_field *own, const qn_field *other) {
    if (own->type == other->type ||
        (qn_type_is_numeric(own->type) && qn_type_is_numeric(other->type)))
        return QN_OK;
    return qn_fail(QN_JOB, "column '%s' is of type %s, but '%s' of table '%s' is of type %s",
                   own->name, qn_type_name(own->type), other->name, table_name(rule),
                   qn_type_name(other->type));
}

/* ---- Its columns ---------------------------------------------------------------------------- */

enum { NAME = 16 };

typedef struct projection {
    qn_expr **expressions;
    const char **names;
    char *texts;
} projection;

static void clear_projection(projection *p) {
    qn_mem_free(p->expressions);
    qn_mem_free(p->names);
    qn_mem_free(p->texts);
}

static qn_status make_projection(const qn_schema *schema, const int32_t *columns, int32_t count,
                                 projection *p) {
    size_t n = (size_t)count;
    QN_TRY(qn_mem_calloc(&p->expressions, n, sizeof *p->expressions));
    QN_TRY(qn_mem_calloc(&p->names, n, sizeof *p->names));
    QN_TRY(qn_mem_calloc(&p->texts, n, NAME));
    for (int32_t i = 0; i < count; i++) {
        QN_TRY(qn_expr_column(&p->expressions[i], schema->fields[columns[i]].name, -1));
        snprintf(p->texts + i * NAME, NAME, "k%d", i);
        p->names[i] = p->texts + i * NAME;
    }
    return QN_OK;
}

/* Names survive the narrowing, indices do not: expressions hold names. */
static void narrow(qn_stream *in, const int32_t *columns, int32_t count, bool *wanted) {
    for (int32_t i = 0; i < count; i++)
        wanted[columns[i]] = true;
    (void)qn_scan_select(in, wanted);
}

qn_status qn_other_keys(qn_stream **out, qn_stream *in, const int32_t *columns, int32_t count) {
    projection p = {0};
    bool *wanted = NULL;
    qn_status status = qn_mem_calloc(&wanted, (size_t)in->schema.count, sizeof *wanted);
    if (status == QN_OK)
        status = make_projection(&in->schema, columns, count, &p);
    if (status == QN_OK) {
        narrow(in, columns, count, wanted);
        status = qn_project_open(out, in, p.expressions, p.names, count);
    } else {
        for (int32_t i = 0; p.expressions != NULL && i < count; i++)
            qn_expr_free(p.expressions[i]);
        qn_stream_free(in);
    }
    qn_mem_free(wanted);
    clear_projection(&p);
    return status;
}

qn_status qn_other_query(qn_stream **out, const char *sql, qn_stream **a, qn_stream **b,
                         const qn_execution *execution) {
    const qn_plan_table tables[] = {qn_plan_table_of("a", a), qn_plan_table_of("b", b)};
    qn_plan *plan = NULL;
    qn_status status = qn_comm_agree(execution->comm, qn_sql_query(&plan, qn_view_of(sql)));
    if (status == QN_OK)
        status = qn_plan_open(out, plan, execution, tables, 2);
    qn_plan_free(plan);
    return status;
}
