/* hashing_tf: how often terms occur in a list, at slots that their hashes give: no dictionary, no
 * fit. Spark 3's hash, so Spark's slots. Terms whose hashes meet are counted together. */
#include "core/memory.h"
#include "core/text/murmur3.h"
#include "features/stage/stages.h"
#include "features/stage/text/bags.h"

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

static inline int32_t slot_of(qn_view term, int32_t width) {
    uint32_t hash = qn_murmur3_bytes(term, QN_MURMUR3_SEED);
    bool power_of_two = (width & (width - 1)) == 0;
    return power_of_two ? (int32_t)(hash & (uint32_t)(width - 1)) : qn_murmur3_slot(hash, width);
}

static void plain_slots(const qn_column *terms, int32_t width, int32_t *slots) {
    const int32_t *offsets = terms->offsets;
    const char *chars = terms->chars != NULL ? terms->chars : "";
    for (int64_t i = 0; i < terms->length; i++)
        slots[i] = slot_of((qn_view){chars + offsets[i], offsets[i + 1] - offsets[i]}, width);
}

static qn_status code_slots(const qn_column *terms, int32_t width, int32_t *slots) {
    const qn_column *dictionary = terms->dictionary;
    int32_t *of_code = NULL;
    QN_TRY(qn_mem_calloc(&of_code, (size_t)dictionary->length + 1, sizeof *of_code));
    plain_slots(dictionary, width, of_code);
    for (int64_t i = 0; i < terms->length; i++)
        slots[i] = of_code[terms->codes[i]];
    qn_mem_free(of_code);
    return QN_OK;
}

/* A null term's hash is the seed, in Spark too. */
static qn_status find_slots(const qn_column *terms, int32_t width, int32_t *slots) {
    if (terms->dictionary != NULL)
        QN_TRY(code_slots(terms, width, slots));
    else
        plain_slots(terms, width, slots);
    for (int64_t i = 0; terms->null_count > 0 && i < terms->length; i++)
        if (qn_column_is_null(terms, i))
            slots[i] = qn_murmur3_slot(QN_MURMUR3_SEED, width);
    return QN_OK;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    qn_bag_rule rule = {.width = width_of(stage),
                        .binary = qn_options_bool(stage->options, "binary")};
    int32_t index, *slots = NULL;
    qn_column *bags = NULL;
    QN_TRY(qn_bags_find(stage, schema, &index));
    const qn_column *documents = in->columns[index];
    QN_TRY(qn_batch_share(out, in));
    QN_TRY(qn_mem_alloc(&slots, (size_t)documents->items->length, sizeof *slots));
    qn_status status = find_slots(documents->items, rule.width, slots);
    if (status == QN_OK)
        status = qn_bags_build(&bags, documents, slots, &rule);
    qn_mem_free(slots);
    return status == QN_OK ? qn_batch_append(out, bags) : status;
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
