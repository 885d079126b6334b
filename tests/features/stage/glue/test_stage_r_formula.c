/* r_formula. Golden: Spark 4's RFormulaSuite; R's model.matrix where it is named. Slots are called
 * "column=category" where Spark says "column_category".
 * Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

static void add_texts(qn_table *frame, const char *name, const char *texts) {
    char copy[200], *rest = copy, *values[20];
    int64_t count = 0;
    snprintf(copy, sizeof copy, "%s", texts);
    while ((values[count] = strsep(&rest, " ")) != NULL) {
        values[count] = strcmp(values[count], "-") == 0 ? NULL : values[count];
        count++;
    }
    frame_texts(frame, name, (const char *const *)values, count);
}

static qn_stage *formula_of(const char *formula) {
    qn_stage *stage = stage_of("r_formula");
    QN_TEST_OK(qn_stage_set(stage, "formula", formula));
    return stage;
}

static void test_numeric(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_ints(&frame, "id", (int32_t[]){0, 2}, 2);
    frame_reals(&frame, "v1", (double[]){1, 2}, 2);
    frame_reals(&frame, "v2", (double[]){3, 5}, 2);
    qn_stage *stage = formula_of("id ~ v1 + v2");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "features", 0, 1, 3);
    CHECK_VECTOR(out, "features", 1, 2, 5);
    CHECK_COLUMN(out, "label", 0, 2);
    CHECK_NAMES(out, "features", "v1,v2");
    CU_ASSERT_EQUAL(out.schema.count, 5);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "formula", "~ v1 + v2"));
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CU_ASSERT_EQUAL(out.schema.count, 4);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_texts(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_ints(&frame, "id", (int32_t[]){1, 2, 3, 4, 5, 6}, 6);
    add_texts(&frame, "a", "foo bar bar baz bar foo");
    frame_ints(&frame, "b", (int32_t[]){4, 4, 5, 5, 6, 6}, 6);
    qn_stage *stage = formula_of("id ~ a + b");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "features", 0, 0, 1, 4);
    CHECK_VECTOR(out, "features", 1, 1, 0, 4);
    CHECK_VECTOR(out, "features", 3, 0, 0, 5);
    CHECK_VECTOR(out, "features", 5, 0, 1, 6);
    CHECK_NAMES(out, "features", "a=bar,a=foo,b");
    CHECK_COLUMN(out, "label", 1, 2, 3, 4, 5, 6);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* alphabet_desc: R's model.matrix(id ~ a + b, df)[, -1], columns of `a` the other way round. */
static void test_orders(void) {
    static const struct {
        const char *order;
        double foo, bar, aaz; /* the slot that is 1; -1: none */
    } expected[] = {{"frequency_desc", -1, 0, 1},
                    {"frequency_asc", 1, -1, 0},
                    {"alphabet_desc", 0, 1, -1},
                    {"alphabet_asc", -1, 1, 0}};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_ints(&frame, "id", (int32_t[]){1, 2, 3, 4}, 4);
    add_texts(&frame, "a", "foo bar bar aaz");
    frame_ints(&frame, "b", (int32_t[]){4, 4, 5, 5}, 4);
    for (int i = 0; i < 4; i++) {
        qn_stage *stage = formula_of("id ~ a + b");
        QN_TEST_OK(qn_stage_set(stage, "string_indexer_order_type", expected[i].order));
        QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
        CHECK_VECTOR(out, "features", 0, expected[i].foo == 0, expected[i].foo == 1, 4);
        CHECK_VECTOR(out, "features", 1, expected[i].bar == 0, expected[i].bar == 1, 4);
        CHECK_VECTOR(out, "features", 3, expected[i].aaz == 0, expected[i].aaz == 1, 5);
        qn_table_clear(&out);
        qn_stage_free(stage);
    }
    qn_table_clear(&frame);
}

