#include "features/scan/csv_scan.h"

#include "core/memory.h"
#include "core/text/number.h"
#include "features/scan/csv_schema.h"

#include <string.h>

enum { MIN_WINDOW = 64 * 1024 };

/* ---- Batches -------------------------------------------------------------------------------- */

void qn_csv_scan_drop(qn_csv_scan *scan) {
    for (int64_t i = 0; i < scan->part_count; i++)
        qn_batch_clear(&scan->parts[i]);
    scan->part_count = 0;
    scan->bad_count = 0;
}

int64_t qn_csv_scan_want(const qn_csv_scan *scan) {
    int64_t left = scan->end_row - scan->next_row;
    return left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS;
}

qn_status qn_csv_scan_seek(qn_csv_scan *scan) {
    if (scan->cursor_row == scan->next_row)
        return QN_OK;
    scan->cursor_row = -1;
    bool cached = scan->next_row == scan->cache.end_row;
    QN_TRY(qn_csv_cursor_seek(&scan->cursor, cached ? scan->cache.end : scan->start));
    scan->cursor_row = scan->next_row;
    return QN_OK;
}

qn_status qn_csv_scan_parse(qn_csv_scan *scan, int64_t want, int64_t got) {
    qn_csv_cursor *cursor = &scan->cursor;
    qn_csv_block *block = &scan->block;
    for (;;) {
        double expected = (double)(want - got) * scan->row_bytes * 1.0625;
        int64_t need = (int64_t)expected + 4096;
        QN_TRY(qn_csv_cursor_fill(cursor, need > MIN_WINDOW ? need : MIN_WINDOW));
        qn_batch_clear(&block->batch);
        QN_TRY(qn_csv_parse(scan->parser, cursor->bytes, cursor->length, cursor->final, want - got,
                            block));
        if (block->records > 0)
            return QN_OK;
        if (cursor->final)
            QN_TRY(qn_csv_cursor_next_file(cursor));
        else
            QN_TRY(qn_csv_cursor_fill(cursor, 2 * cursor->length));
    }
}

qn_status qn_csv_scan_keep(qn_csv_scan *scan, int64_t *got) {
    const qn_csv_block *block = &scan->block;
    QN_TRY(qn_mem_reserve(&scan->parts, &scan->part_capacity, scan->part_count + 1,
                          sizeof *scan->parts));
    qn_batch_move(&scan->parts[scan->part_count++], &scan->block.batch);
    qn_csv_cursor_consume(&scan->cursor, block->consumed, block->lines);
    *got += block->records;
    return QN_OK;
}

static qn_status concat_parts(qn_csv_scan *scan, qn_batch *out) {
    int32_t columns = scan->parts[0].count;
    const qn_column **pieces = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_alloc(&pieces, (size_t)scan->part_count, sizeof *pieces), done);
    QN_TRY_GOTO(qn_batch_reserve(out, columns), done);
    for (int32_t c = 0; c < columns; c++) {
        for (int64_t i = 0; i < scan->part_count; i++)
            pieces[i] = scan->parts[i].columns[c];
        QN_TRY_GOTO(qn_column_concat(&out->columns[c], pieces, scan->part_count), done);
    }
    for (int64_t i = 0; i < scan->part_count; i++)
        out->length += scan->parts[i].length;
done:
    qn_mem_free(pieces);
    return status;
}

/* Numbers the rows of a batch from which bad ones are missing. */
static qn_status number_rows(const qn_csv_scan *scan, qn_batch *batch) {
    if (scan->bad_count == 0)
        return QN_OK;
    QN_TRY(qn_column_new(&batch->row_ids, QN_INT64, batch->length, 0));
    int64_t row = 0, bad = 0;
    for (int64_t i = 0; i < batch->length; row++) {
        if (bad < scan->bad_count && scan->bad_rows[bad] == row)
            bad++;
        else
            batch->row_ids->i64[i++] = batch->first_row + row;
    }
    return QN_OK;
}

static qn_status combine_parts(qn_csv_scan *scan, int64_t want, qn_batch *out) {
    if (scan->part_count == 1)
        qn_batch_move(out, &scan->parts[0]);
    else
        QN_TRY(concat_parts(scan, out));
    if (out->length != want - scan->bad_count)
        return qn_fail(QN_INTERNAL, "a CSV batch has %lld rows, expected %lld",
                       (long long)out->length, (long long)(want - scan->bad_count));
    out->first_row = scan->next_row;
    return number_rows(scan, out);
}

