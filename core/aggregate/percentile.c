/* median, percentile_cont, percentile_disc, approx_percentile (exact here), mode: all values of a
 * group side by side, as integers in their order. */
#include "core/aggregate/family.h"

#include "core/memory.h"

#include <math.h>
#include <string.h>

enum { MEDIAN, CONTINUOUS, DISCRETE }; /* variants of percentiles */

typedef struct values {
    qn_aggregator base;
    qn_ordered ordered;
    int64_t count, capacity, group_capacity;
    int64_t *keys;    /* in the order in which they came; once sorted: by group */
    uint32_t *groups; /* of each */
    int64_t *starts;  /* once sorted: of each group, and one more */
    int32_t *texts;   /* strings: ids by place in their order */
} values;

static qn_type percentile_type(const qn_aggregate_function *function, const qn_type *types,
                               int32_t count, bool *fits) {
    (void)count;
    bool continuous = function->variant != DISCRETE;
    *fits = continuous ? qn_type_is_numeric(types[0]) : qn_ordered_allows(types[0]);
    return continuous ? QN_FLOAT64 : types[0];
}

static qn_type mode_type(const qn_aggregate_function *function, const qn_type *types, int32_t count,
                         bool *fits) {
    (void)function, (void)count;
    *fits = qn_ordered_allows(types[0]);
    return types[0];
}

static qn_status values_init(qn_aggregator *base, const qn_type *types, int32_t order_count) {
    (void)order_count;
    return qn_ordered_init(&((values *)base)->ordered, types[0]);
}

static void values_clear(qn_aggregator *base) {
    values *self = (values *)base;
    qn_ordered_clear(&self->ordered);
    qn_mem_free(self->keys);
    qn_mem_free(self->groups);
    qn_mem_free(self->starts);
    qn_mem_free(self->texts);
}

static int64_t values_bytes(const qn_aggregator *base) {
    const values *self = (const values *)base;
    return self->capacity * 8 + self->group_capacity * 4 + qn_ordered_bytes(&self->ordered);
}

static qn_status values_update(qn_aggregator *base, const qn_aggregate_rows *rows) {
    values *self = (values *)base;
    int64_t needed = self->count + rows->count;
    QN_TRY(qn_mem_reserve(&self->keys, &self->capacity, needed, sizeof *self->keys));
    QN_TRY(qn_mem_reserve(&self->groups, &self->group_capacity, needed, sizeof *self->groups));
    QN_TRY(qn_ordered_encode(&self->ordered, rows->arguments[0], self->keys + self->count));
    memcpy(self->groups + self->count, rows->groups, (size_t)rows->count * sizeof *self->groups);
    self->count = needed;
    return QN_OK;
}

/* ---- By group ------------------------------------------------------------------------------- */

/* Strings' ids become their places, which have the strings' order. */
static qn_status order_texts(values *self) {
    int64_t *places = NULL;
    int32_t count;
    if (self->ordered.texts == NULL)
        return QN_OK;
    count = qn_interner_count(self->ordered.texts);
    QN_TRY(qn_mem_alloc(&self->texts, (size_t)count, sizeof *self->texts));
    QN_TRY(qn_ordered_places(&self->ordered, &places));
    for (int32_t id = 0; id < count; id++)
        self->texts[places[id]] = id;
    for (int64_t i = 0; i < self->count; i++)
        self->keys[i] = places[self->keys[i]];
    qn_mem_free(places);
    return QN_OK;
}

