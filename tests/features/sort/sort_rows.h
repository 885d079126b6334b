/* Rows for tests of ordering, each a function of its number; and an order of them by C's qsort. */
#ifndef QUERN_TESTS_SORT_ROWS_H
#define QUERN_TESTS_SORT_ROWS_H

#include "core/key/order.h"
#include "core/memory.h"
#include "mpi/comm/gather.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN_K, COLUMN_X, COLUMN_S, COLUMN_D, COLUMN_ID, COLUMNS };

/* What rows a test has. */
typedef struct rows_kind {
    int64_t rows;
    int64_t distinct; /* of k: 1 for all equal */
    int64_t batch;    /* rows of a batch */
    int only_rank;    /* all rows are there; -1: spread evenly */
} rows_kind;

static inline uint64_t row_hash(int64_t row, int column) {
    uint64_t x = ((uint64_t)row * COLUMNS + (uint64_t)column) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 29;
}

static inline bool k_is_null(int64_t row) {
    return row_hash(row, 7) % 11 == 0;
}
static inline int64_t k_of(const rows_kind *kind, int64_t row) {
    return (int64_t)(row_hash(row, COLUMN_K) % (uint64_t)kind->distinct) - kind->distinct / 2;
}
static inline double x_of(int64_t row) {
    uint64_t h = row_hash(row, COLUMN_X) % 100;
    return h == 0 ? NAN : h == 1 ? -0.0 : h == 2 ? INFINITY : ((double)h - 50) / 8;
}
static inline int s_of(int64_t row, char *text) {
    uint64_t h = row_hash(row, COLUMN_S);
    return sprintf(text, "%s%d", h % 2 ? "a common prefix " : "", (int)(h / 2 % 3000));
}
static inline int32_t d_of(int64_t row) {
    return (int32_t)(row_hash(row, COLUMN_D) % 9);
}

static inline qn_status fill_rows(const rows_kind *kind, int64_t first, qn_column *const *columns,
                                  qn_string_builder *builder) {
    for (int64_t i = 0; i < columns[COLUMN_K]->length; i++) {
        char text[64];
        int64_t row = first + i;
        columns[COLUMN_K]->i64[i] = k_is_null(row) ? 0 : k_of(kind, row);
        if (k_is_null(row))
            QN_TRY(qn_column_set_null(columns[COLUMN_K], i));
        columns[COLUMN_X]->f64[i] = x_of(row);
        QN_TRY(qn_string_builder_add(builder, (qn_view){text, s_of(row, text)}));
        columns[COLUMN_D]->i32[i] = d_of(row);
        columns[COLUMN_ID]->i64[i] = row;
    }
    return QN_OK;
}

static inline qn_status rows_batch(qn_batch *out, const rows_kind *kind, int64_t first,
                                   int64_t count) {
    static const qn_type types[COLUMNS] = {QN_INT64, QN_FLOAT64, QN_STRING, QN_DATE, QN_INT64};
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_batch_init(out);
    out->length = count;
    out->first_row = first;
    qn_status status;
    QN_TRY_GOTO(qn_batch_reserve(out, COLUMNS), done);
    for (int c = 0; c < COLUMNS; c++)
        if (c != COLUMN_S)
            QN_TRY_GOTO(qn_column_new(&out->columns[c], types[c], count, 0), done);
    QN_TRY_GOTO(fill_rows(kind, first, out->columns, &builder), done);
    QN_TRY_GOTO(qn_string_builder_finish(&builder, &out->columns[COLUMN_S]), done);
done:
    qn_string_builder_clear(&builder);
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}

static inline qn_status rows_schema(qn_schema *out) {
    QN_TRY(qn_schema_add(out, "k", QN_INT64));
    QN_TRY(qn_schema_add(out, "x", QN_FLOAT64));
    QN_TRY(qn_schema_add(out, "s", QN_STRING));
    QN_TRY(qn_schema_add(out, "d", QN_DATE));
    return qn_schema_add(out, "id", QN_INT64);
}

/* This rank's rows as a stream. */
static inline qn_status rows_stream(qn_stream **out, const rows_kind *kind) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    int64_t first = kind->rows * rank / size, last = kind->rows * (rank + 1) / size;
    if (kind->only_rank >= 0) {
        first = 0;
        last = rank == kind->only_rank ? kind->rows : 0;
    }
    qn_table table;
    qn_table_init(&table);
    qn_status status;
    QN_TRY_GOTO(rows_schema(&table.schema), done);
    for (int64_t at = first; at < last; at += kind->batch) {
        qn_batch batch;
        int64_t count = last - at < kind->batch ? last - at : kind->batch;
        QN_TRY_GOTO(rows_batch(&batch, kind, at, count), done);
        QN_TRY_GOTO(qn_table_add(&table, &batch), done);
    }
    status = qn_table_stream(out, &table);
