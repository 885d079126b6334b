#include "features/sql/source.h"

#include "core/memory.h"
#include "features/plan/source.h"
#include "features/sql/sql.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int64_t qn_sql_error_position(void) {
    return qn_source_error_position();
}

qn_status qn_sql_locate(const sql_source *source, int32_t location, qn_status status) {
    int64_t offset = location < 0 ? -1 : location - source->prefix;
    qn_source_locate(source->text, offset < 0 && location >= 0 ? 0 : offset);
    return status;
}

qn_status qn_sql_fail(const sql_source *source, int32_t location, const char *format, ...) {
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return qn_sql_locate(source, location, qn_fail(QN_JOB, "%s", message));
}

/* ---- Tokens ---------------------------------------------------------------------------------- */

int32_t qn_sql_find_token(const sql_source *source, PgQuery__Token token) {
    int32_t depth = 0;
    for (size_t i = 0; i < source->tokens->n_tokens; i++) {
        const PgQuery__ScanToken *found = source->tokens->tokens[i];
        depth += found->token == PG_QUERY__TOKEN__ASCII_40;
        depth -= found->token == PG_QUERY__TOKEN__ASCII_41;
        if (depth == 0 && found->token == token)
            return found->start;
    }
    return -1;
}

const PgQuery__ScanToken *qn_sql_token_at(const sql_source *source, int32_t location) {
    for (size_t i = 0; i < source->tokens->n_tokens; i++)
        if (source->tokens->tokens[i]->start == location)
            return source->tokens->tokens[i];
    return NULL;
}

/* ---- The parser ------------------------------------------------------------------------------ */

static void *counted_alloc(void *data, size_t size) {
    void *block = NULL;
    (void)data;
    return qn_mem_alloc(&block, size, 1) == QN_OK ? block : NULL;
}

static void counted_free(void *data, void *block) {
    (void)data;
    qn_mem_free(block);
}

static ProtobufCAllocator counted_memory(void) {
    return (ProtobufCAllocator){counted_alloc, counted_free, NULL};
}

/* The parser counts characters from 1; its messages name the token themselves. */
static qn_status parser_error(const sql_source *source, const PgQueryError *error) {
    int32_t location = 0;
    for (int left = error->cursorpos - 1; left > 0 && source->sql[location] != '\0'; left--) {
        location++;
        while (((unsigned char)source->sql[location] & 0xC0) == 0x80)
            location++;
    }
    bool known = error->cursorpos > 0;
    qn_status status = qn_sql_fail(source, known ? location : -1, "SQL %s", error->message);
    if (strstr(error->message, "LIMIT #,#") != NULL)
        qn_error_help("write LIMIT count OFFSET first");
    else if (known)
        qn_sql_hint(source, location);
    return status;
}

static qn_status unpack_error(const sql_source *source) {
    (void)source;
    return qn_fail(QN_MEMORY, "out of memory while reading the SQL parser's result");
}

static qn_status scan(sql_source *source) {
    ProtobufCAllocator allocator = counted_memory();
    PgQueryScanResult result = pg_query_scan(source->sql);
    qn_status status = QN_OK;
    if (result.error != NULL) {
        status = parser_error(source, result.error);
    } else {
        source->tokens = pg_query__scan_result__unpack(&allocator, result.pbuf.len,
                                                       (const uint8_t *)result.pbuf.data);
        if (source->tokens == NULL)
            status = unpack_error(source);
    }
    pg_query_free_scan_result(result);
    return status;
}

static qn_status parse(sql_source *source) {
    ProtobufCAllocator allocator = counted_memory();
    PgQueryProtobufParseResult result = pg_query_parse_protobuf(source->sql);
    qn_status status = QN_OK;
    if (result.error != NULL) {
        status = parser_error(source, result.error);
    } else {
        source->tree = pg_query__parse_result__unpack(&allocator, result.parse_tree.len,
                                                      (const uint8_t *)result.parse_tree.data);
        if (source->tree == NULL)
            status = unpack_error(source);
    }
    pg_query_free_protobuf_parse_result(result);
    return status;
}

qn_status qn_sql_source_open(sql_source *out, qn_view text, const char *prefix) {
    sql_source source = {.text = text, .prefix = (int32_t)strlen(prefix)};
    qn_status status = QN_OK;
    qn_source_start();
    QN_TRY_GOTO(qn_sql_check_text(&source), done);
    QN_TRY_GOTO(qn_format(&source.sql, "%s%.*s", prefix, (int)text.length, text.data), done);
    QN_TRY_GOTO(scan(&source), done);
    QN_TRY_GOTO(qn_sql_check_tokens(&source), done);
    QN_TRY_GOTO(qn_sql_rewrite(&source), done);
    QN_TRY_GOTO(qn_sql_blank_words(&source), done);
    QN_TRY_GOTO(parse(&source), done);
    *out = source;
    return QN_OK;
done:
    qn_sql_source_close(&source);
    return status;
}

void qn_sql_source_close(sql_source *source) {
    ProtobufCAllocator allocator = counted_memory();
    if (source->tokens != NULL)
        pg_query__scan_result__free_unpacked(source->tokens, &allocator);
    if (source->tree != NULL)
        pg_query__parse_result__free_unpacked(source->tree, &allocator);
    qn_mem_free(source->sql);
    qn_mem_free(source->marks);
    *source = (sql_source){0};
}
