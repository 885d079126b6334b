/* The kinds of rules. A new one is one file and one line here. */
#ifndef QUERN_FEATURES_QUALITY_RULES_H
#define QUERN_FEATURES_QUALITY_RULES_H

#include "features/quality/rule.h"

#define QN_ROW_RULES(X)                                                                            \
    X(not_null)                                                                                    \
    X(range)                                                                                       \
    X(allowed)                                                                                     \
    X(matches)                                                                                     \
    X(unique)                                                                                      \
    X(references)                                                                                  \
    X(outliers)                                                                                    \
    X(predicate)

#define QN_TABLE_RULES(X)                                                                          \
    X(row_count)                                                                                   \
    X(freshness)                                                                                   \
    X(drift)                                                                                       \
    X(query)

#define QN_RULES(X)                                                                                \
    QN_ROW_RULES(X)                                                                                \
    QN_TABLE_RULES(X)

#define X(name) extern const qn_rule_class qn_rule_##name;
QN_RULES(X)
#undef X

#endif
