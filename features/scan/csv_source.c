#include "features/scan/csv_source.h"

#include "core/log.h"
#include "core/memory.h"
#include "features/scan/csv_header.h"
#include "mpi/file/spool.h"

#include <string.h>
#include <unistd.h>

/* ---- Opening -------------------------------------------------------------------------------- */

qn_status qn_csv_source_reader(qn_reader **out, const qn_csv_source *source, int64_t file) {
    char spooled[QN_SPOOL_PATH_SIZE];
    const char *path = source->paths[file];
    if (source->spool >= 0) {
        qn_spool_path(source->spool, spooled);
        path = spooled;
    }
    return qn_reader_open(out, path, (qn_compression)source->files[file].compression);
}

qn_csv_position qn_csv_source_start(const qn_csv_source *source, int64_t file) {
    qn_csv_position start = {.file = file};
    if (file < source->count) {
        start.offset = source->files[file].begin;
        start.line = source->files[file].lines;
    }
    return start;
}

static qn_status read_standard_input(qn_csv_source *source, qn_comm *comm) {
    bool any = false;
    for (int64_t i = 0; i < source->count; i++)
        any = any || strcmp(source->paths[i], "-") == 0;
    if (!any)
        return QN_OK;
    if (source->count > 1)
        return qn_fail(QN_USAGE, "'-' (standard input) cannot be read together with other files");
    qn_status status = QN_OK;
    if (qn_comm_rank(comm) == 0)
        status = qn_spool_stdin(&source->spool);
    if (status == QN_OK) {
        qn_mem_free(source->paths[0]);
        source->paths[0] = NULL;
        status = qn_mem_copy_text(&source->paths[0], "<stdin>");
    }
    return qn_comm_agree(comm, status);
}

/* Size and compression of a file. */
static qn_status probe_file(qn_csv_source *source, int64_t index) {
    qn_csv_file *info = &source->files[index];
    char spooled[QN_SPOOL_PATH_SIZE];
    bool is_spool = source->spool >= 0;
    if (is_spool)
        qn_spool_path(source->spool, spooled);
    qn_file *file = NULL;
    QN_TRY(qn_file_open(&file, is_spool ? spooled : source->paths[index]));
    qn_compression compression = source->compression;
    qn_status status = QN_OK;
    if (source->detects)
        status = qn_compression_detect(&compression, file);
    info->compression = (int64_t)compression;
    info->whole = is_spool || compression != QN_COMPRESSION_NONE;
    info->size = qn_file_size(file);
    qn_file_free(file);
    return status;
}

/* ---- Headers of several files --------------------------------------------------------------- */

/* The first file's fields, as fields ended by NUL each, from rank 0 to all. */
static qn_status broadcast_fields(qn_text *fields, qn_comm *comm) {
    int64_t length = fields->length;
    QN_TRY(qn_comm_broadcast(comm, &length, sizeof length, 0));
    qn_status status = qn_text_reserve(fields, length);
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(qn_comm_broadcast(comm, fields->data, length, 0));
    fields->length = length;
    return QN_OK;
}

static qn_status probe_first(qn_csv_source *source, qn_text *fields, qn_comm *comm) {
    qn_status status = QN_OK;
    if (qn_comm_rank(comm) == 0) {
        status = probe_file(source, 0);
        if (status == QN_OK)
            status = qn_csv_header_read(source, 0, fields);
    }
    QN_TRY(qn_comm_agree(comm, status));
    return broadcast_fields(fields, comm);
}

/* Each rank looks at some of the other files. In order, so that the first bad file is reported. */
static qn_status probe_share(qn_csv_source *source, const qn_text *fields, qn_comm *comm) {
    int64_t rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_text own;
    qn_text_init(&own);
    qn_status status = QN_OK;
    for (int64_t i = 1; i < source->count; i++) {
        if (i * size / source->count != rank)
            continue;
        qn_text_truncate(&own, 0);
        QN_TRY_GOTO(probe_file(source, i), done);
        QN_TRY_GOTO(qn_csv_header_read(source, i, &own), done);
        if (source->named)
            QN_TRY_GOTO(qn_csv_header_compare(source, i, &own, fields), done);
    }
done:
    qn_text_clear(&own);
    return status;
}

static qn_status probe_all(qn_csv_source *source, qn_comm *comm) {
    enum { FIELDS = sizeof(qn_csv_file) / sizeof(int64_t) };
    qn_text fields;
    qn_text_init(&fields);
    qn_status status = QN_OK;
    QN_TRY_GOTO(probe_first(source, &fields, comm), done);
    QN_TRY_GOTO(qn_comm_agree(comm, probe_share(source, &fields, comm)), done);
    QN_TRY_GOTO(qn_comm_sum_i64(comm, (int64_t *)source->files, source->count * FIELDS), done);
    QN_TRY_GOTO(qn_comm_agree(comm, qn_csv_header_names(source, &fields)), done);
done:
    qn_text_clear(&fields);
    return status;
}

static qn_status fill_in(qn_csv_source *source, const char *const *paths, int64_t count,
                         const qn_options *options) {
    QN_TRY(qn_csv_dialect_init(&source->dialect, options));
    source->dialect_set = true;
    source->named = source->dialect.header;
    source->detects = qn_options_is(options, "compression", "auto");
    source->compression = qn_options_is(options, "compression", "gzip")   ? QN_COMPRESSION_GZIP
                          : qn_options_is(options, "compression", "zstd") ? QN_COMPRESSION_ZSTD
                                                                          : QN_COMPRESSION_NONE;
    QN_TRY(qn_mem_calloc(&source->files, (size_t)count, sizeof *source->files));
    QN_TRY(qn_mem_calloc(&source->paths, (size_t)count, sizeof *source->paths));
    source->count = count;
    for (int64_t i = 0; i < count; i++)
        QN_TRY(qn_mem_copy_text(&source->paths[i], paths[i]));
    return QN_OK;
}

qn_status qn_csv_source_open(qn_csv_source *out, qn_comm *comm, const char *const *paths,
                             int64_t count, const qn_options *options) {
    if (count == 0)
        return qn_fail(QN_USAGE, "no CSV file to read");
    qn_csv_source source = {.spool = -1};
    qn_status status = fill_in(&source, paths, count, options);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(read_standard_input(&source, comm), done);
    QN_TRY_GOTO(probe_all(&source, comm), done);
    *out = source;
    return QN_OK;
done:
    qn_csv_source_clear(&source);
    return status;
}

void qn_csv_source_clear(qn_csv_source *source) {
    if (source->dialect_set)
        qn_csv_dialect_clear(&source->dialect);
    qn_mem_free_all(source->paths, source->count);
    qn_mem_free_all(source->names, source->field_count);
    qn_mem_free(source->files);
    if (source->spool >= 0)
        (void)close(source->spool);
    *source = (qn_csv_source){.spool = -1};
}
