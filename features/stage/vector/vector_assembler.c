/* vector_assembler: several numeric, bool and vector columns as one vector column.
 *
 * Spark chooses dense or sparse a row (sparse iff 1.5 * (stored + 1) < width). A column here is
 * one or the other, so the rule is applied to a batch: a batch is sparse iff one of its inputs is
 * sparse and 1.5 * (stored + rows) < rows * width, where scalars and dense vectors count as
 * stored. That depends on the batch alone. Sparse rows store no zeros.
 *
 * Slot names: column c gives "c"; slot s of vector column c gives "c_s", without a name "c_7". A
 * slot that one_hot_encoder named "cut=Ideal" keeps its name. Slots of category indices keep their
 * categories. */
#include "core/memory.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"
#include "features/stage/vector/interleave.h"
#include "features/stage/vectors.h"

#include <math.h>
#include <string.h>

static const qn_option options[] = {
    {"input_cols", QN_OPTION_TEXTS, NULL, NULL, "numeric, bool and vector columns, in order"},
    {"output_col", QN_OPTION_TEXT, "features", NULL, "vector column to add"},
    {"handle_invalid", QN_OPTION_CHOICE, "error", "error|skip|keep",
     "rows with a null or NaN: stop, drop the row, or keep NaN"},
    {NULL, 0, NULL, NULL, NULL}};

/* ---- Binding -------------------------------------------------------------------------------- */

static bool is_scalar(qn_type type) {
    return qn_type_is_numeric(type) || type == QN_BOOL;
}

static int32_t slots_of(const qn_field *field) {
    return field->type == QN_VECTOR ? field->width : 1;
}

static qn_status name_slots(const qn_schema *in, const int32_t *inputs, int64_t count,
                            int32_t width, qn_attributes **out) {
    char **names = NULL;
    int32_t slot = 0;
    QN_TRY(qn_mem_calloc(&names, (size_t)width, sizeof *names));
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count; i++) {
        const qn_field *field = &in->fields[inputs[i]];
        for (int32_t k = 0; k < slots_of(field); k++, slot++)
            QN_TRY_GOTO(qn_vectors_slot_name(&names[slot], field, k), done);
    }
    QN_TRY_GOTO(qn_attributes_new(out, QN_ATTRIBUTE_VECTOR, (const char *const *)names, width),
                done);
done:
    qn_mem_free_all(names, slot + (slot < width));
    return status;
}

/* The categories of a slot of an input; NULL: it holds numbers. */
static qn_attributes *categories_of(const qn_field *field, int32_t slot) {
    qn_attributes *attributes = field->attributes;
    if (field->type == QN_VECTOR)
        return attributes == NULL || attributes->slots == NULL ? NULL : attributes->slots[slot];
    bool nominal = attributes != NULL && attributes->kind == QN_ATTRIBUTE_NOMINAL;
    return nominal && field->type == QN_FLOAT64 ? attributes : NULL;
}

static qn_status keep_categories(const qn_schema *in, const int32_t *inputs, int64_t count,
                                 qn_attributes *attributes) {
    int32_t slot = 0;
    for (int64_t i = 0; i < count; i++) {
        const qn_field *field = &in->fields[inputs[i]];
        for (int32_t k = 0; k < slots_of(field); k++, slot++)
            if (categories_of(field, k) != NULL)
                QN_TRY(qn_attributes_set_slot(attributes, slot, categories_of(field, k)));
    }
    return QN_OK;
}

static qn_status describe_slots(const qn_schema *in, const int32_t *inputs, int64_t count,
                                int32_t width, qn_attributes **out) {
    qn_attributes *attributes = NULL;
    QN_TRY(name_slots(in, inputs, count, width, &attributes));
    qn_status status = keep_categories(in, inputs, count, attributes);
    if (status == QN_OK)
        *out = attributes;
    else
        qn_attributes_release(attributes);
    return status;
}

static qn_status find_inputs(const qn_stage *stage, const qn_schema *schema, int32_t **out,
                             int64_t *count) {
    if (!qn_options_is_set(stage->options, "input_cols"))
        return qn_fail(QN_JOB, "input_cols is not set");
    char *const *names;
    int64_t inputs = qn_options_list(stage->options, "input_cols", &names);
    int32_t *indices = NULL;
    if (inputs == 0)
        return qn_fail(QN_JOB, "input_cols names no column");
    QN_TRY(qn_mem_alloc(&indices, (size_t)inputs, sizeof *indices));
    for (int64_t i = 0; i < inputs; i++) {
        qn_status status = qn_schema_require(schema, names[i], &indices[i]);
        if (status != QN_OK) {
            qn_mem_free(indices);
            return status;
        }
    }
    *out = indices;
    *count = inputs;
    return QN_OK;
}

