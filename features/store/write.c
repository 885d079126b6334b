/* A stream as part files: parts are cut at fixed source rows, and each is written by the rank that
 * holds its first batch. */
#include "core/memory.h"
#include "core/text/utf8.h"
#include "features/sort/sort.h"
#include "features/store/cut.h"
#include "features/store/folder.h"
#include "features/store/record.h"
#include "mpi/comm/exchange.h"
#include "mpi/hdf5/part.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct writer {
    qn_comm *comm, *self;
    const char *store, *group;
    const qn_store_options *options;
    const qn_schema *schema;
    store_cut cut;
    qn_table head, tail;          /* batches of this rank's first part and of its latest */
    int64_t head_part, tail_part; /* their numbers, -1: none */
    bool past_head;               /* the first part is behind us */
    json_t *adds;                 /* {"part": number, "add": {..}} of the parts written here */
    char **paths;                 /* of the files written here, to be removed on failure */
    int64_t path_count, path_capacity;
} writer;

/* ---- One part ------------------------------------------------------------------------------- */

/* JSON has no infinity: what reaches it has no bound on that side. */
static void describe_reals(const qn_part_column *column, json_t *stats) {
    (void)json_object_set_new(stats, "nan", json_integer(column->nan_count));
    if (column->has_range && isfinite(column->f_low))
        (void)json_object_set_new(stats, "min", json_real(column->f_low));
    if (column->has_range && isfinite(column->f_high))
        (void)json_object_set_new(stats, "max", json_real(column->f_high));
}

/* A bound that cannot be written is left out. */
static json_t *describe_range(const qn_part_column *column, qn_type type) {
    json_t *stats = json_pack("{s:I}", "null", (json_int_t)column->null_count);
    if (type == QN_FLOAT32 || type == QN_FLOAT64) {
        describe_reals(column, stats);
    } else if (column->has_texts) {
        (void)json_object_set_new(stats, "min", json_string(column->t_low));
        (void)json_object_set_new(stats, "max", json_string(column->t_high));
    } else if (column->has_range) {
        (void)json_object_set_new(stats, "min", json_integer(column->low));
        (void)json_object_set_new(stats, "max", json_integer(column->high));
    }
    return stats;
}

static json_t *describe_part(const qn_schema *schema, const qn_part_info *info, const char *name,
                             const char *sha256) {
    json_t *content = json_array(), *stats = json_object();
    for (int32_t i = 0; i < info->count; i++) {
        char hash[QN_CONTENT_TEXT];
        qn_content_print(&info->columns[i].content, hash);
        (void)json_array_append_new(content, json_string(hash));
        (void)json_object_set_new(stats, schema->fields[i].name,
                                  describe_range(&info->columns[i], schema->fields[i].type));
    }
    return json_pack("{s:s, s:I, s:I, s:s, s:o, s:o}", "path", name, "rows", (json_int_t)info->rows,
                     "bytes", (json_int_t)info->bytes, "sha256", sha256, "content", content,
                     "stats", stats);
}

/* Notes the path before the file exists, so that nothing can be left over. */
static qn_status name_part(writer *w, char name[], size_t size, char **path) {
    char uuid[STORE_UUID_TEXT];
    QN_TRY(store_uuid(uuid));
    snprintf(name, size, "data/%s.h5", uuid);
    QN_TRY(qn_mem_reserve(&w->paths, &w->path_capacity, w->path_count + 1, sizeof *w->paths));
    QN_TRY(store_path(&w->paths[w->path_count], w->store, w->group, name));
    *path = w->paths[w->path_count++];
    return QN_OK;
}

static qn_status keep_part(writer *w, int64_t number, const char *name, const char *path,
                           const qn_part_info *info) {
    char sha256[QN_SHA256_TEXT];
    QN_TRY(qn_sha256_file(path, sha256));
    if (chmod(path, 0444) != 0)
        return qn_fail_errno(QN_IO, "cannot make '%s' read-only", path);
    json_t *add = json_pack("{s:I, s:o}", "part", (json_int_t)number, "add",
                            describe_part(w->schema, info, name, sha256));
    if (json_array_append_new(w->adds, add) != 0)
        return qn_fail(QN_MEMORY, "no memory for the description of a part");
    return QN_OK;
}

