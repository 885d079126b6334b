/* one_hot_encoder: category indices as sparse 0/1 vectors.
 *
 * Slots are named "column=category" after the column that was indexed (string_indexer says which),
 * or after the input column and the index. Spark names them by the category alone; here the name
 * is what reports of models show. */
#include "core/memory.h"
#include "features/stage/categorical/indices.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"

#include <math.h>

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"drop_last", QN_OPTION_BOOL, "true", NULL, "leave out the last category: it is all zeros"},
    {"handle_invalid", QN_OPTION_CHOICE, "error", "error|keep",
     "indices not seen in fit: stop, or give them a category of their own"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct one_hot_encoder {
    qn_stage base;
    int64_t column_count;
    int64_t *sizes; /* categories of each column */
} one_hot_encoder;

/* ---- Binding -------------------------------------------------------------------------------- */

static bool keeps_invalid(const qn_stage *stage) {
    return qn_options_is(stage->options, "handle_invalid", "keep");
}

static int64_t slot_count(const qn_stage *stage, int64_t categories) {
    int64_t slots = categories + keeps_invalid(stage);
    return slots - qn_options_bool(stage->options, "drop_last");
}

/* Categories of the i-th column: fitted, or known from the field, or -1. */
static int64_t category_count(const one_hot_encoder *self, const qn_field *field, int32_t i) {
    if (self->base.fitted)
        return self->sizes[i];
    return qn_indices_nominal(field) ? field->attributes->count : -1;
}

static qn_status category_name(const qn_field *field, int64_t category, int64_t count, char **out) {
    const qn_attributes *known = qn_indices_nominal(field) ? field->attributes : NULL;
    const char *column = known != NULL && known->source != NULL ? known->source : field->name;
    if (category == count)
        return qn_format(out, "%s=invalidValues", column);
    if (known != NULL && known->names != NULL)
        return qn_format(out, "%s=%s", column, known->names[category]);
    return qn_format(out, "%s=%lld", column, (long long)category);
}

static qn_status name_slots(const qn_field *field, int64_t categories, int64_t slots,
                            qn_attributes **out) {
    char **names = NULL;
    QN_TRY(qn_mem_calloc(&names, (size_t)slots, sizeof *names));
    qn_status status = QN_OK;
    for (int64_t i = 0; i < slots && status == QN_OK; i++)
        status = category_name(field, i, categories, &names[i]);
    if (status == QN_OK)
        status =
            qn_attributes_new(out, QN_ATTRIBUTE_VECTOR, (const char *const *)names, (int32_t)slots);
    qn_mem_free_all(names, slots);
    return status;
}

static qn_status check_categories(const one_hot_encoder *self, const qn_field *field,
                                  int64_t categories) {
    if (self->base.fitted && qn_indices_nominal(field) && field->attributes->count != categories)
        return qn_fail(QN_JOB, "column '%s' has %d categories, but %lld were fitted", field->name,
                       field->attributes->count, (long long)categories);
    if (slot_count(&self->base, categories) < 1 && categories == 0)
        return qn_fail(QN_DATA,
                       "column '%s' has no category (there is no row, or only nulls), which leaves "
                       "no slot",
                       field->name);
    if (slot_count(&self->base, categories) < 1) {
        qn_status status = qn_fail(QN_JOB, "column '%s' has %lld categories, which leaves no slot",
                                   field->name, (long long)categories);
        qn_error_help("set drop_last to false, or drop the column");
        return status;
    }
    if (slot_count(&self->base, categories) > INT32_MAX)
        return qn_fail(QN_DATA, "column '%s' has %lld categories, too many to encode", field->name,
                       (long long)categories);
    return QN_OK;
}

static qn_status bind_column(const one_hot_encoder *self, const qn_schema *in, int32_t i,
                             qn_schema *out) {
    int32_t index;
    QN_TRY(qn_columns_find(&self->base, in, i, &index));
    const qn_field *field = &in->fields[index];
    const char *name = qn_columns_output(&self->base, i);
    QN_TRY(qn_indices_check_type(field));
    int64_t categories = category_count(self, field, i);
    if (categories < 0)
        return qn_columns_add(out, name, QN_VECTOR, 0, NULL);
    QN_TRY(check_categories(self, field, categories));
    qn_attributes *attributes = NULL;
    int64_t slots = slot_count(&self->base, categories);
    QN_TRY(name_slots(field, categories, slots, &attributes));
    qn_status status = qn_columns_add(out, name, QN_VECTOR, (int32_t)slots, attributes);
    qn_attributes_release(attributes);
    return status;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t count;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_columns_check_fitted(stage, count, ((one_hot_encoder *)stage)->column_count));
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++)
        QN_TRY(bind_column((one_hot_encoder *)stage, in, i, out));
    return QN_OK;
}

