/* Functions of lists of strings. Items are counted from 1; null items stand for themselves. */
#include "core/expr/lists.h"
#include "core/expr/texts.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- Making lists ---------------------------------------------------------------------------- */

static qn_view item_or_null(const qn_operand *operand, int64_t row) {
    return qn_operand_null(operand, row) ? (qn_view){NULL, 0} : qn_text_at(operand, row);
}

static qn_status step_array(const qn_call *call, int64_t row, qn_list_builder *out, bool *null) {
    (void)null;
    for (int32_t k = 0; k < call->count; k++)
        QN_TRY(qn_list_builder_add(out, item_or_null(&call->arguments[k], row)));
    return QN_OK;
}

static qn_status run_array(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_array, out);
}

static qn_status step_cat(const qn_call *call, int64_t row, qn_list_builder *out, bool *null) {
    (void)null;
    for (int32_t k = 0; k < call->count; k++)
        QN_TRY(qn_list_builder_add_list(out, qn_list_at(&call->arguments[k], row)));
    return QN_OK;
}

static qn_status run_cat(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_cat, out);
}

/* Null for a null list; a null item is added. */
static qn_status step_append(const qn_call *call, int64_t row, qn_list_builder *out, bool *null) {
    *null = qn_operand_null(&call->arguments[0], row);
    if (*null)
        return QN_OK;
    QN_TRY(qn_list_builder_add_list(out, qn_list_at(&call->arguments[0], row)));
    return qn_list_builder_add(out, item_or_null(&call->arguments[1], row));
}

static qn_status step_prepend(const qn_call *call, int64_t row, qn_list_builder *out, bool *null) {
    *null = qn_operand_null(&call->arguments[0], row);
    if (*null)
        return QN_OK;
    QN_TRY(qn_list_builder_add(out, item_or_null(&call->arguments[1], row)));
    return qn_list_builder_add_list(out, qn_list_at(&call->arguments[0], row));
}

static qn_status run_append(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_append, out);
}

static qn_status run_prepend(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_prepend, out);
}

/* ---- Parts and orders of a list -------------------------------------------------------------- */

static qn_status step_reverse(const qn_call *call, int64_t row, qn_list_builder *out, bool *null) {
    (void)null;
    qn_list list = qn_list_at(&call->arguments[0], row);
    for (int64_t k = list.count - 1; k >= 0; k--)
        QN_TRY(qn_list_builder_add(out, qn_list_item(list, k)));
    return QN_OK;
}

static qn_status run_reverse(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_reverse, out);
}

static qn_status step_compact(const qn_call *call, int64_t row, qn_list_builder *out, bool *null) {
    (void)null;
    qn_list list = qn_list_at(&call->arguments[0], row);
    for (int64_t k = 0; k < list.count; k++)
        if (qn_list_item(list, k).data != NULL)
            QN_TRY(qn_list_builder_add(out, qn_list_item(list, k)));
    return QN_OK;
}

static qn_status run_compact(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_compact, out);
}

static qn_status step_remove(const qn_call *call, int64_t row, qn_list_builder *out, bool *null) {
    (void)null;
    qn_list list = qn_list_at(&call->arguments[0], row);
    qn_view unwanted = qn_text_at(&call->arguments[1], row);
    for (int64_t k = 0; k < list.count; k++)
        if (qn_item_compare(qn_list_item(list, k), unwanted) != 0)
            QN_TRY(qn_list_builder_add(out, qn_list_item(list, k)));
    return QN_OK;
}

static qn_status run_remove(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_remove, out);
}

/* From `start` (from 1; negative: from the end), as many items as there are, up to a length. */
static qn_status step_slice(const qn_call *call, int64_t row, qn_list_builder *out, bool *null) {
    qn_list list = qn_list_at(&call->arguments[0], row);
    int64_t start = qn_whole_at(&call->arguments[1], row),
            length = qn_whole_at(&call->arguments[2], row);
    *null = start == 0 || length < 0;
    if (start == 0)
        return qn_call_note(call, row, "slice was asked for the item 0: items are counted from 1");
    if (length < 0)
        return qn_call_note(call, row, "slice was asked for %lld items", (long long)length);
    int64_t first = start > 0 ? start - 1 : start < -list.count ? -1 : list.count + start;
    if (first < 0 || first >= list.count)
        return QN_OK;
    int64_t left = list.count - first;
    for (int64_t k = 0; k < (length < left ? length : left); k++)
        QN_TRY(qn_list_builder_add(out, qn_list_item(list, first + k)));
    return QN_OK;
}

static qn_status run_slice(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_slice, out);
}

