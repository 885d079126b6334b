/* A dictionary of terms, numbered from 0 in the order in which they were added: what the stages on
 * tokens count by. Terms of up to 15 bytes, nearly all of a text's, are kept in the hash table
 * itself, so that one cache line answers for each. */
#ifndef QUERN_FEATURES_STAGE_TEXT_TERMS_H
#define QUERN_FEATURES_STAGE_TEXT_TERMS_H

#include "core/column/column.h"

typedef struct qn_terms {
    int32_t count, capacity;
    int64_t *offsets; /* capacity + 1, into chars */
    char *chars;
    int64_t chars_capacity;
    struct qn_term_slot *slots;
    int64_t slot_count; /* a power of two, more than twice the count */
} qn_terms;

QN_CHECKED qn_status qn_terms_init(qn_terms *terms);
void qn_terms_clear(qn_terms *terms); /* all zero is fine */

/* Local. *id: the number of a term, which is added if it is new. */
QN_CHECKED qn_status qn_terms_add(qn_terms *terms, qn_view term, int32_t *id);

/* Local. Its number, -1 if it is not there. */
int32_t qn_terms_find(const qn_terms *terms, qn_view term);

/* Local. ids[i] = number of the term in row first + i of a plain (not dictionary-encoded) string
 * column, for `count` rows; unless added, -1 for a term that is not there. Nulls are not added,
 * their numbers mean nothing. Cost: 4 to 8 ns a row. */
QN_CHECKED qn_status qn_terms_add_rows(qn_terms *terms, const qn_column *column, int64_t first,
                                       int64_t count, int32_t *ids);
void qn_terms_find_rows(const qn_terms *terms, const qn_column *column, int64_t first,
                        int64_t count, int32_t *ids);

/* Borrowed until the next term is added. */
static inline qn_view qn_terms_text(const qn_terms *terms, int32_t id) {
    return (qn_view){terms->chars + terms->offsets[id],
                     terms->offsets[id + 1] - terms->offsets[id]};
}

#endif
