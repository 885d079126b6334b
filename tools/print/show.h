/* Tables on standard output, for people and for scripts. */
#ifndef QUERN_TOOLS_SHOW_H
#define QUERN_TOOLS_SHOW_H

#include "core/stream.h"
#include "core/text/text.h"
#include "mpi/comm/comm.h"

enum { QN_SHOW_ROWS = 40 }; /* of a table for people; csv and json print all */

/* Collective. Reads the stream and prints it from rank 0: "table" (the first QN_SHOW_ROWS rows,
 * aligned), "csv", or "json" (an array of one object a row; NaN and null are null). Rows are
 * gathered on rank 0: for results, not for whole datasets. */
QN_CHECKED qn_status qn_show(qn_stream *in, qn_comm *comm, const char *format);

/* Collective. The same for a table that rank 0 made, of which others have the schema and no rows;
 * `made`: how that went on this rank. */
QN_CHECKED qn_status qn_show_made(qn_status made, const qn_table *table, qn_comm *comm,
                                  const char *format);

/* Local. Appends a value as people read it: null for nulls, ISO dates, [1, 2] for vectors. */
QN_CHECKED qn_status qn_cell_print(const qn_column *column, int64_t row, qn_text *out);

/* Local. An aligned table of texts: `cells` holds rows * columns of them after one row of heads;
 * right[i]: numbers. Prints to standard output. */
QN_CHECKED qn_status qn_show_cells(char *const *cells, int64_t rows, int32_t columns,
                                   const bool *right);

#endif
