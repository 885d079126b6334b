/* Stages as groups of an archive, and as JSON. */
#include "core/memory.h"
#include "mpi/stage.h"

/* ---- Archive -------------------------------------------------------------------------------- */

static qn_status persist_state(qn_stage *stage, qn_archive *archive) {
    const qn_stage_class *class_ = stage->class_;
    QN_TRY(qn_archive_bool(archive, "fitted", &stage->fitted));
    QN_TRY(qn_archive_options(archive, stage->options));
    if (class_->persist != NULL && (stage->fitted || class_->children != NULL))
        QN_TRY(class_->persist(stage, archive));
    return QN_OK;
}

qn_status qn_stage_save(qn_stage *stage, qn_archive *archive, const char *group) {
    char *type = (char *)stage->class_->name;
    QN_TRY(qn_archive_enter(archive, group));
    QN_TRY(qn_archive_text(archive, "type", &type));
    QN_TRY(persist_state(stage, archive));
    return qn_archive_leave(archive);
}

static qn_status load_group(qn_stage **out, const qn_registry *registries, qn_archive *archive) {
    qn_status status = QN_OK;
    char *type = NULL;
    qn_stage *stage = NULL;
    const qn_stage_class *class_ = NULL;
    QN_TRY_GOTO(qn_archive_text(archive, "type", &type), done);
    QN_TRY_GOTO(qn_stage_find(registries, type, &class_), done);
    status = qn_stage_new(&stage, class_);
    QN_TRY_GOTO(qn_comm_agree(qn_archive_comm(archive), status), done);
    stage->registries = registries;
    QN_TRY_GOTO(persist_state(stage, archive), done);
    stage->registries = NULL;
    *out = stage;
    stage = NULL;
done:
    qn_stage_free(stage);
    qn_mem_free(type);
    return status;
}

qn_status qn_stage_load(qn_stage **out, const qn_registry *registries, qn_archive *archive,
                        const char *group) {
    qn_stage *stage = NULL;
    QN_TRY(qn_archive_enter(archive, group));
    QN_TRY(load_group(&stage, registries, archive));
    qn_status status = qn_archive_leave(archive);
    if (status != QN_OK) {
        qn_stage_free(stage);
        return status;
    }
    *out = stage;
    return QN_OK;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static json_t *list_json(const qn_options *options, const char *name) {
    char *const *values = NULL;
    int64_t count = qn_options_list(options, name, &values);
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++)
        if (json_array_append_new(array, json_string(values[i])) != 0)
            break;
    return array;
}

static json_t *option_json(const qn_options *options, const qn_option *row) {
    if (!qn_options_has(options, row->name))
        return json_null();
    switch (row->type) {
    case QN_OPTION_BOOL:
        return json_boolean(qn_options_bool(options, row->name));
    case QN_OPTION_INT:
        return json_integer(qn_options_int(options, row->name));
    case QN_OPTION_REAL: {
        /* JSON has no NaN and no infinity: their words. */
        double value = qn_options_real(options, row->name);
        if (value - value == 0)
            return json_real(value);
        return json_string(value > 0 ? "inf" : value < 0 ? "-inf" : "nan");
    }
    case QN_OPTION_TEXTS:
        return list_json(options, row->name);
    case QN_OPTION_CHOICE:
    case QN_OPTION_TEXT:
        break;
    }
    return json_string(qn_options_text(options, row->name));
}

static int add_options(const qn_stage *stage, json_t *object) {
    json_t *all = json_object();
    int failed = 0;
    for (const qn_option *row = stage->class_->options; row->name != NULL; row++)
        failed |= json_object_set_new(all, row->name, option_json(stage->options, row));
    return failed | json_object_set_new(object, "options", all);
}

qn_status qn_stage_describe(const qn_stage *stage, json_t **out) {
    json_t *object = json_object();
    int failed = json_object_set_new(object, "type", json_string(stage->class_->name));
    failed |= json_object_set_new(object, "fitted", json_boolean(stage->fitted));
    failed |= add_options(stage, object);
    qn_status status = QN_OK;
    if (failed)
        status = qn_fail(QN_MEMORY, "out of memory while describing %s", stage->class_->name);
    else if (stage->class_->describe != NULL && (stage->fitted || stage->class_->children != NULL))
        status = stage->class_->describe(stage, object);
    if (status != QN_OK)
        json_decref(object);
    else
        *out = object;
    return status;
}
