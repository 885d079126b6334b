/* Inputs and outputs of the dataframe: paths to streams and streams to paths. */
#ifndef QUERN_FEATURES_SCAN_SCAN_H
#define QUERN_FEATURES_SCAN_SCAN_H

#include "core/expr/expr.h"
#include "core/options.h"
#include "core/stream.h"
#include "mpi/comm/comm.h"

/* Collective. Opens paths as one stream in the given order: CSV files (also .gz, .zst, globs),
 * or table files (.h5, .h5ad), told apart by suffix and first bytes. `options` (a
 * qn_csv_options set) may be NULL: defaults. Rows are numbered from 0 over all files. */
QN_CHECKED qn_status qn_scan_open(qn_stream **out, qn_comm *comm, const char *const *paths,
                                  int64_t count, const qn_options *options);

/* Collective. The readers behind it. The CSV reader reads all bytes once to count records and, if
 * types are inferred, once more; each rank keeps up to 128 MiB of its first batches for the passes
 * that follow, and needs a window of about one batch of text beside it. Standard input is "-", by
 * itself; rank 0 copies it to an unnamed file under $TMPDIR. Errors: INPUT for files that cannot be
 * read or are empty; DATA for headers that differ or repeat a name, and, from qn_stream_next in
 * mode fail, for the first bad row at FILE:LINE:COLUMN; JOB for a schema that does not fit. */
QN_CHECKED qn_status qn_csv_scan_open(qn_stream **out, qn_comm *comm, const char *const *paths,
                                      int64_t count, const qn_options *options);
QN_CHECKED qn_status qn_table_scan_open(qn_stream **out, qn_comm *comm, const char *const *paths,
                                        int64_t count);

/* Local. Asks a scan to read only these columns (schema order, by index); a reader that cannot
 * leaves the stream as it is. Returns true if the schema was narrowed. At least one column stays,
 * also where none is wanted: rows are to be counted. */
bool qn_scan_select(qn_stream *scan, const bool *wanted);

typedef enum qn_scan_op {
    QN_SCAN_EQUAL,
    QN_SCAN_LESS,
    QN_SCAN_LESS_EQUAL,
    QN_SCAN_GREATER,
    QN_SCAN_GREATER_EQUAL,
    QN_SCAN_IN,
    QN_SCAN_NULL,
    QN_SCAN_NOT_NULL
} qn_scan_op;

/* A condition on one column: it is true for the rows that are wanted. */
typedef struct qn_scan_term {
    int32_t column; /* of the stream, as it is now */
    qn_scan_op op;
    const qn_scalar *values; /* of the type that column and values are compared in: the column's, or
                                among numbers any; neither null nor NaN */
    int32_t count;           /* IN: any number; NULL and NOT_NULL: none; else 1 */
} qn_scan_term;

/* Local, alike on all ranks, before the first batch. Tells a scan that only rows for which all
 * terms are true are wanted. A scan of a feature version leaves out the parts that, by the
 * statistics of their record, have no such row; batches that hold a row of another part come whole,
 * so the condition must still be checked. Rows keep their numbers; ranks share the batches that are
 * left. *limited: false for scans without statistics, which stay as they are. A failure must be
 * agreed on before the scan is read. */
QN_CHECKED qn_status qn_scan_limit(qn_stream *scan, const qn_scan_term *terms, int32_t count,
                                   bool *limited);

/* How many parts a scan has, how many qn_scan_limit left, and the rows of their batches over all
 * ranks; zeros for other streams. */
typedef struct qn_scan_parts {
    int64_t total, left, rows;
} qn_scan_parts;
qn_scan_parts qn_scan_parts_of(const qn_stream *scan);

/* Local. How many bytes of parsed batches a CSV scan keeps on this rank for later passes (128 MiB
 * unless said); what does not fit is parsed again. Other scans keep nothing. */
void qn_scan_keep(qn_stream *scan, int64_t bytes);

/* Rows that this rank will deliver, bad ones included; -1 for streams that are no scans. */
int64_t qn_scan_rank_rows(const qn_stream *scan);

/* What a CSV scan met so far on this rank; zeros for other streams. */
typedef struct qn_scan_report {
    int64_t records, bad_records;
} qn_scan_report;
qn_scan_report qn_scan_report_of(const qn_stream *scan);

/* Collective. Reads on to the end if the first pass of a CSV scan ended early (a LIMIT) and bad
 * rows are left out: so all of them are counted and kept, the same on any number of ranks. */
QN_CHECKED qn_status qn_scan_complete(qn_stream *scan, qn_comm *comm);

/* Collective. Writes the bad rows that a CSV scan with mode: quarantine met in its first pass (call
 * it after that, see qn_scan_complete) as a CSV file: file, line, column, reason, record. *rows:
 * how many, over all ranks; may be NULL. Written also when there are none. */
QN_CHECKED qn_status qn_csv_scan_quarantine_write(const qn_stream *scan, qn_comm *comm,
                                                  const char *path, int64_t *rows);

/* Collective. Writes a stream to a file, format by suffix: .csv (also - on standard output is
 * tools' business), .h5 / .h5ad table file. The file appears whole or not at all; same bytes on
 * any number of ranks. The stream is read once and not freed. *rows: over all ranks; may be NULL.
 */
QN_CHECKED qn_status qn_write(qn_stream *in, qn_comm *comm, const char *path, int64_t *rows);
bool qn_write_knows(const char *path); /* a name that qn_write can tell the format of */
QN_CHECKED qn_status qn_csv_write(qn_stream *in, qn_comm *comm, const char *path, int64_t *rows);
QN_CHECKED qn_status qn_table_write(qn_stream *in, qn_comm *comm, const char *path, int64_t *rows);

/* Local. Appends the CSV text of a batch (no header). null is the empty field, an empty
 * string is "" (so is the null of a table with one column: a blank line would be no record).
 * Vectors and lists are written as JSON arrays "[1,2,3]", sparse vectors as Spark prints them:
 * "(5,[0,3],[1,2.5])". */
QN_CHECKED qn_status qn_csv_format_header(const qn_schema *schema, qn_text *out);
QN_CHECKED qn_status qn_csv_format_batch(const qn_schema *schema, const qn_batch *batch,
                                         qn_text *out);

#endif
