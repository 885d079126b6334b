/* idf, and the pipelines that end in it. Ranks: 1 2 3 */
#include "features/pipeline.h"
#include "tests/features/stage/text/documents.h"

/* PySpark 3 documentation, IDF: idf [0.2877, 0.0], docFreq [2, 3], 3 documents. */
static void test_documented(void) {
    qn_table frame, out;
    json_t *object = NULL;
    qn_table_init(&frame);
    frame_vectors(&frame, "tf", (double[]){1, 2, 0, 1, 3, 0.2}, 3, 2);
    qn_stage *stage = stage_of("idf input_col=tf output_col=w");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "w", 0, 0.28768207245178085, 0);
    CHECK_VECTOR(out, "w", 1, 0, 0);
    CHECK_VECTOR(out, "w", 2, 3 * 0.28768207245178085, 0);
    QN_TEST_OK(qn_stage_describe(stage, &object));
    CU_ASSERT(json_integer_value(json_object_get(object, "num_docs")) == 3);
    CU_ASSERT(json_integer_value(json_array_get(json_object_get(object, "doc_freq"), 0)) == 2);
    CU_ASSERT(json_integer_value(json_array_get(json_object_get(object, "doc_freq"), 1)) == 3);
    json_decref(object);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static qn_column *sparse_rows(void) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new_sparse(&column, 3, 4, 6));
    memcpy(column->offsets, (int32_t[]){0, 2, 5, 6}, 4 * sizeof(int32_t));
    memcpy(column->indices, (int32_t[]){1, 3, 1, 2, 3, 1}, 6 * sizeof(int32_t));
    memcpy(column->f64, (double[]){1, 2, 1, 2, 3, 1}, 6 * sizeof(double));
    return column;
}

/* Spark's IDFSuite, "default parameter" and "with setter": documents with each slot 0, 3, 1, 2. */
static void test_suite(void) {
    double two = log(4.0 / 2), three = log(4.0 / 3);
    for (int dense = 0; dense < 2; dense++) {
        qn_table frame, out;
        qn_column *sparse = sparse_rows(), *rows = qn_column_retain(sparse);
        if (dense) {
            qn_column_release(rows);
            QN_TEST_OK(qn_column_densify(&rows, sparse));
        }
        qn_column_release(sparse);
        qn_table_init(&frame);
        frame_add(&frame, "features", rows, NULL);
        qn_stage *stage = stage_of("idf output_col=w");
        QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
        CHECK_VECTOR(out, "w", 0, 0, 0, 0, 2 * three);
        CHECK_VECTOR(out, "w", 1, 0, 0, 2 * two, 3 * three);
        CHECK_VECTOR(out, "w", 2, 0, 0, 0, 0);
        for (int64_t b = 0; b < out.batch_count; b++)
            CU_ASSERT((out.batches[b].columns[1]->indices == NULL) == dense);
        qn_table_clear(&out);
        QN_TEST_OK(qn_stage_set(stage, "min_doc_freq", "2"));
        QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
        CHECK_VECTOR(out, "w", 1, 0, 0, 0, 3 * three);
        qn_table_clear(&out);
        qn_table_clear(&frame);
        qn_stage_free(stage);
    }
}

/* Negative values, zeros that are stored and NaN are no presence; infinity is. Null rows are no
 * documents. */
