/* Joins over ranks: the same rows as on one, balanced, sending what they must; failures.
 * Ranks: 1 2 3 */
#include "tests/features/join/join_data.h"

#include "core/column/content.h"

static join_case large_case(void) {
    return (join_case){
        .left = {.right = false, .rows = 90000, .cut = 5000, .classes = 40000, .nulls = true},
        .right = {.right = true, .rows = 60000, .cut = 7000, .classes = 40000, .nulls = true},
        .form = QN_JOIN_SHUFFLE,
        .key_count = 1};
}

/* One key holds nine tenths of the left rows. */
static qn_status skew_keys(qn_table *table) {
    for (int64_t b = 0; b < table->batch_count; b++) {
        qn_column *key = table->batches[b].columns[KEY];
        for (int64_t i = 0; i < key->length; i++)
            if (scramble((uint64_t)(table->batches[b].first_row + i)) % 10 != 0 &&
                !qn_column_is_null(key, i))
                key->i64[i] = 7 * 1000003 - 50;
    }
    return QN_OK;
}

/* ---- The same as on one rank -------------------------------------------------------------------
 */

static void hash_rows(qn_stream *stream, qn_comm *comm, qn_content *contents, int64_t *rows) {
    qn_table out;
    qn_table_init(&out);
    QN_TEST_OK(qn_gather_table(&out, stream, comm, 0));
    for (int32_t c = 0; c < 2 * COLUMNS; c++) {
        qn_content_init(&contents[c]);
        for (int64_t b = 0; b < out.batch_count; b++)
            if (c < out.batches[b].count)
                qn_content_add(&contents[c], out.batches[b].columns[c]);
    }
    *rows = out.row_count;
    qn_table_clear(&out);
}

static void join_over(qn_comm *comm, const join_case *join, bool skewed, qn_content *contents,
                      int64_t *rows) {
    qn_execution execution = qn_execution_of(comm);
    qn_table left, right;
    qn_stream *stream = NULL;
    make_side(&left, &join->left, qn_comm_rank(comm), qn_comm_size(comm));
    make_side(&right, &join->right, qn_comm_rank(comm), qn_comm_size(comm));
    if (skewed)
        QN_TEST_OK(skew_keys(&left));
    QN_TEST_OK(open_join(&stream, join, &left, &right, &execution));
    hash_rows(stream, comm, contents, rows);
    qn_stream_free(stream);
    qn_table_clear(&left);
    qn_table_clear(&right);
}

static void check_same(const join_case *join, bool skewed) {
    qn_comm *comm = qn_test_comm(), *self = NULL;
    qn_content one[2 * COLUMNS], many[2 * COLUMNS];
    int64_t one_rows = 0, many_rows = 0;
    join_over(comm, join, skewed, many, &many_rows);
    QN_TEST_OK(qn_comm_self(&self));
    if (qn_comm_rank(comm) == 0) {
        join_over(self, join, skewed, one, &one_rows);
        CU_ASSERT_EQUAL(one_rows, many_rows);
        CU_ASSERT(one_rows > 0);
        for (int32_t c = 0; c < 2 * COLUMNS; c++)
            CU_ASSERT(qn_content_equal(&one[c], &many[c]));
    }
    qn_comm_free(self);
}

static void test_the_same_rows_as_on_one_rank(void) {
    static const qn_join_kind kinds[] = {QN_JOIN_INNER, QN_JOIN_FULL, QN_JOIN_RIGHT, QN_JOIN_ANTI};
    for (int kind = 0; kind < 4; kind++)
        for (int i = 0; i < 4; i++) {
            join_case join = large_case();
            join.kind = kinds[kind];
            join.residual = i & 1;
            join.form = i & 2 ? QN_JOIN_SHUFFLE : QN_JOIN_BROADCAST;
            check_same(&join, false);
            check_same(&join, true);
        }
}

