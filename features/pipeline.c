#include "features/pipeline.h"

#include "core/memory.h"
#include "features/prefix.h"
#include "features/wide/wide.h"

#include <stdio.h>
#include <string.h>

typedef struct pipeline {
    qn_stage base;
    int64_t count, capacity;
    qn_stage **stages;
    /* From the last bind: schemas[i] is the input of stage i. */
    int64_t schema_count;
    qn_schema *schemas;
} pipeline;

/* ---- Building ------------------------------------------------------------------------------- */

qn_status qn_pipeline_add(qn_stage *stage, qn_stage *child) {
    pipeline *self = (pipeline *)stage;
    if (stage->execution != NULL)
        qn_stage_set_execution(child, stage->execution);
    qn_status status =
        qn_mem_reserve(&self->stages, &self->capacity, self->count + 1, sizeof(qn_stage *));
    if (status != QN_OK) {
        qn_stage_free(child);
        return status;
    }
    self->stages[self->count++] = child;
    return QN_OK;
}

qn_status qn_pipeline_new(qn_stage **out, qn_stage *const *stages, int64_t count) {
    qn_stage *made = NULL;
    qn_status status = qn_stage_new(&made, &qn_pipeline_class);
    for (int64_t i = 0; i < count; i++) {
        if (status == QN_OK)
            status = qn_pipeline_add(made, stages[i]);
        else
            qn_stage_free(stages[i]);
    }
    if (status == QN_OK)
        *out = made;
    else
        qn_stage_free(made);
    return status;
}

static int64_t children(const qn_stage *stage, qn_stage *const **out) {
    *out = ((const pipeline *)stage)->stages;
    return ((const pipeline *)stage)->count;
}

/* ---- Binding -------------------------------------------------------------------------------- */

static void drop_schemas(pipeline *self) {
    for (int64_t i = 0; i < self->schema_count; i++)
        qn_schema_clear(&self->schemas[i]);
    qn_mem_free(self->schemas);
    self->schemas = NULL;
    self->schema_count = 0;
}

static bool is_estimator(const qn_stage *stage) {
    return stage->class_->kind != QN_STAGE_TRANSFORMER;
}

/* The last stage that is fitted; -1 if none is. */
static int64_t last_estimator(const pipeline *self) {
    int64_t last = self->count - 1;
    while (last >= 0 && !is_estimator(self->stages[last]))
        last--;
    return last;
}