/* Spark's example, whose rows are those of R's model.matrix(id ~ a + b + c - 1, df). */
static void test_no_intercept(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_ints(&frame, "id", (int32_t[]){1, 2, 3, 4}, 4);
    add_texts(&frame, "a", "foo bar bar baz");
    add_texts(&frame, "b", "zq zz zz zz");
    frame_ints(&frame, "c", (int32_t[]){4, 4, 5, 5}, 4);
    qn_stage *stage = formula_of("id ~ a + b + c - 1");
    QN_TEST_OK(qn_stage_set(stage, "string_indexer_order_type", "alphabet_desc"));
    QN_TEST_OK(fit_transform(stage, &frame, 3, &out));
    CHECK_NAMES(out, "features", "a=foo,a=baz,a=bar,b=zz,c");
    CHECK_VECTOR(out, "features", 0, 1, 0, 0, 0, 4);
    CHECK_VECTOR(out, "features", 1, 0, 0, 1, 1, 4);
    CHECK_VECTOR(out, "features", 3, 0, 1, 0, 1, 5);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "formula", "id ~ a:b + c - 1"));
    QN_TEST_OK(fit_transform(stage, &frame, 3, &out));
    CHECK_NAMES(out, "features",
                "a=foo:b=zz,a=foo:b=zq,a=baz:b=zz,a=baz:b=zq,a=bar:b=zz,a=bar:b=zq,c");
    CHECK_VECTOR(out, "features", 0, 0, 1, 0, 0, 0, 0, 4);
    CHECK_VECTOR(out, "features", 2, 0, 0, 0, 0, 1, 0, 5);
    CHECK_VECTOR(out, "features", 3, 0, 0, 1, 0, 0, 0, 5);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_interactions(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_ints(&frame, "id", (int32_t[]){1, 2, 3, 4, 4, 4}, 6);
    add_texts(&frame, "a", "foo bar bar baz baz baz");
    frame_ints(&frame, "b", (int32_t[]){4, 4, 5, 5, 5, 5}, 6);
    frame_ints(&frame, "c", (int32_t[]){2, 1, 2, 1, 2, 1}, 6);
    add_texts(&frame, "z", "zq zq zz zz zz zz");
    qn_stage *stage = formula_of("id ~ a:b");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_NAMES(out, "features", "a=baz:b,a=bar:b,a=foo:b");
    CHECK_VECTOR(out, "features", 0, 0, 0, 4);
    CHECK_VECTOR(out, "features", 1, 0, 4, 0);
    CHECK_VECTOR(out, "features", 2, 0, 5, 0);
    CHECK_VECTOR(out, "features", 5, 5, 0, 0);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "formula", "id ~ b:c:id + b"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_NAMES(out, "features", "b:c:id,b");
    CHECK_VECTOR(out, "features", 2, 30, 5);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "formula", "id ~ z*b"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_NAMES(out, "features", "z=zz,b,z=zz:b,z=zq:b");
    CHECK_VECTOR(out, "features", 0, 0, 4, 0, 4);
    CHECK_VECTOR(out, "features", 2, 1, 5, 5, 0);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* a, b: df1 and df2 of Spark's "handle unseen features or labels". */
static void make_seen(qn_table *frame, const char *b) {
    qn_table_init(frame);
    frame_ints(frame, "id", (int32_t[]){1, 2, 3}, 3);
    add_texts(frame, "a", "foo bar bar");
    add_texts(frame, "b", b);
}

static void test_unseen(void) {
    qn_table seen, unseen, out;
    make_seen(&seen, "zq zq zz");
    make_seen(&unseen, "zq zq zy");
    qn_stage *stage = formula_of("id ~ a + b");
    QN_TEST_OK(fit_transform(stage, &seen, 1, &out));
    qn_table_clear(&out);
    QN_TEST_FAILS(transform_frame(stage, &unseen, 1, &out), QN_DATA,
                  "r_formula: string_indexer: column 'b' has unseen category 'zy' at row 2 ");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "skip"));
    QN_TEST_OK(fit_transform(stage, &seen, 1, &out));
    qn_table_clear(&out);
    QN_TEST_OK(transform_frame(stage, &unseen, 1, &out));
    CHECK_VECTOR(out, "features", 0, 0, 1);
    CHECK_VECTOR(out, "features", 1, 1, 1);
    CHECK_COLUMN(out, "label", 1, 2, -999);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "keep"));
    QN_TEST_OK(fit_transform(stage, &seen, 1, &out));
    qn_table_clear(&out);
    QN_TEST_OK(transform_frame(stage, &unseen, 1, &out));
    CHECK_VECTOR(out, "features", 0, 0, 1, 1, 0);
    CHECK_VECTOR(out, "features", 1, 1, 0, 1, 0);
    CHECK_VECTOR(out, "features", 2, 1, 0, 0, 0);
    qn_table_clear(&out);
    qn_table_clear(&seen);
    qn_table_clear(&unseen);
    qn_stage_free(stage);
}

