/* Joins of two small tables against DuckDB 2.0.
 * Ranks: 1 2 3 */
#include "features/join/join.h"

#include "core/expr/expr.h"
#include "core/memory.h"
#include "mpi/comm/gather.h"
#include "tests/harness/harness.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 6, NONE = -1000 };

/* create table a(i int, k int, x int); create table b(j int, k int, y int); */
static const int32_t rows_of_a[ROWS][3] = {{0, 1, 10}, {1, 2, 20}, {2, NONE, 30},
                                           {3, 2, 40}, {4, 5, 50}, {5, NONE, 60}};
static const int32_t rows_of_b[ROWS][3] = {{0, 2, 15}, {1, NONE, 25}, {2, 1, 5},
                                           {3, 2, 35}, {4, 7, 45},    {5, 1, 100}};

/* One row a batch, spread over the ranks. */
static void make_table(qn_table *out, const int32_t rows[ROWS][3], const char *const names[3]) {
    int rank = qn_comm_rank(qn_test_comm()), size = qn_comm_size(qn_test_comm());
    qn_table_init(out);
    for (int c = 0; c < 3; c++)
        QN_TEST_OK(qn_schema_add(&out->schema, names[c], QN_INT32));
    for (int64_t r = ROWS * rank / size; r < ROWS * (rank + 1) / size; r++) {
        qn_batch batch;
        qn_batch_init(&batch);
        batch.first_row = r;
        batch.length = 1;
        for (int c = 0; c < 3; c++) {
            qn_column *column = NULL;
            QN_TEST_OK(qn_column_new(&column, QN_INT32, 1, 0));
            if (rows[r][c] == NONE)
                QN_TEST_OK(qn_column_set_null(column, 0));
            else
                column->i32[0] = rows[r][c];
            QN_TEST_OK(qn_batch_append(&batch, column));
        }
        QN_TEST_OK(qn_table_add(out, &batch));
    }
}

typedef struct golden {
    qn_join_kind kind;
    bool keys, null_safe, residual, null_aware;
    const char *expected; /* i-j of each row, '.' for null; MARK: i and t, f or n */
} golden;

/* Rows as DuckDB gives them for
 *   select i, j from a KIND join b on [a.k = b.k | a.k is not distinct from b.k] [and x < y]
 *   order by i nulls last, j */
static const golden goldens[] = {
    {QN_JOIN_INNER, true, false, false, false, "0-2 0-5 1-0 1-3 3-0 3-3"},
    {QN_JOIN_INNER, true, false, true, false, "0-5 1-3"},
    {QN_JOIN_INNER, true, true, false, false, "0-2 0-5 1-0 1-3 2-1 3-0 3-3 5-1"},
    {QN_JOIN_INNER, false, false, true, false,
     "0-0 0-1 0-3 0-4 0-5 1-1 1-3 1-4 1-5 2-3 2-4 2-5 3-4 3-5 4-5 5-5"},
    {QN_JOIN_LEFT, true, false, false, false, "0-2 0-5 1-0 1-3 2-. 3-0 3-3 4-. 5-."},
    {QN_JOIN_LEFT, true, false, true, false, "0-5 1-3 2-. 3-. 4-. 5-."},
    {QN_JOIN_LEFT, true, true, false, false, "0-2 0-5 1-0 1-3 2-1 3-0 3-3 4-. 5-1"},
    {QN_JOIN_RIGHT, true, false, false, false, "0-2 0-5 1-0 1-3 3-0 3-3 .-1 .-4"},
    {QN_JOIN_RIGHT, true, false, true, false, "0-5 1-3 .-0 .-1 .-2 .-4"},
    {QN_JOIN_RIGHT, true, true, false, false, "0-2 0-5 1-0 1-3 2-1 3-0 3-3 5-1 .-4"},
    {QN_JOIN_RIGHT, false, false, true, false,
     "0-0 0-1 0-3 0-4 0-5 1-1 1-3 1-4 1-5 2-3 2-4 2-5 3-4 3-5 4-5 5-5 .-2"},
    {QN_JOIN_FULL, true, false, false, false, "0-2 0-5 1-0 1-3 2-. 3-0 3-3 4-. 5-. .-1 .-4"},
    {QN_JOIN_FULL, true, false, true, false, "0-5 1-3 2-. 3-. 4-. 5-. .-0 .-1 .-2 .-4"},
    {QN_JOIN_FULL, true, true, false, false, "0-2 0-5 1-0 1-3 2-1 3-0 3-3 4-. 5-1 .-4"},
    /* select i from a where exists (select 1 from b where a.k = b.k and x < y) */
    {QN_JOIN_SEMI, true, false, true, false, "0 1"},
    {QN_JOIN_SEMI, true, false, false, false, "0 1 3"},
    /* not exists (select 1 from b where a.k = b.k) */
    {QN_JOIN_ANTI, true, false, false, false, "2 4 5"},
    /* k not in (select k from b); k not in (select k from b where a.x < b.y) */
    {QN_JOIN_ANTI, true, false, false, true, ""},
    {QN_JOIN_ANTI, true, false, true, true, "3 4"},
    /* select i, k in (select k from b); ... (select k from b where a.x < b.y) */
    {QN_JOIN_MARK, true, false, false, true, "0t 1t 2n 3t 4n 5n"},
    {QN_JOIN_MARK, true, false, true, true, "0t 1t 2n 3f 4f 5n"},
};
enum { GOLDENS = sizeof goldens / sizeof *goldens };

