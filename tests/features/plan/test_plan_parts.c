/* Conditions leave parts of a feature version out: the rows are those of the plan as written, on
 * any number of ranks.
 * Ranks: 1 2 3 7 */
#include "features/digest.h"
#include "features/plan/plan.h"
#include "features/scan/table_scan.h"
#include "features/sql/sql.h"
#include "features/store/store.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 12, ROWS = PARTS * QN_BATCH_ROWS - 1000, FIRST_DAY = 18262 /* 2020-01-01 */ };

static qn_comm *serial;
static const char *store;

/* ---- The table: part p has ids p * QN_BATCH_ROWS and up -------------------------------------- */

static const struct {
    const char *name;
    qn_type type;
} table_columns[] = {{"id", QN_INT64}, {"n", QN_INT32}, {"x", QN_FLOAT64},   {"f", QN_FLOAT32},
                     {"b", QN_BOOL},   {"d", QN_DATE},  {"t", QN_TIMESTAMP}, {"s", QN_STRING}};

enum { COLUMNS = sizeof table_columns / sizeof *table_columns };

/* x: NaN among numbers in part 3, nothing else in part 4, only -0 in part 5, infinity in part 6. */
static double real_at(int64_t id) {
    int64_t part = id / QN_BATCH_ROWS;
    if (part == 4 || (part == 3 && id % 100 == 0))
        return (double)NAN;
    if (part == 5)
        return -0.0;
    return part == 6 && id % 100 == 0 ? (double)INFINITY : (double)(part * 10 + id % 7);
}

