/* Digests: what "the same bytes on any number of ranks" is checked with. */
#ifndef QUERN_FEATURES_DIGEST_H
#define QUERN_FEATURES_DIGEST_H

#include "core/column/content.h"
#include "core/stream.h"
#include "mpi/comm/comm.h"

enum { QN_DIGEST_TEXT = 33 }; /* 32 hex digits and a NUL */

/* Collective. Digest of a table: of the column names and types, and of all values in their order.
 * It does not depend on batches, ranks, the file format or compression, nor on labels. Reads the
 * stream once to its end. Cost: see core/column/content.h; one gather of 24 bytes a column. */
QN_CHECKED qn_status qn_digest_stream(qn_stream *in, qn_comm *comm, char out[QN_DIGEST_TEXT]);

/* Local. The same digest from the content hashes of whole columns. */
QN_CHECKED qn_status qn_digest_contents(const qn_schema *schema, const qn_content *contents,
                                        char out[QN_DIGEST_TEXT]);

/* Collective. Digest of a file's bytes, read by rank 0: for models, whose files are the same for
 * the same values. INPUT errors as qn_file_open. */
QN_CHECKED qn_status qn_digest_file(const char *path, qn_comm *comm, char out[QN_DIGEST_TEXT]);

#endif
