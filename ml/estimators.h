/* The classes that registry.c lists; each is described in its own .c file. */
#ifndef QUERN_ML_ESTIMATORS_H
#define QUERN_ML_ESTIMATORS_H

#include "mpi/stage.h"

extern const qn_stage_class qn_linear_regression_class;

#endif
