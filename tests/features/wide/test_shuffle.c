/* Rows to the ranks where they are wanted.
 * Ranks: 1 2 3 7 */
#include "features/wide/shuffle.h"

#include "core/memory.h"
#include "tests/harness/harness.h"
#include "tests/harness/waiting_stream.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 100000, CUT = 4096 };

/* Columns: id, a text without dictionary, one with, a number with nulls. */
static qn_status fill_batch(qn_batch *batch, const qn_column *dictionary) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    char text[32];
    for (int64_t i = 0; i < batch->length && status == QN_OK; i++) {
        int64_t row = batch->first_row + i;
        batch->columns[0]->i64[i] = row;
        snprintf(text, sizeof text, "t%lld", (long long)row);
        status = qn_string_builder_add(&builder, qn_view_of(text));
        batch->columns[2]->codes[i] = (int32_t)(row % dictionary->length);
        batch->columns[3]->f64[i] = row % 7 == 0 ? 0 : (double)row / 2;
        if (row % 7 == 0 && status == QN_OK)
            status = qn_column_set_null(batch->columns[3], i);
    }
    if (status == QN_OK)
        status = qn_string_builder_finish(&builder, &batch->columns[1]);
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status make_batch(qn_batch *out, int64_t first, int64_t rows,
                            const qn_column *dictionary) {
    qn_batch_init(out);
    QN_TRY(qn_batch_reserve(out, 4));
    out->length = rows;
    out->first_row = first;
    qn_status status = qn_column_new(&out->columns[0], QN_INT64, rows, 0);
    if (status == QN_OK)
        status = qn_column_new(&out->columns[2], QN_INT32, rows, 0);
    if (status == QN_OK) {
        out->columns[2]->type = QN_STRING;
        out->columns[2]->dictionary = qn_column_retain(dictionary);
        status = qn_column_new(&out->columns[3], QN_FLOAT64, rows, 0);
    }
    if (status == QN_OK)
        status = fill_batch(out, dictionary);
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}

static qn_status make_dictionary(qn_column **out) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = qn_string_builder_add(&builder, qn_view_of("red"));
    if (status == QN_OK)
        status = qn_string_builder_add(&builder, qn_view_of("green"));
    if (status == QN_OK)
        status = qn_string_builder_add(&builder, qn_view_of("blue"));
    if (status == QN_OK)
        status = qn_string_builder_finish(&builder, out);
    qn_string_builder_clear(&builder);
    return status;
}

/* This rank's range of `rows` rows. */
static void make_table(qn_table *out, int64_t rows) {
    qn_comm *comm = qn_test_comm();
    int64_t rank = qn_comm_rank(comm), size = qn_comm_size(comm), batches = (rows + CUT - 1) / CUT;
    qn_column *dictionary = NULL;
    qn_table_init(out);
    QN_TEST_OK(make_dictionary(&dictionary));
    QN_TEST_OK(qn_schema_add(&out->schema, "id", QN_INT64));
    QN_TEST_OK(qn_schema_add(&out->schema, "text", QN_STRING));
    QN_TEST_OK(qn_schema_add(&out->schema, "color", QN_STRING));
    QN_TEST_OK(qn_schema_add(&out->schema, "x", QN_FLOAT64));
    for (int64_t b = batches * rank / size; b < batches * (rank + 1) / size; b++) {
        qn_batch batch;
        int64_t left = rows - b * CUT;
        QN_TEST_OK(make_batch(&batch, b * CUT, left < CUT ? left : CUT, dictionary));
        QN_TEST_OK(qn_table_add(out, &batch));
    }
    qn_column_release(dictionary);
}

static qn_status route_by_id(void *context, const qn_batch *batch, int32_t *ranks) {
    int size = *(int *)context;
    for (int64_t i = 0; i < batch->length; i++)
        ranks[i] = (int32_t)(batch->columns[0]->i64[i] % size);
    return QN_OK;
}

static bool same_row(const qn_batch *batch, int64_t i, bool keep_rows) {
    static const char *const colors[] = {"red", "green", "blue"};
    int64_t id = batch->columns[0]->i64[i];
    char text[32];
    snprintf(text, sizeof text, "t%lld", (long long)id);
    bool null = qn_column_is_null(batch->columns[3], i);
    return qn_view_equal(qn_column_string(batch->columns[1], i), qn_view_of(text)) &&
           qn_view_equal(qn_column_string(batch->columns[2], i), qn_view_of(colors[id % 3])) &&
           null == (id % 7 == 0) && (null || batch->columns[3]->f64[i] == (double)id / 2) &&
           (!keep_rows || (batch->row_ids != NULL && batch->row_ids->i64[i] == id));
}

/* All rows of this rank came, in order and unharmed. */
static void check_arrived(const qn_table *table, int64_t rows, bool keep_rows) {
    int rank = qn_comm_rank(qn_test_comm()), size = qn_comm_size(qn_test_comm());
    int64_t next = rank, wrong = 0;
    for (int64_t b = 0; b < table->batch_count; b++)
        for (int64_t i = 0; i < table->batches[b].length; i++, next += size) {
            wrong += table->batches[b].columns[0]->i64[i] != next;
            wrong += !same_row(&table->batches[b], i, keep_rows);
        }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(table->row_count, (rows - rank + size - 1) / size);
}

