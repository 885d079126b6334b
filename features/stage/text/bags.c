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

/* ---- Documents in parts --------------------------------------------------------------------- */

enum { PART = 8192 }; /* items */

/* The end of the documents that make a part: at least one. */
static int64_t part_end(const qn_column *documents, int64_t first) {
    int64_t end = first + 1;
    while (end < documents->length &&
           documents->offsets[end + 1] - documents->offsets[first] <= PART)
        end++;
    return end;
}

static int64_t longest_part(const qn_column *documents) {
    int64_t longest = PART;
    for (int64_t i = 0; i < documents->length; i++) {
        int64_t items = documents->offsets[i + 1] - documents->offsets[i];
        longest = items > longest ? items : longest;
    }
    int64_t all = documents->items->length;
    return longest < all ? longest : all;
}

/* The number of each entry of the items' dictionary that some item uses. */
static qn_status number_codes(const qn_column *items, const qn_bag_numbering *numbering,
                              int32_t **out) {
    const qn_column *dictionary = items->dictionary;
    int32_t *numbers = NULL;
    QN_TRY(qn_mem_calloc(&numbers, (size_t)dictionary->length + 1, sizeof *numbers));
    for (int64_t i = 0; i < items->length; i++)
        numbers[items->codes[i]] |= !qn_column_is_null(items, i);
    qn_status status = QN_OK;
    for (int64_t code = 0; code < dictionary->length && status == QN_OK; code++)
        if (numbers[code] != 0)
            status = numbering->one(numbering->context, qn_column_string(dictionary, code),
                                    &numbers[code]);
    if (status == QN_OK)
        *out = numbers;
    else
        qn_mem_free(numbers);
    return status;
}

/* The numbers of items [first, first + count); `of_codes`: see number_codes. */
static qn_status number_items(const qn_column *items, const qn_bag_numbering *numbering,
                              const int32_t *of_codes, int64_t first, int64_t count, int32_t *ids) {
    if (of_codes == NULL)
        QN_TRY(numbering->rows(numbering->context, items, first, count, ids));
    for (int64_t i = 0; of_codes != NULL && i < count; i++)
        ids[i] = of_codes[items->codes[first + i]];
    for (int64_t i = 0; items->null_count > 0 && i < count; i++)
        if (qn_column_is_null(items, first + i))
            ids[i] = numbering->null_id;
    return QN_OK;
}

qn_status qn_bags_scan(const qn_column *documents, const qn_bag_numbering *numbering,
                       qn_bag_visit visit, void *context) {
    const qn_column *items = documents->items;
    int32_t *ids = NULL, *of_codes = NULL;
    qn_status status = QN_OK;
    if (items->dictionary != NULL)
        QN_TRY_GOTO(number_codes(items, numbering, &of_codes), done);
    QN_TRY_GOTO(qn_mem_alloc(&ids, (size_t)longest_part(documents), sizeof *ids), done);
    for (int64_t first = 0, end; first < documents->length; first = end) {
        end = part_end(documents, first);
        int64_t item = documents->offsets[first], count = documents->offsets[end] - item;
        QN_TRY_GOTO(number_items(items, numbering, of_codes, item, count, ids), done);
        QN_TRY_GOTO(visit(context, documents, first, end, ids), done);
    }
done:
    qn_mem_free(ids);
    qn_mem_free(of_codes);
    return status;
}

/* ---- Counting ------------------------------------------------------------------------------- */

enum { AHEAD = 3 }; /* see list_ones */

/* Two ways to bring a document's ids in order and count them. Many ids of a moderate range: a
 * counter and a bit a slot, and a bit for every 64 slots, which are scanned. Otherwise they are
 * sorted. */
typedef struct tally {
    int32_t *counters; /* NULL: sort */
    uint64_t *bits, *summary;
    int64_t summary_words;
    const qn_bag_rule *rule;
    int32_t *ends; /* of the documents among what is kept */
    int64_t kept;
    int32_t *ids, *counts; /* distinct ids of all documents, and how often each occurs */
} tally;

static void end_tally(tally *self) {
    qn_mem_free(self->counters);
    qn_mem_free(self->bits);
    qn_mem_free(self->summary);
    qn_mem_free(self->ends);
    qn_mem_free(self->ids);
    qn_mem_free(self->counts);
}

