/* As-of joins with a large right side: right rows and the keys of left rows meet by the keys' hash;
 * what each left row found goes back to it. */
#include "features/join/asof_wide.h"

#include "core/memory.h"
#include "features/wide/input.h"
#include "features/wide/shuffle.h"
#include "mpi/comm/exchange.h"

typedef struct asof_wide {
    qn_result base;
    const qn_asof_plan *plan;
    qn_stream *left;
    qn_table right; /* this rank's part */
    qn_table left_table;
    qn_table answers; /* a right row for each left one, in order of the rank that answers */
    qn_ref *left_refs, *answer_refs;
} asof_wide;

/* ---- Where rows go ----------------------------------------------------------------------------
 */

typedef struct router {
    qn_key *key;
    const int32_t *columns; /* of the key; NULL: the first ones */
    uint64_t *hashes;
    qn_column **list;
    int size;
} router;

static void router_clear(router *self) {
    qn_key_free(self->key);
    qn_mem_free(self->hashes);
    qn_mem_free(self->list);
}

static qn_status router_init(router *self, const qn_join_plan *plan, const int32_t *columns,
                             int size) {
    *self = (router){.columns = columns, .size = size};
    QN_TRY(qn_mem_alloc(&self->hashes, QN_BATCH_ROWS, sizeof *self->hashes));
    QN_TRY(qn_mem_calloc(&self->list, (size_t)plan->key_count, sizeof *self->list));
    return qn_key_new(&self->key, plan->key_types, plan->key_count);
}

static qn_status route(void *context, const qn_batch *batch, int32_t *ranks) {
    router *self = context;
    for (int32_t k = 0; k < qn_key_count(self->key); k++)
        self->list[k] = batch->columns[self->columns != NULL ? self->columns[k] : k];
    QN_TRY(qn_key_hash(self->key, self->list, batch->length, self->hashes));
    for (int64_t i = 0; i < batch->length; i++)
        ranks[i] = qn_key_rank(qn_key_partition(self->hashes[i]), self->size);
    return QN_OK;
}

/* ---- Questions: the left rows' keys and ordered column ------------------------------------------
 */

static qn_status add_question(qn_table *out, const qn_batch *batch, const qn_asof_plan *plan) {
    int32_t count = plan->join.key_count;
    qn_batch question;
    qn_batch_init(&question);
    QN_TRY(qn_batch_reserve(&question, count + 1));
    question.length = batch->length;
    question.first_row = batch->first_row;
    for (int32_t k = 0; k <= count; k++)
        question.columns[k] =
            qn_column_retain(batch->columns[k < count ? plan->join.left_keys[k] : plan->left_on]);
    return qn_table_add(out, &question);
}

/* Right rows for the questions of one rank. */
static qn_status answer(qn_table *out, qn_asof_list *list, const qn_table *questions) {
    const qn_asof_plan *plan = list->plan;
    qn_column **columns = NULL;
    qn_ref *refs = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&columns, (size_t)plan->join.left_count, sizeof *columns), done);
    QN_TRY_GOTO(qn_mem_alloc(&refs, QN_BATCH_ROWS, sizeof *refs), done);
    for (int64_t b = 0; b < questions->batch_count; b++) {
        const qn_batch *question = &questions->batches[b];
        qn_batch batch;
        qn_batch_init(&batch);
        for (int32_t k = 0; k < plan->join.key_count; k++)
            columns[plan->join.left_keys[k]] = question->columns[k];
        columns[plan->left_on] = question->columns[plan->join.key_count];
        QN_TRY_GOTO(qn_asof_list_find(list, columns, question->length, refs), done);
        status = qn_table_take_all(&batch, &list->right.table, refs, question->length);
        if (status == QN_OK)
            status = qn_table_add(out, &batch);
        else
            qn_batch_clear(&batch);
        if (status != QN_OK)
            goto done;
    }
done:
    qn_mem_free(columns);
    qn_mem_free(refs);
    return status;
}

/* ---- Exchange ---------------------------------------------------------------------------------
 */

typedef struct meeting {
    router right, left;
    qn_table questions; /* own ones */
    qn_table *asked;    /* by rank */
    qn_table *replies;  /* by rank */
    qn_asof_list list;
} meeting;

