/* Inside features/wide/join*.c only.
 *
 * A join on one rank: right rows are grouped by key (qn_matcher); for each left row its matches are
 * looked up. What is kept of the result is a word a left row (or pairs, where a residual condition
 * chose among the matches); rows are gathered when they are asked for. */
#ifndef QUERN_FEATURES_JOIN_JOIN_PRIVATE_H
#define QUERN_FEATURES_JOIN_JOIN_PRIVATE_H

#include "core/column/take.h"
#include "core/key/key.h"
#include "features/join/join.h"
#include "features/join/join_words.h"

/* ---- What is asked -------------------------------------------------------------------------- */

/* The spec, owned. */
typedef struct qn_join_plan {
    qn_join_kind kind;
    qn_join_form form;
    int32_t key_count;
    int32_t *left_keys, *right_keys;
    bool *null_safe;
    qn_type *key_types;
    bool null_aware;
    qn_expr *residual;
    bool *residual_columns; /* of left and right columns: which the residual reads */
    int32_t left_count, right_count;
    qn_schema left_schema, right_schema;
} qn_join_plan;

/* Local. Takes over the residual, also on failure; clear the plan in any case. */
QN_CHECKED qn_status qn_join_plan_init(qn_join_plan *plan, const qn_stream *left,
                                       const qn_stream *right, const qn_join_spec *spec);
void qn_join_plan_clear(qn_join_plan *plan);

/* A right side no larger than this goes to all ranks. */
enum { QN_JOIN_BROADCAST_BYTES = 32 << 20 };

/* Bytes that a row takes, by its types alone: the same whatever the rows hold. */
int64_t qn_join_nominal_width(const qn_schema *schema);

/* How many rows of this schema are no larger than that. */
int64_t qn_join_broadcast_rows(const qn_schema *schema);

/* Writes down what was decided; choice may be NULL. */
void qn_join_note(qn_join_choice *choice, const qn_schema *right, int64_t rows, bool broadcast);

/* Kinds that give each left row at most once, and no right columns. */
static inline bool qn_join_selects(const qn_join_plan *plan) {
    return plan->kind == QN_JOIN_SEMI || plan->kind == QN_JOIN_ANTI || plan->kind == QN_JOIN_MARK;
}
/* Kinds that give right rows without a match. */
static inline bool qn_join_keeps_right(const qn_join_plan *plan) {
    return plan->kind == QN_JOIN_RIGHT || plan->kind == QN_JOIN_FULL;
}
/* Kinds that give left rows without a match, with nulls for the right side. */
static inline bool qn_join_keeps_left(const qn_join_plan *plan) {
    return plan->kind == QN_JOIN_LEFT || plan->kind == QN_JOIN_FULL;
}

/* NOT IN and IN with further conditions (a residual, or keys behind the first, which is IN's own):
 * which right rows make an answer unknown differs from left row to left row. */
static inline bool qn_join_judges(const qn_join_plan *plan) {
    return plan->null_aware && (plan->residual != NULL || plan->key_count > 1);
}

/* ---- Rows of one side ----------------------------------------------------------------------- */

/* Rows in memory, in their order: position i is row refs[i] of the table. Slots (partitions of the
 * key's hash) follow each other. */
typedef struct qn_join_side {
    qn_table table;
    qn_ref *refs;
    int64_t rows;
    int32_t slots;
    int64_t *starts; /* slots + 1: first position of each slot */
} qn_join_side;

void qn_join_side_clear(qn_join_side *side);
/* Local. MEMORY error if the table has more batches than refs can name. */
QN_CHECKED qn_status qn_join_side_check(const qn_join_side *side);
/* Local. One slot: all rows of the table in their order. */
QN_CHECKED qn_status qn_join_side_whole(qn_join_side *side);

/* Columns of rows; the array and the columns are the caller's. */
QN_CHECKED qn_status qn_join_take_keys(const qn_table *table, const int32_t *keys, int32_t count,
                                       const qn_ref *refs, int64_t rows, qn_column **out);
void qn_join_release(qn_column **columns, int32_t count);

/* Local (see qn_stream_next). Adds all rows from where the stream stands; MEMORY error if they are
 * more than refs can name. */
QN_CHECKED qn_status qn_join_collect(qn_table *out, qn_stream *in);

/* Local. All batches of a table as one; they may have any length. */
QN_CHECKED qn_status qn_join_concat(qn_batch *out, const qn_table *pieces);

/* Collective. The rows of all ranks, in order of the ranks, on each. */
QN_CHECKED qn_status qn_join_replicate(qn_table *table, qn_comm *comm);

/* ---- Right rows by key ---------------------------------------------------------------------- */

#define QN_NO_MATCH UINT32_MAX

typedef struct qn_matcher {
    const qn_join_plan *plan;
    qn_key *key;
    qn_groups *groups; /* NULL: these do: */
    qn_words words;
    const qn_join_side *side;
    int64_t first, rows; /* its positions */
    bool unique;         /* no key has several rows */
    uint32_t *positions; /* right rows by group, in their order, counted from `first` */
    uint32_t *starts;    /* of each group in positions; NULL where unique (group g: position g) */
    int64_t groups_count;
    uint32_t any_group;  /* null-aware with a residual: a list of all right rows, */
    uint32_t null_group; /* and one of those without a key */
} qn_matcher;

