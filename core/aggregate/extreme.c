/* min, max, bool_and, bool_or; min_by, max_by; first, last. */
#include "core/aggregate/family.h"

#include "core/memory.h"

#include <string.h>

enum { SMALLEST, GREATEST }; /* variants of min, max, min_by, max_by */
enum { FIRST, LAST };        /* of first, last */

/* ---- min, max ------------------------------------------------------------------------------- */

typedef struct extremes {
    qn_aggregator base;
    qn_ordered ordered;
    qn_slots
        best; /* int64_t keys; of a group without values: what every value beats, -1 for texts */
    int64_t *keys;
} extremes;

static qn_type extreme_type(const qn_aggregate_function *function, const qn_type *types,
                            int32_t count, bool *fits) {
    (void)function, (void)count;
    *fits = qn_ordered_allows(types[0]);
    return types[0];
}

static qn_status extreme_init(qn_aggregator *base, const qn_type *types, int32_t order_count) {
    extremes *self = (extremes *)base;
    (void)order_count;
    QN_TRY(qn_ordered_init(&self->ordered, types[0]));
    return qn_mem_alloc(&self->keys, QN_BATCH_ROWS, sizeof *self->keys);
}

static void extreme_clear(qn_aggregator *base) {
    extremes *self = (extremes *)base;
    qn_ordered_clear(&self->ordered);
    qn_slots_clear(&self->best);
    qn_mem_free(self->keys);
}

static int64_t extreme_bytes(const qn_aggregator *base) {
    const extremes *self = (const extremes *)base;
    return self->best.capacity * 8 + QN_BATCH_ROWS * 8 + qn_ordered_bytes(&self->ordered);
}

static qn_status extreme_grow(qn_aggregator *base, int64_t groups) {
    extremes *self = (extremes *)base;
    int64_t before = self->best.count;
    QN_TRY(qn_slots_grow(&self->best, groups, sizeof(int64_t), 0xff));
    int64_t *best = self->best.data;
    int64_t none = base->function->variant == SMALLEST ? INT64_MAX : INT64_MIN;
    for (int64_t g = before; g < groups && self->ordered.texts == NULL; g++)
        best[g] = none;
    return QN_OK;
}

static void improve_texts(const extremes *self, const uint32_t *ids, int64_t count) {
    int64_t *best = self->best.data;
    int wanted = self->base.function->variant == SMALLEST ? -1 : 1;
    for (int64_t i = 0; i < count; i++) {
        int64_t *current = &best[ids[i]], key = self->keys[i];
        if (key == *current)
            continue;
        if (*current < 0 || qn_ordered_compare(&self->ordered, key, *current) * wanted > 0)
            *current = key;
    }
}

static void improve(const extremes *self, const uint32_t *ids, int64_t count) {
    int64_t *best = self->best.data;
    const int64_t *keys = self->keys;
    if (self->ordered.texts != NULL)
        improve_texts(self, ids, count);
    else if (self->base.function->variant == SMALLEST)
        for (int64_t i = 0; i < count; i++)
            best[ids[i]] = keys[i] < best[ids[i]] ? keys[i] : best[ids[i]];
    else
        for (int64_t i = 0; i < count; i++)
            best[ids[i]] = keys[i] > best[ids[i]] ? keys[i] : best[ids[i]];
}

static qn_status extreme_update(qn_aggregator *base, const qn_aggregate_rows *rows) {
    extremes *self = (extremes *)base;
    QN_TRY(qn_ordered_encode(&self->ordered, rows->arguments[0], self->keys));
    improve(self, rows->groups, rows->count);
    return QN_OK;
}

static qn_status extreme_finish(qn_aggregator *base, const uint32_t *ids, int64_t count,
                                qn_column **out) {
    extremes *self = (extremes *)base;
    const int64_t *best = self->best.data;
    int64_t *keys = NULL;
    uint64_t *nulls = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&keys, (size_t)count, sizeof *keys), done);
    QN_TRY_GOTO(qn_mem_calloc(&nulls, (size_t)qn_bit_words(count), sizeof *nulls), done);
    for (int64_t i = 0; i < count; i++) {
        keys[i] = best[ids[i]];
        if (qn_presence_of(&base->presence, ids[i]) == 0)
            qn_bit_set(nulls, i);
    }
    QN_TRY_GOTO(qn_ordered_decode(&self->ordered, keys, nulls, count, out), done);
done:
    qn_mem_free(keys);
    qn_mem_free(nulls);
    return status;
}

