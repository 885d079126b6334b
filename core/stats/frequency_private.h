/* Inside core/stats: the table of a qn_frequency. */
#ifndef QUERN_CORE_STATS_FREQUENCY_PRIVATE_H
#define QUERN_CORE_STATS_FREQUENCY_PRIVATE_H

#include "core/stats/frequency.h"

/* Puts all entries into the slots, which are cleared. */
void qn_frequency_place(qn_frequency *frequency);

#endif
