/* The feature stages. A new stage is one file and one line in registry.c. */
#ifndef QUERN_FEATURES_STAGE_REGISTRY_H
#define QUERN_FEATURES_STAGE_REGISTRY_H

#include "mpi/stage.h"

extern const qn_stage_class *const qn_feature_stages[];

#endif
