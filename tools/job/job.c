#include "tools/job/job.h"
#include "tools/job/job_parse.h"
#include "tools/job/job_quality.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/text/number.h"
#include "core/text/utf8.h"
#include "features/pipeline.h"
#include "features/scan/scan.h"
#include "features/sql/sql.h"
#include "features/stage/stages.h"
#include "features/store/store.h"
#include "ml/evaluate.h"
#include "tools/cmd/inputs.h"
#include "tools/cmd/registries.h"
#include "tools/print/report_error.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_CACHE_MB = 256 };

void qn_job_init(qn_job *job) {
    *job = (qn_job){.train = 1, .cache = (int64_t)DEFAULT_CACHE_MB << 20};
}

void qn_job_clear(qn_job *job) {
    for (int64_t i = 0; i < job->stage_count; i++)
        qn_stage_free(job->stages[i]);
    qn_mem_free(job->stages);
    qn_mem_free(job->nodes);
    qn_mem_free_all(job->inputs, job->input_count);
    qn_job_free_tables(job->tables, job->table_count);
    qn_job_free_quality(job->quality);
    qn_mem_free_all(job->metrics, job->metric_count);
    qn_mem_free_all(job->feature_columns, job->feature_column_count);
    qn_mem_free_all(job->partition_by, job->partition_count);
    qn_mem_free(job->split_column);
    qn_mem_free_all(job->errors, job->error_count);
    qn_options_free(job->read);
    char *texts[] = {job->name,       job->output, job->model_path, job->predictions_path,
                     job->store_path, job->group,  job->query};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        qn_mem_free(texts[i]);
    qn_yaml_clear(&job->yaml);
    qn_job_init(job);
}

/* ---- Sections ------------------------------------------------------------------------------- */

static qn_status add_stage(qn_job *job, qn_stage *stage, const qn_yaml_node *node) {
    qn_status status = qn_mem_reserve(&job->stages, &job->stage_capacity, job->stage_count + 1,
                                      sizeof *job->stages);
    if (status == QN_OK)
        status = qn_mem_reserve(&job->nodes, &job->node_capacity, job->stage_count + 1,
                                sizeof *job->nodes);
    if (status != QN_OK) {
        qn_stage_free(stage);
        return status;
    }
    job->nodes[job->stage_count] = node;
    job->stages[job->stage_count++] = stage;
    return QN_OK;
}

static qn_status parse_sql(qn_job *job) {
    const qn_yaml_node *node = qn_job_get(job->yaml.root, "sql");
    if (node == NULL)
        return QN_OK;
    if (node->kind != QN_YAML_SCALAR)
        return qn_job_keep_error(job, qn_job_node_error(job, node, "expected the text of a query"));
    const qn_stage_class *class_ = NULL;
    qn_stage *stage = NULL;
    QN_TRY(qn_stage_find(qn_all_stages, "sql_transformer", &class_));
    QN_TRY(qn_stage_new(&stage, class_));
    QN_TRY(add_stage(job, stage, node));
    job->has_sql = true;
    return qn_stage_set(stage, "statement", node->text);
}

static qn_status make_stage(qn_job *job, const qn_yaml_node *map, const char *what, qn_stage **out);

/* The stages of a pipeline inside the pipeline. */
static qn_status fill_pipeline(qn_job *job, qn_stage *pipeline, const qn_yaml_node *list) {
    if (list->kind != QN_YAML_LIST)
        return qn_job_keep_error(
            job, qn_job_node_error(job, list, "'stages' is a list of stages (- type: ...)"));
    for (int64_t i = 0; i < list->count; i++) {
        qn_stage *stage = NULL;
        QN_TRY(make_stage(job, list->children[i], "a stage", &stage));
        if (stage != NULL)
            QN_TRY(qn_pipeline_add(pipeline, stage));
    }
    return QN_OK;
}

