/* interaction: the products of one slot of each input, the first input varying slowest. Category
 * indices are expanded to a slot a category, none dropped; other numbers are one slot, bools are 0
 * or 1.
 *
 * Each input becomes a sparse column; these are multiplied one after the other, so work and memory
 * follow the products that are not zero. A zero makes a product zero, whatever the other factors.
 * The result is sparse iff 1.5 * (stored + rows) < rows * width, Spark's rule for a whole batch.
 *
 * What a column of numbers from an indexer holds is known once that is fitted: so this stage counts
 * as an estimator whose fit reads nothing, and does not say its width before. */
#include "core/memory.h"
#include "features/stage/categorical/indices.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"

#include <math.h>
#include <string.h>

static const qn_option options[] = {
    {"input_cols", QN_OPTION_TEXTS, NULL, NULL, "numeric, bool and vector columns, in order"},
    {"output_col", QN_OPTION_TEXT, NULL, NULL, "vector column to add"},
    {NULL, 0, NULL, NULL, NULL}};

/* ---- Slots of an input ---------------------------------------------------------------------- */

static int64_t slots_of(const qn_field *field) {
    return field->type == QN_VECTOR ? field->width : 1;
}

/* The categories of a slot; NULL if it holds numbers. */
static const qn_attributes *categories_of(const qn_field *field, int32_t slot) {
    if (field->type == QN_VECTOR)
        return qn_attributes_slot(field->attributes, slot);
    return qn_indices_nominal(field) ? field->attributes : NULL;
}

static int64_t expanded_width(const qn_field *field) {
    int64_t width = 0;
    for (int32_t s = 0; s < slots_of(field); s++) {
        const qn_attributes *categories = categories_of(field, s);
        width += categories != NULL ? categories->count : 1;
    }
    return width;
}

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status find_input(const qn_stage *stage, const qn_schema *schema, int64_t i,
                            const qn_field **field, int32_t *index) {
    char *const *names;
    qn_options_list(stage->options, "input_cols", &names);
    QN_TRY(qn_schema_require(schema, names[i], index));
    *field = &schema->fields[*index];
    qn_type type = (*field)->type;
    if (type != QN_VECTOR && type != QN_BOOL && !qn_type_is_numeric(type))
        return qn_columns_fail_type(*field, "numeric, bool or vector");
    return QN_OK;
}

static int64_t input_count(const qn_stage *stage) {
    char *const *names;
    return qn_options_has(stage->options, "input_cols")
               ? qn_options_list(stage->options, "input_cols", &names)
               : 0;
}

/* The width of the result, 0 if it is not known yet. */
static qn_status total_width(const qn_stage *stage, const qn_schema *in, int32_t *out) {
    int64_t width = 1;
    bool known = true;
    for (int64_t i = 0; i < input_count(stage); i++) {
        const qn_field *field;
        int32_t index;
        QN_TRY(find_input(stage, in, i, &field, &index));
        bool indexed = field->type == QN_FLOAT64 && field->attributes == NULL && !stage->fitted;
        known = known && !indexed && (field->type != QN_VECTOR || field->width > 0);
        width *= known ? expanded_width(field) : 1;
        if (width > INT32_MAX)
            return qn_fail(QN_JOB, "the interaction would have more than %d slots", INT32_MAX);
    }
    *out = known ? (int32_t)width : 0;
    return QN_OK;
}

/* ---- Names ---------------------------------------------------------------------------------- */

static qn_status category_name(const qn_field *field, int32_t slot, int32_t category, char **out) {
    const qn_attributes *known = categories_of(field, slot);
    char *own = NULL;
    QN_TRY(qn_vectors_slot_name(&own, field, slot));
    const char *column = known->source != NULL ? known->source : own;
    qn_status status = known->names != NULL
                           ? qn_format(out, "%s=%s", column, known->names[category])
                           : qn_format(out, "%s=%d", column, category);
    qn_mem_free(own);
    return status;
}

/* The names of an input's slots once expanded; `names` has room and is cleared. */
static qn_status name_input(const qn_field *field, char **names) {
    int64_t count = 0;
    for (int32_t s = 0; s < slots_of(field); s++) {
        const qn_attributes *categories = categories_of(field, s);
        if (categories == NULL)
            QN_TRY(qn_vectors_slot_name(&names[count++], field, s));
        for (int32_t k = 0; categories != NULL && k < categories->count; k++)
            QN_TRY(category_name(field, s, k, &names[count++]));
    }
    return QN_OK;
}