/* ---- One item -------------------------------------------------------------------------------- */

/* Spark's element_at: from the end for a negative index, null outside. */
static qn_status step_element(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    (void)scratch;
    qn_list list = qn_list_at(&call->arguments[0], row);
    int64_t index = qn_whole_at(&call->arguments[1], row);
    if (index == 0)
        return qn_call_note(call, row,
                            "element_at was asked for the item 0: items are counted from 1");
    int64_t k = index > 0 ? index - 1 : index < -list.count ? -1 : list.count + index;
    if (k >= 0 && k < list.count)
        *out = qn_list_item(list, k);
    return QN_OK;
}

static qn_status run_element(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_element, out);
}

/* PostgreSQL's a[i]: from 1, null outside. */
static qn_status step_subscript(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    (void)scratch;
    qn_list list = qn_list_at(&call->arguments[0], row);
    int64_t index = qn_whole_at(&call->arguments[1], row);
    if (index >= 1 && index <= list.count)
        *out = qn_list_item(list, index - 1);
    return QN_OK;
}

static qn_status run_subscript(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_subscript, out);
}

/* The least (sign 1) or greatest (sign -1) item that is not null. */
static qn_view extreme(qn_list list, int sign) {
    qn_view best = {NULL, 0};
    for (int64_t k = 0; k < list.count; k++) {
        qn_view item = qn_list_item(list, k);
        if (item.data != NULL && (best.data == NULL || sign * qn_view_compare(item, best) < 0))
            best = item;
    }
    return best;
}

static qn_status step_min(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    (void)scratch;
    *out = extreme(qn_list_at(&call->arguments[0], row), 1);
    return QN_OK;
}

static qn_status step_max(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    (void)scratch;
    *out = extreme(qn_list_at(&call->arguments[0], row), -1);
    return QN_OK;
}

static qn_status run_min(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_min, out);
}

static qn_status run_max(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_max, out);
}

/* Items with a separator between them; nulls are left out, or replaced by a third argument. */
static qn_status step_join(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    qn_list list = qn_list_at(&call->arguments[0], row);
    qn_view separator = qn_text_at(&call->arguments[1], row);
    qn_view instead = call->count > 2 ? qn_text_at(&call->arguments[2], row) : (qn_view){NULL, 0};
    bool some = false;
    for (int64_t k = 0; k < list.count; k++) {
        qn_view item = qn_list_item(list, k);
        item = item.data == NULL ? instead : item;
        if (item.data == NULL)
            continue;
        if (some)
            QN_TRY(qn_text_add(scratch, separator.data, separator.length));
        QN_TRY(qn_text_add(scratch, item.data, item.length));
        some = true;
    }
    *out = qn_text_view(scratch);
    return QN_OK;
}

static qn_status run_join(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_join, out);
}

/* ---- Numbers of a list ----------------------------------------------------------------------- */

static qn_status run_count(const qn_call *call, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_INT32, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i32[i] = (int32_t)qn_list_at(&call->arguments[0], i).count;
    return QN_OK;
}

/* Spark's size of null is -1. */
static qn_status run_size(const qn_call *call, qn_column **out) {
    QN_TRY(run_count(call, out));
    for (int64_t i = 0; i < call->length; i++)
        if (qn_operand_null(&call->arguments[0], i))
            (*out)->i32[i] = -1;
    return QN_OK;
}

/* Index from 1 of the first such item, 0 if there is none. */
static int64_t position_of(qn_list list, qn_view wanted, bool *has_null) {
    for (int64_t k = 0; k < list.count; k++) {
        qn_view item = qn_list_item(list, k);
        if (item.data == NULL)
            *has_null = true;
        else if (qn_view_equal(item, wanted))
            return k + 1;
    }
    return 0;
}

