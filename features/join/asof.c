/* As-of joins. A right side that is not large goes to every rank, and left batches pass through. */
#include "core/memory.h"
#include "features/join/asof_list.h"
#include "features/join/asof_wide.h"
#include "features/wide/input.h"

typedef struct asof {
    qn_stream base;
    qn_stream *left, *right; /* right: NULL once read */
    qn_execution execution;
    qn_asof_plan plan;
    qn_asof_list list;
    qn_ref *refs;
    bool started;
    qn_join_choice *choice; /* to be filled in; NULL: nobody asks */
    qn_stream *wide;        /* NULL: left batches pass through */
} asof;

/* Collective. This rank's right rows; how many all have. */
static qn_status read_right(asof *self, int64_t *rows) {
    qn_table *table = &self->list.right.table;
    qn_input input = {0};
    qn_status status = qn_input_start(&input, self->right);
    if (status == QN_OK)
        status = qn_join_collect(table, &input.base);
    QN_TRY(qn_comm_agree(self->execution.comm, qn_input_finish(&input, status)));
    qn_stream_free(self->right);
    self->right = NULL;
    *rows = table->row_count;
    return qn_comm_sum_i64(self->execution.comm, rows, 1);
}

/* How many right rows are sent to all ranks at most; -1: none are. */
static int64_t broadcast_rows(const asof *self) {
    const qn_join_plan *join = &self->plan.join;
    if (join->key_count == 0 || join->form == QN_JOIN_BROADCAST)
        return INT64_MAX;
    if (join->form == QN_JOIN_SHUFFLE)
        return -1;
    return qn_join_broadcast_rows(&join->right_schema);
}

static qn_status start_narrow(asof *self) {
    self->list.plan = &self->plan;
    QN_TRY(qn_asof_list_init(&self->list));
    QN_TRY(qn_mem_alloc(&self->refs, QN_BATCH_ROWS, sizeof *self->refs));
    return qn_stream_rewind(self->left);
}

static qn_status start_wide(asof *self) {
    qn_result *result = NULL;
    QN_TRY(qn_asof_wide_new(&result, &self->plan, &self->base.schema));
    qn_asof_wide_take(result, self->left, &self->list.right.table);
    self->left = NULL;
    return qn_wide_open(&self->wide, result, &self->execution);
}

/* Collective. */
static qn_status start(asof *self) {
    qn_comm *comm = self->execution.comm;
    int64_t rows = 0;
    QN_TRY(read_right(self, &rows));
    bool broadcast = rows <= broadcast_rows(self);
    qn_join_note(self->choice, &self->plan.join.right_schema, rows, broadcast);
    if (broadcast) {
        QN_TRY(qn_join_replicate(&self->list.right.table, comm));
        QN_TRY(qn_comm_agree(comm, start_narrow(self)));
    } else {
        QN_TRY(qn_comm_agree(comm, start_wide(self)));
    }
    self->started = true;
    return QN_OK;
}

/* Leaves rows without a match out, where that is asked for. */
static qn_status keep_matched(asof *self, const qn_batch *batch, qn_batch *out) {
    uint64_t *keep = NULL;
    int64_t n = 0;
    if (!self->plan.inner)
        return qn_batch_share(out, batch);
    QN_TRY(qn_mem_calloc(&keep, (size_t)qn_bit_words(batch->length), sizeof *keep));
    for (int64_t i = 0; i < batch->length; i++) {
        if (self->refs[i] == QN_REF_NULL)
            continue;
        qn_bit_set(keep, i);
        self->refs[n++] = self->refs[i];
    }
    qn_status status = qn_batch_filter(out, batch, keep);
    qn_mem_free(keep);
    return status;
}

static qn_status join_batch(asof *self, const qn_batch *batch, qn_batch *out) {
    QN_TRY(qn_asof_list_find(&self->list, batch->columns, batch->length, self->refs));
    QN_TRY(keep_matched(self, batch, out));
    return qn_table_take_all(out, &self->list.right.table, self->refs, out->length);
}

