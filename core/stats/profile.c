#include "core/stats/profile.h"

#include "core/memory.h"
#include "core/stats/values.h"

#include <math.h>
#include <string.h>

static qn_status init_column(qn_column_profile *column, const qn_field *field) {
    column->type = field->type;
    column->numbers = qn_values_allowed(field->type);
    if (field->type != QN_VECTOR) {
        QN_TRY(qn_distinct_init(&column->distinct));
        column->counted = true;
    }
    if (!column->numbers)
        return QN_OK;
    column->least = INT64_MAX;
    column->greatest = INT64_MIN;
    QN_TRY(qn_quantiles_init(&column->quantiles, 0.001));
    return qn_moments_init(&column->moments, 1, QN_MOMENTS_SKIP_NAN);
}

qn_status qn_profile_init(qn_profile *profile, const qn_schema *schema) {
    qn_profile made = {.count = schema->count};
    QN_TRY(qn_mem_calloc(&made.columns, (size_t)schema->count, sizeof *made.columns));
    for (int32_t i = 0; i < schema->count; i++) {
        qn_status status = init_column(&made.columns[i], &schema->fields[i]);
        if (status != QN_OK) {
            qn_profile_clear(&made);
            return status;
        }
    }
    *profile = made;
    return QN_OK;
}

void qn_profile_clear(qn_profile *profile) {
    for (int32_t i = 0; i < profile->count && profile->columns != NULL; i++) {
        qn_column_profile *column = &profile->columns[i];
        qn_moments_clear(&column->moments);
        qn_quantiles_clear(&column->quantiles);
        qn_distinct_clear(&column->distinct);
        qn_text_clear(&column->min);
        qn_text_clear(&column->max);
    }
    qn_mem_free(profile->columns);
    *profile = (qn_profile){0};
}

/* ---- Strings -------------------------------------------------------------------------------- */

static qn_status keep_text(qn_text *kept, qn_view text) {
    qn_text_truncate(kept, 0);
    return qn_text_add(kept, text.data, text.length);
}

static qn_view view_text(const qn_text *text) {
    return (qn_view){text->data, text->length};
}

qn_status qn_profile_add_text(qn_column_profile *column, qn_view text) {
    if (!column->extremes || qn_view_compare(text, view_text(&column->min)) < 0)
        QN_TRY(keep_text(&column->min, text));
    if (!column->extremes || qn_view_compare(text, view_text(&column->max)) > 0)
        QN_TRY(keep_text(&column->max, text));
    column->extremes = true;
    return QN_OK;
}

/* The least and the greatest string of a batch, by reference, before anything is copied. */
static qn_status add_extremes(qn_column_profile *profile, const qn_column *column) {
    qn_view least = {0}, greatest = {0};
    int32_t last_code = -1;
    bool any = false;
    for (int64_t i = 0; i < column->length; i++) {
        if (qn_column_is_null(column, i))
            continue;
        if (column->dictionary != NULL && column->codes[i] == last_code)
            continue;
        last_code = column->dictionary != NULL ? column->codes[i] : -1;
        qn_view text = qn_column_string(column, i);
        if (!any || qn_view_compare(text, least) < 0)
            least = text;
        if (!any || qn_view_compare(text, greatest) > 0)
            greatest = text;
        any = true;
    }
    if (!any)
        return QN_OK;
    QN_TRY(qn_profile_add_text(profile, least));
    return qn_profile_add_text(profile, greatest);
}

/* ---- Integers of 64 bits -------------------------------------------------------------------- */

static bool is_wide(qn_type type) {
    return type == QN_INT64 || type == QN_TIMESTAMP;
}

/* Sign and magnitude read as a double: another value, but the same order, and nothing is rounded.
 * Beyond the bits of the largest double, in the last 0.05 % below 2^63, there is no order: there
 * results are one of the two extremes. */
#define LARGEST UINT64_C(0x7FEFFFFFFFFFFFFF)

static double real_of_integer(int64_t x) {
    uint64_t magnitude = x < 0 ? -(uint64_t)x : (uint64_t)x;
    uint64_t bits = (magnitude < LARGEST ? magnitude : LARGEST) | (x < 0 ? UINT64_C(1) << 63 : 0);
    double real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

static int64_t integer_of_real(const qn_column_profile *profile, double real) {
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    int64_t magnitude = (int64_t)(bits & INT64_MAX);
    if (magnitude == (int64_t)LARGEST)
        return real < 0 ? profile->least : profile->greatest;
    return real < 0 ? -magnitude : magnitude;
}

/* Replaces the values by such doubles. */
static void order_integers(qn_column_profile *profile, const qn_column *column, double *values) {
    int64_t count = 0;
    for (int64_t i = 0; i < column->length; i++) {
        int64_t x = column->i64[i];
        if (qn_column_is_null(column, i))
            continue;
        profile->least = x < profile->least ? x : profile->least;
        profile->greatest = x > profile->greatest ? x : profile->greatest;
        values[count++] = real_of_integer(x);
    }
}

/* ---- Batches -------------------------------------------------------------------------------- */

static qn_status add_numbers(qn_column_profile *profile, const qn_column *column, int64_t batch) {
    double *values = NULL;
    QN_TRY(qn_mem_alloc(&values, (size_t)column->length, sizeof *values));
    int64_t count = qn_values_present(column, values);
    qn_status status = qn_moments_add_values(&profile->moments, values, count, NULL);
    if (is_wide(column->type))
        order_integers(profile, column, values);
    if (status == QN_OK)
        status = qn_quantiles_add(&profile->quantiles, batch, values, count);
    qn_mem_free(values);
    return status;
}

qn_status qn_profile_add(qn_profile *profile, const qn_batch *batch) {
    profile->rows += batch->length;
    for (int32_t i = 0; i < profile->count; i++) {
        qn_column_profile *column = &profile->columns[i];
        const qn_column *values = batch->columns[i];
        column->nulls += values->null_count;
        column->count += values->length - values->null_count;
        if (column->counted)
            QN_TRY(qn_distinct_add(&column->distinct, values));
        if (column->numbers)
            QN_TRY(add_numbers(column, values, batch->first_row / QN_BATCH_ROWS));
        if (column->type == QN_STRING)
            QN_TRY(add_extremes(column, values));
    }
    return QN_OK;
}

/* ---- Results -------------------------------------------------------------------------------- */

bool qn_profile_has_mean(const qn_column_profile *column) {
    return qn_type_is_numeric(column->type) || column->type == QN_BOOL;
}

double qn_profile_mean(const qn_column_profile *column) {
    return column->numbers ? qn_moments_mean(&column->moments, 0) : (double)NAN;
}

double qn_profile_deviation(const qn_column_profile *column) {
    if (!column->numbers)
        return (double)NAN;
    return sqrt(qn_moments_variance(&column->moments, 0, QN_VARIANCE_SAMPLE));
}

int64_t qn_profile_quantile_int(const qn_column_profile *column, double p) {
    if (!column->numbers || column->quantiles.count == 0)
        return 0;
    double value = qn_quantiles_value(&column->quantiles, p);
    if (!is_wide(column->type))
        return (int64_t)value;
    return integer_of_real(column, value);
}

double qn_profile_quantile(const qn_column_profile *column, double p) {
    if (!column->numbers || column->quantiles.count == 0)
        return (double)NAN;
    return is_wide(column->type) ? (double)qn_profile_quantile_int(column, p)
                                 : qn_quantiles_value(&column->quantiles, p);
}
