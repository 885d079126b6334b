/* univariate_feature_selector: the slots of a vector that a test says have to do with the label.
 * The types of features and label choose the test: chi-squared, analysis of variance or linear
 * regression. */
#include "core/column/batch.h"
#include "core/memory.h"
#include "core/stats/anova.h"
#include "core/stats/contingency.h"
#include "core/stats/cross.h"
#include "core/stats/gram.h"
#include "features/stage/columns.h"
#include "features/stage/selection.h"
#include "features/stage/stages.h"
#include "mpi/comm/reduce.h"

#include <math.h>
#include <stdlib.h>

static const qn_option options[] = {
    QN_VECTORS_OPTIONS,
    {"label_col", QN_OPTION_TEXT, "label", NULL, "column to test the slots against"},
    {"feature_type", QN_OPTION_CHOICE, NULL, "categorical|continuous", "what the slots hold"},
    {"label_type", QN_OPTION_CHOICE, NULL, "categorical|continuous", "what the label is"},
    {"selection_mode", QN_OPTION_CHOICE, "num_top_features",
     "num_top_features|percentile|fpr|fdr|fwe", "how p-values decide"},
    {"selection_threshold", QN_OPTION_REAL, NULL, "[0,inf)",
     "how many slots (50 if not given), what share of them (0.1), or the largest p-value or error "
     "rate (0.05)"},
    {NULL, 0, NULL, NULL, NULL}};

typedef enum test_kind { CHI2, ANOVA, REGRESSION } test_kind;

typedef struct univariate_feature_selector {
    qn_stage base;
    bool counting; /* while fitting: */
    test_kind kind;
    int64_t rows;
    qn_contingency tables;
    qn_anova anova;
    qn_cross cross;
    qn_selection selection; /* and after */
    int64_t width;
    double *statistic, *p_value;
} univariate_feature_selector;

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status choose_test(const qn_stage *stage, test_kind *out) {
    static const char *const names[] = {"feature_type", "label_type"};
    bool categorical[2];
    for (int i = 0; i < 2; i++) {
        if (!qn_options_is_set(stage->options, names[i]))
            return qn_fail(QN_JOB, "%s is not set: categorical or continuous", names[i]);
        categorical[i] = qn_options_is(stage->options, names[i], "categorical");
    }
    if (categorical[0] && !categorical[1])
        return qn_fail(QN_JOB, "there is no test of categorical features against a continuous "
                               "label: bucketize the label, or encode the features");
    *out = categorical[0] ? CHI2 : categorical[1] ? ANOVA : REGRESSION;
    return QN_OK;
}

static double threshold_of(const qn_stage *stage) {
    if (qn_options_is_set(stage->options, "selection_threshold"))
        return qn_options_real(stage->options, "selection_threshold");
    if (qn_options_is(stage->options, "selection_mode", "num_top_features"))
        return 50;
    return qn_options_is(stage->options, "selection_mode", "percentile") ? 0.1 : 0.05;
}

static qn_status check_threshold(const qn_stage *stage) {
    double threshold = threshold_of(stage);
    const char *mode = qn_options_text(stage->options, "selection_mode");
    bool top = qn_options_is(stage->options, "selection_mode", "num_top_features");
    if (top && (threshold < 1 || threshold != floor(threshold)))
        return qn_fail(QN_JOB,
                       "selection_threshold is %g, but must be a whole number from 1 on for "
                       "selection_mode num_top_features",
                       threshold);
    if (!top && threshold > 1)
        return qn_fail(QN_JOB,
                       "selection_threshold is %g, but must be at most 1 for selection_mode %s",
                       threshold, mode);
    return QN_OK;
}