/* Counting sort by group. */
static qn_status group_values(values *self) {
    int64_t groups = self->base.groups;
    int64_t *starts = NULL, *sorted = NULL;
    qn_status status;
    QN_TRY(order_texts(self));
    QN_TRY_GOTO(qn_mem_calloc(&starts, (size_t)groups + 2, sizeof *starts), failed);
    QN_TRY_GOTO(qn_mem_alloc(&sorted, (size_t)self->count, sizeof *sorted), failed);
    int64_t *next = starts + 1; /* of each group: its start, then its end */
    for (int64_t i = 0; i < self->count; i++)
        starts[self->groups[i] + 2]++;
    for (int64_t g = 0; g < groups; g++)
        starts[g + 2] += starts[g + 1];
    for (int64_t i = 0; i < self->count; i++)
        sorted[next[self->groups[i]]++] = self->keys[i];
    qn_mem_free(self->keys);
    qn_mem_free(self->groups);
    self->keys = sorted;
    self->groups = NULL;
    self->group_capacity = 0;
    self->capacity = self->count;
    self->starts = starts;
    return QN_OK;
failed:
    qn_mem_free(starts);
    qn_mem_free(sorted);
    return status;
}

/* ---- Selection ------------------------------------------------------------------------------ */

static void insertion_sort(int64_t *keys, int64_t count) {
    for (int64_t i = 1; i < count; i++) {
        int64_t key = keys[i], k = i;
        for (; k > 0 && keys[k - 1] > key; k--)
            keys[k] = keys[k - 1];
        keys[k] = key;
    }
}

static void sift(int64_t *keys, int64_t root, int64_t count) {
    for (int64_t child; (child = 2 * root + 1) < count; root = child) {
        child += child + 1 < count && keys[child + 1] > keys[child];
        if (keys[root] >= keys[child])
            return;
        int64_t key = keys[root];
        keys[root] = keys[child];
        keys[child] = key;
    }
}

static void heap_sort(int64_t *keys, int64_t count) {
    for (int64_t i = count / 2; i-- > 0;)
        sift(keys, i, count);
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t key = keys[0];
        keys[0] = keys[i];
        keys[i] = key;
        sift(keys, 0, i);
    }
}

static int64_t middle_of(int64_t a, int64_t b, int64_t c) {
    if (a > b) {
        int64_t t = a;
        a = b;
        b = t;
    }
    return c < a ? a : c > b ? b : c;
}

/* Hoare's partition around a pivot that is among the keys: returns where the upper part starts. */
static int64_t split(int64_t *keys, int64_t count, int64_t pivot) {
    int64_t i = -1, j = count;
    for (;;) {
        do
            i++;
        while (keys[i] < pivot);
        do
            j--;
        while (keys[j] > pivot);
        if (i >= j)
            return j + 1;
        int64_t key = keys[i];
        keys[i] = keys[j];
        keys[j] = key;
    }
}

/* Puts the key of rank k in its place, smaller ones before it. Quickselect; if the pivots are bad,
 * a heap sort ends it. */
static void select_key(int64_t *keys, int64_t count, int64_t k) {
    for (int rounds = 0; count > 24; rounds++) {
        if (rounds > 100) {
            heap_sort(keys, count);
            return;
        }
        int64_t pivot = middle_of(keys[0], keys[count / 2], keys[count - 1]);
        if (count > 600)
            pivot = middle_of(pivot, middle_of(keys[count / 8], keys[count / 3], keys[count / 5]),
                              middle_of(keys[count / 4 * 3], keys[count / 7 * 6], keys[count / 9]));
        int64_t at = split(keys, count, pivot);
        at -= at == count; /* the pivot is the greatest and was last */
        if (k < at) {
            count = at;
        } else {
            keys += at;
            count -= at;
            k -= at;
        }
    }
    insertion_sort(keys, count);
}

static int64_t least_of(const int64_t *keys, int64_t count) {
    int64_t least = keys[0];
    for (int64_t i = 1; i < count; i++)
        least = keys[i] < least ? keys[i] : least;
    return least;
}

/* ---- Percentiles ---------------------------------------------------------------------------- */

static int64_t group_count(const values *self, uint32_t group) {
    return self->starts[group + 1] - self->starts[group];
}

