#include "tools/job/job_parse.h"

#include "core/memory.h"
#include "core/text/number.h"
#include "tools/print/report_error.h"

#include <stdio.h>
#include <string.h>

enum { MOST_ERRORS = 20 };

/* ---- Collecting errors ---------------------------------------------------------------------- */

/* Keeps the last error and lets the parse go on; anything but a fault of the job file stops it. */
qn_status qn_job_keep_error(qn_job *job, qn_status status) {
    if (status == QN_OK)
        return QN_OK;
    if (status == QN_MEMORY || status == QN_INTERNAL || job->error_count == MOST_ERRORS)
        return status;
    char *packed = NULL;
    QN_TRY(qn_mem_alloc(&packed, QN_ERROR_PACKED_SIZE, 1));
    qn_error_pack(packed);
    status = qn_mem_reserve(&job->errors, &job->error_capacity, job->error_count + 1,
                            sizeof *job->errors);
    if (status != QN_OK) {
        qn_mem_free(packed);
        return status;
    }
    job->errors[job->error_count++] = packed;
    return QN_OK;
}

qn_status qn_job_fail(qn_job *job, bool speaks) {
    if (job->error_count == 0)
        return QN_OK;
    for (int64_t i = 0; i < job->error_count; i++) {
        qn_error_unpack(job->errors[i]);
        if (speaks && i + 1 < job->error_count)
            qn_report_error();
    }
    return qn_last_error().code;
}

qn_status qn_job_node_error(const qn_job *job, const qn_yaml_node *node, const char *text) {
    qn_status status = qn_fail(QN_JOB, "%s", text);
    qn_yaml_locate(&job->yaml, node);
    return status;
}

/* Every key of a map must be one of `known` (ended by NULL). */
qn_status qn_job_check_keys(qn_job *job, const qn_yaml_node *map, const char *const *known) {
    int64_t count = 0;
    while (known[count] != NULL)
        count++;
    for (int64_t i = 0; i < map->count; i++) {
        const qn_yaml_node *child = map->children[i];
        bool found = false;
        for (int64_t k = 0; k < count; k++)
            found |= strcmp(child->key, known[k]) == 0;
        if (found)
            continue;
        qn_status status = qn_fail(QN_JOB, "unknown key '%s'", child->key);
        const char *nearest = qn_nearest(child->key, known, count);
        if (nearest != NULL)
            qn_error_help("did you mean '%s'?", nearest);
        qn_yaml_locate_key(&job->yaml, child);
        QN_TRY(qn_job_keep_error(job, status));
    }
    return QN_OK;
}

/* ---- Values --------------------------------------------------------------------------------- */

/* A child by key; NULL if it is missing or empty. */
const qn_yaml_node *qn_job_get(const qn_yaml_node *map, const char *key) {
    const qn_yaml_node *node = qn_yaml_get(map, key);
    return node == NULL || (node->kind == QN_YAML_SCALAR && node->null) ? NULL : node;
}

/* The text of a scalar child; *out stays NULL if it is missing or empty. */
qn_status qn_job_text(qn_job *job, const qn_yaml_node *map, const char *key, char **out) {
    const qn_yaml_node *node = map == NULL ? NULL : qn_job_get(map, key);
    if (node == NULL)
        return QN_OK;
    if (node->kind != QN_YAML_SCALAR)
        return qn_job_keep_error(job, qn_job_node_error(job, node, "expected one value here"));
    return qn_mem_copy_text(out, node->text);
}

qn_status qn_job_int(qn_job *job, const char *key, int64_t most, int64_t *out) {
    const qn_yaml_node *node = qn_yaml_get(job->yaml.root, key);
    if (node == NULL)
        return QN_OK;
    int64_t value;
    if (node->kind != QN_YAML_SCALAR || !qn_parse_int64(qn_view_of(node->text), &value) ||
        value < 0 || value > most) {
        qn_status status =
            qn_fail(QN_JOB, "'%s' must be an integer from 0 to %lld", key, (long long)most);
        qn_yaml_locate(&job->yaml, node);
        return qn_job_keep_error(job, status);
    }
    *out = value;
    return QN_OK;
}

/* One scalar or a list of scalars, as copied texts. */
qn_status qn_job_list(qn_job *job, const qn_yaml_node *node, char ***out, int64_t *count) {
    const qn_yaml_node *single[1] = {node};
    const qn_yaml_node *const *items = (const qn_yaml_node *const *)node->children;
    int64_t n = node->count;
    if (node->kind == QN_YAML_SCALAR) {
        items = single;
        n = 1;
    } else if (node->kind == QN_YAML_MAP) {
        return qn_job_keep_error(job,
                                 qn_job_node_error(job, node, "expected a value or a list here"));
    }
    char **texts = NULL;
    QN_TRY(qn_mem_calloc(&texts, (size_t)n, sizeof *texts));
    for (int64_t i = 0; i < n; i++) {
        const char *text = items[i]->kind == QN_YAML_SCALAR ? items[i]->text : "";
        qn_status status =
            items[i]->kind == QN_YAML_SCALAR
                ? QN_OK
                : qn_job_keep_error(job, qn_job_node_error(job, items[i], "expected a value"));
        if (status == QN_OK)
            status = qn_mem_copy_text(&texts[i], text);
        if (status != QN_OK) {
            qn_mem_free_all(texts, n);
            return status;
        }
    }
    *out = texts;
    *count = n;
    return QN_OK;
}

/* An option of a stage that ends in _file names a path of the job file. */
static qn_status resolve_path(const qn_job *job, const qn_yaml_node *node, char **text) {
    size_t length = strlen(node->key);
    char *path = NULL;
    if (length < 5 || strcmp(node->key + length - 5, "_file") != 0)
        return QN_OK;
    QN_TRY(qn_job_resolve(job, *text, &path));
    qn_mem_free(*text);
    *text = path;
    return QN_OK;
}

/* A key without a value leaves the option as it is; it must be one all the same. */
static bool is_left(const qn_stage *stage, const qn_options *read, const qn_yaml_node *node) {
    const qn_option *row = qn_options_table(stage != NULL ? stage->options : read);
    while (row->name != NULL && strcmp(row->name, node->key) != 0)
        row++;
    return node->null && row->name != NULL;
}

qn_status qn_job_set_option(qn_job *job, qn_stage *stage, qn_options *read,
                            const qn_yaml_node *node) {
    char **texts = NULL;
    int64_t count = 0;
    if (is_left(stage, read, node))
        return QN_OK;
    QN_TRY(qn_job_list(job, node, &texts, &count));
    if (texts == NULL)
        return QN_OK;
    const char *const *values = (const char *const *)texts;
    bool list = node->kind == QN_YAML_LIST;
    qn_status status = QN_OK;
    if (stage != NULL && !list)
        status = resolve_path(job, node, texts);
    if (status == QN_OK && stage == NULL)
        status = list ? qn_options_set_list(read, node->key, values, count)
                      : qn_options_set(read, node->key, values[0]);
    else if (status == QN_OK)
        status = list ? qn_stage_set_list(stage, node->key, values, count)
                      : qn_stage_set(stage, node->key, values[0]);
    if (status != QN_OK && strstr(qn_last_error().message, "unknown option") != NULL)
        qn_yaml_locate_key(&job->yaml, node);
    else if (status != QN_OK)
        qn_yaml_locate(&job->yaml, node);
    qn_mem_free_all(texts, count);
    return qn_job_keep_error(job, status);
}
