/* A list of distinct texts that finds the position of a text: the categories of a string_indexer.
 */
#ifndef QUERN_FEATURES_STAGE_LABELS_H
#define QUERN_FEATURES_STAGE_LABELS_H

#include "core/column/batch.h"
#include "mpi/hdf5/archive.h"

#include <jansson.h>

typedef struct qn_labels {
    int64_t count;
    char *chars;      /* the texts one after the other, each with a NUL behind it */
    int64_t *offsets; /* count + 1, into chars */
    uint64_t mask;    /* slots - 1; slots is a power of two, at least 3 / 2 of the count */
    struct qn_label_slot *slots;
} qn_labels;

/* Local. Copies distinct texts. DATA error for one with a zero byte in it. Memory: 8 bytes, the
 * text and its NUL, and 36 to 72 bytes of slots a label. */
QN_CHECKED qn_status qn_labels_build(qn_labels *out, const qn_view *texts, int64_t count);

/* Local. The same of the texts that `text` gives for 0 to count - 1; borrowed. */
typedef qn_view (*qn_labels_source)(const void *context, int64_t i);
QN_CHECKED qn_status qn_labels_build_from(qn_labels *out, qn_labels_source text,
                                          const void *context, int64_t count);

void qn_labels_clear(qn_labels *labels);

static inline const char *qn_labels_name(const qn_labels *labels, int64_t i) {
    return labels->chars + labels->offsets[i];
}
static inline qn_view qn_labels_text(const qn_labels *labels, int64_t i) {
    return (qn_view){qn_labels_name(labels, i), labels->offsets[i + 1] - labels->offsets[i] - 1};
}

/* Position of the text, or -1. ~5 ns for short texts and small lists. */
int32_t qn_labels_find(const qn_labels *labels, qn_view text);

/* Local. Position of each row's text in a string column, -1 where it is null or not in the list.
 * Each entry of a dictionary no longer than the column is looked up once. */
QN_CHECKED qn_status qn_labels_find_all(const qn_labels *labels, const qn_column *column,
                                        int32_t *out);

/* Local. The DATA error of a row whose text is null or not in the list; names the nearest that is.
 * `advice`: what to set ("handle_invalid to skip or keep"). */
QN_CHECKED qn_status qn_labels_fail_row(const qn_labels *labels, const qn_field *field,
                                        const qn_column *texts, const qn_batch *batch, int64_t row,
                                        const char *advice);

/* Order by UTF-16 code units, as Java and so Spark compare strings: unlike UTF-8 bytes, characters
 * above U+FFFF come before U+E000..U+FFFF. */
int qn_labels_compare(qn_view a, qn_view b);

/* Local. Nominal attributes with the labels, and `more` (NULL: none) behind them, as categories of
 * the column `source`. */
QN_CHECKED qn_status qn_labels_attributes(const qn_labels *labels, const char *more,
                                          const char *source, qn_attributes **out);

/* Collective. Writes the labels as dataset labels_I of the current group, or reads them. */
QN_CHECKED qn_status qn_labels_persist(qn_labels *labels, qn_archive *archive, int64_t i);

json_t *qn_labels_json(const qn_labels *labels); /* an array of texts */

#endif
