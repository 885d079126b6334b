/* query: an SQL query over the table ("data") and others gives one row with one value, true. */
#include "core/memory.h"
#include "features/quality/rules/rules.h"
#include "features/sql/sql.h"
#include "mpi/stage.h"

#include <string.h>
#include <strings.h>

static const qn_option options[] = {
    {"query", QN_OPTION_TEXT, NULL, NULL,
     "SELECT with one boolean result over 'data' (the table) and 'tables'"},
    QN_TABLE_RULE_OPTIONS};

/* A table of the query, opened when the plan asks for it. */
typedef struct table {
    const qn_rule_scene *scene;
    const char *name; /* NULL: the data */
} table;

/* While binding, there are no rows. */
static qn_status open_data(const qn_rule_scene *scene, qn_comm *comm, qn_stream **out) {
    qn_stream *data = NULL;
    qn_status status = scene->in == NULL ? qn_stream_of_batches(&data, scene->schema, NULL, 0)
                                         : qn_stream_borrow(&data, scene->in);
    if (status == QN_OK)
        status = qn_stream_rewind(data);
    status = qn_comm_agree(comm, status);
    if (status == QN_OK)
        *out = data;
    else
        qn_stream_free(data);
    return status;
}

static qn_status open_table(void *context, qn_comm *comm, qn_stream **out) {
    const table *self = context;
    const qn_quality_tables *tables = self->scene->tables;
    if (self->name == NULL)
        return open_data(self->scene, comm, out);
    if (tables->open == NULL)
        return qn_fail(QN_JOB, "table '%s' cannot be opened here", self->name);
    return tables->open(tables->context, comm, self->name, out);
}

/* The tables that the plan names; *out and *contexts are the caller's. */
static qn_status list_tables(const qn_plan *plan, const qn_rule_scene *scene, qn_plan_table **out,
                             table **contexts, int64_t *out_count) {
    int64_t count = 0;
    while (qn_plan_table_name(plan, (int32_t)count) != NULL)
        count++;
    QN_TRY(qn_mem_calloc(out, (size_t)count, sizeof **out));
    QN_TRY(qn_mem_calloc(contexts, (size_t)count, sizeof **contexts));
    for (int64_t i = 0; i < count; i++) {
        const char *name = qn_plan_table_name(plan, (int32_t)i);
        bool data = strcasecmp(name, "data") == 0;
        (*contexts)[i] = (table){scene, data ? NULL : name};
        (*out)[i] = (qn_plan_table){name, open_table, &(*contexts)[i]};
    }
    *out_count = count;
    return QN_OK;
}

static qn_status check_result(const qn_schema *schema) {
    if (schema->count == 1 && schema->fields[0].type == QN_BOOL)
        return QN_OK;
    return qn_fail(QN_JOB, "the query must give one boolean column, not %d, the first of type %s",
                   schema->count, qn_type_name(schema->fields[0].type));
}

/* out: NULL to check only. */
static qn_status open_query(const qn_rule *rule, const qn_rule_scene *scene, qn_stream **out) {
    qn_plan *plan = NULL;
    qn_plan_table *tables = NULL;
    table *contexts = NULL;
    int64_t count = 0;
    qn_status status = qn_sql_query(&plan, qn_view_of(qn_options_text(rule->options, "query")));
    if (status == QN_OK)
        status = list_tables(plan, scene, &tables, &contexts, &count);
    QN_TRY_GOTO(qn_comm_agree(scene->comm, status), done);
    QN_TRY_GOTO(qn_plan_prepare(plan, scene->execution, tables, count), done);
    QN_TRY_GOTO(check_result(qn_plan_schema(plan)), done);
    if (out != NULL)
        status = qn_plan_open(out, plan, scene->execution, tables, count);
done:
    qn_plan_free(plan);
    qn_mem_free(tables);
    qn_mem_free(contexts);
    return status;
}

static qn_status bind(qn_rule *rule, const qn_rule_scene *scene) {
    if (!qn_options_has(rule->options, "query"))
        return qn_fail(QN_JOB, "query is not set");
    return open_query(rule, scene, NULL);
}

static qn_status count_rows(void *context, const qn_batch *batch) {
    int64_t *counts = context;
    counts[0] += batch->length;
    for (int64_t i = 0; i < batch->length; i++)
        counts[1] += !qn_column_is_null(batch->columns[0], i) && qn_bit(batch->columns[0]->bits, i);
    return QN_OK;
}

static qn_status judge(qn_rule *rule, const qn_rule_scene *scene) {
    qn_stream *rows = NULL;
    int64_t counts[2] = {0, 0};
    QN_TRY(open_query(rule, scene, &rows));
    qn_status status = qn_stage_scan(rows, scene->comm, count_rows, counts);
    qn_stream_free(rows);
    QN_TRY(status);
    QN_TRY(qn_comm_sum_i64(scene->comm, counts, 2));
    rule->checked = scene->rows;
    rule->violations = counts[0] != 1 || counts[1] != 1;
    if (counts[0] != 1)
        return qn_rule_set_detail(rule, "the query gave %lld rows, not one", (long long)counts[0]);
    return qn_rule_set_detail(rule, "the query gave %s", counts[1] == 1 ? "true" : "false or null");
}

const qn_rule_class qn_rule_query = {
    .name = "query",
    .help = "an SQL query over the table gives true",
    .of_table = true,
    .reads_all = true,
    .options = options,
    .bind = bind,
    .judge = judge,
};
