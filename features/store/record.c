/* Reading records: every one is verified against itself and its parent. */
#include "features/store/record.h"

#include "core/memory.h"
#include "features/store/folder.h"
#include "mpi/file/file.h"
#include "mpi/hdf5/part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void store_record_name(int64_t version, char out[STORE_RECORD_NAME]) {
    snprintf(out, STORE_RECORD_NAME, "%020lld.json", (long long)version);
}

qn_status store_state_init(store_state *state) {
    *state = (store_state){.version = -1, .parts = json_object()};
    return state->parts != NULL ? QN_OK : qn_fail(QN_MEMORY, "no memory for a store's state");
}

void store_state_clear(store_state *state) {
    json_decref(state->schema);
    json_decref(state->parts);
    json_decref(state->commit);
    json_decref(state->lineage);
    json_decref(state->quality);
    *state = (store_state){.version = -1};
}

/* ---- The head ------------------------------------------------------------------------------- */

static int64_t record_number(const char *name) {
    char *end = NULL;
    if (strlen(name) != 25 || strspn(name, "0123456789") != 20 || strcmp(name + 20, ".json") != 0)
        return -1;
    return strtoll(name, &end, 10);
}

qn_status store_head(const char *store, const char *group, int64_t *out) {
    char *log = NULL, **names = NULL;
    int64_t count = 0, head = -1;
    QN_TRY(store_path(&log, store, group, "_log"));
    qn_status status = store_list(log, &names, &count);
    qn_mem_free(log);
    QN_TRY(status);
    for (int64_t i = 0; i < count; i++) {
        int64_t number = record_number(names[i]);
        head = number > head ? number : head;
    }
    qn_mem_free_all(names, count);
    *out = head;
    return QN_OK;
}

/* ---- One record ----------------------------------------------------------------------------- */

typedef struct record {
    char *path;
    char *text;
    int64_t length;
    char sha256[QN_SHA256_TEXT];
} record;

static qn_status broken(const record *r, const char *what) {
    qn_status status = qn_fail(QN_DATA, "'%s' is damaged: %s", r->path, what);
    qn_error_help("restore the file from a copy; versions before it can still be read");
    return status;
}

/* The last line, which seals the others. */
static const char *last_line(const record *r) {
    if (r->length < 2 || r->text[r->length - 1] != '\n')
        return NULL;
    const char *line = r->text + r->length - 1;
    while (line > r->text && line[-1] != '\n')
        line--;
    return line;
}

static qn_status check_seal(const record *r) {
    char sha256[QN_SHA256_TEXT];
    const char *line = last_line(r);
    if (line == NULL)
        return broken(r, "it has no end");
    QN_TRY(qn_sha256_bytes(r->text, line - r->text, sha256));
    int64_t lines = 0;
    for (const char *c = r->text; c < line; c++)
        lines += *c == '\n';
    json_t *root = json_loads(line, 0, NULL);
    const json_t *end = json_object_get(root, "end");
    const char *sealed = json_string_value(json_object_get(end, "sha256"));
    bool good = sealed != NULL && strcmp(sealed, sha256) == 0 &&
                json_integer_value(json_object_get(end, "lines")) == lines;
    json_decref(root);
    return good ? QN_OK : broken(r, "its bytes are not those that were committed");
}

static qn_status read_record(const char *store, const char *group, int64_t version, record *out) {
    char name[STORE_RECORD_NAME], rest[STORE_RECORD_NAME + 8];
    store_record_name(version, name);
    snprintf(rest, sizeof rest, "_log/%s", name);
    QN_TRY(store_path(&out->path, store, group, rest));
    if (access(out->path, F_OK) != 0) {
        qn_status status = qn_fail(QN_DATA, "version %lld of group '%s' is missing: no file '%s'",
                                   (long long)version, group, out->path);
        qn_error_help("restore the file from a copy; versions before it can still be read");
        return status;
    }
    QN_TRY(qn_file_read_all(out->path, &out->text, &out->length));
    QN_TRY(check_seal(out));
    return qn_sha256_bytes(out->text, out->length, out->sha256);
}

static void clear_record(record *r) {
    qn_mem_free(r->path);
    qn_mem_free(r->text);
}

/* ---- Applying ------------------------------------------------------------------------------- */

qn_status store_state_apply(store_state *state, const json_t *action) {
    json_t *add = json_object_get(action, "add");
    const json_t *remove = json_object_get(action, "remove");
    const char *path = json_string_value(json_object_get(add != NULL ? add : remove, "path"));
    if (path == NULL)
        return qn_fail(QN_DATA, "an action has no path");
    int failed = add != NULL ? json_object_set(state->parts, path, add)
                             : json_object_del(state->parts, path);
    return failed == 0 ? QN_OK : qn_fail(QN_DATA, "'%s' is removed but was never added", path);
}

static void replace(json_t **slot, json_t *value) {
    json_decref(*slot);
    *slot = json_incref(value);
}

