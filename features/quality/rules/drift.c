/* drift: the column's distribution is that of another table: an earlier version, a training set.
 *
 * psi: the population stability index over bins of the baseline's quantiles (numbers, dates,
 * timestamps) or over values (texts, bools); nulls and NaN are a bin of their own where there are
 * any. ks: the Kolmogorov-Smirnov statistic; nulls and NaN are left out. */
#include "core/stats/drift.h"

#include "core/memory.h"
#include "core/stats/quantile.h"
#include "core/stats/values.h"
#include "features/quality/keys.h"
#include "features/quality/other.h"
#include "features/quality/rules/rules.h"
#include "features/quality/tally.h"
#include "mpi/comm/reduce.h"
#include "mpi/stage.h"

static const qn_option options[] = {
    {"column", QN_OPTION_TEXT, NULL, NULL, "column whose distribution is compared"},
    {"table", QN_OPTION_TEXT, NULL, NULL, "the baseline: one of 'tables', or a path"},
    {"table_column", QN_OPTION_TEXT, NULL, NULL, "its column; without: of the same name"},
    {"method", QN_OPTION_CHOICE, "psi", "psi|ks",
     "population stability index or Kolmogorov-Smirnov test"},
    {"bins", QN_OPTION_INT, "10", "[2,1000]", "psi: how many bins of the baseline's quantiles"},
    {"threshold", QN_OPTION_REAL, NULL, "[0,inf)",
     "greatest statistic; without: 0.2 (psi), 0.1 (ks, unless min_p is set)"},
    {"min_p", QN_OPTION_REAL, NULL, "[0,1]", "ks: least probability of the statistic by chance"},
    QN_TABLE_RULE_OPTIONS};

typedef struct drift {
    qn_stream *other; /* from bind until it is read */
    int32_t column;   /* of it */
    qn_tally baseline, current;
    int64_t sizes[2];
    double statistic;
} drift;

static bool is_ks(const qn_rule *rule) {
    return qn_options_is(rule->options, "method", "ks");
}

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status check_own(qn_rule *rule, const qn_rule_scene *scene) {
    QN_TRY(qn_rule_use_option(rule, scene->schema, "column"));
    const qn_field *field = qn_rule_field(rule, scene->schema);
    bool ordered = qn_values_allowed(field->type) && field->type != QN_BOOL;
    if (field->type == QN_VECTOR || field->type == QN_STRING_LIST)
        return qn_rule_fail_type(field, "a scalar");
    if (is_ks(rule) && !ordered)
        return qn_rule_fail_type(field, "a number, date or timestamp, as method ks needs");
    if (!is_ks(rule) && qn_options_has(rule->options, "min_p"))
        return qn_fail(QN_JOB, "min_p belongs to method ks");
    return QN_OK;
}

static qn_status bind(qn_rule *rule, const qn_rule_scene *scene) {
    drift *self = rule->state;
    QN_TRY(qn_comm_agree(scene->comm, check_own(rule, scene)));
    const qn_field *field = qn_rule_field(rule, scene->schema);
    if (self->other == NULL)
        QN_TRY(qn_other_open(rule, scene, &self->other));
    const char *name = qn_options_has(rule->options, "table_column")
                           ? qn_options_text(rule->options, "table_column")
                           : field->name;
    QN_TRY(qn_other_require(rule, self->other, name, &self->column));
    return qn_other_check_type(rule, field, &self->other->schema.fields[self->column]);
}

/* ---- The baseline --------------------------------------------------------------------------- */

static qn_status add_quantiles(void *context, const qn_batch *batch) {
    double *values = NULL;
    QN_TRY(qn_mem_alloc(&values, (size_t)batch->length, sizeof *values));
    int64_t count = qn_values_present(batch->columns[0], values);
    qn_status status = qn_quantiles_add(context, batch->first_row / QN_BATCH_ROWS, values, count);
    qn_mem_free(values);
    return status;
}