static void meeting_clear(meeting *self, int size) {
    router_clear(&self->right);
    router_clear(&self->left);
    qn_table_clear(&self->questions);
    for (int i = 0; i < size; i++) {
        if (self->asked != NULL)
            qn_table_clear(&self->asked[i]);
        if (self->replies != NULL)
            qn_table_clear(&self->replies[i]);
    }
    qn_mem_free(self->asked);
    qn_mem_free(self->replies);
    qn_asof_list_clear(&self->list);
}

static qn_status keep_by_rank(void *context, int source, qn_batch *batch) {
    qn_table *tables = context;
    return qn_table_add(&tables[source], batch);
}

static qn_status prepare(asof_wide *self, meeting *all, int size) {
    QN_TRY(qn_mem_calloc(&all->asked, (size_t)size, sizeof *all->asked));
    QN_TRY(qn_mem_calloc(&all->replies, (size_t)size, sizeof *all->replies));
    QN_TRY(router_init(&all->right, &self->plan->join, self->plan->join.right_keys, size));
    return router_init(&all->left, &self->plan->join, NULL, size);
}

/* Local (see qn_stream_next). */
static qn_status read_left(asof_wide *self, meeting *all) {
    qn_input input = {0};
    qn_status status = qn_input_start(&input, self->left);
    if (status == QN_OK)
        status = qn_join_collect(&self->left_table, &input.base);
    for (int64_t b = 0; b < self->left_table.batch_count && status == QN_OK; b++)
        status = add_question(&all->questions, &self->left_table.batches[b], self->plan);
    return qn_input_finish(&input, status);
}

/* Collective. */
static qn_status gather_right(asof_wide *self, meeting *all, qn_comm *comm) {
    qn_stream *stream = NULL;
    qn_status status = qn_comm_agree(comm, qn_table_stream(&stream, &self->right));
    qn_table_clear(&self->right);
    if (status == QN_OK)
        status = qn_shuffle_table(&all->list.right.table, stream, comm, route, &all->right, false);
    qn_stream_free(stream);
    QN_TRY(status);
    all->list.plan = self->plan;
    return qn_comm_agree(comm, qn_asof_list_init(&all->list));
}

/* Collective. */
static qn_status ask(meeting *all, qn_comm *comm) {
    qn_stream *stream = NULL;
    qn_shuffle_plan plan = {route, &all->left, keep_by_rank, all->asked, false};
    qn_status status = qn_comm_agree(comm, qn_table_stream(&stream, &all->questions));
    if (status == QN_OK)
        status = qn_shuffle(stream, comm, &plan);
    qn_stream_free(stream);
    return status;
}

/* Collective. */
static qn_status reply(asof_wide *self, meeting *all, qn_comm *comm) {
    qn_status status = QN_OK;
    for (int i = 0; i < qn_comm_size(comm) && status == QN_OK; i++)
        status = answer(&all->replies[i], &all->list, &all->asked[i]);
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(qn_exchange_batches(comm, all->replies, &self->answers));
    return qn_comm_agree(comm,
                         qn_schema_copy(&self->answers.schema, &self->plan->join.right_schema));
}

/* ---- Answers to their rows ----------------------------------------------------------------------
 */

/* A place among the answers of one rank. */
typedef struct place {
    int64_t batch, row;
} place;

/* The rank that answers each left row, in order, and how many rows each has. */
static qn_status list_ranks(meeting *all, int32_t *ranks, int64_t *counts) {
    int64_t n = 0;
    for (int64_t b = 0; b < all->questions.batch_count; b++) {
        const qn_batch *batch = &all->questions.batches[b];
        QN_TRY(route(&all->left, batch, ranks + n));
        for (int64_t i = 0; i < batch->length; i++)
            counts[ranks[n + i]]++;
        n += batch->length;
    }
    return QN_OK;
}

/* Where the answers of each rank begin. */
static void find_places(const asof_wide *self, const int64_t *counts, int size, place *places) {
    place at = {0, 0};
    for (int r = 0; r < size; r++) {
        places[r] = at;
        for (int64_t left = counts[r]; left > 0; at.batch++)
            left -= self->answers.batches[at.batch].length;
    }
}

