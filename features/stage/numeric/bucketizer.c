/* bucketizer: numbers to the index of the range they fall into.
 *
 * Spark ML's Bucketizer. Ranges are given: splits for one column, splits_array for several. A value
 * outside of them is an error, whatever handle_invalid says of NaN. */
#include "core/memory.h"
#include "features/stage/columns.h"
#include "features/stage/numbers.h"
#include "features/stage/numeric/buckets.h"
#include "features/stage/stages.h"

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"splits", QN_OPTION_TEXTS, NULL, NULL,
     "borders of the buckets, ascending, 3 or more; -inf and inf take in everything"},
    {"splits_array", QN_OPTION_TEXTS, NULL, NULL,
     "the same for several columns: a text of numbers with blanks or ';' between them for each"},
    QN_BUCKETS_HANDLE_INVALID,
    {NULL, 0, NULL, NULL, NULL}};

typedef struct bucketizer {
    qn_stage base;
    int64_t count; /* from the last bind */
    qn_splits *splits;
} bucketizer;

static qn_status check_splits(const char *option, const qn_splits *splits) {
    if (splits->count < 3)
        return qn_fail(QN_JOB, "%s needs at least 3 numbers, not %lld", option,
                       (long long)splits->count);
    for (int64_t i = 1; i < splits->count; i++)
        if (splits->values[i] <= splits->values[i - 1])
            return qn_fail(QN_JOB, "%s must be ascending, but %g is followed by %g", option,
                           splits->values[i - 1], splits->values[i]);
    return QN_OK;
}

/* `splits` counts for all columns, `splits_array` one by one. */
static qn_status read_splits(const qn_stage *stage, int32_t i, qn_splits *out) {
    char *const *texts;
    if (!qn_options_is_set(stage->options, "splits_array")) {
        QN_TRY(qn_numbers_list(stage, "splits", &out->values, &out->count));
        return check_splits("splits", out);
    }
    qn_options_list(stage->options, "splits_array", &texts);
    QN_TRY(qn_numbers_text("splits_array", texts[i], &out->values, &out->count));
    return check_splits("splits_array", out);
}

static qn_status check_options(const qn_stage *stage, int32_t count) {
    char *const *texts;
    bool one = qn_options_is_set(stage->options, "splits");
    bool several = qn_options_is_set(stage->options, "splits_array");
    if (one == several)
        return qn_fail(QN_JOB, one ? "set splits or splits_array, not both"
                                   : "set splits, or splits_array for several columns");
    int64_t lists = several ? qn_options_list(stage->options, "splits_array", &texts) : count;
    if (lists != count)
        return qn_fail(QN_JOB, "splits_array has %lld lists, but there are %d columns",
                       (long long)lists, count);
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    bucketizer *self = (bucketizer *)stage;
    int32_t count;
    stage->class_->clear(stage);
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(check_options(stage, count));
    QN_TRY(qn_mem_calloc(&self->splits, (size_t)count, sizeof *self->splits));
    self->count = count;
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++) {
        QN_TRY(read_splits(stage, i, &self->splits[i]));
        QN_TRY(qn_buckets_bind(stage, in, i, &self->splits[i], out));
    }
    return QN_OK;
}

static qn_status make(const qn_map_step *step, qn_column **out) {
    return qn_buckets_column(step, &((const bucketizer *)step->stage)->splits[step->i], out);
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    return qn_buckets_transform(stage, make, schema, in, out);
}

static void clear(qn_stage *stage) {
    bucketizer *self = (bucketizer *)stage;
    qn_splits_free(self->splits, self->count);
    self->splits = NULL;
    self->count = 0;
}

const qn_stage_class qn_bucketizer_class = {
    .name = "bucketizer",
    .help = "turn numbers into the index of the range they fall into",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(bucketizer),
    .options = options,
    .bind = bind,
    .transform = transform,
    .clear = clear,
};
