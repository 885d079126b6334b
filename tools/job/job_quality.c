#include "tools/job/job_quality.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/text/number.h"
#include "features/scan/scan.h"
#include "features/sql/sql.h"
#include "tools/cmd/inputs.h"
#include "tools/job/job_parse.h"

#include <stdio.h>
#include <string.h>

enum { MOST_EXAMPLES = 1000 };

void qn_job_free_quality(qn_job_quality *quality) {
    if (quality == NULL)
        return;
    qn_quality_free(quality->rules);
    qn_mem_free(quality->nodes);
    qn_mem_free(quality->quarantine);
    qn_mem_free(quality->report);
    qn_job_free_tables(quality->tables, quality->table_count);
    qn_mem_free(quality);
}

/* ---- Parsing -------------------------------------------------------------------------------- */

static qn_status parse_rule(qn_job *job, const qn_yaml_node *map) {
    qn_job_quality *quality = job->quality;
    qn_rule *rule = NULL;
    if (map->kind != QN_YAML_MAP || qn_yaml_get(map, "type") == NULL) {
        qn_status status = qn_fail(QN_JOB, "a rule needs a 'type'");
        qn_error_help("'quern help rules' lists them");
        qn_yaml_locate(&job->yaml, map);
        return qn_job_keep_error(job, status);
    }
    const qn_yaml_node *type = qn_yaml_get(map, "type");
    QN_TRY(qn_mem_reserve(&quality->nodes, &quality->capacity, quality->count + 1,
                          sizeof *quality->nodes));
    qn_status status = type->kind != QN_YAML_SCALAR
                           ? qn_fail(QN_JOB, "'type' must be one word")
                           : qn_quality_add(quality->rules, type->text, &rule);
    if (status != QN_OK) {
        qn_yaml_locate(&job->yaml, type);
        return qn_job_keep_error(job, status);
    }
    quality->nodes[quality->count++] = map;
    for (int64_t i = 0; i < map->count; i++)
        if (map->children[i] != type)
            QN_TRY(qn_job_set_option(job, NULL, qn_rule_options(rule), map->children[i]));
    return QN_OK;
}

static qn_status parse_rules(qn_job *job, const qn_yaml_node *section) {
    const qn_yaml_node *list = qn_job_get(section, "rules");
    if (list == NULL)
        return qn_job_keep_error(job, qn_job_node_error(job, section, "key 'rules' is missing"));
    if (list->kind != QN_YAML_LIST)
        return qn_job_keep_error(
            job, qn_job_node_error(job, list, "'rules' is a list of rules (- type: ...)"));
    for (int64_t i = 0; i < list->count; i++)
        QN_TRY(parse_rule(job, list->children[i]));
    return QN_OK;
}

static qn_status parse_examples(qn_job *job, const qn_yaml_node *section) {
    const qn_yaml_node *node = qn_job_get(section, "examples");
    int64_t count = 0;
    if (node == NULL)
        return QN_OK;
    if (node->kind != QN_YAML_SCALAR || !qn_parse_int64(qn_view_of(node->text), &count) ||
        count < 0 || count > MOST_EXAMPLES)
        return qn_job_keep_error(
            job, qn_job_node_error(job, node, "'examples' must be an integer from 0 to 1000"));
    qn_quality_set_examples(job->quality->rules, (int32_t)count);
    return QN_OK;
}

/* A file that cannot be written is found before the work. */
static qn_status check_quarantine(qn_job *job, const qn_yaml_node *section) {
    const char *path = job->quality->quarantine;
    if (path == NULL || qn_write_knows(path))
        return QN_OK;
    return qn_job_keep_error(
        job, qn_job_node_error(job, qn_yaml_get(section, "quarantine"),
                               "quarantined rows go to a file that ends with .csv, .h5 or .h5ad"));
}

qn_status qn_job_parse_quality(qn_job *job, const qn_yaml_node *section) {
    static const char *const known[] = {"rules",    "tables", "quarantine",
                                        "examples", "report", NULL};
    if (section->kind != QN_YAML_MAP)
        return qn_job_keep_error(
            job, qn_job_node_error(job, section, "expected a map: rules, quarantine ..."));
    QN_TRY(qn_mem_calloc(&job->quality, 1, sizeof *job->quality));
    job->quality->job = job;
    QN_TRY(qn_quality_new(&job->quality->rules));
    QN_TRY(qn_job_check_keys(job, section, known));
    QN_TRY(qn_job_text(job, section, "quarantine", &job->quality->quarantine));
    QN_TRY(qn_job_text(job, section, "report", &job->quality->report));
    QN_TRY(check_quarantine(job, section));
    QN_TRY(parse_examples(job, section));
    const qn_yaml_node *tables = qn_job_get(section, "tables");
    if (tables != NULL)
        QN_TRY(qn_job_parse_tables(job, tables, &job->quality->tables, &job->quality->table_count));
    return parse_rules(job, section);
}

