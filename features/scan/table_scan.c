#include "features/scan/table_scan.h"

#include "core/memory.h"
#include "mpi/hdf5/part.h"

#include <stdlib.h>
#include <string.h>

typedef struct table_scan {
    qn_stream base;
    int64_t count;
    char **paths;
    int64_t *firsts; /* row number of each file's first row; count + 1 */
    qn_schema files; /* what every file must have */
    bool *wanted;    /* columns of the files */
    int rank, ranks;
    json_t *stats;       /* of the files; NULL: none */
    int64_t *batches;    /* numbers of the batches that are left; NULL: all */
    int64_t batch_count; /* how many those are */
    int64_t left;        /* how many files are left */
    int64_t begin, end;  /* of the batches, this rank's */
    int64_t next;        /* batch */
    qn_part *part;       /* the file that is open */
    int64_t part_number; /* -1: none */
} table_scan;

/* One table needs one schema, with the same labels behind the numbers. */
static qn_status check_schema(const qn_schema *expected, const char *first, const qn_part *part) {
    const qn_schema *found = qn_part_schema(part);
    const char *path = qn_part_path(part);
    if (found->count != expected->count)
        return qn_fail(QN_DATA, "'%s' has %d columns, '%s' has %d", path, found->count, first,
                       expected->count);
    for (int32_t i = 0; i < found->count; i++) {
        const qn_field *a = &expected->fields[i], *b = &found->fields[i];
        if (strcmp(a->name, b->name) != 0)
            return qn_fail(QN_DATA, "column %d of '%s' is '%s', of '%s' it is '%s'", i + 1, path,
                           b->name, first, a->name);
        if (a->type != b->type || a->width != b->width)
            return qn_fail(QN_DATA, "column '%s' is %s in '%s' and %s in '%s'", a->name,
                           qn_type_name(b->type), path, qn_type_name(a->type), first);
        if (!qn_attributes_agree(a->attributes, b->attributes))
            return qn_fail(QN_DATA, "column '%s' has other labels in '%s' than in '%s'", a->name,
                           path, first);
    }
    return QN_OK;
}

/* ---- The stream ----------------------------------------------------------------------------- */

static qn_status open_part(table_scan *scan, int64_t number) {
    if (scan->part_number == number)
        return QN_OK;
    qn_part_free(scan->part);
    scan->part = NULL;
    scan->part_number = -1;
    QN_TRY(qn_part_open(&scan->part, scan->paths[number]));
    scan->part_number = number;
    int64_t rows = scan->firsts[number + 1] - scan->firsts[number];
    if (qn_part_rows(scan->part) != rows)
        return qn_fail(QN_DATA, "'%s' has %lld rows instead of %lld", scan->paths[number],
                       (long long)qn_part_rows(scan->part), (long long)rows);
    return check_schema(&scan->files, scan->paths[0], scan->part);
}

