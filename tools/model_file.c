#include "tools/model_file.h"

#include "mpi/archive.h"
#include "tools/registries.h"

#include <string.h>

qn_status qn_model_load(qn_stage **out, qn_comm *comm, const char *path) {
    qn_archive *archive = NULL;
    QN_TRY(qn_archive_open(&archive, comm, path, QN_MODEL_KIND));
    qn_status status = qn_stage_load(out, qn_all_stages, archive, "stage");
    if (status != QN_OK) {
        qn_error_locate("%s", path);
        qn_archive_discard(archive);
        return status;
    }
    return qn_archive_close(archive);
}

qn_status qn_model_save(qn_stage *stage, qn_comm *comm, const char *path) {
    qn_archive *archive = NULL;
    QN_TRY(qn_archive_create(&archive, comm, path, QN_MODEL_KIND));
    qn_status status = qn_stage_save(stage, archive, "stage");
    if (status != QN_OK) {
        qn_archive_discard(archive);
        return status;
    }
    return qn_archive_close(archive);
}

/* Puts the keys of a pipeline's estimator beside the pipeline's own. */
static void hoist_estimator(json_t *object) {
    json_t *stages = json_object_get(object, "stages");
    if (!json_is_array(stages) || json_array_size(stages) == 0)
        return;
    json_t *last = json_array_get(stages, json_array_size(stages) - 1);
    if (json_object_get(last, "coefficients") == NULL && json_object_get(last, "metrics") == NULL)
        return;
    json_object_set(object, "model", json_object_get(last, "type"));
    const char *key;
    json_t *value;
    json_object_foreach(last, key, value) {
        if (json_object_get(object, key) == NULL)
            json_object_set(object, key, value);
    }
}

qn_status qn_model_describe(const qn_stage *stage, json_t **out) {
    json_t *object = NULL;
    QN_TRY(qn_stage_describe(stage, &object));
    hoist_estimator(object);
    *out = object;
    return QN_OK;
}
