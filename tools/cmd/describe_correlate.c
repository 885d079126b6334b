/* describe --correlate: a matrix of correlations over pairwise complete observations. */
#include "tools/cmd/describe_correlate.h"
#include "core/log.h"
#include "core/memory.h"
#include "features/stage/columns.h"
#include "mpi/comm/ranks.h"
#include "mpi/comm/reduce.h"
#include "mpi/stage.h"
#include "tools/cmd/inputs.h"
#include "tools/print/show.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The number columns of a table, as doubles with NaN for what is missing or not finite. */
typedef struct numbers {
    int32_t count;
    int32_t *fields;
    int64_t lost;    /* values that are NaN or infinite */
    int64_t rows;    /* that are held: one batch, or all of this rank's */
    double **values; /* count arrays, of `capacity` each */
    int64_t capacity;
    bool keep_all;
    int64_t batches, batch_capacity; /* keep_all: */
    int64_t *lengths;
    qn_correlation sums; /* else: */
} numbers;

static bool is_number(const qn_field *field) {
    return qn_type_is_numeric(field->type) || field->type == QN_BOOL;
}

static qn_status open_numbers(numbers *out, const qn_schema *schema, bool keep_all) {
    *out = (numbers){.keep_all = keep_all};
    QN_TRY(qn_mem_calloc(&out->fields, (size_t)schema->count, sizeof *out->fields));
    for (int32_t i = 0; i < schema->count; i++)
        if (is_number(&schema->fields[i]))
            out->fields[out->count++] = i;
    if (out->count < 2)
        return qn_fail(QN_DATA, "a correlation needs two columns of numbers or bools, but there %s",
                       out->count == 1 ? "is one" : "are none");
    QN_TRY(qn_mem_calloc(&out->values, (size_t)out->count, sizeof *out->values));
    return qn_correlation_init(&out->sums, out->count);
}

static void close_numbers(numbers *of) {
    qn_mem_free_all(of->values, of->count);
    qn_mem_free(of->fields);
    qn_mem_free(of->lengths);
    qn_correlation_clear(&of->sums);
}

static qn_status grow(numbers *to, int64_t rows) {
    if (rows <= to->capacity)
        return QN_OK;
    int64_t capacity = rows > 2 * to->capacity ? rows : 2 * to->capacity;
    for (int32_t i = 0; i < to->count; i++)
        QN_TRY(qn_mem_resize(&to->values[i], (size_t)capacity, sizeof(double)));
    to->capacity = capacity;
    return QN_OK;
}

static qn_status visit(void *context, const qn_batch *batch) {
    numbers *to = context;
    int64_t first = to->keep_all ? to->rows : 0;
    QN_TRY(grow(to, first + batch->length));
    for (int32_t i = 0; i < to->count; i++) {
        const qn_column *column = batch->columns[to->fields[i]];
        double *values = to->values[i] + first;
        qn_columns_reals(column, 0, batch->length, values);
        for (int64_t r = 0; r < batch->length; r++) {
            bool lost = !isfinite(values[r]);
            to->lost += lost && !qn_column_is_null(column, r);
            values[r] = lost ? (double)NAN : values[r];
        }
    }
    if (!to->keep_all)
        return qn_correlation_add(&to->sums, (const double *const *)to->values, batch->length);
    QN_TRY(qn_mem_reserve(&to->lengths, &to->batch_capacity, to->batches + 1, sizeof *to->lengths));
    to->lengths[to->batches++] = batch->length;
    to->rows += batch->length;
    return QN_OK;
}

/* ---- Ranks ---------------------------------------------------------------------------------- */

/* Sums of the columns, batch by batch as they were read. */
static qn_status add_batches(const numbers *of, double *const *columns, qn_correlation *out) {
    const double **at = NULL;
    int64_t first = 0;
    qn_status status = QN_OK;
    QN_TRY(qn_mem_alloc(&at, (size_t)out->width, sizeof(const double *)));
    for (int64_t b = 0; b < of->batches && status == QN_OK; b++) {
        for (int32_t i = 0; i < out->width; i++)
            at[i] = columns[i] + first;
        status = qn_correlation_add(out, at, of->lengths[b]);
        first += of->lengths[b];
    }
    qn_mem_free(at);
    return status;
}

/* Whether there is a row where one of two columns has a value and the other has none. */
static bool gaps_differ(const numbers *of, int32_t i, int32_t j) {
    for (int64_t r = 0; r < of->rows; r++)
        if (isnan(of->values[i][r]) != isnan(of->values[j][r]))
            return true;
    return false;
}

static qn_status copy_pair(const numbers *of, int32_t i, int32_t j, double **pair) {
    for (int k = 0; k < 2; k++)
        QN_TRY(qn_mem_alloc(&pair[k], (size_t)of->rows, sizeof *pair[k]));
    for (int64_t r = 0; r < of->rows; r++) {
        bool missing = isnan(of->values[i][r]) || isnan(of->values[j][r]);
        pair[0][r] = missing ? (double)NAN : of->values[i][r];
        pair[1][r] = missing ? (double)NAN : of->values[j][r];
    }
    return QN_OK;
}