/* ---- Tables --------------------------------------------------------------------------------- */

/* One of `tables`, or a path. */
static qn_status open_table(void *context, qn_comm *comm, const char *name, qn_stream **out) {
    const qn_job_quality *quality = context;
    for (int64_t i = 0; i < quality->table_count; i++) {
        const qn_job_table *table = &quality->tables[i];
        if (strcmp(table->name, name) == 0)
            return qn_open_tables(out, comm, table->paths, table->path_count, table->read);
    }
    char *path = NULL;
    QN_TRY(qn_comm_agree(comm, qn_job_resolve(quality->job, name, &path)));
    qn_status status = qn_open_tables(out, comm, &path, 1, NULL);
    qn_mem_free(path);
    return status;
}

/* ---- Binding -------------------------------------------------------------------------------- */

/* The place of an error in a rule: of SQL, in its text; else of the value that is named. */
static void locate_rule(const qn_job *job, const qn_yaml_node *rule) {
    const qn_yaml_node *text = qn_job_get(rule, "predicate");
    qn_error error = qn_last_error();
    if (text == NULL)
        text = qn_job_get(rule, "query");
    int64_t position = -1;
    if (text != NULL && text->kind == QN_YAML_SCALAR)
        position = *error.location != '\0' ? qn_sql_error_position() : qn_expr_error_position();
    if (position < 0) {
        qn_job_locate(job, rule);
        return;
    }
    char message[2048], help[1024];
    snprintf(message, sizeof message, "%s", error.message);
    snprintf(help, sizeof help, "%s", error.help);
    if (qn_fail(error.code, "%s", message) != QN_OK && *help != '\0')
        qn_error_help("%s", help);
    qn_yaml_locate_offset(&job->yaml, text, position, 1);
}

qn_status qn_job_bind_quality(qn_job *job, const qn_schema *schema, const qn_execution *execution) {
    qn_job_quality *quality = job->quality;
    const qn_quality_tables tables = {open_table, quality};
    if (job->error_count > 0)
        return QN_OK;
    for (int32_t i = 0; i < qn_quality_count(quality->rules); i++) {
        qn_status status = qn_quality_bind(quality->rules, i, schema, &tables, execution);
        if (status == QN_JOB)
            locate_rule(job, quality->nodes[i]);
        QN_TRY(qn_job_keep_error(job, status));
    }
    if (qn_quality_quarantines(quality->rules) && quality->quarantine == NULL) {
        qn_status status = qn_fail_at(QN_JOB, job->yaml.path,
                                      "a rule quarantines rows, but 'quarantine' does not say "
                                      "where to");
        QN_TRY(qn_job_keep_error(job, status));
    }
    return QN_OK;
}

/* ---- Telling -------------------------------------------------------------------------------- */

void qn_job_tell_quality(const qn_job_quality *quality, const json_t *report) {
    size_t i;
    json_t *rule;
    char rows[32], passed[32], dropped[32], quarantined[32];
    json_array_foreach(json_object_get(report, "rules"), i, rule) {
        const char *outcome = json_string_value(json_object_get(rule, "outcome"));
        const char *detail = json_string_value(json_object_get(rule, "detail"));
        if (strcmp(outcome, "passed") == 0)
            continue;
        const char *name = json_string_value(json_object_get(rule, "rule"));
        if (json_object_get(rule, "violations") == NULL)
            qn_warn("quality rule '%s' %s: %s", name, outcome, detail);
        else
            qn_warn("quality rule '%s' %s: %lld of %lld rows break it", name, outcome,
                    (long long)json_integer_value(json_object_get(rule, "violations")),
                    (long long)json_integer_value(json_object_get(rule, "checked")));
    }
    qn_quality_counts counts = qn_quality_counts_of(quality->rules);
    qn_info("quality: %s rows, %s passed, %s dropped, %s quarantined",
            qn_grouped(counts.rows, rows), qn_grouped(counts.passed, passed),
            qn_grouped(counts.dropped, dropped), qn_grouped(counts.quarantined, quarantined));
}
