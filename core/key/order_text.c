/* Sorting strings: by seven bytes at a time and how many follow; those that are equal so far by the
 * next seven. What all have in common at their beginning is left out. */
#include "core/key/order_load.h"

#include "core/key/radix.h"
#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

enum { STEP = 7, MORE = STEP + 1, SMALL = 24 };

typedef struct ranking {
    const qn_view *texts;
    uint32_t *order; /* numbers of texts, being sorted */
    uint32_t *spare_order;
    uint64_t *words, *spare_words; /* the eight bytes that are looked at, by place in `order` */
    uint8_t *starts;               /* by place in the final order: differs from the one before */
} ranking;

/* Seven bytes from `depth` on, zeros past the end, then how many there are (MORE: more than seven):
 * as a number ordered as the strings are. Equal numbers that do not end in MORE are equal strings.
 */
static inline uint64_t word_at(qn_view text, int64_t depth) {
    uint64_t word = 0;
    int64_t left = text.length - depth;
    if (left <= 0)
        return 0;
    memcpy(&word, text.data + depth, (size_t)(left < STEP ? left : STEP));
    return __builtin_bswap64(word) | (uint64_t)(left < MORE ? left : MORE);
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
    for (int64_t i = 0; i < what.count; i++)
        words[i] = word_at(self->texts[order[i]], what.depth);
    qn_radix_sort_pairs(words, order, self->spare_words, self->spare_order, what.count, 0, 64);
    int64_t start = 0;
    for (int64_t i = 1; i <= what.count; i++) {
        if (i < what.count && words[i] == words[i - 1])
            continue;
        if (i < what.count)
            self->starts[what.first + i] = 1;
        if ((words[start] & UINT8_MAX) == MORE)
            QN_TRY(push_run(stack, what.first + start, i - start, what.depth + STEP));
        start = i;
    }
    return QN_OK;
}

/* Bytes that all strings begin with. */
static int64_t common_length(const qn_view *texts, int64_t count) {
    int64_t common = count > 0 ? texts[0].length : 0;
    for (int64_t i = 1; i < count && common > 0; i++) {
        int64_t same = 0;
        common = texts[i].length < common ? texts[i].length : common;
        while (same < common && texts[i].data[same] == texts[0].data[same])
            same++;
        common = same;
    }
    return common;
}

static qn_status sort_texts(ranking *self, int64_t count) {
    runs stack = {0};
    qn_status status = push_run(&stack, 0, count, common_length(self->texts, count));
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

qn_status qn_order_sort_texts(const qn_view *texts, int64_t count, uint32_t *order,
                              uint8_t *starts) {
    ranking self = {.texts = texts, .order = order, .starts = starts};
    size_t n = (size_t)count;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&self.spare_order, n, sizeof *self.spare_order), done);
    QN_TRY_GOTO(qn_mem_alloc(&self.words, n, sizeof *self.words), done);
    QN_TRY_GOTO(qn_mem_alloc(&self.spare_words, n, sizeof *self.spare_words), done);
    for (int64_t i = 0; i < count; i++) {
        order[i] = (uint32_t)i;
        starts[i] = 0;
    }
    QN_TRY_GOTO(sort_texts(&self, count), done);
done:
    qn_mem_free(self.spare_order);
    qn_mem_free(self.words);
    qn_mem_free(self.spare_words);
    return status;
}

qn_status qn_order_rank_texts(const qn_view *texts, int64_t count, uint32_t *ranks) {
    uint32_t *order = NULL, rank = 0;
    uint8_t *starts = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&order, (size_t)count, sizeof *order), done);
    QN_TRY_GOTO(qn_mem_alloc(&starts, (size_t)count, 1), done);
    QN_TRY_GOTO(qn_order_sort_texts(texts, count, order, starts), done);
    for (int64_t i = 0; i < count; i++) {
        rank += starts[i];
        ranks[order[i]] = rank;
    }
done:
    qn_mem_free(order);
    qn_mem_free(starts);
    return status;
}

/* ---- A string column as the only key -------------------------------------------------------- */

/* Rows with strings in their order, as numbers of `from`; equal ones stay in theirs. */
static void emit(const qn_ref *from, const uint32_t *order, const uint8_t *starts, int64_t count,
                 bool descending, qn_ref *out) {
    int64_t end = count;
    if (!descending)
        for (int64_t i = 0; i < count; i++)
            out[i] = from[order[i]];
    for (int64_t i = count - 1; descending && i >= 0; i--) {
        if (i > 0 && !starts[i])
            continue;
        for (int64_t k = i; k < end; k++)
            *out++ = from[order[k]];
        end = i;
    }
}

qn_status qn_order_sort_strings(const qn_table *table, const qn_sort_key *key, qn_ref *refs,
                                int64_t rows) {
    qn_view *texts = NULL;
    uint32_t *order = NULL;
    uint8_t *starts = NULL;
    qn_ref *present = NULL;
    int64_t count = 0, nulls = 0;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&texts, (size_t)rows, sizeof *texts), done);
    QN_TRY_GOTO(qn_mem_alloc(&present, (size_t)rows, sizeof *present), done);
    QN_TRY_GOTO(qn_mem_alloc(&order, (size_t)rows, sizeof *order), done);
    QN_TRY_GOTO(qn_mem_alloc(&starts, (size_t)rows, 1), done);
    for (int64_t i = 0; i < rows; i++) {
        const qn_column *column = table->batches[qn_ref_batch(refs[i])].columns[key->column];
        if (qn_column_is_null(column, qn_ref_row(refs[i]))) {
            refs[nulls++] = refs[i];
        } else {
            texts[count] = qn_column_string(column, qn_ref_row(refs[i]));
            present[count++] = refs[i];
        }
    }
    QN_TRY_GOTO(qn_order_sort_texts(texts, count, order, starts), done);
    if (key->nulls_last)
        memmove(refs + count, refs, (size_t)nulls * sizeof *refs);
    emit(present, order, starts, count, key->descending, refs + (key->nulls_last ? 0 : nulls));
done:
    qn_mem_free(texts);
    qn_mem_free(order);
    qn_mem_free(starts);
    qn_mem_free(present);
    return status;
}
