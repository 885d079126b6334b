/* As-of joins against nested loops, and against pandas' documented examples.
 * Ranks: 1 2 3 */
#include "tests/features/join/join_data.h"

typedef struct asof_case {
    side_spec left, right;
    bool grouped, strict, forward, inner;
    double tolerance;
    qn_join_form form;
} asof_case;

/* ---- Nested loops -----------------------------------------------------------------------------
 */

static bool same_group(const asof_case *asof, int64_t l, int64_t r) {
    if (!asof->grouped)
        return true;
    return !key_is_null(&asof->left, l) && !key_is_null(&asof->right, r) &&
           class_of(&asof->left, l) == class_of(&asof->right, r);
}

/* The row that a left row finds by the ordered column VALUE, or -1. */
static int64_t expected_row(const asof_case *asof, int64_t l) {
    int64_t best = -1, best_value = 0, a = value_of(&asof->left, l);
    for (int64_t r = 0; r < asof->right.rows; r++) {
        int64_t b = value_of(&asof->right, r);
        bool fits =
            asof->forward ? (asof->strict ? b > a : b >= a) : (asof->strict ? b < a : b <= a);
        if (!same_group(asof, l, r) || !fits)
            continue;
        bool better = asof->forward ? b < best_value : b >= best_value;
        if (best < 0 || better)
            best = r, best_value = b;
    }
    if (best >= 0 && asof->tolerance >= 0 && (double)llabs(a - best_value) > asof->tolerance)
        return -1;
    return best;
}

static qn_status open_asof(qn_stream **out, const asof_case *asof, const qn_table *left,
                           const qn_table *right, const qn_execution *execution) {
    static const int32_t keys[1] = {KEY};
    qn_stream *a = NULL, *b = NULL;
    qn_schema schema;
    qn_schema_init(&schema);
    for (int32_t i = 0; i < left->schema.count; i++)
        QN_TRY(qn_schema_add_field(&schema, &left->schema.fields[i]));
    for (int32_t i = 0; i < right->schema.count; i++)
        QN_TRY(qn_schema_add_field(&schema, &right->schema.fields[i]));
    qn_asof_spec spec = {.form = asof->form,
                         .left_keys = keys,
                         .right_keys = keys,
                         .key_count = asof->grouped,
                         .left_on = VALUE,
                         .right_on = VALUE,
                         .strict = asof->strict,
                         .forward = asof->forward,
                         .tolerance = asof->tolerance,
                         .inner = asof->inner,
                         .schema = &schema};
    QN_TRY(qn_table_stream(&a, left));
    QN_TRY(qn_table_stream(&b, right));
    qn_status status = qn_asof_open(out, a, b, execution, &spec);
    qn_schema_clear(&schema);
    return status;
}

static int64_t wrong_rows(const asof_case *asof, const qn_table *out) {
    join_case join = {.left = asof->left, .right = asof->right, .kind = QN_JOIN_LEFT};
    expected pairs = {0};
    for (int64_t l = 0; l < asof->left.rows; l++) {
        int64_t r = expected_row(asof, l);
        if (r >= 0 || !asof->inner)
            expect(&pairs, l, r, 0);
    }
    int64_t wrong = count_wrong(&join, out, &pairs);
    qn_mem_free(pairs.pairs);
    return wrong;
}

static void check(const asof_case *asof) {
    qn_comm *comm = qn_test_comm();
    qn_execution execution = qn_execution_of(comm);
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_table left, right, out;
    qn_stream *stream = NULL;
    make_side(&left, &asof->left, rank, size);
    make_side(&right, &asof->right, rank, size);
    QN_TEST_OK(open_asof(&stream, asof, &left, &right, &execution));
    for (int pass = 0; pass < 2; pass++) {
        qn_table_init(&out);
        QN_TEST_OK(qn_stream_rewind(stream));
        QN_TEST_OK(qn_gather_table(&out, stream, comm, 0));
        if (rank == 0)
            CU_ASSERT_EQUAL(wrong_rows(asof, &out), 0);
        qn_table_clear(&out);
    }
    qn_stream_free(stream);
    qn_table_clear(&left);
    qn_table_clear(&right);
}

static asof_case small_case(void) {
    return (asof_case){
        .left = {.right = false, .rows = 150, .cut = 17, .classes = 9, .nulls = true},
        .right = {.right = true, .rows = 110, .cut = 13, .classes = 9, .nulls = true},
        .grouped = true,
        .tolerance = -1};
}