/* Quantiles of the baseline at 1 / bins, 2 / bins ...: equal ones once. */
static qn_status find_edges(drift *self, qn_stream *keys, const qn_rule *rule, qn_comm *comm) {
    qn_quantiles made = {0}, *quantiles = &made;
    int64_t bins = qn_options_int(rule->options, "bins");
    qn_status status = qn_comm_agree(comm, qn_quantiles_init(quantiles, 0.001));
    if (status == QN_OK)
        status = qn_stage_scan(keys, comm, add_quantiles, quantiles);
    if (status == QN_OK)
        status = qn_reduce_quantiles(comm, &quantiles, 1);
    if (status == QN_OK)
        status = qn_comm_agree(comm, qn_tally_set_edges(&self->baseline, quantiles, bins));
    if (status == QN_OK)
        status = qn_comm_agree(comm, qn_tally_set_edges(&self->current, quantiles, bins));
    qn_quantiles_clear(quantiles);
    return status;
}

static qn_status add_baseline(void *context, const qn_batch *batch) {
    return qn_tally_add(context, batch->columns[0]);
}

static qn_status read_baseline(qn_rule *rule, const qn_rule_scene *scene, qn_stream *keys) {
    drift *self = rule->state;
    qn_type type = qn_rule_field(rule, scene->schema)->type;
    qn_tally_clear(&self->baseline);
    qn_tally_clear(&self->current);
    qn_status status = qn_tally_init(&self->baseline, type);
    if (status == QN_OK)
        status = qn_tally_init(&self->current, type);
    QN_TRY(qn_comm_agree(scene->comm, status));
    if (self->baseline.binned)
        QN_TRY(find_edges(self, keys, rule, scene->comm));
    QN_TRY(qn_stage_scan(keys, scene->comm, add_baseline, &self->baseline));
    return qn_tally_reduce(&self->baseline, scene->comm);
}

/* ---- Kolmogorov and Smirnov ----------------------------------------------------------------- */

/* Each distinct value of both tables once, in order, with how often it is in either. */
static const char *smirnov_query(qn_type own, qn_type other) {
    bool real =
        own == QN_FLOAT32 || own == QN_FLOAT64 || other == QN_FLOAT32 || other == QN_FLOAT64;
    return real
               ? "SELECT v, sum(c) AS c, sum(d) AS d FROM (SELECT CAST(k0 AS double) AS v, 1 AS c, "
                 "0 AS d FROM a UNION ALL SELECT CAST(k0 AS double), 0, 1 FROM b) AS u WHERE v IS "
                 "NOT NULL AND NOT isnan(v) GROUP BY v ORDER BY v"
               : "SELECT v, sum(c) AS c, sum(d) AS d FROM (SELECT k0 AS v, 1 AS c, 0 AS d FROM a "
                 "UNION ALL SELECT k0, 0, 1 FROM b) AS u WHERE v IS NOT NULL GROUP BY v ORDER BY v";
}

static qn_status add_sizes(void *context, const qn_batch *batch) {
    int64_t *sizes = context;
    for (int64_t i = 0; i < batch->length; i++) {
        sizes[0] += batch->columns[1]->i64[i];
        sizes[1] += batch->columns[2]->i64[i];
    }
    return QN_OK;
}

static qn_status add_values(void *context, const qn_batch *batch) {
    for (int64_t i = 0; i < batch->length; i++)
        qn_smirnov_add(context, batch->columns[1]->i64[i], batch->columns[2]->i64[i]);
    return QN_OK;
}

/* The values lie in order over the ranks. */
static qn_status measure(drift *self, const qn_rule_scene *scene, qn_stream *values) {
    int64_t before[2];
    qn_smirnov smirnov;
    self->sizes[0] = self->sizes[1] = 0;
    QN_TRY(qn_stage_scan(values, scene->comm, add_sizes, self->sizes));
    QN_TRY(qn_comm_exscan_i64(scene->comm, self->sizes, before, 2));
    QN_TRY(qn_comm_sum_i64(scene->comm, self->sizes, 2));
    qn_smirnov_init(&smirnov, self->sizes, before);
    QN_TRY(qn_stage_scan(values, scene->comm, add_values, &smirnov));
    self->statistic = smirnov.distance;
    return qn_comm_max_f64(scene->comm, &self->statistic, 1);
}

