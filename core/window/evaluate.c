/* Window functions over a table: rows are ordered, then computed some thousands at a time (whole
 * partitions), so that arguments and results of that many rows are in cache. */
#include "core/memory.h"
#include "core/window/gather.h"
#include "core/window/order.h"
#include "core/window/other.h"
#include "core/window/output.h"

enum { CHUNK_ROWS = 16384, MOST_CHUNKS = 1024 };

typedef struct evaluation {
    const qn_table *table;
    const qn_window_spec *spec;
    qn_window_order ordered;
    qn_window_output *outputs; /* a call */
    uint32_t **distinct; /* a call: numbers of the arguments' values by row of the table; or NULL */
    int64_t *batch_starts;
    int32_t *int_starts; /* of the chunk's partitions, in the chunk */
    int64_t start_capacity;
    qn_arena arena;
    /* of the chunk */
    int64_t first;    /* where it starts in the order */
    int32_t from, to; /* its rows whose results are written; the others are context */
    const qn_ref *refs;
    qn_window_rows rows;
    qn_frames *frames;         /* a call */
    qn_window_values *columns; /* a column of the table */
    uint8_t *gathered;         /* a column: 0 not yet, 1 valid alone, 2 values too */
    qn_window_key key;
} evaluation;

/* ---- Columns of a chunk ---------------------------------------------------------------------- */

static qn_status gather(evaluation *self, int32_t column, bool values, qn_window_values *out) {
    int wanted = values ? 2 : 1;
    if (self->gathered[column] < wanted) {
        QN_TRY(qn_window_gather(&self->columns[column], self->table, column, self->refs,
                                self->rows.count, values, &self->arena));
        self->gathered[column] = (uint8_t)wanted;
    }
    *out = self->columns[column];
    return QN_OK;
}

static qn_status gather_key(evaluation *self) {
    const qn_window_spec *spec = self->spec;
    if (self->key.values.i64 != NULL || self->key.values.f64 != NULL)
        return QN_OK;
    const qn_sort_key *key = &spec->order[0];
    self->key.type = self->table->schema.fields[key->column].type;
    self->key.descending = key->descending;
    if (self->ordered.keys != NULL)
        return qn_window_decode(&self->key.values, self->key.type, key->descending,
                                self->ordered.keys + self->first, self->rows.count, &self->arena);
    return gather(self, key->column, true, &self->key.values);
}

/* ---- Frames of a chunk ----------------------------------------------------------------------- */

static qn_window_frame frame_of(const qn_window_spec *spec, const qn_window_call *call) {
    if (!call->default_frame)
        return call->frame;
    qn_bound_kind to = spec->order_count > 0 ? QN_BOUND_CURRENT : QN_BOUND_UNBOUNDED_FOLLOWING;
    return (qn_window_frame){
        .unit = QN_FRAME_RANGE, .from = {.kind = QN_BOUND_UNBOUNDED_PRECEDING}, .to = {.kind = to}};
}

static bool same_bound(const qn_bound *a, const qn_bound *b) {
    return a->kind == b->kind && a->offset == b->offset && a->months == b->months &&
           a->nanoseconds == b->nanoseconds && a->interval == b->interval;
}

static bool same_frame(const qn_window_frame *a, const qn_window_frame *b) {
    return a->unit == b->unit && a->exclusion == b->exclusion && same_bound(&a->from, &b->from) &&
           same_bound(&a->to, &b->to);
}

static bool needs_key(const qn_window_frame *frame) {
    bool from = frame->from.kind == QN_BOUND_PRECEDING || frame->from.kind == QN_BOUND_FOLLOWING;
    bool to = frame->to.kind == QN_BOUND_PRECEDING || frame->to.kind == QN_BOUND_FOLLOWING;
    return frame->unit == QN_FRAME_RANGE && (from || to);
}

