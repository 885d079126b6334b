/* Reading an operator's input so that no rank leaves the others waiting. */
#ifndef QUERN_FEATURES_WIDE_INPUT_H
#define QUERN_FEATURES_WIDE_INPUT_H

#include "features/wide/wide.h"

/* A second handle on an input, which notes whether it was read to its end. */
typedef struct qn_input {
    qn_stream base; /* to be read; its schema is the input's, borrowed */
    qn_stream *in;
    bool started, ended;
} qn_input;

/* Local (see qn_stream_next). Rewinds the input. */
QN_CHECKED qn_status qn_input_start(qn_input *out, qn_stream *in);

/* Local (see qn_stream_next). After what came of reading: if that failed on this rank for reasons
 * of its own, reads on to the end, as the other ranks do. Returns `status`, the error kept. */
QN_CHECKED qn_status qn_input_finish(qn_input *input, qn_status status);

#endif
