#include "features/stage/selection.h"

#include "core/memory.h"

#include <math.h>

qn_status qn_selection_bind(const qn_selection *selection, const qn_stage *stage,
                            const qn_schema *in, qn_schema *out) {
    qn_attributes *attributes = NULL;
    int32_t index, count = (int32_t)selection->count;
    QN_TRY(qn_vectors_find(stage, in, &index));
    const qn_field *field = &in->fields[index];
    QN_TRY(qn_vectors_check_fitted(stage, field, selection->width));
    if (!stage->fitted)
        return qn_vectors_bind(stage, in, 0, NULL, out);
    QN_TRY(qn_vectors_select_attributes(&attributes, field, selection->slots, count));
    qn_status status = qn_vectors_bind(stage, in, count, attributes, out);
    qn_attributes_release(attributes);
    return status;
}

qn_status qn_selection_begin(qn_selection *selection, const qn_field *field) {
    char buffer[16];
    QN_TRY(qn_mem_calloc(&selection->names, (size_t)field->width, sizeof *selection->names));
    selection->width = field->width;
    for (int32_t i = 0; i < field->width; i++)
        QN_TRY(qn_mem_copy_text(&selection->names[i], qn_vectors_name(field, i, buffer)));
    return QN_OK;
}

qn_status qn_selection_keep(qn_selection *selection, const bool *keep) {
    QN_TRY(qn_mem_alloc(&selection->slots, (size_t)selection->width, sizeof *selection->slots));
    for (int64_t i = 0; i < selection->width; i++)
        if (keep[i])
            selection->slots[selection->count++] = (int32_t)i;
    return QN_OK;
}

qn_status qn_selection_transform(const qn_selection *selection, const qn_stage *stage,
                                 const qn_schema *schema, const qn_batch *in, qn_batch *out) {
    qn_column *column = NULL;
    int32_t index;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    QN_TRY(qn_vectors_select(&column, in->columns[index], selection->slots, selection->count));
    return qn_vectors_append(in, column, out);
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status copy_slots(const qn_selection *selection, int64_t **out) {
    QN_TRY(qn_mem_alloc(out, (size_t)selection->count, sizeof **out));
    for (int64_t i = 0; i < selection->count; i++)
        (*out)[i] = selection->slots[i];
    return QN_OK;
}

static qn_status take_slots(qn_selection *selection, const int64_t *slots, int64_t count) {
    QN_TRY(qn_mem_alloc(&selection->slots, (size_t)count, sizeof *selection->slots));
    for (int64_t i = 0; i < count; i++) {
        if (slots[i] < (i > 0 ? slots[i - 1] + 1 : 0) || slots[i] >= selection->width)
            return qn_fail(QN_DATA, "selected slot %lld is not one of %lld, in order",
                           (long long)slots[i], (long long)selection->width);
        selection->slots[i] = (int32_t)slots[i];
    }
    selection->count = count;
    return QN_OK;
}

qn_status qn_selection_persist(qn_selection *selection, qn_archive *archive) {
    bool writing = qn_archive_writing(archive);
    int64_t *slots = NULL, count = selection->count;
    qn_status status = QN_OK;
    QN_TRY(qn_archive_texts(archive, "names", &selection->names, &selection->width));
    if (writing)
        status = qn_comm_agree(qn_archive_comm(archive), copy_slots(selection, &slots));
    if (status == QN_OK)
        status = qn_archive_ints(archive, "selected", &slots, &count);
    if (status == QN_OK && !writing)
        status = take_slots(selection, slots, count);
    qn_mem_free(slots);
    return status;
}

static json_t *number_json(double value) {
    if (isinf(value))
        return json_string(value > 0 ? "Infinity" : "-Infinity");
    return isnan(value) ? json_null() : json_real(value);
}

qn_status qn_selection_describe(const qn_selection *selection, const qn_selection_score *scores,
                                int count, json_t *object) {
    json_t *features = json_array();
    int failed = json_object_set_new(object, "features", features);
    int64_t next = 0;
    for (int64_t i = 0; i < selection->width && !failed; i++) {
        bool selected = next < selection->count && selection->slots[next] == i;
        json_t *feature = json_object();
        failed |= json_array_append_new(features, feature);
        failed |= json_object_set_new(feature, "name", json_string(selection->names[i]));
        for (int k = 0; k < count; k++)
            failed |=
                json_object_set_new(feature, scores[k].name, number_json(scores[k].values[i]));
        failed |= json_object_set_new(feature, "selected", json_boolean(selected));
        next += selected;
    }
    return failed ? qn_fail(QN_MEMORY, "out of memory") : QN_OK;
}

void qn_selection_clear(qn_selection *selection) {
    qn_mem_free_all(selection->names, selection->width);
    qn_mem_free(selection->slots);
    *selection = (qn_selection){0};
}
