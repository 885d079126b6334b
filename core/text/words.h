/* Text split at single blanks: the ASCII ones, space and \t \n \v \f \r, which are Java's \s. */
#ifndef QUERN_CORE_TEXT_WORDS_H
#define QUERN_CORE_TEXT_WORDS_H

#include "core/text/text.h"

/* Where words go: their bytes one after the other, the blanks left out, and the end of each. */
typedef struct qn_words {
    char *chars;
    int32_t *ends; /* counted from `chars` */
    int64_t length, count;
} qn_words;

enum { QN_WORDS_PAD = 64 }; /* room that is written over behind chars and behind ends */

/* Local. Appends what is between the blanks of a text, empty words too: one more than there are
 * blanks. `lower`: capitals A to Z become small. The caller sees to the room: chars for the text,
 * ends for one more than its bytes, and the pad behind both. False if the text has bytes beyond
 * ASCII (which are kept as they are). 1 to 3 ns a word. */
typedef bool (*qn_words_splitter)(qn_words *words, qn_view text, bool lower);

bool qn_words_split_portable(qn_words *words, qn_view text, bool lower);
bool qn_words_split_avx512(qn_words *words, qn_view text, bool lower);

/* The best one for this processor. */
qn_words_splitter qn_words_best(void);

#endif
