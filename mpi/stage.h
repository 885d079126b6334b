/* The contract of every pipeline stage and estimator.
 *
 * A family member is one .c file that exports one qn_stage_class, listed in its folder's registry.
 * A stage is configured by options, bound to an input schema (which gives its output schema),
 * fitted if it needs to be, and then transforms batches. An estimator (linear_regression) is a
 * stage whose transform adds a prediction column. It lives in mpi/ because fitting is collective:
 * features/ and ml/ implement it, and neither knows the other. */
#ifndef QUERN_MPI_STAGE_H
#define QUERN_MPI_STAGE_H

#include "core/options.h"
#include "core/stream.h"
#include "mpi/archive.h"
#include "mpi/comm.h"

#include <jansson.h>

typedef struct qn_stage qn_stage;

typedef enum qn_stage_kind {
    QN_STAGE_TRANSFORMER, /* needs no fit */
    QN_STAGE_ESTIMATOR,   /* a feature stage that is fitted */
    QN_STAGE_PREDICTOR    /* a model that predicts a label */
} qn_stage_kind;

typedef struct qn_stage_class {
    const char *name; /* Spark ML's word in snake_case: "string_indexer" */
    const char *help; /* one line */
    qn_stage_kind kind;
    size_t size; /* of the instance, which begins with a qn_stage */
    const qn_option *options;

    /* Local. Checks names and types of the input columns against the options and gives the output
     * schema (out is initialised and empty). Called before fit, and again on each new input; must
     * work before fitting (label lists and widths that only a fit can tell are then missing:
     * attributes NULL, width 0). JOB errors. */
    qn_status (*bind)(qn_stage *stage, const qn_schema *in, qn_schema *out);

    /* One-pass fits: `add` takes a batch into a mergeable summary (Local), `finish` merges over
     * the ranks and computes the model (Collective). Several stages can share one scan. `add` is
     * called after bind; `finish` also where no batch was seen (an empty rank is legal). */
    qn_status (*add)(qn_stage *stage, const qn_schema *schema, const qn_batch *batch);
    qn_status (*finish)(qn_stage *stage, qn_comm *comm);

    /* Collective. Fits that need more than one pass define this instead of add and finish. */
    qn_status (*fit)(qn_stage *stage, qn_stream *in, qn_comm *comm);

    /* Local. `schema` is the input's; out is initialised and empty; input columns pass through
     * (shared), new ones are appended in the order of bind's schema. May drop rows
     * (handle_invalid = skip). */
    qn_status (*transform)(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out);

    /* Collective. Saves or loads the fitted state (options are handled by the caller). NULL if
     * there is none. */
    qn_status (*persist)(qn_stage *stage, qn_archive *archive);

    /* Local. Adds what a person wants to see of the fitted state (labels, coefficients, metrics)
     * to a JSON object. NULL if there is nothing. */
    qn_status (*describe)(const qn_stage *stage, json_t *object);

    /* Local. Frees the fitted state. */
    void (*clear)(qn_stage *stage);
} qn_stage_class;

struct qn_stage {
    const qn_stage_class *class_;
    qn_options *options;
    bool fitted;
};

/* A list of classes by name; ends with NULL. */
typedef const qn_stage_class *const *qn_registry;

/* Local. Finds a class in several registries (themselves ended by NULL); JOB error naming the
 * nearest one. */
QN_CHECKED qn_status qn_stage_find(const qn_registry *registries, const char *name,
                                   const qn_stage_class **out);

/* Local. A stage with default options. */
QN_CHECKED qn_status qn_stage_new(qn_stage **out, const qn_stage_class *class_);
void qn_stage_free(qn_stage *stage); /* NULL is fine */

QN_CHECKED qn_status qn_stage_bind(qn_stage *stage, const qn_schema *in, qn_schema *out);

/* Collective. Rewinds and reads `in` as often as needed. Transformers: nothing to do. */
QN_CHECKED qn_status qn_stage_fit(qn_stage *stage, qn_stream *in, qn_comm *comm);

/* Collective. Fits several independent one-pass stages in one scan. */
QN_CHECKED qn_status qn_stage_fit_together(qn_stage *const *stages, int64_t count, qn_stream *in,
                                           qn_comm *comm);

QN_CHECKED qn_status qn_stage_transform(const qn_stage *stage, const qn_schema *schema,
                                        const qn_batch *in, qn_batch *out);

/* Local. A stream of transformed batches; owns `in`, borrows `stage` (fitted). */
QN_CHECKED qn_status qn_stage_stream(qn_stream **out, qn_stage *stage, qn_stream *in);

/* Collective. One group holds class name, options and state. Load makes a new stage. */
QN_CHECKED qn_status qn_stage_save(qn_stage *stage, qn_archive *archive, const char *group);
QN_CHECKED qn_status qn_stage_load(qn_stage **out, const qn_registry *registries,
                                   qn_archive *archive, const char *group);

/* Local. {"type": ..., "options": {...}, ...}; the caller's reference. */
QN_CHECKED qn_status qn_stage_describe(const qn_stage *stage, json_t **out);

#endif
