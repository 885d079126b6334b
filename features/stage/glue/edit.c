#include "features/stage/glue/edit.h"

#include "core/memory.h"

#include <string.h>

qn_status qn_edit_names(const qn_stage *stage, const char *option, char *const **out,
                        int64_t *count) {
    if (!qn_options_is_set(stage->options, option))
        return qn_fail(QN_JOB, "%s is not set", option);
    *count = qn_options_list(stage->options, option, out);
    if (*count == 0)
        return qn_fail(QN_JOB, "%s names no column", option);
    for (int64_t i = 1; i < *count; i++)
        for (int64_t k = 0; k < i; k++)
            if (strcmp((*out)[i], (*out)[k]) == 0)
                return qn_fail(QN_JOB, "%s names '%s' twice", option, (*out)[i]);
    return QN_OK;
}

qn_status qn_edit_find(const qn_stage *stage, const qn_schema *schema, char *const *names,
                       int64_t count, int32_t **out) {
    int32_t *places = NULL;
    QN_TRY(qn_mem_alloc(&places, (size_t)count, sizeof *places));
    for (int64_t i = 0; i < count; i++) {
        places[i] = qn_schema_find(schema, names[i]);
        qn_status status = places[i] < 0 && !stage->fitted
                               ? qn_schema_require(schema, names[i], &places[i])
                               : QN_OK;
        if (status != QN_OK) {
            qn_mem_free(places);
            return status;
        }
    }
    *out = places;
    return QN_OK;
}

int64_t qn_edit_position(const int32_t *places, int64_t count, int32_t index) {
    for (int64_t i = 0; i < count; i++)
        if (places[i] == index)
            return i;
    return -1;
}

qn_status qn_edit_note_absence(qn_schema *out, const qn_schema *in, const char *source,
                               const char *made, const char *verb) {
    char *reason = NULL;
    const char *earlier = qn_schema_absence(in, source);
    if (earlier != NULL)
        return qn_schema_add_absence(out, made, earlier);
    QN_TRY(qn_format(&reason, "the input lacks column '%s', which is %s", source, verb));
    qn_status status = qn_schema_add_absence(out, made, reason);
    qn_mem_free(reason);
    return status;
}

qn_status qn_edit_copy_absences(qn_schema *out, const qn_schema *in) {
    for (int64_t i = 0; i < in->absence_count; i++)
        QN_TRY(qn_schema_add_absence(out, in->absences[i].name, in->absences[i].reason));
    return QN_OK;
}

qn_status qn_edit_fit(qn_stage *stage, qn_stream *in, qn_comm *comm) {
    (void)stage;
    (void)in;
    (void)comm;
    return QN_OK;
}
