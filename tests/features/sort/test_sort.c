/* Sorting over ranks, with and without room, and the first rows of an order.
 * Ranks: 1 2 3 7 */
#include "features/sort/sort.h"

#include "tests/features/sort/sort_rows.h"
#include "tests/harness/waiting_stream.h"

#include <sys/mount.h>
#include <sys/stat.h>

static qn_execution execution_with(int64_t memory) {
    return (qn_execution){.comm = qn_test_comm(), .memory = memory, .scratch = qn_test_path("")};
}

static void check_sort(const rows_kind *kind, const qn_sort_key *keys, int32_t count,
                       int64_t memory) {
    qn_execution execution = execution_with(memory);
    qn_stream *in = NULL, *out = NULL;
    int64_t *order = expected_order(kind, keys, count);
    QN_TEST_OK(rows_stream(&in, kind));
    QN_TEST_OK(qn_sort_open(&out, in, &execution, keys, count, -1, 0));
    check_rows(out, kind, order, kind->rows);
    qn_stream_free(out);
    free(order);
}

static void check_cut(const rows_kind *kind, const qn_sort_key *keys, int32_t count, int64_t limit,
                      int64_t offset, int64_t memory) {
    qn_execution execution = execution_with(memory);
    qn_stream *in = NULL, *out = NULL;
    int64_t *order = expected_order(kind, keys, count);
    int64_t from = offset < kind->rows ? offset : kind->rows;
    int64_t rows = limit < kind->rows - from ? limit : kind->rows - from;
    QN_TEST_OK(rows_stream(&in, kind));
    QN_TEST_OK(qn_sort_open(&out, in, &execution, keys, count, limit, offset));
    check_rows(out, kind, order + from, rows);
    qn_stream_free(out);
    free(order);
}

static const qn_sort_key by_k[] = {{COLUMN_K, false, false}};
static const qn_sort_key by_k_down[] = {{COLUMN_K, true, true}};
static const qn_sort_key by_s[] = {{COLUMN_S, false, false}};
static const qn_sort_key by_x_s[] = {{COLUMN_X, true, false}, {COLUMN_S, false, true}};
static const qn_sort_key by_many[] = {
    {COLUMN_D, false, true}, {COLUMN_K, true, false}, {COLUMN_X, false, false}};

enum { ROOM = 1 << 30, TIGHT = 600 << 10 };

static void test_orders(void) {
    rows_kind kind = {50000, 1000000, 4000, -1};
    check_sort(&kind, by_k, 1, ROOM);
    check_sort(&kind, by_k_down, 1, ROOM);
    check_sort(&kind, by_s, 1, ROOM);
    check_sort(&kind, by_x_s, 2, ROOM);
    check_sort(&kind, by_many, 3, ROOM);
}

static void test_ties(void) {
    rows_kind equal = {40000, 1, 5000, -1}, few = {60000, 7, QN_BATCH_ROWS, -1};
    check_sort(&equal, by_k, 1, ROOM);
    check_sort(&few, by_k, 1, ROOM);
    check_sort(&few, by_k_down, 1, ROOM);
}

/* Equal keys do not end up on one rank. */
static void test_ties_spread(void) {
    rows_kind equal = {40000, 1, 5000, 0};
    qn_execution execution = execution_with(ROOM);
    qn_stream *in = NULL, *out = NULL;
    qn_table table;
    qn_table_init(&table);
    QN_TEST_OK(rows_stream(&in, &equal));
    QN_TEST_OK(qn_sort_open(&out, in, &execution, by_k, 1, -1, 0));
    QN_TEST_OK(qn_table_collect(&table, out));
    int64_t most = table.row_count;
    QN_TEST_OK(qn_comm_max_i64(qn_test_comm(), &most, 1));
    CU_ASSERT(most <= 40000 / qn_comm_size(qn_test_comm()) + 2 * QN_BATCH_ROWS);
    qn_table_clear(&table);
    qn_stream_free(out);
}

static void test_uneven_inputs(void) {
    for (int64_t rows = 0; rows < 5; rows++) {
        rows_kind kind = {rows, 100, 2, -1};
        check_sort(&kind, by_many, 3, ROOM);
        check_sort(&kind, by_s, 1, 1);
    }
    rows_kind first = {20000, 500, 3000, 0};
    rows_kind last = {20000, 500, 3000, qn_comm_size(qn_test_comm()) - 1};
    check_sort(&first, by_k, 1, ROOM);
    check_sort(&last, by_k_down, 1, ROOM);
    rows_kind short_batches = {20000, 500, 13, -1};
    check_sort(&short_batches, by_x_s, 2, ROOM);
}

