/* Sample sort: splitters from samples, each row to the rank that sorts it, a radix sort there; rows
 * are gathered when they are asked for. What does not fit in memory is sorted in runs, in scratch
 * space, and merged. */
#include "features/sort/sort.h"

#include "core/memory.h"
#include "features/sort/sort_merge.h"
#include "features/sort/sort_private.h"
#include "features/sort/sort_split.h"
#include "features/sort/sort_top.h"
#include "features/wide/input.h"
#include "mpi/comm/exchange.h"
#include "mpi/comm/partition.h"

enum {
    TOP_ROWS = 1 << 17,  /* more than these are not gathered on one rank */
    SAMPLES = 1 << 14,   /* of all rows, at least, */
    RANK_SAMPLES = 1024, /* and at least these for each rank */
    RUN_STEP = 1024,     /* one sample of so many rows of a run */
    SORTING_BYTES = 32,  /* a row, while sorting */
    TEXT_BYTES = 48,     /* and this for each string key */
    RAGGED_BYTES = 24    /* a string or list, as a guess */
};

typedef struct sort {
    qn_result base;
    qn_stream *in;
    qn_sort_key *keys;
    int32_t count;
    int64_t limit, offset;
    qn_sort_route route;
    int32_t hidden;
    int64_t skip;        /* rows of this rank before the first of the result */
    qn_table table;      /* in memory: the rows, */
    qn_ref *refs;        /* and their order */
    qn_order_kept *kept; /* keys that need not be gathered; may be NULL */
    qn_scratch *runs;    /* or else: sorted runs, */
    int32_t run_count;   /* */
    qn_merge *merge;     /* merged */
    int64_t read;        /* rows of this rank */
} sort;

/* What is needed while building. */
typedef struct build {
    sort *self;
    const qn_execution *execution;
    qn_comm *comm;
    int size;
    qn_split split;
} build;

/* ---- In memory ------------------------------------------------------------------------------ */

static qn_status sort_table(sort *self) {
    QN_TRY(qn_top_refs(&self->refs, &self->table));
    return qn_order_sort_keep(&self->table, self->keys, self->count, self->refs,
                              self->table.row_count, &self->kept);
}

/* Sorted rows [first, first + count), of all columns but the last `hidden`. */
static qn_status take_sorted(const sort *self, int64_t first, int64_t count, int32_t hidden,
                             qn_batch *out) {
    QN_TRY(qn_batch_reserve(out, self->table.schema.count - hidden));
    out->length = count;
    for (int32_t c = 0; c < out->count; c++) {
        if (self->kept != NULL)
            QN_TRY(qn_order_kept_column(self->kept, &self->table, c, self->refs + first, first,
                                        count, &out->columns[c]));
        if (out->columns[c] == NULL)
            QN_TRY(qn_table_take(&out->columns[c], &self->table, c, self->refs + first, count));
    }
    return QN_OK;
}

static qn_status route_rows(void *context, const qn_batch *batch, int32_t *ranks) {
    build *now = context;
    if (now->self->route != NULL)
        return now->self->route(now->comm, batch, ranks);
    return qn_split_route(&now->split, batch, ranks);
}

/* Collective. */
static qn_status choose_splitters(build *now) {
    int64_t rows = now->self->table.row_count, least = (int64_t)RANK_SAMPLES * now->size;
    if (now->self->route != NULL)
        return QN_OK;
    QN_TRY(qn_comm_sum_i64(now->comm, &rows, 1));
    int64_t step = rows / (least > SAMPLES ? least : SAMPLES);
    qn_status status = qn_split_sample(&now->split, &now->self->table, 0, step > 1 ? step : 1);
    QN_TRY(qn_comm_agree(now->comm, status));
    return qn_split_choose(&now->split);
}

