/* The stage sql_transformer. Ranks: 1 2 3 */
#include "features/pipeline.h"
#include "features/sql/sql.h"
#include "features/stage/registry.h"
#include "features/stage/stages.h"
#include "features/wide/wide.h"
#include "tests/features/sql_table.h"

static const qn_registry registries[] = {qn_feature_stages, NULL};

static qn_stage *new_stage(const char *statement) {
    const qn_stage_class *class_ = NULL;
    qn_stage *stage = NULL;
    QN_TEST_OK(qn_stage_find(registries, "sql_transformer", &class_));
    QN_TEST_OK(qn_stage_new(&stage, class_));
    if (statement != NULL)
        QN_TEST_OK(qn_stage_set(stage, "statement", statement));
    return stage;
}

static char *transformed(qn_stage *stage) {
    qn_session session = {.now = INT64_C(1700000000) * 1000000000};
    qn_execution execution = qn_execution_of(qn_test_comm());
    qn_stream *stream = NULL;
    char *text = NULL;
    execution.session = &session;
    qn_stage_set_execution(stage, &execution);
    QN_TEST_OK(sql_table_open(&stream, qn_test_comm()));
    QN_TEST_OK(qn_stage_stream(&stream, stage, stream));
    QN_TEST_OK(sql_gather_text(&text, stream, qn_test_comm()));
    qn_stage_set_execution(stage, NULL);
    return text;
}

static void check_statement(const char *statement, const char *expected) {
    qn_stage *stage = new_stage(statement);
    char *text = transformed(stage);
    CU_ASSERT_STRING_EQUAL(text, expected);
    qn_mem_free(text);
    qn_stage_free(stage);
}

static void test_statements_transform_rows(void) {
    check_statement("SELECT id, upper(cut) AS c, x / 2 AS h FROM __THIS__ WHERE id > 996",
                    "997||3.8125\n998|FAIR|5.75\n999|VERY GOOD|1.625\n");
    check_statement("SELECT id FROM __THIS__ WHERE id IN (1, 500)", "1\n500\n");
    check_statement("SELECT n, id FROM events AS e WHERE e.id = 700", "-34|700\n");
    check_statement("SELECT * FROM __THIS__ WHERE id < 0", "");
}

/* Expected rows: the same statements in DuckDB 1.4 over the table that tests/golden/sql.py makes.
 */
static void test_statements_of_all_rows(void) {
    check_statement("SELECT count(*) AS n, min(id) AS a, max(id) AS b FROM __THIS__",
                    "1000|0|999\n");
    check_statement("SELECT id FROM __THIS__ ORDER BY id DESC LIMIT 2", "999\n998\n");
    check_statement("SELECT id, lag(id, 2) OVER (ORDER BY id) AS l FROM __THIS__ WHERE id > 996",
                    "997|\\N\n998|\\N\n999|997\n");
    check_statement("SELECT a.id, b.id AS next FROM t AS a JOIN t AS b ON b.id = a.id + 1 "
                    "WHERE a.id IN (5, 500) ORDER BY a.id",
                    "5|6\n500|501\n");
    check_statement("SELECT id FROM t WHERE id = 3 UNION ALL SELECT -id FROM t WHERE id = 4",
                    "3\n-4\n");
    check_statement("WITH few AS (SELECT id FROM t WHERE id < 3) "
                    "SELECT count(*) AS n FROM few CROSS JOIN few AS other",
                    "9\n");
}

static void test_the_clock_is_the_sessions(void) {
    check_statement("SELECT id, current_date AS d FROM __THIS__ WHERE id = 1", "1|2023-11-14\n");
    check_statement("SELECT current_date AS d, count(*) AS n FROM __THIS__ GROUP BY current_date",
                    "2023-11-14|1000\n");
}