qn_status qn_csv_scan_finish(qn_csv_scan *scan, int64_t want, qn_batch *out) {
    QN_TRY(combine_parts(scan, want, out));
    scan->cursor_row = scan->next_row + want;
    if (scan->bad_count > 0)
        return QN_OK;
    return qn_csv_cache_add(&scan->cache, out, want, scan->cursor.at);
}

/* Parses the batch at next_row. */
static qn_status read_batch(qn_csv_scan *scan, int64_t want, qn_batch *out) {
    QN_TRY(qn_csv_scan_seek(scan));
    int64_t got = 0, begin = scan->cursor.at.offset, file = scan->cursor.at.file;
    scan->cursor_row = -1;
    while (got < want) {
        QN_TRY(qn_csv_scan_parse(scan, want, got));
        QN_TRY(qn_csv_bad_note(scan, got));
        QN_TRY(qn_csv_scan_keep(scan, &got));
    }
    if (scan->cursor.at.file == file) /* rows may have grown longer than the average */
        scan->row_bytes = (double)(scan->cursor.at.offset - begin) / (double)want;
    return qn_csv_scan_finish(scan, want, out);
}

static qn_status share_cached(qn_csv_scan *scan, qn_batch *out) {
    int64_t index = (scan->next_row - scan->first_row) / QN_BATCH_ROWS;
    QN_TRY(qn_batch_share(out, &scan->cache.batches[index]));
    if (scan->counting)
        scan->report.records += out->length;
    return QN_OK;
}

static qn_status scan_next(qn_stream *stream, qn_batch *out) {
    qn_csv_scan *scan = (qn_csv_scan *)stream;
    int64_t want = qn_csv_scan_want(scan);
    qn_batch_init(out);
    if (want <= 0) {
        scan->counting = false;
        return QN_OK;
    }
    qn_status status = scan->next_row < scan->cache.end_row ? share_cached(scan, out)
                                                            : read_batch(scan, want, out);
    qn_csv_scan_drop(scan);
    if (status != QN_OK)
        qn_batch_clear(out);
    else
        scan->next_row += want;
    return status;
}

qn_status qn_csv_scan_complete(qn_csv_scan *scan) {
    bool more = scan->mode != QN_CSV_FAIL && scan->counting;
    while (more) {
        qn_batch batch;
        QN_TRY(scan_next(&scan->base, &batch));
        more = batch.count > 0;
        qn_batch_clear(&batch);
    }
    return QN_OK;
}

static qn_status scan_rewind(qn_stream *stream) {
    qn_csv_scan *scan = (qn_csv_scan *)stream;
    scan->next_row = scan->first_row;
    if (scan->counting) {
        scan->report = (qn_scan_report){0};
        qn_text_truncate(&scan->quarantine, 0);
        scan->quarantined = 0;
    }
    return QN_OK;
}

static void scan_free(qn_stream *stream) {
    qn_csv_scan *scan = (qn_csv_scan *)stream;
    qn_csv_scan_drop(scan);
    qn_csv_cache_clear(&scan->cache);
    qn_csv_cursor_clear(&scan->cursor);
    qn_csv_parser_free(scan->parser);
    qn_csv_block_clear(&scan->block);
    qn_text_clear(&scan->quarantine);
    qn_mem_free(scan->parts);
    qn_mem_free(scan->bad_rows);
    qn_mem_free(scan->wanted);
    qn_schema_clear(&scan->fields);
    qn_csv_source_clear(&scan->source);
}

static const qn_stream_class scan_class = {"csv_scan", scan_next, scan_rewind, scan_free};

qn_csv_scan *qn_csv_scan_of(const qn_stream *stream) {
    return stream->class_ == &scan_class ? (qn_csv_scan *)stream : NULL;
}

/* ---- Columns -------------------------------------------------------------------------------- */

/* A batch without columns would be the end of the stream: one column stays. */
static void keep_one(const qn_csv_scan *scan, bool *wanted) {
    int32_t kept = -1;
    for (int32_t i = 0; i < scan->fields.count; i++) {
        if (wanted[i])
            return;
        bool fixed = qn_type_size(scan->fields.fields[i].type) > 0;
        if (scan->wanted[i] &&
            (kept < 0 || (fixed && qn_type_size(scan->fields.fields[kept].type) == 0)))
            kept = i;
    }
    wanted[kept] = true;
}