static qn_status fill_stage(qn_job *job, qn_stage *stage, const qn_yaml_node *map) {
    for (int64_t i = 0; i < map->count; i++) {
        const qn_yaml_node *child = map->children[i];
        if (strcmp(child->key, "type") == 0)
            continue;
        if (stage->class_ == &qn_pipeline_class && strcmp(child->key, "stages") == 0)
            QN_TRY(fill_pipeline(job, stage, child));
        else
            QN_TRY(qn_job_set_option(job, stage, NULL, child));
    }
    return QN_OK;
}

/* A stage or the model: a map with a `type` and the options of that type. *out stays NULL where its
 * type is at fault, which is kept. */
static qn_status make_stage(qn_job *job, const qn_yaml_node *map, const char *what,
                            qn_stage **out) {
    if (map->kind != QN_YAML_MAP || qn_yaml_get(map, "type") == NULL) {
        qn_status status = qn_fail(QN_JOB, "%s needs a 'type'", what);
        qn_error_help("'quern help stages' lists them");
        qn_yaml_locate(&job->yaml, map);
        return qn_job_keep_error(job, status);
    }
    const qn_yaml_node *type = qn_yaml_get(map, "type");
    const qn_stage_class *class_ = NULL;
    qn_status status = type->kind != QN_YAML_SCALAR
                           ? qn_fail(QN_JOB, "'type' must be one word")
                           : qn_stage_find(qn_all_stages, type->text, &class_);
    if (status != QN_OK) {
        qn_yaml_locate(&job->yaml, type);
        return qn_job_keep_error(job, status);
    }
    qn_stage *stage = NULL;
    QN_TRY(qn_stage_new(&stage, class_));
    status = fill_stage(job, stage, map);
    if (status != QN_OK)
        qn_stage_free(stage);
    else
        *out = stage;
    return status;
}

static qn_status parse_stage(qn_job *job, const qn_yaml_node *map, const char *what) {
    qn_stage *stage = NULL;
    QN_TRY(make_stage(job, map, what, &stage));
    return stage == NULL ? QN_OK : add_stage(job, stage, map);
}

static qn_status parse_stages(qn_job *job) {
    const qn_yaml_node *list = qn_job_get(job->yaml.root, "stages");
    if (list == NULL)
        return QN_OK;
    if (list->kind != QN_YAML_LIST)
        return qn_job_keep_error(
            job, qn_job_node_error(job, list, "'stages' is a list of stages (- type: ...)"));
    for (int64_t i = 0; i < list->count; i++)
        QN_TRY(parse_stage(job, list->children[i], "a stage"));
    return QN_OK;
}

static qn_status parse_model(qn_job *job) {
    const qn_yaml_node *model = qn_job_get(job->yaml.root, "model");
    if (model == NULL)
        return QN_OK;
    int64_t before = job->stage_count;
    QN_TRY(parse_stage(job, model, "'model'"));
    if (job->stage_count == before)
        return QN_OK;
    job->has_model = true;
    if (job->stages[before]->class_->kind == QN_STAGE_PREDICTOR)
        return QN_OK;
    qn_status status = qn_fail(QN_JOB, "'%s' is a stage, not an estimator of a label",
                               job->stages[before]->class_->name);
    qn_yaml_locate(&job->yaml, qn_yaml_get(model, "type"));
    return qn_job_keep_error(job, status);
}

static qn_status parse_share(qn_job *job, const qn_yaml_node *map, const char *key, double *out) {
    const qn_yaml_node *node = qn_yaml_get(map, key);
    if (node == NULL)
        return qn_job_keep_error(job,
                                 qn_job_node_error(job, map, "'split' needs 'train' and 'test'"));
    if (node->kind != QN_YAML_SCALAR || !qn_parse_real(qn_view_of(node->text), out) ||
        !(*out > 0 && *out < 1e9))
        return qn_job_keep_error(
            job, qn_job_node_error(job, node, "a share of the rows must be above 0"));
    return QN_OK;
}

