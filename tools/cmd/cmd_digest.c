/* digest: one stable hash of content, by which "the same bytes" is checked. */
#include "core/memory.h"
#include "features/digest.h"
#include "features/scan/scan.h"
#include "features/store/store.h"
#include "mpi/file/file.h"
#include "mpi/hdf5/part.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/inputs.h"

#include <stdio.h>
#include <string.h>

static qn_status digest_and_free(qn_stream *in, qn_comm *comm, char out[QN_DIGEST_TEXT]) {
    qn_status status = qn_digest_stream(in, comm, out);
    qn_stream_free(in);
    return status;
}

/* HDF5 files that are no tables are models: the same values give the same bytes. */
static qn_status is_model(const char *path, bool *out) {
    static const char signature[8] = "\x89HDF\r\n\x1a\n";
    qn_file *file = NULL;
    char start[8] = {0};
    int64_t read = 0;
    QN_TRY(qn_file_open(&file, path));
    qn_status status = qn_file_read(file, 0, sizeof start, start, &read);
    qn_file_free(file);
    QN_TRY(status);
    *out = memcmp(start, signature, sizeof start) == 0;
    qn_part *part = NULL;
    if (*out && qn_part_open(&part, path) == QN_OK)
        *out = false;
    qn_part_free(part);
    return QN_OK;
}

static qn_status digest_file(const qn_arguments *arguments, const char *path,
                             char out[QN_DIGEST_TEXT]) {
    bool model = false;
    QN_TRY(qn_comm_agree(arguments->comm, is_model(path, &model)));
    if (model)
        return qn_digest_file(path, arguments->comm, out);
    qn_stream *in = NULL;
    char *paths[] = {(char *)(uintptr_t)path};
    QN_TRY(qn_open_paths(&in, arguments, paths, 1));
    return digest_and_free(in, arguments->comm, out);
}

static qn_status digest_path(const qn_arguments *arguments, const char *path,
                             char out[QN_DIGEST_TEXT]) {
    char *store = NULL, *group = NULL;
    int64_t version = 0;
    qn_stream *in = NULL;
    QN_TRY(qn_mem_copy_text(&store, path));
    qn_status status;
    if (qn_split_group(store, &group, &version)) {
        status = qn_store_open(&in, arguments->comm, store, group, version, NULL);
        if (status == QN_OK)
            status = digest_and_free(in, arguments->comm, out);
    } else {
        status = digest_file(arguments, path, out);
    }
    qn_mem_free(store);
    return status;
}

static qn_status run_digest(const qn_arguments *arguments) {
    for (int i = 0; i < arguments->operand_count; i++) {
        char hex[QN_DIGEST_TEXT];
        QN_TRY(digest_path(arguments, arguments->operands[i], hex));
        if (qn_comm_rank(arguments->comm) == 0)
            printf("%s  %s\n", hex, arguments->operands[i]);
    }
    return QN_OK;
}

static const qn_option options[] = {QN_READ_OPTION, QN_COMMON_OPTIONS};

const qn_command qn_cmd_digest = {
    .name = "digest",
    .synopsis = "digest PATH...",
    .help = "one stable hash of a table, a model or a feature version",
    .details =
        "Two tables have the same digest when they hold the same rows in the same order under the\n"
        "same column names and types: whatever the format, the compression, or the number of\n"
        "ranks that wrote them. A feature version is named STORE/groups/NAME[@VERSION]. A model's\n"
        "digest is that of its file.",
    .options = options,
    .least = 1,
    .most = -1,
    .parallel = true,
    .run = run_digest};
