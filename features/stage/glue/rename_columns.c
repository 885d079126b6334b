/* rename_columns: other names for columns, which keep place and attributes. */
#include "core/memory.h"
#include "features/stage/glue/edit.h"
#include "features/stage/stages.h"

static const qn_option options[] = {
    {"input_cols", QN_OPTION_TEXTS, NULL, NULL, "columns to rename"},
    {"output_cols", QN_OPTION_TEXTS, NULL, NULL, "their new names, as many"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct renames {
    char *const *from, *const *to;
    int64_t count;
    int32_t *places;
} renames;

static qn_status read_names(const qn_stage *stage, renames *out) {
    int64_t outputs;
    QN_TRY(qn_edit_names(stage, "input_cols", &out->from, &out->count));
    QN_TRY(qn_edit_names(stage, "output_cols", &out->to, &outputs));
    if (outputs != out->count)
        return qn_fail(QN_JOB, "input_cols names %lld columns, but output_cols %lld",
                       (long long)out->count, (long long)outputs);
    return QN_OK;
}

/* A new name may be that of a column which gets another one. */
static qn_status check_taken(const renames *by, const qn_schema *in) {
    for (int64_t i = 0; i < by->count; i++) {
        int32_t holder = qn_schema_find(in, by->to[i]);
        if (holder >= 0 && qn_edit_position(by->places, by->count, holder) < 0)
            return qn_fail(QN_JOB, "output column '%s' exists already", by->to[i]);
    }
    return QN_OK;
}

static qn_status rename_fields(const renames *by, const qn_schema *in, qn_schema *out) {
    QN_TRY(check_taken(by, in));
    for (int32_t c = 0; c < in->count; c++) {
        qn_field field = in->fields[c];
        int64_t i = qn_edit_position(by->places, by->count, c);
        if (i >= 0)
            field.name = by->to[i];
        QN_TRY(qn_schema_add_field(out, &field));
    }
    QN_TRY(qn_edit_copy_absences(out, in));
    for (int64_t i = 0; i < by->count; i++)
        if (by->places[i] < 0)
            QN_TRY(qn_edit_note_absence(out, in, by->from[i], by->to[i], "renamed to it"));
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    renames by = {0};
    QN_TRY(read_names(stage, &by));
    QN_TRY(qn_edit_find(stage, in, by.from, by.count, &by.places));
    qn_status status = rename_fields(&by, in, out);
    qn_mem_free(by.places);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    (void)stage;
    (void)schema;
    return qn_batch_share(out, in);
}

const qn_stage_class qn_rename_columns_class = {
    .name = "rename_columns",
    .help = "give columns other names",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(qn_stage),
    .options = options,
    .bind = bind,
    .fit = qn_edit_fit,
    .transform = transform,
};
