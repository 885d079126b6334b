/* The first rows of each group; rows spread anew over ranks.
 * Ranks: 1 2 3 7 */
#include "core/key/key.h"
#include "features/sort/sort.h"

#include "tests/features/sort/sort_rows.h"
#include "tests/harness/waiting_stream.h"

static qn_execution execution_with(int64_t memory) {
    return (qn_execution){.comm = qn_test_comm(), .memory = memory, .scratch = qn_test_path("")};
}

enum { ROOM = 1 << 30, TIGHT = 300 << 10 };

/* ---- The first rows of each group ----------------------------------------------------------- */

/* A number for each group that a row's columns k and s (as asked for) make. */
static int64_t group_of(const rows_kind *kind, int64_t row, bool by_k, bool by_s) {
    char text[64];
    int64_t group = 0;
    if (by_k)
        group = k_is_null(row) ? 0 : k_of(kind, row) + kind->distinct;
    if (by_s) {
        s_of(row, text);
        group = group * 6000 + (text[0] == 'a' ? atoi(text + 16) * 2 + 1 : atoi(text) * 2);
    }
    return group;
}

/* Row numbers by definition: all rows in the keys' order, counted group by group. */
static int64_t *expected_numbers(const rows_kind *kind, bool by_k, bool by_s,
                                 const qn_sort_key *keys, int32_t count) {
    int64_t *order = expected_order(kind, keys, count);
    int64_t *numbers = malloc((size_t)(kind->rows + 1) * sizeof *numbers);
    int64_t groups = 2 * kind->distinct * (by_s ? 6000 : 1) + 6000;
    int64_t *counts = calloc((size_t)groups, sizeof *counts);
    for (int64_t i = 0; i < kind->rows; i++)
        numbers[order[i]] = ++counts[group_of(kind, order[i], by_k, by_s)];
    free(order);
    free(counts);
    return numbers;
}

static void check_numbers(qn_stream *stream, const int64_t *numbers) {
    qn_table table;
    qn_table_init(&table);
    int64_t wrong = 0;
    QN_TEST_OK(qn_stream_rewind(stream));
    QN_TEST_OK(qn_table_collect(&table, stream));
    for (int64_t b = 0; b < table.batch_count; b++)
        for (int64_t i = 0; i < table.batches[b].length; i++)
            wrong += table.batches[b].columns[COLUMNS]->i32[i] !=
                     numbers[table.batches[b].columns[COLUMN_ID]->i64[i]];
    CU_ASSERT_EQUAL(wrong, 0);
    qn_table_clear(&table);
}

static void check_top(const rows_kind *kind, bool by_k, bool by_s, const qn_sort_key *keys,
                      int32_t count, int64_t limit, int64_t memory) {
    qn_execution execution = execution_with(memory);
    qn_stream *in = NULL, *out = NULL;
    int32_t partition[2], partition_count = 0;
    int64_t *numbers = expected_numbers(kind, by_k, by_s, keys, count), expected = 0;
    int64_t *ids = malloc((size_t)(kind->rows + 1) * sizeof *ids);
    for (int64_t row = 0; row < kind->rows; row++)
        if (numbers[row] <= limit)
            ids[expected++] = row;
    if (by_k)
        partition[partition_count++] = COLUMN_K;
    if (by_s)
        partition[partition_count++] = COLUMN_S;
    for (int named = 0; named < 2; named++) {
        QN_TEST_OK(rows_stream(&in, kind));
        QN_TEST_OK(qn_group_top_open(&out, in, &execution, partition, partition_count, keys, count,
                                     limit, named ? "place" : NULL));
        CU_ASSERT_EQUAL(out->schema.count, COLUMNS + named);
        check_rows(out, kind, ids, expected);
        if (named)
            check_numbers(out, numbers);
        qn_stream_free(out);
    }
    free(numbers);
    free(ids);
}

static const qn_sort_key by_x[] = {{COLUMN_X, true, true}};
static const qn_sort_key by_id[] = {{COLUMN_ID, true, true}};
static const qn_sort_key by_s_x[] = {{COLUMN_S, true, false}, {COLUMN_X, false, false}};