static qn_status apply_commit(store_state *state, const record *r, json_t *commit) {
    const char *parent = json_string_value(json_object_get(commit, "parent_sha256"));
    int64_t version = json_integer_value(json_object_get(commit, "v"));
    if (version != state->version + 1)
        return broken(r, "it says that it is another version");
    if (parent == NULL || strcmp(parent, state->sha256) != 0)
        return broken(r, "it does not follow the version before it");
    if (json_array_size(json_object_get(commit, "features")) > 0)
        return qn_fail(QN_INPUT, "'%s' uses features that this version does not know", r->path);
    state->version = version;
    state->time = json_integer_value(json_object_get(commit, "ict_ns"));
    replace(&state->commit, commit);
    return QN_OK;
}

static json_int_t count_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

/* What rules found in the rows that the version was made of. */
static qn_status add_rule(store_state *state, const record *r, json_t *rule) {
    bool totals = json_object_get(rule, "passed") != NULL;
    json_int_t sum =
        count_of(rule, "passed") + count_of(rule, "dropped") + count_of(rule, "quarantined");
    if (totals && sum != count_of(rule, "rows"))
        return broken(r, "the rows that its quality rules counted do not add up");
    if (state->quality == NULL)
        state->quality = json_array();
    if (json_array_append(state->quality, rule) != 0)
        return qn_fail(QN_MEMORY, "no memory for a store's state");
    return QN_OK;
}

static qn_status apply_line(store_state *state, const record *r, const json_t *action) {
    json_t *commit = json_object_get(action, "commit");
    if (commit != NULL)
        return apply_commit(state, r, commit);
    if (state->commit == NULL)
        return broken(r, "it does not begin with a commit");
    if (json_object_get(action, "schema") != NULL)
        replace(&state->schema, json_object_get(action, "schema"));
    if (json_object_get(action, "dq") != NULL)
        QN_TRY(add_rule(state, r, json_object_get(action, "dq")));
    if (json_object_get(action, "lineage") != NULL)
        replace(&state->lineage, json_object_get(action, "lineage"));
    if (json_object_get(action, "add") == NULL && json_object_get(action, "remove") == NULL)
        return QN_OK; /* unknown actions that are not a declared feature change nothing */
    qn_status status = store_state_apply(state, action);
    return status == QN_DATA ? broken(r, "an action does not fit") : status;
}

static qn_status apply_record(store_state *state, const record *r) {
    const char *line = r->text, *end = r->text + r->length;
    replace(&state->lineage, NULL);
    replace(&state->quality, NULL);
    replace(&state->commit, NULL);
    while (line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        json_t *action = json_loadb(line, (size_t)(stop - line), 0, NULL);
        if (action == NULL)
            return broken(r, "a line is not JSON");
        qn_status status = apply_line(state, r, action);
        json_decref(action);
        QN_TRY(status);
        line = stop + 1;
    }
    memcpy(state->sha256, r->sha256, sizeof state->sha256);
    return QN_OK;
}

qn_status store_state_next(store_state *state, const char *store, const char *group) {
    record r = {0};
    qn_status status = read_record(store, group, state->version + 1, &r);
    if (status == QN_OK)
        status = apply_record(state, &r);
    clear_record(&r);
    return status;
}

qn_status store_state_advance(store_state *state, const char *store, const char *group,
                              int64_t version) {
    int64_t head = -1;
    QN_TRY(store_head(store, group, &head));
    if (version == QN_STORE_LATEST)
        version = head;
    if (version > head || version < QN_STORE_LATEST) {
        qn_status status =
            qn_fail(QN_INPUT, "group '%s' has no version %lld", group, (long long)version);
        if (head >= 0)
            qn_error_help("the latest is %lld", (long long)head);
        return status;
    }
    while (state->version < version)
        QN_TRY(store_state_next(state, store, group));
    return QN_OK;
}

/* ---- Measuring ------------------------------------------------------------------------------ */

static qn_status add_part(const json_t *part, int32_t columns, qn_content *contents,
                          int64_t *rows) {
    const json_t *list = json_object_get(part, "content");
    int64_t count = json_integer_value(json_object_get(part, "rows"));
    for (int32_t i = 0; i < columns; i++) {
        const char *text = json_string_value(json_array_get(list, (size_t)i));
        qn_content content;
        if (text == NULL || !qn_content_parse(text, count, &content))
            return qn_fail(QN_DATA, "a part's content hashes are malformed");
        qn_content_merge(&contents[i], &content);
    }
    *rows += count;
    return QN_OK;
}

qn_status store_state_measure(const store_state *state, int64_t *rows,
                              char digest[QN_DIGEST_TEXT]) {
    qn_schema schema;
    qn_content *contents = NULL;
    int64_t total = 0;
    qn_schema_init(&schema);
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_schema_from_json(state->schema, &schema), done);
    QN_TRY_GOTO(qn_mem_calloc(&contents, (size_t)schema.count, sizeof *contents), done);
    for (void *at = json_object_iter(state->parts); at != NULL;
         at = json_object_iter_next(state->parts, at))
        QN_TRY_GOTO(add_part(json_object_iter_value(at), schema.count, contents, &total), done);
    QN_TRY_GOTO(qn_digest_contents(&schema, contents, digest), done);
    *rows = total;
done:
    qn_mem_free(contents);
    qn_schema_clear(&schema);
    return status;
}
