/* Constants, typed constants (DATE '2024-01-31'), casts and type names. */
#include "features/sql/convert.h"

#include "core/text/number.h"
#include "core/time/date.h"

#include <math.h>
#include <string.h>

static qn_status make(sql_scope *scope, qn_scalar value, int32_t location, qn_expr **out) {
    return qn_expr_literal(out, value, qn_sql_position(scope, location));
}

/* Whole numbers are int32 or int64 by size, others float64. */
static qn_status number(sql_scope *scope, const char *text, int32_t location, qn_expr **out) {
    qn_scalar value = {.type = QN_INT64};
    if (qn_parse_int64(qn_view_of(text), &value.integer))
        return make(scope, value, location, out);
    value = (qn_scalar){.type = QN_FLOAT64};
    if (!qn_parse_real(qn_view_of(text), &value.real) || isinf(value.real))
        return qn_sql_fail(scope->source, location, "the number %.40s is out of range", text);
    return make(scope, value, location, out);
}

qn_status qn_sql_constant(sql_scope *scope, const PgQuery__AConst *node, qn_expr **out) {
    if (node->isnull)
        return make(scope, (qn_scalar){.type = QN_STRING, .null = true}, node->location, out);
    switch (node->val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL:
        return make(scope, (qn_scalar){.type = QN_INT32, .integer = node->ival->ival},
                    node->location, out);
    case PG_QUERY__A__CONST__VAL_FVAL:
        return number(scope, node->fval->fval, node->location, out);
    case PG_QUERY__A__CONST__VAL_BOOLVAL:
        return make(scope, (qn_scalar){.type = QN_BOOL, .boolean = node->boolval->boolval},
                    node->location, out);
    case PG_QUERY__A__CONST__VAL_SVAL:
        return make(scope, (qn_scalar){.type = QN_STRING, .text = qn_view_of(node->sval->sval)},
                    node->location, out);
    default:
        return qn_sql_unsupported(scope->source, node->location, "a bit string");
    }
}

/* ---- Types ----------------------------------------------------------------------------------- */

typedef struct type_word {
    const char *name; /* as the grammar hands it over */
    qn_type type;
} type_word;

static const type_word type_words[] = {
    {"int4", QN_INT32},      {"int8", QN_INT64},          {"float8", QN_FLOAT64},
    {"float4", QN_FLOAT32},  {"bool", QN_BOOL},           {"varchar", QN_STRING},
    {"text", QN_STRING},     {"string", QN_STRING},       {"double", QN_FLOAT64},
    {"date", QN_DATE},       {"timestamp", QN_TIMESTAMP}, {"timestamptz", QN_TIMESTAMP},
    {"int32", QN_INT32},     {"int64", QN_INT64},         {"long", QN_INT64},
    {"float32", QN_FLOAT32}, {"float64", QN_FLOAT64}};

static const char *const offered[] = {
    "int",  "integer", "bigint",  "double", "double precision", "float", "real", "string",
    "text", "varchar", "boolean", "date",   "timestamp"};

/* FLOAT is PostgreSQL's float8 and Spark's float32: the tree no longer tells it from DOUBLE
 * PRECISION, its token does. */
static bool is_float_word(sql_scope *scope, const PgQuery__TypeName *name) {
    const PgQuery__ScanToken *token = qn_sql_token_at(scope->source, name->location);
    return token != NULL && token->token == PG_QUERY__TOKEN__FLOAT_P;
}

static qn_status unknown_type(sql_scope *scope, const PgQuery__TypeName *name, const char *word) {
    enum { OFFERED = sizeof offered / sizeof *offered };
    if (strcmp(word, "interval") == 0)
        return qn_sql_fail(scope->source, name->location,
                           "an interval is not a value by itself: it is added to a date or "
                           "timestamp, d + INTERVAL '7 days'");
    qn_status status =
        qn_sql_fail(scope->source, name->location, "type '%s' is not part of this version", word);
    const char *nearest = qn_nearest(word, offered, OFFERED);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    else
        qn_error_help("types are int, bigint, float, double, boolean, string, date, timestamp");
    return status;
}

