/* variance_threshold_selector: the slots of a vector whose sample variance is above a threshold. */
#include "core/memory.h"
#include "core/stats/moments.h"
#include "features/stage/selection.h"
#include "features/stage/stages.h"
#include "mpi/comm/reduce.h"

#include <math.h>

static const qn_option options[] = {
    QN_VECTORS_OPTIONS,
    {"variance_threshold", QN_OPTION_REAL, "0", "[0,inf)", "keep slots with a variance above this"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct variance_threshold_selector {
    qn_stage base;
    bool counting;
    qn_moments moments; /* while fitting */
    qn_selection selection;
    int64_t width;
    double *variance;
} variance_threshold_selector;

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    return qn_selection_bind(&((variance_threshold_selector *)stage)->selection, stage, in, out);
}

static qn_status begin(variance_threshold_selector *self, const qn_field *field) {
    QN_TRY(qn_moments_init(&self->moments, field->width, QN_MOMENTS_PLAIN));
    self->counting = true;
    return qn_selection_begin(&self->selection, field);
}

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    variance_threshold_selector *self = (variance_threshold_selector *)stage;
    int32_t index;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    if (!self->counting)
        QN_TRY(begin(self, &schema->fields[index]));
    return qn_moments_add_rounded(&self->moments, batch->columns[index]);
}

static void end_counting(variance_threshold_selector *self) {
    if (self->counting)
        qn_moments_clear(&self->moments);
    self->counting = false;
}

/* NaN is above nothing. */
static int64_t most_varied(const variance_threshold_selector *self) {
    int64_t most = 0;
    for (int64_t i = 1; i < self->width; i++)
        if (self->variance[i] > self->variance[most] || isnan(self->variance[most]))
            most = i;
    return most;
}

static qn_status choose(variance_threshold_selector *self) {
    double threshold = qn_options_real(self->base.options, "variance_threshold");
    bool *keep = NULL;
    QN_TRY(qn_mem_alloc(&keep, (size_t)self->width, sizeof *keep));
    for (int64_t i = 0; i < self->width; i++)
        keep[i] = self->variance[i] > threshold;
    qn_status status = qn_selection_keep(&self->selection, keep);
    qn_mem_free(keep);
    if (status != QN_OK || self->selection.count > 0 || self->width == 0)
        return status;
    int64_t most = most_varied(self);
    return qn_fail(QN_DATA, "no slot has a variance above %g; the largest is %g, of slot '%s'",
                   threshold, self->variance[most], self->selection.names[most]);
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    variance_threshold_selector *self = (variance_threshold_selector *)stage;
    QN_TRY(qn_reduce_moments(comm, &self->moments));
    QN_TRY(qn_vectors_check_rows(stage, self->moments.rows));
    self->width = self->moments.width;
    QN_TRY(qn_mem_alloc(&self->variance, (size_t)self->width, sizeof *self->variance));
    for (int32_t i = 0; i < self->moments.width; i++)
        self->variance[i] = qn_moments_variance(&self->moments, i, QN_VARIANCE_SAMPLE);
    end_counting(self);
    return choose(self);
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const variance_threshold_selector *self = (const variance_threshold_selector *)stage;
    return qn_selection_transform(&self->selection, stage, schema, in, out);
}

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    variance_threshold_selector *self = (variance_threshold_selector *)stage;
    QN_TRY(qn_selection_persist(&self->selection, archive));
    QN_TRY(qn_archive_reals(archive, "variance", &self->variance, &self->width));
    if (self->width != self->selection.width)
        return qn_fail(QN_DATA, "the file has %lld variances for %lld slots",
                       (long long)self->width, (long long)self->selection.width);
    return QN_OK;
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    const variance_threshold_selector *self = (const variance_threshold_selector *)stage;
    const qn_selection_score scores[] = {{"variance", self->variance}};
    return qn_selection_describe(&self->selection, scores, 1, object);
}

static void clear(qn_stage *stage) {
    variance_threshold_selector *self = (variance_threshold_selector *)stage;
    end_counting(self);
    qn_selection_clear(&self->selection);
    qn_mem_free(self->variance);
    self->variance = NULL;
    self->width = 0;
}

const qn_stage_class qn_variance_threshold_selector_class = {
    .name = "variance_threshold_selector",
    .help = "keep the slots of a vector that vary more than a threshold",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(variance_threshold_selector),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
