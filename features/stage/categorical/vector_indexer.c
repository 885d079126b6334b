/* vector_indexer: the slots of a vector that take few values as category indices.
 *
 * A slot with at most max_categories distinct values in the fitted rows is categorical: its values
 * become indices in ascending order, but 0 is always index 0, so sparse vectors stay sparse. Other
 * slots stay as they are. NaN is no category: fit does not count it. The values of a slot are kept
 * as its categories (Spark lists them ascending, which is not the order of the indices where 0 and
 * negative values meet; here it is). */
#include "core/memory.h"
#include "features/stage/as_text.h"
#include "features/stage/categorical/distinct_values.h"
#include "features/stage/columns.h"
#include "features/stage/labels.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const qn_option options[] = {
    QN_VECTORS_OPTIONS,
    {"max_categories", QN_OPTION_INT, "20", "[2,2147483647]",
     "a slot with more distinct values is a number"},
    {"handle_invalid", QN_OPTION_CHOICE, "error", "error|skip|keep",
     "values not seen in fit, in slots of categories: stop, drop the row, or index them last"},
    {NULL, 0, NULL, NULL, NULL}};

/* starts[s] .. starts[s + 1] are the values of slot s in order of their indices; none: a number. */
typedef struct vector_indexer {
    qn_stage base;
    qn_distinct_values counting; /* while fitting */
    int64_t width, start_count, value_count;
    int64_t *starts; /* width + 1 */
    double *values;
    int64_t zeroless_count; /* slots of categories that do not have 0 */
    int32_t *zeroless;
} vector_indexer;

static int64_t categories_of(const vector_indexer *self, int32_t slot) {
    return self->starts[slot + 1] - self->starts[slot];
}

static bool handles_invalid(const vector_indexer *self, const char *how) {
    return qn_options_is(self->base.options, "handle_invalid", how);
}

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_view text_at(const void *context, int64_t i) {
    return qn_column_string(context, i);
}

/* The values of a slot as texts, and "__unknown" where such values get an index. */
static qn_status name_categories(const vector_indexer *self, int32_t slot, const char *source,
                                 qn_attributes **out) {
    int64_t count = categories_of(self, slot);
    qn_column *values = NULL, *texts = NULL;
    qn_labels labels = {0};
    qn_status status;
    QN_TRY_GOTO(qn_column_new(&values, QN_FLOAT64, count, 0), done);
    memcpy(values->f64, self->values + self->starts[slot], (size_t)count * sizeof *values->f64);
    QN_TRY_GOTO(qn_as_text(&texts, values), done);
    QN_TRY_GOTO(qn_labels_build_from(&labels, text_at, texts, count), done);
    status = qn_labels_attributes(&labels, handles_invalid(self, "keep") ? "__unknown" : NULL,
                                  source, out);
done:
    qn_column_release(values);
    qn_column_release(texts);
    qn_labels_clear(&labels);
    return status;
}

static qn_status set_slot(const vector_indexer *self, const qn_field *field, int32_t slot,
                          qn_attributes *attributes) {
    char *source = NULL;
    qn_attributes *nominal = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_vectors_slot_name(&source, field, slot), done);
    if (field->attributes != NULL && field->attributes->names != NULL) {
        qn_mem_free(source);
        source = NULL;
        QN_TRY_GOTO(qn_mem_copy_text(&source, field->attributes->names[slot]), done);
    }
    QN_TRY_GOTO(name_categories(self, slot, source, &nominal), done);
    status = qn_attributes_set_slot(attributes, slot, nominal);
done:
    qn_attributes_release(nominal);
    qn_mem_free(source);
    return status;
}

/* The input's names, and the categories of each slot. */
static qn_status make_attributes(const vector_indexer *self, const qn_field *field,
                                 qn_attributes **out) {
    char *const *names = field->attributes == NULL ? NULL : field->attributes->names;
    qn_attributes *attributes = NULL;
    QN_TRY(qn_attributes_new(&attributes, QN_ATTRIBUTE_VECTOR, (const char *const *)names,
                             field->width));
    for (int32_t slot = 0; slot < field->width; slot++) {
        if (categories_of(self, slot) == 0)
            continue;
        qn_status status = set_slot(self, field, slot, attributes);
        if (status != QN_OK) {
            qn_attributes_release(attributes);
            return status;
        }
    }
    *out = attributes;
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    vector_indexer *self = (vector_indexer *)stage;
    int32_t index;
    qn_attributes *attributes = NULL;
    QN_TRY(qn_vectors_find(stage, in, &index));
    const qn_field *field = &in->fields[index];
    QN_TRY(qn_vectors_check_fitted(stage, field, self->width));
    if (stage->fitted)
        QN_TRY(make_attributes(self, field, &attributes));
    qn_status status = qn_vectors_bind(stage, in, field->width, attributes, out);
    qn_attributes_release(attributes);
    return status;
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    vector_indexer *self = (vector_indexer *)stage;
    int32_t index;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    if (self->counting.slots == NULL)
        QN_TRY(qn_distinct_values_init(&self->counting, schema->fields[index].width,
                                       qn_options_int(stage->options, "max_categories")));
    return qn_distinct_values_add(&self->counting, batch->columns[index]);
}

