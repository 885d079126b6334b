/* Binding: names to columns, types of calls, casts where types differ, constants folded. */
#include "core/expr/node.h"

#include "core/memory.h"

#include <stdio.h>
#include <string.h>

static qn_status bind_column(qn_expr *node, const qn_schema *schema) {
    qn_status status = node->table != NULL
                           ? qn_fail(QN_JOB, "unknown table '%s' in front of a column", node->table)
                           : qn_schema_resolve(schema, node->name, &node->index);
    if (status != QN_OK) {
        qn_expr_set_position(node->position);
        return status;
    }
    node->type = schema->fields[node->index].type;
    return QN_OK;
}

/* Takes out the casts that an earlier binding put in: they fitted another schema. */
static void strip_casts(qn_expr *node) {
    for (int32_t i = 0; i < node->count; i++)
        while (node->arguments[i]->implicit) {
            qn_expr *cast = node->arguments[i];
            node->arguments[i] = cast->arguments[0];
            cast->count = 0;
            qn_expr_free(cast);
        }
}

/* ---- Type errors ----------------------------------------------------------------------------- */

static const char *verb_of(const char *function) {
    static const char *const verbs[][2] = {
        {"+", "add"},      {"-", "subtract"}, {"*", "multiply"}, {"/", "divide"},
        {"%", "divide"},   {"=", "compare"},  {"<>", "compare"}, {"<", "compare"},
        {"<=", "compare"}, {">", "compare"},  {">=", "compare"}, {"<=>", "compare"}};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i][0], function) == 0)
            return verbs[i][1];
    return "combine";
}

static qn_status clash(const qn_expr *node, qn_type a, qn_type b) {
    const char *name = node->function->name;
    bool moments = (a == QN_DATE || a == QN_TIMESTAMP) && (b == QN_DATE || b == QN_TIMESTAMP);
    bool minus = moments && strcmp(name, "-") == 0;
    qn_status status =
        qn_expr_fail(node->position, "'%s' cannot %s %s and %s%s", name, verb_of(name),
                     qn_type_name(a), qn_type_name(b), minus ? "" : "; cast one of them");
    if (minus)
        qn_error_help("datediff(a, b) counts days, unix_timestamp(a) - unix_timestamp(b) seconds, "
                      "timestampdiff(unit, b, a) whole units");
    return status;
}

static qn_status wrong_type(const qn_expr *node, int32_t i, const char *wanted) {
    const qn_expr *argument = node->arguments[i];
    const char *name = node->function->name;
    const char *given = qn_type_name(argument->type);
    int32_t position = argument->position >= 0 ? argument->position : node->position;
    qn_status status = node->count == 1
                           ? qn_expr_fail(position, "'%s' takes a %s, not %s", name, wanted, given)
                           : qn_expr_fail(position, "argument %d of '%s' must be a %s, not %s",
                                          i + 1, name, wanted, given);
    if (argument->kind == QN_EXPR_COLUMN)
        qn_error_help("cast it: CAST(%s AS ...)", argument->name);
    return status;
}

/* ---- Common types ---------------------------------------------------------------------------- */

static qn_argument_rule rule_of(const qn_expr *node, int32_t i) {
    const uint8_t *rules = node->function->arguments;
    if (rules[0] == QN_TAKES_CASES)
        return i % 2 == 0 && i + 1 < node->count ? QN_TAKES_BOOL : QN_TAKES_SAME;
    if (rules[0] == QN_TAKES_CLOCK)
        return i < 5 ? QN_TAKES_WHOLE : i == 5 ? QN_TAKES_REAL : QN_TAKES_TEXT;
    int32_t last = 0;
    while (last < 3 && rules[last + 1] != QN_TAKES_NOTHING)
        last++;
    return rules[i < last ? i : last];
}

static bool is_instant(qn_type type) {
    return type == QN_DATE || type == QN_TIMESTAMP;
}

/* The type two arguments meet in; false if there is none. Text meets dates only as a literal: a
 * column of text is more likely a mistake. */
