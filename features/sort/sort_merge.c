#include "features/sort/sort_merge.h"

#include "core/memory.h"

/* Where a lane stands. */
typedef struct cursor {
    qn_stream *lane;
    int64_t batch; /* in `live` */
    int64_t row, length;
    uint64_t *prefixes; /* of the batch's first key */
    bool exact, ended;
} cursor;

struct qn_merge {
    qn_scratch *scratch;
    const qn_schema *schema;
    const qn_sort_key *keys;
    int32_t key_count;
    cursor *cursors;
    int32_t count;
    int32_t *tree; /* of losers: node i plays below node i / 2; tree[0] is the winner */
    qn_table live; /* batches that cursors or rows of the present output stand in */
    int64_t position;
    qn_ref *refs; /* of the present output */
};

/* ---- Cursors -------------------------------------------------------------------------------- */

/* The lane's next batch that has rows. */
static qn_status load(qn_merge *self, cursor *at) {
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TRY(qn_stream_next(at->lane, &batch));
    at->ended = batch.count == 0;
    if (at->ended)
        return QN_OK;
    at->row = 0;
    at->length = batch.length;
    at->batch = self->live.batch_count;
    at->exact = qn_order_prefixes(&batch, self->keys, self->key_count, at->prefixes);
    return qn_table_add(&self->live, &batch);
}

static bool is_less(const qn_merge *self, int32_t a, int32_t b) {
    const cursor *x = &self->cursors[a], *y = &self->cursors[b];
    if (x->ended || y->ended)
        return !x->ended;
    uint64_t p = x->prefixes[x->row], q = y->prefixes[y->row];
    if (p != q)
        return p < q;
    if (!x->exact || !y->exact || self->key_count > 1) {
        int compared = qn_order_compare_rows(&self->live.batches[x->batch], x->row,
                                             &self->live.batches[y->batch], y->row, self->keys,
                                             self->key_count);
        if (compared != 0)
            return compared < 0;
    }
    return a < b;
}

/* ---- The tree ------------------------------------------------------------------------------- */

/* Plays a lane against the losers on its way up. */
static void replay(qn_merge *self, int32_t lane) {
    int32_t winner = lane;
    for (int32_t node = (lane + self->count) / 2; node > 0; node /= 2)
        if (is_less(self, self->tree[node], winner)) {
            int32_t loser = winner;
            winner = self->tree[node];
            self->tree[node] = loser;
        }
    self->tree[0] = winner;
}

/* The winner below a node; leaves are nodes count .. 2 count - 1. Plays all games. */
static int32_t play(qn_merge *self, int32_t node) {
    if (node >= self->count)
        return node - self->count;
    int32_t left = play(self, 2 * node), right = play(self, 2 * node + 1);
    bool right_wins = is_less(self, right, left);
    self->tree[node] = right_wins ? left : right;
    return right_wins ? right : left;
}

static qn_status start(qn_merge *self) {
    qn_schema_clear(&self->live.schema);
    qn_table_clear(&self->live);
    QN_TRY(qn_schema_copy(&self->live.schema, self->schema));
    self->position = 0;
    for (int32_t i = 0; i < self->count; i++) {
        QN_TRY(qn_stream_rewind(self->cursors[i].lane));
        QN_TRY(load(self, &self->cursors[i]));
    }
    self->tree[0] = self->count > 1 ? play(self, 1) : 0;
    return QN_OK;
}

/* ---- Making and freeing --------------------------------------------------------------------- */

static qn_status open_lanes(qn_merge *self, int32_t lanes) {
    size_t n = (size_t)lanes;
    QN_TRY(qn_mem_calloc(&self->cursors, n, sizeof *self->cursors));
    QN_TRY(qn_mem_calloc(&self->tree, n + 1, sizeof *self->tree));
    QN_TRY(qn_mem_alloc(&self->refs, QN_BATCH_ROWS, sizeof *self->refs));
    for (int32_t i = 0; i < lanes; i++) {
        if (qn_scratch_rows(self->scratch, i) == 0)
            continue;
        cursor *at = &self->cursors[self->count++];
        QN_TRY(qn_scratch_open(&at->lane, self->scratch, i));
        QN_TRY(qn_mem_alloc(&at->prefixes, QN_BATCH_ROWS, sizeof *at->prefixes));
    }
    return QN_OK;
}

qn_status qn_merge_new(qn_merge **out, qn_scratch *scratch, int32_t lanes, const qn_schema *schema,
                       const qn_sort_key *keys, int32_t count) {
    qn_merge *self = NULL;
    QN_TRY(qn_mem_calloc(&self, 1, sizeof *self));
    *self = (qn_merge){.scratch = scratch, .schema = schema, .keys = keys, .key_count = count};
    qn_table_init(&self->live);
    qn_status status = open_lanes(self, lanes);
    if (status == QN_OK)
        status = start(self);
    if (status != QN_OK) {
        qn_merge_free(self);
        return status;
    }
    *out = self;
    return QN_OK;
}

void qn_merge_free(qn_merge *merge) {
    if (merge == NULL)
        return;
    for (int32_t i = 0; i < merge->count; i++) {
        qn_stream_free(merge->cursors[i].lane);
        qn_mem_free(merge->cursors[i].prefixes);
    }
    qn_mem_free(merge->cursors);
    qn_mem_free(merge->tree);
    qn_mem_free(merge->refs);
    qn_table_clear(&merge->live);
    qn_mem_free(merge);
}

/* ---- Rows ----------------------------------------------------------------------------------- */

static qn_status step(qn_merge *self, qn_ref *ref) {
    int32_t lane = self->tree[0];
    cursor *at = &self->cursors[lane];
    if (at->ended)
        return qn_fail(QN_INTERNAL, "sorted runs ended before their rows");
    *ref = qn_ref_of(at->batch, at->row);
    self->position++;
    if (++at->row == at->length)
        QN_TRY(load(self, at));
    replay(self, lane);
    return QN_OK;
}

/* Keeps only the batches that cursors stand in. */
static void drop_read_batches(qn_merge *self) {
    int64_t kept = 0;
    if (self->live.batch_count <= self->count)
        return;
    for (int64_t b = 0; b < self->live.batch_count; b++) {
        int32_t holder = 0;
        while (holder < self->count &&
               (self->cursors[holder].ended || self->cursors[holder].batch != b))
            holder++;
        if (holder == self->count) {
            qn_batch_clear(&self->live.batches[b]);
            continue;
        }
        if (kept != b)
            qn_batch_move(&self->live.batches[kept], &self->live.batches[b]);
        self->cursors[holder].batch = kept++;
    }
    self->live.batch_count = kept;
}

static qn_status collect(qn_merge *self, int64_t count) {
    drop_read_batches(self);
    for (int64_t i = 0; i < count; i++)
        QN_TRY(step(self, &self->refs[i]));
    return QN_OK;
}

qn_status qn_merge_rows(qn_merge *merge, int64_t first, int64_t count, qn_batch *out) {
    if (first < merge->position)
        QN_TRY(start(merge));
    while (merge->position < first) {
        int64_t left = first - merge->position;
        QN_TRY(collect(merge, left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS));
    }
    QN_TRY(collect(merge, count));
    return qn_table_take_all(out, &merge->live, merge->refs, count);
}
