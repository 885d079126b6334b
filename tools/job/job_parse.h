/* Between the files that parse jobs: values of the tree, with errors kept. Private to tools/job. */
#ifndef QUERN_TOOLS_JOB_PARSE_H
#define QUERN_TOOLS_JOB_PARSE_H

#include "tools/job/job.h"

/* Local. Keeps the last error and lets the parse go on (QN_OK); anything but a fault of the job
 * file, or too many of them, stops it. */
QN_CHECKED qn_status qn_job_keep_error(qn_job *job, qn_status status);

/* A JOB error at a node. */
QN_CHECKED qn_status qn_job_node_error(const qn_job *job, const qn_yaml_node *node,
                                       const char *text);

/* Local. Every key of a map must be one of `known` (ended by NULL). */
QN_CHECKED qn_status qn_job_check_keys(qn_job *job, const qn_yaml_node *map,
                                       const char *const *known);

/* A child by key; NULL if it is missing or empty. */
const qn_yaml_node *qn_job_get(const qn_yaml_node *map, const char *key);

/* Local. The text of a scalar child; *out stays as it is if it is missing or empty. */
QN_CHECKED qn_status qn_job_text(qn_job *job, const qn_yaml_node *map, const char *key, char **out);

/* Local. A whole number at the root, from 0 to `most`. */
QN_CHECKED qn_status qn_job_int(qn_job *job, const char *key, int64_t most, int64_t *out);

/* Local. One scalar or a list of scalars, as copied texts. */
QN_CHECKED qn_status qn_job_list(qn_job *job, const qn_yaml_node *node, char ***out,
                                 int64_t *count);

/* Local. Sets one option from a node: of a stage, or (stage NULL) of a reader. */
QN_CHECKED qn_status qn_job_set_option(qn_job *job, qn_stage *stage, qn_options *read,
                                       const qn_yaml_node *node);

/* Local. The section `input`. */
QN_CHECKED qn_status qn_job_parse_input(qn_job *job);
/* Local. A map of tables; *out and *out_count are the caller's, also on failure
 * (qn_job_free_tables). */
QN_CHECKED qn_status qn_job_parse_tables(qn_job *job, const qn_yaml_node *tables,
                                         qn_job_table **out, int64_t *out_count);
void qn_job_free_tables(qn_job_table *tables, int64_t count);

/* Local. A path of the job file as it can be opened: relative to the folder of the file. */
QN_CHECKED qn_status qn_job_resolve(const qn_job *job, const char *path, char **out);

/* Local. Reads the text of a job, or of another file of its form, as a tree. */
QN_CHECKED qn_status qn_job_read_yaml(qn_job *job, const char *path, const char *text);

/* Gives the last error the place of the value below `node` that it names, or of the node. */
void qn_job_locate(const qn_job *job, const qn_yaml_node *node);

#endif