static void test_spilling(void) {
    rows_kind kind = {150000, 1000000, 4000, -1}, equal = {60000, 1, 5000, -1};
    rows_kind last = {60000, 500, 3000, qn_comm_size(qn_test_comm()) - 1};
    check_sort(&kind, by_k, 1, TIGHT);
    check_sort(&kind, by_x_s, 2, TIGHT);
    check_sort(&kind, by_many, 3, TIGHT);
    check_sort(&equal, by_k, 1, TIGHT);
    check_sort(&last, by_s, 1, TIGHT);
    check_sort(&last, by_k_down, 1, 1);
}

static void test_first_rows(void) {
    rows_kind kind = {70000, 30000, 4000, -1}, equal = {30000, 1, 5000, -1};
    check_cut(&kind, by_k, 1, 10, 0, ROOM);
    check_cut(&kind, by_k_down, 1, 100, 17, ROOM);
    check_cut(&kind, by_many, 3, 20000, 100, ROOM);
    check_cut(&kind, by_x_s, 2, 1, 69999, ROOM);
    check_cut(&kind, by_s, 1, 100000, 0, ROOM);
    check_cut(&kind, by_s, 1, 0, 0, ROOM);
    check_cut(&kind, by_s, 1, 5, 80000, ROOM);
    check_cut(&equal, by_k, 1, 1000, 500, ROOM);
    rows_kind last = {30000, 50, 3000, qn_comm_size(qn_test_comm()) - 1};
    check_cut(&last, by_k, 1, 77, 3, ROOM);
}

/* More rows than are gathered on one rank. */
static void test_a_long_cut(void) {
    rows_kind kind = {200000, 30000, QN_BATCH_ROWS, -1};
    check_cut(&kind, by_k, 1, 150000, 1000, ROOM);
    check_cut(&kind, by_k, 1, 20, 140000, ROOM);
    check_cut(&kind, by_k, 1, 150000, 30000, 4 << 20);
}

/* Strings with a dictionary, shared by batches or their own. */
static qn_status coded_stream(qn_stream **out, const rows_kind *kind, bool shared) {
    qn_stream *plain = NULL;
    qn_table table;
    qn_column *dictionary = NULL;
    qn_table_init(&table);
    QN_TRY(rows_stream(&plain, kind));
    QN_TRY(qn_table_collect(&table, plain));
    qn_stream_free(plain);
    for (int64_t b = 0; b < table.batch_count; b++) {
        qn_string_builder builder;
        qn_column *codes = NULL, **column = &table.batches[b].columns[COLUMN_S];
        if (dictionary == NULL || !shared) {
            qn_string_builder_init(&builder);
            qn_column_release(dictionary);
            for (int i = 0; i < 6000; i++) {
                char text[64];
                int n = sprintf(text, "%s%d", i % 2 ? "a common prefix " : "", i / 2);
                QN_TRY(qn_string_builder_add(&builder, (qn_view){text, n}));
            }
            QN_TRY(qn_string_builder_finish(&builder, &dictionary));
        }
        QN_TRY(qn_column_new(&codes, QN_INT32, (*column)->length, 0));
        codes->type = QN_STRING;
        codes->dictionary = qn_column_retain(dictionary);
        for (int64_t i = 0; i < codes->length; i++) {
            uint64_t h = row_hash(table.batches[b].columns[COLUMN_ID]->i64[i], COLUMN_S);
            codes->codes[i] = (int32_t)(h / 2 % 3000 * 2 + h % 2);
        }
        qn_column_release(*column);
        *column = codes;
    }
    qn_status status = qn_table_stream(out, &table);
    qn_column_release(dictionary);
    qn_table_clear(&table);
    return status;
}

static void test_dictionaries(void) {
    rows_kind kind = {40000, 1000, 4000, -1};
    for (int shared = 0; shared < 2; shared++)
        for (int tight = 0; tight < 2; tight++) {
            qn_execution execution = execution_with(tight ? TIGHT : ROOM);
            qn_stream *in = NULL, *out = NULL;
            int64_t *order = expected_order(&kind, by_s, 1);
            QN_TEST_OK(coded_stream(&in, &kind, shared == 1));
            QN_TEST_OK(qn_sort_open(&out, in, &execution, by_s, 1, -1, 0));
            check_rows(out, &kind, order, kind.rows);
            qn_stream_free(out);
            QN_TEST_OK(coded_stream(&in, &kind, shared == 1));
            QN_TEST_OK(qn_sort_open(&out, in, &execution, by_s, 1, 50, 3));
            check_rows(out, &kind, order + 3, 50);
            qn_stream_free(out);
            free(order);
        }
}

static void test_no_order(void) {
    qn_execution execution = execution_with(ROOM);
    qn_schema schema;
    qn_stream *in = NULL, *out = NULL;
    qn_schema_init(&schema);
    QN_TEST_OK(qn_schema_add(&schema, "tags", QN_STRING_LIST));
    QN_TEST_OK(qn_stream_of_batches(&in, &schema, NULL, 0));
    QN_TEST_FAILS(qn_sort_open(&out, in, &execution, by_k, 1, -1, 0), QN_JOB, "'tags'");
    qn_schema_clear(&schema);
}

