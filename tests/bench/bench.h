/* What benchmarks of stages share: stop at the first error, time, make a stage, run it over a table
 * in memory. */
#ifndef QUERN_TESTS_BENCH_H
#define QUERN_TESTS_BENCH_H

#include "features/stage/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline void need(qn_status status) {
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s: %s\n", qn_last_error().location, qn_last_error().message);
    exit(EXIT_FAILURE);
}

/* Processor time of this rank: neighbours do not count. */
static inline double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* 0: nothing measured yet. */
static inline double best_of(double a, double b) {
    return a == 0 || b < a ? b : a;
}

static inline uint32_t random_of(int64_t i) {
    uint64_t x = (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(x >> 33) ^ (uint32_t)(x >> 11);
}

/* The finaliser of splitmix64 (Steele et al. 2014). */
static inline uint64_t hash_of(int64_t i) {
    uint64_t z = (uint64_t)(i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A stage from "name option=value option=value". */
static inline qn_stage *make_stage(const char *text) {
    static const qn_registry registries[] = {qn_feature_stages, NULL};
    char copy[512], *rest = copy;
    const qn_stage_class *class_ = NULL;
    qn_stage *stage = NULL;
    snprintf(copy, sizeof copy, "%s", text);
    need(qn_stage_find(registries, strsep(&rest, " "), &class_));
    need(qn_stage_new(&stage, class_));
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        char *equals = strchr(word, '=');
        *equals = '\0';
        need(qn_stage_set(stage, word, equals + 1));
    }
    return stage;
}

/* Reads the stream to its end, frees it, and returns the seconds of the reading. Each batch is made
 * and dropped, as in a pipeline. */
static inline double drain(qn_stream *stream) {
    double start = seconds();
    for (bool more = true; more;) {
        qn_batch batch;
        qn_batch_init(&batch);
        need(qn_stream_next(stream, &batch));
        more = batch.count > 0;
        qn_batch_clear(&batch);
    }
    double time = seconds() - start;
    qn_stream_free(stream);
    return time;
}

static inline double fit(qn_stage *stage, const qn_table *table, qn_comm *comm) {
    qn_stream *in = NULL;
    need(qn_table_stream(&in, table));
    double start = seconds();
    need(qn_stage_fit(stage, in, comm));
    double time = seconds() - start;
    qn_stream_free(in);
    return time;
}

static inline double transform(qn_stage *stage, const qn_table *table) {
    qn_stream *in = NULL, *out = NULL;
    need(qn_table_stream(&in, table));
    need(qn_stage_stream(&out, stage, in));
    return drain(out);
}

#endif
