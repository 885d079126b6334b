/* DISTINCT: each rank keeps the first of its equal rows; the rank that a row's hash belongs to says
 * which rank has the first of all. Rows stay where they are, only keys move. */
#include "core/key/key.h"
#include "core/memory.h"
#include "features/aggregate/aggregate.h"
#include "features/wide/ask.h"
#include "features/wide/hold.h"
#include "features/wide/input.h"

typedef struct distinct {
    qn_result base;
    qn_execution execution;
    qn_stream *in;
    int32_t *keys;
    int32_t key_count;
    qn_hold result;
} distinct;

/* What is needed while building. */
typedef struct build {
    distinct *self;
    qn_comm *comm;
    qn_type *types;
    qn_column **columns; /* the keys of a batch */
    qn_hold hold;
    uint64_t *keep; /* bit i: held row i is in the result */
    int64_t slices; /* passes over the rows; each looks at its share of the hashes */
    int64_t slice;
    uint32_t *ids;    /* of a batch */
    uint64_t *hashes; /* of a batch */
    qn_key *key;
    qn_groups *groups;
    int64_t *firsts; /* held row of each group */
    int64_t capacity;
    int64_t *answers; /* of each group: its row is in the result */
} build;

static void forget_groups(build *now) {
    qn_groups_free(now->groups);
    qn_key_free(now->key);
    qn_mem_free(now->answers);
    now->groups = NULL;
    now->key = NULL;
    now->answers = NULL;
}

static void build_clear(build *now) {
    forget_groups(now);
    qn_hold_clear(&now->hold);
    qn_mem_free(now->types);
    qn_mem_free(now->columns);
    qn_mem_free(now->keep);
    qn_mem_free(now->ids);
    qn_mem_free(now->hashes);
    qn_mem_free(now->firsts);
}

static qn_status start_groups(build *now) {
    QN_TRY(qn_key_new(&now->key, now->types, now->self->key_count));
    return qn_groups_new(&now->groups, now->key);
}

static qn_status prepare(build *now) {
    const distinct *self = now->self;
    QN_TRY(qn_mem_alloc(&now->types, (size_t)self->key_count, sizeof *now->types));
    for (int32_t k = 0; k < self->key_count; k++)
        now->types[k] = self->base.schema.fields[self->keys[k]].type;
    QN_TRY(qn_mem_alloc(&now->columns, (size_t)self->key_count, sizeof *now->columns));
    QN_TRY(qn_mem_alloc(&now->ids, QN_BATCH_ROWS, sizeof *now->ids));
    QN_TRY(qn_mem_alloc(&now->hashes, QN_BATCH_ROWS, sizeof *now->hashes));
    QN_TRY(qn_hold_init(&now->hold, &self->execution, &self->base.schema, 1,
                        self->execution.memory / 4));
    return start_groups(now);
}

/* ---- Reading -------------------------------------------------------------------------------- */

static qn_status take_rows(qn_batch *out, const qn_batch *batch, const int64_t *rows,
                           int64_t count) {
    out->length = count;
    qn_status status = qn_batch_reserve(out, batch->count);
    for (int32_t c = 0; c < batch->count && status == QN_OK; c++)
        if (count == batch->length)
            out->columns[c] = qn_column_retain(batch->columns[c]);
        else
            status = qn_column_take(&out->columns[c], batch->columns[c], rows, count);
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}

static void find_columns(build *now, const qn_batch *batch) {
    for (int32_t k = 0; k < now->self->key_count; k++)
        now->columns[k] = batch->columns[now->self->keys[k]];
}

/* Rows that are the first of their kind on this rank, as far as is remembered. */
static qn_status hold_new(build *now, const qn_batch *batch) {
    int64_t rows[QN_BATCH_ROWS], count = 0, next = qn_groups_count(now->groups);
    const qn_key_rows *words = NULL;
    qn_batch kept;
    qn_batch_init(&kept);
    find_columns(now, batch);
    QN_TRY(qn_key_words(now->key, now->columns, batch->length, true, &words));
    QN_TRY(qn_groups_find(now->groups, words, true, now->ids));
    for (int64_t i = 0; i < batch->length; i++) {
        rows[count] = i;
        bool new = now->ids[i] == next;
        count += new;
        next += new;
    }
    if (count == 0)
        return QN_OK;
    QN_TRY(take_rows(&kept, batch, rows, count));
    return qn_hold_add(&now->hold, 0, &kept);
}

/* Past half of the memory no more is remembered: rows are kept as they come. */
static qn_status read_batches(build *now, qn_stream *in) {
    int64_t room = now->self->execution.memory / 2;
    for (bool remember = true;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        if (batch.count == 0)
            return QN_OK;
        if (!remember) {
            QN_TRY(qn_hold_add(&now->hold, 0, &batch));
            continue;
        }
        qn_status status = hold_new(now, &batch);
        qn_batch_clear(&batch);
        QN_TRY(status);
        remember = qn_groups_bytes(now->groups) + qn_key_bytes(now->key) < room;
        if (!remember)
            forget_groups(now);
    }
}

