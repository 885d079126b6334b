/* Scans of table files: also the way feature versions are read. */
#ifndef QUERN_FEATURES_SCAN_TABLE_SCAN_H
#define QUERN_FEATURES_SCAN_TABLE_SCAN_H

#include "features/scan/scan.h"

/* Local. A stream over table files whose schema and row counts are known: they are opened only when
 * their rows are read. Batches are cut every QN_BATCH_ROWS rows of all files together, and ranks
 * own contiguous ranges of them. Texts are copied. */
QN_CHECKED qn_status qn_table_scan_new(qn_stream **out, const qn_comm *comm,
                                       const qn_schema *schema, const char *const *paths,
                                       const int64_t *rows, int64_t count);

/* Local. See qn_scan_select; false for other streams. */
bool qn_table_scan_select(qn_stream *stream, const bool *wanted);

/* See qn_scan_rank_rows. */
int64_t qn_table_scan_rank_rows(const qn_stream *stream);

#endif
