/* Types of a CSV scan's columns: given or inferred. Private to features/scan. */
#ifndef QUERN_FEATURES_SCAN_CSV_SCHEMA_H
#define QUERN_FEATURES_SCAN_CSV_SCHEMA_H

#include "features/scan/csv_layout.h"

/* Local. The fields in file order from the text of the `schema` option ("name type, name type"; a
 * name with commas or quotes in it in double quotes). With a header the names must be those of
 * the header, in any order. JOB errors. `out` is initialised and empty. */
QN_CHECKED qn_status qn_csv_schema_parse(qn_schema *out, const qn_csv_source *source,
                                         const char *text);

/* Collective. The fields in file order with the narrowest types that hold the first `limit`
 * records of all files (negative: all). Reads them once. */
QN_CHECKED qn_status qn_csv_schema_infer(qn_schema *out, qn_comm *comm, const qn_csv_source *source,
                                         const qn_csv_layout *layout, int64_t limit);

/* Local. Looks at this rank's share of the first `limit` records (negative: all). */
QN_CHECKED qn_status qn_csv_schema_look(qn_csv_guess *guesses, const qn_csv_source *source,
                                        const qn_csv_layout *layout, int64_t limit);

/* Collective. Makes the guesses of all ranks everyone's. */
QN_CHECKED qn_status qn_csv_schema_merge(qn_csv_guess *guesses, int64_t count, qn_comm *comm);

#endif
