/* A window's results come home: from the ranks of the partitions to those of the rows. */
#include "core/memory.h"
#include "features/window/window_private.h"
#include "mpi/comm/exchange.h"

qn_status qn_window_results_init(window_results *out, const window_spec *spec,
                                 const qn_execution *execution) {
    int size = qn_comm_size(execution->comm);
    window_results results = {
        .size = size, .execution = execution, .spec = spec, .budget = execution->memory / 6};
    size_t sequences = (size_t)size * QN_WINDOW_LANES;
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&results.lanes, (size_t)size, sizeof *results.lanes), done);
    QN_TRY_GOTO(qn_mem_calloc(&results.sequences, sequences, sizeof *results.sequences), done);
    *out = results;
    return QN_OK;
done:
    qn_window_results_clear(&results);
    return status;
}

static void clear_sequence(window_sequence *sequence) {
    qn_batch_clear(&sequence->current);
    qn_stream_free(sequence->stream);
    qn_table_clear(&sequence->memory);
}

void qn_window_results_clear(window_results *results) {
    for (int k = 0; results->sequences != NULL && k < results->size * QN_WINDOW_LANES; k++)
        clear_sequence(&results->sequences[k]);
    qn_mem_free(results->sequences);
    qn_mem_free(results->lanes);
    qn_scratch_free(results->scratch);
    *results = (window_results){0};
}

/* ---- Keeping what arrives -------------------------------------------------------------------- */

static qn_status start_spilling(window_results *self) {
    int32_t lanes = self->size * QN_WINDOW_LANES;
    QN_TRY(qn_scratch_new(&self->scratch, self->execution->scratch, &self->spec->results, lanes));
    for (int32_t k = 0; k < lanes; k++) {
        qn_table *memory = &self->sequences[k].memory;
        for (int64_t b = 0; b < memory->batch_count; b++)
            QN_TRY(qn_scratch_add(self->scratch, k, &memory->batches[b]));
        qn_table_clear(memory);
    }
    return QN_OK;
}

qn_status qn_window_results_keep(window_results *self, int32_t sequence, qn_batch *batch) {
    qn_status status = QN_OK;
    self->bytes += qn_batch_bytes(batch);
    if (self->scratch == NULL && self->bytes > self->budget)
        status = start_spilling(self);
    if (status != QN_OK)
        qn_batch_clear(batch);
    else if (self->scratch != NULL)
        status = qn_scratch_add(self->scratch, sequence, batch);
    else
        status = qn_table_add(&self->sequences[sequence].memory, batch);
    return status;
}

/* Rows that rank `from` owes this one in a step. */
static int64_t rows_due(const window_results *self, const window_rows *rows, int from,
                        int32_t step) {
    const int64_t *sent = rows->sent + from * QN_WINDOW_LANES;
    int64_t count = 0;
    for (int32_t l = 0; l < QN_WINDOW_LANES; l++)
        count += qn_window_lane(l, self->lanes[from]) == step ? sent[l] : 0;
    return count;
}

static qn_status keep_arrived(window_results *self, const window_rows *rows, int32_t step,
                              qn_table *arrived) {
    int64_t b = 0;
    for (int from = 0; from < self->size; from++) {
        int64_t due = self->size > 1 ? rows_due(self, rows, from, step) : INT64_MAX;
        while (due > 0 && b < arrived->batch_count) {
            due -= arrived->batches[b].length;
            QN_TRY(qn_window_results_keep(self, from * QN_WINDOW_LANES + step,
                                          &arrived->batches[b++]));
        }
        if (self->size > 1 && due != 0)
            return qn_fail(QN_INTERNAL, "a window's results are not those that were asked for");
    }
    return QN_OK;
}

/* ---- Computing and sending ------------------------------------------------------------------- */

static qn_status slice(qn_batch *out, const qn_batch *batch, int64_t first, int64_t count) {
    qn_status status = qn_batch_reserve(out, batch->count);
    out->length = count;
    for (int32_t c = 0; c < batch->count && status == QN_OK; c++)
        status = qn_column_slice(&out->columns[c], batch->columns[c], first, count);
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}

