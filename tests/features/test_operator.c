/* Ranks: 1 2 3 */
#include "features/operator/operator.h"

#include "core/random.h"
#include "tests/features/sql_table.h"

#include <stdlib.h>

static qn_scalar integer(int64_t value) {
    return (qn_scalar){.type = QN_INT64, .integer = value};
}

/* `column` OP `value` */
static qn_expr *comparison(const char *column, const char *op, int64_t value) {
    qn_expr *sides[2] = {NULL, NULL}, *call = NULL;
    QN_TEST_OK(qn_expr_column(&sides[0], column, -1));
    QN_TEST_OK(qn_expr_literal(&sides[1], integer(value), -1));
    QN_TEST_OK(qn_expr_call(&call, op, sides, 2, -1));
    return call;
}

/* Ids of all rows over all ranks; frees the stream. */
static char *ids_of(qn_stream *stream, bool twice) {
    char *text = NULL;
    if (twice) {
        qn_text again;
        qn_text_init(&again);
        QN_TEST_OK(sql_print_stream(stream, &again));
        QN_TEST_OK(qn_stream_rewind(stream));
        qn_text_clear(&again);
    }
    QN_TEST_OK(sql_gather_text(&text, stream, qn_test_comm()));
    return text;
}

static qn_stream *ids_stream(void) {
    qn_stream *stream = NULL;
    int32_t id = 0;
    QN_TEST_OK(sql_table_open(&stream, qn_test_comm()));
    QN_TEST_OK(qn_select_open(&stream, stream, &id, 1));
    return stream;
}

/* "from\n...to-1\n" */
static char *range_text(int64_t from, int64_t to) {
    qn_text text;
    qn_text_init(&text);
    QN_TEST_OK(qn_text_reserve(&text, 1));
    text.data[0] = '\0';
    for (int64_t i = from; i < to; i++)
        QN_TEST_OK(qn_text_printf(&text, "%lld\n", (long long)i));
    return text.data;
}

static void check_range(char *text, int64_t from, int64_t to) {
    char *expected = range_text(from, to);
    CU_ASSERT_STRING_EQUAL(text, expected);
    qn_mem_free(expected);
    qn_mem_free(text);
}

static void test_filter_keeps_true_rows(void) {
    qn_stream *stream = ids_stream();
    QN_TEST_OK(qn_filter_open(&stream, stream, comparison("id", ">=", 300)));
    check_range(ids_of(stream, true), 300, TABLE_ROWS);
}

static void test_filter_keeps_row_numbers(void) {
    qn_stream *stream = ids_stream();
    bool right = true;
    QN_TEST_OK(qn_filter_open(&stream, stream, comparison("id", ">", 70)));
    for (bool more = true; more;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TEST_OK(qn_stream_next(stream, &batch));
        more = batch.count > 0;
        for (int64_t i = 0; i < batch.length; i++)
            right = right && qn_batch_row(&batch, i) == batch.columns[0]->i64[i];
        qn_batch_clear(&batch);
    }
    CU_ASSERT(right);
    qn_stream_free(stream);
}

static void test_filter_wants_a_condition(void) {
    qn_stream *stream = ids_stream();
    qn_expr *column = NULL;
    QN_TEST_OK(qn_expr_column(&column, "id", -1));
    QN_TEST_FAILS(qn_filter_open(&stream, stream, column), QN_JOB, "must be boolean");
}

static void test_project_shares_columns(void) {
    qn_stream *stream = NULL;
    qn_expr *expressions[2] = {NULL, NULL};
    const char *names[] = {"quality", "big"};
    QN_TEST_OK(sql_table_open(&stream, qn_test_comm()));
    QN_TEST_OK(qn_expr_column(&expressions[0], "Cut", -1));
    expressions[1] = comparison("id", ">", 10);
    QN_TEST_OK(qn_project_open(&stream, stream, expressions, names, 2));
    CU_ASSERT_STRING_EQUAL(stream->schema.fields[0].name, "quality");
    CU_ASSERT(stream->schema.fields[0].type == QN_STRING);
    CU_ASSERT(stream->schema.fields[1].type == QN_BOOL);
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TEST_OK(qn_stream_next(stream, &batch));
    CU_ASSERT(batch.columns[0]->references >= 2); /* the table's own */
    qn_batch_clear(&batch);
    qn_stream_free(stream);
}

