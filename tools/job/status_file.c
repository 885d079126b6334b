#include "tools/job/status_file.h"

#include "core/memory.h"
#include "core/text/text.h"
#include "mpi/file/file.h"
#include "tools/print/json_print.h"

#include <jansson.h>
#include <string.h>
#include <time.h>

static void add_time(json_t *object) {
    char text[32];
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    json_object_set_new(object, "updated", json_string(text));
}

static void add_failure(json_t *object, const qn_comm *comm) {
    qn_error error = qn_last_error();
    json_object_set_new(object, "code", json_string(qn_status_name(error.code)));
    json_object_set_new(object, "exit_code", json_integer(qn_status_exit_code(error.code)));
    json_object_set_new(object, "location", json_string(error.location));
    json_object_set_new(object, "message", json_string(error.message));
    json_object_set_new(object, "help", json_string(error.help));
    json_object_set_new(object, "rank", json_integer(qn_comm_failed_rank(comm)));
    json_object_set_new(object, "host", json_string(qn_comm_failed_host(comm)));
}

static qn_status write_file(const char *folder, const json_t *object) {
    char *path = NULL;
    qn_output *output = NULL;
    qn_text text;
    qn_text_init(&text);
    qn_status status;
    QN_TRY_GOTO(qn_format(&path, "%s/status.json", folder), done);
    QN_TRY_GOTO(qn_json_print(object, 0, &text), done);
    QN_TRY_GOTO(qn_text_add_char(&text, '\n'), done);
    QN_TRY_GOTO(qn_output_open(&output, path), done);
    status = qn_output_write(output, text.data, text.length);
    if (status == QN_OK)
        status = qn_output_commit(output);
    else
        qn_output_discard(output);
done:
    qn_text_clear(&text);
    qn_mem_free(path);
    return status;
}

qn_status qn_status_file_write(qn_comm *comm, const char *folder, const char *state,
                               const char *step) {
    if (qn_comm_rank(comm) != 0)
        return QN_OK;
    json_t *object = json_object();
    json_object_set_new(object, "state", json_string(state));
    json_object_set_new(object, "step", json_string(step));
    json_object_set_new(object, "ranks", json_integer(qn_comm_size(comm)));
    add_time(object);
    if (strcmp(state, "failed") == 0 || strcmp(state, "stopped") == 0)
        add_failure(object, comm);
    qn_status status = write_file(folder, object);
    json_decref(object);
    return status;
}
