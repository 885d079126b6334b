#include "features/stage/registry.h"

#include "features/stage/stages.h"

const qn_stage_class *const qn_feature_stages[] = {
#define X(name) &qn_##name##_class,
    QN_FEATURE_STAGES(X)
#undef X
        NULL,
};