static qn_status compare_orders(qn_rule *rule, const qn_rule_scene *scene, qn_stream *baseline) {
    drift *self = rule->state;
    qn_row_range range = QN_ROW_RANGE_NONE;
    qn_stream *own = NULL, *values = NULL;
    qn_status status = qn_keys_open(&own, rule, scene, &range);
    status = qn_comm_agree(scene->comm, status);
    if (status == QN_OK)
        status = qn_other_query(&values,
                                smirnov_query(qn_rule_field(rule, scene->schema)->type,
                                              baseline->schema.fields[0].type),
                                &own, &baseline, scene->execution);
    if (status == QN_OK)
        status = measure(self, scene, values);
    qn_stream_free(values);
    qn_stream_free(own);
    qn_stream_free(baseline);
    return status;
}

/* ---- Judging -------------------------------------------------------------------------------- */

static qn_status prepare(qn_rule *rule, const qn_rule_scene *scene) {
    drift *self = rule->state;
    qn_stream *keys = NULL;
    if (self->other == NULL) /* rules are judged once more */
        QN_TRY(qn_other_open(rule, scene, &self->other));
    qn_stream *other = self->other;
    self->other = NULL;
    qn_status status = qn_comm_agree(scene->comm, qn_other_keys(&keys, other, &self->column, 1));
    if (status == QN_OK && is_ks(rule))
        return compare_orders(rule, scene, keys);
    if (status == QN_OK)
        status = read_baseline(rule, scene, keys);
    qn_stream_free(keys);
    return status;
}

static qn_status add(qn_rule *rule, const qn_batch *batch) {
    drift *self = rule->state;
    return is_ks(rule) ? QN_OK : qn_tally_add(&self->current, batch->columns[rule->columns[0]]);
}

static double threshold_of(const qn_rule *rule) {
    if (qn_options_has(rule->options, "threshold"))
        return qn_options_real(rule->options, "threshold");
    return is_ks(rule) ? 0.1 : 0.2;
}

static qn_status judge_ks(qn_rule *rule) {
    drift *self = rule->state;
    double p = qn_smirnov_probability(self->statistic, self->sizes[0], self->sizes[1]);
    bool by_p = qn_options_has(rule->options, "min_p");
    bool by_distance = !by_p || qn_options_has(rule->options, "threshold");
    bool empty = self->sizes[0] == 0 || self->sizes[1] == 0;
    rule->checked = self->sizes[0];
    rule->violations = empty || (by_distance && self->statistic > threshold_of(rule)) ||
                       (by_p && p < qn_options_real(rule->options, "min_p"));
    if (empty)
        return qn_rule_set_detail(rule,
                                  "there is nothing to compare: %lld values, %lld in the "
                                  "baseline",
                                  (long long)self->sizes[0], (long long)self->sizes[1]);
    if (by_distance && by_p)
        return qn_rule_set_detail(rule, "D %.6g, p %.4g; D up to %g and p from %g are wanted",
                                  self->statistic, p, threshold_of(rule),
                                  qn_options_real(rule->options, "min_p"));
    return by_p ? qn_rule_set_detail(rule, "D %.6g, p %.4g; p from %g is wanted", self->statistic,
                                     p, qn_options_real(rule->options, "min_p"))
                : qn_rule_set_detail(rule, "D %.6g, p %.4g; D up to %g is wanted", self->statistic,
                                     p, threshold_of(rule));
}

static qn_status judge(qn_rule *rule, const qn_rule_scene *scene) {
    drift *self = rule->state;
    int64_t bins = 0;
    if (is_ks(rule))
        return judge_ks(rule);
    QN_TRY(qn_tally_reduce(&self->current, scene->comm));
    QN_TRY(qn_tally_stability(&self->baseline, &self->current, &self->statistic, &bins));
    rule->checked = scene->rows;
    /* not a number where either table has no rows */
    rule->violations = !(self->statistic <= threshold_of(rule));
    return qn_rule_set_detail(rule, "PSI %.6g over %lld bins; up to %g is wanted", self->statistic,
                              (long long)bins, threshold_of(rule));
}

static void clear(qn_rule *rule) {
    drift *self = rule->state;
    qn_stream_free(self->other);
    qn_tally_clear(&self->baseline);
    qn_tally_clear(&self->current);
}

const qn_rule_class qn_rule_drift = {
    .name = "drift",
    .help = "a column is distributed as in another table",
    .of_table = true,
    .options = options,
    .state_size = sizeof(drift),
    .bind = bind,
    .prepare = prepare,
    .add = add,
    .judge = judge,
    .clear = clear,
};
