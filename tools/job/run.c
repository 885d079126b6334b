#include "tools/job/run.h"
#include "tools/job/run_quality.h"
#include "tools/job/run_query.h"

#include "core/log.h"
#include "core/memory.h"
#include "features/operator/operator.h"
#include "features/pipeline.h"
#include "features/scan/scan.h"
#include "features/store/store.h"
#include "ml/evaluate.h"
#include "mpi/comm/signal.h"
#include "mpi/file/file.h"
#include "tools/cmd/inputs.h"
#include "tools/job/status_file.h"
#include "tools/print/model_view.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void qn_run_init(qn_run *run, qn_comm *comm) {
    *run =
        (qn_run){.comm = comm, .version = -1, .started = now(), .execution = qn_execution_of(comm)};
    qn_job_init(&run->job);
}

void qn_run_clear(qn_run *run) {
    if (run->pipeline != NULL) /* it owns the stages */
        run->job.stage_count = 0;
    if (run->rows != run->input)
        qn_stream_free(run->rows);
    qn_stage_free(run->pipeline);
    qn_stream_free(run->input);
    qn_stream_free(run->source);
    json_decref(run->quality);
    qn_run_free_tables(run);
    qn_job_clear(&run->job);
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* Faults of the job file, all at once; the same on every rank. */
static qn_status show_faults(qn_run *run, qn_status status) {
    if (run->job.error_count > 0)
        status = qn_job_fail(&run->job, qn_comm_rank(run->comm) == 0);
    return qn_comm_agree(run->comm, status);
}

qn_status qn_run_read_job(qn_run *run, const char *path, char *const *settings, int64_t count) {
    char *text = NULL;
    int64_t length = 0;
    QN_TRY(qn_file_read_shared(run->comm, path, &text, &length));
    qn_status status = QN_OK;
    if ((int64_t)strlen(text) != length)
        status = qn_fail_at(QN_JOB, path, "not a text file: it holds NUL bytes");
    if (status == QN_OK)
        status = qn_job_parse(&run->job, path, text, settings, count);
    run->execution.cache = run->job.cache;
    qn_mem_free(text);
    return show_faults(run, status);
}

/* Reads only the columns that the SQL step asks for; without one, all of them are results. */
static qn_status prune(qn_run *run, bool *out) {
    qn_job *job = &run->job;
    if (!job->has_sql)
        return QN_OK;
    bool *needed = NULL, narrowed = false;
    QN_TRY(qn_mem_calloc(&needed, (size_t)run->input->schema.count, sizeof *needed));
    /* A fault of the query is found again, and placed in the file, when the job is bound. */
    if (qn_stage_needs(job->stages[0], &run->input->schema, needed) == QN_OK) {
        qn_run_quality_needs(run, needed);
        narrowed = qn_scan_select(run->input, needed);
    }
    qn_mem_free(needed);
    *out = narrowed;
    return QN_OK;
}

static qn_status open_files(qn_run *run) {
    const qn_job *job = &run->job;
    QN_TRY(qn_open_tables(&run->input, run->comm, job->inputs, job->input_count, job->read));
    qn_scan_keep(run->input, job->cache);
    return QN_OK;
}

/* Wide transformers in front of all that is fitted see all rows, those to test on, too: a window's
 * past or a group is the same whatever the split. */
static int64_t count_ahead(const qn_job *job) {
    int64_t ahead = 0;
    for (int64_t i = 0; i < job->stage_count; i++) {
        if (!job->stages[i]->fitted) /* what needs no fit is, since it was bound */
            break;
        if (job->stages[i]->wide)
            ahead = i + 1;
    }
    return ahead;
}

/* Puts stages [first, end) over a stream. */
static qn_status put_stages(const qn_run *run, int64_t first, int64_t end, qn_stream **stream) {
    for (int64_t i = first; i < end; i++) {
        qn_stream *in = *stream;
        *stream = NULL;
        QN_TRY(qn_stage_stream(stream, run->job.stages[i], in));
    }
    return QN_OK;
}

static qn_status open_rows(qn_run *run) {
    run->ahead = count_ahead(&run->job);
    if (run->ahead == 0) {
        run->rows = run->input;
        return QN_OK;
    }
    QN_TRY(qn_stream_borrow(&run->rows, run->input));
    return put_stages(run, 0, run->ahead, &run->rows);
}

qn_status qn_run_open(qn_run *run) {
    qn_job *job = &run->job;
    for (int64_t i = 0; i < job->stage_count; i++)
        qn_stage_set_execution(job->stages[i], &run->execution);
    QN_TRY(job->query != NULL ? qn_run_open_query(run) : open_files(run));
    bool narrowed = false;
    QN_TRY(qn_run_bind_quality(run));
    QN_TRY(qn_comm_agree(run->comm, prune(run, &narrowed)));
    if (narrowed)
        QN_TRY(qn_run_bind_quality(run));
    qn_status status = qn_run_open_gate(run);
    if (status == QN_OK)
        status = qn_job_bind(job, &run->input->schema);
    if (status == QN_OK)
        status = open_rows(run);
    return show_faults(run, status);
}

/* ---- Steps ---------------------------------------------------------------------------------- */

/* The rows of the input in a cell of the split; all of them if there is no split. */
static qn_status open_cell(const qn_run *run, int32_t which, qn_stream **out) {
    const qn_job *job = &run->job;
    qn_stream *input = NULL;
    QN_TRY(qn_stream_borrow(&input, run->rows));
    if (job->test == 0) {
        *out = input;
        return QN_OK;
    }
    const double weights[] = {job->train, job->test};
    return qn_split_open(out, input, weights, 2, which, (uint64_t)job->seed);
}

/* The first `count` stages, or those ahead, over a cell (which < 0: over all rows). */
static qn_status open_staged(const qn_run *run, int32_t which, int64_t count, qn_stream **out) {
    qn_stream *stream = NULL;
    QN_TRY(which < 0 ? qn_stream_borrow(&stream, run->rows) : open_cell(run, which, &stream));
    QN_TRY(put_stages(run, run->ahead, count, &stream));
    qn_status status = qn_stream_rewind(stream);
    if (status != QN_OK) {
        qn_stream_free(stream);
        return status;
    }
    *out = stream;
    return QN_OK;
}

static qn_status make_folder(const qn_run *run) {
    const char *path = run->job.output;
    qn_status status = QN_OK;
    struct stat info;
    bool root = qn_comm_rank(run->comm) == 0;
    if (root && stat(path, &info) == 0 && !S_ISDIR(info.st_mode)) {
        status = qn_fail(QN_IO, "the run directory '%s' is a file", path);
        qn_error_help("set 'output' in the job file, or --set output=FOLDER");
    } else if (root && mkdir(path, 0777) != 0 && errno != EEXIST) {
        status = qn_fail_errno(QN_IO, "cannot make the run directory '%s'", path);
        qn_error_help("set 'output' in the job file, or --set output=FOLDER");
    }
    return qn_comm_agree(run->comm, status);
}

static qn_status fit(qn_run *run) {
    qn_job *job = &run->job;
    qn_stream *train = NULL;
    qn_status status = qn_pipeline_new(&run->pipeline, job->stages, job->stage_count);
    if (status == QN_OK) {
        qn_stage_set_execution(run->pipeline, &run->execution);
        status = open_cell(run, 0, &train);
    }
    status = qn_comm_agree(run->comm, status);
    if (status == QN_OK)
        status =
            qn_pipeline_fit_rest(run->pipeline, &run->input->schema, run->ahead, train, run->comm);
    qn_stream_free(train);
    return status;
}

qn_status qn_run_output_path(const qn_run *run, const char *name, char **out) {
    if (name[0] == '/')
        return qn_mem_copy_text(out, name);
    return qn_format(out, "%s/%s", run->job.output, name);
}

static qn_status save_model(qn_run *run) {
    char *path = NULL;
    qn_status status =
        qn_comm_agree(run->comm, qn_run_output_path(run, run->job.model_path, &path));
    if (status == QN_OK)
        status = qn_pipeline_save(run->pipeline, run->comm, path);
    qn_mem_free(path);
    return status;
}

static const qn_stage *model_of(const qn_run *run) {
    return run->job.stages[run->job.stage_count - 1];
}

static const char *option_or(const qn_stage *stage, const char *name) {
    return qn_options_has(stage->options, name) ? qn_options_text(stage->options, name) : NULL;
}

static qn_status evaluate(qn_run *run, int32_t which, qn_metrics *out) {
    const qn_stage *model = model_of(run);
    qn_stream *stream = NULL;
    qn_status status = open_staged(run, which, run->job.stage_count, &stream);
    QN_TRY(qn_comm_agree(run->comm, status));
    qn_evaluate_request request = {.label_col = qn_options_text(model->options, "label_col"),
                                   .prediction_col =
                                       qn_options_text(model->options, "prediction_col"),
                                   .weight_col = option_or(model, "weight_col")};
    status = qn_evaluate(stream, run->comm, &request, out);
    if (status != QN_OK)
        qn_error_prefix("%s rows: ", which == 0 ? "training" : "test");
    qn_stream_free(stream);
    return status;
}

/* Columns by name, in the order of the names. */
static qn_status select_columns(qn_stream **stream, char *const *names, int64_t count) {
    int32_t *columns = NULL;
    QN_TRY(qn_mem_alloc(&columns, (size_t)count, sizeof *columns));
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count && status == QN_OK; i++)
        status = qn_schema_require(&(*stream)->schema, names[i], &columns[i]);
    if (status == QN_OK) {
        qn_stream *selected = NULL;
        status = qn_select_open(&selected, *stream, columns, (int32_t)count);
        *stream = selected;
    }
    qn_mem_free(columns);
    return status;
}

