/* Terms of a filter that a scan below it understands: the scan leaves out the parts of a feature
 * version that have no row for them. The filter stays. */
#include "features/plan/rules.h"

#include "core/memory.h"
#include "features/scan/scan.h"

#include <math.h>
#include <string.h>

typedef struct term_list {
    const qn_schema *schema; /* of the scan */
    qn_scan_term *items;
    int64_t count, capacity;
    qn_text text;
} term_list;

static void clear_terms(term_list *list) {
    for (int64_t i = 0; i < list->count; i++)
        qn_mem_free((qn_scalar *)list->items[i].values);
    qn_mem_free(list->items);
    qn_text_clear(&list->text);
}

/* ---- One term -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    qn_scan_op op, turned;
} comparisons[] = {
    {"=", QN_SCAN_EQUAL, QN_SCAN_EQUAL},
    {"<=>", QN_SCAN_EQUAL, QN_SCAN_EQUAL},
    {"is not distinct from", QN_SCAN_EQUAL, QN_SCAN_EQUAL},
    {"<", QN_SCAN_LESS, QN_SCAN_GREATER},
    {"<=", QN_SCAN_LESS_EQUAL, QN_SCAN_GREATER_EQUAL},
    {">", QN_SCAN_GREATER, QN_SCAN_LESS},
    {">=", QN_SCAN_GREATER_EQUAL, QN_SCAN_LESS_EQUAL},
};

static bool is_number(qn_type type) {
    return type == QN_INT32 || type == QN_INT64 || type == QN_FLOAT32 || type == QN_FLOAT64;
}

/* The scan's column that argument `i` is, where its cast keeps the order of values; else -1. */
static int32_t column_of(const term_list *list, const qn_expr *call, int32_t i) {
    const char *name = qn_expr_column_name(qn_expr_argument(call, i));
    int32_t column = name != NULL ? qn_schema_find(list->schema, name) : -1;
    if (column < 0)
        return -1;
    qn_type type = list->schema->fields[column].type, compared = qn_expr_argument_type(call, i);
    return type == compared || (is_number(type) && is_number(compared)) ? column : -1;
}

/* The constant that argument `i` is. */
static bool value_of(const qn_expr *call, int32_t i, qn_scalar *out) {
    qn_type compared = qn_expr_argument_type(call, i);
    if (!qn_expr_constant(qn_expr_argument(call, i), out) || out->type != compared)
        return false;
    bool real = compared == QN_FLOAT32 || compared == QN_FLOAT64;
    return out->null || !real || !isnan(out->real);
}

/* values: taken over. */
static qn_status add_term(term_list *list, int32_t column, qn_scan_op op, qn_scalar *values,
                          int32_t count) {
    qn_status status =
        qn_mem_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items);
    if (status != QN_OK) {
        qn_mem_free(values);
        return status;
    }
    list->items[list->count++] = (qn_scan_term){column, op, values, count};
    return QN_OK;
}

static qn_status add_comparison(term_list *list, int32_t column, qn_scan_op op,
                                const qn_scalar *value) {
    qn_scalar *copy = NULL;
    QN_TRY(qn_mem_copy(&copy, value, 1, sizeof *copy));
    return add_term(list, column, op, copy, 1);
}

static qn_status take_comparison(term_list *list, const qn_expr *term, qn_scan_op op,
                                 qn_scan_op turned) {
    bool straight = column_of(list, term, 0) >= 0;
    int32_t column = column_of(list, term, straight ? 0 : 1);
    qn_scalar value;
    if (column < 0 || !value_of(term, straight ? 1 : 0, &value) || value.null)
        return QN_OK;
    return add_comparison(list, column, straight ? op : turned, &value);
}

static qn_status take_between(term_list *list, const qn_expr *term) {
    int32_t column = column_of(list, term, 0);
    qn_scalar low, high;
    if (column < 0 || !value_of(term, 1, &low) || !value_of(term, 2, &high) || low.null ||
        high.null)
        return QN_OK;
    QN_TRY(add_comparison(list, column, QN_SCAN_GREATER_EQUAL, &low));
    return add_comparison(list, column, QN_SCAN_LESS_EQUAL, &high);
}

/* A null in the list makes no row true. */
static qn_status take_in(term_list *list, const qn_expr *term) {
    int32_t column = column_of(list, term, 0), count = 0;
    qn_scalar *values = NULL;
    if (column < 0)
        return QN_OK;
    QN_TRY(qn_mem_calloc(&values, (size_t)qn_expr_count(term), sizeof *values));
    for (int32_t i = 1; i < qn_expr_count(term); i++) {
        if (!value_of(term, i, &values[count])) {
            qn_mem_free(values);
            return QN_OK;
        }
        count += !values[count].null;
    }
    return add_term(list, column, QN_SCAN_IN, values, count);
}

