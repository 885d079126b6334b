#include "mpi/stage.h"

#include "core/memory.h"

#include <string.h>

/* Errors inside a stage are the stage's: its name goes in front, but for containers, whose
 * children have done so. */
static qn_status named(const qn_stage *stage, qn_status status) {
    if (status != QN_OK && stage->class_->children == NULL)
        qn_error_prefix("%s: ", stage->class_->name);
    return status;
}

/* ---- Classes -------------------------------------------------------------------------------- */

static qn_status fail_unknown(const qn_registry *registries, const char *name, int64_t count) {
    const char **names = NULL;
    QN_TRY(qn_mem_alloc(&names, (size_t)count, sizeof *names));
    int64_t i = 0;
    for (const qn_registry *registry = registries; *registry != NULL; registry++)
        for (qn_registry class_ = *registry; *class_ != NULL; class_++)
            names[i++] = (*class_)->name;
    const char *nearest = qn_nearest(name, names, count);
    qn_status status = qn_fail(QN_JOB, "unknown stage '%s'", name);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    qn_mem_free(names);
    return status;
}

qn_status qn_stage_find(const qn_registry *registries, const char *name,
                        const qn_stage_class **out) {
    int64_t count = 0;
    for (const qn_registry *registry = registries; *registry != NULL; registry++) {
        for (qn_registry class_ = *registry; *class_ != NULL; class_++, count++) {
            if (strcmp((*class_)->name, name) == 0) {
                *out = *class_;
                return QN_OK;
            }
        }
    }
    return fail_unknown(registries, name, count);
}

/* ---- Life ----------------------------------------------------------------------------------- */

qn_status qn_stage_new(qn_stage **out, const qn_stage_class *class_) {
    qn_stage *stage = NULL;
    QN_TRY(qn_mem_calloc(&stage, 1, class_->size));
    qn_status status = qn_options_new(&stage->options, class_->options);
    if (status != QN_OK) {
        qn_mem_free(stage);
        return status;
    }
    stage->class_ = class_;
    stage->fitted = class_->kind == QN_STAGE_TRANSFORMER;
    *out = stage;
    return QN_OK;
}

void qn_stage_free(qn_stage *stage) {
    if (stage == NULL)
        return;
    if (stage->class_->clear != NULL)
        stage->class_->clear(stage);
    qn_options_free(stage->options);
    qn_mem_free(stage);
}

int64_t qn_stage_children(const qn_stage *stage, qn_stage *const **out) {
    *out = NULL;
    return stage->class_->children != NULL ? stage->class_->children(stage, out) : 0;
}

qn_status qn_stage_set(qn_stage *stage, const char *option, const char *value) {
    return named(stage, qn_options_set(stage->options, option, value));
}

qn_status qn_stage_set_list(qn_stage *stage, const char *option, const char *const *values,
                            int64_t count) {
    return named(stage, qn_options_set_list(stage->options, option, values, count));
}

void qn_stage_set_execution(qn_stage *stage, const struct qn_execution *execution) {
    qn_stage *const *children;
    int64_t count = qn_stage_children(stage, &children);
    stage->execution = execution;
    for (int64_t i = 0; i < count; i++)
        qn_stage_set_execution(children[i], execution);
}

/* ---- Binding -------------------------------------------------------------------------------- */

qn_status qn_stage_bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    qn_schema_init(out);
    stage->wide = stage->class_->transform == NULL;
    stage->takes_all = false;
    qn_status status = named(stage, stage->class_->bind(stage, in, out));
    if (status != QN_OK)
        qn_schema_clear(out);
    return status;
}

static qn_status bind_only(qn_stage *stage, const qn_schema *in) {
    qn_schema out;
    QN_TRY(qn_stage_bind(stage, in, &out));
    qn_schema_clear(&out);
    return QN_OK;
}

/* Binds to the columns still needed but [first, end). *fine: it works without them. */
static qn_status bind_without(qn_stage *stage, const qn_schema *in, const bool *needed,
                              int32_t first, int32_t end, bool *fine) {
    qn_status status = QN_OK;
    qn_schema fewer;
    qn_schema_init(&fewer);
    for (int32_t i = 0; i < in->count; i++) {
        if (needed[i] && (i < first || i >= end))
            QN_TRY_GOTO(qn_schema_add_field(&fewer, &in->fields[i]), done);
    }
    status = bind_only(stage, &fewer);
    *fine = status == QN_OK;
    if (status != QN_MEMORY && status != QN_INTERNAL) {
        qn_error_clear();
        status = QN_OK;
    }
done:
    qn_schema_clear(&fewer);
    return status;
}

