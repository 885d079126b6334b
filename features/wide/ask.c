#include "features/wide/ask.h"

#include "core/key/key.h"
#include "core/memory.h"
#include "features/wide/shuffle.h"

#include <string.h>

typedef struct asking {
    qn_comm *comm;
    int size;
    const uint64_t *hashes;
    int64_t next;      /* row that is routed next */
    qn_table *arrived; /* by source */
    qn_table all;
    int64_t *starts;  /* by source: rows of `all`; then bytes of the answers */
    int64_t *answers; /* to all rows that arrived */
} asking;

static int rank_of(const asking *self, int64_t row) {
    return qn_key_rank(qn_key_partition(self->hashes[row]), self->size);
}

static qn_status route(void *context, const qn_batch *batch, int32_t *ranks) {
    asking *self = context;
    for (int64_t i = 0; i < batch->length; i++)
        ranks[i] = rank_of(self, self->next++);
    return QN_OK;
}

static qn_status keep_arrived(void *context, int source, qn_batch *batch) {
    return qn_table_add(&((asking *)context)->arrived[source], batch);
}

static qn_status join_arrived(asking *self) {
    for (int s = 0; s < self->size; s++) {
        self->starts[s] = self->all.row_count;
        for (int64_t b = 0; b < self->arrived[s].batch_count; b++)
            QN_TRY(qn_table_add(&self->all, &self->arrived[s].batches[b]));
    }
    self->starts[self->size] = self->all.row_count;
    return qn_mem_calloc(&self->answers, (size_t)self->all.row_count, sizeof *self->answers);
}

/* Collective. Answers go back in the order in which each rank's rows arrived: that of its rows. */
static qn_status send_back(asking *self, int64_t rows, int64_t *answers) {
    void *data = NULL;
    int64_t *offsets = NULL, *at = NULL;
    for (int s = 0; s <= self->size; s++)
        self->starts[s] *= (int64_t)sizeof *self->answers;
    QN_TRY(qn_comm_alltoallv(self->comm, self->answers, self->starts, &data, &offsets));
    qn_status status = qn_mem_copy(&at, offsets, (size_t)self->size, sizeof *at);
    for (int64_t i = 0; i < rows && status == QN_OK; i++) {
        int rank = rank_of(self, i);
        memcpy(&answers[i], (const char *)data + at[rank], sizeof *answers);
        at[rank] += (int64_t)sizeof *answers;
    }
    qn_mem_free(at);
    qn_mem_free(data);
    qn_mem_free(offsets);
    return qn_comm_agree(self->comm, status);
}

static qn_status ask(asking *self, qn_table *questions, qn_answer answer, void *context,
                     int64_t *answers) {
    size_t size = (size_t)self->size;
    int64_t rows = questions->row_count;
    qn_stream *stream = NULL;
    qn_status status = qn_mem_calloc(&self->arrived, size, sizeof *self->arrived);
    if (status == QN_OK)
        status = qn_mem_calloc(&self->starts, size + 1, sizeof *self->starts);
    if (status == QN_OK)
        status = qn_schema_copy(&self->all.schema, &questions->schema);
    if (status == QN_OK)
        status = qn_table_stream(&stream, questions);
    qn_table_clear(questions);
    QN_TRY_GOTO(qn_comm_agree(self->comm, status), done);
    qn_shuffle_plan plan = {route, self, keep_arrived, self, false};
    QN_TRY_GOTO(qn_shuffle(stream, self->comm, &plan), done);
    status = join_arrived(self);
    if (status == QN_OK)
        status = answer(context, &self->all, self->starts, self->answers);
    QN_TRY_GOTO(qn_comm_agree(self->comm, status), done);
    status = send_back(self, rows, answers);
done:
    qn_stream_free(stream);
    return status;
}

qn_status qn_ask(qn_comm *comm, qn_table *questions, const uint64_t *hashes, qn_answer answer,
                 void *context, int64_t *answers) {
    asking self = {.comm = comm, .size = qn_comm_size(comm), .hashes = hashes};
    qn_table_init(&self.all);
    qn_status status = ask(&self, questions, answer, context, answers);
    for (int s = 0; self.arrived != NULL && s < self.size; s++)
        qn_table_clear(&self.arrived[s]);
    qn_mem_free(self.arrived);
    qn_mem_free(self.starts);
    qn_mem_free(self.answers);
    qn_table_clear(&self.all);
    return status;
}
