/* One or more examples a numeric stage: options that work on the contract's frame, and the option
 * that can be set to a column of a wrong type. */
#ifndef QUERN_TESTS_FEATURES_STAGE_NUMERIC_EXAMPLES_H
#define QUERN_TESTS_FEATURES_STAGE_NUMERIC_EXAMPLES_H

#include "tests/features/stage/stage_contract.h"

static const contract_example numeric_examples[] = {
    {"binarizer input_cols=x,n output_cols=a,b thresholds=1005,11", "input_cols=day,n"},
    {"binarizer input_col=v output_col=a threshold=0.5", "input_col=text"},
    {"binarizer input_cols=s,k output_cols=a,b threshold=-0.5", "input_cols=day,k"},
    {"bucketizer input_col=n output_col=a splits=-inf,3,10,inf", "input_col=word"},
    {"bucketizer input_cols=x,k output_cols=a,b splits_array=0;1003;inf,0;1;2;5 "
     "handle_invalid=keep",
     "input_cols=v,k"},
    {"bucketizer input_col=x output_col=a splits=0,1005,2000 handle_invalid=skip", "input_col=s"},
    {"clipper input_cols=x,n output_cols=a,b lower=1001,3 upper=1007", "input_cols=day,n"},
    {"clipper input_cols=x,label output_cols=a,b method=quantiles lower_quantile=0.1 "
     "upper_quantile=0.9 action=drop",
     "input_cols=x,flag"},
    {"clipper input_cols=n,x output_cols=a,b method=iqr factor=0.1 action=null", "input_cols=n,v"},
    {"imputer input_cols=x,n output_cols=a,b", "input_cols=day,n"},
    {"imputer input_cols=word,n output_cols=a,b strategy=mode", "input_cols=v,n"},
    {"imputer input_cols=n,text output_cols=a,b strategy=constant fill_value=7", "input_cols=v,n"},
    {"imputer input_cols=x,n output_cols=a,b strategy=constant fill_value=-1.5,0",
     "input_cols=day,n"},
    {"imputer input_col=n output_col=a strategy=mode", "input_col=v"},
    {"imputer input_col=x output_col=a strategy=median", "input_col=v"},
    {"imputer input_col=x output_col=a strategy=median relative_error=0.2", "input_col=v"},
    {"math_transformer input_cols=x,n output_cols=a,b", "input_cols=day,n"},
    {"math_transformer input_cols=label,n output_cols=a,b function=log handle_invalid=skip",
     "input_cols=label,day"},
    {"math_transformer input_cols=k,n output_cols=a,b function=reciprocal handle_invalid=keep",
     "input_cols=label,day"},
    {"quantile_discretizer input_col=n output_col=a num_buckets=4", "input_col=word"},
    {"quantile_discretizer input_cols=x,label output_cols=a,b num_buckets_array=3,50 "
     "handle_invalid=keep",
     "input_cols=v,n"},
    {"quantile_discretizer input_col=x output_col=a handle_invalid=skip relative_error=0.1",
     "input_col=tokens"},
    {"standard_scaler input_col=v output_col=a", "input_col=x"},
    {"standard_scaler input_col=s output_col=a", "input_col=word"},
    {"standard_scaler input_col=s output_col=a with_mean=true", "input_col=word"},
    {"min_max_scaler input_col=v output_col=a min=-5 max=5", "input_col=x"},
    {"min_max_scaler input_col=s output_col=a", "input_col=word"},
    {"max_abs_scaler input_col=v output_col=a", "input_col=x"},
    {"max_abs_scaler input_col=s output_col=a", "input_col=word"},
    {"robust_scaler input_col=v output_col=a with_centering=true", "input_col=x"},
    {"robust_scaler input_col=s output_col=a lower=0.05 upper=0.95", "input_col=word"},
    {"robust_scaler input_col=v output_col=a relative_error=0.1", "input_col=x"},
    {"normalizer input_col=v output_col=a", "input_col=x"},
    {"normalizer input_col=s output_col=a p=1", "input_col=x"},
    {"normalizer input_col=v output_col=a p=inf", "input_col=x"},
    {"polynomial_expansion input_col=v output_col=a degree=3", "input_col=x"},
    {"polynomial_expansion input_col=s output_col=a", "input_col=word"},
    {"interaction input_cols=n,v,cat output_col=a", "input_cols=word"},
    {"interaction input_cols=s,flag,cat,cat output_col=a", "input_cols=word"},
    {NULL, NULL},
};

#endif