/* The width, or 0 if that of some input is not known yet. */
static qn_status total_width(const qn_schema *in, const int32_t *inputs, int64_t count,
                             int32_t *out) {
    int64_t width = 0;
    bool known = true;
    for (int64_t i = 0; i < count; i++) {
        const qn_field *field = &in->fields[inputs[i]];
        if (field->type != QN_VECTOR && !is_scalar(field->type))
            return qn_columns_fail_type(field, "numeric, bool or vector");
        known = known && (field->type != QN_VECTOR || field->width > 0);
        width += field->type == QN_VECTOR ? field->width : 1;
    }
    if (width > INT32_MAX)
        return qn_fail(QN_JOB, "the vector would have %lld slots, more than %d", (long long)width,
                       INT32_MAX);
    *out = known ? (int32_t)width : 0;
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t *inputs = NULL, width = 0;
    int64_t count = 0;
    qn_attributes *attributes = NULL;
    QN_TRY(find_inputs(stage, in, &inputs, &count));
    qn_status status = total_width(in, inputs, count, &width);
    if (status == QN_OK && width > 0)
        status = describe_slots(in, inputs, count, width, &attributes);
    if (status == QN_OK)
        status = qn_schema_copy(out, in);
    if (status == QN_OK)
        status = qn_columns_add(out, qn_options_text(stage->options, "output_col"), QN_VECTOR,
                                width, attributes);
    qn_attributes_release(attributes);
    qn_mem_free(inputs);
    return status;
}

/* ---- Invalid values ------------------------------------------------------------------------- */

static bool has_nan(const qn_column *column) {
    bool found = false;
    if (column->type == QN_FLOAT64)
        for (int64_t i = 0; i < column->length; i++)
            found |= column->f64[i] != column->f64[i];
    if (column->type == QN_FLOAT32)
        for (int64_t i = 0; i < column->length; i++)
            found |= column->f32[i] != column->f32[i];
    return found;
}

static bool is_invalid(const qn_column *column, int64_t row) {
    if (qn_column_is_null(column, row))
        return true;
    return column->type != QN_VECTOR && isnan(qn_column_real(column, row));
}

static qn_status fail_invalid(const qn_field *field, const qn_column *column,
                              const qn_batch *batch) {
    int64_t row = 0;
    while (!is_invalid(column, row))
        row++;
    return qn_fail(QN_DATA,
                   "column '%s' is %s at row %lld (counting from 0); "
                   "set handle_invalid to skip or keep, or impute it first",
                   field->name, qn_column_is_null(column, row) ? "null" : "NaN",
                   (long long)qn_batch_row(batch, row));
}

static void drop_invalid(const qn_column *column, uint64_t *keep) {
    for (int64_t i = 0; i < column->length; i++)
        if (is_invalid(column, i))
            qn_bit_reset(keep, i);
}

/* *keep: a bitmap of rows to keep if some are dropped, else NULL. */
static qn_status check_values(const qn_stage *stage, const qn_schema *schema, const qn_batch *batch,
                              const int32_t *inputs, int64_t count, uint64_t **keep) {
    if (qn_options_is(stage->options, "handle_invalid", "keep"))
        return QN_OK;
    bool skip = qn_options_is(stage->options, "handle_invalid", "skip");
    for (int64_t i = 0; i < count; i++) {
        const qn_column *column = batch->columns[inputs[i]];
        if (column->null_count == 0 && !has_nan(column))
            continue;
        if (!skip)
            return fail_invalid(&schema->fields[inputs[i]], column, batch);
        if (*keep == NULL)
            QN_TRY(qn_columns_all_rows(keep, batch->length));
        drop_invalid(column, *keep);
    }
    return QN_OK;
}

/* ---- Dense output --------------------------------------------------------------------------- */

enum { TILE = 128 };

/* Its values can be used as they are. */
static bool is_plain(const qn_column *column) {
    return column->type == QN_FLOAT64 && column->validity == NULL;
}

/* Rows [first, first + rows) of up to QN_INTERLEAVE scalar columns, from slot `slot` on. Returns
 * whether there was a NaN. */
static bool put_scalars(const qn_column *const *columns, int32_t count, int64_t first, int64_t rows,
                        qn_column *out, int32_t slot) {
    double buffer[QN_INTERLEAVE][TILE];
    const double *tile[QN_INTERLEAVE];
    for (int32_t c = 0; c < count; c++) {
        tile[c] = is_plain(columns[c]) ? columns[c]->f64 + first : buffer[c];
        if (tile[c] == buffer[c])
            qn_columns_reals(columns[c], first, rows, buffer[c]);
    }
    return qn_interleave(tile, count, rows, TILE, out->f64 + first * out->width + slot, out->width);
}