/* From the values of each slot in ascending order: 0 first. */
static void zero_first(double *values, int64_t count) {
    int64_t zero = 0;
    while (zero < count && values[zero] != 0)
        zero++;
    if (zero == count)
        return;
    memmove(values + 1, values, (size_t)zero * sizeof *values);
    values[0] = 0;
}

static qn_status list_zeroless(vector_indexer *self) {
    QN_TRY(qn_mem_alloc(&self->zeroless, (size_t)self->width, sizeof *self->zeroless));
    self->zeroless_count = 0;
    for (int32_t slot = 0; slot < self->width; slot++)
        if (categories_of(self, slot) > 0 && self->values[self->starts[slot]] != 0)
            self->zeroless[self->zeroless_count++] = slot;
    return QN_OK;
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    vector_indexer *self = (vector_indexer *)stage;
    QN_TRY(qn_distinct_values_reduce(&self->counting, comm));
    QN_TRY(qn_vectors_check_rows(stage, self->counting.rows));
    QN_TRY(qn_distinct_values_sorted(&self->counting, &self->starts, &self->values));
    self->width = self->counting.width;
    self->start_count = self->width + 1;
    self->value_count = self->starts[self->width];
    qn_distinct_values_clear(&self->counting);
    for (int32_t slot = 0; slot < self->width; slot++)
        zero_first(self->values + self->starts[slot], categories_of(self, slot));
    return list_zeroless(self);
}

/* ---- Transform ------------------------------------------------------------------------------ */

