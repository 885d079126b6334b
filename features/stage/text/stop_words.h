/* Words that stop_words_remover leaves out unless it is given others. */
#ifndef QUERN_FEATURES_STAGE_TEXT_STOP_WORDS_H
#define QUERN_FEATURES_STAGE_TEXT_STOP_WORDS_H

enum { QN_STOP_WORDS_ENGLISH = 181 };
extern const char *const qn_stop_words_english[QN_STOP_WORDS_ENGLISH];

#endif
