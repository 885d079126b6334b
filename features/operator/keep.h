/* One stream for several readers: read once, kept, given to each from its start. */
#ifndef QUERN_FEATURES_OPERATOR_KEEP_H
#define QUERN_FEATURES_OPERATOR_KEEP_H

#include "core/stream.h"

typedef struct qn_keep qn_keep;

/* Local. Takes over the stream, also on failure. Up to `budget` bytes of it are kept in memory, the
 * rest goes to scratch space in `folder` (NULL: $TMPDIR, else /tmp). */
QN_CHECKED qn_status qn_keep_new(qn_keep **out, qn_stream *in, int64_t budget, const char *folder);

/* Local. A reader of its own; readers may take turns in any way. The first qn_stream_next of all
 * reads the stream to its end, and is collective if that is. */
QN_CHECKED qn_status qn_keep_open(qn_stream **out, qn_keep *keep);

/* Gives up the maker's hold; what is kept goes with the last reader. NULL is fine. */
void qn_keep_release(qn_keep *keep);

#endif
