/* elementwise_product: each slot of a vector times a number of its own. Sparse vectors stay
 * sparse. */
#include "core/memory.h"
#include "features/stage/numbers.h"
#include "features/stage/scale.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"

static const qn_option options[] = {
    QN_VECTORS_OPTIONS,
    {"scaling_vec", QN_OPTION_TEXTS, NULL, NULL, "numbers to multiply with, one a slot"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct elementwise_product {
    qn_stage base;
    int64_t count; /* from the last bind */
    double *factors;
} elementwise_product;

static qn_status read_factors(elementwise_product *self) {
    double *factors = NULL;
    int64_t count = 0;
    if (!qn_options_is_set(self->base.options, "scaling_vec"))
        return qn_fail(QN_JOB, "scaling_vec is not set");
    QN_TRY(qn_numbers_list(&self->base, "scaling_vec", &factors, &count));
    qn_mem_free(self->factors);
    self->factors = factors;
    self->count = count;
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    elementwise_product *self = (elementwise_product *)stage;
    int32_t index;
    QN_TRY(qn_vectors_find(stage, in, &index));
    QN_TRY(read_factors(self));
    const qn_field *field = &in->fields[index];
    if (field->width > 0 && field->width != self->count)
        return qn_fail(QN_JOB, "column '%s' has %d slots, but scaling_vec has %lld numbers",
                       field->name, field->width, (long long)self->count);
    return qn_vectors_bind_numbers(stage, in, field, out);
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const elementwise_product *self = (const elementwise_product *)stage;
    int32_t index;
    qn_column *scaled = NULL;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    qn_scale by = {schema->fields[index].width, NULL, self->factors, NULL};
    QN_TRY(qn_scale_apply(&by, in->columns[index], &scaled));
    return qn_vectors_append(in, scaled, out);
}

static void clear(qn_stage *stage) {
    elementwise_product *self = (elementwise_product *)stage;
    qn_mem_free(self->factors);
    self->factors = NULL;
    self->count = 0;
}

const qn_stage_class qn_elementwise_product_class = {
    .name = "elementwise_product",
    .help = "multiply each slot of a vector with a number of its own",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(elementwise_product),
    .options = options,
    .bind = bind,
    .transform = transform,
    .clear = clear,
};