static qn_status parse_split(qn_job *job) {
    static const char *const known[] = {"train", "test", "column", NULL};
    const qn_yaml_node *split = qn_job_get(job->yaml.root, "split");
    if (split == NULL)
        return QN_OK;
    if (split->kind != QN_YAML_MAP)
        return qn_job_keep_error(
            job, qn_job_node_error(job, split, "'split' is {train: 0.8, test: 0.2}"));
    QN_TRY(qn_job_check_keys(job, split, known));
    QN_TRY(parse_share(job, split, "train", &job->train));
    QN_TRY(parse_share(job, split, "test", &job->test));
    return qn_job_text(job, split, "column", &job->split_column);
}

static qn_status check_metrics(qn_job *job, const qn_yaml_node *node) {
    const qn_metrics none = {0};
    double value;
    for (int64_t i = 0; i < job->metric_count; i++) {
        qn_status status = qn_metrics_get(&none, job->metrics[i], &value);
        if (status != QN_OK)
            qn_yaml_locate(&job->yaml, node->kind == QN_YAML_LIST ? node->children[i] : node);
        QN_TRY(qn_job_keep_error(job, status));
    }
    return QN_OK;
}

static qn_status parse_evaluate(qn_job *job) {
    static const char *const known[] = {"metrics", NULL};
    const qn_yaml_node *evaluate = qn_job_get(job->yaml.root, "evaluate");
    if (evaluate == NULL)
        return QN_OK;
    if (evaluate->kind != QN_YAML_MAP)
        return qn_job_keep_error(
            job, qn_job_node_error(job, evaluate, "'evaluate' is {metrics: [rmse, r2]}"));
    QN_TRY(qn_job_check_keys(job, evaluate, known));
    const qn_yaml_node *metrics = qn_job_get(evaluate, "metrics");
    if (metrics == NULL)
        return QN_OK;
    QN_TRY(qn_job_list(job, metrics, &job->metrics, &job->metric_count));
    return check_metrics(job, metrics);
}

static qn_status parse_features(qn_job *job, const qn_yaml_node *features) {
    static const char *const known[] = {"store", "group", "columns", "partition_by", NULL};
    if (features->kind != QN_YAML_MAP)
        return qn_job_keep_error(
            job, qn_job_node_error(job, features, "'features' is {store: FOLDER, group: NAME}"));
    QN_TRY(qn_job_check_keys(job, features, known));
    QN_TRY(qn_job_text(job, features, "store", &job->store_path));
    QN_TRY(qn_job_text(job, features, "group", &job->group));
    if (job->store_path == NULL || job->group == NULL)
        QN_TRY(qn_job_keep_error(
            job, qn_job_node_error(job, features, "'features' needs 'store' and 'group'")));
    if (job->group != NULL) {
        qn_status status = qn_store_check_group(job->group);
        if (status != QN_OK)
            qn_yaml_locate(&job->yaml, qn_yaml_get(features, "group"));
        QN_TRY(qn_job_keep_error(job, status));
    }
    const qn_yaml_node *columns = qn_job_get(features, "columns");
    const qn_yaml_node *partition_by = qn_job_get(features, "partition_by");
    if (columns != NULL)
        QN_TRY(qn_job_list(job, columns, &job->feature_columns, &job->feature_column_count));
    return partition_by == NULL
               ? QN_OK
               : qn_job_list(job, partition_by, &job->partition_by, &job->partition_count);
}

