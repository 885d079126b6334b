/* Options of commands that run plans: memory, scratch space, the session of expressions. */
#include "core/expr/tree.h"
#include "tools/cmd/inputs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

qn_status qn_parse_size(int64_t *out, const char *text, const char *option) {
    static const char units[] = "KMGT";
    char *end = NULL;
    double value = strtod(text, &end);
    bool number = end != text && isfinite(value);
    while (*end == ' ')
        end++;
    const char *unit = *end != '\0' ? strchr(units, *end & ~0x20) : NULL;
    if (unit != NULL) {
        value *= (double)(INT64_C(1) << (10 * (unit - units + 1)));
        end++;
    }
    if (unit != NULL && (*end == 'i' || *end == 'I'))
        end++;
    if (*end == 'b' || *end == 'B')
        end++;
    if (!number || *end != '\0' || value < 1 || value > 9e18)
        return qn_fail(QN_USAGE, "--%s takes a size like 500M or 2G, not '%s'", option, text);
    *out = (int64_t)value;
    return QN_OK;
}

/* Nanoseconds of a time that is written as in SQL. */
static qn_status parse_now(const char *text, const qn_session *session, int64_t *out) {
    qn_schema nothing;
    qn_expr *literal = NULL, *cast = NULL;
    qn_scalar value = {.type = QN_STRING, .text = qn_view_of(text)};
    qn_schema_init(&nothing);
    QN_TRY(qn_expr_literal(&literal, value, -1));
    QN_TRY(qn_expr_cast(&cast, literal, QN_TIMESTAMP, -1));
    qn_status status = qn_expr_bind_in(cast, &nothing, session);
    if (status == QN_OK && (!qn_expr_constant(cast, &value) || value.null))
        status = qn_fail(QN_USAGE, "--now takes a time like '2024-01-31 12:00:00', not '%s'", text);
    *out = value.integer;
    qn_expr_free(cast);
    return status;
}

static qn_status read_clock(qn_comm *comm, int64_t *out) {
    struct timespec time = {0};
    clock_gettime(CLOCK_REALTIME, &time);
    *out = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
    return qn_comm_broadcast(comm, out, sizeof *out, 0);
}

static qn_status read_session(qn_session *session, const qn_arguments *arguments) {
    const qn_options *options = arguments->options;
    session->on_fault = qn_options_is(options, "on_fault", "null")    ? QN_FAULT_NULL
                        : qn_options_is(options, "on_fault", "error") ? QN_FAULT_ERROR
                                                                      : QN_FAULT_SPARK;
    if (qn_options_has(options, "time_zone"))
        session->time_zone = qn_options_text(options, "time_zone");
    return qn_options_has(options, "now")
               ? parse_now(qn_options_text(options, "now"), session, &session->now)
               : QN_OK;
}

qn_status qn_execution_options(qn_execution *out, qn_session *session,
                               const qn_arguments *arguments) {
    const qn_options *options = arguments->options;
    qn_session made = {0};
    *out = qn_execution_of(arguments->comm);
    QN_TRY(read_clock(arguments->comm, &made.now));
    QN_TRY(read_session(&made, arguments));
    if (qn_options_has(options, "memory"))
        QN_TRY(qn_parse_size(&out->memory, qn_options_text(options, "memory"), "memory"));
    if (qn_options_has(options, "scratch"))
        out->scratch = qn_options_text(options, "scratch");
    *session = made;
    out->session = session;
    return QN_OK;
}
