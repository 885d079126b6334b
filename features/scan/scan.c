#include "features/scan/scan.h"

#include "core/memory.h"
#include "features/scan/csv_scan.h"
#include "features/scan/table_scan.h"
#include "mpi/file/file.h"

#include <string.h>

static bool ends_with(const char *text, const char *suffix) {
    size_t length = strlen(text), tail = strlen(suffix);
    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

static bool is_table_name(const char *path) {
    return ends_with(path, ".h5") || ends_with(path, ".h5ad") || ends_with(path, ".hdf5");
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* Rank 0 looks at the first bytes where the name says nothing. */
static qn_status is_table_file(bool *out, qn_comm *comm, const char *path) {
    int64_t table = is_table_name(path);
    qn_status status = QN_OK;
    if (!table && !ends_with(path, ".csv") && strcmp(path, "-") != 0 && qn_comm_rank(comm) == 0) {
        qn_file *file = NULL;
        char bytes[8] = {0};
        int64_t got = 0;
        status = qn_file_open(&file, path);
        if (status == QN_OK)
            status = qn_file_read(file, 0, sizeof bytes, bytes, &got);
        qn_file_free(file);
        table = memcmp(bytes, "\x89HDF\r\n\x1a\n", sizeof bytes) == 0;
    }
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(qn_comm_broadcast(comm, &table, sizeof table, 0));
    *out = table != 0;
    return QN_OK;
}

qn_status qn_scan_open(qn_stream **out, qn_comm *comm, const char *const *paths, int64_t count,
                       const qn_options *options) {
    char **files = NULL;
    int64_t file_count = 0;
    QN_TRY(qn_file_glob(comm, paths, count, &files, &file_count));
    const char *const *names = (const char *const *)files;
    bool table = false;
    qn_status status = file_count > 0 ? is_table_file(&table, comm, names[0]) : QN_OK;
    if (status == QN_OK && table)
        status = qn_table_scan_open(out, comm, names, file_count);
    else if (status == QN_OK)
        status = qn_csv_scan_open_files(out, comm, names, file_count, options);
    qn_mem_free_all(files, file_count);
    return status;
}

bool qn_scan_select(qn_stream *scan, const bool *wanted) {
    qn_csv_scan *csv = qn_csv_scan_of(scan);
    return csv != NULL ? qn_csv_scan_select(csv, wanted) : qn_table_scan_select(scan, wanted);
}

qn_status qn_scan_limit(qn_stream *scan, const qn_scan_term *terms, int32_t count, bool *limited) {
    return qn_table_scan_limit(scan, terms, count, limited);
}

qn_scan_parts qn_scan_parts_of(const qn_stream *scan) {
    return qn_table_scan_parts(scan);
}

void qn_scan_keep(qn_stream *scan, int64_t bytes) {
    qn_csv_scan *csv = qn_csv_scan_of(scan);
    if (csv == NULL)
        return;
    csv->cache.budget = bytes;
    csv->cache.closed = false;
    if (csv->cache.bytes > bytes)
        qn_csv_cache_reset(&csv->cache, csv->first_row, csv->start);
}

int64_t qn_scan_rank_rows(const qn_stream *scan) {
    const qn_csv_scan *csv = qn_csv_scan_of(scan);
    return csv != NULL ? csv->end_row - csv->first_row : qn_table_scan_rank_rows(scan);
}

qn_status qn_scan_complete(qn_stream *scan, qn_comm *comm) {
    qn_csv_scan *csv = qn_csv_scan_of(scan);
    return qn_comm_agree(comm, csv != NULL ? qn_csv_scan_complete(csv) : QN_OK);
}

qn_scan_report qn_scan_report_of(const qn_stream *scan) {
    const qn_csv_scan *csv = qn_csv_scan_of(scan);
    return csv != NULL ? csv->report : (qn_scan_report){0};
}

/* ---- Writing -------------------------------------------------------------------------------- */

bool qn_write_knows(const char *path) {
    return ends_with(path, ".csv") || is_table_name(path);
}

qn_status qn_write(qn_stream *in, qn_comm *comm, const char *path, int64_t *rows) {
    if (ends_with(path, ".csv"))
        return qn_csv_write(in, comm, path, rows);
    if (is_table_name(path))
        return qn_table_write(in, comm, path, rows);
    qn_status status = qn_fail(QN_USAGE, "cannot tell the format of '%s' from its name", path);
    qn_error_help("end it with .csv, .h5 or .h5ad");
    return status;
}
