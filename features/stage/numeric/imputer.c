/* imputer: missing numbers replaced by the mean, the median or the mode of those present, or by a
 * constant.
 *
 * Missing are nulls and values equal to missing_value (NaN by default; another missing_value
 * leaves NaN alone). What is present is neither missing nor NaN. The replacement is cast to the
 * column's type; for integers that truncates. */
#include "core/memory.h"
#include "core/stats/frequency.h"
#include "core/stats/quantile.h"
#include "features/stage/columns.h"
#include "features/stage/map.h"
#include "features/stage/numbers.h"
#include "features/stage/stages.h"
#include "mpi/comm/reduce.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"strategy", QN_OPTION_CHOICE, "mean", "mean|median|mode|constant",
     "what replaces missing values"},
    {"fill_value", QN_OPTION_TEXTS, NULL, NULL,
     "strategy constant: the number, one for all columns or one for each"},
    {"relative_error", QN_OPTION_REAL, "0.001", "[0,1]",
     "error of the median's rank, as a share of the rows; 0 is exact and keeps all values"},
    {"missing_value", QN_OPTION_REAL, "nan", "nan", "value that counts as missing, beside null"},
    {NULL, 0, NULL, NULL, NULL}};

typedef enum strategy { MEAN, MEDIAN, MODE, CONSTANT } strategy;

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
    static const char *const words[] = {
        [MEAN] = "mean", [MEDIAN] = "median", [MODE] = "mode", [CONSTANT] = "constant"};
    strategy by = MEAN;
    while (by < CONSTANT && !qn_options_is(stage->options, "strategy", words[by]))
        by++;
    return by;
}

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status check_fill_value(const qn_stage *stage, int32_t count) {
    double *values = NULL;
    bool constant = strategy_of(stage) == CONSTANT;
    bool set = qn_options_is_set(stage->options, "fill_value");
    if (constant != set)
        return qn_fail(QN_JOB, constant ? "strategy constant needs a fill_value"
                                        : "fill_value needs strategy constant");
    if (constant)
        QN_TRY(qn_numbers_each(stage, "fill_value", count, &values));
    qn_mem_free(values);
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t count;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_columns_check_fitted(stage, count, ((imputer *)stage)->column_count));
    QN_TRY(check_fill_value(stage, count));
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

/* For sums: what is missing becomes 0. Returns how many are present. */
QN_MAP_CLONES static int64_t clear_missing(double *values, int64_t length, double missing) {
    int64_t count = 0;
    for (int64_t i = 0; i < length; i++) {
        double value = values[i];
        bool present = (value == value) & (value != missing);
        values[i] = present ? value : 0;
        count += present;
    }
    return count;
}

static qn_status add_mean(summary *to, const qn_column *column, double missing, double *values) {
    qn_columns_reals(column, 0, column->length, values);
    to->count += clear_missing(values, column->length, missing);
    qn_sum_add_array(&to->sum, values, column->length);
    return QN_OK;
}

