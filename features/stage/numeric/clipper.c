/* clipper: outliers moved to the bounds of a range, made null, or dropped with their rows.
 *
 * Bounds are given, or quantiles of the data, or Tukey's fences: the quartiles and `factor` times
 * their distance beyond them (J. W. Tukey, Exploratory Data Analysis, 1977). */
#include "core/memory.h"
#include "features/stage/columns.h"
#include "features/stage/map.h"
#include "features/stage/numbers.h"
#include "features/stage/numeric/column_quantiles.h"
#include "features/stage/stages.h"

#include <math.h>
#include <string.h>

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"method", QN_OPTION_CHOICE, "bounds", "bounds|quantiles|iqr",
     "bounds: lower and upper; quantiles: those of the data; iqr: quartiles and factor times "
     "their distance beyond them"},
    {"lower", QN_OPTION_TEXTS, NULL, NULL,
     "method bounds: the least value, one for all columns or one for each; not set: none"},
    {"upper", QN_OPTION_TEXTS, NULL, NULL, "method bounds: the greatest value, likewise"},
    {"lower_quantile", QN_OPTION_REAL, "0.01", "[0,1]", "method quantiles: share of rows below"},
    {"upper_quantile", QN_OPTION_REAL, "0.99", "[0,1]", "method quantiles: 1 - share above"},
    {"factor", QN_OPTION_REAL, "1.5", "[0,inf)", "method iqr"},
    QN_QUANTILES_RELATIVE_ERROR,
    {"action", QN_OPTION_CHOICE, "clip", "clip|null|drop",
     "values outside: move them to the bound, make them null, or drop the row"},
    {NULL, 0, NULL, NULL, NULL}};

typedef enum method { BOUNDS, QUANTILES, IQR } method;

typedef struct clipper {
    qn_stage base;
    qn_column_quantiles quantiles; /* while fitting, unless bounds are given */
    int64_t count;                 /* once fitted; with given bounds from the first batch on */
    double *lower, *upper;
    int64_t *outside; /* values below, values above: a pair a column */
    int64_t error;    /* these may be off by so many */
} clipper;

static method method_of(const qn_stage *stage) {
    if (qn_options_is(stage->options, "method", "bounds"))
        return BOUNDS;
    return qn_options_is(stage->options, "method", "quantiles") ? QUANTILES : IQR;
}

/* ---- Binding -------------------------------------------------------------------------------- */

/* Numbers of an option, `missing` for all if it is not set. */
static qn_status bounds_of(const qn_stage *stage, const char *option, int32_t count, double missing,
                           double **out) {
    double *bounds = NULL;
    if (qn_options_is_set(stage->options, option))
        return qn_numbers_each(stage, option, count, out);
    QN_TRY(qn_mem_alloc(&bounds, (size_t)count, sizeof *bounds));
    for (int32_t i = 0; i < count; i++)
        bounds[i] = missing;
    *out = bounds;
    return QN_OK;
}

static qn_status check_bounds(const qn_stage *stage, int32_t count) {
    double *lower = NULL, *upper = NULL;
    qn_status status;
    QN_TRY_GOTO(bounds_of(stage, "lower", count, -HUGE_VAL, &lower), done);
    QN_TRY_GOTO(bounds_of(stage, "upper", count, HUGE_VAL, &upper), done);
    for (int32_t i = 0; i < count && status == QN_OK; i++)
        if (lower[i] > upper[i])
            status = qn_fail(QN_JOB, "lower is %g, which is above upper, %g, for column '%s'",
                             lower[i], upper[i], qn_columns_input(stage, i));
done:
    qn_mem_free(lower);
    qn_mem_free(upper);
    return status;
}

static qn_status check_options(const qn_stage *stage, int32_t count) {
    const qn_options *set = stage->options;
    bool given = qn_options_is_set(set, "lower") || qn_options_is_set(set, "upper");
    if (method_of(stage) != BOUNDS && given)
        return qn_fail(QN_JOB, "lower and upper need method bounds");
    if (method_of(stage) == BOUNDS && !given)
        return qn_fail(QN_JOB, "set lower or upper, or another method than bounds");
    double low = qn_options_real(set, "lower_quantile");
    double high = qn_options_real(set, "upper_quantile");
    if (low > high)
        return qn_fail(QN_JOB, "lower_quantile is %g, which is above upper_quantile, %g", low,
                       high);
    return check_bounds(stage, count);
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t count, index;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_columns_check_fitted(stage, count, ((clipper *)stage)->count));
    QN_TRY(check_options(stage, count));
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++) {
        QN_TRY(qn_columns_find(stage, in, i, &index));
        qn_type type = in->fields[index].type;
        if (!qn_type_is_numeric(type))
            return qn_columns_fail_type(&in->fields[index], "numeric");
        QN_TRY(qn_columns_add(out, qn_columns_output(stage, i), type, 0, NULL));
    }
    return QN_OK;
}

