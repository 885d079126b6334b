/* The pass over all rows. */
#include "core/memory.h"
#include "features/quality/quality_private.h"
#include "mpi/stage.h"

#include <stdlib.h>
#include <string.h>

typedef struct pass {
    qn_quality *quality;
    qn_row_range range;
    int64_t rows, passed, dropped, quarantined; /* of this rank */
} pass;

/* ---- A batch -------------------------------------------------------------------------------- */

static qn_status keep_examples(const pass *self, qn_rule *rule, const qn_batch *batch,
                               const uint64_t *bits) {
    const qn_quality *quality = self->quality;
    for (int64_t w = 0; w < qn_bit_words(batch->length); w++)
        for (uint64_t word = bits[w]; word != 0; word &= word - 1) {
            if ((int32_t)json_array_size(rule->examples) >= quality->examples)
                return QN_OK;
            json_t *example = NULL;
            QN_TRY(qn_quality_example(rule, &quality->schema, batch, w * 64 + __builtin_ctzll(word),
                                      &example));
            if (json_array_append_new(rule->examples, example) != 0)
                return qn_fail(QN_MEMORY, "no memory for an example row");
        }
    return QN_OK;
}

static qn_status count_checked(qn_rule *rule, const qn_batch *batch) {
    uint64_t *present = NULL;
    if (!rule->class_->checks_nulls)
        QN_TRY(qn_rule_present(rule, batch, &present));
    rule->checked += present == NULL ? batch->length : qn_bits_count(present, batch->length);
    qn_mem_free(present);
    return QN_OK;
}

static void join(uint64_t *to, const uint64_t *bits, int64_t length) {
    for (int64_t w = 0; w < qn_bit_words(length); w++)
        to[w] |= bits[w];
}

/* Bits of rows that a drop rule or a quarantine rule takes away. */
static qn_status apply_rule(const pass *self, qn_rule *rule, const qn_batch *batch,
                            uint64_t *dropped, uint64_t *quarantined) {
    uint64_t *bits = NULL;
    QN_TRY(count_checked(rule, batch));
    QN_TRY(qn_rule_violations(rule, batch, &bits));
    int64_t count = qn_bits_count(bits, batch->length);
    rule->violations += count;
    qn_status status = count == 0 ? QN_OK : keep_examples(self, rule, batch, bits);
    if (count > 0 && rule->action == QN_RULE_DROP)
        join(dropped, bits, batch->length);
    if (count > 0 && rule->action == QN_RULE_QUARANTINE)
        join(quarantined, bits, batch->length);
    qn_mem_free(bits);
    return status;
}

static qn_status apply_rules(const pass *self, const qn_batch *batch, uint64_t *dropped,
                             uint64_t *quarantined) {
    const qn_quality *quality = self->quality;
    for (int64_t i = 0; i < quality->count; i++) {
        qn_rule *rule = quality->rules[i];
        if (!rule->class_->of_table)
            QN_TRY(apply_rule(self, rule, batch, dropped, quarantined));
        else if (rule->class_->add != NULL)
            QN_TRY(rule->class_->add(rule, batch));
    }
    return QN_OK;
}

/* Passed rows are counted by themselves: that all add up to what was read is checked at the end. */
static qn_status sort_out(pass *self, const qn_batch *batch, uint64_t *dropped,
                          const uint64_t *quarantined) {
    int64_t words = qn_bit_words(batch->length);
    self->quarantined += qn_bits_count(quarantined, batch->length);
    for (int64_t w = 0; w < words; w++) {
        int64_t left = batch->length - w * 64;
        uint64_t rows = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
        self->passed += __builtin_popcountll(rows & ~(dropped[w] | quarantined[w]));
        self->dropped += __builtin_popcountll(dropped[w] & ~quarantined[w]);
        dropped[w] |= quarantined[w];
    }
    QN_TRY(qn_row_set_add_batch(&self->quality->removed, batch, dropped));
    return qn_row_set_add_batch(&self->quality->quarantined, batch, quarantined);
}

static qn_status visit(void *context, const qn_batch *batch) {
    pass *self = context;
    size_t words = (size_t)qn_bit_words(batch->length) + 1;
    uint64_t *dropped = NULL;
    QN_TRY(qn_mem_calloc(&dropped, 2 * words, sizeof *dropped));
    self->rows += batch->length;
    qn_row_range_add(&self->range, batch);
    qn_status status = apply_rules(self, batch, dropped, dropped + words);
    if (status == QN_OK)
        status = sort_out(self, batch, dropped, dropped + words);
    qn_mem_free(dropped);
    return status;
}

/* ---- Over the ranks ------------------------------------------------------------------------- */

