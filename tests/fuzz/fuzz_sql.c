/* SQL text as an expression and as a query: parsed, bound to a table of every type, computed on
 * rows with nulls, NaN, empty and broken texts. Nothing may crash, leak or hang; and
 *
 *   - a column of text gives the same with a dictionary and without;
 *   - an expression printed and read again gives the same;
 *   - results keep the form that column.h demands.
 *
 * With clang and -DQUERN_FUZZ=ON it is a libFuzzer target; tests/fuzz/replay.c runs it over given
 * inputs in every build. docs/architecture.md says how. */
#include "core/column/content.h"
#include "core/expr/session.h"
#include "core/memory.h"
#include "features/plan/plan.h"
#include "features/sql/sql.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1709210430123456789)

enum { ROWS = 6, TEXT_LIMIT = 2000, PRINT_LIMIT = 400 };

static void fail(const char *what, qn_view text) {
    fprintf(stderr, "%s: %.*s\n", what, (int)text.length, text.data);
    if (qn_last_error().code != QN_OK)
        fprintf(stderr, "  last error: %s\n", qn_last_error().message);
    abort();
}

/* ---- The table ------------------------------------------------------------------------------- */

static const bool bools[ROWS] = {true, false, false, true, true, false};
static const int32_t ints[ROWS] = {1, -7, 0, INT32_MAX, INT32_MIN, 12};
static const int64_t longs[ROWS] = {2, 0, -5, INT64_MAX, INT64_MIN, 1700000000};
static const double reals[ROWS] = {0.5, -0.0, NAN, INFINITY, -1e300, 1000.25};
static const int32_t dates[ROWS] = {19782, -1, 0, -719162, 2932896, 10957};
static const char *const texts[ROWS] = {"abc",  "\xc3\x84rger,x", "", "2024-02-29 10:20:30",
                                        " 12 ", "a\xff,b,,c"};

static const struct {
    const char *name;
    qn_type type;
} columns[] = {{"b", QN_BOOL},      {"i", QN_INT32},       {"l", QN_INT64},  {"f", QN_FLOAT32},
               {"x", QN_FLOAT64},   {"s", QN_STRING},      {"u", QN_STRING}, {"d", QN_DATE},
               {"t", QN_TIMESTAMP}, {"w", QN_STRING_LIST}, {"v", QN_VECTOR}};

enum { COLUMNS = sizeof columns / sizeof *columns };

static void set(qn_column *column, int64_t i) {
    switch (column->type) {
    case QN_BOOL:
        column->bits[0] |= (uint64_t)bools[i] << i;
        break;
    case QN_INT32:
        column->i32[i] = ints[i];
        break;
    case QN_DATE:
        column->i32[i] = dates[i];
        break;
    case QN_INT64:
        column->i64[i] = longs[i];
        break;
    case QN_TIMESTAMP:
        column->i64[i] = longs[i] / 2 + 86399000000001;
        break;
    case QN_FLOAT32:
        column->f32[i] = (float)reals[i];
        break;
    case QN_FLOAT64:
        column->f64[i] = reals[i];
        break;
    default:
        column->f64[2 * i] = reals[i];
        break;
    }
}

/* Of texts shifted by one, so that two columns differ. */
static qn_status make_text(qn_column **out, int shift) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status;
    for (int i = 0; i < ROWS; i++)
        QN_TRY_GOTO(i + shift == 4
                        ? qn_string_builder_add_null(&builder)
                        : qn_string_builder_add(&builder, qn_view_of(texts[(i + shift) % ROWS])),
                    done);
    status = qn_string_builder_finish(&builder, out);
done:
    qn_string_builder_clear(&builder);
    return status;
}

/* Entries: the distinct texts and two that no row has. */
static qn_status make_coded(qn_column **out, int shift) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    qn_status status;
    QN_TRY_GOTO(qn_column_new(&column, QN_INT32, ROWS, 0), done);
    column->type = QN_STRING;
    QN_TRY_GOTO(qn_string_builder_add(&builder, qn_view_of("(unused")), done);
    for (int i = 0; i < ROWS; i++)
        QN_TRY_GOTO(qn_string_builder_add(&builder, qn_view_of(texts[i])), done);
    QN_TRY_GOTO(qn_string_builder_finish(&builder, &column->dictionary), done);
    for (int i = 0; i < ROWS; i++) {
        column->codes[i] = i + shift == 4 ? 0 : 1 + (i + shift) % ROWS;
        if (i + shift == 4)
            QN_TRY_GOTO(qn_column_set_null(column, i), done);
    }
    /* a dictionary longer than the column would not be used: repeat the rows */
    int64_t rows[2 * ROWS];
    for (int i = 0; i < 2 * ROWS; i++)
        rows[i] = i % ROWS;
    status = qn_column_take(out, column, rows, 2 * ROWS);
done:
    qn_column_release(column);
    qn_string_builder_clear(&builder);
    return status;
}