static qn_status make_residual(qn_expr **out, const qn_schema *both) {
    qn_expr *arguments[2] = {NULL, NULL};
    QN_TRY(qn_expr_column(&arguments[0], "x", -1));
    QN_TRY(qn_expr_column(&arguments[1], "y", -1));
    QN_TRY(qn_expr_call(out, "<", arguments, 2, -1));
    return qn_expr_bind(*out, both);
}

static qn_status open_join(qn_stream **out, const golden *golden_, const qn_table *a,
                           const qn_table *b) {
    static const int32_t keys[1] = {1};
    qn_execution execution = qn_execution_of(qn_test_comm());
    qn_schema both, left;
    qn_stream *left_stream = NULL, *right_stream = NULL;
    bool selects = golden_->kind == QN_JOIN_SEMI || golden_->kind == QN_JOIN_ANTI;
    QN_TRY(qn_schema_copy(&both, &a->schema));
    for (int i = 0; i < 3; i++)
        QN_TRY(qn_schema_add_field(&both, &b->schema.fields[i]));
    QN_TRY(qn_schema_copy(&left, &a->schema));
    if (golden_->kind == QN_JOIN_MARK)
        QN_TRY(qn_schema_add(&left, "mark", QN_BOOL));
    qn_join_spec spec = {.kind = golden_->kind,
                         .left_keys = keys,
                         .right_keys = keys,
                         .null_safe = &golden_->null_safe,
                         .key_count = golden_->keys,
                         .null_aware = golden_->null_aware,
                         .schema = selects || golden_->kind == QN_JOIN_MARK ? &left : &both};
    if (golden_->residual)
        QN_TRY(make_residual(&spec.residual, &both));
    QN_TRY(qn_table_stream(&left_stream, a));
    QN_TRY(qn_table_stream(&right_stream, b));
    qn_status status = qn_join_open(out, left_stream, right_stream, &execution, &spec);
    qn_schema_clear(&both);
    qn_schema_clear(&left);
    return status;
}

static void print_cell(qn_text *text, const qn_column *column, int64_t row) {
    if (qn_column_is_null(column, row))
        QN_TEST_OK(qn_text_add_char(text, '.'));
    else
        QN_TEST_OK(qn_text_printf(text, "%d", column->i32[row]));
}

static void print_row(qn_text *text, const golden *golden_, const qn_batch *batch, int64_t row) {
    if (text->length > 0)
        QN_TEST_OK(qn_text_add_char(text, ' '));
    print_cell(text, batch->columns[0], row);
    if (golden_->kind == QN_JOIN_MARK) {
        const qn_column *mark = batch->columns[3];
        bool null = qn_column_is_null(mark, row);
        QN_TEST_OK(qn_text_add_char(text, null ? 'n' : qn_bit(mark->bits, row) ? 't' : 'f'));
    } else if (batch->count == 6) {
        QN_TEST_OK(qn_text_add_char(text, '-'));
        print_cell(text, batch->columns[3], row);
    }
}

static void check(const golden *golden_) {
    qn_comm *comm = qn_test_comm();
    qn_table a, b, out;
    qn_stream *stream = NULL;
    qn_text text;
    make_table(&a, rows_of_a, (const char *const[]){"i", "k", "x"});
    make_table(&b, rows_of_b, (const char *const[]){"j", "k2", "y"});
    qn_table_init(&out);
    qn_text_init(&text);
    QN_TEST_OK(open_join(&stream, golden_, &a, &b));
    QN_TEST_OK(qn_gather_table(&out, stream, comm, 0));
    for (int64_t n = 0; n < out.batch_count; n++)
        for (int64_t row = 0; row < out.batches[n].length; row++)
            print_row(&text, golden_, &out.batches[n], row);
    if (qn_comm_rank(comm) == 0)
        CU_ASSERT_STRING_EQUAL(text.data == NULL ? "" : text.data, golden_->expected);
    qn_text_clear(&text);
    qn_table_clear(&out);
    qn_stream_free(stream);
    qn_table_clear(&a);
    qn_table_clear(&b);
}

static void test_duckdb_agrees(void) {
    for (int i = 0; i < GOLDENS; i++)
        check(&goldens[i]);
}

static const qn_test_case cases[] = {
    {"joins give the rows that DuckDB gives", test_duckdb_agrees},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("join_golden", cases);
}