static qn_status base_schema(const qn_run *run, qn_schema *out) {
    if (run->job.has_sql)
        return qn_stage_bind(run->job.stages[0], &run->input->schema, out);
    return qn_schema_copy(out, &run->input->schema);
}

/* What was there before the stages, the SQL step's columns or the input's, as far as the stages
 * left it in `rows`. */
static qn_status base_columns(const qn_run *run, const qn_schema *rows, const char *more,
                              char ***out, int64_t *count) {
    qn_schema base;
    QN_TRY(base_schema(run, &base));
    char **names = NULL;
    qn_status status = qn_mem_calloc(&names, (size_t)base.count + 1, sizeof *names);
    int64_t n = 0;
    for (int32_t i = 0; i < base.count && status == QN_OK; i++)
        if (qn_schema_find(rows, base.fields[i].name) >= 0)
            status = qn_mem_copy_text(&names[n++], base.fields[i].name);
    if (status == QN_OK && more != NULL && qn_schema_find(&base, more) < 0)
        status = qn_mem_copy_text(&names[n++], more);
    qn_schema_clear(&base);
    if (status == QN_OK && n == 0)
        status = qn_fail(QN_JOB, "the stages leave no column of the input: set "
                                 "save.features.columns");
    if (status != QN_OK) {
        qn_mem_free_all(names, n);
        return status;
    }
    *out = names;
    *count = n;
    return QN_OK;
}