/* Local. Over positions [first, first + rows) of the right side. */
QN_CHECKED qn_status qn_matcher_init(qn_matcher *out, const qn_join_plan *plan,
                                     const qn_join_side *side, int64_t first, int64_t rows);
void qn_matcher_clear(qn_matcher *matcher);

/* Local. groups[i] = the group of a left row by its key columns (rows <= QN_BATCH_ROWS);
 * QN_NO_MATCH if there is none. nulls[i] (may be NULL) = 1 where the key is null. */
QN_CHECKED qn_status qn_matcher_probe(qn_matcher *matcher, qn_column *const *keys, int64_t rows,
                                      uint32_t *groups, uint8_t *nulls);

/* Right rows of a group: positions counted from the matcher's first. */
static inline const uint32_t *qn_matcher_list(const qn_matcher *matcher, uint32_t group,
                                              int64_t *count) {
    if (matcher->starts == NULL) {
        *count = 1;
        return matcher->positions + group;
    }
    *count = matcher->starts[group + 1] - matcher->starts[group];
    return matcher->positions + matcher->starts[group];
}

/* ---- Left rows and their matches ------------------------------------------------------------ */

/* What a left row found, for kinds that give it at most once. Else: a right row (qn_ref). */
enum { QN_FOUND = 0, QN_UNKNOWN = 1 };

/* Pairs that a residual let pass, in order. */
typedef struct qn_join_pairs {
    int64_t count, left_capacity, right_capacity;
    uint32_t *left;  /* place among the left rows given */
    uint32_t *right; /* position counted from the matcher's first */
} qn_join_pairs;

void qn_join_pairs_clear(qn_join_pairs *pairs);

/* Left rows to be matched: at most QN_BATCH_ROWS. */
typedef struct qn_join_chunk {
    const qn_table *table;
    const qn_ref *refs;
    int64_t rows;
    uint32_t *groups; /* found by qn_matcher_probe */
} qn_join_chunk;

/* Local. Appends the pairs of the chunk's rows and their groups' rows for which the residual is
 * true. */
QN_CHECKED qn_status qn_join_residual(qn_join_pairs *out, qn_matcher *matcher,
                                      const qn_join_chunk *chunk);

/* What is known of the whole right side. */
typedef struct qn_join_facts {
    int64_t right_rows;
    bool right_nulls; /* some right key is null */
} qn_join_facts;

/* Local. found[i] for kinds that select left rows: QN_FOUND, QN_UNKNOWN or QN_NO_MATCH. The
 * groups and `nulls` come from qn_matcher_probe. */
QN_CHECKED qn_status qn_join_select(uint32_t *found, qn_matcher *matcher,
                                    const qn_join_chunk *chunk, const uint8_t *nulls,
                                    const qn_join_facts *facts);

/* Is a left row with this finding given? */
static inline bool qn_join_gives(const qn_join_plan *plan, uint32_t found) {
    switch (plan->kind) {
    case QN_JOIN_SEMI:
        return found == QN_FOUND;
    case QN_JOIN_ANTI:
        return found == QN_NO_MATCH;
    case QN_JOIN_MARK:
    case QN_JOIN_LEFT:
    case QN_JOIN_FULL:
        return true;
    default:
        return found != QN_NO_MATCH;
    }
}

/* Local. MARK's column of findings. */
QN_CHECKED qn_status qn_join_mark_column(qn_column **out, const uint32_t *found, int64_t rows);

/* ---- A whole join in memory ----------------------------------------------------------------- */

typedef struct qn_join_unit qn_join_unit;

/* The result of joining two sides slot by slot. */
typedef struct qn_join_local {
    const qn_join_plan *plan;
    qn_join_facts facts;
    qn_join_side left, right; /* owned */
    uint32_t *found;          /* by left position: see qn_join_unit's form */
    uint32_t *starts;         /* of lists of right positions, all matchers one after the other */
    uint32_t *lists;
    int64_t starts_count, starts_capacity, lists_count, lists_capacity;
    uint64_t *matched;            /* by right position, RIGHT and FULL */
    int64_t owned_from, owned_to; /* right positions whose rows without a match come out here */
    qn_join_unit *units;
    int64_t unit_count, unit_capacity;
    int64_t rows; /* of the output, once finished */
    struct {
        int64_t unit, row;    /* where production stands: row of the output */
        int64_t left, offset; /* left position and match within it, or right position */
    } cursor;
    qn_ref *left_refs, *right_refs; /* of the rows asked for */
} qn_join_local;

/* Local. Matches all rows; then `matched` may be joined with that of other ranks, and finish counts
 * the rows. Clear it also after a failure. */
QN_CHECKED qn_status qn_join_local_run(qn_join_local *self);
void qn_join_local_finish(qn_join_local *self);
QN_CHECKED qn_status qn_join_local_produce(qn_join_local *self, int64_t first, int64_t count,
                                           qn_batch *out);
void qn_join_local_clear(qn_join_local *self);

#endif
