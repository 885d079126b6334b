/* hashing_tf: how often terms occur in a list, at slots that their hashes give: no dictionary, no
 * fit. Spark 3's hash, so Spark's slots. Terms whose hashes meet are counted together. */
#include "core/text/murmur3.h"
#include "core/text/short.h"
#include "features/stage/stages.h"
#include "features/stage/text/bags.h"

#include <string.h>

static const qn_option options[] = {
    QN_BAGS_OPTIONS,
    {"num_features", QN_OPTION_INT, "262144", "[1,2147483647]", "slots of the vectors"},
    {"binary", QN_OPTION_BOOL, "false", NULL, "1 for each slot that occurs, however often"},
    {NULL, 0, NULL, NULL, NULL}};

static int32_t width_of(const qn_stage *stage) {
    return (int32_t)qn_options_int(stage->options, "num_features");
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    return qn_bags_bind(stage, in, width_of(stage), NULL, out);
}

/* ---- Slots ---------------------------------------------------------------------------------- */

static inline int32_t slot_of(uint32_t hash, int32_t width) {
    bool power_of_two = (width & (width - 1)) == 0;
    return power_of_two ? (int32_t)(hash & (uint32_t)(width - 1)) : qn_murmur3_slot(hash, width);
}

static qn_status number_term(void *context, qn_view term, int32_t *slot) {
    *slot = slot_of(qn_murmur3_bytes(term, QN_MURMUR3_SEED), *(const int32_t *)context);
    return QN_OK;
}

/* Terms side by side, so that their hashes are computed in the lanes of a vector: the bytes of up
 * to 15 as four words, with zeros behind. */
enum { BLOCK = 64, WORDS = 4 };

typedef struct block {
    uint32_t words[WORDS][BLOCK];
    uint32_t lengths[BLOCK];
    uint32_t hashes[BLOCK];
} block;

static inline void load_term(block *terms, int64_t i, const char *text, int64_t length,
                             int64_t readable) {
    uint64_t pair[2];
    qn_load_short(text, length, readable, pair);
    for (int w = 0; w < WORDS; w++)
        terms->words[w][i] = (uint32_t)(pair[w / 2] >> w % 2 * 32);
    terms->lengths[i] = (uint32_t)length;
}

__attribute__((target_clones("avx512f", "avx2", "default"))) static void hash_block(block *terms) {
    for (int i = 0; i < BLOCK; i++)
        terms->hashes[i] = QN_MURMUR3_SEED;
    for (uint32_t w = 0; w < WORDS; w++)
        for (int i = 0; i < BLOCK; i++) { /* a last word that is not full is not mixed */
            uint32_t whole = qn_murmur3_mix(terms->hashes[i], terms->words[w][i]);
            uint32_t rest = terms->hashes[i] ^ qn_murmur3_word(terms->words[w][i]);
            terms->hashes[i] = terms->lengths[i] >= 4 * (w + 1) ? whole : rest;
        }
    for (int i = 0; i < BLOCK; i++)
        terms->hashes[i] = qn_murmur3_finish(terms->hashes[i], terms->lengths[i]);
}

static void number_block(const qn_column *column, int64_t first, int64_t count, int32_t width,
                         int32_t *slots) {
    const int32_t *offsets = column->offsets + first;
    const char *chars = column->chars != NULL ? column->chars : "";
    int64_t end = column->offsets[column->length];
    block terms;
    memset(terms.lengths, 0, sizeof terms.lengths);
    memset(terms.words, 0, sizeof terms.words);
    for (int64_t i = 0; i < count; i++) {
        int64_t length = offsets[i + 1] - offsets[i];
        load_term(&terms, i, chars + offsets[i], length <= QN_LOAD_SHORT ? length : 0,
                  end - offsets[i]);
    }
    hash_block(&terms);
    for (int64_t i = 0; i < count; i++) {
        qn_view term = {chars + offsets[i], offsets[i + 1] - offsets[i]};
        uint32_t hash = term.length <= QN_LOAD_SHORT ? terms.hashes[i]
                                                     : qn_murmur3_bytes(term, QN_MURMUR3_SEED);
        slots[i] = slot_of(hash, width);
    }
}

static qn_status number_rows(void *context, const qn_column *column, int64_t first, int64_t count,
                             int32_t *slots) {
    int32_t width = *(const int32_t *)context;
    for (int64_t i = 0; i < count; i += BLOCK)
        number_block(column, first + i, count - i < BLOCK ? count - i : BLOCK, width, slots + i);
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    qn_bag_rule rule = {.width = width_of(stage),
                        .binary = qn_options_bool(stage->options, "binary")};
    qn_bag_numbering numbering = {&rule.width, number_term, number_rows,
                                  slot_of(QN_MURMUR3_SEED, rule.width)}; /* Spark's null, too */
    int32_t index;
    qn_column *bags = NULL;
    QN_TRY(qn_bags_find(stage, schema, &index));
    QN_TRY(qn_batch_share(out, in));
    QN_TRY(qn_bags_build(&bags, in->columns[index], &numbering, &rule));
    return qn_batch_append(out, bags);
}

const qn_stage_class qn_hashing_tf_class = {
    .name = "hashing_tf",
    .help = "count the terms of a list at slots that their hashes give",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(qn_stage),
    .options = options,
    .bind = bind,
    .transform = transform,
};