static void test_columns_keep_what_is_known_of_them(void) {
    const char *const labels[] = {"a", "b"};
    qn_stage *stage = new_stage("SELECT i AS index, i + 1 AS next FROM __THIS__");
    qn_attributes *attributes = NULL;
    qn_schema in, out;
    qn_schema_init(&in);
    QN_TEST_OK(qn_attributes_new(&attributes, QN_ATTRIBUTE_NOMINAL, labels, 2));
    char name[] = "i";
    QN_TEST_OK(qn_schema_add_field(
        &in, &(qn_field){.name = name, .type = QN_FLOAT64, .attributes = attributes}));
    QN_TEST_OK(qn_stage_bind(stage, &in, &out));
    CU_ASSERT(out.count == 2);
    CU_ASSERT(out.fields[0].attributes == attributes);
    CU_ASSERT(out.fields[1].attributes == NULL);
    qn_attributes_release(attributes);
    qn_schema_clear(&in);
    qn_schema_clear(&out);
    qn_stage_free(stage);
}

static void check_bind_error(const char *statement, const char *location, const char *message) {
    qn_stage *stage = new_stage(statement);
    qn_stream *stream = NULL;
    qn_schema out;
    QN_TEST_OK(sql_table_open(&stream, qn_test_comm()));
    QN_TEST_FAILS(qn_stage_bind(stage, &stream->schema, &out), QN_JOB, message);
    CU_ASSERT_STRING_EQUAL(qn_last_error().location, location);
    qn_stream_free(stream);
    qn_stage_free(stage);
}

static void test_bad_statements_are_refused(void) {
    check_bind_error(NULL, "", "option 'statement' must be given");
    check_bind_error("SELECT a.id FROM __THIS__ AS a JOIN other USING (id)", "query:1:37",
                     "unknown table 'other': there is one table here, which is called '__this__'");
    check_bind_error("SELECT 1 AS one", "", "the statement reads no table");
    check_bind_error("SELECT id, current_date AS d FROM __THIS__", "query:1:12",
                     "needs the time of the run");
    check_bind_error("SELECT idd FROM __THIS__", "query:1:8",
                     "sql_transformer: unknown column 'idd'");
    check_bind_error("SELECT sum(cut) AS s FROM __THIS__", "query:1:8", "sum");
    check_bind_error("SELECT FROM WHERE", "query:1:13", "syntax error");
    check_bind_error("SELECT id + cut FROM __THIS__", "query:1:11", "'+'");
}

static void test_needed_columns_are_those_read(void) {
    qn_stage *stage = new_stage("SELECT x + n AS s FROM __THIS__ WHERE flag");
    qn_stream *stream = NULL;
    bool needed[6];
    QN_TEST_OK(sql_table_open(&stream, qn_test_comm()));
    QN_TEST_OK(qn_stage_needs(stage, &stream->schema, needed));
    const bool expected[] = {false, true, true, false, true, false};
    CU_ASSERT(memcmp(needed, expected, sizeof expected) == 0);
    qn_stream_free(stream);
    qn_stage_free(stage);
}

static int needed_count(const char *statement) {
    qn_stage *stage = new_stage(statement);
    qn_stream *stream = NULL;
    bool needed[6] = {false};
    int count = 0;
    QN_TEST_OK(sql_table_open(&stream, qn_test_comm()));
    QN_TEST_OK(qn_stage_needs(stage, &stream->schema, needed));
    for (int i = 0; i < 6; i++)
        count += needed[i];
    qn_stream_free(stream);
    qn_stage_free(stage);
    return count;
}

static void test_stars_need_all_columns(void) {
    CU_ASSERT(needed_count("SELECT * FROM __THIS__") == 6);
    CU_ASSERT(needed_count("SELECT *, x + n AS s FROM __THIS__ WHERE flag") == 6);
    CU_ASSERT(needed_count("SELECT t.*, 1 AS one FROM __THIS__ AS t ORDER BY x") == 6);
    CU_ASSERT(needed_count("SELECT count(*) AS c FROM (SELECT DISTINCT * FROM __THIS__) AS d") ==
              6);
    CU_ASSERT(needed_count("SELECT count(*) AS c FROM __THIS__ NATURAL JOIN __THIS__ AS u") == 6);
    CU_ASSERT(needed_count("SELECT count(*) AS c, sum(x) AS s FROM __THIS__") == 1);
}