static void test_project_refuses_equal_names(void) {
    qn_stream *stream = NULL;
    int32_t columns[] = {1, 1};
    QN_TEST_OK(sql_table_open(&stream, qn_test_comm()));
    QN_TEST_FAILS(qn_select_open(&stream, stream, columns, 2), QN_JOB, "two outputs are named 'n'");
    QN_TEST_OK(sql_table_open(&stream, qn_test_comm()));
    QN_TEST_FAILS(qn_select_open(&stream, stream, columns, 0), QN_JOB, "at least one output");
}

static void check_limit(int64_t limit, int64_t offset, int64_t from, int64_t to) {
    qn_stream *stream = ids_stream();
    QN_TEST_OK(qn_limit_open(&stream, stream, qn_test_comm(), limit, offset));
    check_range(ids_of(stream, limit % 2 == 0), from, to);
}

static void test_limit_cuts_the_global_order(void) {
    check_limit(0, 0, 0, 0);
    check_limit(1, 0, 0, 1);
    check_limit(64, 0, 0, 64);
    check_limit(65, 0, 0, 65);
    check_limit(10, 330, 330, 340); /* across the border of two ranks of three */
    check_limit(300, 350, 350, 650);
    check_limit(1000, 0, 0, 1000);
    check_limit(5000, 0, 0, 1000);
    check_limit(10, 995, 995, 1000);
    check_limit(10, 1000, 0, 0);
    check_limit(10, INT64_MAX, 0, 0);
    check_limit(INT64_MAX, 990, 990, 1000);
    check_limit(-1, 500, 500, 1000);
}

static void test_limit_over_a_filter(void) {
    qn_stream *stream = ids_stream();
    QN_TEST_OK(qn_filter_open(&stream, stream, comparison("id", ">=", 420)));
    QN_TEST_OK(qn_limit_open(&stream, stream, qn_test_comm(), 200, 100));
    check_range(ids_of(stream, true), 520, 720);
}

/* ---- Split ----------------------------------------------------------------------------------- */

static void mark_cell(int *cell_of, const double *weights, int32_t count, int32_t which,
                      uint64_t seed) {
    qn_stream *stream = ids_stream();
    QN_TEST_OK(qn_split_open(&stream, stream, weights, count, which, seed));
    char *text = ids_of(stream, false);
    for (char *at = text; text != NULL && *at != '\0'; at = strchr(at, '\n') + 1) {
        int64_t id = strtoll(at, NULL, 10);
        CU_ASSERT(cell_of[id] == -1);
        cell_of[id] = which;
    }
    qn_mem_free(text);
}

/* ids_stream, with bad data from row `bad` on. */
typedef struct spoilt {
    qn_stream base;
    qn_stream *in;
    int64_t bad;
} spoilt;

static qn_status spoilt_next(qn_stream *stream, qn_batch *out) {
    spoilt *self = (spoilt *)stream;
    QN_TRY(qn_stream_next(self->in, out));
    if (out->count == 0 || out->first_row + out->length <= self->bad)
        return QN_OK;
    qn_batch_clear(out);
    return qn_fail(QN_DATA, "bad data");
}

static qn_status spoilt_rewind(qn_stream *stream) {
    return qn_stream_rewind(((spoilt *)stream)->in);
}

static void spoilt_free(qn_stream *stream) {
    qn_stream_free(((spoilt *)stream)->in);
}

static const qn_stream_class spoilt_class = {"spoilt", spoilt_next, spoilt_rewind, spoilt_free};

static qn_stream *limit_spoilt(int64_t bad, int64_t limit, int64_t offset) {
    spoilt *self = NULL;
    qn_stream *stream = NULL, *in = ids_stream();
    QN_TEST_OK(qn_stream_new(&self, sizeof *self, &spoilt_class, &in->schema));
    self->in = in;
    self->bad = bad;
    QN_TEST_OK(qn_limit_open(&stream, &self->base, qn_test_comm(), limit, offset));
    return stream;
}

