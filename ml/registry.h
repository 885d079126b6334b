/* The estimators. A new one is one file and one line in registry.c. */
#ifndef QUERN_ML_REGISTRY_H
#define QUERN_ML_REGISTRY_H

#include "mpi/stage.h"

extern const qn_stage_class *const qn_estimators[];

#endif