static qn_status write_predictions(qn_run *run) {
    const char *prediction = qn_options_text(model_of(run)->options, "prediction_col");
    qn_stream *stream = NULL;
    char **names = NULL, *path = NULL;
    int64_t count = 0, rows = 0;
    qn_status status = open_staged(run, run->job.test > 0 ? 1 : 0, run->job.stage_count, &stream);
    if (status == QN_OK)
        status = base_columns(run, &stream->schema, prediction, &names, &count);
    if (status == QN_OK)
        status = select_columns(&stream, names, count);
    if (status == QN_OK)
        status = qn_run_output_path(run, run->job.predictions_path, &path);
    status = qn_comm_agree(run->comm, status);
    if (status == QN_OK)
        status = qn_write(stream, run->comm, path, &rows);
    qn_stream_free(stream);
    qn_mem_free(path);
    qn_mem_free_all(names, count);
    return status;
}

/* Where a version's rows come from: the job's text, its inputs and its seed. */
static json_t *job_lineage(const qn_run *run) {
    const qn_job *job = &run->job;
    json_t *inputs = json_array();
    for (int64_t i = 0; i < job->input_count; i++)
        json_array_append_new(inputs, json_string(job->inputs[i]));
    for (int64_t i = 0; i < job->table_count; i++)
        for (int64_t k = 0; k < job->tables[i].path_count; k++)
            json_array_append_new(inputs, json_string(job->tables[i].paths[k]));
    return json_pack("{s:s, s:s, s:o, s:I, s:i}", "job", job->yaml.path, "text", job->yaml.source,
                     "inputs", inputs, "seed", (json_int_t)job->seed, "ranks",
                     qn_comm_size(run->comm));
}

/* Rows with the name of their cell, if the job asks for it. */
static qn_status label_cells(const qn_run *run, qn_stream **stream) {
    static const char *const names[] = {"train", "test"};
    const qn_job *job = &run->job;
    const double weights[] = {job->train, job->test};
    qn_stream *in = *stream;
    if (job->split_column == NULL)
        return QN_OK;
    *stream = NULL;
    return qn_split_label_open(stream, in, weights, names, 2, (uint64_t)job->seed,
                               job->split_column);
}

