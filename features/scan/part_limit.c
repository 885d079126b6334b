/* What statistics of a file rule out. NaN is above every number and equal to itself. */
#include "features/scan/table_scan.h"

#include "core/text/text.h"

#include <string.h>

/* Of a column in a file. Bounds are of the type that values are compared in. */
typedef struct bounds {
    bool has_low, has_high;
    bool has_top; /* no value is above `high`, NaN included */
    qn_scalar low, high;
} bounds;

static bool is_real(qn_type type) {
    return type == QN_FLOAT32 || type == QN_FLOAT64;
}

static bool is_whole(qn_type type) {
    return type == QN_INT32 || type == QN_INT64;
}

/* Less than 0, 0, more than 0; both of one type, neither NaN. */
static int compare(const qn_scalar *a, const qn_scalar *b) {
    if (a->type == QN_STRING)
        return qn_view_compare(a->text, b->text);
    if (a->type == QN_BOOL)
        return (int)a->boolean - (int)b->boolean;
    if (is_real(a->type))
        return (a->real > b->real) - (a->real < b->real);
    return (a->integer > b->integer) - (a->integer < b->integer);
}

/* A bound as a number of the type that is compared in, rounded as the cast of a value would be:
 * that keeps the order. */
static bool take_number(const json_t *value, qn_type type, qn_type compared, qn_scalar *out) {
    *out = (qn_scalar){.type = compared};
    if (is_real(type)) {
        out->real = json_real_value(value);
        return json_is_real(value) && compared >= type;
    }
    if (is_whole(compared))
        out->integer = json_integer_value(value);
    else
        out->real = (double)json_integer_value(value);
    return json_is_integer(value) && compared >= type && compared != QN_FLOAT32;
}

/* False: nothing is known. */
static bool take_bound(const json_t *value, qn_type type, qn_type compared, qn_scalar *out) {
    if ((is_real(type) || is_whole(type)) && (is_real(compared) || is_whole(compared)))
        return take_number(value, type, compared, out);
    if (type != compared)
        return false;
    *out = (qn_scalar){.type = type};
    switch (type) {
    case QN_STRING:
        if (!json_is_string(value))
            return false;
        out->text = (qn_view){json_string_value(value), (int64_t)json_string_length(value)};
        return true;
    case QN_BOOL:
        out->boolean = json_integer_value(value) != 0;
        return json_is_integer(value);
    case QN_DATE:
    case QN_TIMESTAMP:
        out->integer = json_integer_value(value);
        return json_is_integer(value);
    default:
        return false;
    }
}

static bounds bounds_of(const json_t *column, qn_type type, qn_type compared) {
    bounds known = {0};
    const json_t *nan = json_object_get(column, "nan");
    known.has_low = take_bound(json_object_get(column, "min"), type, compared, &known.low);
    known.has_high = take_bound(json_object_get(column, "max"), type, compared, &known.high);
    known.has_top = known.has_high &&
                    (!is_real(type) || (json_is_integer(nan) && json_integer_value(nan) == 0));
    return known;
}

static bool may_equal(const bounds *known, const qn_scalar *value) {
    return !(known->has_low && compare(value, &known->low) < 0) &&
           !(known->has_high && compare(value, &known->high) > 0);
}

static bool may_compare(const bounds *known, qn_scan_op op, const qn_scalar *value) {
    switch (op) {
    case QN_SCAN_LESS:
        return !known->has_low || compare(&known->low, value) < 0;
    case QN_SCAN_LESS_EQUAL:
        return !known->has_low || compare(&known->low, value) <= 0;
    case QN_SCAN_GREATER:
        return !known->has_top || compare(&known->high, value) > 0;
    case QN_SCAN_GREATER_EQUAL:
        return !known->has_top || compare(&known->high, value) >= 0;
    default:
        return may_equal(known, value);
    }
}

static bool may_match(const json_t *column, int64_t rows, qn_type type, const qn_scan_term *term) {
    const json_t *count = json_object_get(column, "null");
    int64_t nulls = json_integer_value(count);
    if (term->op == QN_SCAN_NULL)
        return !json_is_integer(count) || nulls > 0;
    if (json_is_integer(count) && nulls == rows)
        return false;
    if (term->op == QN_SCAN_NOT_NULL)
        return true;
    for (int32_t i = 0; i < term->count; i++) {
        bounds known = bounds_of(column, type, term->values[i].type);
        if (may_compare(&known, term->op, &term->values[i]))
            return true;
    }
    return false;
}

bool qn_table_part_may_match(const json_t *stats, int64_t rows, const qn_schema *schema,
                             const qn_scan_term *terms, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        const qn_field *field = &schema->fields[terms[i].column];
        if (!may_match(json_object_get(stats, field->name), rows, field->type, &terms[i]))
            return false;
    }
    return true;
}
