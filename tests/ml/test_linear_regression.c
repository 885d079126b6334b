/* Ranks: 1 2 3 7 */
#include "ml/estimators.h"
#include "ml/linear_regression.h"
#include "mpi/hdf5/archive.h"
#include "tests/ml/data.h"

#include <math.h>

static const sample employed = {longley[0], 16, 7, {0, 1, 2, 3, 4, 5}, 6, 6, -1, false};
static const sample cars = {mtcars[0], 32, 5, {1, 2, 3}, 3, 0, -1, false};
static const sample heavy_cars = {mtcars[0], 32, 5, {1, 2, 3}, 3, 0, 4, false};

static bool near(double a, double b, double relative) {
    return fabs(a - b) <= relative * fabs(b);
}

/* What a fit must give: coefficients, errors and p-values with the intercept last. */
typedef struct golden {
    double coefficients[8], errors[8], p[8];
    double r2, rmse, mae;
    int64_t degrees;
} golden;

/* Options as "name=value" words. */
static qn_stage *make_stage(const sample *from, const char *set) {
    qn_stage *stage = NULL;
    char copy[200];
    snprintf(copy, sizeof copy, "%s", set);
    QN_TEST_OK(qn_stage_new(&stage, &qn_linear_regression_class));
    if (from->weight >= 0)
        QN_TEST_OK(qn_stage_set(stage, "weight_col", "weight"));
    for (char *rest = NULL, *word = strtok_r(copy, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        *value = '\0';
        QN_TEST_OK(qn_stage_set(stage, word, value + 1));
    }
    return stage;
}

static qn_stage *fit_sample(const sample *from, const char *set) {
    qn_stage *stage = make_stage(from, set);
    qn_stream *stream = sample_share(from);
    QN_TEST_OK(qn_stage_fit(stage, stream, qn_test_comm()));
    qn_stream_free(stream);
    return stage;
}

static json_t *describe(const qn_stage *stage) {
    json_t *object = NULL;
    QN_TEST_OK(qn_stage_describe(stage, &object));
    return object;
}

static double number(const json_t *object, const char *name) {
    return json_number_value(json_object_get(object, name));
}

static double item(const json_t *object, const char *name, int i) {
    return json_number_value(json_array_get(json_object_get(object, name), (size_t)i));
}

static void check_golden(const sample *from, const char *set, const golden *expected,
                         double relative) {
    qn_stage *stage = fit_sample(from, set);
    json_t *object = describe(stage);
    const json_t *metrics = json_object_get(object, "metrics");
    bool intercept = strstr(set, "fit_intercept=false") == NULL;
    for (int j = 0; j < from->width; j++)
        CU_ASSERT(near(item(object, "coefficients", j), expected->coefficients[j], relative));
    if (intercept)
        CU_ASSERT(near(number(object, "intercept"), expected->coefficients[from->width], relative));
    for (int j = 0; j < from->width + intercept; j++) {
        CU_ASSERT(near(item(object, "std_errors", j), expected->errors[j], relative));
        CU_ASSERT(near(item(object, "p_values", j), expected->p[j], 20 * relative));
    }
    CU_ASSERT(json_array_size(json_object_get(object, "t_values")) ==
              (size_t)(from->width + intercept));
    CU_ASSERT(near(number(metrics, "r2"), expected->r2, relative));
    CU_ASSERT(near(number(metrics, "rmse"), expected->rmse, relative));
    CU_ASSERT(near(number(metrics, "mae"), expected->mae, relative));
    CU_ASSERT(number(object, "degrees_of_freedom") == (double)expected->degrees);
    CU_ASSERT(json_is_false(json_object_get(object, "singular")));
    json_decref(object);
    qn_stage_free(stage);
}

/* Exact rational arithmetic in Python (fractions, then mpmath with 60 digits); R 4.2.2's
 * summary(lm(Employed ~ ., longley)) agrees to 13 digits, as do NIST's certified values. */
static void test_longley(void) {
    static const golden expected = {
        .coefficients = {0.015061872271373295, -0.035819179292591017, -0.020202298038168251,
                         -0.01033226867173592, -0.051104105653580714, 1.8291514646135518,
                         -3482.2586345958183},
        .errors = {0.084914925774766945, 0.033491007772243189, 0.0048839968165169946,
                   0.0021427416316167526, 0.22607320006937036, 0.45547849914221199,
                   890.42038360737255},
        .p = {0.86314083280921453, 0.31268106109271112, 0.0025350917341112787,
              0.00094436676416179346, 0.82621179576364699, 0.0030368033416302891,
              0.0035604036637262307},
        .r2 = 0.9954790045772956,
        .rmse = 0.2286405551714736,
        .mae = 0.17937152117376969,
        .degrees = 9};
    check_golden(&employed, "", &expected, 1e-11);
}

/* The same Python; R: summary(lm(mpg ~ wt + hp + qsec, mtcars)) and with weights = cyl, without
 * intercept (- 1); scikit-learn 1.x: Ridge(alpha = n * 0.5 / sd(y)) on x / sd(x). */
static void test_cars(void) {
    static const golden plain = {.coefficients = {-4.3587972001626815, -0.01782227160554255,
                                                  0.51083369424505525, 27.61052685820498},
                                 .errors = {0.75270039223473853, 0.014981168848936294,
                                            0.43922153203755322, 8.4199284765393169},
                                 .p = {3.2172215296398827e-6, 0.24417624090336474,
                                       0.25462838102650386, 0.0027845556611020361},
                                 .r2 = 0.83476776170582987,
                                 .rmse = 2.4112969617995525,
                                 .mae = 1.8733805544312427,
                                 .degrees = 28};
    static const golden weighted = {.coefficients = {-4.1220866352127149, -0.01496063350492779,
                                                     0.60139462999771331, 24.675612472060108},
                                    .errors = {0.70096016862243257, 0.014224731317969611,
                                               0.46251814866030701, 8.8138689889936807},
                                    .p = {2.5244189724295853e-6, 0.30191415692037994,
                                          0.20411287802793627, 0.0091632071675429635},
                                    .r2 = 0.82221590043781977,
                                    .rmse = 2.2935344121039183,
                                    .mae = 1.7337396265393629,
                                    .degrees = 28};
    static const golden origin = {
        .coefficients = {-5.4073305646871531, 0.020747452869148937, 1.9252381648254824},
        .errors = {0.78769947571494848, 0.010725903335782644, 0.095828621514261716},
        .p = {1.5330864797416522e-7, 0.062882834911472826, 1.4528167052157631e-18},
        .r2 = 0.98166162151691756,
        .rmse = 2.8367741117595474,
        .mae = 2.2242172020440077,
        .degrees = 29};
    check_golden(&cars, "", &plain, 1e-12);
    check_golden(&heavy_cars, "", &weighted, 1e-12);
    check_golden(&cars, "fit_intercept=false", &origin, 1e-12);
    sample sparse = cars;
    sparse.sparse = true;
    check_golden(&sparse, "", &plain, 1e-12);
}

static void test_ridge(void) {
    static const golden standard = {.coefficients = {-3.827721100998281, -0.02322440192504182,
                                                     0.38259620552526928, 28.983226146197141},
                                    .errors = {0.6284084514312619, 0.011688662945943442,
                                               0.36093949885416538, 7.0372786795695482},
                                    .p = {1.4326214174980721e-6, 0.056795462712581762,
                                          0.29820276179810175, 0.00030556121552722565},
                                    .r2 = 0.83125678280532677,
                                    .rmse = 2.4367808242366828,
                                    .mae = 1.860734468529741,
                                    .degrees = 28};
    static const golden weighted = {.coefficients = {-3.3032774920263127, -0.027759103252045748,
                                                     0.27485106586418437, 29.679559251750513},
                                    .errors = {0.63649462396360047, 0.013341170890724318,
                                               0.43762567168279598, 8.4587369135757018},
                                    .p = {1.6508130899488063e-5, 0.046726278572859386,
                                          0.53506026853958007, 0.001541009052819092},
                                    .r2 = 0.81353543087795645,
                                    .rmse = 2.3488590874203103,
                                    .mae = 1.7558030612398536,
                                    .degrees = 28};
    static const golden origin = {
        .coefficients = {-4.4364780065685662, 0.010425480361397482, 1.8326484871759035},
        .errors = {0.71676510504421917, 0.0098093170018216185, 0.093270089215308898},
        .p = {9.4808485047003702e-7, 0.29663688114258099, 2.6520947830483515e-18},
        .r2 = 0.98069937012056065,
        .rmse = 2.9102482065664843,
        .mae = 2.3139660027299426,
        .degrees = 29};
    check_golden(&cars, "reg_param=0.5", &standard, 1e-12);
    check_golden(&heavy_cars, "reg_param=0.5 standardization=false", &weighted, 1e-12);
    check_golden(&cars, "reg_param=0.5 fit_intercept=false", &origin, 1e-12);
}

/* R 4.2.2: quantile(residuals(lm(Employed ~ ., longley)), type = 1) */
static void test_residuals(void) {
    static const char *const names[] = {"min", "q1", "median", "q3", "max"};
    static const double expected[] = {-0.410114621930914, -0.164048956395603, -0.0390550425226893,
                                      0.0462871677575218, 0.455394094551857};
    qn_stage *stage = fit_sample(&employed, "");
    json_t *object = describe(stage);
    for (int i = 0; i < 5; i++)
        CU_ASSERT(near(number(json_object_get(object, "residuals"), names[i]), expected[i], 1e-9));
    json_decref(object);
    qn_stage_free(stage);
}

/* numpy 2: pinv of the standardised features. */
static void test_singular(void) {
    static const double golden_collinear[] = {-2.4853574706831294, -0.017848214264945487,
                                              -1.3924732717215518, 37.2272701164472};
    static const double golden_short[] = {-0.6313297879467346, -0.029191703749115033,
                                          0.28748052844003186, -0.2481294818674777,
                                          22.62201884990504};
    double values[32][4];
    for (int i = 0; i < 32; i++) {
        memcpy(values[i], mtcars[i], 3 * sizeof(double));
        values[i][3] = values[i][1] + values[i][2] / 100;
    }
    const sample collinear = {values[0], 32, 4, {1, 2, 3}, 3, 0, -1, false};
    const sample few = {mtcars[0], 3, 5, {1, 2, 3, 4}, 4, 0, -1, false};
    qn_stage *stage = fit_sample(&collinear, "");
    json_t *object = describe(stage);
    for (int j = 0; j < 3; j++)
        CU_ASSERT(near(item(object, "coefficients", j), golden_collinear[j], 1e-9));
    CU_ASSERT(near(number(object, "intercept"), golden_collinear[3], 1e-9));
    CU_ASSERT(json_is_true(json_object_get(object, "singular")));
    CU_ASSERT(json_is_null(json_object_get(object, "std_errors")));
    CU_ASSERT(number(object, "rank") == 2 && number(object, "degrees_of_freedom") == 29);
    json_decref(object);
    qn_stage_free(stage);
    stage = fit_sample(&few, "");
    object = describe(stage);
    for (int j = 0; j < 4; j++)
        CU_ASSERT(near(item(object, "coefficients", j), golden_short[j], 1e-9));
    CU_ASSERT(near(number(object, "intercept"), golden_short[4], 1e-9));
    CU_ASSERT(number(object, "degrees_of_freedom") == 0);
    CU_ASSERT(json_is_null(json_object_get(json_object_get(object, "metrics"), "r2adj")));
    json_decref(object);
    qn_stage_free(stage);
}

/* Wide, mostly empty rows take another way to the same numbers: 40 categories beside a year, with
 * the dense form as the measure. */
static void test_wide_sparse(void) {
    enum { ROWS = 400, WIDTH = 40 };
    static double values[ROWS][WIDTH + 1];
    sample wide = {values[0], ROWS, WIDTH + 1, {0}, WIDTH, WIDTH, -1, false};
    memset(values, 0, sizeof values);
    for (int i = 0; i < ROWS; i++) {
        values[i][0] = 2000 + (i * 7 % 31) * 0.5;
        values[i][1 + i * 11 % (WIDTH - 1)] = 1;
        values[i][WIDTH] = 3 * values[i][0] + i % 13 + 5 * (i * 11 % 3);
    }
    qn_stage *dense = fit_sample(&wide, "reg_param=0.01");
    wide.sparse = true;
    qn_stage *sparse = fit_sample(&wide, "reg_param=0.01");
    json_t *a = describe(dense), *b = describe(sparse);
    for (int j = 0; j < WIDTH; j++) {
        double error = item(a, "std_errors", j);
        CU_ASSERT(fabs(item(a, "coefficients", j) - item(b, "coefficients", j)) < 1e-10 * error);
        CU_ASSERT(near(error, item(b, "std_errors", j), 1e-10));
    }
    CU_ASSERT(near(number(a, "intercept"), number(b, "intercept"), 1e-11));
    json_decref(a);
    json_decref(b);
    qn_stage_free(dense);
    qn_stage_free(sparse);
}

/* A constant feature gets 0 and no error; the others are fitted as without it. */
static void test_constant_feature(void) {
    double values[32][4];
    for (int i = 0; i < 32; i++) {
        memcpy(values[i], mtcars[i], 3 * sizeof(double));
        values[i][3] = 0.1;
    }
    const sample with = {values[0], 32, 4, {1, 3, 2}, 3, 0, -1, false};
    const sample without = {values[0], 32, 4, {1, 2}, 2, 0, -1, false};
    qn_stage *a = fit_sample(&with, ""), *b = fit_sample(&without, "");
    json_t *left = describe(a), *right = describe(b);
    CU_ASSERT(item(left, "coefficients", 1) == 0);
    CU_ASSERT(json_is_null(json_array_get(json_object_get(left, "std_errors"), 1)));
    CU_ASSERT(near(item(left, "coefficients", 2), item(right, "coefficients", 1), 1e-12));
    CU_ASSERT(near(item(left, "std_errors", 2), item(right, "std_errors", 1), 1e-12));
    CU_ASSERT(near(item(left, "std_errors", 3), item(right, "std_errors", 2), 1e-12));
    CU_ASSERT(number(left, "degrees_of_freedom") == number(right, "degrees_of_freedom"));
    json_decref(left);
    json_decref(right);
    qn_stage_free(a);
    qn_stage_free(b);
}

static void test_constant_label(void) {
    double values[20][2];
    for (int i = 0; i < 20; i++) {
        values[i][0] = i;
        values[i][1] = 0.3;
    }
    const sample flat = {values[0], 20, 2, {0}, 1, 1, -1, false};
    qn_stage *stage = fit_sample(&flat, "reg_param=1");
    json_t *object = describe(stage);
    CU_ASSERT(item(object, "coefficients", 0) == 0 && number(object, "intercept") == 0.3);
    CU_ASSERT(number(json_object_get(object, "metrics"), "rmse") == 0);
    CU_ASSERT(json_is_real(json_object_get(object, "objective")));
    CU_ASSERT(number(object, "objective") == 0); /* Spark's objectiveHistory: [0] */
    CU_ASSERT(json_is_null(json_object_get(object, "p_values")));
    json_decref(object);
    qn_stage_free(stage);
    stage = make_stage(&flat, "reg_param=1 fit_intercept=false");
    qn_stream *stream = sample_share(&flat);
    QN_TEST_FAILS(qn_stage_fit(stage, stream, qn_test_comm()), QN_NUMERIC, "constant");
    qn_stream_free(stream);
    qn_stage_free(stage);
    stage = fit_sample(&flat, "fit_intercept=false");
    object = describe(stage);
    CU_ASSERT(near(item(object, "coefficients", 0), 0.3 * 190 / 2470, 1e-13));
    json_decref(object);
    qn_stage_free(stage);
}

/* The fit of this rank's share over all ranks has the bits of the fit of everything on one. */
static void test_same_bits(void) {
    const sample *samples[] = {&employed, &cars, &heavy_cars};
    for (int k = 0; k < 3; k++) {
        qn_comm *self = NULL;
        qn_stage *shared = fit_sample(samples[k], ""), *alone = make_stage(samples[k], "");
        qn_stream *stream = sample_stream(samples[k], 0, 1);
        QN_TEST_OK(qn_comm_self(&self));
        QN_TEST_OK(qn_stage_fit(alone, stream, self));
        json_t *a = describe(shared), *b = describe(alone);
        CU_ASSERT(json_equal(a, b));
        json_decref(a);
        json_decref(b);
        qn_stage_free(shared);
        qn_stage_free(alone);
        qn_stream_free(stream);
        qn_comm_free(self);
    }
}

static qn_stage *reload(qn_stage *stage) {
    static const qn_stage_class *const classes[] = {&qn_linear_regression_class, NULL};
    const qn_registry registries[] = {classes, NULL};
    const char *path = qn_test_path("model.h5");
    qn_archive *archive = NULL;
    qn_stage *loaded = NULL;
    QN_TEST_OK(qn_archive_create(&archive, qn_test_comm(), path, "model"));
    QN_TEST_OK(qn_stage_save(stage, archive, "model"));
    QN_TEST_OK(qn_archive_close(archive));
    QN_TEST_OK(qn_archive_open(&archive, qn_test_comm(), path, "model"));
    QN_TEST_OK(qn_stage_load(&loaded, registries, archive, "model"));
    QN_TEST_OK(qn_archive_close(archive));
    return loaded;
}

static void test_save_load(void) {
    qn_stage *stage = fit_sample(&heavy_cars, "reg_param=0.1");
    qn_stage *loaded = reload(stage);
    json_t *a = describe(stage), *b = describe(loaded);
    CU_ASSERT(json_equal(a, b));
    json_decref(a);
    json_decref(b);
    qn_stage_free(stage);
    qn_stage_free(loaded);
}

static void test_predict(void) {
    qn_stage *stage = fit_sample(&cars, "");
    json_t *model = describe(stage);
    qn_stream *stream = sample_share(&cars), *scored = NULL;
    QN_TEST_OK(qn_stage_stream(&scored, stage, stream));
    CU_ASSERT(qn_schema_find(&scored->schema, "prediction") == scored->schema.count - 1);
    for (bool more = true; more;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TEST_OK(qn_stream_next(scored, &batch));
        more = batch.count > 0;
        for (int64_t i = 0; i < batch.length; i++) {
            const double *row = batch.columns[0]->f64 + 3 * i;
            double expected = number(model, "intercept");
            for (int j = 0; j < 3; j++)
                expected += row[j] * item(model, "coefficients", j);
            CU_ASSERT(near(batch.columns[batch.count - 1]->f64[i], expected, 1e-14));
        }
        qn_batch_clear(&batch);
    }
    qn_stream_free(scored);
    json_decref(model);
    qn_stage_free(stage);
}

static void check_refused(const sample *from, const char *set, qn_status code, const char *text) {
    qn_stage *stage = make_stage(from, set);
    qn_stream *stream = sample_share(from);
    QN_TEST_FAILS(qn_stage_fit(stage, stream, qn_test_comm()), code, text);
    qn_stream_free(stream);
    qn_stage_free(stage);
}

static void test_bad_data(void) {
    double values[32][5];
    sample bad = {values[0], 32, 5, {1, 2, 3}, 3, 0, 4, false};
    memcpy(values, mtcars, sizeof values);
    values[22][2] = (double)NAN;
    check_refused(&bad, "", QN_DATA, "slot 1 of column 'features' is NaN at row");
    values[22][4] = 0;
    check_refused(&bad, "weight_col=weight", QN_DATA, "slot 1 of column 'features' is NaN at row");
    memcpy(values, mtcars, sizeof values);
    values[22][0] = HUGE_VAL;
    check_refused(&bad, "", QN_DATA, "column 'label' is infinite at row");
    memcpy(values, mtcars, sizeof values);
    values[31][4] = -1;
    check_refused(&bad, "", QN_DATA, "column 'weight' is negative at row");
    bad.rows = 0;
    check_refused(&bad, "", QN_DATA, "no row to fit");
    check_refused(&cars, "label_col=lable", QN_JOB, "lable");
    check_refused(&cars, "features_col=label", QN_JOB, "must be a vector");
    check_refused(&cars, "label_col=features", QN_JOB, "must be a number");
    check_refused(&cars, "prediction_col=label", QN_JOB, "already");
    qn_stage *stage = make_stage(&cars, "");
    QN_TEST_FAILS(qn_stage_set(stage, "elastic_net_param", "0.5"), QN_JOB, "elastic_net_param");
    QN_TEST_FAILS(qn_stage_set(stage, "reg_param", "-1"), QN_JOB, "reg_param");
    qn_stage_free(stage);
}

/* Any allocation may fail; nothing leaks (the harness counts blocks). */
static void test_memory(void) {
    qn_status status = QN_MEMORY;
    if (qn_comm_size(qn_test_comm()) > 1)
        return;
    for (int64_t fail = 0; status != QN_OK && fail < 500; fail++) {
        qn_stage *stage = make_stage(&employed, "");
        qn_stream *stream = sample_share(&employed);
        qn_mem_fail_after(fail);
        status = qn_stage_fit(stage, stream, qn_test_comm());
        qn_mem_fail_after(-1);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
        qn_stream_free(stream);
        qn_stage_free(stage);
    }
    CU_ASSERT(status == QN_OK);
}

static const qn_test_case cases[] = {
    {"longley: collinear features, wide ranges", test_longley},
    {"weights, no intercept, sparse features", test_cars},
    {"ridge as in Spark, glmnet and scikit-learn", test_ridge},
    {"quantiles of residuals equal R's", test_residuals},
    {"singular systems get the least-norm solution", test_singular},
    {"wide, mostly empty rows fit the same", test_wide_sparse},
    {"a constant feature gets coefficient 0", test_constant_feature},
    {"a constant label needs no fit", test_constant_label},
    {"ranks fit the same bits as one process", test_same_bits},
    {"a saved model loads as it was", test_save_load},
    {"predictions are the weighted sums", test_predict},
    {"bad data and options are named", test_bad_data},
    {"a failed allocation is reported", test_memory},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("linear_regression", cases);
}