/* What one rank alone would not read cannot stop several. */
static void test_limit_heeds_bad_data_in_front_only(void) {
    check_range(ids_of(limit_spoilt(TABLE_ROWS - 1, 10, 300), true), 300, 310);
    check_range(ids_of(limit_spoilt(TABLE_CUT, TABLE_CUT, 0), true), 0, TABLE_CUT);
    qn_stream *stream = limit_spoilt(TABLE_ROWS - 1, TABLE_ROWS - 1, 1);
    qn_batch batch;
    qn_status status = QN_OK;
    for (bool more = true; more && status == QN_OK;) {
        qn_batch_init(&batch);
        status = qn_stream_next(stream, &batch);
        more = batch.count > 0;
        qn_batch_clear(&batch);
    }
    QN_TEST_FAILS(qn_comm_agree(qn_test_comm(), status), QN_DATA, "bad data");
    qn_stream_free(stream);
}

static void test_split_cells_are_disjoint_and_cover(void) {
    const double weights[] = {6, 3, 1};
    int cell_of[TABLE_ROWS], counts[3] = {0, 0, 0};
    memset(cell_of, 0xFF, sizeof cell_of);
    for (int32_t which = 0; which < 3; which++)
        mark_cell(cell_of, weights, 3, which, 42);
    for (int i = 0; i < TABLE_ROWS; i++) {
        CU_ASSERT(cell_of[i] >= 0);
        counts[cell_of[i] < 0 ? 0 : cell_of[i]]++;
    }
    /* four standard deviations of a binomial count */
    CU_ASSERT(abs(counts[0] - 600) < 62);
    CU_ASSERT(abs(counts[1] - 300) < 58);
    CU_ASSERT(abs(counts[2] - 100) < 38);
}

static void test_split_is_the_same_on_any_ranks(void) {
    const double weights[] = {0.8, 0.2};
    qn_comm *self = NULL;
    qn_stream *stream = NULL;
    char *text = NULL;
    int32_t id = 0;
    QN_TEST_OK(qn_comm_self(&self));
    QN_TEST_OK(sql_table_open(&stream, self));
    QN_TEST_OK(qn_select_open(&stream, stream, &id, 1));
    QN_TEST_OK(qn_split_open(&stream, stream, weights, 2, 1, 7));
    QN_TEST_OK(sql_gather_text(&text, stream, self));
    qn_comm_free(self);
    stream = ids_stream();
    QN_TEST_OK(qn_split_open(&stream, stream, weights, 2, 1, 7));
    char *ours = ids_of(stream, true);
    CU_ASSERT_STRING_EQUAL(text, ours);
    qn_mem_free(text);
    qn_mem_free(ours);
}

static void test_split_follows_source_rows_after_a_filter(void) {
    const double weights[] = {1, 1};
    int cell_of[TABLE_ROWS];
    memset(cell_of, 0xFF, sizeof cell_of);
    mark_cell(cell_of, weights, 2, 0, 3);
    mark_cell(cell_of, weights, 2, 1, 3);
    qn_stream *stream = ids_stream();
    QN_TEST_OK(qn_filter_open(&stream, stream, comparison("id", ">=", 10)));
    QN_TEST_OK(qn_split_open(&stream, stream, weights, 2, 0, 3));
    char *text = ids_of(stream, false);
    for (char *at = text; *at != '\0'; at = strchr(at, '\n') + 1)
        CU_ASSERT(cell_of[strtoll(at, NULL, 10)] == 0);
    qn_mem_free(text);
}

static void test_many_draws_are_the_single_ones(void) {
    enum { DRAWS = 1000 };
    int64_t rows[DRAWS];
    double draws[DRAWS];
    bool same = true;
    qn_random random = qn_random_new(UINT64_C(0xFEDCBA9876543210), "split");
    for (int64_t i = 0; i < DRAWS; i++)
        rows[i] = i * i * INT64_C(1234567891011) + i;
    qn_random_uniform_rows(draws, random, rows, DRAWS, 7);
    for (int i = 0; i < DRAWS; i++)
        same = same && draws[i] == qn_random_uniform(random, (uint64_t)rows[i], 7);
    CU_ASSERT(same);
}

