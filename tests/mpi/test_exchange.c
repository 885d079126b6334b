/* Partitions, and batches that move between ranks.
 * Ranks: 1 2 3 7 */
#include "mpi/comm/exchange.h"
#include "mpi/comm/gather.h"
#include "mpi/comm/partition.h"

#include "core/memory.h"
#include "tests/harness/harness.h"
#include "tests/harness/waiting_stream.h"

#include <stdio.h>
#include <string.h>

enum { TYPES = 11 };

/* ---- Partitions ----------------------------------------------------------------------------- */

static void test_partition_of_counts(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_partition partition;
    QN_TEST_OK(qn_partition_of_counts(&partition, comm, rank % 2 == 0 ? rank * 10 + 5 : 0));
    int64_t rows = 0;
    for (int i = 0; i < size; i++) {
        CU_ASSERT_EQUAL(partition.first[i], rows);
        CU_ASSERT_EQUAL(qn_partition_count(&partition, i), i % 2 == 0 ? i * 10 + 5 : 0);
        rows += i % 2 == 0 ? i * 10 + 5 : 0;
    }
    CU_ASSERT_EQUAL(qn_partition_rows(&partition), rows);
    for (int64_t row = 0; row < rows; row++) {
        int found = qn_partition_find(&partition, row);
        CU_ASSERT(partition.first[found] <= row && row < partition.first[found + 1]);
    }
    CU_ASSERT_EQUAL(qn_partition_find(&partition, -1), -1);
    CU_ASSERT_EQUAL(qn_partition_find(&partition, rows), -1);
    qn_partition_clear(&partition);
}

static void test_even_partition(void) {
    qn_partition p;
    QN_TEST_OK(qn_partition_even(&p, 3, 10, 1));
    CU_ASSERT(p.first[0] == 0 && p.first[1] == 4 && p.first[2] == 7 && p.first[3] == 10);
    qn_partition_clear(&p);
    QN_TEST_OK(qn_partition_even(&p, 4, 35, 10)); /* blocks of 10, 10, 10, 5 */
    CU_ASSERT(p.first[1] == 10 && p.first[3] == 30 && p.first[4] == 35);
    qn_partition_clear(&p);
    QN_TEST_OK(qn_partition_even(&p, 4, 15, 10)); /* fewer blocks than ranks */
    CU_ASSERT(p.first[1] == 10 && p.first[2] == 15 && p.first[3] == 15 && p.first[4] == 15);
    qn_partition_clear(&p);
    QN_TEST_OK(qn_partition_even(&p, 2, 0, 10));
    CU_ASSERT(p.first[1] == 0 && p.first[2] == 0);
    qn_partition_clear(&p);
}

/* ---- Batches of all types ------------------------------------------------------------------- */

static bool is_null(int64_t row, int kind) {
    return (row + kind) % 5 == 0;
}

static qn_status text_column(qn_column **out, int64_t first, int64_t length, int kind) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    char text[64];
    for (int64_t i = 0; i < length; i++) {
        snprintf(text, sizeof text, "%.*s%lld", (int)((first + i) % 7), "abcdef",
                 (long long)(first + i));
        if (kind >= 0 && is_null(first + i, kind))
            QN_TRY(qn_string_builder_add_null(&builder));
        else
            QN_TRY(qn_string_builder_add(&builder, qn_view_of(text)));
    }
    return qn_string_builder_finish(&builder, out);
}

static qn_status coded_column(qn_column **out, int64_t first, int64_t length, int kind,
                              const qn_column *dictionary) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_INT32, length, 0));
    column->type = QN_STRING;
    column->dictionary = qn_column_retain(dictionary);
    for (int64_t i = 0; i < length; i++) {
        column->codes[i] = (int32_t)((first + i) % dictionary->length);
        if (is_null(first + i, kind)) {
            column->codes[i] = 0;
            QN_TRY(qn_column_set_null(column, i));
        }
    }
    *out = column;
    return QN_OK;
}

/* Row k holds k % 3 items. */
static qn_status list_column(qn_column **out, int64_t first, int64_t length) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_STRING_LIST, length, 0));
    for (int64_t i = 0; i < length; i++)
        column->offsets[i + 1] = column->offsets[i] + (int32_t)((first + i) % 3);
    QN_TRY(text_column(&column->items, first, column->offsets[length], -1));
    *out = column;
    return QN_OK;
}

