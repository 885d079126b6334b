/* Synthetic tables of any size, to try things out and to measure with.
 *
 * Every value is a function of (seed, row): a table is the same on any number of ranks, and the
 * first rows of a larger table are those of a smaller one (option rows aside, which nothing else
 * depends on). A new kind is one file and one line in generate.c. */
#ifndef QUERN_FEATURES_GENERATE_GENERATE_H
#define QUERN_FEATURES_GENERATE_GENERATE_H

#include "core/options.h"
#include "core/stream.h"
#include "mpi/comm/comm.h"

/* A kind of table. */
typedef struct qn_generator {
    const char *name; /* "transactions" */
    const char *help; /* one line */
    const qn_option *options;
    /* Local. Checks what the option table cannot, gives the schema (empty before) and a state. */
    qn_status (*start)(const qn_options *options, qn_schema *schema, void **state);
    /* Local. Appends the columns of rows [first_row, first_row + length) to the batch. */
    qn_status (*fill)(const void *state, qn_batch *batch);
    void (*finish)(void *state);
} qn_generator;

/* All kinds; ends with NULL. */
extern const qn_generator *const qn_generators[];

/* Local. JOB error naming the nearest kind. */
QN_CHECKED qn_status qn_generator_find(const char *name, const qn_generator **out);

/* Local. This rank's part of the table: whole batches, contiguous. `options` is a set of the
 * kind's options; NULL: defaults. It is not kept. */
QN_CHECKED qn_status qn_generate_open(qn_stream **out, qn_comm *comm, const char *kind,
                                      const qn_options *options);

#endif
