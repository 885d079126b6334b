/* Scans of table files: also the way feature versions are read. */
#ifndef QUERN_FEATURES_SCAN_TABLE_SCAN_H
#define QUERN_FEATURES_SCAN_TABLE_SCAN_H

#include "features/scan/scan.h"

#include <jansson.h>

/* Local. A stream over table files whose schema and row counts are known: they are opened only when
 * their rows are read. Batches are cut every QN_BATCH_ROWS rows of all files together, and ranks
 * own contiguous ranges of them. Texts are copied. */
QN_CHECKED qn_status qn_table_scan_new(qn_stream **out, const qn_comm *comm,
                                       const qn_schema *schema, const char *const *paths,
                                       const int64_t *rows, int64_t count);

/* Local. Gives a scan the statistics of its files, an array with one object a file (or null):
 * column
 * -> {"null", "min", "max", "nan"}, all of them optional. The array is retained. */
void qn_table_scan_describe(qn_stream *stream, json_t *stats);

/* Local. See qn_scan_limit and qn_scan_parts_of. */
QN_CHECKED qn_status qn_table_scan_limit(qn_stream *stream, const qn_scan_term *terms,
                                         int32_t count, bool *limited);
qn_scan_parts qn_table_scan_parts(const qn_stream *stream);

/* Whether a file of so many rows may have one for which all terms are true; `schema` has the terms'
 * columns. Statistics that are missing or of the wrong type rule nothing out. */
bool qn_table_part_may_match(const json_t *stats, int64_t rows, const qn_schema *schema,
                             const qn_scan_term *terms, int32_t count);

/* Local. See qn_scan_select; false for other streams. */
bool qn_table_scan_select(qn_stream *stream, const bool *wanted);

/* See qn_scan_rank_rows. */
int64_t qn_table_scan_rank_rows(const qn_stream *stream);

#endif
