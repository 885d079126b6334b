/* math_transformer. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

/* f(x) for x = 0.25, 2, 9 as R 4.2 prints it with 17 digits: log, log1p, log2, log10, sqrt,
 * x^(1/3), exp, expm1, asinh, plogis. */
static void test_functions(void) {
    static const struct {
        const char *name;
        double expected[3];
    } functions[] = {
        {"log", {-1.38629436111989057, 0.69314718055994529, 2.19722457733621956}},
        {"log1p", {0.22314355131420976, 1.09861228866810956, 2.30258509299404590}},
        {"log2", {-2, 1, 3.1699250014423122}},
        {"log10", {-0.60205999132796240, 0.30102999566398120, 0.95424250943932487}},
        {"sqrt", {0.5, 1.4142135623730951, 3}},
        {"cbrt", {0.6299605249474366, 1.2599210498948732, 2.0800838230519041}},
        {"square", {0.0625, 4, 81}},
        {"exp", {1.2840254166877414, 7.3890560989306504, 8103.0839275753842230}},
        {"expm1", {0.28402541668774151, 6.38905609893065041, 8102.08392757538422302}},
        {"reciprocal", {4, 0.5, 1.0 / 9}},
        {"abs", {0.25, 2, 9}},
        {"asinh", {0.24746646154726346, 1.44363547517881030, 2.89344398588587159}},
        {"sigmoid", {0.56217650088579807, 0.88079707797788231, 0.99987660542401369}},
        {"signed_log1p", {0.22314355131420976, 1.09861228866810956, 2.30258509299404590}},
    };
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){0.25, 2, 9}, 3);
    qn_stage *stage = stage_of("math_transformer input_col=x output_col=y");
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        QN_TEST_OK(qn_stage_set(stage, "function", functions[f].name));
        QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
        check_column(&out, "y", functions[f].expected, 3, functions[f].name, __LINE__);
        qn_table_clear(&out);
    }
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* R 4.2, qlogis(c(0.25, 0.9)); 0 and 1 are outside its domain, and integers are numbers, too. */
static void test_domain(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "p", (double[]){0.25, 0.9, 0, 1, NAN, 0, 2}, 7);
    frame_null(&frame, 5);
    frame_ints(&frame, "n", (int32_t[]){-4, 3, 1, 1, 1, 1, 1}, 7);
    qn_stage *stage =
        stage_of("math_transformer input_col=p output_col=y function=logit handle_invalid=keep");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "y", -1.0986122886681098, 2.1972245773362196, NAN, NAN, NAN, NAN, NAN);
    for (int64_t b = 0; b < out.batch_count; b++)
        for (int64_t i = 0; i < out.batches[b].length; i++)
            CU_ASSERT(qn_column_is_null(out.batches[b].columns[2], i) ==
                      (qn_batch_row(&out.batches[b], i) == 5));
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "skip"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "y", -1.0986122886681098, 2.1972245773362196, -999, -999, NAN, NAN, -999);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "error"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_DATA,
                  "math_transformer: column 'p' is 0 at row 2 (counting from 0), but for logit it "
                  "must be between 0 and 1");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "function", "sqrt"));
    QN_TEST_OK(qn_stage_set(stage, "input_col", "n"));
    QN_TEST_FAILS(
        fit_transform(stage, &frame, 2, &out), QN_DATA,
        "column 'n' is -4 at row 0 (counting from 0), but for sqrt it must be 0 or above");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    static const char *const words[] = {"1"};
    qn_table_init(&frame);
    frame_texts(&frame, "word", words, 1);
    qn_stage *stage = stage_of("math_transformer input_col=word output_col=y");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "math_transformer: column 'word' is string, but must be numeric");
    QN_TEST_FAILS(qn_stage_set(stage, "function", "cosine"), QN_JOB, "function");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"functions give what R gives", test_functions},
    {"numbers outside the domain stop, are NaN or drop the row", test_domain},
    {"wrong types and unknown functions are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("math_transformer", cases);
}