/* Pieces from many ranks are short: joined, so that rows are found faster. */
static qn_status join_pieces(qn_table *table) {
    qn_table joined;
    qn_stream *stream = NULL;
    bool full = false;
    if (table->batch_count < 64 || table->row_count / table->batch_count >= QN_BATCH_ROWS / 8)
        return QN_OK;
    qn_table_init(&joined);
    QN_TRY(qn_table_stream(&stream, table));
    qn_table_clear(table);
    qn_status status = qn_wide_collect(&joined, stream, INT64_MAX, &full);
    qn_stream_free(stream);
    if (status == QN_OK && full)
        status = qn_fail(QN_MEMORY, "a sort has more rows on one rank than it can number: use more "
                                    "ranks, or a smaller --memory so that it spills");
    if (status == QN_OK)
        *table = joined;
    else
        qn_table_clear(&joined);
    return status;
}

/* Collective. Each row to the rank that sorts it; in order of the rows there. */
static qn_status exchange_rows(build *now) {
    sort *self = now->self;
    qn_stream *stream = NULL;
    QN_TRY(choose_splitters(now));
    qn_status status = qn_table_stream(&stream, &self->table);
    qn_table_clear(&self->table);
    QN_TRY_GOTO(qn_comm_agree(now->comm, status), done);
    QN_TRY_GOTO(qn_shuffle_table(&self->table, stream, now->comm, route_rows, now, false), done);
done:
    qn_stream_free(stream);
    return status;
}

static qn_status sort_in_memory(build *now) {
    if (now->size > 1)
        QN_TRY(exchange_rows(now));
    qn_status status = join_pieces(&now->self->table);
    if (status == QN_OK)
        status = sort_table(now->self);
    now->self->base.rows = now->self->table.row_count;
    return qn_comm_agree(now->comm, status);
}

/* ---- In scratch space ----------------------------------------------------------------------- */

/* Rows of the order so far as a batch; with their places, by which equal rows are told apart on
 * their way to other ranks. */
static qn_status take_run_batch(const build *now, int64_t first, int64_t count,
                                const int64_t *starts, qn_batch *out) {
    const sort *self = now->self;
    QN_TRY(take_sorted(self, first, count, 0, out));
    if (now->size == 1)
        return QN_OK;
    QN_TRY(qn_column_new_raw(&out->row_ids, QN_INT64, count, 0));
    for (int64_t i = 0; i < count; i++) {
        qn_ref ref = self->refs[first + i];
        out->row_ids->i64[i] = self->read + starts[qn_ref_batch(ref)] + qn_ref_row(ref);
    }
    return QN_OK;
}

static qn_status write_run_rows(build *now, const int64_t *starts) {
    sort *self = now->self;
    for (int64_t at = 0; at < self->table.row_count; at += QN_BATCH_ROWS) {
        qn_batch batch;
        qn_batch_init(&batch);
        int64_t left = self->table.row_count - at;
        qn_status status =
            take_run_batch(now, at, left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS, starts, &batch);
        if (status == QN_OK)
            status = qn_scratch_add(self->runs, self->run_count, &batch);
        else
            qn_batch_clear(&batch);
        QN_TRY(status);
    }
    return QN_OK;
}

/* The table becomes a run. */
static qn_status write_run(build *now) {
    sort *self = now->self;
    qn_table *table = &self->table;
    int64_t *starts = NULL, before = 0;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&starts, (size_t)table->batch_count, sizeof *starts), done);
    for (int64_t b = 0; b < table->batch_count; before += table->batches[b++].length)
        starts[b] = before;
    if (now->size > 1)
        QN_TRY_GOTO(qn_split_sample(&now->split, table, self->read, RUN_STEP), done);
    QN_TRY_GOTO(sort_table(self), done);
    QN_TRY_GOTO(qn_scratch_add_lane(self->runs), done);
    QN_TRY_GOTO(write_run_rows(now, starts), done);
    self->run_count++;
    self->read += table->row_count;
    qn_table_clear(table);
    QN_TRY_GOTO(qn_scratch_flush(self->runs), done);