/* Ranks among the rows that have both, which differ from those among all rows of a column. */
static qn_status correlate_pair(const numbers *of, qn_comm *comm, int32_t i, int32_t j,
                                double *out) {
    double *pair[2] = {NULL, NULL};
    qn_correlation sums = {0};
    qn_test_sums result;
    qn_status status = copy_pair(of, i, j, pair);
    if (status == QN_OK)
        status = qn_correlation_init(&sums, 2);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_rank_columns(comm, pair, 2, of->rows), done);
    QN_TRY_GOTO(qn_comm_agree(comm, add_batches(of, pair, &sums)), done);
    QN_TRY_GOTO(qn_reduce_correlation(comm, &sums), done);
    qn_correlation_sums(&sums, 0, 1, &result);
    *out = qn_test_correlation(&result);
done:
    qn_correlation_clear(&sums);
    qn_mem_free(pair[0]);
    qn_mem_free(pair[1]);
    return status;
}

static void put(double *matrix, int32_t count, int32_t i, int32_t j, double r) {
    matrix[(int64_t)i * count + j] = matrix[(int64_t)j * count + i] = r;
}

static qn_status correlate_pairs(const numbers *of, qn_comm *comm, double *matrix) {
    int32_t count = of->count;
    int64_t *differ = NULL, pairs = (int64_t)count * count;
    qn_status status = qn_mem_calloc(&differ, (size_t)pairs, sizeof *differ);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    for (int32_t i = 0; i < count; i++)
        for (int32_t j = i + 1; j < count; j++)
            differ[(int64_t)i * count + j] = gaps_differ(of, i, j);
    QN_TRY_GOTO(qn_comm_max_i64(comm, differ, pairs), done);
    for (int32_t i = 0; i < count; i++)
        for (int32_t j = i + 1; j < count; j++) {
            double r;
            if (!differ[(int64_t)i * count + j])
                continue;
            QN_TRY_GOTO(correlate_pair(of, comm, i, j, &r), done);
            put(matrix, count, i, j, r);
        }
done:
    qn_mem_free(differ);
    return status;
}

static qn_status copy_columns(const numbers *of, double **columns) {
    for (int32_t i = 0; i < of->count; i++)
        QN_TRY(qn_mem_copy(&columns[i], of->values[i], (size_t)of->rows, sizeof(double)));
    return QN_OK;
}

/* Spearman's correlation is Pearson's of ranks. */
static qn_status add_ranks(numbers *of, qn_comm *comm) {
    double **columns = NULL;
    qn_status status = qn_mem_calloc(&columns, (size_t)of->count, sizeof *columns);
    if (status == QN_OK)
        status = copy_columns(of, columns);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_rank_columns(comm, columns, of->count, of->rows), done);
    QN_TRY_GOTO(qn_comm_agree(comm, add_batches(of, columns, &of->sums)), done);
done:
    if (columns != NULL)
        qn_mem_free_all(columns, of->count);
    return status;
}

/* ---- The matrix ----------------------------------------------------------------------------- */

static qn_status correlate(const qn_arguments *arguments, numbers *of, double **out) {
    qn_comm *comm = arguments->comm;
    qn_test_sums sums;
    double *matrix = NULL;
    int32_t count = of->count;
    if (of->keep_all)
        QN_TRY(add_ranks(of, comm));
    QN_TRY(qn_reduce_correlation(comm, &of->sums));
    QN_TRY(
        qn_comm_agree(comm, qn_mem_alloc(&matrix, (size_t)count * (size_t)count, sizeof *matrix)));
    for (int32_t i = 0; i < count; i++)
        for (int32_t j = i; j < count; j++) {
            qn_correlation_sums(&of->sums, i, j, &sums);
            put(matrix, count, i, j, qn_test_correlation(&sums));
        }
    qn_status status = of->keep_all ? correlate_pairs(of, comm, matrix) : QN_OK;
    if (status == QN_OK)
        *out = matrix;
    else
        qn_mem_free(matrix);
    return status;
}

/* For people: four places, the columns' names above and before. */
static qn_status make_cells(const qn_schema *schema, const numbers *of, const double *matrix,
                            char **cells) {
    int32_t count = of->count, columns = count + 1;
    QN_TRY(qn_mem_copy_text(&cells[0], ""));
    for (int32_t i = 0; i < count; i++) {
        const char *name = schema->fields[of->fields[i]].name;
        QN_TRY(qn_mem_copy_text(&cells[i + 1], name));
        QN_TRY(qn_mem_copy_text(&cells[(i + 1) * columns], name));
        for (int32_t j = 0; j < count; j++) {
            char text[32];
            double r = matrix[(int64_t)i * count + j];
            snprintf(text, sizeof text, isnan(r) ? "-" : "%.4f", r);
            QN_TRY(qn_mem_copy_text(&cells[(i + 1) * columns + j + 1], text));
        }
    }
    return QN_OK;
}