/* names (a x b) = each of the first joined with each of the second; frees both inputs. */
static qn_status join_names(char **first, int64_t a, char **second, int64_t b, char ***out) {
    char **joined = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&joined, (size_t)(a * b), sizeof *joined), done);
    for (int64_t i = 0; i < a * b; i++)
        QN_TRY_GOTO(qn_format(&joined[i], "%s:%s", first[i / b], second[i % b]), done);
    *out = joined;
    joined = NULL;
done:
    qn_mem_free_all(joined, joined == NULL ? 0 : a * b);
    qn_mem_free_all(first, a);
    qn_mem_free_all(second, b);
    return status;
}

static qn_status name_slots(const qn_stage *stage, const qn_schema *in, qn_attributes **out) {
    char **names = NULL;
    int64_t width = 0;
    qn_status status = QN_OK;
    for (int64_t i = 0; i < input_count(stage) && status == QN_OK; i++) {
        const qn_field *field;
        int32_t index;
        char **next = NULL;
        QN_TRY_GOTO(find_input(stage, in, i, &field, &index), done);
        int64_t slots = expanded_width(field);
        QN_TRY_GOTO(qn_mem_calloc(&next, (size_t)slots, sizeof *next), done);
        status = name_input(field, next);
        if (status != QN_OK) {
            qn_mem_free_all(next, slots);
        } else if (i == 0) {
            names = next;
            width = slots;
        } else {
            char **before = names;
            names = NULL;
            status = join_names(before, width, next, slots, &names);
            width *= slots;
        }
    }
    if (status == QN_OK)
        status =
            qn_attributes_new(out, QN_ATTRIBUTE_VECTOR, (const char *const *)names, (int32_t)width);
done:
    qn_mem_free_all(names, names == NULL ? 0 : width);
    return status;
}

enum { MOST_NAMES = 1 << 20 }; /* beyond, slots have none */

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t width = 0;
    qn_attributes *attributes = NULL;
    if (input_count(stage) == 0)
        return qn_fail(QN_JOB, "input_cols is not set, or names no column");
    QN_TRY(total_width(stage, in, &width));
    if (width > 0 && width <= MOST_NAMES)
        QN_TRY(name_slots(stage, in, &attributes));
    qn_status status = qn_vectors_bind(stage, in, width, attributes, out);
    qn_attributes_release(attributes);
    return status;
}

static qn_status fit(qn_stage *stage, qn_stream *in, qn_comm *comm) {
    (void)stage, (void)in, (void)comm;
    return QN_OK;
}

/* ---- Expanding an input --------------------------------------------------------------------- */

static qn_status fail_null(const qn_field *field, const qn_batch *batch, const qn_column *column) {
    int64_t row = 0;
    while (!qn_column_is_null(column, row))
        row++;
    return qn_fail(QN_DATA, "column '%s' is null at row %lld (counting from 0); impute it first",
                   field->name, (long long)qn_batch_row(batch, row));
}

/* What one input gives of each row; `stored` entries so far. */
typedef struct expansion {
    const qn_field *field;
    const qn_batch *batch;
    qn_column *out;
    int32_t stored;
} expansion;

/* A value of a slot, whose expanded slots begin at *at. Moves *at behind them. */
static qn_status put_value(expansion *to, int64_t row, int32_t slot, double value, int32_t *at) {
    const qn_attributes *categories = categories_of(to->field, slot);
    int32_t place = *at;
    if (categories != NULL) {
        if (!qn_indices_valid(value) || value >= categories->count)
            return qn_fail(QN_DATA,
                           "column '%s' is %g at row %lld (counting from 0), which is none of its "
                           "%d category indices",
                           to->field->name, value, (long long)qn_batch_row(to->batch, row),
                           categories->count);
        *at += categories->count;
        place += (int32_t)value;
        value = 1;
    } else {
        *at += 1;
    }
    if (value == 0)
        return QN_OK;
    to->out->indices[to->stored] = place;
    to->out->f64[to->stored++] = value;
    return QN_OK;
}

static qn_status expand_row(expansion *to, const qn_column *values, const qn_column *column,
                            int64_t row) {
    int32_t at = 0;
    for (int32_t s = 0; s < slots_of(to->field); s++) {
        double value = column->type == QN_VECTOR ? values->f64[row * column->width + s]
                                                 : qn_column_real(column, row);
        QN_TRY(put_value(to, row, s, value, &at));
    }
    to->out->offsets[row + 1] = to->stored;
    return QN_OK;
}

