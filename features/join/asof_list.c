#include "features/join/asof_list.h"

#include "core/memory.h"

#include <string.h>

void qn_asof_list_clear(qn_asof_list *self) {
    qn_matcher_clear(&self->matcher);
    qn_join_side_clear(&self->right);
    qn_mem_free(self->entries);
    qn_mem_free(self->starts);
    qn_mem_free(self->hints);
    qn_mem_free(self->groups);
    qn_mem_free(self->orders);
    qn_mem_free(self->keys);
    *self = (qn_asof_list){0};
}

/* ---- Numbers in order -------------------------------------------------------------------------
 */

static const uint64_t SIGN = UINT64_C(1) << 63;

static uint64_t order_of_integer(int64_t value) {
    return (uint64_t)value ^ SIGN;
}

/* -0.0 = 0.0; all NaNs are one, above every number. */
static uint64_t order_of_real(double value) {
    uint64_t bits;
    if (value != value)
        return UINT64_MAX;
    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits & SIGN ? ~bits : bits | SIGN;
}

static double real_of_order(uint64_t order) {
    uint64_t bits = order & SIGN ? order & ~SIGN : ~order;
    double value;
    if (order == UINT64_MAX)
        return __builtin_nan("");
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void orders_of(const qn_column *column, int64_t rows, uint64_t *out) {
    for (int64_t i = 0; i < rows; i++)
        switch (column->type) {
        case QN_FLOAT32:
            out[i] = order_of_real((double)column->f32[i]);
            break;
        case QN_FLOAT64:
            out[i] = order_of_real(column->f64[i]);
            break;
        case QN_INT32:
        case QN_DATE:
            out[i] = order_of_integer(column->i32[i]);
            break;
        default:
            out[i] = order_of_integer(column->i64[i]);
        }
}

/* ---- Sorting right rows -----------------------------------------------------------------------
 */

static bool is_sorted(const qn_asof_entry *entries, int64_t count) {
    for (int64_t i = 1; i < count; i++)
        if (entries[i].order < entries[i - 1].order)
            return false;
    return true;
}

static void merge(const qn_asof_entry *in, int64_t middle, int64_t end, qn_asof_entry *out) {
    int64_t a = 0, b = middle;
    for (int64_t i = 0; i < end; i++)
        out[i] = b == end || (a < middle && in[a].order <= in[b].order) ? in[a++] : in[b++];
}

/* Stable, from short runs to long ones. */
static void sort_entries(qn_asof_entry *entries, int64_t count, qn_asof_entry *space) {
    qn_asof_entry *from = entries, *to = space;
    if (is_sorted(entries, count))
        return;
    for (int64_t width = 1; width < count; width *= 2) {
        for (int64_t i = 0; i < count; i += 2 * width) {
            int64_t end = count - i < 2 * width ? count - i : 2 * width;
            merge(from + i, width < end ? width : end, end, to + i);
        }
        qn_asof_entry *other = from;
        from = to;
        to = other;
    }
    if (from != entries)
        memcpy(entries, from, (size_t)count * sizeof *entries);
}

/* The ordered column of all right rows; nulls[i]: it is null there. */
static qn_status read_orders(const qn_asof_list *self, uint64_t *orders, bool *nulls) {
    const qn_table *table = &self->right.table;
    int64_t n = 0;
    for (int64_t b = 0; b < table->batch_count; b++) {
        const qn_batch *batch = &table->batches[b];
        const qn_column *column = batch->columns[self->plan->right_on];
        orders_of(column, batch->length, orders + n);
        for (int64_t i = 0; i < batch->length; i++)
            nulls[n + i] = qn_column_is_null(column, i);
        n += batch->length;
    }
    return QN_OK;
}

static void fill_entries(qn_asof_list *self, const uint64_t *orders, const bool *nulls,
                         qn_asof_entry *space) {
    uint32_t n = 0;
    for (int64_t g = 0; g < self->matcher.groups_count; g++) {
        int64_t count = 0;
        const uint32_t *list = qn_matcher_list(&self->matcher, (uint32_t)g, &count);
        self->starts[g] = n;
        for (int64_t i = 0; i < count; i++)
            if (list[i] != UINT32_MAX && !nulls[list[i]])
                self->entries[n++] = (qn_asof_entry){orders[list[i]], list[i]};
        sort_entries(self->entries + self->starts[g], n - self->starts[g], space);
        self->hints[g] = self->starts[g];
    }
    self->starts[self->matcher.groups_count] = n;
}

static qn_status make_entries(qn_asof_list *self) {
    size_t rows = (size_t)self->right.rows, groups = (size_t)self->matcher.groups_count;
    uint64_t *orders = NULL;
    bool *nulls = NULL;
    qn_asof_entry *space = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&self->entries, rows, sizeof *self->entries), done);
    QN_TRY_GOTO(qn_mem_alloc(&self->starts, groups + 1, sizeof *self->starts), done);
    QN_TRY_GOTO(qn_mem_alloc(&self->hints, groups, sizeof *self->hints), done);
    QN_TRY_GOTO(qn_mem_alloc(&orders, rows, sizeof *orders), done);
    QN_TRY_GOTO(qn_mem_alloc(&nulls, rows, sizeof *nulls), done);
    QN_TRY_GOTO(qn_mem_alloc(&space, rows, sizeof *space), done);
    QN_TRY_GOTO(read_orders(self, orders, nulls), done);
    fill_entries(self, orders, nulls, space);
