/* describe: a summary of every column. */
#include "core/log.h"
#include "core/memory.h"
#include "core/stats/profile.h"
#include "core/text/number.h"
#include "core/time/date.h"
#include "mpi/comm/reduce.h"
#include "mpi/stage.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/describe_correlate.h"
#include "tools/cmd/inputs.h"
#include "tools/print/show.h"

#include <math.h>
#include <string.h>

/* Columns of the result. The short form is for people: six digits, clipped strings. */
typedef enum part {
    NAME,
    TYPE,
    COUNT,
    NULLS,
    MEAN,
    DEVIATION,
    MIN,
    LOWER,
    MEDIAN,
    UPPER,
    MAX,
    DISTINCT,
    PARTS
} part;

static const struct {
    const char *name;
    qn_type type;
    double p; /* quantiles */
} parts[PARTS] = {
    [NAME] = {"column", QN_STRING, 0},  [TYPE] = {"type", QN_STRING, 0},
    [COUNT] = {"count", QN_INT64, 0},   [NULLS] = {"nulls", QN_INT64, 0},
    [MEAN] = {"mean", QN_FLOAT64, 0},   [DEVIATION] = {"stddev", QN_FLOAT64, 0},
    [MIN] = {"min", QN_STRING, 0},      [LOWER] = {"25%", QN_STRING, 0.25},
    [MEDIAN] = {"50%", QN_STRING, 0.5}, [UPPER] = {"75%", QN_STRING, 0.75},
    [MAX] = {"max", QN_STRING, 1},      [DISTINCT] = {"distinct", QN_INT64, 0},
};

enum { CLIP = 20 }; /* characters of a string in the short form */

/* Values that are neither null nor NaN. */
static int64_t count_of(const qn_column_profile *column) {
    return column->count - (column->numbers ? column->moments.nans[0] : 0);
}

/* Whether the cell means something; else it is null. */
static bool has(const qn_column_profile *column, part what) {
    bool any = count_of(column) > 0;
    switch (what) {
    case MEAN:
        return any && qn_profile_has_mean(column);
    case DEVIATION:
        return count_of(column) > 1 && qn_type_is_numeric(column->type);
    case MIN:
    case MAX:
        return any && (column->numbers || column->type == QN_STRING);
    case LOWER:
    case MEDIAN:
    case UPPER:
        return any && column->numbers && column->type != QN_BOOL;
    case DISTINCT:
        return column->counted;
    default:
        return true;
    }
}

static int64_t integer_of(const qn_column_profile *column, part what) {
    switch (what) {
    case COUNT:
        return count_of(column);
    case NULLS:
        return column->nulls;
    default: /* where NaN is counted as one of the values */
        return qn_distinct_result(&column->distinct) - (count_of(column) < column->count);
    }
}

static double real_of(const qn_column_profile *column, part what) {
    return what == MEAN ? qn_profile_mean(column) : qn_profile_deviation(column);
}

static qn_status print_short_text(qn_view text, qn_text *out) {
    int64_t characters = 0, i = 0;
    for (; i < text.length; i++) {
        char c = text.data[i];
        bool starts = ((unsigned char)c & 0xC0) != 0x80;
        if (starts && characters++ == CLIP - 1 && text.length - i > 1)
            return qn_text_add(out, "~", 1);
        QN_TRY(qn_text_add_char(out, (unsigned char)c < ' ' ? ' ' : c));
    }
    return QN_OK;
}

static qn_status print_real(double value, bool brief, qn_text *out) {
    char text[32];
    if (brief)
        return qn_text_printf(out, "%.6g", value);
    return qn_text_add(out, text, qn_print_real(value, text));
}

/* A quantile in the notation of the column's type. */
static qn_status print_quantile(const qn_column_profile *column, double p, bool brief,
                                qn_text *out) {
    char text[48];
    int64_t integer = qn_profile_quantile_int(column, p);
    switch (column->type) {
    case QN_BOOL:
        return qn_text_printf(out, "%s", integer != 0 ? "true" : "false");
    case QN_DATE:
        return qn_text_add(out, text, qn_print_date((int32_t)integer, text));
    case QN_TIMESTAMP:
        return qn_text_add(out, text, qn_print_timestamp(integer, text));
    case QN_INT32:
    case QN_INT64:
        return qn_text_add(out, text, qn_print_int64(integer, text));
    default:
        return print_real(qn_profile_quantile(column, p), brief, out);
    }
}

