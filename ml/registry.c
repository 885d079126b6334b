#include "ml/registry.h"

#include "ml/estimators.h"

const qn_stage_class *const qn_estimators[] = {
    &qn_linear_regression_class,
    NULL,
};
