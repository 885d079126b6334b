/* One or more examples a time stage: options that work on the contract's frame, and the option that
 * can be set to a column of a wrong type. */
#ifndef QUERN_TESTS_FEATURES_STAGE_TIME_EXAMPLES_H
#define QUERN_TESTS_FEATURES_STAGE_TIME_EXAMPLES_H

#include "tests/features/stage/stage_contract.h"

static const contract_example time_examples[] = {
    {"calendar_features input_cols=day,time time_zone=America/New_York", "input_cols=word"},
    {"calendar_features input_cols=time,day features=hour,month_sin,month_cos,day_sin,"
     "day_of_year_cos,week,is_weekend,is_quarter_end,second output_prefixes=t_,d_",
     "input_cols=time,n"},
    {"time_since input_cols=day,time output_cols=a,b reference=2001-02-03 unit=hours "
     "time_zone=Europe/Berlin",
     "input_cols=day,n"},
    {"time_since input_cols=day,time output_cols=a,b reference=max measure=until",
     "input_cols=day,word"},
    {"time_since input_col=time output_col=a reference_col=day unit=weeks", "reference_col=x"},
    {"window_features partition_cols=word order_col=time windows=200d,3000d,unbounded,5rows "
     "aggregates=count,sum(n),avg(x),min(day),stddev(x),count_distinct(k),last(word)",
     "order_col=word"},
    {"window_features order_col=day windows=30d,1mon include_current=true "
     "aggregates=max(x),sum(label),bool_or(flag) label_cols=label label_delay=7d",
     NULL},
    {"window_features partition_cols=k,flag order_col=x windows=2.5,unbounded,3rows "
     "aggregates=count,count(word),median(n)",
     "partition_cols=v"},
    {"lag_features partition_cols=word order_col=time input_cols=n,x,v,tokens,word lags=1,3",
     "order_col=tokens"},
    {"lag_features order_col=n input_cols=k,x differences=true ratios=true", "input_cols=word"},
    {NULL, NULL},
};

#endif