done:
    qn_mem_free(starts);
    qn_mem_free(self->refs);
    qn_order_kept_free(self->kept);
    self->refs = NULL;
    self->kept = NULL;
    return status;
}

static qn_status open_runs(build *now) {
    sort *self = now->self;
    if (self->runs != NULL)
        return QN_OK;
    return qn_scratch_new(&self->runs, now->execution->scratch, &self->in->schema, 0);
}

/* Collective. Run by run of all ranks to where they are merged: lane source * runs + run. */
typedef struct arrival {
    qn_scratch *lanes;
    int32_t run, runs;
} arrival;

static qn_status keep_arrived(void *context, int source, qn_batch *batch) {
    arrival *self = context;
    return qn_scratch_add(self->lanes, source * self->runs + self->run, batch);
}

static qn_status open_run(build *now, int32_t run, qn_stream **out) {
    sort *self = now->self;
    if (run < self->run_count)
        return qn_scratch_open(out, self->runs, run);
    return qn_stream_of_batches(out, &self->in->schema, NULL, 0);
}

static qn_status exchange_run(build *now, arrival *arrived) {
    qn_stream *run = NULL;
    qn_status status = open_run(now, arrived->run, &run);
    QN_TRY_GOTO(qn_comm_agree(now->comm, status), done);
    qn_shuffle_plan plan = {route_rows, now, keep_arrived, arrived, true};
    status = qn_shuffle(run, now->comm, &plan);
done:
    qn_stream_free(run);
    return status;
}

static qn_status exchange_runs(build *now) {
    sort *self = now->self;
    arrival arrived = {.lanes = NULL};
    int64_t most = self->run_count;
    if (self->route == NULL)
        QN_TRY(qn_split_choose(&now->split));
    QN_TRY(qn_comm_max_i64(now->comm, &most, 1));
    arrived.runs = (int32_t)most;
    qn_status status = qn_scratch_new(&arrived.lanes, now->execution->scratch, &self->in->schema,
                                      arrived.runs * now->size);
    QN_TRY_GOTO(qn_comm_agree(now->comm, status), done);
    for (arrived.run = 0; arrived.run < arrived.runs; arrived.run++)
        QN_TRY_GOTO(exchange_run(now, &arrived), done);
    status = qn_scratch_flush(arrived.lanes);
    QN_TRY_GOTO(qn_comm_agree(now->comm, status), done);
    qn_scratch_free(self->runs);
    self->runs = arrived.lanes;
    self->run_count = arrived.runs * now->size;
    arrived.lanes = NULL;
done:
    qn_scratch_free(arrived.lanes);
    return status;
}

/* Collective. Some rank could not hold its rows. */
static qn_status sort_in_scratch(build *now) {
    sort *self = now->self;
    qn_status status = open_runs(now);
    if (status == QN_OK && self->table.row_count > 0)
        status = write_run(now);
    QN_TRY(qn_comm_agree(now->comm, status));
    qn_table_clear(&self->table);
    if (now->size > 1)
        QN_TRY(exchange_runs(now));
    for (int32_t i = 0; i < self->run_count; i++)
        self->base.rows += qn_scratch_rows(self->runs, i);
    status = qn_merge_new(&self->merge, self->runs, self->run_count, &self->in->schema, self->keys,
                          self->count);
    return qn_comm_agree(now->comm, status);
}

/* ---- Building ------------------------------------------------------------------------------- */

/* Bytes of rows that are read into memory: sorting takes room a row, and more for strings that are
 * not in a dictionary; on several ranks a second copy arrives while the first is still there. */