static void shuffle_rows(int64_t rows, bool keep_rows) {
    qn_comm *comm = qn_test_comm();
    int size = qn_comm_size(comm);
    qn_table table, out;
    qn_stream *in = NULL;
    make_table(&table, rows);
    qn_table_init(&out);
    QN_TEST_OK(qn_table_stream(&in, &table));
    QN_TEST_OK(qn_shuffle_table(&out, in, comm, route_by_id, &size, keep_rows));
    check_arrived(&out, rows, keep_rows);
    CU_ASSERT(qn_schema_equal(&out.schema, &table.schema));
    qn_table_clear(&out);
    qn_stream_free(in);
    qn_table_clear(&table);
}

static void test_rows_arrive_in_order(void) {
    shuffle_rows(ROWS, false);
    shuffle_rows(ROWS, true);
}

static void test_few_rows(void) {
    shuffle_rows(5, true);
    shuffle_rows(0, false);
}

/* ---- What is sent --------------------------------------------------------------------------- */

static void test_each_row_is_sent_once(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_table table, out;
    qn_stream *in = NULL;
    int64_t payload = 0, before = qn_comm_sent(comm);
    make_table(&table, ROWS);
    qn_table_init(&out);
    QN_TEST_OK(qn_table_stream(&in, &table));
    QN_TEST_OK(qn_shuffle_table(&out, in, comm, route_by_id, &size, false));
    int64_t sent = qn_comm_sent(comm) - before;
    for (int64_t b = 0; b < table.batch_count; b++)
        for (int64_t i = 0; i < table.batches[b].length; i++)
            if (table.batches[b].columns[0]->i64[i] % size != rank)
                payload += 8 + 8 + 4 + 4 + qn_column_string(table.batches[b].columns[1], i).length;
    CU_ASSERT(sent >= payload);
    CU_ASSERT(sent <= payload * 11 / 10 + 4096 * size); /* bitmaps, heads, dictionaries */
    qn_table_clear(&out);
    qn_stream_free(in);
    qn_table_clear(&table);
}

static void test_rows_that_stay_are_not_sent(void) {
    qn_comm *comm = qn_test_comm();
    int one = 1;
    qn_table table, out;
    qn_stream *in = NULL;
    make_table(&table, qn_comm_rank(comm) == 0 ? ROWS : 0); /* all go to rank 0 */
    if (qn_comm_rank(comm) > 0)
        qn_table_clear(&table);
    int64_t before = qn_comm_sent(comm);
    qn_table_init(&out);
    QN_TEST_OK(qn_table_stream(&in, &table));
    QN_TEST_OK(qn_shuffle_table(&out, in, comm, route_by_id, &one, false));
    CU_ASSERT(qn_comm_sent(comm) - before < 1024 * qn_comm_size(comm));
    CU_ASSERT_EQUAL(out.row_count, table.row_count);
    qn_table_clear(&out);
    qn_stream_free(in);
    qn_table_clear(&table);
}

/* ---- Several rounds ------------------------------------------------------------------------- */

/* Gives one shared batch again and again. */
typedef struct repeating {
    qn_stream base;
    const qn_batch *batch;
    int64_t left;
    int64_t fail_at; /* with so many left; -1: never */
} repeating;

static qn_status repeating_next(qn_stream *stream, qn_batch *out) {
    repeating *self = (repeating *)stream;
    if (self->left == self->fail_at)
        return qn_fail(QN_DATA, "the input is broken");
    if (self->left == 0)
        return QN_OK;
    self->left--;
    return qn_batch_share(out, self->batch);
}

static const qn_stream_class repeating_class = {"repeating", repeating_next, NULL, NULL};

typedef struct tally {
    int64_t rows, sum;
    int64_t fail_after; /* rows; -1: never */
} tally;

static qn_status tally_sink(void *context, int source, qn_batch *batch) {
    tally *self = context;
    (void)source;
    for (int64_t i = 0; i < batch->length; i++)
        self->sum += batch->columns[0]->i64[i];
    self->rows += batch->length;
    qn_batch_clear(batch);
    return self->fail_after >= 0 && self->rows > self->fail_after
               ? qn_fail(QN_IO, "the sink is full")
               : QN_OK;
}

static qn_status run_repeating(int64_t times, int64_t fail_at, tally *out) {
    qn_comm *comm = qn_test_comm();
    int size = qn_comm_size(comm);
    qn_column *dictionary = NULL;
    qn_batch batch;
    repeating *in = NULL;
    QN_TEST_OK(make_dictionary(&dictionary));
    QN_TEST_OK(make_batch(&batch, 0, 16384, dictionary));
    QN_TEST_OK(qn_stream_new(&in, sizeof *in, &repeating_class, NULL));
    in->batch = &batch;
    in->left = times;
    in->fail_at = fail_at;
    qn_shuffle_plan plan = {route_by_id, &size, tally_sink, out, false};
    qn_status status = qn_shuffle(&in->base, comm, &plan);
    qn_stream_free(&in->base);
    qn_batch_clear(&batch);
    qn_column_release(dictionary);
    return status;
}