/* Writes a part and empties the table. */
static qn_status write_part(writer *w, qn_table *rows, int64_t number) {
    const qn_part_options options = {.deflate = w->options->deflate, .verify = true};
    char name[64];
    char *path = NULL;
    qn_part_info info;
    qn_part_info_init(&info);
    qn_status status = QN_OK;
    if (rows->row_count > 0) {
        rows->schema = *w->schema; /* borrowed */
        status = name_part(w, name, sizeof name, &path);
        if (status == QN_OK)
            status = qn_part_write(w->self, path, rows, &options, &info);
        if (status == QN_OK)
            status = keep_part(w, number, name, path, &info);
    }
    qn_schema_init(&rows->schema);
    qn_table_clear(rows);
    qn_part_info_clear(&info);
    return status;
}

/* ---- The stream ----------------------------------------------------------------------------- */

/* The latest part is complete. The first one may have begun on an earlier rank: it waits. */
static qn_status finish_part(writer *w) {
    bool first = !w->past_head && qn_comm_rank(w->comm) > 0;
    w->past_head = true;
    if (!first)
        return write_part(w, &w->tail, w->tail_part);
    w->head = w->tail;
    w->head_part = w->tail_part;
    qn_table_init(&w->tail);
    return QN_OK;
}

/* Rows [run->first, run->end) of a batch. */
static qn_status slice_batch(const qn_batch *batch, const store_run *run, qn_batch *out) {
    out->first_row = batch->first_row;
    out->length = run->end - run->first;
    QN_TRY(qn_column_new(&out->row_ids, QN_INT64, out->length, 0));
    for (int64_t i = 0; i < out->length; i++)
        out->row_ids->i64[i] = qn_batch_row(batch, run->first + i);
    for (int32_t c = 0; c < batch->count; c++) {
        qn_column *column = NULL;
        QN_TRY(qn_column_slice(&column, batch->columns[c], run->first, out->length));
        QN_TRY(qn_batch_append(out, column));
    }
    return QN_OK;
}

/* The rows of one part in a batch; takes `batch` over. */
static qn_status take_rows(writer *w, qn_batch *batch, int64_t part) {
    if (w->tail_part >= 0 && part != w->tail_part) {
        qn_status status = part < w->tail_part ? qn_fail(QN_INTERNAL, "batches come out of order")
                                               : finish_part(w);
        if (status != QN_OK) {
            qn_batch_clear(batch);
            return status;
        }
    }
    w->tail_part = part;
    return qn_table_add(&w->tail, batch);
}

static qn_status take_run(writer *w, const qn_batch *batch, const store_run *run) {
    qn_batch rows;
    qn_batch_init(&rows);
    qn_status status = run->end - run->first == batch->length ? qn_batch_share(&rows, batch)
                                                              : slice_batch(batch, run, &rows);
    if (status != QN_OK) {
        qn_batch_clear(&rows);
        return status;
    }
    return take_rows(w, &rows, run->part);
}

static qn_status take_batch(writer *w, qn_batch *batch) {
    store_run *runs = NULL;
    int64_t count = 0;
    qn_status status = store_cut_batch(&w->cut, batch, &runs, &count);
    for (int64_t i = 0; i < count && status == QN_OK; i++)
        status = take_run(w, batch, &runs[i]);
    qn_mem_free(runs);
    qn_batch_clear(batch);
    return status;
}

/* Reads on to the end even when a write failed: other ranks may wait for this one. */
static qn_status write_stream(writer *w, qn_stream *in) {
    char error[QN_ERROR_PACKED_SIZE];
    qn_status written = QN_OK;
    for (bool ended = false; !ended;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        ended = batch.count == 0;
        if (ended || written != QN_OK)
            qn_batch_clear(&batch);
        else if ((written = take_batch(w, &batch)) != QN_OK)
            qn_error_pack(error);
    }
    if (written != QN_OK)
        qn_error_unpack(error);
    return written;
}

/* ---- Parts that several ranks hold ---------------------------------------------------------- */

typedef struct span {
    int64_t head, tail; /* numbers of the first and of the last part, -1: none */
} span;

/* The rank that holds a part's first batch: the lowest that holds any of it. */
static int owner_of(const span *spans, int size, int64_t part) {
    for (int rank = 0; rank < size; rank++)
        if (spans[rank].head == part || spans[rank].tail == part)
            return rank;
    return 0;
}

static void move_table(qn_table *to, qn_table *from) {
    *to = *from;
    qn_table_init(from);
}

/* What is not ours goes to its owner; what arrives belongs to our last part. */
static qn_status exchange_parts(writer *w, const span *spans, qn_table *sends) {
    int rank = qn_comm_rank(w->comm), size = qn_comm_size(w->comm);
    int head_owner = owner_of(spans, size, w->head_part);
    int tail_owner = owner_of(spans, size, w->tail_part);
    if (w->head_part >= 0 && head_owner != rank)
        move_table(&sends[head_owner], &w->head);
    if (w->tail_part >= 0 && tail_owner != rank)
        move_table(&sends[tail_owner], &w->tail);
    return qn_exchange_batches(w->comm, sends, &w->tail);
}