static int64_t table_budget(const build *now) {
    const sort *self = now->self;
    const qn_schema *schema = &self->in->schema;
    int64_t row = 0, sorting = SORTING_BYTES;
    for (int32_t c = 0; c < schema->count; c++) {
        int size = qn_type_size(schema->fields[c].type);
        row += size > 0 ? size : RAGGED_BYTES;
    }
    for (int32_t k = 0; k < self->count; k++)
        sorting += schema->fields[self->keys[k].column].type == QN_STRING ? TEXT_BYTES : 0;
    return now->execution->memory / (sorting + row * (now->size > 1 ? 2 : 1)) * row;
}

/* Local. Reads the input; what does not fit becomes runs. */
static qn_status read_rows(build *now, qn_stream *in) {
    int64_t budget = table_budget(now);
    bool full = true;
    while (full) {
        QN_TRY(qn_wide_collect(&now->self->table, in, budget, &full));
        if (!full)
            break;
        QN_TRY(open_runs(now));
        QN_TRY(write_run(now));
    }
    return QN_OK;
}

/* Keeps rows [offset, offset + limit) of all. */
static qn_status cut(build *now) {
    sort *self = now->self;
    int64_t rows = self->base.rows, before = 0;
    if (self->limit < 0)
        return QN_OK;
    QN_TRY(qn_comm_exscan_i64(now->comm, &rows, &before, 1));
    int64_t from = self->offset > before ? self->offset - before : 0;
    int64_t to =
        self->limit < INT64_MAX - self->offset ? self->offset + self->limit - before : INT64_MAX;
    to = to > rows ? rows : to;
    self->skip = from;
    self->base.rows = to > from ? to - from : 0;
    return QN_OK;
}

static qn_status sort_all(build *now) {
    qn_input input = {0};
    qn_status status = qn_split_init(&now->split, now->comm, &now->self->in->schema,
                                     now->self->keys, now->self->count);
    qn_status started = qn_input_start(&input, now->self->in);
    if (status == QN_OK)
        status = started;
    if (status == QN_OK)
        status = read_rows(now, &input.base);
    status = qn_input_finish(&input, status);
    int64_t spilled = now->self->runs != NULL;
    QN_TRY(qn_comm_agree_max(now->comm, status, &spilled));
    QN_TRY(spilled ? sort_in_scratch(now) : sort_in_memory(now));
    return cut(now);
}

/* A dictionary that is longer than its rows is not sent with them. */
static qn_status drop_dictionaries(qn_table *table) {
    for (int64_t b = 0; b < table->batch_count; b++)
        for (int32_t c = 0; c < table->batches[b].count; c++) {
            qn_column **column = &table->batches[b].columns[c], *plain = NULL;
            if ((*column)->dictionary == NULL || (*column)->dictionary->length <= (*column)->length)
                continue;
            QN_TRY(qn_column_decode(&plain, *column));
            qn_column_release(*column);
            *column = plain;
        }
    return QN_OK;
}

/* The first rows only: candidates of all ranks to the first one. */
static qn_status sort_top(build *now) {
    sort *self = now->self;
    qn_input input = {0};
    qn_table *sends = NULL;
    int64_t wanted = self->limit + self->offset;
    qn_status status = qn_mem_calloc(&sends, (size_t)now->size, sizeof *sends);
    qn_status started = qn_input_start(&input, self->in);
    if (status == QN_OK)
        status = started;
    if (status == QN_OK)
        status = qn_top_read(&sends[0], &input.base, self->keys, self->count, wanted);
    QN_TRY_GOTO(qn_comm_agree(now->comm, qn_input_finish(&input, status)), done);
    status = drop_dictionaries(&sends[0]);
    if (status == QN_OK)
        status = qn_schema_copy(&self->table.schema, &self->in->schema);
    QN_TRY_GOTO(qn_comm_agree(now->comm, status), done);
    QN_TRY_GOTO(qn_exchange_batches(now->comm, sends, &self->table), done);
    status = sort_table(self);
    QN_TRY_GOTO(qn_comm_agree(now->comm, status), done);
    self->base.rows = self->table.row_count;
    QN_TRY_GOTO(cut(now), done);
done:
    for (int r = 0; sends != NULL && r < now->size; r++)
        qn_table_clear(&sends[r]);
    qn_mem_free(sends);
    return status;
}