/* ---- Fitting -------------------------------------------------------------------------------- */

QN_MAP_CLONES static void count_outside(const double *values, int64_t count, double lower,
                                        double upper, int64_t *outside) {
    int64_t below = 0, above = 0;
    for (int64_t i = 0; i < count; i++) {
        below += values[i] < lower;
        above += values[i] > upper;
    }
    outside[0] += below;
    outside[1] += above;
}

static qn_status begin_counting(clipper *self) {
    int32_t count;
    const qn_stage *stage = &self->base;
    QN_TRY(qn_columns_count(stage, &count));
    self->count = count;
    QN_TRY(qn_mem_calloc(&self->outside, (size_t)(2 * count), sizeof *self->outside));
    QN_TRY(bounds_of(stage, "lower", count, -HUGE_VAL, &self->lower));
    return bounds_of(stage, "upper", count, HUGE_VAL, &self->upper);
}

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    clipper *self = (clipper *)stage;
    if (method_of(stage) != BOUNDS)
        return qn_column_quantiles_add(&self->quantiles, stage, schema, batch);
    if (self->count == 0)
        QN_TRY(begin_counting(self));
    for (int32_t i = 0; i < self->count; i++) {
        int32_t index;
        const double *values = NULL;
        double *owned = NULL;
        QN_TRY(qn_columns_find(stage, schema, i, &index));
        QN_TRY(qn_map_reals(batch->columns[index], &values, &owned));
        count_outside(values, batch->length, self->lower[i], self->upper[i], &self->outside[2 * i]);
        qn_mem_free(owned);
    }
    return QN_OK;
}

/* How many values are at most (or, `below`, less than) a bound; off by the quantiles' bound. */
static int64_t rank_of(const qn_quantiles *of, double bound, bool below) {
    int64_t low = 0, high = of->item_count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (below ? of->items[middle] < bound : of->items[middle] <= bound)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? 0 : of->ranks[low - 1];
}