/* ---- Fitting -------------------------------------------------------------------------------- */

typedef struct size_scan {
    one_hot_encoder *self;
    const qn_schema *schema;
} size_scan;

static qn_status size_column(const qn_field *field, const qn_batch *batch, const qn_column *column,
                             int64_t *size) {
    for (int64_t row = 0; row < column->length; row++) {
        if (qn_column_is_null(column, row))
            continue;
        double value = qn_column_real(column, row);
        QN_TRY(qn_indices_check(field, batch, row, value));
        if ((int64_t)value + 1 > *size)
            *size = (int64_t)value + 1;
    }
    return QN_OK;
}

static qn_status size_batch(void *context, const qn_batch *batch) {
    const size_scan *scan = context;
    for (int32_t i = 0; i < scan->self->column_count; i++) {
        int32_t index;
        QN_TRY(qn_columns_find(&scan->self->base, scan->schema, i, &index));
        const qn_field *field = &scan->schema->fields[index];
        if (!qn_indices_nominal(field))
            QN_TRY(size_column(field, batch, batch->columns[index], &scan->self->sizes[i]));
    }
    return QN_OK;
}

/* Sizes that the schema knows. *complete: nothing is left for a pass over the data. */
static qn_status size_by_schema(one_hot_encoder *self, const qn_schema *schema, bool *complete) {
    int32_t count;
    QN_TRY(qn_columns_count(&self->base, &count));
    QN_TRY(qn_mem_calloc(&self->sizes, (size_t)count, sizeof *self->sizes));
    self->column_count = count;
    *complete = true;
    for (int32_t i = 0; i < count; i++) {
        int32_t index;
        QN_TRY(qn_columns_find(&self->base, schema, i, &index));
        if (qn_indices_nominal(&schema->fields[index]))
            self->sizes[i] = schema->fields[index].attributes->count;
        else
            *complete = false;
    }
    return QN_OK;
}

