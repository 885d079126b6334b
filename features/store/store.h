/* The feature store: versions of feature groups on a file system, without a server.
 *
 *   STORE/_store.json                         written once
 *   STORE/groups/GROUP/_log/NNN.json          one immutable record a version, numbered from 0
 *   STORE/groups/GROUP/data/UUID.h5           immutable part files (see mpi/hdf5/part.h)
 *
 * A version is what its record and those before it add and remove. A record is staged, fsynced and
 * made visible by link(2), after everything it names is on disk: a version exists whole or not at
 * all, whatever is killed and whenever, and writers that race each get a number of their own.
 * Records are chained by SHA-256 and end with their own, so that an edited, torn or missing one is
 * noticed. docs/store.md says it all. */
#ifndef QUERN_FEATURES_STORE_STORE_H
#define QUERN_FEATURES_STORE_STORE_H

#include "core/stream.h"
#include "features/digest.h"
#include "features/wide/wide.h"

#include <jansson.h>

enum { QN_STORE_LATEST = -1, QN_STORE_PART_BATCHES = 32, QN_STORE_MOST_PARTITION_COLUMNS = 8 };

typedef enum qn_store_mode {
    QN_STORE_OVERWRITE, /* the version holds these rows */
    QN_STORE_APPEND     /* the version holds its parent's rows, then these */
} qn_store_mode;

typedef struct qn_store_options {
    qn_store_mode mode;
    const char *message;     /* NULL: none */
    const char *const *keys; /* columns that identify a row, recorded; NULL: none */
    int32_t key_count;
    const json_t *lineage;           /* an object that says where the rows come from; NULL: none */
    const json_t *quality;           /* an array: totals {"rows", "passed", "dropped",
                                        "quarantined"}, which must add up, then an object a
                                        rule that the rows were judged by; NULL: none */
    bool deflate;                    /* compress the parts */
    int32_t part_batches;            /* source batches a part; 0: QN_STORE_PART_BATCHES */
    const char *const *partition_by; /* columns of few values: each part has rows of one value */
    int32_t partition_count;
    const qn_execution *execution; /* of the sort by these columns; NULL: qn_execution_of */
} qn_store_options;

typedef struct qn_store_version {
    int64_t version;
    int64_t rows;
    char digest[QN_DIGEST_TEXT]; /* as qn_digest_stream of the version */
} qn_store_version;

/* Collective. Commits a stream as the next version of a group; store and group are made if they are
 * not there (the folder above the store must be). Reads the stream once, in memory for about two
 * parts a rank. Parts are cut at fixed source rows, so the version's digest and its parts' bytes do
 * not depend on the number of ranks. Records that others commit meanwhile come before this one.
 * Partitioned, the rows are first sorted by the partition columns (stably), so that readers leave
 * out the parts of other values.
 * `options` may be NULL (overwrite), `out` too. On failure nothing is visible, unless the message
 * says so (the record is there, but could not be flushed to disk, or may be there, on a file system
 * that does not answer). Errors: JOB for a bad group,
 * key or partition column or a message that is not UTF-8, DATA where appended columns differ from
 * the group's, ENVIRONMENT where the file system has no hard links, IO. */
QN_CHECKED qn_status qn_store_write(qn_stream *in, qn_comm *comm, const char *store,
                                    const char *group, const qn_store_options *options,
                                    qn_store_version *out);

/* Collective. A version's rows as a stream (`version`: a number or QN_STORE_LATEST). INPUT errors:
 * no such store, group or version, with what there is. DATA: a damaged log. `info` may be NULL. */
QN_CHECKED qn_status qn_store_open(qn_stream **out, qn_comm *comm, const char *store,
                                   const char *group, int64_t version, qn_store_version *info);

QN_CHECKED qn_status qn_store_check_group(const char *group); /* JOB unless [a-z0-9_]{1,64} */

/* Local. Names of the groups, sorted: a JSON array. */
QN_CHECKED qn_status qn_store_groups(const char *store, json_t **out);

/* Local. All versions of a group, oldest first: [{"version", "time" (ISO 8601), "operation",
 * "rows", "parts", "digest", "message", "user", "host", "ranks"}, ..]. Verifies the chain. */
QN_CHECKED qn_status qn_store_log(const char *store, const char *group, json_t **out);

/* Local. One version: as in the log, and "keys", "schema", "files" ([{"path", "rows", "bytes",
 * "sha256", "content", "stats"}]), "quality", "lineage". */
QN_CHECKED qn_status qn_store_show(const char *store, const char *group, int64_t version,
                                   json_t **out);

/* Collective. Reads every part of a version: SHA-256 of its bytes and content hashes of its columns
 * are those of the record. DATA error that names the file. */
QN_CHECKED qn_status qn_store_verify(qn_comm *comm, const char *store, const char *group,
                                     int64_t version);

#endif