static void test_split_checks_its_weights(void) {
    const double bad[] = {1, -2}, zero[] = {0, 1}, good[] = {1, 1}, huge[] = {1e308, 1e308};
    qn_stream *stream = NULL;
    QN_TEST_FAILS(qn_split_open(&stream, ids_stream(), bad, 2, 0, 1), QN_JOB, "weight 2 is -2");
    QN_TEST_FAILS(qn_split_open(&stream, ids_stream(), zero, 2, 0, 1), QN_JOB, "weight 1 is 0");
    QN_TEST_FAILS(qn_split_open(&stream, ids_stream(), good, 2, 2, 1), QN_JOB, "does not exist");
    QN_TEST_FAILS(qn_split_open(&stream, ids_stream(), huge, 2, 0, 1), QN_JOB, "too large");
}

/* ---- Cache ----------------------------------------------------------------------------------- */

typedef struct counting {
    qn_stream base;
    qn_stream *in;
    int64_t *reads;
} counting;

static qn_status counting_next(qn_stream *stream, qn_batch *out) {
    counting *self = (counting *)stream;
    QN_TRY(qn_stream_next(self->in, out));
    *self->reads += out->count > 0;
    return QN_OK;
}

static qn_status counting_rewind(qn_stream *stream) {
    return qn_stream_rewind(((counting *)stream)->in);
}

static void counting_free(qn_stream *stream) {
    qn_stream_free(((counting *)stream)->in);
}

static const qn_stream_class counting_class = {"counting", counting_next, counting_rewind,
                                               counting_free};

static qn_stream *counted_ids(int64_t *reads) {
    counting *self = NULL;
    qn_stream *in = ids_stream();
    QN_TEST_OK(qn_stream_new(&self, sizeof *self, &counting_class, &in->schema));
    self->in = in;
    self->reads = reads;
    return &self->base;
}

/* Batches that the input gave in the first and in the second pass, of one rank. */
static void run_cache(int64_t budget, int64_t *first, int64_t *second, qn_cache_report *report) {
    int64_t reads = 0;
    qn_stream *stream = NULL;
    qn_text one, two;
    qn_text_init(&one);
    qn_text_init(&two);
    QN_TEST_OK(qn_cache_open(&stream, counted_ids(&reads), budget));
    QN_TEST_OK(sql_print_stream(stream, &one));
    *first = reads;
    QN_TEST_OK(qn_stream_rewind(stream));
    QN_TEST_OK(sql_print_stream(stream, &two));
    *second = reads - *first;
    *report = qn_cache_report_of(stream);
    CU_ASSERT(one.length == two.length && memcmp(one.data, two.data, (size_t)one.length) == 0);
    qn_text_clear(&one);
    qn_text_clear(&two);
    qn_stream_free(stream);
}

static void test_cache_replays_from_memory(void) {
    int64_t first = 0, second = 0;
    qn_cache_report report;
    run_cache(1 << 20, &first, &second, &report);
    CU_ASSERT(report.complete);
    CU_ASSERT(report.batches == first);
    CU_ASSERT(second == 0);
}

static void test_cache_keeps_to_its_budget(void) {
    int64_t first = 0, second = 0;
    qn_cache_report report;
    run_cache(TABLE_CUT * 8 * 2, &first, &second, &report);
    CU_ASSERT(!report.complete);
    CU_ASSERT(report.batches == 2);
    CU_ASSERT(report.bytes <= TABLE_CUT * 8 * 2);
    CU_ASSERT(second == first);
    run_cache(0, &first, &second, &report);
    CU_ASSERT(report.batches == 0 && !report.complete);
}

