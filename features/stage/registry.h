/* The feature stages. See stages.h. */
#ifndef QUERN_FEATURES_STAGE_REGISTRY_H
#define QUERN_FEATURES_STAGE_REGISTRY_H

#include "mpi/stage.h"

extern const qn_stage_class *const qn_feature_stages[];

#endif