static qn_status take_null(term_list *list, const qn_expr *term, qn_scan_op op) {
    const char *name = qn_expr_column_name(qn_expr_argument(term, 0));
    int32_t column = name != NULL ? qn_schema_find(list->schema, name) : -1;
    return column < 0 ? QN_OK : add_term(list, column, op, NULL, 0);
}

static qn_status take_call(term_list *list, const qn_expr *term, const char *function) {
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
        if (strcmp(function, comparisons[i].name) == 0)
            return take_comparison(list, term, comparisons[i].op, comparisons[i].turned);
    if (strcmp(function, "between") == 0)
        return take_between(list, term);
    if (strcmp(function, "in") == 0)
        return take_in(list, term);
    if (strcmp(function, "is null") == 0)
        return take_null(list, term, QN_SCAN_NULL);
    if (strcmp(function, "is not null") == 0)
        return take_null(list, term, QN_SCAN_NOT_NULL);
    return QN_OK;
}

/* ---- Conditions ------------------------------------------------------------------------------ */

/* A column or NOT a column. */
static qn_status take_flag(term_list *list, const qn_expr *column, bool flag) {
    const qn_scalar value = {.type = QN_BOOL, .boolean = flag};
    const char *name = qn_expr_column_name(column);
    int32_t index = name != NULL ? qn_schema_find(list->schema, name) : -1;
    if (index < 0 || list->schema->fields[index].type != QN_BOOL)
        return QN_OK;
    return add_comparison(list, index, QN_SCAN_EQUAL, &value);
}

/* Terms of other forms are passed over. */
static qn_status take_term(term_list *list, const qn_expr *term) {
    const char *function = qn_expr_function(term);
    int64_t before = list->count;
    if (function == NULL)
        QN_TRY(take_flag(list, term, true));
    else if (strcmp(function, "not") == 0)
        QN_TRY(take_flag(list, qn_expr_argument(term, 0), false));
    else
        QN_TRY(take_call(list, term, function));
    if (list->count == before)
        return QN_OK;
    if (before > 0)
        QN_TRY(qn_text_printf(&list->text, " AND "));
    return qn_expr_print_as_written(term, &list->text);
}

/* What AND joins, in its order. Chains of it may be longer than the stack bears. */
static qn_status take_terms(term_list *list, const qn_expr *condition) {
    const qn_expr **waiting = NULL;
    int64_t count = 0, capacity = 0;
    qn_status status = qn_mem_reserve(&waiting, &capacity, 1, sizeof *waiting);
    if (status == QN_OK)
        waiting[count++] = condition;
    while (status == QN_OK && count > 0) {
        const qn_expr *term = waiting[--count];
        const char *function = qn_expr_function(term);
        if (function == NULL || strcmp(function, "and") != 0) {
            status = take_term(list, term);
            continue;
        }
        int32_t arguments = qn_expr_count(term);
        status = qn_mem_reserve(&waiting, &capacity, count + arguments, sizeof *waiting);
        for (int32_t i = arguments; status == QN_OK && i-- > 0;)
            waiting[count++] = qn_expr_argument(term, i);
    }
    qn_mem_free(waiting);
    return status;
}

static qn_status limit_scan(const qn_plan *filter, qn_plan *scan) {
    term_list list = {.schema = &scan->stream->schema};
    qn_text_init(&list.text);
    bool limited = false;
    qn_status status = take_terms(&list, filter->condition);
    if (status == QN_OK)
        status = qn_scan_limit(scan->stream, list.items, (int32_t)list.count, &limited);
    if (status == QN_OK && limited) {
        qn_scan_parts parts = qn_scan_parts_of(scan->stream);
        scan->parts = parts.total;
        scan->parts_left = parts.left;
        scan->rows = parts.rows;
        scan->terms = list.text.data;
        qn_text_init(&list.text);
    }
    clear_terms(&list);
    return status;
}

qn_status qn_plan_limit_scans(qn_plan *plan) {
    if (plan == NULL)
        return QN_OK;
    if (plan->kind == PLAN_FILTER && plan->condition != NULL && plan->in->kind == PLAN_SCAN &&
        plan->in->stream != NULL)
        return limit_scan(plan, plan->in);
    QN_TRY(qn_plan_limit_scans(plan->in));
    return qn_plan_limit_scans(plan->right);
}
