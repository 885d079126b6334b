/* What 'sql' and 'explain' share: the tables of a query and how it is run. */
#ifndef QUERN_TOOLS_QUERY_H
#define QUERN_TOOLS_QUERY_H

#include "features/plan/plan.h"
#include "tools/cmd/inputs.h"

/* A --table NAME=PATH, opened when the query names it. */
typedef struct qn_file_table {
    const qn_arguments *arguments;
    char *name, *path;
    qn_stream *scan; /* held, once it is open; the last one if the query names it often */
} qn_file_table;

typedef struct qn_query {
    qn_file_table *files;
    qn_plan_table *tables;
    int64_t count;
    qn_session session;
    qn_execution execution;
} qn_query;

#define QN_TABLE_OPTION                                                                            \
    {                                                                                              \
        "table", QN_OPTION_TEXTS, "", "repeated",                                                  \
            "a table of the query, as NAME=PATH; a feature version as "                            \
            "NAME=STORE/groups/GROUP[@VERSION]"                                                    \
    }

/* Collective. From --table and the execution options. The struct must stay where it is as long as
 * plans run with it. */
QN_CHECKED qn_status qn_query_open(qn_query *query, const qn_arguments *arguments);

/* Collective. After the rows were read, while the streams live: warnings of bad records. */
QN_CHECKED qn_status qn_query_settle(const qn_query *query);
void qn_query_clear(qn_query *query);

#endif
