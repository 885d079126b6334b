#include "features/quality/condition.h"

#include "core/expr/tree.h"
#include "core/text/number.h"

qn_expr *qn_condition_column(const char *name) {
    qn_expr *expr = NULL;
    return qn_expr_column(&expr, name, -1) == QN_OK ? expr : NULL;
}

static qn_expr *literal(qn_scalar value) {
    qn_expr *expr = NULL;
    return qn_expr_literal(&expr, value, -1) == QN_OK ? expr : NULL;
}

qn_expr *qn_condition_real(double value) {
    return literal((qn_scalar){.type = QN_FLOAT64, .real = value});
}

qn_expr *qn_condition_text(const char *value) {
    return literal((qn_scalar){.type = QN_STRING, .text = qn_view_of(value)});
}

qn_expr *qn_condition_unary(const char *function, qn_expr *argument) {
    qn_expr *expr = NULL;
    return qn_expr_call(&expr, function, &argument, 1, -1) == QN_OK ? expr : NULL;
}

qn_expr *qn_condition_binary(const char *function, qn_expr *left, qn_expr *right) {
    qn_expr *expr = NULL, *arguments[] = {left, right};
    return qn_expr_call(&expr, function, arguments, 2, -1) == QN_OK ? expr : NULL;
}

qn_expr *qn_condition_or(qn_expr *left, qn_expr *right) {
    return left == NULL ? right : qn_condition_binary("or", left, right);
}

/* ---- Values --------------------------------------------------------------------------------- */

static bool parse_number(const qn_field *field, const char *text, qn_scalar *out) {
    qn_view view = qn_view_of(text);
    if (field->type == QN_FLOAT32) {
        float value = 0;
        bool good = qn_parse_real32(view, &value);
        *out = (qn_scalar){.type = QN_FLOAT32, .real = value};
        return good;
    }
    *out = (qn_scalar){.type = QN_INT64};
    if (field->type != QN_FLOAT64 && qn_parse_int64(view, &out->integer))
        return true;
    *out = (qn_scalar){.type = QN_FLOAT64};
    return qn_parse_real(view, &out->real);
}

/* Whether a cast of a text gives a value; binds it. */
static bool is_value(qn_expr *cast, const qn_session *session) {
    qn_schema nothing;
    qn_scalar value;
    qn_schema_init(&nothing);
    return qn_expr_bind_in(cast, &nothing, session) == QN_OK && qn_expr_constant(cast, &value) &&
           !value.null;
}

static qn_expr *cast_text(const qn_field *field, const char *text, const qn_session *session,
                          bool *good) {
    qn_expr *value = qn_condition_text(text), *cast = NULL;
    if (value == NULL || qn_expr_cast(&cast, value, field->type, -1) != QN_OK)
        return NULL;
    *good = is_value(cast, session);
    return cast;
}

static qn_expr *no_value(const qn_field *field, const char *option, const char *text) {
    if (qn_fail(QN_JOB, "%s: '%s' is no value of column '%s', which is of type %s", option, text,
                field->name, qn_type_name(field->type)) != QN_OK)
        return NULL;
    return NULL;
}

qn_expr *qn_condition_value(const qn_field *field, const char *option, const char *text,
                            const qn_session *session) {
    qn_scalar number;
    bool good = false;
    if (field->type == QN_STRING)
        return qn_condition_text(text);
    if (qn_type_is_numeric(field->type))
        return parse_number(field, text, &number) ? literal(number) : no_value(field, option, text);
    qn_expr *cast = cast_text(field, text, session, &good);
    if (cast == NULL || good)
        return cast;
    qn_expr_free(cast);
    return no_value(field, option, text);
}

qn_status qn_condition_made(qn_expr *condition, qn_expr **out) {
    if (condition == NULL)
        return qn_last_error().code;
    *out = condition;
    return QN_OK;
}