static void test_texts_and_dictionaries_travel(void) {
    for (int i = 0; i < 4; i++) {
        join_case join = large_case();
        join.left.variant = join.right.variant = KEY_TEXT;
        join.left.dictionary = i & 1;
        join.right.dictionary = i & 2;
        join.kind = QN_JOIN_LEFT;
        check_same(&join, false);
    }
}

/* ---- Past the budget ---------------------------------------------------------------------------
 */

static void join_within(qn_comm *comm, const join_case *join, int64_t memory, qn_content *contents,
                        int64_t *rows) {
    qn_execution execution = qn_execution_of(comm);
    execution.memory = memory;
    execution.scratch = qn_test_path(".");
    qn_table left, right;
    qn_stream *stream = NULL;
    qn_content again[2 * COLUMNS];
    int64_t rows_again = 0;
    make_side(&left, &join->left, qn_comm_rank(comm), qn_comm_size(comm));
    make_side(&right, &join->right, qn_comm_rank(comm), qn_comm_size(comm));
    QN_TEST_OK(open_join(&stream, join, &left, &right, &execution));
    hash_rows(stream, comm, contents, rows);
    QN_TEST_OK(qn_stream_rewind(stream));
    hash_rows(stream, comm, again, &rows_again);
    CU_ASSERT_EQUAL(rows_again, *rows);
    for (int32_t c = 0; c < 2 * COLUMNS; c++)
        CU_ASSERT(qn_content_equal(&contents[c], &again[c]));
    qn_stream_free(stream);
    qn_table_clear(&left);
    qn_table_clear(&right);
}

static void test_the_same_rows_past_the_budget(void) {
    qn_comm *comm = qn_test_comm();
    for (int kind = QN_JOIN_INNER; kind <= QN_JOIN_MARK; kind++)
        for (int i = 0; i < 8; i++) {
            qn_content ample[2 * COLUMNS], scarce[2 * COLUMNS];
            int64_t ample_rows = 0, scarce_rows = 0;
            join_case join = large_case();
            join.kind = (qn_join_kind)kind;
            join.left.rows = join.right.rows = 20000;
            join.left.classes = join.right.classes = 9000;
            join.residual = i & 1;
            join.form = i & 2 ? QN_JOIN_SHUFFLE : QN_JOIN_BROADCAST;
            join.left.variant = join.right.variant = i & 4 ? KEY_TEXT : KEY_INT64;
            join.left.dictionary = i & 4;
            join_within(comm, &join, INT64_C(1) << 30, ample, &ample_rows);
            join_within(comm, &join, 200000, scarce, &scarce_rows);
            CU_ASSERT_EQUAL(ample_rows, scarce_rows);
            for (int32_t c = 0; c < 2 * COLUMNS; c++)
                CU_ASSERT(qn_content_equal(&ample[c], &scarce[c]));
        }
}

/* ---- Balance and what is sent ------------------------------------------------------------------
 */

static void test_a_heavy_key_is_shared(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    join_case join = large_case();
    qn_execution execution = qn_execution_of(comm);
    qn_table left, right;
    qn_stream *stream = NULL;
    int64_t rows = 0, most, total;
    join.right.unique = true; /* few rows: work is balanced by left and right rows together */
    join.right.rows = 6000;
    join.right.nulls = false;
    make_side(&left, &join.left, rank, size);
    make_side(&right, &join.right, rank, size);
    QN_TEST_OK(skew_keys(&left));
    join.kind = QN_JOIN_LEFT;
    QN_TEST_OK(open_join(&stream, &join, &left, &right, &execution));
    for (bool more = true; more;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TEST_OK(qn_stream_next(stream, &batch));
        more = batch.count > 0;
        rows += batch.length;
        qn_batch_clear(&batch);
    }
    most = total = rows;
    QN_TEST_OK(qn_comm_max_i64(comm, &most, 1));
    QN_TEST_OK(qn_comm_sum_i64(comm, &total, 1));
    CU_ASSERT_EQUAL(total, join.left.rows);
    /* batches of 16,384 rows are not cut: one more at most */
    CU_ASSERT((double)(most - QN_BATCH_ROWS) <= 1.3 * (double)total / size);
    qn_stream_free(stream);
    qn_table_clear(&left);
    qn_table_clear(&right);
}

