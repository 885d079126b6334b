#include "features/join/join_arrival.h"

#include "core/key/unify.h"
#include "core/memory.h"

#include <string.h>

void qn_join_arrival_clear(qn_join_arrival *arrival) {
    for (int32_t i = 0; i < arrival->lane_count; i++) {
        qn_table_clear(&arrival->lanes[i].table);
        qn_mem_free(arrival->lanes[i].pieces);
        qn_mem_free(arrival->lanes[i].counts);
    }
    qn_mem_free(arrival->lanes);
    qn_mem_free(arrival->counts);
    qn_scratch_free(arrival->scratch);
    *arrival = (qn_join_arrival){0};
}

qn_status qn_join_arrival_init(qn_join_arrival *out, const qn_schema *schema, int32_t slots,
                               int sources, const int32_t *lane_ends, int32_t lane_count,
                               const char *folder) {
    *out = (qn_join_arrival){.slots = slots, .sources = sources};
    QN_TRY(qn_mem_calloc(&out->counts, (size_t)slots + 1, sizeof *out->counts));
    QN_TRY(qn_mem_calloc(&out->lanes, (size_t)lane_count, sizeof *out->lanes));
    out->lane_count = lane_count;
    for (int32_t i = 0; i < lane_count; i++) {
        out->lanes[i].from = i == 0 ? 0 : lane_ends[i - 1];
        out->lanes[i].to = lane_ends[i];
        QN_TRY(qn_schema_copy(&out->lanes[i].table.schema, schema));
    }
    return lane_count == 1 ? QN_OK : qn_scratch_new(&out->scratch, folder, schema, lane_count);
}

/* ---- Arriving ---------------------------------------------------------------------------------
 */

static int64_t rows_between(const int32_t *counts, int32_t from, int32_t to) {
    int64_t rows = 0;
    for (int32_t s = from; s < to; s++)
        rows += counts[s];
    return rows;
}

static qn_status note_piece(qn_join_lane *lane, int source, const int32_t *counts) {
    int64_t slots = lane->to - lane->from, rows = rows_between(counts, lane->from, lane->to);
    if (rows == 0)
        return QN_OK;
    QN_TRY(qn_mem_reserve(&lane->pieces, &lane->piece_capacity, lane->piece_count + 1,
                          sizeof *lane->pieces));
    QN_TRY(qn_mem_reserve(&lane->counts, &lane->count_capacity, lane->count_count + slots,
                          sizeof *lane->counts));
    lane->pieces[lane->piece_count++] = (qn_join_piece){source, lane->rows, lane->count_count};
    memcpy(lane->counts + lane->count_count, counts + lane->from,
           (size_t)slots * sizeof *lane->counts);
    lane->count_count += slots;
    lane->rows += rows;
    return QN_OK;
}

static qn_status begin_piece(qn_join_arrival *self, int source, const qn_column *counts) {
    if (counts->length != self->slots)
        return qn_fail(QN_INTERNAL, "%lld slots arrived where there are %d",
                       (long long)counts->length, (int)self->slots);
    memcpy(self->counts, counts->i32, (size_t)self->slots * sizeof *self->counts);
    self->slot = 0;
    self->left = self->slots > 0 ? self->counts[0] : 0;
    for (int32_t i = 0; i < self->lane_count; i++)
        QN_TRY(note_piece(&self->lanes[i], source, self->counts));
    return QN_OK;
}

/* How many of the next `rows` rows belong to the lane that comes now. */
static int64_t rows_of_lane(qn_join_arrival *self, int64_t rows, int32_t *lane) {
    int64_t taken = 0;
    while (self->left == 0)
        self->left = self->counts[++self->slot];
    *lane = 0;
    while (self->lanes[*lane].to <= self->slot)
        (*lane)++;
    while (taken < rows && self->slot < self->lanes[*lane].to) {
        int64_t some = self->left < rows - taken ? self->left : rows - taken;
        taken += some;
        self->left -= some;
        if (self->left > 0 || self->slot + 1 == self->slots)
            break;
        self->left = self->counts[++self->slot];
    }
    return taken;
}

static qn_status slice(qn_batch *out, const qn_batch *batch, int64_t first, int64_t count) {
    qn_status status = qn_batch_reserve(out, batch->count);
    out->length = count;
    for (int32_t c = 0; c < batch->count && status == QN_OK; c++)
        status = qn_column_slice(&out->columns[c], batch->columns[c], first, count);
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}

static qn_status spread_over_lanes(qn_join_arrival *self, const qn_batch *batch) {
    for (int64_t first = 0; first < batch->length;) {
        int32_t lane = 0;
        int64_t count = rows_of_lane(self, batch->length - first, &lane);
        qn_batch part;
        qn_batch_init(&part);
        QN_TRY(slice(&part, batch, first, count));
        QN_TRY(qn_scratch_add(self->scratch, lane, &part));
        first += count;
    }
    return QN_OK;
}

