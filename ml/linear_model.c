/* A linear model's file and JSON forms. */
#include "ml/linear_regression.h"

#include "core/memory.h"

#include <math.h>

void qn_linear_model_clear(qn_linear_model *model) {
    qn_mem_free(model->coefficients);
    qn_mem_free_all(model->names, model->width);
    qn_mem_free(model->std_errors);
    qn_mem_free(model->t_values);
    qn_mem_free(model->p_values);
    *model = (qn_linear_model){0};
}

/* ---- File ----------------------------------------------------------------------------------- */

static qn_status persist_array(qn_archive *archive, const char *name, double **values,
                               int64_t expected) {
    int64_t count = expected;
    QN_TRY(qn_archive_reals(archive, name, values, &count));
    if (count != expected)
        return qn_fail(QN_DATA, "the model file is damaged: %s has %lld values, not %lld", name,
                       (long long)count, (long long)expected);
    return QN_OK;
}

static qn_status persist_metrics(qn_linear_model *model, qn_archive *archive) {
    qn_metrics *metrics = &model->metrics;
    static const char *const names[QN_RESIDUAL_QUANTILES] = {
        "residual_min", "residual_q1", "residual_median", "residual_q3", "residual_max"};
    QN_TRY(qn_archive_enter(archive, "metrics"));
    QN_TRY(qn_archive_real(archive, "rmse", &metrics->rmse));
    QN_TRY(qn_archive_real(archive, "mse", &metrics->mse));
    QN_TRY(qn_archive_real(archive, "mae", &metrics->mae));
    QN_TRY(qn_archive_real(archive, "r2", &metrics->r2));
    QN_TRY(qn_archive_real(archive, "r2adj", &model->r2adj));
    QN_TRY(qn_archive_real(archive, "explained_variance", &metrics->explained_variance));
    QN_TRY(qn_archive_real(archive, "objective", &model->objective));
    for (int i = 0; i < QN_RESIDUAL_QUANTILES; i++)
        QN_TRY(qn_archive_real(archive, names[i], &model->residuals[i]));
    return qn_archive_leave(archive);
}

static qn_status persist_errors(qn_linear_model *model, qn_archive *archive) {
    QN_TRY(qn_archive_int(archive, "error_count", &model->error_count));
    if (model->error_count == 0)
        return QN_OK;
    QN_TRY(persist_array(archive, "std_errors", &model->std_errors, model->error_count));
    QN_TRY(persist_array(archive, "t_values", &model->t_values, model->error_count));
    return persist_array(archive, "p_values", &model->p_values, model->error_count);
}

qn_status qn_linear_model_persist(qn_linear_model *model, qn_archive *archive) {
    int64_t width = model->width;
    QN_TRY(qn_archive_texts(archive, "features", &model->names, &width));
    model->width = width;
    QN_TRY(persist_array(archive, "coefficients", &model->coefficients, width));
    QN_TRY(qn_archive_real(archive, "intercept", &model->intercept));
    QN_TRY(qn_archive_int(archive, "rows", &model->rows));
    QN_TRY(qn_archive_int(archive, "degrees_of_freedom", &model->degrees));
    QN_TRY(qn_archive_int(archive, "rank", &model->rank));
    QN_TRY(qn_archive_bool(archive, "singular", &model->singular));
    QN_TRY(persist_errors(model, archive));
    return persist_metrics(model, archive);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static json_t *real_json(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *reals_json(const double *values, int64_t count) {
    json_t *array = count == 0 ? json_null() : json_array();
    int failed = 0;
    for (int64_t i = 0; i < count; i++)
        failed |= json_array_append_new(array, real_json(values[i]));
    if (!failed)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *coefficients_json(const qn_linear_model *model) {
    return model->width == 0 ? json_array() : reals_json(model->coefficients, model->width);
}

static json_t *names_json(const qn_linear_model *model) {
    json_t *array = json_array();
    int failed = 0;
    for (int64_t i = 0; i < model->width; i++)
        failed |= json_array_append_new(array, json_string(model->names[i]));
    if (!failed)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *metrics_json(const qn_linear_model *model) {
    const qn_metrics *metrics = &model->metrics;
    return json_pack("{so so so so so so}", "rmse", real_json(metrics->rmse), "mse",
                     real_json(metrics->mse), "mae", real_json(metrics->mae), "r2",
                     real_json(metrics->r2), "r2adj", real_json(model->r2adj), "explained_variance",
                     real_json(metrics->explained_variance));
}

static json_t *residuals_json(const qn_linear_model *model) {
    const double *residuals = model->residuals;
    return json_pack("{so so so so so}", "min", real_json(residuals[0]), "q1",
                     real_json(residuals[1]), "median", real_json(residuals[2]), "q3",
                     real_json(residuals[3]), "max", real_json(residuals[4]));
}

qn_status qn_linear_model_describe(const qn_linear_model *model, json_t *object) {
    int failed = json_object_set_new(object, "coefficients", coefficients_json(model));
    failed |= json_object_set_new(object, "features", names_json(model));
    failed |= json_object_set_new(object, "intercept", real_json(model->intercept));
    failed |= json_object_set_new(object, "std_errors",
                                  reals_json(model->std_errors, model->error_count));
    failed |=
        json_object_set_new(object, "t_values", reals_json(model->t_values, model->error_count));
    failed |=
        json_object_set_new(object, "p_values", reals_json(model->p_values, model->error_count));
    failed |= json_object_set_new(object, "rows", json_integer(model->rows));
    failed |= json_object_set_new(object, "degrees_of_freedom", json_integer(model->degrees));
    failed |= json_object_set_new(object, "rank", json_integer(model->rank));
    failed |= json_object_set_new(object, "singular", json_boolean(model->singular));
    failed |= json_object_set_new(object, "objective", real_json(model->objective));
    failed |= json_object_set_new(object, "metrics", metrics_json(model));
    failed |= json_object_set_new(object, "residuals", residuals_json(model));
    return failed ? qn_fail(QN_MEMORY, "out of memory for JSON") : QN_OK;
}
