/* What holds for every stage and estimator: each class of the registries has an example in its
 * family, whose program runs it through the contract; here are the gaps and what is made of several
 * stages. Ranks: 1 2 3 4 7 */
#include "tests/features/stage/categorical/examples.h"
#include "tests/features/stage/glue/examples.h"
#include "tests/features/stage/numeric/examples.h"
#include "tests/features/stage/text/examples.h"
#include "tests/features/stage/time/examples.h"
#include "tests/features/stage/vector/examples.h"
#include "tests/ml/examples.h"

static const contract_example *const all_examples[] = {
    categorical_examples, numeric_examples, text_examples,      time_examples,
    vector_examples,      glue_examples,    predictor_examples,
};

static bool covered(const char *name) {
    for (size_t i = 0; i < sizeof all_examples / sizeof *all_examples; i++)
        if (contract_covers(all_examples[i], name))
            return true;
    return false;
}

static void test_all_covered(void) {
    for (qn_registry class_ = qn_feature_stages; *class_ != NULL; class_++)
        CONTRACT_ASSERT(covered((*class_)->name), (*class_)->name);
    for (qn_registry class_ = qn_estimators; *class_ != NULL; class_++)
        CONTRACT_ASSERT(covered((*class_)->name), (*class_)->name);
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
    {"a pipeline of all stages keeps the contract", test_pipeline},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("contract", cases);
}