static void test_all_ways(void) {
    for (int i = 0; i < 64; i++) {
        asof_case asof = small_case();
        asof.form = i & 32 ? QN_JOIN_SHUFFLE : QN_JOIN_AUTO;
        asof.strict = i & 1;
        asof.forward = i & 2;
        asof.inner = i & 4;
        asof.grouped = i & 8;
        asof.tolerance = i & 16 ? 3 : -1;
        check(&asof);
        asof.left.variant = asof.right.variant = KEY_TEXT;
        asof.left.dictionary = true;
        check(&asof);
    }
}

static void test_empty_sides(void) {
    for (int form = QN_JOIN_BROADCAST; form <= QN_JOIN_SHUFFLE; form++) {
        asof_case asof = small_case();
        asof.form = (qn_join_form)form;
        asof.left.rows = 0;
        check(&asof);
        asof = small_case();
        asof.form = (qn_join_form)form;
        asof.right.rows = 0;
        check(&asof);
        asof.inner = true;
        check(&asof);
    }
}

static void test_many_rows(void) {
    for (int form = QN_JOIN_BROADCAST; form <= QN_JOIN_SHUFFLE; form++) {
        asof_case asof = small_case();
        asof.form = (qn_join_form)form;
        asof.left.rows = 4000, asof.left.cut = 700;
        asof.right.rows = 3000, asof.right.cut = 400;
        asof.left.classes = asof.right.classes = 300;
        check(&asof);
    }
}

static void test_every_allocation_may_fail(void) {
    qn_comm *comm = qn_test_comm();
    qn_execution execution = qn_execution_of(comm);
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    for (int form = QN_JOIN_BROADCAST; form <= QN_JOIN_SHUFFLE; form++) {
        asof_case asof = small_case();
        qn_table left, right, out;
        qn_status status = QN_MEMORY;
        asof.form = (qn_join_form)form;
        make_side(&left, &asof.left, rank, size);
        make_side(&right, &asof.right, rank, size);
        for (int64_t n = 0; n < 10000 && status != QN_OK; n += n < 150 ? 1 : 11) {
            qn_stream *stream = NULL;
            qn_table_init(&out);
            QN_TEST_OK(open_asof(&stream, &asof, &left, &right, &execution));
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
}

/* ---- pandas' examples --------------------------------------------------------------------------
 */

typedef struct quote {
    int64_t ms;
    const char *ticker;
    double bid;
} quote;

/* Of a table of quotes or trades: time, ticker, number. All rows on rank 0. */
static void make_quotes(qn_table *out, const quote *quotes, int64_t count,
                        const char *const *names) {
    qn_string_builder builder;
    qn_batch batch;
    qn_table_init(out);
    QN_TEST_OK(qn_schema_add(&out->schema, names[0], QN_TIMESTAMP));
    QN_TEST_OK(qn_schema_add(&out->schema, names[1], QN_STRING));
    QN_TEST_OK(qn_schema_add(&out->schema, names[2], QN_FLOAT64));
    if (qn_comm_rank(qn_test_comm()) != 0)
        return;
    qn_batch_init(&batch);
    qn_string_builder_init(&builder);
    QN_TEST_OK(qn_batch_reserve(&batch, 3));
    batch.length = count;
    QN_TEST_OK(qn_column_new(&batch.columns[0], QN_TIMESTAMP, count, 0));
    QN_TEST_OK(qn_column_new(&batch.columns[2], QN_FLOAT64, count, 0));
    for (int64_t i = 0; i < count; i++) {
        batch.columns[0]->i64[i] = quotes[i].ms * 1000000;
        batch.columns[2]->f64[i] = quotes[i].bid;
        QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of(quotes[i].ticker)));
    }
    QN_TEST_OK(qn_string_builder_finish(&builder, &batch.columns[1]));
    qn_string_builder_clear(&builder);
    QN_TEST_OK(qn_table_add(out, &batch));
}

/* pandas documentation of merge_asof (2.2), "quotes" and "trades"; bids only. */
static const quote quotes[] = {{23, "GOOG", 720.50}, {23, "MSFT", 51.95},  {30, "MSFT", 51.97},
                               {41, "MSFT", 51.99},  {48, "GOOG", 720.50}, {49, "AAPL", 97.99},
                               {72, "GOOG", 720.50}, {75, "MSFT", 52.01}};