static qn_status fill_strings(qn_column **out, int64_t first, int64_t rows) {
    qn_string_builder builder;
    qn_status status = QN_OK;
    char text[128];
    qn_string_builder_init(&builder);
    for (int64_t id = first; id < first + rows; id++) {
        int part = (int)(id / QN_BATCH_ROWS);
        snprintf(text, sizeof text, "k%c%s", 'a' + part, id % 3 == 0 ? "" : "x");
        if (part == 7) /* too long for statistics */
            snprintf(text, sizeof text, "%090d", (int)(id % 10));
        if (part == 8)
            QN_TRY_GOTO(qn_string_builder_add_null(&builder), done);
        else
            QN_TRY_GOTO(qn_string_builder_add(&builder, qn_view_of(text)), done);
    }
    status = qn_string_builder_finish(&builder, out);
done:
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status fill_row(qn_column **columns, int64_t row, int64_t id) {
    int64_t part = id / QN_BATCH_ROWS;
    columns[0]->i64[row] = id;
    columns[1]->i32[row] = (int32_t)(id % 1000);
    columns[2]->f64[row] = real_at(id);
    columns[3]->f32[row] = (float)part * 0.1F;
    if (part < 3)
        qn_bit_set(columns[4]->bits, row);
    columns[5]->i32[row] = (int32_t)(FIRST_DAY + part * 10 + id % 10);
    columns[6]->i64[row] = (FIRST_DAY + part) * INT64_C(86400000000000) + id;
    if (part == 2 || (part == 9 && id % 5 == 0))
        QN_TRY(qn_column_set_null(columns[1], row));
    return QN_OK;
}

static qn_status fill_batch(qn_batch *out, int64_t first, int64_t rows) {
    QN_TRY(qn_batch_reserve(out, COLUMNS));
    out->length = rows;
    out->first_row = first;
    for (int i = 0; i + 1 < COLUMNS; i++)
        QN_TRY(qn_column_new(&out->columns[i], table_columns[i].type, rows, 0));
    QN_TRY(fill_strings(&out->columns[COLUMNS - 1], first, rows));
    for (int64_t row = 0; row < rows; row++)
        QN_TRY(fill_row(out->columns, row, first + row));
    return QN_OK;
}

/* Rows [begin, end), whose numbers are their ids or, in a small table, count from 0. */
static void write_rows(qn_comm *comm, const char *path, int64_t begin, int64_t end,
                       const qn_store_options *options) {
    qn_table table;
    qn_stream *stream = NULL;
    qn_table_init(&table);
    for (int i = 0; i < COLUMNS; i++)
        QN_TEST_OK(qn_schema_add(&table.schema, table_columns[i].name, table_columns[i].type));
    int64_t batches = (end - begin + QN_BATCH_ROWS - 1) / QN_BATCH_ROWS;
    int64_t rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    for (int64_t i = batches * rank / size; i < batches * (rank + 1) / size; i++) {
        int64_t first = begin + i * QN_BATCH_ROWS;
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TEST_OK(
            fill_batch(&batch, first, end - first < QN_BATCH_ROWS ? end - first : QN_BATCH_ROWS));
        batch.first_row = i * QN_BATCH_ROWS;
        QN_TEST_OK(qn_table_add(&table, &batch));
    }
    QN_TEST_OK(qn_table_stream(&stream, &table));
    QN_TEST_OK(qn_store_write(stream, comm, path, "events", options, NULL));
    qn_stream_free(stream);
    qn_table_clear(&table);
}

static void test_store_is_written(void) {
    static char path[512];
    const qn_store_options options = {.part_batches = 1};
    snprintf(path, sizeof path, "%s", qn_test_path("store"));
    store = path;
    write_rows(qn_test_comm(), store, 0, ROWS, &options);
}

/* ---- Queries --------------------------------------------------------------------------------- */

static qn_status open_store(void *context, qn_comm *comm, qn_stream **out) {
    return qn_store_open(out, comm, context, "events", QN_STORE_LATEST, NULL);
}

static void run_query(const char *path, const char *query, bool as_written, char *digest,
                      qn_text *tree) {
    qn_execution execution = qn_execution_of(qn_test_comm());
    char *context = (char *)(uintptr_t)path;
    const qn_plan_table table = {"t", open_store, context};
    qn_plan *plan = NULL;
    qn_stream *stream = NULL;
    QN_TEST_OK(qn_sql_query(&plan, qn_view_of(query)));
    if (as_written)
        qn_plan_leave_as_written(plan);
    QN_TEST_OK(qn_plan_prepare(plan, &execution, &table, 1));
    if (tree != NULL)
        QN_TEST_OK(qn_plan_print(plan, tree));
    QN_TEST_OK(qn_plan_open(&stream, plan, &execution, &table, 1));
    QN_TEST_OK(qn_digest_stream(stream, qn_test_comm(), digest));
    qn_stream_free(stream);
    qn_plan_free(plan);
}

/* left < 0: nothing is left to the scan. */
static void check_query(const char *path, const char *condition, int left, int total) {
    char query[512], wanted[64], pruned[QN_DIGEST_TEXT] = "", plain[QN_DIGEST_TEXT] = "";
    qn_text tree;
    qn_text_init(&tree);
    snprintf(query, sizeof query, "SELECT * FROM t WHERE %s", condition);
    run_query(path, query, false, pruned, &tree);
    run_query(path, query, true, plain, NULL);
    CU_ASSERT_STRING_EQUAL(pruned, plain);
    snprintf(wanted, sizeof wanted, ", %d of %d parts by ", left, total);
    bool right = tree.data != NULL && (left < 0 ? strstr(tree.data, " parts by ") == NULL
                                                : strstr(tree.data, wanted) != NULL);
    if (!right && qn_comm_rank(qn_test_comm()) == 0)
        printf("%s\nwanted: %s\n%s", condition, wanted, tree.data);
    CU_ASSERT(right);
    qn_text_clear(&tree);
}

static void test_conditions(void) {
    static const struct {
        const char *condition;
        int left;
    } queries[] = {
        {"id = 20000", 1},
        {"20000 > id", 2},
        {"id >= 16384 AND id < 32768", 1},
        {"id > 16383.5 AND id <= 32767.5", 1},
        {"id BETWEEN 30000 AND 40000", 2},
        {"id IN (5, 40000, NULL)", 2},
        {"id <=> 5", 1},
        {"id < 0", 0},
        {"id > 1000 AND sqrt(id) > 400 AND id < 170000", 11},
        {"n IS NULL", 2},
        {"n IS NOT NULL AND id < 60000", 3},
        {"n = 7", 11},
        {"x = 0", 3}, /* -0 is 0; nothing is known of part 4 */
        {"x = -0.0", 3},
        {"x < 0", 1},   /* no row */
        {"x > 200", 3}, /* NaN is above all numbers; infinity has no bound */
        {"x >= 116", 4},
        {"x = 33", 2}, /* of part 3 all that is NaN is not 33 */
        {"f > 1.05", 1},
        {"f = CAST(0.3 AS FLOAT)", 1},
        {"b = true", 3},
        {"NOT b", 9},
        {"d = DATE '2020-02-03'", 1},
        {"d = '2020-02-03'", 1},
        {"d < DATE '2020-01-15' AND d > DATE '2020-01-05'", 2},
        {"t < TIMESTAMP '2020-01-02 00:00:01'", 2},
        {"s = 'kc'", 2}, /* texts of part 7 are too long, part 8 has none */
        {"s > 'kk'", 3},
        {"s IN ('kax', 'zz')", 2},
        {"s = 'kaa'", 2},
        {"id = 5 OR id = 40000", -1},
        {"id + 1 = 5", -1},
        {"id <> 5", -1},
    };
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        check_query(store, queries[i].condition, queries[i].left, PARTS);
}

static void test_queries(void) {
    static const char *const queries[] = {
        "SELECT count(*) AS c, sum(x) AS x, avg(f) AS f FROM t WHERE id > 100000 AND id < 150000",
        "SELECT a.id, c.n FROM t a JOIN t c ON a.id = c.id WHERE a.id < 20 AND c.id < 20",
        "SELECT id FROM t WHERE id > 170000 LIMIT 3",
        "SELECT id FROM t WHERE id < 10 UNION ALL SELECT id FROM t WHERE id > 195000"};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        char pruned[QN_DIGEST_TEXT] = "", plain[QN_DIGEST_TEXT] = "";
        run_query(store, queries[i], false, pruned, NULL);
        run_query(store, queries[i], true, plain, NULL);
        CU_ASSERT_STRING_EQUAL(pruned, plain);
    }
}

