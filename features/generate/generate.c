#include "features/generate/kinds.h"

#include "core/memory.h"
#include "mpi/comm/partition.h"

#include <string.h>

const qn_generator *const qn_generators[] = {&qn_generator_transactions, &qn_generator_ratings,
                                             &qn_generator_regression, NULL};

enum { KINDS = sizeof qn_generators / sizeof qn_generators[0] - 1 };

typedef struct generator_stream {
    qn_stream base;
    const qn_generator *kind;
    void *state;
    int64_t first, end, next; /* rows */
} generator_stream;

static qn_status stream_next(qn_stream *stream, qn_batch *out) {
    generator_stream *self = (generator_stream *)stream;
    if (self->next == self->end)
        return QN_OK;
    qn_batch batch;
    qn_batch_init(&batch);
    int64_t left = self->end - self->next;
    batch.first_row = self->next;
    batch.length = left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS;
    qn_status status = self->kind->fill(self->state, &batch);
    if (status != QN_OK) {
        qn_batch_clear(&batch);
        return status;
    }
    self->next += batch.length;
    qn_batch_move(out, &batch);
    return QN_OK;
}

static qn_status stream_rewind(qn_stream *stream) {
    generator_stream *self = (generator_stream *)stream;
    self->next = self->first;
    return QN_OK;
}

static void stream_free(qn_stream *stream) {
    generator_stream *self = (generator_stream *)stream;
    if (self->state != NULL)
        self->kind->finish(self->state);
}

static const qn_stream_class stream_class = {"generate", stream_next, stream_rewind, stream_free};

qn_status qn_generator_find(const char *name, const qn_generator **out) {
    const char *names[KINDS];
    for (int i = 0; i < KINDS; i++) {
        names[i] = qn_generators[i]->name;
        if (strcmp(names[i], name) == 0) {
            *out = qn_generators[i];
            return QN_OK;
        }
    }
    qn_status status = qn_fail(QN_JOB, "unknown kind of table '%s'", name);
    const char *nearest = qn_nearest(name, names, KINDS);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    else
        qn_error_help("kinds are transactions, ratings, regression");
    return status;
}

static qn_status set_range(generator_stream *self, qn_comm *comm, int64_t rows) {
    qn_partition partition;
    qn_partition_init(&partition);
    QN_TRY(qn_partition_even(&partition, qn_comm_size(comm), rows, QN_BATCH_ROWS));
    int rank = qn_comm_rank(comm);
    self->first = self->next = partition.first[rank];
    self->end = partition.first[rank + 1];
    qn_partition_clear(&partition);
    return QN_OK;
}

static qn_status open_with(qn_stream **out, qn_comm *comm, const qn_generator *kind,
                           const qn_options *options) {
    generator_stream *self = NULL;
    QN_TRY(qn_stream_new(&self, sizeof *self, &stream_class, NULL));
    self->kind = kind;
    qn_status status;
    QN_TRY_GOTO(kind->start(options, &self->base.schema, &self->state), done);
    QN_TRY_GOTO(set_range(self, comm, qn_options_int(options, "rows")), done);
    *out = &self->base;
    return QN_OK;
done:
    qn_stream_free(&self->base);
    return status;
}

qn_status qn_generate_open(qn_stream **out, qn_comm *comm, const char *kind,
                           const qn_options *options) {
    const qn_generator *found = NULL;
    QN_TRY(qn_generator_find(kind, &found));
    if (options != NULL)
        return open_with(out, comm, found, options);
    qn_options *defaults = NULL;
    QN_TRY(qn_options_new(&defaults, found->options));
    qn_status status = open_with(out, comm, found, defaults);
    qn_options_free(defaults);
    return status;
}