/* Allocations on the last rank fail, one a time: all ranks say so and nothing leaks. */
static void fail_everywhere(int64_t memory, int64_t limit, int64_t stride) {
    rows_kind kind = {9000, 100, 2000, -1};
    qn_comm *comm = qn_test_comm();
    bool last = qn_comm_rank(comm) == qn_comm_size(comm) - 1;
    qn_execution execution = execution_with(memory);
    qn_status status = QN_MEMORY;
    for (int64_t i = 0; status == QN_MEMORY && i < 20000; i += stride) {
        int64_t before = qn_mem_blocks();
        qn_stream *in = NULL, *out = NULL;
        qn_table table;
        qn_table_init(&table);
        QN_TEST_OK(rows_stream(&in, &kind));
        qn_mem_fail_after(last ? i : -1);
        status = qn_sort_open(&out, in, &execution, by_x_s, 2, limit, 0);
        status = qn_comm_agree(comm, status);
        if (status == QN_OK)
            status = qn_comm_agree(comm, qn_table_collect(&table, out));
        qn_mem_fail_after(-1);
        if (out != NULL)
            qn_stream_free(out);
        qn_table_clear(&table);
        CU_ASSERT_EQUAL(qn_mem_blocks(), before);
    }
    QN_TEST_OK(status);
}

static void test_memory_failures(void) {
    fail_everywhere(ROOM, -1, 1);
    fail_everywhere(ROOM, 10, 1);
    fail_everywhere(200 << 10, -1, 7);
}

/* Scratch space ends on one rank: all say so, and how to go on. */
static void test_a_full_disk(void) {
    qn_comm *comm = qn_test_comm();
    bool last = qn_comm_rank(comm) == qn_comm_size(comm) - 1;
    const char *small = qn_test_path("small");
    rows_kind kind = {200000, 1000, 4000, -1};
    int64_t mounted = 0;
    if (last)
        mounted = mkdir(small, 0700) == 0 && mount("tmpfs", small, "tmpfs", 0, "size=1m") == 0;
    QN_TEST_OK(qn_comm_max_i64(comm, &mounted, 1));
    if (!mounted)
        return; /* only root may mount */
    qn_execution execution = execution_with(TIGHT);
    if (last)
        execution.scratch = small;
    for (int pass = 0; pass < 2; pass++) {
        qn_stream *in = NULL, *out = NULL;
        qn_table table;
        qn_table_init(&table);
        QN_TEST_OK(rows_stream(&in, &kind));
        QN_TEST_OK(qn_sort_open(&out, in, &execution, by_x_s, 2, -1, 0));
        QN_TEST_FAILS(qn_table_collect(&table, out), QN_IO, "No space left");
        CU_ASSERT(strstr(qn_last_error().help, "--scratch") != NULL);
        qn_stream_free(out);
        qn_table_clear(&table);
    }
    if (last)
        CU_ASSERT_EQUAL(umount(small), 0);
}

/* An input that all ranks must pull together to its end, whatever happens to one. */
static void test_waiting_inputs(void) {
    qn_comm *comm = qn_test_comm();
    bool last = qn_comm_rank(comm) == qn_comm_size(comm) - 1;
    qn_execution execution = execution_with(ROOM);
    qn_status status = QN_MEMORY;
    for (int64_t i = 0; status == QN_MEMORY && i < 2000; i++) {
        qn_stream *in = NULL, *out = NULL;
        qn_table table;
        qn_table_init(&table);
        QN_TEST_OK(waiting_stream_new(&in, comm));
        QN_TEST_OK(qn_sort_open(&out, in, &execution, by_k_down, 1, i % 2 ? 3 : -1, 0));
        qn_mem_fail_after(last ? i / 2 : -1);
        status = qn_comm_agree(comm, qn_table_collect(&table, out));
        qn_mem_fail_after(-1);
        qn_stream_free(out);
        qn_table_clear(&table);
    }
    QN_TEST_OK(status);
}

static const qn_test_case cases[] = {
    {"all keys give their order", test_orders},
    {"equal keys keep the input's order", test_ties},
    {"equal keys spread over ranks", test_ties_spread},
    {"uneven and tiny inputs are sorted", test_uneven_inputs},
    {"what does not fit is sorted in runs, to the same rows", test_spilling},
    {"the first rows come without the others", test_first_rows},
    {"a long cut is a part of the order", test_a_long_cut},
    {"strings with dictionaries are sorted", test_dictionaries},
    {"columns without an order are refused", test_no_order},
    {"memory failures are agreed", test_memory_failures},
    {"a full disk on one rank is said by all", test_a_full_disk},
    {"inputs are read to their end together", test_waiting_inputs},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("sort", cases);
}
