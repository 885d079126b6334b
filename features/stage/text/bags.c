#include "features/stage/text/bags.h"

#include "core/memory.h"
#include "features/stage/columns.h"

#include <string.h>

/* ---- Binding -------------------------------------------------------------------------------- */

qn_status qn_bags_find(const qn_stage *stage, const qn_schema *schema, int32_t *out) {
    if (!qn_options_has(stage->options, "input_col"))
        return qn_fail(QN_JOB, "input_col is not set");
    QN_TRY(qn_schema_require(schema, qn_options_text(stage->options, "input_col"), out));
    if (schema->fields[*out].type != QN_STRING_LIST)
        return qn_columns_fail_type(&schema->fields[*out], "list<string> (see tokenizer)");
    return QN_OK;
}

qn_status qn_bags_bind(const qn_stage *stage, const qn_schema *in, int32_t width,
                       qn_attributes *attributes, qn_schema *out) {
    int32_t index;
    QN_TRY(qn_bags_find(stage, in, &index));
    if (!qn_options_has(stage->options, "output_col"))
        return qn_fail(QN_JOB, "output_col is not set");
    QN_TRY(qn_schema_copy(out, in));
    return qn_columns_add(out, qn_options_text(stage->options, "output_col"), QN_VECTOR, width,
                          attributes);
}

/* ---- Counting ------------------------------------------------------------------------------- */

/* Two ways to bring a document's ids in order and count them. Many ids of a moderate range: a
 * counter and a bit a slot, and a bit for every 64 slots, which are scanned. Otherwise they are
 * sorted. */
typedef struct tally {
    int32_t *counters; /* NULL: sort */
    uint64_t *bits, *summary;
    int64_t summary_words;
    int32_t *counts; /* of the ids kept, one after the other */
} tally;

static void end_tally(tally *self) {
    qn_mem_free(self->counters);
    qn_mem_free(self->bits);
    qn_mem_free(self->summary);
    qn_mem_free(self->counts);
}

static qn_status begin_tally(tally *self, int64_t width, int64_t items) {
    *self = (tally){0};
    QN_TRY(qn_mem_alloc(&self->counts, (size_t)items, sizeof *self->counts));
    if (width > 2 * items)
        return QN_OK;
    int64_t words = qn_bit_words(width);
    self->summary_words = qn_bit_words(words);
    QN_TRY(qn_mem_calloc(&self->bits, (size_t)words, sizeof *self->bits));
    QN_TRY(qn_mem_calloc(&self->summary, (size_t)self->summary_words, sizeof *self->summary));
    return qn_mem_calloc(&self->counters, (size_t)width, sizeof *self->counters);
}

/* ---- Sorting -------------------------------------------------------------------------------- */

enum { FEW = 24 };

static void insertion_sort(int32_t *ids, int64_t count) {
    for (int64_t i = 1; i < count; i++) {
        int32_t id = ids[i];
        int64_t k = i;
        for (; k > 0 && ids[k - 1] > id; k--)
            ids[k] = ids[k - 1];
        ids[k] = id;
    }
}

/* By one bit after the other, from the highest that may be set: ids are not negative. */
static void radix_sort(int32_t *ids, int64_t count, int bit) {
    while (count > FEW && bit >= 0) {
        int64_t low = 0, high = count;
        while (low < high) {
            if ((ids[low] >> bit & 1) == 0) {
                low++;
            } else {
                int32_t id = ids[low];
                ids[low] = ids[--high];
                ids[high] = id;
            }
        }
        bit--;
        radix_sort(ids, low, bit);
        ids += low;
        count -= low;
    }
    if (count <= FEW)
        insertion_sort(ids, count);
}

/* Both count_ functions: distinct ids to `out` in order, how often each occurs to `counts`; they
 * return how many there are. `out` may be where the ids are. */
static int64_t count_sorted(int32_t *ids, int64_t count, int32_t width, int32_t *out,
                            int32_t *counts) {
    radix_sort(ids, count, 31 - __builtin_clz((uint32_t)width | 1));
    int64_t kept = -1;
    for (int64_t i = 0; i < count; i++) {
        if (kept < 0 || out[kept] != ids[i]) {
            out[++kept] = ids[i];
            counts[kept] = 0;
        }
        counts[kept]++;
    }
    return kept + 1;
}

/* ---- Counters ------------------------------------------------------------------------------- */

