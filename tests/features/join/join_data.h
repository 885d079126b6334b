/* Tables for join tests: rows of formulas, cut into batches, each rank holding a contiguous range
 * of them; and what a nested loop makes of them. */
#ifndef QUERN_TESTS_FEATURES_JOIN_JOIN_DATA_H
#define QUERN_TESTS_FEATURES_JOIN_JOIN_DATA_H

#include "core/expr/expr.h"
#include "core/key/key.h"
#include "core/memory.h"
#include "features/join/join.h"
#include "mpi/comm/gather.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the first key column is made of. */
typedef enum key_variant {
    KEY_INT64,
    KEY_TEXT,
    KEY_FLOAT,
    KEY_DATE,
    KEY_BOOL,
    KEY_VARIANTS
} key_variant;

static const qn_type key_types[] = {QN_INT64, QN_STRING, QN_FLOAT64, QN_DATE, QN_BOOL};

typedef struct side_spec {
    bool right;
    key_variant variant;
    int64_t rows, cut;
    int64_t classes; /* of the first key; second: 3 */
    bool nulls, dictionary;
    bool unique; /* first key: class = row */
} side_spec;

enum { ID, KEY, SECOND, VALUE, NOTE, COLUMNS };

static uint64_t scramble(uint64_t x) {
    x = (x + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 29) * 0x94d049bb133111ebu;
    return x ^ x >> 32;
}

static uint64_t draw(const side_spec *spec, int64_t row, uint64_t what) {
    return scramble((uint64_t)row * 16 + what * 2 + spec->right);
}

static int64_t class_of(const side_spec *spec, int64_t row) {
    if (spec->unique)
        return row;
    int64_t c = (int64_t)(draw(spec, row, 1) % (uint64_t)spec->classes);
    return spec->variant == KEY_BOOL ? c % 2 : c;
}
static bool key_is_null(const side_spec *spec, int64_t row) {
    return spec->nulls && draw(spec, row, 2) % 6 == 0;
}
static int64_t second_of(const side_spec *spec, int64_t row) {
    return (int64_t)(draw(spec, row, 3) % 3);
}
static bool second_is_null(const side_spec *spec, int64_t row) {
    return spec->nulls && draw(spec, row, 4) % 7 == 0;
}
static int64_t value_of(const side_spec *spec, int64_t row) {
    return (int64_t)(draw(spec, row, 5) % 100);
}

static double real_of(const side_spec *spec, int64_t c) {
    if (c == 0)
        return spec->right ? 0.0 : -0.0;
    if (c == 1)
        return spec->right ? NAN : -NAN;
    return c == 2 ? INFINITY : (double)c * 1.5;
}

static qn_status set_key(qn_column *column, const side_spec *spec, int64_t i, int64_t row) {
    int64_t c = class_of(spec, row);
    if (key_is_null(spec, row))
        return qn_column_set_null(column, i);
    if (spec->variant == KEY_INT64)
        column->i64[i] = c * 1000003 - 50;
    else if (spec->variant == KEY_FLOAT)
        column->f64[i] = real_of(spec, c);
    else if (spec->variant == KEY_DATE)
        column->i32[i] = (int32_t)(c - 5);
    else if (c == 1)
        qn_bit_set(column->bits, i);
    return QN_OK;
}

static void text_of(char text[64], int64_t c) {
    snprintf(text, 64, c % 2 ? "%lld" : "a longer text with the number %lld", (long long)c);
}

static qn_status make_texts(qn_column **out, const side_spec *spec, int64_t first, int64_t rows) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    char text[64];
    for (int64_t i = 0; i < rows && status == QN_OK; i++) {
        text_of(text, class_of(spec, first + i));
        status = key_is_null(spec, first + i) ? qn_string_builder_add_null(&builder)
                                              : qn_string_builder_add(&builder, qn_view_of(text));
    }
    if (status == QN_OK)
        status = qn_string_builder_finish(&builder, out);
    qn_string_builder_clear(&builder);
    return status;
}