static qn_status write_rest(writer *w) {
    QN_TRY(write_part(w, &w->head, w->head_part));
    return write_part(w, &w->tail, w->tail_part);
}

/* Collective. A part of a partitioned group may have begun on an earlier rank, whose name for it
 * counts. */
static qn_status settle_first_part(writer *w) {
    int64_t part = -1;
    if (w->cut.key == NULL)
        return QN_OK;
    QN_TRY(store_cut_settle(&w->cut, w->comm, &part));
    if (w->head_part >= 0)
        w->head_part = part;
    else if (!w->past_head)
        w->tail_part = part;
    return QN_OK;
}

/* Collective. */
static qn_status finish_parts(writer *w) {
    int size = qn_comm_size(w->comm);
    QN_TRY(settle_first_part(w));
    span own = {w->head_part, w->tail_part}, *spans = NULL;
    qn_table *sends = NULL;
    qn_status status = qn_mem_calloc(&spans, (size_t)size, sizeof *spans);
    if (status == QN_OK)
        status = qn_mem_calloc(&sends, (size_t)size, sizeof *sends);
    QN_TRY_GOTO(qn_comm_agree(w->comm, status), done);
    QN_TRY_GOTO(qn_comm_allgather(w->comm, &own, sizeof own, spans), done);
    QN_TRY_GOTO(exchange_parts(w, spans, sends), done);
    status = qn_comm_agree(w->comm, write_rest(w));
done:
    for (int i = 0; sends != NULL && i < size; i++)
        qn_table_clear(&sends[i]);
    qn_mem_free(sends);
    qn_mem_free(spans);
    return status;
}

/* ---- The commit ----------------------------------------------------------------------------- */

static int compare_adds(const void *a, const void *b) {
    json_int_t x = json_integer_value(json_object_get(*(json_t *const *)a, "part"));
    json_int_t y = json_integer_value(json_object_get(*(json_t *const *)b, "part"));
    return (x > y) - (x < y);
}

/* The "add" objects of all ranks in the order of their parts. */
static qn_status sort_adds(const json_t *all, json_t **out) {
    size_t count = json_array_size(all);
    json_t **list = NULL;
    QN_TRY(qn_mem_alloc(&list, count, sizeof *list));
    for (size_t i = 0; i < count; i++)
        list[i] = json_array_get(all, i);
    if (count > 0)
        qsort(list, count, sizeof *list, compare_adds);
    json_t *sorted = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append(sorted, json_object_get(list[i], "add"));
    qn_mem_free(list);
    *out = sorted;
    return QN_OK;
}

static qn_status parse_adds(const char *text, const int64_t *offsets, int size, json_t **out) {
    json_t *all = json_array();
    for (int rank = 0; rank < size; rank++) {
        json_t *some =
            json_loadb(text + offsets[rank], (size_t)(offsets[rank + 1] - offsets[rank]), 0, NULL);
        int failed = some == NULL ? -1 : json_array_extend(all, some);
        json_decref(some);
        if (failed != 0) {
            json_decref(all);
            return qn_fail(QN_MEMORY, "no memory for the list of parts");
        }
    }
    qn_status status = sort_adds(all, out);
    json_decref(all);
    return status;
}

/* Collective. All descriptions on rank 0. */
static qn_status gather_adds(writer *w, json_t **out) {
    char *all = NULL;
    int64_t *offsets = NULL;
    char *own = json_dumps(w->adds, JSON_COMPACT);
    qn_status status = own != NULL ? QN_OK : qn_fail(QN_MEMORY, "no memory for the list of parts");
    QN_TRY_GOTO(qn_comm_agree(w->comm, status), done);
    QN_TRY_GOTO(qn_comm_gatherv(w->comm, own, (int64_t)strlen(own), 0, (void **)&all, &offsets),
                done);
    if (qn_comm_rank(w->comm) == 0)
        status = parse_adds(all, offsets, qn_comm_size(w->comm), out);
    status = qn_comm_agree(w->comm, status);
done:
    free(own);
    qn_mem_free(all);
    qn_mem_free(offsets);
    return status;
}

static qn_status commit_on_root(writer *w, json_t *adds, qn_store_version *made, bool *visible) {
    store_change change = {.store = w->store,
                           .group = w->group,
                           .options = w->options,
                           .ranks = qn_comm_size(w->comm),
                           .adds = adds};
    QN_TRY(qn_schema_to_json(w->schema, &change.schema));
    qn_status status = store_commit(&change, made, visible);
    json_decref(change.schema);
    return status;
}