static qn_status asof_next(qn_stream *stream, qn_batch *out) {
    asof *self = (asof *)stream;
    qn_batch batch;
    qn_batch_init(&batch);
    if (!self->started)
        QN_TRY(start(self));
    if (self->wide != NULL)
        return qn_stream_next(self->wide, out);
    QN_TRY(qn_stream_next(self->left, &batch));
    if (batch.count == 0)
        return QN_OK;
    qn_status status = join_batch(self, &batch, out);
    if (status != QN_OK)
        qn_batch_clear(out);
    qn_batch_clear(&batch);
    return status;
}

static qn_status asof_rewind(qn_stream *stream) {
    asof *self = (asof *)stream;
    if (!self->started)
        return QN_OK;
    return qn_stream_rewind(self->wide != NULL ? self->wide : self->left);
}

static void asof_free(qn_stream *stream) {
    asof *self = (asof *)stream;
    qn_stream_free(self->wide);
    qn_asof_list_clear(&self->list);
    qn_mem_free(self->refs);
    qn_stream_free(self->left);
    qn_stream_free(self->right);
    qn_join_plan_clear(&self->plan.join);
}

static const qn_stream_class asof_class = {"asof", asof_next, asof_rewind, asof_free};

bool qn_asof_describe(qn_stream *stream, qn_join_choice *choice, bool follow) {
    asof *self = (asof *)stream;
    if (stream->class_ != &asof_class)
        return false;
    *choice = (qn_join_choice){.broadcast_rows = broadcast_rows(self)};
    self->choice = follow ? choice : NULL;
    return true;
}

/* ---- Opening ----------------------------------------------------------------------------------
 */

static qn_status check_on(const qn_schema *left, int32_t left_on, const qn_schema *right,
                          int32_t right_on) {
    const qn_field *a = &left->fields[left_on], *b = &right->fields[right_on];
    bool ordered = qn_type_is_numeric(a->type) || a->type == QN_DATE || a->type == QN_TIMESTAMP;
    if (a->type != b->type)
        return qn_fail(QN_JOB,
                       "an as-of join needs two columns of one type: '%s' is %s, '%s' is %s; cast "
                       "one of them",
                       a->name, qn_type_name(a->type), b->name, qn_type_name(b->type));
    if (!ordered)
        return qn_fail(QN_JOB,
                       "an as-of join goes by numbers, dates or timestamps; '%s' is of type %s",
                       a->name, qn_type_name(a->type));
    return QN_OK;
}

static qn_status plan_init(qn_asof_plan *plan, const qn_stream *left, const qn_stream *right,
                           const qn_asof_spec *spec) {
    qn_join_spec join = {.kind = QN_JOIN_LEFT,
                         .form = spec->form,
                         .left_keys = spec->left_keys,
                         .right_keys = spec->right_keys,
                         .key_count = spec->key_count,
                         .schema = spec->schema};
    *plan = (qn_asof_plan){.left_on = spec->left_on,
                           .right_on = spec->right_on,
                           .strict = spec->strict,
                           .forward = spec->forward,
                           .inner = spec->inner,
                           .tolerance = spec->tolerance};
    QN_TRY(check_on(&left->schema, spec->left_on, &right->schema, spec->right_on));
    return qn_join_plan_init(&plan->join, left, right, &join);
}

qn_status qn_asof_open(qn_stream **out, qn_stream *left, qn_stream *right,
                       const qn_execution *execution, const qn_asof_spec *spec) {
    asof *self = NULL;
    qn_asof_plan plan;
    qn_status status = plan_init(&plan, left, right, spec);
    if (status == QN_OK)
        status = qn_stream_new(&self, sizeof *self, &asof_class, spec->schema);
    if (status != QN_OK) {
        qn_join_plan_clear(&plan.join);
        qn_stream_free(left);
        qn_stream_free(right);
        return status;
    }
    self->plan = plan;
    self->left = left;
    self->right = right;
    self->execution = *execution;
    *out = &self->base;
    return QN_OK;
}