static int64_t table_bytes(const qn_table *table) {
    int64_t bytes = 0;
    for (int64_t b = 0; b < table->batch_count; b++)
        bytes += qn_batch_bytes(&table->batches[b]);
    return bytes;
}

static int64_t sent_by(const join_case *join, int64_t *bytes) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_execution execution = qn_execution_of(comm);
    qn_table left, right;
    qn_stream *stream = NULL;
    qn_batch batch;
    make_side(&left, &join->left, rank, size);
    make_side(&right, &join->right, rank, size);
    QN_TEST_OK(open_join(&stream, join, &left, &right, &execution));
    int64_t before = qn_comm_sent(comm);
    qn_batch_init(&batch);
    QN_TEST_OK(qn_stream_next(stream, &batch));
    qn_batch_clear(&batch);
    int64_t sent[2] = {qn_comm_sent(comm) - before,
                       table_bytes(&right) +
                           (join->form == QN_JOIN_SHUFFLE ? table_bytes(&left) : 0)};
    QN_TEST_OK(qn_comm_sum_i64(comm, sent, 2));
    *bytes = sent[1];
    qn_stream_free(stream);
    qn_table_clear(&left);
    qn_table_clear(&right);
    return sent[0];
}

static void test_rows_move_once(void) {
    int size = qn_comm_size(qn_test_comm());
    join_case join = large_case();
    int64_t bytes = 0;
    join.kind = QN_JOIN_SEMI; /* nothing is handed on to cut batches */
    int64_t sent = sent_by(&join, &bytes);
    /* all rows, but those that stay; the slot counts of each piece */
    CU_ASSERT((double)sent <= 1.15 * (double)bytes * (size - 1) / size + 600000);
    CU_ASSERT(size == 1 || (double)sent >= 0.8 * (double)bytes * (size - 1) / size);
    join.form = QN_JOIN_BROADCAST;
    sent = sent_by(&join, &bytes);
    CU_ASSERT((double)sent <= 1.05 * (double)bytes * (size - 1) + 4096);
    join.right.rows = 200; /* few rows: broadcast by itself, and the left side stays */
    join.form = QN_JOIN_AUTO;
    CU_ASSERT(sent_by(&join, &bytes) < 100000);
}

/* ---- Failures ----------------------------------------------------------------------------------
 */

typedef struct failing {
    qn_stream base;
    qn_stream *in;
    int64_t left;
} failing;

static qn_status failing_next(qn_stream *stream, qn_batch *out) {
    failing *self = (failing *)stream;
    if (self->left-- == 0)
        return qn_fail(QN_DATA, "this side is broken");
    return qn_stream_next(self->in, out);
}

static qn_status failing_rewind(qn_stream *stream) {
    return qn_stream_rewind(((failing *)stream)->in);
}

static void failing_free(qn_stream *stream) {
    qn_stream_free(((failing *)stream)->in);
}

static const qn_stream_class failing_class = {"failing", failing_next, failing_rewind,
                                              failing_free};

static qn_stream *fail_after(const qn_table *table, int64_t batches) {
    failing *self = NULL;
    QN_TEST_OK(qn_stream_new(&self, sizeof *self, &failing_class, &table->schema));
    QN_TEST_OK(qn_table_stream(&self->in, table));
    self->left = batches;
    return &self->base;
}