static double real_of(const values *self, int64_t key) {
    if (self->base.types[0] == QN_INT32 || self->base.types[0] == QN_INT64)
        return (double)key;
    int64_t bits = key ^ (int64_t)((uint64_t)(key >> 63) >> 1);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Between the two neighbours of place p (n - 1), as Spark does. */
static double continuous(const values *self, uint32_t group) {
    int64_t *keys = self->keys + self->starts[group], n = group_count(self, group);
    double share = self->base.function->variant == MEDIAN ? 0.5 : self->base.options.number;
    double place = share * (double)(n - 1);
    int64_t lower = (int64_t)floor(place), upper = (int64_t)ceil(place);
    select_key(keys, n, lower);
    double low = real_of(self, keys[lower]);
    if (upper == lower)
        return low;
    double high = real_of(self, least_of(keys + upper, n - upper));
    if (low == high)
        return low;
    return ((double)upper - place) * low + (place - (double)lower) * high;
}

/* The first value that at least the share of all is not above. */
static int64_t discrete(const values *self, uint32_t group) {
    int64_t *keys = self->keys + self->starts[group], n = group_count(self, group);
    int64_t place = (int64_t)ceil(self->base.options.number * (double)n) - 1;
    place = place < 0 ? 0 : place >= n ? n - 1 : place;
    select_key(keys, n, place);
    return keys[place];
}

/* The most frequent value, the smallest of several. */
static int64_t most_frequent(const values *self, uint32_t group) {
    int64_t *keys = self->keys + self->starts[group], n = group_count(self, group);
    int64_t best = keys[0], most = 0;
    if (n <= 24)
        insertion_sort(keys, n);
    else
        heap_sort(keys, n);
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && keys[end] == keys[i];)
            end++;
        if (end - i > most) {
            most = end - i;
            best = keys[i];
        }
    }
    return best;
}

static qn_status finish_reals(const values *self, const uint32_t *ids, int64_t count,
                              qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_FLOAT64, count, 0));
    for (int64_t i = 0; i < count; i++) {
        if (group_count(self, ids[i]) > 0) {
            column->f64[i] = continuous(self, ids[i]);
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

static qn_status finish_elements(values *self, const uint32_t *ids, int64_t count,
                                 qn_column **out) {
    int64_t *keys = NULL;
    uint64_t *nulls = NULL;
    qn_status status;
    bool mode = self->base.class_ == &qn_aggregate_mode;
    QN_TRY_GOTO(qn_mem_alloc(&keys, (size_t)count, sizeof *keys), done);
    QN_TRY_GOTO(qn_mem_calloc(&nulls, (size_t)qn_bit_words(count), sizeof *nulls), done);
    for (int64_t i = 0; i < count; i++) {
        keys[i] = 0;
        if (group_count(self, ids[i]) == 0) {
            qn_bit_set(nulls, i);
            continue;
        }
        keys[i] = mode ? most_frequent(self, ids[i]) : discrete(self, ids[i]);
        if (self->texts != NULL)
            keys[i] = self->texts[keys[i]];
    }
    QN_TRY_GOTO(qn_ordered_decode(&self->ordered, keys, nulls, count, out), done);
done:
    qn_mem_free(keys);
    qn_mem_free(nulls);
    return status;
}

static qn_status values_finish(qn_aggregator *base, const uint32_t *ids, int64_t count,
                               qn_column **out) {
    values *self = (values *)base;
    if (self->starts == NULL)
        QN_TRY(group_values(self));
    bool reals = base->class_ == &qn_aggregate_percentile && base->function->variant != DISCRETE;
    return reals ? finish_reals(self, ids, count, out) : finish_elements(self, ids, count, out);
}

const qn_aggregate_class qn_aggregate_percentile = {
    .size = sizeof(values),
    .state_count = -1,
    .distinct_matters = true,
    .type = percentile_type,
    .wants = "a number (percentile_disc: values that have an order)",
    .init = values_init,
    .update = values_update,
    .finish = values_finish,
    .bytes = values_bytes,
    .clear = values_clear,
};

const qn_aggregate_class qn_aggregate_mode = {
    .size = sizeof(values),
    .state_count = -1,
    .distinct_matters = true,
    .type = mode_type,
    .wants = "values that have an order",
    .init = values_init,
    .update = values_update,
    .finish = values_finish,
    .bytes = values_bytes,
    .clear = values_clear,
};