static void test_first_of_groups(void) {
    rows_kind few = {60000, 100, 4000, -1}, many = {60000, 30000, QN_BATCH_ROWS, -1};
    rows_kind equal = {30000, 1, 5000, -1};
    check_top(&few, true, false, by_x, 1, 2, ROOM);
    check_top(&few, true, false, by_s_x, 2, 7, ROOM);
    check_top(&few, true, false, by_id, 1, 1, ROOM);
    check_top(&many, true, false, by_x, 1, 2, ROOM);
    check_top(&many, true, true, by_x, 1, 3, ROOM);
    check_top(&few, false, true, by_id, 1, 5, ROOM);
    check_top(&equal, true, false, by_s_x, 2, 1000, ROOM);
    check_top(&equal, false, false, by_x, 1, 100, ROOM);
    check_top(&few, true, false, by_x, 1, 0, ROOM);
    check_top(&few, true, false, by_x, 0, 3, ROOM);
    check_top(&equal, true, false, by_x, 1, INT64_MAX, ROOM);
}

static void test_uneven_inputs(void) {
    int last = qn_comm_size(qn_test_comm()) - 1;
    for (int64_t rows = 0; rows < 5; rows++) {
        rows_kind tiny = {rows, 3, 2, -1};
        check_top(&tiny, true, false, by_x, 1, 1, ROOM);
    }
    rows_kind one_rank = {20000, 50, 3000, last}, short_batches = {30000, 50, 13, -1};
    check_top(&one_rank, true, false, by_s_x, 2, 3, ROOM);
    check_top(&short_batches, true, false, by_id, 1, 2, ROOM);
}

/* The first rows of so many groups do not fit. */
static void test_without_room(void) {
    rows_kind many = {60000, 30000, 4000, -1}, few = {60000, 100, 4000, -1};
    check_top(&many, true, false, by_x, 1, 2, TIGHT);
    check_top(&many, true, true, by_s_x, 2, 3, TIGHT);
    check_top(&few, true, false, by_id, 1, 1, TIGHT);
}

static void test_no_order(void) {
    qn_execution execution = execution_with(ROOM);
    qn_schema schema;
    qn_stream *in = NULL, *out = NULL;
    int32_t partition[] = {1};
    qn_sort_key key = {0, false, false};
    qn_schema_init(&schema);
    QN_TEST_OK(qn_schema_add(&schema, "n", QN_INT64));
    QN_TEST_OK(qn_schema_add(&schema, "features", QN_VECTOR));
    QN_TEST_OK(qn_stream_of_batches(&in, &schema, NULL, 0));
    QN_TEST_FAILS(qn_group_top_open(&out, in, &execution, partition, 1, &key, 1, 2, NULL), QN_JOB,
                  "'features'");
    QN_TEST_OK(qn_stream_of_batches(&in, &schema, NULL, 0));
    QN_TEST_FAILS(qn_group_top_open(&out, in, &execution, partition, 0, &key, 1, 2, "n"), QN_DATA,
                  "n");
    qn_schema_clear(&schema);
}

/* ---- Repartitioning ------------------------------------------------------------------------- */

static int32_t partition_of_row(qn_key *key, const qn_batch *batch, int64_t row) {
    uint64_t hashes[QN_BATCH_ROWS];
    QN_TEST_OK(qn_key_hash(key, &batch->columns[COLUMN_D], batch->length, hashes));
    return qn_key_partition(hashes[row]);
}

/* Rows by partition, then by number; each rank has whole partitions, but for the cut of batches. */
static void check_by_hash(const rows_kind *kind, int64_t memory) {
    qn_execution execution = execution_with(memory);
    qn_stream *in = NULL, *out = NULL;
    qn_key *key = NULL;
    qn_type type = QN_DATE;
    int32_t column = COLUMN_D, partitions[9];
    int64_t *ids = malloc((size_t)(kind->rows + 1) * sizeof *ids), at = 0;
    qn_batch batch;
    QN_TEST_OK(qn_key_new(&key, &type, 1));
    for (int32_t d = 0, row = 0; d < 9; d++, row = 0) {
        while (d_of(row) != d)
            row++;
        QN_TEST_OK(rows_batch(&batch, kind, row, 1));
        partitions[d] = partition_of_row(key, &batch, 0);
        qn_batch_clear(&batch);
    }
    for (int32_t p = 0; p < QN_KEY_PARTITIONS; p++)
        for (int64_t row = 0; row < kind->rows; row++)
            if (partitions[d_of(row)] == p)
                ids[at++] = row;
    QN_TEST_OK(rows_stream(&in, kind));
    QN_TEST_OK(qn_repartition_open(&out, in, &execution, &column, 1));
    CU_ASSERT_EQUAL(out->schema.count, COLUMNS);
    check_rows(out, kind, ids, kind->rows);
    qn_stream_free(out);
    qn_key_free(key);
    free(ids);
}

