/* count, sum, avg, bit_and, bit_or, bit_xor. */
#include "core/aggregate/family.h"

#include "core/memory.h"
#include "core/stats/fixed_sums.h"

#include <math.h>
#include <string.h>

/* ---- count ---------------------------------------------------------------------------------- */

static qn_type count_type(const qn_aggregate_function *function, const qn_type *types,
                          int32_t count, bool *fits) {
    for (int32_t k = 0; k < count; k++)
        *fits = *fits && types[k] != QN_VECTOR &&
                (function->variant != 2 || qn_type_is_numeric(types[k]));
    return QN_INT64;
}

static qn_status count_finish(qn_aggregator *self, const uint32_t *ids, int64_t count,
                              qn_column **out) {
    QN_TRY(qn_column_new_raw(out, QN_INT64, count, 0));
    for (int64_t i = 0; i < count; i++)
        (*out)->i64[i] = qn_presence_of(&self->presence, ids[i]);
    return QN_OK;
}

static void nothing_to_clear(qn_aggregator *self) {
    (void)self;
}

const qn_aggregate_class qn_aggregate_count = {
    .size = sizeof(qn_aggregator),
    .counts = true,
    .distinct_matters = true,
    .type = count_type,
    .wants = "anything but vectors",
    .finish = count_finish,
    .clear = nothing_to_clear,
};

/* ---- Integers: count_if, bits ---------------------------------------------------------------- */

typedef struct integers {
    qn_aggregator base;
    qn_slots values; /* int64_t */
} integers;

static qn_type count_if_type(const qn_aggregate_function *function, const qn_type *types,
                             int32_t count, bool *fits) {
    (void)function, (void)count;
    *fits = types[0] == QN_BOOL;
    return QN_INT64;
}

static void integers_clear(qn_aggregator *self) {
    qn_slots_clear(&((integers *)self)->values);
}

static int64_t integers_bytes(const qn_aggregator *self) {
    return ((const integers *)self)->values.capacity * 8;
}

static qn_status integers_grow(qn_aggregator *self, int64_t groups) {
    bool ones = self->class_ == &qn_aggregate_bits && self->function->variant == 0;
    return qn_slots_grow(&((integers *)self)->values, groups, sizeof(int64_t), ones ? 0xff : 0);
}

static qn_status integers_states(qn_aggregator *self, const uint32_t *ids, int64_t count,
                                 qn_batch *out) {
    const int64_t *values = ((integers *)self)->values.data;
    qn_column *column = NULL;
    QN_TRY(qn_column_new_raw(&column, QN_INT64, count, 0));
    for (int64_t i = 0; i < count; i++)
        column->i64[i] = values[ids[i]];
    return qn_batch_append(out, column);
}

static qn_status count_if_update(qn_aggregator *self, const qn_aggregate_rows *rows) {
    int64_t *values = ((integers *)self)->values.data;
    for (int64_t i = 0; i < rows->count; i++)
        values[rows->groups[i]] += qn_bit(rows->arguments[0]->bits, i);
    return QN_OK;
}

static qn_status count_if_merge(qn_aggregator *self, const uint32_t *ids, int64_t count,
                                qn_column *const *states) {
    int64_t *values = ((integers *)self)->values.data;
    for (int64_t i = 0; i < count; i++)
        values[ids[i]] += states[0]->i64[i];
    return QN_OK;
}

static qn_status count_if_finish(qn_aggregator *self, const uint32_t *ids, int64_t count,
                                 qn_column **out) {
    const int64_t *values = ((integers *)self)->values.data;
    QN_TRY(qn_column_new_raw(out, QN_INT64, count, 0));
    for (int64_t i = 0; i < count; i++)
        (*out)->i64[i] = values[ids[i]];
    return QN_OK;
}

const qn_aggregate_class qn_aggregate_count_if = {
    .size = sizeof(integers),
    .state_count = 1,
    .distinct_matters = true,
    .type = count_if_type,
    .wants = "a bool",
    .grow = integers_grow,
    .update = count_if_update,
    .states = integers_states,
    .merge = count_if_merge,
    .finish = count_if_finish,
    .bytes = integers_bytes,
    .clear = integers_clear,
};

