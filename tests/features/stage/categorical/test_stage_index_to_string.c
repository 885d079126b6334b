/* index_to_string. Ranks: 1 2 3 */
#include "features/pipeline.h"
#include "tests/features/stage/stage_data.h"

/* The text at a source row, on the rank that has it; "(none)" on others. */
static const char *text_at(const qn_table *table, const char *name, int64_t row, char *out) {
    int32_t index = qn_schema_find(&table->schema, name);
    snprintf(out, 40, "(none)");
    for (int64_t b = 0; b < table->batch_count; b++)
        for (int64_t i = 0; i < table->batches[b].length; i++) {
            const qn_column *column = table->batches[b].columns[index];
            qn_view text = qn_column_string(column, i);
            if (qn_batch_row(&table->batches[b], i) == row)
                snprintf(out, 40, "%.*s", qn_column_is_null(column, i) ? 4 : (int)text.length,
                         qn_column_is_null(column, i) ? "null" : text.data);
        }
    return out;
}

static void check_texts(const qn_table *table, const char *name, const char *const *expected,
                        int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        char found[40], text[100];
        text_at(table, name, i, found);
        snprintf(text, sizeof text, "row %lld is %s, expected %s", (long long)i, found,
                 expected[i]);
        qn_test_check(strcmp(found, "(none)") == 0 || strcmp(found, expected[i]) == 0, __FILE__,
                      __LINE__, text);
    }
}

/* Spark 3's guide, "IndexToString": a b c a a c, indexed and back. */
static void test_documented(void) {
    static const char *const words[] = {"a", "b", "c", "a", "a", "c"};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_texts(&frame, "category", words, 6);
    qn_stage *indexer = stage_of("string_indexer input_col=category output_col=i");
    qn_stage *back = stage_of("index_to_string input_col=i output_col=original");
    qn_stage *pipeline = NULL;
    QN_TEST_OK(qn_pipeline_new(&pipeline, (qn_stage *const[]){indexer, back}, 2));
    QN_TEST_OK(fit_transform(pipeline, &frame, 2, &out));
    check_texts(&out, "original", words, 6);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

/* Fractions are cut off, as in Spark; nulls stay. */
static void test_labels(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "i", (double[]){1, 0, 1.9, 0, -0.5}, 5);
    frame_null(&frame, 3);
    qn_stage *stage = stage_of("index_to_string input_col=i output_col=u labels=no,yes");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    check_texts(&out, "u", (const char *const[]){"yes", "no", "yes", "null", "no"}, 5);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "i", (double[]){1, 0, 2, 1}, 4);
    frame_reals(&frame, "j", (double[]){1, NAN, 0, 1}, 4);
    frame_texts(&frame, "word", (const char *const[]){"x", "y", "z", "z"}, 4);
    qn_stage *stage = stage_of("index_to_string input_col=i output_col=u");
    QN_TEST_FAILS(fit_transform(stage, &frame, 4, &out), QN_JOB,
                  "index_to_string: column 'i' does not say which categories its indices are");
    qn_table_clear(&out);
    qn_schema bound;
    frame_ints(&frame, "whole", (int32_t[]){1, 0, 2, 1}, 4);
    QN_TEST_OK(qn_stage_set(stage, "input_col", "whole"));
    QN_TEST_FAILS(qn_stage_bind(stage, &frame.schema, &bound), QN_JOB,
                  "column 'whole' does not say which categories its indices are");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "i"));
    QN_TEST_OK(qn_stage_set(stage, "labels", "no,yes"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 4, &out), QN_DATA,
                  "'i' has index 2 at row 2 (counting from 0), but there are 2 labels");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "input_col", "j"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 4, &out), QN_DATA, "'j' has index nan at row 1 ");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "input_col", "word"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 4, &out), QN_JOB, "'word' is string");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"what string_indexer indexed comes back", test_documented},
    {"labels can be given", test_labels},
    {"unknown labels, indices beyond them and NaN are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("index_to_string", cases);
}
