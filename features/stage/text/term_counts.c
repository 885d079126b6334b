#include "features/stage/text/term_counts.h"

#include "core/memory.h"
#include "core/stats/hash.h"
#include "features/stage/text/bags.h"

#include <stdlib.h>
#include <string.h>

qn_status qn_term_counts_init(qn_term_counts *counts) {
    qn_term_counts made = {0};
    QN_TRY(qn_terms_init(&made.terms));
    *counts = made;
    return QN_OK;
}

void qn_term_counts_clear(qn_term_counts *counts) {
    qn_terms_clear(&counts->terms);
    qn_mem_free(counts->counts);
    *counts = (qn_term_counts){0};
}

/* ---- Counting ------------------------------------------------------------------------------- */

/* Terms that came since have counts of zero. */
static qn_status reserve_counts(qn_term_counts *counts) {
    int64_t count = counts->terms.count, before = counts->count;
    QN_TRY(qn_mem_reserve(&counts->counts, &counts->capacity, count, sizeof *counts->counts));
    if (count > before)
        memset(counts->counts + before, 0, (size_t)(count - before) * sizeof *counts->counts);
    counts->count = count;
    return QN_OK;
}

static void count_document(qn_term_counts *counts, const int32_t *ids, int64_t length) {
    int64_t number = ++counts->documents;
    for (int64_t i = 0; i < length; i++) {
        if (ids[i] < 0)
            continue;
        qn_term_count *term = &counts->counts[ids[i]];
        term->total++;
        term->documents += term->last != number;
        term->last = number;
    }
}

static qn_status number_term(void *context, qn_view term, int32_t *id) {
    qn_term_counts *counts = context;
    return qn_terms_add(&counts->terms, term, id);
}

static qn_status number_rows(void *context, const qn_column *column, int64_t first, int64_t count,
                             int32_t *ids) {
    qn_term_counts *counts = context;
    return qn_terms_add_rows(&counts->terms, column, first, count, ids);
}

static qn_status count_part(void *context, const qn_column *documents, int64_t first, int64_t end,
                            int32_t *ids) {
    qn_term_counts *counts = context;
    const int32_t *offsets = documents->offsets;
    QN_TRY(reserve_counts(counts));
    for (int64_t i = first; i < end; i++)
        if (!qn_column_is_null(documents, i))
            count_document(counts, ids + offsets[i] - offsets[first], offsets[i + 1] - offsets[i]);
    return QN_OK;
}

qn_status qn_term_counts_add(qn_term_counts *counts, const qn_column *documents) {
    qn_bag_numbering numbering = {counts, number_term, number_rows, -1};
    return qn_bags_scan(documents, &numbering, count_part, counts);
}

/* Adds one term's counts. */
static qn_status add_counted(qn_term_counts *counts, qn_view term, qn_term_count times) {
    int32_t id;
    QN_TRY(qn_terms_add(&counts->terms, term, &id));
    QN_TRY(reserve_counts(counts));
    counts->counts[id].total += times.total;
    counts->counts[id].documents += times.documents;
    return QN_OK;
}

/* ---- Messages ------------------------------------------------------------------------------- */

typedef struct message_head {
    int64_t total, documents, length; /* of the term, whose bytes follow */
} message_head;

static int64_t message_size(const qn_term_counts *counts, int64_t id) {
    return (int64_t)sizeof(message_head) + qn_terms_text(&counts->terms, (int32_t)id).length;
}

static void put_message(const qn_term_counts *counts, int64_t id, char *to) {
    qn_view term = qn_terms_text(&counts->terms, (int32_t)id);
    message_head head = {counts->counts[id].total, counts->counts[id].documents, term.length};
    memcpy(to, &head, sizeof head);
    if (term.length > 0)
        memcpy(to + sizeof head, term.data, (size_t)term.length);
}