static qn_status sum_rules(qn_quality *quality, qn_comm *comm) {
    int64_t *sums = NULL;
    qn_status status = qn_mem_alloc(&sums, 2 * (size_t)quality->count + 1, sizeof *sums);
    status = qn_comm_agree(comm, status);
    for (int64_t i = 0; status == QN_OK && i < quality->count; i++) {
        sums[2 * i] = quality->rules[i]->checked;
        sums[2 * i + 1] = quality->rules[i]->violations;
    }
    if (status == QN_OK)
        status = qn_comm_sum_i64(comm, sums, 2 * quality->count);
    for (int64_t i = 0; status == QN_OK && i < quality->count; i++) {
        quality->rules[i]->checked = sums[2 * i];
        quality->rules[i]->violations = sums[2 * i + 1];
    }
    qn_mem_free(sums);
    return status;
}

/* One array of the rules' examples of this rank, as text. */
static qn_status dump_examples(const qn_quality *quality, char **out) {
    json_t *all = json_array();
    for (int64_t i = 0; i < quality->count; i++)
        (void)json_array_append(all, quality->rules[i]->examples);
    *out = json_dumps(all, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(all);
    return *out == NULL ? qn_fail(QN_MEMORY, "no memory for example rows") : QN_OK;
}

/* Those of the ranks in their order, as many as wanted. */
static qn_status take_examples(qn_quality *quality, const char *text, int64_t length) {
    json_t *all = json_loadb(text, (size_t)length, JSON_DECODE_ANY, NULL);
    if (all == NULL)
        return qn_fail(QN_MEMORY, "no memory for example rows");
    for (int64_t i = 0; i < quality->count; i++) {
        json_t *to = quality->rules[i]->examples, *from = json_array_get(all, (size_t)i), *example;
        size_t k;
        json_array_foreach(from, k, example) if ((int32_t)json_array_size(to) < quality->examples)(
            void) json_array_append(to, example);
    }
    json_decref(all);
    return QN_OK;
}

static qn_status gather_examples(qn_quality *quality, qn_comm *comm) {
    char *text = NULL;
    void *gathered = NULL;
    int64_t *offsets = NULL;
    qn_status status = qn_comm_agree(comm, dump_examples(quality, &text));
    if (status == QN_OK)
        status = qn_comm_allgatherv(comm, text, (int64_t)strlen(text), &gathered, &offsets);
    free(text);
    QN_TRY(status);
    for (int64_t i = 0; i < quality->count; i++)
        (void)json_array_clear(quality->rules[i]->examples);
    for (int rank = 0; rank < qn_comm_size(comm) && status == QN_OK; rank++)
        status = take_examples(quality, (const char *)gathered + offsets[rank],
                               offsets[rank + 1] - offsets[rank]);
    qn_mem_free(gathered);
    qn_mem_free(offsets);
    return qn_comm_agree(comm, status);
}

static qn_status check_sum(const qn_quality_counts *counts) {
    if (counts->passed + counts->dropped + counts->quarantined == counts->rows)
        return QN_OK;
    return qn_fail(QN_INTERNAL,
                   "%lld rows passed, %lld were dropped and %lld quarantined, but %lld were read",
                   (long long)counts->passed, (long long)counts->dropped,
                   (long long)counts->quarantined, (long long)counts->rows);
}

static qn_status begin(qn_quality *quality) {
    qn_row_set_clear(&quality->removed);
    qn_row_set_clear(&quality->quarantined);
    for (int64_t i = 0; i < quality->count; i++) {
        qn_rule *rule = quality->rules[i];
        rule->checked = rule->violations = 0;
        json_decref(rule->examples);
        rule->examples = json_array();
        if (rule->examples == NULL)
            return qn_fail(QN_MEMORY, "no memory for example rows");
    }
    return QN_OK;
}

qn_status qn_quality_judge_rows(qn_quality *quality, const qn_rule_scene *scene) {
    pass self = {.quality = quality, .range = QN_ROW_RANGE_NONE};
    QN_TRY(qn_comm_agree(scene->comm, begin(quality)));
    QN_TRY(qn_stage_scan(scene->in, scene->comm, visit, &self));
    quality->local_passed = self.passed;
    quality->local_quarantined = self.quarantined;
    int64_t sums[] = {self.rows, self.passed, self.dropped, self.quarantined};
    QN_TRY(qn_comm_sum_i64(scene->comm, sums, 4));
    quality->counts = (qn_quality_counts){sums[0], sums[1], sums[2], sums[3], 0, 0};
    QN_TRY(check_sum(&quality->counts));
    QN_TRY(sum_rules(quality, scene->comm));
    return gather_examples(quality, scene->comm);
}
