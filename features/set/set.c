/* INTERSECT and EXCEPT: each rank counts its equal rows; the rank that a row's hash belongs to says
 * how many of them each rank keeps. Rows stay where they are until they are known to be in the
 * result. */
#include "features/set/union.h"

#include "core/key/key.h"
#include "core/memory.h"
#include "features/wide/ask.h"
#include "features/wide/hold.h"
#include "features/wide/input.h"

enum { LEFT, RIGHT, SIDES };

typedef struct set {
    qn_result base;
    qn_execution execution;
    qn_stream *inputs[SIDES];
    qn_set_kind kind;
    bool all;
    qn_hold result;
} set;

/* What is needed while building. */
typedef struct build {
    set *self;
    qn_comm *comm;
    qn_type *types;
    qn_hold holds[SIDES];
    uint64_t *keep; /* bit i: left row i is in the result */
    int64_t slices; /* passes over the rows; each looks at its share of the hashes */
    int64_t slice;
    uint32_t *ids;     /* of a batch */
    uint64_t *hashes;  /* of a batch */
    qn_key *key;       /* of this pass, */
    qn_groups *groups; /* its distinct rows, */
    int64_t *counts;   /* by group and side: how many there are here, */
    int64_t capacity;
    int64_t *quotas; /* and how many this rank keeps */
} build;

static void forget_groups(build *now) {
    qn_groups_free(now->groups);
    qn_key_free(now->key);
    qn_mem_free(now->quotas);
    now->groups = NULL;
    now->key = NULL;
    now->quotas = NULL;
}

static void build_clear(build *now) {
    forget_groups(now);
    for (int side = 0; side < SIDES; side++)
        qn_hold_clear(&now->holds[side]);
    qn_mem_free(now->types);
    qn_mem_free(now->keep);
    qn_mem_free(now->ids);
    qn_mem_free(now->hashes);
    qn_mem_free(now->counts);
}

/* ---- Reading -------------------------------------------------------------------------------- */

static qn_status prepare(build *now) {
    const qn_schema *schema = &now->self->base.schema;
    QN_TRY(qn_mem_alloc(&now->types, (size_t)schema->count, sizeof *now->types));
    for (int32_t c = 0; c < schema->count; c++)
        now->types[c] = schema->fields[c].type;
    QN_TRY(qn_mem_alloc(&now->ids, QN_BATCH_ROWS, sizeof *now->ids));
    QN_TRY(qn_mem_alloc(&now->hashes, QN_BATCH_ROWS, sizeof *now->hashes));
    for (int side = 0; side < SIDES; side++)
        QN_TRY(qn_hold_init(&now->holds[side], &now->self->execution, schema, 1,
                            now->self->execution.memory / 4));
    return QN_OK;
}

/* Collective. */
static qn_status read_side(build *now, int side) {
    qn_input input = {0};
    qn_status status = qn_input_start(&input, now->self->inputs[side]);
    if (status == QN_OK)
        status = qn_hold_read(&now->holds[side], 0, &input.base);
    return qn_comm_agree(now->comm, qn_input_finish(&input, status));
}

/* Collective. As many passes as it takes for the distinct rows of one to fit in memory, should all
 * rows be distinct. */
static qn_status plan_slices(build *now) {
    int64_t rows = now->holds[LEFT].rows + now->holds[RIGHT].rows;
    int64_t bytes = rows * (48 + 16 * now->self->base.schema.count);
    int64_t room = now->self->execution.memory / 2 + 1;
    now->slices = bytes / room + 1;
    if (now->slices > QN_KEY_PARTITIONS)
        now->slices = QN_KEY_PARTITIONS;
    qn_status status = qn_mem_calloc(&now->keep, (size_t)qn_bit_words(now->holds[LEFT].rows) + 1,
                                     sizeof *now->keep);
    return qn_comm_agree_max(now->comm, status, &now->slices);
}

/* ---- Counting ------------------------------------------------------------------------------- */

/* Groups of the rows of a batch that this pass looks at, by bits of the hash that choose no rank.
 * `rows`: which they are. */