/* All classes, in an order that differs from side to side. */
static qn_status make_dictionary(qn_column **out, const side_spec *spec) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    char text[64];
    for (int64_t i = 0; i < spec->classes && status == QN_OK; i++) {
        text_of(text, spec->right ? spec->classes - 1 - i : i);
        status = qn_string_builder_add(&builder, qn_view_of(text));
    }
    if (status == QN_OK)
        status = qn_string_builder_finish(&builder, out);
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status make_codes(qn_column **out, const side_spec *spec, int64_t first, int64_t rows,
                            const qn_column *dictionary) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_INT32, rows, 0));
    column->type = QN_STRING;
    column->dictionary = qn_column_retain(dictionary);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < rows && status == QN_OK; i++) {
        int64_t c = class_of(spec, first + i);
        if (key_is_null(spec, first + i))
            status = qn_column_set_null(column, i);
        else
            column->codes[i] = (int32_t)(spec->right ? spec->classes - 1 - c : c);
    }
    *out = column;
    return status;
}

static qn_status make_notes(qn_column **out, const side_spec *spec, int64_t first, int64_t rows) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    char text[64];
    for (int64_t i = 0; i < rows && status == QN_OK; i++) {
        snprintf(text, sizeof text, "%s%lld", spec->right ? "right" : "left",
                 (long long)(first + i));
        status = (first + i) % 10 == 3 ? qn_string_builder_add_null(&builder)
                                       : qn_string_builder_add(&builder, qn_view_of(text));
    }
    if (status == QN_OK)
        status = qn_string_builder_finish(&builder, out);
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status make_key(qn_column **out, const side_spec *spec, int64_t first, int64_t rows,
                          const qn_column *dictionary) {
    if (spec->variant == KEY_TEXT)
        return dictionary != NULL ? make_codes(out, spec, first, rows, dictionary)
                                  : make_texts(out, spec, first, rows);
    QN_TRY(qn_column_new(out, key_types[spec->variant], rows, 0));
    for (int64_t i = 0; i < rows; i++)
        QN_TRY(set_key(*out, spec, i, first + i));
    return QN_OK;
}

static qn_status make_batch(qn_batch *out, const side_spec *spec, int64_t first, int64_t rows,
                            const qn_column *dictionary) {
    QN_TRY(qn_batch_reserve(out, COLUMNS));
    out->length = rows;
    out->first_row = first;
    QN_TRY(qn_column_new(&out->columns[ID], QN_INT64, rows, 0));
    QN_TRY(make_key(&out->columns[KEY], spec, first, rows, dictionary));
    QN_TRY(qn_column_new(&out->columns[SECOND], QN_INT32, rows, 0));
    QN_TRY(qn_column_new(&out->columns[VALUE], QN_INT32, rows, 0));
    QN_TRY(make_notes(&out->columns[NOTE], spec, first, rows));
    for (int64_t i = 0; i < rows; i++) {
        out->columns[ID]->i64[i] = first + i;
        out->columns[VALUE]->i32[i] = (int32_t)value_of(spec, first + i);
        if (second_is_null(spec, first + i))
            QN_TRY(qn_column_set_null(out->columns[SECOND], i));
        else
            out->columns[SECOND]->i32[i] = (int32_t)second_of(spec, first + i);
    }
    return QN_OK;
}

static qn_status make_schema(qn_schema *out, const side_spec *spec) {
    const char *const names[2][COLUMNS] = {{"id", "k", "s", "v", "note"},
                                           {"id2", "k2", "s2", "v2", "note2"}};
    const qn_type types[COLUMNS] = {QN_INT64, key_types[spec->variant], QN_INT32, QN_INT32,
                                    QN_STRING};
    for (int i = 0; i < COLUMNS; i++)
        QN_TRY(qn_schema_add(out, names[spec->right][i], types[i]));
    return QN_OK;
}

