/* Ranking strings: sorted by eight bytes at a time, those that are equal so far by the next eight.
 */
#include "core/key/order_load.h"

#include "core/key/radix.h"
#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

enum { STEP = 8, SMALL = 24 };

typedef struct ranking {
    const qn_view *texts;
    uint32_t *order; /* numbers of texts, being sorted */
    uint32_t *spare_order;
    uint64_t *words, *spare_words; /* the eight bytes that are looked at, by place in `order` */
    uint8_t *starts;               /* by place in the final order: differs from the one before */
} ranking;

/* Eight bytes from `depth` on as a number ordered as they are; zeros past the end. */
static inline uint64_t word_at(qn_view text, int64_t depth) {
    uint64_t word = 0;
    int64_t left = text.length - depth;
    if (left <= 0)
        return 0;
    memcpy(&word, text.data + depth, (size_t)(left < STEP ? left : STEP));
    return __builtin_bswap64(word);
}

static int compare_from(qn_view a, qn_view b, int64_t depth) {
    int64_t shorter = a.length < b.length ? a.length : b.length;
    int compared =
        shorter > depth ? memcmp(a.data + depth, b.data + depth, (size_t)(shorter - depth)) : 0;
    return compared != 0 ? compared : (a.length > b.length) - (a.length < b.length);
}

/* A few strings, by insertion. Order among equals does not matter: they get the same rank. */
static void sort_small(ranking *self, int64_t first, int64_t count, int64_t depth) {
    uint32_t *order = self->order + first;
    for (int64_t i = 1; i < count; i++) {
        uint32_t number = order[i];
        int64_t at = i;
        for (; at > 0 && compare_from(self->texts[order[at - 1]], self->texts[number], depth) > 0;
             at--)
            order[at] = order[at - 1];
        order[at] = number;
    }
    for (int64_t i = 1; i < count; i++)
        self->starts[first + i] =
            compare_from(self->texts[order[i - 1]], self->texts[order[i]], depth) != 0;
}

/* All equal but for zeros at their ends: by length. */
static void sort_by_length(ranking *self, int64_t first, int64_t count) {
    uint64_t *words = self->words + first;
    for (int64_t i = 0; i < count; i++)
        words[i] = (uint64_t)self->texts[self->order[first + i]].length;
    qn_radix_sort_pairs(words, self->order + first, self->spare_words, self->spare_order, count, 0,
                        64);
    for (int64_t i = 1; i < count; i++)
        self->starts[first + i] = words[i] != words[i - 1];
}

/* Places [first, first + count) hold strings that are equal in their first `depth` bytes. Deep only
 * where strings are long and equal; the levels share their arrays. */
typedef struct run {
    int64_t first, count, depth;
} run;

typedef struct runs {
    run *list;
    int64_t count, capacity;
} runs;

static qn_status push_run(runs *stack, int64_t first, int64_t count, int64_t depth) {
    if (count < 2)
        return QN_OK;
    QN_TRY(qn_mem_reserve(&stack->list, &stack->capacity, stack->count + 1, sizeof *stack->list));
    stack->list[stack->count++] = (run){first, count, depth};
    return QN_OK;
}

/* Sorts a run by its next word and notes the runs of equal words for later. */
static qn_status sort_run(ranking *self, runs *stack, run what) {
    uint64_t *words = self->words + what.first;
    uint32_t *order = self->order + what.first;
    bool ended = true;
    for (int64_t i = 0; i < what.count; i++) {
        qn_view text = self->texts[order[i]];
        words[i] = word_at(text, what.depth);
        ended &= text.length <= what.depth;
    }
    if (ended) {
        sort_by_length(self, what.first, what.count);
        return QN_OK;
    }
    qn_radix_sort_pairs(words, order, self->spare_words, self->spare_order, what.count, 0, 64);
    int64_t start = 0;
    for (int64_t i = 1; i < what.count; i++) {
        if (words[i] == words[i - 1])
            continue;
        self->starts[what.first + i] = 1;
        QN_TRY(push_run(stack, what.first + start, i - start, what.depth + STEP));
        start = i;
    }
    return push_run(stack, what.first + start, what.count - start, what.depth + STEP);
}

static qn_status sort_texts(ranking *self, int64_t count) {
    runs stack = {0};
    qn_status status = push_run(&stack, 0, count, 0);
    while (status == QN_OK && stack.count > 0) {
        run what = stack.list[--stack.count];
        if (what.count <= SMALL)
            sort_small(self, what.first, what.count, what.depth);
        else
            status = sort_run(self, &stack, what);
    }
    qn_mem_free(stack.list);
    return status;
}

static void number_texts(const ranking *self, int64_t count, uint32_t *ranks) {
    uint32_t rank = 0;
    for (int64_t i = 0; i < count; i++) {
        rank += i > 0 && self->starts[i];
        ranks[self->order[i]] = rank;
    }
}

qn_status qn_order_rank_texts(const qn_view *texts, int64_t count, uint32_t *ranks) {
    ranking self = {.texts = texts};
    size_t n = (size_t)count;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&self.order, n, sizeof *self.order), done);
    QN_TRY_GOTO(qn_mem_alloc(&self.spare_order, n, sizeof *self.spare_order), done);
    QN_TRY_GOTO(qn_mem_alloc(&self.words, n, sizeof *self.words), done);
    QN_TRY_GOTO(qn_mem_alloc(&self.spare_words, n, sizeof *self.spare_words), done);
    QN_TRY_GOTO(qn_mem_calloc(&self.starts, n, 1), done);
    for (int64_t i = 0; i < count; i++)
        self.order[i] = (uint32_t)i;
    QN_TRY_GOTO(sort_texts(&self, count), done);
    number_texts(&self, count, ranks);
done:
    qn_mem_free(self.order);
    qn_mem_free(self.spare_order);
    qn_mem_free(self.words);
    qn_mem_free(self.spare_words);
    qn_mem_free(self.starts);
    return status;
}
