/* imputer: missing numbers replaced by the mean, the median or the mode of those present.
 *
 * Missing are nulls and values equal to missing_value (NaN by default; another missing_value
 * leaves NaN alone). What is present is neither missing nor NaN. The replacement is cast to the
 * column's type; for integers that truncates. */
#include "core/memory.h"
#include "core/stats/frequency.h"
#include "core/stats/quantile.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"
#include "mpi/comm/reduce.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"strategy", QN_OPTION_CHOICE, "mean", "mean|median|mode", "what replaces missing values"},
    {"relative_error", QN_OPTION_REAL, "0.001", "[0,1]",
     "error of the median's rank, as a share of the rows; 0 is exact and keeps all values"},
    {"missing_value", QN_OPTION_REAL, "nan", "nan", "value that counts as missing, beside null"},
    {NULL, 0, NULL, NULL, NULL}};

typedef enum strategy { MEAN, MEDIAN, MODE } strategy;

/* What the fit knows of a column: one of these. */
typedef struct summary {
    qn_sum sum;
    int64_t count;
    qn_frequency values;
    qn_quantiles order;
} summary;

typedef struct imputer {
    qn_stage base;
    int64_t counting; /* number of `summaries` begun, while fitting */
    summary *summaries;
    int64_t column_count; /* once fitted */
    double *surrogates;
} imputer;

static strategy strategy_of(const qn_stage *stage) {
    if (qn_options_is(stage->options, "strategy", "mean"))
        return MEAN;
    return qn_options_is(stage->options, "strategy", "median") ? MEDIAN : MODE;
}

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t count;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_columns_check_fitted(stage, count, ((imputer *)stage)->column_count));
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++) {
        int32_t index;
        QN_TRY(qn_columns_find(stage, in, i, &index));
        const qn_field *field = &in->fields[index];
        if (!qn_type_is_numeric(field->type))
            return qn_columns_fail_type(field, "numeric");
        QN_TRY(qn_columns_add(out, qn_columns_output(stage, i), field->type, 0, NULL));
    }
    return QN_OK;
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static qn_status begin_summary(const qn_stage *stage, summary *begun) {
    qn_sum_init(&begun->sum);
    if (strategy_of(stage) == MODE)
        return qn_frequency_init(&begun->values, QN_FLOAT64);
    if (strategy_of(stage) == MEDIAN)
        return qn_quantiles_init(&begun->order, qn_options_real(stage->options, "relative_error"));
    return QN_OK;
}

static qn_status begin_counting(imputer *self) {
    int32_t count;
    QN_TRY(qn_columns_count(&self->base, &count));
    QN_TRY(qn_mem_calloc(&self->summaries, (size_t)count, sizeof *self->summaries));
    while (self->counting < count) {
        QN_TRY(begin_summary(&self->base, &self->summaries[self->counting]));
        self->counting++;
    }
    return QN_OK;
}

static void end_counting(imputer *self) {
    for (int64_t i = 0; i < self->counting; i++) {
        qn_frequency_clear(&self->summaries[i].values);
        qn_quantiles_clear(&self->summaries[i].order);
    }
    qn_mem_free(self->summaries);
    self->summaries = NULL;
    self->counting = 0;
}

/* Present values of a column, closed up; `out` has room for all rows. */
static int64_t present_values(const qn_column *column, double missing, double *out) {
    int64_t count = 0;
    qn_columns_reals(column, 0, column->length, out);
    for (int64_t i = 0; i < column->length; i++) {
        double value = out[i];
        out[count] = value;
        count += value == value && value != missing;
    }
    return count;
}

static qn_status add_values(const qn_stage *stage, summary *to, const qn_batch *batch,
                            const double *values, int64_t count) {
    to->count += count;
    if (count == 0)
        return QN_OK;
    switch (strategy_of(stage)) {
    case MEAN:
        qn_sum_add_array(&to->sum, values, count);
        break;
    case MEDIAN:
        return qn_quantiles_add(&to->order, batch->first_row / QN_BATCH_ROWS, values, count);
    case MODE:
        for (int64_t i = 0; i < count; i++)
            QN_TRY(qn_frequency_add_number(&to->values, values[i], 1));
        break;
    }
    return QN_OK;
}

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    imputer *self = (imputer *)stage;
    double *values = NULL;
    qn_status status = QN_OK;
    if (self->summaries == NULL)
        QN_TRY(begin_counting(self));
    QN_TRY(qn_mem_alloc(&values, (size_t)batch->length, sizeof *values));
    for (int32_t i = 0; i < self->counting && status == QN_OK; i++) {
        int32_t index;
        QN_TRY_GOTO(qn_columns_find(stage, schema, i, &index), done);
        int64_t count = present_values(batch->columns[index],
                                       qn_options_real(stage->options, "missing_value"), values);
        status = add_values(stage, &self->summaries[i], batch, values, count);
    }
done:
    qn_mem_free(values);
    return status;
}

/* The most frequent value, the smallest of several. */
static double mode_of(const qn_frequency *values) {
    int64_t best = 0;
    for (int64_t i = 1; i < values->count; i++) {
        int64_t more = values->counts[i] - values->counts[best];
        if (more > 0 || (more == 0 && values->numbers[i] < values->numbers[best]))
            best = i;
    }
    return values->numbers[best];
}