static qn_status refuse_list(sql_scope *scope, const PgQuery__TypeName *name) {
    qn_status status =
        qn_sql_fail(scope->source, name->location, "nothing can be cast to a list (an array type)");
    qn_error_help("ARRAY[...] and split(text, ',') make lists of strings");
    return status;
}

static qn_status convert_type(sql_scope *scope, const PgQuery__TypeName *name, qn_type *out) {
    const char *word = qn_sql_string(name->names[name->n_names - 1]);
    const char *schema = name->n_names > 1 ? qn_sql_string(name->names[0]) : "pg_catalog";
    if (name->n_array_bounds > 0 || name->setof || name->pct_type)
        return refuse_list(scope, name);
    if (strcmp(schema, "pg_catalog") != 0 || name->n_names > 2)
        return qn_sql_unsupported(scope->source, name->location, "a type name with a dot");
    for (size_t i = 0; i < sizeof type_words / sizeof *type_words; i++) {
        if (strcmp(word, type_words[i].name) != 0)
            continue;
        if (name->n_typmods > 0)
            return qn_sql_unsupported(scope->source, name->location,
                                      "a length or precision behind a type");
        *out = is_float_word(scope, name) ? QN_FLOAT32 : type_words[i].type;
        return QN_OK;
    }
    return unknown_type(scope, name, word);
}

/* ---- Casts ----------------------------------------------------------------------------------- */

/* DATE '...' states a date: text that is none is a mistake, where CAST would give null. A time
 * without an offset is one of the session's zone, which is not known yet. */
static qn_status moment(sql_scope *scope, const PgQuery__AConst *constant, qn_type type,
                        qn_expr **out) {
    const char *text = constant->sval->sval;
    qn_scalar value = {.type = type};
    qn_expr *stated = NULL;
    int32_t days = 0;
    bool good = type == QN_DATE ? qn_parse_date(qn_view_of(text), &days)
                                : qn_parse_timestamp(qn_view_of(text), &value.integer);
    if (!good)
        return qn_sql_fail(scope->source, constant->location, "'%s' is not a %s", text,
                           qn_type_name(type));
    if (type == QN_DATE)
        value.integer = days;
    if (type == QN_DATE || strpbrk(text + 10, "Z+-") != NULL)
        return make(scope, value, constant->location, out);
    value = (qn_scalar){.type = QN_STRING, .text = qn_view_of(text)};
    QN_TRY(make(scope, value, constant->location, &stated));
    return qn_expr_call(out, "timestamp ''", &stated, 1,
                        qn_sql_position(scope, constant->location));
}

/* TYPE 'text' differs from CAST('text' AS TYPE) in having no place of its own in the tree. */
static bool is_stated(const PgQuery__TypeCast *node) {
    return node->location < 0 && node->arg->node_case == PG_QUERY__NODE__NODE_A_CONST &&
           node->arg->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL;
}

qn_status qn_sql_cast(sql_scope *scope, const PgQuery__TypeCast *node, qn_expr **out) {
    qn_type type = QN_STRING;
    qn_expr *argument = NULL;
    QN_TRY(convert_type(scope, node->type_name, &type));
    if (is_stated(node) && (type == QN_DATE || type == QN_TIMESTAMP))
        return moment(scope, node->arg->a_const, type, out);
    QN_TRY(qn_sql_convert(scope, node->arg, &argument));
    bool tries = qn_sql_has_mark(scope->source, QN_SQL_MARK_TRY_CAST, node->location);
    int32_t location = node->location >= 0 ? node->location : node->type_name->location;
    if (tries)
        location -= 4; /* where TRY_ began */
    int32_t position = qn_sql_position(scope, location);
    qn_status status = tries ? qn_expr_try_cast(out, argument, type, position)
                             : qn_expr_cast(out, argument, type, position);
    return status == QN_OK ? QN_OK : qn_sql_locate(scope->source, location, status);
}