static qn_status find_label(const qn_stage *stage, test_kind kind, const qn_schema *schema,
                            int32_t *index) {
    QN_TRY(qn_schema_require(schema, qn_options_text(stage->options, "label_col"), index));
    const qn_field *field = &schema->fields[*index];
    bool number = qn_type_is_numeric(field->type) || field->type == QN_BOOL;
    if (kind == REGRESSION && !number)
        return qn_columns_fail_type(field, "a number or bool");
    if (field->type == QN_VECTOR || field->type == QN_STRING_LIST)
        return qn_columns_fail_type(field, "a number, bool, string, date or timestamp");
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    test_kind kind;
    int32_t label;
    QN_TRY(choose_test(stage, &kind));
    QN_TRY(check_threshold(stage));
    if (!stage->fitted)
        QN_TRY(find_label(stage, kind, in, &label));
    return qn_selection_bind(&((univariate_feature_selector *)stage)->selection, stage, in, out);
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static qn_status begin(univariate_feature_selector *self, const qn_field *field) {
    int32_t width = field->width;
    QN_TRY(choose_test(&self->base, &self->kind));
    self->counting = true;
    QN_TRY(qn_selection_begin(&self->selection, field));
    switch (self->kind) {
    case CHI2:
        return qn_contingency_init(&self->tables, width, true);
    case ANOVA:
        qn_anova_init(&self->anova, width);
        return QN_OK;
    default:
        return qn_cross_init(&self->cross, width);
    }
}

/* Rows of a batch whose vector is not null. */
typedef struct cases {
    qn_column *vectors, *label;
} cases;

static void clear_cases(cases *of) {
    qn_column_release(of->vectors);
    qn_column_release(of->label);
}

static qn_status take_cases(const qn_column *vectors, const qn_column *label, cases *out) {
    int64_t *rows = NULL, count = 0;
    if (vectors->null_count == 0) {
        *out = (cases){qn_column_retain(vectors), qn_column_retain(label)};
        return QN_OK;
    }
    QN_TRY(qn_mem_alloc(&rows, (size_t)vectors->length, sizeof *rows));
    for (int64_t i = 0; i < vectors->length; i++)
        if (!qn_column_is_null(vectors, i))
            rows[count++] = i;
    qn_status status = qn_column_take(&out->vectors, vectors, rows, count);
    if (status == QN_OK)
        status = qn_column_take(&out->label, label, rows, count);
    qn_mem_free(rows);
    return status;
}

static qn_status check_values(const qn_schema *schema, const qn_batch *batch, int32_t vectors,
                              int32_t label) {
    const qn_column *column = batch->columns[label];
    int64_t row;
    int32_t slot;
    if (qn_gram_find_bad(batch->columns[vectors], &row, &slot))
        return qn_vectors_fail_value(&schema->fields[vectors], batch, row, slot, "is not finite");
    bool real = column->type == QN_FLOAT64 || column->type == QN_FLOAT32;
    for (int64_t i = 0; (real || column->null_count > 0) && i < batch->length; i++) {
        bool null = qn_column_is_null(column, i);
        if (null || (real && !isfinite(qn_column_real(column, i))))
            return qn_fail(QN_DATA, "label column '%s' is %s at row %lld (counting from 0)",
                           schema->fields[label].name, null ? "null" : "not finite",
                           (long long)qn_batch_row(batch, i));
    }
    return QN_OK;
}

static qn_status add_chi2(univariate_feature_selector *self, const cases *of) {
    uint64_t *keys = NULL;
    int32_t *codes = NULL;
    int64_t rows = of->label->length;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&keys, (size_t)rows, sizeof *keys), done);
    QN_TRY_GOTO(qn_mem_alloc(&codes, (size_t)rows, sizeof *codes), done);
    QN_TRY_GOTO(qn_codes_keys(of->label, keys), done);
    QN_TRY_GOTO(qn_contingency_add_labels(&self->tables, keys, rows, codes), done);
    status = qn_contingency_add_vectors(&self->tables, of->vectors, codes);
done:
    qn_mem_free(keys);
    qn_mem_free(codes);
    return status;
}

static qn_status add_anova(univariate_feature_selector *self, const cases *of) {
    uint64_t *keys = NULL;
    QN_TRY(qn_mem_alloc(&keys, (size_t)of->label->length, sizeof *keys));
    qn_status status = qn_codes_keys(of->label, keys);
    if (status == QN_OK)
        status = qn_anova_add(&self->anova, of->vectors, keys);
    qn_mem_free(keys);
    return status;
}