/* Results in order of their source; a batch of several sources is cut. */
static qn_status sort_by_source(qn_table *results, const int64_t *counts, int size,
                                qn_table *sends) {
    int source = 0;
    int64_t left = size > 0 ? counts[0] : 0;
    for (int64_t b = 0; b < results->batch_count; b++) {
        qn_batch *batch = &results->batches[b];
        for (int64_t first = 0; first < batch->length;) {
            while (left == 0)
                left = counts[++source];
            int64_t count = batch->length - first < left ? batch->length - first : left;
            qn_batch piece;
            qn_batch_init(&piece);
            if (count == batch->length)
                qn_batch_move(&piece, batch);
            else
                QN_TRY(slice(&piece, batch, first, count));
            first += count;
            left -= count;
            QN_TRY(qn_table_add(&sends[source], &piece));
        }
    }
    return QN_OK;
}

static qn_status compute(window_results *self, window_rows *rows, int32_t lane, qn_table *sends) {
    qn_table in, results;
    int64_t *counts = NULL;
    qn_status status;
    qn_table_init(&in);
    qn_table_init(&results);
    QN_TRY_GOTO(qn_mem_calloc(&counts, (size_t)self->size, sizeof *counts), done);
    QN_TRY_GOTO(qn_window_rows_lane(rows, lane, &in, counts), done);
    QN_TRY_GOTO(qn_window_evaluate(&results, &in, &self->spec->spec), done);
    qn_table_clear(&in);
    QN_TRY_GOTO(sort_by_source(&results, counts, self->size, sends), done);
done:
    qn_mem_free(counts);
    qn_table_clear(&in);
    qn_table_clear(&results);
    return status;
}

static qn_status run_step(window_results *self, window_rows *rows, int32_t step) {
    qn_comm *comm = self->execution->comm;
    qn_table *sends = NULL, arrived;
    qn_status status = qn_mem_calloc(&sends, (size_t)self->size, sizeof *sends);
    qn_table_init(&arrived);
    if (status == QN_OK && step < qn_window_rows_lanes(rows))
        status = compute(self, rows, step, sends);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_exchange_batches(comm, sends, &arrived), done);
    status = keep_arrived(self, rows, step, &arrived);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
done:
    for (int s = 0; sends != NULL && s < self->size; s++)
        qn_table_clear(&sends[s]);
    qn_mem_free(sends);
    qn_table_clear(&arrived);
    return status;
}

static qn_status open_sequences(window_results *self) {
    if (self->scratch != NULL)
        QN_TRY(qn_scratch_flush(self->scratch));
    for (int32_t k = 0; k < self->size * QN_WINDOW_LANES; k++) {
        window_sequence *sequence = &self->sequences[k];
        if (self->scratch != NULL && qn_scratch_rows(self->scratch, k) > 0) {
            QN_TRY(qn_scratch_open(&sequence->stream, self->scratch, k));
        } else if (sequence->memory.batch_count > 0) {
            QN_TRY(qn_schema_copy(&sequence->memory.schema, &self->spec->results));
            QN_TRY(qn_table_stream(&sequence->stream, &sequence->memory));
            qn_table_clear(&sequence->memory);
        }
    }
    return QN_OK;
}

qn_status qn_window_results_build(window_results *results, window_rows *rows) {
    qn_comm *comm = results->execution->comm;
    int32_t own = qn_window_rows_lanes(rows), steps = 1;
    QN_TRY(qn_comm_allgather(comm, &own, sizeof own, results->lanes));
    for (int r = 0; r < results->size; r++)
        steps = results->lanes[r] > steps ? results->lanes[r] : steps;
    for (int32_t step = 0; step < steps; step++)
        QN_TRY(run_step(results, rows, step));
    return qn_window_results_start(results, results->size == 1 && own == 1);
}

qn_status qn_window_results_start(window_results *results, bool own) {
    results->own = own;
    return qn_comm_agree(results->execution->comm, open_sequences(results));
}

/* ---- Giving results to rows ------------------------------------------------------------------ */

qn_status qn_window_results_rewind(window_results *results) {
    for (int32_t k = 0; k < results->size * QN_WINDOW_LANES; k++) {
        window_sequence *sequence = &results->sequences[k];
        qn_batch_clear(&sequence->current);
        sequence->used = 0;
        if (sequence->stream != NULL)
            QN_TRY(qn_stream_rewind(sequence->stream));
    }
    return QN_OK;
}

