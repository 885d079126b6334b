/* A job whose input is a query over tables. Private to tools/job. */
#ifndef QUERN_TOOLS_RUN_QUERY_H
#define QUERN_TOOLS_RUN_QUERY_H

#include "tools/job/run.h"

/* Local. Makes run->tables, which plans open when they name them. */
QN_CHECKED qn_status qn_run_list_tables(qn_run *run);
void qn_run_free_tables(qn_run *run);

/* Collective. Opens the tables that the query names and the query; errors get their place in the
 * job file. */
QN_CHECKED qn_status qn_run_open_query(qn_run *run);

/* Collective. Bad records of all tables. */
QN_CHECKED qn_status qn_run_settle_query(qn_run *run);

#endif
