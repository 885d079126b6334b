/* Ranks: 1 2 3 */
#include "features/window/window.h"

#include "features/operator/operator.h"
#include "tests/core/window/window_table.h"
#include "tests/harness/harness.h"

enum { ROWS = 1500, CUT = 64, CALLS = 6 };

/* The same table on all ranks, and this rank's range of it as a stream. */
typedef struct sample {
    ref_row rows[ROWS];
    int32_t order[ROWS];
    ref_window w;
    qn_table table; /* cut at multiples of CUT */
    qn_window_call calls[CALLS];
    qn_sort_key key;
    int32_t partition;
    qn_window_spec spec;
} sample;

static const char *const call_names[CALLS] = {"a", "b", "c", "d", "e", "f"};

/* No partitions, calls that look at some rows around, and rows in order: a rank computes its own.
 */
static void make_in_place(sample *s, dice *d) {
    ref_row *rows = NULL;
    s->w.partitioned = false;
    for (int32_t c = 0; c < CALLS; c++) {
        qn_window_spec one = {.order = &s->key, .order_count = 1, .call_count = 1};
        qn_window_reach reach;
        do {
            s->calls[c] = random_call(d, &s->w);
            one.calls = &s->calls[c];
        } while (!qn_window_reach_of(&one, &reach));
        s->calls[c].name = call_names[c];
    }
    ref_sort(&s->w);
    QN_TEST_OK(qn_mem_copy(&rows, s->rows, ROWS, sizeof *rows));
    for (int32_t i = 0; i < ROWS; i++)
        s->rows[i] = rows[s->order[i]];
    qn_mem_free(rows);
}

static void make_sample(sample *s, uint64_t seed, bool in_place) {
    dice d = {qn_random_new(seed, "window operator"), 0};
    s->w = random_window(&d, s->rows, ROWS, s->order);
    s->w.ordered = true;
    random_rows(&d, s->rows, ROWS, s->w.key_type);
    for (int32_t i = 0; i < ROWS; i++)
        s->rows[i].p = (int32_t)roll(&d, 1 + (int64_t)seed % 5 * 30);
    for (int32_t c = 0; c < CALLS; c++) {
        s->calls[c] = random_call(&d, &s->w);
        s->calls[c].name = call_names[c];
    }
    s->key = (qn_sort_key){REF_K, s->w.descending, s->w.nulls_last};
    if (in_place)
        make_in_place(s, &d);
    s->partition = REF_P;
    s->spec = (qn_window_spec){&s->partition, s->w.partitioned, &s->key, 1, s->calls, CALLS};
    qn_table_init(&s->table);
    QN_TEST_OK(table_schema(&s->table.schema, s->w.key_type));
    for (int32_t first = 0; first < ROWS; first += CUT) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TEST_OK(make_batch(&batch, &s->table.schema, s->rows + first,
                              ROWS - first < CUT ? ROWS - first : CUT));
        batch.first_row = first;
        QN_TEST_OK(qn_table_add(&s->table, &batch));
    }
}

static qn_stream *own_range(const sample *s) {
    qn_stream *stream = NULL;
    int64_t batches = s->table.batch_count, size = qn_comm_size(qn_test_comm());
    int64_t from = batches * qn_comm_rank(qn_test_comm()) / size;
    int64_t to = batches * (qn_comm_rank(qn_test_comm()) + 1) / size;
    QN_TEST_OK(qn_stream_of_batches(&stream, &s->table.schema, s->table.batches + from, to - from));
    return stream;
}

static bool same_value(const qn_column *a, int64_t i, const qn_column *b, int64_t k) {
    if (qn_column_is_null(a, i) || qn_column_is_null(b, k))
        return qn_column_is_null(a, i) == qn_column_is_null(b, k);
    if (a->type == QN_STRING)
        return qn_view_equal(qn_column_string(a, i), qn_column_string(b, k));
    double x = qn_column_real(a, i), y = qn_column_real(b, k);
    return memcmp(&x, &y, sizeof x) == 0 || (isnan(x) && isnan(y));
}

/* One batch of the operator against the table and its results computed at once. `kept`: rows of the
 * table that went in, or NULL: all. */
static bool batch_is_right(const qn_batch *batch, const qn_table *table, const qn_table *results,
                           const int32_t *places) {
    for (int64_t i = 0; i < batch->length; i++) {
        int64_t row = qn_batch_row(batch, i), at = places == NULL ? row : places[row];
        for (int32_t c = 0; c < REF_COLUMNS; c++)
            if (!same_value(batch->columns[c], i, table->batches[row / CUT].columns[c], row % CUT))
                return false;
        int64_t b = 0;
        while (at >= results->batches[b].length)
            at -= results->batches[b++].length;
        for (int32_t c = 0; c < CALLS; c++)
            if (!same_value(batch->columns[REF_COLUMNS + c], i, results->batches[b].columns[c], at))
                return false;
    }
    return true;
}