static qn_status add_messages(qn_term_counts *counts, const char *bytes, int64_t length) {
    for (int64_t at = 0; at < length;) {
        message_head head;
        memcpy(&head, bytes + at, sizeof head);
        at += (int64_t)sizeof head;
        qn_term_count times = {.total = head.total, .documents = head.documents};
        QN_TRY(add_counted(counts, (qn_view){bytes + at, head.length}, times));
        at += head.length;
    }
    return QN_OK;
}

/* ---- Exchange ------------------------------------------------------------------------------- */

static int part_of(const qn_term_counts *counts, int64_t id, int parts) {
    return (int)(qn_hash_view(qn_terms_text(&counts->terms, (int32_t)id)) % (uint64_t)parts);
}

/* All counts as messages, grouped by the rank each is for. */
static qn_status pack_by_rank(const qn_term_counts *counts, int size, char **out,
                              int64_t *offsets) {
    int64_t *ends = NULL;
    char *bytes = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&ends, (size_t)size, sizeof *ends), done);
    for (int64_t id = 0; id < counts->terms.count; id++)
        offsets[part_of(counts, id, size) + 1] += message_size(counts, id);
    for (int r = 0; r < size; r++) {
        offsets[r + 1] += offsets[r];
        ends[r] = offsets[r];
    }
    QN_TRY_GOTO(qn_mem_alloc(&bytes, (size_t)offsets[size], 1), done);
    for (int64_t id = 0; id < counts->terms.count; id++) {
        int64_t *end = &ends[part_of(counts, id, size)];
        put_message(counts, id, bytes + *end);
        *end += message_size(counts, id);
    }
    *out = bytes;
done:
    qn_mem_free(ends);
    return status;
}

/* The counts of the terms that fall to this rank, over all ranks. */
static qn_status exchange(qn_comm *comm, const qn_term_counts *counts, qn_term_counts *share) {
    int size = qn_comm_size(comm);
    char *packed = NULL;
    void *received = NULL;
    int64_t *sends = NULL, *offsets = NULL;
    qn_status status = qn_mem_calloc(&sends, (size_t)size + 1, sizeof *sends);
    if (status == QN_OK)
        status = pack_by_rank(counts, size, &packed, sends);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_alltoallv(comm, packed, sends, &received, &offsets), done);
    status = add_messages(share, received, offsets[size]);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
done:
    qn_mem_free(packed);
    qn_mem_free(received);
    qn_mem_free(sends);
    qn_mem_free(offsets);
    return status;
}

/* ---- Choosing ------------------------------------------------------------------------------- */

/* A term and what is compared first: its total, then its first bytes. */
typedef struct candidate {
    int64_t total;
    uint64_t prefix;
    int64_t id;
} candidate;

static candidate candidate_of(const qn_term_counts *counts, int64_t id) {
    qn_view term = qn_terms_text(&counts->terms, (int32_t)id);
    candidate made = {.total = counts->counts[id].total, .id = id};
    for (int64_t i = 0; i < 8; i++)
        made.prefix = made.prefix << 8 | (i < term.length ? (unsigned char)term.data[i] : 0);
    return made;
}

static int more_frequent(const void *left, const void *right, void *context) {
    const candidate *a = left, *b = right;
    if (a->total != b->total)
        return a->total < b->total ? 1 : -1;
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix ? -1 : 1;
    const qn_terms *terms = context;
    return qn_view_compare(qn_terms_text(terms, (int32_t)a->id),
                           qn_terms_text(terms, (int32_t)b->id));
}

/* The chosen terms in order; *out is the caller's. */
static qn_status choose(const qn_term_counts *counts, const qn_term_choice *choice, candidate **out,
                        int64_t *count) {
    candidate *chosen = NULL;
    int64_t n = 0;
    QN_TRY(qn_mem_alloc(&chosen, (size_t)counts->terms.count, sizeof *chosen));
    for (int64_t id = 0; id < counts->terms.count; id++) {
        double documents = (double)counts->counts[id].documents;
        if (documents >= choice->min_documents && documents <= choice->max_documents)
            chosen[n++] = candidate_of(counts, id);
    }
    qsort_r(chosen, (size_t)n, sizeof *chosen, more_frequent, (void *)(uintptr_t)&counts->terms);
    *out = chosen;
    *count = n < choice->limit ? n : choice->limit;
    return QN_OK;
}