/* What would be found only after the work is done. */
static qn_status check_save(qn_job *job, const qn_yaml_node *save) {
    const qn_yaml_node *model = qn_yaml_get(save, "model");
    const qn_yaml_node *predictions = qn_yaml_get(save, "predictions");
    if (job->model_path != NULL && job->stage_count == 0 && job->error_count == 0)
        QN_TRY(qn_job_keep_error(job, qn_job_node_error(job, model,
                                                        "there is no model to save: the job has "
                                                        "neither 'sql', 'stages' nor 'model'")));
    if (job->model_path != NULL && !qn_is_model_name(job->model_path))
        QN_TRY(qn_job_keep_error(
            job, qn_job_node_error(job, model, "the name of a model file ends with .h5")));
    if (job->predictions_path == NULL)
        return QN_OK;
    if (qn_job_get(job->yaml.root, "model") == NULL)
        QN_TRY(qn_job_keep_error(
            job, qn_job_node_error(job, predictions, "predictions need a 'model'")));
    if (job->model_path != NULL && strcmp(job->model_path, job->predictions_path) == 0)
        QN_TRY(qn_job_keep_error(
            job, qn_job_node_error(job, predictions, "model and predictions are the same file")));
    if (qn_write_knows(job->predictions_path))
        return QN_OK;
    return qn_job_keep_error(
        job, qn_job_node_error(job, predictions,
                               "predictions go to a file that ends with .csv, .h5 or .h5ad"));
}

static qn_status parse_save(qn_job *job) {
    static const char *const known[] = {"model", "predictions", "features", NULL};
    const qn_yaml_node *save = qn_job_get(job->yaml.root, "save");
    if (save == NULL)
        return QN_OK;
    if (save->kind != QN_YAML_MAP)
        return qn_job_keep_error(
            job, qn_job_node_error(job, save, "'save' is a map: model, predictions ..."));
    QN_TRY(qn_job_check_keys(job, save, known));
    QN_TRY(qn_job_text(job, save, "model", &job->model_path));
    QN_TRY(qn_job_text(job, save, "predictions", &job->predictions_path));
    QN_TRY(check_save(job, save));
    const qn_yaml_node *features = qn_job_get(save, "features");
    return features == NULL ? QN_OK : parse_features(job, features);
}

/* Without a name: the file's name without its ending. Without an output folder: NAME-out. */
static qn_status default_names(qn_job *job) {
    if (job->name == NULL) {
        char *copy = NULL;
        QN_TRY(qn_mem_copy_text(&copy, job->yaml.path));
        char *name = basename(copy), *dot = strrchr(name, '.');
        if (dot != NULL && dot != name)
            *dot = '\0';
        qn_status status = qn_mem_copy_text(&job->name, name);
        qn_mem_free(copy);
        QN_TRY(status);
    }
    return job->output != NULL ? QN_OK : qn_format(&job->output, "%s-out", job->name);
}

static qn_status parse_all(qn_job *job) {
    static const char *const known[] = {"name",     "seed", "output", "cache_mb", "input",
                                        "quality",  "sql",  "stages", "split",    "model",
                                        "evaluate", "save", NULL};
    int64_t cache_mb = DEFAULT_CACHE_MB;
    QN_TRY(qn_job_check_keys(job, job->yaml.root, known));
    QN_TRY(qn_job_text(job, job->yaml.root, "name", &job->name));
    QN_TRY(qn_job_text(job, job->yaml.root, "output", &job->output));
    QN_TRY(qn_job_int(job, "seed", INT64_MAX, &job->seed));
    QN_TRY(qn_job_int(job, "cache_mb", INT64_MAX >> 20, &cache_mb));
    job->cache = cache_mb << 20;
    QN_TRY(qn_job_parse_input(job));
    if (qn_job_get(job->yaml.root, "quality") != NULL)
        QN_TRY(qn_job_parse_quality(job, qn_job_get(job->yaml.root, "quality")));
    QN_TRY(parse_sql(job));
    QN_TRY(parse_stages(job));
    QN_TRY(parse_model(job));
    QN_TRY(parse_split(job));
    QN_TRY(parse_evaluate(job));
    QN_TRY(parse_save(job));
    return default_names(job);
}