static void test_constants_need_a_column_to_count_by(void) {
    qn_stage *stage = new_stage("SELECT 1 AS one FROM __THIS__");
    qn_stream *stream = NULL;
    bool needed[6];
    int count = 0;
    QN_TEST_OK(sql_table_open(&stream, qn_test_comm()));
    QN_TEST_OK(qn_stage_needs(stage, &stream->schema, needed));
    for (int i = 0; i < 6; i++)
        count += needed[i];
    CU_ASSERT(count == 1);
    qn_stream_free(stream);
    qn_stage_free(stage);
}

static void test_saved_statements_load(void) {
    qn_archive *archive = NULL;
    qn_stage *stage = new_stage("SELECT id FROM __THIS__ WHERE id = 5"), *loaded = NULL;
    const char *path = qn_test_path("statement.model");
    QN_TEST_OK(qn_archive_create(&archive, qn_test_comm(), path, "model"));
    QN_TEST_OK(qn_stage_save(stage, archive, "stage"));
    QN_TEST_OK(qn_archive_close(archive));
    QN_TEST_OK(qn_archive_open(&archive, qn_test_comm(), path, "model"));
    QN_TEST_OK(qn_stage_load(&loaded, registries, archive, "stage"));
    QN_TEST_OK(qn_archive_close(archive));
    char *text = transformed(loaded);
    CU_ASSERT_STRING_EQUAL(text, "5\n");
    qn_mem_free(text);
    qn_stage_free(stage);
    qn_stage_free(loaded);
}

/* ---- Inputs that lack columns ---------------------------------------------------------------- */

static void check_dropped(const char *statement, const char *expected, const char *gaps) {
    qn_stage *stage = new_stage(statement);
    qn_text text;
    qn_text_init(&text);
    QN_TEST_OK(qn_stage_set(stage, "missing_columns", "drop"));
    char *rows = transformed(stage);
    CU_ASSERT_STRING_EQUAL(rows, expected);
    const qn_plan_gaps *got = qn_sql_transformer_gaps(stage);
    for (int64_t i = 0; i < got->count; i++)
        QN_TEST_OK(qn_text_printf(&text, "%s>%s ", got->items[i].column,
                                  got->items[i].output != NULL ? got->items[i].output : "WHERE"));
    CU_ASSERT_STRING_EQUAL(text.data != NULL ? text.data : "", gaps);
    qn_text_clear(&text);
    qn_mem_free(rows);
    qn_stage_free(stage);
}

static void test_what_needs_a_missing_column_is_left_out(void) {
    check_dropped("SELECT price, id FROM t WHERE id = 5", "5\n", "price>price ");
    check_dropped("SELECT id FROM t WHERE price > 0 AND id < 2 AND ID >= 1", "1\n", "price>WHERE ");
    check_dropped("SELECT id FROM t WHERE id < 3 AND (id = 2 AND price > 0)", "2\n",
                  "price>WHERE ");
    check_dropped("SELECT id FROM t WHERE (price > 0 OR id = 7) AND id BETWEEN 6 AND 7", "6\n7\n",
                  "price>WHERE ");
    check_dropped("SELECT id FROM t WHERE id < 2 AND id BETWEEN price AND 0 AND gone", "0\n1\n",
                  "price>WHERE gone>WHERE ");
    check_dropped("SELECT ln(price) AS p, price + gone, id, 1 AS one FROM t WHERE id = 3", "3|1\n",
                  "price>p price>(price + gone) gone>(price + gone) ");
    check_dropped("SELECT * FROM t WHERE NOT (price > 0) AND id < 0", "", "price>WHERE ");
    check_dropped("SELECT id FROM t WHERE id = 999", "999\n", "");
}

