/* The tree of operators and its meters. */
#include "features/plan/meter.h"

#include "core/memory.h"

#include <time.h>

/* ---- Nodes ----------------------------------------------------------------------------------- */

void qn_physical_free(qn_physical *tree) {
    if (tree == NULL)
        return;
    for (int64_t i = 0; i < tree->count; i++)
        qn_physical_free(tree->inputs[i]);
    qn_mem_free(tree->inputs);
    qn_mem_free(tree->text);
    qn_mem_free(tree);
}

qn_status qn_physical_new(qn_physical **out, char *label, int64_t expected) {
    qn_physical *node = NULL;
    qn_status status = qn_mem_calloc(&node, 1, sizeof *node);
    if (status != QN_OK) {
        qn_mem_free(label);
        return status;
    }
    node->text = label;
    node->expected = expected;
    *out = node;
    return QN_OK;
}

qn_status qn_physical_add(qn_physical *node, qn_physical **input) {
    QN_TRY(qn_mem_reserve(&node->inputs, &node->capacity, node->count + 1, sizeof *node->inputs));
    node->inputs[node->count++] = *input;
    *input = NULL;
    return QN_OK;
}

/* ---- The stream ------------------------------------------------------------------------------ */

typedef struct metered {
    qn_stream base;
    qn_stream *in;
    qn_meter *meter;
    qn_comm *comm;
    bool again; /* past the first pass: rows are not counted twice */
} metered;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static qn_status metered_next(qn_stream *stream, qn_batch *out) {
    metered *self = (metered *)stream;
    qn_meter *meter = self->meter;
    double start = now();
    int64_t sent = qn_comm_sent(self->comm), held = qn_mem_in_use();
    int64_t peak = qn_mem_restart_peak();
    qn_status status = qn_stream_next(self->in, out);
    int64_t most = qn_mem_peak() - held;
    qn_mem_raise_peak(peak);
    meter->seconds += now() - start;
    meter->sent += qn_comm_sent(self->comm) - sent;
    if (most > meter->peak)
        meter->peak = most;
    if (status == QN_OK && out->count > 0 && !self->again) {
        meter->rows += out->length;
        meter->batches++;
    }
    if (status == QN_OK && out->count == 0)
        self->again = true;
    return status;
}

static qn_status metered_rewind(qn_stream *stream) {
    metered *self = (metered *)stream;
    double start = now();
    if (!self->again) {
        self->meter->rows = 0;
        self->meter->batches = 0;
    }
    qn_status status = qn_stream_rewind(self->in);
    self->meter->seconds += now() - start;
    return status;
}

static void metered_free(qn_stream *stream) {
    qn_stream_free(((metered *)stream)->in);
}

static const qn_stream_class metered_class = {"meter", metered_next, metered_rewind, metered_free};

qn_status qn_meter_open(qn_stream **out, qn_stream *in, qn_meter *meter, qn_comm *comm) {
    metered *self = NULL;
    qn_status status = qn_stream_new(&self, sizeof *self, &metered_class, &in->schema);
    if (status != QN_OK) {
        qn_stream_free(in);
        return status;
    }
    self->in = in;
    self->meter = meter;
    self->comm = comm;
    *out = &self->base;
    return QN_OK;
}

/* ---- Ranks ----------------------------------------------------------------------------------- */

qn_status qn_physical_gather(qn_physical *tree, qn_comm *comm) {
    qn_meter *meter = &tree->meter;
    int64_t nanoseconds = (int64_t)(meter->seconds * 1e9);
    int64_t sums[] = {meter->rows, meter->batches, meter->sent, nanoseconds};
    int64_t most[] = {meter->rows, nanoseconds, meter->peak};
    QN_TRY(qn_comm_sum_i64(comm, sums, 4));
    QN_TRY(qn_comm_max_i64(comm, most, 3));
    meter->rows = sums[0];
    meter->batches = sums[1];
    meter->sent = sums[2];
    meter->mean_seconds = 1e-9 * (double)sums[3] / qn_comm_size(comm);
    meter->most_rows = most[0];
    meter->ranks = qn_comm_size(comm);
    meter->seconds = 1e-9 * (double)most[1];
    meter->peak = most[2];
    for (int64_t i = 0; i < tree->count; i++)
        QN_TRY(qn_physical_gather(tree->inputs[i], comm));
    return QN_OK;
}
