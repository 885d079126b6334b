/* feature_hasher. Golden: the table of Spark 3's guide, "FeatureHasher".
 * Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

#include <math.h>

/* The guide's four rows. */
static void make_frame(qn_table *frame) {
    qn_column *flags = NULL;
    qn_table_init(frame);
    frame_reals(frame, "real", (double[]){2.2, 3.3, 4.4, 5.5}, 4);
    QN_TEST_OK(qn_column_new(&flags, QN_BOOL, 4, 0));
    qn_bit_set(flags->bits, 0);
    frame_add(frame, "bool", flags, NULL);
    frame_texts(frame, "stringNum", (const char *const[]){"1", "2", "3", "4"}, 4);
    frame_texts(frame, "string", (const char *const[]){"foo", "bar", "baz", "foo"}, 4);
}

typedef struct slot_value {
    int32_t row, slot;
    double value;
} slot_value;

/* The slots that are not 0, and how many are stored in all. */
static void check_slots(const qn_table *table, const char *name, const slot_value *expected,
                        int64_t count) {
    int64_t stored = 0;
    for (int64_t i = 0; i < count; i++)
        check_value(name, expected[i].row, expected[i].slot,
                    value_at(table, name, expected[i].row, expected[i].slot), expected[i].value,
                    __FILE__, __LINE__);
    int32_t index = qn_schema_find(&table->schema, name);
    for (int64_t b = 0; b < table->batch_count; b++) {
        const qn_column *column = table->batches[b].columns[index];
        CU_ASSERT_PTR_NOT_NULL(column->indices);
        stored += column->offsets[column->length];
    }
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), &stored, 1));
    CU_ASSERT_EQUAL(stored, count);
}

static void test_documented(void) {
    qn_table frame, out;
    make_frame(&frame);
    qn_stage *stage =
        stage_of("feature_hasher input_cols=real,bool,stringNum,string output_col=features");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    const slot_value expected[] = {
        {0, 174475, 2.2}, {0, 247670, 1}, {0, 257907, 1},   {0, 262126, 1},
        {1, 70644, 1},    {1, 89673, 1},  {1, 173866, 1},   {1, 174475, 3.3},
        {2, 22406, 1},    {2, 70644, 1},  {2, 174475, 4.4}, {2, 187923, 1},
        {3, 70644, 1},    {3, 101499, 1}, {3, 174475, 5.5}, {3, 257907, 1}};
    check_slots(&out, "features", expected, 16);
    CU_ASSERT_EQUAL(out.schema.fields[4].width, 262144);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* hash("real=2.2") is slot 39132 (a transcription of Murmur3 that gives the guide's slots). */
static void test_categorical(void) {
    qn_table frame, out;
    make_frame(&frame);
    qn_stage *stage = stage_of("feature_hasher input_cols=real output_col=u categorical_cols=real");
    QN_TEST_OK(fit_transform(stage, &frame, 4, &out));
    CU_ASSERT_EQUAL(value_at(&out, "u", 0, 39132), 1);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* One slot for all: values add up. Nulls add nothing; a zero is stored. */
static void test_collisions(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){2, 0, 5, 0}, 4);
    frame_null(&frame, 2);
    frame_ints(&frame, "n", (int32_t[]){3, 0, 0, 7}, 4);
    frame_null(&frame, 2);
    frame_texts(&frame, "w", (const char *const[]){"a", NULL, NULL, ""}, 4);
    qn_stage *stage = stage_of("feature_hasher input_cols=x,n,w output_col=u num_features=1");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    const slot_value expected[] = {{0, 0, 6}, {1, 0, 0}, {3, 0, 8}};
    check_slots(&out, "u", expected, 3);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* NaN is a category, "x=NaN", a null none: Spark 4 puts it into slot 457 of 1000. */
static void test_nan_category(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){NAN, 0, NAN}, 3);
    frame_null(&frame, 1);
    qn_stage *stage =
        stage_of("feature_hasher input_cols=x output_col=u categorical_cols=x num_features=1000");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    check_slots(&out, "u", (const slot_value[]){{0, 457, 1}, {2, 457, 1}}, 2);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Dictionary-encoded texts hash as plain ones. */
static void test_dictionary(void) {
    qn_table frame, out;
    qn_column *column = NULL, *dictionary = NULL;
    qn_string_builder builder;
    qn_table_init(&frame);
    qn_string_builder_init(&builder);
    QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of("foo")));
    QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of("bar")));
    QN_TEST_OK(qn_string_builder_finish(&builder, &dictionary));
    QN_TEST_OK(qn_column_new(&column, QN_INT32, 4, 0));
    column->type = QN_STRING;
    column->dictionary = dictionary;
    column->codes[1] = 1;
    frame_add(&frame, "string", column, NULL);
    frame_null(&frame, 2);
    qn_stage *stage = stage_of("feature_hasher input_cols=string output_col=u");
    QN_TEST_OK(fit_transform(stage, &frame, 4, &out));
    const slot_value expected[] = {{0, 257907, 1}, {1, 173866, 1}, {3, 257907, 1}};
    check_slots(&out, "u", expected, 3);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    make_frame(&frame);
    frame_vectors(&frame, "v", (double[]){1, 2, 3, 4}, 4, 1);
    qn_stage *stage = stage_of("feature_hasher input_cols=real,v output_col=u");
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_JOB,
                  "feature_hasher: column 'v' is vector, but must be numeric, bool or string");
    QN_TEST_OK(qn_stage_set(stage, "input_cols", "real"));
    QN_TEST_OK(qn_stage_set(stage, "categorical_cols", "bool"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_JOB,
                  "categorical_cols names 'bool', which is not among input_cols");
    QN_TEST_FAILS(qn_stage_set(stage, "num_features", "0"), QN_JOB, "num_features");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"Spark's documented example hashes as documented", test_documented},
    {"a numeric column can be a category", test_categorical},
    {"collisions add up, nulls add nothing, zeros are stored", test_collisions},
    {"NaN is a category", test_nan_category},
    {"dictionary-encoded columns give the same", test_dictionary},
    {"wrong columns and options are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("feature_hasher", cases);
}