static bool meet(qn_type a, const qn_expr *argument, bool a_literal, qn_type *out) {
    qn_type b = argument->type;
    if (a == b)
        *out = a;
    else if (qn_type_is_numeric(a) && qn_type_is_numeric(b))
        *out = a > b ? a : b;
    else if (is_instant(a) && is_instant(b))
        *out = QN_TIMESTAMP;
    else if (is_instant(a) && b == QN_STRING && qn_expr_is_literal(argument))
        *out = a;
    else if (is_instant(b) && a == QN_STRING && a_literal)
        *out = b;
    else
        return false;
    return true;
}

static bool is_shared(qn_argument_rule rule) {
    return rule == QN_TAKES_SAME || rule == QN_TAKES_NUMBER;
}

static qn_status common_type(const qn_expr *node, qn_type *out) {
    bool found = false, literal = true;
    qn_type type = QN_FLOAT64;
    for (int32_t i = 0; i < node->count; i++) {
        const qn_expr *argument = node->arguments[i];
        qn_argument_rule rule = rule_of(node, i);
        if (!is_shared(rule))
            continue;
        if (qn_expr_is_null_literal(argument) && !argument->folded) {
            if (!found && rule == QN_TAKES_SAME)
                type = argument->type;
            continue;
        }
        bool fits = rule == QN_TAKES_NUMBER ? qn_type_is_numeric(argument->type)
                                            : argument->type <= QN_STRING_LIST;
        if (found ? !meet(type, argument, literal, &type) || !fits : !fits)
            return found ? clash(node, type, argument->type)
                   : rule == QN_TAKES_NUMBER && node->count == 2 && i == 0
                       ? clash(node, argument->type, node->arguments[1]->type)
                       : wrong_type(node, i, rule == QN_TAKES_NUMBER ? "number" : "scalar");
        if (!found)
            type = argument->type;
        found = true;
        literal = literal && qn_expr_is_literal(argument);
    }
    *out = type;
    return QN_OK;
}

/* ---- Converting arguments -------------------------------------------------------------------- */

/* A literal date or time that does not parse is a mistake, not a null. */
static qn_status bad_moment(const qn_expr *literal, qn_type type) {
    qn_view text = qn_text_at(&(qn_operand){literal->value, true}, 0);
    return qn_expr_fail(literal->position, "'%.*s' is not a %s", (int)text.length, text.data,
                        qn_type_name(type));
}

static qn_status convert_literal(qn_expr *node, qn_type type) {
    qn_column *value = NULL;
    if (node->value->null_count > 0) {
        QN_TRY(qn_column_new_null(&value, type, 1, 0));
    } else {
        qn_expr cast = {.kind = QN_EXPR_CALL,
                        .type = type,
                        .function = qn_function_cast,
                        .session = node->session,
                        .count = 1};
        qn_operand operand = {node->value, true};
        QN_TRY(qn_call_run(&cast, &operand, 1, NULL, &value));
        if (value->null_count > 0 && is_instant(type) && node->type == QN_STRING) {
            qn_column_release(value);
            return bad_moment(node, type);
        }
    }
    qn_column_release(node->value);
    node->value = value;
    node->type = type;
    return QN_OK;
}

static qn_status convert(qn_expr *node, int32_t i, qn_type type) {
    qn_expr *argument = node->arguments[i];
    if (argument->type == type)
        return QN_OK;
    if (qn_expr_is_literal(argument))
        return convert_literal(argument, type);
    QN_TRY(qn_expr_new_cast(&node->arguments[i], argument, type));
    node->arguments[i]->session = qn_shared_session_retain(node->session);
    return QN_OK;
}