/* Collective. */
static qn_status read_input(build *now, bool *done) {
    qn_input input = {0};
    qn_status status = qn_input_start(&input, now->self->in);
    if (status == QN_OK)
        status = read_batches(now, &input.base);
    QN_TRY(qn_comm_agree(now->comm, qn_input_finish(&input, status)));
    *done = qn_comm_size(now->comm) == 1 && now->groups != NULL;
    forget_groups(now);
    return QN_OK;
}

/* ---- Deciding ------------------------------------------------------------------------------- */

/* The first of equal rows in order of the ranks. */
static qn_status decide(void *context, const qn_table *arrived, const int64_t *starts,
                        int64_t *answers) {
    const build *now = context;
    qn_key *key = NULL;
    qn_groups *groups = NULL;
    uint32_t *ids = NULL;
    int64_t at = 0, next = 0;
    (void)starts;
    qn_status status;
    QN_TRY_GOTO(qn_key_new(&key, now->types, now->self->key_count), done);
    QN_TRY_GOTO(qn_groups_new(&groups, key), done);
    for (int64_t b = 0; b < arrived->batch_count; at += arrived->batches[b++].length) {
        const qn_batch *batch = &arrived->batches[b];
        const qn_key_rows *words = NULL;
        QN_TRY_GOTO(qn_mem_resize(&ids, (size_t)batch->length, sizeof *ids), done);
        QN_TRY_GOTO(qn_key_words(key, batch->columns, batch->length, true, &words), done);
        QN_TRY_GOTO(qn_groups_find(groups, words, true, ids), done);
        for (int64_t i = 0; i < batch->length; i++) {
            answers[at + i] = ids[i] == next;
            next += ids[i] == next;
        }
    }
    status = QN_OK;
done:
    qn_groups_free(groups);
    qn_key_free(key);
    qn_mem_free(ids);
    return status;
}

static qn_status ask_of(const build *now, qn_table *questions, int64_t first, int64_t count) {
    qn_batch batch = {.length = count};
    uint32_t *ids = NULL;
    QN_TRY(qn_mem_alloc(&ids, (size_t)count, sizeof *ids));
    for (int64_t i = 0; i < count; i++)
        ids[i] = (uint32_t)(first + i);
    qn_status status = qn_batch_reserve(&batch, now->self->key_count);
    for (int32_t k = 0; k < now->self->key_count && status == QN_OK; k++)
        status = qn_groups_column(now->groups, k, ids, count, &batch.columns[k]);
    qn_mem_free(ids);
    if (status == QN_OK)
        return qn_table_add(questions, &batch);
    qn_batch_clear(&batch);
    return status;
}

static qn_status make_questions(build *now, qn_table *questions, const uint64_t **hashes) {
    int64_t groups = qn_groups_count(now->groups);
    for (int64_t at = 0; at < groups; at += QN_BATCH_ROWS)
        QN_TRY(
            ask_of(now, questions, at, groups - at < QN_BATCH_ROWS ? groups - at : QN_BATCH_ROWS));
    QN_TRY(qn_mem_alloc(&now->answers, (size_t)groups, sizeof *now->answers));
    return qn_groups_hashes(now->groups, hashes);
}

/* Groups of the rows of a batch that this pass looks at, by bits of the hash that choose no rank.
 */
static qn_status group_batch(build *now, const qn_batch *batch, int64_t first) {
    int64_t rows[QN_BATCH_ROWS], count = 0, next = qn_groups_count(now->groups);
    const qn_key_rows *words = NULL;
    qn_batch keys = {.length = batch->length}, chosen;
    find_columns(now, batch);
    QN_TRY(qn_key_hash(now->key, now->columns, batch->length, now->hashes));
    for (int64_t i = 0; i < batch->length; i++) {
        rows[count] = i;
        count += (int64_t)((now->hashes[i] & UINT32_MAX) % (uint64_t)now->slices) == now->slice;
    }
    qn_batch_init(&chosen);
    keys.count = now->self->key_count;
    keys.columns = now->columns; /* borrowed: not cleared */
    qn_status status;
    QN_TRY_GOTO(take_rows(&chosen, &keys, rows, count), done);
    QN_TRY_GOTO(qn_key_words(now->key, chosen.columns, count, true, &words), done);
    QN_TRY_GOTO(qn_groups_find(now->groups, words, true, now->ids), done);
    QN_TRY_GOTO(qn_mem_reserve(&now->firsts, &now->capacity, qn_groups_count(now->groups),
                               sizeof *now->firsts),
                done);
    for (int64_t i = 0; i < count; i++)
        if (now->ids[i] == next)
            now->firsts[next++] = first + rows[i];
done:
    qn_batch_clear(&chosen);
    return status;
}