/* The file that holds `row`. */
static int64_t find_part(const table_scan *scan, int64_t row) {
    int64_t low = 0, high = scan->count;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (scan->firsts[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static qn_status concat_pieces(const qn_batch *pieces, int64_t count, qn_batch *out) {
    const qn_column **columns = NULL;
    QN_TRY(qn_mem_alloc(&columns, (size_t)count, sizeof *columns));
    qn_status status = qn_batch_reserve(out, pieces[0].count);
    for (int32_t i = 0; status == QN_OK && i < pieces[0].count; i++) {
        for (int64_t k = 0; k < count; k++)
            columns[k] = pieces[k].columns[i];
        status = qn_column_concat(&out->columns[i], columns, count);
    }
    for (int64_t k = 0; k < count; k++)
        out->length += pieces[k].length;
    qn_mem_free(columns);
    return status;
}

/* Rows [first, last), which may lie in several files. */
static qn_status read_rows(table_scan *scan, int64_t first, int64_t last, qn_batch *out) {
    qn_batch *pieces = NULL;
    int64_t count = 0, capacity = 0;
    qn_status status = QN_OK;
    for (int64_t row = first; row < last;) {
        int64_t number = find_part(scan, row);
        int64_t end = scan->firsts[number + 1] < last ? scan->firsts[number + 1] : last;
        QN_TRY_GOTO(qn_mem_reserve(&pieces, &capacity, count + 1, sizeof *pieces), done);
        qn_batch_init(&pieces[count]);
        QN_TRY_GOTO(open_part(scan, number), done);
        QN_TRY_GOTO(qn_part_read(scan->part, scan->wanted, row - scan->firsts[number], end - row,
                                 &pieces[count]),
                    done);
        count++;
        row = end;
    }
    if (count == 1)
        qn_batch_move(out, &pieces[0]);
    else
        status = concat_pieces(pieces, count, out);
done:
    for (int64_t k = 0; k < count; k++)
        qn_batch_clear(&pieces[k]);
    qn_mem_free(pieces);
    return status;
}

static int64_t count_batches(const table_scan *scan) {
    return (scan->firsts[scan->count] + QN_BATCH_ROWS - 1) / QN_BATCH_ROWS;
}

static int64_t batch_number(const table_scan *scan, int64_t i) {
    return scan->batches != NULL ? scan->batches[i] : i;
}

static qn_status scan_next(qn_stream *stream, qn_batch *out) {
    table_scan *scan = (table_scan *)stream;
    if (scan->next >= scan->end) {
        qn_batch_init(out);
        return QN_OK;
    }
    int64_t total = scan->firsts[scan->count];
    int64_t first = batch_number(scan, scan->next) * QN_BATCH_ROWS;
    int64_t last = first + QN_BATCH_ROWS < total ? first + QN_BATCH_ROWS : total;
    qn_batch batch;
    qn_batch_init(&batch);
    qn_status status = read_rows(scan, first, last, &batch);
    if (status != QN_OK) {
        qn_batch_clear(&batch);
        return status;
    }
    batch.first_row = first;
    scan->next++;
    qn_batch_move(out, &batch);
    return QN_OK;
}

static qn_status scan_rewind(qn_stream *stream) {
    table_scan *scan = (table_scan *)stream;
    scan->next = scan->begin;
    return QN_OK;
}

static void scan_free(qn_stream *stream) {
    table_scan *scan = (table_scan *)stream;
    qn_part_free(scan->part);
    qn_mem_free_all(scan->paths, scan->paths == NULL ? 0 : scan->count);
    qn_mem_free(scan->firsts);
    qn_mem_free(scan->wanted);
    qn_mem_free(scan->batches);
    json_decref(scan->stats);
    qn_schema_clear(&scan->files);
}

static const qn_stream_class table_scan_class = {"table scan", scan_next, scan_rewind, scan_free};

static qn_status copy_sources(table_scan *scan, const char *const *paths, const int64_t *rows) {
    QN_TRY(qn_mem_calloc(&scan->paths, (size_t)scan->count, sizeof *scan->paths));
    QN_TRY(qn_mem_calloc(&scan->firsts, (size_t)scan->count + 1, sizeof *scan->firsts));
    for (int64_t i = 0; i < scan->count; i++) {
        QN_TRY(qn_mem_copy_text(&scan->paths[i], paths[i]));
        scan->firsts[i + 1] = scan->firsts[i] + rows[i];
    }
    return QN_OK;
}

/* Every rank takes its stretch of the batches that are left. */
static void share_batches(table_scan *scan, int64_t batches) {
    scan->batch_count = batches;
    scan->begin = scan->rank * batches / scan->ranks;
    scan->end = (scan->rank + 1) * batches / scan->ranks;
    scan->next = scan->begin;
}

qn_status qn_table_scan_new(qn_stream **out, const qn_comm *comm, const qn_schema *schema,
                            const char *const *paths, const int64_t *rows, int64_t count) {
    table_scan *scan = NULL;
    QN_TRY(qn_stream_new(&scan, sizeof *scan, &table_scan_class, schema));
    scan->count = count;
    scan->part_number = -1;
    qn_status status = copy_sources(scan, paths, rows);
    if (status == QN_OK)
        status = qn_schema_copy(&scan->files, schema);
    if (status == QN_OK)
        status = qn_mem_alloc(&scan->wanted, (size_t)schema->count, sizeof *scan->wanted);
    if (status != QN_OK) {
        qn_stream_free(&scan->base);
        return status;
    }
    memset(scan->wanted, true, (size_t)schema->count * sizeof *scan->wanted);
    scan->rank = qn_comm_rank(comm);
    scan->ranks = qn_comm_size(comm);
    scan->left = count;
    share_batches(scan, count_batches(scan));
    *out = &scan->base;
    return QN_OK;
}

/* ---- Column pruning ------------------------------------------------------------------------- */

/* Rows of the batches [begin, end) of those that are left. */
static int64_t count_rows(const table_scan *scan, int64_t begin, int64_t end) {
    if (end <= begin)
        return 0;
    int64_t past = (batch_number(scan, end - 1) + 1) * QN_BATCH_ROWS - scan->firsts[scan->count];
    return (end - begin) * QN_BATCH_ROWS - (past > 0 ? past : 0); /* the last of all is short */
}

int64_t qn_table_scan_rank_rows(const qn_stream *stream) {
    const table_scan *scan = (const table_scan *)stream;
    return stream->class_ == &table_scan_class ? count_rows(scan, scan->begin, scan->end) : -1;
}

bool qn_table_scan_select(qn_stream *stream, const bool *wanted) {
    if (stream->class_ != &table_scan_class)
        return false;
    table_scan *scan = (table_scan *)stream;
    bool *kept = NULL;
    qn_schema narrow;
    qn_schema_init(&narrow);
    if (qn_mem_calloc(&kept, (size_t)scan->files.count, sizeof *kept) != QN_OK)
        return false;
    bool any = false;
    for (int32_t i = 0; i < stream->schema.count; i++)
        any = any || wanted[i];
    qn_status status = QN_OK;
    int32_t now = 0; /* column of the stream */
    for (int32_t i = 0; status == QN_OK && i < scan->files.count; i++) {
        if (!scan->wanted[i])
            continue;
        kept[i] = any ? wanted[now] : now == 0;
        now++;
        if (kept[i])
            status = qn_schema_add_field(&narrow, &scan->files.fields[i]);
    }
    if (status != QN_OK) {
        qn_schema_clear(&narrow);
        qn_mem_free(kept);
        return false;
    }
    qn_schema_clear(&stream->schema);
    stream->schema = narrow;
    qn_mem_free(scan->wanted);
    scan->wanted = kept;
    return true;
}

/* ---- Leaving files out ----------------------------------------------------------------------- */

void qn_table_scan_describe(qn_stream *stream, json_t *stats) {
    table_scan *scan = (table_scan *)stream;
    json_decref(scan->stats);
    scan->stats = json_incref(stats);
}

/* Numbers of the batches with a row of a file that may match. */
static int64_t list_batches(const table_scan *scan, const qn_schema *schema,
                            const qn_scan_term *terms, int32_t count, int64_t *batches,
                            int64_t *files) {
    int64_t listed = 0;
    *files = 0;
    for (int64_t i = 0; i < scan->count; i++) {
        int64_t first = scan->firsts[i], end = scan->firsts[i + 1];
        if (end == first || !qn_table_part_may_match(json_array_get(scan->stats, (size_t)i),
                                                     end - first, schema, terms, count))
            continue;
        int64_t batch = first / QN_BATCH_ROWS;
        if (listed > 0 && batches[listed - 1] >= batch)
            batch = batches[listed - 1] + 1;
        for (; batch * QN_BATCH_ROWS < end; batch++)
            batches[listed++] = batch;
        ++*files;
    }
    return listed;
}

qn_status qn_table_scan_limit(qn_stream *stream, const qn_scan_term *terms, int32_t count,
                              bool *limited) {
    table_scan *scan = (table_scan *)stream;
    int64_t *batches = NULL, files = 0;
    *limited = stream->class_ == &table_scan_class && scan->stats != NULL && count > 0;
    if (!*limited)
        return QN_OK;
    QN_TRY(qn_mem_calloc(&batches, (size_t)count_batches(scan), sizeof *batches));
    int64_t listed = list_batches(scan, &stream->schema, terms, count, batches, &files);
    qn_mem_free(scan->batches);
    scan->batches = batches;
    scan->left = files;
    share_batches(scan, listed);
    return QN_OK;
}

qn_scan_parts qn_table_scan_parts(const qn_stream *stream) {
    const table_scan *scan = (const table_scan *)stream;
    if (stream->class_ != &table_scan_class)
        return (qn_scan_parts){0, 0, 0};
    return (qn_scan_parts){scan->count, scan->left, count_rows(scan, 0, scan->batch_count)};
}

/* ---- Opening files -------------------------------------------------------------------------- */

/* Schema and rows of all files, found by rank 0. */
static qn_status examine_files(const char *const *paths, int64_t count, json_t *facts) {
    qn_part *first = NULL;
    qn_schema schema;
    qn_schema_init(&schema);
    json_t *rows = json_array(), *columns = NULL;
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count; i++) {
        qn_part *part = NULL;
        QN_TRY_GOTO(qn_part_open(&part, paths[i]), done);
        if (first == NULL)
            first = part;
        else
            status = check_schema(qn_part_schema(first), paths[0], part);
        if (json_array_append_new(rows, json_integer(qn_part_rows(part))) != 0)
            status = qn_fail(QN_MEMORY, "cannot list the rows of %lld files", (long long)count);
        if (part != first)
            qn_part_free(part);
        if (status != QN_OK)
            goto done;
    }
    QN_TRY_GOTO(qn_schema_to_json(qn_part_schema(first), &columns), done);
    if (json_object_set(facts, "rows", rows) != 0 ||
        json_object_set_new(facts, "columns", columns) != 0)
        status = qn_fail(QN_MEMORY, "cannot list the columns of '%s'", paths[0]);
done:
    qn_schema_clear(&schema);
    qn_part_free(first);
    json_decref(rows);
    return status;
}

/* Rank 0's JSON text, on every rank; malloc'ed. */
static qn_status share_json(qn_comm *comm, json_t **value) {
    char *text = NULL;
    int64_t length = 0;
    if (qn_comm_rank(comm) == 0) {
        text = json_dumps(*value, JSON_COMPACT);
        length = text == NULL ? -1 : (int64_t)strlen(text);
    }
    qn_status status = qn_comm_broadcast(comm, &length, sizeof length, 0);
    char *bytes = NULL;
    if (status == QN_OK)
        status = length < 0 ? qn_fail(QN_MEMORY, "cannot describe the table files")
                            : qn_mem_calloc(&bytes, (size_t)length + 1, 1);
    status = qn_comm_agree(comm, status);
    if (status == QN_OK && text != NULL)
        memcpy(bytes, text, (size_t)length);
    if (status == QN_OK)
        status = qn_comm_broadcast(comm, bytes, length, 0);
    if (status == QN_OK && qn_comm_rank(comm) != 0) {
        json_decref(*value);
        *value = json_loads(bytes, 0, NULL);
    }
    qn_mem_free(bytes);
    free(text);
    return status;
}

static qn_status open_listed(qn_stream **out, const qn_comm *comm, const char *const *paths,
                             int64_t count, const json_t *facts) {
    const json_t *list = json_object_get(facts, "rows");
    int64_t *rows = NULL;
    qn_schema schema;
    qn_schema_init(&schema);
    QN_TRY(qn_mem_calloc(&rows, (size_t)count, sizeof *rows));
    for (int64_t i = 0; i < count; i++)
        rows[i] = json_integer_value(json_array_get(list, (size_t)i));
    qn_status status = qn_schema_from_json(json_object_get(facts, "columns"), &schema);
    if (status == QN_OK)
        status = qn_table_scan_new(out, comm, &schema, paths, rows, count);
    qn_schema_clear(&schema);
    qn_mem_free(rows);
    return status;
}

qn_status qn_table_scan_open(qn_stream **out, qn_comm *comm, const char *const *paths,
                             int64_t count) {
    if (count < 1)
        return qn_fail(QN_USAGE, "no table file is given");
    json_t *facts = json_object();
    qn_stream *stream = NULL;
    qn_status status = qn_comm_rank(comm) == 0 ? examine_files(paths, count, facts) : QN_OK;
    status = qn_comm_agree(comm, status);
    if (status == QN_OK)
        status = share_json(comm, &facts);
    if (status == QN_OK)
        status = qn_comm_agree(comm, open_listed(&stream, comm, paths, count, facts));
    json_decref(facts);
    if (status != QN_OK) {
        qn_stream_free(stream);
        return status;
    }
    *out = stream;
    return QN_OK;
}