static qn_status apply_settings(qn_job *job, char *const *settings, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        const char *equals = strchr(settings[i], '=');
        if (equals == NULL || equals == settings[i] || !qn_utf8_is_valid(qn_view_of(settings[i])))
            return qn_fail(QN_USAGE, "--set takes KEY=VALUE, not '%s'", settings[i]);
        char *path = NULL;
        QN_TRY(qn_mem_copy_text(&path, settings[i]));
        path[equals - settings[i]] = '\0';
        qn_status status = qn_yaml_set(&job->yaml, path, equals + 1);
        qn_mem_free(path);
        QN_TRY(status);
    }
    return QN_OK;
}

qn_status qn_job_read_yaml(qn_job *job, const char *path, const char *text) {
    if (!qn_utf8_is_valid(qn_view_of(text)))
        return qn_fail_at(QN_JOB, path, "not a text file in UTF-8");
    return qn_yaml_parse(&job->yaml, path, text);
}

qn_status qn_job_parse(qn_job *out, const char *path, const char *text, char *const *settings,
                       int64_t setting_count) {
    QN_TRY(qn_job_read_yaml(out, path, text));
    QN_TRY(apply_settings(out, settings, setting_count));
    QN_TRY(parse_all(out));
    return out->error_count == 0 ? QN_OK : qn_fail(QN_JOB, "the job file has errors");
}

/* ---- Binding -------------------------------------------------------------------------------- */

/* The scalar below `node` whose text is the first quoted word of the message that is found. */
static const qn_yaml_node *find_scalar(const qn_yaml_node *node, const char *word, size_t length) {
    if (node->kind == QN_YAML_SCALAR)
        return strlen(node->text) == length && strncmp(node->text, word, length) == 0 ? node : NULL;
    const qn_yaml_node *found = NULL;
    for (int64_t i = 0; i < node->count && found == NULL; i++)
        found = find_scalar(node->children[i], word, length);
    return found;
}

static const qn_yaml_node *node_of_message(const qn_yaml_node *node, const char *message) {
    for (const char *open = strchr(message, '\''); open != NULL;) {
        const char *close = strchr(open + 1, '\'');
        if (close == NULL)
            break;
        const qn_yaml_node *found = find_scalar(node, open + 1, (size_t)(close - open - 1));
        if (found != NULL)
            return found;
        open = strchr(close + 1, '\'');
    }
    return NULL;
}

void qn_job_locate(const qn_job *job, const qn_yaml_node *node) {
    const qn_yaml_node *value = node_of_message(node, qn_last_error().message);
    if (value != NULL)
        qn_yaml_locate(&job->yaml, value);
    else
        qn_yaml_locate(&job->yaml, node);
}

/* SQL errors come with a place in the query; here it becomes one in the job file. */
qn_status qn_job_locate_sql(const qn_job *job, const qn_yaml_node *node, qn_status status) {
    qn_error error = qn_last_error();
    static const char prefix[] = "sql_transformer: ";
    bool prefixed = strncmp(error.message, prefix, sizeof prefix - 1) == 0;
    char message[2048], help[1024];
    snprintf(message, sizeof message, "%s", error.message + (prefixed ? sizeof prefix - 1 : 0));
    snprintf(help, sizeof help, "%s", error.help);
    status = qn_fail(status, "%s", message);
    if (*help != '\0')
        qn_error_help("%s", help);
    int64_t position = qn_sql_error_position();
    qn_yaml_locate_offset(&job->yaml, node, position < 0 ? 0 : position, 1);
    return status;
}

