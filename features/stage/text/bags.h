/* Documents as bags of numbered terms: sparse vectors of counts. */
#ifndef QUERN_FEATURES_STAGE_TEXT_BAGS_H
#define QUERN_FEATURES_STAGE_TEXT_BAGS_H

#include "mpi/stage.h"

/* What the stages that make bags are told: a column of token lists to read, one to add. */
#define QN_BAGS_OPTIONS                                                                            \
    {"input_col", QN_OPTION_TEXT, NULL, NULL, "list<string> column to read"}, {                    \
        "output_col", QN_OPTION_TEXT, NULL, NULL, "vector column to add"                           \
    }

/* Local. Where input_col is in `schema`. JOB errors: not set, missing, not a list<string>. */
QN_CHECKED qn_status qn_bags_find(const qn_stage *stage, const qn_schema *schema, int32_t *out);

/* Local. For bind: `out` becomes `in` and the vector column output_col. `attributes` is retained,
 * may be NULL; width 0: not known yet. JOB errors: as qn_bags_find, output_col not set or taken. */
QN_CHECKED qn_status qn_bags_bind(const qn_stage *stage, const qn_schema *in, int32_t width,
                                  qn_attributes *attributes, qn_schema *out);

typedef struct qn_bag_rule {
    int32_t width;    /* slots of the vectors: ids lie below */
    bool binary;      /* 1 instead of a count */
    double min_count; /* less is left out; below 1 it is a share of the document's terms */
} qn_bag_rule;

/* How terms get numbers; -1 is none. */
typedef struct qn_bag_numbering {
    void *context;
    /* Local. Of one term. */
    qn_status (*one)(void *context, qn_view term, int32_t *id);
    /* Local. Of rows [first, first + count) of a plain string column; those of nulls are not used.
     */
    qn_status (*rows)(void *context, const qn_column *column, int64_t first, int64_t count,
                      int32_t *ids);
    int32_t null_id;
} qn_bag_numbering;

/* Local. Called with the numbers of the items of documents [first, end), which it may overwrite:
 * ids[0] is the first document's first item. */
typedef qn_status (*qn_bag_visit)(void *context, const qn_column *documents, int64_t first,
                                  int64_t end, int32_t *ids);

/* Local. Goes through a list<string> column some documents at a time, so that their numbers stay in
 * cache. Of dictionary-encoded items, each entry that occurs is numbered once. */
QN_CHECKED qn_status qn_bags_scan(const qn_column *documents, const qn_bag_numbering *numbering,
                                  qn_bag_visit visit, void *context);

/* Local. A sparse vector column with a row a document: how often each number occurs in it. A null
 * document gives a null. Memory beside the result: 8 bytes an item and, while `width` is no more
 * than twice the items, 4 bytes a slot. Cost: 3 to 6 ns an item. */
QN_CHECKED qn_status qn_bags_build(qn_column **out, const qn_column *documents,
                                   const qn_bag_numbering *numbering, const qn_bag_rule *rule);

#endif