static qn_status add_regression(univariate_feature_selector *self, const cases *of) {
    double *labels = NULL;
    QN_TRY(qn_mem_alloc(&labels, (size_t)of->label->length, sizeof *labels));
    qn_columns_reals(of->label, 0, of->label->length, labels);
    qn_status status = qn_cross_add(&self->cross, of->vectors, labels);
    qn_mem_free(labels);
    return status;
}

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    univariate_feature_selector *self = (univariate_feature_selector *)stage;
    int32_t vectors, label;
    cases of = {0};
    qn_status status;
    QN_TRY(qn_vectors_find(stage, schema, &vectors));
    if (!self->counting)
        QN_TRY(begin(self, &schema->fields[vectors]));
    QN_TRY(find_label(stage, self->kind, schema, &label));
    QN_TRY_GOTO(take_cases(batch->columns[vectors], batch->columns[label], &of), done);
    QN_TRY_GOTO(check_values(schema, batch, vectors, label), done);
    status = self->kind == CHI2    ? add_chi2(self, &of)
             : self->kind == ANOVA ? add_anova(self, &of)
                                   : add_regression(self, &of);
    if (status == QN_OK)
        self->rows += of.label->length;
done:
    clear_cases(&of);
    return status;
}

static void end_counting(univariate_feature_selector *self) {
    qn_contingency_clear(&self->tables);
    qn_anova_clear(&self->anova);
    qn_cross_clear(&self->cross);
    self->counting = false;
    self->rows = 0;
}

/* ---- Choosing ------------------------------------------------------------------------------- */

static int by_p_value(const void *a, const void *b, void *p_values) {
    int32_t i = *(const int32_t *)a, j = *(const int32_t *)b;
    double x = ((const double *)p_values)[i], y = ((const double *)p_values)[j];
    return x < y ? -1 : x > y ? 1 : (i > j) - (i < j);
}

/* How many of the slots, in ascending order of p, are chosen. */
static int64_t count_chosen(const univariate_feature_selector *self, const int32_t *order) {
    double threshold = threshold_of(&self->base), n = (double)self->width;
    const qn_options *of = self->base.options;
    int64_t count = 0;
    if (qn_options_is(of, "selection_mode", "num_top_features"))
        return threshold < n ? (int64_t)threshold : self->width;
    if (qn_options_is(of, "selection_mode", "percentile"))
        return (int64_t)(n * threshold);
    bool fdr = qn_options_is(of, "selection_mode", "fdr");
    double limit = qn_options_is(of, "selection_mode", "fwe") ? threshold / n : threshold;
    for (int64_t i = 0; i < self->width; i++) {
        double p = self->p_value[order[i]];
        /* Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", 1995 */
        if (fdr ? p <= threshold * (double)(i + 1) / n : p < limit)
            count = i + 1;
    }
    return count;
}

static qn_status choose(univariate_feature_selector *self) {
    int32_t *order = NULL;
    bool *keep = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&order, (size_t)self->width, sizeof *order), done);
    QN_TRY_GOTO(qn_mem_calloc(&keep, (size_t)self->width, sizeof *keep), done);
    for (int32_t i = 0; i < self->width; i++)
        order[i] = i;
    if (self->width > 0)
        qsort_r(order, (size_t)self->width, sizeof *order, by_p_value, self->p_value);
    int64_t count = count_chosen(self, order);
    if (count == 0 && self->width > 0) {
        status = qn_fail(
            QN_DATA,
            "selection_mode %s with threshold %g chooses no slot; the smallest p-value is "
            "%g, of slot '%s'",
            qn_options_text(self->base.options, "selection_mode"), threshold_of(&self->base),
            self->p_value[order[0]], self->selection.names[order[0]]);
        goto done;
    }
    for (int64_t i = 0; i < count; i++)
        keep[order[i]] = true;
    status = qn_selection_keep(&self->selection, keep);
done:
    qn_mem_free(order);
    qn_mem_free(keep);
    return status;
}

/* ---- Tests ---------------------------------------------------------------------------------- */

static qn_status reduce(univariate_feature_selector *self, qn_comm *comm) {
    QN_TRY(qn_comm_sum_i64(comm, &self->rows, 1));
    switch (self->kind) {
    case CHI2:
        return qn_reduce_contingency(comm, &self->tables);
    case ANOVA:
        return qn_reduce_anova(comm, &self->anova);
    default:
        return qn_reduce_cross(comm, &self->cross);
    }
}

