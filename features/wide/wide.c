#include "features/wide/wide.h"

#include "core/memory.h"
#include "mpi/comm/exchange.h"
#include "mpi/comm/partition.h"
#include "mpi/comm/signal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_CACHE = 256 << 20 };

/* Bytes that this process may use: the machine's memory, or what its control group allows. */
static int64_t memory_limit(void) {
    int64_t limit = (int64_t)sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE);
    char text[32];
    FILE *file = fopen("/sys/fs/cgroup/memory.max", "r");
    if (file == NULL)
        return limit;
    if (fgets(text, sizeof text, file) != NULL) {
        long long group = strtoll(text, NULL, 10); /* 0 of "max" */
        if (group > 0 && group < limit)
            limit = group;
    }
    fclose(file);
    return limit;
}

qn_execution qn_execution_of(qn_comm *comm) {
    int64_t memory = memory_limit() / 2 / qn_comm_node_ranks(comm);
    int64_t cache = memory / 2 < DEFAULT_CACHE ? memory / 2 : DEFAULT_CACHE;
    return (qn_execution){.comm = comm, .memory = memory, .cache = cache};
}

qn_status qn_result_new(void *out, size_t size, const qn_result_class *class_,
                        const qn_schema *schema) {
    qn_result *result = NULL;
    QN_TRY(qn_mem_calloc(&result, 1, size));
    result->class_ = class_;
    qn_status status = qn_schema_copy(&result->schema, schema);
    if (status != QN_OK) {
        qn_mem_free(result);
        return status;
    }
    memcpy(out, &result, sizeof result);
    return QN_OK;
}

void qn_result_free(qn_result *result) {
    if (result == NULL)
        return;
    if (result->class_->free != NULL)
        result->class_->free(result);
    qn_schema_clear(&result->schema);
    qn_mem_free(result);
}

/* ---- The stream over a result ------------------------------------------------------------------
 */

typedef struct wide {
    qn_stream base;
    qn_result *result;
    qn_execution execution;
    bool built;
    int64_t first, total; /* this rank's first row, and all rows, in the result's numbering */
    int64_t next;         /* first row of the next batch */
    qn_table tail;        /* rows of the last own batch that other ranks made */
} wide;

static int64_t round_up(int64_t row) {
    return (row + QN_BATCH_ROWS - 1) / QN_BATCH_ROWS * QN_BATCH_ROWS;
}

static qn_status produce(wide *self, int64_t from, int64_t count, qn_batch *out) {
    qn_result *result = self->result;
    qn_status status = result->class_->produce(result, from - self->first, count, out);
    if (status != QN_OK) {
        qn_batch_clear(out);
        return status;
    }
    out->first_row = from / QN_BATCH_ROWS * QN_BATCH_ROWS;
    return QN_OK;
}

/* The rows in front of this rank's first cut go to the rank that has the batch they belong to. */
static qn_status give_head(wide *self, const qn_partition *rows, qn_table *sends) {
    int64_t head = round_up(self->first) - self->first;
    if (head > self->result->rows)
        head = self->result->rows;
    if (head == 0)
        return QN_OK;
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TRY(produce(self, self->first, head, &batch));
    int64_t cut = self->first / QN_BATCH_ROWS * QN_BATCH_ROWS;
    return qn_table_add(&sends[qn_partition_find(rows, cut)], &batch);
}

static qn_status exchange_heads(wide *self, const qn_partition *rows) {
    qn_comm *comm = self->execution.comm;
    int size = qn_comm_size(comm);
    qn_table *sends = NULL;
    qn_status status = qn_mem_calloc(&sends, (size_t)size, sizeof *sends);
    if (status == QN_OK)
        status = give_head(self, rows, sends);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_exchange_batches(comm, sends, &self->tail), done);
done:
    for (int i = 0; sends != NULL && i < size; i++)
        qn_table_clear(&sends[i]);
    qn_mem_free(sends);
    return status;
}

static qn_status build(wide *self) {
    qn_comm *comm = self->execution.comm;
    qn_partition rows;
    qn_partition_init(&rows);
    QN_TRY(self->result->class_->build(self->result, &self->execution));
    QN_TRY(qn_partition_of_counts(&rows, comm, self->result->rows));
    self->first = rows.first[qn_comm_rank(comm)];
    self->total = qn_partition_rows(&rows);
    qn_status status = qn_comm_size(comm) > 1 ? exchange_heads(self, &rows) : QN_OK;
    qn_partition_clear(&rows);
    self->built = status == QN_OK;
    self->next = round_up(self->first);
    return status;
}

/* The last batch of this rank, completed by rows from the ranks behind it. */
static qn_status add_tail(wide *self, qn_batch *batch) {
    int64_t pieces = self->tail.batch_count + 1;
    const qn_column **columns = NULL;
    qn_batch joined = {.first_row = batch->first_row,
                       .length = batch->length + self->tail.row_count};
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&columns, (size_t)pieces, sizeof *columns), done);
    QN_TRY_GOTO(qn_batch_reserve(&joined, batch->count), done);
    for (int32_t c = 0; c < batch->count; c++) {
        columns[0] = batch->columns[c];
        for (int64_t i = 1; i < pieces; i++)
            columns[i] = self->tail.batches[i - 1].columns[c];
        QN_TRY_GOTO(qn_column_concat(&joined.columns[c], columns, pieces), done);
    }
    qn_batch_clear(batch);
    qn_batch_move(batch, &joined);
done:
    qn_batch_clear(&joined);
    qn_mem_free(columns);
    return status;
}