/* Calls with the same frame share it. */
static qn_status find_frames(evaluation *self, int32_t call) {
    const qn_window_spec *spec = self->spec;
    qn_window_frame frame = frame_of(spec, &spec->calls[call]);
    for (int32_t c = 0; c < call; c++) {
        qn_window_frame other = frame_of(spec, &spec->calls[c]);
        if (self->frames[c].count > 0 && same_frame(&frame, &other)) {
            self->frames[call] = self->frames[c];
            return QN_OK;
        }
    }
    if (needs_key(&frame))
        QN_TRY(gather_key(self));
    return qn_frames_find(&self->frames[call], &self->rows, &frame, &self->key, &self->arena);
}

/* ---- Calls ----------------------------------------------------------------------------------- */

/* The arguments of a call; rows that its filter leaves out are null. */
static qn_status gather_arguments(evaluation *self, int32_t c, qn_window_values arguments[3]) {
    const qn_window_call *call = &self->spec->calls[c];
    const qn_window_info *info = self->outputs[c].info;
    bool values = info->family == QN_FAMILY_SHIFT || info->family == QN_FAMILY_NTH
                      ? !self->outputs[c].by_ref
                      : info->function != QN_WINDOW_COUNT;
    for (int32_t k = 0; k < call->argument_count; k++)
        QN_TRY(gather(self, call->arguments[k], values, &arguments[k]));
    int32_t filtered = call->argument_count > 0 ? call->argument_count : 1;
    for (int32_t k = 0; call->filter >= 0 && k < filtered; k++)
        QN_TRY(qn_window_filter(&arguments[k], self->table, call->filter, self->refs,
                                self->rows.count, &self->arena));
    return QN_OK;
}

/* A row counts if none of the arguments is null. */
static qn_status merge_valid(evaluation *self, int32_t count, qn_window_values *arguments) {
    for (int32_t k = 1; k < count; k++) {
        const uint8_t *a = arguments[0].valid, *b = arguments[k].valid;
        uint8_t *both = NULL;
        if (b == NULL)
            continue;
        QN_TRY(qn_arena_take(&self->arena, &both, self->rows.count, 1));
        for (int32_t i = 0; i < self->rows.count; i++)
            both[i] = (a == NULL || a[i]) && b[i];
        arguments[0].valid = both;
    }
    return QN_OK;
}

static qn_status count_distinct(evaluation *self, int32_t c, qn_window_values *values,
                                qn_window_result *out) {
    int64_t *numbers = NULL;
    QN_TRY(qn_arena_take(&self->arena, &numbers, self->rows.count, sizeof *numbers));
    for (int32_t i = 0; i < self->rows.count; i++) {
        qn_ref ref = self->refs[i];
        numbers[i] = self->distinct[c][self->batch_starts[qn_ref_batch(ref)] + qn_ref_row(ref)];
    }
    values->i64 = numbers;
    return qn_window_distinct(out, &self->rows, &self->frames[c], values, &self->arena);
}

static qn_status run_aggregate(evaluation *self, int32_t c, qn_window_values *arguments,
                               qn_window_result *out) {
    const qn_window_call *call = &self->spec->calls[c];
    const qn_window_info *info = self->outputs[c].info;
    const qn_frames *frames = &self->frames[c];
    switch (info->family) {
    case QN_FAMILY_COUNT:
        QN_TRY(merge_valid(self, call->argument_count, arguments));
        if (call->distinct)
            return count_distinct(self, c, &arguments[0], out);
        return qn_window_counts(out, info->function, &self->rows, frames, &arguments[0],
                                &self->arena);
    case QN_FAMILY_TOTAL:
        return qn_window_totals(out, info->function, &self->rows, frames, arguments,
                                call->argument_count, &self->arena);
    case QN_FAMILY_EXTREME:
        return qn_window_extremes(out, info->function == QN_WINDOW_MAX, &self->rows, frames,
                                  &arguments[0], &self->arena);
    default:
        return qn_window_percentiles(out, info->function,
                                     info->function == QN_WINDOW_MEDIAN ? 0.5 : call->share,
                                     &self->rows, frames, &arguments[0], &self->arena);
    }
}