static qn_status convert_argument(qn_expr *node, int32_t i, qn_type common) {
    qn_type type = node->arguments[i]->type;
    bool null = qn_expr_is_null_literal(node->arguments[i]);
    switch (rule_of(node, i)) {
    case QN_TAKES_SAME:
    case QN_TAKES_NUMBER:
        return convert(node, i, common);
    case QN_TAKES_REAL:
        return null || qn_type_is_numeric(type) ? convert(node, i, QN_FLOAT64)
                                                : wrong_type(node, i, "number");
    case QN_TAKES_WHOLE:
        return null || type == QN_INT32 || type == QN_INT64 ? convert(node, i, QN_INT64)
                                                            : wrong_type(node, i, "whole number");
    case QN_TAKES_BOOL:
        return null || type == QN_BOOL ? convert(node, i, QN_BOOL)
                                       : wrong_type(node, i, "condition (bool)");
    case QN_TAKES_TEXT:
        return null || type == QN_STRING ? convert(node, i, QN_STRING)
                                         : wrong_type(node, i, "string");
    case QN_TAKES_PRINTED:
        return type < QN_STRING_LIST ? convert(node, i, QN_STRING) : wrong_type(node, i, "string");
    case QN_TAKES_DATE:
        return null || is_instant(type) || type == QN_STRING ? convert(node, i, QN_DATE)
                                                             : wrong_type(node, i, "date");
    case QN_TAKES_MOMENT:
        if (type == QN_DATE)
            return QN_OK;
        __attribute__((fallthrough));
    case QN_TAKES_TIME:
        return null || is_instant(type) || type == QN_STRING
                   ? convert(node, i, QN_TIMESTAMP)
                   : wrong_type(node, i, "date or timestamp");
    case QN_TAKES_LIST:
        return null || type == QN_STRING_LIST ? convert(node, i, QN_STRING_LIST)
                                              : wrong_type(node, i, "list of strings");
    case QN_TAKES_PIECES:
        return type == QN_STRING_LIST  ? QN_OK
               : type < QN_STRING_LIST ? convert(node, i, QN_STRING)
                                       : wrong_type(node, i, "string or list of strings");
    default:
        return QN_OK;
    }
}

/* ---- Calls ----------------------------------------------------------------------------------- */

/* date + days, date - days and date - date are spelled with the arithmetic operators. */
static void choose_date_function(qn_expr *node) {
    if (node->count != 2 || node->function->arguments[0] != QN_TAKES_NUMBER)
        return;
    bool plus = strcmp(node->function->name, "+") == 0;
    bool minus = strcmp(node->function->name, "-") == 0;
    qn_type a = node->arguments[0]->type, b = node->arguments[1]->type;
    bool days = b == QN_INT32 || b == QN_INT64;
    if (plus && b == QN_DATE && (a == QN_INT32 || a == QN_INT64)) { /* days + date */
        qn_expr *first = node->arguments[0];
        node->arguments[0] = node->arguments[1];
        node->arguments[1] = first;
        node->function = qn_function_find("date_add");
    } else if (a == QN_DATE && days && plus)
        node->function = qn_function_find("date_add");
    else if (a == QN_DATE && days && minus)
        node->function = qn_function_find("date_sub");
    else if (a == QN_DATE && b == QN_DATE && minus)
        node->function = qn_function_find("datediff");
}

/* Some functions of text are spelled the same for lists. */
static void choose_list_function(qn_expr *node) {
    static const char *const names[][2] = {
        {"concat", "array_cat"}, {"||", "array_cat"}, {"reverse", "array_reverse"}};
    bool list = false;
    for (int32_t i = 0; i < node->count; i++)
        list = list || node->arguments[i]->type == QN_STRING_LIST;
    for (size_t i = 0; list && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i][0], node->function->name) == 0) {
            node->function = qn_function_find(names[i][1]);
            return;
        }
}

static qn_status check_cast(const qn_expr *node) {
    const qn_expr *argument = node->arguments[0];
    if (qn_expr_is_null_literal(argument) || qn_cast_exists(argument->type, node->type))
        return QN_OK;
    return qn_expr_fail(node->position, "cannot cast %s to %s", qn_type_name(argument->type),
                        qn_type_name(node->type));
}

