/* Versions as streams, and what the log tells about them. */
#include "core/memory.h"
#include "core/time/date.h"
#include "features/scan/table_scan.h"
#include "features/store/folder.h"
#include "features/store/record.h"
#include "mpi/hdf5/part.h"

#include <stdlib.h>
#include <string.h>

/* ---- The log -------------------------------------------------------------------------------- */

static void copy_value(json_t *to, const char *name, const json_t *from, const char *key) {
    json_t *value = json_object_get(from, key);
    if (value != NULL)
        (void)json_object_set(to, name, value);
}

static json_t *summarise(const store_state *state) {
    const json_t *counts = json_object_get(state->commit, "state");
    const json_t *writer = json_object_get(state->commit, "writer");
    char time[48];
    int length = qn_print_timestamp(state->time / 1000000 * 1000000, time);
    time[length] = '\0';
    json_t *summary = json_pack("{s:I, s:s}", "version", (json_int_t)state->version, "time", time);
    copy_value(summary, "operation", state->commit, "op");
    copy_value(summary, "rows", counts, "rows");
    copy_value(summary, "parts", counts, "parts");
    copy_value(summary, "digest", counts, "digest");
    copy_value(summary, "message", state->commit, "message");
    copy_value(summary, "user", writer, "user");
    copy_value(summary, "host", writer, "host");
    copy_value(summary, "ranks", writer, "ranks");
    return summary;
}

static qn_status list_versions(const char *store, const char *group, json_t *log) {
    int64_t head = -1;
    store_state state;
    QN_TRY(store_head(store, group, &head));
    QN_TRY(store_state_init(&state));
    qn_status status = QN_OK;
    while (status == QN_OK && state.version < head) {
        status = store_state_next(&state, store, group);
        if (status == QN_OK && json_array_append_new(log, summarise(&state)) != 0)
            status = qn_fail(QN_MEMORY, "no memory for the log of '%s'", group);
    }
    store_state_clear(&state);
    return status;
}

qn_status qn_store_log(const char *store, const char *group, json_t **out) {
    QN_TRY(store_check(store, group));
    json_t *log = json_array();
    qn_status status = list_versions(store, group, log);
    if (status != QN_OK) {
        json_decref(log);
        return status;
    }
    *out = log;
    return QN_OK;
}

/* A group whose first commit never came to be has no versions. */
static qn_status open_state(const char *store, const char *group, int64_t version,
                            store_state *state) {
    QN_TRY(store_check(store, group));
    QN_TRY(store_state_init(state));
    qn_status status = store_state_advance(state, store, group, version);
    if (status == QN_OK && state->version < 0)
        status = qn_fail(QN_INPUT, "group '%s' has no versions yet", group);
    if (status != QN_OK)
        store_state_clear(state);
    return status;
}

static json_t *list_parts(const store_state *state) {
    json_t *parts = json_array();
    for (void *at = json_object_iter(state->parts); at != NULL;
         at = json_object_iter_next(state->parts, at))
        (void)json_array_append(parts, json_object_iter_value(at));
    return parts;
}

qn_status qn_store_show(const char *store, const char *group, int64_t version, json_t **out) {
    store_state state;
    QN_TRY(open_state(store, group, version, &state));
    json_t *object = summarise(&state);
    copy_value(object, "keys", state.commit, "keys");
    copy_value(object, "partition_by", state.commit, "partition_by");
    (void)json_object_set(object, "schema", state.schema);
    (void)json_object_set_new(object, "files", list_parts(&state));
    if (state.quality != NULL)
        (void)json_object_set(object, "quality", state.quality);
    if (state.lineage != NULL)
        (void)json_object_set(object, "lineage", state.lineage);
    store_state_clear(&state);
    *out = object;
    return QN_OK;
}

/* ---- Sharing a version over ranks ----------------------------------------------------------- */

/* Collective. Rank 0 reads the log; all get {"version", "rows", "digest", "schema", "files"}. */
static qn_status share_version(qn_comm *comm, const char *store, const char *group, int64_t version,
                               json_t **out) {
    json_t *object = NULL;
    char *text = NULL, *bytes = NULL;
    int64_t length = 0;
    qn_status status =
        qn_comm_rank(comm) == 0 ? qn_store_show(store, group, version, &object) : QN_OK;
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    if (object != NULL) {
        text = json_dumps(object, JSON_COMPACT);
        length = text != NULL ? (int64_t)strlen(text) : -1;
    }
    QN_TRY_GOTO(qn_comm_broadcast(comm, &length, sizeof length, 0), done);
    status = length < 0 ? qn_fail(QN_MEMORY, "no memory for the list of parts")
                        : qn_mem_calloc(&bytes, (size_t)length + 1, 1);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    if (text != NULL)
        memcpy(bytes, text, (size_t)length);
    QN_TRY_GOTO(qn_comm_broadcast(comm, bytes, length, 0), done);
    json_t *shared = json_loads(bytes, 0, NULL);
    status = shared != NULL ? QN_OK : qn_fail(QN_MEMORY, "no memory for the list of parts");
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    *out = shared;
done:
    json_decref(object);
    qn_mem_free(bytes);
    free(text);
    return status;
}

/* ---- Reading -------------------------------------------------------------------------------- */

typedef struct part_list {
    int64_t count;
    char **paths;
    int64_t *rows;
} part_list;

static void clear_list(part_list *list) {
    qn_mem_free_all(list->paths, list->paths == NULL ? 0 : list->count);
    qn_mem_free(list->rows);
}