static qn_status run_other(evaluation *self, int32_t c) {
    qn_window_output *output = &self->outputs[c];
    qn_window_places places = {self->refs, self->from, self->to};
    qn_ref *results = NULL;
    QN_TRY(qn_arena_take(&self->arena, &results, self->rows.count, sizeof *results));
    QN_TRY(qn_window_other(&output->made, results, self->table, &self->spec->calls[c], &self->rows,
                           &self->frames[c], self->refs));
    qn_window_output_place(output, &places, results);
    return QN_OK;
}

static qn_status run_call(evaluation *self, int32_t c) {
    const qn_window_call *call = &self->spec->calls[c];
    qn_window_output *output = &self->outputs[c];
    qn_window_values arguments[3] = {0}, fallback = {0};
    qn_window_result result = {0};
    if (qn_window_has_frame(output->info))
        QN_TRY(find_frames(self, c));
    if (output->info->family == QN_FAMILY_OTHER)
        return run_other(self, c);
    QN_TRY(gather_arguments(self, c, arguments));
    if (output->info->family == QN_FAMILY_RANK) {
        QN_TRY(qn_window_ranks(&result, output->info->function, call->number, &self->rows,
                               &self->arena));
    } else if (output->info->family == QN_FAMILY_SHIFT) {
        int64_t steps = output->info->function == QN_WINDOW_LAG && call->number != INT64_MIN
                            ? -call->number
                            : call->number;
        if (output->fallback >= 0)
            QN_TRY(gather(self, output->fallback, !output->by_ref, &fallback));
        QN_TRY(qn_window_shift(&result, steps, call->ignore_nulls, &self->rows, &arguments[0],
                               &self->arena));
    } else if (output->info->family == QN_FAMILY_NTH) {
        QN_TRY(qn_window_nth(&result, output->info->function, call->number, call->ignore_nulls,
                             &self->rows, &self->frames[c], &arguments[0], &self->arena));
    } else {
        QN_TRY(run_aggregate(self, c, arguments, &result));
    }
    qn_window_places places = {self->refs, self->from, self->to};
    return qn_window_output_write(output, &places, &result, &arguments[0],
                                  output->fallback >= 0 ? &fallback : NULL);
}

/* ---- Chunks ---------------------------------------------------------------------------------- */

/* A chunk has so many rows, or is one partition. There are some thousand chunks at most, as each
 * looks at all batches. */
static int64_t rows_of_chunk(const qn_window_order *ordered) {
    int64_t rows = ordered->rows / MOST_CHUNKS;
    return rows < CHUNK_ROWS ? CHUNK_ROWS : rows;
}

/* Rows [first, last) of the order, which lie in partitions [from, to). */
static qn_status start_chunk(evaluation *self, int64_t first, int64_t last, int64_t from,
                             int64_t to) {
    const qn_window_order *ordered = &self->ordered;
    qn_arena_empty(&self->arena);
    QN_TRY(qn_mem_reserve(&self->int_starts, &self->start_capacity, to - from + 1,
                          sizeof *self->int_starts));
    for (int64_t p = from; p <= to; p++) {
        int64_t start = ordered->starts[p];
        start = start < first ? first : start > last ? last : start;
        self->int_starts[p - from] = (int32_t)(start - first);
    }
    self->first = first;
    self->refs = ordered->refs + first;
    self->rows = (qn_window_rows){.count = (int32_t)(last - first),
                                  .partitions = (int32_t)(to - from),
                                  .starts = self->int_starts};
    self->from = 0;
    self->to = self->rows.count;
    for (int32_t k = 0; k < self->table->schema.count; k++)
        self->gathered[k] = 0;
    for (int32_t c = 0; c < self->spec->call_count; c++)
        self->frames[c].count = 0;
    self->key = (qn_window_key){0};
    return qn_window_peers(&self->rows, ordered->flags == NULL ? NULL : ordered->flags + first,
                           &self->arena);
}

static qn_status run_calls(evaluation *self) {
    for (int32_t c = 0; c < self->spec->call_count; c++)
        QN_TRY(run_call(self, c));
    return QN_OK;
}

