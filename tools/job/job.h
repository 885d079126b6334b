/* Job files: what `quern run` does, as read and checked from YAML. docs/job.md describes the keys.
 */
#ifndef QUERN_TOOLS_JOB_H
#define QUERN_TOOLS_JOB_H

#include "core/options.h"
#include "mpi/stage.h"
#include "tools/job/yaml.h"

/* A table that the input's query reads. */
typedef struct qn_job_table {
    char *name;
    char **paths;
    int64_t path_count;
    qn_options *read;
} qn_job_table;

typedef struct qn_job_quality qn_job_quality; /* tools/job/job_quality.h */

typedef struct qn_job {
    qn_yaml yaml;
    char *name;
    int64_t seed;
    char *output;  /* run directory */
    int64_t cache; /* bytes a rank keeps of the parsed input between passes */

    char **inputs; /* paths, relative ones resolved against the job file's folder */
    int64_t input_count;
    qn_options *read;
    char *query; /* or else: SQL over tables, whose rows are the input */
    qn_job_table *tables;
    int64_t table_count;
    qn_job_quality *quality; /* NULL: no section of that name */

    qn_stage **stages;          /* [sql_transformer,] stages..., [model] */
    const qn_yaml_node **nodes; /* where each stands in the file */
    int64_t stage_count, stage_capacity, node_capacity;
    bool has_sql, has_model;

    double train, test; /* split weights; test 0: no split */
    char *split_column; /* saved features say 'train' or 'test' in it; NULL: they do not */
    char **metrics;     /* to print; NULL: all */
    int64_t metric_count;

    char *model_path, *predictions_path; /* NULL: not saved */
    char *store_path, *group;            /* NULL: no features saved */
    char **feature_columns;              /* NULL: the default choice */
    int64_t feature_column_count;
    char **partition_by; /* columns of the features; NULL: not partitioned */
    int64_t partition_count;

    char **errors; /* packed, all that was found */
    int64_t error_count, error_capacity;
} qn_job;

void qn_job_init(qn_job *job);
void qn_job_clear(qn_job *job);

/* Local, on every rank with the same text. Parses and checks everything that needs no data: keys,
 * option names and values, stage names. `settings` are KEY=VALUE of --set. Every fault found is
 * kept; JOB error if there is any (see qn_job_fail). */
QN_CHECKED qn_status qn_job_parse(qn_job *out, const char *path, const char *text,
                                  char *const *settings, int64_t setting_count);

/* Local. Binds the stages one after the other to the input's schema and looks for the columns to
 * save, giving errors their place in the job file. */
QN_CHECKED qn_status qn_job_bind(qn_job *job, const qn_schema *input);

/* Local. Gives an SQL error of the text at `node` its place in the job file. */
QN_CHECKED qn_status qn_job_locate_sql(const qn_job *job, const qn_yaml_node *node,
                                       qn_status status);

/* Prints all kept errors but the last on standard error (rank 0) and makes the last one the last
 * error; QN_OK if there is none. */
QN_CHECKED qn_status qn_job_fail(qn_job *job, bool speaks);

#endif
