/* Union, intersect, except, and tables of one row.
 * Ranks: 1 2 3 7 */
#include "features/set/union.h"

#include "tests/features/sort/sort_rows.h"
#include "tests/harness/waiting_stream.h"

static qn_execution execution_with(int64_t memory) {
    return (qn_execution){.comm = qn_test_comm(), .memory = memory, .scratch = qn_test_path("")};
}

enum { ROOM = 1 << 30, TIGHT = 300 << 10 };

/* ---- Union ---------------------------------------------------------------------------------- */

static void check_union(const rows_kind *kinds, int32_t count, int64_t memory) {
    qn_execution execution = execution_with(memory);
    qn_stream *inputs[4], *out = NULL;
    int64_t rows = 0, at = 0;
    for (int32_t i = 0; i < count; i++) {
        QN_TEST_OK(rows_stream(&inputs[i], &kinds[i]));
        rows += kinds[i].rows;
    }
    int64_t *expected = malloc((size_t)(rows + 1) * sizeof *expected);
    for (int32_t i = 0; i < count; i++)
        for (int64_t row = 0; row < kinds[i].rows; row++)
            expected[at++] = row;
    QN_TEST_OK(qn_union_open(&out, inputs, count, &execution));
    check_rows(out, &kinds[0], expected, rows);
    qn_stream_free(out);
    free(expected);
}

static void test_union(void) {
    int last = qn_comm_size(qn_test_comm()) - 1;
    rows_kind kinds[] = {{20000, 9, 3000, -1}, {30000, 9, QN_BATCH_ROWS, -1}, {5, 9, 2, last}};
    rows_kind reversed[] = {{40000, 9, 1000, last}, {0, 9, 1, -1}, {40000, 9, 700, 0}};
    for (int tight = 0; tight < 2; tight++) {
        check_union(kinds, 1, tight ? TIGHT : ROOM);
        check_union(kinds, 2, tight ? TIGHT : ROOM);
        check_union(kinds, 3, tight ? TIGHT : ROOM);
        check_union(reversed, 3, tight ? TIGHT : ROOM);
    }
    rows_kind tiny[] = {{1, 9, 1, -1}, {2, 9, 1, -1}}, none[] = {{0, 9, 1, -1}, {0, 9, 1, -1}};
    check_union(tiny, 2, ROOM);
    check_union(none, 2, ROOM);
}

static qn_status schema_stream(qn_stream **out, const qn_type *types, int count) {
    qn_schema schema;
    qn_schema_init(&schema);
    for (int i = 0; i < count; i++) {
        char name[16];
        sprintf(name, "c%d", i);
        QN_TRY(qn_schema_add(&schema, name, types[i]));
    }
    qn_status status = qn_stream_of_batches(out, &schema, NULL, 0);
    qn_schema_clear(&schema);
    return status;
}

static void test_types_must_fit(void) {
    static const qn_type a[] = {QN_INT64, QN_STRING}, b[] = {QN_INT64, QN_DATE}, v[] = {QN_VECTOR};
    qn_execution execution = execution_with(ROOM);
    qn_stream *inputs[2], *out = NULL;
    QN_TEST_OK(schema_stream(&inputs[0], a, 2));
    QN_TEST_OK(schema_stream(&inputs[1], b, 2));
    QN_TEST_FAILS(qn_union_open(&out, inputs, 2, &execution), QN_JOB, "column 2 is a string");
    QN_TEST_OK(schema_stream(&inputs[0], a, 2));
    QN_TEST_OK(schema_stream(&inputs[1], a, 1));
    QN_TEST_FAILS(qn_set_open(&out, inputs[0], inputs[1], &execution, QN_SET_EXCEPT, false), QN_JOB,
                  "EXCEPT of tables with 2 and 1 columns");
    QN_TEST_OK(schema_stream(&inputs[0], v, 1));
    QN_TEST_OK(schema_stream(&inputs[1], v, 1));
    QN_TEST_FAILS(qn_set_open(&out, inputs[0], inputs[1], &execution, QN_SET_INTERSECT, false),
                  QN_JOB, "'c0' is a vector");
}

/* ---- Sets ----------------------------------------------------------------------------------- */

/* Rows with a number (or null) and a text, both functions of value(row). */
typedef struct bag {
    int64_t rows, distinct, salt;
} bag;

static int64_t value_of(const bag *from, int64_t row) {
    return (int64_t)(row_hash(row + from->salt, 3) % (uint64_t)from->distinct);
}

