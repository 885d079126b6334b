/* Models on disk: one fitted stage, often a pipeline that carries all it takes to score raw data.
 */
#ifndef QUERN_TOOLS_MODEL_FILE_H
#define QUERN_TOOLS_MODEL_FILE_H

#include "mpi/stage.h"

#define QN_MODEL_KIND "model"

/* Collective. The stage is the caller's. INPUT errors when the file is not a model. */
QN_CHECKED qn_status qn_model_load(qn_stage **out, qn_comm *comm, const char *path);

/* Collective. The file appears whole or not at all. */
QN_CHECKED qn_status qn_model_save(qn_stage *stage, qn_comm *comm, const char *path);

/* Local. What a person wants to see: the stage's description; for a pipeline that ends in an
 * estimator, the estimator's keys (coefficients, metrics ...) stand beside "stages". */
QN_CHECKED qn_status qn_model_describe(const qn_stage *stage, json_t **out);

#endif