/* [], [abc, null], ... : row i has i % 3 items. */
static qn_status make_list(qn_column **out) {
    qn_column *column = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_column_new(&column, QN_STRING_LIST, ROWS, 0), done);
    QN_TRY_GOTO(make_text(&column->items, 0), done);
    for (int i = 0; i < ROWS; i++)
        column->offsets[i + 1] = column->offsets[i] + i % 3;
    QN_TRY_GOTO(qn_column_set_null(column, 3), done);
    *out = column;
    column = NULL;
done:
    qn_column_release(column);
    return status;
}

static qn_status make_plain(qn_column **out, qn_type type) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, type, ROWS, type == QN_VECTOR ? 2 : 0));
    qn_status status = qn_column_set_null(column, 2 + type % 3);
    for (int i = 0; i < ROWS; i++)
        if (!qn_column_is_null(column, i))
            set(column, i);
    *out = column;
    return status;
}

/* The rows twice. */
static qn_status make_column(qn_column **out, int k, bool coded) {
    qn_column *once = NULL;
    if (columns[k].type == QN_STRING && coded)
        return make_coded(out, *columns[k].name == 'u');
    if (columns[k].type == QN_STRING)
        QN_TRY(make_text(&once, *columns[k].name == 'u'));
    else if (columns[k].type == QN_STRING_LIST)
        QN_TRY(make_list(&once));
    else
        QN_TRY(make_plain(&once, columns[k].type));
    const qn_column *twice[] = {once, once};
    qn_status status = qn_column_concat(out, twice, 2);
    qn_column_release(once);
    return status;
}

static qn_status make_batch(qn_batch *batch, bool coded) {
    qn_batch_init(batch);
    batch->length = 2 * ROWS;
    for (int k = 0; k < COLUMNS; k++) {
        qn_column *column = NULL;
        QN_TRY(make_column(&column, k, coded));
        QN_TRY(qn_batch_append(batch, column));
    }
    return QN_OK;
}

static qn_status make_schema(qn_schema *schema) {
    qn_schema_init(schema);
    for (int k = 0; k < COLUMNS; k++)
        QN_TRY(qn_schema_add_field(schema,
                                   &(qn_field){.name = (char *)columns[k].name,
                                               .type = columns[k].type,
                                               .width = columns[k].type == QN_VECTOR ? 2 : 0}));
    return QN_OK;
}

/* ---- Form ------------------------------------------------------------------------------------ */

static bool offsets_rise(const int32_t *offsets, int64_t length) {
    for (int64_t i = 0; i < length; i++)
        if (offsets[i + 1] < offsets[i])
            return false;
    return true;
}

static bool codes_fit(const qn_column *column) {
    for (int64_t i = 0; i < column->length; i++)
        if (column->codes[i] < 0 || column->codes[i] >= column->dictionary->length)
            if (!qn_column_is_null(column, i) || column->codes[i] != 0)
                return false;
    return column->dictionary->null_count == 0;
}

static bool nulls_are_clear(const qn_column *column) {
    int64_t nulls = 0;
    int size = qn_type_size(column->type);
    static const char zeros[16];
    for (int64_t i = 0; i < column->length; i++) {
        if (!qn_column_is_null(column, i))
            continue;
        nulls++;
        if (column->type == QN_BOOL && qn_bit(column->bits, i))
            return false;
        if (size > 0 && memcmp((const char *)column->values + i * size, zeros, (size_t)size) != 0)
            return false;
        if (column->type == QN_STRING && qn_column_string(column, i).length > 0)
            return false;
        if (column->type == QN_STRING_LIST && column->offsets[i] != column->offsets[i + 1])
            return false;
    }
    return nulls == column->null_count;
}

static bool well_formed(const qn_column *column) {
    int64_t last = column->length >> 6, tail = column->length & 63;
    if (tail != 0 && column->validity != NULL && column->validity[last] >> tail != 0)
        return false;
    if (tail != 0 && column->type == QN_BOOL && column->bits[last] >> tail != 0)
        return false;
    if (column->dictionary != NULL && !codes_fit(column))
        return false;
    if (column->offsets != NULL && !offsets_rise(column->offsets, column->length))
        return false;
    return nulls_are_clear(column);
}

/* ---- Expressions ----------------------------------------------------------------------------- */

typedef struct table {
    qn_schema schema;
    qn_batch plain, coded;
} table;

static qn_status compute(qn_expr *expr, const qn_batch *batch, qn_view text, qn_content *content,
                         qn_type *type) {
    qn_column *column = NULL;
    QN_TRY(qn_expr_eval(expr, batch, &column));
    if (column->length != batch->length || column->type != qn_expr_type(expr))
        fail("a result of the wrong length or type", text);
    if (!well_formed(column))
        fail("a result is malformed", text);
    qn_content_init(content);
    qn_content_add(content, column);
    *type = column->type;
    qn_column_release(column);
    return QN_OK;
}