static qn_status sparse_column(qn_column **out, int64_t first, int64_t length) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new_sparse(&column, length, 9, length));
    int32_t stored = 0;
    for (int64_t i = 0; i < length; i++) {
        if ((first + i) % 2 == 0) {
            column->indices[stored] = (int32_t)((first + i) % 9);
            column->f64[stored++] = (double)(first + i) / 8;
        }
        column->offsets[i + 1] = stored;
    }
    *out = column;
    return QN_OK;
}

static void set_value(qn_column *column, int64_t i, int64_t row) {
    switch (column->type) {
    case QN_BOOL:
        if (row % 3 == 0)
            qn_bit_set(column->bits, i);
        break;
    case QN_INT32:
    case QN_DATE:
        column->i32[i] = (int32_t)row * 3;
        break;
    case QN_FLOAT32:
        column->f32[i] = (float)row / 2;
        break;
    case QN_FLOAT64:
        column->f64[i] = (double)row / 3;
        break;
    case QN_VECTOR:
        column->f64[i * 2] = (double)row;
        column->f64[i * 2 + 1] = -(double)row;
        break;
    default:
        column->i64[i] = row * 1000000007;
    }
}

static qn_status fixed_column(qn_column **out, qn_type type, int64_t first, int64_t length,
                              int kind) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, type, length, type == QN_VECTOR ? 2 : 0));
    for (int64_t i = 0; i < length; i++) {
        if (is_null(first + i, kind))
            QN_TRY(qn_column_set_null(column, i));
        else
            set_value(column, i, first + i);
    }
    *out = column;
    return QN_OK;
}

/* Column `kind` of the rows from `first` on. */
static qn_status make_column(qn_column **out, int kind, int64_t first, int64_t length,
                             const qn_column *dictionary) {
    static const qn_type fixed[] = {QN_BOOL,    QN_INT32, QN_INT64,     QN_FLOAT32,
                                    QN_FLOAT64, QN_DATE,  QN_TIMESTAMP, QN_VECTOR};
    if (kind < 8)
        return fixed_column(out, fixed[kind], first, length, kind);
    if (kind == 8)
        return text_column(out, first, length, kind);
    if (kind == 9)
        return list_column(out, first, length);
    if (kind == 10)
        return sparse_column(out, first, length);
    return coded_column(out, first, length, kind, dictionary);
}

/* All kinds, and two columns that share a dictionary. */
static qn_status make_batch(qn_batch *out, int64_t first, int64_t length,
                            const qn_column *dictionary) {
    qn_batch_init(out);
    out->length = length;
    out->first_row = first;
    for (int kind = 0; kind < TYPES + 2; kind++) {
        qn_column *column = NULL;
        QN_TRY(make_column(&column, kind, first, length, dictionary));
        QN_TRY(qn_batch_append(out, column));
    }
    if (first % 2 == 0)
        return QN_OK;
    QN_TRY(qn_column_new(&out->row_ids, QN_INT64, length, 0));
    for (int64_t i = 0; i < length; i++)
        out->row_ids->i64[i] = first + 2 * i;
    return QN_OK;
}

static bool same_bytes(const void *a, const void *b, int64_t bytes) {
    return (a == NULL) == (b == NULL) && (a == NULL || memcmp(a, b, (size_t)bytes) == 0);
}

static bool same_column(const qn_column *a, const qn_column *b) {
    if (a == NULL || b == NULL)
        return a == b;
    if (a->type != b->type || a->width != b->width || a->length != b->length ||
        a->null_count != b->null_count)
        return false;
    bool ragged = a->offsets != NULL;
    int64_t last = ragged ? a->offsets[a->length] : 0, length = a->length;
    int64_t bytes = a->dictionary != NULL  ? length * 4
                    : a->indices != NULL   ? last * 8
                    : a->type == QN_BOOL   ? qn_bit_words(length) * 8
                    : a->type == QN_VECTOR ? length * a->width * 8
                                           : length * qn_type_size(a->type);
    return same_bytes(a->validity, b->validity, qn_bit_words(length) * 8) &&
           same_bytes(a->offsets, b->offsets, (length + 1) * 4) &&
           same_bytes(a->chars, b->chars, last) && same_bytes(a->indices, b->indices, last * 4) &&
           same_bytes(a->values, b->values, bytes) && same_column(a->dictionary, b->dictionary) &&
           same_column(a->items, b->items);
}

