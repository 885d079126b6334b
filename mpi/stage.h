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
#include "mpi/comm/comm.h"
#include "mpi/hdf5/archive.h"

#include <jansson.h>

typedef struct qn_stage qn_stage;

struct qn_execution; /* features/wide/wide.h: what a stage that reads all rows at once works with */

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
     * attributes NULL, width 0). A fitted stage must not ask for columns that only its fit reads
     * (label, weights). JOB errors. Here as everywhere below, messages do not name the stage: the
     * qn_stage_ functions put its name in front. */
    qn_status (*bind)(qn_stage *stage, const qn_schema *in, qn_schema *out);

    /* One-pass fits: `add` takes a batch into a mergeable summary (Local), `finish` merges over
     * the ranks and computes the model (Collective). Several stages can share one scan. `add` is
     * called after bind with the same schema, first with a batch of no rows, so that every rank
     * has a summary; `finish` frees it. */
    qn_status (*add)(qn_stage *stage, const qn_schema *schema, const qn_batch *batch);
    qn_status (*finish)(qn_stage *stage, qn_comm *comm);

    /* `finish` and `fit` may fail on one rank after their last collective call: the callers agree.
     */

    /* Collective. Fits that need no pass or more than one define this instead of add and finish;
     * they read `in` through qn_stage_scan. Called after bind with the stream's schema. */
    qn_status (*fit)(qn_stage *stage, qn_stream *in, qn_comm *comm);

    /* Local. `schema` is the input's; out is initialised and empty; input columns pass through
     * (shared), new ones are appended in the order of bind's schema. May drop rows
     * (handle_invalid = skip). Called after bind with an equal schema. */
    qn_status (*transform)(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out);

    /* Collective; the same status on all ranks. For stages whose rows depend on other rows
     * (windows, aggregates, sorts): a stream of all of `in` transformed, which owns `in` (also on
     * failure). Its columns are those that bind gives for in->schema, attributes aside. Called when
     * the first row is asked for: it must not rest on what the last bind left. A class without
     * `transform` is always wide; one that has both says in bind which it is, by stage->wide. NULL
     * if there is none. */
    qn_status (*open)(const qn_stage *stage, qn_stream *in, const struct qn_execution *execution,
                      qn_stream **out);

    /* Collective. Saves or loads the fitted state (options are handled by the caller). NULL if
     * there is none. */
    qn_status (*persist)(qn_stage *stage, qn_archive *archive);

    /* Local. Adds what a person wants to see of the fitted state (labels, coefficients, metrics)
     * to a JSON object. NULL if there is nothing. */
    qn_status (*describe)(const qn_stage *stage, json_t *object);

    /* Local. The stages inside a container (which name themselves in error messages), borrowed.
     * NULL for plain stages. */
    int64_t (*children)(const qn_stage *stage, qn_stage *const **out);

    /* Local. Frees the fitted state and any summary, leaving the fields as in a new stage (all
     * zero), so that the stage can be fitted again; a container frees its children and is cleared
     * only at its end. NULL if there is none. */
    void (*clear)(qn_stage *stage);
} qn_stage_class;

/* A list of classes by name; ends with NULL. */
typedef const qn_stage_class *const *qn_registry;

struct qn_stage {
    const qn_stage_class *class_;
    qn_options *options;
    bool fitted;                   /* transformers: always */
    bool wide;                     /* since the last bind: works on a stream, not on a batch */
    bool takes_all;                /* since the last bind: with fewer columns it is another stage */
    const qn_registry *registries; /* where to find classes, while loading; else NULL */
    const struct qn_execution *execution; /* see qn_stage_set_execution */
};

/* Local. Finds a class in several registries (themselves ended by NULL); JOB error naming the
 * nearest one. */
QN_CHECKED qn_status qn_stage_find(const qn_registry *registries, const char *name,
                                   const qn_stage_class **out);

/* Local. A stage with default options. */
QN_CHECKED qn_status qn_stage_new(qn_stage **out, const qn_stage_class *class_);
void qn_stage_free(qn_stage *stage); /* NULL is fine */

/* The stages inside, borrowed; 0 for a plain stage. */
int64_t qn_stage_children(const qn_stage *stage, qn_stage *const **out);

/* Local. qn_options_set and _set_list with the stage's name in front of their errors. */
QN_CHECKED qn_status qn_stage_set(qn_stage *stage, const char *option, const char *value);
QN_CHECKED qn_status qn_stage_set_list(qn_stage *stage, const char *option,
                                       const char *const *values, int64_t count);

/* Local. What wide stages run with (communicator, memory, scratch space), and the session that
 * expressions are bound in; for the stages inside, too. Borrowed until the stage, or the last of
 * its streams, is freed, or another is set. NULL (as in a new stage): the default session; a fit
 * then makes do with the default budget, a stream of a wide stage is refused. */
void qn_stage_set_execution(qn_stage *stage, const struct qn_execution *execution);

/* Local. `out` is overwritten with the output schema (the caller's). */
QN_CHECKED qn_status qn_stage_bind(qn_stage *stage, const qn_schema *in, qn_schema *out);

/* Local. Which columns of `in` the stage cannot do without, found by binding it to fewer: after
 * fitting, what a prediction needs. `needed` has room for in->count. Leaves the stage bound to
 * `in`. Errors as bind. */
QN_CHECKED qn_status qn_stage_needs(qn_stage *stage, const qn_schema *in, bool *needed);

/* Collective. Rewinds and reads `in` as often as needed, forgetting an earlier fit. Transformers:
 * only binds. All ranks return the same status. */
QN_CHECKED qn_status qn_stage_fit(qn_stage *stage, qn_stream *in, qn_comm *comm);

/* Collective. Fits several independent one-pass stages (add and finish) in one scan. */
QN_CHECKED qn_status qn_stage_fit_together(qn_stage *const *stages, int64_t count, qn_stream *in,
                                           qn_comm *comm);

/* Collective. One pass over `in`, for fits: rewinds and gives each batch to `visit`. A rank whose
 * visit fails reads on without it (others may wait in the stream), then all agree. */
typedef qn_status (*qn_stage_visit)(void *context, const qn_batch *batch);
QN_CHECKED qn_status qn_stage_scan(qn_stream *in, qn_comm *comm, qn_stage_visit visit,
                                   void *context);

/* Local. `out` is overwritten. JOB error if the stage is not fitted, or is wide. */
QN_CHECKED qn_status qn_stage_transform(const qn_stage *stage, const qn_schema *schema,
                                        const qn_batch *in, qn_batch *out);

/* Local. A stream of transformed rows; owns `in` (also on failure), borrows `stage` (fitted), which
 * it binds to `in`'s schema. Works for wide stages too, within the execution that was set: the
 * first qn_stream_next then is collective, and batches and row numbers may be other ones than the
 * input's. */
QN_CHECKED qn_status qn_stage_stream(qn_stream **out, qn_stage *stage, qn_stream *in);

/* Collective. One group holds class name, options and state. Load makes a new stage. */
QN_CHECKED qn_status qn_stage_save(qn_stage *stage, qn_archive *archive, const char *group);
QN_CHECKED qn_status qn_stage_load(qn_stage **out, const qn_registry *registries,
                                   qn_archive *archive, const char *group);

/* Local. {"type": ..., "fitted": ..., "options": {...}, ...}; options with their defaults, null
 * where there is none; the caller's reference. */
QN_CHECKED qn_status qn_stage_describe(const qn_stage *stage, json_t **out);

#endif
