/* Where the program finds stages and estimators by name. */
#ifndef QUERN_TOOLS_REGISTRIES_H
#define QUERN_TOOLS_REGISTRIES_H

#include "mpi/stage.h"

extern const qn_registry qn_all_stages[]; /* ends with NULL */

#endif
