#include "core/aggregate/family.h"

#include "core/memory.h"

#include <string.h>

/* ---- The functions -------------------------------------------------------------------------- */

enum { FIRST, LAST };
enum { SMALLEST, GREATEST };

static const qn_aggregate_function functions[] = {
    {"count", &qn_aggregate_count, 0, 0, 2},
    {"approx_count_distinct", &qn_aggregate_count, 1, 1, 1},
    {"count_if", &qn_aggregate_count_if, 0, 1, 1},
    {"sum", &qn_aggregate_sum, 0, 1, 1},
    {"avg", &qn_aggregate_sum, 1, 1, 1},
    {"mean", &qn_aggregate_sum, 1, 1, 1},
    {"min", &qn_aggregate_extreme, SMALLEST, 1, 1},
    {"max", &qn_aggregate_extreme, GREATEST, 1, 1},
    {"bool_and", &qn_aggregate_extreme, SMALLEST, 1, 1},
    {"every", &qn_aggregate_extreme, SMALLEST, 1, 1},
    {"bool_or", &qn_aggregate_extreme, GREATEST, 1, 1},
    {"any", &qn_aggregate_extreme, GREATEST, 1, 1},
    {"some", &qn_aggregate_extreme, GREATEST, 1, 1},
    {"bit_and", &qn_aggregate_bits, 0, 1, 1},
    {"bit_or", &qn_aggregate_bits, 1, 1, 1},
    {"bit_xor", &qn_aggregate_bits, 2, 1, 1},
    {"stddev", &qn_aggregate_moments, 0, 1, 1},
    {"stddev_samp", &qn_aggregate_moments, 0, 1, 1},
    {"std", &qn_aggregate_moments, 0, 1, 1},
    {"stddev_pop", &qn_aggregate_moments, 1, 1, 1},
    {"variance", &qn_aggregate_moments, 2, 1, 1},
    {"var_samp", &qn_aggregate_moments, 2, 1, 1},
    {"var_pop", &qn_aggregate_moments, 3, 1, 1},
    {"corr", &qn_aggregate_moments, 4, 2, 2},
    {"covar_samp", &qn_aggregate_moments, 5, 2, 2},
    {"covar_pop", &qn_aggregate_moments, 6, 2, 2},
    {"regr_slope", &qn_aggregate_moments, 7, 2, 2},
    {"regr_intercept", &qn_aggregate_moments, 8, 2, 2},
    {"regr_r2", &qn_aggregate_moments, 9, 2, 2},
    {"regr_avgx", &qn_aggregate_moments, 10, 2, 2},
    {"regr_avgy", &qn_aggregate_moments, 11, 2, 2},
    {"regr_sxx", &qn_aggregate_moments, 12, 2, 2},
    {"regr_syy", &qn_aggregate_moments, 13, 2, 2},
    {"regr_sxy", &qn_aggregate_moments, 14, 2, 2},
    {"regr_count", &qn_aggregate_count, 2, 2, 2},
    {"skewness", &qn_aggregate_shape, 0, 1, 1},
    {"kurtosis", &qn_aggregate_shape, 1, 1, 1},
    {"first", &qn_aggregate_pick, FIRST, 1, 1},
    {"first_value", &qn_aggregate_pick, FIRST, 1, 1},
    {"last", &qn_aggregate_pick, LAST, 1, 1},
    {"last_value", &qn_aggregate_pick, LAST, 1, 1},
    {"any_value", &qn_aggregate_pick, FIRST, 1, 1},
    {"min_by", &qn_aggregate_extreme_by, SMALLEST, 2, 2},
    {"max_by", &qn_aggregate_extreme_by, GREATEST, 2, 2},
    {"median", &qn_aggregate_percentile, 0, 1, 1},
    {"percentile", &qn_aggregate_percentile, 1, 1, 1},
    {"percentile_cont", &qn_aggregate_percentile, 1, 1, 1},
    {"percentile_disc", &qn_aggregate_percentile, 2, 1, 1},
    {"approx_percentile", &qn_aggregate_percentile, 2, 1, 1},
    {"percentile_approx", &qn_aggregate_percentile, 2, 1, 1},
    {"mode", &qn_aggregate_mode, 0, 1, 1},
    {"collect_list", &qn_aggregate_list, 0, 1, 1},
    {"array_agg", &qn_aggregate_list, 0, 1, 1},
    {"collect_set", &qn_aggregate_list, 1, 1, 1},
    {"string_agg", &qn_aggregate_list, 2, 1, 1},
    {"listagg", &qn_aggregate_list, 2, 1, 1},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

const char *qn_aggregate_function_name(int32_t index) {
    return index >= 0 && index < FUNCTIONS ? functions[index].name : NULL;
}

static const qn_aggregate_function *find(const char *name) {
    for (int i = 0; i < FUNCTIONS; i++)
        if (strcmp(functions[i].name, name) == 0)
            return &functions[i];
    return NULL;
}

bool qn_aggregate_function_exists(const char *function) {
    return find(function) != NULL;
}

static qn_status find_or_fail(const char *name, const qn_aggregate_function **out) {
    const char *names[FUNCTIONS];
    *out = find(name);
    if (*out != NULL)
        return QN_OK;
    for (int i = 0; i < FUNCTIONS; i++)
        names[i] = functions[i].name;
    const char *near = qn_nearest(name, names, FUNCTIONS);
    qn_status status = qn_fail(QN_JOB, "there is no aggregate function '%s'", name);
    if (near != NULL)
        qn_error_help("did you mean '%s'?", near);
    return status;
}

static bool is_logical(const char *name) {
    return strncmp(name, "bool_", 5) == 0 || strcmp(name, "every") == 0 ||
           strcmp(name, "any") == 0 || strcmp(name, "some") == 0;
}

static qn_status check_type(const qn_aggregate_function *function, const qn_type *types,
                            int32_t count, qn_type *out) {
    if (count < function->least || count > function->most)
        return qn_fail(QN_JOB, "%s takes %d%s%s argument%s, not %d", function->name,
                       function->least, function->most > function->least ? " to " : "",
                       function->most == function->least ? ""
                       : function->most == 1             ? "1"
                                                         : "2",
                       function->most == 1 && function->least == 1 ? "" : "s", count);
    bool fits = true;
    qn_type type = function->class_->type(function, types, count, &fits);
    if (is_logical(function->name) && types[0] != QN_BOOL)
        return qn_fail(QN_JOB, "%s takes a bool, not %s", function->name, qn_type_name(types[0]));
    if (!fits && count == 2)
        return qn_fail(QN_JOB, "%s takes %s, not %s and %s", function->name,
                       function->class_->wants, qn_type_name(types[0]), qn_type_name(types[1]));
    if (!fits)
        return qn_fail(QN_JOB, "%s takes %s, not %s", function->name, function->class_->wants,
                       qn_type_name(types[0]));
    *out = type;
    return QN_OK;
}

qn_status qn_aggregate_function_type(const char *function, const qn_type *arguments, int32_t count,
                                     qn_type *out) {
    const qn_aggregate_function *found = NULL;
    QN_TRY(find_or_fail(function, &found));
    return check_type(found, arguments, count, out);
}

/* ---- What families share -------------------------------------------------------------------- */

qn_status qn_slots_grow(qn_slots *slots, int64_t count, size_t size, int fill) {
    if (count <= slots->count)
        return QN_OK;
    if (count > slots->capacity) {
        int64_t capacity = slots->capacity + slots->capacity / 2;
        capacity = capacity < count ? count : capacity;
        capacity = capacity < 16 ? 16 : capacity;
        QN_TRY(qn_mem_resize(&slots->data, (size_t)capacity, size));
        slots->capacity = capacity;
    }
    memset((char *)slots->data + (size_t)slots->count * size, fill,
           (size_t)(count - slots->count) * size);
    slots->count = count;
    return QN_OK;
}

void qn_slots_clear(qn_slots *slots) {
    qn_mem_free(slots->data);
    *slots = (qn_slots){0};
}

QN_AGGREGATE_CLONES static void widen_f32(const float *restrict from, int64_t count,
                                          double *restrict out) {
    for (int64_t i = 0; i < count; i++)
        out[i] = (double)from[i];
}
QN_AGGREGATE_CLONES static void widen_i32(const int32_t *restrict from, int64_t count,
                                          double *restrict out) {
    for (int64_t i = 0; i < count; i++)
        out[i] = from[i];
}
QN_AGGREGATE_CLONES static void widen_i64(const int64_t *restrict from, int64_t count,
                                          double *restrict out) {
    for (int64_t i = 0; i < count; i++)
        out[i] = (double)from[i];
}

const double *qn_aggregate_reals(const qn_column *column, double *buffer) {
    switch (column->type) {
    case QN_FLOAT64:
        return column->f64;
    case QN_FLOAT32:
        widen_f32(column->f32, column->length, buffer);
        return buffer;
    case QN_INT32:
        widen_i32(column->i32, column->length, buffer);
        return buffer;
    default:
        widen_i64(column->i64, column->length, buffer);
        return buffer;
    }
}

/* ---- Values that were there already --------------------------------------------------------- */

typedef struct qn_distinct_rows {
    qn_key *key; /* group, arguments */
    qn_groups *seen;
    uint32_t *ids;
} qn_distinct_rows;

static void distinct_free(qn_distinct_rows *self) {
    if (self == NULL)
        return;
    qn_groups_free(self->seen);
    qn_key_free(self->key);
    qn_mem_free(self->ids);
    qn_mem_free(self);
}

static qn_status distinct_new(qn_distinct_rows **out, const qn_type *types, int32_t count) {
    qn_distinct_rows *self = NULL;
    qn_type all[3] = {QN_INT64};
    qn_status status;
    for (int32_t k = 0; k < count; k++)
        all[k + 1] = types[k];
    QN_TRY(qn_mem_calloc(&self, 1, sizeof *self));
    QN_TRY_GOTO(qn_key_new(&self->key, all, count + 1), failed);
    QN_TRY_GOTO(qn_groups_new(&self->seen, self->key), failed);
    QN_TRY_GOTO(qn_mem_alloc(&self->ids, QN_BATCH_ROWS, sizeof *self->ids), failed);
    *out = self;
    return QN_OK;
failed:
    distinct_free(self);
    return status;
}

/* Sets keep[i] for rows whose group and arguments are new. */
static qn_status distinct_mark(qn_distinct_rows *self, const qn_aggregate_rows *rows,
                               int32_t argument_count, uint64_t *keep) {
    qn_column *group = NULL, *columns[3] = {NULL};
    const qn_key_rows *words = NULL;
    qn_status status;
    QN_TRY(qn_column_new_raw(&group, QN_INT64, rows->count, 0));
    for (int64_t i = 0; i < rows->count; i++)
        group->i64[i] = rows->groups[i];
    columns[0] = group;
    for (int32_t k = 0; k < argument_count; k++)
        columns[k + 1] = rows->arguments[k];
    int64_t next = qn_groups_count(self->seen);
    QN_TRY_GOTO(qn_key_words(self->key, columns, rows->count, true, &words), done);
    QN_TRY_GOTO(qn_groups_find(self->seen, words, true, self->ids), done);
    memset(keep, 0, (size_t)qn_bit_words(rows->count) * sizeof *keep);
    for (int64_t i = 0; i < rows->count; i++)
        if (self->ids[i] == next) {
            qn_bit_set(keep, i);
            next++;
        }
done:
    qn_column_release(group);
    return status;
}

/* ---- Aggregators ---------------------------------------------------------------------------- */

void qn_aggregator_free(qn_aggregator *aggregator) {
    if (aggregator == NULL)
        return;
    aggregator->class_->clear(aggregator);
    qn_slots_clear(&aggregator->presence.counts);
    distinct_free(aggregator->distinct);
    qn_mem_free((void *)(uintptr_t)aggregator->options.text);
    qn_mem_free((void *)(uintptr_t)aggregator->options.order);
    qn_mem_free(aggregator);
}

static qn_status copy_options(qn_aggregator *self, const qn_aggregate_options *options) {
    self->options = *options;
    self->options.text = NULL;
    self->options.order = NULL;
    char *text = NULL;
    qn_sort_key *order = NULL;
    if (options->text != NULL)
        QN_TRY(qn_mem_copy_text(&text, options->text));
    self->options.text = text;
    if (options->order_count > 0)
        QN_TRY(qn_mem_copy(&order, options->order, (size_t)options->order_count, sizeof *order));
    self->options.order = order;
    return QN_OK;
}

static qn_status init(qn_aggregator *self, const qn_type *types, int32_t argument_count,
                      const qn_aggregate_options *options, int64_t *const *shared_rows) {
    QN_TRY(copy_options(self, options));
    self->presence.shared = shared_rows;
    self->presence.own = shared_rows == NULL;
    bool distinct = options->distinct && self->class_->distinct_matters;
    if (self->class_ == &qn_aggregate_count && self->function->variant == 1)
        distinct = true;
    if (self->class_ == &qn_aggregate_list && self->function->variant == 1)
        distinct = true;
    if (distinct && argument_count > 0)
        QN_TRY(distinct_new(&self->distinct, types, argument_count));
    return self->class_->init != NULL ? self->class_->init(self, types, options->order_count)
                                      : QN_OK;
}

/* Values in a given order, or a place in it, need all rows together. */
static const qn_aggregate_class *class_for(const qn_aggregate_function *function,
                                           const qn_aggregate_options *options) {
    if (function->class_ == &qn_aggregate_pick && options->order_count > 0)
        return &qn_aggregate_list;
    return function->class_;
}

qn_status qn_aggregator_new(qn_aggregator **out, const char *function, const qn_type *types,
                            int32_t argument_count, const qn_aggregate_options *options,
                            int64_t *const *shared_rows) {
    const qn_aggregate_function *found = NULL;
    qn_type result;
    QN_TRY(find_or_fail(function, &found));
    QN_TRY(check_type(found, types, argument_count, &result));
    if (found->class_ == &qn_aggregate_percentile && found->variant > 0 &&
        !(options->number >= 0 && options->number <= 1))
        return qn_fail(QN_JOB, "%s takes a share from 0 to 1, not %g", function, options->number);
    const qn_aggregate_class *class_ = class_for(found, options);
    qn_aggregator *self = NULL;
    QN_TRY(qn_mem_calloc(&self, 1, class_->size));
    self->class_ = class_;
    self->function = found;
    self->argument_count = argument_count;
    self->state_count = class_->state_count;
    self->result = result;
    for (int32_t k = 0; k < argument_count; k++)
        self->types[k] = types[k];
    qn_status status = init(self, types, argument_count, options, shared_rows);
    if (status != QN_OK) {
        qn_aggregator_free(self);
        return status;
    }
    *out = self;
    return QN_OK;
}

bool qn_aggregator_is_mergeable(const qn_aggregator *aggregator) {
    return aggregator->state_count >= 0 && aggregator->distinct == NULL;
}

bool qn_aggregator_wants_rows(const qn_aggregator *aggregator) {
    return aggregator->class_->wants_rows;
}

qn_status qn_aggregator_grow(qn_aggregator *aggregator, int64_t groups) {
    if (groups <= aggregator->groups)
        return QN_OK;
    if (aggregator->class_->counts && aggregator->presence.own)
        QN_TRY(qn_slots_grow(&aggregator->presence.counts, groups, sizeof(int64_t), 0));
    if (aggregator->class_->grow != NULL)
        QN_TRY(aggregator->class_->grow(aggregator, groups));
    aggregator->groups = groups;
    return QN_OK;
}

int64_t qn_aggregator_bytes(const qn_aggregator *aggregator) {
    int64_t bytes = aggregator->presence.counts.capacity * 8;
    if (aggregator->distinct != NULL)
        bytes += qn_groups_bytes(aggregator->distinct->seen) +
                 qn_key_bytes(aggregator->distinct->key) + QN_BATCH_ROWS * 4;
    return bytes + (aggregator->class_->bytes != NULL ? aggregator->class_->bytes(aggregator) : 0);
}

/* ---- Rows that count ------------------------------------------------------------------------ */

/* Rows that are left after filter and nulls, side by side. */
typedef struct selection {
    qn_aggregate_rows rows;
    int64_t *places; /* of them */
    uint32_t *groups;
    int64_t *numbers;
    qn_column *arguments[2];
    qn_column **order;
    int32_t order_count;
} selection;

static void selection_clear(selection *self) {
    qn_mem_free(self->places);
    qn_mem_free(self->groups);
    qn_mem_free(self->numbers);
    for (int k = 0; k < 2; k++)
        qn_column_release(self->arguments[k]);
    for (int32_t k = 0; k < self->order_count && self->order != NULL; k++)
        qn_column_release(self->order[k]);
    qn_mem_free(self->order);
    *self = (selection){0};
}

static void and_bits(uint64_t *keep, const uint64_t *bits, int64_t count) {
    for (int64_t w = 0; w < qn_bit_words(count); w++)
        keep[w] &= bits[w];
}

/* Bits of rows that count; false if that is all of them. */
static bool mark(const qn_aggregator *self, const qn_aggregate_rows *rows, uint64_t *keep) {
    bool all = true;
    int64_t words = qn_bit_words(rows->count);
    memset(keep, 0xff, (size_t)words * sizeof *keep);
    if (rows->count % 64 != 0)
        keep[words - 1] = (UINT64_C(1) << (rows->count % 64)) - 1;
    if (rows->filter != NULL) {
        and_bits(keep, rows->filter->bits, rows->count);
        if (rows->filter->validity != NULL)
            and_bits(keep, rows->filter->validity, rows->count);
        all = false;
    }
    bool keeps_nulls = self->class_->keeps_nulls && !self->options.ignore_nulls;
    bool pick = self->class_ == &qn_aggregate_list && self->function->class_ == &qn_aggregate_pick;
    for (int32_t k = 0; k < self->argument_count; k++) {
        const uint64_t *validity = rows->arguments[k]->validity;
        bool kept = (keeps_nulls || (pick && !self->options.ignore_nulls)) &&
                    (k == 0 || self->class_ != &qn_aggregate_extreme_by);
        if (validity == NULL || kept)
            continue;
        and_bits(keep, validity, rows->count);
        all = false;
    }
    return !all;
}

static qn_status take_order(selection *self, const qn_aggregate_rows *rows, int32_t order_count) {
    if (order_count == 0)
        return QN_OK;
    QN_TRY(qn_mem_calloc(&self->order, (size_t)order_count, sizeof(qn_column *)));
    self->order_count = order_count;
    for (int32_t k = 0; k < order_count; k++)
        QN_TRY(qn_column_take(&self->order[k], rows->order[k], self->places, self->rows.count));
    self->rows.order = self->order;
    return QN_OK;
}

static qn_status select_rows(selection *self, const qn_aggregator *aggregator,
                             const qn_aggregate_rows *rows, const uint64_t *keep) {
    int64_t count = qn_bits_count(keep, rows->count), n = 0;
    *self = (selection){.rows = {.count = count}};
    QN_TRY(qn_mem_alloc(&self->places, (size_t)count, sizeof *self->places));
    QN_TRY(qn_mem_alloc(&self->groups, (size_t)count, sizeof *self->groups));
    QN_TRY(qn_mem_alloc(&self->numbers, (size_t)count, sizeof *self->numbers));
    for (int64_t w = 0; w < qn_bit_words(rows->count); w++)
        for (uint64_t left = keep[w]; left != 0; left &= left - 1)
            self->places[n++] = 64 * w + __builtin_ctzll(left);
    for (int64_t i = 0; i < count; i++)
        self->groups[i] = rows->groups[self->places[i]];
    for (int64_t i = 0; i < count && rows->rows != NULL; i++)
        self->numbers[i] = rows->rows[self->places[i]];
    for (int32_t k = 0; k < aggregator->argument_count; k++)
        QN_TRY(qn_column_take(&self->arguments[k], rows->arguments[k], self->places, count));
    self->rows.groups = self->groups;
    self->rows.rows = rows->rows != NULL ? self->numbers : NULL;
    self->rows.arguments = self->arguments;
    return take_order(self, rows, aggregator->options.order_count);
}

/* From now on this function's values are fewer than the rows. */
static qn_status start_counting(qn_aggregator *self) {
    if (self->presence.own || !self->class_->counts)
        return QN_OK;
    QN_TRY(qn_slots_grow(&self->presence.counts, self->groups, sizeof(int64_t), 0));
    memcpy(self->presence.counts.data, *self->presence.shared,
           (size_t)self->groups * sizeof(int64_t));
    self->presence.own = true;
    return QN_OK;
}

static qn_status update_all(qn_aggregator *self, const qn_aggregate_rows *rows) {
    if (self->class_->counts && self->presence.own) {
        int64_t *counts = self->presence.counts.data;
        for (int64_t i = 0; i < rows->count; i++)
            counts[rows->groups[i]]++;
    }
    return self->class_->update != NULL ? self->class_->update(self, rows) : QN_OK;
}

static qn_status update_selected(qn_aggregator *self, const qn_aggregate_rows *rows,
                                 const uint64_t *keep) {
    selection selected;
    qn_status status = start_counting(self);
    QN_TRY(status);
    status = select_rows(&selected, self, rows, keep);
    if (status == QN_OK && selected.rows.count > 0)
        status = update_all(self, &selected.rows);
    selection_clear(&selected);
    return status;
}

static qn_status update_distinct(qn_aggregator *self, const qn_aggregate_rows *rows) {
    uint64_t keep[QN_BATCH_ROWS / 64];
    QN_TRY(distinct_mark(self->distinct, rows, self->argument_count, keep));
    return update_selected(self, rows, keep);
}

qn_status qn_aggregator_update(qn_aggregator *aggregator, const qn_aggregate_rows *rows) {
    uint64_t keep[QN_BATCH_ROWS / 64];
    if (!mark(aggregator, rows, keep))
        return aggregator->distinct != NULL ? update_distinct(aggregator, rows)
                                            : update_all(aggregator, rows);
    if (aggregator->distinct == NULL)
        return update_selected(aggregator, rows, keep);
    selection selected;
    qn_status status = select_rows(&selected, aggregator, rows, keep);
    if (status == QN_OK && selected.rows.count > 0)
        status = update_distinct(aggregator, &selected.rows);
    else if (status == QN_OK)
        status = start_counting(aggregator);
    selection_clear(&selected);
    return status;
}

/* ---- States --------------------------------------------------------------------------------- */

int32_t qn_aggregator_state_count(const qn_aggregator *aggregator) {
    return aggregator->state_count + (aggregator->class_->counts ? 1 : 0);
}

void qn_aggregator_even_states(qn_aggregator *aggregator) {
    aggregator->even_states = true;
}

qn_status qn_aggregator_states(qn_aggregator *aggregator, const uint32_t *ids, int64_t count,
                               qn_batch *out) {
    if (aggregator->class_->counts) {
        qn_column *counts = NULL;
        QN_TRY(qn_column_new_raw(&counts, QN_INT64, count, 0));
        for (int64_t i = 0; i < count; i++)
            counts->i64[i] = qn_presence_of(&aggregator->presence, ids[i]);
        QN_TRY(qn_batch_append(out, counts));
    }
    return aggregator->class_->states != NULL
               ? aggregator->class_->states(aggregator, ids, count, out)
               : QN_OK;
}

qn_status qn_aggregator_merge(qn_aggregator *aggregator, const uint32_t *ids, int64_t count,
                              qn_column *const *states) {
    if (aggregator->class_->counts) {
        int64_t *counts = aggregator->presence.counts.data;
        for (int64_t i = 0; i < count; i++)
            counts[ids[i]] += states[0]->i64[i];
        states++;
    }
    return aggregator->class_->merge != NULL
               ? aggregator->class_->merge(aggregator, ids, count, states)
               : QN_OK;
}

qn_status qn_aggregator_finish(qn_aggregator *aggregator, const uint32_t *ids, int64_t count,
                               qn_column **out) {
    return aggregator->class_->finish(aggregator, ids, count, out);
}
