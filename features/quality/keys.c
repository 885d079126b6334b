#include "features/quality/keys.h"

#include "core/memory.h"
#include "mpi/stage.h"

#include <stdio.h>

typedef struct keys {
    qn_stream base;
    qn_stream *in;
    const qn_rule *rule; /* whose columns they are; outlives the stream */
    qn_row_range *range;
} keys;

static qn_status number_rows(const qn_batch *in, qn_column **out) {
    QN_TRY(qn_column_new_raw(out, QN_INT64, in->length, 0));
    for (int64_t i = 0; i < in->length; i++)
        (*out)->i64[i] = qn_batch_row(in, i);
    return QN_OK;
}

static qn_status keys_of(const keys *self, const qn_batch *in, qn_batch *out) {
    uint64_t *present = NULL;
    qn_batch all;
    qn_batch_init(&all);
    qn_status status;
    QN_TRY_GOTO(qn_batch_reserve(&all, (int32_t)self->rule->column_count + 1), done);
    all.length = in->length;
    all.first_row = in->first_row;
    if (in->row_ids != NULL)
        all.row_ids = qn_column_retain(in->row_ids);
    QN_TRY_GOTO(number_rows(in, &all.columns[0]), done);
    for (int64_t i = 0; i < self->rule->column_count; i++)
        all.columns[i + 1] = qn_column_retain(in->columns[self->rule->columns[i]]);
    QN_TRY_GOTO(qn_rule_present(self->rule, in, &present), done);
    if (present != NULL)
        status = qn_batch_filter(out, &all, present);
    else
        qn_batch_move(out, &all);
done:
    qn_mem_free(present);
    qn_batch_clear(&all);
    return status;
}

static qn_status keys_next(qn_stream *stream, qn_batch *out) {
    keys *self = (keys *)stream;
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TRY(qn_stream_next(self->in, &batch));
    if (batch.count == 0)
        return QN_OK;
    qn_row_range_add(self->range, &batch);
    qn_status status = keys_of(self, &batch, out);
    qn_batch_clear(&batch);
    return status;
}

static qn_status keys_rewind(qn_stream *stream) {
    return qn_stream_rewind(((keys *)stream)->in);
}

static void keys_free(qn_stream *stream) {
    qn_stream_free(((keys *)stream)->in);
}

static const qn_stream_class keys_class = {"keys", keys_next, keys_rewind, keys_free};

static qn_status make_schema(const qn_rule *rule, const qn_schema *in, qn_schema *out) {
    QN_TRY(qn_schema_add(out, "r", QN_INT64));
    for (int64_t i = 0; i < rule->column_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "k%lld", (long long)i);
        QN_TRY(qn_schema_add(out, name, in->fields[rule->columns[i]].type));
    }
    return QN_OK;
}

qn_status qn_keys_open(qn_stream **out, const qn_rule *rule, const qn_rule_scene *scene,
                       qn_row_range *range) {
    keys *self = NULL;
    qn_schema schema;
    qn_schema_init(&schema);
    qn_stream *in = NULL;
    qn_status status;
    QN_TRY_GOTO(make_schema(rule, scene->schema, &schema), done);
    QN_TRY_GOTO(qn_stream_borrow(&in, scene->in), done);
    QN_TRY_GOTO(qn_stream_rewind(in), done);
    QN_TRY_GOTO(qn_stream_new(&self, sizeof *self, &keys_class, &schema), done);
    self->in = in;
    self->rule = rule;
    self->range = range;
    in = NULL;
    *out = &self->base;
done:
    qn_stream_free(in);
    qn_schema_clear(&schema);
    return status;
}

static qn_status mark(void *context, const qn_batch *batch) {
    qn_row_set *marked = context;
    for (int64_t i = 0; i < batch->length; i++)
        QN_TRY(qn_row_set_add(marked, batch->columns[0]->i64[i]));
    return QN_OK;
}

qn_status qn_keys_mark(qn_rule *rule, const qn_rule_scene *scene, qn_stream *rows,
                       const qn_row_range *range) {
    qn_row_set_clear(&rule->marked);
    qn_status status = qn_stage_scan(rows, scene->comm, mark, &rule->marked);
    qn_stream_free(rows);
    QN_TRY(status);
    return qn_row_set_exchange(&rule->marked, scene->comm, *range);
}
