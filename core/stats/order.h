/* Sorting plain numbers. */
#ifndef QUERN_CORE_STATS_ORDER_H
#define QUERN_CORE_STATS_ORDER_H

#include "core/status.h"

#include <stdint.h>

/* Local. Ascending order of numbers without NaN, -0 before 0; `scratch` has room for as many.
 * Radix sort: about 8 ns a number. */
void qn_order_reals(double *values, double *scratch, int64_t count);

#endif
