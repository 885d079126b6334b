/* imputer: missing numbers replaced by the mean, the median or the mode of those present, or by a
 * constant; missing texts by the mode or a constant.
 *
 * Missing are nulls and values equal to missing_value (NaN by default; another missing_value
 * leaves NaN alone). What is present is neither missing nor NaN. The replacement is cast to the
 * column's type; for integers that truncates. */
#include "core/expr/expr.h"
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
     "strategy constant: the number or text, one for all columns or one for each"},
    {"relative_error", QN_OPTION_REAL, "0.001", "[0,1]",
     "error of the median's rank, as a share of the rows; 0 is exact and keeps all values"},
    {"missing_value", QN_OPTION_REAL, "nan", "nan", "value that counts as missing, beside null"},
    {NULL, 0, NULL, NULL, NULL}};

typedef enum strategy { MEAN, MEDIAN, MODE, CONSTANT } strategy;

/* What the fit knows of a column: one of these. */
typedef struct summary {
    bool text;
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
    double *surrogates;   /* of numbers; 0 for texts */
    int64_t text_count;   /* columns again, or 0 if none is text: */
    char **texts;         /* of texts; "" for numbers */
    int64_t *is_text;
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

static qn_status check_fill_value(const qn_stage *stage, int32_t columns) {
    char *const *texts;
    bool constant = strategy_of(stage) == CONSTANT;
    bool set = qn_options_is_set(stage->options, "fill_value");
    if (constant != set)
        return qn_fail(QN_JOB, constant ? "strategy constant needs a fill_value"
                                        : "fill_value needs strategy constant");
    int64_t count = constant ? qn_options_list(stage->options, "fill_value", &texts) : 1;
    if (count != 1 && count != columns)
        return qn_fail(QN_JOB, "fill_value has %lld values, but there are %d columns",
                       (long long)count, columns);
    return QN_OK;
}

/* Once checked: that of a column. */
static const char *fill_value_of(const qn_stage *stage, int64_t i) {
    char *const *texts;
    return qn_options_list(stage->options, "fill_value", &texts) == 1 ? texts[0] : texts[i];
}

static bool is_text(const imputer *self, int64_t i) {
    return self->text_count > 0 && self->is_text[i];
}

static qn_status check_type(const imputer *self, int32_t i, const qn_field *field) {
    double number;
    strategy by = strategy_of(&self->base);
    bool text = field->type == QN_STRING;
    if (!text && !qn_type_is_numeric(field->type))
        return qn_columns_fail_type(field, "numeric or string");
    if (text && by != MODE && by != CONSTANT)
        return qn_columns_fail_type(field, "numeric, unless strategy is mode or constant");
    if (self->base.fitted && is_text(self, i) != text)
        return qn_columns_fail_type(field, text ? "numeric, as fitted" : "string, as fitted");
    if (by == CONSTANT && !text)
        QN_TRY(qn_numbers_one("fill_value", qn_view_of(fill_value_of(&self->base, i)), &number));
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    const imputer *self = (imputer *)stage;
    int32_t count;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_columns_check_fitted(stage, count, self->column_count));
    QN_TRY(check_fill_value(stage, count));
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++) {
        int32_t index;
        QN_TRY(qn_columns_find(stage, in, i, &index));
        const qn_field *field = &in->fields[index];
        QN_TRY(check_type(self, i, field));
        QN_TRY(qn_columns_add(out, qn_columns_output(stage, i), field->type, 0, NULL));
    }
    return QN_OK;
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static qn_status begin_summary(const qn_stage *stage, summary *begun) {
    qn_sum_init(&begun->sum);
    if (strategy_of(stage) == MODE)
        return qn_frequency_init(&begun->values, begun->text ? QN_STRING : QN_FLOAT64);
    if (strategy_of(stage) == MEDIAN)
        return qn_quantiles_init(&begun->order, qn_options_real(stage->options, "relative_error"));
    return QN_OK;
}

