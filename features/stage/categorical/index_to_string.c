/* index_to_string: category indices back as the texts they stand for.
 *
 * The texts come from the option `labels`, or else from what the index column says of itself
 * (string_indexer writes it). As in Spark, fractions are cut off. NaN is an error, where Java's
 * conversion would make it the first label. */
#include "core/memory.h"
#include "features/stage/categorical/indices.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"

static const qn_option options[] = {
    {"input_col", QN_OPTION_TEXT, NULL, NULL, "column of category indices to read"},
    {"output_col", QN_OPTION_TEXT, NULL, NULL, "string column to add"},
    {"labels", QN_OPTION_TEXTS, NULL, NULL,
     "text of each index from 0 on; none: those of the input column"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct index_to_string {
    qn_stage base;
    qn_column *labels; /* of the last bind; NULL: not known */
} index_to_string;

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status find_input(const qn_stage *stage, const qn_schema *schema, int32_t *index) {
    if (!qn_options_is_set(stage->options, "input_col"))
        return qn_fail(QN_JOB, "input_col is not set");
    QN_TRY(qn_schema_require(schema, qn_options_text(stage->options, "input_col"), index));
    return qn_indices_check_type(&schema->fields[*index]);
}

static qn_status column_of(char *const *texts, int64_t count, qn_column **out) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count && status == QN_OK; i++)
        status = qn_string_builder_add(&builder, qn_view_of(texts[i]));
    if (status == QN_OK)
        status = qn_string_builder_finish(&builder, out);
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status fail_unknown(const qn_field *field) {
    qn_status status =
        qn_fail(QN_JOB, "column '%s' does not say which categories its indices are", field->name);
    qn_error_help("set labels, or read the output of a string_indexer");
    return status;
}

static qn_status find_labels(index_to_string *self, const qn_field *field) {
    char *const *texts;
    qn_column_release(self->labels);
    self->labels = NULL;
    if (qn_options_is_set(self->base.options, "labels")) {
        int64_t count = qn_options_list(self->base.options, "labels", &texts);
        return column_of(texts, count, &self->labels);
    }
    if (!qn_indices_nominal(field) || field->attributes->names == NULL)
        /* A string_indexer, which gives doubles, may not be fitted yet. */
        return field->type == QN_FLOAT64 ? QN_OK : fail_unknown(field);
    return column_of(field->attributes->names, field->attributes->count, &self->labels);
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    int32_t index;
    QN_TRY(find_input(stage, in, &index));
    if (!qn_options_is_set(stage->options, "output_col"))
        return qn_fail(QN_JOB, "output_col is not set");
    QN_TRY(find_labels((index_to_string *)stage, &in->fields[index]));
    QN_TRY(qn_schema_copy(out, in));
    return qn_columns_add(out, qn_options_text(stage->options, "output_col"), QN_STRING, 0, NULL);
}

/* ---- Transform ------------------------------------------------------------------------------ */

static qn_status fail_index(const qn_field *field, const qn_batch *batch, int64_t row, double value,
                            int64_t count) {
    return qn_fail(QN_DATA,
                   "column '%s' has index %.17g at row %lld (counting from 0), "
                   "but there are %lld labels",
                   field->name, value, (long long)qn_batch_row(batch, row), (long long)count);
}

static qn_status look_up(const index_to_string *self, const qn_field *field, const qn_batch *batch,
                         const qn_column *column, qn_column *out) {
    int64_t count = self->labels->length;
    for (int64_t row = 0; row < column->length; row++) {
        double value = qn_column_real(column, row);
        if (qn_column_is_null(column, row))
            QN_TRY(qn_column_set_null(out, row));
        else if (value > -1 && value < (double)count)
            out->codes[row] = (int32_t)value;
        else
            return fail_index(field, batch, row, value, count);
    }
    return QN_OK;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const index_to_string *self = (const index_to_string *)stage;
    int32_t index;
    qn_column *texts = NULL;
    QN_TRY(find_input(stage, schema, &index));
    if (self->labels == NULL)
        return fail_unknown(&schema->fields[index]);
    QN_TRY(qn_batch_share(out, in));
    QN_TRY(qn_column_new(&texts, QN_INT32, in->length, 0));
    texts->type = QN_STRING;
    texts->dictionary = qn_column_retain(self->labels);
    qn_status status = look_up(self, &schema->fields[index], in, in->columns[index], texts);
    if (status != QN_OK) {
        qn_column_release(texts);
        return status;
    }
    return qn_batch_append(out, texts);
}

static void clear(qn_stage *stage) {
    index_to_string *self = (index_to_string *)stage;
    qn_column_release(self->labels);
    self->labels = NULL;
}

const qn_stage_class qn_index_to_string_class = {
    .name = "index_to_string",
    .help = "turn category indices back into their texts",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(index_to_string),
    .options = options,
    .bind = bind,
    .transform = transform,
    .clear = clear,
};