static bool has_categories(const qn_field *field) {
    for (int32_t s = 0; s < slots_of(field); s++)
        if (categories_of(field, s) != NULL)
            return true;
    return false;
}

/* The input as a sparse column. */
static qn_status expand(const qn_field *field, const qn_batch *batch, const qn_column *column,
                        qn_column **out) {
    qn_column *dense = NULL;
    expansion to = {field, batch, NULL, 0};
    qn_status status = QN_OK;
    if (column->null_count > 0)
        return fail_null(field, batch, column);
    if (column->indices != NULL && !has_categories(field)) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    if (column->type == QN_VECTOR)
        QN_TRY_GOTO(qn_column_densify(&dense, column), done);
    QN_TRY_GOTO(qn_column_new_sparse(&to.out, column->length, (int32_t)expanded_width(field),
                                     column->length * slots_of(field)),
                done);
    for (int64_t row = 0; row < column->length; row++)
        QN_TRY_GOTO(expand_row(&to, dense, column, row), done);
    *out = to.out;
    to.out = NULL;
done:
    qn_column_release(to.out);
    qn_column_release(dense);
    return status;
}

/* ---- Multiplying ---------------------------------------------------------------------------- */

static void multiply_row(const qn_column *a, const qn_column *b, int64_t row, qn_column *out) {
    int32_t stored = out->offsets[row];
    for (int32_t i = a->offsets[row]; i < a->offsets[row + 1]; i++) {
        double x = a->f64[i];
        for (int32_t k = b->offsets[row]; k < b->offsets[row + 1]; k++) {
            double y = b->f64[k];
            out->indices[stored] = a->indices[i] * b->width + b->indices[k];
            out->f64[stored++] = x == 0 || y == 0 ? 0 : x * y;
        }
    }
}

static qn_status multiply(const qn_column *a, const qn_column *b, qn_column **out) {
    int64_t stored = 0;
    qn_column *product = NULL;
    for (int64_t i = 0; i < a->length; i++)
        stored +=
            (int64_t)(a->offsets[i + 1] - a->offsets[i]) * (b->offsets[i + 1] - b->offsets[i]);
    if (stored > INT32_MAX)
        return qn_fail(QN_DATA, "%lld rows would have %lld products that are not 0, more than %d",
                       (long long)a->length, (long long)stored, INT32_MAX);
    QN_TRY(qn_column_new_sparse(&product, a->length, a->width * b->width, stored));
    for (int64_t i = 0; i < a->length; i++) {
        int32_t count = (a->offsets[i + 1] - a->offsets[i]) * (b->offsets[i + 1] - b->offsets[i]);
        product->offsets[i + 1] = product->offsets[i] + count;
        multiply_row(a, b, i, product);
    }
    *out = product;
    return QN_OK;
}

/* *product times the next input; both are replaced by the result. */
static qn_status multiply_by(qn_column **product, qn_column *next) {
    qn_column *both = NULL;
    if (*product == NULL) {
        *product = next;
        return QN_OK;
    }
    qn_status status = multiply(*product, next, &both);
    qn_column_release(next);
    if (status != QN_OK)
        return status;
    qn_column_release(*product);
    *product = both;
    return QN_OK;
}

/* Dense where that is not much larger. */
static qn_status compress(qn_column **column) {
    const qn_column *sparse = *column;
    double rows = (double)sparse->length, stored = (double)sparse->offsets[sparse->length];
    qn_column *dense = NULL;
    if (1.5 * (stored + rows) < rows * sparse->width)
        return QN_OK;
    QN_TRY(qn_column_densify(&dense, sparse));
    qn_column_release(*column);
    *column = dense;
    return QN_OK;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    qn_column *product = NULL;
    qn_status status = QN_OK;
    for (int64_t i = 0; i < input_count(stage); i++) {
        const qn_field *field;
        int32_t index;
        qn_column *next = NULL;
        QN_TRY_GOTO(find_input(stage, schema, i, &field, &index), done);
        QN_TRY_GOTO(expand(field, in, in->columns[index], &next), done);
        QN_TRY_GOTO(multiply_by(&product, next), done);
    }
    QN_TRY_GOTO(compress(&product), done);
    return qn_vectors_append(in, product, out);
done:
    qn_column_release(product);
    return status;
}

const qn_stage_class qn_interaction_class = {
    .name = "interaction",
    .help = "multiply the slots of several columns with each other",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(qn_stage),
    .options = options,
    .bind = bind,
    .fit = fit,
    .transform = transform,
};
