#include "tools/print/model_view.h"

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
