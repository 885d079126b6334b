#include "ml/linear_fit.h"

#include "core/memory.h"

#include <math.h>
#include <string.h>

/* Below this reciprocal condition number the normal equations may cost more than the last three
 * digits. */
#define REFINE_BELOW 1e-4

void qn_linear_fit_clear(qn_linear_fit *fit) {
    qn_mem_free(fit->coefficients);
    qn_mem_free(fit->mean);
    qn_mem_free(fit->penalty);
    qn_mem_free(fit->active);
    qn_symmetric_clear(&fit->system);
    *fit = (qn_linear_fit){0};
}

static qn_status allocate(qn_linear_fit *fit, int32_t width) {
    size_t n = (size_t)width;
    fit->width = width;
    QN_TRY(qn_mem_calloc(&fit->coefficients, n, sizeof *fit->coefficients));
    QN_TRY(qn_mem_calloc(&fit->mean, n, sizeof *fit->mean));
    QN_TRY(qn_mem_calloc(&fit->penalty, n, sizeof *fit->penalty));
    return qn_mem_calloc(&fit->active, n, sizeof *fit->active);
}

/* Constant labels: *done if the fit is known without solving. */
static qn_status fit_constant(qn_linear_fit *fit, const qn_gram *gram, double mean, bool *done) {
    *done = false;
    if (!qn_gram_is_constant(gram, gram->width))
        return QN_OK;
    double value = gram->max[gram->width];
    if (fit->options.intercept || value == 0) {
        fit->intercept = fit->options.intercept ? mean : 0;
        fit->constant = true;
        *done = true;
        return QN_OK;
    }
    if (fit->options.reg > 0) {
        qn_status status =
            qn_fail(QN_NUMERIC, "the label is constant, which leaves reg_param without a scale");
        qn_error_help("fit with fit_intercept = true or reg_param = 0");
        return status;
    }
    return QN_OK;
}

/* Features that vary, their penalties and, with an intercept, means. */
static void choose_active(qn_linear_fit *fit, const qn_gram *gram, const qn_gram_result *centered) {
    int32_t width = fit->width;
    double label_deviation = sqrt(centered->label_square / centered->weight);
    for (int32_t j = 0; j < width; j++) {
        double variance = centered->product[(int64_t)j * width + j] / centered->weight;
        if (fit->options.intercept)
            fit->mean[j] = centered->mean[j];
        if (qn_gram_is_constant(gram, j) || !(variance > 0))
            continue;
        fit->active[fit->active_count++] = j;
        double scale = fit->options.standardization ? variance : 1;
        if (fit->options.reg > 0 && label_deviation > 0)
            fit->penalty[j] = centered->weight * fit->options.reg / label_deviation * scale;
    }
}

static qn_status solve_active(qn_linear_fit *fit, const qn_gram_result *products) {
    int64_t n = fit->active_count;
    double *matrix = NULL, *right = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&matrix, (size_t)(n * n), sizeof *matrix), done);
    QN_TRY_GOTO(qn_mem_alloc(&right, (size_t)n, sizeof *right), done);
    for (int64_t i = 0; i < n; i++) {
        int64_t row = fit->active[i];
        for (int64_t j = 0; j < n; j++)
            matrix[i * n + j] = products->product[row * fit->width + fit->active[j]];
        matrix[i * n + i] += fit->penalty[row];
        right[i] = products->label[row];
    }
    QN_TRY_GOTO(qn_symmetric_factor(&fit->system, matrix, n, NULL), done);
    QN_TRY_GOTO(qn_symmetric_solve(&fit->system, right, right), done);
    for (int64_t i = 0; i < n; i++)
        fit->coefficients[fit->active[i]] = right[i];
    fit->singular = fit->system.singular;
    fit->rank = fit->system.rank;
done:
    qn_mem_free(matrix);
    qn_mem_free(right);
    return status;
}

static double dot(const double *a, const double *b, int64_t count) {
    double high = 0, low = 0; /* compensated: means may be large and coefficients of both signs */
    for (int64_t i = 0; i < count; i++) {
        double product = a[i] * b[i], error = fma(a[i], b[i], -product);
        double sum = high + product, part = sum - high;
        low += error + ((high - (sum - part)) + (product - part));
        high = sum;
    }
    return high + low;
}

