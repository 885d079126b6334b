/* A pipeline: stages one after the other, itself a stage.
 *
 * Fitting is Spark's: each estimator is fitted on the data as all stages before it transform it,
 * transformers after the last estimator are not run. Neighbouring one-pass estimators that do not
 * read each other's output share one scan. Wide stages (mpi/stage.h) may stand anywhere: estimators
 * behind one are fitted on its rows, which are computed once for all of them. The last stage may be
 * a predictor (a model). */
#ifndef QUERN_FEATURES_PIPELINE_H
#define QUERN_FEATURES_PIPELINE_H

#include "mpi/stage.h"

extern const qn_stage_class qn_pipeline_class;

/* Local. Takes over `count` stages (also on failure); the array stays the caller's. Pipelines may
 * be nested; an empty one changes nothing. */
QN_CHECKED qn_status qn_pipeline_new(qn_stage **out, qn_stage *const *stages, int64_t count);

/* Local. Adds a stage at the end; takes it over, also on failure. */
QN_CHECKED qn_status qn_pipeline_add(qn_stage *pipeline, qn_stage *stage);

/* Collective. Fits a new pipeline whose first `applied` stages, all transformers, `in` has gone
 * through already: so what they make of all rows can be cut into parts of which only one is to be
 * learnt from. `source`: what the first stage reads. */
QN_CHECKED qn_status qn_pipeline_fit_rest(qn_stage *pipeline, const qn_schema *source,
                                          int64_t applied, qn_stream *in, qn_comm *comm);

/* Collective. A whole model file of kind "model", which holds a pipeline or a single stage in the
 * group `model`. Same stage, same bytes. */
QN_CHECKED qn_status qn_pipeline_save(qn_stage *stage, qn_comm *comm, const char *path);

/* Collective. `registries` lists where classes are looked up, ended by NULL. */
QN_CHECKED qn_status qn_pipeline_load(qn_stage **out, qn_comm *comm, const char *path,
                                      const qn_registry *registries);

#endif