static qn_status run_position(const qn_call *call, qn_column **out) {
    bool has_null = false;
    QN_TRY(qn_column_new(out, QN_INT64, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i64[i] = position_of(qn_list_at(&call->arguments[0], i),
                                     qn_text_at(&call->arguments[1], i), &has_null);
    return QN_OK;
}

/* Null where the item was not found, but may be one of the nulls. */
static qn_status run_contains(const qn_call *call, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_BOOL, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        bool has_null = false;
        qn_list list = qn_list_at(&call->arguments[0], i);
        qn_status status = QN_OK;
        if (position_of(list, qn_text_at(&call->arguments[1], i), &has_null) > 0)
            qn_bit_set(column->bits, i);
        else if (has_null)
            status = qn_column_set_null(column, i);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

/* True if a common item exists; null if none was found but one may hide in a null. */
static bool overlap(qn_list a, qn_list b, bool *unknown) {
    bool nulls = false;
    for (int64_t k = 0; k < a.count; k++) {
        qn_view item = qn_list_item(a, k);
        if (item.data == NULL)
            nulls = true;
        else if (position_of(b, item, &nulls) > 0)
            return true;
    }
    *unknown = nulls && a.count > 0 && b.count > 0;
    return false;
}

static qn_status run_overlap(const qn_call *call, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_BOOL, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        bool unknown = false;
        qn_status status = QN_OK;
        if (overlap(qn_list_at(&call->arguments[0], i), qn_list_at(&call->arguments[1], i),
                    &unknown))
            qn_bit_set(column->bits, i);
        else if (unknown)
            status = qn_column_set_null(column, i);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

#define GIVES_LIST(name, least, most, nulls, run, ...)                                             \
    { name, least, most, {__VA_ARGS__}, QN_GIVES_LIST, nulls, run, NULL, NULL }
#define GIVES_ITEM(name, least, most, run, ...)                                                    \
    { name, least, most, {__VA_ARGS__}, QN_GIVES_STRING, QN_NULLS_STRICT, run, NULL, NULL }
#define OF_LIST(name, most, result, nulls, run, ...)                                               \
    { name, 1, most, {__VA_ARGS__}, result, nulls, run, NULL, NULL }

const qn_function qn_functions_list[] = {
    GIVES_LIST("array", 0, -1, QN_NULLS_OWN, run_array, QN_TAKES_PRINTED),
    GIVES_LIST("array_cat", 1, -1, QN_NULLS_STRICT, run_cat, QN_TAKES_LIST),
    GIVES_LIST("array_append", 2, 2, QN_NULLS_OWN, run_append, QN_TAKES_LIST, QN_TAKES_TEXT),
    GIVES_LIST("array_prepend", 2, 2, QN_NULLS_OWN, run_prepend, QN_TAKES_LIST, QN_TAKES_TEXT),
    GIVES_LIST("array_reverse", 1, 1, QN_NULLS_STRICT, run_reverse, QN_TAKES_LIST),
    GIVES_LIST("array_remove", 2, 2, QN_NULLS_STRICT, run_remove, QN_TAKES_LIST, QN_TAKES_TEXT),
    GIVES_LIST("array_compact", 1, 1, QN_NULLS_STRICT, run_compact, QN_TAKES_LIST),
    GIVES_LIST("slice", 3, 3, QN_NULLS_STRICT, run_slice, QN_TAKES_LIST, QN_TAKES_WHOLE),
    GIVES_ITEM("element_at", 2, 2, run_element, QN_TAKES_LIST, QN_TAKES_WHOLE),
    GIVES_ITEM("[]", 2, 2, run_subscript, QN_TAKES_LIST, QN_TAKES_WHOLE),
    GIVES_ITEM("array_min", 1, 1, run_min, QN_TAKES_LIST),
    GIVES_ITEM("array_max", 1, 1, run_max, QN_TAKES_LIST),
    GIVES_ITEM("array_join", 2, 3, run_join, QN_TAKES_LIST, QN_TAKES_TEXT),
    GIVES_ITEM("array_to_string", 2, 3, run_join, QN_TAKES_LIST, QN_TAKES_TEXT),
    OF_LIST("size", 1, QN_GIVES_INT32, QN_NULLS_OWN, run_size, QN_TAKES_LIST),
    OF_LIST("cardinality", 1, QN_GIVES_INT32, QN_NULLS_OWN, run_size, QN_TAKES_LIST),
    OF_LIST("array_size", 1, QN_GIVES_INT32, QN_NULLS_STRICT, run_count, QN_TAKES_LIST),
    OF_LIST("array_length", 1, QN_GIVES_INT32, QN_NULLS_STRICT, run_count, QN_TAKES_LIST),
    {"array_contains",
     2,
     2,
     {QN_TAKES_LIST, QN_TAKES_TEXT},
     QN_GIVES_BOOL,
     QN_NULLS_STRICT,
     run_contains,
     NULL,
     NULL},
    {"array_position",
     2,
     2,
     {QN_TAKES_LIST, QN_TAKES_TEXT},
     QN_GIVES_INT64,
     QN_NULLS_STRICT,
     run_position,
     NULL,
     NULL},
    {"arrays_overlap",
     2,
     2,
     {QN_TAKES_LIST},
     QN_GIVES_BOOL,
     QN_NULLS_STRICT,
     run_overlap,
     NULL,
     NULL},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
