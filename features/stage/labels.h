/* A list of distinct texts that finds the position of a text: the categories of a string_indexer.
 */
#ifndef QUERN_FEATURES_STAGE_LABELS_H
#define QUERN_FEATURES_STAGE_LABELS_H

#include "core/column/column.h"

typedef struct qn_labels {
    int64_t count;
    char **names;     /* NUL-terminated */
    char *chars;      /* the names once more, one after the other: close together while searching */
    int64_t *offsets; /* count + 1, into chars */
    uint64_t mask;    /* slots - 1; slots is a power of two, at least twice the count */
    struct qn_label_slot *slots;
} qn_labels;

/* Local. Takes over `names` (also on failure): distinct texts, separate blocks. */
QN_CHECKED qn_status qn_labels_build(qn_labels *out, char **names, int64_t count);
void qn_labels_clear(qn_labels *labels);

/* Position of the text, or -1. ~5 ns for short texts and small lists. */
int32_t qn_labels_find(const qn_labels *labels, qn_view text);

/* Local. Position of each row's text in a string column, -1 where it is null or not in the list.
 * Each entry of a dictionary no longer than the column is looked up once. */
QN_CHECKED qn_status qn_labels_find_all(const qn_labels *labels, const qn_column *column,
                                        int32_t *out);

/* Order by UTF-16 code units, as Java and so Spark compare strings: unlike UTF-8 bytes, characters
 * above U+FFFF come before U+E000..U+FFFF. */
int qn_labels_compare(qn_view a, qn_view b);

#endif
