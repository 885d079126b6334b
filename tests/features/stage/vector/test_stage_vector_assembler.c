/* vector_assembler. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

/* Spark 3 documentation, ML guide, "VectorAssembler": hour 18, mobile 1.0, userFeatures
 * [0.0, 10.0, 0.5] give [18.0, 1.0, 0.0, 10.0, 0.5]. */
static void test_documented(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_ints(&frame, "hour", (int32_t[]){18, 7}, 2);
    frame_reals(&frame, "mobile", (double[]){1.0, 2.0}, 2);
    frame_vectors(&frame, "userFeatures", (double[]){0.0, 10.0, 0.5, 1, 2, 3}, 2, 3);
    qn_stage *stage =
        stage_of("vector_assembler input_cols=hour,mobile,userFeatures output_col=features");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "features", 0, 18, 1, 0, 10, 0.5);
    CHECK_VECTOR(out, "features", 1, 7, 2, 1, 2, 3);
    CHECK_NAMES(out, "features", "hour,mobile,userFeatures_0,userFeatures_1,userFeatures_2");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void make_holes(qn_table *frame) {
    qn_table_init(frame);
    frame_reals(frame, "a", (double[]){1, NAN, 3, 4}, 4);
    frame_ints(frame, "b", (int32_t[]){5, 6, 0, 8}, 4);
    frame_null(frame, 2);
    frame_vectors(frame, "v", (double[]){1, NAN, 3, 4, 5, 6, 7, 8}, 4, 2);
    frame_null(frame, 3);
}