static void test_a_condition_can_be_left_out_whole(void) {
    qn_stage *stage = new_stage("SELECT id FROM t WHERE price > 0");
    QN_TEST_OK(qn_stage_set(stage, "missing_columns", "drop"));
    char *rows = transformed(stage);
    CU_ASSERT(strncmp(rows, "0\n1\n2\n", 6) == 0);
    CU_ASSERT(strlen(rows) == 10 * 2 + 90 * 3 + 900 * 4);
    qn_mem_free(rows);
    qn_stage_free(stage);
}

static void check_missing_is_refused(const char *choice, const char *statement,
                                     const char *message) {
    qn_stage *stage = new_stage(statement);
    qn_stream *stream = NULL;
    qn_schema out;
    if (choice != NULL)
        QN_TEST_OK(qn_stage_set(stage, "missing_columns", choice));
    QN_TEST_OK(sql_table_open(&stream, qn_test_comm()));
    QN_TEST_FAILS(qn_stage_bind(stage, &stream->schema, &out), QN_JOB, message);
    qn_stream_free(stream);
    qn_stage_free(stage);
}

static void test_missing_columns_are_refused_unless_dropped(void) {
    check_missing_is_refused(NULL, "SELECT price, id FROM t", "unknown column 'price'");
    check_missing_is_refused("error", "SELECT id FROM t WHERE price > 0", "unknown column 'price'");
    check_missing_is_refused("drop", "SELECT price, price + id AS p FROM t WHERE price > 0",
                             "unknown column 'price'");
    check_missing_is_refused("drop", "SELECT id, price FROM t WHERE id + 1", "must be boolean");
}

/* The later stage asks for an output; the message names the input's column. */
static void check_later_stage(const char *statement, const char *column, const char *message) {
    qn_stage *stages[] = {new_stage(statement), NULL}, *pipeline = NULL;
    qn_stream *stream = NULL;
    qn_schema out;
    QN_TEST_OK(qn_stage_set(stages[0], "missing_columns", "drop"));
    QN_TEST_OK(qn_stage_new(&stages[1], &qn_vector_assembler_class));
    QN_TEST_OK(qn_stage_set_list(stages[1], "input_cols", &column, 1));
    QN_TEST_OK(qn_stage_set(stages[1], "output_col", "v"));
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, 2));
    QN_TEST_OK(sql_table_open(&stream, qn_test_comm()));
    QN_TEST_FAILS(qn_stage_bind(pipeline, &stream->schema, &out), QN_JOB, message);
    qn_stream_free(stream);
    qn_stage_free(pipeline);
}

static void test_later_stages_say_which_input_column_is_missing(void) {
    check_later_stage("SELECT id, ln(carat) AS log_carat, price FROM t WHERE price > 0",
                      "log_carat",
                      "vector_assembler: the input lacks column 'carat', which the SQL step needs "
                      "for 'log_carat'");
    check_later_stage("SELECT id, carat FROM t", "carat",
                      "vector_assembler: the input lacks column 'carat', which the SQL step needs");
    check_later_stage("SELECT id, price FROM t", "colour", "unknown column 'colour'");
}

static const qn_test_case cases[] = {
    {"statements transform rows", test_statements_transform_rows},
    {"statements of all rows work on the stream", test_statements_of_all_rows},
    {"the clock is the session's", test_the_clock_is_the_sessions},
    {"columns keep what is known of them", test_columns_keep_what_is_known_of_them},
    {"bad statements are refused with their place", test_bad_statements_are_refused},
    {"needed columns are those that are read", test_needed_columns_are_those_read},
    {"stars need all columns", test_stars_need_all_columns},
    {"constants need a column to count by", test_constants_need_a_column_to_count_by},
    {"saved statements load", test_saved_statements_load},
    {"what needs a missing column is left out", test_what_needs_a_missing_column_is_left_out},
    {"a condition can be left out whole", test_a_condition_can_be_left_out_whole},
    {"missing columns are refused unless dropped", test_missing_columns_are_refused_unless_dropped},
    {"later stages say which input column is missing",
     test_later_stages_say_which_input_column_is_missing},
    {NULL, NULL}};

int main(void) {
    return qn_test_main("sql stage", cases);
}
