/* The input of a job: files, or a query over tables. */
#include "core/csv/csv.h"
#include "core/memory.h"
#include "tools/job/job_parse.h"

#include <libgen.h>
#include <string.h>

/* A path of the job file is relative to the folder of the file. */
qn_status qn_job_resolve(const qn_job *job, const char *path, char **out) {
    if (path[0] == '/' || strcmp(path, "-") == 0)
        return qn_mem_copy_text(out, path);
    char *copy = NULL;
    QN_TRY(qn_mem_copy_text(&copy, job->yaml.path));
    const char *folder = dirname(copy);
    qn_status status = strcmp(folder, ".") == 0 ? qn_mem_copy_text(out, path)
                                                : qn_format(out, "%s/%s", folder, path);
    qn_mem_free(copy);
    return status;
}

static qn_status parse_paths(qn_job *job, const qn_yaml_node *node, char ***out,
                             int64_t *out_count) {
    char **paths = NULL;
    int64_t count = 0;
    QN_TRY(qn_job_list(job, node, &paths, &count));
    if (count == 0) {
        qn_mem_free(paths);
        return qn_job_keep_error(job, qn_job_node_error(job, node, "no file is named here"));
    }
    qn_status status = qn_mem_calloc(out, (size_t)count, sizeof **out);
    for (int64_t i = 0; i < count && status == QN_OK; i++) {
        status = qn_job_resolve(job, paths[i], &(*out)[i]);
        *out_count = i + 1;
    }
    qn_mem_free_all(paths, count);
    return status;
}

/* ---- Tables of a query ----------------------------------------------------------------------- */

void qn_job_free_tables(qn_job_table *tables, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        qn_mem_free(tables[i].name);
        qn_mem_free_all(tables[i].paths, tables[i].path_count);
        qn_options_free(tables[i].read);
    }
    qn_mem_free(tables);
}

/* name: path, a list of paths, or a map of `path` and the reader's options. */
static qn_status parse_table(qn_job *job, const qn_yaml_node *node, qn_job_table *table) {
    QN_TRY(qn_mem_copy_text(&table->name, node->key));
    QN_TRY(qn_options_new(&table->read, qn_csv_options));
    if (node->kind != QN_YAML_MAP)
        return parse_paths(job, node, &table->paths, &table->path_count);
    for (int64_t i = 0; i < node->count; i++) {
        const qn_yaml_node *child = node->children[i];
        if (strcmp(child->key, "path") == 0)
            QN_TRY(parse_paths(job, child, &table->paths, &table->path_count));
        else
            QN_TRY(qn_job_set_option(job, NULL, table->read, child));
    }
    if (table->paths != NULL)
        return QN_OK;
    return qn_job_keep_error(job, qn_job_node_error(job, node, "a table needs a 'path'"));
}

qn_status qn_job_parse_tables(qn_job *job, const qn_yaml_node *tables, qn_job_table **out,
                              int64_t *out_count) {
    if (tables->kind != QN_YAML_MAP || tables->count == 0)
        return qn_job_keep_error(
            job, qn_job_node_error(job, tables, "'tables' is a map: name: path, name: path ..."));
    QN_TRY(qn_mem_calloc(out, (size_t)tables->count, sizeof **out));
    for (int64_t i = 0; i < tables->count; i++) {
        *out_count = i + 1;
        QN_TRY(parse_table(job, tables->children[i], &(*out)[i]));
    }
    return QN_OK;
}

static qn_status parse_query(qn_job *job, const qn_yaml_node *input) {
    static const char *const known[] = {"tables", "query", NULL};
    const qn_yaml_node *tables = qn_job_get(input, "tables"), *query = qn_job_get(input, "query");
    QN_TRY(qn_job_check_keys(job, input, known));
    QN_TRY(qn_job_text(job, input, "query", &job->query));
    if (query == NULL)
        return qn_job_keep_error(job,
                                 qn_job_node_error(job, input, "'tables' are read by a 'query'"));
    if (tables == NULL)
        return qn_job_keep_error(
            job, qn_job_node_error(job, input, "a 'query' needs 'tables': name: path ..."));
    return qn_job_parse_tables(job, tables, &job->tables, &job->table_count);
}

qn_status qn_job_parse_input(qn_job *job) {
    QN_TRY(qn_options_new(&job->read, qn_csv_options));
    const qn_yaml_node *input = qn_job_get(job->yaml.root, "input");
    if (input == NULL)
        return qn_job_keep_error(job, qn_fail_at(QN_JOB, job->yaml.path, "key 'input' is missing"));
    if (input->kind != QN_YAML_MAP)
        return parse_paths(job, input, &job->inputs, &job->input_count);
    if (qn_yaml_get(input, "query") != NULL || qn_yaml_get(input, "tables") != NULL)
        return parse_query(job, input);
    for (int64_t i = 0; i < input->count; i++) {
        const qn_yaml_node *node = input->children[i];
        QN_TRY(strcmp(node->key, "path") == 0
                   ? parse_paths(job, node, &job->inputs, &job->input_count)
                   : qn_job_set_option(job, NULL, job->read, node));
    }
    if (job->inputs == NULL)
        return qn_job_keep_error(
            job,
            qn_job_node_error(job, input, "'input' needs a 'path', or 'tables' and a 'query'"));
    return QN_OK;
}