done:
    qn_table_clear(&table);
    return status;
}

/* ---- The order expected --------------------------------------------------------------------- */

static struct {
    const rows_kind *kind;
    const qn_sort_key *keys;
    int32_t count;
} expected_by;

static inline int compare_column(int64_t a, int64_t b, const qn_sort_key *key) {
    int result = 0;
    if (key->column == COLUMN_K) {
        if (k_is_null(a) || k_is_null(b))
            return k_is_null(a) && k_is_null(b) ? 0 : k_is_null(a) == key->nulls_last ? 1 : -1;
        int64_t x = k_of(expected_by.kind, a), y = k_of(expected_by.kind, b);
        result = x < y ? -1 : x > y;
    } else if (key->column == COLUMN_X) {
        double x = x_of(a), y = x_of(b);
        result = isnan(x) || isnan(y) ? (int)isnan(x) - (int)isnan(y) : x < y ? -1 : x > y;
    } else if (key->column == COLUMN_S) {
        char x[64], y[64];
        s_of(a, x);
        s_of(b, y);
        result = strcmp(x, y);
    } else if (key->column == COLUMN_D) {
        result = d_of(a) - d_of(b);
    } else {
        result = a < b ? -1 : a > b;
    }
    return key->descending ? -result : result;
}

static inline int compare_expected(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    for (int32_t k = 0; k < expected_by.count; k++) {
        int result = compare_column(x, y, &expected_by.keys[k]);
        if (result != 0)
            return result;
    }
    return x < y ? -1 : x > y;
}

/* Row numbers in the order of the keys; the caller's. */
static inline int64_t *expected_order(const rows_kind *kind, const qn_sort_key *keys,
                                      int32_t count) {
    int64_t *order = malloc((size_t)(kind->rows + 1) * sizeof *order);
    for (int64_t i = 0; i < kind->rows; i++)
        order[i] = i;
    expected_by.kind = kind;
    expected_by.keys = keys;
    expected_by.count = count;
    qsort(order, (size_t)kind->rows, sizeof *order, compare_expected);
    return order;
}

/* Is this row of a batch the row that its id says? */
static inline bool is_whole(const rows_kind *kind, const qn_batch *batch, int64_t i) {
    char text[64];
    int64_t row = batch->columns[COLUMN_ID]->i64[i];
    qn_view s = qn_column_string(batch->columns[COLUMN_S], i);
    double x = batch->columns[COLUMN_X]->f64[i];
    const qn_column *k = batch->columns[COLUMN_K];
    bool same_k = k_is_null(row) ? qn_column_is_null(k, i)
                                 : !qn_column_is_null(k, i) && k->i64[i] == k_of(kind, row);
    return same_k && (x == x_of(row) || (isnan(x) && isnan(x_of(row)))) &&
           s.length == s_of(row, text) && memcmp(s.data, text, (size_t)s.length) == 0 &&
           batch->columns[COLUMN_D]->i32[i] == d_of(row);
}

/* Collective. Reads the stream twice; its rows, in order over the ranks, are those of
 * ids[0..count), and its batches are cut at fixed rows. */
static inline void check_rows(qn_stream *stream, const rows_kind *kind, const int64_t *ids,
                              int64_t count) {
    for (int pass = 0; pass < 2; pass++) {
        qn_table all;
        qn_table_init(&all);
        QN_TEST_OK(qn_stream_rewind(stream));
        QN_TEST_OK(qn_gather_table(&all, stream, qn_test_comm(), 0));
        int64_t at = 0, wrong = 0, torn = 0;
        for (int64_t b = 0; b < all.batch_count; b++) {
            const qn_batch *batch = &all.batches[b];
            CU_ASSERT_EQUAL(batch->first_row, at);
            CU_ASSERT(batch->length == QN_BATCH_ROWS || b == all.batch_count - 1);
            for (int64_t i = 0; i < batch->length; i++, at++) {
                wrong += at >= count || batch->columns[COLUMN_ID]->i64[i] != ids[at];
                torn += !is_whole(kind, batch, i);
            }
        }
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT_EQUAL(torn, 0);
        CU_ASSERT_EQUAL(at, qn_comm_rank(qn_test_comm()) == 0 ? count : 0);
        qn_table_clear(&all);
    }
}

#endif