static const quote trades[] = {{23, "MSFT", 51.95},
                               {38, "MSFT", 51.95},
                               {48, "GOOG", 720.77},
                               {48, "GOOG", 720.92},
                               {48, "AAPL", 98.00}};

static void check_quotes(bool strict, double tolerance, const double bids[5]) {
    static const char *const trade_names[] = {"time", "ticker", "price"};
    static const char *const quote_names[] = {"time2", "ticker2", "bid"};
    static const int32_t keys[] = {1};
    qn_comm *comm = qn_test_comm();
    qn_execution execution = qn_execution_of(comm);
    qn_table left, right, out;
    qn_stream *a = NULL, *b = NULL, *stream = NULL;
    qn_schema schema;
    make_quotes(&left, trades, 5, trade_names);
    make_quotes(&right, quotes, 8, quote_names);
    QN_TEST_OK(qn_schema_copy(&schema, &left.schema));
    for (int i = 0; i < 3; i++)
        QN_TEST_OK(qn_schema_add_field(&schema, &right.schema.fields[i]));
    QN_TEST_OK(qn_table_stream(&a, &left));
    QN_TEST_OK(qn_table_stream(&b, &right));
    qn_asof_spec spec = {.left_keys = keys,
                         .right_keys = keys,
                         .key_count = 1,
                         .strict = strict,
                         .tolerance = tolerance,
                         .schema = &schema};
    QN_TEST_OK(qn_asof_open(&stream, a, b, &execution, &spec));
    qn_table_init(&out);
    QN_TEST_OK(qn_gather_table(&out, stream, comm, 0));
    if (qn_comm_rank(comm) == 0) {
        CU_ASSERT_EQUAL(out.row_count, 5);
        for (int i = 0; i < 5 && out.row_count == 5; i++) {
            const qn_column *bid = out.batches[0].columns[5];
            CU_ASSERT_EQUAL(qn_column_is_null(bid, i), isnan(bids[i]));
            CU_ASSERT(isnan(bids[i]) || bid->f64[i] == bids[i]);
        }
    }
    qn_table_clear(&out);
    qn_stream_free(stream);
    qn_schema_clear(&schema);
    qn_table_clear(&left);
    qn_table_clear(&right);
}

static void test_quotes_and_trades(void) {
    const double all[5] = {51.95, 51.97, 720.50, 720.50, NAN};
    const double near[5] = {51.95, NAN, 720.50, 720.50, NAN};
    const double before[5] = {NAN, 51.97, NAN, NAN, NAN};
    check_quotes(false, -1, all);
    check_quotes(false, 2e6, near);   /* tolerance 2 ms */
    check_quotes(true, 10e6, before); /* tolerance 10 ms, allow_exact_matches=False */
}

static void test_wrong_columns_are_refused(void) {
    asof_case asof = small_case();
    qn_execution execution = qn_execution_of(qn_test_comm());
    static const int32_t keys[1] = {KEY};
    qn_table left, right;
    qn_stream *a = NULL, *b = NULL, *stream = NULL;
    make_side(&left, &asof.left, 0, 1);
    make_side(&right, &asof.right, 0, 1);
    qn_asof_spec spec = {.left_keys = keys,
                         .right_keys = keys,
                         .key_count = 1,
                         .left_on = NOTE,
                         .right_on = NOTE,
                         .schema = &left.schema};
    QN_TEST_OK(qn_table_stream(&a, &left));
    QN_TEST_OK(qn_table_stream(&b, &right));
    QN_TEST_FAILS(qn_asof_open(&stream, a, b, &execution, &spec), QN_JOB,
                  "'note' is of type string");
    spec.left_on = ID;
    spec.right_on = VALUE;
    QN_TEST_OK(qn_table_stream(&a, &left));
    QN_TEST_OK(qn_table_stream(&b, &right));
    QN_TEST_FAILS(qn_asof_open(&stream, a, b, &execution, &spec), QN_JOB,
                  "two columns of one type");
    qn_table_clear(&left);
    qn_table_clear(&right);
}

static const qn_test_case cases[] = {
    {"all ways of matching", test_all_ways},
    {"empty sides", test_empty_sides},
    {"many rows", test_many_rows},
    {"every allocation may fail", test_every_allocation_may_fail},
    {"quotes and trades (pandas)", test_quotes_and_trades},
    {"wrong columns are refused", test_wrong_columns_are_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("asof", cases);
}