static bool is_among(const char *name, char *const *names, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* A column to be saved: of the stages, or the split's. */
static qn_status check_saved(const qn_job *job, const qn_schema *schema, const char *name) {
    int32_t index;
    return job->split_column != NULL && strcmp(name, job->split_column) == 0
               ? QN_OK
               : qn_schema_require(schema, name, &index);
}

static qn_status check_partition(const qn_job *job, const qn_schema *schema, const char *name) {
    QN_TRY(check_saved(job, schema, name));
    if (job->feature_columns == NULL ||
        is_among(name, job->feature_columns, job->feature_column_count))
        return QN_OK;
    qn_status status = qn_fail(QN_JOB, "'%s' is not one of the saved columns", name);
    qn_error_help("add it to 'columns'");
    return status;
}

/* The cell of a row is known by its number, which stages over all rows may change. */
static qn_status check_split_column(const qn_job *job, const qn_schema *schema) {
    if (job->split_column == NULL)
        return QN_OK;
    if (qn_schema_find(schema, job->split_column) >= 0)
        return qn_fail(QN_JOB, "the column '%s' exists already", job->split_column);
    bool fitted = false;
    for (int64_t i = 0; i < job->stage_count; i++) {
        fitted = fitted || !job->stages[i]->fitted;
        if (fitted && job->stages[i]->wide)
            return qn_fail(QN_JOB,
                           "'%s', which works on all rows, comes after a stage that is "
                           "fitted: its rows are in no cell of the split",
                           job->stages[i]->class_->name);
    }
    return QN_OK;
}

/* The columns that `save.features` and `split` name are there, or free, in front of the model. */
static qn_status check_feature_columns(const qn_job *job, const qn_schema *schema) {
    const qn_yaml_node *save = qn_job_get(job->yaml.root, "save");
    const qn_yaml_node *features = save == NULL ? NULL : qn_job_get(save, "features");
    qn_status status = check_split_column(job, schema);
    if (status != QN_OK)
        qn_job_locate(job, qn_yaml_get(qn_job_get(job->yaml.root, "split"), "column"));
    for (int64_t i = 0; i < job->feature_column_count && status == QN_OK; i++) {
        status = check_saved(job, schema, job->feature_columns[i]);
        if (status != QN_OK)
            qn_job_locate(job, qn_yaml_get(features, "columns"));
    }
    for (int64_t i = 0; i < job->partition_count && status == QN_OK; i++) {
        status = check_partition(job, schema, job->partition_by[i]);
        if (status != QN_OK)
            qn_job_locate(job, qn_yaml_get(features, "partition_by"));
    }
    return status;
}

/* Does a stage, or one inside it, make features of what the current row holds in the column? */
static bool leaks(const qn_stage *stage, const char *column) {
    qn_stage *const *children;
    int64_t count = qn_stage_children(stage, &children);
    for (int64_t i = 0; i < count; i++)
        if (leaks(children[i], column))
            return true;
    return qn_time_stage_leaks(stage, column);
}

static void warn_of_leaks(const qn_job *job) {
    if (!job->has_model)
        return;
    const qn_options *model = job->stages[job->stage_count - 1]->options;
    const char *label =
        qn_options_has(model, "label_col") ? qn_options_text(model, "label_col") : "";
    for (int64_t i = 0; i + 1 < job->stage_count; i++)
        if (leaks(job->stages[i], label))
            qn_warn("%s:%d: features of this stage hold the label '%s' of the row itself, which a "
                    "model must not see",
                    job->yaml.path, job->nodes[i]->line, label);
}

qn_status qn_job_bind(qn_job *job, const qn_schema *input) {
    qn_schema schema;
    QN_TRY(qn_schema_copy(&schema, input));
    qn_status status = QN_OK;
    for (int64_t i = 0; i < job->stage_count && status == QN_OK; i++) {
        bool model = job->has_model && i + 1 == job->stage_count;
        if (model)
            QN_TRY_GOTO(check_feature_columns(job, &schema), done);
        qn_schema next;
        status = qn_stage_bind(job->stages[i], &schema, &next);
        if (status == QN_OK) {
            qn_schema_clear(&schema);
            schema = next;
        } else if (i == 0 && job->has_sql) {
            status = qn_job_locate_sql(job, job->nodes[i], status);
        } else {
            qn_job_locate(job, job->nodes[i]);
        }
    }
    if (status == QN_OK && !job->has_model)
        status = check_feature_columns(job, &schema);
    if (status == QN_OK)
        warn_of_leaks(job);
done:
    qn_schema_clear(&schema);
    return qn_job_keep_error(job, status);
}