static qn_status copy_chosen(const qn_term_counts *counts, const qn_term_choice *choice,
                             qn_terms *out) {
    qn_terms terms = {0};
    candidate *chosen = NULL;
    int64_t count = 0;
    int32_t id;
    qn_status status;
    QN_TRY_GOTO(choose(counts, choice, &chosen, &count), done);
    QN_TRY_GOTO(qn_terms_init(&terms), done);
    for (int64_t i = 0; i < count; i++)
        QN_TRY_GOTO(qn_terms_add(&terms, qn_terms_text(&counts->terms, (int32_t)chosen[i].id), &id),
                    done);
    *out = terms;
    terms = (qn_terms){0};
done:
    qn_terms_clear(&terms);
    qn_mem_free(chosen);
    return status;
}

static qn_status gather(qn_comm *comm, const qn_term_counts *share, const candidate *chosen,
                        int64_t count, qn_term_counts *whole) {
    char *packed = NULL;
    void *received = NULL;
    int64_t *offsets = NULL, length = 0, end = 0;
    for (int64_t i = 0; i < count; i++)
        length += message_size(share, chosen[i].id);
    qn_status status = qn_mem_alloc(&packed, (size_t)length, 1);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    for (int64_t i = 0; i < count; i++) {
        put_message(share, chosen[i].id, packed + end);
        end += message_size(share, chosen[i].id);
    }
    QN_TRY_GOTO(qn_comm_allgatherv(comm, packed, length, &received, &offsets), done);
    status = add_messages(whole, received, offsets[qn_comm_size(comm)]);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
done:
    qn_mem_free(packed);
    qn_mem_free(received);
    qn_mem_free(offsets);
    return status;
}

/* The terms that any rank could choose, and others, on every rank. */
static qn_status merge(qn_comm *comm, const qn_term_counts *counts, const qn_term_choice *choice,
                       qn_term_counts *whole) {
    qn_term_counts share = {0};
    candidate *chosen = NULL;
    int64_t count = 0;
    qn_status status = qn_term_counts_init(&share);
    if (status == QN_OK)
        status = qn_term_counts_init(whole);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(exchange(comm, counts, &share), done);
    QN_TRY_GOTO(qn_comm_agree(comm, choose(&share, choice, &chosen, &count)), done);
    QN_TRY_GOTO(gather(comm, &share, chosen, count, whole), done);
done:
    qn_term_counts_clear(&share);
    qn_mem_free(chosen);
    return status;
}

static double bound(double value, int64_t documents) {
    return value < 1 ? value * (double)documents : value;
}

qn_status qn_term_counts_choose(qn_comm *comm, const qn_term_counts *counts,
                                const qn_term_choice *choice, qn_terms *out, int64_t *documents) {
    int64_t total = counts->documents;
    QN_TRY(qn_comm_sum_i64(comm, &total, 1));
    qn_term_choice bounds = {bound(choice->min_documents, total),
                             bound(choice->max_documents, total), choice->limit};
    if (bounds.max_documents < bounds.min_documents)
        return qn_fail(QN_JOB,
                       "of %lld documents, max_df allows at most %g, but min_df wants at "
                       "least %g: no term can pass",
                       (long long)total, bounds.max_documents, bounds.min_documents);
    qn_term_counts whole = {0};
    qn_status status = QN_OK;
    bool alone = qn_comm_size(comm) == 1;
    if (!alone)
        status = merge(comm, counts, &bounds, &whole);
    if (status == QN_OK)
        status = copy_chosen(alone ? counts : &whole, &bounds, out);
    if (status == QN_OK)
        *documents = total;
    qn_term_counts_clear(&whole);
    return status;
}
