/* The quality gate of a job, between its input and all else. Private to tools/job. */
#ifndef QUERN_TOOLS_RUN_QUALITY_H
#define QUERN_TOOLS_RUN_QUALITY_H

#include "tools/job/run.h"

/* Collective. Binds the rules to the input's columns; faults are kept. */
QN_CHECKED qn_status qn_run_bind_quality(qn_run *run);

/* Local. Adds the columns that rules need; all of them if rows may go to quarantine. */
void qn_run_quality_needs(const qn_run *run, bool *needed);

/* Local. Puts the gate over the input. */
QN_CHECKED qn_status qn_run_open_gate(qn_run *run);

/* Collective. The step: judges the rules, writes quality.json and the quarantine. QUALITY error if
 * a rule failed. */
QN_CHECKED qn_status qn_run_judge(qn_run *run);

/* Local. What the record of a feature version says of the rules; NULL: nothing. The caller's. */
json_t *qn_run_quality_record(const qn_run *run);

#endif