static qn_status drop_unneeded(qn_stage *stage, const qn_schema *in, int32_t first, int32_t end,
                               bool *needed) {
    bool fine = false;
    QN_TRY(bind_without(stage, in, needed, first, end, &fine));
    if (fine) {
        memset(needed + first, 0, (size_t)(end - first));
    } else if (end - first > 1) {
        int32_t middle = first + (end - first) / 2;
        QN_TRY(drop_unneeded(stage, in, first, middle, needed));
        QN_TRY(drop_unneeded(stage, in, middle, end, needed));
    }
    return QN_OK;
}

qn_status qn_stage_needs(qn_stage *stage, const qn_schema *in, bool *needed) {
    QN_TRY(bind_only(stage, in));
    memset(needed, 1, (size_t)in->count);
    if (in->count > 0 && !stage->takes_all)
        QN_TRY(drop_unneeded(stage, in, 0, in->count, needed));
    return bind_only(stage, in);
}

/* ---- Fitting -------------------------------------------------------------------------------- */

/* Gives the batches to `visit` until one fails, and reads on to the end even then. Of several
 * errors the first counts, as it would over several ranks. */
static qn_status visit_all(qn_stream *in, qn_stage_visit visit, void *context) {
    char error[QN_ERROR_PACKED_SIZE];
    qn_status visited = QN_OK;
    QN_TRY(qn_stream_rewind(in));
    for (bool more = true; more;) {
        qn_batch batch;
        qn_batch_init(&batch);
        qn_status status = qn_stream_next(in, &batch);
        if (status != QN_OK && visited == QN_OK)
            return status;
        more = status == QN_OK && batch.count > 0;
        if (more && visited == QN_OK && (visited = visit(context, &batch)) != QN_OK)
            qn_error_pack(error);
        qn_batch_clear(&batch);
    }
    if (visited != QN_OK)
        qn_error_unpack(error);
    return visited;
}

qn_status qn_stage_scan(qn_stream *in, qn_comm *comm, qn_stage_visit visit, void *context) {
    return qn_comm_agree(comm, visit_all(in, visit, context));
}

typedef struct shared_scan {
    qn_stage *const *stages;
    int64_t count;
    const qn_schema *schema;
} shared_scan;

static qn_status add_to_all(void *context, const qn_batch *batch) {
    const shared_scan *scan = context;
    for (int64_t i = 0; i < scan->count; i++) {
        qn_stage *stage = scan->stages[i];
        QN_TRY(named(stage, stage->class_->add(stage, scan->schema, batch)));
    }
    return QN_OK;
}

static qn_status empty_batch(const qn_schema *schema, qn_batch *out) {
    QN_TRY(qn_batch_reserve(out, schema->count));
    for (int32_t i = 0; i < schema->count; i++) {
        const qn_field *field = &schema->fields[i];
        QN_TRY(qn_column_new_null(&out->columns[i], field->type, 0, field->width));
    }
    return QN_OK;
}

static void forget_fit(qn_stage *stage) {
    qn_stage *const *children;
    int64_t count = qn_stage_children(stage, &children);
    for (int64_t i = 0; i < count; i++)
        forget_fit(children[i]);
    if (stage->class_->clear != NULL && stage->class_->children == NULL)
        stage->class_->clear(stage);
    stage->fitted = stage->class_->kind == QN_STAGE_TRANSFORMER;
}

/* Binds all and begins their summaries with a batch of no rows. */
static qn_status begin_fits(const shared_scan *scan) {
    qn_status status = QN_OK;
    qn_batch none;
    qn_batch_init(&none);
    for (int64_t i = 0; i < scan->count; i++) {
        forget_fit(scan->stages[i]);
        QN_TRY_GOTO(bind_only(scan->stages[i], scan->schema), done);
    }
    QN_TRY_GOTO(empty_batch(scan->schema, &none), done);
    status = add_to_all((void *)scan, &none);
done:
    qn_batch_clear(&none);
    return status;
}

static qn_status fit_by_scan(const shared_scan *scan, qn_stream *in, qn_comm *comm) {
    QN_TRY(qn_comm_agree(comm, begin_fits(scan)));
    QN_TRY(qn_stage_scan(in, comm, add_to_all, (void *)scan));
    for (int64_t i = 0; i < scan->count; i++) {
        qn_stage *stage = scan->stages[i];
        QN_TRY(qn_comm_agree(comm, named(stage, stage->class_->finish(stage, comm))));
        stage->fitted = true;
    }
    return QN_OK;
}

qn_status qn_stage_fit_together(qn_stage *const *stages, int64_t count, qn_stream *in,
                                qn_comm *comm) {
    shared_scan scan = {stages, count, &in->schema};
    qn_status status = fit_by_scan(&scan, in, comm);
    for (int64_t i = 0; status != QN_OK && i < count; i++)
        forget_fit(stages[i]);
    return status;
}

