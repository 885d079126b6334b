/* What `quern describe` says of columns together: correlations, and tests against a label. */
#ifndef QUERN_TOOLS_DESCRIBE_CORRELATE_H
#define QUERN_TOOLS_DESCRIBE_CORRELATE_H

#include "core/stream.h"
#include "tools/command.h"

/* Collective. Reads the stream and prints the correlations of its number and bool columns, of
 * --method, in --format. */
QN_CHECKED qn_status qn_describe_correlations(const qn_arguments *arguments, qn_stream *in);

/* Collective. Reads the stream and prints a test of each column against the column --label. */
QN_CHECKED qn_status qn_describe_tests(const qn_arguments *arguments, qn_stream *in);

#endif