static qn_status bag_batch(qn_batch *out, const bag *from, int64_t first, int64_t count) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_batch_init(out);
    out->length = count;
    out->first_row = first;
    QN_TRY(qn_batch_reserve(out, 2));
    QN_TRY(qn_column_new(&out->columns[0], QN_FLOAT64, count, 0));
    for (int64_t i = 0; i < count; i++) {
        char text[32];
        int64_t value = value_of(from, first + i);
        if (value == 0)
            QN_TRY(qn_column_set_null(out->columns[0], i));
        else
            out->columns[0]->f64[i] = value == 1 ? NAN : (double)value;
        QN_TRY(qn_string_builder_add(
            &builder, (qn_view){text, sprintf(text, "text %lld", (long long)value)}));
    }
    return qn_string_builder_finish(&builder, &out->columns[1]);
}

static qn_status bag_stream(qn_stream **out, const bag *from) {
    int rank = qn_comm_rank(qn_test_comm()), size = qn_comm_size(qn_test_comm());
    int64_t first = from->rows * rank / size, last = from->rows * (rank + 1) / size;
    qn_table table;
    qn_table_init(&table);
    QN_TRY(qn_schema_add(&table.schema, "n", QN_FLOAT64));
    QN_TRY(qn_schema_add(&table.schema, "s", QN_STRING));
    for (int64_t at = first; at < last; at += 999) {
        qn_batch batch;
        QN_TRY(bag_batch(&batch, from, at, last - at < 999 ? last - at : 999));
        QN_TRY(qn_table_add(&table, &batch));
    }
    qn_status status = qn_table_stream(out, &table);
    qn_table_clear(&table);
    return status;
}

/* Walks the left rows in order with counts by value, as the definitions of SQL say. */
static int64_t expected_set(const bag *left, const bag *right, qn_set_kind kind, bool all,
                            int64_t *values) {
    int64_t distinct = left->distinct > right->distinct ? left->distinct : right->distinct;
    int64_t *rights = calloc((size_t)distinct, sizeof *rights), count = 0;
    int64_t *lefts = calloc((size_t)distinct, sizeof *lefts);
    int64_t *taken = calloc((size_t)distinct, sizeof *taken);
    for (int64_t i = 0; i < right->rows; i++)
        rights[value_of(right, i)]++;
    for (int64_t i = 0; i < left->rows; i++)
        lefts[value_of(left, i)]++;
    for (int64_t i = 0; i < left->rows; i++) {
        int64_t v = value_of(left, i), wanted = 0;
        if (kind == QN_SET_INTERSECT)
            wanted = all ? (lefts[v] < rights[v] ? lefts[v] : rights[v]) : rights[v] > 0;
        else
            wanted = all ? lefts[v] - rights[v] : rights[v] == 0;
        if (taken[v] < wanted) {
            taken[v]++;
            values[count++] = v;
        }
    }
    free(rights);
    free(lefts);
    free(taken);
    return count;
}

static void check_set(const bag *left, const bag *right, qn_set_kind kind, bool all,
                      int64_t memory) {
    qn_execution execution = execution_with(memory);
    qn_stream *a = NULL, *b = NULL, *out = NULL;
    qn_table table;
    qn_table_init(&table);
    int64_t *values = malloc((size_t)(left->rows + 1) * sizeof *values);
    int64_t expected = expected_set(left, right, kind, all, values), at = 0, wrong = 0;
    QN_TEST_OK(bag_stream(&a, left));
    QN_TEST_OK(bag_stream(&b, right));
    QN_TEST_OK(qn_set_open(&out, a, b, &execution, kind, all));
    QN_TEST_OK(qn_gather_table(&table, out, qn_test_comm(), 0));
    for (int64_t i = 0; i < table.batch_count; i++)
        for (int64_t row = 0; row < table.batches[i].length; row++, at++) {
            char text[32];
            int64_t value = at < expected ? values[at] : -1;
            qn_view s = qn_column_string(table.batches[i].columns[1], row);
            double n = qn_column_real(table.batches[i].columns[0], row);
            wrong += s.length != sprintf(text, "text %lld", (long long)value) ||
                     memcmp(s.data, text, (size_t)s.length) != 0;
            wrong += value < 2 ? !isnan(n) : n != (double)value;
        }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(at, qn_comm_rank(qn_test_comm()) == 0 ? expected : 0);
    qn_table_clear(&table);
    qn_stream_free(out);
    free(values);
}

static void check_all_sets(const bag *left, const bag *right, int64_t memory) {
    for (int all = 0; all < 2; all++) {
        check_set(left, right, QN_SET_INTERSECT, all, memory);
        check_set(left, right, QN_SET_EXCEPT, all, memory);
    }
}

static void test_sets(void) {
    bag many = {20000, 500, 0}, other = {15000, 700, 100000}, unique = {30000, 1000000, 5};
    bag few = {50, 20, 7}, none = {0, 5, 0}, one = {1, 3, 2};
    check_all_sets(&many, &other, ROOM);
    check_all_sets(&unique, &unique, ROOM);
    check_all_sets(&many, &few, ROOM);
    check_all_sets(&few, &many, ROOM);
    check_all_sets(&many, &none, ROOM);
    check_all_sets(&none, &many, ROOM);
    check_all_sets(&one, &few, ROOM);
}