static bool has_wide(const pipeline *self) {
    for (int64_t i = 0; i < self->count; i++)
        if (self->stages[i]->wide)
            return true;
    return false;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    pipeline *self = (pipeline *)stage;
    drop_schemas(self);
    QN_TRY(qn_mem_calloc(&self->schemas, (size_t)self->count + 1, sizeof *self->schemas));
    QN_TRY(qn_schema_copy(&self->schemas[0], in));
    for (int64_t i = 0; i < self->count; i++) {
        self->schema_count = i + 1;
        QN_TRY(qn_stage_bind(self->stages[i], &self->schemas[i], &self->schemas[i + 1]));
    }
    self->schema_count = self->count + 1;
    stage->wide = has_wide(self);
    if (last_estimator(self) < 0) /* nothing to fit */
        stage->fitted = true;
    return qn_schema_copy(out, &self->schemas[self->count]);
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static bool may_drop_rows(const qn_stage *stage) {
    const qn_options *set = stage->options;
    for (const qn_option *row = stage->class_->options; row->name != NULL; row++)
        if (row->type == QN_OPTION_CHOICE && qn_options_has(set, row->name) &&
            (qn_options_is(set, row->name, "skip") || qn_options_is(set, row->name, "drop")))
            return true;
    return false;
}

/* Can `stage` be fitted in one scan with those before it, on their common input? It must not read
 * their outputs (so it binds without them), and they must neither drop rows nor, being wide, give
 * other ones. */
static qn_status joins_scan(qn_stage *stage, const qn_stage *before, const qn_schema *common,
                            bool *joins) {
    *joins = false;
    if (stage->class_->add == NULL || before->class_->add == NULL || before->wide ||
        may_drop_rows(before))
        return QN_OK;
    qn_schema out;
    qn_status status = qn_stage_bind(stage, common, &out);
    if (status == QN_MEMORY || status == QN_INTERNAL)
        return status;
    *joins = status == QN_OK;
    if (status == QN_OK)
        qn_schema_clear(&out);
    else
        qn_error_clear();
    return QN_OK;
}

/* *end is behind the last stage that shares the scan of stage `first`. */
static qn_status find_group(const pipeline *self, int64_t first, int64_t *end) {
    bool joins = true;
    for (*end = first + 1; *end < self->count; ++*end) {
        QN_TRY(
            joins_scan(self->stages[*end], self->stages[*end - 1], &self->schemas[first], &joins));
        if (!joins)
            break;
    }
    return QN_OK;
}

/* Binds stages [first, end) one after the other to the output of those before. */
static qn_status rebind(pipeline *self, int64_t first, int64_t end) {
    for (int64_t i = first; i < end; i++) {
        qn_schema out;
        QN_TRY(qn_stage_bind(self->stages[i], &self->schemas[i], &out));
        qn_schema_clear(&self->schemas[i + 1]);
        self->schemas[i + 1] = out;
    }
    return QN_OK;
}

/* What a fit reads: the source as the stages before `end` transform it. It grows with the fit: a
 * wide stage's rows, which its stream keeps, are computed once for all fits behind it, and those of
 * stages in between are kept as far as they fit. */
typedef struct staged_rows {
    qn_stream *rows; /* a prefix */
    int64_t end;
} staged_rows;

/* Local. On failure the rows are gone. */
static qn_status extend(pipeline *self, staged_rows *in, int64_t end) {
    for (; in->end < end; in->end++) {
        qn_stage *stage = self->stages[in->end];
        if (!stage->wide) {
            QN_TRY(qn_prefix_add(in->rows, stage, &self->schemas[in->end],
                                 &self->schemas[in->end + 1]));
            continue;
        }
        QN_TRY(qn_prefix_keep(in->rows, false, NULL));
        int64_t budget = qn_prefix_left(in->rows);
        qn_stream *rows = in->rows;
        in->rows = NULL;
        QN_TRY(qn_stage_stream(&rows, stage, rows));
        QN_TRY(qn_prefix_open(&in->rows, rows, budget));
    }
    return QN_OK;
}

/* Marks the columns of `schema` that a stage needs of its input, `in`, which has most of them. Not
 * *fine: it names none, so it may look at all (to drop rows with nulls, say). */
static qn_status mark_needs(qn_stage *stage, const qn_schema *in, const qn_schema *schema,
                            bool *needed, bool *fine) {
    bool *own = NULL, any = false;
    QN_TRY(qn_mem_alloc(&own, (size_t)in->count, sizeof *own));
    qn_status status = qn_stage_needs(stage, in, own);
    for (int32_t i = 0; status == QN_OK && i < in->count; i++) {
        int32_t index = own[i] ? qn_schema_find(schema, in->fields[i].name) : -1;
        any = any || own[i];
        if (index >= 0)
            needed[index] = true;
    }
    *fine = *fine && any;
    qn_mem_free(own);
    return status;
}

/* Do stages [first, last] bind one after the other to the marked columns alone? Without some that
 * they might use, they could leave out columns which a later one asks for. */
static qn_status bind_marked(pipeline *self, int64_t first, int64_t last, const bool *needed,
                             bool *fine) {
    qn_schema rows;
    qn_schema_init(&rows);
    qn_status status = QN_OK;
    for (int32_t i = 0; i < self->schemas[first].count; i++)
        if (needed[i])
            QN_TRY_GOTO(qn_schema_add_field(&rows, &self->schemas[first].fields[i]), done);
    for (int64_t i = first; i <= last; i++) {
        qn_schema next;
        QN_TRY_GOTO(qn_stage_bind(self->stages[i], &rows, &next), done);
        qn_schema_clear(&rows);
        rows = next;
    }
done:
    *fine = status == QN_OK;
    qn_schema_clear(&rows);
    if (status != QN_OK && status != QN_MEMORY && status != QN_INTERNAL) {
        qn_error_clear();
        status = QN_OK;
    }
    return status;
}

/* Which columns of stage `first`'s input the fits from there on need. All of them where a stage
 * might look at any (SQL statements, stages inside others). */
static qn_status needed_columns(pipeline *self, int64_t first, int64_t last, bool **out) {
    const qn_schema *schema = &self->schemas[first];
    bool *needed = NULL, fine = true;
    qn_status status = QN_OK;
    for (int64_t i = first; i <= last; i++)
        if (self->stages[i]->class_->open != NULL)
            return QN_OK;
    QN_TRY(qn_mem_calloc(&needed, (size_t)schema->count, sizeof *needed));
    for (int64_t i = first; i <= last && status == QN_OK; i++)
        status = mark_needs(self->stages[i], &self->schemas[i], schema, needed, &fine);
    if (status == QN_OK && fine)
        status = bind_marked(self, first, last, needed, &fine);
    if (status == QN_OK)
        status = rebind(self, first, self->count);
    if (status == QN_OK && fine) {
        *out = needed;
        return QN_OK;
    }
    qn_mem_free(needed);
    return status;
}

/* Before the scans of stages [first, end): their rows are kept if they will be read again. */
static qn_status prepare_scan(pipeline *self, staged_rows *in, int64_t first, int64_t end) {
    const qn_stage *stage = self->stages[first];
    int64_t last = last_estimator(self);
    bool again = last >= end ||
                 (stage->class_->add == NULL &&
                  (stage->class_->kind == QN_STAGE_PREDICTOR || stage->class_->children != NULL));
    bool *needed = NULL;
    if (again)
        QN_TRY(needed_columns(self, first, last, &needed));
    qn_status status = qn_prefix_keep(in->rows, again, needed);
    qn_mem_free(needed);
    return status;
}

/* Fits stage `first` and those that can share its scan; *end is behind the last of them. */
static qn_status fit_group(pipeline *self, int64_t first, staged_rows *in, qn_comm *comm,
                           int64_t *end) {
    qn_stage *const *stages = self->stages + first;
    qn_status status = extend(self, in, first);
    if (status == QN_OK)
        status = find_group(self, first, end);
    if (status == QN_OK)
        status = prepare_scan(self, in, first, *end);
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(*end > first + 1 ? qn_stage_fit_together(stages, *end - first, in->rows, comm)
                            : qn_stage_fit(stages[0], in->rows, comm));
    return qn_prefix_settle(in->rows, comm);
}

static qn_status fit_stages(pipeline *self, staged_rows *in, qn_comm *comm) {
    for (int64_t i = in->end; i < self->count;) {
        int64_t end = i + 1;
        if (is_estimator(self->stages[i]))
            QN_TRY(fit_group(self, i, in, comm, &end));
        QN_TRY(qn_comm_agree(comm, rebind(self, i, self->count)));
        i = end;
    }
    return QN_OK;
}

/* Wide stages run within what was set, or else the defaults, on this communicator. */
static qn_status fit_from(qn_stage *stage, int64_t first, qn_stream *in, qn_comm *comm) {
    staged_rows rows = {.end = first};
    const qn_execution *given = stage->execution;
    qn_execution execution = given != NULL ? *given : qn_execution_of(comm);
    execution.comm = comm;
    qn_stream *source = NULL;
    qn_status status = qn_stream_borrow(&source, in);
    if (status == QN_OK)
        status = qn_prefix_open(&rows.rows, source, execution.cache);
    status = qn_comm_agree(comm, status);
    qn_stage_set_execution(stage, &execution);
    if (status == QN_OK)
        status = fit_stages((pipeline *)stage, &rows, comm);
    qn_stream_free(rows.rows);
    qn_stage_set_execution(stage, given);
    return status;
}

static qn_status fit(qn_stage *stage, qn_stream *in, qn_comm *comm) {
    return fit_from(stage, 0, in, comm);
}

qn_status qn_pipeline_fit_rest(qn_stage *stage, const qn_schema *source, int64_t applied,
                               qn_stream *in, qn_comm *comm) {
    qn_schema out;
    qn_status status = qn_stage_bind(stage, source, &out);
    if (status == QN_OK)
        qn_schema_clear(&out);
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(qn_comm_agree(comm, fit_from(stage, applied, in, comm)));
    stage->fitted = true;
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

/* Takes `batch` through all stages; in place. */
static qn_status run_stages(const pipeline *self, qn_batch *batch) {
    for (int64_t i = 0; i < self->count; i++) {
        qn_batch next;
        QN_TRY(qn_stage_transform(self->stages[i], &self->schemas[i], batch, &next));
        qn_batch_clear(batch);
        qn_batch_move(batch, &next);
    }
    return QN_OK;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const pipeline *self = (const pipeline *)stage;
    if (self->schema_count != self->count + 1 || !qn_schema_equal(&self->schemas[0], schema))
        return qn_fail(QN_INTERNAL, "the pipeline was not bound to this input");
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TRY(qn_batch_share(&batch, in));
    qn_status status = run_stages(self, &batch);
    if (status == QN_OK)
        qn_batch_move(out, &batch);
    else
        qn_batch_clear(&batch);
    return status;
}

/* One stream after the other. They open within the execution that the stages inside were given,
 * which is `execution`. */
static qn_status open(const qn_stage *stage, qn_stream *in, const qn_execution *execution,
                      qn_stream **out) {
    const pipeline *self = (const pipeline *)stage;
    qn_stream *rows = in;
    qn_status status = QN_OK;
    for (int64_t i = 0; i < self->count && status == QN_OK; i++) {
        in = rows;
        rows = NULL;
        status = qn_stage_stream(&rows, self->stages[i], in);
    }
    status = qn_comm_agree(execution->comm, status);
    if (status == QN_OK)
        *out = rows;
    else
        qn_stream_free(rows);
    return status;
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status persist_stage(pipeline *self, qn_archive *archive, int64_t i) {
    char group[32];
    snprintf(group, sizeof group, "%03lld", (long long)i);
    if (qn_archive_writing(archive))
        return qn_stage_save(self->stages[i], archive, group);
    qn_stage *child = NULL;
    QN_TRY(qn_stage_load(&child, self->base.registries, archive, group));
    return qn_pipeline_add(&self->base, child);
}

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    pipeline *self = (pipeline *)stage;
    int64_t count = self->count;
    QN_TRY(qn_archive_int(archive, "stage_count", &count));
    QN_TRY(qn_archive_enter(archive, "stages"));
    for (int64_t i = 0; i < count; i++)
        QN_TRY(persist_stage(self, archive, i));
    return qn_archive_leave(archive);
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    const pipeline *self = (const pipeline *)stage;
    json_t *array = json_array();
    qn_status status = QN_OK;
    for (int64_t i = 0; i < self->count; i++) {
        json_t *child = NULL;
        QN_TRY_GOTO(qn_stage_describe(self->stages[i], &child), done);
        if (json_array_append_new(array, child) != 0)
            QN_TRY_GOTO(qn_fail(QN_MEMORY, "out of memory"), done);
    }
    if (json_object_set(object, "stages", array) != 0)
        status = qn_fail(QN_MEMORY, "out of memory");
done:
    json_decref(array);
    return status;
}

static void clear(qn_stage *stage) {
    pipeline *self = (pipeline *)stage;
    drop_schemas(self);
    for (int64_t i = 0; i < self->count; i++)
        qn_stage_free(self->stages[i]);
    qn_mem_free(self->stages);
    self->stages = NULL;
    self->count = self->capacity = 0;
}

static const qn_option options[] = {{NULL, 0, NULL, NULL, NULL}};

const qn_stage_class qn_pipeline_class = {
    .name = "pipeline",
    .help = "stages one after the other",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(pipeline),
    .options = options,
    .bind = bind,
    .fit = fit,
    .transform = transform,
    .open = open,
    .persist = persist,
    .describe = describe,
    .children = children,
    .clear = clear,
};

/* ---- Model files ---------------------------------------------------------------------------- */

qn_status qn_pipeline_save(qn_stage *stage, qn_comm *comm, const char *path) {
    qn_archive *archive = NULL;
    QN_TRY(qn_archive_create(&archive, comm, path, "model"));
    qn_status status = qn_stage_save(stage, archive, "model");
    if (status != QN_OK) {
        qn_archive_discard(archive);
        return status;
    }
    return qn_archive_close(archive);
}

qn_status qn_pipeline_load(qn_stage **out, qn_comm *comm, const char *path,
                           const qn_registry *registries) {
    qn_archive *archive = NULL;
    qn_stage *stage = NULL;
    QN_TRY(qn_archive_open(&archive, comm, path, "model"));
    qn_status status = qn_stage_load(&stage, registries, archive, "model");
    if (status != QN_OK) {
        qn_archive_discard(archive);
        return status;
    }
    status = qn_archive_close(archive);
    if (status != QN_OK)
        qn_stage_free(stage);
    else
        *out = stage;
    return status;
}
