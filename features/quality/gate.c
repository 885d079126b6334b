/* The rows that stay, and those that go to quarantine. */
#include "core/memory.h"
#include "features/quality/quality_private.h"

typedef struct gate {
    qn_stream base;
    qn_stream *in;
    const qn_quality *quality;
    bool rejects; /* gives the quarantined rows, not those that stay */
    int64_t rows; /* given in this pass */
} gate;

/* ---- Columns of quarantined rows ------------------------------------------------------------ */

static qn_status add_numbers(qn_batch *batch) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new_raw(&column, QN_INT64, batch->length, 0));
    for (int64_t i = 0; i < batch->length; i++)
        column->i64[i] = qn_batch_row(batch, i);
    return qn_batch_append(batch, column);
}

static qn_status append_name(qn_text *text, const char *name) {
    return qn_text_printf(text, "%s%s", text->length > 0 ? ", " : "", name);
}

/* texts[row] of the rows that break a rule get its name. */
static qn_status name_rule(const qn_rule *rule, const qn_batch *batch, qn_text *texts) {
    uint64_t *bits = NULL;
    QN_TRY(qn_rule_violations(rule, batch, &bits));
    qn_status status = QN_OK;
    for (int64_t i = 0; i < batch->length && status == QN_OK; i++)
        if (qn_bit(bits, i))
            status = append_name(&texts[i], rule->name);
    qn_mem_free(bits);
    return status;
}

static qn_status text_column(const qn_text *texts, int64_t count, qn_column **out) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count && status == QN_OK; i++)
        status = qn_string_builder_add(
            &builder, (qn_view){texts[i].data == NULL ? "" : texts[i].data, texts[i].length});
    if (status == QN_OK)
        status = qn_string_builder_finish(&builder, out);
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status add_rules(const qn_quality *quality, qn_batch *batch) {
    qn_text *texts = NULL;
    qn_column *column = NULL;
    int64_t length = batch->length;
    QN_TRY(qn_mem_calloc(&texts, (size_t)length, sizeof *texts));
    qn_status status = QN_OK;
    for (int64_t i = 0; i < quality->count && status == QN_OK; i++)
        if (!quality->rules[i]->class_->of_table)
            status = name_rule(quality->rules[i], batch, texts);
    if (status == QN_OK)
        status = text_column(texts, length, &column);
    for (int64_t i = 0; i < length; i++)
        qn_text_clear(&texts[i]);
    qn_mem_free(texts);
    QN_TRY(status);
    return qn_batch_append(batch, column);
}

/* The rules are bound to the columns before, which stay where they are. */
static qn_status add_reasons(const qn_quality *quality, qn_batch *batch) {
    qn_batch rows;
    QN_TRY(qn_batch_share(&rows, batch));
    qn_status status = add_numbers(&rows);
    if (status == QN_OK)
        status = add_rules(quality, &rows);
    if (status == QN_OK) {
        qn_batch_clear(batch);
        qn_batch_move(batch, &rows);
    }
    qn_batch_clear(&rows);
    return status;
}

/* ---- The stream ----------------------------------------------------------------------------- */

static qn_status select_rows(const gate *self, const qn_batch *in, qn_batch *out) {
    uint64_t *bits = NULL;
    int64_t words = qn_bit_words(in->length);
    const qn_quality *quality = self->quality;
    QN_TRY(qn_mem_calloc(&bits, (size_t)words + 1, sizeof *bits));
    qn_row_set_get_batch(self->rejects ? &quality->quarantined : &quality->removed, in, bits);
    qn_status status;
    if (!self->rejects && qn_bits_count(bits, in->length) == 0) {
        status = qn_batch_share(out, in);
    } else {
        for (int64_t w = 0; !self->rejects && w < words; w++)
            bits[w] = ~bits[w];
        if (in->length % 64 != 0)
            bits[in->length / 64] &= (UINT64_C(1) << (in->length % 64)) - 1;
        status = qn_batch_filter(out, in, bits);
    }
    qn_mem_free(bits);
    return status;
}

static qn_status check_end(const gate *self) {
    int64_t expected =
        self->rejects ? self->quality->local_quarantined : self->quality->local_passed;
    if (self->rows == expected)
        return QN_OK;
    return qn_fail(QN_INTERNAL, "%lld rows %s the quality gate, but %lld were counted",
                   (long long)self->rows, self->rejects ? "are held back by" : "pass",
                   (long long)expected);
}

static qn_status gate_next(qn_stream *stream, qn_batch *out) {
    gate *self = (gate *)stream;
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TRY(qn_stream_next(self->in, &batch));
    if (batch.count == 0)
        return check_end(self);
    qn_status status = select_rows(self, &batch, out);
    qn_batch_clear(&batch);
    if (status == QN_OK && self->rejects)
        status = add_reasons(self->quality, out);
    if (status == QN_OK)
        self->rows += out->length;
    else
        qn_batch_clear(out);
    return status;
}

static qn_status gate_rewind(qn_stream *stream) {
    gate *self = (gate *)stream;
    self->rows = 0;
    return qn_stream_rewind(self->in);
}

static void gate_free(qn_stream *stream) {
    qn_stream_free(((gate *)stream)->in);
}

static const qn_stream_class gate_class = {"quality", gate_next, gate_rewind, gate_free};

static qn_status open_gate(qn_stream **out, qn_stream *in, const qn_quality *quality,
                           bool rejects) {
    gate *self = NULL;
    qn_status status = qn_stream_new(&self, sizeof *self, &gate_class, &in->schema);
    if (status != QN_OK) {
        qn_stream_free(in);
        return status;
    }
    self->in = in;
    self->quality = quality;
    self->rejects = rejects;
    if (rejects) {
        status = qn_schema_add(&self->base.schema, QN_QUALITY_ROW, QN_INT64);
        if (status == QN_OK)
            status = qn_schema_add(&self->base.schema, QN_QUALITY_RULES, QN_STRING);
    }
    if (status == QN_OK)
        status = qn_stream_rewind(&self->base);
    if (status != QN_OK) {
        qn_stream_free(&self->base);
        return status;
    }
    *out = &self->base;
    return QN_OK;
}

qn_status qn_quality_pass(qn_stream **out, qn_stream *in, const qn_quality *quality) {
    return open_gate(out, in, quality, false);
}

qn_status qn_quality_rejected(qn_stream **out, qn_stream *in, const qn_quality *quality) {
    return open_gate(out, in, quality, true);
}
