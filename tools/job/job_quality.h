/* The section `quality:` of a job, which is also what a file of rules holds. */
#ifndef QUERN_TOOLS_JOB_QUALITY_H
#define QUERN_TOOLS_JOB_QUALITY_H

#include "features/quality/quality.h"
#include "tools/job/job.h"

struct qn_job_quality {
    qn_quality *rules;
    int64_t count, capacity;
    const qn_yaml_node **nodes; /* of each rule */
    char *quarantine, *report;  /* paths as they are written; NULL: none */
    qn_job_table *tables;
    int64_t table_count;
    const qn_job *job;
};

/* Local. Parses `section` into job->quality; faults are kept. */
QN_CHECKED qn_status qn_job_parse_quality(qn_job *job, const qn_yaml_node *section);
void qn_job_free_quality(qn_job_quality *quality); /* NULL is fine */

/* Collective. Binds the rules to the input's schema; faults are kept, with their places. May be
 * called again with another schema. */
QN_CHECKED qn_status qn_job_bind_quality(qn_job *job, const qn_schema *schema,
                                         const qn_execution *execution);

/* Collective. Warns of the rules that are broken and says what became of the rows. */
void qn_job_tell_quality(const qn_job_quality *quality, const json_t *report);

#endif
