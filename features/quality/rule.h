/* One rule of data quality. Private to features/quality.
 *
 * A kind of rule is one file in rules/ that exports a qn_rule_class, and one line in rules/rules.h.
 */
#ifndef QUERN_FEATURES_QUALITY_RULE_H
#define QUERN_FEATURES_QUALITY_RULE_H

#include "core/expr/expr.h"
#include "features/quality/quality.h"
#include "features/quality/rows.h"

typedef enum qn_rule_action {
    QN_RULE_WARN,
    QN_RULE_DROP,
    QN_RULE_QUARANTINE,
    QN_RULE_FAIL
} qn_rule_action;

/* Options of every rule; `ACTIONS` are the words allowed. */
#define QN_RULE_OPTIONS(ACTIONS)                                                                   \
    {"name", QN_OPTION_TEXT, NULL, NULL, "what the report calls the rule"}, {                      \
        "action", QN_OPTION_CHOICE, "fail", ACTIONS, "what happens where the rule is broken"       \
    }
/* Options of row rules beside their own; they end the table. */
#define QN_ROW_RULE_OPTIONS                                                                        \
    QN_RULE_OPTIONS("warn|drop|quarantine|fail"),                                                  \
        {"max_count", QN_OPTION_INT, NULL, "[0,inf)",                                              \
         "so many rows may break the rule (actions warn and fail)"},                               \
        {"max_share", QN_OPTION_REAL, NULL, "[0,1]",                                               \
         "such a share of the rows checked may break the rule (actions warn and fail)"},           \
    {                                                                                              \
        NULL, 0, NULL, NULL, NULL                                                                  \
    }
#define QN_TABLE_RULE_OPTIONS                                                                      \
    QN_RULE_OPTIONS("warn|fail"), {                                                                \
        NULL, 0, NULL, NULL, NULL                                                                  \
    }

/* What a rule is judged with. */
typedef struct qn_rule_scene {
    qn_comm *comm;
    const qn_execution *execution;
    const qn_quality_tables *tables;
    const qn_schema *schema;
    qn_stream *in; /* while judging */
    int64_t rows;  /* of all ranks, for judge */
} qn_rule_scene;

typedef struct qn_rule_class {
    const char *name;
    const char *help;
    bool of_table;
    bool reads_all;    /* of any column of the data, not only those that bind uses */
    bool checks_nulls; /* row rules: rows with a null are checked, too */
    const qn_option *options;
    size_t state_size; /* of rule->state, cleared when the rule is made; 0: none */

    /* Local, but for opening tables. Sets the columns (qn_rule_use_column) and, where it is known
     * without data, the condition. JOB errors, the same on all ranks. */
    qn_status (*bind)(qn_rule *rule, const qn_rule_scene *scene);

    /* Local. Takes a batch, of none or more rows, of a pass before all others into a summary; NULL:
     * none. */
    qn_status (*survey)(qn_rule *rule, const qn_batch *batch);

    /* Collective, before the pass over all rows; NULL: nothing to do. May read scene->in. */
    qn_status (*prepare)(qn_rule *rule, const qn_rule_scene *scene);

    /* Local. Table rules: takes a batch of the pass into a summary; NULL: none. */
    qn_status (*add)(qn_rule *rule, const qn_batch *batch);

    /* Collective. Table rules: sets checked, violations (0: kept) and the detail. */
    qn_status (*judge)(qn_rule *rule, const qn_rule_scene *scene);

    void (*clear)(qn_rule *rule); /* frees what the state holds; NULL: nothing */
} qn_rule_class;

struct qn_rule {
    const qn_rule_class *class_;
    qn_options *options;
    qn_rule_action action;
    char *name;       /* once bound */
    int32_t *columns; /* of the schema: what is checked, and shown in examples */
    int64_t column_count, column_capacity;
    qn_expr *condition; /* true for rows that break the rule or, `inverted`, that keep it; NULL:
                           `marked` says it */
    qn_row_set marked;  /* the same where other rows decide; rows with a null break nothing */
    bool inverted;
    void *state;

    /* once judged, the same on all ranks */
    int64_t checked, violations;
    char *detail; /* of table rules; NULL: none */
    json_t *examples;
    bool broken; /* beyond what is tolerated */
};

/* Local. The column by its exact name becomes the rule's next column. JOB error if it is missing.
 */
QN_CHECKED qn_status qn_rule_use_column(qn_rule *rule, const qn_schema *schema, const char *name);

/* Local. The same for the value of option `column`, or each of `columns`, which must be given. */
QN_CHECKED qn_status qn_rule_use_option(qn_rule *rule, const qn_schema *schema, const char *option);

/* The rule's first column. */
const qn_field *qn_rule_field(const qn_rule *rule, const qn_schema *schema);

/* A JOB error: the column is of a type that the rule cannot check. */
QN_CHECKED qn_status qn_rule_fail_type(const qn_field *field, const char *wanted);

/* Local. Binds the condition, which is taken over, also on failure. */
QN_CHECKED qn_status qn_rule_set_condition(qn_rule *rule, const qn_rule_scene *scene,
                                           qn_expr *condition);

/* Local. Replaces the detail. */
QN_CHECKED qn_status qn_rule_set_detail(qn_rule *rule, const char *format, ...) QN_PRINTF(2, 3);

/* Local. Bitmap (qn_mem_free) of the batch's rows that break a row rule. */
QN_CHECKED qn_status qn_rule_violations(const qn_rule *rule, const qn_batch *batch, uint64_t **out);

/* Local. Bitmap of the rows where no column of the rule is null; *out stays NULL if that is all. */
QN_CHECKED qn_status qn_rule_present(const qn_rule *rule, const qn_batch *batch, uint64_t **out);

/* Local. A rule with default options, and its end. */
QN_CHECKED qn_status qn_rule_new(qn_rule **out, const qn_rule_class *class_);
void qn_rule_free(qn_rule *rule);

/* Local. Name, action and tolerance from the options, after the class has bound its own. */
QN_CHECKED qn_status qn_rule_settle_options(qn_rule *rule, const qn_schema *schema);

/* Whether the violations are more than is tolerated. */
bool qn_rule_is_broken(const qn_rule *rule);

#endif