static qn_status add_values(const qn_stage *stage, summary *to, const qn_batch *batch,
                            const qn_column *column, double *values) {
    double missing = qn_options_real(stage->options, "missing_value");
    if (strategy_of(stage) == MEAN)
        return add_mean(to, column, missing, values);
    int64_t count = present_values(column, missing, values);
    to->count += count;
    if (count > 0 && strategy_of(stage) == MEDIAN)
        return qn_quantiles_add(&to->order, batch->first_row / QN_BATCH_ROWS, values, count);
    for (int64_t i = 0; i < count; i++)
        QN_TRY(qn_frequency_add_number(&to->values, values[i], 1));
    return QN_OK;
}

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    imputer *self = (imputer *)stage;
    double *values = NULL;
    qn_status status = QN_OK;
    if (self->summaries == NULL)
        QN_TRY(begin_counting(self));
    if (strategy_of(stage) == CONSTANT)
        return QN_OK;
    QN_TRY(qn_mem_alloc(&values, (size_t)batch->length, sizeof *values));
    for (int32_t i = 0; i < self->counting && status == QN_OK; i++) {
        int32_t index;
        QN_TRY_GOTO(qn_columns_find(stage, schema, i, &index), done);
        status = add_values(stage, &self->summaries[i], batch, batch->columns[index], values);
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

static qn_status finish_constant(imputer *self) {
    QN_TRY(qn_numbers_each(&self->base, "fill_value", (int32_t)self->counting, &self->surrogates));
    self->column_count = self->counting;
    end_counting(self);
    return QN_OK;
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    imputer *self = (imputer *)stage;
    if (strategy_of(stage) == CONSTANT)
        return finish_constant(self);
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

/* What counts as missing: NaN or a value. */
typedef struct gap {
    bool nan;
    double value;
} gap;

/* Defines any_NAME, whether a value of the type is missing, and fill_NAME, which replaces those. */
#define TYPE_LOOPS(name, type)                                                                     \
    QN_MAP_CLONES static bool any_##name(const type *in, int64_t length, gap missing) {            \
        int64_t found = 0;                                                                         \
        for (int64_t i = 0; i < length && missing.nan; i++) {                                      \
            double x = (double)in[i];                                                              \
            found += x != x;                                                                       \
        }                                                                                          \
        for (int64_t i = 0; i < length && !missing.nan; i++)                                       \
            found += (double)in[i] == missing.value;                                               \
        return found > 0;                                                                          \
    }                                                                                              \
    QN_MAP_CLONES static void fill_##name(const type *in, type *restrict out, int64_t length,      \
                                          gap missing, type by) {                                  \
        if (missing.nan) {                                                                         \
            for (int64_t i = 0; i < length; i++) {                                                 \
                double x = (double)in[i];                                                          \
                out[i] = x != x ? by : in[i];                                                      \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        for (int64_t i = 0; i < length; i++)                                                       \
            out[i] = (double)in[i] == missing.value ? by : in[i];                                  \
    }                                                                                              \
    static void fill_null_##name(const uint64_t *validity, type *out, int64_t length, type by) {   \
        for (int64_t w = 0; w < qn_bit_words(length); w++) {                                       \
            uint64_t nulls = ~validity[w];                                                         \
            if (length - 64 * w < 64)                                                              \
                nulls &= (UINT64_C(1) << (length - 64 * w)) - 1;                                   \
            for (; nulls != 0; nulls &= nulls - 1)                                                 \
                out[64 * w + __builtin_ctzll(nulls)] = by;                                         \
        }                                                                                          \
    }                                                                                              \
    static void impute_##name(const type *in, const uint64_t *validity, type *out, int64_t length, \
                              gap missing, type by) {                                              \
        fill_##name(in, out, length, missing, by);                                                 \
        if (validity != NULL)                                                                      \
            fill_null_##name(validity, out, length, by);                                           \
    }

TYPE_LOOPS(i32, int32_t)
TYPE_LOOPS(i64, int64_t)
TYPE_LOOPS(f32, float)
TYPE_LOOPS(f64, double)

static bool any_missing(const qn_column *column, gap missing) {
    int64_t length = column->length;
    if (column->null_count > 0)
        return true;
    switch (column->type) {
    case QN_INT32:
        return !missing.nan && any_i32(column->i32, length, missing);
    case QN_INT64:
        return !missing.nan && any_i64(column->i64, length, missing);
    case QN_FLOAT32:
        return any_f32(column->f32, length, missing);
    default:
        return any_f64(column->f64, length, missing);
    }
}

static int64_t to_integer(double value, int64_t lowest, int64_t highest) {
    if (value <= (double)lowest)
        return lowest;
    return value >= (double)highest ? highest : (int64_t)value;
}

static void fill_column(const qn_column *in, gap missing, double surrogate, qn_column *out) {
    int64_t length = in->length;
    switch (in->type) {
    case QN_INT32:
        impute_i32(in->i32, in->validity, out->i32, length, missing,
                   (int32_t)to_integer(surrogate, INT32_MIN, INT32_MAX));
        break;
    case QN_INT64:
        impute_i64(in->i64, in->validity, out->i64, length, missing,
                   to_integer(surrogate, INT64_MIN, INT64_MAX));
        break;
    case QN_FLOAT32:
        impute_f32(in->f32, in->validity, out->f32, length, missing, (float)surrogate);
        break;
    default:
        impute_f64(in->f64, in->validity, out->f64, length, missing, surrogate);
        break;
    }
}

static qn_status make(const qn_map_step *step, qn_column **out) {
    const qn_column *column = step->column;
    double value = qn_options_real(step->stage->options, "missing_value");
    gap missing = {isnan(value), value};
    if (!any_missing(column, missing)) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    QN_TRY(qn_column_new_raw(out, column->type, column->length, 0));
    fill_column(column, missing, ((const imputer *)step->stage)->surrogates[step->i], *out);
    return QN_OK;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    static const qn_map map = {.make = make};
    return qn_map_columns(stage, &map, schema, in, out);
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
    .help = "replace missing numbers by the mean, median or mode, or by a constant",
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
