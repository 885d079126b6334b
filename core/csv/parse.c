/* Records to columns, a tile of bytes (that fits the cache) at a time, column by column. */
#include "core/csv/parser.h"
#include "core/memory.h"

#include <string.h>

/* ---- Parsers and blocks --------------------------------------------------------------------- */

void qn_csv_block_init(qn_csv_block *block) {
    *block = (qn_csv_block){0};
    qn_batch_init(&block->batch);
}

void qn_csv_block_clear(qn_csv_block *block) {
    qn_batch_clear(&block->batch);
    qn_mem_free(block->bad);
    qn_csv_block_init(block);
}

static bool can_parse(qn_type type) {
    return type != QN_STRING_LIST && type != QN_VECTOR;
}

static qn_status set_targets(qn_csv_parser *parser, const qn_schema *fields, const bool *wanted) {
    QN_TRY(qn_mem_calloc(&parser->targets, (size_t)fields->count, sizeof *parser->targets));
    for (int32_t i = 0; i < fields->count; i++) {
        qn_type type = fields->fields[i].type;
        if (wanted != NULL && !wanted[i])
            continue;
        if (!can_parse(type))
            return qn_fail(QN_JOB, "column '%s': a CSV field cannot be a %s",
                           fields->fields[i].name, qn_type_name(type));
        parser->targets[parser->target_count++] = (qn_csv_target){.field = i, .type = type};
    }
    return QN_OK;
}

qn_status qn_csv_parser_new(qn_csv_parser **out, const qn_csv_dialect *dialect,
                            const qn_schema *fields, const bool *wanted) {
    qn_csv_parser *parser = NULL;
    if (fields->count == 0)
        return qn_fail(QN_JOB, "a CSV schema has no columns");
    QN_TRY(qn_mem_calloc(&parser, 1, sizeof *parser));
    parser->dialect = dialect;
    parser->kernels = qn_csv_kernels_of(dialect);
    parser->numeric_nulls = qn_csv_has_numeric_nulls(dialect);
    parser->field_count = fields->count;
    qn_status status = set_targets(parser, fields, wanted);
    if (status != QN_OK) {
        qn_csv_parser_free(parser);
        return status;
    }
    *out = parser;
    return QN_OK;
}

static void release_columns(qn_csv_parser *parser) {
    for (int32_t i = 0; i < parser->target_count; i++) {
        qn_column_release(parser->targets[i].column);
        parser->targets[i].column = NULL;
    }
}

void qn_csv_parser_free(qn_csv_parser *parser) {
    if (parser == NULL)
        return;
    release_columns(parser);
    for (int32_t i = 0; i < parser->target_count; i++)
        qn_csv_strings_clear(&parser->targets[i].strings);
    qn_mem_free(parser->targets);
    qn_csv_index_clear(&parser->index);
    qn_csv_rows_clear(&parser->rows);
    qn_mem_free(parser->spans);
    qn_mem_free(parser->rest);
    qn_mem_free(parser->wide);
    qn_mem_free(parser->scratch);
    qn_mem_free(parser->faults);
    qn_mem_free(parser->bad_rows);
    qn_mem_free(parser);
}

/* ---- Tiles ---------------------------------------------------------------------------------- */

static qn_status grow_spans(qn_csv_parser *parser) {
    int64_t needed = parser->rows.count + 64;
    if (needed <= parser->span_capacity)
        return QN_OK;
    size_t grown = (size_t)needed * 2;
    QN_TRY(qn_mem_resize(&parser->spans, grown, sizeof *parser->spans));
    QN_TRY(qn_mem_resize(&parser->rest, grown, sizeof *parser->rest));
    QN_TRY(qn_mem_resize(&parser->wide, grown, sizeof *parser->wide));
    parser->span_capacity = (int64_t)grown;
    return QN_OK;
}

static qn_status parse_tile(qn_csv_parser *parser, qn_csv_block *out) {
    QN_TRY(grow_spans(parser));
    QN_TRY(
        qn_mem_reserve(&parser->scratch, &parser->scratch_capacity, parser->index.offset + 64, 1));
    for (int32_t i = 0; i < parser->target_count && parser->rows.count > 0; i++) {
        qn_csv_target *t = &parser->targets[i];
        qn_csv_spans_of(&parser->rows, &parser->index, t->field,
                        t->field == parser->field_count - 1, parser->spans);
        QN_TRY(qn_csv_column_parse(parser, t));
    }
    if (parser->fault_count + parser->rows.ragged_count > 0)
        QN_TRY(qn_csv_faults_report(parser, out));
    parser->row_count += parser->rows.count;
    out->records += parser->rows.records;
    out->lines +=
        parser->index.newlines - qn_csv_count_lines(parser->index.base + parser->rows.consumed,
                                                    parser->index.offset - parser->rows.consumed);
    out->consumed += parser->rows.consumed;
    return QN_OK;
}