static qn_status begin_counting(imputer *self, const qn_schema *schema) {
    int32_t count, index;
    QN_TRY(qn_columns_count(&self->base, &count));
    QN_TRY(qn_mem_calloc(&self->summaries, (size_t)count, sizeof *self->summaries));
    while (self->counting < count) {
        QN_TRY(qn_columns_find(&self->base, schema, (int32_t)self->counting, &index));
        self->summaries[self->counting].text = schema->fields[index].type == QN_STRING;
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
    if (to->text) {
        to->count += column->length - column->null_count;
        return qn_frequency_add(&to->values, column);
    }
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
        QN_TRY(begin_counting(self, schema));
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

/* Entries are in order of their keys: the first of the most frequent is the smallest. */
static int64_t mode_of(const qn_frequency *values) {
    int64_t best = 0;
    for (int64_t i = 1; i < values->count; i++)
        if (values->counts[i] > values->counts[best])
            best = i;
    return best;
}

static qn_status copy_text(qn_view text, char **out) {
    char *copy = NULL;
    if (text.length > 0 && memchr(text.data, '\0', (size_t)text.length) != NULL)
        return qn_fail(QN_DATA, "the most frequent text contains a zero byte");
    QN_TRY(qn_mem_calloc(&copy, (size_t)text.length + 1, 1));
    if (text.length > 0)
        memcpy(copy, text.data, (size_t)text.length);
    qn_mem_free(*out);
    *out = copy;
    return QN_OK;
}

static qn_status finish_mode(imputer *self, qn_comm *comm, int32_t i) {
    summary *of = &self->summaries[i];
    QN_TRY(qn_reduce_frequency(comm, &of->values));
    int64_t mode = mode_of(&of->values);
    if (of->text)
        return qn_comm_agree(comm,
                             copy_text(qn_frequency_text(&of->values, mode), &self->texts[i]));
    self->surrogates[i] = qn_frequency_number(&of->values, mode);
    return QN_OK;
}

static qn_status finish_summary(imputer *self, qn_comm *comm, int32_t i) {
    const qn_stage *stage = &self->base;
    summary *of = &self->summaries[i];
    strategy by = strategy_of(stage);
    QN_TRY(qn_comm_sum_i64(comm, &of->count, 1));
    if (of->count == 0)
        return qn_fail(QN_DATA, "column '%s' has no value to compute the %s from: all are missing",
                       qn_columns_input(stage, i), qn_options_text(stage->options, "strategy"));
    if (by == MODE)
        return finish_mode(self, comm, i);
    if (by == MEAN) {
        QN_TRY(qn_reduce_sums(comm, &of->sum, 1));
        self->surrogates[i] = qn_sum_result(&of->sum) / (double)of->count;
        if (isnan(self->surrogates[i]))
            return qn_fail(QN_DATA, "column '%s' has no mean: it holds inf and -inf",
                           qn_columns_input(stage, i));
        return QN_OK;
    }
    qn_quantiles *order = &of->order;
    QN_TRY(qn_reduce_quantiles(comm, &order, 1));
    self->surrogates[i] = qn_quantiles_value(order, 0.5);
    return QN_OK;
}

/* Room for the texts, "" for numbers, if any column holds text. */
static qn_status begin_texts(imputer *self) {
    bool any = false;
    for (int64_t i = 0; i < self->counting; i++)
        any = any || self->summaries[i].text;
    if (!any)
        return QN_OK;
    QN_TRY(qn_mem_calloc(&self->is_text, (size_t)self->counting, sizeof *self->is_text));
    QN_TRY(qn_mem_calloc(&self->texts, (size_t)self->counting, sizeof(char *)));
    self->text_count = self->counting;
    for (int64_t i = 0; i < self->counting; i++) {
        self->is_text[i] = self->summaries[i].text;
        QN_TRY(copy_text(qn_view_of(""), &self->texts[i]));
    }
    return QN_OK;
}

static qn_status begin_surrogates(imputer *self) {
    QN_TRY(qn_mem_calloc(&self->surrogates, (size_t)self->counting, sizeof *self->surrogates));
    self->column_count = self->counting;
    return begin_texts(self);
}

static qn_status take_constant(imputer *self, int64_t i) {
    qn_view value = qn_view_of(fill_value_of(&self->base, i));
    return is_text(self, i) ? copy_text(value, &self->texts[i])
                            : qn_numbers_one("fill_value", value, &self->surrogates[i]);
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    imputer *self = (imputer *)stage;
    QN_TRY(qn_comm_agree(comm, begin_surrogates(self)));
    for (int32_t i = 0; i < self->counting; i++)
        QN_TRY(strategy_of(stage) == CONSTANT ? qn_comm_agree(comm, take_constant(self, i))
                                              : finish_summary(self, comm, i));
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

static void fill_column(const qn_column *in, gap missing, double surrogate, qn_column *out) {
    int64_t length = in->length;
    switch (in->type) {
    case QN_INT32:
        impute_i32(in->i32, in->validity, out->i32, length, missing,
                   (int32_t)qn_map_to_integer(surrogate, INT32_MIN, INT32_MAX));
        break;
    case QN_INT64:
        impute_i64(in->i64, in->validity, out->i64, length, missing,
                   qn_map_to_integer(surrogate, INT64_MIN, INT64_MAX));
        break;
    case QN_FLOAT32:
        impute_f32(in->f32, in->validity, out->f32, length, missing, (float)surrogate);
        break;
    default:
        impute_f64(in->f64, in->validity, out->f64, length, missing, surrogate);
        break;
    }
}

/* SQL's coalesce(x, text). */
static qn_status make_filling(const char *text, qn_expr **out) {
    qn_expr *arguments[2] = {NULL, NULL}, *call = NULL;
    qn_schema schema;
    qn_schema_init(&schema);
    qn_status status = qn_expr_column(&arguments[0], "x", -1);
    if (status == QN_OK)
        status = qn_expr_literal(&arguments[1],
                                 (qn_scalar){.type = QN_STRING, .text = qn_view_of(text)}, -1);
    if (status == QN_OK)
        status = qn_expr_call(&call, "coalesce", arguments, 2, -1);
    else
        qn_expr_free(arguments[0]);
    if (status == QN_OK)
        status = qn_schema_add(&schema, "x", QN_STRING);
    if (status == QN_OK)
        status = qn_expr_bind(call, &schema);
    qn_schema_clear(&schema);
    if (status == QN_OK)
        *out = call;
    else
        qn_expr_free(call);
    return status;
}

static qn_status fill_texts(const qn_column *column, const char *text, qn_column **out) {
    qn_expr *filling = NULL;
    qn_batch one = {
        .length = column->length, .count = 1, .columns = (qn_column *[]){(qn_column *)column}};
    if (column->null_count == 0) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    QN_TRY(make_filling(text, &filling));
    qn_status status = qn_expr_eval(filling, &one, out);
    qn_expr_free(filling);
    return status;
}

static qn_status make(const qn_map_step *step, qn_column **out) {
    const qn_column *column = step->column;
    const imputer *self = (const imputer *)step->stage;
    if (column->type == QN_STRING)
        return fill_texts(column, self->texts[step->i], out);
    double value = qn_options_real(step->stage->options, "missing_value");
    gap missing = {isnan(value), value};
    if (!any_missing(column, missing)) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    QN_TRY(qn_column_new_raw(out, column->type, column->length, 0));
    fill_column(column, missing, self->surrogates[step->i], *out);
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
    int64_t count = self->text_count;
    QN_TRY(qn_archive_reals(archive, "surrogates", &self->surrogates, &self->column_count));
    if (qn_archive_writing(archive) ? count == 0 : !qn_archive_has(archive, "texts"))
        return QN_OK;
    QN_TRY(qn_archive_texts(archive, "texts", &self->texts, &self->text_count));
    QN_TRY(qn_archive_ints(archive, "is_text", &self->is_text, &count));
    if (count != self->text_count || count != self->column_count)
        return qn_fail(QN_DATA, "the file has %lld replacements, but texts of %lld columns",
                       (long long)self->column_count, (long long)count);
    return QN_OK;
}

static json_t *surrogate_json(const qn_stage *stage, int32_t i) {
    const imputer *self = (const imputer *)stage;
    if (is_text(self, i))
        return json_string(self->texts[i]);
    return qn_numbers_json(self->surrogates[i]);
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    int64_t count = ((const imputer *)stage)->column_count;
    return qn_columns_describe(stage, object, "surrogates", count, surrogate_json);
}

static void clear(qn_stage *stage) {
    imputer *self = (imputer *)stage;
    end_counting(self);
    qn_mem_free(self->surrogates);
    if (self->texts != NULL)
        qn_mem_free_all(self->texts, self->text_count);
    qn_mem_free(self->is_text);
    self->surrogates = NULL;
    self->texts = NULL;
    self->is_text = NULL;
    self->column_count = self->text_count = 0;
}

const qn_stage_class qn_imputer_class = {
    .name = "imputer",
    .help = "replace missing values by the mean, median or mode, or by a constant",
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
