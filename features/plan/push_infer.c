/* a.id = b.id and a.id > 3: then b.id > 3, too, and b gives fewer rows. */
#include "features/plan/push.h"

#include "core/memory.h"

#include <string.h>

/* Columns that a join makes equal, of one type in which equal values are the same value. */
typedef struct equal_columns {
    const char *from, *to;
} equal_columns;

static const qn_field *find_field(const qn_schema *schema, const char *name) {
    int32_t index = name != NULL ? qn_schema_find(schema, name) : -1;
    return index >= 0 ? &schema->fields[index] : NULL;
}

static bool read_equality(const qn_expr *term, const qn_schema *from, const qn_schema *to,
                          equal_columns *out) {
    const char *function = qn_expr_function(term);
    if (function == NULL || strcmp(function, "=") != 0)
        return false;
    const char *a = qn_expr_column_name(qn_expr_argument(term, 0));
    const char *b = qn_expr_column_name(qn_expr_argument(term, 1));
    const qn_field *x = find_field(from, a), *y = find_field(to, b);
    if (x == NULL || y == NULL) {
        x = find_field(from, b);
        y = find_field(to, a);
    }
    if (x == NULL || y == NULL || x->type != y->type || x->type == QN_FLOAT32 ||
        x->type == QN_FLOAT64 || x->type >= QN_STRING_LIST)
        return false;
    *out = (equal_columns){x->name, y->name};
    return true;
}

static bool reads_one(const qn_expr *term, const char *column) {
    qn_reference reference;
    int32_t n = 0;
    for (; qn_expr_reference(term, n, &reference); n++)
        if (strcmp(reference.name, column) != 0)
            return false;
    return n > 0;
}

static qn_status put_other(void *context, const char *column, qn_expr **out) {
    (void)column;
    return qn_expr_column(out, ((const equal_columns *)context)->to, -1);
}

static qn_status infer_term(const qn_expr *term, equal_columns *columns, qn_expr_list *out) {
    qn_expr *copy = NULL;
    QN_TRY(qn_expr_copy(&copy, term));
    QN_TRY(qn_expr_list_add(out, copy));
    return qn_expr_replace(&out->items[out->count - 1], put_other, columns);
}

qn_status qn_plan_infer_terms(const qn_expr_list *own, const qn_expr_list *known, int64_t count,
                              const qn_schema *from, const qn_schema *to, qn_expr_list *out) {
    equal_columns columns;
    for (int64_t i = 0; i < own->count; i++) {
        if (!read_equality(own->items[i], from, to, &columns))
            continue;
        for (int64_t k = 0; k < count; k++)
            if (reads_one(known->items[k], columns.from))
                QN_TRY(infer_term(known->items[k], &columns, out));
    }
    return QN_OK;
}