/* ---- Batches -------------------------------------------------------------------------------- */

static qn_status start_batch(qn_csv_parser *parser, int64_t rows) {
    release_columns(parser);
    parser->row_count = parser->bad_count = parser->fault_count = 0;
    QN_TRY(qn_mem_reserve(&parser->bad_rows, &parser->bad_capacity, qn_bit_words(rows),
                          sizeof *parser->bad_rows));
    memset(parser->bad_rows, 0, (size_t)parser->bad_capacity * sizeof *parser->bad_rows);
    for (int32_t i = 0; i < parser->target_count; i++) {
        qn_csv_target *t = &parser->targets[i];
        if (t->type == QN_STRING)
            QN_TRY(qn_csv_strings_start(&t->strings, rows));
        else if (t->type == QN_BOOL)
            QN_TRY(qn_column_new(&t->column, t->type, rows, 0));
        else
            QN_TRY(qn_column_new_raw(&t->column, t->type, rows, 0));
    }
    return QN_OK;
}

static void cut_column(qn_column *column, int64_t length) {
    column->length = length;
    uint64_t last = (UINT64_C(1) << (length & 63)) - 1;
    if (column->validity != NULL && (length & 63) != 0)
        column->validity[length >> 6] &= last;
}

/* Leaves out the spoilt rows. */
static qn_status drop_bad_rows(qn_csv_parser *parser, qn_batch *batch) {
    int64_t *good = NULL, count = 0;
    qn_status status = QN_OK;
    QN_TRY(qn_mem_alloc(&good, (size_t)parser->row_count, sizeof *good));
    for (int64_t i = 0; i < parser->row_count; i++)
        if (!qn_bit(parser->bad_rows, i))
            good[count++] = i;
    for (int32_t i = 0; i < batch->count; i++) {
        qn_column *taken = NULL;
        QN_TRY_GOTO(qn_column_take(&taken, batch->columns[i], good, count), done);
        qn_column_release(batch->columns[i]);
        batch->columns[i] = taken;
    }
    batch->length = count;
done:
    qn_mem_free(good);
    return status;
}

static qn_status finish_batch(qn_csv_parser *parser, qn_batch *batch) {
    QN_TRY(qn_batch_reserve(batch, parser->target_count));
    for (int32_t i = 0; i < parser->target_count; i++) {
        qn_csv_target *t = &parser->targets[i];
        if (t->type == QN_STRING)
            QN_TRY(qn_csv_strings_finish(&t->strings, &t->column));
        else
            cut_column(t->column, parser->row_count);
        batch->columns[i] = t->column;
        t->column = NULL;
    }
    batch->length = parser->row_count;
    return parser->bad_count > 0 ? drop_bad_rows(parser, batch) : QN_OK;
}

static qn_status parse_block(qn_csv_parser *parser, qn_view bytes, bool final, int64_t max_records,
                             qn_csv_block *out) {
    /* A record has a byte a field at least, its end or the next one's begin. */
    int64_t most = bytes.length / parser->field_count + 1;
    QN_TRY(start_batch(parser, most < max_records ? most : max_records));
    while (out->consumed < bytes.length && out->records < max_records) {
        qn_view left = {bytes.data + out->consumed, bytes.length - out->consumed};
        QN_TRY(qn_csv_tile(&parser->rows, &parser->index, parser->dialect, left, final,
                           parser->field_count, max_records - out->records));
        if (parser->rows.consumed == 0)
            break;
        QN_TRY(parse_tile(parser, out));
    }
    return finish_batch(parser, &out->batch);
}

qn_status qn_csv_parse(qn_csv_parser *parser, const char *bytes, int64_t length, bool final,
                       int64_t max_records, qn_csv_block *out) {
    qn_csv_block block;
    qn_csv_block_init(&block);
    qn_status status = parse_block(parser, (qn_view){bytes, length}, final, max_records, &block);
    if (status != QN_OK) {
        qn_csv_block_clear(&block);
        release_columns(parser);
        return status;
    }
    qn_csv_block_clear(out);
    *out = block;
    return QN_OK;
}
