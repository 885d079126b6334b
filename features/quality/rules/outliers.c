/* outliers: a number lies within the quartiles, widened by `factor` times their distance (J. W.
 * Tukey, Exploratory Data Analysis, 1977). NaN is an outlier; it has no part in the quartiles. */
#include "core/memory.h"
#include "core/stats/quantile.h"
#include "core/stats/values.h"
#include "core/text/number.h"
#include "features/quality/condition.h"
#include "features/quality/rules/rules.h"
#include "mpi/comm/reduce.h"

static const qn_option options[] = {
    {"column", QN_OPTION_TEXT, NULL, NULL, "column of numbers"},
    {"factor", QN_OPTION_REAL, "1.5", "[0,inf)", "by how many interquartile ranges to widen"},
    QN_ROW_RULE_OPTIONS};

typedef struct outliers {
    bool counting;
    qn_quantiles quantiles;
} outliers;

static void end_counting(outliers *self) {
    if (self->counting)
        qn_quantiles_clear(&self->quantiles);
    self->counting = false;
}

static qn_status bind(qn_rule *rule, const qn_rule_scene *scene) {
    QN_TRY(qn_rule_use_option(rule, scene->schema, "column"));
    const qn_field *field = qn_rule_field(rule, scene->schema);
    return qn_type_is_numeric(field->type) ? QN_OK : qn_rule_fail_type(field, "a number");
}

static qn_status survey(qn_rule *rule, const qn_batch *batch) {
    outliers *self = rule->state;
    const qn_column *column = batch->columns[rule->columns[0]];
    double *values = NULL;
    if (!self->counting)
        QN_TRY(qn_quantiles_init(&self->quantiles, 0.001));
    self->counting = true;
    if (batch->length == 0)
        return QN_OK;
    QN_TRY(qn_mem_alloc(&values, (size_t)column->length, sizeof *values));
    int64_t count = qn_values_present(column, values);
    qn_status status =
        qn_quantiles_add(&self->quantiles, batch->first_row / QN_BATCH_ROWS, values, count);
    qn_mem_free(values);
    return status;
}

static qn_status set_bounds(qn_rule *rule, const qn_rule_scene *scene) {
    const outliers *self = rule->state;
    const char *name = qn_rule_field(rule, scene->schema)->name;
    double low = qn_quantiles_value(&self->quantiles, 0.25);
    double high = qn_quantiles_value(&self->quantiles, 0.75);
    double factor = qn_options_real(rule->options, "factor");
    /* Infinite quartiles have no distance that can be multiplied. */
    double reach = low == high || factor == 0 ? 0 : factor * (high - low);
    char texts[2][32];
    low -= reach;
    high += reach;
    texts[0][qn_print_real(low, texts[0])] = '\0';
    texts[1][qn_print_real(high, texts[1])] = '\0';
    QN_TRY(qn_rule_set_detail(rule, "outside of [%s, %s]", texts[0], texts[1]));
    qn_expr *below = qn_condition_binary("<", qn_condition_column(name), qn_condition_real(low));
    qn_expr *above = qn_condition_binary(">", qn_condition_column(name), qn_condition_real(high));
    qn_expr *outside = NULL;
    QN_TRY(qn_condition_made(qn_condition_binary("or", below, above), &outside));
    return qn_rule_set_condition(rule, scene, outside);
}

static qn_status prepare(qn_rule *rule, const qn_rule_scene *scene) {
    outliers *self = rule->state;
    qn_quantiles *quantiles = &self->quantiles;
    qn_status status = qn_reduce_quantiles(scene->comm, &quantiles, 1);
    if (status == QN_OK)
        status = set_bounds(rule, scene);
    end_counting(self);
    return status;
}

static void clear(qn_rule *rule) {
    end_counting(rule->state);
}

const qn_rule_class qn_rule_outliers = {
    .name = "outliers",
    .help = "numbers lie near the quartiles",
    .options = options,
    .state_size = sizeof(outliers),
    .bind = bind,
    .survey = survey,
    .prepare = prepare,
    .clear = clear,
};