static void check_stream(qn_stream *stream, const sample *s, const qn_table *results,
                         const int32_t *places, int64_t rows) {
    int64_t count = 0, last = -1;
    bool right = true, more = true;
    while (more) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TEST_OK(qn_stream_next(stream, &batch));
        more = batch.count > 0;
        CU_ASSERT(!more || batch.first_row > last);
        last = more ? batch.first_row : last;
        count += batch.length;
        right = right && batch_is_right(&batch, &s->table, results, places);
        qn_batch_clear(&batch);
    }
    CU_ASSERT(right);
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), &count, 1));
    CU_ASSERT_EQUAL(count, rows);
}

static void check_sample(uint64_t seed, int64_t memory, bool in_place) {
    sample *s = NULL;
    qn_stream *stream = NULL;
    qn_table results;
    qn_execution execution = {.comm = qn_test_comm(), .memory = memory};
    QN_TEST_OK(qn_mem_calloc(&s, 1, sizeof *s));
    make_sample(s, seed, in_place);
    qn_table_init(&results);
    QN_TEST_OK(qn_window_evaluate(&results, &s->table, &s->spec));
    QN_TEST_OK(qn_window_open(&stream, own_range(s), &execution, &s->spec));
    check_stream(stream, s, &results, NULL, ROWS);
    QN_TEST_OK(qn_stream_rewind(stream));
    check_stream(stream, s, &results, NULL, ROWS);
    qn_stream_free(stream);
    qn_table_clear(&results);
    qn_table_clear(&s->table);
    qn_mem_free(s);
}

static void test_memory(void) {
    for (uint64_t seed = 0; seed < 30; seed++)
        check_sample(seed, 1 << 30, false);
}

static void test_spilled(void) {
    for (uint64_t seed = 0; seed < 30; seed++)
        check_sample(seed, seed % 3 == 0 ? 1 : 100000 * (int64_t)(seed % 3), false);
}

static void test_in_place(void) {
    for (uint64_t seed = 0; seed < 60; seed++)
        check_sample(seed, seed % 4 == 0 ? 1 : 1 << 30, true);
}

/* Short batches with row numbers go in, and come out as they were. */
static void test_filtered(void) {
    sample *s = NULL;
    qn_table kept, results;
    qn_stream *stream = NULL, *whole = NULL;
    int32_t places[ROWS], count = 0;
    qn_execution execution = {.comm = qn_test_comm(), .memory = 1 << 30};
    QN_TEST_OK(qn_mem_calloc(&s, 1, sizeof *s));
    make_sample(s, 4, false);
    qn_table_init(&results);
    for (int pass = 0; pass < 2; pass++) { /* all rows here, then this rank's */
        qn_expr *sides[2] = {NULL, NULL}, *condition = NULL;
        qn_scalar zero = {.type = QN_INT64, .integer = 0};
        QN_TEST_OK(qn_expr_column(&sides[0], "w", -1));
        QN_TEST_OK(qn_expr_literal(&sides[1], zero, -1));
        QN_TEST_OK(qn_expr_call(&condition, ">", sides, 2, -1));
        if (pass == 0)
            QN_TEST_OK(qn_table_stream(&whole, &s->table));
        else
            stream = own_range(s);
        qn_stream **target = pass == 0 ? &whole : &stream;
        QN_TEST_OK(qn_filter_open(target, *target, condition));
    }
    QN_TEST_OK(qn_table_collect(&kept, whole));
    for (int64_t b = 0; b < kept.batch_count; b++)
        for (int64_t i = 0; i < kept.batches[b].length; i++)
            places[qn_batch_row(&kept.batches[b], i)] = count++;
    QN_TEST_OK(qn_window_evaluate(&results, &kept, &s->spec));
    QN_TEST_OK(qn_window_open(&stream, stream, &execution, &s->spec));
    check_stream(stream, s, &results, places, count);
    qn_stream_free(stream);
    qn_stream_free(whole);
    qn_table_clear(&kept);
    qn_table_clear(&results);
    qn_table_clear(&s->table);
    qn_mem_free(s);
}

/* count(*) OVER () reads no column. */
static void test_no_columns(void) {
    sample *s = NULL;
    qn_stream *stream = NULL;
    qn_execution execution = {.comm = qn_test_comm(), .memory = 0};
    qn_window_call call = {
        .function = "count", .name = "n", .fallback = -1, .filter = -1, .default_frame = true};
    qn_window_spec spec = {.calls = &call, .call_count = 1};
    bool right = true;
    QN_TEST_OK(qn_mem_calloc(&s, 1, sizeof *s));
    make_sample(s, 1, false);
    QN_TEST_OK(qn_window_open(&stream, own_range(s), &execution, &spec));
    for (bool more = true; more;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TEST_OK(qn_stream_next(stream, &batch));
        more = batch.count > 0;
        for (int64_t i = 0; i < batch.length; i++)
            right = right && batch.columns[REF_COLUMNS]->i64[i] == ROWS;
        qn_batch_clear(&batch);
    }
    CU_ASSERT(right);
    qn_stream_free(stream);
    qn_table_clear(&s->table);
    qn_mem_free(s);
}