qn_status qn_stage_fit(qn_stage *stage, qn_stream *in, qn_comm *comm) {
    const qn_stage_class *class_ = stage->class_;
    if (class_->add != NULL)
        return qn_stage_fit_together(&stage, 1, in, comm);
    forget_fit(stage);
    QN_TRY(qn_comm_agree(comm, bind_only(stage, &in->schema)));
    if (class_->fit == NULL)
        return QN_OK;
    qn_status status = qn_comm_agree(comm, named(stage, class_->fit(stage, in, comm)));
    if (status != QN_OK)
        forget_fit(stage);
    stage->fitted = status == QN_OK;
    return status;
}

/* ---- Transforming --------------------------------------------------------------------------- */

qn_status qn_stage_transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                             qn_batch *out) {
    qn_batch_init(out);
    if (stage->wide)
        return named(stage, qn_fail(QN_JOB, "needs all rows: it works on a stream of them, not on "
                                            "a batch"));
    if (!stage->fitted)
        return named(stage, qn_fail(QN_JOB, "is not fitted"));
    qn_status status = named(stage, stage->class_->transform(stage, schema, in, out));
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}

typedef struct stage_stream {
    qn_stream base;
    const qn_stage *stage;
    qn_stream *in;
} stage_stream;

static qn_status stage_stream_next(qn_stream *stream, qn_batch *out) {
    stage_stream *self = (stage_stream *)stream;
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TRY(qn_stream_next(self->in, &batch));
    if (batch.count == 0) {
        qn_batch_move(out, &batch);
        return QN_OK;
    }
    qn_status status = qn_stage_transform(self->stage, &self->in->schema, &batch, out);
    qn_batch_clear(&batch);
    return status;
}

static qn_status stage_stream_rewind(qn_stream *stream) {
    return qn_stream_rewind(((stage_stream *)stream)->in);
}

static void stage_stream_free(qn_stream *stream) {
    qn_stream_free(((stage_stream *)stream)->in);
}

static const qn_stream_class stage_stream_class = {"stage", stage_stream_next, stage_stream_rewind,
                                                   stage_stream_free};

static qn_status open_narrow(qn_stage *stage, const qn_schema *schema, qn_stream *in,
                             qn_stream **out) {
    stage_stream *self = NULL;
    QN_TRY(qn_stream_new(&self, sizeof *self, &stage_stream_class, schema));
    self->stage = stage;
    self->in = in;
    *out = &self->base;
    return QN_OK;
}

/* ---- Wide stages ----------------------------------------------------------------------------- */

/* Opens when it is first asked for rows, which all ranks do together: so making it is local. */
typedef struct wide_stream {
    qn_stream base;
    const qn_stage *stage;
    const struct qn_execution *execution;
    qn_stream *in;   /* until it is open */
    qn_stream *rows; /* since then */
} wide_stream;

static qn_status open_rows(wide_stream *self) {
    const qn_stage *stage = self->stage;
    qn_stream *in = self->in;
    if (!stage->fitted)
        return named(stage, qn_fail(QN_JOB, "is not fitted"));
    self->in = NULL;
    return named(stage, stage->class_->open(stage, in, self->execution, &self->rows));
}

static qn_status wide_stream_next(qn_stream *stream, qn_batch *out) {
    wide_stream *self = (wide_stream *)stream;
    if (self->rows == NULL)
        QN_TRY(open_rows(self));
    return qn_stream_next(self->rows, out);
}

static qn_status wide_stream_rewind(qn_stream *stream) {
    wide_stream *self = (wide_stream *)stream;
    return qn_stream_rewind(self->rows != NULL ? self->rows : self->in);
}

static void wide_stream_free(qn_stream *stream) {
    qn_stream_free(((wide_stream *)stream)->in);
    qn_stream_free(((wide_stream *)stream)->rows);
}

static const qn_stream_class wide_stream_class = {"wide stage", wide_stream_next,
                                                  wide_stream_rewind, wide_stream_free};

static qn_status open_wide(qn_stage *stage, const qn_schema *schema, qn_stream *in,
                           qn_stream **out) {
    wide_stream *self = NULL;
    if (stage->execution == NULL)
        return named(stage, qn_fail(QN_INTERNAL, "needs all rows, and was given nothing to run "
                                                 "with (qn_stage_set_execution)"));
    QN_TRY(qn_stream_new(&self, sizeof *self, &wide_stream_class, schema));
    self->stage = stage;
    self->execution = stage->execution;
    self->in = in;
    *out = &self->base;
    return QN_OK;
}

qn_status qn_stage_stream(qn_stream **out, qn_stage *stage, qn_stream *in) {
    qn_schema schema;
    qn_status status = qn_stage_bind(stage, &in->schema, &schema);
    if (status == QN_OK) {
        status = (stage->wide ? open_wide : open_narrow)(stage, &schema, in, out);
        qn_schema_clear(&schema);
    }
    if (status != QN_OK)
        qn_stream_free(in);
    return status;
}
