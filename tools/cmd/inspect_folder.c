#include "tools/cmd/inspect_folder.h"

#include "core/memory.h"
#include "features/store/store.h"
#include "tools/cmd/inputs.h"

#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool holds(const char *folder, const char *name, char **path) {
    return qn_format(path, "%s/%s", folder, name) == QN_OK && access(*path, F_OK) == 0;
}

/* ---- A store -------------------------------------------------------------------------------- */

static qn_status describe_group(const char *store, const char *name, json_t *groups) {
    json_t *log = NULL;
    QN_TRY(qn_store_log(store, name, &log));
    size_t count = json_array_size(log);
    json_t *group = json_pack("{s:s, s:I}", "name", name, "versions", (json_int_t)count),
           *latest = NULL;
    if (count > 0)
        latest = json_array_get(log, count - 1);
    for (const char *const *key = (const char *const[]){"version", "rows", "time", NULL};
         latest != NULL && *key != NULL; key++)
        json_object_set(group, *key, json_object_get(latest, *key));
    json_array_append_new(groups, group);
    json_decref(log);
    return QN_OK;
}

static qn_status describe_store(const char *path, json_t **out) {
    json_t *names = NULL, *groups = json_array(), *name;
    size_t index;
    qn_status status = qn_store_groups(path, &names);
    json_array_foreach(names, index, name) {
        if (status == QN_OK)
            status = describe_group(path, json_string_value(name), groups);
    }
    json_decref(names);
    if (status != QN_OK) {
        json_decref(groups);
        return status;
    }
    *out = json_pack("{s:s, s:o}", "type", "feature store", "groups", groups);
    return QN_OK;
}

static qn_status describe_version(const char *store, const char *group, int64_t version,
                                  json_t **out) {
    json_t *shown = NULL;
    QN_TRY(qn_store_show(store, group, version, &shown));
    json_t *made = json_pack("{s:s, s:s}", "type", "feature version", "group", group);
    json_object_update(made, shown);
    json_object_set(made, "columns", json_object_get(shown, "schema"));
    json_object_del(made, "schema");
    json_decref(shown);
    *out = made;
    return QN_OK;
}

/* ---- A run ---------------------------------------------------------------------------------- */

static qn_status describe_run(const char *status_path, json_t **out) {
    json_error_t error;
    json_t *made = json_pack("{s:s}", "type", "run");
    json_t *status = json_load_file(status_path, 0, &error);
    if (!json_is_object(status)) {
        json_decref(status);
        json_decref(made);
        return qn_fail(QN_INPUT, "'%s' is damaged: it is not JSON", status_path);
    }
    json_object_update(made, status);
    json_decref(status);
    *out = made;
    return QN_OK;
}

static qn_status describe_folder(const char *path, json_t **out) {
    char *store = NULL, *run = NULL;
    qn_status status;
    if (holds(path, "_store.json", &store))
        status = describe_store(path, out);
    else if (holds(path, "status.json", &run))
        status = describe_run(run, out);
    else {
        status = qn_fail(QN_INPUT, "folder '%s' is not one that quern made", path);
        qn_error_help("there are stores, STORE/groups/NAME[@VERSION] and run directories");
    }
    qn_mem_free(store);
    qn_mem_free(run);
    return status;
}

qn_status qn_inspect_folder(const char *path, json_t **out) {
    char *store = NULL, *group = NULL;
    int64_t version = 0;
    QN_TRY(qn_mem_copy_text(&store, path));
    qn_status status = QN_OK;
    if (qn_split_group(store, &group, &version))
        status = describe_version(store, group, version, out);
    else if (is_folder(path))
        status = describe_folder(path, out);
    qn_mem_free(store);
    return status;
}