static qn_type bits_type(const qn_aggregate_function *function, const qn_type *types, int32_t count,
                         bool *fits) {
    (void)function, (void)count;
    *fits = types[0] == QN_INT32 || types[0] == QN_INT64;
    return types[0];
}

static inline int64_t combine(int32_t variant, int64_t a, int64_t b) {
    return variant == 0 ? a & b : variant == 1 ? a | b : a ^ b;
}

static qn_status bits_add(integers *self, const uint32_t *ids, int64_t count,
                          const qn_column *column) {
    int64_t *values = self->values.data;
    int32_t variant = self->base.function->variant;
    for (int64_t i = 0; i < count; i++) {
        int64_t value = column->type == QN_INT32 ? column->i32[i] : column->i64[i];
        values[ids[i]] = combine(variant, values[ids[i]], value);
    }
    return QN_OK;
}

static qn_status bits_update(qn_aggregator *self, const qn_aggregate_rows *rows) {
    return bits_add((integers *)self, rows->groups, rows->count, rows->arguments[0]);
}

static qn_status bits_merge(qn_aggregator *self, const uint32_t *ids, int64_t count,
                            qn_column *const *states) {
    return bits_add((integers *)self, ids, count, states[0]);
}

static qn_status bits_finish(qn_aggregator *self, const uint32_t *ids, int64_t count,
                             qn_column **out) {
    const int64_t *values = ((integers *)self)->values.data;
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, self->result, count, 0));
    for (int64_t i = 0; i < count; i++) {
        if (qn_presence_of(&self->presence, ids[i]) == 0) {
            qn_status status = qn_column_set_null(column, i);
            if (status != QN_OK) {
                qn_column_release(column);
                return status;
            }
        } else if (self->result == QN_INT32) {
            column->i32[i] = (int32_t)values[ids[i]];
        } else {
            column->i64[i] = values[ids[i]];
        }
    }
    *out = column;
    return QN_OK;
}

const qn_aggregate_class qn_aggregate_bits = {
    .size = sizeof(integers),
    .state_count = 1,
    .counts = true,
    .distinct_matters = true,
    .type = bits_type,
    .wants = "an integer",
    .grow = integers_grow,
    .update = bits_update,
    .states = integers_states,
    .merge = bits_merge,
    .finish = bits_finish,
    .bytes = integers_bytes,
    .clear = integers_clear,
};

/* ---- sum and avg ---------------------------------------------------------------------------- */

enum { SUM, AVG };

/* Sums of int64 for averages: low 32 bits and the rest apart, which cannot overflow. */
typedef int64_t halves __attribute__((vector_size(16)));

typedef struct sums {
    qn_aggregator base;
    qn_slots values; /* int64_t: sums of integers */
    qn_slots pairs;  /* halves: averages of int64 */
    qn_fixed_sums reals;
    double *buffer;
} sums;

static bool is_real(const sums *self) {
    return self->base.types[0] == QN_FLOAT32 || self->base.types[0] == QN_FLOAT64;
}
static bool is_paired(const sums *self) {
    return self->base.types[0] == QN_INT64 && self->base.function->variant == AVG;
}

static qn_type sum_type(const qn_aggregate_function *function, const qn_type *types, int32_t count,
                        bool *fits) {
    (void)count;
    *fits = qn_type_is_numeric(types[0]);
    bool integer = types[0] == QN_INT32 || types[0] == QN_INT64;
    return integer && function->variant == SUM ? QN_INT64 : QN_FLOAT64;
}

static qn_status sum_init(qn_aggregator *base, const qn_type *types, int32_t order_count) {
    sums *self = (sums *)base;
    (void)types, (void)order_count;
    qn_fixed_sums_init(&self->reals);
    base->state_count = is_real(self) ? 3 : is_paired(self) ? 2 : 1;
    return base->types[0] == QN_FLOAT32
               ? qn_mem_alloc(&self->buffer, QN_BATCH_ROWS, sizeof *self->buffer)
               : QN_OK;
}

