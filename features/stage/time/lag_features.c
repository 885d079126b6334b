/* lag_features: values of earlier rows, by key and time, and how the row differs from them. */
#include "core/memory.h"
#include "features/operator/operator.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"
#include "features/stage/time/past.h"

#include <stdlib.h>
#include <string.h>

static const qn_option options[] = {
    QN_PAST_OPTIONS,
    {"input_cols", QN_OPTION_TEXTS, NULL, NULL, "columns whose earlier values are wanted"},
    {"lags", QN_OPTION_TEXTS, "1", NULL, "how many rows back, each at least 1"},
    {"differences", QN_OPTION_BOOL, "false", NULL,
     "whether to add the row's value less the earlier one"},
    {"ratios", QN_OPTION_BOOL, "false", NULL,
     "whether to add the row's value divided by the earlier one"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct lag_features {
    qn_stage base;
} lag_features;

/* ---- Lags -------------------------------------------------------------------------------------
 */

static qn_status parse_lag(const char *text, int64_t *out) {
    char *end;
    *out = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || *out < 1 || *out > INT32_MAX)
        return qn_fail(QN_JOB, "option 'lags' takes whole numbers from 1 to %d, not '%s'",
                       INT32_MAX, text);
    return QN_OK;
}

static bool compares(const qn_stage *stage) {
    return qn_options_bool(stage->options, "differences") ||
           qn_options_bool(stage->options, "ratios");
}

static qn_status add_column(const qn_stage *stage, const qn_schema *schema, const char *column,
                            qn_past *past) {
    char *const *lags;
    int64_t count = qn_options_list(stage->options, "lags", &lags);
    qn_window_call call = {.function = "lag",
                           .argument_count = 1,
                           .fallback = -1,
                           .filter = -1,
                           .default_frame = true};
    QN_TRY(qn_schema_require(schema, column, &call.arguments[0]));
    const qn_field *field = &schema->fields[call.arguments[0]];
    if (compares(stage) && !qn_type_is_numeric(field->type))
        return qn_columns_fail_type(field, "numeric, for differences and ratios");
    for (int64_t i = 0; i < count; i++) {
        char *name = NULL;
        QN_TRY(parse_lag(lags[i], &call.number));
        QN_TRY(qn_format(&name, "%s_lag_%lld", column, (long long)call.number));
        call.name = name;
        QN_TRY(qn_past_add(past, &call));
    }
    return count > 0 ? QN_OK : qn_fail(QN_JOB, "option 'lags' is empty: give [1, 7]");
}

static qn_status list_calls(const qn_stage *stage, const qn_schema *schema, qn_past *out) {
    char *const *columns = NULL;
    int64_t count = qn_options_has(stage->options, "input_cols")
                        ? qn_options_list(stage->options, "input_cols", &columns)
                        : 0;
    QN_TRY(qn_past_init(out, stage, schema));
    qn_status status =
        count > 0 ? QN_OK : qn_fail(QN_JOB, "option 'input_cols' must be given: [amount]");
    for (int64_t i = 0; i < count && status == QN_OK; i++)
        status = add_column(stage, schema, columns[i], out);
    if (status != QN_OK)
        qn_past_clear(out);
    return status;
}

/* ---- Differences and ratios -------------------------------------------------------------------
 */

/* Computed columns over those of the input and the lags. */
typedef struct outputs {
    qn_expr **expressions;
    char **names;
    int32_t count;
} outputs;

static void clear_outputs(outputs *out) {
    for (int32_t i = 0; i < out->count; i++) {
        if (out->expressions != NULL)
            qn_expr_free(out->expressions[i]);
        if (out->names != NULL)
            qn_mem_free(out->names[i]);
    }
    qn_mem_free(out->expressions);
    qn_mem_free(out->names);
    *out = (outputs){0};
}

static qn_status add_output(outputs *out, qn_expr *expression, const char *column,
                            const char *suffix, int64_t lag) {
    int32_t i = out->count++;
    out->expressions[i] = expression;
    if (suffix == NULL)
        return qn_mem_copy_text(&out->names[i], column);
    return qn_format(&out->names[i], "%s_%s_%lld", column, suffix, (long long)lag);
}

static qn_status add_compared(outputs *out, const qn_schema *in, const qn_past *past,
                              const char *operator_, const char *suffix) {
    for (int64_t i = 0; i < past->count; i++) {
        const qn_window_call *call = &past->calls[i];
        const char *column = in->fields[call->arguments[0]].name;
        qn_expr *sides[2] = {NULL, NULL}, *result = NULL;
        QN_TRY(qn_expr_column(&sides[0], column, -1));
        qn_status status = qn_expr_column(&sides[1], call->name, -1);
        if (status != QN_OK) {
            qn_expr_free(sides[0]);
            return status;
        }
        QN_TRY(qn_expr_call(&result, operator_, sides, 2, -1));
        QN_TRY(add_output(out, result, column, suffix, call->number));
    }
    return QN_OK;
}

static qn_status add_kept(outputs *out, const qn_schema *rows) {
    for (int32_t i = 0; i < rows->count; i++) {
        qn_expr *column = NULL;
        QN_TRY(qn_expr_column(&column, rows->fields[i].name, -1));
        QN_TRY(add_output(out, column, rows->fields[i].name, NULL, 0));
    }
    return QN_OK;
}

/* rows: the input's schema `in` with the lags. All of its columns, then what is computed. */
static qn_status list_outputs(const qn_stage *stage, const qn_schema *in, const qn_schema *rows,
                              const qn_past *past, outputs *out) {
    size_t room = (size_t)(rows->count + 2 * past->count);
    QN_TRY(qn_mem_calloc(&out->expressions, room, sizeof *out->expressions));
    QN_TRY(qn_mem_calloc(&out->names, room, sizeof *out->names));
    QN_TRY(add_kept(out, rows));
    if (qn_options_bool(stage->options, "differences"))
        QN_TRY(add_compared(out, in, past, "-", "diff"));
    if (qn_options_bool(stage->options, "ratios"))
        QN_TRY(add_compared(out, in, past, "/", "ratio"));
    return QN_OK;
}

bool qn_lag_features_leak(const qn_stage *stage, const char *column) {
    char *const *columns;
    if (!compares(stage) || !qn_options_has(stage->options, "input_cols"))
        return false;
    int64_t count = qn_options_list(stage->options, "input_cols", &columns);
    for (int64_t i = 0; i < count; i++)
        if (strcmp(columns[i], column) == 0)
            return true;
    return false;
}

/* ---- The stage --------------------------------------------------------------------------------
 */

static qn_status add_compared_fields(const qn_stage *stage, const qn_schema *in,
                                     const qn_past *past, qn_schema *out) {
    outputs list = {0};
    int32_t kept = out->count;
    qn_status status = list_outputs(stage, in, out, past, &list);
    for (int32_t i = kept; i < list.count && status == QN_OK; i++) {
        status = qn_expr_bind(list.expressions[i], out);
        if (status == QN_OK)
            status = qn_columns_add(out, list.names[i], qn_expr_type(list.expressions[i]), 0, NULL);
    }
    clear_outputs(&list);
    return status;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    qn_past past;
    QN_TRY(list_calls(stage, in, &past));
    qn_status status = qn_schema_copy(out, in);
    if (status == QN_OK)
        status = qn_past_add_fields(&past, in, out);
    if (status == QN_OK)
        status = add_compared_fields(stage, in, &past, out);
    qn_past_clear(&past);
    return status;
}

/* Takes over `rows`. */
static qn_status open_compared(const qn_stage *stage, int32_t in_count, const qn_past *past,
                               qn_stream *rows, qn_stream **out) {
    const qn_session *session = stage->execution != NULL ? stage->execution->session : NULL;
    outputs list = {0};
    qn_schema in = rows->schema;
    in.count = in_count;
    qn_status status = list_outputs(stage, &in, &rows->schema, past, &list);
    if (status == QN_OK) {
        status = qn_project_open_in(out, rows, list.expressions, (const char *const *)list.names,
                                    list.count, session);
        memset(list.expressions, 0, (size_t)list.count * sizeof *list.expressions);
    } else {
        qn_stream_free(rows);
    }
    clear_outputs(&list);
    return status;
}

static qn_status open_rows(const qn_stage *stage, qn_stream *in, const qn_execution *execution,
                           qn_stream **out) {
    qn_past past;
    qn_stream *rows = NULL;
    int32_t count = in->schema.count;
    qn_status status = list_calls(stage, &in->schema, &past);
    if (status != QN_OK) {
        qn_stream_free(in);
        return status;
    }
    status = qn_past_open(&rows, in, execution, &past);
    if (status == QN_OK && compares(stage))
        status = open_compared(stage, count, &past, rows, out);
    else if (status == QN_OK)
        *out = rows;
    qn_past_clear(&past);
    return status;
}

static qn_status open(const qn_stage *stage, qn_stream *in, const qn_execution *execution,
                      qn_stream **out) {
    qn_stream *rows = NULL;
    qn_status status = qn_comm_agree(execution->comm, open_rows(stage, in, execution, &rows));
    if (status == QN_OK)
        *out = rows;
    else
        qn_stream_free(rows);
    return status;
}

const qn_stage_class qn_lag_features_class = {
    .name = "lag_features",
    .help = "values of earlier rows, by key and time",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(lag_features),
    .options = options,
    .bind = bind,
    .open = open,
};