/* Whole partitions. */
static qn_status run_partitions(evaluation *self) {
    const qn_window_order *ordered = &self->ordered;
    int64_t rows = rows_of_chunk(ordered);
    for (int64_t from = 0, to; from < ordered->partitions; from = to) {
        to = from + 1;
        while (to < ordered->partitions && ordered->starts[to + 1] - ordered->starts[from] <= rows)
            to++;
        QN_TRY(start_chunk(self, ordered->starts[from], ordered->starts[to], from, to));
        QN_TRY(run_calls(self));
    }
    return QN_OK;
}

/* No call looks further than `reach`: chunks may be cut anywhere, with that much around them. */
static qn_status run_cuts(evaluation *self, const qn_window_reach *reach) {
    const qn_window_order *ordered = &self->ordered;
    int64_t rows = rows_of_chunk(ordered), around = 4 * (reach->before + reach->after);
    int64_t from = 0, to = 0;
    rows = rows < around ? around : rows;
    for (int64_t first = 0, last; first < ordered->rows; first = last) {
        last = first + rows < ordered->rows ? first + rows : ordered->rows;
        while (ordered->starts[from + 1] <= first)
            from++;
        while (ordered->starts[to] < last)
            to++;
        int64_t context = first - reach->before, end = last + reach->after;
        context = context < ordered->starts[from] ? ordered->starts[from] : context;
        end = end > ordered->starts[to] ? ordered->starts[to] : end;
        QN_TRY(start_chunk(self, context, end, from, to));
        self->from = (int32_t)(first - context);
        self->to = (int32_t)(last - context);
        QN_TRY(run_calls(self));
    }
    return QN_OK;
}

/* ---- How far calls look ---------------------------------------------------------------------- */

enum { MOST_REACH = 1 << 20 };

static bool add_bound(const qn_bound *bound, qn_window_reach *reach) {
    if (bound->kind == QN_BOUND_CURRENT)
        return true;
    if (bound->kind == QN_BOUND_UNBOUNDED_PRECEDING ||
        bound->kind == QN_BOUND_UNBOUNDED_FOLLOWING || bound->offset > MOST_REACH)
        return false;
    int64_t *side = bound->kind == QN_BOUND_PRECEDING ? &reach->before : &reach->after;
    *side = *side < (int64_t)bound->offset ? (int64_t)bound->offset : *side;
    return true;
}

static bool add_shift(const qn_window_info *info, const qn_window_call *call,
                      qn_window_reach *reach) {
    if (call->ignore_nulls || call->number > MOST_REACH || call->number < -MOST_REACH)
        return false;
    bool back = (info->function == QN_WINDOW_LAG) == (call->number > 0);
    int64_t *side = back ? &reach->before : &reach->after;
    int64_t steps = call->number < 0 ? -call->number : call->number;
    *side = *side < steps ? steps : *side;
    return true;
}

bool qn_window_reach_of(const qn_window_spec *spec, qn_window_reach *out) {
    qn_window_reach reach = {0, 0};
    for (int32_t c = 0; c < spec->call_count; c++) {
        const qn_window_call *call = &spec->calls[c];
        const qn_window_info *info = qn_window_find(call->function, call->distinct);
        bool peers =
            call->frame.exclusion == QN_EXCLUDE_GROUP || call->frame.exclusion == QN_EXCLUDE_TIES;
        if (info == NULL || info->family == QN_FAMILY_RANK)
            return false;
        if (info->family == QN_FAMILY_SHIFT) {
            if (!add_shift(info, call, &reach))
                return false;
        } else if (call->default_frame || call->frame.unit != QN_FRAME_ROWS || peers ||
                   !add_bound(&call->frame.from, &reach) || !add_bound(&call->frame.to, &reach)) {
            return false;
        }
    }
    *out = reach;
    return true;
}

static bool may_be_cut(const qn_table *table, const qn_window_spec *spec, qn_window_reach *reach) {
    qn_window_range range;
    if (!qn_window_reach_of(spec, reach))
        return false;
    qn_window_range_of(table, spec, &range);
    return qn_window_range_fits(&range);
}

