/* vector_indexer. Golden: Spark 3's VectorIndexerSuite (densePoints1, sparsePoints1 and what its
 * tests expect of them).
 * Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

/* Spark's four points, then the three with values not seen. */
static const double points[] = {1, 2, 0, 0, 1, 2, 0, 0, -1, 1, 3, 2, 10, 2, 0, 0, 10, 2, 1, 3, 10};

static void add_sparse(qn_table *frame, const char *name, const double *values, int64_t rows,
                       int32_t width) {
    qn_column *column = NULL;
    int32_t stored = 0;
    QN_TEST_OK(qn_column_new_sparse(&column, rows, width, rows * width));
    for (int64_t i = 0; i < rows; i++) {
        for (int32_t k = 0; k < width; k++)
            if (values[i * width + k] != 0) {
                column->indices[stored] = k;
                column->f64[stored++] = values[i * width + k];
            }
        column->offsets[i + 1] = stored;
    }
    frame_add(frame, name, column, NULL);
}

static void make_frame(qn_table *frame, int64_t rows) {
    qn_table_init(frame);
    frame_vectors(frame, "d", points, rows, 3);
    add_sparse(frame, "s", points, rows, 3);
}

/* Categories of each slot, "-" for a number, joined by ';'. */
static void check_slots(const qn_table *table, const char *name, const char *expected) {
    char joined[500] = "";
    const qn_field *field = &table->schema.fields[qn_schema_find(&table->schema, name)];
    for (int32_t s = 0; s < field->width; s++) {
        const qn_attributes *slot = qn_attributes_slot(field->attributes, s);
        size_t used = strlen(joined);
        snprintf(joined + used, sizeof joined - used, "%s%s", s > 0 ? ";" : "",
                 slot == NULL ? "-" : "");
        for (int32_t i = 0; slot != NULL && i < slot->count; i++) {
            used = strlen(joined);
            snprintf(joined + used, sizeof joined - used, "%s%s", i > 0 ? "," : "", slot->names[i]);
        }
    }
    CU_ASSERT_STRING_EQUAL(joined, expected);
}

static void test_max_categories(void) {
    const char *const inputs[] = {"d", "s"};
    qn_table frame, out;
    make_frame(&frame, 4);
    for (int i = 0; i < 2; i++) {
        qn_stage *stage = stage_of("vector_indexer input_col=d output_col=u max_categories=2");
        QN_TEST_OK(qn_stage_set(stage, "input_col", inputs[i]));
        QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
        check_slots(&out, "u", "0.0,1.0;-;-");
        CHECK_VECTOR(out, "u", 2, 0, 0, -1);
        qn_table_clear(&out);
        QN_TEST_OK(qn_stage_set(stage, "max_categories", "3"));
        QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
        check_slots(&out, "u", "0.0,1.0;-;0.0,-1.0,2.0");
        CHECK_VECTOR(out, "u", 0, 1, 2, 0);
        CHECK_VECTOR(out, "u", 2, 0, 0, 1);
        CHECK_VECTOR(out, "u", 3, 1, 3, 2);
        qn_table_clear(&out);
        qn_stage_free(stage);
    }
    qn_table_clear(&frame);
}

static void test_invalid(void) {
    const char *const inputs[] = {"d", "s"};
    qn_table seen, unseen, out;
    make_frame(&seen, 4);
    make_frame(&unseen, 7);
    for (int i = 0; i < 2; i++) {
        qn_stage *stage = stage_of("vector_indexer input_col=d output_col=u max_categories=4");
        QN_TEST_OK(qn_stage_set(stage, "input_col", inputs[i]));
        QN_TEST_OK(fit_transform(stage, &seen, 2, &out));
        qn_table_clear(&out);
        QN_TEST_FAILS(transform_frame(stage, &unseen, 7, &out), QN_DATA,
                      "has 10 in slot 0 at row 4 (counting from 0), which was not seen in fit");
        qn_table_clear(&out);
        QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "skip"));
        QN_TEST_OK(transform_frame(stage, &unseen, 3, &out));
        CHECK_VECTOR(out, "u", 2, 0, 0, 1);
        CHECK_VECTOR(out, "u", 3, 1, 3, 2);
        CU_ASSERT_EQUAL(value_at(&out, "u", 4, 0), -999);
        CU_ASSERT_EQUAL(value_at(&out, "u", 6, 0), -999);
        qn_table_clear(&out);
        QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "keep"));
        QN_TEST_OK(transform_frame(stage, &unseen, 3, &out));
        CHECK_VECTOR(out, "u", 4, 2, 2, 0);
        CHECK_VECTOR(out, "u", 5, 0, 4, 2);
        CHECK_VECTOR(out, "u", 6, 1, 3, 3);
        check_slots(&out, "u",
                    "0.0,1.0,__unknown;0.0,1.0,2.0,3.0,__unknown;0.0,-1.0,2.0,__unknown");
        qn_table_clear(&out);
        qn_stage_free(stage);
    }
    qn_table_clear(&seen);
    qn_table_clear(&unseen);
}