static qn_status print_text(const qn_field *field, const qn_column_profile *column, part what,
                            bool brief, qn_text *out) {
    qn_view view = qn_view_of(what == NAME ? field->name : qn_type_name(field->type));
    if (what >= MIN && column->type != QN_STRING)
        return print_quantile(column, parts[what].p, brief, out);
    if (what >= MIN) {
        const qn_text *end = what == MIN ? &column->min : &column->max;
        view = (qn_view){end->data, end->length};
    }
    return brief ? print_short_text(view, out) : qn_text_add(out, view.data, view.length);
}

/* ---- For people ----------------------------------------------------------------------------- */

static qn_status make_cell(const qn_field *field, const qn_column_profile *column, part what,
                           char **out) {
    qn_text text = {0};
    qn_status status = qn_text_add(&text, "", 0);
    if (status == QN_OK && !has(column, what))
        status = qn_text_add(&text, "-", 1);
    else if (status == QN_OK && parts[what].type == QN_INT64)
        status = qn_text_printf(&text, "%lld", (long long)integer_of(column, what));
    else if (status == QN_OK && parts[what].type == QN_FLOAT64)
        status = print_real(real_of(column, what), true, &text);
    else if (status == QN_OK)
        status = print_text(field, column, what, true, &text);
    *out = text.data;
    return status;
}

static qn_status make_cells(const qn_schema *schema, const qn_profile *profile, char **cells) {
    for (int what = 0; what < PARTS; what++)
        QN_TRY(qn_mem_copy_text(&cells[what], parts[what].name));
    for (int32_t i = 0; i < schema->count; i++)
        for (int what = 0; what < PARTS; what++)
            QN_TRY(make_cell(&schema->fields[i], &profile->columns[i], (part)what,
                             &cells[(i + 1) * PARTS + what]));
    return QN_OK;
}

static qn_status show_table(const qn_schema *schema, const qn_profile *profile) {
    bool right[PARTS];
    char **cells = NULL;
    size_t count = ((size_t)schema->count + 1) * PARTS;
    for (int what = 0; what < PARTS; what++)
        right[what] = what > TYPE;
    QN_TRY(qn_mem_calloc(&cells, count, sizeof *cells));
    qn_status status = make_cells(schema, profile, cells);
    if (status == QN_OK)
        status = qn_show_cells(cells, schema->count, PARTS, right);
    qn_mem_free_all(cells, (int64_t)count);
    return status;
}

/* ---- For programs --------------------------------------------------------------------------- */

static qn_status make_texts(const qn_schema *schema, const qn_profile *profile, part what,
                            qn_column **out) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    for (int32_t i = 0; i < schema->count && status == QN_OK; i++) {
        const qn_column_profile *column = &profile->columns[i];
        qn_text text = {0};
        bool present = has(column, what);
        if (present)
            status = print_text(&schema->fields[i], column, what, false, &text);
        if (status == QN_OK)
            status = present ? qn_string_builder_add(&builder, (qn_view){text.data, text.length})
                             : qn_string_builder_add_null(&builder);
        qn_text_clear(&text);
    }
    if (status == QN_OK)
        status = qn_string_builder_finish(&builder, out);
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status make_numbers(const qn_profile *profile, part what, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, parts[what].type, profile->count, 0));
    qn_status status = QN_OK;
    for (int32_t i = 0; i < profile->count && status == QN_OK; i++) {
        if (!has(&profile->columns[i], what))
            status = qn_column_set_null(column, i);
        else if (parts[what].type == QN_INT64)
            column->i64[i] = integer_of(&profile->columns[i], what);
        else
            column->f64[i] = real_of(&profile->columns[i], what);
    }
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    *out = column;
    return QN_OK;
}

/* One row a column, on rank 0; other ranks have no rows. */
static qn_status make_result(const qn_schema *schema, const qn_profile *profile, bool root,
                             qn_table *out) {
    qn_batch batch;
    qn_batch_init(&batch);
    qn_status status = QN_OK;
    for (int what = 0; what < PARTS && status == QN_OK; what++)
        status = qn_schema_add(&out->schema, parts[what].name, parts[what].type);
    for (int what = 0; what < PARTS && status == QN_OK && root; what++) {
        qn_column *column = NULL;
        status = parts[what].type == QN_STRING ? make_texts(schema, profile, (part)what, &column)
                                               : make_numbers(profile, (part)what, &column);
        if (status == QN_OK)
            status = qn_batch_append(&batch, column);
    }
    batch.length = schema->count;
    if (status == QN_OK && root)
        return qn_table_add(out, &batch);
    qn_batch_clear(&batch);
    return status;
}

