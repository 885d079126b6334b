#include "tools/cmd/registries.h"

#include "features/stage/registry.h"
#include "ml/registry.h"

const qn_registry qn_all_stages[] = {qn_feature_stages, qn_estimators, NULL};
