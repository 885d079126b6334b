/* describe --label: a test of each column against a label. */
#include "core/log.h"
#include "core/memory.h"
#include "features/stage/columns.h"
#include "mpi/comm/reduce.h"
#include "mpi/stage.h"
#include "tools/cmd/describe_correlate.h"
#include "tools/cmd/inputs.h"
#include "tools/print/show.h"

#include <math.h>
#include <string.h>

typedef enum test_kind { CHI2, ANOVA, REGRESSION } test_kind;

static const char *const kind_names[] = {"chi2", "anova", "f_regression"};

/* One column against the label. Numbers are continuous; texts and bools are categories. */
typedef struct test {
    int32_t field;
    test_kind kind;
    bool groups; /* ANOVA: the column has the groups, the label the values */
    qn_contingency tables;
    qn_anova anova;
    qn_correlation sums;
    int64_t rows;
    qn_test_result result;
    bool overfull; /* too many categories: no result */
} test;

typedef struct tests {
    int32_t label, count;
    test *list;
    uint64_t *label_keys, *keys; /* of a batch */
    double *label_values, *values;
    int64_t *kept;
    int32_t *codes;
    int64_t capacity;
} tests;

/* ---- Life ----------------------------------------------------------------------------------- */

static bool has_values(const qn_field *field) {
    return field->type != QN_VECTOR && field->type != QN_STRING_LIST;
}

static bool is_continuous(const qn_field *field) {
    return field->type != QN_STRING && field->type != QN_BOOL;
}

static bool label_is_continuous(const qn_arguments *arguments, const qn_field *label) {
    if (qn_options_has(arguments->options, "label_type"))
        return qn_options_is(arguments->options, "label_type", "continuous");
    return is_continuous(label);
}

static qn_status open_test(test *out, bool continuous, bool label_continuous) {
    out->kind = continuous && label_continuous   ? REGRESSION
                : continuous || label_continuous ? ANOVA
                                                 : CHI2;
    out->groups = label_continuous;
    qn_anova_init(&out->anova, 1);
    if (out->kind == CHI2)
        return qn_contingency_init(&out->tables, 1, false);
    return out->kind == REGRESSION ? qn_correlation_init(&out->sums, 2) : QN_OK;
}

static qn_status open_tests(tests *out, const qn_arguments *arguments, const qn_schema *schema) {
    QN_TRY(qn_schema_require(schema, qn_options_text(arguments->options, "label"), &out->label));
    const qn_field *label = &schema->fields[out->label];
    bool continuous = label_is_continuous(arguments, label);
    if (!has_values(label))
        return qn_fail(QN_JOB, "label column '%s' is %s, but must hold single values", label->name,
                       qn_type_name(label->type));
    if (continuous && label->type == QN_STRING)
        return qn_fail(QN_JOB,
                       "label column '%s' is string, but a continuous label must be a "
                       "number",
                       label->name);
    QN_TRY(qn_mem_calloc(&out->list, (size_t)schema->count, sizeof *out->list));
    for (int32_t i = 0; i < schema->count; i++) {
        if (i == out->label || !has_values(&schema->fields[i]))
            continue;
        test *one = &out->list[out->count++];
        one->field = i;
        QN_TRY(open_test(one, is_continuous(&schema->fields[i]), continuous));
    }
    return QN_OK;
}

static void close_tests(tests *of) {
    for (int32_t i = 0; i < of->count; i++) {
        qn_contingency_clear(&of->list[i].tables);
        qn_anova_clear(&of->list[i].anova);
        qn_correlation_clear(&of->list[i].sums);
    }
    qn_mem_free(of->list);
    qn_mem_free(of->label_keys);
    qn_mem_free(of->keys);
    qn_mem_free(of->label_values);
    qn_mem_free(of->values);
    qn_mem_free(of->kept);
    qn_mem_free(of->codes);
}

/* ---- Batches -------------------------------------------------------------------------------- */

static qn_status grow(tests *to, int64_t rows) {
    if (rows <= to->capacity)
        return QN_OK;
    size_t count = (size_t)rows;
    QN_TRY(qn_mem_resize(&to->label_keys, count, sizeof *to->label_keys));
    QN_TRY(qn_mem_resize(&to->keys, count, sizeof *to->keys));
    QN_TRY(qn_mem_resize(&to->label_values, count, sizeof *to->label_values));
    QN_TRY(qn_mem_resize(&to->values, count, sizeof *to->values));
    QN_TRY(qn_mem_resize(&to->kept, count, sizeof *to->kept));
    QN_TRY(qn_mem_resize(&to->codes, count, sizeof *to->codes));
    to->capacity = rows;
    return QN_OK;
}