static qn_status show_matrix(const qn_schema *schema, const numbers *of, const double *matrix) {
    int32_t columns = of->count + 1;
    size_t count = (size_t)columns * (size_t)columns;
    char **cells = NULL;
    bool *right = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&cells, count, sizeof *cells), done);
    QN_TRY_GOTO(qn_mem_alloc(&right, (size_t)columns, sizeof *right), done);
    for (int32_t i = 0; i < columns; i++)
        right[i] = i > 0;
    QN_TRY_GOTO(make_cells(schema, of, matrix, cells), done);
    status = qn_show_cells(cells, of->count, columns, right);
done:
    if (cells != NULL)
        qn_mem_free_all(cells, (int64_t)count);
    qn_mem_free(right);
    return status;
}

/* For programs: a table with a column of names, called "column" or, if that is taken, "column_". */
static qn_status add_fields(const qn_schema *schema, const numbers *of, qn_schema *out) {
    const char *head = "column";
    for (int32_t i = 0; i < of->count; i++)
        if (strcmp(schema->fields[of->fields[i]].name, head) == 0)
            head = "column_";
    QN_TRY(qn_schema_add(out, head, QN_STRING));
    for (int32_t i = 0; i < of->count; i++)
        QN_TRY(qn_schema_add(out, schema->fields[of->fields[i]].name, QN_FLOAT64));
    return QN_OK;
}

static qn_status add_names(const qn_schema *schema, const numbers *of, qn_batch *out) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    for (int32_t i = 0; i < of->count && status == QN_OK; i++)
        status = qn_string_builder_add(&builder, qn_view_of(schema->fields[of->fields[i]].name));
    if (status == QN_OK)
        status = qn_string_builder_finish(&builder, &column);
    qn_string_builder_clear(&builder);
    return status == QN_OK ? qn_batch_append(out, column) : status;
}

static qn_status add_correlations(const numbers *of, const double *matrix, int32_t j,
                                  qn_batch *out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_FLOAT64, of->count, 0));
    qn_status status = QN_OK;
    for (int32_t i = 0; i < of->count && status == QN_OK; i++) {
        double r = matrix[(int64_t)i * of->count + j];
        if (isnan(r))
            status = qn_column_set_null(column, i);
        else
            column->f64[i] = r;
    }
    if (status == QN_OK)
        return qn_batch_append(out, column);
    qn_column_release(column);
    return status;
}

static qn_status make_table(const qn_schema *schema, const numbers *of, const double *matrix,
                            bool root, qn_table *out) {
    qn_batch batch;
    qn_batch_init(&batch);
    qn_status status = add_fields(schema, of, &out->schema);
    if (status != QN_OK || !root)
        return status;
    batch.length = of->count;
    QN_TRY_GOTO(add_names(schema, of, &batch), done);
    for (int32_t j = 0; j < of->count; j++)
        QN_TRY_GOTO(add_correlations(of, matrix, j, &batch), done);
    return qn_table_add(out, &batch);
done:
    qn_batch_clear(&batch);
    return status;
}

static qn_status print(const qn_arguments *arguments, const qn_schema *schema, const numbers *of,
                       const double *matrix) {
    qn_comm *comm = arguments->comm;
    bool root = qn_comm_rank(comm) == 0;
    qn_table table;
    qn_status status = QN_OK;
    if (qn_options_is(arguments->options, "format", "table")) {
        if (root)
            status = show_matrix(schema, of, matrix);
        return qn_comm_agree(comm, status);
    }
    qn_table_init(&table);
    status = make_table(schema, of, matrix, root, &table);
    status = qn_show_made(status, &table, comm, qn_options_text(arguments->options, "format"));
    qn_table_clear(&table);
    return status;
}

qn_status qn_describe_correlations(const qn_arguments *arguments, qn_stream *in) {
    qn_comm *comm = arguments->comm;
    numbers of;
    double *matrix = NULL;
    char count[32];
    bool spearman = qn_options_is(arguments->options, "method", "spearman");
    qn_status status;
    QN_TRY_GOTO(qn_comm_agree(comm, open_numbers(&of, &in->schema, spearman)), done);
    QN_TRY_GOTO(qn_stage_scan(in, comm, visit, &of), done);
    QN_TRY_GOTO(qn_settle_operands(in, arguments), done);
    QN_TRY_GOTO(qn_comm_sum_i64(comm, &of.lost, 1), done);
    if (of.lost > 0)
        qn_warn("%s values that are NaN or infinite were left out", qn_grouped(of.lost, count));
    QN_TRY_GOTO(correlate(arguments, &of, &matrix), done);
    status = print(arguments, &in->schema, &of, matrix);
done:
    close_numbers(&of);
    qn_mem_free(matrix);
    return status;
}