static void test_cache_after_an_unfinished_pass(void) {
    int64_t reads = 0;
    qn_stream *stream = NULL;
    qn_batch batch;
    QN_TEST_OK(qn_cache_open(&stream, counted_ids(&reads), 1 << 20));
    qn_batch_init(&batch);
    QN_TEST_OK(qn_stream_next(stream, &batch));
    qn_batch_clear(&batch);
    QN_TEST_OK(qn_stream_rewind(stream));
    CU_ASSERT(!qn_cache_report_of(stream).complete);
    check_range(ids_of(stream, true), 0, TABLE_ROWS);
    int64_t batches = reads;
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), &batches, 1));
    CU_ASSERT(batches == (TABLE_ROWS + TABLE_CUT - 1) / TABLE_CUT);
}

/* ---- Failing allocations --------------------------------------------------------------------- */

/* id > 17; takes over `in`, as the operators do. */
static qn_status filter_over(qn_stream **out, qn_stream *in) {
    qn_expr *sides[2] = {NULL, NULL}, *condition = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_expr_column(&sides[0], "id", -1), failed);
    QN_TRY_GOTO(qn_expr_literal(&sides[1], integer(17), -1), failed);
    status = qn_expr_call(&condition, ">", sides, 2, -1);
    sides[0] = NULL;
    sides[1] = NULL;
    if (status == QN_OK)
        return qn_filter_open(out, in, condition);
failed:
    qn_expr_free(sides[0]);
    qn_expr_free(sides[1]);
    qn_stream_free(in);
    return status;
}

static qn_status whole_chain(qn_comm *comm) {
    const double weights[] = {1, 1};
    qn_stream *stream = NULL;
    int32_t columns[] = {0, 3};
    qn_text text;
    qn_text_init(&text);
    QN_TRY(sql_table_open(&stream, comm));
    QN_TRY(qn_cache_open(&stream, stream, 1 << 20));
    QN_TRY(filter_over(&stream, stream));
    QN_TRY(qn_select_open(&stream, stream, columns, 2));
    QN_TRY(qn_split_open(&stream, stream, weights, 2, 0, 1));
    QN_TRY(qn_limit_open(&stream, stream, comm, 100, 10));
    qn_status status = sql_print_stream(stream, &text);
    qn_text_clear(&text);
    qn_stream_free(stream);
    return status;
}

static void test_any_allocation_may_fail(void) {
    qn_comm *self = NULL;
    qn_status status = QN_MEMORY;
    QN_TEST_OK(qn_comm_self(&self));
    for (int64_t successes = 0; status != QN_OK && successes < 5000; successes++) {
        int64_t before = qn_mem_blocks();
        qn_mem_fail_after(successes);
        status = whole_chain(self);
        qn_mem_fail_after(-1);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
        CU_ASSERT(qn_mem_blocks() == before);
        if (qn_mem_blocks() != before)
            break;
    }
    QN_TEST_OK(status);
    qn_comm_free(self);
}

static const qn_test_case cases[] = {
    {"a filter keeps the rows where its condition is true", test_filter_keeps_true_rows},
    {"a filter keeps row numbers", test_filter_keeps_row_numbers},
    {"a filter wants a boolean", test_filter_wants_a_condition},
    {"a projection shares bare columns", test_project_shares_columns},
    {"a projection refuses equal names", test_project_refuses_equal_names},
    {"a limit cuts the global order", test_limit_cuts_the_global_order},
    {"a limit heeds bad data in front of its end only", test_limit_heeds_bad_data_in_front_only},
    {"a limit counts what a filter leaves", test_limit_over_a_filter},
    {"cells of a split are disjoint and cover the rows", test_split_cells_are_disjoint_and_cover},
    {"a split is the same on any number of ranks", test_split_is_the_same_on_any_ranks},
    {"a split follows source rows", test_split_follows_source_rows_after_a_filter},
    {"many draws are the single ones", test_many_draws_are_the_single_ones},
    {"a split checks its weights", test_split_checks_its_weights},
    {"a cache replays from memory", test_cache_replays_from_memory},
    {"a cache keeps to its budget", test_cache_keeps_to_its_budget},
    {"a cache takes up an unfinished pass", test_cache_after_an_unfinished_pass},
    {"any allocation may fail", test_any_allocation_may_fail},
    {NULL, NULL}};

int main(void) {
    return qn_test_main("operator", cases);
}
