/* Models for people and programs that read JSON. */
#ifndef QUERN_TOOLS_MODEL_VIEW_H
#define QUERN_TOOLS_MODEL_VIEW_H

#include "mpi/stage.h"

/* Local. What a person wants to see: the stage's description; for a pipeline that ends in an
 * estimator, the estimator's keys (coefficients, metrics ...) stand beside "stages", and "model"
 * names it. */
QN_CHECKED qn_status qn_model_describe(const qn_stage *stage, json_t **out);

#endif