static qn_status extreme_states(qn_aggregator *base, const uint32_t *ids, int64_t count,
                                qn_batch *out) {
    qn_column *column = NULL;
    QN_TRY(extreme_finish(base, ids, count, &column));
    return qn_batch_append(out, column);
}

static qn_status extreme_merge(qn_aggregator *base, const uint32_t *ids, int64_t count,
                               qn_column *const *states) {
    extremes *self = (extremes *)base;
    if (states[0]->null_count == 0) {
        QN_TRY(qn_ordered_encode(&self->ordered, states[0], self->keys));
        improve(self, ids, count);
        return QN_OK;
    }
    int64_t *rows = NULL, n = 0;
    uint32_t *groups = NULL;
    qn_column *present = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&rows, (size_t)count, sizeof *rows), done);
    QN_TRY_GOTO(qn_mem_alloc(&groups, (size_t)count, sizeof *groups), done);
    for (int64_t i = 0; i < count; i++)
        if (!qn_column_is_null(states[0], i)) {
            groups[n] = ids[i];
            rows[n++] = i;
        }
    QN_TRY_GOTO(qn_column_take(&present, states[0], rows, n), done);
    QN_TRY_GOTO(qn_ordered_encode(&self->ordered, present, self->keys), done);
    improve(self, groups, n);
done:
    qn_mem_free(rows);
    qn_mem_free(groups);
    qn_column_release(present);
    return status;
}

const qn_aggregate_class qn_aggregate_extreme = {
    .size = sizeof(extremes),
    .state_count = 1,
    .counts = true,
    .type = extreme_type,
    .wants = "values that have an order",
    .init = extreme_init,
    .grow = extreme_grow,
    .update = extreme_update,
    .states = extreme_states,
    .merge = extreme_merge,
    .finish = extreme_finish,
    .bytes = extreme_bytes,
    .clear = extreme_clear,
};

/* ---- Values chosen by row: first, last; or by another column: min_by, max_by ------------------
 */

typedef struct choice {
    int64_t row; /* -1: none yet */
    uint64_t word;
    int64_t key; /* min_by, max_by */
    bool null;
} choice;

typedef struct choices {
    qn_aggregator base;
    qn_key *key; /* of the value */
    qn_ordered ordered;
    int64_t *keys;
    qn_slots best; /* choice */
} choices;

static bool is_by(const qn_aggregator *self) {
    return self->class_ == &qn_aggregate_extreme_by;
}

static qn_type choice_type(const qn_aggregate_function *function, const qn_type *types,
                           int32_t count, bool *fits) {
    (void)function;
    *fits = types[0] != QN_VECTOR && (count < 2 || qn_ordered_allows(types[1]));
    return types[0];
}

static qn_status choice_init(qn_aggregator *base, const qn_type *types, int32_t order_count) {
    choices *self = (choices *)base;
    (void)order_count;
    QN_TRY(qn_key_new(&self->key, types, 1));
    if (!is_by(base))
        return QN_OK;
    QN_TRY(qn_ordered_init(&self->ordered, types[1]));
    return qn_mem_alloc(&self->keys, QN_BATCH_ROWS, sizeof *self->keys);
}

static void choice_clear(qn_aggregator *base) {
    choices *self = (choices *)base;
    qn_key_free(self->key);
    qn_ordered_clear(&self->ordered);
    qn_mem_free(self->keys);
    qn_slots_clear(&self->best);
}

static int64_t choice_bytes(const qn_aggregator *base) {
    const choices *self = (const choices *)base;
    return qn_key_bytes(self->key) + qn_ordered_bytes(&self->ordered) +
           self->best.capacity * (int64_t)sizeof(choice);
}

static qn_status choice_grow(qn_aggregator *base, int64_t groups) {
    return qn_slots_grow(&((choices *)base)->best, groups, sizeof(choice), 0xff);
}

static bool is_better(const choices *self, const choice *next, const choice *current) {
    if (current->row < 0)
        return true;
    if (!is_by(&self->base))
        return self->base.function->variant == FIRST ? next->row < current->row
                                                     : next->row > current->row;
    int order = qn_ordered_compare(&self->ordered, next->key, current->key);
    if (order == 0)
        return next->row < current->row;
    return self->base.function->variant == SMALLEST ? order < 0 : order > 0;
}