/* The entries of the new files, flushed by each rank that made some. */
static qn_status sync_data(const writer *w) {
    if (w->path_count == 0)
        return QN_OK;
    char *data = NULL;
    QN_TRY(store_path(&data, w->store, w->group, "data"));
    qn_status status = store_sync_folder(data);
    qn_mem_free(data);
    return status;
}

/* What rank 0 tells the others of the commit. */
typedef struct verdict {
    qn_store_version made;
    bool visible;
} verdict;

/* Collective. */
static qn_status commit(writer *w, qn_store_version *out, bool *visible) {
    json_t *adds = NULL;
    verdict result = {0};
    qn_status status = gather_adds(w, &adds);
    if (status == QN_OK && qn_comm_rank(w->comm) == 0)
        status = commit_on_root(w, adds, &result.made, &result.visible);
    json_decref(adds);
    qn_status told = qn_comm_broadcast(w->comm, &result, sizeof result, 0);
    *visible = result.visible;
    QN_TRY(qn_comm_agree(w->comm, status != QN_OK ? status : told));
    *out = result.made;
    return QN_OK;
}

/* Collective. */
static qn_status write_version(writer *w, qn_stream *in, qn_store_version *made, bool *visible) {
    qn_status status = qn_comm_rank(w->comm) == 0 ? store_make(w->store, w->group) : QN_OK;
    QN_TRY(qn_comm_agree(w->comm, status));
    QN_TRY(qn_comm_agree(w->comm, write_stream(w, in)));
    QN_TRY(finish_parts(w));
    QN_TRY(qn_comm_agree(w->comm, sync_data(w)));
    return commit(w, made, visible);
}

/* A partitioned version's rows, in the order of the partitions; else as they come. */
static qn_status order_rows(const writer *w, qn_stream *in, qn_stream **out) {
    qn_sort_key keys[QN_STORE_MOST_PARTITION_COLUMNS] = {0};
    qn_stream *handle = NULL;
    QN_TRY(qn_stream_borrow(&handle, in));
    if (w->cut.key == NULL) {
        *out = handle;
        return QN_OK;
    }
    for (int32_t i = 0; i < w->cut.column_count; i++)
        keys[i].column = w->cut.columns[i];
    qn_execution plain = qn_execution_of(w->comm);
    return qn_sort_open(out, handle, w->options->execution != NULL ? w->options->execution : &plain,
                        keys, w->cut.column_count, -1, 0);
}

static qn_status check_options(const qn_store_options *options, const qn_schema *schema) {
    if (options->message != NULL && !qn_utf8_is_valid(qn_view_of(options->message)))
        return qn_fail(QN_JOB, "the message of a commit must be UTF-8");
    for (int32_t i = 0; i < options->key_count; i++) {
        int32_t index;
        QN_TRY(qn_schema_require(schema, options->keys[i], &index));
    }
    return QN_OK;
}

static void clear_writer(writer *w, bool keep) {
    for (int64_t i = 0; i < w->path_count; i++) {
        if (!keep)
            (void)unlink(w->paths[i]);
        qn_mem_free(w->paths[i]);
    }
    qn_mem_free(w->paths);
    store_cut_clear(&w->cut);
    qn_table_clear(&w->head);
    qn_table_clear(&w->tail);
    json_decref(w->adds);
    qn_comm_free(w->self);
}

qn_status qn_store_write(qn_stream *in, qn_comm *comm, const char *store, const char *group,
                         const qn_store_options *options, qn_store_version *out) {
    static const qn_store_options defaults = {.mode = QN_STORE_OVERWRITE};
    options = options != NULL ? options : &defaults;
    writer w = {.comm = comm,
                .store = store,
                .group = group,
                .options = options,
                .schema = &in->schema,
                .head_part = -1,
                .tail_part = -1,
                .adds = json_array()};
    qn_store_version made;
    qn_stream *rows = NULL;
    bool visible = false;
    qn_status status = qn_comm_self(&w.self);
    if (status == QN_OK)
        status = check_options(options, &in->schema);
    if (status == QN_OK)
        status = store_cut_init(&w.cut, &in->schema, options);
    if (status == QN_OK)
        status = order_rows(&w, in, &rows);
    status = qn_comm_agree(comm, status);
    if (status == QN_OK)
        status = write_version(&w, rows, &made, &visible);
    qn_stream_free(rows);
    clear_writer(&w, visible);
    if (status == QN_OK && out != NULL)
        *out = made;
    return status;
}