done:
    qn_mem_free(orders);
    qn_mem_free(nulls);
    qn_mem_free(space);
    return status;
}

qn_status qn_asof_list_init(qn_asof_list *self) {
    const qn_join_plan *join = &self->plan->join;
    QN_TRY(qn_mem_alloc(&self->groups, QN_BATCH_ROWS, sizeof *self->groups));
    QN_TRY(qn_mem_alloc(&self->orders, QN_BATCH_ROWS, sizeof *self->orders));
    QN_TRY(qn_mem_calloc(&self->keys, (size_t)join->key_count, sizeof *self->keys));
    QN_TRY(qn_join_side_whole(&self->right));
    QN_TRY(qn_matcher_init(&self->matcher, join, &self->right, 0, self->right.rows));
    return make_entries(self);
}

/* ---- Finding ----------------------------------------------------------------------------------
 */

/* Is this right row too early to lie behind the border that is looked for? */
static bool is_before(uint64_t entry, uint64_t order, bool equal_too) {
    return equal_too ? entry <= order : entry < order;
}

/* The first entry of the group behind those before `order` (equal ones too, if so asked). Left rows
 * often come in order, so looks near the last answer first. */
static uint32_t border(qn_asof_list *self, uint32_t group, uint64_t order, bool equal_too) {
    const qn_asof_entry *entries = self->entries;
    uint32_t low = self->starts[group], high = self->starts[group + 1];
    uint32_t hint = self->hints[group], step = 1;
    if (hint == low || is_before(entries[hint - 1].order, order, equal_too)) {
        low = hint;
        while (high - low > step && is_before(entries[low + step].order, order, equal_too)) {
            low += step;
            step *= 2;
        }
        high = high - low > step ? low + step : high;
    } else {
        high = hint;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (is_before(entries[middle].order, order, equal_too))
            low = middle + 1;
        else
            high = middle;
    }
    self->hints[group] = low;
    return low;
}

static bool within(const qn_asof_list *self, uint64_t left, uint64_t right) {
    qn_type type = self->plan->join.left_schema.fields[self->plan->left_on].type;
    double distance;
    if (self->plan->tolerance < 0)
        return true;
    if (type == QN_FLOAT32 || type == QN_FLOAT64) {
        double a = real_of_order(left), b = real_of_order(right);
        if (left == right)
            return true;
        distance = a < b ? b - a : a - b;
    } else {
        distance = (double)(left < right ? right - left : left - right);
    }
    return distance <= self->plan->tolerance;
}

static qn_ref find_one(qn_asof_list *self, uint32_t group, uint64_t order) {
    const qn_asof_plan *plan = self->plan;
    uint32_t first = self->starts[group], end = self->starts[group + 1];
    uint32_t at = border(self, group, order, plan->forward == plan->strict);
    if (plan->forward ? at == end : at == first)
        return QN_REF_NULL;
    const qn_asof_entry *entry = &self->entries[plan->forward ? at : at - 1];
    return within(self, order, entry->order) ? self->right.refs[entry->position] : QN_REF_NULL;
}

qn_status qn_asof_list_find(qn_asof_list *self, qn_column *const *columns, int64_t rows,
                            qn_ref *refs) {
    const qn_asof_plan *plan = self->plan;
    const qn_column *on = columns[plan->left_on];
    for (int32_t k = 0; k < plan->join.key_count; k++)
        self->keys[k] = columns[plan->join.left_keys[k]];
    QN_TRY(qn_matcher_probe(&self->matcher, self->keys, rows, self->groups, NULL));
    orders_of(on, rows, self->orders);
    for (int64_t i = 0; i < rows; i++)
        refs[i] = self->groups[i] == QN_NO_MATCH || qn_column_is_null(on, i)
                      ? QN_REF_NULL
                      : find_one(self, self->groups[i], self->orders[i]);
    return QN_OK;
}