/* The current batch, one that has rows left. */
static qn_status advance(window_sequence *sequence) {
    while (sequence->used == sequence->current.length) {
        qn_batch_clear(&sequence->current);
        sequence->used = 0;
        if (sequence->stream != NULL)
            QN_TRY(qn_stream_next(sequence->stream, &sequence->current));
        if (sequence->current.count == 0)
            return qn_fail(QN_INTERNAL, "a window has fewer results than rows");
    }
    return QN_OK;
}

static int32_t sequence_of(const window_results *self, int32_t target) {
    int32_t rank = target / QN_WINDOW_LANES;
    return rank * QN_WINDOW_LANES + qn_window_lane(target, self->lanes[rank]);
}

/* Rows of one sequence that a batch wants, and where they are in `source`. */
typedef struct request {
    int64_t count;
    int64_t batch, row; /* the next one */
} request;

/* Adds the batches that hold the next `count` results to `source`. */
static qn_status fetch(window_sequence *sequence, request *wanted, qn_table *source) {
    int64_t count = wanted->count;
    wanted->batch = source->batch_count;
    while (count > 0) {
        qn_batch shared;
        qn_batch_init(&shared);
        QN_TRY(advance(sequence));
        if (count == wanted->count)
            wanted->row = sequence->used;
        int64_t left = sequence->current.length - sequence->used;
        int64_t taken = count < left ? count : left;
        QN_TRY(qn_batch_share(&shared, &sequence->current));
        QN_TRY(qn_table_add(source, &shared));
        sequence->used += taken;
        count -= taken;
    }
    return QN_OK;
}

static qn_ref next_ref(request *wanted, const qn_table *source) {
    if (wanted->row == source->batches[wanted->batch].length) {
        wanted->batch++;
        wanted->row = 0;
    }
    return qn_ref_of(wanted->batch, wanted->row++);
}

static qn_status gather(window_results *self, const int32_t *targets, int64_t length,
                        request *requests, qn_batch *out) {
    qn_ref refs[QN_BATCH_ROWS];
    qn_table source;
    qn_batch taken;
    qn_status status = QN_OK;
    qn_table_init(&source);
    qn_batch_init(&taken);
    for (int64_t i = 0; i < length; i++)
        requests[targets != NULL ? sequence_of(self, targets[i]) : 0].count++;
    for (int32_t k = 0; k < self->size * QN_WINDOW_LANES; k++)
        if (requests[k].count > 0)
            QN_TRY_GOTO(fetch(&self->sequences[k], &requests[k], &source), done);
    QN_TRY_GOTO(qn_schema_copy(&source.schema, &self->spec->results), done);
    for (int64_t i = 0; i < length; i++)
        refs[i] = next_ref(&requests[targets != NULL ? sequence_of(self, targets[i]) : 0], &source);
    QN_TRY_GOTO(qn_table_take_all(&taken, &source, refs, length), done);
    for (int32_t c = 0; c < taken.count; c++) {
        qn_column *column = taken.columns[c];
        taken.columns[c] = NULL;
        QN_TRY_GOTO(qn_batch_append(out, column), done);
    }
done:
    qn_batch_clear(&taken);
    qn_table_clear(&source);
    return status;
}

/* Results cut as the rows are: nothing is copied. */
static qn_status share(window_sequence *sequence, qn_batch *out) {
    for (int32_t c = 0; c < sequence->current.count; c++)
        QN_TRY(qn_batch_append(out, qn_column_retain(sequence->current.columns[c])));
    sequence->used = sequence->current.length;
    return QN_OK;
}

qn_status qn_window_results_next(window_results *results, const int32_t *targets, int64_t length,
                                 qn_batch *out) {
    request *requests = NULL;
    if (targets == NULL && length > 0) {
        window_sequence *sequence = &results->sequences[0];
        QN_TRY(advance(sequence));
        if (sequence->used == 0 && sequence->current.length == length)
            return share(sequence, out);
    }
    QN_TRY(qn_mem_calloc(&requests, (size_t)results->size * QN_WINDOW_LANES, sizeof *requests));
    qn_status status = gather(results, targets, length, requests, out);
    qn_mem_free(requests);
    return status;
}