static qn_status find_groups(build *now, const qn_batch *batch, bool insert, int64_t *rows,
                             int64_t *count) {
    const qn_key_rows *encoded = NULL;
    qn_batch chosen;
    qn_batch_init(&chosen);
    *count = 0;
    QN_TRY(qn_key_hash(now->key, batch->columns, batch->length, now->hashes));
    for (int64_t i = 0; i < batch->length; i++) {
        rows[*count] = i;
        *count += (int64_t)((now->hashes[i] & UINT32_MAX) % (uint64_t)now->slices) == now->slice;
    }
    qn_status status;
    QN_TRY_GOTO(qn_batch_reserve(&chosen, batch->count), done);
    for (int32_t c = 0; c < batch->count; c++)
        if (*count == batch->length)
            chosen.columns[c] = qn_column_retain(batch->columns[c]);
        else
            QN_TRY_GOTO(qn_column_take(&chosen.columns[c], batch->columns[c], rows, *count), done);
    QN_TRY_GOTO(qn_key_words(now->key, chosen.columns, *count, insert, &encoded), done);
    QN_TRY_GOTO(qn_groups_find(now->groups, encoded, insert, now->ids), done);
done:
    qn_batch_clear(&chosen);
    return status;
}

static qn_status count_batch(build *now, int side, const qn_batch *batch) {
    int64_t rows[QN_BATCH_ROWS], count = 0, known = qn_groups_count(now->groups);
    QN_TRY(find_groups(now, batch, true, rows, &count));
    int64_t groups = qn_groups_count(now->groups);
    QN_TRY(qn_mem_reserve(&now->counts, &now->capacity, groups * SIDES, sizeof *now->counts));
    for (int64_t i = known * SIDES; i < groups * SIDES; i++)
        now->counts[i] = 0;
    for (int64_t i = 0; i < count; i++)
        now->counts[(int64_t)now->ids[i] * SIDES + side]++;
    return QN_OK;
}

static qn_status count_side(build *now, int side) {
    QN_TRY(qn_hold_rewind(&now->holds[side]));
    for (;;) {
        qn_batch batch;
        QN_TRY(qn_hold_next(&now->holds[side], &batch));
        if (batch.count == 0)
            return QN_OK;
        qn_status status = count_batch(now, side, &batch);
        qn_batch_clear(&batch);
        QN_TRY(status);
    }
}

static qn_status count_rows(build *now) {
    QN_TRY(qn_key_new(&now->key, now->types, now->self->base.schema.count));
    QN_TRY(qn_groups_new(&now->groups, now->key));
    QN_TRY(count_side(now, LEFT));
    return count_side(now, RIGHT);
}

/* ---- Deciding ------------------------------------------------------------------------------- */

/* Of so many equal rows on the left and on the right, how many are in the result. */
static int64_t kept_of(const set *self, int64_t left, int64_t right) {
    if (self->kind == QN_SET_INTERSECT) {
        int64_t both = left < right ? left : right;
        return self->all ? both : both > 0;
    }
    if (self->all)
        return left > right ? left - right : 0;
    return left > 0 && right == 0;
}