static bool is_missing(const qn_column *column, int64_t row) {
    if (qn_column_is_null(column, row))
        return true;
    bool real = column->type == QN_FLOAT32 || column->type == QN_FLOAT64;
    return real && !isfinite(qn_column_real(column, row));
}

/* The rows that have both. */
static int64_t keep_rows(tests *of, const qn_column *column, const qn_column *label) {
    int64_t count = 0;
    for (int64_t r = 0; r < column->length; r++)
        if (!is_missing(column, r) && !is_missing(label, r))
            of->kept[count++] = r;
    return count;
}

static qn_status add_kept(tests *of, test *to, const qn_column *column, const qn_column *label) {
    qn_column values = {.references = 1, .type = QN_FLOAT64, .length = column->length};
    const qn_column *continuous = to->groups ? label : column;
    const qn_column *groups = to->groups ? column : label;
    const double *both[] = {of->values, of->label_values};
    switch (to->kind) {
    case CHI2:
        QN_TRY(qn_codes_keys(label, of->label_keys));
        QN_TRY(qn_codes_keys(column, of->keys));
        QN_TRY(qn_contingency_add_labels(&to->tables, of->label_keys, column->length, of->codes));
        return qn_contingency_add(&to->tables, 0, of->keys, of->codes, column->length);
    case ANOVA:
        QN_TRY(qn_codes_keys(groups, of->keys));
        qn_columns_reals(continuous, 0, column->length, of->values);
        values.f64 = of->values;
        return qn_anova_add(&to->anova, &values, of->keys);
    default:
        qn_columns_reals(column, 0, column->length, of->values);
        qn_columns_reals(label, 0, column->length, of->label_values);
        return qn_correlation_add(&to->sums, both, column->length);
    }
}

static qn_status add_test(tests *of, test *to, const qn_column *column, const qn_column *label) {
    qn_column *some = NULL, *labels = NULL;
    int64_t count = keep_rows(of, column, label);
    to->rows += count;
    if (count == column->length)
        return add_kept(of, to, column, label);
    qn_status status = qn_column_take(&some, column, of->kept, count);
    if (status == QN_OK)
        status = qn_column_take(&labels, label, of->kept, count);
    if (status == QN_OK)
        status = add_kept(of, to, some, labels);
    qn_column_release(some);
    qn_column_release(labels);
    return status;
}

static qn_status visit(void *context, const qn_batch *batch) {
    tests *of = context;
    QN_TRY(grow(of, batch->length));
    for (int32_t i = 0; i < of->count; i++)
        QN_TRY(add_test(of, &of->list[i], batch->columns[of->list[i].field],
                        batch->columns[of->label]));
    return QN_OK;
}

/* ---- Results -------------------------------------------------------------------------------- */

static qn_status finish_chi2(test *of, qn_comm *comm) {
    QN_TRY(qn_reduce_contingency(comm, &of->tables));
    of->overfull = of->tables.overfull || of->tables.features[0].overfull;
    qn_status status = of->overfull ? QN_OK : qn_contingency_test(&of->tables, 0, &of->result);
    return qn_comm_agree(comm, status);
}

static qn_status finish_anova(test *of, qn_comm *comm) {
    QN_TRY(qn_reduce_anova(comm, &of->anova));
    of->overfull = of->anova.overfull;
    qn_status status = of->overfull ? QN_OK : qn_anova_test(&of->anova, 0, &of->result);
    return qn_comm_agree(comm, status);
}

static qn_status finish(const tests *of, qn_comm *comm, const qn_schema *schema) {
    for (int32_t i = 0; i < of->count; i++) {
        test *one = &of->list[i];
        qn_test_sums sums;
        QN_TRY(qn_comm_sum_i64(comm, &one->rows, 1));
        if (one->kind == CHI2) {
            QN_TRY(finish_chi2(one, comm));
        } else if (one->kind == ANOVA) {
            QN_TRY(finish_anova(one, comm));
        } else {
            QN_TRY(qn_reduce_correlation(comm, &one->sums));
            qn_correlation_sums(&one->sums, 0, 1, &sums);
            qn_test_regression(&one->result, &sums);
        }
        if (one->overfull)
            qn_warn("column '%s': more than %d categories, in it or in the label; not tested",
                    schema->fields[one->field].name, QN_CODES_MOST);
    }
    return QN_OK;
}

