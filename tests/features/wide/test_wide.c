/* Ranks: 1 2 3 7 */
#include "features/wide/wide.h"

#include "core/column/take.h"
#include "core/memory.h"
#include "tests/harness/harness.h"

/* A result whose rows are their own numbers, spread over ranks as the test likes. */
typedef struct counting {
    qn_result base;
    int64_t wanted; /* rows of this rank */
    int64_t first;
    bool fails;
} counting;

static qn_status counting_build(qn_result *result, const qn_execution *execution) {
    counting *self = (counting *)result;
    result->rows = self->wanted;
    return qn_comm_exscan_i64(execution->comm, &self->wanted, &self->first, 1);
}

static qn_status counting_produce(qn_result *result, int64_t first, int64_t count, qn_batch *out) {
    counting *self = (counting *)result;
    qn_column *column = NULL;
    if (self->fails)
        return qn_fail(QN_DATA, "rows are gone");
    QN_TRY(qn_column_new(&column, QN_INT64, count, 0));
    for (int64_t i = 0; i < count; i++)
        column->i64[i] = self->first + first + i;
    out->length = count;
    return qn_batch_append(out, column);
}

static const qn_result_class counting_class = {"counting", counting_build, counting_produce, NULL};

static qn_stream *open_counting(int64_t rows, bool fails) {
    qn_schema schema;
    counting *result = NULL;
    qn_stream *stream = NULL;
    qn_execution execution = qn_execution_of(qn_test_comm());
    qn_schema_init(&schema);
    QN_TEST_OK(qn_schema_add(&schema, "n", QN_INT64));
    QN_TEST_OK(qn_result_new(&result, sizeof *result, &counting_class, &schema));
    result->wanted = rows;
    result->fails = fails;
    QN_TEST_OK(qn_wide_open(&stream, &result->base, &execution));
    qn_schema_clear(&schema);
    return stream;
}

/* Every batch is cut at a multiple of QN_BATCH_ROWS, full but for the last one of all, and its rows
 * carry their numbers; together there are `total` of them. */
static void check_pass(qn_stream *stream, int64_t total) {
    int64_t rows = 0, before = -1;
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TEST_OK(qn_stream_next(stream, &batch));
        if (batch.count == 0)
            break;
        int64_t left = total - batch.first_row;
        CU_ASSERT(batch.first_row % QN_BATCH_ROWS == 0 && batch.first_row > before);
        CU_ASSERT_EQUAL(batch.length, left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS);
        CU_ASSERT_EQUAL(batch.columns[0]->length, batch.length);
        bool same = true;
        for (int64_t i = 0; i < batch.length; i++)
            same = same && batch.columns[0]->i64[i] == batch.first_row + i;
        CU_ASSERT(same);
        rows += batch.length;
        before = batch.first_row;
        qn_batch_clear(&batch);
    }
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), &rows, 1));
    CU_ASSERT_EQUAL(rows, total);
}

static void check_spread(int64_t rows) {
    int64_t total = rows;
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), &total, 1));
    qn_stream *stream = open_counting(rows, false);
    check_pass(stream, total);
    QN_TEST_OK(qn_stream_rewind(stream));
    check_pass(stream, total);
    qn_stream_free(stream);
}

static void test_cuts(void) {
    int rank = qn_comm_rank(qn_test_comm()), size = qn_comm_size(qn_test_comm());
    check_spread(0);
    check_spread(1);                            /* all rows end up on rank 0 */
    check_spread(rank == size - 1 ? 40000 : 0); /* they lie on the last rank */
    check_spread(rank % 2 == 0 ? 16384 : 3);    /* borders near cuts */
    check_spread(rank == 1 ? 50 : 100000);      /* a rank within one batch of another */
    check_spread((int64_t)(rank + 1) * 7001 % 30000);
}

static void test_failure(void) {
    int rank = qn_comm_rank(qn_test_comm()), size = qn_comm_size(qn_test_comm());
    qn_stream *stream = open_counting(100, rank == size - 1);
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TEST_FAILS(qn_stream_next(stream, &batch), QN_DATA, "rows are gone");
    qn_batch_clear(&batch);
    qn_stream_free(stream);
}

/* Batches of one row up to `longest`, with row numbers. */
static void fill(qn_table *table, int64_t rows, int64_t longest) {
    QN_TEST_OK(qn_schema_add(&table->schema, "n", QN_INT64));
    for (int64_t done = 0, length = 1; done < rows; done += length, length = length % longest + 1) {
        qn_batch batch;
        qn_column *column = NULL;
        qn_batch_init(&batch);
        QN_TEST_OK(qn_column_new(&column, QN_INT64, length, 0));
        for (int64_t i = 0; i < length; i++)
            column->i64[i] = done + i;
        QN_TEST_OK(qn_batch_append(&batch, column));
        batch.length = length;
        batch.first_row = done;
        QN_TEST_OK(qn_table_add(table, &batch));
    }
}

static void test_collect(void) {
    qn_table source, collected;
    qn_stream *stream = NULL;
    bool full = true, same = true;
    qn_table_init(&source);
    qn_table_init(&collected);
    fill(&source, 60000, 90);
    QN_TEST_OK(qn_table_stream(&stream, &source));
    QN_TEST_OK(qn_wide_collect(&collected, stream, INT64_MAX, &full));
    CU_ASSERT_FALSE(full);
    CU_ASSERT_EQUAL(collected.row_count, source.row_count);
    CU_ASSERT(collected.batch_count <= 5);
    int64_t n = 0;
    for (int64_t b = 0; b < collected.batch_count; b++)
        for (int64_t i = 0; i < collected.batches[b].length; i++, n++)
            same = same && collected.batches[b].columns[0]->i64[i] == n &&
                   qn_batch_row(&collected.batches[b], i) == n;
    CU_ASSERT(same);
    qn_table_clear(&collected);
    QN_TEST_OK(qn_stream_rewind(stream));
    QN_TEST_OK(qn_wide_collect(&collected, stream, 100000, &full));
    CU_ASSERT(full);
    CU_ASSERT(collected.row_count < 20000);
    qn_stream_free(stream);
    qn_table_clear(&collected);
    qn_table_clear(&source);
}

static const qn_test_case cases[] = {
    {"batches are cut at fixed rows wherever ranks end", test_cuts},
    {"a rank that cannot give its rows fails all", test_failure},
    {"short batches are merged, and a budget ends the reading", test_collect},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("wide", cases);
}