/* columns: the value and, for the functions by another one, that. Rows below 0 are left out. */
static qn_status choose(choices *self, const uint32_t *ids, int64_t count,
                        qn_column *const *columns, const int64_t *rows) {
    const qn_key_rows *words = NULL;
    choice *best = self->best.data;
    QN_TRY(qn_key_words(self->key, columns, count, true, &words));
    if (is_by(&self->base))
        QN_TRY(qn_ordered_encode(&self->ordered, columns[1], self->keys));
    for (int64_t i = 0; i < count; i++) {
        choice next = {.row = rows[i],
                       .word = words->words[0][i],
                       .key = self->keys != NULL ? self->keys[i] : 0,
                       .null = words->has_nulls && (words->null_words[0][i] & 1) != 0};
        if (next.row >= 0 && is_better(self, &next, &best[ids[i]]))
            best[ids[i]] = next;
    }
    return QN_OK;
}

static qn_status choice_update(qn_aggregator *base, const qn_aggregate_rows *rows) {
    return choose((choices *)base, rows->groups, rows->count, rows->arguments, rows->rows);
}

static qn_status choice_finish(qn_aggregator *base, const uint32_t *ids, int64_t count,
                               qn_column **out) {
    choices *self = (choices *)base;
    const choice *best = self->best.data;
    uint64_t *words = NULL, *nulls = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&words, (size_t)count, sizeof *words), done);
    QN_TRY_GOTO(qn_mem_calloc(&nulls, (size_t)qn_bit_words(count), sizeof *nulls), done);
    for (int64_t i = 0; i < count; i++) {
        bool null = best[ids[i]].row < 0 || best[ids[i]].null;
        words[i] = null ? 0 : best[ids[i]].word;
        if (null)
            qn_bit_set(nulls, i);
    }
    QN_TRY_GOTO(qn_key_values(self->key, 0, words, nulls, count, out), done);
done:
    qn_mem_free(words);
    qn_mem_free(nulls);
    return status;
}

static qn_status order_states(choices *self, const uint32_t *ids, int64_t count, qn_batch *out) {
    const choice *best = self->best.data;
    int64_t *keys = NULL;
    uint64_t *nulls = NULL;
    qn_column *column = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&keys, (size_t)count, sizeof *keys), done);
    QN_TRY_GOTO(qn_mem_calloc(&nulls, (size_t)qn_bit_words(count), sizeof *nulls), done);
    for (int64_t i = 0; i < count; i++) {
        keys[i] = best[ids[i]].key;
        if (best[ids[i]].row < 0)
            qn_bit_set(nulls, i);
    }
    QN_TRY_GOTO(qn_ordered_decode(&self->ordered, keys, nulls, count, &column), done);
    QN_TRY_GOTO(qn_batch_append(out, column), done);
done:
    qn_mem_free(keys);
    qn_mem_free(nulls);
    return status;
}

static qn_status choice_states(qn_aggregator *base, const uint32_t *ids, int64_t count,
                               qn_batch *out) {
    choices *self = (choices *)base;
    const choice *best = self->best.data;
    qn_column *column = NULL;
    QN_TRY(choice_finish(base, ids, count, &column));
    QN_TRY(qn_batch_append(out, column));
    if (is_by(base))
        QN_TRY(order_states(self, ids, count, out));
    QN_TRY(qn_column_new_raw(&column, QN_INT64, count, 0));
    for (int64_t i = 0; i < count; i++)
        column->i64[i] = best[ids[i]].row;
    return qn_batch_append(out, column);
}

static qn_status choice_merge(qn_aggregator *base, const uint32_t *ids, int64_t count,
                              qn_column *const *states) {
    return choose((choices *)base, ids, count, states, states[is_by(base) ? 2 : 1]->i64);
}

const qn_aggregate_class qn_aggregate_pick = {
    .size = sizeof(choices),
    .state_count = 2,
    .keeps_nulls = true,
    .wants_rows = true,
    .type = choice_type,
    .wants = "anything but vectors",
    .init = choice_init,
    .grow = choice_grow,
    .update = choice_update,
    .states = choice_states,
    .merge = choice_merge,
    .finish = choice_finish,
    .bytes = choice_bytes,
    .clear = choice_clear,
};

const qn_aggregate_class qn_aggregate_extreme_by = {
    .size = sizeof(choices),
    .state_count = 3,
    .keeps_nulls = true, /* of the value, not of what it is chosen by */
    .wants_rows = true,
    .type = choice_type,
    .wants = "a value and one that has an order",
    .init = choice_init,
    .grow = choice_grow,
    .update = choice_update,
    .states = choice_states,
    .merge = choice_merge,
    .finish = choice_finish,
    .bytes = choice_bytes,
    .clear = choice_clear,
};
