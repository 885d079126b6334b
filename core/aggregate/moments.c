/* stddev, variance, corr, covar, regr_*; skewness, kurtosis. All from exact sums of the values and
 * their products, subtracted in 106 bits: what is left of a difference below 2^-97 of its terms is
 * taken as zero, so that constant columns have no variance. */
#include "core/aggregate/family.h"

#include "core/memory.h"
#include "core/stats/fixed_products.h"

#include <math.h>
#include <string.h>

/* Variants, as in the table of functions. */
enum {
    STDDEV_SAMP,
    STDDEV_POP,
    VAR_SAMP,
    VAR_POP,
    CORR,
    COVAR_SAMP,
    COVAR_POP,
    REGR_SLOPE,
    REGR_INTERCEPT,
    REGR_R2,
    REGR_AVGX,
    REGR_AVGY,
    REGR_SXX,
    REGR_SYY,
    REGR_SXY
};

typedef struct moments {
    qn_aggregator base;
    qn_fixed_sums sums[2];
    qn_fixed_products products;
    double *buffers[2];
} moments;

static qn_type numbers_type(const qn_aggregate_function *function, const qn_type *types,
                            int32_t count, bool *fits) {
    (void)function;
    for (int32_t k = 0; k < count; k++)
        *fits = *fits && qn_type_is_numeric(types[k]);
    return QN_FLOAT64;
}

static qn_status moments_init(qn_aggregator *base, const qn_type *types, int32_t order_count) {
    moments *self = (moments *)base;
    (void)types, (void)order_count;
    qn_fixed_products_init(&self->products, base->argument_count);
    for (int32_t k = 0; k < base->argument_count; k++) {
        qn_fixed_sums_init(&self->sums[k]);
        QN_TRY(qn_mem_alloc(&self->buffers[k], QN_BATCH_ROWS, sizeof *self->buffers[k]));
    }
    return QN_OK;
}

static void moments_clear(qn_aggregator *base) {
    moments *self = (moments *)base;
    qn_fixed_products_clear(&self->products);
    for (int k = 0; k < 2; k++) {
        qn_fixed_sums_clear(&self->sums[k]);
        qn_mem_free(self->buffers[k]);
    }
}

static int64_t moments_bytes(const qn_aggregator *base) {
    const moments *self = (const moments *)base;
    return qn_fixed_products_bytes(&self->products) + qn_fixed_sums_bytes(&self->sums[0]) +
           qn_fixed_sums_bytes(&self->sums[1]) + QN_BATCH_ROWS * 8 * base->argument_count;
}

static qn_status moments_grow(qn_aggregator *base, int64_t groups) {
    moments *self = (moments *)base;
    for (int32_t k = 0; k < base->argument_count; k++)
        QN_TRY(qn_fixed_sums_grow(&self->sums[k], groups));
    return qn_fixed_products_grow(&self->products, groups);
}

static qn_status moments_update(qn_aggregator *base, const qn_aggregate_rows *rows) {
    moments *self = (moments *)base;
    const double *values[2] = {NULL, NULL};
    for (int32_t k = 0; k < base->argument_count; k++) {
        values[k] = qn_aggregate_reals(rows->arguments[k], self->buffers[k]);
        QN_TRY(qn_fixed_sums_add(&self->sums[k], rows->groups, values[k], rows->count, 1));
    }
    return qn_fixed_products_add(&self->products, rows->groups, values[0], values[1], rows->count);
}

/* ---- States: all sums of a group as one string of bytes -------------------------------------- */

static qn_status pack_group(const moments *self, uint32_t group, qn_text *out) {
    for (int32_t k = 0; k < self->base.argument_count; k++) {
        int64_t at = out->length, zero = 0;
        QN_TRY(qn_text_add(out, (const char *)&zero, sizeof zero));
        QN_TRY(qn_fixed_sums_pack(&self->sums[k], group, out));
        int64_t length = out->length - at - (int64_t)sizeof zero;
        memcpy(out->data + at, &length, sizeof length);
    }
    return qn_fixed_products_pack(&self->products, group, out);
}