static void sum_clear(qn_aggregator *base) {
    sums *self = (sums *)base;
    qn_slots_clear(&self->values);
    qn_slots_clear(&self->pairs);
    qn_fixed_sums_clear(&self->reals);
    qn_mem_free(self->buffer);
}

static int64_t sum_bytes(const qn_aggregator *base) {
    const sums *self = (const sums *)base;
    return self->values.capacity * 8 + self->pairs.capacity * 16 +
           qn_fixed_sums_bytes(&self->reals) + (self->buffer != NULL ? QN_BATCH_ROWS * 8 : 0);
}

static qn_status sum_grow(qn_aggregator *base, int64_t groups) {
    sums *self = (sums *)base;
    if (is_real(self))
        return qn_fixed_sums_grow(&self->reals, groups);
    if (is_paired(self))
        return qn_slots_grow(&self->pairs, groups, sizeof(halves), 0);
    return qn_slots_grow(&self->values, groups, sizeof(int64_t), 0);
}

static inline halves halve(int64_t value) {
    return (halves){value & 0xffffffff, value >> 32};
}

static void sum_integers(sums *self, const uint32_t *groups, int64_t count,
                         const qn_column *column) {
    uint64_t *values = self->values.data; /* wraps */
    if (column->type == QN_INT32)
        for (int64_t i = 0; i < count; i++)
            values[groups[i]] += (uint64_t)(int64_t)column->i32[i];
    else
        for (int64_t i = 0; i < count; i++)
            values[groups[i]] += (uint64_t)column->i64[i];
}

static qn_status sum_update(qn_aggregator *base, const qn_aggregate_rows *rows) {
    sums *self = (sums *)base;
    const qn_column *column = rows->arguments[0];
    if (is_real(self))
        return qn_fixed_sums_add(&self->reals, rows->groups,
                                 qn_aggregate_reals(column, self->buffer), rows->count, 1);
    if (!is_paired(self)) {
        sum_integers(self, rows->groups, rows->count, column);
        return QN_OK;
    }
    halves *pairs = self->pairs.data;
    for (int64_t i = 0; i < rows->count; i++)
        pairs[rows->groups[i]] += halve(column->i64[i]);
    return QN_OK;
}

/* Integer states: one column, or two halves. */
static qn_status integer_states(const sums *self, const uint32_t *ids, int64_t count,
                                qn_batch *out) {
    const int64_t *values = self->values.data;
    const halves *pairs = self->pairs.data;
    for (int32_t k = 0; k < self->base.state_count; k++) {
        qn_column *column = NULL;
        QN_TRY(qn_column_new_raw(&column, QN_INT64, count, 0));
        for (int64_t i = 0; i < count; i++)
            column->i64[i] = pairs != NULL ? pairs[ids[i]][k] : values[ids[i]];
        QN_TRY(qn_batch_append(out, column));
    }
    return QN_OK;
}

static qn_status real_pairs(const qn_fixed_sums *reals, const uint32_t *ids, int64_t count,
                            qn_batch *out) {
    for (int k = 0; k < 2; k++) {
        qn_column *column = NULL;
        QN_TRY(qn_column_new_raw(&column, QN_INT64, count, 0));
        for (int64_t i = 0; i < count; i++)
            column->i64[i] = reals->pairs[ids[i]][k];
        QN_TRY(qn_batch_append(out, column));
    }
    qn_column *base = NULL;
    QN_TRY(qn_column_new_raw(&base, QN_INT32, count, 0));
    for (int64_t i = 0; i < count; i++)
        base->i32[i] = reals->grid.base;
    return qn_batch_append(out, base);
}

