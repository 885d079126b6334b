/* Distinct strings, numbered from 0 in the order in which they were first met. */
#ifndef QUERN_CORE_KEY_INTERNER_H
#define QUERN_CORE_KEY_INTERNER_H

#include "core/column/column.h"

typedef struct qn_interner qn_interner;

QN_CHECKED qn_status qn_interner_new(qn_interner **out);
void qn_interner_free(qn_interner *interner); /* NULL is fine */

/* Local. ids[i] = number of the string in row i, 0 for a null; strings not met before get the next
 * number, or, with insert == false, -1. A dictionary is looked up once, as long as batches share
 * it. Cost: codes 0.5 ns a row, plain strings 8 to 30 ns. */
QN_CHECKED qn_status qn_interner_encode(qn_interner *interner, const qn_column *column, bool insert,
                                        int32_t *ids);

int32_t qn_interner_count(const qn_interner *interner);
qn_view qn_interner_text(const qn_interner *interner, int32_t id); /* borrowed */
/* hashes[id]: a function of the text alone, the same on every rank. Valid until the next insert. */
const uint64_t *qn_interner_hashes(const qn_interner *interner);
/* Local. All strings as a column without nulls, for use as a dictionary: made once and shared until
 * strings are added. */
QN_CHECKED qn_status qn_interner_column(qn_interner *interner, qn_column **out);
int64_t qn_interner_bytes(const qn_interner *interner); /* memory held */

#endif