static qn_status begin_tally(tally *self, const qn_bag_rule *rule, const qn_column *documents) {
    int64_t width = rule->width, items = documents->items->length;
    *self = (tally){.rule = rule};
    QN_TRY(qn_mem_calloc(&self->ends, (size_t)documents->length + 1, sizeof *self->ends));
    QN_TRY(qn_mem_alloc(&self->ids, (size_t)items + AHEAD, sizeof *self->ids));
    QN_TRY(qn_mem_alloc(&self->counts, (size_t)items + AHEAD, sizeof *self->counts));
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

/* The places of the ones in `bits`, and up to AHEAD more values behind them; returns how many ones
 * there are. Few ones, the usual case, take no branch that depends on how many. */
static inline int64_t list_ones(uint64_t bits, int32_t base, int32_t *out) {
    const uint64_t top = UINT64_C(1) << 63; /* so that there always is a first one */
    int64_t count = __builtin_popcountll(bits);
#pragma GCC unroll 4
    for (int i = 0; i < AHEAD; i++) {
        out[i] = base + __builtin_ctzll(bits | top);
        bits &= bits - 1;
    }
    for (int64_t i = AHEAD; i < count; i++) {
        out[i] = base + __builtin_ctzll(bits | top);
        bits &= bits - 1;
    }
    return count;
}

__attribute__((target_clones("avx512f", "avx2", "default"))) static int64_t
count_by_counters(const tally *self, const int32_t *ids, int64_t count, int32_t *restrict out,
                  int32_t *restrict counts) {
    int32_t *restrict counters = self->counters;
    uint64_t *restrict bits = self->bits, *restrict summary = self->summary;
    int32_t *words = counts; /* those that are not 0, before the counts come there */
    int64_t word_count = 0, kept = 0;
    for (int64_t i = 0; i < count; i++) {
        counters[ids[i]]++;
        qn_bit_set(bits, ids[i]);
        qn_bit_set(summary, ids[i] >> 6);
    }
    for (int64_t s = 0; s < self->summary_words; s++) {
        word_count += list_ones(summary[s], (int32_t)(s * 64), words + word_count);
        summary[s] = 0;
    }
    for (int64_t w = 0; w < word_count; w++) {
        kept += list_ones(bits[words[w]], words[w] * 64, out + kept);
        bits[words[w]] = 0;
    }
    for (int64_t i = 0; i < kept; i++) {
        counts[i] = counters[out[i]];
        counters[out[i]] = 0;
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

/* Items [first, end), whose numbers are `ids`. */
static void count_document(tally *self, const qn_column *items, int64_t first, int64_t end,
                           int32_t *ids) {
    int32_t *out = self->ids + self->kept, *counts = self->counts + self->kept;
    int64_t known = drop_unknown(ids, end - first);
    int64_t kept = self->counters != NULL && known > FEW
                       ? count_by_counters(self, ids, known, out, counts)
                       : count_sorted(ids, known, self->rule->width, out, counts);
    double least = self->rule->min_count;
    if (least < 1)
        least *= (double)present_items(items, first, end);
    self->kept += least > 1 ? drop_rare(out, counts, kept, least) : kept;
}

static qn_status count_part(void *context, const qn_column *documents, int64_t first, int64_t end,
                            int32_t *ids) {
    tally *self = context;
    const int32_t *offsets = documents->offsets;
    for (int64_t i = first; i < end; i++) {
        if (!qn_column_is_null(documents, i))
            count_document(self, documents->items, offsets[i], offsets[i + 1],
                           ids + offsets[i] - offsets[first]);
        self->ends[i + 1] = (int32_t)self->kept;
    }
    return QN_OK;
}

static void fill(const tally *self, qn_column *column) {
    memcpy(column->offsets, self->ends, (size_t)(column->length + 1) * sizeof *self->ends);
    if (self->kept > 0)
        memcpy(column->indices, self->ids, (size_t)self->kept * sizeof *self->ids);
    for (int64_t i = 0; i < self->kept; i++)
        column->f64[i] = self->rule->binary ? 1 : self->counts[i];
}

qn_status qn_bags_build(qn_column **out, const qn_column *documents,
                        const qn_bag_numbering *numbering, const qn_bag_rule *rule) {
    qn_column *column = NULL;
    tally work;
    qn_status status;
    QN_TRY_GOTO(begin_tally(&work, rule, documents), done);
    QN_TRY_GOTO(qn_bags_scan(documents, numbering, count_part, &work), done);
    QN_TRY_GOTO(qn_column_new_sparse(&column, documents->length, rule->width, work.kept), done);
    fill(&work, column);
    for (int64_t i = 0; documents->null_count > 0 && i < documents->length; i++)
        if (qn_column_is_null(documents, i))
            QN_TRY_GOTO(qn_column_set_null(column, i), done);
    *out = column;
    column = NULL;
done:
    qn_column_release(column);
    end_tally(&work);
    return status;
}