static void test_unseen_label(void) {
    qn_table seen, unseen, out;
    make_seen(&seen, "zq zq zz");
    make_seen(&unseen, "zq zq zy");
    qn_stage *stage = formula_of("b ~ a + id");
    QN_TEST_OK(fit_transform(stage, &seen, 1, &out));
    CHECK_COLUMN(out, "label", 0, 0, 1);
    CHECK_NAMES(out, "label", "zq,zz");
    qn_table_clear(&out);
    QN_TEST_FAILS(transform_frame(stage, &unseen, 1, &out), QN_DATA, "unseen category 'zy'");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "skip"));
    QN_TEST_OK(fit_transform(stage, &seen, 1, &out));
    qn_table_clear(&out);
    QN_TEST_OK(transform_frame(stage, &unseen, 1, &out));
    CHECK_VECTOR(out, "features", 1, 1, 2);
    CHECK_COLUMN(out, "label", 0, 0, -999);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "keep"));
    QN_TEST_OK(fit_transform(stage, &seen, 1, &out));
    qn_table_clear(&out);
    QN_TEST_OK(transform_frame(stage, &unseen, 1, &out));
    CHECK_VECTOR(out, "features", 0, 0, 1, 1);
    CHECK_VECTOR(out, "features", 2, 1, 0, 3);
    CHECK_COLUMN(out, "label", 0, 0, 2);
    qn_table_clear(&out);
    qn_table_clear(&seen);
    qn_table_clear(&unseen);
    qn_stage_free(stage);
}

static void test_labels(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    add_texts(&frame, "sex", "male female female male female female");
    frame_reals(&frame, "n", (double[]){1, 1, 0, 1, 1, 0}, 6);
    add_texts(&frame, "a", "foo bar bar baz bar foo");
    frame_ints(&frame, "b", (int32_t[]){4, 4, 5, 5, 6, 6}, 6);
    qn_stage *stage = formula_of("sex ~ a + b");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "label", 1, 0, 0, 1, 0, 0);
    CHECK_VECTOR(out, "features", 0, 0, 1, 4);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "formula", "n ~ a + b"));
    QN_TEST_OK(qn_stage_set(stage, "force_index_label", "true"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "label", 0, 0, 1, 0, 0, 1);
    CHECK_NAMES(out, "label", "1.0,0.0");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_label_column(void) {
    qn_table frame, other, out;
    qn_table_init(&frame);
    frame_ints(&frame, "x", (int32_t[]){0, 2}, 2);
    frame_reals(&frame, "y", (double[]){1, 2}, 2);
    qn_table_init(&other);
    frame_ints(&other, "x", (int32_t[]){5, 6}, 2);
    qn_stage *stage = formula_of("y ~ x");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    qn_table_clear(&out);
    QN_TEST_OK(transform_frame(stage, &other, 1, &out));
    CHECK_VECTOR(out, "features", 1, 6);
    CU_ASSERT_EQUAL(qn_schema_find(&out.schema, "label"), -1);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "label_col", "y"));
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CU_ASSERT_EQUAL(out.schema.count, 3);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "force_index_label", "true"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "'y' exists already");
    qn_table_clear(&frame);
    qn_table_clear(&other);
    qn_stage_free(stage);
}

/* SPARK-23562: nulls in numbers are handled, too. */
static void test_nulls(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    add_texts(&frame, "c", "a b a b");
    frame_ints(&frame, "id", (int32_t[]){20001, 20002, 0, 20001}, 4);
    frame_null(&frame, 2);
    qn_stage *stage = formula_of("c ~ id");
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_DATA, "'id' is null at row 2 ");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "skip"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "label", 1, 0, -999, 0); /* of the rows that stay, b is the frequent one */
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "keep"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "label", 0, 1, 0, 1);
    CHECK_VECTOR(out, "features", 2, NAN);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Dots, vectors and bools. What a dot stands for does not change after fit. */