/* Reads to the end; the last rank's inputs break after so many batches (-1: not). */
static qn_status run_failing(const join_case *join, int64_t left_breaks, int64_t right_breaks) {
    static const int32_t keys[2] = {KEY, SECOND};
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_execution execution = qn_execution_of(comm);
    qn_table left, right, out;
    qn_stream *stream = NULL;
    qn_schema schema;
    bool last = rank == size - 1;
    make_side(&left, &join->left, rank, size);
    make_side(&right, &join->right, rank, size);
    qn_schema_init(&schema);
    QN_TEST_OK(output_schema(&schema, join, &left.schema, &right.schema));
    qn_join_spec spec = {.kind = join->kind,
                         .form = join->form,
                         .left_keys = keys,
                         .right_keys = keys,
                         .key_count = 1,
                         .schema = &schema};
    QN_TEST_OK(qn_join_open(&stream, fail_after(&left, last ? left_breaks : -1),
                            fail_after(&right, last ? right_breaks : -1), &execution, &spec));
    qn_table_init(&out);
    qn_status status = qn_gather_table(&out, stream, comm, 0);
    qn_table_clear(&out);
    qn_stream_free(stream);
    qn_schema_clear(&schema);
    qn_table_clear(&left);
    qn_table_clear(&right);
    return status;
}

static void test_a_failing_side_fails_everywhere(void) {
    for (int form = QN_JOIN_BROADCAST; form <= QN_JOIN_SHUFFLE; form++)
        for (int kind = QN_JOIN_INNER; kind <= QN_JOIN_SEMI; kind++) {
            join_case join = large_case();
            join.left.rows = join.right.rows = 30000;
            join.form = (qn_join_form)form;
            join.kind = (qn_join_kind)kind;
            QN_TEST_FAILS(run_failing(&join, 1, -1), QN_DATA, "this side is broken");
            QN_TEST_FAILS(run_failing(&join, -1, 1), QN_DATA, "this side is broken");
            QN_TEST_FAILS(run_failing(&join, 0, 0), QN_DATA, "this side is broken");
            QN_TEST_OK(run_failing(&join, -1, -1));
        }
}

/* Makes the n-th allocation fail on the last rank, from 0 on in growing steps, until none does. */
static void exhaust(const join_case *join, const qn_execution *execution) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_table left, right;
    qn_status status = QN_MEMORY;
    int64_t n = 0;
    make_side(&left, &join->left, rank, size);
    make_side(&right, &join->right, rank, size);
    for (; n < 20000 && status != QN_OK; n += n < 60 ? 1 : n / 12) {
        qn_stream *stream = NULL;
        qn_table out;
        qn_table_init(&out);
        QN_TEST_OK(open_join(&stream, join, &left, &right, execution));
        if (rank == size - 1)
            qn_mem_fail_after(n);
        status = qn_gather_table(&out, stream, comm, 0);
        qn_mem_fail_after(-1);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
        qn_table_clear(&out);
        qn_stream_free(stream);
    }
    CU_ASSERT_EQUAL(status, QN_OK);
    qn_table_clear(&left);
    qn_table_clear(&right);
}

static void test_every_allocation_may_fail(void) {
    qn_execution execution = qn_execution_of(qn_test_comm());
    for (int form = QN_JOIN_BROADCAST; form <= QN_JOIN_SHUFFLE; form++)
        for (int kind = QN_JOIN_LEFT; kind <= QN_JOIN_MARK; kind += 2)
            for (int residual = 0; residual < 2; residual++) {
                join_case join = large_case();
                join.left.rows = 60, join.left.cut = 30;
                join.right.rows = 40, join.right.cut = 20;
                join.left.classes = join.right.classes = 20;
                join.kind = (qn_join_kind)kind;
                join.form = (qn_join_form)form;
                join.residual = residual;
                execution.memory = INT64_C(1) << 30;
                exhaust(&join, &execution);
                execution.memory = 4000;
                exhaust(&join, &execution);
            }
}

static const qn_test_case cases[] = {
    {"the same rows as on one rank", test_the_same_rows_as_on_one_rank},
    {"texts and dictionaries travel", test_texts_and_dictionaries_travel},
    {"the same rows past the budget", test_the_same_rows_past_the_budget},
    {"a heavy key is shared between ranks", test_a_heavy_key_is_shared},
    {"rows move once", test_rows_move_once},
    {"a failing side fails everywhere", test_a_failing_side_fails_everywhere},
    {"every allocation may fail", test_every_allocation_may_fail},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("join_ranks", cases);
}
