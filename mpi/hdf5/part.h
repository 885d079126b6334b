/* Part files: one table in one HDF5 file that is a valid .h5ad, read by h5py and anndata unaided.
 *
 *   /obs              the columns (dataframe 0.2.0), `_index` = row numbers
 *   /obsm             vector columns: dense array, or csr_matrix group
 *   /uns/fs/schema    JSON: types, rows, nulls, content hashes, attributes (ours; authoritative)
 *   /uns/fs/lists/<c> list columns: offsets (rows + 1) and items
 *
 * How a column is stored is chosen by what it holds in the whole table: strings as categorical
 * (at most 65,536 distinct values that repeat, or with nulls), as fixed-length UTF-8 (at most 64
 * bytes), or as variable-length UTF-8. Nullable integers and bools are groups `values` + `mask`;
 * for other types with nulls there is a dataset `<c>.__mask__` beside the column, with NaN, NaT or
 * "" under it. Dates are int32 days and timestamps int64 nanoseconds, with an attribute
 * `logical-type`. docs/table-format.md says it all.
 *
 * Bytes depend on the rows alone: not on the number of ranks, on batches or on time. Without
 * compression all ranks write their rows at once, straight to their place in the file. */
#ifndef QUERN_MPI_PART_H
#define QUERN_MPI_PART_H

#include "core/column/content.h"
#include "core/stream.h"
#include "mpi/comm/comm.h"

#include <jansson.h>

enum { QN_PART_TEXT = 64 }; /* bytes of the longest text that a range tells */

/* What is known of a written column. */
typedef struct qn_part_column {
    int64_t null_count;
    qn_content content;
    bool has_range;    /* numeric, bool, date and timestamp columns with a value that is not NaN */
    int64_t low, high; /* all but reals */
    double f_low, f_high; /* float32, float64 */
    int64_t nan_count;    /* float32, float64 */
    bool has_texts;       /* string columns with a value, all of them short and without NUL */
    char t_low[QN_PART_TEXT + 1], t_high[QN_PART_TEXT + 1];
} qn_part_column;

typedef struct qn_part_info {
    int64_t rows;
    int64_t bytes;
    int32_t count;
    qn_part_column *columns; /* in schema order */
} qn_part_info;

void qn_part_info_init(qn_part_info *info);
void qn_part_info_clear(qn_part_info *info);

typedef struct qn_part_options {
    bool replace; /* the path may exist (a temporary name); else creating is exclusive */
    bool deflate; /* shuffle + deflate 1 + fletcher32; only with one rank */
    bool verify;  /* reads everything back and compares content hashes */
} qn_part_options;

/* Collective. Writes this rank's rows (the r-th range of the table) as a part file, fsynced.
 * Nothing links it anywhere: temporary names, rename and folder fsync are the caller's. On failure
 * the file is removed. `info` may be NULL; else it is overwritten, the same on all ranks. DATA
 * errors: column names that clash in a file. IO errors: everything else.
 * Cost: two passes over the rows; one write call a batch and column. */
QN_CHECKED qn_status qn_part_write(qn_comm *comm, const char *path, const qn_table *table,
                                   const qn_part_options *options, qn_part_info *info);

/* A part file open for reading. Local, all of it. */
typedef struct qn_part qn_part;

/* INPUT errors that name the path: missing, not HDF5, truncated, not a table that quern wrote,
 * a newer format. */
QN_CHECKED qn_status qn_part_open(qn_part **out, const char *path);
void qn_part_free(qn_part *part); /* NULL is fine */
const char *qn_part_path(const qn_part *part);
const qn_schema *qn_part_schema(const qn_part *part);
int64_t qn_part_rows(const qn_part *part);
const qn_content *qn_part_content(const qn_part *part, int32_t column);
int64_t qn_part_null_count(const qn_part *part, int32_t column);

/* Reads rows [first, first + count) of the columns with wanted[column] (NULL: all) into a batch
 * (out is empty; first_row is set to `first`). String columns that are categorical in the file
 * share one dictionary. DATA error where the file contradicts itself, IO error where it cannot
 * be read. */
QN_CHECKED qn_status qn_part_read(qn_part *part, const bool *wanted, int64_t first, int64_t count,
                                  qn_batch *out);

/* Reads everything and compares content hashes: DATA error that names the file and the column. */
QN_CHECKED qn_status qn_part_verify(qn_part *part);

/* Schemas as JSON: [{"name": .., "type": "vector", "width": 3, "attributes": {"kind": "vector",
 * "names": [..]}}, ..]. Used in part files and commit records. */
QN_CHECKED qn_status qn_schema_to_json(const qn_schema *schema, json_t **out);
QN_CHECKED qn_status qn_schema_from_json(const json_t *array, qn_schema *out);

#endif