static void test_keep(void) {
    qn_table frame, out;
    make_holes(&frame);
    qn_stage *stage = stage_of("vector_assembler input_cols=a,b,v handle_invalid=keep");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "features", 0, 1, 5, 1, NAN);
    CHECK_VECTOR(out, "features", 1, NAN, 6, 3, 4);
    CHECK_VECTOR(out, "features", 2, 3, NAN, 5, 6);
    CHECK_VECTOR(out, "features", 3, 4, 8, NAN, NAN);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_skip(void) {
    qn_table frame, out;
    make_holes(&frame);
    qn_stage *stage = stage_of("vector_assembler input_cols=a,b,v handle_invalid=skip");
    QN_TEST_OK(fit_transform(stage, &frame, 4, &out));
    CHECK_COLUMN(out, "a", 1, -999, -999, -999);
    CHECK_VECTOR(out, "features", 0, 1, 5, 1, NAN);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_error(void) {
    qn_table frame, out;
    make_holes(&frame);
    qn_stage *stage = stage_of("vector_assembler input_cols=a,b,v");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "vector_assembler: column 'a' is NaN at row 1 ");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "input_cols", "b"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "vector_assembler: column 'b' is null at row 2 ");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "input_cols", "v"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA, "column 'v' is null at row 3 ");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_texts(&frame, "word", (const char *const[]){"x"}, 1);
    frame_reals(&frame, "price", (double[]){1}, 1);
    qn_stage *stage = stage_of("vector_assembler");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "input_cols is not set");
    QN_TEST_OK(qn_stage_set_list(stage, "input_cols", NULL, 0));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "input_cols names no column");
    QN_TEST_OK(qn_stage_set(stage, "input_cols", "word"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "column 'word' is string, but must be numeric, bool or vector");
    QN_TEST_OK(qn_stage_set(stage, "input_cols", "prise"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "prise");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'price'?");
    QN_TEST_OK(qn_stage_set(stage, "input_cols", "price"));
    QN_TEST_OK(qn_stage_set(stage, "output_col", "word"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "output column 'word' exists already");
    QN_TEST_FAILS(qn_stage_set(stage, "handle_invalid", "drop"), QN_JOB, "handle_invalid");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* 23 columns of two types, so that groups and tiles have remainders. */
static void test_many(void) {
    enum { ROWS = 203, COLUMNS = 23 };
    qn_table frame, out;
    char list[200] = "";
    qn_table_init(&frame);
    for (int c = 0; c < COLUMNS; c++) {
        char name[16];
        double reals[ROWS];
        int32_t ints[ROWS];
        snprintf(name, sizeof name, "c%d", c);
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", c ? "," : "", name);
        for (int i = 0; i < ROWS; i++)
            reals[i] = ints[i] = i * 100 + c;
        if (c % 3 == 1)
            frame_ints(&frame, name, ints, ROWS);
        else
            frame_reals(&frame, name, reals, ROWS);
    }
    qn_stage *stage = stage_of("vector_assembler");
    QN_TEST_OK(qn_stage_set(stage, "input_cols", list));
    QN_TEST_OK(fit_transform(stage, &frame, 101, &out));
    for (int64_t b = 0; b < out.batch_count; b++) {
        const qn_column *column = out.batches[b].columns[COLUMNS];
        bool same = column->width == COLUMNS;
        for (int64_t i = 0; same && i < column->length; i++)
            for (int c = 0; c < COLUMNS; c++)
                same = same && column->f64[i * COLUMNS + c] ==
                                   (double)(qn_batch_row(&out.batches[b], i) * 100 + c);
        CU_ASSERT(same);
    }
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* A NaN anywhere is met, whichever kernel has its place: 7 columns are four and three, 11 rows
 * four, four and three. */
static void test_nan_anywhere(void) {
    enum { ROWS = 11, COLUMNS = 7 };
    qn_stage *stage = stage_of("vector_assembler input_cols=c0,c1,c2,c3,c4,c5,c6");
    for (int hole = 0; hole < ROWS * COLUMNS; hole++) {
        qn_table frame, out;
        char expected[80];
        qn_table_init(&frame);
        for (int c = 0; c < COLUMNS; c++) {
            char name[16];
            double values[ROWS];
            snprintf(name, sizeof name, "c%d", c);
            for (int i = 0; i < ROWS; i++)
                values[i] = hole == c * ROWS + i ? NAN : i;
            frame_reals(&frame, name, values, ROWS);
        }
        snprintf(expected, sizeof expected, "column 'c%d' is NaN at row %d ", hole / ROWS,
                 hole % ROWS);
        QN_TEST_FAILS(fit_transform(stage, &frame, ROWS, &out), QN_DATA, expected);
        qn_table_clear(&out);
        qn_table_clear(&frame);
    }
    qn_stage_free(stage);
}

/* A wide sparse input makes the batch sparse; zeros are not stored. */
static void test_sparse(void) {
    qn_table frame, out;
    qn_column *column = NULL;
    qn_table_init(&frame);
    QN_TEST_OK(qn_column_new_sparse(&column, 2, 10, 2));
    memcpy(column->offsets, (int32_t[]){0, 1, 2}, 3 * sizeof(int32_t));
    memcpy(column->indices, (int32_t[]){3, 9}, 2 * sizeof(int32_t));
    memcpy(column->f64, (double[]){5, 6}, 2 * sizeof(double));
    frame_reals(&frame, "a", (double[]){0, 7}, 2);
    frame_add(&frame, "s", column, NULL);
    qn_stage *stage = stage_of("vector_assembler input_cols=a,s,a");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    for (int64_t b = 0; b < out.batch_count; b++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(out.batches[b].columns[2]->indices);
        CU_ASSERT(out.batches[b].columns[2]->offsets[1] == 1);
    }
    CHECK_VECTOR(out, "features", 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0);
    CHECK_VECTOR(out, "features", 1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 7);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Category indices stay known as such: of columns, and of slots of vectors. */
static void test_categories(void) {
    qn_table frame, out;
    qn_column *column = NULL;
    qn_attributes *cut = NULL, *vector = NULL;
    qn_table_init(&frame);
    QN_TEST_OK(
        qn_attributes_new(&cut, QN_ATTRIBUTE_NOMINAL, (const char *const[]){"Ideal", "Fair"}, 2));
    QN_TEST_OK(qn_attributes_new(&vector, QN_ATTRIBUTE_VECTOR, (const char *const[]){"a", "b"}, 2));
    QN_TEST_OK(qn_attributes_set_slot(vector, 1, cut));
    QN_TEST_OK(qn_column_new(&column, QN_FLOAT64, 2, 0));
    frame_add(&frame, "cut_idx", column, cut);
    QN_TEST_OK(qn_column_new(&column, QN_VECTOR, 2, 2));
    frame_add(&frame, "v", column, vector);
    frame_reals(&frame, "x", (double[]){1, 2}, 2);
    qn_stage *stage = stage_of("vector_assembler input_cols=x,cut_idx,v output_col=u");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_NAMES(out, "u", "x,cut_idx,v_a,v_b");
    const qn_attributes *slots = out.schema.fields[qn_schema_find(&out.schema, "u")].attributes;
    CU_ASSERT_PTR_NULL(qn_attributes_slot(slots, 0));
    CU_ASSERT_PTR_EQUAL(qn_attributes_slot(slots, 1), cut);
    CU_ASSERT_PTR_NULL(qn_attributes_slot(slots, 2));
    CU_ASSERT_PTR_EQUAL(qn_attributes_slot(slots, 3), cut);
    qn_schema scaled; /* no indices any more */
    qn_schema_init(&scaled);
    qn_stage *scaler = stage_of("standard_scaler input_col=u output_col=w");
    QN_TEST_OK(qn_stage_bind(scaler, &out.schema, &scaled));
    slots = scaled.fields[qn_schema_find(&scaled, "w")].attributes;
    CU_ASSERT_STRING_EQUAL(slots->names[3], "v_b");
    CU_ASSERT_PTR_NULL(slots->slots);
    qn_schema_clear(&scaled);
    qn_stage_free(scaler);
    qn_attributes_release(cut);
    qn_attributes_release(vector);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"Spark's documented example assembles as documented", test_documented},
    {"keep turns nulls into NaN", test_keep},
    {"skip drops rows with a null or a NaN scalar", test_skip},
    {"error names column and row", test_error},
    {"wrong columns are refused by name", test_refused},
    {"columns of mixed types land in their slots", test_many},
    {"a NaN is met in any row and column", test_nan_anywhere},
    {"a wide sparse input gives a sparse output", test_sparse},
    {"category indices stay known as such", test_categories},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("vector_assembler", cases);
}
