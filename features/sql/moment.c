/* What SQL writes about dates and times in forms of its own: EXTRACT, AT TIME ZONE, intervals
 * added, units as bare words. */
#include "features/sql/interval.h"

#include "core/memory.h"

#include <string.h>

/* ---- EXTRACT and AT TIME ZONE ---------------------------------------------------------------- */

/* Fields that have a function of their own; Spark counts dow from 1 (Sunday) to 7. */
static const char *const fields[][2] = {
    {"year", "year"},       {"quarter", "quarter"}, {"month", "month"},
    {"week", "weekofyear"}, {"day", "day"},         {"dow", "dayofweek"},
    {"hour", "hour"},       {"minute", "minute"},   {"dayofweek", "dayofweek"},
    {"doy", "dayofyear"}};

qn_status qn_sql_extract(sql_scope *scope, const PgQuery__FuncCall *node, qn_expr **out) {
    const sql_node *const *arguments = (const sql_node *const *)node->args;
    const char *field = node->args[0]->a_const->sval->sval;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strcmp(field, fields[i][0]) == 0)
            return qn_sql_convert_call(scope, fields[i][1], arguments + 1, 1, node->location, out);
    return qn_sql_convert_call(scope, "date_part", arguments, 2, node->location, out);
}

/* The grammar puts the zone first. */
qn_status qn_sql_at_time_zone(sql_scope *scope, const PgQuery__FuncCall *node, qn_expr **out) {
    const sql_node *arguments[] = {node->args[1], node->args[0]};
    return qn_sql_convert_call(scope, "at time zone", arguments, 2, node->location, out);
}

/* ---- Units as bare words --------------------------------------------------------------------- */

bool qn_sql_takes_unit(const PgQuery__FuncCall *node, const char **name) {
    static const char *const names[][2] = {
        {"timestampdiff", "timestampdiff"}, {"timestampadd", "timestampadd"},
        {"date_diff", "date_diff"},         {"datediff", "timestampdiff"},
        {"dateadd", "timestampadd"},        {"date_add", "timestampadd"}};
    if (node->n_args != 3)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(*name, names[i][0]) == 0) {
            *name = names[i][1];
            return true;
        }
    return false;
}

/* The word of TIMESTAMPDIFF(MONTH, a, b); NULL if the first argument is something else. */
static const char *unit_word(const sql_node *node) {
    if (node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || node->column_ref->n_fields != 1)
        return NULL;
    return qn_sql_string(node->column_ref->fields[0]);
}

qn_status qn_sql_unit_call(sql_scope *scope, const PgQuery__FuncCall *node, const char *name,
                           qn_expr **out) {
    const char *word = unit_word(node->args[0]);
    const sql_node *const *arguments = (const sql_node *const *)node->args;
    if (word == NULL)
        return qn_sql_convert_call(scope, name, arguments, 3, node->location, out);
    qn_expr *parts[3] = {NULL};
    qn_scalar unit = {.type = QN_STRING, .text = qn_view_of(word)};
    qn_status status;
    QN_TRY_GOTO(
        qn_expr_literal(&parts[0], unit, qn_sql_position(scope, qn_sql_location(node->args[0]))),
        done);
    QN_TRY_GOTO(qn_sql_convert(scope, arguments[1], &parts[1]), done);
    QN_TRY_GOTO(qn_sql_convert(scope, arguments[2], &parts[2]), done);
    status = qn_expr_call(out, name, parts, 3, qn_sql_position(scope, node->location));
    return status == QN_OK ? QN_OK : qn_sql_locate(scope->source, node->location, status);
done:
    for (int i = 0; i < 3; i++)
        qn_expr_free(parts[i]);
    return status;
}

/* ---- Intervals ------------------------------------------------------------------------------- */

bool qn_sql_has_interval(const PgQuery__AExpr *node) {
    return qn_sql_is_interval(node->lexpr) || qn_sql_is_interval(node->rexpr);
}

static qn_status refuse_interval(sql_scope *scope, const PgQuery__AExpr *node, const char *name) {
    qn_status status = qn_sql_fail(scope->source, node->location,
                                   "'%s' of an interval is not part of this version", name);
    if (strcmp(name, "*") == 0 || strcmp(name, "/") == 0)
        qn_error_help("write the product, INTERVAL '14 days', or date_add(date, n) for days and "
                      "add_months(date, n) for months that are computed");
    else
        qn_error_help("an interval is added to or taken from a date or timestamp");
    return status;
}

/* x + interval, interval + x, x - interval */
qn_status qn_sql_interval_operator(sql_scope *scope, const PgQuery__AExpr *node, const char *name,
                                   qn_expr **out) {
    bool left = qn_sql_is_interval(node->lexpr), right = qn_sql_is_interval(node->rexpr);
    bool plus = strcmp(name, "+") == 0, minus = strcmp(name, "-") == 0;
    if (left == right || !(plus || (minus && right)) || node->lexpr == NULL)
        return refuse_interval(scope, node, name);
    const sql_node *constant = left ? node->lexpr : node->rexpr;
    qn_expr *parts[2] = {NULL};
    qn_interval interval;
    char text[80];
    QN_TRY(qn_sql_interval(scope->source, constant, &interval));
    qn_print_interval(&interval, text);
    QN_TRY(qn_sql_convert(scope, left ? node->rexpr : node->lexpr, &parts[0]));
    qn_scalar value = {.type = QN_STRING, .text = qn_view_of(text)};
    qn_status status =
        qn_expr_literal(&parts[1], value, qn_sql_position(scope, qn_sql_location(constant)));
    if (status != QN_OK) {
        qn_expr_free(parts[0]);
        return status;
    }
    status = qn_expr_call(out, plus ? "+ interval" : "- interval", parts, 2,
                          qn_sql_position(scope, node->location));
    return status == QN_OK ? QN_OK : qn_sql_locate(scope->source, node->location, status);
}