/* What makes all tests pointless. */
static qn_status check_counts(const univariate_feature_selector *self) {
    const char *label = qn_options_text(self->base.options, "label_col");
    if (self->rows == 0)
        return qn_fail(
            QN_DATA, "there is no row to fit: none has a vector in column '%s' and a label in '%s'",
            qn_options_text(self->base.options, "input_col"), label);
    if (self->tables.overfull || self->anova.overfull)
        return qn_fail(QN_DATA,
                       "label column '%s' has more than %d distinct values: if it is continuous, "
                       "set label_type so",
                       label, QN_CODES_MOST);
    for (int32_t i = 0; i < self->tables.width; i++)
        if (self->tables.features[i].overfull)
            return qn_fail(QN_DATA,
                           "slot '%s' has more than %d distinct values: if it is continuous, set "
                           "feature_type so",
                           self->selection.names[i], QN_CODES_MOST);
    int32_t last = self->cross.width;
    bool same = self->kind == CHI2    ? self->tables.labels.count < 2
                : self->kind == ANOVA ? self->anova.labels.count < 2
                                      : self->cross.min[last] == self->cross.max[last];
    if (same)
        return qn_fail(QN_DATA,
                       "label column '%s' has one value in all %lld rows: nothing can be "
                       "tested against it",
                       label, (long long)self->rows);
    return QN_OK;
}

static qn_status test_slot(univariate_feature_selector *self, int32_t slot, qn_test_result *out) {
    qn_test_sums sums;
    if (self->kind == CHI2)
        return qn_contingency_test(&self->tables, slot, out);
    if (self->kind == ANOVA)
        return qn_anova_test(&self->anova, slot, out);
    qn_cross_sums(&self->cross, slot, &sums);
    qn_test_regression(out, &sums);
    return QN_OK;
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    univariate_feature_selector *self = (univariate_feature_selector *)stage;
    qn_test_result result;
    QN_TRY(reduce(self, comm));
    QN_TRY(check_counts(self));
    self->width = self->selection.width;
    size_t width = (size_t)self->width;
    QN_TRY(qn_mem_alloc(&self->statistic, width, sizeof *self->statistic));
    QN_TRY(qn_mem_alloc(&self->p_value, width, sizeof *self->p_value));
    for (int32_t i = 0; i < self->width; i++) {
        QN_TRY(test_slot(self, i, &result));
        self->statistic[i] = result.statistic;
        self->p_value[i] = result.p;
    }
    end_counting(self);
    return choose(self);
}

/* ---- The rest ------------------------------------------------------------------------------- */

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const univariate_feature_selector *self = (const univariate_feature_selector *)stage;
    return qn_selection_transform(&self->selection, stage, schema, in, out);
}

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    univariate_feature_selector *self = (univariate_feature_selector *)stage;
    const qn_vectors_array arrays[] = {{"statistic", &self->statistic},
                                       {"p_value", &self->p_value}};
    QN_TRY(qn_selection_persist(&self->selection, archive));
    QN_TRY(qn_vectors_persist(archive, arrays, 2, &self->width));
    if (self->width != self->selection.width)
        return qn_fail(QN_DATA, "the file has %lld statistics for %lld slots",
                       (long long)self->width, (long long)self->selection.width);
    return QN_OK;
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    const univariate_feature_selector *self = (const univariate_feature_selector *)stage;
    const qn_selection_score scores[] = {{"statistic", self->statistic},
                                         {"p_value", self->p_value}};
    static const char *const tests[] = {"chi2", "anova", "f_regression"};
    test_kind kind;
    QN_TRY(choose_test(stage, &kind));
    if (json_object_set_new(object, "test", json_string(tests[kind])) != 0)
        return qn_fail(QN_MEMORY, "out of memory");
    return qn_selection_describe(&self->selection, scores, 2, object);
}

static void clear(qn_stage *stage) {
    univariate_feature_selector *self = (univariate_feature_selector *)stage;
    const qn_vectors_array arrays[] = {{"statistic", &self->statistic},
                                       {"p_value", &self->p_value}};
    end_counting(self);
    qn_selection_clear(&self->selection);
    qn_vectors_clear(arrays, 2, &self->width);
}

const qn_stage_class qn_univariate_feature_selector_class = {
    .name = "univariate_feature_selector",
    .help = "keep the slots of a vector that a test says have to do with a label",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(univariate_feature_selector),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