static qn_status moments_states(qn_aggregator *base, const uint32_t *ids, int64_t count,
                                qn_batch *out) {
    qn_string_builder builder;
    qn_text text;
    qn_column *column = NULL;
    qn_status status = QN_OK;
    qn_string_builder_init(&builder);
    qn_text_init(&text);
    for (int64_t i = 0; i < count; i++) {
        qn_text_truncate(&text, 0);
        QN_TRY_GOTO(pack_group((moments *)base, ids[i], &text), done);
        QN_TRY_GOTO(qn_string_builder_add(&builder, (qn_view){text.data, text.length}), done);
    }
    QN_TRY_GOTO(qn_string_builder_finish(&builder, &column), done);
    status = qn_batch_append(out, column);
done:
    qn_text_clear(&text);
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status moments_merge(qn_aggregator *base, const uint32_t *ids, int64_t count,
                               qn_column *const *states) {
    moments *self = (moments *)base;
    for (int64_t i = 0; i < count; i++) {
        qn_view bytes = qn_column_string(states[0], i);
        for (int32_t k = 0; k < base->argument_count; k++) {
            int64_t length;
            memcpy(&length, bytes.data, sizeof length);
            qn_view sum = {bytes.data + sizeof length, length};
            QN_TRY(qn_fixed_sums_unpack(&self->sums[k], ids[i], sum));
            bytes.data += (int64_t)sizeof length + length;
            bytes.length -= (int64_t)sizeof length + length;
        }
        QN_TRY(qn_fixed_products_unpack(&self->products, ids[i], bytes));
    }
    return QN_OK;
}

/* ---- Results -------------------------------------------------------------------------------- */

static qn_pair without_rounding_noise(qn_pair difference, double term) {
    return fabs(difference.high) <= ldexp(fabs(term), -97) ? (qn_pair){0, 0} : difference;
}

/* sum of x y less (sum of x) (sum of y) / n */
static qn_pair centred(qn_pair product, qn_pair x, qn_pair y, double n) {
    qn_pair subtracted = qn_pair_divide(qn_pair_multiply(x, y), (qn_pair){n, 0});
    qn_pair difference = qn_pair_add(product, qn_pair_negate(subtracted));
    return without_rounding_noise(difference, subtracted.high);
}

/* n, means' sums and the centred sums of a group. */
typedef struct group_moments {
    double n;
    qn_pair x, y, xx, yy, xy;
} group_moments;

static qn_pair sum_of(const qn_fixed_sums *sums, uint32_t group) {
    qn_pair sum;
    qn_fixed_sums_result_pair(sums, group, &sum.high, &sum.low);
    return sum;
}

static qn_status collect(const moments *self, uint32_t group, group_moments *out) {
    qn_pair product;
    out->n = (double)qn_presence_of(&self->base.presence, group);
    out->x = sum_of(&self->sums[0], group);
    QN_TRY(qn_fixed_products_result(&self->products, group, 0, &product));
    out->xx = centred(product, out->x, out->x, out->n);
    if (self->base.argument_count == 1)
        return QN_OK;
    out->y = sum_of(&self->sums[1], group);
    QN_TRY(qn_fixed_products_result(&self->products, group, 1, &product));
    out->yy = centred(product, out->y, out->y, out->n);
    QN_TRY(qn_fixed_products_result(&self->products, group, 2, &product));
    out->xy = centred(product, out->x, out->y, out->n);
    return QN_OK;
}

static bool is_finite(const group_moments *group, int32_t arguments) {
    return isfinite(group->x.high) && isfinite(group->xx.high) &&
           (arguments == 1 ||
            (isfinite(group->y.high) && isfinite(group->yy.high) && isfinite(group->xy.high)));
}

static double positive(double value) {
    return value > 0 ? value : 0;
}

/* SQL's regr_* take (y, x): the dependent variable first. */
static bool regression(const group_moments *of, int32_t variant, double *out) {
    double xx = of->yy.high, yy = of->xx.high, xy = of->xy.high;
    switch (variant) {
    case REGR_AVGX:
        *out = of->y.high / of->n;
        return true;
    case REGR_AVGY:
        *out = of->x.high / of->n;
        return true;
    case REGR_SXX:
    case REGR_SYY:
        *out = positive(variant == REGR_SXX ? xx : yy);
        return true;
    case REGR_SXY:
        *out = xy;
        return true;
    default:
        break;
    }
    if (xx == 0)
        return false;
    if (variant == REGR_SLOPE)
        *out = xy / xx;
    else if (variant == REGR_INTERCEPT)
        *out = (of->x.high - xy / xx * of->y.high) / of->n;
    else
        *out = yy == 0 ? 1 : xy / xx * (xy / yy);
    return true;
}

/* False: null. */
static bool result_of(const group_moments *of, int32_t variant, double *out) {
    double n = of->n;
    bool sample = variant == STDDEV_SAMP || variant == VAR_SAMP || variant == COVAR_SAMP;
    double divisor = sample ? n - 1 : n;
    if (n == 0 || divisor == 0)
        return false;
    switch (variant) {
    case STDDEV_SAMP:
    case STDDEV_POP:
        *out = sqrt(positive(of->xx.high) / divisor);
        return true;
    case VAR_SAMP:
    case VAR_POP:
        *out = positive(of->xx.high) / divisor;
        return true;
    case COVAR_SAMP:
    case COVAR_POP:
        *out = of->xy.high / divisor;
        return true;
    case CORR:
        if (of->xx.high <= 0 || of->yy.high <= 0)
            return false;
        *out = of->xy.high / (sqrt(of->xx.high) * sqrt(of->yy.high));
        *out = *out > 1 ? 1 : *out < -1 ? -1 : *out;
        return true;
    default:
        return regression(of, variant, out);
    }
}

static qn_status moments_finish(qn_aggregator *base, const uint32_t *ids, int64_t count,
                                qn_column **out) {
    const moments *self = (const moments *)base;
    qn_column *column = NULL;
    qn_status status;
    QN_TRY(qn_column_new(&column, QN_FLOAT64, count, 0));
    for (int64_t i = 0; i < count; i++) {
        group_moments group = {0};
        QN_TRY_GOTO(collect(self, ids[i], &group), failed);
        int32_t variant = base->function->variant;
        bool sample = variant == STDDEV_SAMP || variant == VAR_SAMP || variant == COVAR_SAMP;
        if (group.n > (sample ? 1 : 0) && !is_finite(&group, base->argument_count))
            column->f64[i] = (double)NAN;
        else if (!result_of(&group, variant, &column->f64[i]))
            QN_TRY_GOTO(qn_column_set_null(column, i), failed);
    }
    *out = column;
    return QN_OK;
failed:
    qn_column_release(column);
    return status;
}

const qn_aggregate_class qn_aggregate_moments = {
    .size = sizeof(moments),
    .state_count = 1,
    .counts = true,
    .distinct_matters = true,
    .type = numbers_type,
    .wants = "numbers",
    .init = moments_init,
    .grow = moments_grow,
    .update = moments_update,
    .states = moments_states,
    .merge = moments_merge,
    .finish = moments_finish,
    .bytes = moments_bytes,
    .clear = moments_clear,
};

/* ---- skewness, kurtosis --------------------------------------------------------------------- */

enum { SKEWNESS, KURTOSIS, POWERS = 4 };

typedef struct shape {
    qn_aggregator base;
    qn_fixed_sums sums[POWERS]; /* of x, x^2, x^3, x^4 */
    double *buffer;
} shape;

static qn_status shape_init(qn_aggregator *base, const qn_type *types, int32_t order_count) {
    shape *self = (shape *)base;
    (void)types, (void)order_count;
    for (int k = 0; k < POWERS; k++)
        qn_fixed_sums_init(&self->sums[k]);
    base->state_count = POWERS;
    return qn_mem_alloc(&self->buffer, QN_BATCH_ROWS, sizeof *self->buffer);
}

static void shape_clear(qn_aggregator *base) {
    shape *self = (shape *)base;
    for (int k = 0; k < POWERS; k++)
        qn_fixed_sums_clear(&self->sums[k]);
    qn_mem_free(self->buffer);
}

static int64_t shape_bytes(const qn_aggregator *base) {
    const shape *self = (const shape *)base;
    int64_t bytes = QN_BATCH_ROWS * 8;
    for (int k = 0; k < POWERS; k++)
        bytes += qn_fixed_sums_bytes(&self->sums[k]);
    return bytes;
}

static qn_status shape_grow(qn_aggregator *base, int64_t groups) {
    for (int k = 0; k < POWERS; k++)
        QN_TRY(qn_fixed_sums_grow(&((shape *)base)->sums[k], groups));
    return QN_OK;
}

static qn_status add_to(qn_fixed_sums *sums, uint32_t group, double high, double low) {
    QN_TRY(qn_fixed_sums_add_one(sums, group, high, 1));
    return isfinite(high) ? qn_fixed_sums_add_one(sums, group, low, 1) : QN_OK;
}

/* Powers as exact sums of two, four and six numbers. */
static qn_status add_powers(shape *self, uint32_t group, double x) {
    double square = x * x, rest = fma(x, x, -square);
    QN_TRY(qn_fixed_sums_add_one(&self->sums[0], group, x, 1));
    if (!isfinite(square * square))
        return isfinite(x) ? qn_fixed_sums_add_one(&self->sums[3], group, square * square, 1)
                           : QN_OK;
    QN_TRY(add_to(&self->sums[1], group, square, rest));
    double a = square * x, b = rest * x;
    QN_TRY(add_to(&self->sums[2], group, a, fma(square, x, -a)));
    QN_TRY(add_to(&self->sums[2], group, b, fma(rest, x, -b)));
    double c = square * square, d = 2 * square * rest, e = rest * rest;
    QN_TRY(add_to(&self->sums[3], group, c, fma(square, square, -c)));
    QN_TRY(add_to(&self->sums[3], group, d, fma(2 * square, rest, -d)));
    return add_to(&self->sums[3], group, e, fma(rest, rest, -e));
}

static qn_status shape_update(qn_aggregator *base, const qn_aggregate_rows *rows) {
    shape *self = (shape *)base;
    const double *values = qn_aggregate_reals(rows->arguments[0], self->buffer);
    for (int64_t i = 0; i < rows->count; i++)
        QN_TRY(add_powers(self, rows->groups[i], values[i]));
    return QN_OK;
}

static qn_status pack_sums(const qn_fixed_sums *sums, const uint32_t *ids, int64_t count,
                           qn_column **out) {
    qn_string_builder builder;
    qn_text text;
    qn_status status = QN_OK;
    qn_string_builder_init(&builder);
    qn_text_init(&text);
    for (int64_t i = 0; i < count; i++) {
        qn_text_truncate(&text, 0);
        QN_TRY_GOTO(qn_fixed_sums_pack(sums, ids[i], &text), done);
        QN_TRY_GOTO(qn_string_builder_add(&builder, (qn_view){text.data, text.length}), done);
    }
    status = qn_string_builder_finish(&builder, out);
done:
    qn_text_clear(&text);
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status shape_states(qn_aggregator *base, const uint32_t *ids, int64_t count,
                              qn_batch *out) {
    for (int k = 0; k < POWERS; k++) {
        qn_column *column = NULL;
        QN_TRY(pack_sums(&((shape *)base)->sums[k], ids, count, &column));
        QN_TRY(qn_batch_append(out, column));
    }
    return QN_OK;
}

static qn_status shape_merge(qn_aggregator *base, const uint32_t *ids, int64_t count,
                             qn_column *const *states) {
    for (int k = 0; k < POWERS; k++)
        for (int64_t i = 0; i < count; i++)
            QN_TRY(qn_fixed_sums_unpack(&((shape *)base)->sums[k], ids[i],
                                        qn_column_string(states[k], i)));
    return QN_OK;
}

/* False: null. With m the mean: sums of (x - m)^k by the binomial formula. */
static bool shape_of(const shape *self, uint32_t group, double *out) {
    int64_t rows = qn_presence_of(&self->base.presence, group);
    qn_pair n = {(double)rows, 0}, s[POWERS];
    if (rows == 0)
        return false;
    *out = (double)NAN;
    for (int k = 0; k < POWERS; k++) {
        s[k] = sum_of(&self->sums[k], group);
        if (!isfinite(s[k].high))
            return true;
    }
    qn_pair mean = qn_pair_divide(s[0], n);
    qn_pair square = qn_pair_multiply(mean, mean);
    qn_pair m2 = centred(s[1], s[0], s[0], n.high);
    if (m2.high <= 0)
        return false;
    qn_pair three = {3, 0}, minus = qn_pair_negate(mean);
    /* m3 = s3 - 3 m s2 + 2 n m^3 */
    qn_pair m3 = qn_pair_add(s[2], qn_pair_multiply(qn_pair_multiply(three, minus), s[1]));
    qn_pair cube = qn_pair_multiply(qn_pair_multiply(square, mean), n);
    m3 = qn_pair_add(m3, qn_pair_add(cube, cube));
    if (self->base.function->variant == SKEWNESS) {
        *out = sqrt(n.high) * m3.high / (m2.high * sqrt(m2.high));
        return true;
    }
    /* m4 = s4 - 4 m s3 + 6 m^2 s2 - 3 n m^4 */
    qn_pair m4 =
        qn_pair_add(s[3], qn_pair_multiply(qn_pair_multiply((qn_pair){4, 0}, minus), s[2]));
    m4 = qn_pair_add(m4, qn_pair_multiply(qn_pair_multiply((qn_pair){6, 0}, square), s[1]));
    m4 = qn_pair_add(m4, qn_pair_multiply(qn_pair_multiply(three, minus), cube));
    *out = n.high * m4.high / (m2.high * m2.high) - 3;
    return true;
}

static qn_status shape_finish(qn_aggregator *base, const uint32_t *ids, int64_t count,
                              qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_FLOAT64, count, 0));
    for (int64_t i = 0; i < count; i++) {
        if (shape_of((const shape *)base, ids[i], &column->f64[i]))
            continue;
        qn_status status = qn_column_set_null(column, i);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

const qn_aggregate_class qn_aggregate_shape = {
    .size = sizeof(shape),
    .state_count = POWERS,
    .counts = true,
    .distinct_matters = true,
    .type = numbers_type,
    .wants = "a number",
    .init = shape_init,
    .grow = shape_grow,
    .update = shape_update,
    .states = shape_states,
    .merge = shape_merge,
    .finish = shape_finish,
    .bytes = shape_bytes,
    .clear = shape_clear,
};