static void take_bounds(clipper *self, int64_t i) {
    const qn_quantiles *of = &self->quantiles.of[i];
    const qn_options *set = self->base.options;
    bool fences = method_of(&self->base) == IQR;
    double low = qn_quantiles_value(of, fences ? 0.25 : qn_options_real(set, "lower_quantile"));
    double high = qn_quantiles_value(of, fences ? 0.75 : qn_options_real(set, "upper_quantile"));
    double reach = fences && high > low ? qn_options_real(set, "factor") * (high - low) : 0;
    self->lower[i] = low - reach;
    self->upper[i] = high + reach;
    self->outside[2 * i] = rank_of(of, self->lower[i], true);
    self->outside[2 * i + 1] = of->count - rank_of(of, self->upper[i], false);
    if (qn_quantiles_bound(of) > self->error)
        self->error = qn_quantiles_bound(of);
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    clipper *self = (clipper *)stage;
    if (method_of(stage) == BOUNDS)
        return qn_comm_sum_i64(comm, self->outside, 2 * self->count);
    QN_TRY(qn_column_quantiles_finish(&self->quantiles, stage, comm));
    size_t count = (size_t)self->quantiles.count;
    QN_TRY(qn_mem_alloc(&self->lower, count, sizeof *self->lower));
    QN_TRY(qn_mem_alloc(&self->upper, count, sizeof *self->upper));
    QN_TRY(qn_mem_alloc(&self->outside, 2 * count, sizeof *self->outside));
    self->count = self->quantiles.count;
    for (int64_t i = 0; i < self->count; i++)
        take_bounds(self, i);
    qn_column_quantiles_clear(&self->quantiles);
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

/* Integers get the nearest one inside. */
static void move_to(qn_column *column, int64_t row, double bound, bool low) {
    switch (column->type) {
    case QN_INT32:
        column->i32[row] =
            (int32_t)qn_map_to_integer(low ? ceil(bound) : floor(bound), INT32_MIN, INT32_MAX);
        break;
    case QN_INT64:
        column->i64[row] =
            qn_map_to_integer(low ? ceil(bound) : floor(bound), INT64_MIN, INT64_MAX);
        break;
    case QN_FLOAT32:
        column->f32[row] = (float)bound;
        break;
    default:
        column->f64[row] = bound;
        break;
    }
}

static qn_status make_null(qn_column *column, int64_t row) {
    memset((char *)column->values + row * qn_type_size(column->type), 0,
           (size_t)qn_type_size(column->type));
    return qn_column_set_null(column, row);
}

static void copy_values(const qn_column *column, qn_column *out) {
    memcpy(out->values, column->values, (size_t)(column->length * qn_type_size(column->type)));
}

static void drop_outside(const qn_map_step *step, const double *values, double lower,
                         double upper) {
    for (int64_t i = 0; i < step->column->length; i++)
        if (values[i] < lower || values[i] > upper)
            qn_bit_reset(step->keep, i);
}

/* NaN compares as inside. */
QN_MAP_CLONES static void clip_reals(const double *values, double *restrict out, int64_t count,
                                     double lower, double upper) {
    for (int64_t i = 0; i < count; i++) {
        double x = values[i];
        x = x < lower ? lower : x;
        out[i] = x > upper ? upper : x;
    }
}

static qn_status replace_outside(const qn_map_step *step, const double *values, double lower,
                                 double upper, qn_column *column) {
    bool nulls = qn_options_is(step->stage->options, "action", "null");
    QN_TRY(qn_map_copy_nulls(column, step->column));
    if (column->type == QN_FLOAT64 && !nulls) {
        clip_reals(values, column->f64, column->length, lower, upper);
        qn_map_clear_nulls(column);
        return QN_OK;
    }
    copy_values(step->column, column);
    for (int64_t i = 0; i < column->length; i++) {
        bool low = values[i] < lower;
        if (!low && !(values[i] > upper))
            continue;
        if (nulls)
            QN_TRY(make_null(column, i));
        else
            move_to(column, i, low ? lower : upper, low);
    }
    return QN_OK;
}

static qn_status clip(const qn_map_step *step, const double *values, qn_column **out) {
    const clipper *self = (const clipper *)step->stage;
    const qn_column *in = step->column;
    double lower = self->lower[step->i], upper = self->upper[step->i];
    int64_t outside[2] = {0, 0};
    qn_column *column = NULL;
    count_outside(values, in->length, lower, upper, outside);
    bool any = outside[0] + outside[1] > 0;
    if (any && step->keep != NULL)
        drop_outside(step, values, lower, upper);
    if (!any || step->keep != NULL) {
        *out = qn_column_retain(in);
        return QN_OK;
    }
    QN_TRY(qn_column_new_raw(&column, in->type, in->length, 0));
    qn_status status = replace_outside(step, values, lower, upper, column);
    if (status == QN_OK)
        *out = column;
    else
        qn_column_release(column);
    return status;
}

static qn_status make(const qn_map_step *step, qn_column **out) {
    const double *values = NULL;
    double *owned = NULL;
    QN_TRY(qn_map_reals(step->column, &values, &owned));
    qn_status status = clip(step, values, out);
    qn_mem_free(owned);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    qn_map map = {.drops = qn_options_is(stage->options, "action", "drop"), .make = make};
    return qn_map_columns(stage, &map, schema, in, out);
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    clipper *self = (clipper *)stage;
    int64_t uppers = self->count, counts = 2 * self->count;
    QN_TRY(qn_archive_reals(archive, "lower", &self->lower, &self->count));
    QN_TRY(qn_archive_reals(archive, "upper", &self->upper, &uppers));
    QN_TRY(qn_archive_ints(archive, "outside", &self->outside, &counts));
    QN_TRY(qn_archive_int(archive, "error", &self->error));
    if (uppers != self->count || counts != 2 * self->count)
        return qn_fail(QN_DATA, "the file has %lld lower bounds, but %lld upper ones",
                       (long long)self->count, (long long)uppers);
    return QN_OK;
}

static json_t *column_json(const qn_stage *stage, int32_t i) {
    const clipper *self = (const clipper *)stage;
    json_t *column = json_object();
    int failed = json_object_set_new(column, "lower", qn_numbers_json(self->lower[i]));
    failed |= json_object_set_new(column, "upper", qn_numbers_json(self->upper[i]));
    failed |= json_object_set_new(column, "below", json_integer(self->outside[2 * i]));
    failed |= json_object_set_new(column, "above", json_integer(self->outside[2 * i + 1]));
    if (!failed)
        return column;
    json_decref(column);
    return NULL;
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    const clipper *self = (const clipper *)stage;
    QN_TRY(qn_columns_describe(stage, object, "bounds", self->count, column_json));
    if (self->error > 0 &&
        json_object_set_new(object, "counts_off_by_up_to", json_integer(self->error)) != 0)
        return qn_fail(QN_MEMORY, "out of memory");
    return QN_OK;
}

static void clear(qn_stage *stage) {
    clipper *self = (clipper *)stage;
    qn_column_quantiles_clear(&self->quantiles);
    qn_mem_free(self->lower);
    qn_mem_free(self->upper);
    qn_mem_free(self->outside);
    self->lower = self->upper = NULL;
    self->outside = NULL;
    self->count = self->error = 0;
}

const qn_stage_class qn_clipper_class = {
    .name = "clipper",
    .help = "move outliers to bounds, make them null, or drop their rows",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(clipper),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