/* `fields`: by field of the file; the cache is asked by column. */
static void narrow_cache(qn_csv_scan *scan, bool *fields) {
    int32_t column = 0;
    for (int32_t i = 0; i < scan->fields.count; i++)
        if (scan->wanted[i])
            scan->wanted[column++] = fields[i];
    qn_csv_cache_narrow(&scan->cache, scan->wanted);
}

static qn_status narrow(qn_csv_scan *scan, const bool *wanted) {
    qn_schema schema;
    qn_schema_init(&schema);
    qn_csv_parser *parser = NULL;
    bool *fields = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_calloc(&fields, (size_t)scan->fields.count, sizeof *fields), done);
    for (int32_t i = 0, column = 0; i < scan->fields.count; i++)
        if (scan->wanted[i])
            fields[i] = wanted[column++];
    keep_one(scan, fields);
    for (int32_t i = 0; i < scan->fields.count; i++)
        if (fields[i])
            QN_TRY_GOTO(qn_schema_add_field(&schema, &scan->fields.fields[i]), done);
    QN_TRY_GOTO(qn_csv_parser_new(&parser, &scan->source.dialect, &scan->fields, fields), done);
    narrow_cache(scan, fields);
    qn_csv_parser_free(scan->parser);
    qn_schema_clear(&scan->base.schema);
    qn_mem_free(scan->wanted);
    scan->parser = parser;
    scan->base.schema = schema;
    scan->wanted = fields;
    return QN_OK;
done:
    qn_schema_clear(&schema);
    qn_mem_free(fields);
    return status;
}

bool qn_csv_scan_select(qn_csv_scan *scan, const bool *wanted) {
    return narrow(scan, wanted) == QN_OK;
}

/* ---- Opening -------------------------------------------------------------------------------- */

static qn_status read_settings(qn_csv_scan *scan, const qn_options *options) {
    scan->mode = qn_options_is(options, "mode", "drop")         ? QN_CSV_DROP
                 : qn_options_is(options, "mode", "quarantine") ? QN_CSV_QUARANTINE
                                                                : QN_CSV_FAIL;
    const char *infer = qn_options_text(options, "infer");
    if (qn_options_has(options, "schema") || strcmp(infer, "all") == 0)
        return QN_OK;
    if (!qn_parse_int64(qn_view_of(infer), &scan->sample) || scan->sample < 1)
        return qn_fail(QN_JOB, "option infer: '%s' is neither 'all' nor a number of records",
                       infer);
    return QN_OK;
}

/* Types are given, or found in a sample of rows, or in all of them. */
static qn_status find_types(qn_csv_scan *scan, qn_comm *comm, const qn_csv_layout *layout,
                            const qn_options *options) {
    const qn_csv_source *source = &scan->source;
    if (qn_options_has(options, "schema")) {
        const char *text = qn_options_text(options, "schema");
        QN_TRY(qn_comm_agree(comm, qn_csv_schema_parse(&scan->fields, source, text)));
    } else if (scan->sample > 0) {
        QN_TRY(qn_csv_schema_infer(&scan->fields, comm, source, layout, scan->sample));
    } else if (source->dialect.date_format != NULL || source->dialect.timestamp_format != NULL) {
        QN_TRY(qn_csv_schema_infer(&scan->fields, comm, source, layout, -1));
    } else {
        QN_TRY(qn_csv_probe(scan, comm, layout));
    }
    qn_status status = qn_schema_copy(&scan->base.schema, &scan->fields);
    if (status == QN_OK)
        status = qn_csv_scan_set_parser(scan);
    return qn_comm_agree(comm, status);
}

/* Goes over `records` records, also from file to file. */
static qn_status skip_records(qn_csv_cursor *cursor, int64_t records) {
    while (records > 0) {
        int64_t skipped = 0, lines = 0;
        QN_TRY(qn_csv_cursor_fill(cursor, MIN_WINDOW));
        int64_t bytes = qn_csv_skip(&cursor->source->dialect, cursor->bytes, cursor->length,
                                    cursor->final, records, &skipped, &lines);
        qn_csv_cursor_consume(cursor, bytes, lines);
        records -= skipped;
        if (records == 0)
            break;
        if (cursor->final)
            QN_TRY(qn_csv_cursor_next_file(cursor));
        else
            QN_TRY(qn_csv_cursor_fill(cursor, 2 * cursor->length + MIN_WINDOW));
    }
    return QN_OK;
}