static void test_by_hash(void) {
    int last = qn_comm_size(qn_test_comm()) - 1;
    rows_kind kind = {30000, 9, 4000, -1}, one_rank = {30000, 9, 4000, last}, none = {0, 9, 1, -1};
    check_by_hash(&kind, ROOM);
    check_by_hash(&kind, TIGHT);
    check_by_hash(&one_rank, ROOM);
    check_by_hash(&none, ROOM);
}

static void check_evenly(const rows_kind *kind, int64_t memory) {
    qn_execution execution = execution_with(memory);
    qn_stream *in = NULL, *out = NULL;
    int64_t *ids = expected_order(kind, by_id, 0);
    QN_TEST_OK(rows_stream(&in, kind));
    QN_TEST_OK(qn_repartition_open(&out, in, &execution, NULL, 0));
    check_rows(out, kind, ids, kind->rows);
    qn_table table;
    qn_table_init(&table);
    QN_TEST_OK(qn_stream_rewind(out));
    QN_TEST_OK(qn_table_collect(&table, out));
    CU_ASSERT(table.row_count <= kind->rows / qn_comm_size(qn_test_comm()) + QN_BATCH_ROWS);
    qn_table_clear(&table);
    qn_stream_free(out);
    free(ids);
}

static void test_evenly(void) {
    int last = qn_comm_size(qn_test_comm()) - 1;
    rows_kind kind = {100000, 9, 4000, -1}, one_rank = {100000, 9, 4000, last};
    check_evenly(&kind, ROOM);
    check_evenly(&one_rank, ROOM);
    check_evenly(&one_rank, TIGHT);
}

/* ---- Failures ------------------------------------------------------------------------------- */

static qn_status open_nth(int which, qn_stream *in, qn_stream **out, const qn_execution *execution,
                          int32_t column) {
    qn_sort_key key = {column, true, true};
    if (which == 0)
        return qn_group_top_open(out, in, execution, &column, 1, &key, 1, 2, "place");
    return qn_repartition_open(out, in, execution, &column, which == 1);
}

/* Allocations on the last rank fail, one a time, with inputs that ranks must read together. */
static void fail_everywhere(int which, bool waiting) {
    qn_comm *comm = qn_test_comm();
    bool last = qn_comm_rank(comm) == qn_comm_size(comm) - 1;
    qn_execution execution = execution_with(ROOM);
    rows_kind kind = {6000, 100, 1000, -1};
    qn_status status = QN_MEMORY;
    for (int64_t i = 0; status == QN_MEMORY && i < 3000; i++) {
        int64_t before = qn_mem_blocks();
        qn_stream *in = NULL, *out = NULL;
        qn_table table;
        qn_table_init(&table);
        if (waiting)
            QN_TEST_OK(waiting_stream_new(&in, comm));
        else
            QN_TEST_OK(rows_stream(&in, &kind));
        QN_TEST_OK(open_nth(which, in, &out, &execution, waiting ? 0 : COLUMN_S));
        qn_mem_fail_after(last ? i : -1);
        status = qn_comm_agree(comm, qn_table_collect(&table, out));
        qn_mem_fail_after(-1);
        qn_stream_free(out);
        qn_table_clear(&table);
        CU_ASSERT_EQUAL(qn_mem_blocks(), before);
    }
    QN_TEST_OK(status);
}

static void test_memory_failures(void) {
    for (int which = 0; which < 3; which++) {
        fail_everywhere(which, false);
        fail_everywhere(which, true);
    }
}

static const qn_test_case cases[] = {
    {"the first rows of each group, in the input's order", test_first_of_groups},
    {"uneven and tiny inputs have first rows, too", test_uneven_inputs},
    {"what does not fit is numbered in scratch space, to the same rows", test_without_room},
    {"what cannot be grouped or named is refused", test_no_order},
    {"rows go to the rank of their hash", test_by_hash},
    {"rows are spread evenly", test_evenly},
    {"memory failures are agreed", test_memory_failures},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("group_top", cases);
}