/* Index of a value among `count` in ascending order but for a 0 in front; `count`: not there. */
static int64_t index_of(const double *values, int64_t count, double value) {
    if (values[0] == value)
        return 0;
    int64_t low = values[0] == 0, high = count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (values[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && values[low] == value ? low : count;
}

/* A transform: what it does with values not seen, and the first error met. */
typedef struct run {
    const vector_indexer *self;
    uint64_t *keep; /* rows that stay, with skip; else NULL */
    bool keeps;
    int64_t bad_row; /* -1: none */
    int32_t bad_slot;
    double bad_value;
} run;

static double map_value(run *of, int64_t row, int32_t slot, double value) {
    const vector_indexer *self = of->self;
    int64_t count = categories_of(self, slot);
    if (count == 0)
        return value;
    int64_t index = index_of(self->values + self->starts[slot], count, value);
    if (index < count || of->keeps)
        return (double)index;
    if (of->keep != NULL) {
        qn_bit_reset(of->keep, row);
    } else if (of->bad_row < 0) {
        of->bad_row = row;
        of->bad_slot = slot;
        of->bad_value = value;
    }
    return 0;
}

static qn_status index_dense(run *of, const qn_column *in, qn_column **out) {
    int64_t width = in->width;
    QN_TRY(qn_column_new_raw(out, QN_VECTOR, in->length, in->width));
    memcpy((*out)->f64, in->f64, (size_t)(in->length * width) * sizeof *in->f64);
    for (int64_t row = 0; row < in->length; row++) {
        if (qn_column_is_null(in, row))
            continue;
        double *values = (*out)->f64 + row * width;
        for (int32_t slot = 0; slot < in->width; slot++)
            values[slot] = map_value(of, row, slot, values[slot]);
    }
    return QN_OK;
}

static void put(qn_column *out, int32_t *end, int32_t slot, double value) {
    out->indices[*end] = slot;
    out->f64[(*end)++] = value;
}

/* The stored entries of a row, and between them what the zeros of zeroless slots become. */
static void index_sparse_row(run *of, const qn_column *in, int64_t row, qn_column *out,
                             int32_t *end) {
    const vector_indexer *self = of->self;
    int64_t z = 0;
    for (int32_t k = in->offsets[row]; k < in->offsets[row + 1]; k++) {
        int32_t slot = in->indices[k];
        for (; z < self->zeroless_count && self->zeroless[z] < slot; z++)
            put(out, end, self->zeroless[z], map_value(of, row, self->zeroless[z], 0));
        z += z < self->zeroless_count && self->zeroless[z] == slot;
        put(out, end, slot, map_value(of, row, slot, in->f64[k]));
    }
    for (; z < self->zeroless_count; z++)
        put(out, end, self->zeroless[z], map_value(of, row, self->zeroless[z], 0));
}

static qn_status index_sparse(run *of, const qn_column *in, qn_column **out) {
    int64_t stored = in->offsets[in->length] + in->length * of->self->zeroless_count;
    int32_t end = 0;
    if (stored > INT32_MAX)
        return qn_fail(QN_MEMORY,
                       "%lld slots of the sparse vectors never were 0 in fit: "
                       "their entries do not fit one batch",
                       (long long)of->self->zeroless_count);
    QN_TRY(qn_column_new_sparse(out, in->length, in->width, stored));
    for (int64_t row = 0; row < in->length; row++) {
        if (!qn_column_is_null(in, row))
            index_sparse_row(of, in, row, *out, &end);
        (*out)->offsets[row + 1] = end;
    }
    return QN_OK;
}

static qn_status fail_unseen(const run *of, const qn_field *field, const qn_batch *batch) {
    return qn_fail(QN_DATA,
                   "column '%s' has %.17g in slot %d at row %lld (counting from 0), which was not "
                   "seen in fit; set handle_invalid to skip or keep",
                   field->name, of->bad_value, of->bad_slot,
                   (long long)qn_batch_row(batch, of->bad_row));
}

static qn_status index_column(run *of, const qn_field *field, const qn_batch *batch,
                              const qn_column *in, qn_column **out) {
    qn_column *indexed = NULL;
    qn_status status =
        in->indices != NULL ? index_sparse(of, in, &indexed) : index_dense(of, in, &indexed);
    if (status == QN_OK && of->bad_row >= 0)
        status = fail_unseen(of, field, batch);
    if (status == QN_OK)
        status = qn_vectors_copy_nulls(indexed, in);
    if (status == QN_OK)
        *out = indexed;
    else
        qn_column_release(indexed);
    return status;
}

static qn_status append_kept(const run *of, const qn_batch *in, qn_column *indexed, qn_batch *out) {
    if (of->keep == NULL)
        return qn_vectors_append(in, indexed, out);
    qn_batch all;
    qn_batch_init(&all);
    qn_status status = qn_vectors_append(in, indexed, &all);
    if (status == QN_OK)
        status = qn_batch_filter(out, &all, of->keep);
    qn_batch_clear(&all);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const vector_indexer *self = (const vector_indexer *)stage;
    run of = {.self = self, .keeps = handles_invalid(self, "keep"), .bad_row = -1};
    int32_t index;
    qn_column *indexed = NULL;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    if (handles_invalid(self, "skip"))
        QN_TRY(qn_columns_all_rows(&of.keep, in->length));
    qn_status status = index_column(&of, &schema->fields[index], in, in->columns[index], &indexed);
    if (status == QN_OK)
        status = append_kept(&of, in, indexed, out);
    qn_mem_free(of.keep);
    return status;
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status check_state(const vector_indexer *self) {
    bool fine = self->start_count >= 1 && self->starts[0] == 0 &&
                self->starts[self->start_count - 1] == self->value_count;
    for (int64_t i = 1; i < self->start_count && fine; i++)
        fine = self->starts[i] >= self->starts[i - 1];
    return fine ? QN_OK : qn_fail(QN_DATA, "the file's lists of categories do not fit together");
}

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    vector_indexer *self = (vector_indexer *)stage;
    QN_TRY(qn_archive_ints(archive, "starts", &self->starts, &self->start_count));
    QN_TRY(qn_archive_reals(archive, "values", &self->values, &self->value_count));
    if (qn_archive_writing(archive))
        return QN_OK;
    QN_TRY(check_state(self));
    self->width = self->start_count - 1;
    return qn_comm_agree(qn_archive_comm(archive), list_zeroless(self));
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    const vector_indexer *self = (const vector_indexer *)stage;
    json_t *slots = json_object();
    int failed = 0;
    for (int32_t slot = 0; slot < self->width; slot++) {
        char name[16];
        if (categories_of(self, slot) == 0)
            continue;
        snprintf(name, sizeof name, "%d", slot);
        failed |= json_object_set_new(
            slots, name,
            qn_vectors_json(self->values + self->starts[slot], categories_of(self, slot)));
    }
    failed |= json_object_set_new(object, "slots", json_integer(self->width));
    failed |= json_object_set_new(object, "categories", slots);
    return failed ? qn_fail(QN_MEMORY, "out of memory") : QN_OK;
}

static void clear(qn_stage *stage) {
    vector_indexer *self = (vector_indexer *)stage;
    qn_distinct_values_clear(&self->counting);
    qn_mem_free(self->starts);
    qn_mem_free(self->values);
    qn_mem_free(self->zeroless);
    self->starts = NULL;
    self->values = NULL;
    self->zeroless = NULL;
    self->width = self->start_count = self->value_count = self->zeroless_count = 0;
}

const qn_stage_class qn_vector_indexer_class = {
    .name = "vector_indexer",
    .help = "turn the slots of a vector with few values into category indices",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(vector_indexer),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
