/* One or more examples a text stage: options that work on the contract's frame, and the option that
 * can be set to a column of a wrong type. */
#ifndef QUERN_TESTS_FEATURES_STAGE_TEXT_EXAMPLES_H
#define QUERN_TESTS_FEATURES_STAGE_TEXT_EXAMPLES_H

#include "tests/features/stage/stage_contract.h"

static const contract_example text_examples[] = {
    {"count_vectorizer input_col=tokens output_col=a", "input_col=word"},
    {"count_vectorizer input_col=tokens output_col=a vocab_size=3 min_df=0.1 max_df=1500 "
     "min_tf=0.4",
     "input_col=v"},
    {"count_vectorizer input_col=tokens output_col=a binary=true", "input_col=text"},
    {"hashing_tf input_col=tokens output_col=a num_features=50", "input_col=word"},
    {"hashing_tf input_col=tokens output_col=a num_features=64 binary=true", "input_col=s"},
    {"idf input_col=s output_col=a", "input_col=tokens"},
    {"idf input_col=v output_col=a min_doc_freq=900", "input_col=x"},
    {"tokenizer input_col=text output_col=a", "input_col=x"},
    {"tokenizer input_cols=text,word output_cols=a,b", "input_cols=text,tokens"},
    {"n_gram input_col=tokens output_col=a", "input_col=text"},
    {"n_gram input_col=tokens output_col=a n=1", "input_col=x"},
    {"regex_tokenizer input_col=text output_col=a", "input_col=tokens"},
    {"regex_tokenizer input_col=text output_col=a pattern=[^\\w]+ min_token_length=2",
     "input_col=x"},
    {"regex_tokenizer input_col=text output_col=a pattern=\\w+ gaps=false to_lowercase=false",
     "input_col=x"},
    {"stemmer input_col=tokens output_col=a", "input_col=text"},
    {"stemmer input_cols=tokens output_cols=a language=german", "input_cols=x"},
    {"stop_words_remover input_col=tokens output_col=a", "input_col=text"},
    {"stop_words_remover input_col=tokens output_col=a stop_words=Red,GR\xc3\x9cN", "input_col=x"},
    {"stop_words_remover input_col=tokens output_col=a stop_words=Red,blue case_sensitive=true",
     "input_col=x"},
    {"text_statistics input_col=text", "input_col=tokens"},
    {"text_statistics input_col=text features=sentences,uppercase_share,mean_word_length,bytes "
     "contains=mill,Corn matches=^the,[a-z]{6} ignore_case=true",
     "input_col=x"},
    {NULL, NULL},
};

#endif