static inline int64_t take_word(tally *self, int64_t word, int32_t *out, int32_t *counts) {
    int64_t kept = 0;
    for (uint64_t bits = self->bits[word]; bits != 0; bits &= bits - 1) {
        int32_t id = (int32_t)(word * 64 + __builtin_ctzll(bits));
        out[kept] = id;
        counts[kept++] = self->counters[id];
        self->counters[id] = 0;
    }
    self->bits[word] = 0;
    return kept;
}

static int64_t count_by_counters(tally *self, const int32_t *ids, int64_t count, int32_t *out,
                                 int32_t *counts) {
    for (int64_t i = 0; i < count; i++) {
        self->counters[ids[i]]++;
        qn_bit_set(self->bits, ids[i]);
        qn_bit_set(self->summary, ids[i] >> 6);
    }
    int64_t kept = 0;
    for (int64_t s = 0; s < self->summary_words; s++) {
        for (uint64_t bits = self->summary[s]; bits != 0; bits &= bits - 1)
            kept += take_word(self, s * 64 + __builtin_ctzll(bits), out + kept, counts + kept);
        self->summary[s] = 0;
    }
    return kept;
}

/* ---- Documents ------------------------------------------------------------------------------ */

static int64_t drop_unknown(int32_t *ids, int64_t count) {
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        ids[kept] = ids[i];
        kept += ids[i] >= 0;
    }
    return kept;
}

static int64_t drop_rare(int32_t *ids, int32_t *counts, int64_t count, double least) {
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        ids[kept] = ids[i];
        counts[kept] = counts[i];
        kept += (double)counts[i] >= least;
    }
    return kept;
}

static int64_t present_items(const qn_column *items, int64_t first, int64_t end) {
    int64_t present = end - first;
    for (int64_t i = first; items->null_count > 0 && i < end; i++)
        present -= qn_column_is_null(items, i);
    return present;
}

/* The distinct ids of items [first, end) to `out`; returns how many there are. */
static int64_t count_document(tally *self, const qn_column *items, int32_t *ids, int64_t first,
                              int64_t end, const qn_bag_rule *rule, int32_t *out, int32_t *counts) {
    int64_t known = drop_unknown(ids + first, end - first);
    int64_t kept = self->counters != NULL && known > FEW
                       ? count_by_counters(self, ids + first, known, out, counts)
                       : count_sorted(ids + first, known, rule->width, out, counts);
    double least = rule->min_count;
    if (least < 1)
        least *= (double)present_items(items, first, end);
    return least > 1 ? drop_rare(out, counts, kept, least) : kept;
}

static void fill(qn_column *column, const int32_t *ids, const int32_t *counts, int64_t count,
                 bool binary) {
    if (count > 0)
        memcpy(column->indices, ids, (size_t)count * sizeof *ids);
    for (int64_t i = 0; i < count; i++)
        column->f64[i] = binary ? 1 : counts[i];
}

qn_status qn_bags_build(qn_column **out, const qn_column *documents, int32_t *ids,
                        const qn_bag_rule *rule) {
    int64_t items = documents->items->length, kept = 0;
    int32_t *ends = NULL;
    qn_column *column = NULL;
    tally work;
    qn_status status;
    QN_TRY_GOTO(begin_tally(&work, rule->width, items), done);
    QN_TRY_GOTO(qn_mem_calloc(&ends, (size_t)documents->length + 1, sizeof *ends), done);
    for (int64_t i = 0; i < documents->length; i++) {
        if (!qn_column_is_null(documents, i)) /* what is kept never overtakes what is read */
            kept += count_document(&work, documents->items, ids, documents->offsets[i],
                                   documents->offsets[i + 1], rule, ids + kept, work.counts + kept);
        ends[i + 1] = (int32_t)kept;
    }
    QN_TRY_GOTO(qn_column_new_sparse(&column, documents->length, rule->width, kept), done);
    memcpy(column->offsets, ends, (size_t)(documents->length + 1) * sizeof *ends);
    fill(column, ids, work.counts, kept, rule->binary);
    for (int64_t i = 0; documents->null_count > 0 && i < documents->length; i++)
        if (qn_column_is_null(documents, i))
            QN_TRY_GOTO(qn_column_set_null(column, i), done);
    *out = column;
    column = NULL;
done:
    qn_column_release(column);
    qn_mem_free(ends);
    end_tally(&work);
    return status;
}
