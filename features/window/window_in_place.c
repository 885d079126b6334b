/* Windows without PARTITION BY over rows that are in order already, whose calls look no further
 * than some rows: each rank computes its own rows, with a few of its neighbours' around them. */
#include "core/memory.h"
#include "features/window/window_private.h"
#include "mpi/comm/exchange.h"
#include "mpi/comm/partition.h"

typedef struct in_place {
    const qn_execution *execution;
    const window_spec *spec;
    qn_window_reach reach;
    qn_partition rows; /* of all ranks */
    qn_table own;
    qn_table around; /* what the neighbours sent: rows before the own ones, then rows after */
    qn_table all;
    int64_t before; /* batches of `all` before the own ones */
} in_place;

/* ---- Rows for the neighbours ----------------------------------------------------------------- */

static qn_status slice(qn_batch *out, const qn_batch *batch, int64_t first, int64_t count) {
    if (count == batch->length)
        return qn_batch_share(out, batch);
    qn_status status = qn_batch_reserve(out, batch->count);
    out->length = count;
    for (int32_t c = 0; c < batch->count && status == QN_OK; c++)
        status = qn_column_slice(&out->columns[c], batch->columns[c], first, count);
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}

/* Of all rows [from, to), those that this rank has. */
static qn_status send_rows(in_place *self, int64_t from, int64_t to, qn_table *out) {
    int64_t row = self->rows.first[qn_comm_rank(self->execution->comm)];
    for (int64_t b = 0; b < self->own.batch_count; b++) {
        const qn_batch *batch = &self->own.batches[b];
        int64_t first = from > row ? from - row : 0;
        int64_t last = to - row < batch->length ? to - row : batch->length;
        row += batch->length;
        if (first >= last)
            continue;
        qn_batch piece;
        qn_batch_init(&piece);
        QN_TRY(slice(&piece, batch, first, last - first));
        QN_TRY(qn_table_add(out, &piece));
    }
    return QN_OK;
}

/* Rank r wants the rows just before and after its own. */
static qn_status send_around(in_place *self, qn_table *sends) {
    const int64_t *first = self->rows.first;
    for (int r = 0; r < self->rows.size; r++) {
        if (r == qn_comm_rank(self->execution->comm) || first[r] == first[r + 1])
            continue;
        QN_TRY(send_rows(self, first[r] - self->reach.before, first[r], &sends[r]));
        QN_TRY(send_rows(self, first[r + 1], first[r + 1] + self->reach.after, &sends[r]));
    }
    return QN_OK;
}

static qn_status exchange_around(in_place *self) {
    qn_comm *comm = self->execution->comm;
    qn_table *sends = NULL;
    qn_status status = qn_mem_calloc(&sends, (size_t)self->rows.size, sizeof *sends);
    if (status == QN_OK)
        status = send_around(self, sends);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_exchange_batches(comm, sends, &self->around), done);
done:
    for (int r = 0; sends != NULL && r < self->rows.size; r++)
        qn_table_clear(&sends[r]);
    qn_mem_free(sends);
    return status;
}

/* ---- Computing ------------------------------------------------------------------------------- */

static qn_status add_batches(qn_table *out, const qn_table *in, int64_t from, int64_t to) {
    for (int64_t b = from; b < to; b++) {
        qn_batch shared;
        qn_batch_init(&shared);
        QN_TRY(qn_batch_share(&shared, &in->batches[b]));
        QN_TRY(qn_table_add(out, &shared));
    }
    return QN_OK;
}

static qn_status join(in_place *self) {
    int64_t first = self->rows.first[qn_comm_rank(self->execution->comm)];
    int64_t left = first < self->reach.before ? first : self->reach.before;
    while (left > 0 && self->before < self->around.batch_count)
        left -= self->around.batches[self->before++].length;
    QN_TRY(qn_schema_copy(&self->all.schema, &self->own.schema));
    QN_TRY(add_batches(&self->all, &self->around, 0, self->before));
    QN_TRY(add_batches(&self->all, &self->own, 0, self->own.batch_count));
    return add_batches(&self->all, &self->around, self->before, self->around.batch_count);
}

static qn_status compute(in_place *self, window_results *results) {
    qn_table made;
    qn_status status = QN_OK;
    qn_table_init(&made);
    QN_TRY_GOTO(qn_window_evaluate(&made, &self->all, &self->spec->spec), done);
    for (int64_t b = 0; b < self->own.batch_count; b++)
        QN_TRY_GOTO(qn_window_results_keep(results, 0, &made.batches[self->before + b]), done);
done:
    qn_table_clear(&made);
    return status;
}

/* Whether all rows of all ranks are in order; rows on both sides of a border are compared by the
 * rank behind it. */
static qn_status is_sorted(in_place *self, bool *out) {
    const qn_window_spec *spec = &self->spec->spec;
    int64_t sorted = qn_window_is_sorted(&self->all, spec->order, spec->order_count);
    QN_TRY(qn_comm_min_i64(self->execution->comm, &sorted, 1));
    *out = sorted != 0;
    return QN_OK;
}

static qn_status run(in_place *self, window_results *results, bool *done_) {
    qn_comm *comm = self->execution->comm;
    QN_TRY(qn_partition_of_counts(&self->rows, comm, self->own.row_count));
    QN_TRY(exchange_around(self));
    QN_TRY(qn_comm_agree(comm, join(self)));
    QN_TRY(is_sorted(self, done_));
    if (!*done_)
        return QN_OK;
    QN_TRY(qn_comm_agree(comm, compute(self, results)));
    return qn_window_results_start(results, true);
}

/* The borders are looked at too, so at least one row before comes over. */
static bool is_possible(const window_spec *spec, const qn_execution *execution,
                        qn_window_reach *reach) {
    if (spec->spec.partition_count > 0 || qn_comm_size(execution->comm) == 1 ||
        !qn_window_reach_of(&spec->spec, reach))
        return false;
    reach->before = reach->before > 0 ? reach->before : 1;
    return true;
}

/* Batches must have places, and all values of all ranks one grid. */
static qn_status check_ranges(in_place *self, bool *fits) {
    qn_window_range range;
    qn_window_range_of(&self->own, &self->spec->spec, &range);
    int64_t least[3] = {self->own.batch_count < QN_REF_MAX_BATCHES / 2, range.lowest,
                        -range.highest};
    QN_TRY(qn_comm_min_i64(self->execution->comm, least, 3));
    range = (qn_window_range){least[1], -least[2]};
    *fits = least[0] != 0 && qn_window_range_fits(&range);
    return QN_OK;
}

qn_status qn_window_in_place(window_results *results, const window_spec *spec, qn_stream *in,
                             bool *done_) {
    in_place self = {.execution = results->execution, .spec = spec};
    bool fits = false;
    *done_ = false;
    if (!is_possible(spec, results->execution, &self.reach))
        return QN_OK;
    qn_partition_init(&self.rows);
    qn_status status = qn_table_collect(&self.own, in);
    QN_TRY_GOTO(qn_comm_agree(results->execution->comm, status), done);
    QN_TRY_GOTO(check_ranges(&self, &fits), done);
    if (fits)
        QN_TRY_GOTO(run(&self, results, done_), done);
done:
    qn_partition_clear(&self.rows);
    qn_table_clear(&self.own);
    qn_table_clear(&self.around);
    qn_table_clear(&self.all);
    return status;
}
