/* math_transformer: a function of each number, such as the logarithm of what is skewed.
 *
 * Functions are SQL's, computed by its kernels. Numbers outside of a function's domain are an
 * error, NaN, or drop the row; SQL's nulls for them are not told from missing values. */
#include "core/expr/expr.h"
#include "core/memory.h"
#include "core/text/number.h"
#include "features/sql/sql.h"
#include "features/stage/columns.h"
#include "features/stage/map.h"
#include "features/stage/stages.h"

#include <math.h>

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"function", QN_OPTION_CHOICE, "log1p",
     "log|log1p|log2|log10|sqrt|cbrt|square|exp|expm1|reciprocal|abs|asinh|logit|sigmoid|"
     "signed_log1p",
     "what is computed of each number; log is the natural logarithm, signed_log1p is sign(x) * "
     "log1p(abs(x))"},
    {"handle_invalid", QN_OPTION_CHOICE, "error", "error|keep|skip",
     "numbers outside of the function's domain: stop, give NaN, or drop the row"},
    {NULL, 0, NULL, NULL, NULL}};

static const struct {
    const char *name, *sql, *domain;
} functions[] = {
    {"log", "ln(x)", "above 0"},
    {"log1p", "log1p(x)", "above -1"},
    {"log2", "log2(x)", "above 0"},
    {"log10", "log10(x)", "above 0"},
    {"sqrt", "sqrt(x)", "0 or above"},
    {"cbrt", "cbrt(x)", "any"},
    {"square", "x * x", "any"},
    {"exp", "exp(x)", "any"},
    {"expm1", "expm1(x)", "any"},
    {"reciprocal", "1 / x", "not 0"},
    {"abs", "abs(x)", "any"},
    {"asinh", "asinh(x)", "any"},
    {"logit", "ln(x / (1 - x))", "between 0 and 1"},
    {"sigmoid", "1 / (1 + exp(-x))", "any"},
    {"signed_log1p", "sign(x) * log1p(abs(x))", "any"},
};

typedef struct math_transformer {
    qn_stage base;
    qn_expr *function; /* of a column x, from the last bind */
    const char *domain;
} math_transformer;

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status compile(math_transformer *self) {
    size_t i = 0;
    qn_schema schema;
    while (!qn_options_is(self->base.options, "function", functions[i].name))
        i++;
    self->domain = functions[i].domain;
    QN_TRY(qn_sql_expression(&self->function, qn_view_of(functions[i].sql)));
    qn_schema_init(&schema);
    qn_status status = qn_schema_add(&schema, "x", QN_FLOAT64);
    if (status == QN_OK)
        status = qn_expr_bind(self->function, &schema);
    qn_schema_clear(&schema);
    return status;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t count, index;
    stage->class_->clear(stage);
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(compile((math_transformer *)stage));
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++) {
        QN_TRY(qn_columns_find(stage, in, i, &index));
        if (!qn_type_is_numeric(in->fields[index].type))
            return qn_columns_fail_type(&in->fields[index], "numeric");
        QN_TRY(qn_columns_add(out, qn_columns_output(stage, i), QN_FLOAT64, 0, NULL));
    }
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

static qn_status fail_row(const qn_map_step *step, double value, int64_t row) {
    char text[32];
    const math_transformer *self = (const math_transformer *)step->stage;
    qn_print_real(value, text);
    return qn_fail(QN_DATA,
                   "column '%s' is %s at row %lld (counting from 0), but for %s it must be %s; "
                   "set handle_invalid to keep (NaN) or skip",
                   step->field->name, text, (long long)qn_batch_row(step->batch, row),
                   qn_options_text(step->stage->options, "function"), self->domain);
}

/* A number went in, none came out. */
static bool is_bad(const qn_column *x, const qn_column *y, int64_t row) {
    if (qn_column_is_null(x, row) || isnan(x->f64[row]))
        return false;
    return qn_column_is_null(y, row) || isnan(y->f64[row]);
}

/* What is null for a number that is there becomes NaN. */
static qn_status with_nan(const qn_column *x, const qn_column *y, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new_raw(&column, QN_FLOAT64, x->length, 0));
    for (int64_t i = 0; i < x->length; i++)
        column->f64[i] = is_bad(x, y, i) ? (double)NAN : y->f64[i];
    qn_status status = qn_map_copy_nulls(column, x);
    if (status == QN_OK)
        *out = column;
    else
        qn_column_release(column);
    return status;
}

/* Takes over `y`. */
static qn_status settle(const qn_map_step *step, const qn_column *x, qn_column *y,
                        qn_column **out) {
    if (y->null_count == x->null_count && !qn_map_any_nan(y->f64, y->length)) {
        *out = y;
        return QN_OK;
    }
    bool stops = qn_options_is(step->stage->options, "handle_invalid", "error");
    qn_status status = QN_OK;
    for (int64_t i = 0; i < x->length && status == QN_OK && (stops || step->keep != NULL); i++) {
        if (!is_bad(x, y, i))
            continue;
        if (stops)
            status = fail_row(step, x->f64[i], i);
        else
            qn_bit_reset(step->keep, i);
    }
    if (status == QN_OK)
        status = with_nan(x, y, out);
    qn_column_release(y);
    return status;
}

static qn_status as_reals(const qn_column *column, qn_column **out) {
    qn_column *reals = NULL;
    if (column->type == QN_FLOAT64) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    QN_TRY(qn_column_new_raw(&reals, QN_FLOAT64, column->length, 0));
    qn_columns_reals(column, 0, column->length, reals->f64);
    qn_status status = qn_map_copy_nulls(reals, column);
    if (status != QN_OK) {
        qn_column_release(reals);
        return status;
    }
    qn_map_clear_nulls(reals);
    *out = reals;
    return QN_OK;
}

static qn_status make(const qn_map_step *step, qn_column **out) {
    qn_column *x = NULL, *y = NULL;
    QN_TRY(as_reals(step->column, &x));
    qn_batch batch = {.length = x->length, .count = 1, .columns = &x};
    qn_status status = qn_expr_eval(((const math_transformer *)step->stage)->function, &batch, &y);
    if (status == QN_OK)
        status = settle(step, x, y, out);
    qn_column_release(x);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    qn_map map = {.drops = qn_options_is(stage->options, "handle_invalid", "skip"), .make = make};
    return qn_map_columns(stage, &map, schema, in, out);
}

static void clear(qn_stage *stage) {
    math_transformer *self = (math_transformer *)stage;
    qn_expr_free(self->function);
    self->function = NULL;
}

const qn_stage_class qn_math_transformer_class = {
    .name = "math_transformer",
    .help = "logarithms, roots and other functions of numbers",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(math_transformer),
    .options = options,
    .bind = bind,
    .transform = transform,
    .clear = clear,
};
