/* linear_regression: ordinary and ridge least squares by the normal equations. */
#include "ml/linear_regression.h"

#include "core/memory.h"
#include "ml/estimators.h"

enum { MAX_FEATURES = 4096 }; /* Spark's limit; products take 0.8 GB then */

static const qn_option options[] = {
    {"features_col", QN_OPTION_TEXT, "features", NULL, "vector column with the features"},
    {"label_col", QN_OPTION_TEXT, "label", NULL, "number to predict"},
    {"prediction_col", QN_OPTION_TEXT, "prediction", NULL, "column to add"},
    {"weight_col", QN_OPTION_TEXT, NULL, NULL, "weight of each row, 0 or more; none: all 1"},
    {"reg_param", QN_OPTION_REAL, "0", "[0,inf)", "strength of the ridge penalty"},
    {"elastic_net_param", QN_OPTION_REAL, "0", "[0,0]", "share of the lasso penalty: 0, ridge"},
    {"fit_intercept", QN_OPTION_BOOL, "true", NULL, "fit a constant term"},
    {"standardization", QN_OPTION_BOOL, "true", NULL, "penalise coefficients of scaled features"},
    {"solver", QN_OPTION_CHOICE, "auto", "auto|normal", "normal equations are the only solver"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct linear_regression {
    qn_stage base;
    qn_linear_model model;
} linear_regression;

static qn_status find_features(const qn_stage *stage, const qn_schema *schema, int32_t *out) {
    return qn_roles_find_vector(schema, qn_options_text(stage->options, "features_col"), out);
}

static qn_status find_roles(const qn_stage *stage, const qn_schema *schema, qn_roles *out) {
    qn_roles roles = {-1, -1, -1};
    const qn_options *set = stage->options;
    QN_TRY(find_features(stage, schema, &roles.features));
    const qn_field *features = &schema->fields[roles.features];
    if (features->width > MAX_FEATURES)
        return qn_fail(QN_JOB, "column '%s' has %d slots; the normal equations take at most %d",
                       features->name, features->width, MAX_FEATURES);
    QN_TRY(qn_roles_find_number(schema, qn_options_text(set, "label_col"), &roles.label));
    if (qn_options_has(set, "weight_col"))
        QN_TRY(qn_roles_find_number(schema, qn_options_text(set, "weight_col"), &roles.weight));
    *out = roles;
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    const linear_regression *self = (linear_regression *)stage;
    const char *prediction = qn_options_text(stage->options, "prediction_col");
    qn_roles roles;
    if (stage->fitted)
        QN_TRY(find_features(stage, in, &roles.features));
    else
        QN_TRY(find_roles(stage, in, &roles));
    const qn_field *features = &in->fields[roles.features];
    if (stage->fitted && features->width != self->model.width)
        return qn_fail(QN_JOB, "column '%s' has %d slots, but %lld were fitted", features->name,
                       features->width, (long long)self->model.width);
    if (qn_schema_find(in, prediction) >= 0)
        return qn_fail(QN_JOB, "there is a column '%s' already; set prediction_col", prediction);
    QN_TRY(qn_schema_copy(out, in));
    return qn_schema_add(out, prediction, QN_FLOAT64);
}

static qn_status fit(qn_stage *stage, qn_stream *in, qn_comm *comm) {
    linear_regression *self = (linear_regression *)stage;
    const qn_options *set = stage->options;
    qn_roles roles;
    QN_TRY(find_roles(stage, &in->schema, &roles));
    qn_linear_options wanted = {.intercept = qn_options_bool(set, "fit_intercept"),
                                .standardization = qn_options_bool(set, "standardization"),
                                .reg = qn_options_real(set, "reg_param")};
    return qn_linear_model_fit(&self->model, in, comm, roles, wanted);
}

static qn_status copy_nulls(qn_column *to, const qn_column *from) {
    for (int64_t i = 0; i < from->length && from->null_count > 0; i++) {
        if (!qn_column_is_null(from, i))
            continue;
        to->f64[i] = 0;
        QN_TRY(qn_column_set_null(to, i));
    }
    return QN_OK;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const qn_linear_model *model = &((const linear_regression *)stage)->model;
    qn_column *prediction = NULL;
    int32_t index;
    QN_TRY(find_features(stage, schema, &index));
    const qn_column *features = in->columns[index];
    QN_TRY(qn_batch_share(out, in));
    QN_TRY(qn_column_new(&prediction, QN_FLOAT64, in->length, 0));
    qn_linear_predict(features, model->coefficients, model->intercept, prediction->f64);
    qn_status status = copy_nulls(prediction, features);
    if (status != QN_OK) {
        qn_column_release(prediction);
        return status;
    }
    return qn_batch_append(out, prediction);
}

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    return qn_linear_model_persist(&((linear_regression *)stage)->model, archive);
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    return qn_linear_model_describe(&((const linear_regression *)stage)->model, object);
}

static void clear(qn_stage *stage) {
    qn_linear_model_clear(&((linear_regression *)stage)->model);
}

const qn_stage_class qn_linear_regression_class = {
    .name = "linear_regression",
    .help = "predict a number as a weighted sum of features: least squares, with ridge penalty",
    .kind = QN_STAGE_PREDICTOR,
    .size = sizeof(linear_regression),
    .options = options,
    .bind = bind,
    .fit = fit,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