/* Adds a name to a list that base_columns made, unless it is there. */
static qn_status add_name(char ***names, int64_t *count, const char *name) {
    for (int64_t i = 0; i < *count; i++)
        if (strcmp((*names)[i], name) == 0)
            return QN_OK;
    int64_t capacity = *count;
    QN_TRY(qn_mem_reserve(names, &capacity, *count + 1, sizeof **names));
    QN_TRY(qn_mem_copy_text(&(*names)[*count], name));
    (*count)++;
    return QN_OK;
}

/* The columns of a version if the job does not name them. */
static qn_status default_columns(const qn_run *run, const qn_schema *rows, char ***names,
                                 int64_t *count) {
    const qn_job *job = &run->job;
    const char *vector = job->has_model ? option_or(model_of(run), "features_col") : NULL;
    QN_TRY(base_columns(run, rows, vector, names, count));
    if (job->split_column != NULL)
        QN_TRY(add_name(names, count, job->split_column));
    for (int64_t i = 0; i < job->partition_count; i++)
        QN_TRY(add_name(names, count, job->partition_by[i]));
    return QN_OK;
}

static qn_status open_features(const qn_run *run, qn_stream **out) {
    const qn_job *job = &run->job;
    qn_stream *stream = NULL;
    char **names = NULL;
    int64_t count = 0;
    qn_status status = open_staged(run, -1, job->stage_count - job->has_model, &stream);
    if (status == QN_OK)
        status = label_cells(run, &stream);
    if (status == QN_OK && job->feature_columns != NULL)
        status = select_columns(&stream, job->feature_columns, job->feature_column_count);
    else if (status == QN_OK) {
        status = default_columns(run, &stream->schema, &names, &count);
        if (status == QN_OK)
            status = select_columns(&stream, names, count);
    }
    qn_mem_free_all(names, count);
    if (status != QN_OK)
        qn_stream_free(stream);
    else
        *out = stream;
    return status;
}

static qn_status commit_features(qn_run *run) {
    const qn_job *job = &run->job;
    qn_stream *stream = NULL;
    char *path = NULL;
    qn_status status = open_features(run, &stream);
    if (status == QN_OK)
        status = qn_run_output_path(run, job->store_path, &path);
    status = qn_comm_agree(run->comm, status);
    qn_store_version version = {.version = -1};
    json_t *lineage = job_lineage(run), *quality = qn_run_quality_record(run);
    qn_store_options options = {.mode = QN_STORE_OVERWRITE,
                                .message = job->name,
                                .lineage = lineage,
                                .quality = quality,
                                .partition_by = (const char *const *)job->partition_by,
                                .partition_count = (int32_t)job->partition_count,
                                .execution = &run->execution};
    if (status == QN_OK)
        status = qn_store_write(stream, run->comm, path, job->group, &options, &version);
    run->version = version.version;
    run->feature_rows = version.rows;
    json_decref(lineage);
    json_decref(quality);
    qn_stream_free(stream);
    qn_mem_free(path);
    return status;
}

static qn_status train_evaluation(qn_run *run) {
    return evaluate(run, 0, &run->train);
}

static qn_status test_evaluation(qn_run *run) {
    return evaluate(run, 1, &run->test);
}

static qn_status settle(qn_run *run) {
    run->peak = qn_mem_peak();
    QN_TRY(qn_comm_max_i64(run->comm, &run->peak, 1));
    if (run->job.query != NULL)
        return qn_run_settle_query(run);
    qn_stream *scan = run->source != NULL ? run->source : run->input;
    return qn_settle_bad_records(scan, run->comm, run->job.read, &run->bad_rows);
}

/* ---- All of it ------------------------------------------------------------------------------ */

typedef struct job_step {
    const char *name;
    qn_status (*run)(qn_run *run);
    bool wanted;
} job_step;

static qn_status run_step(qn_run *run, const job_step *step) {
    double start = now();
    QN_TRY(qn_comm_agree(run->comm,
                         qn_status_file_write(run->comm, run->job.output, "running", step->name)));
    QN_TRY(qn_signal_agree(run->comm));
    QN_TRY(step->run(run));
    qn_info("%-20s %.2f s", step->name, now() - start);
    qn_debug("%s: %.1f MiB in use, %.1f MiB at most", step->name,
             (double)qn_mem_in_use() / (1 << 20), (double)qn_mem_peak() / (1 << 20));
    return QN_OK;
}

