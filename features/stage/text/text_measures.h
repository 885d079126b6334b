/* What text_statistics counts in a text. */
#ifndef QUERN_FEATURES_STAGE_TEXT_TEXT_MEASURES_H
#define QUERN_FEATURES_STAGE_TEXT_TEXT_MEASURES_H

#include "core/text/text.h"

typedef struct qn_text_measures {
    int64_t characters, bytes;
    int64_t words;    /* stretches between blanks (Unicode's separators and ASCII's) */
    int64_t in_words; /* characters in them */
    int64_t sentences;
    int64_t letters, capitals, digits, punctuation; /* by Unicode's categories L, Lu, Nd, P */
} qn_text_measures;

/* What each character of ASCII counts as: made once by qn_text_classes_init. */
typedef struct qn_text_classes {
    unsigned char of[128];
    bool sentences; /* wanted: they take character by character */
} qn_text_classes;

void qn_text_classes_init(qn_text_classes *out, bool sentences);

/* Local. A sentence ends with . ! ? or their like (and closing marks behind them) before a blank or
 * the end, if it has a letter or a digit; what is left over with one is a sentence, too. Bytes that
 * are not UTF-8 count as one character each, of no kind. 0.5 ns a character of ASCII, 3 with
 * sentences, 20 ns beyond. */
void qn_text_measure(const qn_text_classes *classes, qn_view text, qn_text_measures *out);

#endif