/* Sums that are not plain pairs go as bytes; the other two columns are not looked at. */
static qn_status real_bytes(const qn_fixed_sums *reals, const uint32_t *ids, int64_t count,
                            qn_batch *out) {
    qn_string_builder builder;
    qn_text text;
    qn_string_builder_init(&builder);
    qn_text_init(&text);
    qn_column *column = NULL;
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count; i++) {
        qn_text_truncate(&text, 0);
        QN_TRY_GOTO(qn_fixed_sums_pack(reals, ids[i], &text), done);
        QN_TRY_GOTO(qn_string_builder_add(&builder, (qn_view){text.data, text.length}), done);
    }
    QN_TRY_GOTO(qn_string_builder_finish(&builder, &column), done);
    QN_TRY_GOTO(qn_batch_append(out, column), done);
    for (int k = 0; k < 2; k++) {
        QN_TRY_GOTO(qn_column_new_null(&column, QN_INT32, count, 0), done);
        QN_TRY_GOTO(qn_batch_append(out, column), done);
    }
done:
    qn_text_clear(&text);
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status sum_states(qn_aggregator *base, const uint32_t *ids, int64_t count,
                            qn_batch *out) {
    sums *self = (sums *)base;
    if (!is_real(self))
        return integer_states(self, ids, count, out);
    if (self->reals.wide || self->reals.specials != NULL || base->even_states)
        return real_bytes(&self->reals, ids, count, out);
    return real_pairs(&self->reals, ids, count, out);
}

static qn_status merge_reals(qn_fixed_sums *reals, const uint32_t *ids, int64_t count,
                             qn_column *const *states) {
    if (states[0]->type == QN_STRING) {
        for (int64_t i = 0; i < count; i++)
            QN_TRY(qn_fixed_sums_unpack(reals, ids[i], qn_column_string(states[0], i)));
        return QN_OK;
    }
    for (int64_t i = 0; i < count; i++) {
        qn_fixed_pair pair = {states[0]->i64[i], states[1]->i64[i]};
        QN_TRY(qn_fixed_sums_add_pair(reals, ids[i], pair, states[2]->i32[i]));
    }
    return QN_OK;
}

static qn_status sum_merge(qn_aggregator *base, const uint32_t *ids, int64_t count,
                           qn_column *const *states) {
    sums *self = (sums *)base;
    if (is_real(self))
        return merge_reals(&self->reals, ids, count, states);
    if (!is_paired(self)) {
        sum_integers(self, ids, count, states[0]);
        return QN_OK;
    }
    halves *pairs = self->pairs.data;
    for (int64_t i = 0; i < count; i++)
        pairs[ids[i]] += (halves){states[0]->i64[i], states[1]->i64[i]};
    return QN_OK;
}

static double average(const sums *self, uint32_t group, int64_t n) {
    if (is_real(self))
        return qn_fixed_sums_result(&self->reals, group) / (double)n;
    if (!is_paired(self))
        return (double)((const int64_t *)self->values.data)[group] / (double)n;
    halves pair = ((const halves *)self->pairs.data)[group];
    return (double)((qn_wide)pair[1] * ((qn_wide)1 << 32) + pair[0]) / (double)n;
}

static void set_result(const sums *self, qn_column *column, int64_t i, uint32_t group, int64_t n) {
    if (self->base.result == QN_INT64)
        column->i64[i] = ((const int64_t *)self->values.data)[group];
    else if (self->base.function->variant == AVG)
        column->f64[i] = average(self, group, n);
    else
        column->f64[i] = qn_fixed_sums_result(&self->reals, group);
}

static qn_status sum_finish(qn_aggregator *base, const uint32_t *ids, int64_t count,
                            qn_column **out) {
    const sums *self = (const sums *)base;
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, base->result, count, 0));
    for (int64_t i = 0; i < count; i++) {
        int64_t n = qn_presence_of(&base->presence, ids[i]);
        if (n > 0) {
            set_result(self, column, i, ids[i], n);
            continue;
        }
        qn_status status = qn_column_set_null(column, i);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

const qn_aggregate_class qn_aggregate_sum = {
    .size = sizeof(sums),
    .state_count = 1,
    .counts = true,
    .distinct_matters = true,
    .type = sum_type,
    .wants = "a number",
    .init = sum_init,
    .grow = sum_grow,
    .update = sum_update,
    .states = sum_states,
    .merge = sum_merge,
    .finish = sum_finish,
    .bytes = sum_bytes,
    .clear = sum_clear,
};