/* This rank's part of the rows. */
static void make_side(qn_table *out, const side_spec *spec, int rank, int size) {
    int64_t batches = (spec->rows + spec->cut - 1) / spec->cut;
    qn_column *dictionary = NULL;
    qn_table_init(out);
    QN_TEST_OK(make_schema(&out->schema, spec));
    if (spec->dictionary)
        QN_TEST_OK(make_dictionary(&dictionary, spec));
    for (int64_t b = batches * rank / size; b < batches * (rank + 1) / size; b++) {
        qn_batch batch;
        qn_batch_init(&batch);
        int64_t left = spec->rows - b * spec->cut;
        QN_TEST_OK(make_batch(&batch, spec, b * spec->cut, left < spec->cut ? left : spec->cut,
                              dictionary));
        QN_TEST_OK(qn_table_add(out, &batch));
    }
    qn_column_release(dictionary);
}

/* ---- The join, asked for ----------------------------------------------------------------------
 */

typedef struct join_case {
    side_spec left, right;
    qn_join_kind kind;
    qn_join_form form;
    int32_t key_count; /* 0, 1 (KEY), 2 (KEY, SECOND) */
    bool null_safe[2];
    bool null_aware, residual; /* v < v2 */
} join_case;

static qn_status output_schema(qn_schema *out, const join_case *join, const qn_schema *left,
                               const qn_schema *right) {
    bool selects = join->kind == QN_JOIN_SEMI || join->kind == QN_JOIN_ANTI;
    for (int32_t i = 0; i < left->count; i++)
        QN_TRY(qn_schema_add_field(out, &left->fields[i]));
    if (join->kind == QN_JOIN_MARK)
        return qn_schema_add(out, "mark", QN_BOOL);
    for (int32_t i = 0; i < right->count && !selects; i++)
        QN_TRY(qn_schema_add_field(out, &right->fields[i]));
    return QN_OK;
}

static qn_status make_residual(qn_expr **out, const qn_schema *left, const qn_schema *right) {
    qn_expr *arguments[2] = {NULL, NULL};
    qn_schema both;
    qn_schema_init(&both);
    for (int32_t i = 0; i < left->count; i++)
        QN_TRY(qn_schema_add_field(&both, &left->fields[i]));
    for (int32_t i = 0; i < right->count; i++)
        QN_TRY(qn_schema_add_field(&both, &right->fields[i]));
    QN_TRY(qn_expr_column(&arguments[0], "v", -1));
    QN_TRY(qn_expr_column(&arguments[1], "v2", -1));
    QN_TRY(qn_expr_call(out, "<", arguments, 2, -1));
    QN_TRY(qn_expr_bind(*out, &both));
    qn_schema_clear(&both);
    return QN_OK;
}

static qn_status open_join(qn_stream **out, const join_case *join, const qn_table *left,
                           const qn_table *right, const qn_execution *execution) {
    static const int32_t keys[2] = {KEY, SECOND};
    qn_stream *a = NULL, *b = NULL;
    qn_schema schema;
    qn_schema_init(&schema);
    QN_TRY(output_schema(&schema, join, &left->schema, &right->schema));
    qn_join_spec spec = {.kind = join->kind,
                         .form = join->form,
                         .left_keys = keys,
                         .right_keys = keys,
                         .null_safe = join->null_safe,
                         .key_count = join->key_count,
                         .null_aware = join->null_aware,
                         .schema = &schema};
    if (join->residual)
        QN_TRY(make_residual(&spec.residual, &left->schema, &right->schema));
    QN_TRY(qn_table_stream(&a, left));
    QN_TRY(qn_table_stream(&b, right));
    qn_status status = qn_join_open(out, a, b, execution, &spec);
    qn_schema_clear(&schema);
    return status;
}

/* ---- What a nested loop makes of it -----------------------------------------------------------
 */

typedef struct expected {
    int64_t count, capacity;
    int64_t (*pairs)[3]; /* left row, right row (-1: none), mark (0, 1, 2 unknown) */
} expected;

static void expect(expected *out, int64_t left, int64_t right, int64_t mark) {
    QN_TEST_OK(qn_mem_reserve(&out->pairs, &out->capacity, out->count + 1, sizeof *out->pairs));
    int64_t *pair = out->pairs[out->count++];
    pair[0] = left, pair[1] = right, pair[2] = mark;
}