static qn_status solve(qn_linear_fit *fit, const qn_gram *gram) {
    qn_gram_result centered = {0}, raw = {0};
    bool known = false;
    qn_status status;
    QN_TRY_GOTO(qn_gram_finish(gram, true, &centered), done);
    fit->weight = centered.weight;
    double mean = centered.mean[fit->width];
    QN_TRY_GOTO(fit_constant(fit, gram, mean, &known), done);
    if (known)
        goto done;
    choose_active(fit, gram, &centered);
    if (!fit->options.intercept)
        QN_TRY_GOTO(qn_gram_finish(gram, false, &raw), done);
    QN_TRY_GOTO(solve_active(fit, fit->options.intercept ? &centered : &raw), done);
    if (fit->options.intercept)
        fit->intercept = mean - dot(fit->coefficients, fit->mean, fit->width);
done:
    qn_gram_result_clear(&centered);
    qn_gram_result_clear(&raw);
    return status;
}

qn_status qn_linear_fit_solve(qn_linear_fit *out, const qn_gram *gram, qn_linear_options options) {
    qn_linear_fit fit = {.options = options};
    qn_status status;
    QN_TRY_GOTO(allocate(&fit, gram->width), done);
    QN_TRY_GOTO(solve(&fit, gram), done);
    *out = fit;
    fit = (qn_linear_fit){0};
done:
    qn_linear_fit_clear(&fit);
    return status;
}

bool qn_linear_fit_wants_refinement(const qn_linear_fit *fit) {
    return !fit->constant && !fit->singular && fit->active_count > 0 &&
           fit->system.reciprocal < REFINE_BELOW;
}

qn_status qn_linear_fit_refine(qn_linear_fit *fit, const double *gradient, double residual) {
    int64_t n = fit->active_count;
    double *step = NULL;
    qn_status status;
    QN_TRY(qn_mem_alloc(&step, (size_t)n, sizeof *step));
    for (int64_t i = 0; i < n; i++) {
        int32_t j = fit->active[i];
        step[i] = gradient[j] - fit->penalty[j] * fit->coefficients[j];
    }
    QN_TRY_GOTO(qn_symmetric_solve(&fit->system, step, step), done);
    double moved = 0;
    for (int64_t i = 0; i < n; i++) {
        int32_t j = fit->active[i];
        fit->coefficients[j] += step[i];
        moved += fit->mean[j] * step[i];
    }
    if (fit->options.intercept)
        fit->intercept += residual / fit->weight - moved;
done:
    qn_mem_free(step);
    return status;
}

qn_status qn_linear_fit_errors(const qn_linear_fit *fit, double variance, double *errors) {
    int64_t n = fit->active_count;
    double *inverse = NULL, intercept = 1 / fit->weight;
    QN_TRY(qn_mem_alloc(&inverse, (size_t)(n * n), sizeof *inverse));
    qn_status status = qn_symmetric_inverse(&fit->system, inverse);
    for (int32_t j = 0; j <= fit->width - !fit->options.intercept; j++)
        errors[j] = (double)NAN;
    for (int64_t i = 0; i < n && status == QN_OK; i++) {
        int32_t row = fit->active[i];
        errors[row] = sqrt(inverse[i * n + i] * variance);
        for (int64_t j = 0; j < n; j++)
            intercept += fit->mean[row] * inverse[i * n + j] * fit->mean[fit->active[j]];
    }
    if (fit->options.intercept)
        errors[fit->width] = sqrt(intercept * variance);
    qn_mem_free(inverse);
    return status;
}

/* ---- Prediction ----------------------------------------------------------------------------- */

#if defined(__x86_64__)
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
static void
predict_dense(const double *rows, int64_t count, int64_t width, const double *coefficients,
              double intercept, double *out) {
    enum { LANES = 8 };
    for (int64_t r = 0; r < count; r++, rows += width) {
        double lanes[LANES] = {0};
        int64_t j = 0;
        for (; j + LANES <= width; j += LANES)
            for (int l = 0; l < LANES; l++)
                lanes[l] += rows[j + l] * coefficients[j + l];
        for (int l = 0; j + l < width; l++)
            lanes[l] += rows[j + l] * coefficients[j + l];
        out[r] = intercept + (((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) +
                              ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7])));
    }
}

void qn_linear_predict(const qn_column *features, const double *coefficients, double intercept,
                       double *out) {
    if (features->indices == NULL) {
        predict_dense(features->f64, features->length, features->width, coefficients, intercept,
                      out);
        return;
    }
    for (int64_t i = 0; i < features->length; i++) {
        double sum = 0;
        for (int32_t k = features->offsets[i]; k < features->offsets[i + 1]; k++)
            sum += features->f64[k] * coefficients[features->indices[k]];
        out[i] = intercept + sum;
    }
}