static void test_sets_without_room(void) {
    bag many = {20000, 500, 0}, unique = {30000, 1000000, 5};
    check_all_sets(&many, &unique, TIGHT);
    check_all_sets(&unique, &many, TIGHT);
    check_all_sets(&unique, &unique, 4 * TIGHT);
}

/* ---- One row -------------------------------------------------------------------------------- */

static void test_single(void) {
    qn_execution execution = execution_with(ROOM);
    for (int64_t rows = 0; rows < 4; rows++) {
        rows_kind kind = {rows, 9, 1, -1};
        qn_stream *in = NULL, *out = NULL;
        qn_table table;
        qn_table_init(&table);
        QN_TEST_OK(rows_stream(&in, &kind));
        QN_TEST_OK(qn_single_open(&out, in, &execution));
        if (rows > 1) {
            QN_TEST_FAILS(qn_table_collect(&table, out), QN_JOB, "more than one row");
        } else {
            QN_TEST_OK(qn_gather_table(&table, out, qn_test_comm(), 0));
            if (qn_comm_rank(qn_test_comm()) == 0) {
                CU_ASSERT_EQUAL(table.row_count, 1);
                CU_ASSERT_EQUAL(qn_column_is_null(table.batches[0].columns[COLUMN_ID], 0),
                                rows == 0);
                CU_ASSERT_EQUAL(table.batches[0].columns[COLUMN_ID]->i64[0], 0);
            }
        }
        qn_table_clear(&table);
        qn_stream_free(out);
    }
}

/* ---- Failures ------------------------------------------------------------------------------- */

static qn_status open_nth(int which, qn_stream **out, int64_t memory) {
    qn_execution execution = execution_with(memory);
    rows_kind kind = {3000, 9, 1000, -1};
    bag left = {3000, 50, 0}, right = {2000, 70, 9};
    qn_stream *inputs[2] = {NULL};
    if (which == 0) {
        QN_TEST_OK(rows_stream(&inputs[0], &kind));
        QN_TEST_OK(rows_stream(&inputs[1], &kind));
        return qn_union_open(out, inputs, 2, &execution);
    }
    QN_TEST_OK(bag_stream(&inputs[0], &left));
    QN_TEST_OK(bag_stream(&inputs[1], &right));
    return qn_set_open(out, inputs[0], inputs[1], &execution, QN_SET_EXCEPT, true);
}

static void fail_everywhere(int which, int64_t memory, int64_t stride) {
    qn_comm *comm = qn_test_comm();
    bool last = qn_comm_rank(comm) == qn_comm_size(comm) - 1;
    qn_status status = QN_MEMORY;
    for (int64_t i = 0; status == QN_MEMORY && i < 20000; i += stride) {
        int64_t before = qn_mem_blocks();
        qn_stream *out = NULL;
        qn_table table;
        qn_table_init(&table);
        QN_TEST_OK(open_nth(which, &out, memory));
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
    fail_everywhere(0, ROOM, 1);
    fail_everywhere(0, 1, 3);
    fail_everywhere(1, ROOM, 1);
    fail_everywhere(1, 400 << 10, 11);
}

/* Inputs that all ranks must pull together to their ends. */
static void test_waiting_inputs(void) {
    qn_comm *comm = qn_test_comm();
    bool last = qn_comm_rank(comm) == qn_comm_size(comm) - 1;
    qn_execution execution = execution_with(ROOM);
    for (int which = 0; which < 2; which++) {
        qn_status status = QN_MEMORY;
        for (int64_t i = 0; status == QN_MEMORY && i < 2000; i++) {
            qn_stream *inputs[2] = {NULL}, *out = NULL;
            qn_table table;
            qn_table_init(&table);
            QN_TEST_OK(waiting_stream_new(&inputs[0], comm));
            QN_TEST_OK(waiting_stream_new(&inputs[1], comm));
            if (which == 0)
                QN_TEST_OK(qn_union_open(&out, inputs, 2, &execution));
            else
                QN_TEST_OK(
                    qn_set_open(&out, inputs[0], inputs[1], &execution, QN_SET_INTERSECT, true));
            qn_mem_fail_after(last ? i : -1);
            status = qn_comm_agree(comm, qn_table_collect(&table, out));
            qn_mem_fail_after(-1);
            qn_stream_free(out);
            qn_table_clear(&table);
        }
        QN_TEST_OK(status);
    }
}

static const qn_test_case cases[] = {
    {"tables stand one below the other", test_union},
    {"types must fit", test_types_must_fit},
    {"intersect and except keep the first of equal rows", test_sets},
    {"what does not fit is done in passes, to the same rows", test_sets_without_room},
    {"a table of one row, or of nulls", test_single},
    {"memory failures are agreed", test_memory_failures},
    {"inputs are read to their end together", test_waiting_inputs},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("union", cases);
}
