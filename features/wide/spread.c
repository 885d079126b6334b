#include "features/wide/spread.h"

#include "core/memory.h"
#include "features/wide/shuffle.h"
#include "mpi/comm/partition.h"

typedef struct spread {
    qn_hold *out, *from;
    qn_comm *comm;
    int size;
    qn_partition ranges;
    int64_t *firsts; /* by lane: number of this rank's first row in it */
    int32_t lane;
    int64_t next; /* number of the next row */
} spread;

/* Collective. Numbers the lanes' rows over all ranks. */
static qn_status number_rows(spread *self) {
    int32_t lanes = self->from->lanes;
    int64_t *counts = NULL, before = 0;
    qn_status status = qn_mem_calloc(&counts, 2 * (size_t)lanes, sizeof *counts);
    if (status == QN_OK)
        status = qn_mem_calloc(&self->firsts, (size_t)lanes, sizeof *self->firsts);
    QN_TRY_GOTO(qn_comm_agree(self->comm, status), done);
    int64_t *totals = counts + lanes;
    for (int32_t i = 0; i < lanes; i++) {
        counts[i] = self->from->tables[i].row_count;
        if (self->from->scratch != NULL)
            counts[i] += qn_scratch_rows(self->from->scratch, i);
        totals[i] = counts[i];
    }
    QN_TRY_GOTO(qn_comm_exscan_i64(self->comm, counts, self->firsts, lanes), done);
    QN_TRY_GOTO(qn_comm_sum_i64(self->comm, totals, lanes), done);
    for (int32_t i = 0; i < lanes; before += totals[i++])
        self->firsts[i] += before;
    status = qn_partition_even(&self->ranges, self->size, before, QN_BATCH_ROWS);
    QN_TRY_GOTO(qn_comm_agree(self->comm, status), done);
done:
    qn_mem_free(counts);
    return status;
}

static qn_status route_in_order(void *context, const qn_batch *batch, int32_t *ranks) {
    spread *self = context;
    int rank = 0;
    for (int64_t i = 0; i < batch->length; i++, self->next++) {
        while (self->next >= self->ranges.first[rank + 1])
            rank++;
        ranks[i] = rank;
    }
    return QN_OK;
}

static qn_status keep_arrived(void *context, int source, qn_batch *batch) {
    spread *self = context;
    return qn_hold_add(self->out, self->lane * self->size + source, batch);
}

/* One lane's batches, as a stream of their own. */
typedef struct lane_stream {
    qn_stream base;
    qn_hold *hold;
    int32_t lane;
    qn_stream *rest;
    int64_t next;
} lane_stream;

static qn_status lane_next(qn_stream *stream, qn_batch *out) {
    lane_stream *self = (lane_stream *)stream;
    qn_table *table = &self->hold->tables[self->lane];
    qn_batch_init(out);
    if (self->next < table->batch_count) { /* given away: read once */
        qn_batch_move(out, &table->batches[self->next++]);
        return QN_OK;
    }
    if (self->hold->scratch == NULL)
        return QN_OK;
    if (self->rest == NULL)
        QN_TRY(qn_scratch_open(&self->rest, self->hold->scratch, self->lane));
    return qn_stream_next(self->rest, out);
}

static const qn_stream_class lane_class = {"lane", lane_next, NULL, NULL};

static qn_status spread_lane(spread *self, int32_t lane) {
    lane_stream stream = {.base = {.class_ = &lane_class, .schema = self->from->schema},
                          .hold = self->from,
                          .lane = lane};
    qn_shuffle_plan plan = {route_in_order, self, keep_arrived, self, false};
    self->lane = lane;
    self->next = self->firsts[lane];
    qn_status status = qn_shuffle(&stream.base, self->comm, &plan);
    qn_stream_free(stream.rest);
    return status;
}

qn_status qn_spread_evenly(qn_hold *out, qn_hold *from, const qn_execution *execution) {
    spread self = {
        .out = out, .from = from, .comm = execution->comm, .size = qn_comm_size(execution->comm)};
    qn_partition_init(&self.ranges);
    if (self.size == 1) {
        *out = *from;
        *from = (qn_hold){.lane = -1};
        return QN_OK;
    }
    qn_status status =
        qn_hold_init(out, execution, &from->schema, from->lanes * self.size, from->budget);
    if (status == QN_OK && from->scratch != NULL)
        status = qn_scratch_flush(from->scratch);
    QN_TRY_GOTO(qn_comm_agree(self.comm, status), done);
    QN_TRY_GOTO(number_rows(&self), done);
    for (int32_t lane = 0; lane < from->lanes; lane++)
        QN_TRY_GOTO(spread_lane(&self, lane), done);
done:
    qn_hold_clear(from);
    qn_mem_free(self.firsts);
    qn_partition_clear(&self.ranges);
    return status;
}
