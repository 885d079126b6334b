#include "core/memory.h"
#include "features/operator/operator.h"

typedef struct project {
    qn_stream base;
    qn_stream *in;
    qn_expr **expressions;
    int32_t count;
} project;

static qn_status project_column(qn_column **out, const qn_batch *in, const qn_expr *expression) {
    int32_t index = qn_expr_column_index(expression);
    if (index < 0)
        return qn_expr_eval(expression, in, out);
    *out = qn_column_retain(in->columns[index]);
    return QN_OK;
}

qn_status qn_project_batch(qn_batch *out, const qn_batch *in, qn_expr *const *expressions,
                           int32_t count) {
    qn_batch made;
    qn_status status = QN_OK;
    qn_batch_init(&made);
    QN_TRY_GOTO(qn_batch_reserve(&made, count), done);
    made.length = in->length;
    made.first_row = in->first_row;
    for (int32_t i = 0; i < count; i++)
        QN_TRY_GOTO(project_column(&made.columns[i], in, expressions[i]), done);
    if (in->row_ids != NULL)
        made.row_ids = qn_column_retain(in->row_ids);
    qn_batch_move(out, &made);
done:
    qn_batch_clear(&made);
    return status;
}

static qn_status project_next(qn_stream *stream, qn_batch *out) {
    project *self = (project *)stream;
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TRY(qn_stream_next(self->in, &batch));
    if (batch.count == 0)
        return QN_OK;
    qn_status status = qn_project_batch(out, &batch, self->expressions, self->count);
    qn_batch_clear(&batch);
    return status;
}

static qn_status project_rewind(qn_stream *stream) {
    return qn_stream_rewind(((project *)stream)->in);
}

static void free_expressions(qn_expr *const *expressions, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        qn_expr_free(expressions[i]);
}

static void project_free(qn_stream *stream) {
    project *self = (project *)stream;
    qn_stream_free(self->in);
    free_expressions(self->expressions, self->count);
    qn_mem_free(self->expressions);
}

static const qn_stream_class project_class = {"project", project_next, project_rewind,
                                              project_free};

/* A bare column keeps all that is known of it, but its name. */
static qn_status add_output(qn_schema *schema, const qn_schema *in, const qn_expr *expression,
                            const char *name) {
    if (qn_schema_find(schema, name) >= 0)
        return qn_fail(QN_JOB, "two outputs are named '%s': give one another name with AS", name);
    int32_t index = qn_expr_column_index(expression);
    if (index < 0)
        return qn_schema_add(schema, name, qn_expr_type(expression));
    qn_field field = in->fields[index];
    field.name = (char *)(uintptr_t)name; /* copied by the schema */
    return qn_schema_add_field(schema, &field);
}

static qn_status bind_all(qn_schema *schema, const qn_schema *in, qn_expr *const *expressions,
                          const char *const *names, int32_t count, const qn_session *session) {
    if (count == 0)
        return qn_fail(QN_JOB, "a projection needs at least one output");
    for (int32_t i = 0; i < count; i++) {
        QN_TRY(qn_expr_bind_in(expressions[i], in, session));
        QN_TRY(add_output(schema, in, expressions[i], names[i]));
    }
    return QN_OK;
}

qn_status qn_project_open_in(qn_stream **out, qn_stream *in, qn_expr *const *expressions,
                             const char *const *names, int32_t count, const qn_session *session) {
    project *self = NULL;
    qn_schema schema;
    qn_status status = QN_OK;
    qn_expr **owned = NULL;
    qn_schema_init(&schema);
    QN_TRY_GOTO(bind_all(&schema, &in->schema, expressions, names, count, session), done);
    QN_TRY_GOTO(qn_mem_copy(&owned, expressions, (size_t)count, sizeof *expressions), done);
    QN_TRY_GOTO(qn_stream_new(&self, sizeof *self, &project_class, &schema), done);
    self->in = in;
    self->expressions = owned;
    self->count = count;
    *out = &self->base;
done:
    qn_schema_clear(&schema);
    if (status != QN_OK) {
        qn_mem_free(owned);
        free_expressions(expressions, count);
        qn_stream_free(in);
    }
    return status;
}

qn_status qn_project_open(qn_stream **out, qn_stream *in, qn_expr *const *expressions,
                          const char *const *names, int32_t count) {
    return qn_project_open_in(out, in, expressions, names, count, NULL);
}

static qn_status column_expressions(qn_expr **expressions, const char **names,
                                    const qn_schema *schema, const int32_t *columns,
                                    int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        names[i] = schema->fields[columns[i]].name;
        QN_TRY(qn_expr_column(&expressions[i], names[i], -1));
    }
    return QN_OK;
}

qn_status qn_select_open(qn_stream **out, qn_stream *in, const int32_t *columns, int32_t count) {
    qn_expr **expressions = NULL;
    const char **names = NULL;
    bool handed_over = false;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_calloc(&expressions, (size_t)count, sizeof *expressions), done);
    QN_TRY_GOTO(qn_mem_calloc(&names, (size_t)count, sizeof *names), done);
    QN_TRY_GOTO(column_expressions(expressions, names, &in->schema, columns, count), done);
    handed_over = true;
    QN_TRY_GOTO(qn_project_open(out, in, expressions, names, count), done);
done:
    if (!handed_over) {
        if (expressions != NULL)
            free_expressions(expressions, count);
        qn_stream_free(in);
    }
    qn_mem_free(expressions);
    qn_mem_free(names);
    return status;
}