/* Sums of the counts over the ranks that ask; then the first ranks' rows are kept. */
static qn_status decide(void *context, const qn_table *arrived, const int64_t *starts,
                        int64_t *answers) {
    const build *now = context;
    int32_t width = now->self->base.schema.count;
    qn_key *key = NULL;
    qn_groups *groups = NULL;
    uint32_t *ids = NULL;
    int64_t *sums = NULL, at = 0;
    (void)starts;
    qn_status status;
    QN_TRY_GOTO(qn_key_new(&key, now->types, width), done);
    QN_TRY_GOTO(qn_groups_new(&groups, key), done);
    QN_TRY_GOTO(qn_mem_alloc(&ids, (size_t)arrived->row_count, sizeof *ids), done);
    QN_TRY_GOTO(qn_mem_calloc(&sums, (size_t)arrived->row_count * SIDES, sizeof *sums), done);
    for (int64_t b = 0; b < arrived->batch_count; at += arrived->batches[b++].length) {
        const qn_batch *batch = &arrived->batches[b];
        const qn_key_rows *encoded = NULL;
        QN_TRY_GOTO(qn_key_words(key, batch->columns, batch->length, true, &encoded), done);
        QN_TRY_GOTO(qn_groups_find(groups, encoded, true, ids + at), done);
        for (int64_t i = 0; i < batch->length; i++)
            for (int side = 0; side < SIDES; side++)
                sums[(int64_t)ids[at + i] * SIDES + side] += batch->columns[width + side]->i64[i];
    }
    for (int64_t g = 0; g < qn_groups_count(groups); g++)
        sums[g * SIDES] = kept_of(now->self, sums[g * SIDES + LEFT], sums[g * SIDES + RIGHT]);
    at = 0;
    for (int64_t b = 0; b < arrived->batch_count; at += arrived->batches[b++].length)
        for (int64_t i = 0; i < arrived->batches[b].length; i++) {
            int64_t *left_over = &sums[(int64_t)ids[at + i] * SIDES];
            int64_t have = arrived->batches[b].columns[width + LEFT]->i64[i];
            answers[at + i] = have < *left_over ? have : *left_over;
            *left_over -= answers[at + i];
        }
done:
    qn_groups_free(groups);
    qn_key_free(key);
    qn_mem_free(ids);
    qn_mem_free(sums);
    return status;
}

/* Rows of a column of all groups; without a dictionary that is longer than they are. */
static qn_status cut_column(qn_column **out, const qn_column *column, int64_t first,
                            int64_t count) {
    qn_column *cut = NULL;
    QN_TRY(qn_column_slice(&cut, column, first, count));
    if (cut->dictionary == NULL || cut->dictionary->length <= count) {
        *out = cut;
        return QN_OK;
    }
    qn_status status = qn_column_decode(out, cut);
    qn_column_release(cut);
    return status;
}

static qn_status add_questions(const build *now, qn_table *out, qn_column *const *columns,
                               int64_t first, int64_t count) {
    qn_batch batch;
    qn_batch_init(&batch);
    batch.length = count;
    int32_t width = now->self->base.schema.count;
    qn_status status = qn_batch_reserve(&batch, width + SIDES);
    for (int32_t c = 0; c < width && status == QN_OK; c++)
        status = cut_column(&batch.columns[c], columns[c], first, count);
    for (int side = 0; side < SIDES && status == QN_OK; side++) {
        status = qn_column_new_raw(&batch.columns[width + side], QN_INT64, count, 0);
        for (int64_t i = 0; i < count && status == QN_OK; i++)
            batch.columns[width + side]->i64[i] = now->counts[(first + i) * SIDES + side];
    }
    if (status != QN_OK) {
        qn_batch_clear(&batch);
        return status;
    }
    return qn_table_add(out, &batch);
}

static qn_status make_questions(build *now, qn_table *out, const uint64_t **hashes) {
    int64_t groups = qn_groups_count(now->groups);
    int32_t width = now->self->base.schema.count;
    qn_column **columns = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&columns, (size_t)width, sizeof *columns), done);
    for (int32_t c = 0; c < width; c++)
        QN_TRY_GOTO(qn_groups_column(now->groups, c, NULL, groups, &columns[c]), done);
    for (int64_t at = 0; at < groups; at += QN_BATCH_ROWS)
        QN_TRY_GOTO(add_questions(now, out, columns, at,
                                  groups - at < QN_BATCH_ROWS ? groups - at : QN_BATCH_ROWS),
                    done);
    QN_TRY_GOTO(qn_mem_alloc(&now->quotas, (size_t)groups, sizeof *now->quotas), done);
    status = qn_groups_hashes(now->groups, hashes);
done:
    for (int32_t c = 0; columns != NULL && c < width; c++)
        qn_column_release(columns[c]);
    qn_mem_free(columns);
    return status;
}