/* By the numbers of rows a sample is drawn. */
static void test_rows_keep_their_numbers(void) {
    char digests[2][QN_DIGEST_TEXT] = {"", ""};
    for (int i = 0; i < 2; i++) {
        qn_stream *stream = NULL;
        qn_execution execution = qn_execution_of(qn_test_comm());
        char *context = (char *)(uintptr_t)store;
        const qn_plan_table table = {"t", open_store, context};
        qn_plan *plan = NULL;
        QN_TEST_OK(qn_sql_query(&plan, qn_view_of("SELECT id FROM t WHERE id > 100000")));
        QN_TEST_OK(qn_plan_sample(&plan, plan, 0.3, 7, -1));
        if (i == 1)
            qn_plan_leave_as_written(plan);
        QN_TEST_OK(qn_plan_open(&stream, plan, &execution, &table, 1));
        QN_TEST_OK(qn_digest_stream(stream, qn_test_comm(), digests[i]));
        qn_stream_free(stream);
        qn_plan_free(plan);
    }
    CU_ASSERT_STRING_EQUAL(digests[0], digests[1]);
}

/* Parts smaller than batches: a batch comes whole if one of its parts stays. */
static void test_small_parts(void) {
    enum { SMALL = 5000, COUNT = 10 };
    const qn_store_options options = {.mode = QN_STORE_APPEND};
    char path[512];
    snprintf(path, sizeof path, "%s", qn_test_path("small"));
    for (int64_t i = 0; i < COUNT; i++)
        write_rows(qn_test_comm(), path, i * SMALL, (i + 1) * SMALL, &options);
    check_query(path, "id = 17000", 1, COUNT);
    check_query(path, "id < 3 OR id > 8", -1, COUNT);
    check_query(path, "id IN (3, 26000, 49999)", 3, COUNT);
    check_query(path, "id >= 14999 AND id <= 15000", 2, COUNT);
    check_query(path, "id > 49999", 0, COUNT);
}

/* ---- Records --------------------------------------------------------------------------------- */

