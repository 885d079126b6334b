/* drop_columns: goes on without some columns. */
#include "core/memory.h"
#include "core/text/text.h"
#include "features/stage/glue/edit.h"
#include "features/stage/stages.h"

static const qn_option options[] = {
    {"input_cols", QN_OPTION_TEXTS, NULL, NULL, "columns to go on without"},
    {NULL, 0, NULL, NULL, NULL}};

/* What a later stage that asks for the column is told. */
static qn_status explain_absence(qn_schema *out, const char *name) {
    char *reason = NULL;
    QN_TRY(qn_format(&reason, "column '%s' is gone: a drop_columns stage has dropped it", name));
    qn_status status = qn_schema_add_absence(out, name, reason);
    qn_mem_free(reason);
    return status;
}

static qn_status drop_fields(const qn_schema *in, char *const *names, const int32_t *places,
                             int64_t count, qn_schema *out) {
    for (int32_t c = 0; c < in->count; c++)
        if (qn_edit_position(places, count, c) < 0)
            QN_TRY(qn_schema_add_field(out, &in->fields[c]));
    if (out->count == 0)
        return qn_fail(QN_JOB, "no column would be left");
    QN_TRY(qn_edit_copy_absences(out, in));
    for (int64_t i = 0; i < count; i++)
        if (places[i] >= 0)
            QN_TRY(explain_absence(out, names[i]));
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    char *const *names;
    int64_t count;
    int32_t *places = NULL;
    QN_TRY(qn_edit_names(stage, "input_cols", &names, &count));
    QN_TRY(qn_edit_find(stage, in, names, count, &places));
    qn_status status = drop_fields(in, names, places, count, out);
    qn_mem_free(places);
    return status;
}

/* Takes the columns out of a batch that shares all of them. */
static void drop_shared(qn_batch *batch, const int32_t *places, int64_t count) {
    int32_t kept = 0;
    for (int32_t c = 0; c < batch->count; c++) {
        qn_column *column = batch->columns[c];
        batch->columns[c] = NULL;
        if (qn_edit_position(places, count, c) < 0)
            batch->columns[kept++] = column;
        else
            qn_column_release(column);
    }
    batch->count = kept;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    char *const *names;
    int64_t count;
    int32_t *places = NULL;
    QN_TRY(qn_edit_names(stage, "input_cols", &names, &count));
    QN_TRY(qn_edit_find(stage, schema, names, count, &places));
    qn_status status = qn_batch_share(out, in);
    if (status == QN_OK)
        drop_shared(out, places, count);
    qn_mem_free(places);
    return status;
}

const qn_stage_class qn_drop_columns_class = {
    .name = "drop_columns",
    .help = "go on without some columns",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(qn_stage),
    .options = options,
    .bind = bind,
    .fit = qn_edit_fit,
    .transform = transform,
};