static bool same_batch(const qn_batch *a, const qn_batch *b) {
    bool same = a->length == b->length && a->first_row == b->first_row && a->count == b->count &&
                same_column(a->row_ids, b->row_ids);
    for (int32_t i = 0; same && i < a->count; i++)
        same = same_column(a->columns[i], b->columns[i]);
    return same;
}

/* ---- Packing -------------------------------------------------------------------------------- */

static void test_packing_keeps_all_types(void) {
    qn_column *dictionary = NULL;
    qn_batch batches[3];
    qn_text text;
    qn_table table;
    qn_text_init(&text);
    qn_table_init(&table);
    QN_TEST_OK(text_column(&dictionary, 100, 10, -1));
    QN_TEST_OK(make_batch(&batches[0], 0, 1000, dictionary));
    QN_TEST_OK(make_batch(&batches[1], 1001, 77, dictionary));
    QN_TEST_OK(make_batch(&batches[2], 2000, 0, dictionary));
    QN_TEST_OK(qn_exchange_pack(&text, batches, 3));
    QN_TEST_OK(qn_exchange_unpack(&table, text.data, text.length));
    CU_ASSERT_EQUAL(table.batch_count, 3);
    CU_ASSERT_EQUAL(table.row_count, 1077);
    for (int64_t i = 0; i < table.batch_count; i++)
        CU_ASSERT(same_batch(&table.batches[i], &batches[i]));
    /* one dictionary for the whole message */
    CU_ASSERT_PTR_EQUAL(table.batches[0].columns[TYPES]->dictionary,
                        table.batches[1].columns[TYPES + 1]->dictionary);
    qn_table_clear(&table);
    for (int64_t cut = 8; cut < text.length; cut += text.length / 50 / 8 * 8) {
        QN_TEST_FAILS(qn_exchange_unpack(&table, text.data, cut), QN_INTERNAL, "cut short");
        qn_table_clear(&table);
    }
    for (int i = 0; i < 3; i++)
        qn_batch_clear(&batches[i]);
    qn_text_clear(&text);
    qn_column_release(dictionary);
}

/* ---- Exchanging ----------------------------------------------------------------------------- */

/* Rank r sends to rank t (r + t) % 3 batches, of first row r * 1000 + t * 100 + i. */
static int64_t batches_between(int from, int to) {
    return (from + to) % 3;
}

static int64_t first_between(int from, int to, int64_t i) {
    return from * 1000 + to * 100 + i;
}

static qn_status fill_sends(qn_table *sends, const qn_column *dictionary) {
    int rank = qn_comm_rank(qn_test_comm());
    for (int to = 0; to < qn_comm_size(qn_test_comm()); to++) {
        qn_table_init(&sends[to]);
        for (int64_t i = 0; i < batches_between(rank, to); i++) {
            qn_batch batch;
            QN_TRY(make_batch(&batch, first_between(rank, to, i), 50 + rank, dictionary));
            QN_TRY(qn_table_add(&sends[to], &batch));
        }
    }
    return QN_OK;
}

static void check_received(const qn_table *table, const qn_column *dictionary) {
    int rank = qn_comm_rank(qn_test_comm());
    int64_t at = 0;
    for (int from = 0; from < qn_comm_size(qn_test_comm()); from++) {
        for (int64_t i = 0; i < batches_between(from, rank); i++, at++) {
            qn_batch expected;
            QN_TEST_OK(make_batch(&expected, first_between(from, rank, i), 50 + from, dictionary));
            CU_ASSERT(at < table->batch_count && same_batch(&table->batches[at], &expected));
            qn_batch_clear(&expected);
        }
    }
    CU_ASSERT_EQUAL(at, table->batch_count);
}