/* A slot that never was 0 in fit: a 0 that is not stored is as unseen as one that is. */
static void test_zeroless(void) {
    const double values[] = {5, 1, 7, 0, 5, 1}, other[] = {0, 1, 7, 0, 5, 0};
    qn_table seen, unseen, out;
    qn_table_init(&seen);
    qn_table_init(&unseen);
    add_sparse(&seen, "s", values, 3, 2);
    add_sparse(&unseen, "s", other, 3, 2);
    qn_stage *stage = stage_of("vector_indexer input_col=s output_col=u handle_invalid=keep");
    QN_TEST_OK(fit_transform(stage, &seen, 1, &out));
    CHECK_VECTOR(out, "u", 0, 0, 1);
    CHECK_VECTOR(out, "u", 1, 1, 0);
    qn_table_clear(&out);
    QN_TEST_OK(transform_frame(stage, &unseen, 2, &out));
    CHECK_VECTOR(out, "u", 0, 2, 1);
    CHECK_VECTOR(out, "u", 1, 1, 0);
    CHECK_VECTOR(out, "u", 2, 0, 0);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "error"));
    QN_TEST_FAILS(transform_frame(stage, &unseen, 3, &out), QN_DATA, "has 0 in slot 0 at row 0 ");
    qn_table_clear(&out);
    qn_table_clear(&seen);
    qn_table_clear(&unseen);
    qn_stage_free(stage);
}

/* NaN is no category, a null row stays null, a slot of NaN alone is a number. */
static void test_missing(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){2, NAN, 0, 0, -0.0, NAN, 2, NAN}, 4, 2);
    frame_null(&frame, 1);
    qn_stage *stage = stage_of("vector_indexer input_col=v output_col=u");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    check_slots(&out, "u", "0.0,2.0;-");
    CHECK_VECTOR(out, "u", 0, 1, NAN);
    CHECK_VECTOR(out, "u", 1, NAN, NAN);
    CHECK_VECTOR(out, "u", 2, 0, NAN);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_many(void) {
    enum { ROWS = 5000 };
    double *values = NULL;
    qn_table frame, out;
    QN_TEST_OK(qn_mem_alloc(&values, ROWS, sizeof *values));
    for (int i = 0; i < ROWS; i++)
        values[i] = (double)((i * 7919) % 4001 - 2000);
    qn_table_init(&frame);
    frame_vectors(&frame, "v", values, ROWS, 1);
    qn_stage *stage = stage_of("vector_indexer input_col=v output_col=u max_categories=4001");
    QN_TEST_OK(fit_transform(stage, &frame, 700, &out));
    for (int i = 0; i < 40; i++) {
        double x = values[i * 101];
        check_value("u", i * 101, 0, value_at(&out, "u", i * 101, 0),
                    x < 0   ? x + 2001
                    : x > 0 ? x + 2000
                            : 0,
                    __FILE__, __LINE__);
    }
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "max_categories", "4000"));
    QN_TEST_OK(fit_transform(stage, &frame, 700, &out));
    check_slots(&out, "u", "-");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
    qn_mem_free(values);
}

static void test_refused(void) {
    qn_table frame, wide, out;
    make_frame(&frame, 4);
    frame_texts(&frame, "word", (const char *const[]){"x", "y", "z", "z"}, 4);
    qn_table_init(&wide);
    frame_vectors(&wide, "d", points, 4, 4);
    qn_stage *stage = stage_of("vector_indexer input_col=d output_col=u");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    qn_table_clear(&out);
    QN_TEST_FAILS(transform_frame(stage, &wide, 2, &out), QN_JOB,
                  "vector_indexer: column 'd' has 4 slots, but 3 were fitted");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "word"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_JOB, "'word' is string");
    QN_TEST_FAILS(qn_stage_set(stage, "max_categories", "1"), QN_JOB, "max_categories");
    qn_table_clear(&frame);
    qn_table_clear(&wide);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"slots of few values are indexed, 0 first, dense and sparse alike", test_max_categories},
    {"values not seen in fit: error, skip, keep", test_invalid},
    {"zeros that are not stored count as values", test_zeroless},
    {"NaN is no category and null stays null", test_missing},
    {"thousands of values of a slot", test_many},
    {"wrong columns and options are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("vector_indexer", cases);
}