qn_status qn_join_arrival_take(void *arrival, int source, qn_batch *batch) {
    qn_join_arrival *self = arrival;
    qn_status status;
    if (batch->length > 0 && self->scratch == NULL)
        return qn_table_add(&self->lanes[0].table, batch);
    if (batch->length == 0)
        status = begin_piece(self, source, batch->columns[0]);
    else
        status = spread_over_lanes(self, batch);
    qn_batch_clear(batch);
    return status;
}

qn_status qn_join_arrival_end(qn_join_arrival *arrival) {
    return arrival->scratch != NULL ? qn_scratch_flush(arrival->scratch) : QN_OK;
}

/* ---- Loading ----------------------------------------------------------------------------------
 */

/* A place among batches that moves from row to row. */
typedef struct place {
    const qn_table *table;
    const int64_t *firsts; /* first row of each batch, in order of arrival */
    int64_t batch, row;
} place;

static void place_seek(place *self, int64_t row) {
    int64_t low = 0, high = self->table->batch_count; /* the batch that begins at or before row */
    while (high - low > 1) {
        int64_t middle = (low + high) / 2;
        if (self->firsts[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    self->batch = low;
    self->row = row - self->firsts[low];
}

static inline qn_ref place_next(place *self) {
    while (self->row == self->table->batches[self->batch].length) {
        self->batch++;
        self->row = 0;
    }
    return qn_ref_of(self->batch, self->row++);
}

static void list_piece(const qn_join_lane *lane, const qn_join_piece *piece, place *at,
                       qn_ref *refs, int64_t *next) {
    const int32_t *counts = lane->counts + piece->counts;
    place_seek(at, piece->row);
    for (int32_t s = 0; s < lane->to - lane->from; s++)
        for (int32_t i = 0; i < counts[s]; i++)
            refs[next[s]++] = place_next(at);
}

static void list_rows(const qn_join_lane *lane, int sources, place *at, qn_ref *refs,
                      int64_t *next) {
    for (int source = 0; source < sources; source++)
        for (int64_t i = 0; i < lane->piece_count; i++)
            if (lane->pieces[i].source == source)
                list_piece(lane, &lane->pieces[i], at, refs, next);
}

static qn_status order_rows(qn_join_side *side, const qn_join_lane *lane, int sources) {
    int32_t slots = lane->to - lane->from;
    int64_t *next = NULL, *firsts = NULL, row = 0;
    qn_status status;
    QN_TRY(qn_join_side_check(side));
    QN_TRY_GOTO(qn_mem_calloc(&side->starts, (size_t)slots + 1, sizeof *side->starts), done);
    QN_TRY_GOTO(qn_mem_alloc(&side->refs, (size_t)lane->rows, sizeof *side->refs), done);
    QN_TRY_GOTO(qn_mem_alloc(&firsts, (size_t)side->table.batch_count, sizeof *firsts), done);
    for (int64_t b = 0; b < side->table.batch_count; row += side->table.batches[b++].length)
        firsts[b] = row;
    for (int64_t i = 0; i < lane->count_count; i++)
        side->starts[i % slots + 1] += lane->counts[i];
    for (int32_t s = 0; s < slots; s++)
        side->starts[s + 1] += side->starts[s];
    QN_TRY_GOTO(qn_mem_copy(&next, side->starts, (size_t)slots + 1, sizeof *next), done);
    place at = {.table = &side->table, .firsts = firsts};
    list_rows(lane, sources, &at, side->refs, next);
    side->slots = slots;
    side->rows = side->starts[slots];
done:
    qn_mem_free(next);
    qn_mem_free(firsts);
    return status;
}

qn_status qn_join_arrival_load(qn_join_side *out, qn_join_arrival *arrival, int32_t lane_number) {
    qn_join_lane *lane = &arrival->lanes[lane_number];
    qn_join_side side = {0};
    qn_stream *stream = NULL;
    qn_status status = QN_OK;
    if (arrival->scratch == NULL) {
        side.table = lane->table;
        qn_table_init(&lane->table);
    } else {
        QN_TRY_GOTO(qn_scratch_open(&stream, arrival->scratch, lane_number), done);
        QN_TRY_GOTO(qn_join_collect(&side.table, stream), done);
    }
    QN_TRY_GOTO(qn_table_unify(&side.table), done);
    QN_TRY_GOTO(order_rows(&side, lane, arrival->sources), done);
    *out = side;
    side = (qn_join_side){0};
done:
    qn_stream_free(stream);
    qn_join_side_clear(&side);
    return status;
}
