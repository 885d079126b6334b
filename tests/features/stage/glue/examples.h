/* One or more examples a glue stage: options that work on the contract's frame, and the option that
 * can be set to a column of a wrong type. */
#ifndef QUERN_TESTS_FEATURES_STAGE_GLUE_EXAMPLES_H
#define QUERN_TESTS_FEATURES_STAGE_GLUE_EXAMPLES_H

#include "tests/features/stage/stage_contract.h"

static const contract_example glue_examples[] = {
    {"cast_columns input_cols=n,x,word types=double,string,int", "input_cols=v,n,tokens"},
    {"cast_columns input_cols=day,flag output_cols=a,b types=timestamp,bigint handle_invalid=error "
     "time_zone=Europe/Berlin",
     "input_cols=day,s"},
    {"drop_columns input_cols=n,word,v,tokens", NULL},
    {"rename_columns input_cols=n,word,cat output_cols=word,n,dog", NULL},
    {"sql_transformer statement=SELECT|*,n*2|AS|a|FROM|__THIS__|WHERE|n>3", NULL},
    {"sql_transformer "
     "statement=SELECT|word,count(*)|AS|c,avg(n)|AS|m,max(time)|AS|t|FROM|__THIS__|GROUP|BY|word",
     NULL},
    {"sql_transformer statement=SELECT|*,sum(n)|OVER|(PARTITION|BY|k|ORDER|BY|n)|AS|r|FROM|t",
     NULL},
    {"sql_transformer "
     "statement=SELECT|a.word,b.n|FROM|t|AS|a|JOIN|t|AS|b|ON|a.n=b.k|WHERE|a.n<3|ORDER|BY|b.n",
     NULL},
    {"pipeline", NULL},
    {"r_formula formula=label~n+k+v handle_invalid=skip", "formula=label~n+day"},
    {"r_formula formula=word~k+flag features_col=a label_col=b handle_invalid=skip",
     "formula=word~tokens"},
    {"r_formula formula=n~word*cat+x-1 label_col=b handle_invalid=keep", "formula=n~time"},
    {"r_formula formula=n~(k+word+flag)^2 label_col=b handle_invalid=skip "
     "string_indexer_order_type=alphabet_desc force_index_label=true",
     NULL},
    {NULL, NULL},
};

#endif