static void test_odd_values(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", (double[]){-1, NAN, INFINITY, 1, 0, 1, 0, 0, 0}, 3, 3);
    frame_null(&frame, 2);
    qn_stage *stage = stage_of("idf output_col=w min_doc_freq=0");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CU_ASSERT(value_at(&out, "w", 0, 0) == -log(3.0 / 2));
    CU_ASSERT(isnan(value_at(&out, "w", 0, 1)));
    CU_ASSERT(value_at(&out, "w", 1, 0) == log(3.0 / 2));
    CU_ASSERT(isnan(value_at(&out, "w", 2, 0)));
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const char *const sentences[] = {"the mill grinds corn", "the mill stands still",
                                        "corn corn corn and the wind", "wind"};

static qn_stage *chain(const char *first, const char *second) {
    qn_stage *stages[] = {stage_of(first), stage_of(second)}, *both = NULL;
    QN_TEST_OK(qn_pipeline_new(&both, stages, 2));
    return both;
}

/* scikit-learn 1.9, TfidfTransformer(smooth_idf=True).idf_ of CountVectorizer's counts; it adds 1:
 * and 1.916290731874155, corn, mill and wind 1.5108256237659907, the 1.2231435513142097. */
static void test_pipeline(void) {
    double one = 0.916290731874155, two = 0.5108256237659907, three = 0.2231435513142097;
    for (int coded = 0; coded < 2; coded++) {
        qn_table frame, out;
        qn_table_init(&frame);
        frame_documents(&frame, "words", sentences, 4, coded);
        qn_stage *both = chain("count_vectorizer input_col=words output_col=tf",
                               "idf input_col=tf output_col=w");
        QN_TEST_OK(fit_transform(both, &frame, 1, &out));
        CHECK_NAMES(out, "w",
                    "words=corn,words=the,words=mill,words=wind,words=and,words=grinds,"
                    "words=stands,words=still");
        CHECK_VECTOR(out, "w", 0, two, three, two, 0, 0, one, 0, 0);
        CHECK_VECTOR(out, "w", 2, 3 * two, three, 0, two, one, 0, 0, 0);
        CHECK_VECTOR(out, "w", 3, 0, 0, 0, two, 0, 0, 0, 0);
        qn_table_clear(&out);
        qn_table_clear(&frame);
        qn_stage_free(both);
    }
}

/* hashing_tf -> idf of the default 2^18 slots: output proportional to the terms, not the slots. */
static void test_hashed(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_documents(&frame, "words", sentences, 4, false);
    qn_stage *both =
        chain("hashing_tf input_col=words output_col=tf", "idf input_col=tf output_col=w");
    QN_TEST_OK(fit_transform(both, &frame, 4, &out));
    double sum = 0; /* of 'a row of idf', in any slot order */
    for (int64_t b = 0; b < out.batch_count; b++) {
        const qn_column *column = out.batches[b].columns[2];
        CU_ASSERT(column->indices != NULL && column->offsets[column->length] == 13);
        CU_ASSERT(qn_column_bytes(column) <= 13 * 12 + 5 * 4 + 3 * 64);
        for (int32_t k = column->offsets[3]; k < column->offsets[4]; k++)
            sum += column->f64[k];
        CU_ASSERT_DOUBLE_EQUAL(sum, 0.5108256237659907, 1e-15);
    }
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(both);
}

static void test_refused(void) {
    qn_table frame, other, out;
    qn_table_init(&frame);
    qn_table_init(&other);
    frame_vectors(&frame, "v", (double[]){1, 2, 3}, 1, 3);
    frame_vectors(&other, "v", (double[]){1, 2}, 1, 2);
    qn_stage *stage = stage_of("idf output_col=w");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "'features'");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "v"));
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    qn_table_clear(&out);
    QN_TEST_FAILS(transform_frame(stage, &other, 1, &out), QN_JOB,
                  "idf: column 'v' has 2 slots, but 3 were fitted");
    QN_TEST_FAILS(qn_stage_set(stage, "min_doc_freq", "-1"), QN_JOB, "min_doc_freq");
    frame_null(&frame, 0);
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "there is no document to fit: column 'v' has no row, or only nulls");
    frame_reals(&frame, "x", (double[]){1}, 1);
    QN_TEST_OK(qn_stage_set(stage, "input_col", "x"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "column 'x' is float64, but must be a vector");
    qn_stage_free(stage);
    qn_table_clear(&frame);
    qn_table_clear(&other);
}

static const qn_test_case cases[] = {
    {"PySpark's documented example weighs as documented", test_documented},
    {"the cases of Spark's own tests, dense and sparse", test_suite},
    {"negative values, NaN, infinities and nulls", test_odd_values},
    {"count_vectorizer -> idf is scikit-learn's smooth idf less 1", test_pipeline},
    {"hashing_tf -> idf stays as sparse as the text", test_hashed},
    {"wrong columns, other widths and no documents are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("idf", cases);
}