static qn_status show_result(const qn_arguments *arguments, const qn_schema *schema,
                             const qn_profile *profile) {
    qn_comm *comm = arguments->comm;
    qn_table table;
    qn_table_init(&table);
    qn_status status = make_result(schema, profile, qn_comm_rank(comm) == 0, &table);
    status = qn_show_made(status, &table, comm, qn_options_text(arguments->options, "format"));
    qn_table_clear(&table);
    return status;
}

/* ---- The command ---------------------------------------------------------------------------- */

static qn_status visit(void *context, const qn_batch *batch) {
    return qn_profile_add(context, batch);
}

static void warn_nan(const qn_schema *schema, const qn_profile *profile) {
    char count[32];
    for (int32_t i = 0; i < schema->count; i++)
        if (profile->columns[i].numbers && profile->columns[i].moments.nans[0] > 0)
            qn_warn("column '%s': %s NaN were left out", schema->fields[i].name,
                    qn_grouped(profile->columns[i].moments.nans[0], count));
}

static qn_status describe(const qn_arguments *arguments, qn_stream *in, qn_profile *profile) {
    qn_comm *comm = arguments->comm;
    char rows[32];
    QN_TRY(qn_stage_scan(in, comm, visit, profile));
    QN_TRY(qn_reduce_profile(comm, profile));
    QN_TRY(qn_settle_operands(in, arguments));
    warn_nan(&in->schema, profile);
    qn_info("%s rows", qn_grouped(profile->rows, rows));
    if (!qn_options_is(arguments->options, "format", "table"))
        return show_result(arguments, &in->schema, profile);
    qn_status status = QN_OK;
    if (qn_comm_rank(comm) == 0)
        status = show_table(&in->schema, profile);
    return qn_comm_agree(comm, status);
}

static qn_status describe_columns(const qn_arguments *arguments, qn_stream *in) {
    qn_profile profile = {0};
    qn_status status = qn_comm_agree(arguments->comm, qn_profile_init(&profile, &in->schema));
    if (status == QN_OK)
        status = describe(arguments, in, &profile);
    qn_profile_clear(&profile);
    return status;
}

static qn_status run_describe(const qn_arguments *arguments) {
    qn_stream *in = NULL;
    QN_TRY(qn_open_operands(&in, arguments, 0));
    qn_status status =
        qn_options_has(arguments->options, "label")        ? qn_describe_tests(arguments, in)
        : qn_options_bool(arguments->options, "correlate") ? qn_describe_correlations(arguments, in)
                                                           : describe_columns(arguments, in);
    qn_stream_free(in);
    return status;
}

static const qn_option options[] = {
    {"format", QN_OPTION_CHOICE, "table", "table|csv|json", "how to print"},
    {"correlate", QN_OPTION_BOOL, "false", NULL, "print the correlations of the number columns"},
    {"method", QN_OPTION_CHOICE, "pearson", "pearson|spearman", "which correlation"},
    {"label", QN_OPTION_TEXT, NULL, NULL, "test each column against this one instead"},
    {"label_type", QN_OPTION_CHOICE, NULL, "categorical|continuous",
     "what the label is; by its type if not given"},
    QN_READ_OPTION,
    QN_COMMON_OPTIONS};

const qn_command qn_cmd_describe = {
    .name = "describe",
    .synopsis = "describe INPUT... [--correlate | --label COLUMN] [--format table|csv|json]",
    .help = "summarise every column of a table",
    .details =
        "One row a column: how many values there are (neither null nor NaN) and how many nulls,\n"
        "mean and sample standard deviation (of a bool: the share of true), extremes, quartiles\n"
        "and distinct values. Quartiles are values of the data, exact up to 40,000 rows and\n"
        "within 0.1 % of the ranks beyond; distinct values are exact up to 16,384 and within\n"
        "about 1 % beyond. The input is read once; memory does not grow with it.\n"
        "\n"
        "With --correlate, the correlations of every two number or bool columns, over the rows\n"
        "where both have a value (NaN and infinities count as missing). '-', or null, stands "
        "where\n"
        "a column is constant. --method spearman holds the columns in memory, spread over the\n"
        "ranks, sorts each on one rank, and two columns that miss values in different rows once\n"
        "more for their pair.\n"
        "\n"
        "With --label, a test of each column against that one: chi-squared for categories (texts\n"
        "and bools) against categories, analysis of variance for numbers against categories, in\n"
        "either role, and the F test of a linear regression for numbers against numbers.",
    .options = options,
    .least = 1,
    .most = -1,
    .parallel = true,
    .run = run_describe};