static qn_ref next_answer(const asof_wide *self, place *at) {
    while (at->row == self->answers.batches[at->batch].length)
        *at = (place){at->batch + 1, 0};
    return qn_ref_of(at->batch, at->row++);
}

/* Right rows carry an ordered value; an answer without one is no match. */
static bool is_match(const asof_wide *self, qn_ref ref) {
    const qn_batch *batch = &self->answers.batches[qn_ref_batch(ref)];
    return !qn_column_is_null(batch->columns[self->plan->right_on], qn_ref_row(ref));
}

static qn_status match_rows(asof_wide *self, meeting *all, int size) {
    size_t rows = (size_t)self->left_table.row_count;
    int32_t *ranks = NULL;
    int64_t *counts = NULL, n = 0, i = 0;
    place *places = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&self->left_refs, rows, sizeof *self->left_refs), done);
    QN_TRY_GOTO(qn_mem_alloc(&self->answer_refs, rows, sizeof *self->answer_refs), done);
    QN_TRY_GOTO(qn_mem_alloc(&ranks, rows, sizeof *ranks), done);
    QN_TRY_GOTO(qn_mem_calloc(&counts, (size_t)size, sizeof *counts), done);
    QN_TRY_GOTO(qn_mem_calloc(&places, (size_t)size, sizeof *places), done);
    QN_TRY_GOTO(list_ranks(all, ranks, counts), done);
    find_places(self, counts, size, places);
    for (int64_t b = 0; b < self->left_table.batch_count; b++)
        for (int64_t row = 0; row < self->left_table.batches[b].length; row++) {
            qn_ref found = next_answer(self, &places[ranks[i++]]);
            if (self->plan->inner && !is_match(self, found))
                continue;
            self->left_refs[n] = qn_ref_of(b, row);
            self->answer_refs[n++] = found;
        }
    self->base.rows = n;
done:
    qn_mem_free(ranks);
    qn_mem_free(counts);
    qn_mem_free(places);
    return status;
}

static qn_status meet(asof_wide *self, meeting *all, qn_comm *comm) {
    int size = qn_comm_size(comm);
    QN_TRY(qn_comm_agree(comm, prepare(self, all, size)));
    QN_TRY(qn_comm_agree(comm, read_left(self, all)));
    QN_TRY(gather_right(self, all, comm));
    QN_TRY(ask(all, comm));
    QN_TRY(reply(self, all, comm));
    return qn_comm_agree(comm, match_rows(self, all, size));
}

static qn_status wide_build(qn_result *result, const qn_execution *execution) {
    asof_wide *self = (asof_wide *)result;
    meeting all = {0};
    qn_status status = meet(self, &all, execution->comm);
    meeting_clear(&all, qn_comm_size(execution->comm));
    return status;
}

static qn_status wide_produce(qn_result *result, int64_t first, int64_t count, qn_batch *out) {
    asof_wide *self = (asof_wide *)result;
    QN_TRY(qn_table_take_all(out, &self->left_table, self->left_refs + first, count));
    return qn_table_take_all(out, &self->answers, self->answer_refs + first, count);
}

static void wide_free(qn_result *result) {
    asof_wide *self = (asof_wide *)result;
    qn_stream_free(self->left);
    qn_table_clear(&self->right);
    qn_table_clear(&self->left_table);
    qn_table_clear(&self->answers);
    qn_mem_free(self->left_refs);
    qn_mem_free(self->answer_refs);
}

static const qn_result_class wide_class = {"asof", wide_build, wide_produce, wide_free};

qn_status qn_asof_wide_new(qn_result **out, const qn_asof_plan *plan, const qn_schema *schema) {
    asof_wide *self = NULL;
    QN_TRY(qn_result_new(&self, sizeof *self, &wide_class, schema));
    self->plan = plan;
    *out = &self->base;
    return QN_OK;
}

void qn_asof_wide_take(qn_result *result, qn_stream *left, qn_table *right) {
    asof_wide *self = (asof_wide *)result;
    self->left = left;
    self->right = *right;
    qn_table_init(right);
}