static qn_status wide_next(qn_stream *stream, qn_batch *out) {
    wide *self = (wide *)stream;
    if (!self->built)
        QN_TRY(build(self));
    QN_TRY(qn_signal_check());
    int64_t end = self->first + self->result->rows, count = end - self->next;
    if (count <= 0)
        return QN_OK;
    if (count > QN_BATCH_ROWS)
        count = QN_BATCH_ROWS;
    QN_TRY(produce(self, self->next, count, out));
    bool last = self->next + count == end;
    self->next += QN_BATCH_ROWS;
    qn_status status = last && self->tail.batch_count > 0 ? add_tail(self, out) : QN_OK;
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}

static qn_status wide_rewind(qn_stream *stream) {
    wide *self = (wide *)stream;
    self->next = round_up(self->first);
    return QN_OK;
}

static void wide_free(qn_stream *stream) {
    wide *self = (wide *)stream;
    qn_result_free(self->result);
    qn_table_clear(&self->tail);
}

static const qn_stream_class wide_class = {"wide", wide_next, wide_rewind, wide_free};

qn_status qn_wide_open(qn_stream **out, qn_result *result, const qn_execution *execution) {
    wide *self = NULL;
    qn_status status = qn_stream_new(&self, sizeof *self, &wide_class, &result->schema);
    if (status != QN_OK) {
        qn_result_free(result);
        return status;
    }
    self->result = result;
    self->execution = *execution;
    qn_table_init(&self->tail);
    *out = &self->base;
    return QN_OK;
}

/* ---- Collecting --------------------------------------------------------------------------------
 */

/* Batches shorter than this wait for their neighbours. */
enum { SHORT_ROWS = QN_BATCH_ROWS / 4 };

typedef struct collector {
    qn_table *out;
    qn_table waiting; /* short ones */
    int64_t bytes;
} collector;

/* A dictionary that batches share counts once. */
static int64_t batch_bytes(const collector *self, const qn_batch *batch) {
    int64_t bytes = qn_batch_bytes(batch);
    const qn_table *table = self->waiting.batch_count > 0 ? &self->waiting : self->out;
    if (table->batch_count == 0)
        return bytes;
    const qn_batch *before = &table->batches[table->batch_count - 1];
    for (int32_t i = 0; i < batch->count; i++) {
        const qn_column *dictionary = batch->columns[i]->dictionary;
        if (dictionary != NULL && dictionary == before->columns[i]->dictionary)
            bytes -= qn_column_bytes(dictionary);
    }
    return bytes;
}

static qn_status merge_row_ids(const qn_table *table, qn_batch *out) {
    int64_t n = 0;
    QN_TRY(qn_column_new_raw(&out->row_ids, QN_INT64, table->row_count, 0));
    for (int64_t b = 0; b < table->batch_count; b++)
        for (int64_t i = 0; i < table->batches[b].length; i++)
            out->row_ids->i64[n++] = qn_batch_row(&table->batches[b], i);
    return QN_OK;
}

static qn_status merge_columns(const qn_table *table, qn_batch *out) {
    const qn_column **columns = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_mem_alloc(&columns, (size_t)table->batch_count, sizeof *columns));
    for (int32_t c = 0; c < out->count && status == QN_OK; c++) {
        for (int64_t b = 0; b < table->batch_count; b++)
            columns[b] = table->batches[b].columns[c];
        status = qn_column_concat(&out->columns[c], columns, table->batch_count);
    }
    qn_mem_free(columns);
    return status;
}

/* The waiting batches become one. */
static qn_status flush(collector *self) {
    qn_table *waiting = &self->waiting;
    qn_batch merged;
    qn_batch_init(&merged);
    if (waiting->batch_count == 0)
        return QN_OK;
    if (waiting->batch_count == 1) {
        qn_batch_move(&merged, &waiting->batches[0]);
    } else {
        qn_status status = qn_batch_reserve(&merged, waiting->batches[0].count);
        if (status == QN_OK)
            status = merge_columns(waiting, &merged);
        if (status == QN_OK)
            status = merge_row_ids(waiting, &merged);
        if (status != QN_OK) {
            qn_batch_clear(&merged);
            return status;
        }
        merged.length = waiting->row_count;
        merged.first_row = waiting->batches[0].first_row;
    }
    qn_table_clear(waiting);
    return qn_table_add(self->out, &merged);
}

static qn_status collect_batch(collector *self, qn_batch *batch) {
    qn_status status = QN_OK;
    self->bytes += batch_bytes(self, batch);
    if (batch->length == 0) {
        qn_batch_clear(batch);
        return QN_OK;
    }
    if (self->waiting.row_count + batch->length > QN_BATCH_ROWS || batch->length >= SHORT_ROWS)
        status = flush(self);
    if (status != QN_OK) {
        qn_batch_clear(batch);
        return status;
    }
    return batch->length >= SHORT_ROWS ? qn_table_add(self->out, batch)
                                       : qn_table_add(&self->waiting, batch);
}

static qn_status collect(collector *self, qn_stream *in, int64_t budget, bool *full) {
    *full = false;
    while (!*full) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        if (batch.count == 0)
            break;
        QN_TRY(collect_batch(self, &batch));
        *full = self->bytes >= budget || self->out->batch_count >= (1 << 18) - 8;
    }
    return flush(self);
}

qn_status qn_wide_collect(qn_table *out, qn_stream *in, int64_t budget, bool *full) {
    collector self = {.out = out};
    qn_status status = QN_OK;
    if (out->schema.count == 0)
        status = qn_schema_copy(&out->schema, &in->schema);
    qn_table_init(&self.waiting);
    if (status == QN_OK)
        status = collect(&self, in, budget, full);
    qn_table_clear(&self.waiting);
    return status;
}