static qn_status group_rows(build *now) {
    int64_t first = 0;
    QN_TRY(start_groups(now));
    QN_TRY(qn_hold_rewind(&now->hold));
    for (;;) {
        qn_batch batch;
        QN_TRY(qn_hold_next(&now->hold, &batch));
        if (batch.count == 0)
            return QN_OK;
        qn_status status = group_batch(now, &batch, first);
        first += batch.length;
        qn_batch_clear(&batch);
        QN_TRY(status);
    }
}

/* Collective. One pass. */
static qn_status run_slice(build *now) {
    qn_table questions;
    const uint64_t *hashes = NULL;
    qn_table_init(&questions);
    qn_status status = group_rows(now);
    if (status == QN_OK)
        status = make_questions(now, &questions, &hashes);
    QN_TRY_GOTO(qn_comm_agree(now->comm, status), done);
    QN_TRY_GOTO(qn_ask(now->comm, &questions, hashes, decide, now, now->answers), done);
    for (int64_t g = 0; g < qn_groups_count(now->groups); g++)
        if (now->answers[g])
            qn_bit_set(now->keep, now->firsts[g]);
done:
    qn_table_clear(&questions);
    forget_groups(now);
    return status;
}

/* Collective. As many passes as it takes for the distinct rows of one to fit in memory, should all
 * held rows be distinct. */
static qn_status run_slices(build *now) {
    int64_t bytes = now->hold.rows * (48 + 16 * now->self->key_count);
    now->slices = bytes / (now->self->execution.memory / 2 + 1) + 1;
    if (now->slices > QN_KEY_PARTITIONS)
        now->slices = QN_KEY_PARTITIONS;
    qn_status status =
        qn_mem_calloc(&now->keep, (size_t)qn_bit_words(now->hold.rows) + 1, sizeof *now->keep);
    QN_TRY(qn_comm_agree_max(now->comm, status, &now->slices));
    for (now->slice = 0; now->slice < now->slices; now->slice++)
        QN_TRY(run_slice(now));
    return QN_OK;
}

/* ---- The result ----------------------------------------------------------------------------- */

static qn_status collect(build *now) {
    distinct *self = now->self;
    QN_TRY(qn_hold_init(&self->result, &self->execution, &self->base.schema, 1,
                        self->execution.memory / 4));
    return qn_hold_keep(&self->result, &now->hold, now->keep);
}

static qn_status distinct_build(qn_result *result, const qn_execution *execution) {
    distinct *self = (distinct *)result;
    build now = {.self = self, .comm = execution->comm};
    bool finished = false;
    self->execution = *execution;
    qn_status status = prepare(&now);
    QN_TRY_GOTO(qn_comm_agree(now.comm, status), done);
    QN_TRY_GOTO(read_input(&now, &finished), done);
    if (finished) {
        self->result = now.hold;
        now.hold = (qn_hold){0};
    } else {
        QN_TRY_GOTO(run_slices(&now), done);
        status = collect(&now);
        QN_TRY_GOTO(qn_comm_agree(now.comm, status), done);
    }
    result->rows = self->result.rows;
done:
    build_clear(&now);
    return status;
}

static qn_status distinct_produce(qn_result *result, int64_t first, int64_t count, qn_batch *out) {
    return qn_hold_rows(&((distinct *)result)->result, first, count, out);
}

static void distinct_free(qn_result *result) {
    distinct *self = (distinct *)result;
    qn_hold_clear(&self->result);
    qn_mem_free(self->keys);
    qn_stream_free(self->in);
}

static const qn_result_class distinct_class = {"distinct", distinct_build, distinct_produce,
                                               distinct_free};

qn_status qn_distinct_open(qn_stream **out, qn_stream *in, const qn_execution *execution,
                           const int32_t *keys, int32_t key_count) {
    distinct *self = NULL;
    qn_status status;
    for (int32_t k = 0; k < key_count; k++)
        if (in->schema.fields[keys[k]].type == QN_VECTOR) {
            status = qn_fail(QN_JOB, "DISTINCT: '%s' is a vector, and vectors are not compared",
                             in->schema.fields[keys[k]].name);
            qn_stream_free(in);
            return status;
        }
    QN_TRY_GOTO(qn_result_new(&self, sizeof *self, &distinct_class, &in->schema), failed);
    QN_TRY_GOTO(qn_mem_copy(&self->keys, keys, (size_t)key_count, sizeof *keys), failed);
    self->key_count = key_count;
    self->in = in;
    return qn_wide_open(out, &self->base, execution);
failed:
    if (self != NULL)
        qn_result_free(&self->base);
    qn_stream_free(in);
    return status;
}