static void put_vector(const qn_column *column, int64_t first, int64_t rows, qn_column *out,
                       int32_t slot) {
    for (int64_t i = first; i < first + rows; i++) {
        double *to = out->f64 + i * out->width + slot;
        if (qn_column_is_null(column, i)) {
            for (int32_t k = 0; k < column->width; k++)
                to[k] = NAN;
        } else if (column->indices == NULL) {
            memcpy(to, column->f64 + i * column->width, (size_t)column->width * sizeof *to);
        } else {
            memset(to, 0, (size_t)column->width * sizeof *to);
            for (int32_t k = column->offsets[i]; k < column->offsets[i + 1]; k++)
                to[column->indices[k]] = column->f64[k];
        }
    }
}

/* All columns of a tile of rows, which stays in the cache meanwhile. */
static bool put_tile(const qn_column *const *columns, int64_t count, int64_t first, int64_t rows,
                     qn_column *out) {
    bool nan = false;
    int32_t slot = 0;
    for (int64_t i = 0; i < count;) {
        if (columns[i]->type == QN_VECTOR) {
            put_vector(columns[i], first, rows, out, slot);
            slot += columns[i++]->width;
            continue;
        }
        int32_t group = 1;
        while (group < QN_INTERLEAVE && i + group < count && columns[i + group]->type != QN_VECTOR)
            group++;
        nan |= put_scalars(columns + i, group, first, rows, out, slot);
        slot += group;
        i += group;
    }
    return nan;
}

/* *nan: whether a scalar column holds one. */
static qn_status assemble_dense(const qn_column *const *columns, int64_t count, int64_t length,
                                int32_t width, bool *nan, qn_column **out) {
    qn_column *dense = NULL;
    QN_TRY(qn_column_new_raw(&dense, QN_VECTOR, length, width));
    *nan = false;
    for (int64_t first = 0; first < length; first += TILE) {
        int64_t rows = length - first < TILE ? length - first : TILE;
        *nan |= put_tile(columns, count, first, rows, dense);
    }
    *out = dense;
    return QN_OK;
}

/* ---- Sparse output -------------------------------------------------------------------------- */

typedef struct sparse_row {
    qn_column *out;
    int32_t stored;
} sparse_row;

static void store(sparse_row *row, int32_t slot, double value) {
    row->out->indices[row->stored] = slot;
    row->out->f64[row->stored] = value;
    row->stored += value != 0;
}

static void store_vector(sparse_row *row, const qn_column *column, int64_t i, int32_t slot) {
    if (qn_column_is_null(column, i)) {
        for (int32_t k = 0; k < column->width; k++)
            store(row, slot + k, NAN);
    } else if (column->indices == NULL) {
        for (int32_t k = 0; k < column->width; k++)
            store(row, slot + k, column->f64[i * column->width + k]);
    } else {
        for (int32_t k = column->offsets[i]; k < column->offsets[i + 1]; k++)
            store(row, slot + column->indices[k], column->f64[k]);
    }
}

/* Most that can be stored; `store` may write to one place more without keeping it. */
static int64_t stored_bound(const qn_column *const *columns, int64_t count, int64_t length) {
    int64_t stored = 0;
    for (int64_t i = 0; i < count; i++) {
        const qn_column *column = columns[i];
        if (column->type == QN_VECTOR && column->indices != NULL)
            stored += column->offsets[length] + column->null_count * column->width;
        else
            stored += length * (column->type == QN_VECTOR ? column->width : 1);
    }
    return stored;
}

/* The values of each scalar column, NULL for vectors. What has to be converted lies in *buffer. */
static qn_status scalar_values(const qn_column *const *columns, int64_t count, int64_t length,
                               const double **values, double **buffer) {
    int64_t converted = 0;
    for (int64_t c = 0; c < count; c++)
        converted += columns[c]->type != QN_VECTOR && !is_plain(columns[c]);
    QN_TRY(qn_mem_alloc(buffer, (size_t)(converted * length), sizeof **buffer));
    double *to = *buffer;
    for (int64_t c = 0; c < count; c++) {
        values[c] = NULL;
        if (columns[c]->type == QN_VECTOR)
            continue;
        values[c] = is_plain(columns[c]) ? columns[c]->f64 : to;
        if (values[c] == to) {
            qn_columns_reals(columns[c], 0, length, to);
            to += length;
        }
    }
    return QN_OK;
}

