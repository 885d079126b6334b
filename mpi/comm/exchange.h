/* Moving batches between ranks. */
#ifndef QUERN_MPI_EXCHANGE_H
#define QUERN_MPI_EXCHANGE_H

#include "core/stream.h"
#include "mpi/comm/comm.h"

/* Local. Appends batches as one message: all types, row numbers, dictionaries (each once, however
 * many columns share it). For the same kind of machine and the same build; not a file format. */
QN_CHECKED qn_status qn_exchange_pack(qn_text *out, const qn_batch *batches, int64_t count);

/* Local. Appends the batches of a message to a table (whose schema is not looked at). INTERNAL
 * error if the message is cut short. */
QN_CHECKED qn_status qn_exchange_unpack(qn_table *out, const char *data, int64_t length);

/* Dictionaries that messages from one rank to another had so far, so that each is sent once. Both
 * ends keep one, and see all of their messages in order. */
typedef struct qn_exchange_link {
    qn_column **dictionaries;
    int64_t count, capacity;
} qn_exchange_link;

void qn_exchange_link_clear(qn_exchange_link *link);

/* Local. The same as pack and unpack, for messages of a link. */
QN_CHECKED qn_status qn_exchange_pack_linked(qn_text *out, const qn_batch *batches, int64_t count,
                                             qn_exchange_link *link);
QN_CHECKED qn_status qn_exchange_unpack_linked(qn_table *out, const char *data, int64_t length,
                                               qn_exchange_link *link);

/* Collective. sends[r] (an array of size tables, schemas not looked at) goes to rank r; the
 * batches are taken over, also on failure. What arrives is added to `out` in order of the sending
 * rank, then of its list. Cost: each byte is packed, sent and unpacked once (not at all to the own
 * rank), in rounds of some 64 MB a rank, so that beyond the data little memory is needed. */
QN_CHECKED qn_status qn_exchange_batches(qn_comm *comm, qn_table *sends, qn_table *out);

#endif
