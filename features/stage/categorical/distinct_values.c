#include "features/stage/categorical/distinct_values.h"

#include "core/memory.h"
#include "core/stats/hash.h"

#include <stdlib.h>

qn_status qn_distinct_values_init(qn_distinct_values *distinct, int32_t width, int64_t most) {
    qn_distinct_values made = {.width = width, .most = most};
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&made.stored, (size_t)width, sizeof *made.stored), done);
    QN_TRY_GOTO(qn_mem_calloc(&made.given_up, (size_t)width, sizeof *made.given_up), done);
    QN_TRY_GOTO(qn_mem_calloc(&made.slots, (size_t)width, sizeof *made.slots), done);
    *distinct = made;
    return QN_OK;
done:
    qn_distinct_values_clear(&made);
    return status;
}

static void clear_slot(qn_distinct_slot *slot) {
    qn_mem_free(slot->values);
    *slot = (qn_distinct_slot){0};
}

void qn_distinct_values_clear(qn_distinct_values *distinct) {
    for (int32_t s = 0; distinct->slots != NULL && s < distinct->width; s++)
        clear_slot(&distinct->slots[s]);
    qn_mem_free(distinct->slots);
    qn_mem_free(distinct->stored);
    qn_mem_free(distinct->given_up);
    *distinct = (qn_distinct_values){0};
}

/* ---- Values of a slot ----------------------------------------------------------------------- */