static void test_batches_reach_their_ranks(void) {
    qn_table sends[16], table;
    qn_column *dictionary = NULL;
    qn_table_init(&table);
    QN_TEST_OK(text_column(&dictionary, 100, 10, -1));
    QN_TEST_OK(fill_sends(sends, dictionary));
    QN_TEST_OK(qn_exchange_batches(qn_test_comm(), sends, &table));
    check_received(&table, dictionary);
    qn_table_clear(&table);
    qn_column_release(dictionary);
}

/* Large batches to the next rank: several rounds. */
static void test_many_rounds_keep_the_order(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_table sends[16], table;
    qn_table_init(&table);
    for (int i = 0; i < size; i++)
        qn_table_init(&sends[i]);
    int64_t count = 24, wide = (8 << 20) / size; /* 24 times 8 MB a rank, cut by ranks */
    for (int64_t i = 0; i < count; i++) {
        qn_batch batch;
        qn_column *column = NULL;
        qn_batch_init(&batch);
        QN_TEST_OK(qn_column_new(&column, QN_INT64, wide / 8, 0));
        column->i64[0] = rank * 100 + i;
        batch.length = wide / 8;
        QN_TEST_OK(qn_batch_append(&batch, column));
        QN_TEST_OK(qn_table_add(&sends[(rank + 1) % size], &batch));
    }
    QN_TEST_OK(qn_exchange_batches(comm, sends, &table));
    CU_ASSERT_EQUAL(table.batch_count, count);
    for (int64_t i = 0; i < table.batch_count; i++)
        CU_ASSERT_EQUAL(table.batches[i].columns[0]->i64[0], (rank + size - 1) % size * 100 + i);
    qn_table_clear(&table);
}

/* Allocations on the last rank fail, one a time: all ranks say so and nothing leaks. */
static void test_memory_failures_are_agreed(void) {
    qn_comm *comm = qn_test_comm();
    bool last = qn_comm_rank(comm) == qn_comm_size(comm) - 1;
    qn_column *dictionary = NULL;
    QN_TEST_OK(text_column(&dictionary, 100, 10, -1));
    qn_status status = QN_MEMORY;
    for (int64_t i = 0; status == QN_MEMORY && i < 5000; i += 7) {
        qn_table sends[16], table;
        qn_table_init(&table);
        QN_TEST_OK(fill_sends(sends, dictionary));
        qn_mem_fail_after(last ? i : -1);
        status = qn_exchange_batches(comm, sends, &table);
        qn_mem_fail_after(-1);
        qn_table_clear(&table);
    }
    QN_TEST_OK(status);
    qn_column_release(dictionary);
}

/* The same for a whole stream, which all ranks read to its end whatever happens to one. */
static void test_gathering_survives_memory_failures(void) {
    qn_comm *comm = qn_test_comm();
    int size = qn_comm_size(comm);
    bool last = qn_comm_rank(comm) == size - 1;
    qn_status status = QN_MEMORY;
    for (int64_t i = 0; status == QN_MEMORY && i < 1000; i++) {
        int64_t before = qn_mem_blocks();
        qn_table table;
        qn_table_init(&table);
        qn_stream *in = NULL;
        QN_TEST_OK(waiting_stream_new(&in, comm));
        qn_mem_fail_after(last ? i : -1);
        status = qn_gather_table(&table, in, comm, 0);
        qn_mem_fail_after(-1);
        if (status == QN_OK)
            CU_ASSERT_EQUAL(table.row_count, qn_comm_rank(comm) == 0 ? size * WAITING_BATCHES : 0);
        qn_table_clear(&table);
        qn_stream_free(in);
        CU_ASSERT_EQUAL(qn_mem_blocks(), before);
    }
    QN_TEST_OK(status);
}

static const qn_test_case cases[] = {
    {"a partition follows from counts", test_partition_of_counts},
    {"an even partition keeps blocks whole", test_even_partition},
    {"packing keeps all types", test_packing_keeps_all_types},
    {"batches reach their ranks", test_batches_reach_their_ranks},
    {"many rounds keep the order", test_many_rounds_keep_the_order},
    {"memory failures are agreed", test_memory_failures_are_agreed},
    {"gathering survives memory failures", test_gathering_survives_memory_failures},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("exchange", cases);
}
