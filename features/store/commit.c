/* The commit: a record is built on the head, staged and linked; whoever was faster is the new
 * head, and the record is built again. */
#include "core/memory.h"
#include "features/store/folder.h"
#include "features/store/record.h"
#include "mpi/hdf5/part.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_TRIES = 10000 };

static int64_t now(void) {
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* One line; takes over `value`. */
static qn_status add_line(qn_text *text, const char *action, json_t *value) {
    json_t *line = json_pack("{s:o}", action, value);
    char *dumped = line == NULL ? NULL : json_dumps(line, JSON_COMPACT);
    json_decref(line);
    if (dumped == NULL)
        return qn_fail(QN_MEMORY, "no memory for a commit record");
    qn_status status = qn_text_printf(text, "%s\n", dumped);
    free(dumped);
    return status;
}

static json_t *describe_writer(int ranks) {
    char host[65] = "";
    (void)gethostname(host, sizeof host - 1);
    const struct passwd *user = getpwuid(geteuid());
    const char *job = getenv("SLURM_JOB_ID");
    return json_pack("{s:s*, s:s, s:i, s:s*}", "user", user == NULL ? NULL : user->pw_name, "host",
                     host, "ranks", ranks, "job", job);
}

static json_t *names_json(const char *const *names, int32_t count) {
    json_t *array = json_array();
    for (int32_t i = 0; i < count; i++)
        (void)json_array_append_new(array, json_string(names[i]));
    return array;
}

/* ---- The record of one attempt -------------------------------------------------------------- */

/* An append keeps the columns that are there. */
static qn_status check_append(const store_state *head, const store_change *change) {
    if (change->options->mode != QN_STORE_APPEND || head->version < 0 ||
        json_equal(head->schema, change->schema))
        return QN_OK;
    qn_status status =
        qn_fail(QN_DATA, "group '%s' has other columns than those to be appended", change->group);
    qn_error_help("compare with 'quern store show'; labels count too; or overwrite");
    return status;
}

/* Actions after the commit line, applied to `next` at once. */
static qn_status add_actions(const store_change *change, store_state *next, qn_text *text) {
    json_t *removed = change->options->mode == QN_STORE_OVERWRITE ? json_copy(next->parts) : NULL;
    qn_status status = QN_OK;
    for (void *at = json_object_iter(removed); status == QN_OK && at != NULL;
         at = json_object_iter_next(removed, at)) {
        json_t *path = json_pack("{s:s}", "path", json_object_iter_key(at));
        (void)json_object_del(next->parts, json_object_iter_key(at));
        status = add_line(text, "remove", path);
    }
    json_decref(removed);
    for (size_t i = 0; status == QN_OK && i < json_array_size(change->adds); i++) {
        json_t *add = json_array_get(change->adds, i);
        const char *path = json_string_value(json_object_get(add, "path"));
        if (json_object_set(next->parts, path, add) != 0)
            return qn_fail(QN_MEMORY, "no memory for a commit record");
        status = add_line(text, "add", json_incref(add));
    }
    return status;
}

static json_t *describe_commit(const store_change *change, const store_state *head, const char *txn,
                               const qn_store_version *made, size_t parts) {
    const qn_store_options *options = change->options;
    int64_t time = now();
    time = time > head->time ? time : head->time + 1;
    const char *op = options->mode == QN_STORE_APPEND ? "append" : "overwrite";
    json_t *state = json_pack("{s:I, s:i, s:s}", "rows", (json_int_t)made->rows, "parts",
                              (int)parts, "digest", made->digest);
    json_t *partition_by = options->partition_count > 0
                               ? names_json(options->partition_by, options->partition_count)
                               : NULL;
    return json_pack("{s:I, s:I, s:s, s:I, s:s, s:s, s:s*, s:o, s:o*, s:o, s:o}", "v",
                     (json_int_t)made->version, "parent", (json_int_t)head->version,
                     "parent_sha256", head->sha256, "ict_ns", (json_int_t)time, "txn", txn, "op",
                     op, "message", options->message, "keys",
                     names_json(options->keys, options->key_count), "partition_by", partition_by,
                     "state", state, "writer", describe_writer(change->ranks));
}

static qn_status seal(qn_text *text) {
    char sha256[QN_SHA256_TEXT];
    int64_t lines = 0;
    for (int64_t i = 0; i < text->length; i++)
        lines += text->data[i] == '\n';
    QN_TRY(qn_sha256_bytes(text->data, text->length, sha256));
    return add_line(text, "end",
                    json_pack("{s:I, s:s}", "lines", (json_int_t)lines, "sha256", sha256));
}

static qn_status add_rules(const json_t *quality, qn_text *text) {
    size_t i;
    json_t *rule;
    json_array_foreach(quality, i, rule) QN_TRY(add_line(text, "dq", json_incref(rule)));
    return QN_OK;
}

static qn_status build_record(const store_change *change, store_state *head, const char *txn,
                              qn_text *text, qn_store_version *made) {
    qn_text actions;
    qn_text_init(&actions);
    store_state next = {
        .version = head->version + 1, .schema = change->schema, .parts = json_copy(head->parts)};
    qn_status status = check_append(head, change);
    QN_TRY_GOTO(status, done);
    made->version = next.version;
    QN_TRY_GOTO(add_actions(change, &next, &actions), done);
    QN_TRY_GOTO(store_state_measure(&next, &made->rows, made->digest), done);
    json_t *commit = describe_commit(change, head, txn, made, json_object_size(next.parts));
    QN_TRY_GOTO(add_line(text, "commit", commit), done);
    QN_TRY_GOTO(add_line(text, "schema", json_incref(change->schema)), done);
    QN_TRY_GOTO(qn_text_add(text, actions.data, actions.length), done);
    QN_TRY_GOTO(add_rules(change->options->quality, text), done);
    if (change->options->lineage != NULL)
        QN_TRY_GOTO(add_line(text, "lineage", json_deep_copy(change->options->lineage)), done);
    status = seal(text);
done:
    json_decref(next.parts);
    qn_text_clear(&actions);
    return status;
}

/* ---- Attempts ------------------------------------------------------------------------------- */

static qn_status attempt(const store_change *change, store_state *head, const char *txn,
                         qn_store_version *made, store_outcome *outcome) {
    char name[STORE_RECORD_NAME];
    char *log = NULL;
    qn_text text;
    qn_text_init(&text);
    qn_status status = QN_OK;
    QN_TRY_GOTO(store_state_advance(head, change->store, change->group, QN_STORE_LATEST), done);
    QN_TRY_GOTO(build_record(change, head, txn, &text, made), done);
    QN_TRY_GOTO(store_path(&log, change->store, change->group, "_log"), done);
    store_record_name(made->version, name);
    status = store_publish(log, name, text.data, text.length, outcome);
    if (status != QN_OK && *outcome == STORE_VISIBLE)
        qn_error_prefix("version %lld is visible, but may not survive a power loss: ",
                        (long long)made->version);
done:
    qn_text_clear(&text);
    qn_mem_free(log);
    return status;
}

qn_status store_commit(const store_change *change, qn_store_version *out, bool *visible) {
    char txn[STORE_UUID_TEXT];
    store_state head;
    qn_store_version made = {0};
    store_outcome outcome = STORE_TAKEN;
    QN_TRY(store_uuid(txn));
    QN_TRY(store_state_init(&head));
    qn_status status = QN_OK;
    for (int i = 0; status == QN_OK && outcome == STORE_TAKEN; i++) {
        outcome = STORE_NOTHING;
        status = i < MOST_TRIES ? attempt(change, &head, txn, &made, &outcome)
                                : qn_fail(QN_IO, "other writers were faster %d times", i);
    }
    store_state_clear(&head);
    *visible = outcome == STORE_VISIBLE || outcome == STORE_UNSURE;
    if (status == QN_OK)
        *out = made;
    return status;
}
