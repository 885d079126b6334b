#include "core/csv/csv.h"
#include "core/memory.h"
#include "core/time/format.h"

#include <string.h>

const qn_option qn_csv_options[] = {
    {"delimiter", QN_OPTION_TEXT, ",", NULL, "character between fields, or \\t or tab"},
    {"quote", QN_OPTION_TEXT, "\"", NULL, "character around fields with delimiters; empty: none"},
    {"escape", QN_OPTION_TEXT, "", NULL,
     "character before a quote that is text; empty: quotes are doubled"},
    {"decimal", QN_OPTION_TEXT, ".", NULL, "decimal point of numbers"},
    {"header", QN_OPTION_BOOL, "true", NULL, "the first record holds the column names"},
    {"trim", QN_OPTION_BOOL, "false", NULL, "drop blanks around unquoted text"},
    {"null_values", QN_OPTION_TEXTS, "", NULL,
     "texts that mean null, beside the empty unquoted field"},
    {"date_format", QN_OPTION_TEXT, NULL, NULL,
     "pattern of dates, such as dd.MM.yyyy; default ISO 8601"},
    {"timestamp_format", QN_OPTION_TEXT, NULL, NULL,
     "pattern of timestamps, such as dd.MM.yyyy HH:mm:ss; default ISO 8601"},
    {"schema", QN_OPTION_TEXT, NULL, NULL, "columns as \"name type, name type\"; default inferred"},
    {"infer", QN_OPTION_TEXT, "all", NULL,
     "records that types are inferred from: all, or a number from the start"},
    {"mode", QN_OPTION_CHOICE, "fail", "fail|drop|quarantine", "what to do with bad records"},
    {"quarantine_path", QN_OPTION_TEXT, NULL, NULL, "file for bad records in mode quarantine"},
    {"compression", QN_OPTION_CHOICE, "auto", "auto|none|gzip|zstd",
     "compression of the file; auto: by suffix and first bytes"},
    {NULL, QN_OPTION_BOOL, NULL, NULL, NULL},
};

static bool is_usable(char c) {
    return c == '\t' || (c >= ' ' && c <= '~');
}

/* One character of an option's text; *out is 0 for the empty text. */
static qn_status read_char(const qn_options *options, const char *name, bool may_be_empty,
                           char *out) {
    const char *text = qn_options_text(options, name);
    if (strcmp(text, "\\t") == 0 || strcmp(text, "tab") == 0)
        text = "\t";
    size_t length = strlen(text);
    if (length > 1 || (length == 1 && !is_usable(text[0])) || (length == 0 && !may_be_empty)) {
        qn_status status =
            qn_fail(QN_JOB, "option '%s': '%s' is not one plain character", name, text);
        qn_error_help("give a character of ASCII such as , ; | or \\t");
        return status;
    }
    *out = text[0];
    return QN_OK;
}

static qn_status refuse_same(const char *a, char x, const char *b, char y) {
    if (x != y || x == 0)
        return QN_OK;
    return qn_fail(QN_JOB, "options '%s' and '%s' are both '%c'", a, b, x);
}

static bool is_part_of_number(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '+' || c == ' ' || c == '\t';
}

static qn_status read_chars(qn_csv_dialect *dialect, const qn_options *options) {
    QN_TRY(read_char(options, "delimiter", false, &dialect->delimiter));
    QN_TRY(read_char(options, "quote", true, &dialect->quote));
    QN_TRY(read_char(options, "escape", true, &dialect->escape));
    QN_TRY(read_char(options, "decimal", false, &dialect->decimal));
    if (dialect->escape == dialect->quote || dialect->quote == 0)
        dialect->escape = 0;
    if (is_part_of_number(dialect->decimal))
        return qn_fail(QN_JOB, "option 'decimal': '%c' cannot be a decimal point",
                       dialect->decimal);
    QN_TRY(refuse_same("delimiter", dialect->delimiter, "quote", dialect->quote));
    QN_TRY(refuse_same("delimiter", dialect->delimiter, "escape", dialect->escape));
    QN_TRY(refuse_same("delimiter", dialect->delimiter, "decimal", dialect->decimal));
    return refuse_same("quote", dialect->quote, "decimal", dialect->decimal);
}

static qn_status read_nulls(qn_csv_dialect *dialect, const qn_options *options) {
    char *const *texts = NULL;
    int64_t count = qn_options_list(options, "null_values", &texts);
    QN_TRY(qn_mem_calloc(&dialect->nulls, (size_t)count, sizeof *dialect->nulls));
    for (; dialect->null_count < count; dialect->null_count++)
        QN_TRY(qn_mem_copy_text(&dialect->nulls[dialect->null_count], texts[dialect->null_count]));
    return QN_OK;
}

static qn_status read_format(qn_time_format **out, const qn_options *options, const char *name) {
    if (!qn_options_has(options, name) || qn_options_text(options, name)[0] == '\0')
        return QN_OK;
    qn_status status = qn_time_format_new(out, qn_options_text(options, name));
    char letter = status == QN_OK ? qn_time_format_print_only(*out) : 0;
    if (letter != 0) /* the caller frees the format with the dialect */
        status = qn_fail(QN_JOB, "time pattern '%s': '%c' can be printed, but not read",
                         qn_options_text(options, name), letter);
    if (status != QN_OK)
        qn_error_prefix("option '%s': ", name);
    return status;
}

static qn_status read_dialect(qn_csv_dialect *dialect, const qn_options *options) {
    QN_TRY(read_chars(dialect, options));
    dialect->header = qn_options_bool(options, "header");
    dialect->trim = qn_options_bool(options, "trim");
    QN_TRY(read_nulls(dialect, options));
    QN_TRY(read_format(&dialect->date_format, options, "date_format"));
    return read_format(&dialect->timestamp_format, options, "timestamp_format");
}

qn_status qn_csv_dialect_init(qn_csv_dialect *out, const qn_options *options) {
    qn_csv_dialect dialect = {0};
    qn_status status = read_dialect(&dialect, options);
    if (status != QN_OK) {
        qn_csv_dialect_clear(&dialect);
        return status;
    }
    *out = dialect;
    return QN_OK;
}

void qn_csv_dialect_clear(qn_csv_dialect *dialect) {
    qn_mem_free_all(dialect->nulls, dialect->null_count);
    qn_time_format_free(dialect->date_format);
    qn_time_format_free(dialect->timestamp_format);
    *dialect = (qn_csv_dialect){0};
}