/* 1: the keys match, 0: they do not, 2: unknown. */
static int compare_keys(const join_case *join, int64_t l, int64_t r) {
    bool a = key_is_null(&join->left, l), b = key_is_null(&join->right, r);
    if (join->key_count == 0)
        return 1;
    int first = 1;
    if ((a || b) && !(a && b && join->null_safe[0]))
        first = join->null_safe[0] ? 0 : 2;
    else if (!a && class_of(&join->left, l) != class_of(&join->right, r))
        first = 0;
    if (join->key_count == 1)
        return first;
    a = second_is_null(&join->left, l), b = second_is_null(&join->right, r);
    bool second = a || b ? a && b && join->null_safe[1]
                         : second_of(&join->left, l) == second_of(&join->right, r);
    return second ? first : 0;
}

static bool residual_holds(const join_case *join, int64_t l, int64_t r) {
    return !join->residual || value_of(&join->left, l) < value_of(&join->right, r);
}

static void expect_row(expected *out, const join_case *join, int64_t l, bool *matched) {
    int64_t matches = 0;
    bool unknown = false;
    bool lists = join->kind <= QN_JOIN_FULL || join->kind == QN_JOIN_CROSS;
    for (int64_t r = 0; r < join->right.rows; r++) {
        int equal = compare_keys(join, l, r);
        if (equal == 0 || !residual_holds(join, l, r))
            continue;
        unknown |= equal == 2;
        if (equal == 2)
            continue;
        matches++;
        matched[r] = true;
        if (lists)
            expect(out, l, r, 0);
    }
    unknown = unknown && join->null_aware;
    if ((join->kind == QN_JOIN_LEFT || join->kind == QN_JOIN_FULL) && matches == 0)
        expect(out, l, -1, 0);
    if (join->kind == QN_JOIN_SEMI && matches > 0)
        expect(out, l, -1, 0);
    if (join->kind == QN_JOIN_ANTI && matches == 0 && !unknown)
        expect(out, l, -1, 0);
    if (join->kind == QN_JOIN_MARK)
        expect(out, l, -1, matches > 0 ? 1 : unknown ? 2 : 0);
}

/* The partition of each row of a side, or zeros. */
static int32_t *partitions_of(const join_case *join, const side_spec *spec, bool shuffle) {
    int32_t *out = NULL;
    qn_key *key = NULL;
    qn_table table;
    qn_type types[2] = {key_types[spec->variant], QN_INT32};
    uint64_t *hashes = NULL;
    QN_TEST_OK(qn_mem_calloc(&out, (size_t)spec->rows, sizeof *out));
    if (!shuffle || join->key_count == 0)
        return out;
    QN_TEST_OK(qn_mem_alloc(&hashes, QN_BATCH_ROWS, sizeof *hashes));
    make_side(&table, spec, 0, 1);
    QN_TEST_OK(qn_key_new(&key, types, join->key_count));
    for (int64_t b = 0; b < table.batch_count; b++) {
        qn_batch *batch = &table.batches[b];
        QN_TEST_OK(qn_key_hash(key, batch->columns + KEY, batch->length, hashes));
        for (int64_t i = 0; i < batch->length; i++)
            out[batch->first_row + i] = qn_key_partition(hashes[i]);
    }
    qn_key_free(key);
    qn_mem_free(hashes);
    qn_table_clear(&table);
    return out;
}

static void expect_join(expected *out, const join_case *join, bool shuffle) {
    bool right = join->kind == QN_JOIN_RIGHT || join->kind == QN_JOIN_FULL, *matched = NULL;
    int32_t *left_parts = partitions_of(join, &join->left, shuffle);
    int32_t *right_parts = partitions_of(join, &join->right, shuffle);
    *out = (expected){0};
    QN_TEST_OK(qn_mem_calloc(&matched, (size_t)join->right.rows, sizeof *matched));
    for (int32_t p = 0; p < (shuffle ? QN_KEY_PARTITIONS : 1); p++) {
        for (int64_t l = 0; l < join->left.rows; l++)
            if (left_parts[l] == p)
                expect_row(out, join, l, matched);
        for (int64_t r = 0; r < join->right.rows && right; r++)
            if (right_parts[r] == p && !matched[r])
                expect(out, -1, r, 0);
    }
    qn_mem_free(matched);
    qn_mem_free(left_parts);
    qn_mem_free(right_parts);
}