static qn_status sort_build(qn_result *result, const qn_execution *execution) {
    sort *self = (sort *)result;
    build now = {.self = self,
                 .execution = execution,
                 .comm = execution->comm,
                 .size = qn_comm_size(execution->comm)};
    bool top = self->limit >= 0 && self->limit <= TOP_ROWS && self->offset <= TOP_ROWS;
    qn_status status = top ? sort_top(&now) : sort_all(&now);
    qn_split_clear(&now.split);
    return status;
}

/* ---- The result ----------------------------------------------------------------------------- */

static qn_status sort_produce(qn_result *result, int64_t first, int64_t count, qn_batch *out) {
    sort *self = (sort *)result;
    first += self->skip;
    if (self->merge == NULL)
        return take_sorted(self, first, count, self->hidden, out);
    QN_TRY(qn_merge_rows(self->merge, first, count, out));
    for (int32_t i = 0; i < self->hidden; i++)
        qn_column_release(out->columns[--out->count]);
    return QN_OK;
}

static void sort_free(qn_result *result) {
    sort *self = (sort *)result;
    qn_merge_free(self->merge);
    qn_scratch_free(self->runs);
    qn_table_clear(&self->table);
    qn_mem_free(self->refs);
    qn_order_kept_free(self->kept);
    qn_mem_free(self->keys);
    qn_stream_free(self->in);
}

static const qn_result_class sort_class = {"sort", sort_build, sort_produce, sort_free};

static qn_status result_schema(qn_schema *out, const qn_schema *in, int32_t hidden) {
    for (int32_t i = 0; i < in->count - hidden; i++)
        QN_TRY(qn_schema_add_field(out, &in->fields[i]));
    return QN_OK;
}

static qn_status sort_new(sort **out, qn_stream *in, const qn_sort_key *keys, int32_t count,
                          int32_t hidden) {
    sort *self = NULL;
    qn_schema schema;
    qn_schema_init(&schema);
    qn_status status;
    QN_TRY_GOTO(qn_order_check(&in->schema, keys, count), done);
    QN_TRY_GOTO(hidden > 0 ? result_schema(&schema, &in->schema, hidden)
                           : qn_schema_copy(&schema, &in->schema),
                done);
    QN_TRY_GOTO(qn_result_new(&self, sizeof *self, &sort_class, &schema), done);
    qn_table_init(&self->table);
    self->count = count;
    self->hidden = hidden;
    self->limit = -1;
    QN_TRY_GOTO(qn_mem_copy(&self->keys, keys, (size_t)count, sizeof *keys), done);
    *out = self;
    self = NULL;
done:
    qn_schema_clear(&schema);
    if (self != NULL)
        qn_result_free(&self->base);
    return status;
}

qn_status qn_sort_open(qn_stream **out, qn_stream *in, const qn_execution *execution,
                       const qn_sort_key *keys, int32_t count, int64_t limit, int64_t offset) {
    sort *self = NULL;
    qn_status status = sort_new(&self, in, keys, count, 0);
    if (status != QN_OK) {
        qn_stream_free(in);
        return status;
    }
    self->in = in;
    self->limit = limit < 0 && offset > 0 ? INT64_MAX : limit;
    self->offset = offset;
    return qn_wide_open(out, &self->base, execution);
}

qn_status qn_sort_open_routed(qn_stream **out, qn_stream *in, const qn_execution *execution,
                              const qn_sort_key *keys, int32_t count, qn_sort_route route,
                              int32_t hidden) {
    sort *self = NULL;
    qn_status status = sort_new(&self, in, keys, count, hidden);
    if (status != QN_OK) {
        qn_stream_free(in);
        return status;
    }
    self->in = in;
    self->route = route;
    return qn_wide_open(out, &self->base, execution);
}