/* Whatever allocation fails on one rank, all ranks fail alike and nothing leaks or hangs. */
static void check_faults(bool in_place) {
    sample *s = NULL;
    QN_TEST_OK(qn_mem_calloc(&s, 1, sizeof *s));
    make_sample(s, 4, in_place);
    int rank = qn_comm_rank(qn_test_comm()), size = qn_comm_size(qn_test_comm());
    for (int64_t after = 0, failures = 1; failures > 0 && after < 4000; after += 1 + after / 15) {
        qn_stream *stream = NULL, *in = own_range(s);
        qn_execution execution = {.comm = qn_test_comm(), .memory = after % 2 == 0 ? 1 : 1 << 30};
        qn_status status;
        bool more = true;
        QN_TEST_OK(qn_window_open(&stream, in, &execution, &s->spec));
        qn_mem_fail_after(rank == after % size ? after : -1);
        do {
            qn_batch batch;
            qn_batch_init(&batch);
            status = qn_stream_next(stream, &batch);
            more = status == QN_OK && batch.count > 0;
            qn_batch_clear(&batch);
        } while (more);
        qn_mem_fail_after(-1);
        failures = status != QN_OK;
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
        QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), &failures, 1));
        qn_stream_free(stream);
    }
    qn_table_clear(&s->table);
    qn_mem_free(s);
}

static void test_allocation_faults(void) {
    check_faults(false);
    check_faults(true);
}

static void check_refused(qn_window_call call, bool ordered, int32_t order, const char *text) {
    sample *s = NULL;
    qn_stream *stream = NULL;
    qn_execution execution = {.comm = qn_test_comm(), .memory = 0};
    qn_sort_key key = {order, false, false};
    QN_TEST_OK(qn_mem_calloc(&s, 1, sizeof *s));
    make_sample(s, 1, false);
    call.name = call.name != NULL ? call.name : "x";
    qn_window_spec spec = {.order = &key, .order_count = ordered, .calls = &call, .call_count = 1};
    QN_TEST_FAILS(qn_window_open(&stream, own_range(s), &execution, &spec), QN_JOB, text);
    qn_table_clear(&s->table);
    qn_mem_free(s);
}

static void test_refusals(void) {
    qn_window_call call = {.function = "rank", .fallback = -1, .filter = -1, .default_frame = true};
    check_refused(call, false, 0, "rank needs ORDER BY");
    call.function = "rnak";
    check_refused(call, true, 0, "did you mean 'rank'");
    call = (qn_window_call){.function = "sum",
                            .fallback = -1,
                            .filter = -1,
                            .argument_count = 1,
                            .arguments = {REF_S},
                            .default_frame = true};
    check_refused(call, true, 0, "sum wants numbers, but column 's' is string");
    call.arguments[0] = REF_V;
    call.filter = REF_W;
    check_refused(call, true, 0, "a boolean FILTER");
    call.filter = -1;
    call.default_frame = false;
    call.frame = (qn_window_frame){QN_FRAME_RANGE,
                                   {.kind = QN_BOUND_PRECEDING, .offset = 1},
                                   {.kind = QN_BOUND_CURRENT},
                                   QN_EXCLUDE_NOTHING};
    check_refused(call, false, 0, "exactly one ORDER BY column");
    check_refused(call, true, REF_S, "only numbers, dates and timestamps have distances");
    call.frame.unit = QN_FRAME_ROWS;
    call.frame.from.offset = -1;
    check_refused(call, true, REF_P, "must not be negative");
    call.frame.from.offset = 1.5;
    check_refused(call, true, REF_P, "whole number");
    call.frame.from = (qn_bound){.kind = QN_BOUND_FOLLOWING, .offset = 1};
    check_refused(call, true, REF_P, "starts behind its end");
    call = (qn_window_call){.function = "ntile", .fallback = -1, .filter = -1};
    check_refused(call, true, 0, "at least 1");
}

int main(void) {
    static const qn_test_case cases[] = {
        {"results are those of one table, in memory", test_memory},
        {"results are those of one table, spilled", test_spilled},
        {"ranks compute ordered rows where they are", test_in_place},
        {"filtered batches keep their rows", test_filtered},
        {"a window that reads no column", test_no_columns},
        {"allocation faults are everyone's", test_allocation_faults},
        {"wrong windows are refused", test_refusals},
        {NULL, NULL},
    };
    return qn_test_main("window operator", cases);
}