static void test_ranks_with_different_numbers_of_rounds(void) {
    qn_comm *comm = qn_test_comm();
    int64_t rank = qn_comm_rank(comm), expected = 0, total[2];
    int64_t times = rank % 2 == 0 ? 300 : 3; /* 170 MB and 2 MB */
    tally got = {0, 0, -1};
    QN_TEST_OK(run_repeating(times, -1, &got));
    expected = times * 16384;
    total[0] = expected;
    total[1] = got.rows;
    QN_TEST_OK(qn_comm_sum_i64(comm, total, 2));
    CU_ASSERT_EQUAL(total[0], total[1]);
}

/* ---- Failures ------------------------------------------------------------------------------- */

static void test_a_failing_input_fails_everywhere(void) {
    int rank = qn_comm_rank(qn_test_comm()), last = qn_comm_size(qn_test_comm()) - 1;
    tally got = {0, 0, -1};
    QN_TEST_FAILS(run_repeating(200, rank == last ? 20 : -1, &got), QN_DATA, "input is broken");
    QN_TEST_FAILS(run_repeating(3, rank == last ? 0 : -1, &got), QN_DATA, "input is broken");
}

static void test_a_failing_sink_fails_everywhere(void) {
    int rank = qn_comm_rank(qn_test_comm()), last = qn_comm_size(qn_test_comm()) - 1;
    tally got = {0, 0, rank == last ? 5 : -1};
    QN_TEST_FAILS(run_repeating(150, -1, &got), QN_IO, "sink is full");
}

static qn_status wrong_route(void *context, const qn_batch *batch, int32_t *ranks) {
    (void)context;
    for (int64_t i = 0; i < batch->length; i++)
        ranks[i] = 1000000;
    return QN_OK;
}

static void test_a_wrong_route_is_refused(void) {
    qn_comm *comm = qn_test_comm();
    qn_table table, out;
    qn_stream *in = NULL;
    if (qn_comm_size(comm) == 1)
        return;
    make_table(&table, ROWS);
    qn_table_init(&out);
    QN_TEST_OK(qn_table_stream(&in, &table));
    QN_TEST_FAILS(qn_shuffle_table(&out, in, comm, wrong_route, NULL, false), QN_INTERNAL,
                  "rank 1000000");
    qn_stream_free(in);
    qn_table_clear(&table);
}

static void test_every_allocation_may_fail(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_table table, out;
    make_table(&table, 3 * CUT);
    qn_status status = QN_MEMORY;
    for (int64_t n = 0; n < 5000 && status != QN_OK; n += n < 60 ? 1 : 7) {
        qn_stream *in = NULL;
        qn_table_init(&out);
        QN_TEST_OK(qn_table_stream(&in, &table));
        if (rank == size - 1)
            qn_mem_fail_after(n);
        status = qn_shuffle_table(&out, in, comm, route_by_id, &size, true);
        qn_mem_fail_after(-1);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
        qn_table_clear(&out);
        qn_stream_free(in);
    }
    CU_ASSERT_EQUAL(status, QN_OK);
    qn_table_clear(&table);
}

static qn_status route_to_first(void *context, const qn_batch *batch, int32_t *ranks) {
    (void)context;
    memset(ranks, 0, (size_t)batch->length * sizeof *ranks);
    return QN_OK;
}

static void test_an_input_that_ranks_pull_together(void) {
    qn_comm *comm = qn_test_comm();
    qn_stream *in = NULL;
    qn_table out;
    qn_table_init(&out);
    QN_TEST_OK(waiting_stream_new(&in, comm));
    QN_TEST_OK(qn_shuffle_table(&out, in, comm, route_to_first, NULL, false));
    CU_ASSERT_EQUAL(out.row_count,
                    qn_comm_rank(comm) == 0 ? qn_comm_size(comm) * WAITING_BATCHES : 0);
    qn_table_clear(&out);
    qn_stream_free(in);
}

static const qn_test_case cases[] = {
    {"rows arrive in order", test_rows_arrive_in_order},
    {"a few rows, and none", test_few_rows},
    {"each row is sent once", test_each_row_is_sent_once},
    {"rows that stay are not sent", test_rows_that_stay_are_not_sent},
    {"ranks with different numbers of rounds", test_ranks_with_different_numbers_of_rounds},
    {"a failing input fails everywhere", test_a_failing_input_fails_everywhere},
    {"a failing sink fails everywhere", test_a_failing_sink_fails_everywhere},
    {"a wrong route is refused", test_a_wrong_route_is_refused},
    {"every allocation may fail", test_every_allocation_may_fail},
    {"an input that ranks pull together", test_an_input_that_ranks_pull_together},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("shuffle", cases);
}
