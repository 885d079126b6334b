/* The feature stages, a folder a family. A new stage is one file and one line here: from the lists
 * come the classes' declarations and the registry. */
#ifndef QUERN_FEATURES_STAGE_STAGES_H
#define QUERN_FEATURES_STAGE_STAGES_H

#include "features/pipeline.h"
#include "features/plan/plan.h"
#include "mpi/stage.h"

#define QN_CATEGORICAL_STAGES(X)                                                                   \
    X(feature_hasher)                                                                              \
    X(frequency_encoder)                                                                           \
    X(index_to_string)                                                                             \
    X(one_hot_encoder)                                                                             \
    X(string_indexer)                                                                              \
    X(target_encoder)                                                                              \
    X(vector_indexer)

#define QN_NUMERIC_STAGES(X)                                                                       \
    X(binarizer)                                                                                   \
    X(bucketizer)                                                                                  \
    X(clipper)                                                                                     \
    X(imputer)                                                                                     \
    X(interaction)                                                                                 \
    X(math_transformer)                                                                            \
    X(max_abs_scaler)                                                                              \
    X(min_max_scaler)                                                                              \
    X(normalizer)                                                                                  \
    X(polynomial_expansion)                                                                        \
    X(quantile_discretizer)                                                                        \
    X(robust_scaler)                                                                               \
    X(standard_scaler)

#define QN_TEXT_STAGES(X)                                                                          \
    X(count_vectorizer)                                                                            \
    X(hashing_tf)                                                                                  \
    X(idf)                                                                                         \
    X(n_gram)                                                                                      \
    X(regex_tokenizer)                                                                             \
    X(stemmer)                                                                                     \
    X(stop_words_remover)                                                                          \
    X(text_statistics)                                                                             \
    X(tokenizer)

#define QN_TIME_STAGES(X)                                                                          \
    X(calendar_features)                                                                           \
    X(lag_features)                                                                                \
    X(time_since)                                                                                  \
    X(window_features)

#define QN_VECTOR_STAGES(X)                                                                        \
    X(elementwise_product)                                                                         \
    X(pca)                                                                                         \
    X(univariate_feature_selector)                                                                 \
    X(variance_threshold_selector)                                                                 \
    X(vector_assembler)                                                                            \
    X(vector_size_hint)                                                                            \
    X(vector_slicer)

#define QN_GLUE_STAGES(X)                                                                          \
    X(cast_columns)                                                                                \
    X(drop_columns)                                                                                \
    X(pipeline)                                                                                    \
    X(r_formula)                                                                                   \
    X(rename_columns)                                                                              \
    X(sql_transformer)

#define QN_FEATURE_STAGES(X)                                                                       \
    QN_CATEGORICAL_STAGES(X)                                                                       \
    QN_NUMERIC_STAGES(X)                                                                           \
    QN_TEXT_STAGES(X)                                                                              \
    QN_TIME_STAGES(X)                                                                              \
    QN_VECTOR_STAGES(X)                                                                            \
    QN_GLUE_STAGES(X)

#define X(name) extern const qn_stage_class qn_##name##_class;
QN_FEATURE_STAGES(X)
#undef X

/* What a sql_transformer with missing_columns = drop does without on the input that it was last
 * bound to; borrowed. */
const qn_plan_gaps *qn_sql_transformer_gaps(const qn_stage *stage);

/* Whether a window_features or lag_features (false for other stages) puts what the current row
 * holds in `column` into the row's features: a leak if that is the label. */
bool qn_time_stage_leaks(const qn_stage *stage, const char *column);

#endif
