#include "features/stage/map.h"

#include "core/memory.h"
#include "features/stage/columns.h"

static qn_map_step step_of(const qn_stage *stage, int32_t i, const qn_batch *in, uint64_t *keep) {
    return (qn_map_step){.stage = stage, .i = i, .batch = in, .keep = keep};
}

static qn_status enter(qn_map_step *step, const qn_schema *schema) {
    int32_t index;
    QN_TRY(qn_columns_find(step->stage, schema, step->i, &index));
    step->field = &schema->fields[index];
    step->column = step->batch->columns[index];
    return QN_OK;
}

static qn_status mark_all(const qn_stage *stage, const qn_map *map, const qn_schema *schema,
                          const qn_batch *in, uint64_t *keep) {
    int32_t count = 0;
    QN_TRY(qn_columns_count(stage, &count));
    for (int32_t i = 0; i < count && map->mark != NULL; i++) {
        qn_map_step step = step_of(stage, i, in, keep);
        QN_TRY(enter(&step, schema));
        QN_TRY(map->mark(&step));
    }
    return QN_OK;
}

static qn_status make_all(const qn_stage *stage, const qn_map *map, const qn_schema *schema,
                          const qn_batch *in, uint64_t *keep, qn_batch *out) {
    int32_t count = 0;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_batch_share(out, in));
    for (int32_t i = 0; i < count; i++) {
        qn_map_step step = step_of(stage, i, in, keep);
        qn_column *made = NULL;
        QN_TRY(enter(&step, schema));
        QN_TRY(map->make(&step, &made));
        QN_TRY(qn_batch_append(out, made));
    }
    return QN_OK;
}

qn_status qn_map_columns(const qn_stage *stage, const qn_map *map, const qn_schema *schema,
                         const qn_batch *in, qn_batch *out) {
    if (!map->drops)
        return make_all(stage, map, schema, in, NULL, out);
    uint64_t *keep = NULL;
    qn_batch all;
    qn_batch_init(&all);
    qn_status status = qn_columns_all_rows(&keep, in->length);
    QN_TRY_GOTO(status, done);
    QN_TRY_GOTO(mark_all(stage, map, schema, in, keep), done);
    QN_TRY_GOTO(make_all(stage, map, schema, in, keep, &all), done);
    if (qn_bits_count(keep, in->length) < in->length)
        status = qn_batch_filter(out, &all, keep);
    else
        qn_batch_move(out, &all);
done:
    qn_batch_clear(&all);
    qn_mem_free(keep);
    return status;
}

/* ---- Values --------------------------------------------------------------------------------- */

qn_status qn_map_reals(const qn_column *column, const double **values, double **owned) {
    *owned = NULL;
    *values = column->f64;
    if (column->type == QN_FLOAT64 && column->null_count == 0)
        return QN_OK;
    double *reals = NULL;
    QN_TRY(qn_mem_alloc(&reals, (size_t)column->length, sizeof *reals));
    qn_columns_reals(column, 0, column->length, reals);
    *values = *owned = reals;
    return QN_OK;
}

QN_MAP_CLONES bool qn_map_any_nan(const double *values, int64_t count) {
    int64_t nans = 0;
    for (int64_t i = 0; i < count; i++)
        nans += values[i] != values[i];
    return nans > 0;
}

qn_status qn_map_mark_missing(const qn_map_step *step) {
    const double *values = NULL;
    double *owned = NULL;
    QN_TRY(qn_map_reals(step->column, &values, &owned));
    if (qn_map_any_nan(values, step->column->length))
        for (int64_t i = 0; i < step->column->length; i++)
            if (values[i] != values[i])
                qn_bit_reset(step->keep, i);
    qn_mem_free(owned);
    return QN_OK;
}

qn_status qn_map_copy_nulls(qn_column *out, const qn_column *from) {
    uint64_t *validity = NULL;
    if (from->null_count == 0)
        return QN_OK;
    QN_TRY(qn_mem_copy(&validity, from->validity, (size_t)qn_bit_words(from->length),
                       sizeof *validity));
    qn_column_set_validity(out, validity);
    return QN_OK;
}

int64_t qn_map_to_integer(double value, int64_t lowest, int64_t highest) {
    if (value <= (double)lowest)
        return lowest;
    return value >= (double)highest ? highest : (int64_t)value;
}

void qn_map_clear_nulls(qn_column *column) {
    if (column->null_count == 0)
        return;
    for (int64_t w = 0; w < qn_bit_words(column->length); w++) {
        int64_t rest = column->length - 64 * w;
        uint64_t nulls = ~column->validity[w];
        if (rest < 64)
            nulls &= (UINT64_C(1) << rest) - 1;
        for (; nulls != 0; nulls &= nulls - 1)
            column->f64[64 * w + __builtin_ctzll(nulls)] = 0;
    }
}
