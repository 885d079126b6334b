#include "features/stage/registry.h"

#include "features/stage/stages.h"

#define X(name) &qn_##name##_class,

const qn_stage_class *const qn_feature_stages[] = {QN_FEATURE_STAGES(X) NULL};

static const qn_stage_class *const categorical[] = {QN_CATEGORICAL_STAGES(X) NULL};
static const qn_stage_class *const numeric[] = {QN_NUMERIC_STAGES(X) NULL};
static const qn_stage_class *const text[] = {QN_TEXT_STAGES(X) NULL};
static const qn_stage_class *const time[] = {QN_TIME_STAGES(X) NULL};
static const qn_stage_class *const vectors[] = {QN_VECTOR_STAGES(X) NULL};
static const qn_stage_class *const glue[] = {QN_GLUE_STAGES(X) NULL};

#undef X

const qn_stage_family qn_stage_families[] = {
    {"categories", categorical}, {"numbers", numeric}, {"text", text}, {"time", time},
    {"vectors", vectors},        {"glue", glue},       {NULL, NULL},
};