/* ---- Printing ------------------------------------------------------------------------------- */

typedef enum part { COLUMN, TEST, ROWS, STATISTIC, DF1, DF2, P_VALUE, PARTS } part;

static const struct {
    const char *name;
    qn_type type;
} parts[PARTS] = {
    [COLUMN] = {"column", QN_STRING},    [TEST] = {"test", QN_STRING},
    [ROWS] = {"rows", QN_INT64},         [STATISTIC] = {"statistic", QN_FLOAT64},
    [DF1] = {"df1", QN_INT64},           [DF2] = {"df2", QN_INT64},
    [P_VALUE] = {"p_value", QN_FLOAT64},
};

static bool has(const test *of, part what) {
    if (what <= ROWS)
        return true;
    return !of->overfull && (what != DF2 || of->kind != CHI2);
}

static qn_status make_texts(const tests *of, const qn_schema *schema, part what, qn_column **out) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    for (int32_t i = 0; i < of->count && status == QN_OK; i++) {
        const test *one = &of->list[i];
        const char *text = what == COLUMN ? schema->fields[one->field].name : kind_names[one->kind];
        status = qn_string_builder_add(&builder, qn_view_of(text));
    }
    if (status == QN_OK)
        status = qn_string_builder_finish(&builder, out);
    qn_string_builder_clear(&builder);
    return status;
}

static void put(const test *of, part what, qn_column *column, int64_t row) {
    switch (what) {
    case ROWS:
        column->i64[row] = of->rows;
        break;
    case DF1:
        column->i64[row] = (int64_t)of->result.df1;
        break;
    case DF2:
        column->i64[row] = (int64_t)of->result.df2;
        break;
    case STATISTIC:
        column->f64[row] = of->result.statistic;
        break;
    default:
        column->f64[row] = of->result.p;
        break;
    }
}

static qn_status make_numbers(const tests *of, part what, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, parts[what].type, of->count, 0));
    qn_status status = QN_OK;
    for (int32_t i = 0; i < of->count && status == QN_OK; i++)
        if (has(&of->list[i], what))
            put(&of->list[i], what, column, i);
        else
            status = qn_column_set_null(column, i);
    if (status == QN_OK)
        *out = column;
    else
        qn_column_release(column);
    return status;
}

static qn_status make_table(const tests *of, const qn_schema *schema, bool root, qn_table *out) {
    qn_batch batch;
    qn_batch_init(&batch);
    qn_status status = QN_OK;
    for (int what = 0; what < PARTS; what++)
        QN_TRY(qn_schema_add(&out->schema, parts[what].name, parts[what].type));
    if (!root)
        return QN_OK;
    batch.length = of->count;
    for (int what = 0; what < PARTS && status == QN_OK; what++) {
        qn_column *column = NULL;
        status = parts[what].type == QN_STRING ? make_texts(of, schema, (part)what, &column)
                                               : make_numbers(of, (part)what, &column);
        if (status == QN_OK)
            status = qn_batch_append(&batch, column);
    }
    if (status == QN_OK)
        return qn_table_add(out, &batch);
    qn_batch_clear(&batch);
    return status;
}

static qn_status print(const qn_arguments *arguments, const qn_schema *schema, const tests *of) {
    qn_comm *comm = arguments->comm;
    qn_table table;
    qn_table_init(&table);
    qn_status status = make_table(of, schema, qn_comm_rank(comm) == 0, &table);
    status = qn_show_made(status, &table, comm, qn_options_text(arguments->options, "format"));
    qn_table_clear(&table);
    return status;
}

qn_status qn_describe_tests(const qn_arguments *arguments, qn_stream *in) {
    qn_comm *comm = arguments->comm;
    tests of = {0};
    qn_status status;
    QN_TRY_GOTO(qn_comm_agree(comm, open_tests(&of, arguments, &in->schema)), done);
    QN_TRY_GOTO(qn_stage_scan(in, comm, visit, &of), done);
    QN_TRY_GOTO(qn_settle_operands(in, arguments), done);
    QN_TRY_GOTO(finish(&of, comm, &in->schema), done);
    status = print(arguments, &in->schema, &of);
done:
    close_tests(&of);
    return status;
}
