/* window_features: aggregates over each row's past, by key and time.
 *
 * What SQL writes as avg(amount) OVER (PARTITION BY customer ORDER BY time RANGE BETWEEN ...), for
 * all pairs of an aggregate and a window. The past ends before the row's own time, so that a row's
 * features never hold what is known of it only later, its label above all. */
#include "core/memory.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"
#include "features/stage/time/frames.h"
#include "features/stage/time/past.h"

#include <string.h>

static const qn_option options[] = {
    QN_PAST_OPTIONS,
    {"windows", QN_OPTION_TEXTS, NULL, NULL,
     "how far back: 7d, 12h, 1mon; a number, if order_col is one; 100 rows; unbounded"},
    {"aggregates", QN_OPTION_TEXTS, NULL, NULL,
     "what of the past: count, sum(amount), count_distinct(category) ..."},
    {"include_current", QN_OPTION_BOOL, "false", NULL,
     "whether the row itself, and others of the same time, are part of its windows"},
    {"label_cols", QN_OPTION_TEXTS, NULL, NULL,
     "columns that are known only later: aggregates of them never include the current row"},
    {"label_delay", QN_OPTION_TEXT, NULL, NULL,
     "how long after a row's time its label_cols are known, as a window: their windows end so much "
     "earlier"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct window_features {
    qn_stage base;
} window_features;

/* ---- Aggregates -------------------------------------------------------------------------------
 */

typedef enum takes { NOTHING, ANYTHING, NUMBERS, BOOLS, ORDERED } takes;

static const struct {
    const char *name, *function;
    takes takes;
    bool distinct;
} functions[] = {
    {"count", "count", ANYTHING, false},
    {"count_distinct", "count", ORDERED, true},
    {"sum", "sum", NUMBERS, false},
    {"avg", "avg", NUMBERS, false},
    {"mean", "avg", NUMBERS, false},
    {"min", "min", ORDERED, false},
    {"max", "max", ORDERED, false},
    {"stddev", "stddev", NUMBERS, false},
    {"stddev_samp", "stddev", NUMBERS, false},
    {"stddev_pop", "stddev_pop", NUMBERS, false},
    {"variance", "variance", NUMBERS, false},
    {"var_samp", "variance", NUMBERS, false},
    {"var_pop", "var_pop", NUMBERS, false},
    {"median", "median", NUMBERS, false},
    {"first", "first", ORDERED, false},
    {"last", "last", ORDERED, false},
    {"bool_and", "bool_and", BOOLS, false},
    {"bool_or", "bool_or", BOOLS, false},
};

enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* One of the option's texts. */
typedef struct aggregate {
    int32_t function; /* place in the table */
    const char *column;
    int64_t length; /* of the column's name; 0: none */
} aggregate;

static qn_status fail_function(const char *text, int64_t length) {
    const char *names[FUNCTIONS];
    char *name = NULL;
    QN_TRY(qn_format(&name, "%.*s", (int)length, text));
    for (int32_t i = 0; i < FUNCTIONS; i++)
        names[i] = functions[i].name;
    const char *nearest = qn_nearest(name, names, FUNCTIONS);
    qn_status status = qn_fail(QN_JOB, "unknown aggregate '%s' in '%s'", name, text);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    else
        qn_error_help("write count, sum(column), avg(column), min, max, stddev, median ...");
    qn_mem_free(name);
    return status;
}

static int64_t trim(const char **text, int64_t length) {
    while (length > 0 && **text == ' ') {
        ++*text;
        length--;
    }
    while (length > 0 && (*text)[length - 1] == ' ')
        length--;
    return length;
}

/* "count", "count(*)", "sum(amount)". */
static qn_status parse_aggregate(const char *text, aggregate *out) {
    const char *open = strchr(text, '('), *name = text;
    int64_t length = (int64_t)strlen(text);
    int64_t name_length = trim(&name, open != NULL ? open - text : length);
    *out = (aggregate){.function = -1};
    for (int32_t i = 0; i < FUNCTIONS; i++)
        if ((int64_t)strlen(functions[i].name) == name_length &&
            strncmp(functions[i].name, name, (size_t)name_length) == 0)
            out->function = i;
    if (out->function < 0)
        return fail_function(name, name_length);
    if (open != NULL) {
        const char *end = name + trim(&name, (int64_t)strlen(name)) - 1;
        if (end <= open || *end != ')')
            return qn_fail(QN_JOB, "aggregate '%s' must be written as function(column)", text);
        out->column = open + 1;
        out->length = trim(&out->column, end - open - 1);
        if (out->length == 1 && *out->column == '*')
            out->length = 0;
    }
    if (out->length == 0 && strcmp(functions[out->function].name, "count") != 0)
        return qn_fail(QN_JOB, "aggregate '%s' needs a column: %s(column)", text,
                       functions[out->function].name);
    return QN_OK;
}

static qn_status check_type(const aggregate *call, const qn_field *field) {
    switch (functions[call->function].takes) {
    case NUMBERS:
        return qn_type_is_numeric(field->type) ? QN_OK : qn_columns_fail_type(field, "numeric");
    case BOOLS:
        return field->type == QN_BOOL ? QN_OK : qn_columns_fail_type(field, "bool");
    case ORDERED:
        return field->type != QN_VECTOR && field->type != QN_STRING_LIST
                   ? QN_OK
                   : qn_columns_fail_type(field, "of a type that has an order");
    default:
        return QN_OK;
    }
}

static qn_status find_column(const aggregate *call, const qn_schema *schema, int32_t *out) {
    char *name = NULL;
    QN_TRY(qn_format(&name, "%.*s", (int)call->length, call->column));
    qn_status status = qn_schema_require(schema, name, out);
    qn_mem_free(name);
    return status == QN_OK ? check_type(call, &schema->fields[*out]) : status;
}

static bool reads(const aggregate *call, const char *column) {
    return (int64_t)strlen(column) == call->length &&
           strncmp(call->column, column, (size_t)call->length) == 0;
}

static bool is_label(const qn_stage *stage, const aggregate *call) {
    char *const *names;
    if (!qn_options_has(stage->options, "label_cols"))
        return false;
    int64_t count = qn_options_list(stage->options, "label_cols", &names);
    for (int64_t i = 0; i < count; i++)
        if (reads(call, names[i]))
            return true;
    return false;
}

static bool includes_current(const qn_stage *stage, const aggregate *call) {
    return qn_options_bool(stage->options, "include_current") && !is_label(stage, call);
}

/* ---- Calls ------------------------------------------------------------------------------------
 */

/* sum_amount_7d; blanks of the window are left out. */
static qn_status name_of(const aggregate *call, const char *window, const char **out) {
    char *name = NULL;
    const char *function = functions[call->function].name;
    if (call->length == 0)
        QN_TRY(qn_format(&name, "%s_%s", function, window));
    else
        QN_TRY(qn_format(&name, "%s_%.*s_%s", function, (int)call->length, call->column, window));
    size_t kept = strlen(name) - strlen(window);
    for (const char *c = window; *c != '\0'; c++)
        if (*c != ' ')
            name[kept++] = *c;
    name[kept] = '\0';
    *out = name;
    return QN_OK;
}

static qn_status frame_of(const qn_stage *stage, const aggregate *from, const char *window,
                          const qn_field *order, qn_window_frame *out) {
    QN_TRY(qn_frame_parse(out, window, order, includes_current(stage, from)));
    if (!qn_options_has(stage->options, "label_delay") || !is_label(stage, from))
        return QN_OK;
    return qn_frame_delay(out, qn_options_text(stage->options, "label_delay"), order);
}

static qn_status add_call(const qn_stage *stage, const qn_schema *schema, const aggregate *from,
                          const char *window, qn_past *past) {
    qn_window_call call = {.function = functions[from->function].function,
                           .distinct = functions[from->function].distinct,
                           .number = 1,
                           .fallback = -1,
                           .filter = -1};
    QN_TRY(frame_of(stage, from, window, &schema->fields[past->order.column], &call.frame));
    if (from->length > 0) {
        QN_TRY(find_column(from, schema, &call.arguments[0]));
        call.argument_count = 1;
    }
    QN_TRY(name_of(from, window, &call.name));
    return qn_past_add(past, &call);
}

static qn_status need_list(const qn_stage *stage, const char *option, const char *such,
                           char *const **out, int64_t *count) {
    *count =
        qn_options_has(stage->options, option) ? qn_options_list(stage->options, option, out) : 0;
    return *count > 0 ? QN_OK : qn_fail(QN_JOB, "option '%s' must be given: %s", option, such);
}

/* By aggregate, then by window. */
static qn_status add_calls(const qn_stage *stage, const qn_schema *schema, qn_past *past) {
    char *const *windows = NULL, *const *aggregates = NULL;
    int64_t window_count, aggregate_count;
    QN_TRY(need_list(stage, "windows", "[7d, 30d]", &windows, &window_count));
    QN_TRY(need_list(stage, "aggregates", "[count, sum(amount)]", &aggregates, &aggregate_count));
    for (int64_t i = 0; i < aggregate_count; i++) {
        aggregate call;
        QN_TRY(parse_aggregate(aggregates[i], &call));
        for (int64_t k = 0; k < window_count; k++)
            QN_TRY(add_call(stage, schema, &call, windows[k], past));
    }
    return QN_OK;
}

static bool is_aggregated(const qn_stage *stage, const char *column) {
    char *const *aggregates;
    int64_t count = qn_options_list(stage->options, "aggregates", &aggregates);
    for (int64_t i = 0; i < count; i++) {
        aggregate call;
        if (parse_aggregate(aggregates[i], &call) == QN_OK && reads(&call, column))
            return true;
    }
    return false;
}

static qn_status check_labels(const qn_stage *stage) {
    char *const *names = NULL;
    int64_t count = qn_options_has(stage->options, "label_cols")
                        ? qn_options_list(stage->options, "label_cols", &names)
                        : 0;
    for (int64_t i = 0; i < count; i++)
        if (!is_aggregated(stage, names[i]))
            return qn_fail(QN_JOB, "no aggregate reads '%s', which label_cols names", names[i]);
    if (count == 0 && qn_options_has(stage->options, "label_delay"))
        return qn_fail(QN_JOB, "option 'label_delay' needs 'label_cols', the columns that are "
                               "delayed");
    return QN_OK;
}

static qn_status list_calls(const qn_stage *stage, const qn_schema *schema, qn_past *out) {
    QN_TRY(qn_past_init(out, stage, schema));
    qn_status status = add_calls(stage, schema, out);
    if (status == QN_OK)
        status = check_labels(stage);
    if (status != QN_OK)
        qn_past_clear(out);
    return status;
}

bool qn_window_features_leak(const qn_stage *stage, const char *column) {
    char *const *aggregates;
    if (!qn_options_has(stage->options, "aggregates"))
        return false;
    int64_t count = qn_options_list(stage->options, "aggregates", &aggregates);
    for (int64_t i = 0; i < count; i++) {
        aggregate call;
        if (parse_aggregate(aggregates[i], &call) == QN_OK && reads(&call, column) &&
            includes_current(stage, &call))
            return true;
    }
    return false;
}

/* ---- The stage --------------------------------------------------------------------------------
 */

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    qn_past past;
    QN_TRY(list_calls(stage, in, &past));
    qn_status status = qn_schema_copy(out, in);
    if (status == QN_OK)
        status = qn_past_add_fields(&past, in, out);
    qn_past_clear(&past);
    return status;
}

static qn_status open(const qn_stage *stage, qn_stream *in, const qn_execution *execution,
                      qn_stream **out) {
    qn_past past;
    qn_stream *rows = NULL;
    qn_status status = list_calls(stage, &in->schema, &past);
    if (status == QN_OK) {
        status = qn_past_open(&rows, in, execution, &past);
        qn_past_clear(&past);
    } else {
        qn_stream_free(in);
    }
    status = qn_comm_agree(execution->comm, status);
    if (status == QN_OK)
        *out = rows;
    else
        qn_stream_free(rows);
    return status;
}

const qn_stage_class qn_window_features_class = {
    .name = "window_features",
    .help = "aggregates over each row's past, by key and time",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(window_features),
    .options = options,
    .bind = bind,
    .open = open,
};