static qn_status finish_summary(const qn_stage *stage, qn_comm *comm, summary *of, const char *name,
                                double *out) {
    strategy by = strategy_of(stage);
    QN_TRY(qn_comm_sum_i64(comm, &of->count, 1));
    if (of->count == 0)
        return qn_fail(QN_DATA, "column '%s' has no value to compute the %s from: all are missing",
                       name, qn_options_text(stage->options, "strategy"));
    if (by == MEAN) {
        QN_TRY(qn_reduce_sums(comm, &of->sum, 1));
        *out = qn_sum_result(&of->sum) / (double)of->count;
        return QN_OK;
    }
    if (by == MEDIAN) {
        qn_quantiles *order = &of->order;
        QN_TRY(qn_reduce_quantiles(comm, &order, 1));
        *out = qn_quantiles_value(order, 0.5);
        return QN_OK;
    }
    QN_TRY(qn_reduce_frequency(comm, &of->values));
    *out = mode_of(&of->values);
    return QN_OK;
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    imputer *self = (imputer *)stage;
    QN_TRY(qn_comm_agree(
        comm, qn_mem_calloc(&self->surrogates, (size_t)self->counting, sizeof *self->surrogates)));
    self->column_count = self->counting;
    for (int32_t i = 0; i < self->counting; i++)
        QN_TRY(finish_summary(stage, comm, &self->summaries[i], qn_columns_input(stage, i),
                              &self->surrogates[i]));
    end_counting(self);
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

static bool any_missing(const qn_column *column, double missing) {
    bool nan = isnan(missing), found = column->null_count > 0;
    int64_t length = column->length;
    switch (column->type) {
    case QN_INT32:
        for (int64_t i = 0; i < length; i++)
            found |= (double)column->i32[i] == missing;
        break;
    case QN_INT64:
        for (int64_t i = 0; i < length; i++)
            found |= (double)column->i64[i] == missing;
        break;
    case QN_FLOAT32:
        for (int64_t i = 0; i < length; i++)
            found |= nan ? column->f32[i] != column->f32[i] : (double)column->f32[i] == missing;
        break;
    default:
        for (int64_t i = 0; i < length; i++)
            found |= nan ? column->f64[i] != column->f64[i] : column->f64[i] == missing;
        break;
    }
    return found;
}

static int64_t to_integer(double value, int64_t lowest, int64_t highest) {
    if (value <= (double)lowest)
        return lowest;
    return value >= (double)highest ? highest : (int64_t)value;
}

/* Puts the surrogate into one row of a column that is being built. */
static void replace_row(qn_column *column, int64_t row, double surrogate) {
    switch (column->type) {
    case QN_INT32:
        column->i32[row] = (int32_t)to_integer(surrogate, INT32_MIN, INT32_MAX);
        break;
    case QN_INT64:
        column->i64[row] = to_integer(surrogate, INT64_MIN, INT64_MAX);
        break;
    case QN_FLOAT32:
        column->f32[row] = (float)surrogate;
        break;
    default:
        column->f64[row] = surrogate;
        break;
    }
}

static qn_status impute(const qn_column *column, double missing, double surrogate,
                        qn_column **out) {
    if (!any_missing(column, missing)) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    qn_column *filled = NULL;
    QN_TRY(qn_column_new_raw(&filled, column->type, column->length, 0));
    memcpy(filled->values, column->values, (size_t)(column->length * qn_type_size(column->type)));
    bool nan = isnan(missing);
    for (int64_t i = 0; i < column->length; i++) {
        double value = qn_column_real(column, i);
        bool null = qn_column_is_null(column, i);
        if (null || (nan ? value != value : value == missing))
            replace_row(filled, i, surrogate);
    }
    *out = filled;
    return QN_OK;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const imputer *self = (const imputer *)stage;
    double missing = qn_options_real(stage->options, "missing_value");
    QN_TRY(qn_batch_share(out, in));
    for (int32_t i = 0; i < self->column_count; i++) {
        int32_t index;
        qn_column *filled = NULL;
        QN_TRY(qn_columns_find(stage, schema, i, &index));
        QN_TRY(impute(in->columns[index], missing, self->surrogates[i], &filled));
        QN_TRY(qn_batch_append(out, filled));
    }
    return QN_OK;
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    imputer *self = (imputer *)stage;
    return qn_archive_reals(archive, "surrogates", &self->surrogates, &self->column_count);
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    const imputer *self = (const imputer *)stage;
    json_t *all = json_object();
    int failed = 0;
    for (int32_t i = 0; i < self->column_count; i++)
        failed |= json_object_set_new(all, qn_columns_input(stage, i),
                                      isfinite(self->surrogates[i]) ? json_real(self->surrogates[i])
                                                                    : json_null());
    failed |= json_object_set_new(object, "surrogates", all);
    return failed ? qn_fail(QN_MEMORY, "out of memory") : QN_OK;
}

static void clear(qn_stage *stage) {
    imputer *self = (imputer *)stage;
    end_counting(self);
    qn_mem_free(self->surrogates);
    self->surrogates = NULL;
    self->column_count = 0;
}

const qn_stage_class qn_imputer_class = {
    .name = "imputer",
    .help = "replace missing numbers by the mean, median or mode",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(imputer),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