static uint32_t place_of(double value, int32_t capacity) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint32_t)((bits * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (uint32_t)(capacity - 1);
}

/* Where the value is, or the free place where it belongs. */
static double *find(const qn_distinct_slot *slot, double value) {
    uint32_t at = place_of(value, slot->capacity);
    while (slot->values[at] == slot->values[at] && slot->values[at] != value)
        at = (at + 1) & (uint32_t)(slot->capacity - 1);
    return &slot->values[at];
}

static qn_status grow(qn_distinct_slot *slot) {
    qn_distinct_slot bigger = {slot->count, slot->capacity == 0 ? 8 : 2 * slot->capacity, NULL};
    QN_TRY(qn_mem_alloc(&bigger.values, (size_t)bigger.capacity, sizeof *bigger.values));
    for (int32_t i = 0; i < bigger.capacity; i++)
        bigger.values[i] = (double)NAN;
    for (int32_t i = 0; i < slot->capacity; i++)
        if (slot->values[i] == slot->values[i])
            *find(&bigger, slot->values[i]) = slot->values[i];
    qn_mem_free(slot->values);
    *slot = bigger;
    return QN_OK;
}

static qn_status add_new(qn_distinct_values *distinct, int32_t s, double value) {
    qn_distinct_slot *slot = &distinct->slots[s];
    if (slot->count >= distinct->most || slot->count >= 1 << 29) {
        clear_slot(slot);
        distinct->given_up[s] = 1;
        return QN_OK;
    }
    if (2 * (slot->count + 1) > slot->capacity)
        QN_TRY(grow(slot));
    *find(slot, value) = value + 0.0;
    slot->count++;
    return QN_OK;
}

static inline qn_status add_value(qn_distinct_values *distinct, int32_t s, double value) {
    const qn_distinct_slot *slot = &distinct->slots[s];
    if (distinct->given_up[s] || value != value)
        return QN_OK;
    if (slot->capacity > 0 && *find(slot, value + 0.0) == value)
        return QN_OK;
    return add_new(distinct, s, value + 0.0);
}

/* ---- Columns -------------------------------------------------------------------------------- */

static qn_status add_dense(qn_distinct_values *distinct, const qn_column *column) {
    for (int64_t row = 0; row < column->length; row++) {
        const double *values = column->f64 + row * column->width;
        if (qn_column_is_null(column, row))
            continue;
        for (int32_t s = 0; s < column->width; s++)
            QN_TRY(add_value(distinct, s, values[s]));
    }
    for (int32_t s = 0; s < column->width; s++)
        distinct->stored[s] += column->length - column->null_count;
    return QN_OK;
}

static qn_status add_sparse(qn_distinct_values *distinct, const qn_column *column) {
    for (int32_t k = 0; k < column->offsets[column->length]; k++) {
        QN_TRY(add_value(distinct, column->indices[k], column->f64[k]));
        distinct->stored[column->indices[k]]++;
    }
    return QN_OK;
}

qn_status qn_distinct_values_add(qn_distinct_values *distinct, const qn_column *column) {
    distinct->rows += column->length - column->null_count;
    return column->indices != NULL ? add_sparse(distinct, column) : add_dense(distinct, column);
}

/* ---- Reduction ------------------------------------------------------------------------------ */

typedef struct pair {
    int64_t slot;
    double value;
} pair;

static qn_status list_pairs(const qn_distinct_values *distinct, pair **out, int64_t *count) {
    int64_t total = 0, filled = 0;
    pair *pairs = NULL;
    for (int32_t s = 0; s < distinct->width; s++)
        total += distinct->slots[s].count;
    QN_TRY(qn_mem_alloc(&pairs, (size_t)total, sizeof *pairs));
    for (int32_t s = 0; s < distinct->width; s++) {
        const qn_distinct_slot *slot = &distinct->slots[s];
        for (int32_t i = 0; i < slot->capacity; i++)
            if (slot->values[i] == slot->values[i])
                pairs[filled++] = (pair){s, slot->values[i]};
    }
    *out = pairs;
    *count = total;
    return QN_OK;
}

static qn_status exchange(qn_distinct_values *distinct, qn_comm *comm) {
    pair *mine = NULL;
    void *received = NULL;
    int64_t *offsets = NULL, count = 0;
    qn_status status;
    QN_TRY_GOTO(qn_comm_agree(comm, list_pairs(distinct, &mine, &count)), done);
    QN_TRY_GOTO(qn_comm_allgatherv(comm, mine, count * (int64_t)sizeof *mine, &received, &offsets),
                done);
    const pair *all = received;
    int64_t total = offsets[qn_comm_size(comm)] / (int64_t)sizeof *all;
    for (int64_t i = 0; i < total && status == QN_OK; i++)
        status = add_value(distinct, (int32_t)all[i].slot, all[i].value);
done:
    qn_mem_free(mine);
    qn_mem_free(received);
    qn_mem_free(offsets);
    return status;
}

qn_status qn_distinct_values_reduce(qn_distinct_values *distinct, qn_comm *comm) {
    QN_TRY(qn_comm_sum_i64(comm, &distinct->rows, 1));
    QN_TRY(qn_comm_sum_i64(comm, distinct->stored, distinct->width));
    qn_status status = QN_OK;
    for (int32_t s = 0; s < distinct->width && status == QN_OK; s++)
        if (distinct->stored[s] < distinct->rows)
            status = add_value(distinct, s, 0);
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(qn_comm_max_i64(comm, distinct->given_up, distinct->width));
    for (int32_t s = 0; s < distinct->width; s++)
        if (distinct->given_up[s])
            clear_slot(&distinct->slots[s]);
    return exchange(distinct, comm);
}

/* ---- Results -------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

qn_status qn_distinct_values_sorted(const qn_distinct_values *distinct, int64_t **starts,
                                    double **values) {
    int64_t *first = NULL, count = 0;
    double *sorted = NULL;
    for (int32_t s = 0; s < distinct->width; s++)
        count += distinct->slots[s].count;
    QN_TRY(qn_mem_alloc(&first, (size_t)distinct->width + 1, sizeof *first));
    qn_status status = qn_mem_alloc(&sorted, (size_t)count, sizeof *sorted);
    if (status != QN_OK) {
        qn_mem_free(first);
        return status;
    }
    first[0] = 0;
    for (int32_t s = 0; s < distinct->width; s++) {
        const qn_distinct_slot *slot = &distinct->slots[s];
        int64_t end = first[s];
        for (int32_t i = 0; i < slot->capacity; i++)
            if (slot->values[i] == slot->values[i])
                sorted[end++] = slot->values[i];
        qsort(sorted + first[s], (size_t)slot->count, sizeof *sorted, ascending);
        first[s + 1] = end;
    }
    *starts = first;
    *values = sorted;
    return QN_OK;
}