static void fill_rows(const qn_column *const *columns, const double *const *values, int64_t count,
                      sparse_row *row) {
    for (int64_t i = 0; i < row->out->length; i++) {
        int32_t slot = 0;
        for (int64_t c = 0; c < count; c++) {
            if (values[c] != NULL) {
                store(row, slot++, values[c][i]);
            } else {
                store_vector(row, columns[c], i, slot);
                slot += columns[c]->width;
            }
        }
        row->out->offsets[i + 1] = row->stored;
    }
}

static qn_status assemble_sparse(const qn_column *const *columns, int64_t count, int64_t length,
                                 int32_t width, qn_column **out) {
    sparse_row row = {NULL, 0};
    const double **values = NULL;
    double *buffer = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&values, (size_t)count, sizeof *values), done);
    QN_TRY_GOTO(scalar_values(columns, count, length, values, &buffer), done);
    QN_TRY_GOTO(
        qn_column_new_sparse(&row.out, length, width, stored_bound(columns, count, length) + 1),
        done);
    fill_rows(columns, values, count, &row);
    *out = row.out;
done:
    qn_mem_free(values);
    qn_mem_free(buffer);
    return status;
}

static bool prefers_sparse(const qn_column *const *columns, int64_t count, int64_t length,
                           int32_t width) {
    bool any = false;
    for (int64_t i = 0; i < count; i++)
        any = any || columns[i]->indices != NULL;
    double stored = (double)stored_bound(columns, count, length);
    if (stored >= INT32_MAX) /* offsets have 32 bits */
        return false;
    return any && 1.5 * (stored + (double)length) < (double)length * width;
}

/* ---- Transform ------------------------------------------------------------------------------ */

/* The inputs of one batch. */
typedef struct inputs {
    int64_t count;
    int32_t *indices;
    const qn_column **columns;
    int32_t width; /* of all together */
    bool nulls;
} inputs;

static void clear_inputs(inputs *of) {
    qn_mem_free(of->indices);
    qn_mem_free(of->columns);
}

static void look_at(inputs *of, const qn_batch *batch) {
    of->width = 0;
    of->nulls = false;
    for (int64_t i = 0; i < of->count; i++) {
        const qn_column *column = batch->columns[of->indices[i]];
        of->columns[i] = column;
        of->width += column->type == QN_VECTOR ? column->width : 1;
        of->nulls = of->nulls || column->null_count > 0;
    }
}

static qn_status assemble(const inputs *of, int64_t length, bool *nan, qn_column **out) {
    *nan = false;
    return prefers_sparse(of->columns, of->count, length, of->width)
               ? assemble_sparse(of->columns, of->count, length, of->width, out)
               : assemble_dense(of->columns, of->count, length, of->width, nan, out);
}

/* Checks first, then assembles the rows that stay. */
static qn_status assemble_checked(const qn_stage *stage, const qn_schema *schema,
                                  const qn_batch *in, inputs *of, qn_batch *out) {
    uint64_t *keep = NULL;
    qn_column *assembled = NULL;
    bool nan;
    qn_status status;
    QN_TRY_GOTO(check_values(stage, schema, in, of->indices, of->count, &keep), done);
    QN_TRY_GOTO(keep != NULL ? qn_batch_filter(out, in, keep) : qn_batch_share(out, in), done);
    look_at(of, out);
    QN_TRY_GOTO(assemble(of, out->length, &nan, &assembled), done);
    status = qn_batch_append(out, assembled);
done:
    qn_mem_free(keep);
    return status;
}

/* Dense batches are assembled without a look, for that shows whether there was something to see. */
static qn_status assemble_hoping(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                                 inputs *of, qn_batch *out) {
    qn_column *assembled = NULL;
    bool nan;
    QN_TRY(assemble(of, in->length, &nan, &assembled));
    if (!nan)
        return qn_vectors_append(in, assembled, out);
    qn_column_release(assembled);
    return assemble_checked(stage, schema, in, of, out);
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    inputs of = {0};
    qn_status status;
    QN_TRY(find_inputs(stage, schema, &of.indices, &of.count));
    QN_TRY_GOTO(qn_mem_alloc(&of.columns, (size_t)of.count, sizeof(const qn_column *)), done);
    look_at(&of, in);
    bool checks = of.nulls || prefers_sparse(of.columns, of.count, in->length, of.width);
    status = checks || qn_options_is(stage->options, "handle_invalid", "keep")
                 ? assemble_checked(stage, schema, in, &of, out)
                 : assemble_hoping(stage, schema, in, &of, out);
done:
    clear_inputs(&of);
    return status;
}

const qn_stage_class qn_vector_assembler_class = {
    .name = "vector_assembler",
    .help = "join numeric, bool and vector columns into one vector column",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(qn_stage),
    .options = options,
    .bind = bind,
    .transform = transform,
};
