/* What holds for every stage and estimator: each class of the registries is run through the same
 * cases on an example of its own. Ranks: 1 2 3 4 7 */
#include "features/pipeline.h"
#include "tests/features/stage_contract.h"

/* One or more examples a class: options that work on the contract's frame, and the option that
 * can be set to a column of a wrong type. */
static const contract_example examples[] = {
    {"imputer input_cols=x,n output_cols=a,b", "input_cols=word,n"},
    {"imputer input_col=n output_col=a strategy=mode", "input_col=v"},
    {"imputer input_col=x output_col=a strategy=median", "input_col=v"},
    {"imputer input_col=x output_col=a strategy=median relative_error=0.2", "input_col=v"},
    {"linear_regression features_col=v weight_col=weight", "features_col=n"},
    {"linear_regression features_col=v label_col=n reg_param=0.3", "label_col=word"},
    {"one_hot_encoder input_cols=k output_cols=a", "input_cols=word"},
    {"one_hot_encoder input_col=k output_col=a drop_last=false handle_invalid=keep", "input_col=v"},
    {"sql_transformer statement=SELECT|*,n*2|AS|a|FROM|__THIS__|WHERE|n>3", NULL},
    {"standard_scaler input_col=v output_col=a", "input_col=x"},
    {"standard_scaler input_col=s output_col=a", "input_col=word"},
    {"standard_scaler input_col=s output_col=a with_mean=true", "input_col=word"},
    {"string_indexer input_cols=word,n output_cols=a,b handle_invalid=keep", "input_cols=v,n"},
    {"string_indexer input_col=x output_col=a handle_invalid=skip", "input_col=s"},
    {"vector_assembler input_cols=n,v,k output_col=a", "input_cols=word"},
    {"vector_assembler input_cols=x,s,v output_col=a handle_invalid=skip", "input_cols=word"},
    {"vector_assembler input_cols=x,s,v output_col=a handle_invalid=keep", "input_cols=word"},
    {"pipeline", NULL},
    {NULL, NULL},
};

static void test_all_covered(void) {
    for (qn_registry class_ = qn_feature_stages; *class_ != NULL; class_++)
        contract_check_covered(examples, *class_);
    for (qn_registry class_ = qn_estimators; *class_ != NULL; class_++)
        contract_check_covered(examples, *class_);
}

static void for_each(void (*check)(const contract_example *example)) {
    for (const contract_example *example = examples; example->text != NULL; example++)
        check(example);
}

static void test_same_bytes(void) {
    for_each(contract_same_bytes);
}

static void test_save_load(void) {
    for_each(contract_save_load);
}

static void test_refused(void) {
    for_each(contract_refused);
}

static void test_empty(void) {
    for_each(contract_empty);
}

static void test_memory(void) {
    for_each(contract_memory);
}

/* The same for a pipeline of all of them. */
static qn_stage *whole_pipeline(void) {
    static const char *const texts[] = {
        "imputer input_col=x output_col=x_filled",
        "string_indexer input_cols=word,k output_cols=word_idx,k_idx handle_invalid=skip",
        "one_hot_encoder input_cols=word_idx,k_idx output_cols=word_vec,k_vec",
        "vector_assembler input_cols=x_filled,word_vec,k_vec,v output_col=raw",
        "standard_scaler input_col=raw output_col=features with_mean=true",
        "linear_regression reg_param=0.1",
    };
    qn_stage *stages[6], *pipeline = NULL;
    for (int i = 0; i < 6; i++)
        stages[i] = contract_stage(texts[i]);
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, 6));
    return pipeline;
}

static void test_pipeline(void) {
    qn_stage *stage = whole_pipeline();
    contract_same_bytes_of(stage, "pipeline of all");
    contract_save_load_of(stage, "pipeline of all");
    qn_stage_free(stage);
    if (qn_comm_size(qn_test_comm()) == 1)
        contract_memory_of(whole_pipeline, "pipeline of all");
}

static const qn_test_case cases[] = {
    {"every class has an example", test_all_covered},
    {"model and output have the same bytes as on one rank", test_same_bytes},
    {"a loaded stage describes itself and transforms the same", test_save_load},
    {"unknown options, missing columns, wrong types and taken names are refused", test_refused},
    {"no rows at all give an empty output or one error", test_empty},
    {"any allocation may fail, and nothing leaks", test_memory},
    {"a pipeline of all stages keeps the contract", test_pipeline},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("contract", cases);
}