static qn_status fit(qn_stage *stage, qn_stream *in, qn_comm *comm) {
    one_hot_encoder *self = (one_hot_encoder *)stage;
    size_scan scan = {self, &in->schema};
    bool complete = false;
    QN_TRY(qn_comm_agree(comm, size_by_schema(self, &in->schema, &complete)));
    if (!complete) {
        QN_TRY(qn_stage_scan(in, comm, size_batch, &scan));
        QN_TRY(qn_comm_max_i64(comm, self->sizes, self->column_count));
    }
    for (int32_t i = 0; i < self->column_count; i++) {
        int32_t index;
        QN_TRY(qn_columns_find(stage, &in->schema, i, &index));
        QN_TRY(check_categories(self, &in->schema.fields[index], self->sizes[i]));
    }
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

/* Indices as slots. Returns whether all are categories (a null is NaN here, so it is none). */
static bool find_plain_slots(const double *values, int64_t length, int64_t categories,
                             int32_t *slots) {
    bool fine = true;
    for (int64_t row = 0; row < length; row++) {
        double value = values[row] >= 0 && values[row] < (double)categories ? values[row] : -1;
        slots[row] = (int32_t)value;
        fine &= slots[row] >= 0 && slots[row] == value;
    }
    return fine;
}

static qn_status try_plain_slots(const qn_column *column, int64_t categories, int32_t *slots,
                                 bool *fine) {
    if (column->type == QN_FLOAT64 && column->null_count == 0) {
        *fine = find_plain_slots(column->f64, column->length, categories, slots);
        return QN_OK;
    }
    double *values = NULL;
    QN_TRY(qn_mem_alloc(&values, (size_t)column->length, sizeof *values));
    qn_columns_reals(column, 0, column->length, values);
    *fine = find_plain_slots(values, column->length, categories, slots);
    qn_mem_free(values);
    return QN_OK;
}

/* The slot of each row; `width` and above for a row of zeros; -1 for a null. */
static qn_status find_slots(const one_hot_encoder *self, const qn_field *field,
                            const qn_batch *batch, const qn_column *column, int64_t categories,
                            int32_t *slots) {
    bool keep = keeps_invalid(&self->base);
    bool fine = false;
    QN_TRY(try_plain_slots(column, categories, slots, &fine));
    for (int64_t row = 0; row < column->length && !fine; row++) {
        double value = qn_column_real(column, row);
        int64_t category = value >= 0 && value < (double)categories ? (int64_t)value : -1;
        if (qn_column_is_null(column, row)) {
            slots[row] = -1;
        } else if (category >= 0 && (double)category == value) {
            slots[row] = (int32_t)category;
        } else if (keep && (isnan(value) || value == floor(value))) {
            slots[row] = (int32_t)categories;
        } else {
            return qn_indices_fail_unseen(field, batch, row, value);
        }
    }
    return QN_OK;
}

static qn_status encode(const int32_t *slots, int64_t length, int32_t width, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new_sparse(&column, length, width, length + 1));
    int32_t stored = 0;
    for (int64_t row = 0; row < length; row++) {
        column->indices[stored] = slots[row];
        stored += (uint32_t)slots[row] < (uint32_t)width; /* a null is -1: not stored either */
        column->offsets[row + 1] = stored;
    }
    for (int32_t i = 0; i < stored; i++)
        column->f64[i] = 1.0;
    *out = column;
    return QN_OK;
}

static qn_status encode_column(const one_hot_encoder *self, const qn_field *field,
                               const qn_batch *batch, const qn_column *column, int32_t i,
                               qn_column **out) {
    int32_t *slots = NULL;
    qn_column *encoded = NULL;
    qn_status status;
    int64_t categories = self->sizes[i];
    QN_TRY(qn_mem_alloc(&slots, (size_t)column->length, sizeof *slots));
    QN_TRY_GOTO(find_slots(self, field, batch, column, categories, slots), done);
    QN_TRY_GOTO(
        encode(slots, column->length, (int32_t)slot_count(&self->base, categories), &encoded),
        done);
    QN_TRY_GOTO(qn_vectors_copy_nulls(encoded, column), done);
    *out = encoded;
    encoded = NULL;
done:
    qn_column_release(encoded);
    qn_mem_free(slots);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const one_hot_encoder *self = (const one_hot_encoder *)stage;
    QN_TRY(qn_batch_share(out, in));
    for (int32_t i = 0; i < self->column_count; i++) {
        int32_t index;
        qn_column *encoded = NULL;
        QN_TRY(qn_columns_find(stage, schema, i, &index));
        QN_TRY(encode_column(self, &schema->fields[index], in, in->columns[index], i, &encoded));
        QN_TRY(qn_batch_append(out, encoded));
    }
    return QN_OK;
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    one_hot_encoder *self = (one_hot_encoder *)stage;
    return qn_archive_ints(archive, "category_sizes", &self->sizes, &self->column_count);
}

static json_t *size_json(const qn_stage *stage, int32_t i) {
    return json_integer(((const one_hot_encoder *)stage)->sizes[i]);
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    int64_t count = ((const one_hot_encoder *)stage)->column_count;
    return qn_columns_describe(stage, object, "category_sizes", count, size_json);
}

static void clear(qn_stage *stage) {
    one_hot_encoder *self = (one_hot_encoder *)stage;
    qn_mem_free(self->sizes);
    self->sizes = NULL;
    self->column_count = 0;
}

const qn_stage_class qn_one_hot_encoder_class = {
    .name = "one_hot_encoder",
    .help = "turn category indices into sparse 0/1 vectors",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(one_hot_encoder),
    .options = options,
    .bind = bind,
    .fit = fit,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