/* Marks the first left rows of each group, up to its quota. */
static qn_status mark_batch(build *now, const qn_batch *batch, int64_t first) {
    int64_t rows[QN_BATCH_ROWS], count = 0;
    QN_TRY(find_groups(now, batch, false, rows, &count));
    for (int64_t i = 0; i < count; i++)
        if (now->quotas[now->ids[i]] > 0) {
            now->quotas[now->ids[i]]--;
            qn_bit_set(now->keep, first + rows[i]);
        }
    return QN_OK;
}

static qn_status mark_rows(build *now) {
    int64_t first = 0;
    QN_TRY(qn_hold_rewind(&now->holds[LEFT]));
    for (;;) {
        qn_batch batch;
        QN_TRY(qn_hold_next(&now->holds[LEFT], &batch));
        if (batch.count == 0)
            return QN_OK;
        qn_status status = mark_batch(now, &batch, first);
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
    qn_status status = count_rows(now);
    if (status == QN_OK)
        status = make_questions(now, &questions, &hashes);
    QN_TRY_GOTO(qn_comm_agree(now->comm, status), done);
    QN_TRY_GOTO(qn_ask(now->comm, &questions, hashes, decide, now, now->quotas), done);
    status = mark_rows(now);
    QN_TRY_GOTO(qn_comm_agree(now->comm, status), done);
done:
    qn_table_clear(&questions);
    forget_groups(now);
    return status;
}

/* ---- The result ----------------------------------------------------------------------------- */

static qn_status collect_result(build *now) {
    set *self = now->self;
    QN_TRY(qn_hold_init(&self->result, &self->execution, &self->base.schema, 1,
                        self->execution.memory / 4));
    QN_TRY(qn_hold_keep(&self->result, &now->holds[LEFT], now->keep));
    self->base.rows = self->result.rows;
    return QN_OK;
}

static qn_status run(build *now) {
    QN_TRY(qn_comm_agree(now->comm, prepare(now)));
    for (int side = 0; side < SIDES; side++)
        QN_TRY(read_side(now, side));
    QN_TRY(plan_slices(now));
    for (now->slice = 0; now->slice < now->slices; now->slice++)
        QN_TRY(run_slice(now));
    return qn_comm_agree(now->comm, collect_result(now));
}

static qn_status set_build(qn_result *result, const qn_execution *execution) {
    set *self = (set *)result;
    self->execution = *execution;
    build now = {.self = self, .comm = execution->comm};
    qn_status status = run(&now);
    build_clear(&now);
    return status;
}

static qn_status set_produce(qn_result *result, int64_t first, int64_t count, qn_batch *out) {
    return qn_hold_rows(&((set *)result)->result, first, count, out);
}

static void set_free(qn_result *result) {
    set *self = (set *)result;
    qn_hold_clear(&self->result);
    for (int side = 0; side < SIDES; side++)
        qn_stream_free(self->inputs[side]);
}

static const qn_result_class set_class = {"set", set_build, set_produce, set_free};

static qn_status check(const qn_schema *left, const qn_schema *right, qn_set_kind kind) {
    const char *name = kind == QN_SET_INTERSECT ? "INTERSECT" : "EXCEPT";
    QN_TRY(qn_union_check(left, right, name));
    for (int32_t c = 0; c < left->count; c++)
        if (left->fields[c].type == QN_VECTOR)
            return qn_fail(QN_JOB, "%s: column '%s' is a vector, which cannot be compared", name,
                           left->fields[c].name);
    return QN_OK;
}

qn_status qn_set_open(qn_stream **out, qn_stream *left, qn_stream *right,
                      const qn_execution *execution, qn_set_kind kind, bool all) {
    set *self = NULL;
    qn_status status = check(&left->schema, &right->schema, kind);
    if (status == QN_OK)
        status = qn_result_new(&self, sizeof *self, &set_class, &left->schema);
    if (status != QN_OK) {
        qn_stream_free(left);
        qn_stream_free(right);
        return status;
    }
    self->inputs[LEFT] = left;
    self->inputs[RIGHT] = right;
    self->kind = kind;
    self->all = all;
    return qn_wide_open(out, &self->base, execution);
}