static void record_failure(qn_run *run, const char *name, qn_status status) {
    char packed[QN_ERROR_PACKED_SIZE];
    qn_error_pack(packed);
    const char *state = status == QN_STOPPED ? "stopped" : "failed";
    if (qn_status_file_write(run->comm, run->job.output, state, name) != QN_OK)
        qn_warn("cannot write status.json: %s", qn_last_error().message);
    qn_error_unpack(packed);
}

qn_status qn_run_execute(qn_run *run) {
    const qn_job *job = &run->job;
    const job_step steps[] = {
        {"check quality", qn_run_judge, job->quality != NULL},
        {"fit", fit, job->stage_count > 0},
        {"evaluate training", train_evaluation, job->has_model},
        {"evaluate test", test_evaluation, job->has_model && job->test > 0},
        {"save predictions", write_predictions, job->predictions_path != NULL},
        {"commit features", commit_features, job->store_path != NULL},
        {"save model", save_model, job->model_path != NULL && job->stage_count > 0},
        {"settle", settle, true},
    };
    QN_TRY(make_folder(run));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (!steps[i].wanted)
            continue;
        qn_status status = run_step(run, &steps[i]);
        if (status != QN_OK) {
            record_failure(run, steps[i].name, status);
            return status;
        }
    }
    return qn_comm_agree(run->comm, qn_status_file_write(run->comm, job->output, "done", "done"));
}

/* ---- Summary -------------------------------------------------------------------------------- */

static bool is_wanted(const qn_job *job, const char *metric) {
    for (int64_t i = 0; i < job->metric_count; i++)
        if (strcmp(job->metrics[i], metric) == 0)
            return true;
    return job->metrics == NULL;
}

static double metric(const qn_metrics *metrics, const char *name) {
    double value = NAN;
    return qn_metrics_get(metrics, name, &value) == QN_OK ? value : NAN;
}

static void print_metrics(const qn_run *run) {
    bool tested = run->job.test > 0;
    printf("\n  %-10s %14s%s\n", "", "train", tested ? "           test" : "");
    for (const char *const *name = qn_metric_names; *name != NULL; name++) {
        if (!is_wanted(&run->job, *name))
            continue;
        printf("  %-10s %14.6g", *name, metric(&run->train, *name));
        if (tested)
            printf(" %14.6g", metric(&run->test, *name));
        putchar('\n');
    }
}

static qn_status print_model(const qn_run *run) {
    json_t *object = NULL;
    QN_TRY(qn_stage_describe(model_of(run), &object));
    printf("  model     %s, %zu features\n", model_of(run)->class_->name,
           json_array_size(json_object_get(object, "coefficients")));
    json_decref(object);
    print_metrics(run);
    return QN_OK;
}

static void print_rows(const qn_run *run) {
    printf("  rows      %lld to train on", (long long)run->train.rows);
    if (run->job.test > 0)
        printf(", %lld to test on", (long long)run->test.rows);
    if (run->bad_rows > 0)
        printf(", %lld bad ones left out", (long long)run->bad_rows);
    putchar('\n');
}

/* A path of the job file as it can be opened from here. */
static void print_place(const qn_run *run, const char *name) {
    if (name[0] == '/')
        printf("%s\n", name);
    else
        printf("%s/%s\n", run->job.output, name);
}

qn_status qn_run_print(const qn_run *run) {
    const qn_job *job = &run->job;
    printf("%s\n", job->name);
    if (job->has_model) {
        print_rows(run);
        QN_TRY(print_model(run));
    }
    putchar('\n');
    if (job->model_path != NULL) {
        printf("  wrote     ");
        print_place(run, job->model_path);
    }
    if (job->predictions_path != NULL) {
        printf("  wrote     ");
        print_place(run, job->predictions_path);
    }
    if (job->store_path != NULL) {
        printf("  committed version %lld of '%s' (%lld rows) to ", (long long)run->version,
               job->group, (long long)run->feature_rows);
        print_place(run, job->store_path);
    }
    int size = qn_comm_size(run->comm);
    printf("  took      %.2f s on %d rank%s, %.0f MiB at most on one\n", now() - run->started, size,
           size == 1 ? "" : "s", (double)run->peak / (1 << 20));
    return QN_OK;
}
