/* Lists sorted and as sets: sort_array, array_sort, array_distinct, array_union, array_intersect,
 * array_except. Equal items count once, null among them; the order of the first ones is kept. */
#include "core/expr/lists.h"

#include "core/memory.h"

#include <stdlib.h>

/* Items of the lists of a row, with their places, so that sorting keeps the order of equal ones. */
typedef struct item {
    qn_view text;
    int64_t place;
} item;

static int by_value(const void *a, const void *b) {
    const item *x = a, *y = b;
    int order = qn_item_compare(x->text, y->text);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

static int by_place(const void *a, const void *b) {
    const item *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

static qn_status collect(item **out, qn_list list) {
    item *items = NULL;
    QN_TRY(qn_mem_alloc(&items, (size_t)list.count, sizeof *items));
    for (int64_t k = 0; k < list.count; k++)
        items[k] = (item){qn_list_item(list, k), k};
    qsort(items, (size_t)list.count, sizeof *items, by_value);
    *out = items;
    return QN_OK;
}

/* Keeps the first of equal items (which are sorted). */
static int64_t unique(item *items, int64_t count) {
    int64_t kept = 0;
    for (int64_t k = 0; k < count; k++)
        if (kept == 0 || qn_item_compare(items[kept - 1].text, items[k].text) != 0)
            items[kept++] = items[k];
    return kept;
}

static bool has(const item *items, int64_t count, qn_view text) {
    int64_t low = 0, high = count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int order = qn_item_compare(items[middle].text, text);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static qn_status add_all(qn_list_builder *out, const item *items, int64_t count) {
    for (int64_t k = 0; k < count; k++)
        QN_TRY(qn_list_builder_add(out, items[k].text));
    return QN_OK;
}

/* ---- Sorting --------------------------------------------------------------------------------- */

static int64_t count_nulls(const item *sorted, int64_t count) {
    int64_t nulls = 0;
    while (nulls < count && sorted[nulls].text.data == NULL)
        nulls++;
    return nulls;
}

/* Nulls first when ascending, last when descending. */
static qn_status step_sort(const qn_call *call, int64_t row, qn_list_builder *out, bool *null) {
    (void)null;
    qn_list list = qn_list_at(&call->arguments[0], row);
    bool descending = call->count > 1 &&
                      !qn_bit(call->arguments[1].column->bits, qn_at(&call->arguments[1], row));
    item *items = NULL;
    QN_TRY(collect(&items, list));
    qn_status status = QN_OK;
    if (!descending)
        status = add_all(out, items, list.count);
    for (int64_t k = list.count - 1; descending && k >= 0 && status == QN_OK; k--)
        status = qn_list_builder_add(out, items[k].text);
    qn_mem_free(items);
    return status;
}

/* Ascending, nulls last. */
static qn_status step_array_sort(const qn_call *call, int64_t row, qn_list_builder *out,
                                 bool *null) {
    (void)null;
    qn_list list = qn_list_at(&call->arguments[0], row);
    item *items = NULL;
    QN_TRY(collect(&items, list));
    int64_t nulls = count_nulls(items, list.count);
    qn_status status = add_all(out, items + nulls, list.count - nulls);
    if (status == QN_OK)
        status = add_all(out, items, nulls);
    qn_mem_free(items);
    return status;
}

static qn_status run_sort(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_sort, out);
}

static qn_status run_array_sort(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_array_sort, out);
}

/* ---- Sets ------------------------------------------------------------------------------------ */

static qn_status step_distinct(const qn_call *call, int64_t row, qn_list_builder *out, bool *null) {
    (void)null;
    qn_list list = qn_list_at(&call->arguments[0], row);
    item *items = NULL;
    QN_TRY(collect(&items, list));
    int64_t count = unique(items, list.count);
    qsort(items, (size_t)count, sizeof *items, by_place);
    qn_status status = add_all(out, items, count);
    qn_mem_free(items);
    return status;
}

/* The distinct items of a that are (wanted) or are not in b, in a's order. */
static qn_status add_selected(qn_list a, qn_list b, bool wanted, qn_list_builder *out) {
    item *mine = NULL, *theirs = NULL;
    qn_status status;
    QN_TRY_GOTO(collect(&mine, a), done);
    QN_TRY_GOTO(collect(&theirs, b), done);
    int64_t count = unique(mine, a.count), others = unique(theirs, b.count);
    qsort(mine, (size_t)count, sizeof *mine, by_place);
    for (int64_t k = 0; k < count; k++)
        if (has(theirs, others, mine[k].text) == wanted)
            QN_TRY_GOTO(qn_list_builder_add(out, mine[k].text), done);
done:
    qn_mem_free(mine);
    qn_mem_free(theirs);
    return status;
}

static qn_status step_intersect(const qn_call *call, int64_t row, qn_list_builder *out,
                                bool *null) {
    (void)null;
    return add_selected(qn_list_at(&call->arguments[0], row), qn_list_at(&call->arguments[1], row),
                        true, out);
}

static qn_status step_except(const qn_call *call, int64_t row, qn_list_builder *out, bool *null) {
    (void)null;
    return add_selected(qn_list_at(&call->arguments[0], row), qn_list_at(&call->arguments[1], row),
                        false, out);
}

/* The items of a, then those of b that a lacks. */
static qn_status step_union(const qn_call *call, int64_t row, qn_list_builder *out, bool *null) {
    QN_TRY(step_distinct(call, row, out, null));
    return add_selected(qn_list_at(&call->arguments[1], row), qn_list_at(&call->arguments[0], row),
                        false, out);
}

static qn_status run_distinct(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_distinct, out);
}

static qn_status run_intersect(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_intersect, out);
}

static qn_status run_except(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_except, out);
}

static qn_status run_union(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_union, out);
}

#define LIST_OF_LISTS(name, least, most, run, ...)                                                 \
    { name, least, most, {__VA_ARGS__}, QN_GIVES_LIST, QN_NULLS_STRICT, run, NULL, NULL }

const qn_function qn_functions_list_set[] = {
    LIST_OF_LISTS("sort_array", 1, 2, run_sort, QN_TAKES_LIST, QN_TAKES_BOOL),
    LIST_OF_LISTS("array_sort", 1, 1, run_array_sort, QN_TAKES_LIST),
    LIST_OF_LISTS("array_distinct", 1, 1, run_distinct, QN_TAKES_LIST),
    LIST_OF_LISTS("array_union", 2, 2, run_union, QN_TAKES_LIST),
    LIST_OF_LISTS("array_intersect", 2, 2, run_intersect, QN_TAKES_LIST),
    LIST_OF_LISTS("array_except", 2, 2, run_except, QN_TAKES_LIST),
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
