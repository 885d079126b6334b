#include "core/window/other.h"

#include "core/aggregate/aggregate.h"
#include "core/memory.h"

/* Frames are given to an aggregator as its groups, so many rows at a time; the next frames get a
 * new one, so that it never holds much more than one frame. */
enum { ROWS_AT_ONCE = 1 << 18 };

typedef struct expansion {
    const qn_table *table;
    const qn_window_call *call;
    const qn_frames *frames;
    const qn_ref *refs;
    qn_table *made;
    qn_aggregator *aggregator;
    int64_t groups; /* of this aggregator */
    int64_t rows;   /* that it was given */
    /* the next rows to give: */
    int64_t count;
    qn_ref *row_refs;
    uint32_t *row_groups;
    int64_t *row_numbers;
} expansion;

static void expansion_clear(expansion *self) {
    qn_aggregator_free(self->aggregator);
    qn_mem_free(self->row_refs);
    qn_mem_free(self->row_groups);
    qn_mem_free(self->row_numbers);
}

static qn_status expansion_init(expansion *self) {
    QN_TRY(qn_mem_alloc(&self->row_refs, QN_BATCH_ROWS, sizeof *self->row_refs));
    QN_TRY(qn_mem_alloc(&self->row_groups, QN_BATCH_ROWS, sizeof *self->row_groups));
    return qn_mem_alloc(&self->row_numbers, QN_BATCH_ROWS, sizeof *self->row_numbers);
}

static qn_status start_aggregator(expansion *self) {
    const qn_window_call *call = self->call;
    qn_type types[3];
    qn_aggregate_options options = {.distinct = call->distinct,
                                    .ignore_nulls = call->ignore_nulls,
                                    .number = call->share,
                                    .text = call->text};
    for (int32_t k = 0; k < call->argument_count; k++)
        types[k] = self->table->schema.fields[call->arguments[k]].type;
    self->groups = self->rows = 0;
    return qn_aggregator_new(&self->aggregator, call->function, types, call->argument_count,
                             &options, NULL);
}

/* Gives the gathered rows to the aggregator. */
static qn_status flush(expansion *self) {
    const qn_window_call *call = self->call;
    qn_column *columns[4] = {NULL, NULL, NULL, NULL};
    qn_status status = QN_OK;
    if (self->count == 0)
        return QN_OK;
    for (int32_t k = 0; k < call->argument_count; k++)
        QN_TRY_GOTO(qn_table_take(&columns[k], self->table, call->arguments[k], self->row_refs,
                                  self->count),
                    done);
    if (call->filter >= 0)
        QN_TRY_GOTO(
            qn_table_take(&columns[3], self->table, call->filter, self->row_refs, self->count),
            done);
    qn_aggregate_rows rows = {.count = self->count,
                              .groups = self->row_groups,
                              .arguments = columns,
                              .filter = columns[3],
                              .rows = self->row_numbers};
    QN_TRY_GOTO(qn_aggregator_grow(self->aggregator, self->groups), done);
    QN_TRY_GOTO(qn_aggregator_update(self->aggregator, &rows), done);
    self->count = 0;
done:
    for (int k = 0; k < 4; k++)
        qn_column_release(columns[k]);
    return status;
}

static qn_status add_frame(expansion *self, int32_t i) {
    uint32_t group = (uint32_t)self->groups++;
    for (int32_t k = 0; k < self->frames->count; k++) {
        for (int32_t row = self->frames->from[k][i]; row < self->frames->to[k][i]; row++) {
            self->row_refs[self->count] = self->refs[row];
            self->row_groups[self->count] = group;
            self->row_numbers[self->count++] = row;
            self->rows++;
            if (self->count == QN_BATCH_ROWS)
                QN_TRY(flush(self));
        }
    }
    return QN_OK;
}

/* The aggregator's results become the next batch of what was made. */
static qn_status finish_aggregator(expansion *self) {
    uint32_t *ids = NULL;
    qn_batch batch;
    qn_column *column = NULL;
    qn_status status;
    qn_batch_init(&batch);
    QN_TRY_GOTO(qn_aggregator_grow(self->aggregator, self->groups), done);
    QN_TRY_GOTO(flush(self), done);
    QN_TRY_GOTO(qn_mem_alloc(&ids, (size_t)self->groups, sizeof *ids), done);
    for (int64_t g = 0; g < self->groups; g++)
        ids[g] = (uint32_t)g;
    QN_TRY_GOTO(qn_aggregator_finish(self->aggregator, ids, self->groups, &column), done);
    batch.length = self->groups;
    QN_TRY_GOTO(qn_batch_append(&batch, column), done);
    QN_TRY_GOTO(qn_table_add(self->made, &batch), done);
    qn_aggregator_free(self->aggregator);
    self->aggregator = NULL;
done:
    qn_batch_clear(&batch);
    qn_mem_free(ids);
    return status;
}

static bool same_frame(const qn_frames *frames, int32_t i, int32_t k) {
    bool same = true;
    for (int32_t piece = 0; piece < frames->count; piece++)
        same &= frames->from[piece][i] == frames->from[piece][k] &&
                frames->to[piece][i] == frames->to[piece][k];
    return same;
}

static qn_status expand(expansion *self, const qn_window_rows *rows, qn_ref *results) {
    for (int32_t i = 0; i < rows->count; i++) {
        if (i > 0 && same_frame(self->frames, i, i - 1)) {
            results[i] = results[i - 1];
            continue;
        }
        if (self->aggregator == NULL)
            QN_TRY(start_aggregator(self));
        if (self->made->batch_count == QN_REF_MAX_BATCHES)
            return qn_fail(QN_MEMORY, "%s over a window has too many frames for one rank",
                           self->call->function);
        results[i] = qn_ref_of(self->made->batch_count, self->groups);
        QN_TRY(add_frame(self, i));
        if (self->groups == QN_BATCH_ROWS || self->rows >= ROWS_AT_ONCE)
            QN_TRY(finish_aggregator(self));
    }
    return self->aggregator != NULL ? finish_aggregator(self) : QN_OK;
}

qn_status qn_window_other(qn_table *made, qn_ref *results, const qn_table *table,
                          const qn_window_call *call, const qn_window_rows *rows,
                          const qn_frames *frames, const qn_ref *refs) {
    expansion self = {.table = table, .call = call, .frames = frames, .refs = refs, .made = made};
    qn_status status = expansion_init(&self);
    if (status == QN_OK)
        status = expand(&self, rows, results);
    expansion_clear(&self);
    return status;
}
