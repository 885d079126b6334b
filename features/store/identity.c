/* What a store is: its identity file and its folders. */
#include "core/memory.h"
#include "features/store/folder.h"
#include "features/store/record.h"
#include "features/store/store.h"
#include "mpi/file/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static qn_status make_folder(const char *path, const char *parent) {
    if (mkdir(path, 0777) == 0)
        return store_sync_folder(parent);
    struct stat facts;
    if (errno == EEXIST && stat(path, &facts) == 0 && S_ISDIR(facts.st_mode))
        return store_sync_folder(parent); /* whoever made it may not be that far */
    return qn_fail_errno(QN_IO, "cannot make folder '%s'", path);
}

/* Linking twice to one name must fail the second time: else commits would be lost. */
static qn_status probe(const char *store) {
    char uuid[STORE_UUID_TEXT], name[64];
    store_outcome outcome = STORE_NOTHING;
    char *path = NULL;
    QN_TRY(store_uuid(uuid));
    snprintf(name, sizeof name, ".probe-%s", uuid);
    QN_TRY(qn_format(&path, "%s/%s", store, name));
    qn_status status = store_publish(store, name, "", 0, &outcome);
    if (status == QN_OK)
        status = store_publish(store, name, "", 0, &outcome);
    (void)unlink(path);
    if (status == QN_OK && outcome != STORE_TAKEN)
        status =
            qn_fail(QN_ENVIRONMENT, "'%s' is on a file system where a link replaces a file", store);
    qn_mem_free(path);
    return status;
}

static qn_status write_identity(const char *store) {
    char uuid[STORE_UUID_TEXT];
    char *text = NULL;
    store_outcome outcome;
    QN_TRY(probe(store));
    QN_TRY(store_uuid(uuid));
    QN_TRY(qn_format(&text,
                     "{\"format\":\"quern-store\",\"version\":%d,\"uuid\":\"%s\","
                     "\"probe\":{\"link\":true,\"link_replaces\":false}}\n",
                     STORE_FORMAT, uuid));
    qn_status status = store_publish(store, "_store.json", text, (int64_t)strlen(text), &outcome);
    qn_mem_free(text);
    return status;
}

/* ---- Making --------------------------------------------------------------------------------- */

/* "a/b" of "a/b/c"; "." if there is nothing else. */
static qn_status parent_of(char **out, const char *path) {
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    while (length > 1 && path[length - 1] == '/')
        length--;
    return length == 0 ? qn_mem_copy_text(out, ".") : qn_format(out, "%.*s", (int)length, path);
}

/* A folder that holds other things is no place for a store: a slip of the keyboard. */
static qn_status check_new(const char *store) {
    char **names = NULL;
    int64_t count = 0;
    struct stat facts;
    if (stat(store, &facts) == 0 && !S_ISDIR(facts.st_mode))
        return qn_fail(QN_IO, "'%s' is a file, not a store", store);
    QN_TRY(store_list(store, &names, &count));
    bool foreign = false;
    for (int64_t i = 0; i < count; i++)
        foreign =
            foreign || (strcmp(names[i], "groups") != 0 && strcmp(names[i], "_store.json") != 0);
    qn_mem_free_all(names, count);
    if (!foreign)
        return QN_OK;
    qn_status status = qn_fail(QN_IO, "'%s' is a folder with other files, not a store", store);
    qn_error_help("give a new or an empty folder");
    return status;
}

static qn_status make_store(const char *store) {
    char *identity = NULL, *parent = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_format(&identity, "%s/_store.json", store), done);
    if (access(identity, F_OK) == 0)
        goto done;
    QN_TRY_GOTO(check_new(store), done);
    QN_TRY_GOTO(parent_of(&parent, store), done);
    QN_TRY_GOTO(make_folder(store, parent), done);
    status = write_identity(store);
done:
    qn_mem_free(identity);
    qn_mem_free(parent);
    return status;
}

static qn_status make_inside(const char *store, const char *group, const char *name,
                             const char *parent) {
    char *path = NULL;
    QN_TRY(store_path(&path, store, group, name));
    qn_status status = make_folder(path, parent);
    qn_mem_free(path);
    return status;
}