static void check_printed(const qn_text *printed, const table *given, const qn_session *session,
                          qn_view text, const qn_content *expected, qn_type expected_type) {
    qn_expr *expr = NULL;
    qn_content content;
    qn_type type;
    qn_view view = {printed->data, printed->length};
    if (qn_sql_expression(&expr, view) != QN_OK)
        fail("what is printed cannot be read", view);
    if (qn_expr_bind_in(expr, &given->schema, session) != QN_OK)
        fail("what is printed cannot be bound", view);
    if (compute(expr, &given->plain, text, &content, &type) != QN_OK)
        fail("what is printed cannot be computed", view);
    if (type == expected_type && !qn_content_equal(&content, expected))
        fail("what is printed gives another result", view);
    qn_expr_free(expr);
}

static void try_expression(const table *given, qn_view text) {
    qn_expr *expr = NULL;
    qn_content plain, coded;
    qn_type type;
    qn_text printed;
    static const char *const zones[] = {NULL, "Europe/Berlin", "Pacific/Apia", "+05:45"};
    qn_session session = {.on_fault = (qn_on_fault)(text.length % 3),
                          .now = NOW,
                          .time_zone = zones[text.length / 3 % 4]};
    qn_text_init(&printed);
    if (qn_sql_expression(&expr, text) != QN_OK)
        return;
    qn_status status = qn_expr_print(expr, &printed);
    if (status == QN_OK)
        status = qn_expr_bind_in(expr, &given->schema, &session);
    if (status == QN_OK) {
        status = compute(expr, &given->plain, text, &plain, &type);
        qn_status other = compute(expr, &given->coded, text, &coded, &type);
        if (status != other)
            fail("a dictionary makes it fail or not", text);
        if (status == QN_OK && !qn_content_equal(&plain, &coded))
            fail("a dictionary gives another result", text);
    }
    if (status == QN_OK && printed.length < PRINT_LIMIT)
        check_printed(&printed, given, &session, text, &plain, type);
    qn_text_clear(&printed);
    qn_expr_free(expr);
}

/* ---- Queries --------------------------------------------------------------------------------- */

static qn_status open_table(void *context, qn_comm *comm, qn_stream **out) {
    const table *given = context;
    (void)comm;
    return qn_stream_of_batches(out, &given->schema, &given->plain, 1);
}

static qn_status read_all(qn_stream *stream) {
    qn_batch batch;
    qn_status status;
    qn_batch_init(&batch);
    do {
        qn_batch_clear(&batch);
        qn_batch_init(&batch);
        status = qn_stream_next(stream, &batch);
    } while (status == QN_OK && batch.count > 0);
    qn_batch_clear(&batch);
    return status;
}

static void try_query(table *given, qn_view text) {
    qn_plan *plan = NULL;
    qn_stream *stream = NULL;
    qn_comm *comm = NULL;
    qn_plan_table tables[8];
    int32_t count = 0;
    if (qn_comm_self(&comm) != QN_OK || qn_sql_query(&plan, text) != QN_OK)
        goto done;
    for (const char *name; count < 8 && (name = qn_plan_table_name(plan, count)) != NULL; count++)
        tables[count] = (qn_plan_table){name, open_table, given};
    const qn_execution execution = {
        .comm = comm, .memory = 64 << 20, .session = &(qn_session){.now = NOW}};
    if (qn_plan_open(&stream, plan, &execution, tables, count) == QN_OK &&
        read_all(stream) != QN_OK && qn_last_error().code == QN_INTERNAL)
        fail("an internal error", text);
done:
    qn_stream_free(stream);
    qn_plan_free(plan);
    qn_comm_free(comm);
}

/* ---- The target ------------------------------------------------------------------------------ */

/* repeat('a', 2000000000) does what it says, and takes too long. */
static bool is_huge(qn_view text) {
    int digits = 0;
    bool long_number = false;
    for (int64_t i = 0; i < text.length; i++) {
        digits = text.data[i] >= '0' && text.data[i] <= '9' ? digits + 1 : 0;
        long_number = long_number || digits > 4;
    }
    return memmem(text.data, (size_t)text.length, "repeat", 6) != NULL ||
           (long_number && (memmem(text.data, (size_t)text.length, "pad", 3) != NULL ||
                            memmem(text.data, (size_t)text.length, "space", 5) != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static table given;
    static bool ready;
    qn_view text = {(const char *)data, (int64_t)size};
    if (!ready &&
        (make_schema(&given.schema) != QN_OK || make_batch(&given.plain, false) != QN_OK ||
         make_batch(&given.coded, true) != QN_OK))
        fail("the table cannot be made", text);
    ready = true;
    if (size > TEXT_LIMIT || is_huge(text))
        return 0;
    qn_error_clear();
    int64_t blocks = qn_mem_blocks();
    try_expression(&given, text);
    if (qn_mem_blocks() != blocks)
        fail("memory leaks in an expression", text);
    try_query(&given, text);
    if (qn_mem_blocks() != blocks)
        fail("memory leaks in a query", text);
    return 0;
}