/* ---- From table to table --------------------------------------------------------------------- */

static qn_status number_distinct(evaluation *self, int32_t c) {
    const qn_window_call *call = &self->spec->calls[c];
    int64_t count = 0;
    if (!call->distinct || self->outputs[c].info->function != QN_WINDOW_COUNT)
        return QN_OK;
    QN_TRY(qn_mem_alloc(&self->distinct[c], (size_t)self->ordered.rows, sizeof(uint32_t)));
    return qn_window_groups(self->distinct[c], &count, self->table, call->arguments,
                            call->argument_count);
}

static qn_status start(evaluation *self) {
    const qn_table *table = self->table;
    size_t calls = (size_t)self->spec->call_count, columns = (size_t)table->schema.count;
    QN_TRY(qn_mem_calloc(&self->outputs, calls, sizeof *self->outputs));
    QN_TRY(qn_mem_calloc(&self->distinct, calls, sizeof *self->distinct));
    QN_TRY(qn_mem_calloc(&self->frames, calls, sizeof *self->frames));
    QN_TRY(qn_mem_calloc(&self->columns, columns, sizeof *self->columns));
    QN_TRY(qn_mem_calloc(&self->gathered, columns, 1));
    QN_TRY(qn_mem_alloc(&self->batch_starts, (size_t)table->batch_count, sizeof(int64_t)));
    for (int64_t b = 0, row = 0; b < table->batch_count; row += table->batches[b++].length)
        self->batch_starts[b] = row;
    QN_TRY(qn_window_order_find(&self->ordered, table, self->spec));
    for (int32_t c = 0; c < self->spec->call_count; c++) {
        QN_TRY(qn_window_output_start(&self->outputs[c], table, self->spec, &self->spec->calls[c]));
        QN_TRY(number_distinct(self, c));
    }
    return QN_OK;
}

static void clear(evaluation *self) {
    for (int32_t c = 0; c < self->spec->call_count; c++) {
        if (self->outputs != NULL)
            qn_window_output_clear(&self->outputs[c]);
        if (self->distinct != NULL)
            qn_mem_free(self->distinct[c]);
    }
    qn_mem_free(self->outputs);
    qn_mem_free(self->distinct);
    qn_mem_free(self->frames);
    qn_mem_free(self->columns);
    qn_mem_free(self->gathered);
    qn_mem_free(self->batch_starts);
    qn_mem_free(self->int_starts);
    qn_window_order_clear(&self->ordered);
    qn_arena_clear(&self->arena);
}

/* One batch of results, as long as batch b of the table. */
static qn_status add_batch(evaluation *self, int64_t b, qn_table *out) {
    qn_batch batch;
    qn_status status = QN_OK;
    qn_batch_init(&batch);
    batch.length = self->table->batches[b].length;
    batch.first_row = self->table->batches[b].first_row;
    for (int32_t c = 0; c < self->spec->call_count && status == QN_OK; c++) {
        qn_column *column = NULL;
        status = qn_window_output_finish(&self->outputs[c], b, self->batch_starts[b], &column);
        if (status == QN_OK)
            status = qn_batch_append(&batch, column);
    }
    if (status == QN_OK)
        return qn_table_add(out, &batch);
    qn_batch_clear(&batch);
    return status;
}

qn_status qn_window_evaluate(qn_table *out, const qn_table *table, const qn_window_spec *spec) {
    evaluation self = {.table = table, .spec = spec};
    qn_window_reach reach;
    qn_status status;
    qn_arena_init(&self.arena);
    QN_TRY_GOTO(start(&self), done);
    if (may_be_cut(table, spec, &reach))
        QN_TRY_GOTO(run_cuts(&self, &reach), done);
    else
        QN_TRY_GOTO(run_partitions(&self), done);
    for (int64_t b = 0; b < table->batch_count; b++)
        QN_TRY_GOTO(add_batch(&self, b, out), done);
done:
    clear(&self);
    return status;
}
