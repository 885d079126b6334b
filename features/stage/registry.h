/* The feature stages, see stages.h. */
#ifndef QUERN_FEATURES_STAGE_REGISTRY_H
#define QUERN_FEATURES_STAGE_REGISTRY_H

#include "mpi/stage.h"

extern const qn_stage_class *const qn_feature_stages[];

/* The same stages, a list a family; a name of NULL ends them. */
typedef struct qn_stage_family {
    const char *name;
    qn_registry stages;
} qn_stage_family;

extern const qn_stage_family qn_stage_families[];

#endif