static qn_status make_list(part_list *list, const char *store, const char *group,
                           const json_t *files) {
    *list = (part_list){.count = (int64_t)json_array_size(files)};
    QN_TRY(qn_mem_calloc(&list->paths, (size_t)list->count, sizeof *list->paths));
    QN_TRY(qn_mem_calloc(&list->rows, (size_t)list->count, sizeof *list->rows));
    for (int64_t i = 0; i < list->count; i++) {
        const json_t *file = json_array_get(files, (size_t)i);
        const char *path = json_string_value(json_object_get(file, "path"));
        list->rows[i] = json_integer_value(json_object_get(file, "rows"));
        if (path == NULL || *path == '/' || strstr(path, "..") != NULL)
            return qn_fail(QN_DATA, "the log of group '%s' names an impossible file", group);
        QN_TRY(store_path(&list->paths[i], store, group, path));
    }
    return QN_OK;
}

/* What the record tells of each part's columns, for conditions to leave parts out. */
static void describe_files(qn_stream *stream, const json_t *files) {
    json_t *stats = json_array();
    for (size_t i = 0; i < json_array_size(files); i++) {
        json_t *of_part = json_object_get(json_array_get(files, i), "stats");
        (void)json_array_append_new(stats, of_part != NULL ? json_incref(of_part) : json_null());
    }
    if (json_array_size(stats) == json_array_size(files))
        qn_table_scan_describe(stream, stats);
    json_decref(stats);
}

static qn_status open_stream(qn_stream **out, const qn_comm *comm, const char *store,
                             const char *group, const json_t *object) {
    qn_schema schema;
    part_list list = {0};
    qn_schema_init(&schema);
    qn_status status = qn_schema_from_json(json_object_get(object, "schema"), &schema);
    if (status == QN_OK)
        status = make_list(&list, store, group, json_object_get(object, "files"));
    if (status == QN_OK)
        status = qn_table_scan_new(out, comm, &schema, (const char *const *)list.paths, list.rows,
                                   list.count);
    if (status == QN_OK)
        describe_files(*out, json_object_get(object, "files"));
    clear_list(&list);
    qn_schema_clear(&schema);
    return status;
}

static void take_info(const json_t *object, qn_store_version *info) {
    const char *digest = json_string_value(json_object_get(object, "digest"));
    *info = (qn_store_version){
        .version = json_integer_value(json_object_get(object, "version")),
        .rows = json_integer_value(json_object_get(object, "rows")),
    };
    if (digest != NULL && strlen(digest) == QN_DIGEST_TEXT - 1)
        memcpy(info->digest, digest, QN_DIGEST_TEXT);
}

qn_status qn_store_open(qn_stream **out, qn_comm *comm, const char *store, const char *group,
                        int64_t version, qn_store_version *info) {
    json_t *object = NULL;
    qn_stream *stream = NULL;
    QN_TRY(share_version(comm, store, group, version, &object));
    qn_status status = qn_comm_agree(comm, open_stream(&stream, comm, store, group, object));
    if (status == QN_OK && info != NULL)
        take_info(object, info);
    json_decref(object);
    if (status != QN_OK) {
        qn_stream_free(stream);
        return status;
    }
    *out = stream;
    return QN_OK;
}

/* ---- Verifying ------------------------------------------------------------------------------ */

static qn_status verify_content(qn_part *part, const json_t *file) {
    const json_t *content = json_object_get(file, "content");
    for (int32_t i = 0; i < qn_part_schema(part)->count; i++) {
        char found[QN_CONTENT_TEXT];
        const char *expected = json_string_value(json_array_get(content, (size_t)i));
        qn_content_print(qn_part_content(part, i), found);
        if (expected == NULL || strcmp(expected, found) != 0)
            return qn_fail(QN_DATA, "'%s' is not the file that was committed: column '%s' differs",
                           qn_part_path(part), qn_part_schema(part)->fields[i].name);
    }
    return qn_part_verify(part);
}

static qn_status verify_file(const char *path, const json_t *file) {
    char found[QN_SHA256_TEXT];
    const char *expected = json_string_value(json_object_get(file, "sha256"));
    qn_part *part = NULL;
    QN_TRY(qn_sha256_file(path, found));
    if (expected == NULL || strcmp(expected, found) != 0) {
        qn_status status =
            qn_fail(QN_DATA, "'%s' is damaged: its bytes are not those that were committed", path);
        qn_error_help("restore the file from a copy");
        return status;
    }
    QN_TRY(qn_part_open(&part, path));
    qn_status status = verify_content(part, file);
    qn_part_free(part);
    return status;
}

/* This rank's share of the files. */
static qn_status verify_files(const qn_comm *comm, const char *store, const char *group,
                              const json_t *files) {
    part_list list = {0};
    qn_status status = make_list(&list, store, group, files);
    for (int64_t i = qn_comm_rank(comm); status == QN_OK && i < list.count; i += qn_comm_size(comm))
        status = verify_file(list.paths[i], json_array_get(files, (size_t)i));
    clear_list(&list);
    return status;
}

qn_status qn_store_verify(qn_comm *comm, const char *store, const char *group, int64_t version) {
    json_t *object = NULL;
    QN_TRY(share_version(comm, store, group, version, &object));
    qn_status status = verify_files(comm, store, group, json_object_get(object, "files"));
    json_decref(object);
    return qn_comm_agree(comm, status);
}