static json_t *stats_of(const char *path) {
    json_t *shown = NULL, *list = json_array();
    QN_TEST_OK(qn_store_show(path, "events", QN_STORE_LATEST, &shown));
    const json_t *files = json_object_get(shown, "files");
    for (size_t i = 0; i < json_array_size(files); i++)
        json_array_append(list, json_object_get(json_array_get(files, i), "stats"));
    json_decref(shown);
    return list;
}

static const json_t *stat(const json_t *stats, size_t part, const char *column, const char *key) {
    return json_object_get(json_object_get(json_array_get(stats, part), column), key);
}

static void test_statistics(void) {
    const qn_store_options options = {.part_batches = 1};
    char path[512];
    snprintf(path, sizeof path, "%s", qn_test_path("alone"));
    if (qn_comm_rank(qn_test_comm()) == 0) {
        write_rows(serial, path, 0, ROWS, &options);
        json_t *alone = stats_of(path), *all = stats_of(store);
        char *a = json_dumps(alone, JSON_COMPACT), *b = json_dumps(all, JSON_COMPACT);
        CU_ASSERT_STRING_EQUAL(a, b);
        CU_ASSERT_STRING_EQUAL(json_string_value(stat(all, 2, "s", "max")), "kcx");
        CU_ASSERT(stat(all, 7, "s", "max") == NULL && stat(all, 8, "s", "min") == NULL);
        CU_ASSERT(json_integer_value(stat(all, 3, "x", "nan")) == 164);
        CU_ASSERT(stat(all, 6, "x", "min") != NULL && stat(all, 6, "x", "max") == NULL);
        CU_ASSERT(!signbit(json_real_value(stat(all, 5, "x", "min"))));
        CU_ASSERT(json_integer_value(stat(all, 2, "b", "min")) == 1);
        CU_ASSERT(json_integer_value(stat(all, 2, "n", "null")) == QN_BATCH_ROWS);
        free(a);
        free(b);
        json_decref(alone);
        json_decref(all);
    }
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
}

/* Records of before have no "nan", and no bounds of texts and bools. */
static void test_older_records(void) {
    qn_schema schema;
    const qn_scalar ten = {.type = QN_FLOAT64, .real = 10},
                    text = {.type = QN_STRING, .text = {"a", 1}};
    const qn_scan_term above = {0, QN_SCAN_GREATER, &ten, 1}, below = {0, QN_SCAN_LESS, &ten, 1},
                       equal = {0, QN_SCAN_EQUAL, &ten, 1}, same = {1, QN_SCAN_EQUAL, &text, 1};
    json_t *stats = json_loads("{\"x\": {\"null\": 0, \"min\": 0.5, \"max\": 6.5}, "
                               "\"s\": {\"null\": 1}}",
                               0, NULL);
    qn_schema_init(&schema);
    QN_TEST_OK(qn_schema_add(&schema, "x", QN_FLOAT64));
    QN_TEST_OK(qn_schema_add(&schema, "s", QN_STRING));
    CU_ASSERT(qn_table_part_may_match(stats, 9, &schema, &above, 1));
    CU_ASSERT(qn_table_part_may_match(stats, 9, &schema, &below, 1));
    CU_ASSERT(!qn_table_part_may_match(stats, 9, &schema, &equal, 1));
    CU_ASSERT(qn_table_part_may_match(stats, 9, &schema, &same, 1));
    CU_ASSERT(qn_table_part_may_match(NULL, 9, &schema, &equal, 1));
    CU_ASSERT(!qn_table_part_may_match(stats, 1, &schema, &same, 1));
    qn_schema_clear(&schema);
    json_decref(stats);
}

static const qn_test_case cases[] = {
    {"a store of twelve parts", test_store_is_written},
    {"conditions leave parts out", test_conditions},
    {"queries over parts that are left", test_queries},
    {"rows keep their numbers", test_rows_keep_their_numbers},
    {"parts smaller than batches", test_small_parts},
    {"statistics are the same on any number of ranks", test_statistics},
    {"records without statistics", test_older_records},
    {NULL, NULL}};

int main(void) {
    if (qn_comm_self(&serial) != QN_OK)
        return 1;
    int status = qn_test_main("plan parts", cases);
    qn_comm_free(serial);
    return status;
}
