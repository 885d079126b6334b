/* vector_size_hint: says how many slots a vector column has where nothing else knows before the
 * data are read, and checks it. It adds no column.
 *
 * In a column all vectors have one width, so vectors of another size are another column: an error
 * when it is bound, whatever handle_invalid says, as in Spark where the size is known. What is left
 * to handle are nulls. */
#include "core/memory.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"

#include <string.h>

static const qn_option options[] = {
    {"input_col", QN_OPTION_TEXT, "features", NULL, "vector column"},
    {"size", QN_OPTION_INT, NULL, "[1,2147483647]", "number of slots of the vectors"},
    {"handle_invalid", QN_OPTION_CHOICE, "error", "error|skip|optimistic",
     "null vectors: stop, drop the row, or let them pass"},
    {NULL, 0, NULL, NULL, NULL}};

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t index;
    QN_TRY(qn_vectors_find(stage, in, &index));
    if (!qn_options_is_set(stage->options, "size"))
        return qn_fail(QN_JOB, "size is not set");
    const qn_field *field = &in->fields[index];
    int64_t size = qn_options_int(stage->options, "size");
    if (field->width > 0 && field->width != size)
        return qn_fail(QN_JOB, "column '%s' has %d slots, but size is %lld", field->name,
                       field->width, (long long)size);
    QN_TRY(qn_schema_copy(out, in));
    out->fields[index].width = (int32_t)size;
    return QN_OK;
}

static qn_status fail_null(const qn_field *field, const qn_batch *batch, const qn_column *column) {
    int64_t row = 0;
    while (!qn_column_is_null(column, row))
        row++;
    return qn_fail(QN_DATA,
                   "column '%s' is null at row %lld (counting from 0); set handle_invalid to skip "
                   "or optimistic, or filter it first",
                   field->name, (long long)qn_batch_row(batch, row));
}

static qn_status skip_nulls(const qn_batch *in, const qn_column *column, qn_batch *out) {
    uint64_t *keep = NULL;
    QN_TRY(qn_columns_all_rows(&keep, in->length));
    memcpy(keep, column->validity, (size_t)qn_bit_words(in->length) * sizeof *keep);
    qn_status status = qn_batch_filter(out, in, keep);
    qn_mem_free(keep);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    int32_t index;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    const qn_column *column = in->columns[index];
    const qn_field *field = &schema->fields[index];
    int64_t size = qn_options_int(stage->options, "size");
    if (column->width != size)
        return qn_fail(QN_DATA, "column '%s' has %d slots, but size is %lld", field->name,
                       column->width, (long long)size);
    if (column->null_count == 0 || qn_options_is(stage->options, "handle_invalid", "optimistic"))
        return qn_batch_share(out, in);
    if (qn_options_is(stage->options, "handle_invalid", "skip"))
        return skip_nulls(in, column, out);
    return fail_null(field, in, column);
}

const qn_stage_class qn_vector_size_hint_class = {
    .name = "vector_size_hint",
    .help = "say and check how many slots a vector column has",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(qn_stage),
    .options = options,
    .bind = bind,
    .transform = transform,
};