static int64_t round_up(int64_t row) {
    return (row + QN_BATCH_ROWS - 1) / QN_BATCH_ROWS * QN_BATCH_ROWS;
}

/* A rank delivers the batches whose first row starts in its byte range. */
static qn_status find_start(qn_csv_scan *scan, const qn_csv_layout *layout) {
    int64_t behind = layout->first_row + layout->rows;
    int64_t first = round_up(layout->first_row), end = round_up(behind);
    scan->row_bytes = layout->row_bytes;
    scan->first_row = scan->next_row = first;
    scan->end_row = end < layout->total ? end : layout->total;
    scan->cursor_row = -1;
    if (first >= behind) {
        scan->end_row = first;
        return QN_OK;
    }
    QN_TRY(qn_csv_cursor_seek(&scan->cursor, layout->first));
    QN_TRY(skip_records(&scan->cursor, first - layout->first_row));
    scan->start = scan->cursor.at;
    scan->cursor_row = first;
    qn_csv_cache_reset(&scan->cache, first, scan->start);
    return QN_OK;
}

qn_status qn_csv_scan_set_parser(qn_csv_scan *scan) {
    qn_csv_parser *parser = NULL;
    QN_TRY(qn_csv_parser_new(&parser, &scan->source.dialect, &scan->fields, NULL));
    qn_csv_parser_free(scan->parser);
    scan->parser = parser;
    return QN_OK;
}

static qn_status want_all(qn_csv_scan *scan) {
    int64_t count = scan->source.field_count;
    QN_TRY(qn_mem_alloc(&scan->wanted, (size_t)count, sizeof *scan->wanted));
    memset(scan->wanted, true, (size_t)count * sizeof *scan->wanted);
    return QN_OK;
}

static qn_status open_scan(qn_csv_scan *scan, qn_comm *comm, const char *const *paths,
                           int64_t count, const qn_options *options) {
    qn_csv_layout layout;
    qn_status status = read_settings(scan, options);
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(qn_csv_source_open(&scan->source, comm, paths, count, options));
    QN_TRY(qn_csv_layout_find(&layout, comm, &scan->source));
    status = want_all(scan);
    if (status == QN_OK)
        status = find_start(scan, &layout);
    QN_TRY(qn_comm_agree(comm, status));
    return find_types(scan, comm, &layout, options);
}

static qn_status new_scan(qn_csv_scan **out) {
    qn_csv_scan *scan = NULL;
    QN_TRY(qn_stream_new(&scan, sizeof *scan, &scan_class, NULL));
    scan->cache.budget = QN_CSV_CACHE_BYTES;
    scan->source.spool = -1;
    scan->counting = true;
    qn_csv_cursor_init(&scan->cursor, &scan->source);
    qn_csv_block_init(&scan->block);
    *out = scan;
    return QN_OK;
}

qn_status qn_csv_scan_open_files(qn_stream **out, qn_comm *comm, const char *const *paths,
                                 int64_t count, const qn_options *options) {
    qn_csv_scan *scan = NULL;
    qn_options *defaults = NULL;
    qn_status status = new_scan(&scan);
    if (status == QN_OK && options == NULL)
        status = qn_options_new(&defaults, qn_csv_options);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(open_scan(scan, comm, paths, count, options != NULL ? options : defaults), done);
    *out = &scan->base;
    scan = NULL;
done:
    qn_options_free(defaults);
    qn_stream_free((qn_stream *)scan);
    return status;
}

qn_status qn_csv_scan_open(qn_stream **out, qn_comm *comm, const char *const *paths, int64_t count,
                           const qn_options *options) {
    char **files = NULL;
    int64_t file_count = 0;
    QN_TRY(qn_file_glob(comm, paths, count, &files, &file_count));
    qn_status status =
        qn_csv_scan_open_files(out, comm, (const char *const *)files, file_count, options);
    qn_mem_free_all(files, file_count);
    return status;
}