/* NULL if it faults: then it is computed where a row asks for it. */
static qn_status compute_constant(const qn_expr *node, qn_column **out) {
    qn_operand *operands = NULL;
    qn_column *value = NULL;
    qn_faults faults = {0};
    QN_TRY(qn_mem_calloc(&operands, (size_t)node->count, sizeof *operands));
    for (int32_t i = 0; i < node->count; i++)
        operands[i] = (qn_operand){node->arguments[i]->value, true};
    qn_status status =
        qn_call_run(node, operands, 1, qn_expr_notes_faults(node) ? &faults : NULL, &value);
    qn_mem_free(operands);
    if (status == QN_OK && faults.rows != NULL) {
        qn_column_release(value);
        value = NULL;
    }
    qn_faults_clear(&faults);
    if (status == QN_OK)
        *out = value;
    return status;
}

/* Constants are computed now; a strict call with a null is null. */
static qn_status fold(qn_expr *node) {
    bool constant = true, null = false;
    for (int32_t i = 0; i < node->count; i++) {
        constant = constant && qn_expr_is_literal(node->arguments[i]);
        null = null || qn_expr_is_null_literal(node->arguments[i]);
    }
    qn_column *value = NULL;
    if (null && node->function->nulls == QN_NULLS_STRICT)
        QN_TRY(qn_column_new_null(&value, node->type, 1, 0));
    else if (constant)
        QN_TRY(compute_constant(node, &value));
    if (value != NULL)
        qn_expr_become_literal(node, value);
    return QN_OK;
}

static void drop_state(qn_expr *node) {
    if (node->state != NULL && node->function->release != NULL)
        node->function->release(node->state);
    node->state = NULL;
}

static qn_status bind_call(qn_expr *node) {
    drop_state(node);
    choose_date_function(node);
    choose_list_function(node);
    qn_type common = QN_FLOAT64;
    QN_TRY(common_type(node, &common));
    for (int32_t i = 0; i < node->count; i++)
        QN_TRY(convert_argument(node, i, common));
    if (qn_expr_is_cast(node))
        QN_TRY(check_cast(node));
    else if (node->function->result == QN_GIVES_SAME)
        node->type = common;
    else if (node->function->result != QN_GIVES_OWN)
        node->type = (qn_type)node->function->result;
    if (node->function->prepare != NULL)
        QN_TRY(node->function->prepare(node));
    return fold(node);
}

/* How many operands are alive at once while the linked tree is computed. */
static int32_t count_slots(const qn_expr *first) {
    int32_t now = 0, most = 0;
    for (const qn_expr *node = first; node != NULL; node = node->next) {
        now += 1 - node->count;
        most = now > most ? now : most;
    }
    return most;
}

static void set_session(qn_expr *node, qn_shared_session *session) {
    qn_shared_session_release(node->session);
    node->session = qn_shared_session_retain(session);
}

static qn_status bind_tree(qn_expr *expr, const qn_schema *schema, qn_shared_session *session) {
    for (qn_expr *node = qn_expr_link(expr); node != NULL; node = node->next)
        strip_casts(node);
    qn_expr *first = qn_expr_link(expr);
    for (qn_expr *node = first; node != NULL; node = node->next)
        set_session(node, session);
    for (qn_expr *node = first; node != NULL; node = node->next) {
        if (node->kind == QN_EXPR_COLUMN)
            QN_TRY(bind_column(node, schema));
        else if (node->kind == QN_EXPR_CALL)
            QN_TRY(bind_call(node));
    }
    expr->first = qn_expr_link(expr);
    expr->slots = count_slots(expr->first);
    return QN_OK;
}

qn_status qn_expr_bind_in(qn_expr *expr, const qn_schema *schema, const qn_session *session) {
    qn_shared_session *shared = NULL;
    qn_expr_set_position(-1);
    expr->first = NULL;
    if (session != NULL)
        QN_TRY(qn_shared_session_new(&shared, session));
    qn_status status = bind_tree(expr, schema, shared);
    qn_shared_session_release(shared);
    return status;
}

qn_status qn_expr_bind(qn_expr *expr, const qn_schema *schema) {
    return qn_expr_bind_in(expr, schema, NULL);
}