static void test_dot(void) {
    qn_table frame, other, out;
    qn_column *flags = NULL;
    qn_table_init(&frame);
    frame_ints(&frame, "id", (int32_t[]){1, 2, 3, 4}, 4);
    frame_ints(&frame, "a", (int32_t[]){4, 4, 5, 5}, 4);
    frame_vectors(&frame, "b", (double[]){0, 0, 4, 1, 0, 4, 1, 0, 5, 0, 1, 5}, 4, 3);
    QN_TEST_OK(qn_column_new(&flags, QN_BOOL, 4, 0));
    qn_bit_set(flags->bits, 2);
    frame_add(&frame, "flag", flags, NULL);
    qn_stage *stage = formula_of("id ~ .");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_NAMES(out, "features", "a,b_0,b_1,b_2,flag");
    CHECK_VECTOR(out, "features", 2, 5, 1, 0, 5, 1);
    qn_table_clear(&out);
    qn_table_init(&other);
    QN_TEST_OK(qn_schema_copy(&other.schema, &frame.schema));
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TEST_OK(qn_batch_share(&batch, &frame.batches[0]));
    QN_TEST_OK(qn_table_add(&other, &batch));
    frame_ints(&other, "more", (int32_t[]){7, 7, 7, 7}, 4);
    QN_TEST_OK(transform_frame(stage, &other, 2, &out));
    CHECK_VECTOR(out, "features", 2, 5, 1, 0, 5, 1);
    qn_table_clear(&out);
    qn_table_clear(&other);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_ints(&frame, "x", (int32_t[]){0, 2}, 2);
    frame_reals(&frame, "y", (double[]){1, 2}, 2);
    add_texts(&frame, "same", "a a");
    add_texts(&frame, "none", "- -");
    qn_stage *stage = stage_of("r_formula");
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_JOB, "r_formula: formula is not set");
    QN_TEST_OK(qn_stage_set(stage, "formula", "y ~ x +"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_JOB, "ends where a term should follow");
    CU_ASSERT_STRING_EQUAL(qn_last_error().location, "formula:1:8");
    QN_TEST_OK(qn_stage_set(stage, "formula", "yy ~ x"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_JOB, "'yy'");
    CU_ASSERT_STRING_EQUAL(qn_last_error().location, "formula:1:1");
    QN_TEST_OK(qn_stage_set(stage, "formula", "y ~ x - x"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_JOB, "the formula has no terms");
    QN_TEST_OK(qn_stage_set(stage, "formula", "y ~ same"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_DATA,
                  "column 'same' has one category only, 'a'; a term needs two");
    QN_TEST_OK(qn_stage_set(stage, "formula", "y ~ x + same - 1")); /* Spark 4: [x, 1] */
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CU_ASSERT_EQUAL(value_at(&out, "features", 0, 1), 1);
    qn_table_clear(&out);
    qn_stage_free(stage);
    stage = stage_of("r_formula");
    QN_TEST_OK(qn_stage_set(stage, "formula", "y ~ none"));
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "keep"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_DATA, "'none' has no category");
    QN_TEST_OK(qn_stage_set(stage, "formula", "y ~ x"));
    QN_TEST_OK(qn_stage_set(stage, "features_col", "x"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_JOB, "'x' exists already");
    QN_TEST_OK(qn_stage_set(stage, "features_col", "f"));
    QN_TEST_OK(qn_stage_set(stage, "label_col", "same"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_JOB,
                  "column 'same' is string, but must be numeric");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"numbers", test_numeric},
    {"strings are encoded without the last category", test_texts},
    {"the order of the categories decides on the reference", test_orders},
    {"without intercept the first string keeps all categories", test_no_intercept},
    {"interactions", test_interactions},
    {"unseen categories: error, skip, keep", test_unseen},
    {"unseen labels: error, skip, keep", test_unseen_label},
    {"labels are indexed", test_labels},
    {"a label that is there stays, one that is missing is not needed after fit", test_label_column},
    {"nulls in numbers", test_nulls},
    {"dots, vectors and bools", test_dot},
    {"bad formulas and columns are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("r_formula", cases);
}