static qn_status make_group(const char *store, const char *group) {
    char *groups = NULL, *top = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_format(&groups, "%s/groups", store), done);
    QN_TRY_GOTO(store_path(&top, store, group, ""), done);
    QN_TRY_GOTO(make_folder(groups, store), done);
    QN_TRY_GOTO(make_folder(top, groups), done);
    QN_TRY_GOTO(make_inside(store, group, "data", top), done);
    status = make_inside(store, group, "_log", top);
done:
    qn_mem_free(groups);
    qn_mem_free(top);
    return status;
}

/* ---- Checking ------------------------------------------------------------------------------- */

static qn_status check_text(const char *store, const char *text) {
    json_t *root = json_loads(text, 0, NULL);
    const char *format = json_string_value(json_object_get(root, "format"));
    json_int_t version = json_integer_value(json_object_get(root, "version"));
    qn_status status = QN_OK;
    if (format == NULL || strcmp(format, "quern-store") != 0)
        status = qn_fail(QN_DATA, "'%s/_store.json' is not the identity of a feature store", store);
    else if (version > STORE_FORMAT)
        status = qn_fail(QN_INPUT, "'%s' has store format %lld; this version knows up to %d", store,
                         (long long)version, STORE_FORMAT);
    json_decref(root);
    return status;
}

static qn_status check_identity(const char *store) {
    char *path = NULL, *text = NULL;
    int64_t length = 0;
    QN_TRY(qn_format(&path, "%s/_store.json", store));
    qn_status status;
    if (access(path, F_OK) != 0) {
        status = qn_fail(QN_INPUT, "'%s' is not a feature store", store);
        qn_error_help("a store is a folder with a file _store.json");
    } else {
        status = qn_file_read_all(path, &text, &length);
    }
    if (status == QN_OK)
        status = check_text(store, text);
    qn_mem_free(text);
    qn_mem_free(path);
    return status;
}

qn_status store_make(const char *store, const char *group) {
    QN_TRY(qn_store_check_group(group));
    QN_TRY(make_store(store));
    QN_TRY(check_identity(store));
    return make_group(store, group);
}

static qn_status list_groups(const char *store, char ***out, int64_t *count) {
    char *path = NULL;
    QN_TRY(qn_format(&path, "%s/groups", store));
    qn_status status = store_list(path, out, count);
    qn_mem_free(path);
    return status;
}

static qn_status fail_group(const char *store, const char *group) {
    char **names = NULL;
    int64_t count = 0;
    QN_TRY(list_groups(store, &names, &count));
    qn_status status = qn_fail(QN_INPUT, "store '%s' has no feature group '%s'", store, group);
    const char *nearest = qn_nearest(group, (const char *const *)names, count);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    else if (count > 0)
        qn_error_help("it has '%s'%s", names[0], count > 1 ? " and others" : "");
    else
        qn_error_help("it has none yet");
    qn_mem_free_all(names, count);
    return status;
}

qn_status store_check(const char *store, const char *group) {
    QN_TRY(check_identity(store));
    QN_TRY(qn_store_check_group(group));
    char *log = NULL;
    QN_TRY(store_path(&log, store, group, "_log"));
    bool there = access(log, F_OK) == 0;
    qn_mem_free(log);
    return there ? QN_OK : fail_group(store, group);
}

/* Groups whose first commit never came to be do not count. */
qn_status qn_store_groups(const char *store, json_t **out) {
    char **names = NULL;
    int64_t count = 0;
    QN_TRY(check_identity(store));
    QN_TRY(list_groups(store, &names, &count));
    json_t *array = json_array();
    qn_status status = QN_OK;
    for (int64_t i = 0; status == QN_OK && i < count; i++) {
        int64_t head = -1;
        status = store_head(store, names[i], &head);
        if (head >= 0)
            (void)json_array_append_new(array, json_string(names[i]));
    }
    qn_mem_free_all(names, count);
    if (status != QN_OK) {
        json_decref(array);
        return status;
    }
    *out = array;
    return QN_OK;
}