/* ---- Comparison -------------------------------------------------------------------------------
 */

static bool same_cell(const qn_column *a, int64_t i, const qn_column *b, int64_t j) {
    if (qn_column_is_null(a, i) || qn_column_is_null(b, j))
        return qn_column_is_null(a, i) && qn_column_is_null(b, j);
    if (a->type == QN_STRING)
        return qn_view_equal(qn_column_string(a, i), qn_column_string(b, j));
    if (a->type == QN_BOOL)
        return qn_bit(a->bits, i) == qn_bit(b->bits, j);
    return qn_type_size(a->type) == 8 ? a->i64[i] == b->i64[j] : a->i32[i] == b->i32[j];
}

static bool same_cells(const qn_batch *batch, int64_t i, int32_t from, const qn_table *side,
                       const side_spec *spec, int64_t row) {
    for (int32_t c = 0; c < COLUMNS; c++) {
        const qn_column *column = batch->columns[from + c];
        if (row < 0) {
            if (!qn_column_is_null(column, i))
                return false;
            continue;
        }
        const qn_batch *source = &side->batches[row / spec->cut];
        if (!same_cell(column, i, source->columns[c], row % spec->cut))
            return false;
    }
    return true;
}

static bool same_mark(const qn_column *mark, int64_t i, int64_t value) {
    if (value == 2)
        return qn_column_is_null(mark, i);
    return !qn_column_is_null(mark, i) && qn_bit(mark->bits, i) == (value == 1);
}

/* The gathered output against what a nested loop gives. Root only. */
static int64_t count_wrong(const join_case *join, const qn_table *out, const expected *pairs) {
    int64_t n = 0, wrong = 0;
    bool selects =
        join->kind == QN_JOIN_SEMI || join->kind == QN_JOIN_ANTI || join->kind == QN_JOIN_MARK;
    qn_table left, right;
    make_side(&left, &join->left, 0, 1);
    make_side(&right, &join->right, 0, 1);
    for (int64_t b = 0; b < out->batch_count; b++)
        for (int64_t i = 0; i < out->batches[b].length; i++, n++) {
            const qn_batch *batch = &out->batches[b];
            if (n >= pairs->count)
                break;
            const int64_t *pair = pairs->pairs[n];
            bool same = same_cells(batch, i, 0, &left, &join->left, pair[0]);
            if (join->kind == QN_JOIN_MARK)
                same = same && same_mark(batch->columns[COLUMNS], i, pair[2]);
            if (!selects)
                same = same && same_cells(batch, i, COLUMNS, &right, &join->right, pair[1]);
            wrong += !same;
        }
    qn_table_clear(&left);
    qn_table_clear(&right);
    return wrong + llabs(out->row_count - pairs->count);
}

/* Runs the join and checks it; returns the number of wrong rows. */
static inline int64_t run_join(const join_case *join, bool shuffle, const qn_execution *execution) {
    qn_comm *comm = execution->comm;
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_table left, right, out;
    qn_stream *stream = NULL;
    int64_t wrong = 0;
    make_side(&left, &join->left, rank, size);
    make_side(&right, &join->right, rank, size);
    qn_table_init(&out);
    QN_TEST_OK(open_join(&stream, join, &left, &right, execution));
    for (int pass = 0; pass < 2; pass++) {
        qn_table_clear(&out);
        QN_TEST_OK(qn_stream_rewind(stream));
        QN_TEST_OK(qn_gather_table(&out, stream, comm, 0));
        if (rank == 0) {
            expected pairs;
            expect_join(&pairs, join, shuffle);
            wrong += count_wrong(join, &out, &pairs);
            qn_mem_free(pairs.pairs);
        }
    }
    qn_table_clear(&out);
    qn_stream_free(stream);
    qn_table_clear(&left);
    qn_table_clear(&right);
    return wrong;
}

#endif
