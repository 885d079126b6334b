/* Dates and times from text and to text by a pattern: to_date, to_timestamp, date_format. */
#include "core/expr/cast.h"
#include "core/expr/texts.h"

#include "core/memory.h"
#include "core/time/format.h"

static void format_free(void *state) {
    qn_time_format_free(state);
}

/* Compiles the constant pattern in the second argument. */
static qn_status prepare_format(qn_expr *call) {
    const qn_expr *argument = call->arguments[1];
    if (!qn_expr_is_literal(argument))
        return qn_expr_fail(argument->position, "the pattern of '%s' must be a constant",
                            call->function->name);
    if (qn_expr_is_null_literal(argument))
        return QN_OK;
    qn_view view = qn_text_at(&(qn_operand){argument->value, true}, 0);
    char *pattern = NULL;
    QN_TRY(qn_format(&pattern, "%.*s", (int)view.length, view.data));
    qn_time_format *format = NULL;
    qn_status status = qn_time_format_new(&format, pattern);
    qn_mem_free(pattern);
    if (status != QN_OK)
        qn_expr_set_position(argument->position);
    call->state = format;
    return status;
}

/* A pattern concerns text only: dates and times are taken as they are. */
static qn_status prepare_parse(qn_expr *call) {
    qn_type type = call->arguments[0]->type;
    bool known = type == QN_STRING || type == QN_DATE || type == QN_TIMESTAMP;
    if (!known && !qn_expr_is_null_literal(call->arguments[0]))
        return qn_expr_fail(call->position, "'%s' takes a string, date or timestamp, not %s",
                            call->function->name, qn_type_name(type));
    if (call->count < 2 || type != QN_STRING)
        return QN_OK;
    QN_TRY(prepare_format(call));
    char letter = call->state == NULL ? 0 : qn_time_format_print_only(call->state);
    if (letter == 0)
        return QN_OK;
    return qn_expr_fail(call->arguments[1]->position,
                        "'%c' in a time pattern can be printed, but not read", letter);
}

static qn_status set_parsed(const qn_call *call, qn_column *column, int64_t row, qn_clock *clock) {
    const qn_time_format *format = call->node->state;
    qn_view text = qn_text_at(&call->arguments[0], row);
    bool parsed = column->type == QN_DATE
                      ? qn_time_format_parse_date(format, text, &column->i32[row])
                      : qn_time_format_parse_in(format, text, clock, &column->i64[row]);
    if (parsed)
        return QN_OK;
    return qn_call_fault(call, column, row, "'%.*s' does not fit the pattern of '%s'",
                         qn_shown_length(text, 100), text.data, call->node->function->name);
}

/* TIMESTAMP '2024-01-31 12:00', which the session's zone places: what is none is a mistake. */
static qn_status prepare_stated(qn_expr *call) {
    const qn_expr *argument = call->arguments[0];
    qn_clock clock = qn_clock_of(call->session == NULL ? NULL : call->session->zone);
    int64_t time;
    if (qn_expr_is_null_literal(argument))
        return QN_OK;
    if (!qn_expr_is_literal(argument))
        return qn_expr_fail(argument->position, "a stated timestamp must be a constant");
    qn_view text = qn_text_at(&(qn_operand){argument->value, true}, 0);
    if (qn_cast_text_timestamp(text, &clock, &time))
        return QN_OK;
    return qn_expr_fail(argument->position, "'%.*s' is not a timestamp", (int)text.length,
                        text.data);
}

static qn_status run_parse(const qn_call *call, qn_column **out) {
    if (call->node->state == NULL) { /* no pattern: a cast */
        qn_expr cast = {.kind = QN_EXPR_CALL,
                        .type = call->node->type,
                        .function = qn_function_cast,
                        .session = call->node->session,
                        .position = call->node->position,
                        .count = 1};
        qn_operand operand = call->arguments[0];
        return qn_call_run(&cast, &operand, call->length, call->faults, out);
    }
    qn_column *column = NULL;
    qn_clock clock = qn_call_clock(call);
    QN_TRY(qn_column_new(&column, call->node->type, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        qn_status status = qn_call_skips(call, i) ? QN_OK : set_parsed(call, column, i, &clock);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

static qn_status step_print(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    const qn_operand *times = &call->arguments[0];
    qn_clock clock = qn_call_clock(call);
    QN_TRY(qn_time_format_print_in(call->node->state, times->column->i64[qn_at(times, row)], &clock,
                                   scratch));
    *out = (qn_view){scratch->data != NULL ? scratch->data : "", scratch->length};
    return QN_OK;
}

static qn_status run_print(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_print, out);
}

const qn_function qn_functions_time_text[] = {
    {"to_date",
     1,
     2,
     {QN_TAKES_ANY, QN_TAKES_TEXT},
     QN_GIVES_DATE,
     QN_NULLS_STRICT,
     run_parse,
     prepare_parse,
     format_free},
    {"to_timestamp",
     1,
     2,
     {QN_TAKES_ANY, QN_TAKES_TEXT},
     QN_GIVES_TIMESTAMP,
     QN_NULLS_STRICT,
     run_parse,
     prepare_parse,
     format_free},
    {"try_to_timestamp",
     1,
     2,
     {QN_TAKES_ANY, QN_TAKES_TEXT},
     QN_GIVES_TIMESTAMP,
     QN_NULLS_STRICT,
     run_parse,
     prepare_parse,
     format_free},
    {"date_format",
     2,
     2,
     {QN_TAKES_TIME, QN_TAKES_TEXT},
     QN_GIVES_STRING,
     QN_NULLS_STRICT,
     run_print,
     prepare_format,
     format_free},
    {"timestamp ''",
     1,
     1,
     {QN_TAKES_TEXT},
     QN_GIVES_TIMESTAMP,
     QN_NULLS_STRICT,
     run_parse,
     prepare_stated,
     NULL},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
